//! Offerings.

use uuid::Uuid;

use super::Behaviour;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::offering::{GuestType, NetworkOffering, NewServiceOffering};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listServiceOfferings",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let name = arguments.filled("name");
            let system = arguments.flag("issystem");
            let matches: Vec<Id> = world
                .service_offerings
                .iter()
                .filter(|(_, row)| row.active && row.system_vm_type.is_some() == system)
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name, &row.display_text]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                world
                    .service_offerings
                    .get(id)
                    .map(|row| view::service_offering(world, row, *caller))
                    .unwrap_or_default()
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createServiceOffering",
        run: |world, caller, arguments| {
            let name = arguments.required("name").to_owned();
            let (cores, speed, memory) = (
                size(arguments, "cpunumber", &name, "cpu number")?,
                size(arguments, "cpuspeed", &name, "cpu speed")?,
                size(arguments, "memory", &name, "memory")?,
            );
            let given = [cores, speed, memory].iter().flatten().count();
            if given != 0 && (cores.is_none() || memory.is_none()) {
                return Err(ApiError::invalid(
                    "For creating a custom compute offering cpu and memory all should be null",
                ));
            }
            require_cache_mode(arguments)?;
            let display_text = arguments.filled("displaytext").map_or_else(|| name.clone(), str::to_owned);
            let system_vm_type = arguments
                .flag("issystem")
                .then(|| arguments.filled("systemvmtype").unwrap_or("domainrouter").to_owned());
            let id = world.add_service_offering(NewServiceOffering {
                name,
                display_text,
                cores,
                speed,
                memory,
                storage_type: arguments.filled("storagetype").unwrap_or("shared").to_owned(),
                system_vm_type,
            });
            if let Some(row) = world.service_offerings.get_mut(id) {
                row.ha = arguments.flag("offerha");
                row.storage_tags = arguments.filled("tags").map(str::to_owned);
                row.host_tags = arguments.filled("hosttags").map(str::to_owned);
            }
            let row = world.service_offerings.get(id);
            Ok(Reply::Object(row.map(|row| view::service_offering(world, row, *caller)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateServiceOffering",
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.service_offerings.get_mut(id).filter(|row| row.active) else {
                return Err(ApiError::invalid(format!("unable to find service offering {id}")));
            };
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut row.name);
            }
            if let Some(text) = arguments.filled("displaytext") {
                text.clone_into(&mut row.display_text);
            }
            if let Some(tags) = arguments.filled("storagetags") {
                row.storage_tags = Some(tags.to_owned());
            }
            if let Some(tags) = arguments.filled("hosttags") {
                row.host_tags = Some(tags.to_owned());
            }
            let row = world.service_offerings.get(id);
            Ok(Reply::Object(row.map(|row| view::service_offering(world, row, *caller)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteServiceOffering",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            // The row stays for the machines that have it, and may be deleted again.
            let Some(row) = world.service_offerings.get_mut(id) else {
                return Err(ApiError::invalid(format!("unable to find service offering {id}")));
            };
            if row.default_use {
                return Err(ApiError::invalid("Default service offerings cannot be deleted."));
            }
            row.active = false;
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createDiskOffering",
        run: |world, _, arguments| {
            let name = arguments.required("name");
            let size = arguments.integer("disksize").and_then(|size| u64::try_from(size).ok());
            let custom = arguments.flag("customized");
            match (custom, size) {
                (false, None | Some(0)) => {
                    return Err(ApiError::invalid("Disksize is required for a non-customized disk offering"));
                }
                (true, Some(_)) => {
                    return Err(ApiError::invalid("Disksize is not allowed for a customized disk offering"));
                }
                _ => {}
            }
            require_cache_mode(arguments)?;
            let text = arguments.filled("displaytext").unwrap_or(name);
            let kind = arguments.filled("storagetype").unwrap_or("shared");
            let id = world.add_disk_offering(name, text, size, kind);
            if let Some(row) = world.disk_offerings.get_mut(id) {
                row.storage_tags = arguments.filled("tags").map(str::to_owned);
            }
            Ok(Reply::Object(world.disk_offerings.get(id).map(view::disk_offering).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateDiskOffering",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.disk_offerings.get_mut(id).filter(|row| row.active) else {
                return Err(ApiError::invalid(format!("Unable to find disk offering by id {id}")));
            };
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut row.name);
            }
            if let Some(text) = arguments.filled("displaytext") {
                text.clone_into(&mut row.display_text);
            }
            if let Some(tags) = arguments.filled("tags") {
                row.storage_tags = Some(tags.to_owned());
            }
            Ok(Reply::Object(view::disk_offering(row)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteDiskOffering",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.disk_offerings.get_mut(id) else {
                return Err(ApiError::invalid(format!("Unable to find disk offering by id {id}")));
            };
            row.active = false;
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createNetworkOffering",
        run: |world, _, arguments| {
            let offering = network_offering(world, arguments)?;
            let id = world.add_network_offering(offering);
            Ok(shown_network_offering(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateNetworkOffering",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let enabled = match arguments.filled("state") {
                None => None,
                Some(word) if word.eq_ignore_ascii_case("Enabled") => Some(true),
                Some(word) if word.eq_ignore_ascii_case("Disabled") => Some(false),
                Some(word) => {
                    return Err(ApiError::invalid(format!("Incorrect state value: {word}")));
                }
            };
            let Some(row) = world.network_offerings.get_mut(id) else {
                return Err(ApiError::invalid(format!("unable to find network offering {id}")));
            };
            if let Some(enabled) = enabled {
                row.enabled = enabled;
            }
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut row.name);
            }
            if let Some(text) = arguments.filled("displaytext") {
                text.clone_into(&mut row.display_text);
            }
            if let Some(word) = arguments.filled("availability") {
                word.clone_into(&mut row.availability);
            }
            Ok(shown_network_offering(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteNetworkOffering",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.network_offerings.get(id) else {
                return Err(ApiError::invalid(format!("unable to find network offering {id}")));
            };
            if row.is_default {
                return Err(ApiError::invalid("Default network offering can't be deleted"));
            }
            if world.is_network_offering_in_use(id) {
                return Err(ApiError::invalid(
                    "Can't delete network offering as its used by networks. To make the network offering \
                     unavailable, disable it",
                ));
            }
            world.network_offerings.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listDiskOfferings",
        run: |world, _, arguments| {
            let wanted = listing::wanted(arguments)?;
            let name = arguments.filled("name");
            let matches: Vec<Object> = world
                .disk_offerings
                .iter()
                .filter(|(_, row)| row.active && !row.compute_only)
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name, &row.display_text]))
                .map(|(_, row)| view::disk_offering(row))
                .collect();
            listing::page(world, arguments, matches, |row| row)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listNetworkOfferings",
        run: |world, _, arguments| {
            let wanted = listing::wanted(arguments)?;
            let (name, state) = (arguments.filled("name"), arguments.filled("state"));
            let guest_type = arguments.filled("guestiptype");
            let for_vpc = arguments.maybe_flag("forvpc");
            let matches: Vec<Object> = world
                .network_offerings
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| {
                    state.is_none_or(|state| state.eq_ignore_ascii_case("Enabled") == row.enabled)
                })
                .filter(|(_, row)| {
                    guest_type.is_none_or(|wanted| row.guest_type.name().eq_ignore_ascii_case(wanted))
                })
                .filter(|(_, row)| for_vpc.is_none_or(|wanted| row.for_vpc == wanted))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name, &row.display_text]))
                .map(|(_, row)| view::network_offering(world, row))
                .collect();
            listing::page(world, arguments, matches, |row| row)
        },
        ..Behaviour::PLAIN
    },
];

/// A size of a compute offering: none where the buyer chooses.
fn size(arguments: &Arguments, name: &str, offering: &str, shown: &str) -> Result<Option<u32>, ApiError> {
    match arguments.integer(name) {
        None => Ok(None),
        Some(number) => u32::try_from(number).ok().filter(|number| *number > 0).map(Some).ok_or_else(|| {
            ApiError::invalid(format!(
                "Failed to create service offering {offering}: specify the {shown} value between 1 and {}",
                i32::MAX
            ))
        }),
    }
}

fn require_cache_mode(arguments: &Arguments) -> Result<(), ApiError> {
    const MODES: [&str; 4] = ["none", "writeback", "writethrough", "hypervisor_default"];
    match arguments.filled("cachemode") {
        Some(mode) if !MODES.iter().any(|known| known.eq_ignore_ascii_case(mode)) => {
            Err(ApiError::invalid(format!(
                "Invalid cache mode ({mode}). Please specify one of the following valid cache mode parameters: none, \
                 writeback, writethrough or hypervisor_default."
            )))
        }
        _ => Ok(()),
    }
}

/// The network offering that the parameters describe; it starts disabled.
fn network_offering(world: &World, arguments: &Arguments) -> Result<NetworkOffering, ApiError> {
    let guest_type = match arguments.required("guestiptype").to_lowercase().as_str() {
        "isolated" => GuestType::Isolated,
        "shared" => GuestType::Shared,
        "l2" => GuestType::L2,
        _ => {
            return Err(ApiError::invalid(format!(
                "Invalid \"type\" parameter is given; can have {}, {} and {} values",
                GuestType::Shared.name(),
                GuestType::Isolated.name(),
                GuestType::L2.name()
            )));
        }
    };
    let ranges = arguments.flag("specifyipranges");
    if guest_type == GuestType::Shared && !ranges {
        return Err(ApiError::invalid("SpecifyIpRanges should always be true for Shared network offerings"));
    }
    let for_vpc = arguments.flag("forvpc");
    let providers = arguments.grouped("serviceproviderlist");
    let standard = if for_vpc { "VpcVirtualRouter" } else { "VirtualRouter" };
    let services = arguments
        .texts("supportedservices")
        .iter()
        .map(|service| {
            let provider = providers
                .iter()
                .find(|group| group.get("service").is_some_and(|name| name.eq_ignore_ascii_case(service)))
                .and_then(|group| group.get("provider"));
            (service.clone(), provider.cloned().unwrap_or_else(|| standard.to_owned()))
        })
        .collect();
    let name = arguments.required("name");
    let isolated = guest_type == GuestType::Isolated;
    Ok(NetworkOffering {
        uuid: Uuid::nil(),
        name: name.to_owned(),
        display_text: arguments.filled("displaytext").unwrap_or(name).to_owned(),
        guest_type,
        availability: arguments.filled("availability").unwrap_or("Optional").to_owned(),
        services,
        specify_vlan: arguments.flag("specifyvlan"),
        specify_ranges: ranges,
        persistent: arguments.flag("ispersistent"),
        egress_allowed: arguments.maybe_flag("egressdefaultpolicy").unwrap_or(isolated),
        for_vpc,
        is_default: false,
        created: world.now,
        enabled: arguments.flag("enable"),
    })
}

fn shown_network_offering(world: &World, id: Id) -> Reply {
    let row = world.network_offerings.get(id);
    Reply::Object(row.map(|row| view::network_offering(world, row)).unwrap_or_default())
}
