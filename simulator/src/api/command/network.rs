//! Guest networks and public addresses.

use super::{Behaviour, EventTexts, acting_owner};
use crate::api::error::ApiError;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::network::{NetworkState, NewNetwork, Subnet};
use crate::world::offering::GuestType;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listNetworks",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let zone = arguments.id("zoneid");
            let (name, kind) = (arguments.filled("name"), arguments.filled("type"));
            let matches: Vec<Id> = world
                .networks
                .iter()
                .filter(|(_, row)| row.guest_type == GuestType::Shared || scope.covers(world, row.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| kind.is_none_or(|kind| row.guest_type.name().eq_ignore_ascii_case(kind)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| show(world, id, *caller))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createNetwork",
        run: |world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            let offering = arguments.id("networkofferingid").unwrap_or_default();
            let zone = arguments.id("zoneid").unwrap_or_default();
            let Some(row) = world.network_offerings.get(offering) else {
                return Err(ApiError::invalid(format!("unable to find network offering {offering}")));
            };
            let subnet = match (arguments.filled("gateway"), arguments.filled("netmask")) {
                (Some(gateway), Some(netmask)) => {
                    let parsed = gateway.parse().ok().zip(netmask.parse().ok());
                    let subnet = parsed.and_then(|(gateway, netmask)| Subnet::of_gateway(gateway, netmask));
                    Some(subnet.ok_or_else(|| ApiError::invalid(format!("Invalid gateway {gateway}")))?)
                }
                _ if row.guest_type == GuestType::Isolated => world
                    .zones
                    .get(zone)
                    .and_then(|zone| zone.guest_cidr.as_deref())
                    .and_then(Subnet::of_cidr),
                _ => None,
            };
            let name = arguments.required("name").to_owned();
            let display_text = arguments.filled("displaytext").map_or_else(|| name.clone(), str::to_owned);
            let vlan = arguments.filled("vlan").and_then(|vlan| vlan.parse().ok());
            let domain = arguments.filled("networkdomain").map(str::to_owned);
            let id = world.add_network(NewNetwork {
                name,
                display_text,
                owner,
                zone,
                offering,
                subnet,
                vlan,
                domain,
            });
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteNetwork",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Deleting network: {}",
            action: "deleting network. Network Id: {}",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let in_use = world
                .virtual_machines
                .iter()
                .any(|(_, machine)| machine.nics.iter().any(|nic| nic.network == id));
            if in_use || world.networks.get(id).is_none() {
                return Err(ApiError::api(530, "Failed to delete network"));
            }
            release_addresses(world, id);
            world.networks.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "restartNetwork",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Restarting network: {}",
            action: "restarting network. Network Id: {}",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            match world.networks.get_mut(id) {
                Some(row) if matches!(row.state, NetworkState::Implemented | NetworkState::Setup) => {
                    row.restart_required = false;
                    Ok(Reply::SUCCESS)
                }
                _ => Err(ApiError::invalid(
                    "Network is not in the right state to be restarted. Correct states are: Implemented, Setup",
                )),
            }
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listPublicIpAddresses",
        run: |world, caller, arguments| {
            let wanted = arguments.id("id").map(|id| vec![id]);
            let scope = listing::scope(world, *caller, arguments)?;
            let (zone, network) = (arguments.id("zoneid"), arguments.id("associatednetworkid"));
            let address = arguments.filled("ipaddress");
            let source_nat = arguments.maybe_flag("issourcenat");
            let matches: Vec<Object> = world
                .addresses
                .iter()
                .filter(|(_, row)| scope.covers(world, row.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .filter(|(_, row)| network.is_none_or(|network| row.network == Some(network)))
                .filter(|(_, row)| address.is_none_or(|address| row.address.to_string() == address))
                .filter(|(_, row)| source_nat.is_none_or(|wanted| row.source_nat == wanted))
                .map(|(_, row)| view::address(world, row, *caller))
                .collect();
            listing::page(world, arguments, matches, |row| row)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "associateIpAddress",
        create: Some(|world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            let network = arguments.id("networkid");
            let zone = network
                .and_then(|network| world.networks.get(network))
                .map(|network| network.zone)
                .or_else(|| arguments.id("zoneid"))
                .ok_or_else(|| ApiError::invalid("Unable to figure out zone id"))?;
            let id = world.hold_address(owner, zone, network, false).ok_or_else(|| {
                ApiError::new(crate::api::error::Fault::Capacity, "Insufficient address capacity")
            })?;
            Ok(Handle { kind: Kind::Address, id })
        }),
        events: Some(EventTexts {
            scheduled: "associating ip to network id: {}",
            action: "associating Ip. Ip Id: {}",
            created: Some("allocating Ip"),
        }),
        run: |world, caller, arguments| {
            let row = arguments.created().and_then(|id| world.addresses.get(id));
            Ok(Reply::Object(Object {
                name: Some("ipaddress"),
                ..row.map(|row| view::address(world, row, *caller)).unwrap_or_default()
            }))
        },
        ..Behaviour::PLAIN
    },
];

fn show(world: &World, id: Id, viewer: crate::api::caller::Caller) -> Object {
    world.networks.get(id).map(|row| view::network(world, id, row, viewer)).unwrap_or_default()
}

fn release_addresses(world: &mut World, network: Id) {
    let held: Vec<Id> =
        world.addresses.iter().filter(|(_, row)| row.network == Some(network)).map(|(id, _)| id).collect();
    for id in held {
        world.addresses.remove(id);
    }
}
