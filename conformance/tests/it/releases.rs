//! Clouds of older releases: each is judged by what it claims to be, and what it does not have is not asked of it.

use std::thread;

use cloudstack_conformance::{
    check::{Capability, Profile, Verdict},
    checks, embedded,
    report::{Conclusion, Kind, Report},
    run,
    runner::{self, Selection},
    target::Limits,
};

/// The first release of each line, and those in which a line changed on the wire.
const RELEASES: [&str; 14] = [
    "4.11", "4.12", "4.13", "4.14", "4.15", "4.16", "4.17", "4.18", "4.19", "4.19.2", "4.20", "4.20.1",
    "4.21", "4.22",
];

/// A run against a cloud of a release, in which a SHOULD decides like a MUST.
fn report(release: &'static str, profile: Profile, filters: &[&str]) -> Report {
    let limits = Limits { may_change: profile > Profile::ReadOnly, cases: 2, ..Limits::default() };
    let target = embedded::target_of_release(release, limits, &[]).unwrap();
    let filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
    run(&target, &Selection { profile, filters, strict: true, workers: 1, ..Selection::default() })
}

/// What becomes of a check on a cloud of a release with these faults.
fn verdict(release: &'static str, check: &str, quirks: &[&'static str]) -> Verdict {
    let limits = Limits { may_change: true, ..Limits::default() };
    let target = embedded::target_of_release(release, limits, quirks).unwrap();
    Verdict::from(runner::verdict(&target, checks::find(check).unwrap()))
}

#[test]
fn every_release_is_conformant() {
    let reports = thread::scope(|scope| {
        let running = RELEASES.map(|release| scope.spawn(move || report(release, Profile::Core, &[])));
        running.map(|one| one.join().unwrap())
    });
    for (release, report) in RELEASES.iter().zip(reports) {
        let text = Kind::Terminal.write(&report);
        assert_eq!(report.conclusion(), Conclusion::Conformant, "{release}: {text}");
        assert!(report.release.starts_with(release), "{release}: {}", report.release);
    }
}

#[test]
fn an_older_release_is_asked_for_less() {
    let skipped =
        |release| report(release, Profile::ReadOnly, &["login/", "envelope/", "signing/"]).counts().skipped;
    let counts = ["4.12", "4.18", "4.20", "4.22"].map(skipped);
    assert!(counts.is_sorted_by(|older, newer| older > newer), "{counts:?}");
    assert_eq!(counts[3], 0);
}

#[test]
fn who_claims_a_release_is_held_to_it() {
    // Each fault is the behaviour of servers before the release that the check needs.
    for (check, before) in [
        ("signing/not-yet-expired", "expiry-only-by-offset"),
        ("login/key-as-a-parameter-is-compulsory", "session-key-by-cookie-alone"),
        ("login/key-as-a-cookie-is-compulsory", "session-key-by-parameter-alone"),
        ("envelope/version-is-for-known-callers", "version-before-login"),
        ("listing/only-the-count", "only-the-count-shows-all"),
    ] {
        let newest = verdict("4.22", check, &[before]);
        assert!(matches!(newest, Verdict::Failed { .. }), "{check} misses {before}: {newest:?}");
        let oldest = verdict("4.11", check, &[]);
        let Verdict::Skipped { why } = &oldest else { panic!("{check} judges 4.11: {oldest:?}") };
        assert!(why.starts_with("the target is older than 4."), "{check}: {why}");
    }
}

#[test]
fn who_tells_no_release_is_judged_as_the_newest() {
    let verdict = verdict("4.20", "envelope/version-is-for-known-callers", &["release-is-unknown"]);
    assert!(matches!(verdict, Verdict::Failed { .. }), "{verdict:?}");
}

#[test]
fn a_setting_that_came_later_is_not_offered() {
    let setting = Capability::Setting("enforce.post.requests.and.timestamps", "true");
    for (release, offered) in [("4.20", false), ("4.21", true)] {
        let target = embedded::target_of_release(release, Limits::default(), &[]).unwrap();
        let arranged = target.arranged(&[setting]).unwrap();
        assert_eq!(arranged.offers(setting).unwrap(), offered, "{release}");
    }
}
