//! Registered things: the fields that most kinds have, and the order of the response class.

use super::Owned as _;
use crate::catalog;
use crate::reply::{Object, Value};
use crate::world::kind::Handle;
use crate::world::register::{Record, Stored};
use crate::world::{Owner, World};

/// A value of the register.
#[must_use]
pub fn stored(world: &World, value: &Stored) -> Value {
    match value {
        Stored::Text(text) => text.into(),
        Stored::Number(number) => (*number).into(),
        Stored::Float(number) => (*number).into(),
        Stored::Flag(flag) => (*flag).into(),
        Stored::Date(moment) => (*moment).into(),
        Stored::Texts(texts) => Value::Texts(texts.clone()),
        Stored::Map(entries) => Value::Map(entries.clone()),
        Stored::Thing(thing) => world.uuid_of(*thing).into(),
        Stored::Things(things) => {
            let uuids = things.iter().filter_map(|thing| world.uuid_of(*thing));
            Value::Texts(uuids.map(|uuid| uuid.to_string()).collect())
        }
    }
}

/// A registered thing with the fields of its own and those that its response class shares with
/// most others, in the order of the class.
#[must_use]
pub fn registered(
    world: &World,
    about: Handle,
    record: &Record,
    own: Object,
    hides: &[&'static str],
) -> Object {
    let class = about.kind.classes().first().and_then(|class| catalog::entity(class));
    let mut all = Object::new()
        .with("id", record.uuid)
        .with("name", Some(record.name.as_str()).filter(|name| !name.is_empty()))
        .with("created", record.created)
        .with("hasannotations", super::has_annotations(world, record.uuid));
    if record.owner != Owner::NOBODY {
        let account = world.accounts.get(record.owner.account).map(|row| row.uuid);
        all = all.with("accountid", account).with_owner(world, record.owner);
    }
    // What the kind says itself counts.
    all.fields.retain(|field| own.get(field.name).is_none() && !hides.contains(&field.name));
    all.fields.extend(own.fields);
    let Some(class) = class else { return all };
    let mut ordered = Object { name: own.name, fields: Vec::new() };
    for field in class.fields() {
        if let Some(at) = all.fields.iter().position(|found| found.name == field.name()) {
            ordered.fields.push(all.fields.swap_remove(at));
        }
    }
    ordered
}
