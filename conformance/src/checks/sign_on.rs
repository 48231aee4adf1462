//! Other ways in: single sign-on, OAuth, SAML, and a forgotten password.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{member::Member, prelude::*};
use crate::{
    check::Capability::{self, Setting},
    wire::sign,
};

/// API-SIG-040.
const UNSIGNED: &str = "unable to verify user credentials and/or request signature";

/// The key of the recordings, which the embedded simulator is started with.
const KEY: &str = "sso-KEY-1";
const SIGNED: &[Capability] = &[Passwords, Setting("security.singlesignon.key", KEY)];

/// How far a time stamp may be off, in milliseconds, and more than that.
const TOO_FAR: i64 = 600_000;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "sign-on/signed-login",
        level: May,
        profile: ReadOnly,
        needs: SIGNED,
        requirement: "A login without a password succeeds if it is signed with the key of single sign-on.",
        source: "AccountManagerImpl.java:2799-2803,2943-3034",
        rules: &["API-AUTH-014"],
        run: |target| signed_login(target, 0)?.expect_success(),
    },
    Check {
        id: "sign-on/signature-grows-old",
        level: May,
        profile: ReadOnly,
        needs: SIGNED,
        requirement: "A login by single sign-on with a time stamp too far from now is refused with 531.",
        source: "AccountManagerImpl.java:2943-3034, Config.java:1172-1180",
        rules: &["API-AUTH-014"],
        run: |target| {
            for offset in [-TOO_FAR, TOO_FAR] {
                signed_login(target, offset)?.expect_error(531)?;
            }
            Ok(())
        },
    },
    Check {
        id: "sign-on/oauth-providers-are-public",
        level: Should,
        profile: ReadOnly,
        needs: &[Command("listOauthProvider")],
        requirement: "The list of OAuth providers asks for no credentials.",
        source: "OAuth2AuthManagerImpl.java:56-63",
        rules: &["API-AUTH-080"],
        run: |target| {
            let reply = target.api("listOauthProvider").unsigned().send()?;
            reply.expect_success()?;
            reply.expect_envelope("listoauthproviderresponse")
        },
    },
    Check {
        id: "sign-on/oauth-login-of-nobody",
        level: Should,
        profile: Core,
        needs: &[Command("listOauthProvider"), Since("4.19"), Setting("oauth2.enabled", "true")],
        requirement: "A login by OAuth with an address that no user has is refused with 531 in oauthloginresponse.",
        source: "OauthLoginAPIAuthenticatorCmd.java:116-176",
        rules: &["API-AUTH-082"],
        run: |target| {
            let nobody = format!("{}@example.invalid", target.fresh_name("nobody"));
            let reply = oauth_login(target, &nobody, "/")?;
            let text =
                "User not found in CloudStack to login. If user belongs to any domain, please provide it.";
            reply.expect_error_text(531, text)?;
            reply.expect_envelope("oauthloginresponse")
        },
    },
    Check {
        id: "sign-on/oauth-login-of-two",
        level: Should,
        profile: Core,
        needs: &[
            Command("listOauthProvider"),
            Command("createDomain"),
            Since("4.19"),
            Setting("oauth2.enabled", "true"),
        ],
        requirement: "A login by OAuth with an address that two users have is refused with 531 in oauthloginresponse.",
        source: "OauthLoginAPIAuthenticatorCmd.java:116-176",
        rules: &["API-AUTH-082"],
        run: |target| {
            let one = Member::in_a_domain(target)?;
            let _two = one.namesake()?;
            let reply = oauth_login(target, &one.email, &one.path)?;
            let text = "Multiple Users found in CloudStack. If user belongs to any specific domain, please provide it.";
            reply.expect_error_text(531, text)?;
            reply.expect_envelope("oauthloginresponse")
        },
    },
    Check {
        id: "sign-on/saml-is-unknown-when-off",
        level: Should,
        profile: ReadOnly,
        needs: &[Api, Setting("saml2.enabled", "false")],
        requirement: "While SAML is off, its commands are refused like unknown ones.",
        source: "SAML2AuthManagerImpl.java:509-532",
        rules: &["API-AUTH-080"],
        run: |target| {
            let reply = target.api("listIdps").unsigned().outside_the_envelope().send()?;
            reply.expect_error_text(401, UNSIGNED)?;
            reply.expect_envelope("errorresponse")
        },
    },
    Check {
        id: "sign-on/identity-providers-are-public",
        level: Should,
        profile: ReadOnly,
        needs: &[Api, Since("4.16"), Setting("saml2.enabled", "true")],
        requirement: "The list of identity providers asks for no credentials.",
        source: "ListIdpsCmd.java:67-88, IdpResponse.java:23-33",
        rules: &["API-AUTH-080"],
        run: |target| {
            let reply = target.api("listIdps").unsigned().send()?;
            for provider in reply.success()?.items("idp") {
                if provider.get("id").is_none() || provider.get("orgName").is_none() {
                    return Err(reply.mismatch("idp", "id and orgName", provider));
                }
            }
            reply.expect_envelope("listidpsresponse")
        },
    },
    Check {
        id: "sign-on/saml-leads-to-the-provider",
        level: Should,
        profile: Core,
        needs: &[Api, Since("4.16"), Setting("saml2.enabled", "true")],
        requirement: "A sign-on by SAML without an answer of the identity provider is sent there with 302.",
        source: "SAML2LoginAPIAuthenticatorCmd.java:156-195",
        rules: &["API-AUTH-081"],
        run: |target| {
            let reply = target.api("samlSso").unsigned().outside_the_envelope().send()?;
            reply.expect_status(302)?;
            let location = reply.answer.header("location").unwrap_or("absent");
            if location.contains("SAMLRequest=") {
                return Ok(());
            }
            Err(reply.mismatch("header location", "…SAMLRequest=…", location))
        },
    },
    Check {
        id: "sign-on/reset-is-unknown-when-off",
        level: Should,
        profile: Core,
        needs: &[Api, Since("4.20"), Setting("user.password.reset.enabled", "false")],
        requirement: "While passwords cannot be reset, the commands for it are refused like unknown ones.",
        source: "APIAuthenticationManagerImpl.java:80-83",
        rules: &["API-AUTH-090"],
        run: |target| {
            let nobody = target.fresh_name("nobody");
            for command in ["forgotPassword", "resetPassword"] {
                let request =
                    target.api(command).unsigned().outside_the_envelope().param("username", &nobody);
                let reply = request.post().send()?;
                reply.expect_error_text(401, UNSIGNED)?;
                reply.expect_envelope("errorresponse")?;
            }
            Ok(())
        },
    },
    Check {
        id: "sign-on/forgotten-password-tells-nothing",
        level: Should,
        profile: Core,
        needs: &[Command("createAccount"), Since("4.20"), Setting("user.password.reset.enabled", "true")],
        requirement: "Who forgot a password reads the same whether there is such a user or not.",
        source: "DefaultForgotPasswordAPIAuthenticatorCmd.java:95-137",
        rules: &["API-AUTH-090"],
        run: |target| {
            let member = Member::new(target)?;
            let path = format!("{}/", member.path);
            let forgot = |name: &str, path: &str| {
                let request = target.api("forgotPassword").unsigned().outside_the_envelope();
                request.param("username", name).param("domain", path).post().send()
            };
            let known = forgot(&member.name, &path)?;
            let name = target.fresh_name("nobody");
            for unknown in [forgot(&name, &path)?, forgot(&member.name, &format!("/{name}/"))?] {
                unknown.expect_status(known.status())?;
                unknown.expect_body_of(&known)?;
            }
            Ok(())
        },
    },
];

/// A login of ours without the password, signed; its time stamp is off by some milliseconds.
fn signed_login(target: &Target, offset: i64) -> Result<Reply, Stop> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let request = target.login_request()?.altered("password", "").param("timestamp", now + offset);
    let mut params = request.parameters()?;
    for (_, value) in params.iter_mut().filter(|(name, _)| name == "password") {
        value.clear();
    }
    let signature = sign::signature(KEY, &sign::canonical(&params));
    request.altered("signature", signature).post().send()
}

fn oauth_login(target: &Target, email: &str, domain: &str) -> Result<Reply, Stop> {
    let request = target.api("oauthlogin").unsigned().param("provider", "google").param("email", email);
    request.param("secretcode", "no-code").param("domain", domain).post().send()
}
