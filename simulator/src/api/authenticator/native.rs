//! The passwords that the world itself holds. They are kept in clear: a simulator prints them
//! on its first line, so hashing them would protect nothing and cost every start.

use super::{Attempt, Authenticator};
use crate::quirk::Quirk;

/// Compares with the password of the world's user.
#[derive(Debug)]
pub(super) struct Native;

impl Authenticator for Native {
    fn name(&self) -> &'static str {
        "PBKDF2"
    }

    fn accepts(&self, attempt: &Attempt<'_>) -> bool {
        attempt.world.sins(Quirk::AnyPasswordIsGood)
            || attempt.world.users.get(attempt.user).is_some_and(|user| user.password == attempt.password)
    }
}
