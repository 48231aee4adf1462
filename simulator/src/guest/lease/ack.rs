//! What a DHCP client was told in the packet that gave it its lease: the same facts in every dialect.

use std::net::Ipv4Addr;

use super::offer;
use crate::dhcp::BOOT_FILE;
use crate::guest::offer::{FOREVER, Offer};
use crate::quirk::Quirk;
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::virtual_machine::{Nic, VirtualMachine};

/// Codes of options (RFC 2132).
pub(super) const SUBNET_MASK: u8 = 1;
pub(super) const ROUTERS: u8 = 3;
pub(super) const RESOLVERS: u8 = 6;
pub(super) const HOST_NAME: u8 = 12;
pub(super) const DOMAIN_NAME: u8 = 15;
pub(super) const MTU: u8 = 26;
pub(super) const BROADCAST: u8 = 28;
pub(super) const LEASE_TIME: u8 = 51;
pub(super) const MESSAGE_TYPE: u8 = 53;
pub(super) const SERVER_IDENTIFIER: u8 = 54;
pub(super) const RENEWAL_TIME: u8 = 58;
pub(super) const REBINDING_TIME: u8 = 59;

/// A lease as it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The client's name of the card.
    pub interface: String,
    /// The card's hardware address.
    pub card: [u8; 6],
    /// The address that it was given.
    pub address: Ipv4Addr,
    /// What to boot, if anything.
    pub boot_file: String,
    /// The name of the server, if it has one.
    pub server_name: String,
    /// The options as they came: codes and bytes, in order.
    pub options: Vec<(u8, Vec<u8>)>,
    /// When it was acknowledged.
    pub taken: Moment,
    /// When the client asks its server again.
    pub renew: Moment,
    /// When it asks any server.
    pub rebind: Moment,
    /// When the address is nobody's again.
    pub expire: Moment,
}

impl Ack {
    /// What a machine's card was told when the machine entered its state; nothing without a router or an address.
    pub(super) fn of_card(world: &World, machine: &VirtualMachine, nic: &Nic) -> Option<Self> {
        let offer = offer::of_card(world, machine, nic)?;
        let taken = machine.updated.unwrap_or(machine.created);
        let mut ack = Self::of(&offer, format!("eth{}", nic.device), taken);
        for (byte, text) in ack.card.iter_mut().zip(nic.mac.split(':')) {
            // A world's hardware addresses were made or read as such.
            *byte = u8::from_str_radix(text, 16).unwrap_or_default();
        }
        if world.sins(Quirk::LeaseIdentifierIsMalformed) {
            for (_, bytes) in ack.options.iter_mut().filter(|(code, _)| *code == SERVER_IDENTIFIER) {
                bytes.truncate(3);
            }
        }
        Some(ack)
    }

    /// The acknowledgement of an offer, its options in the order of dnsmasq.
    fn of(offer: &Offer, interface: String, taken: Moment) -> Self {
        let seconds = offer.seconds;
        let of_all =
            |addresses: &[Ipv4Addr]| addresses.iter().flat_map(Ipv4Addr::octets).collect::<Vec<u8>>();
        let of_text = |text: &str| text.as_bytes().to_vec();
        let is_finite = seconds != FOREVER;
        let options = [
            (MESSAGE_TYPE, Some(vec![5])),
            (SERVER_IDENTIFIER, offer.server.map(|server| of_all(&[server]))),
            (LEASE_TIME, Some(seconds.to_be_bytes().to_vec())),
            (RENEWAL_TIME, is_finite.then(|| (seconds / 2).to_be_bytes().to_vec())),
            (REBINDING_TIME, is_finite.then(|| (seconds / 8 * 7).to_be_bytes().to_vec())),
            (SUBNET_MASK, Some(of_all(&[offer.netmask]))),
            (BROADCAST, Some(of_all(&[offer.broadcast]))),
            (HOST_NAME, Some(of_text(&offer.host_name))),
            (RESOLVERS, Some(of_all(&offer.resolvers)).filter(|bytes| !bytes.is_empty())),
            (ROUTERS, offer.gateway.map(|gateway| of_all(&[gateway]))),
            (MTU, offer.mtu.map(|mtu| mtu.to_be_bytes().to_vec())),
            (DOMAIN_NAME, offer.domain.as_deref().map(of_text)),
        ];
        // What dhclient reckons when the server names no times of its own: renew after half of the lease, rebind after
        // seven eighths.
        let after = |seconds: u32| taken.plus_seconds(i64::from(seconds));
        Self {
            interface,
            card: [0; 6],
            address: offer.address,
            boot_file: BOOT_FILE.to_owned(),
            server_name: String::new(),
            options: options.into_iter().filter_map(|(code, bytes)| Some((code, bytes?))).collect(),
            taken,
            renew: after(seconds / 2 + 1),
            rebind: after(seconds / 8 * 7),
            expire: after(seconds),
        }
    }

    /// The bytes of an option; of a repeated one the first.
    pub(super) fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.iter().find(|(other, _)| *other == code).map(|(_, bytes)| bytes.as_slice())
    }

    /// The addresses that an option lists.
    pub(super) fn addresses(&self, code: u8) -> Vec<Ipv4Addr> {
        let (chunks, _) = self.option(code).unwrap_or_default().as_chunks::<4>();
        chunks.iter().map(|octets| Ipv4Addr::from(*octets)).collect()
    }

    /// The number that an option is.
    pub(super) fn number(&self, code: u8) -> Option<u32> {
        let bytes = self.option(code).filter(|bytes| bytes.len() <= 4)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// The text that an option is.
    pub(super) fn text(&self, code: u8) -> Option<String> {
        self.option(code).map(|bytes| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned())
    }
}
