//! Volumes.

use uuid::Uuid;

use super::clock::Moment;
use super::kind::Kind;
use super::table::Id;
use super::{Owner, World};

/// The state of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeState {
    /// Not on any storage yet.
    Allocated,
    /// Usable.
    Ready,
    /// Thrown away, but recoverable.
    Destroy,
}

impl VolumeState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allocated => "Allocated",
            Self::Ready => "Ready",
            Self::Destroy => "Destroy",
        }
    }
}

/// A volume.
#[derive(Debug, Clone)]
pub struct Volume {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
    /// Its zone.
    pub zone: Id,
    /// Whether a machine boots from it.
    pub is_root: bool,
    /// The machine that it is attached to, and its slot there.
    pub attached: Option<(Id, u32)>,
    /// Since when it is attached.
    pub attached_at: Option<Moment>,
    /// The template that it was made from.
    pub template: Option<Id>,
    /// The disk offering of a data volume.
    pub disk_offering: Option<Id>,
    /// The primary storage that holds it.
    pub pool: Option<Id>,
    /// The name of its file.
    pub path: Option<Uuid>,
    /// Bytes.
    pub size: u64,
    /// Its state.
    pub state: VolumeState,
    /// Whether it may be deleted.
    pub delete_protection: bool,
    /// When it was created.
    pub created: Moment,
}

impl World {
    /// Adds the root volume of a new machine.
    pub fn add_root_volume(&mut self, machine_id: Id) -> Option<Id> {
        let machine = self.virtual_machines.get(machine_id)?;
        let (owner, zone, template) = (machine.owner, machine.zone, machine.template);
        let size = self.templates.get(template).map_or(0, |template| template.size);
        let uuid = self.name_row(Kind::Volume, self.volumes.next_id());
        let created = self.now;
        Some(self.volumes.insert(Volume {
            uuid,
            name: format!("ROOT-{machine_id}"),
            owner,
            zone,
            is_root: true,
            attached: Some((machine_id, 0)),
            attached_at: None,
            template: Some(template),
            disk_offering: None,
            pool: None,
            path: None,
            size,
            state: VolumeState::Allocated,
            delete_protection: false,
            created,
        }))
    }

    /// Adds a data volume that is not on any storage yet (VOL-001).
    pub fn add_data_volume(
        &mut self,
        owner: Owner,
        zone: Id,
        name: &str,
        disk_offering: Id,
        size: u64,
    ) -> Id {
        let uuid = self.name_row(Kind::Volume, self.volumes.next_id());
        let created = self.now;
        self.volumes.insert(Volume {
            uuid,
            name: name.to_owned(),
            owner,
            zone,
            is_root: false,
            attached: None,
            attached_at: None,
            template: None,
            disk_offering: Some(disk_offering),
            pool: None,
            path: None,
            size,
            state: VolumeState::Allocated,
            delete_protection: false,
            created,
        })
    }

    /// The volumes of a machine, by slot.
    #[must_use]
    pub fn volumes_of(&self, machine: Id) -> Vec<Id> {
        let mut attached: Vec<(u32, Id)> = self
            .volumes
            .iter()
            .filter_map(|(id, volume)| {
                let (holder, slot) = volume.attached?;
                (holder == machine).then_some((slot, id))
            })
            .collect();
        attached.sort_unstable();
        attached.into_iter().map(|(_, id)| id).collect()
    }

    /// Puts the volumes of a machine on the storage of its host's cluster.
    pub fn ready_root_volume(&mut self, machine: Id, host: Option<Id>) {
        let cluster = host.and_then(|host| self.hosts.get(host)).map(|host| host.cluster);
        let pool =
            self.storage_pools.iter().find(|(_, pool)| Some(pool.cluster) == cluster).map(|(id, _)| id);
        for id in self.volumes_of(machine) {
            let path = self.ids.uuid();
            if let Some(volume) = self.volumes.get_mut(id)
                && volume.state == VolumeState::Allocated
            {
                volume.state = VolumeState::Ready;
                volume.pool = pool;
                volume.path = Some(path);
            }
        }
    }

    /// Removes the root volume of a machine and lets its data volumes go.
    pub fn release_volumes(&mut self, machine: Id) {
        for id in self.volumes_of(machine) {
            if self.volumes.get(id).is_some_and(|volume| volume.is_root) {
                self.volumes.remove(id);
            } else if let Some(volume) = self.volumes.get_mut(id) {
                volume.attached = None;
                volume.attached_at = None;
            }
        }
    }
}
