//! How a cloud is started: the command line of the binary and the builder of the library meet here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::quirk::Quirk;
use crate::world::job::Pace;

/// The clock that a world lives by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The machine's.
    Real,
    /// Its own, which stands still until somebody moves it.
    Virtual,
}

/// How a cloud is started.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name of a world, or a file.
    pub world: String,
    /// Where the signed port listens.
    pub api: SocketAddr,
    /// Where the unauthenticated port listens, if it does.
    pub integration: Option<SocketAddr>,
    /// Where the first router listens, if any do; its address is that of the first network.
    pub router_port: Option<u16>,
    /// The seed of identifiers and keys.
    pub seed: u64,
    /// How long jobs take.
    pub pace: Pace,
    /// The clock.
    pub clock: Clock,
    /// Deliberate faults.
    pub quirks: Vec<Quirk>,
    /// Settings that differ from the world's.
    pub settings: Vec<(String, String)>,
    /// Where lease files are written; a directory of its own if none is named.
    pub leases: Option<PathBuf>,
    /// Where the side door listens, if it does.
    pub control: Option<SocketAddr>,
}

impl Default for Config {
    /// The demo world on free ports of the loopback interface.
    fn default() -> Self {
        let free = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self {
            world: "demo".to_owned(),
            api: free,
            integration: Some(free),
            router_port: Some(0),
            seed: 1,
            pace: Pace::Instant,
            clock: Clock::Real,
            quirks: Vec::new(),
            settings: Vec::new(),
            leases: None,
            control: None,
        }
    }
}
