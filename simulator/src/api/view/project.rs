//! Projects, their members, roles and invitations.

use super::account::{LIMITED, push_limit};
use crate::api::caller::Caller;
use crate::reply::{Object, Value};
use crate::world::World;
use crate::world::limit::Holder;
use crate::world::project::{Invitation, Member, Project, ProjectRole, ProjectRule};
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

/// The limits of a project in the order of the response class, which is not that of an account.
const ORDER: [&str; 16] = [
    "network",
    "vpc",
    "cpu",
    "memory",
    "gpu",
    "primary_storage",
    "secondary_storage",
    "bucket",
    "object_storage",
    "user_vm",
    "public_ip",
    "volume",
    "snapshot",
    "backup",
    "backup_storage",
    "template",
];

/// A project with its limits.
#[must_use]
pub fn project(world: &World, id: Id, row: &Project) -> Object {
    let domain = world.domains.get(row.domain);
    let behind = world.accounts.get(row.account);
    let mut object = Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("displaytext", &row.display_text)
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domain", domain.map(|domain| domain.name.as_str()))
        .with_json_only("owner", owners(world, row))
        .with("projectaccountname", behind.map(|account| account.name.as_str()))
        .with("state", row.state.name())
        .with(
            "tags",
            super::tags(world, crate::world::kind::Handle { kind: crate::world::kind::Kind::Project, id }),
        );
    for name in ORDER {
        if let Some((_, names)) = LIMITED.iter().find(|(other, _)| *other == name) {
            push_limit(world, &mut object, Holder::Account(row.account), name, *names);
        }
    }
    let in_state = |wanted: MachineState| {
        let machines = world.virtual_machines.iter().map(|(_, machine)| machine);
        machines.filter(|machine| machine.owner.account == row.account && machine.state == wanted).count()
    };
    object
        .with("vmstopped", in_state(MachineState::Stopped))
        .with("vmrunning", in_state(MachineState::Running))
        .with("created", row.created)
}

/// The administrators, as the maps that JSON alone shows.
fn owners(world: &World, row: &Project) -> Value {
    let owner = |member: &Member| {
        let account = world.accounts.get(member.account);
        let user = member.user.and_then(|user| world.users.get(user));
        Object::new()
            .with("account", account.map(|account| account.name.as_str()))
            .with("userid", user.map(|user| user.uuid))
            .with("user", user.map(|user| user.username.as_str()))
    };
    row.members.iter().filter(|member| member.is_admin).map(owner).collect::<Vec<_>>().into()
}

/// A member of a project.
#[must_use]
pub fn project_member(world: &World, row: &Project, member: &Member, viewer: Caller) -> Object {
    // Administrators see who stands behind an account.
    let is_admin = viewer.is_root_admin() || viewer.is_domain_admin();
    let users = (is_admin && member.user.is_none()).then(|| super::account::users_of(world, member.account));
    let account = world.accounts.get(member.account);
    let domain = account.and_then(|account| world.domains.get(account.domain));
    let user = member.user.and_then(|user| world.users.get(user));
    let role = member.role.and_then(|role| world.project_roles.get(role));
    Object::new()
        .with("projectid", row.uuid)
        .with("project", &row.name)
        .with("accountid", account.map(|account| account.uuid))
        .with("account", account.map(|account| account.name.as_str()))
        .with("username", user.map(|user| user.username.as_str()))
        .with("accounttype", account.map(|account| account.account_type.number()))
        .with("userid", user.map(|user| user.uuid))
        .with("projectroleid", role.map(|role| role.uuid))
        .with("role", member.role_name())
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domain", domain.map(|domain| domain.name.as_str()))
        .with("domainpath", domain.map(|domain| domain.shown_path()))
        .with("user", users)
}

/// An invitation to a project.
#[must_use]
pub fn invitation(world: &World, row: &Invitation) -> Object {
    let project = world.projects.get(row.project);
    let domain = project.and_then(|project| world.domains.get(project.domain));
    let account = world.accounts.get(row.member.account);
    let user = row.member.user.and_then(|user| world.users.get(user));
    Object::new()
        .with("id", row.uuid)
        .with("projectid", project.map(|project| project.uuid))
        .with("project", project.map(|project| project.name.as_str()))
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("userid", user.map(|user| user.uuid))
        .with("domain", domain.map(|domain| domain.name.as_str()))
        .with("domainpath", domain.map(|domain| domain.shown_path()))
        .with("account", account.map(|account| account.name.as_str()))
        .with("state", row.state.name())
}

/// A role within a project.
#[must_use]
pub fn project_role(world: &World, row: &ProjectRole) -> Object {
    Object::new()
        .with("projectid", world.projects.get(row.project).map(|project| project.uuid))
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("description", row.description.as_deref())
        .with("ispublic", true)
}

/// A rule of a role within a project.
#[must_use]
pub fn project_rule(world: &World, row: &ProjectRule) -> Object {
    let role = world.project_roles.get(row.role);
    let project = role.and_then(|role| world.projects.get(role.project));
    Object::new()
        .with("id", row.uuid)
        .with("projectroleid", role.map(|role| role.uuid))
        .with("projectid", project.map(|project| project.uuid))
        .with("projectrolename", role.map(|role| role.name.as_str()))
        .with("rule", &row.rule)
        .with("permission", if row.allow { "allow" } else { "deny" })
        .with("description", row.description.as_deref())
}
