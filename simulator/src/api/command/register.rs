//! The engine for things that are only registered, listed, changed and removed.
//!
//! A kind is a [`Row`]: it says which parameters become fields and what is refused. Types, the
//! order of the answer, filters of the list and what a change may touch follow from the
//! catalogue. To add a kind: one row in a table of [`TABLES`], and its commands in the table's
//! neighbour `COMMANDS` by the verbs below. Which row a command belongs to follows from its name.

use super::{Behaviour, Look, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::api::view;
use crate::reply::{Object, Reply};
use crate::world::kind::{Handle, Kind};
use crate::world::register::{Fields, Record, Stored};
use crate::world::table::Id;
use crate::world::{Owner, World};

/// A kind of registered thing.
pub(super) struct Row {
    pub kind: Kind,
    /// The end of its commands' names: `InstanceGroup` for `createInstanceGroup`.
    pub noun: &'static str,
    /// The parameters that become fields, besides `name`.
    pub fields: &'static [Field],
    /// Fields of the response class that the answers leave out all the same.
    pub hides: &'static [&'static str],
    /// Whose it is.
    pub scope: Scope,
    /// The refusal of a name that is in use: `{name}`, `{account}`. Without one names may repeat.
    pub taken: Option<&'static str>,
    /// The refusal of one that is gone: `{id}`.
    pub gone: &'static str,
    /// What is refused before it is made.
    pub check: Option<Look>,
    /// What is refused before it is removed.
    pub in_use: Option<Hold>,
    /// Whether a list shows it, beyond the filters that have the names of fields.
    pub shows: Option<Shows>,
    /// Adds the fields that are worked out.
    pub extra: Option<Extra>,
    /// Whether a list begins with the youngest.
    pub newest_first: bool,
}

/// Refuses that a thing is removed.
pub(super) type Hold = fn(&World, Handle) -> Result<(), ApiError>;

/// Whether a list shows a thing to a caller who asks with these arguments.
pub(super) type Shows = fn(&World, &Caller, &Arguments, &Record) -> bool;

/// Adds what is worked out to how a thing is shown.
pub(super) type Extra = fn(&World, Handle, &Record, &mut Object);

/// Whose the things of a kind are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// An account's; a name is taken within the account.
    Account,
    /// The installation's; a name is taken everywhere.
    Installation,
}

/// A parameter that becomes a field.
pub(super) struct Field {
    /// The field, and the parameter unless [`param`](Self::param) says otherwise.
    pub name: &'static str,
    /// The parameter.
    pub param: &'static str,
    /// The field for the name of the thing that it names.
    pub named: Option<&'static str>,
    /// The value where the parameter is not sent.
    pub default: Default,
    /// The words that it may be, case ignored; any if there are none.
    pub words: &'static [&'static str],
    /// The refusal of another word: `{value}`.
    pub refusal: &'static str,
    /// Whether it is kept and not shown.
    pub hidden: bool,
    /// Whether a list filters by its parameter as it is.
    pub filters: bool,
}

/// The value of a field whose parameter is not sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Default {
    /// None.
    Absent,
    /// A text.
    Text(&'static str),
    /// A number.
    Number(i64),
    /// True or false.
    Flag(bool),
    /// A map with nothing in it.
    Map,
}

impl Field {
    /// A field with the name of its parameter.
    pub(super) const fn of(name: &'static str) -> Self {
        Self {
            name,
            param: name,
            named: None,
            default: Default::Absent,
            words: &[],
            refusal: "",
            hidden: false,
            filters: true,
        }
    }

    /// The same, of another parameter.
    pub(super) const fn from(self, param: &'static str) -> Self {
        Self { param, ..self }
    }

    /// The same, with another field for the name of the thing.
    pub(super) const fn named(self, named: &'static str) -> Self {
        Self { named: Some(named), ..self }
    }

    /// The same, with a default.
    pub(super) const fn or(self, default: Default) -> Self {
        Self { default, ..self }
    }

    /// The same, one of these words.
    pub(super) const fn one_of(self, words: &'static [&'static str], refusal: &'static str) -> Self {
        Self { words, refusal, ..self }
    }

    /// The same, but never shown.
    pub(super) const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// The same, but a list that takes the parameter looks at it by itself.
    pub(super) const fn unfiltered(self) -> Self {
        Self { filters: false, ..self }
    }

    /// The value that a call sends, in the spelling of the words.
    fn read(&self, arguments: &Arguments) -> Result<Option<Stored>, ApiError> {
        if arguments.command().param(self.param).is_none() {
            return Ok(None);
        }
        let sent = arguments.stored(self.param);
        let Some(Stored::Text(text)) = sent.as_ref().filter(|_| !self.words.is_empty()) else {
            return Ok(sent);
        };
        match self.words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
            Some(word) => Ok(Some((*word).into())),
            None => Err(ApiError::invalid(self.refusal.replace("{value}", text))),
        }
    }

    fn default(&self) -> Option<Stored> {
        match self.default {
            Default::Absent => None,
            Default::Text(text) => Some(text.into()),
            Default::Number(number) => Some(number.into()),
            Default::Flag(flag) => Some(flag.into()),
            Default::Map => Some(Stored::Map(Vec::new())),
        }
    }
}

impl Row {
    /// The start of every row.
    pub(super) const PLAIN: Self = Self {
        kind: Kind::InstanceGroup,
        noun: "",
        fields: &[],
        hides: &[],
        scope: Scope::Installation,
        taken: None,
        gone: "unable to find the entity with id {id}",
        check: None,
        in_use: None,
        shows: None,
        extra: None,
        newest_first: false,
    };
}

/// Every table of kinds.
const TABLES: &[&[Row]] = &[
    super::registered::ROWS,
    super::ssh_key_pair::ROWS,
    super::webhook::ROWS,
    super::kubernetes::ROWS,
    super::object_store::ROWS,
    super::extension::ROWS,
    super::backup::ROWS,
    super::autoscale::ROWS,
    super::autoscale_group::ROWS,
    super::certificate::ROWS,
    super::ipv6::ROWS,
    super::kubernetes_cluster::ROWS,
    super::gpu_device::ROWS,
    super::direct_download::ROWS,
    super::guest_system_mapping::ROWS,
];

/// Registers.
pub(super) const fn create(name: &'static str) -> Behaviour {
    Behaviour { name, run: run_create, ..Behaviour::PLAIN }
}

/// Registers in the first step of a two-step command, and shows in the second.
pub(super) const fn create_then_show(name: &'static str) -> Behaviour {
    Behaviour {
        name,
        create: Some(|world, caller, arguments| {
            let row = row(arguments);
            Ok(Handle { kind: row.kind, id: add(world, caller, arguments, row)? })
        }),
        run: |world, _, arguments| show(world, row(arguments), arguments.created().unwrap_or_default()),
        ..Behaviour::PLAIN
    }
}

/// Lists.
pub(super) const fn list(name: &'static str) -> Behaviour {
    Behaviour { name, run: run_list, ..Behaviour::PLAIN }
}

/// Changes.
pub(super) const fn update(name: &'static str) -> Behaviour {
    Behaviour { name, run: run_update, about: Some("id"), ..Behaviour::PLAIN }
}

/// Removes.
pub(super) const fn delete(name: &'static str) -> Behaviour {
    Behaviour { name, run: run_delete, about: Some("id"), ..Behaviour::PLAIN }
}

/// The thing of a name that the acting account has.
pub(super) fn named(
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
pub(super) fn row(arguments: &Arguments) -> &'static Row {
    let name = arguments.command().name();
    row_of(name).expect("every command of this family names its noun")
}

/// The row whose noun a command's name ends with, in singular or plural.
pub(super) fn row_of(name: &str) -> Option<&'static Row> {
    let noun = name.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    let is_meant = |row: &&Row| {
        let plural = noun.strip_suffix("ies").zip(row.noun.strip_suffix('y'));
        noun == row.noun
            || noun.strip_suffix('s') == Some(row.noun)
            || noun.strip_suffix("es") == Some(row.noun)
            || plural.is_some_and(|(one, other)| one == other)
    };
    TABLES.iter().copied().flatten().find(is_meant)
}

fn run_create(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let row = row(arguments);
    let id = add(world, caller, arguments, row)?;
    show(world, row, id)
}

/// Registers what the parameters describe.
pub(super) fn add(
    world: &mut World,
    caller: &Caller,
    arguments: &Arguments,
    row: &Row,
) -> Result<Id, ApiError> {
    if let Some(check) = row.check {
        check(world, caller, arguments)?;
    }
    let owner = match row.scope {
        Scope::Account => acting_owner(world, caller, arguments)?,
        Scope::Installation => Owner::NOBODY,
    };
    let has_name = arguments.command().param("name").is_some();
    let name = if has_name { arguments.required("name") } else { "" };
    if let Some(taken) = row.taken
        && world.register.by_name(row.kind, owner, name).is_some()
    {
        let account = listing::view_account_dump(world, owner.account);
        return Err(ApiError::invalid(taken.replace("{name}", name).replace("{account}", &account)));
    }
    let mut fields = Fields::new();
    for field in row.fields {
        if let Some(value) = field.read(arguments)?.or_else(|| field.default()) {
            fields.insert(field.name, value);
        }
    }
    let name = name.to_owned();
    Ok(world.add_record(row.kind, owner, &name, fields))
}

fn run_list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let row = row(arguments);
    let mut matches = matching(world, caller, arguments, row)?;
    if row.newest_first {
        matches.reverse();
    }
    listing::page(world, arguments, matches, |id| shown(world, row, id))
}

/// The things of a kind that a list asks for: within reach, of these identifiers, with this
/// name, and with the fields that parameters of the same names ask for.
pub(super) fn matching(
    world: &World,
    caller: &Caller,
    arguments: &Arguments,
    row: &Row,
) -> Result<Vec<Id>, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let scope = match row.scope {
        Scope::Account => Some(listing::scope(world, *caller, arguments)?),
        Scope::Installation => None,
    };
    let declares = |name: &str| arguments.command().param(name).is_some();
    let name = declares("name").then(|| arguments.filled("name")).flatten();
    let mut filters = Vec::new();
    for field in row.fields.iter().filter(|field| field.filters && declares(field.param)) {
        // What is named and gone, and -1, match nothing.
        if arguments.has(field.param) {
            filters.push((field.name, field.read(arguments)?));
        }
    }
    Ok(world
        .register
        .iter(row.kind)
        .filter(|(_, record)| scope.as_ref().is_none_or(|scope| scope.covers(world, record.owner)))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, record)| name.is_none_or(|name| record.name.eq_ignore_ascii_case(name)))
        .filter(|(_, record)| filters.iter().all(|(name, value)| fits(record, name, value.as_ref())))
        .filter(|(_, record)| listing::keyword_matches(arguments, &[&record.name]))
        .filter(|(_, record)| row.shows.is_none_or(|shows| shows(world, caller, arguments, record)))
        .map(|(id, _)| id)
        .collect())
}

/// Whether a field has the value that a filter asks for; an empty text asks for nothing.
fn fits(record: &Record, name: &str, wanted: Option<&Stored>) -> bool {
    match (record.fields.get(name), wanted) {
        (_, None) => true,
        (Some(Stored::Text(text)), Some(Stored::Text(wanted))) => text.eq_ignore_ascii_case(wanted),
        (found, wanted) => found == wanted,
    }
}

fn run_update(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let row = row(arguments);
    let id = change(world, caller, arguments, row)?;
    show(world, row, id)
}

/// Changes the fields whose parameters are sent.
pub(super) fn change(
    world: &mut World,
    caller: &Caller,
    arguments: &Arguments,
    row: &Row,
) -> Result<Id, ApiError> {
    let id = reachable(world, *caller, row, arguments)?;
    let mut changed = Vec::new();
    for field in row.fields {
        if let Some(value) = field.read(arguments)? {
            changed.push((field.name, value));
        }
    }
    let name = arguments.command().param("name").and_then(|_| arguments.filled("name"));
    if let Some(record) = world.register.get_mut(row.kind, id) {
        if let Some(name) = name {
            name.clone_into(&mut record.name);
        }
        record.fields.extend(changed);
    }
    Ok(id)
}

fn run_delete(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let row = row(arguments);
    let id = reachable(world, *caller, row, arguments)?;
    if let Some(in_use) = row.in_use {
        in_use(world, Handle { kind: row.kind, id })?;
    }
    world.register.remove(row.kind, id);
    Ok(Reply::SUCCESS)
}

/// The thing that `id` names, within the caller's reach.
pub(super) fn reachable(
    world: &World,
    caller: Caller,
    row: &Row,
    arguments: &Arguments,
) -> Result<Id, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let record = world
        .register
        .get(row.kind, id)
        .ok_or_else(|| ApiError::invalid(row.gone.replace("{id}", &id.to_string())))?;
    if row.scope == Scope::Installation || caller.reaches(world, record.owner) {
        Ok(id)
    } else {
        Err(ApiError::permission("Caller does not have permission to operate with provided resource."))
    }
}

/// The answer of a command that made or changed a thing.
pub(super) fn show(world: &World, row: &Row, id: Id) -> Result<Reply, ApiError> {
    Ok(Reply::Object(shown(world, row, id)))
}

/// A thing as its lists show it.
pub(super) fn shown(world: &World, row: &Row, id: Id) -> Object {
    let Some(record) = world.register.get(row.kind, id) else { return Object::new() };
    let about = Handle { kind: row.kind, id };
    let mut object = Object::new();
    for field in row.fields.iter().filter(|field| !field.hidden) {
        if let Some(value) = record.fields.get(field.name) {
            object.push(field.name, view::stored(world, value));
        }
        let thing = record.thing(field.name);
        if let (Some(named), Some(thing)) = (field.named, thing) {
            object.push(named, world.name_of(thing));
        }
    }
    if let Some(extra) = row.extra {
        extra(world, about, record, &mut object);
    }
    view::registered(world, about, record, object, row.hides)
}
