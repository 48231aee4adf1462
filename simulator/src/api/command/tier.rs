//! Tiers: networks of a VPC (NET-001).

use super::network::{record_creation, show};
use super::vpc::{dump, is_within, overlap, require_reach, subnet_of};
use super::{acting_owner, require_room};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::quirk::Quirk;
use crate::reply::Reply;
use crate::world::acl::{DEFAULT_ALLOW, DEFAULT_DENY};
use crate::world::network::{Network, NewNetwork, Subnet};
use crate::world::offering::{GuestType, NetworkOffering};
use crate::world::table::Id;
use crate::world::vpc::Vpc;
use crate::world::{Owner, World};

/// Adds a tier to the VPC that `vpcid` names.
pub(super) fn create(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let vpc = arguments.id("vpcid").unwrap_or_default();
    let acl = arguments.id("aclid");
    let new = new_tier(world, caller, arguments, vpc, acl)?;
    let (owner, offering) = (new.owner, new.offering);
    let id = world.add_network(new);
    if let Some(row) = world.networks.get_mut(id) {
        (row.vpc, row.acl) = (Some(vpc), acl);
    }
    record_creation(world, caller, owner, id);
    let is_persistent = world.network_offerings.get(offering).is_some_and(|row| row.persistent);
    if is_persistent || world.sins(Quirk::TiersStartImplemented) {
        world.implement_network(id);
    }
    Ok(Reply::Object(show(world, id, *caller)))
}

/// A tier as its parameters describe it.
fn new_tier(
    world: &World,
    caller: &Caller,
    arguments: &Arguments,
    vpc: Id,
    acl: Option<Id>,
) -> Result<NewNetwork, ApiError> {
    let owner = acting_owner(world, caller, arguments)?;
    let (offering, zone) =
        (arguments.id("networkofferingid").unwrap_or_default(), arguments.id("zoneid").unwrap_or_default());
    let Some(offered) = world.network_offerings.get(offering) else {
        return Err(ApiError::invalid(format!("unable to find network offering {offering}")));
    };
    if !offered.enabled {
        return Err(ApiError::invalid("Can't use specified network offering id as its state is not Enabled")
            .about(offered.uuid, "networkOfferingId"));
    }
    if offered.specify_ranges {
        return Err(ApiError::runtime("IPv4 address range needs to be provided"));
    }
    let Some(row) = world.vpcs.get(vpc) else {
        return Err(ApiError::invalid("Unable to find Enabled VPC "));
    };
    require_reach(world, caller, row.owner)?;
    require_room(world, owner, "network", 1)?;
    if row.zone != zone {
        return Err(ApiError::invalid("New network doesn't belong to vpc zone"));
    }
    if let Some(acl) = acl {
        require_acl_of(world, vpc, acl)?;
    }
    let subnet = subnet(arguments)?;
    let domain = arguments.filled("networkdomain").unwrap_or(&row.domain);
    require_place(world, (vpc, row), subnet, owner, domain)?;
    require_offering(world, (vpc, row), offered, acl)?;
    let name = arguments.required("name").to_owned();
    Ok(NewNetwork {
        display_text: arguments.filled("displaytext").unwrap_or(&name).to_owned(),
        name,
        owner,
        zone,
        offering,
        subnet: Some(subnet),
        vlan: None,
        domain: Some(domain.to_owned()),
    })
}

/// A list of rules must be everybody's or of the same VPC.
fn require_acl_of(world: &World, vpc: Id, acl: Id) -> Result<(), ApiError> {
    let Some(list) = world.acl_lists.get(acl) else {
        return Err(ApiError::invalid("Unable to find specified NetworkACL"));
    };
    if ![DEFAULT_DENY, DEFAULT_ALLOW].contains(&acl) && list.vpc.is_some_and(|of| of != vpc) {
        return Err(ApiError::invalid(format!("ACL: {} do not belong to the VPC", list.uuid)));
    }
    Ok(())
}

fn subnet(arguments: &Arguments) -> Result<Subnet, ApiError> {
    let (Some(gateway), Some(netmask)) = (arguments.filled("gateway"), arguments.filled("netmask")) else {
        return Err(ApiError::invalid("Gateway/netmask are required when create network for VPC"));
    };
    subnet_of(gateway, netmask).ok_or_else(|| {
        let is_gateway = gateway.parse::<std::net::Ipv4Addr>().is_ok();
        ApiError::invalid(if is_gateway { "Invalid netmask" } else { "Invalid gateway" })
    })
}

/// Refuses a range or a domain that does not fit into the VPC.
fn require_place(
    world: &World,
    (id, vpc): (Id, &Vpc),
    subnet: Subnet,
    owner: Owner,
    domain: &str,
) -> Result<(), ApiError> {
    let cidr = subnet.cidr();
    if !is_within(&cidr, &vpc.cidr) {
        return Err(ApiError::invalid(format!(
            "Network cidr {cidr} is not within vpc {} cidr",
            dump(world, id)
        )));
    }
    let crossed = world.tiers(id).find_map(|tier| {
        let row = world.networks.get(tier)?;
        overlap(&cidr, &row.subnet?.cidr()).then_some((tier, row))
    });
    if let Some((tier, row)) = crossed {
        return Err(ApiError::invalid(format!(
            "Network cidr {cidr} crosses other network cidr {} belonging to the same vpc {}",
            network_dump(tier, row),
            dump(world, id)
        )));
    }
    if owner.account != vpc.owner.account {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    if !domain.eq_ignore_ascii_case(&vpc.domain) {
        return Err(ApiError::invalid(format!(
            "Network domain of the new network should match network domain of vpc {}",
            dump(world, id)
        )));
    }
    if subnet.gateway == subnet.base {
        return Err(ApiError::invalid(
            "Invalid gateway specified. It should never be equal to the cidr subnet value",
        ));
    }
    Ok(())
}

/// Refuses an offering that the VPC cannot serve.
pub(super) fn require_offering(
    world: &World,
    (id, vpc): (Id, &Vpc),
    offered: &NetworkOffering,
    acl: Option<Id>,
) -> Result<(), ApiError> {
    if offered.guest_type != GuestType::Isolated
        || !(offered.offers("SourceNat") || offered.offers("Gateway"))
    {
        return Err(ApiError::invalid(
            "Only network offerings of type Isolated with service SourceNat are valid for vpc ",
        ));
    }
    if offered.services.iter().any(|(service, provider)| service == "Dhcp" && provider.is_empty()) {
        return Err(ApiError::runtime("More than 1 provider supporting service Dhcp found in cloudStack"));
    }
    if let Some(offering) = world.vpc_offerings.get(vpc.offering) {
        // Every VPC is a gateway; its offering does not say so.
        let serves = |pair: &(String, String)| pair.0 == "Gateway" || offering.services.contains(pair);
        let foreign = offered.services.iter().find(|pair| !serves(pair));
        if let Some((service, provider)) = foreign {
            return Err(ApiError::invalid(format!(
                "Service/provider combination {service}/{provider} is not supported by VPC {}",
                dump(world, id)
            )));
        }
    }
    if acl.is_some() && !offered.offers("NetworkACL") {
        return Err(ApiError::invalid(
            "Cannot apply NetworkACL. Network Offering does not support NetworkACL service",
        ));
    }
    Ok(())
}

/// Upstream's text of a network in refusals.
fn network_dump(id: Id, row: &Network) -> String {
    format!(
        "Network {{\"id\": {id}, \"name\": \"{}\", \"uuid\": \"{}\", \"networkofferingid\": {}}}",
        row.name, row.uuid, row.offering
    )
}
