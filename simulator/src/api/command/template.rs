//! Templates and guest operating systems.

use super::image::{self, Filter};
use super::{Behaviour, EventTexts, require_room};
use crate::api::access;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::view::Detail;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::template::Template;
use crate::world::virtual_machine::MachineState;

/// The hypervisors that a template may be for, as the refusal lists them.
const HYPERVISORS: [&str; 14] = [
    "XenServer",
    "KVM",
    "VMware",
    "Hyperv",
    "VirtualBox",
    "Parralels",
    "BareMetal",
    "Simulator",
    "Ovm",
    "Ovm3",
    "LXC",
    "Custom",
    "External",
    "Any",
];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listTemplates",
        run: |world, caller, arguments| {
            let filter = Filter::named(arguments.required("templatefilter"))?;
            let hypervisor = arguments.filled("hypervisor");
            let template_type = arguments.filled("templatetype");
            image::list(world, *caller, arguments, filter, |row| {
                !row.is_iso
                    && hypervisor.is_none_or(|name| name.eq_ignore_ascii_case("Simulator"))
                    && template_type.is_none_or(|name| row.template_type.eq_ignore_ascii_case(name))
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "registerTemplate",
        events: Some(EventTexts { scheduled: "", action: "creating template", created: None }),
        run: |world, caller, arguments| {
            let (zones, cross_zones) = zones(arguments)?;
            let format = image::image_format(arguments.required("format"))?;
            let hypervisor = arguments.required("hypervisor");
            if !HYPERVISORS.iter().any(|known| known.eq_ignore_ascii_case(hypervisor)) {
                return Err(ApiError::invalid(format!(
                    "Hypervisor Type: {hypervisor} is invalid. Supported Hypervisor types are: {}",
                    HYPERVISORS.join(", ")
                )));
            }
            let system = arguments
                .id("ostypeid")
                .ok_or_else(|| ApiError::invalid("Please pass a valid GuestOS Id"))?;
            let template = Template {
                format: format.to_owned(),
                ssh_key_enabled: arguments.flag("sshkeyenabled"),
                requires_hvm: arguments.maybe_flag("requireshvm").unwrap_or(true),
                tag: arguments.filled("templatetag").map(str::to_owned),
                details: arguments.merged("details"),
                zones,
                cross_zones,
                ..image::registered(world, caller, arguments, system)?
            };
            let id = world.add_template(template);
            let detail = if caller.is_root_admin() { Detail::Full } else { Detail::Restricted };
            Ok(image::rows(world, id, None, *caller, detail))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createTemplate",
        create: Some(|world, caller, arguments| {
            let template = private_template(world, *caller, arguments)?;
            let id = world.add_template(template);
            Ok(Handle { kind: Kind::Template, id })
        }),
        events: Some(EventTexts {
            scheduled: "creating template: {name}",
            action: "creating template",
            created: Some("creating template"),
        }),
        run: |world, caller, arguments| {
            let id = arguments.created().unwrap_or_default();
            let zone = world.templates.get_mut(id).and_then(|row| {
                row.ready = true;
                row.zones.first().copied()
            });
            let detail = if caller.is_root_admin() { Detail::Full } else { Detail::Restricted };
            Ok(Reply::Object(view::template(world, id, zone, *caller, detail)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "updateTemplate", about: Some("id"), run: image::update, ..Behaviour::PLAIN },
    Behaviour {
        name: "deleteTemplate",
        about: Some("id"),
        check: Some(image::refuse_removed),
        events: Some(EventTexts {
            scheduled: "Deleting template {}",
            action: "deleting template. Template Id: {}",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let (id, row) = image::to_delete(world, arguments, "template")?;
            let users = world.machines_with(id, arguments.id("zoneid"));
            let is_forced = arguments.flag("forced") || world.sins(Quirk::TemplatesInUseGo);
            if !users.is_empty() && !is_forced {
                return Err(ApiError::invalid(in_use(world, id, row, &users)));
            }
            image::require_operator(world, *caller, row)?;
            if row.is_iso {
                return Err(ApiError::invalid("Please specify a valid template."));
            }
            Ok(())
        }),
        run: image::delete,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "copyTemplate",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "copying template: {}",
            action: "copying template",
            created: None,
        }),
        run: image::copy,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "extractTemplate",
        about: Some("id"),
        check: Some(image::refuse_removed),
        events: Some(EventTexts {
            scheduled: "extracting template: {}",
            action: "extracting template",
            created: None,
        }),
        // The simulated secondary storage has nobody who could serve it.
        run: |_, _, _| Err(ApiError::api(530, "Failed to extract template")),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "prepareTemplate",
        run: |world, caller, arguments| {
            let id = arguments.id("templateid").unwrap_or_default();
            let zone = arguments.id("zoneid");
            let row = world.template(id).ok_or_else(|| {
                ApiError::invalid(format!("Unable to find a template with the given ID {id}"))
            })?;
            if !zone.is_some_and(|zone| row.is_in(zone)) {
                return Err(ApiError::invalid("Unable to find the template in the zone"));
            }
            Ok(image::rows(world, id, zone, *caller, Detail::Full))
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listTemplatePermissions", run: image::list_permissions, ..Behaviour::PLAIN },
    Behaviour {
        name: "updateTemplatePermissions",
        about: Some("id"),
        run: image::update_permissions,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "getUploadParamsForTemplate",
        run: |world, _, arguments| {
            image::image_format(arguments.required("format"))?;
            Err(image::refuse_upload(world, arguments))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listOsTypes",
        run: |world, _, arguments| {
            let wanted = listing::wanted(arguments)?;
            let description = arguments.filled("description");
            let matches: Vec<Object> = world
                .guest_systems
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| description.is_none_or(|text| row.description.eq_ignore_ascii_case(text)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.description]))
                .map(|(_, row)| view::guest_system(row))
                .collect();
            listing::page(world, arguments, matches, |row| row)
        },
        ..Behaviour::PLAIN
    },
];

/// The zones that a registration names; -1 stands for all.
fn zones(arguments: &Arguments) -> Result<(Vec<Id>, bool), ApiError> {
    let (one, many) = (arguments.has("zoneid"), arguments.has("zoneids"));
    if one && many {
        return Err(ApiError::parameter("Both zoneid and zoneids cannot be specified at the same time"));
    }
    if !one && !many {
        return Err(ApiError::parameter("Either zoneid or zoneids is required. Both cannot be null."));
    }
    let zones: Vec<Id> = arguments.id("zoneid").into_iter().chain(arguments.ids("zoneids")).collect();
    let cross_zones = zones.is_empty();
    Ok((zones, cross_zones))
}

/// A template of a volume or a snapshot, in the making.
fn private_template(world: &World, caller: Caller, arguments: &Arguments) -> Result<Template, ApiError> {
    let (volume, snapshot) = (arguments.id("volumeid"), arguments.id("snapshotid"));
    let require_access = |handle| access::require(world, caller, handle);
    let (owner, zone, size, source, machine) = match (volume, snapshot) {
        (None, None) => {
            return Err(ApiError::invalid(
                "Failed to create private template record, neither volume ID nor snapshot ID were specified.",
            ));
        }
        (Some(volume), Some(snapshot)) => {
            return Err(ApiError::invalid(format!(
                "Failed to create private template record, please specify only one of volume ID ({volume}) and \
                 snapshot ID ({snapshot})"
            )));
        }
        (Some(volume), None) => {
            let row = world.volumes.get(volume).ok_or_else(|| {
                ApiError::invalid(format!(
                    "Failed to create private template record, unable to find volume {volume}"
                ))
            })?;
            require_access(Handle { kind: Kind::Volume, id: volume })?;
            let machine = row.attached.map(|(machine, _)| machine);
            let is_active =
                machine.and_then(|machine| world.virtual_machines.get(machine)).is_some_and(|machine| {
                    !matches!(machine.state, MachineState::Stopped | MachineState::Destroyed)
                });
            if is_active {
                return Err(ApiError::runtime(format!(
                    "Unable to create private template for volume: {}; volume is attached to a non-stopped VM, please \
                     stop the VM first",
                    row.name
                )));
            }
            (row.owner, row.zone, row.size, row.template, machine)
        }
        (None, Some(snapshot)) => {
            require_access(Handle { kind: Kind::Snapshot, id: snapshot })?;
            super::snapshot::require_backed_up(world, snapshot, "template")?;
            let row = world.snapshots.get(snapshot).ok_or_else(|| {
                ApiError::invalid(format!(
                    "Failed to create private template record, unable to find snapshot {snapshot}"
                ))
            })?;
            (row.owner, row.zone, row.size, row.template, None)
        }
    };
    let owner =
        if arguments.has("account") { super::acting_owner(world, &caller, arguments)? } else { owner };
    require_room(world, owner, "template", 1)?;
    require_room(world, owner, "secondary_storage", i64::try_from(size).unwrap_or(i64::MAX))?;
    let name = arguments.required("name");
    // A template takes the details of the machine over, the server's own ones too.
    let mut details = machine
        .and_then(|id| world.virtual_machines.get(id))
        .map(|row| row.details.clone())
        .unwrap_or_default();
    for (key, value) in arguments.merged("details") {
        details.retain(|(other, _)| *other != key);
        details.push((key, value));
    }
    Ok(Template {
        display_text: arguments.filled("displaytext").unwrap_or(name).to_owned(),
        format: "RAW".to_owned(),
        is_public: arguments.flag("ispublic"),
        is_featured: arguments.flag("isfeatured") && caller.is_root_admin(),
        password_enabled: arguments.flag("passwordenabled"),
        ssh_key_enabled: arguments.flag("sshkeyenabled"),
        requires_hvm: arguments.maybe_flag("requireshvm").unwrap_or(true),
        dynamically_scalable: arguments.flag("isdynamicallyscalable"),
        tag: arguments.filled("templatetag").map(str::to_owned),
        zones: vec![zone],
        size,
        source,
        details,
        ..Template::new(name, owner, arguments.id("ostypeid").unwrap_or_default(), world.now)
    })
}

/// The refusal of removing a template whose machines exist (TPL-003).
fn in_use(world: &World, id: Id, row: &Template, users: &[Id]) -> String {
    let machines: Vec<String> = users
        .iter()
        .filter_map(|user| {
            world
                .virtual_machines
                .get(*user)
                .map(|machine| super::virtual_machine::dump(world, *user, machine))
        })
        .collect();
    format!(
        "Unable to delete template: Template {{\"format\":\"{}\",\"id\":{id},\"name\":\"{}\",\"uniqueName\":\
         \"{id}-{}-{}\",\"uuid\":\"{}\"}} because VM instances: [{}] are using it.",
        row.format,
        row.name,
        row.owner.account,
        row.uuid,
        row.uuid,
        machines.join(",")
    )
}
