//! Guest networks, network cards and public addresses.

use super::Owned as _;
use crate::api::caller::Caller;
use crate::catalog::service;
use crate::quirk::Quirk;
use crate::reply::{Object, Value};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::network::{Address, Network};
use crate::world::offering::{GuestType, NetworkOffering};
use crate::world::table::Id;
use crate::world::virtual_machine::Nic;

/// A guest network.
#[must_use]
pub fn network(world: &World, id: Id, row: &Network, viewer: Caller) -> Object {
    let tags = super::bare_tags(world, Handle { kind: Kind::Network, id });
    let zone = world.zones.get(row.zone);
    let offering = world.network_offerings.get(row.offering);
    let physical = row.physical_network.and_then(|physical| world.physical_networks.get(physical));
    let full = viewer.is_root_admin();
    let services = offering.map(services).unwrap_or_default();
    let offers = |service: &str| offering.is_some_and(|offering| offering.offers(service));
    let own_router = offering.filter(|row| row.guest_type == GuestType::Isolated && !row.for_vpc);
    let provides = |service: &str, provider: &str| {
        offering.is_some_and(|row| row.services.iter().any(|pair| pair.0 == service && pair.1 == provider))
    };
    let vpc = row.vpc.and_then(|vpc| world.vpcs.get(vpc));
    let acl = row.acl.and_then(|acl| world.acl_lists.get(acl));
    let details = row.hides_addresses.map(|hides| ("hideIpAddressUsage".to_owned(), hides.to_string()));
    let mut object = Object::new()
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
        .with("networkofferingconservemode", offering.map(|offering| offering.conserve_mode))
        .with("networkofferingavailability", offering.map(|offering| offering.availability.as_str()))
        .with("issystem", false)
        .with("state", row.state.name())
        .with("related", row.uuid)
        .with("broadcasturi", row.vlan.filter(|_| full).map(|vlan| format!("vlan://{vlan}")))
        .with("dns1", zone.map(|zone| zone.dns1.as_str()))
        .with("dns2", zone.and_then(|zone| zone.dns2.as_deref()))
        .with("type", row.guest_type.name())
        .with("vlan", row.vlan.filter(|_| full).map(|vlan| vlan.to_string()))
        .with("acltype", if row.subdomain_access.is_some() { "Domain" } else { "Account" })
        .with("subdomainaccess", row.subdomain_access);
    let mut owner = Object::new().with_owner(world, row.owner);
    // What a whole domain may use is no account's.
    owner.fields.retain(|field| row.subdomain_access.is_none() || field.name != "account");
    object.fields.extend(owner.fields);
    object
        .with("service", services)
        .with("networkdomain", (!row.domain.is_empty()).then_some(row.domain.as_str()))
        .with("physicalnetworkid", physical.map(|physical| physical.uuid))
        .with("restartrequired", row.restart_required)
        .with("specifyvlan", offering.is_some_and(|offering| offering.specify_vlan))
        .with("specifyipranges", offering.is_some_and(|offering| offering.specify_ranges))
        .with("vpcid", vpc.map(|vpc| vpc.uuid))
        .with("vpcname", vpc.map(|vpc| vpc.name.as_str()))
        .with("canusefordeploy", true)
        .with("ispersistent", offering.is_some_and(|offering| offering.persistent))
        .with("tags", tags)
        .with("details", full.then(|| details.into_iter().collect::<Vec<_>>()))
        .with("displaynetwork", full.then_some(true))
        .with("aclid", acl.map(|acl| acl.uuid))
        .with("aclname", acl.map(|acl| acl.name.as_str()))
        .with("strechedl2subnet", false)
        .with("redundantrouter", row.redundant && row.vpc.is_none())
        .with("supportsvmautoscaling", offers("Lb") && !provides("Lb", "InternalLbVm"))
        .with("created", row.created)
        .with("receivedbytes", 0)
        .with("sentbytes", 0)
        .with("egressdefaultpolicy", own_router.map(|offering| offering.egress_allowed))
        .with("publicmtu", 1500)
        .with("privatemtu", 1500)
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// The services of an offering, with what their providers can do.
fn services(offering: &NetworkOffering) -> Vec<Object> {
    let own = |capability: &str| match capability {
        "RedundantRouter" if offering.redundant => Some("true"),
        "SupportedLBIsolation" if !offering.dedicated_balancer => Some("shared"),
        "AssociatePublicIP" if !offering.is_default => Some("false"),
        _ => None,
    };
    let listed = service::facts().iter().filter_map(|fact| {
        let (name, provider) = offering
            .services
            .iter()
            .find(|(name, provider)| *name == fact.service && *provider == fact.provider)?;
        let capabilities: Vec<Object> = fact
            .capabilities
            .iter()
            .map(|capability| {
                Object::new()
                    .with("name", &capability.name)
                    .with("value", own(&capability.name).unwrap_or(&capability.value))
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
    let vpc = network.and_then(|network| network.vpc).and_then(|vpc| world.vpcs.get(vpc));
    let uri = row.vlan.filter(|_| viewer.is_root_admin() || on_a_host).map(|vlan| format!("vlan://{vlan}"));
    let secondary: Vec<Object> = row
        .secondary
        .iter()
        .map(|one| Object::new().with("id", one.uuid).with("ipaddress", one.address))
        .collect();
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
        .with("vpcid", vpc.map(|vpc| vpc.uuid))
        .with("vpcname", vpc.map(|vpc| vpc.name.as_str()))
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
    let machine = row.static_nat.and_then(|nat| world.virtual_machines.get(nat.machine));
    let physical =
        world.physical_networks.iter().find(|(_, physical)| physical.zone == row.zone).map(|(_, row)| row);
    let tags = super::bare_tags(world, Handle { kind: Kind::Address, id });
    let vpc = row.vpc.and_then(|vpc| world.vpcs.get(vpc));
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
        .with("virtualmachinetype", machine.map(|_| "User"))
        .with("vmipaddress", row.static_nat.map(|nat| nat.guest_address))
        .with("virtualmachinename", machine.map(|machine| machine.name.as_str()))
        .with("virtualmachinedisplayname", machine.map(|machine| machine.shown_name()))
        .with("associatednetworkid", network.map(|network| network.uuid))
        .with("associatednetworkname", network.map(|network| network.name.as_str()))
        .with("networkid", range.map(|range| range.network))
        .with("state", row.state.name())
        .with("physicalnetworkid", physical.map(|physical| physical.uuid))
        .with("vpcid", vpc.map(|vpc| vpc.uuid))
        .with("vpcname", vpc.map(|vpc| vpc.name.as_str()))
        .with("tags", tags)
        .with("isportable", false)
        .with_admin("fordisplay", row.display)
        .with("hasrules", has_rules)
        .with("forsystemvms", false)
        .with("forprovider", false)
        .with("hasannotations", super::has_annotations(world, row.uuid))
}
