//! Security groups: rules that follow machines, in zones that have them (GRA-008).

use crate::quirk::Quirk;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::kind::{Handle, Kind};
use super::table::Id;
use super::{Owner, World};

/// The name of the group that every account has.
pub const DEFAULT: &str = "default";

/// A security group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whose it is.
    pub owner: Owner,
    /// Its rules, oldest first.
    pub rules: Vec<SecurityRule>,
}

/// A rule of a security group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecurityRule {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its internal number.
    pub id: Id,
    /// Whether it is about traffic out of machines.
    pub is_egress: bool,
    /// `tcp`, `udp`, `icmp`, `all` or a number.
    pub protocol: String,
    /// The first and the last port, or the ICMP type and code.
    pub ports: Option<(i64, i64)>,
    /// Where the traffic comes from or goes to.
    pub peer: Peer,
}

/// The other side of a rule of a security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Peer {
    /// A range of addresses.
    Cidr(String),
    /// The machines of a group: the account's name and the group's.
    Group(String, String),
}

impl SecurityRule {
    /// Whether two rules say the same.
    #[must_use]
    pub fn repeats(&self, other: &Self) -> bool {
        self.is_egress == other.is_egress
            && self.protocol == other.protocol
            && self.ports == other.ports
            && self.peer == other.peer
    }
}

impl World {
    /// Adds a security group.
    pub fn add_security_group(&mut self, owner: Owner, name: &str, description: Option<&str>) -> Id {
        let uuid = self.name_row(Kind::SecurityGroup, self.security_groups.next_id());
        self.security_groups.insert(SecurityGroup {
            uuid,
            name: name.to_owned(),
            description: description.map(str::to_owned),
            owner,
            rules: Vec::new(),
        })
    }

    /// The group of a name that an account has.
    #[must_use]
    pub fn security_group_by_name(&self, owner: Owner, name: &str) -> Option<Id> {
        self.security_groups
            .iter()
            .find(|(_, row)| row.owner == owner && row.name.eq_ignore_ascii_case(name))
            .map(|(id, _)| id)
    }

    /// Removes a security group; its identifier and its rules' are forgotten (REA-004).
    pub fn remove_security_group(&mut self, id: Id) {
        let Some(row) = self.security_groups.remove(id) else { return };
        for uuid in row.rules.iter().map(|rule| rule.uuid).chain([row.uuid]) {
            if !self.sins(Quirk::RemovedGroupsAreKnown) {
                self.index.remove(&uuid);
            }
        }
        self.forget_tags(Handle { kind: Kind::SecurityGroup, id });
    }

    /// Removes the security groups of an account.
    pub fn remove_security_groups_of(&mut self, account: Id) {
        let owned = self.security_groups.iter().filter(|(_, row)| row.owner.account == account);
        let owned: Vec<Id> = owned.map(|(id, _)| id).collect();
        for id in owned {
            self.remove_security_group(id);
        }
    }

    /// A rule and its group.
    #[must_use]
    pub fn security_group_rule(&self, id: Id) -> Option<(Id, &SecurityRule)> {
        self.security_groups
            .iter()
            .find_map(|(group, row)| row.rules.iter().find(|rule| rule.id == id).map(|rule| (group, rule)))
    }

    /// Adds a rule to a group, unless the group has one that says the same.
    pub fn authorize(&mut self, group: Id, rule: SecurityRule) -> Option<Id> {
        let id = self.last_security_group_rule + 1;
        if self.security_groups.get(group)?.rules.iter().any(|other| other.repeats(&rule)) {
            return None;
        }
        let uuid = self.name_row(Kind::SecurityGroupRule, id);
        self.last_security_group_rule = id;
        self.security_groups.get_mut(group)?.rules.push(SecurityRule { uuid, id, ..rule });
        Some(id)
    }

    /// Takes a rule away; its identifier is forgotten.
    pub fn revoke(&mut self, id: Id) {
        let Some((group, uuid)) = self.security_group_rule(id).map(|(group, rule)| (group, rule.uuid)) else {
            return;
        };
        self.index.remove(&uuid);
        if let Some(row) = self.security_groups.get_mut(group) {
            row.rules.retain(|rule| rule.id != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::account::ADMIN;
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    #[test]
    fn the_administrator_has_the_first_default_group() {
        let world = preset::install(1, VIRTUAL_EPOCH);
        assert_eq!(world.security_group_by_name(world.owner_of(ADMIN), DEFAULT), Some(1));
        assert_eq!(world.security_groups.len(), 1);
    }

    #[test]
    fn a_rule_is_not_added_twice() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let rule = SecurityRule {
            uuid: Uuid::nil(),
            id: 0,
            is_egress: false,
            protocol: "tcp".to_owned(),
            ports: Some((22, 22)),
            peer: Peer::Cidr("0.0.0.0/0".to_owned()),
        };
        let id = world.authorize(1, rule.clone()).expect("the group has no rules");
        assert_eq!(world.authorize(1, rule.clone()), None);
        world.revoke(id);
        assert_eq!(world.authorize(1, rule), Some(id + 1));
    }
}
