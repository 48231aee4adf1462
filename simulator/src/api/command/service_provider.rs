//! Who serves the networks of physical networks, and the routers and balancers behind them.

use super::physical_network::{physical_network, state};
use super::{Behaviour, EventTexts};
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::physical_network::{PROVIDERS, ServiceProvider, element_kind};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listNetworkServiceProviders",
        run: |world, _, arguments| {
            let physical = arguments.id("physicalnetworkid");
            let (name, wanted) = (arguments.filled("name"), arguments.filled("state"));
            let matches: Vec<Object> = world
                .service_providers
                .iter()
                .filter(|(_, row)| physical.is_none_or(|physical| row.physical_network == physical))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| {
                    wanted.is_none_or(|state| view::allocation(row.enabled).eq_ignore_ascii_case(state))
                })
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(_, row)| view::service_provider(world, row))
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "addNetworkServiceProvider",
        create: Some(|world, _, arguments| {
            let (physical, _) = physical_network(world, arguments, "physicalnetworkid")?;
            let name = arguments.required("name");
            let Some((name, services)) = PROVIDERS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
            else {
                return Err(ApiError::invalid(format!(
                    "Unable to find the Network Element implementing the Service Provider '{name}'"
                )));
            };
            let is_taken = |row: &ServiceProvider| row.physical_network == physical && row.name == *name;
            if world.service_providers.iter().any(|(_, row)| is_taken(row)) {
                return Err(ApiError::runtime(format!(
                    "The '{name}' provider already exists on physical network : {physical}"
                )));
            }
            let asked = arguments.texts("servicelist");
            let services = services
                .iter()
                .filter(|service| {
                    asked.is_empty() || asked.iter().any(|asked| asked.eq_ignore_ascii_case(service))
                })
                .map(|service| (*service).to_owned())
                .collect();
            let id = world.add_service_provider(physical, name, services);
            Ok(Handle { kind: Kind::ServiceProvider, id })
        }),
        events: Some(EventTexts {
            scheduled: "Adding physical network ServiceProvider: {}",
            action: "Creating Physical Network ServiceProvider",
            created: Some("Creating Physical Network ServiceProvider"),
        }),
        run: |world, _, arguments| Ok(show(world, arguments.created().unwrap_or_default())),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateNetworkServiceProvider",
        events: Some(EventTexts::of("Updating physical network ServiceProvider")),
        run: |world, _, arguments| {
            let (id, row) = provider(world, arguments)?;
            let enabled = state(arguments)?;
            let is_ready = match row.element {
                Some((_, enabled)) => enabled,
                // Others than the server's own machines need a device, which nothing here is.
                None => !matches!(row.name.as_str(), "Netscaler" | "Ovs"),
            };
            if enabled == Some(true) && !is_ready {
                return Err(ApiError::new(
                    Fault::Runtime,
                    "Provider is not ready, cannot Enable the provider, please configure the provider first",
                ));
            }
            let asked = arguments.texts("servicelist").to_vec();
            if let Some(row) = world.service_providers.get_mut(id) {
                row.enabled = enabled.unwrap_or(row.enabled);
                if !asked.is_empty() {
                    row.services = asked;
                }
            }
            Ok(show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteNetworkServiceProvider",
        events: Some(EventTexts::of("Deleting physical network ServiceProvider")),
        run: |world, _, arguments| {
            let (id, _) = provider(world, arguments)?;
            world.service_providers.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "addNetscalerLoadBalancer",
        check: Some(|_, _, arguments| {
            let empty = ["url", "username", "password", "networkdevicetype"]
                .into_iter()
                .find(|name| arguments.filled(name).is_none());
            empty.map_or(Ok(()), |name| {
                Err(ApiError::invalid(format!("Invalid value provided for API arg: {name}")))
            })
        }),
        events: Some(EventTexts::of("Adding a netscaler load balancer device")),
        run: |_, _, arguments| {
            let host = arguments.required("url").split(['/', '?']).find(|part| part.contains('.'));
            Err(ApiError::api(
                530,
                format!(
                    "Failed to log in to Netscaler device at {} due to Cannot invoke \"java.io.InputStream.read(byte[], \
                     int, int)\" because \"input\" is null",
                    host.unwrap_or_default()
                ),
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listTrafficTypeImplementors",
        run: |world, _, arguments| {
            let wanted = arguments.filled("traffictype");
            let matches: Vec<Object> = IMPLEMENTORS
                .iter()
                .filter(|(traffic, _)| wanted.is_none_or(|wanted| traffic.eq_ignore_ascii_case(wanted)))
                .map(|(traffic, name)| {
                    Object::new().with("traffictype", *traffic).with("traffictypeimplementor", *name)
                })
                .collect();
            listing::page(world, arguments, matches, |object| object)
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listVirtualRouterElements", ..LIST_ELEMENTS },
    Behaviour { name: "listInternalLoadBalancerElements", ..LIST_ELEMENTS },
    Behaviour {
        name: "configureVirtualRouterElement",
        events: Some(EventTexts::of("configuring virtual router provider")),
        ..CONFIGURE_ELEMENT
    },
    Behaviour {
        name: "configureInternalLoadBalancerElement",
        events: Some(EventTexts::of("configuring internal load balancer element")),
        ..CONFIGURE_ELEMENT
    },
];

/// Which part of the server makes the networks of a kind of traffic.
const IMPLEMENTORS: &[(&str, &str)] = &[
    ("Guest", "BigSwitchBcfGuestNetworkGuru"),
    ("Guest", "NiciraNvpGuestNetworkGuru"),
    ("Guest", "OpendaylightGuestNetworkGuru"),
    ("Guest", "OvsGuestNetworkGuru"),
    ("Guest", "ExternalGuestNetworkGuru"),
    ("Management", "PodBasedNetworkGuru"),
    ("Public", "PublicNetworkGuru"),
    ("Guest", "DirectNetworkGuru"),
    ("Guest", "DirectPodBasedNetworkGuru"),
    ("Guest", "PrivateNetworkGuru"),
    ("Control", "ControlNetworkGuru"),
    ("Storage", "StorageNetworkGuru"),
    ("Guest", "SspGuestNetworkGuru"),
    ("Guest", "BrocadeVcsGuestNetworkGuru"),
    ("Guest", "VxlanGuestNetworkGuru"),
];

const LIST_ELEMENTS: Behaviour = Behaviour {
    run: |world, _, arguments| {
        let kind = kind_of(arguments);
        let (wanted, provider) = (listing::wanted(arguments)?, arguments.id("nspid"));
        let enabled = arguments.maybe_flag("enabled");
        let matches: Vec<Object> = world
            .service_providers
            .iter()
            .filter(|(_, row)| element_kind(&row.name) == Some(kind))
            .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
            .filter(|(id, _)| provider.is_none_or(|provider| *id == provider))
            .filter(|(_, row)| {
                enabled.is_none_or(|wanted| row.element.is_some_and(|(_, enabled)| enabled == wanted))
            })
            .map(|(_, row)| view::element(row))
            .collect();
        listing::page(world, arguments, matches, |object| object)
    },
    ..Behaviour::PLAIN
};

const CONFIGURE_ELEMENT: Behaviour = Behaviour {
    run: |world, _, arguments| {
        let id = arguments.id("id").unwrap_or_default();
        let enabled = arguments.flag("enabled");
        let row = world.service_providers.get_mut(id).ok_or_else(|| {
            ApiError::invalid(format!("Can't find element with network service provider id {id}"))
        })?;
        row.element = row.element.map(|(uuid, _)| (uuid, enabled));
        Ok(Reply::Object(view::element(row)))
    },
    ..Behaviour::PLAIN
};

/// Which elements a command speaks of.
fn kind_of(arguments: &Arguments) -> Kind {
    if arguments.command().name().contains("VirtualRouter") {
        Kind::VirtualRouterElement
    } else {
        Kind::InternalBalancerElement
    }
}

/// The provider that `id` names.
fn provider<'a>(world: &'a World, arguments: &Arguments) -> Result<(Id, &'a ServiceProvider), ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let row = world.service_providers.get(id);
    row.map(|row| (id, row)).ok_or_else(|| {
        ApiError::invalid(format!("Network Service Provider id={id}doesn't exist in the system"))
    })
}

fn show(world: &World, id: Id) -> Reply {
    let row = world.service_providers.get(id);
    Reply::Object(row.map(|row| view::service_provider(world, row)).unwrap_or_default())
}
