//! Sessions: logging in, calling with a session, logging out.
//!
//! Signed calls are in [`signing`](super::signing). A session is proven twice, by its cookie and by its key.

use super::prelude::*;
use crate::wire::api::Session;

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
            let cookies = reply.answer.headers_named("set-cookie");
            let cookie = cookies.iter().find(|line| line.starts_with("sessionkey=")).copied();
            let attributes = cookie.unwrap_or_default().split(';').skip(1).map(str::trim);
            if attributes.clone().any(|attribute| attribute.eq_ignore_ascii_case("HttpOnly")) {
                return Ok(());
            }
            let attributes: Vec<&str> = attributes.collect();
            Err(reply.mismatch("attributes of sessionkey", "HttpOnly", attributes.join("; ")))
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
        needs: &[Passwords],
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
        needs: &[Passwords],
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
            let session = target.login()?;
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
];

/// A harmless call with a session.
fn call(target: &Target, session: &Session) -> Result<Reply, Stop> {
    target.api("listZones").session(session).send()
}
