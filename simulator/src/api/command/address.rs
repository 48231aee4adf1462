//! Public addresses and static NAT (IPA-001, IPA-002).

use super::{Behaviour, EventTexts, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::network::{Address, AddressState};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour { name: "listPublicIpAddresses", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "associateIpAddress",
        create: Some(|world, caller, arguments| {
            let network = arguments.id("networkid");
            let row = network.and_then(|network| world.networks.get(network));
            let zone = row.map(|row| row.zone).or_else(|| arguments.id("zoneid")).ok_or_else(|| {
                ApiError::invalid(
                    "Unable to figure out zone to assign IP to. Please specify either zoneId, or networkId, or vpcId \
                     in the call",
                )
            })?;
            // In the name of the network's owner, if the caller names no account.
            let owner = match row {
                Some(row) if !arguments.has("account") => row.owner,
                _ => acting_owner(world, caller, arguments)?,
            };
            let id = world
                .hold_address(owner, zone, network, false)
                .ok_or_else(|| ApiError::new(Fault::Capacity, "Insufficient address capacity"))?;
            if let Some(row) = world.addresses.get_mut(id) {
                row.state = AddressState::Allocating;
            }
            Ok(Handle { kind: Kind::Address, id })
        }),
        events: Some(EventTexts {
            scheduled: "associating ip to network id: {}",
            action: "associating Ip",
            created: Some("allocating Ip"),
        }),
        run: |world, caller, arguments| {
            let id = arguments.created().unwrap_or_default();
            // The answer was taken before the state changed.
            let object = show(world, id, *caller);
            if let Some(row) = world.addresses.get_mut(id) {
                row.state = AddressState::Allocated;
            }
            Ok(Reply::Object(object))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "disassociateIpAddress",
        about: Some("id"),
        check: Some(|world, _, arguments| {
            if address(world, arguments, "id").is_none_or(|(_, row)| row.is_free()) {
                return Err(ApiError::runtime(
                    "Unable to persist on DB, due to: Data truncation: Out of range value for column 'account_id' at \
                     row 1",
                ));
            }
            Ok(())
        }),
        events: Some(EventTexts {
            scheduled: "Disassociating IP address with ID={}",
            action: "disassociating Ip",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (_, row) = required(world, arguments, "id")?;
            if row.source_nat {
                return Err(ApiError::new(
                    Fault::IllegalArgument,
                    "ip address is used for source nat purposes and can not be disassociated.",
                ));
            }
            Ok(())
        }),
        run: |world, _, arguments| {
            let (id, _) = required(world, arguments, "id")?;
            world.release_address(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateIpAddress",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "updating ip address with id: {}",
            action: "updating public ip address",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, _) = required(world, arguments, "id")?;
            if let (Some(row), Some(display)) =
                (world.addresses.get_mut(id), arguments.maybe_flag("fordisplay"))
            {
                row.display = display;
            }
            // Even root administrators get the view of users here.
            let row = world.addresses.get(id);
            let object = row.map(|row| view::address(world, id, row, false)).unwrap_or_default();
            Ok(Reply::Object(Object { name: Some("ipaddress"), ..object }))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "reserveIpAddress",
        run: |world, caller, arguments| {
            let (id, row) = required(world, arguments, "id")?;
            if !row.is_free() {
                return Err(ApiError::invalid("Unable to reserve a IP because IP is not in Free state"));
            }
            let owner = acting_owner(world, caller, arguments)?;
            let now = world.now;
            if let Some(row) = world.addresses.get_mut(id) {
                row.owner = owner;
                row.allocated = Some(now);
                row.state = AddressState::Allocated;
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "enableStaticNat",
        about: Some("ipaddressid"),
        run: |world, _, arguments| {
            let (id, row) = required(world, arguments, "ipaddressid")?;
            if row.source_nat {
                return Err(ApiError::invalid(format!(
                    "Can't enable static, ip address {} is a sourceNat ip address",
                    row.uuid
                )));
            }
            let (uuid, held) = (row.uuid, row.static_nat);
            let machine = arguments.id("virtualmachineid").unwrap_or_default();
            if held.is_some_and(|held| held != machine) {
                return Err(ApiError::invalid(format!(
                    "Failed to enable static nat for the ip address {uuid}"
                )));
            }
            let network = world
                .virtual_machines
                .get(machine)
                .and_then(|row| row.default_nic())
                .map(|nic| nic.network)
                .ok_or_else(|| ApiError::invalid("Can't enable static nat: the instance has no nic"))?;
            if let Some(row) = world.addresses.get_mut(id) {
                row.static_nat = Some(machine);
                row.network = row.network.or(Some(network));
            }
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
            if let Some(row) = world.addresses.get_mut(id) {
                row.static_nat = None;
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

fn address<'a>(world: &'a World, arguments: &Arguments, name: &str) -> Option<(Id, &'a Address)> {
    let id = arguments.id(name)?;
    world.addresses.get(id).map(|row| (id, row))
}

fn required<'a>(world: &'a World, arguments: &Arguments, name: &str) -> Result<(Id, &'a Address), ApiError> {
    address(world, arguments, name).ok_or_else(|| ApiError::invalid("Unable to find the ip address by id"))
}

fn show(world: &World, id: Id, viewer: Caller) -> Object {
    let row = world.addresses.get(id);
    let object = row.map(|row| view::address(world, id, row, viewer.is_root_admin())).unwrap_or_default();
    Object { name: Some("ipaddress"), ..object }
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let scope = listing::scope(world, *caller, arguments)?;
    let wanted = arguments.has("id").then(|| arguments.id("id"));
    let (zone, network) = (arguments.id("zoneid"), arguments.id("associatednetworkid"));
    let address = arguments.filled("ipaddress");
    let state = arguments.filled("state");
    let (source_nat, static_nat) = (arguments.maybe_flag("issourcenat"), arguments.maybe_flag("isstaticnat"));
    // Free addresses are nobody's, so they are listed to those who ask for them only.
    let free = state.is_some_and(|state| state.eq_ignore_ascii_case("Free"))
        || arguments.maybe_flag("allocatedonly") == Some(false);
    let display = arguments.maybe_flag("fordisplay");
    let matches: Vec<Id> = world
        .addresses
        .iter()
        .filter(|(_, row)| if row.is_free() { free } else { scope.covers(world, row.owner) })
        .filter(|(_, row)| state.is_none_or(|state| row.state.name().eq_ignore_ascii_case(state)))
        .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == Some(*id)))
        .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
        .filter(|(_, row)| network.is_none_or(|network| row.network == Some(network)))
        .filter(|(_, row)| address.is_none_or(|address| row.address.to_string() == address))
        .filter(|(_, row)| source_nat.is_none_or(|wanted| row.source_nat == wanted))
        .filter(|(_, row)| static_nat.is_none_or(|wanted| row.static_nat.is_some() == wanted))
        .filter(|(_, row)| display.is_none_or(|display| row.display == display))
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| Object { name: None, ..show(world, id, *caller) })
}
