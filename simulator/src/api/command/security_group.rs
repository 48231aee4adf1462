//! Security groups and their rules (GRA-008).

use super::{Behaviour, EventTexts, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::network::is_range;
use crate::world::security_group::{DEFAULT, Peer, SecurityRule};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createSecurityGroup",
        events: Some(EventTexts { scheduled: "", action: "creating security group", created: None }),
        run: |world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            let name = arguments.required("name").to_owned();
            let passes = name == DEFAULT && world.sins(Quirk::DefaultGroupsAreMadeAgain);
            if world.security_group_by_name(owner, &name).is_some() && !passes {
                return Err(ApiError::invalid(format!(
                    "Unable to create security group, a group with name {name} already exists."
                )));
            }
            let id = world.add_security_group(owner, &name, arguments.filled("description"));
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateSecurityGroup",
        about: Some("id"),
        events: Some(EventTexts { scheduled: "", action: "updating security group", created: None }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.security_groups.get(id) else {
                return Err(ApiError::invalid(format!("Unable to find security group by id {id}")));
            };
            if let Some(name) = arguments.filled("name").filter(|name| *name != row.name) {
                if row.name == DEFAULT || name.eq_ignore_ascii_case(DEFAULT) {
                    return Err(ApiError::invalid("The security group default is reserved"));
                }
                if world.security_group_by_name(row.owner, name).is_some() {
                    return Err(ApiError::invalid(format!("Security group with name {name} already exists")));
                }
                if let Some(row) = world.security_groups.get_mut(id) {
                    name.clone_into(&mut row.name);
                }
            }
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteSecurityGroup",
        about: Some("id"),
        events: Some(EventTexts { scheduled: "", action: "deleting security group", created: None }),
        run: |world, caller, arguments| {
            let id = named_group(world, caller, arguments, "id", "name")?;
            if world.security_groups.get(id).is_some_and(|row| row.name == DEFAULT) {
                return Err(ApiError::invalid("The network group default is reserved"));
            }
            world.remove_security_group(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listSecurityGroups", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "authorizeSecurityGroupIngress",
        about: Some("securitygroupid"),
        events: Some(EventTexts {
            scheduled: "authorizing ingress to group: {}",
            action: "Adding Ingress Rule ",
            created: None,
        }),
        run: authorize,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "authorizeSecurityGroupEgress",
        about: Some("securitygroupid"),
        events: Some(EventTexts {
            scheduled: "authorizing egress to group: {}",
            action: "Adding Egress Rule ",
            created: None,
        }),
        run: authorize,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "revokeSecurityGroupIngress",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "revoking ingress rule id: {id}",
            action: "Revoking Ingress Rule ",
            created: None,
        }),
        run: revoke,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "revokeSecurityGroupEgress",
        events: Some(EventTexts {
            scheduled: "revoking egress rule id: {id}",
            action: "Revoking Egress Rule ",
            created: None,
        }),
        run: revoke,
        ..Behaviour::PLAIN
    },
];

fn authorize(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let is_egress = arguments.command().name() == "authorizeSecurityGroupEgress";
    let id = named_group(world, caller, arguments, "securitygroupid", "securitygroupname")?;
    let protocol = arguments.filled("protocol").unwrap_or("all").to_lowercase();
    let ports = ports(arguments, &protocol)?;
    let peers = peers(arguments)?;
    let mut fresh = Vec::new();
    for peer in peers {
        let rule = SecurityRule {
            uuid: uuid::Uuid::nil(),
            id: 0,
            is_egress,
            protocol: protocol.clone(),
            ports,
            peer,
        };
        fresh.extend(world.authorize(id, rule));
    }
    if fresh.is_empty() {
        let word = if is_egress { "egress" } else { "ingress" };
        return Err(ApiError::api(530, format!("Failed to authorize security group {word} rule(s)")));
    }
    let row = world.security_groups.get(id);
    Ok(Reply::Object(row.map(|row| view::authorized_group(world, id, row, &fresh)).unwrap_or_default()))
}

fn revoke(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let is_egress = arguments.command().name() == "revokeSecurityGroupEgress";
    let id = arguments.id("id").unwrap_or_default();
    let found = world.security_group_rule(id).filter(|(_, rule)| rule.is_egress == is_egress);
    let Some(owner) = found.and_then(|(group, _)| world.security_groups.get(group)).map(|row| row.owner)
    else {
        return Err(ApiError::invalid(format!("Unable to find security rule with id {id}")));
    };
    if !caller.reaches(world, owner) {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    world.revoke(id);
    Ok(Reply::SUCCESS)
}

/// The ports of a rule, or its ICMP type and code; none where the protocol has neither.
fn ports(arguments: &Arguments, protocol: &str) -> Result<Option<(i64, i64)>, ApiError> {
    let pair = |first: &str, last: &str| arguments.integer(first).zip(arguments.integer(last));
    match protocol {
        "icmp" => pair("icmptype", "icmpcode").map(Some).ok_or_else(|| {
            ApiError::invalid("Invalid ICMP type/code specified, icmpType = null, icmpCode = null")
        }),
        "tcp" | "udp" => {
            let first = arguments.integer("startport").or_else(|| arguments.integer("endport"));
            let last = arguments.integer("endport").or(first);
            let (Some(first), Some(last)) = (first, last) else {
                return Err(ApiError::invalid(
                    "Invalid port range specified, startPort = null, endPort = null",
                ));
            };
            if first > last {
                return Err(ApiError::invalid(format!("Invalid port range {first}:{last}")));
            }
            let is_port = |port: i64| (0..=65535).contains(&port);
            if !is_port(first) || !is_port(last) {
                return Err(ApiError::invalid(format!(
                    "Invalid port numbers, startPort = {first}, endPort = {last}"
                )));
            }
            Ok(Some((first, last)))
        }
        _ => Ok(None),
    }
}

/// The other sides that an authorization names.
fn peers(arguments: &Arguments) -> Result<Vec<Peer>, ApiError> {
    let mut peers = Vec::new();
    for cidr in arguments.texts("cidrlist") {
        if !is_range(cidr) {
            return Err(ApiError::invalid(format!("Invalid cidr {cidr}")));
        }
        peers.push(Peer::Cidr(cidr.clone()));
    }
    for entry in arguments.grouped("usersecuritygrouplist") {
        let (Some(account), Some(group)) = (entry.get("account"), entry.get("group")) else {
            return Err(ApiError::invalid(
                "Invalid user group specified, fields 'group' and 'account' cannot be null, please specify groups in the \
                 form:  userGroupList[0].group=XXX&userGroupList[0].account=YYY",
            ));
        };
        peers.push(Peer::Group(account.clone(), group.clone()));
    }
    if peers.is_empty() {
        return Err(ApiError::invalid(
            "At least one cidr or at least one security group needs to be specified",
        ));
    }
    Ok(peers)
}

/// The group that a command names, by identifier or by its name in the acting account.
fn named_group(
    world: &World,
    caller: &Caller,
    arguments: &Arguments,
    id: &str,
    name: &str,
) -> Result<Id, ApiError> {
    let unknown = || ApiError::invalid("Unable to find security group; a valid id or name is needed");
    if arguments.has(id) {
        return arguments.id(id).filter(|id| world.security_groups.get(*id).is_some()).ok_or_else(unknown);
    }
    let owner = acting_owner(world, caller, arguments)?;
    arguments.filled(name).and_then(|name| world.security_group_by_name(owner, name)).ok_or_else(unknown)
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, *caller, arguments)?;
    let (name, machine) = (arguments.filled("securitygroupname"), arguments.id("virtualmachineid"));
    let tags = arguments.grouped("tags");
    let matches: Vec<Id> = world
        .security_groups
        .iter()
        // No machine is in a group.
        .filter(|_| machine.is_none())
        .filter(|(_, row)| scope.covers(world, row.owner))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
        .filter(|(id, _)| {
            let handle = Handle { kind: Kind::SecurityGroup, id: *id };
            tags.iter().all(|tag| world.has_tag(handle, tag))
        })
        .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| show(world, id))
}

fn show(world: &World, id: Id) -> Object {
    world.security_groups.get(id).map(|row| view::security_group(world, id, row)).unwrap_or_default()
}
