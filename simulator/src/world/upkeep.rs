//! What the server does by itself, without being called: hosts settle, zones get their system machines, idle networks
//! are switched off, destroyed machines are expunged.

use super::World;
use super::clock::Moment;
use super::host::ResourceState;
use super::table::Id;

/// How long a host prepares for maintenance at least, in milliseconds.
pub(super) const PREPARATION: i64 = 1000;

/// What the world was like when it was last looked after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// The numbers of the next event and of the next job, and how many jobs were open: whatever changes the world moves
    /// one of them.
    seen: Option<(Id, Id, usize)>,
    /// When time alone brings the next change about.
    due: Option<Moment>,
}

impl World {
    /// Looks after the world. Called before each answer, so it looks only where something happened or came due.
    pub fn look_after(&mut self) {
        let seen = Some((self.events.next_id(), self.jobs.next_id(), self.open_jobs.len()));
        let is_due = self.upkeep.due.is_some_and(|due| due <= self.now);
        if self.upkeep.seen == seen && !is_due {
            return;
        }
        self.expunge_overdue();
        self.settle_hosts();
        self.staff_zones();
        self.collect_idle_networks();
        self.upkeep = Upkeep { seen, due: self.next_upkeep() };
    }

    /// When a host will have settled, a network been idle or a machine been destroyed for long enough, if one waits for
    /// it.
    fn next_upkeep(&self) -> Option<Moment> {
        let wait = self.settings.number("network.gc.wait");
        let idle = self.networks.iter().filter_map(|(_, row)| Some(row.idle_since?.plus_seconds(wait)));
        let preparing = self
            .hosts
            .iter()
            .filter(|(_, host)| host.resource_state == ResourceState::PrepareForMaintenance)
            .map(|(_, host)| host.since.plus_millis(PREPARATION));
        let destroyed = self.virtual_machines.iter().filter_map(|(_, row)| self.expunged_at(row));
        idle.chain(preparing).chain(destroyed).min()
    }
}
