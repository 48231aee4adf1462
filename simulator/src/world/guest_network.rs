//! What becomes of guest networks: who may use them, and when they are switched off.

use std::collections::BTreeSet;

use super::account::SYSTEM;
use super::event::{EventState, NewEvent};
use super::kind::{Handle, Kind};
use super::network::{Network, NetworkState};
use super::offering::GuestType;
use super::table::Id;
use super::virtual_machine::MachineState;
use super::{Owner, World};

impl World {
    /// Whether a network's own router gives its guests this service.
    #[must_use]
    pub fn routers_give(&self, network: &Network, service: &str) -> bool {
        self.services_of_routers(network).any(|name| name == service)
    }

    /// Who gives a service in a network; nobody if its offering has it not.
    #[must_use]
    pub fn provider_in(&self, network: &Network, service: &str) -> Option<&str> {
        self.network_offerings.get(network.offering)?.provider(service)
    }

    /// Whether a network has a router of its own: it has addresses, and a service of one.
    pub(super) fn needs_router(&self, network: &Network) -> bool {
        network.guest_type != GuestType::L2 && self.services_of_routers(network).next().is_some()
    }

    /// The services that a network has of routers of its own.
    fn services_of_routers(&self, network: &Network) -> impl Iterator<Item = &str> {
        let services = self.network_offerings.get(network.offering).into_iter().flat_map(|row| &row.services);
        services
            .filter(|(_, provider)| matches!(provider.as_str(), "VirtualRouter" | "VpcVirtualRouter"))
            .map(|(name, _)| name.as_str())
    }

    /// Whether an account may put machines into a network that it does not own: one of a domain that it is in, or one
    /// that it was given.
    #[must_use]
    pub fn may_use_network(&self, network: &Network, account: Id) -> bool {
        if network.permitted.contains(&account) {
            return true;
        }
        let Some(with_sub_domains) = network.subdomain_access else { return false };
        let Some(domain) = self.accounts.get(account).map(|row| row.domain) else { return false };
        domain == network.owner.domain || (with_sub_domains && self.is_within(domain, network.owner.domain))
    }

    /// The isolated networks of an account in a zone, tiers included.
    #[must_use]
    pub fn isolated_networks_of(&self, owner: Owner, zone: Id) -> Vec<Id> {
        let is_own =
            |row: &Network| row.owner == owner && row.zone == zone && row.guest_type == GuestType::Isolated;
        self.networks.iter().filter(|(_, row)| is_own(row)).map(|(id, _)| id).collect()
    }

    /// The networks that something on a host is in.
    fn busy_networks(&self) -> BTreeSet<Id> {
        let is_off = |state: MachineState| {
            matches!(
                state,
                MachineState::Stopped
                    | MachineState::Destroyed
                    | MachineState::Expunging
                    | MachineState::Error
            )
        };
        let on = self.virtual_machines.iter().filter(|(_, machine)| !is_off(machine.state));
        on.flat_map(|(_, machine)| machine.nics.iter().map(|nic| nic.network)).collect()
    }

    /// Switches the networks off that nobody has needed for `network.gc.wait` seconds (NET-001). Shared ones and those
    /// that live without machines stay.
    pub fn collect_idle_networks(&mut self) {
        let collectable = |row: &Network| {
            row.state == NetworkState::Implemented
                && row.guest_type != GuestType::Shared
                && !self.network_offerings.get(row.offering).is_some_and(|offering| offering.persistent)
        };
        let implemented: Vec<Id> =
            self.networks.iter().filter(|(_, row)| collectable(row)).map(|(id, _)| id).collect();
        if implemented.is_empty() {
            return;
        }
        let busy = self.busy_networks();
        let (wait, now) = (self.settings.number("network.gc.wait"), self.now);
        for id in implemented {
            let idle_since = self.networks.get(id).and_then(|row| row.idle_since);
            match (busy.contains(&id), idle_since) {
                (true, None) => {}
                (false, Some(since)) if since.plus_seconds(wait) > now => {}
                (is_busy, since) => {
                    let since = since.unwrap_or(now);
                    if let Some(row) = self.networks.get_mut(id) {
                        row.idle_since = (!is_busy).then_some(since);
                    }
                    if !is_busy && since.plus_seconds(wait) <= now {
                        self.switch_network_off(id);
                    }
                }
            }
        }
    }

    /// Replaces the routers of a network by fresh ones, as a restart with clean-up does.
    pub fn renew_router(&mut self, id: Id, user: Id) {
        let Some(network) = self.networks.get(id).filter(|network| network.routers().next().is_some()) else {
            return;
        };
        let (is_paired, gateway) = (network.redundant, network.subnet.map(|subnet| subnet.gateway));
        for kind in [Kind::Router, Kind::SecondRouter] {
            let router = Handle { kind, id };
            let Some(old) = self.router(router).map(|row| row.uuid) else { continue };
            let (uuid, created) = (self.ids.uuid(), self.now);
            let number = self.virtual_machines.next_id();
            // One that was alone and becomes one of two leaves the gateway's address to whichever leads.
            let own = self.free_guest_address(id).filter(|_| is_paired);
            self.change_router(router, |row| {
                (row.uuid, row.number, row.created) = (uuid, number, created);
                row.folders.clear();
                if gateway == Some(row.guest_address) {
                    row.guest_address = own.unwrap_or(row.guest_address);
                }
            });
            self.virtual_machines.start_at(number + 1);
            self.index.remove(&old);
            self.index.insert(uuid, router);
            self.tell_router(id, kind);
        }
        self.complete_pair(id);
        let Some(owner) = self.networks.get(id).map(|row| row.owner) else { return };
        let about = Some(Handle { kind: Kind::Network, id });
        let restart = self.events.iter().rev().find(|(_, event)| {
            event.event_type == "NETWORK.RESTART"
                && event.state == EventState::Scheduled
                && event.resource.as_ref().is_some_and(|subject| subject.handle == about)
        });
        let parent = restart.map(|(event, _)| event);
        for (state, words) in
            [(EventState::Started, "Stopping"), (EventState::Completed, "Successfully completed stopping")]
        {
            self.record(NewEvent {
                user,
                owner,
                event_type: "ROUTER.STOP",
                state,
                is_error: false,
                description: format!("{words} router Vm"),
                parent,
                about,
            });
        }
    }

    /// Takes router and VLAN away from a network, which keeps its public addresses.
    pub fn switch_network_off(&mut self, id: Id) {
        let Some(network) = self.networks.get_mut(id) else { return };
        let (owner, vlan, is_tier) = (network.owner, network.vlan.take(), network.vpc.is_some());
        network.state = NetworkState::Allocated;
        network.idle_since = None;
        network.second_leads = false;
        let routers = [network.router.take(), network.second_router.take()];
        // Those of a VPC are there for its other tiers, and for itself.
        for router in routers.into_iter().flatten().filter(|_| !is_tier) {
            self.index.remove(&router.uuid);
        }
        self.moves += 1;
        if vlan.is_some() {
            self.record(NewEvent {
                user: SYSTEM,
                owner,
                event_type: "ZONE.VLAN.RELEASE",
                state: EventState::Completed,
                is_error: false,
                description: format!("Released Zone Vnet: {} for Network: {id}", vlan.unwrap_or_default()),
                parent: None,
                about: Some(Handle { kind: Kind::Network, id }),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::Moment;
    use crate::world::preset;

    #[test]
    fn a_network_without_running_machines_is_switched_off_after_a_while() {
        let (_, text) = preset::NAMED[0];
        let mut world = preset::build("demo", text, 7, Moment(0)).expect("the demo world is valid");
        world.settings.set("network.gc.wait", "20").expect("a known setting");
        let found = world.virtual_machines.iter().find(|(_, machine)| machine.state == MachineState::Running);
        let (machine, network) =
            found.map(|(id, row)| (id, row.nics[0].network)).expect("the demo world has one that runs");
        let state = |world: &World| world.networks.get(network).map(|row| row.state);
        let others: Vec<Id> = world
            .virtual_machines
            .iter()
            .filter(|(_, row)| row.nics.iter().any(|nic| nic.network == network))
            .map(|(id, _)| id)
            .collect();
        world.collect_idle_networks();
        assert_eq!(state(&world), Some(NetworkState::Implemented));
        assert!(others.contains(&machine));
        for id in others {
            world.set_machine_state(id, MachineState::Stopped);
        }
        world.collect_idle_networks();
        assert_eq!(state(&world), Some(NetworkState::Implemented));
        world.now = world.now.plus_seconds(20);
        world.collect_idle_networks();
        assert_eq!(state(&world), Some(NetworkState::Allocated));
    }
}
