//! Which recorded jobs were at work while later calls were made.
//!
//! A recording tells it by its times: when a job was created, to the second, and how many milliseconds later it was
//! last asked for.

use super::recording::{Job, Step};

/// The last step that was made while the job of a step was at work; the step itself if none was.
pub(super) fn last_step_during(steps: &[Step], index: usize) -> usize {
    let Some(job) = steps.get(index).and_then(|step| step.job.as_ref()) else { return index };
    let Some(id) = id(job) else { return index };
    let end = times(job).map(|(created, last)| created * 1000 + last);
    let was_during = |step: &Step| {
        let began = step.job.as_ref().and_then(times).map(|(created, _)| (created + 1) * 1000);
        let is_later = began.zip(end).is_some_and(|(began, end)| began <= end);
        let lists_it = step.command.starts_with("list") && step.body.contains(id);
        is_later || lists_it
    };
    (index + 1..steps.len()).rev().find(|later| was_during(&steps[*later])).unwrap_or(index)
}

/// The second of the day in which a job was created, and how many milliseconds later it was last asked for.
fn times(job: &Job) -> Option<(i64, i64)> {
    let (after, body) = job.polls.last()?;
    let (_, rest) = body.rsplit_once("\"created\":\"")?;
    let clock = rest.get(11..19)?;
    let mut numbers = clock.split(':').map(|text| text.parse::<i64>().ok());
    let (hours, minutes, seconds) = (numbers.next()??, numbers.next()??, numbers.next()??);
    #[expect(clippy::cast_possible_truncation, reason = "a recording does not last long")]
    let after = *after as i64;
    Some((hours * 3600 + minutes * 60 + seconds, after))
}

/// The identifier of a job.
fn id(job: &Job) -> Option<&str> {
    let (_, body) = job.polls.first()?;
    let (_, rest) = body.rsplit_once("\"jobid\":\"")?;
    rest.split('"').next()
}
