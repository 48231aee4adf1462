//! Annotations: remarks that users put on things.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::clock::Moment;
use super::saved::form::{Word, word};
use super::table::Id;

/// A remark.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Annotation {
    /// Its identifier.
    pub uuid: Uuid,
    /// What it says.
    pub text: String,
    /// The word for the kind of thing, `ZONE`.
    #[serde(deserialize_with = "word::deserialize")]
    pub entity_type: Word,
    /// The identifier of the thing.
    pub entity: Uuid,
    /// Who wrote it.
    pub user: Id,
    /// Whether only administrators see it.
    pub admins_only: bool,
    /// When it was written.
    pub created: Moment,
}

impl World {
    /// Writes a remark down.
    pub fn annotate(
        &mut self,
        entity_type: &'static str,
        entity: Uuid,
        text: &str,
        user: Id,
        admins_only: bool,
    ) -> Id {
        let uuid = self.ids.uuid();
        let created = self.now;
        let text = text.to_owned();
        self.annotations.insert(Annotation { uuid, text, entity_type, entity, user, admins_only, created })
    }

    /// Whether a thing has remarks, and whether it has some that everybody sees.
    #[must_use]
    pub fn has_annotations(&self, entity: Uuid) -> (bool, bool) {
        self.annotations
            .iter()
            .filter(|(_, row)| row.entity == entity)
            .fold((false, false), |(_, public), (_, row)| (true, public || !row.admins_only))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_remark_shows_to_administrators_alone() {
        let mut world = World::blank(7, Moment(0));
        let entity = Uuid::from_u128(1);
        assert_eq!(world.has_annotations(entity), (false, false));
        world.annotate("ZONE", entity, "a", 2, true);
        assert_eq!(world.has_annotations(entity), (true, false));
        world.annotate("ZONE", entity, "b", 2, false);
        assert_eq!(world.has_annotations(entity), (true, true));
    }
}
