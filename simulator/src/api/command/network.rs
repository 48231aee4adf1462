//! Guest networks. Their public addresses are in [`address`](super::address), their routers in
//! [`router`](super::router).

use super::{Behaviour, EventTexts, acting_owner};
use crate::api::error::ApiError;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::event::{EventState, NewEvent};
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
            if let Some(word) = kind.filter(|word| {
                !["Isolated", "Shared", "L2"].iter().any(|known| known.eq_ignore_ascii_case(word))
            }) {
                return Err(ApiError::invalid(format!("Unexpected Guest type : {word}")));
            }
            let filter = arguments.filled("networkfilter").unwrap_or("all").to_ascii_lowercase();
            if !["all", "account", "domain", "shared", "accountdomain"].contains(&filter.as_str()) {
                return Err(ApiError::invalid(format!("Invalid value of networkfilter: {filter}")));
            }
            let services = arguments.texts("supportedservices");
            let (for_vpc, offering) = (arguments.maybe_flag("forvpc"), arguments.id("networkofferingid"));
            let restart = arguments.maybe_flag("restartrequired");
            let traffic = arguments.filled("traffictype");
            let matches: Vec<Id> = world
                .networks
                .iter()
                // The newest first (REA-006).
                .rev()
                .filter(|(_, row)| match filter.as_str() {
                    "account" | "domain" => {
                        row.guest_type != GuestType::Shared && scope.covers(world, row.owner)
                    }
                    "shared" => row.guest_type == GuestType::Shared,
                    _ => row.guest_type == GuestType::Shared || scope.covers(world, row.owner),
                })
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| kind.is_none_or(|kind| row.guest_type.name().eq_ignore_ascii_case(kind)))
                .filter(|_| traffic.is_none_or(|traffic| traffic.eq_ignore_ascii_case("Guest")))
                // Only tiers are of a VPC, and there are none.
                .filter(|_| for_vpc != Some(true))
                .filter(|(_, row)| offering.is_none_or(|offering| row.offering == offering))
                .filter(|(_, row)| restart.is_none_or(|restart| row.restart_required == restart))
                .filter(|(_, row)| {
                    let offered = world.network_offerings.get(row.offering);
                    services.iter().all(|service| {
                        offered
                            .is_some_and(|offered| offered.services.iter().any(|(name, _)| name == service))
                    })
                })
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
            if row.for_vpc {
                return Err(ApiError::invalid("Network offering can be used for VPC networks only"));
            }
            if row.guest_type == GuestType::Shared && row.specify_vlan && !caller.is_root_admin() {
                return Err(ApiError::invalid(
                    "This user can only create an Isolated network, a L2 network or a Shared network with \
                     specifyVlan=false.",
                ));
            }
            let subnet = match (arguments.filled("gateway"), arguments.filled("netmask")) {
                (Some(gateway), Some(netmask)) => {
                    let gateway = gateway.parse().map_err(|_| ApiError::invalid("Invalid gateway"))?;
                    let netmask = netmask.parse().map_err(|_| ApiError::invalid("Invalid netmask"))?;
                    let subnet = Subnet::of_gateway(gateway, netmask);
                    Some(subnet.ok_or_else(|| ApiError::invalid("Invalid netmask"))?)
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
            world.record(NewEvent {
                user: caller.user,
                owner,
                event_type: "NETWORK.CREATE",
                state: EventState::Completed,
                is_error: false,
                description: format!("Successfully completed creating network. Network Id: {id}"),
                parent: None,
                about: Some(Handle { kind: Kind::Network, id }),
            });
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteNetwork",
        about: Some("id"),
        always_logs_success: true,
        events: Some(EventTexts {
            scheduled: "Deleting network: {#}",
            action: "deleting network. Network Id: {#}",
            created: None,
        }),
        check: Some(|world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.networks.get(id).is_none() {
                return Err(ApiError::invalid(format!("Network ID={id} doesn't exist")));
            }
            if arguments.flag("forced") && !caller.is_root_admin() {
                return Err(ApiError::invalid(
                    "Delete network with 'forced' option can only be called by root admins",
                ));
            }
            Ok(())
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.is_network_in_use(id) || world.networks.get(id).is_none() {
                return Err(ApiError::api(530, "Failed to delete network"));
            }
            world.remove_network(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateNetwork",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Updating network: {#}",
            action: "updating network",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.networks.get_mut(id) else {
                return Err(ApiError::invalid(format!("Unable to find network by id {id}")));
            };
            if let (Some(cidr), Some(subnet)) = (arguments.filled("guestvmcidr"), row.subnet) {
                let inside = Subnet::of_cidr(cidr)
                    .is_some_and(|part| part.prefix >= subnet.prefix && subnet.contains(part.base));
                if !inside {
                    return Err(ApiError::invalid(format!(
                        "Invalid value of Guest VM CIDR. For IP Reservation, Guest VM CIDR  should be a subset of \
                         network CIDR :  {}",
                        subnet.cidr()
                    )));
                }
            }
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut row.name);
            }
            if let Some(text) = arguments.filled("displaytext") {
                text.clone_into(&mut row.display_text);
            }
            if let Some(domain) = arguments.filled("networkdomain") {
                domain.clone_into(&mut row.domain);
            }
            // The switch is kept as a detail once the network was changed at all.
            row.hides_addresses = Some(arguments.flag("hideipaddressusage"));
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "restartNetwork",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Restarting network: {#}",
            action: "restarting network",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            match world.networks.get_mut(id) {
                Some(row) if matches!(row.state, NetworkState::Implemented | NetworkState::Setup) => {
                    row.restart_required = false;
                    if arguments.flag("cleanup") {
                        world.renew_router(id);
                    }
                    Ok(Reply::SUCCESS)
                }
                _ => Err(ApiError::invalid(
                    "Network is not in the right state to be restarted. Correct states are: Implemented, Setup",
                )),
            }
        },
        ..Behaviour::PLAIN
    },
];

fn show(world: &World, id: Id, viewer: crate::api::caller::Caller) -> Object {
    world.networks.get(id).map(|row| view::network(world, id, row, viewer)).unwrap_or_default()
}
