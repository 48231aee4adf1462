//! What dhcpcd keeps: the acknowledgement as it came (RFC 2131).

use std::net::Ipv4Addr;

use super::ack::{Ack, SERVER_IDENTIFIER};

const MAGIC: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const END: u8 = 255;
/// No answer of dnsmasq is shorter, in bytes.
const SHORTEST: usize = 300;

/// The packet of a lease.
pub(super) fn write(ack: &Ack) -> Vec<u8> {
    // An answer by Ethernet, whose addresses have six bytes.
    let mut packet = vec![2, 1, 6, 0];
    // The number of the question, seconds, flags, and the address that the client had: none.
    packet.extend([0; 12]);
    packet.extend(ack.address.octets());
    let server = ack.addresses(SERVER_IDENTIFIER).first().copied().unwrap_or(Ipv4Addr::UNSPECIFIED);
    packet.extend(server.octets());
    // No relay in between.
    packet.extend([0; 4]);
    packet.extend(ack.card);
    field(&mut packet, &[], 10);
    field(&mut packet, ack.server_name.as_bytes(), 64);
    field(&mut packet, ack.boot_file.as_bytes(), 128);
    packet.extend(MAGIC);
    for (code, bytes) in &ack.options {
        // What is longer goes on in another option of the same code (RFC 3396).
        let mut parts = bytes.chunks(255).peekable();
        if parts.peek().is_none() {
            packet.extend([*code, 0]);
        }
        for part in parts {
            packet.push(*code);
            packet.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            packet.extend(part);
        }
    }
    packet.push(END);
    packet.resize(packet.len().max(SHORTEST), 0);
    packet
}

/// A field of a width: as much of the bytes as fits, and zeros.
fn field(packet: &mut Vec<u8>, bytes: &[u8], width: usize) {
    let end = packet.len() + width;
    packet.extend(bytes.iter().take(width));
    packet.resize(end, 0);
}
