//! Registered user data.

use super::Owned as _;
use crate::reply::Object;
use crate::world::World;
use crate::world::user_data::UserData;

/// Registered user data (UD-018).
#[must_use]
pub fn user_data(world: &World, row: &UserData) -> Object {
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with_owner(world, row.owner)
        .with("userdata", Some(row.content.as_str()).filter(|content| !content.is_empty()))
        .with("params", row.params.as_deref())
        .with("hasannotations", super::has_annotations(world, row.uuid))
}
