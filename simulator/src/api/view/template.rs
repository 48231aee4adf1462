//! Guest operating systems, templates and ISOs.

use super::Owned as _;
use crate::api::caller::Caller;
use crate::reply::Object;
use crate::world::World;
use crate::world::table::Id;
use crate::world::template::{GuestSystem, Template};

/// A guest operating system.
#[must_use]
pub fn guest_system(row: &GuestSystem) -> Object {
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.description)
        .with("description", &row.description)
        .with("isuserdefined", false)
        .with("fordisplay", true)
}

/// A template as `linkUserDataToTemplate` answers it: made without a look at zones or flags.
#[must_use]
pub fn linked_template(world: &World, row: &Template) -> Object {
    let system = world.guest_systems.get(row.guest_system);
    let linked = row.user_data.and_then(|id| world.user_data.get(id));
    let owner = Object::new().with_owner(world, row.owner);
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("displaytext", &row.display_text)
        .with("ispublic", row.is_public)
        .with("created", row.created)
        .with("isready", false)
        .with("format", &row.format)
        .with("bootable", true)
        .with("isfeatured", false)
        .with("crossZones", false)
        .with("ostypeid", system.map(|system| system.uuid))
        .with("ostypename", system.map(|system| system.description.as_str()))
        .with("account", owner.text("account"))
        .with("templatetype", &row.template_type)
        .with("hypervisor", "Simulator")
        .with("domain", owner.text("domain"))
        .with("domainpath", owner.text("domainpath"))
        .with("domainid", owner.text("domainid"))
        .with("bits", 0)
        .with("isdynamicallyscalable", false)
        .with("userdataid", linked.map(|linked| linked.uuid))
        .with("userdataname", linked.map(|linked| linked.name.as_str()))
        .with("userdatapolicy", row.user_data_policy.as_deref().filter(|_| linked.is_some()))
        .with("tags", Vec::<Object>::new())
        .with("hasannotations", false)
}

/// A template or an ISO as it is in one zone.
#[must_use]
pub fn template(world: &World, row: &Template, zone: Option<Id>, viewer: Caller) -> Object {
    let full = viewer.is_root_admin();
    let system = world.guest_systems.get(row.guest_system);
    let zone_row = zone.and_then(|zone| world.zones.get(zone));
    let store = world.image_stores.iter().find(|(_, store)| Some(store.zone) == zone).map(|(_, store)| store);
    let downloads: Vec<Object> = store
        .map(|store| {
            Object::new()
                .with("downloadState", "DOWNLOADED")
                .with("datastore", &store.name)
                .with("datastoreRole", full.then_some("Image"))
                .with("downloadPercent", "100")
                .with("datastoreId", full.then_some(store.uuid))
        })
        .into_iter()
        .collect();
    let owner = Object::new().with_owner(world, row.owner);
    let mut object = Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("displaytext", &row.display_text)
        .with("ispublic", row.is_public)
        .with("created", row.created)
        .with("isready", row.ready)
        .with("passwordenabled", row.password_enabled)
        .with("format", &row.format)
        .with("isfeatured", row.is_featured)
        .with("crossZones", row.cross_zones)
        .with("ostypeid", system.map(|system| system.uuid))
        .with("ostypename", system.map(|system| system.description.as_str()))
        .with("account", owner.text("account"))
        .with("zoneid", zone_row.map(|zone| zone.uuid))
        .with("zonename", zone_row.map(|zone| zone.name.as_str()))
        .with("status", (full && row.ready).then_some("Download Complete"))
        .with("size", row.size)
        .with("physicalsize", row.size)
        .with("templatetype", &row.template_type)
        .with("hypervisor", "Simulator")
        .with("domain", owner.text("domain"))
        .with("domainpath", owner.text("domainpath"))
        .with("domainid", owner.text("domainid"))
        .with("isextractable", false)
        .with("checksum", "")
        .with("details", Vec::<(String, String)>::new());
    object.push("downloaddetails", downloads);
    object
        .with("arch", "x86_64")
        .with("bits", 0)
        .with("sshkeyenabled", false)
        .with("isdynamicallyscalable", false)
        .with("directdownload", false)
        .with("deployasis", false)
        .with("forcks", false)
        .with("requireshvm", false)
        .with("url", full.then_some(row.url.as_str()))
        .with("tags", Vec::<Object>::new())
        .with("hasannotations", false)
}
