//! What the providers of network services can do.

use std::sync::OnceLock;

use serde::Deserialize;

/// One service of one provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceFact {
    /// The provider, `VirtualRouter`.
    pub provider: String,
    /// The service, `Dhcp`.
    pub service: String,
    /// What it can do, in the order of answers.
    pub capabilities: Vec<Capability>,
}

/// One thing that a service can do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether an offering may choose another value.
    pub choosable: bool,
}

/// All services, in the order in which networks show them.
///
/// # Panics
///
/// Never: a test reads the file.
#[must_use]
pub fn facts() -> &'static [ServiceFact] {
    static FACTS: OnceLock<Vec<ServiceFact>> = OnceLock::new();
    FACTS.get_or_init(|| {
        serde_json::from_str(include_str!("../../../fixtures/catalog/network-services.json"))
            .expect("fixtures/catalog/network-services.json has the form of this module")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_router_of_networks_and_that_of_tiers_are_both_known() {
        for provider in ["VirtualRouter", "VpcVirtualRouter"] {
            assert!(facts().iter().any(|fact| fact.provider == provider && fact.service == "Dhcp"));
        }
    }
}
