//! The extensions that come with the server, with their custom actions.

use crate::world::kind::{Handle, Kind};
use crate::world::register::{Fields, Stored};
use crate::world::{Owner, World};

/// An action: its name, what it does, what it says of a machine when it went well, the same when it did not, and the
/// parameters that it has: name, type, whether it is required.
type Action = (&'static str, &'static str, &'static str, &'static str, &'static [Parameter]);
type Parameter = (&'static str, &'static str, bool);

/// What comes with the server: the name of an extension, what it is, its program, its actions.
const EXTENSIONS: &[(&str, &str, &str, &[Action])] = &[
    (
        "Proxmox",
        "Sample extension for Proxmox written in bash",
        "Proxmox/proxmox.sh",
        &[
            (
                "ListSnapshots",
                "List Instance snapshots",
                "Snapshots fetched for",
                "List Snapshots failed for",
                &[],
            ),
            (
                "CreateSnapshot",
                "Create an Instance snapshot",
                "Snapshot created for",
                "Snapshot creation failed for",
                &[
                    ("snap_name", "STRING", true),
                    ("snap_description", "STRING", false),
                    ("snap_save_memory", "BOOLEAN", false),
                ],
            ),
            (
                "RestoreSnapshot",
                "Restore Instance to the specific snapshot",
                "Successfully restored snapshot for",
                "Restore snapshot failed for",
                &[("snap_name", "STRING", true)],
            ),
            (
                "DeleteSnapshot",
                "Delete the specified snapshot",
                "Successfully deleted snapshot for",
                "Delete snapshot failed for",
                &[("snap_name", "STRING", true)],
            ),
        ],
    ),
    (
        "HyperV",
        "Sample extension for HyperV written in python",
        "HyperV/hyperv.py",
        &[
            (
                "ListSnapshots",
                "List checkpoints/snapshots for the Instance",
                "Snapshots fetched for",
                "List Snapshots failed for",
                &[],
            ),
            (
                "CreateSnapshot",
                "Create a checkpoint/snapshot for the Instance",
                "Snapshot created for",
                "Snapshot creation failed for",
                &[("snapshot_name", "STRING", true)],
            ),
            (
                "RestoreSnapshot",
                "Restore Instance to the specified snapshot",
                "Successfully restored snapshot for",
                "Restore snapshot failed for",
                &[("snapshot_name", "STRING", true)],
            ),
            (
                "DeleteSnapshot",
                "Delete the specified snapshot",
                "Successfully deleted snapshot for",
                "Delete snapshot failed for",
                &[("snapshot_name", "STRING", true)],
            ),
            (
                "Suspend",
                "Suspend the Instance by freezing its current state in RAM",
                "Successfully suspended",
                "Suspend failed for",
                &[],
            ),
            (
                "Resume",
                "Resumes a suspended Instance, restoring CPU execution from memory.",
                "Successfully resumed",
                "Resume failed for",
                &[],
            ),
        ],
    ),
];

/// Adds them to a fresh installation.
pub(super) fn install(world: &mut World) {
    for (name, description, path, actions) in EXTENSIONS {
        let fields = Fields::from_iter([
            ("description", Stored::from(*description)),
            ("type", Stored::from("Orchestrator")),
            ("path", Stored::from(*path)),
            ("orchestratorrequirespreparevm", Stored::from(false)),
            ("state", Stored::from("Enabled")),
            ("builtin", Stored::from(true)),
        ]);
        let id = world.add_record(Kind::Extension, Owner::NOBODY, name, fields);
        for action in *actions {
            add_action(world, Handle { kind: Kind::Extension, id }, action);
        }
    }
}

fn add_action(world: &mut World, extension: Handle, action: &Action) {
    let (name, description, well, badly, parameters) = *action;
    let roles = ["Admin", "ResourceAdmin", "DomainAdmin", "User"].map(str::to_owned).to_vec();
    let line = |(name, kind, required): &Parameter| format!("{name}\n{kind}\nNONE\n\n{required}");
    let fields = Fields::from_iter([
        ("extensionid", Stored::from(extension)),
        ("description", Stored::from(description)),
        ("resourcetype", Stored::from("VirtualMachine")),
        ("allowedroletypes", Stored::Texts(roles)),
        ("successmessage", Stored::from(format!("{well} {{{{resourceName}}}} in {{{{extensionName}}}}"))),
        ("errormessage", Stored::from(format!("{badly} {{{{resourceName}}}}"))),
        ("timeout", Stored::from(60)),
        ("enabled", Stored::from(true)),
        ("details", Stored::Map(Vec::new())),
        ("parameters", Stored::Texts(parameters.iter().map(line).collect())),
    ]);
    world.add_record(Kind::CustomAction, Owner::NOBODY, name, fields);
}
