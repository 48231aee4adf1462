//! Volumes.

use crate::quirk::Quirk;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::SYSTEM;
use super::clock::Moment;
use super::event::{Deed, EventState, NewEvent};
use super::kind::{Handle, Kind};
use super::table::Id;
use super::virtual_machine::Plan;
use super::{Owner, World};

/// The state of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum VolumeState {
    /// Not on any storage yet.
    Allocated,
    /// Usable.
    Ready,
    /// Being attached for the first time.
    Attaching,
    /// Changing its size.
    Resizing,
    /// A snapshot of it is being taken (SNP-006).
    Snapshotting,
    /// Thrown away, but recoverable.
    Destroy,
    /// Gone; only the job that removed it still shows it.
    Expunged,
}

impl VolumeState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allocated => "Allocated",
            Self::Ready => "Ready",
            Self::Attaching => "Attaching",
            Self::Resizing => "Resizing",
            Self::Snapshotting => "Snapshotting",
            Self::Destroy => "Destroy",
            Self::Expunged => "Expunged",
        }
    }
}

/// A volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
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
    /// The machine that it is attached to, and its slot there; written by [`World::place_volume`].
    pub attached: Option<(Id, u32)>,
    /// Since when it is attached.
    pub attached_at: Option<Moment>,
    /// The template that it was made from.
    pub template: Option<Id>,
    /// The disk offering of a data volume.
    pub disk_offering: Option<Id>,
    /// The snapshot that it was made from.
    pub snapshot: Option<Id>,
    /// The primary storage that holds it.
    pub pool: Option<Id>,
    /// The name of its file: drawn for root volumes, else its name.
    pub path: String,
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
        // The disk offering behind a compute offering is told only if it was there before.
        let behind = self.service_offerings.get(machine.offering).map(|offering| offering.disk_offering);
        let is_own = |id: &Id| self.disk_offerings.get(*id).is_some_and(|row| !row.compute_only);
        let disk_offering = behind.filter(is_own);
        let uuid = self.name_row(Kind::Volume, self.volumes.next_id());
        let path = self.ids.uuid().to_string();
        let created = self.now;
        let id = self.volumes.insert(Volume {
            uuid,
            name: format!("ROOT-{machine_id}"),
            owner,
            zone,
            is_root: true,
            attached: None,
            attached_at: None,
            template: Some(template),
            disk_offering,
            snapshot: None,
            pool: None,
            path,
            size,
            state: VolumeState::Allocated,
            delete_protection: false,
            created,
        });
        self.place_volume(id, machine_id, 0);
        Some(id)
    }

    /// Tells that a machine was given its root volume; the event belongs to no chain (EVT-007).
    pub fn record_root_volume(&mut self, machine: Id, user: Id, owner: Owner) {
        let text = "Successfully created entity for creating ROOT volume. Volume Type: ROOTVolume Id:";
        self.record_root(
            machine,
            Deed { user, owner, root: None },
            "VOLUME.CREATE",
            EventState::Created,
            text,
        );
    }

    /// Tells that an expunged machine loses its root volume.
    pub(super) fn record_lost_volumes(&mut self, machine: Id) {
        let server = Deed { user: SYSTEM, owner: self.owner_of(SYSTEM), root: None };
        let deed = self.deed.unwrap_or(server);
        let text = "Successfully completed destroying a volume. Volume Type: ROOT Volume Id:";
        self.record_root(machine, deed, "VOLUME.DESTROY", EventState::Completed, text);
    }

    fn record_root(&mut self, machine: Id, deed: Deed, event_type: &str, state: EventState, text: &str) {
        let is_root = |id: &Id| self.volumes.get(*id).is_some_and(|volume| volume.is_root);
        let Some(id) = self.volumes_of(machine).into_iter().find(is_root) else { return };
        let uuid = self.volumes.get(id).map(|row| row.uuid).unwrap_or_default();
        let of = self.virtual_machines.get(machine).map(|row| row.uuid).unwrap_or_default();
        if self.sins(Quirk::EventsAreNotRecorded) {
            return;
        }
        self.record(NewEvent {
            user: deed.user,
            owner: deed.owner,
            event_type,
            state,
            is_error: false,
            description: format!("{text} {uuid} Vm Id: {of}"),
            parent: deed.root.filter(|_| !self.sins(Quirk::EventsHaveNoParent)),
            about: Some(Handle { kind: Kind::Volume, id }),
        });
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
        let is_ready = self.sins(Quirk::NewVolumesAreReady);
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
            snapshot: None,
            pool: None,
            path: name.to_owned(),
            size,
            state: if is_ready { VolumeState::Ready } else { VolumeState::Allocated },
            delete_protection: false,
            created,
        })
    }

    /// Makes a data volume from a snapshot, on storage at once (VOL-001).
    pub fn add_volume_from_snapshot(
        &mut self,
        owner: Owner,
        snapshot: Id,
        name: Option<&str>,
        size: Option<u64>,
    ) -> Option<Id> {
        let source = self.snapshots.get(snapshot)?.clone();
        let uuid = self.name_row(Kind::Volume, self.volumes.next_id());
        let path = self.ids.uuid().to_string();
        let name = name.map_or_else(|| path.clone(), str::to_owned);
        let created = self.now;
        Some(self.volumes.insert(Volume {
            uuid,
            name,
            owner,
            zone: source.zone,
            is_root: false,
            attached: None,
            attached_at: None,
            template: None,
            disk_offering: source.disk_offering,
            snapshot: Some(snapshot),
            pool: None,
            path,
            size: size.unwrap_or(source.size),
            state: VolumeState::Allocated,
            delete_protection: false,
            created,
        }))
    }

    /// Puts a volume that was made from a snapshot on storage of its zone.
    pub fn fill_from_snapshot(&mut self, id: Id) {
        let Some(zone) = self.volumes.get(id).map(|row| row.zone) else { return };
        let cluster = self.clusters.iter().find(|(_, row)| row.zone == zone).map(|(id, _)| id);
        self.ready_volume(id, cluster);
    }

    /// The volumes of a machine, by slot.
    #[must_use]
    pub fn volumes_of(&self, machine: Id) -> Vec<Id> {
        let slots = self.slots.range((machine, 0, 0)..(machine + 1, 0, 0));
        slots.map(|(_, _, volume)| *volume).filter(|volume| self.volumes.get(*volume).is_some()).collect()
    }

    /// Holds a volume to a slot of a machine.
    pub fn place_volume(&mut self, id: Id, machine: Id, slot: u32) {
        self.displace_volume(id);
        if let Some(volume) = self.volumes.get_mut(id) {
            volume.attached = Some((machine, slot));
            self.slots.insert((machine, slot, id));
        }
    }

    /// Takes a volume out of its slot, if it has one.
    fn displace_volume(&mut self, id: Id) {
        if let Some((machine, slot)) = self.volumes.get_mut(id).and_then(|volume| volume.attached.take()) {
            self.slots.remove(&(machine, slot, id));
        }
    }

    /// Puts the volumes of a machine on the storage of its host's cluster.
    pub fn ready_volumes(&mut self, machine: Id, host: Option<Id>) {
        let cluster = host.and_then(|host| self.hosts.get(host)).map(|host| host.cluster);
        for id in self.volumes_of(machine) {
            self.ready_volume(id, cluster);
        }
    }

    /// Puts a volume that is on no storage yet on the first one of a cluster.
    pub fn ready_volume(&mut self, id: Id, cluster: Option<Id>) {
        let pool = self.storage_pools.iter().find(|(_, pool)| Some(pool.cluster) == cluster && pool.is_up());
        let pool = pool.map(|(id, _)| id);
        if let Some(volume) = self.volumes.get_mut(id)
            && matches!(volume.state, VolumeState::Allocated | VolumeState::Attaching)
        {
            volume.state = VolumeState::Ready;
            volume.pool = volume.pool.or(pool);
            if let (Some(template), Some(pool)) = (volume.template, volume.pool) {
                self.keep_template_on(template, pool);
            }
        }
    }

    /// The lowest slot of a machine that a data volume may take; 3 is for the ISO.
    #[must_use]
    pub fn free_slot(&self, machine: Id) -> u32 {
        let taken: Vec<u32> = self
            .volumes_of(machine)
            .into_iter()
            .filter_map(|id| self.volumes.get(id)?.attached.map(|(_, slot)| slot))
            .collect();
        (1..).find(|slot| *slot != 3 && !taken.contains(slot)).unwrap_or(u32::MAX)
    }

    /// Attaches a volume to a slot of a machine and gives it storage (VOL-002).
    pub fn attach_volume(&mut self, id: Id, machine: Id, slot: Option<u32>) {
        let slot = slot.unwrap_or_else(|| self.free_slot(machine));
        let cluster = self.root_cluster(machine).or_else(|| {
            let host = self.host_for(machine, Plan::default())?;
            self.hosts.get(host).map(|host| host.cluster)
        });
        self.ready_volume(id, cluster);
        let now = self.now;
        let stays = self.sins(Quirk::AttachedVolumesStayAllocated);
        self.place_volume(id, machine, slot);
        if let Some(volume) = self.volumes.get_mut(id) {
            if stays {
                volume.state = VolumeState::Allocated;
            }
            volume.attached_at = Some(now);
        }
    }

    /// Takes the data volumes off a machine that is thrown away (VM-030).
    pub fn detach_data_volumes(&mut self, machine: Id) {
        for id in self.volumes_of(machine) {
            if self.volumes.get(id).is_some_and(|volume| !volume.is_root) {
                self.detach_volume(id);
            }
        }
    }

    /// Takes a volume off its machine.
    pub fn detach_volume(&mut self, id: Id) {
        self.displace_volume(id);
        if let Some(volume) = self.volumes.get_mut(id) {
            volume.attached_at = None;
        }
    }

    /// Replaces the root volume of a machine by a new one from a template (VM-061). A volume that
    /// was on storage stays behind, destroyed; its place is on storage at once.
    pub fn renew_root_volume(&mut self, machine: Id, template: Option<Id>) -> Option<Id> {
        let old = self
            .volumes_of(machine)
            .into_iter()
            .find(|id| self.volumes.get(*id).is_some_and(|volume| volume.is_root))?;
        if let (Some(template), Some(row)) = (template, self.virtual_machines.get_mut(machine)) {
            row.template = template;
        }
        let was_ready = self.volumes.get(old)?.pool.is_some();
        let now = self.now;
        if was_ready {
            self.detach_volume(old);
            self.volumes.get_mut(old)?.state = VolumeState::Destroy;
        } else {
            self.remove_volume(old);
        }
        let id = self.add_root_volume(machine)?;
        self.volumes.get_mut(id)?.attached_at = Some(now);
        Some(id)
    }

    /// Removes a volume for good, with its policies; its snapshots survive.
    pub fn remove_volume(&mut self, id: Id) {
        let policies: Vec<Id> = self
            .snapshot_policies
            .iter()
            .filter(|(_, row)| row.volume == id)
            .map(|(policy, _)| policy)
            .collect();
        for policy in policies {
            self.snapshot_policies.remove(policy);
        }
        self.displace_volume(id);
        self.volumes.remove(id);
        self.forget_tags(Handle { kind: Kind::Volume, id });
    }

    /// Removes the root volume of a machine and lets its data volumes go.
    pub fn release_volumes(&mut self, machine: Id) {
        for id in self.volumes_of(machine) {
            if self.volumes.get(id).is_some_and(|volume| volume.is_root) {
                self.remove_volume(id);
            } else {
                self.detach_volume(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::preset;

    fn demo() -> (World, Id) {
        let (_, text) = preset::NAMED[0];
        let world = preset::build("demo", text, 7, Moment(0)).expect("the demo world is valid");
        let machine = world.virtual_machines.iter().next().map(|(id, _)| id).expect("a machine");
        (world, machine)
    }

    #[test]
    fn attaching_gives_storage_and_detaching_keeps_it() {
        let (mut world, machine) = demo();
        let owner = world.virtual_machines.get(machine).expect("it exists").owner;
        let id = world.add_data_volume(owner, 1, "data", 1, 1 << 30);
        assert_eq!(world.volumes.get(id).map(|volume| volume.state), Some(VolumeState::Allocated));
        let slot = world.free_slot(machine);
        world.attach_volume(id, machine, None);
        let volume = world.volumes.get(id).expect("it exists");
        assert_eq!((volume.state, volume.attached), (VolumeState::Ready, Some((machine, slot))));
        world.detach_volume(id);
        let volume = world.volumes.get(id).expect("it exists");
        assert_eq!((volume.state, volume.attached), (VolumeState::Ready, None));
        assert!(volume.pool.is_some());
    }

    #[test]
    fn a_restored_machine_has_another_root_volume() {
        let (mut world, machine) = demo();
        world.run_machine(machine);
        let old = world.volumes_of(machine)[0];
        let new = world.renew_root_volume(machine, None).expect("it has a root volume");
        assert_ne!(old, new);
        assert_eq!(world.volumes.get(old).map(|volume| volume.state), Some(VolumeState::Destroy));
        assert_eq!(world.volumes_of(machine)[0], new);
    }
}
