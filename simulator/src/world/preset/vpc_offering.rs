//! The VPC offerings of an installation, in the order of their lists.

use uuid::Uuid;

use crate::world::World;
use crate::world::vpc::VpcOffering;

/// The services of a VPC whose router does everything.
const ROUTER: &[(&str, &[&str])] = &[
    ("Dhcp", &["VpcVirtualRouter"]),
    ("Dns", &["VpcVirtualRouter"]),
    ("UserData", &["VpcVirtualRouter"]),
    ("StaticNat", &["VpcVirtualRouter"]),
    ("Vpn", &["VpcVirtualRouter"]),
    ("Lb", &["InternalLbVm", "VpcVirtualRouter"]),
    ("PortForwarding", &["VpcVirtualRouter"]),
    ("NetworkACL", &["VpcVirtualRouter"]),
    ("SourceNat", &["VpcVirtualRouter"]),
];

/// The same with another load balancer.
const NETSCALER: &[(&str, &[&str])] = &[
    ("Dhcp", &["VpcVirtualRouter"]),
    ("Dns", &["VpcVirtualRouter"]),
    ("UserData", &["VpcVirtualRouter"]),
    ("StaticNat", &["VpcVirtualRouter"]),
    ("Vpn", &["VpcVirtualRouter"]),
    ("Lb", &["InternalLbVm", "Netscaler"]),
    ("PortForwarding", &["VpcVirtualRouter"]),
    ("NetworkACL", &["VpcVirtualRouter"]),
    ("SourceNat", &["VpcVirtualRouter"]),
];

/// An outside controller translates addresses.
const NSX_NATTED: &[(&str, &[&str])] = &[
    ("Dhcp", &["VpcVirtualRouter"]),
    ("Dns", &["VpcVirtualRouter"]),
    ("UserData", &["VpcVirtualRouter"]),
    ("StaticNat", &["Nsx"]),
    ("Vpn", &["Nsx"]),
    ("Lb", &["Nsx"]),
    ("PortForwarding", &["Nsx"]),
    ("NetworkACL", &["Nsx"]),
    ("SourceNat", &["Nsx"]),
];

/// An outside controller routes.
const NSX_ROUTED: &[(&str, &[&str])] = &[
    ("Dhcp", &["VpcVirtualRouter"]),
    ("Dns", &["VpcVirtualRouter"]),
    ("UserData", &["VpcVirtualRouter"]),
    ("NetworkACL", &["Nsx"]),
    ("SourceNat", &["Nsx"]),
];

/// Another outside controller routes.
const NETRIS_ROUTED: &[(&str, &[&str])] = &[
    ("Dhcp", &["VpcVirtualRouter"]),
    ("Dns", &["VpcVirtualRouter"]),
    ("UserData", &["VpcVirtualRouter"]),
    ("NetworkACL", &["Netris"]),
    ("SourceNat", &["Netris"]),
];

/// Another outside controller translates addresses.
const NETRIS_NATTED: &[(&str, &[&str])] = &[
    ("Dhcp", &["VpcVirtualRouter"]),
    ("Dns", &["VpcVirtualRouter"]),
    ("UserData", &["VpcVirtualRouter"]),
    ("StaticNat", &["Netris"]),
    ("Vpn", &["VpcVirtualRouter"]),
    ("Lb", &["Netris"]),
    ("PortForwarding", &["Netris"]),
    ("NetworkACL", &["Netris"]),
    ("SourceNat", &["Netris"]),
];

/// A row: name, services, network mode.
type Row = (&'static str, &'static [(&'static str, &'static [&'static str])], Option<&'static str>);

const ROWS: [Row; 7] = [
    ("Default VPC offering", ROUTER, None),
    ("Default VPC  offering with Netscaler", NETSCALER, None),
    ("Redundant VPC offering", ROUTER, None),
    ("VPC offering with NSX - NAT Mode", NSX_NATTED, Some("NATTED")),
    ("VPC offering with NSX - Route Mode", NSX_ROUTED, Some("ROUTED")),
    ("VPC offering with Netris - Route Mode", NETRIS_ROUTED, Some("ROUTED")),
    ("VPC offering with Netris - NAT Mode", NETRIS_NATTED, Some("NATTED")),
];

/// Adds them.
pub(super) fn install(world: &mut World) {
    for (name, services, mode) in ROWS {
        let pairs = services.iter().flat_map(|(service, providers)| {
            providers.iter().map(|provider| ((*service).to_owned(), (*provider).to_owned()))
        });
        let created = world.now;
        world.add_vpc_offering(VpcOffering {
            uuid: Uuid::nil(),
            name: name.to_owned(),
            display_text: name.to_owned(),
            services: pairs.collect(),
            network_mode: mode.map(str::to_owned),
            for_nsx: name.contains("NSX"),
            is_default: matches!(name, "Default VPC offering" | "Redundant VPC offering"),
            enabled: true,
            redundant: name == "Redundant VPC offering",
            sort_key: 0,
            created,
        });
    }
}
