//! Load balancers: rules whose port leads to several machines (RUL-001).

use crate::quirk::Quirk;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::firewall::RuleState;
use super::kind::{Handle, Kind};
use super::table::Id;

/// What a load balancer does with the traffic of its port.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Balancing {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// How it chooses, `roundrobin`.
    pub algorithm: String,
    /// The port of the machines.
    pub private_port: i64,
    /// The protocol, if somebody said which.
    pub protocol: Option<String>,
    /// The machines behind it, by address.
    pub members: Vec<Member>,
    /// How it keeps clients at a machine.
    pub stickiness: Option<Stickiness>,
    /// The registered certificate that it shows.
    pub certificate: Option<Id>,
}

/// A machine behind a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The machine.
    pub machine: Id,
    /// Its address that the traffic goes to.
    pub address: Option<Ipv4Addr>,
}

/// How a load balancer keeps clients at a machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stickiness {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its internal number.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The method, `LbCookie`.
    pub method: String,
    /// The parameters of the method.
    pub params: Vec<(String, String)>,
    /// Whether users see it.
    pub display: bool,
}

impl World {
    /// Gives a load balancer a stickiness policy, in place of the one that it had.
    pub fn add_stickiness(&mut self, rule: Id, policy: Stickiness) -> Option<Id> {
        let id = self.last_stickiness_policy + 1;
        let uuid = self.name_row(Kind::StickinessPolicy, id);
        let balancing = self.firewall_rules.get_mut(rule)?.balancing.as_mut()?;
        let old = balancing.stickiness.replace(Stickiness { uuid, id, ..policy });
        self.last_stickiness_policy = id;
        if let Some(old) = old {
            self.index.remove(&old.uuid);
        }
        Some(id)
    }

    /// A stickiness policy and its rule.
    #[must_use]
    pub fn stickiness_policy(&self, id: Id) -> Option<(Id, &Stickiness)> {
        self.firewall_rules.iter().find_map(|(rule, row)| {
            let policy = row.balancing.as_ref()?.stickiness.as_ref()?;
            (policy.id == id).then_some((rule, policy))
        })
    }

    /// Takes a stickiness policy away; its identifier is forgotten.
    pub fn remove_stickiness(&mut self, id: Id) {
        let Some((rule, uuid)) = self.stickiness_policy(id).map(|(rule, policy)| (rule, policy.uuid)) else {
            return;
        };
        self.index.remove(&uuid);
        if let Some(balancing) = self.firewall_rules.get_mut(rule).and_then(|row| row.balancing.as_mut()) {
            balancing.stickiness = None;
        }
    }

    /// Puts a machine behind a load balancer; answers whether it was not there yet. The first one puts the rule in
    /// force.
    pub fn balance(&mut self, rule: Id, member: Member) -> bool {
        let stays = self.sins(Quirk::BalancersStayAdded);
        let Some(row) = self.firewall_rules.get_mut(rule) else { return false };
        let Some(balancing) = row.balancing.as_mut() else { return false };
        if balancing.members.contains(&member) {
            return false;
        }
        balancing.members.push(member);
        if !stays {
            row.state = RuleState::Active;
        }
        true
    }

    /// Takes a machine out of a load balancer.
    pub fn unbalance(&mut self, machine: Id, rule: Id) {
        if let Some(balancing) = self.firewall_rules.get_mut(rule).and_then(|row| row.balancing.as_mut()) {
            balancing.members.retain(|member| member.machine != machine);
        }
    }

    /// The load balancers that a machine is behind.
    pub fn balancers_of(&self, machine: Id) -> impl Iterator<Item = Handle> {
        let rules = self.firewall_rules.iter().filter(move |(_, row)| {
            let balancing = row.balancing.as_ref();
            balancing.is_some_and(|one| one.members.iter().any(|member| member.machine == machine))
        });
        rules.map(|(id, _)| Handle { kind: Kind::FirewallRule, id })
    }
}
