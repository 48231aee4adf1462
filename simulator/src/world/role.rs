//! Roles and their rules: which commands an account may call (API-ACL-001 to -007).
//!
//! Whether a caller *is* allowed is decided in [`crate::api::access`].

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::kind::Kind;
use super::table::Id;
use crate::catalog::RoleType;
use crate::quirk::Quirk;

/// A role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its type.
    pub role_type: RoleType,
    /// Whether it came with the installation.
    pub is_default: bool,
    /// Whether domain administrators see it.
    pub is_public: bool,
    /// Whether it may be given to accounts; those that have it keep what it allows.
    pub enabled: bool,
    /// Its rules in the order of evaluation.
    pub rules: Vec<Id>,
}

/// A rule of a role (API-ACL-005).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleRule {
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

/// Whether a rule speaks of a command: `*` stands for any run of letters, digits and `_`, case is
/// ignored, the whole name counts (API-ACL-005).
#[must_use]
pub fn matches(rule: &str, command: &str) -> bool {
    wildcard(rule.as_bytes(), command.as_bytes())
}

fn wildcard(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|skip| wildcard(rest, &name[skip..])),
        Some((first, rest)) => name
            .split_first()
            .is_some_and(|(head, tail)| head.eq_ignore_ascii_case(first) && wildcard(rest, tail)),
    }
}

/// Whether a text may be a rule: letters, digits and `*` only.
#[must_use]
pub fn is_rule(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'*')
}

/// The role type with a name, compared ignoring case as upstream does.
#[must_use]
pub fn role_type_named(name: &str) -> Option<RoleType> {
    RoleType::ALL.into_iter().find(|role| role.name().eq_ignore_ascii_case(name))
}

impl World {
    /// Adds a role without rules.
    pub fn add_role(
        &mut self,
        name: &str,
        description: Option<String>,
        role_type: RoleType,
        is_public: bool,
    ) -> Id {
        let uuid = self.name_row(Kind::Role, self.roles.next_id());
        self.roles.insert(Role {
            uuid,
            name: name.to_owned(),
            description,
            role_type,
            is_default: false,
            is_public,
            enabled: true,
            rules: Vec::new(),
        })
    }

    /// Adds a rule behind those that a role has.
    pub fn add_role_rule(&mut self, role: Id, rule: &str, allow: bool, description: Option<String>) -> Id {
        let uuid = self.name_row(Kind::RolePermission, self.role_rules.next_id());
        let id = self.role_rules.insert(RoleRule { uuid, role, rule: rule.to_owned(), allow, description });
        if let Some(row) = self.roles.get_mut(role) {
            row.rules.push(id);
        }
        id
    }

    /// The rules of a role in the order of evaluation.
    pub fn rules_of(&self, role: &Role) -> impl Iterator<Item = &RoleRule> {
        role.rules.iter().filter_map(|id| self.role_rules.get(*id))
    }

    /// Whether a rule speaks of a command in this world.
    #[must_use]
    pub fn rule_speaks_of(&self, rule: &str, command: &str) -> bool {
        if self.sins(Quirk::RulesMatchParts) && matches(&format!("*{rule}*"), command) {
            return true;
        }
        let is_spelt_alike = || rule.split('*').all(|part| command.contains(part));
        matches(rule, command) && (!self.sins(Quirk::RulesAreExact) || is_spelt_alike())
    }

    /// Removes a rule; its identifier is forgotten.
    pub fn remove_role_rule(&mut self, id: Id) {
        if let Some(rule) = self.role_rules.remove(id) {
            self.index.remove(&rule.uuid);
            if let Some(role) = self.roles.get_mut(rule.role) {
                role.rules.retain(|other| *other != id);
            }
        }
    }

    /// Puts the rules of a role into another order; false if these are not all of its rules.
    pub fn order_role_rules(&mut self, role: Id, order: &[Id]) -> bool {
        let Some(row) = self.roles.get_mut(role) else { return false };
        let sorted = |ids: &[Id]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids
        };
        if sorted(&row.rules) != sorted(order) {
            return false;
        }
        row.rules = order.to_vec();
        true
    }

    /// Removes a role with its rules.
    pub fn remove_role(&mut self, id: Id) {
        if let Some(role) = self.roles.remove(id) {
            for rule in &role.rules {
                self.role_rules.remove(*rule);
            }
        }
    }

    /// Whether an account has a role.
    #[must_use]
    pub fn is_role_in_use(&self, id: Id) -> bool {
        self.accounts.iter().any(|(_, account)| account.role == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::VIRTUAL_EPOCH;

    #[test]
    fn rules_match_whole_names_ignoring_case() {
        for (pattern, name, expected) in [
            ("listZones", "LISTzones", true),
            ("list*", "listZones", true),
            ("list*", "relistZones", false),
            ("*Machine", "startVirtualMachine", true),
            ("*Machine", "listVirtualMachines", false),
            ("*", "anything", true),
            ("l*t*s", "listZones", true),
            ("list", "listZones", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn an_order_names_every_rule_once() {
        let mut world = World::blank(1, VIRTUAL_EPOCH);
        let role = world.add_role("r", None, RoleType::User, true);
        let one = world.add_role_rule(role, "list*", true, None);
        let two = world.add_role_rule(role, "*", false, None);
        assert!(!world.order_role_rules(role, &[two]));
        assert!(!world.order_role_rules(role, &[two, two]));
        assert!(world.order_role_rules(role, &[two, one]));
        let order: Vec<&str> = world
            .roles
            .get(role)
            .map(|row| world.rules_of(row).map(|rule| rule.rule.as_str()).collect())
            .unwrap_or_default();
        assert_eq!(order, ["*", "list*"]);
        world.remove_role(role);
        assert!(world.role_rules.is_empty());
    }

    #[test]
    fn rules_are_names_and_wildcards() {
        assert!(is_rule("list*") && is_rule("*"));
        assert!(!is_rule("bad rule!") && !is_rule("list-x?") && !is_rule(""));
    }
}
