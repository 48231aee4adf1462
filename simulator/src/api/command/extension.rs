//! Extensions, what they are registered for, and their custom actions. What an extension does is a
//! program on the management server, so nothing here runs one.

use super::register::{
    Default, Field, Row, add, change, create, delete, list, reachable, row, show, shown, update,
};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply, Value};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::register::{Fields, Record, Stored};
use crate::world::table::Id;

const ROLES: &[&str] = &["Admin", "ResourceAdmin", "DomainAdmin", "User"];

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: Kind::Extension,
        noun: "Extension",
        fields: &[
            Field::of("description"),
            Field::of("type").one_of(&["Orchestrator"], "Invalid type specified - {value}"),
            Field::of("path"),
            Field::of("orchestratorrequirespreparevm").or(Default::Flag(false)),
            Field::of("state")
                .one_of(&["Enabled", "Disabled"], "Invalid state specified - {value}")
                .or(Default::Text("Enabled")),
            Field::of("details").unfiltered(),
        ],
        taken: Some("Extension by name already exists"),
        gone: "Unable to find the specified extension",
        in_use: Some(|world, extension| {
            if world.register.get(Kind::Extension, extension.id).is_some_and(|row| row.flag("builtin")) {
                return Err(ApiError::invalid("System extension can not be deleted"));
            }
            if links(world, extension).next().is_some() {
                return Err(ApiError::runtime(
                    "Extension has associated resources, unregister them to delete the extension",
                ));
            }
            Ok(())
        }),
        extra: Some(|world, extension, record, object| {
            if record.field("path").is_none() {
                let name = record.name.to_lowercase().replace(' ', "-");
                object.push("path", format!("{name}/{name}.sh"));
            }
            object.push("pathready", true);
            object.push("isuserdefined", !record.flag("builtin"));
            let resources: Vec<Object> = links(world, extension)
                .filter_map(|(_, link)| {
                    let cluster = link.thing("cluster")?;
                    Some(
                        Object::new()
                            .with("id", world.uuid_of(cluster))
                            .with("name", world.name_of(cluster))
                            .with("type", "Cluster")
                            .with("created", link.created),
                    )
                })
                .collect();
            object.push("resources", resources);
        }),
        ..Row::PLAIN
    },
    Row {
        kind: Kind::CustomAction,
        noun: "CustomAction",
        fields: &[
            Field::of("extensionid").named("extensionname"),
            Field::of("description"),
            Field::of("resourcetype")
                .one_of(&["VirtualMachine"], "Invalid resource type specified: {value}")
                .or(Default::Text("VirtualMachine")),
            Field::of("allowedroletypes"),
            Field::of("successmessage"),
            Field::of("errormessage"),
            Field::of("timeout").or(Default::Number(5)),
            Field::of("enabled").or(Default::Flag(false)),
            Field::of("details"),
        ],
        gone: "Unable to find the custom action with ID {id}",
        check: Some(|world, _, arguments| {
            require_roles(arguments)?;
            let (name, extension) = (arguments.required("name"), arguments.handle("extensionid"));
            let is_same = |(_, record): (Id, &Record)| {
                record.thing("extensionid") == extension && record.name.eq_ignore_ascii_case(name)
            };
            if world.register.iter(Kind::CustomAction).any(is_same) {
                return Err(ApiError::invalid("Action by name already exists"));
            }
            Ok(())
        }),
        extra: Some(|_, _, record, object| {
            if !record.fields.contains_key("allowedroletypes") {
                object.push("allowedroletypes", vec!["Admin".to_owned()]);
            }
        }),
        ..Row::PLAIN
    },
];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "creating extension", created: None }),
        ..create("createExtension")
    },
    list("listExtensions"),
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "updating extension", created: None }),
        run: |world, caller, arguments| {
            let id = change(world, caller, arguments, row(arguments))?;
            clean(world, Kind::Extension, id, arguments, &[("cleanupdetails", "details")]);
            show(world, row(arguments), id)
        },
        ..update("updateExtension")
    },
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "deleting extension", created: None }),
        run: |world, caller, arguments| {
            let row = row(arguments);
            let id = reachable(world, *caller, row, arguments)?;
            let extension = Handle { kind: Kind::Extension, id };
            if let Some(in_use) = row.in_use {
                in_use(world, extension)?;
            }
            let actions: Vec<Id> =
                world.register.naming(Kind::CustomAction, "extensionid", extension).collect();
            for action in actions {
                world.register.remove(Kind::CustomAction, action);
            }
            world.register.remove(Kind::Extension, id);
            Ok(Reply::SUCCESS)
        },
        ..delete("deleteExtension")
    },
    Behaviour {
        name: "registerExtension",
        about: Some("extensionid"),
        events: Some(EventTexts { scheduled: "", action: "registering extension resource", created: None }),
        run: |world, _, arguments| {
            let (extension, cluster) = (named_extension(arguments), cluster(world, arguments)?);
            if linked(world, cluster).is_some() {
                return Err(ApiError::runtime("A resource is already registered with the extension"));
            }
            let both = [("extension", Stored::Thing(extension)), ("cluster", Stored::Thing(cluster))];
            let fields = Fields::from_iter(both);
            world.add_record(Kind::ExtensionResource, crate::world::Owner::NOBODY, "", fields);
            show_extension(world, extension)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "unregisterExtension",
        about: Some("extensionid"),
        events: Some(EventTexts { scheduled: "", action: "unregistering extension resource", created: None }),
        run: |world, _, arguments| {
            let (extension, cluster) = (named_extension(arguments), cluster(world, arguments)?);
            match linked(world, cluster) {
                Some((id, of)) if of == extension => world.register.remove(Kind::ExtensionResource, id),
                _ => return Err(ApiError::invalid("The resource is not registered with the extension")),
            }
            show_extension(world, extension)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "adding extension custom action", created: None }),
        run: |world, caller, arguments| {
            let row = row(arguments);
            let id = add(world, caller, arguments, row)?;
            Ok(Reply::Object(with_parameters(world, id, arguments)))
        },
        ..create("addCustomAction")
    },
    Behaviour {
        run: |world, caller, arguments| {
            let row = row(arguments);
            let matches = super::register::matching(world, caller, arguments, row)?;
            crate::api::listing::page(world, arguments, matches, |id| action(world, id))
        },
        ..list("listCustomActions")
    },
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "updating extension custom action", created: None }),
        run: |world, caller, arguments| {
            require_roles(arguments)?;
            let id = change(world, caller, arguments, row(arguments))?;
            let both = [("cleanupdetails", "details"), ("cleanupparameters", "parameters")];
            clean(world, Kind::CustomAction, id, arguments, &both);
            Ok(Reply::Object(with_parameters(world, id, arguments)))
        },
        ..update("updateCustomAction")
    },
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "deleting extension custom action", created: None }),
        ..delete("deleteCustomAction")
    },
    Behaviour {
        name: "runCustomAction",
        events: Some(EventTexts::of("running custom action")),
        run: |world, _, arguments| {
            let id = arguments.id("customactionid").unwrap_or_default();
            let Some(record) = world.register.get(Kind::CustomAction, id) else {
                return Err(ApiError::invalid("Invalid custom action specified"));
            };
            if !record.flag("enabled") {
                return Err(ApiError::runtime("Action is not enabled"));
            }
            let named = uuid::Uuid::try_parse(arguments.required("resourceid")).ok();
            let machine = named.and_then(|uuid| world.find(uuid));
            if machine
                .is_none_or(|found| found.kind != Kind::VirtualMachine || world.uuid_of(found).is_none())
            {
                return Err(ApiError::invalid("Invalid resource specified for the custom action"));
            }
            // There is no program to run, which is how a server speaks of one that is missing.
            let text = record.field("errormessage").unwrap_or("Failed to run custom action");
            let result = vec![
                ("details".to_owned(), "The extension's program is not there".to_owned()),
                ("message".to_owned(), text.to_owned()),
            ];
            Ok(Reply::Object(
                Object::new()
                    .with("id", record.uuid)
                    .with("name", record.name.as_str())
                    .with("success", false)
                    .with("result", Value::Map(result)),
            ))
        },
        ..Behaviour::PLAIN
    },
];

/// What an extension is registered for.
fn links(world: &World, extension: Handle) -> impl Iterator<Item = (Id, &Record)> {
    let is_own = move |(_, link): &(Id, &Record)| link.thing("extension") == Some(extension);
    world.register.iter(Kind::ExtensionResource).filter(is_own)
}

/// The registration of a cluster and its extension.
fn linked(world: &World, cluster: Handle) -> Option<(Id, Handle)> {
    let id = world.register.naming(Kind::ExtensionResource, "cluster", cluster).next()?;
    Some((id, world.register.get(Kind::ExtensionResource, id)?.thing("extension")?))
}

fn named_extension(arguments: &Arguments) -> Handle {
    Handle { kind: Kind::Extension, id: arguments.id("extensionid").unwrap_or_default() }
}

/// The cluster that a registration names: nothing else can have an extension.
fn cluster(world: &World, arguments: &Arguments) -> Result<Handle, ApiError> {
    let word = arguments.required("resourcetype");
    if !word.eq_ignore_ascii_case("Cluster") {
        return Err(ApiError::invalid(format!(
            "Currently only cluster can be used to register an extension of type Orchestrator, not {word}"
        )));
    }
    let found = uuid::Uuid::try_parse(arguments.required("resourceid")).ok();
    found
        .and_then(|uuid| world.find(uuid))
        .filter(|found| found.kind == Kind::Cluster && world.uuid_of(*found).is_some())
        .ok_or_else(|| ApiError::invalid("Invalid resource ID specified"))
}

fn show_extension(world: &World, extension: Handle) -> Result<Reply, ApiError> {
    let row = super::register::row_of("listExtensions");
    Ok(Reply::Object(row.map(|row| shown(world, row, extension.id)).unwrap_or_default()))
}

fn require_roles(arguments: &Arguments) -> Result<(), ApiError> {
    for role in arguments.texts("allowedroletypes") {
        if !ROLES.iter().any(|known| known.eq_ignore_ascii_case(role)) {
            return Err(ApiError::invalid(format!("Invalid role specified - {role}")));
        }
    }
    Ok(())
}

/// Empties fields where the call asks for it.
fn clean(world: &mut World, kind: Kind, id: Id, arguments: &Arguments, pairs: &[(&str, &'static str)]) {
    let Some(record) = world.register.get_mut(kind, id) else { return };
    for (asked, field) in pairs {
        if arguments.flag(asked) {
            record.fields.remove(*field);
        }
    }
}

/// The fields of a parameter of an action that are texts.
const PARAMETER_TEXTS: [&str; 4] = ["name", "type", "validationformat", "valueoptions"];

/// An action with the parameters that the call sends, which are kept one text each: the four
/// words and whether it is required, parted by line ends.
fn with_parameters(world: &mut World, id: Id, arguments: &Arguments) -> Object {
    let groups = arguments.grouped("parameters");
    if !groups.is_empty() {
        let line = |group: &std::collections::BTreeMap<String, String>| {
            let mut words: Vec<&str> = PARAMETER_TEXTS
                .iter()
                .map(|name| group.get(*name).map(String::as_str).unwrap_or_default())
                .collect();
            words.push(group.get("required").map_or("false", String::as_str));
            words.join("\n")
        };
        let lines = groups.iter().map(line).collect();
        if let Some(record) = world.register.get_mut(Kind::CustomAction, id) {
            record.fields.insert("parameters", Stored::Texts(lines));
        }
    }
    action(world, id)
}

/// An action as its list shows it.
fn action(world: &World, id: Id) -> Object {
    let Some(row) = super::register::row_of("listCustomActions") else { return Object::new() };
    let mut object = shown(world, row, id);
    let record = world.register.get(Kind::CustomAction, id);
    let stored = record.and_then(|record| record.fields.get("parameters"));
    let lines = if let Some(Stored::Texts(lines)) = stored { lines.as_slice() } else { &[] };
    let parameters: Vec<Object> = lines
        .iter()
        .map(|line| {
            let mut words = line.split('\n');
            let mut parameter = Object::new();
            for name in PARAMETER_TEXTS {
                parameter.push(name, words.next().filter(|word| !word.is_empty()));
            }
            parameter.with("required", words.next() == Some("true"))
        })
        .collect();
    let at = object.fields.iter().position(|field| field.name == "created").unwrap_or(object.fields.len());
    object.push("parameters", parameters);
    object.fields[at..].rotate_right(1);
    object
}
