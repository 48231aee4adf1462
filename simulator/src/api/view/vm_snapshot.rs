//! Snapshots of machines.

use super::Owned as _;
use crate::reply::Object;
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::vm_snapshot::VmSnapshot;

/// A snapshot of a machine.
#[must_use]
pub fn vm_snapshot(world: &World, id: Id, row: &VmSnapshot) -> Object {
    let machine = world.virtual_machines.get(row.machine);
    let zone = machine.and_then(|machine| world.zones.get(machine.zone));
    let parent = row.parent.and_then(|parent| world.vm_snapshots.get(parent));
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("state", row.state.name())
        .with("description", row.description.as_deref())
        .with("displayname", &row.display_name)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("virtualmachineid", machine.map(|machine| machine.uuid))
        .with("virtualmachinename", machine.map(|machine| machine.shown_name()))
        .with("parent", parent.map(|parent| parent.uuid))
        .with("parentName", parent.map(|parent| parent.display_name.as_str()))
        .with("current", row.is_current)
        .with("type", if row.has_memory { "DiskAndMemory" } else { "Disk" })
        .with("created", row.created)
        .with_owner(world, row.owner)
        .with("hypervisor", "Simulator")
        .with("tags", super::tags(world, Handle { kind: Kind::VmSnapshot, id }))
        .with("hasannotations", super::has_annotations(world, row.uuid))
}
