//! Tags on things.

use std::collections::BTreeMap;

use super::{Behaviour, EventTexts};
use crate::api::access;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::api::view;
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::firewall::Purpose;
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
            let mut tags = arguments.grouped("tags");
            if world.sins(Quirk::TagsAreMerged) {
                let pair =
                    |(key, value)| BTreeMap::from([("key".to_owned(), key), ("value".to_owned(), value)]);
                tags = arguments.merged("tags").into_iter().map(pair).collect();
            }
            // The job itself stumbles over a key without a value, and has no words for it (API-PAR-004).
            let needs_value = !world.sins(Quirk::TagsNeedNoValue);
            if needs_value && tags.iter().any(|tag| !tag.contains_key("value")) {
                return Err(ApiError { text: None, ..ApiError::runtime("") });
            }
            for of in things(world, *caller, arguments)? {
                let owner = access::owner(world, of).unwrap_or_else(|| caller.owner());
                for tag in &tags {
                    let text = |name: &str| tag.get(name).cloned().unwrap_or_default();
                    let (key, value) = (text("key"), text("value"));
                    let is_new = world.add_tag(Tag { of, key: key.clone(), value, owner });
                    if !is_new && !world.sins(Quirk::TagsAreReplaced) {
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
            let mut removed = world.sins(Quirk::AbsentTagsAreDeleted);
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
                .filter(|tag| word.is_none_or(|word| tag_word(world, tag.of).eq_ignore_ascii_case(word)))
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
        Kind::NetworkAcl => "NetworkACLList",
        Kind::NetworkAclItem => "NetworkACL",
        Kind::CustomerGateway => "CustomerGateway",
        other => other.type_name(),
    }
}

/// The word for a thing as the `resourcetype` of a tag: rules are called by what they are for.
#[must_use]
pub(in crate::api) fn tag_word(world: &World, of: Handle) -> &'static str {
    let rule = world.firewall_rules.get(of.id).filter(|_| of.kind == Kind::FirewallRule);
    rule.and_then(|rule| purpose_word(rule.purpose)).unwrap_or_else(|| type_word(of.kind))
}

/// What a rule is called where there is a word of its own for its purpose.
fn purpose_word(purpose: Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::PortForwarding => Some("PortForwardingRule"),
        Purpose::LoadBalancing => Some("LoadBalancer"),
        _ => None,
    }
}

/// The kind for a word.
pub(super) fn kind_of(word: &str) -> Result<Kind, ApiError> {
    let is_rule = [Purpose::PortForwarding, Purpose::LoadBalancing]
        .into_iter()
        .filter_map(purpose_word)
        .any(|name| name.eq_ignore_ascii_case(word));
    if is_rule {
        return Ok(Kind::FirewallRule);
    }
    let kind = Kind::ALL.iter().copied().find(|kind| type_word(*kind).eq_ignore_ascii_case(word));
    kind.ok_or_else(|| ApiError::invalid(format!("Invalid resource type {word}")))
}

/// The things that a command names by `resourceids` and `resourcetype`, within the caller's reach.
pub(super) fn things(world: &World, caller: Caller, arguments: &Arguments) -> Result<Vec<Handle>, ApiError> {
    let word = arguments.required("resourcetype");
    if let Err(error) = kind_of(word) {
        let is_internal = world.sins(Quirk::TagsOfUnknownTypesAre530);
        return Err(if is_internal { ApiError::runtime("Failed to create tags") } else { error });
    }
    arguments.texts("resourceids").iter().map(|id| thing(world, caller, id, word)).collect()
}

/// The thing of an identifier and a word for its kind, within the caller's reach.
pub(super) fn thing(world: &World, caller: Caller, id: &str, word: &str) -> Result<Handle, ApiError> {
    let kind = kind_of(word)?;
    let found = uuid::Uuid::try_parse(id).ok().and_then(|uuid| world.find(uuid));
    let Some(of) = found.filter(|of| of.kind == kind && world.uuid_of(*of).is_some()) else {
        return Err(ApiError::invalid(format!("Unable to find resource by uuid {id} and type {word}")));
    };
    access::require(world, caller, of).map(|()| of)
}
