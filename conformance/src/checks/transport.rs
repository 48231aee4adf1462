//! Methods, headers and what never reaches the API.
//!
//! What the container refuses comes as a page for people, not in an envelope. How parameters are read from what
//! passes is in [`parameters`](super::parameters).

use super::prelude::*;
use crate::wire::http::Url;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "transport/path-of-the-api",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The API answers at its path as it is, without a slash at the end.",
        source: "ServerDaemon.java:98-107, client/src/main/webapp/WEB-INF/web.xml:57-60",
        rules: &["API-HTTP-001"],
        run: |target| {
            let request = target.api("listZones").outside_the_envelope();
            let path = api_path(target)?;
            request.path(&path).send()?.expect_success()
        },
    },
    Check {
        id: "transport/path-is-spelt-exactly",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The path of the API in another letter case is not found.",
        source: "client/src/main/webapp/WEB-INF/web.xml:57-60",
        rules: &["API-HTTP-002"],
        run: |target| {
            let path = api_path(target)?;
            let start = path.rfind('/').map_or(0, |slash| slash + 1);
            let other = format!("{}{}", &path[..start], path[start..].to_ascii_uppercase());
            let request = target.api("listZones").path(&other).outside_the_envelope();
            request.send()?.expect_status(404)
        },
    },
    Check {
        id: "transport/connections-are-kept",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A connection is kept open for further requests.",
        source: "ServerDaemon.java:194-195,248-255,274-276",
        rules: &["API-HTTP-004"],
        run: |target| {
            let first = target.api("listZones").send()?;
            let second = target.api("listZones").send()?;
            if first.answer.connection == second.answer.connection {
                return Ok(());
            }
            Err(second.mismatch("connection", "that of the request before", "another one"))
        },
    },
    Check {
        id: "transport/tells-nothing-of-itself",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A reply names neither the server nor the time.",
        source: "ServerDaemon.java:194-195",
        rules: &["API-HTTP-004"],
        run: |target| {
            let reply = target.api("listZones").send()?;
            reply.expect_success()?;
            reply.expect_no_header("server")?;
            reply.expect_no_header("date")
        },
    },
    Check {
        id: "transport/path-may-go-on",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "What follows the path of the API after a slash is ignored.",
        source: "client/src/main/webapp/WEB-INF/web.xml:57-60",
        rules: &["API-HTTP-002"],
        run: |target| {
            for suffix in ["/", "/anything/else"] {
                target.api("listZones").suffix(suffix).send()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "transport/head",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "HEAD is answered like GET, without the body but with its length.",
        source: "javax.servlet.http.HttpServlet, of which ApiServlet is one",
        rules: &["API-HTTP-011"],
        run: |target| {
            let got = target.api("listZones").send()?;
            got.expect_success()?;
            let reply = target.api("listZones").method("HEAD").outside_the_envelope().send()?;
            reply.expect_status(200)?;
            reply.expect_equal("body", "", reply.answer.text())?;
            reply.expect_header("content-length", &got.answer.body.len().to_string())
        },
    },
    Check {
        id: "transport/other-methods",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "PUT and DELETE are refused with 405, TRACE with 403, PATCH and unknown methods with 501.",
        source: "javax.servlet.http.HttpServlet, of which ApiServlet is one",
        rules: &["API-HTTP-012"],
        run: |target| {
            for (method, status) in
                [("PUT", 405), ("DELETE", 405), ("TRACE", 403), ("PATCH", 501), ("FOO", 501), ("get", 501)]
            {
                let reply = target.api("listZones").method(method).outside_the_envelope().send()?;
                reply.expect_status(status)?;
                reply.expect_no_header("allow")?;
            }
            let reply = target.api("listZones").method("OPTIONS").outside_the_envelope().send()?;
            reply.expect_status(200)?;
            reply.expect_header("allow", "GET, HEAD, POST, TRACE, OPTIONS")
        },
    },
    Check {
        id: "transport/only-forms-are-read",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A body of another content type than that of a form is ignored.",
        source: "client/src/main/webapp/WEB-INF/web.xml:45-49",
        rules: &["API-HTTP-013"],
        run: |target| {
            let query = target.api("listZones").query()?;
            for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
                let request = target.api("listZones").raw_query(&query).header("Content-Type", kind);
                request.form_param("unsigned", "x").send()?.expect_success()?;
            }
            let boundary = "multipart/form-data; boundary=x";
            let part = "--x\r\nContent-Disposition: form-data; name=\"unsigned\"\r\n\r\nx\r\n--x--\r\n";
            for (kind, body) in [("application/json", r#"{"unsigned":"x"}"#), (boundary, part)] {
                let request = target.api("listZones").method("POST").header("Content-Type", kind);
                request.raw_body(body).send()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "transport/get-has-no-form",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The body of a GET is ignored.",
        source: "Jetty's Request, which extracts forms of POST and PUT alone",
        rules: &["API-HTTP-014"],
        run: |target| {
            let query = target.api("listZones").query()?;
            let request = target.api("listZones").raw_query(&query).method("GET");
            request.form_param("unsigned", "x").send()?.expect_success()
        },
    },
    Check {
        id: "transport/security-headers",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Every reply has the security headers, and one line for each content security policy.",
        source: "HttpUtils.java:54-78",
        rules: &["API-HTTP-022"],
        run: |target| {
            for reply in [target.api("listZones").send()?, target.api("listZones").unsigned().send()?] {
                reply.expect_header("x-content-type-options", "nosniff")?;
                reply.expect_header("x-xss-protection", "1;mode=block")?;
                // A comma within a line is another thing than two lines.
                let policies = reply.answer.headers_named("content-security-policy").join(" | ");
                let expected = "1 | default-src=none | script-src=self | connect-src=self | img-src=self | \
                                style-src=self";
                reply.expect_equal("header content-security-policy", expected, policies)?;
            }
            Ok(())
        },
    },
    Check {
        id: "transport/no-caching-headers",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The reply to an ordinary call does not say how long it may be kept.",
        source: "no occurrence in the server sources",
        rules: &["API-HTTP-028"],
        run: |target| {
            let reply = target.api("listZones").send()?;
            reply.expect_success()?;
            for name in ["cache-control", "expires", "pragma", "etag", "last-modified"] {
                reply.expect_no_header(name)?;
            }
            Ok(())
        },
    },
    Check {
        id: "transport/compressed-on-request",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A success is compressed with gzip for a caller who accepts it.",
        source: "ServerDaemon.java:298-303",
        rules: &["API-HTTP-026"],
        run: |target| {
            let plain = target.api("listApis").send()?;
            let reply = target.api("listApis").header("Accept-Encoding", "gzip").send()?;
            reply.expect_header("content-encoding", "gzip")?;
            reply.expect_body_of(&plain)
        },
    },
    Check {
        id: "transport/not-compressed-unasked",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A reply is not compressed for a caller who does not say that it accepts it.",
        source: "ServerDaemon.java:298-303",
        rules: &["API-HTTP-026"],
        run: |target| {
            let reply = target.api("listApis").send()?;
            reply.expect_success()?;
            reply.expect_no_header("content-encoding")
        },
    },
    Check {
        id: "transport/errors-are-not-compressed",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An error is never compressed.",
        source: "ServerDaemon.java:298-303",
        rules: &["API-HTTP-026"],
        run: |target| {
            let reply = target.api("queryAsyncJobResult").header("Accept-Encoding", "gzip").send()?;
            reply.expect_error(431)?;
            reply.expect_no_header("content-encoding")
        },
    },
    Check {
        id: "transport/long-request-line",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A request line of more than 8192 bytes is refused with 414 or 431 outside the envelope.",
        source: "ServerDaemon.java:192",
        rules: &["API-HTTP-031"],
        run: |target| {
            let request = target.api("listZones").param("filler", "2".repeat(9000));
            expect_page(&request.outside_the_envelope().send()?, &[414, 431])
        },
    },
    Check {
        id: "transport/large-form",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A form of more than 1048576 bytes is refused outside the envelope.",
        source: "ServerDaemon.java:85-88,207-208,295-296",
        rules: &["API-HTTP-032", "API-HTTP-036"],
        run: |target| {
            let request = target.api("listZones").param("filler", "2".repeat(1_048_576)).post();
            expect_page(&request.outside_the_envelope().send()?, &[400, 404])
        },
    },
    Check {
        id: "transport/many-form-keys",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A form of more than 5000 parameters is refused outside the envelope.",
        source: "ServerDaemon.java:85-88,207-208,295-296",
        rules: &["API-HTTP-032", "API-HTTP-036"],
        run: |target| {
            let request = (0..5001).fold(target.api("listZones"), |request, number| {
                request.form_param(&format!("filler{number}"), "")
            });
            expect_page(&request.outside_the_envelope().send()?, &[400, 404])
        },
    },
    Check {
        id: "transport/bad-escapes",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A percent sign without two hexadecimal digits is refused outside the envelope.",
        source: "Jetty's UrlEncoded, which ApiServlet reads parameters through",
        rules: &["API-HTTP-033", "API-HTTP-036"],
        run: |target| {
            let query = target.api("listZones").query()?;
            for escape in ["%", "%zz", "%4", "%u0041"] {
                let request = target.api("listZones").raw_query(&format!("{query}&unknown={escape}"));
                expect_page(&request.outside_the_envelope().send()?, &[400, 404])?;
            }
            Ok(())
        },
    },
];

/// The path of the API without a slash at its end.
fn api_path(target: &Target) -> Result<String, Stop> {
    let url = Url::parse(target.endpoint().ok_or(Stop::Unsupported(Api))?)?;
    Ok(url.path.trim_end_matches('/').to_owned())
}

/// Refused by the container: a page for people with one of these statuses.
fn expect_page(reply: &Reply, statuses: &[u16]) -> Result<(), Stop> {
    if !statuses.contains(&reply.status()) {
        let expected: Vec<String> = statuses.iter().map(ToString::to_string).collect();
        return Err(reply.mismatch("status", expected.join(" or "), reply.status()));
    }
    let kind = reply.answer.header("content-type").unwrap_or("absent");
    if kind.starts_with("text/html") {
        return Ok(());
    }
    Err(reply.mismatch("header content-type", "text/html", kind))
}
