//! Annotations.

use uuid::Uuid;

use crate::reply::{Object, Value};
use crate::world::World;
use crate::world::kind::Kind;
use crate::world::table::Id;

/// A remark.
#[must_use]
pub fn annotation(world: &World, id: Id) -> Object {
    let Some(row) = world.annotations.get(id) else { return Object::new() };
    let user = world.users.get(row.user);
    Object::new()
        .with("id", row.uuid)
        .with("entitytype", row.entity_type)
        .with("entityid", row.entity)
        .with("entityname", entity_name(world, row.entity))
        .with("annotation", &row.text)
        .with("userid", user.map(|user| user.uuid))
        .with("username", user.map(|user| user.username.as_str()))
        .with("adminsonly", row.admins_only)
        .with("created", row.created)
}

/// What remarks call their thing: a machine goes by its internal name.
fn entity_name(world: &World, entity: Uuid) -> Option<String> {
    if entity == world.management_server {
        return Some("localhost".to_owned());
    }
    let found = world.find(entity)?;
    match found.kind {
        Kind::VirtualMachine => {
            world.virtual_machines.get(found.id).map(|row| world.instance_name(found.id, row))
        }
        Kind::Address => world.addresses.get(found.id).map(|row| row.address.to_string()),
        _ => world.name_of(found).map(str::to_owned),
    }
}

/// Whether a thing has remarks that the reader may see.
#[must_use]
pub(super) fn has_annotations(world: &World, entity: Uuid) -> Value {
    let (any, public) = world.has_annotations(entity);
    if any == public { Value::Flag(any) } else { Value::FlagByRank { admin: any, others: public } }
}
