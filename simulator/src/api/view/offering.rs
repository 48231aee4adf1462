//! Offerings.

use crate::reply::Object;
use crate::world::World;
use crate::world::offering::{DiskOffering, NetworkOffering, ServiceOffering};

/// A compute offering.
#[must_use]
pub fn service_offering(world: &World, row: &ServiceOffering) -> Object {
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
        .with("gpudisplay", false)
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
        .with("iscustomizediops", false)
        .with("storagetype", &row.storage_type)
        .with("provisioningtype", "thin")
        .with("displayoffering", true)
        .with("disksizestrictness", false)
        .with("encrypt", false)
        .with("details", Vec::<(String, String)>::new())
        .with("hasannotations", false)
}

/// A network offering.
#[must_use]
pub fn network_offering(row: &NetworkOffering) -> Object {
    let services: Vec<Object> = row
        .services
        .iter()
        .map(|(service, provider)| {
            Object::new().with("name", service).with("provider", vec![Object::new().with("name", provider)])
        })
        .collect();
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("displaytext", &row.display_text)
        .with("traffictype", "Guest")
        .with("isdefault", row.is_default)
        .with("specifyvlan", row.specify_vlan)
        .with("conservemode", true)
        .with("specifyipranges", row.specify_ranges)
        .with("availability", &row.availability)
        .with("networkrate", 200)
        .with("state", if row.enabled { "Enabled" } else { "Disabled" })
        .with("guestiptype", row.guest_type.name())
        .with("service", services)
        .with("forvpc", row.for_vpc)
        .with("ispersistent", row.persistent)
        .with("egressdefaultpolicy", row.egress_allowed)
        .with("supportsstrechedl2subnet", false)
        .with("supportspublicaccess", false)
        .with("supportsinternallb", false)
        .with("created", row.created)
        .with("hasannotations", false)
}
