//! Commands of things that are only registered, listed, changed and removed.
//!
//! To add a kind: one row in [`ROWS`], and its commands in [`COMMANDS`] by the four verbs below.
//! Which row a command belongs to follows from its name.

use imbl::OrdMap;

use super::{Behaviour, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::Kind;
use crate::world::register::Record;
use crate::world::table::Id;

/// A kind of registered thing.
struct Row {
    kind: Kind,
    /// The end of its commands' names: `InstanceGroup` for `createInstanceGroup`.
    noun: &'static str,
    /// The parameters that become fields, besides `name`.
    fields: &'static [&'static str],
    /// The refusal of a name that the account already uses: `{name}`, `{account}`.
    taken: &'static str,
    /// The refusal of one that is gone: `{id}`.
    gone: &'static str,
}

const ROWS: &[Row] = &[Row {
    kind: Kind::InstanceGroup,
    noun: "InstanceGroup",
    fields: &[],
    taken: "Unable to create vm group, a group with name {name} already exists for account {account}",
    gone: "unable to find a vm group with id {id}",
}];

/// Registers.
const fn create(name: &'static str) -> Behaviour {
    Behaviour { name, run: run_create, ..Behaviour::PLAIN }
}

/// Lists.
const fn list(name: &'static str) -> Behaviour {
    Behaviour { name, run: run_list, ..Behaviour::PLAIN }
}

/// Changes.
const fn update(name: &'static str) -> Behaviour {
    Behaviour { name, run: run_update, about: Some("id"), ..Behaviour::PLAIN }
}

/// Removes.
const fn delete(name: &'static str) -> Behaviour {
    Behaviour { name, run: run_delete, about: Some("id"), ..Behaviour::PLAIN }
}

pub(super) const COMMANDS: &[Behaviour] = &[
    create("createInstanceGroup"),
    list("listInstanceGroups"),
    update("updateInstanceGroup"),
    delete("deleteInstanceGroup"),
];

/// The row that a command belongs to.
fn row(arguments: &Arguments) -> &'static Row {
    let name = arguments.command().name();
    ROWS.iter().find(|row| name.contains(row.noun)).expect("every command of this family names its noun")
}

fn run_create(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let row = row(arguments);
    let owner = acting_owner(world, caller, arguments)?;
    let name = arguments.required("name");
    if world.register.by_name(row.kind, owner, name).is_some() {
        let account = listing::view_account_dump(world, owner.account);
        return Err(ApiError::invalid(row.taken.replace("{name}", name).replace("{account}", &account)));
    }
    let fields: OrdMap<&'static str, String> = row
        .fields
        .iter()
        .filter_map(|field| arguments.filled(field).map(|value| (*field, value.to_owned())))
        .collect();
    let id = world.add_record(row.kind, owner, name, fields);
    show(world, row, id)
}

fn run_list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let row = row(arguments);
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, *caller, arguments)?;
    let name = arguments.filled("name");
    let matches: Vec<Object> = world
        .register
        .iter(row.kind)
        .filter(|(_, record)| scope.covers(world, record.owner))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, record)| name.is_none_or(|name| record.name.eq_ignore_ascii_case(name)))
        .filter(|(_, record)| listing::keyword_matches(arguments, &[&record.name]))
        .map(|(_, record)| view(world, row, record))
        .collect();
    listing::page(world, arguments, matches, |object| object)
}

fn run_update(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let row = row(arguments);
    let id = reachable(world, *caller, row, arguments)?;
    if let (Some(record), Some(name)) = (world.register.get_mut(row.kind, id), arguments.filled("name")) {
        name.clone_into(&mut record.name);
    }
    show(world, row, id)
}

fn run_delete(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let row = row(arguments);
    let id = reachable(world, *caller, row, arguments)?;
    world.register.remove(row.kind, id);
    Ok(Reply::SUCCESS)
}

/// The thing that `id` names, within the caller's reach.
fn reachable(world: &World, caller: Caller, row: &Row, arguments: &Arguments) -> Result<Id, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let record = world
        .register
        .get(row.kind, id)
        .ok_or_else(|| ApiError::invalid(row.gone.replace("{id}", &id.to_string())))?;
    if caller.reaches(world, record.owner) {
        Ok(id)
    } else {
        Err(ApiError::permission("Caller does not have permission to operate with provided resource."))
    }
}

fn show(world: &World, row: &Row, id: Id) -> Result<Reply, ApiError> {
    Ok(Reply::Object(
        world.register.get(row.kind, id).map(|record| view(world, row, record)).unwrap_or_default(),
    ))
}

fn view(world: &World, row: &Row, record: &Record) -> Object {
    let domain = world.domains.get(record.owner.domain);
    let account = world.accounts.get(record.owner.account);
    let mut object = Object::new().with("id", record.uuid).with("name", &record.name);
    for field in row.fields {
        object.push(field, record.field(field));
    }
    object
        .with("created", record.created)
        .with("account", account.map(|account| account.name.as_str()))
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domain", domain.map(|domain| domain.name.as_str()))
        .with("domainpath", domain.map(|domain| domain.shown_path()))
        .with("hasannotations", false)
}
