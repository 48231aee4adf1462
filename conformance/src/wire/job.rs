//! Asynchronous jobs: asking until one has ended (API-RSP-051 to API-RSP-057).

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{ExchangeError, api::Reply, decode::Node};
use crate::{
    check::{Mismatch, Stop},
    target::Target,
};

/// The first interval between two questions; each further one is half as long again. A simulator's jobs are over at
/// once; a server that takes its time is asked five more times than if this were two milliseconds.
const FIRST_INTERVAL: Duration = Duration::from_micros(250);

/// The longest interval between two questions.
const LONGEST_INTERVAL: Duration = Duration::from_secs(2);

/// A job that has ended.
#[derive(Debug)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Whether it succeeded (`jobstatus` 1).
    pub succeeded: bool,
    /// What it produced: `jobresult`.
    pub result: Node,
    /// The last answer of `queryAsyncJobResult`.
    pub reply: Reply,
}

impl Job {
    /// The object in the result: `jobresult.virtualmachine` and the like.
    pub fn object(&self) -> &Node {
        match self.result.members() {
            [(_, object @ Node::Object(_))] => object,
            _ => &self.result,
        }
    }
}

/// Asks with growing intervals until the job has ended or the target's patience is over. Every answer that says "not
/// yet" is judged before it is forgotten.
pub(crate) fn watch(
    target: &Target,
    id: &str,
    mut judge: impl FnMut(&Reply) -> Result<(), Stop>,
) -> Result<Job, Stop> {
    let patience = target.job_deadline();
    let start = Instant::now();
    let mut interval = FIRST_INTERVAL;
    loop {
        let mark = target.transcript_mark();
        let reply = target.api("queryAsyncJobResult").param("jobid", id).send()?;
        let body = reply.success()?;
        let status = body.get("jobstatus").and_then(Node::integer);
        match status {
            Some(0) => judge(&reply)?,
            Some(1 | 2) => {
                let result = body.get("jobresult").cloned().unwrap_or(Node::Null);
                if status == Some(1) {
                    target.after_job(id);
                }
                return Ok(Job { id: id.to_owned(), succeeded: status == Some(1), result, reply });
            }
            _ => {
                let actual = body.get("jobstatus").map_or("absent".to_owned(), ToString::to_string);
                let mismatch = Mismatch::new("jobstatus", "0, 1 or 2", actual);
                return Err(mismatch.in_exchange(reply.exchange).into());
            }
        }
        if start.elapsed() >= patience {
            return Err(ExchangeError::Job { job: id.to_owned(), after: patience }.into());
        }
        // A question that was answered with "not yet" tells a reader nothing.
        target.forget_since(mark);
        thread::sleep(interval.min(patience.saturating_sub(start.elapsed())));
        interval = (interval * 3 / 2).min(LONGEST_INTERVAL);
    }
}
