//! Quotas, a part of the server that installations switch on: what things cost, and what accounts
//! have left. Nobody is charged, because no usage is written down (see [`usage`](super::usage)).

use uuid::Uuid;

use super::register::{Field, Row, add, shown};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::kind::Kind;
use crate::world::register::{Record, Stored};
use crate::world::table::Id;

/// The sign of the currency.
const CURRENCY: &str = "$";

const TARIFF: Row = Row {
    kind: Kind::QuotaTariff,
    noun: "QuotaTariff",
    fields: &[
        Field::of("usageType").from("usagetype").unfiltered(),
        Field::of("tariffValue").from("value").unfiltered(),
        Field::of("effectiveDate").from("startdate").unfiltered(),
        Field::of("endDate").from("enddate").unfiltered(),
        Field::of("activationRule").from("activationrule").unfiltered(),
        Field::of("description").unfiltered(),
        Field::of("position").or(super::register::Default::Number(1)).unfiltered(),
    ],
    gone: "Quota tariff with the provided UUID does not exist.",
    extra: Some(|_, _, record, object| {
        let known = super::usage::TYPES.iter().find(|(id, ..)| *id == record.number("usageType"));
        object.push("usageName", known.map(|(_, name, _)| *name));
        object.push("usageUnit", known.map(|(id, ..)| unit(*id)));
        object.push("usageTypeDescription", known.map(|(.., text)| *text));
        object.push("currency", CURRENCY);
        object.push("removed", removed(record));
    }),
    ..Row::PLAIN
};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "quotaIsEnabled",
        run: |world, _, _| {
            let is_on = world.settings.flag("quota.enable.service");
            Ok(Reply::Object(Object::new().with("isenabled", is_on)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "quotaTariffCreate",
        events: Some(EventTexts::of("creating quota tariff")),
        run: |world, caller, arguments| {
            let kind = arguments.integer("usagetype").unwrap_or_default();
            if !super::usage::TYPES.iter().any(|(id, ..)| *id == kind) {
                return Err(ApiError::invalid(format!("Usage type not found. [{kind}]")));
            }
            let name = arguments.required("name");
            if current(world, name).is_some() {
                return Err(ApiError::invalid(format!("A quota tariff with name [{name}] already exist.")));
            }
            require_dates(world, arguments.date("startdate"), arguments.date("enddate"))?;
            let id = add(world, caller, arguments, &TARIFF)?;
            let now = world.now;
            if let Some(record) = world.register.get_mut(Kind::QuotaTariff, id) {
                record.fields.entry("effectiveDate").or_insert(Stored::Date(now));
            }
            Ok(Reply::Object(shown(world, &TARIFF, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "quotaTariffList",
        run: |world, _, arguments| {
            let listed = world.register.iter(Kind::QuotaTariff).filter(|(_, row)| is_listed(arguments, row));
            let matches: Vec<Id> = listed.map(|(id, _)| id).collect();
            listing::page(world, arguments, matches, |id| shown(world, &TARIFF, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "quotaTariffUpdate",
        events: Some(EventTexts::of("updating quota tariff")),
        run: |world, _, arguments| {
            let name = arguments.required("name");
            let Some(old) = current(world, name) else {
                return Err(ApiError::invalid(format!("There is no quota tariffs with name [{name}].")));
            };
            require_dates(world, arguments.date("startdate"), arguments.date("enddate"))?;
            let id = replace(world, old, arguments);
            Ok(Reply::Object(shown(world, &TARIFF, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "quotaTariffDelete",
        events: Some(EventTexts::of("removing quota tariff")),
        run: |world, _, arguments| {
            let named = Uuid::try_parse(arguments.sent("id").unwrap_or_default()).ok();
            let is_meant = |row: &Record| removed(row).is_none() && Some(row.uuid) == named;
            let found = world.register.iter(Kind::QuotaTariff).find(|(_, row)| is_meant(row));
            let Some(id) = found.map(|(id, _)| id) else {
                return Err(ApiError::invalid(TARIFF.gone));
            };
            remove(world, id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "quotaSummary",
        run: |world, caller, arguments| {
            let scope = listing::scope(world, *caller, arguments)?;
            let wanted = arguments.filled("account");
            let everybody = arguments.flag("listall") || wanted.is_some();
            let matches: Vec<Id> = world
                .accounts
                .iter()
                .filter(|(id, _)| *id == caller.account || everybody)
                .filter(|(id, _)| scope.covers(world, world.owner_of(*id)))
                .filter(|(_, row)| wanted.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| summary(world, id))
        },
        ..Behaviour::PLAIN
    },
];

/// What an account has left: nothing was credited and nothing was charged.
fn summary(world: &World, account: Id) -> Object {
    let Some(row) = world.accounts.get(account) else { return Object::new() };
    let domain = world.domains.get(row.domain);
    Object::new()
        .with("accountid", row.uuid)
        .with("account", &row.name)
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domain", domain.map(|domain| domain.shown_path()))
        .with("balance", 0.0)
        .with("state", row.standing.name().to_uppercase())
        .with("quota", 0.0)
        .with("currency", CURRENCY)
        .with("quotaenabled", true)
}

/// Whether a list shows a tariff: not a removed one, unless it is asked for.
fn is_listed(arguments: &Arguments, record: &Record) -> bool {
    let (is_removed, only) = (removed(record).is_some(), arguments.flag("listonlyremoved"));
    let date = |field: &str| match record.fields.get(field) {
        Some(Stored::Date(moment)) => Some(*moment),
        _ => None,
    };
    let is_meant = arguments.sent("id").is_none_or(|id| id == record.uuid.to_string());
    let starts = arguments.date("startdate").is_none_or(|from| date("effectiveDate") >= Some(from));
    let ends = arguments.date("enddate").is_none_or(|to| date("endDate").is_none_or(|end| end <= to));
    let kind = arguments.integer("usagetype");
    let is_named = arguments.filled("name").is_none_or(|name| name == record.name);
    is_meant
        && is_named
        && listing::keyword_matches(arguments, &[&record.name])
        && starts
        && ends
        && kind.is_none_or(|kind| record.number("usageType") == kind)
        && if only { is_removed } else { !is_removed || arguments.flag("listall") }
}

/// When a tariff was taken back.
fn removed(record: &Record) -> Option<Moment> {
    match record.fields.get("removed") {
        Some(Stored::Date(moment)) => Some(*moment),
        _ => None,
    }
}

/// The tariff of a name that is in force.
fn current(world: &World, name: &str) -> Option<Id> {
    let mut kept = world.register.iter(Kind::QuotaTariff).filter(|(_, row)| removed(row).is_none());
    kept.find(|(_, row)| row.name == name).map(|(id, _)| id)
}

/// Takes a tariff back; it stays for what it was charged for.
fn remove(world: &mut World, id: Id) {
    let now = world.now;
    if let Some(record) = world.register.get_mut(Kind::QuotaTariff, id) {
        record.fields.insert("removed", Stored::Date(now));
    }
}

/// Puts another tariff in the place of one: what was charged by the old one stays true.
fn replace(world: &mut World, old: Id, arguments: &Arguments) -> Id {
    let Some(record) = world.register.get(Kind::QuotaTariff, old) else { return old };
    let (mut fields, owner, name) = (record.fields.clone(), record.owner, record.name.clone());
    fields.insert("effectiveDate", Stored::Date(world.now));
    for field in TARIFF.fields.iter().filter(|field| field.name != "usageType") {
        if let Some(value) = arguments.stored(field.param) {
            fields.insert(field.name, value);
        }
    }
    remove(world, old);
    world.add_record(Kind::QuotaTariff, owner, &name, fields)
}

/// Refuses dates that lie in the past or contradict each other.
fn require_dates(world: &World, start: Option<Moment>, end: Option<Moment>) -> Result<(), ApiError> {
    if let Some(start) = start.filter(|start| *start < world.now) {
        return Err(ApiError::invalid(format!(
            "The value passed as Quota tariff's start date is in the past: [{start}]. Please, inform a date in the \
             future or do not pass the parameter to use the current date and time."
        )));
    }
    let Some(end) = end else { return Ok(()) };
    if let Some(start) = start.filter(|start| end < *start) {
        return Err(ApiError::invalid(format!(
            "The quota tariff's end date [{end}] cannot be less than the start date [{start}]."
        )));
    }
    if end < world.now {
        return Err(ApiError::invalid(format!(
            "The quota tariff's end date [{end}] cannot be less than now [{}].",
            world.now
        )));
    }
    Ok(())
}

/// What a type of usage is counted in (upstream's `QuotaTypes.java`).
fn unit(usage_type: i64) -> &'static str {
    match usage_type {
        1 | 2 | 30 | 31 => "Compute*Month",
        3 => "IP*Month",
        4 | 5 => "GB",
        10..=14 => "Policy*Month",
        21 | 22 => "IOPS",
        23 | 24 => "Bytes",
        _ => "GB*Month",
    }
}
