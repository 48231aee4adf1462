//! The bodies that many commands share: success, jobs and their results, refusals of the work itself.
//!
//! What a job does while it is pending is in [`jobs`](super::jobs), what the framework refuses in
//! [`errors`](super::errors).

use super::{prelude::*, setup};
use crate::check::Capability;

/// The cheapest job there is: the removal of a network of ours.
const NETWORKS: &[Capability] = &[Command("createNetwork"), Command("deleteNetwork")];

/// Fields of every job that has ended, with their kinds in JSON.
const FIELDS: [(&str, &str); 12] = [
    ("accountid", "string"),
    ("account", "string"),
    ("domainid", "string"),
    ("domainpath", "string"),
    ("userid", "string"),
    ("cmd", "string"),
    ("jobprocstatus", "number"),
    ("jobresultcode", "number"),
    ("created", "string"),
    ("completed", "string"),
    ("jobid", "string"),
    ("jobstatus", "number"),
];

/// What callers read in place of an internal text.
const MASKED: &str = "Internal error executing command, please contact your system administrator";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "answers/success",
        level: Must,
        profile: Core,
        needs: &[Command("registerUserData"), Command("deleteUserData")],
        requirement: "The answer to a command that tells nothing is the flag success, perhaps with a text.",
        source: "SuccessResponse.java:25-32",
        rules: &["API-RSP-050", "API-RSP-006"],
        run: |target| {
            for format in [Format::Json, Format::Xml] {
                let name = target.fresh_name("data");
                let content = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &name);
                let made =
                    target.api("registerUserData").param("name", name).param("userdata", content).send()?;
                made.expect_success()?;
                let id = made.expect_present("userdata.id")?.text().unwrap_or_default();
                let reply = target.api("deleteUserData").param("id", id).format(format).send()?;
                reply.expect_success()?;
                reply.expect_field("success", true)?;
                reply.expect_kind("success", "boolean")?;
                let others = reply.body().members().iter().map(|(name, _)| name.as_str());
                let others: Vec<&str> =
                    others.filter(|name| !["success", "displaytext"].contains(name)).collect();
                reply.expect_equal("other fields", "", others.join(" "))?;
            }
            Ok(())
        },
    },
    Check {
        id: "answers/job-has-no-wrapper",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "The fields of a job that is asked for stand in the envelope.",
        source: "ApiResponseSerializer.java:136-147,201-206",
        rules: &["API-RSP-006", "API-RSP-053"],
        run: |target| {
            let job = removed_network(target)?;
            let reply = target.api("queryAsyncJobResult").param("jobid", &job.id).send()?;
            reply.expect_field("jobid", &job.id)
        },
    },
    Check {
        id: "answers/job-fields",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "A job that has ended has its fields in the types that clients expect, and names no server.",
        source: "AsyncJobResponse.java:34-96, AsyncJobJoinDaoImpl.java:59-106",
        rules: &["API-RSP-053", "JOB-045"],
        run: |target| {
            let reply = removed_network(target)?.reply;
            for (name, kind) in FIELDS {
                reply.expect_kind(name, kind)?;
            }
            reply.expect_field("jobresulttype", "object")?;
            reply.expect_absent("managementserverid")?;
            reply.expect_absent("managementservername")
        },
    },
    Check {
        id: "answers/job-fields-in-order",
        level: Should,
        profile: Core,
        needs: NETWORKS,
        requirement: "The fields that every answer may have come last: the id of a job, then its status.",
        source: "BaseResponse.java:27-33, ApiResponseSerializer.java:228-235",
        rules: &["API-RSP-029"],
        run: |target| {
            let reply = removed_network(target)?.reply;
            let last: Vec<&str> =
                reply.body().members().iter().rev().take(2).map(|(name, _)| name.as_str()).collect();
            reply.expect_equal("the last fields, backwards", "jobstatus jobid", last.join(" "))
        },
    },
    Check {
        id: "answers/result-is-named",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "The result of a job about one thing has one member with the thing's name.",
        source: "ResponseObjectTypeAdapter.java:51-54, ApiResponseSerializer.java:286-296",
        rules: &["API-RSP-054"],
        run: |target| {
            let job = setup::us(target).stopped_machine()?.job;
            for format in [Format::Json, Format::Xml] {
                let reply =
                    target.api("queryAsyncJobResult").param("jobid", &job.id).format(format).send()?;
                let result = reply.expect_present("jobresult")?;
                let names: Vec<&str> = result.members().iter().map(|(name, _)| name.as_str()).collect();
                reply.expect_equal("the members of jobresult", "virtualmachine", names.join(" "))?;
            }
            Ok(())
        },
    },
    Check {
        id: "answers/result-of-a-success",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "The result of a job that tells nothing is the flag success, in JSON without a displaytext.",
        source: "ResponseObjectTypeAdapter.java:41-46",
        rules: &["API-RSP-055", "JOB-058"],
        run: |target| {
            let job = removed_network(target)?;
            job.reply.expect_field("jobresult.success", true)?;
            job.reply.expect_kind("jobresult.success", "boolean")?;
            job.reply.expect_absent("jobresult.displaytext")?;
            let request = target.api("queryAsyncJobResult").param("jobid", &job.id);
            request.xml().send()?.expect_field("jobresult.success", true)
        },
    },
    Check {
        id: "answers/result-names-its-job",
        level: Should,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "The thing in the result of a job carries the id of that job, as one that is pending.",
        source: "observed on a management server",
        rules: &["API-RSP-057", "JOB-065"],
        run: |target| {
            let job = setup::us(target).stopped_machine()?.job;
            job.reply.expect_field("jobstatus", 1)?;
            job.reply.expect_field("jobresult.virtualmachine.jobid", &job.id)?;
            job.reply.expect_field("jobresult.virtualmachine.jobstatus", 0)
        },
    },
    Check {
        id: "answers/things-of-a-refusal",
        level: Should,
        profile: Core,
        needs: &[Command("deleteSSHKeyPair")],
        requirement: "A refusal names the things that it is about, and their fields by another name in XML.",
        source: "ApiResponseSerializer.java:307-337, ExceptionProxyObject.java:28-29",
        rules: &["API-ERR-013"],
        run: |target| {
            let name = target.fresh_name("key");
            let ask = || target.api("deleteSSHKeyPair").param("name", &name);
            let json = ask().send()?;
            json.expect_error(431)?;
            json.expect_kind("uuidList[0].uuid", "string")?;
            json.expect_field("uuidList[0].description", "domainId")?;
            let xml = ask().xml().send()?;
            let domain = json.body().text_at("uuidList.uuid").unwrap_or_default();
            xml.expect_field("uuidList.uuid", domain)?;
            xml.expect_field("uuidList.uuidProperty", "domainId")?;
            xml.expect_absent("uuidList.description")
        },
    },
    Check {
        id: "answers/refusals-of-the-work",
        level: Must,
        profile: Core,
        needs: &[Command("deleteSSHKeyPair")],
        requirement: "What refuses the work decides the code of the refusal, and its own text is told.",
        source: "ApiServer.java:677-728",
        rules: &["API-ERR-030", "API-ERR-002"],
        run: |target| {
            let name = target.fresh_name("key");
            let reply = target.api("deleteSSHKeyPair").param("name", &name).send()?;
            reply.expect_error(431)?;
            reply.expect_field("cserrorcode", 4350)?;
            let text = reply.error_text().unwrap_or_default();
            let start: String = format!("A key pair with name '{name}' does not exist for account ");
            if text.starts_with(&start) {
                return Ok(());
            }
            Err(reply.mismatch("errortext", format!("{start}…"), text))
        },
    },
    Check {
        id: "answers/internal-texts-are-masked",
        level: Must,
        profile: Core,
        needs: &[SecondUser],
        requirement: "The text of an internal error is not told to an ordinary user.",
        source: "ApiServer.java:698-728, BaseCmd.java:106",
        rules: &["API-ERR-031", "JOB-018"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            // No page has a negative size, which is noticed where it hurts (API-ERR-044).
            let reply = user.api("listUsers").param("page", 1).param("pagesize", -2).send()?;
            reply.expect_error_text(530, MASKED)
        },
    },
    Check {
        id: "answers/other-texts-are-told",
        level: Must,
        profile: Core,
        needs: &[SecondUser],
        requirement: "The text that refuses a value is told to an ordinary user.",
        source: "ApiServer.java:698-728",
        rules: &["API-ERR-031"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            let reply = user.api("listUsers").param("pagesize", 1).send()?;
            reply.expect_error_text(431, "\"page\" parameter is required when \"pagesize\" is specified")
        },
    },
    Check {
        id: "answers/refusal-without-a-text",
        level: Should,
        profile: Core,
        needs: &[Command("uploadSslCert")],
        requirement: "An internal error that has no text has no errortext.",
        source: "ExceptionResponse.java:43-45, ApiServer.java:1629-1632",
        rules: &["API-ERR-032"],
        run: |target| {
            let request = target.api("uploadSslCert").param("name", target.fresh_name("certificate"));
            let request = request.param("certificate", "not a certificate").param("privatekey", "x");
            let reply = request.send()?;
            reply.expect_error(530)?;
            reply.expect_absent("errortext")
        },
    },
];

/// The job of the removal of a network of ours, once it has ended.
fn removed_network(target: &Target) -> Result<crate::wire::job::Job, Stop> {
    let network = setup::us(target).network()?;
    setup::act(target, "deleteNetwork", &network)
}
