//! The form of a world file.

use std::net::Ipv4Addr;

use serde::Deserialize;

/// A world file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    #[serde(default)]
    pub(super) settings: std::collections::BTreeMap<String, String>,
    /// Whether `admin` has keys from the start.
    #[serde(default)]
    pub(super) admin_keys: bool,
    #[serde(default)]
    pub(super) templates: Vec<TemplatePlan>,
    #[serde(default)]
    pub(super) service_offerings: Vec<ServicePlan>,
    #[serde(default)]
    pub(super) disk_offerings: Vec<DiskPlan>,
    #[serde(default)]
    pub(super) zones: Vec<ZonePlan>,
    #[serde(default)]
    pub(super) domains: Vec<DomainPlan>,
    #[serde(default)]
    pub(super) accounts: Vec<AccountPlan>,
    #[serde(default)]
    pub(super) networks: Vec<NetworkPlan>,
    #[serde(default)]
    pub(super) machines: Vec<MachinePlan>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplatePlan {
    pub(super) name: String,
    pub(super) os: String,
    #[serde(default = "two_gibibytes")]
    pub(super) size: u64,
    pub(super) url: String,
    #[serde(default)]
    pub(super) password_enabled: bool,
    /// Whether the server makes its own machines from it.
    #[serde(default)]
    pub(super) system: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServicePlan {
    pub(super) name: String,
    pub(super) display_text: String,
    pub(super) cpu: u32,
    pub(super) speed: u32,
    pub(super) memory: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DiskPlan {
    pub(super) name: String,
    pub(super) display_text: String,
    pub(super) gibibytes: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "ZoneForm")]
pub(super) struct ZonePlan {
    pub(super) name: String,
    pub(super) dns: String,
    pub(super) physical_network: String,
    pub(super) secondary_storage: String,
    pub(super) pods: Vec<PodPlan>,
    pub(super) networking: Networking,
}

/// What networks a zone has.
#[derive(Debug)]
pub(super) enum Networking {
    /// Accounts have networks of their own.
    Advanced(AdvancedPlan),
    /// Everybody is in one network, apart by security groups.
    Basic(BasicPlan),
}

#[derive(Debug)]
pub(super) struct AdvancedPlan {
    pub(super) guest_cidr: String,
    pub(super) vlans: (u32, u32),
    pub(super) public_vlan: u32,
    pub(super) public_gateway: Ipv4Addr,
    pub(super) public_range: (Ipv4Addr, Ipv4Addr),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BasicPlan {
    pub(super) name: String,
    pub(super) gateway: Ipv4Addr,
    pub(super) range: (Ipv4Addr, Ipv4Addr),
}

/// A zone as it is written: with `guests`, of type Basic; without, of type Advanced.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneForm {
    name: String,
    dns: String,
    guest_cidr: Option<String>,
    physical_network: String,
    vlans: Option<(u32, u32)>,
    public_vlan: Option<u32>,
    public_gateway: Option<Ipv4Addr>,
    public_range: Option<(Ipv4Addr, Ipv4Addr)>,
    guests: Option<BasicPlan>,
    secondary_storage: String,
    pods: Vec<PodPlan>,
}

impl TryFrom<ZoneForm> for ZonePlan {
    type Error = String;

    fn try_from(form: ZoneForm) -> Result<Self, String> {
        let of_advanced =
            (form.guest_cidr, form.vlans, form.public_vlan, form.public_gateway, form.public_range);
        let networking = match (form.guests, of_advanced) {
            (Some(guests), (None, None, None, None, None)) => Networking::Basic(guests),
            (
                None,
                (Some(guest_cidr), Some(vlans), Some(public_vlan), Some(public_gateway), Some(public_range)),
            ) => Networking::Advanced(AdvancedPlan {
                guest_cidr,
                vlans,
                public_vlan,
                public_gateway,
                public_range,
            }),
            _ => {
                return Err(format!(
                    "zone {:?} needs either guests or all of guest_cidr, vlans, public_vlan, public_gateway and \
                     public_range",
                    form.name
                ));
            }
        };
        Ok(Self {
            name: form.name,
            dns: form.dns,
            physical_network: form.physical_network,
            secondary_storage: form.secondary_storage,
            pods: form.pods,
            networking,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PodPlan {
    pub(super) name: String,
    pub(super) gateway: Ipv4Addr,
    pub(super) range: (Ipv4Addr, Ipv4Addr),
    pub(super) clusters: Vec<ClusterPlan>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterPlan {
    pub(super) name: String,
    pub(super) hosts: Vec<Ipv4Addr>,
    pub(super) pools: Vec<PoolPlan>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoolPlan {
    pub(super) name: String,
    pub(super) server: String,
    pub(super) path: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DomainPlan {
    pub(super) path: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountPlan {
    pub(super) name: String,
    #[serde(default = "root_path")]
    pub(super) domain: String,
    pub(super) role: String,
    pub(super) password: String,
    #[serde(default)]
    pub(super) keys: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkPlan {
    pub(super) name: String,
    pub(super) account: String,
    pub(super) zone: String,
    pub(super) offering: String,
    pub(super) cidr: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MachinePlan {
    pub(super) name: String,
    pub(super) account: String,
    pub(super) zone: String,
    pub(super) template: String,
    pub(super) offering: String,
    pub(super) networks: Vec<String>,
    #[serde(default = "yes")]
    pub(super) running: bool,
    pub(super) user_data: Option<String>,
    /// GiB of a data volume.
    pub(super) data_disk: Option<u64>,
}

fn two_gibibytes() -> u64 {
    2 << 30
}

fn root_path() -> String {
    "/".to_owned()
}

fn yes() -> bool {
    true
}
