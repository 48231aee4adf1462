//! Offerings.

use crate::catalog::service::SupportedService;
use crate::quirk::Quirk;
use crate::reply::Object;
use crate::world::World;
use crate::world::offering::{DiskOffering, NetworkOffering, Operations, ServiceOffering};
use crate::world::reach::Reach;
use crate::world::table::Id;

/// A compute offering.
#[must_use]
pub fn service_offering(world: &World, row: &ServiceOffering) -> Object {
    let disk = world.disk_offerings.get(row.disk_offering);
    let mut details = row.details.clone();
    details.extend(reach_details(&row.reach));
    details.extend(row.lease.iter().flat_map(|lease| {
        let (days, action) = (lease.days.to_string(), lease.action.clone());
        [("leaseduration".to_owned(), days), ("leaseexpiryaction".to_owned(), action)]
    }));
    // Offerings of system machines always say it, except those that came with the installation.
    let silent = Operations { customized: false, limits: Some((0, 0)) };
    let always = row.system_vm_type.is_some() && !row.default_use;
    let operations = disk.and_then(|disk| disk.operations).or(always.then_some(silent));
    let object = Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("state", if row.active { "Active" } else { "Inactive" })
        .with("displaytext", filled(&row.display_text))
        .with("cpunumber", row.cores)
        .with("cpuspeed", row.speed)
        .with("memory", row.memory)
        .with("created", row.created)
        .with("storagetype", &row.storage_type)
        .with("provisioningtype", disk.map(|disk| disk.provisioning_type.as_str()))
        .with("offerha", row.ha)
        .with("limitcpuuse", false)
        .with("isvolatile", false)
        .with("storagetags", row.storage_tags.as_deref());
    let named = |id: Id| world.domains.get(id).map(|row| row.name.clone());
    let object = with_reach(world, object, &row.reach, named)
        .with("hosttags", row.host_tags.as_deref())
        .with("issystem", row.system_vm_type.is_some())
        .with("defaultuse", row.default_use)
        .with("systemvmtype", row.system_vm_type.as_deref())
        .with("networkrate", row.network_rate);
    with_rates(with_operations(object, operations), disk)
        .with("serviceofferingdetails", (!details.is_empty()).then_some(details))
        .with("iscustomized", row.cores.is_none() || row.speed.is_none() || row.memory.is_none())
        .with("cacheMode", disk.and_then(|disk| disk.cache_mode.as_deref()))
        .with("rootdisksize", disk.and_then(|disk| disk.size).unwrap_or(0))
        .with("dynamicscalingenabled", row.dynamic_scaling)
        .with("diskofferingstrictness", false)
        .with("diskofferingid", disk.map(|disk| disk.uuid))
        .with("diskofferingname", disk.map(|disk| disk.name.as_str()))
        .with("diskofferingdisplaytext", disk.and_then(|disk| filled(&disk.display_text)))
        .with("encryptroot", row.encrypted)
        .with("gpudisplay", row.gpu_display)
        .with("leaseduration", row.lease.as_ref().map(|lease| lease.days))
        .with("leaseexpiryaction", row.lease.as_ref().map(|lease| lease.action.as_str()))
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// A disk offering.
#[must_use]
pub fn disk_offering(world: &World, row: &DiskOffering) -> Object {
    let path = |id: Id| world.domains.get(id).map(|row| row.path.clone());
    let details = reach_details(&row.reach);
    let object = with_reach(world, Object::new().with("id", row.uuid), &row.reach, path)
        .with("name", &row.name)
        .with("state", if row.active { "Active" } else { "Inactive" })
        .with("displaytext", &row.display_text)
        .with("disksize", row.size.unwrap_or(0))
        .with("created", row.created)
        .with("iscustomized", row.size.is_none());
    with_rates(with_operations(object, row.operations), Some(row))
        .with("cacheMode", row.cache_mode.as_deref())
        .with("storagetype", &row.storage_type)
        .with("provisioningtype", &row.provisioning_type)
        .with("tags", row.storage_tags.as_deref())
        .with("displayoffering", true)
        .with("disksizestrictness", false)
        .with("encrypt", row.encrypted)
        .with("details", (!details.is_empty()).then_some(details))
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// Adds the domains and zones that an offering is for, each kind joined by commas.
fn with_reach(world: &World, object: Object, reach: &Reach, named: impl Fn(Id) -> Option<String>) -> Object {
    let joined = |texts: Vec<String>| (!texts.is_empty()).then(|| texts.join(","));
    let (domains, zones) = (reach.domains.iter().copied(), reach.zones.iter().copied());
    let domain_ids = domains.clone().filter_map(|id| world.domains.get(id)).map(|row| row.uuid.to_string());
    let zone_rows: Vec<_> = zones.filter_map(|id| world.zones.get(id)).collect();
    object
        .with("domainid", joined(domain_ids.collect()))
        .with("domain", joined(domains.filter_map(named).collect()))
        .with("zoneid", joined(zone_rows.iter().map(|row| row.uuid.to_string()).collect()))
        .with("zone", joined(zone_rows.iter().map(|row| row.name.clone()).collect()))
}

/// How the reach stands in the details: internal numbers, of several the last.
fn reach_details(reach: &Reach) -> Vec<(String, String)> {
    let last = |name: &str, ids: &[Id]| ids.last().map(|id| (name.to_owned(), id.to_string()));
    last("zoneid", &reach.zones).into_iter().chain(last("domainid", &reach.domains)).collect()
}

/// Adds what was said of the operations per second.
fn with_operations(object: Object, operations: Option<Operations>) -> Object {
    let object = object.with("iscustomizediops", operations.map(|operations| operations.customized));
    with_operation_limits(object, operations)
}

/// Adds the least and the most operations per second.
pub(super) fn with_operation_limits(object: Object, operations: Option<Operations>) -> Object {
    let limits = operations.and_then(|operations| operations.limits);
    object.with("miniops", limits.map(|(least, _)| least)).with("maxiops", limits.map(|(_, most)| most))
}

/// Adds how much and how often disks are read and written.
fn with_rates(object: Object, disk: Option<&DiskOffering>) -> Object {
    let rates = disk.map_or(&[][..], |disk| &disk.rates);
    rates.iter().fold(object, |object, (name, rate)| object.with(name, *rate))
}

/// A text, if there is one.
fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A network offering.
#[must_use]
pub fn network_offering(world: &World, row: &NetworkOffering) -> Object {
    let is_marked = row.is_default && world.sins(Quirk::DefaultOfferingsAreRenamed);
    let name = if is_marked { format!("{} (default)", row.name) } else { row.name.clone() };
    let router = world
        .service_offerings
        .iter()
        .find(|(_, other)| other.system_vm_type.as_deref() == Some("domainrouter"))
        .map(|(_, other)| other.uuid)
        .filter(|_| !(row.is_default && row.services.is_empty()));
    let services: Vec<Object> = row
        .services
        .iter()
        .map(|(service, provider)| {
            let capabilities: Vec<Object> = capabilities(row, service)
                .into_iter()
                .map(|(name, value)| {
                    Object::new()
                        .with("name", name)
                        .with("value", value)
                        .with("canchooseservicecapability", false)
                })
                .collect();
            Object::new()
                .with("name", service)
                .with("provider", named_provider(provider))
                .with("capability", (!capabilities.is_empty()).then_some(capabilities))
        })
        .collect();
    Object::new()
        .with("id", row.uuid)
        .with("name", name)
        .with("displaytext", &row.display_text)
        .with("tags", row.tags.as_deref())
        .with("created", row.created)
        .with("traffictype", "Guest")
        .with("isdefault", row.is_default)
        .with("specifyvlan", row.specify_vlan)
        .with("conservemode", row.conserve_mode)
        .with("specifyipranges", row.specify_ranges)
        .with("availability", &row.availability)
        .with("networkrate", 200)
        .with("state", if row.enabled { "Enabled" } else { "Disabled" })
        .with("guestiptype", row.guest_type.name())
        .with("serviceofferingid", router)
        .with("service", services)
        .with("forvpc", row.for_vpc)
        .with("fornsx", row.for_nsx)
        .with("fortungsten", row.for_tungsten)
        .with("networkmode", row.network_mode.as_deref())
        .with("ispersistent", row.persistent)
        .with("egressdefaultpolicy", row.egress_allowed)
        .with("maxconnections", row.max_connections)
        .with("supportsstrechedl2subnet", false)
        .with("supportspublicaccess", false)
        .with("supportsinternallb", row.internal_lb)
        .with("internetprotocol", "IPv4")
        .with("specifyasnumber", false)
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// A service that networks may have, whoever provides it.
#[must_use]
pub fn supported_service(row: &SupportedService) -> Object {
    let providers: Vec<Object> = row
        .providers
        .iter()
        .map(|one| Object::new().with("name", &one.name).with("canenableindividualservice", one.individual))
        .collect();
    let capabilities: Vec<Object> = row
        .capabilities
        .iter()
        .map(|one| Object::new().with("name", &one.name).with("canchooseservicecapability", one.choosable))
        .collect();
    Object::named("networkservice")
        .with("name", &row.service)
        .with("provider", providers)
        .with("capability", capabilities)
}

/// The list of a service's providers: none where the offering names none.
fn named_provider(provider: &str) -> Vec<Object> {
    Some(provider)
        .filter(|name| !name.is_empty())
        .map(|name| Object::new().with("name", name))
        .into_iter()
        .collect()
}

/// What the router can do for a service, as offerings list it.
fn capabilities(offering: &NetworkOffering, service: &str) -> Vec<(&'static str, &'static str)> {
    let redundant = if offering.redundant { "true" } else { "false" };
    let isolation = if offering.dedicated_balancer { "dedicated" } else { "shared" };
    match service {
        "SourceNat" => vec![("SupportedSourceNatTypes", "peraccount"), ("RedundantRouter", redundant)],
        "Lb" => vec![
            ("SupportedLBIsolation", isolation),
            ("ElasticLb", "false"),
            ("InlineMode", "false"),
            ("VmAutoScaling", "false"),
        ],
        "StaticNat" => vec![("ElasticIp", "false"), ("AssociatePublicIP", "false")],
        _ => Vec::new(),
    }
}
