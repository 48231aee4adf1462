//! What a request at the door says.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::Refusal;
use crate::config::{Clock, Config};
use crate::world::World;
use crate::world::preset;
use crate::world::saved;

/// Reads a body, of which an empty one says nothing.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    let reader = &mut serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut *reader).map_err(|error| {
        let (path, reason) = (error.path().to_string(), error.inner());
        let place = if path == "." { String::new() } else { format!("at {path}: ") };
        Refusal::bad(format!("the body is not the JSON object that is asked for: {place}{reason}"))
    })?;
    reader.end().map_err(|error| Refusal::bad(format!("the body goes on after its JSON object: {error}")))?;
    Ok(value)
}

/// The saved world of a body.
pub(super) fn saved(body: &[u8]) -> Result<World, Refusal> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Refusal::bad("the body is no text in UTF-8: send what /snapshot answered"))?;
    saved::load(text).map_err(|error| {
        Refusal::bad(format!("the body is no saved world: {error}; send what /snapshot answered"))
    })
}

/// A body that may say nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A new world; what is not said is as in the program's own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWorld {
    world: Option<String>,
    seed: Option<u64>,
    release: Option<String>,
    jobs: Option<String>,
    clock: Option<ClockWord>,
    quirks: Option<Vec<String>>,
    settings: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ClockWord {
    Real,
    Virtual,
}

impl NewWorld {
    /// How to start it.
    pub(super) fn config(self, mut config: Config) -> Result<Config, Refusal> {
        if let Some(world) = self.world {
            // Who reaches the door reads no files of this machine by it.
            if !preset::NAMED.iter().any(|(name, _)| *name == world) {
                let names: Vec<&str> = preset::NAMED.iter().map(|(name, _)| *name).collect();
                let text = format!(
                    "{world:?} is no world: name {}, and put a saved one into it with /restore",
                    names.join(", ")
                );
                return Err(Refusal::bad(text));
            }
            config.world = world;
        }
        config.seed = self.seed.or(config.seed);
        if let Some(release) = self.release {
            config.release = Some(release.parse().map_err(crate::cloud::StartError::from)?);
        }
        if let Some(pace) = self.jobs {
            config.pace = Some(pace.parse().map_err(crate::cloud::StartError::from)?);
        }
        match self.clock {
            Some(ClockWord::Real) => config.clock = Clock::Real,
            Some(ClockWord::Virtual) => config.clock = Clock::Virtual,
            None => {}
        }
        if let Some(names) = self.quirks {
            let quirks = names.iter().map(|name| name.parse().map_err(crate::cloud::StartError::from));
            config.quirks = quirks.collect::<Result<_, _>>()?;
        }
        if let Some(settings) = self.settings {
            config.settings = pairs(settings)?;
        }
        Ok(config)
    }
}

/// Settings with their values as texts.
pub(super) fn pairs(settings: BTreeMap<String, Value>) -> Result<Vec<(String, String)>, Refusal> {
    let text = |(name, value): (String, Value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Number(number) => Ok((name, number.to_string())),
        Value::Bool(flag) => Ok((name, flag.to_string())),
        _ => Err(Refusal::bad(format!("the value of {name:?} must be a text, a number, true or false"))),
    };
    settings.into_iter().map(text).collect()
}

/// How far a virtual clock goes on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    #[serde(default)]
    pub(super) seconds: u32,
    #[serde(default)]
    pub(super) milliseconds: u32,
}

/// Quirks to switch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Switch {
    #[serde(default)]
    pub(super) on: Vec<String>,
    #[serde(default)]
    pub(super) off: Vec<String>,
}

/// A fault of agents.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFault {
    /// The agent command, `StartCommand`.
    pub(super) command: String,
    pub(super) zone: Option<Uuid>,
    pub(super) pod: Option<Uuid>,
    pub(super) cluster: Option<Uuid>,
    pub(super) host: Option<Uuid>,
    /// How often it counts; without it, always.
    pub(super) count: Option<u32>,
    /// How long the agent takes, in milliseconds.
    #[serde(default)]
    pub(super) wait: u32,
    pub(super) result: Option<AgentResult>,
}

/// What becomes of a command at a faulty agent.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum AgentResult {
    /// The agent answers that it failed.
    Fail,
    /// The agent breaks.
    Fault,
}
