//! Affinity groups: which machines stay together or apart. Kept as the register keeps things,
//! but made in two steps and removed by a job.

use imbl::OrdMap;

use super::{Behaviour, EventTexts, acting_owner};
use crate::api::error::ApiError;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::kind::{Handle, Kind};

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
            let mut fields = OrdMap::from_iter([("type", kind.to_owned())]);
            if let Some(description) = arguments.filled("description") {
                fields.insert("description", description.to_owned());
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
            Ok(Reply::Object(record.map(|record| view::affinity_group(world, record)).unwrap_or_default()))
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
            // A removed group's identifier names nothing any more (JOB-093).
            let uuid = record.uuid;
            world.register.remove(Kind::AffinityGroup, id);
            world.index.remove(&uuid);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listAffinityGroups",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let (name, kind) = (arguments.filled("name"), arguments.filled("type"));
            let matches: Vec<Object> = world
                .register
                .iter(Kind::AffinityGroup)
                .filter(|(_, record)| scope.covers(world, record.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, record)| name.is_none_or(|name| record.name.eq_ignore_ascii_case(name)))
                .filter(|(_, record)| kind.is_none_or(|kind| record.field("type") == Some(kind)))
                .filter(|(_, record)| listing::keyword_matches(arguments, &[&record.name]))
                .map(|(_, record)| view::affinity_group(world, record))
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

/// The types of groups that users may create.
const KINDS: [&str; 4] =
    ["host anti-affinity", "host affinity", "non-strict host affinity", "non-strict host anti-affinity"];
