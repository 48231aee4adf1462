//! How a cloud is started: the command line of the binary and the builder of the library meet here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::quirk::Quirk;
use crate::release::Release;
use crate::server::Patience;
use crate::world::clock::{Moment, VIRTUAL_EPOCH};
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
    /// The release that is played.
    pub release: Release,
    /// The seed of identifiers and keys.
    pub seed: u64,
    /// How long jobs take.
    pub pace: Pace,
    /// The clock.
    pub clock: Clock,
    /// Where a clock of the world's own starts.
    pub epoch: Moment,
    /// Deliberate faults.
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
    /// How long clients are waited for.
    pub patience: Patience,
    /// Whether commands that are not played are logged when somebody asks for them.
    pub tells_unplayed: bool,
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
            release: Release::NEWEST,
            seed: 1,
            pace: Pace::Instant,
            clock: Clock::Real,
            epoch: VIRTUAL_EPOCH,
            quirks: Vec::new(),
            settings: Vec::new(),
            admin_keys: false,
            directories: Vec::new(),
            leases: None,
            control: None,
            patience: Patience::default(),
            tells_unplayed: true,
        }
    }
}
