//! Offerings.

use crate::api::caller::Caller;
use crate::reply::Object;
use crate::world::World;
use crate::world::offering::{DiskOffering, NetworkOffering, ServiceOffering};

/// A compute offering.
#[must_use]
pub fn service_offering(world: &World, row: &ServiceOffering, viewer: Caller) -> Object {
    let disk = world.disk_offerings.get(row.disk_offering);
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("state", if row.active { "Active" } else { "Inactive" })
        .with("displaytext", &row.display_text)
        .with("cpunumber", row.cores)
        .with("cpuspeed", row.speed)
        .with("memory", row.memory)
        .with("created", row.created)
        .with("storagetype", &row.storage_type)
        .with("provisioningtype", "thin")
        .with("offerha", row.ha)
        .with("limitcpuuse", false)
        .with("isvolatile", false)
        .with("storagetags", row.storage_tags.as_deref())
        .with("hosttags", row.host_tags.as_deref())
        .with("issystem", row.system_vm_type.is_some())
        .with("defaultuse", row.default_use)
        .with("systemvmtype", row.system_vm_type.as_deref())
        .with("iscustomized", row.cores.is_none() || row.speed.is_none() || row.memory.is_none())
        .with("rootdisksize", 0)
        .with("dynamicscalingenabled", true)
        .with("diskofferingstrictness", false)
        .with("diskofferingid", disk.map(|disk| disk.uuid))
        .with("diskofferingname", disk.map(|disk| disk.name.as_str()))
        .with("diskofferingdisplaytext", disk.map(|disk| disk.display_text.as_str()))
        .with("encryptroot", false)
        .with("gpudisplay", viewer.is_root_admin().then_some(false))
        .with("hasannotations", false)
}

/// A disk offering.
#[must_use]
pub fn disk_offering(row: &DiskOffering) -> Object {
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("state", if row.active { "Active" } else { "Inactive" })
        .with("displaytext", &row.display_text)
        .with("disksize", row.size.unwrap_or(0))
        .with("created", row.created)
        .with("iscustomized", row.size.is_none())
        .with("storagetype", &row.storage_type)
        .with("provisioningtype", "thin")
        .with("tags", row.storage_tags.as_deref())
        .with("displayoffering", true)
        .with("disksizestrictness", false)
        .with("encrypt", false)
        .with("hasannotations", false)
}

/// A network offering.
#[must_use]
pub fn network_offering(world: &World, row: &NetworkOffering) -> Object {
    let router = world
        .service_offerings
        .iter()
        .find(|(_, other)| other.system_vm_type.as_deref() == Some("domainrouter"))
        .map(|(_, other)| other.uuid)
        .filter(|_| !row.services.is_empty());
    let services: Vec<Object> = row
        .services
        .iter()
        .map(|(service, provider)| {
            let capabilities: Vec<Object> = capabilities(service)
                .iter()
                .map(|(name, value)| {
                    Object::new()
                        .with("name", *name)
                        .with("value", *value)
                        .with("canchooseservicecapability", false)
                })
                .collect();
            Object::new()
                .with("name", service)
                .with("provider", vec![Object::new().with("name", provider)])
                .with("capability", (!capabilities.is_empty()).then_some(capabilities))
        })
        .collect();
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("displaytext", &row.display_text)
        .with("created", row.created)
        .with("traffictype", "Guest")
        .with("isdefault", row.is_default)
        .with("specifyvlan", row.specify_vlan)
        .with("conservemode", true)
        .with("specifyipranges", row.specify_ranges)
        .with("availability", &row.availability)
        .with("networkrate", 200)
        .with("state", if row.enabled { "Enabled" } else { "Disabled" })
        .with("guestiptype", row.guest_type.name())
        .with("serviceofferingid", router)
        .with("service", services)
        .with("forvpc", row.for_vpc)
        .with("fornsx", false)
        .with("fortungsten", false)
        .with("ispersistent", row.persistent)
        .with("egressdefaultpolicy", row.egress_allowed)
        .with("supportsstrechedl2subnet", false)
        .with("supportspublicaccess", false)
        .with("supportsinternallb", false)
        .with("internetprotocol", "IPv4")
        .with("specifyasnumber", false)
        .with("hasannotations", false)
}

/// What the router can do for a service, as offerings list it.
fn capabilities(service: &str) -> &'static [(&'static str, &'static str)] {
    match service {
        "SourceNat" => &[("SupportedSourceNatTypes", "peraccount"), ("RedundantRouter", "false")],
        "Lb" => &[
            ("SupportedLBIsolation", "dedicated"),
            ("ElasticLb", "false"),
            ("InlineMode", "false"),
            ("VmAutoScaling", "false"),
        ],
        "StaticNat" => &[("ElasticIp", "false"), ("AssociatePublicIP", "false")],
        _ => &[],
    }
}
