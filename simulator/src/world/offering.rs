//! Offerings: what machines, disks and networks may be ordered.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::clock::Moment;
use super::kind::Kind;
use super::reach::Reach;
use super::saved::form::{Word, word};
use super::table::Id;
use crate::catalog::network_offering;

/// Operations per second of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Operations {
    /// Whether the buyer chooses.
    pub customized: bool,
    /// The least and the most, unless the buyer chooses.
    pub limits: Option<(i64, i64)>,
}

/// A compute offering.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceOffering {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it is, in a line; guests read it as `service-offering` (MD-051).
    pub display_text: String,
    /// Cores, unless the buyer chooses.
    pub cores: Option<u32>,
    /// MHz of each core, unless the buyer chooses.
    pub speed: Option<u32>,
    /// MiB of memory, unless the buyer chooses.
    pub memory: Option<u32>,
    /// Whether machines are restarted after a failure.
    pub ha: bool,
    /// `shared` or `local`.
    pub storage_type: String,
    /// Whether it is for system machines, and for which.
    pub system_vm_type: Option<String>,
    /// Whether it came with the installation.
    pub default_use: bool,
    /// The disk offering behind it.
    pub disk_offering: Id,
    /// Tags that storage must have.
    pub storage_tags: Option<String>,
    /// Tags that a host must have.
    pub host_tags: Option<String>,
    /// What hypervisors are told besides, by name.
    pub details: Vec<(String, String)>,
    /// For whom and where it is.
    pub reach: Reach,
    /// Whether its disks are encrypted.
    pub encrypted: bool,
    /// Megabits per second of its network cards; 0 for no bound.
    pub network_rate: Option<i64>,
    /// Whether its machines may grow while they run.
    pub dynamic_scaling: bool,
    /// Whether a graphics card shows a picture; those that came with the installation say nothing.
    pub gpu_display: Option<bool>,
    /// How long its machines live, and what happens then.
    pub lease: Option<Lease>,
    /// When it was created.
    pub created: Moment,
    /// Whether it may be ordered.
    pub active: bool,
}

impl ServiceOffering {
    /// Cores, MHz and MiB; nothing where the buyer chooses.
    #[must_use]
    pub fn size(&self) -> (u32, u32, u32) {
        (self.cores.unwrap_or(0), self.speed.unwrap_or(0), self.memory.unwrap_or(0))
    }
}

/// How long a machine lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Days.
    pub days: i64,
    /// What happens then: `STOP` or `DESTROY`.
    pub action: String,
}

/// A disk offering.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DiskOffering {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub display_text: String,
    /// GiB; none if the buyer chooses.
    pub size: Option<u64>,
    /// `shared` or `local`.
    pub storage_type: String,
    /// Tags that storage must have.
    pub storage_tags: Option<String>,
    /// Whether it only serves a compute offering.
    pub compute_only: bool,
    /// For whom and where it is.
    pub reach: Reach,
    /// What was said of the operations per second, if anything.
    pub operations: Option<Operations>,
    /// Whether its disks are encrypted.
    pub encrypted: bool,
    /// `thin`, `sparse` or `fat`.
    pub provisioning_type: String,
    /// How the hypervisor caches writes, if that was said.
    pub cache_mode: Option<String>,
    /// How much and how often its disks are read and written, by the name on the wire.
    #[serde(deserialize_with = "word::pairs")]
    pub rates: Vec<(Word, i64)>,
    /// When it was created.
    pub created: Moment,
    /// Whether it may be ordered.
    pub active: bool,
}

/// The kind of a guest network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum GuestType {
    /// One account's, behind a router.
    Isolated,
    /// Many accounts'.
    Shared,
    /// A VLAN without services.
    L2,
}

impl GuestType {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Isolated => "Isolated",
            Self::Shared => "Shared",
            Self::L2 => "L2",
        }
    }

    /// The kind of a word, case ignored.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::Isolated, Self::Shared, Self::L2]
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(word))
    }
}

/// A network offering.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NetworkOffering {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub display_text: String,
    /// The kind of the networks.
    pub guest_type: GuestType,
    /// `Optional` or `Required`.
    pub availability: String,
    /// The tag of the physical networks that carry its networks.
    pub tags: Option<String>,
    /// The provider behind each service.
    pub services: Vec<(String, String)>,
    /// Whether networks have two routers each.
    pub redundant: bool,
    /// Whether each network has a load balancer of its own.
    pub dedicated_balancer: bool,
    /// How many connections a load balancer of its own takes at once.
    pub max_connections: Option<u64>,
    /// Whether the buyer names the VLAN.
    pub specify_vlan: bool,
    /// Whether the buyer names address ranges.
    pub specify_ranges: bool,
    /// Whether one address may serve several purposes.
    pub conserve_mode: bool,
    /// Whether networks live without machines.
    pub persistent: bool,
    /// Whether guests may reach out by default.
    pub egress_allowed: bool,
    /// Whether it is for tiers of a VPC.
    pub for_vpc: bool,
    /// Whether it balances load inside.
    pub internal_lb: bool,
    /// Whether NSX serves it.
    pub for_nsx: bool,
    /// Whether Tungsten serves it.
    pub for_tungsten: bool,
    /// `NATTED` or `ROUTED`, where the provider knows both.
    pub network_mode: Option<String>,
    /// Whether it came with the installation.
    pub is_default: bool,
    /// When it was created.
    pub created: Moment,
    /// Whether it may be ordered.
    pub enabled: bool,
}

/// What [`World::add_service_offering`] needs to know.
#[derive(Debug, Clone)]
pub struct NewServiceOffering {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub display_text: String,
    /// Cores.
    pub cores: Option<u32>,
    /// MHz of each core.
    pub speed: Option<u32>,
    /// MiB of memory.
    pub memory: Option<u32>,
    /// `shared` or `local`.
    pub storage_type: String,
    /// For which system machines.
    pub system_vm_type: Option<String>,
    /// The disk offering behind it, if there is one already.
    pub disk_offering: Option<Id>,
}

impl NetworkOffering {
    /// Who gives a service; nobody if it is not offered.
    #[must_use]
    pub fn provider(&self, service: &str) -> Option<&str> {
        self.services.iter().find(|(name, _)| name == service).map(|(_, provider)| provider.as_str())
    }

    /// Whether a service is offered.
    #[must_use]
    pub fn offers(&self, service: &str) -> bool {
        self.provider(service).is_some()
    }
}

impl World {
    /// Adds a compute offering and, where it has none, the disk offering behind it.
    pub fn add_service_offering(&mut self, new: NewServiceOffering) -> Id {
        let disk_offering = new.disk_offering.unwrap_or_else(|| {
            let id = self.add_disk_offering(&new.name, &new.display_text, Some(0), &new.storage_type);
            if let Some(disk) = self.disk_offerings.get_mut(id) {
                disk.compute_only = true;
            }
            id
        });
        let uuid = self.name_row(Kind::ServiceOffering, self.service_offerings.next_id());
        let created = self.now;
        self.service_offerings.insert(ServiceOffering {
            uuid,
            name: new.name,
            display_text: new.display_text,
            cores: new.cores,
            speed: new.speed,
            memory: new.memory,
            ha: false,
            storage_type: new.storage_type,
            system_vm_type: new.system_vm_type,
            default_use: false,
            disk_offering,
            storage_tags: None,
            host_tags: None,
            details: Vec::new(),
            reach: Reach::default(),
            encrypted: false,
            network_rate: None,
            dynamic_scaling: true,
            gpu_display: None,
            lease: None,
            created,
            active: true,
        })
    }

    /// Adds a disk offering.
    pub fn add_disk_offering(
        &mut self,
        name: &str,
        display_text: &str,
        size: Option<u64>,
        storage_type: &str,
    ) -> Id {
        let uuid = self.name_row(Kind::DiskOffering, self.disk_offerings.next_id());
        let created = self.now;
        self.disk_offerings.insert(DiskOffering {
            uuid,
            name: name.to_owned(),
            display_text: display_text.to_owned(),
            size,
            storage_type: storage_type.to_owned(),
            storage_tags: None,
            compute_only: false,
            reach: Reach::default(),
            operations: None,
            encrypted: false,
            provisioning_type: "thin".to_owned(),
            cache_mode: None,
            rates: Vec::new(),
            created,
            active: true,
        })
    }

    /// How many networks are of an offering.
    #[must_use]
    pub fn networks_of_offering(&self, id: Id) -> usize {
        self.networks.iter().filter(|(_, network)| network.offering == id).count()
    }

    /// Adds the network offerings that every installation has; the server's own six come before them.
    pub fn install_network_offerings(&mut self) {
        self.network_offerings.start_at(7);
        let created = self.now;
        for fact in network_offering::facts() {
            self.add_network_offering(NetworkOffering {
                uuid: Uuid::nil(),
                name: fact.name.clone(),
                display_text: fact.display_text.clone(),
                guest_type: GuestType::named(&fact.guest_type).unwrap_or(GuestType::Isolated),
                availability: fact.availability.clone(),
                tags: None,
                services: fact.services.clone(),
                redundant: false,
                dedicated_balancer: true,
                max_connections: None,
                specify_vlan: fact.specify_vlan,
                specify_ranges: fact.specify_ranges,
                conserve_mode: fact.conserve_mode,
                persistent: false,
                egress_allowed: fact.egress_allowed,
                for_vpc: fact.for_vpc,
                internal_lb: fact.internal_lb,
                for_nsx: fact.for_nsx,
                for_tungsten: fact.for_tungsten,
                network_mode: fact.network_mode.clone(),
                is_default: true,
                created,
                enabled: fact.enabled,
            });
        }
    }

    /// Adds a network offering.
    pub fn add_network_offering(&mut self, offering: NetworkOffering) -> Id {
        let uuid = self.name_row(Kind::NetworkOffering, self.network_offerings.next_id());
        self.network_offerings.insert(NetworkOffering { uuid, ..offering })
    }
}

#[cfg(test)]
mod tests {
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    #[test]
    fn an_offering_without_networks_is_not_in_use() {
        let world = preset::install(1, VIRTUAL_EPOCH);
        assert!(world.network_offerings.iter().all(|(id, _)| world.networks_of_offering(id) == 0));
    }
}
