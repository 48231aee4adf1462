//! Zones and what stands in them: pods, clusters, hosts, storage, physical networks.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::address_range::ManagementRange;
use super::clock::Moment;
use super::kind::Kind;
use super::table::Id;
use super::virtual_machine::MachineState;

/// A zone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// The first resolver of guests.
    pub dns1: String,
    /// The second resolver of guests.
    pub dns2: Option<String>,
    /// The first resolver of system machines.
    pub internal_dns1: String,
    /// The second resolver of system machines.
    pub internal_dns2: Option<String>,
    /// The DNS suffix of its guest networks.
    pub domain: Option<String>,
    /// The range that isolated networks get.
    pub guest_cidr: Option<String>,
    /// `Advanced` or `Basic`.
    pub network_type: String,
    /// Whether things may be placed in it.
    pub enabled: bool,
    /// Whether security groups are offered.
    pub security_groups: bool,
    /// Whether volumes may live on hosts.
    pub local_storage: bool,
    /// The token of the console proxy.
    pub token: Uuid,
    /// The identifier of its public network.
    pub public_network: Uuid,
}

/// A pod.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pod {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: Id,
    /// The gateway of the management network.
    pub gateway: Ipv4Addr,
    /// The mask of the management network.
    pub netmask: Ipv4Addr,
    /// The first management address.
    pub start: Ipv4Addr,
    /// The last management address.
    pub end: Ipv4Addr,
    /// More management addresses.
    pub more: Vec<ManagementRange>,
    /// Whether things may be placed in it.
    pub enabled: bool,
}

/// A cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its pod.
    pub pod: Id,
    /// Its zone.
    pub zone: Id,
    /// Whether things may be placed in it.
    pub enabled: bool,
    /// Whether its hosts are looked after.
    pub managed: bool,
    /// How often its processors may be promised, as a text such as `1.0`.
    pub cpu_ratio: String,
    /// How often its memory may be promised.
    pub memory_ratio: String,
}

/// The state of primary storage (STP-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum PoolState {
    /// In use.
    Up,
    /// Takes nothing new.
    Disabled,
    /// Looked after.
    Maintenance,
}

impl PoolState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "Up",
            Self::Disabled => "Disabled",
            Self::Maintenance => "Maintenance",
        }
    }
}

/// Primary storage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StoragePool {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its cluster.
    pub cluster: Id,
    /// Its pod.
    pub pod: Id,
    /// Its zone.
    pub zone: Id,
    /// The address of the server behind it.
    pub server: String,
    /// The path on that server.
    pub path: String,
    /// Bytes.
    pub capacity: u64,
    /// When it was added.
    pub created: Moment,
    /// Its state.
    pub state: PoolState,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether the tags are a rule.
    pub is_tag_a_rule: bool,
}

impl StoragePool {
    /// Whether it takes new volumes.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.state == PoolState::Up
    }
}

/// Secondary storage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ImageStore {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Its zone; a store of the region has none.
    pub zone: Option<Id>,
    /// Who serves it, `NFS`.
    pub provider: String,
    /// Whether nothing may be written to it.
    pub read_only: bool,
}

impl World {
    /// Adds a zone.
    pub fn add_zone(&mut self, name: &str, dns: &str, guest_cidr: Option<String>) -> Id {
        let uuid = self.name_row(Kind::Zone, self.zones.next_id());
        let (token, public_network) = (self.ids.uuid(), self.ids.uuid());
        self.zones.insert(Zone {
            uuid,
            name: name.to_owned(),
            dns1: dns.to_owned(),
            dns2: None,
            internal_dns1: dns.to_owned(),
            internal_dns2: None,
            domain: None,
            guest_cidr,
            network_type: "Advanced".to_owned(),
            enabled: true,
            security_groups: false,
            local_storage: false,
            token,
            public_network,
        })
    }

    /// Adds a pod.
    pub fn add_pod(&mut self, zone: Id, name: &str, gateway: Ipv4Addr, start: Ipv4Addr, end: Ipv4Addr) -> Id {
        let uuid = self.name_row(Kind::Pod, self.pods.next_id());
        let netmask = Ipv4Addr::new(255, 255, 255, 0);
        self.pods.insert(Pod {
            uuid,
            name: name.to_owned(),
            zone,
            gateway,
            netmask,
            start,
            end,
            more: Vec::new(),
            enabled: true,
        })
    }

    /// Adds a cluster.
    pub fn add_cluster(&mut self, pod: Id, zone: Id, name: &str) -> Id {
        let uuid = self.name_row(Kind::Cluster, self.clusters.next_id());
        let ratio = |setting: &str| decimal(self.settings.text(setting));
        let cpu_ratio = ratio("cpu.overprovisioning.factor");
        let memory_ratio = ratio("mem.overprovisioning.factor");
        let (name, enabled, managed) = (name.to_owned(), true, true);
        self.clusters.insert(Cluster { uuid, name, pod, zone, enabled, managed, cpu_ratio, memory_ratio })
    }

    /// Adds primary storage of the size that the reference's simulated pools have.
    pub fn add_storage_pool(&mut self, cluster: Id, name: &str, server: &str, path: &str) -> Id {
        let uuid = self.name_row(Kind::StoragePool, self.storage_pools.next_id());
        let (pod, zone) = self.clusters.get(cluster).map_or((0, 0), |cluster| (cluster.pod, cluster.zone));
        let created = self.now;
        self.storage_pools.insert(StoragePool {
            uuid,
            name: name.to_owned(),
            cluster,
            pod,
            zone,
            server: server.to_owned(),
            path: path.to_owned(),
            capacity: 1 << 40,
            created,
            state: PoolState::Up,
            tags: Vec::new(),
            is_tag_a_rule: false,
        })
    }

    /// Adds secondary storage, named as its place is.
    pub fn add_image_store(&mut self, zone: Option<Id>, url: &str) -> Id {
        let uuid = self.name_row(Kind::ImageStore, self.image_stores.next_id());
        self.image_stores.insert(ImageStore {
            uuid,
            name: url.to_owned(),
            url: url.to_owned(),
            zone,
            provider: "NFS".to_owned(),
            read_only: false,
        })
    }

    /// The zones that may hold things.
    pub fn enabled_zones(&self) -> impl Iterator<Item = (Id, &Zone)> {
        self.zones.iter().filter(|(_, zone)| zone.enabled)
    }

    /// Puts primary storage into maintenance: what runs from it stops.
    pub fn rest_pool(&mut self, id: Id) {
        let machines: Vec<Id> = self
            .volumes
            .iter()
            .filter(|(_, volume)| volume.pool == Some(id))
            .filter_map(|(_, volume)| volume.attached.map(|(machine, _)| machine))
            .collect();
        for machine in machines {
            if self.virtual_machines.get(machine).is_some_and(|row| row.state == MachineState::Running) {
                self.set_machine_state(machine, MachineState::Stopped);
            }
        }
        if let Some(pool) = self.storage_pools.get_mut(id) {
            pool.state = PoolState::Maintenance;
        }
    }
}

/// A number as upstream shows a decimal one: `2` is `2.0`.
#[must_use]
pub fn decimal(text: &str) -> String {
    text.parse::<f64>().map_or_else(|_| text.to_owned(), |number| format!("{number:?}"))
}
