//! Stored as it is. Excluded in a fresh installation.

use super::{Attempt, Authenticator, Verdict, equal};
use crate::world::World;

/// Compares.
pub(super) struct Plaintext;

impl Authenticator for Plaintext {
    fn name(&self) -> &'static str {
        "PLAINTEXT"
    }

    fn judge(&self, world: &mut World, attempt: &Attempt<'_>) -> Verdict {
        match attempt.user_in(world) {
            Some(user) if !user.stored.is_empty() => {
                Verdict::of(equal(attempt.password.as_bytes(), user.stored.as_bytes()))
            }
            _ => Verdict::NotMine,
        }
    }
}
