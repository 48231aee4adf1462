//! Roles and their rules.

use uuid::Uuid;

use super::Behaviour;
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::catalog::RoleType;
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::role::{Role, RoleRule, is_rule, role_type_named};
use crate::world::table::Id;

/// The rules of built-in roles in their order, as recorded.
const RECORDED: &str = include_str!("../../../../fixtures/catalog/role-rules.tsv");

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listRoles",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let name = arguments.filled("name");
            let role_type = arguments.filled("type").and_then(role_type_named);
            let state = arguments.filled("state");
            let gone = wanted
                .as_ref()
                .is_some_and(|wanted| wanted.first().is_some_and(|id| world.roles.get(*id).is_none()));
            if gone {
                // The real server counts the role that it does not find.
                return Ok(Reply::List { count: 1, items: Vec::new() });
            }
            let matches: Vec<Id> = world
                .roles
                .iter()
                .filter(|(_, role)| role.is_public || caller.is_root_admin())
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, role)| name.is_none_or(|name| role.name == name))
                .filter(|(_, role)| role_type.is_none_or(|wanted| role.role_type == wanted))
                .filter(|(_, role)| {
                    state.is_none_or(|state| state.eq_ignore_ascii_case("enabled") == role.enabled)
                })
                .filter(|(_, role)| listing::keyword_matches(arguments, &[&role.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                let is_told = !world.sins(Quirk::DefaultRolesAreNone);
                world.roles.get(id).map(|role| view::role(role, is_told)).unwrap_or_default()
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createRole",
        run: |world, caller, arguments| {
            let model = arguments.id("roleid").and_then(|id| world.roles.get(id)).cloned();
            let role_type = match (arguments.filled("type"), &model) {
                _ if world.sins(Quirk::RoleRefusalsAreVague)
                    && arguments.has("type") == arguments.has("roleid") =>
                {
                    return Err(ApiError::parameter("Invalid role"));
                }
                (None, None) => {
                    return Err(ApiError::parameter("Neither role type nor role ID is provided"));
                }
                (Some(_), Some(_)) => {
                    return Err(ApiError::parameter("Both role type and role ID should not be specified"));
                }
                (Some(name), None) => named_type(name)?,
                (None, Some(model)) => model.role_type,
            };
            require_dynamic(world, caller)?;
            let name = arguments.required("name");
            refuse_taken(world, name)?;
            let description = arguments.filled("description").map(str::to_owned);
            let is_public = arguments.maybe_flag("ispublic").unwrap_or(true);
            let id = world.add_role(name, description, role_type, is_public);
            for rule in model.map(|model| model.rules).unwrap_or_default() {
                if let Some(rule) = world.role_rules.get(rule).cloned() {
                    world.add_role_rule(id, &rule.rule, rule.allow, rule.description);
                }
            }
            Ok(shown(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "importRole",
        run: |world, caller, arguments| {
            let role_type = named_type(arguments.required("type"))?;
            let rules = arguments
                .grouped("rules")
                .into_iter()
                .map(|group| {
                    let rule = group.get("rule").cloned().unwrap_or_default();
                    require_rule(world, &rule)?;
                    let allow = permission(group.get("permission").map_or("", String::as_str))?;
                    Ok((rule, allow, group.get("description").cloned()))
                })
                .collect::<Result<Vec<_>, ApiError>>()?;
            require_dynamic(world, caller)?;
            let name = arguments.required("name");
            let existing =
                world.roles.iter().find(|(_, role)| role.name.eq_ignore_ascii_case(name)).map(|(id, _)| id);
            let description = arguments.filled("description").map(str::to_owned);
            let is_public = arguments.maybe_flag("ispublic").unwrap_or(true);
            let id = match existing {
                None => world.add_role(name, description, role_type, is_public),
                Some(id) if world.roles.get(id).is_some_and(|role| role.is_default) => {
                    return Err(ApiError::permission("Role already exists and is default role"));
                }
                Some(_) if !arguments.flag("forced") => {
                    return Err(ApiError::permission("Role already exists"));
                }
                Some(id) => {
                    let old = world.roles.get(id).map(|role| role.rules.clone()).unwrap_or_default();
                    for rule in old {
                        world.remove_role_rule(rule);
                    }
                    if let Some(role) = world.roles.get_mut(id) {
                        role.role_type = role_type;
                        role.description = description;
                        role.is_public = is_public;
                    }
                    id
                }
            };
            for (rule, allow, description) in rules {
                world.add_role_rule(id, &rule, allow, description);
            }
            Ok(shown(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateRole",
        run: |world, caller, arguments| {
            require_dynamic(world, caller)?;
            let id = changeable(world, arguments, "Default roles cannot be updated")?;
            let role_type = arguments.filled("type").map(named_type).transpose()?;
            let changes_type = role_type
                .is_some_and(|wanted| world.roles.get(id).is_some_and(|role| role.role_type != wanted));
            if changes_type && world.is_role_in_use(id) {
                return Err(ApiError::permission(
                    "Found accounts that have role in use, won't allow to change role type",
                ));
            }
            let name = arguments.filled("name");
            if let Some(name) = name
                && world.roles.get(id).is_some_and(|role| !role.name.eq_ignore_ascii_case(name))
            {
                refuse_taken(world, name)?;
            }
            if let Some(role) = world.roles.get_mut(id) {
                if let Some(name) = name {
                    name.clone_into(&mut role.name);
                }
                if let Some(role_type) = role_type {
                    role.role_type = role_type;
                }
                if let Some(text) = arguments.filled("description") {
                    role.description = Some(text.to_owned());
                }
                if let Some(is_public) = arguments.maybe_flag("ispublic") {
                    role.is_public = is_public;
                }
            }
            Ok(shown(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteRole",
        run: |world, caller, arguments| {
            require_dynamic(world, caller)?;
            let id = changeable(world, arguments, "Default roles cannot be deleted")?;
            if world.is_role_in_use(id) {
                return Err(ApiError::permission(
                    "Found accounts that have role in use, won't allow to delete role",
                ));
            }
            world.remove_role(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "enableRole",
        run: |world, caller, arguments| set_enabled(world, caller, arguments, true),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "disableRole",
        run: |world, caller, arguments| set_enabled(world, caller, arguments, false),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listRolePermissions",
        run: |world, _, arguments| {
            let wanted = arguments.id("roleid");
            let mut shown: Vec<Object> = Vec::new();
            for (id, role) in world.roles.iter().filter(|(id, _)| wanted.is_none_or(|wanted| wanted == *id)) {
                shown.extend(world.rules_of(role).map(|rule| view::role_permission(world, role, rule, true)));
                let has = |(rule, _): &(&str, bool)| {
                    let command = crate::catalog::command(rule);
                    command.is_none_or(|command| command.is_in(world.release))
                };
                let rules = built_in(role).into_iter().filter(has).zip(1_u64..);
                shown.extend(rules.map(|((rule, allow), place)| {
                    // Derived, so that the seed's identifiers do not depend on the list.
                    let uuid = Uuid::from_u128(role.uuid.as_u128() ^ u128::from(place));
                    let rule = RoleRule { uuid, role: id, rule: rule.to_owned(), allow, description: None };
                    view::role_permission(world, role, &rule, true)
                }));
            }
            Ok(Reply::all(shown))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createRolePermission",
        run: |world, caller, arguments| {
            let rule = arguments.required("rule");
            require_rule(world, rule)?;
            let allow = permission(arguments.required("permission"))?;
            require_dynamic(world, caller)?;
            let id = arguments.id("roleid").unwrap_or_default();
            let Some(role) = world.roles.get(id) else { return Err(no_role()) };
            if role.is_default {
                return Err(ApiError::permission("Role permission cannot be added for Default roles"));
            }
            if world.rules_of(role).any(|other| other.rule.eq_ignore_ascii_case(rule)) {
                return Err(ApiError::permission(format!("Rule already exists for the role: {}", role.name)));
            }
            let description = arguments.filled("description").map(str::to_owned);
            let rule = world.add_role_rule(id, rule, allow, description);
            let (role, rule) = (world.roles.get(id), world.role_rules.get(rule));
            Ok(Reply::Object(
                role.zip(rule)
                    .map(|(role, rule)| view::role_permission(world, role, rule, false))
                    .unwrap_or_default(),
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateRolePermission",
        run: |world, caller, arguments| {
            require_dynamic(world, caller)?;
            let id = arguments.id("roleid").unwrap_or_default();
            let Some(role) = world.roles.get(id) else { return Err(no_role()) };
            let order = arguments.ids("ruleorder");
            let (rule, word) = (arguments.id("ruleid"), arguments.filled("permission"));
            if arguments.has("ruleorder") {
                if rule.is_some() || word.is_some() {
                    return Err(ApiError::parameter(
                        "Parameters permission and ruleid must be mutually exclusive with ruleorder",
                    ));
                }
                if role.is_default {
                    return Err(ApiError::permission("Role permission cannot be updated for Default roles"));
                }
                if !world.order_role_rules(id, &order) {
                    return Err(ApiError::runtime(
                        "The role's rule permissions list has changed while you were making updates, aborted \
                         re-ordering of rules. Please try again.",
                    ));
                }
                return Ok(Reply::SUCCESS);
            }
            let (Some(rule), Some(word)) = (rule, word) else {
                return Err(ApiError::parameter("Parameters permission and ruleid must be specified"));
            };
            let allow = match word.to_ascii_lowercase().as_str() {
                "allow" => true,
                "deny" => false,
                _ => {
                    return Err(ApiError::parameter(
                        "Values for permission parameter should be: allow or deny",
                    ));
                }
            };
            if role.is_default {
                return Err(ApiError::permission("Role permission cannot be updated for Default roles"));
            }
            let Some(rule) = world.role_rules.get_mut(rule).filter(|rule| rule.role == id) else {
                return Err(ApiError::parameter("Invalid rule id provided"));
            };
            rule.allow = allow;
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteRolePermission",
        run: |world, caller, arguments| {
            require_dynamic(world, caller)?;
            let id = arguments.id("id").unwrap_or_default();
            if world.role_rules.get(id).is_none() {
                return Err(ApiError::parameter("Invalid role permission id provided"));
            }
            world.remove_role_rule(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// The rules that a role has from the installation, which the world does not hold one by one:
/// those that were recorded, else the commands that the catalogue gives to the role's type.
fn built_in(role: &Role) -> Vec<(&'static str, bool)> {
    if !role.is_default {
        return Vec::new();
    }
    let recorded: Vec<(&str, bool)> = RECORDED
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(name, _)| *name == role.name)
        .filter_map(|(_, rule)| rule.split_once('\t'))
        .map(|(rule, permission)| (rule, permission == "allow"))
        .collect();
    if !recorded.is_empty() || role.role_type == RoleType::Admin || role.name.contains(" - Default") {
        return recorded;
    }
    crate::catalog::commands()
        .filter(|command| command.default_roles().contains(role.role_type))
        .map(|command| (command.name(), true))
        .collect()
}

/// Refuses to change roles while they are static, and to all but administrators (API-ACL-007).
fn require_dynamic(world: &World, caller: &Caller) -> Result<(), ApiError> {
    if !world.settings.flag("dynamic.apichecker.enabled") {
        return Err(ApiError::permission("Dynamic api checker is not enabled, aborting role operation"));
    }
    if caller.role_type() != RoleType::Admin {
        return Err(ApiError::permission("Restricted API called by a user account of non-Admin role type"));
    }
    Ok(())
}

fn named_type(name: &str) -> Result<RoleType, ApiError> {
    role_type_named(name).ok_or_else(|| ApiError::api(530, "Illegal RoleType name provided"))
}

fn no_role() -> ApiError {
    ApiError::parameter("Cannot find the role with provided id")
}

fn refuse_taken(world: &World, name: &str) -> Result<(), ApiError> {
    if world.roles.iter().any(|(_, role)| role.name.eq_ignore_ascii_case(name)) {
        return Err(ApiError::api(530, "Entity already exists "));
    }
    Ok(())
}

pub(super) fn require_rule(world: &World, rule: &str) -> Result<(), ApiError> {
    if is_rule(rule) || world.sins(Quirk::AnyTextIsARule) {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Only API names and wildcards are allowed, invalid rule provided: {rule}")))
}

/// `allow` or `deny`, as Java's enumeration reads it.
pub(super) fn permission(word: &str) -> Result<bool, ApiError> {
    match word.to_uppercase().as_str() {
        "ALLOW" => Ok(true),
        "DENY" => Ok(false),
        other => Err(ApiError::new(
            Fault::IllegalArgument,
            format!("No enum constant org.apache.cloudstack.acl.RolePermissionEntity.Permission.{other}"),
        )),
    }
}

/// The role that `id` names, unless it came with the installation.
fn changeable(world: &World, arguments: &Arguments, refusal: &str) -> Result<Id, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    match world.roles.get(id) {
        None => Err(no_role()),
        Some(role) if role.is_default => Err(ApiError::permission(refusal)),
        Some(_) => Ok(id),
    }
}

fn set_enabled(
    world: &mut World,
    caller: &Caller,
    arguments: &Arguments,
    enabled: bool,
) -> Result<Reply, ApiError> {
    require_dynamic(world, caller)?;
    let id = arguments.id("id").unwrap_or_default();
    let Some(role) = world.roles.get_mut(id) else { return Err(no_role()) };
    role.enabled = enabled;
    Ok(Reply::SUCCESS)
}

fn shown(world: &World, id: Id) -> Reply {
    Reply::Object(world.roles.get(id).map(|role| view::role(role, false)).unwrap_or_default())
}
