//! Load balancer rules and how they keep clients at a machine (RUL-001).

use std::net::Ipv4Addr;

use super::firewall::{conflict, reachable_address, remove};
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::firewall::{Purpose, Rule};
use crate::world::kind::{Handle, Kind};
use crate::world::load_balancer::{Balancing, Member, Stickiness};
use crate::world::table::Id;

/// How the router can choose a machine.
const ALGORITHMS: [&str; 3] = ["roundrobin", "leastconn", "source"];
/// How the router can keep clients at a machine.
const METHODS: [&str; 3] = ["LbCookie", "AppCookie", "SourceBased"];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createLoadBalancerRule",
        create: Some(create),
        events: Some(EventTexts {
            scheduled: "creating load balancer: {name} account: {account}",
            action: "creating load balancer",
            created: Some("creating load balancer"),
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            if world.sins(Quirk::EmptyBalancersAreActive) {
                world.apply_rule(id);
            }
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteLoadBalancerRule",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "deleting load balancer: {}",
            action: "deleting load balancer",
            created: None,
        }),
        run: remove,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateLoadBalancerRule",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "updating load balancer rule",
            action: "updating load balancer",
            created: None,
        }),
        run: update,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "assignToLoadBalancerRule",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "applying instances for load balancer: {} (ids: {virtualmachineids})",
            action: "assigning to load balancer",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, row) = balancer(world, arguments, "id")?;
            let members = members(world, row, arguments)?;
            let mut added = 0;
            for member in members {
                added += usize::from(world.balance(id, member));
            }
            if added == 0 {
                return Err(ApiError::api(530, "Failed to assign load balancer rule"));
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeFromLoadBalancerRule",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "removing instances from load balancer: {} (ids: {virtualmachineids})",
            action: "removing from load balancer",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, _) = balancer(world, arguments, "id")?;
            let mapped = mapped(world, arguments)?;
            for machine in arguments.ids("virtualmachineids") {
                world.unbalance(machine, id);
            }
            if let Some(balancing) = world.firewall_rules.get_mut(id).and_then(|row| row.balancing.as_mut()) {
                balancing.members.retain(|member| !mapped.contains(&(member.machine, member.address)));
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listLoadBalancerRules", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "listLoadBalancerRuleInstances",
        run: |world, caller, arguments| {
            let (_, row) = balancer(world, arguments, "id")?;
            let members = row.balancing.as_ref().map(|one| one.members.clone()).unwrap_or_default();
            let applied = arguments.maybe_flag("applied").unwrap_or(true);
            let with_addresses = arguments.flag("lbvmips");
            let shown: Vec<Object> = members
                .into_iter()
                .filter(|_| applied)
                .map(|member| {
                    let machine = view::balanced_machine(world, member, *caller);
                    if !with_addresses {
                        return machine;
                    }
                    let addresses: Vec<String> =
                        member.address.into_iter().map(|address| address.to_string()).collect();
                    Object::named("lbrulevmidip")
                        .with("loadbalancerruleinstance", machine)
                        .with("lbvmipaddresses", addresses)
                })
                .collect();
            listing::page(world, arguments, shown, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createLBStickinessPolicy",
        create: Some(create_stickiness),
        events: Some(EventTexts {
            scheduled: "creating a load balancer Stickiness policy: {name}",
            action: "applying load balancer stickiness policy",
            created: Some("creating load balancer stickiness policy"),
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            Ok(Reply::Object(show_stickiness(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateLBStickinessPolicy",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Update LB stickiness policy id= {}",
            action: "updating load balancer stickiness policy",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let rule = world.stickiness_policy(id).map(|(rule, _)| rule).unwrap_or_default();
            let policy = world
                .firewall_rules
                .get_mut(rule)
                .and_then(|row| row.balancing.as_mut())
                .and_then(|balancing| balancing.stickiness.as_mut());
            if let (Some(policy), Some(display)) = (policy, arguments.maybe_flag("fordisplay")) {
                policy.display = display;
            }
            Ok(Reply::Object(show_stickiness(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteLBStickinessPolicy",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "deleting load balancer stickiness policy: {}",
            action: "revoking load balancer stickiness policy",
            created: None,
        }),
        run: |world, _, arguments| {
            world.remove_stickiness(arguments.id("id").unwrap_or_default());
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listLBStickinessPolicies",
        run: |world, _, arguments| list_policies(world, arguments, view::stickiness_policies),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createLBHealthCheckPolicy",
        create: Some(|world, _, arguments| {
            let (id, row) = balancer(world, arguments, "lbruleid")?;
            let name = row.balancing.as_ref().map_or("", |balancing| balancing.name.as_str());
            Err(ApiError::api(
                430,
                format!(
                    "Failed to create HealthCheck policy: Validation Failed (HealthCheck Policy is not supported by LB \
                     Provider for the LB rule:LoadBalancer {{\"name\":\"{name}\",\"id\":{id},\"purpose\":\"{}\",\
                     \"state\":\"{}\",\"uuid\":\"{}\"}})",
                    row.purpose.name(),
                    row.state.name(),
                    row.uuid
                ),
            ))
        }),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listLBHealthCheckPolicies",
        run: |world, _, arguments| list_policies(world, arguments, view::health_check_policies),
        ..Behaviour::PLAIN
    },
];

/// Makes the rule while the request waits.
fn create(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Handle, ApiError> {
    let algorithm = arguments.required("algorithm").to_lowercase();
    if !ALGORITHMS.contains(&algorithm.as_str()) {
        return Err(ApiError::parameter(format!("Invalid algorithm: {}", arguments.required("algorithm"))));
    }
    let (address, network) = reachable_address(world, *caller, arguments, "publicipid")?;
    let owner = world.addresses.get(address).map_or_else(|| caller.owner(), |row| row.owner);
    let port = arguments.integer("publicport").unwrap_or_default();
    let protocol = arguments.filled("protocol").map(str::to_lowercase);
    if let Some(word) = protocol.as_deref().filter(|word| !["tcp", "udp", "tcp-proxy", "ssl"].contains(word))
    {
        return Err(ApiError::invalid(format!("Invalid protocol: {word}")));
    }
    let rule = Rule {
        purpose: Purpose::LoadBalancing,
        network,
        address: Some(address),
        // What it is unless somebody said.
        protocol: "tcp".to_owned(),
        ports: Some((port, port)),
        sources: arguments.texts("cidrlist").to_vec(),
        display: arguments.maybe_flag("fordisplay").unwrap_or(true),
        balancing: Some(Box::new(Balancing {
            name: arguments.required("name").to_owned(),
            description: arguments.filled("description").map(str::to_owned),
            algorithm,
            private_port: arguments.integer("privateport").unwrap_or_default(),
            protocol,
            members: Vec::new(),
            stickiness: None,
            certificate: None,
        })),
        ..Rule::of(owner)
    };
    match conflict(world, &rule) {
        Some(text) => Err(ApiError::api(537, text)),
        None => Ok(Handle { kind: Kind::FirewallRule, id: world.add_rule(rule) }),
    }
}

fn update(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let (id, row) = balancer(world, arguments, "id")?;
    let sent = arguments.filled("protocol").map(str::to_lowercase);
    let known = row.balancing.as_ref().and_then(|balancing| balancing.protocol.clone());
    // A rule that nobody gave a protocol cannot be changed in this version of the reference.
    if known.is_none() && sent.is_none() {
        return Err(ApiError::runtime(
            "Cannot invoke \"String.equals(Object)\" because the return value of \
             \"com.cloud.network.dao.LoadBalancerVO.getLbProtocol()\" is null",
        ));
    }
    let algorithm = arguments.filled("algorithm").map(str::to_lowercase);
    if let Some(word) = algorithm.as_deref().filter(|word| !ALGORITHMS.contains(word)) {
        return Err(ApiError::parameter(format!("Invalid algorithm: {word}")));
    }
    let sources = arguments.has("cidrlist").then(|| arguments.texts("cidrlist").to_vec());
    if let Some(row) = world.firewall_rules.get_mut(id) {
        row.display = arguments.maybe_flag("fordisplay").unwrap_or(row.display);
        if let Some(sources) = sources {
            row.sources = sources;
        }
        if let Some(balancing) = row.balancing.as_mut() {
            balancing.protocol = sent.or(known);
            if let Some(algorithm) = algorithm {
                balancing.algorithm = algorithm;
            }
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut balancing.name);
            }
            if let Some(text) = arguments.filled("description") {
                balancing.description = Some(text.to_owned());
            }
        }
    }
    Ok(Reply::Object(show(world, id)))
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, *caller, arguments)?;
    let (address, network) = (arguments.id("publicipid"), arguments.id("networkid"));
    let (machine, zone) = (arguments.id("virtualmachineid"), arguments.id("zoneid"));
    let (name, display) = (arguments.filled("name"), arguments.maybe_flag("fordisplay"));
    let tags = arguments.grouped("tags");
    let matches: Vec<Id> = world
        .firewall_rules
        .iter()
        .filter(|(_, row)| row.purpose == Purpose::LoadBalancing && scope.covers(world, row.owner))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| address.is_none_or(|address| row.address == Some(address)))
        .filter(|(_, row)| network.is_none_or(|network| row.network == network))
        .filter(|(_, row)| {
            let at = world.networks.get(row.network).map(|network| network.zone);
            zone.is_none_or(|zone| at == Some(zone))
        })
        .filter(|(id, _)| {
            machine.is_none_or(|machine| world.balancers_of(machine).any(|handle| handle.id == *id))
        })
        .filter(|(_, row)| display.is_none_or(|display| row.display == display))
        .filter(|(id, _)| {
            let handle = Handle { kind: Kind::FirewallRule, id: *id };
            tags.iter().all(|tag| world.has_tag(handle, tag))
        })
        .filter(|(_, row)| {
            let own = row.balancing.as_ref().map_or("", |balancing| balancing.name.as_str());
            name.is_none_or(|name| own.eq_ignore_ascii_case(name))
                && listing::keyword_matches(arguments, &[own])
        })
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| Object { name: None, ..show(world, id) })
}

/// Makes the policy while the request waits.
fn create_stickiness(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Handle, ApiError> {
    let (rule, _) = balancer(world, arguments, "lbruleid")?;
    let wanted = arguments.required("methodname");
    let Some(method) = METHODS.iter().find(|known| known.eq_ignore_ascii_case(wanted)) else {
        return Err(ApiError::invalid(format!("Failed to match Stickiness method name for LB rule:{rule}")));
    };
    let policy = Stickiness {
        uuid: uuid::Uuid::nil(),
        id: 0,
        name: arguments.required("name").to_owned(),
        description: arguments.filled("description").map(str::to_owned),
        method: (*method).to_owned(),
        params: arguments.merged("param"),
        display: arguments.maybe_flag("fordisplay").unwrap_or(true),
    };
    let id = world.add_stickiness(rule, policy);
    let id = id.ok_or_else(|| ApiError::runtime("Failed to create stickiness policy"))?;
    Ok(Handle { kind: Kind::StickinessPolicy, id })
}

/// The policies of the rule that a list names, itself or by a policy.
fn list_policies(
    world: &World,
    arguments: &Arguments,
    view: fn(&World, &Rule) -> Object,
) -> Result<Reply, ApiError> {
    let by_policy = arguments.id("id").and_then(|id| world.stickiness_policy(id)).map(|(rule, _)| rule);
    let Some(id) = arguments.id("lbruleid").or(by_policy) else {
        return Err(ApiError::invalid("load balancer rule id or policy id must be specified"));
    };
    let row = world.firewall_rules.get(id).filter(|row| row.balancing.is_some());
    let shown: Vec<Object> = row.into_iter().map(|row| view(world, row)).collect();
    listing::page(world, arguments, shown, |object| object)
}

/// The load balancer that a command is about.
pub(super) fn balancer<'a>(
    world: &'a World,
    arguments: &Arguments,
    name: &str,
) -> Result<(Id, &'a Rule), ApiError> {
    let id = arguments.id(name).unwrap_or_default();
    world
        .firewall_rules
        .get(id)
        .filter(|row| row.balancing.is_some())
        .map(|row| (id, row))
        .ok_or_else(|| ApiError::invalid(format!("Unable to find load balancer rule: {id}")))
}

/// The machines that an assignment names, with the addresses that the traffic goes to.
fn members(world: &World, row: &Rule, arguments: &Arguments) -> Result<Vec<Member>, ApiError> {
    let mut members = Vec::new();
    for (machine, address) in mapped(world, arguments)? {
        members.push(Member { machine, address });
    }
    for machine in arguments.ids("virtualmachineids") {
        if !members.iter().any(|member| member.machine == machine) {
            members.push(Member { machine, address: None });
        }
    }
    if members.is_empty() {
        return Err(ApiError::invalid("No instances specified, can't be assigned to the load balancer rule"));
    }
    for member in &mut members {
        let machine = world.virtual_machines.get(member.machine);
        let nic = machine.and_then(|machine| machine.nics.iter().find(|nic| nic.network == row.network));
        let Some(nic) = nic else {
            let uuid = machine.map(|machine| machine.uuid).unwrap_or_default();
            return Err(ApiError::invalid(format!(
                "VM {uuid} cannot be added because it doesn't belong in the same network."
            )));
        };
        match member.address {
            None => member.address = nic.address,
            Some(address) if nic.has_address(address) => {}
            Some(address) => {
                return Err(ApiError::invalid(format!("VM ip {address} specified does not belong to it")));
            }
        }
    }
    Ok(members)
}

/// The pairs of machine and address that a command sends.
fn mapped(world: &World, arguments: &Arguments) -> Result<Vec<(Id, Option<Ipv4Addr>)>, ApiError> {
    let entries = arguments.grouped("vmidipmap");
    let read = entries.into_iter().map(|entry| {
        let machine = entry
            .get("vmid")
            .and_then(|text| uuid::Uuid::try_parse(text).ok())
            .and_then(|uuid| world.find(uuid))
            .filter(|handle| handle.kind == Kind::VirtualMachine);
        let address = entry.get("vmip").and_then(|text| text.parse().ok());
        match (machine, address) {
            (Some(machine), Some(address)) => Ok((machine.id, Some(address))),
            _ => Err(ApiError::invalid("Invalid vmidipmap: an instance and its address belong together")),
        }
    });
    read.collect()
}

fn show(world: &World, id: Id) -> Object {
    world.firewall_rules.get(id).map(|row| view::load_balancer(world, id, row)).unwrap_or_default()
}

fn show_stickiness(world: &World, id: Id) -> Object {
    let row = world.stickiness_policy(id).and_then(|(rule, _)| world.firewall_rules.get(rule));
    row.map(|row| view::stickiness_policies(world, row)).unwrap_or_default()
}
