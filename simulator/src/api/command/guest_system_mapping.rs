//! How hypervisors call guest operating systems. Simulated ones take any name, so there are only
//! the mappings that somebody adds.

use super::register::{Default, Field, Row, create_then_show, delete, list, update};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::world::kind::{Handle, Kind};

pub(super) const ROWS: &[Row] = &[Row {
    kind: Kind::GuestSystemMapping,
    noun: "GuestOsMapping",
    fields: &[
        Field::of("hypervisor"),
        Field::of("hypervisorversion"),
        Field::of("ostypeid").named("osdisplayname"),
        Field::of("osnameforhypervisor"),
        Field::of("isuserdefined").or(Default::Text("true")),
    ],
    gone: "Guest OS mapping not found. Please specify a valid UUID for the Guest OS mapping",
    check: Some(|world, _, arguments| {
        let named = arguments.filled("osdisplayname").map(|name| {
            let mut systems = world.guest_systems.iter();
            systems.find(|(_, row)| row.description == name).map(|(id, _)| id)
        });
        let system = match (arguments.handle("ostypeid"), named) {
            (Some(system), _) => system,
            (None, Some(Some(id))) => Handle { kind: Kind::GuestSystem, id },
            (None, Some(None)) => return Err(ApiError::invalid("Unable to find the guest OS by name")),
            (None, None) => {
                return Err(ApiError::invalid("Please specify either a guest OS name or UUID"));
            }
        };
        let (hypervisor, version) =
            (arguments.required("hypervisor"), arguments.required("hypervisorversion"));
        let mut known = world.register.naming(Kind::GuestSystemMapping, "ostypeid", system);
        let is_same = |id| {
            let record = world.register.get(Kind::GuestSystemMapping, id);
            record.is_some_and(|record| {
                record.field("hypervisor").is_some_and(|own| own.eq_ignore_ascii_case(hypervisor))
                    && record.field("hypervisorversion") == Some(version)
            })
        };
        if known.any(is_same) && !arguments.flag("forced") {
            return Err(ApiError::invalid(format!(
                "Mapping from hypervisor {hypervisor}, version {version} and guest OS {} already exists",
                world.name_of(system).unwrap_or_default()
            )));
        }
        Ok(())
    }),
    ..Row::PLAIN
}];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        events: Some(EventTexts::of("Adding a new guest OS mapping")),
        ..create_then_show("addGuestOsMapping")
    },
    list("listGuestOsMapping"),
    Behaviour {
        events: Some(EventTexts::of("Updating guest OS mapping: {}")),
        ..update("updateGuestOsMapping")
    },
    Behaviour {
        events: Some(EventTexts::of("Removing guest OS mapping: {}")),
        ..delete("removeGuestOsMapping")
    },
];
