//! The unauthenticated port: who calls there, how it reads requests, how it answers.
//!
//! It is another web server than that of the signed port, and reads and writes differently.

use super::{prelude::*, setup};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "integration/has-its-setting",
        level: Should,
        profile: ReadOnly,
        needs: &[Integration, Command("listConfigurations")],
        requirement: "The integration port is open only while the setting integration.api.port names a port.",
        source: "ApiServer.java:254-260,438-447,1477-1488",
        rules: &["API-INT-001"],
        run: |target| {
            // Whether it is open, is seen by calling; whoever speaks there is no business of this check.
            target.api("listZones").integration().send()?;
            let request = target.api("listConfigurations").param("name", "integration.api.port");
            let reply = request.send()?;
            let value = reply.success()?.items("configuration").first().and_then(|one| one.text_at("value"));
            let value = value.unwrap_or_else(|| "absent".to_owned());
            if value.parse::<i64>().is_ok_and(|port| port > 0) {
                return Ok(());
            }
            Err(reply.mismatch("configuration[0].value", "the number of a port, since one is open", value))
        },
    },
    Check {
        id: "integration/asks-nobody",
        level: Should,
        profile: ReadOnly,
        needs: &[Integration],
        requirement: "A call on the integration port runs without keys, session or signature.",
        source: "ApiServer.java:571-574",
        rules: &["API-INT-002"],
        run: |target| target.api("listUsers").integration().send()?.expect_success(),
    },
    Check {
        id: "integration/any-path-and-method",
        level: Should,
        profile: ReadOnly,
        needs: &[Integration],
        requirement: "On the integration port a command runs under any path and by GET, POST, PUT, DELETE, PATCH and HEAD.",
        source: "ApiServer.java:517",
        rules: &["API-INT-003"],
        run: |target| {
            let request = || target.api("listZones").integration();
            for path in ["/", "/whatever/else"] {
                request().path(path).send()?.expect_success()?;
            }
            for method in ["POST", "PUT", "DELETE", "PATCH"] {
                request().method(method).send()?.expect_success()?;
            }
            let reply = request().method("HEAD").send()?;
            reply.expect_status(200)?;
            reply.expect_equal("body", "", reply.answer.text())?;
            let reply = request().method("FOO").send()?;
            reply.expect_status(501)?;
            reply.expect_equal("body", "FOO method not supported", reply.answer.text())
        },
    },
    Check {
        id: "integration/query-alone",
        level: Should,
        profile: ReadOnly,
        needs: &[Integration],
        requirement: "The integration port reads the query and no body, with `&` and `;` between parameters.",
        source: "ApiServer.java:517-549",
        rules: &["API-INT-003"],
        run: |target| {
            let refusal = "Invalid request, no command sent";
            let form = target.api("listZones").integration().xml().post();
            form.send()?.expect_error_text(432, refusal)?;
            let plain = target.api("listApis").param("name", "listZones").integration().send()?;
            plain.expect_items("api", 1)?;
            let query = |query: &str| target.api("listApis").integration().raw_query(query);
            query("command=listApis;response=json&name=listZones").send()?.expect_body_of(&plain)?;
            let broken = query("command=listApis&response=json&name=%zz").xml();
            broken.send()?.expect_error_text(432, refusal)
        },
    },
    Check {
        id: "integration/first-of-a-name",
        level: Should,
        profile: ReadOnly,
        needs: &[Integration],
        requirement: "Of two parameters with one name on the integration port the first counts.",
        source: "ApiServer.java:530-549",
        rules: &["API-INT-004"],
        run: |target| {
            let plain = target.api("listApis").param("name", "listZones").integration().send()?;
            plain.expect_items("api", 1)?;
            let twice = "command=listApis&response=json&name=listZones&name=listUsers";
            target.api("listApis").integration().raw_query(twice).send()?.expect_body_of(&plain)
        },
    },
    Check {
        id: "integration/formats",
        level: Should,
        profile: ReadOnly,
        needs: &[Integration],
        requirement: "On the integration port `response` counts in any case, its value only as json or xml exactly.",
        source: "ApiServer.java:530-549",
        rules: &["API-INT-004"],
        run: |target| {
            let query = |query: &str| target.api("listZones").integration().raw_query(query);
            query("command=listZones&RESPONSE=json").send()?.expect_success()?;
            for other in ["JSON", "yaml", ""] {
                query(&format!("command=listZones&response={other}")).xml().send()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "integration/headers",
        level: Should,
        profile: ReadOnly,
        needs: &[Integration],
        requirement: "Replies of the integration port have a date, their type and the end of the connection as headers.",
        source: "ApiServer.java:1437-1463,1485-1506",
        rules: &["API-INT-005"],
        run: |target| {
            let request = || target.api("listZones").integration();
            for (reply, kind) in [
                (request().send()?, "application/json; charset=UTF-8"),
                (request().xml().send()?, "text/xml"),
                (target.api("noSuchCommandAtAll").integration().xml().send()?, "text/xml"),
            ] {
                reply.expect_header("content-type", kind)?;
                let connection = reply.answer.header("connection").unwrap_or("absent").to_ascii_lowercase();
                reply.expect_equal("header connection", "close", connection)?;
                if reply.answer.header("date").is_none() {
                    return Err(reply.mismatch("header date", "a date", "absent"));
                }
                for absent in ["content-length", "transfer-encoding", "x-content-type-options", "vary"] {
                    reply.expect_no_header(absent)?;
                }
            }
            Ok(())
        },
    },
    Check {
        id: "integration/reason-is-the-text",
        level: May,
        profile: ReadOnly,
        needs: &[Integration],
        requirement: "The reason phrase of a refusal on the integration port is its text.",
        source: "ApiServer.java:580",
        rules: &["API-INT-006"],
        run: |target| {
            let reply = target.api("noSuchCommandAtAll").integration().send()?;
            reply.expect_error(432)?;
            reply.expect_equal("reason", "Unknown API command: noSuchCommandAtAll", &reply.answer.reason)
        },
    },
    Check {
        id: "integration/no-logins",
        level: May,
        profile: ReadOnly,
        needs: &[Integration],
        requirement: "A login on the integration port is answered with 200 and an internal error.",
        source: "ApiServer.java:636-638,1446-1453",
        rules: &["API-INT-008"],
        run: |target| {
            let reply = target.api("login").integration().xml().send()?;
            reply.expect_status(200)?;
            reply.expect_equal("body", "<error>Internal Server Error</error>", reply.answer.text())
        },
    },
    Check {
        id: "integration/no-passwords",
        level: Should,
        profile: Core,
        needs: &[
            Integration,
            Command("createDomain"),
            Command("createAccount"),
            Command("registerUserKeys"),
            Command("deleteAccount"),
            Command("deleteDomain"),
        ],
        requirement: "A password is refused with 531 on the integration port.",
        source: "ApiServer.java:556-568, UpdateUserCmd.java:62-67",
        rules: &["API-INT-009"],
        run: |target| {
            // Of a user that was made for this: a target that takes the password has changed it.
            let member = setup::member(target)?;
            for name in ["password", "currentpassword"] {
                let request = target.api("updateUser").param("id", &member.user).integration();
                let reply = request.param(name, "not-the-password").send()?;
                let text = format!("Parameter {name} can't be passed through the API integration port");
                reply.expect_error_text(531, &text)?;
            }
            Ok(())
        },
    },
    Check {
        id: "integration/no-version",
        level: Should,
        profile: ReadOnly,
        needs: &[Integration, Since("4.21")],
        requirement: "XML of the integration port does not name the version of the target.",
        source: "ApiResponseSerializer.java:180-184",
        rules: &["API-INT-010", "JOB-005"],
        run: |target| {
            let reply = target.api("listZones").integration().xml().send()?;
            reply.expect_success()?;
            match reply.attributes.first() {
                None => Ok(()),
                Some((name, value)) => {
                    Err(reply.mismatch("root element", "no attributes", format!("{name}={value}")))
                }
            }
        },
    },
    Check {
        id: "integration/internal-texts",
        level: Should,
        profile: ReadOnly,
        needs: &[Integration],
        requirement: "An internal error says on the integration port what went wrong.",
        source: "ApiDispatcher.java:698-728, ApiGsonHelper.java:63-83",
        rules: &["API-INT-010"],
        run: |target| {
            // A page of less than nothing is more than the database can bear.
            let request = target.api("listUsers").param("page", 1).param("pagesize", -2).integration();
            let reply = request.send()?;
            reply.expect_error(530)?;
            let masked = "Internal error executing command, please contact your system administrator";
            match reply.error_text() {
                Some(text) if text != masked => Ok(()),
                text => Err(reply.mismatch("errortext", "what went wrong", text.unwrap_or_default())),
            }
        },
    },
];
