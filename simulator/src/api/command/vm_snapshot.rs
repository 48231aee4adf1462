//! Snapshots of machines.

use super::{Behaviour, EventTexts};
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;
use crate::world::vm_snapshot::{VmSnapshot, VmSnapshotState};

/// How many snapshots a machine may have: the default of `vmsnapshot.max`.
const MOST: usize = 10;

/// The refusal of a second operation on the snapshots of a machine (VMS-003).
const BUSY: &str = "There is other active vm snapshot tasks on the instance, please try again later";

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listVMSnapshot",
        run: |world, caller, arguments| {
            let (one, many) = (arguments.id("vmsnapshotid"), arguments.ids("vmsnapshotids"));
            if one.is_some() && !many.is_empty() {
                return Err(ApiError::invalid("Specify either id or ids but not both parameters"));
            }
            let wanted: Vec<Id> = one.into_iter().chain(many).collect();
            let scope = listing::scope_of(world, *caller, arguments, !wanted.is_empty())?;
            let machine = arguments.id("virtualmachineid");
            let (state, name) = (arguments.filled("state"), arguments.filled("name"));
            let tags = arguments.grouped("tags");
            let matches: Vec<Id> = world
                .vm_snapshots
                .iter()
                .rev()
                .filter(|(_, row)| scope.covers(world, row.owner))
                .filter(|(id, _)| wanted.is_empty() || wanted.contains(id))
                .filter(|(_, row)| machine.is_none_or(|machine| row.machine == machine))
                .filter(|(_, row)| state.is_none_or(|state| row.state.name().eq_ignore_ascii_case(state)))
                .filter(|(_, row)| name.is_none_or(|name| row.display_name.eq_ignore_ascii_case(name)))
                .filter(|(id, _)| {
                    let handle = Handle { kind: Kind::VmSnapshot, id: *id };
                    tags.iter().all(|tag| world.has_tag(handle, tag))
                })
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.display_name, &row.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createVMSnapshot",
        events: Some(EventTexts {
            scheduled: "creating snapshot for VM: {virtualmachineid}",
            action: "creating VM snapshot",
            created: Some("creating VM snapshot"),
        }),
        create: Some(|world, _, arguments| {
            let machine = arguments.id("virtualmachineid").unwrap_or_default();
            refuse_snapshot(world, machine, arguments)?;
            let has_memory = arguments.flag("snapshotmemory");
            world
                .add_vm_snapshot(
                    machine,
                    arguments.filled("name"),
                    arguments.filled("description"),
                    has_memory,
                )
                .map(|id| Handle { kind: Kind::VmSnapshot, id })
                .ok_or_else(|| ApiError::runtime("Failed to create vm snapshot"))
        }),
        begin: Some(|world, _, arguments| {
            world.set_vm_snapshot_state(arguments.created().unwrap_or_default(), VmSnapshotState::Creating);
            Ok(())
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            world.finish_vm_snapshot(id);
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteVMSnapshot",
        about: Some("vmsnapshotid"),
        events: Some(EventTexts {
            scheduled: "Delete VM snapshot: {}",
            action: "delete vm snapshots",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (id, row) = vm_snapshot(world, arguments)?;
            if matches!(
                row.state,
                VmSnapshotState::Allocated | VmSnapshotState::Creating | VmSnapshotState::Reverting
            ) {
                return Err(ApiError::invalid(format!(
                    "Can't delete the vm snapshotshot {id} due to it is not in Created or Error, or Expunging State"
                )));
            }
            if world.has_busy_vm_snapshot(row.machine, Some(id)) {
                return Err(ApiError::invalid(BUSY));
            }
            world.set_vm_snapshot_state(id, VmSnapshotState::Expunging);
            Ok(())
        }),
        run: |world, _, arguments| {
            world.remove_vm_snapshot(arguments.id("vmsnapshotid").unwrap_or_default());
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "revertToVMSnapshot",
        about: Some("vmsnapshotid"),
        events: Some(EventTexts {
            scheduled: "Revert from VM snapshot: {}",
            action: "revert to VM snapshot",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (id, row) = vm_snapshot(world, arguments)?;
            if world.has_busy_vm_snapshot(row.machine, None) {
                return Err(ApiError::invalid(BUSY));
            }
            let state = world.virtual_machines.get(row.machine).map(|machine| machine.state);
            let is_running = state == Some(MachineState::Running);
            if !is_running && state != Some(MachineState::Stopped) {
                return Err(ApiError::invalid(
                    "VM Snapshot reverting failed due to vm is not in the state of Running or Stopped.",
                ));
            }
            if is_running != row.has_memory && !world.sins(Quirk::AnyVmSnapshotIsReverted) {
                return Err(ApiError::invalid(
                    "VM Snapshot revert not allowed. This will result in VM state change. You can revert running VM to \
                     disk and memory type snapshot and stopped VM to disk type snapshot",
                ));
            }
            if row.state != VmSnapshotState::Ready {
                return Err(ApiError::invalid(
                    "VM Snapshot reverting failed due to vm snapshot is not in the state of Created.",
                ));
            }
            world.set_vm_snapshot_state(id, VmSnapshotState::Reverting);
            Ok(())
        }),
        run: |world, caller, arguments| {
            let (id, row) = vm_snapshot(world, arguments)?;
            let machine = row.machine;
            world.move_to_vm_snapshot(id);
            let row = world.virtual_machines.get(machine);
            Ok(Reply::Object(
                row.map(|row| view::virtual_machine(world, machine, row, *caller)).unwrap_or_default(),
            ))
        },
        ..Behaviour::PLAIN
    },
];

fn show(world: &World, id: Id) -> Object {
    world.vm_snapshots.get(id).map(|row| view::vm_snapshot(world, id, row)).unwrap_or_default()
}

fn vm_snapshot<'a>(world: &'a World, arguments: &Arguments) -> Result<(Id, &'a VmSnapshot), ApiError> {
    let id = arguments.id("vmsnapshotid").unwrap_or_default();
    world
        .vm_snapshots
        .get(id)
        .map(|row| (id, row))
        .ok_or_else(|| ApiError::invalid(format!("unable to find the vm snapshot with id {id}")))
}

/// What refuses a snapshot of a machine: wrapped in 530, but with the class of the reason (VMS-001).
fn refuse_snapshot(world: &World, id: Id, arguments: &Arguments) -> Result<(), ApiError> {
    let wrapped = |cause: Fault, text: String| {
        Err(ApiError::new(
            Fault::Wrapped(cause.class_code()),
            format!("Failed to create vm snapshot: {text}"),
        ))
    };
    let invalid = |text: String| wrapped(Fault::InvalidParameter, text);
    let runtime = |text: &str| wrapped(Fault::Runtime, text.to_owned());
    let Some(machine) = world.virtual_machines.get(id) else {
        return invalid(format!(
            "Creating VM snapshot failed due to VM:{id} is a system VM or does not exist"
        ));
    };
    if let Some(name) = arguments.filled("name")
        && world.vm_snapshots_of(id).any(|(_, row)| row.display_name == name)
    {
        return invalid(format!(
            "Creating VM snapshot failed due to VM snapshot with name{name}  already exists"
        ));
    }
    let is_running = machine.state == MachineState::Running;
    if !is_running && machine.state != MachineState::Stopped {
        return invalid(format!(
            "Creating vm snapshot failed due to VM:{id} is not in the running or Stopped state"
        ));
    }
    if arguments.flag("snapshotmemory") && !is_running && !world.sins(Quirk::StoppedMachinesHaveMemory) {
        return invalid("Can not snapshot memory when VM is not in Running state".to_owned());
    }
    if world.vm_snapshots_of(id).count() >= MOST {
        return runtime(&format!(
            "Creating vm snapshot failed due to a VM can just have : {MOST} VM snapshots. Please delete old ones"
        ));
    }
    if world.volumes_of(id).into_iter().any(|volume| world.is_being_snapshotted(volume)) {
        return runtime(
            "There is other active volume snapshot tasks on the instance to which the volume is attached, please try \
             again later.",
        );
    }
    if world.has_busy_vm_snapshot(id, None) && !world.sins(Quirk::VmSnapshotsOverlap) {
        return runtime(BUSY);
    }
    Ok(())
}
