//! The config drives of running guests as files: `<id of the machine>.iso`, written whole when the machine is made ready
//! on a host and left alone until it is stopped or moves, as upstream does (`ConfigDriveNetworkElement.java`). What is on
//! them is decided in [`config_drive`](crate::guest::config_drive).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::write_whole;
use crate::cloud::StartError;
use crate::guest::config_drive::Drive;
use crate::quirk::Quirks;
use crate::world::World;
use crate::world::table::Table;
use crate::world::virtual_machine::{MachineState, VirtualMachine};

/// The folder of the drives, and what is in it.
pub(super) struct Drives {
    folder: PathBuf,
    /// For which preparation of its machine each drive was written, by the names of their files.
    written: BTreeMap<String, u32>,
    /// What the world was then.
    basis: Option<Basis>,
}

/// What has to be done so that all machines that run have their drives, and nobody else.
pub(super) struct Changes {
    /// The drives to be written, and for which preparation.
    new: Vec<(String, u32, Drive)>,
    /// The files that nobody has any more.
    gone: Vec<String>,
}

impl Drives {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, written: BTreeMap::new(), basis: None }
    }

    /// Whether the world has changed in what has drives made since the last time.
    pub(super) fn are_stale(&self, world: &World) -> bool {
        self.basis.as_ref().is_none_or(|basis| !basis.is_of(world))
    }

    /// Makes every drive anew the next time: another world is in the place of the one that they were made in.
    pub(super) fn distrust(&mut self) {
        self.basis = None;
    }

    /// What is to be done now, for [`write`](Self::write).
    pub(super) fn changes(&mut self, world: &World) -> Changes {
        let basis = self.basis.replace(Basis::of(world));
        // Faults are on the drives at once.
        let all = basis.is_none_or(|basis| basis.quirks != world.quirks);
        let (mut new, mut gone) = (Vec::new(), self.written.clone());
        let running = |(_, row): &(_, &VirtualMachine)| row.state == MachineState::Running;
        for (id, machine) in world.virtual_machines.iter().filter(running) {
            let name = name(&machine.uuid.to_string());
            let before = gone.remove(&name);
            if all || before != Some(machine.preparations) {
                match Drive::of(world, id) {
                    Some(drive) => new.push((name, machine.preparations, drive)),
                    None => gone.extend(before.map(|before| (name, before))),
                }
            }
        }
        Changes { new, gone: gone.into_keys().collect() }
    }

    /// Writes the drives that are new, and takes those away that nobody has any more.
    pub(super) fn write(&mut self, changes: Changes) -> Result<(), StartError> {
        let failed = |source| StartError::Drives { path: self.folder.clone(), source };
        for name in changes.gone {
            remove(&self.folder.join(&name)).map_err(failed)?;
            self.written.remove(&name);
        }
        for (name, preparation, drive) in changes.new {
            write_whole(&self.folder, &name, &drive.image()).map_err(failed)?;
            self.written.insert(name, preparation);
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

/// What says whether there is anything to do. The table shares its rows with the world until it changes, so keeping and
/// comparing it costs a pointer, however many machines there are.
struct Basis {
    quirks: Quirks,
    virtual_machines: Table<VirtualMachine>,
}

impl Basis {
    fn of(world: &World) -> Self {
        Self { quirks: world.quirks, virtual_machines: world.virtual_machines.clone() }
    }

    fn is_of(&self, world: &World) -> bool {
        self.quirks == world.quirks && self.virtual_machines.is_same(&world.virtual_machines)
    }
}
