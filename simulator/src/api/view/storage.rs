//! Primary and secondary storage.

use crate::quirk::Quirk;
use crate::reply::Object;
use crate::world::World;
use crate::world::table::Id;
use crate::world::zone::{ImageStore, StoragePool};

/// Primary storage. A fresh answer of a command knows less of what it can do than a list.
#[must_use]
pub fn storage_pool(world: &World, id: Id, row: &StoragePool, fresh: bool) -> Object {
    let capitals = world.sins(Quirk::StatesOfPoolsAreCapitals);
    let zone = world.zones.get(row.zone);
    let pod = world.pods.get(row.pod);
    let cluster = world.clusters.get(row.cluster);
    let allocated: u64 = world
        .volumes
        .iter()
        .filter(|(_, volume)| volume.pool == Some(id))
        .map(|(_, volume)| volume.size)
        .sum();
    Object::new()
        .with("id", row.uuid)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("podid", pod.map(|pod| pod.uuid))
        .with("podname", pod.map(|pod| pod.name.as_str()))
        .with("name", &row.name)
        .with("ipaddress", &row.server)
        .with("path", &row.path)
        .with("created", row.created)
        .with("type", "NetworkFilesystem")
        .with("clusterid", cluster.map(|cluster| cluster.uuid))
        .with("clustername", cluster.map(|cluster| cluster.name.as_str()))
        .with("capacitybytes", row.capacity)
        .with("disksizetotal", row.capacity)
        .with("disksizeallocated", allocated)
        .with("disksizeused", 0)
        .with("capacityiops", (!fresh).then_some(1_000_000))
        .with("usediops", (!fresh).then_some(500_000))
        .with("tags", (!row.tags.is_empty()).then(|| row.tags.join(",")))
        .with("istagarule", row.is_tag_a_rule)
        .with("state", if capitals { row.state.name().to_uppercase() } else { row.state.name().to_owned() })
        .with("scope", "CLUSTER")
        .with("overprovisionfactor", "2.0")
        .with("hypervisor", "Simulator")
        .with("provider", "DefaultPrimary")
        .with(
            "storagecapabilities",
            (!fresh).then(|| vec![("VOLUME_SNAPSHOT_QUIESCEVM".to_owned(), "false".to_owned())]),
        )
        .with("managed", false)
        .with("details", (!fresh).then(Vec::<(String, String)>::new))
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// Secondary storage.
#[must_use]
pub fn image_store(world: &World, row: &ImageStore) -> Object {
    let zone = row.zone.and_then(|zone| world.zones.get(zone));
    let protocol = row.url.split_once("://").map_or("nfs", |(scheme, _)| scheme).to_ascii_lowercase();
    Object::new()
        .with("id", row.uuid)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("name", &row.name)
        .with("url", &row.url)
        .with("protocol", protocol)
        .with("providername", &row.provider)
        .with("scope", if row.zone.is_some() { "ZONE" } else { "REGION" })
        .with("readonly", row.read_only)
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// Upstream's text of primary storage in refusals.
#[must_use]
pub fn storage_pool_dump(id: Id, row: &StoragePool) -> String {
    format!(
        "StoragePool {{\"id\":{id},\"name\":\"{}\",\"poolType\":\"NetworkFilesystem\",\"uuid\":\"{}\"}}",
        row.name, row.uuid
    )
}
