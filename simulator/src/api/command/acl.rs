//! Lists of network ACL rules, and what follows them (RUL-001). Their rules are in [`acl_item`](super::acl_item).

use uuid::Uuid;

use super::vpc::{named, require_reach};
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::listing::Scope;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::acl::{AclList, DEFAULT_ALLOW, DEFAULT_DENY};
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createNetworkACLList",
        create: Some(|world, caller, arguments| {
            let vpc = match arguments.has("vpcid") {
                true => Some(named(world, caller, arguments, "vpcid")?.0),
                false if caller.is_root_admin() => None,
                false => return Err(ApiError::permission("Only Root Admin can create global ACLs.")),
            };
            let id = world.add_acl_list(AclList {
                uuid: Uuid::nil(),
                name: arguments.required("name").to_owned(),
                description: arguments.filled("description").map(str::to_owned),
                vpc,
                display: arguments.maybe_flag("fordisplay").unwrap_or(true),
            });
            Ok(Handle { kind: Kind::NetworkAcl, id })
        }),
        events: Some(EventTexts {
            scheduled: "Creating Network ACL with id: {}",
            action: "",
            created: Some("creating network acl list"),
        }),
        run: |world, _, arguments| Ok(Reply::Object(show(world, arguments.created().unwrap_or_default()))),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listNetworkACLLists",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let reach = Reach::of(world, caller, arguments)?;
            let network = arguments.id("networkid");
            let (name, display) = (arguments.filled("name"), arguments.maybe_flag("fordisplay"));
            let followed = network.map(|network| world.networks.get(network).and_then(|row| row.acl));
            let matches: Vec<Id> = world
                .acl_lists
                .iter()
                // The newest first (REA-006).
                .rev()
                .filter(|(_, row)| reach.covers(world, row))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(id, _)| followed.is_none_or(|followed| followed == Some(*id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| display.is_none_or(|display| row.display == display))
                .filter(|(_, row)| {
                    let description = row.description.as_deref().unwrap_or_default();
                    listing::keyword_matches(arguments, &[&row.name, description])
                })
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateNetworkACLList",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Updating network ACL list ID={}",
            action: "updating Network ACL",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            require_owned(world, caller, id, "Must be Root Admin to update a global ACL.")?;
            if let Some(row) = world.acl_lists.get_mut(id) {
                if let Some(name) = arguments.filled("name") {
                    name.clone_into(&mut row.name);
                }
                if let Some(text) = arguments.filled("description") {
                    row.description = Some(text.to_owned());
                }
                if let Some(display) = arguments.maybe_flag("fordisplay") {
                    row.display = display;
                }
            }
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteNetworkACLList",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Deleting Network ACL with ID: {}",
            action: "deleting Network ACL List",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(uuid) = world.acl_lists.get(id).map(|row| row.uuid) else {
                return Err(ApiError::invalid("Unable to find specified ACL"));
            };
            if is_default(id) {
                return Err(ApiError::invalid("Default ACL cannot be removed"));
            }
            require_owned(world, caller, id, "Only Root Admin can delete global ACLs.")?;
            let tiers = world.tiers_of_acl(id).count();
            let gateways = world.private_gateways.iter().filter(|(_, row)| row.acl == id).count();
            for (count, what) in [(tiers, "tier"), (gateways, "private gateway")] {
                if count > 0 {
                    return Err(ApiError::runtime(format!(
                        "ACL is still associated with {count} {what}(s). Cannot delete network ACL: {uuid}"
                    )));
                }
            }
            world.remove_acl_list(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "replaceNetworkACLList",
        events: Some(EventTexts {
            scheduled: "Associating network ACL ID={aclid} with network ID={networkid}",
            action: "",
            created: None,
        }),
        run: |world, caller, arguments| {
            let acl = arguments.id("aclid").unwrap_or_default();
            match (arguments.id("networkid"), arguments.id("gatewayid")) {
                (None, None) => {
                    Err(ApiError::api(530, "Network ID and private gateway can't be null at the same time"))
                }
                (Some(_), Some(_)) => {
                    Err(ApiError::api(530, "Network ID and private gateway can't be passed at the same time"))
                }
                (Some(network), None) => follow(world, caller, acl, network),
                (None, Some(gateway)) => guard(world, caller, acl, gateway),
            }
        },
        ..Behaviour::PLAIN
    },
];

/// Whose lists are listed: those of one VPC, or of all VPCs in scope; the installation's always are.
pub(super) enum Reach {
    /// Of this VPC.
    Vpc(Id),
    /// Of the VPCs in scope.
    Scope(Scope),
}

impl Reach {
    fn of(world: &World, caller: &Caller, arguments: &Arguments) -> Result<Self, ApiError> {
        if arguments.has("vpcid") {
            return Ok(Self::Vpc(named(world, caller, arguments, "vpcid")?.0));
        }
        Ok(Self::Scope(listing::scope(world, *caller, arguments)?))
    }

    /// Whether a list is listed.
    pub(super) fn covers(&self, world: &World, row: &AclList) -> bool {
        let Some(of) = row.vpc else { return true };
        match self {
            Self::Vpc(vpc) => of == *vpc,
            Self::Scope(scope) => world.vpcs.get(of).is_some_and(|row| scope.covers(world, row.owner)),
        }
    }
}

/// Whether a list came with the installation.
pub(super) fn is_default(id: Id) -> bool {
    [DEFAULT_DENY, DEFAULT_ALLOW].contains(&id)
}

/// Refuses to change a list out of reach; one without a VPC is for root administrators, with these words.
pub(super) fn require_owned(world: &World, caller: &Caller, id: Id, refusal: &str) -> Result<(), ApiError> {
    let Some(row) = world.acl_lists.get(id) else {
        return Err(ApiError::invalid("Unable to find specified ACL."));
    };
    match row.vpc.map(|vpc| world.vpcs.get(vpc)) {
        None if caller.is_root_admin() => Ok(()),
        None => Err(ApiError::permission(refusal)),
        Some(Some(vpc)) => require_reach(world, caller, vpc.owner),
        Some(None) => Err(ApiError::invalid("Unable to find Vpc associated with the NetworkACL")),
    }
}

/// The VPC of a list that is to be followed within a VPC: the same, or none.
fn require_same_vpc(
    world: &World,
    caller: &Caller,
    acl: Id,
    vpc: Option<Id>,
    refusal: String,
) -> Result<(), ApiError> {
    let Some(row) = world.acl_lists.get(acl) else {
        return Err(ApiError::invalid("Unable to find specified NetworkACL"));
    };
    if row.vpc.is_some() {
        require_owned(world, caller, acl, "")?;
        if row.vpc != vpc {
            return Err(ApiError::invalid(refusal));
        }
    }
    Ok(())
}

/// Lets a tier follow a list.
fn follow(world: &mut World, caller: &Caller, acl: Id, network: Id) -> Result<Reply, ApiError> {
    let Some(row) = world.networks.get(network) else {
        return Err(ApiError::invalid("Unable to find specified Network"));
    };
    if row.vpc.is_none() {
        return Err(ApiError::invalid(format!("Network is not part of a VPC: {}", row.uuid)));
    }
    let refusal = format!("Network: {network} and ACL: {acl} do not belong to the same VPC");
    require_same_vpc(world, caller, acl, row.vpc, refusal)?;
    if world.provider_in(row, "NetworkACL").is_none() {
        return Err(ApiError::invalid(
            "Cannot apply NetworkACL. Network Offering does not support NetworkACL service",
        ));
    }
    if let Some(row) = world.networks.get_mut(network) {
        row.acl = Some(acl);
    }
    world.apply_acl(acl);
    Ok(Reply::SUCCESS)
}

/// Lets a private gateway follow a list.
fn guard(world: &mut World, caller: &Caller, acl: Id, gateway: Id) -> Result<Reply, ApiError> {
    let Some(row) = world.private_gateways.get(gateway) else {
        return Err(ApiError::invalid("Unable to find specified private gateway"));
    };
    if !row.ready {
        return Err(ApiError::invalid("Gateway is not in Ready state"));
    }
    let refusal = format!("private gateway: {gateway} and ACL: {acl} do not belong to the same VPC");
    require_same_vpc(world, caller, acl, Some(row.vpc), refusal)?;
    if let Some(row) = world.private_gateways.get_mut(gateway) {
        row.acl = acl;
    }
    world.apply_acl(acl);
    Ok(Reply::SUCCESS)
}

fn show(world: &World, id: Id) -> Object {
    world.acl_lists.get(id).map(|row| view::acl_list(world, row)).unwrap_or_default()
}
