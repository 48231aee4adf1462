//! Volumes.

use super::{Behaviour, EventTexts, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listVolumes",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let (machine, zone) = (arguments.id("virtualmachineid"), arguments.id("zoneid"));
            let (name, kind) = (arguments.filled("name"), arguments.filled("type"));
            let state = arguments.filled("state");
            let matches: Vec<Object> = world
                .volumes
                .iter()
                .filter(|(_, row)| scope.covers(world, row.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| {
                    machine.is_none_or(|machine| row.attached.is_some_and(|(id, _)| id == machine))
                })
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| kind.is_none_or(|kind| row.is_root == kind.eq_ignore_ascii_case("ROOT")))
                .filter(|(_, row)| state.is_none_or(|state| row.state.name().eq_ignore_ascii_case(state)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(_, row)| view::volume(world, row, *caller))
                .collect();
            listing::page(world, arguments, matches, |row| row)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createVolume",
        joins_job: true,
        create: Some(|world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            let zone = arguments.id("zoneid").unwrap_or_default();
            let disk = arguments.id("diskofferingid").ok_or_else(|| {
                ApiError::invalid("Missing parameter(s),either a positive volume size or a valid disk offering id must be specified.")
            })?;
            let row = world
                .disk_offerings
                .get(disk)
                .ok_or_else(|| ApiError::invalid("Please specify a valid disk offering."))?;
            let size =
                row.size.or_else(|| arguments.integer("size").and_then(|size| u64::try_from(size).ok()));
            let size =
                size.ok_or_else(|| ApiError::invalid("This disk offering requires a custom size specified"))?;
            let name = arguments.required("name").to_owned();
            let id = world.add_data_volume(owner, zone, &name, disk, size << 30);
            Ok(Handle { kind: Kind::Volume, id })
        }),
        events: Some(EventTexts {
            scheduled: "creating volume: {}",
            action: "creating volume. Volume Id: {}",
            created: Some("creating volume"),
        }),
        run: |world, caller, arguments| {
            let id = arguments.created().unwrap_or_default();
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteVolume",
        about: Some("id"),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.volumes.get(id) else {
                return Err(ApiError::invalid(format!("Unable to find volume with ID: {id}")));
            };
            if row.attached.is_some() {
                return Err(ApiError::invalid("Please specify a volume that is not attached to any VM."));
            }
            world.volumes.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

fn show(world: &World, id: Id, viewer: Caller) -> Object {
    world.volumes.get(id).map(|row| view::volume(world, row, viewer)).unwrap_or_default()
}
