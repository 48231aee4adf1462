//! Registered user data (UD-018 to UD-022).

use super::{Behaviour, acting_owner};
use crate::api::error::ApiError;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::user_data::Encoded;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "registerUserData",
        run: |world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            let name = arguments.required("name");
            let content = arguments.required("userdata");
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
            let read = Encoded::read(content, arguments.by_post, limit).map_err(ApiError::invalid)?;
            let stored = read.map(|read| read.text).unwrap_or_default();
            let id = world.add_user_data(owner, name, &stored, params);
            let row = world.user_data.get(id);
            Ok(Reply::Object(row.map(|row| view::user_data(world, row)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listUserData",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let name = arguments.filled("name");
            let matches: Vec<Object> = world
                .user_data
                .iter()
                .filter(|(_, row)| scope.covers(world, row.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(_, row)| view::user_data(world, row))
                .collect();
            listing::page(world, arguments, matches, |row| row)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteUserData",
        about: Some("id"),
        run: |world, caller, arguments| {
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
            if world.templates.iter().any(|(_, template)| template.user_data == Some(id)) {
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
        },
        ..Behaviour::PLAIN
    },
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

/// What happens when a machine brings user data of its own.
const POLICIES: [&str; 3] = ["ALLOWOVERRIDE", "APPEND", "DENYOVERRIDE"];
