//! Users and their keys.

use super::Behaviour;
use super::account::new_user;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::account::{SYSTEM, Standing};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listUsers",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            if let Some(id) = wanted.as_ref().and_then(|wanted| wanted.first())
                && !caller.is_root_admin()
                && world
                    .users
                    .get(*id)
                    .is_some_and(|user| !caller.reaches(world, world.owner_of(user.account)))
            {
                return Err(ApiError::permission(
                    "Calling user is not authorized to see the user requested by id",
                ));
            }
            let scope = listing::scope(world, *caller, arguments)?;
            let username = arguments.filled("username");
            let state = arguments.filled("state");
            let account_type = arguments.integer("accounttype");
            let matches: Vec<Id> = world
                .users
                .iter()
                .filter(|(id, _)| *id != SYSTEM)
                .filter(|(_, user)| scope.covers(world, world.owner_of(user.account)))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, user)| username.is_none_or(|name| user.username.eq_ignore_ascii_case(name)))
                .filter(|(_, user)| {
                    state.is_none_or(|state| user.standing.name().eq_ignore_ascii_case(state))
                })
                .filter(|(_, user)| {
                    account_type.is_none_or(|number| {
                        world
                            .accounts
                            .get(user.account)
                            .is_some_and(|row| i64::from(row.account_type.number()) == number)
                    })
                })
                .filter(|(_, user)| {
                    listing::keyword_matches(
                        arguments,
                        &[
                            &user.username,
                            &user.firstname,
                            &user.lastname,
                            user.email.as_deref().unwrap_or_default(),
                        ],
                    )
                })
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| view::user(world, id, *caller))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createUser",
        run: |world, caller, arguments| {
            let domain = arguments.id("domainid").unwrap_or(caller.domain);
            let name = arguments.required("account");
            let account = world.account_by_name(name, domain).ok_or_else(|| {
                ApiError::invalid(format!(
                    "Unable to find account {name} in domain id={domain} to create user"
                ))
            })?;
            let username = arguments.required("username");
            let taken = world.users.iter().any(|(_, user)| {
                user.username.eq_ignore_ascii_case(username)
                    && world.accounts.get(user.account).is_some_and(|account| account.domain == domain)
            });
            if taken {
                return Err(ApiError::runtime(format!(
                    "The user {username} already exists in domain {domain}"
                )));
            }
            let id = world.add_user(account, new_user(arguments));
            Ok(Reply::Object(view::user(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "getUserKeys",
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, arguments.id("id"))?;
            Ok(Reply::Object(keys(world, id, true)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "registerUserKeys",
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, arguments.id("id"))?;
            world.renew_keys(id);
            Ok(Reply::Object(keys(world, id, false)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "disableUser",
        about: Some("id"),
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, arguments.id("id"))?;
            if let Some(user) = world.users.get_mut(id) {
                user.standing = Standing::Disabled;
            }
            Ok(Reply::Object(view::user(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "enableUser",
        about: Some("id"),
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, arguments.id("id"))?;
            if let Some(user) = world.users.get_mut(id) {
                user.standing = Standing::Enabled;
                user.failed_logins = 0;
            }
            Ok(Reply::Object(view::user(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteUser",
        about: Some("id"),
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, arguments.id("id"))?;
            if world.users.get(id).is_some_and(|user| user.is_default) {
                return Err(ApiError::invalid("The user is default and can't be removed"));
            }
            world.users.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// The user, if there is one within the caller's reach.
fn reachable(world: &World, caller: Caller, id: Option<Id>) -> Result<Id, ApiError> {
    let id = id.unwrap_or_default();
    let user =
        world.users.get(id).ok_or_else(|| ApiError::invalid(format!("unable to find user for id : {id}")))?;
    if caller.reaches(world, world.owner_of(user.account)) {
        Ok(id)
    } else {
        Err(ApiError::permission("Caller does not have permission to operate with provided resource."))
    }
}

fn keys(world: &World, id: Id, with_access: bool) -> Object {
    let user = world.users.get(id);
    Object::named("userkeys")
        .with("apikey", user.and_then(|user| user.api_key.as_deref()))
        .with("secretkey", user.and_then(|user| user.secret_key.as_deref()))
        .with("apikeyaccess", with_access.then_some(true))
}
