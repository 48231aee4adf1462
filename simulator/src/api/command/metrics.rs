//! Lists with figures, and what the server knows of itself.

use uuid::Uuid;

use super::Behaviour;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::view::metrics;
use crate::api::{listing, view};
use crate::catalog;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour { name: "listHostsMetrics", ..WITH_FIGURES },
    Behaviour { name: "listClustersMetrics", ..WITH_FIGURES },
    Behaviour { name: "listZonesMetrics", ..WITH_FIGURES },
    Behaviour { name: "listStoragePoolsMetrics", ..WITH_FIGURES },
    Behaviour { name: "listVirtualMachinesMetrics", ..WITH_FIGURES },
    Behaviour { name: "listVirtualMachinesUsageHistory", run: usage_history, ..Behaviour::PLAIN },
    Behaviour { name: "listSystemVmsUsageHistory", run: system_usage_history, ..Behaviour::PLAIN },
    Behaviour {
        name: "listCapacity",
        run: |world, _, arguments| {
            let (zone, kind) = (arguments.id("zoneid"), arguments.integer("type"));
            let zones: Vec<u64> = world
                .zones
                .iter()
                .map(|(id, _)| id)
                .filter(|id| zone.is_none_or(|zone| zone == *id))
                .collect();
            let matches: Vec<Object> = zones
                .into_iter()
                .flat_map(|zone| view::zone_capacities(world, zone))
                .filter(|row| kind.is_none_or(|kind| row.get("type") == Some(&kind.into())))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listManagementServers",
        run: |world, _, arguments| {
            let is_meant = is_this_server(world, arguments);
            let rows: Vec<Object> = is_meant.then(|| metrics::management_server(world)).into_iter().collect();
            listing::page(world, arguments, rows, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listManagementServersMetrics",
        run: |world, _, arguments| {
            let is_meant = is_this_server(world, arguments);
            let rows: Vec<Object> =
                is_meant.then(|| metrics::management_server_figures(world)).into_iter().collect();
            listing::page(world, arguments, rows, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listDbMetrics",
        run: |world, _, _| Ok(Reply::Object(metrics::database(world))),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listUsageServerMetrics",
        run: |world, _, _| Ok(Reply::Object(metrics::usage_server(world))),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listInfrastructure",
        run: |world, _, _| Ok(Reply::Object(metrics::infrastructure(world))),
        ..Behaviour::PLAIN
    },
];

const WITH_FIGURES: Behaviour = Behaviour { run: with_figures, ..Behaviour::PLAIN };

/// The rows of the list that the command is named after, `listHosts` for `listHostsMetrics`, each with its figures
/// before it.
fn with_figures(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let list = arguments.command().name().trim_end_matches("Metrics");
    let Some(list) = catalog::command(list) else { return Ok(Reply::all(Vec::new())) };
    let reply = (super::find(list)?.run)(world, caller, arguments)?;
    let Reply::List { count, items } = reply else { return Ok(reply) };
    let items = items.into_iter().map(|item| metrics::with_figures(world, item)).collect();
    Ok(Reply::List { count, items })
}

/// What the collector took down of machines.
fn usage_history(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let name = arguments.filled("name");
    let matches: Vec<Id> = world
        .virtual_machines
        .iter()
        .filter(|(_, row)| caller.reaches(world, row.owner))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
        .filter(|(id, row)| listing::keyword_matches(arguments, &[&row.name, &world.instance_name(*id, row)]))
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| {
        let Some(row) = world.virtual_machines.get(id) else { return Object::new() };
        let stats = figures(world, arguments, row.measured.filter(|_| world.is_measured(row)));
        Object::new().with("id", row.uuid).with("name", world.instance_name(id, row)).with("stats", stats)
    })
}

/// What the collector took down of system machines and routers that run.
fn system_usage_history(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let wanted: Vec<Uuid> =
        arguments.handles("ids").iter().filter_map(|thing| world.uuid_of(*thing)).collect();
    let one = arguments.has("id").then(|| arguments.handle("id").and_then(|thing| world.uuid_of(thing)));
    let name = arguments.filled("name");
    let system = world.system_vms.iter().map(|(_, row)| (row.uuid, row.name.clone(), row.state, row.created));
    let routers = world.routers().map(|row| (row.uuid, world.router_name(row), row.state, row.created));
    let matches: Vec<(Uuid, String, MachineState, Moment)> = system
        .chain(routers)
        .filter(|(uuid, ..)| one.is_none_or(|one| one == Some(*uuid)))
        .filter(|(uuid, ..)| !arguments.has("ids") || wanted.contains(uuid))
        .filter(|(_, own, ..)| name.is_none_or(|name| own.eq_ignore_ascii_case(name)))
        .filter(|(_, own, ..)| listing::keyword_matches(arguments, &[own]))
        .collect();
    listing::page(world, arguments, matches, |(uuid, name, state, created)| {
        let since = (state == MachineState::Running).then_some(created);
        Object::new().with("id", uuid).with("name", name).with("stats", figures(world, arguments, since))
    })
}

/// How many figures of a machine are kept: one a minute for half a day, as the settings are unless changed.
const KEPT: i64 = 720;

/// When the collector took figures down of a machine that it has known since then, as far as they are kept.
fn taken(world: &World, since: Moment) -> impl Iterator<Item = Moment> {
    let interval = world.settings.number("vm.stats.interval");
    let elapsed = world.now.0.saturating_sub(since.0).max(0);
    let times = elapsed.checked_div(interval.max(0)).unwrap_or(0);
    (times.saturating_sub(KEPT).max(0)..times).map(move |time| since.plus_millis((time + 1) * interval))
}

/// The figures that were taken down of a machine that the collector has known since then, within what the list asks
/// for. A simulated host says the same of every machine.
fn figures(world: &World, arguments: &Arguments, since: Option<Moment>) -> Vec<Object> {
    let (from, until) = (arguments.date("startdate"), arguments.date("enddate"));
    let is_meant =
        |at: &Moment| from.is_none_or(|from| *at >= from) && until.is_none_or(|until| *at <= until);
    let shown = since.into_iter().flat_map(|since| taken(world, since)).filter(is_meant).map(|at| {
        Object::new()
            .with("timestamp", at)
            .with("cpuused", "10%")
            .with("diskioread", 0)
            .with("diskiowrite", 0)
            .with("diskiopstotal", 0)
            .with("diskkbsread", 0)
            .with("diskkbswrite", 0)
            .with("memoryintfreekbs", -1)
            .with("memorykbs", 0)
            .with("memorytargetkbs", 0)
            .with("networkkbsread", 32768)
            .with("networkkbswrite", 16384)
            .with("networkread", "32.00 MiB")
            .with("networkwrite", "16.00 MiB")
    });
    shown.collect()
}

/// Whether the server that a list asks for is this one, the only one.
fn is_this_server(world: &World, arguments: &Arguments) -> bool {
    let sent = arguments.sent("id").is_none_or(|id| id == world.management_server.to_string());
    let named = arguments.filled("name").is_none_or(|name| name == "localhost");
    sent && named && listing::keyword_matches(arguments, &["localhost"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    #[test]
    fn figures_are_taken_once_an_interval_and_half_a_day_of_them_is_kept() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let mut seconds = |passed: i64, interval: &str| {
            world.now = VIRTUAL_EPOCH.plus_seconds(passed);
            world.settings.set("vm.stats.interval", interval).expect("a known setting");
            taken(&world, VIRTUAL_EPOCH).map(|at| (at.0 - VIRTUAL_EPOCH.0) / 1000).collect::<Vec<_>>()
        };
        assert!(seconds(59, "60000").is_empty());
        assert_eq!(seconds(185, "60000"), [60, 120, 180]);
        assert!(seconds(185, "0").is_empty());
        let kept = seconds(24 * 3600, "60000");
        assert_eq!((kept.len(), kept.last()), (720, Some(&(24 * 3600))));
    }
}
