//! Request signatures: canonical string and HMAC-SHA1 (API-SIG-001 to API-SIG-006).
//!
//! The simulator verifies with code of its own, `simulator/src/api/signature.rs`. The two share no line: if one
//! function both signed and verified, a misread rule would pass unseen. Both must reproduce `fixtures/signing/`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The text that is signed: all parameters but `signature` (in any case), sorted by name as sent, values escaped,
/// the whole then in lower case (API-SIG-002 to API-SIG-006).
pub fn canonical(params: &[(String, String)]) -> String {
    let mut signed: Vec<_> =
        params.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("signature")).collect();
    signed.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    let items: Vec<String> = signed.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    items.join("&").to_lowercase()
}

/// The signature of a canonical string (API-SIG-001): HMAC-SHA1 in standard base64.
pub fn signature(secret_key: &str, canonical: &str) -> String {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(secret_key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(canonical.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Escapes a value (API-SIG-004): `A-Z a-z 0-9 . - * _` stay, everything else becomes `%XX`, byte by byte.
///
/// The same escaping is safe on the wire, so the client sends what it signs.
pub fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                escaped.push(char::from(byte));
            }
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                escaped.push('%');
                escaped.push(char::from(DIGITS[usize::from(byte >> 4)]));
                escaped.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Fixture {
        secret_key: String,
        vectors: Vec<Vector>,
        wrong_signatures: Vec<Wrong>,
        sso: Sso,
    }

    #[derive(Deserialize)]
    struct Vector {
        id: String,
        params: Vec<(String, String)>,
        canonical: String,
        signature: String,
    }

    #[derive(Deserialize)]
    struct Wrong {
        vector: String,
        mistake: String,
        wrong_signature: String,
    }

    #[derive(Deserialize)]
    struct Sso {
        key: String,
        params: Vec<(String, String)>,
        canonical: String,
        signature: String,
    }

    fn fixture() -> Fixture {
        serde_json::from_str(include_str!("../../../fixtures/signing/vectors.json")).unwrap()
    }

    #[test]
    fn every_vector_is_reproduced() {
        let fixture = fixture();
        for vector in &fixture.vectors {
            let text = canonical(&vector.params);
            assert_eq!(text, vector.canonical, "{}", vector.id);
            assert_eq!(signature(&fixture.secret_key, &text), vector.signature, "{}", vector.id);
        }
    }

    #[test]
    fn no_typical_mistake_gives_the_right_signature() {
        let fixture = fixture();
        for wrong in &fixture.wrong_signatures {
            let vector = fixture.vectors.iter().find(|vector| vector.id == wrong.vector).unwrap();
            let ours = signature(&fixture.secret_key, &canonical(&vector.params));
            assert_ne!(ours, wrong.wrong_signature, "{}: {}", wrong.vector, wrong.mistake);
        }
    }

    #[test]
    fn single_sign_on_is_signed_alike() {
        let Sso { key, params, canonical: text, signature: expected } = fixture().sso;
        assert_eq!(canonical(&params), text);
        assert_eq!(signature(&key, &text), expected);
    }
}
