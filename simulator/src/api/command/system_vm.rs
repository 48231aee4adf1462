//! System machines.

use super::{Behaviour, EventTexts};
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::Kind;
use crate::world::system_vm::SystemVm;
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listSystemVms",
        run: |world, _, arguments| {
            let (wanted, zone) = (listing::wanted(arguments)?, arguments.id("zoneid"));
            let (pod, host) = (arguments.id("podid"), arguments.id("hostid"));
            let (name, state) = (arguments.filled("name"), arguments.filled("state"));
            let duty = arguments.filled("systemvmtype");
            let is_early = |zone: Id| {
                let is_disabled = world.zones.get(zone).is_some_and(|row| !row.enabled);
                is_disabled && world.sins(Quirk::SystemVmsComeEarly)
            };
            let matches: Vec<Object> = world
                .system_vms
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone || is_early(zone)))
                .filter(|(_, row)| pod.is_none_or(|pod| row.pod == pod))
                .filter(|(_, row)| host.is_none_or(|host| row.host == Some(host)))
                .filter(|(_, row)| name.is_none_or(|name| row.name == name))
                .filter(|(_, row)| state.is_none_or(|state| row.state.name().eq_ignore_ascii_case(state)))
                .filter(|(_, row)| duty.is_none_or(|duty| row.duty.name().eq_ignore_ascii_case(duty)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name, row.state.name()]))
                .map(|(_, row)| view::system_vm(world, row))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "startSystemVm",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "starting system vm: {}",
            action: "starting system vm",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (id, row) = system_vm(world, arguments, "id")?;
            if row.state == MachineState::Stopped {
                enter(world, id, MachineState::Starting);
            }
            Ok(())
        }),
        run: |world, _, arguments| {
            let (id, _) = system_vm(world, arguments, "id")?;
            start(world, id)?;
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "stopSystemVm",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "stopping system vm: {}",
            action: "stopping system vm",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (id, row) = system_vm(world, arguments, "id")?;
            if row.state == MachineState::Running {
                enter(world, id, MachineState::Stopping);
            }
            Ok(())
        }),
        run: |world, _, arguments| {
            let (id, _) = system_vm(world, arguments, "id")?;
            world.stop_system_vm(id);
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "rebootSystemVm",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "rebooting system vm: {}",
            action: "rebooting system vm",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, _) = system_vm(world, arguments, "id")?;
            // A stopped one is started.
            start(world, id)?;
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "destroySystemVm",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "destroying system vm: {}",
            action: "destroying system vm",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, row) = system_vm(world, arguments, "id")?;
            let mut gone = row.clone();
            (gone.state, gone.host, gone.private_address) = (MachineState::Destroyed, None, None);
            gone.public_address = None;
            let shown = view::system_vm(world, &gone);
            world.remove_system_vm(id);
            Ok(Reply::Object(shown))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "migrateSystemVm",
        events: Some(EventTexts::of("migrating system VM")),
        run: |world, _, arguments| {
            let (id, row) = system_vm(world, arguments, "virtualmachineid")?;
            let (zone, own) = (row.zone, row.host);
            if row.state != MachineState::Running {
                return Err(ApiError::invalid(format!(
                    "VM is not Running, unable to migrate the vm {}",
                    row.uuid
                )));
            }
            let target = arguments.id("hostid").or_else(|| world.host_for_system_vm(zone, own));
            let Some(target) = target.filter(|host| world.takes_work(*host)) else {
                return Err(ApiError::api(530, "Unable to find a suitable host for migration"));
            };
            let pod = world.hosts.get(target).map(|host| host.pod);
            if let Some(row) = world.system_vms.get_mut(id) {
                row.host = Some(target);
                row.pod = pod.unwrap_or(row.pod);
            }
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "scaleSystemVm",
        events: Some(EventTexts::of("scaling system vm")),
        run: |world, _, arguments| {
            let (id, row) = system_vm(world, arguments, "id")?;
            change_offering(world, id, row.state, arguments)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "changeServiceForSystemVm",
        run: |world, _, arguments| {
            let (id, row) = system_vm(world, arguments, "id")?;
            change_offering(world, id, row.state, arguments)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "patchSystemVm",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Attempting to live patch System VM with Id: {} ",
            action: "patching system VM",
            created: None,
        }),
        run: |_, _, _| {
            // Upstream's own simulated hypervisor cannot be patched, and says so in this way.
            Err(ApiError::runtime(
                "class com.cloud.agent.api.UnsupportedAnswer cannot be cast to class \
                 com.cloud.agent.api.PatchSystemVmAnswer (com.cloud.agent.api.UnsupportedAnswer and \
                 com.cloud.agent.api.PatchSystemVmAnswer are in unnamed module of loader \
                 org.eclipse.jetty.webapp.WebAppClassLoader @1ff52a71)",
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "getDiagnosticsData",
        about: Some("targetid"),
        events: Some(EventTexts::of("getting diagnostics data files from system vm")),
        run: |world, _, arguments| {
            let (_, zone) = target(world, arguments)?;
            Err(ApiError::runtime(format!(
                "No suitable secondary storage found to retrieve diagnostics in Zone: {}",
                view::zone_dump(world, zone)
            )))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "runDiagnostics",
        about: Some("targetid"),
        events: Some(EventTexts::of("running diagnostics on system vm")),
        run: |world, _, arguments| {
            let (name, _) = target(world, arguments)?;
            let kind = arguments.required("type").to_ascii_uppercase();
            if !["PING", "TRACEROUTE", "ARPING"].contains(&kind.as_str()) {
                return Err(ApiError::new(
                    Fault::IllegalArgument,
                    format!(
                        "{} is not a valid type specified. Supported types are: ping, traceroute, arping",
                        arguments.required("type")
                    ),
                ));
            }
            let text = format!("{kind} {} executed in {name}", arguments.required("ipaddress"));
            Ok(Reply::Object(Object::new().with("stdout", text).with("stderr", "").with("exitcode", "0")))
        },
        ..Behaviour::PLAIN
    },
];

/// The name and the zone of the system machine or router that is looked into.
fn target(world: &World, arguments: &Arguments) -> Result<(String, Id), ApiError> {
    let found = arguments.handle("targetid").and_then(|target| match target.kind {
        Kind::SystemVm => world.system_vms.get(target.id).map(|row| (row.name.clone(), row.zone)),
        kind if kind.is_router() => {
            Some((world.router_name(world.router(target)?), world.zone_of_router(target)?))
        }
        _ => None,
    });
    found.ok_or_else(|| ApiError::invalid("Unable to find a system machine with the id"))
}

/// The system machine that a parameter names.
fn system_vm<'a>(
    world: &'a World,
    arguments: &Arguments,
    name: &str,
) -> Result<(Id, &'a SystemVm), ApiError> {
    let id = arguments.id(name).unwrap_or_default();
    let row = world.system_vms.get(id);
    row.map(|row| (id, row))
        .ok_or_else(|| ApiError::invalid(format!("unable to find a system vm with id {id}")))
}

fn enter(world: &mut World, id: Id, state: MachineState) {
    if let Some(row) = world.system_vms.get_mut(id) {
        row.state = state;
    }
}

fn start(world: &mut World, id: Id) -> Result<(), ApiError> {
    if world.start_system_vm(id) {
        return Ok(());
    }
    enter(world, id, MachineState::Stopped);
    Err(ApiError::api(533, "Unable to create a deployment for the system machine"))
}

fn change_offering(
    world: &mut World,
    id: Id,
    state: MachineState,
    arguments: &Arguments,
) -> Result<Reply, ApiError> {
    let offering = arguments.id("serviceofferingid");
    let row = offering.and_then(|offering| world.service_offerings.get(offering));
    if row.is_none_or(|row| row.system_vm_type.is_none()) {
        return Err(ApiError::invalid(
            "isSystem property is different for current service offering and new service offering",
        ));
    }
    if state != MachineState::Stopped {
        return Err(ApiError::invalid("Unable to scale the system machine, it is not stopped"));
    }
    if let Some(row) = world.system_vms.get_mut(id) {
        row.offering = offering;
    }
    Ok(show(world, id))
}

fn show(world: &World, id: Id) -> Reply {
    Reply::Object(world.system_vms.get(id).map(|row| view::system_vm(world, row)).unwrap_or_default())
}
