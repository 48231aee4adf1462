//! Recordings of a real server as judge: each is played to a live cloud, and the two answers are compared.
//!
//! The recordings and what is volatile in them are told in `fixtures/recorded/README.md`. Every recording starts from
//! a cloud of its own, brought into the state that it assumes by the calls in `fixtures/recorded/prologue/`. What does
//! not agree yet stands in `fixtures/recorded/open.txt`; a test holds that list to the truth in both directions.
//!
//! | module | knows |
//! |---|---|
//! | `recording` | the files |
//! | `prologue` | what must exist before |
//! | `stage`, `client` | the live cloud, byte by byte |
//! | `wire`, `lifecycle` | how each kind of recording is played |
//! | `learnt` | which recorded name stands for which live one |
//! | `tree`, `text`, `compare` | when two answers agree |

mod client;
mod compare;
mod learnt;
mod lifecycle;
mod prologue;
mod recording;
mod stage;
mod text;
mod tree;
mod wire;

use std::{
    collections::BTreeSet,
    env, fmt, io,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::Value;

pub use self::{compare::Difference, stage::Stage};
use self::{
    learnt::Learnt,
    prologue::Prologue,
    recording::{Item, Recordings, Steps},
};

/// Why nothing could be played.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file or folder could not be read.
    #[error("could not read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of a file is not what it should be.
    #[error("could not understand {}, line {line}: {source}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// No folder of recordings was found.
    #[error("could not find fixtures/recorded here or above")]
    NoFolder,
}

impl ReplayError {
    fn file(path: &Path, source: &io::Error) -> Self {
        let source = io::Error::new(source.kind(), source.to_string());
        Self::File { path: path.to_owned(), source }
    }

    fn line(path: &Path, line: usize, source: &serde_json::Error) -> Self {
        let source = serde::de::Error::custom(source);
        Self::Line { path: path.to_owned(), line, source }
    }
}

/// What came of one recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The recording's id: `area/what-it-shows`.
    pub id: String,
    /// The file below `fixtures/recorded`.
    pub file: String,
    /// The line, counted from one.
    pub line: usize,
    /// Where the live cloud first parts from the recording, if it does.
    pub difference: Option<Difference>,
}

impl Outcome {
    /// Whether the recording is a scenario, not a raw exchange.
    pub fn is_scenario(&self) -> bool {
        self.file != "wire.jsonl"
    }
}

/// One line per outcome, more if it differs.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, file, line, difference } = self;
        let Some(difference) = difference else { return write!(f, "agrees   {id}") };
        writeln!(f, "differs  {id} ({file}:{line})")?;
        if !difference.asked.is_empty() {
            let step = difference.step.map_or(String::new(), |step| format!("step {step}, "));
            writeln!(f, "         asked     {step}{}", difference.asked)?;
        }
        writeln!(f, "         at        {}", difference.at)?;
        writeln!(f, "         expected  {}", difference.expected)?;
        write!(f, "         actual    {}", difference.actual)
    }
}

/// A folder of recordings, read.
#[derive(Clone, Debug)]
pub struct Replay {
    recordings: Recordings,
    wire: Prologue,
    lifecycle: Prologue,
    open: BTreeSet<String>,
}

impl Replay {
    /// Reads a folder like `fixtures/recorded`.
    pub fn read(folder: &Path) -> Result<Self, ReplayError> {
        let prologue = |name: &str| Prologue::read(&folder.join("prologue").join(name));
        let open = recording::lines(&folder.join("open.txt"))?;
        Ok(Self {
            recordings: Recordings::read(folder)?,
            wire: prologue("wire.json")?,
            lifecycle: prologue("lifecycle.json")?,
            open: open.into_iter().map(|(_, line)| line).collect(),
        })
    }

    /// The folder `fixtures/recorded` here or in a folder above.
    pub fn folder() -> Result<PathBuf, ReplayError> {
        let here = env::current_dir().map_err(|error| ReplayError::file(Path::new("."), &error))?;
        here.ancestors()
            .map(|folder| folder.join("fixtures/recorded"))
            .find(|folder| folder.is_dir())
            .ok_or(ReplayError::NoFolder)
    }

    /// The ids that are known to differ.
    pub fn open(&self) -> &BTreeSet<String> {
        &self.open
    }

    /// Id, file and line of each recording whose id begins like one of these; all if there are none.
    pub fn list(&self, beginnings: &[String]) -> Vec<(&str, &str, usize)> {
        self.selected(beginnings)
            .iter()
            .map(|item| (item.id.as_str(), item.file.as_str(), item.line))
            .collect()
    }

    fn selected(&self, beginnings: &[String]) -> Vec<&Item> {
        let is_wanted = |item: &&Item| {
            beginnings.is_empty() || beginnings.iter().any(|beginning| item.id.starts_with(beginning))
        };
        self.recordings.items.iter().filter(is_wanted).collect()
    }

    /// Plays the recordings whose ids begin like one of these, all if there are none; outcomes are in file order.
    pub fn play(&self, stage: &Stage, beginnings: &[String]) -> Vec<Outcome> {
        let items = self.selected(beginnings);
        let next = AtomicUsize::new(0);
        let outcomes = Mutex::new(Vec::with_capacity(items.len()));
        // One cloud of somebody's has room for one recording at a time.
        let threads = match stage {
            Stage::Target(_) => 1,
            #[cfg(feature = "embedded")]
            Stage::Embedded => 2 * thread::available_parallelism().map_or(2, usize::from),
        };
        thread::scope(|scope| {
            for _ in 0..threads.min(items.len()) {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(index) else { return };
                        let outcome = self.one(stage, item);
                        outcomes
                            .lock()
                            .expect("no thread panics while it holds the list")
                            .push((index, outcome));
                    }
                });
            }
        });
        let mut outcomes = outcomes.into_inner().expect("no thread panics while it holds the list");
        outcomes.sort_by_key(|(index, _)| *index);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    fn one(&self, stage: &Stage, item: &Item) -> Outcome {
        let difference = self.compared(stage, item).err();
        Outcome { id: item.id.clone(), file: item.file.clone(), line: item.line, difference }
    }

    fn compared(&self, stage: &Stage, item: &Item) -> Result<(), Difference> {
        let prologue = match &item.steps {
            Steps::Wire(_) => &self.wire,
            Steps::Lifecycle(_) => &self.lifecycle,
        };
        let own = match &item.steps {
            Steps::Wire(wire) => Some(&wire.settings),
            Steps::Lifecycle(_) => None,
        };
        let settings: Vec<(String, String)> = prologue
            .settings
            .iter()
            .chain(own.into_iter().flatten())
            .map(|(name, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                (name.clone(), if matches!(value, Value::Null) { String::new() } else { text })
            })
            .collect();
        let before = |error: String| Difference::new("prologue", "the state before", error);
        let mut live = stage.open(&settings).map_err(before)?;
        let mut learnt = Learnt::default();
        prologue.play(item, &self.recordings.keys, &mut live, &mut learnt).map_err(before)?;
        match &item.steps {
            Steps::Wire(wire) => {
                wire::play(wire, prologue.captured(&item.id), &self.recordings, &live, &mut learnt)
            }
            Steps::Lifecycle(steps) => lifecycle::play(steps, &mut live, &mut learnt),
        }
    }
}

/// How many of each kind agree: `wire: 3 of 5 agree; lifecycle: 1 of 2 scenarios agree`.
pub fn counts(outcomes: &[Outcome]) -> String {
    let count = |is_scenario: bool| {
        let all = outcomes.iter().filter(|outcome| outcome.is_scenario() == is_scenario);
        let agreeing = all.clone().filter(|outcome| outcome.difference.is_none()).count();
        (agreeing, all.count())
    };
    let ((wire, of_wire), (scenarios, of_scenarios)) = (count(false), count(true));
    format!("wire: {wire} of {of_wire} agree; lifecycle: {scenarios} of {of_scenarios} scenarios agree")
}
