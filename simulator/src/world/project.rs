//! Projects: an account that nobody logs in to, and members who act for it.
//!
//! What a project has belongs to the account behind it ([`Project::account`]), so owners need no
//! second case. Who may touch it is decided in [`crate::api::access`].

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::account::{AccountType, NewAccount, Standing};
use super::clock::Moment;
use super::kind::{Handle, Kind};
use super::table::Id;

/// What state a project is in (ACC-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ProjectState {
    /// In use.
    Active,
    /// Not yet made, or about to be removed.
    Disabled,
    /// Nothing of it may start.
    Suspended,
}

impl ProjectState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Disabled => "Disabled",
            Self::Suspended => "Suspended",
        }
    }
}

/// A project.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name, unique within the domain.
    pub name: String,
    /// Its name for people.
    pub display_text: String,
    /// Its domain.
    pub domain: Id,
    /// The account that owns what is in it.
    pub account: Id,
    /// Its state.
    pub state: ProjectState,
    /// Who may act for it, in the order in which they came.
    pub members: Vec<Member>,
    /// When it was created.
    pub created: Moment,
}

/// Who may act for a project: an account with all its users, or one user alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The account.
    pub account: Id,
    /// The one user of the account, if it is one alone.
    pub user: Option<Id>,
    /// Whether the member administers the project.
    pub is_admin: bool,
    /// The role within the project.
    pub role: Option<Id>,
}

impl Member {
    /// The word on the wire.
    #[must_use]
    pub fn role_name(&self) -> &'static str {
        if self.is_admin { "Admin" } else { "Regular" }
    }
}

/// A role within a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProjectRole {
    /// Its identifier.
    pub uuid: Uuid,
    /// The project.
    pub project: Id,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its rules in the order of evaluation.
    pub rules: Vec<Id>,
}

/// A rule of a role within a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProjectRule {
    /// Its identifier.
    pub uuid: Uuid,
    /// The role.
    pub role: Id,
    /// A command's name, perhaps with `*`.
    pub rule: String,
    /// Whether a match allows or denies.
    pub allow: bool,
    /// What it is for.
    pub description: Option<String>,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum InvitationState {
    /// Not answered yet.
    Pending,
    /// Accepted.
    Completed,
    /// Turned down.
    Declined,
}

impl InvitationState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Completed => "Completed",
            Self::Declined => "Declined",
        }
    }
}

/// An invitation to become a member, while `project.invite.required` is true.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Its identifier.
    pub uuid: Uuid,
    /// The project.
    pub project: Id,
    /// What the invited become.
    pub member: Member,
    /// What became of it.
    pub state: InvitationState,
}

/// What [`World::add_project`] needs to know.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_text: String,
    /// Its domain.
    pub domain: Id,
    /// Its first administrator.
    pub owner: Member,
}

impl World {
    /// Adds a project that is not in use yet, with the account behind it.
    pub fn add_project(&mut self, new: NewProject) -> Id {
        let account = self.add_account(NewAccount {
            name: format!("PrjAcct-{}-{}", new.name, new.domain),
            // The account behind a project has no role: nobody calls in its name.
            role: 0,
            account_type: AccountType::Project,
            domain: new.domain,
            network_domain: None,
            details: Vec::new(),
        });
        let uuid = self.name_row(Kind::Project, self.projects.next_id());
        let created = self.now;
        self.projects.insert(Project {
            uuid,
            name: new.name,
            display_text: new.display_text,
            domain: new.domain,
            account,
            state: ProjectState::Disabled,
            members: vec![new.owner],
            created,
        })
    }

    /// Puts a project into a state; the account behind it can act only while the project is active.
    pub fn set_project_state(&mut self, id: Id, state: ProjectState) {
        let Some(row) = self.projects.get_mut(id) else { return };
        row.state = state;
        let account = row.account;
        let is_active = state == ProjectState::Active;
        self.set_account_standing(account, if is_active { Standing::Enabled } else { Standing::Disabled });
    }

    /// Removes a project with all that is in it.
    pub fn remove_project(&mut self, id: Id) {
        let Some(project) = self.projects.remove(id) else { return };
        self.forget_tags(Handle { kind: Kind::Project, id });
        let roles: Vec<Id> =
            self.project_roles.iter().filter(|(_, role)| role.project == id).map(|(role, _)| role).collect();
        for role in roles {
            self.remove_project_role(role);
        }
        self.drop_invitations(|invitation| invitation.project == id);
        self.remove_account(project.account);
    }

    /// Takes an account out of every project; a project behind the account goes with it.
    pub fn leave_projects(&mut self, account: Id) {
        if let Some((id, _)) = self.project_of(account) {
            self.remove_project(id);
        }
        let joined: Vec<Id> = self
            .projects
            .iter()
            .filter(|(_, row)| row.members.iter().any(|member| member.account == account))
            .map(|(id, _)| id)
            .collect();
        for id in joined {
            if let Some(row) = self.projects.get_mut(id) {
                row.members.retain(|member| member.account != account);
            }
        }
        self.drop_invitations(|invitation| invitation.member.account == account);
    }

    /// Adds a role without rules to a project.
    pub fn add_project_role(&mut self, project: Id, name: &str, description: Option<String>) -> Id {
        let uuid = self.name_row(Kind::ProjectRole, self.project_roles.next_id());
        let name = name.to_owned();
        self.project_roles.insert(ProjectRole { uuid, project, name, description, rules: Vec::new() })
    }

    /// Adds a rule behind those that a role of a project has.
    pub fn add_project_rule(&mut self, role: Id, rule: &str, allow: bool, description: Option<String>) -> Id {
        let uuid = self.name_row(Kind::ProjectRolePermission, self.project_rules.next_id());
        let rule = rule.to_owned();
        let id = self.project_rules.insert(ProjectRule { uuid, role, rule, allow, description });
        if let Some(row) = self.project_roles.get_mut(role) {
            row.rules.push(id);
        }
        id
    }

    /// Removes a rule of a role of a project.
    pub fn remove_project_rule(&mut self, id: Id) {
        if let Some(rule) = self.project_rules.remove(id)
            && let Some(role) = self.project_roles.get_mut(rule.role)
        {
            role.rules.retain(|other| *other != id);
        }
    }

    /// Removes a role of a project with its rules.
    pub fn remove_project_role(&mut self, id: Id) {
        if let Some(role) = self.project_roles.remove(id) {
            for rule in &role.rules {
                self.project_rules.remove(*rule);
            }
        }
    }

    /// Invites somebody to a project.
    pub fn add_invitation(&mut self, project: Id, member: Member) -> Id {
        let uuid = self.name_row(Kind::ProjectInvitation, self.project_invitations.next_id());
        let state = InvitationState::Pending;
        self.project_invitations.insert(Invitation { uuid, project, member, state })
    }

    fn drop_invitations(&mut self, is_over: impl Fn(&Invitation) -> bool) {
        let over: Vec<Id> = self
            .project_invitations
            .iter()
            .filter(|(_, invitation)| is_over(invitation))
            .map(|(id, _)| id)
            .collect();
        for id in over {
            self.project_invitations.remove(id);
        }
    }

    /// The project that an account stands behind.
    #[must_use]
    pub fn project_of(&self, account: Id) -> Option<(Id, &Project)> {
        if self.accounts.get(account)?.account_type != AccountType::Project {
            return None;
        }
        self.projects.iter().find(|(_, row)| row.account == account)
    }

    /// The projects that an account is an administrator of.
    pub fn projects_managed_by(&self, account: Id) -> impl Iterator<Item = Id> {
        self.projects
            .iter()
            .filter(move |(_, row)| {
                row.members.iter().any(|member| member.is_admin && member.account == account)
            })
            .map(|(id, _)| id)
    }

    /// Whether an account stands behind a project.
    #[must_use]
    pub fn is_of_project(&self, account: Id) -> bool {
        self.accounts.get(account).is_some_and(|row| row.account_type == AccountType::Project)
    }

    /// Whether an account stands behind a project that is not active.
    #[must_use]
    pub fn is_suspended(&self, account: Id) -> bool {
        self.project_of(account).is_some_and(|(_, row)| row.state != ProjectState::Active)
    }

    /// What a user is in a project: as one user alone, else with the whole account.
    #[must_use]
    pub fn member(&self, project: Id, account: Id, user: Id) -> Option<&Member> {
        let members = &self.projects.get(project)?.members;
        let alone = members.iter().find(|member| member.account == account && member.user == Some(user));
        alone.or_else(|| members.iter().find(|member| member.account == account && member.user.is_none()))
    }

    /// What the role of a member says of a command: the first rule that speaks of it decides; none
    /// if no rule does.
    #[must_use]
    pub fn project_rule_for(&self, member: &Member, command: &str) -> Option<bool> {
        let role = self.project_roles.get(member.role?)?;
        let rules = role.rules.iter().filter_map(|id| self.project_rules.get(*id));
        let mut speaking = rules.filter(|rule| self.rule_speaks_of(&rule.rule, command));
        speaking.next().map(|rule| rule.allow)
    }

    /// What must be removed before a project can be, and how many of it, in upstream's word.
    #[must_use]
    pub fn left_in_project(&self, id: Id) -> Option<(usize, &'static str)> {
        let account = self.projects.get(id)?.account;
        let templates = self.templates.iter().filter(|(_, row)| row.owner.account == account).count();
        let machines = self.virtual_machines.iter().filter(|(_, row)| row.owner.account == account).count();
        let volumes = self
            .volumes
            .iter()
            .filter(|(_, row)| row.owner.account == account && row.attached.is_none())
            .count();
        let networks = self.networks.iter().filter(|(_, row)| row.owner.account == account).count();
        let counts = [
            (templates, "VirtualMachineTemplate"),
            (machines, "VirtualMachine"),
            (volumes, "Volume"),
            (networks, "Network"),
        ];
        counts.into_iter().find(|(count, _)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::account::{ADMIN, ROOT_DOMAIN};
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    const OWNER: Member = Member { account: ADMIN, user: None, is_admin: true, role: None };

    fn with_project() -> (World, Id) {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let (name, display_text) = ("p".to_owned(), "a project".to_owned());
        let id = world.add_project(NewProject { name, display_text, domain: ROOT_DOMAIN, owner: OWNER });
        (world, id)
    }

    #[test]
    fn a_project_lives_and_dies_with_its_account() {
        let (mut world, id) = with_project();
        let account = world.projects.get(id).map(|row| row.account).unwrap_or_default();
        assert_eq!(world.accounts.get(account).map(|row| row.name.as_str()), Some("PrjAcct-p-1"));
        assert_eq!(world.project_of(account).map(|(found, _)| found), Some(id));
        assert!(world.project_of(ADMIN).is_none());
        world.set_project_state(id, ProjectState::Suspended);
        assert_eq!(world.accounts.get(account).map(|row| row.standing), Some(Standing::Disabled));
        world.add_invitation(id, OWNER);
        world.remove_account(account);
        assert!(world.projects.is_empty() && world.project_invitations.is_empty());
        assert!(world.accounts.get(account).is_none());
    }

    #[test]
    fn the_role_of_a_user_alone_goes_before_that_of_the_account() {
        let (mut world, id) = with_project();
        let role = world.add_project_role(id, "r", None);
        world.add_project_rule(role, "listZ*", false, None);
        world.add_project_rule(role, "list*", true, None);
        let alone = Member { user: Some(7), is_admin: false, role: Some(role), ..OWNER };
        if let Some(row) = world.projects.get_mut(id) {
            row.members.push(alone);
        }
        assert_eq!(world.member(id, ADMIN, 7), Some(&alone));
        assert_eq!(world.member(id, ADMIN, 8), Some(&OWNER));
        assert_eq!(world.member(id, 99, 7), None);
        assert_eq!(world.project_rule_for(&alone, "listZones"), Some(false));
        assert_eq!(world.project_rule_for(&alone, "LISTusers"), Some(true));
        assert_eq!(world.project_rule_for(&alone, "createZone"), None);
        assert_eq!(world.project_rule_for(&OWNER, "listZones"), None);
        world.remove_project(id);
        assert!(world.project_roles.is_empty() && world.project_rules.is_empty());
    }
}
