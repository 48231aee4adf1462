//! Which routers a network has, which of them serves, and what becomes of them.
//!
//! A network has one router, or a redundant pair: one leads and has the address of the gateway, the other has been told
//! the same and takes over when the first stops. A router is named by a [`Handle`] of one of three kinds.

use std::net::Ipv4Addr;

use super::World;
use super::kind::{Handle, Kind};
use super::network::{Network, Router};
use super::table::Id;
use super::virtual_machine::{MachineState, Nic};
use crate::quirk::Quirk;

impl Kind {
    /// Whether it is one of the three kinds of virtual routers.
    #[must_use]
    pub fn is_router(self) -> bool {
        matches!(self, Self::Router | Self::SecondRouter | Self::VpcRouter)
    }
}

impl Network {
    /// Whether it has two routers when it is in use.
    #[must_use]
    pub fn is_paired(&self) -> bool {
        self.redundant && self.vpc.is_none()
    }

    /// The routers that it has.
    pub fn routers(&self) -> impl Iterator<Item = &Router> {
        self.router.iter().chain(&self.second_router)
    }

    /// The same, to change them.
    pub fn routers_mut(&mut self) -> impl Iterator<Item = &mut Router> {
        self.router.iter_mut().chain(&mut self.second_router)
    }

    /// The router that its guests are served by: of a pair the one that leads. None if that does not run.
    #[must_use]
    pub fn serving_router(&self) -> Option<&Router> {
        let leader = if self.second_leads { &self.second_router } else { &self.router };
        leader.as_ref().filter(|router| router.serves())
    }

    /// Where its guests find the router that serves them: at its own address, or at the gateway's, which the leader of
    /// a pair has and where alone its DHCP server listens (DHCP-017; `CsDhcp.py`, `CsApp.py:52-56`). That is also what
    /// leases name: dnsmasq 2.90, configured so, calls itself by the gateway's address and not by its own.
    #[must_use]
    pub fn service_address(&self) -> Option<Ipv4Addr> {
        match self.subnet {
            Some(subnet) if self.is_paired() => self.routers().next().map(|_| subnet.gateway),
            _ => self.router.as_ref().map(|router| router.guest_address),
        }
    }

    /// What a router of the network is to the other one (RTR-001).
    #[must_use]
    pub fn redundant_state(&self, router: &Router) -> &'static str {
        if !self.is_paired() || router.state != MachineState::Running {
            return "UNKNOWN";
        }
        let leads = self.serving_router().is_some_and(|leader| leader.uuid == router.uuid);
        if leads { "PRIMARY" } else { "BACKUP" }
    }

    /// Where a router of this kind stands; that of a VPC stands where a network's only one does.
    pub(super) fn seat_mut(&mut self, kind: Kind) -> &mut Option<Router> {
        if kind == Kind::SecondRouter { &mut self.second_router } else { &mut self.router }
    }

    /// Lets the other of a pair lead if the one that does so far cannot.
    fn settle_lead(&mut self) {
        let serves = |router: &Option<Router>| router.as_ref().is_some_and(Router::serves);
        match (serves(&self.router), serves(&self.second_router)) {
            (true, false) => self.second_leads = false,
            (false, true) => self.second_leads = true,
            _ => {}
        }
    }
}

impl World {
    /// A router.
    #[must_use]
    pub fn router(&self, router: Handle) -> Option<&Router> {
        match router.kind {
            Kind::Router => self.networks.get(router.id)?.router.as_ref(),
            Kind::SecondRouter => self.networks.get(router.id)?.second_router.as_ref(),
            Kind::VpcRouter => self.vpcs.get(router.id)?.router.as_ref(),
            _ => None,
        }
    }

    /// The zone of a router.
    #[must_use]
    pub fn zone_of_router(&self, router: Handle) -> Option<Id> {
        match router.kind {
            Kind::VpcRouter => self.vpcs.get(router.id).map(|row| row.zone),
            _ => self.networks.get(router.id).map(|row| row.zone),
        }
    }

    /// The networks that a router is there for: one, or the tiers of a VPC that are in use.
    fn networks_of_router(&self, router: Handle) -> Vec<Id> {
        match router.kind {
            Kind::VpcRouter => self
                .tiers(router.id)
                .filter(|tier| self.networks.get(*tier).is_some_and(|row| row.router.is_some()))
                .collect(),
            _ => vec![router.id],
        }
    }

    /// Changes a router, that of a VPC in all its tiers.
    pub fn change_router(&mut self, router: Handle, change: impl Fn(&mut Router)) {
        if router.kind == Kind::VpcRouter {
            let row = self.vpcs.get_mut(router.id).and_then(|vpc| vpc.router.as_mut());
            row.into_iter().for_each(&change);
        }
        for network in self.networks_of_router(router) {
            let Some(network) = self.networks.get_mut(network) else { continue };
            network.seat_mut(router.kind).iter_mut().for_each(&change);
            network.settle_lead();
        }
    }

    /// Puts a router into a state.
    pub fn set_router_state(&mut self, router: Handle, state: MachineState) {
        self.moves += 1;
        self.change_router(router, |row| row.state = state);
    }

    /// Starts a router; its scripts are written anew, and it is told of its guests.
    pub fn start_router(&mut self, router: Handle) {
        let scripts = self.ids.uuid();
        self.change_router(router, |row| row.scripts = scripts);
        self.set_router_state(router, MachineState::Running);
        for network in self.networks_of_router(router) {
            self.tell_router(network, router.kind);
            if self.sins(Quirk::PasswordsDieWithTheRouter) {
                self.forget_passwords(network);
            }
        }
    }

    fn forget_passwords(&mut self, network: Id) {
        let is_there = |nic: &Nic| nic.network == network;
        let guests = self.virtual_machines.iter().filter(|(_, row)| row.nics.iter().any(is_there));
        for id in guests.map(|(id, _)| id).collect::<Vec<Id>>() {
            if let Some(machine) = self.virtual_machines.get_mut(id) {
                machine.guest_password = None;
            }
        }
    }

    /// Takes a router away; the next machine that starts in its networks brings another.
    pub fn remove_router(&mut self, router: Handle) {
        self.moves += 1;
        for network in self.networks_of_router(router) {
            let Some(row) = self.networks.get_mut(network) else { continue };
            *row.seat_mut(router.kind) = None;
            row.settle_lead();
        }
        if let Some(vpc) = self.vpcs.get_mut(router.id).filter(|_| router.kind == Kind::VpcRouter) {
            vpc.router = None;
        }
    }

    /// Brings the router that is missing to a network which has two.
    pub(super) fn complete_pair(&mut self, id: Id) {
        let Some(network) = self.networks.get(id).filter(|network| network.is_paired()) else { return };
        let public_address = network.routers().find_map(|router| router.public_address);
        for kind in [Kind::Router, Kind::SecondRouter] {
            if self.router(Handle { kind, id }).is_some() {
                continue;
            }
            let Some(address) = self.free_guest_address(id) else { return };
            let router = self.new_router(address, public_address);
            self.index.insert(router.uuid, Handle { kind, id });
            if let Some(network) = self.networks.get_mut(id) {
                *network.seat_mut(kind) = Some(router);
                network.settle_lead();
            }
            self.moves += 1;
            self.tell_router(id, kind);
        }
    }
}

#[cfg(test)]
mod tests;
