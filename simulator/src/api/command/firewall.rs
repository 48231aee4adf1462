//! Rules of firewalls and port forwarding (RUL-001, RUL-002).

use super::acl_item::is_ipv6_cidr;
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::firewall::{Purpose, Rule, Target};
use crate::world::kind::{Handle, Kind};
use crate::world::network::{Address, is_range};
use crate::world::table::Id;

/// A two-step creation that puts its rule in force.
const CREATION: Behaviour = Behaviour { run: apply, ..Behaviour::PLAIN };
/// A removal.
const REMOVAL: Behaviour = Behaviour { about: Some("id"), run: remove, ..Behaviour::PLAIN };
/// A change.
const CHANGE: Behaviour = Behaviour { about: Some("id"), run: update, ..Behaviour::PLAIN };

/// All addresses.
const EVERYWHERE: &str = "0.0.0.0/0";

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createFirewallRule",
        create: Some(|world, caller, arguments| {
            let (address, network) = reachable_address(world, *caller, arguments, "ipaddressid")?;
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
            // The command passes the text of a conflict on, but not its class.
            insert(world, rule).map_err(|refusal| match refusal.fault {
                Fault::RuleConflict => ApiError { fault: Fault::Api(Fault::RuleConflict.code()), ..refusal },
                _ => refusal,
            })
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
            let (address, network) = reachable_address(world, *caller, arguments, "ipaddressid")?;
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
pub(super) fn reachable_address(
    world: &World,
    caller: Caller,
    arguments: &Arguments,
    name: &str,
) -> Result<(Id, Id), ApiError> {
    let id = arguments.id(name).unwrap_or_default();
    let address = world.addresses.get(id).filter(|address| !address.is_free());
    let Some(address) = address else {
        return Err(ApiError::invalid(format!("Unable to create firewall rule; can't find IP address {id}")));
    };
    if !caller.reaches(world, address.owner) {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    if let Some(vpc) = address.vpc {
        return Ok((id, tier_behind(world, address, vpc, arguments)?));
    }
    let network = address.network.ok_or_else(|| {
        ApiError::invalid(
            "Unable to create firewall rule for the ip because it is not associated with any network",
        )
    })?;
    Ok((id, network))
}

/// The tier that a rule on an address of a VPC is for: the one that the address serves already, or the one that the
/// request names. Firewalls are none of a VPC's services.
fn tier_behind(world: &World, address: &Address, vpc: Id, arguments: &Arguments) -> Result<Id, ApiError> {
    if arguments.command().param("networkid").is_none() {
        return Err(ApiError::invalid(format!(
            "There is no new provider for IP {} of service Firewall!",
            address.address
        )));
    }
    let named = arguments.id("networkid");
    let Some(tier) = address.network.or(named) else {
        return Err(ApiError::invalid(format!(
            "Unable to create port forwarding rule for the ipAddress id={} as ip is not associated with any network \
             and no networkId is passed in",
            address.uuid
        )));
    };
    if world.networks.get(tier).is_none_or(|network| network.vpc != Some(vpc)) {
        return Err(ApiError::invalid(format!(
            "The network {tier} is not a part of the VPC of the ip address {}",
            address.uuid
        )));
    }
    Ok(tier)
}

/// A rule as its parameters describe it.
pub(super) fn new_rule(
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
    let is_ipv6 = matches!(purpose, Purpose::Ipv6Ingress | Purpose::Ipv6Egress);
    let is_well_formed = |cidr: &str| if is_ipv6 { is_ipv6_cidr(cidr) } else { is_range(cidr) };
    if let Some(bad) = sources.iter().find(|cidr| !is_well_formed(cidr)) {
        let text = if is_ipv6 { "Invalid source IPv6 CIDR:" } else { "Source CIDRs formatting error" };
        return Err(ApiError::parameter(format!("{text} {bad}")));
    }
    if let Some(bad) = destinations.iter().find(|cidr| is_ipv6 && !is_ipv6_cidr(cidr)) {
        return Err(ApiError::parameter(format!("Invalid destination IPv6 CIDR: {bad}")));
    }
    if is_ipv6 && sources.is_empty() {
        sources.push("::/0".to_owned());
    }
    match purpose {
        Purpose::Ingress if sources.is_empty() => sources.push(EVERYWHERE.to_owned()),
        // All guests are those of the network.
        Purpose::Egress if sources.is_empty() || sources.iter().any(|cidr| cidr == EVERYWHERE) => {
            sources = row.subnet.map(|subnet| subnet.cidr()).into_iter().collect();
        }
        _ => {}
    }
    let integer = |name: &str| {
        let declared = arguments.command().param(name).is_some();
        declared.then(|| arguments.integer(name)).flatten()
    };
    let ports = match (integer("startport"), integer("endport")) {
        (None, None) => None,
        (first, last) => {
            let (Some(first), Some(last)) = (first.or(last), last.or(first)) else {
                return Ok(Rule::of(row.owner));
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
        Purpose::PortForwarding | Purpose::Vpn | Purpose::StaticNat => &["tcp", "udp"],
        Purpose::Ipv6Ingress | Purpose::Ipv6Egress | Purpose::RoutedIngress | Purpose::RoutedEgress => {
            &["tcp", "udp", "icmp", "all"]
        }
        Purpose::LoadBalancing => &["tcp", "udp", "tcp-proxy", "ssl"],
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
    Ok(Rule {
        network,
        address,
        purpose,
        protocol,
        ports,
        icmp,
        sources,
        destinations,
        ..Rule::of(row.owner)
    })
}

/// Adds a rule unless another one has its ports.
pub(super) fn insert(world: &mut World, rule: Rule) -> Result<Handle, ApiError> {
    if let Some(text) = conflict(world, &rule) {
        return Err(ApiError::new(Fault::RuleConflict, text));
    }
    // An address of a VPC serves the tier that it has rules for.
    if let Some(address) = rule.address.and_then(|address| world.addresses.get_mut(address)) {
        address.network = address.network.or(Some(rule.network));
    }
    Ok(Handle { kind: Kind::FirewallRule, id: world.add_rule(rule) })
}

/// The refusal of a rule whose ports another one has (RUL-001).
pub(super) fn conflict(world: &World, rule: &Rule) -> Option<String> {
    let range = |rule: &Rule| {
        rule.ports.map_or_else(|| "null-null".to_owned(), |(first, last)| format!("{first}-{last}"))
    };
    let is_judged = !world.sins(Quirk::PortConflictsPass);
    let (id, other) = world.firewall_rules.iter().find(|(_, other)| is_judged && rule.conflicts(other))?;
    if rule.ports.is_none() && rule.icmp.is_none() {
        let protocol = &rule.protocol;
        return Some(format!(
            "There is already a firewall rule specified with protocol = {protocol} and no ports"
        ));
    }
    Some(format!(
        "The range specified, {}, conflicts with rule FirewallRule {{\"id\":{id},\"networkId\":{},\"purpose\":\"{}\",\
         \"state\":\"{}\",\"uuid\":\"{}\"}} which has {}",
        range(rule),
        other.network,
        other.purpose.name(),
        other.state.name(),
        other.uuid,
        range(other)
    ))
}

pub(super) fn apply(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = arguments.created().unwrap_or_default();
    world.apply_rule(id);
    Ok(Reply::Object(show(world, id)))
}

/// The rule that `id` names; balancers have identifiers of the same class.
fn named_rule(arguments: &Arguments) -> Id {
    let rule = arguments.handle("id").filter(|handle| handle.kind == Kind::FirewallRule);
    rule.map(|rule| rule.id).unwrap_or_default()
}

pub(super) fn update(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = named_rule(arguments);
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

pub(super) fn remove(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = named_rule(arguments);
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
    // An address that leads nowhere has no rules yet, or no more.
    if let Some(address) = arguments.id("ipaddressid").filter(|_| purpose != Purpose::Egress)
        && world.addresses.get(address).is_some_and(|row| row.network.is_none())
    {
        let word = if purpose == Purpose::Ingress { "firewall" } else { "port forwarding" };
        return Err(ApiError::invalid(format!("Ip address id={address} not ready for {word} rules yet")));
    }
    let matches = matching(world, caller, arguments, &[purpose])?;
    listing::page(world, arguments, matches, |id| show(world, id))
}

/// The rules of some purposes that a list asks for.
pub(super) fn matching(
    world: &World,
    caller: &Caller,
    arguments: &Arguments,
    purposes: &[Purpose],
) -> Result<Vec<Id>, ApiError> {
    let declares = |name: &str| arguments.command().param(name).is_some();
    let id = |name: &str| declares(name).then(|| arguments.id(name)).flatten();
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, *caller, arguments)?;
    let (address, network) = (id("ipaddressid"), id("networkid"));
    let display = declares("fordisplay").then(|| arguments.maybe_flag("fordisplay")).flatten();
    // What is not displayed is listed for those who name it or ask for it only.
    let shows = |id: Id, rule: &Rule| match display {
        Some(display) => rule.display == display,
        None => rule.display || wanted.as_ref().is_some_and(|wanted| wanted.contains(&id)),
    };
    Ok(world
        .firewall_rules
        .iter()
        .filter(|(_, rule)| purposes.contains(&rule.purpose) && scope.covers(world, rule.owner))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, rule)| address.is_none_or(|address| rule.address == Some(address)))
        .filter(|(_, rule)| network.is_none_or(|network| rule.network == network))
        .filter(|(id, rule)| shows(*id, rule))
        .map(|(id, _)| id)
        .collect())
}

pub(super) fn show(world: &World, id: Id) -> Object {
    world.firewall_rules.get(id).map(|rule| view::firewall_rule(world, id, rule)).unwrap_or_default()
}
