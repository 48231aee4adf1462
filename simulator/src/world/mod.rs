//! The world: all state and all rules of the simulated cloud.
//!
//! Synchronous, without HTTP, without a clock of its own and without randomness but the seed's:
//! the same seed and the same calls give the same world, byte for byte. A [`World`] is one
//! value; cloning it is a fork and costs as much as copying a few pointers.
//!
//! How a thing looks to a client is not decided here but in [`crate::api::view`].

pub mod account;
pub mod acl;
pub mod address_range;
pub mod alert;
pub mod annotation;
pub mod backup;
pub mod clock;
pub mod cloud_init;
pub mod cron;
pub mod directory;
pub mod domain;
pub mod errand;
pub mod event;
pub mod fault;
pub mod firewall;
pub mod graphics;
pub mod guest_network;
pub mod host;
pub mod id;
pub mod internal_balancer;
pub mod job;
pub mod kind;
pub mod limit;
pub mod load_balancer;
pub mod naming;
pub mod network;
pub mod nic;
pub mod offering;
pub mod password;
pub mod physical_network;
pub mod preset;
pub mod project;
pub mod public_range;
pub mod reach;
pub mod region;
pub mod register;
pub mod resource;
pub mod restart;
pub mod role;
pub mod router;
pub mod saved;
pub mod security_group;
pub mod setting;
pub mod snapshot;
pub mod system_vm;
pub mod table;
pub mod tag;
pub mod template;
pub mod throttle;
pub mod two_factor;
pub mod upkeep;
pub mod user_data;
pub mod virtual_machine;
pub mod vm_data;
pub mod vm_schedule;
pub mod vm_snapshot;
pub mod volume;
pub mod vpc;
pub mod vpn;
pub mod zone;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::quirk::{Quirk, Quirks};
use crate::release::Release;
use clock::Moment;
use id::Ids;
use kind::{Handle, Kind};
use saved::form;
use table::{HashIndex, Id, Table};

/// The whole simulated cloud.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct World {
    /// What time it is in this world.
    pub now: Moment,
    /// Where identifiers come from.
    pub ids: Ids,
    /// How long jobs take.
    pub pace: job::Pace,
    /// For whom the work is done that is being done; for the server itself otherwise.
    #[serde(skip)]
    pub deed: Option<event::Deed>,
    /// The release that is played.
    #[serde(with = "form::text")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub release: Release,
    /// What the server says that it is.
    pub version: String,
    /// The sins that this world commits.
    #[serde(with = "form::quirks")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub quirks: Quirks,
    /// Settings that differ from their defaults.
    pub settings: setting::Settings,
    /// Counts what routers and guests must follow: machines and networks that start or end.
    #[serde(skip)]
    pub moves: u64,
    /// The id of this management server.
    pub management_server: Uuid,
    /// Every identifier ever given, of removed things too (API-PAR-030).
    #[serde(skip)]
    pub index: HashIndex<Uuid, Handle>,

    /// How much accounts and domains may have.
    pub limits: limit::Limits,

    /// Domains; number 1 is ROOT.
    pub domains: Table<account::Domain>,
    /// Accounts; number 1 is `system`, number 2 is `admin`.
    pub accounts: Table<account::Account>,
    /// Users; number 1 is `system`, number 2 is `admin`.
    pub users: Table<account::User>,
    /// Directories that users may be in.
    pub directory_servers: Table<directory::DirectoryServer>,
    /// What is linked to directories, oldest first.
    #[cfg_attr(test, schemars(with = "Vec<directory::DirectoryLink>"))]
    pub directory_links: imbl::Vector<directory::DirectoryLink>,
    /// What the request at hand asks of directories.
    #[serde(skip)]
    pub errands: errand::Errands,
    /// Who was given an API key; the user's row says whether it still counts.
    #[serde(skip)]
    pub api_keys: HashIndex<String, Id>,
    /// Roles; number 1 is the root administrator's.
    pub roles: Table<role::Role>,
    /// Rules of roles.
    pub role_rules: Table<role::RoleRule>,

    /// Projects.
    pub projects: Table<project::Project>,
    /// Roles within projects.
    pub project_roles: Table<project::ProjectRole>,
    /// Rules of roles within projects.
    pub project_rules: Table<project::ProjectRule>,
    /// Invitations to projects.
    pub project_invitations: Table<project::Invitation>,

    /// Zones.
    pub zones: Table<zone::Zone>,
    /// Pods.
    pub pods: Table<zone::Pod>,
    /// Clusters.
    pub clusters: Table<zone::Cluster>,
    /// Hosts.
    pub hosts: Table<host::Host>,
    /// Primary storage.
    pub storage_pools: Table<zone::StoragePool>,
    /// Secondary storage.
    pub image_stores: Table<zone::ImageStore>,
    /// Physical networks.
    pub physical_networks: Table<physical_network::PhysicalNetwork>,
    /// What traffic physical networks carry.
    pub traffic_types: Table<physical_network::TrafficType>,
    /// Who serves the networks of physical networks.
    pub service_providers: Table<physical_network::ServiceProvider>,
    /// VLANs that are for one account only.
    pub dedicated_vlans: Table<physical_network::DedicatedVlans>,
    /// Ranges of portable addresses.
    pub portable_ranges: Table<address_range::PortableRange>,
    /// Ranges of storage networks.
    pub storage_ranges: Table<address_range::StorageRange>,
    /// Management addresses that somebody took.
    pub pod_addresses: Table<address_range::PodAddress>,
    /// What administrators should know.
    pub alerts: Table<alert::Alert>,
    /// System machines.
    pub system_vms: Table<system_vm::SystemVm>,

    /// Compute offerings.
    pub service_offerings: Table<offering::ServiceOffering>,
    /// Disk offerings.
    pub disk_offerings: Table<offering::DiskOffering>,
    /// Network offerings.
    pub network_offerings: Table<offering::NetworkOffering>,

    /// Guest operating systems.
    pub guest_systems: Table<template::GuestSystem>,
    /// Templates and ISOs.
    pub templates: Table<template::Template>,

    /// Guest networks.
    pub networks: Table<network::Network>,
    /// Ranges of public addresses.
    pub public_ranges: Table<network::PublicRange>,
    /// Public addresses.
    pub addresses: Table<network::Address>,

    /// Virtual machines.
    pub virtual_machines: Table<virtual_machine::VirtualMachine>,
    /// Volumes.
    pub volumes: Table<volume::Volume>,
    /// Machine, slot, volume: what hangs where.
    #[serde(skip)]
    pub slots: imbl::OrdSet<(Id, u32, Id)>,
    /// Snapshots of volumes, removed ones too.
    pub snapshots: Table<snapshot::Snapshot>,
    /// When to take snapshots.
    pub snapshot_policies: Table<snapshot::SnapshotPolicy>,
    /// Snapshots of machines.
    pub vm_snapshots: Table<vm_snapshot::VmSnapshot>,
    /// Schedules of machines.
    pub vm_schedules: Table<vm_schedule::VmSchedule>,
    /// Rules of firewalls and port forwarding.
    pub firewall_rules: Table<firewall::Rule>,
    /// Security groups.
    pub security_groups: Table<security_group::SecurityGroup>,
    /// The number of the last rule of a security group.
    pub last_security_group_rule: Id,
    /// The number of the last network card.
    pub last_nic: Id,
    /// The number of the last further address of a card.
    pub last_secondary_address: Id,
    /// The number of the last stickiness policy.
    pub last_stickiness_policy: Id,

    /// What may be ordered as a VPC.
    pub vpc_offerings: Table<vpc::VpcOffering>,
    /// VPCs.
    pub vpcs: Table<vpc::Vpc>,
    /// Lists of network ACL rules; numbers 1 and 2 are everybody's.
    pub acl_lists: Table<acl::AclList>,
    /// Rules of these lists.
    pub acl_items: Table<acl::AclItem>,
    /// Gateways of VPCs to private networks.
    pub private_gateways: Table<vpc::PrivateGateway>,
    /// Routes of VPCs.
    pub static_routes: Table<vpc::StaticRoute>,
    /// Load balancers inside VPCs.
    pub internal_balancers: Table<internal_balancer::InternalBalancer>,
    /// Near ends of connections between sites.
    pub vpn_gateways: Table<vpn::VpnGateway>,
    /// Far ends of connections between sites.
    pub customer_gateways: Table<vpn::CustomerGateway>,
    /// Connections between sites.
    pub vpn_connections: Table<vpn::VpnConnection>,
    /// Entrances for users far away.
    pub remote_access_vpns: Table<vpn::RemoteAccessVpn>,
    /// Who may come in there.
    pub vpn_users: Table<vpn::VpnUser>,

    /// Tags on things, oldest first.
    #[cfg_attr(test, schemars(with = "Vec<tag::Tag>"))]
    pub tags: imbl::Vector<tag::Tag>,
    /// Details that were hung on things, oldest first.
    #[cfg_attr(test, schemars(with = "Vec<resource::ResourceDetail>"))]
    pub resource_details: imbl::Vector<resource::ResourceDetail>,
    /// Icons of things in base64, by identifier.
    #[serde(with = "form::map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<Uuid, (Handle, String)>"))]
    pub icons: imbl::OrdMap<Uuid, (Handle, String)>,
    /// Remarks on things.
    pub annotations: Table<annotation::Annotation>,
    /// Registered user data.
    pub user_data: Table<user_data::UserData>,

    /// Regions by number.
    #[serde(with = "form::map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<i64, region::Region>"))]
    pub regions: imbl::OrdMap<i64, region::Region>,
    /// Things that are only registered, listed, changed and removed.
    pub register: register::Register,
    /// Asynchronous jobs, finished ones until they expire.
    pub jobs: Table<job::Job>,
    /// The accepted jobs that are not over.
    #[serde(skip)]
    pub open_jobs: imbl::OrdSet<Id>,
    /// What happened.
    pub events: Table<event::Event>,
    /// Sessions of users who logged in.
    #[serde(with = "form::map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, account::Session>"))]
    pub sessions: imbl::OrdMap<String, account::Session>,
    /// How much accounts have called lately.
    pub throttle: throttle::Throttle,
    /// What it was like when it was last looked after.
    #[serde(skip)]
    pub upkeep: upkeep::Upkeep,
    /// Faults of agents that were ordered.
    pub faults: Table<fault::Fault>,
}

impl World {
    /// A world with nothing in it, not even an administrator; [`preset`] fills it.
    #[must_use]
    pub fn blank(seed: u64, now: Moment) -> Self {
        let mut ids = Ids::new(seed);
        let management_server = ids.uuid();
        Self {
            now,
            ids,
            pace: job::Pace::Instant,
            deed: None,
            release: Release::NEWEST,
            version: Release::NEWEST.claim(),
            quirks: Quirks::default(),
            settings: setting::Settings::default(),
            moves: 0,
            management_server,
            index: HashIndex::new(),
            limits: limit::Limits::default(),
            domains: Table::default(),
            accounts: Table::default(),
            users: Table::default(),
            directory_servers: Table::default(),
            directory_links: imbl::Vector::new(),
            errands: errand::Errands::default(),
            api_keys: HashIndex::new(),
            roles: Table::default(),
            role_rules: Table::default(),
            projects: Table::default(),
            project_roles: Table::default(),
            project_rules: Table::default(),
            project_invitations: Table::default(),
            zones: Table::default(),
            pods: Table::default(),
            clusters: Table::default(),
            hosts: Table::default(),
            storage_pools: Table::default(),
            image_stores: Table::default(),
            physical_networks: Table::default(),
            traffic_types: Table::default(),
            service_providers: Table::default(),
            dedicated_vlans: Table::default(),
            portable_ranges: Table::default(),
            storage_ranges: Table::default(),
            pod_addresses: Table::default(),
            alerts: Table::default(),
            system_vms: Table::default(),
            service_offerings: Table::default(),
            disk_offerings: Table::default(),
            network_offerings: Table::default(),
            guest_systems: Table::default(),
            templates: Table::default(),
            networks: Table::default(),
            public_ranges: Table::default(),
            addresses: Table::default(),
            virtual_machines: Table::default(),
            volumes: Table::default(),
            snapshots: Table::default(),
            snapshot_policies: Table::default(),
            vm_snapshots: Table::default(),
            vm_schedules: Table::default(),
            firewall_rules: Table::default(),
            security_groups: Table::default(),
            last_security_group_rule: 0,
            last_nic: 0,
            last_secondary_address: 0,
            last_stickiness_policy: 0,
            vpc_offerings: Table::default(),
            vpcs: Table::default(),
            acl_lists: Table::default(),
            acl_items: Table::default(),
            private_gateways: Table::default(),
            static_routes: Table::default(),
            internal_balancers: Table::default(),
            vpn_gateways: Table::default(),
            customer_gateways: Table::default(),
            vpn_connections: Table::default(),
            remote_access_vpns: Table::default(),
            vpn_users: Table::default(),
            tags: imbl::Vector::new(),
            resource_details: imbl::Vector::new(),
            icons: imbl::OrdMap::new(),
            annotations: Table::default(),
            user_data: Table::default(),
            regions: imbl::OrdMap::unit(region::LOCAL, region::Region::local()),
            register: register::Register::default(),
            jobs: Table::default(),
            open_jobs: imbl::OrdSet::new(),
            slots: imbl::OrdSet::new(),
            events: Table::default(),
            sessions: imbl::OrdMap::new(),
            throttle: throttle::Throttle::default(),
            upkeep: upkeep::Upkeep::default(),
            faults: Table::default(),
        }
    }

    /// Becomes a cloud of this release. Settings that came later cannot be set from now on.
    pub fn play(&mut self, release: Release) {
        self.release = release;
        self.version = release.claim();
        self.settings.of_release(release);
    }

    /// Whether everybody is told the version with XML, not only callers who are known (API-RSP-003): the behaviour
    /// before 4.21.
    #[must_use]
    pub fn tells_strangers_its_version(&self) -> bool {
        self.release < Release::new(21, 0)
    }

    /// A fresh identifier for the row that `kind`'s table will number `id`.
    pub fn name_row(&mut self, kind: Kind, id: Id) -> Uuid {
        let uuid = self.ids.uuid();
        self.index.insert(uuid, Handle { kind, id });
        uuid
    }

    /// What an identifier stands for, even if it was removed since.
    #[must_use]
    pub fn find(&self, uuid: Uuid) -> Option<Handle> {
        self.index.get(&uuid).copied()
    }

    /// The identifier of a thing that still exists.
    #[must_use]
    pub fn uuid_of(&self, handle: Handle) -> Option<Uuid> {
        let id = handle.id;
        match handle.kind {
            Kind::Domain => self.domains.get(id).map(|row| row.uuid),
            Kind::Account => self.accounts.get(id).map(|row| row.uuid),
            Kind::User => self.users.get(id).map(|row| row.uuid),
            Kind::Role => self.roles.get(id).map(|row| row.uuid),
            Kind::Zone => self.zones.get(id).map(|row| row.uuid),
            Kind::Pod => self.pods.get(id).map(|row| row.uuid),
            Kind::Cluster => self.clusters.get(id).map(|row| row.uuid),
            Kind::Host => self.hosts.get(id).map(|row| row.uuid),
            Kind::StoragePool => self.storage_pools.get(id).map(|row| row.uuid),
            Kind::ImageStore => self.image_stores.get(id).map(|row| row.uuid),
            Kind::PhysicalNetwork => self.physical_networks.get(id).map(|row| row.uuid),
            Kind::TrafficType => self.traffic_types.get(id).map(|row| row.uuid),
            Kind::ServiceProvider => self.service_providers.get(id).map(|row| row.uuid),
            Kind::VirtualRouterElement | Kind::InternalBalancerElement => {
                self.service_providers.get(id).and_then(|row| row.element).map(|(uuid, _)| uuid)
            }
            Kind::DedicatedVlans => self.dedicated_vlans.get(id).map(|row| row.uuid),
            Kind::PortableRange => self.portable_ranges.get(id).map(|row| row.uuid),
            Kind::StorageRange => self.storage_ranges.get(id).map(|row| row.uuid),
            Kind::Alert => self.alerts.get(id).map(|row| row.uuid),
            Kind::SystemVm => self.system_vms.get(id).map(|row| row.uuid),
            Kind::ServiceOffering => self.service_offerings.get(id).map(|row| row.uuid),
            Kind::DiskOffering => self.disk_offerings.get(id).map(|row| row.uuid),
            Kind::NetworkOffering => self.network_offerings.get(id).map(|row| row.uuid),
            Kind::GuestSystem => self.guest_systems.get(id).map(|row| row.uuid),
            Kind::Template => self.template(id).map(|row| row.uuid),
            Kind::Network => self.networks.get(id).map(|row| row.uuid),
            Kind::PublicRange => self.public_ranges.get(id).map(|row| row.uuid),
            Kind::Address => self.addresses.get(id).map(|row| row.uuid),
            Kind::VirtualMachine => self.virtual_machines.get(id).map(|row| row.uuid),
            Kind::Volume => self.volumes.get(id).map(|row| row.uuid),
            Kind::Snapshot => self.snapshots.get(id).map(|row| row.uuid),
            Kind::SnapshotPolicy => self.snapshot_policies.get(id).map(|row| row.uuid),
            Kind::VmSnapshot => self.vm_snapshots.get(id).map(|row| row.uuid),
            Kind::VmSchedule => self.vm_schedules.get(id).map(|row| row.uuid),
            Kind::UserData => self.user_data.get(id).map(|row| row.uuid),
            Kind::Job => self.jobs.get(id).map(|row| row.uuid),
            Kind::Event => self.events.get(id).map(|row| row.uuid),
            Kind::RolePermission => self.role_rules.get(id).map(|row| row.uuid),
            Kind::FirewallRule => self.firewall_rules.get(id).map(|row| row.uuid),
            Kind::StickinessPolicy => self.stickiness_policy(id).map(|(_, policy)| policy.uuid),
            Kind::DirectoryServer => self.directory_servers.get(id).map(|row| row.uuid),
            Kind::Project => self.projects.get(id).map(|row| row.uuid),
            Kind::ProjectRole => self.project_roles.get(id).map(|row| row.uuid),
            Kind::ProjectRolePermission => self.project_rules.get(id).map(|row| row.uuid),
            Kind::ProjectInvitation => self.project_invitations.get(id).map(|row| row.uuid),
            Kind::Nic => self.nic(id).map(|(_, nic)| nic.uuid),
            Kind::SecurityGroup => self.security_groups.get(id).map(|row| row.uuid),
            Kind::SecurityGroupRule => self.security_group_rule(id).map(|(_, rule)| rule.uuid),
            Kind::SecondaryAddress => self.secondary_address(id).map(|(_, _, one)| one.uuid),
            Kind::VpcOffering => self.vpc_offerings.get(id).map(|row| row.uuid),
            Kind::Vpc => self.vpcs.get(id).map(|row| row.uuid),
            kind if kind.is_router() => self.router(Handle { kind, id }).map(|row| row.uuid),
            Kind::NetworkAcl => self.acl_lists.get(id).map(|row| row.uuid),
            Kind::NetworkAclItem => self.acl_items.get(id).map(|row| row.uuid),
            Kind::PrivateGateway => self.private_gateways.get(id).map(|row| row.uuid),
            Kind::StaticRoute => self.static_routes.get(id).map(|row| row.uuid),
            Kind::InternalBalancer => self.internal_balancers.get(id).map(|row| row.uuid),
            Kind::VpnGateway => self.vpn_gateways.get(id).map(|row| row.uuid),
            Kind::CustomerGateway => self.customer_gateways.get(id).map(|row| row.uuid),
            Kind::VpnConnection => self.vpn_connections.get(id).map(|row| row.uuid),
            Kind::RemoteAccessVpn => self.remote_access_vpns.get(id).map(|row| row.uuid),
            Kind::VpnUser => self.vpn_users.get(id).map(|row| row.uuid),
            kind => self.register.get(kind, id).map(|row| row.uuid),
        }
    }

    /// Sets the faults that there are. Routers are told everything anew, for a fault may be in what they are told.
    pub fn set_quirks(&mut self, quirks: Quirks) {
        self.quirks = quirks;
        self.tell_everything();
    }

    /// Whether this world commits a sin.
    #[must_use]
    pub fn sins(&self, quirk: Quirk) -> bool {
        self.quirks.has(quirk)
    }
}

/// Whose a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The account.
    pub account: Id,
    /// The account's domain.
    pub domain: Id,
}

impl Owner {
    /// What belongs to the installation and to no account.
    pub const NOBODY: Self = Self { account: 0, domain: 0 };
    /// All accounts of a domain and of those below it, to whom something may be dedicated.
    #[must_use]
    pub fn anybody_of(domain: Id) -> Self {
        Self { account: 0, domain }
    }
}
