//! Virtual routers, which networks bring with them.

use super::Behaviour;
use crate::api::{listing, view};
use crate::reply::Object;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[Behaviour {
    name: "listRouters",
    run: |world, caller, arguments| {
        let wanted = arguments.has("id").then(|| arguments.id("id"));
        let scope = listing::scope(world, *caller, arguments)?;
        let (network, zone) = (arguments.id("networkid"), arguments.id("zoneid"));
        let (name, state) = (arguments.filled("name"), arguments.filled("state"));
        let matches: Vec<Id> = world
            .networks
            .iter()
            .filter(|(_, row)| row.router.is_some() && scope.covers(world, row.owner))
            .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == Some(*id)))
            .filter(|(id, _)| network.is_none_or(|network| network == *id))
            .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
            .filter(|_| state.is_none_or(|state| state.eq_ignore_ascii_case("Running")))
            .map(|(id, _)| id)
            .collect();
        let shown = matches.into_iter().filter_map(|id| {
            let network = world.networks.get(id)?;
            Some(view::router(world, network, network.router.as_ref()?))
        });
        let shown: Vec<Object> = shown
            .filter(|object| name.is_none_or(|name| object.text("name") == Some(name)))
            .filter(|object| listing::keyword_matches(arguments, &[object.text("name").unwrap_or_default()]))
            .collect();
        listing::page(world, arguments, shown, |object| object)
    },
    ..Behaviour::PLAIN
}];
