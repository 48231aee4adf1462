use proptest::prelude::*;

use super::*;

/// A recorded file.
fn recorded(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/lease");
    fs::read(folder.join(name).with_extension("leases")).expect("the recording is there")
}

/// Who wrote a file, and the server or the line about what is wrong.
fn told(bytes: impl Into<Vec<u8>>) -> (Option<Dialect>, String) {
    let file = match File::read(bytes) {
        Ok(file) => file,
        Err(problem) => return (None, problem.to_string()),
    };
    let server = file.server(None).map_or_else(|problem| problem.to_string(), |server| server.to_string());
    (Some(file.dialect), server)
}

fn router_of(dialect: Dialect) -> (Option<Dialect>, String) {
    (Some(dialect), "10.1.1.1".to_owned())
}

#[test]
fn the_server_of_every_recorded_lease_is_found() {
    for name in [
        "default-card",
        "second-card",
        "many-options",
        "two-runs",
        "two-interfaces",
        "undeclared-options",
        "hostile-strings",
        "octal-escapes",
        "after-release",
    ] {
        assert_eq!(told(recorded(name)), router_of(Dialect::Dhclient), "{name}");
    }
    assert_eq!(told(recorded("no-answer")), (None, "is empty".to_owned()));
    assert_eq!(told(recorded("dhcpv6")), (None, "has no IPv4 lease".to_owned()));
    assert_eq!(told(recorded("malformed-identifier")).1, "has a malformed server identifier");
}

#[test]
fn the_pipeline_is_believed_by_nobody_but_shown() {
    let found = |name: &str| {
        let file = File::read(recorded(name)).expect("a recording with leases");
        let server = file.server(None).expect("it names its server");
        (pipeline::address(file.bytes()), file.disagreement(server))
    };
    let router = Some("10.1.1.1".to_owned());
    for name in
        ["default-card", "second-card", "two-runs", "two-interfaces", "after-release", "octal-escapes"]
    {
        assert_eq!(found(name), (router.clone(), None), "{name}");
    }
    let deceived = Some("{\"".to_owned());
    assert_eq!(found("hostile-strings"), (deceived.clone(), deceived));
    assert_eq!(
        pipeline::line(&recorded("default-card")),
        Some(&b"  option dhcp-server-identifier 10.1.1.1;"[..])
    );
    assert_eq!(pipeline::address(&recorded("malformed-identifier")), Some("<error>".to_owned()));
    assert_eq!(pipeline::address(&recorded("no-answer")), None);
}

#[test]
fn the_last_lease_of_an_interface_counts() {
    let file = File::read(recorded("two-interfaces")).expect("a recording with leases");
    assert_eq!(file.leases().len(), 2);
    assert_eq!(file.lease(None).expect("the last").value("fixed-address"), Some("10.1.1.10"));
    assert_eq!(file.lease(Some("eth1")).expect("the first").option("routers"), Some("10.1.2.1"));
    assert_eq!(file.server(Some("eth1")).expect("it is named"), Ipv4Addr::new(10, 1, 2, 1));
    let missing = file.server(Some("eth2")).expect_err("there is none");
    assert_eq!(missing.to_string(), "has no lease of the interface eth2, but of eth0 and eth1");
    // A block of a BOOTP server names nobody; the lease before it does.
    let bootp = [recorded("default-card"), b"lease {\n  bootp;\n}\n".to_vec()].concat();
    assert_eq!(told(bootp), router_of(Dialect::Dhclient));
}

#[test]
fn a_value_may_say_anything() {
    let text = "# option dhcp-server-identifier 6.6.6.6;\nlease {\n  option dhcp-server-identifier 10.1.1.1;\n  \
                renew epoch 1795420904; # Mon; option dhcp-server-identifier 6.6.6.6;\n  option domain-name \"a}b; option \
                dhcp-server-identifier 6.6.6.6; \\\"{\";\n}\n";
    assert_eq!(told(text), router_of(Dialect::Dhclient));
    let file = File::read(recorded("octal-escapes")).expect("a recording with leases");
    assert_eq!(file.lease(None).expect("it has one").option("host-name"), Some("tab\there"));
    assert_eq!(file.lease(None).expect("it has one").option("bootfile-name"), Some("boot\\f"));
}

#[test]
fn a_file_that_breaks_off_counts_up_to_there() {
    let whole = recorded("two-runs");
    let torn = File::read(&whole[..whole.len() - 30]).expect("the first lease is whole");
    assert!(torn.is_torn());
    assert_eq!(torn.leases().len(), 1);
    assert_eq!(told("lease {\n  filename \"x"), (None, "breaks off within its only lease".to_owned()));
    assert_eq!(
        told("lease {\n  option dhcp-server-identifier 10.1.1.1;\n").1,
        "breaks off within its only lease"
    );
}

#[test]
fn what_names_no_server_is_told_apart() {
    assert_eq!(told("lease {\n  option routers 10.1.1.1;\n}\n").1, "names no DHCP server");
    let text = "lease {\n  option dhcp-server-identifier \"10.1.1.1\", x;\n}\n";
    assert_eq!(told(text).1, "names 10.1.1.1 , x for its DHCP server, which is no IPv4 address");
    // What a problem shows of the file stays in its line and leaves room for the rest.
    let text = format!("lease {{\n  option dhcp-server-identifier \"a\nb{}\";\n}}\n", "c".repeat(500));
    let shown = format!("a\\nb{}…", "c".repeat(77));
    assert_eq!(told(text.as_str()).1, format!("names {shown} for its DHCP server, which is no IPv4 address"));
    assert_eq!(told(b"\x02\x01\x06\x00").1, "is neither text nor a DHCP packet (byte 0)");
    assert_eq!(told("hello\n").1, "has no IPv4 lease");
    let missing = File::open(Path::new("no/such/file")).expect_err("there is no such file").to_string();
    assert!(missing.starts_with("the lease file no/such/file cannot be read ("), "{missing}");
    assert!(missing.ends_with("): check the path and who may read it"), "{missing}");
}

/// An answer as a router gives it, with these options.
fn packet(options: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; 240];
    packet[..4].copy_from_slice(&[2, 1, 6, 0]);
    packet[16..20].copy_from_slice(&[10, 1, 1, 10]);
    packet[236..].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
    packet.extend(options);
    packet
}

const IDENTIFIER: [u8; 6] = [54, 4, 10, 1, 1, 1];

#[test]
fn the_packet_of_dhcpcd_is_read() {
    let options = [&[53, 1, 5][..], &IDENTIFIER, &[3, 4, 10, 1, 1, 1, 12, 2, b'v', b'm', 255, 0, 0]].concat();
    let file = File::read(packet(&options)).expect("a packet");
    let lease = file.lease(None).expect("it is the lease");
    assert_eq!(file.server(Some("eth0")).expect("whatever the interface"), Ipv4Addr::new(10, 1, 1, 1));
    assert_eq!((lease.value("fixed-address"), lease.option("host-name")), (Some("10.1.1.10"), Some("vm")));
    assert_eq!(file.disagreement(Ipv4Addr::new(10, 1, 1, 1)), None);
}

#[test]
fn a_packet_of_any_server_is_read_as_far_as_it_goes() {
    assert_eq!(told(packet(&[54, 6, 10, 1, 1, 1, 9, 9, 255])), router_of(Dialect::Dhcpcd));
    // Two parts of one option, and none behind the end.
    assert_eq!(
        told(packet(&[54, 2, 10, 1, 54, 2, 1, 1, 255, 54, 4, 6, 6, 6, 6])),
        router_of(Dialect::Dhcpcd)
    );
    assert_eq!(told(packet(&[54, 3, 10, 1, 1, 255])).1, "has a malformed server identifier");
    assert_eq!(told(packet(&[54, 0, 255])).1, "has a malformed server identifier");
    for torn in [&[][..], &[54], &[54, 4], &[54, 4, 10, 1], &[53, 1, 5, 255]] {
        assert_eq!(
            told(packet(torn)),
            (Some(Dialect::Dhcpcd), "names no DHCP server".to_owned()),
            "{torn:?}"
        );
    }
    // A request, another cookie, a head that is too short.
    for (at, byte) in [(0, 1), (239, 0)] {
        let mut other = packet(&IDENTIFIER);
        other[at] = byte;
        assert!(told(other).1.starts_with("is neither text nor"), "{at}");
    }
    assert!(told(&packet(&[])[..239]).1.starts_with("is neither text nor"));
}

#[test]
fn options_go_on_in_the_fields_that_are_free() {
    for (flag, at) in [(1, 108), (2, 44), (3, 44)] {
        let mut overloaded = packet(&[52, 1, flag, 255]);
        overloaded[at..at + 6].copy_from_slice(&IDENTIFIER);
        overloaded[at + 6] = 255;
        assert_eq!(told(overloaded.clone()), router_of(Dialect::Dhcpcd), "{flag}");
        overloaded[242] = 0;
        assert_eq!(told(overloaded).1, "names no DHCP server", "{flag}");
    }
}

#[test]
fn files_of_assignments_are_read() {
    let networkd = "# This is private data. Do not parse.\nADDRESS=10.1.1.10\nNETMASK=255.255.255.0\nROUTER=10.1.1.1\n\
                    SERVER_ADDRESS=10.1.1.1\nDOMAINNAME=cs2cloud.internal\n";
    assert_eq!(told(networkd), router_of(Dialect::Networkd));
    let wicked = "INTERFACE='eth0'\nTYPE='dhcp'\nFAMILY='ipv4'\nIPADDR='10.1.1.10/24'\nGATEWAYS='10.1.1.1'\n\
                  HOSTNAME='it'\\''s; SERVERID=6.6.6.6'\nSERVERID='10.1.1.1'\n";
    assert_eq!(told(wicked), router_of(Dialect::Wicked));
    let lease = File::read(wicked).expect("a lease").lease(None).expect("one").clone();
    assert_eq!((lease.value("fixed-address"), lease.interface()), (Some("10.1.1.10"), Some("eth0")));
    assert_eq!(lease.option("host-name"), Some("it's; SERVERID=6.6.6.6"));
    for udhcpc in [
        "HOME='/'\nserverid='10.1.1.1'\nip='10.1.1.10'\ninterface='eth0'\n",
        "PATH=/bin\nserverid=10.1.1.1\n",
        "export serverid=\"10.1.1.1\"\n",
        "10.1.1.1\n",
    ] {
        assert_eq!(told(udhcpc), router_of(Dialect::Udhcpc), "{udhcpc}");
    }
    let dumped = "dhcp_lease_time='4294967295'\ndhcp_server_identifier='10.1.1.1'\nip_address='10.1.1.10'\n";
    assert_eq!(told(dumped), router_of(Dialect::Dhcpcd));
    assert_eq!(told("HOME=/\n").1, "has no IPv4 lease");
    assert_eq!(told("SERVERID='0:1:2'\n").1, "names 0:1:2 for its DHCP server, which is no IPv4 address");
    // NetworkManager keeps no more than the address.
    let error = File::read("ADDRESS=10.1.1.10\n").expect("a lease").server(None).expect_err("no server");
    let line = error.at(Path::new("internal-eth0.lease")).to_string();
    assert!(line.contains("names no DHCP server: ") && line.contains("`nmcli --fields DHCP4"), "{line}");
}

#[test]
fn what_nmcli_prints_is_read() {
    let printed = "GENERAL.DEVICE:                         eth1\n\
                   DHCP4.OPTION[1]:                        dhcp_server_identifier = 10.1.2.1\n\n\
                   GENERAL.DEVICE:                         lo\n\n\
                   GENERAL.DEVICE:                         eth0\n\
                   DHCP4.OPTION[1]:                        broadcast_address = 10.1.1.255\n\
                   DHCP4.OPTION[2]:                        dhcp_server_identifier = 10.1.1.1\n\
                   DHCP4.OPTION[3]:                        domain_name = x dhcp_server_identifier = 6.6.6.6\n\
                   DHCP4.OPTION[4]:                        ip_address = 10.1.1.10\n";
    assert_eq!(told(printed), router_of(Dialect::NetworkManager));
    let file = File::read(printed).expect("leases");
    assert_eq!(file.server(Some("eth1")).expect("it is named"), Ipv4Addr::new(10, 1, 2, 1));
    assert_eq!(file.lease(Some("eth0")).expect("the last").value("fixed-address"), Some("10.1.1.10"));
    // As scripts ask for it.
    assert_eq!(
        told("DHCP4.OPTION[7]:dhcp_server_identifier = 10.1.1.1\n"),
        router_of(Dialect::NetworkManager)
    );
    assert_eq!(told("IP4.ADDRESS[1]:  10.1.1.10/24\n").1, "has no IPv4 lease");
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        told(bytes);
    }

    #[test]
    fn any_packet_is_survived(options in proptest::collection::vec(any::<u8>(), 0..80), overload in 0..4_u8) {
        told(packet(&options));
        told(packet(&[&[52, 1, overload], options.as_slice()].concat()));
    }

    #[test]
    fn any_text_is_survived(
        text in "(lease|option|dhcp-server-identifier|SERVERID=|DHCP4.OPTION\\[1\\]: |[ {};='\"\\\\#\n]|10\\.1\\.1\\.1|.){0,60}"
    ) {
        told(text);
    }
}
