//! Load balancers inside VPCs.

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::vpc::require_reach;
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::internal_balancer::InternalBalancer;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createLoadBalancer",
        create: Some(|world, caller, arguments| {
            let balancer = new_balancer(world, caller, arguments)?;
            Ok(Handle { kind: Kind::InternalBalancer, id: world.add_internal_balancer(balancer) })
        }),
        events: Some(EventTexts {
            scheduled: "creating load balancer: {name} account: null",
            action: "",
            created: Some("creating load balancer"),
        }),
        run: |world, _, arguments| Ok(Reply::Object(show(world, arguments.created().unwrap_or_default()))),
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listLoadBalancers", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "updateLoadBalancer",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Updating application load balancer id={}",
            action: "updating load balancer",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = named_balancer(arguments);
            let Some(row) = world.internal_balancers.get_mut(id) else { return Err(is_gone()) };
            if let Some(display) = arguments.maybe_flag("fordisplay") {
                row.display = display;
            }
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteLoadBalancer",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "deleting load balancer: {}",
            action: "deleting load balancer",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = named_balancer(arguments);
            if world.internal_balancers.get(id).is_none() {
                return Err(is_gone());
            }
            world.remove_internal_balancer(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// The load balancer that `id` names; rules have identifiers of the same class.
fn named_balancer(arguments: &Arguments) -> Id {
    let named = arguments.handle("id").filter(|handle| handle.kind == Kind::InternalBalancer);
    named.map(|named| named.id).unwrap_or_default()
}

fn is_gone() -> ApiError {
    ApiError::invalid("Can't find load balancer by id")
}

/// A load balancer as its parameters describe it.
fn new_balancer(world: &World, caller: &Caller, arguments: &Arguments) -> Result<InternalBalancer, ApiError> {
    let scheme = arguments.required("scheme");
    if !scheme.eq_ignore_ascii_case("Internal") {
        return Err(ApiError::invalid("Invalid value for scheme. Supported value is Internal"));
    }
    let (network, source_network) = (
        arguments.id("networkid").unwrap_or_default(),
        arguments.id("sourceipaddressnetworkid").unwrap_or_default(),
    );
    let Some(tier) = world.networks.get(network) else {
        return Err(ApiError::invalid("Can't find network by id"));
    };
    require_reach(world, caller, tier.owner)?;
    let Some(source) = world.networks.get(source_network) else {
        return Err(ApiError::invalid("Can't find source ip network by id"));
    };
    let offering = world.network_offerings.get(tier.offering);
    let balances = |by: Option<&str>| {
        offering.is_some_and(|row| {
            row.services.iter().any(|(name, provider)| name == "Lb" && by.is_none_or(|by| provider == by))
        })
    };
    if !balances(None) {
        return Err(ApiError::invalid("LB service is not supported in specified network id")
            .about(tier.uuid, "networkId"));
    }
    if !balances(Some("InternalLbVm")) {
        let name = offering.map_or("", |row| row.name.as_str());
        return Err(ApiError::invalid(format!(
            "Scheme Internal is not supported by the network offering {name}"
        )));
    }
    let port = |name: &str, what: &str| match arguments.integer(name).unwrap_or_default() {
        port @ 0..=65_535 => Ok(port),
        port => Err(ApiError::invalid(format!("Invalid value for {what} port: {port}"))),
    };
    let (instance_port, source_port) = (port("instanceport", "instance")?, port("sourceport", "source")?);
    let algorithm = arguments.required("algorithm");
    if !["source", "roundrobin", "leastconn"].iter().any(|known| known.eq_ignore_ascii_case(algorithm)) {
        return Err(ApiError::invalid(format!("Invalid algorithm: {algorithm}")));
    }
    let Some(subnet) = source.subnet else {
        return Err(ApiError::invalid(
            "Can't create the application load balancer rule for the network having NULL cidr",
        ));
    };
    let beside = || world.internal_balancers.iter().filter(|(_, row)| row.source_network == source_network);
    let address = match arguments.filled("sourceipaddress") {
        Some(text) => {
            let address: Ipv4Addr =
                text.parse().map_err(|_| ApiError::invalid(format!("Invalid ip address {text}")))?;
            let is_shared = beside().any(|(_, row)| row.address == address);
            if !is_shared && !subnet.contains(address) {
                return Err(ApiError::invalid("The requested IP is not in the network's CIDR subnet."));
            }
            if !is_shared && world.is_guest_address_taken(source_network, address) {
                return Err(no_address(&source.name));
            }
            address
        }
        None => world.free_guest_address(source_network).ok_or_else(|| no_address(&source.name))?,
    };
    if let Some((id, _)) = beside().find(|(_, row)| row.address == address && row.source_port == source_port)
    {
        return Err(ApiError::new(
            Fault::RuleConflict,
            format!(
                "The range specified, {source_port}-{source_port}, conflicts with rule {id} which has \
                 {source_port}-{source_port}"
            ),
        ));
    }
    Ok(InternalBalancer {
        uuid: Uuid::nil(),
        name: arguments.required("name").to_owned(),
        description: arguments.filled("description").map(str::to_owned),
        owner: tier.owner,
        network,
        source_network,
        address,
        source_port,
        instance_port,
        algorithm: algorithm.to_owned(),
        display: arguments.maybe_flag("fordisplay").unwrap_or(true),
    })
}

fn no_address(network: &str) -> ApiError {
    ApiError::new(Fault::Capacity, format!("Unable to acquire IP address for network {network}"))
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let wanted = arguments.has("id").then(|| named_balancer(arguments));
    let scope = listing::scope(world, *caller, arguments)?;
    let tags = listing::tag_filters(world, arguments)?;
    let (network, source) = (arguments.id("networkid"), arguments.id("sourceipaddressnetworkid"));
    let (name, address) = (arguments.filled("name"), arguments.filled("sourceipaddress"));
    let (scheme, display) = (arguments.filled("scheme"), arguments.maybe_flag("fordisplay"));
    if scheme.is_some_and(|scheme| !scheme.eq_ignore_ascii_case("Internal")) {
        return Err(ApiError::invalid("Invalid value for scheme. Supported value is Internal"));
    }
    let matches: Vec<Id> = world
        .internal_balancers
        .iter()
        .filter(|(_, row)| scope.covers(world, row.owner))
        .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == *id))
        .filter(|(_, row)| network.is_none_or(|network| row.network == network))
        .filter(|(_, row)| source.is_none_or(|source| row.source_network == source))
        .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
        .filter(|(_, row)| address.is_none_or(|address| row.address.to_string() == address))
        .filter(|(_, row)| display.is_none_or(|display| row.display == display))
        .filter(|(id, _)| {
            tags.iter().all(|tag| world.has_tag(Handle { kind: Kind::InternalBalancer, id: *id }, tag))
        })
        .filter(|(_, row)| {
            listing::keyword_matches(arguments, &[&row.name, row.description.as_deref().unwrap_or_default()])
        })
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| show(world, id))
}

fn show(world: &World, id: Id) -> Object {
    world.internal_balancers.get(id).map(|row| view::internal_balancer(world, id, row)).unwrap_or_default()
}
