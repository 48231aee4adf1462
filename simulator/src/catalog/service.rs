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

/// A service that networks may have, whoever provides it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupportedService {
    /// The service, `Dhcp`.
    pub service: String,
    /// Who can provide it.
    pub providers: Vec<Provider>,
    /// What it can do in general.
    pub capabilities: Vec<GeneralCapability>,
}

/// Somebody who provides a service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The name, `VirtualRouter`.
    pub name: String,
    /// Whether its services can be switched on one by one.
    pub individual: bool,
}

/// One thing that a service can do, whoever provides it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneralCapability {
    /// Its name.
    pub name: String,
    /// Whether an offering may choose another value.
    pub choosable: bool,
}

/// The services that the server supports, in the order of answers.
///
/// # Panics
///
/// Never: a test reads the file.
#[must_use]
pub fn supported() -> &'static [SupportedService] {
    static SUPPORTED: OnceLock<Vec<SupportedService>> = OnceLock::new();
    SUPPORTED.get_or_init(|| {
        serde_json::from_str(include_str!("../../../fixtures/catalog/supported-network-services.json"))
            .expect("fixtures/catalog/supported-network-services.json has the form of this module")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_router_of_networks_and_that_of_tiers_are_both_known() {
        for provider in ["VirtualRouter", "VpcVirtualRouter"] {
            assert!(facts().iter().any(|fact| fact.provider == provider && fact.service == "Dhcp"));
            let dhcp = supported().iter().find(|row| row.service == "Dhcp").expect("a known service");
            assert!(dhcp.providers.iter().any(|row| row.name == provider));
        }
    }

    #[test]
    fn every_service_of_the_router_is_supported() {
        for fact in facts() {
            assert!(supported().iter().any(|one| one.service == fact.service), "{}", fact.service);
        }
    }
}
