//! How jobs look: pending, done, failed, and with what result (JOB-030 to -058).

use super::TOLD;
use crate::api::caller::Caller;
use crate::api::{error, release};
use crate::catalog;
use crate::quirk::Quirk;
use crate::reply::{Object, Reply, Value};
use crate::world::World;
use crate::world::job::Progress;
use crate::world::table::Id;

/// How a job looks (JOB-030 to -047).
pub(crate) fn view(world: &World, id: Id) -> Option<Object> {
    let job = world.jobs.get(id)?;
    let user = world.users.get(job.user);
    let account = world.accounts.get(job.account);
    let domain = account.and_then(|account| world.domains.get(account.domain));
    let is_admin = Caller::of_user(world, job.user).is_some_and(Caller::is_root_admin);
    let class = catalog::command(job.command).map(|command| command.class_name(is_admin));
    let pending = !job.is_done();
    // What a restart ended still names the server that it was on (JOB-045).
    let names_server =
        (pending || job.progress == Progress::Cancelled || world.sins(Quirk::FinishedJobsNameTheirServer))
            && class.is_some();
    let mut object = Object::named("asyncjobs")
        .with("accountid", account.map(|account| account.uuid))
        .with("account", account.map(|account| account.name.as_str()))
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domainpath", domain.map(|domain| domain.shown_path()))
        .with("userid", user.map(|user| user.uuid))
        .with("cmd", if world.sins(Quirk::JobShowsTheCommandName) { Some(job.command) } else { class })
        .with("jobprocstatus", i64::from(job.is_done() && world.sins(Quirk::JobsShowTheirProgress)))
        .with(
            "jobresultcode",
            match job.progress {
                Progress::Failed { code, .. } if !world.sins(Quirk::ResultCodeIsZero) => code,
                Progress::Cancelled => 530,
                _ => 0,
            },
        );
    if world.sins(Quirk::JobsNameNobody) {
        object.fields.retain(|field| field.name == "cmd" || field.name.starts_with("job"));
    }
    match &job.progress {
        Progress::Queued | Progress::Running if world.sins(Quirk::PendingJobsHaveAResult) => {
            object.push("jobresult", Object::new());
        }
        Progress::Queued | Progress::Running | Progress::Cancelled => {}
        Progress::Succeeded(_) if job.polls == TOLD => {}
        Progress::Succeeded(reply) => {
            if let Some(result) = result_tree(world, reply, job.command) {
                object.push("jobresulttype", "object");
                object.push("jobresult", result);
            }
        }
        Progress::Failed { code, text } => {
            let has_default = !world.sins(Quirk::FailuresHaveNoDefaultText);
            let text = match text.as_deref() {
                Some(_) if !is_admin && world.sins(Quirk::JobTextsAreMasked) => Some(error::MASKED),
                None if has_default => Some("Command failed due to Internal Server Error"),
                text => text,
            };
            object.push("jobresulttype", "object");
            let class = world.sins(Quirk::FailedJobsHaveAClass).then_some(4350);
            let result = Object::new().with("errorcode", *code).with("cserrorcode", class);
            object.push("jobresult", result.with("errortext", text));
        }
    }
    let status: Value = match job.progress {
        Progress::Queued | Progress::Running => 0.into(),
        Progress::Succeeded(_) => 1.into(),
        Progress::Failed { .. } | Progress::Cancelled => 2.into(),
    };
    let status = match status {
        Value::Integer(number) if world.sins(Quirk::JobStatusIsText) => number.to_string().into(),
        other => other,
    };
    let mut object = object
        .with("jobinstancetype", job.instance_type)
        .with("jobinstanceid", job.instance)
        .with("managementserverid", names_server.then_some(world.management_server))
        .with("managementservername", names_server.then_some("localhost"))
        .with("created", job.created)
        .with(
            "completed",
            match job.completed {
                Some(_) if world.sins(Quirk::JobsEndBeforeTheyBegin) => Some(job.created.plus_millis(-5000)),
                None if world.sins(Quirk::PendingJobsAreCompleted) => Some(job.created),
                completed => completed,
            },
        )
        .with("jobid", job.uuid)
        .with("jobstatus", status);
    if world.sins(Quirk::JobFieldsComeFirst) {
        object.fields.rotate_right(2);
    }
    if world.sins(Quirk::JobFieldsAreSorted) {
        object.fields.sort_by_key(|field| field.name);
    }
    Some(object)
}

/// The objects within a result lose their names, as results are kept in JSON; XML then has `null` for them.
fn without_names(mut object: Object) -> Object {
    for field in &mut object.fields {
        match &mut field.value {
            Value::Object(inner) => {
                let unnamed = without_names(std::mem::take(inner));
                **inner = Object { name: Some("null"), ..unnamed };
            }
            Value::Objects(items) => {
                *items = std::mem::take(items).into_iter().map(without_names).collect();
            }
            _ => {}
        }
    }
    object
}

/// The one-key object of a finished job (JOB-055 to -058).
fn result_tree(world: &World, reply: &Reply, command: &str) -> Option<Object> {
    let command = catalog::command(command)?;
    let name = command.object().unwrap_or("null");
    match &release::reply_in(world.release, command.wire_class(), reply.clone()) {
        Reply::Object(object) if world.sins(Quirk::JobResultsAreNotWrapped) => Some(object.clone()),
        Reply::Success(text) if world.sins(Quirk::JobSuccessHasADisplayText) => {
            let text = text.as_deref().unwrap_or("done");
            Some(Object::new().with("success", true).with("displaytext", text))
        }
        Reply::Nothing if world.sins(Quirk::EmptyResultsAreSuccesses) => {
            Some(Object::new().with("success", true))
        }
        Reply::Object(object) => {
            Some(Object::new().with(object.name.unwrap_or(name), without_names(object.clone())))
        }
        Reply::Success(text) => Some(Object::new().with("success", true).with("details", text.as_deref())),
        Reply::Inline(object) => Some(object.clone()),
        Reply::List { .. } | Reply::Nothing => None,
    }
}
