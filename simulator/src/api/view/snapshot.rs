//! Snapshots of volumes and the policies that say when to take them.

use super::Owned as _;
use crate::quirk::Quirk;
use crate::reply::{Object, Value};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::snapshot::{Snapshot, SnapshotPolicy, SnapshotState};
use crate::world::table::Id;

/// A snapshot as lists show it, with the job that is at work on it.
#[must_use]
pub fn snapshot(world: &World, id: Id, row: &Snapshot) -> Object {
    let handle = Handle { kind: Kind::Snapshot, id };
    let job = super::open_job(world, handle);
    let mut object = Object::new().with("id", row.uuid).with_owner(world, row.owner);
    add_volume(world, row, &mut object);
    add_rest(world, row, &mut object, false);
    object
        .with("tags", super::tags(world, handle))
        .with("hasannotations", super::has_annotations(world, row.uuid))
        .with("jobid", job)
        .with("jobstatus", job.map(|_| 0))
}

/// A snapshot as the commands answer it that made or changed it: its tags are bare.
#[must_use]
pub fn taken_snapshot(world: &World, id: Id, row: &Snapshot) -> Object {
    let tags = super::bare_tags(world, Handle { kind: Kind::Snapshot, id });
    let mut object =
        Object::new().with("id", row.uuid).with_owner(world, row.owner).with("snapshottype", "MANUAL");
    add_volume(world, row, &mut object);
    add_rest(world, row, &mut object, true);
    object.with("tags", tags).with("hasannotations", super::has_annotations(world, row.uuid))
}

fn add_volume(world: &World, row: &Snapshot, object: &mut Object) {
    let volume = world.volumes.get(row.volume);
    object.push("volumeid", row.volume_uuid);
    object.push("volumename", &row.volume_name);
    object.push("volumetype", if row.is_root { "ROOT" } else { "DATADISK" });
    object.push("volumestate", volume.map_or("Expunged", |volume| volume.state.name()));
}

fn add_rest(world: &World, row: &Snapshot, object: &mut Object, is_taken: bool) {
    let template = row.template.and_then(|template| world.templates.get(template));
    let system = template.and_then(|template| world.guest_systems.get(template.guest_system));
    let state = row.state_at(world.now);
    // Before it is begun it is in no store, and so in no zone; on secondary storage nothing is measured.
    let zone = world.zones.get(row.zone).filter(|_| state != SnapshotState::Allocated);
    let on_primary = state == SnapshotState::Creating;
    object.push("created", row.created);
    object.push("name", &row.name);
    object.push("intervaltype", "MANUAL");
    object.push("state", state_name(world, state));
    object.push("physicalsize", if on_primary { row.size } else { 0 });
    object.push("zoneid", zone.map(|zone| zone.uuid));
    object.push("zonename", zone.map(|zone| zone.name.as_str()));
    object.push("revertable", false);
    object.push("ostypeid", system.map(|system| system.uuid));
    object.push("osdisplayname", system.filter(|_| is_taken).map(|system| system.description.as_str()));
    object.push("virtualsize", row.size);
}

fn state_name(world: &World, state: SnapshotState) -> Value {
    if world.sins(Quirk::SnapshotsAreReady) && state == SnapshotState::BackedUp {
        return "Ready".into();
    }
    state.name().into()
}

/// A policy.
#[must_use]
pub fn snapshot_policy(world: &World, id: Id, row: &SnapshotPolicy) -> Object {
    let volume = world.volumes.get(row.volume);
    Object::new()
        .with("id", row.uuid)
        .with("volumeid", volume.map(|volume| volume.uuid))
        .with("volumename", volume.map(|volume| volume.name.as_str()))
        .with("schedule", &row.schedule)
        .with("intervaltype", row.interval.number())
        .with("maxsnaps", row.keep)
        .with("timezone", &row.timezone)
        .with_admin("fordisplay", row.display)
        .with("zone", Vec::<Object>::new())
        .with("storage", Vec::<Object>::new())
        .with("tags", super::tags(world, Handle { kind: Kind::SnapshotPolicy, id }))
}
