//! Backups of machines, with the provider that only pretends: the part of the server that
//! installations switch on.

use super::deployment::deploy_from;
use super::register::{Default, Field, Row, Scope, add, create_then_show, delete, list, row, update};
use super::virtual_machine::DEPLOYMENT;
use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::register::Record;
use crate::world::table::Id;
use crate::world::virtual_machine::{MachineState, VirtualMachine};

/// The only provider.
const PROVIDER: &str = "dummy";
/// What it offers: an identifier of its own, a name, a description.
const PROVIDED: [(&str, &str, &str); 2] = [
    ("gold-policy", "Golden Policy", "Gold description"),
    ("silver-policy", "Silver Policy", "Silver description"),
];
/// The size of every backup that it pretends to have.
const BACKUP_BYTES: i64 = 1_024_000;

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: Kind::BackupOffering,
        noun: "BackupOffering",
        fields: &[
            Field::of("description"),
            Field::of("provider").or(Default::Text(PROVIDER)),
            Field::of("externalid"),
            Field::of("allowuserdrivenbackups"),
            Field::of("zoneid").named("zonename"),
            Field::of("crosszoneinstancecreation").or(Default::Flag(false)),
        ],
        gone: "Could not find a backup offering with id: {id}",
        check: Some(require_importable),
        in_use: Some(|world, offering| {
            if world.register.naming(Kind::BackupAssignment, "offering", offering).next().is_some() {
                return Err(ApiError::runtime(
                    "Backup offering is assigned to VMs, remove the assignment(s) in order to remove the offering.",
                ));
            }
            Ok(())
        }),
        ..Row::PLAIN
    },
    Row {
        kind: Kind::Backup,
        noun: "Backup",
        fields: &[
            Field::of("description"),
            Field::of("machine").from("virtualmachineid").hidden(),
            Field::of("virtualmachinename"),
            Field::of("externalid").or(Default::Text("dummy-external-id")),
            Field::of("type").or(Default::Text("FULL")),
            Field::of("size").or(Default::Number(BACKUP_BYTES)),
            Field::of("virtualsize"),
            Field::of("status").or(Default::Text("BackedUp")),
            Field::of("volumes"),
            Field::of("backupofferingid").named("backupofferingname"),
            Field::of("zoneid").named("zone"),
            Field::of("intervaltype").or(Default::Text("MANUAL")),
        ],
        scope: Scope::Account,
        gone: "Backup {id} does not exist",
        extra: Some(|world, _, record, object| {
            let machine = record.thing("machine");
            let uuid = machine.and_then(|machine| world.uuid_of(machine));
            object.push(
                "virtualmachineid",
                uuid.map(|uuid| uuid.to_string()).or_else(|| record.field("machineuuid").map(str::to_owned)),
            );
            let offering = machine.and_then(|machine| world.backup_offering_of(machine.id));
            object.push("vmbackupofferingremoved", offering.is_none());
            object.push("isbackupvmexpunged", uuid.is_none());
        }),
        ..Row::PLAIN
    },
];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listBackupProviders",
        run: |_, _, arguments| {
            let is_meant = arguments.filled("name").is_none_or(|name| name == PROVIDER);
            let provider = Object::new().with("name", PROVIDER).with("description", "Dummy Backup Plugin");
            Ok(Reply::all(is_meant.then_some(provider).into_iter().collect()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listBackupProviderOfferings",
        run: |world, _, arguments| {
            let zone = arguments.handle("zoneid");
            let shown = |(external, name, description): &(&'static str, &'static str, &'static str)| {
                Object::new()
                    .with("name", *name)
                    .with("description", *description)
                    .with("externalid", *external)
                    .with("zoneid", zone.and_then(|zone| world.uuid_of(zone)))
                    .with("zonename", zone.and_then(|zone| world.name_of(zone)))
            };
            Ok(Reply::all(PROVIDED.iter().map(shown).collect()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "importBackupOffering",
        events: Some(EventTexts {
            scheduled: "Importing backup offering: {name} (external ID: {externalid}) on zone ID {zoneid}",
            action: "importing backup offering",
            created: None,
        }),
        run: |world, caller, arguments| {
            let row = row(arguments);
            let id = add(world, caller, arguments, row)?;
            super::register::show(world, row, id)
        },
        ..Behaviour::PLAIN
    },
    list("listBackupOfferings"),
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "updating backup offering", created: None }),
        ..update("updateBackupOffering")
    },
    delete("deleteBackupOffering"),
    Behaviour {
        name: "assignVirtualMachineToBackupOffering",
        about: Some("virtualmachineid"),
        events: Some(EventTexts {
            scheduled: "Assigning VM to backup offering ID: {backupofferingid}",
            action: "assigning VM to backup offering",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, machine) = machine(world, arguments)?;
            if !matches!(machine.state, MachineState::Running | MachineState::Stopped) {
                return Err(ApiError::runtime("VM is not in running or stopped state"));
            }
            let Some(offering) = arguments.handle("backupofferingid") else {
                return Err(ApiError::runtime("Provided backup offering does not exist"));
            };
            let zone = world.register.get(offering.kind, offering.id).and_then(|row| row.thing("zoneid"));
            if zone.is_some_and(|zone| zone.id != machine.zone) {
                return Err(ApiError::runtime("Backup offering and VM are not in the same zone"));
            }
            if world.backup_offering_of(id).is_some() {
                return Err(ApiError::runtime("VM already is assigned to a backup offering"));
            }
            world.assign_backup_offering(id, offering);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeVirtualMachineFromBackupOffering",
        about: Some("virtualmachineid"),
        events: Some(EventTexts {
            scheduled: "Removing VM ID {virtualmachineid} from backup offering",
            action: "removing VM from backup offering",
            created: None,
        }),
        run: |world, _, arguments| {
            let (id, machine) = machine(world, arguments)?;
            let Some(offering) = world.backup_offering_of(id) else {
                return Err(ApiError::runtime("No previously configured backup offering found for the VM"));
            };
            if !arguments.flag("forced") {
                return Err(ApiError::runtime(format!(
                    "To remove VM [id: {}, name: {}] from Backup Offering [id: {}, name: {}] using the provider \
                     [{PROVIDER}], please specify the forced:true option to allow the deletion of all jobs and \
                     backups for this VM or remove the backups that this VM has with the backup offering.",
                    machine.uuid,
                    machine.name,
                    world.uuid_of(offering).unwrap_or_default(),
                    world.name_of(offering).unwrap_or_default()
                )));
            }
            world.remove_backup_offering(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        create: Some(|world, caller, arguments| {
            let (id, machine) = machine(world, arguments)?;
            let (owner, zone, name) = (machine.owner, machine.zone, machine.name.clone());
            let uuid = machine.uuid.to_string();
            let Some(offering) = world.backup_offering_of(id) else {
                return Err(ApiError::runtime(
                    "VM has no backup offering configured, cannot create backup before assigning it to a backup \
                     offering",
                ));
            };
            let terms = world.register.get(offering.kind, offering.id);
            if !caller.is_root_admin() && !terms.is_some_and(|row| row.flag("allowuserdrivenbackups")) {
                return Err(ApiError::runtime(
                    "The assigned backup offering does not allow ad-hoc user backup",
                ));
            }
            let (volumes, bytes) = volumes(world, id);
            let row = row(arguments);
            let backup = add(world, caller, arguments, row)?;
            let now = world.now;
            if let Some(record) = world.register.get_mut(row.kind, backup) {
                if record.name.is_empty() {
                    record.name = format!("{name}-{now}");
                }
                record.owner = owner;
                record.fields.insert("virtualmachinename", name.into());
                record.fields.insert("machineuuid", uuid.into());
                record.fields.insert("backupofferingid", offering.into());
                record.fields.insert("zoneid", Handle { kind: Kind::Zone, id: zone }.into());
                record.fields.insert("virtualsize", bytes.into());
                record.fields.insert("volumes", volumes.into());
            }
            Ok(Handle { kind: row.kind, id: backup })
        }),
        events: Some(EventTexts {
            scheduled: "Creating backup for VM {virtualmachineid}",
            action: "creating VM backup",
            created: Some("creating VM backup"),
        }),
        run: |_, _, _| Ok(Reply::SUCCESS),
        ..create_then_show("createBackup")
    },
    list("listBackups"),
    Behaviour {
        events: Some(EventTexts {
            scheduled: "Deleting backup ID {id}",
            action: "deleting VM backup",
            created: None,
        }),
        ..delete("deleteBackup")
    },
    Behaviour {
        name: "createVMFromBackup",
        create: Some(|world, caller, arguments| {
            let id = arguments.id("backupid").unwrap_or_default();
            let Some(backup) = world.register.get(Kind::Backup, id) else {
                return Err(ApiError::invalid(format!("Backup {id} does not exist")));
            };
            if backup.thing("zoneid").map(|zone| zone.id) != arguments.id("zoneid") {
                return Err(ApiError::invalid(
                    "The instance must be created in the zone of the backup, as its offering is for that one only",
                ));
            }
            let machine = backup.thing("machine").and_then(|machine| world.virtual_machines.get(machine.id));
            let offering = arguments.id("serviceofferingid").or(machine.map(|machine| machine.offering));
            let template = arguments.id("templateid").or(machine.map(|machine| machine.template));
            let (Some(offering), Some(template)) = (offering, template) else {
                return Err(ApiError::invalid(
                    "The instance of the backup is gone: serviceofferingid and templateid must be specified",
                ));
            };
            deploy_from(world, caller, arguments, offering, template)
        }),
        ..DEPLOYMENT
    },
];

/// Refuses what the provider does not offer, and what is imported already.
fn require_importable(world: &World, _: &Caller, arguments: &Arguments) -> Result<(), ApiError> {
    let (external, name) = (arguments.required("externalid"), arguments.required("name"));
    let zone = arguments.handle("zoneid");
    let imported = || world.register.iter(Kind::BackupOffering).map(|(_, record)| record);
    let in_zone = |record: &Record| record.thing("zoneid") == zone;
    if imported().any(|record| in_zone(record) && record.field("externalid") == Some(external)) {
        return Err(ApiError::runtime(format!(
            "A backup offering with external ID {external} already exists"
        )));
    }
    if imported().any(|record| in_zone(record) && record.name == name) {
        return Err(ApiError::runtime("A backup offering with the same name already exists in this zone"));
    }
    if !PROVIDED.iter().any(|(known, _, _)| *known == external) {
        let zone = zone.and_then(|zone| world.uuid_of(zone)).unwrap_or_default();
        return Err(ApiError::runtime(format!(
            "Backup offering '{external}' does not exist on provider {PROVIDER} on zone {zone}"
        )));
    }
    Ok(())
}

/// The machine that a command names.
fn machine<'a>(world: &'a World, arguments: &Arguments) -> Result<(Id, &'a VirtualMachine), ApiError> {
    let id = arguments.id("virtualmachineid").unwrap_or_default();
    let machine = world.virtual_machines.get(id);
    machine
        .map(|machine| (id, machine))
        .ok_or_else(|| ApiError::runtime(format!("VM with ID {id} does not exist")))
}

/// The volumes of a machine as backups tell of them, and their bytes together.
fn volumes(world: &World, machine: Id) -> (String, i64) {
    let own = || {
        world
            .volumes
            .iter()
            .map(|(_, row)| row)
            .filter(|row| row.attached.is_some_and(|(id, _)| id == machine))
    };
    let told: Vec<serde_json::Value> = own()
        .map(|row| serde_json::json!({"uuid": row.uuid.to_string(), "type": if row.is_root { "ROOT" } else { "DATADISK" }, "size": row.size}))
        .collect();
    let bytes: u64 = own().map(|row| row.size).sum();
    (serde_json::Value::Array(told).to_string(), i64::try_from(bytes).unwrap_or(i64::MAX))
}
