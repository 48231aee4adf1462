//! Hosts.

use crate::quirk::Quirk;
use crate::reply::Object;
use crate::world::World;
use crate::world::graphics::{CARDS, CardUse};
use crate::world::host::Host;
use crate::world::table::Id;

/// What may happen to a host.
const HOST_EVENTS: &str = "ManagementServerDown; HostDown; ShutdownRequested; Ping; AgentDisconnected; \
                           StartAgentRebalance; PingTimeout; Remove; AgentConnected";

/// A host with what its machines take of it.
#[must_use]
pub fn host(world: &World, id: Id, row: &Host) -> Object {
    let zone = world.zones.get(row.zone);
    let pod = world.pods.get(row.pod);
    let cluster = world.clusters.get(row.cluster);
    let (mut speed, mut memory) = (0_u64, 0_u64);
    for (_, machine) in world.virtual_machines.iter().filter(|(_, machine)| machine.host == Some(id)) {
        let size = world.machine_size(machine);
        speed += u64::from(size.0) * u64::from(size.1);
        memory += u64::from(size.2) << 20;
    }
    let total_speed = u64::from(row.cores) * u64::from(row.speed);
    let (promised, promised_memory) = world.promised_by(id);
    let measured = row.measured <= world.now;
    let tags = (!row.tags.is_empty()).then(|| row.tags.join(","));
    let ha_tag = world.settings.text("ha.tag");
    let share = |part: u64, whole: u64| {
        let hundredths = part.saturating_mul(10_000).checked_div(whole).unwrap_or(0);
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    };
    let swapped = world.sins(Quirk::HostStatesAreSwapped);
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("state", if swapped { row.resource_state.name() } else { row.status.name() })
        .with("disconnected", row.disconnected)
        .with("type", "Routing")
        .with("ipaddress", row.address)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("podid", pod.map(|pod| pod.uuid))
        .with("podname", pod.map(|pod| pod.name.as_str()))
        .with("version", &world.version)
        .with("hypervisor", "Simulator")
        .with("cpunumber", row.cores)
        .with("cpuspeed", row.speed)
        .with("cpuallocated", share(speed, total_speed))
        .with("cpuallocatedvalue", speed)
        .with("cpuallocatedpercentage", share(speed, total_speed))
        .with("cpuallocatedwithoverprovisioning", share(speed, promised))
        .with("cpuused", measured.then_some("0%"))
        .with("cpuwithoverprovisioning", promised.to_string())
        .with("cpuloadaverage", measured.then_some(0.0))
        .with("networkkbsread", measured.then_some(32768))
        .with("networkkbswrite", measured.then_some(16384))
        .with("memorytotal", row.memory)
        .with("memorywithoverprovisioning", promised_memory.to_string())
        .with("memoryallocated", memory)
        .with("memoryallocatedpercentage", share(memory, row.memory))
        .with("memoryallocatedbytes", memory)
        .with("memoryused", measured.then_some(0))
        .with("gputotal", row.has_cards().then_some(20))
        .with("gpuused", row.has_cards().then_some(0))
        .with("gpugroup", row.has_cards().then(cards))
        .with("capabilities", "hvm")
        .with("lastpinged", world.now)
        .with("managementserverid", world.management_server)
        .with("managementservername", "localhost")
        .with("clusterid", cluster.map(|cluster| cluster.uuid))
        .with("clustername", cluster.map(|cluster| cluster.name.as_str()))
        .with("clustertype", "CloudManaged")
        .with("islocalstorageactive", false)
        .with("created", row.created)
        .with("events", HOST_EVENTS)
        .with("hosttags", tags.clone())
        .with("explicithosttags", tags.clone())
        .with("istagarule", tags.map(|_| row.is_tag_a_rule))
        .with("hostha", Object { name: Some("hostha"), ..host_ha(None, row) })
        .with("outofbandmanagement", Object { name: Some("outofbandmanagement"), ..out_of_band(None, row) })
        .with("resourcestate", if swapped { row.status.name() } else { row.resource_state.name() })
        .with("hypervisorversion", &world.version)
        .with("hahost", row.tags.iter().any(|tag| tag == ha_tag && !ha_tag.is_empty()))
        .with("annotation", row.annotation.as_deref())
        .with("ueficapability", false)
        .with("arch", "x86_64")
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// Upstream's text of a host in refusals.
#[must_use]
pub fn host_dump(id: Id, row: &Host) -> String {
    format!("Host {{\"id\":{id},\"name\":\"{}\",\"type\":\"Routing\",\"uuid\":\"{}\"}}", row.name, row.uuid)
}

/// How a host is watched; with its identifier where it is not part of the host.
#[must_use]
pub fn host_ha(host: Option<&Host>, row: &Host) -> Object {
    Object::new()
        .with("hostid", host.map(|host| host.uuid))
        .with("haenable", row.ha.enabled)
        .with("hastate", "Disabled")
        .with("haprovider", row.ha.provider.as_deref())
}

/// How a host is switched on and off from outside.
#[must_use]
pub fn out_of_band(host: Option<&Host>, row: &Host) -> Object {
    let known = row.out_of_band.driver.as_deref();
    let hidden = || {
        let first: String = row.out_of_band.password.chars().take(1).collect();
        format!("{first}****")
    };
    Object::new()
        .with("hostid", host.map(|host| host.uuid))
        .with("powerstate", "Disabled")
        .with("enabled", row.out_of_band.enabled)
        .with("driver", known)
        .with("address", known.map(|_| row.out_of_band.address.as_str()))
        .with("port", known.map(|_| row.out_of_band.port.as_str()))
        .with("username", known.map(|_| row.out_of_band.username.as_str()))
        .with("password", known.map(|_| hidden()))
}

fn cards() -> Vec<Object> {
    let of_card = |of_card: &CardUse| {
        Object::new()
            .with("vgputype", of_card.name)
            .with("videoram", of_card.memory)
            .with("maxheads", of_card.heads)
            .with("maxresolutionx", of_card.width)
            .with("maxresolutiony", of_card.height)
            .with("maxvgpuperpgpu", of_card.at_once)
            .with("remainingcapacity", of_card.capacity)
            .with("maxcapacity", of_card.capacity)
    };
    CARDS
        .iter()
        .map(|card| {
            let uses: Vec<Object> = card.uses.iter().map(of_card).collect();
            Object::new().with("gpugroupname", card.name).with("vgpu", uses)
        })
        .collect()
}
