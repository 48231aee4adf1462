//! Kinds that need nothing but the engine of [`register`](super::register).

use super::register::{Default, Field, Row, Scope, create, delete, list, update};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::world::kind::Kind;

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: Kind::InstanceGroup,
        noun: "InstanceGroup",
        scope: Scope::Account,
        taken: Some(
            "Unable to create vm group, a group with name {name} already exists for account {account}",
        ),
        gone: "unable to find a vm group with id {id}",
        ..Row::PLAIN
    },
    Row {
        kind: Kind::GpuCard,
        noun: "GpuCard",
        fields: &[
            Field::of("deviceid"),
            Field::of("devicename"),
            Field::of("vendorname"),
            Field::of("vendorid"),
            Field::of("videoram").hidden(),
        ],
        gone: "GPU card with ID {id} not found",
        in_use: Some(|world, card| {
            if world.register.naming(Kind::VgpuProfile, "gpucardid", card).next().is_some() {
                return Err(ApiError::invalid(
                    "Cannot delete GPU card as it is in use by some vGPU profiles",
                ));
            }
            Ok(())
        }),
        ..Row::PLAIN
    },
    Row {
        kind: Kind::VgpuProfile,
        noun: "VgpuProfile",
        fields: &[
            Field::of("gpucardid").named("gpucardname"),
            Field::of("description"),
            Field::of("maxvgpuperphysicalgpu").or(Default::Number(1)),
            Field::of("videoram"),
            Field::of("maxheads"),
            Field::of("maxresolutionx"),
            Field::of("maxresolutiony"),
        ],
        taken: Some("vGPU profile with name {name} already exists"),
        gone: "vGPU profile with ID {id} not found",
        extra: Some(|world, _, record, object| {
            let card = record.thing("gpucardid");
            let card = card.and_then(|card| world.register.get(card.kind, card.id));
            for field in ["deviceid", "devicename", "vendorname", "vendorid"] {
                object.push(field, card.and_then(|card| card.field(field)));
            }
        }),
        ..Row::PLAIN
    },
    Row {
        kind: Kind::StorageSelector,
        noun: "SecondaryStorageSelector",
        fields: &[
            Field::of("description"),
            Field::of("zoneid"),
            Field::of("type")
                .one_of(&["SNAPSHOT", "VOLUME", "TEMPLATE", "ISO"], "Invalid heuristic type: {value}"),
            Field::of("heuristicrule"),
        ],
        gone: "Unable to find the heuristic with ID {id}",
        check: Some(|world, _, arguments| {
            // A zone has one rule for each type of thing.
            let (zone, word) = (arguments.handle("zoneid"), arguments.required("type"));
            let is_same = |(_, record): (_, &crate::world::register::Record)| {
                record.thing("zoneid") == zone
                    && record.field("type").is_some_and(|own| own.eq_ignore_ascii_case(word))
            };
            if world.register.iter(Kind::StorageSelector).any(is_same) {
                let uuid = zone.and_then(|zone| world.uuid_of(zone)).unwrap_or_default();
                return Err(ApiError::runtime(format!(
                    "There is already a heuristic rule in the specified Zone [{uuid}] with the type [{word}]."
                )));
            }
            Ok(())
        }),
        ..Row::PLAIN
    },
    Row {
        kind: Kind::GuiTheme,
        noun: "GuiTheme",
        fields: &[
            Field::of("description"),
            Field::of("css"),
            Field::of("jsonconfiguration"),
            Field::of("commonnames"),
            Field::of("domainids"),
            Field::of("recursivedomains").or(Default::Flag(false)),
            Field::of("accountids"),
            Field::of("ispublic").or(Default::Flag(true)),
        ],
        gone: "Unable to find a GUI theme with the specified ID [{id}].",
        check: Some(|_, _, arguments| {
            if arguments.filled("css").is_none() && arguments.filled("jsonconfiguration").is_none() {
                return Err(ApiError::invalid(
                    "Either the `css` or `jsonconfiguration` parameter must be informed.",
                ));
            }
            Ok(())
        }),
        shows: Some(|world, caller, arguments, record| {
            let lists = |field: &str, wanted: Option<&str>| {
                wanted.is_none_or(|wanted| {
                    record.field(field).is_some_and(|own| own.split(',').any(|item| item.trim() == wanted))
                })
            };
            let uuid = |name: &str| arguments.handle(name).and_then(|thing| world.uuid_of(thing));
            let (domain, account) = (uuid("domainid"), uuid("accountid"));
            lists("commonnames", arguments.filled("commonname"))
                && lists("domainids", domain.map(|uuid| uuid.to_string()).as_deref())
                && lists("accountids", account.map(|uuid| uuid.to_string()).as_deref())
                // Strangers and users see the themes that are for everybody.
                && (record.flag("ispublic") || (caller.is_root_admin() && !caller.is_system()))
                && arguments.maybe_flag("showpublic").is_none_or(|is| is == record.flag("ispublic"))
                && !arguments.flag("listonlydefaulttheme")
        }),
        ..Row::PLAIN
    },
    Row {
        kind: Kind::BackupRepository,
        noun: "BackupRepository",
        fields: &[
            Field::of("zoneid").named("zonename"),
            Field::of("address"),
            Field::of("provider").or(Default::Text("nas")),
            Field::of("type"),
            Field::of("capacitybytes"),
            Field::of("crosszoneinstancecreation").or(Default::Flag(false)),
            Field::of("mountopts").hidden(),
        ],
        gone: "Unable to find the backup repository with ID {id}",
        ..Row::PLAIN
    },
];

/// The events of a command that leaves one.
const fn events(action: &'static str) -> Option<EventTexts> {
    Some(EventTexts { scheduled: "", action, created: None })
}

pub(super) const COMMANDS: &[Behaviour] = &[
    create("createInstanceGroup"),
    list("listInstanceGroups"),
    update("updateInstanceGroup"),
    delete("deleteInstanceGroup"),
    Behaviour { events: events("creating GPU Card"), ..create("createGpuCard") },
    list("listGpuCards"),
    Behaviour { events: events("updating GPU Card"), ..update("updateGpuCard") },
    Behaviour { events: events("deleting the GPU Card"), ..delete("deleteGpuCard") },
    Behaviour { events: events("creating vGPU profile"), ..create("createVgpuProfile") },
    list("listVgpuProfiles"),
    Behaviour { events: events("updating vGPU profile"), ..update("updateVgpuProfile") },
    Behaviour { events: events("deleting vGPU profile"), ..delete("deleteVgpuProfile") },
    Behaviour { events: events("Creating GUI theme"), ..create("createGuiTheme") },
    list("listGuiThemes"),
    Behaviour { events: events("Updating GUI theme"), ..update("updateGuiTheme") },
    Behaviour { events: events("Removing GUI theme"), ..delete("removeGuiTheme") },
    create("createSecondaryStorageSelector"),
    list("listSecondaryStorageSelectors"),
    update("updateSecondaryStorageSelector"),
    delete("removeSecondaryStorageSelector"),
    Behaviour { events: events("Adding backup repository"), ..create("addBackupRepository") },
    list("listBackupRepositories"),
    delete("deleteBackupRepository"),
];
