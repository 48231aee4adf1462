//! Virtual routers.

use std::net::Ipv4Addr;

use super::Owned as _;
use crate::reply::Object;
use crate::world::World;
use crate::world::network::{Network, Router};
use crate::world::offering::GuestType;

/// The virtual router of a network.
#[must_use]
pub fn router(world: &World, network: &Network, row: &Router) -> Object {
    let zone = world.zones.get(network.zone);
    let host = world.hosts.iter().find(|(_, host)| host.zone == network.zone).map(|(_, host)| host);
    let pod = host.and_then(|host| world.pods.get(host.pod));
    let range =
        world.public_ranges.iter().find(|(_, range)| range.zone == network.zone).map(|(_, range)| range);
    let range = range.filter(|_| row.public_address.is_some());
    let offering = world
        .service_offerings
        .iter()
        .find(|(_, offering)| offering.system_vm_type.as_deref() == Some("domainrouter"))
        .map(|(_, offering)| offering);
    let netmask = network.subnet.map(|subnet| subnet.netmask());
    let uri = network.vlan.map(|vlan| format!("vlan://{vlan}"));
    // The control network belongs to the hypervisor; its addresses follow from the router's number.
    let [.., high, low] = row.number.to_be_bytes();
    let control = Ipv4Addr::new(169, 254, high, low.max(2));
    let control_mac = format!("0e:00:a9:fe:{high:02x}:{low:02x}");
    let public_mac = format!("1e:00:{high:02x}:00:00:{low:02x}");
    let guest_mac = format!("02:01:{high:02x}:{low:02x}:00:02");
    let guest_nic = Object::new()
        .with("id", row.nics[0])
        .with("networkid", network.uuid)
        .with("networkname", &network.name)
        .with("netmask", netmask)
        .with("ipaddress", row.guest_address)
        .with("isolationuri", uri.clone())
        .with("broadcasturi", uri)
        .with("traffictype", "Guest")
        .with("type", network.guest_type.name())
        .with("isdefault", false)
        .with("macaddress", &guest_mac)
        .with("mtu", 1500);
    let control_nic = Object::new()
        .with("id", row.nics[1])
        .with("networkid", row.control_network)
        .with("netmask", "255.255.0.0")
        .with("gateway", "169.254.0.1")
        .with("ipaddress", control)
        .with("traffictype", "Control")
        .with("isdefault", false)
        .with("macaddress", &control_mac);
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
    let mut nics = vec![guest_nic, control_nic];
    nics.extend(public_nic);
    Object::new()
        .with("id", row.uuid)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("dns1", zone.map(|zone| zone.dns1.as_str()))
        .with("dns2", zone.and_then(|zone| zone.dns2.as_deref()))
        .with("networkdomain", &network.domain)
        .with("gateway", range.map(|range| range.gateway))
        .with("name", format!("r-{}-{}", row.number, world.settings.text("instance.name")))
        .with("podid", pod.map(|pod| pod.uuid))
        .with("podname", pod.map(|pod| pod.name.as_str()))
        .with("hostid", host.map(|host| host.uuid))
        .with("hostname", host.map(|host| host.name.as_str()))
        .with("hostcontrolstate", host.map(|_| "Enabled"))
        .with("hypervisor", "Simulator")
        .with("linklocalip", control)
        .with("linklocalmacaddress", &control_mac)
        .with("linklocalnetmask", "255.255.0.0")
        .with("linklocalnetworkid", row.control_network)
        .with("publicip", row.public_address)
        .with("publicmacaddress", range.map(|_| public_mac.as_str()))
        .with("publicnetmask", range.map(|range| range.netmask))
        .with("publicnetworkid", range.map(|range| range.network))
        .with("guestipaddress", row.guest_address)
        .with("guestmacaddress", &guest_mac)
        .with("guestnetmask", netmask)
        .with("guestnetworkid", network.uuid)
        .with("guestnetworkname", &network.name)
        .with("templateid", row.template)
        .with("templatename", "SystemVM Template (simulator)")
        .with("created", row.created)
        .with("state", "Running")
        .with_owner(world, network.owner)
        .with("serviceofferingid", offering.map(|offering| offering.uuid))
        .with("serviceofferingname", offering.map(|offering| offering.name.as_str()))
        .with("isredundantrouter", false)
        .with("redundantstate", "UNKNOWN")
        .with("version", "4.10.0")
        .with("scriptsversion", row.scripts)
        .with(
            "role",
            if network.guest_type == GuestType::Shared { "DHCP_USERDATA" } else { "VIRTUAL_ROUTER" },
        )
        .with("nic", nics)
        .with("requiresupgrade", false)
        .with("healthchecksfailed", false)
        .with("softwareversion", "4.22.0.0")
        .with("arch", "x86_64")
        .with("hasannotations", false)
}
