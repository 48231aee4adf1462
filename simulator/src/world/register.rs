//! Things without a life of their own: registered, listed, changed, removed.
//!
//! One table per kind, one row type for all. Which commands they answer to and how they look
//! is a row in `api/command/register.rs`.

use imbl::OrdMap;
use uuid::Uuid;

use super::clock::Moment;
use super::kind::Kind;
use super::table::{Id, Table};
use super::{Owner, World};

/// A registered thing.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
    /// When it was registered.
    pub created: Moment,
    /// Its other fields, by name.
    pub fields: OrdMap<&'static str, String>,
}

impl Record {
    /// A field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

/// All registered things, by kind.
#[derive(Debug, Clone, Default)]
pub struct Register {
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
    pub fn add_record(
        &mut self,
        kind: Kind,
        owner: Owner,
        name: &str,
        fields: OrdMap<&'static str, String>,
    ) -> Id {
        let id = self.register.tables.get(&kind).map_or(1, Table::next_id);
        let uuid = self.name_row(kind, id);
        let created = self.now;
        let record = Record { uuid, name: name.to_owned(), owner, created, fields };
        self.register.tables.entry(kind).or_default().insert(record)
    }
}
