//! The world: all state and all rules of the simulated cloud.
//!
//! Synchronous, without HTTP, without a clock of its own and without randomness but the seed's:
//! the same seed and the same calls give the same world, byte for byte. A [`World`] is one
//! value; cloning it is a fork and costs as much as copying a few pointers.
//!
//! How a thing looks to a client is not decided here but in [`crate::api::view`].

pub mod account;
pub mod clock;
pub mod domain;
pub mod event;
pub mod firewall;
pub mod id;
pub mod job;
pub mod kind;
pub mod limit;
pub mod network;
pub mod offering;
pub mod preset;
pub mod region;
pub mod register;
pub mod role;
pub mod setting;
pub mod table;
pub mod tag;
pub mod template;
pub mod user_data;
pub mod virtual_machine;
pub mod volume;
pub mod zone;

use imbl::HashMap;
use uuid::Uuid;

use crate::quirk::{Quirk, Quirks};
use clock::Moment;
use id::Ids;
use kind::{Handle, Kind};
use table::{Id, Table};

/// The whole simulated cloud.
#[derive(Debug, Clone)]
pub struct World {
    /// What time it is in this world.
    pub now: Moment,
    /// Where identifiers come from.
    pub ids: Ids,
    /// How long jobs take.
    pub pace: job::Pace,
    /// The sins that this world commits.
    pub quirks: Quirks,
    /// Settings that differ from their defaults.
    pub settings: setting::Settings,
    /// Counts what routers and guests must follow: machines and networks that start or end.
    pub moves: u64,
    /// The id of this management server.
    pub management_server: Uuid,
    /// Every identifier ever given, of removed things too (API-PAR-030).
    pub index: HashMap<Uuid, Handle>,

    /// How much accounts and domains may have.
    pub limits: limit::Limits,

    /// Domains; number 1 is ROOT.
    pub domains: Table<account::Domain>,
    /// Accounts; number 1 is `system`, number 2 is `admin`.
    pub accounts: Table<account::Account>,
    /// Users; number 1 is `system`, number 2 is `admin`.
    pub users: Table<account::User>,
    /// Roles; number 1 is the root administrator's.
    pub roles: Table<role::Role>,
    /// Rules of roles.
    pub role_rules: Table<role::RoleRule>,

    /// Zones.
    pub zones: Table<zone::Zone>,
    /// Pods.
    pub pods: Table<zone::Pod>,
    /// Clusters.
    pub clusters: Table<zone::Cluster>,
    /// Hosts.
    pub hosts: Table<zone::Host>,
    /// Primary storage.
    pub storage_pools: Table<zone::StoragePool>,
    /// Secondary storage.
    pub image_stores: Table<zone::ImageStore>,
    /// Physical networks.
    pub physical_networks: Table<zone::PhysicalNetwork>,

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
    /// Rules of firewalls and port forwarding.
    pub firewall_rules: Table<firewall::Rule>,
    /// Tags on things, oldest first.
    pub tags: imbl::Vector<tag::Tag>,
    /// Registered user data.
    pub user_data: Table<user_data::UserData>,

    /// Regions by number.
    pub regions: imbl::OrdMap<i64, region::Region>,
    /// Things that are only registered, listed, changed and removed.
    pub register: register::Register,
    /// Asynchronous jobs, finished ones until they expire.
    pub jobs: Table<job::Job>,
    /// What happened.
    pub events: Table<event::Event>,
    /// Sessions of users who logged in.
    pub sessions: imbl::OrdMap<String, account::Session>,
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
            quirks: Quirks::default(),
            settings: setting::Settings::default(),
            moves: 0,
            management_server,
            index: HashMap::new(),
            limits: limit::Limits::default(),
            domains: Table::default(),
            accounts: Table::default(),
            users: Table::default(),
            roles: Table::default(),
            role_rules: Table::default(),
            zones: Table::default(),
            pods: Table::default(),
            clusters: Table::default(),
            hosts: Table::default(),
            storage_pools: Table::default(),
            image_stores: Table::default(),
            physical_networks: Table::default(),
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
            firewall_rules: Table::default(),
            tags: imbl::Vector::new(),
            user_data: Table::default(),
            regions: imbl::OrdMap::unit(region::LOCAL, region::Region::local()),
            register: register::Register::default(),
            jobs: Table::default(),
            events: Table::default(),
            sessions: imbl::OrdMap::new(),
        }
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
            Kind::ServiceOffering => self.service_offerings.get(id).map(|row| row.uuid),
            Kind::DiskOffering => self.disk_offerings.get(id).map(|row| row.uuid),
            Kind::NetworkOffering => self.network_offerings.get(id).map(|row| row.uuid),
            Kind::GuestSystem => self.guest_systems.get(id).map(|row| row.uuid),
            Kind::Template => self.templates.get(id).map(|row| row.uuid),
            Kind::Network => self.networks.get(id).map(|row| row.uuid),
            Kind::PublicRange => self.public_ranges.get(id).map(|row| row.uuid),
            Kind::Address => self.addresses.get(id).map(|row| row.uuid),
            Kind::VirtualMachine => self.virtual_machines.get(id).map(|row| row.uuid),
            Kind::Volume => self.volumes.get(id).map(|row| row.uuid),
            Kind::UserData => self.user_data.get(id).map(|row| row.uuid),
            Kind::Job => self.jobs.get(id).map(|row| row.uuid),
            Kind::Event => self.events.get(id).map(|row| row.uuid),
            Kind::RolePermission => self.role_rules.get(id).map(|row| row.uuid),
            Kind::FirewallRule => self.firewall_rules.get(id).map(|row| row.uuid),
            Kind::Router => self.networks.get(id).and_then(|row| row.router.as_ref()).map(|row| row.uuid),
            Kind::Nic | Kind::Project => None,
            Kind::InstanceGroup | Kind::AffinityGroup | Kind::SshKeyPair => {
                self.register.get(handle.kind, id).map(|row| row.uuid)
            }
        }
    }

    /// Whether this world commits a sin.
    #[must_use]
    pub fn sins(&self, quirk: Quirk) -> bool {
        self.quirks.has(quirk)
    }
}

/// Whose a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The account.
    pub account: Id,
    /// The account's domain.
    pub domain: Id,
}
