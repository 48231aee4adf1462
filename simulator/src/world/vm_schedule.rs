//! Schedules of machines: what is done to them again and again, by the world's clock.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::clock::Moment;
use super::cron::{Cron, minutes_ahead};
use super::kind::Kind;
use super::table::Id;
use super::virtual_machine::MachineState;

/// What a schedule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Action {
    /// Starts the machine.
    Start,
    /// Stops it.
    Stop,
    /// Reboots it.
    Reboot,
    /// Stops it whatever it says.
    ForceStop,
    /// Reboots it whatever it says.
    ForceReboot,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] = [Self::Start, Self::Stop, Self::Reboot, Self::ForceStop, Self::ForceReboot];

    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Stop => "STOP",
            Self::Reboot => "REBOOT",
            Self::ForceStop => "FORCE_STOP",
            Self::ForceReboot => "FORCE_REBOOT",
        }
    }

    /// The command that does it, and whether by force.
    #[must_use]
    pub fn command(self) -> (&'static str, bool) {
        match self {
            Self::Start => ("startVirtualMachine", false),
            Self::Stop => ("stopVirtualMachine", false),
            Self::Reboot => ("rebootVirtualMachine", false),
            Self::ForceStop => ("stopVirtualMachine", true),
            Self::ForceReboot => ("rebootVirtualMachine", true),
        }
    }

    /// Whether a machine in this state is acted on; others are passed over.
    #[must_use]
    pub fn suits(self, state: MachineState) -> bool {
        match self {
            Self::Start => state == MachineState::Stopped,
            _ => state == MachineState::Running,
        }
    }
}

/// A schedule.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VmSchedule {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its machine.
    pub machine: Id,
    /// What it is for.
    pub description: String,
    /// The cron expression as it was sent.
    pub schedule: String,
    /// The zone whose clocks count.
    pub timezone: String,
    /// What it does.
    pub action: Action,
    /// Whether it is at work.
    pub enabled: bool,
    /// Not before.
    pub start: Moment,
    /// Not after.
    pub end: Option<Moment>,
    /// When it was made.
    pub created: Moment,
    /// When it acts next.
    pub next: Option<Moment>,
}

impl VmSchedule {
    /// Looks for the next time after a moment.
    pub fn plan(&mut self, after: Moment) {
        let cron = Cron::read(&self.schedule).ok().filter(|_| self.enabled);
        let next = cron.and_then(|cron| cron.after(after.max(self.start), minutes_ahead(&self.timezone)));
        self.next = next.filter(|next| self.end.is_none_or(|end| *next <= end));
    }
}

impl World {
    /// Adds a schedule.
    pub fn add_vm_schedule(&mut self, mut schedule: VmSchedule) -> Id {
        schedule.uuid = self.name_row(Kind::VmSchedule, self.vm_schedules.next_id());
        schedule.plan(self.now);
        self.vm_schedules.insert(schedule)
    }

    /// The machines that are to be acted on now. What was missed is done once.
    pub fn due_vm_schedules(&mut self) -> Vec<(Id, Action)> {
        let now = self.now;
        let due: Vec<Id> = self
            .vm_schedules
            .iter()
            .filter(|(_, row)| row.next.is_some_and(|next| next <= now))
            .map(|(id, _)| id)
            .collect();
        let mut acts = Vec::new();
        for id in due {
            let Some(row) = self.vm_schedules.get_mut(id) else { continue };
            row.plan(now);
            let (machine, action) = (row.machine, row.action);
            match self.virtual_machines.get(machine) {
                Some(machine_row) if action.suits(machine_row.state) => acts.push((machine, action)),
                Some(_) => {}
                // A schedule goes with its machine.
                None => {
                    self.vm_schedules.remove(id);
                }
            }
        }
        acts
    }
}
