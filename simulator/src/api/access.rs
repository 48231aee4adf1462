//! Who may call what, and who may touch whose things (API-ACL-001 to -030).

use uuid::Uuid;

use super::caller::Caller;
use super::error::ApiError;
use super::request::Parameters;
use crate::catalog::{self, Command, RoleType};
use crate::quirk::Quirk;
use crate::world::account::SYSTEM;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::{Owner, World};

/// Refuses a command that the caller's role, or the role within the project that the request is
/// about, does not allow (API-ACL-001).
///
/// # Errors
///
/// 432 in `errorresponse` (API-ACL-003) or 401 in the command's envelope (API-ACL-004).
pub fn require_allowed(
    world: &World,
    caller: Caller,
    name: &str,
    parameters: &Parameters,
) -> Result<(), ApiError> {
    if world.sins(Quirk::RolesAreIgnored)
        || (world.sins(Quirk::RolesGuardListsAlone) && !name.starts_with("list"))
    {
        return Ok(());
    }
    if !allows(world, caller, name, catalog::command(name)) {
        let is_dynamic = world.settings.flag("dynamic.apichecker.enabled");
        return Err(if is_dynamic || world.sins(Quirk::DenialsHaveOneText) {
            not_of_role(world, caller, name)
        } else {
            denied(name)
        });
    }
    match project_context(world, parameters) {
        Some(project) => require_in_project(world, caller, name, project),
        None => Ok(()),
    }
}

/// What a caller reads whose role lacks a command, while roles are dynamic.
fn not_of_role(world: &World, caller: Caller, name: &str) -> ApiError {
    let uuid = world.users.get(caller.user).map(|user| user.uuid).unwrap_or_default();
    let text =
        format!("The API [{name}] does not exist or is not available for the account for user id [{uuid}].");
    if world.sins(Quirk::ForbiddenCommandsAre531) {
        return ApiError::permission(text);
    }
    ApiError::api(432, text)
}

/// What a caller reads whom static roles or a role within a project refuse.
fn denied(name: &str) -> ApiError {
    let text = format!("The given command '{name}' either does not exist, is not available for user.");
    ApiError::api(401, text)
}

/// Commands that name their project by `id`, and that the server cannot even refuse without one
/// (API-ACL-030, API-ERR-061).
const ABOUT_A_PROJECT: [&str; 4] = ["suspendProject", "updateProject", "activateProject", "deleteProject"];

/// Whether a request breaks the server's look for its project, which leaves the answer empty.
#[must_use]
pub fn lacks_its_project(parameters: &Parameters) -> bool {
    parameters.get("command").is_some_and(|name| ABOUT_A_PROJECT.contains(&name))
        && parameters.get("id").is_none()
}

/// The project that a request is about (API-ACL-030): a known identifier under the exact name.
fn project_context(world: &World, parameters: &Parameters) -> Option<Id> {
    let by_id = parameters.get("command").is_some_and(|name| ABOUT_A_PROJECT.contains(&name));
    let text = match by_id {
        true => parameters.get("id"),
        false if world.sins(Quirk::ProjectContextInAnyCase) => parameters.get_ignoring_case("projectid"),
        false => parameters.get("projectid"),
    };
    let handle = world.find(Uuid::try_parse(text?).ok()?)?;
    (handle.kind == Kind::Project && world.projects.get(handle.id).is_some()).then_some(handle.id)
}

fn require_in_project(world: &World, caller: Caller, name: &str, project: Id) -> Result<(), ApiError> {
    if caller.is_root_admin() || caller.is_domain_admin() {
        return Ok(());
    }
    let Some(member) = world.member(project, caller.account, caller.user) else {
        if name == "updateProjectInvitation" || world.sins(Quirk::ProjectsAreOpen) {
            return Ok(());
        }
        if world.sins(Quirk::DenialsHaveOneText) {
            return Err(not_of_role(world, caller, name));
        }
        let uuid = world.projects.get(project).map(|row| row.uuid).unwrap_or_default();
        return Err(ApiError::api(
            432,
            format!(
                "The API [{name}] does not exist or is not available for this account/user in project [{uuid}]."
            ),
        ));
    };
    if member.is_admin || world.project_rule_for(member, name) != Some(false) {
        return Ok(());
    }
    Err(if world.sins(Quirk::DenialsHaveOneText) { not_of_role(world, caller, name) } else { denied(name) })
}

/// Whether a caller's role allows a command. Dynamic roles: the first rule that speaks of it
/// decides, then the roles that the command itself names (API-ACL-002). Static roles, and the
/// built-in ones: the catalogue's `default_roles`.
#[must_use]
pub fn allows(world: &World, caller: Caller, name: &str, command: Option<Command>) -> bool {
    if !world.settings.flag("dynamic.apichecker.enabled") {
        return command.is_some_and(|command| command.default_roles().contains(caller.role_type()));
    }
    let Some(role) = world.accounts.get(caller.account).and_then(|account| world.roles.get(account.role))
    else {
        return false;
    };
    if role.role_type == RoleType::Admin && role.is_default {
        return true;
    }
    let mut speaking = world.rules_of(role).filter(|rule| world.rule_speaks_of(&rule.rule, name));
    let deciding = if world.sins(Quirk::LastRuleDecides) { speaking.last() } else { speaking.next() };
    if let Some(rule) = deciding {
        return rule.allow;
    }
    if !role.is_default && world.sins(Quirk::UnruledCommandsPass) {
        return true;
    }
    if !role.is_default && world.sins(Quirk::UnruledCommandsAreRefused) {
        return false;
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
    // A network of a domain is the server's own; what tenants may not do with it, the service refuses (NET-005).
    if handle.kind == Kind::Network
        && let Some(network) = world.networks.get(handle.id)
        && (only_use || network.owner.account == SYSTEM)
        && world.may_use_network(network, caller.account)
    {
        return true;
    }
    owner(world, handle).is_none_or(|owner| caller.reaches(world, owner))
}

/// Refuses what belongs to others, where the service looks after it (API-ACL-020).
///
/// # Errors
///
/// 531.
pub fn require(world: &World, caller: Caller, handle: Handle) -> Result<(), ApiError> {
    if may(world, caller, handle, false) {
        return Ok(());
    }
    Err(ApiError::permission("Caller does not have permission to operate with provided resource."))
}

/// Whether everybody may use a thing.
fn is_shared(world: &World, handle: Handle) -> bool {
    match handle.kind {
        Kind::Template => {
            world.template(handle.id).is_some_and(|template| template.is_public || template.is_featured)
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
        Kind::Snapshot => world.snapshots.get(handle.id).map(|row| row.owner),
        Kind::SnapshotPolicy => world
            .snapshot_policies
            .get(handle.id)
            .and_then(|row| world.volumes.get(row.volume))
            .map(|volume| volume.owner),
        Kind::VmSnapshot => world.vm_snapshots.get(handle.id).map(|row| row.owner),
        Kind::VmSchedule => {
            let machine = world.vm_schedules.get(handle.id)?.machine;
            world.virtual_machines.get(machine).map(|row| row.owner)
        }
        Kind::UserData => world.user_data.get(handle.id).map(|row| row.owner),
        Kind::Account => Some(world.owner_of(handle.id)),
        Kind::User => world.users.get(handle.id).map(|user| world.owner_of(user.account)),
        Kind::Project => world.projects.get(handle.id).map(|row| world.owner_of(row.account)),
        Kind::FirewallRule => world.firewall_rules.get(handle.id).map(|row| row.owner),
        Kind::SecurityGroup => world.security_groups.get(handle.id).map(|row| row.owner),
        Kind::SecurityGroupRule => world
            .security_group_rule(handle.id)
            .and_then(|(group, _)| world.security_groups.get(group))
            .map(|row| row.owner),
        Kind::Nic => {
            world.nic(handle.id).and_then(|(id, _)| world.virtual_machines.get(id)).map(|row| row.owner)
        }
        Kind::SecondaryAddress => world
            .secondary_address(handle.id)
            .and_then(|(id, ..)| world.virtual_machines.get(id))
            .map(|row| row.owner),
        Kind::StickinessPolicy => world
            .stickiness_policy(handle.id)
            .and_then(|(rule, _)| world.firewall_rules.get(rule))
            .map(|row| row.owner),
        Kind::Vpc | Kind::VpcRouter | Kind::SecondVpcRouter => of_vpc(world, handle.id),
        Kind::NetworkAcl => of_acl(world, handle.id),
        Kind::NetworkAclItem => world.acl_items.get(handle.id).and_then(|row| of_acl(world, row.list)),
        Kind::PrivateGateway => world.private_gateways.get(handle.id).and_then(|row| of_vpc(world, row.vpc)),
        Kind::StaticRoute => world.static_routes.get(handle.id).and_then(|row| of_vpc(world, row.vpc)),
        Kind::InternalBalancer => world.internal_balancers.get(handle.id).map(|row| row.owner),
        Kind::VpnGateway => world.vpn_gateways.get(handle.id).map(|row| row.owner),
        Kind::CustomerGateway => world.customer_gateways.get(handle.id).map(|row| row.owner),
        Kind::VpnConnection => world.vpn_connections.get(handle.id).map(|row| row.owner),
        Kind::RemoteAccessVpn => world.remote_access_vpns.get(handle.id).map(|row| row.owner),
        Kind::VpnUser => world.vpn_users.get(handle.id).map(|row| row.owner),
        Kind::Router | Kind::SecondRouter => world.networks.get(handle.id).map(|row| row.owner),
        kind => world
            .register
            .get(kind, handle.id)
            .map(|record| record.owner)
            .filter(|owner| *owner != Owner::NOBODY),
    }
}

fn of_vpc(world: &World, vpc: Id) -> Option<Owner> {
    world.vpcs.get(vpc).map(|row| row.owner)
}

/// A list without a VPC is everybody's.
fn of_acl(world: &World, list: Id) -> Option<Owner> {
    world.acl_lists.get(list).and_then(|row| row.vpc).and_then(|vpc| of_vpc(world, vpc))
}
