//! What every reply has in common: envelope, content type, codes.
//!
//! Most of these rules are judged by the client on every reply of every check
//! ([`wire::envelope`](crate::wire::envelope)); the checks here provoke the usual kinds of reply and report what was
//! filed under their ids.

use super::prelude::*;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "envelope/one-member",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A reply is one object with exactly one member.",
        source: "ApiResponseSerializer.java:88-169",
        rules: &["API-RSP-001"],
        run: usual_replies,
    },
    Check {
        id: "envelope/well-formed",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A reply is well-formed in the format that was asked for.",
        source: "ApiResponseSerializer.java:88-214",
        rules: &["API-RSP-001", "API-RSP-002"],
        run: usual_replies,
    },
    Check {
        id: "envelope/name",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The envelope has the response name of the command.",
        source: "BaseCmd.java:296-298, ApiServer.java:1568-1650",
        rules: &["API-RSP-004", "API-ERR-012"],
        run: usual_replies,
    },
    Check {
        id: "envelope/content-type",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The content type of a reply is that of the format that was asked for, in errors too.",
        source: "HttpUtils.java:43-44,80-94",
        rules: &["API-HTTP-020", "API-HTTP-021"],
        run: usual_replies,
    },
    Check {
        id: "envelope/status-equals-errorcode",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The status of an error is its errorcode.",
        source: "ApiServlet.java:416-433",
        rules: &["API-HTTP-024"],
        run: usual_replies,
    },
    Check {
        id: "envelope/known-errorcode",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An errorcode is one of the API's closed table.",
        source: "ApiErrorCode.java:23-42",
        rules: &["API-ERR-001"],
        run: usual_replies,
    },
    Check {
        id: "envelope/no-cross-origin-headers",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "No reply carries a header of cross-origin resource sharing.",
        source: "no occurrence in the server sources",
        rules: &["API-HTTP-005"],
        run: |target| {
            target.api("listZones").header("Origin", "https://elsewhere.example").send()?;
            usual_replies(target)
        },
    },
    Check {
        id: "envelope/default-is-xml",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A reply is XML unless the parameter response says json in any case.",
        source: "ApiServlet.java:257-266",
        rules: &["API-REQ-010"],
        run: |target| {
            for response in [None, Some(""), Some("yaml"), Some("XML")] {
                let reply = target.api("listZones").response(response).send()?;
                reply.expect_header("content-type", "text/xml;charset=utf-8")?;
            }
            let reply = target.api("listZones").response(Some("JsoN")).send()?;
            reply.expect_header("content-type", "application/json;charset=utf-8")
        },
    },
    Check {
        id: "envelope/same-facts-in-both-formats",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "XML says what JSON says.",
        source: "ApiResponseSerializer.java:228-351",
        rules: &["API-RSP-005", "API-RSP-022"],
        run: |target| {
            for command in ["listCapabilities", "listZones", "listUsers"] {
                let json = target.api(command).json().send()?;
                let xml = target.api(command).xml().send()?;
                json.expect_success()?;
                xml.expect_success()?;
                xml.expect_facts_of(&json)?;
            }
            Ok(())
        },
    },
    Check {
        id: "envelope/empty-list",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A list without elements has neither count nor array.",
        source: "ApiResponseSerializer.java:100-135",
        rules: &["API-RSP-012"],
        run: |target| {
            let nothing = "no zone has this name, as far as anybody knows";
            let reply = target.api("listZones").param("name", nothing).send()?;
            reply.expect_success()?;
            match reply.body().members() {
                [] => Ok(()),
                members => Err(reply.mismatch("listzonesresponse", "{}", Node::Object(members.to_vec()))),
            }
        },
    },
    Check {
        id: "envelope/unknown-parameters-are-ignored",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A parameter that no command knows changes nothing but the signature.",
        source: "ParamGenericValidationWorker.java:78-107",
        rules: &["API-REQ-009", "API-REQ-011", "JOB-024"],
        run: |target| {
            let plain = target.api("listZones").send()?;
            for_all(target, &(unknown_name(), text(12)), |(name, value)| {
                target.api("listZones").param(name, value).param("_", 17).send()?.expect_body_of(&plain)
            })
        },
    },
    Check {
        id: "envelope/version-is-for-known-callers",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys, Since("4.21")],
        requirement: "The version attribute of the XML root is not shown to a caller who is not known.",
        source: "ApiResponseSerializer.java:180-184",
        rules: &["API-RSP-003", "API-SIG-046", "JOB-005"],
        run: |target| {
            let reply = target.api("listZones").unsigned().xml().send()?;
            reply.expect_error(401)?;
            match reply.attributes.iter().find(|(name, _)| name == "cloud-stack-version") {
                None => Ok(()),
                Some((name, value)) => Err(reply.mismatch(format!("attribute {name}"), "absent", value)),
            }
        },
    },
];

/// An identifier that nothing has.
const NOTHING: &str = "6e6f7468-696e-4720-8973-206e616d6564";

/// Provokes a list, an object, a refusal and errors in both formats, then reports what was filed under the check
/// at hand.
fn usual_replies(target: &Target) -> Result<(), Stop> {
    target.facts()?;
    for format in [Format::Json, Format::Xml] {
        target.api("listZones").format(format).send()?;
        target.api("listCapabilities").format(format).send()?;
        target.api("listZones").format(format).unsigned().send()?;
        target.api("queryAsyncJobResult").format(format).send()?;
        target.api("queryAsyncJobResult").param("jobid", NOTHING).format(format).send()?;
    }
    match target.filed().into_iter().find(|(check, _)| *check == target.check()) {
        Some((_, mismatch)) => Err(mismatch.into()),
        None => Ok(()),
    }
}
