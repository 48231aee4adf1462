//! Playing a scenario: calls in our own words, jobs followed to their end.

use super::{
    compare::{Comparison, Difference, Rows},
    learnt::Learnt,
    recording::{Job, Keys, Step},
    stage::{Caller, Live, translated},
    text::Extent,
    tree::Tree,
};

/// How often a job is asked for before it counts as stuck.
const POLLS: usize = 50;

/// Plays the steps in order, up to the first that is answered otherwise than recorded.
pub(super) fn play(steps: &[Step], live: &mut Live, learnt: &mut Learnt) -> Result<(), Difference> {
    let mut scene = Scene { live, learnt, created: Vec::new() };
    for (index, step) in steps.iter().enumerate() {
        scene.step(step).map_err(|difference| {
            let asked = format!("{} by {}", step.command, step.caller);
            difference.of(Some(index + 1), &asked)
        })?;
    }
    Ok(())
}

struct Scene<'a> {
    live: &'a mut Live,
    learnt: &'a mut Learnt,
    /// Users created on the way: name and live identifier.
    created: Vec<(String, String)>,
}

impl Scene<'_> {
    fn step(&mut self, step: &Step) -> Result<(), Difference> {
        self.admit(&step.caller)?;
        let params = translated(&step.params, self.learnt);
        let (status, body) = self.ask(&step.caller, &step.command, &params, &step.format)?;
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
        match &step.job {
            Some(job) => self.follow(step, job, &body),
            None => Ok(()),
        }
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
        let mut comparison = Comparison { learnt: self.learnt, extent: Extent::Lifecycle, rows, command };
        comparison.guessed(recorded, live)
    }

    /// Follows a job to its end.
    fn follow(&mut self, step: &Step, job: &Job, body: &str) -> Result<(), Difference> {
        let at = |place: &str| {
            let place = format!("job, {place}");
            move |difference: Difference| Difference {
                at: format!("{place}: {}", difference.at),
                ..difference
            }
        };
        let accepted = Tree::from_json(body).or_else(|| Tree::from_xml(body));
        let id = accepted
            .as_ref()
            .and_then(|tree| tree.members().first())
            .and_then(|(_, inner)| inner.get("jobid"))
            .and_then(Tree::text)
            .ok_or_else(|| Difference::new("jobid", "a job", body))?
            .to_owned();
        let params = [("jobid".to_owned(), id)];
        let command = "queryAsyncJobResult";
        let mut statuses = Vec::new();
        let mut end = String::new();
        for _ in 0..POLLS {
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
        if let Some((_, last)) = job.polls.last() {
            self.compare(command, Rows::Exact, last, &end).map_err(at("last poll"))?;
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
            self.compare(command, Rows::Exact, recorded, &body).map_err(at("last poll in XML"))?;
        }
        if let Some(watch) = &job.watch
            && let Some((_, recorded, _)) = watch.seen.last()
        {
            let params = translated(&watch.params, self.learnt);
            let (_, body) = self.ask(&step.caller, &watch.command, &params, "json")?;
            self.compare(&watch.command, Rows::Exact, recorded, &body).map_err(at("what it left"))?;
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

fn job_status(body: &str) -> Option<String> {
    let tree = Tree::from_json(body)?;
    tree.members().first()?.1.get("jobstatus").and_then(Tree::text).map(str::to_owned)
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
    if is_list && !is_narrow && (sees_all || step.command == "listEvents") {
        Rows::Shared
    } else {
        Rows::Exact
    }
}
