//! The core profile on each world that has a name.

use cloudstack_conformance::{
    check::{Profile, Verdict},
    embedded::Embedded,
    report::{Conclusion, Kind},
    run,
    runner::Selection,
    target::{Limits, Target},
};

/// Runs the core profile on a world, which must pass with nothing left in its ledger, and say why whatever is skipped is.
fn judge(world: &str) {
    let cloud = Embedded::of_world(world).unwrap();
    let limits = Limits { may_change: true, cases: 2, ..Limits::default() };
    let target = Target::new(cloud.settings(), limits, None);
    let report = run(&target, &Selection { profile: Profile::Core, ..Selection::default() });
    let text = Kind::Terminal.write(&report);
    assert_eq!(report.conclusion(), Conclusion::Conformant, "{world}: {text}");
    for outcome in &report.outcomes {
        if let Verdict::Skipped { why } = &outcome.verdict {
            assert!(!why.is_empty(), "{world}: {}", outcome.id);
        }
    }
}

#[test]
fn demo_is_conformant() {
    judge("demo");
}

#[test]
fn empty_is_conformant() {
    judge("empty");
}

#[test]
fn advdualzone_is_conformant() {
    judge("advdualzone");
}

#[test]
fn sandbox_is_conformant() {
    judge("sandbox");
}
