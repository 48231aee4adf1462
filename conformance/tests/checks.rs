//! Each check as a test of its own: `cargo test signing/` works.
//!
//! Against the embedded simulator, or with `CLOUDSTACK_ENDPOINT`, `CLOUDSTACK_KEY` and `CLOUDSTACK_SECRET` set
//! against that endpoint, which is then only read from.

use std::sync::{Arc, PoisonError, RwLock};

use cloudstack_conformance::{
    check::{Profile, Verdict},
    checks, runner,
    settings::Settings,
    target::{Limits, Target},
};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let named = Settings::from_environment();
    if named.names_a_target() {
        let target = Target::new(named, Limits::default(), None);
        // Tells how to sign; a target that cannot be asked is for the checks to find out about.
        target.facts().ok();
        run(&arguments, &target, Profile::ReadOnly);
    } else {
        embedded(&arguments);
    }
}

#[cfg(feature = "embedded")]
fn embedded(arguments: &Arguments) {
    let limits = Limits { may_change: true, ..Limits::default() };
    match cloudstack_conformance::embedded::target(limits, &[]) {
        Ok(target) => run(arguments, &target, Profile::Full),
        Err(error) => {
            let failing = Trial::test("embedded", move || Err(Failed::from(error.message)));
            libtest_mimic::run(arguments, vec![failing]).exit();
        }
    }
}

#[cfg(not(feature = "embedded"))]
fn embedded(arguments: &Arguments) {
    libtest_mimic::run(arguments, Vec::new()).exit();
}

fn run(arguments: &Arguments, target: &Target, profile: Profile) {
    let quiet = Arc::new(RwLock::new(()));
    let trials = checks::all()
        .filter(|check| check.profile <= profile)
        .map(|check| {
            let (target, quiet) = (target.clone(), Arc::clone(&quiet));
            Trial::test(check.id, move || {
                // Some run when nobody else does, as in a run of the suite.
                let verdict = if check.runs_alone() {
                    let _alone = quiet.write().unwrap_or_else(PoisonError::into_inner);
                    runner::verdict(&target, check)
                } else {
                    let _together = quiet.read().unwrap_or_else(PoisonError::into_inner);
                    runner::verdict(&target, check)
                };
                match Verdict::from(verdict) {
                    Verdict::Passed | Verdict::Known { .. } | Verdict::Skipped { .. } => Ok(()),
                    Verdict::Failed { mismatch } => {
                        Err(Failed::from(format!("{}\n{mismatch}", check.requirement)))
                    }
                    Verdict::Broken { why } => Err(Failed::from(why)),
                }
            })
        })
        .collect();
    libtest_mimic::run(arguments, trials).exit();
}
