//! Saved worlds: a world as one JSON text, and back.
//!
//! What follows from rows is not saved but made again (`saved/index.rs`), and what a file claims is checked before a
//! world is made of it (`saved/check.rs`). The form of the file is published in `fixtures/schema/world.json`. It holds
//! secrets: keys and stored passwords.

mod check;
pub(crate) mod form;
mod index;

use std::cmp::Ordering;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::kind::Handle;

/// What a saved world says that it is.
pub const FORMAT: &str = "cloudstack-simulator-world";
/// The version of the form. It changes when a file of today could not be read any more.
pub const VERSION: u32 = 2;

/// A saved world.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct File {
    /// What the file is: `cloudstack-simulator-world`.
    #[cfg_attr(test, schemars(extend("const" = FORMAT)))]
    format: String,
    /// The version of its form.
    #[cfg_attr(test, schemars(extend("const" = VERSION)))]
    version: u32,
    /// Identifiers that stand for something else than the row that has them: mostly those of removed things, which
    /// are told from unknown ones. With `null`, one that a row has and nobody knows.
    #[serde(with = "form::map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<Uuid, Option<Handle>>"))]
    identifiers: OrdMap<Uuid, Option<Handle>>,
    /// The world.
    world: World,
}

/// As much of a file as decides whether it can be read. Another version may have other members.
#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u64>,
}

/// Why a text is no saved world.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// It is no JSON object, or ends too early.
    #[error("this is no JSON object of a saved world: {0}")]
    Json(serde_json::Error),
    /// It says that it is something else, or nothing.
    #[error("the member \"format\" must be {FORMAT:?}, not {}", shown(.0.as_ref()))]
    Format(Option<String>),
    /// It is of another version.
    #[error("the member \"version\" must be {VERSION}, not {}{}", shown(.0.as_ref()), remedy(*.0))]
    Version(Option<u64>),
    /// Something in it cannot be.
    #[error("at {path}: {reason}")]
    Member {
        /// Where: `world.users.rows.3.account`.
        path: String,
        /// Why.
        reason: String,
    },
}

fn shown<T: std::fmt::Debug>(found: Option<&T>) -> String {
    found.map_or_else(|| "missing".to_owned(), |found| format!("{found:?}"))
}

fn remedy(version: Option<u64>) -> &'static str {
    match version.map(|version| version.cmp(&u64::from(VERSION))) {
        Some(Ordering::Greater) => ": a newer simulator wrote it, so read it with that one",
        Some(Ordering::Less) => {
            ": an older simulator wrote it, so read it with that one, or build the world anew"
        }
        Some(Ordering::Equal) | None => "",
    }
}

/// A world as text. The same world gives the same text.
#[must_use]
pub fn save(world: &World) -> String {
    let file = File {
        format: FORMAT.to_owned(),
        version: VERSION,
        identifiers: world.unlike_rows(),
        world: world.clone(),
    };
    let mut text =
        serde_json::to_string_pretty(&file).expect("every member of a world has a form that JSON can hold");
    text.push('\n');
    text
}

/// The world of a text that [`save`] wrote.
///
/// # Errors
///
/// The text is none, is of another version, or claims what cannot be: the message says where.
pub fn load(text: &str) -> Result<World, SavedError> {
    let head: Head = serde_json::from_str(text).map_err(SavedError::Json)?;
    if head.format.as_deref() != Some(FORMAT) {
        return Err(SavedError::Format(head.format));
    }
    if head.version != Some(u64::from(VERSION)) {
        return Err(SavedError::Version(head.version));
    }
    let reader = &mut serde_json::Deserializer::from_str(text);
    let file: File = serde_path_to_error::deserialize(reader).map_err(|error| SavedError::Member {
        path: error.path().to_string(),
        reason: error.inner().to_string(),
    })?;
    let mut world = file.world;
    check::references(&world)?;
    check::names(&world)?;
    check::numbers(&world)?;
    world.make_indexes(&file.identifiers)?;
    Ok(world)
}

#[cfg(test)]
mod tests;
