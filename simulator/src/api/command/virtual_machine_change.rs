//! What changes in a virtual machine: names, size, keys, passwords, user data, root volume and owner.

use super::deployment::{
    custom_size, found_group, key_details, key_pairs, networks, refusal_to_scale, user_data_details,
};
use super::user_data::finalised;
use super::virtual_machine::{
    dump, machine, note_capacity, refuse_expunged, refuse_expunged_as, show, show_with_password,
};
use super::{Behaviour, EventTexts, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::quirk::Quirk;
use crate::release::Release;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::offering::ServiceOffering;
use crate::world::table::Id;
use crate::world::user_data::lenient_decode;
use crate::world::virtual_machine::{MachineState, Nic, VirtualMachine};

/// New SSH keys leave the password of a machine alone from this release on; before, a guest that takes passwords got a
/// new one (upstream's pull request 4819).
const KEYS_LEAVE_PASSWORDS: Release = Release::new(16, 0);

pub(super) const COMMANDS: &[Behaviour] = &[
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
            let (id, machine) = machine(world, arguments, "virtualmachineid")?;
            let may_be = matches!(machine.state, MachineState::Running | MachineState::Stopped);
            if may_be || world.sins(Quirk::DestroyedMachinesAreRestored) {
                if world.vm_snapshots_of(id).next().is_some() {
                    return Err(ApiError::invalid(
                        "Unable to restore VM, please remove VM snapshots before restoring VM",
                    ));
                }
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
            if !world.sins(Quirk::RestoresKeepTheVolume) {
                world.renew_root_volume(id, arguments.id("templateid"));
            }
            // A new system has a new password (VM-061).
            let has_one = world.knows_passwords(id);
            if has_one {
                world.give_password(id, None);
            }
            if was_running {
                world.run_machine(id);
            }
            Ok(Reply::Object(if has_one {
                show_with_password(world, id, *caller)
            } else {
                show(world, id, *caller)
            }))
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
                _ if world.sins(Quirk::MachinesChangeSizeInAnyState) => {}
                MachineState::Running => require_growth(world, id, machine, arguments)?,
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
            if machine.state != MachineState::Stopped && !world.sins(Quirk::MachinesChangeSizeInAnyState) {
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
            if !world.knows_passwords(id) && !world.sins(Quirk::EveryMachineHasAPassword) {
                return Err(ApiError::invalid(
                    "Fail to reset password for the virtual machine, the template is not password enabled",
                ));
            }
            require_stopped(world, id, machine, "password reset")
        }),
        run: |world, caller, arguments| {
            let (id, _) = machine(world, arguments, "id")?;
            world.give_password(id, arguments.filled("password"));
            let is_told = !world.sins(Quirk::ResetPasswordsAreNotTold);
            Ok(Reply::Object(if is_told {
                show_with_password(world, id, *caller)
            } else {
                show(world, id, *caller)
            }))
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
            let details = key_details(&keys);
            if let Some(machine) = world.virtual_machines.get_mut(id) {
                for (key, value) in details {
                    machine.details.retain(|(other, _)| *other != key);
                    machine.details.push((key, value));
                }
                machine.key_pairs = keys;
            }
            world.tell_of_machine(id);
            let draws = world.release < KEYS_LEAVE_PASSWORDS || world.sins(Quirk::NewKeysBringAPassword);
            if draws && world.knows_passwords(id) {
                world.give_password(id, None);
                return Ok(Reply::Object(show_with_password(world, id, *caller)));
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
            // Whatever is wrong with the new owner, this is all that is said.
            let owner = acting_owner(world, caller, arguments)
                .map_err(|_| ApiError::api(431, format!("Failed to move VM [{id}].")))?;
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
            if machine.state != MachineState::Stopped && !world.sins(Quirk::RunningMachinesAreReset) {
                return Err(ApiError::invalid(format!(
                    "VM {} should be stopped to do UserData reset",
                    dump(world, id, machine)
                )));
            }
            let template = machine.template;
            let (content, linked) = finalised(world, *caller, arguments, template)?;
            let details = user_data_details(arguments);
            let keeps_details = world.sins(Quirk::ResetsKeepUserDataDetails) && details.is_empty();
            if let Some(machine) = world.virtual_machines.get_mut(id) {
                machine.user_data = content;
                machine.user_data_id = linked;
                if !keeps_details {
                    machine.user_data_details = details;
                }
            }
            world.tell_of_machine(id);
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
                content.map(|text| String::from_utf8_lossy(&lenient_decode(&text)).into_owned())
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

fn require_stopped(world: &World, id: Id, machine: &VirtualMachine, purpose: &str) -> Result<(), ApiError> {
    let text = match machine.state {
        MachineState::Stopped => return Ok(()),
        MachineState::Running if world.sins(Quirk::RunningMachinesAreReset) => return Ok(()),
        MachineState::Error | MachineState::Expunging => "is not in the right state".to_owned(),
        _ => format!("should be stopped to do {purpose}"),
    };
    Err(ApiError::invalid(format!("Vm {} {text}", dump(world, id, machine))))
}

/// The public keys that a command must name.
fn named_keys(
    world: &World,
    machine: &VirtualMachine,
    arguments: &Arguments,
) -> Result<Vec<(String, String)>, ApiError> {
    let keys = match key_pairs(world, machine.owner, arguments) {
        Err(_) if world.sins(Quirk::UnknownKeysPass) => return Ok(machine.key_pairs.clone()),
        other => other?,
    };
    if keys.is_empty() {
        return Err(ApiError::invalid("'keypair' or 'keypairs' must be specified"));
    }
    Ok(keys)
}

/// Refuses what a machine cannot do while it runs: become smaller, or grow without the tools for it (VM-041).
fn require_growth(
    world: &World,
    id: Id,
    machine: &VirtualMachine,
    arguments: &Arguments,
) -> Result<(), ApiError> {
    let wanted = arguments.id("serviceofferingid").and_then(|id| world.service_offerings.get(id));
    let Some(wanted) = wanted.filter(|row| row.active) else { return Ok(()) };
    let (cores, speed, memory) = world.machine_size(machine);
    let new = custom_size(wanted, arguments).unwrap_or_else(|| wanted.size());
    let shrinks = new.0 < cores || new.1 < speed || new.2 < memory;
    if (shrinks || new == (cores, speed, memory)) && !world.sins(Quirk::RunningMachinesShrink) {
        return Err(ApiError::invalid(format!(
            "While the VM is running, only scalling up it is supported. New service offering {{\"memory\": {}, \
             \"speed\": {}, \"cpu\": {}}} should have at least one value (ram, speed or cpu) greater than the current \
             values {{\"memory\": {memory}, \"speed\": {speed}, \"cpu\": {cores}}}.",
            new.2, new.1, new.0
        )));
    }
    require_alike(world, machine, wanted)?;
    if !machine.dynamically_scalable {
        return Err(ApiError::runtime(format!(
            "Unable to scale {} as it does not have tools to support dynamic scaling.",
            dump(world, id, machine)
        )));
    }
    Ok(())
}

/// Refuses an offering that scales otherwise than the machine's own.
fn require_alike(world: &World, machine: &VirtualMachine, wanted: &ServiceOffering) -> Result<(), ApiError> {
    let own = world.service_offerings.get(machine.offering);
    if own.is_some_and(|own| own.dynamic_scaling != wanted.dynamic_scaling) {
        return Err(ApiError::invalid(
            "Unable to Scale VM: since dynamic scaling enabled flag is not same for new service offering and old \
             service offering",
        ));
    }
    Ok(())
}

/// Gives a machine another offering, or another size of a custom one (VM-041).
fn change_offering(world: &mut World, id: Id, arguments: &Arguments) -> Result<(), ApiError> {
    let offering = arguments.id("serviceofferingid").unwrap_or_default();
    let row = world
        .service_offerings
        .get(offering)
        .filter(|row| row.active)
        .ok_or_else(|| ApiError::invalid(format!("Unable to find service offering: {offering}")))?;
    let size = custom_size(row, arguments);
    let Some(machine) = world.virtual_machines.get(id) else { return Ok(()) };
    if machine.offering == offering && size.is_none() && !world.sins(Quirk::SameOfferingsPass) {
        return Err(ApiError::invalid(format!(
            "Not upgrading vm {} since it already has the requested service offering ({})",
            dump(world, id, machine),
            row.name
        )));
    }
    require_alike(world, machine, row)?;
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

/// Changes what may be changed of a machine; every refusal is wrapped in 530 (VM-050).
fn update(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let (id, row) = machine(world, arguments, "id")?;
    if matches!(row.state, MachineState::Error | MachineState::Expunging) {
        return Err(ApiError::runtime(format!(
            "Failed to update VM, due to: {} is not in the right state",
            dump(world, id, row)
        )));
    }
    let is_plain = world.sins(Quirk::UpdatesFailWith431);
    let wrap = |reason: &str| match is_plain {
        true => ApiError::invalid(reason),
        false => ApiError::runtime(format!("Failed to update VM, due to: {reason}")),
    };
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
    if arguments.flag("isdynamicallyscalable")
        && let Some(reason) = refusal_to_scale(world, row.template, row.offering)
    {
        return Err(wrap(&format!("Dynamic Scaling cannot be enabled for the VM since {reason}")));
    }
    let offers_ha = world.service_offerings.get(row.offering).is_some_and(|offering| offering.ha);
    if arguments.flag("haenable") && !offers_ha {
        return Err(wrap(
            "Can't enable ha for the vm as it's created from the Service offering having HA disabled",
        ));
    }
    let (owner, template) = (row.owner, row.template);
    if let Some(group) = arguments.filled("group") {
        found_group(world, owner, group);
    }
    // Every change takes what the template is linked to, whether it brings user data or not (UD-026).
    let found = finalised(world, *caller, arguments, template);
    let (content, linked) = found.map_err(|error| wrap(&error.text.unwrap_or_default()))?;
    let details = arguments.merged("details");
    let user_data_details = user_data_details(arguments);
    // Details alone wait for the next push, and under a fault everything does (UD-032).
    let is_told = content.is_some() && !world.sins(Quirk::UserDataNeedsRestart);
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
        if let Some(display) = arguments.maybe_flag("displayvm") {
            machine.display = display;
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
        // What is not given stays as it was.
        machine.user_data = content.or_else(|| machine.user_data.take());
        machine.user_data_id = linked.or(machine.user_data_id);
        if !user_data_details.is_empty() {
            machine.user_data_details = user_data_details;
        }
    }
    if is_told {
        world.tell_of_machine(id);
        // What was sent is kept all the same, for the next start.
        if keeps_its_drive(world, id) {
            return Err(wrap("VM should to stopped to reset password"));
        }
    }
    Ok(Reply::Object(show(world, id, *caller)))
}

/// Whether a machine runs and gets its user data from a config drive, which is not touched meanwhile
/// (`ConfigDriveNetworkElement.saveUserData`).
fn keeps_its_drive(world: &World, id: Id) -> bool {
    let Some(machine) = world.virtual_machines.get(id) else { return false };
    let has_drive = |nic: &Nic| {
        let network = world.networks.get(nic.network);
        network.and_then(|network| world.provider_in(network, "UserData")) == Some("ConfigDrive")
    };
    machine.state == MachineState::Running && machine.nics.iter().any(has_drive)
}
