//! Names over real sockets: a guest asks its router by UDP and by TCP.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use cloudstack_simulator::{Cloud, Guest};

/// How long an answer is waited for before the test fails.
const PATIENCE: Duration = Duration::from_secs(10);
/// Who has the name `data-server`?
const QUESTION: &[u8] = b"\xbe\xef\x01\0\0\x01\0\0\0\0\0\0\x0bdata-server\0\0\x01\0\x01";

/// The address in the only record of an answer.
fn address(answer: &[u8]) -> String {
    assert_eq!(answer[..2], QUESTION[..2]);
    assert_eq!(answer[3] & 15, 0, "no error");
    assert_eq!(answer[6..8], [0, 1], "one record");
    let [.., a, b, c, d] = answer else { panic!("no address in {answer:?}") };
    format!("{a}.{b}.{c}.{d}")
}

fn by_udp(guest: &Guest) -> String {
    let socket = UdpSocket::bind((guest.source.as_str(), 0)).expect("a free port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket of ours");
    socket.send_to(QUESTION, &guest.dns).expect("a packet can be sent");
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).expect("an answer");
    address(&answer[..length])
}

#[test]
fn each_guest_finds_its_own_router() {
    let cloud = Cloud::builder().dns().start_blocking().expect("free ports");
    let guests = &cloud.ready().guests;
    assert!(guests.len() > 2, "the demo world has guests in two networks");
    for guest in guests {
        let [a, b, c, _] = guest.address.split('.').collect::<Vec<_>>()[..] else {
            panic!("{}", guest.address)
        };
        assert_eq!(by_udp(guest), format!("{a}.{b}.{c}.1"));
    }
    // A fork has resolvers of its own.
    let fork = cloud.fork().expect("free ports");
    assert!(fork.ready().guests.iter().zip(guests).all(|(one, other)| one.dns != other.dns));
}

#[test]
fn a_long_way_is_taken_by_tcp() {
    let cloud = Cloud::builder().dns().start_blocking().expect("free ports");
    let guest = &cloud.ready().guests[0];
    let place: SocketAddr = guest.dns.parse().expect("an address with a port");
    let mut stream = TcpStream::connect(place).expect("the resolver listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket of ours");
    // Two questions in one go, the second in two pieces.
    let length = u16::try_from(QUESTION.len()).expect("a short question").to_be_bytes();
    let both = [&length, QUESTION, &length, QUESTION].concat();
    let (first, second) = both.split_at(QUESTION.len() + 7);
    stream.write_all(first).expect("the resolver reads");
    for part in [second, &[]] {
        let mut length = [0; 2];
        stream.read_exact(&mut length).expect("an answer");
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(address(&answer), "10.1.1.1");
        stream.write_all(part).expect("the resolver reads");
    }
}

#[test]
fn nobody_answers_for_names_unless_told_to() {
    let cloud = Cloud::builder().start_blocking().expect("free ports");
    assert!(cloud.ready().guests.iter().all(|guest| guest.dns.is_empty()));
}
