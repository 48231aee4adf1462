//! Ranges of addresses besides the public ones: portable, of the storage network, of pods.

use super::public_range::{address, require_place, span, uri};
use super::{Behaviour, EventTexts};
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::address_range::{ManagementRange, PodAddress, PortableRange, Span, StorageRange};
use crate::world::kind::{Handle, Kind};
use crate::world::network::Subnet;
use crate::world::table::Id;
use crate::world::zone::Pod;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listPortableIpRanges",
        run: |world, _, arguments| {
            let (wanted, region) = (listing::wanted(arguments)?, arguments.integer("regionid"));
            let matches: Vec<Object> = world
                .portable_ranges
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| region.is_none_or(|region| row.region == region))
                .map(|(_, row)| portable(row))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createPortableIpRange",
        create: Some(|world, _, arguments| {
            let region = arguments.integer("regionid").unwrap_or_default();
            if !world.regions.contains_key(&region) {
                return Err(ApiError::invalid(format!("Invalid region ID: {region}")));
            }
            let wanted = span(arguments)?;
            if world.portable_ranges.iter().any(|(_, row)| row.region == region && row.span.overlaps(wanted))
            {
                return Err(ApiError::invalid(format!(
                    "Ip  range: {}-{} overlaps with a portable IP range already configured in the region {region}",
                    wanted.start, wanted.end
                )));
            }
            let vlan = uri(arguments.filled("vlan").unwrap_or("untagged"));
            let id = world.add_portable_range(region, vlan, wanted);
            Ok(Handle { kind: Kind::PortableRange, id })
        }),
        events: Some(EventTexts {
            scheduled: "creating a portable public ip range in region: {regionid}",
            action: "creating portable ip range",
            created: Some("creating portable ip range"),
        }),
        run: |world, _, arguments| {
            let row = world.portable_ranges.get(arguments.created().unwrap_or_default());
            Ok(Reply::Object(row.map(portable).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deletePortableIpRange",
        events: Some(EventTexts::of("deleting portable ip range")),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            world
                .portable_ranges
                .remove(id)
                .ok_or_else(|| ApiError::invalid("Please specify a valid portable IP range ID."))?;
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listStorageNetworkIpRange",
        run: |world, _, arguments| {
            let (wanted, pod) = (listing::wanted(arguments)?, arguments.id("podid"));
            let zone = arguments.id("zoneid");
            let zone_of = |row: &StorageRange| world.pods.get(row.pod).map(|pod| pod.zone);
            let matches: Vec<Object> = world
                .storage_ranges
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| pod.is_none_or(|pod| row.pod == pod))
                .filter(|(_, row)| zone.is_none_or(|zone| zone_of(row) == Some(zone)))
                .map(|(_, row)| storage(world, row))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createStorageNetworkIpRange",
        events: Some(EventTexts::of("Creating storage ip range from {startip} to {endip}")),
        run: |world, _, arguments| {
            let (pod, _) = pod(world, arguments)?;
            let wanted = span(arguments)?;
            refuse_storage_overlap(world, pod, wanted, None)?;
            let id = world.add_storage_range(pod, arguments.integer("vlan"), wanted);
            Ok(show_storage(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateStorageNetworkIpRange",
        events: Some(EventTexts::of("Update storage ip range {id}")),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let row = world.storage_ranges.get(id).cloned();
            let row = row.ok_or_else(|| ApiError::invalid(format!("Can't find storage ip range {id}")))?;
            let netmask = address(arguments, "netmask")?.unwrap_or(row.span.netmask);
            let start = address(arguments, "startip")?.unwrap_or(row.span.start);
            let end = address(arguments, "endip")?.unwrap_or(row.span.end);
            let subnet = Subnet::of_gateway(row.span.gateway, netmask)
                .ok_or_else(|| ApiError::invalid("Please specify a valid netmask"))?;
            require_place(subnet, start, end)?;
            let wanted = Span { netmask, start, end, ..row.span };
            refuse_storage_overlap(world, row.pod, wanted, Some(id))?;
            if let Some(row) = world.storage_ranges.get_mut(id) {
                row.span = wanted;
                row.vlan = arguments.integer("vlan").or(row.vlan);
            }
            Ok(show_storage(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteStorageNetworkIpRange",
        events: Some(EventTexts::of("Deleting storage ip range {id}")),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            world
                .storage_ranges
                .remove(id)
                .ok_or_else(|| ApiError::invalid(format!("Can't find storage ip range {id}")))?;
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createManagementNetworkIpRange",
        events: Some(EventTexts::of("Creating management ip range from {startip} to {endip}")),
        run: |world, _, arguments| {
            let (id, row) = pod(world, arguments)?;
            let wanted = span(arguments)?;
            if (row.gateway, row.netmask) != (wanted.gateway, wanted.netmask) {
                return Err(ApiError::invalid(
                    "Multiple subnets for the management network of a pod are not supported",
                ));
            }
            let own = Span { start: row.start, end: row.end, ..wanted };
            let overlaps = own.overlaps(wanted)
                || row
                    .more
                    .iter()
                    .any(|range| Span { start: range.start, end: range.end, ..wanted }.overlaps(wanted));
            if overlaps {
                return Err(ApiError::invalid("The range overlaps a management IP range of the pod."));
            }
            let range = ManagementRange {
                vlan: uri(arguments.filled("vlan").unwrap_or("untagged")),
                for_system_vms: arguments.flag("forsystemvms"),
                start: wanted.start,
                end: wanted.end,
            };
            if let Some(row) = world.pods.get_mut(id) {
                row.more.push(range);
            }
            Ok(Reply::Object(world.pods.get(id).map(|row| view::pod(world, row)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteManagementNetworkIpRange",
        events: Some(EventTexts::of(
            "Deleting management ip range from {startip} to {endip} of Pod: {podid}",
        )),
        run: |world, _, arguments| {
            let (id, row) = pod(world, arguments)?;
            let (start, end) = (address(arguments, "startip")?, address(arguments, "endip")?);
            let is_meant = |range: &ManagementRange| Some(range.start) == start && Some(range.end) == end;
            if !row.more.iter().any(is_meant) {
                return Err(ApiError::invalid("The management IP range is not one of the pod's."));
            }
            if let Some(row) = world.pods.get_mut(id) {
                row.more.retain(|range| !is_meant(range));
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "acquirePodIpAddress",
        run: |world, _, arguments| {
            let Some(sent) = arguments.filled("podid") else {
                return Err(ApiError::new(Fault::ResourceAllocation, "Please do not provide NULL podId"));
            };
            let found =
                sent.parse().ok().and_then(|uuid| world.find(uuid)).filter(|row| row.kind == Kind::Pod);
            let pod = found.map(|found| found.id).filter(|id| world.pods.get(*id).is_some());
            let pod = pod.ok_or_else(|| ApiError::invalid(format!("Unable to find pod {sent}")))?;
            let address = world.free_pod_address(pod).ok_or_else(|| {
                ApiError::new(Fault::Capacity, "Unable to get a private address of the pod")
            })?;
            let id = world.pod_addresses.insert(PodAddress { pod, address });
            let row = world.pods.get(pod);
            let subnet = row.and_then(|row| Subnet::of_gateway(row.gateway, row.netmask));
            Ok(Reply::Object(
                Object::new()
                    .with("ipaddress", address)
                    .with("podid", pod)
                    .with("gateway", row.map(|row| row.gateway))
                    .with("cidr", subnet.map(Subnet::cidr))
                    .with("id", id),
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "releasePodIpAddress",
        run: |world, _, arguments| {
            let id = arguments.integer("id").unwrap_or_default();
            let row = u64::try_from(id).ok().and_then(|id| world.pod_addresses.remove(id));
            row.map(|_| Reply::SUCCESS)
                .ok_or_else(|| ApiError::runtime(format!("Unable to find ip address by id:{id}")))
        },
        ..Behaviour::PLAIN
    },
];

/// The pod that `podid` names.
fn pod<'a>(world: &'a World, arguments: &Arguments) -> Result<(Id, &'a Pod), ApiError> {
    let id = arguments.id("podid").unwrap_or_default();
    let row = world.pods.get(id);
    row.map(|row| (id, row)).ok_or_else(|| ApiError::invalid(format!("Unable to find pod by id {id}")))
}

fn refuse_storage_overlap(world: &World, pod: Id, wanted: Span, own: Option<Id>) -> Result<(), ApiError> {
    let clashes = |id: Id, row: &StorageRange| row.pod == pod && Some(id) != own && row.span.overlaps(wanted);
    if world.storage_ranges.iter().any(|(id, row)| clashes(id, row)) {
        return Err(ApiError::invalid("The range overlaps a storage IP range of the pod."));
    }
    Ok(())
}

fn portable(row: &PortableRange) -> Object {
    Object::new()
        .with("id", row.uuid)
        .with("regionid", row.region)
        .with("gateway", row.span.gateway)
        .with("netmask", row.span.netmask)
        .with("vlan", &row.vlan)
        .with("startip", row.span.start)
        .with("endip", row.span.end)
}

fn storage(world: &World, row: &StorageRange) -> Object {
    let pod = world.pods.get(row.pod);
    let zone = pod.and_then(|pod| world.zones.get(pod.zone));
    Object::new()
        .with("id", row.uuid)
        .with("vlan", row.vlan)
        .with("podid", pod.map(|pod| pod.uuid))
        .with("startip", row.span.start)
        .with("endip", row.span.end)
        .with("gateway", row.span.gateway)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("netmask", row.span.netmask)
}

fn show_storage(world: &World, id: Id) -> Reply {
    Reply::Object(world.storage_ranges.get(id).map(|row| storage(world, row)).unwrap_or_default())
}
