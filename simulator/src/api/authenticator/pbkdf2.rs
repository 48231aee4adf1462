//! Stored as `salt:hash:rounds`, the form of new passwords.

use super::{Attempt, Authenticator, Verdict, equal};
use crate::world::World;
use crate::world::password::{bytes, derive};

/// Derives a key and compares.
pub(super) struct Pbkdf2;

impl Authenticator for Pbkdf2 {
    fn name(&self) -> &'static str {
        "PBKDF2"
    }

    fn judge(&self, world: &mut World, attempt: &Attempt<'_>) -> Verdict {
        let Some(user) = attempt.user_in(world) else { return Verdict::NotMine };
        let mut parts = user.stored.split(':');
        let (Some(salt), Some(key), Some(rounds), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Verdict::NotMine;
        };
        match (bytes(salt), bytes(key), rounds.parse()) {
            (Some(salt), Some(key), Ok(rounds)) => {
                Verdict::of(equal(&derive(attempt.password, &salt, rounds), &key))
            }
            _ => Verdict::NotMine,
        }
    }
}
