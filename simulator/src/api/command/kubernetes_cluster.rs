//! Kubernetes clusters and their states (K8S-001). No machines are made for them: a cluster is a
//! record that goes through the states, and has the machines that somebody puts into it
//! (see [`kubernetes_node`](super::kubernetes_node)).

use super::register::{
    Default, Field, Row, Scope, add, create_then_show, delete, list, reachable, row, show,
};
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::register::Record;
use crate::world::table::Id;

/// The word for a cluster that the server runs itself.
const MANAGED: &str = "CloudManaged";
/// The word for a cluster that somebody else runs.
const EXTERNAL: &str = "ExternalManaged";

pub(super) const ROWS: &[Row] = &[Row {
    kind: Kind::KubernetesCluster,
    noun: "KubernetesCluster",
    fields: &[
        Field::of("description"),
        Field::of("zoneid").named("zonename"),
        Field::of("serviceofferingid").named("serviceofferingname"),
        Field::of("networkid").named("associatednetworkname"),
        Field::of("kubernetesversionid").named("kubernetesversionname"),
        Field::of("keypair"),
        Field::of("cniconfigurationid").named("cniconfigname"),
        Field::of("controlnodes").or(Default::Number(1)),
        Field::of("etcdnodes").or(Default::Number(0)),
        Field::of("size").or(Default::Number(1)),
        Field::of("ipaddress").from("externalloadbalanceripaddress"),
        Field::of("csienabled").from("enablecsi").or(Default::Flag(false)),
        Field::of("clustertype")
            .one_of(&[MANAGED, EXTERNAL], "Invalid cluster type: {value}")
            .or(Default::Text(MANAGED)),
        Field::of("state").or(Default::Text("Created")),
        Field::of("autoscalingenabled").or(Default::Flag(false)),
        Field::of("minsize"),
        Field::of("maxsize"),
    ],
    hides: &["accountid"],
    scope: Scope::Account,
    gone: "Invalid Kubernetes cluster ID",
    check: Some(|world, _, arguments| require_sound(world, arguments)),
    extra: Some(|world, _, record, object| {
        object.push("masternodes", record.number("controlnodes"));
        let (cores, memory) = node_size(world, record.thing("serviceofferingid"));
        let nodes = record.number("controlnodes") + record.number("size");
        object.push("cpunumber", (cores * nodes).to_string());
        object.push("memory", (memory * nodes).to_string());
        object.push("virtualmachines", super::kubernetes_node::nodes(world, record));
    }),
    ..Row::PLAIN
}];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        create: Some(|world, caller, arguments| {
            let row = row(arguments);
            Ok(Handle { kind: row.kind, id: add(world, caller, arguments, row)? })
        }),
        events: Some(EventTexts {
            scheduled: "creating Kubernetes cluster. Cluster Id: {#}",
            action: "creating Kubernetes cluster",
            created: Some("creating Kubernetes cluster"),
        }),
        begin: Some(|world, _, arguments| {
            set_state(world, arguments.created().unwrap_or_default(), "Starting");
            Ok(())
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            set_state(world, id, "Running");
            show(world, row(arguments), id)
        },
        ..create_then_show("createKubernetesCluster")
    },
    list("listKubernetesClusters"),
    Behaviour {
        name: "startKubernetesCluster",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Starting Kubernetes cluster ID: {}",
            action: "starting Kubernetes cluster",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let id = managed(world, caller, arguments, "Start kubernetes cluster")?;
            if !matches!(state(world, id), "Running" | "Starting") {
                require_state(world, id, &["Stopped", "Created"], "a stopped")?;
                set_state(world, id, "Starting");
            }
            Ok(())
        }),
        run: |world, _, arguments| settle(world, arguments, "Running"),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "stopKubernetesCluster",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Stopping Kubernetes cluster ID: {}",
            action: "stopping Kubernetes cluster",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let id = managed(world, caller, arguments, "Stop kubernetes cluster")?;
            if !matches!(state(world, id), "Stopped" | "Stopping") {
                require_state(world, id, &["Running", "Alert", "Starting"], "running")?;
                set_state(world, id, "Stopping");
            }
            Ok(())
        }),
        run: |world, _, arguments| settle(world, arguments, "Stopped").map(|_| Reply::SUCCESS),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "scaleKubernetesCluster",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Scaling Kubernetes cluster ID: {}",
            action: "scaling Kubernetes cluster",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let id = managed(world, caller, arguments, "Scaling kubernetes cluster")?;
            let between = match state(world, id) {
                "Created" | "Running" => "Scaling",
                "Stopped" => "ScalingStoppedCluster",
                other => {
                    let name = world.name_of(cluster(id)).unwrap_or_default();
                    return Err(ApiError::permission(format!(
                        "Kubernetes cluster {name} is in {other} state and can not be scaled"
                    )));
                }
            };
            require_scale(arguments)?;
            set_state(world, id, between);
            Ok(())
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if let Some(record) = world.register.get_mut(Kind::KubernetesCluster, id) {
                for field in ["size", "autoscalingenabled", "minsize", "maxsize", "serviceofferingid"] {
                    if let Some(value) = arguments.stored(field) {
                        record.fields.insert(field, value);
                    }
                }
            }
            let after = if state(world, id) == "ScalingStoppedCluster" { "Stopped" } else { "Running" };
            settle(world, arguments, after)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "upgradeKubernetesCluster",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Upgrading Kubernetes cluster ID: {}",
            action: "upgrading Kubernetes cluster",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let id = managed(world, caller, arguments, "Upgrade kubernetes cluster")?;
            require_state(world, id, &["Running"], "running")?;
            let own = world.register.get(Kind::KubernetesCluster, id);
            let (from, to) = (
                own.and_then(|own| own.thing("kubernetesversionid")),
                arguments.handle("kubernetesversionid"),
            );
            require_enabled(world, to)?;
            super::kubernetes::require_upgrade(world, from, to)?;
            set_state(world, id, "Upgrading");
            Ok(())
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if let (Some(record), Some(version)) =
                (world.register.get_mut(Kind::KubernetesCluster, id), arguments.stored("kubernetesversionid"))
            {
                record.fields.insert("kubernetesversionid", version);
            }
            settle(world, arguments, "Running")
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        events: Some(EventTexts {
            scheduled: "Deleting Kubernetes cluster ID: {}",
            action: "destroying Kubernetes cluster",
            created: None,
        }),
        begin: Some(|world, caller, arguments| {
            let id = reachable(world, *caller, row(arguments), arguments)?;
            let is_external = is_external(world, id);
            if !is_external && (arguments.flag("cleanup") || arguments.flag("expunge")) {
                return Err(ApiError::invalid(
                    "cleanup and expunge are for clusters only that somebody else runs",
                ));
            }
            let name = world.name_of(cluster(id)).unwrap_or_default();
            if !is_external && !matches!(state(world, id), "Running" | "Stopped" | "Alert" | "Error") {
                return Err(ApiError::permission(format!(
                    "Cannot perform delete operation on Kubernetes cluster: {name} in state: {}",
                    state(world, id)
                )));
            }
            set_state(world, id, "Destroying");
            Ok(())
        }),
        ..delete("deleteKubernetesCluster")
    },
    Behaviour {
        name: "getKubernetesClusterConfig",
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, row_of_clusters(), arguments)?;
            // What a cluster would say of itself is kept once it has spoken, and no simulated one does.
            let record = world.register.get(Kind::KubernetesCluster, id);
            Ok(Reply::Object(
                Object::new()
                    .with("id", record.map(|record| record.uuid))
                    .with("name", record.map(|record| record.name.as_str())),
            ))
        },
        ..Behaviour::PLAIN
    },
];

/// The row of this file.
pub(super) fn row_of_clusters() -> &'static Row {
    &ROWS[0]
}

pub(super) fn cluster(id: Id) -> Handle {
    Handle { kind: Kind::KubernetesCluster, id }
}

pub(super) fn state(world: &World, id: Id) -> &str {
    let record = world.register.get(Kind::KubernetesCluster, id);
    record.and_then(|record| record.field("state")).unwrap_or_default()
}

pub(super) fn set_state(world: &mut World, id: Id, state: &'static str) {
    if let Some(record) = world.register.get_mut(Kind::KubernetesCluster, id) {
        record.fields.insert("state", state.into());
    }
}

pub(super) fn is_external(world: &World, id: Id) -> bool {
    let record = world.register.get(Kind::KubernetesCluster, id);
    record.and_then(|record| record.field("clustertype")) == Some(EXTERNAL)
}

/// The cluster that `id` names, which must be run by the server itself.
fn managed(world: &World, caller: &Caller, arguments: &Arguments, what: &str) -> Result<Id, ApiError> {
    let id = reachable(world, *caller, row_of_clusters(), arguments)?;
    if is_external(world, id) {
        return Err(ApiError::invalid(format!("{what} is not supported for an externally managed cluster")));
    }
    Ok(id)
}

/// Refuses a cluster that is in none of some states, which a word sums up.
pub(super) fn require_state(world: &World, id: Id, states: &[&str], word: &str) -> Result<(), ApiError> {
    if states.contains(&state(world, id)) {
        return Ok(());
    }
    let name = world.name_of(cluster(id)).unwrap_or_default();
    Err(ApiError::invalid(format!("Kubernetes cluster : {name} is not in {word} state")))
}

/// Ends the work on the cluster that `id` names, and shows it.
pub(super) fn settle(
    world: &mut World,
    arguments: &Arguments,
    state: &'static str,
) -> Result<Reply, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    set_state(world, id, state);
    show(world, row_of_clusters(), id)
}

/// Cores and MiB of a node of an offering.
fn node_size(world: &World, offering: Option<Handle>) -> (i64, i64) {
    let offering = offering.and_then(|offering| world.service_offerings.get(offering.id));
    let number = |value: Option<u32>| value.map_or(0, i64::from);
    (number(offering.and_then(|row| row.cores)), number(offering.and_then(|row| row.memory)))
}

/// Refuses a name, sizes, a version or nodes that no cluster can have.
fn require_sound(world: &World, arguments: &Arguments) -> Result<(), ApiError> {
    let name = arguments.required("name");
    let is_good = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if name.is_empty() || name.len() > 63 || !name.chars().all(is_good) || name.starts_with('-') {
        return Err(ApiError::invalid(
            "Invalid name. Kubernetes cluster name can contain ASCII letters 'a' through 'z', the digits '0' through \
             '9', and the hyphen ('-') and can not start with a hyphen",
        ));
    }
    if arguments.filled("clustertype").is_some_and(|word| word.eq_ignore_ascii_case(EXTERNAL)) {
        return Ok(());
    }
    for (parameter, what) in [("controlnodes", "control nodes count"), ("size", "size")] {
        if let Some(number) = arguments.integer(parameter).filter(|number| *number < 1) {
            return Err(ApiError::invalid(format!("Invalid cluster {what}: {number}")));
        }
    }
    let version = arguments.handle("kubernetesversionid");
    require_enabled(world, version)?;
    let offering = arguments.handle("serviceofferingid");
    if offering.is_none() {
        return Err(ApiError::invalid("No service offering with ID: null"));
    }
    let version = version.and_then(|version| world.register.get(version.kind, version.id));
    require_node(world, version, offering)
}

/// Refuses a version that is unknown or switched off.
fn require_enabled(world: &World, version: Option<Handle>) -> Result<(), ApiError> {
    let record = version.and_then(|version| world.register.get(version.kind, version.id));
    let Some(record) = record else {
        return Err(ApiError::invalid("Unable to find given Kubernetes version in supported versions"));
    };
    if record.field("state") != Some("Enabled") {
        return Err(ApiError::invalid(format!("Kubernetes version {} is not in Enabled state", record.name)));
    }
    Ok(())
}

/// Refuses an offering whose machines are too small for a version.
fn require_node(world: &World, version: Option<&Record>, offering: Option<Handle>) -> Result<(), ApiError> {
    let Some(version) = version else { return Ok(()) };
    let name = offering.and_then(|offering| world.name_of(offering)).unwrap_or_default();
    let (cores, memory) = node_size(world, offering);
    for (found, needed, what) in
        [(cores, version.number("mincpunumber"), "vCPUs"), (memory, version.number("minmemory"), "MB RAM")]
    {
        if found < needed {
            return Err(ApiError::invalid(format!(
                "Kubernetes cluster cannot be created with service offering {name}, Kubernetes version {} needs \
                 minimum {needed} {what}",
                version.name
            )));
        }
    }
    Ok(())
}

/// Refuses a scale that changes nothing, or sizes that contradict each other.
fn require_scale(arguments: &Arguments) -> Result<(), ApiError> {
    let size = arguments.integer("size");
    if size.is_some_and(|size| size < 1) {
        return Err(ApiError::invalid("Invalid cluster size: it must be at least 1"));
    }
    if arguments.flag("autoscalingenabled") {
        let (Some(least), Some(most)) = (arguments.integer("minsize"), arguments.integer("maxsize")) else {
            return Err(ApiError::invalid("Autoscaling requires minsize and maxsize to be passed"));
        };
        if size.is_some() {
            return Err(ApiError::invalid("Autoscaling can not be passed along with size"));
        }
        if least < 1 || least > most {
            return Err(ApiError::invalid(format!(
                "Invalid minimum size {least} and maximum size {most} of the cluster"
            )));
        }
        return Ok(());
    }
    if size.is_none() && !arguments.has("serviceofferingid") && !arguments.has("autoscalingenabled") {
        return Err(ApiError::invalid(
            "A Kubernetes cluster can not be scaled, either service offering or size is needed",
        ));
    }
    Ok(())
}
