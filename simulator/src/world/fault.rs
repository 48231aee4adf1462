//! Faults of agents, as a client of a simulated cloud may order them: an agent that takes its time over a command,
//! refuses it or breaks (SIM-001).
//!
//! A [`Fault`] names an agent command and a place. [`World::ask_agent`] says what becomes of one that is sent there.

use serde::{Deserialize, Serialize};

use super::World;
use super::kind::{Handle, Kind};
use super::table::Id;
use super::virtual_machine::Plan;
use crate::quirk::Quirk;

/// Where an agent command goes, or where a fault counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The zone.
    pub zone: Option<Id>,
    /// The pod.
    pub pod: Option<Id>,
    /// The cluster.
    pub cluster: Option<Id>,
    /// The host.
    pub host: Option<Id>,
}

impl Place {
    /// Whether a command that goes to `other` meets a fault that counts here.
    fn covers(self, other: Self) -> bool {
        let within = |mine: Option<Id>, theirs: Option<Id>| mine.is_none() || mine == theirs;
        within(self.zone, other.zone)
            && within(self.pod, other.pod)
            && within(self.cluster, other.cluster)
            && within(self.host, other.host)
    }
}

/// What an agent says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was told.
    #[default]
    Done,
    /// It answers that it failed, or nobody hears its answer.
    Failed,
}

/// A fault of agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The agent command that it is about.
    pub name: String,
    /// Where it counts.
    pub place: Place,
    /// How often it still counts, if that is limited.
    pub count: Option<i64>,
    /// How long the agent takes, in milliseconds.
    pub wait: i64,
    /// Whether the agent answers that it failed.
    pub fails: bool,
    /// Whether the agent breaks instead of answering.
    pub breaks: bool,
}

impl Fault {
    /// A fault by its description: `wait:<ms>`, `result:fail` and `result:fault`, joined by vertical bars. Other words
    /// ask for nothing.
    #[must_use]
    pub fn described(name: &str, place: Place, count: Option<i64>, value: &str) -> Self {
        let said = |key: &str| {
            let mut pairs = value.split('|').filter_map(|pair| pair.split_once(':'));
            pairs.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim())
        };
        let result = said("result");
        Self {
            name: name.to_owned(),
            place,
            count,
            wait: said("wait").and_then(|text| text.parse().ok()).unwrap_or(0).max(0),
            fails: result == Some("fail"),
            breaks: result == Some("fault"),
        }
    }
}

/// What came of a command that an agent was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AgentAnswer {
    /// How long the agent takes, in milliseconds.
    pub wait: i64,
    /// What it says.
    pub outcome: Outcome,
}

impl World {
    /// Orders a fault and answers its number. One of the same name at the same place is replaced and keeps its number.
    pub fn order_fault(&mut self, fault: Fault) -> Id {
        let same = |other: &Fault| other.name == fault.name && other.place == fault.place;
        let known = self.faults.iter().find(|(_, other)| same(other)).map(|(id, _)| id);
        let known = known.filter(|_| !self.sins(Quirk::OrdersPileUp));
        match known {
            Some(id) => {
                if let Some(row) = self.faults.get_mut(id) {
                    *row = fault;
                }
                id
            }
            None => self.faults.insert(fault),
        }
    }

    /// Sends a command to an agent. Of several faults that fit the oldest counts. A count is used up only where the
    /// agent answers that it failed: one that breaks does not get that far, and a good answer is lost over counting
    /// (SIM-001).
    pub fn ask_agent(&mut self, command: &str, place: Place) -> AgentAnswer {
        let (newest, breaks_count) =
            (self.sins(Quirk::NewestOrderCounts), self.sins(Quirk::BreakingAgentsAreCounted));
        let fits = |(_, fault): &(Id, &Fault)| {
            fault.name == command && fault.count.is_none_or(|count| count > 0) && fault.place.covers(place)
        };
        let met = match newest {
            true => self.faults.iter().rfind(fits),
            false => self.faults.iter().find(fits),
        };
        let met = met.map(|(id, fault)| (id, fault.clone()));
        let Some((id, fault)) = met else { return AgentAnswer::default() };
        let is_counted = fault.fails || (fault.breaks && breaks_count);
        if let (Some(row), true) = (self.faults.get_mut(id), is_counted) {
            row.count = row.count.map(|count| count - 1);
        }
        let is_lost = fault.count.is_some();
        let outcome = if fault.fails || fault.breaks || is_lost { Outcome::Failed } else { Outcome::Done };
        AgentAnswer { wait: fault.wait, outcome }
    }

    /// Where a host is.
    #[must_use]
    pub fn place_of_host(&self, id: Id) -> Place {
        self.hosts.get(id).map_or_else(Place::default, |host| Place {
            zone: Some(host.zone),
            pod: Some(host.pod),
            cluster: Some(host.cluster),
            host: Some(id),
        })
    }

    /// Where the agent is that is sent commands about a thing: a machine's host, or the one it would go to; of other
    /// things the zone alone is known.
    #[must_use]
    pub fn place_of(&self, handle: Handle) -> Place {
        let zone = match handle.kind {
            Kind::VirtualMachine => {
                let host = self.virtual_machines.get(handle.id).and_then(|row| row.host);
                if let Some(host) = host.or_else(|| self.host_for(handle.id, Plan::default())) {
                    return self.place_of_host(host);
                }
                self.virtual_machines.get(handle.id).map(|row| row.zone)
            }
            Kind::Volume => self.volumes.get(handle.id).map(|row| row.zone),
            Kind::Snapshot => self.snapshots.get(handle.id).map(|row| row.zone),
            Kind::Network | Kind::Router | Kind::SecondRouter => {
                self.networks.get(handle.id).map(|row| row.zone)
            }
            Kind::Address => self.addresses.get(handle.id).map(|row| row.zone),
            Kind::FirewallRule => {
                let network = self.firewall_rules.get(handle.id).map(|row| row.network);
                network.and_then(|network| self.networks.get(network)).map(|row| row.zone)
            }
            Kind::VmSnapshot => {
                let machine = self.vm_snapshots.get(handle.id).map(|row| row.machine);
                let machine = machine.map(|id| Handle { kind: Kind::VirtualMachine, id });
                return machine.map_or_else(Place::default, |machine| self.place_of(machine));
            }
            Kind::Host => return self.place_of_host(handle.id),
            _ => None,
        };
        Place { zone, ..Place::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::Moment;
    use crate::world::preset;

    fn demo() -> World {
        let (_, text) = preset::NAMED[0];
        preset::build("demo", text, 7, Moment(0)).expect("the demo world is valid")
    }

    #[test]
    fn descriptions_are_pairs_between_bars() {
        let fault = |value| Fault::described("StopCommand", Place::default(), None, value);
        assert_eq!((fault("wait:1500").wait, fault("wait:1500").fails), (1500, false));
        assert!(fault("wait:10|result:fail").fails);
        assert!(fault("result:fault").breaks);
        assert_eq!(fault("result:fault;wait:3").wait, 0);
        assert_eq!(fault("nonsense").wait, 0);
    }

    #[test]
    fn a_fault_counts_in_its_place_until_it_is_used_up() {
        let mut world = demo();
        let here = world.place_of_host(1);
        let zone = Place { zone: here.zone, ..Place::default() };
        let fault = Fault::described("StartCommand", zone, Some(1), "result:fail");
        let id = world.order_fault(fault.clone());
        assert_eq!(world.order_fault(fault), id);
        assert_eq!(world.ask_agent("StopCommand", here), AgentAnswer::default());
        let elsewhere = Place { zone: Some(999), ..Place::default() };
        assert_eq!(world.ask_agent("StartCommand", elsewhere), AgentAnswer::default());
        assert_eq!(world.ask_agent("StartCommand", here).outcome, Outcome::Failed);
        assert_eq!(world.ask_agent("StartCommand", here).outcome, Outcome::Done);
    }

    #[test]
    fn a_wait_with_a_count_loses_the_answer_and_is_never_used_up() {
        let mut world = demo();
        world.order_fault(Fault::described("StopCommand", Place::default(), Some(1), "wait:500"));
        for _ in 0..2 {
            let answer = world.ask_agent("StopCommand", Place::default());
            assert_eq!(answer, AgentAnswer { wait: 500, outcome: Outcome::Failed });
        }
    }
}
