//! Guest operating systems, templates and ISOs.

use super::Owned as _;
use crate::api::caller::Caller;
use crate::quirk::Quirk;
use crate::reply::Object;
use crate::world::World;
use crate::world::kind::{Handle, Kind};
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
    let linked = row.user_data.and_then(|id| world.user_data.get(id));
    zoneless(world, row)
        .with("userdataid", linked.map(|linked| linked.uuid))
        .with("userdataname", linked.map(|linked| linked.name.as_str()))
        .with("userdatapolicy", row.user_data_policy.as_deref().filter(|_| linked.is_some()))
        .with("tags", Vec::<Object>::new())
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// A template or an ISO as a change answers it: never ready, since in no zone (TPL-002).
#[must_use]
pub fn updated_template(world: &World, id: Id, row: &Template) -> Object {
    zoneless(world, row).with("tags", super::tags(world, Handle { kind: Kind::Template, id }))
}

/// What does not depend on a zone. The real server leaves two more flags at their defaults.
fn zoneless(world: &World, row: &Template) -> Object {
    let system = world.guest_systems.get(row.guest_system);
    let owner = Object::new().with_owner(world, row.owner);
    Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("displaytext", &row.display_text)
        .with("ispublic", row.is_public)
        .with("created", row.created)
        .with("isready", world.sins(Quirk::ChangedTemplatesAreReady))
        .with("format", &row.format)
        .with("bootable", row.bootable)
        .with("isfeatured", false)
        .with("crossZones", false)
        .with("ostypeid", system.map(|system| system.uuid))
        .with("ostypename", system.map(|system| system.description.as_str()))
        .with("account", owner.text("account"))
        .with("templatetype", (!row.is_iso).then_some(row.template_type.as_str()))
        .with("hypervisor", if row.is_iso { "None" } else { "Simulator" })
        .with("domain", owner.text("domain"))
        .with("domainpath", owner.text("domainpath"))
        .with("domainid", owner.text("domainid"))
        .with("details", (!row.details.is_empty()).then(|| row.details.clone()))
        .with("bits", 0)
        .with("isdynamicallyscalable", row.dynamically_scalable)
}

/// How much of a template is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What everybody is told.
    Restricted,
    /// Which stores hold it, too.
    Full,
}

/// A template or an ISO as it is in one zone. How far its download is, and where it came from, is
/// for root administrators and its owner.
#[must_use]
pub fn template(world: &World, id: Id, zone: Option<Id>, viewer: Caller, detail: Detail) -> Object {
    let Some(row) = world.templates.get(id) else { return Object::new() };
    let is_privy = viewer.is_root_admin() || viewer.account == row.owner.account;
    let system = world.guest_systems.get(row.guest_system);
    let zone_row = zone.and_then(|zone| world.zones.get(zone));
    let job = super::open_job(world, Handle { kind: Kind::Template, id }).filter(|_| !row.ready);
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
        .with("bootable", row.is_iso.then_some(row.bootable))
        .with("isfeatured", row.is_featured)
        .with("crossZones", row.cross_zones)
        .with("ostypeid", system.map(|system| system.uuid))
        .with("ostypename", system.map(|system| system.description.as_str()))
        .with("account", owner.text("account"))
        .with("zoneid", zone_row.map(|zone| zone.uuid))
        .with("zonename", zone_row.map(|zone| zone.name.as_str()))
        .with("status", is_privy.then(|| status(world, row)))
        .with("size", row.ready.then_some(row.size))
        .with("physicalsize", row.physical_size.filter(|_| row.ready))
        .with("templatetype", (!row.is_iso).then_some(row.template_type.as_str()))
        .with("hypervisor", (!row.is_iso).then_some("Simulator"))
        .with("domain", owner.text("domain"))
        .with("domainpath", owner.text("domainpath"))
        .with("domainid", owner.text("domainid"))
        .with("isextractable", row.extractable)
        .with("checksum", row.checksum.as_deref())
        .with(
            "sourcetemplateid",
            row.source.and_then(|source| world.templates.get(source)).map(|source| source.uuid),
        )
        .with("templatetag", row.tag.as_deref());
    if !row.is_iso {
        object.push("details", row.details.clone());
    }
    object = object.with_json_only("downloaddetails", downloads(world, row, zone, detail));
    object.push("arch", "x86_64");
    object.push("bits", if row.is_iso { 64 } else { 0 });
    if !row.is_iso {
        object.push("sshkeyenabled", row.ssh_key_enabled);
    }
    object.push("isdynamicallyscalable", row.dynamically_scalable);
    object.push("directdownload", row.direct_download);
    if !row.is_iso {
        object.push("deployasis", false);
        object.push("forcks", false);
        object.push("requireshvm", row.requires_hvm);
    }
    object
        .with("url", row.url.as_deref().filter(|_| is_privy))
        .with("tags", super::tags(world, Handle { kind: Kind::Template, id }))
        .with("hasannotations", super::has_annotations(world, row.uuid))
        .with("jobid", job)
        .with("jobstatus", job.map(|_| 0))
}

/// How far the download is (TPL-001).
fn status(world: &World, row: &Template) -> &'static str {
    match (row.ready, row.is_iso) {
        (false, _) => "Active",
        (true, false) => "Download Complete",
        (true, true) if world.sins(Quirk::IsosAreDownloaded) => "Download Complete",
        (true, true) => "Successfully Installed",
    }
}

/// The stores of a zone that hold a template: secondary storage, and primary storage that keeps a copy.
fn downloads(world: &World, row: &Template, zone: Option<Id>, detail: Detail) -> Vec<Object> {
    if !row.ready {
        return Vec::new();
    }
    let secondary = world
        .image_stores
        .iter()
        .map(|(_, store)| store)
        .find(|store| store.zone == zone)
        .map(|store| (store.name.as_str(), "Image", store.uuid));
    let primary = row
        .pools
        .iter()
        .filter_map(|pool| world.storage_pools.get(*pool))
        .filter(|pool| Some(pool.zone) == zone)
        .map(|pool| (pool.name.as_str(), "Primary", pool.uuid));
    let is_full = detail == Detail::Full;
    secondary
        .into_iter()
        .chain(primary)
        .map(|(name, role, uuid)| {
            Object::new()
                .with("downloadState", "DOWNLOADED")
                .with("datastore", name)
                .with("datastoreRole", is_full.then_some(role))
                .with("downloadPercent", "100")
                .with("datastoreId", is_full.then_some(uuid))
        })
        .collect()
}

/// Who may use a template or an ISO.
#[must_use]
pub fn permissions(world: &World, row: &Template, viewer: Caller) -> Object {
    let domain = world.domains.get(row.owner.domain).filter(|_| viewer.is_root_admin());
    let names: Vec<String> = std::iter::once(&row.owner.account)
        .chain(&row.permitted)
        .filter_map(|account| super::account_name(world, *account).map(str::to_owned))
        .collect();
    Object::new()
        .with("id", row.uuid)
        .with("ispublic", row.is_public)
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("account", (!row.is_public).then_some(names))
}
