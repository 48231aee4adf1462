//! Packets are written and read here byte by byte, so that the library's two halves cannot agree on an error.

use proptest::prelude::*;

use super::*;
use crate::quirk::{Quirk, Quirks};
use crate::release::Release;
use crate::world::clock::VIRTUAL_EPOCH;
use crate::world::preset;
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const DECLINE: u8 = 4;
const ACK: u8 = 5;
const NAK: u8 = 6;
const RELEASE: u8 = 7;
const INFORM: u8 = 8;
/// What Debian's dhclient asks for, as recorded.
const WISHES: [u8; 13] = [1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42];
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 1);
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 10);
const CARD: [u8; 6] = [2, 1, 0, 0, 0, 1];

/// The world of the recorded leases: one guest at 10.1.1.10 behind the router at 10.1.1.1.
fn recorded() -> (World, Id) {
    let text = include_str!("../../../fixtures/world/demo.toml");
    let mut world = preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("the demo world can be built");
    let id = world.virtual_machines.iter().next().map(|(id, _)| id).expect("the demo world has machines");
    let machine = world.virtual_machines.get_mut(id).expect("the machine is there");
    "vm-one".clone_into(&mut machine.name);
    machine.nics[0].address = Some(ADDRESS);
    "02:01:00:00:00:01".clone_into(&mut machine.nics[0].mac);
    let (network, zone) = (machine.nics[0].network, machine.zone);
    let zone = world.zones.get_mut(zone).expect("the machine has a zone");
    "8.8.8.8".clone_into(&mut zone.dns1);
    zone.dns2 = Some("8.8.4.4".to_owned());
    "cs2cloud.internal".clone_into(&mut world.networks.get_mut(network).expect("it has a network").domain);
    (world, id)
}

/// A question of RFC 2131, with these options behind its type.
fn question(card: [u8; 6], own: Ipv4Addr, kind: u8, options: &[(u8, &[u8])]) -> Vec<u8> {
    let mut packet = vec![1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0];
    packet.extend(own.octets());
    packet.extend([0; 12]);
    packet.extend(card);
    packet.extend([0; 10 + 64 + 128]);
    packet.extend([0x63, 0x82, 0x53, 0x63, 53, 1, kind]);
    for (code, bytes) in options {
        packet.extend([*code, u8::try_from(bytes.len()).expect("options are short")]);
        packet.extend(*bytes);
    }
    packet.push(255);
    packet
}

/// The options of an answer, in their order.
fn options(packet: &[u8]) -> Vec<(u8, Vec<u8>)> {
    assert_eq!(packet[236..240], [0x63, 0x82, 0x53, 0x63]);
    let mut found = Vec::new();
    let mut rest = &packet[240..];
    while rest[0] != 255 {
        let length = usize::from(rest[1]);
        found.push((rest[0], rest[2..2 + length].to_vec()));
        rest = &rest[2 + length..];
    }
    found
}

fn codes(packet: &[u8]) -> Vec<u8> {
    options(packet).into_iter().map(|(code, _)| code).collect()
}

fn ask(world: &World, kind: u8, own: Ipv4Addr, options: &[(u8, &[u8])]) -> Option<Reply> {
    let wishes = [options, &[(55, &WISHES)]].concat();
    answer(world, &mut Memory::default(), &question(CARD, own, kind, &wishes))
}

const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

#[test]
fn an_offer_is_what_a_router_was_recorded_to_send() {
    let (world, _) = recorded();
    let Reply { packet, to } = ask(&world, DISCOVER, NONE, &[]).expect("an offer");
    assert_eq!(to, Destination::Link);
    assert!(packet.len() >= 300, "{}", packet.len());
    assert_eq!(packet[..8], [2, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
    assert_eq!(packet[16..20], ADDRESS.octets());
    assert_eq!(packet[20..24], ROUTER.octets());
    assert_eq!(packet[28..34], CARD);
    assert_eq!(packet[108..119], *b"pxelinux.0\0");
    let expected: [(u8, &[u8]); 9] = [
        (53, &[OFFER]),
        (54, &[10, 1, 1, 1]),
        (51, &[255; 4]),
        (1, &[255, 255, 255, 0]),
        (28, &[10, 1, 1, 255]),
        (6, &[10, 1, 1, 1, 8, 8, 8, 8, 8, 8, 4, 4]),
        (3, &[10, 1, 1, 1]),
        (26, &[0x05, 0xdc]),
        (15, b"cs2cloud.internal"),
    ];
    assert_eq!(options(&packet), expected.map(|(code, bytes)| (code, bytes.to_vec())));
}

#[test]
fn an_acknowledgement_names_the_guest() {
    let (world, _) = recorded();
    let chosen: [(u8, &[u8]); 3] = [(50, &ADDRESS.octets()), (54, &ROUTER.octets()), (12, b"its-own-idea")];
    let Reply { packet, to } = ask(&world, REQUEST, NONE, &chosen).expect("an acknowledgement");
    assert_eq!(to, Destination::Link);
    assert_eq!(codes(&packet), [53, 54, 51, 1, 28, 12, 6, 3, 26, 15]);
    assert_eq!(options(&packet)[0].1, [ACK]);
    assert_eq!(options(&packet)[5].1, b"vm-one");
}

#[test]
fn another_card_gets_no_route_and_no_names() {
    let (mut world, id) = recorded();
    world.virtual_machines.get_mut(id).expect("the machine is there").nics[0].is_default = false;
    let offer = ask(&world, DISCOVER, NONE, &[]).expect("an offer");
    assert_eq!(codes(&offer.packet), [53, 54, 51, 1, 28, 26]);
}

#[test]
fn only_what_is_asked_for_is_told() {
    let (world, _) = recorded();
    let discover = question(CARD, NONE, DISCOVER, &[(55, &[3, 1])]);
    let offer = answer(&world, &mut Memory::default(), &discover).expect("an offer");
    assert_eq!(codes(&offer.packet), [53, 54, 51, 1, 3]);
    let everything = question(CARD, NONE, DISCOVER, &[]);
    let offer = answer(&world, &mut Memory::default(), &everything).expect("an offer");
    assert_eq!(codes(&offer.packet), [53, 54, 51, 1, 28, 6, 3, 26, 15]);
}

#[test]
fn a_guest_keeps_its_address() {
    let (world, _) = recorded();
    let renewed = ask(&world, REQUEST, ADDRESS, &[]).expect("an acknowledgement");
    assert_eq!(renewed.to, Destination::Client(ADDRESS));
    assert_eq!(renewed.packet[12..16], ADDRESS.octets());
    assert_eq!(renewed.packet[16..20], ADDRESS.octets());
    let rebooted = ask(&world, REQUEST, NONE, &[(50, &ADDRESS.octets())]).expect("an acknowledgement");
    assert_eq!(rebooted.packet[16..20], ADDRESS.octets());
    assert_eq!(ask(&world, RELEASE, ADDRESS, &[(54, &ROUTER.octets())]), None);
    let again = ask(&world, DISCOVER, NONE, &[]).expect("an offer");
    assert_eq!(again.packet[16..20], ADDRESS.octets());
}

#[test]
fn another_address_is_refused_and_another_server_left_alone() {
    let (world, _) = recorded();
    let refused = ask(&world, REQUEST, NONE, &[(50, &[10, 1, 1, 77])]).expect("a refusal");
    assert_eq!(codes(&refused.packet), [53, 54, 56]);
    assert_eq!(options(&refused.packet)[0].1, [NAK]);
    assert_eq!((&refused.packet[16..20], refused.to), (&[0_u8; 4][..], Destination::Link));
    let refused = ask(&world, REQUEST, Ipv4Addr::new(10, 1, 1, 77), &[]).expect("a refusal");
    assert_eq!(refused.to, Destination::Link);
    let elsewhere: [(u8, &[u8]); 2] = [(50, &ADDRESS.octets()), (54, &[10, 1, 1, 2])];
    assert_eq!(ask(&world, REQUEST, NONE, &elsewhere), None);
}

#[test]
fn whoever_only_asks_gets_no_lease() {
    let (world, _) = recorded();
    let told = ask(&world, INFORM, ADDRESS, &[]).expect("an acknowledgement");
    assert_eq!(codes(&told.packet), [53, 54, 1, 28, 12, 6, 3, 26, 15]);
    assert_eq!(told.packet[16..20], [0; 4]);
    assert_eq!(told.to, Destination::Client(ADDRESS));
}

#[test]
fn unknown_cards_and_routers_that_do_not_serve_are_silent() {
    let (mut world, id) = recorded();
    let stranger = question([2, 9, 9, 9, 9, 9], NONE, DISCOVER, &[]);
    assert_eq!(answer(&world, &mut Memory::default(), &stranger), None);
    let network = world.virtual_machines.get(id).expect("the machine is there").nics[0].network;
    let row = world.networks.get_mut(network).expect("it has a network");
    row.router.as_mut().expect("it has a router").state = MachineState::Stopped;
    assert_eq!(ask(&world, DISCOVER, NONE, &[]), None);
}

#[test]
fn a_declined_address_rests_for_ten_minutes() {
    let (mut world, _) = recorded();
    let mut memory = Memory::default();
    let decline = question(CARD, NONE, DECLINE, &[(50, &ADDRESS.octets()), (54, &ROUTER.octets())]);
    let discover = question(CARD, NONE, DISCOVER, &[]);
    let request = question(CARD, NONE, REQUEST, &[(50, &ADDRESS.octets())]);
    assert_eq!(answer(&world, &mut memory, &decline), None);
    assert_eq!(answer(&world, &mut memory, &discover), None);
    let refused = answer(&world, &mut memory, &request).expect("a refusal");
    assert_eq!(options(&refused.packet)[0].1, [NAK]);
    world.now = world.now.plus_seconds(599);
    assert_eq!(answer(&world, &mut memory, &discover), None);
    world.now = world.now.plus_seconds(1);
    assert!(answer(&world, &mut memory, &discover).is_some());
}

#[test]
fn answers_go_back_through_a_relay() {
    let (world, _) = recorded();
    let mut discover = question(CARD, NONE, DISCOVER, &[]);
    discover[24..28].copy_from_slice(&[10, 9, 0, 1]);
    let offer = answer(&world, &mut Memory::default(), &discover).expect("an offer");
    assert_eq!(offer.to, Destination::Relay(Ipv4Addr::new(10, 9, 0, 1)));
    assert_eq!(offer.packet[24..28], [10, 9, 0, 1]);
}

#[test]
fn a_lease_that_ends_says_when_to_renew() {
    let (mut world, _) = recorded();
    world.quirks = Quirks::from_iter([Quirk::LeaseLastsAnHour]);
    let offer = ask(&world, DISCOVER, NONE, &[]).expect("an offer");
    assert_eq!(
        options(&offer.packet)[2..5],
        [
            (51, 3600_u32.to_be_bytes().to_vec()),
            (58, 1800_u32.to_be_bytes().to_vec()),
            (59, 3150_u32.to_be_bytes().to_vec()),
        ]
    );
}

#[test]
fn a_renewal_of_a_lease_without_end_has_no_times() {
    let (world, _) = recorded();
    let renewed = ask(&world, REQUEST, ADDRESS, &[]).expect("an acknowledgement");
    assert_eq!(codes(&renewed.packet), [53, 54, 51, 1, 28, 12, 6, 3, 26, 15]);
}

#[test]
fn leases_of_older_routers_last_about_thirty_days() {
    let (mut world, _) = recorded();
    for (release, is_endless) in [((12, 0), false), ((13, 0), false), ((13, 1), true), ((22, 0), true)] {
        world.release = Release::new(release.0, release.1);
        let offer = ask(&world, DISCOVER, NONE, &[]).expect("an offer");
        let seconds = u32::from_be_bytes(options(&offer.packet)[2].1[..].try_into().expect("four bytes"));
        if is_endless {
            assert_eq!(seconds, u32::MAX, "{release:?}");
        } else {
            assert_eq!(seconds % 3600, 0, "{release:?}");
            assert!((700 * 3600..=760 * 3600).contains(&seconds), "{release:?}: {seconds}");
            let again = ask(&world, REQUEST, ADDRESS, &[]).expect("an acknowledgement");
            assert_eq!(options(&again.packet)[2].1, seconds.to_be_bytes(), "{release:?}");
        }
    }
}

#[test]
fn what_there_is_no_room_for_is_left_out() {
    let (mut world, id) = recorded();
    let network = world.virtual_machines.get(id).expect("the machine is there").nics[0].network;
    let domain = format!("{}.internal", ["a".repeat(60), "b".repeat(60), "c".repeat(59)].join("."));
    assert_eq!(domain.len(), 190, "the longest that the API takes");
    domain.clone_into(&mut world.networks.get_mut(network).expect("it has a network").domain);
    let named: [(u8, &[u8]); 1] = [(50, &ADDRESS.octets())];
    let whole = ask(&world, REQUEST, NONE, &named).expect("an acknowledgement").packet;
    assert!(whole.len() <= 548, "{}", whole.len());
    assert_eq!(options(&whole).last(), Some(&(15, domain.clone().into_bytes())));

    // The longest host name beside it is more than a packet holds that every client takes.
    let machine = world.virtual_machines.get_mut(id).expect("the machine is there");
    machine.name = "h".repeat(63);
    let offer = ask(&world, DISCOVER, NONE, &[]).expect("an offer").packet;
    assert_eq!(codes(&offer), [53, 54, 51, 1, 28, 6, 3, 26, 15]);
    let cut = ask(&world, REQUEST, NONE, &named).expect("an acknowledgement").packet;
    assert!(cut.len() <= 548, "{}", cut.len());
    assert_eq!(codes(&cut), [53, 54, 51, 1, 28, 12, 6, 3, 26]);
    // Unless the client says that it takes more.
    let larger: [(u8, &[u8]); 2] = [(50, &ADDRESS.octets()), (57, &1500_u16.to_be_bytes())];
    let whole = ask(&world, REQUEST, NONE, &larger).expect("an acknowledgement").packet;
    assert_eq!(codes(&whole), [53, 54, 51, 1, 28, 12, 6, 3, 26, 15]);
}

#[test]
fn a_network_with_names_from_elsewhere_leads_there_alone() {
    let (mut world, id) = recorded();
    let network = world.virtual_machines.get(id).expect("the machine is there").nics[0].network;
    let offering = world.networks.get(network).expect("it has a network").offering;
    let row = world.network_offerings.get_mut(offering).expect("it has an offering");
    row.services.retain(|(service, _)| service != "Dns");
    let offer = ask(&world, DISCOVER, NONE, &[]).expect("an offer");
    assert_eq!(options(&offer.packet)[5], (6, vec![8, 8, 8, 8, 8, 8, 4, 4]));
}

#[test]
fn every_sin_shows() {
    let (mut world, id) = recorded();
    let request: [(u8, &[u8]); 2] = [(50, &ADDRESS.octets()), (54, &ROUTER.octets())];
    let stranger = question([2, 9, 9, 9, 9, 9], NONE, DISCOVER, &[]);
    world.quirks = Quirks::from_iter([Quirk::DhcpAnswersStrangers]);
    assert!(answer(&world, &mut Memory::default(), &stranger).is_some());
    world.quirks = Quirks::from_iter([Quirk::DhcpForgetsLeases]);
    let kind = |reply: Option<Reply>| options(&reply.expect("an answer").packet)[0].1[0];
    assert_eq!(kind(ask(&world, REQUEST, NONE, &request)), ACK);
    assert_eq!(kind(ask(&world, REQUEST, NONE, &request[..1])), NAK);
    world.quirks = Quirks::from_iter([Quirk::DhcpRefusesRenewals]);
    assert_eq!(kind(ask(&world, REQUEST, ADDRESS, &[])), NAK);
    world.quirks = Quirks::from_iter([Quirk::DhcpGivesWhatIsWanted]);
    let given = ask(&world, REQUEST, NONE, &[(50, &[10, 1, 1, 77])]).expect("an acknowledgement");
    assert_eq!(given.packet[16..20], [10, 1, 1, 77]);
    world.quirks = Quirks::from_iter([Quirk::DhcpRenewsForever]);
    let offer = ask(&world, DISCOVER, NONE, &[]).expect("an offer");
    assert_eq!(codes(&offer.packet)[2..5], [51, 58, 59]);
    world.quirks = Quirks::from_iter([Quirk::DhcpEchoesNames]);
    let named = ask(&world, REQUEST, NONE, &[request[0], (12, b"its-own-idea")]).expect("an acknowledgement");
    assert_eq!(options(&named.packet)[5].1, b"its-own-idea");
    world.quirks = Quirks::from_iter([Quirk::DhcpOffersName]);
    assert!(codes(&ask(&world, DISCOVER, NONE, &[]).expect("an offer").packet).contains(&12));

    world.quirks = Quirks::from_iter([Quirk::DhcpKeepsRemovedCards]);
    let mut memory = Memory::default();
    let discover = question(CARD, NONE, DISCOVER, &[]);
    assert!(answer(&world, &mut memory, &discover).is_some());
    world.virtual_machines.get_mut(id).expect("the machine is there").nics.clear();
    assert!(answer(&world, &mut memory, &discover).is_some());
    world.quirks = Quirks::default();
    assert_eq!(answer(&world, &mut memory, &discover), None);
}

proptest! {
    #[test]
    fn no_packet_makes_the_server_fall(packet in proptest::collection::vec(any::<u8>(), 0..600)) {
        let (world, _) = recorded();
        let _ = answer(&world, &mut Memory::default(), &packet);
    }

    #[test]
    fn no_options_make_the_server_fall(kind in any::<u8>(), tail in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (world, _) = recorded();
        let mut packet = question(CARD, NONE, kind, &[]);
        packet.pop();
        packet.extend(tail);
        if let Some(reply) = answer(&world, &mut Memory::default(), &packet) {
            prop_assert_eq!(&reply.packet[4..8], &packet[4..8]);
        }
    }
}
