//! Zones and what stands in them.

use super::Behaviour;
use crate::api::error::ApiError;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listZones",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let name = arguments.filled("name");
            let network_type = arguments.filled("networktype");
            let only_enabled = !caller.is_root_admin();
            let matches: Vec<Id> = world
                .zones
                .iter()
                .filter(|(_, zone)| zone.enabled || !only_enabled)
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, zone)| name.is_none_or(|name| zone.name.eq_ignore_ascii_case(name)))
                .filter(|(_, zone)| {
                    network_type.is_none_or(|wanted| zone.network_type.eq_ignore_ascii_case(wanted))
                })
                .filter(|(_, zone)| listing::keyword_matches(arguments, &[&zone.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                world.zones.get(id).map(|row| view::zone(world, id, row)).unwrap_or_default()
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateZone",
        about: Some("id"),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(zone) = world.zones.get_mut(id) else {
                return Err(ApiError::invalid(format!("unable to find zone by id {id}")));
            };
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut zone.name);
            }
            if let Some(dns) = arguments.filled("dns1") {
                dns.clone_into(&mut zone.dns1);
            }
            match arguments.filled("allocationstate") {
                Some("Enabled") => zone.enabled = true,
                Some("Disabled") => zone.enabled = false,
                _ => {}
            }
            Ok(Reply::Object(world.zones.get(id).map(|row| view::zone(world, id, row)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
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
        name: "listHosts",
        run: |world, _, arguments| {
            let (wanted, zone, pod) =
                (listing::wanted(arguments)?, arguments.id("zoneid"), arguments.id("podid"));
            let cluster = arguments.id("clusterid");
            let (name, kind) = (arguments.filled("name"), arguments.filled("type"));
            let matches: Vec<Id> = world
                .hosts
                .iter()
                .filter(|_| kind.is_none_or(|kind| kind.eq_ignore_ascii_case("Routing")))
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
        name: "listStoragePools",
        run: |world, _, arguments| {
            let (wanted, zone, cluster) =
                (listing::wanted(arguments)?, arguments.id("zoneid"), arguments.id("clusterid"));
            let name = arguments.filled("name");
            let matches: Vec<Id> = world
                .storage_pools
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, pool)| zone.is_none_or(|zone| pool.zone == zone))
                .filter(|(_, pool)| cluster.is_none_or(|cluster| pool.cluster == cluster))
                .filter(|(_, pool)| name.is_none_or(|name| pool.name.eq_ignore_ascii_case(name)))
                .filter(|(_, pool)| listing::keyword_matches(arguments, &[&pool.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                world
                    .storage_pools
                    .get(id)
                    .map(|pool| view::storage_pool(world, id, pool))
                    .unwrap_or_default()
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listImageStores",
        run: |world, _, arguments| {
            let (wanted, zone) = (listing::wanted(arguments)?, arguments.id("zoneid"));
            let matches: Vec<Object> = world
                .image_stores
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, store)| zone.is_none_or(|zone| store.zone == zone))
                .map(|(_, store)| view::image_store(world, store))
                .collect();
            listing::page(world, arguments, matches, |store| store)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listHypervisors",
        run: |_, _, _| Ok(Reply::all(vec![Object::new().with("name", "Simulator")])),
        ..Behaviour::PLAIN
    },
];
