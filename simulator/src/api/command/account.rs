//! Accounts.

use super::Behaviour;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::Reply;
use crate::world::World;
use crate::world::account::{AccountType, NewAccount, NewUser, ROOT_DOMAIN};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listAccounts",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let domain = arguments.id("domainid");
            if let Some(domain) = domain
                && !listing::reaches_domain(world, *caller, domain)
            {
                return Err(listing::domain_refusal(world, *caller, domain));
            }
            let name = arguments.filled("name");
            let account_type = arguments.integer("accounttype");
            let state = arguments.filled("state");
            let everything = arguments.flag("listall") || wanted.is_some();
            let below = arguments.flag("isrecursive");
            let matches: Vec<Id> = world
                .accounts
                .iter()
                .filter(|(_, row)| row.account_type != AccountType::Project)
                .filter(|(id, row)| match domain {
                    Some(domain) if below || everything => world.is_within(row.domain, domain),
                    Some(domain) => row.domain == domain,
                    None if everything || name.is_some() => caller.reaches(world, world.owner_of(*id)),
                    None => *id == caller.account,
                })
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| {
                    account_type.is_none_or(|number| i64::from(row.account_type.number()) == number)
                })
                .filter(|(_, row)| state.is_none_or(|state| row.standing.name().eq_ignore_ascii_case(state)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| view::account(world, id, *caller))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createAccount",
        run: |world, caller, arguments| {
            let (account, _) = create(world, *caller, arguments)?;
            Ok(Reply::Object(view::account(world, account, *caller)))
        },
        ..Behaviour::PLAIN
    },
];

/// Makes an account with its first user.
fn create(world: &mut World, caller: Caller, arguments: &Arguments) -> Result<(Id, Id), ApiError> {
    let domain =
        arguments.id("domainid").unwrap_or(if caller.is_root_admin() { ROOT_DOMAIN } else { caller.domain });
    if !listing::reaches_domain(world, caller, domain) {
        return Err(listing::domain_refusal(world, caller, domain));
    }
    let username = arguments.required("username");
    let name = arguments.filled("account").unwrap_or(username);
    let (role, account_type) = role_and_type(world, arguments)?;
    if world.account_by_name(name, domain).is_some() {
        return Err(ApiError::invalid(format!("The specified account: {name} already exists")));
    }
    let taken = world.users.iter().any(|(_, user)| {
        user.username.eq_ignore_ascii_case(username)
            && world.accounts.get(user.account).is_some_and(|account| account.domain == domain)
    });
    if taken {
        return Err(ApiError::invalid(format!("The user {username} already exists in domain {domain}")));
    }
    let network_domain = arguments.filled("networkdomain").map(str::to_owned);
    let details = arguments.merged("accountdetails");
    let account = world.add_account(NewAccount {
        name: name.to_owned(),
        role,
        account_type,
        domain,
        network_domain,
        details,
    });
    let user = world.add_user(account, new_user(arguments));
    Ok((account, user))
}

/// The role and the type that go with each other: either may be named.
fn role_and_type(world: &World, arguments: &Arguments) -> Result<(Id, AccountType), ApiError> {
    let role = arguments.id("roleid");
    let account_type = arguments.integer("accounttype").and_then(AccountType::from_number);
    match (role.and_then(|id| world.roles.get(id).map(|role| (id, role))), account_type) {
        (Some((id, role)), _) => Ok((id, AccountType::of_role(role.role_type))),
        (None, Some(account_type)) => world
            .roles
            .iter()
            .find(|(_, role)| role.is_default && AccountType::of_role(role.role_type) == account_type)
            .map(|(id, _)| (id, account_type))
            .ok_or_else(|| ApiError::parameter("Both account type and role ID are not provided")),
        (None, None) => Err(ApiError::parameter("Both account type and role ID are not provided")),
    }
}

/// The user that the parameters of `createAccount` and `createUser` describe.
pub(super) fn new_user(arguments: &Arguments) -> NewUser {
    NewUser {
        username: arguments.required("username").to_owned(),
        password: arguments.required("password").to_owned(),
        firstname: arguments.required("firstname").to_owned(),
        lastname: arguments.required("lastname").to_owned(),
        email: arguments.filled("email").map(str::to_owned),
        timezone: arguments.filled("timezone").map(str::to_owned),
    }
}
