//! Tags on things.

use super::{Behaviour, EventTexts};
use crate::api::access;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::api::view;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::tag::Tag;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createTags",
        events: Some(EventTexts {
            scheduled: "creating tags",
            action: "creating resource tags",
            created: None,
        }),
        run: |world, caller, arguments| {
            let tags = arguments.grouped("tags");
            for of in things(world, *caller, arguments)? {
                let owner = access::owner(world, of).unwrap_or_else(|| caller.owner());
                for tag in &tags {
                    let text = |name: &str| tag.get(name).cloned().unwrap_or_default();
                    let (key, value) = (text("key"), text("value"));
                    if !world.add_tag(Tag { of, key: key.clone(), value, owner }) {
                        let uuid = world.uuid_of(of).unwrap_or_default();
                        return Err(ApiError::runtime(format!(
                            "tag {key} already on {} with id {uuid}",
                            type_word(of.kind)
                        )));
                    }
                }
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteTags",
        events: Some(EventTexts {
            scheduled: "Deleting tags",
            action: "deleting resource tags",
            created: None,
        }),
        run: |world, caller, arguments| {
            let filters = arguments.grouped("tags");
            let mut removed = false;
            for of in things(world, *caller, arguments)? {
                removed |= world.remove_tags(of, &filters);
            }
            if removed { Ok(Reply::SUCCESS) } else { Err(ApiError::api(530, "Failed to delete tags")) }
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listTags",
        run: |world, caller, arguments| {
            let scope = listing::scope(world, *caller, arguments)?;
            let (key, value) = (arguments.filled("key"), arguments.filled("value"));
            let (word, resource) = (arguments.filled("resourcetype"), arguments.filled("resourceid"));
            let matches: Vec<Object> = world
                .tags
                .iter()
                .filter(|tag| scope.covers(world, tag.owner))
                .filter(|tag| word.is_none_or(|word| type_word(tag.of.kind).eq_ignore_ascii_case(word)))
                .filter(|tag| {
                    let uuid = world.uuid_of(tag.of).map(|uuid| uuid.to_string());
                    resource.is_none_or(|resource| uuid.as_deref() == Some(resource))
                })
                .filter(|tag| key.is_none_or(|key| tag.key == key))
                .filter(|tag| value.is_none_or(|value| tag.value == value))
                .filter(|tag| listing::keyword_matches(arguments, &[&tag.key, &tag.value]))
                .map(|tag| view::tag(world, tag))
                .collect();
            listing::page(world, arguments, matches, |tag| tag)
        },
        ..Behaviour::PLAIN
    },
];

/// The word for a kind as `resourcetype`.
#[must_use]
pub(in crate::api) fn type_word(kind: Kind) -> &'static str {
    match kind {
        Kind::VirtualMachine => "UserVm",
        Kind::Address => "PublicIpAddress",
        other => other.type_name(),
    }
}

/// The things that a command names, within the caller's reach.
fn things(world: &World, caller: Caller, arguments: &Arguments) -> Result<Vec<Handle>, ApiError> {
    let word = arguments.required("resourcetype");
    let kind = Kind::ALL.iter().copied().find(|kind| type_word(*kind).eq_ignore_ascii_case(word));
    let kind = kind.ok_or_else(|| ApiError::invalid(format!("Invalid resource type: {word}")))?;
    let mut things = Vec::new();
    for text in arguments.texts("resourceids") {
        let found = uuid::Uuid::try_parse(text).ok().and_then(|uuid| world.find(uuid));
        let Some(of) = found.filter(|of| of.kind == kind && world.uuid_of(*of).is_some()) else {
            return Err(ApiError::invalid(format!("Unable to find resource by id {text} and type {word}")));
        };
        if !access::may(world, caller, of, false) {
            return Err(ApiError::permission(
                "Caller does not have permission to operate with provided resource.",
            ));
        }
        things.push(of);
    }
    Ok(things)
}
