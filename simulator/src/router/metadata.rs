//! The metadata types and the URL forms that lead to them.

use std::net::Ipv4Addr;

use crate::world::World;
use crate::world::table::Id;
use crate::world::virtual_machine::{Nic, VirtualMachine};

/// A metadata type.
pub struct Type {
    /// Its name in URLs.
    pub name: &'static str,
    /// Its value for a card of a machine; none if it was never pushed.
    pub value: fn(&World, Id, &VirtualMachine, &Nic) -> Option<String>,
}

/// The metadata types in the order of the router's index (MD-011).
pub const TYPES: &[Type] = &[
    Type {
        name: "service-offering",
        value: |world, _, machine, _| {
            world.service_offerings.get(machine.offering).map(|row| row.display_text.clone())
        },
    },
    Type {
        name: "availability-zone",
        value: |world, _, machine, _| world.zones.get(machine.zone).map(|zone| zone.name.clone()),
    },
    Type { name: "local-ipv4", value: |_, _, _, nic| nic.address.map(|address| address.to_string()) },
    Type { name: "local-hostname", value: |_, _, machine, _| Some(machine.name.clone()) },
    Type { name: "public-ipv4", value: |world, _, _, nic| public_address(world, nic) },
    Type { name: "public-hostname", value: |world, _, _, nic| public_address(world, nic) },
    Type { name: "instance-id", value: |_, _, machine, _| Some(machine.uuid.to_string()) },
    Type { name: "vm-id", value: |_, _, machine, _| Some(machine.uuid.to_string()) },
];

fn public_address(world: &World, nic: &Nic) -> Option<String> {
    let router = world.networks.get(nic.network)?.router.as_ref()?;
    router.public_address.map(|address| address.to_string())
}

/// What a path means to the guest with an address.
#[must_use]
pub fn look_up(world: &World, network: Id, source: Ipv4Addr, path: &str) -> Option<Vec<u8>> {
    let (id, machine, nic) = world.virtual_machines.iter().find_map(|(id, machine)| {
        let nic = machine.nics.iter().find(|nic| nic.network == network && nic.address == Some(source))?;
        Some((id, machine, nic))
    })?;
    let rest = path.strip_prefix("/latest/")?;
    if rest == "user-data" {
        use base64::Engine as _;
        let text = machine.user_data.as_deref().unwrap_or_default();
        return base64::engine::general_purpose::STANDARD.decode(text).ok();
    }
    if rest == "meta-data/" {
        let names: Vec<&str> = TYPES
            .iter()
            .filter(|kind| (kind.value)(world, id, machine, nic).is_some())
            .map(|kind| kind.name)
            .collect();
        return Some(format!("{}\n", names.join("\n")).into_bytes());
    }
    let name = rest.strip_prefix("meta-data/").unwrap_or(rest);
    let kind = TYPES.iter().find(|kind| kind.name == name)?;
    (kind.value)(world, id, machine, nic).map(String::into_bytes)
}
