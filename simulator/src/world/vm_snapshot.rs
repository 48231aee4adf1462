//! Snapshots of whole machines (VMS-001 to -004).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Moment;
use super::kind::{Handle, Kind};
use super::table::Id;
use super::{Owner, World};

/// The state of a machine's snapshot (VMS-001). One that is removed has no row any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum VmSnapshotState {
    /// Promised, not begun.
    Allocated,
    /// Being taken.
    Creating,
    /// Usable.
    Ready,
    /// Being gone back to.
    Reverting,
    /// Being removed.
    Expunging,
    /// Could not be taken.
    Error,
}

impl VmSnapshotState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allocated => "Allocated",
            Self::Creating => "Creating",
            Self::Ready => "Ready",
            Self::Reverting => "Reverting",
            Self::Expunging => "Expunging",
            Self::Error => "Error",
        }
    }

    /// Whether something is being done with it.
    #[must_use]
    pub fn is_busy(self) -> bool {
        !matches!(self, Self::Ready | Self::Error)
    }
}

/// A snapshot of a machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VmSnapshot {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its internal name, from machine and time.
    pub name: String,
    /// The name shown to people.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whose it is: its machine's.
    pub owner: Owner,
    /// The machine.
    pub machine: Id,
    /// Whether it holds the memory too.
    pub has_memory: bool,
    /// Its state.
    pub state: VmSnapshotState,
    /// The snapshot that the machine was at when this one was taken.
    pub parent: Option<Id>,
    /// Whether the machine is at it; not known before it was taken.
    pub is_current: Option<bool>,
    /// When it was asked for.
    pub created: Moment,
}

impl World {
    /// Promises a snapshot of a machine; without a name it is shown by its internal one.
    pub fn add_vm_snapshot(
        &mut self,
        machine: Id,
        display_name: Option<&str>,
        description: Option<&str>,
        has_memory: bool,
    ) -> Option<Id> {
        let row = self.virtual_machines.get(machine)?;
        let owner = row.owner;
        let name = format!("{}_VS_{}", self.instance_name(machine, row), self.now.digits());
        let uuid = self.name_row(Kind::VmSnapshot, self.vm_snapshots.next_id());
        let created = self.now;
        Some(self.vm_snapshots.insert(VmSnapshot {
            uuid,
            display_name: display_name.map_or_else(|| name.clone(), str::to_owned),
            name,
            description: description.map(str::to_owned),
            owner,
            machine,
            has_memory,
            state: VmSnapshotState::Allocated,
            parent: None,
            is_current: None,
            created,
        }))
    }

    /// The snapshots of a machine, oldest first.
    pub fn vm_snapshots_of(&self, machine: Id) -> impl Iterator<Item = (Id, &VmSnapshot)> {
        self.vm_snapshots.iter().filter(move |(_, row)| row.machine == machine)
    }

    /// Whether something is being done with another snapshot of a machine (VMS-003).
    #[must_use]
    pub fn has_busy_vm_snapshot(&self, machine: Id, besides: Option<Id>) -> bool {
        self.vm_snapshots_of(machine).any(|(id, row)| Some(id) != besides && row.state.is_busy())
    }

    /// Puts a machine's snapshot into a state.
    pub fn set_vm_snapshot_state(&mut self, id: Id, state: VmSnapshotState) {
        if let Some(row) = self.vm_snapshots.get_mut(id) {
            row.state = state;
        }
    }

    /// Ends taking a snapshot: it is the child of the one that the machine was at, and the machine
    /// is at it.
    pub fn finish_vm_snapshot(&mut self, id: Id) {
        let Some(machine) = self.vm_snapshots.get(id).map(|row| row.machine) else { return };
        let parent = self.current_vm_snapshot(machine);
        self.move_to_vm_snapshot(id);
        if let Some(row) = self.vm_snapshots.get_mut(id) {
            row.parent = parent;
        }
    }

    /// Says that the machine of a snapshot is at it.
    pub fn move_to_vm_snapshot(&mut self, id: Id) {
        let Some(machine) = self.vm_snapshots.get(id).map(|row| row.machine) else { return };
        let others: Vec<Id> = self.vm_snapshots_of(machine).map(|(id, _)| id).collect();
        for other in others {
            if let Some(row) = self.vm_snapshots.get_mut(other) {
                row.is_current = if other == id { Some(true) } else { row.is_current.map(|_| false) };
            }
        }
        self.set_vm_snapshot_state(id, VmSnapshotState::Ready);
    }

    fn current_vm_snapshot(&self, machine: Id) -> Option<Id> {
        self.vm_snapshots_of(machine).find(|(_, row)| row.is_current == Some(true)).map(|(id, _)| id)
    }

    /// Removes a machine's snapshot. Its children get its parent, and so does the machine, if it
    /// was at the removed one.
    pub fn remove_vm_snapshot(&mut self, id: Id) {
        let Some(removed) = self.vm_snapshots.remove(id) else { return };
        self.forget_tags(Handle { kind: Kind::VmSnapshot, id });
        let children: Vec<Id> = self
            .vm_snapshots_of(removed.machine)
            .filter(|(_, row)| row.parent == Some(id))
            .map(|(id, _)| id)
            .collect();
        for child in children {
            if let Some(row) = self.vm_snapshots.get_mut(child) {
                row.parent = removed.parent;
            }
        }
        if removed.is_current == Some(true)
            && let Some(parent) = removed.parent.and_then(|parent| self.vm_snapshots.get_mut(parent))
        {
            parent.is_current = Some(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::preset;

    #[test]
    fn snapshots_of_a_machine_form_a_chain() {
        let (_, text) = preset::NAMED[0];
        let mut world = preset::build("demo", text, 7, Moment(0)).expect("the demo world is valid");
        let machine = world.virtual_machines.iter().next().map(|(id, _)| id).expect("a machine");
        let mut take = |name| {
            let id = world.add_vm_snapshot(machine, Some(name), None, false).expect("the machine exists");
            world.finish_vm_snapshot(id);
            id
        };
        let (first, second, third) = (take("first"), take("second"), take("third"));
        let parent = |world: &World, id| world.vm_snapshots.get(id).and_then(|row| row.parent);
        assert_eq!((parent(&world, first), parent(&world, third)), (None, Some(second)));
        world.remove_vm_snapshot(second);
        assert_eq!(parent(&world, third), Some(first));
        world.remove_vm_snapshot(third);
        assert_eq!(world.vm_snapshots.get(first).and_then(|row| row.is_current), Some(true));
        assert!(!world.has_busy_vm_snapshot(machine, None));
    }
}
