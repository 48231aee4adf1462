//! Registered user data (UD-018 to UD-022).

use super::deployment::{decoded, read_user_data};
use super::{Behaviour, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "registerUserData",
        run: |world, caller, arguments| register(world, caller, arguments, Use::Machines),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listUserData",
        run: |world, caller, arguments| list(world, caller, arguments, Use::Machines),
        ..Behaviour::PLAIN
    },
    Behaviour { name: "deleteUserData", about: Some("id"), run: delete, ..Behaviour::PLAIN },
    Behaviour {
        name: "registerCniConfiguration",
        run: |world, caller, arguments| register(world, caller, arguments, Use::Clusters),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listCniConfiguration",
        run: |world, caller, arguments| list(world, caller, arguments, Use::Clusters),
        ..Behaviour::PLAIN
    },
    Behaviour { name: "deleteCniConfiguration", about: Some("id"), run: delete, ..Behaviour::PLAIN },
    Behaviour {
        name: "linkUserDataToTemplate",
        run: |world, _, arguments| {
            let (template, iso) = (arguments.id("templateid"), arguments.id("isoid"));
            let id = match (template, iso) {
                (Some(_), Some(_)) => {
                    return Err(ApiError::invalid(
                        "Both template and ISO ids are specified, only one is allowed",
                    ));
                }
                (None, None) => {
                    return Err(ApiError::invalid("Template or ISO id is required to link user data"));
                }
                (template, iso) => template.or(iso).unwrap_or_default(),
            };
            let user_data = arguments.id("userdataid");
            let policy = match arguments.filled("userdatapolicy") {
                None => "ALLOWOVERRIDE".to_owned(),
                Some(word) => POLICIES
                    .iter()
                    .find(|policy| policy.eq_ignore_ascii_case(word))
                    .map(|policy| (*policy).to_owned())
                    .ok_or_else(|| ApiError::invalid(format!("Invalid userdata policy {word}")))?,
            };
            let Some(row) = world.templates.get_mut(id) else {
                return Err(ApiError::invalid(format!("unable to find template/ISO with id {id}")));
            };
            row.user_data = user_data;
            row.user_data_policy = user_data.map(|_| policy);
            let row = world.templates.get(id);
            Ok(Reply::Object(row.map(|row| view::linked_template(world, row)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
];

/// What user data is for. The configuration of cluster networks is kept like that of machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Machines,
    Clusters,
}

impl Use {
    /// The parameter with the content.
    fn parameter(self) -> &'static str {
        match self {
            Self::Machines => "userdata",
            Self::Clusters => "cniconfig",
        }
    }
}

fn register(
    world: &mut World,
    caller: &Caller,
    arguments: &Arguments,
    used_for: Use,
) -> Result<Reply, ApiError> {
    let owner = acting_owner(world, caller, arguments)?;
    let name = arguments.required("name");
    let content = arguments.required(used_for.parameter());
    let own: Vec<_> =
        world.user_data.iter().filter(|(_, row)| row.owner == owner).map(|(_, row)| row).collect();
    if own.iter().any(|row| row.name.eq_ignore_ascii_case(name)) {
        return Err(ApiError::invalid(format!(
            "A userdata with name {name} already exists for this account."
        )));
    }
    if let Some(same) = own.iter().find(|row| row.content == content) {
        return Err(ApiError::invalid(format!(
            "Userdata {} with same content already exists for this account.",
            same.name
        )));
    }
    let params = arguments.filled("params").map(str::to_owned);
    let limit = world.settings.number("vm.userdata.max.length");
    let counts_decoded = world.sins(Quirk::UserDataCountsDecoded);
    let is_short = counts_decoded && decoded(content).len() <= 4096;
    let read = read_user_data(world, content, arguments.by_post || is_short, limit);
    let read = read.map_err(ApiError::invalid)?;
    let stored = read.map(|read| read.text).unwrap_or_default();
    let id = world.add_user_data(owner, name, &stored, params);
    if let Some(row) = world.user_data.get_mut(id) {
        row.is_cni = used_for == Use::Clusters;
    }
    let row = world.user_data.get(id);
    Ok(Reply::Object(row.map(|row| view::user_data(world, row)).unwrap_or_default()))
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments, used_for: Use) -> Result<Reply, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, *caller, arguments)?;
    let name = arguments.filled("name");
    let matches: Vec<Object> = world
        .user_data
        .iter()
        .filter(|(_, row)| row.is_cni == (used_for == Use::Clusters))
        .filter(|(_, row)| scope.covers(world, row.owner))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
        .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
        .map(|(_, row)| view::user_data(world, row))
        .collect();
    listing::page(world, arguments, matches, |row| row)
}

fn delete(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    // The real server looks at whether the row exists and not at whose it is.
    let Some(row) = world.user_data.get(id) else {
        let owner = acting_owner(world, caller, arguments)?;
        let account = world.accounts.get(owner.account).map_or("", |row| row.name.as_str());
        let domain = world.domains.get(owner.domain).map(|row| row.uuid).unwrap_or_default();
        return Err(ApiError::invalid(format!(
            "A UserData with id '{id}' does not exist for account {account} in specified domain id"
        ))
        .about(domain, "domainId"));
    };
    let name = &row.name;
    if world.templates.iter().any(|(_, template)| template.user_data == Some(id) && !template.removed) {
        return Err(ApiError::runtime(format!(
            "Userdata {name} cannot be removed as it is linked to active template/templates"
        )));
    }
    if world.virtual_machines.iter().any(|(_, machine)| machine.user_data_id == Some(id)) {
        return Err(ApiError::runtime(format!(
            "Userdata {name} cannot be removed as it is being used by some VMs"
        )));
    }
    world.user_data.remove(id);
    Ok(Reply::SUCCESS)
}

/// What happens when a machine brings user data of its own.
const POLICIES: [&str; 3] = ["ALLOWOVERRIDE", "APPEND", "DENYOVERRIDE"];
