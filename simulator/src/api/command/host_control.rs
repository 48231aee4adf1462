//! How hosts are switched on and off from outside, and how they are watched and revived.

use super::host::host;
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::view;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::host::{Host, OutOfBand};
use crate::world::kind::{Handle, Kind};
use crate::world::resource::ResourceDetail;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "configureOutOfBandManagement",
        run: |world, _, arguments| {
            let (id, _) = host(world, arguments, "hostid")?;
            let driver = arguments.required("driver");
            if !DRIVERS.contains(&driver) {
                return Err(ApiError::invalid("Out-of-band management driver provided is not supported"));
            }
            let told = |name: &str| arguments.filled(name).unwrap_or_default().to_owned();
            let out_of_band = OutOfBand {
                enabled: false,
                driver: Some(driver.to_owned()),
                address: told("address"),
                port: told("port"),
                username: told("username"),
                password: told("password"),
            };
            if let Some(row) = world.hosts.get_mut(id) {
                let enabled = row.out_of_band.enabled;
                row.out_of_band = OutOfBand { enabled, ..out_of_band };
            }
            let (_, row) = host(world, arguments, "hostid")?;
            let text =
                format!("Out-of-band management successfully configured for {}.", view::host_dump(id, row));
            Ok(Reply::Object(
                view::out_of_band(Some(row), row).with("description", text).with("status", true),
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "enableOutOfBandManagementForHost",
        events: Some(EventTexts::of("enabling out-of-band management on host")),
        ..SWITCH_OUT_OF_BAND
    },
    Behaviour {
        name: "disableOutOfBandManagementForHost",
        events: Some(EventTexts::of("disabling out-of-band management on host")),
        ..SWITCH_OUT_OF_BAND
    },
    Behaviour {
        name: "enableOutOfBandManagementForCluster",
        about: Some("clusterid"),
        events: Some(EventTexts::of("enabling out-of-band management on cluster")),
        ..SWITCH_OUT_OF_BAND_OF_MANY
    },
    Behaviour {
        name: "disableOutOfBandManagementForCluster",
        about: Some("clusterid"),
        events: Some(EventTexts::of("disabling out-of-band management on cluster")),
        ..SWITCH_OUT_OF_BAND_OF_MANY
    },
    Behaviour {
        name: "enableOutOfBandManagementForZone",
        about: Some("zoneid"),
        events: Some(EventTexts::of("enabling out-of-band management on zone")),
        ..SWITCH_OUT_OF_BAND_OF_MANY
    },
    Behaviour {
        name: "disableOutOfBandManagementForZone",
        about: Some("zoneid"),
        events: Some(EventTexts::of("disabling out-of-band management on zone")),
        ..SWITCH_OUT_OF_BAND_OF_MANY
    },
    Behaviour {
        name: "changeOutOfBandManagementPassword",
        about: Some("hostid"),
        events: Some(EventTexts::of("updating out-of-band management password")),
        run: |world, _, arguments| {
            let (id, row) = switchable(world, arguments)?;
            Err(ApiError::runtime(format!(
                "Failed to change out-of-band management password on {}: no controller answers",
                view::host_dump(id, row)
            )))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "issueOutOfBandManagementPowerAction",
        about: Some("hostid"),
        events: Some(EventTexts::of("executing out-of-band management power action on host")),
        run: |world, _, arguments| {
            let (id, row) = switchable(world, arguments)?;
            Err(ApiError::runtime(format!(
                "Out-of-band Management action ({}) on {} failed with error: no controller answers",
                arguments.required("action").to_ascii_uppercase(),
                view::host_dump(id, row)
            )))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listHostHAProviders",
        run: |_, _, arguments| {
            let hypervisor = arguments.required("hypervisor");
            let is_known = hypervisor.eq_ignore_ascii_case("Simulator");
            let provider = is_known.then(|| Object::new().with("haprovider", "SimulatorHAProvider"));
            Ok(Reply::all(provider.into_iter().collect()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listHostHAResources",
        run: |world, _, arguments| {
            let wanted = arguments.has("hostid").then(|| arguments.id("hostid"));
            let matches = world
                .hosts
                .iter()
                .filter(|(_, row)| row.ha.provider.is_some())
                .filter(|(id, _)| wanted.is_none_or(|wanted| wanted == Some(*id)))
                .map(|(_, row)| view::host_ha(Some(row), row));
            Ok(Reply::all(matches.collect()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "configureHAForHost",
        events: Some(EventTexts::of("configuring HA for resource")),
        run: |world, _, arguments| {
            let (id, _) = host(world, arguments, "hostid")?;
            let provider = arguments.required("provider");
            if !provider.eq_ignore_ascii_case("SimulatorHAProvider") {
                return Err(ApiError::invalid(format!("Given HA provider does not exist: {provider}")));
            }
            if let Some(row) = world.hosts.get_mut(id) {
                row.ha.provider = Some(provider.to_owned());
            }
            let (_, row) = host(world, arguments, "hostid")?;
            Ok(Reply::Object(Object::new().with("hostid", row.uuid).with("haprovider", provider)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "enableHAForHost",
        events: Some(EventTexts::of("enabling HA for resource")),
        ..SWITCH_HA
    },
    Behaviour {
        name: "disableHAForHost",
        events: Some(EventTexts::of("disabling HA for resource")),
        ..SWITCH_HA
    },
    Behaviour {
        name: "enableHAForCluster",
        about: Some("clusterid"),
        events: Some(EventTexts::of("enabling HA for cluster")),
        ..SWITCH_HA_OF_MANY
    },
    Behaviour {
        name: "disableHAForCluster",
        about: Some("clusterid"),
        events: Some(EventTexts::of("disabling HA for cluster")),
        ..SWITCH_HA_OF_MANY
    },
    Behaviour {
        name: "enableHAForZone",
        about: Some("zoneid"),
        events: Some(EventTexts::of("enabling HA for zone")),
        ..SWITCH_HA_OF_MANY
    },
    Behaviour {
        name: "disableHAForZone",
        about: Some("zoneid"),
        events: Some(EventTexts::of("disabling HA for zone")),
        ..SWITCH_HA_OF_MANY
    },
    // Nothing fails by itself here, so no host ever changes its state.
    Behaviour {
        name: "listSimulatorHAStateTransitions",
        run: |_, _, _| Ok(Reply::all(Vec::new())),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "configureSimulatorHAProviderState",
        run: |world, _, arguments| host(world, arguments, "hostid").map(|_| Reply::SUCCESS),
        ..Behaviour::PLAIN
    },
];

/// The drivers that the server brings.
const DRIVERS: &[&str] = &["ipmitool", "nestedcloudstack", "redfish"];

/// Whether a command switches on.
fn switches_on(arguments: &Arguments) -> bool {
    arguments.command().name().starts_with("enable")
}

const SWITCH_OUT_OF_BAND: Behaviour = Behaviour {
    about: Some("hostid"),
    run: |world, _, arguments| {
        let enabled = switches_on(arguments);
        change(world, arguments, "enabled", |row| row.out_of_band.enabled = enabled)
    },
    ..Behaviour::PLAIN
};

const SWITCH_HA: Behaviour = Behaviour {
    run: |world, _, arguments| {
        let enabled = switches_on(arguments);
        if enabled && host(world, arguments, "hostid")?.1.ha.provider.is_none() {
            return Err(ApiError::runtime("HA provider is not configured for the resource"));
        }
        change(world, arguments, "haenable", |row| row.ha.enabled = enabled)
    },
    ..Behaviour::PLAIN
};

/// The detail by which a zone or a cluster is kept from out-of-band management
/// (upstream's `OutOfBandManagementServiceImpl`).
const OUT_OF_BAND_DETAIL: &str = "outOfBandManagementEnabled";
/// The detail by which the hosts of a zone or a cluster are watched (upstream's `HAManagerImpl`).
const HA_DETAIL: &str = "resourceHAEnabled";

const SWITCH_OUT_OF_BAND_OF_MANY: Behaviour = Behaviour {
    run: |world, _, arguments| {
        let enabled = note(world, arguments, OUT_OF_BAND_DETAIL);
        Ok(Reply::Object(Object::new().with("enabled", enabled).with("status", true)))
    },
    ..Behaviour::PLAIN
};

const SWITCH_HA_OF_MANY: Behaviour = Behaviour {
    run: |world, _, arguments| {
        note(world, arguments, HA_DETAIL);
        Ok(Reply::SUCCESS)
    },
    ..Behaviour::PLAIN
};

/// Notes on the zone or cluster that a command is about whether something is on there.
fn note(world: &mut World, arguments: &Arguments, key: &str) -> bool {
    let enabled = switches_on(arguments);
    let name = if arguments.command().name().ends_with("Zone") { "zoneid" } else { "clusterid" };
    if let Some(of) = arguments.handle(name) {
        let (key, value) = (key.to_owned(), enabled.to_string());
        world.set_detail(ResourceDetail { of, key, value, display: true });
    }
    enabled
}

/// Whether a zone or a cluster has something switched off for all its hosts.
fn is_off(world: &World, of: Handle, key: &str) -> bool {
    world.resource_details.iter().any(|one| one.of == of && one.key == key && one.value == "false")
}

/// The host that a command is about, whose controller may be used.
fn switchable<'a>(world: &'a World, arguments: &Arguments) -> Result<(Id, &'a Host), ApiError> {
    let (id, row) = host(world, arguments, "hostid")?;
    for of in [Handle { kind: Kind::Zone, id: row.zone }, Handle { kind: Kind::Cluster, id: row.cluster }] {
        if is_off(world, of, OUT_OF_BAND_DETAIL) {
            let name = world.name_of(of).unwrap_or_default();
            return Err(ApiError::runtime(format!(
                "Out-of-band management is disabled for {} {name}",
                of.kind.type_name().to_lowercase()
            )));
        }
    }
    if !row.out_of_band.enabled || row.out_of_band.driver.is_none() {
        return Err(ApiError::runtime(
            "Out-of-band management is disabled or not configured for the host. Aborting Operation.",
        ));
    }
    Ok((id, row))
}

/// Changes a host and says what it is now.
fn change(
    world: &mut World,
    arguments: &Arguments,
    field: &'static str,
    act: impl FnOnce(&mut Host),
) -> Result<Reply, ApiError> {
    let (id, row) = host(world, arguments, "hostid")?;
    let uuid = row.uuid;
    if let Some(row) = world.hosts.get_mut(id) {
        act(row);
    }
    Ok(Reply::Object(
        Object::new().with("hostid", uuid).with(field, switches_on(arguments)).with("status", true),
    ))
}
