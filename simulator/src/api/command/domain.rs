//! Domains.

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::view::{self, DomainLook};
use crate::quirk::Quirk;
use crate::reply::Reply;
use crate::world::account::ROOT_DOMAIN;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listDomains",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            if arguments.is_minus_one("id") {
                return Err(ApiError::invalid("Domain id=-1 doesn't exist"));
            }
            if let Some(id) = arguments.id("id") {
                if world.domains.get(id).is_none() {
                    return Err(ApiError::invalid(format!("Domain id={id} doesn't exist")));
                }
                if !listing::reaches_domain(world, *caller, id) {
                    return Err(listing::domain_refusal(world, *caller, id));
                }
            }
            let level = arguments.integer("level");
            let name = arguments.filled("name");
            // Administrators see all below them without asking for it.
            let whole = caller.is_root_admin() || caller.is_domain_admin();
            let matches: Vec<Id> = world
                .domains
                .iter()
                .filter(
                    |(id, _)| {
                        if whole { world.is_within(*id, caller.domain) } else { *id == caller.domain }
                    },
                )
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, domain)| level.is_none_or(|level| i64::from(domain.level) == level))
                .filter(|(_, domain)| name.is_none_or(|name| domain.name.eq_ignore_ascii_case(name)))
                .filter(|(_, domain)| listing::keyword_matches(arguments, &[&domain.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                listing::as_detailed(arguments, view::domain(world, id, DomainLook::Listed))
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listDomainChildren",
        run: |world, caller, arguments| {
            let above = arguments.id("id").unwrap_or(caller.domain);
            if !listing::reaches_domain(world, *caller, above) {
                return Err(listing::domain_refusal(world, *caller, above));
            }
            let (name, deep) = (arguments.filled("name"), arguments.flag("isrecursive"));
            let matches: Vec<Id> = world
                .domains
                .iter()
                .filter(|(id, row)| {
                    row.parent == Some(above) || (deep && *id != above && world.is_within(*id, above))
                })
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| view::domain(world, id, DomainLook::Changed))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createDomain",
        run: |world, caller, arguments| {
            let parent = arguments.id("parentdomainid").unwrap_or(ROOT_DOMAIN);
            if !listing::reaches_domain(world, *caller, parent) {
                return Err(listing::domain_refusal(world, *caller, parent));
            }
            let name = arguments.required("name");
            if name.contains('/') {
                return Err(ApiError::parameter(
                    "Domain name contains one or more invalid characters.  Please enter a name without '/' \
                     characters.",
                ));
            }
            if world.has_child_named(parent, name) {
                return Err(ApiError::invalid(format!(
                    "Domain with name [{name}] already exists for the parent with ID [{parent}]."
                )));
            }
            let id =
                world.add_domain(name, Some(parent), arguments.filled("networkdomain").map(str::to_owned));
            Ok(Reply::Object(view::domain(world, id, DomainLook::New)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateDomain",
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.domains.get(id) else {
                return Err(ApiError::invalid(format!("Unable to find domain with id={id}")));
            };
            let (uuid, parent, old) = (row.uuid, row.parent, row.name.clone());
            if !listing::reaches_domain(world, *caller, id) {
                return Err(listing::domain_refusal(world, *caller, id));
            }
            let name = arguments.filled("name");
            if let Some(name) = name {
                let taken = parent.is_some_and(|parent| world.has_child_named(parent, name));
                if taken && !old.eq_ignore_ascii_case(name) {
                    return Err(ApiError::invalid(format!(
                        "Failed to update specified domain id with name '{name}' since it already exists in the system"
                    ))
                    .about(uuid, "domainId"));
                }
            }
            if let (Some(suffix), Some(row)) = (arguments.text("networkdomain"), world.domains.get_mut(id)) {
                row.network_domain = Some(suffix.to_owned()).filter(|suffix| !suffix.is_empty());
            }
            if let Some(name) = name {
                world.rename_domain(id, name);
            }
            Ok(Reply::Object(view::domain(world, id, DomainLook::Changed)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "moveDomain",
        run: |world, _, arguments| {
            let id = arguments.id("domainid").unwrap_or_default();
            let parent = arguments.id("parentdomainid").unwrap_or_default();
            let Some(row) = world.domains.get(id) else {
                return Err(ApiError::invalid(format!("Unable to find domain with id={id}")));
            };
            if id == ROOT_DOMAIN {
                return Err(ApiError::invalid("The domain ROOT cannot be moved."));
            }
            if world.is_within(parent, id) {
                return Err(ApiError::invalid(
                    "The new parent domain of the domain cannot be one of its children.",
                ));
            }
            if row.parent != Some(parent) && world.has_child_named(parent, &row.name) {
                return Err(ApiError::invalid(format!(
                    "Domain with name [{}] already exists for the parent with ID [{parent}].",
                    row.name
                )));
            }
            world.move_domain(id, parent);
            Ok(Reply::Object(view::domain(world, id, DomainLook::Changed)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteDomain",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "deleting domain: {#}",
            action: "deleting Domain. Domain Id: {#}",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.domains.get(id).is_none() {
                return Err(ApiError::invalid(format!("Failed to delete domain {id}, domain not found")));
            }
            if id == ROOT_DOMAIN {
                return Err(ApiError::permission("Can't delete ROOT domain"));
            }
            if !listing::reaches_domain(world, *caller, id) {
                return Err(listing::domain_refusal(world, *caller, id));
            }
            let may_clean_up = arguments.flag("cleanup") || world.sins(Quirk::DomainsTakeTheirAccounts);
            if !may_clean_up && !world.is_domain_empty(id) {
                return Err(ApiError::runtime(format!(
                    "Delete failed on domain {}; Please make sure all users and sub domains have been removed from \
                     the domain before deleting",
                    listing::domain_dump(world, id)
                )));
            }
            world.remove_domain(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];
