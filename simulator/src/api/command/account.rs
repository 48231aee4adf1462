//! Accounts and what they may have.

use super::user::{new_user, refuse_taken_name};
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::catalog::RoleType;
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::account::{AccountType, KeyAccess, NewAccount, ROOT_DOMAIN, Standing};
use crate::world::limit::{Holder, Resource};
use crate::world::table::Id;

/// What is refused everywhere that a foreign account is named.
pub(super) const NO_REACH: &str = "Caller does not have permission to operate with provided resource.";

/// Java's own words where an account came with the installation and cannot be looked up by name.
const NO_DOMAIN: &str = "Cannot invoke \"java.lang.Long.longValue()\" because \"domainId\" is null";

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listAccounts",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            if let Some(id) = arguments.id("id")
                && world.accounts.get(id).is_none()
            {
                return Err(ApiError::invalid(format!("Unable to find account by id {id}")));
            }
            let domain = arguments.id("domainid");
            if let Some(domain) = domain.filter(|domain| world.domains.get(*domain).is_none()) {
                return Err(ApiError::invalid(format!("Domain id={domain} doesn't exist")));
            }
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
                .filter(|(_, row)| !row.is_default || !world.sins(Quirk::DefaultAccountsAreHidden))
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
            listing::page(world, arguments, matches, |id| {
                listing::as_detailed(arguments, view::listed_account(world, id, *caller))
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createAccount",
        run: |world, caller, arguments| {
            let account = create(world, *caller, arguments)?;
            Ok(Reply::Object(view::account(world, account)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateAccount",
        run: |world, caller, arguments| {
            let id = named(world, *caller, arguments)?.ok_or_else(not_named)?;
            let new_name = arguments.text("newname");
            if new_name.is_some_and(str::is_empty) {
                return Err(ApiError::api(530, NO_DOMAIN));
            }
            let role =
                arguments.id("roleid").and_then(|id| world.roles.get(id).map(|role| (id, role.clone())));
            let access = arguments.filled("apikeyaccess").map(key_access).transpose()?;
            let details = arguments.merged("accountdetails");
            let Some(row) = world.accounts.get_mut(id) else {
                return Err(ApiError::invalid(format!("Unable to find account by id {id}")));
            };
            if let Some((role, facts)) = role {
                row.role = role;
                row.account_type = AccountType::of_role(facts.role_type);
            }
            // An empty suffix takes the one away that was set.
            if let Some(suffix) = arguments.text("networkdomain") {
                row.network_domain = Some(suffix.to_owned()).filter(|suffix| !suffix.is_empty());
            }
            if !details.is_empty() {
                row.details = details;
            }
            if let Some(access) = access {
                row.key_access = access;
            }
            // The real server does not look whether the name is free.
            if let Some(name) = new_name {
                name.clone_into(&mut row.name);
            }
            let mut object = view::account(world, id);
            object.fields.retain(|field| field.name != "apikeyaccess" || access.is_some());
            Ok(Reply::Object(object))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "disableAccount",
        about: Some("id"),
        joins_job: true,
        events: Some(EventTexts {
            scheduled: "disabling account: {account} in domain: {domainid}",
            action: "disabling account. Account Name: {account}, Domain Id:{domainid}",
            created: None,
        }),
        check: Some(|world, caller, arguments| {
            let id = named(world, *caller, arguments)?;
            if id.is_none() && !arguments.has("id") {
                return Err(not_named());
            }
            Ok(())
        }),
        run: |world, caller, arguments| {
            let id = named(world, *caller, arguments)?.ok_or_else(not_named)?;
            let Some(row) = world.accounts.get(id).filter(|row| !row.is_default) else {
                return Err(ApiError::runtime(NO_DOMAIN));
            };
            let locked = arguments.flag("lock") && !world.sins(Quirk::LockedAccountsAreDisabled);
            if locked && row.standing == Standing::Disabled {
                return Err(ApiError::runtime(format!(
                    "Attempting to lock a non-enabled account; accountId = {id}"
                )));
            }
            world.set_account_standing(id, if locked { Standing::Locked } else { Standing::Disabled });
            Ok(Reply::Object(view::account(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "enableAccount",
        run: |world, caller, arguments| {
            let id = named(world, *caller, arguments)?.ok_or_else(not_named)?;
            if world.accounts.get(id).is_none() {
                return Err(ApiError::invalid("Unable to find account by id"));
            }
            world.set_account_standing(id, Standing::Enabled);
            Ok(Reply::Object(view::account(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "lockAccount",
        run: |_, _, _| {
            Err(ApiError::runtime(
                "LockAccount does not lock accounts. Its implementation is disabled. Use DisableAccount instead",
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteAccount",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Deleting account {name}",
            action: "deleting account. Account Id: {#}",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            // One that is gone already is deleted well.
            let Some(row) = world.accounts.get(id) else { return Ok(Reply::SUCCESS) };
            if row.is_default || id == caller.account {
                return Err(ApiError::invalid("The account is default and can't be removed"));
            }
            let managed: Vec<String> =
                world.projects_managed_by(id).map(|project| project.to_string()).collect();
            if !managed.is_empty() {
                return Err(ApiError::invalid(format!(
                    "Unable to delete account [{id}], because it manages the following project(s): [{}]. Please, \
                     remove the account from these projects or demote it to a regular project role first.",
                    managed.join(", ")
                )));
            }
            world.remove_account(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "markDefaultZoneForAccount",
        joins_job: true,
        run: |world, caller, arguments| {
            let id = named(world, *caller, arguments)?.ok_or_else(not_named)?;
            let zone = arguments.id("zoneid");
            if let Some(row) = world.accounts.get_mut(id) {
                row.default_zone = zone;
            }
            Ok(Reply::Object(view::account(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "isAccountAllowedToCreateOfferingsWithTags",
        run: |world, _, arguments| {
            let admin = arguments
                .id("id")
                .and_then(|id| world.accounts.get(id))
                .is_some_and(|row| row.account_type == AccountType::Admin);
            Ok(Reply::Object(Object::named("isallowed").with("isallowed", admin)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listResourceLimits",
        run: |world, caller, arguments| {
            let wanted = resource(arguments.integer("resourcetype"), arguments.filled("resourcetypename"))?;
            let holder = holder(world, *caller, arguments)?;
            let shown: Vec<Resource> = world
                .limits_of(holder)
                .into_iter()
                .filter(|resource| wanted.is_none_or(|wanted| wanted == *resource))
                .collect();
            listing::page(world, arguments, shown, |resource| view::resource_limit(world, holder, resource))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateResourceLimit",
        run: |world, caller, arguments| {
            let number = arguments.integer("resourcetype");
            let is_internal = world.sins(Quirk::UnknownResourcesAre530);
            let kind = resource(number, None)
                .map_err(|error| if is_internal { ApiError::runtime("No such resource") } else { error })?
                .ok_or_else(|| ApiError::invalid("Please specify valid resource type"))?;
            let most = arguments.integer("max").unwrap_or(-1);
            if most < -1 && !world.sins(Quirk::BadLimitsPass) {
                return Err(ApiError::invalid(
                    "Please specify either '-1' for an infinite limit, or a limit that is at least '0'.",
                ));
            }
            let holder = holder(world, *caller, arguments)?;
            if let Holder::Domain(domain) = holder
                && !caller.is_root_admin()
                && domain == caller.domain
                && !world.sins(Quirk::OwnDomainsAreLimited)
            {
                return Err(ApiError::permission(format!(
                    "Unable to update resource limit for domain {domain}, permission denied"
                )));
            }
            world.limits.set(holder, kind, most);
            Ok(Reply::Object(view::resource_limit(world, holder, kind)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateResourceCount",
        run: |world, caller, arguments| {
            let wanted = resource(arguments.integer("resourcetype"), None)?;
            let holder = holder(world, *caller, arguments)?;
            Ok(Reply::all(
                Resource::all()
                    .filter(|resource| wanted.is_none_or(|wanted| wanted == *resource))
                    .map(|resource| view::resource_count(world, holder, resource))
                    .collect(),
            ))
        },
        ..Behaviour::PLAIN
    },
];

/// Makes an account with its first user.
fn create(world: &mut World, caller: Caller, arguments: &Arguments) -> Result<Id, ApiError> {
    let domain =
        arguments.id("domainid").unwrap_or(if caller.is_root_admin() { ROOT_DOMAIN } else { caller.domain });
    let (role, account_type) = role_and_type(world, arguments)?;
    if !listing::reaches_domain(world, caller, domain) {
        return Err(listing::domain_refusal(world, caller, domain));
    }
    let username = arguments.required("username");
    let name = arguments.filled("account").unwrap_or(username);
    let dump = listing::domain_dump(world, domain);
    if account_type == AccountType::Admin && domain != ROOT_DOMAIN {
        return Err(ApiError::invalid(format!(
            "Invalid account type ADMIN given for an account in domain {dump}; unable to create user of admin role \
             type in non-ROOT domain."
        )));
    }
    refuse_taken_name(world, username, domain)?;
    if world.account_by_name(name, domain).is_some() {
        return Err(ApiError::invalid(format!("The specified account: {name} already exists")));
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
    world.add_user(account, new_user(arguments));
    Ok(account)
}

/// The role and the type that go with each other: either may be named.
pub(super) fn role_and_type(world: &World, arguments: &Arguments) -> Result<(Id, AccountType), ApiError> {
    let refusal = || ApiError::parameter("Neither account type and role ID are not provided");
    if let Some((id, role)) = arguments.id("roleid").and_then(|id| world.roles.get(id).map(|role| (id, role)))
    {
        let account_type = match AccountType::of_role(role.role_type) {
            AccountType::DomainAdmin if world.sins(Quirk::DomainAdminsAreSwapped) => {
                AccountType::ResourceDomainAdmin
            }
            AccountType::ResourceDomainAdmin if world.sins(Quirk::DomainAdminsAreSwapped) => {
                AccountType::DomainAdmin
            }
            honest => honest,
        };
        return Ok((id, account_type));
    }
    let account_type =
        arguments.integer("accounttype").and_then(AccountType::from_number).ok_or_else(refusal)?;
    world
        .roles
        .iter()
        .find(|(_, role)| role.is_default && AccountType::of_role(role.role_type) == account_type)
        .map(|(id, _)| (id, account_type))
        .ok_or_else(refusal)
}

fn not_named() -> ApiError {
    ApiError::invalid("Both accountName and domainId are required for finding active account in the system")
}

/// The account that `id`, or `account` with `domainid`, names, within the caller's reach.
fn named(world: &World, caller: Caller, arguments: &Arguments) -> Result<Option<Id>, ApiError> {
    let by_id = arguments.command().param("id").and_then(|_| arguments.id("id"));
    let id = match (by_id, arguments.filled("account"), arguments.id("domainid")) {
        (Some(id), ..) => id,
        (None, Some(name), Some(domain)) => world.account_by_name(name, domain).ok_or_else(|| {
            ApiError::invalid(format!("Unable to find active account by name {name} in domain {domain}"))
        })?,
        _ => return Ok(None),
    };
    if world.accounts.get(id).is_some() && !caller.reaches(world, world.owner_of(id)) {
        return Err(ApiError::permission(NO_REACH));
    }
    Ok(Some(id))
}

/// The word of `apikeyaccess`.
pub(super) fn key_access(word: &str) -> Result<KeyAccess, ApiError> {
    [KeyAccess::Inherit, KeyAccess::Enabled, KeyAccess::Disabled]
        .into_iter()
        .find(|access| access.name().eq_ignore_ascii_case(word))
        .ok_or_else(|| {
            ApiError::invalid("ApiKeyAccess value can only be Enabled/Disabled/Inherit".to_owned())
        })
}

/// The kind of resource that a number or a name stands for.
fn resource(number: Option<i64>, name: Option<&str>) -> Result<Option<Resource>, ApiError> {
    let unknown = || ApiError::invalid("Please specify valid resource type");
    match (number, name) {
        (Some(number), _) => Resource::numbered(number).ok_or_else(unknown).map(Some),
        (None, Some(name)) => Resource::named(name).ok_or_else(unknown).map(Some),
        (None, None) => Ok(None),
    }
}

/// Whose limits a command is about: `account` in `domainid`, the whole domain, or the caller.
fn holder(world: &World, caller: Caller, arguments: &Arguments) -> Result<Holder, ApiError> {
    let domain = arguments.id("domainid");
    if let Some(domain) = domain
        && !listing::reaches_domain(world, caller, domain)
    {
        return Err(listing::domain_refusal(world, caller, domain));
    }
    // Normal users are shown their own, whatever project they name.
    let project = arguments.id("projectid").filter(|_| caller.role_type() != RoleType::User);
    let project = project.and_then(|id| world.projects.get(id));
    let holder = match (arguments.filled("account"), domain) {
        (None, _) if project.is_some() => {
            Holder::Account(project.map(|project| project.account).unwrap_or_default())
        }
        (Some(name), domain) => {
            let domain = domain.unwrap_or(caller.domain);
            let id = world.account_by_name(name, domain).ok_or_else(|| {
                ApiError::invalid(format!(
                    "Unable to find account {name} in domain {}",
                    listing::domain_dump(world, domain)
                ))
            })?;
            Holder::Account(id)
        }
        (None, Some(domain)) if caller.role_type() != RoleType::User => Holder::Domain(domain),
        _ => Holder::Account(caller.account),
    };
    match holder {
        Holder::Account(id) if !caller.reaches(world, world.owner_of(id)) => {
            Err(ApiError::permission(NO_REACH))
        }
        other => Ok(other),
    }
}
