//! How a cloud is started: the command line of the binary and the builder of the library meet here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::quirk::Quirk;
use crate::release::Release;
use crate::server::Patience;
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
    /// The name of a world, a world file, or a saved world whose name ends in `.json`.
    pub world: String,
    /// Where the signed port listens.
    pub api: SocketAddr,
    /// Where the unauthenticated port listens, if it does.
    pub integration: Option<SocketAddr>,
    /// Where the first router listens, if any do; its address is that of the first network.
    pub router_port: Option<u16>,
    /// The release that is played; the newest one, or that of a saved world, unless one is named.
    pub release: Option<Release>,
    /// The seed of identifiers and keys, 1 unless one is named. Those of a saved world go on where they were.
    pub seed: Option<u64>,
    /// How long jobs take; they are instant, or as in a saved world, unless it is said.
    pub pace: Option<Pace>,
    /// The clock.
    pub clock: Clock,
    /// Deliberate faults, besides those of a saved world.
    pub quirks: Vec<Quirk>,
    /// Settings that differ from the world's.
    pub settings: Vec<(String, String)>,
    /// Whether `admin` has keys from the start even if the world gives none.
    pub admin_keys: bool,
    /// Directory servers that are configured from the start: host and port.
    pub directories: Vec<(String, u16)>,
    /// Where lease files are written; a directory of its own if none is named.
    pub leases: Option<PathBuf>,
    /// Where the side door listens, if it does.
    pub control: Option<SocketAddr>,
    /// Whether the latest requests are kept; they are where the side door is open.
    pub logs_requests: bool,
    /// How long clients are waited for.
    pub patience: Patience,
    /// Whether commands that are not played are logged when somebody asks for them.
    pub tells_unplayed: bool,
}

impl Config {
    /// How to start another cloud beside this one: the same on free ports, without a side door of its own.
    pub(crate) fn beside(&self) -> Self {
        let free = |address: SocketAddr| SocketAddr::new(address.ip(), 0);
        Self {
            api: free(self.api),
            integration: self.integration.map(free),
            router_port: self.router_port.map(|_| 0),
            leases: None,
            control: None,
            logs_requests: self.logs_requests || self.control.is_some(),
            ..self.clone()
        }
    }
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
            release: None,
            seed: None,
            pace: None,
            clock: Clock::Real,
            quirks: Vec::new(),
            settings: Vec::new(),
            admin_keys: false,
            directories: Vec::new(),
            leases: None,
            control: None,
            logs_requests: false,
            patience: Patience::default(),
            tells_unplayed: true,
        }
    }
}
