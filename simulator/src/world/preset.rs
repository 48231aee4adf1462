//! Starting worlds: what an installation brings, and what a world file adds to it.
//!
//! The named worlds are world files too, in `fixtures/world/`; a file of your own has the same
//! form.

use std::net::Ipv4Addr;
use std::sync::Arc;

use serde::Deserialize;
use uuid::Uuid;

use super::World;
use super::account::{ADMIN, AccountType, NewAccount, NewUser, ROOT_DOMAIN, SYSTEM};
use super::clock::Moment;
use super::job::{Job, Progress};
use super::kind::Kind;
use super::network::{NewNetwork, Subnet};
use super::offering::{GuestType, NetworkOffering, NewServiceOffering};
use super::table::Id;
use super::template::Template;
use super::virtual_machine::NewMachine;
use crate::catalog::RoleType;

/// The worlds that have a name.
pub const NAMED: &[(&str, &str)] = &[
    ("demo", include_str!("../../../fixtures/world/demo.toml")),
    ("empty", include_str!("../../../fixtures/world/empty.toml")),
    ("advdualzone", include_str!("../../../fixtures/world/advdualzone.toml")),
];

/// Why a world could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// Not the form of a world file.
    #[error("could not read the world {name}: {reason}")]
    Form {
        /// The world's name or file.
        name: String,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// A name that nothing in the file has.
    #[error("could not build the world {name}: {what} {missing:?} is named but nowhere defined")]
    Missing {
        /// The world's name or file.
        name: String,
        /// The kind of thing.
        what: &'static str,
        /// The name.
        missing: String,
    },
    /// A setting that the simulator does not know.
    #[error("could not build the world {name}: {source}")]
    Setting {
        /// The world's name or file.
        name: String,
        /// Which.
        source: super::setting::UnknownSetting,
    },
}

/// A world file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    #[serde(default)]
    settings: std::collections::BTreeMap<String, String>,
    /// Whether `admin` has keys from the start.
    #[serde(default)]
    admin_keys: bool,
    #[serde(default)]
    templates: Vec<TemplatePlan>,
    #[serde(default)]
    service_offerings: Vec<ServicePlan>,
    #[serde(default)]
    disk_offerings: Vec<DiskPlan>,
    #[serde(default)]
    zones: Vec<ZonePlan>,
    #[serde(default)]
    domains: Vec<DomainPlan>,
    #[serde(default)]
    accounts: Vec<AccountPlan>,
    #[serde(default)]
    networks: Vec<NetworkPlan>,
    #[serde(default)]
    machines: Vec<MachinePlan>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplatePlan {
    name: String,
    os: String,
    #[serde(default = "two_gibibytes")]
    size: u64,
    url: String,
    #[serde(default)]
    password_enabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServicePlan {
    name: String,
    display_text: String,
    cpu: u32,
    speed: u32,
    memory: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DiskPlan {
    name: String,
    display_text: String,
    gibibytes: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ZonePlan {
    name: String,
    dns: String,
    guest_cidr: String,
    physical_network: String,
    vlans: (u32, u32),
    public_vlan: u32,
    public_gateway: Ipv4Addr,
    public_range: (Ipv4Addr, Ipv4Addr),
    secondary_storage: String,
    pods: Vec<PodPlan>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PodPlan {
    name: String,
    gateway: Ipv4Addr,
    range: (Ipv4Addr, Ipv4Addr),
    clusters: Vec<ClusterPlan>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterPlan {
    name: String,
    hosts: Vec<Ipv4Addr>,
    pools: Vec<PoolPlan>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PoolPlan {
    name: String,
    server: String,
    path: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DomainPlan {
    path: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountPlan {
    name: String,
    #[serde(default = "root_path")]
    domain: String,
    role: String,
    password: String,
    #[serde(default)]
    keys: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkPlan {
    name: String,
    account: String,
    zone: String,
    offering: String,
    cidr: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MachinePlan {
    name: String,
    account: String,
    zone: String,
    template: String,
    offering: String,
    networks: Vec<String>,
    #[serde(default = "yes")]
    running: bool,
    user_data: Option<String>,
    /// GiB of a data volume.
    data_disk: Option<u64>,
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

/// Makes a world from the text of a world file. `name` is for messages.
///
/// # Errors
///
/// The text is no world file, or names what it does not define.
pub fn build(name: &str, text: &str, seed: u64, now: Moment) -> Result<World, WorldError> {
    let plan: Plan = toml::from_str(text).map_err(|error| WorldError::Form {
        name: name.to_owned(),
        reason: error.to_string().trim().to_owned(),
    })?;
    let mut world = install(seed, now);
    Builder { name, world: &mut world }.build(plan)?;
    Ok(world)
}

/// A fresh installation: ROOT, system, admin, roles, offerings, one guest system.
#[must_use]
pub fn install(seed: u64, now: Moment) -> World {
    let mut world = World::blank(seed, now);
    world.add_domain("ROOT", None, None);
    let roles = [
        ("Root Admin", "Default root admin role", RoleType::Admin),
        ("Resource Admin", "Default resource admin role", RoleType::ResourceAdmin),
        ("Domain Admin", "Default domain admin role", RoleType::DomainAdmin),
        ("User", "Default user role", RoleType::User),
        ("Read-Only Admin - Default", "Default read-only admin role", RoleType::Admin),
        ("Read-Only User - Default", "Default read-only user role", RoleType::User),
        ("Support Admin - Default", "Default support admin role", RoleType::Admin),
        ("Support User - Default", "Default support user role", RoleType::User),
    ];
    for (name, description, role_type) in roles {
        let id = world.add_role(name, Some(description.to_owned()), role_type, true);
        if let Some(role) = world.roles.get_mut(id) {
            role.is_default = true;
        }
    }
    world.add_role(
        "Project Kubernetes Service Role",
        Some("Project Kubernetes Service Role".to_owned()),
        RoleType::User,
        false,
    );
    for (name, firstname, lastname, email) in
        [("system", "system", "cloud", None), ("admin", "Admin", "User", Some("admin@mailprovider.com"))]
    {
        let account = world.add_account(NewAccount {
            name: name.to_owned(),
            role: 1,
            account_type: AccountType::Admin,
            domain: ROOT_DOMAIN,
            network_domain: None,
            details: Vec::new(),
        });
        let user = world.add_user(
            account,
            NewUser {
                username: name.to_owned(),
                password: "password".to_owned(),
                firstname: firstname.to_owned(),
                lastname: lastname.to_owned(),
                email: email.map(str::to_owned),
                timezone: None,
            },
        );
        if let Some(row) = world.accounts.get_mut(account) {
            row.is_default = true;
        }
        if let Some(row) = world.users.get_mut(user) {
            row.is_default = true;
        }
    }
    // The server's own first job, which never ends and which no list shows (JOB-049).
    let uuid = world.name_row(Kind::Job, world.jobs.next_id());
    world.jobs.insert(Job {
        uuid,
        command: "",
        params: Arc::default(),
        by_post: false,
        user: SYSTEM,
        account: SYSTEM,
        about: None,
        instance_type: None,
        instance: None,
        queue: None,
        root_event: None,
        progress: Progress::Running,
        doom: None,
        polls: 0,
        due: now,
        created: now,
        completed: None,
    });
    install_offerings(&mut world);
    world.add_guest_system("CentOS 5.6 (64-bit)");
    world
}

fn install_offerings(world: &mut World) {
    let system = [
        ("System Offering For Software Router", "domainrouter", 1, 500, 512),
        ("System Offering For Secondary Storage VM", "secondarystoragevm", 1, 500, 512),
        ("System Offering For Internal LB VM", "internalloadbalancervm", 1, 256, 512),
        ("System Offering For Elastic LB VM", "elasticloadbalancervm", 1, 128, 512),
        ("System Offering For Console Proxy", "consoleproxy", 1, 500, 1024),
    ];
    for (name, kind, cores, speed, memory) in system {
        let id = world.add_service_offering(NewServiceOffering {
            name: name.to_owned(),
            display_text: String::new(),
            cores: Some(cores),
            speed: Some(speed),
            memory: Some(memory),
            storage_type: "shared".to_owned(),
            system_vm_type: Some(kind.to_owned()),
        });
        if let Some(row) = world.service_offerings.get_mut(id) {
            row.default_use = true;
        }
    }
    for (name, speed, memory) in [("Small Instance", 500, 512), ("Medium Instance", 1000, 1024)] {
        world.add_service_offering(NewServiceOffering {
            name: name.to_owned(),
            display_text: name.to_owned(),
            cores: Some(1),
            speed: Some(speed),
            memory: Some(memory),
            storage_type: "shared".to_owned(),
            system_vm_type: None,
        });
    }
    for (name, text, size) in [
        ("Small", "Small Disk, 5 GB", Some(5)),
        ("Medium", "Medium Disk, 20 GB", Some(20)),
        ("Large", "Large Disk, 100 GB", Some(100)),
        ("Custom", "Custom Disk", None),
    ] {
        world.add_disk_offering(name, text, size, "shared");
    }
    const ROUTER: &[&str] = &[
        "SourceNat",
        "StaticNat",
        "Lb",
        "PortForwarding",
        "Vpn",
        "Dhcp",
        "Dns",
        "Firewall",
        "UserData",
        "Gateway",
    ];
    type Row = (&'static str, &'static str, GuestType, &'static str, &'static [&'static str], bool);
    let offerings: [Row; 6] = [
        (
            "DefaultIsolatedNetworkOfferingWithSourceNatService",
            "Offering for Isolated networks with Source Nat service enabled",
            GuestType::Isolated,
            "Required",
            ROUTER,
            false,
        ),
        (
            "DefaultIsolatedNetworkOffering",
            "Offering for Isolated networks with no Source Nat service",
            GuestType::Isolated,
            "Optional",
            &["Dhcp", "Dns", "UserData"],
            false,
        ),
        (
            "DefaultSharedNetworkOffering",
            "Offering for Shared networks",
            GuestType::Shared,
            "Optional",
            &["Dhcp", "Dns", "UserData"],
            false,
        ),
        (
            "DefaultSharedNetworkOfferingWithSGService",
            "Offering for Shared Security group enabled networks",
            GuestType::Shared,
            "Optional",
            &["Dhcp", "Dns", "UserData", "SecurityGroup"],
            false,
        ),
        (
            "DefaultIsolatedNetworkOfferingForVpcNetworks",
            "Offering for Isolated Vpc networks with Source Nat service enabled",
            GuestType::Isolated,
            "Optional",
            &[
                "Dhcp",
                "Dns",
                "SourceNat",
                "PortForwarding",
                "Lb",
                "UserData",
                "StaticNat",
                "NetworkACL",
                "Vpn",
            ],
            true,
        ),
        ("DefaultL2NetworkOffering", "Offering for L2 networks", GuestType::L2, "Optional", &[], false),
    ];
    for (name, text, guest_type, availability, services, for_vpc) in offerings {
        let provider = if for_vpc { "VpcVirtualRouter" } else { "VirtualRouter" };
        world.add_network_offering(NetworkOffering {
            uuid: Uuid::nil(),
            name: name.to_owned(),
            display_text: text.to_owned(),
            guest_type,
            availability: availability.to_owned(),
            services: services.iter().map(|service| ((*service).to_owned(), provider.to_owned())).collect(),
            specify_vlan: guest_type == GuestType::Shared,
            specify_ranges: guest_type == GuestType::Shared,
            persistent: false,
            egress_allowed: for_vpc,
            for_vpc,
            is_default: true,
            created: world.now,
            enabled: true,
        });
    }
}

/// Adds what a plan asks for.
struct Builder<'a> {
    name: &'a str,
    world: &'a mut World,
}

impl Builder<'_> {
    fn missing(&self, what: &'static str, missing: &str) -> WorldError {
        WorldError::Missing { name: self.name.to_owned(), what, missing: missing.to_owned() }
    }

    fn build(&mut self, plan: Plan) -> Result<(), WorldError> {
        for (name, value) in &plan.settings {
            self.world
                .settings
                .set(name, value)
                .map_err(|source| WorldError::Setting { name: self.name.to_owned(), source })?;
        }
        if plan.admin_keys {
            self.world.renew_keys(ADMIN);
        }
        for zone in plan.zones {
            self.zone(zone);
        }
        for template in plan.templates {
            self.template(template);
        }
        for row in plan.service_offerings {
            self.world.add_service_offering(NewServiceOffering {
                name: row.name,
                display_text: row.display_text,
                cores: Some(row.cpu),
                speed: Some(row.speed),
                memory: Some(row.memory),
                storage_type: "shared".to_owned(),
                system_vm_type: None,
            });
        }
        for row in plan.disk_offerings {
            self.world.add_disk_offering(&row.name, &row.display_text, row.gibibytes, "shared");
        }
        for domain in plan.domains {
            self.domain(&domain.path)?;
        }
        for account in plan.accounts {
            self.account(account)?;
        }
        for network in plan.networks {
            self.network(network)?;
        }
        for machine in plan.machines {
            self.machine(machine)?;
        }
        Ok(())
    }

    fn zone(&mut self, plan: ZonePlan) {
        let zone = self.world.add_zone(&plan.name, &plan.dns, Some(plan.guest_cidr));
        self.world.add_physical_network(zone, &plan.physical_network, plan.vlans.0, plan.vlans.1);
        let (start, end) = plan.public_range;
        self.world.add_public_range(zone, plan.public_vlan, plan.public_gateway, start, end);
        for pod in plan.pods {
            let pod_id = self.world.add_pod(zone, &pod.name, pod.gateway, pod.range.0, pod.range.1);
            for cluster in pod.clusters {
                let cluster_id = self.world.add_cluster(pod_id, zone, &cluster.name);
                for host in cluster.hosts {
                    self.world.add_host(cluster_id, host);
                }
                for pool in cluster.pools {
                    self.world.add_storage_pool(cluster_id, &pool.name, &pool.server, &pool.path);
                }
            }
        }
        self.world.add_image_store(zone, &plan.secondary_storage);
    }

    fn template(&mut self, plan: TemplatePlan) {
        let known =
            self.world.guest_systems.iter().find(|(_, row)| row.description == plan.os).map(|(id, _)| id);
        let guest_system = known.unwrap_or_else(|| self.world.add_guest_system(&plan.os));
        let created = self.world.now;
        let owner = self.world.owner_of(SYSTEM);
        self.world.add_template(Template {
            uuid: Uuid::nil(),
            display_text: plan.name.clone(),
            name: plan.name,
            owner,
            template_type: "BUILTIN".to_owned(),
            format: "VHD".to_owned(),
            is_iso: false,
            is_public: true,
            is_featured: true,
            password_enabled: plan.password_enabled,
            cross_zones: true,
            zone: None,
            guest_system,
            size: plan.size,
            url: plan.url,
            ready: true,
            user_data: None,
            user_data_policy: None,
            created,
        });
    }

    fn domain(&mut self, path: &str) -> Result<Id, WorldError> {
        let (parent, name) = path.trim_matches('/').rsplit_once('/').unwrap_or(("", path.trim_matches('/')));
        let parent = self.world.domain_by_path(parent).ok_or_else(|| self.missing("domain", parent))?;
        Ok(self.world.add_domain(name, Some(parent), None))
    }

    fn account(&mut self, plan: AccountPlan) -> Result<(), WorldError> {
        let domain =
            self.world.domain_by_path(&plan.domain).ok_or_else(|| self.missing("domain", &plan.domain))?;
        let (role, role_type) = self
            .world
            .roles
            .iter()
            .find(|(_, role)| role.name == plan.role)
            .map(|(id, role)| (id, role.role_type))
            .ok_or_else(|| self.missing("role", &plan.role))?;
        let account = self.world.add_account(NewAccount {
            name: plan.name.clone(),
            role,
            account_type: AccountType::of_role(role_type),
            domain,
            network_domain: None,
            details: Vec::new(),
        });
        let user = self.world.add_user(
            account,
            NewUser {
                username: plan.name.clone(),
                password: plan.password,
                firstname: plan.name.clone(),
                lastname: "User".to_owned(),
                email: Some(format!("{}@cloud.example", plan.name)),
                timezone: None,
            },
        );
        if plan.keys {
            self.world.renew_keys(user);
        }
        Ok(())
    }

    fn account_named(&self, name: &str) -> Result<Id, WorldError> {
        self.world
            .accounts
            .iter()
            .find(|(_, row)| row.name == name)
            .map(|(id, _)| id)
            .ok_or_else(|| self.missing("account", name))
    }

    fn zone_named(&self, name: &str) -> Result<Id, WorldError> {
        self.world
            .zones
            .iter()
            .find(|(_, row)| row.name == name)
            .map(|(id, _)| id)
            .ok_or_else(|| self.missing("zone", name))
    }

    fn network(&mut self, plan: NetworkPlan) -> Result<(), WorldError> {
        let account = self.account_named(&plan.account)?;
        let zone = self.zone_named(&plan.zone)?;
        let offering = self
            .world
            .network_offerings
            .iter()
            .find(|(_, row)| row.name == plan.offering)
            .map(|(id, _)| id)
            .ok_or_else(|| self.missing("network offering", &plan.offering))?;
        let cidr = plan.cidr.or_else(|| self.world.zones.get(zone).and_then(|zone| zone.guest_cidr.clone()));
        let subnet = match cidr {
            Some(cidr) => Some(Subnet::of_cidr(&cidr).ok_or_else(|| self.missing("address range", &cidr))?),
            None => None,
        };
        let owner = self.world.owner_of(account);
        let display_text = plan.name.clone();
        self.world.add_network(NewNetwork {
            name: plan.name,
            display_text,
            owner,
            zone,
            offering,
            subnet,
            vlan: None,
            domain: None,
        });
        Ok(())
    }

    fn machine(&mut self, plan: MachinePlan) -> Result<(), WorldError> {
        let account = self.account_named(&plan.account)?;
        let zone = self.zone_named(&plan.zone)?;
        let template = self
            .world
            .templates
            .iter()
            .find(|(_, row)| row.name == plan.template)
            .map(|(id, _)| id)
            .ok_or_else(|| self.missing("template", &plan.template))?;
        let offering = self
            .world
            .service_offerings
            .iter()
            .find(|(_, row)| row.name == plan.offering)
            .map(|(id, _)| id)
            .ok_or_else(|| self.missing("service offering", &plan.offering))?;
        let mut networks = Vec::new();
        for name in &plan.networks {
            let id = self
                .world
                .networks
                .iter()
                .find(|(_, row)| row.name == *name)
                .map(|(id, _)| id)
                .ok_or_else(|| self.missing("network", name))?;
            networks.push((id, None));
        }
        let owner = self.world.owner_of(account);
        let user =
            self.world.users.iter().find(|(_, row)| row.account == account).map_or(ADMIN, |(id, _)| id);
        let id = self.world.add_machine(NewMachine {
            name: Some(plan.name),
            display_name: None,
            owner,
            user,
            zone,
            template,
            offering,
            custom_size: None,
            networks,
        });
        if let (Some(text), Some(machine)) = (plan.user_data, self.world.virtual_machines.get_mut(id)) {
            use base64::Engine as _;
            machine.user_data = Some(base64::engine::general_purpose::STANDARD.encode(text));
        }
        if let Some(gibibytes) = plan.data_disk {
            let disk =
                self.world.disk_offerings.iter().find(|(_, row)| row.size.is_none()).map_or(0, |(id, _)| id);
            let volume =
                self.world.add_data_volume(owner, zone, &format!("DATA-{id}"), disk, gibibytes << 30);
            let now = self.world.now;
            if let Some(volume) = self.world.volumes.get_mut(volume) {
                volume.attached = Some((id, 1));
                volume.attached_at = Some(now);
            }
        }
        if plan.running {
            self.world.run_machine(id);
        }
        Ok(())
    }
}
