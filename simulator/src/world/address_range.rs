//! Ranges of addresses besides the public ones: portable, of the storage network, of pods.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::kind::Kind;
use super::table::Id;

/// A first and a last address with the gateway and the mask of their network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The gateway.
    pub gateway: Ipv4Addr,
    /// The mask.
    pub netmask: Ipv4Addr,
    /// The first address.
    pub start: Ipv4Addr,
    /// The last address.
    pub end: Ipv4Addr,
}

impl Span {
    /// Whether two share an address.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

/// Addresses that may move between the zones of a region.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PortableRange {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its region.
    pub region: i64,
    /// Its VLAN, `vlan://50`.
    pub vlan: String,
    /// Its addresses.
    pub span: Span,
}

/// Addresses of the network between system machines and secondary storage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StorageRange {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its pod.
    pub pod: Id,
    /// Its VLAN.
    pub vlan: Option<i64>,
    /// Its addresses.
    pub span: Span,
}

/// More management addresses of a pod.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ManagementRange {
    /// Its VLAN, `vlan://50`.
    pub vlan: String,
    /// Whether only system machines get them.
    pub for_system_vms: bool,
    /// The first address.
    pub start: Ipv4Addr,
    /// The last address.
    pub end: Ipv4Addr,
}

/// A management address that an administrator took.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PodAddress {
    /// Its pod.
    pub pod: Id,
    /// The address.
    pub address: Ipv4Addr,
}

impl World {
    /// Adds portable addresses.
    pub fn add_portable_range(&mut self, region: i64, vlan: String, span: Span) -> Id {
        let uuid = self.name_row(Kind::PortableRange, self.portable_ranges.next_id());
        self.portable_ranges.insert(PortableRange { uuid, region, vlan, span })
    }

    /// Adds addresses of the storage network.
    pub fn add_storage_range(&mut self, pod: Id, vlan: Option<i64>, span: Span) -> Id {
        let uuid = self.name_row(Kind::StorageRange, self.storage_ranges.next_id());
        self.storage_ranges.insert(StorageRange { uuid, pod, vlan, span })
    }
}
