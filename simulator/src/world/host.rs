//! Hosts: whether they are reached, what is wanted of them, and where their machines go.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::clock::Moment;
use super::kind::Kind;
use super::table::Id;
use super::upkeep::PREPARATION;
use super::virtual_machine::{MachineState, Plan};

/// Whether a host is reached (HST-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum HostStatus {
    /// Reached.
    Up,
    /// Not reached.
    Disconnected,
    /// Not reached, and nobody knows why.
    Alert,
}

impl HostStatus {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "Up",
            Self::Disconnected => "Disconnected",
            Self::Alert => "Alert",
        }
    }
}

/// What its administrator wants of a host (HST-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ResourceState {
    /// That it works.
    Enabled,
    /// That it takes nothing new.
    Disabled,
    /// That it gives its machines away.
    PrepareForMaintenance,
    /// That it is looked after.
    Maintenance,
}

impl ResourceState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PrepareForMaintenance => "PrepareForMaintenance",
            Self::Maintenance => "Maintenance",
        }
    }

    /// Whether the host is on its way into maintenance or in it.
    #[must_use]
    pub fn is_maintenance(self) -> bool {
        matches!(self, Self::PrepareForMaintenance | Self::Maintenance)
    }
}

/// How a host is switched on and off from outside.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OutOfBand {
    /// Whether it may be used.
    pub enabled: bool,
    /// The driver, once it was configured.
    pub driver: Option<String>,
    /// The address of the controller.
    pub address: String,
    /// Its port.
    pub port: String,
    /// The user name there.
    pub username: String,
    /// The password there.
    pub password: String,
}

/// How a host is watched and revived.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HostHa {
    /// Whether it is.
    pub enabled: bool,
    /// By whom, once it was configured.
    pub provider: Option<String>,
}

/// A host.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its management address.
    pub address: Ipv4Addr,
    /// Its cluster.
    pub cluster: Id,
    /// Its pod.
    pub pod: Id,
    /// Its zone.
    pub zone: Id,
    /// Cores.
    pub cores: u32,
    /// MHz of each core.
    pub speed: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// When it was added.
    pub created: Moment,
    /// Whether it is reached.
    pub status: HostStatus,
    /// What its administrator wants of it.
    pub resource_state: ResourceState,
    /// Since when it is wanted.
    pub since: Moment,
    /// When it was last not reached. What cards it has is found out when it is reached again.
    pub disconnected: Option<Moment>,
    /// From when on its use is measured.
    pub measured: Moment,
    /// Where its simulated agent was said to be.
    pub url: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether the tags are a rule.
    pub is_tag_a_rule: bool,
    /// Its guest system's category.
    pub os_category: Option<Uuid>,
    /// What somebody noted on it.
    pub annotation: Option<String>,
    /// How it is switched on and off from outside.
    pub out_of_band: OutOfBand,
    /// How it is watched and revived.
    pub ha: HostHa,
}

impl Host {
    /// Whether its graphics cards were found.
    #[must_use]
    pub fn has_cards(&self) -> bool {
        self.disconnected.is_some()
    }
}

impl World {
    /// Adds a host of the size that the reference's simulated agents have.
    pub fn add_host(&mut self, cluster: Id, address: Ipv4Addr) -> Id {
        let uuid = self.name_row(Kind::Host, self.hosts.next_id());
        let name = format!("SimulatedAgent.{}", self.ids.uuid());
        let (pod, zone) = self.clusters.get(cluster).map_or((0, 0), |cluster| (cluster.pod, cluster.zone));
        let created = self.now;
        self.hosts.insert(Host {
            uuid,
            name,
            address,
            cluster,
            pod,
            zone,
            cores: 4,
            speed: 8000,
            memory: 8 << 30,
            created,
            status: HostStatus::Up,
            resource_state: ResourceState::Enabled,
            since: created,
            disconnected: None,
            measured: created,
            url: String::new(),
            tags: Vec::new(),
            is_tag_a_rule: false,
            os_category: None,
            annotation: None,
            out_of_band: OutOfBand::default(),
            ha: HostHa::default(),
        })
    }

    /// Whether a host takes new machines: reached, wanted, and in a cluster, a pod and a zone that are.
    #[must_use]
    pub fn takes_work(&self, id: Id) -> bool {
        let Some(host) = self.hosts.get(id) else { return false };
        host.status == HostStatus::Up
            && host.resource_state == ResourceState::Enabled
            && self.clusters.get(host.cluster).is_some_and(|cluster| cluster.enabled && cluster.managed)
            && self.pods.get(host.pod).is_some_and(|pod| pod.enabled)
    }

    /// Lets hosts arrive where they are on their way to: an idle host that prepares for maintenance is
    /// in maintenance a second later (HST-002).
    pub fn settle_hosts(&mut self) {
        let arrived: Vec<Id> = self
            .hosts
            .iter()
            .filter(|(_, host)| {
                host.resource_state == ResourceState::PrepareForMaintenance
                    && host.since.plus_millis(PREPARATION) <= self.now
            })
            .filter(|(id, _)| !self.is_host_busy(*id))
            .map(|(id, _)| id)
            .collect();
        for id in arrived {
            self.want_of_host(id, ResourceState::Maintenance);
        }
    }

    /// Whether a machine runs on a host.
    #[must_use]
    pub fn is_host_busy(&self, id: Id) -> bool {
        self.virtual_machines.iter().any(|(_, machine)| machine.host == Some(id))
    }

    /// Moves what runs on a host to others of its cluster; what finds no place stays.
    pub fn empty_host(&mut self, id: Id) {
        let machines: Vec<Id> = self
            .virtual_machines
            .iter()
            .filter(|(_, machine)| machine.host == Some(id))
            .map(|(machine, _)| machine)
            .collect();
        for machine in machines {
            let Some(other) = self.host_for(machine, Plan::default()) else { continue };
            if let Some(machine) = self.virtual_machines.get_mut(machine) {
                machine.last_host = Some(other);
            }
            self.settle_on(machine, Some(other));
        }
        let system: Vec<Id> =
            self.system_vms.iter().filter(|(_, row)| row.host == Some(id)).map(|(row, _)| row).collect();
        for row in system {
            self.stop_system_vm(row);
            self.start_system_vm(row);
        }
    }

    /// Stops what runs on a host that goes away.
    pub fn abandon_host(&mut self, id: Id) {
        self.want_of_host(id, ResourceState::Disabled);
        self.empty_host(id);
        let left: Vec<Id> = self
            .virtual_machines
            .iter()
            .filter(|(_, machine)| machine.host == Some(id))
            .map(|(machine, _)| machine)
            .collect();
        for machine in left {
            self.set_machine_state(machine, MachineState::Stopped);
        }
    }

    /// The MHz and the bytes that a host may promise, by the ratios of its cluster.
    #[must_use]
    pub fn promised_by(&self, id: Id) -> (u64, u64) {
        let Some(host) = self.hosts.get(id) else { return (0, 0) };
        let cluster = self.clusters.get(host.cluster);
        let ratios = cluster.map(|cluster| (cluster.cpu_ratio.as_str(), cluster.memory_ratio.as_str()));
        let (cpu, memory) = ratios.unwrap_or(("1.0", "1.0"));
        (promised(u64::from(host.cores) * u64::from(host.speed), cpu), promised(host.memory, memory))
    }

    /// Sets what is wanted of a host.
    pub fn want_of_host(&mut self, id: Id, state: ResourceState) {
        let now = self.now;
        if let Some(host) = self.hosts.get_mut(id) {
            host.resource_state = state;
            host.since = now;
        }
    }
}

/// What a sum of MHz or bytes comes to when it is promised more than once.
fn promised(total: u64, ratio: &str) -> u64 {
    let (whole, part) = ratio.split_once('.').unwrap_or((ratio, "0"));
    let part: String = part.chars().chain("00".chars()).take(2).collect();
    let hundredths = || whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(part.parse().ok()?);
    hundredths().map_or(total, |hundredths| total.saturating_mul(hundredths) / 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::preset;

    #[test]
    fn an_idle_host_reaches_maintenance_and_its_machines_run_elsewhere() {
        let (_, text) = preset::NAMED[0];
        let mut world = preset::build("demo", text, 7, Moment(0)).expect("the demo world is valid");
        let id = world.virtual_machines.iter().find_map(|(_, machine)| machine.host).expect("a machine runs");
        world.want_of_host(id, ResourceState::PrepareForMaintenance);
        world.empty_host(id);
        assert!(!world.is_host_busy(id) && !world.takes_work(id));
        assert!(world.system_vms.iter().all(|(_, row)| row.host.is_some_and(|host| host != id)));
        world.settle_hosts();
        let state = |world: &World| world.hosts.get(id).map(|host| host.resource_state);
        assert_eq!(state(&world), Some(ResourceState::PrepareForMaintenance));
        world.now = world.now.plus_millis(1000);
        world.settle_hosts();
        assert_eq!(state(&world), Some(ResourceState::Maintenance));
    }

    #[test]
    fn what_runs_on_a_lost_host_without_another_stops() {
        let (_, text) = preset::NAMED[0];
        let mut world = preset::build("demo", text, 7, Moment(0)).expect("the demo world is valid");
        let hosts: Vec<Id> = world.hosts.iter().map(|(id, _)| id).collect();
        for host in hosts {
            world.abandon_host(host);
            world.hosts.remove(host);
        }
        assert!(world.virtual_machines.iter().all(|(_, machine)| machine.state == MachineState::Stopped));
        assert!(world.system_vms.iter().all(|(_, row)| row.host.is_none()));
    }
}
