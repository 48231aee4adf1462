//! Asking for jobs.

use super::Behaviour;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::{job, listing};
use crate::catalog;
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::account::SYSTEM_ACCOUNT;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "queryAsyncJobResult",
        run: |world, caller, arguments| {
            let id = arguments.id("jobid").filter(|_| !arguments.is_minus_one("jobid"));
            let Some(id) = id else { return Err(ApiError::invalid("Unable to find a job by id -1")) };
            if world.jobs.get(id).is_none() {
                return Err(ApiError::invalid(format!("Unable to find a job by id {id}")));
            }
            require_visible(world, *caller, id)?;
            job::poll(world, id);
            if let Some(failure) = job::failure(world, id) {
                return Err(failure);
            }
            let view = job::view(world, id);
            job::told(world, id);
            let view = match world.sins(Quirk::JobAnswersAreWrapped) {
                true => view.map(|view| Object::new().with("asyncjobs", view)),
                false => view,
            };
            view.map(Reply::Inline)
                .ok_or_else(|| ApiError::invalid(format!("Unable to find a job by id {id}")))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listAsyncJobs",
        run: |world, caller, arguments| {
            let scope = listing::scope(world, *caller, arguments)?;
            let started = arguments.date("startdate");
            let mut matches: Vec<Id> = world
                .jobs
                .iter()
                .filter(|(_, job)| !job.is_done() || world.sins(Quirk::FinishedJobsAreListed))
                .filter(|(_, job)| job.is_done() || !world.sins(Quirk::PendingJobsAreHidden))
                .filter(|(_, job)| scope.covers(world, world.owner_of(job.account)))
                // The jobs of the integration port are not listed, not even there.
                .filter(|(_, job)| job.account != SYSTEM_ACCOUNT)
                .filter(|(_, job)| started.is_none_or(|started| job.created >= started))
                .filter(|(_, job)| {
                    let class = catalog::command(job.command).map(|command| command.class_name(false));
                    class.is_some_and(|class| listing::keyword_matches(arguments, &[class]))
                })
                .map(|(id, _)| id)
                .collect();
            if world.sins(Quirk::NewestJobsComeFirst) {
                matches.reverse();
            }
            let reply =
                listing::page(world, arguments, matches, |id| job::view(world, id).unwrap_or_default())?;
            Ok(match reply {
                Reply::List { count, mut items } if world.sins(Quirk::WorkJobsAreListed) => {
                    let work = Object::named("asyncjobs").with("cmd", "com.cloud.vm.VmWorkStart");
                    items.push(work.with("jobstatus", 0));
                    Reply::List { count: count + 1, items }
                }
                other => other,
            })
        },
        ..Behaviour::PLAIN
    },
];

/// Normal users see their account's jobs, domain administrators those below them (JOB-051, -052).
fn require_visible(world: &World, caller: Caller, id: Id) -> Result<(), ApiError> {
    let Some(job) = world.jobs.get(id) else { return Ok(()) };
    let owner = world.owner_of(job.account);
    let is_foreign = world.sins(Quirk::JobsAreTheirUsers) && job.user != caller.user;
    if (caller.reaches(world, owner) && !is_foreign) || world.sins(Quirk::ForeignJobsAreShown) {
        return Ok(());
    }
    let account = listing::view_account_dump(world, caller.account);
    if caller.is_domain_admin() {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    Err(ApiError::permission(format!("Account {account} is not authorized to see job id={id}")))
}
