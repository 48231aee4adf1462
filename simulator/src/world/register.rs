//! Things without a life of their own: registered, listed, changed, removed.
//!
//! One table per kind, one row type for all. Which commands they answer to and how they look
//! is a row in `api/command/register.rs`.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Moment;
use super::kind::{Handle, Kind};
use super::saved::form;
use super::table::{Id, Table};
use super::{Owner, World};

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Stored {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A number with a fraction.
    Float(
        #[serde(with = "form::float")]
        #[cfg_attr(test, schemars(with = "String"))]
        f64,
    ),
    /// True or false.
    Flag(bool),
    /// A point in time.
    Date(Moment),
    /// A list of texts.
    Texts(Vec<String>),
    /// Keys with values, in the order of the keys.
    Map(Vec<(String, String)>),
    /// Another thing of the world.
    Thing(Handle),
    /// Other things of the world.
    Things(Vec<Handle>),
}

impl From<&str> for Stored {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Stored {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Stored {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for Stored {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Handle> for Stored {
    fn from(thing: Handle) -> Self {
        Self::Thing(thing)
    }
}

/// The fields of a registered thing, by name.
pub type Fields = OrdMap<&'static str, Stored>;

/// A registered thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Whose it is; [`Owner::NOBODY`] for what belongs to the installation.
    pub owner: Owner,
    /// When it was registered.
    pub created: Moment,
    /// Its other fields, by name.
    #[serde(with = "form::map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, Stored>"))]
    pub fields: Fields,
}

impl Record {
    /// The text of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        match self.fields.get(name) {
            Some(Stored::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The number in a field; 0 if there is none.
    #[must_use]
    pub fn number(&self, name: &str) -> i64 {
        match self.fields.get(name) {
            Some(Stored::Number(number)) => *number,
            _ => 0,
        }
    }

    /// The flag in a field; false if there is none.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.fields.get(name), Some(Stored::Flag(true)))
    }

    /// The things that a field names.
    #[must_use]
    pub fn things(&self, name: &str) -> &[Handle] {
        match self.fields.get(name) {
            Some(Stored::Things(things)) => things,
            _ => &[],
        }
    }

    /// The thing that a field names.
    #[must_use]
    pub fn thing(&self, name: &str) -> Option<Handle> {
        match self.fields.get(name) {
            Some(Stored::Thing(thing)) => Some(*thing),
            _ => None,
        }
    }
}

/// All registered things, by kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Register {
    #[serde(with = "form::map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, Table<Record>>"))]
    tables: OrdMap<Kind, Table<Record>>,
}

impl Register {
    /// The things of a kind, oldest first.
    pub fn iter(&self, kind: Kind) -> impl Iterator<Item = (Id, &Record)> {
        self.tables.get(&kind).into_iter().flat_map(Table::iter)
    }

    /// One thing.
    #[must_use]
    pub fn get(&self, kind: Kind, id: Id) -> Option<&Record> {
        self.tables.get(&kind)?.get(id)
    }

    /// One thing, to change it.
    pub fn get_mut(&mut self, kind: Kind, id: Id) -> Option<&mut Record> {
        self.tables.get_mut(&kind)?.get_mut(id)
    }

    /// Takes a thing out.
    pub fn remove(&mut self, kind: Kind, id: Id) {
        if let Some(table) = self.tables.get_mut(&kind) {
            table.remove(id);
        }
    }

    /// The things of a kind of which a field names another thing.
    pub fn naming(&self, kind: Kind, field: &'static str, thing: Handle) -> impl Iterator<Item = Id> {
        self.iter(kind).filter(move |(_, record)| record.thing(field) == Some(thing)).map(|(id, _)| id)
    }

    /// The things of a kind of which a field names another thing among others.
    pub fn listing(&self, kind: Kind, field: &'static str, thing: Handle) -> impl Iterator<Item = Id> {
        self.iter(kind).filter(move |(_, record)| record.things(field).contains(&thing)).map(|(id, _)| id)
    }

    /// Takes everything out that an account owns.
    pub fn remove_owned(&mut self, account: Id) {
        let kinds: Vec<Kind> = self.tables.keys().copied().collect();
        for kind in kinds {
            let owned: Vec<Id> = self
                .iter(kind)
                .filter(|(_, record)| record.owner.account == account)
                .map(|(id, _)| id)
                .collect();
            for id in owned {
                self.remove(kind, id);
            }
        }
    }

    /// The thing with a name in an account, case ignored.
    #[must_use]
    pub fn by_name(&self, kind: Kind, owner: Owner, name: &str) -> Option<Id> {
        self.iter(kind)
            .find(|(_, record)| record.owner == owner && record.name.eq_ignore_ascii_case(name))
            .map(|(id, _)| id)
    }
}

impl World {
    /// Registers a thing.
    pub fn add_record(&mut self, kind: Kind, owner: Owner, name: &str, fields: Fields) -> Id {
        let id = self.register.tables.get(&kind).map_or(1, Table::next_id);
        let uuid = self.name_row(kind, id);
        let created = self.now;
        let record = Record { uuid, name: name.to_owned(), owner, created, fields };
        self.register.tables.entry(kind).or_default().insert(record)
    }
}
