//! Ordering faults of the simulated agents (SIM-001).

use super::Behaviour;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::fault::{Fault, Place};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "configureSimulator",
        run: |world, _, arguments| {
            let place = Place {
                zone: arguments.id("zoneid"),
                pod: arguments.id("podid"),
                cluster: arguments.id("clusterid"),
                host: arguments.id("hostid"),
            };
            let (name, value) = (arguments.required("name"), arguments.required("value"));
            let id = world.order_fault(Fault::described(name, place, arguments.integer("count"), value));
            show(world, id).ok_or_else(|| ApiError::runtime("Failed to configure simulator mock"))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "querySimulatorMock",
        run: |world, _, arguments| {
            show(world, number(arguments)).ok_or_else(|| ApiError::runtime("Failed to query mock"))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "cleanupSimulatorMock",
        run: |world, _, arguments| {
            let removed = world.faults.remove(number(arguments));
            removed.map(|_| Reply::SUCCESS).ok_or_else(|| ApiError::runtime("Failed to cleanup mock"))
        },
        ..Behaviour::PLAIN
    },
];

/// The number that names a fault: they have no other identifiers.
fn number(arguments: &Arguments) -> Id {
    arguments.integer("id").and_then(|id| Id::try_from(id).ok()).unwrap_or_default()
}

/// A fault, with the internal numbers of its place.
fn show(world: &World, id: Id) -> Option<Reply> {
    let fault = world.faults.get(id)?;
    let object = Object::new()
        .with("id", id)
        .with("zoneid", fault.place.zone)
        .with("podid", fault.place.pod)
        .with("clusterid", fault.place.cluster)
        .with("hostid", fault.place.host)
        .with("name", &fault.name)
        .with("count", fault.count);
    Some(Reply::Object(object))
}
