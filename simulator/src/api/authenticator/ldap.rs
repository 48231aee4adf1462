//! Passwords that a directory knows (API-AUTH-070, upstream's `LdapAuthenticator`).
//!
//! In a domain that is linked to a part of the directory a first login makes the user, and a login lets one in again
//! who was disabled. Where accounts of the domain are linked, each to a part of its own, the user moves with his group,
//! and one who is in none of them, or gone, is disabled.

use super::{Attempt, Authenticator, Verdict};
use crate::api::directory::{self, Person};
use crate::quirk::Quirk;
use crate::world::World;
use crate::world::account::{AccountType, NewAccount, NewUser, Source, Standing};
use crate::world::directory::DirectoryLink;
use crate::world::password::Password;
use crate::world::table::Id;

/// Asks the directory.
pub(super) struct Ldap;

impl Authenticator for Ldap {
    fn name(&self) -> &'static str {
        "LDAP"
    }

    fn judge(&self, world: &mut World, attempt: &Attempt<'_>) -> Verdict {
        if !world.has_directory() || attempt.username.is_empty() {
            return Verdict::NotMine;
        }
        let links: Vec<DirectoryLink> = world.directory_links_of(attempt.domain).cloned().collect();
        let verdict = match links.as_slice() {
            [] => unlinked(world, attempt),
            [link] if link.account.is_none() => linked_domain(world, attempt, link),
            links => linked_accounts(world, attempt, links),
        };
        match verdict {
            Verdict::Wrong if world.sins(Quirk::DirectoryRefusalsDoNotCount) => Verdict::NotMine,
            other => other,
        }
    }
}

/// Whether the directory takes the password. An empty one never counts: to a directory it means "nobody".
fn proves(world: &mut World, person: &Person, attempt: &Attempt<'_>) -> bool {
    if attempt.password.is_empty() {
        return world.sins(Quirk::EmptyPasswordsBind);
    }
    directory::proves(world, &person.principal, attempt.password, attempt.domain)
}

/// The user must be there already.
fn unlinked(world: &mut World, attempt: &Attempt<'_>) -> Verdict {
    if attempt.user.is_none() {
        return Verdict::NotMine;
    }
    let person = directory::person(world, attempt.username, Some(attempt.domain));
    Verdict::of(person.is_some_and(|person| proves(world, &person, attempt)))
}

/// The user is made, or let in again.
fn linked_domain(world: &mut World, attempt: &Attempt<'_>, link: &DirectoryLink) -> Verdict {
    let person = directory::linked_person(world, attempt.username, link.kind, &link.name, attempt.domain);
    let Some(person) = person else { return Verdict::NotMine };
    match (proves(world, &person, attempt), attempt.user) {
        (true, Some(user)) => {
            let stays = world.sins(Quirk::DirectoryLeavesUsersDisabled);
            if let Some(row) = world.users.get_mut(user)
                && row.standing == Standing::Disabled
                && !stays
            {
                row.standing = Standing::Enabled;
            }
            Verdict::Accepted
        }
        (true, None) if world.sins(Quirk::FirstLoginCreatesNobody) => Verdict::NotMine,
        (true, None) => match new_account(world, &person, link.account_type, attempt.domain) {
            Some(_) => Verdict::Accepted,
            None => Verdict::NotMine,
        },
        (false, Some(_)) => Verdict::Wrong,
        (false, None) => Verdict::NotMine,
    }
}

/// The user belongs to the one account whose group he is in.
fn linked_accounts(world: &mut World, attempt: &Attempt<'_>, links: &[DirectoryLink]) -> Verdict {
    let person = directory::person(world, attempt.username, Some(attempt.domain));
    let mut groups = links
        .iter()
        .filter(|link| person.as_ref().is_some_and(|person| person.memberships.contains(&link.name)));
    let (Some(person), Some(account), None) =
        (&person, groups.next().and_then(|link| link.account), groups.next())
    else {
        disable(world, attempt.user);
        return Verdict::NotMine;
    };
    let is_right = proves(world, person, attempt);
    match attempt.user {
        Some(user) => {
            if let Some(row) = world.users.get_mut(user) {
                row.account = account;
            }
        }
        // Upstream makes the user whatever the password, so that nothing is told about who exists.
        None => {
            new_user(world, account, person);
        }
    }
    if is_right { Verdict::Accepted } else { Verdict::NotMine }
}

/// Disables somebody who is in none of the groups or not in the directory at all. Upstream does not tell a directory that
/// is out of reach from one without that user.
fn disable(world: &mut World, user: Option<Id>) {
    if world.sins(Quirk::GoneUsersStayEnabled) {
        return;
    }
    if let Some(row) = user.and_then(|user| world.users.get_mut(user)) {
        row.standing = Standing::Disabled;
    }
}

/// Makes an account of the person's own, if its name is free.
pub(in crate::api) fn new_account(
    world: &mut World,
    person: &Person,
    account_type: AccountType,
    domain: Id,
) -> Option<Id> {
    if world.account_by_name(&person.username, domain).is_some() {
        return None;
    }
    let (role, _) = world
        .roles
        .iter()
        .find(|(_, role)| role.is_default && AccountType::of_role(role.role_type) == account_type)?;
    let account = world.add_account(NewAccount {
        name: person.username.clone(),
        role,
        account_type,
        domain,
        network_domain: None,
        details: Vec::new(),
    });
    new_user(world, account, person);
    Some(account)
}

/// Makes a user of an account, whose password only the directory knows.
pub(in crate::api) fn new_user(world: &mut World, account: Id, person: &Person) -> Id {
    world.add_user(
        account,
        NewUser {
            username: person.username.clone(),
            source: Source::Directory,
            password: Password::Elsewhere,
            firstname: person.firstname.clone().unwrap_or_default(),
            lastname: person.lastname.clone().unwrap_or_default(),
            email: person.email.clone(),
            timezone: None,
        },
    )
}
