//! The DHCP server of the virtual routers, packet for packet as their dnsmasq answers (DHCP rules, RFC 2131): static
//! leases by hardware address and nothing else. No sockets here; `server/dhcp.rs` has those.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use dhcproto::v4::{DhcpOption, Flags, HType, Message, MessageType, Opcode, OptionCode};
use dhcproto::{Decodable as _, Decoder, Encodable as _, Encoder};

use crate::guest::offer::{self, FOREVER, Offer};
use crate::world::World;
use crate::world::clock::Moment;

/// The port of DHCP servers.
pub const SERVER_PORT: u16 = 67;
/// The port of DHCP clients.
pub const CLIENT_PORT: u16 = 68;
/// What every client is told to boot from (DHCP-011).
pub const BOOT_FILE: &str = "pxelinux.0";
/// How long an address that its client declined is not offered, in seconds (dnsmasq's `DECLINE_BACKOFF`).
const DECLINED_SECONDS: i64 = 600;
/// The fixed part of a packet with the cookie behind it, in bytes, the cookie, and the options without a length (RFC 2131
/// section 3, RFC 2132).
const HEAD_BYTES: usize = 240;
const MAGIC: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const PAD: u8 = 0;
const END: u8 = 255;
/// No answer is shorter, in bytes (dnsmasq's `MIN_PACKETSZ`; RFC 1542 section 2.1).
const SHORTEST: usize = 300;

/// What the server remembers between packets; a router that starts again has forgotten it.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// When clients said that somebody else has their address, by hardware address.
    declined: BTreeMap<String, Moment>,
}

/// Where an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// To everybody on the link: the client has no address yet.
    Link,
    /// To the client, which has this address.
    Client(Ipv4Addr),
    /// To the relay that passed the question on.
    Relay(Ipv4Addr),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its bytes.
    pub packet: Vec<u8>,
    /// Where it goes.
    pub to: Destination,
}

/// Answers a packet. Nothing is said to what is no DHCP packet, to cards that no machine has (DHCP-001), and to what
/// needs no answer.
pub fn answer(world: &World, memory: &mut Memory, packet: &[u8]) -> Option<Reply> {
    let request = Message::decode(&mut Decoder::new(&readable(packet)?)).ok()?;
    if request.opcode() != Opcode::BootRequest || request.htype() != HType::Eth || request.hlen() != 6 {
        return None;
    }
    let asks = asked(&request)?;
    let card = hardware_address(request.chaddr());
    let offer = offered(world, &card)?;
    let declined =
        memory.declined.get(&card).is_some_and(|since| since.plus_seconds(DECLINED_SECONDS) > world.now);
    match asks {
        Asks::Discover if declined => None,
        Asks::Discover => Some(reply(&request, &offer, MessageType::Offer, true)),
        // Another server was chosen.
        Asks::Request { server: Some(server), .. } if Some(server) != offer.server => None,
        Asks::Request { address, .. } if address != Some(offer.address) => {
            Some(refusal(&request, &offer, "wrong address"))
        }
        Asks::Request { .. } if declined => Some(refusal(&request, &offer, "address in use")),
        Asks::Request { .. } => Some(reply(&request, &offer, MessageType::Ack, true)),
        Asks::Decline { address } => {
            if address == Some(offer.address) {
                memory.declined.insert(card, world.now);
            }
            None
        }
        Asks::Inform => Some(reply(&request, &offer, MessageType::Ack, false)),
        // A static lease stays with its card.
        Asks::Release => None,
    }
}

/// A question with no options but those that count here, each of a length that it may have: the library falls over some
/// options of another length instead of refusing them.
fn readable(packet: &[u8]) -> Option<Vec<u8>> {
    let (head, mut rest) = packet.split_at_checked(HEAD_BYTES)?;
    if !head.ends_with(&MAGIC) {
        return None;
    }
    let mut readable = head.to_vec();
    loop {
        rest = match rest {
            [PAD, rest @ ..] => rest,
            [END, ..] | [] => break,
            [code, length, tail @ ..] => {
                let (value, tail) = tail.split_at_checked(usize::from(*length))?;
                let is_read = match OptionCode::from(*code) {
                    OptionCode::MessageType => value.len() == 1,
                    OptionCode::RequestedIpAddress | OptionCode::ServerIdentifier => value.len() == 4,
                    OptionCode::ParameterRequestList => true,
                    _ => false,
                };
                if is_read {
                    readable.extend([*code, *length]);
                    readable.extend(value);
                }
                tail
            }
            // A code without its length.
            [_] => return None,
        };
    }
    readable.push(END);
    Some(readable)
}

/// What a client wants.
enum Asks {
    Discover,
    /// The address that it chose, had before or has, and the server whose offer it took.
    Request {
        address: Option<Ipv4Addr>,
        server: Option<Ipv4Addr>,
    },
    Decline {
        address: Option<Ipv4Addr>,
    },
    Inform,
    Release,
}

fn asked(request: &Message) -> Option<Asks> {
    let options = request.opts();
    let requested = match options.get(OptionCode::RequestedIpAddress) {
        Some(DhcpOption::RequestedIpAddress(address)) => Some(*address),
        _ => None,
    };
    let server = match options.get(OptionCode::ServerIdentifier) {
        Some(DhcpOption::ServerIdentifier(address)) => Some(*address),
        _ => None,
    };
    let own = (!request.ciaddr().is_unspecified()).then(|| request.ciaddr());
    Some(match options.msg_type()? {
        MessageType::Discover => Asks::Discover,
        MessageType::Request => Asks::Request { address: requested.or(own), server },
        MessageType::Decline => Asks::Decline { address: requested },
        MessageType::Inform => Asks::Inform,
        MessageType::Release => Asks::Release,
        _ => return None,
    })
}

/// `02:01:00:d3:00:03`.
fn hardware_address(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// What the router of its network has for a card, if that router serves.
fn offered(world: &World, card: &str) -> Option<Offer> {
    world.virtual_machines.iter().find_map(|(_, machine)| {
        let nic = machine.nics.iter().find(|nic| nic.mac.eq_ignore_ascii_case(card))?;
        world.networks.get(nic.network)?.router.as_ref().filter(|router| router.serves())?;
        offer::of_card(world, machine, nic)
    })
}

/// An offer or an acknowledgement, with the options that the client asked for in the order of dnsmasq. A client that
/// has an address and only wants to be told gets no lease.
fn reply(request: &Message, offer: &Offer, kind: MessageType, is_lease: bool) -> Reply {
    let asked_for: Option<&[OptionCode]> = match request.opts().get(OptionCode::ParameterRequestList) {
        Some(DhcpOption::ParameterRequestList(codes)) => Some(codes),
        _ => None,
    };
    let wants = |code: OptionCode| asked_for.is_none_or(|codes| codes.contains(&code));
    let mut options = vec![DhcpOption::MessageType(kind)];
    options.extend(offer.server.map(DhcpOption::ServerIdentifier));
    if is_lease {
        options.push(DhcpOption::AddressLeaseTime(offer.seconds));
        if offer.seconds != FOREVER {
            options.push(DhcpOption::Renewal(offer.seconds / 2));
            options.push(DhcpOption::Rebinding(offer.seconds / 8 * 7));
        }
    }
    let mut told = vec![DhcpOption::SubnetMask(offer.netmask), DhcpOption::BroadcastAddr(offer.broadcast)];
    // The name is the router's word, whatever the client calls itself (DHCP-009).
    if kind == MessageType::Ack {
        told.push(DhcpOption::Hostname(offer.host_name.clone()));
    }
    if !offer.resolvers.is_empty() {
        told.push(DhcpOption::DomainNameServer(offer.resolvers.clone()));
    }
    told.extend(offer.gateway.map(|gateway| DhcpOption::Router(vec![gateway])));
    told.extend(offer.mtu.map(DhcpOption::InterfaceMtu));
    told.extend(offer.domain.clone().map(DhcpOption::DomainName));
    options.extend(told.into_iter().filter(|option| wants(OptionCode::from(option))));
    let mut message = answering(request);
    if is_lease {
        message.set_yiaddr(offer.address);
    }
    message.set_ciaddr(request.ciaddr()).set_siaddr(offer.server.unwrap_or(Ipv4Addr::UNSPECIFIED));
    message.set_fname_str(BOOT_FILE);
    Reply { packet: encoded(&message, &options), to: destination(request) }
}

/// A refusal of the address that a client wants. It has none that counts, so everybody is told.
fn refusal(request: &Message, offer: &Offer, why: &str) -> Reply {
    let mut options = vec![DhcpOption::MessageType(MessageType::Nak)];
    options.extend(offer.server.map(DhcpOption::ServerIdentifier));
    options.push(DhcpOption::Message(why.to_owned()));
    let mut message = answering(request);
    message.set_flags(Flags::default().set_broadcast());
    let to = match destination(request) {
        relay @ Destination::Relay(_) => relay,
        Destination::Link | Destination::Client(_) => Destination::Link,
    };
    Reply { packet: encoded(&message, &options), to }
}

/// An answer without addresses and options.
fn answering(request: &Message) -> Message {
    let nowhere = Ipv4Addr::UNSPECIFIED;
    let mut message =
        Message::new_with_id(request.xid(), nowhere, nowhere, nowhere, request.giaddr(), request.chaddr());
    message.set_opcode(Opcode::BootReply).set_flags(request.flags());
    message
}

fn destination(request: &Message) -> Destination {
    if !request.giaddr().is_unspecified() {
        Destination::Relay(request.giaddr())
    } else if !request.ciaddr().is_unspecified() {
        Destination::Client(request.ciaddr())
    } else {
        Destination::Link
    }
}

/// The bytes of an answer. The library sorts a message's options by number; a router's have an order of their own, so
/// they are written one by one behind a message that has none.
fn encoded(message: &Message, options: &[DhcpOption]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(SHORTEST);
    let mut encoder = Encoder::new(&mut packet);
    message.encode(&mut encoder).expect("memory takes all that is written");
    for option in options.iter().chain([&DhcpOption::End]) {
        option.encode(&mut encoder).expect("memory takes all that is written");
    }
    packet.resize(packet.len().max(SHORTEST), 0);
    packet
}
