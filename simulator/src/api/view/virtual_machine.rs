//! Virtual machines.

use super::Owned as _;
use crate::api::caller::Caller;
use crate::api::discovery::java_hash;
use crate::quirk::Quirk;
use crate::reply::{Object, Value};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::offering::DiskOffering;
use crate::world::table::Id;
use crate::world::virtual_machine::VirtualMachine;

/// A virtual machine. Host, internal name and architecture are for root administrators (VM-008).
#[must_use]
pub fn virtual_machine(world: &World, id: Id, row: &VirtualMachine, viewer: Caller) -> Object {
    let full = viewer.is_root_admin() || world.sins(Quirk::AdminFieldsLeak);
    let zone = world.zones.get(row.zone);
    let host = row.host.and_then(|host| world.hosts.get(host));
    let template = world.templates.get(row.template);
    let iso = row.iso.and_then(|iso| world.templates.get(iso));
    let disk = shown_disk_offering(world, id);
    let offering = world.service_offerings.get(row.offering);
    let system = template.and_then(|template| world.guest_systems.get(template.guest_system));
    let size = world.machine_size(row);
    let user = world.users.get(row.user);
    let user_data = row.user_data_id.and_then(|user_data| world.user_data.get(user_data));
    let public = world.addresses_for(id).next().map(|(_, row)| row);
    let nics: Vec<Object> =
        row.nics.iter().map(|nic| super::nic(world, nic, row.host.is_some(), viewer)).collect();
    let key_names: Vec<&str> = row.key_pairs.iter().map(|(name, _)| name.as_str()).collect();
    let on_storage = world
        .volumes_of(id)
        .first()
        .and_then(|volume| world.volumes.get(*volume))
        .is_some_and(|volume| volume.pool.is_some());
    let owner = Object::new().with_owner(world, row.owner);
    let measured = world.is_measured(row);
    // Users do not see the entries that the server keeps for itself.
    let mut details: Vec<(String, String)> = row
        .details
        .iter()
        .filter(|(key, _)| full || !HIDDEN_DETAILS.contains(&key.as_str()))
        .cloned()
        .collect();
    details.sort_by_key(|(key, _)| java_bucket(key));
    let backups = world.backup_offering_of(id);
    let mut object = Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("displayname", shown_name(world, row))
        .with("account", owner.text("account"))
        .with("userid", user.map(|user| user.uuid))
        .with("username", user.map(|user| user.username.as_str()))
        .with("projectid", owner.text("projectid"))
        .with("project", owner.text("project"))
        .with("domainid", owner.text("domainid"))
        .with("domain", owner.text("domain"))
        .with("domainpath", owner.text("domainpath"))
        .with("created", row.created)
        .with("lastupdated", row.updated)
        .with("state", state_name(world, row))
        .with("haenable", row.ha)
        .with("groupid", group_id(world, row))
        .with("group", row.group.as_deref())
        .with("zoneid", zone.map(|zone| zone.uuid))
        .with("zonename", zone.map(|zone| zone.name.as_str()))
        .with("hostid", host.filter(|_| full).map(|host| host.uuid))
        .with("hostname", host.filter(|_| full).map(|host| host.name.as_str()))
        .with("hostcontrolstate", host.map(|_| "Enabled"))
        .with("templateid", template.map(|template| template.uuid))
        .with("templatename", template.map(|template| template.name.as_str()))
        .with("templatetype", template.map(|template| template.template_type.as_str()))
        .with("templateformat", template.map(|template| template.format.as_str()))
        .with("templatedisplaytext", template.map(|template| template.display_text.as_str()))
        .with("passwordenabled", template.is_some_and(|template| template.password_enabled))
        .with("isoid", iso.map(|iso| iso.uuid))
        .with("isoname", iso.map(|iso| iso.name.as_str()))
        .with("isodisplaytext", iso.map(|iso| iso.display_text.as_str()))
        .with("serviceofferingid", offering.map(|offering| offering.uuid))
        .with("serviceofferingname", offering.map(|offering| offering.name.as_str()))
        .with("diskofferingid", disk.map(|disk| disk.uuid))
        .with("diskofferingname", disk.map(|disk| disk.name.as_str()))
        .with("backupofferingid", backups.and_then(|offering| world.uuid_of(offering)))
        .with("backupofferingname", backups.and_then(|offering| world.name_of(offering)))
        .with("cpunumber", size.0)
        .with("cpuspeed", size.1)
        .with("memory", size.2)
        .with("cpuused", measured.then_some("10%"))
        .with("networkkbsread", measured.then_some(32768))
        .with("networkkbswrite", measured.then_some(16384))
        .with("diskkbsread", measured.then_some(0))
        .with("diskkbswrite", measured.then_some(0))
        .with("memorykbs", measured.then_some(0))
        .with("memoryintfreekbs", measured.then_some(0))
        .with("memorytargetkbs", measured.then_some(0))
        .with("diskioread", measured.then_some(0))
        .with("diskiowrite", measured.then_some(0))
        .with("guestosid", system.map(|system| system.uuid))
        .with("rootdeviceid", 0)
        .with("rootdevicetype", "ROOT")
        .with("securitygroup", Vec::<Object>::new())
        .with("nic", nics)
        .with("hypervisor", "Simulator")
        .with("ipaddress", row.default_nic().and_then(|nic| nic.address))
        .with("publicipid", public.map(|public| public.uuid))
        .with("publicip", public.map(|public| public.address))
        .with("instancename", full.then(|| world.instance_name(id, row)))
        .with("details", details)
        .with("readonlydetails", (!full).then_some("dataDiskController, rootDiskController"))
        .with("keypairs", (!key_names.is_empty()).then(|| key_names.join(",")))
        .with("affinitygroup", affinity_groups(world, row))
        .with_admin("displayvm", row.display)
        .with("isdynamicallyscalable", row.dynamically_scalable)
        .with("deleteprotection", row.delete_protection)
        .with("ostypeid", system.map(|system| system.uuid))
        .with("osdisplayname", system.map(|system| system.description.as_str()))
        .with("bootmode", row.details.is_empty().then_some("legacy"))
        .with("boottype", row.details.is_empty().then_some("Bios"))
        .with("pooltype", on_storage.then_some("NetworkFilesystem"))
        .with("receivedbytes", 0)
        .with("sentbytes", 0);
    if let Some(user_data) = user_data {
        object.push("userdataid", user_data.uuid);
        object.push("userdataname", &user_data.name);
        // The policy is that of the template's own link.
        let policy = template.filter(|template| template.user_data.is_some());
        object.push("userdatapolicy", policy.and_then(|template| template.user_data_policy.as_deref()));
        object.push("userdatadetails", java_details(&row.user_data_details));
    }
    object
        .with("arch", full.then_some("x86_64"))
        .with("tags", super::tags(world, Handle { kind: Kind::VirtualMachine, id }))
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// The affinity groups that a machine is in.
fn affinity_groups(world: &World, row: &VirtualMachine) -> Vec<Object> {
    let groups = row.affinity_groups.iter().filter_map(|id| world.register.get(Kind::AffinityGroup, *id));
    groups
        .map(|group| {
            let account = world.accounts.get(group.owner.account).map(|account| account.name.as_str());
            Object::new().with("id", group.uuid).with("name", &group.name).with("account", account)
        })
        .collect()
}

/// A machine with those of its details alone that a caller asked for; the lists of others are empty.
#[must_use]
pub fn with_details<T: AsRef<str>>(mut shown: Object, wanted: &[T]) -> Object {
    if wanted.is_empty() || wanted.iter().any(|word| word.as_ref() == "all") {
        return shown;
    }
    let left_out = |name: &str| {
        let section = DETAILS.iter().find(|(_, names)| names.contains(&name));
        section.is_some_and(|(word, _)| !wanted.iter().any(|wanted| wanted.as_ref() == *word))
    };
    shown.fields = shown
        .fields
        .into_iter()
        .filter_map(|mut field| match (left_out(field.name), &field.value) {
            (false, _) => Some(field),
            (true, Value::Objects(_)) => {
                field.value = Vec::<Object>::new().into();
                Some(field)
            }
            (true, _) => None,
        })
        .collect();
    shown
}

/// Which fields belong to which word of `details`.
const DETAILS: &[(&str, &[&str])] = &[
    ("group", &["groupid", "group"]),
    (
        "tmpl",
        &[
            "templateid",
            "templatename",
            "templatetype",
            "templateformat",
            "templatedisplaytext",
            "passwordenabled",
        ],
    ),
    ("iso", &["isoid", "isoname", "isodisplaytext"]),
    ("servoff", &["serviceofferingid", "serviceofferingname", "cpunumber", "cpuspeed", "memory"]),
    ("diskoff", &["diskofferingid", "diskofferingname"]),
    (
        "stats",
        &[
            "cpuused",
            "networkkbsread",
            "networkkbswrite",
            "diskkbsread",
            "diskkbswrite",
            "memorykbs",
            "memoryintfreekbs",
            "memorytargetkbs",
            "diskioread",
            "diskiowrite",
        ],
    ),
    ("volume", &["rootdeviceid", "rootdevicetype"]),
    ("secgrp", &["securitygroup"]),
    ("nics", &["nic", "ipaddress"]),
    ("affgrp", &["affinitygroup"]),
];

/// The disk offering that a machine shows: the first data volume's, else the root volume's if that was chosen.
fn shown_disk_offering(world: &World, machine: Id) -> Option<&DiskOffering> {
    let volumes = world.volumes_of(machine).into_iter().filter_map(|volume| world.volumes.get(volume));
    let (root, data): (Vec<_>, Vec<_>) = volumes.partition(|volume| volume.is_root);
    let first = data.into_iter().chain(root).find_map(|volume| volume.disk_offering)?;
    world.disk_offerings.get(first)
}

/// Details that only the full view shows.
const HIDDEN_DETAILS: [&str; 1] = ["Message.ReservedCapacityFreed.Flag"];

/// Where a key stands in a small Java hash map, whose order answers show.
fn java_bucket(key: &str) -> u32 {
    let hash = java_hash(key);
    (hash ^ (hash >> 16)) & 15
}

fn shown_name<'a>(world: &World, row: &'a VirtualMachine) -> Option<&'a str> {
    if world.sins(Quirk::DisplayNamesMayLack) {
        return row.display_name.as_deref();
    }
    Some(row.shown_name())
}

fn state_name(world: &World, row: &VirtualMachine) -> Value {
    if world.sins(Quirk::StatesAreLowerCase) {
        return row.state.name().to_lowercase().into();
    }
    row.state.name().into()
}

fn group_id(world: &World, row: &VirtualMachine) -> Option<uuid::Uuid> {
    let name = row.group.as_deref()?;
    let kind = crate::world::kind::Kind::InstanceGroup;
    let id = world.register.by_name(kind, row.owner, name)?;
    world.register.get(kind, id).map(|record| record.uuid)
}

/// The values for the parameters of user data, in Java's text of a map.
fn java_details(details: &[(String, String)]) -> Option<String> {
    if details.is_empty() {
        return None;
    }
    let members: Vec<String> = details.iter().map(|(key, value)| format!("{key}={value}")).collect();
    Some(format!("{{{}}}", members.join(", ")))
}
