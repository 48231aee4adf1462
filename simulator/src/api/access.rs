//! Who may call what, and who may touch whose things (API-ACL-001 to -030).

use super::caller::Caller;
use crate::catalog::{Command, RoleType};
use crate::world::kind::{Handle, Kind};
use crate::world::{Owner, World};

/// Whether a caller's role allows a command: the first rule that speaks of it decides, then the
/// roles that the command itself names (API-ACL-002). Built-in roles have their rules from the
/// catalogue's `default_roles`.
#[must_use]
pub fn allows(world: &World, caller: Caller, name: &str, command: Option<Command>) -> bool {
    let Some(role) = world.accounts.get(caller.account).and_then(|account| world.roles.get(account.role))
    else {
        return false;
    };
    if role.role_type == RoleType::Admin && role.is_default {
        return true;
    }
    if let Some(rule) = world.rules_of(role).find(|rule| rule.matches(name)) {
        return rule.allow;
    }
    command.is_some_and(|command| {
        let roles = if role.is_default { command.default_roles() } else { command.roles() };
        roles.contains(role.role_type)
    })
}

/// Whether a caller may use or operate a thing.
#[must_use]
pub fn may(world: &World, caller: Caller, handle: Handle, only_use: bool) -> bool {
    if only_use && is_shared(world, handle) {
        return true;
    }
    owner(world, handle).is_none_or(|owner| caller.reaches(world, owner))
}

/// Whether everybody may use a thing.
fn is_shared(world: &World, handle: Handle) -> bool {
    match handle.kind {
        Kind::Template => {
            world.templates.get(handle.id).is_some_and(|template| template.is_public || template.is_featured)
        }
        Kind::ServiceOffering | Kind::DiskOffering | Kind::NetworkOffering | Kind::Zone => true,
        _ => false,
    }
}

/// Whose a thing is; none if it belongs to nobody or is gone.
#[must_use]
pub fn owner(world: &World, handle: Handle) -> Option<Owner> {
    match handle.kind {
        Kind::VirtualMachine => world.virtual_machines.get(handle.id).map(|row| row.owner),
        Kind::Volume => world.volumes.get(handle.id).map(|row| row.owner),
        Kind::Network => world.networks.get(handle.id).map(|row| row.owner),
        Kind::Address => world.addresses.get(handle.id).map(|row| row.owner),
        Kind::Template => world.templates.get(handle.id).map(|row| row.owner),
        Kind::UserData => world.user_data.get(handle.id).map(|row| row.owner),
        Kind::Account => Some(world.owner_of(handle.id)),
        Kind::User => world.users.get(handle.id).map(|user| world.owner_of(user.account)),
        Kind::FirewallRule => world.firewall_rules.get(handle.id).map(|row| row.owner),
        Kind::Router => world.networks.get(handle.id).map(|row| row.owner),
        kind => world.register.get(kind, handle.id).map(|record| record.owner),
    }
}
