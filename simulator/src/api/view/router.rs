//! Virtual routers.

use std::net::Ipv4Addr;

use super::Owned as _;
use crate::quirk::Quirk;
use crate::reply::Object;
use crate::world::kind::Handle;
use crate::world::network::Network;
use crate::world::offering::GuestType;
use crate::world::router::Router;
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;
use crate::world::vpc::Vpc;
use crate::world::{Owner, World};

/// A virtual router: that of a VPC has a card in each tier that is in use.
#[must_use]
pub fn router(world: &World, router: Handle) -> Option<Object> {
    let row = world.router(router)?;
    let place = if router.kind.is_of_vpc() {
        let vpc = world.vpcs.get(router.id)?;
        let tiers = world.tiers(router.id).filter_map(|tier| world.networks.get(tier));
        let networks = tiers.filter_map(|tier| Some((tier, tier.seat(router.kind).as_ref()?))).collect();
        Place { zone: vpc.zone, owner: vpc.owner, networks, vpc: Some(vpc) }
    } else {
        let network = world.networks.get(router.id)?;
        Place { zone: network.zone, owner: network.owner, networks: vec![(network, row)], vpc: None }
    };
    Some(shown(world, row, &place))
}

/// What a router serves.
struct Place<'a> {
    zone: Id,
    owner: Owner,
    /// Its networks, with what it is there.
    networks: Vec<(&'a Network, &'a Router)>,
    vpc: Option<&'a Vpc>,
}

/// A card in a network that the router serves.
fn guest_nic(network: &Network, row: &Router, mac: &str) -> Object {
    let uri = network.vlan.filter(|_| is_placed(row)).map(|vlan| format!("vlan://{vlan}"));
    Object::new()
        .with("id", row.nics[0])
        .with("networkid", network.uuid)
        .with("networkname", &network.name)
        .with("netmask", network.subnet.map(|subnet| subnet.netmask()))
        .with("ipaddress", row.guest_address)
        .with("isolationuri", uri.clone())
        .with("broadcasturi", uri)
        .with("traffictype", "Guest")
        .with("type", network.guest_type.name())
        .with("isdefault", false)
        .with("macaddress", mac)
        .with("mtu", 1500)
}

/// A stopped one is on no host.
fn is_placed(row: &Router) -> bool {
    row.state != MachineState::Stopped
}

fn shown(world: &World, row: &Router, place: &Place<'_>) -> Object {
    // One that only starts has no address on the control network yet.
    let (is_placed, is_wired) = (is_placed(row), row.serves());
    let zone = world.zones.get(place.zone);
    let host = world.hosts.iter().find(|(_, host)| host.zone == place.zone).map(|(_, host)| host);
    let pod = host.and_then(|host| world.pods.get(host.pod));
    let range =
        world.public_ranges.iter().find(|(_, range)| range.zone == place.zone).map(|(_, range)| range);
    let range = range.filter(|_| row.public_address.is_some());
    let default = || {
        let mut all = world.service_offerings.iter();
        all.find(|(_, offering)| offering.system_vm_type.as_deref() == Some("domainrouter"))
            .map(|(_, row)| row)
    };
    let offering = row.service_offering.and_then(|id| world.service_offerings.get(id)).or_else(default);
    let network = place.networks.first().map(|(network, _)| *network);
    let netmask = network.and_then(|network| network.subnet).map(|subnet| subnet.netmask());
    // The control network belongs to the hypervisor; its addresses follow from the router's number.
    let [.., high, low] = row.number.to_be_bytes();
    let control = Ipv4Addr::new(169, 254, high, low.max(2));
    let control_mac = format!("0e:00:a9:fe:{high:02x}:{low:02x}");
    let public_mac = format!("1e:00:{high:02x}:00:00:{low:02x}");
    let guest_mac = format!("02:01:{high:02x}:{low:02x}:00:02");
    let control_nic = Object::new()
        .with("id", row.nics[1])
        .with("networkid", row.control_network)
        .with("netmask", is_wired.then_some("255.255.0.0"))
        .with("gateway", is_wired.then_some("169.254.0.1"))
        .with("ipaddress", is_wired.then_some(control))
        .with("traffictype", "Control")
        .with("isdefault", false)
        .with("macaddress", is_wired.then_some(control_mac.as_str()));
    let public_nic = range.map(|range| {
        Object::new()
            .with("id", row.nics[2])
            .with("networkid", range.network)
            .with("netmask", range.netmask)
            .with("gateway", range.gateway)
            .with("ipaddress", row.public_address)
            .with("isolationuri", &range.vlan)
            .with("broadcasturi", &range.vlan)
            .with("traffictype", "Public")
            .with("isdefault", true)
            .with("macaddress", &public_mac)
            .with("mtu", 1500)
    });
    let mut nics: Vec<Object> =
        place.networks.iter().map(|(network, row)| guest_nic(network, row, &guest_mac)).collect();
    nics.push(control_nic);
    nics.extend(public_nic);
    let guest_address = place.networks.first().map(|(_, row)| row.guest_address);
    let is_paired =
        network.is_some_and(|network| network.redundant) || place.vpc.is_some_and(|vpc| world.is_paired(vpc));
    let redundant_state = match network {
        _ if world.sins(Quirk::RoutersAreMasters) => "MASTER",
        Some(network) => network.redundant_state(row),
        None => "UNKNOWN",
    };
    let is_shared = network.is_some_and(|network| network.guest_type == GuestType::Shared);
    Object::new()
        .with("id", row.uuid)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("dns1", zone.map(|zone| zone.dns1.as_str()))
        .with("dns2", zone.and_then(|zone| zone.dns2.as_deref()))
        .with("networkdomain", network.map(|network| network.domain.as_str()))
        .with("gateway", range.map(|range| range.gateway))
        .with("name", world.router_name(row))
        .with("podid", pod.map(|pod| pod.uuid))
        .with("podname", pod.map(|pod| pod.name.as_str()))
        .with("hostid", host.filter(|_| is_placed).map(|host| host.uuid))
        .with("hostname", host.filter(|_| is_placed).map(|host| host.name.as_str()))
        .with("hostcontrolstate", host.filter(|_| is_placed).map(|_| "Enabled"))
        .with("hypervisor", is_placed.then_some("Simulator"))
        .with("linklocalip", is_wired.then_some(control))
        .with("linklocalmacaddress", is_wired.then_some(control_mac.as_str()))
        .with("linklocalnetmask", is_wired.then_some("255.255.0.0"))
        .with("linklocalnetworkid", row.control_network)
        .with("publicip", row.public_address)
        .with("publicmacaddress", range.map(|_| public_mac.as_str()))
        .with("publicnetmask", range.map(|range| range.netmask))
        .with("publicnetworkid", range.map(|range| range.network))
        .with("guestipaddress", guest_address)
        .with("guestmacaddress", network.map(|_| guest_mac.as_str()))
        .with("guestnetmask", netmask)
        .with("guestnetworkid", network.map(|network| network.uuid))
        .with("guestnetworkname", network.map(|network| network.name.as_str()))
        .with("templateid", row.template)
        .with("templatename", "SystemVM Template (simulator)")
        .with("created", row.created)
        .with("state", row.state.name())
        .with_owner(world, place.owner)
        .with("serviceofferingid", offering.map(|offering| offering.uuid))
        .with("serviceofferingname", offering.map(|offering| offering.name.as_str()))
        .with("isredundantrouter", is_paired)
        .with("redundantstate", redundant_state)
        .with("version", "4.10.0")
        .with("scriptsversion", row.scripts)
        .with("vpcid", place.vpc.map(|vpc| vpc.uuid))
        .with("vpcname", place.vpc.map(|vpc| vpc.name.as_str()))
        .with("role", if is_shared { "DHCP_USERDATA" } else { "VIRTUAL_ROUTER" })
        .with("nic", nics)
        .with("requiresupgrade", false)
        .with("healthchecksfailed", false)
        .with("softwareversion", world.release.to_string())
        .with("arch", "x86_64")
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// A virtual router that was just destroyed: it has no cards and no network any more.
#[must_use]
pub fn destroyed_router(mut object: Object) -> Object {
    let gone = |name: &str| {
        matches!(name, "networkdomain" | "gateway" | "hypervisor")
            || ["host", "linklocal", "public", "guest"].iter().any(|prefix| name.starts_with(prefix))
    };
    object.fields.retain(|field| !gone(field.name));
    for field in &mut object.fields {
        match field.name {
            "nic" => field.value = Vec::<Object>::new().into(),
            "state" => field.value = "Destroyed".into(),
            _ => {}
        }
    }
    object
}
