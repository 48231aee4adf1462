//! Public addresses (IPA-001, IPA-002).

use super::{Behaviour, EventTexts, acting_owner};
use crate::api::access;
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::account::SYSTEM;
use crate::world::kind::{Handle, Kind};
use crate::world::network::{Address, AddressState};
use crate::world::table::Id;
use crate::world::{Owner, World};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour { name: "listPublicIpAddresses", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "associateIpAddress",
        create: Some(|world, caller, arguments| {
            let vpc = arguments.id("vpcid").and_then(|id| world.vpcs.get(id).map(|row| (id, row)));
            let named = arguments.id("networkid");
            let row = named.and_then(|network| world.networks.get(network));
            let zone = row.map(|row| row.zone).or(vpc.map(|(_, row)| row.zone)).or_else(|| arguments.id("zoneid")).ok_or_else(|| {
                ApiError::invalid(
                    "Unable to figure out zone to assign IP to. Please specify either zoneId, or networkId, or vpcId \
                     in the call",
                )
            })?;
            // In the name of the network's owner, if the caller names no account.
            let owner = match row {
                Some(row) if !arguments.has("account") => row.owner,
                None if vpc.is_some() && !arguments.has("account") => {
                    vpc.map_or_else(|| caller.owner(), |(_, row)| row.owner)
                }
                _ => acting_owner(world, caller, arguments)?,
            };
            let vpc = vpc.map(|(id, _)| id);
            let network = match (named, vpc) {
                (None, None) if world.zones.get(zone).is_some_and(|row| row.network_type == "Advanced") => {
                    Some(only_network(world, owner, zone)?)
                }
                _ => named,
            };
            let held = match arguments.filled("ipaddress") {
                Some(text) => {
                    let wanted = text.parse().ok();
                    wanted.and_then(|wanted| world.hold_named_address(owner, zone, network, wanted))
                }
                None => world.hold_address(owner, zone, network, false),
            };
            let id = held.ok_or_else(|| ApiError::new(Fault::Capacity, "Insufficient address capacity"))?;
            if let Some(row) = world.addresses.get_mut(id) {
                row.state = AddressState::Allocating;
                row.vpc = vpc;
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
            // The answer was taken before the state changed, except for a VPC.
            if let Some(row) = world.addresses.get_mut(id).filter(|row| row.vpc.is_some()) {
                row.state = AddressState::Allocated;
            }
            let object = show(world, id, *caller);
            let stays = world.sins(Quirk::AddressesStayAllocating);
            if let Some(row) = world.addresses.get_mut(id).filter(|_| !stays) {
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
            let is_free = address(world, arguments, "id").is_none_or(|(_, row)| row.is_free());
            if is_free && !world.sins(Quirk::FreeAddressesAreReleased) {
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
        begin: Some(|world, caller, arguments| {
            let (id, row) = required(world, arguments, "id")?;
            // The command declares no access check of its own (API-ACL-020).
            access::require(world, *caller, Handle { kind: Kind::Address, id })?;
            if row.source_nat {
                let text = "ip address is used for source nat purposes and can not be disassociated.";
                return Err(match world.sins(Quirk::SourceNatStaysWith431) {
                    true => ApiError::invalid(text),
                    false => ApiError::new(Fault::IllegalArgument, text),
                });
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
            let owner = acting_owner(world, caller, arguments)?;
            let is_again = row.state == AddressState::Reserved && row.owner == owner;
            if !row.is_free() && !is_again {
                return Err(ApiError::invalid("Unable to reserve a IP because IP is not in Free state"));
            }
            let now = world.now;
            if let Some(row) = world.addresses.get_mut(id) {
                row.owner = owner;
                row.allocated = row.allocated.or(Some(now));
                row.state = AddressState::Reserved;
            }
            // Even root administrators get the view of users here.
            let row = world.addresses.get(id);
            let object = row.map(|row| view::address(world, id, row, false)).unwrap_or_default();
            Ok(Reply::Object(Object { name: Some("ipaddress"), ..object }))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "releaseIpAddress",
        run: |world, _, arguments| {
            let (id, row) = required(world, arguments, "id")?;
            if row.state != AddressState::Reserved {
                return Err(ApiError::invalid("Unable to release a IP because IP is not in Reserved state"));
            }
            world.release_address(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// The network of an address that names neither network nor VPC: the only isolated one of its owner.
fn only_network(world: &World, owner: Owner, zone: Id) -> Result<Id, ApiError> {
    match world.isolated_networks_of(owner, zone).as_slice() {
        [only] => Ok(*only),
        [] => {
            let account = world.accounts.get(owner.account).map_or("", |row| row.name.as_str());
            let domain = world.domains.get(owner.domain).map_or("", |row| row.name.as_str());
            let zone = world.zones.get(zone).map_or("", |row| row.name.as_str());
            Err(ApiError::invalid(format!(
                "Account name={account} domain={domain} doesn't have virtual networks in zone={zone}"
            )))
        }
        _ => Err(ApiError::invalid("Account has more than one isolated network in the zone")),
    }
}

/// The address that a parameter names by its identifier or `ipaddress` as it is written.
fn address<'a>(world: &'a World, arguments: &Arguments, name: &str) -> Option<(Id, &'a Address)> {
    let Some(id) = arguments.id(name) else {
        arguments.command().param("ipaddress")?;
        let wanted = arguments.filled("ipaddress")?;
        return world.addresses.iter().find(|(_, row)| row.address.to_string() == wanted);
    };
    world.addresses.get(id).map(|row| (id, row))
}

pub(super) fn required<'a>(
    world: &'a World,
    arguments: &Arguments,
    name: &str,
) -> Result<(Id, &'a Address), ApiError> {
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
    let vpc = arguments.id("vpcid");
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
        .filter(|(_, row)| state.is_some() || row.state != AddressState::Reserved)
        // Those of system machines are not shown.
        .filter(|(_, row)| row.owner.account != SYSTEM)
        .filter(|(_, row)| state.is_none_or(|state| row.state.name().eq_ignore_ascii_case(state)))
        .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == Some(*id)))
        .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
        .filter(|(_, row)| network.is_none_or(|network| row.network == Some(network)))
        .filter(|(_, row)| vpc.is_none_or(|vpc| row.vpc == Some(vpc)))
        .filter(|(_, row)| address.is_none_or(|address| row.address.to_string() == address))
        .filter(|(_, row)| source_nat.is_none_or(|wanted| row.source_nat == wanted))
        .filter(|(_, row)| static_nat.is_none_or(|wanted| row.static_nat.is_some() == wanted))
        .filter(|(_, row)| display.is_none_or(|display| row.display == display))
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| Object { name: None, ..show(world, id, *caller) })
}
