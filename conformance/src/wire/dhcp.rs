//! DHCP with a router, as a card of one of its guests (RFC 2131). The server must answer where it was asked from, as a
//! simulator on an address does: a guest's own link is out of our reach.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use dhcproto::{
    Decodable as _, Decoder, Encodable as _, Encoder,
    v4::{DhcpOption, Message, MessageType, Opcode, OptionCode},
};

use super::{ExchangeError, datagram::Datagram};
use crate::check::{Mismatch, Stop};

/// The fixed part of a packet with the cookie behind it, in bytes.
const HEAD: usize = 240;
const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const PAD: u8 = 0;
const OVERLOAD: u8 = 52;
const END: u8 = 255;
/// The places of the server's name and of the boot file, which may hold options (RFC 2132 section 9.3).
const SERVER_NAME: std::ops::Range<usize> = 44..108;
const BOOT_FILE: std::ops::Range<usize> = 108..236;

/// The options that are asked for: all that routers tell, and the times that they tell only of leases that end.
const WISHES: [OptionCode; 10] = [
    OptionCode::SubnetMask,
    OptionCode::Router,
    OptionCode::DomainNameServer,
    OptionCode::Hostname,
    OptionCode::DomainName,
    OptionCode::InterfaceMtu,
    OptionCode::BroadcastAddr,
    OptionCode::AddressLeaseTime,
    OptionCode::Renewal,
    OptionCode::Rebinding,
];

/// A question of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    card: String,
    is_request: bool,
    own: Option<Ipv4Addr>,
    wanted: Option<Ipv4Addr>,
    server: Option<Ipv4Addr>,
    name: Option<String>,
}

impl Question {
    /// Who offers something to the card with this hardware address, `02:01:00:d3:00:03`?
    pub fn discover(card: &str) -> Self {
        Self { card: card.to_owned(), ..Self::default() }
    }

    /// The card takes what a server offered.
    pub fn select(card: &str, wanted: Ipv4Addr, server: Ipv4Addr) -> Self {
        Self { is_request: true, wanted: Some(wanted), server: Some(server), ..Self::discover(card) }
    }

    /// The card is back with an address that it had (INIT-REBOOT).
    pub fn return_with(card: &str, wanted: Ipv4Addr) -> Self {
        Self { is_request: true, wanted: Some(wanted), ..Self::discover(card) }
    }

    /// The card wants to keep the address that it has.
    pub fn renew(card: &str, own: Ipv4Addr) -> Self {
        Self { is_request: true, own: Some(own), ..Self::discover(card) }
    }

    /// What the card's owner calls itself.
    #[must_use]
    pub fn called(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// The packet and its number.
    fn packet(&self) -> Result<(u32, Vec<u8>), ExchangeError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0x6363_0001);
        let fault = |reason: String| ExchangeError::Fault(format!("no question can be written: {reason}"));
        let bytes: Result<Vec<u8>, _> =
            self.card.split(':').map(|part| u8::from_str_radix(part, 16)).collect();
        let bytes = bytes.ok().filter(|bytes| bytes.len() == 6);
        let bytes = bytes.ok_or_else(|| fault(format!("{:?} is no hardware address", self.card)))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let nowhere = Ipv4Addr::UNSPECIFIED;
        let own = self.own.unwrap_or(nowhere);
        let mut message = Message::new_with_id(number, own, nowhere, nowhere, nowhere, &bytes);
        message.set_opcode(Opcode::BootRequest);
        let kind = if self.is_request { MessageType::Request } else { MessageType::Discover };
        let options = message.opts_mut();
        options.insert(DhcpOption::MessageType(kind));
        options.insert(DhcpOption::ParameterRequestList(WISHES.to_vec()));
        let others = [
            self.wanted.map(DhcpOption::RequestedIpAddress),
            self.server.map(DhcpOption::ServerIdentifier),
            self.name.clone().map(DhcpOption::Hostname),
        ];
        for option in others.into_iter().flatten() {
            options.insert(option);
        }
        let mut packet = Vec::new();
        message.encode(&mut Encoder::new(&mut packet)).map_err(|error| fault(error.to_string()))?;
        Ok((number, packet))
    }
}

/// A DHCP server that answers where it is asked from.
#[derive(Debug)]
pub struct Server {
    datagram: Datagram,
}

impl Server {
    pub(crate) fn open(server: &str, deadline: Duration) -> Result<Self, ExchangeError> {
        Ok(Self { datagram: Datagram::open(server, None, deadline)? })
    }

    /// Asks and waits for the answer.
    pub fn ask(&self, question: &Question) -> Result<Told, Stop> {
        let (number, packet) = question.packet()?;
        let answer = self.datagram.exchange(&[packet], |packet| Answer::read(packet, &[number]))?;
        Ok(answer.told?)
    }

    /// Asks, and then asks something that is sure to be answered: whoever has not answered by then will not.
    pub fn ask_before(&self, question: &Question, sure: &Question) -> Result<Option<Told>, Stop> {
        let ((first, packet), (second, marker)) = (question.packet()?, sure.packet()?);
        let answer =
            self.datagram.exchange(&[packet, marker], |packet| Answer::read(packet, &[first, second]))?;
        if answer.number == second {
            return Ok(None);
        }
        Ok(Some(answer.told?))
    }
}

/// An answer to one of our questions.
struct Answer {
    number: u32,
    told: Result<Told, Mismatch>,
}

impl Answer {
    /// Reads what came; what is not addressed to us is nobody's answer.
    fn read(packet: &[u8], numbers: &[u32]) -> Option<Self> {
        let number = u32::from_be_bytes(packet.get(4..8)?.try_into().ok()?);
        let is_ours = packet.first() == Some(&2) && numbers.contains(&number);
        is_ours.then(|| Self { number, told: Told::read(packet) })
    }
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it is: 2 offers, 5 acknowledges, 6 refuses.
    pub kind: u8,
    /// The address that it is about.
    pub address: Ipv4Addr,
    options: BTreeMap<u8, Vec<u8>>,
}

impl Told {
    /// An offer.
    pub const OFFER: u8 = 2;
    /// An acknowledgement.
    pub const ACK: u8 = 5;
    /// A refusal.
    pub const NAK: u8 = 6;

    fn read(packet: &[u8]) -> Result<Self, Mismatch> {
        let broken = |what: &str| Mismatch::new("DHCP answer", "a packet of RFC 2131", what);
        let (head, tail) = packet.split_at_checked(HEAD).ok_or_else(|| broken("one that is too short"))?;
        if !head.ends_with(&COOKIE) {
            return Err(broken("one without the cookie of DHCP"));
        }
        // The options are cut by hand: the library falls over some lengths instead of refusing them.
        let message = Message::decode(&mut Decoder::new(&[head, &[END]].concat()));
        let message = message.map_err(|error| broken(&error.to_string()))?;
        let mut options = BTreeMap::new();
        collect(tail, &mut options).ok_or_else(|| broken("one whose options break off"))?;
        let overload = options.get(&OVERLOAD).and_then(|value| value.first()).copied().unwrap_or_default();
        for (bit, place) in [(1, BOOT_FILE), (2, SERVER_NAME)] {
            if overload & bit != 0 {
                collect(&head[place], &mut options).ok_or_else(|| broken("one whose options break off"))?;
            }
        }
        let kind = match options.get(&u8::from(OptionCode::MessageType)).map(Vec::as_slice) {
            Some([kind]) => *kind,
            _ => return Err(broken("one that does not say what it is")),
        };
        Ok(Self { kind, address: message.yiaddr(), options })
    }

    /// What is told under an option's number.
    pub fn option(&self, code: OptionCode) -> Option<&[u8]> {
        self.options.get(&u8::from(code)).map(Vec::as_slice)
    }

    /// The same as one IPv4 address.
    pub fn address_in(&self, code: OptionCode) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.option(code)?.try_into().ok()?;
        Some(octets.into())
    }

    /// The same as a text.
    pub fn text_in(&self, code: OptionCode) -> Option<String> {
        Some(String::from_utf8_lossy(self.option(code)?).trim_end_matches('\0').to_owned())
    }

    /// The server that answered.
    pub fn server(&self) -> Option<Ipv4Addr> {
        self.address_in(OptionCode::ServerIdentifier)
    }
}

/// Puts options into a map; parts of one belong together (RFC 3396).
fn collect(mut bytes: &[u8], options: &mut BTreeMap<u8, Vec<u8>>) -> Option<()> {
    loop {
        bytes = match bytes {
            [PAD, rest @ ..] => rest,
            [END, ..] | [] => return Some(()),
            [code, length, rest @ ..] => {
                let (value, rest) = rest.split_at_checked(usize::from(*length))?;
                options.entry(*code).or_default().extend(value);
                rest
            }
            [_] => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of an answer to question 7 with an address.
    fn answer(options: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; HEAD];
        packet[..8].copy_from_slice(&[2, 1, 6, 0, 0, 0, 0, 7]);
        packet[16..20].copy_from_slice(&[10, 1, 1, 10]);
        packet[236..].copy_from_slice(&COOKIE);
        packet.extend(options);
        packet
    }

    #[test]
    fn an_answer_is_read() {
        let told =
            Told::read(&answer(&[53, 1, 5, 0, 54, 4, 10, 1, 1, 1, 15, 2, b'a', b'.', 15, 1, b'b', 255]))
                .unwrap();
        assert_eq!((told.kind, told.address), (Told::ACK, Ipv4Addr::new(10, 1, 1, 10)));
        assert_eq!(told.server(), Some(Ipv4Addr::new(10, 1, 1, 1)));
        assert_eq!(told.text_in(OptionCode::DomainName).as_deref(), Some("a.b"));
        assert_eq!(told.option(OptionCode::Router), None);
        assert_eq!(told.address_in(OptionCode::DomainName), None);
    }

    #[test]
    fn options_may_stand_where_names_were() {
        let mut packet = answer(&[53, 1, 5, 52, 1, 3, 255]);
        packet[108..114].copy_from_slice(&[12, 2, b'v', b'm', 255, 0]);
        packet[44..50].copy_from_slice(&[54, 4, 10, 1, 1, 1]);
        let told = Told::read(&packet).unwrap();
        assert_eq!(told.text_in(OptionCode::Hostname).as_deref(), Some("vm"));
        assert_eq!(told.server(), Some(Ipv4Addr::new(10, 1, 1, 1)));
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        for (packet, expected) in [
            (answer(&[]), "does not say"),
            (answer(&[53, 1]), "break off"),
            (answer(&[53]), "break off"),
            (answer(&[53, 2, 5, 5]), "does not say"),
            (answer(&[])[..239].to_vec(), "too short"),
            (vec![0; HEAD], "cookie"),
        ] {
            let error = Told::read(&packet).unwrap_err();
            assert!(error.actual.contains(expected), "{error}");
        }
        assert!(Answer::read(&answer(&[53, 1, 5]), &[8]).is_none());
        assert!(Answer::read(&answer(&[53, 1, 5]), &[8, 7]).is_some());
        assert!(Answer::read(&[2, 1, 6], &[7]).is_none());
        assert!(Question::discover("02:01").packet().is_err());
    }

    #[test]
    fn a_question_says_what_the_card_wants() {
        let (number, packet) =
            Question::select("02:01:00:00:00:01", [10, 1, 1, 10].into(), [10, 1, 1, 1].into())
                .packet()
                .unwrap();
        assert_eq!(packet[..4], [1, 1, 6, 0]);
        assert_eq!(packet[4..8], number.to_be_bytes());
        assert_eq!(packet[28..34], [2, 1, 0, 0, 0, 1]);
        let mut options = BTreeMap::new();
        collect(&packet[HEAD..], &mut options).unwrap();
        assert_eq!((options[&53].as_slice(), options[&50].as_slice()), (&[3][..], &[10, 1, 1, 10][..]));
        assert_eq!(options[&54], [10, 1, 1, 1]);
    }
}
