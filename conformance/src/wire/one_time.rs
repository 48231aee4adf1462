//! One-time passwords by time (RFC 6238): SHA-1, steps of 30 seconds, six digits, a secret in base 32.
//!
//! The simulator checks them with code of its own, `simulator/src/world/two_factor.rs`.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The number of the step that it is now.
pub fn step() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 30
}

/// The password of a step; nothing if the secret is no base 32.
pub fn password(secret: &str, step: u64) -> Option<String> {
    let key = bytes(secret)?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).expect("HMAC takes a key of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let start = usize::from(digest[digest.len() - 1] % 16);
    let number = digest[start..start + 4].iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    Some(format!("{:06}", (number & 0x7fff_ffff) % 1_000_000))
}

/// What a text in base 32 (RFC 4648) stands for.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut bits = String::new();
    for letter in text.trim_end_matches('=').chars() {
        let value = match letter.to_ascii_uppercase() {
            letter @ 'A'..='Z' => u32::from(letter) - u32::from('A'),
            digit @ '2'..='7' => u32::from(digit) - u32::from('2') + 26,
            _ => return None,
        };
        bits.push_str(&format!("{value:05b}"));
    }
    let whole = bits.len() / 8;
    (0..whole).map(|at| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six of eight digits.
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (seconds, expected) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(password(secret, seconds / 30).as_deref(), Some(expected));
        }
        assert_eq!(password("1", 0), None);
    }
}
