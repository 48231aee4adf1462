//! How events are asked for.

use super::{
    prelude::*,
    setup::{self, done, id_in},
};

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
];
