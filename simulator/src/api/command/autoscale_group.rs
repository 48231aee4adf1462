//! Groups of machines behind a load balancer that grow and shrink (ASG-001). Figures of simulated
//! machines never move, so a group keeps its rules and never acts on them.

use super::autoscale::all;
use super::register::{
    Default, Field, Row, Scope, add, change, create_then_show, delete, list, reachable, row, show,
};
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::quirk::Quirk;
use crate::reply::Reply;
use crate::world::World;
use crate::world::firewall::Rule;
use crate::world::kind::{Handle, Kind};
use crate::world::register::Record;
use crate::world::table::Id;

/// Seconds between two looks at the figures, unless the group says otherwise.
const INTERVAL_SECONDS: i64 = 30;

pub(super) const ROWS: &[Row] = &[Row {
    kind: Kind::ScaleGroup,
    noun: "AutoScaleVmGroup",
    fields: &[
        Field::of("lbruleid"),
        Field::of("vmprofileid"),
        Field::of("minmembers"),
        Field::of("maxmembers"),
        Field::of("interval").or(Default::Number(INTERVAL_SECONDS)),
        Field::of("state").or(Default::Text("NEW")),
        Field::of("scaleuppolicyids").hidden(),
        Field::of("scaledownpolicyids").hidden(),
        Field::of("fordisplay").or(Default::Flag(true)),
    ],
    hides: &["accountid"],
    scope: Scope::Account,
    gone: "Unable to find Autoscale Vm Group by id {id}",
    shows: Some(|world, _, arguments, record| {
        let policy = arguments.handle("policyid");
        let zone = arguments.id("zoneid");
        let own_zone =
            rule(world, record).and_then(|rule| world.networks.get(rule.network)).map(|network| network.zone);
        policy.is_none_or(|policy| policies(record).any(|one| one == policy))
            && zone.is_none_or(|zone| own_zone == Some(zone))
    }),
    extra: Some(|world, _, record, object| {
        object.push("availablevirtualmachinecount", 0);
        object
            .push("scaleuppolicies", all(world, "listAutoScalePolicies", record.things("scaleuppolicyids")));
        let down = all(world, "listAutoScalePolicies", record.things("scaledownpolicyids"));
        object.push("scaledownpolicies", down);
        let Some(rule) = rule(world, record) else { return };
        let network = world.networks.get(rule.network);
        let address = rule.address.and_then(|address| world.addresses.get(address));
        object.push("associatednetworkname", network.map(|network| network.name.as_str()));
        object.push("associatednetworkid", network.map(|network| network.uuid));
        let in_vpc = network.is_some_and(|network| network.vpc.is_some());
        object.push("lbprovider", if in_vpc { "VpcVirtualRouter" } else { "VirtualRouter" });
        object.push("publicipid", address.map(|address| address.uuid));
        object.push("publicip", address.map(|address| address.address));
        object.push("publicport", rule.ports.map(|(first, _)| first.to_string()));
        let balancing = rule.balancing.as_ref();
        object.push("privateport", balancing.map(|balancing| balancing.private_port.to_string()));
    }),
    newest_first: true,
    ..Row::PLAIN
}];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        create: Some(|world, caller, arguments| {
            require_sound(world, arguments, None)?;
            let (row, balancer) = (row(arguments), arguments.handle("lbruleid"));
            let owner = balancer
                .and_then(|balancer| world.firewall_rules.get(balancer.id))
                .filter(|rule| rule.balancing.is_some())
                .map(|rule| rule.owner)
                .ok_or_else(|| ApiError::invalid("unable to find the specified load balancer rule"))?;
            require_free(world, balancer)?;
            let id = add(world, caller, arguments, row)?;
            if let Some(record) = world.register.get_mut(row.kind, id) {
                record.owner = owner;
            }
            Ok(Handle { kind: row.kind, id })
        }),
        events: Some(EventTexts {
            scheduled: "creating AutoScale Vm Group",
            action: "creating AutoScale Vm Group",
            created: Some("creating AutoScale Vm Group"),
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            let enabled = if world.sins(Quirk::StatesOfGroupsAreSmall) { "enabled" } else { "ENABLED" };
            set_state(world, id, enabled);
            show(world, row(arguments), id)
        },
        ..create_then_show("createAutoScaleVmGroup")
    },
    list("listAutoScaleVmGroups"),
    Behaviour {
        name: "updateAutoScaleVmGroup",
        about: Some("id"),
        events: Some(EventTexts::of("Updating AutoScale Vm Group. Vm Group Id: {}")),
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, row(arguments), arguments)?;
            let resizes =
                ["minmembers", "maxmembers", "interval"].iter().any(|name| arguments.integer(name).is_some());
            let holds = !world.sins(Quirk::GroupsChangeInAnyState);
            if resizes && state(world, id) != "DISABLED" && holds {
                return Err(ApiError::invalid(
                    "An AutoScale Vm Group can be updated with minMembers/maxMembers/Interval only when it is in \
                     disabled state",
                ));
            }
            require_sound(world, arguments, world.register.get(Kind::ScaleGroup, id))?;
            change(world, caller, arguments, row(arguments))?;
            show(world, row(arguments), id)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "enableAutoScaleVmGroup",
        about: Some("id"),
        events: Some(EventTexts::of("Enabling AutoScale Vm Group. Vm Group Id: {}")),
        run: |world, caller, arguments| {
            let refusal = "Only a AutoScale Vm Group which is in Disabled state can be enabled.";
            switch(world, caller, arguments, &["DISABLED"], "ENABLED", refusal)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "disableAutoScaleVmGroup",
        about: Some("id"),
        events: Some(EventTexts::of("Disabling AutoScale Vm Group. Vm Group Id: {}")),
        run: |world, caller, arguments| {
            let refusal = "Only a AutoScale Vm Group which is in Enabled or Scaling state can be disabled.";
            switch(world, caller, arguments, &["ENABLED", "SCALING"], "DISABLED", refusal)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        events: Some(EventTexts::of("Deleting AutoScale Vm Group: {}")),
        ..delete("deleteAutoScaleVmGroup")
    },
];

/// The load balancer of a group.
fn rule<'a>(world: &'a World, record: &Record) -> Option<&'a Rule> {
    record.thing("lbruleid").and_then(|balancer| world.firewall_rules.get(balancer.id))
}

/// The policies of a group, in both directions.
fn policies(record: &Record) -> impl Iterator<Item = Handle> {
    record.things("scaleuppolicyids").iter().chain(record.things("scaledownpolicyids")).copied()
}

fn state(world: &World, id: Id) -> &str {
    world.register.get(Kind::ScaleGroup, id).and_then(|record| record.field("state")).unwrap_or_default()
}

fn set_state(world: &mut World, id: Id, state: &'static str) {
    if let Some(record) = world.register.get_mut(Kind::ScaleGroup, id) {
        record.fields.insert("state", state.into());
    }
}

/// Brings a group from one of some states into another.
fn switch(
    world: &mut World,
    caller: &Caller,
    arguments: &Arguments,
    from: &[&str],
    to: &'static str,
    refusal: &str,
) -> Result<Reply, ApiError> {
    let id = reachable(world, *caller, row(arguments), arguments)?;
    if !from.contains(&state(world, id)) && !world.sins(Quirk::GroupsChangeInAnyState) {
        return Err(ApiError::invalid(refusal));
    }
    set_state(world, id, to);
    show(world, row(arguments), id)
}

/// Refuses a balancer that has a group or machines already.
fn require_free(world: &World, balancer: Option<Handle>) -> Result<(), ApiError> {
    let Some(balancer) = balancer else { return Ok(()) };
    if world.register.naming(Kind::ScaleGroup, "lbruleid", balancer).next().is_some() {
        return Err(ApiError::invalid(
            "an AutoScaleVmGroup is already attached to the lb rule, the existing vm group has to be first deleted",
        ));
    }
    let balancing = world.firewall_rules.get(balancer.id).and_then(|rule| rule.balancing.as_ref());
    if balancing.is_some_and(|balancing| !balancing.members.is_empty()) {
        return Err(ApiError::invalid("there are Vms already bound to the specified LoadBalancing Rule"));
    }
    Ok(())
}

/// Refuses sizes and times that contradict each other; what a change does not send stays as it is.
fn require_sound(world: &World, arguments: &Arguments, own: Option<&Record>) -> Result<(), ApiError> {
    let number = |name: &str, default: i64| {
        arguments.integer(name).unwrap_or_else(|| own.map_or(default, |own| own.number(name)))
    };
    let (least, most) = (number("minmembers", 0), number("maxmembers", 0));
    let interval = number("interval", INTERVAL_SECONDS);
    for (name, value) in [("minmembers", least), ("maxmembers", most)] {
        if value < 0 {
            return Err(ApiError::invalid(format!("{name} is an invalid value: {value}")));
        }
    }
    if least > most {
        return Err(ApiError::invalid(format!(
            "minmembers ({least})cannot be greater than maxmembers ({most})"
        )));
    }
    if interval <= 0 {
        return Err(ApiError::invalid(format!("interval is an invalid value: {interval}")));
    }
    for name in ["scaleuppolicyids", "scaledownpolicyids"] {
        let sent = arguments.handles(name);
        let chosen = if arguments.has(name) { sent } else { own.map_or(sent, |own| own.things(name)) };
        for policy in chosen {
            let duration =
                world.register.get(policy.kind, policy.id).map_or(interval, |row| row.number("duration"));
            if duration < interval {
                return Err(ApiError::invalid(format!(
                    "duration : {duration} specified in a policy cannot be less than vm group's interval : {interval}"
                )));
            }
        }
    }
    Ok(())
}
