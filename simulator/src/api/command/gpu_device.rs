//! Graphics cards in hosts, and shares of them. Simulated hosts have none of their own: there are
//! those that an administrator registers.

use super::register::{Default, Field, Row, create, list, row, shown, update};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::reply::Reply;
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;

pub(super) const ROWS: &[Row] = &[Row {
    kind: Kind::GpuDevice,
    noun: "GpuDevice",
    fields: &[
        Field::of("busaddress"),
        Field::of("gpudevicetype")
            .from("type")
            .one_of(&["PCI", "MDEV", "VGPUOnly"], "Invalid GPU device type: {value}")
            .or(Default::Text("PCI")),
        Field::of("hostid").named("hostname"),
        Field::of("gpucardid").named("gpucardname"),
        Field::of("vgpuprofileid").named("vgpuprofilename"),
        Field::of("state").or(Default::Text("Free")),
        Field::of("managedstate").or(Default::Text("Managed")),
        Field::of("parentgpudeviceid"),
        Field::of("numanode"),
    ],
    gone: "GPU device with ID {id} not found",
    check: Some(|world, _, arguments| {
        let (host, address) = (arguments.handle("hostid"), arguments.required("busaddress"));
        let mut devices = world.register.iter(Kind::GpuDevice);
        if devices.any(|(_, row)| row.thing("hostid") == host && row.field("busaddress") == Some(address)) {
            let name = host.and_then(|host| world.name_of(host)).unwrap_or_default();
            return Err(ApiError::invalid(format!(
                "A GPU device with bus address {address} already exists on host {name}"
            )));
        }
        let profile = arguments.id("vgpuprofileid").unwrap_or_default();
        let card = world.register.get(Kind::VgpuProfile, profile).and_then(|row| row.thing("gpucardid"));
        if card != arguments.handle("gpucardid") {
            return Err(ApiError::invalid("The vGPU profile does not belong to the specified GPU card"));
        }
        Ok(())
    }),
    ..Row::PLAIN
}];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour { events: Some(EventTexts::of("creating GPU device")), ..create("createGpuDevice") },
    // A simulated machine has no graphics card.
    Behaviour {
        run: |world, caller, arguments| {
            let row = row(arguments);
            let mut matches = super::register::matching(world, caller, arguments, row)?;
            if arguments.has("virtualmachineid") {
                matches.clear();
            }
            listing::page(world, arguments, matches, |id| shown(world, row, id))
        },
        ..list("listGpuDevices")
    },
    Behaviour {
        name: "discoverGpuDevices",
        run: |world, _, arguments| {
            let host = Handle { kind: Kind::Host, id: arguments.id("id").unwrap_or_default() };
            let matches: Vec<Id> = world.register.naming(Kind::GpuDevice, "hostid", host).collect();
            listing::page(world, arguments, matches, |id| shown(world, row(arguments), id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour { events: Some(EventTexts::of("updating GPU device")), ..update("updateGpuDevice") },
    Behaviour {
        name: "deleteGpuDevice",
        run: |world, _, arguments| {
            for id in arguments.ids("ids") {
                world.register.remove(Kind::GpuDevice, id);
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "manageGpuDevice",
        run: |world, _, arguments| Ok(look_after(world, arguments, "Managed")),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "unmanageGpuDevice",
        run: |world, _, arguments| Ok(look_after(world, arguments, "Unmanaged")),
        ..Behaviour::PLAIN
    },
];

/// Has devices looked after, or no more.
fn look_after(world: &mut World, arguments: &Arguments, state: &'static str) -> Reply {
    for id in arguments.ids("ids") {
        if let Some(record) = world.register.get_mut(Kind::GpuDevice, id) {
            record.fields.insert("managedstate", state.into());
        }
    }
    Reply::SUCCESS
}
