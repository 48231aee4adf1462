//! Rules of firewalls and port forwarding.

use crate::reply::Object;
use crate::world::World;
use crate::world::firewall::{Purpose, Rule};
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;

/// A rule.
#[must_use]
pub fn firewall_rule(world: &World, id: Id, row: &Rule) -> Object {
    let network = world.networks.get(row.network);
    let address = row.address.and_then(|address| world.addresses.get(address));
    let tags = super::bare_tags(world, Handle { kind: Kind::FirewallRule, id });
    let object = Object::new().with("id", row.uuid);
    if let (Purpose::PortForwarding, Some(target)) = (row.purpose, row.target) {
        let machine = world.virtual_machines.get(target.machine);
        let (first, last) = row.ports.unwrap_or_default();
        return object
            .with("privateport", target.ports.0.to_string())
            .with("privateendport", target.ports.1.to_string())
            .with("protocol", &row.protocol)
            .with("publicport", first.to_string())
            .with("publicendport", last.to_string())
            .with("virtualmachineid", machine.map(|machine| machine.uuid))
            .with("virtualmachinename", machine.map(|machine| machine.name.as_str()))
            .with("virtualmachinedisplayname", machine.map(|machine| machine.shown_name()))
            .with("ipaddressid", address.map(|address| address.uuid))
            .with("ipaddress", address.map(|address| address.address))
            .with("state", row.state.name())
            .with("cidrlist", row.sources.join(","))
            .with("tags", tags)
            .with("vmguestip", target.address)
            .with("networkid", network.map(|network| network.uuid))
            .with_admin("fordisplay", row.display);
    }
    object
        .with("protocol", &row.protocol)
        .with("startport", row.ports.map(|(first, _)| first))
        .with("endport", row.ports.map(|(_, last)| last))
        .with("ipaddressid", address.map(|address| address.uuid))
        .with("networkid", network.map(|network| network.uuid))
        .with("ipaddress", address.map(|address| address.address))
        .with("state", row.state.name())
        .with("cidrlist", row.sources.join(","))
        .with("icmptype", row.icmp.map(|(kind, _)| kind))
        .with("icmpcode", row.icmp.map(|(_, code)| code))
        .with("tags", tags)
        .with_admin("fordisplay", row.display)
        .with("destcidrlist", row.destinations.join(","))
        .with("traffictype", if row.purpose.is_egress() { "Egress" } else { "Ingress" })
}

/// A rule for the machine that an address stands for.
#[must_use]
pub fn ip_forwarding_rule(world: &World, row: &Rule) -> Object {
    let address = row.address.and_then(|address| world.addresses.get(address));
    let machine = address.and_then(|address| address.static_nat).map(|nat| nat.machine);
    let machine = machine.and_then(|machine| world.virtual_machines.get(machine));
    Object::new()
        .with("id", row.uuid)
        .with("protocol", &row.protocol)
        .with("virtualmachineid", machine.map(|machine| machine.uuid))
        .with("virtualmachinename", machine.map(|machine| machine.name.as_str()))
        .with("virtualmachinedisplayname", machine.map(|machine| machine.shown_name()))
        .with("ipaddressid", address.map(|address| address.uuid))
        .with("ipaddress", address.map(|address| address.address))
        .with("startport", row.ports.map(|(first, _)| first))
        .with("endport", row.ports.map(|(_, last)| last))
        .with("state", row.state.name())
}
