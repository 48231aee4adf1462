//! Plans that spread the machines of a cluster over its hosts.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply};
use crate::world::kind::{Handle, Kind};
use crate::world::register::{Fields, Record, Stored};
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;
use crate::world::{Owner, World};

/// A machine, where it runs and where it is to run.
type Move = [Handle; 3];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "generateClusterDrsPlan",
        run: |world, _, arguments| {
            let cluster = arguments.id("id").unwrap_or_default();
            let most = arguments.integer("migrations").unwrap_or(MIGRATIONS);
            let name = world.clusters.get(cluster).map_or("", |row| row.name.as_str());
            if most < 1 {
                return Err(ApiError::invalid(format!(
                    "Unable to execute DRS on the cluster {name} as the number of iterations [{most}] is invalid"
                )));
            }
            let moves = plan(world, cluster, usize::try_from(most).unwrap_or(usize::MAX));
            let uuid = world.clusters.get(cluster).map(|row| row.uuid);
            Ok(Reply::Object(
                Object::new()
                    .with("migrations", moves.iter().map(|one| shown_move(world, one)).collect::<Vec<_>>())
                    .with("clusterid", uuid)
                    .with("type", "MANUAL"),
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "executeClusterDrsPlan",
        about: Some("id"),
        events: Some(EventTexts::of("Executing DRS plan for cluster: {}")),
        run: |world, _, arguments| {
            let cluster = Handle { kind: Kind::Cluster, id: arguments.id("id").unwrap_or_default() };
            let moves = wanted(world, arguments)?;
            for [machine, _, to] in &moves {
                world.run_machine_on(machine.id, Some(to.id));
            }
            let fields = Fields::from_iter([
                ("cluster", Stored::Thing(cluster)),
                ("moves", Stored::Things(moves.concat())),
            ]);
            let id = world.add_record(Kind::DrsPlan, Owner::NOBODY, "", fields);
            let record = world.register.get(Kind::DrsPlan, id);
            Ok(Reply::Object(record.map(|record| shown(world, record)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listClusterDrsPlan",
        run: |world, _, arguments| {
            let (plan, cluster) = (listing::wanted(arguments)?, arguments.handle("clusterid"));
            let matches: Vec<&Record> = world
                .register
                .iter(Kind::DrsPlan)
                .filter(|(id, _)| plan.as_ref().is_none_or(|plan| plan.contains(id)))
                .map(|(_, record)| record)
                .filter(|record| cluster.is_none_or(|cluster| record.thing("cluster") == Some(cluster)))
                .collect();
            listing::page(world, arguments, matches, |record| shown(world, record))
        },
        ..Behaviour::PLAIN
    },
];

/// How many moves a plan has at most, unless the call says otherwise.
const MIGRATIONS: i64 = 50;

/// The running machines of each host of a cluster that takes work.
fn load(world: &World, cluster: Id) -> BTreeMap<Id, Vec<Id>> {
    let hosts = world.hosts.iter().filter(|(id, row)| row.cluster == cluster && world.takes_work(*id));
    let mut load: BTreeMap<Id, Vec<Id>> = hosts.map(|(id, _)| (id, Vec::new())).collect();
    for (id, machine) in world.virtual_machines.iter() {
        let host = machine.host.filter(|_| machine.state == MachineState::Running);
        if let Some(on) = host.and_then(|host| load.get_mut(&host)) {
            on.push(id);
        }
    }
    load
}

/// Moves from the fullest host to the emptiest, as long as they differ by more than one machine.
fn plan(world: &World, cluster: Id, most: usize) -> Vec<Move> {
    let mut load = load(world, cluster);
    let mut moves = Vec::new();
    while moves.len() < most {
        let fullest = load.iter().max_by_key(|(_, on)| on.len()).map(|(host, on)| (*host, on.len()));
        let emptiest = load.iter().min_by_key(|(_, on)| on.len()).map(|(host, on)| (*host, on.len()));
        let (Some((from, many)), Some((to, few))) = (fullest, emptiest) else { break };
        let machine = load.get_mut(&from).filter(|_| many > few + 1).and_then(Vec::pop);
        let Some(machine) = machine else { break };
        load.entry(to).or_default().push(machine);
        let host = |id| Handle { kind: Kind::Host, id };
        moves.push([Handle { kind: Kind::VirtualMachine, id: machine }, host(from), host(to)]);
    }
    moves
}

/// The moves that a call asks for: `migrateto[i].vm` and `migrateto[i].host`.
fn wanted(world: &World, arguments: &Arguments) -> Result<Vec<Move>, ApiError> {
    let groups = arguments.grouped("migrateto");
    if groups.is_empty() {
        return Err(ApiError::invalid("Unable to execute DRS plan as no migrations are specified"));
    }
    let thing = |group: &BTreeMap<String, String>, field: &str, kind: Kind| {
        let uuid = group.get(field).and_then(|text| Uuid::try_parse(text).ok());
        uuid.and_then(|uuid| world.find(uuid)).filter(|found| found.kind == kind)
    };
    let read = groups.iter().map(|group| {
        let machine = thing(group, "vm", Kind::VirtualMachine)
            .ok_or_else(|| ApiError::invalid("Unable to find VM to migrate"))?;
        let to = thing(group, "host", Kind::Host)
            .ok_or_else(|| ApiError::invalid("Unable to find the host to migrate to"))?;
        let row = world.virtual_machines.get(machine.id);
        let from = row.filter(|row| row.state == MachineState::Running).and_then(|row| row.host);
        let from = from.ok_or_else(|| ApiError::invalid("VM is not Running, unable to migrate the vm"))?;
        Ok([machine, Handle { kind: Kind::Host, id: from }, to])
    });
    read.collect()
}

fn shown_move(world: &World, [machine, from, to]: &Move) -> Object {
    Object::new()
        .with("virtualmachineid", world.uuid_of(*machine))
        .with("virtualmachinename", world.name_of(*machine))
        .with("sourcehostid", world.uuid_of(*from))
        .with("sourcehostname", world.name_of(*from))
        .with("destinationhostid", world.uuid_of(*to))
        .with("destinationhostname", world.name_of(*to))
}

/// A plan that was carried out.
fn shown(world: &World, record: &Record) -> Object {
    let (moves, _) = record.things("moves").as_chunks::<3>();
    let moves: Vec<Object> =
        moves.iter().map(|one| shown_move(world, one).with("migrationjobstatus", "SUCCEEDED")).collect();
    Object::new()
        .with("migrations", moves)
        .with("id", record.uuid)
        .with("clusterid", record.thing("cluster").and_then(|cluster| world.uuid_of(cluster)))
        .with("type", "MANUAL")
        .with("status", "COMPLETED")
        .with("created", record.created)
}
