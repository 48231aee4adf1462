//! Lease files as ISC dhclient writes them, and the reader that finds the router in one
//! (LS-001 onwards).
//!
//! The writer is what a guest's DHCP client noted down about the router's offer (DHCP-003 to
//! DHCP-011). The reader is for files of any origin and shares nothing with the writer: it goes
//! by statements and strings, so that no value can pass for a statement (LS-008).

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::offer;
use crate::dhcp::BOOT_FILE;
use crate::quirk::Quirk;
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::virtual_machine::{Nic, VirtualMachine};

/// The lease of a card of some machine; none without a router or an address.
#[must_use]
pub fn text(world: &World, nic: &Nic) -> Option<String> {
    let (_, machine) = world
        .virtual_machines
        .iter()
        .find(|(_, machine)| machine.nics.iter().any(|other| other.uuid == nic.uuid))?;
    of_card(world, machine, nic)
}

/// The lease of a machine's card, taken when the machine entered its state.
#[must_use]
pub fn of_card(world: &World, machine: &VirtualMachine, nic: &Nic) -> Option<String> {
    let offer = offer::of_card(world, machine, nic)?;
    let duration = i64::from(offer.seconds);
    let listed =
        |addresses: &[Ipv4Addr]| addresses.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(",");
    // In the order in which dhclient writes what it was told.
    let options = [
        ("subnet-mask", Some(offer.netmask.to_string())),
        ("routers", offer.gateway.map(|gateway| gateway.to_string())),
        ("dhcp-lease-time", Some(duration.to_string())),
        ("dhcp-message-type", Some("5".to_owned())),
        ("domain-name-servers", Some(listed(&offer.resolvers)).filter(|list| !list.is_empty())),
        ("dhcp-server-identifier", offer.server.map(|server| server.to_string())),
        ("interface-mtu", offer.mtu.map(|mtu| mtu.to_string())),
        ("broadcast-address", Some(offer.broadcast.to_string())),
        ("host-name", Some(quoted(&offer.host_name))),
        ("domain-name", offer.domain.as_deref().map(quoted)),
    ];
    let mut text = format!(
        "lease {{\n  interface \"eth{}\";\n  fixed-address {};\n  filename \"{BOOT_FILE}\";\n",
        nic.device, offer.address
    );
    for (name, value) in options.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        // Writing to a text does not fail.
        let _ = writeln!(text, "  option {name} {value};");
    }
    // What dhclient reckons when the server names no times of its own: renew after half of the
    // lease, rebind after seven eighths.
    let times = [("renew", duration / 2 + 1), ("rebind", duration / 8 * 7), ("expire", duration)];
    for (word, seconds) in times {
        let time = if world.sins(Quirk::LeaseNeverEnds) {
            "never".to_owned()
        } else {
            lease_time(machine.updated.unwrap_or(machine.created).plus_seconds(seconds))
        };
        let _ = writeln!(text, "  {word} {time};");
    }
    text.push_str("}\n");
    Some(text)
}

/// `6 2094/12/11 11:08:48`: the day of the week from Sunday, 0, and the time in UTC.
fn lease_time(moment: Moment) -> String {
    let Ok(date) = time::OffsetDateTime::from_unix_timestamp(moment.0.div_euclid(1000)) else {
        return "never".to_owned();
    };
    format!(
        "{} {:04}/{:02}/{:02} {:02}:{:02}:{:02}",
        date.weekday().number_days_from_sunday(),
        date.year(),
        u8::from(date.month()),
        date.day(),
        date.hour(),
        date.minute(),
        date.second()
    )
}

/// A text option in quotes (LS-007; `common/print.c`).
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.trim_end_matches('\0').bytes() {
        match byte {
            b'"' | b'\\' | b'\'' | b'$' | b'`' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' => quoted.push(char::from(byte)),
            other => {
                let _ = write!(quoted, "\\{other:03o}");
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Why a lease file leads to no router.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Not a byte, as after a first try that failed (LS-011).
    #[error("the lease file is empty: no DHCP server has answered yet")]
    Empty,
    /// Bytes that no dhclient writes, such as the raw packet that dhcpcd keeps.
    #[error("the lease file is not text: it is not one of dhclient's")]
    NotText,
    /// Nothing of the form `lease { … }`; DHCPv6 leases are none.
    #[error("the lease file holds no IPv4 lease block")]
    NoLease,
    /// No lease of the interface that was asked for.
    #[error("the lease file holds no lease of the interface {0:?}")]
    NoInterface(String),
    /// The end of the last block or of a string is missing.
    #[error("the lease file ends within a lease block")]
    Unfinished,
    /// Leases, but none with the option.
    #[error("no lease in the file names a DHCP server")]
    NoServerIdentifier,
    /// The client could not make sense of what the server sent (LS-009).
    #[error("the lease names its DHCP server as <error>: the server sent a malformed option")]
    MalformedOption,
    /// The option is there and no address.
    #[error("the lease names its DHCP server as {0:?}, which is no IPv4 address")]
    NotAnAddress(String),
}

/// The router that a lease file leads to: the server of the last lease that names one (LS-003).
///
/// # Errors
///
/// See [`LeaseError`].
pub fn server_identifier(text: impl AsRef<[u8]>) -> Result<Ipv4Addr, LeaseError> {
    server_of(&read(text.as_ref())?)
}

/// The router of one interface, where a file holds leases of several.
///
/// # Errors
///
/// See [`LeaseError`].
pub fn server_identifier_of(text: impl AsRef<[u8]>, interface: &str) -> Result<Ipv4Addr, LeaseError> {
    let mut leases = read(text.as_ref())?;
    leases.retain(|lease| lease.interface().as_deref() == Some(interface));
    if leases.is_empty() {
        return Err(LeaseError::NoInterface(interface.to_owned()));
    }
    server_of(&leases)
}

fn server_of(leases: &[Lease]) -> Result<Ipv4Addr, LeaseError> {
    let value = leases
        .iter()
        .rev()
        .find_map(|lease| lease.option("dhcp-server-identifier"))
        .ok_or(LeaseError::NoServerIdentifier)?;
    match value {
        [Word::Bare(word)] if word == "<error>" => Err(LeaseError::MalformedOption),
        [Word::Bare(word)] => word.parse().map_err(|_| LeaseError::NotAnAddress(word.clone())),
        words => Err(LeaseError::NotAnAddress(words.iter().map(Word::text).collect::<Vec<_>>().join(" "))),
    }
}

/// An IPv4 lease as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lease {
    /// Its statements in order, each without its semicolon.
    pub statements: Vec<Vec<Word>>,
}

impl Lease {
    /// The value of an option; of a repeated one the last.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&[Word]> {
        self.statements.iter().rev().find_map(|statement| match statement.as_slice() {
            [Word::Bare(first), Word::Bare(second), value @ ..] if first == "option" && second == name => {
                Some(value)
            }
            _ => None,
        })
    }

    /// The interface that it is for.
    #[must_use]
    pub fn interface(&self) -> Option<String> {
        self.statements.iter().find_map(|statement| match statement.as_slice() {
            [Word::Bare(first), name] if first == "interface" => Some(name.text()),
            _ => None,
        })
    }
}

/// A word of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Without quotes.
    Bare(String),
    /// The bytes of a string, its escapes undone.
    Quoted(Vec<u8>),
}

impl Word {
    /// What it says, for people.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Bare(word) => word.clone(),
            Self::Quoted(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }
}

/// The IPv4 leases of a file, oldest first. A block that the file ends within does not count
/// unless there is no other.
///
/// # Errors
///
/// See [`LeaseError`].
pub fn read(text: &[u8]) -> Result<Vec<Lease>, LeaseError> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(LeaseError::Empty);
    }
    if text.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()) {
        return Err(LeaseError::NotText);
    }
    let mut tokens = Tokens { rest: text };
    let mut leases = Vec::new();
    // The lease of the block that is open, and how many blocks are open in all.
    let (mut open, mut depth) = (None::<Lease>, 0_usize);
    let mut statement = Vec::new();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) => statement.push(word),
            Token::Semicolon => {
                let statement = std::mem::take(&mut statement);
                if let Some(lease) = open.as_mut().filter(|_| depth == 1) {
                    lease.statements.push(statement);
                }
            }
            Token::Open => {
                let head = std::mem::take(&mut statement);
                if depth == 0 && head == [Word::Bare("lease".to_owned())] {
                    open = Some(Lease::default());
                }
                depth += 1;
            }
            Token::Close => {
                statement.clear();
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    leases.extend(open.take());
                }
            }
            Token::Unfinished => break,
        }
    }
    match (leases.is_empty(), open) {
        (false, _) => Ok(leases),
        (true, Some(_)) => Err(LeaseError::Unfinished),
        (true, None) => Err(LeaseError::NoLease),
    }
}

enum Token {
    Word(Word),
    Semicolon,
    Open,
    Close,
    /// A string without an end.
    Unfinished,
}

/// The words and marks of a file, comments left out.
struct Tokens<'a> {
    rest: &'a [u8],
}

impl Tokens<'_> {
    fn next(&mut self) -> Option<Token> {
        loop {
            let (first, tail) = self.rest.split_first()?;
            match first {
                b'#' => {
                    let end = tail.iter().position(|byte| *byte == b'\n').unwrap_or(tail.len());
                    self.rest = &tail[end..];
                }
                byte if byte.is_ascii_whitespace() => self.rest = tail,
                _ => break,
            }
        }
        let (first, tail) = self.rest.split_first()?;
        let mark = match first {
            b';' => Token::Semicolon,
            b'{' => Token::Open,
            b'}' => Token::Close,
            b'"' => {
                self.rest = tail;
                return Some(self.string());
            }
            _ => {
                let is_end = |byte: &u8| byte.is_ascii_whitespace() || b";{}\"#".contains(byte);
                let length = self.rest.iter().position(is_end).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(length);
                self.rest = rest;
                return Some(Token::Word(Word::Bare(String::from_utf8_lossy(word).into_owned())));
            }
        };
        self.rest = tail;
        Some(mark)
    }

    /// The rest of a string whose first quote has been read (LS-007).
    fn string(&mut self) -> Token {
        let mut bytes = Vec::new();
        while let Some((first, tail)) = self.rest.split_first() {
            self.rest = tail;
            match first {
                b'"' => return Token::Word(Word::Quoted(bytes)),
                b'\\' => match tail {
                    [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..] => {
                        bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                        self.rest = tail;
                    }
                    [escaped, tail @ ..] => {
                        bytes.push(*escaped);
                        self.rest = tail;
                    }
                    [] => {}
                },
                other => bytes.push(*other),
            }
        }
        Token::Unfinished
    }
}

#[cfg(test)]
mod tests;
