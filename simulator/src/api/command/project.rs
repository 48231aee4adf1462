//! Projects: making, changing, suspending and removing them. Who acts for one is in
//! [`project_member`](super::project_member).

use super::account::NO_REACH;
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::limit::Resource;
use crate::world::project::{Member, NewProject, Project, ProjectState};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listProjects",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let (name, state) = (arguments.filled("name"), arguments.filled("state"));
            let text = arguments.filled("displaytext");
            let reach = reach(world, *caller, arguments)?;
            let tags = arguments.grouped("tags");
            let matches: Vec<Id> = world
                .projects
                .iter()
                .filter(|(id, row)| reach.covers(world, *caller, *id, row))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| text.is_none_or(|text| row.display_text.eq_ignore_ascii_case(text)))
                .filter(|(_, row)| state.is_none_or(|state| row.state.name().eq_ignore_ascii_case(state)))
                .filter(|(id, _)| {
                    let handle = Handle { kind: Kind::Project, id: *id };
                    tags.iter().all(|tag| world.has_tag(handle, tag))
                })
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name, &row.display_text]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| listing::as_detailed(arguments, show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createProject",
        events: Some(EventTexts {
            scheduled: "creating project",
            action: "creating project",
            created: Some("creating project"),
        }),
        create: Some(|world, caller, arguments| {
            let id = create(world, *caller, arguments)?;
            Ok(Handle { kind: Kind::Project, id })
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            world.set_project_state(id, ProjectState::Active);
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateProject",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Updating project: {}",
            action: "updating project",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = administered(world, *caller, arguments, "id")?;
            let (domain, account) = match world.projects.get(id) {
                Some(row) => (row.domain, arguments.filled("account")),
                None => return Err(no_project()),
            };
            if let Some(name) = account {
                hand_over(world, id, domain, name, arguments)?;
            }
            let name = arguments.filled("name");
            if let Some(name) = name {
                refuse_taken(world, name, domain, Some(id))?;
            }
            if let Some(row) = world.projects.get_mut(id) {
                if let Some(text) = arguments.filled("displaytext") {
                    text.clone_into(&mut row.display_text);
                }
                if let Some(name) = name {
                    name.clone_into(&mut row.name);
                }
            }
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "suspendProject",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Suspending project: {}",
            action: "suspending project",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = administered(world, *caller, arguments, "id")?;
            world.set_project_state(id, ProjectState::Suspended);
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "activateProject",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Activating project: {}",
            action: "activating project",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = administered(world, *caller, arguments, "id")?;
            world.set_project_state(id, ProjectState::Active);
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteProject",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Deleting project: {}",
            action: "deleting project",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = administered(world, *caller, arguments, "id")?;
            let may_clean_up = arguments.flag("cleanup") || world.sins(Quirk::ProjectsTakeTheirThings);
            if let Some((count, kind)) = world.left_in_project(id).filter(|_| !may_clean_up) {
                return Err(ApiError::runtime(format!(
                    "Can't delete the project yet because it has {count} {kind} to clean up"
                )));
            }
            world.remove_project(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// Which projects a caller is shown.
struct ProjectReach {
    domain: Option<Id>,
    below: bool,
    account: Option<Id>,
    everything: bool,
}

impl ProjectReach {
    fn covers(&self, world: &World, caller: Caller, id: Id, row: &Project) -> bool {
        let is_admin = caller.is_root_admin() || caller.is_domain_admin();
        let is_joined = world.member(id, caller.account, caller.user).is_some();
        match (self.account, self.domain) {
            (Some(account), _) => row.members.iter().any(|member| member.account == account),
            (None, Some(domain)) if self.below => world.is_within(row.domain, domain),
            (None, Some(domain)) => row.domain == domain,
            (None, None) if self.everything && is_admin => {
                caller.is_root_admin() || world.is_within(row.domain, caller.domain)
            }
            (None, None) => is_joined,
        }
    }
}

fn reach(world: &World, caller: Caller, arguments: &Arguments) -> Result<ProjectReach, ApiError> {
    let domain = arguments.id("domainid");
    if let Some(domain) = domain
        && !listing::reaches_domain(world, caller, domain)
    {
        return Err(listing::domain_refusal(world, caller, domain));
    }
    let account = match arguments.filled("account") {
        None => None,
        Some(name) => Some(listing::account_of(world, caller, name, domain.unwrap_or(caller.domain))?),
    };
    let is_admin = caller.is_root_admin() || caller.is_domain_admin();
    // A normal user's domain is no filter: only membership counts.
    let domain = domain.filter(|_| is_admin);
    let everything = arguments.flag("listall") || arguments.has("id");
    Ok(ProjectReach { domain, below: arguments.flag("isrecursive"), account, everything })
}

/// Makes a project that is not in use yet.
fn create(world: &mut World, caller: Caller, arguments: &Arguments) -> Result<Id, ApiError> {
    if !caller.is_root_admin()
        && !caller.is_domain_admin()
        && !world.settings.flag("allow.user.create.projects")
    {
        return Err(ApiError::permission("Regular user is not permitted to create a project"));
    }
    let owner = owner(world, caller, arguments)?;
    let place = world.owner_of(owner.account);
    let name = arguments.required("name");
    refuse_taken(world, name, place.domain, None)?;
    if let Some(resource) = Resource::named("project") {
        let room = world.require_room(place, resource, 1);
        room.map_err(|text| ApiError::new(crate::api::error::Fault::ResourceAllocation, text))?;
    }
    Ok(world.add_project(NewProject {
        name: name.to_owned(),
        display_text: arguments.filled("displaytext").unwrap_or(name).to_owned(),
        domain: place.domain,
        owner,
    }))
}

/// The first administrator of a new project: who is named, else the caller's account.
fn owner(world: &World, caller: Caller, arguments: &Arguments) -> Result<Member, ApiError> {
    let user = arguments.id("userid");
    let named = arguments.filled("account");
    let account = match (named, arguments.id("accountid"), user.and_then(|user| world.users.get(user))) {
        (Some(name), ..) => {
            let Some(domain) = arguments.id("domainid") else {
                return Err(ApiError::invalid("Account must be specified with domainId parameter"));
            };
            listing::account_of(world, caller, name, domain)?
        }
        (None, Some(account), _) => account,
        (None, None, Some(user)) => user.account,
        (None, None, None) => caller.account,
    };
    if !caller.reaches(world, world.owner_of(account)) {
        return Err(ApiError::permission(NO_REACH));
    }
    Ok(Member { account, user, is_admin: true, role: None })
}

fn refuse_taken(world: &World, name: &str, domain: Id, but: Option<Id>) -> Result<(), ApiError> {
    let is_taken = world
        .projects
        .iter()
        .any(|(id, row)| row.domain == domain && row.name.eq_ignore_ascii_case(name) && Some(id) != but);
    if is_taken {
        let domain = listing::domain_dump(world, domain);
        return Err(ApiError::invalid(format!("Project with name {name} already exists in domain {domain}")));
    }
    Ok(())
}

/// Makes a member an administrator, or no longer one.
fn hand_over(
    world: &mut World,
    id: Id,
    domain: Id,
    name: &str,
    arguments: &Arguments,
) -> Result<(), ApiError> {
    let Some(account) = world.account_by_name(name, domain) else {
        return Err(ApiError::invalid(format!("Unable to find account name={name} in domain id={domain}")));
    };
    let Some(row) = world.projects.get_mut(id) else { return Err(no_project()) };
    if !row.members.iter().any(|member| member.account == account) {
        return Err(ApiError::invalid(format!(
            "Account {name} doesn't belong to the project. Add it to the project first and then change the \
             project's ownership"
        )));
    }
    let becomes_admin = arguments.filled("roletype").is_none_or(|role| role.eq_ignore_ascii_case("Admin"));
    let swaps = arguments.maybe_flag("swapowner").unwrap_or(true);
    let is_the_only_one =
        row.members.iter().filter(|member| member.is_admin).all(|member| member.account == account);
    if !swaps && !becomes_admin && is_the_only_one {
        return Err(ApiError::invalid("Cannot demote the only admin of the project"));
    }
    for member in &mut row.members {
        if member.account == account {
            member.is_admin = swaps || becomes_admin;
        } else if swaps {
            member.is_admin = false;
        }
    }
    Ok(())
}

/// The project that a parameter names, if the caller administers it.
pub(super) fn administered(
    world: &World,
    caller: Caller,
    arguments: &Arguments,
    parameter: &str,
) -> Result<Id, ApiError> {
    let id = arguments.id(parameter).unwrap_or_default();
    let Some(row) = world.projects.get(id) else { return Err(no_project()) };
    let may = if caller.is_root_admin() || caller.is_domain_admin() {
        caller.reaches(world, world.owner_of(row.account))
    } else {
        world.member(id, caller.account, caller.user).is_some_and(|member| member.is_admin)
    };
    if may { Ok(id) } else { Err(ApiError::permission(NO_REACH)) }
}

/// What is refused where no project has the identifier any more.
pub(super) fn no_project() -> ApiError {
    ApiError::invalid("Unable to find project with specified id")
}

fn show(world: &World, id: Id) -> Object {
    world.projects.get(id).map(|row| view::project(world, id, row)).unwrap_or_default()
}
