//! The reader: which router a file of dhclient leads to. It shares nothing with the writers but the words.

use std::net::Ipv4Addr;

use super::text::{Item, Word, parse};

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
    /// The statements of a block; blocks within it belong to no IPv4 lease.
    fn of(items: Vec<Item>) -> Self {
        let statements = items.into_iter().filter_map(|item| match item {
            Item::Statement(words) => Some(words),
            Item::Block(..) => None,
        });
        Self { statements: statements.collect() }
    }

    /// The value of an option; of a repeated one the last.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&[Word]> {
        self.statements.iter().rev().find_map(|statement| match statement.as_slice() {
            [Word::Bare(first), Word::Bare(second), value @ ..]
                if first == "option" && second == name && !value.is_empty() =>
            {
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

/// The IPv4 leases of a file, oldest first. A block that the file ends within does not count.
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
    let (items, is_torn) = parse(text);
    let is_lease = |head: &[Word]| head == [Word::bare("lease")];
    let leases: Vec<Lease> = items
        .into_iter()
        .filter_map(|item| match item {
            Item::Block(head, items) if is_lease(&head) => Some(Lease::of(items)),
            _ => None,
        })
        .collect();
    match (leases.is_empty(), is_torn) {
        (false, _) => Ok(leases),
        (true, true) => Err(LeaseError::Unfinished),
        (true, false) => Err(LeaseError::NoLease),
    }
}
