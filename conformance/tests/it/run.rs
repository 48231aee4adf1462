//! Runs against the small cloud: an honest one passes, a sinful one fails where it should and nowhere else. And one of
//! all checks at once.

use std::sync::atomic::Ordering;

use cloudstack_conformance::{
    check::{Profile, Verdict},
    embedded,
    report::{Conclusion, Kind, Report},
    run,
    runner::Selection,
    target::{Limits, Target},
};

use crate::fake::{Fake, KEY, SECRET, Sin};

fn report(sin: Sin, filter: &str) -> Report {
    let fake = Fake::start(sin);
    let target = Target::new(fake.settings(), Limits { cases: 16, ..Limits::default() }, None);
    run(&target, &Selection { filters: vec![filter.to_owned()], ..Selection::default() })
}

fn failures(report: &Report) -> Vec<&str> {
    let failed = report.outcomes.iter().filter(|outcome| matches!(outcome.verdict, Verdict::Failed { .. }));
    failed.map(|outcome| &*outcome.id).collect()
}

/// The areas that the small cloud knows.
fn of_engine(id: &str) -> bool {
    id.starts_with("signing/") || id.starts_with("envelope/")
}

#[test]
fn an_honest_cloud_passes() {
    for area in ["signing/", "envelope/"] {
        let report = report(Sin::None, area);
        assert_eq!(report.conclusion(), Conclusion::Conformant, "{}", Kind::Terminal.write(&report));
        assert_eq!(report.counts().passed, report.outcomes.len());
    }
}

#[test]
fn checks_at_the_same_time_do_not_disturb_each_other() {
    let limits = Limits { may_change: true, cases: 2, ..Limits::default() };
    let target = embedded::target(limits, &[]).unwrap();
    let selection = Selection { profile: Profile::Core, workers: 16, ..Selection::default() };
    let report = run(&target, &selection);
    assert_eq!(report.conclusion(), Conclusion::Conformant, "{}", Kind::Terminal.write(&report));
}

#[test]
fn accepting_any_signature_is_found() {
    let report = report(Sin::AcceptsAnySignature, "signing/");
    let found = failures(&report);
    for id in
        ["signing/wrong-secret", "signing/any-changed-byte-is-refused", "signing/whole-signature-counts"]
    {
        assert!(found.contains(&id), "{id} in {found:?}");
    }
}

#[test]
fn a_property_fails_with_its_smallest_case() {
    let report = report(Sin::AcceptsAnySignature, "signing/any-changed-byte-is-refused");
    let Verdict::Failed { mismatch } = &report.outcomes[0].verdict else { panic!("{report:?}") };
    let case = mismatch.case.as_deref().unwrap();
    // One of the two texts is empty, the other one character.
    assert_eq!(case.len(), r#"("", "0")"#.len(), "{case}");
    let exchange = report.outcomes[0].telling_exchange().unwrap();
    assert!(exchange.received.as_ref().is_some_and(|received| received.status == 200), "{exchange:?}");
}

#[test]
fn a_universal_rule_is_filed_under_its_own_check() {
    let broken = report(Sin::PlainContentType, "e");
    let found: Vec<_> = failures(&broken).into_iter().filter(|id| of_engine(id)).collect();
    assert_eq!(found, ["envelope/content-type", "envelope/default-is-xml"]);
    let elsewhere = report(Sin::PlainContentType, "signing/known-key");
    assert_eq!(elsewhere.conclusion(), Conclusion::Conformant);
    assert!(elsewhere.notes[0].contains("envelope/content-type"), "{:?}", elsewhere.notes);
}

#[test]
fn no_report_tells_a_secret() {
    let report = report(Sin::AcceptsAnySignature, "signing/");
    for kind in Kind::ALL {
        let text = kind.write(&report);
        assert!(!text.contains(KEY) && !text.contains(SECRET), "{}", kind.name());
    }
}

#[test]
fn a_read_only_run_holds_changes_back() {
    let fake = Fake::start(Sin::None);
    let target = Target::new(fake.settings(), Limits::default(), None);
    for request in [
        target.api("createNetwork"),
        target.api("listZones").raw_query("command=listZones&COMMAND=destroyVirtualMachine&id=1"),
        target.api("listZones").param("command", "stopVirtualMachine"),
        target.api("listZones").altered("command", "deployVirtualMachine"),
    ] {
        assert!(request.send().is_err());
    }
    assert_eq!(fake.requests.load(Ordering::Relaxed), 0);
}
