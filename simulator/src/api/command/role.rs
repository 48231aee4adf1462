//! Roles and their rules.

use super::Behaviour;
use crate::api::{listing, view};
use crate::world::account::role_type_named;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[Behaviour {
    name: "listRoles",
    run: |world, caller, arguments| {
        let wanted = listing::wanted(arguments)?;
        let name = arguments.filled("name");
        let role_type = arguments.filled("type").and_then(role_type_named);
        let matches: Vec<Id> = world
            .roles
            .iter()
            .filter(|(_, role)| role.is_public || caller.is_root_admin())
            .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
            .filter(|(_, role)| name.is_none_or(|name| role.name == name))
            .filter(|(_, role)| role_type.is_none_or(|wanted| role.role_type == wanted))
            .filter(|(_, role)| listing::keyword_matches(arguments, &[&role.name]))
            .map(|(id, _)| id)
            .collect();
        listing::page(world, arguments, matches, |id| {
            world.roles.get(id).map(|role| view::role(role, true)).unwrap_or_default()
        })
    },
    ..Behaviour::PLAIN
}];
