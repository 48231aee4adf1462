//! What a guest's DHCP client notes down of the router's word, in the dialect of any client (LS-001 onwards), and the
//! reader that finds the router in dhclient's.
//!
//! Writers are given an [`Ack`]: what was told, option by option. The reader is for files of any origin and goes by
//! statements and strings, so that no value can pass for a statement (LS-008).

mod ack;
mod assignments;
pub mod dhclient;
mod packet;
mod read;
mod text;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use ack::Ack;
pub use read::{Lease, LeaseError, read, server_identifier, server_identifier_of};
pub use text::{Item, Word, parse, write};

use super::offer;
use crate::quirk::Quirk;
use crate::world::World;
use crate::world::virtual_machine::{Nic, VirtualMachine};

/// The client that a guest runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// ISC dhclient: a block for each card, in one file.
    #[default]
    Dhclient,
    /// dhcpcd: the packet itself.
    Dhcpcd,
    /// udhcpc: the environment of its script.
    Udhcpc,
    /// systemd-networkd.
    Networkd,
    /// NetworkManager with a client of its own: what `nmcli --fields GENERAL.DEVICE,DHCP4 device show` prints.
    NetworkManager,
    /// wicked: its `leaseinfo` files.
    Wicked,
}

impl Dialect {
    /// Every dialect by the name that it has on the command line.
    pub const ALL: [(&'static str, Self); 6] = [
        ("dhclient", Self::Dhclient),
        ("dhcpcd", Self::Dhcpcd),
        ("udhcpc", Self::Udhcpc),
        ("networkd", Self::Networkd),
        ("networkmanager", Self::NetworkManager),
        ("wicked", Self::Wicked),
    ];

    /// Whether the client keeps the leases of all cards in one file.
    fn is_shared(self) -> bool {
        matches!(self, Self::Dhclient | Self::NetworkManager)
    }

    /// The lease of one card.
    #[must_use]
    pub fn write(self, ack: &Ack) -> Vec<u8> {
        match self {
            Self::Dhclient => dhclient::write(ack),
            Self::Dhcpcd => packet::write(ack),
            Self::Udhcpc => assignments::udhcpc(ack),
            Self::Networkd => assignments::networkd(ack),
            Self::NetworkManager => assignments::nmcli(ack),
            Self::Wicked => assignments::wicked(ack),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, dialect)| dialect == self).map_or("dhclient", |(name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, dialect)| *dialect).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("name one of {}", names.join(", "))
        })
    }
}

/// The lease of a machine's card, taken when the machine entered its state; none without a router or an address.
#[must_use]
pub fn of_card(world: &World, machine: &VirtualMachine, nic: &Nic, dialect: Dialect) -> Option<Vec<u8>> {
    let ack = Ack::of_card(world, machine, nic)?;
    let mut bytes = dialect.write(&ack);
    if dialect == Dialect::Dhclient {
        sin(world, &mut bytes);
    }
    Some(bytes)
}

/// The files of a machine's leases, each with what its name has behind that of the machine. Where a client keeps one file
/// for all cards, the default one stands last in it; where each card has a file, that of the default one has the plain
/// name.
#[must_use]
pub fn of_machine(world: &World, machine: &VirtualMachine, dialect: Dialect) -> Vec<(String, Vec<u8>)> {
    let mut nics: Vec<&Nic> = machine.nics.iter().collect();
    nics.sort_by_key(|nic| nic.is_default);
    let leases = nics.iter().map(|nic| (*nic, of_card(world, machine, nic, dialect).unwrap_or_default()));
    if dialect.is_shared() {
        return vec![(String::new(), leases.flat_map(|(_, bytes)| bytes).collect())];
    }
    let name = |nic: &Nic| if nic.is_default { String::new() } else { format!(".eth{}", nic.device) };
    leases.map(|(nic, bytes)| (name(nic), bytes)).collect()
}

/// Commits the faults of a client that writes otherwise than dhclient.
fn sin(world: &World, bytes: &mut Vec<u8>) {
    if world.sins(Quirk::LeaseIsIndentedByTabs) {
        let text = String::from_utf8_lossy(bytes).replace("\n  ", "\n\t");
        *bytes = text.into_bytes();
    }
    if world.sins(Quirk::LeaseWithoutFinalNewline) {
        bytes.pop_if(|last| *last == b'\n');
    }
    if world.sins(Quirk::LeaseStringsAreBare) {
        bytes.retain(|byte| *byte != b'"');
    }
    if world.sins(Quirk::LeaseNeverEnds) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let never = |line: &str| {
            let word = line.trim_start().split(' ').next().unwrap_or_default();
            match word {
                "renew" | "rebind" | "expire" => format!("  {word} never;\n"),
                _ => format!("{line}\n"),
            }
        };
        *bytes = text.lines().map(never).collect::<String>().into_bytes();
    }
}
