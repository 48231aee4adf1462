//! Hosts that refuse: what becomes of a machine, and how a simulated cloud is told that its hosts shall refuse.
//!
//! Only the simulated hypervisor takes such orders. They count for whole zones, so nothing else may run meanwhile.

use super::{
    machines::expect_failure_start,
    prelude::*,
    setup::{self, act, done, id_in},
};
use crate::check::Capability;

const AGENTS: &[Capability] = &[
    RootAdmin,
    Command("configureSimulator"),
    Command("cleanupSimulatorMock"),
    Command("createNetwork"),
    Command("deployVirtualMachine"),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "agents/refused-stop",
        level: Should,
        profile: Full,
        needs: AGENTS,
        requirement: "A machine runs on when its host refuses to stop it, and the job fails with 530.",
        source: "VirtualMachineManagerImpl.java:2520-2570",
        rules: &["VM-023"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let job = during(target, "StopCommand", "result:fail", None, || {
                act(target, "stopVirtualMachine", &machine.id)
            })?;
            expect_failure_start(&job, 530, "Unable to stop VM instance {")?;
            setup::us(target).listed(&machine.id)?.expect_field("virtualmachine.state", "Running")
        },
    },
    Check {
        id: "agents/refused-forced-stop",
        level: Should,
        profile: Full,
        needs: AGENTS,
        requirement: "A forced stop that the host refuses fails with 530 and leaves the machine Stopping.",
        source: "VirtualMachineManagerImpl.java:2520-2570, seen on a running server",
        rules: &["VM-023"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let job = during(target, "StopCommand", "result:fail", None, || {
                target.job("stopVirtualMachine").param("id", &machine.id).param("forced", true).finish()
            })?;
            let state = setup::us(target).listed(&machine.id)?;
            // It could not be removed after the check otherwise.
            let again = act(target, "stopVirtualMachine", &machine.id)?;
            expect_failure_start(&job, 530, "Unable to stop the virtual machine due to ")?;
            state.expect_field("virtualmachine.state", "Stopping")?;
            again.expect_success()?;
            again.reply.expect_field("jobresult.virtualmachine.state", "Stopped")
        },
    },
    Check {
        id: "agents/refused-start",
        level: Should,
        profile: Full,
        needs: AGENTS,
        requirement: "A start that every host refuses after there was room fails with 530, not as one without room.",
        source: "VirtualMachineManagerImpl.java:931-941",
        rules: &["VM-029"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            done(target, "stopVirtualMachine", &machine.id)?;
            let job = during(target, "StartCommand", "result:fail", None, || {
                act(target, "startVirtualMachine", &machine.id)
            })?;
            expect_failure_start(&job, 530, &format!("Unable to start a VM [{}] due to [", machine.id))?;
            setup::us(target).listed(&machine.id)?.expect_field("virtualmachine.state", "Stopped")
        },
    },
    Check {
        id: "agents/refused-migration",
        level: Must,
        profile: Full,
        needs: AGENTS,
        requirement: "A machine runs on when its host refuses to let it go, and the job fails with 530.",
        source: "UserVmManagerImpl.java:7263-7271, seen on a running server",
        rules: &["VM-045"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let listed = setup::us(target).listed(&machine.id)?;
            let host = id_in(&listed, "virtualmachine.hostid")?;
            let others = target.api("findHostsForMigration").param("virtualmachineid", &machine.id).send()?;
            let Some(other) = others.success()?.text_at("host.id") else {
                return Err(Stop::Unsupported(Listed("findHostsForMigration", "host")));
            };
            let job = during(target, "MigrateCommand", "result:fail", None, || {
                let request = target.job("migrateVirtualMachine").param("virtualmachineid", &machine.id);
                request.param("hostid", other).finish()
            })?;
            job.expect_failure(530)?;
            let now = setup::us(target).listed(&machine.id)?;
            now.expect_field("virtualmachine.state", "Running")?;
            now.expect_field("virtualmachine.hostid", host)
        },
    },
    Check {
        id: "agents/order-is-replaced",
        level: Should,
        profile: Full,
        needs: AGENTS,
        requirement: "A second order of the same name for the same place takes the first one's place and its number.",
        source: "SimulatorManagerImpl, seen on a running server",
        rules: &["SIM-001"],
        run: |target| {
            let zone = setup::us(target).zone()?;
            let order = |value: &str| {
                let request = target.api("configureSimulator").param("name", "CheckHealthCommand");
                request.param("zoneid", &zone).param("value", value).param("count", 1).send()
            };
            let first = order("wait:1")?;
            let (id, second) = (id_in(&first, "null.id")?, order("wait:2")?);
            let cleaned = cleaned(target, &id);
            second.expect_field("null.id", &id)?;
            second.expect_kind("null.zoneid", "number")?;
            second.expect_field("null.name", "CheckHealthCommand")?;
            second.expect_field("null.count", 1)?;
            cleaned?;
            target.api("querySimulatorMock").param("id", &id).send()?.expect_error(530)
        },
    },
    Check {
        id: "agents/oldest-order-counts",
        level: Should,
        profile: Full,
        needs: AGENTS,
        requirement: "Of two orders that fit, the older one counts.",
        source: "MockConfigurationDaoImpl, seen on a running server",
        rules: &["SIM-001"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let zone = setup::us(target).zone()?;
            let job = during(target, "StopCommand", "result:fail", None, || {
                let request = target.api("configureSimulator").param("name", "StopCommand");
                let request = request.param("zoneid", zone).param("value", "wait:1");
                let newer = id_in(&request.send()?, "null.id")?;
                let job = act(target, "stopVirtualMachine", &machine.id);
                cleaned(target, &newer)?;
                job
            })?;
            job.expect_failure(530)
        },
    },
    Check {
        id: "agents/refusals-are-counted",
        level: Should,
        profile: Full,
        needs: AGENTS,
        requirement: "An order with a count is used up by refusals and not by breaking agents.",
        source: "SimulatorManagerImpl, seen on a running server",
        rules: &["SIM-001", "SIM-002"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let stop = || act(target, "stopVirtualMachine", &machine.id);
            let (first, second) =
                during(target, "StopCommand", "result:fault", Some(1), || Ok((stop()?, stop()?)))?;
            first.expect_failure(530)?;
            second.expect_failure(530)?;
            let (first, second) =
                during(target, "StopCommand", "result:fail", Some(1), || Ok((stop()?, stop()?)))?;
            first.expect_failure(530)?;
            second.expect_success()
        },
    },
];

/// What comes of something while the agents everywhere follow an order, which is taken back afterwards.
fn during<T>(
    target: &Target,
    name: &str,
    value: &str,
    count: Option<u8>,
    act: impl FnOnce() -> Result<T, Stop>,
) -> Result<T, Stop> {
    let request = target.api("configureSimulator").param("name", name).param("value", value);
    let request = count.into_iter().fold(request, |request, count| request.param("count", count));
    let id = id_in(&request.send()?, "null.id")?;
    let result = act();
    cleaned(target, &id)?;
    result
}

/// Takes an order back.
fn cleaned(target: &Target, id: &str) -> Result<(), Stop> {
    target.api("cleanupSimulatorMock").param("id", id).send()?.expect_success()
}
