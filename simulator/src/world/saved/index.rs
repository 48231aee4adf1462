//! What a saved world leaves out because its rows tell it: who has which identifier and which API key, what hangs
//! where, which jobs are not over.

use imbl::OrdMap;
use uuid::Uuid;

use super::SavedError;
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::HashIndex;

/// The tables whose rows have identifiers, each with the kind of its rows.
macro_rules! rows_of {
    ($world:ident, $tell:ident; $($table:ident $kind:ident;)*) => {
        $(for (id, row) in $world.$table.iter() {
            $tell(Kind::$kind, id, row.uuid);
        })*
    };
}

impl World {
    /// Every row with an identifier.
    fn named_rows(&self) -> Vec<(Uuid, Handle)> {
        let mut rows = Vec::new();
        let mut tell = |kind, id, uuid| rows.push((uuid, Handle { kind, id }));
        rows_of! { self, tell;
            domains Domain;
            accounts Account;
            users User;
            directory_servers DirectoryServer;
            roles Role;
            role_rules RolePermission;
            projects Project;
            project_roles ProjectRole;
            project_rules ProjectRolePermission;
            project_invitations ProjectInvitation;
            zones Zone;
            pods Pod;
            clusters Cluster;
            hosts Host;
            storage_pools StoragePool;
            image_stores ImageStore;
            physical_networks PhysicalNetwork;
            traffic_types TrafficType;
            service_providers ServiceProvider;
            dedicated_vlans DedicatedVlans;
            portable_ranges PortableRange;
            storage_ranges StorageRange;
            alerts Alert;
            system_vms SystemVm;
            service_offerings ServiceOffering;
            disk_offerings DiskOffering;
            network_offerings NetworkOffering;
            guest_systems GuestSystem;
            templates Template;
            networks Network;
            public_ranges PublicRange;
            addresses Address;
            virtual_machines VirtualMachine;
            volumes Volume;
            snapshots Snapshot;
            snapshot_policies SnapshotPolicy;
            vm_snapshots VmSnapshot;
            vm_schedules VmSchedule;
            firewall_rules FirewallRule;
            security_groups SecurityGroup;
            vpc_offerings VpcOffering;
            vpcs Vpc;
            acl_lists NetworkAcl;
            acl_items NetworkAclItem;
            private_gateways PrivateGateway;
            static_routes StaticRoute;
            internal_balancers InternalBalancer;
            vpn_gateways VpnGateway;
            customer_gateways CustomerGateway;
            vpn_connections VpnConnection;
            remote_access_vpns RemoteAccessVpn;
            vpn_users VpnUser;
            user_data UserData;
            jobs Job;
            events Event;
        }
        for kind in Kind::ALL {
            for (id, row) in self.register.iter(*kind) {
                tell(*kind, id, row.uuid);
            }
        }
        for nic in self.virtual_machines.iter().flat_map(|(_, machine)| &machine.nics) {
            tell(Kind::Nic, nic.id, nic.uuid);
            for one in &nic.secondary {
                tell(Kind::SecondaryAddress, one.id, one.uuid);
            }
        }
        for rule in self.security_groups.iter().flat_map(|(_, group)| &group.rules) {
            tell(Kind::SecurityGroupRule, rule.id, rule.uuid);
        }
        for (_, rule) in self.firewall_rules.iter() {
            if let Some(policy) = rule.balancing.as_ref().and_then(|balancing| balancing.stickiness.as_ref())
            {
                tell(Kind::StickinessPolicy, policy.id, policy.uuid);
            }
        }
        for (id, row) in self.networks.iter() {
            for (kind, router) in [(Kind::Router, &row.router), (Kind::SecondRouter, &row.second_router)] {
                if let Some(router) = router {
                    tell(kind, id, router.uuid);
                }
            }
        }
        for (id, row) in self.vpcs.iter() {
            for (kind, router) in
                [(Kind::VpcRouter, &row.router), (Kind::SecondVpcRouter, &row.second_router)]
            {
                if let Some(router) = router {
                    tell(kind, id, router.uuid);
                }
            }
        }
        for (id, row) in self.service_providers.iter() {
            let kind = crate::world::physical_network::element_kind(&row.name);
            if let (Some(kind), Some((uuid, _))) = (kind, row.element) {
                tell(kind, id, uuid);
            }
        }
        rows
    }

    /// The identifiers that stand for something else than the one row that has them.
    pub(super) fn unlike_rows(&self) -> OrdMap<Uuid, Option<Handle>> {
        let mut rows: OrdMap<Uuid, Vec<Handle>> = OrdMap::new();
        for (uuid, handle) in self.named_rows() {
            rows.entry(uuid).or_default().push(handle);
        }
        let known = self.index.iter().map(|(uuid, handle)| (*uuid, Some(*handle)));
        let forgotten = rows.keys().filter(|uuid| !self.index.contains_key(*uuid)).map(|uuid| (*uuid, None));
        known
            .chain(forgotten)
            .filter(|(uuid, handle)| {
                let told = rows.get(uuid).map_or(&[][..], Vec::as_slice);
                handle.is_none_or(|handle| told != [handle])
            })
            .collect()
    }

    /// Makes again what was not saved. Where two rows have one identifier, the file must have said which counts.
    pub(super) fn make_indexes(&mut self, unlike: &OrdMap<Uuid, Option<Handle>>) -> Result<(), SavedError> {
        self.index = HashIndex::new();
        for (uuid, handle) in self.named_rows() {
            if let Some(other) = self.index.insert(uuid, handle)
                && !unlike.contains_key(&uuid)
            {
                let Handle { kind, id } = handle;
                return Err(SavedError::Member {
                    path: "world".to_owned(),
                    reason: format!(
                        "{:?} {} and {kind:?} {id} have the same identifier {uuid}, so one of them needs another",
                        other.kind, other.id
                    ),
                });
            }
        }
        for (uuid, handle) in unlike {
            match handle {
                Some(handle) => self.index.insert(*uuid, *handle),
                None => self.index.remove(uuid),
            };
        }
        // Of two users with one key the older one has it.
        for (id, user) in self.users.iter() {
            if let Some(key) = &user.api_key {
                self.api_keys.entry(key.clone()).or_insert(id);
            }
        }
        let attached = self.volumes.iter().filter_map(|(id, volume)| {
            let (machine, slot) = volume.attached?;
            Some((machine, slot, id))
        });
        self.slots = attached.collect();
        // The server's own first job has no command and is none that was accepted.
        let open = self.jobs.iter().filter(|(_, job)| !job.is_done() && !job.command.is_empty());
        self.open_jobs = open.map(|(id, _)| id).collect();
        Ok(())
    }
}
