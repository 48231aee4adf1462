//! Tags: keys and values that owners put on things.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kind::Handle;
use super::{Owner, World};

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// The tagged thing.
    pub of: Handle,
    /// The key, unique on the thing.
    pub key: String,
    /// The value.
    pub value: String,
    /// Who tagged it.
    pub owner: Owner,
}

impl World {
    /// The tags of a thing, oldest first.
    pub fn tags_of(&self, of: Handle) -> impl Iterator<Item = &Tag> {
        self.tags.iter().filter(move |tag| tag.of == of)
    }

    /// Whether a thing has the `key` of a filter, with its `value` if there is one.
    #[must_use]
    pub fn has_tag(&self, of: Handle, filter: &BTreeMap<String, String>) -> bool {
        let (key, value) = (filter.get("key"), filter.get("value"));
        self.tags_of(of)
            .any(|tag| key.is_none_or(|key| *key == tag.key) && value.is_none_or(|value| *value == tag.value))
    }

    /// Tags a thing, unless it has the key already.
    pub fn add_tag(&mut self, tag: Tag) -> bool {
        if self.tags_of(tag.of).any(|other| other.key.eq_ignore_ascii_case(&tag.key)) {
            return false;
        }
        self.tags.push_back(tag);
        true
    }

    /// Takes the tags of a thing away that a filter names, or all; answers whether there were any.
    pub fn remove_tags(&mut self, of: Handle, filters: &[BTreeMap<String, String>]) -> bool {
        let before = self.tags.len();
        self.tags.retain(|tag| {
            let named = filters.iter().any(|filter| {
                filter.get("key") == Some(&tag.key)
                    && filter.get("value").is_none_or(|value| *value == tag.value)
            });
            tag.of != of || !(filters.is_empty() || named)
        });
        self.tags.len() < before
    }

    /// Forgets the tags of something that is gone.
    pub fn forget_tags(&mut self, of: Handle) {
        self.tags.retain(|tag| tag.of != of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::Moment;
    use crate::world::kind::Kind;

    #[test]
    fn a_key_is_unique_on_a_thing_and_removed_with_the_right_value_only() {
        let mut world = World::blank(7, Moment(0));
        let of = Handle { kind: Kind::VirtualMachine, id: 1 };
        let owner = Owner { account: 2, domain: 1 };
        let tag = Tag { of, key: "role".to_owned(), value: "web".to_owned(), owner };
        assert!(world.add_tag(tag.clone()));
        assert!(!world.add_tag(Tag { value: "db".to_owned(), ..tag }));
        let filter = |value: &str| {
            BTreeMap::from([("key".to_owned(), "role".to_owned()), ("value".to_owned(), value.to_owned())])
        };
        assert!(world.has_tag(of, &filter("web")));
        assert!(!world.remove_tags(of, &[filter("other")]));
        assert!(world.remove_tags(of, &[filter("web")]));
        assert_eq!(world.tags_of(of).count(), 0);
    }
}
