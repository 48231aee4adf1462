//! Events.

use uuid::Uuid;

use super::Behaviour;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{access, listing, view};
use crate::catalog;
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::Kind;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour { name: "listEvents", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "archiveEvents",
        run: |world, caller, arguments| {
            for id in chosen(world, *caller, arguments, "archive")? {
                if let Some(row) = world.events.get_mut(id) {
                    row.archived = true;
                }
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteEvents",
        run: |world, caller, arguments| {
            for id in chosen(world, *caller, arguments, "delete")? {
                world.events.remove(id);
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listEventTypes",
        run: |_, _, _| {
            let mut names: Vec<&str> =
                catalog::commands().flat_map(|command| command.events().collect::<Vec<_>>()).collect();
            names.sort_unstable();
            names.dedup();
            Ok(Reply::all(names.into_iter().map(|name| Object::new().with("name", name)).collect()))
        },
        ..Behaviour::PLAIN
    },
];

/// The events that a change is about; archived ones cannot be named again.
fn chosen(world: &World, caller: Caller, arguments: &Arguments, verb: &str) -> Result<Vec<Id>, ApiError> {
    let (ids, event_type) = (arguments.ids("ids"), arguments.filled("type"));
    let (from, to) = (arguments.date("startdate"), arguments.date("enddate"));
    if ids.is_empty() && event_type.is_none() && to.is_none() {
        return Err(ApiError::invalid("either ids, type or enddate must be specified"));
    }
    let found: Vec<Id> = world
        .events
        .iter()
        .filter(|(id, _)| ids.is_empty() || ids.contains(id))
        .filter(|(_, row)| !row.archived && caller.reaches(world, row.owner))
        .filter(|(_, row)| event_type.is_none_or(|wanted| row.event_type == wanted))
        .filter(|(_, row)| from.is_none_or(|from| row.created >= from))
        .filter(|(_, row)| to.is_none_or(|to| row.created <= to))
        .map(|(id, _)| id)
        .collect();
    if found.len() < ids.len() {
        return Err(ApiError::api(
            530,
            format!("Unable to {verb} Events, one or more parameters has invalid values"),
        ));
    }
    Ok(found)
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    const STATES: [&str; 4] = ["Created", "Scheduled", "Started", "Completed"];
    let wanted = arguments.has("id").then(|| arguments.id("id"));
    let scope = listing::scope(world, *caller, arguments)?;
    let (event_type, level) = (arguments.filled("type"), arguments.filled("level"));
    let state = arguments.filled("state");
    let in_any_case = world.sins(Quirk::EventStatesInAnyCase);
    let is_known = |word: &str| {
        STATES.iter().any(|known| *known == word || in_any_case && known.eq_ignore_ascii_case(word))
    };
    if let Some(word) = state.filter(|word| !is_known(word)) {
        return Err(ApiError::invalid(format!("Invalid state specified: {word}")));
    }
    let resource = subject(world, *caller, arguments)?;
    let (from, to) = (arguments.date("startdate"), arguments.date("enddate"));
    let root = arguments.id("startid");
    let archived = arguments.flag("archived");
    let matches: Vec<Id> = world
        .events
        .iter()
        .rev()
        // The children of a named event escape the question whose they are (EVT-016).
        .filter(|(_, row)| {
            scope.covers(world, row.owner) || root.is_some_and(|root| row.parent == Some(root))
        })
        .filter(|(_, row)| row.archived == archived || wanted.is_some())
        .filter(|(_, row)| row.display || caller.is_root_admin() || world.sins(Quirk::HiddenEventsAreListed))
        .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == Some(*id)))
        .filter(|(_, row)| event_type.is_none_or(|wanted| row.event_type.eq_ignore_ascii_case(wanted)))
        .filter(|(_, row)| {
            level
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(if row.is_error { "ERROR" } else { "INFO" }))
        })
        .filter(|(_, row)| state.is_none_or(|wanted| row.state.name() == wanted))
        .filter(|(_, row)| from.is_none_or(|from| row.created >= from))
        .filter(|(_, row)| to.is_none_or(|to| row.created <= to))
        .filter(|(id, row)| {
            let is_root = |root| *id == root && !world.sins(Quirk::ChainsLackTheirRoot);
            root.is_none_or(|root| is_root(root) || row.parent == Some(root))
        })
        .filter(|(_, row)| {
            let about = row.resource.as_ref();
            resource.as_ref().is_none_or(|(word, uuid)| {
                about.is_some_and(|about| {
                    about.type_name.eq_ignore_ascii_case(word)
                        && uuid.is_none_or(|uuid| about.uuid == Some(uuid))
                })
            })
        })
        .filter(|(_, row)| {
            let level = if row.is_error { "ERROR" } else { "INFO" };
            listing::keyword_matches(arguments, &[&row.event_type, &row.description, level])
        })
        .map(|(id, _)| id)
        .collect();
    let reply = listing::page(world, arguments, matches, |id| {
        world.events.get(id).map(|row| view::event(world, row)).unwrap_or_default()
    })?;
    // What a page holds is decided newest first, its order is oldest first (EVT-012).
    Ok(match reply {
        Reply::List { count, mut items } if !world.sins(Quirk::EventsRunBackwards) => {
            items.reverse();
            Reply::List { count, items }
        }
        other => other,
    })
}

/// The thing whose events are wanted: its type, and perhaps its identifier (EVT-011).
fn subject<'a>(
    world: &World,
    caller: Caller,
    arguments: &'a Arguments,
) -> Result<Option<(&'a str, Option<Uuid>)>, ApiError> {
    let (word, id) = (arguments.filled("resourcetype"), arguments.filled("resourceid"));
    let Some(word) = word else {
        return match id {
            Some(_) if !world.sins(Quirk::ThingsOfEventsNeedNoType) => {
                Err(ApiError::invalid("resourceid parameter must be used with resourcetype parameter"))
            }
            _ => Ok(None),
        };
    };
    let known = catalog::commands().flat_map(|command| command.resource_types().collect::<Vec<_>>());
    let known = known.chain(Kind::ALL.iter().map(|kind| kind.type_name()));
    let is_known = known.into_iter().any(|known| known.eq_ignore_ascii_case(word));
    if !is_known && !world.sins(Quirk::UnknownThingsHaveNoEvents) {
        return Err(ApiError::invalid("Invalid resourcetype"));
    }
    let Some(id) = id else { return Ok(Some((word, None))) };
    let uuid = Uuid::try_parse(id).map_err(|_| ApiError::invalid("Invalid resourceid"))?;
    let Some(handle) = world.find(uuid) else { return Err(ApiError::invalid("Invalid resourceid")) };
    if !access::may(world, caller, handle, false) {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    Ok(Some((word, Some(uuid))))
}
