//! How much accounts may have.
//!
//! Limits are set for accounts that the check made, and go with them.

use super::{
    prelude::*,
    setup::{self, Member},
};
use crate::check::Capability;

const LIMITS: &[Capability] = &[RootAdmin, Command("updateResourceLimit")];

/// Numbers of kinds of resources (Resource.java).
const VOLUMES: u8 = 2;
const NETWORKS: u8 = 6;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "resource-limits/refused-at-once",
        level: Should,
        profile: Core,
        needs: &[RootAdmin, Command("updateResourceLimit"), Command("createNetwork")],
        requirement: "A network beyond its account's limit is refused with 535 and a text that names kind and account.",
        source: "ResourceLimitManagerImpl.java, seen on a running server",
        rules: &["REA-001"],
        run: |target| {
            let member = member_without(target, NETWORKS)?;
            let text = format!(
                "Maximum amount of resources of Type = 'network', tag = 'null' for Account Name = {}",
                member.name
            );
            network_of(target, &member)?.expect_error_start(535, &text)
        },
    },
    Check {
        id: "resource-limits/no-job-beyond-the-limit",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("updateResourceLimit"), Command("createVolume")],
        requirement: "A volume beyond its account's limit is refused with 535 before there is a job.",
        source: "ApiServer.java:677-728, CommandCreationWorker.java:44-51",
        rules: &["JOB-016", "REA-001"],
        run: |target| {
            let member = member_without(target, VOLUMES)?;
            let offering = member.caller.disk_offering()?;
            let request = member.api("createVolume").param("name", target.fresh_name("volume"));
            let request = request.param("zoneid", member.caller.zone()?).param("diskofferingid", offering);
            request.send()?.expect_error(535)
        },
    },
    Check {
        id: "resource-limits/unknown-kind",
        level: Should,
        profile: Core,
        needs: LIMITS,
        requirement: "A limit for an unknown kind of resource is refused with 431.",
        source: "ResourceLimitManagerImpl.java, seen on a running server",
        rules: &["REA-002"],
        run: |target| {
            let member = setup::member(target)?;
            limit(target, &member, 99, 1)?.expect_error_text(431, "Please specify valid resource type")
        },
    },
    Check {
        id: "resource-limits/below-none",
        level: Should,
        profile: Core,
        needs: LIMITS,
        requirement: "A limit below -1 is refused with 431.",
        source: "ResourceLimitManagerImpl.java, seen on a running server",
        rules: &["REA-002"],
        run: |target| {
            let member = setup::member(target)?;
            limit(target, &member, NETWORKS, -2)?.expect_error_text(
                431,
                "Please specify either '-1' for an infinite limit, or a limit that is at least '0'.",
            )
        },
    },
    Check {
        id: "resource-limits/of-the-own-domain",
        level: Should,
        profile: Core,
        needs: LIMITS,
        requirement: "A domain administrator who sets a limit of the own domain is refused with 531.",
        source: "ResourceLimitManagerImpl.java, seen on a running server",
        rules: &["REA-002"],
        run: |target| {
            let administrator = setup::newcomer(target, None, ("accounttype", "2"))?;
            let request = administrator.caller.api("updateResourceLimit").param("max", 10);
            let request = request.param("domainid", &administrator.domain).param("resourcetype", NETWORKS);
            request.send()?.expect_error(531)
        },
    },
];

/// Somebody who may have nothing of a kind.
fn member_without(target: &Target, kind: u8) -> Result<Member<'_>, Stop> {
    let member = setup::member(target)?;
    limit(target, &member, kind, 0)?.expect_success()?;
    Ok(member)
}

/// What setting a limit of a member's account answers.
fn limit(target: &Target, member: &Member<'_>, kind: u8, most: i64) -> Result<Reply, Stop> {
    let request = target.api("updateResourceLimit").param("account", &member.name);
    let request = request.param("domainid", &member.domain_id).param("resourcetype", kind);
    request.param("max", most).send()
}

/// What a member is answered who wants a network.
fn network_of(target: &Target, member: &Member<'_>) -> Result<Reply, Stop> {
    let name = target.fresh_name("net");
    let request = member.api("createNetwork").param("name", &name).param("displaytext", &name);
    let request = request.param("zoneid", member.caller.zone()?);
    request.param("networkofferingid", member.caller.network_offering()?).send()
}
