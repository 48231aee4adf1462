//! Figures of hosts, clusters, zones, storage and machines, and of the server itself.

use crate::reply::{Object, Value};
use crate::world::World;
use crate::world::kind::Kind;
use crate::world::table::Id;
use crate::world::virtual_machine::{MachineState, VirtualMachine};

/// A listed thing with its figures before it.
#[must_use]
pub fn with_figures(world: &World, mut item: Object) -> Object {
    let handle = item.get("id").and_then(|id| match id {
        Value::Text(text) => world.find(text.parse().ok()?),
        _ => None,
    });
    let Some(handle) = handle else { return item };
    let id = handle.id;
    let mut figures = match handle.kind {
        Kind::Host => host(world, id),
        Kind::Cluster => cluster(world, id),
        Kind::Zone => zone(world, id),
        Kind::StoragePool => storage_pool(world, id),
        Kind::VirtualMachine => machine(world, id),
        _ => Object::new(),
    };
    figures.name = item.name;
    // What a figure says already is not said again, nor the path of a machine's domain.
    item.fields.retain(|field| match field.name {
        "state" => handle.kind == Kind::Host || figures.get("state").is_none(),
        "domainpath" => handle.kind != Kind::VirtualMachine,
        _ => true,
    });
    figures.fields.extend(item.fields);
    figures
}

/// Hundredths of a unit as `1.25`.
fn hundredths(amount: u128, unit: u128) -> String {
    let hundredths = (amount * 100 + unit / 2) / unit.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn gigabytes(bytes: u64) -> String {
    format!("{} GB", hundredths(u128::from(bytes), 1 << 30))
}

fn gigahertz(megahertz: u64) -> String {
    format!("{} Ghz", hundredths(u128::from(megahertz), 1000))
}

fn percent(part: u64, whole: u64) -> String {
    format!("{}%", hundredths(u128::from(part) * 100, u128::from(whole)))
}

const THRESHOLDS: [&str; 8] = [
    "cputhreshold",
    "cpudisablethreshold",
    "cpuallocatedthreshold",
    "cpuallocateddisablethreshold",
    "memorythreshold",
    "memorydisablethreshold",
    "memoryallocatedthreshold",
    "memoryallocateddisablethreshold",
];

/// Which thresholds are crossed. Only what is promised counts: nothing here is used.
fn with_thresholds(mut object: Object, use_of: Use) -> Object {
    let crossed = |part: u64, whole: u64, percent: u64| part * 100 > whole.saturating_mul(percent);
    for name in THRESHOLDS {
        let is_crossed = match name {
            "cpuallocatedthreshold" => crossed(use_of.speed, use_of.total_speed, 75),
            "cpuallocateddisablethreshold" => crossed(use_of.speed, use_of.total_speed, 85),
            "memoryallocatedthreshold" => crossed(use_of.memory, use_of.total_memory, 75),
            "memoryallocateddisablethreshold" => crossed(use_of.memory, use_of.total_memory, 85),
            _ => false,
        };
        object.push(name, is_crossed);
    }
    object
}

/// MHz and bytes that hosts have, and those that their machines take.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    speed: u64,
    total_speed: u64,
    memory: u64,
    total_memory: u64,
}

fn use_of_hosts(world: &World, wanted: impl Fn(Id) -> bool) -> Use {
    let mut sum = Use::default();
    for (_, host) in world.hosts.iter().filter(|(id, _)| wanted(*id)) {
        sum.total_speed += u64::from(host.cores) * u64::from(host.speed);
        sum.total_memory += host.memory;
    }
    let placed = |machine: &VirtualMachine| machine.host.is_some_and(&wanted);
    for (_, machine) in world.virtual_machines.iter().filter(|(_, machine)| placed(machine)) {
        let size = world.machine_size(machine);
        sum.speed += u64::from(size.0) * u64::from(size.1);
        sum.memory += u64::from(size.2) << 20;
    }
    sum
}

fn host(world: &World, id: Id) -> Object {
    let sum = use_of_hosts(world, |host| host == id);
    let measured = world.hosts.get(id).is_some_and(|row| row.measured <= world.now);
    let machines = || world.virtual_machines.iter().filter(|(_, row)| row.host == Some(id));
    let running = machines().filter(|(_, row)| row.state == MachineState::Running).count();
    let system = world.system_vms.iter().filter(|(_, row)| row.host == Some(id)).count();
    let object = Object::new()
        .with("powerstate", "Disabled")
        .with("instances", format!("{running} / {}", machines().count()))
        .with("systeminstances", format!("{system} / {system}"))
        .with("cputotalghz", gigahertz(sum.total_speed))
        .with("cpuusedghz", measured.then(|| gigahertz(0)))
        .with("cpuallocatedghz", gigahertz(sum.speed))
        .with("memorytotalgb", gigabytes(sum.total_memory))
        .with("memoryusedgb", measured.then(|| gigabytes(0)))
        .with("memoryallocatedgb", gigabytes(sum.memory))
        .with("networkread", measured.then(|| gigabytes(32768 << 10)))
        .with("networkwrite", measured.then(|| gigabytes(16384 << 10)));
    with_thresholds(object, sum)
}

fn with_sums(object: Object, sum: Use) -> Object {
    let object = object
        .with("cputotal", gigahertz(sum.total_speed))
        .with("cpuallocated", percent(sum.speed, sum.total_speed))
        .with("memorytotal", gigabytes(sum.total_memory))
        .with("memoryallocated", percent(sum.memory, sum.total_memory));
    with_thresholds(object, sum)
}

fn cluster(world: &World, id: Id) -> Object {
    let in_it = |host: Id| world.hosts.get(host).is_some_and(|row| row.cluster == id);
    let hosts = world.hosts.iter().filter(|(_, row)| row.cluster == id);
    let (mut up, mut all) = (0, 0);
    for (host, _) in hosts {
        all += 1;
        up += usize::from(world.takes_work(host));
    }
    let state = super::allocation(world.clusters.get(id).is_some_and(|row| row.enabled));
    let object = Object::new().with("state", state).with("hosts", format!("{up} / {all}"));
    with_sums(object, use_of_hosts(world, in_it)).with("drsimbalance", "100.00%")
}

fn zone(world: &World, id: Id) -> Object {
    let in_it = |host: Id| world.hosts.get(host).is_some_and(|row| row.zone == id);
    let clusters = || world.clusters.iter().filter(|(_, row)| row.zone == id);
    let enabled = clusters().filter(|(_, row)| row.enabled).count();
    let state = super::allocation(world.zones.get(id).is_some_and(|row| row.enabled));
    let object =
        Object::new().with("state", state).with("clusters", format!("{enabled} / {}", clusters().count()));
    with_sums(object, use_of_hosts(world, in_it))
}

fn storage_pool(world: &World, id: Id) -> Object {
    let volumes = world.volumes.iter().filter(|(_, volume)| volume.pool == Some(id));
    let allocated: u64 = volumes.map(|(_, volume)| volume.size).sum();
    let capacity = world.storage_pools.get(id).map_or(0, |pool| pool.capacity);
    let free = capacity.saturating_mul(2).saturating_sub(allocated);
    Object::new()
        .with("disksizeusedgb", gigabytes(0))
        .with("disksizetotalgb", format!("{} (x2.0)", gigabytes(capacity)))
        .with("disksizeallocatedgb", gigabytes(allocated))
        .with("disksizeunallocatedgb", gigabytes(free))
        .with("storageusagethreshold", false)
        .with("storageusagedisablethreshold", false)
        .with("storageallocatedthreshold", false)
        .with("storageallocateddisablethreshold", false)
}

fn machine(world: &World, id: Id) -> Object {
    let Some(row) = world.virtual_machines.get(id) else { return Object::new() };
    let (cores, speed, memory) = world.machine_size(row);
    let measured = world.is_measured(row);
    let tenths = (u64::from(cores) * u64::from(speed) + 50) / 100;
    let mebibytes = |kibibytes: u64| format!("{} MiB", hundredths(u128::from(kibibytes), 1024));
    Object::new()
        .with("cputotal", format!("{}.{} Ghz", tenths / 10, tenths % 10))
        .with("memorytotal", format!("{} GiB", hundredths(u128::from(memory), 1024)))
        .with("networkread", measured.then(|| mebibytes(32768)))
        .with("networkwrite", measured.then(|| mebibytes(16384)))
        .with("diskread", measured.then(|| mebibytes(0)))
        .with("diskwrite", measured.then(|| mebibytes(0)))
        .with("diskiopstotal", measured.then_some(0))
}

/// When this server was started: when its own first job was made.
fn started(world: &World) -> crate::world::clock::Moment {
    world.jobs.iter().next().map_or(world.now, |(_, job)| job.created)
}

/// The management server. Of the machine that it runs on it tells what the recorded one did.
#[must_use]
pub fn management_server(world: &World) -> Object {
    let agents: Vec<String> = world.hosts.iter().map(|(_, host)| host.uuid.to_string()).collect();
    let count = agents.len();
    let since = started(world);
    Object::new()
        .with("id", world.management_server)
        .with("name", "localhost")
        .with("state", "Up")
        .with("version", &world.version)
        .with("javadistribution", "Debian")
        .with("javaversion", "17.0.15+6-Debian-1deb12u1")
        .with("osdistribution", "Debian GNU/Linux 12 (bookworm)")
        .with("lastserverstart", since)
        .with("lastboottime", since)
        .with("serviceip", "127.0.0.1")
        .with("ipaddress", "127.0.0.1")
        .with("lastagents", Vec::<String>::new())
        .with("agents", agents)
        .with("agentscount", count)
        .with("pendingjobscount", world.open_jobs.len())
}

/// The management server with figures. What the simulator does not have is zero.
#[must_use]
pub fn management_server_figures(world: &World) -> Object {
    let zeros =
        ["threadsblockedcount", "threadsdaemoncount", "threadsrunnablecount", "threadsteminatedcount"];
    let mut object = Object::new()
        .with("availableprocessors", 1)
        .with("agentcount", world.hosts.len())
        .with("sessions", world.sessions.len())
        .with("heapmemoryused", 0)
        .with("heapmemorytotal", 0);
    for name in zeros.into_iter().chain(["threadstotalcount", "threadswaitingcount"]) {
        object.push(name, 0);
    }
    let mut object = object
        .with("systemmemorytotal", "0.00 GB")
        .with("systemmemoryfree", "0.00 GB")
        .with("systemmemoryvirtualsize", "0.00 GB")
        .with("loginfo", "")
        .with("systemtotalcpucycles", 0.0)
        .with("dbislocal", true)
        .with("usageislocal", false)
        .with("cpuload", "0.00 %")
        .with("collectiontime", world.now);
    object.fields.extend(management_server(world).fields);
    object
}

/// The database, of which the simulator has none: it has been up as long as the server.
#[must_use]
pub fn database(world: &World) -> Object {
    Object::named("dbMetrics")
        .with("collectiontime", world.now)
        .with("hostname", "localhost")
        .with("replicas", vec!["localhost".to_owned(), "localhost".to_owned()])
        .with("connections", 0)
        .with("uptime", (world.now.0 - started(world).0).max(0) / 1000)
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("versioncomment", "no database: a simulated server")
        .with("queries", 0)
}

/// The usage server, which does not run.
#[must_use]
pub fn usage_server(world: &World) -> Object {
    Object::new()
        .with("collectiontime", world.now)
        .with("hostname", "N/A")
        .with("state", "Down")
        .with("lastsuccessfuljob", crate::world::clock::Moment(0))
}

/// How many there are of everything.
#[must_use]
pub fn infrastructure(world: &World) -> Object {
    Object::new()
        .with("zones", world.zones.len())
        .with("pods", world.pods.len())
        .with("clusters", world.clusters.len())
        .with("hosts", world.hosts.len())
        .with("storagepools", world.storage_pools.len())
        .with("imagestores", world.image_stores.len())
        .with("backuprepositories", 0)
        .with("objectstores", 0)
        .with("systemvms", world.system_vms.len())
        .with("routers", world.routers().count())
        .with("ilbvms", 0)
        .with("cpusockets", 0)
        .with("managementservers", 1)
        .with("alerts", world.alerts.iter().filter(|(_, alert)| !alert.archived).count())
}
