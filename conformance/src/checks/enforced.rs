//! Targets that take changes by POST alone, and calls with a time stamp alone.
//!
//! The setting is read when a server starts, so these checks are for targets that have it on.

use super::prelude::*;
use crate::check::Capability;

/// The setting that all of this is about.
pub(super) const ENFORCED: &str = "enforce.post.requests.and.timestamps";

const NEEDS: &[Capability] = &[ApiKeys, Since("4.21"), Setting(ENFORCED, "true")];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "enforced/changes-need-post",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "A command that changes something is refused with 400 unless it comes by POST.",
        source: "ApiServlet.java:370-381,488-495",
        rules: &["API-HTTP-030"],
        run: |target| {
            let request = || target.api("createSSHKeyPair").param("name", target.fresh_name("key"));
            let reply = request().method("GET").send()?;
            reply.expect_error_text(
                400,
                "State changing command createSSHKeyPair needs to be sent using POST request",
            )?;
            reply.expect_envelope("createsshkeypairresponse")?;
            request().post().send()?.expect_success()
        },
    },
    Check {
        id: "enforced/gate-comes-first",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "A change by GET is refused with 400 whoever sends it, of known commands and of unknown ones.",
        source: "ApiServlet.java:370-381",
        rules: &["API-HTTP-030"],
        run: |target| {
            for (command, envelope) in
                [("createSSHKeyPair", "createsshkeypairresponse"), ("noSuchCommandAtAll", "errorresponse")]
            {
                let reply = target.api(command).unsigned().method("GET").send()?;
                reply.expect_error(400)?;
                reply.expect_envelope(envelope)?;
            }
            Ok(())
        },
    },
    Check {
        id: "enforced/reads-by-get",
        level: Must,
        profile: ReadOnly,
        needs: NEEDS,
        requirement: "A command that only reads may come by GET.",
        source: "ApiServlet.java:87-89,488-495",
        rules: &["API-HTTP-030"],
        run: |target| {
            for command in ["listZones", "listApis", "listCapabilities"] {
                target.api(command).method("GET").send()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "enforced/the-way-back-is-open",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "Of all settings the one that enforces POST alone may be changed by GET.",
        source: "ApiServlet.java:370-381",
        rules: &["API-HTTP-030"],
        run: |target| {
            // Nobody signs, so nothing changes: what passes the gate is refused by the next guard.
            let change = |name: &str| {
                let request = target.api("updateConfiguration").unsigned().method("GET");
                request.param("name", name).param("value", "false").send()
            };
            let text = "Changes for configuration expunge.delay needs to be sent using POST request";
            change("expunge.delay")?.expect_error_text(400, text)?;
            change("Enforce.post.requests.and.timestamps")?.expect_error(401)
        },
    },
    Check {
        id: "enforced/time-stamp-is-compulsory",
        level: Must,
        profile: ReadOnly,
        needs: NEEDS,
        requirement: "A signed call without signature version 3 is refused with 401 where time stamps are enforced.",
        source: "ApiServer.java:1051-1055",
        rules: &["API-SIG-023"],
        run: |target| {
            target.api("listZones").send()?.expect_success()?;
            target.api("listZones").undated().send()?.expect_error(401)
        },
    },
    Check {
        id: "enforced/expiry-is-near",
        level: Must,
        profile: ReadOnly,
        needs: NEEDS,
        requirement: "A call may expire at most 15 minutes ahead where time stamps are enforced.",
        source: "ApiServer.java:1039,1045-1050",
        rules: &["API-SIG-023"],
        run: |target| {
            target.api("listZones").version3(expires_in(14 * 60)).send()?.expect_success()?;
            target.api("listZones").version3(expires_in(16 * 60)).send()?.expect_error(401)
        },
    },
];
