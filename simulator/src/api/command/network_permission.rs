//! Which accounts may use somebody's network besides its owner.

use super::Behaviour;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::network::Network;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createNetworkPermissions",
        run: |world, caller, arguments| {
            let (id, network) = own_network(world, caller, arguments)?;
            let (permitted, owner) = (named_accounts(world, network, arguments)?, network.owner.account);
            if let Some(row) = world.networks.get_mut(id) {
                for account in permitted.into_iter().filter(|account| *account != owner) {
                    if !row.permitted.contains(&account) {
                        row.permitted.push(account);
                    }
                }
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeNetworkPermissions",
        run: |world, caller, arguments| {
            let (id, network) = own_network(world, caller, arguments)?;
            let gone = named_accounts(world, network, arguments)?;
            if let Some(row) = world.networks.get_mut(id) {
                row.permitted.retain(|account| !gone.contains(account));
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "resetNetworkPermissions",
        run: |world, caller, arguments| {
            let (id, _) = own_network(world, caller, arguments)?;
            if let Some(row) = world.networks.get_mut(id) {
                row.permitted.clear();
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listNetworkPermissions",
        run: |world, caller, arguments| {
            let (_, network) = own_network(world, caller, arguments)?;
            let uuid = network.uuid;
            let matches: Vec<Object> = network
                .permitted
                .iter()
                .filter_map(|account| {
                    let row = world.accounts.get(*account)?;
                    let domain = world.domains.get(row.domain);
                    let project = world.project_of(*account).map(|(_, project)| project);
                    Some(
                        Object::new()
                            .with("networkid", uuid)
                            .with("domainid", domain.map(|domain| domain.uuid))
                            .with("domain", domain.map(|domain| domain.name.as_str()))
                            .with("account", project.is_none().then_some(row.name.as_str()))
                            .with("accountid", project.is_none().then_some(row.uuid))
                            .with("project", project.map(|project| project.name.as_str()))
                            .with("projectid", project.map(|project| project.uuid)),
                    )
                })
                .collect();
            Ok(Reply::all(matches))
        },
        ..Behaviour::PLAIN
    },
];

/// The network that a command is about, which must be an account's and in the caller's reach.
fn own_network<'a>(
    world: &'a World,
    caller: &Caller,
    arguments: &Arguments,
) -> Result<(Id, &'a Network), ApiError> {
    let id = arguments.id("networkid").unwrap_or_default();
    let Some(row) = world.networks.get(id) else {
        return Err(ApiError::invalid(format!("unable to find network with id {id}")));
    };
    if row.subdomain_access.is_some() {
        return Err(ApiError::invalid("network is already shared in domain"));
    }
    if !caller.reaches(world, row.owner) {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    Ok((id, row))
}

/// The accounts that a command names: by name in the domain of the network's owner, by identifier, or by project.
fn named_accounts(world: &World, network: &Network, arguments: &Arguments) -> Result<Vec<Id>, ApiError> {
    let mut accounts = Vec::new();
    for name in arguments.texts("accounts") {
        let found = world.account_by_name(name, network.owner.domain);
        accounts.push(found.ok_or_else(|| {
            ApiError::invalid(format!(
                "Unable to find account {name} in the domain of network {}",
                network.uuid
            ))
        })?);
    }
    accounts.extend(arguments.ids("accountids"));
    let projects = arguments.ids("projectids");
    accounts.extend(projects.into_iter().filter_map(|id| world.projects.get(id)).map(|row| row.account));
    Ok(accounts)
}
