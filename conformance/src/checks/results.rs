//! What is left of a job that is over: its dates, its result, and what of it who may see.
//!
//! What a job tells while it is pending is in [`jobs`](super::jobs), the bodies of results in
//! [`answers`](super::answers).

use super::{prelude::*, setup};
use crate::check::Capability;

/// Deletes an unused network of ours: the cheapest job there is.
const NETWORKS: &[Capability] = &[Command("createNetwork"), Command("deleteNetwork")];

/// The fields of a job in the order of their declaration (AsyncJobResponse.java, BaseResponse.java).
const ORDER: [&str; 18] = [
    "accountid",
    "account",
    "domainid",
    "domainpath",
    "userid",
    "cmd",
    "jobprocstatus",
    "jobresultcode",
    "jobresulttype",
    "jobresult",
    "jobinstancetype",
    "jobinstanceid",
    "managementserverid",
    "managementservername",
    "created",
    "completed",
    "jobid",
    "jobstatus",
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "results/ends-after-it-begins",
        level: Should,
        profile: Core,
        needs: NETWORKS,
        requirement: "A job was completed when its result was stored, which is not before it was created.",
        source: "AsyncJobManagerImpl.java:392-394",
        rules: &["JOB-041"],
        run: |target| {
            let network = setup::us(target).network()?;
            let job = setup::act(target, "deleteNetwork", &network)?;
            let at = |name: &str| -> Result<String, Stop> {
                Ok(job.reply.expect_present(name)?.text().unwrap_or_default())
            };
            let (created, completed) = (at("created")?, at("completed")?);
            // Both are of one zone and one length, so that texts compare as times do.
            if completed < created {
                return Err(job.reply.mismatch("completed", format!("{created} or later"), completed));
            }
            let again = target.api("queryAsyncJobResult").param("jobid", &job.id).send()?;
            again.expect_field("completed", completed)
        },
    },
    Check {
        id: "results/order-of-fields",
        level: Should,
        profile: Core,
        needs: NETWORKS,
        requirement: "The fields of a job stand in the order of their declaration.",
        source: "AsyncJobResponse.java:34-96, BaseResponse.java:27-33",
        rules: &["JOB-047"],
        run: |target| {
            let network = setup::us(target).network()?;
            let reply = setup::act(target, "deleteNetwork", &network)?.reply;
            let names: Vec<&str> = reply.body().members().iter().map(|(name, _)| name.as_str()).collect();
            let declared: Vec<&str> = ORDER.into_iter().filter(|name| names.contains(name)).collect();
            let known: Vec<&str> = names.into_iter().filter(|name| ORDER.contains(name)).collect();
            reply.expect_equal("the order of the fields", declared.join(" "), known.join(" "))
        },
    },
    Check {
        id: "results/failure-in-xml",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "The result of a failed job has its code and its text as elements in XML.",
        source: "ApiResponseSerializer.java:285-296",
        rules: &["JOB-060"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let job = setup::act(target, "rebootVirtualMachine", &machine.id)?;
            job.expect_failure(431)?;
            let reply = target.api("queryAsyncJobResult").param("jobid", &job.id).xml().send()?;
            let result = reply.expect_present("jobresult")?;
            let names: Vec<&str> = result.members().iter().map(|(name, _)| name.as_str()).collect();
            reply.expect_equal("the elements of jobresult", "errorcode errortext", names.join(" "))?;
            reply.expect_field("jobresult.errorcode", 431)?;
            let text = job.result.text_at("errortext").unwrap_or_default();
            reply.expect_field("jobresult.errortext", text)
        },
    },
    Check {
        id: "results/texts-of-failures-are-told",
        level: Must,
        profile: Core,
        needs: &[SecondUser, Command("createNetwork"), Command("deployVirtualMachine")],
        requirement: "The text of a job that failed by an internal error is told to an ordinary user.",
        source: "ApiAsyncJobDispatcher.java:119-134",
        rules: &["JOB-018"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            let machine = user.stopped_machine()?;
            let reply = user.api("deleteNetwork").param("id", machine.network).send()?;
            reply.expect_success()?;
            reply.finish_job()?.expect_failure_text(530, "Failed to delete network")
        },
    },
    Check {
        id: "results/fields-of-their-reader",
        level: Should,
        profile: Core,
        needs: &[RootAdmin, Command("createNetwork"), Command("deployVirtualMachine")],
        requirement: "The result of a job has the fields that whoever asks for it may see, whoever submitted it.",
        source: "ApiResponseGsonHelper.java:58-83, ApiResponseSerializer.java:253-270",
        rules: &["JOB-066"],
        run: |target| {
            let member = setup::member(target)?;
            let job = member.caller.stopped_machine()?.job;
            let field = "jobresult.virtualmachine.displayvm";
            let theirs = member.api("queryAsyncJobResult").param("jobid", &job.id).send()?;
            theirs.expect_present("jobresult.virtualmachine.id")?;
            theirs.expect_absent(field)?;
            let ours = target.api("queryAsyncJobResult").param("jobid", &job.id).send()?;
            ours.expect_field(field, true)
        },
    },
];
