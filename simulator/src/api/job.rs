//! Jobs: accepting them, working on them, showing them (JOB-001 to -092).
//!
//! A job holds the parameters as they were sent and processes them again when it works
//! (JOB-019). How long it is pending is the world's pace.

use std::sync::Arc;

use uuid::Uuid;

use super::Outcome;
use super::caller::Caller;
use super::command::{self, Behaviour};
use super::error::{ApiError, Fault};
use super::parameter::{self, Arguments};
use crate::catalog::{self, JobInstance};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply, Value};
use crate::world::World;
use crate::world::job::{Job, Pace, Progress};
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;

/// Accepts a job.
///
/// # Errors
///
/// What the create step refuses, and a job id that cannot be used (JOB-008).
pub(crate) fn submit(
    world: &mut World,
    caller: Caller,
    arguments: &Arguments,
    pairs: &[(String, String)],
) -> Result<Outcome, ApiError> {
    let command = arguments.command();
    let behaviour = command::find(command)?;
    if let Some(check) = behaviour.check {
        check(world, &caller, arguments)?;
    }
    let created = match behaviour.create {
        Some(create) => Some(create(world, &caller, arguments)?),
        None => None,
    };
    let uuid = job_id(world, pairs)?;
    let about = created.or_else(|| behaviour.about.and_then(|name| arguments.handle(name)));
    let root_event = command::record_scheduled(world, caller, arguments, behaviour, about);
    let (instance_type, instance) = instance(world, arguments, behaviour, created.is_some(), about);
    let id = world.jobs.next_id();
    world.index.insert(uuid, Handle { kind: Kind::Job, id });
    let params = Arc::new(stored(pairs));
    let queue = about.filter(|about| about.kind == Kind::VirtualMachine).map(|about| about.id);
    let now = world.now;
    world.jobs.insert(Job {
        uuid,
        command: command.name(),
        params,
        by_post: arguments.by_post,
        user: caller.user,
        account: caller.account,
        about,
        instance_type,
        instance,
        queue,
        root_event,
        progress: Progress::Queued,
        doom: None,
        polls: 0,
        due: now.plus_millis(command::reference_millis(command.name())),
        created: now,
        completed: None,
    });
    start_waiting(world);
    if world.pace == Pace::Instant || world.pace == Pace::Steps(0) {
        finish(world, id);
    }
    let entity = created.and_then(|created| world.uuid_of(created));
    let entity =
        if world.sins(Quirk::CreateAnswersAnotherId) { entity.map(|_| world.ids.uuid()) } else { entity };
    let entity = if world.sins(Quirk::CreateAnswersNoId) { None } else { entity };
    Ok(Outcome::Job { job: uuid, entity })
}

/// The job's identifier: the caller's choice (JOB-008) or a fresh one.
fn job_id(world: &mut World, pairs: &[(String, String)]) -> Result<Uuid, ApiError> {
    let chosen =
        pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case("customjobid")).map(|(_, value)| value);
    let chosen = chosen.filter(|_| !world.sins(Quirk::ChosenJobIdsAreIgnored));
    let Some(text) = chosen.filter(|text| !text.is_empty()) else { return Ok(world.ids.uuid()) };
    let bad_form = || ApiError::invalid(format!("UUID: {text} doesn't follow the UUID format"));
    if text.len() != 36 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(bad_form());
    }
    let uuid = Uuid::try_parse(text).map_err(|_| bad_form())?;
    match world.find(uuid).and_then(|handle| world.jobs.get(handle.id)) {
        Some(job) if job.is_done() => Err(ApiError::new(Fault::EntityExists, "Entity already exists ")),
        Some(_) => Err(ApiError::invalid(format!(
            "UUID: {text} already exists so can't create/update with custom id"
        ))),
        None => Ok(uuid),
    }
}

/// The parameters without what only the transport needed.
fn stored(pairs: &[(String, String)]) -> Vec<(String, String)> {
    const TRANSPORT: [&str; 6] =
        ["signature", "apikey", "sessionkey", "response", "signatureversion", "expires"];
    pairs
        .iter()
        .filter(|(name, _)| !TRANSPORT.iter().any(|other| name.eq_ignore_ascii_case(other)))
        .cloned()
        .collect()
}

/// What the job shows as its instance (JOB-042, JOB-043).
fn instance(
    world: &World,
    arguments: &Arguments,
    behaviour: &Behaviour,
    is_create: bool,
    about: Option<Handle>,
) -> (Option<&'static str>, Option<Uuid>) {
    let command = arguments.command();
    let shown = if is_create { JobInstance::Both } else { command.job_instance() };
    // What is gone is still named by the identifier that was sent.
    let sent = || behaviour.about.and_then(|name| arguments.sent(name)).and_then(|text| text.parse().ok());
    let uuid = about.and_then(|about| world.uuid_of(about).or_else(sent));
    match (shown, command.resource_type()) {
        (JobInstance::Both | JobInstance::BothOrType, Some(name)) => {
            (Some(name), uuid.filter(|_| command.job_instance() != JobInstance::Type))
        }
        (JobInstance::Type, Some(name)) => (Some(name), None),
        _ => (None, None),
    }
}

/// Lets the jobs that may work begin: those that are not behind another one on their machine.
fn start_waiting(world: &mut World) {
    let waiting: Vec<Id> =
        world.jobs.iter().filter(|(_, job)| job.progress == Progress::Queued).map(|(id, _)| id).collect();
    for id in waiting {
        if is_first_in_line(world, id) {
            begin(world, id);
        }
    }
}

fn is_first_in_line(world: &World, id: Id) -> bool {
    let Some(queue) = world.jobs.get(id).and_then(|job| job.queue) else { return true };
    !world
        .jobs
        .iter()
        .take_while(|(other, _)| *other < id)
        .any(|(_, job)| job.queue == Some(queue) && !job.is_done())
}

/// Begins to work: checks that the command makes at once, and the transitional state.
fn begin(world: &mut World, id: Id) {
    if let Some(job) = world.jobs.get_mut(id) {
        job.progress = Progress::Running;
    }
    let Some((behaviour, caller, arguments)) = prepare(world, id) else { return abandon(world, id) };
    let arguments = match arguments {
        Ok(arguments) => arguments,
        // The second look at the parameters comes before anything that leaves an event (EVT-008).
        Err(error) => return close_failed(world, id, error.fault.job_code(), error.text),
    };
    command::record_started(world, id, behaviour, &arguments);
    let Some(begin) = behaviour.begin else { return };
    if let Err(error) = begin(world, &caller, &arguments) {
        // It ends soon, but clients may still see it pending.
        let now = world.now;
        if let Some(job) = world.jobs.get_mut(id) {
            job.doom = Some((error.fault.job_code(), error.text));
            job.due = now;
        }
    }
}

/// Does the work and stores what came of it.
fn finish(world: &mut World, id: Id) {
    // The server's own job has no command and never ends (JOB-049).
    if world.jobs.get(id).is_none_or(|job| job.progress != Progress::Running || job.command.is_empty()) {
        return;
    }
    if let Some((code, text)) = world.jobs.get(id).and_then(|job| job.doom.clone()) {
        fail(world, id, code, text);
        start_waiting(world);
        return;
    }
    let Some((behaviour, caller, arguments)) = prepare(world, id) else {
        abandon(world, id);
        return start_waiting(world);
    };
    let result = match &arguments {
        Ok(arguments) => (behaviour.run)(world, &caller, arguments),
        Err(error) => Err(error.clone()),
    };
    match result {
        Ok(reply) => {
            let reply = with_job(world, id, behaviour, reply);
            let now = world.now;
            if let Ok(arguments) = &arguments {
                command::record_completed(world, id, behaviour, arguments, false);
            }
            if let Some(job) = world.jobs.get_mut(id) {
                job.progress = Progress::Succeeded(Arc::new(reply));
                job.completed = Some(now);
            }
        }
        Err(error) => fail(world, id, error.fault.job_code(), error.text),
    }
    start_waiting(world);
}

fn fail(world: &mut World, id: Id, code: u16, text: Option<String>) {
    if let Some((behaviour, _, Ok(arguments))) = prepare(world, id) {
        command::record_completed(world, id, behaviour, &arguments, true);
    }
    close_failed(world, id, code, text);
}

/// Ends a job whose user is gone: no job is pending for ever.
fn abandon(world: &mut World, id: Id) {
    close_failed(world, id, 530, None);
}

fn close_failed(world: &mut World, id: Id, code: u16, text: Option<String>) {
    let now = world.now;
    if let Some(job) = world.jobs.get_mut(id) {
        job.progress = Progress::Failed { code, text };
        job.completed = Some(now);
    }
}

/// The command, the caller and the parameters, processed again (JOB-019).
fn prepare(world: &World, id: Id) -> Option<(&'static Behaviour, Caller, Result<Arguments, ApiError>)> {
    let job = world.jobs.get(id)?;
    let command = catalog::command(job.command)?;
    let behaviour = command::find(command).ok()?;
    let caller = Caller::of_user(world, job.user)?;
    let arguments = parameter::parse(world, caller, command, &job.params, job.by_post);
    Some((behaviour, caller, arguments.map(|arguments| arguments.after(job.about))))
}

/// Entities with a job join carry the job that is still open while they are shown (JOB-065).
fn with_job(world: &World, id: Id, behaviour: &Behaviour, reply: Reply) -> Reply {
    let Some(job) = world.jobs.get(id) else { return reply };
    match reply {
        // What is gone joins nothing (VM-036).
        Reply::Object(object) if behaviour.joins_job && object.get("id").is_some() => {
            Reply::Object(object.with("jobid", job.uuid).with("jobstatus", 0))
        }
        other => other,
    }
}

/// Ends the jobs whose time has come, and forgets those that expired (JOB-086).
pub(crate) fn advance(world: &mut World) {
    if world.pace == Pace::Reference {
        let due: Vec<Id> = world
            .jobs
            .iter()
            .filter(|(_, job)| job.progress == Progress::Running && job.due <= world.now)
            .map(|(id, _)| id)
            .collect();
        for id in due {
            finish(world, id);
        }
    }
    let kept_millis = world.settings.number("job.expire.minutes").saturating_mul(60_000);
    let expired: Vec<(Id, Uuid)> = world
        .jobs
        .iter()
        .take_while(|(_, job)| job.created.plus_millis(kept_millis) <= world.now)
        .filter(|(_, job)| {
            job.completed.is_some_and(|completed| completed.plus_millis(kept_millis) <= world.now)
        })
        .map(|(id, job)| (id, job.uuid))
        .collect();
    for (id, uuid) in expired {
        world.jobs.remove(id);
        world.index.remove(&uuid);
    }
}

/// The polls of a job whose result was told and is not told again: a sin.
const TOLD: u32 = u32::MAX;

/// Remembers that a result was told.
pub(crate) fn told(world: &mut World, id: Id) {
    if world.sins(Quirk::ResultsAreToldOnce)
        && let Some(job) = world.jobs.get_mut(id).filter(|job| job.is_done())
    {
        job.polls = TOLD;
    }
}

/// The refusal of the question for a failed job: a sin.
pub(crate) fn failure(world: &World, id: Id) -> Option<ApiError> {
    match &world.jobs.get(id)?.progress {
        Progress::Failed { code, text } if world.sins(Quirk::FailedJobsFailTheQuestion) => {
            Some(ApiError::api(*code, text.clone().unwrap_or_default()))
        }
        _ => None,
    }
}

/// Counts a poll, and does a step of work where polls are what makes time pass.
pub(crate) fn poll(world: &mut World, id: Id) {
    let Pace::Steps(steps) = world.pace else { return };
    let head = head_of_line(world, id);
    let Some(job) = world.jobs.get_mut(head) else { return };
    if job.is_done() {
        return;
    }
    job.polls += 1;
    if job.polls > steps {
        finish(world, head);
    }
}

fn head_of_line(world: &World, id: Id) -> Id {
    let Some(queue) = world.jobs.get(id).and_then(|job| job.queue) else { return id };
    world
        .jobs
        .iter()
        .take_while(|(other, _)| *other < id)
        .find(|(_, job)| job.queue == Some(queue) && !job.is_done())
        .map_or(id, |(other, _)| other)
}

/// How a job looks (JOB-030 to -047).
pub(crate) fn view(world: &World, id: Id) -> Option<Object> {
    let job = world.jobs.get(id)?;
    let user = world.users.get(job.user);
    let account = world.accounts.get(job.account);
    let domain = account.and_then(|account| world.domains.get(account.domain));
    let is_admin = Caller::of_user(world, job.user).is_some_and(Caller::is_root_admin);
    let class = catalog::command(job.command).map(|command| command.class_name(is_admin));
    let pending = !job.is_done();
    let mut object = Object::named("asyncjobs")
        .with("accountid", account.map(|account| account.uuid))
        .with("account", account.map(|account| account.name.as_str()))
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domainpath", domain.map(|domain| domain.shown_path()))
        .with("userid", user.map(|user| user.uuid))
        .with("cmd", if world.sins(Quirk::JobShowsTheCommandName) { Some(job.command) } else { class })
        .with("jobprocstatus", 0)
        .with(
            "jobresultcode",
            match job.progress {
                Progress::Failed { code, .. } if !world.sins(Quirk::ResultCodeIsZero) => code,
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
        Progress::Queued | Progress::Running => {}
        Progress::Succeeded(_) if job.polls == TOLD => {}
        Progress::Succeeded(reply) => {
            if let Some(result) = result_tree(reply, job.command) {
                object.push("jobresulttype", "object");
                object.push("jobresult", result);
            }
        }
        Progress::Failed { code, text } => {
            let text = text.as_deref().unwrap_or("Command failed due to Internal Server Error");
            object.push("jobresulttype", "object");
            let class = world.sins(Quirk::FailedJobsHaveAClass).then_some(4350);
            let result = Object::new().with("errorcode", *code).with("cserrorcode", class);
            object.push("jobresult", result.with("errortext", text));
        }
    }
    let status: Value = match job.progress {
        Progress::Queued | Progress::Running => 0.into(),
        Progress::Succeeded(_) => 1.into(),
        Progress::Failed { .. } => 2.into(),
    };
    let status = match status {
        Value::Integer(number) if world.sins(Quirk::JobStatusIsText) => number.to_string().into(),
        other => other,
    };
    Some(
        object
            .with("jobinstancetype", job.instance_type)
            .with("jobinstanceid", job.instance)
            .with("managementserverid", (pending && class.is_some()).then_some(world.management_server))
            .with("managementservername", (pending && class.is_some()).then_some("localhost"))
            .with("created", job.created)
            .with(
                "completed",
                job.completed.or_else(|| world.sins(Quirk::PendingJobsAreCompleted).then_some(job.created)),
            )
            .with("jobid", job.uuid)
            .with("jobstatus", status),
    )
}

/// The one-key object of a finished job (JOB-055 to -058).
fn result_tree(reply: &Reply, command: &str) -> Option<Object> {
    let name = catalog::command(command).and_then(|command| command.object()).unwrap_or("null");
    match reply {
        Reply::Object(object) => Some(Object::new().with(object.name.unwrap_or(name), object.clone())),
        Reply::Success(text) => Some(Object::new().with("success", true).with("details", text.as_deref())),
        Reply::Inline(object) => Some(object.clone()),
        Reply::List { .. } | Reply::Nothing => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::api::answer;
    use crate::api::request::{Port, Request};
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    /// Asks on the integration port and answers the body.
    fn ask(world: &mut World, query: &str) -> String {
        let request = Request {
            port: Port::Integration,
            method: "GET".to_owned(),
            target: format!("/client/api?response=json&{query}"),
            headers: Vec::new(),
            body: Vec::new(),
            needs_host: false,
            peer: IpAddr::from([127, 0, 0, 1]),
        };
        String::from_utf8(answer(world, &request).body).expect("bodies are text")
    }

    fn demo(pace: Pace) -> World {
        let text = preset::NAMED.iter().find(|(name, _)| *name == "demo").expect("a named world").1;
        let mut world = preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("a world");
        world.pace = pace;
        world
    }

    /// The jobs that were asked for: the server has one of its own.
    fn asked_for(world: &World) -> Vec<Id> {
        world.jobs.iter().filter(|(_, job)| !job.command.is_empty()).map(|(id, _)| id).collect()
    }

    fn machine(world: &World) -> Uuid {
        world.virtual_machines.iter().next().expect("a machine").1.uuid
    }

    #[test]
    fn a_job_is_pending_for_as_many_polls_as_the_pace_says() {
        let mut world = demo(Pace::Steps(2));
        let id = machine(&world);
        ask(&mut world, &format!("command=stopVirtualMachine&id={id}"));
        let job = world.jobs.get(asked_for(&world)[0]).expect("a job").uuid;
        let status = |world: &mut World| {
            let body = ask(world, &format!("command=queryAsyncJobResult&jobid={job}"));
            body.rsplit("\"jobstatus\":").next().map(str::to_owned)
        };
        let seen: Vec<_> = (0..4).map(|_| status(&mut world).unwrap_or_default()).collect();
        assert_eq!(seen, ["0}}", "0}}", "1}}", "1}}"]);
    }

    #[test]
    fn a_job_whose_user_is_gone_ends() {
        let mut world = demo(Pace::Steps(1));
        let id = machine(&world);
        ask(&mut world, &format!("command=stopVirtualMachine&id={id}"));
        let job = asked_for(&world)[0];
        let user = world.jobs.get(job).expect("a job").user;
        world.users.remove(user);
        poll(&mut world, job);
        poll(&mut world, job);
        assert_eq!(world.jobs.get(job).expect("a job").progress, Progress::Failed { code: 530, text: None });
    }

    #[test]
    fn jobs_of_one_machine_run_in_order() {
        let mut world = demo(Pace::Steps(1));
        let id = machine(&world);
        ask(&mut world, &format!("command=stopVirtualMachine&id={id}"));
        ask(&mut world, &format!("command=startVirtualMachine&id={id}"));
        let jobs = asked_for(&world);
        assert_eq!(world.jobs.get(jobs[1]).expect("a job").progress, Progress::Queued);
        // Asking for the second one moves the first one on.
        for _ in 0..4 {
            poll(&mut world, jobs[1]);
        }
        assert!(jobs.iter().all(|job| world.jobs.get(*job).expect("a job").is_done()));
        let (_, machine) = world.virtual_machines.iter().next().expect("a machine");
        assert_eq!(machine.state, crate::world::virtual_machine::MachineState::Running);
    }
}
