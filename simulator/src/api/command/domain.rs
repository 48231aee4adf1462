//! Domains.

use super::Behaviour;
use crate::api::error::ApiError;
use crate::api::{listing, view};
use crate::reply::Reply;
use crate::world::account::ROOT_DOMAIN;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listDomains",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let level = arguments.integer("level");
            let name = arguments.filled("name");
            let whole = caller.is_root_admin() || caller.is_domain_admin();
            let all = arguments.flag("listall") || wanted.is_some() || name.is_some() || level.is_some();
            let matches: Vec<Id> =
                world
                    .domains
                    .iter()
                    .filter(|(id, _)| {
                        if whole && all { world.is_within(*id, caller.domain) } else { *id == caller.domain }
                    })
                    .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                    .filter(|(_, domain)| level.is_none_or(|level| i64::from(domain.level) == level))
                    .filter(|(_, domain)| name.is_none_or(|name| domain.name.eq_ignore_ascii_case(name)))
                    .filter(|(_, domain)| listing::keyword_matches(arguments, &[&domain.name]))
                    .map(|(id, _)| id)
                    .collect();
            listing::page(world, arguments, matches, |id| view::domain(world, id, *caller))
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
            if world
                .domains
                .iter()
                .any(|(_, row)| row.parent == Some(parent) && row.name.eq_ignore_ascii_case(name))
            {
                return Err(ApiError::invalid(format!(
                    "Domain with name {name} already exists for the parent id={parent}"
                )));
            }
            let id =
                world.add_domain(name, Some(parent), arguments.filled("networkdomain").map(str::to_owned));
            Ok(Reply::Object(view::domain(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
];
