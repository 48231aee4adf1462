//! Ranges of public addresses: made, moved, removed.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::World;
use super::kind::Kind;
use super::network::{Address, AddressState, NOBODY, PublicRange};
use super::table::Id;

impl PublicRange {
    /// Whether a range of addresses shares one with this.
    #[must_use]
    pub fn overlaps(&self, start: Ipv4Addr, end: Ipv4Addr) -> bool {
        start <= self.end && self.start <= end
    }
}

/// What [`World::add_public_range`] needs to know.
#[derive(Debug, Clone)]
pub struct NewRange {
    /// Its zone.
    pub zone: Id,
    /// Its physical network.
    pub physical_network: Option<Id>,
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

impl World {
    /// Adds a range of public addresses.
    pub fn add_public_range(&mut self, new: NewRange) -> Id {
        let uuid = self.name_row(Kind::PublicRange, self.public_ranges.next_id());
        let NewRange { zone, physical_network, vlan, gateway, netmask, start, end } = new;
        let network = self.zones.get(zone).map(|zone| zone.public_network).unwrap_or_default();
        let range = self.public_ranges.insert(PublicRange {
            uuid,
            zone,
            vlan,
            gateway,
            netmask,
            start,
            end,
            network,
            physical_network,
            owner: None,
            for_system_vms: false,
        });
        self.fill_public_range(range);
        range
    }

    /// Adds the addresses of a range that it does not have yet.
    fn fill_public_range(&mut self, range: Id) {
        let Some(row) = self.public_ranges.get(range) else { return };
        let (zone, start, end) = (row.zone, row.start, row.end);
        let known: BTreeSet<Ipv4Addr> =
            self.addresses.iter().filter(|(_, row)| row.range == range).map(|(_, row)| row.address).collect();
        let owner = NOBODY;
        let all = (u32::from(start)..=u32::from(end)).map(Ipv4Addr::from);
        for address in all.filter(|address| !known.contains(address)) {
            let uuid = self.name_row(Kind::Address, self.addresses.next_id());
            self.addresses.insert(Address {
                uuid,
                address,
                range,
                zone,
                owner,
                network: None,
                vpc: None,
                source_nat: false,
                static_nat: None,
                allocated: None,
                state: AddressState::Free,
                display: true,
            });
        }
    }

    /// Moves the ends of a range of public addresses.
    pub fn resize_public_range(&mut self, id: Id, start: Ipv4Addr, end: Ipv4Addr) {
        if let Some(row) = self.public_ranges.get_mut(id) {
            (row.start, row.end) = (start, end);
        }
        let outside: Vec<Id> = self
            .addresses
            .iter()
            .filter(|(_, row)| row.range == id && !(start..=end).contains(&row.address))
            .map(|(address, _)| address)
            .collect();
        for address in outside {
            self.addresses.remove(address);
        }
        self.fill_public_range(id);
    }

    /// Removes a range of public addresses with its addresses.
    pub fn remove_public_range(&mut self, id: Id) {
        let addresses: Vec<Id> =
            self.addresses.iter().filter(|(_, row)| row.range == id).map(|(address, _)| address).collect();
        for address in addresses {
            self.addresses.remove(address);
        }
        self.public_ranges.remove(id);
    }
}
