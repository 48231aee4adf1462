//! The recordings as they lie in `fixtures/recorded/`: what was asked and what was answered.

use std::{
    collections::HashMap,
    fs,
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ReplayError, conversation::Turn};

/// The key pair of a recorded caller.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Keys {
    pub(super) apikey: String,
    pub(super) secretkey: String,
}

/// A line of a recording.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: String,
    /// `wire.jsonl`, `lifecycle/vm.jsonl`.
    pub(super) file: String,
    /// Counted from one.
    pub(super) line: usize,
    pub(super) steps: Steps,
}

/// The two kinds of recordings.
#[derive(Clone, Debug)]
pub(super) enum Steps {
    Wire(Box<Wire>),
    Lifecycle(Vec<Step>),
}

/// Raw requests and answers.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Wire {
    id: String,
    #[serde(default)]
    pub(super) settings: Map<String, Value>,
    request: Option<Request>,
    response: Option<Response>,
    #[serde(default)]
    steps: Vec<Exchange>,
    #[serde(default)]
    pub(super) same_connection: bool,
}

impl Wire {
    /// The exchanges in order.
    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        match (&self.request, &self.response) {
            (Some(request), Some(response)) => {
                vec![Exchange { request: request.clone(), response: response.clone() }]
            }
            _ => self.steps.clone(),
        }
    }
}

/// A raw request and its answer.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Exchange {
    pub(super) request: Request,
    pub(super) response: Response,
}

/// A raw request; texts are Latin-1, one character per byte.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    body_gen: Option<Generated>,
    pub(super) version: Option<String>,
    pub(super) port: Option<u16>,
}

/// A long body, told shortly.
#[derive(Clone, Debug, Deserialize)]
struct Generated {
    prefix: String,
    unit: String,
    count: usize,
    suffix: String,
}

impl Request {
    /// The body, one character per byte.
    pub(super) fn body(&self) -> String {
        match &self.body_gen {
            Some(long) => format!("{}{}{}", long.prefix, long.unit.repeat(long.count), long.suffix),
            None => self.body.clone(),
        }
    }
}

/// A raw answer; texts are Latin-1, one character per byte.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// A call and its answer.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Step {
    /// Why the step is there.
    pub(super) note: Option<String>,
    pub(super) caller: String,
    pub(super) command: String,
    pub(super) params: Map<String, Value>,
    pub(super) format: String,
    pub(super) status: u16,
    pub(super) body: String,
    /// How long the answer took.
    #[serde(default)]
    pub(super) ms: f64,
    pub(super) job: Option<Job>,
}

/// What became of an accepted job.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Job {
    pub(super) polls: Vec<(f64, String)>,
    pub(super) final_xml: Option<String>,
    pub(super) watch: Option<Watch>,
}

/// A list command asked between the polls.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Watch {
    pub(super) command: String,
    pub(super) params: Map<String, Value>,
    pub(super) seen: Vec<(f64, String, Value)>,
}

#[derive(Deserialize)]
struct Scenario {
    id: String,
    steps: Vec<Step>,
}

/// What a client and a server said to each other.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    /// `clients/smoke_test_accounts`.
    pub(super) id: String,
    pub(super) turns: Vec<Turn>,
}

/// Everything that was recorded.
#[derive(Clone, Debug)]
pub(super) struct Recordings {
    /// The signing callers of `wire.jsonl`.
    pub(super) keys: Vec<(String, Keys)>,
    /// The single sign-on key.
    pub(super) sso_key: String,
    pub(super) items: Vec<Item>,
    /// The API keys of those who sign in conversations, by name.
    pub(super) clients: HashMap<String, String>,
    pub(super) conversations: Vec<Conversation>,
}

impl Recordings {
    /// Reads a folder like `fixtures/recorded`.
    pub(super) fn read(folder: &Path) -> Result<Self, ReplayError> {
        let mut recordings = Self {
            keys: Vec::new(),
            sso_key: String::new(),
            items: Vec::new(),
            clients: callers(&folder.join("clients/callers.json"))?,
            conversations: conversations(&folder.join("clients"))?,
        };
        let wire = folder.join("wire.jsonl");
        for (line, text) in lines(&wire)? {
            let fail = |error: serde_json::Error| ReplayError::line(&wire, line, &error);
            if line == 1 {
                recordings.credentials(&text).map_err(fail)?;
                continue;
            }
            let exchange: Wire = serde_json::from_str(&text).map_err(fail)?;
            let id = exchange.id.clone();
            recordings.items.push(Item {
                id,
                file: "wire.jsonl".to_owned(),
                line,
                steps: Steps::Wire(Box::new(exchange)),
            });
        }
        for path in files(&folder.join("lifecycle"), "jsonl")? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            for (line, text) in lines(&path)? {
                let scenario: Scenario =
                    serde_json::from_str(&text).map_err(|error| ReplayError::line(&path, line, &error))?;
                recordings.items.push(Item {
                    id: scenario.id,
                    file: format!("lifecycle/{name}"),
                    line,
                    steps: Steps::Lifecycle(scenario.steps),
                });
            }
        }
        Ok(recordings)
    }

    fn credentials(&mut self, text: &str) -> Result<(), serde_json::Error> {
        #[derive(Deserialize)]
        struct First {
            credentials: Map<String, Value>,
        }
        let first: First = serde_json::from_str(text)?;
        for (name, value) in first.credentials {
            match value {
                Value::String(key) if name == "sso_key" => self.sso_key = key,
                value if value.get("apikey").is_some() => {
                    self.keys.push((name, serde_json::from_value(value)?));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn callers(path: &Path) -> Result<HashMap<String, String>, ReplayError> {
    let text = fs::read_to_string(path).map_err(|error| ReplayError::file(path, &error))?;
    serde_json::from_str(&text).map_err(|error| ReplayError::line(path, error.line(), &error))
}

fn conversations(folder: &Path) -> Result<Vec<Conversation>, ReplayError> {
    let read = |path: PathBuf| -> Result<Conversation, ReplayError> {
        let failed = |error: io::Error| ReplayError::file(&path, &error);
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let lines = BufReader::new(GzDecoder::new(fs::File::open(&path).map_err(failed)?)).lines();
        let mut turns = Vec::new();
        for (index, line) in lines.enumerate() {
            let turn = serde_json::from_str(&line.map_err(failed)?);
            turns.push(turn.map_err(|error| ReplayError::line(&path, index + 1, &error))?);
        }
        Ok(Conversation { id: format!("clients/{}", name.trim_end_matches(".jsonl.gz")), turns })
    };
    files(folder, "gz")?.into_iter().map(read).collect()
}

/// The files of a folder with that extension, in order of name.
pub(super) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, ReplayError> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|error| ReplayError::file(folder, &error))?;
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}

/// The lines of a file with their numbers.
pub(super) fn lines(path: &Path) -> Result<Vec<(usize, String)>, ReplayError> {
    let text = fs::read_to_string(path).map_err(|error| ReplayError::file(path, &error))?;
    Ok(text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| (index + 1, line.to_owned()))
        .collect())
}
