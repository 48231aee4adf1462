//! Playing a conversation: what a client and a server said to each other, from the first word to the last.
//!
//! Conversations are long, and what is asked late depends on all that was answered before. So a conversation goes on
//! after a difference, and each exchange is judged three times: by its status, by the fields and their types, by the
//! values. What the answer named is learnt by its place even where something else in it differs.

use std::{collections::HashMap, fmt, iter::Sum, time::Duration};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    compare::{Comparison, Difference, Rows, is_passing},
    learnt::Learnt,
    recording::Keys,
    stage::{Caller, Live, translated},
    text::{Extent, is_uuid, uuid_at},
    tree::{self, Tree},
    wire,
};

/// How often a job is asked for before it counts as stuck.
const POLLS: usize = 200;
/// The recorded clients asked for jobs once a second.
const BETWEEN_POLLS: Duration = Duration::from_secs(1);
const POLL: &str = "queryAsyncJobResult";

/// A request and its answer: a line of a file.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Turn {
    caller: String,
    command: String,
    format: String,
    params: Map<String, Value>,
    status: u16,
    /// Absent where the answer was too long to be kept.
    body: Option<String>,
    /// How long the answer took.
    ms: f64,
}

impl Turn {
    /// What was sent.
    pub(super) fn params(&self) -> &Map<String, Value> {
        &self.params
    }

    /// What was answered, unless it was too long to be kept.
    pub(super) fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// A question for a job that was not over yet: how often a client asked is its own affair.
    fn is_early_poll(&self) -> bool {
        self.command.eq_ignore_ascii_case(POLL) && self.body.as_deref().is_some_and(is_pending)
    }
}

/// How many exchanges of a conversation agree, and in what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// All that count: questions for jobs that were not over yet do not.
    pub exchanges: usize,
    /// Those with the recorded status.
    pub status: usize,
    /// Those that have the recorded fields and types as well.
    pub fields: usize,
    /// Those that have the recorded values as well.
    pub values: usize,
}

/// `129 exchanges; status 129, 100.0 %; fields 128, 99.2 %; values 120, 93.0 %`.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exchanges, status, fields, values } = *self;
        // Tenths of a percent, rounded down: 100.0 means all.
        let share = |part: usize| {
            let tenths = part * 1000 / exchanges.max(1);
            format!("{part}, {}.{} %", tenths / 10, tenths % 10)
        };
        write!(f, "{exchanges} exchanges; status {}; ", share(status))?;
        write!(f, "fields {}; values {}", share(fields), share(values))
    }
}

impl Sum for Score {
    fn sum<I: Iterator<Item = Self>>(scores: I) -> Self {
        scores.fold(Self::default(), |all, one| Self {
            exchanges: all.exchanges + one.exchanges,
            status: all.status + one.status,
            fields: all.fields + one.fields,
            values: all.values + one.values,
        })
    }
}

/// What two answers differ in; the first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// The HTTP status.
    Status,
    /// The fields that there are, and their types.
    Fields,
    /// What the fields say.
    Values,
}

/// Plays the turns in order and answers how they went, with every difference.
pub(super) fn play(
    turns: &[Turn],
    callers: &HashMap<String, String>,
    live: &mut Live,
    learnt: &mut Learnt,
) -> (Score, Vec<(Aspect, Difference)>) {
    let mut scene = Scene { callers, live, learnt, clocks: None };
    let (mut score, mut differences) = (Score::default(), Vec::new());
    for (index, turn) in turns.iter().enumerate() {
        if turn.is_early_poll() {
            scene.live.advance(BETWEEN_POLLS);
            continue;
        }
        score.exchanges += 1;
        let difference = scene.turn(turn).err();
        let aspect = difference.as_ref().map(|(aspect, _)| *aspect);
        score.status += usize::from(aspect != Some(Aspect::Status));
        score.fields += usize::from(!matches!(aspect, Some(Aspect::Status | Aspect::Fields)));
        score.values += usize::from(aspect.is_none());
        if let Some((aspect, difference)) = difference {
            let asked = format!("{} by {}", turn.command, turn.caller);
            differences.push((aspect, difference.of(Some(index + 1), &asked)));
        }
        scene.live.advance(Duration::try_from_secs_f64(turn.ms / 1000.0).unwrap_or_default());
    }
    (score, differences)
}

struct Scene<'a> {
    /// The recorded keys of those who sign.
    callers: &'a HashMap<String, String>,
    live: &'a mut Live,
    learnt: &'a mut Learnt,
    /// The latest moment that both told, recorded and live, in seconds since 1970.
    clocks: Option<(i64, i64)>,
}

impl Scene<'_> {
    fn turn(&mut self, turn: &Turn) -> Result<(), (Aspect, Difference)> {
        let status = |difference| (Aspect::Status, difference);
        let (code, body) = self.ask(turn).map_err(status)?;
        let Some(recorded) = &turn.body else {
            return if code == turn.status {
                Ok(())
            } else {
                Err(status(Difference::new("status", turn.status, format!("{code} {body}"))))
            };
        };
        if code != turn.status {
            let expected = format!("{} {recorded}", turn.status);
            return Err(status(Difference::new("status", expected, format!("{code} {body}"))));
        }
        let (Some(old), Some(new)) = (Tree::from_json(recorded), Tree::from_json(&body)) else {
            let same = *recorded == body;
            return if same {
                Ok(())
            } else {
                Err((Aspect::Fields, Difference::new("body", recorded, body)))
            };
        };
        let before = self.learnt.clone();
        let sees_all = turn.caller == "integration" || turn.caller == "key1";
        let rows = if turn.command.starts_with("list") && sees_all { Rows::Shared } else { Rows::Exact };
        let values = Comparison {
            learnt: self.learnt,
            extent: Extent::Lifecycle,
            rows,
            command: &turn.command,
            momentary: &["jobid", "jobstatus"],
        }
        .guessed(recorded, &body);
        if let Err(difference) = values {
            *self.learnt = before;
            self.learn("", &old, &new);
            let fields = parted("", &old, &new, self.learnt);
            return Err(fields.map_or((Aspect::Values, difference), |other| (Aspect::Fields, other)));
        }
        self.learn("", &old, &new);
        Ok(())
    }

    /// Asks what was asked; a job, until it is over.
    fn ask(&mut self, turn: &Turn) -> Result<(u16, String), Difference> {
        let mut params = translated(&turn.params, self.learnt);
        for (_, value) in &mut params {
            if let Some(moved) = self.moved(value) {
                *value = moved;
            }
        }
        let is_poll = turn.command.eq_ignore_ascii_case(POLL);
        for _ in 0..POLLS {
            let answer = self
                .live
                .call(&turn.caller, &turn.command, &params, &turn.format)
                .map_err(|error| Difference::new("answer", "an answer", error))?;
            let body = answer.text();
            if !(is_poll && is_pending(&body)) {
                return Ok((answer.status, body));
            }
            self.live.advance(BETWEEN_POLLS);
        }
        Err(Difference::new("answer", "the end of the job", format!("{POLLS} times pending")))
    }

    /// Learns what stands for what: identifiers, addresses, keys in the same place of both answers.
    fn learn(&mut self, name: &str, recorded: &Tree, live: &Tree) {
        match (recorded, live) {
            (Tree::Scalar(_, old), Tree::Scalar(_, new)) => {
                if is_uuid(old) && is_uuid(new) {
                    self.learnt.agree(old, new);
                } else if let (true, Some(old), Some(new)) = (is_past(name), moment(old), moment(new)) {
                    self.clocks = self.clocks.filter(|(latest, _)| *latest >= old).or(Some((old, new)));
                } else if old != new && (is_address(old) && is_address(new) || is_uuid_within(old)) {
                    self.learnt.value(old, new);
                }
            }
            (Tree::List(old), Tree::List(new)) => {
                for (old, new) in pairs(old, new, self.learnt) {
                    self.learn(name, old, new);
                }
            }
            (Tree::Object(_), Tree::Object(_)) => {
                if name == "userkeys" {
                    self.admit(recorded, live);
                }
                for (member, old) in recorded.members() {
                    if let Some(new) = live.get(member) {
                        self.learn(member, old, new);
                    }
                }
            }
            _ => {}
        }
    }

    /// A date of a request, as far from now as it was when the recording was made.
    fn moved(&self, text: &str) -> Option<String> {
        let (recorded, live) = self.clocks?;
        let date = wire::seconds(&format!("{}Z", text.replacen(' ', "T", 1)))?;
        Some(wire::spelled(date + live - recorded).replace('T', " ").replace('Z', ""))
    }

    /// Whose keys these are can sign from now on.
    fn admit(&mut self, recorded: &Tree, live: &Tree) {
        let text = |tree: &Tree, name: &str| tree.get(name).and_then(Tree::text).map(str::to_owned);
        let caller = text(recorded, "apikey")
            .and_then(|recorded| self.callers.iter().find(|(_, key)| **key == recorded))
            .map(|(name, _)| name.clone());
        if let (Some(caller), Some(apikey), Some(secretkey)) =
            (caller, text(live, "apikey"), text(live, "secretkey"))
        {
            self.live.admit(&caller, Caller { keys: Keys { apikey, secretkey }, user: None });
        }
    }
}

/// Whether a member tells when something happened, not when it is to happen.
fn is_past(member: &str) -> bool {
    matches!(member, "created" | "completed" | "lastupdated")
}

/// A date of an answer, `2026-11-23T10:14:18+0000`, in seconds since 1970.
fn moment(text: &str) -> Option<i64> {
    wire::seconds(&format!("{}Z", text.strip_suffix("+0000")?))
}

fn is_pending(body: &str) -> bool {
    tree::job_status(body).as_deref() == Some("0")
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

fn is_uuid_within(text: &str) -> bool {
    (0..text.len()).any(|at| uuid_at(text.as_bytes(), at))
}

/// Which row of one list goes with which of the other: what is known to be the same, what bears the same name, and the
/// rest as it stands.
fn pairs<'a>(recorded: &'a [Tree], live: &'a [Tree], learnt: &Learnt) -> Vec<(&'a Tree, &'a Tree)> {
    let text = |tree: &'a Tree, name: &str| tree.get(name).and_then(Tree::text);
    let is_known = |old: &'a Tree, new: &'a Tree| {
        text(old, "id").is_some_and(|id| learnt.live(id).is_some_and(|known| Some(known) == text(new, "id")))
    };
    let is_free = |old: &'a Tree, new: &'a Tree| {
        text(old, "id").is_none_or(|id| learnt.live(id).is_none())
            && text(new, "id").is_none_or(|id| learnt.recorded(id).is_none())
    };
    let is_named_alike = |old: &'a Tree, new: &'a Tree| {
        is_free(old, new)
            && ["name", "username", "type", "key"]
                .iter()
                .any(|name| text(old, name).is_some() && text(old, name) == text(new, name))
    };
    let (mut left, mut right): (Vec<&Tree>, Vec<&Tree>) = (recorded.iter().collect(), live.iter().collect());
    let mut found = Vec::new();
    let rules: [&dyn Fn(&'a Tree, &'a Tree) -> bool; 3] = [&is_known, &is_named_alike, &is_free];
    for goes_with in rules {
        left.retain(|old| match right.iter().position(|new| goes_with(old, new)) {
            Some(at) => {
                found.push((*old, right.remove(at)));
                false
            }
            None => true,
        });
    }
    found
}

/// Where two answers have other fields or other types. Lists may be longer or shorter, but not empty on one side.
fn parted(at: &str, recorded: &Tree, live: &Tree, learnt: &Learnt) -> Option<Difference> {
    let path = |member: &str| if at.is_empty() { member.to_owned() } else { format!("{at}.{member}") };
    match (recorded, live) {
        (Tree::Scalar(old, _), Tree::Scalar(new, _)) if old == new => None,
        (Tree::List(old), Tree::List(new)) => {
            if old.is_empty() != new.is_empty() {
                return Some(Difference::new(at, recorded, live));
            }
            let pairs = pairs(old, new, learnt);
            pairs
                .into_iter()
                .enumerate()
                .find_map(|(row, (old, new))| parted(&format!("{at}[{row}]"), old, new, learnt))
        }
        (Tree::Object(_), Tree::Object(_)) => {
            let lacks = |here: &Tree, name: &str| here.get(name).is_none() && !is_passing(name);
            let missing = recorded.members().iter().find(|(name, _)| lacks(live, name));
            let added = live.members().iter().find(|(name, _)| lacks(recorded, name));
            if let Some((name, old)) = missing {
                return Some(Difference::new(path(name), old, "absent"));
            }
            if let Some((name, new)) = added {
                return Some(Difference::new(path(name), "absent", new));
            }
            recorded
                .members()
                .iter()
                .find_map(|(name, old)| parted(&path(name), old, live.get(name)?, learnt))
        }
        _ => Some(Difference::new(at, recorded, live)),
    }
}
