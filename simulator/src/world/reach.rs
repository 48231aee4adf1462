//! Who may order an offering, and where: the domains and the zones that it is for.

use serde::{Deserialize, Serialize};

use super::World;
use super::table::Id;

/// The domains and zones of an offering; none means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// Its domains, each with all below it, in the order in which they were named.
    pub domains: Vec<Id>,
    /// Its zones.
    pub zones: Vec<Id>,
}

impl Reach {
    /// Whether it is for a zone.
    #[must_use]
    pub fn covers_zone(&self, zone: Id) -> bool {
        self.zones.is_empty() || self.zones.contains(&zone)
    }
}

impl World {
    /// Domains without those that are below another of them.
    #[must_use]
    pub fn topmost(&self, domains: &[Id]) -> Vec<Id> {
        let is_below = |id: Id| domains.iter().any(|above| *above != id && self.is_within(id, *above));
        domains.iter().copied().filter(|id| !is_below(*id)).collect()
    }

    /// Whether an offering is for a domain.
    #[must_use]
    pub fn is_for_domain(&self, reach: &Reach, domain: Id) -> bool {
        reach.domains.is_empty() || reach.domains.iter().any(|above| self.is_within(domain, *above))
    }

    /// Whether an offering is for some domain below this one.
    #[must_use]
    pub fn is_for_domain_below(&self, reach: &Reach, domain: Id) -> bool {
        reach.domains.iter().any(|below| self.is_within(*below, domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::account::ROOT_DOMAIN;
    use crate::world::clock::Moment;
    use crate::world::preset;

    #[test]
    fn a_domain_brings_those_below_it() {
        let (_, text) = preset::NAMED[0];
        let mut world = preset::build("demo", text, 7, Moment(0)).expect("the demo world is valid");
        let above = world.add_domain("above", Some(ROOT_DOMAIN), None);
        let below = world.add_domain("below", Some(above), None);
        let beside = world.add_domain("beside", Some(ROOT_DOMAIN), None);
        assert_eq!(world.topmost(&[below, beside, above]), [beside, above]);
        let reach = Reach { domains: vec![above], zones: vec![3] };
        assert!(world.is_for_domain(&reach, below) && !world.is_for_domain(&reach, beside));
        assert!(world.is_for_domain_below(&reach, ROOT_DOMAIN) && !world.is_for_domain_below(&reach, below));
        assert!(reach.covers_zone(3) && !reach.covers_zone(4));
        assert!(Reach::default().covers_zone(4) && world.is_for_domain(&Reach::default(), beside));
    }
}
