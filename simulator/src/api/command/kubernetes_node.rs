//! The machines of Kubernetes clusters: those that somebody puts in and takes out.

use super::kubernetes_cluster::{cluster, is_external, require_state, row_of_clusters, set_state, settle};
use super::register::reachable;
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::register::{Record, Stored};
use crate::world::table::Id;

/// The field with the machines of a cluster.
const NODES: &str = "nodes";

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "addVirtualMachinesToKubernetesCluster",
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, row_of_clusters(), arguments)?;
            if !is_external(world, id) {
                return Err(ApiError::invalid(
                    "VMs can be added to externally managed Kubernetes clusters only",
                ));
            }
            put_in(world, id, arguments.handles("virtualmachineids"))?;
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeVirtualMachinesFromKubernetesCluster",
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, row_of_clusters(), arguments)?;
            if !is_external(world, id) {
                return Err(ApiError::invalid(
                    "VMs can be removed from externally managed Kubernetes clusters only",
                ));
            }
            let machines = arguments.handles("virtualmachineids").to_vec();
            listing::page(world, arguments, machines.clone(), |machine| outcome(world, id, machine))
                .inspect(|_| take_out(world, id, &machines))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "addNodesToKubernetesCluster",
        about: Some("id"),
        events: Some(EventTexts::of("Adding nodes to Kubernetes cluster ID: {}")),
        begin: Some(|world, caller, arguments| {
            let id = reachable(world, *caller, row_of_clusters(), arguments)?;
            require_state(world, id, &["Running", "Alert"], "running")?;
            set_state(world, id, "Importing");
            Ok(())
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let result = put_in(world, id, arguments.handles("nodeids"));
            let shown = settle(world, arguments, "Running");
            result.and(shown)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeNodesFromKubernetesCluster",
        about: Some("id"),
        events: Some(EventTexts::of("Removing nodes from Kubernetes cluster ID: {}")),
        begin: Some(|world, caller, arguments| {
            let id = reachable(world, *caller, row_of_clusters(), arguments)?;
            require_state(world, id, &["Running", "Alert"], "running")?;
            require_nodes(world, id, arguments)?;
            set_state(world, id, "RemovingNodes");
            Ok(())
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            take_out(world, id, arguments.handles("nodeids"));
            settle(world, arguments, "Running")
        },
        ..Behaviour::PLAIN
    },
];

/// The machines of a cluster as it shows them.
pub(super) fn nodes(world: &World, record: &Record) -> Vec<Object> {
    let machines = record.things(NODES).iter().filter_map(|node| world.virtual_machines.get(node.id));
    machines
        .map(|machine| {
            Object::new()
                .with("isexternalnode", true)
                .with("isetcdnode", false)
                .with("id", machine.uuid)
                .with("name", &machine.name)
                .with("displayname", machine.shown_name())
                .with("state", machine.state.name())
        })
        .collect()
}

/// Puts machines into a cluster that are in none.
fn put_in(world: &mut World, id: Id, machines: &[Handle]) -> Result<(), ApiError> {
    for machine in machines {
        if world.register.listing(Kind::KubernetesCluster, NODES, *machine).next().is_some() {
            let name = world.name_of(*machine).unwrap_or_default();
            return Err(ApiError::invalid(format!("VM {name} is already part of a Kubernetes cluster")));
        }
    }
    if let Some(record) = world.register.get_mut(Kind::KubernetesCluster, id) {
        let all = [record.things(NODES), machines].concat();
        record.fields.insert(NODES, Stored::Things(all));
    }
    Ok(())
}

fn take_out(world: &mut World, id: Id, machines: &[Handle]) {
    if let Some(record) = world.register.get_mut(Kind::KubernetesCluster, id) {
        let mut rest = record.things(NODES).to_vec();
        rest.retain(|node| !machines.contains(node));
        record.fields.insert(NODES, Stored::Things(rest));
    }
}

fn is_node(world: &World, id: Id, machine: Handle) -> bool {
    let record = world.register.get(Kind::KubernetesCluster, id);
    record.is_some_and(|record| record.things(NODES).contains(&machine))
}

/// What came of taking a machine out.
fn outcome(world: &World, id: Id, machine: Handle) -> Object {
    let is_node = is_node(world, id, machine);
    let text = (!is_node).then(|| {
        let name = world.name_of(cluster(id)).unwrap_or_default();
        format!("VM is not part of Kubernetes cluster {name}")
    });
    Object::new().with("id", world.uuid_of(machine)).with("success", is_node).with("displaytext", text)
}

/// Refuses machines that are not of the cluster.
fn require_nodes(world: &World, id: Id, arguments: &Arguments) -> Result<(), ApiError> {
    match arguments.handles("nodeids").iter().find(|node| !is_node(world, id, **node)) {
        None => Ok(()),
        Some(other) => Err(ApiError::invalid(format!(
            "VM {} is not part of the Kubernetes cluster",
            world.name_of(*other).unwrap_or_default()
        ))),
    }
}
