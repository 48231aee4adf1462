//! Firewall rules of networks whose addresses are routed and not translated: IPv4 ones of routed
//! networks, and IPv6 ones.

use super::firewall::{apply, insert, matching, new_rule, remove, show, update};
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::reply::Reply;
use crate::world::World;
use crate::world::firewall::Purpose;
use crate::world::kind::Handle;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createRoutingFirewallRule",
        create: Some(create),
        events: Some(EventTexts {
            scheduled: "Creating ipv4 firewall rule for routed network",
            action: "creating routing firewall rule",
            created: Some("creating routing firewall rule"),
        }),
        run: apply,
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listRoutingFirewallRules", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "updateRoutingFirewallRule",
        about: Some("id"),
        events: Some(EventTexts::of("Updating ipv4 routing firewall rule")),
        run: |world, caller, arguments| {
            require_kind(world, arguments)?;
            update(world, caller, arguments)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteRoutingFirewallRule",
        about: Some("id"),
        events: Some(EventTexts::of("Deleting ipv4 routing firewall rule id={}")),
        ..DELETION
    },
    Behaviour {
        name: "createIpv6FirewallRule",
        create: Some(create),
        events: Some(EventTexts {
            scheduled: "Creating IPv6 firewall rule for network",
            action: "creating IPv6 firewall rule",
            created: Some("creating IPv6 firewall rule"),
        }),
        run: apply,
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listIpv6FirewallRules", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "updateIpv6FirewallRule",
        about: Some("id"),
        events: Some(EventTexts::of("Updating IPv6 firewall rule")),
        run: change,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteIpv6FirewallRule",
        about: Some("id"),
        events: Some(EventTexts::of("Deleting IPv6 firewall rule id={}")),
        ..DELETION
    },
];

const DELETION: Behaviour = Behaviour {
    run: |world, caller, arguments| {
        require_kind(world, arguments)?;
        remove(world, caller, arguments)
    },
    ..Behaviour::PLAIN
};

/// The purposes that a command is about: traffic in and traffic out.
fn purposes(arguments: &Arguments) -> [Purpose; 2] {
    if arguments.command().name().contains("Ipv6") {
        [Purpose::Ipv6Ingress, Purpose::Ipv6Egress]
    } else {
        [Purpose::RoutedIngress, Purpose::RoutedEgress]
    }
}

/// The purpose that the type of traffic picks, if one is sent.
fn direction(arguments: &Arguments) -> Result<Option<Purpose>, ApiError> {
    let [ingress, egress] = purposes(arguments);
    match arguments.filled("traffictype").map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("ingress") => Ok(Some(ingress)),
        Some("egress") => Ok(Some(egress)),
        Some(other) => Err(ApiError::invalid(format!("Invalid traffic type: {other}"))),
    }
}

fn create(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Handle, ApiError> {
    let network = arguments.id("networkid").unwrap_or_default();
    let [ingress, _] = purposes(arguments);
    let purpose = direction(arguments)?.unwrap_or(ingress);
    if ingress == Purpose::RoutedIngress && !is_routed(world, network) {
        return Err(ApiError::invalid("Routing firewall rules are only supported on ROUTED networks"));
    }
    insert(world, new_rule(world, network, None, purpose, arguments)?)
}

/// Whether the addresses of a network are routed.
fn is_routed(world: &World, network: Id) -> bool {
    let offering = world.networks.get(network).and_then(|row| world.network_offerings.get(row.offering));
    offering.and_then(|row| row.network_mode.as_deref()) == Some("ROUTED")
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let wanted = direction(arguments)?;
    let mut matches = matching(world, caller, arguments, &purposes(arguments))?;
    if let Some(wanted) = wanted {
        matches.retain(|id| world.firewall_rules.get(*id).is_some_and(|rule| rule.purpose == wanted));
    }
    listing::page(world, arguments, matches, |id| show(world, id))
}

/// Refuses a rule of another kind, whose identifiers are of the same class.
fn require_kind(world: &World, arguments: &Arguments) -> Result<Id, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    match world.firewall_rules.get(id) {
        Some(rule) if purposes(arguments).contains(&rule.purpose) => Ok(id),
        _ => Err(ApiError::invalid(format!("Unable to find firewall rule by id {id}"))),
    }
}

/// Changes what is sent of an IPv6 rule.
fn change(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = require_kind(world, arguments)?;
    let sources = arguments.texts("cidrlist").to_vec();
    let purpose = direction(arguments)?;
    let Some(rule) = world.firewall_rules.get_mut(id) else { return Ok(Reply::Nothing) };
    if let Some(display) = arguments.maybe_flag("fordisplay") {
        rule.display = display;
    }
    if let Some(protocol) = arguments.filled("protocol") {
        rule.protocol = protocol.to_lowercase();
    }
    if let Some(first) = arguments.integer("startport") {
        rule.ports = Some((first, arguments.integer("endport").unwrap_or(first)));
    }
    if !sources.is_empty() {
        rule.sources = sources;
    }
    rule.purpose = purpose.unwrap_or(rule.purpose);
    Ok(Reply::Object(show(world, id)))
}
