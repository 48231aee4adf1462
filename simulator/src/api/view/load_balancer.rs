//! Load balancers.

use super::Owned as _;
use crate::api::caller::Caller;
use crate::reply::Object;
use crate::world::World;
use crate::world::firewall::Rule;
use crate::world::kind::{Handle, Kind};
use crate::world::load_balancer::Member;
use crate::world::table::Id;

/// A load balancer.
#[must_use]
pub fn load_balancer(world: &World, id: Id, row: &Rule) -> Object {
    let Some(balancing) = &row.balancing else { return Object::new() };
    let network = world.networks.get(row.network);
    let zone = network.and_then(|network| world.zones.get(network.zone));
    let address = row.address.and_then(|address| world.addresses.get(address));
    let public = row.ports.map(|(first, _)| first.to_string());
    Object::new()
        .with("id", row.uuid)
        .with("name", &balancing.name)
        .with("description", balancing.description.as_deref())
        .with("publicipid", address.map(|address| address.uuid))
        .with("publicip", address.map(|address| address.address))
        .with("publicport", public)
        .with("privateport", balancing.private_port.to_string())
        .with("algorithm", &balancing.algorithm)
        .with("networkid", network.map(|network| network.uuid))
        .with("cidrlist", (!row.sources.is_empty()).then(|| row.sources.join(" ")))
        .with_owner(world, row.owner)
        .with("state", row.state.name())
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("protocol", balancing.protocol.as_deref())
        .with("tags", super::bare_tags(world, Handle { kind: Kind::FirewallRule, id }))
        .with("fordisplay", row.display)
}

/// The stickiness policies of a load balancer: one or none.
#[must_use]
pub fn stickiness_policies(world: &World, row: &Rule) -> Object {
    let policy = row.balancing.as_ref().and_then(|balancing| balancing.stickiness.as_ref());
    let policies: Vec<Object> = policy
        .into_iter()
        .map(|policy| {
            Object::new()
                .with("id", policy.uuid)
                .with("name", &policy.name)
                .with("methodname", &policy.method)
                .with("description", policy.description.as_deref())
                .with("fordisplay", policy.display)
                .with("params", policy.params.clone())
        })
        .collect();
    of_rule(world, row).with("stickinesspolicy", policies)
}

/// The health check policies of a load balancer: the router has none.
#[must_use]
pub fn health_check_policies(world: &World, row: &Rule) -> Object {
    of_rule(world, row).with("healthcheckpolicy", Vec::<Object>::new())
}

/// Which rule policies are of, and whose it is.
fn of_rule(world: &World, row: &Rule) -> Object {
    let owner = Object::new().with_owner(world, row.owner);
    Object::new()
        .with("lbruleid", row.uuid)
        .with("account", owner.text("account"))
        .with("domainid", owner.text("domainid"))
        .with("domain", owner.text("domain"))
}

/// A machine behind a load balancer: what only root administrators see of machines is not told.
#[must_use]
pub fn balanced_machine(world: &World, member: Member, viewer: Caller) -> Object {
    let Some(row) = world.virtual_machines.get(member.machine) else { return Object::new() };
    let mut object = super::virtual_machine(world, member.machine, row, viewer);
    object.fields.retain(|field| !["hostid", "hostname", "instancename", "arch"].contains(&field.name));
    object
}
