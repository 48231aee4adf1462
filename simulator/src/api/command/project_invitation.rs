//! Invitations to projects, which there are while `project.invite.required` is true.

use super::project::no_project;
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::project::{Invitation, InvitationState};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listProjectInvitations",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let project = arguments.id("projectid");
            let state = arguments.filled("state");
            let everything = arguments.flag("listall");
            let matches: Vec<Id> = world
                .project_invitations
                .iter()
                .filter(|(_, row)| match project {
                    Some(project) => row.project == project && administers(world, *caller, row),
                    None if everything => is_for(*caller, row) || administers(world, *caller, row),
                    None => is_for(*caller, row),
                })
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| !arguments.flag("activeonly") || row.state == InvitationState::Pending)
                .filter(|(_, row)| state.is_none_or(|state| row.state.name().eq_ignore_ascii_case(state)))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                let row = world.project_invitations.get(id);
                row.map_or_else(Object::new, |row| view::invitation(world, row))
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateProjectInvitation",
        events: Some(EventTexts {
            scheduled: "Updating project invitation for projectId {projectid}",
            action: "updating project invitation",
            created: None,
        }),
        run: |world, caller, arguments| {
            let project = arguments.id("projectid").unwrap_or_default();
            let Some(row) = world.projects.get(project) else { return Err(no_project()) };
            let (name, domain, uuid) = (row.name.clone(), row.domain, row.uuid);
            let sent = arguments.filled("account");
            let account = match sent {
                None => caller.account,
                Some(named) => world.account_by_name(named, domain).ok_or_else(|| {
                    ApiError::invalid(format!("Unable to find account name={named} in domain id={domain}"))
                })?,
            };
            let found = world
                .project_invitations
                .iter()
                .find(|(_, invitation)| {
                    invitation.project == project
                        && invitation.member.account == account
                        && invitation.state == InvitationState::Pending
                })
                .map(|(id, invitation)| (id, invitation.member));
            let Some((id, member)) = found else {
                return Err(ApiError::invalid(format!(
                    "Unable to find invitation for account name={} to the project=Project \
                     {{\"domainId\":{domain},\"id\":{project},\"name\":\"{name}\",\"uuid\":\"{uuid}\"}}.",
                    sent.unwrap_or("null")
                )));
            };
            let accepts = arguments.maybe_flag("accept").unwrap_or(true);
            if let Some(invitation) = world.project_invitations.get_mut(id) {
                invitation.state =
                    if accepts { InvitationState::Completed } else { InvitationState::Declined };
            }
            if let Some(row) = world.projects.get_mut(project).filter(|_| accepts) {
                row.members.push(member);
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteProjectInvitation",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Project invitation id {}  is being removed",
            action: "removing project invitation",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.project_invitations.get(id) else {
                return Err(ApiError::invalid("Unable to find project invitation with specified id"));
            };
            if !administers(world, *caller, row) {
                return Err(ApiError::permission(super::account::NO_REACH));
            }
            world.project_invitations.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

fn is_for(caller: Caller, row: &Invitation) -> bool {
    row.member.account == caller.account && row.member.user.is_none_or(|user| user == caller.user)
}

/// Whether a caller administers the project that an invitation is to.
fn administers(world: &World, caller: Caller, row: &Invitation) -> bool {
    if caller.is_root_admin() || caller.is_domain_admin() {
        let project = world.projects.get(row.project);
        return project.is_some_and(|project| caller.reaches(world, world.owner_of(project.account)));
    }
    world.member(row.project, caller.account, caller.user).is_some_and(|member| member.is_admin)
}
