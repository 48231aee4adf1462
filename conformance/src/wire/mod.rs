//! Our own client: everything that goes to a target and comes back.
//!
//! It shares no code with the simulator; facts that both must get right stand in `fixtures/`. Time waits only here.
//! What a reply *should* be is not decided here but in [`expect`](crate::expect) and the checks, except for the
//! rules that hold for every reply ([`envelope`]).

pub mod api;
pub mod datagram;
pub mod decode;
pub mod dhcp;
pub mod dns;
pub mod envelope;
pub mod http;
pub mod iso;
pub mod job;
pub mod lease;
pub mod one_time;
pub mod pace;
pub mod parity;
pub mod router;
pub mod sign;
pub mod transcript;

use std::{io, time::Duration};

/// Why an exchange with the target could not be completed. Each message finishes "could not complete the exchange:".
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The URL is not one that we can send to.
    #[error("{url} is not a usable URL: {reason}")]
    Address {
        /// As given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing answered at the address.
    #[error("connecting to {url} failed: {source}")]
    Connect {
        /// Where the request went: a URL without its query, which may hold secrets.
        url: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The connection could not be secured.
    #[error("securing the connection to {url} failed: {reason}")]
    Secure {
        /// Where the request went: a URL without its query, which may hold secrets.
        url: String,
        /// What the peer or the trust store said.
        reason: String,
    },
    /// The answer did not arrive in time.
    #[error("no complete answer from {url} within {} ms", after.as_millis())]
    Deadline {
        /// Where the request went: a URL without its query, which may hold secrets.
        url: String,
        /// How long we waited.
        after: Duration,
    },
    /// What came back is not HTTP/1, or stopped in the middle.
    #[error("the answer of {url} is not complete HTTP: {reason}")]
    Protocol {
        /// Where the request went: a URL without its query, which may hold secrets.
        url: String,
        /// What the parser said.
        reason: String,
    },
    /// The answer is larger than we are willing to hold.
    #[error("the answer of {url} exceeds {limit} bytes")]
    TooLarge {
        /// Where the request went: a URL without its query, which may hold secrets.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The request itself cannot be written as HTTP. A fault of the check.
    #[error("the request cannot be written: {reason}")]
    Request {
        /// What is wrong with it.
        reason: String,
    },
    /// A check tried to change a target that is to be left alone. A fault of the check.
    #[error("{command} may change the target, and this run is read-only")]
    ReadOnly {
        /// The command that was not sent.
        command: String,
    },
    /// A job did not end in time.
    #[error("job {job} did not end within {} s", after.as_secs())]
    Job {
        /// The id of the job.
        job: String,
        /// How long we waited.
        after: Duration,
    },
    /// The ledger of created resources could not be written, so nothing was sent.
    #[error("the ledger {path} could not be written: {source}")]
    Ledger {
        /// Its path.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The check needs something that a property of the target should have given. A fault of ours.
    #[error("{0}")]
    Fault(String),
}
