//! Request signing: who may call the API at all.
//!
//! API keys and signatures, with and without expiry. Sessions are another area.

use super::prelude::*;
use crate::wire::sign;

/// API-SIG-040.
const REFUSAL: &str = "unable to verify user credentials and/or request signature";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "signing/known-key-is-accepted",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A request signed with the secret of its API key is answered with 200.",
        source: "ApiServer.java:951-1115",
        rules: &["API-SIG-001", "API-SIG-002"],
        run: |target| target.api("listZones").send()?.expect_success(),
    },
    Check {
        id: "signing/wrong-secret",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A request signed with the wrong secret is refused with 401.",
        source: "ApiServer.java:1100-1108, ApiServlet.java:418-428",
        rules: &["API-SIG-040"],
        run: |target| target.api("listZones").secret("not-the-secret").send()?.expect_error(401),
    },
    Check {
        id: "signing/unsigned",
        level: Must,
        profile: ReadOnly,
        needs: &[Api],
        requirement: "A request with neither signature nor session is refused with 401.",
        source: "ApiServer.java:1017-1020",
        rules: &["API-SIG-040"],
        run: |target| target.api("listZones").unsigned().send()?.expect_error(401),
    },
    Check {
        id: "signing/refusal-tells-nothing",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The text of a refusal does not tell an unknown key from a wrong signature.",
        source: "ApiServlet.java:418-428",
        rules: &["API-SIG-040"],
        run: |target| {
            let request = || target.api("listZones");
            request().secret("not-the-secret").send()?.expect_error_text(401, REFUSAL)?;
            request().key("not-a-key").send()?.expect_error_text(401, REFUSAL)?;
            request().unsigned().send()?.expect_error_text(401, REFUSAL)
        },
    },
    Check {
        id: "signing/refusal-has-the-commands-envelope",
        level: Must,
        profile: ReadOnly,
        needs: &[Api],
        requirement: "A refusal comes in the envelope of the command.",
        source: "ApiServer.java:1568-1600",
        rules: &["API-SIG-041"],
        run: |target| target.api("listUsers").unsigned().send()?.expect_envelope("listusersresponse"),
    },
    Check {
        id: "signing/unknown-command-is-refused-as-unverified",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An unknown command without a session is refused with 401, correctly signed or not.",
        source: "ApiServer.java:975-980",
        rules: &["API-SIG-042"],
        run: |target| target.api("noSuchCommandAtAll").send()?.expect_error(401),
    },
    Check {
        id: "signing/special-characters",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Every printable ASCII character may stand in a signed value.",
        source: "ApiServer.java:1009-1011",
        rules: &["API-SIG-004"],
        run: |target| {
            let all: String = (' '..='~').collect();
            target.api("listZones").param("keyword", all).send()?.expect_success()
        },
    },
    Check {
        id: "signing/non-ascii-letters-keep-their-case",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Letters outside ASCII are signed in the case in which they were sent.",
        source: "ApiServer.java:1091",
        rules: &["API-SIG-006"],
        run: |target| {
            target.api("listZones").param("unknownvalue", "\u{c9}t\u{c9} \u{e9}").send()?.expect_success()
        },
    },
    Check {
        id: "signing/order-of-names",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Parameters are signed in the order of their names as sent, upper case before lower case.",
        source: "ApiServer.java:987-988",
        rules: &["API-SIG-003"],
        run: |target| {
            let request = target.api("listZones").param("unknownA", "b").param("UnknownB", "a");
            request.param("unknown", "c").param("unknown-a", "d").send()?.expect_success()
        },
    },
    Check {
        id: "signing/names-are-not-escaped",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Names are signed as they are, brackets included.",
        source: "ApiServer.java:993-1011",
        rules: &["API-SIG-005"],
        run: |target| target.api("listZones").param("unknown[0].key", "x").send()?.expect_success(),
    },
    Check {
        id: "signing/empty-values-are-signed",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A parameter with an empty value is signed like any other.",
        source: "ApiServer.java:993-1011",
        rules: &["API-SIG-005"],
        run: |target| target.api("listZones").param("unknownvalue", "").send()?.expect_success(),
    },
    Check {
        id: "signing/cache-buster-is-signed",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The cache buster `_` is signed like any other parameter.",
        source: "ApiServer.java:987-1014",
        rules: &["API-SIG-002", "API-REQ-011"],
        run: |target| target.api("listZones").param("_", 1_700_000_000).send()?.expect_success(),
    },
    Check {
        id: "signing/form-is-signed",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A form sent by POST is signed like a query.",
        source: "ApiServlet.java:228-233",
        rules: &["API-SIG-010", "API-HTTP-010"],
        run: |target| {
            target.api("listZones").param("keyword", "a b+c").post().send()?.expect_success()?;
            let changed = target.api("listZones").param("keyword", "a").altered("keyword", "b").post();
            changed.send()?.expect_error(401)
        },
    },
    Check {
        id: "signing/case-of-values-is-not-protected",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Turning over the case of ASCII letters in a value leaves the signature valid.",
        source: "ApiServer.java:1091",
        rules: &["API-SIG-006", "API-SIG-007"],
        run: |target| {
            let values = (some_text(12), proptest::collection::vec(any::<bool>(), 12));
            for_all(target, &values, |(value, mask)| {
                let request = target.api("listZones").param("unknownvalue", value);
                request.altered("unknownvalue", flip_case(value, mask)).send()?.expect_success()
            })
        },
    },
    Check {
        id: "signing/any-changed-byte-is-refused",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A value that differs from the signed one in more than ASCII case is refused with 401.",
        source: "ApiServer.java:1091-1108",
        rules: &["API-SIG-002", "API-SIG-006"],
        run: |target| {
            let pairs = (text(12), text(12))
                .prop_filter("equal but for case", |(signed, sent)| !signed.eq_ignore_ascii_case(sent));
            for_all(target, &pairs, |(signed, sent)| {
                let request = target.api("listZones").param("unknownvalue", signed);
                request.altered("unknownvalue", sent).send()?.expect_error(401)
            })
        },
    },
    Check {
        id: "signing/whole-signature-counts",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A signature that is right but for one character is refused with 401.",
        source: "ApiServer.java:1100, ConstantTimeComparator.java:24-38",
        rules: &["API-SIG-008"],
        run: |target| {
            let request = || target.api("listZones").param("unknownvalue", "x");
            let parameters = request().parameters()?;
            let right =
                parameters.iter().find(|(name, _)| name == "signature").map_or("", |(_, value)| value);
            for at in 0..right.len().saturating_sub(2) {
                let mut wrong = right.to_owned();
                let other = if right[at..].starts_with('A') { "B" } else { "A" };
                wrong.replace_range(at..=at, other);
                request().signature(&wrong).send()?.expect_error(401)?;
            }
            request().signature(&flip_case(right, &[true; 28])).send()?.expect_error(401)
        },
    },
    Check {
        id: "signing/blank-is-no-plus",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A plus sign of the signature that arrives as a blank is not taken for a plus sign.",
        source: "ApiServlet.java:180-187, ApiServer.java:1099-1100",
        rules: &["API-SIG-009"],
        run: |target| with_other_spelling(target, |right| right.replace('+', " ")),
    },
    Check {
        id: "signing/no-other-digest",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A signature in another spelling than standard base64 is refused with 401.",
        source: "ApiServer.java:1093-1099",
        rules: &["API-SIG-001"],
        run: |target| with_other_spelling(target, |right| right.replace('+', "-").replace('/', "_")),
    },
    Check {
        id: "signing/not-yet-expired",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A request of signature version 3 is accepted before its expiry.",
        source: "ApiServer.java:1038-1044",
        rules: &["API-SIG-020", "API-SIG-024"],
        run: |target| target.api("listZones").version3(expires_in(600)).send()?.expect_success(),
    },
    Check {
        id: "signing/expired",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A request of signature version 3 is refused with 401 after its expiry.",
        source: "ApiServer.java:1038-1044",
        rules: &["API-SIG-022"],
        run: |target| target.api("listZones").version3(expires_in(-60)).send()?.expect_error(401),
    },
    Check {
        id: "signing/expiry-is-compulsory-in-version-3",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A request of signature version 3 is refused with 401 without a readable expiry.",
        source: "ApiServer.java:1026-1036",
        rules: &["API-SIG-021", "API-SIG-024"],
        run: |target| {
            target.api("listZones").param("signatureversion", 3).send()?.expect_error(401)?;
            for unreadable in ["", "1893553445", "2030-01-02", "2030-01-02T03:04:05"] {
                target.api("listZones").version3(unreadable).send()?.expect_error(401)?;
            }
            Ok(())
        },
    },
    Check {
        id: "signing/expiry-needs-version-3",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An expiry in the past is ignored unless the signature version is 3.",
        source: "ApiServer.java:1024-1055",
        rules: &["API-SIG-020"],
        run: |target| target.api("listZones").param("expires", expires_in(-60)).send()?.expect_success(),
    },
];

/// Expects 401 for a signature that is right but for its spelling. A value is searched for whose signature has a
/// character that is spelt differently.
fn with_other_spelling(target: &Target, spell: impl Fn(&str) -> String) -> Result<(), Stop> {
    let (_, secret) = target.api_keys().ok_or(Stop::Unsupported(ApiKeys))?;
    for number in 0..64 {
        let request = || target.api("listZones").param("unknownvalue", number);
        let mut parameters = request().parameters()?;
        parameters.pop();
        let right = sign::signature(secret, &sign::canonical(&parameters));
        let other = spell(&right);
        if other != right {
            return request().signature(&other).send()?.expect_error(401);
        }
    }
    Ok(())
}
