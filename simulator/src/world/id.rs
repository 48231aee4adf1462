//! Identifiers and keys, all drawn from the seed: the same seed and the same calls give the same ids.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use super::saved::form::hexadecimal;

/// A source of identifiers. The generator is `SplitMix64`, fixed for ever so that ids do not
/// change with a library's version; it protects nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ids {
    #[serde(with = "hexadecimal")]
    #[cfg_attr(test, schemars(with = "String"))]
    state: u64,
}

impl Ids {
    /// The source that belongs to a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed ^ 0x9e37_79b9_7f4a_7c15 }
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next version 4 UUID.
    pub fn uuid(&mut self) -> Uuid {
        Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// The next `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            let number = self.number().to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        bytes
    }

    /// An API key or secret key as the real server makes them: 86 characters of URL-safe base64.
    pub fn key(&mut self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<64>())
    }

    /// What a console is opened with: 652 characters of base64.
    pub fn console_token(&mut self) -> String {
        STANDARD.encode(self.bytes::<487>())
    }

    /// A session key: 27 characters of URL-safe base64 (API-AUTH-005).
    pub fn session_key(&mut self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<20>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides() {
        let mut one = Ids::new(7);
        let mut two = Ids::new(7);
        assert_eq!(one.uuid(), two.uuid());
        assert_eq!(one.key(), two.key());
        assert_ne!(one.uuid(), Ids::new(8).uuid());
    }

    #[test]
    fn keys_have_the_lengths_of_the_real_ones() {
        let mut ids = Ids::new(1);
        assert_eq!(ids.key().len(), 86);
        assert_eq!(ids.session_key().len(), 27);
        assert_eq!(ids.uuid().get_version_num(), 4);
    }
}
