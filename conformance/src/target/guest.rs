//! Guests of a target, and the addresses on this machine that stand for theirs.

use std::net::IpAddr;

use crate::wire::ExchangeError;

/// A guest whose address we can speak from.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guest {
    /// Its name.
    pub name: String,
    /// The id of its virtual machine.
    pub id: String,
    /// Its address as the cloud sees it.
    pub address: String,
    /// The local address that we connect from: on one machine the guest `10.a.b.c` connects from `127.a.b.c`.
    pub source: String,
    /// The base URL of its router.
    pub router: String,
    /// The base URL of its router's password server, if it is known.
    pub passwords: String,
    /// The resolver of its router, `ADDRESS:PORT`, if it is known.
    pub dns: String,
    /// Its lease file.
    pub lease: String,
    /// Its config drive: an image of ISO 9660. Where it is named by the id of its machine, `<id>.iso`, those of other
    /// machines are beside it.
    pub drive: String,
}

impl Guest {
    /// Whether this machine stands for every address of the guest's network, as it does for a simulator on loopback.
    pub fn speaks_for_its_network(&self) -> bool {
        !self.source.is_empty() && stand_in(&self.address).is_some_and(|source| source == self.source)
    }

    /// The local address that we connect from, if one is told.
    pub(crate) fn source_address(&self) -> Result<Option<IpAddr>, ExchangeError> {
        let text = self.source.as_str();
        let told = Some(text).filter(|text| !text.is_empty());
        told.map(str::parse).transpose().map_err(|_| ExchangeError::Request {
            reason: format!("{text} is not an address to connect from"),
        })
    }

    /// A guest of the same network that has this address, if this machine stands for it.
    pub fn neighbour(&self, name: &str, id: &str, address: &str) -> Option<Self> {
        let source = stand_in(address).filter(|_| self.speaks_for_its_network())?;
        let (name, id, address) = (name.to_owned(), id.to_owned(), address.to_owned());
        Some(Self { name, id, address, source, lease: String::new(), ..self.clone() })
    }

    /// The same guest in another network, whose router has this address.
    pub fn behind(self, router: &str) -> Option<Self> {
        let host = stand_in(router)?;
        let moved = |url: &str| {
            let port = url.strip_prefix("http://")?.trim_end_matches('/').rsplit_once(':')?.1;
            Some(format!("http://{host}:{port}"))
        };
        let (router, passwords) = (moved(&self.router)?, moved(&self.passwords).unwrap_or_default());
        Some(Self { router, passwords, dns: String::new(), ..self })
    }
}

/// The address on loopback that stands for a guest's: `127.a.b.c` for `10.a.b.c`.
pub(crate) fn stand_in(address: &str) -> Option<String> {
    address.strip_prefix("10.").map(|rest| format!("127.{rest}"))
}
