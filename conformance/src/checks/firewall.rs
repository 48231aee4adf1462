//! Rules on public addresses: firewalls, egress, forwarded ports, load balancers.
//!
//! Each check has a machine and an address of its own.

use super::{
    prelude::*,
    setup::{self, Machine, done, id_in},
};
use crate::{
    check::Capability,
    wire::{api::ApiRequest, job::Job},
};

const INGRESS: &[Capability] = &[
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("associateIpAddress"),
    Command("createFirewallRule"),
    Command("deleteFirewallRule"),
];
const EGRESS: &[Capability] =
    &[Command("createNetwork"), Command("deployVirtualMachine"), Command("createEgressFirewallRule")];
const FORWARDING: &[Capability] = &[
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("associateIpAddress"),
    Command("createPortForwardingRule"),
];
const BALANCING: &[Capability] = &[
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("associateIpAddress"),
    Command("createLoadBalancerRule"),
    Command("assignToLoadBalancerRule"),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "firewall/rule-is-active",
        level: Must,
        profile: Core,
        needs: INGRESS,
        requirement: "A firewall rule has the id of the first answer and is `Active` when its job has ended.",
        source: "FirewallRule.java:36-42, ApiResponseHelper.java:1679-1683",
        rules: &["RUL-001", "RUL-002"],
        run: |target| {
            let (rule, job) = ingress(target, &Entrance::new(target)?)?;
            job.reply.expect_field("jobresult.firewallrule.id", &rule)?;
            job.reply.expect_field("jobresult.firewallrule.state", "Active")
        },
    },
    Check {
        id: "firewall/ports-are-taken",
        level: Must,
        profile: Core,
        needs: INGRESS,
        requirement: "A firewall rule for ports that another one has is refused at once with 537.",
        source: "FirewallManagerImpl.java, seen on a running server",
        rules: &["RUL-001"],
        run: |target| {
            let entrance = Entrance::new(target)?;
            ingress(target, &entrance)?;
            let reply = entrance.ingress(target).send()?;
            reply.expect_error_start(537, "The range specified, 8080-8090, conflicts with rule")
        },
    },
    Check {
        id: "firewall/deleted-again",
        level: Should,
        profile: Core,
        needs: INGRESS,
        requirement: "Deleting a firewall rule that was deleted is refused at once with 431 as an unknown value.",
        source: "ParamProcessWorker.java:223-225, 563-567",
        rules: &["REA-004", "JOB-011"],
        run: |target| {
            let (rule, _) = ingress(target, &Entrance::new(target)?)?;
            done(target, "deleteFirewallRule", &rule)?;
            let reply = target.api("deleteFirewallRule").param("id", &rule).send()?;
            reply.expect_unknown("deleteFirewallRule", "id", &rule)
        },
    },
    Check {
        id: "firewall/egress-is-active",
        level: Must,
        profile: Core,
        needs: EGRESS,
        requirement: "An egress rule has the id of the first answer and is `Active` when its job has ended.",
        source: "FirewallRule.java:36-42, ApiResponseHelper.java:1679-1683",
        rules: &["RUL-001", "RUL-002"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let request = target.api("createEgressFirewallRule").param("networkid", &machine.network);
            let request = request.param("protocol", "tcp").param("startport", 8080).param("endport", 8090);
            let (rule, job) = made(&request.send()?)?;
            job.reply.expect_field("jobresult.firewallrule.id", &rule)?;
            job.reply.expect_field("jobresult.firewallrule.state", "Active")
        },
    },
    Check {
        id: "firewall/forwarding-is-active",
        level: Must,
        profile: Core,
        needs: FORWARDING,
        requirement: "A port is forwarded by a rule with the id of the first answer, `Active` when its job has ended.",
        source: "FirewallRule.java:36-42, ApiResponseHelper.java:1724-1728",
        rules: &["RUL-001", "RUL-002"],
        run: |target| {
            let (rule, job) = made(&Entrance::new(target)?.forwarding(target).send()?)?;
            job.reply.expect_field("jobresult.portforwardingrule.id", &rule)?;
            job.reply.expect_field("jobresult.portforwardingrule.state", "Active")
        },
    },
    Check {
        id: "firewall/forwarded-port-is-taken",
        level: Must,
        profile: Core,
        needs: FORWARDING,
        requirement: "A port that is forwarded already is refused at once with 537.",
        source: "FirewallManagerImpl.java, seen on a running server",
        rules: &["RUL-001"],
        run: |target| {
            let entrance = Entrance::new(target)?;
            made(&entrance.forwarding(target).send()?)?;
            let reply = entrance.forwarding(target).send()?;
            reply.expect_error_start(537, "The range specified, 8022-8022, conflicts with rule")
        },
    },
    Check {
        id: "firewall/empty-balancer-waits",
        level: Must,
        profile: Core,
        needs: BALANCING,
        requirement: "A load balancer rule is `Add` until a machine is assigned to it.",
        source: "FirewallRule.java:36-42, ApiResponseHelper.java:2954-2958",
        rules: &["RUL-001"],
        run: |target| {
            let (_, job) = made(&Entrance::new(target)?.balancer(target).send()?)?;
            job.reply.expect_field("jobresult.loadbalancer.state", "Add")
        },
    },
    Check {
        id: "firewall/balancer-with-a-machine",
        level: Must,
        profile: Core,
        needs: BALANCING,
        requirement: "A load balancer rule is `Active` once a machine is assigned to it.",
        source: "FirewallRule.java:36-42, ApiResponseHelper.java:2954-2958",
        rules: &["RUL-001"],
        run: |target| {
            let entrance = Entrance::new(target)?;
            let (rule, _) = made(&entrance.balancer(target).send()?)?;
            let request = target.job("assignToLoadBalancerRule").param("id", &rule);
            request.param("virtualmachineids", &entrance.machine.id).finish()?.expect_success()?;
            let list = target.api("listLoadBalancerRules").param("id", rule).send()?;
            list.expect_field("loadbalancerrule.state", "Active")
        },
    },
    Check {
        id: "firewall/balanced-port-is-taken",
        level: Must,
        profile: Core,
        needs: BALANCING,
        requirement: "A load balancer rule for a port that another one has is refused at once with 537.",
        source: "LoadBalancingRulesManagerImpl.java, seen on a running server",
        rules: &["RUL-001"],
        run: |target| {
            let entrance = Entrance::new(target)?;
            made(&entrance.balancer(target).send()?)?;
            let reply = entrance.balancer(target).send()?;
            reply.expect_error_start(537, "The range specified, 8088-8088, conflicts with rule")
        },
    },
];

/// A machine with a public address in front of it.
struct Entrance {
    machine: Machine,
    address: String,
}

impl Entrance {
    fn new(target: &Target) -> Result<Self, Stop> {
        let us = setup::us(target);
        let machine = us.machine()?;
        let (address, _) = us.address(&machine.network)?;
        Ok(Self { machine, address })
    }

    /// The request for a firewall rule.
    fn ingress<'t>(&self, target: &'t Target) -> ApiRequest<'t> {
        let request = target.api("createFirewallRule").param("ipaddressid", &self.address);
        request.param("protocol", "tcp").param("startport", 8080).param("endport", 8090)
    }

    /// The request that forwards a port.
    fn forwarding<'t>(&self, target: &'t Target) -> ApiRequest<'t> {
        let request = target.api("createPortForwardingRule").param("ipaddressid", &self.address);
        let request = request.param("virtualmachineid", &self.machine.id).param("openfirewall", false);
        request.param("protocol", "tcp").param("publicport", 8022).param("privateport", 22)
    }

    /// The request for a load balancer rule.
    fn balancer<'t>(&self, target: &'t Target) -> ApiRequest<'t> {
        let request = target.api("createLoadBalancerRule").param("publicipid", &self.address);
        let request = request.param("name", target.fresh_name("balancer")).param("openfirewall", false);
        request.param("algorithm", "roundrobin").param("publicport", 8088).param("privateport", 80)
    }
}

/// A firewall rule, and the job that made it.
fn ingress(target: &Target, entrance: &Entrance) -> Result<(String, Job), Stop> {
    made(&entrance.ingress(target).send()?)
}

/// What a creation in two steps made, and its job, which has ended well.
fn made(answer: &Reply) -> Result<(String, Job), Stop> {
    let id = id_in(answer, "id")?;
    let job = answer.finish_job()?;
    job.expect_success()?;
    Ok((id, job))
}
