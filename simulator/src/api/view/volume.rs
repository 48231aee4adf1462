//! Volumes.

use super::Owned as _;
use super::offering::with_operation_limits;
use crate::reply::Object;
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::volume::{Volume, VolumeState};

/// A volume. Where it lies is in the full view only.
#[must_use]
pub fn volume(world: &World, id: Id, row: &Volume, full: bool) -> Object {
    let zone = world.zones.get(row.zone);
    let machine = row.attached.and_then(|(machine, _)| world.virtual_machines.get(machine));
    let template = row.template.and_then(|template| world.templates.get(template));
    let disk = row.disk_offering.and_then(|disk| world.disk_offerings.get(disk));
    let snapshot = row.snapshot.and_then(|snapshot| world.snapshots.get(snapshot));
    let pool = row.pool.and_then(|pool| world.storage_pools.get(pool));
    let cluster = pool.and_then(|pool| world.clusters.get(pool.cluster));
    let pod = pool.and_then(|pool| world.pods.get(pool.pod));
    let offering = machine
        .and_then(|machine| world.service_offerings.get(machine.offering))
        .filter(|_| row.is_root && disk.is_none());
    let measured = machine.is_some_and(|machine| world.is_measured(machine));
    let object = Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("type", if row.is_root { "ROOT" } else { "DATADISK" })
        .with("deviceid", row.attached.map(|(_, slot)| slot))
        .with("virtualmachineid", machine.map(|machine| machine.uuid))
        .with("templateid", template.map(|template| template.uuid))
        .with("templatename", template.map(|template| template.name.as_str()))
        .with("templatedisplaytext", template.map(|template| template.display_text.as_str()))
        .with("vmname", machine.map(|machine| machine.name.as_str()))
        .with("vmdisplayname", machine.map(|machine| machine.shown_name()))
        .with("vmstate", machine.map(|machine| machine.state.name()))
        .with("vmtype", machine.map(|_| "User"))
        .with("provisioningtype", "thin")
        .with("size", row.size);
    let mut object = with_operation_limits(object, disk.and_then(|disk| disk.operations))
        .with("created", row.created)
        .with("state", row.state.name())
        .with_owner(world, row.owner)
        .with("storagetype", full.then_some("shared"))
        .with("diskkbsread", measured.then_some(0))
        .with("diskkbswrite", measured.then_some(0))
        .with("diskioread", measured.then_some(0))
        .with("diskiowrite", measured.then_some(0))
        .with("hypervisor", full.then_some(if pool.is_some() { "Simulator" } else { "None" }))
        .with("diskofferingid", disk.map(|disk| disk.uuid))
        .with("diskofferingname", disk.map(|disk| disk.name.as_str()))
        .with("diskofferingdisplaytext", disk.map(|disk| disk.display_text.as_str()))
        .with("storage", pool.filter(|_| full).map(|pool| pool.name.as_str()))
        .with("snapshotid", snapshot.map(|snapshot| snapshot.uuid))
        .with("attached", row.attached_at)
        .with("destroyed", row.state == VolumeState::Destroy)
        .with(
            "serviceofferingid",
            machine.filter(|_| offering.is_some()).map(|machine| machine.offering.to_string()),
        )
        .with("serviceofferingname", offering.map(|offering| offering.name.as_str()))
        .with("serviceofferingdisplaytext", offering.map(|offering| offering.display_text.as_str()))
        .with("isextractable", !row.is_root)
        .with_admin("displayvolume", true)
        .with("path", pool.filter(|_| full).map(|_| row.path.as_str()))
        .with("storageid", pool.filter(|_| full).map(|pool| pool.uuid))
        .with("quiescevm", false)
        .with("supportsstoragesnapshot", false)
        .with("deleteprotection", row.delete_protection);
    // What is on storage is measured, too, a while later.
    if full && pool.is_some() && row.created.plus_seconds(60) <= world.now && row.is_root {
        object.push("physicalsize", row.size);
        object.push("virtualsize", row.size);
        object.push("utilization", "100.0%");
    }
    if full && pool.is_some() {
        object.push("clusterid", cluster.map(|cluster| cluster.uuid));
        object.push("clustername", cluster.map(|cluster| cluster.name.as_str()));
        object.push("podid", pod.map(|pod| pod.uuid));
        object.push("podname", pod.map(|pod| pod.name.as_str()));
    }
    object
        .with("tags", super::tags(world, Handle { kind: Kind::Volume, id }))
        .with("hasannotations", super::has_annotations(world, row.uuid))
}
