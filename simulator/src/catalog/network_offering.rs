//! The network offerings that every installation has.

use std::sync::OnceLock;

use serde::Deserialize;

/// A network offering that came with the installation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the wire")]
pub struct NetworkOfferingFact {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    #[serde(rename = "displaytext")]
    pub display_text: String,
    /// `Isolated`, `Shared` or `L2`.
    #[serde(rename = "guestiptype")]
    pub guest_type: String,
    /// `Optional` or `Required`.
    #[serde(default = "optional")]
    pub availability: String,
    /// The provider behind each service.
    pub services: Vec<(String, String)>,
    /// Whether the buyer names the VLAN.
    #[serde(default, rename = "specifyvlan")]
    pub specify_vlan: bool,
    /// Whether the buyer names address ranges.
    #[serde(default, rename = "specifyipranges")]
    pub specify_ranges: bool,
    /// Whether one address may serve several purposes.
    #[serde(default = "yes", rename = "conservemode")]
    pub conserve_mode: bool,
    /// Whether guests may reach out by default.
    #[serde(default, rename = "egressdefaultpolicy")]
    pub egress_allowed: bool,
    /// Whether it is for tiers of a VPC.
    #[serde(default, rename = "forvpc")]
    pub for_vpc: bool,
    /// Whether it balances load inside.
    #[serde(default, rename = "internallb")]
    pub internal_lb: bool,
    /// Whether NSX serves it.
    #[serde(default, rename = "fornsx")]
    pub for_nsx: bool,
    /// Whether Tungsten serves it.
    #[serde(default, rename = "fortungsten")]
    pub for_tungsten: bool,
    /// `NATTED` or `ROUTED`, where the provider knows both.
    #[serde(default, rename = "networkmode")]
    pub network_mode: Option<String>,
    /// Whether it may be ordered.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn optional() -> String {
    "Optional".to_owned()
}

fn yes() -> bool {
    true
}

/// All of them, in the order of their making.
///
/// # Panics
///
/// Never: a test reads the file.
#[must_use]
pub fn facts() -> &'static [NetworkOfferingFact] {
    static FACTS: OnceLock<Vec<NetworkOfferingFact>> = OnceLock::new();
    FACTS.get_or_init(|| {
        serde_json::from_str(include_str!("../../../fixtures/catalog/network-offerings.json"))
            .expect("fixtures/catalog/network-offerings.json has the form of this module")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offering_that_most_clients_ask_for_is_there() {
        let wanted = "DefaultIsolatedNetworkOfferingWithSourceNatService";
        assert!(facts().iter().any(|fact| fact.name == wanted && fact.enabled));
    }
}
