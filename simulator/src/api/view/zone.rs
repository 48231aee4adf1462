//! Zones and what stands in them.

use crate::api::VERSION;
use crate::reply::Object;
use crate::world::World;
use crate::world::setting::Scope;
use crate::world::table::Id;
use crate::world::zone::{Cluster, Host, ImageStore, Pod, StoragePool, Zone};

/// A zone. What settings have a value of their own in it stands in its details.
#[must_use]
pub fn zone(world: &World, id: Id, row: &Zone) -> Object {
    let details: Vec<(String, String)> = world
        .settings
        .of_scope(Scope::Zone(id))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with_admin("dns1", &row.dns1)
        .with_admin("dns2", row.dns2.as_deref())
        .with_admin("internaldns1", &row.internal_dns1)
        .with_admin("guestcidraddress", row.guest_cidr.as_deref())
        .with("networktype", &row.network_type)
        .with("securitygroupsenabled", row.security_groups)
        .with("gputotal", 80)
        .with("gpuused", 0)
        .with("allocationstate", if row.enabled { "Enabled" } else { "Disabled" })
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
        .with("hasannotations", false)
}

/// A pod.
#[must_use]
pub fn pod(world: &World, row: &Pod) -> Object {
    let zone = world.zones.get(row.zone);
    let (start, end) = (row.start.to_string(), row.end.to_string());
    let range = Object::new()
        .with("startip", &start)
        .with("endip", &end)
        .with("forsystemvms", "0")
        .with("vlanid", "vlan://untagged");
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("gateway", row.gateway)
        .with("netmask", row.netmask)
        .with("ipranges", vec![range])
        .with("startip", vec![start])
        .with("endip", vec![end])
        .with("forsystemvms", vec!["0".to_owned()])
        .with("vlanid", vec!["vlan://untagged".to_owned()])
        .with("allocationstate", "Enabled")
        .with("hasannotations", false)
}

/// A cluster.
#[must_use]
pub fn cluster(world: &World, row: &Cluster) -> Object {
    let zone = world.zones.get(row.zone);
    let pod = world.pods.get(row.pod);
    let ratio = |name: &str| (name.to_owned(), "1.0".to_owned());
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("podid", pod.map(|pod| pod.uuid))
        .with("podname", pod.map(|pod| pod.name.as_str()))
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("hypervisortype", "Simulator")
        .with("clustertype", "CloudManaged")
        .with("allocationstate", "Enabled")
        .with("managedstate", "Managed")
        .with("cpuovercommitratio", "1.0")
        .with("memoryovercommitratio", "1.0")
        .with("resourcedetails", vec![ratio("memoryOvercommitRatio"), ratio("cpuOvercommitRatio")])
        .with("arch", "x86_64")
        .with("hasannotations", false)
}

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
    let share = |part: u64, whole: u64| {
        let hundredths = part.saturating_mul(10_000).checked_div(whole).unwrap_or(0);
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    };
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("state", "Up")
        .with("type", "Routing")
        .with("ipaddress", row.address)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("podid", pod.map(|pod| pod.uuid))
        .with("podname", pod.map(|pod| pod.name.as_str()))
        .with("version", VERSION)
        .with("hypervisor", "Simulator")
        .with("cpunumber", row.cores)
        .with("cpuspeed", row.speed)
        .with("cpuallocated", share(speed, total_speed))
        .with("cpuallocatedvalue", speed)
        .with("cpuallocatedpercentage", share(speed, total_speed))
        .with("cpuallocatedwithoverprovisioning", share(speed, total_speed))
        .with("cpuused", "0%")
        .with("cpuwithoverprovisioning", total_speed.to_string())
        .with("cpuloadaverage", 0.0)
        .with("networkkbsread", 32768)
        .with("networkkbswrite", 16384)
        .with("memorytotal", row.memory)
        .with("memorywithoverprovisioning", row.memory.to_string())
        .with("memoryallocated", memory)
        .with("memoryallocatedpercentage", share(memory, row.memory))
        .with("memoryallocatedbytes", memory)
        .with("memoryused", 0)
        .with("capabilities", "hvm")
        .with("lastpinged", world.now)
        .with("managementserverid", world.management_server)
        .with("managementservername", "localhost")
        .with("clusterid", cluster.map(|cluster| cluster.uuid))
        .with("clustername", cluster.map(|cluster| cluster.name.as_str()))
        .with("clustertype", "CloudManaged")
        .with("islocalstorageactive", false)
        .with("created", row.created)
        .with(
            "events",
            "ManagementServerDown; HostDown; ShutdownRequested; Ping; AgentDisconnected; StartAgentRebalance; \
             PingTimeout; Remove; AgentConnected",
        )
        .with("hostha", Object::named("hostha").with("haenable", false).with("hastate", "Disabled"))
        .with(
            "outofbandmanagement",
            Object::named("outofbandmanagement").with("powerstate", "Disabled").with("enabled", false),
        )
        .with("resourcestate", "Enabled")
        .with("hypervisorversion", VERSION)
        .with("hahost", false)
        .with("ueficapability", false)
        .with("arch", "x86_64")
        .with("hasannotations", false)
}

/// Primary storage.
#[must_use]
pub fn storage_pool(world: &World, id: Id, row: &StoragePool) -> Object {
    let zone = world.zones.get(row.zone);
    let pod = world.pods.get(row.pod);
    let cluster = world.clusters.get(row.cluster);
    let allocated: u64 = world
        .volumes
        .iter()
        .filter(|(_, volume)| volume.pool == Some(id))
        .map(|(_, volume)| volume.size)
        .sum();
    Object::new()
        .with("id", row.uuid)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("podid", pod.map(|pod| pod.uuid))
        .with("podname", pod.map(|pod| pod.name.as_str()))
        .with("name", &row.name)
        .with("ipaddress", &row.server)
        .with("path", &row.path)
        .with("created", row.created)
        .with("type", "NetworkFilesystem")
        .with("clusterid", cluster.map(|cluster| cluster.uuid))
        .with("clustername", cluster.map(|cluster| cluster.name.as_str()))
        .with("disksizetotal", row.capacity)
        .with("disksizeallocated", allocated)
        .with("disksizeused", 0)
        .with("capacityiops", 1_000_000)
        .with("usediops", 500_000)
        .with("istagarule", false)
        .with("state", "Up")
        .with("scope", "CLUSTER")
        .with("overprovisionfactor", "2.0")
        .with("hypervisor", "Simulator")
        .with("provider", "DefaultPrimary")
        .with("storagecapabilities", vec![("VOLUME_SNAPSHOT_QUIESCEVM".to_owned(), "false".to_owned())])
        .with("managed", false)
        .with("details", Vec::<(String, String)>::new())
        .with("hasannotations", false)
}

/// Secondary storage.
#[must_use]
pub fn image_store(world: &World, row: &ImageStore) -> Object {
    let zone = world.zones.get(row.zone);
    Object::new()
        .with("id", row.uuid)
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("name", &row.name)
        .with("url", &row.url)
        .with("protocol", "nfs")
        .with("providername", "NFS")
        .with("scope", "ZONE")
        .with("readonly", false)
        .with("hasannotations", false)
}
