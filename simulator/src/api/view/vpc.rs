//! VPCs with their offerings, private gateways, routes, and lists of network ACL rules.

use super::Owned as _;
use crate::api::caller::Caller;
use crate::reply::Object;
use crate::world::World;
use crate::world::acl::{AclItem, AclList};
use crate::world::internal_balancer::InternalBalancer;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::vpc::{PrivateGateway, StaticRoute, Vpc, VpcOffering};

/// The services of a VPC in the order of answers.
const SERVICES: [&str; 9] =
    ["Dhcp", "Dns", "UserData", "StaticNat", "Vpn", "Lb", "PortForwarding", "NetworkACL", "SourceNat"];

fn services(offering: &VpcOffering) -> Vec<Object> {
    let shown = SERVICES.iter().filter_map(|service| {
        let providers: Vec<Object> = offering
            .services
            .iter()
            .filter(|(name, _)| name == service)
            .map(|(_, provider)| Object::new().with("name", provider))
            .collect();
        (!providers.is_empty()).then(|| Object::new().with("name", *service).with("provider", providers))
    });
    shown.collect()
}

/// What may be ordered as a VPC.
#[must_use]
pub fn vpc_offering(row: &VpcOffering) -> Object {
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("displaytext", &row.display_text)
        .with("created", row.created)
        .with("isdefault", row.is_default)
        .with("state", if row.enabled { "Enabled" } else { "Disabled" })
        .with("service", services(row))
        .with("distributedvpcrouter", false)
        .with("supportsregionLevelvpc", false)
        .with("fornsx", row.for_nsx)
        .with("networkmode", row.network_mode.as_deref())
        .with("internetprotocol", "IPv4")
        .with("specifyasnumber", false)
}

/// A VPC with its tiers.
#[must_use]
pub fn vpc(world: &World, id: Id, row: &Vpc, viewer: Caller) -> Object {
    let zone = world.zones.get(row.zone);
    let offering = world.vpc_offerings.get(row.offering);
    let tags = super::tags(world, Handle { kind: Kind::Vpc, id });
    let tiers: Vec<Object> = world
        .tiers(id)
        .filter_map(|tier| world.networks.get(tier).map(|row| super::network(world, tier, row, viewer)))
        .collect();
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("displaytext", &row.display_text)
        .with("state", super::word(world, row.state.name()))
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("service", offering.map(services).unwrap_or_default())
        .with("cidr", &row.cidr)
        .with("vpcofferingid", offering.map(|offering| offering.uuid))
        .with("vpcofferingname", offering.map(|offering| offering.name.as_str()))
        .with("created", row.created)
        .with_owner(world, row.owner)
        .with("network", tiers)
        .with("restartrequired", row.restart_required)
        .with("networkdomain", &row.domain)
        .with("tags", tags)
        .with_admin("fordisplay", row.display)
        .with("distributedvpcrouter", false)
        .with("regionlevelvpc", false)
        .with("redundantvpcrouter", offering.is_some_and(|offering| offering.redundant))
        .with("publicmtu", row.public_mtu)
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// A gateway of a VPC to a private network.
#[must_use]
pub fn private_gateway(world: &World, row: &PrivateGateway) -> Object {
    let vpc = world.vpcs.get(row.vpc);
    let zone = vpc.and_then(|vpc| world.zones.get(vpc.zone));
    let physical = row.physical_network.and_then(|id| world.physical_networks.get(id));
    let acl = world.acl_lists.get(row.acl);
    let network = row.network.and_then(|id| world.networks.get(id));
    let object = Object::new()
        .with("id", row.uuid)
        .with("gateway", row.gateway)
        .with("netmask", row.netmask)
        .with("ipaddress", row.address)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("vlan", row.vlan.as_deref())
        .with("vpcid", vpc.map(|vpc| vpc.uuid))
        .with("vpcname", vpc.map(|vpc| vpc.name.as_str()))
        .with("physicalnetworkid", physical.map(|physical| physical.uuid));
    let object = match vpc {
        Some(vpc) => object.with_owner(world, vpc.owner),
        None => object,
    };
    object
        .with("state", if row.ready { "Ready" } else { "Creating" })
        .with("sourcenatsupported", row.source_nat)
        .with("aclid", acl.map(|acl| acl.uuid))
        .with("aclname", acl.map(|acl| acl.name.as_str()))
        .with("associatednetworkid", network.map(|network| network.uuid))
        .with("associatednetwork", network.map(|network| network.name.as_str()))
}

/// A route of a VPC.
#[must_use]
pub fn static_route(world: &World, id: Id, row: &StaticRoute) -> Object {
    let vpc = world.vpcs.get(row.vpc);
    let gateway = row.gateway.and_then(|gateway| world.private_gateways.get(gateway));
    let object = Object::new()
        .with("id", row.uuid)
        .with("state", if row.active { "Active" } else { "Add" })
        .with("vpcid", vpc.map(|vpc| vpc.uuid))
        .with("vpcgatewayid", gateway.map(|gateway| gateway.uuid))
        .with("vpcgatewayip", gateway.map(|gateway| gateway.address))
        .with("nexthop", row.next_hop)
        .with("cidr", &row.cidr);
    let object = match vpc {
        Some(vpc) => object.with_owner(world, vpc.owner),
        None => object,
    };
    object.with("tags", super::tags(world, Handle { kind: Kind::StaticRoute, id }))
}

/// A list of network ACL rules.
#[must_use]
pub fn acl_list(world: &World, row: &AclList) -> Object {
    let vpc = row.vpc.and_then(|vpc| world.vpcs.get(vpc));
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("description", row.description.as_deref())
        .with("vpcid", vpc.map(|vpc| vpc.uuid))
        .with("vpcname", vpc.map(|vpc| vpc.name.as_str()))
        .with_admin("fordisplay", row.display)
}

/// A rule of such a list.
#[must_use]
pub fn acl_item(world: &World, id: Id, row: &AclItem) -> Object {
    let list = world.acl_lists.get(row.list);
    Object::new()
        .with("id", row.uuid)
        .with("protocol", row.protocol.as_deref())
        .with("startport", row.ports.map(|(first, _)| first.to_string()))
        .with("endport", row.ports.map(|(_, last)| last.to_string()))
        .with("traffictype", if row.egress { "Egress" } else { "Ingress" })
        .with("state", row.state.name())
        .with("cidrlist", row.cidrs.join(","))
        .with("icmptype", row.icmp.0)
        .with("icmpcode", row.icmp.1)
        .with("tags", super::tags(world, Handle { kind: Kind::NetworkAclItem, id }))
        .with("aclid", list.map(|list| list.uuid))
        .with("aclname", list.map(|list| list.name.as_str()))
        .with("number", row.number)
        .with("action", if row.allow { "Allow" } else { "Deny" })
        .with_admin("fordisplay", row.display)
        .with("reason", row.reason.as_deref())
}

/// A load balancer inside a VPC.
#[must_use]
pub fn internal_balancer(world: &World, id: Id, row: &InternalBalancer) -> Object {
    let uuid = |network: Id| world.networks.get(network).map(|network| network.uuid);
    let ports = Object::new()
        .with("sourceport", row.source_port)
        .with("instanceport", row.instance_port)
        .with("state", "Add");
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("description", row.description.as_deref())
        .with("algorithm", &row.algorithm)
        .with("networkid", uuid(row.network))
        .with("sourceipaddress", row.address)
        .with("sourceipaddressnetworkid", uuid(row.source_network))
        .with_owner(world, row.owner)
        .with("loadbalancerrule", vec![ports])
        .with("loadbalancerinstance", Vec::<Object>::new())
        .with("tags", super::tags(world, Handle { kind: Kind::InternalBalancer, id }))
        .with_admin("fordisplay", row.display)
}
