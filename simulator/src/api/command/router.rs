//! Virtual routers, which networks bring with them.

use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::network::{Network, Router};
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listRouters",
        run: |world, caller, arguments| {
            let wanted = arguments.has("id").then(|| arguments.handle("id"));
            let scope = listing::scope(world, *caller, arguments)?;
            let (network, zone) = (arguments.id("networkid"), arguments.id("zoneid"));
            let (vpc, for_vpc) = (arguments.id("vpcid"), arguments.maybe_flag("forvpc"));
            let (name, state) = (arguments.filled("name"), arguments.filled("state"));
            let matches: Vec<Id> = world
                .networks
                .iter()
                .filter(|(_, row)| {
                    row.router.is_some() && row.vpc.is_none() && scope.covers(world, row.owner)
                })
                .filter(|_| vpc.is_none() && for_vpc != Some(true))
                .filter(|(id, _)| {
                    wanted.is_none_or(|wanted| wanted == Some(Handle { kind: Kind::Router, id: *id }))
                })
                .filter(|(id, _)| network.is_none_or(|network| network == *id))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .map(|(id, _)| id)
                .collect();
            let shown = matches.into_iter().filter_map(|id| {
                let network = world.networks.get(id)?;
                Some(view::router(world, network, network.router.as_ref()?))
            });
            let of_vpcs = world
                .vpcs
                .iter()
                .filter(|(_, row)| for_vpc != Some(false) && scope.covers(world, row.owner))
                .filter(|(id, _)| vpc.is_none_or(|vpc| vpc == *id))
                .filter(|(id, _)| network.is_none_or(|network| world.tiers(*id).any(|tier| tier == network)))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .filter_map(|(id, row)| {
                    let router = row.router.as_ref()?;
                    let named = wanted.is_none() || arguments.sent("id") == Some(&router.uuid.to_string());
                    named.then(|| view::vpc_router(world, id, row, router))
                });
            let shown: Vec<Object> = shown
                .chain(of_vpcs)
                .filter(|object| {
                    state.is_none_or(|wanted| {
                        object.text("state").is_some_and(|at| at.eq_ignore_ascii_case(wanted))
                    })
                })
                .filter(|object| name.is_none_or(|name| object.text("name") == Some(name)))
                .filter(|object| {
                    listing::keyword_matches(arguments, &[object.text("name").unwrap_or_default()])
                })
                .collect();
            listing::page(world, arguments, shown, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "startRouter",
        about: Some("id"),
        joins_job: true,
        events: Some(EventTexts {
            scheduled: "starting router: {}",
            action: "starting router Vm",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (id, _, row) = router(world, arguments, "id")?;
            if row.state == MachineState::Stopped {
                world.set_router_state(id, MachineState::Starting);
            }
            Ok(())
        }),
        run: |world, _, arguments| {
            let (id, _, row) = router(world, arguments, "id")?;
            if row.state != MachineState::Running {
                world.start_router(id);
            }
            show(world, arguments)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "stopRouter",
        about: Some("id"),
        joins_job: true,
        events: Some(EventTexts {
            scheduled: "stopping router: {}",
            action: "stopping router Vm",
            created: None,
        }),
        begin: Some(begin_to_stop),
        run: |world, _, arguments| {
            let (id, ..) = router(world, arguments, "id")?;
            world.set_router_state(id, MachineState::Stopped);
            show(world, arguments)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "rebootRouter",
        about: Some("id"),
        joins_job: true,
        events: Some(EventTexts {
            scheduled: "rebooting router: {}",
            action: "rebooting router Vm",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (id, network, row) = router(world, arguments, "id")?;
            if row.state != MachineState::Running && !world.sins(Quirk::StoppedRoutersReboot) {
                return Err(ApiError::new(
                    Fault::Unavailable,
                    format!(
                        "Resource [DataCenter:{}] is unreachable: Unable to reboot domR, it is not in right state {}",
                        network.zone,
                        row.state.name()
                    ),
                ));
            }
            world.set_router_state(id, MachineState::Stopping);
            Ok(())
        }),
        run: |world, _, arguments| {
            let (id, ..) = router(world, arguments, "id")?;
            world.start_router(id);
            show(world, arguments)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "destroyRouter",
        about: Some("id"),
        joins_job: true,
        events: Some(EventTexts {
            scheduled: "destroying router: {}",
            action: "destroying router Vm",
            created: None,
        }),
        begin: Some(begin_to_stop),
        run: |world, _, arguments| {
            let (id, network, row) = router(world, arguments, "id")?;
            let shown = view::destroyed_router(world, network, row);
            world.remove_router(id);
            Ok(Reply::Object(shown))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "changeServiceForRouter",
        about: Some("id"),
        run: |world, _, arguments| {
            let (id, _, row) = router(world, arguments, "id")?;
            let offering = arguments.id("serviceofferingid").unwrap_or_default();
            let wanted = world
                .service_offerings
                .get(offering)
                .ok_or_else(|| ApiError::invalid(format!("Unable to find service offering: {offering}")))?;
            if wanted.system_vm_type.is_none() {
                return Err(ApiError::invalid(format!(
                    "Cannot upgrade router vm to a non system service offering Service offering \
                     {{\"id\":{offering},\"name\":\"{}\",\"uuid\":\"{}\"}}.",
                    wanted.name, wanted.uuid
                )));
            }
            if row.state != MachineState::Stopped {
                return Err(ApiError::invalid(
                    "Unable to upgrade router, it is not in the right state: the router must be stopped",
                ));
            }
            if let Some(row) = world.networks.get_mut(id).and_then(|network| network.router.as_mut()) {
                row.service_offering = Some(offering);
            }
            show(world, arguments)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "getRouterHealthCheckResults",
        run: |_, _, _| {
            // Nothing looks after routers here.
            Err(ApiError::api(
                530,
                "Failed to get health check results due to: No health check results found for the router. This could \
                 happen for a newly created router. Please wait for periodic results to populate or manually call for \
                 checks to execute.",
            ))
        },
        ..Behaviour::PLAIN
    },
];

/// A router that runs stops first, whatever becomes of it then.
fn begin_to_stop(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<(), ApiError> {
    let (id, _, row) = router(world, arguments, "id")?;
    if row.state == MachineState::Running {
        world.set_router_state(id, MachineState::Stopping);
    }
    Ok(())
}

/// The router that a parameter names, with its network.
fn router<'a>(
    world: &'a World,
    arguments: &Arguments,
    name: &str,
) -> Result<(Id, &'a Network, &'a Router), ApiError> {
    let id = arguments.id(name).unwrap_or_default();
    let found = world.networks.get(id).and_then(|network| Some((id, network, network.router.as_ref()?)));
    found.ok_or_else(|| ApiError::invalid("Unable to find domain router with the id"))
}

fn show(world: &World, arguments: &Arguments) -> Result<Reply, ApiError> {
    let (_, network, row) = router(world, arguments, "id")?;
    Ok(Reply::Object(view::router(world, network, row)))
}
