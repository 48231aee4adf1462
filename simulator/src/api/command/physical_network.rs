//! Physical networks, what traffic they carry, and VLANs that are for one account only.

use super::{Behaviour, EventTexts, acting_owner};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::physical_network::{DedicatedVlans, PhysicalNetwork};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listPhysicalNetworks",
        run: |world, _, arguments| {
            let (wanted, zone) = (listing::wanted(arguments)?, arguments.id("zoneid"));
            let name = arguments.filled("name");
            let matches: Vec<Object> = world
                .physical_networks
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .filter(|(_, row)| name.is_none_or(|name| row.name == name))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(_, row)| view::physical_network(world, row))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createPhysicalNetwork",
        create: Some(|world, _, arguments| {
            let zone = arguments.id("zoneid").unwrap_or_default();
            let vlans = ranges(arguments)?;
            let isolation = arguments.texts("isolationmethods").first().cloned();
            let tags = arguments.texts("tags").to_vec();
            let id = world.add_physical_network(zone, arguments.required("name"));
            if let Some(row) = world.physical_networks.get_mut(id) {
                row.vlans = vlans.unwrap_or_default();
                row.isolation = isolation.unwrap_or_else(|| row.isolation.clone());
                row.tags = tags;
                row.speed = arguments.filled("networkspeed").map(str::to_owned);
            }
            Ok(Handle { kind: Kind::PhysicalNetwork, id })
        }),
        events: Some(EventTexts {
            scheduled: "creating Physical Network. Id: {}",
            action: "creating physical network",
            created: Some("creating Physical Network"),
        }),
        run: |world, _, arguments| Ok(show(world, arguments.created().unwrap_or_default())),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updatePhysicalNetwork",
        events: Some(EventTexts::of("updating physical network")),
        run: |world, _, arguments| {
            let (id, _) = physical_network(world, arguments, "id")?;
            let enabled = state(arguments)?;
            let vlans = ranges(arguments)?;
            if let Some(vlans) = &vlans {
                let fits = |vlan: u32| vlans.iter().any(|(first, last)| (*first..=*last).contains(&vlan));
                let lost = world.networks.iter().any(|(_, network)| {
                    network.physical_network == Some(id) && network.vlan.is_some_and(|vlan| !fits(vlan))
                });
                if lost {
                    return Err(ApiError::invalid(
                        "Some of the vnets from this range are allocated, can only remove a range which has no \
                         allocated vnets",
                    ));
                }
            }
            let tags = arguments.has("tags").then(|| arguments.texts("tags").to_vec());
            if let Some(row) = world.physical_networks.get_mut(id) {
                row.enabled = enabled.unwrap_or(row.enabled);
                row.vlans = vlans.unwrap_or_else(|| row.vlans.clone());
                row.tags = tags.unwrap_or_else(|| row.tags.clone());
                row.speed = arguments.filled("networkspeed").map(str::to_owned).or(row.speed.take());
            }
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deletePhysicalNetwork",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Deleting Physical network: {}",
            action: "deleting physical network",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, _) = physical_network(world, arguments, "id")?;
            let kept_by = if world.public_ranges.iter().any(|(_, row)| row.physical_network == Some(id)) {
                Some("there are IP Ranges configured for this physical network")
            } else {
                let mut networks = world.networks.iter();
                networks
                    .any(|(_, row)| row.physical_network == Some(id))
                    .then_some("there are networks associated to this physical network")
            };
            if let Some(reason) = kept_by {
                return Err(ApiError::runtime(format!(
                    "The Physical Network is not deletable because {reason}"
                )));
            }
            world.remove_physical_network(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listTrafficTypes",
        run: |world, _, arguments| {
            let (id, _) = physical_network(world, arguments, "physicalnetworkid")?;
            let matches: Vec<Object> = world
                .traffic_types_of(id)
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(_, row)| view::traffic_type(world, row))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "addTrafficType",
        create: Some(|world, _, arguments| {
            let (id, _) = physical_network(world, arguments, "physicalnetworkid")?;
            let wanted = arguments.required("traffictype");
            let name = TRAFFIC
                .iter()
                .find(|known| known.eq_ignore_ascii_case(wanted))
                .ok_or_else(|| ApiError::invalid(format!("Unable to resolve traffic type {wanted}")))?;
            if world.traffic_types_of(id).any(|(_, row)| row.name == *name) {
                return Err(ApiError::runtime(format!(
                    "This physical network already supports the traffic type: {name}"
                )));
            }
            let labels = labels(arguments);
            let id = world.add_traffic_type(id, name, labels);
            Ok(Handle { kind: Kind::TrafficType, id })
        }),
        events: Some(EventTexts {
            scheduled: "Adding physical network traffic type: {}",
            action: "Creating Physical Network TrafficType",
            created: Some("Creating Physical Network TrafficType"),
        }),
        run: |world, _, arguments| Ok(show_traffic(world, arguments.created().unwrap_or_default())),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateTrafficType",
        events: Some(EventTexts::of("updating physical network TrafficType")),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if let Some(row) = world.traffic_types.get_mut(id) {
                for (name, label) in labels(arguments) {
                    row.labels.retain(|(known, _)| *known != name);
                    row.labels.push((name, label));
                }
                row.labels.sort_by_key(|(name, _)| LABELS.iter().position(|known| known == name));
            }
            Ok(show_traffic(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteTrafficType",
        events: Some(EventTexts::of("deleting physical network TrafficType")),
        run: |world, _, arguments| {
            // A zone has networks of its own for every kind of traffic.
            let row = arguments.id("id").and_then(|id| world.traffic_types.get(id));
            Err(ApiError::runtime(format!(
                "The Traffic Type is not deletable because there are existing networks with this traffic type:{}",
                row.map_or("", |row| row.name.as_str())
            )))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listDedicatedGuestVlanRanges",
        run: |world, _, arguments| {
            let wanted = listing::wanted(arguments)?;
            let (physical, zone) = (arguments.id("physicalnetworkid"), arguments.id("zoneid"));
            let (account, domain) = (arguments.filled("account"), arguments.id("domainid"));
            let range = arguments.filled("guestvlanrange");
            let of_account = |row: &DedicatedVlans| {
                let name = world.accounts.get(row.owner.account).map(|row| row.name.as_str());
                account.is_none_or(|account| name == Some(account))
            };
            let zone_of = |row: &DedicatedVlans| {
                world.physical_networks.get(row.physical_network).map(|physical| physical.zone)
            };
            let matches: Vec<Object> = world
                .dedicated_vlans
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| physical.is_none_or(|physical| row.physical_network == physical))
                .filter(|(_, row)| zone.is_none_or(|zone| zone_of(row) == Some(zone)))
                .filter(|(_, row)| of_account(row))
                .filter(|(_, row)| domain.is_none_or(|domain| row.owner.domain == domain))
                .filter(|(_, row)| {
                    range.is_none_or(|range| range == format!("{}-{}", row.range.0, row.range.1))
                })
                .map(|(_, row)| view::dedicated_vlans(world, row))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "dedicateGuestVlanRange",
        events: Some(EventTexts::of("dedicating guest vlan range")),
        run: |world, caller, arguments| {
            let (physical, row) = physical_network(world, arguments, "physicalnetworkid")?;
            let owner = acting_owner(world, caller, arguments)?;
            let text = arguments.required("vlanrange");
            let range = range(text)?;
            if !row.vlans.iter().any(|(first, last)| *first <= range.0 && range.1 <= *last) {
                return Err(ApiError::invalid(format!(
                    "Unable to find guest vlan by range {text}, the range is not on the physical network"
                )));
            }
            let clashes = |other: &DedicatedVlans| {
                other.physical_network == physical && other.range.0 <= range.1 && range.0 <= other.range.1
            };
            if world.dedicated_vlans.iter().any(|(_, other)| clashes(other)) {
                return Err(ApiError::invalid(
                    "Vlan range is already dedicated to another account. Cannot dedicate guest vlan range",
                ));
            }
            let uuid = world.name_row(Kind::DedicatedVlans, world.dedicated_vlans.next_id());
            let id = world.dedicated_vlans.insert(DedicatedVlans {
                uuid,
                owner,
                physical_network: physical,
                range,
            });
            let shown = world.dedicated_vlans.get(id).map(|row| view::dedicated_vlans(world, row));
            Ok(Reply::Object(shown.unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "releaseDedicatedGuestVlanRange",
        events: Some(EventTexts::of("releasing a dedicated guest vlan range")),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            world.dedicated_vlans.remove(id).ok_or_else(|| {
                ApiError::invalid(format!("Guest vlan with specified id doesn't exist in the system: {id}"))
            })?;
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// The kinds of traffic.
const TRAFFIC: &[&str] = &["Guest", "Public", "Management", "Storage", "Vpn", "Control"];

/// The parameters that name bridges, in the order of the answer.
const LABELS: &[&str] =
    &["xennetworklabel", "kvmnetworklabel", "vmwarenetworklabel", "hypervnetworklabel", "ovm3networklabel"];

fn labels(arguments: &Arguments) -> Vec<(&'static str, String)> {
    LABELS.iter().filter_map(|name| arguments.filled(name).map(|label| (*name, label.to_owned()))).collect()
}

/// The physical network that a parameter names.
///
/// # Errors
///
/// 431 if it is gone.
pub(super) fn physical_network<'a>(
    world: &'a World,
    arguments: &Arguments,
    name: &str,
) -> Result<(Id, &'a PhysicalNetwork), ApiError> {
    let id = arguments.id(name).unwrap_or_default();
    let row = world.physical_networks.get(id);
    row.map(|row| (id, row))
        .ok_or_else(|| ApiError::invalid(format!("Network id={id}doesn't exist in the system")))
}

fn show(world: &World, id: Id) -> Reply {
    let row = world.physical_networks.get(id);
    Reply::Object(row.map(|row| view::physical_network(world, row)).unwrap_or_default())
}

fn show_traffic(world: &World, id: Id) -> Reply {
    Reply::Object(world.traffic_types.get(id).map(|row| view::traffic_type(world, row)).unwrap_or_default())
}

/// Whether `state` asks to enable or to disable.
///
/// # Errors
///
/// 431 for another word.
pub(super) fn state(arguments: &Arguments) -> Result<Option<bool>, ApiError> {
    match arguments.filled("state") {
        None => Ok(None),
        Some(word) if word.eq_ignore_ascii_case("Enabled") => Ok(Some(true)),
        Some(word) if word.eq_ignore_ascii_case("Disabled") => Ok(Some(false)),
        Some(word) => Err(ApiError::invalid(format!(
            "Unable to resolve state '{word}' to a supported value {{Enabled or Disabled}}"
        ))),
    }
}

/// The ranges of VLANs in `vlan`, if it was sent.
fn ranges(arguments: &Arguments) -> Result<Option<Vec<(u32, u32)>>, ApiError> {
    let Some(text) = arguments.text("vlan") else { return Ok(None) };
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(range).collect::<Result<Vec<_>, _>>().map(Some)
}

/// A range of VLANs such as `100-200`, or one.
fn range(text: &str) -> Result<(u32, u32), ApiError> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|vlan| *vlan <= 4094);
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        _ => Err(ApiError::invalid(
            "Please provide valid vnet range. vnet range should be a coma separated list example 1-10,11-20",
        )),
    }
}
