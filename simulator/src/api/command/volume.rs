//! Volumes.

use super::{Behaviour, EventTexts, acting_owner, require_room};
use crate::api::access;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::offering::DiskOffering;
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;
use crate::world::volume::{Volume, VolumeState};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listVolumes",
        run: |world, caller, arguments| {
            let matches = matches(world, *caller, arguments)?;
            listing::page(world, arguments, matches, |id| show(world, id, *caller))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createVolume",
        joins_job: true,
        create: Some(|world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            if let Some(snapshot) = arguments.id("snapshotid") {
                return from_snapshot(world, *caller, owner, snapshot, arguments);
            }
            let zone = arguments.id("zoneid").unwrap_or_default();
            let disk = arguments.id("diskofferingid").ok_or_else(|| {
                ApiError::invalid(
                    "At least one of disk Offering ID or snapshot ID must be passed whilst creating volume",
                )
            })?;
            let row = world
                .disk_offerings
                .get(disk)
                .ok_or_else(|| ApiError::invalid("Please specify a valid disk offering."))?;
            if !world.is_for_domain(&row.reach, owner.domain) || !row.reach.covers_zone(zone) {
                return Err(refused_offering(world, owner.account, disk, row, zone));
            }
            let size =
                row.size.or_else(|| arguments.integer("size").and_then(|size| u64::try_from(size).ok()));
            let size =
                size.ok_or_else(|| ApiError::invalid("This disk offering requires a custom size specified"))?;
            let name = arguments.required("name").to_owned();
            require_room(world, owner, "volume", 1)?;
            require_room(world, owner, "primary_storage", bytes(size << 30))?;
            let id = world.add_data_volume(owner, zone, &name, disk, size << 30);
            Ok(Handle { kind: Kind::Volume, id })
        }),
        events: Some(EventTexts {
            scheduled: "creating volume: {}",
            action: "creating volume. Volume Id: {}",
            created: Some("creating volume"),
        }),
        run: |world, caller, arguments| {
            let id = arguments.created().unwrap_or_default();
            if world.volumes.get(id).is_some_and(|row| row.snapshot.is_some()) {
                world.fill_from_snapshot(id);
                if let Some(machine) = arguments.id("virtualmachineid") {
                    world.attach_volume(id, machine, None);
                }
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteVolume",
        about: Some("id"),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let row = volume(world, arguments)?;
            if !world.sins(Quirk::AttachedVolumesAreDeleted) {
                refuse_attached(row)?;
            }
            if !world.sins(Quirk::ProtectedVolumesAreDeleted) {
                refuse_protected(row)?;
            }
            refuse_snapshotted(world, id)?;
            world.remove_volume(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "attachVolume",
        about: Some("id"),
        joins_job: true,
        check: Some(refuse_removed),
        events: Some(EventTexts {
            scheduled: "attaching volume: {}",
            action: "attaching volume",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let row = volume(world, arguments)?;
            if !world.sins(Quirk::VolumesAreAttachedTwice) {
                refuse_attached(row)?;
            }
            if row.state == VolumeState::Destroy {
                return Err(ApiError::invalid("Please specify a volume that is not destroyed."));
            }
            if !matches!(row.state, VolumeState::Allocated | VolumeState::Ready) {
                return Err(ApiError::invalid(
                    "Volume state must be in Allocated, Ready or in Uploaded state",
                ));
            }
            let machine = arguments.id("virtualmachineid").and_then(|id| world.virtual_machines.get(id));
            let machine = machine
                .filter(|machine| matches!(machine.state, MachineState::Running | MachineState::Stopped))
                .ok_or_else(|| ApiError::invalid("Please specify a VM that is either running or stopped."))?;
            if machine.zone != row.zone {
                return Err(ApiError::invalid("Please specify a VM that is in the same zone as the volume."));
            }
            if arguments.integer("deviceid") == Some(0) {
                return Err(ApiError::invalid(if machine.state == MachineState::Running {
                    "Root volume detach can happen only when vm is in states: Stopped or Destroyed"
                } else {
                    "Vm already has root volume attached to it"
                }));
            }
            let has_snapshots = arguments
                .id("virtualmachineid")
                .is_some_and(|machine| world.vm_snapshots_of(machine).next().is_some());
            if has_snapshots {
                return Err(ApiError::invalid(
                    "Unable to attach volume, please specify a VM that does not have VM snapshots",
                ));
            }
            if let (VolumeState::Allocated, Some(row)) =
                (row.state, arguments.id("id").and_then(|id| world.volumes.get_mut(id)))
            {
                row.state = VolumeState::Attaching;
            }
            Ok(())
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let machine = arguments.id("virtualmachineid").unwrap_or_default();
            let slot = arguments.integer("deviceid").and_then(|slot| u32::try_from(slot).ok());
            world.attach_volume(id, machine, slot);
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "detachVolume",
        about: Some("id"),
        joins_job: true,
        check: Some(refuse_removed),
        events: Some(EventTexts {
            scheduled: "detaching volume: {} from vm",
            action: "detaching volume",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let by_slot = arguments.has("deviceid") && arguments.has("virtualmachineid");
            if arguments.has("id") == by_slot {
                return Err(ApiError::invalid(
                    "Please provide either a volume id, or a tuple(device id, instance id)",
                ));
            }
            if by_slot {
                // Broken in this version of the reference (VOL-004).
                return Err(ApiError::runtime(
                    "Cannot invoke \"java.lang.Long.longValue()\" because \"volumeId\" is null",
                ));
            }
            let row = volume(world, arguments)?;
            if row.attached.is_none() && world.sins(Quirk::VolumesAreDetachedTwice) {
                return Ok(());
            }
            let machine = row.attached.and_then(|(machine, _)| world.virtual_machines.get(machine));
            let machine =
                machine.ok_or_else(|| ApiError::invalid("The specified volume is not attached to a VM."))?;
            let fits = [MachineState::Running, MachineState::Stopped, MachineState::Destroyed];
            if !fits.contains(&machine.state) {
                return Err(ApiError::invalid("Please specify a VM that is either running or stopped."));
            }
            if row.is_root && machine.state == MachineState::Running {
                return Err(ApiError::invalid(
                    "Root volume detach can happen only when vm is in states: Stopped or Destroyed",
                ));
            }
            let holder = row.attached.map(|(machine, _)| machine).unwrap_or_default();
            if world.vm_snapshots_of(holder).next().is_some() {
                return Err(ApiError::invalid(
                    "Unable to detach volume, please specify a VM that does not have VM snapshots",
                ));
            }
            Ok(())
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            world.detach_volume(id);
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "resizeVolume",
        about: Some("id"),
        joins_job: true,
        check: Some(refuse_removed),
        events: Some(EventTexts {
            scheduled: "Volume Id: {} to size",
            action: "resizing volume",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let row = volume(world, arguments)?;
            if world.is_being_snapshotted(arguments.id("id").unwrap_or_default()) {
                return Err(ApiError::runtime(
                    "There is/are unbacked up snapshot(s) on this volume, resize volume is not permitted, please try \
                     again later.",
                ));
            }
            let size = wanted_size(world, row, arguments)?;
            if size < row.size && !arguments.flag("shrinkok") {
                return Err(ApiError::api(
                    if world.sins(Quirk::ResizesFailWith431) { 431 } else { 432 },
                    format!(
                        "Going from existing size of {} to size of {size} would shrink the volume.Need to sign off by \
                         supplying the shrinkok parameter with value of true.",
                        row.size
                    ),
                ));
            }
            if let (VolumeState::Ready, Some(row)) =
                (row.state, arguments.id("id").and_then(|id| world.volumes.get_mut(id)))
            {
                row.state = VolumeState::Resizing;
            }
            Ok(())
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if let Some(row) = world.volumes.get_mut(id).filter(|row| row.state == VolumeState::Resizing) {
                row.state = VolumeState::Ready;
            }
            let row = volume(world, arguments)?;
            let (size, uuid) = (wanted_size(world, row, arguments)?, row.uuid);
            let is_allocated = row.state == VolumeState::Allocated;
            // The simulated storage does not shrink.
            if size < row.size && !is_allocated {
                return Err(ApiError::runtime(format!(
                    "Failed to resize volume operation of volume UUID: [{uuid}] due to - Failed to resize"
                )));
            }
            if let Some(row) = world.volumes.get_mut(id) {
                row.size = size;
                if let Some(disk) = arguments.id("diskofferingid").filter(|_| is_allocated) {
                    row.disk_offering = Some(disk);
                }
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "destroyVolume",
        about: Some("id"),
        joins_job: true,
        check: Some(refuse_removed),
        events: Some(EventTexts {
            scheduled: "destroying volume: {}",
            action: "destroying a volume",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let row = volume(world, arguments)?;
            if !world.sins(Quirk::AttachedVolumesAreDestroyed) {
                refuse_attached(row)?;
            }
            refuse_protected(row)?;
            refuse_snapshotted(world, arguments.id("id").unwrap_or_default())?;
            let expunge = arguments.flag("expunge");
            let may = caller.is_root_admin() || world.settings.flag("allow.user.expunge.recover.volume");
            if expunge && !may {
                return Err(ApiError::permission(
                    "Expunging a volume can only be done by an Admin. Or when the allow.user.expunge.recover.volume key \
                     is set.",
                ));
            }
            let is_new = row.state == VolumeState::Allocated;
            if is_new && !expunge && !world.sins(Quirk::AllocatedVolumesAreDestroyed) {
                return Err(ApiError::invalid(
                    "The volume in Allocated/Uploaded state can only be expunged not destroyed/recovered",
                ));
            }
            Ok(())
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let was_on_storage = volume(world, arguments)?.pool.is_some();
            let expunge = arguments.flag("expunge");
            if let Some(row) = world.volumes.get_mut(id) {
                // What never was on storage is shown as it was on its way out.
                row.state =
                    if expunge && was_on_storage { VolumeState::Expunged } else { VolumeState::Destroy };
            }
            let object = show(world, id, *caller);
            if expunge || world.sins(Quirk::DestroyedVolumesAreGone) {
                world.remove_volume(id);
            }
            Ok(Reply::Object(object))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "recoverVolume",
        about: Some("id"),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let row = volume(world, arguments)?;
            if !caller.is_root_admin() && !world.settings.flag("allow.user.expunge.recover.volume") {
                return Err(ApiError::permission(
                    "Recovering a volume can only be done by an Admin. Or when the allow.user.expunge.recover.volume key \
                     is set.",
                ));
            }
            if row.state != VolumeState::Destroy && !world.sins(Quirk::VolumesRecoverFromAnyState) {
                return Err(ApiError::invalid("Please specify a volume in Destroy state."));
            }
            if let Some(row) = world.volumes.get_mut(id) {
                row.state = VolumeState::Ready;
            }
            // Everybody gets the full view here.
            let row = world.volumes.get(id);
            Ok(Reply::Object(row.map(|row| view::volume(world, id, row, true)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
];

/// The refusal of a disk offering that is for others.
fn refused_offering(world: &World, account: Id, id: Id, row: &DiskOffering, zone: Id) -> ApiError {
    let zone_row = world.zones.get(zone);
    ApiError::permission(format!(
        "Access denied to {} for disk offering: DiskOffering {{\"id\":{id},\"name\":\"{}\",\"uuid\":\"{}\"}}., zone: \
         Zone {{\"id\": \"{zone}\", \"name\": \"{}\", \"uuid\": \"{}\"}} by AffinityGroupAccessChecker",
        listing::view_account_dump(world, account),
        row.name,
        row.uuid,
        zone_row.map_or("", |zone| zone.name.as_str()),
        zone_row.map(|zone| zone.uuid).unwrap_or_default()
    ))
}

/// The volumes that a list is about, in the order of its pages.
pub(super) fn matches(world: &World, caller: Caller, arguments: &Arguments) -> Result<Vec<Id>, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, caller, arguments)?;
    let (machine, zone) = (arguments.id("virtualmachineid"), arguments.id("zoneid"));
    let (name, kind) = (arguments.filled("name"), arguments.filled("type"));
    let state = arguments.filled("state");
    let tags = arguments.grouped("tags");
    let (pool, disk) = (arguments.id("storageid"), arguments.id("diskofferingid"));
    let matches: Vec<Id> = world
        .volumes
        .iter()
        .filter(|(_, row)| scope.covers(world, row.owner) || world.sins(Quirk::VolumesOfOthersAreListed))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| machine.is_none_or(|machine| row.attached.is_some_and(|(id, _)| id == machine)))
        .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
        .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
        .filter(|(_, row)| {
            let word = if row.is_root { "ROOT" } else { "DATADISK" };
            kind.is_none_or(|kind| word.eq_ignore_ascii_case(kind))
        })
        .filter(|(_, row)| pool.is_none_or(|pool| row.pool == Some(pool)))
        .filter(|(_, row)| disk.is_none_or(|disk| row.disk_offering == Some(disk)))
        .filter(|(id, _)| {
            let handle = Handle { kind: Kind::Volume, id: *id };
            tags.iter().all(|tag| world.has_tag(handle, tag))
        })
        .filter(|(_, row)| state.is_none_or(|state| row.state.name().eq_ignore_ascii_case(state)))
        .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
        .map(|(id, _)| id)
        .collect();
    Ok(in_pages(arguments, matches))
}

fn show(world: &World, id: Id, viewer: Caller) -> Object {
    let row = world.volumes.get(id);
    row.map(|row| view::volume(world, id, row, viewer.is_root_admin())).unwrap_or_default()
}

/// The first step of a volume made from a snapshot (VOL-001, SNP-003).
fn from_snapshot(
    world: &mut World,
    caller: Caller,
    owner: crate::world::Owner,
    snapshot: Id,
    arguments: &Arguments,
) -> Result<Handle, ApiError> {
    if !access::may(world, caller, Handle { kind: Kind::Snapshot, id: snapshot }, false) {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    super::snapshot::require_backed_up(world, snapshot, "volume")?;
    let wanted = arguments.integer("size").and_then(|size| u64::try_from(size).ok()).map(|size| size << 30);
    let size = wanted.or_else(|| world.snapshots.get(snapshot).map(|row| row.size)).unwrap_or_default();
    require_room(world, owner, "volume", 1)?;
    require_room(world, owner, "primary_storage", bytes(size))?;
    world
        .add_volume_from_snapshot(owner, snapshot, arguments.filled("name"), wanted)
        .map(|id| Handle { kind: Kind::Volume, id })
        .ok_or_else(|| ApiError::runtime("Failed to create volume"))
}

fn bytes(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Upstream's text of a volume in refusals.
pub(super) fn dump(id: Id, row: &Volume) -> String {
    let machine = row.attached.map_or_else(|| "null".to_owned(), |(machine, _)| machine.to_string());
    format!(
        "Volume {{\"id\":{id},\"instanceId\":{machine},\"name\":\"{}\",\"uuid\":\"{}\",\"volumeType\":\"{}\"}}",
        row.name,
        row.uuid,
        if row.is_root { "ROOT" } else { "DATADISK" }
    )
}

/// The volume that a command is about.
fn volume<'a>(world: &'a World, arguments: &Arguments) -> Result<&'a Volume, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    world
        .volumes
        .get(id)
        .ok_or_else(|| ApiError::invalid(format!("Unable to find UUID for id [{id}] of type [Volume]")))
}

/// A removed volume is refused while the request waits (VOL-008).
fn refuse_removed(world: &World, _: &Caller, arguments: &Arguments) -> Result<(), ApiError> {
    let is_judged = arguments.has("id") && !world.sins(Quirk::RemovedVolumesFailLate);
    if is_judged { volume(world, arguments).map(|_| ()) } else { Ok(()) }
}

fn refuse_attached(row: &Volume) -> Result<(), ApiError> {
    if row.attached.is_some() {
        return Err(ApiError::invalid("Please specify a volume that is not attached to any VM."));
    }
    Ok(())
}

/// A volume that a snapshot is being taken of stays (VOL-007).
fn refuse_snapshotted(world: &World, id: Id) -> Result<(), ApiError> {
    if world.is_being_snapshotted(id) {
        return Err(ApiError::invalid(
            "There are snapshot operations in progress on the volume, unable to delete it",
        ));
    }
    Ok(())
}

fn refuse_protected(row: &Volume) -> Result<(), ApiError> {
    if row.delete_protection {
        return Err(ApiError::invalid(format!(
            "Volume [id = {}, name = {}] has delete protection enabled and cannot be deleted.",
            row.uuid, row.name
        )));
    }
    Ok(())
}

/// The size that a resize asks for; its refusals have a code of their own (VOL-005).
fn wanted_size(world: &World, row: &Volume, arguments: &Arguments) -> Result<u64, ApiError> {
    let state = row.state;
    if !matches!(state, VolumeState::Ready | VolumeState::Allocated | VolumeState::Resizing) {
        return Err(ApiError::api(
            432,
            format!(
                "Volume should be in ready or allocated state before attempting a resize. Volume {} is in state {}.",
                row.uuid,
                state.name()
            ),
        ));
    }
    let sent = arguments.integer("size").and_then(|size| u64::try_from(size).ok()).map(|size| size << 30);
    let Some(disk) = arguments.id("diskofferingid") else { return Ok(sent.unwrap_or(row.size)) };
    let Some(disk) = world.disk_offerings.get(disk).filter(|disk| disk.active) else {
        return Err(ApiError::api(432, "Requested disk offering has been removed."));
    };
    disk.size
        .map(|size| size << 30)
        .or(sent)
        .ok_or_else(|| ApiError::api(432, "The new disk offering requires that a size be specified."))
}

/// Which volumes a page holds is decided newest first, but inside an answer they are oldest
/// first: the real server fetches a page of ids and then the rows.
fn in_pages(arguments: &Arguments, matches: Vec<Id>) -> Vec<Id> {
    let Some(size) = arguments.integer("pagesize").and_then(|size| usize::try_from(size).ok()) else {
        return matches;
    };
    let newest_first: Vec<Id> = matches.into_iter().rev().collect();
    newest_first.chunks(size.max(1)).flat_map(|page| page.iter().rev().copied()).collect()
}
