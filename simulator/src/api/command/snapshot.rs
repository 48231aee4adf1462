//! Snapshots of volumes and the policies that say when to take them.

use super::{Behaviour, EventTexts, require_room};
use crate::api::access;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::snapshot::{Interval, Snapshot, SnapshotPolicy, SnapshotState};
use crate::world::table::Id;
use crate::world::tag::Tag;
use crate::world::virtual_machine::MachineState;
use crate::world::volume::{Volume, VolumeState};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listSnapshots",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let (volume, zone) = (arguments.id("volumeid"), arguments.id("zoneid"));
            if let Some(volume) = volume {
                access::require(world, *caller, Handle { kind: Kind::Volume, id: volume })?;
            }
            // Only by hand: no policy takes any here.
            let kind = match (arguments.filled("snapshottype"), arguments.filled("intervaltype")) {
                (Some(kind), _) => Some(("snapshot", kind)),
                (None, Some(kind)) if volume.is_some() => Some(("snapstho interval", kind)),
                _ => None,
            };
            if let Some((what, kind)) = kind {
                let known = ["MANUAL", "RECURRING", "TEMPLATE", "GROUP"];
                if Interval::named(kind).is_none()
                    && !known.iter().any(|known| known.eq_ignore_ascii_case(kind))
                {
                    return Err(ApiError::invalid(format!("Unsupported {what} type {kind}")));
                }
            }
            let kind_fits = kind.is_none_or(|(_, kind)| kind.eq_ignore_ascii_case("MANUAL"));
            let name = arguments.filled("name");
            let tags = arguments.grouped("tags");
            let matches: Vec<Id> = world
                .snapshots
                .iter()
                .rev()
                .filter(|_| kind_fits)
                .filter(|(_, row)| row.state != SnapshotState::Destroyed)
                .filter(|(_, row)| scope.covers(world, row.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| volume.is_none_or(|volume| row.volume == volume))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(id, _)| {
                    let handle = Handle { kind: Kind::Snapshot, id: *id };
                    tags.iter().all(|tag| world.has_tag(handle, tag))
                })
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                world.snapshots.get(id).map(|row| view::snapshot(world, id, row)).unwrap_or_default()
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createSnapshot",
        create: Some(|world, caller, arguments| {
            let volume = arguments.id("volumeid").unwrap_or_default();
            access::require(world, *caller, Handle { kind: Kind::Volume, id: volume })?;
            let row = world.volumes.get(volume).ok_or_else(|| {
                ApiError::invalid(format!("Creating snapshot failed due to volume:{volume} doesn't exist"))
            })?;
            if !world.sins(Quirk::SnapshotsFailLate) {
                refuse_unready(volume, row)?;
            }
            require_room(world, row.owner, "snapshot", 1)?;
            promise(world, volume, arguments)
        }),
        events: Some(EventTexts {
            scheduled: "creating snapshot for volume: {volumeid}",
            action: "taking snapshot",
            created: Some("allocating snapshot"),
        }),
        begin: Some(|world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            if world.begin_snapshot(id) {
                return Ok(());
            }
            let volume = world.snapshots.get(id).map(|row| row.volume_uuid).unwrap_or_default();
            Err(ApiError::api(
                530,
                format!(
                    "Failed to create snapshot due to an internal error creating snapshot for volume {volume}"
                ),
            ))
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            world.finish_snapshot(id, !arguments.flag("asyncbackup"));
            let of = Handle { kind: Kind::Snapshot, id };
            if let Some(owner) = world.snapshots.get(id).map(|row| row.owner) {
                for tag in arguments.grouped("tags") {
                    let text = |name: &str| tag.get(name).cloned().unwrap_or_default();
                    world.add_tag(Tag { of, key: text("key"), value: text("value"), owner });
                }
            }
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createSnapshotFromVMSnapshot",
        create: Some(|world, caller, arguments| {
            let volume = arguments.id("volumeid").unwrap_or_default();
            for handle in ["volumeid", "vmsnapshotid"].iter().filter_map(|name| arguments.handle(name)) {
                access::require(world, *caller, handle)?;
            }
            let row = world.volumes.get(volume).ok_or_else(|| {
                ApiError::invalid(format!("Creating snapshot failed due to volume:{volume} doesn't exist"))
            })?;
            refuse_unready(volume, row)?;
            require_room(world, row.owner, "snapshot", 1)?;
            promise(world, volume, arguments)
        }),
        events: Some(EventTexts {
            scheduled: "creating snapshot from vm snapshot : {vmsnapshotid}",
            action: "creating snapshot from vm snapshot",
            created: Some("allocating snapshot"),
        }),
        run: |world, _, arguments| {
            world.destroy_snapshot(arguments.created().unwrap_or_default());
            Err(ApiError::invalid("Unsupported hypervisor type Simulator. This supports KVM only"))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteSnapshot",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "deleting snapshot: {}",
            action: "deleting snapshot. Snapshot Id: {}",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (id, row) = snapshot(world, arguments)?;
            match row.state_at(world.now) {
                SnapshotState::Destroyed if world.sins(Quirk::SnapshotsAreDeletedTwice) => Ok(()),
                SnapshotState::Destroyed => Err(ApiError::invalid(format!(
                    "Snapshot [{}] is already destroyed",
                    dump(world, id, row)
                ))),
                // A backup that nobody waits for is not worth waiting for either.
                SnapshotState::BackedUp | SnapshotState::BackingUp | SnapshotState::Destroying => {
                    world.set_snapshot_state(id, SnapshotState::Destroying);
                    Ok(())
                }
                SnapshotState::Error => Ok(()),
                SnapshotState::Allocated | SnapshotState::Creating => Err(ApiError::runtime(format!(
                    "Failed to delete snapshot:com.cloud.exception.InvalidParameterValueException: Can't delete \
                     snapshotshot {id} due to it is not in BackedUp Status"
                ))),
            }
        }),
        run: |world, _, arguments| {
            world.destroy_snapshot(arguments.id("id").unwrap_or_default());
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "revertSnapshot",
        about: Some("id"),
        begin: Some(|world, _, arguments| {
            let (id, row) = snapshot(world, arguments)?;
            let volume =
                world.volumes.get(row.volume).ok_or_else(|| ApiError::invalid("No such volume exist"))?;
            if volume.state != VolumeState::Ready {
                return Err(ApiError::invalid("The volume is not in Ready state."));
            }
            if let Some((machine, _)) = volume.attached {
                let state = world.virtual_machines.get(machine).map(|machine| machine.state);
                if state != Some(MachineState::Stopped) && !world.sins(Quirk::RunningMachinesAreReverted) {
                    return Err(ApiError::invalid(
                        "The VM the specified disk is attached to is not in the shutdown state.",
                    ));
                }
                if world.vm_snapshots_of(machine).next().is_some() {
                    return Err(ApiError::invalid(
                        "Unable to revert snapshot for VM, please remove VM snapshots before reverting VM from \
                         snapshot",
                    ));
                }
            }
            if world.sins(Quirk::RunningMachinesAreReverted) {
                return Ok(());
            }
            Err(ApiError::runtime(format!(
                "Revert snapshot command failed for snapshot with id {id}, because this command is supported only for \
                 KVM hypervisor"
            )))
        }),
        run: |world, _, arguments| Ok(Reply::Object(show(world, arguments.id("id").unwrap_or_default()))),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "archiveSnapshot",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "archiving snapshot {} to secondary storage",
            action: "archiving snapshot. Snapshot Id: {}",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, row) = snapshot(world, arguments)?;
            if row.state == SnapshotState::Destroyed {
                return Err(ApiError::runtime(format!(
                    "Can only archive snapshots present on primary storage. Cannot find snapshot {id} on primary \
                     storage"
                )));
            }
            if world.sins(Quirk::TransitionsAreNotNamed) {
                return Err(ApiError::runtime("Failed to copy snapshot"));
            }
            // Every snapshot of the simulated storage is on secondary storage already.
            Err(ApiError::runtime(
                "Failed to copy snapshot:com.cloud.utils.exception.CloudRuntimeException: Failed to update state: \
                 com.cloud.utils.fsm.NoTransitionException: Unable to transition to a new state from Ready via \
                 CreateOnlyRequested",
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "copySnapshot",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "copying snapshot: {}",
            action: "copying snapshot. Snapshot Id: {}",
            created: None,
        }),
        run: |world, _, arguments| {
            let (_, row) = snapshot(world, arguments)?;
            let zones: Vec<Id> =
                arguments.id("destzoneid").into_iter().chain(arguments.ids("destzoneids")).collect();
            if zones.is_empty() {
                return Err(ApiError::parameter(
                    "Either destzoneid or destzoneids parameters have to be specified.",
                ));
            }
            if zones.contains(&row.zone) {
                return Err(ApiError::invalid("Please specify different source and destination zones."));
            }
            // The simulated storage is not reached from another zone.
            Err(ApiError::api(530, "Failed to copy snapshot"))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createSnapshotPolicy",
        events: Some(EventTexts { scheduled: "", action: "creating snapshot policy", created: None }),
        run: |world, caller, arguments| {
            let volume = arguments.id("volumeid").unwrap_or_default();
            access::require(world, *caller, Handle { kind: Kind::Volume, id: volume })?;
            let row = world.volumes.get(volume).ok_or_else(|| {
                ApiError::invalid(format!(
                    "Failed to create snapshot policy, unable to find a volume with id {volume}"
                ))
            })?;
            let display = arguments.maybe_flag("fordisplay").unwrap_or(true);
            if row.state != VolumeState::Ready && display {
                return Err(ApiError::invalid(format!(
                    "VolumeId: {volume} is not in Ready state but {}. Cannot take snapshot.",
                    row.state.name()
                )));
            }
            let (name, text) = (arguments.required("intervaltype"), arguments.required("schedule"));
            let interval = Interval::named(name)
                .ok_or_else(|| ApiError::invalid(format!("Unsupported interval type {name}")))?;
            let described = format!("[{{\"name\":\"{}\",\"uuid\":\"{}\"}}]", row.name, row.uuid);
            if !interval.accepts(text) {
                return Err(ApiError::invalid(format!(
                    "{described} has an invalid schedule [{text}] for interval type [{name}]."
                )));
            }
            let keep = arguments.integer("maxsnaps").unwrap_or_default();
            if keep <= 0 {
                return Err(ApiError::invalid(format!(
                    "maxSnaps [{keep}] for volume {described} should be greater than 0."
                )));
            }
            if keep > interval.most() {
                return Err(ApiError::invalid(format!(
                    "maxSnaps [{keep}] for volume {described} exceeds limit [{}] for interval type [{name}].",
                    interval.most()
                )));
            }
            let id = world.set_snapshot_policy(SnapshotPolicy {
                uuid: uuid::Uuid::nil(),
                volume,
                interval,
                schedule: text.to_owned(),
                timezone: arguments.required("timezone").to_owned(),
                keep,
                display,
            });
            Ok(Reply::Object(show_policy(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateSnapshotPolicy",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "updating snapshot policy with id: {}",
            action: "updating snapshot policy",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let display = arguments.maybe_flag("fordisplay");
            let row = world
                .snapshot_policies
                .get_mut(id)
                .ok_or_else(|| ApiError::invalid(format!("Unable to find snapshot policy by id {id}")))?;
            row.display = display.unwrap_or(row.display);
            Ok(Reply::Object(show_policy(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listSnapshotPolicies",
        run: |world, caller, arguments| {
            let scope = listing::scope(world, *caller, arguments)?;
            let (volume, wanted) = (arguments.id("volumeid"), arguments.id("id"));
            if let Some(volume) = volume {
                access::require(world, *caller, Handle { kind: Kind::Volume, id: volume })?;
            }
            let display = arguments.maybe_flag("fordisplay");
            let shows = |row: &SnapshotPolicy| {
                if caller.is_root_admin() {
                    display.is_none_or(|display| row.display == display)
                } else {
                    row.display
                }
            };
            let matches: Vec<Id> = world
                .snapshot_policies
                .iter()
                .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == *id))
                .filter(|(_, row)| match volume {
                    Some(volume) => row.volume == volume,
                    None => {
                        world.volumes.get(row.volume).is_some_and(|volume| scope.covers(world, volume.owner))
                    }
                })
                .filter(|(_, row)| shows(row))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| show_policy(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteSnapshotPolicies",
        run: |world, caller, arguments| {
            let (one, many) = (arguments.id("id"), arguments.ids("ids"));
            let wanted: Vec<Id> = one.into_iter().chain(many).collect();
            if wanted.is_empty() {
                return Err(ApiError::invalid("No policy id (or list of ids) specified."));
            }
            for id in &wanted {
                let row = world
                    .snapshot_policies
                    .get(*id)
                    .ok_or_else(|| ApiError::invalid(format!("Policy id given: {id} does not exist")))?;
                access::require(world, *caller, Handle { kind: Kind::Volume, id: row.volume })?;
            }
            for id in wanted {
                world.snapshot_policies.remove(id);
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

fn show(world: &World, id: Id) -> Object {
    world.snapshots.get(id).map(|row| view::taken_snapshot(world, id, row)).unwrap_or_default()
}

fn show_policy(world: &World, id: Id) -> Object {
    world.snapshot_policies.get(id).map(|row| view::snapshot_policy(world, id, row)).unwrap_or_default()
}

/// The first step of taking a snapshot: its row.
fn promise(world: &mut World, volume: Id, arguments: &Arguments) -> Result<Handle, ApiError> {
    world
        .add_snapshot(volume, arguments.filled("name"))
        .map(|id| Handle { kind: Kind::Snapshot, id })
        .ok_or_else(|| ApiError::new(Fault::Runtime, "Failed to create snapshot"))
}

/// The snapshot that a command is about.
fn snapshot<'a>(world: &'a World, arguments: &Arguments) -> Result<(Id, &'a Snapshot), ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    world
        .snapshots
        .get(id)
        .map(|row| (id, row))
        .ok_or_else(|| ApiError::invalid(format!("unable to find a snapshot with id {id}")))
}

/// A volume that is busy, or on no storage, has nothing to take a snapshot of (SNP-001).
fn refuse_unready(id: Id, row: &Volume) -> Result<(), ApiError> {
    let dump = super::volume::dump(id, row);
    if row.state != VolumeState::Ready {
        return Err(ApiError::invalid(format!(
            "Volume: {dump} is not in Ready state but {}. Cannot take snapshot.",
            row.state.name()
        )));
    }
    if row.pool.is_none() {
        return Err(ApiError::invalid(format!(
            "Volume: {dump} please attach this volume to a VM before create snapshot for it"
        )));
    }
    Ok(())
}

/// What is made from a snapshot needs it on secondary storage (SNP-003).
pub(super) fn require_backed_up(world: &World, id: Id, purpose: &str) -> Result<(), ApiError> {
    let row = world
        .snapshots
        .get(id)
        .ok_or_else(|| ApiError::invalid(format!("unable to find a snapshot with id {id}")))?;
    if row.state_at(world.now) == SnapshotState::BackedUp || world.sins(Quirk::AnySnapshotMakesAVolume) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Snapshot {} is not in BackedUp state yet and can't be used for {purpose} creation",
        dump(world, id, row)
    )))
}

/// Upstream's text of a snapshot in refusals.
fn dump(world: &World, id: Id, row: &Snapshot) -> String {
    format!(
        "Snapshot {{\"id\":{id},\"name\":\"{}\",\"state\":\"{}\",\"uuid\":\"{}\",\"version\":\"2.2\",\"volumeId\":{}}}",
        row.name,
        row.state_at(world.now).name(),
        row.uuid,
        row.volume
    )
}
