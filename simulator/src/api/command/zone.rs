//! Zones.

use std::net::Ipv4Addr;

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::network::Subnet;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listZones",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let name = arguments.filled("name");
            let network_type = arguments.filled("networktype");
            let only_enabled = !caller.is_root_admin();
            let matches: Vec<Id> = world
                .zones
                .iter()
                .filter(|(_, zone)| zone.enabled || !only_enabled)
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, zone)| name.is_none_or(|name| zone.name.eq_ignore_ascii_case(name)))
                .filter(|(_, zone)| {
                    network_type.is_none_or(|wanted| zone.network_type.eq_ignore_ascii_case(wanted))
                })
                .filter(|(_, zone)| listing::keyword_matches(arguments, &[&zone.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                let shown = world.zones.get(id).map(|row| view::zone(world, id, row)).unwrap_or_default();
                if arguments.flag("showcapacities") { view::with_capacities(world, id, shown) } else { shown }
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createZone",
        events: Some(EventTexts::of("creating zone. Zone Name: {name}")),
        run: |world, _, arguments| {
            let name = arguments.required("name");
            let network_type = ["Advanced", "Basic"]
                .into_iter()
                .find(|known| known.eq_ignore_ascii_case(arguments.required("networktype")))
                .ok_or_else(|| {
                    ApiError::invalid("Invalid zone type; only Advanced and Basic values are supported")
                })?;
            refuse_taken_name(world, name, None)?;
            refuse_bad_addresses(arguments)?;
            if network_type == "Basic" && arguments.has("guestcidraddress") {
                return Err(ApiError::invalid("guestCidrAddress parameter is not supported for Basic zone"));
            }
            let cidr = arguments.filled("guestcidraddress").map(str::to_owned);
            let id = world.add_zone(name, arguments.required("dns1"), cidr);
            let starts_enabled = world.sins(Quirk::ZonesStartEnabled);
            if let Some(zone) = world.zones.get_mut(id) {
                network_type.clone_into(&mut zone.network_type);
                zone.enabled = starts_enabled || arguments.filled("allocationstate") == Some("Enabled");
                zone.security_groups = network_type == "Basic" || arguments.flag("securitygroupenabled");
            }
            change(world, id, arguments);
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateZone",
        about: Some("id"),
        events: Some(EventTexts::of("editing zone. Zone Id: {#}")),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.zones.get(id).is_none() {
                return Err(ApiError::invalid(format!("unable to find zone by id {id}")));
            }
            if let Some(name) = arguments.filled("name") {
                refuse_taken_name(world, name, Some(id))?;
            }
            refuse_bad_addresses(arguments)?;
            let enabled = match arguments.filled("allocationstate") {
                Some(word) if word.eq_ignore_ascii_case("Enabled") => Some(true),
                Some(word) if word.eq_ignore_ascii_case("Disabled") => Some(false),
                Some(word) => {
                    return Err(ApiError::invalid(format!(
                        "Unable to resolve Allocation State '{word}' to a supported state"
                    )));
                }
                None => None,
            };
            if enabled == Some(true) {
                require_traffic(world, id)?;
            }
            change(world, id, arguments);
            if let (Some(zone), Some(enabled)) = (world.zones.get_mut(id), enabled) {
                zone.enabled = enabled;
            }
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteZone",
        about: Some("id"),
        events: Some(EventTexts::of("deleting zone. Zone Id: {#}")),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.zones.get(id).is_none() {
                return Err(ApiError::invalid(format!("A zone with ID: {id} does not exist.")));
            }
            if let Some(reason) = what_keeps(world, id) {
                return Err(ApiError::runtime(format!(
                    "The zone cannot be deleted because there are {reason} in this zone."
                )));
            }
            let stores: Vec<Id> = world
                .image_stores
                .iter()
                .filter(|(_, row)| row.zone == Some(id))
                .map(|(store, _)| store)
                .collect();
            for store in stores {
                world.image_stores.remove(store);
            }
            world.zones.remove(id);
            world.forget_tags(Handle { kind: Kind::Zone, id });
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listHypervisors",
        run: |_, _, _| Ok(Reply::all(vec![Object::new().with("name", "Simulator")])),
        ..Behaviour::PLAIN
    },
];

fn show(world: &World, id: Id) -> Reply {
    Reply::Object(world.zones.get(id).map(|row| view::zone(world, id, row)).unwrap_or_default())
}

fn refuse_taken_name(world: &World, name: &str, own: Option<Id>) -> Result<(), ApiError> {
    if world.zones.iter().any(|(id, zone)| zone.name.eq_ignore_ascii_case(name) && Some(id) != own) {
        return Err(ApiError::invalid(
            "A zone with that name already exists. Please specify a unique zone name.",
        ));
    }
    Ok(())
}

fn refuse_bad_addresses(arguments: &Arguments) -> Result<(), ApiError> {
    for (parameter, word) in [
        ("dns1", "DNS1"),
        ("dns2", "DNS2"),
        ("internaldns1", "internal DNS1"),
        ("internaldns2", "internal DNS2"),
    ] {
        if arguments.filled(parameter).is_some_and(|text| text.parse::<Ipv4Addr>().is_err()) {
            return Err(ApiError::invalid(format!("Please enter a valid IP address for {word}")));
        }
    }
    if arguments.filled("guestcidraddress").is_some_and(|cidr| Subnet::of_cidr(cidr).is_none()) {
        return Err(ApiError::invalid("Please enter a valid guest cidr"));
    }
    Ok(())
}

/// A zone is enabled only when its system machines could be reached and, if it is to have routers,
/// its public addresses.
fn require_traffic(world: &World, id: Id) -> Result<(), ApiError> {
    let Some(zone) = world.zones.get(id) else { return Ok(()) };
    let needs_public = zone.network_type == "Advanced" && !zone.security_groups;
    for traffic in ["Management"].into_iter().chain(needs_public.then_some("Public")) {
        if world.physical_network_for(id, traffic).is_none() {
            return Err(ApiError::invalid(format!(
                "Cannot enable this Zone since: Unable to find the default physical network with traffic={traffic} in \
                 the specified zone id"
            )));
        }
    }
    Ok(())
}

/// Takes over what the parameters say, of a new zone and of an old one.
fn change(world: &mut World, id: Id, arguments: &Arguments) {
    let Some(zone) = world.zones.get_mut(id) else { return };
    let declares = |name: &str| arguments.command().param(name).is_some();
    let told = |name: &str| arguments.filled(name).map(str::to_owned);
    if let Some(name) = told("name") {
        zone.name = name;
    }
    if let Some(dns) = told("dns1") {
        zone.dns1 = dns;
    }
    if let Some(dns) = told("internaldns1") {
        zone.internal_dns1 = dns;
    }
    zone.dns2 = told("dns2").or(zone.dns2.take());
    zone.internal_dns2 = told("internaldns2").or(zone.internal_dns2.take());
    zone.domain = told("domain").or(zone.domain.take());
    zone.guest_cidr = told("guestcidraddress").or(zone.guest_cidr.take());
    if declares("localstorageenabled")
        && let Some(local) = arguments.maybe_flag("localstorageenabled")
    {
        zone.local_storage = local;
    }
}

/// What a zone still has, in the order in which upstream looks.
fn what_keeps(world: &World, id: Id) -> Option<&'static str> {
    if world.pods.iter().any(|(_, row)| row.zone == id) && !world.sins(Quirk::ZonesTakeTheirPods) {
        return Some("pods");
    }
    if world.addresses.iter().any(|(_, row)| row.zone == id && !row.is_free()) {
        return Some("public IP addresses allocated");
    }
    if world.virtual_machines.iter().any(|(_, row)| row.zone == id) {
        return Some("virtual machines running");
    }
    if world.volumes.iter().any(|(_, row)| row.zone == id) {
        return Some("storage volumes");
    }
    world.physical_networks.iter().any(|(_, row)| row.zone == id).then_some("physical networks")
}
