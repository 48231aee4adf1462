//! Request signatures: the canonical string and its MAC (API-SIG-001 to -012).
//!
//! The suite signs with an implementation of its own, `conformance/src/wire/sign.rs`; the two
//! share no code and must both reproduce `fixtures/signing/`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::Sha256;

use super::request::Parameters;
use crate::quirk::{Quirk, Quirks};

/// The text that is signed.
#[must_use]
pub fn canonical(parameters: &Parameters, quirks: &Quirks) -> String {
    let mut pairs: Vec<&(String, String)> =
        parameters.pairs().iter().filter(|(name, _)| !name.eq_ignore_ascii_case("signature")).collect();
    if quirks.has(Quirk::SortNamesIgnoringCase) {
        pairs.sort_by_cached_key(|(name, _)| name.to_lowercase());
    } else {
        // UTF-16 code units, as Java compares; it differs from bytes beyond the basic plane only.
        pairs.sort_by(|(one, _), (two, _)| match one.is_ascii() && two.is_ascii() {
            true => one.cmp(two),
            false => one.encode_utf16().cmp(two.encode_utf16()),
        });
    }
    if quirks.has(Quirk::SkipEmptyValues) {
        pairs.retain(|(_, value)| !value.is_empty());
    }
    if quirks.has(Quirk::PairsAreSortedWhole) {
        pairs.sort_by_cached_key(|(name, value)| format!("{name}={value}"));
    }
    if quirks.has(Quirk::SkipCacheBuster) {
        pairs.retain(|(name, _)| name != "_");
    }
    if quirks.has(Quirk::ResponseIsNotSigned) {
        pairs.retain(|(name, _)| name != "response");
    }
    if quirks.has(Quirk::ApiKeyIsNotSigned) {
        pairs.retain(|(name, _)| !name.eq_ignore_ascii_case("apikey"));
    }
    let mut text = String::new();
    for (position, (name, value)) in pairs.into_iter().enumerate() {
        if position > 0 {
            text.push('&');
        }
        if quirks.has(Quirk::EscapeNames) {
            encode(&mut text, name, quirks);
        } else {
            text.push_str(name);
        }
        text.push('=');
        if quirks.has(Quirk::LowerBeforeEncoding) {
            encode(&mut text, &value.to_lowercase(), quirks);
        } else {
            encode(&mut text, value, quirks);
        }
    }
    if quirks.has(Quirk::SignatureProtectsCase) { text } else { text.to_lowercase() }
}

/// The signature of a canonical text.
#[must_use]
pub fn sign(canonical: &str, secret: &str) -> String {
    STANDARD.encode(mac(canonical, secret))
}

/// Whether a signature is the one that the secret gives. Nothing but the exact text counts
/// (API-SIG-008); the comparison takes as long whatever differs.
#[must_use]
pub fn verify(canonical: &str, secret: &str, signature: &str, quirks: &Quirks) -> bool {
    let expected = sign(canonical, secret);
    if quirks.has(Quirk::SpacesInSignatureBecomePlus) && signature.replace(' ', "+") == expected {
        return true;
    }
    if quirks.has(Quirk::UrlSafeSignaturesPass) && signature.replace('-', "+").replace('_', "/") == expected {
        return true;
    }
    if quirks.has(Quirk::SignaturesInAnyCase) && signature.eq_ignore_ascii_case(&expected) {
        return true;
    }
    if quirks.has(Quirk::Sha256SignaturesPass) && signature == STANDARD.encode(mac_256(canonical, secret)) {
        return true;
    }
    if quirks.has(Quirk::HexSignaturesPass) {
        let digits: String = mac(canonical, secret).iter().map(|byte| format!("{byte:02x}")).collect();
        if signature == digits {
            return true;
        }
    }
    if quirks.has(Quirk::ComparePrefixOfSignature) && signature.get(..8) == expected.get(..8) {
        return true;
    }
    let differences =
        expected.bytes().zip(signature.bytes()).fold(0, |differences, (one, two)| differences | (one ^ two));
    expected.len() == signature.len() && differences == 0
}

/// The MAC of a text by a secret key.
pub(super) fn mac(canonical: &str, secret: &str) -> [u8; 20] {
    // HMAC takes keys of every length; an empty secret signs too.
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(canonical.as_bytes());
    mac.finalize().into_bytes().into()
}

/// The MAC that no version of signatures knows, for a fault that does.
fn mac_256(canonical: &str, secret: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(canonical.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Java's URL encoder with `%20` for a blank (API-SIG-004).
fn encode(out: &mut String, value: &str, quirks: &Quirks) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        let plain = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => true,
            b'*' => !quirks.has(Quirk::Rfc3986Encoding),
            b'~' => quirks.has(Quirk::Rfc3986Encoding),
            b'!' | b'\'' | b'(' | b')' => quirks.has(Quirk::UriComponentEncoding),
            _ => false,
        };
        if plain {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        secret_key: String,
        vectors: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        id: String,
        params: Vec<(String, String)>,
        canonical: String,
        signature: String,
    }

    #[test]
    fn every_vector_is_reproduced() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../../../fixtures/signing/vectors.json")).expect("a fixture");
        assert!(vectors.vectors.len() >= 29);
        let honest = Quirks::default();
        for vector in vectors.vectors {
            // Not from_pairs: a vector may hold two spellings of one name, never one name twice.
            let parameters = Parameters::from_pairs(vector.params);
            let text = canonical(&parameters, &honest);
            assert_eq!(text, vector.canonical, "{}", vector.id);
            assert_eq!(sign(&text, &vectors.secret_key), vector.signature, "{}", vector.id);
            assert!(verify(&text, &vectors.secret_key, &vector.signature, &honest));
            assert!(!verify(&text, &vectors.secret_key, &vector.signature[1..], &honest));
        }
    }
}
