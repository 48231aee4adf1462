//! Stored as `salt:hash`, the form of passwords before PBKDF2 and of those that a starting world brings.

use super::{Attempt, Authenticator, Verdict, equal};
use crate::world::World;
use crate::world::password::{bytes, salt_and_hash};

/// Hashes with the salt and compares.
pub(super) struct Sha256Salt;

impl Authenticator for Sha256Salt {
    fn name(&self) -> &'static str {
        "SHA256SALT"
    }

    fn judge(&self, world: &mut World, attempt: &Attempt<'_>) -> Verdict {
        let Some(user) = attempt.user_in(world) else { return Verdict::NotMine };
        let Some((salt, hash)) = user.stored.split_once(':').filter(|(_, hash)| !hash.contains(':')) else {
            return Verdict::NotMine;
        };
        match (bytes(salt), bytes(hash)) {
            (Some(salt), Some(hash)) => Verdict::of(equal(&salt_and_hash(attempt.password, &salt), &hash)),
            _ => Verdict::NotMine,
        }
    }
}
