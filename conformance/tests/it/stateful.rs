//! Random sequences of commands, played to worlds in our own process.
//!
//! Each sequence follows from the seed and its number, so a failure repeats: its message names both, and tells the
//! shortest sequence that fails as lines for a shell. A run plays 60 sequences; `STATEFUL_SEQUENCES`, `STATEFUL_SEED`
//! and `STATEFUL_FIRST` say otherwise.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use cloudstack_conformance::{
    check::Stop,
    checks::stateful::{Invariant, Judged, play, search},
    embedded::in_process::Beginning,
    generate::Effort,
    target::Limits,
};

use crate::setting;

/// Steps of a sequence.
const STEPS: usize = 30;

/// Steps of a sequence that is to show a planted fault.
const FEW_STEPS: usize = 12;

/// When a job that has not ended never will: a busy machine is no fault of the world. A planted fault is waited for at
/// each simplification.
const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(300);

/// Simplifications that are tried on a sequence that fails.
const SIMPLIFICATIONS: u32 = 100;

/// Plays the sequence with this number to a world of its own; the reason, if it fails.
fn failure(beginning: &Beginning, steps: usize, patience: Duration, seed: u64, number: u64) -> Option<Stop> {
    let limits = Limits {
        may_change: true,
        job_deadline: patience,
        seed: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number),
        ..Limits::default()
    };
    let target = beginning.target(limits.clone());
    let effort = Effort { cases: 1, simplifications: SIMPLIFICATIONS };
    let result = search(&target, effort, steps, |steps| {
        // Each attempt begins where the others began.
        let own = beginning.target(limits.clone());
        play(&own, Judged(Invariant::ALL), steps)?;
        match own.filed().into_iter().next() {
            Some((_, mismatch)) => Err(mismatch.into()),
            None => Ok(()),
        }
    });
    result.err()
}

/// The reason with the sequence, and how to have it again.
fn told(seed: u64, number: u64, stop: &Stop) -> String {
    let case = match stop {
        Stop::Mismatch(mismatch) => mismatch.case.clone().unwrap_or_default(),
        _ => String::new(),
    };
    format!("STATEFUL_SEED={seed} STATEFUL_FIRST={number} STATEFUL_SEQUENCES=1\n{stop}\n{case}")
}

#[test]
fn no_sequence_breaks_an_invariant() {
    let (seed, first) = (setting("STATEFUL_SEED", 1), setting("STATEFUL_FIRST", 0));
    let last = first + setting("STATEFUL_SEQUENCES", 60);
    // Jobs that are over at once, and jobs that are pending for a poll.
    let beginnings = ["instant", "steps:1"].map(|pace| Beginning::demo(1, pace, &[]).unwrap());
    let next = AtomicU64::new(first);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 * thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= last || !failures.lock().unwrap().is_empty() {
                        break;
                    }
                    let beginning = &beginnings[usize::from(number % 2 == 1)];
                    if let Some(stop) = failure(beginning, STEPS, PATIENCE, seed, number) {
                        failures.lock().unwrap().push(told(seed, number, &stop));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Faults, what of a mismatch tells that it was found, and the most requests that the shortest sequence has: its steps,
/// the deletions of the accounts and the list that tells it.
const BITES: &[(&str, &str, usize)] = &[
    ("start-is-idempotent", "outcome", 2),
    ("stop-leaves-it-running", "virtualmachine", 3),
    ("foreign-things-are-accessible", "outcome", 2),
    ("list-all-shows-foreign", "account", 2),
    ("volumes-of-others-are-listed", "volume", 2),
    ("destroyed-machines-are-counted", "account[0].vmtotal", 3),
    ("deleted-accounts-leave-volumes", "volume", 4),
    ("reboots-never-end", "job", 2),
];

#[test]
fn every_invariant_bites_and_tells_few_steps() {
    for (quirk, at, most) in BITES {
        let beginning = Beginning::demo(1, "steps:1", &[quirk]).unwrap();
        let found = (0..40).find_map(|number| failure(&beginning, FEW_STEPS, SOON, 1, number));
        let Some(Stop::Mismatch(mismatch)) = found else { panic!("{quirk} is missed: {found:?}") };
        let case = mismatch.case.unwrap_or_default();
        assert!(mismatch.at.contains(at), "{quirk}: at {}\n{case}", mismatch.at);
        assert!(case.lines().count() <= *most, "{quirk}:\n{case}");
        let is_masked = |line: &str| line.starts_with("curl ") && line.contains("apiKey=…&signature=…");
        assert!(case.lines().all(is_masked), "{case}");
    }
}
