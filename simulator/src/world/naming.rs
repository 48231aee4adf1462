//! What things are called.

use super::World;
use super::kind::{Handle, Kind};

impl World {
    /// The name by which answers call a thing that they refer to; nothing if it has none or is gone.
    #[must_use]
    pub fn name_of(&self, thing: Handle) -> Option<&str> {
        let id = thing.id;
        match thing.kind {
            Kind::Domain => self.domains.get(id).map(|row| row.name.as_str()),
            Kind::Account => self.accounts.get(id).map(|row| row.name.as_str()),
            Kind::User => self.users.get(id).map(|row| row.username.as_str()),
            Kind::Project => self.projects.get(id).map(|row| row.name.as_str()),
            Kind::Zone => self.zones.get(id).map(|row| row.name.as_str()),
            Kind::Pod => self.pods.get(id).map(|row| row.name.as_str()),
            Kind::Cluster => self.clusters.get(id).map(|row| row.name.as_str()),
            Kind::Host => self.hosts.get(id).map(|row| row.name.as_str()),
            Kind::StoragePool => self.storage_pools.get(id).map(|row| row.name.as_str()),
            Kind::ImageStore => self.image_stores.get(id).map(|row| row.name.as_str()),
            Kind::PhysicalNetwork => self.physical_networks.get(id).map(|row| row.name.as_str()),
            Kind::ServiceOffering => self.service_offerings.get(id).map(|row| row.name.as_str()),
            Kind::DiskOffering => self.disk_offerings.get(id).map(|row| row.name.as_str()),
            Kind::NetworkOffering => self.network_offerings.get(id).map(|row| row.name.as_str()),
            Kind::GuestSystem => self.guest_systems.get(id).map(|row| row.description.as_str()),
            Kind::Template => self.template(id).map(|row| row.name.as_str()),
            Kind::Network => self.networks.get(id).map(|row| row.name.as_str()),
            Kind::VirtualMachine => self.virtual_machines.get(id).map(|row| row.name.as_str()),
            Kind::Volume => self.volumes.get(id).map(|row| row.name.as_str()),
            Kind::Snapshot => self.snapshots.get(id).map(|row| row.name.as_str()),
            Kind::UserData => self.user_data.get(id).map(|row| row.name.as_str()),
            kind => self.register.get(kind, id).map(|row| row.name.as_str()),
        }
    }
}
