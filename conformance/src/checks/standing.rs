//! Who may act: users and accounts that are disabled, locked or gone, wrong passwords, and switches of key access.
//!
//! Each check has a user of its own; nobody else is touched.

use super::{
    member::{Member, call},
    prelude::*,
};
use crate::check::Capability::{self, Setting};

/// API-AUTH-035.
const UNPROVEN: &str = "unable to verify user credentials";

/// API-SIG-040.
const UNSIGNED: &str = "unable to verify user credentials and/or request signature";

/// API-AUTH-012.
const DISABLED: &str = " is disabled/locked. Please contact the administrator.";

/// What checks need that create a user.
const MEMBERS: &[Capability] = &[Command("createAccount"), Command("registerUserKeys")];

/// What checks need that switch key access.
const SWITCHES: &[Capability] = &[Command("createAccount"), Command("registerUserKeys"), Since("4.20.1")];

/// What checks need that count wrong passwords.
const LOCK_OUT: &[Capability] = &[
    Command("createAccount"),
    Command("registerUserKeys"),
    Setting("incorrect.login.attempts.allowed", "5"),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "standing/session-ends-with-its-user",
        level: Must,
        profile: Core,
        needs: MEMBERS,
        requirement: "A call in the session of a user who was disabled or locked since is refused with 401.",
        source: "ApiServlet.java:597-618, ApiServer.java:1321-1334",
        rules: &["API-AUTH-035"],
        run: |target| {
            for command in ["disableUser", "lockUser"] {
                let member = Member::new(target)?;
                let session = member.login()?;
                member.user_command(command, &[])?;
                call(target, &session)?.expect_error_text(401, UNPROVEN)?;
            }
            Ok(())
        },
    },
    Check {
        id: "standing/session-ends-with-its-account",
        level: Must,
        profile: Core,
        needs: MEMBERS,
        requirement: "A call in the session of a user whose account was disabled or locked since is refused with 401.",
        source: "ApiServlet.java:597-618, ApiServer.java:1321-1334",
        rules: &["API-AUTH-035"],
        run: |target| {
            for locks in ["false", "true"] {
                let member = Member::new(target)?;
                let session = member.login()?;
                member.account_command("disableAccount", &[("lock", locks)])?;
                call(target, &session)?.expect_error_text(401, UNPROVEN)?;
            }
            Ok(())
        },
    },
    Check {
        id: "standing/session-of-a-removed-user",
        level: Must,
        profile: Core,
        needs: MEMBERS,
        requirement: "A call in the session of a user who was removed since is refused as one of a broken session.",
        source: "ApiServlet.java:597-618, ApiServer.java:1321-1334",
        rules: &["API-AUTH-035"],
        run: |target| {
            let member = Member::new(target)?;
            let session = member.login()?;
            member.user_command("deleteUser", &[])?;
            call(target, &session)?.expect_error_text(401, UNPROVEN)
        },
    },
    Check {
        id: "standing/ended-session-stays-ended",
        level: Must,
        profile: Core,
        needs: MEMBERS,
        requirement: "A session that was refused because its user was disabled does not come back with the user.",
        source: "ApiServlet.java:597-618",
        rules: &["API-AUTH-035"],
        run: |target| {
            let member = Member::new(target)?;
            let session = member.login()?;
            member.user_command("disableUser", &[])?;
            call(target, &session)?.expect_error_text(401, UNPROVEN)?;
            member.user_command("enableUser", &[])?;
            call(target, &session)?.expect_error_text(401, UNSIGNED)
        },
    },
    Check {
        id: "standing/keys-of-a-disabled-user",
        level: Must,
        profile: Core,
        needs: MEMBERS,
        requirement: "A signed call of a user who is disabled or locked is refused with 401.",
        source: "ApiServer.java:1070-1074",
        rules: &["API-SIG-040"],
        run: |target| {
            for command in ["disableUser", "lockUser"] {
                let member = Member::new(target)?;
                let signed = member.signed()?;
                signed().send()?.expect_success()?;
                member.user_command(command, &[])?;
                signed().send()?.expect_error_text(401, UNSIGNED)?;
            }
            Ok(())
        },
    },
    Check {
        id: "standing/keys-of-a-disabled-account",
        level: Must,
        profile: Core,
        needs: MEMBERS,
        requirement: "A signed call of a user whose account is disabled or locked is refused with 401.",
        source: "ApiServer.java:1070-1074",
        rules: &["API-SIG-040"],
        run: |target| {
            for locks in ["false", "true"] {
                let member = Member::new(target)?;
                let signed = member.signed()?;
                signed().send()?.expect_success()?;
                member.account_command("disableAccount", &[("lock", locks)])?;
                signed().send()?.expect_error_text(401, UNSIGNED)?;
            }
            Ok(())
        },
    },
    Check {
        id: "standing/login-of-a-disabled-user",
        level: Must,
        profile: Core,
        needs: MEMBERS,
        requirement: "A login with the right password of a user who is disabled or locked is told so with 531.",
        source: "AccountManagerImpl.java:2909-2914",
        rules: &["API-AUTH-012"],
        run: |target| {
            for command in ["disableUser", "lockUser"] {
                let member = Member::new(target)?;
                member.user_command(command, &[])?;
                expect_disabled(&member.login_request().send()?)?;
            }
            Ok(())
        },
    },
    Check {
        id: "standing/lock-out",
        level: Must,
        profile: Core,
        needs: LOCK_OUT,
        requirement: "The fifth wrong password in a row disables the user.",
        source: "AccountManagerImpl.java:837-854,2899-2940,3036-3050, Config.java:895-902",
        rules: &["API-AUTH-015", "API-AUTH-012"],
        run: |target| {
            let member = Member::new(target)?;
            let signed = member.signed()?;
            for _ in 0..5 {
                member.wrong_login()?.expect_error(531)?;
            }
            expect_disabled(&member.login_request().send()?)?;
            signed().send()?.expect_error_text(401, UNSIGNED)
        },
    },
    Check {
        id: "standing/four-wrong-passwords",
        level: Must,
        profile: Core,
        needs: LOCK_OUT,
        requirement: "Four wrong passwords in a row do not disable the user.",
        source: "AccountManagerImpl.java:2899-2940,3036-3050, Config.java:895-902",
        rules: &["API-AUTH-015"],
        run: |target| {
            let member = Member::new(target)?;
            for _ in 0..4 {
                member.wrong_login()?.expect_error(531)?;
            }
            member.login_request().send()?.expect_success()
        },
    },
    Check {
        id: "standing/login-forgets-wrong-passwords",
        level: Must,
        profile: Core,
        needs: LOCK_OUT,
        requirement: "A login starts the count of wrong passwords again.",
        source: "AccountManagerImpl.java:2899-2940,3036-3050",
        rules: &["API-AUTH-015"],
        run: |target| {
            let member = Member::new(target)?;
            for _ in 0..2 {
                for _ in 0..3 {
                    member.wrong_login()?.expect_error(531)?;
                }
                member.login_request().send()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "standing/locked-out-with-a-wrong-password",
        level: Must,
        profile: Core,
        needs: LOCK_OUT,
        requirement: "A wrong password of a user who is locked out is refused like any other.",
        source: "ApiServer.java:1312, DefaultLoginAPIAuthenticatorCmd.java:156-170",
        rules: &["API-AUTH-011", "API-AUTH-015"],
        run: |target| {
            let member = Member::new(target)?;
            let first = member.wrong_login()?;
            for _ in 0..4 {
                member.wrong_login()?.expect_error(531)?;
            }
            expect_disabled(&member.login_request().send()?)?;
            let text = first.error_text().unwrap_or_default();
            member.wrong_login()?.expect_error_text(531, &text)
        },
    },
    Check {
        id: "standing/key-access-of-a-user",
        level: Should,
        profile: Core,
        needs: SWITCHES,
        requirement: "A signed call of a user whose key access is switched off is refused with 401.",
        source: "ApiServer.java:922-948,1076-1078",
        rules: &["API-SIG-040"],
        run: |target| {
            let member = Member::new(target)?;
            let signed = member.signed()?;
            member.user_command("updateUser", &[("apikeyaccess", "DISABLED")])?;
            signed().send()?.expect_error_text(401, UNSIGNED)
        },
    },
    Check {
        id: "standing/key-access-of-an-account",
        level: Should,
        profile: Core,
        needs: SWITCHES,
        requirement: "A signed call of a user whose account's key access is switched off is refused with 401.",
        source: "ApiServer.java:922-948,1076-1078",
        rules: &["API-SIG-040"],
        run: |target| {
            let member = Member::new(target)?;
            let signed = member.signed()?;
            member.account_command("updateAccount", &[("apikeyaccess", "DISABLED")])?;
            signed().send()?.expect_error_text(401, UNSIGNED)
        },
    },
    Check {
        id: "standing/key-access-of-a-user-goes-first",
        level: Should,
        profile: Core,
        needs: SWITCHES,
        requirement: "Key access that is switched on for a user counts before the account's that is switched off.",
        source: "ApiServer.java:922-948,1076-1078",
        rules: &["API-SIG-040"],
        run: |target| {
            let member = Member::new(target)?;
            let signed = member.signed()?;
            member.account_command("updateAccount", &[("apikeyaccess", "DISABLED")])?;
            member.user_command("updateUser", &[("apikeyaccess", "ENABLED")])?;
            signed().send()?.expect_success()
        },
    },
    Check {
        id: "standing/key-access-of-a-domain",
        level: Should,
        profile: Core,
        needs: &[RootAdmin, Since("4.20.1"), Command("createDomain"), Command("updateConfiguration")],
        requirement: "A signed call of a user whose domain switches key access off is refused with 401.",
        source: "ApiServer.java:922-948,1076-1078",
        rules: &["API-SIG-040"],
        run: |target| {
            let member = Member::in_a_domain(target)?;
            let signed = member.signed()?;
            signed().send()?.expect_success()?;
            // The domain is ours, and its setting goes with it.
            let change = target.api("updateConfiguration").param("name", "api.key.access");
            change.param("value", "false").param("domainid", &member.domain).send()?.expect_success()?;
            signed().send()?.expect_error_text(401, UNSIGNED)
        },
    },
];

/// 531, and a text that ends as that of users who may not act.
fn expect_disabled(reply: &Reply) -> Result<(), Stop> {
    reply.expect_error(531)?;
    let told = reply.error_text().unwrap_or_default();
    if told.ends_with(DISABLED) {
        Ok(())
    } else {
        Err(reply.mismatch("errortext", format!("…{DISABLED}"), told))
    }
}
