//! Network cards of machines and their further addresses.

use std::net::Ipv4Addr;

use super::deployment::network_dump;
use super::{Behaviour, EventTexts};
use crate::api::access;
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::firewall::Rule;
use crate::world::kind::{Handle, Kind};
use crate::world::load_balancer::Member;
use crate::world::network::StaticNat;
use crate::world::table::Id;
use crate::world::virtual_machine::{MachineState, Nic, VirtualMachine};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour { name: "listNics", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "addNicToVirtualMachine",
        about: Some("virtualmachineid"),
        joins_job: true,
        events: Some(EventTexts {
            scheduled: "Adding network {networkid} to user vm: {}",
            action: "Creating Nic",
            created: None,
        }),
        run: |world, caller, arguments| {
            let (id, row) = settled_machine(world, arguments)?;
            let network = arguments.id("networkid").unwrap_or_default();
            let Some(uuid) = world.networks.get(network).map(|row| row.uuid) else {
                return Err(ApiError::invalid(format!("unable to find a network with id {network}")));
            };
            let handle = Handle { kind: Kind::Network, id: network };
            if !access::may(world, *caller, handle, true) {
                return Err(ApiError::permission(
                    "Caller does not have permission to operate with provided resource.",
                ));
            }
            if row.nics.iter().any(|nic| nic.network == network) {
                return Err(ApiError::runtime(format!(
                    "A NIC already exists for VM:{} in network: {uuid}",
                    world.instance_name(id, row)
                )));
            }
            let address = wished_address(world, network, arguments)?;
            world.plug_nic(id, network, address, arguments.filled("macaddress"));
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeNicFromVirtualMachine",
        events: Some(EventTexts {
            scheduled: "Removing NIC {nicid} from user vm: {virtualmachineid}",
            action: "Removing Nic",
            created: None,
        }),
        run: |world, caller, arguments| {
            let (id, row) = settled_machine(world, arguments)?;
            let nic = own_nic(row, arguments)?;
            if nic.is_default {
                return Err(ApiError::invalid(format!(
                    "Unable to remove nic from VM instance {} in {}, nic is default.",
                    machine_dump(world, id, row),
                    network_dump(world, nic.network)
                )));
            }
            let leads = |rule: &Rule| {
                rule.network == nic.network && rule.target.is_some_and(|target| target.machine == id)
            };
            if world.firewall_rules.iter().any(|(_, rule)| leads(rule))
                || world.addresses_for(id).any(|(_, row)| row.network == Some(nic.network))
            {
                return Err(ApiError::invalid(format!(
                    "Unable to remove nic from VM instance {} in {}, nic has associated Port forwarding or Load \
                     balancer or Static NAT rules.",
                    machine_dump(world, id, row),
                    network_dump(world, nic.network)
                )));
            }
            world.unplug_nic(nic.id);
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateDefaultNicForVirtualMachine",
        events: Some(EventTexts {
            scheduled: "Updating NIC {nicid} on user vm: {virtualmachineid}",
            action: "Update Default Nic",
            created: None,
        }),
        run: |world, caller, arguments| {
            let (id, row) = settled_machine(world, arguments)?;
            let nic = own_nic(row, arguments)?;
            if nic.is_default {
                return Err(ApiError::runtime(
                    "refusing to set default nic because chosen nic is already the default",
                ));
            }
            world.make_default(nic.id);
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateVmNicIp",
        events: Some(EventTexts {
            scheduled: "associating ip to nic id=: {nicid} belonging to network id: null",
            action: "update ip address of a nic",
            created: None,
        }),
        run: |world, caller, arguments| {
            let (machine, nic) = reachable_nic(world, *caller, arguments)?;
            let (id, network, old) = (nic.id, nic.network, nic.address);
            let Some(row) = world.virtual_machines.get(machine).filter(|row| is_settled(row)) else {
                return Err(ApiError::invalid("The VM is neither Running nor Stopped"));
            };
            if row.state != MachineState::Stopped {
                let text =
                    format!("Can't update the ip address of a nic of VM {}, it is not stopped", row.uuid);
                return Err(ApiError::invalid(text));
            }
            let wish = wished_address(world, network, arguments)?;
            let address = wish.or_else(|| world.free_guest_address(network)).or(old);
            world.move_nic(id, address);
            let mut object = show(world, machine, *caller);
            // Everybody gets the view of users here.
            object
                .fields
                .retain(|field| !["hostid", "hostname", "instancename", "arch"].contains(&field.name));
            Ok(Reply::Object(object))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "addIpToNic",
        create: Some(|world, caller, arguments| {
            let (_, nic) = reachable_nic(world, *caller, arguments)?;
            let (id, network) = (nic.id, nic.network);
            let wish = wished_address(world, network, arguments)?;
            let Some(address) = wish.or_else(|| world.free_guest_address(network)) else {
                return Err(ApiError::new(Fault::Capacity, "Allocating guest ip for nic failed"));
            };
            let id = world.add_secondary_address(id, address);
            Ok(Handle { kind: Kind::SecondaryAddress, id })
        }),
        events: Some(EventTexts {
            scheduled: "associating ip to nic id: {nicid} belonging to network id: null",
            action: "associating Ip",
            created: Some("assigning secondary IP"),
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            let Some((_, nic, one)) = world.secondary_address(id) else { return Ok(Reply::Nothing) };
            let nic = world.nic(nic).map(|(_, nic)| nic);
            let network = nic.and_then(|nic| world.networks.get(nic.network));
            Ok(Reply::Object(
                Object::named("nicsecondaryip")
                    .with("id", one.uuid)
                    .with("ipaddress", one.address)
                    .with("nicid", nic.map(|nic| nic.uuid))
                    .with("networkid", network.map(|network| network.uuid)),
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeIpFromNic",
        events: Some(EventTexts {
            scheduled: "Disassociating ip address with id={id}",
            action: "unassigning secondary ip",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some((machine, _, one)) = world.secondary_address(id) else {
                return Err(ApiError::invalid("Unable to find secondary ip address by id"));
            };
            require_reach(world, *caller, machine)?;
            if let Some(text) = use_of(world, machine, one.address) {
                return Err(ApiError::invalid(text));
            }
            world.remove_secondary_address(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// Why a further address of a card cannot go: something leads to it.
fn use_of(world: &World, machine: Id, address: Ipv4Addr) -> Option<String> {
    let any_rule = |leads: &dyn Fn(&Rule) -> bool| world.firewall_rules.iter().any(|(_, rule)| leads(rule));
    if any_rule(&|rule| {
        rule.target.is_some_and(|target| target.machine == machine && target.address == Some(address))
    }) {
        return Some(format!(
            "Can't remove the secondary ip {address} is associate with the port forwarding rule"
        ));
    }
    if let Some((public, _)) = world.address_for(StaticNat { machine, guest_address: address }) {
        return Some(format!(
            "Can' remove the ip {address}is associate with static NAT rule public IP address id {public}"
        ));
    }
    let is_it = |member: &Member| member.machine == machine && member.address == Some(address);
    any_rule(&|rule| rule.balancing.as_ref().is_some_and(|balancing| balancing.members.iter().any(is_it)))
        .then(|| format!("Can't remove the secondary ip {address} is mapped to load balancing rule"))
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let machine = arguments.id("virtualmachineid").unwrap_or_default();
    require_reach(world, *caller, machine)?;
    let (wanted, network) = (arguments.id("nicid"), arguments.id("networkid"));
    let Some(row) = world.virtual_machines.get(machine) else {
        return Err(ApiError::invalid("Virtual machine id does not exist"));
    };
    let (uuid, on_a_host) = (row.uuid, row.host.is_some());
    let shown: Vec<Object> = row
        .nics
        .iter()
        .filter(|nic| wanted.is_none_or(|wanted| nic.id == wanted))
        .filter(|nic| network.is_none_or(|network| nic.network == network))
        .map(|nic| {
            let mut object = view::nic(world, nic, on_a_host, *caller);
            object.fields.retain(|field| field.name != "secondaryip" || !nic.secondary.is_empty());
            object.with("virtualmachineid", uuid)
        })
        .collect();
    listing::page(world, arguments, shown, |object| object)
}

/// The machine that a command is about, which must be on or off, not in between.
fn settled_machine<'a>(
    world: &'a World,
    arguments: &Arguments,
) -> Result<(Id, &'a VirtualMachine), ApiError> {
    let id = arguments.id("virtualmachineid").unwrap_or_default();
    let Some(row) = world.virtual_machines.get(id) else {
        return Err(ApiError::invalid(format!("Unable to find a virtual machine with id {id}")));
    };
    if !is_settled(row) {
        return Err(ApiError::runtime(format!(
            "refusing to change the nics of VM {} because it is neither Running nor Stopped",
            row.uuid
        )));
    }
    Ok((id, row))
}

fn is_settled(row: &VirtualMachine) -> bool {
    matches!(row.state, MachineState::Running | MachineState::Stopped)
}

/// The card that a command names, of its machine.
fn own_nic<'a>(row: &'a VirtualMachine, arguments: &Arguments) -> Result<&'a Nic, ApiError> {
    let wanted = arguments.id("nicid").unwrap_or_default();
    row.nics.iter().find(|nic| nic.id == wanted).ok_or_else(|| {
        ApiError::invalid(format!("{} is not a nic on VM instance {}", arguments.required("nicid"), row.uuid))
    })
}

/// The card that a command is about, with its machine, within the caller's reach.
fn reachable_nic<'a>(
    world: &'a World,
    caller: Caller,
    arguments: &Arguments,
) -> Result<(Id, &'a Nic), ApiError> {
    let id = arguments.id("nicid").unwrap_or_default();
    let Some((machine, nic)) = world.nic(id) else {
        return Err(ApiError::invalid("There is no nic for the nicId"));
    };
    require_reach(world, caller, machine)?;
    Ok((machine, nic))
}

fn require_reach(world: &World, caller: Caller, machine: Id) -> Result<(), ApiError> {
    match world.virtual_machines.get(machine) {
        Some(row) if !caller.reaches(world, row.owner) => {
            Err(ApiError::permission("Caller does not have permission to operate with provided resource."))
        }
        _ => Ok(()),
    }
}

/// The address that the caller wishes for, if it is free in the network.
fn wished_address(world: &World, network: Id, arguments: &Arguments) -> Result<Option<Ipv4Addr>, ApiError> {
    let Some(text) = arguments.filled("ipaddress") else { return Ok(None) };
    let address: Ipv4Addr =
        text.parse().map_err(|_| ApiError::invalid(format!("Invalid IP address {text}")))?;
    let subnet = world.networks.get(network).and_then(|row| row.subnet);
    let fits = subnet.is_some_and(|subnet| subnet.contains(address) && subnet.gateway != address);
    if !fits || world.is_guest_address_taken(network, address) {
        return Err(ApiError::new(
            Fault::AddressCapacity,
            format!("Unable to acquire Guest IP address for network {}", network_dump(world, network)),
        ));
    }
    Ok(Some(address))
}

/// Upstream's text of a machine in refusals.
fn machine_dump(world: &World, id: Id, row: &VirtualMachine) -> String {
    format!(
        "{{\"id\":{id},\"instanceName\":\"{}\",\"state\":\"{}\",\"type\":\"User\",\"uuid\":\"{}\"}}",
        world.instance_name(id, row),
        row.state.name(),
        row.uuid
    )
}

/// A machine as these commands show it: its cards and groups, not what it is made of.
fn show(world: &World, id: Id, viewer: Caller) -> Object {
    let row = world.virtual_machines.get(id);
    let shown = row.map(|row| view::virtual_machine(world, id, row, viewer)).unwrap_or_default();
    let mut object = view::with_details(shown, &["nics", "secgrp", "affgrp"]);
    object.fields.retain(|field| !field.name.starts_with("boot"));
    object
}
