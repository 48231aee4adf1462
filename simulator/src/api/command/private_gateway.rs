//! Private gateways of VPCs, and static routes (VPC-001, RUL-001).

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::vpc::{dump, is_cidr, named, overlap, require_reach};
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::acl::DEFAULT_DENY;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::vpc::{PrivateGateway, StaticRoute};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createPrivateGateway",
        create: Some(|world, caller, arguments| {
            let gateway = new_gateway(world, caller, arguments)?;
            Ok(Handle { kind: Kind::PrivateGateway, id: world.add_private_gateway(gateway) })
        }),
        events: Some(EventTexts {
            scheduled: "creating private gateway",
            action: "applying VPC private gateway",
            created: Some("creating VPC private gateway"),
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            if let Some(row) = world.private_gateways.get_mut(id) {
                row.ready = true;
            }
            Ok(Reply::Object(show_gateway(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listPrivateGateways", run: list_gateways, ..Behaviour::PLAIN },
    Behaviour {
        name: "deletePrivateGateway",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Deleting private gateway id={#}",
            action: "deleting private gateway",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.private_gateways.get(id) else {
                return Err(ApiError::invalid("Unable to find specified private gateway"));
            };
            let routes = world.static_routes.iter().filter(|(_, route)| route.gateway == Some(id)).count();
            if routes > 0 {
                return Err(ApiError::runtime(format!(
                    "Can't delete private gateway VpcGateway {{\"id\":{id},\"ip4Address\":\"{}\",\"uuid\":\"{}\",\
                     \"vpcId\":{}}} as it has {routes} static routes applied. Remove the routes first",
                    row.address, row.uuid, row.vpc
                )));
            }
            world.private_gateways.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createStaticRoute",
        create: Some(|world, caller, arguments| {
            let route = new_route(world, caller, arguments)?;
            Ok(Handle { kind: Kind::StaticRoute, id: world.add_static_route(route) })
        }),
        events: Some(EventTexts {
            scheduled: "creating static route",
            action: "applying static route",
            created: Some("creating static route"),
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            if let Some(row) = world.static_routes.get_mut(id) {
                row.active = true;
            }
            Ok(Reply::Object(show_route(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listStaticRoutes", run: list_routes, ..Behaviour::PLAIN },
    Behaviour {
        name: "deleteStaticRoute",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Deleting static route id={#}",
            action: "deleting static route",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.static_routes.get(id).is_none() {
                return Err(ApiError::invalid("Unable to find static route by id"));
            }
            world.remove_static_route(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// A private gateway as its parameters describe it.
fn new_gateway(world: &World, caller: &Caller, arguments: &Arguments) -> Result<PrivateGateway, ApiError> {
    let (vpc, _) = named(world, caller, arguments, "vpcid")?;
    let address = |name: &str, what: &str| {
        let text = arguments.required(name);
        text.parse::<Ipv4Addr>().map_err(|_| ApiError::invalid(format!("Invalid {what} specified: {text}")))
    };
    let (gateway, netmask, own) =
        (address("gateway", "gateway")?, address("netmask", "netmask")?, address("ipaddress", "ip address")?);
    let network = arguments.id("associatednetworkid");
    let vlan = arguments.filled("vlan");
    if network.is_some() == vlan.is_some() {
        return Err(ApiError::invalid("One of vlanId and associatedNetworkId must be specified"));
    }
    let zone = world.vpcs.get(vpc).map(|row| row.zone).unwrap_or_default();
    let physical_network = arguments.id("physicalnetworkid").or_else(|| {
        world.physical_networks.iter().find(|(_, physical)| physical.zone == zone).map(|(id, _)| id)
    });
    let acl = arguments.id("aclid").unwrap_or(DEFAULT_DENY);
    match world.acl_lists.get(acl) {
        None => return Err(ApiError::invalid("Invalid network acl id passed ")),
        Some(list) if list.vpc.is_some_and(|of| of != vpc) => {
            return Err(ApiError::invalid("Private gateway and network acl are not in the same vpc"));
        }
        Some(_) => {}
    }
    let vlan = vlan.map(|vlan| if vlan.contains("://") { vlan.to_owned() } else { format!("vlan://{vlan}") });
    let is_taken = world.private_gateways.iter().any(|(_, row)| row.address == own && row.vlan == vlan);
    if is_taken {
        return Err(ApiError::invalid(format!("Private ip address {own} already used for private gateway")));
    }
    Ok(PrivateGateway {
        uuid: Uuid::nil(),
        vpc,
        gateway,
        netmask,
        address: own,
        vlan,
        physical_network,
        network,
        source_nat: arguments.flag("sourcenatsupported"),
        acl,
        ready: false,
    })
}

/// A route as its parameters describe it.
fn new_route(world: &World, caller: &Caller, arguments: &Arguments) -> Result<StaticRoute, ApiError> {
    let gateway = arguments.id("gatewayid");
    let next_hop = arguments.filled("nexthop");
    let vpc = match (gateway, arguments.id("vpcid")) {
        (Some(id), _) => {
            let Some(row) = world.private_gateways.get(id) else {
                return Err(ApiError::invalid("Invalid gateway id is specified"));
            };
            if !row.ready {
                return Err(ApiError::invalid("Gateway is not in the Ready state: Creating"));
            }
            row.vpc
        }
        (None, Some(vpc)) if next_hop.is_some() => vpc,
        (None, _) => {
            return Err(ApiError::invalid(
                "Either gateway id or VPC id and next hop must be specified to create a static route",
            ));
        }
    };
    let Some(row) = world.vpcs.get(vpc) else {
        return Err(ApiError::invalid("Can't add static route to VPC that is being deleted"));
    };
    require_reach(world, caller, row.owner)?;
    let next_hop = match next_hop.map(str::parse::<Ipv4Addr>) {
        Some(Err(_)) => {
            return Err(ApiError::invalid("Invalid format for next hop"));
        }
        Some(Ok(hop)) => Some(hop),
        None => None,
    };
    let cidr = arguments.required("cidr");
    if !is_cidr(cidr) {
        return Err(ApiError::invalid(format!("Invalid format for cidr {cidr}")));
    }
    if overlap(cidr, &row.cidr) {
        return Err(ApiError::invalid(format!("CIDR should be outside of VPC cidr {}", row.cidr)));
    }
    if overlap(cidr, "169.254.0.0/16") {
        return Err(ApiError::invalid("CIDR should be outside of link local cidr 169.254.0.0/16"));
    }
    let crossed =
        world.static_routes.iter().find(|(_, route)| route.vpc == vpc && overlap(cidr, &route.cidr));
    if let Some((_, route)) = crossed {
        return Err(ApiError::new(
            Fault::RuleConflict,
            format!(
                "New static route cidr conflicts with existing route {} of {}",
                route.cidr,
                dump(world, vpc)
            ),
        ));
    }
    Ok(StaticRoute { uuid: Uuid::nil(), vpc, gateway, next_hop, cidr: cidr.to_owned(), active: false })
}

fn list_gateways(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, *caller, arguments)?;
    let vpc = arguments.id("vpcid");
    let (address, vlan, state) =
        (arguments.filled("ipaddress"), arguments.filled("vlan"), arguments.filled("state"));
    let matches: Vec<Id> = world
        .private_gateways
        .iter()
        .filter(|(_, row)| world.vpcs.get(row.vpc).is_some_and(|vpc| scope.covers(world, vpc.owner)))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| vpc.is_none_or(|vpc| row.vpc == vpc))
        .filter(|(_, row)| address.is_none_or(|address| row.address.to_string() == address))
        .filter(|(_, row)| {
            vlan.is_none_or(|vlan| {
                row.vlan.as_deref().is_some_and(|own| own == vlan || own.ends_with(&format!("//{vlan}")))
            })
        })
        .filter(|(_, row)| state.is_none_or(|state| state.eq_ignore_ascii_case("Ready") == row.ready))
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| show_gateway(world, id))
}

fn list_routes(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, *caller, arguments)?;
    let tags = listing::tag_filters(world, arguments)?;
    let (vpc, gateway) = (arguments.id("vpcid"), arguments.id("gatewayid"));
    let state = arguments.filled("state");
    let matches: Vec<Id> = world
        .static_routes
        .iter()
        .filter(|(_, row)| world.vpcs.get(row.vpc).is_some_and(|vpc| scope.covers(world, vpc.owner)))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| vpc.is_none_or(|vpc| row.vpc == vpc))
        .filter(|(_, row)| gateway.is_none_or(|gateway| row.gateway == Some(gateway)))
        .filter(|(_, row)| state.is_none_or(|state| state.eq_ignore_ascii_case("Active") == row.active))
        .filter(|(id, _)| {
            tags.iter().all(|tag| world.has_tag(Handle { kind: Kind::StaticRoute, id: *id }, tag))
        })
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| show_route(world, id))
}

fn show_gateway(world: &World, id: Id) -> Object {
    world.private_gateways.get(id).map(|row| view::private_gateway(world, row)).unwrap_or_default()
}

fn show_route(world: &World, id: Id) -> Object {
    world.static_routes.get(id).map(|row| view::static_route(world, id, row)).unwrap_or_default()
}
