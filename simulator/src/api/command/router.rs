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
use crate::world::router::Router;
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
            let of_networks = world
                .networks
                .iter()
                .filter(|(_, row)| row.vpc.is_none() && scope.covers(world, row.owner))
                .filter(|_| vpc.is_none() && for_vpc != Some(true))
                .filter(|(id, _)| network.is_none_or(|network| network == *id))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .flat_map(|(id, _)| [Kind::Router, Kind::SecondRouter].map(|kind| Handle { kind, id }));
            let of_vpcs = world
                .vpcs
                .iter()
                .filter(|(_, row)| for_vpc != Some(false) && scope.covers(world, row.owner))
                .filter(|(id, _)| vpc.is_none_or(|vpc| vpc == *id))
                .filter(|(id, _)| network.is_none_or(|network| world.tiers(*id).any(|tier| tier == network)))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .flat_map(|(id, _)| [Kind::VpcRouter, Kind::SecondVpcRouter].map(|kind| Handle { kind, id }));
            let shown = of_networks
                .chain(of_vpcs)
                .filter(|router| wanted.is_none_or(|wanted| wanted == Some(*router)))
                .filter_map(|router| view::router(world, router));
            let shown: Vec<Object> = shown
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
            let (router, row) = router(world, arguments)?;
            if row.state == MachineState::Stopped {
                world.set_router_state(router, MachineState::Starting);
            }
            Ok(())
        }),
        run: |world, _, arguments| {
            let (router, row) = router(world, arguments)?;
            if row.state != MachineState::Running {
                world.start_router(router);
            }
            show(world, router)
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
            let (router, _) = router(world, arguments)?;
            world.set_router_state(router, MachineState::Stopped);
            show(world, router)
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
            let (router, row) = router(world, arguments)?;
            if row.state != MachineState::Running && !world.sins(Quirk::StoppedRoutersReboot) {
                return Err(ApiError::new(
                    Fault::Unavailable,
                    format!(
                        "Resource [DataCenter:{}] is unreachable: Unable to reboot domR, it is not in right state {}",
                        world.zone_of_router(router).unwrap_or_default(),
                        row.state.name()
                    ),
                ));
            }
            world.set_router_state(router, MachineState::Stopping);
            Ok(())
        }),
        run: |world, _, arguments| {
            let (router, _) = router(world, arguments)?;
            world.start_router(router);
            show(world, router)
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
            let (router, _) = router(world, arguments)?;
            let shown = view::router(world, router).map(view::destroyed_router);
            world.remove_router(router);
            Ok(Reply::Object(shown.unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "changeServiceForRouter",
        about: Some("id"),
        run: |world, _, arguments| {
            let (router, row) = router(world, arguments)?;
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
            world.change_router(router, |row| row.service_offering = Some(offering));
            show(world, router)
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
    let (router, row) = router(world, arguments)?;
    if row.state == MachineState::Running {
        world.set_router_state(router, MachineState::Stopping);
    }
    Ok(())
}

/// The router that a call is about.
fn router<'a>(world: &'a World, arguments: &Arguments) -> Result<(Handle, &'a Router), ApiError> {
    let found = arguments.handle("id").and_then(|router| Some((router, world.router(router)?)));
    found.ok_or_else(|| ApiError::invalid("Unable to find domain router with the id"))
}

fn show(world: &World, router: Handle) -> Result<Reply, ApiError> {
    Ok(Reply::Object(view::router(world, router).unwrap_or_default()))
}
