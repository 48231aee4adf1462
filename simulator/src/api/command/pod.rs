//! Pods and clusters.

use std::net::Ipv4Addr;

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::network::Subnet;
use crate::world::table::Id;
use crate::world::zone::Pod;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listPods",
        run: |world, _, arguments| {
            let (wanted, zone) = (listing::wanted(arguments)?, arguments.id("zoneid"));
            let name = arguments.filled("name");
            let matches: Vec<Object> = world
                .pods
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, pod)| zone.is_none_or(|zone| pod.zone == zone))
                .filter(|(_, pod)| name.is_none_or(|name| pod.name.eq_ignore_ascii_case(name)))
                .filter(|(_, pod)| listing::keyword_matches(arguments, &[&pod.name]))
                .map(|(_, pod)| view::pod(world, pod))
                .collect();
            listing::page(world, arguments, matches, |pod| pod)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listClusters",
        run: |world, _, arguments| {
            let (wanted, zone, pod) =
                (listing::wanted(arguments)?, arguments.id("zoneid"), arguments.id("podid"));
            let name = arguments.filled("name");
            let matches: Vec<Object> = world
                .clusters
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, cluster)| zone.is_none_or(|zone| cluster.zone == zone))
                .filter(|(_, cluster)| pod.is_none_or(|pod| cluster.pod == pod))
                .filter(|(_, cluster)| name.is_none_or(|name| cluster.name.eq_ignore_ascii_case(name)))
                .filter(|(_, cluster)| listing::keyword_matches(arguments, &[&cluster.name]))
                .map(|(_, cluster)| view::cluster(world, cluster))
                .collect();
            listing::page(world, arguments, matches, |cluster| cluster)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createPod",
        events: Some(EventTexts::of("creating pod. Pod Name: {name}")),
        run: |world, _, arguments| {
            let zone = arguments.id("zoneid").unwrap_or_default();
            let name = arguments.required("name");
            refuse_taken_name(world, zone, name, None)?;
            let plan = plan(arguments, None)?;
            refuse_overlap(world, zone, &plan, None)?;
            let id = world.add_pod(zone, name, plan.gateway, plan.start, plan.end);
            if let Some(pod) = world.pods.get_mut(id) {
                pod.netmask = plan.netmask;
                pod.enabled = arguments.filled("allocationstate") != Some("Disabled");
            }
            Ok(show_pod(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updatePod",
        about: Some("id"),
        events: Some(EventTexts::of("updating pod")),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let row = world
                .pods
                .get(id)
                .cloned()
                .ok_or_else(|| ApiError::invalid(format!("Unable to find pod by id {id}")))?;
            if let Some(name) = arguments.filled("name") {
                refuse_taken_name(world, row.zone, name, Some(id))?;
            }
            let plan = plan(arguments, Some(&row))?;
            refuse_overlap(world, row.zone, &plan, Some(id))?;
            let enabled = allocation(arguments)?;
            if let Some(pod) = world.pods.get_mut(id) {
                (pod.gateway, pod.netmask) = (plan.gateway, plan.netmask);
                (pod.start, pod.end) = (plan.start, plan.end);
                pod.enabled = enabled.unwrap_or(pod.enabled);
                if let Some(name) = arguments.filled("name") {
                    name.clone_into(&mut pod.name);
                }
            }
            Ok(show_pod(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deletePod",
        about: Some("id"),
        events: Some(EventTexts::of("deleting pod. Pod Id: {#}")),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.pods.get(id).is_none() {
                return Err(ApiError::invalid(format!("A pod with ID: {id} does not exist.")));
            }
            let uses_addresses = world.hosts.iter().any(|(_, host)| host.pod == id)
                || world.system_vms.iter().any(|(_, row)| row.pod == id && row.private_address.is_some());
            let kept_by = if uses_addresses {
                Some("private IP addresses allocated")
            } else {
                world.clusters.iter().any(|(_, row)| row.pod == id).then_some("clusters")
            };
            if let Some(reason) = kept_by {
                return Err(ApiError::runtime(format!(
                    "The pod cannot be deleted because there are {reason} in this pod."
                )));
            }
            world.pods.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "addCluster",
        run: |world, _, arguments| {
            let zone = arguments.id("zoneid").unwrap_or_default();
            let pod = arguments.id("podid").unwrap_or_default();
            let name = arguments.required("clustername");
            if world.pods.get(pod).is_none_or(|row| row.zone != zone) {
                return Err(ApiError::invalid(format!("Can't find pod with specified podId {pod}")));
            }
            let hypervisor = arguments.required("hypervisor");
            if !hypervisor.eq_ignore_ascii_case("Simulator") {
                return Err(ApiError::invalid(format!("Unable to resolve {hypervisor} to a supported ")));
            }
            if world.clusters.iter().any(|(_, row)| row.pod == pod && row.name.eq_ignore_ascii_case(name)) {
                let uuid_of = |uuid: Option<uuid::Uuid>| uuid.unwrap_or_default();
                return Err(ApiError::runtime(format!(
                    "Unable to create cluster {name} in pod and data center with specified ids"
                ))
                .about(uuid_of(world.pods.get(pod).map(|row| row.uuid)), "podId")
                .about(uuid_of(world.zones.get(zone).map(|row| row.uuid)), "dcId"));
            }
            let id = world.add_cluster(pod, zone, name);
            if let Some(row) = world.clusters.get_mut(id) {
                row.enabled = arguments.filled("allocationstate") != Some("Disabled");
            }
            Ok(match world.sins(Quirk::AddedHardwareIsAnObject) {
                true => Reply::Object(shown_cluster(world, id)),
                false => Reply::all(vec![shown_cluster(world, id)]),
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateCluster",
        about: Some("id"),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let row = world
                .clusters
                .get(id)
                .cloned()
                .ok_or_else(|| ApiError::invalid(format!("Unable to find the cluster by id={id}")))?;
            if let Some(name) = arguments.filled("clustername")
                && world.clusters.iter().any(|(other, taken)| {
                    other != id && taken.pod == row.pod && taken.name.eq_ignore_ascii_case(name)
                })
            {
                return Err(ApiError::invalid(format!("Cluster with name {name} already exists")));
            }
            let enabled = allocation(arguments)?;
            let managed = match arguments.filled("managedstate") {
                Some("Managed") => Some(true),
                Some("Unmanaged") => Some(false),
                Some(word) => {
                    return Err(ApiError::invalid(format!(
                        "Unable to resolve Managed State '{word}' to a supported state"
                    )));
                }
                None => None,
            };
            if let Some(cluster) = world.clusters.get_mut(id) {
                cluster.enabled = enabled.unwrap_or(cluster.enabled);
                cluster.managed = managed.unwrap_or(cluster.managed);
                if let Some(name) = arguments.filled("clustername") {
                    name.clone_into(&mut cluster.name);
                }
            }
            Ok(Reply::Object(shown_cluster(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteCluster",
        about: Some("id"),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.clusters.get(id).is_none() {
                return Err(ApiError::invalid(format!(
                    "Cluster: {id} does not even exist.  Delete call is ignored."
                )));
            }
            if world.hosts.iter().any(|(_, host)| host.cluster == id) {
                return Err(ApiError::runtime(format!(
                    "Cluster: {id} cannot be removed. Cluster still has hosts"
                )));
            }
            if world.storage_pools.iter().any(|(_, pool)| pool.cluster == id) {
                return Err(ApiError::runtime(format!(
                    "Cluster: {id} cannot be removed. Cluster still has storage pools"
                )));
            }
            world.clusters.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

fn show_pod(world: &World, id: Id) -> Reply {
    Reply::Object(world.pods.get(id).map(|row| view::pod(world, row)).unwrap_or_default())
}

fn shown_cluster(world: &World, id: Id) -> Object {
    world.clusters.get(id).map(|row| view::cluster(world, row)).unwrap_or_default()
}

/// What `allocationstate` asks for.
///
/// # Errors
///
/// 431 for a word that is no state.
pub(super) fn allocation(arguments: &Arguments) -> Result<Option<bool>, ApiError> {
    match arguments.filled("allocationstate") {
        Some("Enabled") => Ok(Some(true)),
        Some("Disabled") => Ok(Some(false)),
        Some(word) => Err(ApiError::invalid(format!(
            "Unable to resolve Allocation State '{word}' to a supported state"
        ))),
        None => Ok(None),
    }
}

fn refuse_taken_name(world: &World, zone: Id, name: &str, own: Option<Id>) -> Result<(), ApiError> {
    let is_taken =
        |id: Id, pod: &Pod| pod.zone == zone && pod.name.eq_ignore_ascii_case(name) && Some(id) != own;
    if world.pods.iter().any(|(id, pod)| is_taken(id, pod)) {
        return Err(ApiError::invalid(format!(
            "A pod with name: {name} already exists in zone {}. Please specify a different pod name. ",
            view::zone_dump(world, zone)
        )));
    }
    Ok(())
}

/// The management network of a pod.
struct Plan {
    gateway: Ipv4Addr,
    netmask: Ipv4Addr,
    start: Ipv4Addr,
    end: Ipv4Addr,
    subnet: Subnet,
}

/// Reads what the parameters say of the management network, on top of what it was.
fn plan(arguments: &Arguments, old: Option<&Pod>) -> Result<Plan, ApiError> {
    let told = |name: &str, old: Option<Ipv4Addr>, refusal: &str| match arguments.filled(name) {
        Some(text) => text.parse().map_err(|_| ApiError::invalid(refusal)),
        None => old.ok_or_else(|| ApiError::invalid(refusal)),
    };
    let gateway = told("gateway", old.map(|pod| pod.gateway), "The gateway is not a valid IP address.")?;
    let netmask = told("netmask", old.map(|pod| pod.netmask), "The netmask is not valid.")?;
    let subnet = Subnet::of_gateway(gateway, netmask)
        .ok_or_else(|| ApiError::invalid("Please specify a valid netmask."))?;
    let start = told(
        "startip",
        old.map(|pod| pod.start),
        "The start address of the IP range is not a valid IP address.",
    )?;
    let last = Ipv4Addr::from(u32::from(subnet.broadcast()).saturating_sub(1));
    let end = told(
        "endip",
        old.map(|pod| pod.end).or(Some(last)),
        "The end address of the IP range is not a valid IP address.",
    )?;
    if !subnet.contains(start) || !subnet.contains(end) {
        return Err(ApiError::invalid("The IP range must lie in the CIDR of the pod."));
    }
    if start > end {
        return Err(ApiError::invalid(
            "The start IP address must have a lower value than the end IP address.",
        ));
    }
    if (start..=end).contains(&gateway) {
        return Err(ApiError::invalid("The gateway shouldn't overlap start/end ip addresses".to_owned()));
    }
    Ok(Plan { gateway, netmask, start, end, subnet })
}

/// Two pods of a zone share no address.
fn refuse_overlap(world: &World, zone: Id, plan: &Plan, own: Option<Id>) -> Result<(), ApiError> {
    let clash =
        world.pods.iter().filter(|(id, pod)| pod.zone == zone && Some(*id) != own).find(|(_, pod)| {
            Subnet::of_gateway(pod.gateway, pod.netmask)
                .is_some_and(|other| other.contains(plan.subnet.base) || plan.subnet.contains(other.base))
        });
    let Some((_, pod)) = clash else { return Ok(()) };
    let zone = world.zones.get(zone).map_or("", |zone| zone.name.as_str());
    Err(ApiError::invalid(format!(
        "The subnet of the pod you are adding conflicts with the subnet of pod {} in zone {zone}. Please specify a \
         different CIDR.",
        pod.name
    )))
}
