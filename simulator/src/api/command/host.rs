//! Hosts: their states, and how they are watched and switched from outside.

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::event::{EventState, NewEvent};
use crate::world::host::{Host, HostStatus, ResourceState};
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listHosts",
        run: |world, _, arguments| {
            let (wanted, zone, pod) =
                (listing::wanted(arguments)?, arguments.id("zoneid"), arguments.id("podid"));
            let cluster = arguments.id("clusterid");
            let (name, kind) = (arguments.filled("name"), arguments.filled("type"));
            let (state, resource) = (arguments.filled("state"), arguments.filled("resourcestate"));
            let machine = arguments.id("virtualmachineid");
            let machine = machine.map(|id| world.virtual_machines.get(id).and_then(|row| row.host));
            let matches: Vec<Id> = world
                .hosts
                .iter()
                .filter(|_| kind.is_none_or(|kind| kind.eq_ignore_ascii_case("Routing")))
                .filter(|(_, host)| state.is_none_or(|state| state == host.status.name()))
                .filter(|(_, host)| resource.is_none_or(|state| state == host.resource_state.name()))
                .filter(|(id, _)| machine.is_none_or(|host| host == Some(*id)))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, host)| zone.is_none_or(|zone| host.zone == zone))
                .filter(|(_, host)| pod.is_none_or(|pod| host.pod == pod))
                .filter(|(_, host)| cluster.is_none_or(|cluster| host.cluster == cluster))
                .filter(|(_, host)| name.is_none_or(|name| host.name.eq_ignore_ascii_case(name)))
                .filter(|(_, host)| listing::keyword_matches(arguments, &[&host.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                world.hosts.get(id).map(|host| view::host(world, id, host)).unwrap_or_default()
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listHostTags",
        run: |world, _, arguments| {
            let tags = world.hosts.iter().flat_map(|(id, row)| row.tags.iter().map(move |tag| (id, tag)));
            let matches: Vec<Object> = tags
                .filter(|(_, tag)| listing::keyword_matches(arguments, &[tag]))
                .map(|(id, tag)| Object::new().with("hostid", id).with("name", tag).with("isimplicit", false))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "addHost",
        events: Some(EventTexts::of("adding host. Host URL: {url}")),
        run: |world, _, arguments| add(world, arguments),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateHost",
        about: Some("id"),
        events: Some(EventTexts::of("updating host")),
        run: |world, _, arguments| {
            let (id, row) = host(world, arguments, "id")?;
            let wanted = match arguments.filled("allocationstate") {
                None => None,
                Some(word) if word.eq_ignore_ascii_case("Enable") => Some(ResourceState::Enabled),
                Some(word) if word.eq_ignore_ascii_case("Disable") => Some(ResourceState::Disabled),
                Some(word) => {
                    return Err(ApiError::invalid(format!(
                        "Invalid allocation state: {word}, only Enable/Disable are allowed"
                    )));
                }
            };
            if wanted.is_some() && row.resource_state.is_maintenance() {
                let event = if wanted == Some(ResourceState::Enabled) { "Enable" } else { "Disable" };
                return Err(ApiError::runtime(format!(
                    "Unable to transition to a new state from {} via {event}",
                    row.resource_state.name()
                )));
            }
            let (tags, is_rule) = (arguments.has("hosttags"), arguments.maybe_flag("istagarule"));
            let new_tags: Vec<String> = arguments.texts("hosttags").to_vec();
            if let Some(state) = wanted {
                world.want_of_host(id, state);
            }
            if let Some(row) = world.hosts.get_mut(id) {
                if tags {
                    row.tags = new_tags.into_iter().filter(|tag| !tag.is_empty()).collect();
                }
                row.is_tag_a_rule = is_rule.unwrap_or(row.is_tag_a_rule);
                for (field, parameter) in [(&mut row.name, "name"), (&mut row.url, "url")] {
                    if let Some(text) = arguments.filled(parameter) {
                        text.clone_into(field);
                    }
                }
                row.annotation = arguments.filled("annotation").map(str::to_owned).or(row.annotation.take());
            }
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteHost",
        about: Some("id"),
        events: Some(EventTexts::of("deleting host. Host Id: {#}")),
        run: |world, _, arguments| {
            let (id, row) = host(world, arguments, "id")?;
            let forced = arguments.flag("forced");
            if !forced && row.resource_state != ResourceState::Maintenance {
                return Err(ApiError::runtime(format!(
                    "Host with UUID [{}] is not in maintenance mode and no forced deletion was requested.",
                    row.uuid
                )));
            }
            world.abandon_host(id);
            world.hosts.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "reconnectHost",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "reconnecting host: {}",
            action: "reconnecting host",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, _) = host(world, arguments, "id")?;
            world.reconnect_host(id);
            if let Some(row) = world.hosts.get_mut(id) {
                row.status = HostStatus::Up;
            }
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "prepareHostForMaintenance",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "preparing host: {} for maintenance",
            action: "preparing host for maintenance",
            created: None,
        }),
        run: |world, caller, arguments| {
            let (id, row) = host(world, arguments, "id")?;
            let refused = |reason: String| {
                Err(ApiError::runtime(format!("Failed to prepare host for maintenance due to: {reason}")))
            };
            if row.resource_state.is_maintenance() {
                return refused(format!(
                    "Host is already in state {}. Cannot recall for maintenance until resolved.",
                    row.resource_state.name()
                ));
            }
            if let Some(reason) = busy(world, id) {
                return refused(reason.to_owned());
            }
            if world.sins(Quirk::HostsRefuseMaintenance) {
                return refused(format!(
                    "Unable to prepare for maintenance host {}",
                    view::host_dump(id, row)
                ));
            }
            let description = format!("starting maintenance for host {}", view::host_dump(id, row));
            world.want_of_host(id, ResourceState::PrepareForMaintenance);
            // It stands beside the events of the job, without a parent.
            world.record(NewEvent {
                user: caller.user,
                owner: caller.owner(),
                event_type: "MAINT.PREPARE",
                state: EventState::Started,
                is_error: false,
                description,
                parent: None,
                about: Some(Handle { kind: Kind::Host, id }),
            });
            world.empty_host(id);
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "cancelHostMaintenance",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "canceling maintenance for host: {}",
            action: "canceling maintenance for host",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, row) = host(world, arguments, "id")?;
            let passes = world.sins(Quirk::NoMaintenanceIsCancelled);
            if !row.resource_state.is_maintenance() && !passes {
                return Err(ApiError::runtime(format!(
                    "Cannot perform cancelMaintenance when resource state is {}, host: {}",
                    row.resource_state.name(),
                    view::host_dump(id, row)
                )));
            }
            world.want_of_host(id, ResourceState::Enabled);
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
];

/// What machines do on a host that keeps it from maintenance (HST-003).
fn busy(world: &World, host: Id) -> Option<&'static str> {
    world.virtual_machines.iter().filter(|(_, row)| row.host == Some(host)).find_map(|(_, row)| match row.state {
        MachineState::Starting | MachineState::Stopping => Some(
            "Host contains VMs in starting/stopping state. Please wait for them to complete before putting to \
             maintenance.",
        ),
        _ => None,
    })
}

/// The host that a parameter names.
///
/// # Errors
///
/// 431 if it is gone.
pub(super) fn host<'a>(
    world: &'a World,
    arguments: &Arguments,
    name: &str,
) -> Result<(Id, &'a Host), ApiError> {
    let id = arguments.id(name).unwrap_or_default();
    let row = world.hosts.get(id);
    row.map(|row| (id, row)).ok_or_else(|| ApiError::invalid(format!("Host with id {id} doesn't exist")))
}

fn show(world: &World, id: Id) -> Object {
    world.hosts.get(id).map(|row| view::host(world, id, row)).unwrap_or_default()
}

fn add(world: &mut World, arguments: &Arguments) -> Result<Reply, ApiError> {
    let (zone, pod) = (arguments.id("zoneid").unwrap_or_default(), arguments.id("podid").unwrap_or_default());
    let (hypervisor, url) = (arguments.required("hypervisor"), arguments.required("url"));
    if !hypervisor.eq_ignore_ascii_case("Simulator") {
        return Err(ApiError::api(530, format!("Do not support HypervisorType {hypervisor} for {url}")));
    }
    if world.pods.get(pod).is_none_or(|row| row.zone != zone) {
        return Err(ApiError::invalid(format!("Can't find pod by id {pod}")));
    }
    let cluster = match (arguments.id("clusterid"), arguments.filled("clustername")) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid("Can't specify cluster by both id and name"));
        }
        (Some(cluster), None) => cluster,
        (None, Some(name)) => {
            let known = world.clusters.iter().find(|(_, row)| row.pod == pod && row.name == name);
            known.map(|(id, _)| id).unwrap_or_else(|| world.add_cluster(pod, zone, name))
        }
        (None, None) => return Err(ApiError::invalid("Must specify cluster Id or name when adding a host")),
    };
    if world.clusters.get(cluster).is_none_or(|row| row.pod != pod) {
        return Err(ApiError::invalid(format!("The cluster {cluster} is not in the pod {pod}")));
    }
    let address = world
        .free_pod_address(pod)
        .ok_or_else(|| ApiError::api(530, format!("Could not add host at [{url}]")))?;
    let id = world.add_host(cluster, address);
    let measured = world.now.plus_seconds(60);
    let tags = arguments.texts("hosttags").to_vec();
    if let Some(row) = world.hosts.get_mut(id) {
        row.measured = measured;
        row.tags = tags;
        url.clone_into(&mut row.url);
        if arguments.filled("allocationstate").is_some_and(|word| word.eq_ignore_ascii_case("Disabled")) {
            row.resource_state = ResourceState::Disabled;
        }
    }
    Ok(match world.sins(Quirk::AddedHardwareIsAnObject) {
        true => Reply::Object(show(world, id)),
        false => Reply::all(vec![show(world, id)]),
    })
}
