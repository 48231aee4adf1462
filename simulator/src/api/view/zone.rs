//! Zones and what stands in them.

use crate::quirk::Quirk;
use crate::reply::Object;
use crate::world::World;
use crate::world::address_range::ManagementRange;
use crate::world::setting::Scope;
use crate::world::table::Id;
use crate::world::zone::{Cluster, Pod, Zone};

/// A zone. What settings have a value of their own in it stands in its details.
#[must_use]
pub fn zone(world: &World, id: Id, row: &Zone) -> Object {
    let details: Vec<(String, String)> = world
        .settings
        .of_scope(Scope::Zone(id))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let cards = world.hosts.iter().filter(|(_, host)| host.zone == id && host.has_cards()).count();
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with_admin("dns1", &row.dns1)
        .with_admin("dns2", row.dns2.as_deref())
        .with_admin("internaldns1", &row.internal_dns1)
        .with_admin("internaldns2", row.internal_dns2.as_deref())
        .with_admin("guestcidraddress", row.guest_cidr.as_deref())
        .with("domain", row.domain.as_deref())
        .with("networktype", &row.network_type)
        .with("securitygroupsenabled", row.security_groups)
        .with("gputotal", 20 * cards)
        .with("gpuused", 0)
        .with("allocationstate", placement(world, row.enabled))
        .with("zonetoken", row.token)
        .with("dhcpprovider", "VirtualRouter")
        .with("localstorageenabled", row.local_storage)
        .with("tags", Vec::<Object>::new())
        .with("resourcedetails", (!details.is_empty()).then_some(details))
        .with("allowuserspecifyvrmtu", false)
        .with("routerprivateinterfacemaxmtu", 1500)
        .with("routerpublicinterfacemaxmtu", 1500)
        .with("type", "Core")
        .with("isnsxenabled", false)
        .with("ismultiarch", false)
        .with("asnrange", "")
        .with("routedmodeenabled", true)
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// Upstream's text of a zone in refusals.
#[must_use]
pub fn zone_dump(world: &World, id: Id) -> String {
    world.zones.get(id).map_or_else(String::new, |row| {
        format!("Zone {{\"id\": \"{id}\", \"name\": \"{}\", \"uuid\": \"{}\"}}", row.name, row.uuid)
    })
}

/// A zone with what is used of what it has.
#[must_use]
pub fn with_capacities(world: &World, id: Id, mut shown: Object) -> Object {
    let capacities: Vec<Object> = capacities(world, id).map(|(head, tail)| joined(head, tail)).collect();
    let place = shown.fields.iter().position(|field| field.name == "localstorageenabled");
    shown.push("capacity", capacities);
    if let Some(place) = place {
        shown.fields[place..].rotate_right(1);
    }
    shown
}

/// What is used of what a zone has, each with the zone.
#[must_use]
pub fn zone_capacities(world: &World, id: Id) -> Vec<Object> {
    let zone = world.zones.get(id);
    capacities(world, id)
        .map(|(head, tail)| {
            let head = head
                .with("zoneid", zone.map(|zone| zone.uuid))
                .with("zonename", zone.map(|zone| zone.name.as_str()));
            joined(head, tail)
        })
        .collect()
}

fn joined(mut head: Object, tail: Object) -> Object {
    head.fields.extend(tail.fields);
    head
}

/// What is used of what a zone has: what it is, and how much.
fn capacities(world: &World, id: Id) -> impl Iterator<Item = (Object, Object)> {
    let hosts = || world.hosts.iter().map(|(_, host)| host).filter(|host| host.zone == id);
    let sizes = || {
        let machines = world.virtual_machines.iter().map(|(_, machine)| machine);
        let running = machines.filter(|machine| machine.zone == id && machine.host.is_some());
        running.map(|machine| world.machine_size(machine))
    };
    let pools: u64 =
        world.storage_pools.iter().filter(|(_, pool)| pool.zone == id).map(|(_, pool)| pool.capacity).sum();
    let volumes: u64 =
        world.volumes.iter().filter(|(_, volume)| volume.zone == id).map(|(_, volume)| volume.size).sum();
    let addresses: u64 = world
        .public_ranges
        .iter()
        .filter(|(_, range)| range.zone == id)
        .map(|(_, range)| u64::from(u32::from(range.end).saturating_sub(u32::from(range.start))) + 1)
        .sum();
    let held = world.addresses.iter().filter(|(_, address)| address.zone == id).count();
    let networks = world.networks.iter().filter(|(_, network)| network.zone == id).count();
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    // The names and numbers of upstream's CapacityVO; half of storage may be promised twice.
    let capacities: [(u16, &str, u64, u64); 10] = [
        (
            0,
            "MEMORY",
            sizes().map(|size| u64::from(size.2) << 20).sum(),
            hosts().map(|host| host.memory).sum(),
        ),
        (
            1,
            "CPU",
            sizes().map(|size| u64::from(size.0) * u64::from(size.1)).sum(),
            hosts().map(|host| u64::from(host.cores) * u64::from(host.speed)).sum(),
        ),
        (2, "STORAGE", 0, pools),
        (3, "STORAGE_ALLOCATED", volumes, pools.saturating_mul(2)),
        (4, "VIRTUAL_NETWORK_PUBLIC_IP", count(held), addresses),
        (5, "PRIVATE_IP", 0, 191),
        (6, "SECONDARY_STORAGE", 0, 0),
        (7, "VLAN", count(networks), 101),
        (20, "OBJECT_STORAGE", 0, 0),
        (
            90,
            "CPU_CORE",
            sizes().map(|size| u64::from(size.0)).sum(),
            hosts().map(|host| u64::from(host.cores)).sum(),
        ),
    ];
    capacities.into_iter().map(|(number, name, used, total)| {
        let head = Object::new().with("type", number).with("name", name);
        let tail = Object::new()
            .with("capacityused", used)
            .with("capacitytotal", total)
            .with("percentused", percentage(used, total));
        (head, tail)
    })
}

/// Hundredths at most, and no zeros at the end: `1.41`, `0`.
fn percentage(used: u64, total: u64) -> String {
    let hundredths = (u128::from(used) * 10_000 + u128::from(total) / 2).checked_div(u128::from(total));
    let text = hundredths.map_or_else(|| "0".to_owned(), |of| format!("{}.{:02}", of / 100, of % 100));
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A pod.
#[must_use]
pub fn pod(world: &World, row: &Pod) -> Object {
    let zone = world.zones.get(row.zone);
    let own = ManagementRange {
        vlan: "vlan://untagged".to_owned(),
        for_system_vms: false,
        start: row.start,
        end: row.end,
    };
    let all = || std::iter::once(&own).chain(&row.more);
    let flag = |range: &ManagementRange| if range.for_system_vms { "1" } else { "0" };
    let texts = |text: fn(&ManagementRange) -> String| -> Vec<String> { all().map(text).collect() };
    let ranges: Vec<Object> = all()
        .map(|range| {
            Object::new()
                .with("startip", range.start)
                .with("endip", range.end)
                .with("forsystemvms", flag(range))
                .with("vlanid", &range.vlan)
        })
        .collect();
    let flags: Vec<String> = all().map(|range| flag(range).to_owned()).collect();
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("gateway", row.gateway)
        .with("netmask", row.netmask)
        .with("ipranges", ranges)
        .with("startip", texts(|range| range.start.to_string()))
        .with("endip", texts(|range| range.end.to_string()))
        .with("forsystemvms", flags)
        .with("vlanid", texts(|range| range.vlan.clone()))
        .with("allocationstate", placement(world, row.enabled))
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// The word for whether things may be placed somewhere.
#[must_use]
pub fn allocation(enabled: bool) -> &'static str {
    if enabled { "Enabled" } else { "Disabled" }
}

/// The same of a zone, a pod or a cluster.
fn placement(world: &World, enabled: bool) -> String {
    let word = allocation(enabled);
    if world.sins(Quirk::AllocationStatesAreLowerCase) { word.to_lowercase() } else { word.to_owned() }
}

/// A cluster.
#[must_use]
pub fn cluster(world: &World, row: &Cluster) -> Object {
    let zone = world.zones.get(row.zone);
    let pod = world.pods.get(row.pod);
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("podid", pod.map(|pod| pod.uuid))
        .with("podname", pod.map(|pod| pod.name.as_str()))
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("hypervisortype", "Simulator")
        .with("clustertype", "CloudManaged")
        .with("allocationstate", placement(world, row.enabled))
        .with("managedstate", if row.managed { "Managed" } else { "Unmanaged" })
        .with("cpuovercommitratio", &row.cpu_ratio)
        .with("memoryovercommitratio", &row.memory_ratio)
        .with(
            "resourcedetails",
            vec![
                ("memoryOvercommitRatio".to_owned(), row.memory_ratio.clone()),
                ("cpuOvercommitRatio".to_owned(), row.cpu_ratio.clone()),
            ],
        )
        .with("arch", "x86_64")
        .with("hasannotations", super::has_annotations(world, row.uuid))
}
