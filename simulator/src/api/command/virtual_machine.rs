//! Virtual machines: their life from deployment to removal (VM-001 onwards).
//!
//! What changes in a machine meanwhile is in [`virtual_machine_change`](super::virtual_machine_change), where it
//! goes is in [`migration`](super::migration), how it is found in
//! [`virtual_machine_list`](super::virtual_machine_list).

use super::deployment::deploy;
use super::{Behaviour, EventTexts, machine_agent};
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::table::Id;
use crate::world::virtual_machine::{MachineState, Plan, VirtualMachine};

pub(super) const COMMANDS: &[Behaviour] = &[
    DEPLOYMENT,
    Behaviour {
        name: "startVirtualMachine",
        about: Some("id"),
        joins_job: true,
        check: Some(refuse_expunged),
        events: Some(EventTexts {
            scheduled: "starting user vm: {}",
            action: "starting Vm. Vm Id: {}",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            match machine.state {
                MachineState::Running if !world.sins(Quirk::StartIsIdempotent) => {
                    Err(ApiError::invalid(format!(
                        "The virtual machine {} ({}) is already running",
                        machine.uuid,
                        machine.shown_name()
                    )))
                }
                MachineState::Destroyed | MachineState::Expunging
                    if !world.sins(Quirk::DestroyedMachinesStart) =>
                {
                    Err(ApiError::runtime(format!(
                        "Unable to orchestrate the start of VM instance {{\"instanceName\":\"{}\",\"uuid\":\"{}\"}}.",
                        world.instance_name(id, machine),
                        machine.uuid
                    )))
                }
                MachineState::Error => Err(ApiError::runtime(format!(
                    "Unable to create deployment, no usable volumes found for the VM: {}",
                    machine.uuid
                ))),
                _ if world.is_suspended(machine.owner.account) => Err(ApiError::runtime(format!(
                    "The owner of {} is disabled: {}",
                    dump(world, id, machine),
                    listing::view_account_dump(world, machine.owner.account)
                ))),
                _ => {
                    let plan = match plan(*caller, arguments) {
                        Err(_) if world.sins(Quirk::UsersChooseHosts) => Plan::default(),
                        other => other?,
                    };
                    refuse_other_cluster(world, id, plan)?;
                    refuse_without_room(world, id, plan)?;
                    machine_agent::begin_start(world, id, plan);
                    Ok(())
                }
            }
        }),
        sends: Some(machine_agent::moves),
        agent_fails: Some(machine_agent::tries_others),
        run: |world, caller, arguments| {
            let (id, before) = machine(world, arguments, "id")?;
            let had_one = before.guest_password.is_some();
            let host = machine_agent::prepared_host(world, id);
            world.run_machine_on(id, host);
            Ok(Reply::Object(show_started(world, id, *caller, had_one)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "stopVirtualMachine",
        about: Some("id"),
        joins_job: true,
        check: Some(refuse_expunged),
        events: Some(EventTexts {
            scheduled: "stopping user vm: {}",
            action: "stopping Vm. Vm Id: {}",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            let may_force = caller.is_root_admin()
                || world.settings.flag("allow.user.force.stop.vm")
                || world.sins(Quirk::UsersStopByForce);
            if arguments.flag("forced") && !may_force {
                return Err(ApiError::permission(
                    "Account does not have the permission to force stop the vm.",
                ));
            }
            if machine.state == MachineState::Running {
                world.set_machine_state(id, MachineState::Stopping);
            } else if machine.state == MachineState::Stopped && world.sins(Quirk::StopOfStoppedFails) {
                return Err(ApiError::invalid(format!(
                    "The virtual machine {} is already stopped",
                    machine.uuid
                )));
            }
            Ok(())
        }),
        sends: Some(machine_agent::moves),
        agent_fails: Some(machine_agent::stays_running),
        run: |world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            let state = machine.state;
            // Anything that does not run is left as it is (VM-022).
            if state == MachineState::Stopping && !world.sins(Quirk::StopLeavesItRunning) {
                world.set_machine_state(id, MachineState::Stopped);
                note_capacity(world, id);
            } else if state == MachineState::Stopping {
                world.set_machine_state(id, MachineState::Running);
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "rebootVirtualMachine",
        about: Some("id"),
        joins_job: true,
        check: Some(refuse_expunged),
        events: Some(EventTexts {
            scheduled: "rebooting user vm: {}",
            action: "rebooting Vm. Vm Id: {}",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (_, machine) = machine(world, arguments, "id")?;
            if machine.state == MachineState::Running || world.sins(Quirk::RebootStartsStopped) {
                return Ok(());
            }
            Err(ApiError::invalid(format!(
                "The VM {} ({}) is not running, unable to reboot it",
                machine.uuid,
                machine.shown_name()
            )))
        }),
        sends: Some(machine_agent::reboots),
        agent_fails: Some(machine_agent::stays),
        run: |world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            if machine.state == MachineState::Stopped {
                world.run_machine(id);
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "destroyVirtualMachine",
        about: Some("id"),
        joins_job: true,
        check: Some(refuse_expunged),
        events: Some(EventTexts {
            scheduled: "destroying vm: {}",
            action: "destroying Vm. Vm Id: {}",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            let may_expunge = caller.is_root_admin() || world.settings.flag("allow.user.expunge.recover.vm");
            if arguments.flag("expunge") && !may_expunge && !world.sins(Quirk::UsersExpungeMachines) {
                return Err(ApiError::runtime("Account does not have permission for expunging."));
            }
            if machine.state == MachineState::Destroyed && world.sins(Quirk::DestroyedOnesAreRefused) {
                return Err(ApiError::invalid(format!("The virtual machine {} is destroyed", machine.uuid)));
            }
            if machine.delete_protection && !world.sins(Quirk::ProtectedMachinesAreDestroyed) {
                return Err(ApiError::invalid(format!(
                    "Instance [id = {}, name = {}] has delete protection enabled and cannot be deleted.",
                    machine.uuid,
                    world.instance_name(id, machine)
                )));
            }
            let root = world
                .volumes_of(id)
                .into_iter()
                .find(|volume| world.volumes.get(*volume).is_some_and(|volume| volume.is_root));
            if root.is_some_and(|root| world.is_being_snapshotted(root))
                && !world.sins(Quirk::SnapshotsHoldNothing)
            {
                return Err(ApiError::runtime(
                    "There is/are unbacked up snapshot(s) on ROOT volume, vm destroy is not permitted, please try again \
                     later.",
                ));
            }
            if machine.state == MachineState::Running {
                world.set_machine_state(id, MachineState::Stopping);
            }
            Ok(())
        }),
        sends: Some(machine_agent::moves),
        agent_fails: Some(machine_agent::stays_running),
        run: |world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            let state = machine.state;
            for volume in arguments.ids("volumeids") {
                world.remove_volume(volume);
            }
            if arguments.flag("expunge") {
                let told = show(world, id, *caller);
                world.expunge_machine(id);
                if world.sins(Quirk::ExpungedMachinesAreTold) {
                    return Ok(Reply::Object(told));
                }
                // The view hides what is removed (VM-036).
                let nothing = Object::new()
                    .with("securitygroup", Vec::<Object>::new())
                    .with("nic", Vec::<Object>::new())
                    .with("affinitygroup", Vec::<Object>::new())
                    .with("deleteprotection", false)
                    .with("tags", Vec::<Object>::new());
                return Ok(Reply::Object(nothing));
            }
            if state == MachineState::Error {
                world.set_machine_state(id, MachineState::Expunging);
            } else if world.sins(Quirk::DestroyOnlyStops) && state != MachineState::Destroyed {
                world.set_machine_state(id, MachineState::Stopped);
            } else if !matches!(state, MachineState::Destroyed | MachineState::Expunging) {
                world.set_machine_state(id, MachineState::Destroyed);
                world.detach_data_volumes(id);
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "recoverVirtualMachine",
        about: Some("id"),
        events: Some(EventTexts { scheduled: "", action: "Recovering VM", created: None }),
        run: |world, caller, arguments| {
            let may_recover = caller.is_root_admin() || world.settings.flag("allow.user.expunge.recover.vm");
            if !may_recover && !world.sins(Quirk::UsersRecoverMachines) {
                return Err(ApiError::permission(
                    "Recovering a vm can only be done by an Admin. Or when the allow.user.expunge.recover.vm key is \
                     set.",
                ));
            }
            if world.sins(Quirk::ExpungedMachinesReadAlike) {
                refuse_expunged(world, caller, arguments)?;
            }
            let (id, machine) = machine(world, arguments, "id").map_err(|_| {
                let id = arguments.id("id").unwrap_or_default();
                ApiError::invalid(format!("unable to find a virtual machine with id {id}"))
            })?;
            if machine.state != MachineState::Destroyed && !world.sins(Quirk::RecoverFromAnyState) {
                return Err(ApiError::invalid(format!(
                    "Vm with id {} is not in the right state",
                    machine.uuid
                )));
            }
            world.set_machine_state(id, MachineState::Stopped);
            if world.sins(Quirk::RecoverStartsIt) {
                world.run_machine(id);
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "expungeVirtualMachine",
        about: Some("id"),
        check: Some(refuse_expunged),
        events: Some(EventTexts {
            scheduled: "Expunging vm: {}",
            action: "expunging Vm. Vm Id: {}",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (_, machine) = machine(world, arguments, "id")?;
            let gone = matches!(
                machine.state,
                MachineState::Destroyed | MachineState::Expunging | MachineState::Error
            );
            if gone || world.sins(Quirk::ExpungeTakesRunning) {
                return Ok(());
            }
            Err(ApiError::runtime("Please destroy vm with specified vmId before expunge"))
        }),
        run: |world, _, arguments| {
            let (id, _) = machine(world, arguments, "id")?;
            if world.sins(Quirk::ExpungedAreListed) {
                world.set_machine_state(id, MachineState::Expunging);
            } else {
                world.expunge_machine(id);
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// Makes a machine and starts it, unless the call says otherwise.
pub(super) const DEPLOYMENT: Behaviour = Behaviour {
    name: "deployVirtualMachine",
    joins_job: true,
    create: Some(deploy),
    events_of: Some(|arguments| EventTexts {
        // Without a start the first event has the words of the last one (EVT-007).
        scheduled: if starts(arguments) { "starting Vm. Vm Id: {}" } else { "deploying Vm. Vm Id: {}" },
        action: "deploying Vm. Vm Id: {}",
        created: None,
    }),
    starts_unseen: Some(|arguments| !starts(arguments)),
    begin: Some(|world, caller, arguments| {
        let Some(id) = arguments.created().filter(|_| starts(arguments)) else { return Ok(()) };
        let plan = plan(*caller, arguments)?;
        refuse_without_room(world, id, plan).inspect_err(|_| world.fail_first_start(id))?;
        machine_agent::begin_start(world, id, plan);
        Ok(())
    }),
    sends: Some(machine_agent::moves),
    agent_fails: Some(machine_agent::tries_others),
    run: |world, caller, arguments| {
        let id = arguments.created().ok_or_else(|| ApiError::runtime("the machine is gone"))?;
        let has_one = world.virtual_machines.get(id).is_some_and(|row| row.guest_password.is_some());
        if !starts(arguments) && world.sins(Quirk::DeploymentsAlwaysStart) {
            world.run_machine(id);
        } else if starts(arguments) && world.sins(Quirk::DeployLeavesItStopped) {
            world.set_machine_state(id, MachineState::Stopped);
        } else if starts(arguments) {
            let host = machine_agent::prepared_host(world, id);
            world.run_machine_on(id, host);
        }
        Ok(Reply::Object(show_started(world, id, *caller, has_one)))
    },
    ..Behaviour::PLAIN
};

/// A machine that was started, with the password that was drawn for its first start.
fn show_started(world: &World, id: Id, viewer: Caller, had_password: bool) -> Object {
    if had_password || world.sins(Quirk::FirstPasswordsAreNotTold) {
        return show(world, id, viewer);
    }
    show_with_password(world, id, viewer)
}

/// A machine as the job shows it that drew its password: no other answer has that (VM-012).
pub(super) fn show_with_password(world: &World, id: Id, viewer: Caller) -> Object {
    let mut object = show(world, id, viewer);
    let password = world.virtual_machines.get(id).and_then(|row| row.guest_password.clone());
    if let Some(password) = password {
        // It stands where the class declares it, before the fields of network cards.
        let place = object.fields.iter().position(|field| field.name == "nic");
        let tail = object.fields.split_off(place.unwrap_or(object.fields.len()));
        object.push("password", password);
        object.fields.extend(tail);
    }
    object
}

pub(super) fn show(world: &World, id: Id, viewer: Caller) -> Object {
    world
        .virtual_machines
        .get(id)
        .map(|row| view::virtual_machine(world, id, row, viewer))
        .unwrap_or_default()
}

/// The machine that a parameter names.
pub(super) fn machine<'a>(
    world: &'a World,
    arguments: &Arguments,
    name: &str,
) -> Result<(Id, &'a VirtualMachine), ApiError> {
    let id = arguments.id(name).unwrap_or_default();
    world
        .virtual_machines
        .get(id)
        .map(|machine| (id, machine))
        .ok_or_else(|| ApiError::invalid(format!("Unable to find a virtual machine with id {id}")))
}

/// Whether a deployment starts what it made.
fn starts(arguments: &Arguments) -> bool {
    arguments.maybe_flag("startvm") != Some(false)
}

/// Where the caller wants the machine; only root administrators may (VM-027).
pub(super) fn plan(caller: Caller, arguments: &Arguments) -> Result<Plan, ApiError> {
    for name in ["podid", "clusterid", "hostid"] {
        if arguments.has(name) && !caller.is_root_admin() {
            return Err(ApiError::permission(format!(
                "Parameter {name} can only be specified by a Root Admin, permission denied"
            )));
        }
    }
    Ok(Plan { pod: arguments.id("podid"), cluster: arguments.id("clusterid"), host: arguments.id("hostid") })
}

/// Refuses a host outside the cluster that holds the root volume.
pub(super) fn refuse_other_cluster(world: &World, id: Id, plan: Plan) -> Result<(), ApiError> {
    let host = plan.host.and_then(|host| world.hosts.get(host));
    let wanted = host.map(|host| host.cluster).or(plan.cluster);
    match (world.root_cluster(id), wanted, world.virtual_machines.get(id)) {
        (Some(cluster), Some(wanted), Some(machine)) if cluster != wanted => Err(ApiError::api(
            534,
            format!(
                "Resource [Cluster:{wanted}] is unreachable: Root volume is ready in different cluster, Deployment plan \
                 provided cannot be satisfied, unable to create a deployment for {}",
                dump(world, id, machine)
            ),
        )),
        _ => Ok(()),
    }
}

/// Refuses a start for which no host has room (VM-028).
fn refuse_without_room(world: &World, id: Id, plan: Plan) -> Result<(), ApiError> {
    match world.virtual_machines.get(id) {
        Some(machine) if world.host_for(id, plan).is_none() => {
            let text = format!("No destination found for a deployment for {}", dump(world, id, machine));
            if world.sins(Quirk::NoRoomIs530) {
                return Err(ApiError::runtime(text));
            }
            Err(ApiError::new(Fault::ServerCapacity, text))
        }
        _ => Ok(()),
    }
}

/// An expunged machine is refused while the request waits (JOB-012).
pub(super) fn refuse_expunged(world: &World, _: &Caller, arguments: &Arguments) -> Result<(), ApiError> {
    refuse_expunged_as(world, arguments, "id")
}

pub(super) fn refuse_expunged_as(world: &World, arguments: &Arguments, name: &str) -> Result<(), ApiError> {
    let id = arguments.id(name).unwrap_or_default();
    if world.virtual_machines.get(id).is_some() {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Unable to find UUID for id [{id}] of type [VirtualMachine]")))
}

/// Upstream's text of a machine in refusals.
pub(super) fn dump(world: &World, id: Id, machine: &VirtualMachine) -> String {
    format!(
        "VM instance {{\"id\":{id},\"instanceName\":\"{}\",\"state\":\"{}\",\"type\":\"User\",\"uuid\":\"{}\"}}",
        world.instance_name(id, machine),
        machine.state.name(),
        machine.uuid
    )
}

pub(super) fn note_capacity(world: &mut World, id: Id) {
    let flag = ("Message.ReservedCapacityFreed.Flag".to_owned(), "false".to_owned());
    if let Some(machine) = world.virtual_machines.get_mut(id)
        && !machine.details.contains(&flag)
    {
        machine.details.push(flag);
    }
}
