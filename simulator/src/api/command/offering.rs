//! Offerings.

use super::Behaviour;
use crate::api::error::ApiError;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::offering::NewServiceOffering;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listServiceOfferings",
        run: |world, _, arguments| {
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
                    .map(|row| view::service_offering(world, row))
                    .unwrap_or_default()
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createServiceOffering",
        run: |world, _, arguments| {
            let number = |name: &str| arguments.integer(name).and_then(|number| u32::try_from(number).ok());
            let name = arguments.required("name").to_owned();
            let display_text = arguments.filled("displaytext").map_or_else(|| name.clone(), str::to_owned);
            let system_vm_type = arguments
                .flag("issystem")
                .then(|| arguments.filled("systemvmtype").unwrap_or("domainrouter").to_owned());
            let id = world.add_service_offering(NewServiceOffering {
                name,
                display_text,
                cores: number("cpunumber"),
                speed: number("cpuspeed"),
                memory: number("memory"),
                storage_type: arguments.filled("storagetype").unwrap_or("shared").to_owned(),
                system_vm_type,
            });
            let row = world.service_offerings.get(id);
            Ok(Reply::Object(row.map(|row| view::service_offering(world, row)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteServiceOffering",
        about: Some("id"),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.service_offerings.get_mut(id).filter(|row| row.active) else {
                return Err(ApiError::invalid(format!("unable to find service offering {id}")));
            };
            row.active = false;
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
                .map(|(_, row)| view::network_offering(row))
                .collect();
            listing::page(world, arguments, matches, |row| row)
        },
        ..Behaviour::PLAIN
    },
];
