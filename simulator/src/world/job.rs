//! Asynchronous jobs: who asked for what, how far it is and what came of it.
//!
//! The world keeps the books; what a job does is decided by the command that it names, which
//! [`crate::api::job`] runs again from the parameters as they were sent (JOB-019).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::clock::Moment;
use super::kind::Handle;
use super::saved::form::{Word, word};
use super::table::Id;
use crate::reply::Reply;

/// How long jobs take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Pace {
    /// A job is done before its submission is answered.
    Instant,
    /// A job is pending for this many of its own polls.
    Steps(u32),
    /// Jobs take as long as they took on the recorded server (JOB-084).
    Reference,
}

impl FromStr for Pace {
    type Err = BadPace;

    fn from_str(text: &str) -> Result<Self, BadPace> {
        match text.split_once(':') {
            None if text == "instant" => Ok(Self::Instant),
            None if text == "reference" => Ok(Self::Reference),
            Some(("steps", count)) => count.parse().map(Self::Steps).map_err(|_| BadPace(text.to_owned())),
            _ => Err(BadPace(text.to_owned())),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant => formatter.write_str("instant"),
            Self::Steps(count) => write!(formatter, "steps:{count}"),
            Self::Reference => formatter.write_str("reference"),
        }
    }
}

/// A text that is no pace.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no job pace: use instant, steps:N or reference")]
pub struct BadPace(String);

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub enum Progress {
    /// Waiting for another job on the same machine.
    Queued,
    /// At work.
    Running,
    /// Over, well.
    Succeeded(Arc<Reply>),
    /// Over, badly: the code and the text of the failure.
    Failed {
        /// The error code.
        code: u16,
        /// The text.
        text: Option<String>,
    },
    /// Over because the server was restarted: code 530, without a result (JOB-062).
    Cancelled,
}

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its identifier.
    pub uuid: Uuid,
    /// The command's name.
    #[serde(deserialize_with = "word::deserialize")]
    pub command: Word,
    /// The parameters as sent, without the session's and the signature's.
    pub params: Arc<Vec<(String, String)>>,
    /// The method of the request.
    pub by_post: bool,
    /// The user who asked.
    pub user: Id,
    /// The account who asked.
    pub account: Id,
    /// What a two-step command created, or what the command is about.
    pub about: Option<Handle>,
    /// `jobinstancetype`, if the job shows one.
    #[serde(default, deserialize_with = "word::maybe")]
    pub instance_type: Option<Word>,
    /// `jobinstanceid`, if the job shows one.
    pub instance: Option<Uuid>,
    /// The machine whose jobs run one after another (JOB-082).
    pub queue: Option<Id>,
    /// The first event of the chain.
    pub root_event: Option<Id>,
    /// How far it is.
    pub progress: Progress,
    /// What came of the work of another job that it shared (JOB-083): known then, told when it ends itself.
    pub shared: Option<Progress>,
    /// The failure that it is bound for: decided when it began, known when it ends (JOB-036).
    pub doom: Option<(u16, Option<String>)>,
    /// The agent command that fails: known when it begins, told when it ends.
    #[serde(default, deserialize_with = "word::maybe")]
    pub failing: Option<Word>,
    /// How long agents hold it up, in milliseconds.
    pub held: i64,
    /// How often it was asked for while pending.
    pub polls: u32,
    /// When it is done at the earliest, at the reference's pace.
    pub due: Moment,
    /// When it was accepted.
    pub created: Moment,
    /// When it was over.
    pub completed: Option<Moment>,
}

impl Job {
    /// Whether it is over.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.progress, Progress::Succeeded(_) | Progress::Failed { .. } | Progress::Cancelled)
    }

    /// How many polls more it is pending because agents hold it up, where polls are what makes time pass: one for
    /// each second that has begun.
    #[must_use]
    pub fn held_polls(&self) -> u32 {
        u32::try_from(self.held.saturating_add(999) / 1000).unwrap_or(u32::MAX)
    }
}

impl World {
    /// Lets what open jobs about a thing still write down follow another event.
    pub fn hang_jobs_on(&mut self, about: Handle, root: Id) {
        for id in self.open_jobs.clone() {
            if let Some(job) = self.jobs.get_mut(id).filter(|job| job.about == Some(about)) {
                job.root_event = Some(root);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paces_read_as_they_are_written() {
        for text in ["instant", "reference", "steps:3"] {
            assert_eq!(text.parse::<Pace>().expect("a valid pace").to_string(), text);
        }
        for text in ["", "steps", "steps:", "steps:-1", "fast"] {
            let error = text.parse::<Pace>().expect_err("no pace");
            assert!(error.to_string().contains("steps:N"), "{error}");
        }
    }
}
