//! Events: how they are asked for, and what they tell to whom.

use super::{
    prelude::*,
    setup::{self, act, done, id_in},
};
use crate::{check::Capability, wire::api::ApiRequest};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "events/state-is-exact",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listEvents"), Since("4.21")],
        requirement: "A state of events in another case is refused with 431.",
        source: "QueryManagerImpl.java:857-1004",
        rules: &["EVT-011"],
        run: |target| {
            let reply = target.api("listEvents").param("state", "completed").send()?;
            reply.expect_error_text(431, "Invalid state specified: completed")
        },
    },
    Check {
        id: "events/id-of-a-thing-needs-its-type",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listEvents"), Since("4.17")],
        requirement: "Events about a thing without its type are refused with 431.",
        source: "QueryManagerImpl.java:857-1004",
        rules: &["EVT-011"],
        run: |target| {
            let id = "00000000-1111-4222-8333-444444444444";
            let reply = target.api("listEvents").param("resourceid", id).send()?;
            reply.expect_error_text(431, "resourceid parameter must be used with resourcetype parameter")
        },
    },
    Check {
        id: "events/unknown-type-of-things",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listEvents"), Since("4.17")],
        requirement: "Events about an unknown type of things are refused with 431.",
        source: "QueryManagerImpl.java:857-1004",
        rules: &["EVT-011"],
        run: |target| {
            let reply = target.api("listEvents").param("resourcetype", "Teapot").send()?;
            reply.expect_error_text(431, "Invalid resourcetype")
        },
    },
    Check {
        id: "events/chain-has-its-root",
        level: Should,
        profile: Core,
        needs: setup::MACHINES_AND_EVENTS,
        requirement: "`startid` finds an event and those that have it as parent.",
        source: "QueryManagerImpl.java:934, 961-966",
        rules: &["EVT-013"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            done(target, "startVirtualMachine", &machine.id)?;
            let request = target.api("listEvents").param("type", "VM.START").param("state", "Scheduled");
            let of_it = request.param("resourcetype", "VirtualMachine").param("resourceid", &machine.id);
            let root = id_in(&of_it.send()?, "event.id")?;
            let chain = target.api("listEvents").param("startid", root).send()?;
            let told: Vec<String> =
                chain.success()?.items("event").iter().filter_map(|event| event.text_at("state")).collect();
            chain.expect_equal("the states of the chain", "Scheduled Started Completed", told.join(" "))
        },
    },
    Check {
        id: "events/deployment",
        level: Should,
        profile: Core,
        needs: setup::MACHINES_AND_EVENTS,
        requirement: "A deployment that starts nothing is told as Scheduled and Completed, without Created and Started.",
        source: "UserVmManagerImpl.java:3766, 4913, 5236, BaseDeployVMCmd.java:820-850",
        rules: &["EVT-007"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let request = target.api("listEvents").param("type", "VM.CREATE");
            let request = request.param("resourcetype", "VirtualMachine").param("resourceid", &machine.id);
            let list = request.send()?;
            let told: Vec<String> =
                list.success()?.items("event").iter().filter_map(|event| event.text_at("state")).collect();
            list.expect_equal("the states of VM.CREATE", "Scheduled Completed", told.join(" "))
        },
    },
    Check {
        id: "events/failure-is-an-error",
        level: Must,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("listEvents"),
            Since("4.21"),
        ],
        requirement: "A job that fails is told as Completed with the level ERROR and what it was about.",
        source: "ActionEventInterceptor.java:117-142",
        rules: &["EVT-004"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            act(target, "rebootVirtualMachine", &machine.id)?.expect_failure(431)?;
            let list = reboots(target, &machine.id).param("state", "Completed").send()?;
            list.expect_items("event", 1)?;
            list.expect_field("event.level", "ERROR")?;
            let text = list.expect_present("event.description")?.text().unwrap_or_default();
            let found: String = text.chars().take("Error while ".len()).collect();
            list.expect_equal("the start of the description", "Error while ", found)
        },
    },
    Check {
        id: "events/refused-is-not-scheduled",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createAccount"), Command("createNetwork"), Command("listEvents")],
        requirement: "A request that is refused before there is a job leaves no event.",
        source: "ApiServer.java:785-806",
        rules: &["EVT-008"],
        run: |target| {
            // A user of our own has no other events, and may not force.
            let user = setup::newcomer(target, None, ("accounttype", "0"))?.caller;
            let network = user.network()?;
            let refused = user.api("deleteNetwork").param("id", network).param("forced", true).send()?;
            refused.expect_error(431)?;
            let list = user.api("listEvents").param("type", "NETWORK.DELETE").send()?;
            list.expect_success()?;
            list.expect_items("event", 0)
        },
    },
    Check {
        id: "events/name-their-thing",
        level: Should,
        profile: Core,
        needs: setup::MACHINES_AND_EVENTS,
        requirement: "An event names what it is about by its id, its type and its name.",
        source: "ActionEventUtils.java:266-392, EventJoinDaoImpl.java",
        rules: &["EVT-009"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let request = target.api("listEvents").param("type", "VM.CREATE");
            let request = request.param("resourcetype", "VirtualMachine").param("resourceid", &machine.id);
            let list = request.param("state", "Completed").send()?;
            list.expect_field("event.resourceid", &machine.id)?;
            list.expect_field("event.resourcetype", "VirtualMachine")?;
            list.expect_field("event.resourcename", &machine.name)
        },
    },
    Check {
        id: "events/work-is-the-callers",
        level: Should,
        profile: Core,
        needs: STRANGERS,
        requirement: "That a job is scheduled is told to the owner of the thing, what it does to who called.",
        source: "ActionEventUtils.java:114-136,421-425",
        rules: &["EVT-010"],
        run: |target| {
            let member = setup::member(target)?;
            let machine = member.caller.stopped_machine()?;
            act(target, "rebootVirtualMachine", &machine.id)?.expect_failure(431)?;
            let list = reboots(target, &machine.id).param("listall", true).send()?;
            let events = list.success()?.items("event");
            for (state, is_theirs) in [("Scheduled", true), ("Started", false), ("Completed", false)] {
                let event = events.iter().find(|event| event.text_at("state").as_deref() == Some(state));
                let event = event.ok_or_else(|| list.mismatch("event", state, "absent"))?;
                let account = event.text_at("account").unwrap_or_default();
                let what = format!("whether {state} belongs to the machine's account");
                list.expect_equal(&what, is_theirs, account == member.name)?;
            }
            Ok(())
        },
    },
    Check {
        id: "events/of-hidden-things",
        level: Should,
        profile: Core,
        needs: STRANGERS,
        requirement: "A user is not shown the events of a machine that is not displayed.",
        source: "QueryManagerImpl.java:952-955",
        rules: &["EVT-014"],
        run: |target| {
            let member = setup::member(target)?;
            let machine = member.caller.stopped_machine()?;
            let hide = target.api("updateVirtualMachine").param("id", &machine.id);
            hide.param("displayvm", false).send()?.expect_success()?;
            let job = member.api("rebootVirtualMachine").param("id", &machine.id).send()?;
            job.finish_job()?.expect_failure(431)?;
            let theirs = member.api("listEvents").param("type", "VM.REBOOT").send()?;
            theirs.expect_success()?;
            theirs.expect_items("event", 0)?;
            let all = reboots(target, &machine.id).param("listall", true).send()?;
            all.expect_items("event", 3)
        },
    },
];

/// What a check needs that looks at the events of another account's machine.
const STRANGERS: &[Capability] = &[
    RootAdmin,
    Command("createAccount"),
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("listEvents"),
    Since("4.17"),
];

/// The question for the events that tell of reboots of a machine.
fn reboots<'t>(target: &'t Target, machine: &str) -> ApiRequest<'t> {
    let request = target.api("listEvents").param("type", "VM.REBOOT");
    request.param("resourcetype", "VirtualMachine").param("resourceid", machine)
}
