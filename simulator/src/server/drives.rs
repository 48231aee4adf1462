//! The config drives of running guests as files: `<id of the machine>.iso`, written whole whenever what is on them
//! changes. What is on them is decided in [`config_drive`](crate::guest::config_drive).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::write_whole;
use crate::cloud::StartError;
use crate::guest::config_drive::Drive;
use crate::quirk::Quirks;
use crate::world::World;
use crate::world::account::Domain;
use crate::world::host::Host;
use crate::world::network::{Address, Network};
use crate::world::offering::{NetworkOffering, ServiceOffering};
use crate::world::setting::Settings;
use crate::world::table::Table;
use crate::world::template::{GuestSystem, Template};
use crate::world::virtual_machine::{MachineState, VirtualMachine};
use crate::world::zone::Zone;

/// The folder of the drives, and what is in it.
pub(super) struct Drives {
    folder: PathBuf,
    /// The drives as they were written last, by the names of their files.
    written: BTreeMap<String, Drive>,
    /// What they were made from.
    basis: Option<Basis>,
}

impl Drives {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, written: BTreeMap::new(), basis: None }
    }

    /// Whether the world has changed in what drives are made from since the last time.
    pub(super) fn are_stale(&self, world: &World) -> bool {
        self.basis.as_ref().is_none_or(|basis| !basis.is_of(world))
    }

    /// The drives that guests should have now, as [`write`](Self::write) takes them.
    pub(super) fn wanted(&mut self, world: &World) -> BTreeMap<String, Drive> {
        self.basis = Some(Basis::of(world));
        world
            .virtual_machines
            .iter()
            .filter(|(_, machine)| machine.state == MachineState::Running)
            .filter_map(|(id, machine)| Some((name(&machine.uuid.to_string()), Drive::of(world, id)?)))
            .collect()
    }

    /// Writes the drives that changed, and takes those away that nobody has any more.
    pub(super) fn write(&mut self, wanted: BTreeMap<String, Drive>) -> Result<(), StartError> {
        let failed = |source| StartError::Drives { path: self.folder.clone(), source };
        for name in self.written.keys().filter(|name| !wanted.contains_key(*name)) {
            remove(&self.folder.join(name)).map_err(failed)?;
        }
        self.written.retain(|name, _| wanted.contains_key(name));
        for (name, drive) in wanted {
            if self.written.get(&name) == Some(&drive) {
                continue;
            }
            write_whole(&self.folder, &name, &drive.image()).map_err(failed)?;
            self.written.insert(name, drive);
        }
        Ok(())
    }

    /// Where the drive of a machine is, if it has one.
    pub(super) fn place(&self, machine: &str) -> Option<String> {
        let name = name(machine);
        self.written.contains_key(&name).then(|| self.folder.join(name).display().to_string())
    }
}

fn name(machine: &str) -> String {
    format!("{machine}.iso")
}

/// Somebody may have tidied up before us.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// What drives are made from. Tables share their rows with the world until it changes, so keeping and comparing them
/// costs a few pointers, however many machines there are.
struct Basis {
    quirks: Quirks,
    settings: Settings,
    domains: Table<Domain>,
    zones: Table<Zone>,
    hosts: Table<Host>,
    service_offerings: Table<ServiceOffering>,
    network_offerings: Table<NetworkOffering>,
    guest_systems: Table<GuestSystem>,
    templates: Table<Template>,
    networks: Table<Network>,
    addresses: Table<Address>,
    virtual_machines: Table<VirtualMachine>,
}

impl Basis {
    fn of(world: &World) -> Self {
        Self {
            quirks: world.quirks,
            settings: world.settings.clone(),
            domains: world.domains.clone(),
            zones: world.zones.clone(),
            hosts: world.hosts.clone(),
            service_offerings: world.service_offerings.clone(),
            network_offerings: world.network_offerings.clone(),
            guest_systems: world.guest_systems.clone(),
            templates: world.templates.clone(),
            networks: world.networks.clone(),
            addresses: world.addresses.clone(),
            virtual_machines: world.virtual_machines.clone(),
        }
    }

    fn is_of(&self, world: &World) -> bool {
        self.quirks == world.quirks
            && self.settings.is_same(&world.settings)
            && self.domains.is_same(&world.domains)
            && self.zones.is_same(&world.zones)
            && self.hosts.is_same(&world.hosts)
            && self.service_offerings.is_same(&world.service_offerings)
            && self.network_offerings.is_same(&world.network_offerings)
            && self.guest_systems.is_same(&world.guest_systems)
            && self.templates.is_same(&world.templates)
            && self.networks.is_same(&world.networks)
            && self.addresses.is_same(&world.addresses)
            && self.virtual_machines.is_same(&world.virtual_machines)
    }
}
