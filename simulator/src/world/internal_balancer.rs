//! Load balancers inside a VPC: an address of a tier that spreads traffic over machines.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::kind::{Handle, Kind};
use super::table::Id;
use super::{Owner, World};

/// A load balancer inside a VPC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InternalBalancer {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub description: Option<String>,
    /// Whose it is.
    pub owner: Owner,
    /// The tier of the machines.
    pub network: Id,
    /// The tier of its address.
    pub source_network: Id,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its port.
    pub source_port: i64,
    /// The port of the machines.
    pub instance_port: i64,
    /// `roundrobin`, `leastconn` or `source`.
    pub algorithm: String,
    /// Whether users see it.
    pub display: bool,
}

impl World {
    /// Adds a load balancer. It stays in `Add` as long as no machine is behind it (RUL-001).
    pub fn add_internal_balancer(&mut self, balancer: InternalBalancer) -> Id {
        let uuid = self.name_row(Kind::InternalBalancer, self.internal_balancers.next_id());
        self.internal_balancers.insert(InternalBalancer { uuid, ..balancer })
    }

    /// Removes a load balancer; its identifier is forgotten (REA-004).
    pub fn remove_internal_balancer(&mut self, id: Id) {
        if let Some(row) = self.internal_balancers.remove(id) {
            self.index.remove(&row.uuid);
            self.forget_tags(Handle { kind: Kind::InternalBalancer, id });
        }
    }

    /// Removes the load balancers of a tier.
    pub(super) fn remove_internal_balancers_of(&mut self, network: Id) {
        let gone: Vec<Id> = self
            .internal_balancers
            .iter()
            .filter(|(_, row)| row.network == network || row.source_network == network)
            .map(|(id, _)| id)
            .collect();
        for id in gone {
            self.remove_internal_balancer(id);
        }
    }
}
