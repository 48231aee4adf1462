//! Lists of network ACL rules: what tiers of a VPC let in and out (RUL-001).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::firewall::RuleState;
use super::kind::{Handle, Kind};
use super::table::Id;
use crate::quirk::Quirk;

/// The list that refuses everything; it came with the installation and belongs to no VPC.
pub const DEFAULT_DENY: Id = 1;
/// The list that allows everything; it came with the installation and belongs to no VPC.
pub const DEFAULT_ALLOW: Id = 2;

/// A list of rules.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AclList {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub description: Option<String>,
    /// Its VPC; one without is for all VPCs.
    pub vpc: Option<Id>,
    /// Whether users see it.
    pub display: bool,
}

/// A rule of a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AclItem {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its list.
    pub list: Id,
    /// Its place in the list; the lowest decides first.
    pub number: i64,
    /// `tcp`, `udp`, `icmp`, `all` or a number, as it was sent.
    pub protocol: Option<String>,
    /// The first and the last port.
    pub ports: Option<(i64, i64)>,
    /// The ICMP type and code.
    pub icmp: (Option<i64>, Option<i64>),
    /// The ranges of the other side.
    pub cidrs: Vec<String>,
    /// Whether it is about traffic that leaves the tier.
    pub egress: bool,
    /// Whether it lets traffic pass.
    pub allow: bool,
    /// Its state.
    pub state: RuleState,
    /// Whether users see it.
    pub display: bool,
    /// Why it is there.
    pub reason: Option<String>,
}

impl World {
    /// Adds an empty list.
    pub fn add_acl_list(&mut self, list: AclList) -> Id {
        let uuid = self.name_row(Kind::NetworkAcl, self.acl_lists.next_id());
        self.acl_lists.insert(AclList { uuid, ..list })
    }

    /// Adds a rule to its list.
    pub fn add_acl_item(&mut self, item: AclItem) -> Id {
        let uuid = self.name_row(Kind::NetworkAclItem, self.acl_items.next_id());
        self.acl_items.insert(AclItem { uuid, ..item })
    }

    /// The two lists that an installation brings, with their rules.
    pub(super) fn install_acl_lists(&mut self) {
        for (name, description, allow) in [
            ("default_deny", "Default Network ACL Deny All", false),
            ("default_allow", "Default Network ACL Allow All", true),
        ] {
            let list = self.add_acl_list(AclList {
                uuid: Uuid::nil(),
                name: name.to_owned(),
                description: Some(description.to_owned()),
                vpc: None,
                display: true,
            });
            for (number, egress) in [(1, false), (2, true)] {
                self.add_acl_item(AclItem {
                    uuid: Uuid::nil(),
                    list,
                    number,
                    protocol: Some("all".to_owned()),
                    ports: None,
                    icmp: (None, None),
                    cidrs: vec!["0.0.0.0/0".to_owned()],
                    egress,
                    allow,
                    state: RuleState::Active,
                    display: true,
                    reason: None,
                });
            }
        }
    }

    /// The rules of a list by their numbers.
    #[must_use]
    pub fn rules_of_acl(&self, list: Id) -> Vec<Id> {
        let mut rules: Vec<(i64, Id)> = self
            .acl_items
            .iter()
            .filter(|(_, item)| item.list == list)
            .map(|(id, item)| (item.number, id))
            .collect();
        rules.sort_unstable();
        rules.into_iter().map(|(_, id)| id).collect()
    }

    /// The rule that has a number in a list.
    #[must_use]
    pub fn acl_item_numbered(&self, list: Id, number: i64) -> Option<Id> {
        self.acl_items.iter().find(|(_, item)| item.list == list && item.number == number).map(|(id, _)| id)
    }

    /// The tiers that follow a list.
    pub fn tiers_of_acl(&self, list: Id) -> impl Iterator<Item = Id> {
        self.networks.iter().filter(move |(_, network)| network.acl == Some(list)).map(|(id, _)| id)
    }

    /// Puts a list in force: fresh rules become active.
    pub fn apply_acl(&mut self, list: Id) {
        if self.sins(Quirk::AclRulesStayAdded) {
            return;
        }
        for id in self.rules_of_acl(list) {
            if let Some(item) = self.acl_items.get_mut(id).filter(|item| item.state == RuleState::Add) {
                item.state = RuleState::Active;
            }
        }
    }

    /// Removes a rule; its identifier is forgotten (REA-004).
    pub fn remove_acl_item(&mut self, id: Id) {
        if let Some(item) = self.acl_items.remove(id) {
            if !self.sins(Quirk::RemovedAclRulesAreKnown) {
                self.index.remove(&item.uuid);
            }
            self.forget_tags(Handle { kind: Kind::NetworkAclItem, id });
        }
    }

    /// Removes a list with its rules.
    pub fn remove_acl_list(&mut self, id: Id) {
        for item in self.rules_of_acl(id) {
            self.remove_acl_item(item);
        }
        if let Some(list) = self.acl_lists.remove(id) {
            self.index.remove(&list.uuid);
            self.forget_tags(Handle { kind: Kind::NetworkAcl, id });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    #[test]
    fn an_installation_has_two_lists_of_two_rules() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let named = |id| world.acl_lists.get(id).map(|list| list.name.as_str());
        assert_eq!(
            (named(DEFAULT_DENY), named(DEFAULT_ALLOW)),
            (Some("default_deny"), Some("default_allow"))
        );
        assert_eq!(world.rules_of_acl(DEFAULT_ALLOW).len(), 2);
        assert!(world.acl_item_numbered(DEFAULT_DENY, 2).is_some());
        world.remove_acl_list(DEFAULT_ALLOW);
        assert_eq!((world.acl_lists.len(), world.acl_items.len()), (1, 2));
    }
}
