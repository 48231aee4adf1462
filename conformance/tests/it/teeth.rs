//! Every check has teeth: it passes on an honest simulator, and fails on one with the fault it exists for.
//!
//! The pairs stand in one list per area, in the order of the checks. A check without a pair stands in [`NO_TEETH`],
//! with the reason; that list only shrinks.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use cloudstack_conformance::{
    check::{Check, Verdict},
    checks,
    embedded::Embedded,
    runner,
    target::{Limits, Target},
};

/// A check and the fault that it must notice.
type Pair = (&'static str, &'static str);

/// Every pair, by area.
const TEETH: &[&[Pair]] = &[
    SIGNING, LOGIN, ENVELOPE, ERRORS, PARAMETERS, TRANSPORT, DISCOVERY, LISTING, PARITY, SHAPE, JOBS,
    MACHINES, USER_DATA, METADATA, LEASE,
];

/// Checks that no fault of the simulator makes fail, with the reason.
const NO_TEETH: &[(&str, &str)] = &[];

const SIGNING: &[Pair] = &[
    ("signing/known-key-is-accepted", "signature-protects-case"),
    ("signing/wrong-secret", "accept-any-signature"),
    ("signing/unsigned", "unsigned-calls-pass"),
    ("signing/refusal-tells-nothing", "refusals-tell-why"),
    ("signing/refusal-has-the-commands-envelope", "one-error-envelope"),
    ("signing/unknown-command-is-refused-as-unverified", "unknown-commands-are-told"),
    ("signing/special-characters", "rfc3986-encoding"),
    ("signing/non-ascii-letters-keep-their-case", "lower-before-encoding"),
    ("signing/order-of-names", "sort-names-ignoring-case"),
    ("signing/names-are-not-escaped", "escape-names"),
    ("signing/empty-values-are-signed", "skip-empty-values"),
    ("signing/cache-buster-is-signed", "skip-cache-buster"),
    ("signing/form-is-signed", "forms-are-not-signed"),
    ("signing/case-of-values-is-not-protected", "signature-protects-case"),
    ("signing/any-changed-byte-is-refused", "accept-any-signature"),
    ("signing/whole-signature-counts", "compare-prefix-of-signature"),
    ("signing/blank-is-no-plus", "spaces-in-signature-become-plus"),
    ("signing/no-other-digest", "url-safe-signatures-pass"),
    ("signing/not-yet-expired", "expiry-only-by-offset"),
    ("signing/expired", "ignore-expiry"),
    ("signing/expired", "grace-on-expiry"),
    ("signing/expiry-is-compulsory-in-version-3", "missing-expiry-passes"),
    ("signing/expiry-needs-version-3", "expiry-without-version"),
];

const LOGIN: &[Pair] = &[
    ("login/parameters-may-stand-in-the-query", "login-reads-the-form-alone"),
    ("login/command-in-any-case", "login-by-exact-name"),
    ("login/get-is-refused", "login-by-get"),
    ("login/wrong-password", "any-password-is-good"),
    ("login/refusal-tells-nothing", "login-tells-unknown-users"),
    ("login/fields-stand-in-the-envelope", "login-is-nested"),
    ("login/values-are-texts", "login-values-are-typed"),
    ("login/form-of-session-keys", "padded-session-keys"),
    ("login/two-cookies", "login-sets-one-cookie"),
    ("login/key-cookie-is-hidden-from-scripts", "session-cookie-for-scripts"),
    ("login/ends-the-session-before", "login-keeps-the-old-session"),
    ("login/session-replaces-the-signature", "sessions-need-a-signature"),
    ("login/key-as-a-parameter-is-compulsory", "session-key-by-cookie-alone"),
    ("login/key-as-a-cookie-is-compulsory", "session-key-by-parameter-alone"),
    ("login/wrong-key-ends-the-session", "sessions-survive-a-bad-key"),
    ("login/session-goes-before-the-signature", "signature-saves-a-bad-session"),
    ("login/unknown-session-is-none", "unknown-sessions-are-told"),
    ("login/nothing-else-opens-a-session", "every-answer-sets-a-cookie"),
    ("login/logout-ends-the-session", "logout-keeps-the-session"),
    ("login/logout-needs-no-key", "logout-demands-the-key"),
    ("login/logout-without-a-session", "logout-always-succeeds"),
];

const ENVELOPE: &[Pair] = &[
    ("envelope/one-member", "second-member"),
    ("envelope/well-formed", "refusals-have-no-body"),
    ("envelope/name", "envelope-without-response"),
    ("envelope/content-type", "content-type-without-charset"),
    ("envelope/content-type", "errors-always-in-xml"),
    ("envelope/status-equals-errorcode", "errors-with-status-200"),
    ("envelope/known-errorcode", "unknown-callers-are-403"),
    ("envelope/no-cross-origin-headers", "cors-is-open"),
    ("envelope/default-is-xml", "json-by-default"),
    ("envelope/same-facts-in-both-formats", "xml-drops-false"),
    ("envelope/empty-list", "empty-lists-have-a-count"),
    ("envelope/unknown-parameters-are-ignored", "unknown-parameters-are-refused"),
    ("envelope/version-is-for-known-callers", "version-before-login"),
];

const ERRORS: &[Pair] = &[
    ("errors/missing-parameter", "missing-parameters-pass"),
    ("errors/first-missing-parameter", "last-missing-is-named"),
    ("errors/empty-compulsory-parameter", "empty-values-are-missing"),
    ("errors/bad-integer", "integers-are-trimmed"),
    ("errors/unknown-entity", "unknown-things-are-absent"),
    ("errors/too-long", "long-texts-pass"),
    ("errors/bad-date", "bad-dates-are-bad-values"),
    ("errors/malformed-map", "malformed-maps-are-ignored"),
    ("errors/control-character", "control-characters-pass"),
    ("errors/line-ends-pass", "line-ends-are-refused"),
    ("errors/unknown-command-of-a-known-caller", "unknown-commands-are-unverified"),
    ("errors/unknown-command-of-the-integration-port", "unknown-commands-are-unverified"),
    ("errors/unsupported-has-its-own-envelope", "unknown-commands-have-envelopes"),
    ("errors/fields-in-json", "errors-without-uuid-list"),
    ("errors/fields-in-xml", "xml-errors-have-an-empty-list"),
    ("errors/class-code", "every-class-is-4350"),
    ("errors/no-class-code-for-strangers", "class-on-every-refusal"),
    ("errors/no-question-for-credentials", "authenticate-header"),
    ("errors/description-header", "no-description-header"),
    ("errors/any-text-comes-back", "xml-is-not-escaped"),
];

const PARAMETERS: &[Pair] = &[
    ("parameters/names-in-any-case", "names-are-exact"),
    ("parameters/command-is-spelt-exactly", "command-name-in-any-case"),
    ("parameters/commands-are-spelt-exactly", "commands-in-any-case"),
    ("parameters/last-of-a-query-counts", "first-of-a-query-counts"),
    ("parameters/query-goes-over-form", "form-over-query"),
    ("parameters/place-does-not-matter", "post-ignores-the-query"),
    ("parameters/plus-is-a-blank", "plus-stays-plus"),
    ("parameters/first-equals-sign-splits", "values-end-at-equals"),
    ("parameters/name-without-equals-sign", "bare-names-are-dropped"),
    ("parameters/bytes-that-are-not-utf-8", "bad-utf8-is-refused"),
    ("parameters/only-true-is-true", "yes-is-true"),
    ("parameters/identifiers-in-any-case", "ids-are-exact"),
    ("parameters/minus-one-is-an-identifier", "minus-one-is-no-id"),
    ("parameters/empty-items-vanish", "empty-items-are-refused"),
    ("parameters/dates-without-a-time", "dates-need-a-time"),
    ("parameters/page-is-for-lists", "paging-is-checked-everywhere"),
    ("parameters/any-text-is-kept", "texts-are-ascii"),
    ("parameters/accept-decides-nothing", "accept-header-decides"),
];

const TRANSPORT: &[Pair] = &[
    ("transport/path-may-go-on", "exact-path-only"),
    ("transport/head", "head-is-refused"),
    ("transport/other-methods", "put-is-taken"),
    ("transport/only-forms-are-read", "every-body-is-a-form"),
    ("transport/get-has-no-form", "get-reads-the-form"),
    ("transport/security-headers", "no-security-headers"),
    ("transport/no-caching-headers", "caching-headers"),
    ("transport/compressed-on-request", "never-compress"),
    ("transport/not-compressed-unasked", "compress-unasked"),
    ("transport/errors-are-not-compressed", "errors-are-compressed"),
    ("transport/long-request-line", "long-lines-pass"),
    ("transport/large-form", "large-forms-pass"),
    ("transport/many-form-keys", "large-forms-pass"),
    ("transport/bad-escapes", "bad-escapes-pass"),
];

const DISCOVERY: &[Pair] = &[
    ("discovery/name-is-exact", "api-names-are-filters"),
    ("discovery/unknown-name", "unknown-apis-are-an-empty-list"),
    ("discovery/fields-of-a-command", "async-flag-is-named-async"),
    ("discovery/fields-of-a-parameter", "required-is-text"),
    ("discovery/types-of-parameters", "types-are-upper-case"),
    ("discovery/required-parameters", "nothing-is-required"),
    ("discovery/capabilities-are-one-object", "capabilities-are-a-list"),
    ("discovery/types-of-capabilities", "support-elb-is-a-flag"),
];

const LISTING: &[Pair] = &[
    ("listing/count-is-all-matches", "count-is-the-page"),
    ("listing/pages-are-slices", "pages-count-from-zero"),
    ("listing/order-is-stable", "pages-run-backwards"),
    ("listing/page-past-the-end", "pages-wrap-around"),
    ("listing/nothing-found", "empty-lists-have-a-count"),
    ("listing/page-size-needs-a-page", "paging-is-not-checked"),
    ("listing/page-needs-a-page-size", "paging-is-not-checked"),
    ("listing/unlimited", "unlimited-is-refused"),
    ("listing/unlimited-has-no-pages", "paging-is-not-checked"),
    ("listing/largest-page", "paging-is-not-checked"),
    ("listing/pages-count-from-one", "pages-count-from-zero"),
    ("listing/keyword", "keyword-is-ignored"),
    ("listing/id-or-ids", "id-and-ids-together-pass"),
    ("listing/everything-of-a-user", "list-all-shows-foreign"),
    ("listing/only-the-count", "only-the-count-shows-all"),
    ("listing/events-run-forward", "events-run-backwards"),
];

const PARITY: &[Pair] = &[
    ("parity/zones", "xml-drops-false"),
    ("parity/templates", "xml-drops-false"),
    ("parity/service-offerings", "xml-drops-false"),
    ("parity/networks", "xml-drops-false"),
    ("parity/machines", "xml-drops-false"),
    ("parity/events", "json-dates-end-in-z"),
    ("parity/job-results", "xml-drops-false"),
    ("parity/errors", "xml-is-not-escaped"),
];

const SHAPE: &[Pair] = &[
    ("shape/types", "flags-are-text"),
    ("shape/fields", "fields-in-camel-case"),
    ("shape/identity", "id-is-called-uuid"),
];

const JOBS: &[Pair] = &[
    ("jobs/answer-is-the-job", "accepted-jobs-have-a-status"),
    ("jobs/created-thing-keeps-its-id", "create-answers-another-id"),
    ("jobs/created-thing-keeps-its-id", "create-answers-no-id"),
    ("jobs/pending-has-no-result", "pending-jobs-have-a-result"),
    ("jobs/pending-is-not-completed", "pending-jobs-are-completed"),
    ("jobs/pending-is-listed", "pending-jobs-are-hidden"),
    ("jobs/finished-is-not-listed", "finished-jobs-are-listed"),
    ("jobs/status-is-a-number", "job-status-is-text"),
    ("jobs/command-is-a-class", "job-shows-the-command-name"),
    ("jobs/name-their-submitter", "jobs-name-nobody"),
    ("jobs/dates", "json-dates-end-in-z"),
    ("jobs/failure-answers-200", "failed-jobs-fail-the-question"),
    ("jobs/failure-code", "result-code-is-zero"),
    ("jobs/failure-is-code-and-text", "failed-jobs-have-a-class"),
    ("jobs/result-is-frozen", "results-are-told-once"),
    ("jobs/finished-stays-finished", "results-are-told-once"),
    ("jobs/unknown-id", "unknown-things-are-absent"),
    ("jobs/id-in-upper-case", "ids-are-exact"),
    ("jobs/of-another-account", "foreign-jobs-are-shown"),
    ("jobs/chosen-id", "chosen-job-ids-are-ignored"),
];

const MACHINES: &[Pair] = &[
    ("machines/deployed-runs", "deploy-leaves-it-stopped"),
    ("machines/stop-stops", "stop-leaves-it-running"),
    ("machines/stop-is-idempotent", "stop-of-stopped-fails"),
    ("machines/start-of-running", "start-is-idempotent"),
    ("machines/reboot-of-stopped", "reboot-starts-stopped"),
    ("machines/recovered-is-stopped", "recover-starts-it"),
    ("machines/recovered-is-stopped", "destroy-only-stops"),
    ("machines/recover-needs-destroyed", "recover-from-any-state"),
    ("machines/expunge-of-running", "expunge-takes-running"),
    ("machines/expunged-is-gone", "expunged-are-listed"),
    ("machines/states-are-words", "states-are-lower-case"),
    ("machines/one-default-card", "every-card-is-default"),
    ("machines/slot-is-text", "slot-is-a-number"),
    ("machines/host-is-for-administrators", "admin-fields-leak"),
    ("machines/host-names-are-unique", "duplicate-host-names-pass"),
    ("machines/events-form-a-chain", "events-have-no-parent"),
    ("machines/events-form-a-chain", "events-are-not-recorded"),
];

const USER_DATA: &[Pair] = &[
    ("user-data/round-trip", "user-data-is-answered-decoded"),
    ("user-data/is-re-encoded", "user-data-is-kept-as-sent"),
    ("user-data/url-safe-alphabet", "user-data-is-strict"),
    ("user-data/no-base64", "user-data-is-not-checked"),
    ("user-data/longest-by-get", "user-data-limit-is-2048"),
    ("user-data/too-long-for-get", "user-data-by-get-is-long"),
    ("user-data/longest-by-post", "user-data-limit-is-2048"),
    ("user-data/inline-or-registered", "registered-user-data-wins"),
    ("user-data/lists-are-silent", "user-data-is-listed"),
    ("user-data/update-reaches-the-router", "user-data-needs-restart"),
    ("user-data/any-bytes", "user-data-is-text"),
    ("user-data/any-bytes", "user-data-stays-base64"),
];

const METADATA: &[Pair] = &[
    ("metadata/legacy-form", "legacy-url-missing"),
    ("metadata/legacy-form", "legacy-url-stale"),
    ("metadata/values-are-the-machines", "instance-id-is-the-internal-name"),
    ("metadata/values-are-the-machines", "local-hostname-is-fully-qualified"),
    ("metadata/values-are-the-machines", "service-offering-is-the-name"),
    ("metadata/index-is-complete", "metadata-index-names-missing"),
    ("metadata/index-names-the-types", "metadata-index-is-json"),
    ("metadata/trailing-slash", "metadata-trailing-slash-404"),
    ("metadata/unknown-type", "unknown-type-is-empty-200"),
    ("metadata/of-another-guest", "foreign-metadata-readable"),
    ("metadata/forwarding-headers", "metadata-trusts-forwarded-for"),
    ("metadata/no-content-type", "metadata-has-a-content-type"),
    ("metadata/no-compression", "metadata-is-compressed"),
    ("metadata/no-newline", "metadata-newline"),
    ("metadata/nothing-writes", "imds-token-is-given"),
    ("metadata/query-is-ignored", "query-string-is-404"),
];

const LEASE: &[Pair] = &[
    ("lease/names-its-server", "lease-without-server-identifier"),
    ("lease/router-answers", "lease-names-another-server"),
    ("lease/last-one-counts", "lease-names-another-address"),
];

fn pairs() -> impl Iterator<Item = Pair> {
    TEETH.iter().flat_map(|area| area.iter().copied())
}

#[test]
fn every_check_has_teeth_or_a_reason() {
    let biting: BTreeSet<&str> = pairs().map(|(check, _)| check).collect();
    let excused: BTreeSet<&str> = NO_TEETH.iter().map(|(check, _)| *check).collect();
    let all: BTreeSet<&str> = checks::all().map(|check| check.id).collect();
    let toothless: Vec<_> = all.iter().filter(|id| !biting.contains(*id) && !excused.contains(*id)).collect();
    assert!(toothless.is_empty(), "no fault is known that these would notice: {toothless:#?}");
    let gone: Vec<_> = biting.union(&excused).filter(|id| !all.contains(*id)).collect();
    assert!(gone.is_empty(), "these are no checks: {gone:#?}");
    let both: Vec<_> = biting.intersection(&excused).collect();
    assert!(both.is_empty(), "these have teeth and need no excuse: {both:#?}");
    for (check, reason) in NO_TEETH {
        assert!(reason.ends_with('.'), "{check}: {reason}");
    }
}

#[test]
fn every_check_passes_on_an_honest_simulator() {
    assert_none(&on_threads(&checks::all().collect::<Vec<_>>(), |check| {
        let verdict = verdict(check, &[]);
        (verdict != Verdict::Passed).then(|| format!("{}: {verdict:?}", check.id))
    }));
}

#[test]
fn a_check_fails_on_the_fault_that_it_exists_for() {
    assert_none(&on_threads(&pairs().collect::<Vec<_>>(), |(id, quirk)| {
        let verdict = verdict(checks::find(id)?, &[quirk]);
        (!matches!(verdict, Verdict::Failed { .. })).then(|| format!("{id} misses {quirk}: {verdict:?}"))
    }));
}

/// What becomes of a check on a simulator of its own with these faults.
fn verdict(check: &Check, quirks: &[&str]) -> Verdict {
    let limits = Limits { may_change: true, ..Limits::default() };
    let simulator = match Embedded::start(limits.seed, quirks) {
        Ok(simulator) => simulator,
        Err(error) => return Verdict::Broken { why: format!("{error:?}") },
    };
    let target = Target::new(simulator.settings(), limits, None);
    Verdict::from(runner::verdict(&target, check))
}

/// What a few threads find, in the order of the cases.
fn on_threads<T: Copy + Sync>(cases: &[T], find: impl Fn(T) -> Option<String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { return };
                    if let Some(text) = find(*case) {
                        found.lock().unwrap().push((index, text));
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    found.into_iter().map(|(_, text)| text).collect()
}

#[track_caller]
fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "{} found\n{}", found.len(), found.join("\n"));
}
