//! Selects the checks of a run, runs them on threads, cleans up after each. Knows no check and prints nothing.

use std::{
    any::Any,
    panic::{self, AssertUnwindSafe},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use crate::{
    check::{Capability, Check, Mismatch, Profile, Stop, Verdict},
    checks,
    known::{Known, Problem},
    ledger::Entry,
    report::{Outcome, Remaining, Report},
    target::Target,
    wire::{ExchangeError, transcript::Exchange},
};

/// How many checks run at once even on a machine with fewer processors: each waits for its answers most of the time. With
/// two processors a core run against the embedded simulator takes a quarter less time than with two at once.
pub const LEAST_WORKERS: usize = 4;

/// Which checks to run, and how.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The most that may be done to the target.
    pub profile: Profile,
    /// Parts of ids; a check is selected if it contains one. None selects all.
    pub filters: Vec<String>,
    /// Whole ids; none selects all.
    pub ids: Vec<String>,
    /// This part of so many, counted from 1.
    pub shard: Option<(usize, usize)>,
    /// How many checks run at once; 0 for one on each processor, but no fewer than [`LEAST_WORKERS`].
    pub workers: usize,
    /// Whether a SHOULD decides like a MUST.
    pub strict: bool,
    /// Declared deviations.
    pub known: Known,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            profile: Profile::ReadOnly,
            filters: Vec::new(),
            ids: Vec::new(),
            shard: None,
            workers: 0,
            strict: false,
            known: Known::default(),
        }
    }
}

impl Selection {
    /// The checks that it selects, in list order.
    pub fn checks(&self) -> Vec<&'static Check> {
        let selected = checks::all().filter(|check| check.profile <= self.profile && self.names(check.id));
        match self.shard {
            None => selected.collect(),
            Some((part, parts)) => {
                let parts = parts.max(1);
                selected
                    .enumerate()
                    .filter(|(index, _)| index % parts + 1 == part)
                    .map(|(_, check)| check)
                    .collect()
            }
        }
    }

    fn names(&self, id: &str) -> bool {
        (self.filters.is_empty() || self.filters.iter().any(|filter| id.contains(filter.as_str())))
            && (self.ids.is_empty() || self.ids.iter().any(|other| other == id))
    }
}

/// What one check left behind for the report.
struct Finished {
    verdict: Verdict,
    exchanges: Vec<Exchange>,
    filed: Vec<(&'static str, Mismatch, Exchange)>,
    remaining: Vec<Entry>,
    milliseconds: f64,
}

/// Runs the selected checks against a target.
pub fn run(target: &Target, selection: &Selection) -> Report {
    let start = Instant::now();
    let selected = selection.checks();
    let (alone, together): (Vec<_>, Vec<_>) =
        selected.iter().enumerate().partition(|(_, check)| check.runs_alone());

    let results: Vec<Mutex<Option<Finished>>> = selected.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = if selection.workers == 0 { cores.max(LEAST_WORKERS) } else { selection.workers };
    let keep = |index: usize, finished: Finished| {
        *results[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(finished);
    };
    thread::scope(|scope| {
        for _ in 0..workers.min(together.len()) {
            scope.spawn(|| {
                while let Some((index, check)) = together.get(next.fetch_add(1, Ordering::Relaxed)) {
                    keep(*index, run_one(target, check));
                }
            });
        }
    });
    // What disturbs the whole target, or is disturbed by any change, runs when nobody else does.
    for (index, check) in alone {
        keep(index, run_one(target, check));
    }

    let finished: Vec<(&Check, Finished)> = selected
        .iter()
        .zip(results)
        .filter_map(|(check, result)| {
            Some((*check, result.into_inner().unwrap_or_else(PoisonError::into_inner)?))
        })
        .collect();
    let mut report = collect(target, selection, finished);
    report.milliseconds = start.elapsed().as_secs_f64() * 1000.0;
    report
}

/// Runs one check to its verdict; removes what it made.
pub fn verdict(target: &Target, check: &Check) -> Result<(), Stop> {
    let target = target.for_check(check.id);
    let target = target.arranged(check.needs).map_err(ExchangeError::Fault)?;
    let result = attempt(&target, check);
    target.clean_up();
    result
}

fn run_one(target: &Target, check: &Check) -> Finished {
    let target = target.for_check(check.id);
    let start = Instant::now();
    let (target, arrangement) = match target.arranged(check.needs) {
        Ok(target) => (target, Ok(())),
        Err(why) => (target, Err(why)),
    };
    let attempted =
        || arrangement.map_err(|why| ExchangeError::Fault(why).into()).and_then(|()| attempt(&target, check));
    let verdict = match panic::catch_unwind(AssertUnwindSafe(attempted)) {
        Ok(result) => Verdict::from(result),
        Err(payload) => Verdict::Broken { why: format!("the check panicked: {}", message(payload.as_ref())) },
    };
    let exchanges = target.take_exchanges();
    let filed = target
        .filed()
        .into_iter()
        .filter_map(|(id, mismatch)| {
            let shown =
                mismatch.exchange.and_then(|index| exchanges.get(index)).or(exchanges.last())?.clone();
            Some((id, mismatch, shown))
        })
        .collect();
    let remaining = target.clean_up();
    Finished { verdict, exchanges, filed, remaining, milliseconds: start.elapsed().as_secs_f64() * 1000.0 }
}

fn attempt(target: &Target, check: &Check) -> Result<(), Stop> {
    for &capability in check.needs {
        if !target.offers(capability)? {
            return Err(Stop::Unsupported(capability));
        }
    }
    (check.run)(target)
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

/// Puts verdicts, filed violations and declared deviations together.
fn collect(target: &Target, selection: &Selection, finished: Vec<(&Check, Finished)>) -> Report {
    let mut filed: Vec<(&'static str, Mismatch, Exchange, &'static str)> = Vec::new();
    let mut remaining = Vec::new();
    for (check, finished) in &finished {
        filed.extend(
            finished
                .filed
                .iter()
                .map(|(id, mismatch, exchange)| (*id, mismatch.clone(), exchange.clone(), check.id)),
        );
        remaining.extend(finished.remaining.iter().map(|entry| Remaining {
            check: entry.check.clone(),
            command: entry.command.clone(),
            id: entry.id.clone().unwrap_or_default(),
        }));
    }

    let mut problems: Vec<Problem> = selection.known.stale(|id| checks::find(id).is_some());
    let mut outcomes = Vec::new();
    for (check, finished) in finished {
        let (mut verdict, mut exchanges) = (finished.verdict, finished.exchanges);
        if verdict == Verdict::Passed
            && let Some((_, mismatch, exchange, _)) = filed.iter().find(|(id, ..)| *id == check.id)
        {
            verdict = Verdict::Failed { mismatch: Mismatch { exchange: Some(0), ..mismatch.clone() } };
            exchanges = vec![exchange.clone()];
        }
        let verdict = selection.known.apply(check.id, verdict, &mut problems);
        outcomes.push(Outcome::new(check, verdict, finished.milliseconds, exchanges, target));
    }
    let notes = filed
        .iter()
        .filter(|(id, ..)| !outcomes.iter().any(|outcome| outcome.id == *id))
        .map(|(id, mismatch, _, during)| {
            format!("a reply to {during} breaks {id}, which was not selected: {mismatch}")
        })
        .collect();
    Report {
        target: target.title(),
        release: target.known_release().unwrap_or_default(),
        profile: selection.profile,
        seed: target.limits().seed,
        cases: target.limits().cases,
        strict: selection.strict,
        milliseconds: 0.0,
        outcomes,
        problems,
        remaining,
        notes,
    }
}

/// Whether the target offers everything that a check needs; for lists of tests.
pub fn applies(target: &Target, check: &Check) -> Result<Option<Capability>, Stop> {
    for &capability in check.needs {
        if !target.offers(capability)? {
            return Ok(Some(capability));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(selection: &Selection) -> Vec<&'static str> {
        selection.checks().iter().map(|check| check.id).collect()
    }

    #[test]
    fn shards_partition_the_selection() {
        let all = ids(&Selection::default());
        let mut parts: Vec<_> = (1..=3)
            .flat_map(|part| ids(&Selection { shard: Some((part, 3)), ..Selection::default() }))
            .collect();
        parts.sort_by_key(|id| all.iter().position(|other| other == id));
        assert_eq!(parts, all);
    }

    #[test]
    fn filters_are_parts_of_ids() {
        let selection = Selection { filters: vec!["signing/".to_owned()], ..Selection::default() };
        assert!(!ids(&selection).is_empty() && ids(&selection).iter().all(|id| id.starts_with("signing/")));
        let exact = Selection { ids: vec!["signing/wrong-secret".to_owned()], ..Selection::default() };
        assert_eq!(ids(&exact), ["signing/wrong-secret"]);
    }
}
