//! Rules of network ACL lists (RUL-001).

use uuid::Uuid;

use super::acl::{Reach, is_default, require_owned};
use super::vpc::is_cidr;
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::acl::{AclItem, AclList};
use crate::world::firewall::RuleState;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createNetworkACL",
        create: Some(|world, caller, arguments| {
            let list = list_for(world, caller, arguments)?;
            let item = new_item(world, arguments, list)?;
            Ok(Handle { kind: Kind::NetworkAclItem, id: world.add_acl_item(item) })
        }),
        events: Some(EventTexts {
            scheduled: "Creating Network ACL Item",
            action: "applying Network ACL Item",
            created: Some("creating network ACL Item"),
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            if let Some(list) = world.acl_items.get(id).map(|row| row.list) {
                world.apply_acl(list);
            }
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listNetworkACLs", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "updateNetworkACLItem",
        about: Some("id"),
        events: Some(EventTexts { scheduled: "Updating Network ACL Item", action: "", created: None }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.acl_items.get(id).cloned() else {
                return Err(ApiError::invalid(format!("Unable to find ACL rule with ID [{id}]")));
            };
            require_changeable(world, caller, row.list, "Only Root Admins can update global ACLs.")?;
            let list = row.list;
            let changed = changed_item(world, arguments, id, &row)?;
            if let Some(row) = world.acl_items.get_mut(id) {
                *row = changed;
            }
            // The answer was taken before the list was put in force again.
            let object = show(world, id);
            world.apply_acl(list);
            Ok(Reply::Object(object))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "moveNetworkAclItem",
        events: Some(EventTexts { scheduled: "Moving network ACL item {id}", action: "", created: None }),
        run: |world, caller, arguments| {
            let moved = neighbour(world, arguments, "id")?;
            let Some(moved) = moved else {
                let text = arguments.required("id");
                return Err(ApiError::invalid(format!("Could not find a rule with ID[{text}]")));
            };
            move_item(world, caller, arguments, moved)?;
            Ok(Reply::Object(show(world, moved)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteNetworkACL",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Deleting Network ACL id={}",
            action: "deleting Network ACL Item",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(list) = world.acl_items.get(id).map(|row| row.list) else {
                return Err(ApiError::invalid(format!("Unable to find ACL rule with ID [{id}]")));
            };
            if is_default(list) {
                return Err(ApiError::invalid("ACL Items in default ACL cannot be deleted"));
            }
            require_owned(world, caller, list, "Only Root Admin can delete global ACL rules.")?;
            world.remove_acl_item(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// Refuses to change the rules of a list that came with the installation or is out of reach.
fn require_changeable(world: &World, caller: &Caller, list: Id, refusal: &str) -> Result<(), ApiError> {
    if world.acl_lists.get(list).is_some() && is_default(list) {
        return Err(ApiError::invalid("Default ACL cannot be modified"));
    }
    require_owned(world, caller, list, refusal)
}

/// The list that a new rule is for: the named one, or that of the named tier, which gets one if it has none.
fn list_for(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Id, ApiError> {
    const REFUSAL: &str = "Only Root Admins can create rules for a global ACL.";
    let (named, network) = (arguments.id("aclid"), arguments.id("networkid"));
    if let Some(list) = named {
        require_changeable(world, caller, list, REFUSAL)?;
        return Ok(list);
    }
    let Some(network) = network else {
        return Err(ApiError::invalid("Cannot create Network ACL Item. ACL Id or network Id is required"));
    };
    let Some(tier) = world.networks.get(network) else {
        return Err(ApiError::invalid(format!("Unable to find network by id {network}")));
    };
    let Some(vpc) = tier.vpc else {
        return Err(ApiError::invalid(format!("Network: {} does not belong to VPC", tier.uuid)));
    };
    if let Some(list) = tier.acl {
        require_changeable(world, caller, list, REFUSAL)?;
        return Ok(list);
    }
    if world.provider_in(tier, "NetworkACL").is_none() {
        return Err(ApiError::invalid("Network Offering does not support NetworkACL service"));
    }
    let of = world.vpcs.get(vpc).map_or("", |row| row.name.as_str());
    let name = format!("VPC_{of}_Tier_{}_ACL_{}", tier.name, tier.uuid);
    let description = Some(format!("ACL for {name}"));
    let list =
        world.add_acl_list(AclList { uuid: Uuid::nil(), name, description, vpc: Some(vpc), display: true });
    if let Some(tier) = world.networks.get_mut(network) {
        tier.acl = Some(list);
    }
    Ok(list)
}

/// A rule as its parameters describe it.
fn new_item(world: &World, arguments: &Arguments, list: Id) -> Result<AclItem, ApiError> {
    let number = arguments.integer("number");
    if let Some(number) = number.filter(|number| *number < 1) {
        return Err(ApiError::invalid(format!("Invalid number [{number}]. Number cannot be < 1")));
    }
    require_free_number(world, list, number, None)?;
    let allow = allows(arguments.filled("action"))?;
    let highest =
        world.rules_of_acl(list).last().and_then(|id| world.acl_items.get(*id)).map(|row| row.number);
    let protocol = protocol_name(arguments.required("protocol").trim());
    // Rules about ICMP are about all of it unless they say otherwise.
    let all = protocol.eq_ignore_ascii_case("icmp").then_some(-1);
    let cidrs = match arguments.texts("cidrlist") {
        [] => vec!["0.0.0.0/0".to_owned()],
        cidrs => cidrs.to_vec(),
    };
    let item = AclItem {
        uuid: Uuid::nil(),
        list,
        number: number.unwrap_or(highest.unwrap_or(0) + 1),
        protocol: Some(protocol),
        ports: ports(arguments)?,
        icmp: (arguments.integer("icmptype").or(all), arguments.integer("icmpcode").or(all)),
        cidrs,
        egress: is_egress(arguments.filled("traffictype"))?.unwrap_or(false),
        allow,
        state: RuleState::Add,
        display: arguments.maybe_flag("fordisplay").unwrap_or(true),
        reason: arguments.filled("reason").map(str::to_owned),
    };
    require_sense(&item)?;
    Ok(item)
}

/// A rule after a change. Unless it says `partialupgrade=false`, a request changes what it names and no more.
fn changed_item(world: &World, arguments: &Arguments, id: Id, row: &AclItem) -> Result<AclItem, ApiError> {
    let number = arguments.integer("number");
    require_free_number(world, row.list, number, Some(id))?;
    let keeps = arguments.maybe_flag("partialupgrade").unwrap_or(true);
    let kept = if keeps { row.clone() } else { AclItem { reason: None, ..row.clone() } };
    let protocol = arguments.filled("protocol").map(|text| protocol_name(text.trim()));
    let (egress, action) = (is_egress(arguments.filled("traffictype"))?, arguments.filled("action"));
    let cidrs = arguments.texts("cidrlist").to_vec();
    let sent = (arguments.integer("icmptype"), arguments.integer("icmpcode"));
    let item = AclItem {
        number: number.unwrap_or(row.number),
        protocol: protocol.or_else(|| kept.protocol.filter(|_| keeps)),
        ports: ports(arguments)?.or(kept.ports.filter(|_| keeps)),
        icmp: (sent.0.or(kept.icmp.0.filter(|_| keeps)), sent.1.or(kept.icmp.1.filter(|_| keeps))),
        cidrs: if cidrs.is_empty() && keeps { kept.cidrs } else { cidrs },
        egress: egress.unwrap_or(if keeps { kept.egress } else { false }),
        allow: if action.is_some() || !keeps { allows(action)? } else { kept.allow },
        state: RuleState::Add,
        display: arguments.maybe_flag("fordisplay").unwrap_or(kept.display),
        reason: arguments.filled("reason").map(str::to_owned).or(kept.reason),
        ..row.clone()
    };
    require_sense(&item)?;
    Ok(item)
}

fn require_free_number(
    world: &World,
    list: Id,
    number: Option<i64>,
    own: Option<Id>,
) -> Result<(), ApiError> {
    let Some(number) = number else { return Ok(()) };
    let holder = world.acl_item_numbered(list, number).filter(|holder| Some(*holder) != own);
    match (holder, world.acl_lists.get(list)) {
        (Some(_), Some(row)) => Err(ApiError::invalid(format!(
            "ACL item with number {number} already exists in ACL: {}",
            row.uuid
        ))),
        _ => Ok(()),
    }
}

fn allows(action: Option<&str>) -> Result<bool, ApiError> {
    match action {
        None => Ok(true),
        Some(word) if word.eq_ignore_ascii_case("allow") => Ok(true),
        Some(word) if word.eq_ignore_ascii_case("deny") => Ok(false),
        Some(word) => {
            Err(ApiError::invalid(format!("Invalid action [{word}]. Permitted actions are Allow and Deny")))
        }
    }
}

fn is_egress(traffic: Option<&str>) -> Result<Option<bool>, ApiError> {
    match traffic {
        None => Ok(None),
        Some(word) if word.eq_ignore_ascii_case("ingress") => Ok(Some(false)),
        Some(word) if word.eq_ignore_ascii_case("egress") => Ok(Some(true)),
        Some(word) => Err(ApiError::invalid(format!("Invalid traffic type {word}"))),
    }
}

/// A protocol's name; three are also known by number.
fn protocol_name(text: &str) -> String {
    match text {
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        other => other,
    }
    .to_owned()
}

/// The ports that a request names: one alone is both.
fn ports(arguments: &Arguments) -> Result<Option<(i64, i64)>, ApiError> {
    match (arguments.integer("startport"), arguments.integer("endport")) {
        (None, None) => Ok(None),
        (Some(first), last) => Ok(Some((first, last.unwrap_or(first)))),
        (None, Some(_)) => Err(ApiError::invalid("Start public port is an invalid value: null")),
    }
}

/// Refuses what no rule can say.
fn require_sense(item: &AclItem) -> Result<(), ApiError> {
    let protocol = item.protocol.as_deref().unwrap_or_default();
    if let Some((first, last)) = item.ports {
        for (port, which) in [(first, "Start"), (last, "End")] {
            if !(0..=65_535).contains(&port) {
                return Err(ApiError::invalid(format!("{which} public port is an invalid value: {port}")));
            }
        }
        if first > last {
            return Err(ApiError::invalid(format!(
                "Start port can't be bigger than end port [startport={first},endport={last}]"
            )));
        }
        if protocol.eq_ignore_ascii_case("all") {
            return Err(ApiError::invalid("start port and end port must be null if protocol = 'all'"));
        }
    }
    if let Some(bad) = item.cidrs.iter().find(|cidr| !is_cidr(cidr) && !is_ipv6_cidr(cidr)) {
        return Err(ApiError::parameter(format!("Source cidrs formatting error {bad}")));
    }
    if protocol.is_empty() {
        return Ok(());
    }
    if protocol.bytes().all(|byte| byte.is_ascii_digit()) {
        if protocol.parse::<u8>().is_err() {
            return Err(ApiError::invalid(format!("Invalid protocol number: {protocol}")));
        }
    } else if !["tcp", "udp", "icmp", "all"].contains(&protocol.to_lowercase().as_str()) {
        return Err(ApiError::invalid(format!(
            "Invalid protocol [{protocol}]. Expected one of: [[tcp, udp, icmp, all]]"
        )));
    }
    let is_icmp = protocol.eq_ignore_ascii_case("icmp");
    if !is_icmp && (item.icmp.0.is_some() || item.icmp.1.is_some()) {
        return Err(ApiError::invalid("Can specify icmpCode and icmpType for ICMP protocol only"));
    }
    if is_icmp && item.ports.is_some() {
        return Err(ApiError::invalid("Can't specify start/end port when protocol is ICMP"));
    }
    if let Some(kind) = item.icmp.0.filter(|kind| !(-1..=255).contains(kind)) {
        return Err(ApiError::invalid(format!(
            "Invalid icmp type [{kind}]. It should belong to [0-255] range"
        )));
    }
    if let Some(code) = item.icmp.1.filter(|code| !(-1..=16).contains(code)) {
        return Err(ApiError::invalid(format!(
            "Invalid icmp code [{code}]. It should belong to [0-16] range and can be defined when icmpType belongs \
             to [0-40] range"
        )));
    }
    Ok(())
}

pub(super) fn is_ipv6_cidr(text: &str) -> bool {
    let Some((address, prefix)) = text.split_once('/') else { return false };
    address.parse::<std::net::Ipv6Addr>().is_ok() && prefix.parse::<u8>().is_ok_and(|prefix| prefix <= 128)
}

/// The rule that a parameter names by its identifier, if it is sent.
fn neighbour(world: &World, arguments: &Arguments, name: &str) -> Result<Option<Id>, ApiError> {
    let Some(text) = arguments.filled(name) else { return Ok(None) };
    let found = Uuid::try_parse(text).ok().and_then(|uuid| world.find(uuid));
    let rule = found.filter(|found| found.kind == Kind::NetworkAclItem).map(|found| found.id);
    match rule.filter(|id| world.acl_items.get(*id).is_some()) {
        Some(id) => Ok(Some(id)),
        None if name == "id" => Ok(None),
        None => Err(ApiError::invalid(format!("Could not find rule with ID [{text}]"))),
    }
}

/// Moves a rule between two others, or to an end of its list.
fn move_item(world: &mut World, caller: &Caller, arguments: &Arguments, moved: Id) -> Result<(), ApiError> {
    if arguments.filled("previousaclruleid").is_none() && arguments.filled("nextaclruleid").is_none() {
        return Err(ApiError::invalid("Both previous and next ACL rule IDs cannot be blank."));
    }
    let previous = neighbour(world, arguments, "previousaclruleid")?;
    let next = neighbour(world, arguments, "nextaclruleid")?;
    let list_of = |id: Id| world.acl_items.get(id).map(|row| row.list);
    let number_of = |id: Id| world.acl_items.get(id).map_or(0, |row| row.number);
    let list = list_of(moved).unwrap_or_default();
    if [previous, next].into_iter().flatten().any(|id| list_of(id) != Some(list)) {
        return Err(ApiError::invalid("Cannot use ACL rules from differenting ACLs. Rule being moved."));
    }
    require_changeable(world, caller, list, "Only Root Admins can update global ACLs.")?;
    let rules = world.rules_of_acl(list);
    let number = match (previous, next) {
        (None, _) => 1,
        (Some(_), None) => rules.last().map_or(0, |id| number_of(*id)) + 1,
        (Some(previous), Some(next)) => {
            let number = number_of(previous) + 1;
            let taken = rules.iter().any(|id| number_of(*id) == number);
            if number != number_of(next) && taken {
                return Err(ApiError::invalid(
                    "There are some inconsistencies with the data you sent. The new position calculated already has \
                     a ACL rule on it.",
                ));
            }
            number
        }
    };
    // Those that stand in the way move down one by one.
    let mut wanted = number;
    for id in rules {
        if id != moved && world.acl_items.get(id).is_some_and(|row| row.number == wanted) {
            wanted += 1;
            if let Some(row) = world.acl_items.get_mut(id) {
                row.number = wanted;
            }
        }
    }
    if let Some(row) = world.acl_items.get_mut(moved) {
        row.number = number;
    }
    Ok(())
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let tags = listing::tag_filters(world, arguments)?;
    let followed = arguments.id("networkid").map(|id| world.networks.get(id).and_then(|row| row.acl));
    // A list that is named is listed whatever the scope says, if the caller reaches it.
    let list = followed.unwrap_or_else(|| arguments.id("aclid"));
    let scope = Reach::Scope(listing::scope(world, *caller, arguments)?);
    if let Some(owner) = list.and_then(|id| {
        let vpc = world.acl_lists.get(id)?.vpc?;
        world.vpcs.get(vpc).map(|vpc| vpc.owner)
    }) {
        super::vpc::require_reach(world, caller, owner)?;
    }
    let egress = arguments.filled("traffictype").map(|word| word.eq_ignore_ascii_case("egress"));
    let (protocol, action) = (arguments.filled("protocol"), arguments.filled("action"));
    let display = arguments.maybe_flag("fordisplay");
    let matches: Vec<Id> = world
        .acl_items
        .iter()
        // The newest first (REA-006).
        .rev()
        .filter(|_| followed != Some(None))
        .filter(|(_, row)| match list {
            Some(list) => row.list == list,
            None => world.acl_lists.get(row.list).is_some_and(|list| scope.covers(world, list)),
        })
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| egress.is_none_or(|egress| row.egress == egress))
        .filter(|(_, row)| {
            protocol.is_none_or(|wanted| {
                row.protocol.as_deref().is_some_and(|protocol| protocol.eq_ignore_ascii_case(wanted))
            })
        })
        .filter(|(_, row)| action.is_none_or(|word| word.eq_ignore_ascii_case("allow") == row.allow))
        .filter(|(_, row)| display.is_none_or(|display| row.display == display))
        .filter(|(id, _)| {
            tags.iter().all(|tag| world.has_tag(Handle { kind: Kind::NetworkAclItem, id: *id }, tag))
        })
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| show(world, id))
}

fn show(world: &World, id: Id) -> Object {
    world.acl_items.get(id).map(|row| view::acl_item(world, id, row)).unwrap_or_default()
}
