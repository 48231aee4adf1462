//! Affinity groups.

use super::Owned as _;
use crate::reply::Object;
use crate::world::World;
use crate::world::register::Record;
use crate::world::table::Id;

/// An affinity group.
#[must_use]
pub fn affinity_group(world: &World, id: Id, record: &Record) -> Object {
    let machines = world.virtual_machines.iter().filter(|(_, row)| row.affinity_groups.contains(&id));
    let machines: Vec<String> = machines.map(|(_, row)| row.uuid.to_string()).collect();
    Object::new()
        .with("id", record.uuid)
        .with("name", &record.name)
        .with("description", record.field("description"))
        .with_owner(world, record.owner)
        .with("type", record.field("type"))
        .with("virtualmachineIds", (!machines.is_empty()).then_some(machines))
}
