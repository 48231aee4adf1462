//! The request log: what clients sent lately and what they got, for the author of a test who wonders about that.

use std::collections::VecDeque;
use std::net::IpAddr;

use serde::Serialize;

use crate::api::request::{Port, Request};
use crate::api::response::Response;
use crate::router;
use crate::world::clock::Moment;

/// How many requests are kept; older ones are forgotten.
const MOST: usize = 1000;
/// How many characters of a body are kept.
const BODY: usize = 4096;

/// A request as it was sent, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// Its number, from 1.
    pub number: u64,
    /// What time it was in the world.
    pub time: String,
    /// Where it came in: `api`, `integration` or `router`.
    pub door: &'static str,
    /// Who sent it.
    pub peer: IpAddr,
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The beginning of the body.
    pub body: String,
    /// The command that it names.
    pub command: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// Whether the simulator plays the command; if not, it was answered as by a server without it.
    pub played: bool,
}

/// The latest requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    kept: VecDeque<LoggedRequest>,
    last: u64,
}

impl RequestLog {
    /// The requests that are still known.
    pub(crate) fn kept(&self) -> Vec<LoggedRequest> {
        self.kept.iter().cloned().collect()
    }

    /// How many were forgotten.
    pub(crate) fn forgotten(&self) -> u64 {
        self.last - self.kept.len() as u64
    }

    pub(super) fn of_api(&mut self, now: Moment, request: &Request, response: &Response) {
        let parameters = request.parameters().ok();
        let named = parameters.as_ref().and_then(|parameters| parameters.get_ignoring_case("command"));
        self.add(LoggedRequest {
            number: 0,
            time: now.to_string(),
            door: if request.port == Port::Main { "api" } else { "integration" },
            peer: request.peer,
            method: request.method.clone(),
            target: request.target.clone(),
            body: String::from_utf8_lossy(&request.body).chars().take(BODY).collect(),
            command: named.map(str::to_owned),
            status: response.status,
            played: response.unplayed.is_none(),
        });
    }

    pub(super) fn of_router(
        &mut self,
        now: Moment,
        peer: IpAddr,
        request: &router::Request<'_>,
        status: u16,
    ) {
        self.add(LoggedRequest {
            number: 0,
            time: now.to_string(),
            door: "router",
            peer,
            method: request.method.to_owned(),
            target: request.target.to_owned(),
            body: String::new(),
            command: None,
            status,
            played: true,
        });
    }

    fn add(&mut self, request: LoggedRequest) {
        if self.kept.len() == MOST {
            self.kept.pop_front();
        }
        self.last += 1;
        self.kept.push_back(LoggedRequest { number: self.last, ..request });
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn old_requests_are_forgotten_and_numbers_go_on() {
        let mut log = RequestLog::default();
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let request = router::Request { method: "GET", target: "/latest/", needs_host: false, headers: &[] };
        for _ in 0..MOST + 2 {
            log.of_router(Moment(0), peer, &request, 200);
        }
        assert_eq!((log.kept().len(), log.forgotten()), (MOST, 2));
        assert_eq!(log.kept().first().map(|first| first.number), Some(3));
    }
}
