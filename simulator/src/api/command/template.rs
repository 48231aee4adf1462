//! Templates and guest operating systems.

use super::Behaviour;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::table::Id;
use crate::world::template::Template;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listTemplates",
        run: |world, caller, arguments| {
            let filter = arguments.required("templatefilter");
            let wanted = arguments
                .id("id")
                .map(|id| vec![id])
                .or_else(|| Some(arguments.ids("ids")).filter(|ids| !ids.is_empty()));
            let name = arguments.filled("name");
            let zone = arguments.id("zoneid");
            let mut matches: Vec<(Id, Id)> = Vec::new();
            for (id, row) in world.templates.iter().filter(|(_, row)| !row.is_iso) {
                if !passes_filter(world, *caller, row, filter)? {
                    continue;
                }
                let fits = wanted.as_ref().is_none_or(|wanted| wanted.contains(&id))
                    && name.is_none_or(|name| row.name.eq_ignore_ascii_case(name))
                    && listing::keyword_matches(arguments, &[&row.name, &row.display_text]);
                if fits {
                    let zones = world.zones.iter().map(|(zone, _)| zone);
                    matches.extend(
                        zones
                            .filter(|other| zone.is_none_or(|zone| zone == *other))
                            .filter(|other| row.zone.is_none_or(|only| only == *other))
                            .map(|zone| (id, zone)),
                    );
                }
            }
            listing::page(world, arguments, matches, |(id, zone)| {
                world
                    .templates
                    .get(id)
                    .map(|row| view::template(world, row, Some(zone), *caller))
                    .unwrap_or_default()
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateTemplate",
        about: Some("id"),
        run: |world, caller, arguments| {
            let id = changeable(world, *caller, arguments)?;
            if let Some(row) = world.templates.get_mut(id) {
                if let Some(name) = arguments.filled("name") {
                    name.clone_into(&mut row.name);
                }
                if let Some(text) = arguments.filled("displaytext") {
                    text.clone_into(&mut row.display_text);
                }
                if let Some(enabled) = arguments.maybe_flag("passwordenabled") {
                    row.password_enabled = enabled;
                }
                if let Some(system) = arguments.id("ostypeid") {
                    row.guest_system = system;
                }
            }
            let row = world.templates.get(id);
            Ok(Reply::Object(row.map(|row| view::template(world, row, None, *caller)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateTemplatePermissions",
        about: Some("id"),
        run: |world, caller, arguments| {
            let id = changeable(world, *caller, arguments)?;
            if let Some(row) = world.templates.get_mut(id) {
                if let Some(public) = arguments.maybe_flag("ispublic") {
                    row.is_public = public;
                }
                if let Some(featured) = arguments.maybe_flag("isfeatured") {
                    row.is_featured = featured;
                }
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listOsTypes",
        run: |world, _, arguments| {
            let wanted = listing::wanted(arguments)?;
            let description = arguments.filled("description");
            let matches: Vec<Object> = world
                .guest_systems
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| description.is_none_or(|text| row.description.eq_ignore_ascii_case(text)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.description]))
                .map(|(_, row)| view::guest_system(row))
                .collect();
            listing::page(world, arguments, matches, |row| row)
        },
        ..Behaviour::PLAIN
    },
];

/// The template that a change is about; users change their own ones only.
fn changeable(world: &World, caller: Caller, arguments: &Arguments) -> Result<Id, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let row = world
        .templates
        .get(id)
        .ok_or_else(|| ApiError::invalid(format!("unable to find template with id {id}")))?;
    if caller.is_root_admin() || row.owner.account == caller.account {
        return Ok(id);
    }
    let text = if row.is_public {
        "Domain Admin and regular users can modify only their own Public templates"
    } else {
        "Caller does not have permission to operate with provided resource."
    };
    Err(ApiError::permission(text))
}

/// Whether a template belongs to one of the sets that `templatefilter` names.
fn passes_filter(world: &World, caller: Caller, row: &Template, filter: &str) -> Result<bool, ApiError> {
    let own = row.owner.account == caller.account;
    let reachable = caller.reaches(world, row.owner);
    let is_system = row.template_type == "SYSTEM";
    Ok(match filter.to_ascii_lowercase().as_str() {
        "featured" => row.is_featured && row.is_public && !is_system,
        "self" => own && !is_system,
        "selfexecutable" => own && row.ready && !is_system,
        "sharedexecutable" | "shared" => false,
        "executable" => (own || row.is_public || row.is_featured) && row.ready && !is_system,
        "community" => row.is_public && !row.is_featured && !is_system,
        "all" if caller.is_root_admin() => true,
        "all" if caller.is_domain_admin() => reachable || row.is_public,
        "all" => {
            return Err(ApiError::invalid("Filter all can be specified by admin only"));
        }
        _ => return Err(ApiError::invalid("Please specify a valid template filter.")),
    })
}
