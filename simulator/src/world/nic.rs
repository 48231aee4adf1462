//! Network cards that come, go and change while their machine lives.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::kind::Kind;
use super::table::Id;
use super::virtual_machine::{Nic, VirtualMachine};

/// A further address of a network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecondaryAddress {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its internal number.
    pub id: Id,
    /// The address.
    pub address: Ipv4Addr,
}

impl Nic {
    /// Whether an address is one of this card's.
    #[must_use]
    pub fn has_address(&self, address: Ipv4Addr) -> bool {
        self.address == Some(address) || self.secondary.iter().any(|one| one.address == address)
    }
}

impl World {
    /// A card and its machine.
    #[must_use]
    pub fn nic(&self, id: Id) -> Option<(Id, &Nic)> {
        self.virtual_machines
            .iter()
            .find_map(|(machine, row)| row.nics.iter().find(|nic| nic.id == id).map(|nic| (machine, nic)))
    }

    /// A card, to change it.
    pub fn nic_mut(&mut self, id: Id) -> Option<&mut Nic> {
        let (machine, _) = self.nic(id)?;
        self.virtual_machines.get_mut(machine)?.nics.iter_mut().find(|nic| nic.id == id)
    }

    /// A further address with its machine and card.
    #[must_use]
    pub fn secondary_address(&self, id: Id) -> Option<(Id, Id, SecondaryAddress)> {
        self.virtual_machines.iter().find_map(|(machine, row)| {
            row.nics.iter().find_map(|nic| {
                nic.secondary.iter().find(|one| one.id == id).map(|one| (machine, nic.id, *one))
            })
        })
    }

    /// Puts a card into a machine, in the lowest free slot; a running one is connected at once.
    pub fn plug_nic(&mut self, machine: Id, network: Id, address: Option<Ipv4Addr>, mac: Option<&str>) {
        let Some(row) = self.virtual_machines.get(machine) else { return };
        let is_on_a_host = row.host.is_some();
        let taken: Vec<u32> = row.nics.iter().map(|nic| nic.device).collect();
        let slot = (0..=u32::MAX).find(|slot| !taken.contains(slot)).unwrap_or(u32::MAX);
        if is_on_a_host {
            self.implement_network(network);
        }
        let mut nic = self.new_nic(network, address, usize::try_from(slot).unwrap_or(usize::MAX));
        if let Some(mac) = mac {
            mac.clone_into(&mut nic.mac);
        }
        if let Some(row) = self.virtual_machines.get_mut(machine) {
            nic.is_default = row.nics.is_empty();
            row.nics.push(nic);
            row.nics.sort_by_key(|nic| nic.device);
            self.moves += 1;
        }
        if is_on_a_host {
            self.tell_of_machine(machine);
        }
    }

    /// Takes a card out of its machine, with the rules that lead to it.
    pub fn unplug_nic(&mut self, id: Id) {
        let Some((machine, nic)) = self.nic(id) else { return };
        let (uuid, network, address) = (nic.uuid, nic.network, nic.address);
        let gone: Vec<Uuid> = nic.secondary.iter().map(|one| one.uuid).chain([uuid]).collect();
        for uuid in gone {
            self.index.remove(&uuid);
        }
        self.forget_target(machine, Some(network));
        if let Some(row) = self.virtual_machines.get_mut(machine) {
            row.nics.retain(|nic| nic.id != id);
            self.moves += 1;
        }
        if let Some(address) = address {
            self.forget_folder(network, address);
        }
    }

    /// Makes a card the one that its machine reaches out by; it takes the first slot, and the one that was there takes
    /// its.
    pub fn make_default(&mut self, id: Id) {
        let Some((machine, nic)) = self.nic(id) else { return };
        let device = nic.device;
        let Some(row) = self.virtual_machines.get_mut(machine) else { return };
        let first = row.default_nic().map_or(0, |nic| nic.device);
        for nic in &mut row.nics {
            if nic.id == id {
                (nic.is_default, nic.device) = (true, first);
            } else if nic.is_default {
                (nic.is_default, nic.device) = (false, device);
            }
        }
        row.nics.sort_by_key(|nic| nic.device);
        self.moves += 1;
    }

    /// Gives a card another address; what its router has for the old one goes with that.
    pub fn move_nic(&mut self, id: Id, address: Option<Ipv4Addr>) {
        let Some((machine, _)) = self.nic(id) else { return };
        let Some(nic) = self.nic_mut(id) else { return };
        let (network, old) = (nic.network, std::mem::replace(&mut nic.address, address));
        if let Some(old) = old.filter(|old| address != Some(*old)) {
            self.forget_folder(network, old);
            self.move_static_nat(machine, old, address);
        }
        self.moves += 1;
    }

    /// Gives a card a further address.
    pub fn add_secondary_address(&mut self, nic: Id, address: Ipv4Addr) -> Id {
        self.last_secondary_address += 1;
        let id = self.last_secondary_address;
        let uuid = self.name_row(Kind::SecondaryAddress, id);
        if let Some(nic) = self.nic_mut(nic) {
            nic.secondary.push(SecondaryAddress { uuid, id, address });
        }
        id
    }

    /// Takes a further address away.
    pub fn remove_secondary_address(&mut self, id: Id) {
        let Some((_, nic, one)) = self.secondary_address(id) else { return };
        self.index.remove(&one.uuid);
        if let Some(nic) = self.nic_mut(nic) {
            nic.secondary.retain(|one| one.id != id);
        }
    }

    /// The machines that have a card in a network.
    pub fn machines_in(&self, network: Id) -> impl Iterator<Item = (Id, &VirtualMachine)> {
        self.virtual_machines
            .iter()
            .filter(move |(_, machine)| machine.nics.iter().any(|nic| nic.network == network))
    }
}
