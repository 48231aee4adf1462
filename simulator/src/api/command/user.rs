//! Users and their keys.

use super::account::{NO_REACH, key_access};
use super::{Behaviour, EventTexts};
use crate::api::authenticator::{self, Attempt};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::account::{NewUser, SYSTEM, Source, Standing};
use crate::world::password::Password;
use crate::world::table::Id;
use crate::world::two_factor::{Provider, TwoFactor};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listUsers",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            // Others of its account are none of a normal user's business.
            let sees_itself_alone = !caller.is_root_admin() && !caller.is_domain_admin();
            if let Some(id) = wanted.as_ref().and_then(|wanted| wanted.first())
                && !caller.is_root_admin()
                && (sees_itself_alone && *id != caller.user
                    || world
                        .users
                        .get(*id)
                        .is_some_and(|user| !caller.reaches(world, world.owner_of(user.account))))
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
                .filter(|(id, _)| !sees_itself_alone || *id == caller.user)
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
            listing::page(world, arguments, matches, |id| view::listed_user(world, id, *caller))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "getUser",
        run: |world, _, arguments| {
            let key = arguments.required("userapikey");
            let Some((id, _)) = world.user_by_api_key(key) else {
                return Err(ApiError::api(530, "User with the given API key does not exist"));
            };
            Ok(Reply::Object(view::user(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listUserTwoFactorAuthenticatorProviders",
        run: |world, _, arguments| {
            let name = arguments.filled("name");
            let shown = |provider: Provider| match world.sins(Quirk::ProvidersInCapitals) {
                true => provider.name().to_uppercase(),
                false => provider.name().to_owned(),
            };
            Ok(Reply::all(
                Provider::ALL
                    .into_iter()
                    .filter(|provider| name.is_none_or(|name| name == provider.name()))
                    .map(|provider| {
                        Object::new().with("name", shown(provider)).with("description", provider.about())
                    })
                    .collect(),
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "setupUserTwoFactorAuthentication",
        run: |world, caller, arguments| {
            let fields = if arguments.maybe_flag("enable").unwrap_or(true) {
                set_up_second_factor(world, *caller, arguments.filled("provider"))?
            } else {
                let user = match arguments.id("userid") {
                    Some(id) => reachable(world, *caller, Some(id))?,
                    None => caller.user,
                };
                if let Some(row) = world.users.get_mut(user) {
                    row.two_factor = TwoFactor::default();
                }
                Object::new()
            };
            let name = world.sins(Quirk::SetUpIsNamedProvider).then_some("provider");
            Ok(Reply::Object(Object { name, ..fields }))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "validateUserTwoFactorAuthenticationCode",
        // The code of a session is seen before commands are looked up; this is who signs instead.
        run: |_, _, _| Err(ApiError::api(405, "This is an authentication api, cannot be used directly")),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createUser",
        run: |world, caller, arguments| {
            let domain = arguments.id("domainid").unwrap_or(caller.domain);
            let name = arguments.required("account");
            let account = world.account_by_name(name, domain).ok_or_else(|| {
                ApiError::invalid(format!(
                    "Unable to find account {name} in domain {} to create user",
                    listing::domain_dump(world, domain)
                ))
            })?;
            if !caller.reaches(world, world.owner_of(account)) {
                return Err(ApiError::permission(NO_REACH));
            }
            refuse_taken_name(world, arguments.required("username"), domain)?;
            let id = world.add_user(account, new_user(arguments));
            Ok(Reply::Object(view::user(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateUser",
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, arguments.id("id"))?;
            update(world, *caller, arguments, id)?;
            Ok(Reply::Object(view::user(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "moveUser",
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, arguments.id("id"))?;
            let target = move_target(world, arguments, id)?;
            let old = world.users.get(id).map(|user| user.account);
            if old == Some(target) {
                return Err(ApiError::invalid("User is already in the account"));
            }
            if let Some(user) = world.users.get_mut(id) {
                user.account = target;
                // The real server makes the user anew, and this is what a new one gets.
                user.timezone.get_or_insert_with(|| "UTC".to_owned());
            }
            Ok(Reply::SUCCESS)
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
            let has_keys = world.users.get(id).is_some_and(|user| user.api_key.is_some());
            if !has_keys || !world.sins(Quirk::KeysAreMadeOnce) {
                world.renew_keys(id);
            }
            Ok(Reply::Object(keys(world, id, false)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "disableUser",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "disabling user: {#}",
            action: "disabling user",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, arguments.id("id"))?;
            set_standing(world, id, Standing::Disabled)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "enableUser",
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, arguments.id("id"))?;
            if let Some(user) = world.users.get_mut(id) {
                user.failed_logins = 0;
            }
            set_standing(world, id, Standing::Enabled)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "lockUser",
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, arguments.id("id"))?;
            if world.users.get(id).is_some_and(|user| user.standing == Standing::Disabled) {
                return Err(ApiError::api(530, "Failed to lock user"));
            }
            set_standing(world, id, Standing::Locked)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteUser",
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(user) = world.users.get(id) else {
                return Err(ApiError::invalid("The specified user doesn't exist in the system"));
            };
            if user.is_default {
                return Err(ApiError::invalid("The user is default and can't be (re)moved"));
            }
            if !caller.reaches(world, world.owner_of(user.account)) {
                return Err(ApiError::permission(NO_REACH));
            }
            world.remove_user(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// The user that the parameters of `createAccount` and `createUser` describe.
pub(super) fn new_user(arguments: &Arguments) -> NewUser {
    NewUser {
        username: arguments.required("username").to_owned(),
        source: Source::Any,
        password: Password::Chosen(arguments.required("password").to_owned()),
        firstname: arguments.required("firstname").to_owned(),
        lastname: arguments.required("lastname").to_owned(),
        email: arguments.filled("email").map(str::to_owned),
        timezone: arguments.filled("timezone").map(str::to_owned),
    }
}

/// Sets a second factor up for the caller and tells its secret (API-AUTH-066, API-AUTH-067).
fn set_up_second_factor(world: &mut World, caller: Caller, name: Option<&str>) -> Result<Object, ApiError> {
    let is_on =
        ["enable.user.2fa", "mandate.user.2fa"].iter().any(|name| world.domain_flag(name, caller.domain));
    if !is_on && !world.sins(Quirk::SetUpWhileOff) {
        return Err(ApiError::runtime("2FA is not enabled for this domain or at global level"));
    }
    let default = world.domain_setting("user.2fa.default.provider", caller.domain);
    let name = name.unwrap_or(default);
    let provider = Provider::named(name).ok_or_else(|| {
        ApiError::runtime(format!(
            "Failed to find the two factor authentication provider by the name: {name}"
        ))
    })?;
    let secret = world
        .set_up_second_factor(caller.user, provider)
        .ok_or_else(|| ApiError::runtime("2FA key is already setup for the user account"))?;
    let user = world.users.get(caller.user);
    Ok(Object::new()
        .with("id", user.map(|user| user.uuid))
        .with("username", user.map(|user| user.username.as_str()))
        .with("secretcode", secret))
}

/// The user of a domain with a name, case ignored.
fn by_name(world: &World, username: &str, domain: Id) -> Option<Id> {
    world
        .users
        .iter()
        .find(|(_, user)| {
            user.username.eq_ignore_ascii_case(username)
                && world.accounts.get(user.account).is_some_and(|account| account.domain == domain)
        })
        .map(|(id, _)| id)
}

/// Refuses a name that a user of the domain has.
pub(super) fn refuse_taken_name(world: &World, username: &str, domain: Id) -> Result<(), ApiError> {
    if by_name(world, username, domain).is_none() {
        return Ok(());
    }
    let domain = listing::domain_dump(world, domain);
    Err(ApiError::invalid(format!("The user {username} already exists in domain {domain}")))
}

fn update(world: &mut World, caller: Caller, arguments: &Arguments, id: Id) -> Result<(), ApiError> {
    let access = arguments.filled("apikeyaccess").map(key_access).transpose()?;
    for (name, shown) in [("firstname", "First name"), ("lastname", "Last name")] {
        if arguments.text(name).is_some_and(|text| text.trim().is_empty()) {
            return Err(ApiError::invalid(format!("{shown} cannot be empty")));
        }
    }
    if let Some(username) = arguments.filled("username") {
        let domain = world.users.get(id).map_or(caller.domain, |user| world.owner_of(user.account).domain);
        if let Some(other) = by_name(world, username, domain).filter(|other| *other != id) {
            return Err(name_in_use(world, username, domain, other));
        }
    }
    let password = arguments.filled("password");
    if password.is_some() && caller.user == id && !caller.is_root_admin() {
        match arguments.filled("currentpassword") {
            None => {
                return Err(ApiError::invalid(
                    "To set a new password the current password must be provided.",
                ));
            }
            Some(current) if !is_current(world, id, current) => {
                return Err(ApiError::invalid("Current password is incorrect."));
            }
            Some(_) => {}
        }
    }
    let keys = (arguments.filled("userapikey"), arguments.filled("usersecretkey"));
    if keys.0.is_some() != keys.1.is_some() {
        return Err(ApiError::invalid("Please provide a userApiKey/userSecretKey pair"));
    }
    let stored = password.map(|password| world.encoded(&Password::Chosen(password.to_owned())));
    let Some(user) = world.users.get_mut(id) else { return Ok(()) };
    let set = |field: &mut String, value: Option<&str>| {
        if let Some(value) = value {
            value.clone_into(field);
        }
    };
    set(&mut user.firstname, arguments.filled("firstname"));
    set(&mut user.lastname, arguments.filled("lastname"));
    set(&mut user.username, arguments.filled("username"));
    if let Some(stored) = stored {
        user.stored = stored;
        user.printed = None;
    }
    if let Some(email) = arguments.filled("email") {
        user.email = Some(email.to_owned());
    }
    if let Some(timezone) = arguments.filled("timezone") {
        user.timezone = Some(timezone.to_owned());
    }
    if let Some(access) = access {
        user.key_access = access;
    }
    // It mandates and never takes the mandate back.
    if arguments.maybe_flag("mandate2fa") == Some(true) {
        user.two_factor.mandated = true;
    }
    if let (Some(public), Some(secret)) = keys {
        world.set_keys(id, public, secret);
    }
    Ok(())
}

/// Whether somebody knows the password of a user.
fn is_current(world: &mut World, id: Id, password: &str) -> bool {
    let Some(user) = world.users.get(id) else { return false };
    let (username, domain) = (user.username.clone(), world.owner_of(user.account).domain);
    let attempt = Attempt { username: &username, password, domain, user: Some(id) };
    authenticator::is_stored(world, &attempt)
}

fn name_in_use(world: &World, username: &str, domain: Id, user: Id) -> ApiError {
    let account = world.users.get(user).and_then(|user| world.accounts.get(user.account));
    let (account, name) = account.map(|account| (account.uuid, account.name.as_str())).unwrap_or_default();
    let (domain, domain_name) =
        world.domains.get(domain).map(|domain| (domain.uuid, domain.name.as_str())).unwrap_or_default();
    ApiError::invalid(format!(
        "Username [{username}] already exists in domain [id={domain},name={domain_name}] user account \
         [id={account},name={name}]"
    ))
}

/// The account of the same domain into which a user moves.
fn move_target(world: &World, arguments: &Arguments, user: Id) -> Result<Id, ApiError> {
    let domain = world.users.get(user).map_or(0, |user| world.owner_of(user.account).domain);
    let target = arguments
        .id("accountid")
        .filter(|id| world.accounts.get(*id).is_some())
        .or_else(|| arguments.filled("account").and_then(|name| world.account_by_name(name, domain)));
    let target = target.ok_or_else(|| {
        ApiError::runtime("no account name or account id. this should have been caught before this point")
    })?;
    if world.owner_of(target).domain != domain {
        return Err(ApiError::invalid("moving users can only be done within one domain"));
    }
    Ok(target)
}

fn set_standing(world: &mut World, id: Id, standing: Standing) -> Result<Reply, ApiError> {
    if let Some(user) = world.users.get_mut(id) {
        user.standing = standing;
    }
    Ok(Reply::Object(view::user(world, id)))
}

/// The user, if there is one within the caller's reach.
fn reachable(world: &World, caller: Caller, id: Option<Id>) -> Result<Id, ApiError> {
    let id = id.unwrap_or_default();
    let user =
        world.users.get(id).ok_or_else(|| ApiError::invalid(format!("unable to find user for id : {id}")))?;
    if caller.reaches(world, world.owner_of(user.account)) {
        Ok(id)
    } else {
        Err(ApiError::permission(NO_REACH))
    }
}

fn keys(world: &World, id: Id, with_access: bool) -> Object {
    let user = world.users.get(id);
    Object::named("userkeys")
        .with("apikey", user.and_then(|user| user.api_key.as_deref()))
        .with("secretkey", user.and_then(|user| user.secret_key.as_deref()))
        .with("apikeyaccess", with_access.then_some(true))
}
