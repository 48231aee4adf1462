//! The packet that dhcpcd keeps: an answer of a DHCP server as it came (RFC 2131, RFC 2132).
//!
//! Read by hand, since a guest's file is whatever a server chose to send: options of wrong lengths, packets that break
//! off.

use std::net::Ipv4Addr;

use super::{Lease, SERVER};

/// A packet without options, in bytes, and where parts of it begin.
const HEAD: usize = 240;
const YOUR_ADDRESS: usize = 16;
const SERVER_NAME: usize = 44;
const BOOT_FILE: usize = 108;
const COOKIE: usize = 236;

const MAGIC: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const REPLY: u8 = 2;

const PAD: u8 = 0;
const ROUTERS: u8 = 3;
const HOST_NAME: u8 = 12;
const DOMAIN_NAME: u8 = 15;
const OVERLOAD: u8 = 52;
const SERVER_IDENTIFIER: u8 = 54;
const END: u8 = 255;

/// The lease that a packet holds; nothing if the bytes are no answer of a DHCP server.
pub(super) fn read(bytes: &[u8]) -> Option<Lease> {
    let (head, mut options) = bytes.split_at_checked(HEAD)?;
    if head.first() != Some(&REPLY) || head.get(COOKIE..) != Some(&MAGIC) {
        return None;
    }
    let mut found = Vec::new();
    collect(options, &mut found);
    // Options may go on in the fields for the boot file and the server's name, in this order (RFC 2131, section 4.1).
    let overload = value(&found, OVERLOAD).and_then(|bytes| bytes.first().copied()).unwrap_or_default();
    for (flag, field) in [(1, BOOT_FILE..COOKIE), (2, SERVER_NAME..BOOT_FILE)] {
        if overload & flag != 0 {
            options = head.get(field)?;
            collect(options, &mut found);
        }
    }
    let mut lease = Lease::default();
    if let Some(address) = head.get(YOUR_ADDRESS..).and_then(address) {
        lease.note(&["fixed-address"], &address.to_string());
    }
    if let Some(bytes) = value(&found, SERVER_IDENTIFIER) {
        // Of one that is too long dhclient takes the beginning (LS-009).
        let text = address(&bytes).map_or("<error>".to_owned(), |server| server.to_string());
        lease.note(&["option", SERVER], &text);
    }
    if let Some(router) = value(&found, ROUTERS).as_deref().and_then(address) {
        lease.note(&["option", "routers"], &router.to_string());
    }
    for (code, name) in [(HOST_NAME, "host-name"), (DOMAIN_NAME, "domain-name")] {
        if let Some(bytes) = value(&found, code) {
            lease.note(&["option", name], String::from_utf8_lossy(&bytes).trim_end_matches('\0'));
        }
    }
    Some(lease)
}

/// Collects options up to the end mark, or to where the bytes break off.
fn collect<'a>(mut rest: &'a [u8], found: &mut Vec<(u8, &'a [u8])>) {
    loop {
        rest = match rest {
            [PAD, rest @ ..] => rest,
            [END, ..] | [] | [_] => return,
            [code, length, rest @ ..] => {
                let Some((value, rest)) = rest.split_at_checked(usize::from(*length)) else { return };
                found.push((*code, value));
                rest
            }
        };
    }
}

/// The value of an option, whose parts belong together (RFC 3396).
fn value(found: &[(u8, &[u8])], code: u8) -> Option<Vec<u8>> {
    let mut parts = found.iter().filter(|(other, _)| *other == code).map(|(_, part)| *part).peekable();
    parts.peek().is_some().then(|| parts.flatten().copied().collect())
}

/// The address at the beginning of some bytes.
fn address(bytes: &[u8]) -> Option<Ipv4Addr> {
    bytes.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets))
}
