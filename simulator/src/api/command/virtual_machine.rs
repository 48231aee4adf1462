//! Virtual machines: their life from deployment to removal (VM-001 onwards).

use super::deployment::{custom_size, decoded, deploy, found_group, networks, user_data};
use super::{Behaviour, EventTexts, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::virtual_machine::{MachineState, Plan, VirtualMachine};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
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
            world.set_machine_state(id, MachineState::Starting);
            Ok(())
        }),
        run: |world, caller, arguments| {
            let id = arguments.created().ok_or_else(|| ApiError::runtime("the machine is gone"))?;
            if starts(arguments) && world.sins(Quirk::DeployLeavesItStopped) {
                world.set_machine_state(id, MachineState::Stopped);
            } else if starts(arguments) {
                let host = world.host_for(id, plan(*caller, arguments)?);
                world.run_machine_on(id, host);
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listVirtualMachines", run: list, ..Behaviour::PLAIN },
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
                MachineState::Destroyed | MachineState::Expunging => Err(ApiError::runtime(format!(
                    "Unable to orchestrate the start of VM instance {{\"instanceName\":\"{}\",\"uuid\":\"{}\"}}.",
                    world.instance_name(id, machine),
                    machine.uuid
                ))),
                MachineState::Error => Err(ApiError::runtime(format!(
                    "Unable to create deployment, no usable volumes found for the VM: {}",
                    machine.uuid
                ))),
                _ => {
                    let plan = plan(*caller, arguments)?;
                    refuse_other_cluster(world, id, plan)?;
                    refuse_without_room(world, id, plan)?;
                    world.set_machine_state(id, MachineState::Starting);
                    Ok(())
                }
            }
        }),
        run: |world, caller, arguments| {
            let (id, _) = machine(world, arguments, "id")?;
            let host = world.host_for(id, plan(*caller, arguments)?);
            world.run_machine_on(id, host);
            Ok(Reply::Object(show(world, id, *caller)))
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
        begin: Some(|world, _, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
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
        run: |world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            // Anything that does not run is left as it is (VM-022).
            if machine.state == MachineState::Stopping && !world.sins(Quirk::StopLeavesItRunning) {
                world.set_machine_state(id, MachineState::Stopped);
                note_capacity(world, id);
            } else if machine.state == MachineState::Stopping {
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
            if arguments.flag("expunge") && !may_expunge {
                return Err(ApiError::runtime("Account does not have permission for expunging."));
            }
            if machine.delete_protection {
                return Err(ApiError::invalid(format!(
                    "Instance [id = {}, name = {}] has delete protection enabled and cannot be deleted.",
                    machine.uuid,
                    world.instance_name(id, machine)
                )));
            }
            if machine.state == MachineState::Running {
                world.set_machine_state(id, MachineState::Stopping);
            }
            Ok(())
        }),
        run: |world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            let state = machine.state;
            for volume in arguments.ids("volumeids") {
                world.volumes.remove(volume);
            }
            if arguments.flag("expunge") {
                world.expunge_machine(id);
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
            let (id, machine) = machine(world, arguments, "id")?;
            if !caller.is_root_admin() && !world.settings.flag("allow.user.expunge.recover.vm") {
                return Err(ApiError::permission(
                    "Recovering a vm can only be done by an Admin. Or when the allow.user.expunge.recover.vm key is \
                     set.",
                ));
            }
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
    Behaviour {
        name: "updateVirtualMachine",
        about: Some("id"),
        events: Some(EventTexts { scheduled: "", action: "updating Vm. Vm Id: {}", created: None }),
        run: update,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "restoreVirtualMachine",
        about: Some("virtualmachineid"),
        joins_job: true,
        check: Some(|world, _, arguments| refuse_expunged_as(world, arguments, "virtualmachineid")),
        events: Some(EventTexts {
            scheduled: "restore a VM to original template or new snapshot",
            action: "restoring Vm. Vm Id: {}",
            created: None,
        }),
        starts_unseen: Some(|_| true),
        begin: Some(|world, _, arguments| {
            let (_, machine) = machine(world, arguments, "virtualmachineid")?;
            if matches!(machine.state, MachineState::Running | MachineState::Stopped) {
                return Ok(());
            }
            Err(ApiError::runtime(format!(
                "Vm {} currently in {} state, restore vm can only execute when VM in Running or Stopped",
                machine.uuid,
                machine.state.name()
            )))
        }),
        run: |world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "virtualmachineid")?;
            let was_running = machine.state == MachineState::Running;
            if was_running {
                world.set_machine_state(id, MachineState::Stopped);
                note_capacity(world, id);
            }
            world.renew_root_volume(id, arguments.id("templateid"));
            if was_running {
                world.run_machine(id);
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "scaleVirtualMachine",
        about: Some("id"),
        joins_job: true,
        check: Some(refuse_expunged),
        events: Some(EventTexts {
            scheduled: "upgrading vm: {}",
            action: "scaling Vm. Vm Id: {}",
            created: None,
        }),
        run: |world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            match machine.state {
                MachineState::Stopped => {}
                MachineState::Running => {
                    return Err(ApiError::runtime(format!(
                        "Unable to scale {} as it does not have tools to support dynamic scaling.",
                        dump(world, id, machine)
                    )));
                }
                state => {
                    return Err(ApiError::invalid(format!(
                        "Unable to upgrade virtual machine {}  in state {}; make sure the virtual machine is \
                         stopped/running",
                        dump(world, id, machine),
                        state.name()
                    )));
                }
            }
            change_offering(world, id, arguments)?;
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "changeServiceForVirtualMachine",
        about: Some("id"),
        run: |world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            if machine.state != MachineState::Stopped {
                return Err(ApiError::invalid(format!(
                    "Unable to upgrade virtual machine {}  in state {}; make sure the virtual machine is stopped",
                    dump(world, id, machine),
                    machine.state.name()
                )));
            }
            change_offering(world, id, arguments)?;
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
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
            if arguments.has("hostid") && arguments.has("storageid") {
                return Err(ApiError::invalid("Only one of hostId and storageId can be specified"));
            }
            if machine.state != MachineState::Running {
                return Err(ApiError::invalid(
                    "VM is not Running, unable to migrate the vm with specified id",
                ));
            }
            if arguments.id("hostid").is_some() && arguments.id("hostid") == machine.host {
                return Err(ApiError::invalid(
                    "Cannot migrate VM, VM is already present on this host, please specify valid destination host to \
                     migrate the VM",
                ));
            }
            refuse_other_cluster(world, id, Plan { host: arguments.id("hostid"), ..Plan::default() })?;
            world.set_machine_state(id, MachineState::Migrating);
            Ok(())
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
    },
    Behaviour {
        name: "resetPasswordForVirtualMachine",
        about: Some("id"),
        joins_job: true,
        check: Some(refuse_expunged),
        events: Some(EventTexts {
            scheduled: "resetting password for vm: {}",
            action: "resetting Vm password. Vm Id: {}",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            if !world.templates.get(machine.template).is_some_and(|template| template.password_enabled) {
                return Err(ApiError::invalid(
                    "Fail to reset password for the virtual machine, the template is not password enabled",
                ));
            }
            require_stopped(world, id, machine, "password reset")
        }),
        run: |world, caller, arguments| {
            let (id, _) = machine(world, arguments, "id")?;
            let drawn = format!("{:06x}", world.ids.number() & 0xff_ffff);
            let password = arguments.filled("password").map_or(drawn, str::to_owned);
            let mut object = show(world, id, *caller);
            // The password stands where the class declares it, before the network cards' owner
            // fields; it is in no other answer (VM-012).
            let place = object.fields.iter().position(|field| field.name == "nic");
            let tail = object.fields.split_off(place.unwrap_or(object.fields.len()));
            object.push("password", password);
            object.fields.extend(tail);
            Ok(Reply::Object(object))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "resetSSHKeyForVirtualMachine",
        about: Some("id"),
        joins_job: true,
        check: Some(refuse_expunged),
        events: Some(EventTexts {
            scheduled: "resetting SSHKey for vm: {}",
            action: "resetting Vm SSHKey. Vm Id: {}",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            require_stopped(world, id, machine, "SSH Key reset")?;
            named_keys(world, machine, arguments).map(|_| ())
        }),
        run: |world, caller, arguments| {
            let (id, row) = machine(world, arguments, "id")?;
            let keys = named_keys(world, row, arguments)?;
            let (names, texts): (Vec<&str>, Vec<&str>) =
                keys.iter().map(|(name, text)| (name.as_str(), text.as_str())).unzip();
            let details = [("SSH.PublicKey", texts.join("\n")), ("SSH.KeyPairNames", names.join(","))];
            if let Some(machine) = world.virtual_machines.get_mut(id) {
                for (key, value) in details {
                    machine.details.retain(|(other, _)| other != key);
                    machine.details.push((key.to_owned(), value));
                }
                machine.key_pairs = keys;
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "assignVirtualMachine",
        about: Some("virtualmachineid"),
        run: |world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "virtualmachineid")?;
            if machine.state == MachineState::Running {
                return Err(ApiError::invalid(format!(
                    "unable to move VM [{}]. The VM is not stopped",
                    machine.uuid
                )));
            }
            let (zone, from) = (machine.zone, machine.owner);
            let owner = acting_owner(world, caller, arguments)?;
            if owner == from {
                return Err(ApiError::invalid(format!(
                    "The account should be same domain for moving VM between two accounts: {}",
                    listing::view_account_dump(world, owner.account)
                )));
            }
            let networks = networks(world, owner, zone, arguments)?;
            world.assign_machine(id, owner, &networks);
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "resetUserDataForVirtualMachine",
        about: Some("id"),
        run: |world, caller, arguments| {
            let (id, machine) = machine(world, arguments, "id")?;
            if machine.state != MachineState::Stopped {
                return Err(ApiError::invalid(format!(
                    "VM {} should be stopped to do UserData reset",
                    dump(world, id, machine)
                )));
            }
            let (content, linked) = user_data(world, *caller, arguments)?;
            let details = arguments.merged("userdatadetails");
            if let Some(machine) = world.virtual_machines.get_mut(id) {
                machine.user_data = content;
                machine.user_data_id = linked;
                machine.user_data_details = details;
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "getVirtualMachineUserData",
        run: |world, _, arguments| {
            let (_, machine) = machine(world, arguments, "virtualmachineid")?;
            let content = machine.user_data.clone();
            let content = if world.sins(Quirk::UserDataIsAnsweredDecoded) {
                content.map(|text| String::from_utf8_lossy(&decoded(&text)).into_owned())
            } else {
                content
            };
            let object =
                Object::new().with("virtualmachineid", machine.uuid).with("userdata", content.as_deref());
            Ok(Reply::Object(object))
        },
        ..Behaviour::PLAIN
    },
];

fn show(world: &World, id: Id, viewer: Caller) -> Object {
    world
        .virtual_machines
        .get(id)
        .map(|row| view::virtual_machine(world, id, row, viewer))
        .unwrap_or_default()
}

/// The machine that a parameter names.
fn machine<'a>(
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
fn plan(caller: Caller, arguments: &Arguments) -> Result<Plan, ApiError> {
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
fn refuse_other_cluster(world: &World, id: Id, plan: Plan) -> Result<(), ApiError> {
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
        Some(machine) if world.host_for(id, plan).is_none() => Err(ApiError::new(
            Fault::ServerCapacity,
            format!("No destination found for a deployment for {}", dump(world, id, machine)),
        )),
        _ => Ok(()),
    }
}

fn require_stopped(world: &World, id: Id, machine: &VirtualMachine, purpose: &str) -> Result<(), ApiError> {
    let text = match machine.state {
        MachineState::Stopped => return Ok(()),
        MachineState::Error | MachineState::Expunging => "is not in the right state".to_owned(),
        _ => format!("should be stopped to do {purpose}"),
    };
    Err(ApiError::invalid(format!("Vm {} {text}", dump(world, id, machine))))
}

/// The public keys that a command names; all must be the owner's (VM-057).
fn named_keys(
    world: &World,
    machine: &VirtualMachine,
    arguments: &Arguments,
) -> Result<Vec<(String, String)>, ApiError> {
    let names: Vec<&str> = arguments
        .filled("keypair")
        .into_iter()
        .chain(arguments.texts("keypairs").iter().map(String::as_str))
        .collect();
    if names.is_empty() {
        return Err(ApiError::invalid("'keypair' or 'keypairs' must be specified"));
    }
    names
        .into_iter()
        .map(|name| {
            let id = world.register.by_name(Kind::SshKeyPair, machine.owner, name)?;
            let record = world.register.get(Kind::SshKeyPair, id)?;
            Some((record.name.clone(), record.field("publickey").unwrap_or_default().to_owned()))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| ApiError::invalid("Not all specified keypairs exist"))
}

/// Gives a stopped machine another offering, or another size of a custom one (VM-041).
fn change_offering(world: &mut World, id: Id, arguments: &Arguments) -> Result<(), ApiError> {
    let offering = arguments.id("serviceofferingid").unwrap_or_default();
    let row = world
        .service_offerings
        .get(offering)
        .filter(|row| row.active)
        .ok_or_else(|| ApiError::invalid(format!("Unable to find service offering: {offering}")))?;
    let size = custom_size(row, arguments);
    let Some(machine) = world.virtual_machines.get(id) else { return Ok(()) };
    if machine.offering == offering && size.is_none() {
        return Err(ApiError::invalid(format!(
            "Not upgrading vm {} since it already has the requested service offering ({})",
            dump(world, id, machine),
            row.name
        )));
    }
    let chosen = arguments.merged("details");
    if let Some(machine) = world.virtual_machines.get_mut(id) {
        machine.offering = offering;
        machine.custom_size = size;
        for (key, value) in chosen {
            machine.details.retain(|(other, _)| *other != key);
            machine.details.push((key, value));
        }
    }
    Ok(())
}

/// An expunged machine is refused while the request waits (JOB-012).
fn refuse_expunged(world: &World, _: &Caller, arguments: &Arguments) -> Result<(), ApiError> {
    refuse_expunged_as(world, arguments, "id")
}

fn refuse_expunged_as(world: &World, arguments: &Arguments, name: &str) -> Result<(), ApiError> {
    let id = arguments.id(name).unwrap_or_default();
    if world.virtual_machines.get(id).is_some() {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Unable to find UUID for id [{id}] of type [VirtualMachine]")))
}

/// Upstream's text of a machine in refusals.
fn dump(world: &World, id: Id, machine: &VirtualMachine) -> String {
    format!(
        "VM instance {{\"id\":{id},\"instanceName\":\"{}\",\"state\":\"{}\",\"type\":\"User\",\"uuid\":\"{}\"}}",
        world.instance_name(id, machine),
        machine.state.name(),
        machine.uuid
    )
}

fn note_capacity(world: &mut World, id: Id) {
    let flag = ("Message.ReservedCapacityFreed.Flag".to_owned(), "false".to_owned());
    if let Some(machine) = world.virtual_machines.get_mut(id)
        && !machine.details.contains(&flag)
    {
        machine.details.push(flag);
    }
}

/// Changes what may be changed of a machine; every refusal is wrapped in 530 (VM-050).
fn update(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let (id, row) = machine(world, arguments, "id")?;
    if matches!(row.state, MachineState::Error | MachineState::Expunging) {
        return Err(ApiError::runtime(format!(
            "Failed to update VM, due to: {} is not in the right state",
            dump(world, id, row)
        )));
    }
    let wrap = |reason: &str| ApiError::runtime(format!("Failed to update VM, due to: {reason}"));
    if let Some(name) = arguments.filled("name").filter(|name| !name.eq_ignore_ascii_case(&row.name)) {
        for network in row.nics.iter().filter_map(|nic| world.networks.get(nic.network)) {
            let taken = world.virtual_machines.iter().any(|(_, other)| {
                other.name.eq_ignore_ascii_case(name)
                    && other.nics.iter().any(|nic| {
                        world.networks.get(nic.network).is_some_and(|other| other.uuid == network.uuid)
                    })
            });
            if taken && !world.sins(Quirk::DuplicateHostNamesPass) {
                return Err(wrap(&format!(
                    "The vm with hostName {name} already exists in the network domain: {}; network={}",
                    network.domain, network.name
                )));
            }
        }
    }
    if arguments.flag("isdynamicallyscalable") {
        return Err(wrap(
            "Dynamic Scaling cannot be enabled for the VM since its template does not have dynamic scaling enabled",
        ));
    }
    let offers_ha = world.service_offerings.get(row.offering).is_some_and(|offering| offering.ha);
    if arguments.flag("haenable") && !offers_ha {
        return Err(wrap(
            "Can't enable ha for the vm as it's created from the Service offering having HA disabled",
        ));
    }
    let owner = row.owner;
    if let Some(group) = arguments.filled("group") {
        found_group(world, owner, group);
    }
    let content = if arguments.has("userdata") || arguments.has("userdataid") {
        let found = user_data(world, *caller, arguments);
        Some(found.map_err(|error| wrap(&error.text.unwrap_or_default()))?)
    } else {
        None
    };
    let details = arguments.merged("details");
    let user_data_details = arguments.merged("userdatadetails");
    let stale = world.sins(Quirk::UserDataNeedsRestart);
    if let Some(machine) = world.virtual_machines.get_mut(id) {
        if let Some(name) = arguments.filled("displayname") {
            machine.display_name = Some(name.to_owned());
        }
        if let Some(name) = arguments.filled("name") {
            name.clone_into(&mut machine.name);
        }
        if let Some(group) = arguments.filled("group") {
            machine.group = Some(group.to_owned());
        }
        if let Some(ha) = arguments.maybe_flag("haenable") {
            machine.ha = ha;
        }
        if let Some(protected) = arguments.maybe_flag("deleteprotection") {
            machine.delete_protection = protected;
        }
        if let Some(scalable) = arguments.maybe_flag("isdynamicallyscalable") {
            machine.dynamically_scalable = scalable;
        }
        if arguments.flag("cleanupdetails") {
            machine.details.clear();
        } else if !details.is_empty() {
            machine.details = details;
        }
        if let Some((content, linked)) = content.filter(|_| !stale) {
            machine.user_data = content;
            machine.user_data_id = linked;
            machine.user_data_details = user_data_details;
        }
    }
    Ok(Reply::Object(show(world, id, *caller)))
}

/// Refuses a word in `details` that asks for nothing.
fn refuse_unknown_details(arguments: &Arguments) -> Result<(), ApiError> {
    const WORDS: [&str; 14] = [
        "all", "group", "nics", "stats", "secgrp", "tmpl", "servoff", "diskoff", "backoff", "iso", "volume",
        "min", "affgrp", "vnfnics",
    ];
    if arguments.texts("details").iter().all(|word| WORDS.contains(&word.as_str())) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "The details parameter contains a non permitted value. The allowed values are [{}]",
        WORDS.join(", ")
    )))
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, *caller, arguments)?;
    let state = arguments.filled("state");
    refuse_unknown_details(arguments)?;
    let sees_destroyed = caller.is_root_admin()
        || caller.is_domain_admin()
        || world.settings.flag("allow.user.view.destroyed.vm")
        || world.sins(Quirk::DestroyedAreShownToUsers);
    let (name, zone) = (arguments.filled("name"), arguments.id("zoneid"));
    let (network, template) = (arguments.id("networkid"), arguments.id("templateid"));
    let (offering, user) = (arguments.id("serviceofferingid"), arguments.id("userid"));
    let host = arguments.id("hostid");
    let tags = arguments.grouped("tags");
    let hypervisor = arguments.filled("hypervisor");
    let group = arguments.id("groupid").and_then(|id| world.register.get(Kind::InstanceGroup, id));
    let matches: Vec<Id> = world
        .virtual_machines
        .iter()
        .filter(|(_, row)| scope.covers(world, row.owner))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| {
            let gone = matches!(row.state, MachineState::Destroyed | MachineState::Expunging);
            match state {
                None => sees_destroyed || !gone,
                Some(word) if word.eq_ignore_ascii_case("present") => !gone,
                Some(word) => row.state.name().eq_ignore_ascii_case(word) && (sees_destroyed || !gone),
            }
        })
        .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
        .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
        .filter(|(_, row)| network.is_none_or(|network| row.nics.iter().any(|nic| nic.network == network)))
        .filter(|(_, row)| template.is_none_or(|template| row.template == template))
        .filter(|(_, row)| offering.is_none_or(|offering| row.offering == offering))
        .filter(|(_, row)| user.is_none_or(|user| row.user == user))
        .filter(|(_, row)| host.is_none_or(|host| row.host == Some(host)))
        .filter(|_| hypervisor.is_none_or(|wanted| wanted.eq_ignore_ascii_case("Simulator")))
        .filter(|(id, _)| {
            let handle = Handle { kind: Kind::VirtualMachine, id: *id };
            tags.iter().all(|tag| world.has_tag(handle, tag))
        })
        .filter(|(_, row)| group.is_none_or(|group| row.group.as_deref() == Some(group.name.as_str())))
        .filter(|(id, row)| {
            listing::keyword_matches(
                arguments,
                &[&row.name, row.shown_name(), row.state.name(), &world.instance_name(*id, row)],
            )
        })
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| {
        let mut object = show(world, id, *caller);
        if (arguments.flag("userdata") || world.sins(Quirk::UserDataIsListed))
            && let Some(content) = world.virtual_machines.get(id).and_then(|row| row.user_data.as_deref())
        {
            let before =
                object.fields.iter().position(|field| field.name == "userdataid" || field.name == "arch");
            let tail = object.fields.split_off(before.unwrap_or(object.fields.len().saturating_sub(2)));
            object.push("userdata", content);
            object.fields.extend(tail);
        }
        object
    })
}
