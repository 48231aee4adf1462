//! Snapshots of volumes, and the policies that say when to take them (SNP-001 to -006).
//!
//! No policy ever takes a snapshot here: policies are kept and shown only.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Moment;
use super::kind::{Handle, Kind};
use super::table::Id;
use super::volume::VolumeState;
use super::{Owner, World};
use crate::quirk::Quirk;

/// How long a backup takes that nobody waits for.
const BACKUP_MILLIS: i64 = 1000;

/// The state of a snapshot (SNP-002).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum SnapshotState {
    /// Promised, not begun.
    Allocated,
    /// Being taken.
    Creating,
    /// Taken, and on its way to secondary storage.
    BackingUp,
    /// On secondary storage: usable.
    BackedUp,
    /// Being removed.
    Destroying,
    /// Removed; lists do not show it, but it still has its identifier.
    Destroyed,
    /// Could not be taken; lists go on showing it.
    Error,
}

impl SnapshotState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allocated => "Allocated",
            Self::Creating => "Creating",
            Self::BackingUp => "BackingUp",
            Self::BackedUp => "BackedUp",
            Self::Destroying => "Destroying",
            Self::Destroyed => "Destroyed",
            Self::Error => "Error",
        }
    }

    /// Whether a snapshot is at work on its volume.
    #[must_use]
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Creating | Self::BackingUp)
    }
}

/// A snapshot of a volume. It outlives the volume, so it knows what it needs of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Whose it is: its volume's.
    pub owner: Owner,
    /// Its zone.
    pub zone: Id,
    /// The volume that it was taken of.
    pub volume: Id,
    /// The identifier of the volume.
    pub volume_uuid: Uuid,
    /// The name that the volume had.
    pub volume_name: String,
    /// Whether the volume was a root volume.
    pub is_root: bool,
    /// The template of the volume.
    pub template: Option<Id>,
    /// The disk offering of the volume.
    pub disk_offering: Option<Id>,
    /// Bytes of the volume.
    pub size: u64,
    /// Its state as it was written down last; [`state_at`](Self::state_at) tells the real one.
    pub state: SnapshotState,
    /// When the backup that nobody waits for is over.
    pub backed_up: Option<Moment>,
    /// When it was asked for.
    pub created: Moment,
}

impl Snapshot {
    /// Its state at a moment: a backup that nobody waits for ends by itself.
    #[must_use]
    pub fn state_at(&self, now: Moment) -> SnapshotState {
        match (self.state, self.backed_up) {
            (SnapshotState::BackingUp, Some(over)) if over <= now => SnapshotState::BackedUp,
            (state, _) => state,
        }
    }
}

/// How often a policy would take snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Interval {
    /// Every hour.
    Hourly,
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month.
    Monthly,
}

impl Interval {
    /// The interval of a name, case ignored.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "HOURLY" => Some(Self::Hourly),
            "DAILY" => Some(Self::Daily),
            "WEEKLY" => Some(Self::Weekly),
            "MONTHLY" => Some(Self::Monthly),
            _ => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Hourly => 0,
            Self::Daily => 1,
            Self::Weekly => 2,
            Self::Monthly => 3,
        }
    }

    /// The most snapshots that a policy may keep: the defaults of `snapshot.max.hourly` and so on.
    #[must_use]
    pub fn most(self) -> i64 {
        if self == Self::Monthly { 12 } else { 8 }
    }

    /// Whether a schedule is one: minutes, hours and a day, as far as the interval needs them.
    #[must_use]
    pub fn accepts(self, schedule: &str) -> bool {
        let days = match self {
            Self::Hourly | Self::Daily => 0,
            Self::Weekly => 7,
            Self::Monthly => 28,
        };
        let limits: &[(u32, u32)] = match self {
            Self::Hourly => &[(0, 59)],
            Self::Daily => &[(0, 59), (0, 23)],
            Self::Weekly | Self::Monthly => &[(0, 59), (0, 23), (1, days)],
        };
        let parts: Vec<&str> = schedule.split(':').collect();
        let fits = |(part, (least, most)): (&&str, &(u32, u32))| {
            part.parse::<u32>().is_ok_and(|number| (*least..=*most).contains(&number))
        };
        parts.len() == limits.len() && parts.iter().zip(limits).all(fits)
    }
}

/// When to take snapshots of a volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SnapshotPolicy {
    /// Its identifier.
    pub uuid: Uuid,
    /// The volume.
    pub volume: Id,
    /// How often; a volume has one policy for each interval.
    pub interval: Interval,
    /// Minutes, hours and day within the interval, `5:12:1`.
    pub schedule: String,
    /// The time zone of the schedule.
    pub timezone: String,
    /// How many snapshots to keep.
    pub keep: i64,
    /// Whether users see it.
    pub display: bool,
}

impl World {
    /// Promises a snapshot of a volume; without a name it gets one from machine, volume and time.
    pub fn add_snapshot(&mut self, volume_id: Id, name: Option<&str>) -> Option<Id> {
        let volume = self.volumes.get(volume_id)?.clone();
        let uuid = self.name_row(Kind::Snapshot, self.snapshots.next_id());
        let machine = volume.attached.and_then(|(machine, _)| self.virtual_machines.get(machine));
        let holder = machine.map_or("detached", |machine| machine.name.as_str());
        let name = match name {
            Some(name) => name.to_owned(),
            None => format!("{holder}_{}_{}", volume.name, self.now.digits()),
        };
        let created = self.now;
        Some(self.snapshots.insert(Snapshot {
            uuid,
            name,
            owner: volume.owner,
            zone: volume.zone,
            volume: volume_id,
            volume_uuid: volume.uuid,
            volume_name: volume.name,
            is_root: volume.is_root,
            template: volume.template,
            disk_offering: volume.disk_offering,
            size: volume.size,
            state: SnapshotState::Allocated,
            backed_up: None,
            created,
        }))
    }

    /// Begins to take a snapshot; its volume is busy from now on (SNP-006). Answers whether the
    /// volume was ready for that.
    pub fn begin_snapshot(&mut self, id: Id) -> bool {
        let Some(volume) = self.snapshots.get(id).map(|row| row.volume) else { return false };
        let is_ready = self.volumes.get(volume).is_some_and(|row| row.state == VolumeState::Ready);
        self.set_snapshot_state(id, if is_ready { SnapshotState::Creating } else { SnapshotState::Error });
        let stays_ready = self.sins(Quirk::SnapshotsLeaveTheVolumeReady);
        if let Some(row) = self.volumes.get_mut(volume).filter(|_| is_ready && !stays_ready) {
            row.state = VolumeState::Snapshotting;
        }
        is_ready
    }

    /// Ends taking a snapshot, with the backup done or, if nobody waits for it, only begun.
    pub fn finish_snapshot(&mut self, id: Id, waits_for_backup: bool) {
        let over = self.now.plus_millis(BACKUP_MILLIS);
        let Some(row) = self.snapshots.get_mut(id) else { return };
        if row.state != SnapshotState::Creating {
            return;
        }
        row.state = if waits_for_backup { SnapshotState::BackedUp } else { SnapshotState::BackingUp };
        row.backed_up = (!waits_for_backup).then_some(over);
        let volume = row.volume;
        if let Some(volume) =
            self.volumes.get_mut(volume).filter(|volume| volume.state == VolumeState::Snapshotting)
        {
            volume.state = VolumeState::Ready;
        }
    }

    /// Puts a snapshot into a state.
    pub fn set_snapshot_state(&mut self, id: Id, state: SnapshotState) {
        if let Some(row) = self.snapshots.get_mut(id) {
            row.state = state;
        }
    }

    /// Removes a snapshot for good; its row stays, for whoever asks for it again (SNP-004).
    pub fn destroy_snapshot(&mut self, id: Id) {
        self.set_snapshot_state(id, SnapshotState::Destroyed);
        self.forget_tags(Handle { kind: Kind::Snapshot, id });
        self.remove_tags(Handle { kind: Kind::Snapshot, id }, &[]);
    }

    /// Whether a snapshot of a volume is at work.
    #[must_use]
    pub fn is_being_snapshotted(&self, volume: Id) -> bool {
        self.snapshots.iter().any(|(_, row)| row.volume == volume && row.state_at(self.now).is_unfinished())
    }

    /// Writes the policy of a volume for an interval down, in place of the one that it has.
    pub fn set_snapshot_policy(&mut self, policy: SnapshotPolicy) -> Id {
        let known = self
            .snapshot_policies
            .iter()
            .find(|(_, row)| row.volume == policy.volume && row.interval == policy.interval)
            .map(|(id, row)| (id, row.uuid));
        if let Some((id, uuid)) = known {
            if let Some(row) = self.snapshot_policies.get_mut(id) {
                *row = SnapshotPolicy { uuid, ..policy };
            }
            return id;
        }
        let uuid = self.name_row(Kind::SnapshotPolicy, self.snapshot_policies.next_id());
        self.snapshot_policies.insert(SnapshotPolicy { uuid, ..policy })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::preset;

    fn demo() -> (World, Id) {
        let (_, text) = preset::NAMED[0];
        let mut world = preset::build("demo", text, 7, Moment(0)).expect("the demo world is valid");
        let machine = world.virtual_machines.iter().next().map(|(id, _)| id).expect("a machine");
        world.run_machine(machine);
        let volume = world.volumes_of(machine)[0];
        (world, volume)
    }

    #[test]
    fn a_volume_is_busy_while_its_snapshot_is_taken() {
        let (mut world, volume) = demo();
        let id = world.add_snapshot(volume, None).expect("the volume exists");
        assert!(world.begin_snapshot(id));
        assert_eq!(world.volumes.get(volume).map(|row| row.state), Some(VolumeState::Snapshotting));
        let second = world.add_snapshot(volume, Some("second")).expect("the volume exists");
        assert!(!world.begin_snapshot(second));
        assert_eq!(world.snapshots.get(second).map(|row| row.state), Some(SnapshotState::Error));
        world.finish_snapshot(id, true);
        assert_eq!(world.volumes.get(volume).map(|row| row.state), Some(VolumeState::Ready));
        assert_eq!(world.snapshots.get(id).map(|row| row.state), Some(SnapshotState::BackedUp));
    }

    #[test]
    fn a_backup_that_nobody_waits_for_ends_by_itself() {
        let (mut world, volume) = demo();
        let id = world.add_snapshot(volume, None).expect("the volume exists");
        world.begin_snapshot(id);
        world.finish_snapshot(id, false);
        let row = world.snapshots.get(id).expect("it exists");
        assert_eq!(row.state_at(world.now), SnapshotState::BackingUp);
        assert_eq!(row.state_at(world.now.plus_millis(BACKUP_MILLIS)), SnapshotState::BackedUp);
        assert!(world.is_being_snapshotted(volume));
    }

    #[test]
    fn a_schedule_has_as_many_parts_as_its_interval_needs() {
        for (interval, good, bad) in [
            (Interval::Hourly, "5", "60"),
            (Interval::Daily, "5:12", "5"),
            (Interval::Weekly, "5:12:7", "5:12:8"),
            (Interval::Monthly, "5:12:28", "5:12:29"),
        ] {
            assert!(interval.accepts(good), "{good}");
            assert!(!interval.accepts(bad), "{bad}");
        }
    }
}
