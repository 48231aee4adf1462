//! Password authenticators: tried in the order of the settings, the first that accepts wins (API-AUTH-070).
//!
//! To add one, implement [`Authenticator`] in a file of its own and add it to [`ALL`].

mod ldap;
mod md5;
mod pbkdf2;
mod plaintext;
mod sha256_salt;

pub(super) use ldap::{new_account, new_user};

use subtle::ConstantTimeEq as _;

use crate::quirk::Quirk;
use crate::world::World;
use crate::world::account::User;
use crate::world::password;
use crate::world::table::Id;

/// A password that somebody tries.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The name that was sent.
    pub username: &'a str,
    /// The password, in clear: nothing is hashed on the client's side (API-AUTH-071).
    pub password: &'a str,
    /// The domain.
    pub domain: Id,
    /// The user of that name, if there is one.
    pub user: Option<Id>,
}

impl Attempt<'_> {
    /// The user, if there is one.
    fn user_in<'w>(&self, world: &'w World) -> Option<&'w User> {
        self.user.and_then(|user| world.users.get(user))
    }
}

/// What an authenticator says to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right.
    Accepted,
    /// It is wrong, and that counts toward the lock-out (API-AUTH-015).
    Wrong,
    /// Not for this authenticator to say.
    NotMine,
}

impl Verdict {
    fn of(is_right: bool) -> Self {
        if is_right { Self::Accepted } else { Self::Wrong }
    }
}

/// Something that knows passwords.
pub trait Authenticator: Sync {
    /// The name in `user.authenticators.order`.
    fn name(&self) -> &'static str;

    /// Whether the password is right. May change the world: a directory makes users and lets them in again.
    fn judge(&self, world: &mut World, attempt: &Attempt<'_>) -> Verdict;
}

/// Every authenticator, in upstream's order. Those by SAML and OAuth never look at a password.
pub const ALL: &[&dyn Authenticator] =
    &[&pbkdf2::Pbkdf2, &sha256_salt::Sha256Salt, &md5::Md5, &ldap::Ldap, &plaintext::Plaintext];

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Whether somebody accepted.
    pub accepted: bool,
    /// Whether the refusal counts toward the lock-out.
    pub counts: bool,
}

/// Asks the authenticators in force. An empty password is never one (API-AUTH-014).
pub fn try_all(world: &mut World, attempt: &Attempt<'_>) -> Outcome {
    let mut outcome = Outcome { accepted: false, counts: false };
    if attempt.password.is_empty() && !world.sins(Quirk::EmptyPasswordsBind) {
        return outcome;
    }
    if world.sins(Quirk::AnyPasswordIsGood) && attempt.user.is_some() {
        return Outcome { accepted: true, ..outcome };
    }
    if world.sins(Quirk::ClientsHashPasswords) {
        let sum = attempt.user_in(world).and_then(|user| user.printed.as_deref()).map(password::md5);
        outcome.accepted = sum.as_deref() == Some(attempt.password);
        return outcome;
    }
    let only = attempt.user_in(world).and_then(|user| user.source.authenticator());
    let only = only.filter(|_| !world.sins(Quirk::SourcesAreIgnored));
    for authenticator in in_force(world) {
        if only.is_some_and(|only| only != authenticator.name()) {
            continue;
        }
        match authenticator.judge(world, attempt) {
            Verdict::Accepted => return Outcome { accepted: true, counts: false },
            Verdict::Wrong => outcome.counts = true,
            Verdict::NotMine => {}
        }
    }
    outcome
}

/// Whether a password is the one that is stored here for the user, whoever else may know another.
pub fn is_stored(world: &mut World, attempt: &Attempt<'_>) -> bool {
    let mut native = ALL.iter().filter(|authenticator| authenticator.name() != "LDAP");
    native.any(|authenticator| authenticator.judge(world, attempt) == Verdict::Accepted)
}

/// The authenticators that the settings leave, those first that the order names.
fn in_force(world: &World) -> Vec<&'static dyn Authenticator> {
    let order = world.settings.list("user.authenticators.order");
    let excluded = world.settings.list("user.authenticators.exclude");
    let place = |name: &str| {
        if name == "LDAP" && world.sins(Quirk::DirectoryGoesFirst) {
            return None;
        }
        Some(order.iter().position(|item| item.eq_ignore_ascii_case(name)).unwrap_or(order.len()))
    };
    let is_excluded = |name: &str| {
        !world.sins(Quirk::ExclusionIsIgnored) && excluded.iter().any(|item| item.eq_ignore_ascii_case(name))
    };
    let mut chosen: Vec<&'static dyn Authenticator> =
        ALL.iter().copied().filter(|authenticator| !is_excluded(authenticator.name())).collect();
    chosen.sort_by_key(|authenticator| place(authenticator.name()));
    chosen
}

/// Whether two texts or sums are equal, in a time that does not tell how much of them is.
fn equal(one: &[u8], two: &[u8]) -> bool {
    one.ct_eq(two).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::account::{ADMIN, ROOT_DOMAIN};
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    fn names(world: &World) -> Vec<&'static str> {
        in_force(world).iter().map(|authenticator| authenticator.name()).collect()
    }

    #[test]
    fn settings_say_who_is_asked_and_in_which_order() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        assert_eq!(names(&world), ["PBKDF2", "SHA256SALT", "MD5", "LDAP"]);
        world.settings.set("user.authenticators.exclude", "MD5, ldap").expect("a known setting");
        world.settings.set("user.authenticators.order", "PLAINTEXT,PBKDF2").expect("a known setting");
        assert_eq!(names(&world), ["PLAINTEXT", "PBKDF2", "SHA256SALT"]);
    }

    #[test]
    fn each_stored_form_is_read_by_its_own_authenticator() {
        let forms = [
            ("MD5,PLAINTEXT", "PBKDF2"),
            ("PBKDF2", "SHA256SALT"),
            ("PBKDF2,SHA256SALT", "MD5"),
            ("PBKDF2,SHA256SALT,MD5,LDAP,SAML2", "PLAINTEXT"),
        ];
        for (excluded, name) in forms {
            let mut world = preset::install(1, VIRTUAL_EPOCH);
            world.settings.set("user.authenticators.exclude", "").expect("a known setting");
            world.settings.set("user.password.encoders.exclude", excluded).expect("a known setting");
            let password = crate::world::password::Password::Chosen("geheim ☃".to_owned());
            let stored = world.encoded(&password);
            world.users.get_mut(ADMIN).expect("the administrator").stored = stored;
            let attempt =
                |password| Attempt { username: "admin", password, domain: ROOT_DOMAIN, user: Some(ADMIN) };
            let right = try_all(&mut world, &attempt("geheim ☃"));
            assert_eq!(right, Outcome { accepted: true, counts: false }, "{name}");
            let wrong = try_all(&mut world, &attempt("geheim"));
            assert_eq!(wrong, Outcome { accepted: false, counts: true }, "{name}");
            let empty = try_all(&mut world, &attempt(""));
            assert_eq!(empty, Outcome { accepted: false, counts: false }, "{name}");
            world.settings.set("user.authenticators.exclude", name).expect("a known setting");
            assert!(!try_all(&mut world, &attempt("geheim ☃")).accepted, "{name} is excluded");
        }
    }
}
