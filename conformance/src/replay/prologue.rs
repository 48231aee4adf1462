//! What must exist before a recording can be played: calls of ours, in `fixtures/recorded/prologue/`.
//!
//! A call names things by their recorded identifiers and says which of them its answer tells. Only the calls that a
//! recording needs are made: those that tell an identifier which the recording sends before any answer told it, those
//! that give keys to a caller who signs, and whatever these need in turn.

use std::{collections::HashMap, collections::HashSet, fs, path::Path, time::Duration};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    ReplayError,
    learnt::Learnt,
    recording::{Conversation, Item, Keys, Steps},
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
    settings: Map<String, Value>,
    /// When recordings were taken whose requests carry times.
    #[serde(default)]
    captured: Vec<Captured>,
    /// Settings that were in force for recordings which do not say so.
    #[serde(default)]
    in_force: Vec<InForce>,
    /// Faults of the recorded server that recordings show, by the names that a simulator gives them.
    #[serde(default)]
    faults: Vec<Faults>,
    calls: Vec<Call>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    r#for: Vec<String>,
    faults: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InForce {
    r#for: Vec<String>,
    settings: Map<String, Value>,
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
    /// How often it is made; `{n}` in a parameter is the number of the call, from one.
    #[serde(default = "once")]
    times: usize,
    /// How many seconds passed after it, as dates of recordings tell. Nobody waits for them, and the clock of somebody
    /// else's cloud goes as it goes.
    #[serde(default)]
    passes: u64,
    /// What the job is like when the recording starts.
    #[serde(default)]
    job: JobState,
    /// The caller whose keys the answer tells.
    signs: Option<String>,
    /// Beginnings of ids of recordings that need the call whatever they send; an empty one means all.
    #[serde(default)]
    r#for: Vec<String>,
    /// Beginnings of ids of recordings that make the call themselves.
    #[serde(default)]
    except: Vec<String>,
    /// Beginnings of ids of the recordings that the call is for, if not for all that need it.
    #[serde(default)]
    only: Vec<String>,
    /// The step of the recording before which the call is made, counted from 1; calls without a step come first.
    #[serde(default)]
    before_step: usize,
}

fn once() -> usize {
    1
}

/// Whether a job is followed, and what `gives` is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum JobState {
    /// It succeeded; `gives` is about its result. A call without a job is as good.
    #[default]
    Done,
    /// It is over, well or not; `gives` is about the answer that accepted it.
    Over,
    /// It was only accepted; `gives` is about that answer.
    Open,
    /// The call is refused with 431 although its work is done (API-RSP-042).
    Refused,
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

    /// The settings in force for a recording, as far as it does not say so itself.
    pub(super) fn settings(&self, id: &str) -> impl Iterator<Item = (&String, &Value)> {
        let in_force = self.in_force.iter().filter(move |one| begins(id, &one.r#for));
        self.settings.iter().chain(in_force.flat_map(|one| one.settings.iter()))
    }

    /// The faults of the recorded server that a recording shows.
    pub(super) fn faults(&self, id: &str) -> Vec<String> {
        let shown = self.faults.iter().filter(|one| begins(id, &one.r#for));
        shown.flat_map(|one| one.faults.iter().cloned()).collect()
    }

    /// Makes the calls that the recording needs before a step, or before it begins (0), and learns what they tell.
    pub(super) fn play(
        &self,
        needs: &Needs<'_>,
        step: usize,
        recorded_keys: &[(String, Keys)],
        live: &mut Live,
        learnt: &mut Learnt,
    ) -> Result<(), String> {
        let mut names: HashMap<String, String> = HashMap::new();
        if let Some(port) = live.directory {
            names.insert("$directory-port".to_owned(), port.to_string());
        }
        let due = self.needed(needs).into_iter().filter(|call| call.before_step == step);
        let repeated = due.flat_map(|call| (1..=call.times).map(move |number| (call, number)));
        for (call, number) in repeated {
            let params: Vec<(String, String)> = translated(&call.params, learnt)
                .into_iter()
                .map(|(name, value)| {
                    let known = names.get(&value).cloned();
                    (name, known.unwrap_or_else(|| value.replace("{n}", &number.to_string())))
                })
                .collect();
            if call.command == "login" {
                live.log_in(&params)?;
                continue;
            }
            let tree = match call.job {
                JobState::Done => live.result(&call.caller, &call.command, &params)?,
                JobState::Over | JobState::Open => live.accepted(&call.caller, &call.command, &params)?,
                JobState::Refused => {
                    live.refused(&call.caller, &call.command, &params)?;
                    continue;
                }
            };
            live.advance(Duration::from_secs(call.passes));
            if let (JobState::Over, Some(job)) = (call.job, tree.get("jobid").and_then(Tree::text)) {
                live.end_of(&call.caller, job)?;
            }
            for (recorded, path) in &call.gives {
                let told = tree
                    .at(path)
                    .and_then(Tree::text)
                    .ok_or_else(|| format!("the answer of {} has no {path}: {tree}", call.command))?;
                if recorded.starts_with('$') {
                    names.insert(recorded.clone(), told.to_owned());
                } else if recorded.len() == UUID && uuid_at(recorded.as_bytes(), 0) {
                    learnt.set(recorded, told);
                } else {
                    learnt.word(recorded, told);
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

    fn needed(&self, needs: &Needs<'_>) -> Vec<&Call> {
        let Needs { id, mut wanted, mut callers } = needs.clone();
        let mut needed = Vec::new();
        // The file is in order: whatever a call needs stands before it.
        for call in self.calls.iter().rev() {
            let is_for_others = !call.only.is_empty() && !begins(id, &call.only);
            if is_for_others || begins(id, &call.except) {
                continue;
            }
            let tells = call.gives.keys().any(|name| wanted.contains(name));
            let signs = call.signs.as_ref().is_some_and(|name| callers.contains(name));
            if !(tells || signs || begins(id, &call.r#for)) {
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

pub(super) fn begins(id: &str, beginnings: &[String]) -> bool {
    beginnings.iter().any(|beginning| id.starts_with(beginning))
}

/// What a recording needs before it can be played.
#[derive(Clone, Debug)]
pub(super) struct Needs<'a> {
    /// The recording's id.
    id: &'a str,
    /// The identifiers that it sends before any answer told them.
    wanted: HashSet<String>,
    /// Who signs.
    callers: HashSet<String>,
}

impl<'a> Needs<'a> {
    /// The needs of a wire exchange or a scenario.
    pub(super) fn of(item: &'a Item) -> Self {
        let mut needs = Self { id: &item.id, wanted: HashSet::new(), callers: HashSet::new() };
        let mut told = HashSet::new();
        match &item.steps {
            Steps::Wire(wire) => {
                for exchange in wire.exchanges() {
                    needs.sends(&exchange.request.target, &told);
                    needs.sends(&exchange.request.body(), &told);
                    identifiers(&exchange.response.body, |name| {
                        told.insert(name);
                    });
                }
            }
            Steps::Lifecycle(steps) => {
                for step in steps {
                    needs.callers.insert(step.caller.clone());
                    for value in step.params.values() {
                        needs.sends(value.as_str().unwrap_or_default(), &told);
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
        needs
    }

    /// The needs of a conversation on a cloud of which something is learnt already.
    pub(super) fn of_conversation(conversation: &'a Conversation, learnt: &Learnt) -> Self {
        let mut needs = Self { id: &conversation.id, wanted: HashSet::new(), callers: HashSet::new() };
        let mut told = HashSet::new();
        for turn in &conversation.turns {
            for value in turn.params().values() {
                needs.sends(value.as_str().unwrap_or_default(), &told);
            }
            identifiers(turn.body().unwrap_or_default(), |name| {
                told.insert(name);
            });
        }
        needs.wanted.retain(|name| learnt.live(name).is_none());
        needs
    }

    fn sends(&mut self, text: &str, told: &HashSet<String>) {
        identifiers(text, |name| {
            if !told.contains(&name) {
                self.wanted.insert(name);
            }
        });
    }
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
