//! The second factor: setting one up, and what a session may do before its code was seen.
//!
//! Each check has a user of its own, with a static pin; one-time passwords are told apart by one check.

use super::{
    member::{Member, call, text},
    prelude::*,
};
use crate::{
    check::Capability::{self, Setting},
    wire::{api::Session, decode::Node, one_time},
};

/// What most checks need.
const ON: &[Capability] = &[
    Command("createAccount"),
    Command("setupUserTwoFactorAuthentication"),
    Since("4.18"),
    Setting("enable.user.2fa", "true"),
    Setting("mandate.user.2fa", "false"),
];

/// API-SIG-040: what a session client reads whose session is gone.
const UNSIGNED: &str = "unable to verify user credentials and/or request signature";

/// API-AUTH-061.
const BEGINNING: &str = "Unable to process the API request due to :";

/// API-AUTH-062.
const UNVERIFIED: &str = "Two factor authentication 2FA is enabled but not verified, please verify 2FA using \
                          validateUserTwoFactorAuthenticationCode API before calling other APIs. Existing session is \
                          invalidated.";
const NOT_SET_UP: &str = "Two factor authentication is mandated by admin, user needs to setup 2FA using \
                          setupUserTwoFactorAuthentication API and then verify 2FA using \
                          validateUserTwoFactorAuthenticationCode API before calling other APIs. Existing session is \
                          invalidated.";

/// API-AUTH-064.
const WRONG: &str = "two-factor authentication code provided is invalid";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "two-factor/providers",
        level: Should,
        profile: ReadOnly,
        needs: &[Command("listUserTwoFactorAuthenticatorProviders")],
        requirement: "The providers of second factors are listed as providers, among them totp and staticpin.",
        source: "ListUserTwoFactorAuthenticatorProvidersCmd.java:74-96",
        rules: &["API-AUTH-066"],
        run: |target| {
            let reply = target.api("listUserTwoFactorAuthenticatorProviders").send()?;
            let names: Vec<_> =
                reply.success()?.items("providers").iter().filter_map(|one| one.text_at("name")).collect();
            if ["totp", "staticpin"].iter().all(|name| names.iter().any(|other| other == name)) {
                return Ok(());
            }
            Err(reply.mismatch("providers", "totp and staticpin", names.join(", ")))
        },
    },
    Check {
        id: "two-factor/answer-of-a-set-up",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "Setting a factor up answers setup2fa with the user's id and name and a secret.",
        source: "SetupUserTwoFactorAuthenticationCmd.java:72-82",
        rules: &["API-AUTH-066"],
        run: |target| {
            let member = Member::new(target)?;
            let reply = set_up(target, &member.login()?, "staticpin")?;
            reply.expect_success()?;
            reply.expect_field("setup2fa.id", &member.user)?;
            reply.expect_field("setup2fa.username", &member.name)?;
            reply.expect_present("setup2fa.secretcode").map(|_| ())
        },
    },
    Check {
        id: "two-factor/one-time-passwords",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "The provider totp takes the one-time passwords of RFC 6238 with SHA-1, 30 seconds and six digits.",
        source: "TotpUserTwoFactorAuthenticator.java, AccountManagerImpl.java:378-389",
        rules: &["API-AUTH-063", "API-AUTH-066"],
        run: |target| {
            let member = Member::new(target)?;
            let session = member.login()?;
            loop {
                let reply = set_up(target, &session, "totp")?;
                let secret = text(&reply, "setup2fa.secretcode")?;
                let step = one_time::step();
                let password = one_time::password(&secret, step)
                    .ok_or_else(|| reply.mismatch("setup2fa.secretcode", "base 32", &secret))?;
                let reply = validate(target, &session, &password)?;
                // A password may grow old on its way; a wrong one cancels the set-up, which starts again.
                if reply.status() == 200 || step == one_time::step() {
                    return reply.expect_success();
                }
            }
        },
    },
    Check {
        id: "two-factor/set-up-while-off",
        level: Should,
        profile: Core,
        needs: &[
            Command("createAccount"),
            Command("setupUserTwoFactorAuthentication"),
            Since("4.18"),
            Setting("enable.user.2fa", "false"),
        ],
        requirement: "Setting a factor up while that is off is refused with 530 and the class code 4250.",
        source: "AccountManagerImpl.java:3615-3650",
        rules: &["API-AUTH-067"],
        run: |target| {
            let reply = set_up(target, &Member::new(target)?.login()?, "staticpin")?;
            reply.expect_error(530)?;
            reply.expect_field("cserrorcode", 4250)
        },
    },
    Check {
        id: "two-factor/login-succeeds-without-the-code",
        level: Must,
        profile: Core,
        needs: ON,
        requirement: "The login of a user with a second factor succeeds and tells that it is not verified yet.",
        source: "AccountManagerImpl.java:362-389, ApiServer.java:1280-1293",
        rules: &["API-AUTH-060"],
        run: |target| {
            let (member, _) = with_pin(target)?;
            let reply = member.login_request().send()?;
            reply.expect_success()?;
            reply.expect_field("is2faenabled", "true")?;
            reply.expect_field("is2faverified", "false")
        },
    },
    Check {
        id: "two-factor/mandated-by-the-domain",
        level: Must,
        profile: Core,
        needs: &[
            Command("createAccount"),
            Since("4.18"),
            Setting("enable.user.2fa", "true"),
            Setting("mandate.user.2fa", "true"),
        ],
        requirement: "Where a second factor is mandated, the login of a user without one tells that it is not verified.",
        source: "AccountManagerImpl.java:362-389, ApiServer.java:1280-1293",
        rules: &["API-AUTH-060"],
        run: |target| {
            let reply = Member::new(target)?.login_request().send()?;
            reply.expect_success()?;
            reply.expect_field("is2faenabled", "true")?;
            reply.expect_field("is2faverified", "false")
        },
    },
    Check {
        id: "two-factor/calls-before-the-code",
        level: Must,
        profile: Core,
        needs: ON,
        requirement: "A call of a session whose code was not seen is refused with 511.",
        source: "ApiServlet.java:361-368,549-576, ApiErrorCode.java:27",
        rules: &["API-AUTH-061"],
        run: |target| {
            let reply = call(target, &with_pin(target)?.0.login()?)?;
            reply.expect_error(511)?;
            let told = reply.error_text().unwrap_or_default();
            if told.starts_with(BEGINNING) {
                return Ok(());
            }
            Err(reply.mismatch("errortext", format!("{BEGINNING}…"), told))
        },
    },
    Check {
        id: "two-factor/call-before-the-code-ends-the-session",
        level: Must,
        profile: Core,
        needs: ON,
        requirement: "A call before the code was seen ends the session.",
        source: "ApiServlet.java:549-576",
        rules: &["API-AUTH-061"],
        run: |target| {
            let session = with_pin(target)?.0.login()?;
            call(target, &session)?.expect_error(511)?;
            providers(target, &session)?.expect_error_text(401, UNSIGNED)
        },
    },
    Check {
        id: "two-factor/open-before-the-code",
        level: Must,
        profile: Core,
        needs: ON,
        requirement: "Before the code was seen, a session may ask for commands and for providers.",
        source: "ApiServlet.java:497-507",
        rules: &["API-AUTH-061"],
        run: |target| {
            let session = with_pin(target)?.0.login()?;
            providers(target, &session)?.expect_success()?;
            target.api("listApis").param("name", "listZones").session(&session).send()?.expect_success()
        },
    },
    Check {
        id: "two-factor/text-for-who-has-one",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "A call before the code tells a user with a factor to verify it.",
        source: "ApiServlet.java:557-568",
        rules: &["API-AUTH-062"],
        run: |target| {
            let reply = call(target, &with_pin(target)?.0.login()?)?;
            reply.expect_error_text(511, &format!("{BEGINNING}{UNVERIFIED}"))
        },
    },
    Check {
        id: "two-factor/text-for-who-has-none",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "A call before the code tells a user who must have a factor and has none to set it up.",
        source: "ApiServlet.java:557-568",
        rules: &["API-AUTH-060", "API-AUTH-062"],
        run: |target| {
            let member = Member::new(target)?;
            member.user_command("updateUser", &[("mandate2fa", "true")])?;
            call(target, &member.login()?)?.expect_error_text(511, &format!("{BEGINNING}{NOT_SET_UP}"))
        },
    },
    Check {
        id: "two-factor/right-code",
        level: Must,
        profile: Core,
        needs: ON,
        requirement: "A session that shows the right code may call everything from then on.",
        source: "ApiServlet.java:537-543, ValidateUserTwoFactorAuthenticationCodeCmd.java:93-117",
        rules: &["API-AUTH-063"],
        run: |target| {
            let (member, pin) = with_pin(target)?;
            let session = member.login()?;
            let reply = validate(target, &session, &pin)?;
            reply.expect_success()?;
            reply.expect_field("success", "true")?;
            call(target, &session)?.expect_success()
        },
    },
    Check {
        id: "two-factor/verifies-one-session",
        level: Must,
        profile: Core,
        needs: ON,
        requirement: "A right code verifies the session that shows it and no other of the same user.",
        source: "ApiServlet.java:537-543",
        rules: &["API-AUTH-063"],
        run: |target| {
            let (member, pin) = with_pin(target)?;
            let (shows, waits) = (member.login()?, member.login()?);
            validate(target, &shows, &pin)?.expect_success()?;
            call(target, &waits)?.expect_error(511)
        },
    },
    Check {
        id: "two-factor/pin-stays",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "A static pin has six digits and serves for every later login.",
        source: "AccountManagerImpl.java:3615-3650",
        rules: &["API-AUTH-067"],
        run: |target| {
            let (member, pin) = with_pin(target)?;
            if pin.len() != 6 || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
                return expect_equal("setup2fa.secretcode", "six digits", pin);
            }
            for _ in 0..2 {
                validate(target, &member.login()?, &pin)?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "two-factor/wrong-code",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "A wrong code is refused with 511 and a text that is a refusal itself, encoded once more.",
        source: "ValidateUserTwoFactorAuthenticationCodeCmd.java:95-132",
        rules: &["API-AUTH-064"],
        run: |target| {
            let (member, pin) = with_pin(target)?;
            let reply = validate(target, &member.login()?, other_than(&pin))?;
            reply.expect_error(511)?;
            reply.expect_field("cserrorcode", 4295)?;
            let told = reply.error_text().unwrap_or_default();
            let inner = Node::from_json(&told).ok();
            let path = "validateusertwofactorauthenticationcoderesponse.errortext";
            let innermost = inner.and_then(|node| node.text_at(path));
            reply.expect_equal("errortext, decoded", WRONG, innermost.as_deref().unwrap_or(&told))?;
            if told == WRONG { Err(reply.mismatch("errortext", "a document", told)) } else { Ok(()) }
        },
    },
    Check {
        id: "two-factor/wrong-code-ends-the-session",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "A wrong code ends the session.",
        source: "ValidateUserTwoFactorAuthenticationCodeCmd.java:95-132, ApiServlet.java:430-433",
        rules: &["API-AUTH-064"],
        run: |target| {
            let (member, pin) = with_pin(target)?;
            let session = member.login()?;
            validate(target, &session, other_than(&pin))?.expect_error(511)?;
            validate(target, &session, &pin)?.expect_error_text(401, UNSIGNED)
        },
    },
    Check {
        id: "two-factor/no-code",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "A validation without a code is refused with 531.",
        source: "ValidateUserTwoFactorAuthenticationCodeCmd.java:95-132",
        rules: &["API-AUTH-064"],
        run: |target| {
            let session = with_pin(target)?.0.login()?;
            let reply = target.api("validateUserTwoFactorAuthenticationCode").session(&session).send()?;
            reply.expect_error_text(531, "Code for two factor authentication is required")?;
            reply.expect_field("cserrorcode", 9999)
        },
    },
    Check {
        id: "two-factor/login-drops-an-unproven-set-up",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "A login drops a set-up whose code was never seen.",
        source: "AccountManagerImpl.java:3762-3772",
        rules: &["API-AUTH-067"],
        run: |target| {
            let member = Member::new(target)?;
            set_up(target, &member.login()?, "staticpin")?.expect_success()?;
            let reply = member.login_request().send()?;
            reply.expect_success()?;
            reply.expect_field("is2faenabled", "false")
        },
    },
    Check {
        id: "two-factor/wrong-code-cancels-a-set-up",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "A wrong code cancels a set-up that it was to prove, and its session goes on.",
        source: "ValidateUserTwoFactorAuthenticationCodeCmd.java:95-132, AccountManagerImpl.java:3615-3650",
        rules: &["API-AUTH-064", "API-AUTH-067"],
        run: |target| {
            let session = Member::new(target)?.login()?;
            let pin = text(&set_up(target, &session, "staticpin")?, "setup2fa.secretcode")?;
            validate(target, &session, other_than(&pin))?.expect_error(511)?;
            call(target, &session)?.expect_success()?;
            // There is room for another one.
            set_up(target, &session, "staticpin")?.expect_success()
        },
    },
    Check {
        id: "two-factor/gate-comes-before-the-look-up",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "An unknown command before the code is refused with 511 in errorresponse.",
        source: "ApiServlet.java:361",
        rules: &["API-AUTH-068"],
        run: |target| {
            let session = with_pin(target)?.0.login()?;
            let reply = target.api("noSuchCommandAtAll").session(&session).send()?;
            reply.expect_error(511)?;
            reply.expect_envelope("errorresponse")
        },
    },
    Check {
        id: "two-factor/logout-needs-no-code",
        level: Should,
        profile: Core,
        needs: ON,
        requirement: "A session may log out before its code was seen.",
        source: "ApiServlet.java:318-344,361",
        rules: &["API-AUTH-068"],
        run: |target| {
            let session = with_pin(target)?.0.login()?;
            target.api("logout").session(&session).send()?.expect_success()
        },
    },
    Check {
        id: "two-factor/keys-need-no-code",
        level: Must,
        profile: Core,
        needs: ON,
        requirement: "A signed call of a user with a second factor needs no code.",
        source: "ApiServlet.java:361",
        rules: &["API-SIG-045"],
        run: |target| {
            let (member, _) = with_pin(target)?;
            member.signed()?().send()?.expect_success()
        },
    },
];

/// A user with a static pin that was seen once, and the pin.
fn with_pin(target: &Target) -> Result<(Member<'_>, String), Stop> {
    let member = Member::new(target)?;
    let session = member.login()?;
    let pin = text(&set_up(target, &session, "staticpin")?, "setup2fa.secretcode")?;
    validate(target, &session, &pin)?.expect_success()?;
    Ok((member, pin))
}

fn set_up(target: &Target, session: &Session, provider: &str) -> Result<Reply, Stop> {
    target.api("setupUserTwoFactorAuthentication").session(session).param("provider", provider).send()
}

fn validate(target: &Target, session: &Session, code: &str) -> Result<Reply, Stop> {
    target.api("validateUserTwoFactorAuthenticationCode").session(session).param("codefor2fa", code).send()
}

fn providers(target: &Target, session: &Session) -> Result<Reply, Stop> {
    target.api("listUserTwoFactorAuthenticatorProviders").session(session).send()
}

/// A code that is wrong.
fn other_than(pin: &str) -> &'static str {
    if pin == "000000" { "111111" } else { "000000" }
}
