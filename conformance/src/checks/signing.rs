//! Request signing: who may call the API at all.
//!
//! API keys and signatures, with and without expiry. Sessions are another area.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{enforced::ENFORCED, prelude::*, setup};
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
        rules: &["API-SIG-042", "JOB-015"],
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
        id: "signing/every-parameter-is-signed",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A signature that leaves any parameter out but itself is refused with 401.",
        source: "ApiServer.java:987-1014",
        rules: &["API-SIG-002"],
        run: |target| {
            let request = || {
                let request = target.api("listZones").version3(expires_in(600));
                request.param("_", 1_700_000_000).param("sessionkey", "x").param("unknownvalue", "x")
            };
            let (_, secret) = target.api_keys().ok_or(Stop::Unsupported(ApiKeys))?;
            let parameters = request().parameters()?;
            for (left_out, _) in parameters.iter().filter(|(name, _)| name != "signature") {
                let rest: Vec<_> = parameters.iter().filter(|(name, _)| name != left_out).cloned().collect();
                let signature = sign::signature(secret, &sign::canonical(&rest));
                request().signature(&signature).send()?.expect_error(401)?;
            }
            Ok(())
        },
    },
    Check {
        id: "signing/two-spellings",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Of two spellings of the key's or the signature's name the one that sorts last counts.",
        source: "ApiServer.java:993-1006",
        rules: &["API-SIG-012"],
        run: |target| {
            let (key, _) = target.api_keys().ok_or(Stop::Unsupported(ApiKeys))?;
            let call = |first: &str, last: &str| {
                let mut parameters = target.api("listZones").parameters()?;
                parameters.retain(|(name, _)| name != "apiKey");
                parameters.push(("apiKey".to_owned(), first.to_owned()));
                parameters.push(("apikey".to_owned(), last.to_owned()));
                target.api("listZones").raw_query(&signed(target, parameters)?).send()
            };
            call("not-a-key", key)?.expect_success()?;
            call(key, "not-a-key")?.expect_error(401)?;
            let query = target.api("listZones").query()?;
            let also = |text: &str| target.api("listZones").raw_query(&format!("{query}&{text}")).send();
            also("SIGNATURE=bogus")?.expect_success()?;
            let other = query.replace("signature=", "SIGNATURE=");
            let reply = target.api("listZones").raw_query(&format!("{other}&signature=bogus")).send()?;
            reply.expect_error(401)
        },
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
        run: |target| {
            with_other_spelling(target, |right| right.replace('+', "-").replace('/', "_"))?;
            with_other_spelling(target, |right| {
                let bytes = STANDARD.decode(right).unwrap_or_default();
                bytes.iter().map(|byte| format!("{byte:02x}")).collect()
            })
        },
    },
    Check {
        id: "signing/no-other-hash",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A signature by SHA-256 is refused with 401, whatever the version says.",
        source: "ApiServer.java:1093-1099",
        rules: &["API-SIG-001"],
        run: |target| {
            let (_, secret) = target.api_keys().ok_or(Stop::Unsupported(ApiKeys))?;
            for version in ["2", "3", "4"] {
                let request = || {
                    let request = target.api("listZones").param("signatureversion", version);
                    request.param("expires", expires_in(600))
                };
                let mut parameters = request().parameters()?;
                parameters.retain(|(name, _)| name != "signature");
                let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
                    .expect("HMAC takes a key of any length");
                mac.update(sign::canonical(&parameters).as_bytes());
                let signature = STANDARD.encode(mac.finalize().into_bytes());
                parameters.push(("signature".to_owned(), signature));
                target.api("listZones").raw_query(&encoded(&parameters)).send()?.expect_error(401)?;
            }
            Ok(())
        },
    },
    Check {
        id: "signing/not-yet-expired",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys, Since("4.13")],
        requirement: "A request of signature version 3 is accepted before its expiry.",
        source: "ApiServer.java:1038-1044",
        rules: &["API-SIG-020", "API-SIG-024"],
        run: |target| target.api("listZones").version3(expires_in(600)).send()?.expect_success(),
    },
    Check {
        id: "signing/forms-of-an-expiry",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys, Since("4.13")],
        requirement: "An expiry is read in every form of ISO 8601 that names a zone.",
        source: "DateUtil.java:54-81",
        rules: &["API-SIG-024"],
        run: |target| {
            let soon = expires_in(600);
            let bare = soon.trim_end_matches('Z');
            let forms = [
                soon.to_ascii_lowercase(),
                format!("{bare}+00:00"),
                format!("{bare}+00"),
                format!("{bare}+0000"),
                format!("{}Z", &bare[..16]),
                format!("{bare}.1Z"),
                format!("{bare}.123456789+00:00"),
                format!("{bare}.123456+0000"),
                format!("{bare}Z+0000"),
            ];
            for form in forms {
                target.api("listZones").version3(form).send()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "signing/expiry-far-ahead",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys, Since("4.13")],
        requirement: "An expiry may lie as far ahead as it likes unless time stamps are enforced.",
        source: "ApiServer.java:1039,1045-1055",
        rules: &["API-SIG-023"],
        run: |target| {
            require_free_time(target)?;
            target.api("listZones").version3(expires_in(30 * 86_400)).send()?.expect_success()
        },
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
            let soon = expires_in(600);
            let bare = soon.trim_end_matches('Z');
            let forms = [
                String::new(),
                "1893553445".to_owned(),
                bare[..10].to_owned(),
                bare.to_owned(),
                format!("{bare} 00:00"),
                format!("{} {}+0000", &bare[..10], &bare[11..]),
                format!("{bare}.123+0000"),
                format!("{bare}GMT"),
                format!(" {soon}"),
                bare.replace(['-', ':'], "") + "Z",
                "2030-02-30T00:00:00Z".to_owned(),
            ];
            for unreadable in forms {
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
        run: |target| {
            require_free_time(target)?;
            let request = || target.api("listZones").param("expires", expires_in(-60));
            request().send()?.expect_success()?;
            for version in ["", "2", "03", "4"] {
                request().param("signatureversion", version).send()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "signing/role-goes-first",
        level: Should,
        profile: Core,
        needs: &[SecondUser, Command("listHosts")],
        requirement: "What the caller's role forbids is refused with 432, however it is signed.",
        source: "ApiServer.java:1080-1108",
        rules: &["API-SIG-043"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            let request = || user.api("listHosts");
            let right = request().send()?;
            if right.status() == 200 {
                // This user may do more than ordinary users do.
                return Err(Stop::Unsupported(SecondUser));
            }
            right.expect_error(432)?;
            request().secret("not-the-secret").send()?.expect_error(432)
        },
    },
];

/// Parameters with the right signature in place of the one that they have, as a query.
pub(super) fn signed(target: &Target, mut parameters: Vec<(String, String)>) -> Result<String, Stop> {
    let (_, secret) = target.api_keys().ok_or(Stop::Unsupported(ApiKeys))?;
    let is_signature = |(name, _): &(String, String)| name.eq_ignore_ascii_case("signature");
    let name = parameters.iter().find(|one| is_signature(one)).map(|(name, _)| name.clone());
    parameters.retain(|one| !is_signature(one));
    let signature = sign::signature(secret, &sign::canonical(&parameters));
    parameters.push((name.unwrap_or_else(|| "signature".to_owned()), signature));
    Ok(encoded(&parameters))
}

fn encoded(parameters: &[(String, String)]) -> String {
    let items: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", sign::escape(name), sign::escape(value)))
        .collect();
    items.join("&")
}

/// A target that enforces time stamps has other rules, which are in [`enforced`](super::enforced).
fn require_free_time(target: &Target) -> Result<(), Stop> {
    if target.enforces_post() { Err(Stop::Unsupported(Setting(ENFORCED, "false"))) } else { Ok(()) }
}

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
