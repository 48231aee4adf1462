//! Which recorded jobs were at work while later calls were made.
//!
//! A recording tells it by its times: when a job was created, to the second, and how many milliseconds later it was
//! last asked for. A call that started no job has no such time; the recorder's note says it instead: `while …`.

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
    let last = (index + 1..steps.len()).rev().find(|later| was_during(&steps[*later])).unwrap_or(index);
    let noted = steps[last + 1..].iter().take_while(|step| is_noted_as_during(step)).count();
    last + noted
}

/// Whether the recorder noted that the jobs before were still at work: `while Starting`.
fn is_noted_as_during(step: &Step) -> bool {
    step.note.as_ref().is_some_and(|note| note.split(' ').any(|word| word == "while"))
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A step, with a job that was created at that second and last asked for so much later.
    fn step(note: Option<&str>, job: Option<(&str, u32, f64)>) -> Step {
        let job = job.map(|(id, second, after)| {
            let body = format!(
                r#"{{"r":{{"created":"2026-11-23T11:01:{second:02}+0000","jobid":"{id}","jobstatus":1}}}}"#
            );
            json!({"polls": [[after, body]]})
        });
        let call = json!({"caller": "admin", "command": "x", "params": {}, "format": "json", "status": 200});
        let Value::Object(mut step) = call else { unreachable!("an object is written above") };
        step.insert("body".to_owned(), json!(""));
        step.insert("note".to_owned(), json!(note));
        step.insert("job".to_owned(), json!(job));
        serde_json::from_value(Value::Object(step)).expect("a step is written as recorded")
    }

    #[test]
    fn times_tell_which_job_was_at_work() {
        let steps =
            [step(None, Some(("a", 29, 6378.0))), step(None, Some(("b", 32, 20.0))), step(None, None)];
        assert_eq!(last_step_during(&steps, 0), 1);
        let steps = [step(None, Some(("a", 29, 600.0))), step(None, Some(("b", 32, 20.0)))];
        assert_eq!(last_step_during(&steps, 0), 0);
    }

    #[test]
    fn a_note_tells_it_of_a_call_without_a_job() {
        let second = || step(Some("second while the first runs"), None);
        let first = || step(None, Some(("a", 29, 6378.0)));
        let steps = [first(), step(None, Some(("b", 32, 20.0))), second(), step(None, None)];
        assert_eq!(last_step_during(&steps, 0), 2);
        // What stands between was made when the job was over, and so was what comes after it.
        assert_eq!(last_step_during(&[first(), step(None, None), second()], 0), 0);
        assert_eq!(last_step_during(&[first(), step(Some("again"), None)], 0), 0);
    }
}
