//! Affinity groups: which machines stay together or apart. Kept as the register keeps things,
//! but made in two steps and removed by a job.

use super::virtual_machine::{dump, machine, refuse_expunged, show};
use super::{Behaviour, EventTexts, acting_owner};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::kind::{Handle, Kind};
use crate::world::register::Fields;
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;
use crate::world::{Owner, World};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createAffinityGroup",
        create: Some(|world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            let (name, kind) = (arguments.required("name"), arguments.required("type"));
            if !KINDS.contains(&kind) {
                return Err(ApiError::invalid(format!(
                    "Unable to create affinity group, invalid affinity group type{kind}"
                )));
            }
            if world.register.by_name(Kind::AffinityGroup, owner, name).is_some() {
                return Err(ApiError::invalid(format!(
                    "Unable to create affinity group, a group with name {name} already exists."
                )));
            }
            let mut fields = Fields::unit("type", kind.into());
            if let Some(description) = arguments.filled("description") {
                fields.insert("description", description.into());
            }
            let name = name.to_owned();
            Ok(Handle {
                kind: Kind::AffinityGroup,
                id: world.add_record(Kind::AffinityGroup, owner, &name, fields),
            })
        }),
        events: Some(EventTexts {
            scheduled: "creating Affinity Group",
            action: "Creating Affinity Group",
            created: Some("Creating Affinity Group"),
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            let record = world.register.get(Kind::AffinityGroup, id);
            Ok(Reply::Object(
                record.map(|record| view::affinity_group(world, id, record)).unwrap_or_default(),
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteAffinityGroup",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Deleting Affinity Group",
            action: "Deleting affinity group",
            created: None,
        }),
        run: |world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            let named = arguments
                .filled("name")
                .and_then(|name| world.register.by_name(Kind::AffinityGroup, owner, name));
            let id = arguments.id("id").or(named).unwrap_or_default();
            let Some(record) = world.register.get(Kind::AffinityGroup, id) else {
                return Err(ApiError::invalid(format!("Unable to find affinity group {id}")));
            };
            if !caller.reaches(world, record.owner) {
                return Err(ApiError::permission(
                    "Caller does not have permission to operate with provided resource.",
                ));
            }
            let is_used = world.virtual_machines.iter().any(|(_, row)| row.affinity_groups.contains(&id));
            if is_used && world.sins(Quirk::UsedAffinityGroupsStay) {
                return Err(ApiError::invalid("Unable to delete an affinity group that is in use"));
            }
            // A removed group's identifier names nothing any more (JOB-093).
            let uuid = record.uuid;
            world.register.remove(Kind::AffinityGroup, id);
            if !world.sins(Quirk::RemovedGroupsAreKnown) {
                world.index.remove(&uuid);
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateVMAffinityGroup",
        about: Some("id"),
        check: Some(refuse_expunged),
        events: Some(EventTexts {
            scheduled: "updating VM Affinity Group",
            action: "Updating VM Affinity Group",
            created: None,
        }),
        run: |world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            if machine.state != MachineState::Stopped && !world.sins(Quirk::RunningMachinesChangeGroups) {
                return Err(ApiError::invalid(format!(
                    "Unable update affinity groups of the virtual machine {} in state {}; make sure the virtual \
                     machine is stopped and not in an error state before updating.",
                    dump(world, id, machine),
                    machine.state.name()
                )));
            }
            let groups = chosen(world, machine.owner, arguments)?;
            if let Some(machine) = world.virtual_machines.get_mut(id) {
                machine.affinity_groups = groups;
            }
            Ok(Reply::Object(view::with_details(show(world, id, *caller), &["affgrp"])))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listAffinityGroups",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let (name, kind) = (arguments.filled("name"), arguments.filled("type"));
            let machine =
                arguments.id("virtualmachineid").and_then(|machine| world.virtual_machines.get(machine));
            let matches: Vec<Object> = world
                .register
                .iter(Kind::AffinityGroup)
                .filter(|(_, record)| scope.covers(world, record.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, record)| name.is_none_or(|name| record.name.eq_ignore_ascii_case(name)))
                .filter(|(_, record)| kind.is_none_or(|kind| record.field("type") == Some(kind)))
                .filter(|(_, record)| listing::keyword_matches(arguments, &[&record.name]))
                .filter(|(id, _)| machine.is_none_or(|machine| machine.affinity_groups.contains(id)))
                .map(|(id, record)| view::affinity_group(world, id, record))
                .collect();
            listing::page(world, arguments, matches, |group| group)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listAffinityGroupTypes",
        run: |_, _, _| Ok(Reply::all(KINDS.iter().map(|kind| Object::new().with("type", *kind)).collect())),
        ..Behaviour::PLAIN
    },
];

/// The groups that a command puts a machine into, by identifier or by name.
pub(super) fn chosen(world: &World, owner: Owner, arguments: &Arguments) -> Result<Vec<Id>, ApiError> {
    let (ids, names) = (arguments.ids("affinitygroupids"), arguments.texts("affinitygroupnames"));
    if !ids.is_empty() && !names.is_empty() {
        return Err(ApiError::invalid(
            "affinitygroupids parameter is mutually exclusive with affinitygroupnames parameter",
        ));
    }
    let named = names.iter().map(|name| {
        world
            .register
            .by_name(Kind::AffinityGroup, owner, name)
            .ok_or_else(|| ApiError::invalid(format!("Unable to find affinity group by name {name}")))
    });
    ids.into_iter().map(Ok).chain(named).collect()
}

/// The types of groups that users may create.
const KINDS: [&str; 4] =
    ["host anti-affinity", "host affinity", "non-strict host affinity", "non-strict host anti-affinity"];
