//! Virtual machines: their states, what moves them and what refuses to (VM-001 onwards).

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::clock::Moment;
use super::kind::Kind;
use super::table::Id;
use super::{Owner, World};

/// The state of a machine (VM-001). The starred ones of the specification are transitional.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone)]
pub struct Nic {
    /// Its identifier.
    pub uuid: Uuid,
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
    /// Further addresses.
    pub secondary: Vec<Ipv4Addr>,
}

/// A virtual machine.
#[derive(Debug, Clone)]
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
    /// Its template.
    pub template: Id,
    /// Its compute offering.
    pub offering: Id,
    /// Cores, MHz and MiB where the buyer chose them.
    pub custom_size: Option<(u32, u32, u32)>,
    /// Its state.
    pub state: MachineState,
    /// When it was created.
    pub created: Moment,
    /// When its state changed last.
    pub updated: Moment,
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
    /// Whether it may be destroyed.
    pub delete_protection: bool,
    /// Whether it may grow while it runs.
    pub dynamically_scalable: bool,
    /// Whether it is restarted after a failure.
    pub ha: bool,
    /// Whether users see it.
    pub display: bool,
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
            template: new.template,
            offering: new.offering,
            custom_size: new.custom_size,
            state: MachineState::Stopped,
            created,
            updated: created,
            nics,
            details: Vec::new(),
            user_data: None,
            user_data_id: None,
            user_data_details: Vec::new(),
            key_pairs: Vec::new(),
            group: None,
            delete_protection: false,
            dynamically_scalable: false,
            ha: false,
            display,
        });
        self.add_root_volume(id);
        id
    }

    /// A card in a network; without a wish it takes the lowest free address.
    pub fn new_nic(&mut self, network: Id, address: Option<Ipv4Addr>, slot: usize) -> Nic {
        let uuid = self.ids.uuid();
        let address = address.or_else(|| self.free_guest_address(network));
        let serial = self.ids.number();
        let mac = format!(
            "02:01:{:02x}:{:02x}:{:02x}:{:02x}",
            network & 0xff,
            serial & 0xff,
            (serial >> 8) & 0xff,
            (serial >> 16) & 0xff
        );
        let device = u32::try_from(slot).unwrap_or(u32::MAX);
        Nic { uuid, network, address, mac, is_default: slot == 0, device, secondary: Vec::new() }
    }

    /// Cores, MHz and MiB of a machine: the buyer's choice, else the offering's.
    #[must_use]
    pub fn machine_size(&self, machine: &VirtualMachine) -> (u32, u32, u32) {
        machine.custom_size.unwrap_or_else(|| {
            self.service_offerings.get(machine.offering).map_or((0, 0, 0), |offering| {
                (offering.cores.unwrap_or(0), offering.speed.unwrap_or(0), offering.memory.unwrap_or(0))
            })
        })
    }

    /// Moves a machine into a state.
    pub fn set_machine_state(&mut self, id: Id, state: MachineState) {
        let now = self.now;
        if let Some(machine) = self.virtual_machines.get_mut(id) {
            machine.state = state;
            machine.updated = now;
            if !matches!(state, MachineState::Running | MachineState::Stopping | MachineState::Migrating) {
                if machine.host.is_some() {
                    machine.last_host = machine.host;
                }
                machine.host = None;
            }
        }
    }

    /// Puts a machine on a host and switches its networks on.
    pub fn run_machine(&mut self, id: Id) {
        let Some(machine) = self.virtual_machines.get(id) else { return };
        let networks: Vec<Id> = machine.nics.iter().map(|nic| nic.network).collect();
        let host = machine.last_host.or_else(|| self.first_host(machine.zone, id));
        for network in networks {
            self.implement_network(network);
        }
        self.ready_root_volume(id, host);
        self.set_machine_state(id, MachineState::Running);
        if let Some(machine) = self.virtual_machines.get_mut(id) {
            machine.host = host;
            machine.last_host = host;
        }
    }

    /// A host of a zone; machines spread over them by number.
    fn first_host(&self, zone: Id, machine: Id) -> Option<Id> {
        let hosts: Vec<Id> =
            self.hosts.iter().filter(|(_, host)| host.zone == zone).map(|(id, _)| id).collect();
        let count = u64::try_from(hosts.len()).ok()?;
        hosts.get(usize::try_from(machine.checked_rem(count)?).ok()?).copied()
    }

    /// Removes a machine for good, with its root volume; data volumes survive (VM-030).
    pub fn expunge_machine(&mut self, id: Id) {
        self.release_volumes(id);
        let standing_for: Vec<Id> = self
            .addresses
            .iter()
            .filter(|(_, row)| row.static_nat == Some(id))
            .map(|(address, _)| address)
            .collect();
        for address in standing_for {
            if let Some(row) = self.addresses.get_mut(address) {
                row.static_nat = None;
            }
        }
        self.virtual_machines.remove(id);
    }

    /// The name on the hypervisor, `i-2-17-VM`.
    #[must_use]
    pub fn instance_name(&self, id: Id, machine: &VirtualMachine) -> String {
        format!("i-{}-{id}-{}", machine.owner.account, self.settings.text("instance.name"))
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
