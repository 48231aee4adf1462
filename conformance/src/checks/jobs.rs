//! Asynchronous jobs: what is answered when one is accepted, while it is pending and when it has ended.
//!
//! The jobs are those of networks and machines that the checks make. What a machine does is in
//! [`machines`](super::machines).

use super::{prelude::*, setup};
use crate::wire::job::Job;

/// Deletes an unused network of ours: the cheapest job there is.
const NETWORKS: &[crate::check::Capability] = &[Command("createNetwork"), Command("deleteNetwork")];

/// What says who submitted a job.
const SUBMITTER: &[&str] = &["accountid", "account", "domainid", "domainpath", "userid"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "jobs/answer-is-the-job",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "The answer to an accepted job is its id and nothing else.",
        source: "ApiServer.java:738-745,842-844",
        rules: &["JOB-001", "API-RSP-051"],
        run: |target| {
            let reply = submitted(target)?;
            let names: Vec<&str> = reply.body().members().iter().map(|(name, _)| name.as_str()).collect();
            reply.expect_equal("the fields", "jobid", names.join(" "))?;
            reply.finish_job()?;
            Ok(())
        },
    },
    Check {
        id: "jobs/created-thing-keeps-its-id",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "The id in the answer to a creation is that of the thing in the result of the job.",
        source: "ApiServer.java:747-754,839-841, CreateCmdResponse.java:24-35",
        rules: &["JOB-002", "API-RSP-052"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            machine.answer.expect_field("id", &machine.id)
        },
    },
    Check {
        id: "jobs/pending-has-no-result",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "A pending job has no result.",
        source: "AsyncJobJoinDaoImpl.java:91-102",
        rules: &["JOB-036"],
        run: |target| {
            while_pending(&submitted(target)?, |pending| {
                pending.expect_absent("jobresult")?;
                pending.expect_absent("jobresulttype")
            })
        },
    },
    Check {
        id: "jobs/pending-is-not-completed",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "A pending job has no time of completion.",
        source: "AsyncJobJoinDaoImpl.java:67-68",
        rules: &["JOB-040"],
        run: |target| while_pending(&submitted(target)?, |pending| pending.expect_absent("completed")),
    },
    Check {
        id: "jobs/pending-is-listed",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "A pending job is in the list of jobs.",
        source: "AsyncJobManagerImpl.java:394, QueryManagerImpl.java:3117-3200",
        rules: &["JOB-071", "JOB-074"],
        run: |target| {
            while_pending(&submitted(target)?, |pending| {
                let id = pending.body().text_at("jobid").unwrap_or_default();
                let list = target.api("listAsyncJobs").send()?;
                if is_listed(&list, &id)? {
                    return Ok(());
                }
                // It may have ended between the two questions.
                let now = target.api("queryAsyncJobResult").param("jobid", &id).send()?;
                match now.success()?.text_at("jobstatus").as_deref() {
                    Some("0") => Err(list.mismatch("asyncjobs", format!("job {id}"), "absent")),
                    _ => Ok(()),
                }
            })
        },
    },
    Check {
        id: "jobs/finished-is-not-listed",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "A finished job is not in the list of jobs.",
        source: "AsyncJobManagerImpl.java:394, GenericDaoBase.java:1517-1528",
        rules: &["JOB-071"],
        run: |target| {
            let job = submitted(target)?.finish_job()?;
            let list = target.api("listAsyncJobs").send()?;
            let listed = is_listed(&list, &job.id)?;
            list.expect_equal("whether the job is listed", false, listed)
        },
    },
    Check {
        id: "jobs/status-is-a-number",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "The status of a job is a number.",
        source: "JobInfo.java:25-26, AsyncJobJoinDaoImpl.java:70",
        rules: &["JOB-032", "API-RSP-053"],
        run: |target| submitted(target)?.finish_job()?.reply.expect_kind("jobstatus", "number"),
    },
    Check {
        id: "jobs/command-is-a-class",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "A job names the class of its command with its package.",
        source: "ApiServer.java:825,1407-1434",
        rules: &["JOB-038"],
        run: |target| {
            let reply = submitted(target)?.finish_job()?.reply;
            let class = reply.expect_present("cmd")?.text().unwrap_or_default();
            let is_class = class.contains('.') && class.contains("DeleteNetworkCmd");
            if is_class { Ok(()) } else { Err(reply.mismatch("cmd", "a class DeleteNetworkCmd", class)) }
        },
    },
    Check {
        id: "jobs/name-their-submitter",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "A job says which account and user submitted it.",
        source: "AsyncJobJoinDaoImpl.java:61-65, ApiServer.java:825",
        rules: &["JOB-039"],
        run: |target| {
            let reply = submitted(target)?.finish_job()?.reply;
            SUBMITTER.iter().try_for_each(|name| reply.expect_present(name).map(|_| ()))
        },
    },
    Check {
        id: "jobs/dates",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "The dates of a job have the form 2030-01-02T03:04:05+0000.",
        source: "BaseCmd.java:108, ApiResponseGsonHelper.java:37",
        rules: &["JOB-040", "API-RSP-023"],
        run: |target| {
            let reply = submitted(target)?.finish_job()?.reply;
            for name in ["created", "completed"] {
                let date = reply.expect_present(name)?.text().unwrap_or_default();
                if !is_date(&date) {
                    return Err(reply.mismatch(name, "a date like 2030-01-02T03:04:05+0000", date));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "jobs/failure-answers-200",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "The question for a failed job is answered with 200.",
        source: "QueryAsyncJobResultCmd.java:37-61",
        rules: &["JOB-030", "API-RSP-056"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let reply = target.api("rebootVirtualMachine").param("id", &machine.id).send()?;
            let id = reply.success()?.text_at("jobid").unwrap_or_default();
            // The client's own wait would not accept another status, so the questions are put here.
            reply.watch_job(|pending| pending.expect_status(200))?;
            target.api("queryAsyncJobResult").param("jobid", id).send()?.expect_status(200)
        },
    },
    Check {
        id: "jobs/failure-code",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "The result code of a failed job is the error code in its result.",
        source: "ApiAsyncJobDispatcher.java:131-136",
        rules: &["JOB-061", "JOB-035"],
        run: |target| {
            let reply = failed(target)?.reply;
            let code = reply.expect_present("jobresult.errorcode")?.text().unwrap_or_default();
            reply.expect_field("jobresultcode", code)
        },
    },
    Check {
        id: "jobs/failure-is-code-and-text",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "The result of a failed job is an error code with its text and nothing else.",
        source: "ResponseObjectTypeAdapter.java:47-50, ApiAsyncJobDispatcher.java:131-136",
        rules: &["JOB-059", "API-RSP-056"],
        run: |target| {
            let job = failed(target)?;
            let names: Vec<&str> = job.result.members().iter().map(|(name, _)| name.as_str()).collect();
            job.reply.expect_equal("the fields of jobresult", "errorcode errortext", names.join(" "))
        },
    },
    Check {
        id: "jobs/result-is-frozen",
        level: Should,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deployVirtualMachine"), Command("updateVirtualMachine")],
        requirement: "The result of a job does not follow later changes of the thing in it.",
        source: "AsyncJobManagerImpl.java:365-396",
        rules: &["JOB-067"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let change = target.api("updateVirtualMachine").param("id", &machine.id);
            change.param("displayname", target.fresh_name("other")).send()?.expect_success()?;
            target
                .api("queryAsyncJobResult")
                .param("jobid", &machine.job.id)
                .send()?
                .expect_body_of(&machine.job.reply)
        },
    },
    Check {
        id: "jobs/finished-stays-finished",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "A finished job is answered in the same words whenever it is asked for.",
        source: "AsyncJobManagerImpl.java:356-363,545-554",
        rules: &["JOB-033", "JOB-053"],
        run: |target| {
            let job = submitted(target)?.finish_job()?;
            for _ in 0..2 {
                let again = target.api("queryAsyncJobResult").param("jobid", &job.id).send()?;
                again.expect_body_of(&job.reply)?;
            }
            Ok(())
        },
    },
    Check {
        id: "jobs/unknown-id",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An unknown job is refused with 431 and the text for values of parameters.",
        source: "ParamProcessWorker.java:505-567",
        rules: &["JOB-048", "JOB-011"],
        run: |target| {
            let unknown = "00000000-1111-4222-8333-444444444444";
            let reply = target.api("queryAsyncJobResult").param("jobid", unknown).send()?;
            reply.expect_unknown("queryAsyncJobResult", "jobid", unknown)
        },
    },
    Check {
        id: "jobs/id-in-upper-case",
        level: Should,
        profile: Core,
        needs: NETWORKS,
        requirement: "A job is found by its id in upper case too.",
        source: "ParamProcessWorker.java:543-549",
        rules: &["JOB-007", "JOB-023"],
        run: |target| {
            let job = submitted(target)?.finish_job()?;
            let request = target.api("queryAsyncJobResult").param("jobid", job.id.to_uppercase());
            request.send()?.expect_field("jobid", &job.id)
        },
    },
    Check {
        id: "jobs/of-another-account",
        level: Must,
        profile: Core,
        needs: &[SecondUser, Command("createNetwork"), Command("deleteNetwork")],
        requirement: "A user who asks for a job of another account is refused with 531.",
        source: "ApiResponseHelper.java:2314-2320",
        rules: &["JOB-051"],
        run: |target| {
            let job = submitted(target)?.finish_job()?;
            let user = setup::ordinary_user(target)?;
            user.api("queryAsyncJobResult").param("jobid", &job.id).send()?.expect_error(531)
        },
    },
    Check {
        id: "jobs/chosen-id",
        level: Should,
        profile: Core,
        needs: NETWORKS,
        requirement: "A job has the id that its submitter chose.",
        source: "ApiServer.java:821-823, UUIDManagerImpl.java:61-94",
        rules: &["JOB-008", "API-PAR-035"],
        run: |target| {
            let chosen = uuid_of(&target.fresh_name("job"));
            let network = setup::us(target).network()?;
            let request = target.api("deleteNetwork").param("id", network).param("customjobid", &chosen);
            let reply = request.send()?;
            reply.finish_job()?;
            reply.expect_field("jobid", chosen)
        },
    },
    Check {
        id: "jobs/of-the-same-account",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createUser"), Command("createNetwork"), Command("deleteNetwork")],
        requirement: "A user may ask for the jobs of another user of the account.",
        source: "ApiResponseHelper.java:2311-2319",
        rules: &["JOB-054"],
        run: |target| {
            let member = setup::member(target)?;
            let network = member.caller.network()?;
            let job = member.api("deleteNetwork").param("id", network).send()?.finish_job()?;
            let other = setup::another_user(target, &member)?;
            let reply = other.api("queryAsyncJobResult").param("jobid", &job.id).send()?;
            reply.expect_field("jobid", &job.id)
        },
    },
    Check {
        id: "jobs/of-another-domain",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createDomain"), Command("createAccount"), Command("deleteNetwork")],
        requirement: "A domain administrator who asks for a job from above the domain is refused with 531.",
        source: "ApiResponseHelper.java:2321-2323, DomainChecker.java:136-232",
        rules: &["JOB-052"],
        run: |target| {
            let job = submitted(target)?.finish_job()?;
            let administrator = setup::newcomer(target, None, ("accounttype", "2"))?.caller;
            administrator.api("queryAsyncJobResult").param("jobid", &job.id).send()?.expect_error(531)
        },
    },
    Check {
        id: "jobs/empty-id",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An empty id of a job is refused with 431 as a bad value, not as a missing one.",
        source: "ParamProcessWorker.java:201-203, 128-134",
        rules: &["JOB-050"],
        run: |target| {
            let reply = target.api("queryAsyncJobResult").param("jobid", "").send()?;
            reply.expect_error_text(431, "Invalid value provided for API arg: jobid")
        },
    },
    Check {
        id: "jobs/none-without-its-parameters",
        level: Must,
        profile: Core,
        needs: &[Command("deleteNetwork")],
        requirement: "A job that lacks a parameter is refused at once with 431 and a text that names both.",
        source: "ParamProcessWorker.java:186-197",
        rules: &["JOB-010"],
        run: |target| {
            target.api("deleteNetwork").send()?.expect_error_text(
                431,
                "Unable to execute API command deletenetwork due to missing parameter id",
            )
        },
    },
    Check {
        id: "jobs/fields-of-a-finished-one",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "A finished job tells its id, no progress of a process, no error, and that its result is an object.",
        source: "AsyncJobJoinDaoImpl.java:59-106",
        rules: &["JOB-031", "JOB-034", "JOB-035", "JOB-037", "JOB-046", "JOB-057"],
        run: |target| {
            let job = submitted(target)?.finish_job()?;
            job.reply.expect_envelope("queryasyncjobresultresponse")?;
            job.reply.expect_field("jobid", &job.id)?;
            job.reply.expect_field("jobprocstatus", 0)?;
            job.reply.expect_field("jobresultcode", 0)?;
            job.reply.expect_field("jobresulttype", "object")?;
            job.reply.expect_kind("jobresult.success", "boolean")
        },
    },
    Check {
        id: "jobs/networks-are-not-named",
        level: Should,
        profile: Core,
        needs: NETWORKS,
        requirement: "A job about a network says that it is about a `Network`, without the identifier.",
        source: "cloud.async_job_view.sql",
        rules: &["JOB-043"],
        run: |target| {
            let job = submitted(target)?.finish_job()?;
            job.reply.expect_field("jobinstancetype", "Network")?;
            job.reply.expect_absent("jobinstanceid")
        },
    },
    Check {
        id: "jobs/oldest-first",
        level: Must,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deleteNetwork"), Command("listAsyncJobs"), PendingJobs],
        requirement: "Pending jobs are listed under `asyncjobs`, oldest first, and found by a part of their class.",
        source: "QueryManagerImpl.java:3117-3200, AsyncJobJoinDaoImpl.java:104",
        rules: &["JOB-070", "JOB-073", "JOB-075"],
        run: |target| {
            let (older, newer) = (submitted(target)?, submitted(target)?);
            let list = target.api("listAsyncJobs").param("keyword", "DeleteNetwork").send()?;
            let other = target.api("listAsyncJobs").param("keyword", "StartVM").send()?;
            let (first, second) = (older.finish_job()?.id, newer.finish_job()?.id);
            let ours = |list: &Reply| -> Result<Vec<String>, Stop> {
                let ids =
                    list.success()?.items("asyncjobs").into_iter().filter_map(|job| job.text_at("jobid"));
                Ok(ids.filter(|id| *id == first || *id == second).collect())
            };
            let listed = ours(&list)?;
            if listed.len() < 2 && !ours(&other)?.contains(&first) {
                return Err(Stop::Unsupported(PendingJobs));
            }
            list.expect_equal("the order of our jobs", format!("{first} {second}"), listed.join(" "))?;
            other.expect_equal("our jobs of another class", "", ours(&other)?.join(" "))
        },
    },
    Check {
        id: "jobs/no-internal-ones-are-listed",
        level: Should,
        profile: Core,
        needs: NETWORKS,
        requirement: "Every listed job is one of a command, none is the server's own.",
        source: "QueryManagerImpl.java:3139,3170",
        rules: &["JOB-072"],
        run: |target| {
            let job = submitted(target)?;
            let list = target.api("listAsyncJobs").param("listall", true).send()?;
            job.finish_job()?;
            for one in list.success()?.items("asyncjobs") {
                let class = one.text_at("cmd").unwrap_or_default();
                let name = class.rsplit('.').next().unwrap_or_default();
                if !name.contains("Cmd") {
                    return Err(list.mismatch("asyncjobs.cmd", "the class of a command", class));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "jobs/finished-leave-their-things",
        level: Should,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "A machine is not listed with a job that is over.",
        source: "ApiServer.java:853-908, cloud.user_vm_view.sql",
        rules: &["JOB-078", "ENT-007"],
        run: |target| {
            let us = setup::us(target);
            let machine = us.stopped_machine()?;
            let list = us.listed(&machine.id)?;
            list.expect_field("virtualmachine.id", &machine.id)?;
            list.expect_absent("virtualmachine.jobid")?;
            list.expect_absent("virtualmachine.jobstatus")
        },
    },
];

/// An accepted job that deletes an unused network of ours.
fn submitted(target: &Target) -> Result<Reply, Stop> {
    let network = setup::us(target).network()?;
    let reply = target.api("deleteNetwork").param("id", network).send()?;
    reply.expect_success()?;
    Ok(reply)
}

/// A job that has failed: a machine that does not run was to be rebooted.
fn failed(target: &Target) -> Result<Job, Stop> {
    let machine = setup::us(target).stopped_machine()?;
    let job = setup::act(target, "rebootVirtualMachine", &machine.id)?;
    if job.succeeded { Err(job.reply.mismatch("jobstatus", "2", "1")) } else { Ok(job) }
}

/// Judges every answer that a job is pending. A job that is over at once cannot be judged.
fn while_pending(submitted: &Reply, judge: impl Fn(&Reply) -> Result<(), Stop>) -> Result<(), Stop> {
    let mut seen = false;
    submitted.watch_job(|pending| {
        seen = true;
        judge(pending)
    })?;
    if seen { Ok(()) } else { Err(Stop::Unsupported(PendingJobs)) }
}

fn is_listed(list: &Reply, job: &str) -> Result<bool, Stop> {
    Ok(list.success()?.items("asyncjobs").iter().any(|one| one.text_at("jobid").as_deref() == Some(job)))
}

pub(super) fn is_date(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let form = "dddd-dd-ddTdd:dd:ddsdddd";
    text.len() == form.len()
        && text.is_ascii()
        && form.chars().zip(text.chars()).all(|(kind, character)| match kind {
            'd' => digits(&character.to_string()),
            's' => matches!(character, '+' | '-'),
            other => character == other,
        })
}

/// A UUID that follows from a name that nobody else uses.
fn uuid_of(name: &str) -> String {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    for byte in name.bytes() {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    let digits = format!("{hash:032x}");
    format!("{}-{}-4{}-8{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
}
