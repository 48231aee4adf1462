//! What changes a volume besides its size, what moves it, and how it is measured.
//!
//! Its life is in [`volume`](super::volume).

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply, Value};
use crate::world::World;
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;
use crate::world::volume::{Volume, VolumeState};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "updateVolume",
        about: Some("id"),
        joins_job: true,
        events: Some(EventTexts {
            scheduled: "Updating volume: {}",
            action: "updating volume. Volume Id: {}",
            created: None,
        }),
        run: |world, caller, arguments| {
            let (id, _) = volume(world, arguments, "id")?;
            if let Some(row) = world.volumes.get_mut(id) {
                if let Some(name) = arguments.filled("name") {
                    name.clone_into(&mut row.name);
                }
                if let Some(path) = arguments.filled("path").filter(|_| caller.is_root_admin()) {
                    path.clone_into(&mut row.path);
                }
                row.delete_protection =
                    arguments.maybe_flag("deleteprotection").unwrap_or(row.delete_protection);
            }
            Ok(Reply::Object(show(world, id, caller.is_root_admin())))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "changeOfferingForVolume",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Changing Disk offering of Volume Id: {} to {diskofferingid}",
            action: "changing disk offering of volume. Volume Id: {}",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, row) = volume(world, arguments, "id")?;
            let disk = arguments.id("diskofferingid").unwrap_or_default();
            let offering = world
                .disk_offerings
                .get(disk)
                .filter(|offering| offering.active)
                .ok_or_else(|| ApiError::invalid("Requested disk offering has been removed."))?;
            if row.disk_offering == Some(disk) {
                return Err(ApiError::invalid(format!(
                    "Volume {} is already having disk offering {}",
                    super::volume::dump(id, row),
                    offering.uuid
                )));
            }
            let wanted = arguments.integer("size").and_then(|size| u64::try_from(size).ok());
            let size = offering.size.or(wanted).map_or(row.size, |size| size << 30);
            if let Some(row) = world.volumes.get_mut(id) {
                row.disk_offering = Some(disk);
                row.size = size;
            }
            // Everybody gets the restricted view here.
            Ok(Reply::Object(show(world, id, false)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "checkVolume",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "check volume operation on volume Id: {}",
            action: "checking volume and repair if needed. Volume Id: {}",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (_, row) = volume(world, arguments, "id")?;
            if row.state != VolumeState::Ready {
                return Err(ApiError::invalid(format!("Volume: {} is not in Ready state", row.name)));
            }
            Err(ApiError::invalid("Check and Repair volumes is supported only for KVM hypervisor"))
        }),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "extractVolume",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Extraction job",
            action: "extracting volume. Volume Id: {}",
            created: None,
        }),
        run: |world, _, arguments| {
            let (_, row) = volume(world, arguments, "id")?;
            let machine = row.attached.and_then(|(machine, _)| world.virtual_machines.get(machine));
            if machine.is_some_and(|machine| machine.state != MachineState::Stopped) {
                return Err(ApiError::runtime(
                    "Invalid state of the volume with specified ID. It should be either detached or the VM should be in \
                     stopped state.",
                ));
            }
            if !["FTP_UPLOAD", "HTTP_DOWNLOAD"].contains(&arguments.required("mode")) {
                return Err(ApiError::invalid("Please specify a valid extract Mode "));
            }
            // The simulated secondary storage has nobody who could serve it.
            Err(ApiError::api(530, "Failed to extract volume"))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "uploadVolume",
        events: Some(EventTexts {
            scheduled: "uploading volume: {name} in the zone {zoneid}",
            action: "uploading volume",
            created: None,
        }),
        run: |_, _, arguments| Err(no_hypervisor(arguments)),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "getUploadParamsForVolume",
        run: |_, _, arguments| Err(no_hypervisor(arguments)),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "migrateVolume",
        about: Some("volumeid"),
        joins_job: true,
        events: Some(EventTexts {
            scheduled: "Attempting to migrate volume Id: {} to storage pool Id: {storageid}",
            action: "migrating volume. Volume Id: {}",
            created: None,
        }),
        begin: Some(|world, _, arguments| {
            let (id, row) = volume(world, arguments, "volumeid")?;
            if row.state != VolumeState::Ready && !world.sins(Quirk::UnreadyVolumesMove) {
                return Err(ApiError::invalid("Volume must be in ready state"));
            }
            if row.pool == arguments.id("storageid") {
                return Err(ApiError::invalid(format!(
                    "Volume {} is already on the destination storage pool",
                    super::volume::dump(id, row)
                )));
            }
            let machine = row.attached.and_then(|(machine, _)| world.virtual_machines.get(machine));
            // The simulated hypervisor moves no disk of a running machine, `livemigrate` or not.
            if machine.is_some_and(|machine| machine.state == MachineState::Running) {
                return Err(ApiError::invalid("Volume needs to be detached from VM"));
            }
            Ok(())
        }),
        run: |world, caller, arguments| {
            let (id, _) = volume(world, arguments, "volumeid")?;
            let pool = arguments.id("storageid").filter(|pool| world.storage_pools.get(*pool).is_some());
            if let Some(row) = world.volumes.get_mut(id) {
                row.pool = pool.or(row.pool);
            }
            Ok(Reply::Object(show(world, id, caller.is_root_admin())))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listVolumesMetrics",
        run: |world, caller, arguments| {
            let matches = super::volume::matches(world, *caller, arguments)?;
            listing::page(world, arguments, matches, |id| measured(show(world, id, caller.is_root_admin())))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listVolumesUsageHistory",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let name = arguments.filled("name");
            let matches: Vec<Id> = world
                .volumes
                .iter()
                .filter(|(_, row)| caller.reaches(world, row.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                let row = world.volumes.get(id);
                Object::new()
                    .with("id", row.map(|row| row.uuid))
                    .with("name", row.map(|row| row.name.as_str()))
                    // Nothing is collected over time here.
                    .with("stats", Vec::<Object>::new())
            })
        },
        ..Behaviour::PLAIN
    },
];

fn show(world: &World, id: Id, full: bool) -> Object {
    world.volumes.get(id).map(|row| view::volume(world, id, row, full)).unwrap_or_default()
}

fn volume<'a>(world: &'a World, arguments: &Arguments, name: &str) -> Result<(Id, &'a Volume), ApiError> {
    let id = arguments.id(name).unwrap_or_default();
    world
        .volumes
        .get(id)
        .map(|row| (id, row))
        .ok_or_else(|| ApiError::invalid(format!("Unable to find UUID for id [{id}] of type [Volume]")))
}

/// No zone has a hypervisor that the formats of uploaded volumes are for.
fn no_hypervisor(arguments: &Arguments) -> ApiError {
    let format = arguments.required("format");
    let hypervisor = match format.to_ascii_uppercase().as_str() {
        "QCOW2" | "RAW" => "KVM",
        "VHD" => "XenServer",
        "VHDX" => "Hyperv",
        "OVA" | "VMDK" => "VMware",
        _ => "None",
    };
    ApiError::invalid(format!(
        "The {hypervisor} hypervisor supported for {format} file format, is not found on the zone"
    ))
}

/// A volume as its measures are listed: the size in words first, and no path of the domain.
fn measured(volume: Object) -> Object {
    let size = match volume.get("size") {
        Some(Value::Integer(bytes)) => *bytes,
        _ => 0,
    };
    let hundredths = (i128::from(size) * 100) >> 30;
    let kind = volume.text("type").unwrap_or_default().to_owned();
    let mut object =
        Object::new().with("sizegb", format!("{}.{:02} GiB", hundredths / 100, hundredths % 100));
    if volume.get("diskioread").is_some() {
        object.push("diskiopstotal", 0);
    }
    for mut field in volume.fields.into_iter().filter(|field| field.name != "domainpath") {
        if let ("storagetype", Value::Text(text)) = (field.name, &field.value) {
            field.value = format!("{} ({kind})", capital(text)).into();
        }
        object.fields.push(field);
    }
    object
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
