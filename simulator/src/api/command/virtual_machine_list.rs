//! The list of virtual machines and its filters.

use super::Behaviour;
use super::virtual_machine::show;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply, Value};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour { name: "listVirtualMachines", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "listDetailOptions",
        run: |_, _, arguments| {
            // Only machines and templates have details with a choice; an empty one is free.
            let kind = arguments.required("resourcetype").to_ascii_lowercase();
            let details = if matches!(kind.as_str(), "uservm" | "template") { DETAIL_OPTIONS } else { &[] };
            let texts = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
            let details = details.iter().map(|(key, items)| ((*key).to_owned(), texts(items)));
            let details = Value::Lists(details.collect());
            Ok(Reply::Object(Object::new().with("details", details)))
        },
        ..Behaviour::PLAIN
    },
];

/// The details of machines and templates that the server knows, with their values.
const DETAIL_OPTIONS: &[(&str, &[&str])] = &[
    ("keyboard", &["uk", "us", "jp", "fr"]),
    ("cpu.corespersocket", &[]),
    ("UEFI", &["LEGACY", "SECURE"]),
    ("rootdisksize", &[]),
];

/// Refuses a word in `details` that asks for nothing.
fn refuse_unknown_details(arguments: &Arguments) -> Result<(), ApiError> {
    const WORDS: [&str; 14] = [
        "all", "group", "nics", "stats", "secgrp", "tmpl", "servoff", "diskoff", "backoff", "iso", "volume",
        "min", "affgrp", "vnfnics",
    ];
    if arguments.texts("details").iter().all(|word| WORDS.contains(&word.as_str())) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "The details parameter contains a non permitted value. The allowed values are [{}]",
        WORDS.join(", ")
    )))
}

/// The machines that the filters of a list leave.
pub(super) fn matches(world: &World, caller: Caller, arguments: &Arguments) -> Result<Vec<Id>, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, caller, arguments)?;
    let state = arguments.filled("state");
    refuse_unknown_details(arguments)?;
    let sees_destroyed = caller.is_root_admin()
        || caller.is_domain_admin()
        || world.settings.flag("allow.user.view.destroyed.vm")
        || world.sins(Quirk::DestroyedAreShownToUsers);
    let (name, zone) = (arguments.filled("name"), arguments.id("zoneid"));
    let (network, template) = (arguments.id("networkid"), arguments.id("templateid"));
    let (offering, user) = (arguments.id("serviceofferingid"), arguments.id("userid"));
    let (host, has_keyword) = (arguments.id("hostid"), arguments.filled("keyword").is_some());
    let tags = listing::tag_filters(world, arguments)?;
    let hypervisor = arguments.filled("hypervisor");
    let group = arguments.id("groupid").and_then(|id| world.register.get(Kind::InstanceGroup, id));
    let matches = world
        .virtual_machines
        .iter()
        .filter(|(_, row)| scope.covers(world, row.owner))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| {
            let gone = matches!(row.state, MachineState::Destroyed | MachineState::Expunging);
            match state {
                None => sees_destroyed || !gone,
                Some(word) if word.eq_ignore_ascii_case("present") => !gone,
                Some(word) => row.state.name().eq_ignore_ascii_case(word) && (sees_destroyed || !gone),
            }
        })
        .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
        .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
        .filter(|(_, row)| network.is_none_or(|network| row.nics.iter().any(|nic| nic.network == network)))
        .filter(|(_, row)| template.is_none_or(|template| row.template == template))
        .filter(|(_, row)| offering.is_none_or(|offering| row.offering == offering))
        .filter(|(_, row)| user.is_none_or(|user| row.user == user))
        .filter(|(_, row)| host.is_none_or(|host| row.host == Some(host)))
        .filter(|_| hypervisor.is_none_or(|wanted| wanted.eq_ignore_ascii_case("Simulator")))
        .filter(|(id, _)| {
            let handle = Handle { kind: Kind::VirtualMachine, id: *id };
            tags.iter().all(|tag| world.has_tag(handle, tag))
        })
        .filter(|(_, row)| group.is_none_or(|group| row.group.as_deref() == Some(group.name.as_str())))
        .filter(|(id, row)| {
            // The hypervisor's name is put together, so only for those who look for one.
            !has_keyword
                || listing::keyword_matches(
                    arguments,
                    &[&row.name, row.shown_name(), row.state.name(), &world.instance_name(*id, row)],
                )
        })
        .map(|(id, _)| id)
        .collect();
    Ok(matches)
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let matches = matches(world, *caller, arguments)?;
    listing::page(world, arguments, matches, |id| {
        let mut object = view::with_details(show(world, id, *caller), arguments.texts("details"));
        if (arguments.flag("userdata") || world.sins(Quirk::UserDataIsListed))
            && let Some(content) = world.virtual_machines.get(id).and_then(|row| row.user_data.as_deref())
        {
            let before =
                object.fields.iter().position(|field| field.name == "userdataid" || field.name == "arch");
            let tail = object.fields.split_off(before.unwrap_or(object.fields.len().saturating_sub(2)));
            object.push("userdata", content);
            object.fields.extend(tail);
        }
        if world.sins(Quirk::ListsLeaveFieldsOut) {
            object.fields.retain(|field| field.name != "guestosid");
        }
        if world.sins(Quirk::PasswordsAreListed) {
            object.push("password", "secret");
        }
        view::with_open_job(world, Handle { kind: Kind::VirtualMachine, id }, object)
    })
}
