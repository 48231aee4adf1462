//! What autoscaling is told: figures to look at, their thresholds, when to grow or shrink, and
//! what new machines are made from. The groups are in [`autoscale_group`](super::autoscale_group).

use super::register::{Default, Field, Row, Scope, create_then_show, delete, list, row_of, shown, update};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::reply::Object;
use crate::world::World;
use crate::world::kind::{Handle, Kind};

/// The code of upstream's `ResourceInUseException`.
const IN_USE: u16 = 536;
/// Seconds that an action is not repeated in, unless the policy says otherwise.
const QUIET_SECONDS: i64 = 300;
/// Seconds that a machine may go on for once it is taken out, unless the profile says otherwise.
const GRACE_SECONDS: i64 = 120;

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: Kind::Counter,
        noun: "Counter",
        fields: &[
            Field::of("source").one_of(
                &["CPU", "MEMORY", "VIRTUALROUTER", "SNMP", "NETSCALER"],
                "The Source {value} does not exist; Unable to create Counter",
            ),
            Field::of("value"),
            Field::of("provider").one_of(
                &["VirtualRouter", "VpcVirtualRouter", "Netscaler", "Netris", "None"],
                "The Provider {value} does not exist; Unable to create Counter",
            ),
        ],
        gone: "Unable to find Counter by id {id}",
        in_use: Some(|world, counter| {
            if world.register.naming(Kind::Condition, "counterid", counter).next().is_some() {
                return Err(ApiError::api(IN_USE, "Counter is in use."));
            }
            Ok(())
        }),
        newest_first: true,
        ..Row::PLAIN
    },
    Row {
        kind: Kind::Condition,
        noun: "Condition",
        fields: &[
            Field::of("threshold"),
            Field::of("relationaloperator").one_of(
                &["EQ", "GT", "LT", "GE", "LE"],
                "The Operator {value} does not exist; Unable to create Condition.",
            ),
            Field::of("counterid").named("countername"),
        ],
        scope: Scope::Account,
        gone: "Unable to find Condition by id {id}",
        check: Some(|world, _, arguments| {
            let counter = arguments.id("counterid").unwrap_or_default();
            if world.register.get(Kind::Counter, counter).is_none() {
                return Err(ApiError::invalid("Unable to find counter"));
            }
            Ok(())
        }),
        in_use: Some(|world, condition| {
            if world.register.listing(Kind::ScalePolicy, "conditionids", condition).next().is_some() {
                return Err(ApiError::api(
                    IN_USE,
                    "Cannot delete Condition when it is in use by one or more AutoScale Policies.",
                ));
            }
            Ok(())
        }),
        shows: Some(|world, _, arguments, record| {
            let Some(policy) = arguments.id("policyid") else { return !arguments.has("policyid") };
            let policy = world.register.get(Kind::ScalePolicy, policy);
            policy.is_some_and(|policy| {
                policy.things("conditionids").iter().any(|one| world.uuid_of(*one) == Some(record.uuid))
            })
        }),
        extra: Some(|world, _, record, object| {
            let counters: Vec<Handle> = record.thing("counterid").into_iter().collect();
            if let Some(counter) = all(world, "listCounters", &counters).pop() {
                object.push("counter", crate::reply::Value::Object(Box::new(counter)));
            }
        }),
        newest_first: true,
        ..Row::PLAIN
    },
    Row {
        kind: Kind::ScalePolicy,
        noun: "AutoScalePolicy",
        fields: &[
            Field::of("action").one_of(
                &["SCALEUP", "SCALEDOWN"],
                "action is invalid, only 'scaleup' and 'scaledown' is supported",
            ),
            Field::of("duration"),
            Field::of("quiettime").or(Default::Number(QUIET_SECONDS)),
            Field::of("conditionids").hidden(),
        ],
        scope: Scope::Account,
        gone: "Unable to find Autoscale Policy by id {id}",
        check: Some(|_, _, arguments| {
            for name in ["duration", "quiettime"] {
                if let Some(seconds) = arguments.integer(name).filter(|seconds| *seconds < 0) {
                    return Err(ApiError::invalid(format!("{name} is an invalid value: {seconds}")));
                }
            }
            Ok(())
        }),
        in_use: Some(|world, policy| {
            let is_used = |field| world.register.listing(Kind::ScaleGroup, field, policy).next().is_some();
            if is_used("scaleuppolicyids") || is_used("scaledownpolicyids") {
                return Err(ApiError::invalid(
                    "Cannot delete AutoScale Policy when it is in use by one or more AutoScale VmGroups",
                ));
            }
            Ok(())
        }),
        shows: Some(|world, _, arguments, record| {
            let condition = arguments.handle("conditionid");
            let group = arguments.id("vmgroupid").and_then(|id| world.register.get(Kind::ScaleGroup, id));
            let is_of = |group: &crate::world::register::Record| {
                let of =
                    |field| group.things(field).iter().any(|one| world.uuid_of(*one) == Some(record.uuid));
                of("scaleuppolicyids") || of("scaledownpolicyids")
            };
            condition.is_none_or(|one| record.things("conditionids").contains(&one))
                && (!arguments.has("vmgroupid") || group.is_some_and(is_of))
        }),
        extra: Some(|world, _, record, object| {
            object.push("conditions", all(world, "listConditions", record.things("conditionids")));
        }),
        newest_first: true,
        ..Row::PLAIN
    },
    Row {
        kind: Kind::ScaleProfile,
        noun: "AutoScaleVmProfile",
        fields: &[
            Field::of("zoneid"),
            Field::of("serviceofferingid"),
            Field::of("templateid"),
            Field::of("otherdeployparams").or(Default::Map).unfiltered(),
            Field::of("expungevmgraceperiod").or(Default::Number(GRACE_SECONDS)),
            Field::of("counterparam").or(Default::Map),
            Field::of("userdata"),
            Field::of("userdataid").named("userdataname"),
            Field::of("autoscaleuserid"),
            Field::of("fordisplay"),
        ],
        scope: Scope::Account,
        gone: "Unable to find Autoscale Vm Profile by id {id}",
        check: Some(|_, _, arguments| {
            if let Some(seconds) = arguments.integer("expungevmgraceperiod").filter(|seconds| *seconds < 0) {
                return Err(ApiError::invalid(format!(
                    "Destroy Vm Grace Period cannot be less than 0: {seconds}"
                )));
            }
            Ok(())
        }),
        in_use: Some(|world, profile| {
            if world.register.naming(Kind::ScaleGroup, "vmprofileid", profile).next().is_some() {
                return Err(ApiError::invalid(
                    "Cannot delete AutoScale Vm Profile when it is in use by one more vm groups",
                ));
            }
            Ok(())
        }),
        newest_first: true,
        ..Row::PLAIN
    },
];

/// Things of a kind as the list of this name shows them.
pub(super) fn all(world: &World, list: &str, things: &[Handle]) -> Vec<Object> {
    let Some(row) = row_of(list) else { return Vec::new() };
    things.iter().map(|thing| shown(world, row, thing.id)).collect()
}

/// The events of a command that makes one.
const fn creation(text: &'static str) -> Option<EventTexts> {
    Some(EventTexts::of(text))
}

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour { events: creation("creating a new Counter"), ..create_then_show("createCounter") },
    list("listCounters"),
    Behaviour { events: creation("deleting a counter."), ..delete("deleteCounter") },
    Behaviour { events: creation("creating a condition"), ..create_then_show("createCondition") },
    list("listConditions"),
    Behaviour { events: creation("updating a condition"), ..update("updateCondition") },
    Behaviour { events: creation("deleting a condition."), ..delete("deleteCondition") },
    Behaviour { events: creation("creating AutoScale Policy"), ..create_then_show("createAutoScalePolicy") },
    list("listAutoScalePolicies"),
    Behaviour { events: creation("Updating AutoScale Policy"), ..update("updateAutoScalePolicy") },
    Behaviour { events: creation("deleting AutoScale Policy: {}"), ..delete("deleteAutoScalePolicy") },
    Behaviour {
        events: creation("creating AutoScale Vm Profile"),
        ..create_then_show("createAutoScaleVmProfile")
    },
    list("listAutoScaleVmProfiles"),
    Behaviour {
        events: creation("Updating AutoScale Vm Profile. Vm Profile Id: {}"),
        ..update("updateAutoScaleVmProfile")
    },
    Behaviour { events: creation("deleting autoscale vm profile: {}"), ..delete("deleteAutoScaleVmProfile") },
];
