//! Ranges of public addresses.

use std::net::Ipv4Addr;

use super::{Behaviour, EventTexts, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::address_range::Span;
use crate::world::network::{PublicRange, Subnet};
use crate::world::public_range::NewRange;
use crate::world::table::Id;
use crate::world::{Owner, World};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listVlanIpRanges",
        run: |world, caller, arguments| {
            let (wanted, zone) = (listing::wanted(arguments)?, arguments.id("zoneid"));
            let (physical, vlan) = (arguments.id("physicalnetworkid"), arguments.filled("vlan"));
            let for_guests = arguments.maybe_flag("forvirtualnetwork") == Some(false);
            let owner = match arguments.filled("account") {
                Some(_) => Some(acting_owner(world, caller, arguments)?),
                None => None,
            };
            let elsewhere = ["podid", "networkid"].into_iter().any(|name| arguments.has(name));
            let matches: Vec<Object> = world
                .public_ranges
                .iter()
                .filter(|_| !for_guests && !elsewhere)
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .filter(|(_, row)| physical.is_none_or(|physical| row.physical_network == Some(physical)))
                .filter(|(_, row)| vlan.is_none_or(|vlan| row.vlan == uri(vlan)))
                .filter(|(_, row)| owner.is_none_or(|owner| row.owner == Some(owner)))
                .map(|(_, row)| view::public_range(world, row))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createVlanIpRange",
        events: Some(EventTexts::of("creating vlan ip range. Vlan: {vlan}")),
        run: |world, caller, arguments| {
            let physical = arguments.id("physicalnetworkid");
            let physical_zone = physical.and_then(|id| world.physical_networks.get(id)).map(|row| row.zone);
            let zone = arguments
                .id("zoneid")
                .or(physical_zone)
                .ok_or_else(|| ApiError::invalid("Please specify a valid zone."))?;
            if arguments.maybe_flag("forvirtualnetwork") == Some(false) || arguments.has("podid") {
                return Err(ApiError::invalid(
                    "Can't add a range to a guest network: such a network has the range that it was created with",
                ));
            }
            let physical = physical.or_else(|| world.physical_network_for(zone, "Public")).ok_or_else(|| {
                ApiError::invalid(
                    "Unable to find the default physical network with traffic=Public in the specified zone id",
                )
            })?;
            let owner = dedicated_to(world, caller, arguments)?;
            let Span { gateway, netmask, start, end } = span(arguments)?;
            refuse_overlap(world, zone, start, end, None)?;
            let vlan = uri(arguments.filled("vlan").unwrap_or("untagged"));
            let id = world.add_public_range(NewRange {
                zone,
                physical_network: Some(physical),
                vlan,
                gateway,
                netmask,
                start,
                end,
            });
            let for_system_vms = arguments.flag("forsystemvms");
            if let Some(row) = world.public_ranges.get_mut(id) {
                (row.owner, row.for_system_vms) = (owner, for_system_vms);
            }
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateVlanIpRange",
        about: Some("id"),
        events: Some(EventTexts::of("update vlan IP Range")),
        run: |world, _, arguments| {
            let (id, row) = range(world, arguments)?;
            let subnet = Subnet::of_gateway(row.gateway, row.netmask)
                .ok_or_else(|| ApiError::invalid("Please specify a valid netmask"))?;
            let start = address(arguments, "startip")?.unwrap_or(row.start);
            let end = address(arguments, "endip")?.unwrap_or(row.end);
            let zone = row.zone;
            require_place(subnet, start, end)?;
            refuse_overlap(world, zone, start, end, Some(id))?;
            let lost = |row: &crate::world::network::Address| {
                row.range == id && !row.is_free() && !(start..=end).contains(&row.address)
            };
            if world.addresses.iter().any(|(_, row)| lost(row)) {
                return Err(ApiError::invalid("Cannot remove addresses from the range that are in use"));
            }
            world.resize_public_range(id, start, end);
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteVlanIpRange",
        about: Some("id"),
        events: Some(EventTexts::of("deleting vlan ip range. Vlan Id: {#}")),
        run: |world, _, arguments| {
            let (id, _) = range(world, arguments)?;
            let held = world.addresses.iter().filter(|(_, row)| row.range == id && !row.is_free()).count();
            if held > 0 {
                return Err(ApiError::invalid(format!("{held}  Ips are in use. Cannot delete this vlan")));
            }
            world.remove_public_range(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "dedicatePublicIpRange",
        about: Some("id"),
        events: Some(EventTexts::of("dedicating vlan ip range")),
        run: |world, caller, arguments| {
            let (id, row) = range(world, arguments)?;
            let Some(owner) = dedicated_to(world, caller, arguments)? else {
                return Err(ApiError::invalid("Please specify a valid domain"));
            };
            if row.owner.is_some() {
                return Err(ApiError::invalid(format!("Public IP range with id {id} is already dedicated")));
            }
            let foreign = world.addresses.iter().find(|(_, row)| {
                row.range == id && !row.is_free() && !world.is_dedicated_to(owner, row.owner)
            });
            if let Some((_, address)) = foreign {
                return Err(ApiError::invalid(format!(
                    "Public IP address in range is allocated to another account: {}",
                    address.address
                )));
            }
            if let Some(row) = world.public_ranges.get_mut(id) {
                row.owner = Some(owner);
            }
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "releasePublicIpRange",
        about: Some("id"),
        events: Some(EventTexts::of("releasing a public ip range")),
        run: |world, _, arguments| {
            let (id, row) = range(world, arguments)?;
            if row.owner.is_none() {
                return Err(ApiError::invalid(format!(
                    "Can't release Public IP range {id} as it not dedicated to any domain and any account"
                )));
            }
            if let Some(row) = world.public_ranges.get_mut(id) {
                row.owner = None;
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// Whose a range becomes: an account's, a project's, or all accounts' of a domain.
fn dedicated_to(world: &World, caller: &Caller, arguments: &Arguments) -> Result<Option<Owner>, ApiError> {
    if arguments.has("account") || arguments.has("projectid") {
        return acting_owner(world, caller, arguments).map(Some);
    }
    Ok(arguments.id("domainid").map(Owner::anybody_of))
}

/// The range that `id` names.
fn range<'a>(world: &'a World, arguments: &Arguments) -> Result<(Id, &'a PublicRange), ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let row = world.public_ranges.get(id);
    row.map(|row| (id, row))
        .ok_or_else(|| ApiError::invalid("Please specify a valid IP range id.".to_owned()))
}

fn show(world: &World, id: Id) -> Reply {
    Reply::Object(world.public_ranges.get(id).map(|row| view::public_range(world, row)).unwrap_or_default())
}

/// The range that the parameters describe.
///
/// # Errors
///
/// 431 for what is no address, and for what does not lie around its gateway.
pub(super) fn span(arguments: &Arguments) -> Result<Span, ApiError> {
    let (gateway, netmask) = (address(arguments, "gateway")?, address(arguments, "netmask")?);
    let (Some(gateway), Some(netmask)) = (gateway, netmask) else {
        return Err(ApiError::invalid("The gateway and the netmask are required to create an IP range."));
    };
    let subnet = Subnet::of_gateway(gateway, netmask)
        .ok_or_else(|| ApiError::invalid("Please specify a valid netmask"))?;
    let start = address(arguments, "startip")?
        .ok_or_else(|| ApiError::invalid("Please specify the start IP address of the range."))?;
    let end = address(arguments, "endip")?.unwrap_or(start);
    require_place(subnet, start, end)?;
    Ok(Span { gateway, netmask, start, end })
}

/// A VLAN as it is kept: `50` is `vlan://50`.
pub(super) fn uri(vlan: &str) -> String {
    if vlan.contains("://") { vlan.to_owned() } else { format!("vlan://{vlan}") }
}

/// An address that a parameter tells.
///
/// # Errors
///
/// 431 if it is none.
pub(super) fn address(arguments: &Arguments, name: &str) -> Result<Option<Ipv4Addr>, ApiError> {
    let parsed = arguments.filled(name).map(str::parse).transpose();
    parsed.map_err(|_| ApiError::invalid(format!("Please specify a valid IP address for {name}")))
}

/// Refuses a range that does not lie around its gateway.
///
/// # Errors
///
/// 431 where it does not.
pub(super) fn require_place(subnet: Subnet, start: Ipv4Addr, end: Ipv4Addr) -> Result<(), ApiError> {
    if !subnet.contains(start) || !subnet.contains(end) {
        return Err(ApiError::invalid(
            "Please ensure that your start IP and end IP are in the same subnet as your gateway.",
        ));
    }
    if start > end {
        return Err(ApiError::invalid(
            "The start IP address must have a lower value than the end IP address.",
        ));
    }
    if (start..=end).contains(&subnet.gateway) {
        return Err(ApiError::invalid("The gateway ip should not be in the range of addresses"));
    }
    Ok(())
}

fn refuse_overlap(
    world: &World,
    zone: Id,
    start: Ipv4Addr,
    end: Ipv4Addr,
    own: Option<Id>,
) -> Result<(), ApiError> {
    let clashes = |id: Id, row: &PublicRange| row.zone == zone && Some(id) != own && row.overlaps(start, end);
    if world.public_ranges.iter().any(|(id, row)| clashes(id, row)) {
        return Err(ApiError::invalid(
            "The IP range already has IPs that overlap with the new range. Please specify a different start IP/end IP.",
        ));
    }
    Ok(())
}
