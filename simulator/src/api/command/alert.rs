//! Alerts.

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::alert::{Alert, DEFAULT_TYPES};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listAlerts",
        run: |world, _, arguments| {
            let wanted = listing::wanted(arguments)?;
            let (name, alert_type) = (arguments.filled("name"), arguments.filled("type"));
            let matches: Vec<Object> = world
                .alerts
                .iter()
                .rev()
                .filter(|(_, row)| !row.archived)
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name == name))
                .filter(|(_, row)| alert_type.is_none_or(|wanted| row.alert_type.to_string() == wanted))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.description]))
                .map(|(_, row)| show(row))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listAlertTypes",
        run: |_, _, _| {
            let types = DEFAULT_TYPES
                .iter()
                .map(|(number, name)| Object::new().with("alerttypeid", *number).with("name", *name));
            Ok(Reply::all(types.collect()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "generateAlert",
        events: Some(EventTexts::of("generating alert")),
        run: |world, _, arguments| {
            let number = arguments.integer("type").unwrap_or_default();
            if let Some((_, name)) = DEFAULT_TYPES.iter().find(|(known, _)| *known == number) {
                return Err(ApiError::invalid(format!(
                    "There is a default alert having type {number} and name {name}"
                )));
            }
            world.raise_alert(number, arguments.required("name"), arguments.required("description"));
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "archiveAlerts",
        run: |world, _, arguments| {
            for id in meant(world, arguments)? {
                if let Some(row) = world.alerts.get_mut(id) {
                    row.archived = true;
                }
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteAlerts",
        run: |world, _, arguments| {
            for id in meant(world, arguments)? {
                world.alerts.remove(id);
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

fn show(row: &Alert) -> Object {
    Object::new()
        .with("id", row.uuid)
        .with("type", row.alert_type)
        .with("name", &row.name)
        .with("description", &row.description)
        .with("sent", row.sent)
}

/// The alerts that identifiers, a type and dates mean together.
fn meant(world: &World, arguments: &Arguments) -> Result<Vec<Id>, ApiError> {
    if !["ids", "type", "startdate", "enddate"].into_iter().any(|name| arguments.has(name)) {
        return Err(ApiError::invalid("either ids, type, startdate or enddate must be specified"));
    }
    let (ids, alert_type) = (arguments.has("ids").then(|| arguments.ids("ids")), arguments.filled("type"));
    let (start, end) = (arguments.date("startdate"), arguments.date("enddate"));
    Ok(world
        .alerts
        .iter()
        .filter(|(id, _)| ids.as_ref().is_none_or(|ids| ids.contains(id)))
        .filter(|(_, row)| alert_type.is_none_or(|wanted| row.alert_type.to_string() == wanted))
        .filter(|(_, row)| start.is_none_or(|start| row.sent >= start))
        .filter(|(_, row)| end.is_none_or(|end| row.sent <= end))
        .map(|(id, _)| id)
        .collect())
}
