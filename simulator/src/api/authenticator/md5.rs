//! Stored as 32 hexadecimal digits. The hash is the server's business: who has one logs in with the clear password.

use super::{Attempt, Authenticator, Verdict, equal};
use crate::world::World;
use crate::world::password::md5;

/// Hashes and compares.
pub(super) struct Md5;

impl Authenticator for Md5 {
    fn name(&self) -> &'static str {
        "MD5"
    }

    fn judge(&self, world: &mut World, attempt: &Attempt<'_>) -> Verdict {
        let Some(user) = attempt.user_in(world) else { return Verdict::NotMine };
        let is_hash = user.stored.len() == 32 && user.stored.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hash {
            return Verdict::NotMine;
        }
        let stored = user.stored.to_ascii_lowercase();
        Verdict::of(equal(md5(attempt.password).as_bytes(), stored.as_bytes()))
    }
}
