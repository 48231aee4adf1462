//! How a cloud is started: the command line of the binary and the builder of the library meet here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

use crate::guest::lease::Dialect;
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

/// Where the routers' DHCP server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DhcpPlace {
    /// On an address of this machine, for clients that speak to it directly; answers go back to where questions came from.
    Address(SocketAddrV4),
    /// On port 67 of an interface, for clients on its link.
    Interface(String),
}

impl std::str::FromStr for DhcpPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        // What the kernel takes for a name (`dev_valid_name` in net/core/dev.c), and no address without its port.
        let is_name = (1..16).contains(&text.len())
            && !text.contains(|letter: char| letter.is_whitespace() || matches!(letter, '/' | ':'))
            && !matches!(text, "." | "..")
            && text.parse::<IpAddr>().is_err();
        if is_name {
            Ok(Self::Interface(text.to_owned()))
        } else {
            Err("name an IPv4 address with a port, such as 127.0.0.1:6767, or an interface, such as eth0"
                .to_owned())
        }
    }
}

/// Where the config drives of guests are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DrivePlace {
    /// In a directory of the cloud's own, which goes away with it.
    Own,
    /// In this directory.
    In(PathBuf),
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
    /// Where the routers' password servers listen, if any do; a port that is taken is replaced by a free one.
    pub password_port: Option<u16>,
    /// Whether routers listen on the addresses that their networks give them, instead of those in 127/8 that stand for
    /// them: in a network namespace this machine has them.
    pub real_addresses: bool,
    /// Where the routers' DHCP server listens, if it does.
    pub dhcp: Option<DhcpPlace>,
    /// Where the routers' resolvers listen, if any do: on the addresses of the routers.
    pub dns_port: Option<u16>,
    /// The release that is played; the newest one, or that of a saved world, unless one is named.
    pub release: Option<Release>,
    /// The seed of identifiers and keys, 1 unless one is named. Those of a saved world go on where they were.
    pub seed: Option<u64>,
    /// How long jobs take; they are instant, or as in a saved world, unless it is said.
    pub pace: Option<Pace>,
    /// The clock.
    pub clock: Clock,
    /// Where a clock of the world's own starts.
    pub epoch: Moment,
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
    /// Where the config drives of guests are written, if they are.
    pub drives: Option<DrivePlace>,
    /// The DHCP client whose files they are.
    pub lease_dialect: Dialect,
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
            password_port: self.password_port.map(|_| 0),
            // Two servers on one link would answer the same guests.
            dhcp: match &self.dhcp {
                Some(DhcpPlace::Address(address)) => {
                    Some(DhcpPlace::Address(SocketAddrV4::new(*address.ip(), 0)))
                }
                Some(DhcpPlace::Interface(_)) | None => None,
            },
            dns_port: self.dns_port.map(|_| 0),
            leases: None,
            drives: self.drives.as_ref().map(|_| DrivePlace::Own),
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
            password_port: Some(0),
            real_addresses: false,
            dhcp: None,
            dns_port: None,
            release: None,
            seed: None,
            pace: None,
            clock: Clock::Real,
            epoch: VIRTUAL_EPOCH,
            quirks: Vec::new(),
            settings: Vec::new(),
            admin_keys: false,
            directories: Vec::new(),
            leases: None,
            drives: None,
            lease_dialect: Dialect::default(),
            control: None,
            logs_requests: false,
            patience: Patience::default(),
            tells_unplayed: true,
        }
    }
}
