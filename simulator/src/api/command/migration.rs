//! Migration: moving running machines between hosts.

use uuid::Uuid;

use super::machine_agent::AGENT_FAILED;
use super::virtual_machine::{machine, refuse_expunged_as, refuse_other_cluster, show};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::Kind;
use crate::world::table::Id;
use crate::world::virtual_machine::{MachineState, Plan};
use crate::world::volume::VolumeState;

pub(super) const COMMANDS: &[Behaviour] = &[
    MIGRATION,
    Behaviour {
        name: "migrateVirtualMachineWithVolume",
        run: |world, caller, arguments| {
            let places = places(world, arguments)?;
            let reply = (MIGRATION.run)(world, caller, arguments)?;
            for (volume, pool) in places {
                if let Some(volume) = world.volumes.get_mut(volume) {
                    volume.pool = Some(pool);
                }
            }
            Ok(reply)
        },
        ..MIGRATION
    },
    Behaviour {
        name: "findHostsForMigration",
        run: |world, _, arguments| {
            let (_, machine) = machine(world, arguments, "virtualmachineid")?;
            let Some((from, current)) =
                machine.host.and_then(|host| world.hosts.get(host).map(|row| (host, row)))
            else {
                return Err(ApiError::invalid(
                    "VM is not Running, unable to migrate the vm with specified id",
                ));
            };
            let matches: Vec<Id> = world
                .hosts
                .iter()
                .filter(|(host, row)| row.cluster == current.cluster && *host != from)
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(host, _)| host)
                .collect();
            let machine = machine.clone();
            listing::page(world, arguments, matches, |host| {
                let shown = world.hosts.get(host).map(|row| view::host(world, host, row)).unwrap_or_default();
                as_destination(shown, world.has_room(host, &machine))
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "findStoragePoolsForMigration",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let volume = world
                .volumes
                .get(id)
                .ok_or_else(|| ApiError::invalid(format!("Unable to find volume with ID: {id}")))?;
            if volume.state != VolumeState::Ready {
                return Err(ApiError::invalid(
                    "Volume must be in ready state for finding storage pools to migrate it to.",
                ));
            }
            let cluster = volume.pool.and_then(|pool| world.storage_pools.get(pool)).map(|pool| pool.cluster);
            let matches: Vec<Id> = world
                .storage_pools
                .iter()
                .filter(|(pool, row)| Some(row.cluster) == cluster && volume.pool != Some(*pool))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(pool, _)| pool)
                .collect();
            listing::page(world, arguments, matches, |pool| {
                let row = world.storage_pools.get(pool);
                let shown = row.map(|row| view::storage_pool(world, pool, row, false)).unwrap_or_default();
                with_suitability(shown, "hypervisor", true)
            })
        },
        ..Behaviour::PLAIN
    },
];

/// Moves a machine to another host.
const MIGRATION: Behaviour = Behaviour {
    name: "migrateVirtualMachine",
    about: Some("virtualmachineid"),
    joins_job: true,
    check: Some(|world, _, arguments| refuse_expunged_as(world, arguments, "virtualmachineid")),
    events: Some(EventTexts {
        scheduled: "Attempting to migrate VM Id: {}",
        action: "migrating Vm. Vm Id: {}",
        created: None,
    }),
    begin: Some(|world, _, arguments| {
        let (id, machine) = machine(world, arguments, "virtualmachineid")?;
        if arguments.command().param("migrateto").is_some() {
            require_destination(world, arguments)?;
        } else if arguments.has("hostid") && arguments.has("storageid") {
            return Err(ApiError::invalid("Only one of hostId and storageId can be specified"));
        }
        if machine.state != MachineState::Running && !world.sins(Quirk::MigrationsGoAnywhere) {
            return Err(ApiError::invalid("VM is not Running, unable to migrate the vm with specified id"));
        }
        let is_there = arguments.id("hostid").is_some() && arguments.id("hostid") == machine.host;
        if is_there && !world.sins(Quirk::MigrationsGoAnywhere) {
            return Err(ApiError::invalid(
                "Cannot migrate VM, VM is already present on this host, please specify valid destination host to \
                 migrate the VM",
            ));
        }
        let moves_volumes = arguments.command().param("migrateto").is_some() && arguments.has("migrateto");
        if !moves_volumes {
            refuse_other_cluster(world, id, Plan { host: arguments.id("hostid"), ..Plan::default() })?;
        }
        world.set_machine_state(id, MachineState::Migrating);
        Ok(())
    }),
    sends: Some(|_, _| &["MigrateCommand"]),
    // A machine whose migration failed runs on where it is.
    agent_fails: Some(|world, _, arguments, _| {
        let (id, machine) = machine(world, arguments, "virtualmachineid")?;
        let from = machine.host;
        if world.sins(Quirk::RefusedMigrationsMove) {
            return Ok(());
        }
        world.run_machine_on(id, from);
        Err(ApiError::runtime(AGENT_FAILED))
    }),
    run: |world, caller, arguments| {
        let (id, machine) = machine(world, arguments, "virtualmachineid")?;
        let from = machine.host;
        let cluster = from.and_then(|host| world.hosts.get(host)).map(|host| host.cluster);
        let another = || {
            let mut hosts = world.hosts.iter().filter(|(_, host)| Some(host.cluster) == cluster);
            hosts.find(|(host, _)| Some(*host) != from).map(|(host, _)| host)
        };
        let Some(host) = arguments.id("hostid").or_else(another) else {
            world.run_machine_on(id, from);
            return Err(ApiError::runtime("Unable to find suitable destination to migrate VM "));
        };
        world.run_machine_on(id, Some(host));
        Ok(Reply::Object(show(world, id, *caller)))
    },
    ..Behaviour::PLAIN
};

/// Refuses a migration that names no destination at all, or volumes or pools that there are not.
fn require_destination(world: &World, arguments: &Arguments) -> Result<(), ApiError> {
    if !arguments.has("hostid") && !arguments.has("migrateto") && !arguments.flag("autoselect") {
        return Err(ApiError::invalid(
            "Either hostid or migrateto must be passed or autoselect must be true for migrating the VM.",
        ));
    }
    places(world, arguments).map(|_| ())
}

/// The volumes that a call wants elsewhere, with their pools: `migrateto[i].volume` and `migrateto[i].pool`.
fn places(world: &World, arguments: &Arguments) -> Result<Vec<(Id, Id)>, ApiError> {
    let groups = arguments.grouped("migrateto");
    let read = groups.iter().map(|group| {
        let thing = |field: &str, kind: Kind| {
            let uuid = group.get(field).and_then(|text| Uuid::try_parse(text).ok());
            uuid.and_then(|uuid| world.find(uuid)).filter(|found| found.kind == kind).map(|found| found.id)
        };
        match (thing("volume", Kind::Volume), thing("pool", Kind::StoragePool)) {
            (Some(volume), Some(pool)) => Ok((volume, pool)),
            _ => Err(ApiError::invalid("Unable to find the volume or the storage pool to migrate it to")),
        }
    });
    read.collect()
}

/// A host as a place that a machine may be moved to. The pools of a cluster serve all its hosts.
fn as_destination(shown: Object, has_room: bool) -> Object {
    let mut object = Object::new().with("requiresStorageMotion", false);
    object.fields.extend(with_suitability(shown, "events", has_room).fields);
    object
}

/// A host or a pool that says after one of its fields whether it suits.
fn with_suitability(shown: Object, after: &str, suits: bool) -> Object {
    let mut object = Object::new();
    for field in shown.fields {
        let is_place = field.name == after;
        object.fields.push(field);
        if is_place {
            object.push("suitableformigration", suits);
        }
    }
    object
}
