use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::world::clock::Moment;
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
    String::from_utf8(bytes_of(world, id, Dialect::Dhclient)).expect("dhclient writes ASCII")
}

fn bytes_of(world: &World, id: Id, dialect: Dialect) -> Vec<u8> {
    let machine = world.virtual_machines.get(id).expect("the machine is there");
    of_card(world, machine, &machine.nics[0], dialect).expect("its network has a router")
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
    for (_, dialect) in Dialect::ALL {
        assert_eq!(of_card(&world, machine, &machine.nics[0], dialect), None, "{dialect}");
        // The file is there, as dhclient leaves it behind (LS-011).
        assert_eq!(of_machine(&world, machine, dialect), [(String::new(), Vec::new())], "{dialect}");
    }
}

#[test]
fn weekdays_count_from_sunday() {
    let time_of = |moment: Moment| {
        let mut ack = told(&[], [0; 3]);
        ack.expire = moment;
        let text = String::from_utf8(dhclient::write(&ack)).expect("dhclient writes ASCII");
        text.lines().find_map(|line| line.strip_prefix("  expire ")).expect("it ends").to_owned()
    };
    assert_eq!(time_of(VIRTUAL_EPOCH), "2 2030/01/01 00:00:00;");
    assert_eq!(time_of(Moment(1_795_392_000_000 - 86_400_000)), "0 2026/11/22 00:00:00;");
    assert_eq!(time_of(Moment(300_000_000_000_000)), "epoch 300000000000;");
}

/// What eth0 was told at 10.1.1.10, with the seconds of 2026-11-23 at which the lease is renewed, rebound and over.
fn told(options: &[(u8, &[u8])], [renew, rebind, expire]: [i64; 3]) -> Ack {
    // 2026-11-23 00:00:00 UTC.
    let at = |seconds: i64| Moment(1_795_392_000_000).plus_seconds(seconds);
    Ack {
        interface: "eth0".to_owned(),
        card: [2, 1, 0, 0, 0, 1],
        address: Ipv4Addr::new(10, 1, 1, 10),
        boot_file: String::new(),
        server_name: String::new(),
        options: options.iter().map(|(code, bytes)| (*code, bytes.to_vec())).collect(),
        taken: at(expire).plus_seconds(-3600),
        renew: at(renew),
        rebind: at(rebind),
        expire: at(expire),
    }
}

/// Seconds of a day.
const fn clock(hour: i64, minute: i64, second: i64) -> i64 {
    hour * 3600 + minute * 60 + second
}

/// The options that all recorded servers sent first.
const ACKNOWLEDGED: (u8, &[u8]) = (53, &[5]);
const SERVER: (u8, &[u8]) = (54, &[10, 1, 1, 1]);
const HOUR: (u8, &[u8]) = (51, &[0, 0, 14, 16]);
const RENEWAL: (u8, &[u8]) = (58, &[0, 0, 7, 8]);
const REBINDING: (u8, &[u8]) = (59, &[0, 0, 12, 78]);
const MASK: (u8, &[u8]) = (1, &[255, 255, 255, 0]);
const BROADCAST: (u8, &[u8]) = (28, &[10, 1, 1, 255]);
const GATEWAY: (u8, &[u8]) = (3, &[10, 1, 1, 1]);
const NAME: (u8, &[u8]) = (12, b"vm-one");

#[track_caller]
fn assert_written(blocks: &[Item], recorded: &str) {
    let text = String::from_utf8(write(blocks)).expect("dhclient writes ASCII");
    assert_eq!(text, recorded);
}

#[test]
fn many_options_are_written_as_recorded() {
    let ack = told(
        &[
            ACKNOWLEDGED,
            SERVER,
            HOUR,
            RENEWAL,
            REBINDING,
            MASK,
            BROADCAST,
            NAME,
            (6, &[10, 1, 1, 1, 8, 8, 8, 8, 8, 8, 4, 4, 1, 1, 1, 1, 9, 9, 9, 9]),
            GATEWAY,
            (15, b"cs2cloud.internal"),
            (121, &[0, 10, 1, 1, 1, 32, 169, 254, 169, 254, 10, 1, 1, 1, 24, 192, 168, 5, 10, 1, 1, 254]),
            (119, b"\x01a\x07example\0\x01b\x07example\x03org\0"),
            (44, &[10, 1, 1, 5]),
            (42, &[10, 1, 1, 1, 10, 1, 1, 2]),
            (26, &[5, 170]),
        ],
        [clock(8, 24, 55), clock(8, 49, 4), clock(8, 56, 34)],
    );
    assert_written(&[dhclient::block(&ack, true)], lease!("many-options"));
}

/// What most recorded servers told, with a renewal of their own.
const USUAL: [(u8, &[u8]); 9] =
    [ACKNOWLEDGED, SERVER, HOUR, RENEWAL, REBINDING, MASK, BROADCAST, NAME, GATEWAY];

#[test]
fn options_change_places_when_a_file_is_written_again() {
    let first = told(&USUAL, [clock(8, 22, 32), clock(8, 50, 15), clock(8, 57, 45)]);
    let second = told(&USUAL, [clock(8, 25, 18), clock(8, 50, 18), clock(8, 57, 48)]);
    let blocks = [dhclient::block(&dhclient::rewritten(&first), true), dhclient::block(&second, true)];
    assert_written(&blocks, lease!("two-runs"));
    let twice = dhclient::rewritten(&dhclient::rewritten(&first));
    assert_eq!(dhclient::block(&twice, true), dhclient::block(&first, true));
}

#[test]
fn two_interfaces_are_written_as_recorded() {
    let other = [
        ACKNOWLEDGED,
        (54, &[10, 1, 2, 1][..]),
        HOUR,
        RENEWAL,
        REBINDING,
        MASK,
        (28, &[10, 1, 2, 255]),
        (12, b"vm-one-b"),
        (3, &[10, 1, 2, 1]),
    ];
    let mut eth1 = told(&other, [clock(8, 29, 6), clock(8, 53, 45), clock(9, 1, 15)]);
    "eth1".clone_into(&mut eth1.interface);
    eth1.address = Ipv4Addr::new(10, 1, 2, 10);
    let eth0 = told(&USUAL, [clock(8, 27, 1), clock(8, 53, 45), clock(9, 1, 15)]);
    let blocks = [dhclient::block(&eth1, true), dhclient::block(&eth0, true)];
    assert_written(&blocks, lease!("two-interfaces"));
}

#[test]
fn undeclared_options_are_written_as_recorded() {
    let mut ack = told(
        &[
            ACKNOWLEDGED,
            SERVER,
            HOUR,
            RENEWAL,
            REBINDING,
            MASK,
            BROADCAST,
            GATEWAY,
            (249, &[0, 10, 1, 1, 1]),
            (245, &[10, 1, 1, 1]),
            (121, &[0, 10, 1, 1, 1]),
            (66, b"tftp.example"),
        ],
        [clock(8, 23, 52), clock(8, 50, 4), clock(8, 57, 34)],
    );
    "pxelinux.0".clone_into(&mut ack.boot_file);
    "bootsrv.example".clone_into(&mut ack.server_name);
    assert_written(&[dhclient::block(&ack, false)], lease!("undeclared-options"));
}

#[test]
fn hostile_strings_are_written_as_recorded() {
    let ack = told(
        &[
            ACKNOWLEDGED,
            SERVER,
            HOUR,
            MASK,
            GATEWAY,
            (12, b"ho'st$`\\\"x"),
            (15, b"a}b {c; option dhcp-server-identifier 6.6.6.6;\nlease {"),
        ],
        [clock(8, 23, 13), clock(8, 52, 28), clock(8, 59, 58)],
    );
    assert_written(&[dhclient::block(&ack, true)], lease!("hostile-strings"));
}

#[test]
fn bytes_that_are_no_ascii_are_written_as_recorded() {
    let ack = told(
        &[
            ACKNOWLEDGED,
            SERVER,
            HOUR,
            MASK,
            (12, b"tab\there"),
            (15, b"caf\xe9.example"),
            (6, &[10, 1, 1, 1]),
            (43, &[1, 4, 0, 0, 0, 1]),
            (66, b"srv\"q"),
            (67, b"boot\\f"),
        ],
        [clock(8, 25, 51), clock(8, 52, 32), clock(9, 0, 2)],
    );
    let written = write(&[dhclient::block(&ack, true)]);
    assert_eq!(String::from_utf8_lossy(&written), lease!("octal-escapes"));
    // Zeros at the end of a text are lost.
    let mut longer = ack;
    longer.options[4].1.extend([0, 0]);
    assert_eq!(write(&[dhclient::block(&longer, true)]), written);
}

#[test]
fn malformed_options_are_written_as_recorded() {
    let ack = told(
        &[ACKNOWLEDGED, (54, &[10, 1, 1]), HOUR, MASK, (15, b"")],
        [clock(8, 26, 12), clock(8, 52, 35), clock(9, 0, 5)],
    );
    assert_written(&[dhclient::block(&ack, true)], lease!("malformed-identifier"));
    let written = |options: &[(u8, &[u8])]| write(&[dhclient::block(&told(options, [0; 3]), true)]);
    // Of an address that is too long the beginning counts.
    assert_eq!(written(&[(54, &[10, 1, 1, 1, 9, 9])]), written(&[SERVER]));
    let text =
        |code, bytes: &[u8]| String::from_utf8(written(&[(code, bytes)])).expect("dhclient writes ASCII");
    for (code, bytes, line) in [
        (26, &[5][..], "option interface-mtu <error>;"),
        (3, &[10, 1], "option routers <error>;"),
        (51, &[], "option dhcp-lease-time <error>;"),
        (121, &[], "option rfc3442-classless-static-routes <error>;"),
        (119, b"\x07examp", "option domain-search <error>;"),
        // A pointer to itself, and one to the name before.
        (119, &[0xc0, 0], "option domain-search <error>;"),
        (119, b"\x01a\0\x01b\xc0\0", "option domain-search \"a.\", \"b.a.\";"),
        (200, b"a word", "option unknown-200 \"a word\";"),
    ] {
        assert!(text(code, bytes).contains(line), "{code} {bytes:?}: {}", text(code, bytes));
    }
}

#[test]
fn what_is_given_back_is_written_as_recorded() {
    let options = [ACKNOWLEDGED, SERVER, HOUR, MASK, GATEWAY, (15, &b"x.example"[..])];
    let had = dhclient::rewritten(&told(&options, [clock(8, 25, 43), clock(8, 53, 17), clock(9, 0, 47)]));
    let now = clock(8, 0, 48);
    let given_back = dhclient::rewritten(&told(&options, [now, now, now]));
    let blocks = [dhclient::block(&had, true), dhclient::block(&given_back, true)];
    assert_written(&blocks, lease!("after-release"));
    assert_eq!(server_identifier(lease!("after-release")), Ok(ROUTER));
}

#[test]
fn every_recorded_file_is_written_as_it_was_read() {
    for recorded in [
        lease!("default-card"),
        lease!("second-card"),
        lease!("many-options"),
        lease!("two-runs"),
        lease!("two-interfaces"),
        lease!("undeclared-options"),
        lease!("hostile-strings"),
        lease!("octal-escapes"),
        lease!("malformed-identifier"),
        lease!("after-release"),
        lease!("dhcpv6"),
        lease!("no-answer"),
    ] {
        let (items, is_torn) = parse(recorded.as_bytes());
        assert!(!is_torn);
        assert_written(&items, recorded);
    }
}

#[test]
fn every_client_notes_the_same_down() {
    let (world, id) = recorded_world("vm-one", [10, 1, 1, 10], RECORDED);
    let text = |dialect| String::from_utf8(bytes_of(&world, id, dialect)).expect("it is text");
    assert_eq!(
        text(Dialect::Networkd),
        "# This is private data. Do not parse.\nADDRESS=10.1.1.10\nNETMASK=255.255.255.0\nROUTER=10.1.1.1\n\
         SERVER_ADDRESS=10.1.1.1\nBROADCAST=10.1.1.255\nMTU=1500\nLIFETIME=4294967295\n\
         DNS=10.1.1.1 8.8.8.8 8.8.4.4\nDOMAINNAME=cs2cloud.internal\nHOSTNAME=vm-one\n"
    );
    assert_eq!(
        text(Dialect::Wicked),
        "INTERFACE='eth0'\nTYPE='dhcp'\nFAMILY='ipv4'\nACQUIRED='1795420480'\nIPADDR='10.1.1.10/24'\n\
         PREFIXLEN='24'\nNETMASK='255.255.255.0'\nBROADCAST='10.1.1.255'\nGATEWAYS='10.1.1.1'\n\
         DNSSERVERS='10.1.1.1 8.8.8.8 8.8.4.4'\nDNSDOMAIN='cs2cloud.internal'\nHOSTNAME='vm-one'\n\
         SERVERID='10.1.1.1'\nLEASETIME='4294967295'\n"
    );
    assert_eq!(
        text(Dialect::Udhcpc),
        "interface='eth0'\nip='10.1.1.10'\nsubnet='255.255.255.0'\nmask='24'\nbroadcast='10.1.1.255'\n\
         router='10.1.1.1'\ndns='10.1.1.1 8.8.8.8 8.8.4.4'\nhostname='vm-one'\ndomain='cs2cloud.internal'\n\
         mtu='1500'\nlease='4294967295'\nserverid='10.1.1.1'\nsiaddr='10.1.1.1'\nboot_file='pxelinux.0'\n"
    );
    let nmcli = text(Dialect::NetworkManager);
    assert!(nmcli.starts_with("GENERAL.DEVICE:                         eth0\n"), "{nmcli}");
    assert!(
        nmcli.contains("\nDHCP4.OPTION[3]:                        dhcp_server_identifier = 10.1.1.1\n"),
        "{nmcli}"
    );
    assert!(
        nmcli.ends_with("\nDHCP4.OPTION[12]:                       subnet_mask = 255.255.255.0\n\n"),
        "{nmcli}"
    );
}

#[test]
fn a_packet_says_what_the_router_said() {
    use dhcproto::v4::{DhcpOption, Message, MessageType, Opcode, OptionCode};
    use dhcproto::{Decodable as _, Decoder};
    let (world, id) = recorded_world("vm-one", [10, 1, 1, 10], RECORDED);
    let packet = bytes_of(&world, id, Dialect::Dhcpcd);
    assert!(packet.len() >= 300);
    let message = Message::decode(&mut Decoder::new(&packet)).expect("another library can read it");
    assert_eq!((message.opcode(), message.yiaddr()), (Opcode::BootReply, Ipv4Addr::new(10, 1, 1, 10)));
    assert_eq!(message.siaddr(), ROUTER);
    let machine = world.virtual_machines.get(id).expect("the machine is there");
    let card: Vec<String> = message.chaddr().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(card.join(":"), machine.nics[0].mac);
    assert_eq!(
        message.fname().map(|name| name.split(|byte| *byte == 0).next()),
        Some(Some(&b"pxelinux.0"[..]))
    );
    let options = message.opts();
    assert_eq!(options.msg_type(), Some(MessageType::Ack));
    assert_eq!(options.get(OptionCode::ServerIdentifier), Some(&DhcpOption::ServerIdentifier(ROUTER)));
    assert_eq!(options.get(OptionCode::AddressLeaseTime), Some(&DhcpOption::AddressLeaseTime(u32::MAX)));
    assert_eq!(options.get(OptionCode::Hostname), Some(&DhcpOption::Hostname("vm-one".to_owned())));
    assert_eq!(options.get(OptionCode::Renewal), None);
}

#[test]
fn files_are_named_after_cards() {
    let (mut world, id) = recorded_world("vm-one", [10, 1, 1, 10], RECORDED);
    let machine = world.virtual_machines.get_mut(id).expect("the machine is there");
    let mut second = machine.nics[0].clone();
    (second.is_default, second.device, second.address) = (false, 1, Some([10, 1, 1, 11].into()));
    machine.nics.push(second);
    let machine = world.virtual_machines.get(id).expect("the machine is there");
    let names =
        |dialect| of_machine(&world, machine, dialect).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    for (_, dialect) in Dialect::ALL {
        let expected: &[&str] = if dialect.is_shared() { &[""] } else { &[".eth1", ""] };
        assert_eq!(names(dialect), expected, "{dialect}");
        assert_eq!(dialect.to_string().parse(), Ok(dialect));
    }
    let [(_, shared)] = of_machine(&world, machine, Dialect::Dhclient).try_into().expect("one file");
    assert_eq!(server_identifier_of(&shared, "eth1"), Ok(ROUTER));
    // The default card stands last, and alone has a route.
    let leases = read(&shared).expect("leases of ours");
    assert_eq!(leases[1].interface().as_deref(), Some("eth0"));
    assert!(leases[0].option("routers").is_none() && leases[1].option("routers").is_some());
    assert!("dhcp".parse::<Dialect>().is_err());
}

#[test]
fn blocks_of_any_depth_are_survived() {
    let deep = [b"{".repeat(200_000), b"}".repeat(200_000)].concat();
    let (items, is_torn) = parse(&deep);
    assert_eq!((items.len(), is_torn), (1, false));
    assert_eq!(server_identifier(&deep), Err(LeaseError::NoLease));
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
    let malformed = lease_with(Quirk::LeaseIdentifierIsMalformed);
    assert_eq!(server_identifier(&malformed), Err(LeaseError::MalformedOption));
    assert!(lease_with(Quirk::LeaseIsIndentedByTabs).contains("\n\toption dhcp-server-identifier"));
    assert!(lease_with(Quirk::LeaseWithoutFinalNewline).ends_with(";\n}"));
    assert!(lease_with(Quirk::LeaseStringsAreBare).contains("  interface eth0;\n"));
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
