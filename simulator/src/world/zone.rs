//! Zones and what stands in them: pods, clusters, hosts, storage, physical networks.

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::World;
use super::clock::Moment;
use super::kind::Kind;
use super::table::Id;

/// A zone.
#[derive(Debug, Clone)]
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
}

/// A pod.
#[derive(Debug, Clone)]
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
}

/// A cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its pod.
    pub pod: Id,
    /// Its zone.
    pub zone: Id,
}

/// A host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its management address.
    pub address: Ipv4Addr,
    /// Its cluster.
    pub cluster: Id,
    /// Its pod.
    pub pod: Id,
    /// Its zone.
    pub zone: Id,
    /// Cores.
    pub cores: u32,
    /// MHz of each core.
    pub speed: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// When it was added.
    pub created: Moment,
}

/// Primary storage.
#[derive(Debug, Clone)]
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
}

/// Secondary storage.
#[derive(Debug, Clone)]
pub struct ImageStore {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Its zone.
    pub zone: Id,
}

/// A physical network.
#[derive(Debug, Clone)]
pub struct PhysicalNetwork {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: Id,
    /// The first VLAN of guest networks.
    pub first_vlan: u32,
    /// The last VLAN of guest networks.
    pub last_vlan: u32,
}

impl World {
    /// Adds a zone.
    pub fn add_zone(&mut self, name: &str, dns: &str, guest_cidr: Option<String>) -> Id {
        let uuid = self.name_row(Kind::Zone, self.zones.next_id());
        let token = self.ids.uuid();
        self.zones.insert(Zone {
            uuid,
            name: name.to_owned(),
            dns1: dns.to_owned(),
            dns2: None,
            internal_dns1: dns.to_owned(),
            guest_cidr,
            network_type: "Advanced".to_owned(),
            enabled: true,
            security_groups: false,
            local_storage: false,
            token,
        })
    }

    /// Adds a pod.
    pub fn add_pod(&mut self, zone: Id, name: &str, gateway: Ipv4Addr, start: Ipv4Addr, end: Ipv4Addr) -> Id {
        let uuid = self.name_row(Kind::Pod, self.pods.next_id());
        let netmask = Ipv4Addr::new(255, 255, 255, 0);
        self.pods.insert(Pod { uuid, name: name.to_owned(), zone, gateway, netmask, start, end })
    }

    /// Adds a cluster.
    pub fn add_cluster(&mut self, pod: Id, zone: Id, name: &str) -> Id {
        let uuid = self.name_row(Kind::Cluster, self.clusters.next_id());
        self.clusters.insert(Cluster { uuid, name: name.to_owned(), pod, zone })
    }

    /// Adds a host of the size that the reference's simulated agents have.
    pub fn add_host(&mut self, cluster: Id, address: Ipv4Addr) -> Id {
        let uuid = self.name_row(Kind::Host, self.hosts.next_id());
        let name = format!("SimulatedAgent.{}", self.ids.uuid());
        let (pod, zone) = self.clusters.get(cluster).map_or((0, 0), |cluster| (cluster.pod, cluster.zone));
        let created = self.now;
        self.hosts.insert(Host {
            uuid,
            name,
            address,
            cluster,
            pod,
            zone,
            cores: 4,
            speed: 8000,
            memory: 8 << 30,
            created,
        })
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
        })
    }

    /// Adds secondary storage.
    pub fn add_image_store(&mut self, zone: Id, url: &str) -> Id {
        let uuid = self.name_row(Kind::ImageStore, self.image_stores.next_id());
        self.image_stores.insert(ImageStore { uuid, name: url.to_owned(), url: url.to_owned(), zone })
    }

    /// Adds a physical network.
    pub fn add_physical_network(&mut self, zone: Id, name: &str, first_vlan: u32, last_vlan: u32) -> Id {
        let uuid = self.name_row(Kind::PhysicalNetwork, self.physical_networks.next_id());
        self.physical_networks.insert(PhysicalNetwork {
            uuid,
            name: name.to_owned(),
            zone,
            first_vlan,
            last_vlan,
        })
    }

    /// The zones that may hold things.
    pub fn enabled_zones(&self) -> impl Iterator<Item = (Id, &Zone)> {
        self.zones.iter().filter(|(_, zone)| zone.enabled)
    }
}
