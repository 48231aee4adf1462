//! Virtual machines: their states, what moves them and what refuses to (VM-001 onwards).

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Moment;
use super::host::Host;
use super::kind::{Handle, Kind};
use super::nic::SecondaryAddress;
use super::offering::ServiceOffering;
use super::table::Id;
use super::{Owner, World};
use crate::quirk::Quirk;

/// The state of a machine (VM-001). The starred ones of the specification are transitional.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum MachineState {
    /// Being started.
    Starting,
    /// On a host.
    Running,
    /// Being stopped.
    Stopping,
    /// Off, also before the first start.
    Stopped,
    /// Thrown away, but recoverable.
    Destroyed,
    /// Being removed for good.
    Expunging,
    /// Moving between hosts.
    Migrating,
    /// The first start failed.
    Error,
}

impl MachineState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "Starting",
            Self::Running => "Running",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Destroyed => "Destroyed",
            Self::Expunging => "Expunging",
            Self::Migrating => "Migrating",
            Self::Error => "Error",
        }
    }
}

/// A network card.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Nic {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its internal number.
    pub id: Id,
    /// Its network.
    pub network: Id,
    /// Its address, unless the network has none.
    pub address: Option<Ipv4Addr>,
    /// Its hardware address, `02:01:00:d3:00:03`.
    pub mac: String,
    /// Whether the machine's default route goes out here.
    pub is_default: bool,
    /// Its slot.
    pub device: u32,
    /// The VLAN that it is connected to: its network's, until the machine is stopped.
    pub vlan: Option<u32>,
    /// Further addresses.
    pub secondary: Vec<SecondaryAddress>,
}

/// A virtual machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VirtualMachine {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its host name.
    pub name: String,
    /// The name shown to people, if it differs.
    pub display_name: Option<String>,
    /// Whose it is.
    pub owner: Owner,
    /// The user who deployed it.
    pub user: Id,
    /// Its zone.
    pub zone: Id,
    /// The host that it runs on.
    pub host: Option<Id>,
    /// The host that it ran on last.
    pub last_host: Option<Id>,
    /// How often it was made ready on a host: each time its config drive is made anew, and never in between
    /// (`ConfigDriveNetworkElement.java`).
    pub preparations: u32,
    /// Its template.
    pub template: Id,
    /// The ISO in its drive.
    pub iso: Option<Id>,
    /// Its compute offering.
    pub offering: Id,
    /// Cores, MHz and MiB where the buyer chose them.
    pub custom_size: Option<(u32, u32, u32)>,
    /// Its state.
    pub state: MachineState,
    /// When it was created.
    pub created: Moment,
    /// When its state changed last; never, for one that was never started.
    pub updated: Option<Moment>,
    /// Since when it is measured: its first minute on a host gives no numbers yet.
    pub measured: Option<Moment>,
    /// Its network cards, by slot.
    pub nics: Vec<Nic>,
    /// Free details.
    pub details: Vec<(String, String)>,
    /// Its user data, in standard base64 (UD-006).
    pub user_data: Option<String>,
    /// The registered user data that it uses.
    pub user_data_id: Option<Id>,
    /// The values for the parameters of its user data.
    pub user_data_details: Vec<(String, String)>,
    /// Its public keys, by name.
    pub key_pairs: Vec<(String, String)>,
    /// Its group.
    pub group: Option<String>,
    /// The affinity groups that it is in.
    pub affinity_groups: Vec<Id>,
    /// Whether it may be destroyed.
    pub delete_protection: bool,
    /// Whether it may grow while it runs.
    pub dynamically_scalable: bool,
    /// Whether it is restarted after a failure.
    pub ha: bool,
    /// Whether users see it.
    pub display: bool,
    /// The password that the router of its default card keeps, until the guest says that it has it (PW-008).
    pub guest_password: Option<String>,
}

impl VirtualMachine {
    /// The name shown to people (VM-011).
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }

    /// The card that the default route goes out by.
    #[must_use]
    pub fn default_nic(&self) -> Option<&Nic> {
        self.nics.iter().find(|nic| nic.is_default)
    }
}

/// What [`World::add_machine`] needs to know.
#[derive(Debug, Clone)]
pub struct NewMachine {
    /// Its host name; without one it is named by its identifier.
    pub name: Option<String>,
    /// The name shown to people.
    pub display_name: Option<String>,
    /// Whose it is.
    pub owner: Owner,
    /// The user who deploys it.
    pub user: Id,
    /// Its zone.
    pub zone: Id,
    /// Its template.
    pub template: Id,
    /// Its compute offering.
    pub offering: Id,
    /// Cores, MHz and MiB where the buyer chose them.
    pub custom_size: Option<(u32, u32, u32)>,
    /// Its networks with the addresses that were asked for; the first is the default.
    pub networks: Vec<(Id, Option<Ipv4Addr>)>,
}

/// The detail of a machine that was never started.
pub const NOT_STARTED: &str = "deployvm";

/// Where a machine may go: what a root administrator asked for (VM-027).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plan {
    /// One pod only.
    pub pod: Option<Id>,
    /// One cluster only.
    pub cluster: Option<Id>,
    /// One host only.
    pub host: Option<Id>,
}

impl Plan {
    fn allows(self, id: Id, host: &Host) -> bool {
        self.pod.is_none_or(|pod| host.pod == pod)
            && self.cluster.is_none_or(|cluster| host.cluster == cluster)
            && self.host.is_none_or(|only| only == id)
    }
}

impl World {
    /// Adds a stopped machine with its cards and its root volume.
    pub fn add_machine(&mut self, new: NewMachine) -> Id {
        let id = self.virtual_machines.next_id();
        let uuid = self.name_row(Kind::VirtualMachine, id);
        let nics = new
            .networks
            .iter()
            .enumerate()
            .map(|(slot, (network, address))| self.new_nic(*network, *address, slot))
            .collect();
        let created = self.now;
        let display = true;
        let name = new.name.unwrap_or_else(|| format!("VM-{uuid}"));
        self.virtual_machines.insert(VirtualMachine {
            uuid,
            name,
            display_name: new.display_name,
            owner: new.owner,
            user: new.user,
            zone: new.zone,
            host: None,
            last_host: None,
            preparations: 0,
            template: new.template,
            offering: new.offering,
            custom_size: new.custom_size,
            state: MachineState::Stopped,
            created,
            updated: None,
            measured: None,
            nics,
            details: Vec::new(),
            iso: None,
            user_data: None,
            user_data_id: None,
            user_data_details: Vec::new(),
            key_pairs: Vec::new(),
            group: None,
            affinity_groups: Vec::new(),
            delete_protection: false,
            dynamically_scalable: false,
            ha: false,
            display,
            guest_password: None,
        });
        self.add_root_volume(id);
        id
    }

    /// A card in a network; without a wish it takes the lowest free address.
    pub fn new_nic(&mut self, network: Id, address: Option<Ipv4Addr>, slot: usize) -> Nic {
        self.last_nic += 1;
        let id = self.last_nic;
        let uuid = self.name_row(Kind::Nic, id);
        let address = address.or_else(|| self.free_guest_address(network));
        let vlan = self.networks.get(network).and_then(|network| network.vlan);
        let serial = self.ids.number();
        let mac = format!(
            "02:01:{:02x}:{:02x}:{:02x}:{:02x}",
            network & 0xff,
            serial & 0xff,
            (serial >> 8) & 0xff,
            (serial >> 16) & 0xff
        );
        let device = u32::try_from(slot).unwrap_or(u32::MAX);
        Nic { uuid, id, network, address, mac, is_default: slot == 0, device, vlan, secondary: Vec::new() }
    }

    /// Cores, MHz and MiB of a machine: the buyer's choice, else the offering's.
    #[must_use]
    pub fn machine_size(&self, machine: &VirtualMachine) -> (u32, u32, u32) {
        machine.custom_size.unwrap_or_else(|| {
            self.service_offerings.get(machine.offering).map_or((0, 0, 0), ServiceOffering::size)
        })
    }

    /// Moves a machine into a state.
    pub fn set_machine_state(&mut self, id: Id, state: MachineState) {
        let now = self.now;
        self.moves += 1;
        if let Some(machine) = self.virtual_machines.get_mut(id) {
            machine.state = state;
            machine.updated = Some(now);
            if !matches!(state, MachineState::Running | MachineState::Stopping | MachineState::Migrating) {
                if machine.host.is_some() {
                    machine.last_host = machine.host;
                    for nic in &mut machine.nics {
                        nic.vlan = None;
                    }
                }
                machine.host = None;
            }
        }
    }

    /// Puts a machine on a host and switches its networks on.
    pub fn run_machine(&mut self, id: Id) {
        let host = self.host_for(id, Plan::default());
        self.run_machine_on(id, host);
    }

    /// Makes everything ready for a machine on this host: its networks, its volumes, its cards.
    pub fn prepare_machine_on(&mut self, id: Id, host: Option<Id>) {
        let Some(machine) = self.virtual_machines.get(id) else { return };
        let networks: Vec<Id> = machine.nics.iter().map(|nic| nic.network).collect();
        for network in networks.iter().copied() {
            self.implement_network(network);
        }
        self.ready_volumes(id, host);
        let vlans: Vec<Option<u32>> = networks
            .iter()
            .map(|network| self.networks.get(*network).and_then(|network| network.vlan))
            .collect();
        if let Some(machine) = self.virtual_machines.get_mut(id) {
            for (nic, vlan) in machine.nics.iter_mut().zip(vlans) {
                nic.vlan = vlan;
            }
        }
        self.settle_on(id, host);
    }

    /// Lets a machine for which all is ready be on a host: it gets its config drive, and its routers are told.
    pub(super) fn settle_on(&mut self, id: Id, host: Option<Id>) {
        if let Some(machine) = self.virtual_machines.get_mut(id) {
            machine.host = host;
            machine.preparations = machine.preparations.wrapping_add(1);
        }
        self.tell_of_machine(id);
    }

    /// Puts a machine on this host and switches its networks on.
    pub fn run_machine_on(&mut self, id: Id, host: Option<Id>) {
        self.prepare_machine_on(id, host);
        let machine = self.virtual_machines.get(id);
        let is_first = machine.is_some_and(|row| row.details.iter().any(|(key, _)| key == NOT_STARTED));
        let has_none = machine.is_some_and(|row| row.guest_password.is_none());
        if is_first && has_none && self.knows_passwords(id) {
            self.give_password(id, None);
        }
        self.set_machine_state(id, MachineState::Running);
        let now = self.now;
        if let Some(machine) = self.virtual_machines.get_mut(id) {
            machine.details.retain(|(key, _)| key != NOT_STARTED);
            machine.last_host = host;
            machine.measured = machine.measured.or(Some(now));
        }
    }

    /// Whether the guests of a machine's template take passwords.
    #[must_use]
    pub fn knows_passwords(&self, id: Id) -> bool {
        let template = self.virtual_machines.get(id).and_then(|machine| self.templates.get(machine.template));
        template.is_some_and(|template| template.password_enabled)
    }

    /// Leaves a password for a guest at the router of its default card (PW-008): this one, or one that is drawn.
    pub fn give_password(&mut self, id: Id, chosen: Option<&str>) {
        let drawn = format!("{:06x}", self.ids.number() & 0xff_ffff);
        if let Some(machine) = self.virtual_machines.get_mut(id) {
            machine.guest_password = Some(chosen.map_or(drawn, str::to_owned));
        }
    }

    /// The host that a machine goes to: one that the plan allows, in the cluster of its root
    /// volume if that has storage already, with room for it. The last host is preferred, else
    /// machines spread by number.
    #[must_use]
    pub fn host_for(&self, id: Id, plan: Plan) -> Option<Id> {
        self.hosts_for(id, plan).into_iter().next()
    }

    /// All hosts that a machine may go to, the best first.
    #[must_use]
    pub fn hosts_for(&self, id: Id, plan: Plan) -> Vec<Id> {
        let Some(machine) = self.virtual_machines.get(id) else { return Vec::new() };
        let cluster = self.root_cluster(id);
        let mut hosts: Vec<Id> = self
            .hosts
            .iter()
            .filter(|(_, host)| host.zone == machine.zone)
            .filter(|(host_id, _)| self.takes_work(*host_id))
            .filter(|(host_id, host)| plan.allows(*host_id, host))
            .filter(|(_, host)| cluster.is_none_or(|cluster| host.cluster == cluster))
            .filter(|(host_id, _)| self.has_room(*host_id, machine))
            .filter(|(host_id, _)| self.suits_affinity(*host_id, id, machine))
            .map(|(host_id, _)| host_id)
            .collect();
        let spread = u64::try_from(hosts.len()).ok().and_then(|count| id.checked_rem(count));
        let last = hosts.iter().position(|host| machine.last_host == Some(*host));
        let best = last.or_else(|| usize::try_from(spread?).ok()).unwrap_or_default();
        hosts.rotate_left(best);
        hosts
    }

    /// Whether the affinity groups of a machine let it go to a host: away from the others of the group, or to where
    /// they are. Groups that are not strict forbid nothing.
    fn suits_affinity(&self, host: Id, id: Id, machine: &VirtualMachine) -> bool {
        machine.affinity_groups.iter().all(|group| {
            let kind = self.register.get(Kind::AffinityGroup, *group).and_then(|record| record.field("type"));
            let mut others = self
                .virtual_machines
                .iter()
                .filter(|(other, row)| *other != id && row.affinity_groups.contains(group))
                .filter_map(|(_, row)| row.host)
                .peekable();
            match kind {
                Some("host anti-affinity") => others.all(|other| other != host),
                Some("host affinity") => others.peek().is_none() || others.any(|other| other == host),
                _ => true,
            }
        })
    }

    /// The cluster whose storage holds the root volume.
    #[must_use]
    pub fn root_cluster(&self, machine: Id) -> Option<Id> {
        let root = self.volumes_of(machine).into_iter().find_map(|id| {
            let volume = self.volumes.get(id)?;
            volume.is_root.then_some(volume.pool?)
        })?;
        self.storage_pools.get(root).map(|pool| pool.cluster)
    }

    /// Whether a host can take a machine besides those that it has (VM-028).
    #[must_use]
    pub fn has_room(&self, id: Id, machine: &VirtualMachine) -> bool {
        let Some(host) = self.hosts.get(id) else { return false };
        let (mut speed, mut memory) = (0, 0);
        for (_, other) in self.virtual_machines.iter().filter(|(_, other)| other.host == Some(id)) {
            let size = self.machine_size(other);
            speed += u64::from(size.0) * u64::from(size.1);
            memory += u64::from(size.2) << 20;
        }
        let size = self.machine_size(machine);
        speed += u64::from(size.0) * u64::from(size.1);
        memory += u64::from(size.2) << 20;
        let (promised_speed, promised_memory) = self.promised_by(id);
        size.0 <= host.cores && size.1 <= host.speed && speed <= promised_speed && memory <= promised_memory
    }

    /// What a first start that failed leaves behind: the machine in `Error`, without its root
    /// volume (VM-003).
    pub fn fail_first_start(&mut self, id: Id) {
        self.release_volumes(id);
        self.set_machine_state(id, MachineState::Error);
    }

    /// Whether the numbers of a machine were taken at least once.
    #[must_use]
    pub fn is_measured(&self, machine: &VirtualMachine) -> bool {
        let interval = self.settings.number("vm.stats.interval");
        interval > 0 && machine.measured.is_some_and(|since| since.plus_millis(interval) <= self.now)
    }

    /// Removes the machines that were thrown away `expunge.delay` ago. The reference counts 1024
    /// milliseconds as a second (VM-006).
    pub fn expunge_overdue(&mut self) {
        let is_overdue = |row: &VirtualMachine| self.expunged_at(row).is_some_and(|at| at <= self.now);
        let machines = self.virtual_machines.iter();
        let overdue: Vec<Id> = machines.filter(|(_, row)| is_overdue(row)).map(|(id, _)| id).collect();
        for id in overdue {
            self.expunge_machine(id);
        }
    }

    /// When a machine that was destroyed, or that never came to be, is expunged by itself (VM-005).
    pub(super) fn expunged_at(&self, row: &VirtualMachine) -> Option<Moment> {
        let waits =
            matches!(row.state, MachineState::Destroyed | MachineState::Expunging | MachineState::Error);
        let delay = || self.settings.number("expunge.delay").saturating_mul(1024);
        row.updated.filter(|_| waits).map(|since| since.plus_millis(delay()))
    }

    /// Gives a stopped machine and its volumes to another account, with new cards.
    pub fn assign_machine(&mut self, id: Id, owner: Owner, networks: &[(Id, Option<Ipv4Addr>)]) {
        let nics = networks
            .iter()
            .enumerate()
            .map(|(slot, (network, address))| self.new_nic(*network, *address, slot))
            .collect();
        for volume in self.volumes_of(id) {
            if let Some(volume) = self.volumes.get_mut(volume) {
                volume.owner = owner;
            }
        }
        self.forget_folders(id);
        if let Some(machine) = self.virtual_machines.get_mut(id) {
            machine.owner = owner;
            machine.nics = nics;
        }
    }

    /// Removes a machine for good, with its root volume; data volumes survive (VM-030).
    pub fn expunge_machine(&mut self, id: Id) {
        self.record_lost_volumes(id);
        self.release_volumes(id);
        let standing_for: Vec<Id> = self.addresses_for(id).map(|(address, _)| address).collect();
        for address in standing_for {
            self.remove_rules_of(None, Some(address));
            if let Some(row) = self.addresses.get_mut(address) {
                row.static_nat = None;
            }
        }
        self.forget_target(id, None);
        self.forget_folders(id);
        let snapshots: Vec<Id> = self.vm_snapshots_of(id).map(|(snapshot, _)| snapshot).collect();
        for snapshot in snapshots {
            self.vm_snapshots.remove(snapshot);
        }
        self.forget_tags(Handle { kind: Kind::VirtualMachine, id });
        self.virtual_machines.remove(id);
    }

    /// The name on the hypervisor, `i-2-17-VM`.
    #[must_use]
    pub fn instance_name(&self, id: Id, machine: &VirtualMachine) -> String {
        format!("i-{}-{id}-{}", machine.owner.account, self.settings.text("instance.name"))
    }

    /// The machine whose default card has this address in a network.
    #[must_use]
    pub fn guest_at(&self, network: Id, address: Ipv4Addr) -> Option<Id> {
        let is_there = |nic: &Nic| nic.network == network && nic.address == Some(address);
        let any_card = self.sins(Quirk::PasswordsReachEveryCard);
        self.virtual_machines
            .iter()
            .find(|(_, machine)| {
                machine.default_nic().is_some_and(is_there) || any_card && machine.nics.iter().any(is_there)
            })
            .map(|(id, _)| id)
    }

    /// The machine whose card has this address, in any network.
    #[must_use]
    pub fn machine_at(&self, address: Ipv4Addr) -> Option<(Id, &VirtualMachine, &Nic)> {
        self.virtual_machines.iter().find_map(|(id, machine)| {
            let nic = machine.nics.iter().find(|nic| nic.address == Some(address))?;
            Some((id, machine, nic))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::preset;

    fn demo() -> World {
        let (_, text) = preset::NAMED[0];
        preset::build("demo", text, 7, Moment(0)).expect("the demo world is valid")
    }

    fn any_machine(world: &World) -> Id {
        world.virtual_machines.iter().next().map(|(id, _)| id).expect("the demo world has machines")
    }

    #[test]
    fn a_machine_without_room_finds_no_host() {
        let mut world = demo();
        let id = any_machine(&world);
        assert!(world.host_for(id, Plan::default()).is_some());
        world.virtual_machines.get_mut(id).expect("it exists").custom_size = Some((64, 3000, 1_000_000));
        assert_eq!(world.host_for(id, Plan::default()), None);
    }

    #[test]
    fn a_ready_root_volume_keeps_its_machine_in_one_cluster() {
        let mut world = demo();
        let id = any_machine(&world);
        world.run_machine(id);
        let cluster = world.root_cluster(id).expect("a running machine's root volume is ready");
        let elsewhere = Plan { cluster: Some(cluster + 1), ..Plan::default() };
        assert_eq!(world.host_for(id, elsewhere), None);
    }

    #[test]
    fn destroyed_machines_go_after_the_delay() {
        for state in [MachineState::Destroyed, MachineState::Expunging, MachineState::Error] {
            let mut world = demo();
            world.settings.set("expunge.delay", "20").expect("a known setting");
            let id = any_machine(&world);
            world.set_machine_state(id, state);
            world.now = world.now.plus_millis(20_479);
            world.expunge_overdue();
            assert!(world.virtual_machines.get(id).is_some(), "{state:?}");
            world.now = world.now.plus_millis(1);
            world.expunge_overdue();
            assert!(world.virtual_machines.get(id).is_none(), "{state:?}");
        }
    }

    #[test]
    fn a_failed_first_start_leaves_no_root_volume() {
        let mut world = demo();
        let id = any_machine(&world);
        world.fail_first_start(id);
        assert_eq!(world.virtual_machines.get(id).map(|machine| machine.state), Some(MachineState::Error));
        assert!(world.volumes_of(id).is_empty());
    }
}
