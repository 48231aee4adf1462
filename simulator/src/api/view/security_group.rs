//! Security groups.

use super::Owned as _;
use crate::reply::Object;
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::security_group::{Peer, SecurityGroup, SecurityRule};
use crate::world::table::Id;

/// A security group as lists show it.
#[must_use]
pub fn security_group(world: &World, id: Id, row: &SecurityGroup) -> Object {
    let rules = |is_egress: bool| -> Vec<Object> {
        let rules = row.rules.iter().filter(|rule| rule.is_egress == is_egress);
        rules.map(|rule| security_rule(rule).with("tags", Vec::<Object>::new())).collect()
    };
    with_rules(world, id, row, rules(false), rules(true), true)
}

/// A security group as it is told when rules came: with these alone.
#[must_use]
pub fn authorized_group(world: &World, id: Id, row: &SecurityGroup, fresh: &[Id]) -> Object {
    let rules = |is_egress: bool| -> Vec<Object> {
        let rules = row.rules.iter().filter(|rule| rule.is_egress == is_egress && fresh.contains(&rule.id));
        rules.map(security_rule).collect()
    };
    with_rules(world, id, row, rules(false), rules(true), false)
}

fn with_rules(
    world: &World,
    id: Id,
    row: &SecurityGroup,
    ingress: Vec<Object>,
    egress: Vec<Object>,
    counts: bool,
) -> Object {
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("description", row.description.as_deref())
        .with_owner(world, row.owner)
        .with("ingressrule", ingress)
        .with("egressrule", egress)
        .with("tags", super::tags(world, Handle { kind: Kind::SecurityGroup, id }))
        // No zone of a world has security groups, so no machine is in one.
        .with("virtualmachinecount", counts.then_some(0))
        .with("virtualmachineids", Vec::<String>::new())
}

fn security_rule(rule: &SecurityRule) -> Object {
    let is_icmp = rule.protocol == "icmp";
    let (ports, icmp) = if is_icmp { (None, rule.ports) } else { (rule.ports, None) };
    let (account, group, cidr) = match &rule.peer {
        Peer::Cidr(cidr) => (None, None, Some(cidr.as_str())),
        Peer::Group(account, group) => (Some(account.as_str()), Some(group.as_str()), None),
    };
    Object::new()
        .with("ruleid", rule.uuid)
        .with("protocol", &rule.protocol)
        .with("startport", ports.map(|(first, _)| first))
        .with("endport", ports.map(|(_, last)| last))
        .with("icmptype", icmp.map(|(kind, _)| kind))
        .with("icmpcode", icmp.map(|(_, code)| code))
        .with("account", account)
        .with("securitygroupname", group)
        .with("cidr", cidr)
}
