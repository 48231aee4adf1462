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
    checks, embedded, runner,
    target::Limits,
};

/// A check and the fault that it must notice.
type Pair = (&'static str, &'static str);

/// Every pair, by area.
const TEETH: &[&[Pair]] = &[
    SIGNING,
    LOGIN,
    DIRECTORY,
    TWO_FACTOR,
    STANDING,
    SIGN_ON,
    ENVELOPE,
    ERRORS,
    PARAMETERS,
    VALUES,
    TRANSPORT,
    CLIENT_ADDRESS,
    ENFORCED,
    LIMITS,
    INTEGRATION,
    ACCESS,
    DISCOVERY,
    RELEASES,
    LISTING,
    ENCODING,
    PARITY,
    SHAPE,
    ACCEPTANCE,
    JOBS,
    RESULTS,
    ANSWERS,
    MACHINES,
    MACHINE_CHANGES,
    AGENTS,
    SNAPSHOTS,
    TEMPLATES,
    VOLUMES,
    NETWORKS,
    ADDRESSES,
    FIREWALL,
    AUTOSCALE,
    GROUPS,
    VPC,
    TAGS,
    EVENTS,
    ACCOUNTS,
    RESOURCE_LIMITS,
    INFRASTRUCTURE,
    DEFAULTS,
    STATEFUL,
    USER_DATA,
    REGISTERED_USER_DATA,
    METADATA,
    METADATA_VALUES,
    ROUTER,
    ISOLATION,
    PASSWORDS,
    LEASE,
    CONFIG_DRIVE,
    LEASE_OPTIONS,
    DHCP,
    DNS,
    GUEST_PROGRAMS,
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
    ("signing/special-characters", "uri-component-encoding"),
    ("signing/non-ascii-letters-keep-their-case", "lower-before-encoding"),
    ("signing/order-of-names", "sort-names-ignoring-case"),
    ("signing/order-of-names", "pairs-are-sorted-whole"),
    ("signing/names-are-not-escaped", "escape-names"),
    ("signing/empty-values-are-signed", "skip-empty-values"),
    ("signing/cache-buster-is-signed", "skip-cache-buster"),
    ("signing/every-parameter-is-signed", "response-is-not-signed"),
    ("signing/every-parameter-is-signed", "api-key-is-not-signed"),
    ("signing/every-parameter-is-signed", "skip-cache-buster"),
    ("signing/two-spellings", "two-spellings-are-refused"),
    ("signing/form-is-signed", "forms-are-not-signed"),
    ("signing/case-of-values-is-not-protected", "signature-protects-case"),
    ("signing/any-changed-byte-is-refused", "accept-any-signature"),
    ("signing/whole-signature-counts", "compare-prefix-of-signature"),
    ("signing/whole-signature-counts", "signatures-in-any-case"),
    ("signing/blank-is-no-plus", "spaces-in-signature-become-plus"),
    ("signing/no-other-digest", "url-safe-signatures-pass"),
    ("signing/no-other-digest", "hex-signatures-pass"),
    ("signing/no-other-hash", "sha256-signatures-pass"),
    ("signing/not-yet-expired", "expiry-only-by-offset"),
    ("signing/forms-of-an-expiry", "expiry-only-by-offset"),
    ("signing/expiry-far-ahead", "expiry-is-always-limited"),
    ("signing/expired", "ignore-expiry"),
    ("signing/expired", "grace-on-expiry"),
    ("signing/expiry-is-compulsory-in-version-3", "missing-expiry-passes"),
    ("signing/expiry-is-compulsory-in-version-3", "zoneless-expiry-passes"),
    ("signing/expiry-is-compulsory-in-version-3", "blanks-in-expiry-become-plus"),
    ("signing/expiry-needs-version-3", "expiry-without-version"),
    ("signing/expiry-needs-version-3", "unknown-versions-are-refused"),
    ("signing/role-goes-first", "signature-goes-first"),
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
    ("login/logout-expires-cookies", "logout-keeps-the-cookies"),
    ("login/failure-ends-the-session-before", "login-keeps-the-old-session"),
    ("login/empty-password", "empty-passwords-pass"),
    ("login/domain-path-is-completed", "paths-of-domains-are-exact"),
    ("login/domain-id-goes-over-the-path", "paths-of-domains-go-first"),
    ("login/domain-is-root-by-default", "zero-is-no-domain"),
    ("login/unknown-domain-path", "login-refusals-are-alike"),
    ("login/bad-domain-id", "login-refusals-are-alike"),
    ("login/unknown-domain-number", "login-refusals-are-alike"),
    ("login/xml-names-no-version", "version-before-login"),
    ("login/key-cookie-has-no-path", "session-key-for-every-path"),
    ("login/same-site", "same-site-is-always-lax"),
    ("login/secure-session-cookie", "secure-cookie-beside-the-plain-one"),
    ("login/session-id-counts-whole", "session-ids-match-by-their-beginning"),
];

const TWO_FACTOR: &[Pair] = &[
    ("two-factor/providers", "providers-in-capitals"),
    ("two-factor/answer-of-a-set-up", "set-up-is-named-provider"),
    ("two-factor/one-time-passwords", "one-time-passwords-last-a-minute"),
    ("two-factor/set-up-while-off", "set-up-while-off"),
    ("two-factor/login-succeeds-without-the-code", "login-needs-the-second-factor"),
    ("two-factor/mandated-by-the-domain", "mandate-is-ignored"),
    ("two-factor/mandated-by-the-domain", "login-needs-the-second-factor"),
    ("two-factor/calls-before-the-code", "missing-codes-are-401"),
    ("two-factor/call-before-the-code-ends-the-session", "unverified-sessions-live-on"),
    ("two-factor/open-before-the-code", "nothing-is-open-before-the-code"),
    ("two-factor/text-for-who-has-one", "missing-codes-are-401"),
    ("two-factor/text-for-who-has-none", "one-text-for-the-second-factor"),
    ("two-factor/right-code", "codes-verify-nothing"),
    ("two-factor/verifies-one-session", "codes-verify-the-user"),
    ("two-factor/pin-stays", "static-pins-work-once"),
    ("two-factor/wrong-code", "wrong-codes-are-told-plainly"),
    ("two-factor/wrong-code-ends-the-session", "wrong-codes-keep-the-session"),
    ("two-factor/no-code", "missing-codes-are-wrong"),
    ("two-factor/login-drops-an-unproven-set-up", "unverified-set-ups-stay"),
    ("two-factor/wrong-code-cancels-a-set-up", "unverified-set-ups-stay"),
    ("two-factor/gate-comes-before-the-look-up", "unknown-commands-go-before-the-gate"),
    ("two-factor/logout-needs-no-code", "logout-is-gated"),
    ("two-factor/keys-need-no-code", "second-factor-for-keys"),
];

const STANDING: &[Pair] = &[
    ("standing/session-ends-with-its-user", "sessions-outlive-their-users"),
    ("standing/session-ends-with-its-account", "sessions-outlive-their-users"),
    ("standing/session-of-a-removed-user", "removed-users-take-their-sessions"),
    ("standing/ended-session-stays-ended", "sessions-survive-a-bad-key"),
    ("standing/keys-of-a-disabled-user", "disabled-users-may-call"),
    ("standing/keys-of-a-disabled-account", "disabled-users-may-call"),
    ("standing/login-of-a-disabled-user", "login-refusals-are-alike"),
    ("standing/lock-out", "lock-out-comes-one-later"),
    ("standing/four-wrong-passwords", "lock-out-comes-one-earlier"),
    ("standing/login-forgets-wrong-passwords", "failed-logins-are-never-forgotten"),
    ("standing/locked-out-with-a-wrong-password", "locked-out-users-are-told"),
    ("standing/key-access-of-a-user", "key-access-is-ignored"),
    ("standing/key-access-of-an-account", "key-access-is-ignored"),
    ("standing/key-access-of-a-user-goes-first", "account-key-access-goes-first"),
    ("standing/key-access-of-a-domain", "domain-key-access-is-ignored"),
];

const SIGN_ON: &[Pair] = &[
    ("sign-on/signed-login", "signature-protects-case"),
    ("sign-on/signature-grows-old", "single-sign-on-never-expires"),
    ("sign-on/oauth-providers-are-public", "oauth-providers-need-credentials"),
    ("sign-on/oauth-login-of-nobody", "oauth-refusals-name-the-login"),
    ("sign-on/oauth-login-of-two", "oauth-refusals-name-the-login"),
    ("sign-on/saml-is-unknown-when-off", "saml-is-always-there"),
    ("sign-on/identity-providers-are-public", "identity-providers-need-credentials"),
    ("sign-on/saml-leads-to-the-provider", "sign-on-is-enveloped"),
    ("sign-on/reset-is-unknown-when-off", "password-reset-is-always-there"),
    ("sign-on/forgotten-password-tells-nothing", "forgotten-users-are-told"),
];

const DIRECTORY: &[Pair] = &[
    ("directory/passwords-are-sent-in-clear", "clients-hash-passwords"),
    ("directory/stored-hashes-are-the-servers", "clients-hash-passwords"),
    ("directory/excluded-authenticator", "exclusion-is-ignored"),
    ("directory/password-of-the-directory", "any-password-is-good"),
    ("directory/only-the-directory-is-asked", "sources-are-ignored"),
    ("directory/native-ones-go-first", "directory-goes-first"),
    ("directory/empty-password", "empty-passwords-bind"),
    ("directory/refusals-count", "directory-refusals-do-not-count"),
    ("directory/first-login-makes-the-user", "first-login-creates-nobody"),
    ("directory/login-lets-in-again", "directory-leaves-users-disabled"),
    ("directory/gone-is-disabled", "gone-users-stay-enabled"),
    ("directory/refusal-tells-nothing", "login-tells-who-refused"),
    ("directory/success-tells-nothing", "login-tells-who-accepted"),
    ("directory/names-of-servers", "directory-names-are-regular"),
    ("directory/names-of-people", "directory-names-are-regular"),
    ("directory/names-of-accounts", "directory-names-are-regular"),
    ("directory/names-of-links", "directory-names-are-regular"),
    ("directory/older-list-of-servers", "older-directory-commands-are-aliases"),
    ("directory/older-removal-of-servers", "older-directory-commands-are-aliases"),
    ("directory/server-out-of-reach", "unreachable-directories-pass"),
    ("directory/server-out-of-reach", "directory-texts-lack-the-class"),
    ("directory/server-twice", "directory-texts-lack-the-class"),
    ("directory/unknown-server", "directory-texts-lack-the-class"),
    ("directory/linked-twice", "domains-are-linked-twice"),
    ("directory/known-people-are-marked", "conflicting-source-is-missing"),
    ("directory/accounts-need-a-type", "people-need-no-type"),
    ("directory/unknown-person", "missing-people-are-431"),
    ("directory/no-mail-address", "incomplete-people-pass"),
    ("directory/no-first-name", "incomplete-people-pass"),
];

const ENVELOPE: &[Pair] = &[
    ("envelope/one-member", "second-member"),
    ("envelope/one-member", "bodies-are-bare"),
    ("envelope/well-formed", "refusals-have-no-body"),
    ("envelope/name", "envelope-without-response"),
    ("envelope/name", "envelopes-in-camel-case"),
    ("envelope/name", "one-error-envelope"),
    ("envelope/content-type", "content-type-without-charset"),
    ("envelope/content-type", "errors-always-in-xml"),
    ("envelope/status-equals-errorcode", "errors-with-status-200"),
    ("envelope/known-errorcode", "unknown-callers-are-403"),
    ("envelope/known-errorcode", "missing-things-are-404"),
    ("envelope/no-cross-origin-headers", "cors-is-open"),
    ("envelope/default-is-xml", "json-by-default"),
    ("envelope/same-facts-in-both-formats", "xml-drops-false"),
    ("envelope/empty-list", "empty-lists-have-a-count"),
    ("envelope/unknown-parameters-are-ignored", "unknown-parameters-are-refused"),
    ("envelope/version-is-for-known-callers", "version-before-login"),
];

const ERRORS: &[Pair] = &[
    ("errors/missing-parameter", "missing-parameters-pass"),
    ("errors/missing-parameter", "texts-keep-camel-case"),
    ("errors/first-missing-parameter", "last-missing-is-named"),
    ("errors/first-missing-parameter", "all-faults-are-told"),
    ("errors/empty-compulsory-parameter", "empty-values-are-missing"),
    ("errors/bad-integer", "integers-are-trimmed"),
    ("errors/bad-integer", "bad-values-are-530"),
    ("errors/unknown-entity", "unknown-things-are-absent"),
    ("errors/unknown-entity", "missing-things-are-404"),
    ("errors/too-long", "long-texts-pass"),
    ("errors/too-long", "long-texts-are-cut"),
    ("errors/too-long", "long-keywords-are-cut"),
    ("errors/bad-date", "bad-dates-are-bad-values"),
    ("errors/malformed-map", "malformed-maps-are-ignored"),
    ("errors/malformed-map", "malformed-maps-are-431"),
    ("errors/control-character", "control-characters-pass"),
    ("errors/control-character", "control-characters-are-430"),
    ("errors/line-ends-pass", "line-ends-are-refused"),
    ("errors/unknown-command-of-a-known-caller", "unknown-commands-are-unverified"),
    ("errors/unknown-command-of-a-known-caller", "unknown-commands-are-404"),
    ("errors/unknown-command-of-the-integration-port", "unknown-commands-are-unverified"),
    ("errors/unsupported-has-its-own-envelope", "unknown-commands-have-envelopes"),
    ("errors/fields-in-json", "errors-without-uuid-list"),
    ("errors/fields-in-json", "uuid-list-in-lower-case"),
    ("errors/fields-in-json", "error-codes-are-text"),
    ("errors/fields-in-xml", "xml-errors-have-an-empty-list"),
    ("errors/class-code", "every-class-is-4350"),
    ("errors/class-code", "no-class-codes"),
    ("errors/no-class-code-for-strangers", "class-on-every-refusal"),
    ("errors/no-question-for-credentials", "authenticate-header"),
    ("errors/description-header", "no-description-header"),
    ("errors/description-is-one-line", "description-keeps-line-ends"),
    ("errors/any-text-comes-back", "xml-is-not-escaped"),
];

const PARAMETERS: &[Pair] = &[
    ("parameters/names-in-any-case", "names-are-exact"),
    ("parameters/command-is-spelt-exactly", "command-name-in-any-case"),
    ("parameters/commands-are-spelt-exactly", "commands-in-any-case"),
    ("parameters/names-of-the-verifier", "keys-have-one-spelling"),
    ("parameters/nobody-says-who-calls", "context-parameters-count"),
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

const VALUES: &[Pair] = &[
    ("values/integers", "integers-are-ascii"),
    ("values/no-integers", "bad-values-are-530"),
    ("values/blank-integers", "blank-integers-are-refused"),
    ("values/long-integers", "empty-longs-pass"),
    ("values/dates", "dates-need-a-time"),
    ("values/end-of-a-day", "end-dates-are-midnight"),
    ("values/map-members", "map-fields-are-lowered"),
    ("values/map-members", "indices-count-from-zero"),
    ("values/tags-are-pairs", "tags-are-merged"),
    ("values/tag-without-a-value", "tags-need-no-value"),
    ("values/tag-without-a-value", "failures-have-no-default-text"),
    ("values/filter-without-a-value", "tags-need-no-value"),
    ("values/text-for-a-map", "plain-maps-are-empty"),
    ("values/host-names", "host-names-begin-with-digits"),
    ("values/zero-is-no-identifier", "zero-is-positive"),
    ("values/internal-numbers", "numbers-are-no-ids"),
    ("values/newer-identifiers", "non-uuids-are-refused"),
    ("values/items-keep-their-blanks", "items-are-trimmed"),
    ("values/lists-of-strangers", "unknown-things-are-absent"),
    ("values/removed-things", "removed-things-are-unknown"),
    ("values/callers-before-characters", "control-characters-come-first"),
    ("values/user-data-by-get", "user-data-counts-decoded"),
    ("values/user-data-is-base64", "user-data-is-not-checked"),
    ("values/job-ids", "any-job-id-is-good"),
];

const TRANSPORT: &[Pair] = &[
    ("transport/path-of-the-api", "api-path-needs-a-slash"),
    ("transport/path-is-spelt-exactly", "api-path-in-any-case"),
    ("transport/connections-are-kept", "every-answer-closes"),
    ("transport/tells-nothing-of-itself", "server-tells-itself"),
    ("transport/path-may-go-on", "exact-path-only"),
    ("transport/head", "head-is-refused"),
    ("transport/other-methods", "put-is-taken"),
    ("transport/other-methods", "trace-is-taken"),
    ("transport/only-forms-are-read", "every-body-is-a-form"),
    ("transport/only-forms-are-read", "json-bodies-are-read"),
    ("transport/get-has-no-form", "get-reads-the-form"),
    ("transport/security-headers", "no-security-headers"),
    ("transport/security-headers", "security-policies-are-folded"),
    ("transport/security-headers", "refusals-lack-security-headers"),
    ("transport/no-caching-headers", "caching-headers"),
    ("transport/compressed-on-request", "never-compress"),
    ("transport/not-compressed-unasked", "compress-unasked"),
    ("transport/errors-are-not-compressed", "errors-are-compressed"),
    ("transport/long-request-line", "long-lines-pass"),
    ("transport/large-form", "large-forms-pass"),
    ("transport/large-form", "large-forms-are-cut-off"),
    ("transport/many-form-keys", "large-forms-pass"),
    ("transport/bad-escapes", "bad-escapes-pass"),
    ("transport/bad-escapes", "bad-escapes-have-an-envelope"),
];

const CLIENT_ADDRESS: &[Pair] = &[
    ("client-address/outside-the-list", "source-addresses-are-free"),
    ("client-address/forwarding-headers", "forwarded-is-ignored"),
    ("client-address/forwarding-headers", "last-forwarded-counts"),
    ("client-address/headers-of-proxies", "first-token-is-the-address"),
    ("client-address/no-address", "unresolved-addresses-pass"),
    ("client-address/refused-login", "login-hides-the-address"),
    ("client-address/ended-session", "forbidden-addresses-are-403"),
    ("client-address/ended-session", "sessions-survive-a-bad-address"),
];

const ENFORCED: &[Pair] = &[
    ("enforced/changes-need-post", "changes-by-get-pass"),
    ("enforced/gate-comes-first", "gate-follows-the-signature"),
    ("enforced/gate-comes-first", "gate-knows-its-commands"),
    ("enforced/reads-by-get", "reads-need-post"),
    ("enforced/the-way-back-is-open", "changes-by-get-pass"),
    ("enforced/time-stamp-is-compulsory", "enforced-time-stamps-may-lack"),
    ("enforced/expiry-is-near", "enforced-expiry-is-unlimited"),
];

const LIMITS: &[Pair] = &[
    ("limits/call-too-many", "limit-answers-503"),
    ("limits/call-too-many", "limit-says-retry-after"),
    ("limits/administrators-are-free", "administrators-are-limited"),
    ("limits/of-the-account", "limits-are-per-user"),
    ("limits/window-does-not-move", "windows-slide"),
    ("limits/told-on-request", "limit-fields-in-lower-case"),
    ("limits/reset", "reset-leaves-the-limit"),
    ("limits/list-apis-is-one-call", "list-apis-counts-each-command"),
    ("limits/nothing-to-tell", "limit-without-throttling"),
];

const INTEGRATION: &[Pair] = &[
    ("integration/has-its-setting", "integration-port-is-unnamed"),
    ("integration/asks-nobody", "integration-demands-a-signature"),
    ("integration/any-path-and-method", "integration-knows-two-methods"),
    ("integration/query-alone", "integration-reads-forms"),
    ("integration/query-alone", "integration-keeps-semicolons"),
    ("integration/first-of-a-name", "integration-takes-the-last"),
    ("integration/formats", "integration-formats-in-any-case"),
    ("integration/headers", "integration-has-main-headers"),
    ("integration/reason-is-the-text", "integration-reasons-are-registered"),
    ("integration/no-logins", "integration-logs-in"),
    ("integration/no-passwords", "integration-takes-passwords"),
    ("integration/no-version", "integration-names-the-version"),
    ("integration/internal-texts", "integration-is-masked"),
];

const ACCESS: &[Pair] = &[
    ("access/forbidden-command", "forbidden-commands-are-531"),
    ("access/forbidden-command", "roles-are-ignored"),
    ("access/every-command-is-guarded", "roles-guard-lists-alone"),
    ("access/unknown-command-of-a-user", "forbidden-commands-are-531"),
    ("access/first-rule-decides", "last-rule-decides"),
    ("access/no-rule", "unruled-commands-pass"),
    ("access/no-rule", "unruled-commands-are-refused"),
    ("access/rules-are-patterns", "rules-match-parts"),
    ("access/rules-are-patterns", "rules-are-exact"),
    ("access/bad-rule", "any-text-is-a-rule"),
    ("access/account-types-of-roles", "domain-admins-are-swapped"),
    ("access/fields-of-roles", "permissions-are-upper-case"),
    ("access/refusals-of-role-commands", "role-refusals-are-vague"),
    ("access/static-roles", "denials-have-one-text"),
    ("access/not-a-member", "denials-have-one-text"),
    ("access/not-a-member", "projects-are-open"),
    ("access/project-is-spelt-exactly", "project-context-in-any-case"),
    ("access/role-within-a-project", "denials-have-one-text"),
    ("access/parameters-for-administrators", "restricted-parameters-are-refused"),
    ("access/foreign-thing", "foreign-things-are-accessible"),
    ("access/foreign-thing", "foreign-things-are-unknown"),
    ("access/foreign-thing", "foreign-things-are-403"),
    ("access/foreign-thing-in-a-list", "foreign-items-pass"),
];

const DISCOVERY: &[Pair] = &[
    ("discovery/name-is-exact", "api-names-are-filters"),
    ("discovery/unknown-name", "unknown-apis-are-an-empty-list"),
    ("discovery/fields-of-a-command", "async-flag-is-named-async"),
    ("discovery/fields-of-a-parameter", "required-is-text"),
    ("discovery/types-of-parameters", "types-are-upper-case"),
    ("discovery/fields-of-a-field", "field-types-have-a-package"),
    ("discovery/blank-fields", "blank-fields-are-left-out"),
    ("discovery/listing-of-a-user", "one-listing-for-all"),
    ("discovery/parameters-for-administrators", "restricted-parameters-are-listed"),
    ("discovery/login-is-listed-to-root", "login-is-listed-to-all"),
    ("discovery/required-parameters", "nothing-is-required"),
    ("discovery/capabilities-are-one-object", "capabilities-are-a-list"),
    ("discovery/types-of-capabilities", "support-elb-is-a-flag"),
];

const RELEASES: &[Pair] = &[
    ("releases/claim-is-a-number", "release-is-unknown"),
    ("releases/no-command-of-a-later-one", "claims-an-older-release"),
    ("releases/no-parameter-of-a-later-one", "claims-an-older-release"),
];

const LISTING: &[Pair] = &[
    ("listing/count-is-all-matches", "count-is-the-page"),
    ("listing/pages-are-slices", "pages-count-from-zero"),
    ("listing/order-is-stable", "pages-run-backwards"),
    ("listing/page-past-the-end", "pages-wrap-around"),
    ("listing/page-past-the-end", "pages-past-the-end-have-a-list"),
    ("listing/nothing-found", "empty-lists-have-a-count"),
    ("listing/page-size-needs-a-page", "paging-is-not-checked"),
    ("listing/page-needs-a-page-size", "paging-is-not-checked"),
    ("listing/unlimited", "unlimited-is-refused"),
    ("listing/unlimited-has-no-pages", "paging-is-not-checked"),
    ("listing/largest-page", "paging-is-not-checked"),
    ("listing/pages-count-from-one", "pages-count-from-zero"),
    ("listing/default-page", "default-page-is-everything"),
    ("listing/page-size-zero", "page-size-zero-is-the-default"),
    ("listing/empty-page-size", "empty-page-size-is-absent"),
    ("listing/keyword", "keyword-is-ignored"),
    ("listing/id-or-ids", "id-and-ids-together-pass"),
    ("listing/account-or-project", "account-wins-over-project"),
    ("listing/domain-alone", "lists-are-recursive"),
    ("listing/things-of-projects", "project-things-are-mixed-in"),
    ("listing/everything-of-a-user", "list-all-shows-foreign"),
    ("listing/only-the-count", "only-the-count-shows-all"),
    ("listing/events-run-forward", "events-run-backwards"),
    ("listing/machines-of-the-caller", "lists-show-everything"),
    ("listing/unknown-account", "unknown-accounts-have-nothing"),
    ("listing/machines-of-others", "list-all-shows-foreign"),
];

const ENCODING: &[Pair] = &[
    ("encoding/objects-have-a-name", "objects-are-not-wrapped"),
    ("encoding/count-and-list", "count-is-text"),
    ("encoding/count-and-list", "lists-are-plural"),
    ("encoding/xml-lists-have-no-container", "xml-lists-have-a-container"),
    ("encoding/nothing-is-null", "absent-fields-are-null"),
    ("encoding/empty-lists-are-there", "empty-lists-are-dropped"),
    ("encoding/floats-have-a-point", "floats-lose-their-point"),
    ("encoding/maps", "xml-maps-are-nested"),
    ("encoding/lists-of-texts", "xml-drops-lists-of-texts"),
    ("encoding/secrets-are-told", "secrets-are-blanked"),
    ("encoding/xml-is-compact", "xml-is-indented"),
    ("encoding/xml-is-compact", "empty-elements-close-themselves"),
    ("encoding/xml-escapes", "apostrophes-stay-in-xml"),
    ("encoding/json-escapes", "json-escapes-html"),
    ("encoding/texts-like-escapes", "json-escapes-are-undone"),
    ("encoding/percent-encoding-on-request", "texts-are-never-encoded"),
    ("encoding/members-in-order", "jobs-of-things-come-first"),
    ("encoding/dates-of-things", "json-dates-end-in-z"),
    ("encoding/things-are-the-same-everywhere", "lists-leave-fields-out"),
];

const PARITY: &[Pair] = &[
    ("parity/zones", "xml-drops-false"),
    ("parity/templates", "xml-drops-false"),
    ("parity/service-offerings", "xml-drops-false"),
    ("parity/networks", "xml-drops-false"),
    ("parity/machines", "xml-drops-false"),
    ("parity/events", "json-dates-end-in-z"),
    ("parity/job-results", "xml-drops-false"),
    ("parity/whatever-can-be-read", "xml-drops-false"),
    ("parity/whatever-can-be-read", "xml-flags-in-capitals"),
    ("parity/whatever-can-be-read", "xml-wraps-inner-lists"),
    ("parity/whatever-can-be-read", "xml-drops-inner-objects"),
    ("parity/whatever-can-be-read", "xml-drops-lists-of-texts"),
    ("parity/whatever-can-be-read", "xml-lists-have-a-container"),
    ("parity/errors", "xml-is-not-escaped"),
];

const SHAPE: &[Pair] = &[
    ("shape/types", "flags-are-text"),
    ("shape/types", "numbers-are-text"),
    ("shape/fields", "fields-in-camel-case"),
    ("shape/identity", "id-is-called-uuid"),
];

const JOBS: &[Pair] = &[
    ("jobs/answer-is-the-job", "accepted-jobs-have-a-status"),
    ("jobs/answer-is-the-job", "accepted-jobs-are-202"),
    ("jobs/answer-is-the-job", "job-id-in-camel-case"),
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
    ("jobs/dates", "dates-have-milliseconds"),
    ("jobs/failure-answers-200", "failed-jobs-fail-the-question"),
    ("jobs/failure-code", "result-code-is-zero"),
    ("jobs/failure-is-code-and-text", "failed-jobs-have-a-class"),
    ("jobs/result-is-frozen", "results-are-told-once"),
    ("jobs/finished-stays-finished", "results-are-told-once"),
    ("jobs/unknown-id", "unknown-things-are-absent"),
    ("jobs/id-in-upper-case", "ids-are-exact"),
    ("jobs/of-another-account", "foreign-jobs-are-shown"),
    ("jobs/chosen-id", "chosen-job-ids-are-ignored"),
    ("jobs/of-the-same-account", "jobs-are-their-users"),
    ("jobs/of-another-domain", "foreign-jobs-are-shown"),
    ("jobs/empty-id", "empty-values-are-missing"),
    ("jobs/none-without-its-parameters", "missing-parameters-pass"),
    ("jobs/fields-of-a-finished-one", "jobs-show-their-progress"),
    ("jobs/networks-are-not-named", "jobs-name-every-thing"),
    ("jobs/oldest-first", "newest-jobs-come-first"),
    ("jobs/oldest-first", "keyword-is-ignored"),
    ("jobs/no-internal-ones-are-listed", "work-jobs-are-listed"),
    ("jobs/finished-leave-their-things", "finished-jobs-stay-on-things"),
];

const ACCEPTANCE: &[Pair] = &[
    ("acceptance/id-before-job", "job-id-comes-first"),
    ("acceptance/no-wrapper-in-xml", "accepted-jobs-are-wrapped"),
    ("acceptance/historic-envelopes", "envelopes-are-regular"),
    ("acceptance/no-job-on-a-foreign-thing", "foreign-things-are-accessible"),
    ("acceptance/one-image", "deploy-needs-a-template"),
    ("acceptance/nothing-cancels", "jobs-can-be-cancelled"),
];

const RESULTS: &[Pair] = &[
    ("results/ends-after-it-begins", "jobs-end-before-they-begin"),
    ("results/order-of-fields", "job-fields-are-sorted"),
    ("results/failure-in-xml", "failures-are-text-in-xml"),
    ("results/texts-of-failures-are-told", "job-texts-are-masked"),
    ("results/fields-of-their-reader", "admin-fields-leak"),
];

const DEFAULTS: &[Pair] = &[
    ("defaults/administrator-in-root", "default-accounts-are-hidden"),
    ("defaults/network-offerings", "default-offerings-are-renamed"),
    ("defaults/vpc-offerings", "default-offerings-are-renamed"),
    ("defaults/roles", "default-roles-are-none"),
];

const ANSWERS: &[Pair] = &[
    ("answers/success", "success-is-text"),
    ("answers/job-has-no-wrapper", "job-answers-are-wrapped"),
    ("answers/job-fields", "job-status-is-text"),
    ("answers/job-fields", "finished-jobs-name-their-server"),
    ("answers/job-fields-in-order", "job-fields-come-first"),
    ("answers/result-is-named", "job-results-are-not-wrapped"),
    ("answers/result-of-a-success", "job-success-has-a-display-text"),
    ("answers/result-names-its-job", "results-name-no-job"),
    ("answers/things-of-a-refusal", "uuid-list-keeps-its-names"),
    ("answers/refusals-of-the-work", "every-failure-is-530"),
    ("answers/internal-texts-are-masked", "internal-texts-leak"),
    ("answers/other-texts-are-told", "every-text-is-masked"),
    ("answers/refusal-without-a-text", "missing-texts-are-null"),
];

const VPC: &[Pair] = &[
    ("vpc/created-is-enabled", "states-of-vpcs-are-capitals"),
    ("vpc/job-is-about-none", "none-is-not-told"),
    ("vpc/gateway-change-has-no-result", "empty-results-are-successes"),
    ("vpc/tier-waits", "tiers-start-implemented"),
    ("vpc/held-by-tiers", "vpcs-take-their-tiers"),
    ("vpc/deleted-again", "removed-things-are-unknown"),
    ("vpc/acl-rule-is-active", "acl-rules-stay-added"),
    ("vpc/acl-rule-deleted-again", "removed-acl-rules-are-known"),
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
    ("machines/lists-are-there", "empty-lists-are-dropped"),
    ("machines/display-name-is-the-name", "display-names-may-lack"),
    ("machines/destroyed-does-not-start", "destroyed-machines-start"),
    ("machines/destroyed-twice", "destroyed-ones-are-refused"),
    ("machines/users-do-not-recover", "users-recover-machines"),
    ("machines/users-do-not-expunge", "users-expunge-machines"),
    ("machines/result-of-an-expunged-one", "expunged-machines-are-told"),
    ("machines/recover-of-expunged", "expunged-machines-read-alike"),
    ("machines/protected-one-stays", "protected-machines-are-destroyed"),
    ("machines/need-not-start", "deployments-always-start"),
    ("machines/network-of-its-own", "networks-must-be-named"),
    ("machines/users-choose-no-host", "users-choose-hosts"),
    ("machines/no-room", "no-room-is-530"),
    ("machines/users-do-not-force", "users-stop-by-force"),
];

const MACHINE_CHANGES: &[Pair] = &[
    ("machine-changes/offering-of-a-running-one", "machines-change-size-in-any-state"),
    ("machine-changes/size-of-a-destroyed-one", "machines-change-size-in-any-state"),
    ("machine-changes/offering-that-it-has", "same-offerings-pass"),
    ("machine-changes/no-smaller-while-running", "running-machines-shrink"),
    ("machine-changes/migration-of-a-stopped-one", "migrations-go-anywhere"),
    ("machine-changes/migration-to-its-own-host", "migrations-go-anywhere"),
    ("machine-changes/refused-update", "updates-fail-with-431"),
    ("machine-changes/password-of-a-plain-one", "every-machine-has-a-password"),
    ("machine-changes/password-of-a-running-one", "running-machines-are-reset"),
    ("machine-changes/new-password-is-told", "reset-passwords-are-not-told"),
    ("machine-changes/first-password-is-told", "first-passwords-are-not-told"),
    ("machine-changes/password-is-told-once", "passwords-are-listed"),
    ("machine-changes/keys-of-a-running-one", "running-machines-are-reset"),
    ("machine-changes/unknown-keys", "unknown-keys-pass"),
    ("machine-changes/user-data-of-a-running-one", "running-machines-are-reset"),
    ("machine-changes/restore-of-a-destroyed-one", "destroyed-machines-are-restored"),
    ("machine-changes/restored-one-has-a-new-volume", "restores-keep-the-volume"),
];

const AGENTS: &[Pair] = &[
    ("agents/refused-stop", "refused-stops-stop"),
    ("agents/refused-forced-stop", "refused-stops-stop"),
    ("agents/refused-start", "refused-starts-are-533"),
    ("agents/refused-migration", "refused-migrations-move"),
    ("agents/order-is-replaced", "orders-pile-up"),
    ("agents/oldest-order-counts", "newest-order-counts"),
    ("agents/refusals-are-counted", "breaking-agents-are-counted"),
];

const SNAPSHOTS: &[Pair] = &[
    ("snapshots/of-an-unready-volume", "snapshots-fail-late"),
    ("snapshots/finished-state", "snapshots-are-ready"),
    ("snapshots/busy-volume", "snapshots-leave-the-volume-ready"),
    ("snapshots/names-its-job", "listed-things-name-no-job"),
    ("snapshots/deleted-once", "snapshots-are-deleted-twice"),
    ("snapshots/no-volume-from-a-deleted-one", "any-snapshot-makes-a-volume"),
    ("snapshots/no-way-back-while-running", "running-machines-are-reverted"),
    ("snapshots/no-memory-of-a-stopped-machine", "stopped-machines-have-memory"),
    ("snapshots/disks-of-a-running-machine-stay", "any-vm-snapshot-is-reverted"),
    ("snapshots/one-of-a-machine-at-a-time", "vm-snapshots-overlap"),
    ("snapshots/hold-the-machine", "snapshots-hold-nothing"),
    ("snapshots/transitions-are-named", "transitions-are-not-named"),
];

const TEMPLATES: &[Pair] = &[
    ("templates/status-of-a-ready-iso", "isos-are-downloaded"),
    ("templates/changed-one-has-no-zone", "changed-templates-are-ready"),
    ("templates/iso-in-use-stays", "templates-in-use-go"),
    ("templates/empty-drive", "empty-drives-are-emptied"),
];

const VOLUMES: &[Pair] = &[
    ("volumes/new-one-is-allocated", "new-volumes-are-ready"),
    ("volumes/attached-is-ready", "attached-volumes-stay-allocated"),
    ("volumes/attached-twice", "volumes-are-attached-twice"),
    ("volumes/detached-twice", "volumes-are-detached-twice"),
    ("volumes/shrinking-needs-consent", "resizes-fail-with-431"),
    ("volumes/attached-one-stays", "attached-volumes-are-destroyed"),
    ("volumes/attached-one-stays", "attached-volumes-are-deleted"),
    ("volumes/allocated-one-is-expunged", "allocated-volumes-are-destroyed"),
    ("volumes/destroyed-one-recovers", "destroyed-volumes-are-gone"),
    ("volumes/recover-needs-destroyed", "volumes-recover-from-any-state"),
    ("volumes/deleted-one-is-gone", "removed-volumes-fail-late"),
    ("volumes/protected-one-stays", "protected-volumes-are-deleted"),
    ("volumes/unready-one-does-not-move", "unready-volumes-move"),
];

const NETWORKS: &[Pair] = &[
    ("networks/new-one-waits", "networks-start-implemented"),
    ("networks/first-machine-implements", "used-networks-stay-allocated"),
    ("networks/restart-of-an-unused-one", "unused-networks-restart"),
    ("networks/used-one-stays", "networks-tell-why-they-stay"),
    ("networks/deleted-again", "deleted-networks-fail-late"),
    ("networks/force-is-for-root", "users-force-deletions"),
    ("networks/newest-first", "networks-run-forward"),
    ("networks/name-is-whole", "network-names-are-parts"),
];

const ADDRESSES: &[Pair] = &[
    ("addresses/acquired-keeps-its-id", "create-answers-another-id"),
    ("addresses/acquired-is-allocated", "addresses-stay-allocating"),
    ("addresses/released-again", "free-addresses-are-released"),
    ("addresses/source-nat-stays", "source-nat-stays-with-431"),
];

const FIREWALL: &[Pair] = &[
    ("firewall/rule-is-active", "rules-stay-added"),
    ("firewall/ports-are-taken", "port-conflicts-pass"),
    ("firewall/deleted-again", "removed-rules-are-known"),
    ("firewall/egress-is-active", "rules-stay-added"),
    ("firewall/forwarding-is-active", "rules-stay-added"),
    ("firewall/forwarded-port-is-taken", "port-conflicts-pass"),
    ("firewall/empty-balancer-waits", "empty-balancers-are-active"),
    ("firewall/balancer-with-a-machine", "balancers-stay-added"),
    ("firewall/balanced-port-is-taken", "port-conflicts-pass"),
];

const AUTOSCALE: &[Pair] = &[
    ("autoscale/states-are-capitals", "states-of-groups-are-small"),
    ("autoscale/only-a-disabled-one-is-enabled", "groups-change-in-any-state"),
    ("autoscale/only-a-disabled-one-is-resized", "groups-change-in-any-state"),
];

const GROUPS: &[Pair] = &[
    ("groups/every-account-has-a-default", "default-groups-are-made-again"),
    ("groups/deleted-security-group", "removed-groups-are-known"),
    ("groups/deleted-affinity-group", "removed-groups-are-known"),
    ("groups/running-machine-keeps-its-groups", "running-machines-change-groups"),
    ("groups/used-affinity-group-goes", "used-affinity-groups-stay"),
    ("groups/creation-is-told", "creations-are-not-told"),
];

const TAGS: &[Pair] = &[
    ("tags/twice", "tags-are-replaced"),
    ("tags/absent-ones", "absent-tags-are-deleted"),
    ("tags/unknown-type", "tags-of-unknown-types-are-530"),
];

const EVENTS: &[Pair] = &[
    ("events/state-is-exact", "event-states-in-any-case"),
    ("events/id-of-a-thing-needs-its-type", "things-of-events-need-no-type"),
    ("events/unknown-type-of-things", "unknown-things-have-no-events"),
    ("events/chain-has-its-root", "chains-lack-their-root"),
    ("events/deployment", "events-are-not-recorded"),
    ("events/failure-is-an-error", "failures-are-information"),
    ("events/refused-is-not-scheduled", "refused-jobs-are-scheduled"),
    ("events/name-their-thing", "events-name-numbers"),
    ("events/work-is-the-callers", "events-follow-their-things"),
    ("events/of-hidden-things", "hidden-events-are-listed"),
];

const ACCOUNTS: &[Pair] = &[
    ("accounts/states-are-lower-case", "account-states-are-capitals"),
    ("accounts/locked-by-disabling", "locked-accounts-are-disabled"),
    ("accounts/keys-are-replaced", "keys-are-made-once"),
    ("accounts/deleted-again", "removed-things-are-unknown"),
    ("accounts/used-domain-stays", "domains-take-their-accounts"),
    ("accounts/used-project-stays", "projects-take-their-things"),
];

const RESOURCE_LIMITS: &[Pair] = &[
    ("resource-limits/refused-at-once", "limits-are-531"),
    ("resource-limits/no-job-beyond-the-limit", "limits-are-ignored"),
    ("resource-limits/unknown-kind", "unknown-resources-are-530"),
    ("resource-limits/below-none", "bad-limits-pass"),
    ("resource-limits/of-the-own-domain", "own-domains-are-limited"),
];

const INFRASTRUCTURE: &[Pair] = &[
    ("infrastructure/states-of-hosts", "host-states-are-swapped"),
    ("infrastructure/states-of-pools", "states-of-pools-are-capitals"),
    ("infrastructure/allocation-states", "allocation-states-are-lower-case"),
    ("infrastructure/redundancy-of-routers", "routers-are-masters"),
    ("infrastructure/no-maintenance-to-cancel", "no-maintenance-is-cancelled"),
    ("infrastructure/new-zone-is-disabled", "zones-start-enabled"),
    ("infrastructure/zone-with-a-pod-stays", "zones-take-their-pods"),
    ("infrastructure/physical-network-has-providers", "physical-networks-are-empty"),
    ("infrastructure/added-cluster-is-a-list", "added-hardware-is-an-object"),
    ("infrastructure/no-system-machines-yet", "system-vms-come-early"),
    ("infrastructure/stopped-router-does-not-reboot", "stopped-routers-reboot"),
    ("infrastructure/basic-zone-has-its-network", "basic-zones-take-networks"),
];

const STATEFUL: &[Pair] = &[
    ("stateful/commands-follow-states", "start-is-idempotent"),
    ("stateful/commands-follow-states", "stop-leaves-it-running"),
    ("stateful/things-stay-with-their-account", "foreign-things-are-accessible"),
    ("stateful/things-stay-with-their-account", "volumes-of-others-are-listed"),
    ("stateful/counts-are-what-lists-show", "destroyed-machines-are-counted"),
    ("stateful/deleted-accounts-leave-nothing", "deleted-accounts-leave-volumes"),
];

const USER_DATA: &[Pair] = &[
    ("user-data/round-trip", "user-data-is-answered-decoded"),
    ("user-data/is-re-encoded", "user-data-is-kept-as-sent"),
    ("user-data/url-safe-alphabet", "user-data-is-strict"),
    ("user-data/no-base64", "user-data-is-not-checked"),
    ("user-data/blank-is-none", "blank-user-data-is-refused"),
    ("user-data/percent-escapes", "user-data-is-decoded-once"),
    ("user-data/percent-escapes", "pluses-of-user-data-are-blanks"),
    ("user-data/unescaped-plus", "plus-stays-plus"),
    ("user-data/too-short", "empty-user-data-passes"),
    ("user-data/longest-by-get", "user-data-limit-is-2048"),
    ("user-data/too-long-for-get", "user-data-by-get-is-long"),
    ("user-data/longest-by-post", "user-data-limit-is-2048"),
    ("user-data/setting-has-an-end", "settings-have-no-most"),
    ("user-data/needs-its-service", "user-data-needs-no-service"),
    ("user-data/inline-or-registered", "registered-user-data-wins"),
    ("user-data/lists-are-silent", "user-data-is-listed"),
    ("user-data/update-reaches-the-router", "user-data-needs-restart"),
    ("user-data/base64-within-base64", "user-data-is-decoded-twice"),
    ("user-data/any-bytes", "user-data-is-text"),
    ("user-data/any-bytes", "user-data-stays-base64"),
];

const REGISTERED_USER_DATA: &[Pair] = &[
    ("registered-user-data/is-told", "registered-user-data-is-not-told"),
    ("registered-user-data/name-is-taken", "user-data-names-repeat"),
    ("registered-user-data/content-is-taken", "user-data-repeats"),
    ("registered-user-data/content-is-taken", "same-user-data-is-decoded"),
    ("registered-user-data/reserved-params", "reserved-params-pass"),
    ("registered-user-data/reserved-params", "params-are-trimmed"),
    ("registered-user-data/lists", "user-data-names-are-searched"),
    ("registered-user-data/in-use", "user-data-in-use-is-deleted"),
    ("registered-user-data/details", "user-data-params-are-compulsory"),
    ("registered-user-data/reset", "resets-keep-user-data-details"),
    ("registered-user-data/internal-texts-are-masked", "internal-texts-leak"),
    ("registered-user-data/link", "user-data-policies-are-upper-case"),
    ("registered-user-data/link", "user-data-in-use-is-deleted"),
    ("registered-user-data/no-link", "user-data-links-fail-with-431"),
    ("registered-user-data/denied", "user-data-is-always-overridden"),
    ("registered-user-data/overridden", "linked-user-data-is-ignored"),
    ("registered-user-data/appended", "user-data-is-appended-in-reverse"),
    ("registered-user-data/appended", "user-data-is-always-overridden"),
    ("registered-user-data/appended-without-a-header", "appending-drops-a-line"),
    ("registered-user-data/appended-as-a-message", "appended-user-data-is-one-text"),
    ("registered-user-data/not-appended", "gzip-is-appended"),
    ("registered-user-data/not-appended", "unknown-user-data-is-appended"),
    ("registered-user-data/not-appended", "user-data-sums-are-free"),
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
    ("metadata/legacy-form-of-every-name", "legacy-urls-of-seven-types"),
    ("metadata/legacy-form-of-every-name", "legacy-slash-404"),
    ("metadata/index-is-lines", "metadata-index-sorted"),
    ("metadata/index-is-lines", "metadata-index-with-commas"),
    ("metadata/index-is-lines", "metadata-index-repeats"),
    ("metadata/absent-type", "unknown-type-is-empty-200"),
];

const METADATA_VALUES: &[Pair] = &[
    ("metadata-values/no-user-data", "user-data-404-when-none"),
    ("metadata-values/vm-id", "vm-id-is-a-number"),
    ("metadata-values/public-address", "public-ipv4-is-always-the-router"),
    ("metadata-values/public-address", "public-hostname-is-a-name"),
    ("metadata-values/keys", "keys-share-a-line"),
    ("metadata-values/no-keys", "public-keys-404-when-none"),
    ("metadata-values/details", "details-are-not-metadata"),
    ("metadata-values/details", "details-split-at-the-last-equals"),
    ("metadata-values/order-of-details", "details-win"),
    ("metadata-values/names-of-details", "details-name-any-file"),
    ("metadata-values/beyond-ascii", "metadata-is-utf-8"),
    ("metadata-values/details-beyond-ascii", "details-are-escaped"),
    ("metadata-values/host-name-is-kept", "host-name-is-exposed"),
    ("metadata-values/host-name-follows", "host-name-is-the-first"),
    ("metadata-values/each-card-its-own", "cards-share-the-default-address"),
];

const ROUTER: &[Pair] = &[
    ("router/head", "router-refuses-head"),
    ("router/any-host", "host-header-is-checked"),
    ("router/no-aliases", "ec2-versions-are-served"),
    ("router/odd-requests", "router-fails-on-long-paths"),
    ("router/same-answer-twice", "metadata-index-turns"),
];

const ISOLATION: &[Pair] = &[
    ("isolation/any-path", "foreign-metadata-readable"),
    ("isolation/no-listings", "directories-are-listed"),
    ("isolation/no-control-files", "control-files-are-served"),
    ("isolation/no-server-version", "router-tells-its-version"),
    ("isolation/nobody", "strangers-read-the-first-guest"),
    ("isolation/address-used-again", "folders-outlive-machines"),
    ("isolation/router-of-another-network", "networks-share-metadata"),
    ("isolation/no-mixtures", "user-data-is-torn"),
];

const PASSWORDS: &[Pair] = &[
    ("passwords/told-until-acknowledged", "passwords-are-taken-once"),
    ("passwords/told-until-acknowledged", "password-ack-is-ignored"),
    ("passwords/told-until-acknowledged", "password-newline"),
    ("passwords/none", "no-password-is-empty"),
    ("passwords/of-another-guest", "password-ack-is-global"),
    ("passwords/unknown-wishes", "unknown-wishes-are-400"),
    ("passwords/guests-store-nothing", "guests-store-passwords"),
    ("passwords/after-a-reset", "routers-get-another-password"),
    ("passwords/after-new-keys", "new-keys-bring-a-password"),
    ("passwords/default-card-alone", "passwords-reach-every-card"),
    ("passwords/outlive-a-reboot", "passwords-die-with-the-router"),
    ("passwords/no-metadata", "password-is-metadata"),
];

const LEASE: &[Pair] = &[
    ("lease/names-its-server", "lease-without-server-identifier"),
    ("lease/router-answers", "lease-names-another-server"),
    ("lease/names-its-server", "lease-identifier-is-malformed"),
    ("lease/last-one-counts", "lease-names-another-address"),
    ("lease/form-of-statements", "lease-is-indented-by-tabs"),
    ("lease/form-of-statements", "lease-without-final-newline"),
    ("lease/endless-one-has-dates", "lease-never-ends"),
    ("lease/strings-are-quoted", "lease-strings-are-bare"),
];

const GUEST_PROGRAMS: &[Pair] = &[
    ("guest-programs/cloud-init-finds-the-router", "lease-without-final-newline"),
    ("guest-programs/cloud-init-finds-the-router", "lease-names-another-server"),
    ("guest-programs/instance-id-is-filled", "instance-id-is-empty"),
    ("guest-programs/user-data-is-answered", "user-data-is-forbidden"),
    ("guest-programs/crawl-of-cloud-init", "metadata-index-names-missing"),
    ("guest-programs/crawl-of-cloud-init", "metadata-index-is-json"),
    ("guest-programs/crawl-of-cloud-init", "metadata-newline"),
    ("guest-programs/requests-of-cloud-init", "metadata-is-compressed"),
    ("guest-programs/host-name-without-domain", "local-hostname-is-fully-qualified"),
    ("guest-programs/public-keys-are-keys", "public-keys-404-when-none"),
    ("guest-programs/public-keys-are-keys", "legacy-url-missing"),
    ("guest-programs/router-by-any-name", "host-header-is-checked"),
    ("guest-programs/probe-of-cloudbase-init", "service-offering-is-missing"),
];

const CONFIG_DRIVE: &[Pair] = &[
    ("config-drive/label", "drive-has-another-label"),
    ("config-drive/both-trees", "drive-without-joliet"),
    ("config-drive/both-trees", "drive-without-rock-ridge"),
    ("config-drive/user-data", "drive-user-data-is-base64"),
    ("config-drive/user-data", "drive-lacks-openstack-user-data"),
    ("config-drive/metadata-of-the-api", "drive-files-end-with-a-newline"),
    ("config-drive/metadata-of-the-router", "drive-has-blank-files"),
    ("config-drive/metadata-of-the-router", "drive-files-end-with-a-newline"),
    ("config-drive/public-address", "drive-has-the-routers-address"),
    ("config-drive/meta-data", "drive-metadata-has-router-names"),
    ("config-drive/keys-and-variables", "drive-keys-are-a-text"),
    ("config-drive/keys-and-variables", "drive-keys-are-named-by-their-remark"),
    ("config-drive/keys-and-variables", "drive-leaves-variables-out"),
    ("config-drive/keys-and-variables", "drive-details-are-not-escaped"),
    ("config-drive/vendor-data", "drive-vendor-data-is-empty"),
    ("config-drive/password", "drive-vendor-data-lacks-the-password"),
    ("config-drive/password", "first-passwords-are-not-told"),
    ("config-drive/network-data", "drive-network-data-is-empty"),
    ("config-drive/network-data", "drive-network-data-has-other-addresses"),
];

const LEASE_OPTIONS: &[Pair] = &[
    ("lease-options/route", "lease-without-gateway"),
    ("lease-options/resolvers", "lease-names-the-router-last"),
    ("lease-options/domain", "lease-without-domain"),
    ("lease-options/without-end", "lease-lasts-an-hour"),
    ("lease-options/without-end", "lease-lasts-a-month"),
    ("lease-options/mtu", "lease-without-mtu"),
    ("lease-options/netmask-and-broadcast", "lease-mask-is-classful"),
    ("lease-options/netmask-and-broadcast", "lease-broadcasts-everywhere"),
    ("lease-options/host-name", "lease-names-the-guest-whole"),
    ("lease-options/default-domain", "default-domain-is-the-suffix"),
    ("lease-options/odd-domains", "odd-domains-pass"),
];

const DHCP: &[Pair] = &[
    ("dhcp/unknown-card", "dhcp-answers-strangers"),
    ("dhcp/fixed-address", "lease-names-another-address"),
    ("dhcp/fixed-address", "dhcp-forgets-leases"),
    ("dhcp/fixed-address", "dhcp-refuses-renewals"),
    ("dhcp/no-other-address", "dhcp-gives-what-is-wanted"),
    ("dhcp/server-is-the-router", "lease-without-server-identifier"),
    ("dhcp/server-is-the-router", "lease-names-another-server"),
    ("dhcp/no-times", "lease-lasts-an-hour"),
    ("dhcp/no-times", "dhcp-renews-forever"),
    ("dhcp/name-is-the-routers", "dhcp-echoes-names"),
    ("dhcp/name-is-the-routers", "dhcp-offers-name"),
    ("dhcp/other-cards-lead-nowhere", "lease-routes-every-card"),
    ("dhcp/removed-card", "dhcp-keeps-removed-cards"),
    ("dhcp/resolvers-from-elsewhere", "lease-names-the-router-anyway"),
    ("dhcp/long-domain", "dhcp-cuts-domains"),
    ("dhcp/long-domain", "dhcp-is-silent-about-long-domains"),
];

const DNS: &[Pair] = &[
    ("dns/data-server", "dns-no-data-server"),
    ("dns/data-server", "data-server-is-the-public-address"),
    ("dns/data-server", "dns-names-are-case-sensitive"),
    ("dns/data-server-in-the-domain", "dns-knows-no-domain"),
    ("dns/guests", "dns-knows-no-guests"),
    ("dns/guests", "dns-knows-no-domain"),
    ("dns/names-of-addresses", "dns-pointers-are-short"),
    ("dns/by-own-knowledge", "dns-answers-are-kept"),
    ("dns/by-own-knowledge", "dns-answers-are-second-hand"),
    ("dns/no-address-of-that-kind", "dns-aaaa-is-nxdomain"),
    ("dns/unknown-name", "dns-answers-everything"),
];

/// All pairs.
pub(crate) fn pairs() -> impl Iterator<Item = Pair> {
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
    // `TEETH=isolation/` narrows it down for whoever writes a check.
    let wanted = std::env::var("TEETH").unwrap_or_default();
    let chosen: Vec<Pair> = pairs().filter(|(check, _)| check.contains(&wanted)).collect();
    assert!(!chosen.is_empty(), "TEETH={wanted} is part of no check's id");
    assert_none(&on_threads(&chosen, |(id, quirk)| {
        let verdict = verdict(checks::find(id)?, &[quirk]);
        (!matches!(verdict, Verdict::Failed { .. })).then(|| format!("{id} misses {quirk}: {verdict:?}"))
    }));
}

/// What becomes of a check on a simulator of its own with these faults.
fn verdict(check: &Check, quirks: &[&'static str]) -> Verdict {
    let limits = Limits { may_change: true, ..Limits::default() };
    match embedded::target(limits, quirks) {
        Ok(target) => Verdict::from(runner::verdict(&target, check)),
        Err(error) => Verdict::Broken { why: format!("{error:?}") },
    }
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
