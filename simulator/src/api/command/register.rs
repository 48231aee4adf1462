//! Commands of things that are only registered, listed, changed and removed.
//!
//! To add a kind: one row in [`ROWS`], and its commands in [`COMMANDS`] by the four verbs below.
//! Which row a command belongs to follows from its name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
    /// The fields that are shown after the owner.
    tail: &'static [&'static str],
    /// Which of the fields that most kinds have it shows.
    shows: Shows,
    /// The refusal of a name that the account already uses: `{name}`, `{account}`.
    taken: &'static str,
    /// The refusal of one that is gone: `{id}`.
    gone: &'static str,
}

/// Fields that most kinds have.
struct Shows {
    created: bool,
    domain_path: bool,
    annotations: bool,
}

const ROWS: &[Row] = &[
    Row {
        kind: Kind::InstanceGroup,
        noun: "InstanceGroup",
        fields: &[],
        tail: &[],
        shows: Shows { created: true, domain_path: true, annotations: true },
        taken: "Unable to create vm group, a group with name {name} already exists for account {account}",
        gone: "unable to find a vm group with id {id}",
    },
    Row {
        kind: Kind::SshKeyPair,
        noun: "SSHKeyPair",
        fields: &[],
        tail: &["fingerprint"],
        shows: Shows { created: false, domain_path: false, annotations: true },
        taken: "A key pair with name '{name}' already exists.",
        gone: "unable to find a key pair with id {id}",
    },
];

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
    list("listSSHKeyPairs"),
    Behaviour {
        run: |world, caller, arguments| {
            let row = row(arguments);
            let id = add(world, caller, arguments, row)?;
            let (fingerprint, private) = key_material(world);
            if let Some(record) = world.register.get_mut(row.kind, id) {
                record.fields.insert("fingerprint", fingerprint);
            }
            // Only this answer has the private half, and before all else.
            let mut shown = Object::named("keypair").with("privatekey", private);
            if let Some(record) = world.register.get(row.kind, id) {
                let listed = view(world, row, record);
                shown.fields.extend(listed.fields);
            }
            Ok(Reply::Object(shown))
        },
        ..create("createSSHKeyPair")
    },
    Behaviour {
        about: None,
        run: |world, caller, arguments| {
            let (row, name) = (row(arguments), arguments.required("name"));
            let owner = acting_owner(world, caller, arguments)?;
            let Some(id) = named(world, caller, arguments, row, name)? else {
                let account = world.accounts.get(owner.account).map_or("", |account| account.name.as_str());
                let domain = world.domains.get(owner.domain).map(|domain| domain.uuid).unwrap_or_default();
                return Err(ApiError::invalid(format!(
                    "A key pair with name '{name}' does not exist for account {account} in specified domain id"
                ))
                .about(domain, "domainId"));
            };
            world.register.remove(row.kind, id);
            Ok(Reply::SUCCESS)
        },
        ..delete("deleteSSHKeyPair")
    },
];

/// A fingerprint and a private key in their recorded forms. Both are drawn from the seed: nothing
/// in a simulated guest asks for the key, so there is no key behind the text.
fn key_material(world: &mut World) -> (String, String) {
    let fingerprint: Vec<String> = world.ids.bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
    let text = STANDARD.encode(world.ids.bytes::<1190>());
    let mut private = String::from("-----BEGIN RSA PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        private.push_str(&String::from_utf8_lossy(line));
        private.push('\n');
    }
    private.push_str("-----END RSA PRIVATE KEY-----\n");
    (fingerprint.join(":"), private)
}

/// The thing of a name that the acting account has.
fn named(
    world: &World,
    caller: &Caller,
    arguments: &Arguments,
    row: &Row,
    name: &str,
) -> Result<Option<Id>, ApiError> {
    let owner = acting_owner(world, caller, arguments)?;
    Ok(world.register.by_name(row.kind, owner, name))
}

/// The row that a command belongs to.
fn row(arguments: &Arguments) -> &'static Row {
    let name = arguments.command().name();
    ROWS.iter().find(|row| name.contains(row.noun)).expect("every command of this family names its noun")
}

fn run_create(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let row = row(arguments);
    let id = add(world, caller, arguments, row)?;
    show(world, row, id)
}

/// Registers what the parameters describe.
fn add(world: &mut World, caller: &Caller, arguments: &Arguments, row: &Row) -> Result<Id, ApiError> {
    let owner = acting_owner(world, caller, arguments)?;
    let name = arguments.required("name");
    if world.register.by_name(row.kind, owner, name).is_some() {
        let account = listing::view_account_dump(world, owner.account);
        return Err(ApiError::invalid(row.taken.replace("{name}", name).replace("{account}", &account)));
    }
    let fields: OrdMap<&'static str, String> = row
        .fields
        .iter()
        .chain(row.tail)
        .filter(|field| arguments.command().param(field).is_some())
        .filter_map(|field| arguments.filled(field).map(|value| (*field, value.to_owned())))
        .collect();
    Ok(world.add_record(row.kind, owner, name, fields))
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
    let shows = &row.shows;
    object = object
        .with("created", shows.created.then_some(record.created))
        .with("account", account.map(|account| account.name.as_str()))
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domain", domain.map(|domain| domain.name.as_str()))
        .with("domainpath", domain.filter(|_| shows.domain_path).map(|domain| domain.shown_path()));
    for field in row.tail {
        object.push(field, record.field(field));
    }
    object.with("hasannotations", shows.annotations.then_some(false))
}
