//! What becomes of the router of a network.

use super::World;
use super::table::Id;
use super::virtual_machine::{MachineState, Nic};
use crate::quirk::Quirk;

impl World {
    /// Puts the router of a network into a state.
    pub fn set_router_state(&mut self, network: Id, state: MachineState) {
        self.moves += 1;
        if let Some(router) = self.networks.get_mut(network).and_then(|network| network.router.as_mut()) {
            router.state = state;
        }
    }

    /// Starts the router of a network; its scripts are written anew, and it is told of its guests.
    pub fn start_router(&mut self, network: Id) {
        let scripts = self.ids.uuid();
        if let Some(router) = self.networks.get_mut(network).and_then(|network| network.router.as_mut()) {
            router.scripts = scripts;
        }
        self.set_router_state(network, MachineState::Running);
        self.tell_of_network(network);
        if self.sins(Quirk::PasswordsDieWithTheRouter) {
            let is_there = |nic: &Nic| nic.network == network;
            let guests = self.virtual_machines.iter().filter(|(_, row)| row.nics.iter().any(is_there));
            for id in guests.map(|(id, _)| id).collect::<Vec<Id>>() {
                if let Some(machine) = self.virtual_machines.get_mut(id) {
                    machine.guest_password = None;
                }
            }
        }
    }

    /// Takes the router of a network away; the next machine that starts brings another.
    pub fn remove_router(&mut self, network: Id) {
        self.moves += 1;
        if let Some(row) = self.networks.get_mut(network) {
            row.router = None;
        }
    }
}
