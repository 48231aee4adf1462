//! Rules of firewalls and port forwarding (RUL-001, RUL-002).

use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::firewall::{Purpose, Rule, RuleState, Target};
use crate::world::kind::{Handle, Kind};
use crate::world::network::Subnet;
use crate::world::table::Id;

/// A two-step creation that puts its rule in force.
const CREATION: Behaviour = Behaviour { run: apply, ..Behaviour::PLAIN };
/// A removal.
const REMOVAL: Behaviour = Behaviour { about: Some("id"), run: remove, ..Behaviour::PLAIN };
/// A change.
const CHANGE: Behaviour = Behaviour { about: Some("id"), run: update, ..Behaviour::PLAIN };

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createFirewallRule",
        create: Some(|world, caller, arguments| {
            let (address, network) = reachable_address(world, *caller, arguments)?;
            let rule = new_rule(world, network, Some(address), Purpose::Ingress, arguments)?;
            insert(world, rule)
        }),
        events: Some(EventTexts {
            scheduled: "creating firewall rule for IP: {}",
            action: "creating firewall rule",
            created: Some("creating firewall rule"),
        }),
        ..CREATION
    },
    Behaviour {
        name: "createEgressFirewallRule",
        create: Some(|world, _, arguments| {
            let network = arguments.id("networkid").unwrap_or_default();
            let rule = new_rule(world, network, None, Purpose::Egress, arguments)?;
            insert(world, rule)
        }),
        events: Some(EventTexts {
            scheduled: "creating firewall rule for network: {}",
            action: "creating egress firewall rule for network",
            created: Some("creating egress firewall rule for network"),
        }),
        ..CREATION
    },
    Behaviour {
        name: "createPortForwardingRule",
        create: Some(|world, caller, arguments| {
            let (address, network) = reachable_address(world, *caller, arguments)?;
            let machine = arguments.id("virtualmachineid").unwrap_or_default();
            let Some(row) = world.virtual_machines.get(machine) else {
                return Err(ApiError::invalid("Unable to create port forwarding rule; can't locate the vm"));
            };
            let nic = row.nics.iter().find(|nic| nic.network == network).ok_or_else(|| {
                ApiError::invalid(format!("Vm with id {} doesn't belong to the network", row.uuid))
            })?;
            let private = arguments.integer("privateport").unwrap_or_default();
            let target = Target {
                machine,
                address: nic.address,
                ports: (private, arguments.integer("privateendport").unwrap_or(private)),
            };
            let public = arguments.integer("publicport").unwrap_or_default();
            let ports = (public, arguments.integer("publicendport").unwrap_or(public));
            let mut rule = new_rule(world, network, Some(address), Purpose::PortForwarding, arguments)?;
            rule.ports = Some(ports);
            rule.target = Some(target);
            insert(world, rule)
        }),
        events: Some(EventTexts {
            scheduled: "applying port forwarding rule for Ip: {}",
            action: "applying port forwarding rule",
            created: Some("creating port forwarding rule"),
        }),
        ..CREATION
    },
    Behaviour { name: "listFirewallRules", run: list, ..Behaviour::PLAIN },
    Behaviour { name: "listEgressFirewallRules", run: list, ..Behaviour::PLAIN },
    Behaviour { name: "listPortForwardingRules", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "updateFirewallRule",
        events: Some(EventTexts {
            scheduled: "Updating firewall rule",
            action: "updating firewall rule",
            created: None,
        }),
        ..CHANGE
    },
    Behaviour {
        name: "updatePortForwardingRule",
        events: Some(EventTexts {
            scheduled: "updating port forwarding rule",
            action: "updating forwarding rule",
            created: None,
        }),
        ..CHANGE
    },
    Behaviour {
        name: "deleteFirewallRule",
        events: Some(EventTexts {
            scheduled: "Deleting firewall rule id={}",
            action: "revoking firewall rule",
            created: None,
        }),
        ..REMOVAL
    },
    Behaviour {
        name: "deleteEgressFirewallRule",
        events: Some(EventTexts {
            scheduled: "Deleting egress firewall rule id={}",
            action: "revoking egress firewall rule",
            created: None,
        }),
        ..REMOVAL
    },
    Behaviour {
        name: "deletePortForwardingRule",
        events: Some(EventTexts {
            scheduled: "Deleting port forwarding rule for id={}",
            action: "revoking forwarding rule",
            created: None,
        }),
        ..REMOVAL
    },
];

/// The public address that a rule is for, and its network.
fn reachable_address(world: &World, caller: Caller, arguments: &Arguments) -> Result<(Id, Id), ApiError> {
    let id = arguments.id("ipaddressid").unwrap_or_default();
    let address = world.addresses.get(id).filter(|address| !address.is_free());
    let Some(address) = address else {
        return Err(ApiError::invalid(format!("Unable to create firewall rule; can't find IP address {id}")));
    };
    if !caller.reaches(world, address.owner) {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    let network = address.network.ok_or_else(|| {
        ApiError::invalid(
            "Unable to create firewall rule for the ip because it is not associated with any network",
        )
    })?;
    Ok((id, network))
}

/// A rule as its parameters describe it.
fn new_rule(
    world: &World,
    network: Id,
    address: Option<Id>,
    purpose: Purpose,
    arguments: &Arguments,
) -> Result<Rule, ApiError> {
    let Some(row) = world.networks.get(network) else {
        return Err(ApiError::invalid(format!("Unable to find network by id {network}")));
    };
    let sent = |name: &str| -> Vec<String> {
        let declared = arguments.command().param(name).is_some();
        if declared { arguments.texts(name).to_vec() } else { Vec::new() }
    };
    let (mut sources, destinations) = (sent("cidrlist"), sent("destcidrlist"));
    if let Some(bad) = sources.iter().find(|cidr| !is_cidr(cidr)) {
        return Err(ApiError::parameter(format!("Source CIDRs formatting error {bad}")));
    }
    if sources.is_empty() && purpose == Purpose::Ingress {
        sources.push("0.0.0.0/0".to_owned());
    }
    let integer = |name: &str| {
        let declared = arguments.command().param(name).is_some();
        declared.then(|| arguments.integer(name)).flatten()
    };
    let ports = match (integer("startport"), integer("endport")) {
        (None, None) => None,
        (first, last) => {
            let (Some(first), Some(last)) = (first.or(last), last.or(first)) else {
                return Ok(nothing(row.owner));
            };
            Some((first, last))
        }
    };
    if ports.is_some_and(|(first, last)| first > last) {
        return Err(ApiError::invalid("Start port can't be bigger than end port"));
    }
    let protocol = arguments.required("protocol").to_lowercase();
    let known: &[&str] = match purpose {
        Purpose::Ingress => &["tcp", "udp", "icmp"],
        Purpose::Egress => &["tcp", "udp", "icmp", "all"],
        Purpose::PortForwarding => &["tcp", "udp"],
    };
    if !known.contains(&protocol.as_str()) {
        return Err(ApiError::invalid(format!(
            "Protocol {} is not supported in zone {}",
            arguments.required("protocol"),
            row.zone
        )));
    }
    let icmp =
        (protocol == "icmp").then(|| (integer("icmptype").unwrap_or(-1), integer("icmpcode").unwrap_or(-1)));
    Ok(Rule { network, address, purpose, protocol, ports, icmp, sources, destinations, ..nothing(row.owner) })
}

fn nothing(owner: crate::world::Owner) -> Rule {
    Rule {
        uuid: uuid::Uuid::nil(),
        purpose: Purpose::Ingress,
        owner,
        network: 0,
        address: None,
        protocol: String::new(),
        ports: None,
        icmp: None,
        sources: Vec::new(),
        destinations: Vec::new(),
        target: None,
        display: true,
        state: RuleState::Add,
    }
}

fn is_cidr(text: &str) -> bool {
    let Some((_, prefix)) = text.split_once('/') else { return false };
    Subnet::of_cidr(text).is_some()
        || (text.split('/').next().is_some_and(is_address) && matches!(prefix, "31" | "32"))
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::Ipv4Addr>().is_ok()
}

/// Adds a rule unless another one has its ports.
fn insert(world: &mut World, rule: Rule) -> Result<Handle, ApiError> {
    let range = |rule: &Rule| {
        rule.ports.map_or_else(|| "null-null".to_owned(), |(first, last)| format!("{first}-{last}"))
    };
    if let Some((id, other)) = world.firewall_rules.iter().find(|(_, other)| rule.conflicts(other)) {
        return Err(ApiError::new(
            Fault::RuleConflict,
            format!(
                "The range specified, {}, conflicts with rule FirewallRule {{\"id\":{id},\"networkId\":{},\"purpose\":\"{}\",\
                 \"state\":\"{}\",\"uuid\":\"{}\"}} which has {}",
                range(&rule),
                other.network,
                other.purpose.name(),
                other.state.name(),
                other.uuid,
                range(other)
            ),
        ));
    }
    Ok(Handle { kind: Kind::FirewallRule, id: world.add_rule(rule) })
}

fn apply(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = arguments.created().unwrap_or_default();
    world.apply_rule(id);
    Ok(Reply::Object(show(world, id)))
}

fn update(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let Some(rule) = world.firewall_rules.get_mut(id) else {
        return Err(ApiError::invalid(format!("Unable to find firewall rule by id {id}")));
    };
    if let Some(display) = arguments.maybe_flag("fordisplay") {
        rule.display = display;
    }
    if let Some(target) = &mut rule.target {
        if let Some(port) = arguments.integer("privateport") {
            target.ports = (port, arguments.integer("privateendport").unwrap_or(port));
        }
        if let Some(machine) = arguments.id("virtualmachineid") {
            target.machine = machine;
        }
    }
    Ok(Reply::Object(show(world, id)))
}

fn remove(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let Some(rule) = world.firewall_rules.get(id) else {
        return Err(ApiError::invalid(format!("Unable to find {id}")));
    };
    if !caller.reaches(world, rule.owner) {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    world.remove_rule(id);
    Ok(Reply::SUCCESS)
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let purpose = match arguments.command().name() {
        "listFirewallRules" => Purpose::Ingress,
        "listEgressFirewallRules" => Purpose::Egress,
        _ => Purpose::PortForwarding,
    };
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, *caller, arguments)?;
    let (address, network) = (arguments.id("ipaddressid"), arguments.id("networkid"));
    let display = arguments.maybe_flag("fordisplay");
    // What is not displayed is listed for those who name it or ask for it only.
    let shows = |id: Id, rule: &Rule| match display {
        Some(display) => rule.display == display,
        None => rule.display || wanted.as_ref().is_some_and(|wanted| wanted.contains(&id)),
    };
    let matches: Vec<Id> = world
        .firewall_rules
        .iter()
        .filter(|(_, rule)| rule.purpose == purpose && scope.covers(world, rule.owner))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, rule)| address.is_none_or(|address| rule.address == Some(address)))
        .filter(|(_, rule)| network.is_none_or(|network| rule.network == network))
        .filter(|(id, rule)| shows(*id, rule))
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| show(world, id))
}

fn show(world: &World, id: Id) -> Object {
    world.firewall_rules.get(id).map(|rule| view::firewall_rule(world, id, rule)).unwrap_or_default()
}
