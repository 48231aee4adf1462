//! Virtual machines: what moves them from state to state, what refuses to, and how they are shown.
//!
//! Each check deploys a machine of its own. Jobs as such are in [`jobs`](super::jobs), what a guest is told in
//! [`metadata`](super::metadata).

use super::{
    prelude::*,
    setup::{self, MACHINES, MACHINES_AND_EVENTS, act, done, id_in},
};
use crate::{check::Capability, wire::job::Job};

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

/// What a check needs that does with a machine of an ordinary user what only administrators may.
const OF_A_USER: &[Capability] = &[
    SecondUser,
    RootAdmin,
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Setting("allow.user.expunge.recover.vm", "false"),
];

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
        rules: &["VM-009", "ENT-001"],
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
    Check {
        id: "machines/lists-are-there",
        level: Must,
        profile: Core,
        needs: MACHINES,
        requirement: "JSON has the lists inside a machine even if they are empty, and its flag of protection.",
        source: "UserVmResponse.java:451-457",
        rules: &["VM-010", "ENT-002"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let listed = setup::us(target).listed(&machine.id)?;
            expect_lists(&machine.job.reply, machine.job.object())?;
            for item in listed.body().items("virtualmachine") {
                expect_lists(&listed, item)?;
            }
            if target.is_since("4.20")? {
                listed.expect_field("virtualmachine.deleteprotection", false)?;
            }
            Ok(())
        },
    },
    Check {
        id: "machines/display-name-is-the-name",
        level: Should,
        profile: Core,
        needs: MACHINES,
        requirement: "A machine without a display name shows its name, and one without a name gets one.",
        source: "UserVmJoinDaoImpl.java:191-195",
        rules: &["VM-011"],
        run: |target| {
            let us = setup::us(target);
            let machine = us.stopped_machine()?;
            machine.job.reply.expect_field("jobresult.virtualmachine.displayname", &machine.name)?;
            let nameless = us.placement()?.param("networkids", &machine.network).param("startvm", "false");
            let job = nameless.finish()?;
            job.expect_success()?;
            let name = job.reply.expect_present("jobresult.virtualmachine.name")?.text();
            job.reply.expect_field("jobresult.virtualmachine.displayname", name.unwrap_or_default())
        },
    },
    Check {
        id: "machines/destroyed-does-not-start",
        level: Must,
        profile: Core,
        needs: MACHINES,
        requirement: "Starting a machine that was destroyed fails in the job with 530 and a text that names it.",
        source: "VirtualMachineManagerImpl.java:1038-1042",
        rules: &["VM-021"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            done(target, "destroyVirtualMachine", &machine.id)?;
            let start = "Unable to orchestrate the start of VM instance {";
            expect_failure_start(&act(target, "startVirtualMachine", &machine.id)?, 530, start)
        },
    },
    Check {
        id: "machines/destroyed-twice",
        level: Must,
        profile: Core,
        needs: MACHINES,
        requirement: "Destroying a machine that was destroyed succeeds and leaves it as it is.",
        source: "UserVmManagerImpl.java:3503-3506",
        rules: &["VM-031"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            done(target, "destroyVirtualMachine", &machine.id)?;
            let again = act(target, "destroyVirtualMachine", &machine.id)?;
            again.expect_success()?;
            again.reply.expect_field(STATE, "Destroyed")
        },
    },
    Check {
        id: "machines/users-do-not-recover",
        level: Must,
        profile: Core,
        needs: OF_A_USER,
        requirement: "A user who may not recover machines is refused at once with 531.",
        source: "UserVmManagerImpl.java:2337-2339",
        rules: &["VM-033"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            let machine = user.stopped_machine()?;
            done(target, "destroyVirtualMachine", &machine.id)?;
            let reply = user.api("recoverVirtualMachine").param("id", &machine.id).send()?;
            // Roles may have taken the command away, which is another refusal.
            if reply.status() == 432 || reply.status() == 401 {
                return Err(Stop::Unsupported(SecondUser));
            }
            let text = "Recovering a vm can only be done by an Admin. Or when the allow.user.expunge.recover.vm key \
                        is set.";
            reply.expect_error_text(531, text)
        },
    },
    Check {
        id: "machines/users-do-not-expunge",
        level: Must,
        profile: Core,
        needs: OF_A_USER,
        requirement: "A user who may not expunge fails in the job with 530, and the machine is what it was.",
        source: "UserVmManagerImpl.java:3458-3491",
        rules: &["VM-034"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            let machine = user.stopped_machine()?;
            let request = user.api("destroyVirtualMachine").param("id", &machine.id).param("expunge", true);
            let job = request.finish()?;
            job.expect_failure(530)?;
            setup::us(target).listed(&machine.id)?.expect_field("virtualmachine.state", "Stopped")
        },
    },
    Check {
        id: "machines/result-of-an-expunged-one",
        level: Should,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deployVirtualMachine"), RootAdmin],
        requirement: "The result of a destruction that expunged the machine has no id.",
        source: "DestroyVMCmd.java:128-149, cloud.user_vm_view.sql",
        rules: &["VM-036"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let request = target.job("destroyVirtualMachine").param("id", &machine.id).param("expunge", true);
            let job = request.finish()?;
            job.expect_success()?;
            for name in ["id", "name", "state"] {
                job.reply.expect_absent(&format!("jobresult.virtualmachine.{name}"))?;
            }
            expect_lists(&job.reply, job.object())
        },
    },
    Check {
        id: "machines/recover-of-expunged",
        level: Should,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("recoverVirtualMachine"),
            RootAdmin,
        ],
        requirement: "Recovering an expunged machine is refused with 431 and a text of its own.",
        source: "UserVmManagerImpl.java:2341-2346, seen on a running server",
        rules: &["REA-003"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let request = target.job("destroyVirtualMachine").param("id", &machine.id).param("expunge", true);
            request.finish()?.expect_success()?;
            let reply = target.api("recoverVirtualMachine").param("id", &machine.id).send()?;
            reply.expect_error_start(431, "unable to find a virtual machine with id ")
        },
    },
    Check {
        id: "machines/protected-one-stays",
        level: Should,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deployVirtualMachine"), Since("4.20")],
        requirement: "Destroying a machine that is protected fails in the job with 431 and a text that names it.",
        source: "UserVmManagerImpl.java:3508-3512",
        rules: &["VM-037"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let protect = |on: bool| {
                let request = target.api("updateVirtualMachine").param("id", &machine.id);
                request.param("deleteprotection", on).send()?.expect_success()
            };
            protect(true)?;
            let start = format!("Instance [id = {}, name = i-", machine.id);
            let job = act(target, "destroyVirtualMachine", &machine.id)?;
            // It could not be removed after the check otherwise.
            let judged = expect_failure_start(&job, 431, &start);
            judged.and(protect(false))
        },
    },
    Check {
        id: "machines/need-not-start",
        level: Should,
        profile: Core,
        needs: MACHINES,
        requirement: "A machine that is deployed without a start is stopped and on no host.",
        source: "UserVmManagerImpl.java:5239-5241, DeployVMCmd.java:118-121",
        rules: &["VM-062"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            machine.job.reply.expect_field(STATE, "Stopped")?;
            machine.job.reply.expect_absent("jobresult.virtualmachine.hostid")
        },
    },
    Check {
        id: "machines/network-of-its-own",
        level: Should,
        profile: Core,
        needs: &[SecondUser, RootAdmin, Command("deployVirtualMachine"), Command("listNetworks")],
        requirement: "The first machine of an account that names no network gets a network called after the account.",
        source: "UserVmManagerImpl.java:4063-4087",
        rules: &["VM-063"],
        run: |target| {
            let member = setup::member(target)?;
            let required = [("availability", "Required"), ("state", "Enabled"), ("guestiptype", "Isolated")];
            member.caller.first("listNetworkOfferings", &required, "networkoffering", |offering| {
                (offering.text_at("availability").as_deref() == Some("Required")).then_some(0)
            })?;
            let request = member.caller.placement()?.param("name", target.fresh_name("vm"));
            let job = request.param("startvm", "false").finish()?;
            job.expect_success()?;
            let network = format!("{}-network", member.name);
            job.reply.expect_field("jobresult.virtualmachine.nic.networkname", &network)?;
            member.api("listNetworks").send()?.expect_field("network.name", &network)
        },
    },
    Check {
        id: "machines/users-choose-no-host",
        level: Should,
        profile: Core,
        needs: &[
            SecondUser,
            RootAdmin,
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("listHosts"),
        ],
        requirement: "A user who names the host of a machine that is to start fails in the job with 530.",
        source: "UserVmManagerImpl.java:5891-5936",
        rules: &["VM-027"],
        run: |target| {
            let host = setup::us(target).first("listHosts", &[("type", "Routing")], "host", |_| Some(0))?;
            let user = setup::ordinary_user(target)?;
            let machine = user.stopped_machine()?;
            let request = user.api("startVirtualMachine").param("id", &machine.id).param("hostid", host);
            request.finish()?.expect_failure(530)
        },
    },
    Check {
        id: "machines/no-room",
        level: Must,
        profile: Core,
        needs: &[
            RootAdmin,
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("createServiceOffering"),
        ],
        requirement: "Deploying a machine that is too large for every host fails in the job with 533.",
        source: "VirtualMachineEntityImpl, VMEntityManagerImpl.java:226-227",
        rules: &["VM-028"],
        run: |target| {
            let name = target.fresh_name("offering");
            let offering = target.api("createServiceOffering").param("name", &name);
            let offering = offering.param("displaytext", &name).param("cpunumber", 4000);
            let offering = offering.param("cpuspeed", 4000).param("memory", 1 << 24).send()?;
            let offering = id_in(&offering, "serviceoffering.id")?;
            let us = setup::us(target);
            let request = target.api("deployVirtualMachine").param("name", target.fresh_name("vm"));
            let request = request.param("zoneid", us.zone()?).param("templateid", us.template()?);
            let request = request.param("serviceofferingid", offering).param("networkids", us.network()?);
            let start = "No destination found for a deployment for ";
            expect_failure_start(&request.finish()?, 533, start)
        },
    },
    Check {
        id: "machines/users-do-not-force",
        level: Should,
        profile: Core,
        needs: &[
            SecondUser,
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Setting("allow.user.force.stop.vm", "false"),
        ],
        requirement: "A user who may not stop machines by force fails in the job with 530.",
        source: "UserVmManagerImpl.java:5582-5587",
        rules: &["VM-025"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            let machine = user.stopped_machine()?;
            let request = user.api("stopVirtualMachine").param("id", &machine.id).param("forced", true);
            request.finish()?.expect_failure(530)
        },
    },
];

/// A machine has its lists, empty or not.
fn expect_lists(reply: &Reply, machine: &Node) -> Result<(), Stop> {
    ["securitygroup", "nic", "tags", "affinitygroup"].into_iter().try_for_each(|name| {
        let kind = machine.get(name).map_or("absent", Node::kind);
        reply.expect_equal(&format!("virtualmachine.{name}"), "array", kind)
    })
}

/// A job that failed, with this code and the beginning of this text.
pub(super) fn expect_failure_start(job: &Job, code: u16, start: &str) -> Result<(), Stop> {
    job.expect_failure(code)?;
    let text = job.result.text_at("errortext").unwrap_or_default();
    let found: String = text.chars().take(start.chars().count()).collect();
    job.reply.expect_equal("the start of errortext", start, found)
}
