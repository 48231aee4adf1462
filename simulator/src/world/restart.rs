//! The end and the new start of the management server (SIM-004): what was only in its memory is lost, and what its jobs
//! had begun is swept up (JOB-089, JOB-090).

use super::World;
use super::job::Progress;
use super::kind::{Handle, Kind};
use super::network::NetworkState;
use super::snapshot::SnapshotState;
use super::table::Id;
use super::virtual_machine::MachineState;
use super::vm_snapshot::VmSnapshotState;
use super::volume::VolumeState;

impl World {
    /// Ends the management server and starts it again: open jobs are over, sessions are forgotten, calls are counted
    /// anew, and settings that waited for this are in force.
    pub fn restart(&mut self) {
        for id in self.open_jobs.clone() {
            self.cancel(id);
        }
        self.sessions.clear();
        self.throttle = super::throttle::Throttle::default();
        self.settings.take_effect();
    }

    /// Ends a job as a restart does, and takes what it was about out of its transitional state.
    fn cancel(&mut self, id: Id) {
        let now = self.now;
        // The server's own job has no command, and the new server has one like it (JOB-049).
        let Some(job) = self.jobs.get_mut(id).filter(|job| !job.command.is_empty() && !job.is_done()) else {
            return;
        };
        job.progress = Progress::Cancelled;
        job.completed = Some(now);
        let about = job.about;
        self.open_jobs.remove(&id);
        if let Some(about) = about {
            self.sweep(about);
        }
    }

    fn sweep(&mut self, about: Handle) {
        let id = about.id;
        match about.kind {
            Kind::VirtualMachine => match self.virtual_machines.get(id).map(|row| row.state) {
                Some(MachineState::Starting) => self.set_machine_state(id, MachineState::Stopped),
                Some(MachineState::Stopping | MachineState::Migrating) => {
                    self.set_machine_state(id, MachineState::Running);
                }
                _ => {}
            },
            Kind::Volume => self.settle_volume(id),
            Kind::Network => {
                let is_begun = |state| state == NetworkState::Implementing;
                if let Some(row) = self.networks.get_mut(id).filter(|row| is_begun(row.state)) {
                    row.state = NetworkState::Shutdown;
                }
            }
            Kind::Snapshot => {
                let Some((state, volume)) = self.snapshots.get(id).map(|row| (row.state, row.volume)) else {
                    return;
                };
                match state {
                    SnapshotState::Allocated => self.destroy_snapshot(id),
                    SnapshotState::Creating => {
                        self.set_snapshot_state(id, SnapshotState::Error);
                        self.settle_volume(volume);
                    }
                    _ => {}
                }
            }
            Kind::VmSnapshot => match self.vm_snapshots.get(id).map(|row| row.state) {
                Some(VmSnapshotState::Allocated) => self.remove_vm_snapshot(id),
                Some(VmSnapshotState::Creating) => self.set_vm_snapshot_state(id, VmSnapshotState::Error),
                _ => {}
            },
            _ => {}
        }
    }

    /// Takes a volume out of its transitional state.
    fn settle_volume(&mut self, id: Id) {
        let Some(row) = self.volumes.get_mut(id) else { return };
        match row.state {
            VolumeState::Resizing | VolumeState::Snapshotting => row.state = VolumeState::Ready,
            VolumeState::Attaching => row.state = VolumeState::Allocated,
            VolumeState::Allocated | VolumeState::Ready | VolumeState::Destroy | VolumeState::Expunged => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    #[test]
    fn what_is_in_between_goes_back_and_the_rest_stays() {
        let text = preset::NAMED.iter().find(|(name, _)| *name == "demo").expect("a named world").1;
        let mut world = preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("a world");
        let machine = world.virtual_machines.iter().next().expect("a machine").0;
        for (before, after) in [
            (MachineState::Starting, MachineState::Stopped),
            (MachineState::Stopping, MachineState::Running),
            (MachineState::Migrating, MachineState::Running),
            (MachineState::Error, MachineState::Error),
        ] {
            world.set_machine_state(machine, before);
            world.sweep(Handle { kind: Kind::VirtualMachine, id: machine });
            assert_eq!(world.virtual_machines.get(machine).map(|row| row.state), Some(after));
        }
        let volume = world.volumes.iter().next().expect("a volume").0;
        for (before, after) in [
            (VolumeState::Resizing, VolumeState::Ready),
            (VolumeState::Attaching, VolumeState::Allocated),
            (VolumeState::Destroy, VolumeState::Destroy),
        ] {
            world.volumes.get_mut(volume).expect("a volume").state = before;
            world.sweep(Handle { kind: Kind::Volume, id: volume });
            assert_eq!(world.volumes.get(volume).map(|row| row.state), Some(after));
        }
        let network = world.networks.iter().next().expect("a network").0;
        world.networks.get_mut(network).expect("a network").state = NetworkState::Implementing;
        world.sweep(Handle { kind: Kind::Network, id: network });
        assert_eq!(world.networks.get(network).map(|row| row.state), Some(NetworkState::Shutdown));
        // A snapshot that was only promised is gone.
        let snapshot = world.add_snapshot(volume, None).expect("a snapshot");
        world.sweep(Handle { kind: Kind::Snapshot, id: snapshot });
        assert_eq!(world.snapshots.get(snapshot).map(|row| row.state), Some(SnapshotState::Destroyed));
    }
}
