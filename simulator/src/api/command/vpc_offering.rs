//! Offerings of VPCs (GRA-005).

use uuid::Uuid;

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::vpc::VpcOffering;

/// The services that a VPC can have.
const SERVICES: [&str; 12] = [
    "Dhcp",
    "Dns",
    "UserData",
    "StaticNat",
    "Vpn",
    "Lb",
    "PortForwarding",
    "NetworkACL",
    "SourceNat",
    "Gateway",
    "Connectivity",
    "BaremetalPxeService",
];
/// The provider of a service for which the request names none.
const ROUTER: &str = "VpcVirtualRouter";

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createVPCOffering",
        create: Some(|world, _, arguments| {
            let services = services(arguments)?;
            let name = arguments.required("name").to_owned();
            let created = world.now;
            let id = world.add_vpc_offering(VpcOffering {
                uuid: Uuid::nil(),
                display_text: arguments.filled("displaytext").unwrap_or(&name).to_owned(),
                name,
                services,
                network_mode: arguments.filled("networkmode").map(str::to_uppercase),
                for_nsx: arguments.flag("fornsx"),
                is_default: false,
                enabled: arguments.flag("enable"),
                redundant: is_redundant(arguments),
                sort_key: 0,
                created,
            });
            Ok(Handle { kind: Kind::VpcOffering, id })
        }),
        events: Some(EventTexts {
            scheduled: "creating VPC offering. Id: {#}",
            action: "",
            created: Some("creating vpc offering"),
        }),
        run: |world, _, arguments| Ok(Reply::Object(show(world, arguments.created().unwrap_or_default()))),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listVPCOfferings",
        run: |world, _, arguments| {
            let wanted = listing::wanted(arguments)?;
            let (name, text) = (arguments.filled("name"), arguments.filled("displaytext"));
            let (state, is_default) = (arguments.filled("state"), arguments.maybe_flag("isdefault"));
            let services = arguments.texts("supportedservices");
            let offers =
                |row: &VpcOffering, service: &String| row.services.iter().any(|(name, _)| name == service);
            let mut matches: Vec<(i64, Id)> = world
                .vpc_offerings
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| {
                    text.is_none_or(|text| row.display_text.to_lowercase().contains(&text.to_lowercase()))
                })
                .filter(|(_, row)| is_default.is_none_or(|wanted| row.is_default == wanted))
                .filter(|(_, row)| state.is_none_or(|state| state_name(row).eq_ignore_ascii_case(state)))
                .filter(|(_, row)| services.iter().all(|service| offers(row, service)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name, &row.display_text]))
                .map(|(id, row)| (row.sort_key, id))
                .collect();
            matches.sort_unstable();
            listing::page(world, arguments, matches, |(_, id)| show(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateVPCOffering",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Updating VPC offering id={#}",
            action: "updating vpc offering",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.vpc_offerings.get_mut(id) else { return Err(is_gone(id)) };
            let enabled = match arguments.filled("state") {
                None => row.enabled,
                Some(word) if word.eq_ignore_ascii_case("Enabled") => true,
                Some(word) if word.eq_ignore_ascii_case("Disabled") => false,
                Some(word) => return Err(ApiError::invalid(format!("Incorrect state value: {word}"))),
            };
            row.enabled = enabled;
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut row.name);
            }
            if let Some(text) = arguments.filled("displaytext") {
                text.clone_into(&mut row.display_text);
            }
            if let Some(key) = arguments.integer("sortkey") {
                row.sort_key = key;
            }
            Ok(Reply::Object(show(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteVPCOffering",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Deleting VPC offering id={#}",
            action: "deleting vpc offering",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.vpc_offerings.get(id) else { return Err(is_gone(id)) };
            if row.is_default {
                return Err(ApiError::invalid("Default network offering can't be deleted"));
            }
            let used = world.vpcs.iter().filter(|(_, vpc)| vpc.offering == id).count();
            if used > 0 {
                return Err(ApiError::invalid(format!(
                    "Can't delete vpc offering {id} as its used by {used} vpcs. To make the network offering \
                     unavailable, disable it"
                )));
            }
            world.vpc_offerings.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

fn is_gone(id: Id) -> ApiError {
    ApiError::invalid(format!("unable to find vpc offering {id}"))
}

fn state_name(row: &VpcOffering) -> &'static str {
    if row.enabled { "Enabled" } else { "Disabled" }
}

/// The services that the request names, each with its providers. What no VPC can do without is added.
fn services(arguments: &Arguments) -> Result<Vec<(String, String)>, ApiError> {
    let known = |name: &str| SERVICES.iter().find(|service| service.eq_ignore_ascii_case(name));
    let providers = arguments.grouped("serviceproviderlist");
    let mut services = Vec::new();
    for name in arguments.texts("supportedservices") {
        let Some(service) = known(name) else {
            return Err(ApiError::invalid(format!("Service {name} is not supported in VPC")));
        };
        let named: Vec<String> = providers
            .iter()
            .filter(|group| group.get("service").is_some_and(|other| other.eq_ignore_ascii_case(service)))
            .filter_map(|group| group.get("provider").cloned())
            .collect();
        let named = if named.is_empty() { vec![ROUTER.to_owned()] } else { named };
        services.extend(named.into_iter().map(|provider| ((*service).to_owned(), provider)));
    }
    for needed in ["SourceNat", "NetworkACL"] {
        if !services.iter().any(|(name, _)| name == needed) {
            services.push((needed.to_owned(), ROUTER.to_owned()));
        }
    }
    let stray = providers
        .iter()
        .filter_map(|group| group.get("service"))
        .find(|name| !services.iter().any(|(service, _)| service.eq_ignore_ascii_case(name)));
    match stray {
        Some(name) => Err(ApiError::invalid(format!(
            "Service {name} is not enabled for the VPC offering, can't add a provider to it"
        ))),
        None => Ok(services),
    }
}

fn is_redundant(arguments: &Arguments) -> bool {
    arguments.grouped("servicecapabilitylist").iter().any(|group| {
        let says = |key: &str, word: &str| group.get(key).is_some_and(|text| text.eq_ignore_ascii_case(word));
        says("capabilitytype", "RedundantRouter") && says("capabilityvalue", "true")
    })
}

fn show(world: &World, id: Id) -> Object {
    let Some(row) = world.vpc_offerings.get(id) else { return Object::default() };
    if row.is_default && world.sins(Quirk::DefaultOfferingsAreRenamed) {
        return view::vpc_offering(&VpcOffering { name: format!("{} (default)", row.name), ..row.clone() });
    }
    view::vpc_offering(row)
}
