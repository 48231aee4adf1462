//! What the router's DHCP server has for a card of a machine (DHCP-002 to DHCP-010). The packets of
//! [`dhcp`](crate::dhcp) and the lease files of [`lease`](super::lease) say the same, since both are made from this.

use std::net::Ipv4Addr;

use crate::quirk::Quirk;
use crate::release::Release;
use crate::world::World;
use crate::world::virtual_machine::{Nic, VirtualMachine};

/// A lease without end, in seconds (DHCP-004).
pub const FOREVER: u32 = u32::MAX;
/// The MTU of a router's card towards its guests, in bytes.
const MTU: u16 = 1500;

/// What a card is given. Numbers in brackets are those of the options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The address.
    pub address: Ipv4Addr,
    /// The netmask (1).
    pub netmask: Ipv4Addr,
    /// Where the default route goes (3); the default card's alone (DHCP-006).
    pub gateway: Option<Ipv4Addr>,
    /// The resolvers, the router first (6, DHCP-007); the default card's alone.
    pub resolvers: Vec<Ipv4Addr>,
    /// The host name (12, DHCP-009).
    pub host_name: String,
    /// The domain (15); the default card's alone.
    pub domain: Option<String>,
    /// The MTU in bytes (26), which routers tell since 4.18 (DHCP-008).
    pub mtu: Option<u16>,
    /// The broadcast address (28).
    pub broadcast: Ipv4Addr,
    /// For how many seconds it is (51).
    pub seconds: u32,
    /// The router that serves user data (54, DHCP-003).
    pub server: Option<Ipv4Addr>,
}

/// What the router has for a machine's card; nothing without a router or an address.
#[must_use]
pub fn of_card(world: &World, machine: &VirtualMachine, nic: &Nic) -> Option<Offer> {
    let network = world.networks.get(nic.network)?;
    let (router, subnet, address) = (network.router.as_ref()?, network.subnet?, nic.address?);
    let server = if world.sins(Quirk::LeaseNamesAnotherServer) {
        Some(subnet.broadcast())
    } else {
        (!world.sins(Quirk::LeaseWithoutServerIdentifier)).then_some(router.guest_address)
    };
    let mut resolvers = Vec::new();
    if nic.is_default {
        let zone = world.zones.get(network.zone);
        let texts = zone.into_iter().flat_map(|zone| [Some(zone.dns1.as_str()), zone.dns2.as_deref()]);
        resolvers.push(router.guest_address);
        // What is no IPv4 address was refused when the zone was made.
        resolvers.extend(texts.flatten().filter_map(|text| text.parse::<Ipv4Addr>().ok()));
    }
    Some(Offer {
        address: if world.sins(Quirk::LeaseNamesAnotherAddress) { subnet.broadcast() } else { address },
        netmask: subnet.netmask(),
        gateway: (nic.is_default || world.sins(Quirk::LeaseRoutesEveryCard)).then_some(subnet.gateway),
        resolvers,
        host_name: machine.name.clone(),
        domain: nic.is_default.then(|| network.domain.clone()),
        mtu: (world.release >= Release::new(18, 0)).then_some(MTU),
        broadcast: subnet.broadcast(),
        seconds: if world.sins(Quirk::LeaseLastsAnHour) { 3600 } else { FOREVER },
        server,
    })
}
