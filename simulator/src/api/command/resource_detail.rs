//! Details of things: keys and values that are hung on them one by one.

use super::tag::{kind_of, thing, type_word};
use super::{Behaviour, EventTexts};
use crate::api::{access, listing};
use crate::reply::{Object, Reply};
use crate::world::resource::ResourceDetail;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "addResourceDetail",
        events: Some(EventTexts {
            scheduled: "adding details to the resource ",
            action: "creating resource meta data",
            created: None,
        }),
        run: |world, caller, arguments| {
            let of =
                thing(world, *caller, arguments.required("resourceid"), arguments.required("resourcetype"))?;
            let display = arguments.maybe_flag("fordisplay").unwrap_or(true);
            for group in arguments.grouped("details") {
                let text = |name: &str| group.get(name).cloned().unwrap_or_default();
                world.set_detail(ResourceDetail { of, key: text("key"), value: text("value"), display });
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeResourceDetail",
        events: Some(EventTexts {
            scheduled: "Removing detail to the volume.",
            action: "deleting resource meta data",
            created: None,
        }),
        run: |world, caller, arguments| {
            let of =
                thing(world, *caller, arguments.required("resourceid"), arguments.required("resourcetype"))?;
            world.remove_details(of, arguments.filled("key"));
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listResourceDetails",
        run: |world, caller, arguments| {
            let word = arguments.required("resourcetype");
            let kind = kind_of(word)?;
            let of = match arguments.filled("resourceid") {
                Some(id) => Some(thing(world, *caller, id, word)?),
                None => None,
            };
            let (key, value) = (arguments.filled("key"), arguments.filled("value"));
            // Only administrators ask for what is not for display.
            let display = arguments.maybe_flag("fordisplay");
            let mut matches = world.details_of(kind);
            matches.retain(|detail| {
                of.is_none_or(|of| of == detail.of)
                    && access::may(world, *caller, detail.of, false)
                    && key.is_none_or(|key| key == detail.key)
                    && value.is_none_or(|value| value == detail.value)
                    && display.is_none_or(|display| display == detail.display)
                    && (detail.display || caller.is_root_admin())
            });
            listing::page(world, arguments, matches, |detail| {
                Object::new()
                    .with("resourceid", world.uuid_of(detail.of))
                    .with("resourcetype", type_word(kind))
                    .with("key", &detail.key)
                    .with("value", &detail.value)
                    .with("fordisplay", detail.display)
            })
        },
        ..Behaviour::PLAIN
    },
];
