//! Virtual machines: what moves them from state to state, what refuses to, and how they are shown.
//!
//! Each check deploys a machine of its own. Jobs as such are in [`jobs`](super::jobs), what a guest is told in
//! [`metadata`](super::metadata).

use super::{
    prelude::*,
    setup::{self, MACHINES, MACHINES_AND_EVENTS, act, done},
};

/// VM-001.
const STATES: &[&str] = &[
    "Starting",
    "Running",
    "Stopping",
    "Stopped",
    "Destroyed",
    "Expunging",
    "Migrating",
    "Error",
    "Unknown",
    "Shutdown",
    "Restoring",
];

const STATE: &str = "jobresult.virtualmachine.state";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "machines/deployed-runs",
        level: Must,
        profile: Core,
        needs: MACHINES,
        requirement: "A machine runs when its deployment has ended.",
        source: "UserVmManagerImpl.java:5236-5311",
        rules: &["VM-002"],
        run: |target| setup::us(target).machine()?.job.reply.expect_field(STATE, "Running"),
    },
    Check {
        id: "machines/stop-stops",
        level: Must,
        profile: Core,
        needs: MACHINES,
        requirement: "A machine is stopped when the job that stops it has ended.",
        source: "VirtualMachineManagerImpl.java:2420-2570",
        rules: &["VM-004"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            act(target, "stopVirtualMachine", &machine.id)?.reply.expect_field(STATE, "Stopped")
        },
    },
    Check {
        id: "machines/stop-is-idempotent",
        level: Must,
        profile: Core,
        needs: MACHINES,
        requirement: "Stopping a machine that is stopped succeeds.",
        source: "VirtualMachineManagerImpl.java:2420-2432",
        rules: &["VM-022"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            act(target, "stopVirtualMachine", &machine.id)?.expect_success()
        },
    },
    Check {
        id: "machines/start-of-running",
        level: Must,
        profile: Core,
        needs: MACHINES,
        requirement: "Starting a machine that runs fails in the job with 431.",
        source: "UserVmManagerImpl.java:5695-5698",
        rules: &["VM-020"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            act(target, "startVirtualMachine", &machine.id)?.expect_failure(431)
        },
    },
    Check {
        id: "machines/reboot-of-stopped",
        level: Must,
        profile: Core,
        needs: MACHINES,
        requirement: "Rebooting a machine that is stopped fails in the job with 431.",
        source: "UserVmManagerImpl.java:3409-3412",
        rules: &["VM-024"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            act(target, "rebootVirtualMachine", &machine.id)?.expect_failure(431)
        },
    },
    Check {
        id: "machines/recovered-is-stopped",
        level: Must,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("recoverVirtualMachine"),
            RootAdmin,
        ],
        requirement: "A destroyed machine that was recovered is stopped.",
        source: "UserVmManagerImpl.java:2348-2353",
        rules: &["VM-030", "VM-032"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            done(target, "destroyVirtualMachine", &machine.id)?;
            let reply = target.api("recoverVirtualMachine").param("id", &machine.id).send()?;
            reply.expect_field("virtualmachine.state", "Stopped")
        },
    },
    Check {
        id: "machines/recover-needs-destroyed",
        level: Must,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("recoverVirtualMachine"),
            RootAdmin,
        ],
        requirement: "Recovering a machine that is not destroyed is refused at once with 431.",
        source: "UserVmManagerImpl.java:2348-2353",
        rules: &["VM-032"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let text = format!("Vm with id {} is not in the right state", machine.id);
            target.api("recoverVirtualMachine").param("id", &machine.id).send()?.expect_error_text(431, &text)
        },
    },
    Check {
        id: "machines/expunge-of-running",
        level: Must,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("expungeVirtualMachine"),
            RootAdmin,
        ],
        requirement: "Expunging a machine that runs fails in the job with 530.",
        source: "UserVmManagerImpl.java:6165-6169",
        rules: &["VM-035"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            act(target, "expungeVirtualMachine", &machine.id)?.expect_failure(530)
        },
    },
    Check {
        id: "machines/expunged-is-gone",
        level: Must,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("expungeVirtualMachine"),
            RootAdmin,
        ],
        requirement: "A list that is asked for an expunged machine is empty.",
        source: "QueryManagerImpl.java:1573-1590",
        rules: &["VM-007"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            done(target, "destroyVirtualMachine", &machine.id)?;
            done(target, "expungeVirtualMachine", &machine.id)?;
            setup::us(target).listed(&machine.id)?.expect_items("virtualmachine", 0)
        },
    },
    Check {
        id: "machines/states-are-words",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listVirtualMachines")],
        requirement: "The state of every listed machine is one of the words that clients know.",
        source: "VirtualMachine.java:50-61, UserVmJoinDaoImpl.java:210-212",
        rules: &["VM-001"],
        run: |target| {
            let reply = target.api("listVirtualMachines").param("listall", "true").send()?;
            for machine in reply.success()?.items("virtualmachine") {
                let state = machine.text_at("state").unwrap_or_default();
                if !STATES.contains(&state.as_str()) {
                    return Err(reply.mismatch("virtualmachine.state", STATES.join(", "), state));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "machines/one-default-card",
        level: Must,
        profile: Core,
        needs: MACHINES,
        requirement: "Exactly one network card of a machine is the default one.",
        source: "UserVmJoinDaoImpl.java:343-402",
        rules: &["VM-009"],
        run: |target| {
            let us = setup::us(target);
            let (request, _) = us.deployment(&format!("{},{}", us.network()?, us.network()?))?;
            let job = request.param("startvm", "false").finish()?;
            job.expect_success()?;
            let cards = job.object().items("nic");
            let default =
                cards.iter().filter(|card| card.text_at("isdefault").as_deref() == Some("true")).count();
            job.reply.expect_equal("default cards", 1, default)
        },
    },
    Check {
        id: "machines/slot-is-text",
        level: Must,
        profile: Core,
        needs: MACHINES,
        requirement: "The slot of a network card is a text.",
        source: "UserVmResponse.java:451-457",
        rules: &["VM-009"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            machine.job.reply.expect_kind("jobresult.virtualmachine.nic.deviceid", "string")
        },
    },
    Check {
        id: "machines/host-is-for-administrators",
        level: Should,
        profile: Core,
        needs: &[SecondUser, RootAdmin, Command("createNetwork"), Command("deployVirtualMachine")],
        requirement: "A user is not shown the host of a machine.",
        source: "UserVmJoinDaoImpl.java:220-228",
        rules: &["VM-008", "API-RSP-030"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            let machine = user.machine()?;
            let reply = user.listed(&machine.id)?;
            reply.expect_field("virtualmachine.id", &machine.id)?;
            for name in ["hostid", "hostname", "instancename"] {
                reply.expect_absent(&format!("virtualmachine.{name}"))?;
            }
            Ok(())
        },
    },
    Check {
        id: "machines/host-names-are-unique",
        level: Must,
        profile: Core,
        needs: MACHINES,
        requirement: "A second machine of the same host name in a network is refused at once with 431.",
        source: "UserVmManagerImpl.java:3194-3237",
        rules: &["VM-053", "JOB-016"],
        run: |target| {
            let us = setup::us(target);
            let machine = us.stopped_machine()?;
            let second = us.deployment_of(&machine.name, &machine.network)?;
            second.param("startvm", "false").send()?.expect_error(431)
        },
    },
    Check {
        id: "machines/events-form-a-chain",
        level: Must,
        profile: Core,
        needs: MACHINES_AND_EVENTS,
        requirement: "The started and completed events of a job name the scheduled one as their parent.",
        source: "ApiServer.java:800-812, ActionEventUtils.java:114-165",
        rules: &["EVT-001", "EVT-002", "EVT-003", "EVT-006"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            done(target, "stopVirtualMachine", &machine.id)?;
            let request = target.api("listEvents").param("resourcetype", "VirtualMachine");
            let reply = request.param("resourceid", &machine.id).param("type", "VM.STOP").send()?;
            let events = reply.success()?.items("event");
            let find = |state: &str| {
                let found = events.iter().find(|event| event.text_at("state").as_deref() == Some(state));
                found.ok_or_else(|| reply.mismatch("event", format!("an event in state {state}"), "absent"))
            };
            let root = find("Scheduled")?.text_at("id").unwrap_or_default();
            for state in ["Started", "Completed"] {
                let parent = find(state)?.text_at("parentid").unwrap_or_else(|| "absent".to_owned());
                reply.expect_equal(&format!("parentid of {state}"), root.as_str(), parent.as_str())?;
            }
            Ok(())
        },
    },
];
