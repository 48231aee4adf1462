//! Guest networks, public addresses and the routers behind both.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::SYSTEM;
use super::clock::Moment;
use super::event::{EventState, NewEvent};
use super::kind::{Handle, Kind};
use super::offering::GuestType;
use super::physical_network::DedicatedVlans;
use super::router::Router;
use super::table::Id;
use super::{Owner, World};
use crate::quirk::Quirk;

/// The state of a guest network (NET-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum NetworkState {
    /// Not in use yet.
    Allocated,
    /// In use without ever being switched on (shared networks).
    Setup,
    /// Being switched on.
    Implementing,
    /// In use.
    Implemented,
    /// Being switched off.
    Shutdown,
}

impl NetworkState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allocated => "Allocated",
            Self::Setup => "Setup",
            Self::Implementing => "Implementing",
            Self::Implemented => "Implemented",
            Self::Shutdown => "Shutdown",
        }
    }
}

/// A guest network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub display_text: String,
    /// Whose it is.
    pub owner: Owner,
    /// Its zone.
    pub zone: Id,
    /// Its physical network.
    pub physical_network: Option<Id>,
    /// Its offering.
    pub offering: Id,
    /// Its kind.
    pub guest_type: GuestType,
    /// Its state.
    pub state: NetworkState,
    /// The address range, unless it is an L2 network.
    pub subnet: Option<Subnet>,
    /// Its VLAN, once it is in use.
    pub vlan: Option<u32>,
    /// The DNS suffix of its guests.
    pub domain: String,
    /// The VPC that it is a tier of.
    pub vpc: Option<Id>,
    /// The list of network ACL rules that it follows.
    pub acl: Option<Id>,
    /// The router that serves it, once it is in use.
    pub router: Option<Router>,
    /// The other router of a redundant pair.
    pub second_router: Option<Router>,
    /// Whether that one leads, because the first had to step back and was not needed since.
    pub second_leads: bool,
    /// Whether it must be restarted.
    pub restart_required: bool,
    /// Whether it has two routers.
    pub redundant: bool,
    /// Whether the use of its addresses is hidden, once somebody said so.
    pub hides_addresses: Option<bool>,
    /// Of one that a whole domain may use: whether those below may, too.
    pub subdomain_access: Option<bool>,
    /// The accounts that may use it besides its owner.
    pub permitted: Vec<Id>,
    /// The addresses for guests, if not all.
    pub range: Option<(Ipv4Addr, Ipv4Addr)>,
    /// Since when nothing in it runs.
    pub idle_since: Option<Moment>,
    /// When it was created.
    pub created: Moment,
}

/// An address range with its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// The network address.
    pub base: Ipv4Addr,
    /// The number of leading one bits of the mask.
    pub prefix: u8,
    /// The gateway.
    pub gateway: Ipv4Addr,
}

impl Subnet {
    /// The range of a CIDR text such as `10.1.1.0/24`, with the first address as its gateway.
    #[must_use]
    pub fn of_cidr(cidr: &str) -> Option<Self> {
        let (base, prefix) = cidr.split_once('/')?;
        let (base, prefix): (Ipv4Addr, u8) = (base.parse().ok()?, prefix.parse().ok()?);
        if prefix > 30 {
            return None;
        }
        let base = Ipv4Addr::from(u32::from(base) & mask(prefix));
        Some(Self { base, prefix, gateway: Ipv4Addr::from(u32::from(base) + 1) })
    }

    /// The range around a gateway with a mask.
    #[must_use]
    pub fn of_gateway(gateway: Ipv4Addr, netmask: Ipv4Addr) -> Option<Self> {
        let bits = u32::from(netmask);
        let prefix = u8::try_from(bits.leading_ones()).ok()?;
        if mask(prefix) != bits || prefix > 30 {
            return None;
        }
        Some(Self { base: Ipv4Addr::from(u32::from(gateway) & bits), prefix, gateway })
    }

    /// The mask.
    #[must_use]
    pub fn netmask(self) -> Ipv4Addr {
        Ipv4Addr::from(mask(self.prefix))
    }

    /// `10.1.1.0/24`.
    #[must_use]
    pub fn cidr(self) -> String {
        format!("{}/{}", self.base, self.prefix)
    }

    /// The broadcast address.
    #[must_use]
    pub fn broadcast(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.base) | !mask(self.prefix))
    }

    /// Whether an address lies in the range.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == u32::from(self.base)
    }

    /// The addresses that guests may have.
    pub fn guests(self) -> impl Iterator<Item = Ipv4Addr> {
        let first = u32::from(self.base) + 1;
        let last = u32::from(self.broadcast());
        (first..last).map(Ipv4Addr::from).filter(move |address| *address != self.gateway)
    }
}

/// Whether a text is a range of addresses, `10.1.1.0/24`, or one address with its length.
#[must_use]
pub fn is_range(text: &str) -> bool {
    let Some((base, prefix)) = text.split_once('/') else { return false };
    Subnet::of_cidr(text).is_some() || (base.parse::<Ipv4Addr>().is_ok() && matches!(prefix, "31" | "32"))
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0)
}

/// A range of public addresses.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublicRange {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its zone.
    pub zone: Id,
    /// Its VLAN, `vlan://50`.
    pub vlan: String,
    /// Its gateway.
    pub gateway: Ipv4Addr,
    /// Its mask.
    pub netmask: Ipv4Addr,
    /// The first address.
    pub start: Ipv4Addr,
    /// The last address.
    pub end: Ipv4Addr,
    /// The identifier of the public network that it belongs to.
    pub network: Uuid,
    /// Its physical network.
    pub physical_network: Option<Id>,
    /// Whose it is, if it is only one account's.
    pub owner: Option<Owner>,
    /// Whether it is for the server's own machines.
    pub for_system_vms: bool,
}

/// The state of a public address (IPA-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum AddressState {
    /// Nobody's.
    Free,
    /// Given out, but the job that does so is not over.
    Allocating,
    /// Held.
    Allocated,
    /// Kept for somebody who does not hold it yet.
    Reserved,
}

impl AddressState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "Free",
            Self::Allocating => "Allocating",
            Self::Allocated => "Allocated",
            Self::Reserved => "Reserved",
        }
    }
}

/// The owner of what is nobody's.
pub(super) const NOBODY: Owner = Owner { account: 0, domain: 0 };

/// A public address.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Its identifier.
    pub uuid: Uuid,
    /// The address.
    pub address: Ipv4Addr,
    /// The range that it is from.
    pub range: Id,
    /// Its zone.
    pub zone: Id,
    /// Who holds it; nobody while it is free.
    pub owner: Owner,
    /// The network that it leads to.
    pub network: Option<Id>,
    /// The VPC that it is for.
    pub vpc: Option<Id>,
    /// Whether the network reaches out by it.
    pub source_nat: bool,
    /// The guest that it stands for.
    pub static_nat: Option<StaticNat>,
    /// Since when it is held.
    pub allocated: Option<Moment>,
    /// Its state.
    pub state: AddressState,
    /// Whether users see it.
    pub display: bool,
}

impl Address {
    /// Whether nobody holds it.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.state == AddressState::Free
    }
}

/// Where all goes that comes to a public address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StaticNat {
    /// The machine.
    pub machine: Id,
    /// The address of its card in the network of the public address.
    pub guest_address: Ipv4Addr,
}

/// What [`World::add_network`] needs to know.
#[derive(Debug, Clone)]
pub struct NewNetwork {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub display_text: String,
    /// Whose it is.
    pub owner: Owner,
    /// Its zone.
    pub zone: Id,
    /// Its offering.
    pub offering: Id,
    /// The address range.
    pub subnet: Option<Subnet>,
    /// The VLAN that the buyer chose.
    pub vlan: Option<u32>,
    /// The DNS suffix that the buyer chose.
    pub domain: Option<String>,
}

impl World {
    /// Adds a guest network. A shared one is set up at once, others wait for their first machine.
    pub fn add_network(&mut self, new: NewNetwork) -> Id {
        let uuid = self.name_row(Kind::Network, self.networks.next_id());
        let offering = self.network_offerings.get(new.offering);
        let guest_type = offering.map_or(GuestType::Isolated, |offering| offering.guest_type);
        let redundant = offering.is_some_and(|offering| offering.redundant);
        let state = match guest_type {
            GuestType::Shared => NetworkState::Setup,
            _ => NetworkState::Allocated,
        };
        let physical_network = self.physical_network_for(new.zone, "Guest");
        // Nobody in an L2 network is told names.
        let domain = if guest_type == GuestType::L2 {
            String::new()
        } else {
            new.domain.unwrap_or_else(|| self.network_domain_of(new.owner.account))
        };
        let created = self.now;
        self.networks.insert(Network {
            uuid,
            name: new.name,
            display_text: new.display_text,
            owner: new.owner,
            zone: new.zone,
            physical_network,
            offering: new.offering,
            guest_type,
            state,
            subnet: new.subnet,
            vlan: new.vlan,
            domain,
            vpc: None,
            acl: None,
            router: None,
            second_router: None,
            second_leads: false,
            restart_required: false,
            redundant,
            hides_addresses: None,
            subdomain_access: None,
            permitted: Vec::new(),
            range: None,
            idle_since: None,
            created,
        })
    }

    /// The DNS suffix of an account's guests, unless a network has its own.
    #[must_use]
    pub fn network_domain_of(&self, account: Id) -> String {
        let suffix = self.settings.text("guest.domain.suffix");
        let chosen = self.accounts.get(account).and_then(|account| account.network_domain.clone());
        chosen.unwrap_or_else(|| match suffix {
            suffix if self.sins(Quirk::DefaultDomainIsTheSuffix) => suffix.to_owned(),
            suffix => format!("cs{account:x}{suffix}"),
        })
    }

    /// Gives a network its VLAN, if it has none yet.
    fn give_vlan(&mut self, id: Id) {
        let Some(network) = self.networks.get(id).filter(|network| network.vlan.is_none()) else { return };
        let vlan = self.free_vlan(network.physical_network);
        self.mark_implemented(id, vlan);
    }

    /// Switches a network on, as its first machine does: a VLAN, a public address, a router.
    pub fn implement_network(&mut self, id: Id) {
        let Some(network) = self.networks.get(id) else { return };
        if !self.needs_router(network) {
            return self.give_vlan(id);
        }
        if network.router.is_some() {
            self.complete_pair(id);
            return self.give_vlan(id);
        }
        let (owner, zone, subnet, shared) =
            (network.owner, network.zone, network.subnet, network.guest_type == GuestType::Shared);
        let vlan = network.vlan.or_else(|| self.free_vlan(network.physical_network));
        if let Some(vpc) = network.vpc {
            self.serve_tier(id, vpc);
            return self.mark_implemented(id, vlan);
        }
        // One that was switched off before still has its own.
        let kept = self.addresses.iter().find(|(_, row)| row.network == Some(id) && row.source_nat);
        let kept = kept.map(|(address, _)| address);
        let public_address =
            if shared { None } else { kept.or_else(|| self.hold_address(owner, zone, Some(id), true)) };
        let public_address =
            public_address.and_then(|address| self.addresses.get(address)).map(|row| row.address);
        let router = self.new_router(Ipv4Addr::UNSPECIFIED, public_address);
        self.index.insert(router.uuid, Handle { kind: Kind::Router, id });
        // In a shared network somebody else's router is the gateway; ours is a guest among guests.
        // So is each of a pair, whose gateway is whichever leads.
        let is_guest = shared || self.networks.get(id).is_some_and(|network| network.redundant);
        let guest_address =
            if is_guest { self.free_guest_address(id) } else { subnet.map(|subnet| subnet.gateway) };
        if let (Some(network), Some(guest_address)) = (self.networks.get_mut(id), guest_address) {
            self.moves += 1;
            network.router = Some(Router { guest_address, ..router });
        }
        self.tell_router(id, Kind::Router);
        self.complete_pair(id);
        self.mark_implemented(id, vlan);
    }

    fn mark_implemented(&mut self, id: Id, vlan: Option<u32>) {
        let is_new = self.networks.get(id).is_some_and(|network| network.vlan.is_none());
        if let (true, Some(vlan), Some(owner)) = (is_new, vlan, self.networks.get(id).map(|row| row.owner)) {
            // Whoever starts the first machine does this too.
            let first = self
                .virtual_machines
                .iter()
                .rev()
                .find(|(_, machine)| machine.nics.iter().any(|nic| nic.network == id));
            let user = first.map_or(SYSTEM, |(_, machine)| machine.user);
            self.record(NewEvent {
                user,
                owner,
                event_type: "ZONE.VLAN.ASSIGN",
                state: EventState::Completed,
                is_error: false,
                description: format!("Assigned Zone Vlan: {vlan} Network Id: {id}"),
                parent: None,
                about: Some(Handle { kind: Kind::Network, id }),
            });
        }
        let stays = self.sins(Quirk::UsedNetworksStayAllocated);
        if let Some(network) = self.networks.get_mut(id) {
            network.vlan = vlan;
            if network.guest_type != GuestType::Shared && !stays {
                network.state = NetworkState::Implemented;
            }
        }
    }

    /// The lowest VLAN of a physical network that no guest network uses.
    fn free_vlan(&self, physical_network: Option<Id>) -> Option<u32> {
        let physical = self.physical_networks.get(physical_network?)?;
        let dedicated = |vlan: u32| {
            let of_it = |(_, row): &(Id, &DedicatedVlans)| Some(row.physical_network) == physical_network;
            let mut rows = self.dedicated_vlans.iter().filter(of_it);
            rows.any(|(_, row)| (row.range.0..=row.range.1).contains(&vlan))
        };
        physical.vlans.iter().flat_map(|(first, last)| *first..=*last).filter(|vlan| !dedicated(*vlan)).find(
            |vlan| {
                !self.networks.iter().any(|(_, network)| {
                    network.physical_network == physical_network && network.vlan == Some(*vlan)
                })
            },
        )
    }

    /// Takes the lowest free public address of a zone.
    pub fn hold_address(
        &mut self,
        owner: Owner,
        zone: Id,
        network: Option<Id>,
        source_nat: bool,
    ) -> Option<Id> {
        self.hold_address_of(owner, zone, network, source_nat, |_| true)
    }

    /// Takes this public address of a zone, if it is free and not dedicated to somebody else.
    pub fn hold_named_address(
        &mut self,
        owner: Owner,
        zone: Id,
        network: Option<Id>,
        wanted: Ipv4Addr,
    ) -> Option<Id> {
        self.hold_address_of(owner, zone, network, false, |row| row.address == wanted)
    }

    fn hold_address_of(
        &mut self,
        owner: Owner,
        zone: Id,
        network: Option<Id>,
        source_nat: bool,
        is_wanted: impl Fn(&Address) -> bool,
    ) -> Option<Id> {
        // What is dedicated to the account comes first, what is to another never.
        let free = self.addresses.iter().filter(|(_, row)| row.zone == zone && row.is_free());
        let free = free.filter(|(_, row)| is_wanted(row));
        let dedicated = |row: &Address| self.public_ranges.get(row.range).and_then(|range| range.owner);
        let (mut own, mut shared) = (None, None);
        for (id, row) in free {
            match dedicated(row) {
                Some(other) if self.is_dedicated_to(other, owner) => own = own.or(Some(id)),
                Some(_) => {}
                None => shared = shared.or(Some(id)),
            }
        }
        let id = own.or(shared)?;
        let now = self.now;
        let row = self.addresses.get_mut(id)?;
        row.owner = owner;
        row.network = network;
        row.source_nat = source_nat;
        row.allocated = Some(now);
        row.state = AddressState::Allocated;
        Some(id)
    }

    /// Whether what is dedicated to somebody is there for an owner.
    #[must_use]
    pub fn is_dedicated_to(&self, dedicated: Owner, owner: Owner) -> bool {
        dedicated == owner || (dedicated.account == 0 && self.is_within(owner.domain, dedicated.domain))
    }

    /// Gives a public address back, with the rules on it.
    pub fn release_address(&mut self, id: Id) {
        if let Some(vpn) = self.remote_access_vpn_at(id) {
            self.remove_remote_access_vpn(vpn);
        }
        self.remove_rules_of(None, Some(id));
        let owner = NOBODY;
        if let Some(row) = self.addresses.get_mut(id) {
            row.owner = owner;
            // No router is told of this: guests see it at the next push (MD-050).
            row.static_nat = None;
            row.network = None;
            row.vpc = None;
            row.source_nat = false;
            row.allocated = None;
            row.display = true;
            row.state = AddressState::Free;
        }
        self.forget_tags(Handle { kind: Kind::Address, id });
    }

    /// Lets a public address stand for a guest, or for none. That guest sees it in its metadata (MD-055).
    pub fn set_static_nat(&mut self, id: Id, nat: Option<StaticNat>) {
        let Some(row) = self.addresses.get_mut(id) else { return };
        let before = std::mem::replace(&mut row.static_nat, nat);
        let Some(network) = row.network else { return };
        for nat in [before, nat].into_iter().flatten() {
            self.tell_of_machine_in(nat.machine, network);
        }
    }

    /// Lets what stood for a guest at an address stand for it at its new one.
    pub(super) fn move_static_nat(&mut self, machine: Id, old: Ipv4Addr, new: Option<Ipv4Addr>) {
        let nat = |guest_address| StaticNat { machine, guest_address };
        let found = self.address_for(nat(old)).map(|(id, _)| id);
        if let Some(row) = found.and_then(|id| self.addresses.get_mut(id)) {
            row.static_nat = new.map(nat);
        }
    }

    /// The public address that stands for a guest at one of its addresses.
    #[must_use]
    pub fn address_for(&self, nat: StaticNat) -> Option<(Id, &Address)> {
        self.addresses.iter().find(|(_, row)| row.static_nat == Some(nat))
    }

    /// The public addresses that stand for a machine, in order of their numbers.
    pub fn addresses_for(&self, machine: Id) -> impl Iterator<Item = (Id, &Address)> {
        self.addresses.iter().filter(move |(_, row)| row.static_nat.is_some_and(|nat| nat.machine == machine))
    }

    /// Whether a machine has a card in a network.
    #[must_use]
    pub fn is_network_in_use(&self, network: Id) -> bool {
        self.virtual_machines.iter().any(|(_, machine)| machine.nics.iter().any(|nic| nic.network == network))
    }

    /// Removes a network with its rules, public addresses and router.
    pub fn remove_network(&mut self, id: Id) {
        self.remove_rules_of(Some(id), None);
        let held: Vec<Id> = self
            .addresses
            .iter()
            .filter(|(_, row)| row.network == Some(id))
            .map(|(address, _)| address)
            .collect();
        for address in held {
            match self.addresses.get_mut(address).filter(|row| row.vpc.is_some()) {
                // It stays with the VPC.
                Some(row) => (row.network, row.static_nat) = (None, None),
                None => self.release_address(address),
            }
        }
        self.remove_internal_balancers_of(id);
        self.networks.remove(id);
        self.forget_tags(Handle { kind: Kind::Network, id });
    }

    /// The lowest guest address of a network that no machine has.
    #[must_use]
    pub fn free_guest_address(&self, network: Id) -> Option<Ipv4Addr> {
        let row = self.networks.get(network)?;
        row.subnet?
            .guests()
            .filter(|address| row.range.is_none_or(|(first, last)| (first..=last).contains(address)))
            .find(|address| !self.is_guest_address_taken(network, *address))
    }

    /// Whether a machine or the router has this address in a network.
    #[must_use]
    pub fn is_guest_address_taken(&self, network: Id, address: Ipv4Addr) -> bool {
        let mut routers = self.networks.get(network).into_iter().flat_map(Network::routers);
        if routers.any(|router| router.guest_address == address) {
            return true;
        }
        let mut balancers = self.internal_balancers.iter();
        if balancers.any(|(_, row)| row.source_network == network && row.address == address) {
            return true;
        }
        self.virtual_machines
            .iter()
            .flat_map(|(_, machine)| &machine.nics)
            .any(|nic| nic.network == network && nic.has_address(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::public_range::NewRange;

    #[test]
    fn a_released_address_is_given_out_again() {
        let mut world = World::blank(7, Moment(0));
        let zone = world.add_zone("zone", "10.0.0.1", None);
        let first = Ipv4Addr::new(192, 0, 2, 10);
        world.add_public_range(NewRange {
            zone,
            physical_network: None,
            vlan: "vlan://50".to_owned(),
            gateway: Ipv4Addr::new(192, 0, 2, 1),
            netmask: Ipv4Addr::new(255, 255, 255, 0),
            start: first,
            end: Ipv4Addr::new(192, 0, 2, 11),
        });
        let owner = Owner { account: 2, domain: 1 };
        let one = world.hold_address(owner, zone, None, false).expect("two are free");
        let two = world.hold_address(owner, zone, None, false).expect("one is free");
        assert_ne!(one, two);
        assert_eq!(world.hold_address(owner, zone, None, false), None);
        world.release_address(one);
        assert_eq!(world.hold_address(owner, zone, None, true), Some(one));
        world.release_address(one);
        let second = Ipv4Addr::new(192, 0, 2, 11);
        assert_eq!(world.hold_named_address(owner, zone, None, second), None, "it is taken");
        world.release_address(two);
        assert_eq!(world.hold_named_address(owner, zone, None, second), Some(two));
        assert_eq!(world.addresses.get(one).map(|row| row.address), Some(first));
    }

    #[test]
    fn a_subnet_knows_its_parts() {
        let subnet = Subnet::of_cidr("10.1.1.7/24").expect("a valid range");
        assert_eq!(subnet.cidr(), "10.1.1.0/24");
        assert_eq!(subnet.netmask(), Ipv4Addr::new(255, 255, 255, 0));
        assert_eq!(subnet.gateway, Ipv4Addr::new(10, 1, 1, 1));
        assert_eq!(subnet.broadcast(), Ipv4Addr::new(10, 1, 1, 255));
        assert_eq!(subnet.guests().next(), Some(Ipv4Addr::new(10, 1, 1, 2)));
        assert_eq!(subnet.guests().count(), 253);
        assert_eq!(Subnet::of_cidr("10.1.1.0"), None);
        assert_eq!(Subnet::of_gateway(Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(255, 0, 255, 0)), None);
    }
}
