//! The cards of machines and their networks, as the API lists them. Nothing here expects anything of the target.

use std::net::Ipv4Addr;

use super::prelude::*;
use crate::{target::Guest, wire::http::Url};

/// A network card of a machine.
#[derive(Clone, Debug)]
pub(super) struct Card {
    /// The host name of its machine.
    pub(super) host: String,
    /// Its hardware address.
    pub(super) mac: String,
    pub(super) address: Ipv4Addr,
    pub(super) gateway: Ipv4Addr,
    pub(super) netmask: Ipv4Addr,
    /// The id of its network.
    pub(super) network: String,
    /// Whether the machine's default route goes out here.
    pub(super) is_default: bool,
}

impl Card {
    /// The last address of its network.
    pub(super) fn broadcast(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.address) | !u32::from(self.netmask))
    }
}

/// What is needed to look cards up.
const LISTED: Stop = Stop::Unsupported(Listed("listVirtualMachines", "card"));

/// The cards of a machine.
pub(super) fn of_machine(target: &Target, machine: &str) -> Result<Vec<Card>, Stop> {
    let reply = target.api("listVirtualMachines").param("id", machine).send()?;
    let listed = reply.success()?.items("virtualmachine");
    let row = listed.first().ok_or(LISTED)?;
    let host = row.text_at("name").ok_or(LISTED)?;
    let card = |nic: &Node| {
        let address = |name: &str| nic.text_at(name)?.parse().ok();
        Some(Card {
            host: host.clone(),
            mac: nic.text_at("macaddress")?,
            address: address("ipaddress")?,
            gateway: address("gateway")?,
            netmask: address("netmask")?,
            network: nic.text_at("networkid")?,
            is_default: nic.text_at("isdefault").as_deref() == Some("true"),
        })
    };
    Ok(row.items("nic").into_iter().filter_map(card).collect())
}

/// The card by which a guest of ours is known to its router.
pub(super) fn of_guest(target: &Target, guest: &Guest) -> Result<Card, Stop> {
    if guest.id.is_empty() {
        return Err(Stop::Unsupported(Router));
    }
    let cards = of_machine(target, &guest.id)?;
    let own = cards.iter().find(|card| card.address.to_string() == guest.address);
    own.or(cards.iter().find(|card| card.is_default)).cloned().ok_or(LISTED)
}

/// The first guest with its card.
pub(super) fn first(target: &Target) -> Result<(&Guest, Card), Stop> {
    let guest = target.guests().first().ok_or(Stop::Unsupported(Router))?;
    Ok((guest, of_guest(target, guest)?))
}

/// The router's address as a guest knows it: on one machine `127.a.b.c` stands for an address of the guest's network.
pub(super) fn router_of(target: &Target, guest: &Guest, card: &Card) -> Result<Ipv4Addr, Stop> {
    let url = Some(guest.router.as_str()).filter(|url| !url.is_empty()).or(target.router_url());
    let host = Url::parse(url.ok_or(Stop::Unsupported(Router))?)?.origin.host().to_owned();
    let address: Ipv4Addr = host.parse().map_err(|_| Stop::Unsupported(Router))?;
    let [first, b, c, d] = address.octets();
    Ok(if first == 127 { Ipv4Addr::new(card.address.octets()[0], b, c, d) } else { address })
}

/// A network as a list shows it.
pub(super) fn network(target: &Target, id: &str) -> Result<Reply, Stop> {
    let reply = target.api("listNetworks").param("id", id).send()?;
    reply.expect_success()?;
    Ok(reply)
}

/// The domain of a network; nothing if it has none.
pub(super) fn domain(target: &Target, network: &str) -> Result<Option<String>, Stop> {
    let reply = self::network(target, network)?;
    Ok(reply.body().text_at("network[0].networkdomain").filter(|domain| !domain.is_empty()))
}
