//! What a saved world may not claim: things in things that are not there, domains inside each other, names that
//! nobody knows, numbers that were never given.

use std::collections::BTreeSet;

use super::SavedError;
use crate::catalog;
use crate::world::World;
use crate::world::table::{Id, Table};

fn wrong<T>(path: String, reason: String) -> Result<T, SavedError> {
    Err(SavedError::Member { path, reason })
}

/// Every row is inside rows that are there. A thing that was only used by a row may be gone.
pub(super) fn references(world: &World) -> Result<(), SavedError> {
    macro_rules! inside {
        ($($table:ident . $field:ident in $outer:ident;)*) => {
            $(for (id, row) in world.$table.iter() {
                if world.$outer.get(row.$field).is_none() {
                    let path = format!(concat!("world.", stringify!($table), ".rows.{}.", stringify!($field)), id);
                    let reason = format!(concat!("there is no row {} in world.", stringify!($outer)), row.$field);
                    return wrong(path, reason);
                }
            })*
        };
    }
    inside! {
        accounts.domain in domains;
        users.account in accounts;
        role_rules.role in roles;
        projects.account in accounts;
        projects.domain in domains;
        project_roles.project in projects;
        pods.zone in zones;
        clusters.pod in pods;
        clusters.zone in zones;
        hosts.cluster in clusters;
        hosts.pod in pods;
        hosts.zone in zones;
        physical_networks.zone in zones;
        traffic_types.physical_network in physical_networks;
        service_providers.physical_network in physical_networks;
        networks.zone in zones;
        virtual_machines.zone in zones;
    }
    for (id, _) in world.domains.iter() {
        outermost(world, id)?;
    }
    Ok(())
}

/// Walks up from a domain; who looks for limits does so too, and must come to an end.
fn outermost(world: &World, start: Id) -> Result<(), SavedError> {
    let mut passed = BTreeSet::new();
    let mut next = Some(start);
    while let Some(id) = next {
        let path = || format!("world.domains.rows.{start}.parent");
        if !passed.insert(id) {
            return wrong(path(), format!("domain {id} is inside itself"));
        }
        let Some(row) = world.domains.get(id) else {
            return wrong(path(), format!("there is no row {id} in world.domains"));
        };
        next = row.parent;
    }
    Ok(())
}

/// Commands and settings are looked up where they are known.
pub(super) fn names(world: &World) -> Result<(), SavedError> {
    for (id, job) in world.jobs.iter() {
        if !job.command.is_empty() && catalog::command(job.command).is_none() {
            let reason = format!("{:?} is no command of the catalogue", job.command);
            return wrong(format!("world.jobs.rows.{id}.command"), reason);
        }
    }
    if !world.release.is_played() {
        let reason = format!("release {} is not played: from 4.11 to 4.22 they are", world.release);
        return wrong("world.release".to_owned(), reason);
    }
    match world.settings.unknown() {
        Some(name) => wrong("world.settings".to_owned(), format!("{name:?} is no setting")),
        None => Ok(()),
    }
}

/// What is numbered inside of rows: no number twice, none that is still to be given.
pub(super) fn numbers(world: &World) -> Result<(), SavedError> {
    let nics = || world.virtual_machines.iter().flat_map(|(_, machine)| &machine.nics);
    given("last_nic", world.last_nic, nics().map(|nic| nic.id))?;
    let secondary = nics().flat_map(|nic| &nic.secondary).map(|one| one.id);
    given("last_secondary_address", world.last_secondary_address, secondary)?;
    let rules = world.security_groups.iter().flat_map(|(_, group)| &group.rules).map(|rule| rule.id);
    given("last_security_group_rule", world.last_security_group_rule, rules)?;
    let balancing = world.firewall_rules.iter().filter_map(|(_, rule)| rule.balancing.as_ref());
    let policies = balancing.filter_map(|balancing| balancing.stickiness.as_ref()).map(|policy| policy.id);
    given("last_stickiness_policy", world.last_stickiness_policy, policies)
}

fn given(member: &str, last: Id, ids: impl Iterator<Item = Id>) -> Result<(), SavedError> {
    let path = || format!("world.{member}");
    if last > Table::<()>::LARGEST {
        return wrong(path(), format!("{last} leaves no room for more"));
    }
    let mut seen = BTreeSet::new();
    for id in ids {
        if id == 0 || id > last {
            return wrong(
                path(),
                format!("the number {id} is in use, but the last one given is said to be {last}"),
            );
        }
        if !seen.insert(id) {
            return wrong(path(), format!("the number {id} was given twice"));
        }
    }
    Ok(())
}
