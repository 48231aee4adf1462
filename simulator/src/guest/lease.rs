//! Lease files as ISC dhclient writes them, and the reader that finds the router in one
//! (LS-001 onwards).

use std::net::Ipv4Addr;

use crate::world::World;
use crate::world::virtual_machine::Nic;

/// The lease of a card.
#[must_use]
pub fn text(world: &World, nic: &Nic) -> Option<String> {
    let network = world.networks.get(nic.network)?;
    let router = network.router.as_ref()?;
    let address = nic.address?;
    Some(format!(
        "lease {{\n  interface \"eth{}\";\n  fixed-address {address};\n  option dhcp-server-identifier {};\n}}\n",
        nic.device, router.guest_address
    ))
}

/// The router that a lease file leads to.
#[must_use]
pub fn server_identifier(text: &str) -> Option<Ipv4Addr> {
    text.lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix("option dhcp-server-identifier "))
        .and_then(|rest| rest.trim_end_matches(';').parse().ok())
}
