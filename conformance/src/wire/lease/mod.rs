//! What a guest's DHCP client noted down, whichever client it was: it leads to the guest's router (LS-001 to LS-015).
//!
//! Each dialect has a file of its own, and all are read into the words of dhclient. Nothing is searched for: a value may
//! contain any words, so a file is cut into its statements first (LS-008). What scripts find that do search is in
//! [`pipeline`].

mod assignments;
mod dhclient;
mod networkmanager;
mod packet;
pub mod pipeline;
pub mod usual;

#[cfg(test)]
mod tests;

use std::{fmt, fs, io, net::Ipv4Addr, path::Path};

use super::transcript::one_line;

/// The statement that all is about.
const SERVER: &str = "dhcp-server-identifier";

/// Who wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// ISC dhclient: blocks of statements.
    Dhclient,
    /// dhcpcd: the packet itself, or what `dhcpcd --dumplease` prints of it.
    Dhcpcd,
    /// udhcpc: the environment of its script, or the address alone, as CloudStack's own script keeps it.
    Udhcpc,
    /// systemd-networkd, and NetworkManager where it keeps files in the same form.
    Networkd,
    /// What `nmcli` prints.
    NetworkManager,
    /// wicked: assignments in quotes.
    Wicked,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dhclient => "dhclient",
            Self::Dhcpcd => "dhcpcd",
            Self::Udhcpc => "udhcpc",
            Self::Networkd => "systemd-networkd",
            Self::NetworkManager => "nmcli",
            Self::Wicked => "wicked",
        })
    }
}

/// A lease file that leads to no router: one line that names the file, what is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("the lease file {path} {problem}: {}", .problem.remedy())]
pub struct LeaseError {
    /// Its path.
    pub path: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a lease file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It cannot be read.
    #[error("cannot be read ({0})")]
    Unreadable(io::Error),
    /// It has no byte but blanks, as after a first attempt that failed (LS-011).
    #[error("is empty")]
    Empty,
    /// Neither text nor a DHCP packet.
    #[error("is neither text nor a DHCP packet (byte {at})")]
    Binary {
        /// The first byte that is no text.
        at: usize,
    },
    /// There is no IPv4 lease in it (LS-013).
    #[error("has no IPv4 lease")]
    NoLease,
    /// Its only lease breaks off.
    #[error("breaks off within its only lease")]
    Torn,
    /// It has leases of other interfaces.
    #[error("has no lease of the interface {}, but of {}", one_line(wanted, SHOWN), one_line(&there.join(" and "), SHOWN))]
    NoInterface {
        /// The one that was asked for.
        wanted: String,
        /// Those that it has leases of.
        there: Vec<String>,
    },
    /// No lease names its server.
    #[error("names no DHCP server")]
    NoServer(Dialect),
    /// The server's option was not of the right length (LS-009).
    #[error("has a malformed server identifier")]
    Malformed,
    /// The server is named by something else than an address.
    #[error("names {} for its DHCP server, which is no IPv4 address", one_line(.0, SHOWN))]
    NoAddress(String),
}

/// How much of a text of the file a problem shows, in characters.
const SHOWN: usize = 80;

impl Problem {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "check the path and who may read it",
            Self::Empty => "no DHCP server has answered yet; let the guest ask again",
            Self::Binary { .. } => "name the file that the guest's DHCP client keeps its lease in",
            Self::NoLease => {
                "name a file of dhclient, dhcpcd, udhcpc, systemd-networkd or wicked, or save what nmcli prints"
            }
            Self::Torn => "copy it again when the DHCP client has written it",
            Self::NoInterface { .. } => "name one of those with --interface",
            Self::NoServer(Dialect::Networkd | Dialect::NetworkManager) => {
                "where NetworkManager keeps the address alone, save what `nmcli --fields DHCP4 device show` prints"
            }
            Self::NoServer(_) => "the server must send option 54, and the client must note it down",
            Self::Malformed => "the server must send option 54 with four bytes",
            Self::NoAddress(_) => "the server must send its address in option 54",
        }
    }

    /// Whether it says nothing about the cloud: the file could not be looked at, or not for that interface.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Unreadable(_) | Self::Binary { .. } | Self::NoInterface { .. })
    }

    /// The problem with the file that has it.
    pub fn at(self, path: &Path) -> LeaseError {
        LeaseError { path: path.display().to_string(), problem: self }
    }
}

/// A word of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    /// Without quotes.
    Bare(String),
    /// A string, its quotes and escapes undone.
    Quoted(String),
}

impl Word {
    fn text(&self) -> &str {
        match self {
            Self::Bare(text) | Self::Quoted(text) => text,
        }
    }

    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Bare(text) if text == word)
    }
}

/// One lease, in the words of dhclient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    statements: Vec<Vec<Word>>,
}

impl Lease {
    /// The value of a statement such as `fixed-address`; the last one if it is repeated.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.words(&[name]).and_then(<[Word]>::first).map(Word::text)
    }

    /// The first word of an option such as `routers`; of the last one if it is repeated.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.words(&["option", name]).and_then(<[Word]>::first).map(Word::text)
    }

    /// All words behind the name of a statement.
    pub fn statement(&self, name: &str) -> Vec<&str> {
        self.words(&[name]).unwrap_or_default().iter().map(Word::text).collect()
    }

    /// Whether the value behind these words is one string in quotes.
    pub fn is_string(&self, beginning: &[&str]) -> bool {
        matches!(self.words(beginning), Some([Word::Quoted(_)]))
    }

    /// The interface that it is of.
    pub fn interface(&self) -> Option<&str> {
        self.value("interface")
    }

    /// What stands behind these words in the last statement that begins with them.
    fn words(&self, beginning: &[&str]) -> Option<&[Word]> {
        self.statements.iter().rev().find_map(|statement| {
            let (head, rest) = statement.split_at_checked(beginning.len())?;
            let begins = head.iter().zip(beginning).all(|(word, wanted)| word.is(wanted));
            (begins && !rest.is_empty()).then_some(rest)
        })
    }

    /// The server, if the lease names one.
    fn server(&self) -> Option<Result<Ipv4Addr, Problem>> {
        let words = self.words(&["option", SERVER])?;
        let text = || words.iter().map(Word::text).collect::<Vec<_>>().join(" ");
        Some(match words {
            [Word::Bare(word)] if word == "<error>" => Err(Problem::Malformed),
            [Word::Bare(word)] => word.parse().map_err(|_| Problem::NoAddress(text())),
            _ => Err(Problem::NoAddress(text())),
        })
    }

    /// Adds what a client of another kind noted down.
    fn note(&mut self, beginning: &[&str], value: &str) {
        let words = beginning.iter().chain([&value]);
        self.statements.push(words.map(|word| Word::Bare((*word).to_owned())).collect());
    }
}

/// A lease file that was read.
#[derive(Clone, Debug)]
pub struct File {
    /// Who wrote it.
    pub dialect: Dialect,
    /// Its IPv4 leases, oldest first.
    leases: Vec<Lease>,
    /// Whether it breaks off within a lease, which then is none.
    is_torn: bool,
    bytes: Vec<u8>,
}

impl File {
    /// Reads the file at a path.
    pub fn open(path: &Path) -> Result<Self, LeaseError> {
        let bytes = fs::read(path).map_err(|error| Problem::Unreadable(error).at(path))?;
        Self::read(bytes).map_err(|problem| problem.at(path))
    }

    /// Reads a file of any dialect.
    pub fn read(bytes: impl Into<Vec<u8>>) -> Result<Self, Problem> {
        let bytes = bytes.into();
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Problem::Empty);
        }
        if let Some(lease) = packet::read(&bytes) {
            return Ok(Self { dialect: Dialect::Dhcpcd, leases: vec![lease], is_torn: false, bytes });
        }
        let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || *byte >= 0x80;
        if let Some(at) = bytes.iter().position(|byte| !is_text(byte)) {
            return Err(Problem::Binary { at });
        }
        let text = String::from_utf8_lossy(&bytes);
        let (dialect, leases, is_torn) = match form(&text) {
            Form::Blocks => {
                let (leases, is_torn) = dhclient::read(&bytes);
                (Dialect::Dhclient, leases, is_torn)
            }
            Form::Assignments => {
                let (dialect, lease) = assignments::read(&text).ok_or(Problem::NoLease)?;
                (dialect, vec![lease], false)
            }
            Form::Address(address) => {
                let mut lease = Lease::default();
                lease.note(&["option", SERVER], address);
                (Dialect::Udhcpc, vec![lease], false)
            }
            Form::Properties => (Dialect::NetworkManager, networkmanager::read(&text), false),
        };
        match (leases.is_empty(), is_torn) {
            (true, true) => Err(Problem::Torn),
            (true, false) => Err(Problem::NoLease),
            (false, _) => Ok(Self { dialect, leases, is_torn, bytes }),
        }
    }

    /// All its IPv4 leases, oldest first.
    pub fn leases(&self) -> &[Lease] {
        &self.leases
    }

    /// The lease that counts: the last one of the interface, or of the file if none is named (LS-003). Files that name no
    /// interface hold one lease, whatever it is of.
    pub fn lease(&self, interface: Option<&str>) -> Result<&Lease, Problem> {
        let all = self.of(interface)?;
        all.last().copied().ok_or(Problem::NoLease)
    }

    /// The router that the file leads to: the server of the last lease that names one.
    pub fn server(&self, interface: Option<&str>) -> Result<Ipv4Addr, Problem> {
        let all = self.of(interface)?;
        all.iter().rev().find_map(|lease| lease.server()).unwrap_or(Err(Problem::NoServer(self.dialect)))
    }

    fn of(&self, interface: Option<&str>) -> Result<Vec<&Lease>, Problem> {
        let Some(wanted) = interface else { return Ok(self.leases.iter().collect()) };
        let is_of = |lease: &&Lease| lease.interface().is_none_or(|name| name == wanted);
        let found: Vec<&Lease> = self.leases.iter().filter(is_of).collect();
        if found.is_empty() {
            let mut there: Vec<String> =
                self.leases.iter().filter_map(|lease| lease.interface().map(str::to_owned)).collect();
            there.sort();
            there.dedup();
            return Err(Problem::NoInterface { wanted: wanted.to_owned(), there });
        }
        Ok(found)
    }

    /// Whether the file breaks off within a lease.
    pub fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// The file as it is.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the documented pipeline finds instead of that router (LS-015); nothing if it finds the same, or if the file is
    /// none that it is meant for.
    pub fn disagreement(&self, server: Ipv4Addr) -> Option<String> {
        let found = pipeline::address(&self.bytes).unwrap_or_else(|| "nothing".to_owned());
        (self.dialect == Dialect::Dhclient && found != server.to_string()).then_some(found)
    }
}

/// What a text looks like, by its first line that says something.
enum Form<'a> {
    Blocks,
    Assignments,
    Address(&'a str),
    Properties,
}

fn form(text: &str) -> Form<'_> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.next().unwrap_or_default();
    let is_alone = lines.next().is_none();
    if is_alone && first.parse::<Ipv4Addr>().is_ok() {
        Form::Address(first)
    } else if networkmanager::is_property(first) {
        Form::Properties
    } else if assignments::assignment(first).is_some() {
        Form::Assignments
    } else {
        Form::Blocks
    }
}
