//! Physical networks: what traffic they carry and who serves it.

use crate::quirk::Quirk;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::kind::{Handle, Kind};
use super::saved::form::{Word, word};
use super::table::Id;
use super::{Owner, World};

/// A physical network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PhysicalNetwork {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: Id,
    /// The VLANs of guest networks: first and last of each range.
    pub vlans: Vec<(u32, u32)>,
    /// Whether it is in use.
    pub enabled: bool,
    /// What keeps its networks apart.
    pub isolation: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its speed, as told.
    pub speed: Option<String>,
}

impl PhysicalNetwork {
    /// The VLANs as texts show them: `100-200,202-203`.
    #[must_use]
    pub fn vlan_text(&self) -> Option<String> {
        let ranges: Vec<String> = self.vlans.iter().map(|(first, last)| format!("{first}-{last}")).collect();
        (!ranges.is_empty()).then(|| ranges.join(","))
    }
}

/// A kind of traffic on a physical network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TrafficType {
    /// Its identifier.
    pub uuid: Uuid,
    /// `Guest`, `Public`, `Management`, `Storage`.
    pub name: String,
    /// Its physical network.
    pub physical_network: Id,
    /// The names of bridges by hypervisor, under the names of their parameters.
    #[serde(deserialize_with = "word::pairs")]
    pub labels: Vec<(Word, String)>,
}

/// Who serves the networks of a physical network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceProvider {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name, `VirtualRouter`.
    pub name: String,
    /// Its physical network.
    pub physical_network: Id,
    /// Whether it serves.
    pub enabled: bool,
    /// What it can do.
    pub services: Vec<String>,
    /// The router or balancer behind it, and whether that is switched on.
    pub element: Option<(Uuid, bool)>,
}

/// VLANs that only one account's networks get.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DedicatedVlans {
    /// Its identifier.
    pub uuid: Uuid,
    /// Whose they are.
    pub owner: Owner,
    /// Their physical network.
    pub physical_network: Id,
    /// The first and the last.
    pub range: (u32, u32),
}

/// The providers that are known, with what each can do, in the order of upstream's lists.
pub const PROVIDERS: &[(&str, &[&str])] = &[
    (
        "VirtualRouter",
        &[
            "Vpn",
            "Dhcp",
            "Dns",
            "Gateway",
            "Firewall",
            "Lb",
            "SourceNat",
            "StaticNat",
            "PortForwarding",
            "UserData",
        ],
    ),
    ("SecurityGroupProvider", &["SecurityGroup"]),
    (
        "VpcVirtualRouter",
        &["Vpn", "Dhcp", "Dns", "Gateway", "Lb", "SourceNat", "StaticNat", "PortForwarding", "UserData"],
    ),
    ("BaremetalDhcpProvider", &["Dhcp"]),
    ("BaremetalPxeProvider", &[]),
    ("BaremetalUserdataProvider", &["UserData"]),
    ("InternalLbVm", &["Lb"]),
    ("ConfigDrive", &["Dhcp", "Dns", "UserData"]),
    // These are added by hand.
    ("Netscaler", &["Firewall", "Lb", "StaticNat"]),
    ("Ovs", &["Lb", "SourceNat", "StaticNat", "PortForwarding"]),
];

/// How many of the known providers every physical network has from the start.
const BUILT_IN: usize = 8;

/// The kind of thing behind a provider, if it is one of the server's own machines.
#[must_use]
pub fn element_kind(provider: &str) -> Option<Kind> {
    match provider {
        "VirtualRouter" | "VpcVirtualRouter" => Some(Kind::VirtualRouterElement),
        "InternalLbVm" => Some(Kind::InternalBalancerElement),
        _ => None,
    }
}

impl World {
    /// Adds a physical network that is not in use yet, with the providers that every one has (GRA-010).
    pub fn add_physical_network(&mut self, zone: Id, name: &str) -> Id {
        let uuid = self.name_row(Kind::PhysicalNetwork, self.physical_networks.next_id());
        let id = self.physical_networks.insert(PhysicalNetwork {
            uuid,
            name: name.to_owned(),
            zone,
            vlans: Vec::new(),
            enabled: false,
            isolation: "VLAN".to_owned(),
            tags: Vec::new(),
            speed: None,
        });
        let built_in = if self.sins(Quirk::PhysicalNetworksAreEmpty) { 0 } else { BUILT_IN };
        for (name, services) in PROVIDERS.iter().take(built_in) {
            let services = services.iter().map(|service| (*service).to_owned()).collect();
            self.add_service_provider(id, name, services);
        }
        id
    }

    /// Adds a kind of traffic.
    pub fn add_traffic_type(
        &mut self,
        physical_network: Id,
        name: &str,
        labels: Vec<(&'static str, String)>,
    ) -> Id {
        let uuid = self.name_row(Kind::TrafficType, self.traffic_types.next_id());
        self.traffic_types.insert(TrafficType { uuid, name: name.to_owned(), physical_network, labels })
    }

    /// Adds a provider that does not serve yet.
    pub fn add_service_provider(&mut self, physical_network: Id, name: &str, services: Vec<String>) -> Id {
        let uuid = self.name_row(Kind::ServiceProvider, self.service_providers.next_id());
        let id = self.service_providers.next_id();
        let element = element_kind(name).map(|kind| {
            let uuid = self.ids.uuid();
            self.index.insert(uuid, Handle { kind, id });
            (uuid, false)
        });
        self.service_providers.insert(ServiceProvider {
            uuid,
            name: name.to_owned(),
            physical_network,
            enabled: false,
            services,
            element,
        })
    }

    /// Switches a physical network on for everything that a zone with routers needs.
    pub fn open_physical_network(&mut self, id: Id, vlans: (u32, u32)) {
        if let Some(row) = self.physical_networks.get_mut(id) {
            row.vlans = vec![vlans];
        }
        self.open(id, &["Guest", "Management", "Public"], |provider| provider.element.is_some());
    }

    /// Switches a physical network on for a zone of type Basic: one guest network, security groups, nothing public.
    pub fn open_basic_physical_network(&mut self, id: Id) {
        if let Some(row) = self.physical_networks.get_mut(id) {
            "L3".clone_into(&mut row.isolation);
        }
        self.open(id, &["Guest", "Management"], |provider| {
            ["VirtualRouter", "SecurityGroupProvider"].contains(&provider.name.as_str())
        });
    }

    /// Switches a physical network on with this traffic and these of its providers.
    fn open(&mut self, id: Id, traffic: &[&str], serves: impl Fn(&ServiceProvider) -> bool) {
        if let Some(row) = self.physical_networks.get_mut(id) {
            row.enabled = true;
        }
        for name in traffic {
            self.add_traffic_type(id, name, Vec::new());
        }
        let providers = self.service_providers.iter().filter(|(_, row)| row.physical_network == id);
        let serving: Vec<Id> =
            providers.filter(|(_, row)| serves(row)).map(|(provider, _)| provider).collect();
        for provider in serving {
            if let Some(row) = self.service_providers.get_mut(provider) {
                row.enabled = true;
                row.element = row.element.map(|(uuid, _)| (uuid, true));
            }
        }
    }

    /// Removes a physical network with what belongs to it.
    pub fn remove_physical_network(&mut self, id: Id) {
        let traffic: Vec<Id> = self.traffic_types_of(id).map(|(traffic, _)| traffic).collect();
        for traffic in traffic {
            self.traffic_types.remove(traffic);
        }
        let providers: Vec<Id> = self
            .service_providers
            .iter()
            .filter(|(_, row)| row.physical_network == id)
            .map(|(provider, _)| provider)
            .collect();
        for provider in providers {
            self.service_providers.remove(provider);
        }
        let dedicated: Vec<Id> = self
            .dedicated_vlans
            .iter()
            .filter(|(_, row)| row.physical_network == id)
            .map(|(dedicated, _)| dedicated)
            .collect();
        for dedicated in dedicated {
            self.dedicated_vlans.remove(dedicated);
        }
        self.physical_networks.remove(id);
    }

    /// What traffic a physical network carries.
    pub fn traffic_types_of(&self, physical_network: Id) -> impl Iterator<Item = (Id, &TrafficType)> {
        self.traffic_types.iter().filter(move |(_, row)| row.physical_network == physical_network)
    }

    /// The physical network of a zone that carries a kind of traffic.
    #[must_use]
    pub fn physical_network_for(&self, zone: Id, traffic: &str) -> Option<Id> {
        self.physical_networks
            .iter()
            .filter(|(_, row)| row.zone == zone)
            .find(|(id, _)| self.traffic_types_of(*id).any(|(_, row)| row.name == traffic))
            .map(|(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::Moment;

    #[test]
    fn a_new_physical_network_has_providers_that_do_not_serve() {
        let mut world = World::blank(7, Moment(0));
        let id = world.add_physical_network(1, "physical");
        assert!(world.service_providers.iter().all(|(_, row)| !row.enabled));
        let names: Vec<&str> = world.service_providers.iter().map(|(_, row)| row.name.as_str()).collect();
        assert!(names.contains(&"VirtualRouter") && !names.contains(&"Netscaler"));
        world.open_physical_network(id, (100, 200));
        assert_eq!(world.physical_network_for(1, "Guest"), Some(id));
        assert_eq!(
            world.physical_networks.get(id).and_then(PhysicalNetwork::vlan_text).as_deref(),
            Some("100-200")
        );
        world.remove_physical_network(id);
        assert!(world.service_providers.is_empty() && world.traffic_types.is_empty());
    }
}
