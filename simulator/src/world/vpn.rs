//! Virtual private networks: between sites, and for users far away (VPC-001).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Moment;
use super::firewall::{Purpose, Rule, RuleState};
use super::kind::Kind;
use super::table::Id;
use super::{Owner, World};

/// The near end of connections between sites: a public address of a VPC.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VpnGateway {
    /// Its identifier.
    pub uuid: Uuid,
    /// Whose it is.
    pub owner: Owner,
    /// Its VPC.
    pub vpc: Id,
    /// Its public address.
    pub address: Id,
    /// Whether users see it.
    pub display: bool,
}

/// The far end of connections between sites, as somebody described it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomerGateway {
    /// Its identifier.
    pub uuid: Uuid,
    /// Whose it is.
    pub owner: Owner,
    /// What was said of it.
    pub terms: VpnTerms,
}

/// What somebody says of the far end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VpnTerms {
    /// Its name.
    pub name: String,
    /// Its address or host name.
    pub gateway: String,
    /// The ranges behind it, with commas between them.
    pub cidrs: String,
    /// The secret that both ends know.
    pub secret: String,
    /// How keys are exchanged.
    pub ike_policy: String,
    /// How traffic is protected.
    pub esp_policy: String,
    /// How long keys of the exchange live, in seconds.
    pub ike_lifetime: i64,
    /// How long keys of the traffic live, in seconds.
    pub esp_lifetime: i64,
    /// Whether a dead peer is noticed.
    pub detects_dead_peers: bool,
    /// Whether packets are always wrapped for address translation.
    pub force_encapsulation: bool,
    /// Whether each range has a connection of its own.
    pub split_connections: bool,
    /// `ike`, `ikev1` or `ikev2`.
    pub ike_version: String,
}

/// The state of a connection between sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ConnectionState {
    /// Not begun.
    Pending,
    /// Waiting for the other side.
    Connecting,
    /// Taken down, or left to the other side to begin.
    Disconnected,
}

impl ConnectionState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Connecting => "Connecting",
            Self::Disconnected => "Disconnected",
        }
    }
}

/// A connection between sites.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VpnConnection {
    /// Its identifier.
    pub uuid: Uuid,
    /// Whose it is.
    pub owner: Owner,
    /// The near end.
    pub gateway: Id,
    /// The far end.
    pub customer: Id,
    /// Whether the other side begins.
    pub passive: bool,
    /// Its state.
    pub state: ConnectionState,
    /// Whether users see it.
    pub display: bool,
    /// When it was created.
    pub created: Moment,
}

/// An entrance for users far away: a public address that lets them into a network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RemoteAccessVpn {
    /// Its identifier.
    pub uuid: Uuid,
    /// Whose it is.
    pub owner: Owner,
    /// The public address.
    pub address: Id,
    /// The network behind it, unless it is a VPC.
    pub network: Option<Id>,
    /// The addresses of those who come in.
    pub range: String,
    /// The secret that they must know.
    pub secret: String,
    /// Whether it works.
    pub running: bool,
    /// Whether users see it.
    pub display: bool,
}

/// Somebody who may come in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VpnUser {
    /// Their identifier.
    pub uuid: Uuid,
    /// Whose guest they are.
    pub owner: Owner,
    /// Their name.
    pub name: String,
    /// Whether an entrance knows them.
    pub active: bool,
}

/// The ports of an entrance.
pub const VPN_PORTS: [i64; 3] = [500, 1701, 4500];

impl World {
    /// Adds the near end of connections.
    pub fn add_vpn_gateway(&mut self, gateway: VpnGateway) -> Id {
        let uuid = self.name_row(Kind::VpnGateway, self.vpn_gateways.next_id());
        self.vpn_gateways.insert(VpnGateway { uuid, ..gateway })
    }

    /// Adds the far end of connections.
    pub fn add_customer_gateway(&mut self, owner: Owner, terms: VpnTerms) -> Id {
        let uuid = self.name_row(Kind::CustomerGateway, self.customer_gateways.next_id());
        self.customer_gateways.insert(CustomerGateway { uuid, owner, terms })
    }

    /// Adds a connection between sites that has not begun.
    pub fn add_vpn_connection(&mut self, connection: VpnConnection) -> Id {
        let uuid = self.name_row(Kind::VpnConnection, self.vpn_connections.next_id());
        let created = self.now;
        self.vpn_connections.insert(VpnConnection { uuid, created, ..connection })
    }

    /// Begins a connection, again if need be: the other side of a simulated one never answers.
    pub fn start_vpn_connection(&mut self, id: Id) {
        if let Some(row) = self.vpn_connections.get_mut(id) {
            row.state = if row.passive { ConnectionState::Disconnected } else { ConnectionState::Connecting };
        }
    }

    /// Adds an entrance for users, and keeps its ports from other uses.
    pub fn add_remote_access_vpn(&mut self, vpn: RemoteAccessVpn) -> Id {
        if let Some(network) = vpn.network {
            for port in VPN_PORTS {
                self.add_rule(vpn_rule(&vpn, network, port, Purpose::Vpn));
            }
        }
        let uuid = self.name_row(Kind::RemoteAccessVpn, self.remote_access_vpns.next_id());
        self.remote_access_vpns.insert(RemoteAccessVpn { uuid, ..vpn })
    }

    /// Opens the firewall for an entrance.
    pub fn open_firewall_for(&mut self, vpn: Id) {
        let Some(row) = self.remote_access_vpns.get(vpn).cloned() else { return };
        let Some(network) = row.network else { return };
        for port in VPN_PORTS {
            let rule = Rule {
                sources: vec!["0.0.0.0/0".to_owned()],
                state: RuleState::Active,
                ..vpn_rule(&row, network, port, Purpose::Ingress)
            };
            let is_open = self.firewall_rules.iter().any(|(_, other)| rule.conflicts(other));
            if !is_open {
                self.add_rule(rule);
            }
        }
    }

    /// The entrance at a public address.
    #[must_use]
    pub fn remote_access_vpn_at(&self, address: Id) -> Option<Id> {
        self.remote_access_vpns.iter().find(|(_, row)| row.address == address).map(|(id, _)| id)
    }

    /// Removes an entrance with the rules that it brought.
    pub fn remove_remote_access_vpn(&mut self, id: Id) {
        let Some(vpn) = self.remote_access_vpns.remove(id) else { return };
        self.index.remove(&vpn.uuid);
        let is_ours = |rule: &Rule| {
            rule.address == Some(vpn.address)
                && rule.protocol == "udp"
                && matches!(rule.purpose, Purpose::Vpn | Purpose::Ingress)
                && rule.ports.is_some_and(|(first, last)| first == last && VPN_PORTS.contains(&first))
        };
        let gone: Vec<Id> =
            self.firewall_rules.iter().filter(|(_, rule)| is_ours(rule)).map(|(rule, _)| rule).collect();
        for rule in gone {
            self.remove_rule(rule);
        }
    }

    /// Adds somebody who may come in.
    pub fn add_vpn_user(&mut self, owner: Owner, name: &str) -> Id {
        let uuid = self.name_row(Kind::VpnUser, self.vpn_users.next_id());
        self.vpn_users.insert(VpnUser { uuid, owner, name: name.to_owned(), active: false })
    }

    /// Removes somebody who might come in; the identifier is forgotten (REA-004).
    pub fn remove_vpn_user(&mut self, id: Id) {
        if let Some(row) = self.vpn_users.remove(id) {
            self.index.remove(&row.uuid);
        }
    }

    /// A VPN user of an account.
    #[must_use]
    pub fn vpn_user_named(&self, account: Id, name: &str) -> Option<Id> {
        let mut found =
            self.vpn_users.iter().filter(|(_, row)| row.owner.account == account && row.name == name);
        found.next().map(|(id, _)| id)
    }

    /// Removes the near ends and connections of a VPC.
    pub(super) fn remove_vpn_of_vpc(&mut self, vpc: Id) {
        let gateways: Vec<Id> =
            self.vpn_gateways.iter().filter(|(_, row)| row.vpc == vpc).map(|(id, _)| id).collect();
        let connections: Vec<Id> = self
            .vpn_connections
            .iter()
            .filter(|(_, row)| gateways.contains(&row.gateway))
            .map(|(id, _)| id)
            .collect();
        for connection in connections {
            self.vpn_connections.remove(connection);
        }
        for gateway in gateways {
            self.vpn_gateways.remove(gateway);
        }
    }

    /// Removes what an account has of VPNs outside its VPCs.
    pub(super) fn remove_vpn_of_account(&mut self, account: Id) {
        fn owned<T: Clone>(
            table: &super::table::Table<T>,
            account: Id,
            owner: impl Fn(&T) -> Owner,
        ) -> Vec<Id> {
            table.iter().filter(|(_, row)| owner(row).account == account).map(|(id, _)| id).collect()
        }
        for id in owned(&self.vpn_connections, account, |row| row.owner) {
            self.vpn_connections.remove(id);
        }
        for id in owned(&self.customer_gateways, account, |row| row.owner) {
            self.customer_gateways.remove(id);
        }
        for id in owned(&self.remote_access_vpns, account, |row| row.owner) {
            self.remove_remote_access_vpn(id);
        }
        for id in owned(&self.vpn_users, account, |row| row.owner) {
            self.remove_vpn_user(id);
        }
    }
}

/// A rule about a port of an entrance.
fn vpn_rule(vpn: &RemoteAccessVpn, network: Id, port: i64, purpose: Purpose) -> Rule {
    Rule {
        purpose,
        network,
        address: Some(vpn.address),
        protocol: "udp".to_owned(),
        ports: Some((port, port)),
        state: RuleState::Staged,
        ..Rule::of(vpn.owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    #[test]
    fn an_entrance_takes_its_rules_away_with_it() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let owner = Owner { account: 2, domain: 1 };
        let vpn = world.add_remote_access_vpn(RemoteAccessVpn {
            uuid: Uuid::nil(),
            owner,
            address: 1,
            network: Some(1),
            range: "10.1.2.2-10.1.2.8".to_owned(),
            secret: "secret".to_owned(),
            running: true,
            display: true,
        });
        world.open_firewall_for(vpn);
        world.open_firewall_for(vpn);
        assert_eq!(world.firewall_rules.len(), 6);
        world.remove_remote_access_vpn(vpn);
        assert!(world.firewall_rules.is_empty());
        assert_eq!(world.remote_access_vpn_at(1), None);
    }
}
