//! Events.

use super::Owned as _;
use crate::quirk::Quirk;
use crate::reply::Object;
use crate::world::World;
use crate::world::event::Event;

/// An event.
#[must_use]
pub fn event(world: &World, row: &Event) -> Object {
    let user = world.users.get(row.user);
    let subject = row.resource.as_ref();
    let name = subject.and_then(|subject| {
        let now = subject.handle.and_then(|handle| world.subject(handle));
        match now {
            Some(now) => now.name.or_else(|| subject.name.clone()),
            None => world.last_name(subject),
        }
    });
    let number = subject.and_then(|subject| subject.handle).map(|handle| handle.id.to_string());
    let number = number.filter(|_| world.sins(Quirk::EventsNameNumbers));
    let resource = number.or_else(|| Some(subject?.uuid?.to_string()));
    Object::new()
        .with("id", row.uuid)
        .with("username", user.map(|user| user.username.as_str()))
        .with("type", &row.event_type)
        .with("level", if row.is_error { "ERROR" } else { "INFO" })
        .with("description", &row.description)
        .with_owner(world, row.owner)
        .with("resourceid", resource)
        .with("resourcetype", subject.map(|subject| subject.type_name))
        .with("resourcename", name)
        .with("created", row.created)
        .with("state", row.state.name())
        .with("parentid", row.parent.and_then(|parent| world.events.get(parent)).map(|parent| parent.uuid))
        .with("archived", row.archived.then_some(true))
}
