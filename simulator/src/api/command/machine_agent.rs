//! What the agents of hosts are told about machines, and what becomes of a machine when they fail (SIM-002).

use super::virtual_machine::{dump, plan};
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::quirk::Quirk;
use crate::world::World;
use crate::world::fault::Outcome;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::virtual_machine::{MachineState, Plan};

/// A machine that is on its way up is started, one on its way down is stopped; nothing else is told.
pub(super) fn moves(world: &World, arguments: &Arguments) -> &'static [&'static str] {
    match about(arguments).and_then(|id| world.virtual_machines.get(id)).map(|machine| machine.state) {
        Some(MachineState::Starting) => &["StartCommand"],
        Some(MachineState::Stopping) => &["StopCommand"],
        _ => &[],
    }
}

/// A machine that runs is rebooted.
pub(super) fn reboots(world: &World, arguments: &Arguments) -> &'static [&'static str] {
    match about(arguments).and_then(|id| world.virtual_machines.get(id)).map(|machine| machine.state) {
        Some(MachineState::Running) => &["RebootCommand"],
        _ => &[],
    }
}

/// What an agent says that was told to fail.
pub(super) const AGENT_FAILED: &str = "Simulated failure";

/// A machine whose stop failed runs on, or stays `Stopping` if the stop was forced (VM-023).
pub(super) fn stays_running(
    world: &mut World,
    _: &Caller,
    arguments: &Arguments,
    _: &str,
) -> Result<(), ApiError> {
    let Some(id) = about(arguments) else { return Ok(()) };
    if world.sins(Quirk::RefusedStopsStop) {
        return Ok(());
    }
    // A removal stops its machine too, and cannot be forced.
    let may_force = arguments.command().param("forced").is_some();
    if may_force && arguments.flag("forced") {
        return Err(ApiError::runtime(format!("Unable to stop the virtual machine due to {AGENT_FAILED}")));
    }
    world.set_machine_state(id, MachineState::Running);
    let told = world.virtual_machines.get(id).map(|machine| dump(world, id, machine)).unwrap_or_default();
    Err(ApiError::runtime(format!("Unable to stop {told}")))
}

/// A machine whose reboot failed is left as it is.
pub(super) fn stays(world: &mut World, _: &Caller, arguments: &Arguments, _: &str) -> Result<(), ApiError> {
    let Some(id) = about(arguments) else { return Ok(()) };
    let told = world.virtual_machines.get(id).map(|machine| dump(world, id, machine)).unwrap_or_default();
    Err(ApiError::runtime(format!("Failed to reboot {told}")))
}

/// A machine that one host does not start is started by another; if none does, it is where it was before, and one that
/// never ran is lost.
pub(super) fn tries_others(
    world: &mut World,
    caller: &Caller,
    arguments: &Arguments,
    command: &str,
) -> Result<(), ApiError> {
    let Some(id) = about(arguments) else { return Ok(()) };
    let plan = plan(*caller, arguments)?;
    let refusing = world.place_of(Handle { kind: Kind::VirtualMachine, id }).host;
    let others = world.hosts_for(id, plan).into_iter().filter(|host| Some(*host) != refusing);
    for host in others {
        let place = world.place_of_host(host);
        if world.ask_agent(command, place).outcome == Outcome::Done {
            world.prepare_machine_on(id, Some(host));
            return Ok(());
        }
    }
    // A deployment names no machine.
    if arguments.command().param("id").is_none() {
        world.fail_first_start(id);
    } else {
        world.set_machine_state(id, MachineState::Stopped);
    }
    let uuid = world.virtual_machines.get(id).map(|machine| machine.uuid).unwrap_or_default();
    let told = world.virtual_machines.get(id).map(|machine| dump(world, id, machine)).unwrap_or_default();
    let text = format!("Unable to start a VM [{uuid}] due to [Unable to create a deployment for {told}].");
    if world.sins(Quirk::RefusedStartsAre533) {
        return Err(ApiError::new(Fault::ServerCapacity, text));
    }
    Err(ApiError::runtime(text))
}

/// Lets a machine start where the plan allows: everything is made ready for it before the agent is told (VM-002).
pub(super) fn begin_start(world: &mut World, id: Id, plan: Plan) {
    let host = world.host_for(id, plan);
    world.set_machine_state(id, MachineState::Starting);
    world.prepare_machine_on(id, host);
}

/// The host for which a machine was made ready.
pub(super) fn prepared_host(world: &World, id: Id) -> Option<Id> {
    world.virtual_machines.get(id).and_then(|machine| machine.host)
}

/// The machine that a command made or is about.
fn about(arguments: &Arguments) -> Option<Id> {
    arguments.created().or_else(|| arguments.id("id"))
}
