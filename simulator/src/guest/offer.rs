//! What the router's DHCP server has for a card of a machine (DHCP-002 to DHCP-010). The packets of
//! [`dhcp`](crate::dhcp) and the lease files of [`lease`](super::lease) say the same, since both are made from this.

use std::net::Ipv4Addr;

use crate::quirk::Quirk;
use crate::release::Release;
use crate::world::World;
use crate::world::network::Network;
use crate::world::virtual_machine::{Nic, VirtualMachine};

/// A lease without end, in seconds (DHCP-004).
pub const FOREVER: u32 = u32::MAX;
/// From how many hours to how many leases of older routers last (DHCP-004).
const HOURS: (u32, u32) = (700, 760);
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

/// What the router has for a machine's card; nothing without a router that gives addresses, or an address.
#[must_use]
pub fn of_card(world: &World, machine: &VirtualMachine, nic: &Nic) -> Option<Offer> {
    let network = world.networks.get(nic.network).filter(|network| world.routers_give(network, "Dhcp"))?;
    let (router, subnet, address) = (network.service_address()?, network.subnet?, nic.address?);
    let server = if world.sins(Quirk::LeaseNamesAnotherServer) {
        Some(subnet.broadcast())
    } else {
        (!world.sins(Quirk::LeaseWithoutServerIdentifier)).then_some(router)
    };
    let has_mtu = world.release >= Release::new(18, 0) && !world.sins(Quirk::LeaseWithoutMtu);
    let leads_out = nic.is_default && !world.sins(Quirk::LeaseWithoutGateway);
    let is_at_home = nic.is_default && !world.sins(Quirk::LeaseWithoutDomain);
    Some(Offer {
        address: if world.sins(Quirk::LeaseNamesAnotherAddress) { subnet.broadcast() } else { address },
        netmask: match subnet.netmask() {
            _ if world.sins(Quirk::LeaseMaskIsClassful) => Ipv4Addr::new(255, 0, 0, 0),
            netmask => netmask,
        },
        gateway: (leads_out || world.sins(Quirk::LeaseRoutesEveryCard)).then_some(subnet.gateway),
        resolvers: if nic.is_default { resolvers(world, network, router) } else { Vec::new() },
        host_name: match &machine.name {
            name if world.sins(Quirk::LeaseNamesTheGuestWhole) => format!("{name}.{}", network.domain),
            name => name.clone(),
        },
        domain: is_at_home.then(|| network.domain.clone()),
        mtu: has_mtu.then_some(MTU),
        broadcast: match subnet.broadcast() {
            _ if world.sins(Quirk::LeaseBroadcastsEverywhere) => Ipv4Addr::BROADCAST,
            broadcast => broadcast,
        },
        seconds: seconds(world, nic),
        server,
    })
}

/// The router, if it answers questions about names, and the resolvers of its zone (DHCP-007).
fn resolvers(world: &World, network: &Network, router: Ipv4Addr) -> Vec<Ipv4Addr> {
    let zone = world.zones.get(network.zone);
    let texts = zone.into_iter().flat_map(|zone| [Some(zone.dns1.as_str()), zone.dns2.as_deref()]);
    // What is no IPv4 address was refused when the zone was made.
    let others = texts.flatten().filter_map(|text| text.parse::<Ipv4Addr>().ok());
    let answers = world.routers_give(network, "Dns") || world.sins(Quirk::LeaseNamesTheRouterAnyway);
    let mut resolvers: Vec<Ipv4Addr> = answers.then_some(router).into_iter().chain(others).collect();
    if world.sins(Quirk::LeaseNamesTheRouterLast) {
        resolvers.rotate_left(1);
    }
    resolvers
}

/// How long a lease lasts. From 4.9 to 4.13.0 routers drew a number of hours; a card's own is always the same.
fn seconds(world: &World, nic: &Nic) -> u32 {
    if world.sins(Quirk::LeaseLastsAnHour) {
        return 3600;
    }
    let (shortest, longest) = HOURS;
    if world.release < Release::new(13, 1) {
        let drawn = nic.uuid.as_bytes().iter().map(|byte| u32::from(*byte)).sum::<u32>();
        return (shortest + drawn % (longest - shortest + 1)) * 3600;
    }
    if world.sins(Quirk::LeaseLastsAMonth) { 30 * 24 * 3600 } else { FOREVER }
}
