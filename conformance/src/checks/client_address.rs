//! Where a request comes from, whom the target believes about that, and what depends on it.
//!
//! What is seen of it: an account may be confined to networks. The checks confine accounts that they make, to a network
//! for documentation, in which nobody is.

use super::{
    prelude::*,
    setup::{self, Member},
};
use crate::check::Capability;

/// What it takes to confine an account of our own.
const CONFINED: &[Capability] = &[
    RootAdmin,
    Command("updateConfiguration"),
    Command("createDomain"),
    Command("createAccount"),
    Command("registerUserKeys"),
    Command("deleteAccount"),
    Command("deleteDomain"),
];

/// The same for a target whose container believes forwarding headers, as it does since that release.
const FORWARDED: &[Capability] = &[
    RootAdmin,
    Command("updateConfiguration"),
    Command("createDomain"),
    Command("createAccount"),
    Command("registerUserKeys"),
    Command("deleteAccount"),
    Command("deleteDomain"),
    Since("4.22"),
];

/// The same for a target that believes its proxies, and takes us for one.
const PROXIED: &[Capability] = &[
    RootAdmin,
    Command("updateConfiguration"),
    Command("createAccount"),
    Command("deleteAccount"),
    Setting("proxy.header.verify", "true"),
    Setting("proxy.cidr", "127.0.0.0/8,::1/128"),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "client-address/outside-the-list",
        level: Should,
        profile: Core,
        needs: CONFINED,
        requirement: "A signed call from outside the networks of its account is refused with 401.",
        source: "ApiServer.java:1130-1135,1388-1398",
        rules: &["API-SIG-040", "API-SIG-043"],
        run: |target| {
            let member = setup::member(target)?;
            member.api("listZones").send()?.expect_success()?;
            confine(target, &member)?;
            let text = "unable to verify user credentials and/or request signature";
            member.api("listZones").send()?.expect_error_text(401, text)
        },
    },
    Check {
        id: "client-address/forwarding-headers",
        level: Should,
        profile: Core,
        needs: FORWARDED,
        requirement: "The leftmost address of a forwarding header counts as that of the client.",
        source: "ServerDaemon.java:196,225-232, ApiServer.java:318-324",
        rules: &["API-HTTP-040"],
        run: |target| {
            let member = setup::member(target)?;
            confine(target, &member)?;
            for (name, value, is_inside) in [
                ("X-Forwarded-For", "192.0.2.7", true),
                ("X-Forwarded-For", "192.0.2.7, 203.0.113.9", true),
                ("X-Forwarded-For", "203.0.113.9, 192.0.2.7", false),
                ("Forwarded", "for=192.0.2.8", true),
                ("Forwarded", "for=203.0.113.9", false),
            ] {
                let reply = member.api("listZones").header(name, value).send()?;
                if is_inside { reply.expect_success()? } else { reply.expect_error(401)? }
            }
            Ok(())
        },
    },
    Check {
        id: "client-address/headers-of-proxies",
        level: Should,
        profile: Core,
        needs: PROXIED,
        requirement: "Of a list in a header of a trusted proxy the first valid address counts.",
        source: "ApiServlet.java:690-733, ApiServer.java:311-331",
        rules: &["API-HTTP-041"],
        run: |target| {
            let member = setup::member(target)?;
            confine(target, &member)?;
            for (value, is_inside) in [
                ("192.0.2.7", true),
                ("not-an-address, 192.0.2.7, 203.0.113.9", true),
                ("unknown, 192.0.2.7", true),
                ("203.0.113.9, 192.0.2.7", false),
                ("unknown", false),
            ] {
                let reply = member.api("listZones").header("HTTP_CLIENT_IP", value).send()?;
                if is_inside { reply.expect_success()? } else { reply.expect_error(401)? }
            }
            Ok(())
        },
    },
    Check {
        id: "client-address/no-address",
        level: May,
        profile: ReadOnly,
        needs: &[ApiKeys, Since("4.22")],
        requirement: "A client whose address cannot be found is refused with 500 in XML.",
        source: "ApiServlet.java:211-221",
        rules: &["API-HTTP-042"],
        run: |target| {
            let request = target.api("listZones").xml().outside_the_envelope();
            let reply = request.header("X-Forwarded-For", "junk").send()?;
            reply.expect_error_text(500, "UnknownHostException when trying to lookup remote IP-Address")?;
            reply.expect_envelope("errorresponse")
        },
    },
    Check {
        id: "client-address/refused-login",
        level: Must,
        profile: Core,
        needs: FORWARDED,
        requirement: "A login from outside the networks of its account is refused with 531, and told the address.",
        source: "AccountManagerImpl.java:2909-2914",
        rules: &["API-AUTH-012", "API-HTTP-040"],
        run: |target| {
            let member = setup::member(target)?;
            confine(target, &member)?;
            let reply = member.login().header("X-Forwarded-For", "203.0.113.9").send()?;
            let (name, domain) = (&member.name, &member.domain);
            reply.expect_error_text(
                531,
                &format!(
                    "Failed to authenticate user '{name}' in domain '{domain}' from ip 203.0.113.9; please provide \
                     valid credentials"
                ),
            )?;
            reply.expect_envelope("loginresponse")
        },
    },
    Check {
        id: "client-address/ended-session",
        level: Should,
        profile: Core,
        needs: CONFINED,
        requirement: "A session is refused with 401 from outside the networks of its account, after which it has ended.",
        source: "ApiServlet.java:418-428, ApiServer.java:1130-1135",
        rules: &["API-AUTH-036"],
        run: |target| {
            let member = setup::member(target)?;
            let session = member.login().send()?.session()?;
            let call = || target.api("listZones").session(&session);
            call().send()?.expect_success()?;
            confine(target, &member)?;
            let text = "unable to verify user credentials and/or request signature";
            call().send()?.expect_error_text(401, text)?;
            // From inside it would be good, if it still lived.
            call().header("X-Forwarded-For", "192.0.2.7").send()?.expect_error(401)
        },
    },
];

/// Confines the member's account to 192.0.2.0/24. The setting goes away with the account.
fn confine(target: &Target, member: &Member<'_>) -> Result<(), Stop> {
    let request = target.api("updateConfiguration").param("accountid", &member.account);
    request
        .param("name", "api.allowed.source.cidr.list")
        .param("value", "192.0.2.0/24")
        .send()?
        .expect_success()
}
