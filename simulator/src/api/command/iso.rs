//! ISOs, and the drive of a machine that they are put into.

use super::image::{self, Filter};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::view::{self, Detail};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::table::Id;
use crate::world::template::Template;
use crate::world::virtual_machine::{MachineState, VirtualMachine};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listIsos",
        run: |world, caller, arguments| {
            let filter = Filter::named(arguments.filled("isofilter").unwrap_or("selfexecutable"))?;
            let bootable = arguments.maybe_flag("bootable");
            let public = arguments.maybe_flag("ispublic");
            image::list(world, *caller, arguments, filter, |row| {
                row.is_iso
                    && bootable.is_none_or(|bootable| row.bootable == bootable)
                    && public.is_none_or(|public| row.is_public == public)
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "registerIso",
        events: Some(EventTexts { scheduled: "", action: "creating ISO", created: None }),
        run: |world, caller, arguments| {
            let bootable = arguments.maybe_flag("bootable").unwrap_or(true);
            let system = match arguments.id("ostypeid") {
                Some(system) => system,
                None if bootable => return Err(ApiError::invalid("Please pass a valid GuestOS Id")),
                // What does not boot has no system.
                None => 0,
            };
            let zone = arguments.id("zoneid");
            let iso = Template {
                format: "ISO".to_owned(),
                is_iso: true,
                bootable,
                zones: zone.into_iter().collect(),
                cross_zones: zone.is_none(),
                ..image::registered(world, caller, arguments, system)?
            };
            let id = world.add_template(iso);
            // Everybody gets the restricted view here.
            Ok(image::rows(world, id, None, *caller, Detail::Restricted))
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "updateIso", about: Some("id"), run: image::update, ..Behaviour::PLAIN },
    Behaviour {
        name: "deleteIso",
        about: Some("id"),
        check: Some(image::refuse_removed),
        events: Some(EventTexts {
            scheduled: "Deleting ISO {}",
            action: "deleting ISO. ISO Id: {}",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let (id, row) = image::to_delete(world, arguments, "iso")?;
            image::require_operator(world, *caller, row)?;
            if !row.is_iso {
                return Err(ApiError::invalid("Please specify a valid iso."));
            }
            let is_in_use = !world.machines_with(id, arguments.id("zoneid")).is_empty();
            if is_in_use && !world.sins(Quirk::TemplatesInUseGo) {
                return Err(ApiError::invalid("Unable to delete iso, as it's used by other vms"));
            }
            Ok(())
        }),
        run: image::delete,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "copyIso",
        about: Some("id"),
        events: Some(EventTexts { scheduled: "copying iso: {}", action: "copying template", created: None }),
        run: image::copy,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "extractIso",
        about: Some("id"),
        check: Some(image::refuse_removed),
        events: Some(EventTexts { scheduled: "extracting ISO: {}", action: "extracting ISO", created: None }),
        // The simulated secondary storage has nobody who could serve it.
        run: |_, _, _| Err(ApiError::api(530, "Failed to extract ISO")),
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listIsoPermissions", run: image::list_permissions, ..Behaviour::PLAIN },
    Behaviour {
        name: "updateIsoPermissions",
        about: Some("id"),
        run: image::update_permissions,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "attachIso",
        about: Some("virtualmachineid"),
        joins_job: true,
        events: Some(EventTexts {
            scheduled: "attaching ISO: {id} to VM: {virtualmachineid}",
            action: "attaching ISO. Vm Id: {}",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let machine = machine(world, arguments)?;
            let id = arguments.id("id").unwrap_or_default();
            if !world.template(id).is_some_and(|row| row.is_iso) {
                return Err(ApiError::invalid(format!("Unable to find an ISO with id {id}")));
            }
            if !image::may_use(world, *caller, id) {
                return Err(ApiError::permission(
                    "Caller does not have permission to operate with provided resource.",
                ));
            }
            refuse_moving(machine)
        }),
        run: |world, caller, arguments| {
            let (id, machine) = (arguments.id("id"), arguments.id("virtualmachineid").unwrap_or_default());
            if let Some(row) = world.virtual_machines.get_mut(machine) {
                row.iso = id;
            }
            Ok(Reply::Object(show(world, machine, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "detachIso",
        about: Some("virtualmachineid"),
        joins_job: true,
        events: Some(EventTexts {
            scheduled: "detaching ISO from VM: {virtualmachineid}",
            action: "detaching ISO. Vm Id: {}",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let machine = machine(world, arguments)?;
            if machine.iso.is_none() && !world.sins(Quirk::EmptyDrivesAreEmptied) {
                return Err(ApiError::invalid("The specified VM has no ISO attached to it."));
            }
            refuse_moving(machine)
        }),
        run: |world, caller, arguments| {
            let machine = arguments.id("virtualmachineid").unwrap_or_default();
            if let Some(row) = world.virtual_machines.get_mut(machine) {
                row.iso = None;
            }
            Ok(Reply::Object(show(world, machine, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "getUploadParamsForIso",
        run: |world, _, arguments| {
            image::image_format(arguments.required("format"))?;
            Err(image::refuse_upload(world, arguments))
        },
        ..Behaviour::PLAIN
    },
];

fn show(world: &World, id: Id, viewer: crate::api::caller::Caller) -> Object {
    let row = world.virtual_machines.get(id);
    row.map(|row| view::virtual_machine(world, id, row, viewer)).unwrap_or_default()
}

fn machine<'a>(world: &'a World, arguments: &Arguments) -> Result<&'a VirtualMachine, ApiError> {
    let id = arguments.id("virtualmachineid").unwrap_or_default();
    world
        .virtual_machines
        .get(id)
        .ok_or_else(|| ApiError::invalid(format!("Unable to find a virtual machine with id {id}")))
}

fn refuse_moving(machine: &VirtualMachine) -> Result<(), ApiError> {
    if matches!(machine.state, MachineState::Running | MachineState::Stopped) {
        return Ok(());
    }
    Err(ApiError::invalid("Please specify a VM that is either Stopped or Running."))
}
