//! Events.

use super::Behaviour;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listEvents",
        run: |world, caller, arguments| {
            let wanted = arguments.has("id").then(|| arguments.id("id"));
            let scope = listing::scope(world, *caller, arguments)?;
            let (event_type, level) = (arguments.filled("type"), arguments.filled("level"));
            let state = arguments.filled("state");
            let (from, to) = (arguments.date("startdate"), arguments.date("enddate"));
            let root = arguments.id("startid");
            let resource = arguments.filled("resourceid");
            let resource_type = arguments.filled("resourcetype");
            let matches: Vec<Object> = world
                .events
                .iter()
                .rev()
                .filter(|(_, row)| scope.covers(world, row.owner) && !row.archived)
                .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == Some(*id)))
                .filter(|(_, row)| {
                    event_type.is_none_or(|wanted| row.event_type.eq_ignore_ascii_case(wanted))
                })
                .filter(|(_, row)| level.is_none_or(|wanted| (wanted == "ERROR") == row.is_error))
                .filter(|(_, row)| state.is_none_or(|wanted| row.state.name().eq_ignore_ascii_case(wanted)))
                .filter(|(_, row)| from.is_none_or(|from| row.created >= from))
                .filter(|(_, row)| to.is_none_or(|to| row.created <= to))
                .filter(|(id, row)| root.is_none_or(|root| *id == root || row.parent == Some(root)))
                .filter(|(_, row)| {
                    resource.is_none_or(|wanted| {
                        row.resource.as_ref().is_some_and(|subject| {
                            subject.uuid.is_some_and(|uuid| uuid.to_string() == wanted)
                        })
                    })
                })
                .filter(|(_, row)| {
                    resource_type.is_none_or(|wanted| {
                        row.resource
                            .as_ref()
                            .is_some_and(|subject| subject.type_name.eq_ignore_ascii_case(wanted))
                    })
                })
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.event_type, &row.description]))
                .map(|(_, row)| view::event(world, row))
                .collect();
            // A page is the newest events, told from the oldest to the newest (EVT-012).
            let reply = listing::page(world, arguments, matches, |row| row)?;
            Ok(match reply {
                Reply::List { count, mut items } if !world.sins(Quirk::EventsRunBackwards) => {
                    items.reverse();
                    Reply::List { count, items }
                }
                other => other,
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listEventTypes",
        run: |_, _, _| {
            let mut names: Vec<&str> =
                crate::catalog::commands().flat_map(|command| command.events().collect::<Vec<_>>()).collect();
            names.sort_unstable();
            names.dedup();
            Ok(Reply::all(names.into_iter().map(|name| Object::new().with("name", name)).collect()))
        },
        ..Behaviour::PLAIN
    },
];
