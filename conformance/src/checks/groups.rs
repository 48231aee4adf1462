//! Security groups and affinity groups.

use super::{
    prelude::*,
    setup::{self, done, id_in},
};
use crate::check::Capability;

const SECURITY: &[Capability] = &[Command("createSecurityGroup"), Command("deleteSecurityGroup")];
const AFFINITY: &[Capability] =
    &[Command("createAffinityGroup"), Command("deleteAffinityGroup"), Command("listAffinityGroups")];
const AFFINITY_OF_MACHINES: &[Capability] = &[
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("createAffinityGroup"),
    Command("deleteAffinityGroup"),
    Command("updateVMAffinityGroup"),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "groups/every-account-has-a-default",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createSecurityGroup")],
        requirement: "A new account has a security group `default`, and cannot make another one of that name.",
        source: "SecurityGroupManagerImpl.java:990-994, 1202",
        rules: &["GRA-008"],
        run: |target| {
            let member = setup::member(target)?;
            // Upstream makes the group with the first of the account's own.
            let own = target.fresh_name("group");
            member.api("createSecurityGroup").param("name", &own).send()?.expect_success()?;
            let list = member.api("listSecurityGroups").param("securitygroupname", "default").send()?;
            list.expect_items("securitygroup", 1)?;
            member.api("createSecurityGroup").param("name", "default").send()?.expect_error(431)
        },
    },
    Check {
        id: "groups/deleted-security-group",
        level: Should,
        profile: Core,
        needs: SECURITY,
        requirement: "Deleting a security group that was deleted is refused with 431 as an unknown value.",
        source: "ParamProcessWorker.java:223-225, 563-567",
        rules: &["REA-004", "JOB-011"],
        run: |target| {
            let request = target.api("createSecurityGroup").param("name", target.fresh_name("group"));
            let group = id_in(&request.send()?, "securitygroup.id")?;
            target.api("deleteSecurityGroup").param("id", &group).send()?.expect_success()?;
            let again = target.api("deleteSecurityGroup").param("id", &group).send()?;
            again.expect_unknown("deleteSecurityGroup", "id", &group)
        },
    },
    Check {
        id: "groups/deleted-affinity-group",
        level: Should,
        profile: Core,
        needs: AFFINITY,
        requirement: "Deleting an affinity group that was deleted is refused at once with 431 as an unknown value.",
        source: "ParamProcessWorker.java:223-225, 563-567",
        rules: &["REA-004", "JOB-093"],
        run: |target| {
            let group = affinity_group(target)?;
            done(target, "deleteAffinityGroup", &group)?;
            let again = target.api("deleteAffinityGroup").param("id", &group).send()?;
            again.expect_unknown("deleteAffinityGroup", "id", &group)
        },
    },
    Check {
        id: "groups/running-machine-keeps-its-groups",
        level: Should,
        profile: Core,
        needs: AFFINITY_OF_MACHINES,
        requirement: "Changing the affinity groups of a machine that runs fails in the job with 431.",
        source: "UpdateVMAffinityGroupCmd.java, seen on a running server",
        rules: &["REA-007"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let group = affinity_group(target)?;
            let request = target.job("updateVMAffinityGroup").param("id", &machine.id);
            request.param("affinitygroupids", group).finish()?.expect_failure(431)
        },
    },
    Check {
        id: "groups/used-affinity-group-goes",
        level: Should,
        profile: Core,
        needs: AFFINITY_OF_MACHINES,
        requirement: "An affinity group is deleted although a machine is in it.",
        source: "AffinityGroupServiceImpl.java, seen on a running server",
        rules: &["REA-007"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let group = affinity_group(target)?;
            let request = target.job("updateVMAffinityGroup").param("id", &machine.id);
            let changed = request.param("affinitygroupids", &group).finish()?;
            changed.expect_success()?;
            changed.reply.expect_field("jobresult.virtualmachine.affinitygroup.id", &group)?;
            setup::act(target, "deleteAffinityGroup", &group)?.expect_success()
        },
    },
    Check {
        id: "groups/creation-is-told",
        level: Must,
        profile: Core,
        needs: &[Command("createAffinityGroup"), Command("listEvents"), Since("4.17")],
        requirement: "A creation in two steps is told by a `Created` event, which the others of its job have as parent.",
        source: "ActionEventInterceptor.java:102-107, 132-136, ActionEventUtils.java:143-165",
        rules: &["EVT-005", "EVT-006"],
        run: |target| {
            let group = affinity_group(target)?;
            let created = setup::us(target).first("listEvents", &OF_CREATIONS, "event", |event| {
                (event.text_at("resourceid").as_deref() == Some(&group)).then_some(0)
            });
            let Ok(root) = created else {
                let list = target.api("listEvents").param("type", "AG.CREATE").send()?;
                return Err(list.mismatch("event", format!("a Created event about {group}"), "none"));
            };
            let chain = target.api("listEvents").param("startid", &root).send()?;
            let told: Vec<String> = chain
                .success()?
                .items("event")
                .iter()
                .filter(|event| event.text_at("parentid").as_deref() == Some(root.as_str()))
                .filter_map(|event| event.text_at("state"))
                .collect();
            chain.expect_equal("the states of its children", "Scheduled Started Completed", told.join(" "))
        },
    },
];

/// Which events tell of new affinity groups.
const OF_CREATIONS: [(&str, &str); 2] = [("type", "AG.CREATE"), ("state", "Created")];

/// An affinity group of ours.
fn affinity_group(target: &Target) -> Result<String, Stop> {
    let request = target.api("createAffinityGroup").param("name", target.fresh_name("group"));
    let answer = request.param("type", "host anti-affinity").send()?;
    answer.finish_job()?.expect_success()?;
    id_in(&answer, "id")
}
