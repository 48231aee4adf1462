//! The old way to let traffic in to a machine that an address stands for.

use super::firewall::{apply, insert, matching, new_rule, reachable_address, remove};
use super::{Behaviour, EventTexts};
use crate::api::error::{ApiError, Fault};
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::firewall::Purpose;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createIpForwardingRule",
        create: Some(|world, caller, arguments| {
            let (address, network) = reachable_address(world, *caller, arguments, "ipaddressid")?;
            if let Some(row) = world.addresses.get(address).filter(|row| row.static_nat.is_none()) {
                return Err(ApiError::new(
                    Fault::RuleConflict,
                    format!("Can't do static nat on ip address: {}", row.address),
                ));
            }
            insert(world, new_rule(world, network, Some(address), Purpose::StaticNat, arguments)?)
        }),
        events: Some(EventTexts {
            scheduled: "Applying an ipforwarding 1:1 NAT rule for Ip: {} with virtual machine:null",
            action: "applying static nat rule",
            created: Some("creating static nat rule"),
        }),
        run: |world, caller, arguments| {
            apply(world, caller, arguments)?;
            Ok(Reply::Object(show(world, arguments.created().unwrap_or_default())))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listIpForwardingRules",
        run: |world, caller, arguments| {
            let mut matches = matching(world, caller, arguments, &[Purpose::StaticNat])?;
            if let Some(machine) = arguments.id("virtualmachineid") {
                matches.retain(|id| target(world, *id) == Some(machine));
            }
            listing::page(world, arguments, matches, |id| show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteIpForwardingRule",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Deleting an ipforwarding 1:1 NAT rule id:{}",
            action: "revoking static nat rule",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.firewall_rules.get(id).is_none_or(|rule| rule.purpose != Purpose::StaticNat) {
                return Err(ApiError::invalid(format!("Unable to find static nat rule {id}")));
            }
            remove(world, caller, arguments)
        },
        ..Behaviour::PLAIN
    },
];

/// The machine that the address of a rule stands for.
fn target(world: &World, rule: Id) -> Option<Id> {
    let address = world.firewall_rules.get(rule)?.address?;
    world.addresses.get(address)?.static_nat.map(|nat| nat.machine)
}

fn show(world: &World, id: Id) -> Object {
    world.firewall_rules.get(id).map(|rule| view::ip_forwarding_rule(world, rule)).unwrap_or_default()
}
