//! Regions.

use super::Behaviour;
use crate::api::error::ApiError;
use crate::api::listing;
use crate::reply::{Object, Reply};
use crate::world::region::{LOCAL, Region};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listRegions",
        run: |world, _, arguments| {
            let (wanted, name) = (arguments.integer("id"), arguments.filled("name"));
            let matches: Vec<Object> = world
                .regions
                .iter()
                .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == **id))
                .filter(|(_, region)| name.is_none_or(|name| region.name.eq_ignore_ascii_case(name)))
                .map(|(id, region)| view(*id, region))
                .collect();
            listing::page(world, arguments, matches, |region| region)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "addRegion",
        run: |world, _, arguments| {
            let id = arguments.integer("id").unwrap_or_default();
            if world.regions.contains_key(&id) {
                return Err(ApiError::invalid(format!("Region with id: {id} already exists")));
            }
            let name = arguments.required("name").to_owned();
            if world.regions.values().any(|region| region.name.eq_ignore_ascii_case(&name)) {
                return Err(ApiError::invalid(format!("Region with name: {name} already exists")));
            }
            let region = Region { name, endpoint: arguments.required("endpoint").to_owned() };
            let shown = view(id, &region);
            world.regions.insert(id, region);
            Ok(Reply::Object(shown))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateRegion",
        run: |world, _, arguments| {
            let id = arguments.integer("id").unwrap_or_default();
            let Some(region) = world.regions.get_mut(&id) else {
                return Err(ApiError::invalid(format!("Region with id: {id} does not exist")));
            };
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut region.name);
            }
            if let Some(endpoint) = arguments.filled("endpoint") {
                endpoint.clone_into(&mut region.endpoint);
            }
            Ok(Reply::Object(view(id, region)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeRegion",
        run: |world, _, arguments| {
            let id = arguments.integer("id").unwrap_or_default();
            if id == LOCAL || world.regions.remove(&id).is_none() {
                return Err(ApiError::invalid(format!("Failed to remove Region: {id}")));
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

fn view(id: i64, region: &Region) -> Object {
    Object::new()
        .with("id", id)
        .with("name", &region.name)
        .with("endpoint", &region.endpoint)
        .with("gslbserviceenabled", true)
        .with("portableipserviceenabled", false)
}
