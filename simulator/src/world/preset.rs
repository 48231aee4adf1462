//! Starting worlds: what an installation brings, and what a world file adds to it.
//!
//! The named worlds are world files too, in `fixtures/world/`; a file of your own has the same
//! form.

mod counter;
mod extension;
mod plan;
mod vpc_offering;

use std::net::Ipv4Addr;
use std::sync::Arc;

use plan::{
    AccountPlan, AdvancedPlan, BasicPlan, MachinePlan, NetworkPlan, Networking, Plan, PodPlan, TemplatePlan,
    ZonePlan,
};

use super::World;
use super::account::{ADMIN, AccountType, FIRST_ACCOUNT, NewAccount, NewUser, ROOT_DOMAIN, SYSTEM, Source};
use super::clock::Moment;
use super::job::{Job, Progress};
use super::kind::Kind;
use super::network::{NewNetwork, Subnet};
use super::offering::NewServiceOffering;
use super::password::Password;
use super::public_range::NewRange;
use super::system_vm::Duty;
use super::table::Id;
use super::template::Template;
use super::virtual_machine::NewMachine;
use crate::catalog::RoleType;

/// The worlds that have a name.
pub const NAMED: &[(&str, &str)] = &[
    ("demo", include_str!("../../../fixtures/world/demo.toml")),
    ("empty", include_str!("../../../fixtures/world/empty.toml")),
    ("advdualzone", include_str!("../../../fixtures/world/advdualzone.toml")),
    ("sandbox", include_str!("../../../fixtures/world/sandbox.toml")),
];

/// The offering of the network that a zone of type Basic has.
const BASIC_ZONE_OFFERING: &str = "DefaultSharedNetworkOfferingWithSGService";

/// The mask of the public and the shared networks of world files.
const SLASH_24: Ipv4Addr = Ipv4Addr::new(255, 255, 255, 0);

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
    /// A machine that is to run and that no host has room for.
    #[error(
        "could not build the world {name}: no host has room for the machine {machine:?}; name more `hosts`"
    )]
    NoRoom {
        /// The world's name or file.
        name: String,
        /// The machine.
        machine: String,
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

/// A fresh installation: ROOT, system, admin, roles, offerings, guest systems.
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
                source: Source::Any,
                password: Password::Preset("password".to_owned()),
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
    world.accounts.start_at(FIRST_ACCOUNT);
    world.users.start_at(FIRST_ACCOUNT);
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
        shared: None,
        doom: None,
        failing: None,
        held: 0,
        polls: 0,
        due: now,
        created: now,
        completed: None,
    });
    install_offerings(&mut world);
    vpc_offering::install(&mut world);
    world.install_acl_lists();
    for description in ["CentOS 5.6 (64-bit)", "CentOS 5.3 (64-bit)"] {
        world.add_guest_system(description);
    }
    counter::install(&mut world);
    extension::install(&mut world);
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
            disk_offering: None,
        });
        if let Some(row) = world.service_offerings.get_mut(id) {
            row.default_use = true;
            row.ha = ["domainrouter", "internalloadbalancervm", "elasticloadbalancervm"].contains(&kind);
            row.network_rate = ["elasticloadbalancervm", "consoleproxy"].contains(&kind).then_some(0);
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
            disk_offering: None,
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
    world.install_network_offerings();
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
                disk_offering: None,
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
        let guest_cidr = match &plan.networking {
            Networking::Advanced(advanced) => Some(advanced.guest_cidr.clone()),
            Networking::Basic(_) => None,
        };
        let zone = self.world.add_zone(&plan.name, &plan.dns, guest_cidr);
        let physical = self.world.add_physical_network(zone, &plan.physical_network);
        match plan.networking {
            Networking::Advanced(advanced) => self.advanced(zone, physical, &advanced),
            Networking::Basic(basic) => self.basic(zone, physical, basic),
        }
        for pod in plan.pods {
            self.pod(zone, pod);
        }
        self.world.add_image_store(Some(zone), &plan.secondary_storage);
        // They are older than the last restart, and so than what the settings of the file say about names.
        for duty in [Duty::SecondaryStorage, Duty::ConsoleProxy] {
            self.world.add_system_vm(zone, duty, "VM");
        }
    }

    fn advanced(&mut self, zone: Id, physical: Id, plan: &AdvancedPlan) {
        self.world.open_physical_network(physical, plan.vlans);
        let (start, end) = plan.public_range;
        self.world.add_public_range(NewRange {
            zone,
            physical_network: Some(physical),
            vlan: format!("vlan://{}", plan.public_vlan),
            gateway: plan.public_gateway,
            netmask: SLASH_24,
            start,
            end,
        });
    }

    /// A zone of type Basic has one network, which is everybody's.
    fn basic(&mut self, zone: Id, physical: Id, plan: BasicPlan) {
        if let Some(row) = self.world.zones.get_mut(zone) {
            "Basic".clone_into(&mut row.network_type);
            row.security_groups = true;
        }
        self.world.open_basic_physical_network(physical);
        let offering = self.world.network_offerings.iter().find(|(_, row)| row.name == BASIC_ZONE_OFFERING);
        let offering = offering.map_or(0, |(id, _)| id);
        let id = self.world.add_network(NewNetwork {
            display_text: plan.name.clone(),
            name: plan.name,
            owner: self.world.owner_of(SYSTEM),
            zone,
            offering,
            subnet: Subnet::of_gateway(plan.gateway, SLASH_24),
            vlan: None,
            domain: None,
        });
        if let Some(row) = self.world.networks.get_mut(id) {
            row.subdomain_access = Some(true);
            row.range = Some(plan.range);
        }
    }

    fn pod(&mut self, zone: Id, plan: PodPlan) {
        let pod = self.world.add_pod(zone, &plan.name, plan.gateway, plan.range.0, plan.range.1);
        for cluster in plan.clusters {
            let id = self.world.add_cluster(pod, zone, &cluster.name);
            for address in cluster.hosts {
                let host = self.world.add_host(id, address);
                // The server was restarted since.
                self.world.reconnect_host(host);
            }
            for pool in cluster.pools {
                self.world.add_storage_pool(id, &pool.name, &pool.server, &pool.path);
            }
        }
    }

    /// The first primary storage of each zone.
    fn first_pools(&self) -> Vec<Id> {
        let pools = &self.world.storage_pools;
        let first = |zone| pools.iter().find(|(_, pool)| pool.zone == zone).map(|(id, _)| id);
        self.world.zones.iter().filter_map(|(zone, _)| first(zone)).collect()
    }

    fn template(&mut self, plan: TemplatePlan) {
        let known =
            self.world.guest_systems.iter().find(|(_, row)| row.description == plan.os).map(|(id, _)| id);
        let guest_system = known.unwrap_or_else(|| self.world.add_guest_system(&plan.os));
        let created = self.world.now;
        let owner = self.world.owner_of(SYSTEM);
        self.world.add_template(Template {
            template_type: if plan.system { "SYSTEM" } else { "BUILTIN" }.to_owned(),
            format: "VHD".to_owned(),
            is_public: !plan.system,
            is_featured: !plan.system,
            pools: if plan.system { self.first_pools() } else { Vec::new() },
            password_enabled: plan.password_enabled,
            requires_hvm: false,
            cross_zones: true,
            size: plan.size,
            physical_size: Some(plan.size),
            checksum: Some(String::new()),
            url: Some(plan.url),
            ready: true,
            ..Template::new(&plan.name, owner, guest_system, created)
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
                source: Source::Any,
                password: Password::Preset(plan.password),
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
            self.world.place_volume(volume, id, 1);
            if let Some(volume) = self.world.volumes.get_mut(volume) {
                volume.attached_at = Some(now);
            }
        }
        if plan.running {
            self.world.run_machine(id);
            let machine = self.world.virtual_machines.get(id);
            if let Some(machine) = machine.filter(|machine| machine.host.is_none()) {
                return Err(WorldError::NoRoom { name: self.name.to_owned(), machine: machine.name.clone() });
            }
        }
        Ok(())
    }
}
