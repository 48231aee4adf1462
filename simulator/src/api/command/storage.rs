//! Primary and secondary storage.

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::table::Id;
use crate::world::zone::{ImageStore, PoolState, StoragePool};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listStoragePools",
        run: |world, _, arguments| {
            let (wanted, zone, cluster) =
                (listing::wanted(arguments)?, arguments.id("zoneid"), arguments.id("clusterid"));
            let name = arguments.filled("name");
            let matches: Vec<Id> = world
                .storage_pools
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, pool)| zone.is_none_or(|zone| pool.zone == zone))
                .filter(|(_, pool)| cluster.is_none_or(|cluster| pool.cluster == cluster))
                .filter(|(_, pool)| name.is_none_or(|name| pool.name.eq_ignore_ascii_case(name)))
                .filter(|(_, pool)| listing::keyword_matches(arguments, &[&pool.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                world
                    .storage_pools
                    .get(id)
                    .map(|pool| view::storage_pool(world, id, pool, false))
                    .unwrap_or_default()
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listImageStores",
        run: |world, _, arguments| {
            let (wanted, zone) = (listing::wanted(arguments)?, arguments.id("zoneid"));
            let matches: Vec<Object> = world
                .image_stores
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, store)| zone.is_none_or(|zone| store.zone == Some(zone)))
                .map(|(_, store)| view::image_store(world, store))
                .collect();
            listing::page(world, arguments, matches, |store| store)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listStorageTags",
        run: |world, _, arguments| {
            let tags =
                world.storage_pools.iter().flat_map(|(id, row)| row.tags.iter().map(move |tag| (id, tag)));
            let matches: Vec<Object> = tags
                .filter(|(_, tag)| listing::keyword_matches(arguments, &[tag]))
                .map(|(id, tag)| Object::new().with("poolid", id).with("name", tag))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "createStoragePool", run: create, ..Behaviour::PLAIN },
    Behaviour {
        name: "updateStoragePool",
        about: Some("id"),
        events: Some(EventTexts::of("update storage pool")),
        run: |world, _, arguments| {
            let (id, row) = pool(world, arguments)?;
            let state = match (arguments.maybe_flag("enabled"), row.state) {
                (Some(true), PoolState::Disabled) => Some(PoolState::Up),
                (Some(false), PoolState::Up) => Some(PoolState::Disabled),
                _ => None,
            };
            let tags = arguments.has("tags").then(|| arguments.texts("tags").to_vec());
            if let Some(row) = world.storage_pools.get_mut(id) {
                row.state = state.unwrap_or(row.state);
                if let Some(tags) = tags {
                    row.tags = tags.into_iter().filter(|tag| !tag.is_empty()).collect();
                }
                row.is_tag_a_rule = arguments.maybe_flag("istagarule").unwrap_or(row.is_tag_a_rule);
                if let Some(name) = arguments.filled("name") {
                    name.clone_into(&mut row.name);
                }
            }
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "enableStorageMaintenance",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "preparing storage pool: {} for maintenance",
            action: "preparing storage pool for maintenance",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, row) = pool(world, arguments)?;
            if row.state != PoolState::Up {
                return Err(ApiError::invalid(format!(
                    "Primary storage with id {id} is not ready for migration, as the status is:{}",
                    row.state.name()
                )));
            }
            world.rest_pool(id);
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "cancelStorageMaintenance",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "canceling maintenance for primary storage pool: {}",
            action: "canceling maintenance for primary storage pool",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, row) = pool(world, arguments)?;
            if row.state != PoolState::Maintenance {
                return Err(ApiError::invalid(format!(
                    "Storage pool with id {id} is not ready to complete migration, as the status is:{}",
                    row.state.name()
                )));
            }
            if let Some(row) = world.storage_pools.get_mut(id) {
                row.state = PoolState::Up;
            }
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteStoragePool",
        about: Some("id"),
        run: |world, _, arguments| {
            let (id, row) = pool(world, arguments)?;
            if row.state != PoolState::Maintenance {
                return Err(ApiError::invalid(format!(
                    "Unable to delete storage due to it is not in Maintenance state, pool: {}",
                    view::storage_pool_dump(id, row)
                )));
            }
            if world.volumes.iter().any(|(_, volume)| volume.pool == Some(id)) {
                return Err(ApiError::runtime(format!(
                    "Cannot delete pool {} as there are associated volumes for this pool",
                    row.name
                )));
            }
            world.storage_pools.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateStorageCapabilities",
        about: Some("id"),
        run: |world, _, arguments| {
            let (id, row) = pool(world, arguments)?;
            Ok(Reply::all(vec![view::storage_pool(world, id, row, false)]))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listStorageProviders",
        run: |world, _, arguments| {
            let wanted = arguments.required("type");
            let matches: Vec<Object> = [("DefaultPrimary", "PRIMARY"), ("NFS", "IMAGE")]
                .into_iter()
                .filter(|(_, kind)| kind.eq_ignore_ascii_case(wanted))
                .map(|(name, kind)| Object::new().with("name", name).with("type", kind))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "addImageStore", run: add_store, ..Behaviour::PLAIN },
    Behaviour {
        name: "updateImageStore",
        about: Some("id"),
        run: |world, _, arguments| {
            let (id, _) = store(world, arguments)?;
            if let Some(row) = world.image_stores.get_mut(id) {
                row.read_only = arguments.maybe_flag("readonly").unwrap_or(row.read_only);
                if let Some(name) = arguments.filled("name") {
                    name.clone_into(&mut row.name);
                }
            }
            Ok(show_store(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteImageStore",
        about: Some("id"),
        run: |world, _, arguments| {
            let (id, _) = store(world, arguments)?;
            world.image_stores.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "migrateSecondaryStorageData",
        about: Some("srcpool"),
        events: Some(EventTexts::of("Attempting to migrate files/data objects")),
        run: |world, _, arguments| {
            let word = arguments.filled("migrationtype").unwrap_or("COMPLETE").to_ascii_uppercase();
            if !["BALANCE", "COMPLETE"].contains(&word.as_str()) {
                return Err(ApiError::invalid(format!("Invalid migration type: {word}")));
            }
            let from = arguments.id("srcpool").unwrap_or_default();
            let mut others = arguments.ids("destpools");
            others.retain(|id| *id != from);
            let writable = |id: &Id| world.image_stores.get(*id).is_some_and(|store| !store.read_only);
            if !others.iter().any(writable) {
                return Err(ApiError::invalid(
                    "No destination valid store(s) available to migrate. Please ensure that the destination store(s) \
                     are not read-only",
                ));
            }
            let source = world.image_stores.get(from).map_or("", |store| store.name.as_str());
            Ok(Reply::Object(
                Object::new()
                    .with("message", format!("Migration of the data of {source} is complete"))
                    .with("migrationtype", word)
                    .with("success", true),
            ))
        },
        ..Behaviour::PLAIN
    },
];

/// The pool that `id` names.
fn pool<'a>(world: &'a World, arguments: &Arguments) -> Result<(Id, &'a StoragePool), ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let row = world.storage_pools.get(id);
    row.map(|row| (id, row))
        .ok_or_else(|| ApiError::invalid(format!("Unable to find storage pool with ID: {id}")))
}

/// The store that `id` names.
fn store<'a>(world: &'a World, arguments: &Arguments) -> Result<(Id, &'a ImageStore), ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let row = world.image_stores.get(id);
    row.map(|row| (id, row))
        .ok_or_else(|| ApiError::invalid(format!("Unable to find image store with ID: {id}")))
}

fn show(world: &World, id: Id) -> Reply {
    let row = world.storage_pools.get(id);
    Reply::Object(row.map(|row| view::storage_pool(world, id, row, true)).unwrap_or_default())
}

fn show_store(world: &World, id: Id) -> Reply {
    Reply::Object(world.image_stores.get(id).map(|row| view::image_store(world, row)).unwrap_or_default())
}

fn create(
    world: &mut World,
    _: &crate::api::caller::Caller,
    arguments: &Arguments,
) -> Result<Reply, ApiError> {
    let refused = |reason: String| Err(ApiError::api(530, format!("Failed to add data store: {reason}")));
    match arguments.filled("scope").map(str::to_ascii_lowercase).as_deref() {
        None | Some("cluster") => {}
        Some("zone") => {
            return refused(
                "zone wide storage pool is not supported for hypervisor type Simulator".to_owned(),
            );
        }
        Some(word) => return Err(ApiError::invalid(format!("invalid scope for pool {word}"))),
    }
    let Some(cluster) = arguments.id("clusterid") else {
        return refused("cluster id can't be null, if scope is cluster".to_owned());
    };
    let Some(place) = world.clusters.get(cluster).cloned() else {
        return Err(ApiError::invalid(format!("Can't find cluster by id {cluster}")));
    };
    let (name, url) = (arguments.required("name"), arguments.required("url"));
    let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
    if !scheme.eq_ignore_ascii_case("nfs") {
        return refused(format!("No enum constant com.cloud.storage.Storage.StoragePoolType.{scheme}"));
    }
    let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
    let server = server.trim_end_matches(':');
    if server.is_empty() || path.is_empty() {
        return refused("host or path is null, should be nfs://hostname/path".to_owned());
    }
    let path = format!("/{path}");
    let taken = world.storage_pools.iter().find(|(_, pool)| pool.server == server && pool.path == path);
    if let Some((_, pool)) = taken {
        return refused(format!("Storage pool {path} already in use by another pod (id={})", pool.pod));
    }
    if !world.hosts.iter().any(|(_, host)| host.cluster == cluster) {
        return refused(format!("No host up to associate a storage pool with in cluster {cluster}"));
    }
    if arguments.id("zoneid").is_some_and(|zone| zone != place.zone) {
        return Err(ApiError::invalid(format!("The cluster {cluster} is not in the zone")));
    }
    let id = world.add_storage_pool(cluster, name, server, &path);
    if let Some(row) = world.storage_pools.get_mut(id) {
        row.tags = arguments.filled("tags").map(split).unwrap_or_default();
        row.is_tag_a_rule = arguments.flag("istagarule");
    }
    Ok(show(world, id))
}

/// The parts between commas.
fn split(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn add_store(
    world: &mut World,
    _: &crate::api::caller::Caller,
    arguments: &Arguments,
) -> Result<Reply, ApiError> {
    let provider = arguments.required("provider");
    if !provider.eq_ignore_ascii_case("NFS") {
        return Err(ApiError::invalid(format!("can't find image store provider: {provider}")));
    }
    let zone = arguments.id("zoneid");
    if zone.is_none() {
        return Err(ApiError::invalid("Zone id can't be null for NFS image store"));
    }
    let Some(url) = arguments.filled("url") else {
        return Err(ApiError::invalid("Url cannot be null for NFS image store"));
    };
    let id = world.add_image_store(zone, url);
    if let (Some(row), Some(name)) = (world.image_stores.get_mut(id), arguments.filled("name")) {
        name.clone_into(&mut row.name);
    }
    Ok(show_store(world, id))
}
