//! Virtual private clouds: their states, what holds them, and the rules of their tiers.
//!
//! Each check makes a VPC of its own.

use super::{
    prelude::*,
    setup::{self, act, done, id_in},
};
use crate::{check::Capability, wire::job::Job};

const VPCS: &[Capability] = &[Command("createVPC"), Command("deleteVPC")];
const TIERS: &[Capability] = &[Command("createVPC"), Command("createNetwork"), Command("deleteVPC")];
const RULES: &[Capability] =
    &[Command("createVPC"), Command("createNetworkACLList"), Command("createNetworkACL")];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "vpc/created-is-enabled",
        level: Should,
        profile: Core,
        needs: VPCS,
        requirement: "A VPC is `Enabled` when the job that made it has ended.",
        source: "api/src/main/java/com/cloud/network/vpc/Vpc.java, VpcManagerImpl.java",
        rules: &["VPC-001"],
        run: |target| vpc(target)?.1.reply.expect_field("jobresult.vpc.state", "Enabled"),
    },
    Check {
        id: "vpc/job-is-about-none",
        level: Must,
        profile: Core,
        needs: VPCS,
        requirement: "The job of `createVPC` says that it is about `None`, without an identifier.",
        source: "ApiJobResult views, ApiCommandResourceType.java:29-92",
        rules: &["JOB-042"],
        run: |target| {
            let (_, job) = vpc(target)?;
            job.reply.expect_field("jobinstancetype", "None")?;
            job.reply.expect_absent("jobinstanceid")
        },
    },
    Check {
        id: "vpc/gateway-change-has-no-result",
        level: Should,
        profile: Core,
        needs: &[Command("createVPC"), Command("createVpnGateway"), Command("updateVpnGateway")],
        requirement: "A job whose command answers nothing succeeds without a result.",
        source: "ApiSerializerHelper.java:35-47, UpdateVpnGatewayCmd.java",
        rules: &["JOB-064"],
        run: |target| {
            let (vpc, _) = vpc(target)?;
            let gateway = target.api("createVpnGateway").param("vpcid", vpc).send()?;
            gateway.finish_job()?.expect_success()?;
            let job = act(target, "updateVpnGateway", &id_in(&gateway, "id")?)?;
            job.expect_success()?;
            job.reply.expect_absent("jobresult")?;
            job.reply.expect_absent("jobresulttype")
        },
    },
    Check {
        id: "vpc/tier-waits",
        level: Must,
        profile: Core,
        needs: TIERS,
        requirement: "A tier is `Allocated` until its first machine runs.",
        source: "Network.java:326-347",
        rules: &["NET-001"],
        run: |target| {
            let (vpc, _) = vpc(target)?;
            tier(target, &vpc)?.expect_field("network.state", "Allocated")
        },
    },
    Check {
        id: "vpc/held-by-tiers",
        level: Should,
        profile: Core,
        needs: TIERS,
        requirement: "Deleting a VPC that has a tier fails in the job with 431.",
        source: "VpcManagerImpl.java",
        rules: &["VPC-001"],
        run: |target| {
            let (vpc, _) = vpc(target)?;
            tier(target, &vpc)?.expect_success()?;
            act(target, "deleteVPC", &vpc)?.expect_failure(431)
        },
    },
    Check {
        id: "vpc/deleted-again",
        level: Should,
        profile: Core,
        needs: VPCS,
        requirement: "Deleting a VPC again is accepted, and fails in the job with 431.",
        source: "VpcManagerImpl.java",
        rules: &["REA-004"],
        run: |target| {
            let (vpc, _) = vpc(target)?;
            done(target, "deleteVPC", &vpc)?;
            act(target, "deleteVPC", &vpc)?.expect_failure(431)
        },
    },
    Check {
        id: "vpc/acl-rule-is-active",
        level: Must,
        profile: Core,
        needs: RULES,
        requirement: "A rule of a network ACL list is `Active` when the job that made it has ended.",
        source: "FirewallRule.java:36-42, NetworkACLManagerImpl.java",
        rules: &["RUL-001"],
        run: |target| {
            let (_, job) = acl_rule(target)?;
            job.reply.expect_field("jobresult.networkacl.state", "Active")
        },
    },
    Check {
        id: "vpc/acl-rule-deleted-again",
        level: Should,
        profile: Core,
        needs: RULES,
        requirement: "Deleting a rule of a network ACL list again is refused at once with 431.",
        source: "ParamProcessWorker.java, NetworkACLItemVO.java",
        rules: &["REA-004"],
        run: |target| {
            let (rule, _) = acl_rule(target)?;
            done(target, "deleteNetworkACL", &rule)?;
            target.api("deleteNetworkACL").param("id", &rule).send()?.expect_error(431)
        },
    },
];

/// The offering that every installation has (GRA-005).
const OFFERING: &str = "Default VPC offering";
/// The offering of its tiers (GRA-004).
const TIER_OFFERING: &str = "DefaultIsolatedNetworkOfferingForVpcNetworks";

/// A VPC and the job that made it.
fn vpc(target: &Target) -> Result<(String, Job), Stop> {
    let us = setup::us(target);
    let offering = us.first("listVPCOfferings", &[("name", OFFERING)], "vpcoffering", |_| Some(0))?;
    let name = target.fresh_name("vpc");
    let answer = target
        .api("createVPC")
        .param("name", &name)
        .param("displaytext", &name)
        .param("cidr", "10.76.0.0/16")
        .param("vpcofferingid", offering)
        .param("zoneid", us.zone()?)
        .send()?;
    let id = id_in(&answer, "id")?;
    let job = answer.finish_job()?;
    job.expect_success()?;
    Ok((id, job))
}

/// What the creation of a tier answers.
fn tier(target: &Target, vpc: &str) -> Result<Reply, Stop> {
    let us = setup::us(target);
    let offering =
        us.first("listNetworkOfferings", &[("name", TIER_OFFERING)], "networkoffering", |_| Some(0))?;
    let name = target.fresh_name("tier");
    let request = target
        .api("createNetwork")
        .param("name", &name)
        .param("displaytext", &name)
        .param("networkofferingid", offering)
        .param("zoneid", us.zone()?)
        .param("vpcid", vpc)
        .param("gateway", "10.76.1.1")
        .param("netmask", "255.255.255.0");
    request.send()
}

/// A rule in a list of its own, and the job that made it.
fn acl_rule(target: &Target) -> Result<(String, Job), Stop> {
    let (vpc, _) = vpc(target)?;
    let name = target.fresh_name("acl");
    let list = target.api("createNetworkACLList").param("name", &name).param("vpcid", &vpc).send()?;
    list.finish_job()?.expect_success()?;
    let request = target.api("createNetworkACL").param("aclid", id_in(&list, "id")?).param("protocol", "tcp");
    let answer = request.param("startport", 22).param("endport", 22).send()?;
    let job = answer.finish_job()?;
    job.expect_success()?;
    Ok((id_in(&answer, "id")?, job))
}
