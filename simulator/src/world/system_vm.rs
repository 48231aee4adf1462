//! System machines: the console proxy and the secondary storage machine of each zone.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::account::SYSTEM;
use super::clock::Moment;
use super::kind::Kind;
use super::table::Id;
use super::virtual_machine::MachineState;

/// What a system machine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Duty {
    /// Shows consoles.
    ConsoleProxy,
    /// Serves secondary storage.
    SecondaryStorage,
}

impl Duty {
    /// The word on the wire, which its offering has, too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ConsoleProxy => "consoleproxy",
            Self::SecondaryStorage => "secondarystoragevm",
        }
    }

    /// The name of its kind in upstream's lists of jobs.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self {
            Self::ConsoleProxy => "ConsoleProxy",
            Self::SecondaryStorage => "SecondaryStorageVm",
        }
    }

    fn letter(self) -> char {
        match self {
            Self::ConsoleProxy => 'v',
            Self::SecondaryStorage => 's',
        }
    }
}

/// A system machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SystemVm {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name, `v-4-VM`.
    pub name: String,
    /// What it does.
    pub duty: Duty,
    /// Its internal number, shared with machines.
    pub number: Id,
    /// Its zone.
    pub zone: Id,
    /// Its pod.
    pub pod: Id,
    /// The host that it runs on.
    pub host: Option<Id>,
    /// Its state.
    pub state: MachineState,
    /// Its address on the pod's network.
    pub private_address: Option<Ipv4Addr>,
    /// Its public address.
    pub public_address: Option<Id>,
    /// Its offering.
    pub offering: Option<Id>,
    /// When it was made.
    pub created: Moment,
}

impl World {
    /// Makes the system machines that enabled zones lack (GRA-013). A zone gets them once it has a
    /// host that takes work, storage of both kinds and a public address.
    pub fn staff_zones(&mut self) {
        let zones: Vec<Id> = self.enabled_zones().map(|(id, _)| id).collect();
        for zone in zones {
            for duty in [Duty::SecondaryStorage, Duty::ConsoleProxy] {
                let is_staffed = self.system_vms.iter().any(|(_, row)| row.zone == zone && row.duty == duty);
                let stores = duty == Duty::ConsoleProxy
                    || self.image_stores.iter().any(|(_, row)| row.zone == Some(zone));
                if !is_staffed && stores {
                    let suffix = self.settings.text("instance.name").to_owned();
                    self.add_system_vm(zone, duty, &suffix);
                }
            }
        }
    }

    /// Makes a system machine that runs, if the zone can hold it. Its name ends as names did when the server
    /// was started.
    pub fn add_system_vm(&mut self, zone: Id, duty: Duty, suffix: &str) -> Option<Id> {
        if self.zones.get(zone)?.network_type == "Basic"
            || !self.storage_pools.iter().any(|(_, pool)| pool.zone == zone && pool.is_up())
        {
            return None;
        }
        let host = self.host_for_system_vm(zone, None)?;
        let pod = self.hosts.get(host)?.pod;
        let public_address = self.hold_address(self.owner_of(SYSTEM), zone, None, false)?;
        let private_address = self.free_pod_address(pod);
        let uuid = self.name_row(Kind::SystemVm, self.system_vms.next_id());
        let number = self.virtual_machines.next_id();
        self.virtual_machines.start_at(number + 1);
        let offering = self
            .service_offerings
            .iter()
            .find(|(_, row)| row.system_vm_type.as_deref() == Some(duty.name()))
            .map(|(id, _)| id);
        let name = format!("{}-{number}-{suffix}", duty.letter());
        let created = self.now;
        Some(self.system_vms.insert(SystemVm {
            uuid,
            name,
            duty,
            number,
            zone,
            pod,
            host: Some(host),
            state: MachineState::Running,
            private_address,
            public_address: Some(public_address),
            offering,
            created,
        }))
    }

    /// A host of a zone that takes work, another than the given one.
    #[must_use]
    pub fn host_for_system_vm(&self, zone: Id, other_than: Option<Id>) -> Option<Id> {
        self.hosts
            .iter()
            .filter(|(id, host)| host.zone == zone && self.takes_work(*id) && Some(*id) != other_than)
            .map(|(id, _)| id)
            .next()
    }

    /// Stops a system machine; it keeps its public address only.
    pub fn stop_system_vm(&mut self, id: Id) {
        if let Some(row) = self.system_vms.get_mut(id) {
            row.state = MachineState::Stopped;
            row.host = None;
            row.private_address = None;
        }
    }

    /// Starts a system machine, on a host of its zone. Says whether there was one.
    pub fn start_system_vm(&mut self, id: Id) -> bool {
        let Some(row) = self.system_vms.get(id) else { return false };
        let (zone, running) = (row.zone, row.host.is_some());
        if running {
            return true;
        }
        let Some(host) = self.host_for_system_vm(zone, None) else { return false };
        let pod = self.hosts.get(host).map_or(row.pod, |host| host.pod);
        let address = self.free_pod_address(pod);
        if let Some(row) = self.system_vms.get_mut(id) {
            (row.pod, row.host, row.private_address) = (pod, Some(host), address);
            row.state = MachineState::Running;
        }
        true
    }

    /// Removes a system machine; its zone makes another.
    pub fn remove_system_vm(&mut self, id: Id) {
        let address = self.system_vms.get(id).and_then(|row| row.public_address);
        if let Some(address) = address {
            self.release_address(address);
        }
        self.system_vms.remove(id);
    }

    /// Whether an address of a pod is in use.
    #[must_use]
    pub fn is_pod_address_taken(&self, address: Ipv4Addr) -> bool {
        self.hosts.iter().any(|(_, host)| host.address == address)
            || self.system_vms.iter().any(|(_, row)| row.private_address == Some(address))
            || self.pod_addresses.iter().any(|(_, row)| row.address == address)
    }

    /// The lowest address of a pod that nothing uses.
    #[must_use]
    pub fn free_pod_address(&self, pod: Id) -> Option<Ipv4Addr> {
        let row = self.pods.get(pod)?;
        (u32::from(row.start)..=u32::from(row.end))
            .map(Ipv4Addr::from)
            .find(|address| !self.is_pod_address_taken(*address))
    }
}
