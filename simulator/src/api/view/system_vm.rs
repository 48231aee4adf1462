//! System machines.

use std::net::Ipv4Addr;

use crate::reply::Object;
use crate::world::World;
use crate::world::system_vm::{Duty, SystemVm};

/// A system machine. What it has of its host's networks is shown while it runs.
#[must_use]
pub fn system_vm(world: &World, row: &SystemVm) -> Object {
    let zone = world.zones.get(row.zone);
    let pod = world.pods.get(row.pod);
    let host = row.host.and_then(|host| world.hosts.get(host));
    let address = row.public_address.and_then(|address| world.addresses.get(address));
    let range = address.and_then(|address| world.public_ranges.get(address.range));
    let template = world.templates.iter().find(|(_, row)| row.template_type == "SYSTEM").map(|(_, row)| row);
    let offering = row.offering.and_then(|offering| world.service_offerings.get(offering));
    // The control network belongs to the hypervisor; its addresses follow from the number.
    let [.., high, low] = row.number.to_be_bytes();
    let mac = |first: u8| format!("1e:00:{first:02x}:00:{high:02x}:{low:02x}");
    Object::new()
        .with("id", row.uuid)
        .with("systemvmtype", row.duty.name())
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("dns1", zone.map(|zone| zone.dns1.as_str()))
        .with("dns2", zone.and_then(|zone| zone.dns2.as_deref()))
        .with("networkdomain", zone.and_then(|zone| zone.domain.as_deref()))
        .with("gateway", range.map(|range| range.gateway))
        .with("name", &row.name)
        .with("podid", pod.map(|pod| pod.uuid))
        .with("podname", pod.map(|pod| pod.name.as_str()))
        .with("hostid", host.map(|host| host.uuid))
        .with("hostname", host.map(|host| host.name.as_str()))
        .with("hostcontrolstate", host.map(|_| "Enabled"))
        .with("hypervisor", "Simulator")
        .with("privateip", row.private_address)
        .with("privatemacaddress", row.private_address.map(|_| mac(0xbf)))
        .with("privatenetmask", row.private_address.and(pod).map(|pod| pod.netmask))
        .with("linklocalip", host.map(|_| Ipv4Addr::new(169, 254, high, low.max(2))))
        .with("linklocalmacaddress", host.map(|_| format!("0e:00:a9:fe:{high:02x}:{low:02x}")))
        .with("linklocalnetmask", host.map(|_| "255.255.0.0"))
        .with("publicip", address.map(|address| address.address))
        .with("publicmacaddress", address.map(|_| mac(0x4f)))
        .with("publicnetmask", range.map(|range| range.netmask))
        .with("templateid", template.map(|template| template.uuid))
        .with("templatename", template.map(|template| template.name.as_str()))
        .with("created", row.created)
        .with("state", row.state.name())
        .with("activeviewersessions", (row.duty == Duty::ConsoleProxy).then_some(0))
        .with("isdynamicallyscalable", false)
        .with("serviceofferingid", offering.map(|offering| offering.uuid))
        .with("serviceofferingname", offering.map(|offering| offering.name.as_str()))
        .with("arch", "x86_64")
        .with("hasannotations", super::has_annotations(world, row.uuid))
}
