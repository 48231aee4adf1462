//! Icons of things. Lists show them where `showicon` asks for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::tag::{things, type_word};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::reply::{Object, Reply};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "uploadResourceIcon",
        events: Some(EventTexts { scheduled: "", action: "uploading Resource Icon", created: None }),
        run: |world, caller, arguments| {
            let image = arguments.required("base64image");
            if !is_image(image) {
                return Err(ApiError::api(530, "Invalid image uploaded"));
            }
            let image = image.to_owned();
            for of in things(world, *caller, arguments)? {
                if let Some(uuid) = world.uuid_of(of) {
                    world.icons.insert(uuid, (of, image.clone()));
                }
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteResourceIcon",
        events: Some(EventTexts { scheduled: "", action: "deleting Resource Icon", created: None }),
        run: |world, caller, arguments| {
            let mut removed = false;
            for of in things(world, *caller, arguments)? {
                if let Some(uuid) = world.uuid_of(of) {
                    removed |= world.icons.remove(&uuid).is_some();
                }
            }
            if removed {
                Ok(Reply::SUCCESS)
            } else {
                Err(ApiError::api(530, "Failed to delete resource image"))
            }
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listResourceIcon",
        run: |world, caller, arguments| {
            let found = things(world, *caller, arguments)?.into_iter().filter_map(|of| {
                let uuid = world.uuid_of(of)?;
                let (of, image) = world.icons.get(&uuid)?;
                Some(
                    Object::new()
                        .with("resourcetype", type_word(of.kind))
                        .with("resourceid", uuid)
                        .with("base64image", image),
                )
            });
            Ok(Reply::all(found.collect()))
        },
        ..Behaviour::PLAIN
    },
];

/// Whether a text is an image in base64: the beginning and the end of a format that browsers show.
fn is_image(text: &str) -> bool {
    const FORMATS: [(&[u8], &[u8]); 3] =
        [(b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"), (b"GIF8", b";"), (b"\xff\xd8\xff", b"\xff\xd9")];
    let Ok(bytes) = STANDARD.decode(text) else { return false };
    FORMATS.iter().any(|(start, end)| {
        bytes.len() > start.len() + end.len() && bytes.starts_with(start) && bytes.ends_with(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_image_is_none() {
        let whole = [&b"\x89PNG\r\n\x1a\n"[..], b"....", b"IEND\xaeB`\x82"].concat();
        assert!(is_image(&STANDARD.encode(&whole)));
        assert!(!is_image("iVBORw0KGgo=") && !is_image("") && !is_image("?"));
    }
}
