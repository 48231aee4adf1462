//! DHCP over a real socket: a guest asks on loopback and is answered where it asked from.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use cloudstack_simulator::Cloud;
use cloudstack_simulator::config::DhcpPlace;

/// How long an answer is waited for before the test fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// A discover of a card, without options but its type.
fn discover(card: &str) -> Vec<u8> {
    let mut packet = vec![0; 236];
    packet[..4].copy_from_slice(&[1, 1, 6, 0]);
    for (place, part) in packet[28..34].iter_mut().zip(card.split(':')) {
        *place = u8::from_str_radix(part, 16).expect("a hardware address");
    }
    packet.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]);
    packet
}

#[test]
fn a_guest_finds_its_address_and_its_router() {
    let place = DhcpPlace::Address(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    let cloud = Cloud::builder().dhcp(place).start_blocking().expect("free ports");
    let server = cloud.ready().dhcp.clone().expect("DHCP is served");
    let world = cloud.snapshot();
    let (_, machine) = world.virtual_machines.iter().next().expect("the demo world has machines");
    let nic = machine.default_nic().expect("a card");
    let router = world.networks.get(nic.network).and_then(|row| row.router.as_ref()).expect("a router");

    let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    client.set_read_timeout(Some(PATIENCE)).expect("a socket of ours");
    // Nobody answers the first: a card that no machine has.
    client.send_to(&discover("02:ff:ff:ff:ff:ff"), &server).expect("a packet can be sent");
    client.send_to(&discover(&nic.mac), &server).expect("a packet can be sent");
    let mut answer = [0; 1024];
    let length = client.recv(&mut answer).expect("an offer");
    let answer = &answer[..length];
    assert_eq!(answer[0], 2, "an answer");
    assert_eq!(answer[16..20], nic.address.expect("an address").octets());
    assert_eq!(answer[20..24], router.guest_address.octets());

    // A fork serves its own guests on a port of its own.
    let fork = cloud.fork().expect("free ports");
    assert_ne!(fork.ready().dhcp, cloud.ready().dhcp);
}
