//! Which recorded jobs were at work while later calls were made, and how long nothing was recorded.
//!
//! A recording tells both by its times: when a job was created, to the second, and how many milliseconds later it was
//! last asked for. A call that started no job has no such time; the recorder's note says it instead: `while …`.

use std::time::Duration;

use super::recording::{Job, Step};

/// Of what no answer tells, this much is in how dates are cut to the second.
const CUT: i64 = 1000;

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

/// How long the recorder waited before each step, as far as the dates of jobs tell more time than the exchanges took.
/// What was waited for is what came of the earlier job, so the pause lies right after it.
pub(super) fn pauses(steps: &[Step]) -> Vec<Duration> {
    let mut pauses = vec![Duration::ZERO; steps.len()];
    let mut earlier: Option<(usize, i64)> = None;
    let mut taken = 0;
    for (index, step) in steps.iter().enumerate() {
        let told = step.job.as_ref().and_then(times);
        if let Some((created, _)) = told {
            if let Some((job, began)) = earlier {
                let unexplained = (created - began) * 1000 - taken;
                let pause = u64::try_from(unexplained).ok().filter(|_| unexplained > CUT);
                pauses[job + 1] += Duration::from_millis(pause.unwrap_or(0));
            }
            (earlier, taken) = (Some((index, created)), 0);
        }
        taken += told.map_or_else(|| whole(step.ms), |(_, last)| last);
    }
    pauses
}

/// Milliseconds without their fractions.
#[expect(clippy::cast_possible_truncation, reason = "a recording does not last long")]
fn whole(millis: f64) -> i64 {
    millis as i64
}

/// The second of the day in which a job was created, and how many milliseconds later it was last asked for.
fn times(job: &Job) -> Option<(i64, i64)> {
    let (after, body) = job.polls.last()?;
    let (_, rest) = body.rsplit_once("\"created\":\"")?;
    let clock = rest.get(11..19)?;
    let mut numbers = clock.split(':').map(|text| text.parse::<i64>().ok());
    let (hours, minutes, seconds) = (numbers.next()??, numbers.next()??, numbers.next()??);
    Some((hours * 3600 + minutes * 60 + seconds, whole(*after)))
}

/// The identifier of a job.
pub(super) fn id(job: &Job) -> Option<&str> {
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

    fn timed(ms: f64, job: &str) -> Step {
        let text = format!(
            r#"{{"caller":"admin","command":"x","params":{{}},"format":"json","status":200,"body":"","ms":{ms}{job}}}"#
        );
        serde_json::from_str(&text).expect("a step")
    }

    fn with_job(clock: &str, last: u32) -> Step {
        let body = format!(r#"{{\"created\":\"2026-11-23T{clock}+0000\",\"jobid\":\"1\"}}"#);
        timed(20.0, &format!(r#","job":{{"polls":[[{last},"{body}"]],"final_xml":null,"watch":null}}"#))
    }

    #[test]
    fn what_dates_tell_beyond_the_exchanges_is_a_pause_after_the_earlier_job() {
        let waited = [with_job("11:28:54", 169), timed(42.0, ""), with_job("11:29:57", 268), timed(20.0, "")];
        let millis = |steps: &[Step]| pauses(steps).iter().map(Duration::as_millis).collect::<Vec<_>>();
        assert_eq!(millis(&waited), [0, 62_789, 0, 0]);
        let busy = [with_job("11:28:54", 2900), timed(42.0, ""), with_job("11:28:57", 268)];
        assert_eq!(millis(&busy), [0, 0, 0]);
    }
}
