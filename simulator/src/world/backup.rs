//! Backups of machines. Offerings, backups and who has which offering are things of the register.

use super::World;
use super::kind::{Handle, Kind};
use super::register::{Fields, Stored};
use super::table::Id;

impl World {
    /// The backup offering that a machine has.
    #[must_use]
    pub fn backup_offering_of(&self, machine: Id) -> Option<Handle> {
        let row = self.backup_assignment(machine)?;
        self.register.get(Kind::BackupAssignment, row)?.thing("offering")
    }

    fn backup_assignment(&self, machine: Id) -> Option<Id> {
        let machine = Handle { kind: Kind::VirtualMachine, id: machine };
        self.register.naming(Kind::BackupAssignment, "machine", machine).next()
    }

    /// Gives a machine a backup offering.
    pub fn assign_backup_offering(&mut self, machine: Id, offering: Handle) {
        let Some(owner) = self.virtual_machines.get(machine).map(|row| row.owner) else { return };
        let machine = Handle { kind: Kind::VirtualMachine, id: machine };
        let both = [("machine", Stored::Thing(machine)), ("offering", Stored::Thing(offering))];
        let fields = Fields::from_iter(both);
        self.add_record(Kind::BackupAssignment, owner, "", fields);
    }

    /// Takes the backup offering of a machine away, and its backups with it.
    pub fn remove_backup_offering(&mut self, machine: Id) {
        if let Some(row) = self.backup_assignment(machine) {
            self.register.remove(Kind::BackupAssignment, row);
        }
        let machine = Handle { kind: Kind::VirtualMachine, id: machine };
        let backups: Vec<Id> = self.register.naming(Kind::Backup, "machine", machine).collect();
        for backup in backups {
            self.register.remove(Kind::Backup, backup);
        }
    }
}
