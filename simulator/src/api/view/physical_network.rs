//! Physical networks and ranges of public addresses.

use super::Owned as _;
use crate::reply::Object;
use crate::world::World;
use crate::world::network::{PublicRange, Subnet};
use crate::world::physical_network::{DedicatedVlans, PhysicalNetwork, ServiceProvider, TrafficType};

/// A physical network.
#[must_use]
pub fn physical_network(world: &World, row: &PhysicalNetwork) -> Object {
    let zone = world.zones.get(row.zone);
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("broadcastdomainrange", "ZONE")
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("state", super::allocation(row.enabled))
        .with("vlan", row.vlan_text())
        .with("tags", (!row.tags.is_empty()).then(|| row.tags.join(",")))
        .with("isolationmethods", &row.isolation)
        .with("networkspeed", row.speed.as_deref())
}

/// A kind of traffic.
#[must_use]
pub fn traffic_type(world: &World, row: &TrafficType) -> Object {
    let mut object = Object::new()
        .with("id", row.uuid)
        .with("traffictype", &row.name)
        .with("physicalnetworkid", world.physical_networks.get(row.physical_network).map(|row| row.uuid));
    for (name, label) in &row.labels {
        object.push(name, label.as_str());
    }
    object
}

/// A provider of network services.
#[must_use]
pub fn service_provider(world: &World, row: &ServiceProvider) -> Object {
    Object::new()
        .with("name", &row.name)
        .with("physicalnetworkid", world.physical_networks.get(row.physical_network).map(|row| row.uuid))
        .with("state", super::allocation(row.enabled))
        .with("id", row.uuid)
        .with("servicelist", row.services.clone())
        .with("canenableindividualservice", row.name != "BaremetalDhcpProvider")
}

/// The router or the balancer behind a provider.
#[must_use]
pub fn element(row: &ServiceProvider) -> Object {
    Object::new()
        .with("id", row.element.map(|(uuid, _)| uuid))
        .with("nspid", row.uuid)
        .with("enabled", row.element.is_some_and(|(_, enabled)| enabled))
}

/// VLANs that are for one account only. The numbers of the recorded server are internal ones.
#[must_use]
pub fn dedicated_vlans(world: &World, row: &DedicatedVlans) -> Object {
    let physical = world.physical_networks.get(row.physical_network);
    Object::new()
        .with("id", row.uuid)
        .with_owner(world, row.owner)
        .with("guestvlanrange", format!("{}-{}", row.range.0, row.range.1))
        .with("physicalnetworkid", row.physical_network)
        .with("zoneid", physical.map(|physical| physical.zone))
}

/// A range of public addresses.
#[must_use]
pub fn public_range(world: &World, row: &PublicRange) -> Object {
    let physical = row.physical_network.and_then(|physical| world.physical_networks.get(physical));
    let mut object = Object::new()
        .with("id", row.uuid)
        .with("forvirtualnetwork", true)
        .with("zoneid", world.zones.get(row.zone).map(|zone| zone.uuid))
        .with("vlan", &row.vlan);
    if let Some(owner) = row.owner {
        object = object.with_owner(world, owner);
    }
    object
        .with("gateway", row.gateway)
        .with("netmask", row.netmask)
        .with("cidr", Subnet::of_gateway(row.gateway, row.netmask).map(Subnet::cidr))
        .with("startip", row.start)
        .with("endip", row.end)
        .with("networkid", row.network)
        .with("physicalnetworkid", physical.map(|physical| physical.uuid))
        .with("forsystemvms", row.for_system_vms)
}
