//! Affinity groups.

use super::Owned as _;
use crate::reply::Object;
use crate::world::World;
use crate::world::register::Record;

/// An affinity group.
#[must_use]
pub fn affinity_group(world: &World, record: &Record) -> Object {
    Object::new()
        .with("id", record.uuid)
        .with("name", &record.name)
        .with("description", record.field("description"))
        .with_owner(world, record.owner)
        .with("type", record.field("type"))
}
