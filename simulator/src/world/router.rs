//! Which routers a network has, which of them serves, and what becomes of them.
//!
//! A network has one router, or a redundant pair: one leads and has the address of the gateway, the other has been told
//! the same and takes over when the first stops. So it is with the routers of a VPC, which are in each tier that is in
//! use. A router is named by a [`Handle`] of one of four kinds.

use std::net::Ipv4Addr;
use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::clock::Moment;
use super::kind::{Handle, Kind};
use super::network::Network;
use super::saved::form;
use super::table::Id;
use super::virtual_machine::MachineState;
use super::vm_data::Folder;
use super::vpc::Vpc;
use crate::quirk::Quirk;

/// A virtual router.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Router {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its internal number, shared with machines (`r-4-VM`).
    pub number: Id,
    /// Its address on the guest network, which serves DHCP and metadata.
    pub guest_address: Ipv4Addr,
    /// Its address on the public network, if it has one.
    pub public_address: Option<Ipv4Addr>,
    /// The identifiers of its cards: guest, control, public.
    pub nics: [Uuid; 3],
    /// The identifier of the control network.
    pub control_network: Uuid,
    /// The identifier of the template of system machines.
    pub template: Uuid,
    /// What stands for the version of its scripts.
    pub scripts: Uuid,
    /// When it was made.
    pub created: Moment,
    /// Its state.
    pub state: MachineState,
    /// Its offering, if it is another than that of every router.
    pub service_offering: Option<Id>,
    /// What it was told of its guests, by address.
    #[serde(with = "form::map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<Ipv4Addr, Folder>"))]
    pub folders: OrdMap<Ipv4Addr, Arc<Folder>>,
}

impl Router {
    /// Whether it serves its network.
    #[must_use]
    pub fn serves(&self) -> bool {
        matches!(self.state, MachineState::Running | MachineState::Stopping)
    }
}

impl Kind {
    /// Whether it is one of the four kinds of virtual routers.
    #[must_use]
    pub fn is_router(self) -> bool {
        matches!(self, Self::Router | Self::SecondRouter) || self.is_of_vpc()
    }

    /// Whether it is a router of a VPC.
    #[must_use]
    pub fn is_of_vpc(self) -> bool {
        matches!(self, Self::VpcRouter | Self::SecondVpcRouter)
    }

    /// Whether it is the second router of a pair.
    fn is_second(self) -> bool {
        matches!(self, Self::SecondRouter | Self::SecondVpcRouter)
    }
}

impl Network {
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
            Some(subnet) if self.redundant => self.routers().next().map(|_| subnet.gateway),
            _ => self.router.as_ref().map(|router| router.guest_address),
        }
    }

    /// The same, as long as one serves them.
    #[must_use]
    pub fn serving_address(&self) -> Option<Ipv4Addr> {
        self.serving_router().and_then(|_| self.service_address())
    }

    /// What a router of the network is to the other one (RTR-001).
    #[must_use]
    pub fn redundant_state(&self, router: &Router) -> &'static str {
        if !self.redundant || router.state != MachineState::Running {
            return "UNKNOWN";
        }
        let leads = self.serving_router().is_some_and(|leader| leader.uuid == router.uuid);
        if leads { "PRIMARY" } else { "BACKUP" }
    }

    /// Where a router of this kind stands, its own or one of its VPC's.
    #[must_use]
    pub fn seat(&self, kind: Kind) -> &Option<Router> {
        if kind.is_second() { &self.second_router } else { &self.router }
    }

    /// The same, to change it.
    pub(super) fn seat_mut(&mut self, kind: Kind) -> &mut Option<Router> {
        if kind.is_second() { &mut self.second_router } else { &mut self.router }
    }

    /// Lets the other of a pair lead if the one that does so far cannot.
    pub(super) fn settle_lead(&mut self) {
        let serves = |router: &Option<Router>| router.as_ref().is_some_and(Router::serves);
        match (serves(&self.router), serves(&self.second_router)) {
            (true, false) => self.second_leads = false,
            (false, true) => self.second_leads = true,
            _ => {}
        }
    }
}

impl World {
    /// A router with fresh identifiers and the next number of machines.
    pub(super) fn new_router(&mut self, guest_address: Ipv4Addr, public_address: Option<Ipv4Addr>) -> Router {
        let uuid = self.ids.uuid();
        let nics = [self.ids.uuid(), self.ids.uuid(), self.ids.uuid()];
        let (control_network, template, scripts) = (self.ids.uuid(), self.ids.uuid(), self.ids.uuid());
        let created = self.now;
        let number = self.virtual_machines.next_id();
        self.virtual_machines.start_at(number + 1);
        Router {
            uuid,
            number,
            guest_address,
            public_address,
            nics,
            control_network,
            template,
            scripts,
            created,
            state: MachineState::Running,
            service_offering: None,
            folders: OrdMap::new(),
        }
    }

    /// All routers, each once, however many tiers it serves.
    pub fn routers(&self) -> impl Iterator<Item = &Router> {
        let of_networks = self.networks.iter().filter(|(_, row)| row.vpc.is_none());
        let of_vpcs = self.vpcs.iter().flat_map(|(_, row)| row.routers());
        of_networks.flat_map(|(_, row)| row.routers()).chain(of_vpcs)
    }

    /// The name of a router on the hypervisor, which is also what people know it by: `r-4-VM`.
    #[must_use]
    pub fn router_name(&self, router: &Router) -> String {
        format!("r-{}-{}", router.number, self.settings.text("instance.name"))
    }

    /// A router.
    #[must_use]
    pub fn router(&self, router: Handle) -> Option<&Router> {
        match router.kind {
            kind if kind.is_of_vpc() => self.vpcs.get(router.id)?.seat(kind).as_ref(),
            kind if kind.is_router() => self.networks.get(router.id)?.seat(kind).as_ref(),
            _ => None,
        }
    }

    /// The zone of a router.
    #[must_use]
    pub fn zone_of_router(&self, router: Handle) -> Option<Id> {
        if router.kind.is_of_vpc() {
            self.vpcs.get(router.id).map(|row| row.zone)
        } else {
            self.networks.get(router.id).map(|row| row.zone)
        }
    }

    /// The networks that a router is there for: one, or the tiers of a VPC that are in use.
    pub(super) fn networks_of_router(&self, router: Handle) -> Vec<Id> {
        if router.kind.is_of_vpc() {
            let is_in_use =
                |tier: &Id| self.networks.get(*tier).is_some_and(|row| row.routers().next().is_some());
            self.tiers(router.id).filter(is_in_use).collect()
        } else {
            vec![router.id]
        }
    }

    /// Changes a router, that of a VPC in all its tiers.
    pub fn change_router(&mut self, router: Handle, change: impl Fn(&mut Router)) {
        if let Some(vpc) = self.vpcs.get_mut(router.id).filter(|_| router.kind.is_of_vpc()) {
            vpc.seat_mut(router.kind).iter_mut().for_each(&change);
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
        for id in self.machines_in(network).map(|(id, _)| id).collect::<Vec<Id>>() {
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
        if let Some(vpc) = self.vpcs.get_mut(router.id).filter(|_| router.kind.is_of_vpc()) {
            *vpc.seat_mut(router.kind) = None;
        }
    }

    /// Brings the router that is missing to a network which has two.
    pub(super) fn complete_pair(&mut self, id: Id) {
        let Some(network) = self.networks.get(id).filter(|network| network.redundant) else { return };
        if let Some(vpc) = network.vpc {
            return self.serve_tier(id, vpc);
        }
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

impl Vpc {
    /// The routers that it has.
    pub fn routers(&self) -> impl Iterator<Item = &Router> {
        self.router.iter().chain(&self.second_router)
    }

    /// Where a router of this kind stands.
    #[must_use]
    pub fn seat(&self, kind: Kind) -> &Option<Router> {
        if kind.is_second() { &self.second_router } else { &self.router }
    }

    /// The same, to change it.
    pub(super) fn seat_mut(&mut self, kind: Kind) -> &mut Option<Router> {
        if kind.is_second() { &mut self.second_router } else { &mut self.router }
    }
}

#[cfg(test)]
mod tests;
