//! Sessions: logging in, calling with a session, logging out.
//!
//! Signed calls are in [`signing`](super::signing). A session is proven twice, by its cookie and by its key.

use super::{
    member::{Member, call},
    prelude::*,
};
use crate::{
    check::Capability::Setting,
    wire::api::{ApiRequest, Session},
};

/// API-SIG-040.
const UNSIGNED: &str = "unable to verify user credentials and/or request signature";

/// API-AUTH-031.
const UNPROVEN: &str = "unable to verify user credentials";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "login/parameters-may-stand-in-the-query",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A login by POST is answered with 200 wherever in the request its parameters stand.",
        source: "DefaultLoginAPIAuthenticatorCmd.java:107-138, test/integration/smoke/test_login.py:61-75",
        rules: &["API-AUTH-001", "API-AUTH-002", "API-HTTP-010"],
        run: |target| {
            target.login_request()?.post().send()?.expect_success()?;
            target.login_request()?.method("POST").send()?.expect_success()
        },
    },
    Check {
        id: "login/command-in-any-case",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "The name of the command login is matched in any letter case.",
        source: "APIAuthenticationManagerImpl.java:100-116",
        rules: &["API-AUTH-001", "API-REQ-008"],
        run: |target| {
            let request = target.login_request()?.altered("command", "LogIn").post();
            request.send()?.expect_success()
        },
    },
    Check {
        id: "login/get-is-refused",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A login by GET is refused with 405 and a bare text without an envelope.",
        source: "DefaultLoginAPIAuthenticatorCmd.java:107-109, ApiServlet.java:312-316,344",
        rules: &["API-AUTH-002"],
        run: |target| {
            let reply = target.login_request()?.outside_the_envelope().send()?;
            reply.expect_status(405)?;
            let text = "Please use HTTP POST to authenticate using this API";
            reply.expect_equal("body", text, reply.answer.text())
        },
    },
    Check {
        id: "login/wrong-password",
        level: Must,
        profile: Core,
        needs: &[Passwords],
        requirement: "A login with a wrong password is refused with 531 in loginresponse.",
        source: "ApiServer.java:1312, DefaultLoginAPIAuthenticatorCmd.java:156-170",
        rules: &["API-AUTH-011", "API-ERR-014"],
        run: |target| {
            let request = target.login_request()?.altered("password", "not-the-password").post();
            let reply = request.send()?;
            // A login resets the counter that would lock the user out (API-AUTH-015).
            target.login()?;
            reply.expect_error(531)?;
            reply.expect_envelope("loginresponse")
        },
    },
    Check {
        id: "login/refusal-tells-nothing",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "The refusal of an unknown user reads like that of a wrong password.",
        source: "DefaultLoginAPIAuthenticatorCmd.java:156-170",
        rules: &["API-AUTH-011"],
        run: |target| {
            let nobody = target.fresh_name("nobody");
            let reply = target.login_request()?.altered("username", &nobody).post().send()?;
            reply.expect_error(531)?;
            reply.expect_absent("cserrorcode")?;
            let text = reply.error_text().unwrap_or_default();
            let start = format!("Failed to authenticate user {nobody} in domain ");
            if text.starts_with(&start) && text.ends_with("; please provide valid credentials") {
                return Ok(());
            }
            let expected = format!("{start}…; please provide valid credentials");
            Err(reply.mismatch("errortext", expected, text))
        },
    },
    Check {
        id: "login/fields-stand-in-the-envelope",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "The fields of a login stand directly in loginresponse.",
        source: "ApiServer.java:1148-1214, ApiResponseSerializer.java:136-147",
        rules: &["API-AUTH-004", "API-RSP-006"],
        run: |target| {
            let reply = target.login_request()?.post().send()?;
            reply.expect_envelope("loginresponse")?;
            for field in ["username", "userid", "domainid", "timeout", "account", "type", "sessionkey"] {
                reply.expect_present(field)?;
            }
            Ok(())
        },
    },
    Check {
        id: "login/values-are-texts",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "Every value of a login but timeout is a text, even where it holds a number or a flag.",
        source: "LoginCmdResponse.java:25-91",
        rules: &["API-AUTH-004", "API-RSP-021"],
        run: |target| {
            let reply = target.login_request()?.post().send()?;
            for (name, _) in reply.success()?.members() {
                reply.expect_kind(name, if name == "timeout" { "number" } else { "string" })?;
            }
            reply.expect_kind("type", "string")
        },
    },
    Check {
        id: "login/form-of-session-keys",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A session key is 20 bytes in base64url without padding.",
        source: "ApiServer.java:1302-1308",
        rules: &["API-AUTH-005"],
        run: |target| {
            let reply = target.login_request()?.post().send()?;
            let key = reply.session()?.key;
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            if key.len() == 27 && key.bytes().all(is_plain) {
                return Ok(());
            }
            Err(reply.mismatch("sessionkey", "27 characters of A-Z a-z 0-9 - _", key))
        },
    },
    Check {
        id: "login/two-cookies",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A login sets two cookies: JSESSIONID, with the id of the session, and sessionkey.",
        source: "ApiServlet.java:292-311",
        rules: &["API-AUTH-006"],
        run: |target| {
            let reply = target.login_request()?.post().send()?;
            let session = reply.session()?;
            for name in ["JSESSIONID", "sessionkey"] {
                if !session.cookies.iter().any(|(other, _)| other == name) {
                    return Err(reply.mismatch("header set-cookie", name, session.cookie()));
                }
            }
            let key = session.cookies.iter().find(|(name, _)| name == "sessionkey");
            reply.expect_equal("cookie sessionkey", &session.key, key.map_or("", |(_, key)| key))
        },
    },
    Check {
        id: "login/key-cookie-is-hidden-from-scripts",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "The cookie of the session key has the attribute HttpOnly.",
        source: "ApiServlet.java:308-311,448-462",
        rules: &["API-AUTH-006", "API-AUTH-007"],
        run: |target| {
            let reply = target.login_request()?.post().send()?;
            expect_attribute(&reply, "sessionkey", "HttpOnly")
        },
    },
    Check {
        id: "login/ends-the-session-before",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A login ends the session that came with it.",
        source: "ApiServlet.java:288-300",
        rules: &["API-AUTH-010"],
        run: |target| {
            let before = target.login()?;
            let request = target.login_request()?.header("Cookie", &before.cookie()).post();
            request.send()?.expect_success()?;
            call(target, &before)?.expect_error(401)
        },
    },
    Check {
        id: "login/session-replaces-the-signature",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A call that brings a session and its key needs no signature.",
        source: "ApiServer.java:967-969, HttpUtils.java:120-157",
        rules: &["API-AUTH-030"],
        run: |target| call(target, &target.login()?)?.expect_success(),
    },
    Check {
        id: "login/key-as-a-parameter-is-compulsory",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords, Since("4.19.2")],
        requirement: "A call that brings the session key as a cookie alone is refused with 401.",
        source: "HttpUtils.java:120-157, ApiServer.java:342-349",
        rules: &["API-AUTH-030", "API-AUTH-031"],
        run: |target| {
            let session = target.login()?;
            let request = target.api("listZones").unsigned().header("Cookie", &session.cookie());
            request.send()?.expect_error_text(401, UNPROVEN)
        },
    },
    Check {
        id: "login/key-as-a-cookie-is-compulsory",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords, Since("4.19.2")],
        requirement: "A call that brings the session key as a parameter alone is refused with 401.",
        source: "HttpUtils.java:120-157, ApiServer.java:342-349",
        rules: &["API-AUTH-030", "API-AUTH-031"],
        run: |target| {
            let mut session = target.login()?;
            session.cookies.retain(|(name, _)| name != "sessionkey");
            call(target, &session)?.expect_error_text(401, UNPROVEN)
        },
    },
    Check {
        id: "login/wrong-key-ends-the-session",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A call with a wrong session key ends the session.",
        source: "ApiServlet.java:620-633",
        rules: &["API-AUTH-031"],
        run: |target| {
            let session = target.login()?;
            let wrong = Session { key: flip_case(&session.key, &[true; 27]), ..session.clone() };
            call(target, &wrong)?.expect_error_text(401, UNPROVEN)?;
            call(target, &session)?.expect_error(401)
        },
    },
    Check {
        id: "login/session-goes-before-the-signature",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords, ApiKeys],
        requirement: "A signed call that brings a session without its key is refused with 401.",
        source: "ApiServlet.java:383-397",
        rules: &["API-SIG-044"],
        run: |target| {
            // Before 4.19.2 the key as a cookie would do.
            let mut session = target.login()?;
            session.cookies.retain(|(name, _)| name != "sessionkey");
            let request = target.api("listZones").header("Cookie", &session.cookie());
            request.send()?.expect_error_text(401, UNPROVEN)
        },
    },
    Check {
        id: "login/unknown-session-is-none",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A call that brings an unknown session is judged by its signature.",
        source: "ApiServlet.java:259,351,398-400",
        rules: &["API-AUTH-032", "API-AUTH-033"],
        run: |target| {
            let request = || target.api("listZones").header("Cookie", "JSESSIONID=node0nobody17.node0");
            request().send()?.expect_success()?;
            request().unsigned().send()?.expect_error_text(401, UNSIGNED)
        },
    },
    Check {
        id: "login/nothing-else-opens-a-session",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A signed call sets no cookie.",
        source: "ApiServlet.java:259,351",
        rules: &["API-AUTH-033"],
        run: |target| target.api("listZones").send()?.expect_no_header("set-cookie"),
    },
    Check {
        id: "login/logout-ends-the-session",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A session does not work after its logout.",
        source: "DefaultLogoutAPIAuthenticatorCmd.java:57-63, ApiServlet.java:318-344",
        rules: &["API-AUTH-040"],
        run: |target| {
            let session = target.login()?;
            target.api("logout").session(&session).send()?.expect_success()?;
            call(target, &session)?.expect_error(401)
        },
    },
    Check {
        id: "login/logout-needs-no-key",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A logout without the session key is answered with 200 and the description success.",
        source: "DefaultLogoutAPIAuthenticatorCmd.java:57-63, ApiServlet.java:318-344",
        rules: &["API-AUTH-040"],
        run: |target| {
            let mut session = target.login()?;
            session.cookies.retain(|(name, _)| name != "sessionkey");
            let reply = target.api("logout").unsigned().header("Cookie", &session.cookie()).send()?;
            reply.expect_success()?;
            reply.expect_field("description", "success")
        },
    },
    Check {
        id: "login/logout-without-a-session",
        level: Should,
        profile: ReadOnly,
        needs: &[Api],
        requirement: "A logout without a session is refused with 431 in logoutresponse.",
        source: "ApiServlet.java:318-321",
        rules: &["API-AUTH-041"],
        run: |target| {
            let reply = target.api("logout").unsigned().send()?;
            reply.expect_error_text(431, "Session not found for the logout process.")?;
            reply.expect_envelope("logoutresponse")
        },
    },
    Check {
        id: "login/logout-expires-cookies",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A logout sends an expired copy of every cookie that came.",
        source: "ApiServlet.java:318-344",
        rules: &["API-AUTH-040"],
        run: |target| {
            let session = target.login()?;
            let reply = target.api("logout").session(&session).send()?;
            reply.expect_success()?;
            let lines = reply.answer.headers_named("set-cookie");
            for (name, _) in &session.cookies {
                let start = format!("{name}=;");
                if !lines.iter().any(|line| line.starts_with(&start) && line.contains("Max-Age=0")) {
                    return Err(reply.mismatch(
                        "header set-cookie",
                        format!("{start} … Max-Age=0"),
                        lines.join(", "),
                    ));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "login/failure-ends-the-session-before",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A login that is refused ends the session that came with it.",
        source: "ApiServlet.java:288-300, DefaultLoginAPIAuthenticatorCmd.java:156-157",
        rules: &["API-AUTH-010"],
        run: |target| {
            let before = target.login()?;
            let request = target.login_request()?.altered("username", target.fresh_name("nobody"));
            request.header("Cookie", &before.cookie()).post().send()?.expect_error(531)?;
            call(target, &before)?.expect_error(401)
        },
    },
    Check {
        id: "login/empty-password",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A login with an empty password and no signature is refused with 531.",
        source: "AccountManagerImpl.java:2799-2803,2943-3034",
        rules: &["API-AUTH-011", "API-AUTH-014"],
        run: |target| target.login_request()?.altered("password", "").post().send()?.expect_error(531),
    },
    Check {
        id: "login/domain-path-is-completed",
        level: Must,
        profile: Core,
        needs: &[Command("createDomain"), Command("createAccount")],
        requirement: "The path of a domain may lack the slash at either end.",
        source: "DefaultLoginAPIAuthenticatorCmd.java:113-138,174-189, DomainManagerImpl.java:307-323",
        rules: &["API-AUTH-003"],
        run: |target| {
            let member = Member::in_a_domain(target)?;
            let bare = member.path.trim_matches('/');
            for path in [bare.to_owned(), format!("/{bare}"), format!("{bare}/"), format!("/{bare}/")] {
                by_path(target, &member, &path).send()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "login/domain-id-goes-over-the-path",
        level: Must,
        profile: Core,
        needs: &[Command("createDomain"), Command("createAccount")],
        requirement: "A login that names its domain by identifier and by path means the identifier.",
        source: "DefaultLoginAPIAuthenticatorCmd.java:113-138",
        rules: &["API-AUTH-003"],
        run: |target| {
            let member = Member::in_a_domain(target)?;
            for name in ["domainid", "domainId"] {
                by_path(target, &member, "/no/such/domain")
                    .param(name, &member.domain)
                    .send()?
                    .expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "login/domain-is-root-by-default",
        level: Must,
        profile: ReadOnly,
        needs: &[Api],
        requirement: "A login that names no domain, an empty path or a number below one means the root domain.",
        source: "DefaultLoginAPIAuthenticatorCmd.java:113-138,174-189",
        rules: &["API-AUTH-003"],
        run: |target| {
            let nobody = target.fresh_name("nobody");
            let refusal = |more: &[(&str, &str)]| {
                let request = stranger(target, &nobody);
                more.iter().fold(request, |request, (name, value)| request.param(name, value)).send()
            };
            // The refusal tells the number of the domain.
            let root = refusal(&[("domain", "/")])?;
            root.expect_error(531)?;
            let text = root.error_text().unwrap_or_default();
            let others: &[&[(&str, &str)]] =
                &[&[], &[("domain", "")], &[("domainid", "0")], &[("domainid", "-1")]];
            for other in others {
                refusal(other)?.expect_error_text(531, &text)?;
            }
            Ok(())
        },
    },
    Check {
        id: "login/unknown-domain-path",
        level: Must,
        profile: ReadOnly,
        needs: &[Api],
        requirement: "A login to an unknown path is refused with 531 and a text that names the path, completed.",
        source: "DefaultLoginAPIAuthenticatorCmd.java:119-153",
        rules: &["API-AUTH-003", "API-AUTH-012"],
        run: |target| {
            let path = target.fresh_name("nowhere");
            let reply = stranger(target, "nobody").param("domain", &path).send()?;
            reply.expect_error_text(531, &format!("Unable to find the domain from the path /{path}/"))?;
            reply.expect_envelope("loginresponse")
        },
    },
    Check {
        id: "login/bad-domain-id",
        level: Must,
        profile: ReadOnly,
        needs: &[Api],
        requirement: "A login to a domain that is neither a number nor an identifier is refused with 401.",
        source: "DefaultLoginAPIAuthenticatorCmd.java:119-153",
        rules: &["API-AUTH-012"],
        run: |target| {
            let reply = stranger(target, "nobody").param("domainid", "no-id").send()?;
            reply.expect_error_text(401, "Invalid domain id entered, please enter a valid one")?;
            reply.expect_envelope("loginresponse")
        },
    },
    Check {
        id: "login/unknown-domain-number",
        level: Must,
        profile: ReadOnly,
        needs: &[Api],
        requirement: "A login to an unknown number of a domain is refused with 531 and a text of its own.",
        source: "DefaultLoginAPIAuthenticatorCmd.java:119-153",
        rules: &["API-AUTH-012"],
        run: |target| {
            let reply = stranger(target, "nobody").param("domainid", 2_000_000_000).send()?;
            reply.expect_error_text(531, "Unable to find the domain from the path null")
        },
    },
    Check {
        id: "login/xml-names-no-version",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords, Since("4.21")],
        requirement: "The answer to a login in XML does not name the version.",
        source: "ApiResponseSerializer.java:180-184",
        rules: &["API-AUTH-017"],
        run: |target| {
            for username in [None, Some(target.fresh_name("nobody"))] {
                let request = target.login_request()?.xml().post();
                let request = match username {
                    Some(username) => request.altered("username", username),
                    None => request,
                };
                let reply = request.send()?;
                if let Some((name, value)) = reply.attributes.first() {
                    return Err(reply.mismatch("loginresponse", "no attribute", format!("{name}={value}")));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "login/key-cookie-has-no-path",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "The cookie of the session key names no path, so that it goes to the API alone.",
        source: "ApiServlet.java:308-311,448-462",
        rules: &["API-AUTH-006"],
        run: |target| {
            let reply = target.login_request()?.post().send()?;
            let line = cookie_line(&reply, "sessionkey");
            match attributes(line).find(|attribute| attribute.to_ascii_lowercase().starts_with("path")) {
                None => Ok(()),
                Some(path) => Err(reply.mismatch("attributes of sessionkey", "no path", path)),
            }
        },
    },
    Check {
        id: "login/same-site",
        level: Should,
        profile: ReadOnly,
        needs: &[Passwords, Since("4.19.2"), Setting("api.sessionkey.cookie.samesite", "Strict")],
        requirement: "Where the setting says Strict, the cookie of the session key has SameSite=Strict.",
        source: "ApiServlet.java:448-462, ApiServer.java:333-340",
        rules: &["API-AUTH-007"],
        run: |target| {
            let reply = target.login_request()?.post().send()?;
            expect_attribute(&reply, "sessionkey", "SameSite=Strict")
        },
    },
    Check {
        id: "login/secure-session-cookie",
        level: Should,
        profile: ReadOnly,
        needs: &[Passwords, Setting("enable.secure.session.cookie", "true")],
        requirement: "Where the setting says so, a login sets one cookie of the session, Secure and HttpOnly.",
        source: "ApiServlet.java:294-299",
        rules: &["API-AUTH-008"],
        run: |target| {
            let reply = target.login_request()?.post().send()?;
            let lines = reply.answer.headers_named("set-cookie");
            let count = lines.iter().filter(|line| line.starts_with("JSESSIONID=")).count();
            reply.expect_equal("cookies JSESSIONID", 1, count)?;
            for attribute in ["Secure", "HttpOnly"] {
                expect_attribute(&reply, "JSESSIONID", attribute)?;
            }
            Ok(())
        },
    },
    Check {
        id: "login/session-id-counts-whole",
        level: Should,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A session id with characters added is no session.",
        source: "HttpUtils.java:124-129",
        rules: &["API-AUTH-032"],
        run: |target| {
            let mut session = target.login()?;
            for (_, id) in session.cookies.iter_mut().filter(|(name, _)| name == "JSESSIONID") {
                let (start, node) = id.split_once('.').unwrap_or((id, ""));
                *id = format!("{start}xx.{node}");
            }
            call(target, &session)?.expect_error_text(401, UNSIGNED)
        },
    },
];

/// A login of somebody whom nobody knows.
fn stranger<'t>(target: &'t Target, username: &str) -> ApiRequest<'t> {
    target.api("login").unsigned().param("username", username).param("password", "no-password").post()
}

/// A login that names the domain by path.
fn by_path<'t>(target: &'t Target, member: &Member<'_>, path: &str) -> ApiRequest<'t> {
    let request = target.api("login").unsigned().param("username", &member.name);
    request.param("password", &member.password).param("domain", path).post()
}

/// The line that sets a cookie.
fn cookie_line<'r>(reply: &'r Reply, name: &str) -> &'r str {
    let lines = reply.answer.headers_named("set-cookie");
    let of_that_name = |line: &&str| line.split_once('=').is_some_and(|(other, _)| other == name);
    lines.into_iter().find(of_that_name).unwrap_or_default()
}

/// What stands behind the value of a cookie.
fn attributes(line: &str) -> impl Iterator<Item = &str> {
    line.split(';').skip(1).map(str::trim)
}

fn expect_attribute(reply: &Reply, cookie: &str, expected: &str) -> Result<(), Stop> {
    let line = cookie_line(reply, cookie);
    if attributes(line).any(|attribute| attribute.eq_ignore_ascii_case(expected)) {
        return Ok(());
    }
    let found: Vec<&str> = attributes(line).collect();
    Err(reply.mismatch(format!("attributes of {cookie}"), expected, found.join("; ")))
}
