//! Schedules of machines.

use crate::reply::Object;
use crate::world::World;
use crate::world::vm_schedule::VmSchedule;

/// A schedule of a machine.
#[must_use]
pub fn vm_schedule(world: &World, row: &VmSchedule) -> Object {
    let machine = world.virtual_machines.get(row.machine);
    Object::new()
        .with("id", row.uuid)
        .with("virtualmachineid", machine.map(|machine| machine.uuid))
        .with("description", &row.description)
        .with("schedule", &row.schedule)
        .with("timezone", &row.timezone)
        .with("action", row.action.name())
        .with("enabled", row.enabled)
        .with("startdate", row.start)
        .with("enddate", row.end)
        .with("created", row.created)
}
