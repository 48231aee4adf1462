//! Schedules of machines.

use super::virtual_machine::machine;
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::cron::Cron;
use crate::world::table::Id;
use crate::world::vm_schedule::{Action, VmSchedule};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createVMSchedule",
        about: Some("virtualmachineid"),
        events: Some(EventTexts { scheduled: "", action: "Creating VM Schedule", created: None }),
        run: create,
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listVMSchedule", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "updateVMSchedule",
        about: Some("id"),
        events: Some(EventTexts { scheduled: "", action: "Updating VM Schedule", created: None }),
        run: update,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteVMSchedule",
        about: Some("virtualmachineid"),
        events: Some(EventTexts { scheduled: "", action: "Deleting VM Schedule", created: None }),
        run: |world, _, arguments| {
            let (id, _) = machine(world, arguments, "virtualmachineid")?;
            let named: Vec<Id> = arguments.id("id").into_iter().chain(arguments.ids("ids")).collect();
            if named.is_empty() {
                return Err(ApiError::invalid("Either id or ids parameter must be specified"));
            }
            for schedule in named {
                if world.vm_schedules.get(schedule).is_some_and(|row| row.machine == id) {
                    world.vm_schedules.remove(schedule);
                }
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

fn create(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let (machine, _) = machine(world, arguments, "virtualmachineid")?;
    let word = arguments.required("action");
    let action = Action::ALL
        .into_iter()
        .find(|action| action.name().eq_ignore_ascii_case(word))
        .ok_or_else(|| ApiError::invalid(format!("Invalid value for action: {word}")))?;
    let schedule = arguments.required("schedule");
    read(schedule)?;
    let timezone = arguments.required("timezone");
    let start = arguments.date("startdate").unwrap_or_else(|| world.now.plus_seconds(60));
    let end = arguments.date("enddate");
    refuse_past(world.now, start, end, timezone)?;
    let description = arguments
        .filled("description")
        .map_or_else(|| format!("{} - {}", action.name(), in_words(schedule)), str::to_owned);
    let id = world.add_vm_schedule(VmSchedule {
        uuid: uuid::Uuid::nil(),
        machine,
        description,
        schedule: schedule.to_owned(),
        timezone: timezone.to_owned(),
        action,
        enabled: arguments.maybe_flag("enabled").unwrap_or(true),
        start,
        end,
        created: world.now,
        next: None,
    });
    Ok(Reply::Object(show(world, id)))
}

fn update(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let row = world.vm_schedules.get(id);
    let reached = row.and_then(|row| world.virtual_machines.get(row.machine));
    let (Some(row), Some(machine)) = (row, reached) else {
        return Err(ApiError::invalid(format!("Unable to find VM schedule with id {id}")));
    };
    if !caller.reaches(world, machine.owner) {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    let mut changed = row.clone();
    if let Some(schedule) = arguments.filled("schedule") {
        read(schedule)?;
        schedule.clone_into(&mut changed.schedule);
    }
    if let Some(description) = arguments.filled("description") {
        description.clone_into(&mut changed.description);
    }
    if let Some(timezone) = arguments.filled("timezone") {
        timezone.clone_into(&mut changed.timezone);
    }
    changed.enabled = arguments.maybe_flag("enabled").unwrap_or(changed.enabled);
    let (start, end) = (arguments.date("startdate"), arguments.date("enddate"));
    changed.start = start.unwrap_or(changed.start);
    changed.end = end.or(changed.end);
    if start.is_some() || end.is_some() {
        refuse_past(world.now, changed.start, changed.end, &changed.timezone)?;
    }
    changed.plan(world.now);
    if let Some(row) = world.vm_schedules.get_mut(id) {
        *row = changed;
    }
    Ok(Reply::Object(show(world, id)))
}

fn list(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let (machine, _) = machine(world, arguments, "virtualmachineid")?;
    let (id, action) = (arguments.id("id"), arguments.filled("action"));
    let enabled = arguments.maybe_flag("enabled");
    let matches: Vec<Id> = world
        .vm_schedules
        .iter()
        .filter(|(_, row)| row.machine == machine)
        .filter(|(schedule, _)| id.is_none_or(|id| id == *schedule))
        .filter(|(_, row)| action.is_none_or(|action| row.action.name().eq_ignore_ascii_case(action)))
        .filter(|(_, row)| enabled.is_none_or(|enabled| row.enabled == enabled))
        .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.description]))
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| show(world, id))
}

fn show(world: &World, id: Id) -> Object {
    world.vm_schedules.get(id).map(|row| view::vm_schedule(world, row)).unwrap_or_default()
}

fn read(schedule: &str) -> Result<Cron, ApiError> {
    Cron::read(schedule).map_err(|text| ApiError::api(431, text))
}

/// Refuses a start or an end that is over.
fn refuse_past(now: Moment, start: Moment, end: Option<Moment>, zone: &str) -> Result<(), ApiError> {
    let shown = |moment: Moment| format!("{}Z[{zone}]", moment.to_string().trim_end_matches("+0000"));
    if start < now {
        return Err(ApiError::invalid(format!(
            "Invalid value for start date. Start date [{}] can't be before current time [{}].",
            shown(start),
            shown(now)
        )));
    }
    let Some(end) = end else { return Ok(()) };
    if end < now {
        return Err(ApiError::invalid(format!(
            "Invalid value for end date. End date [{}] can't be before current time [{}].",
            shown(end),
            shown(now)
        )));
    }
    if end < start {
        return Err(ApiError::invalid(format!(
            "Invalid value for end date. End date [{}] can't be before start date [{}].",
            shown(end),
            shown(start)
        )));
    }
    Ok(())
}

/// A schedule in words, as far as they are known: `every 2 minutes`, `at 00:00 at 1 day`.
fn in_words(schedule: &str) -> String {
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let [minute, hour, days @ ..] = fields.as_slice() else { return schedule.to_owned() };
    let mut words = match (minute.strip_prefix("*/"), minute.parse::<u8>(), hour.parse::<u8>()) {
        _ if *minute == "*" && *hour == "*" => "every minute".to_owned(),
        (Some("1"), ..) if *hour == "*" => "every minute".to_owned(),
        (Some(step), ..) if *hour == "*" => format!("every {step} minutes"),
        (_, Ok(minute), Ok(hour)) => format!("at {hour:02}:{minute:02}"),
        (_, Ok(0), _) if *hour == "*" => "every hour".to_owned(),
        (_, Ok(minute), _) if *hour == "*" => format!("every hour at minute {minute}"),
        _ => format!("at minute {minute} at hour {hour}"),
    };
    for (field, unit) in days.iter().zip(["day", "month", "DoW"]).filter(|(field, _)| **field != "*") {
        words.push_str(&format!(" at {field} {unit}"));
    }
    words
}
