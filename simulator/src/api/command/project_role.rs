//! Roles within projects and their rules.

use super::Behaviour;
use super::role::{permission, require_rule};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createProjectRole",
        run: |world, caller, arguments| {
            let project = administered(world, *caller, arguments)?;
            let name = arguments.required("name");
            let is_taken =
                world.project_roles.iter().any(|(_, row)| row.project == project && row.name == name);
            if is_taken {
                return Err(ApiError::api(530, "Entity already exists "));
            }
            let description = arguments.filled("description").map(str::to_owned);
            let id = world.add_project_role(project, name, description);
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listProjectRoles",
        run: |world, caller, arguments| {
            let project = arguments.id("projectid").unwrap_or_default();
            require_reach(world, *caller, project)?;
            let (role, name) = (arguments.id("projectroleid"), arguments.filled("name"));
            let matches: Vec<Id> = world
                .project_roles
                .iter()
                .filter(|(_, row)| row.project == project)
                .filter(|(id, _)| role.is_none_or(|role| role == *id))
                .filter(|(_, row)| name.is_none_or(|name| row.name == name))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateProjectRole",
        run: |world, caller, arguments| {
            let project = administered(world, *caller, arguments)?;
            let id = role(world, arguments, "id", project)?;
            if let Some(row) = world.project_roles.get_mut(id) {
                if let Some(name) = arguments.filled("name") {
                    name.clone_into(&mut row.name);
                }
                if let Some(text) = arguments.filled("description") {
                    row.description = Some(text.to_owned());
                }
            }
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteProjectRole",
        run: |world, caller, arguments| {
            let project = administered(world, *caller, arguments)?;
            let id = role(world, arguments, "id", project)?;
            let is_in_use = world
                .projects
                .get(project)
                .is_some_and(|row| row.members.iter().any(|member| member.role == Some(id)));
            if is_in_use {
                return Err(ApiError::permission(
                    "Found users that have the project role in use, cannot delete the Project Role",
                ));
            }
            world.remove_project_role(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createProjectRolePermission",
        run: |world, caller, arguments| {
            let rule = arguments.required("rule");
            require_rule(world, rule)?;
            let allow = permission(arguments.required("permission"))?;
            let project = administered(world, *caller, arguments)?;
            let id = role(world, arguments, "projectroleid", project)?;
            let exists = rules(world, id).iter().any(|(_, text)| text.eq_ignore_ascii_case(rule));
            if exists {
                return Err(ApiError::runtime(format!(
                    "Project role permission for {rule} seems to already exist."
                )));
            }
            let description = arguments.filled("description").map(str::to_owned);
            let rule = world.add_project_rule(id, rule, allow, description);
            Ok(Reply::Object(show_rule(world, rule)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listProjectRolePermissions",
        run: |world, caller, arguments| {
            let project = arguments.id("projectid").unwrap_or_default();
            require_reach(world, *caller, project)?;
            let wanted = arguments.id("projectroleid");
            let roles = world
                .project_roles
                .iter()
                .filter(|(_, row)| row.project == project)
                .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == *id));
            let shown = roles.flat_map(|(id, _)| rules(world, id)).map(|(rule, _)| show_rule(world, rule));
            Ok(Reply::all(shown.collect()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateProjectRolePermission",
        run: |world, caller, arguments| {
            let project = administered(world, *caller, arguments)?;
            let id = role(world, arguments, "projectroleid", project)?;
            let (rule, word) = (arguments.id("projectrolepermissionid"), arguments.filled("permission"));
            if arguments.has("ruleorder") {
                if rule.is_some() || word.is_some() {
                    return Err(ApiError::parameter(
                        "Parameters permission and ruleid must be mutually exclusive with ruleorder",
                    ));
                }
                return order(world, id, arguments.ids("ruleorder"));
            }
            let (Some(rule), Some(word)) = (rule, word) else {
                return Err(ApiError::parameter("Parameters permission and ruleid must be specified"));
            };
            let allow = permission(word)?;
            let Some(rule) = world.project_rules.get_mut(rule).filter(|rule| rule.role == id) else {
                return Err(ApiError::parameter("Invalid rule id provided"));
            };
            rule.allow = allow;
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteProjectRolePermission",
        run: |world, caller, arguments| {
            administered(world, *caller, arguments)?;
            let id = arguments.id("id").unwrap_or_default();
            if world.project_rules.get(id).is_none() {
                return Err(ApiError::parameter("Invalid role permission id provided"));
            }
            world.remove_project_rule(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// The project whose roles the caller may change.
fn administered(world: &World, caller: Caller, arguments: &Arguments) -> Result<Id, ApiError> {
    if !world.settings.flag("dynamic.apichecker.enabled") {
        return Err(ApiError::permission("Dynamic api checker is not enabled, aborting role operation"));
    }
    let id = arguments.id("projectid").unwrap_or_default();
    if world.projects.get(id).is_none() {
        return Err(super::project::no_project());
    }
    if caller.is_root_admin() || caller.is_domain_admin() {
        return Ok(id);
    }
    match world.member(id, caller.account, caller.user) {
        None => Err(ApiError::permission("User/Account not part of project")),
        Some(member) if !member.is_admin => {
            Err(ApiError::permission("User unauthorized to perform operation in the project"))
        }
        Some(_) => Ok(id),
    }
}

fn require_reach(world: &World, caller: Caller, project: Id) -> Result<(), ApiError> {
    let row = world.projects.get(project).ok_or_else(super::project::no_project)?;
    if caller.reaches(world, world.owner_of(row.account)) {
        return Ok(());
    }
    Err(ApiError::permission("User/Account not part of project"))
}

/// The role of the project that a parameter names.
fn role(world: &World, arguments: &Arguments, parameter: &str, project: Id) -> Result<Id, ApiError> {
    let id = arguments.id(parameter).unwrap_or_default();
    let is_of_project = world.project_roles.get(id).is_some_and(|row| row.project == project);
    if is_of_project { Ok(id) } else { Err(ApiError::parameter("Invalid project role id provided")) }
}

/// The rules of a role with their texts, in the order of evaluation.
fn rules(world: &World, role: Id) -> Vec<(Id, String)> {
    let ids = world.project_roles.get(role).map(|row| row.rules.clone()).unwrap_or_default();
    ids.into_iter().filter_map(|id| world.project_rules.get(id).map(|rule| (id, rule.rule.clone()))).collect()
}

fn order(world: &mut World, role: Id, order: Vec<Id>) -> Result<Reply, ApiError> {
    let Some(row) = world.project_roles.get_mut(role) else {
        return Err(ApiError::parameter("Invalid project role id provided"));
    };
    let (mut known, mut sent) = (row.rules.clone(), order.clone());
    known.sort_unstable();
    sent.sort_unstable();
    if known != sent {
        return Err(ApiError::runtime(
            "The role's rule permissions list has changed while you were making updates, aborted re-ordering of \
             rules. Please try again.",
        ));
    }
    row.rules = order;
    Ok(Reply::SUCCESS)
}

fn show(world: &World, id: Id) -> Object {
    world.project_roles.get(id).map(|row| view::project_role(world, row)).unwrap_or_default()
}

fn show_rule(world: &World, id: Id) -> Object {
    world.project_rules.get(id).map(|row| view::project_rule(world, row)).unwrap_or_default()
}
