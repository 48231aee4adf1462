//! Groups of machines that grow and shrink by themselves: their states, and what each allows.
//!
//! The groups of the checks may have no machines, so nothing ever grows.

use super::{
    prelude::*,
    setup::{self, act, done, id_in},
};
use crate::check::Capability;

const GROUPS: &[Capability] = &[
    RootAdmin,
    Command("createNetwork"),
    Command("associateIpAddress"),
    Command("createLoadBalancerRule"),
    Command("createCounter"),
    Command("createAutoScaleVmGroup"),
    Since("4.18"),
];

const STATE: &str = "jobresult.autoscalevmgroup.state";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "autoscale/states-are-capitals",
        level: Should,
        profile: Core,
        needs: GROUPS,
        requirement: "The state of a group is written in capitals: ENABLED, and DISABLED once it was disabled.",
        source: "AutoScaleVmGroup.java:29, AutoScaleManagerImpl.java:1346-1432",
        rules: &["ASG-001"],
        run: |target| {
            let group = group(target)?;
            let list = target.api("listAutoScaleVmGroups").param("id", &group).send()?;
            list.expect_field("autoscalevmgroup.state", "ENABLED")?;
            let job = act(target, "disableAutoScaleVmGroup", &group)?;
            job.expect_success()?;
            job.reply.expect_field(STATE, "DISABLED")
        },
    },
    Check {
        id: "autoscale/only-a-disabled-one-is-enabled",
        level: Should,
        profile: Core,
        needs: GROUPS,
        requirement: "Enabling a group that is not disabled fails in the job with 431.",
        source: "AutoScaleManagerImpl.java:1346-1432",
        rules: &["ASG-001"],
        run: |target| {
            let group = group(target)?;
            let text = "Only a AutoScale Vm Group which is in Disabled state can be enabled.";
            act(target, "enableAutoScaleVmGroup", &group)?.expect_failure_text(431, text)?;
            done(target, "disableAutoScaleVmGroup", &group)?;
            let enabled = act(target, "enableAutoScaleVmGroup", &group)?;
            enabled.expect_success()?;
            enabled.reply.expect_field(STATE, "ENABLED")
        },
    },
    Check {
        id: "autoscale/only-a-disabled-one-is-resized",
        level: Should,
        profile: Core,
        needs: GROUPS,
        requirement: "Changing the sizes of a group that is not disabled fails in the job with 431.",
        source: "AutoScaleManagerImpl.java:1346-1432",
        rules: &["ASG-001"],
        run: |target| {
            let group = group(target)?;
            let resize = || target.job("updateAutoScaleVmGroup").param("id", &group).param("maxmembers", 2);
            resize().finish()?.expect_failure(431)?;
            done(target, "disableAutoScaleVmGroup", &group)?;
            resize().finish()?.expect_success()
        },
    },
];

/// A group that needs no machine.
fn group(target: &Target) -> Result<String, Stop> {
    let us = setup::us(target);
    let (address, _) = us.address(&us.network()?)?;
    let rule = target.api("createLoadBalancerRule").param("publicipid", address);
    let rule = rule.param("name", target.fresh_name("balancer")).param("openfirewall", false);
    let rule = rule.param("algorithm", "roundrobin").param("publicport", 8088).param("privateport", 80);
    let rule = made(&rule.send()?)?;
    let counter = target.api("createCounter").param("name", target.fresh_name("counter"));
    let counter = counter.param("source", "CPU").param("value", target.fresh_name("value"));
    let counter = made(&counter.param("provider", "VirtualRouter").send()?)?;
    let condition = target.api("createCondition").param("counterid", counter);
    let condition = made(&condition.param("relationaloperator", "GT").param("threshold", 90).send()?)?;
    let policy = |action: &str| {
        let request = target.api("createAutoScalePolicy").param("action", action).param("duration", 60);
        made(&request.param("conditionids", &condition).send()?)
    };
    let (up, down) = (policy("scaleup")?, policy("scaledown")?);
    let profile = target.api("createAutoScaleVmProfile").param("zoneid", us.zone()?);
    let profile = profile.param("serviceofferingid", us.service_offering()?);
    let profile = made(&profile.param("templateid", us.template()?).send()?)?;
    let group = target.api("createAutoScaleVmGroup").param("lbruleid", rule).param("vmprofileid", profile);
    let group = group.param("minmembers", 0).param("maxmembers", 1);
    made(&group.param("scaleuppolicyids", up).param("scaledownpolicyids", down).send()?)
}

/// What a creation in two steps made.
fn made(answer: &Reply) -> Result<String, Stop> {
    let id = id_in(answer, "id")?;
    answer.finish_job()?.expect_success()?;
    Ok(id)
}
