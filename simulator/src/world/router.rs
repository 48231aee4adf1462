//! What becomes of the router of a network.

use super::World;
use super::table::Id;
use super::virtual_machine::{MachineState, VirtualMachine};

impl World {
    /// Puts the router of a network into a state.
    pub fn set_router_state(&mut self, network: Id, state: MachineState) {
        self.moves += 1;
        if let Some(router) = self.networks.get_mut(network).and_then(|network| network.router.as_mut()) {
            router.state = state;
        }
    }

    /// Starts the router of a network; its scripts are written anew.
    pub fn start_router(&mut self, network: Id) {
        let scripts = self.ids.uuid();
        if let Some(router) = self.networks.get_mut(network).and_then(|network| network.router.as_mut()) {
            router.scripts = scripts;
        }
        self.set_router_state(network, MachineState::Running);
    }

    /// Leaves a password of a machine with the router of its default card, until the guest has fetched it (PW-008).
    pub fn give_guest_password(&mut self, machine: Id, password: &str) {
        let nic = self.virtual_machines.get(machine).and_then(VirtualMachine::default_nic);
        if let Some((network, address)) = nic.and_then(|nic| Some((nic.network, nic.address?))) {
            self.guest_passwords.insert((network, address), password.to_owned());
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
