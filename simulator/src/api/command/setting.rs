//! Settings: what the server is told to do otherwise.

use super::Behaviour;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::catalog::Command;
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::event::{EventState, NewEvent, Subject};
use crate::world::kind::{Handle, Kind};
use crate::world::setting::{self, Scope, UnknownSetting};

/// The groups of settings, as recorded.
const GROUPS: &str = include_str!("../../../../fixtures/catalog/setting-groups.json");

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listConfigurations",
        run: |world, _, arguments| {
            let scope = scope(arguments);
            let word = scope.map(|scope| scope.name().to_lowercase());
            let name = arguments.filled("name");
            let fits = |parameter: &str, value: Option<&str>| {
                arguments
                    .filled(parameter)
                    .is_none_or(|wanted| value.is_some_and(|value| value.eq_ignore_ascii_case(wanted)))
            };
            let matches: Vec<&str> = world
                .settings
                .names()
                .into_iter()
                .filter(|other| name.is_none_or(|name| other.eq_ignore_ascii_case(name)))
                .filter(|other| {
                    let fact = setting::fact(other);
                    fits("category", fact.map(|fact| fact.category.as_str()))
                        && fits("group", fact.map(|fact| fact.group.as_str()))
                        && fits("subgroup", fact.map(|fact| fact.subgroup.as_str()))
                        && fits("parent", fact.and_then(|fact| fact.parent.as_deref()))
                        && (name.is_some()
                            || word.as_ref().is_none_or(|word| {
                                fact.is_some_and(|fact| fact.scopes.iter().any(|scope| scope == word))
                            }))
                })
                .filter(|other| {
                    let about = setting::fact(other).and_then(|fact| fact.description.as_deref());
                    listing::keyword_matches(arguments, &[other, about.unwrap_or_default()])
                })
                .collect();
            let mut reply = listing::page(world, arguments, matches, |name| {
                view::setting(world, name, scope, word.as_deref())
            })?;
            // Within a scope the page alone is counted.
            if let (Reply::List { count, items }, Some(_)) = (&mut reply, scope) {
                *count = items.len();
            }
            Ok(reply)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateConfiguration",
        run: |world, caller, arguments| {
            let name = arguments.required("name");
            let value = arguments.text("value");
            let scope = scope(arguments);
            let known = world.settings.names().into_iter().find(|known| known.eq_ignore_ascii_case(name));
            let name = known.ok_or_else(|| unknown(UnknownSetting(name.to_owned())))?;
            if let Some(value) = value {
                require_type(name, value)?;
                if !world.sins(Quirk::SettingsHaveNoMost) {
                    require_range(name, value)?;
                }
            }
            match (value, scope) {
                (Some(value), Some(scope)) => world.settings.set_in(scope, name, value),
                (None, Some(scope)) => world.settings.reset(name, Some(scope)),
                (value, None) => world.settings.change(name, value),
            }
            .map_err(unknown)?;
            let shown = value.unwrap_or("null");
            let text = scope.map_or_else(
                || format!("updating configuration.  Name: {name} New Value: {shown}"),
                |scope| {
                    format!(
                        "updating configuration.  Name: {name}, New Value: {shown}, Scope: {}",
                        scope.name()
                    )
                },
            );
            record(world, *caller, arguments.command(), scope, &text);
            let word = scope.map(|scope| scope.name().to_lowercase());
            Ok(Reply::Object(view::setting(world, name, scope, word.as_deref())))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "resetConfiguration",
        run: |world, caller, arguments| {
            let name = arguments.required("name");
            let scope = scope(arguments);
            world.settings.reset(name, scope).map_err(unknown)?;
            let value = world.settings.shown(name, scope).unwrap_or("null").to_owned();
            let text = format!("resetting configuration.  Name: {name} New Value: {value}");
            record(world, *caller, arguments.command(), scope, &text);
            Ok(Reply::Object(view::setting(world, name, scope, scope.map(Scope::name))))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listConfigurationGroups",
        run: |_, _, arguments| {
            let wanted = arguments.filled("group");
            let groups: Vec<Group> =
                serde_json::from_str(GROUPS).expect("the fact file holds the groups of settings");
            let shown = groups
                .into_iter()
                .filter(|group| wanted.is_none_or(|wanted| group.name.eq_ignore_ascii_case(wanted)))
                .map(|group| {
                    let below: Vec<Object> = group
                        .subgroup
                        .into_iter()
                        .map(|row| Object::new().with("name", row.name).with("precedence", row.precedence))
                        .collect();
                    Object::new()
                        .with("name", group.name)
                        .with("subgroup", below)
                        .with("description", group.description)
                        .with("precedence", group.precedence)
                })
                .collect();
            Ok(Reply::all(shown))
        },
        ..Behaviour::PLAIN
    },
];

/// A group of settings in the fact file.
#[derive(serde::Deserialize)]
struct Group {
    name: String,
    subgroup: Vec<Subgroup>,
    description: String,
    precedence: i64,
}

#[derive(serde::Deserialize)]
struct Subgroup {
    name: String,
    precedence: i64,
}

/// The scope that a call names.
fn scope(arguments: &Arguments) -> Option<Scope> {
    let id = |name: &str| arguments.command().param(name).and_then(|_| arguments.id(name));
    id("zoneid")
        .map(Scope::Zone)
        .or_else(|| id("clusterid").map(Scope::Cluster))
        .or_else(|| id("storageid").map(Scope::StoragePool))
        .or_else(|| id("domainid").map(Scope::Domain))
        .or_else(|| id("accountid").map(Scope::Account))
        .or_else(|| id("imagestoreuuid").or_else(|| id("imagestoreid")).map(Scope::ImageStore))
}

fn unknown(UnknownSetting(name): UnknownSetting) -> ApiError {
    ApiError::invalid(format!("Config parameter with name {name} doesn't exist"))
}

/// Refuses a value that is not of the setting's type.
fn require_type(name: &str, value: &str) -> Result<(), ApiError> {
    if name == "commands.timeout"
        && let Some(part) = value.split(',').find(|part| !part.trim().is_empty() && !part.contains('='))
    {
        return Err(ApiError::invalid(format!(
            "Validation failed: Command '{}' does not contain '='.",
            part.trim()
        )));
    }
    let (fits, class) = match setting::fact(name).map(|fact| fact.value_type.as_str()) {
        Some("Number") => (value.is_empty() || value.parse::<i64>().is_ok(), "Integer"),
        Some("Decimal") => (value.is_empty() || value.parse::<f64>().is_ok(), "Float"),
        Some("Boolean") => (matches!(value.to_lowercase().as_str(), "true" | "false"), "Boolean"),
        _ => (true, ""),
    };
    if fits {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Value [{value}] is not a valid [class java.lang.{class}].")))
}

/// Settings whose numbers have an end, with the number that is the first too many.
const MOST: [(&str, i64); 1] = [("vm.userdata.max.length", 1_048_577)];

/// Refuses a number that is too much for the setting (UD-013).
fn require_range(name: &str, value: &str) -> Result<(), ApiError> {
    let most = MOST.iter().find(|(known, _)| *known == name).map(|(_, most)| *most);
    match most.filter(|most| value.parse::<i64>().is_ok_and(|value| value >= *most)) {
        Some(most) => Err(ApiError::invalid(format!(
            "Please enter a value less than {most} for the configuration parameter: [{name}]."
        ))),
        None => Ok(()),
    }
}

/// Writes the change down: about the scope, or about a setting, which has no identifier.
fn record(world: &mut World, caller: Caller, command: Command, scope: Option<Scope>, text: &str) {
    let Some(event_type) = command.action_events().next() else { return };
    if world.sins(Quirk::EventsAreNotRecorded) {
        return;
    }
    let about = scope.map(|scope| match scope {
        Scope::Zone(id) => Handle { kind: Kind::Zone, id },
        Scope::Cluster(id) => Handle { kind: Kind::Cluster, id },
        Scope::StoragePool(id) => Handle { kind: Kind::StoragePool, id },
        Scope::Domain(id) => Handle { kind: Kind::Domain, id },
        Scope::Account(id) => Handle { kind: Kind::Account, id },
        Scope::ImageStore(id) => Handle { kind: Kind::ImageStore, id },
    });
    let id = world.record(NewEvent {
        user: caller.user,
        owner: caller.owner(),
        event_type,
        state: EventState::Completed,
        is_error: false,
        description: format!("Successfully completed {text}"),
        parent: None,
        about,
    });
    if about.is_none()
        && let Some(event) = world.events.get_mut(id)
    {
        event.resource = Some(Subject { uuid: None, type_name: "Configuration", handle: None, name: None });
    }
}
