//! Rules of firewalls and of port forwarding (RUL-001, RUL-002).

use crate::quirk::Quirk;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::kind::{Handle, Kind};
use super::load_balancer::Balancing;
use super::table::Id;
use super::{Owner, World};

/// What a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Purpose {
    /// Lets traffic in at a public address.
    Ingress,
    /// Lets traffic out of a network.
    Egress,
    /// Leads a public port to a machine.
    PortForwarding,
    /// Spreads the traffic of a public port over machines.
    LoadBalancing,
    /// Keeps a port for an entrance of a VPN.
    Vpn,
    /// Lets traffic in to the machine that an address stands for.
    StaticNat,
    /// Lets IPv6 traffic into a network.
    Ipv6Ingress,
    /// Lets IPv6 traffic out of a network.
    Ipv6Egress,
    /// Lets traffic into a routed network.
    RoutedIngress,
    /// Lets traffic out of a routed network.
    RoutedEgress,
}

impl Purpose {
    /// Whether it is about traffic out of a network.
    #[must_use]
    pub fn is_egress(self) -> bool {
        matches!(self, Self::Egress | Self::Ipv6Egress | Self::RoutedEgress)
    }

    /// The word in upstream's texts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingress | Self::Egress | Self::RoutedIngress | Self::RoutedEgress => "Firewall",
            Self::Ipv6Ingress | Self::Ipv6Egress => "Ipv6Firewall",
            Self::StaticNat => "StaticNat",
            Self::PortForwarding => "PortForwarding",
            Self::LoadBalancing => "LoadBalancing",
            Self::Vpn => "Vpn",
        }
    }
}

/// The state of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum RuleState {
    /// Noted, and not to be applied.
    Staged,
    /// Not applied yet.
    Add,
    /// In force.
    Active,
    /// Being taken away; the internal name is `Revoke`.
    Deleting,
}

impl RuleState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Staged => "Staged",
            Self::Add => "Add",
            Self::Active => "Active",
            Self::Deleting => "Deleting",
        }
    }
}

/// A rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its identifier.
    pub uuid: Uuid,
    /// What it is for.
    pub purpose: Purpose,
    /// Whose it is.
    pub owner: Owner,
    /// Its network.
    pub network: Id,
    /// The public address, unless it is about traffic out of a network.
    pub address: Option<Id>,
    /// `tcp`, `udp`, `icmp` or `all`.
    pub protocol: String,
    /// The first and the last port.
    pub ports: Option<(i64, i64)>,
    /// The ICMP type and code.
    pub icmp: Option<(i64, i64)>,
    /// The ranges that the traffic comes from.
    pub sources: Vec<String>,
    /// The ranges that the traffic goes to.
    pub destinations: Vec<String>,
    /// The machine behind a forwarded port, its address and ports.
    pub target: Option<Target>,
    /// What a load balancer does.
    pub balancing: Option<Box<Balancing>>,
    /// Whether users see it.
    pub display: bool,
    /// Its state.
    pub state: RuleState,
}

/// Where a forwarded port leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The machine.
    pub machine: Id,
    /// Its address.
    pub address: Option<Ipv4Addr>,
    /// The first and the last port there.
    pub ports: (i64, i64),
}

impl Rule {
    /// A rule of somebody that is for nothing yet.
    #[must_use]
    pub fn of(owner: Owner) -> Self {
        Self {
            uuid: Uuid::nil(),
            purpose: Purpose::Ingress,
            owner,
            network: 0,
            address: None,
            protocol: String::new(),
            ports: None,
            icmp: None,
            sources: Vec::new(),
            destinations: Vec::new(),
            target: None,
            balancing: None,
            display: true,
            state: RuleState::Add,
        }
    }

    /// Whether two rules claim the same ports of the same address for the same purpose; a port leads to one machine or
    /// to several, not both.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        let overlap = match (self.ports, other.ports) {
            (Some((first, last)), Some((low, high))) => first <= high && low <= last,
            (None, None) => self.icmp == other.icmp,
            _ => false,
        };
        let leads = |rule: &Self| matches!(rule.purpose, Purpose::PortForwarding | Purpose::LoadBalancing);
        // What an entrance keeps is lost to port forwarding; firewalls open it.
        let meet = [self.purpose, other.purpose];
        let is_kept = meet.contains(&Purpose::Vpn) && meet.contains(&Purpose::PortForwarding);
        (self.purpose == other.purpose || is_kept || (leads(self) && leads(other)))
            && self.address == other.address
            && self.network == other.network
            && self.protocol == other.protocol
            && overlap
            && (self.address.is_some() || self.sources == other.sources)
    }
}

impl World {
    /// Adds a rule under a fresh identifier.
    pub fn add_rule(&mut self, rule: Rule) -> Id {
        let uuid = self.name_row(Kind::FirewallRule, self.firewall_rules.next_id());
        self.firewall_rules.insert(Rule { uuid, ..rule })
    }

    /// Puts a rule in force.
    pub fn apply_rule(&mut self, id: Id) {
        let stays = self.sins(Quirk::RulesStayAdded);
        if let Some(rule) = self.firewall_rules.get_mut(id).filter(|_| !stays) {
            rule.state = RuleState::Active;
        }
    }

    /// Removes a rule; its identifier is forgotten (REA-004).
    pub fn remove_rule(&mut self, id: Id) {
        if let Some(rule) = self.firewall_rules.remove(id) {
            if !self.sins(Quirk::RemovedRulesAreKnown) {
                self.index.remove(&rule.uuid);
            }
            self.forget_tags(Handle { kind: Kind::FirewallRule, id });
            if let Some(address) = rule.address {
                self.settle_vpc_address(address);
            }
        }
    }

    /// Takes a machine out of what leads to it, everywhere or in one network: forwarded ports and balanced load.
    pub fn forget_target(&mut self, machine: Id, only: Option<Id>) {
        let is_there = |rule: &Rule| only.is_none_or(|network| rule.network == network);
        let leading = self.firewall_rules.iter().filter(|(_, rule)| is_there(rule));
        let (balancing, other): (Vec<_>, Vec<_>) = leading.partition(|(_, rule)| rule.balancing.is_some());
        let balancing: Vec<Id> = balancing.into_iter().map(|(id, _)| id).collect();
        let gone: Vec<Id> = other
            .into_iter()
            .filter(|(_, rule)| rule.target.is_some_and(|target| target.machine == machine))
            .map(|(id, _)| id)
            .collect();
        for id in gone {
            self.remove_rule(id);
        }
        for id in balancing {
            self.unbalance(machine, id);
        }
    }

    /// Removes the rules of a public address or, without one, all of a network.
    pub fn remove_rules_of(&mut self, network: Option<Id>, address: Option<Id>) {
        let gone: Vec<Id> = self
            .firewall_rules
            .iter()
            .filter(|(_, rule)| {
                network.is_some_and(|network| rule.network == network)
                    || (address.is_some() && rule.address == address)
            })
            .map(|(id, _)| id)
            .collect();
        for id in gone {
            self.remove_rule(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(purpose: Purpose, ports: (i64, i64)) -> Rule {
        Rule {
            purpose,
            network: 1,
            address: Some(1),
            protocol: "tcp".to_owned(),
            ports: Some(ports),
            ..Rule::of(Owner { account: 2, domain: 1 })
        }
    }

    #[test]
    fn overlapping_ports_conflict_within_one_purpose() {
        let one = rule(Purpose::Ingress, (22, 22));
        assert!(one.conflicts(&rule(Purpose::Ingress, (20, 30))));
        assert!(!one.conflicts(&rule(Purpose::Ingress, (23, 30))));
        assert!(!one.conflicts(&rule(Purpose::PortForwarding, (20, 30))));
        assert!(!one.conflicts(&Rule { protocol: "udp".to_owned(), ..one.clone() }));
    }
}
