//! Static NAT: a public address stands for a guest (`RulesManagerImpl`).

use std::net::Ipv4Addr;

use super::virtual_machine::dump as machine_dump;
use super::{Behaviour, EventTexts, address::required};
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::reply::Reply;
use crate::world::World;
use crate::world::firewall::Purpose;
use crate::world::network::{Address, StaticNat};
use crate::world::table::Id;
use crate::world::virtual_machine::{MachineState, Nic, VirtualMachine};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "enableStaticNat",
        about: Some("ipaddressid"),
        run: |world, _, arguments| {
            let (id, row) = required(world, arguments, "ipaddressid")?;
            let machine = arguments.id("virtualmachineid").unwrap_or_default();
            let nic = card(world, id, row, machine, arguments)?;
            let network = nic.network;
            let guest_address = guest_address(nic, arguments.filled("vmguestip"))?;
            let nat = StaticNat { machine, guest_address };
            refuse_other_purposes(world, id, row, nat)?;
            if let Some(row) = world.addresses.get_mut(id) {
                row.network = Some(network);
            }
            world.set_static_nat(id, Some(nat));
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "disableStaticNat",
        about: Some("ipaddressid"),
        events: Some(EventTexts {
            scheduled: "Disabling static nat for ip id={}",
            action: "disabling static nat",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, row) = required(world, arguments, "ipaddressid")?;
            if row.static_nat.is_none() {
                return Err(ApiError::invalid(format!(
                    "Specified IP address id={} is not associated with any vm Id",
                    row.uuid
                )));
            }
            world.set_static_nat(id, None);
            world.settle_vpc_address(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// The card that an address is to stand for: that of the machine in the network of the address or, if it has none yet
/// as in a VPC, in the one that is named.
fn card<'a>(
    world: &'a World,
    id: Id,
    row: &Address,
    machine: Id,
    arguments: &Arguments,
) -> Result<&'a Nic, ApiError> {
    let network = row.network.or_else(|| arguments.id("networkid")).ok_or_else(|| {
        ApiError::invalid(format!(
            "Unable to enable static NAT for the ipAddress id={id} as IP is not associated with any network and no \
             networkId is passed in"
        ))
    })?;
    let guest = world.virtual_machines.get(machine);
    let nic = guest.and_then(|guest| guest.nics.iter().find(|nic| nic.network == network));
    let (Some(guest), Some(nic)) = (guest, nic) else {
        return Err(ApiError::invalid("Vm doesn't belong to the network with specified id"));
    };
    let network = world.networks.get(network);
    if network.is_none_or(|network| world.provider_in(network, "StaticNat").is_none()) {
        return Err(ApiError::invalid(
            "Unable to create static nat rule; StaticNat service is not supported in network with specified id",
        ));
    }
    if row.network.is_none() && (row.vpc.is_none() || network.is_none_or(|network| network.vpc != row.vpc)) {
        let name = network.map_or("", |network| network.name.as_str());
        return Err(ApiError::invalid(format!(
            "Ip address {} is not assigned to the network {name}",
            dump(row)
        )));
    }
    refuse_guest(world, row, machine, guest)?;
    Ok(nic)
}

/// Whoever holds the address has the machine too, and it is still there.
fn refuse_guest(world: &World, row: &Address, id: Id, guest: &VirtualMachine) -> Result<(), ApiError> {
    if matches!(guest.state, MachineState::Destroyed | MachineState::Expunging) {
        return Err(ApiError::invalid(format!("Invalid user vm: {id}")));
    }
    if row.owner.account != guest.owner.account {
        return Err(ApiError::invalid(format!(
            "Unable to create ip forwarding rule, IP address {} owner is not the same as owner of virtual machine {}",
            dump(row),
            machine_dump(world, id, guest)
        )));
    }
    Ok(())
}

/// The address of the card that all goes to: its first, or a further one that is named.
fn guest_address(nic: &Nic, wanted: Option<&str>) -> Result<Ipv4Addr, ApiError> {
    let Some(wanted) = wanted else {
        return nic
            .address
            .ok_or_else(|| ApiError::invalid("Vm ip is not set as dnat ip for this public ip"));
    };
    let named = wanted.parse().ok().filter(|address| nic.has_address(*address));
    named.ok_or_else(|| ApiError::invalid(format!("VM ip {wanted} address not belongs to the vm")))
}

/// An address stands for one guest and does nothing else, and a guest has one that stands for it.
fn refuse_other_purposes(world: &World, id: Id, row: &Address, nat: StaticNat) -> Result<(), ApiError> {
    if row.source_nat {
        return Err(ApiError::invalid(format!(
            "Can't enable static, ip address {} is a sourceNat ip address",
            dump(row)
        )));
    }
    let conflict = |text: String| Err(ApiError::api(Fault::RuleConflict.code(), text));
    if row.static_nat.is_some_and(|held| held.machine != nat.machine) {
        return conflict(format!(
            "Failed to enable static for the ip address {} and vm id={} as it's already assigned to antoher vm",
            dump(row),
            nat.machine
        ));
    }
    let has_rules = |purpose| {
        world.firewall_rules.iter().any(|(_, rule)| rule.address == Some(id) && rule.purpose == purpose)
    };
    let others = [(Purpose::PortForwarding, "PortForwarding"), (Purpose::LoadBalancing, "LoadBalancing")];
    let other = others.into_iter().find(|(purpose, _)| row.static_nat.is_none() && has_rules(*purpose));
    if let Some((_, name)) = other {
        return conflict(format!(
            "Failed to enable static nat for the ip address {} as it already has {name} rules assigned",
            dump(row)
        ));
    }
    let Some((_, other)) = world.address_for(nat) else { return Ok(()) };
    let guest = world.virtual_machines.get(nat.machine);
    Err(ApiError::invalid(format!(
        "Failed to enable static nat on the  ip {} with Id {} as the vm {} with Id {} is already associated with another \
         public ip {} with id {}",
        row.address,
        row.uuid,
        guest.map(|guest| world.instance_name(nat.machine, guest)).unwrap_or_default(),
        guest.map(|guest| guest.uuid).unwrap_or_default(),
        other.address,
        other.uuid
    )))
}

/// Upstream's text of a public address in refusals.
fn dump(row: &Address) -> String {
    format!("Ip[{}-{}]", row.address, row.zone)
}
