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
//! | `wire`, `lifecycle`, `conversation` | how each kind of recording is played |
//! | `overlap` | which jobs were at work during which steps |
//! | `learnt` | which recorded name stands for which live one |
//! | `tree`, `text`, `compare` | when two answers agree |

mod client;
mod compare;
mod conversation;
mod learnt;
mod lifecycle;
mod overlap;
mod prologue;
mod recording;
mod stage;
mod text;
mod tree;
mod wire;

use std::{
    collections::BTreeMap,
    env, fmt, io,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

pub use self::{
    compare::Difference,
    conversation::{Aspect, Score},
    stage::Stage,
};
use self::{
    learnt::Learnt,
    prologue::{Needs, Prologue},
    recording::{Conversation, Item, Recordings, Steps},
    stage::Live,
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
        write!(f, "differs  {id} ({file}:{line})\n{difference}")
    }
}

/// How a conversation went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversed {
    /// `clients/smoke_test_accounts`.
    pub id: String,
    /// How many of its exchanges agree.
    pub score: Score,
    /// Every exchange that differs.
    pub differences: Vec<(Aspect, Difference)>,
}

/// `clients/smoke_test_accounts: ` and its score.
impl fmt::Display for Conversed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.score)
    }
}

/// The score of all, `conversations: ` before it.
pub fn figures(outcomes: &[Conversed]) -> String {
    let all: Score = outcomes.iter().map(|outcome| outcome.score).sum();
    format!("conversations: {all}")
}

/// The conversation that turns a fresh installation into the cloud where all others begin.
const DEPLOYMENT: &str = "clients/zone-deployment";
/// How long after it the recorded clients began: the hosts were measured and the system machines were up.
const SETTLING: Duration = Duration::from_secs(600);

/// A folder of recordings, read.
#[derive(Clone, Debug)]
pub struct Replay {
    recordings: Recordings,
    wire: Prologue,
    lifecycle: Prologue,
    clients: Prologue,
    open: BTreeMap<String, String>,
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
            clients: prologue("clients.json")?,
            open: open
                .into_iter()
                .map(|(_, line)| {
                    let (id, reason) = line.split_once(' ').unwrap_or((&line, ""));
                    (id.to_owned(), reason.trim().to_owned())
                })
                .collect(),
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

    /// The ids that are known to differ, with the reason where one is told.
    pub fn open(&self) -> &BTreeMap<String, String> {
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
        self.recordings.items.iter().filter(|item| is_wanted(&item.id, beginnings)).collect()
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

    /// The ids of the conversations that begin like one of these; all if there are none.
    pub fn conversations(&self, beginnings: &[String]) -> Vec<&str> {
        let ids = self.recordings.conversations.iter().map(|one| one.id.as_str());
        ids.filter(|id| is_wanted(id, beginnings)).collect()
    }

    /// Plays the conversations whose ids begin like one of these, all if there are none, each to a cloud of its own on
    /// which a zone was deployed as recorded.
    pub fn converse(&self, stage: &Stage, beginnings: &[String]) -> Result<Vec<Conversed>, String> {
        let wanted = self.conversations(beginnings);
        let all = || self.recordings.conversations.iter();
        let (mut live, is_fresh) = stage.installed()?;
        let mut learnt = Learnt::default();
        let mut outcomes = Vec::new();
        if is_fresh && let Some(deployment) = all().find(|one| one.id == DEPLOYMENT) {
            let conversed = self.conversed(deployment, &mut live, &mut learnt);
            outcomes.extend(Some(conversed).filter(|_| wanted.contains(&DEPLOYMENT)));
            live.advance(SETTLING);
        }
        for conversation in all().filter(|one| one.id != DEPLOYMENT && wanted.contains(&one.id.as_str())) {
            let (mut live, mut learnt) = (live.forked()?, learnt.clone());
            let needs = Needs::of_conversation(conversation, &learnt);
            self.clients.play(&needs, 0, &[], &mut live, &mut learnt)?;
            outcomes.push(self.conversed(conversation, &mut live, &mut learnt));
        }
        Ok(outcomes)
    }

    fn conversed(&self, conversation: &Conversation, live: &mut Live, learnt: &mut Learnt) -> Conversed {
        let (score, differences) =
            conversation::play(&conversation.turns, &self.recordings.clients, live, learnt);
        Conversed { id: conversation.id.clone(), score, differences }
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
            .settings(&item.id)
            .chain(own.into_iter().flatten())
            // What a domain or an account of its own was given, calls of the prologue give it.
            .filter(|(name, _)| !name.ends_with(" (domain)") && !name.ends_with(" (account)"))
            .map(|(name, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                (name.clone(), if matches!(value, Value::Null) { String::new() } else { text })
            })
            .collect();
        let before = |error: String| Difference::new("prologue", "the state before", error);
        // Scenarios have a clock that we move; it starts when they were recorded.
        let captured = prologue.captured(&item.id);
        let epoch = match &item.steps {
            Steps::Wire(_) => None,
            Steps::Lifecycle(_) => captured.map(|seconds| seconds.saturating_mul(1000)),
        };
        let mut live = stage.open(&settings, &prologue.faults(&item.id), epoch).map_err(before)?;
        let mut learnt = Learnt::default();
        let keys = &self.recordings.keys;
        let needs = Needs::of(item);
        prologue.play(&needs, 0, keys, &mut live, &mut learnt).map_err(before)?;
        match &item.steps {
            Steps::Wire(wire) => {
                wire::play(wire, captured, &self.recordings, &mut live, &mut learnt, |step, live, learnt| {
                    prologue.play(&needs, step, keys, live, learnt).map_err(before)
                })
            }
            Steps::Lifecycle(steps) => lifecycle::play(steps, &mut live, &mut learnt),
        }
    }
}

/// Whether an id begins like one of these; every one does if there are none.
fn is_wanted(id: &str, beginnings: &[String]) -> bool {
    beginnings.is_empty() || prologue::begins(id, beginnings)
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
