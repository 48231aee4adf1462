//! What is hung on things besides tags: details and icons.

use serde::{Deserialize, Serialize};

use super::World;
use super::kind::{Handle, Kind};

/// A detail of a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResourceDetail {
    /// The thing.
    pub of: Handle,
    /// The key, unique on the thing.
    pub key: String,
    /// The value.
    pub value: String,
    /// Whether users see it.
    pub display: bool,
}

impl World {
    /// Hangs a detail on a thing, in place of one with the same key. Those of a machine are its own.
    pub fn set_detail(&mut self, detail: ResourceDetail) {
        if detail.of.kind == Kind::VirtualMachine {
            if let Some(machine) = self.virtual_machines.get_mut(detail.of.id) {
                machine.details.retain(|(key, _)| *key != detail.key);
                machine.details.push((detail.key, detail.value));
            }
            return;
        }
        self.resource_details.retain(|other| other.of != detail.of || other.key != detail.key);
        self.resource_details.push_back(detail);
    }

    /// Takes a detail off a thing, or all of them.
    pub fn remove_details(&mut self, of: Handle, key: Option<&str>) {
        if of.kind == Kind::VirtualMachine
            && let Some(machine) = self.virtual_machines.get_mut(of.id)
        {
            machine.details.retain(|(other, _)| key.is_some_and(|key| key != other));
        }
        self.resource_details.retain(|other| other.of != of || key.is_some_and(|key| key != other.key));
    }

    /// The details of things of a kind, in the order in which they were hung on.
    #[must_use]
    pub fn details_of(&self, kind: Kind) -> Vec<ResourceDetail> {
        if kind != Kind::VirtualMachine {
            return self.resource_details.iter().filter(|detail| detail.of.kind == kind).cloned().collect();
        }
        let of_machine = |(id, machine): (_, &super::virtual_machine::VirtualMachine)| {
            let of = Handle { kind, id };
            let detail = |(key, value): &(String, String)| ResourceDetail {
                of,
                key: key.clone(),
                value: value.clone(),
                display: true,
            };
            machine.details.iter().map(detail).collect::<Vec<_>>()
        };
        self.virtual_machines.iter().flat_map(of_machine).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::Moment;

    #[test]
    fn a_second_value_of_a_key_takes_the_place_of_the_first() {
        let mut world = World::blank(7, Moment(0));
        let of = Handle { kind: Kind::Network, id: 1 };
        for value in ["b", "c"] {
            world.set_detail(ResourceDetail {
                of,
                key: "a".to_owned(),
                value: value.to_owned(),
                display: true,
            });
        }
        assert_eq!(world.details_of(Kind::Network).len(), 1);
        world.remove_details(of, Some("other"));
        assert_eq!(world.details_of(Kind::Network)[0].value, "c");
        world.remove_details(of, None);
        assert!(world.details_of(Kind::Network).is_empty());
    }
}
