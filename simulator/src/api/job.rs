//! Jobs: accepting them, working on them, showing them (JOB-001 to -092).
//!
//! A job holds the parameters as they were sent and processes them again when it works
//! (JOB-019). How long it is pending is the world's pace.

#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use uuid::Uuid;

pub(crate) use view::view;

use super::Outcome;
use super::caller::Caller;
use super::command::{self, Behaviour};
use super::error::{ApiError, Fault};
use super::parameter::{self, Arguments};
use crate::catalog::{self, JobInstance};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::event::Deed;
use crate::world::fault;
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
    let caller = submitter(world, caller, pairs);
    if let Some(check) = behaviour.check {
        let verdict = check(world, &caller, arguments);
        if verdict.is_err() && world.sins(Quirk::RefusedJobsAreScheduled) {
            let about = behaviour.about.and_then(|name| arguments.handle(name));
            command::record_scheduled(world, caller, arguments, behaviour, about);
        }
        verdict?;
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
        shared: None,
        doom: None,
        failing: None,
        held: 0,
        polls: 0,
        due: now.plus_millis(command::reference_millis(command.name())),
        created: now,
        completed: None,
    });
    world.open_jobs.insert(id);
    start_waiting(world);
    finish_at_once(world);
    let entity = created.and_then(|created| world.uuid_of(created));
    let entity =
        if world.sins(Quirk::CreateAnswersAnotherId) { entity.map(|_| world.ids.uuid()) } else { entity };
    let entity = if world.sins(Quirk::CreateAnswersNoId) { None } else { entity };
    Ok(Outcome::Job { job: uuid, entity })
}

/// Who a job is from: the caller, whatever the request says about that (API-REQ-012).
fn submitter(world: &World, caller: Caller, pairs: &[(String, String)]) -> Caller {
    let said = |name: &str| {
        let pair = pairs.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        pair.filter(|_| world.sins(Quirk::ContextParametersCount)).and_then(|(_, value)| value.parse().ok())
    };
    let user = said("ctxuserid").unwrap_or(caller.user);
    Caller { user, account: said("ctxaccountid").unwrap_or(caller.account), ..caller }
}

/// The job's identifier: the caller's choice (JOB-008) or a fresh one.
fn job_id(world: &mut World, pairs: &[(String, String)]) -> Result<Uuid, ApiError> {
    let chosen =
        pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case("customjobid")).map(|(_, value)| value);
    let any = world.sins(Quirk::AnyJobIdIsGood);
    let chosen = chosen.filter(|_| !world.sins(Quirk::ChosenJobIdsAreIgnored));
    let Some(text) = chosen.filter(|text| !text.is_empty()) else { return Ok(world.ids.uuid()) };
    let bad_form = || ApiError::invalid(format!("UUID: {text} doesn't follow the UUID format"));
    if any {
        return Ok(Uuid::try_parse(text)
            .ok()
            .filter(|uuid| world.find(*uuid).is_none())
            .unwrap_or(world.ids.uuid()));
    }
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
    let uuid = about.and_then(|about| match misread(about.kind) {
        Some(kind) => world.uuid_of(Handle { kind, ..about }),
        None => world.uuid_of(about).or_else(sent),
    });
    match (shown, command.resource_type()) {
        (JobInstance::Both | JobInstance::BothOrType, Some("None")) if world.sins(Quirk::NoneIsNotTold) => {
            (None, None)
        }
        (_, Some(name)) if world.sins(Quirk::JobsNameEveryThing) => (Some(name), uuid),
        (JobInstance::Both | JobInstance::BothOrType, Some(name)) => {
            (Some(name), uuid.filter(|_| command.job_instance() != JobInstance::Type))
        }
        (JobInstance::Type, Some("None")) if world.sins(Quirk::NoneIsNotTold) => (None, None),
        (JobInstance::Type, Some(name)) => (Some(name), None),
        // The kind of machine is that of the one which is meant.
        (JobInstance::Both, None) => match about {
            Some(Handle { kind: Kind::SystemVm, id }) => {
                (world.system_vms.get(id).map(|row| row.duty.type_name()), uuid)
            }
            Some(Handle { kind, .. }) if kind.is_router() => (Some(kind.type_name()), uuid),
            _ => (None, None),
        },
        _ => (None, None),
    }
}

/// The kind among whose things the reference looks a number up that is not of that kind.
fn misread(kind: Kind) -> Option<Kind> {
    match kind {
        Kind::SecondaryAddress => Some(Kind::Address),
        Kind::SecurityGroupRule => Some(Kind::SecurityGroup),
        _ => None,
    }
}

/// Lets the jobs that may work begin: those that are not behind another one on their machine.
fn start_waiting(world: &mut World) {
    let waiting: Vec<Id> =
        open(world).filter(|(_, job)| job.progress == Progress::Queued).map(|(id, _)| id).collect();
    for id in waiting {
        if is_first_in_line(world, id) {
            begin(world, id);
        }
    }
}

/// Lets the next jobs begin after one has ended. Where polls are what makes time pass, that takes another poll: the
/// reference looks after its queues now and then only (JOB-084).
fn start_next(world: &mut World) {
    if matches!(world.pace, Pace::Instant | Pace::Steps(0) | Pace::Reference) {
        start_waiting(world);
    }
}

fn is_first_in_line(world: &World, id: Id) -> bool {
    head_of_line(world, id) == id
}

/// The jobs that are not over, oldest first. Those that are over are many, and looked at only when asked for.
fn open(world: &World) -> impl Iterator<Item = (Id, &Job)> {
    world
        .open_jobs
        .iter()
        .filter_map(|id| Some((*id, world.jobs.get(*id)?)))
        .filter(|(_, job)| !job.is_done())
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
    let began = behaviour.begin.map_or(Ok(()), |begin| begin(world, &caller, &arguments));
    if let Err(error) = began {
        // It ends soon, but clients may still see it pending.
        let now = world.now;
        if let Some(job) = world.jobs.get_mut(id) {
            job.doom = Some((error.fault.job_code(), error.text));
            job.due = now;
        }
        return;
    }
    if let Some(sends) = behaviour.sends {
        let commands = sends(world, &arguments);
        send(world, id, commands);
    }
}

/// Sends commands to the agent of the thing that a job is about, until one fails.
fn send(world: &mut World, id: Id, commands: &[&'static str]) {
    let about = world.jobs.get(id).and_then(|job| job.about);
    let place = about.map(|about| world.place_of(about)).unwrap_or_default();
    for command in commands {
        let answer = world.ask_agent(command, place);
        let Some(job) = world.jobs.get_mut(id) else { return };
        job.held = job.held.saturating_add(answer.wait);
        job.due = job.due.plus_millis(answer.wait);
        if answer.outcome == fault::Outcome::Failed {
            job.failing = Some(command);
            return;
        }
    }
}

/// Does the work of a job, after what the failure of an agent did to it.
fn work(
    world: &mut World,
    id: Id,
    behaviour: &Behaviour,
    caller: Caller,
    arguments: &Arguments,
) -> Result<Reply, ApiError> {
    let failing = world.jobs.get(id).and_then(|job| job.failing);
    if let (Some(command), Some(agent_fails)) = (failing, behaviour.agent_fails) {
        agent_fails(world, &caller, arguments, command)?;
    }
    let root = world.jobs.get(id).and_then(|job| job.root_event);
    world.deed = Some(Deed { user: caller.user, owner: caller.owner(), root });
    let result = (behaviour.run)(world, &caller, arguments);
    world.deed = None;
    result
}

/// Does the work and stores what came of it.
fn finish(world: &mut World, id: Id) {
    // The server's own job has no command and never ends (JOB-049).
    if world.jobs.get(id).is_none_or(|job| job.progress != Progress::Running || job.command.is_empty()) {
        return;
    }
    let is_reboot = |job: &Job| job.command == "rebootVirtualMachine";
    if world.sins(Quirk::RebootsNeverEnd) && world.jobs.get(id).is_some_and(is_reboot) {
        return;
    }
    if let Some(outcome) = world.jobs.get_mut(id).and_then(|job| job.shared.take()) {
        return close_shared(world, id, outcome);
    }
    if let Some((code, text)) = world.jobs.get(id).and_then(|job| job.doom.clone()) {
        fail(world, id, code, text);
        start_next(world);
        return;
    }
    let Some((behaviour, caller, arguments)) = prepare(world, id) else {
        abandon(world, id);
        return start_next(world);
    };
    let result = match &arguments {
        Ok(arguments) => work(world, id, behaviour, caller, arguments),
        Err(error) => Err(error.clone()),
    };
    match result {
        Ok(reply) => {
            let reply = with_job(world, id, behaviour, reply);
            let now = world.now;
            if let Ok(arguments) = &arguments {
                command::record_completed(world, id, behaviour, arguments, false);
            }
            world.open_jobs.remove(&id);
            if let Some(job) = world.jobs.get_mut(id) {
                job.progress = Progress::Succeeded(Arc::new(reply));
                job.completed = Some(now);
            }
        }
        Err(error) => fail(world, id, error.fault.job_code(), error.text),
    }
    share(world, id);
    start_next(world);
}

/// Starts and stops that wait on a machine behind one of their kind have no work of their own: what came of that one
/// came of them (JOB-083). They notice it by themselves, a little later.
fn share(world: &mut World, id: Id) {
    let Some(job) = world.jobs.get(id) else { return };
    if job.queue.is_none() || !matches!(job.command, "startVirtualMachine" | "stopVirtualMachine") {
        return;
    }
    let (outcome, queue, command) = (job.progress.clone(), job.queue, job.command);
    let waits = |job: &Job| job.queue == queue && job.command == command && job.progress == Progress::Queued;
    let sharing: Vec<Id> = open(world).filter(|(_, job)| waits(job)).map(|(id, _)| id).collect();
    for id in sharing {
        if let Some((behaviour, _, Ok(arguments))) = prepare(world, id) {
            command::record_started(world, id, behaviour, &arguments);
        }
        let now = world.now;
        if let Some(job) = world.jobs.get_mut(id) {
            (job.progress, job.queue, job.due) = (Progress::Running, None, now);
            job.shared = Some(outcome.clone());
        }
    }
}

/// Ends a job that shared the work of another one.
fn close_shared(world: &mut World, id: Id, outcome: Progress) {
    let Progress::Succeeded(_) = outcome else {
        let Progress::Failed { code, text } = outcome else { return };
        return fail(world, id, code, text);
    };
    if let Some((behaviour, _, Ok(arguments))) = prepare(world, id) {
        command::record_completed(world, id, behaviour, &arguments, false);
    }
    let now = world.now;
    world.open_jobs.remove(&id);
    if let Some(job) = world.jobs.get_mut(id) {
        (job.progress, job.completed) = (outcome, Some(now));
    }
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
    world.open_jobs.remove(&id);
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
        Reply::Object(object)
            if behaviour.joins_job && object.get("id").is_some() && !world.sins(Quirk::ResultsNameNoJob) =>
        {
            let job = Object::new().with("jobid", job.uuid).with("jobstatus", 0);
            let (mut first, last) =
                if world.sins(Quirk::JobsOfThingsComeFirst) { (job, object) } else { (object, job) };
            first.fields.extend(last.fields);
            Reply::Object(first)
        }
        other => other,
    }
}

/// Ends the jobs whose time has come, and forgets those that expired (JOB-086).
pub(crate) fn advance(world: &mut World) {
    let is_due = |job: &Job| match world.pace {
        Pace::Reference => job.due <= world.now,
        // What an agent held up ends by itself too, and so does what stood behind it.
        Pace::Instant | Pace::Steps(0) => job.created.plus_millis(job.held) <= world.now,
        Pace::Steps(_) => false,
    };
    let due: Vec<Id> = open(world)
        .filter(|(_, job)| job.progress == Progress::Running && is_due(job))
        .map(|(id, _)| id)
        .collect();
    for id in due {
        finish(world, id);
    }
    let kept_millis = world.settings.number("job.expire.minutes").saturating_mul(60_000);
    let expired: Vec<(Id, Uuid)> = world
        .jobs
        .iter()
        .take_while(|(_, job)| job.created.plus_millis(kept_millis) <= world.now)
        // The server's own job is not of those that are looked for (JOB-049).
        .filter(|(_, job)| !job.command.is_empty())
        .filter(|(_, job)| {
            job.completed.is_none_or(|completed| completed.plus_millis(kept_millis) <= world.now)
        })
        .map(|(id, job)| (id, job.uuid))
        .collect();
    for (id, uuid) in expired {
        // What nobody asked for in all that time has its work done, so that nothing is held up by it for ever.
        finish(world, id);
        world.open_jobs.remove(&id);
        world.jobs.remove(id);
        world.index.remove(&uuid);
    }
}

/// Submits what schedules of machines want done now, as the system.
pub(crate) fn act_on_schedules(world: &mut World) {
    for (machine, action) in world.due_vm_schedules() {
        let (name, forced) = action.command();
        let uuid = world.virtual_machines.get(machine).map(|row| row.uuid);
        let (Some(uuid), Some(command)) = (uuid, catalog::command(name)) else { continue };
        let mut pairs = vec![("id".to_owned(), uuid.to_string())];
        if forced {
            pairs.push(("forced".to_owned(), "true".to_owned()));
        }
        let caller = Caller::SYSTEM;
        if let Ok(arguments) = parameter::parse(world, caller, command, &pairs, false)
            && submit(world, caller, &arguments, &pairs).is_ok()
        {
            world.moves += 1;
        }
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
    let steps = match world.pace {
        Pace::Instant => 0,
        Pace::Steps(steps) => steps,
        Pace::Reference => return,
    };
    if world.jobs.get(id).is_none_or(Job::is_done) {
        return;
    }
    // The first of its line begins, if it has not; the lines of other machines are none of this poll's.
    let first = head_of_line(world, id);
    if world.jobs.get(first).is_some_and(|job| job.progress == Progress::Queued) {
        begin(world, first);
    }
    let head = head_of_line(world, id);
    let Some(job) = world.jobs.get_mut(head).filter(|job| !job.is_done()) else { return };
    job.polls += 1;
    if job.polls > steps.saturating_add(job.held_polls()) {
        finish(world, head);
        finish_at_once(world);
    }
}

/// Where jobs take no time: ends those that nothing holds up.
fn finish_at_once(world: &mut World) {
    if !matches!(world.pace, Pace::Instant | Pace::Steps(0)) {
        return;
    }
    let free = |world: &World| {
        let mut at_work =
            open(world).filter(|(_, job)| job.progress == Progress::Running && !job.command.is_empty());
        at_work.find(|(_, job)| job.held_polls() == 0).map(|(id, _)| id)
    };
    while let Some(id) = free(world) {
        finish(world, id);
    }
}

fn head_of_line(world: &World, id: Id) -> Id {
    let Some(queue) = world.jobs.get(id).and_then(|job| job.queue) else { return id };
    open(world)
        .take_while(|(other, _)| *other < id)
        .find(|(_, job)| job.queue == Some(queue))
        .map_or(id, |(other, _)| other)
}
