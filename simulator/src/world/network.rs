//! Guest networks, public addresses and the routers behind both.

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::clock::Moment;
use super::kind::Kind;
use super::offering::GuestType;
use super::table::Id;
use super::{Owner, World};

/// The state of a guest network (NET-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone)]
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
    /// The router that serves it, once it is in use.
    pub router: Option<Router>,
    /// Whether it must be restarted.
    pub restart_required: bool,
    /// When it was created.
    pub created: Moment,
}

/// An address range with its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0)
}

/// A virtual router.
#[derive(Debug, Clone)]
pub struct Router {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its internal number, shared with machines (`r-4-VM`).
    pub number: Id,
    /// Its address on the guest network, which serves DHCP and metadata.
    pub guest_address: Ipv4Addr,
    /// Its address on the public network, if it has one.
    pub public_address: Option<Ipv4Addr>,
}

/// A range of public addresses.
#[derive(Debug, Clone)]
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
}

/// A public address that somebody holds.
#[derive(Debug, Clone)]
pub struct Address {
    /// Its identifier.
    pub uuid: Uuid,
    /// The address.
    pub address: Ipv4Addr,
    /// The range that it is from.
    pub range: Id,
    /// Its zone.
    pub zone: Id,
    /// Who holds it.
    pub owner: Owner,
    /// The network that it leads to.
    pub network: Option<Id>,
    /// Whether the network reaches out by it.
    pub source_nat: bool,
    /// The machine that it stands for.
    pub static_nat: Option<Id>,
    /// Since when it is held.
    pub allocated: Moment,
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
        let guest_type = self
            .network_offerings
            .get(new.offering)
            .map_or(GuestType::Isolated, |offering| offering.guest_type);
        let state = match guest_type {
            GuestType::Shared => NetworkState::Setup,
            _ => NetworkState::Allocated,
        };
        let physical_network =
            self.physical_networks.iter().find(|(_, physical)| physical.zone == new.zone).map(|(id, _)| id);
        let suffix = self.settings.text("guest.domain.suffix").to_owned();
        let account = new.owner.account;
        let domain = new
            .domain
            .or_else(|| self.accounts.get(account).and_then(|account| account.network_domain.clone()))
            .unwrap_or_else(|| format!("cs{account:x}{suffix}"));
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
            router: None,
            restart_required: false,
            created,
        })
    }

    /// Switches a network on, as its first machine does: a VLAN, a public address, a router.
    pub fn implement_network(&mut self, id: Id) {
        let Some(network) = self.networks.get(id) else { return };
        if network.router.is_some() || network.guest_type == GuestType::L2 {
            if network.vlan.is_none() {
                let vlan = self.free_vlan(network.physical_network);
                self.mark_implemented(id, vlan);
            }
            return;
        }
        let (owner, zone, subnet, shared) =
            (network.owner, network.zone, network.subnet, network.guest_type == GuestType::Shared);
        let vlan = network.vlan.or_else(|| self.free_vlan(network.physical_network));
        let public_address = if shared { None } else { self.hold_address(owner, zone, Some(id), true) };
        let public_address =
            public_address.and_then(|address| self.addresses.get(address)).map(|row| row.address);
        let uuid = self.ids.uuid();
        let number = self.virtual_machines.next_id();
        self.virtual_machines.start_at(number + 1);
        // In a shared network somebody else's router is the gateway; ours is a guest among guests.
        let guest_address =
            if shared { self.free_guest_address(id) } else { subnet.map(|subnet| subnet.gateway) };
        if let (Some(network), Some(guest_address)) = (self.networks.get_mut(id), guest_address) {
            network.router = Some(Router { uuid, number, guest_address, public_address });
        }
        self.mark_implemented(id, vlan);
    }

    fn mark_implemented(&mut self, id: Id, vlan: Option<u32>) {
        if let Some(network) = self.networks.get_mut(id) {
            network.vlan = vlan;
            if network.guest_type != GuestType::Shared {
                network.state = NetworkState::Implemented;
            }
        }
    }

    /// The lowest VLAN of a physical network that no guest network uses.
    fn free_vlan(&self, physical_network: Option<Id>) -> Option<u32> {
        let physical = self.physical_networks.get(physical_network?)?;
        (physical.first_vlan..=physical.last_vlan).find(|vlan| {
            !self.networks.iter().any(|(_, network)| {
                network.physical_network == physical_network && network.vlan == Some(*vlan)
            })
        })
    }

    /// Takes the lowest free public address of a zone.
    pub fn hold_address(
        &mut self,
        owner: Owner,
        zone: Id,
        network: Option<Id>,
        source_nat: bool,
    ) -> Option<Id> {
        let (range, address) =
            self.public_ranges.iter().filter(|(_, range)| range.zone == zone).find_map(|(id, range)| {
                (u32::from(range.start)..=u32::from(range.end))
                    .map(Ipv4Addr::from)
                    .find(|address| {
                        !self.addresses.iter().any(|(_, held)| held.range == id && held.address == *address)
                    })
                    .map(|address| (id, address))
            })?;
        let uuid = self.name_row(Kind::Address, self.addresses.next_id());
        let allocated = self.now;
        Some(self.addresses.insert(Address {
            uuid,
            address,
            range,
            zone,
            owner,
            network,
            source_nat,
            static_nat: None,
            allocated,
        }))
    }

    /// Adds a range of public addresses.
    pub fn add_public_range(
        &mut self,
        zone: Id,
        vlan: u32,
        gateway: Ipv4Addr,
        start: Ipv4Addr,
        end: Ipv4Addr,
    ) -> Id {
        let uuid = self.name_row(Kind::PublicRange, self.public_ranges.next_id());
        let netmask = Ipv4Addr::new(255, 255, 255, 0);
        self.public_ranges.insert(PublicRange {
            uuid,
            zone,
            vlan: format!("vlan://{vlan}"),
            gateway,
            netmask,
            start,
            end,
        })
    }

    /// The lowest guest address of a network that no machine has.
    #[must_use]
    pub fn free_guest_address(&self, network: Id) -> Option<Ipv4Addr> {
        let subnet = self.networks.get(network)?.subnet?;
        subnet.guests().find(|address| !self.is_guest_address_taken(network, *address))
    }

    /// Whether a machine or the router has this address in a network.
    #[must_use]
    pub fn is_guest_address_taken(&self, network: Id, address: Ipv4Addr) -> bool {
        let router = self.networks.get(network).and_then(|row| row.router.as_ref());
        if router.is_some_and(|router| router.guest_address == address) {
            return true;
        }
        self.virtual_machines.iter().flat_map(|(_, machine)| &machine.nics).any(|nic| {
            nic.network == network && (nic.address == Some(address) || nic.secondary.contains(&address))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
