//! Volumes.

use super::Owned as _;
use crate::api::caller::Caller;
use crate::reply::Object;
use crate::world::World;
use crate::world::volume::{Volume, VolumeState};

/// A volume. Where it lies is for root administrators.
#[must_use]
pub fn volume(world: &World, row: &Volume, viewer: Caller) -> Object {
    let full = viewer.is_root_admin();
    let zone = world.zones.get(row.zone);
    let machine = row.attached.and_then(|(machine, _)| world.virtual_machines.get(machine));
    let template = row.template.and_then(|template| world.templates.get(template));
    let disk = row.disk_offering.and_then(|disk| world.disk_offerings.get(disk));
    let pool = row.pool.and_then(|pool| world.storage_pools.get(pool));
    let cluster = pool.and_then(|pool| world.clusters.get(pool.cluster));
    let pod = pool.and_then(|pool| world.pods.get(pool.pod));
    let offering =
        machine.and_then(|machine| world.service_offerings.get(machine.offering)).filter(|_| row.is_root);
    let mut object = Object::new()
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
        .with("size", row.size)
        .with("created", row.created)
        .with("attached", row.attached_at)
        .with("state", row.state.name())
        .with_owner(world, row.owner)
        .with("storagetype", "shared")
        .with("diskofferingid", disk.map(|disk| disk.uuid))
        .with("diskofferingname", disk.map(|disk| disk.name.as_str()))
        .with("diskofferingdisplaytext", disk.map(|disk| disk.display_text.as_str()))
        .with("hypervisor", if pool.is_some() { "Simulator" } else { "None" })
        .with("storage", pool.filter(|_| full).map(|pool| pool.name.as_str()))
        .with("destroyed", row.state == VolumeState::Destroy)
        .with(
            "serviceofferingid",
            machine.filter(|_| offering.is_some()).map(|machine| machine.offering.to_string()),
        )
        .with("serviceofferingname", offering.map(|offering| offering.name.as_str()))
        .with("serviceofferingdisplaytext", offering.map(|offering| offering.display_text.as_str()))
        .with("isextractable", !row.is_root)
        .with("displayvolume", full.then_some(true))
        .with("path", row.path.filter(|_| full))
        .with("storageid", pool.filter(|_| full).map(|pool| pool.uuid))
        .with("quiescevm", false)
        .with("supportsstoragesnapshot", false)
        .with("deleteprotection", row.delete_protection);
    if full && pool.is_some() {
        object.push("physicalsize", row.size);
        object.push("virtualsize", row.size);
        object.push("utilization", "100.0%");
        object.push("clusterid", cluster.map(|cluster| cluster.uuid));
        object.push("clustername", cluster.map(|cluster| cluster.name.as_str()));
        object.push("podid", pod.map(|pod| pod.uuid));
        object.push("podname", pod.map(|pod| pod.name.as_str()));
    }
    object.with("tags", Vec::<Object>::new()).with("hasannotations", false)
}
