//! What happens to domains and to all that is in them (ACC-001, REA-008).

use super::World;
use super::account::Standing;
use super::table::Id;
use super::virtual_machine::MachineState;
use crate::quirk::Quirk;

impl World {
    /// The domains right below one, oldest first.
    pub fn children_of(&self, domain: Id) -> impl Iterator<Item = Id> {
        self.domains.iter().filter(move |(_, row)| row.parent == Some(domain)).map(|(id, _)| id)
    }

    /// Whether a domain has a child of this name, case ignored.
    #[must_use]
    pub fn has_child_named(&self, parent: Id, name: &str) -> bool {
        self.domains.iter().any(|(_, row)| row.parent == Some(parent) && row.name.eq_ignore_ascii_case(name))
    }

    /// Whether nobody and nothing is in a domain.
    #[must_use]
    pub fn is_domain_empty(&self, domain: Id) -> bool {
        self.children_of(domain).next().is_none()
            && !self.accounts.iter().any(|(_, account)| account.domain == domain)
    }

    /// Renames a domain; the paths of those below follow.
    pub fn rename_domain(&mut self, id: Id, name: &str) {
        if let Some(row) = self.domains.get_mut(id) {
            name.clone_into(&mut row.name);
        }
        self.renew_paths(id);
    }

    /// Hangs a domain below another one.
    pub fn move_domain(&mut self, id: Id, parent: Id) {
        if let Some(row) = self.domains.get_mut(id) {
            row.parent = Some(parent);
        }
        self.renew_paths(id);
    }

    fn renew_paths(&mut self, id: Id) {
        let Some(parent) = self.domains.get(id).and_then(|row| row.parent) else { return };
        let Some((path, level)) = self.domains.get(parent).map(|above| (above.path.clone(), above.level))
        else {
            return;
        };
        if let Some(row) = self.domains.get_mut(id) {
            row.path = format!("{path}{}/", row.name);
            row.level = level + 1;
        }
        let children: Vec<Id> = self.children_of(id).collect();
        for child in children {
            self.renew_paths(child);
        }
    }

    /// Removes a domain with all domains and accounts in it.
    pub fn remove_domain(&mut self, id: Id) {
        let children: Vec<Id> = self.children_of(id).collect();
        for child in children {
            self.remove_domain(child);
        }
        let accounts: Vec<Id> =
            self.accounts.iter().filter(|(_, row)| row.domain == id).map(|(account, _)| account).collect();
        for account in accounts {
            self.remove_account(account);
        }
        self.unlink(|link| link.domain == id);
        self.domains.remove(id);
    }

    /// Lets an account act or not. The machines of one that is disabled are stopped (ACC-001).
    pub fn set_account_standing(&mut self, id: Id, standing: Standing) {
        if let Some(row) = self.accounts.get_mut(id) {
            row.standing = standing;
        }
        if standing == Standing::Disabled {
            let running: Vec<Id> = self
                .virtual_machines
                .iter()
                .filter(|(_, row)| row.owner.account == id && row.state == MachineState::Running)
                .map(|(machine, _)| machine)
                .collect();
            for machine in running {
                self.set_machine_state(machine, MachineState::Stopped);
            }
        }
    }

    /// Removes a user; things keep their account. Sessions end when they are used next (API-AUTH-035).
    pub fn remove_user(&mut self, id: Id) {
        self.users.remove(id);
        if self.sins(Quirk::RemovedUsersTakeTheirSessions) {
            let kept = self.sessions.iter().filter(|(_, session)| session.user != id);
            self.sessions = kept.map(|(name, session)| (name.clone(), session.clone())).collect();
        }
    }

    /// Removes an account with its users and all that it owns (ACC-001).
    pub fn remove_account(&mut self, id: Id) {
        fn owned<T: Clone>(table: &super::table::Table<T>, account: Id, owner: impl Fn(&T) -> Id) -> Vec<Id> {
            table.iter().filter(|(_, row)| owner(row) == account).map(|(id, _)| id).collect()
        }
        for user in owned(&self.users, id, |row| row.account) {
            self.remove_user(user);
        }
        for machine in owned(&self.virtual_machines, id, |row| row.owner.account) {
            self.expunge_machine(machine);
        }
        if !self.sins(Quirk::DeletedAccountsLeaveVolumes) {
            for volume in owned(&self.volumes, id, |row| row.owner.account) {
                self.remove_volume(volume);
            }
        }
        self.remove_vpcs_of(id);
        for network in owned(&self.networks, id, |row| row.owner.account) {
            self.remove_network(network);
        }
        for address in owned(&self.addresses, id, |row| row.owner.account) {
            self.release_address(address);
        }
        for snapshot in owned(&self.snapshots, id, |row| row.owner.account) {
            self.snapshots.remove(snapshot);
        }
        for template in owned(&self.templates, id, |row| row.owner.account) {
            self.remove_template(template, None);
        }
        for user_data in owned(&self.user_data, id, |row| row.owner.account) {
            self.user_data.remove(user_data);
        }
        self.register.remove_owned(id);
        self.remove_security_groups_of(id);
        self.leave_projects(id);
        self.limits.forget(super::limit::Holder::Account(id));
        self.unlink(|link| link.account == Some(id));
        self.accounts.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use crate::world::account::{ROOT_DOMAIN, Standing};
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::kind::Kind;
    use crate::world::{World, preset};

    fn path(world: &World, id: u64) -> &str {
        world.domains.get(id).map_or("gone", |row| row.path.as_str())
    }

    #[test]
    fn paths_follow_names_and_parents() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let gold = world.add_domain("gold", Some(ROOT_DOMAIN), None);
        let sub = world.add_domain("sub", Some(gold), None);
        let other = world.add_domain("other", Some(ROOT_DOMAIN), None);
        world.rename_domain(gold, "silver");
        assert_eq!(path(&world, sub), "/silver/sub/");
        world.move_domain(sub, other);
        assert_eq!(path(&world, sub), "/other/sub/");
        assert!(world.has_child_named(other, "SUB") && !world.is_domain_empty(other));
    }

    #[test]
    fn a_removed_domain_takes_all_below_with_it() {
        let text = crate::world::preset::NAMED
            .iter()
            .find(|(name, _)| *name == "demo")
            .map_or("", |(_, text)| *text);
        let mut world = preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("a named world builds");
        let domains: Vec<u64> = world.children_of(ROOT_DOMAIN).collect();
        let accounts: Vec<u64> =
            world.accounts.iter().filter(|(_, row)| !row.is_default).map(|(id, _)| id).collect();
        for domain in domains {
            world.remove_domain(domain);
        }
        for account in accounts {
            world.set_account_standing(account, Standing::Disabled);
            world.remove_account(account);
        }
        assert_eq!(world.domains.len(), 1);
        assert!(world.accounts.iter().all(|(_, row)| row.is_default));
        assert!(world.users.iter().all(|(_, row)| row.is_default));
        assert_eq!(world.register.iter(Kind::InstanceGroup).count(), 0);
    }
}
