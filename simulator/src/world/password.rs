//! Stored passwords: how new ones are encoded, and the sums that prove one. Who may prove what is decided in
//! `api/authenticator/`.
//!
//! The number of rounds is part of the stored text and nobody outside can see it, so there are few here where the
//! real server has 100000: a thousand worlds start in a process, and none of them keeps a secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use pbkdf2::pbkdf2_hmac;
use sha2::{Digest as _, Sha256, Sha512};

use super::World;
use super::id::Ids;

/// Rounds of new PBKDF2 texts.
const ROUNDS: u32 = 4;
/// The order in which encodings are preferred, by the names of the authenticators that read them.
const ENCODERS: &str = "user.password.encoders.order";
/// The encodings that are not used for new passwords.
const EXCLUDED: &str = "user.password.encoders.exclude";

/// A password that a user is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// One that somebody chose: stored as the settings say.
    Chosen(String),
    /// One that a starting world brings and prints: stored in a form that costs next to nothing.
    Preset(String),
    /// None: the user proves himself elsewhere.
    Elsewhere,
}

impl World {
    /// The stored form of a password.
    pub fn encoded(&mut self, password: &Password) -> String {
        match password {
            Password::Preset(text) => salted(&mut self.ids, text),
            Password::Elsewhere => String::new(),
            Password::Chosen(text) => {
                let excluded = self.settings.list(EXCLUDED);
                let mut order = self.settings.list(ENCODERS).into_iter();
                match order.find(|name| !excluded.contains(name)) {
                    Some("SHA256SALT") => salted(&mut self.ids, text),
                    Some("MD5") => md5(text),
                    Some("PLAINTEXT") => text.clone(),
                    _ => derived(&mut self.ids, text),
                }
            }
        }
    }
}

/// `salt:hash:rounds`, a salt of 64 bytes and a key of 512 bits.
fn derived(ids: &mut Ids, password: &str) -> String {
    let salt = ids.bytes::<64>();
    format!("{}:{}:{ROUNDS}", STANDARD.encode(salt), STANDARD.encode(derive(password, &salt, ROUNDS)))
}

/// `salt:hash`, a salt of 32 bytes.
fn salted(ids: &mut Ids, password: &str) -> String {
    let salt = ids.bytes::<32>();
    format!("{}:{}", STANDARD.encode(salt), STANDARD.encode(salt_and_hash(password, &salt)))
}

/// PBKDF2 with HMAC-SHA512.
#[must_use]
pub fn derive(password: &str, salt: &[u8], rounds: u32) -> [u8; 64] {
    let mut key = [0; 64];
    pbkdf2_hmac::<Sha512>(password.as_bytes(), salt, rounds, &mut key);
    key
}

/// SHA-256 of the password and the salt behind it.
#[must_use]
pub fn salt_and_hash(password: &str, salt: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(password).chain_update(salt).finalize().into()
}

/// MD5 in 32 hexadecimal digits.
#[must_use]
pub fn md5(password: &str) -> String {
    Md5::digest(password).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes in a base64 text of a stored password.
#[must_use]
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::VIRTUAL_EPOCH;

    #[test]
    fn the_settings_choose_the_form_of_a_new_password() {
        let mut world = World::blank(1, VIRTUAL_EPOCH);
        let mut form = |excluded: &str| {
            world.settings.set(EXCLUDED, excluded).expect("a known setting");
            world.encoded(&Password::Chosen("secret".to_owned()))
        };
        assert_eq!(form("MD5,LDAP,PLAINTEXT").matches(':').count(), 2);
        assert_eq!(form("PBKDF2").matches(':').count(), 1);
        assert_eq!(form("PBKDF2, SHA256SALT"), "5ebe2294ecd0e0f08eab7690d2a6ee69");
        assert_eq!(form("PBKDF2,SHA256SALT,MD5,LDAP,SAML2"), "secret");
    }

    #[test]
    fn equal_passwords_are_stored_differently() {
        let mut world = World::blank(1, VIRTUAL_EPOCH);
        let mut stored = || world.encoded(&Password::Chosen("secret".to_owned()));
        assert_ne!(stored(), stored());
    }
}
