//! The writer of ISC dhclient 4.4.3 (`client/dhclient.c`, `common/print.c`): every option by its name and format, in the
//! order of the client's own table.

use std::net::Ipv4Addr;

use super::ack::{self, Ack};
use super::text::{Item, Word, write as write_items};
use crate::world::clock::Moment;

/// How an option is printed.
#[derive(Clone, Copy)]
enum Format {
    /// One address.
    Address,
    /// Addresses with commas between them.
    Addresses,
    /// One number of so many bytes.
    Number(usize),
    /// Bytes as numbers with commas between them.
    Numbers,
    /// A string.
    Text,
    /// Domain names, compressed as in answers of name servers.
    Domains,
    /// A string if that is what it looks like, else bytes in hexadecimal.
    Anything,
}

/// The options that the client knows by name, as far as routers and the recorded servers send them.
const NAMES: [(u8, &str, Format); 18] = [
    (ack::SUBNET_MASK, "subnet-mask", Format::Address),
    (ack::ROUTERS, "routers", Format::Addresses),
    (ack::RESOLVERS, "domain-name-servers", Format::Addresses),
    (ack::HOST_NAME, "host-name", Format::Text),
    (ack::DOMAIN_NAME, "domain-name", Format::Text),
    (ack::MTU, "interface-mtu", Format::Number(2)),
    (ack::BROADCAST, "broadcast-address", Format::Address),
    (42, "ntp-servers", Format::Addresses),
    (43, "vendor-encapsulated-options", Format::Anything),
    (44, "netbios-name-servers", Format::Addresses),
    (ack::LEASE_TIME, "dhcp-lease-time", Format::Number(4)),
    (ack::MESSAGE_TYPE, "dhcp-message-type", Format::Number(1)),
    (ack::SERVER_IDENTIFIER, "dhcp-server-identifier", Format::Address),
    (ack::RENEWAL_TIME, "dhcp-renewal-time", Format::Number(4)),
    (ack::REBINDING_TIME, "dhcp-rebinding-time", Format::Number(4)),
    (66, "tftp-server-name", Format::Text),
    (67, "bootfile-name", Format::Text),
    (119, "domain-search", Format::Domains),
];

/// What Debian's `dhclient.conf` adds to them (LS-010).
const DECLARED: (u8, &str, Format) = (121, "rfc3442-classless-static-routes", Format::Numbers);

/// The lease of a client with Debian's configuration.
#[must_use]
pub fn write(ack: &Ack) -> Vec<u8> {
    write_items(&[block(ack, true)])
}

/// The block of a lease; whether the configuration declares option 121 is the client's affair (LS-010).
#[must_use]
pub fn block(ack: &Ack, declares_routes: bool) -> Item {
    let mut items = vec![
        statement(&["interface"], vec![Word::Quoted(ack.interface.clone().into_bytes())]),
        statement(&["fixed-address"], vec![Word::Bare(ack.address.to_string())]),
    ];
    for (word, text) in [("filename", &ack.boot_file), ("server-name", &ack.server_name)] {
        if !text.is_empty() {
            items.push(statement(&[word], vec![Word::Quoted(text.clone().into_bytes())]));
        }
    }
    for (code, bytes) in in_order(&ack.options) {
        let declared = [DECLARED];
        let known = NAMES.iter().chain(declared.iter().filter(|_| declares_routes));
        let (name, format) = known.clone().find(|(other, ..)| *other == code).map_or_else(
            || (format!("unknown-{code}"), Format::Anything),
            |(_, name, format)| ((*name).to_owned(), *format),
        );
        items.push(statement(&["option", &name], value(format, bytes)));
    }
    for (word, moment) in [("renew", ack.renew), ("rebind", ack.rebind), ("expire", ack.expire)] {
        items.push(statement(&[word], vec![Word::Bare(time(moment))]));
    }
    Item::Block(vec![Word::bare("lease")], items)
}

/// The same lease after the client has read its file and written it again: what was written first was read first, so
/// that options which share a place in the table change theirs (LS-002).
#[must_use]
pub fn rewritten(ack: &Ack) -> Ack {
    let options = in_order(&ack.options).into_iter().map(|(code, bytes)| (code, bytes.to_vec())).collect();
    Ack { options, ..ack.clone() }
}

/// Options in the order of the client's table: by place, and the latest first within a place
/// (`compute_option_hash` in `includes/statement.h`, 17 places).
fn in_order(options: &[(u8, Vec<u8>)]) -> Vec<(u8, &[u8])> {
    let place = |code: u8| ((code & 31) + (code >> 5)) % 17;
    let mut ordered: Vec<(u8, &[u8])> =
        options.iter().rev().map(|(code, bytes)| (*code, bytes.as_slice())).collect();
    ordered.sort_by_key(|(code, _)| place(*code));
    ordered
}

fn statement(beginning: &[&str], value: Vec<Word>) -> Item {
    Item::Statement(beginning.iter().map(|word| Word::bare(word)).chain(value).collect())
}

/// The words of an option's value; `<error>` for what is too short (LS-009).
fn value(format: Format, bytes: &[u8]) -> Vec<Word> {
    let addresses = |most: usize| {
        let (all, _) = bytes.as_chunks::<4>();
        joined(",", all.iter().take(most).map(|octets| Ipv4Addr::from(*octets).to_string()))
    };
    let bare = match format {
        Format::Address => addresses(1),
        Format::Addresses => addresses(usize::MAX),
        Format::Number(width) => bytes
            .get(..width)
            .map(|bytes| bytes.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)).to_string()),
        Format::Numbers => joined(",", bytes.iter().map(u8::to_string)),
        Format::Text => return vec![Word::Quoted(without_end(bytes).to_vec())],
        Format::Domains => match domains(bytes) {
            Some(names) => return listed(names),
            None => None,
        },
        Format::Anything if looks_like_text(bytes) => return vec![Word::Quoted(without_end(bytes).to_vec())],
        Format::Anything => joined(":", bytes.iter().map(|byte| format!("{byte:x}"))),
    };
    vec![Word::Bare(bare.unwrap_or_else(|| "<error>".to_owned()))]
}

/// Texts in one word; nothing if there are none.
fn joined(separator: &str, texts: impl Iterator<Item = String>) -> Option<String> {
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(separator))
}

/// Strings with commas between them.
fn listed(names: Vec<Vec<u8>>) -> Vec<Word> {
    let mut words = Vec::new();
    for name in names {
        if !words.is_empty() {
            words.push(Word::bare(","));
        }
        words.push(Word::Quoted(name));
    }
    words
}

/// A text without the zeros at its end.
fn without_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

fn looks_like_text(bytes: &[u8]) -> bool {
    let text = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    text.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The domain names of an option, each with its final dot (RFC 3397); nothing if they are not well formed.
fn domains(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let (name, end) = domain(bytes, start)?;
        names.push(name);
        start = end;
    }
    (!names.is_empty()).then_some(names)
}

/// The name that begins at a place, and where the next one begins.
fn domain(bytes: &[u8], start: usize) -> Option<(Vec<u8>, usize)> {
    let (mut name, mut at, mut next) = (Vec::new(), start, None);
    loop {
        let length = *bytes.get(at)?;
        match length {
            0 => {
                if name.is_empty() {
                    name.push(b'.');
                }
                return Some((name, next.unwrap_or(at + 1)));
            }
            1..=63 => {
                let end = at + 1 + usize::from(length);
                name.extend(bytes.get(at + 1..end)?);
                name.push(b'.');
                at = end;
            }
            192.. => {
                let target = usize::from(length & 63) << 8 | usize::from(*bytes.get(at + 1)?);
                next = next.or(Some(at + 2));
                // A name may go on only in what stands before it, so that it ends.
                if target >= at {
                    return None;
                }
                at = target;
            }
            64..=191 => return None,
        }
        if name.len() > 255 {
            return None;
        }
    }
}

/// `6 2094/12/11 11:08:48`: the day of the week from Sunday, 0, and the time in UTC (LS-006: never a word).
fn time(moment: Moment) -> String {
    let seconds = moment.0.div_euclid(1000);
    match time::OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(date) => format!(
            "{} {:04}/{:02}/{:02} {:02}:{:02}:{:02}",
            date.weekday().number_days_from_sunday(),
            date.year(),
            u8::from(date.month()),
            date.day(),
            date.hour(),
            date.minute(),
            date.second()
        ),
        // Beyond the year 9999, where the calendar ends: the form that needs none.
        Err(_) => format!("epoch {seconds}"),
    }
}
