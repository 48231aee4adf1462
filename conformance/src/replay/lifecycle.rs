//! Playing a scenario: calls in our own words, jobs followed to their end.
//!
//! A cloud of ours has a clock that we move: an exchange takes as long as it took when it was recorded, and so do a job
//! and the recorder's pauses.

use std::time::Duration;

use super::{
    compare::{Comparison, Difference, Rows},
    learnt::Learnt,
    overlap,
    recording::{Keys, Step},
    stage::{Caller, Live, translated},
    text::Extent,
    tree::{Tree, job_status},
};

/// How often a job is asked for before it counts as stuck.
const POLLS: usize = 60;
/// The recorder asked for jobs that often.
const BETWEEN_POLLS: Duration = Duration::from_millis(100);
/// After how many polls a job is one that a host holds up,
const PATIENT_POLLS: usize = 5;
/// which takes that long a poll.
const HELD_UP: Duration = Duration::from_secs(1);

/// How the note of the first step begins before which the server was ended and started again.
const RESTARTED: &str = "after the restart";

/// Plays the steps in order, up to the first that is answered otherwise than recorded.
pub(super) fn play(steps: &[Step], live: &mut Live, learnt: &mut Learnt) -> Result<(), Difference> {
    let mut scene = Scene { live, learnt, created: Vec::new() };
    let of = |index: usize| {
        move |difference: Difference| {
            let step = &steps[index];
            difference.of(Some(index + 1), &format!("{} by {}", step.command, step.caller))
        }
    };
    // Jobs that were at work while later steps were made are followed after those.
    let (mut at_work, mut until): (Vec<(usize, Accepted)>, usize) = (Vec::new(), 0);
    for (index, (step, pause)) in steps.iter().zip(overlap::pauses(steps)).enumerate() {
        scene.live.advance(pause);
        if let Some(accepted) = scene.step(step).map_err(of(index))? {
            until = until.max(overlap::last_step_during(steps, index));
            at_work.push((index, accepted));
        }
        if index < until {
            continue;
        }
        let together = Together::of(steps, &at_work);
        for (started, accepted) in at_work.drain(..) {
            scene.follow(&steps[started], &accepted, &together).map_err(of(started))?;
        }
    }
    Ok(())
}

/// An accepted job that is followed.
struct Accepted {
    /// The answer that accepted it.
    body: String,
    /// What is watched, as it was before.
    before: Option<String>,
}

/// Jobs that were at work at the same time: recorded and live identifiers.
#[derive(Debug, Default)]
struct Together {
    recorded: Vec<String>,
    live: Vec<String>,
}

impl Together {
    fn of(steps: &[Step], at_work: &[(usize, Accepted)]) -> Self {
        let recorded = at_work.iter().filter_map(|(index, _)| overlap::id(steps[*index].job.as_ref()?));
        let live = at_work.iter().filter_map(|(_, accepted)| job_of(&accepted.body));
        Self { recorded: recorded.map(str::to_owned).collect(), live: live.collect() }
    }
}

/// The end of a job as if it told no other job of those that were at work with it. A machine shows one of the jobs that
/// are at work on it; which, in the results of several, is a race of the recorded server.
fn alone(end: &str, own: &str, together: &[String]) -> String {
    together.iter().fold(end.to_owned(), |text, other| text.replace(other.as_str(), own))
}

/// The identifier of the job that an answer accepts.
fn job_of(body: &str) -> Option<String> {
    let tree = Tree::from_json(body).or_else(|| Tree::from_xml(body))?;
    let (_, inner) = tree.members().first()?;
    inner.get("jobid").and_then(Tree::text).map(str::to_owned)
}

struct Scene<'a> {
    live: &'a mut Live,
    learnt: &'a mut Learnt,
    /// Users created on the way: name and live identifier.
    created: Vec<(String, String)>,
}

impl Scene<'_> {
    /// Makes a call and compares the answer.
    fn step(&mut self, step: &Step) -> Result<Option<Accepted>, Difference> {
        if step.note.as_ref().is_some_and(|note| note.starts_with(RESTARTED)) {
            self.live.restart().map_err(|why| Difference::new("restart", "a server that ends", why))?;
        }
        self.admit(&step.caller)?;
        let params = translated(&step.params, self.learnt);
        let before = self.before(step)?;
        let (status, body) = self.patiently(step, &params)?;
        self.live.advance(millis(step.ms));
        if status != step.status {
            return Err(Difference::new(
                "status",
                format!("{} {}", step.status, step.body),
                format!("{status} {body}"),
            ));
        }
        let rows = rows(step);
        self.compare(&step.command, rows, &step.body, &body)?;
        if status == 200 {
            self.note(step, &params, &body);
        }
        Ok(step.job.as_ref().map(|_| Accepted { body, before }))
    }

    /// Asks, and asks again for a job that the recorder waited for.
    fn patiently(&self, step: &Step, params: &[(String, String)]) -> Result<(u16, String), Difference> {
        let waited = step.command == "queryAsyncJobResult" && is_over(&step.body);
        let mut answer = self.ask(&step.caller, &step.command, params, &step.format)?;
        for _ in 0..POLLS {
            if !waited || answer.0 != 200 || is_over(&answer.1) {
                break;
            }
            self.live.wait(BETWEEN_POLLS);
            answer = self.ask(&step.caller, &step.command, params, &step.format)?;
        }
        Ok(answer)
    }

    /// What is watched while a job runs, before there is a job: asked for only where no change of it was seen.
    fn before(&self, step: &Step) -> Result<Option<String>, Difference> {
        let Some(watch) = step.job.as_ref().and_then(|job| job.watch.as_ref()) else { return Ok(None) };
        if watch.seen.len() != 1 {
            return Ok(None);
        }
        let params = translated(&watch.params, self.learnt);
        self.ask(&step.caller, &watch.command, &params, "json").map(|(_, body)| Some(body))
    }

    fn ask(
        &self,
        caller: &str,
        command: &str,
        params: &[(String, String)],
        format: &str,
    ) -> Result<(u16, String), Difference> {
        let answer = self
            .live
            .call(caller, command, params, format)
            .map_err(|error| Difference::new("answer", "an answer", error))?;
        Ok((answer.status, answer.text()))
    }

    fn compare(&mut self, command: &str, rows: Rows, recorded: &str, live: &str) -> Result<(), Difference> {
        self.compare_without(&[], command, rows, recorded, live)
    }

    fn compare_without(
        &mut self,
        momentary: &[&str],
        command: &str,
        rows: Rows,
        recorded: &str,
        live: &str,
    ) -> Result<(), Difference> {
        let extent = Extent::Lifecycle;
        Comparison { learnt: self.learnt, extent, rows, command, momentary }.guessed(recorded, live)
    }

    /// Follows a job to its end.
    fn follow(&mut self, step: &Step, accepted: &Accepted, together: &Together) -> Result<(), Difference> {
        let Some(job) = &step.job else { return Ok(()) };
        let (body, before) = (accepted.body.as_str(), accepted.before.as_deref());
        let at = |place: &str| {
            let place = format!("job, {place}");
            move |difference: Difference| Difference {
                at: format!("{place}: {}", difference.at),
                ..difference
            }
        };
        let id = job_of(body).ok_or_else(|| Difference::new("jobid", "a job", body))?;
        let recorded_id = overlap::id(job).unwrap_or_default();
        let old = |text: &str| alone(text, recorded_id, &together.recorded);
        let new = |text: &str| alone(text, &id, &together.live);
        let params = [("jobid".to_owned(), id.clone())];
        let command = "queryAsyncJobResult";
        let mut statuses = Vec::new();
        let mut end = String::new();
        let mut elapsed = Duration::ZERO;
        for poll in 0..POLLS {
            let passed = if poll > PATIENT_POLLS { HELD_UP } else { BETWEEN_POLLS };
            self.live.wait(passed);
            elapsed += passed;
            let (_, body) = self.ask(&step.caller, command, &params, "json")?;
            let status = job_status(&body);
            if statuses.is_empty() && status.as_deref() == Some("0") && job.polls.len() > 1 {
                self.compare(command, Rows::Exact, &job.polls[0].1, &body).map_err(at("first poll"))?;
            }
            if statuses.last() != Some(&status) {
                statuses.push(status.clone());
            }
            end = body;
            if status.as_deref() != Some("0") {
                break;
            }
        }
        if let Some((after, last)) = job.polls.last() {
            self.live.advance(millis(*after).saturating_sub(elapsed));
            self.compare(command, Rows::Exact, &old(last), &new(&end)).map_err(at("last poll"))?;
        }
        let mut recorded: Vec<Option<String>> = job.polls.iter().map(|(_, body)| job_status(body)).collect();
        recorded.dedup();
        // A job that was over before the first poll tells nothing about what it looked like before.
        if recorded.len() > 1 && statuses != recorded {
            let shown = |statuses: &[Option<String>]| {
                statuses.iter().map(|one| one.as_deref().unwrap_or("?")).collect::<Vec<_>>().join(",")
            };
            return Err(Difference::new("job, sequence of states", shown(&recorded), shown(&statuses)));
        }
        if let Some(recorded) = &job.final_xml {
            let (_, body) = self.ask(&step.caller, command, &params, "xml")?;
            self.compare(command, Rows::Exact, &old(recorded), &new(&body))
                .map_err(at("last poll in XML"))?;
        }
        if let Some(watch) = &job.watch
            && let Some((_, recorded, _)) = watch.seen.last()
        {
            let params = translated(&watch.params, self.learnt);
            let (_, body) = self.ask(&step.caller, &watch.command, &params, "json")?;
            // The job was still shown if the last change was seen just before its end.
            let momentary = ["jobid", "jobstatus"];
            let known = self.learnt.clone();
            let left = self.compare_without(&momentary, &watch.command, Rows::Exact, recorded, &body);
            // Where no change was seen, all that was recorded is from before the job did its work.
            if let (Err(difference), Some(before)) = (&left, before) {
                let difference = difference.clone();
                *self.learnt = known;
                self.compare_without(&momentary, &watch.command, Rows::Exact, recorded, before)
                    .map_err(|_| difference)
                    .map_err(at("what it left"))?;
            } else {
                left.map_err(at("what it left"))?;
            }
        }
        Ok(())
    }

    /// Remembers users and keys that the scenario makes.
    fn note(&mut self, step: &Step, params: &[(String, String)], body: &str) {
        let Some(tree) = Tree::from_json(body) else { return };
        let Some((_, inner)) = tree.members().first() else { return };
        let text = |path: &str| inner.at(path).and_then(Tree::text).map(str::to_owned);
        let user = match step.command.as_str() {
            "createAccount" => text("account.user.username").zip(text("account.user.id")),
            "createUser" => text("user.username").zip(text("user.id")),
            _ => None,
        };
        self.created.extend(user);
        if let (Some(apikey), Some(secretkey)) = (text("userkeys.apikey"), text("userkeys.secretkey"))
            && let Some((_, user)) = params.iter().find(|(name, _)| name == "id")
        {
            self.live.renew(user, &Keys { apikey, secretkey });
        }
    }

    /// Gives keys to a user whom the scenario created; the recorder did so between the steps.
    fn admit(&mut self, caller: &str) -> Result<(), Difference> {
        if caller == "integration" || self.live.caller(caller).is_some() {
            return Ok(());
        }
        let name = caller.trim_start_matches("user:");
        let unknown = |why: String| Difference::new("caller", caller, why);
        let (_, user) = self
            .created
            .iter()
            .rev()
            .find(|(username, _)| username.starts_with(name))
            .ok_or_else(|| unknown("nobody of that name was created".to_owned()))?
            .clone();
        let tree = self
            .live
            .result("admin", "registerUserKeys", &[("id".to_owned(), user.clone())])
            .map_err(unknown)?;
        let key = |path: &str| {
            let missing = || unknown(format!("no {path} in {tree}"));
            tree.at(path).and_then(Tree::text).map(str::to_owned).ok_or_else(missing)
        };
        let keys = Keys { apikey: key("userkeys.apikey")?, secretkey: key("userkeys.secretkey")? };
        self.live.admit(caller, Caller { keys, user: Some(user) });
        Ok(())
    }
}

/// Recorded milliseconds.
fn millis(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1000.0).unwrap_or_default()
}

/// Whether an answer about a job says that it is over.
fn is_over(body: &str) -> bool {
    matches!(job_status(body).as_deref(), Some("1" | "2"))
}

/// Lists of everything hold objects of other scenarios as well: those of a root admin that are not narrowed to one
/// object, and events of anybody.
fn rows(step: &Step) -> Rows {
    let is_narrow = step.params.iter().any(|(name, value)| {
        let names_one = name == "id" || name == "ids" || name == "resourceid" || name.ends_with("name");
        let is_reference = name.ends_with("id") && name != "zoneid" && name != "domainid";
        names_one || (is_reference && value.as_str().is_some_and(super::text::is_uuid))
    });
    let sees_all = matches!(step.caller.as_str(), "admin" | "user:roota" | "integration");
    let is_list = step.command.starts_with("list") && step.status == 200;
    let is_page = ["page", "pagesize"].iter().all(|name| step.params.contains_key(*name));
    if is_list && step.command == "listEvents" && is_page && !is_narrow {
        Rows::Newest
    } else if is_list && !is_narrow && (sees_all || step.command == "listEvents") {
        Rows::Shared
    } else {
        Rows::Exact
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_may_tell_any_job_that_was_at_work_with_it_and_no_other() {
        let together: Vec<String> = ["job-1", "job-2"].map(str::to_owned).to_vec();
        let told =
            |id: &str| format!(r#"{{"jobresult":{{"virtualmachine":{{"jobid":"{id}"}}}},"jobid":"job-1"}}"#);
        assert_eq!(alone(&told("job-2"), "job-1", &together), told("job-1"));
        assert_eq!(alone(&told("job-3"), "job-1", &together), told("job-3"));
    }
}
