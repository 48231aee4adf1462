//! Tags.

use super::Owned as _;
use crate::api::command;
use crate::reply::Object;
use crate::world::World;
use crate::world::kind::Handle;
use crate::world::tag::Tag;

/// A tag.
#[must_use]
pub fn tag(world: &World, row: &Tag) -> Object {
    Object::new()
        .with("key", &row.key)
        .with("value", &row.value)
        .with("resourcetype", command::tag_word(world, row.of))
        .with("resourceid", world.uuid_of(row.of))
        .with_owner(world, row.owner)
}

/// The tags of a thing.
pub(super) fn tags(world: &World, of: Handle) -> Vec<Object> {
    // Inside another thing the path of the domain is left out.
    let without_path = |row| {
        let mut object = tag(world, row);
        object.fields.retain(|field| field.name != "domainpath");
        object
    };
    world.tags_of(of).map(without_path).collect()
}

/// The tags of a thing whose answers say no more than keys and values.
pub(super) fn bare_tags(world: &World, of: Handle) -> Vec<Object> {
    world.tags_of(of).map(|tag| Object::new().with("key", &tag.key).with("value", &tag.value)).collect()
}
