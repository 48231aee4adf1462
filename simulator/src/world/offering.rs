//! Offerings: what machines, disks and networks may be ordered.

use uuid::Uuid;

use super::World;
use super::clock::Moment;
use super::kind::Kind;
use super::table::Id;

/// A compute offering.
#[derive(Debug, Clone)]
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
    /// When it was created.
    pub created: Moment,
    /// Whether it may be ordered.
    pub active: bool,
}

/// A disk offering.
#[derive(Debug, Clone)]
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
    /// When it was created.
    pub created: Moment,
    /// Whether it may be ordered.
    pub active: bool,
}

/// The kind of a guest network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

/// A network offering.
#[derive(Debug, Clone)]
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
    /// The provider behind each service.
    pub services: Vec<(String, String)>,
    /// Whether the buyer names the VLAN.
    pub specify_vlan: bool,
    /// Whether the buyer names address ranges.
    pub specify_ranges: bool,
    /// Whether networks live without machines.
    pub persistent: bool,
    /// Whether guests may reach out by default.
    pub egress_allowed: bool,
    /// Whether it is for tiers of a VPC.
    pub for_vpc: bool,
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
}

impl World {
    /// Adds a compute offering and the disk offering behind it.
    pub fn add_service_offering(&mut self, new: NewServiceOffering) -> Id {
        let disk_offering = self.add_disk_offering(&new.name, &new.display_text, Some(0), &new.storage_type);
        if let Some(disk) = self.disk_offerings.get_mut(disk_offering) {
            disk.compute_only = true;
        }
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
            created,
            active: true,
        })
    }

    /// Whether a network is of an offering.
    #[must_use]
    pub fn is_network_offering_in_use(&self, id: Id) -> bool {
        self.networks.iter().any(|(_, network)| network.offering == id)
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
        assert!(world.network_offerings.iter().all(|(id, _)| !world.is_network_offering_in_use(id)));
    }
}
