//! The virtual router as its guests see it: user data and metadata by HTTP, told apart by
//! nothing but the source address (MD-014 onwards, ISO-001).

pub mod metadata;

use std::net::Ipv4Addr;

use crate::world::World;
use crate::world::table::Id;

/// An answer of the router's web server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers in order, without those of the connection.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Answers a request of whoever has `source` in a network.
#[must_use]
pub fn answer(world: &World, network: Id, source: Ipv4Addr, method: &str, path: &str) -> Answer {
    let plain =
        |status: u16, body: Vec<u8>| Answer { status, headers: vec![("Server", "Apache".to_owned())], body };
    if !matches!(method, "GET" | "HEAD" | "POST") {
        return plain(405, Vec::new());
    }
    match metadata::look_up(world, network, source, path) {
        Some(value) => plain(200, value),
        None => plain(404, b"<h1>Not Found</h1>".to_vec()),
    }
}
