//! Guest networks, network cards and public addresses.

use super::Owned as _;
use crate::api::caller::Caller;
use crate::catalog::service;
use crate::quirk::Quirk;
use crate::reply::{Object, Value};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::network::{Address, Network};
use crate::world::offering::GuestType;
use crate::world::table::Id;
use crate::world::virtual_machine::Nic;

/// A guest network.
#[must_use]
pub fn network(world: &World, id: Id, row: &Network, viewer: Caller) -> Object {
    let tags = super::tags(world, Handle { kind: Kind::Network, id });
    let zone = world.zones.get(row.zone);
    let offering = world.network_offerings.get(row.offering);
    let physical = row.physical_network.and_then(|physical| world.physical_networks.get(physical));
    let full = viewer.is_root_admin();
    let services = offering.map(|offering| services(&offering.services)).unwrap_or_default();
    let offers = |service: &str| {
        offering.is_some_and(|offering| offering.services.iter().any(|(name, _)| name == service))
    };
    let details = row.hides_addresses.map(|hides| ("hideIpAddressUsage".to_owned(), hides.to_string()));
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("displaytext", &row.display_text)
        .with("broadcastdomaintype", "Vlan")
        .with("traffictype", "Guest")
        .with("gateway", row.subnet.map(|subnet| subnet.gateway))
        .with("netmask", row.subnet.map(|subnet| subnet.netmask()))
        .with("cidr", row.subnet.map(|subnet| subnet.cidr()))
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("networkofferingid", offering.map(|offering| offering.uuid))
        .with("networkofferingname", offering.map(|offering| offering.name.as_str()))
        .with("networkofferingdisplaytext", offering.map(|offering| offering.display_text.as_str()))
        .with("networkofferingconservemode", true)
        .with("networkofferingavailability", offering.map(|offering| offering.availability.as_str()))
        .with("issystem", false)
        .with("state", row.state.name())
        .with("related", row.uuid)
        .with("broadcasturi", row.vlan.filter(|_| full).map(|vlan| format!("vlan://{vlan}")))
        .with("dns1", zone.map(|zone| zone.dns1.as_str()))
        .with("dns2", zone.and_then(|zone| zone.dns2.as_deref()))
        .with("type", row.guest_type.name())
        .with("vlan", row.vlan.filter(|_| full).map(|vlan| vlan.to_string()))
        .with("acltype", if row.guest_type == GuestType::Shared { "Domain" } else { "Account" })
        .with_owner(world, row.owner)
        .with("service", services)
        .with("networkdomain", &row.domain)
        .with("physicalnetworkid", physical.map(|physical| physical.uuid))
        .with("restartrequired", row.restart_required)
        .with("specifyvlan", offering.is_some_and(|offering| offering.specify_vlan))
        .with("specifyipranges", row.guest_type == GuestType::Shared)
        .with("canusefordeploy", true)
        .with("ispersistent", offering.is_some_and(|offering| offering.persistent))
        .with("tags", tags)
        .with("details", full.then(|| details.into_iter().collect::<Vec<_>>()))
        .with("displaynetwork", full.then_some(true))
        .with("strechedl2subnet", false)
        .with("redundantrouter", false)
        .with("supportsvmautoscaling", offers("Lb"))
        .with("created", row.created)
        .with("receivedbytes", 0)
        .with("sentbytes", 0)
        .with(
            "egressdefaultpolicy",
            offers("Firewall").then(|| offering.is_some_and(|row| row.egress_allowed)),
        )
        .with("publicmtu", 1500)
        .with("privatemtu", 1500)
        .with("hasannotations", false)
}

/// The services of an offering, with what their providers can do.
fn services(offered: &[(String, String)]) -> Vec<Object> {
    let listed = service::facts().iter().filter_map(|fact| {
        let (name, provider) =
            offered.iter().find(|(name, provider)| *name == fact.service && *provider == fact.provider)?;
        let capabilities: Vec<Object> = fact
            .capabilities
            .iter()
            .map(|capability| {
                Object::new()
                    .with("name", &capability.name)
                    .with("value", &capability.value)
                    .with("canchooseservicecapability", capability.choosable)
            })
            .collect();
        Some(
            Object::new()
                .with("name", name)
                .with("provider", vec![Object::new().with("name", provider)])
                .with("capability", capabilities),
        )
    });
    listed.collect()
}

/// A network card. The VLAN is for root administrators, and only while the machine has a host.
#[must_use]
pub fn nic(world: &World, row: &Nic, on_a_host: bool, viewer: Caller) -> Object {
    let network = world.networks.get(row.network);
    let subnet = network.and_then(|network| network.subnet);
    let uri = row.vlan.filter(|_| viewer.is_root_admin() || on_a_host).map(|vlan| format!("vlan://{vlan}"));
    let secondary: Vec<Object> =
        row.secondary.iter().map(|address| Object::new().with("ipaddress", *address)).collect();
    Object::new()
        .with("id", row.uuid)
        .with("networkid", network.map(|network| network.uuid))
        .with("networkname", network.map(|network| network.name.as_str()))
        .with("netmask", subnet.map(|subnet| subnet.netmask()))
        .with("gateway", subnet.map(|subnet| subnet.gateway))
        .with("ipaddress", row.address)
        .with("isolationuri", uri.clone())
        .with("broadcasturi", uri)
        .with("traffictype", "Guest")
        .with("type", network.map(|network| network.guest_type.name()))
        .with("isdefault", row.is_default || world.sins(Quirk::EveryCardIsDefault))
        .with("macaddress", &row.mac)
        .with("secondaryip", secondary)
        .with("extradhcpoption", Vec::<Object>::new())
        .with("deviceid", if world.sins(Quirk::SlotIsANumber) { row.device.into() } else { slot(row) })
}

fn slot(row: &Nic) -> Value {
    row.device.to_string().into()
}

/// A public address. Its VLAN is in the full view only.
#[must_use]
pub fn address(world: &World, id: Id, row: &Address, full: bool) -> Object {
    let zone = world.zones.get(row.zone);
    let range = world.public_ranges.get(row.range);
    let network = row.network.and_then(|network| world.networks.get(network));
    let machine = row.static_nat.and_then(|machine| world.virtual_machines.get(machine));
    let physical =
        world.physical_networks.iter().find(|(_, physical)| physical.zone == row.zone).map(|(_, row)| row);
    let tags = super::tags(world, Handle { kind: Kind::Address, id });
    let has_rules = world.firewall_rules.iter().any(|(_, rule)| rule.address == Some(id));
    let owner = Object::new().with_owner(world, row.owner);
    let mut object = Object::new()
        .with("id", row.uuid)
        .with("ipaddress", row.address)
        .with("allocated", row.allocated)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("issourcenat", row.source_nat);
    if !row.is_free() {
        object.fields.extend(owner.fields);
    }
    object
        .with("forvirtualnetwork", true)
        .with("vlanid", range.filter(|_| full).map(|range| range.uuid))
        .with("vlanname", range.filter(|_| full).map(|range| range.vlan.as_str()))
        .with("isstaticnat", row.static_nat.is_some())
        .with("issystem", false)
        .with("virtualmachineid", machine.map(|machine| machine.uuid))
        .with("virtualmachinename", machine.map(|machine| machine.name.as_str()))
        .with("virtualmachinedisplayname", machine.map(|machine| machine.shown_name()))
        .with("associatednetworkid", network.map(|network| network.uuid))
        .with("associatednetworkname", network.map(|network| network.name.as_str()))
        .with("networkid", range.map(|range| range.network))
        .with("state", row.state.name())
        .with("physicalnetworkid", physical.map(|physical| physical.uuid))
        .with("tags", tags)
        .with("isportable", false)
        .with("fordisplay", row.display)
        .with("hasrules", has_rules)
        .with("forsystemvms", false)
        .with("forprovider", false)
        .with("hasannotations", false)
}
