use proptest::prelude::*;

use super::*;
use crate::quirk::Quirks;
use crate::world::clock::VIRTUAL_EPOCH;
use crate::world::preset;
use crate::world::virtual_machine::MachineState;

const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 1);
const GUEST: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 10);

/// The world of the recordings: the guest `vm-one` at 10.1.1.10 behind the router at 10.1.1.1.
fn recorded() -> (World, Id) {
    let text = include_str!("../../../fixtures/world/demo.toml");
    let mut world = preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("the demo world can be built");
    let id = world.virtual_machines.iter().next().map(|(id, _)| id).expect("the demo world has machines");
    let machine = world.virtual_machines.get_mut(id).expect("the machine is there");
    "vm-one".clone_into(&mut machine.name);
    machine.nics[0].address = Some(GUEST);
    let network = machine.nics[0].network;
    let row = world.networks.get_mut(network).expect("it has a network");
    "cs2cloud.internal".clone_into(&mut row.domain);
    row.router.as_mut().expect("it has a router").number = 4;
    (world, network)
}

/// A question for a name, byte for byte.
fn question(name: &str, kind: u16) -> Vec<u8> {
    let mut packet = vec![0xbe, 0xef, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        packet.push(u8::try_from(label.len()).expect("labels are short"));
        packet.extend(label.as_bytes());
    }
    packet.push(0);
    packet.extend(kind.to_be_bytes());
    packet.extend([0, 1]);
    packet
}

const A_RECORD: u16 = 1;
const POINTER: u16 = 12;
const TEXT: u16 = 16;
const AAAA_RECORD: u16 = 28;
const ANYTHING: u16 = 255;
const NO_ERROR: u8 = 0;
const NO_NAME: u8 = 3;
const REFUSED: u8 = 5;

/// What an answer says: its code, whether it is the router's own word, the TTL and the data of each record.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    code: u8,
    own: bool,
    records: Vec<(u32, Vec<u8>)>,
}

/// Reads the answer to a question of ours: behind the question, whose name each record points to or repeats.
fn told(packet: &[u8], question: &[u8]) -> Told {
    assert_eq!(packet[..2], question[..2], "the number of the question");
    assert_eq!((packet[2] & 0x80, packet[3] & 0x80), (0x80, 0x80), "an answer of a server that asks others");
    let count = u16::from_be_bytes([packet[6], packet[7]]);
    assert_eq!(packet[12..question.len()], question[12..], "the question, in its own letters");
    let mut rest = &packet[question.len()..];
    let records = (0..count).map(|_| {
        let length = match rest[0] {
            pointer if pointer & 0xc0 == 0xc0 => 2,
            _ => rest.iter().position(|byte| *byte == 0).expect("names end") + 1,
        };
        let fixed = &rest[length..length + 10];
        let seconds = u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
        let size = usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
        let data = rest[length + 10..length + 10 + size].to_vec();
        rest = &rest[length + 10 + size..];
        (seconds, data)
    });
    Told { records: records.collect(), code: packet[3] & 15, own: packet[2] & 4 != 0 }
}

fn ask(world: &World, network: Id, name: &str, kind: u16) -> Told {
    let question = question(name, kind);
    told(&answer(world, network, &question).expect("an answer"), &question)
}

fn data(address: Ipv4Addr) -> Told {
    Told { code: NO_ERROR, own: true, records: vec![(0, address.octets().to_vec())] }
}

fn nothing(code: u8) -> Told {
    Told { code, own: false, records: Vec::new() }
}

#[test]
fn the_router_is_the_data_server() {
    let (world, network) = recorded();
    for name in
        ["data-server", "DATA-SERVER", "data-server.cs2cloud.internal", "Data-Server.CS2cloud.Internal"]
    {
        assert_eq!(ask(&world, network, name, A_RECORD), data(ROUTER), "{name}");
        assert_eq!(ask(&world, network, name, ANYTHING), data(ROUTER), "{name}");
        assert_eq!(ask(&world, network, name, AAAA_RECORD), nothing(NO_ERROR), "{name}");
        assert_eq!(ask(&world, network, name, TEXT), nothing(NO_ERROR), "{name}");
    }
    assert_eq!(ask(&world, network, "r-4-VM", A_RECORD), data(ROUTER));
}

#[test]
fn guests_are_known_with_and_without_the_domain() {
    let (world, network) = recorded();
    assert_eq!(ask(&world, network, "vm-one", A_RECORD), data(GUEST));
    assert_eq!(ask(&world, network, "VM-ONE.cs2cloud.internal", A_RECORD), data(GUEST));
    assert_eq!(ask(&world, network, "vm-one.other.internal", A_RECORD), nothing(REFUSED));
    // The demo world's other account has a network of its own.
    assert_eq!(ask(&world, network, "alice-one", A_RECORD), nothing(NO_NAME));
}

#[test]
fn addresses_lead_to_names_with_the_domain() {
    let (world, network) = recorded();
    let named = |text: &str| {
        let mut data = Vec::new();
        for label in text.split('.') {
            data.push(u8::try_from(label.len()).expect("labels are short"));
            data.extend(label.as_bytes());
        }
        data.push(0);
        Told { code: NO_ERROR, own: true, records: vec![(0, data)] }
    };
    assert_eq!(ask(&world, network, "10.1.1.10.in-addr.arpa", POINTER), named("vm-one.cs2cloud.internal"));
    assert_eq!(ask(&world, network, "1.1.1.10.in-addr.arpa", POINTER), named("r-4-VM.cs2cloud.internal"));
    let nobody = Told { code: NO_NAME, own: true, records: Vec::new() };
    assert_eq!(ask(&world, network, "77.1.1.10.in-addr.arpa", POINTER), nobody);
    assert_eq!(ask(&world, network, "8.8.8.8.in-addr.arpa", POINTER), nothing(REFUSED));
}

#[test]
fn what_is_unknown_is_told_apart_from_what_is_elsewhere() {
    let (world, network) = recorded();
    assert_eq!(ask(&world, network, "no-such-host", A_RECORD), nothing(NO_NAME));
    assert_eq!(ask(&world, network, "no-such-host", AAAA_RECORD), nothing(NO_NAME));
    assert_eq!(ask(&world, network, "no-such-host.cs2cloud.internal", A_RECORD), nothing(NO_NAME));
    assert_eq!(ask(&world, network, "no-such-host.cs2cloud.internal", TEXT), nothing(NO_NAME));
    assert_eq!(ask(&world, network, "cs2cloud.internal", A_RECORD), nothing(NO_ERROR));
    assert_eq!(ask(&world, network, "debian.org", A_RECORD), nothing(REFUSED));
    assert_eq!(ask(&world, network, "no-such-host", TEXT), nothing(REFUSED));
    assert_eq!(ask(&world, network, "", A_RECORD), nothing(REFUSED));
}

#[test]
fn a_network_that_has_its_names_from_elsewhere_is_not_answered() {
    let (mut world, network) = recorded();
    let offering = world.networks.get(network).expect("the network is there").offering;
    let row = world.network_offerings.get_mut(offering).expect("it has an offering");
    row.services.retain(|(service, _)| service != "Dns");
    assert_eq!(answer(&world, network, &question("data-server", A_RECORD)), None);
}

#[test]
fn a_router_that_does_not_serve_is_silent() {
    let (mut world, network) = recorded();
    let row = world.networks.get_mut(network).expect("the network is there");
    row.router.as_mut().expect("it has a router").state = MachineState::Stopped;
    assert_eq!(answer(&world, network, &question("data-server", A_RECORD)), None);
}

#[test]
fn what_is_no_question_is_not_answered() {
    let (world, network) = recorded();
    let mut packet = question("data-server", A_RECORD);
    // An answer, which two servers would send each other for ever.
    packet[2] |= 0x80;
    assert_eq!(answer(&world, network, &packet), None);
    assert_eq!(answer(&world, network, &[]), None);
    assert_eq!(answer(&world, network, &[0; 11]), None);
    // An update, and a class of its own.
    let mut packet = question("data-server", A_RECORD);
    packet[2] |= 5 << 3;
    assert_eq!(answer(&world, network, &packet).expect("an answer")[3] & 15, 4);
    let mut packet = question("data-server", A_RECORD);
    *packet.last_mut().expect("packets are not empty") = 3;
    assert_eq!(told(&answer(&world, network, &packet).expect("an answer"), &packet), nothing(REFUSED));
}

#[test]
fn who_speaks_of_longer_answers_is_spoken_to_alike() {
    let (world, network) = recorded();
    let mut packet = question("data-server", A_RECORD);
    packet[11] = 1;
    // The pseudo record of RFC 6891: root, OPT, 4096 bytes.
    packet.extend([0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]);
    let answer = answer(&world, network, &packet).expect("an answer");
    assert_eq!(answer[10..12], [0, 1]);
    assert_eq!(answer[answer.len() - 11..answer.len() - 6], [0, 0, 41, 4, 208]);
}

#[test]
fn every_sin_shows() {
    let (mut world, network) = recorded();
    let mut with = |quirk: Quirk, name: &str, kind: u16| {
        world.quirks = Quirks::from_iter([quirk]);
        ask(&world, network, name, kind)
    };
    assert_eq!(with(Quirk::DnsNoDataServer, "data-server", A_RECORD), nothing(NO_NAME));
    assert_ne!(with(Quirk::DataServerIsThePublicAddress, "data-server", A_RECORD), data(ROUTER));
    assert_eq!(with(Quirk::DnsAnswersEverything, "no-such-host", A_RECORD), data(ROUTER));
    assert_eq!(with(Quirk::DnsNamesAreCaseSensitive, "DATA-SERVER", A_RECORD), nothing(NO_NAME));
    assert_eq!(with(Quirk::DnsKnowsNoDomain, "data-server.cs2cloud.internal", A_RECORD), nothing(NO_NAME));
    assert_eq!(with(Quirk::DnsKnowsNoGuests, "vm-one", A_RECORD), nothing(NO_NAME));
    assert_eq!(with(Quirk::DnsAnswersAreKept, "vm-one", A_RECORD).records[0].0, 86_400);
    assert!(!with(Quirk::DnsAnswersAreSecondHand, "vm-one", A_RECORD).own);
    let short = with(Quirk::DnsPointersAreShort, "10.1.1.10.in-addr.arpa", POINTER);
    assert_eq!(short.records[0].1, *b"\x06vm-one\0");
    assert_eq!(with(Quirk::DnsAaaaIsNxdomain, "vm-one", AAAA_RECORD), nothing(NO_NAME));
}

proptest! {
    #[test]
    fn no_packet_makes_the_resolver_fall(packet in proptest::collection::vec(any::<u8>(), 0..600)) {
        let (world, network) = recorded();
        let _ = answer(&world, network, &packet);
    }

    #[test]
    fn no_name_makes_the_resolver_fall(labels in proptest::collection::vec("[ -~]{1,63}", 0..5), kind in any::<u16>()) {
        let (world, network) = recorded();
        let mut packet = vec![0xbe, 0xef, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in labels.iter().map(String::as_bytes) {
            packet.push(u8::try_from(label.len()).unwrap_or(63));
            packet.extend(label);
        }
        packet.push(0);
        packet.extend(kind.to_be_bytes());
        packet.extend([0, 1]);
        if let Some(answer) = answer(&world, network, &packet) {
            prop_assert_eq!(&answer[..2], &packet[..2]);
        }
    }

    #[test]
    fn no_reverse_name_makes_the_resolver_fall(labels in proptest::collection::vec("[0-9a-f]{0,3}", 1..34), six in any::<bool>()) {
        let (world, network) = recorded();
        let tree = if six { "ip6.arpa" } else { "in-addr.arpa" };
        let name = format!("{}.{tree}", labels.join("."));
        let _ = answer(&world, network, &question(&name, POINTER));
    }
}
