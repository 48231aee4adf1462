use proptest::prelude::*;

use super::*;
use crate::world::clock::VIRTUAL_EPOCH;
use crate::world::preset;
use crate::world::table::Id;

const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 1);

macro_rules! lease {
    ($name:literal) => {
        include_str!(concat!("../../../../fixtures/lease/", $name, ".leases"))
    };
}

/// The world of the recordings: one isolated network, resolvers and a machine of their names.
fn recorded_world(name: &str, address: [u8; 4], now: Moment) -> (World, Id) {
    let text = include_str!("../../../../fixtures/world/demo.toml");
    let mut world = preset::build("demo", text, 1, now).expect("the demo world can be built");
    let id = world.virtual_machines.iter().next().map(|(id, _)| id).expect("the demo world has machines");
    let machine = world.virtual_machines.get_mut(id).expect("the machine is there");
    name.clone_into(&mut machine.name);
    machine.nics[0].address = Some(address.into());
    let (network, zone) = (machine.nics[0].network, machine.zone);
    let zone = world.zones.get_mut(zone).expect("the machine has a zone");
    "8.8.8.8".clone_into(&mut zone.dns1);
    zone.dns2 = Some("8.8.4.4".to_owned());
    "cs2cloud.internal".clone_into(&mut world.networks.get_mut(network).expect("it has a network").domain);
    (world, id)
}

fn lease_of(world: &World, id: Id) -> String {
    let machine = world.virtual_machines.get(id).expect("the machine is there");
    text(world, &machine.nics[0]).expect("its network has a router")
}

/// 2026-11-23 07:54:40 UTC, when the first lease was recorded.
const RECORDED: Moment = Moment(1_795_420_480_000);

#[test]
fn the_writer_reproduces_the_lease_of_a_default_card() {
    let (world, id) = recorded_world("vm-one", [10, 1, 1, 10], RECORDED);
    assert_eq!(lease_of(&world, id), lease!("default-card"));
}

#[test]
fn the_writer_reproduces_the_lease_of_another_card() {
    let (mut world, id) = recorded_world("vm-two", [10, 1, 1, 11], RECORDED.plus_seconds(51));
    world.virtual_machines.get_mut(id).expect("the machine is there").nics[0].is_default = false;
    assert_eq!(lease_of(&world, id), lease!("second-card"));
}

#[test]
fn a_card_without_a_router_has_no_lease() {
    let (mut world, id) = recorded_world("vm-one", [10, 1, 1, 10], RECORDED);
    let network = world.virtual_machines.get(id).expect("the machine is there").nics[0].network;
    world.networks.get_mut(network).expect("it has a network").router = None;
    let machine = world.virtual_machines.get(id).expect("the machine is there");
    assert_eq!(text(&world, &machine.nics[0]), None);
}

#[test]
fn weekdays_count_from_sunday() {
    assert_eq!(lease_time(VIRTUAL_EPOCH), "2 2030/01/01 00:00:00");
    assert_eq!(lease_time(Moment(1_795_392_000_000 - 86_400_000)), "0 2026/11/22 00:00:00");
}

#[test]
fn strings_are_quoted_as_dhclient_does() {
    assert_eq!(quoted("vm-one"), "\"vm-one\"");
    assert_eq!(quoted("ho'st$`\\\"x"), r#""ho\'st\$\`\\\"x""#);
    assert_eq!(quoted("tab\there\0"), r#""tab\011here""#);
    assert_eq!(quoted("é"), r#""\303\251""#);
}

#[test]
fn the_server_of_every_recorded_lease_is_found() {
    for (name, lease) in [
        ("default-card", lease!("default-card")),
        ("second-card", lease!("second-card")),
        ("many-options", lease!("many-options")),
        ("two-runs", lease!("two-runs")),
        ("two-interfaces", lease!("two-interfaces")),
        ("undeclared-options", lease!("undeclared-options")),
        ("hostile-strings", lease!("hostile-strings")),
        ("octal-escapes", lease!("octal-escapes")),
        ("after-release", lease!("after-release")),
    ] {
        assert_eq!(server_identifier(lease), Ok(ROUTER), "{name}");
    }
}

#[test]
fn an_interface_can_be_chosen() {
    let lease = lease!("two-interfaces");
    assert_eq!(server_identifier_of(lease, "eth0"), Ok(ROUTER));
    assert_eq!(server_identifier_of(lease, "eth1"), Ok(Ipv4Addr::new(10, 1, 2, 1)));
    assert_eq!(server_identifier_of(lease, "eth2"), Err(LeaseError::NoInterface("eth2".to_owned())));
}

#[test]
fn a_file_without_a_server_says_why() {
    let check = |text: &[u8], expected: LeaseError| {
        assert_eq!(server_identifier(text), Err(expected), "{:?}", String::from_utf8_lossy(text));
    };
    check(lease!("no-answer").as_bytes(), LeaseError::Empty);
    check(b" \n", LeaseError::Empty);
    check(lease!("malformed-identifier").as_bytes(), LeaseError::MalformedOption);
    check(lease!("dhcpv6").as_bytes(), LeaseError::NoLease);
    check(b"SERVER_ADDRESS=10.1.1.1\n", LeaseError::NoLease);
    check(b"\x02\x01\x06\x00\x12\x34", LeaseError::NotText);
    check(b"lease {\n  interface \"eth0\";\n}\n", LeaseError::NoServerIdentifier);
    check(b"lease {\n  option dhcp-server-identifier 10.1.1.1;\n", LeaseError::Unfinished);
    check(b"lease {\n  option host-name \"x", LeaseError::Unfinished);
    check(
        b"lease { option dhcp-server-identifier \"10.1.1.1 x\"; }",
        LeaseError::NotAnAddress("10.1.1.1 x".to_owned()),
    );
    check(
        b"lease { option dhcp-server-identifier 10.1.1.1,10.1.1.2; }",
        LeaseError::NotAnAddress("10.1.1.1,10.1.1.2".to_owned()),
    );
}

#[test]
fn the_last_finished_block_that_names_a_server_counts() {
    let block = |server: &str| format!("lease {{\n  option dhcp-server-identifier {server};\n}}\n");
    let two = block("10.0.0.1") + &block("10.0.0.2");
    assert_eq!(server_identifier(&two), Ok(Ipv4Addr::new(10, 0, 0, 2)));
    let torn = two + "lease {\n  option dhcp-server-identifier 10.0.0.3;\n";
    assert_eq!(server_identifier(&torn), Ok(Ipv4Addr::new(10, 0, 0, 2)));
    let bootp = block("10.0.0.1") + "lease {\n  bootp;\n}\n";
    assert_eq!(server_identifier(&bootp), Ok(Ipv4Addr::new(10, 0, 0, 1)));
}

#[test]
fn comments_and_strings_are_no_statements() {
    let text = "# lease { option dhcp-server-identifier 6.6.6.6; }\n\
                lease {\n  option domain-name \"x; option dhcp-server-identifier 6.6.6.6; }\";\n  \
                option dhcp-server-identifier 10.1.1.1; # option dhcp-server-identifier 6.6.6.6;\n}\n";
    assert_eq!(server_identifier(text), Ok(ROUTER));
}

#[test]
fn strings_lose_their_escapes() {
    let leases = read(lease!("octal-escapes").as_bytes()).expect("a recorded lease");
    assert_eq!(leases[0].option("host-name"), Some(&[Word::Quoted(b"tab\there".to_vec())][..]));
    assert_eq!(leases[0].option("domain-name"), Some(&[Word::Quoted(b"caf\xe9.example".to_vec())][..]));
    assert_eq!(leases[0].interface().as_deref(), Some("eth0"));
}

#[test]
fn each_fault_of_the_writer_shows() {
    let lease_with = |quirk| {
        let (mut world, id) = recorded_world("vm-one", [10, 1, 1, 10], RECORDED);
        world.quirks.add(quirk);
        world.virtual_machines.get_mut(id).expect("the machine is there").nics[0].is_default = false;
        lease_of(&world, id)
    };
    let none = lease_with(Quirk::LeaseWithoutServerIdentifier);
    assert_eq!(server_identifier(&none), Err(LeaseError::NoServerIdentifier));
    let other = lease_with(Quirk::LeaseNamesAnotherServer);
    assert_eq!(server_identifier(&other), Ok(Ipv4Addr::new(10, 1, 1, 255)));
    assert!(lease_with(Quirk::LeaseRoutesEveryCard).contains("option routers 10.1.1.1;"));
    assert!(lease_with(Quirk::LeaseLastsAnHour).contains("option dhcp-lease-time 3600;"));
    assert!(lease_with(Quirk::LeaseNeverEnds).contains("  expire never;\n"));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = server_identifier(&bytes);
    }

    #[test]
    fn any_text_is_survived(text in "(lease|option|dhcp-server-identifier|[ {};\"\\\\#\n]|10\\.1\\.1\\.1|.){0,60}") {
        let _ = server_identifier(&text);
        let _ = server_identifier_of(&text, "eth0");
    }

    #[test]
    fn the_reader_gets_back_what_the_writer_wrote(name in ".{1,40}", domain in ".{0,40}", host in 2..=254_u8) {
        let (mut world, id) = recorded_world(&name, [10, 1, 1, host], RECORDED);
        let network = world.virtual_machines.get(id).expect("the machine is there").nics[0].network;
        domain.clone_into(&mut world.networks.get_mut(network).expect("it has a network").domain);
        let lease = lease_of(&world, id);
        prop_assert_eq!(server_identifier(&lease), Ok(ROUTER));
        let leases = read(lease.as_bytes()).expect("a lease of ours");
        prop_assert_eq!(leases.len(), 1);
        let bytes = |text: &str| Word::Quoted(text.trim_end_matches('\0').as_bytes().to_vec());
        prop_assert_eq!(leases[0].option("host-name"), Some(&[bytes(&name)][..]));
        prop_assert_eq!(leases[0].option("domain-name"), Some(&[bytes(&domain)][..]));
    }
}
