//! Who acts for a project: accounts with all their users, or users alone.

use super::project::{administered, no_project};
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::Reply;
use crate::world::World;
use crate::world::project::{Member, ProjectState};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listProjectAccounts",
        run: |world, caller, arguments| {
            let id = arguments.id("projectid").unwrap_or_default();
            let Some(row) = world.projects.get(id).cloned() else { return Err(no_project()) };
            if !caller.reaches(world, world.owner_of(row.account)) {
                let account = listing::view_account_dump(world, caller.account);
                return Err(ApiError::permission(format!(
                    "{account} is not authorized to list users of the project"
                )));
            }
            let (account, user) = (arguments.filled("account"), arguments.id("userid"));
            let (role, project_role) = (arguments.filled("role"), arguments.id("projectroleid"));
            let name = |member: &Member| {
                world.accounts.get(member.account).map(|row| row.name.clone()).unwrap_or_default()
            };
            // The last who came is the first to be listed.
            let matches: Vec<Member> = row
                .members
                .iter()
                .rev()
                .filter(|member| account.is_none_or(|account| name(member).eq_ignore_ascii_case(account)))
                .filter(|member| user.is_none_or(|user| member.user == Some(user)))
                .filter(|member| role.is_none_or(|role| member.role_name().eq_ignore_ascii_case(role)))
                .filter(|member| project_role.is_none_or(|role| member.role == Some(role)))
                .filter(|member| listing::keyword_matches(arguments, &[&name(member)]))
                .copied()
                .collect();
            listing::page(world, arguments, matches, |member| {
                view::project_member(world, &row, &member, *caller)
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "addAccountToProject",
        about: Some("projectid"),
        events: Some(EventTexts {
            scheduled: "Adding account {account} to project: {}",
            action: "adding account to project",
            created: None,
        }),
        run: |world, caller, arguments| {
            let name = arguments.filled("account");
            let domain = require_active(world, arguments, "account")?;
            let account = match name {
                None => None,
                Some(name) => Some(world.account_by_name(name, domain).ok_or_else(|| {
                    ApiError::invalid(format!("Unable to find account name={name} in specified domain id"))
                })?),
            };
            add(world, *caller, arguments, account.map(|account| (account, None)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "addUserToProject",
        about: Some("projectid"),
        events: Some(EventTexts {
            scheduled: "Adding user {username} to project: {}",
            action: "adding user to project",
            created: None,
        }),
        run: |world, caller, arguments| {
            let name = arguments.required("username");
            let domain = require_active(world, arguments, "user")?;
            let found = world.users.iter().find(|(_, user)| {
                user.username.eq_ignore_ascii_case(name) && world.owner_of(user.account).domain == domain
            });
            let who = found.map(|(user, row)| (row.account, Some(user)));
            let who = who.ok_or_else(|| ApiError::invalid("Invalid user ID provided"))?;
            let id = arguments.id("projectid").unwrap_or_default();
            let is_in = world.projects.get(id).is_some_and(|row| {
                row.members.iter().any(|member| member.account == who.0 && member.user.is_none())
            });
            if is_in {
                return Err(ApiError::invalid(format!(
                    "User belongs to account {} which is already part of the project",
                    who.0
                )));
            }
            add(world, *caller, arguments, Some(who))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteAccountFromProject",
        about: Some("projectid"),
        events: Some(EventTexts {
            scheduled: "Removing account {account} from project: {}",
            action: "removing account from project",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("projectid").unwrap_or_default();
            let name = arguments.required("account");
            let Some(domain) = world.projects.get(id).map(|row| row.domain) else { return Err(no_project()) };
            let account = world.account_by_name(name, domain).ok_or_else(|| {
                ApiError::invalid(format!("Unable to find account name={name} in domain id={domain}"))
            })?;
            remove(world, *caller, arguments, name, |member| member.account == account)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteUserFromProject",
        about: Some("projectid"),
        events: Some(EventTexts {
            scheduled: "Removing user {userid} from project: {}",
            action: "removing user from project",
            created: None,
        }),
        run: |world, caller, arguments| {
            let user = arguments.id("userid").unwrap_or_default();
            let name = world.users.get(user).map(|row| row.username.clone()).unwrap_or_default();
            remove(world, *caller, arguments, &name, |member| member.user == Some(user))
        },
        ..Behaviour::PLAIN
    },
];

/// The domain of the project that takes members, which it must be active for.
fn require_active(world: &World, arguments: &Arguments, what: &str) -> Result<Id, ApiError> {
    let row = arguments.id("projectid").and_then(|id| world.projects.get(id)).ok_or_else(no_project)?;
    if row.state == ProjectState::Active {
        return Ok(row.domain);
    }
    let text = format!(
        "Can't add {what} to the specified project id in state={} as it's no longer active",
        row.state.name()
    );
    Err(ApiError::invalid(text).about(row.uuid, "projectId"))
}

/// Adds a member, or invites one while invitations are required.
fn add(
    world: &mut World,
    caller: Caller,
    arguments: &Arguments,
    who: Option<(Id, Option<Id>)>,
) -> Result<Reply, ApiError> {
    let id = administered(world, caller, arguments, "projectid")?;
    let role = arguments.id("projectroleid");
    if role.is_some_and(|role| world.project_roles.get(role).is_none_or(|role| role.project != id)) {
        return Err(ApiError::invalid("Invalid project role ID for the given project"));
    }
    let Some((account, user)) = who else {
        return Err(ApiError::invalid(
            "Account information is required for assigning account to the project",
        ));
    };
    let is_admin = match arguments.filled("roletype") {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("Admin") => true,
        Some(word) if word.eq_ignore_ascii_case("Regular") => false,
        Some(_) => return Err(ApiError::invalid("Invalid role type provided")),
    };
    let member = Member { account, user, is_admin, role };
    if world.settings.flag("project.invite.required") {
        world.add_invitation(id, member);
    } else if let Some(row) = world.projects.get_mut(id)
        && !row.members.iter().any(|other| (other.account, other.user) == (account, user))
    {
        row.members.push(member);
    }
    Ok(Reply::SUCCESS)
}

/// Takes members out, but never the last administrator.
fn remove(
    world: &mut World,
    caller: Caller,
    arguments: &Arguments,
    name: &str,
    goes: impl Fn(&Member) -> bool,
) -> Result<Reply, ApiError> {
    let id = administered(world, caller, arguments, "projectid")?;
    let Some(row) = world.projects.get_mut(id) else { return Err(no_project()) };
    if !row.members.iter().any(&goes) {
        return Err(ApiError::invalid(format!(
            "Account {name} is not assigned to the project with specified id"
        )));
    }
    if row.members.iter().filter(|member| member.is_admin).all(&goes) {
        return Err(ApiError::invalid(format!(
            "Unable to delete account {name} from the project with specified id as the account is the owner of the \
             project"
        )));
    }
    row.members.retain(|member| !goes(member));
    Ok(Reply::SUCCESS)
}
