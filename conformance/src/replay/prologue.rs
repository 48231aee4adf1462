//! What must exist before a recording can be played: calls of ours, in `fixtures/recorded/prologue/`.
//!
//! A call names things by their recorded identifiers and says which of them its answer tells. Only the calls that a
//! recording needs are made: those that tell an identifier which the recording sends before any answer told it, those
//! that give keys to a caller who signs, and whatever these need in turn.

use std::{collections::HashMap, collections::HashSet, fs, path::Path};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    ReplayError,
    learnt::Learnt,
    recording::{Item, Keys, Steps},
    stage::{Caller, Live, translated},
    text::{UUID, uuid_at},
    tree::Tree,
};

/// A prologue file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prologue {
    /// What the file is for.
    #[expect(dead_code, reason = "for readers of the file")]
    about: String,
    /// Settings of the recorded server; settings of a recording come on top.
    #[serde(default)]
    pub(super) settings: Map<String, Value>,
    /// When recordings were taken whose requests carry times.
    #[serde(default)]
    captured: Vec<Captured>,
    calls: Vec<Call>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Captured {
    r#for: Vec<String>,
    /// Seconds since 1970.
    at: i64,
}

/// A call in recorded names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    caller: String,
    command: String,
    #[serde(default)]
    params: Map<String, Value>,
    /// Recorded identifiers, or names of ours that begin with `$`, and where the answer tells the live ones.
    #[serde(default)]
    gives: HashMap<String, String>,
    /// The caller whose keys the answer tells.
    signs: Option<String>,
    /// Beginnings of ids of recordings that need the call whatever they send; an empty one means all.
    #[serde(default)]
    r#for: Vec<String>,
    /// Beginnings of ids of recordings that make the call themselves.
    #[serde(default)]
    except: Vec<String>,
}

impl Prologue {
    /// Reads a prologue file.
    pub(super) fn read(path: &Path) -> Result<Self, ReplayError> {
        let text = fs::read_to_string(path).map_err(|error| ReplayError::file(path, &error))?;
        serde_json::from_str(&text).map_err(|error| ReplayError::line(path, error.line(), &error))
    }

    /// When this recording was taken, if its times matter.
    pub(super) fn captured(&self, id: &str) -> Option<i64> {
        self.captured.iter().find(|one| begins(id, &one.r#for)).map(|one| one.at)
    }

    /// Makes the calls that the recording needs and learns what they tell.
    pub(super) fn play(
        &self,
        item: &Item,
        recorded_keys: &[(String, Keys)],
        live: &mut Live,
        learnt: &mut Learnt,
    ) -> Result<(), String> {
        let mut names: HashMap<String, String> = HashMap::new();
        for call in self.needed(item) {
            let params: Vec<(String, String)> = translated(&call.params, learnt)
                .into_iter()
                .map(|(name, value)| {
                    let known = names.get(&value).cloned();
                    (name, known.unwrap_or(value))
                })
                .collect();
            let tree = live.result(&call.caller, &call.command, &params)?;
            for (recorded, path) in &call.gives {
                let told = tree
                    .at(path)
                    .and_then(Tree::text)
                    .ok_or_else(|| format!("the answer of {} has no {path}: {tree}", call.command))?;
                if recorded.starts_with('$') {
                    names.insert(recorded.clone(), told.to_owned());
                } else {
                    learnt.set(recorded, told);
                }
            }
            if let Some(name) = &call.signs {
                let key = |member: &str| {
                    tree.at(&format!("userkeys.{member}")).and_then(Tree::text).map(str::to_owned).ok_or_else(
                        || format!("the answer of {} has no userkeys.{member}: {tree}", call.command),
                    )
                };
                let keys = Keys { apikey: key("apikey")?, secretkey: key("secretkey")? };
                if let Some((_, recorded)) = recorded_keys.iter().find(|(other, _)| other == name) {
                    learnt.word(&recorded.apikey, &keys.apikey);
                    learnt.word(&recorded.secretkey, &keys.secretkey);
                }
                let user = params.iter().find(|(name, _)| name == "id").map(|(_, id)| id.clone());
                live.admit(name, Caller { keys, user });
            }
        }
        Ok(())
    }

    fn needed(&self, item: &Item) -> Vec<&Call> {
        let (mut wanted, callers) = wants(item);
        let mut callers: HashSet<String> = callers;
        let mut needed = Vec::new();
        // The file is in order: whatever a call needs stands before it.
        for call in self.calls.iter().rev() {
            if begins(&item.id, &call.except) {
                continue;
            }
            let tells = call.gives.keys().any(|name| wanted.contains(name));
            let signs = call.signs.as_ref().is_some_and(|name| callers.contains(name));
            if !(tells || signs || begins(&item.id, &call.r#for)) {
                continue;
            }
            for value in call.params.values() {
                let text = value.as_str().unwrap_or_default();
                if text.starts_with('$') {
                    wanted.insert(text.to_owned());
                }
                identifiers(text, |name| {
                    wanted.insert(name);
                });
            }
            callers.insert(call.caller.clone());
            needed.push(call);
        }
        needed.reverse();
        needed
    }
}

fn begins(id: &str, beginnings: &[String]) -> bool {
    beginnings.iter().any(|beginning| id.starts_with(beginning))
}

/// The identifiers that a recording sends before any answer told them, and who signs.
fn wants(item: &Item) -> (HashSet<String>, HashSet<String>) {
    let (mut wanted, mut told, mut callers) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut ask = |text: &str, told: &HashSet<String>| {
        identifiers(text, |name| {
            if !told.contains(&name) {
                wanted.insert(name);
            }
        });
    };
    match &item.steps {
        Steps::Wire(wire) => {
            for exchange in wire.exchanges() {
                ask(&exchange.request.target, &told);
                ask(&exchange.request.body(), &told);
                identifiers(&exchange.response.body, |name| {
                    told.insert(name);
                });
            }
        }
        Steps::Lifecycle(steps) => {
            for step in steps {
                callers.insert(step.caller.clone());
                for value in step.params.values() {
                    ask(value.as_str().unwrap_or_default(), &told);
                }
                let polls = step.job.iter().flat_map(|job| job.polls.iter().map(|(_, body)| body));
                for body in polls.chain([&step.body]) {
                    identifiers(body, |name| {
                        told.insert(name);
                    });
                }
            }
        }
    }
    (wanted, callers)
}

fn identifiers(text: &str, mut found: impl FnMut(String)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at + UUID <= bytes.len() {
        if uuid_at(bytes, at) {
            found(text[at..at + UUID].to_ascii_lowercase());
            at += UUID;
        } else {
            at += 1;
        }
    }
}
