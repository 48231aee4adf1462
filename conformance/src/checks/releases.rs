//! What a target may have that says of which release it is.
//!
//! Other checks go by the claim: what came with a later release is not asked of the target (`Since`). Here the claim
//! itself is judged.

use super::prelude::*;
use crate::{catalog, check::Capability, release::Release};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "releases/claim-is-a-number",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The cloudstackversion of a target starts with the numbers of a release.",
        source: "ManagementServerImpl.java:4671-4763,4806-4814",
        rules: &["API-DIS-011"],
        run: |target| claim(target).map(|_| ()),
    },
    Check {
        id: "releases/no-command-of-a-later-one",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "No command is listed that came with a later release than the target says it is.",
        source: "fixtures/catalog/versions.tsv",
        rules: &["API-DIS-011"],
        run: |target| {
            let release = claim(target)?;
            let reply = target.api("listApis").send()?;
            reply.expect_success()?;
            for name in reply.body().items("api").iter().filter_map(|api| api.text_at("name")) {
                let arrival = catalog::arrivals(&name).and_then(|arrivals| arrivals.command.as_ref());
                if arrival.is_some_and(|arrival| arrival.is_after(&release)) {
                    return Err(reply.mismatch(
                        "api.name",
                        format!("nothing that came after {release}"),
                        name,
                    ));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "releases/no-parameter-of-a-later-one",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "No parameter is listed that came with a later release than the target says it is.",
        source: "fixtures/catalog/param-changes.tsv",
        rules: &["API-DIS-011"],
        run: |target| {
            let release = claim(target)?;
            let reply = target.api("listApis").send()?;
            reply.expect_success()?;
            for api in reply.body().items("api") {
                let command = api.text_at("name").unwrap_or_default();
                let known = catalog::arrivals(&command).map_or(&[][..], |arrivals| arrivals.parameters);
                for name in api.items("params").iter().filter_map(|parameter| parameter.text_at("name")) {
                    let later =
                        known.iter().find(|one| one.name == name).is_some_and(|one| one.is_after(&release));
                    if later {
                        let expected = format!("nothing that came after {release}");
                        return Err(reply.mismatch(format!("params.name of {command}"), expected, name));
                    }
                }
            }
            Ok(())
        },
    },
];

/// The release that the target claims to be.
fn claim(target: &Target) -> Result<Release, Stop> {
    let reply = target.api("listCapabilities").send()?;
    let Some(text) = reply.success()?.text_at("capability.cloudstackversion") else {
        // Its owner may have told it to be silent.
        let shown = ("expose.cloudstack.version.api.list.capabilities", "true");
        return Err(Stop::Unsupported(Capability::Setting(shown.0, shown.1)));
    };
    Release::parse(&text)
        .ok_or_else(|| reply.mismatch("capability.cloudstackversion", "a release, as in 4.18.0.0", text))
}
