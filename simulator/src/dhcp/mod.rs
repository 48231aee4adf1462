//! The DHCP server of the virtual routers, packet for packet as their dnsmasq answers (DHCP rules, RFC 2131): static
//! leases by hardware address and nothing else. No sockets here; `server/dhcp.rs` has those.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use dhcproto::v4::{DhcpOption, Flags, HType, Message, MessageType, Opcode, OptionCode};
use dhcproto::{Decodable as _, Decoder, Encodable as _, Encoder};

use crate::guest::offer::{self, FOREVER, Offer};
use crate::quirk::Quirk;
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
/// No answer is longer unless the client says that it takes more, in bytes without the headers of IP and UDP (dnsmasq's
/// `struct dhcp_packet`; RFC 2131 section 2).
const LONGEST: usize = 548;
/// The headers of IP and UDP, which clients count in, and what no packet exceeds, in bytes (dnsmasq's `DHCP_PACKET_MAX`).
const LOWER_HEADERS: usize = 28;
const LARGEST: usize = 16_384;
/// What dnsmasq keeps free at the end of the options, in bytes.
const RESERVED: usize = 3;
/// What the longest domain is cut to, and what is long, where that sin is committed, in bytes.
const CUT: usize = 63;

/// What the server remembers between packets; a router that starts again has forgotten it.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// When clients said that somebody else has their address, by hardware address.
    declined: BTreeMap<String, Moment>,
    /// What cards were offered first, where that sin is committed.
    kept: BTreeMap<String, Offer>,
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
    let options = options(packet)?;
    let request = Message::decode(&mut Decoder::new(&readable(packet, &options)?)).ok()?;
    if request.opcode() != Opcode::BootRequest || request.htype() != HType::Eth || request.hlen() != 6 {
        return None;
    }
    let asks = asked(&request)?;
    let card = hardware_address(request.chaddr());
    let offer = sinful(world, memory, &card, &options, &asks, offered(world, &card))?;
    let declined =
        memory.declined.get(&card).is_some_and(|since| since.plus_seconds(DECLINED_SECONDS) > world.now);
    let room = room(&options);
    match asks {
        Asks::Discover if declined => None,
        Asks::Discover => Some(reply(world, &request, &offer, MessageType::Offer, room)),
        // Another server was chosen.
        Asks::Request { server: Some(server), .. } if Some(server) != offer.server => None,
        Asks::Request { address, .. } if address != Some(offer.address) => {
            Some(refusal(&request, &offer, "wrong address"))
        }
        Asks::Request { .. } if declined => Some(refusal(&request, &offer, "address in use")),
        Asks::Request { renews: true, .. } if world.sins(Quirk::DhcpRefusesRenewals) => {
            Some(refusal(&request, &offer, "lease not found"))
        }
        Asks::Request { renews: false, server: None, .. } if world.sins(Quirk::DhcpForgetsLeases) => {
            Some(refusal(&request, &offer, "lease not found"))
        }
        Asks::Request { .. } => Some(reply(world, &request, &offer, MessageType::Ack, room)),
        Asks::Decline { address } => {
            if address == Some(offer.address) {
                memory.declined.insert(card, world.now);
            }
            None
        }
        Asks::Inform => Some(told(&request, &offer, room)),
        // A static lease stays with its card.
        Asks::Release => None,
    }
}

/// What is offered to a card where sins are committed; otherwise what the world has for it.
fn sinful(
    world: &World,
    memory: &mut Memory,
    card: &str,
    options: &[(u8, &[u8])],
    asks: &Asks,
    offer: Option<Offer>,
) -> Option<Offer> {
    let mut offer = offer;
    if world.sins(Quirk::DhcpKeepsRemovedCards) {
        if let Some(offer) = &offer {
            memory.kept.entry(card.to_owned()).or_insert_with(|| offer.clone());
        }
        offer = memory.kept.get(card).cloned();
    }
    if world.sins(Quirk::DhcpAnswersStrangers) && offer.is_none() {
        let mut cards = world.virtual_machines.iter().flat_map(|(_, machine)| &machine.nics);
        offer = cards.find_map(|nic| offered(world, &nic.mac));
    }
    let mut offer = offer?;
    if let (Asks::Request { address: Some(wanted), .. }, true) =
        (asks, world.sins(Quirk::DhcpGivesWhatIsWanted))
    {
        offer.address = *wanted;
    }
    if let (Some(name), true) = (value_of(options, OptionCode::Hostname), world.sins(Quirk::DhcpEchoesNames))
    {
        offer.host_name = String::from_utf8_lossy(name).into_owned();
    }
    if let Some(domain) = offer.domain.as_mut().filter(|domain| domain.len() > CUT) {
        if world.sins(Quirk::DhcpIsSilentAboutLongDomains) {
            return None;
        }
        if world.sins(Quirk::DhcpCutsDomains) {
            *domain = domain.chars().take(CUT).collect();
        }
    }
    Some(offer)
}

/// The options of a packet as they stand there, up to their end; nothing if it is no DHCP packet.
fn options(packet: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let (head, mut rest) = packet.split_at_checked(HEAD_BYTES)?;
    if !head.ends_with(&MAGIC) {
        return None;
    }
    let mut options = Vec::new();
    loop {
        rest = match rest {
            [PAD, rest @ ..] => rest,
            [END, ..] | [] => return Some(options),
            [code, length, tail @ ..] => {
                let (value, tail) = tail.split_at_checked(usize::from(*length))?;
                options.push((*code, value));
                tail
            }
            // A code without its length.
            [_] => return None,
        };
    }
}

fn value_of<'p>(options: &[(u8, &'p [u8])], code: OptionCode) -> Option<&'p [u8]> {
    options.iter().find(|(other, _)| OptionCode::from(*other) == code).map(|(_, value)| *value)
}

/// How long an answer may be, in bytes: what the client takes, but at least what all must.
fn room(options: &[(u8, &[u8])]) -> usize {
    match value_of(options, OptionCode::MaxMessageSize) {
        Some([high, low]) => usize::from(u16::from_be_bytes([*high, *low]))
            .saturating_sub(LOWER_HEADERS)
            .clamp(LONGEST, LARGEST),
        _ => LONGEST,
    }
}

/// A question with no options but those that count here, each of a length that it may have: the library falls over some
/// options of another length instead of refusing them.
fn readable(packet: &[u8], options: &[(u8, &[u8])]) -> Option<Vec<u8>> {
    let mut readable = packet.get(..HEAD_BYTES)?.to_vec();
    for (code, value) in options {
        let is_read = match OptionCode::from(*code) {
            OptionCode::MessageType => value.len() == 1,
            OptionCode::RequestedIpAddress | OptionCode::ServerIdentifier => value.len() == 4,
            OptionCode::ParameterRequestList => true,
            _ => false,
        };
        if is_read {
            readable.extend([*code, u8::try_from(value.len()).ok()?]);
            readable.extend(*value);
        }
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
        /// Whether it has the address already and only asks for more time.
        renews: bool,
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
        MessageType::Request => Asks::Request { address: requested.or(own), server, renews: own.is_some() },
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
        world.networks.get(nic.network)?.serving_router()?;
        offer::of_card(world, machine, nic)
    })
}

/// An offer or an acknowledgement of an address.
fn reply(world: &World, request: &Message, offer: &Offer, kind: MessageType, room: usize) -> Reply {
    let mut options = vec![DhcpOption::MessageType(kind)];
    options.extend(offer.server.map(DhcpOption::ServerIdentifier));
    options.push(DhcpOption::AddressLeaseTime(offer.seconds));
    if offer.seconds != FOREVER || world.sins(Quirk::DhcpRenewsForever) {
        options.push(DhcpOption::Renewal(offer.seconds / 2));
        options.push(DhcpOption::Rebinding(offer.seconds / 8 * 7));
    }
    let is_named = kind == MessageType::Ack || world.sins(Quirk::DhcpOffersName);
    options.extend(wished(request, offer, is_named));
    let mut message = answering(request);
    message.set_yiaddr(offer.address);
    described(message, request, offer, &options, room)
}

/// What a client is told that has an address and only wants to know; it gets no lease.
fn told(request: &Message, offer: &Offer, room: usize) -> Reply {
    let mut options = vec![DhcpOption::MessageType(MessageType::Ack)];
    options.extend(offer.server.map(DhcpOption::ServerIdentifier));
    options.extend(wished(request, offer, true));
    described(answering(request), request, offer, &options, room)
}

/// The options that a client asked for, or all if it does not say, in the order of dnsmasq.
fn wished(request: &Message, offer: &Offer, is_named: bool) -> Vec<DhcpOption> {
    let asked_for: Option<&[OptionCode]> = match request.opts().get(OptionCode::ParameterRequestList) {
        Some(DhcpOption::ParameterRequestList(codes)) => Some(codes),
        _ => None,
    };
    let mut told = vec![DhcpOption::SubnetMask(offer.netmask), DhcpOption::BroadcastAddr(offer.broadcast)];
    // The name is the router's word, whatever the client calls itself (DHCP-009).
    if is_named {
        told.push(DhcpOption::Hostname(offer.host_name.clone()));
    }
    if !offer.resolvers.is_empty() {
        told.push(DhcpOption::DomainNameServer(offer.resolvers.clone()));
    }
    told.extend(offer.gateway.map(|gateway| DhcpOption::Router(vec![gateway])));
    told.extend(offer.mtu.map(DhcpOption::InterfaceMtu));
    told.extend(offer.domain.clone().map(DhcpOption::DomainName));
    told.retain(|option| asked_for.is_none_or(|codes| codes.contains(&OptionCode::from(option))));
    told
}

/// An answer with the router in it.
fn described(
    mut message: Message,
    request: &Message,
    offer: &Offer,
    options: &[DhcpOption],
    room: usize,
) -> Reply {
    message.set_ciaddr(request.ciaddr()).set_siaddr(offer.server.unwrap_or(Ipv4Addr::UNSPECIFIED));
    message.set_fname_str(BOOT_FILE);
    Reply { packet: encoded(&message, options, room), to: destination(request) }
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
    Reply { packet: encoded(&message, &options, LONGEST), to }
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
/// they are written one by one behind a message that has none. What there is no room for is left out (DHCP-016).
fn encoded(message: &Message, options: &[DhcpOption], room: usize) -> Vec<u8> {
    let mut packet = Vec::with_capacity(SHORTEST);
    message.encode(&mut Encoder::new(&mut packet)).expect("memory takes all that is written");
    let end = room.saturating_sub(RESERVED);
    for option in options {
        let mut bytes = Vec::new();
        option.encode(&mut Encoder::new(&mut bytes)).expect("memory takes all that is written");
        if packet.len() + bytes.len() < end {
            packet.extend(bytes);
        }
    }
    packet.push(END);
    packet.resize(packet.len().max(SHORTEST), 0);
    packet
}
