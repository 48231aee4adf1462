//! Password authenticators: tried in order, the first that accepts wins (API-AUTH-070).
//!
//! To add one, implement [`Authenticator`] in a file of its own and name it in [`ORDER`].

mod native;

use crate::world::World;
use crate::world::table::Id;

/// A password that somebody tries.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The world.
    pub world: &'a World,
    /// The user.
    pub user: Id,
    /// The password.
    pub password: &'a str,
}

/// Something that knows passwords.
pub trait Authenticator: Sync {
    /// The name in `user.authenticators.order`.
    fn name(&self) -> &'static str;

    /// Whether the password is the user's.
    fn accepts(&self, attempt: &Attempt<'_>) -> bool;
}

/// The authenticators in the order in which they are asked.
pub const ORDER: &[&dyn Authenticator] = &[&native::Native];

/// Whether any authenticator accepts.
#[must_use]
pub fn accepts(attempt: &Attempt<'_>) -> bool {
    ORDER.iter().any(|authenticator| authenticator.accepts(attempt))
}
