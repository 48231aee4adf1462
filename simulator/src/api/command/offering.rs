//! Offerings.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::catalog::service::{self, SupportedService};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::Kind;
use crate::world::offering::{GuestType, Lease, NetworkOffering, NewServiceOffering, Operations};
use crate::world::reach::Reach;
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listServiceOfferings",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let name = arguments.filled("name");
            let system = arguments.flag("issystem");
            let (encrypted, machine) =
                (arguments.maybe_flag("encryptroot"), arguments.filled("systemvmtype"));
            let least = |name: &str| arguments.integer(name).and_then(|size| u32::try_from(size).ok());
            let (cores, speed, memory) = (least("cpunumber"), least("cpuspeed"), least("memory"));
            // What the buyer chooses is enough for everybody.
            let enough = |size: Option<u32>, least: Option<u32>| {
                size.zip(least).is_none_or(|(size, least)| size >= least)
            };
            let matches: Vec<Id> = world
                .service_offerings
                .iter()
                .filter(|(_, row)| row.active && row.system_vm_type.is_some() == system)
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| is_shown(world, *caller, arguments, &row.reach))
                .filter(|(_, row)| encrypted.is_none_or(|wanted| row.encrypted == wanted))
                .filter(|(_, row)| machine.is_none_or(|wanted| row.system_vm_type.as_deref() == Some(wanted)))
                .filter(|(_, row)| {
                    enough(row.cores, cores) && enough(row.speed, speed) && enough(row.memory, memory)
                })
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name, &row.display_text]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| {
                world
                    .service_offerings
                    .get(id)
                    .map(|row| view::service_offering(world, row))
                    .unwrap_or_default()
            })
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createServiceOffering",
        events: Some(EventTexts::of("creating service offering. Service offering id={#}")),
        run: |world, _, arguments| {
            let name = arguments.required("name").to_owned();
            let (cores, speed, memory) = (
                size(arguments, "cpunumber", &name, "cpu number")?,
                size(arguments, "cpuspeed", &name, "cpu speed")?,
                size(arguments, "memory", &name, "memory")?,
            );
            let given = [cores, speed, memory].iter().flatten().count();
            if given != 0 && (cores.is_none() || memory.is_none()) {
                return Err(ApiError::invalid(
                    "For creating a custom compute offering cpu and memory all should be null",
                ));
            }
            require_cache_mode(arguments)?;
            let display_text = arguments.filled("displaytext").map_or_else(|| name.clone(), str::to_owned);
            let system_vm_type = arguments
                .flag("issystem")
                .then(|| arguments.filled("systemvmtype").unwrap_or("domainrouter").to_owned());
            let disk_offering = arguments.id("diskofferingid");
            let lease = lease(world, arguments);
            let id = world.add_service_offering(NewServiceOffering {
                name,
                display_text,
                cores,
                speed,
                memory,
                storage_type: arguments.filled("storagetype").unwrap_or("shared").to_owned(),
                system_vm_type,
                disk_offering,
            });
            let details = arguments.grouped("serviceofferingdetails");
            let reach = wanted_reach(world, arguments);
            if let Some(row) = world.service_offerings.get_mut(id) {
                row.details = details
                    .into_iter()
                    .filter_map(|mut pair| {
                        Some((pair.remove("key")?, pair.remove("value").unwrap_or_default()))
                    })
                    .collect();
                row.ha = arguments.flag("offerha");
                row.reach = reach;
                row.encrypted = arguments.flag("encryptroot");
                row.storage_tags = arguments.filled("tags").map(str::to_owned);
                row.host_tags = arguments.filled("hosttags").map(str::to_owned);
                row.dynamic_scaling = arguments.maybe_flag("dynamicscalingenabled").unwrap_or(true);
                row.gpu_display = Some(arguments.flag("gpudisplay"));
                row.network_rate = arguments.integer("networkrate");
                row.lease = lease;
            }
            let own_disk = world.service_offerings.get(id).map(|row| row.disk_offering);
            if let Some(disk) = own_disk.filter(|_| disk_offering.is_none()) {
                describe_disks(world, disk, arguments);
            }
            let row = world.service_offerings.get(id);
            Ok(Reply::Object(row.map(|row| view::service_offering(world, row)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateServiceOffering",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let reach = changed_reach(world, arguments)?;
            let Some(row) = world.service_offerings.get_mut(id).filter(|row| row.active) else {
                return Err(ApiError::invalid(format!("unable to find service offering {id}")));
            };
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut row.name);
            }
            if let Some(text) = arguments.filled("displaytext") {
                text.clone_into(&mut row.display_text);
            }
            if let Some(tags) = arguments.filled("storagetags") {
                row.storage_tags = Some(tags.to_owned());
            }
            if let Some(tags) = arguments.filled("hosttags") {
                row.host_tags = Some(tags.to_owned());
            }
            reach.put(&mut row.reach);
            let row = world.service_offerings.get(id);
            Ok(Reply::Object(row.map(|row| view::service_offering(world, row)).unwrap_or_default()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteServiceOffering",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            // The row stays for the machines that have it, and may be deleted again.
            let Some(row) = world.service_offerings.get_mut(id) else {
                return Err(ApiError::invalid(format!("unable to find service offering {id}")));
            };
            if row.default_use {
                return Err(ApiError::invalid("Default service offerings cannot be deleted."));
            }
            row.active = false;
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createDiskOffering",
        run: |world, _, arguments| {
            let name = arguments.required("name");
            let size = arguments.integer("disksize").and_then(|size| u64::try_from(size).ok());
            let custom = arguments.flag("customized");
            match (custom, size) {
                (false, None | Some(0)) => {
                    return Err(ApiError::invalid("Disksize is required for a non-customized disk offering"));
                }
                (true, Some(_)) => {
                    return Err(ApiError::invalid("Disksize is not allowed for a customized disk offering"));
                }
                _ => {}
            }
            require_cache_mode(arguments)?;
            let text = arguments.filled("displaytext").unwrap_or(name);
            let kind = arguments.filled("storagetype").unwrap_or("shared");
            let id = world.add_disk_offering(name, text, size, kind);
            let reach = wanted_reach(world, arguments);
            if let Some(row) = world.disk_offerings.get_mut(id) {
                row.reach = reach;
                row.encrypted = arguments.flag("encrypt");
                row.storage_tags = arguments.filled("tags").map(str::to_owned);
            }
            describe_disks(world, id, arguments);
            Ok(shown_disk_offering(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateDiskOffering",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let reach = changed_reach(world, arguments)?;
            let Some(row) = world.disk_offerings.get_mut(id).filter(|row| row.active) else {
                return Err(ApiError::invalid(format!("Unable to find disk offering by id {id}")));
            };
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut row.name);
            }
            if let Some(text) = arguments.filled("displaytext") {
                text.clone_into(&mut row.display_text);
            }
            if let Some(tags) = arguments.filled("tags") {
                row.storage_tags = Some(tags.to_owned());
            }
            reach.put(&mut row.reach);
            Ok(shown_disk_offering(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteDiskOffering",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.disk_offerings.get_mut(id) else {
                return Err(ApiError::invalid(format!("Unable to find disk offering by id {id}")));
            };
            row.active = false;
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createNetworkOffering",
        run: |world, _, arguments| {
            let offering = network_offering(world, arguments)?;
            let id = world.add_network_offering(offering);
            Ok(shown_network_offering(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateNetworkOffering",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let enabled = match arguments.filled("state") {
                None => None,
                Some(word) if word.eq_ignore_ascii_case("Enabled") => Some(true),
                Some(word) if word.eq_ignore_ascii_case("Disabled") => Some(false),
                Some(word) => {
                    return Err(ApiError::invalid(format!("Incorrect state value: {word}")));
                }
            };
            let Some(row) = world.network_offerings.get_mut(id) else {
                return Err(ApiError::invalid(format!("unable to find network offering {id}")));
            };
            if let Some(enabled) = enabled {
                row.enabled = enabled;
            }
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut row.name);
            }
            if let Some(text) = arguments.filled("displaytext") {
                text.clone_into(&mut row.display_text);
            }
            if let Some(word) = arguments.filled("availability") {
                word.clone_into(&mut row.availability);
            }
            Ok(shown_network_offering(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteNetworkOffering",
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.network_offerings.get(id) else {
                return Err(ApiError::invalid(format!("unable to find network offering {id}")));
            };
            if row.is_default {
                return Err(ApiError::invalid("Default network offering can't be deleted"));
            }
            let networks = world.networks_of_offering(id);
            if networks > 0 {
                return Err(ApiError::invalid(format!(
                    "Can't delete network offering NetworkOffering {{\"id\":{id},\"name\":\"{}\",\"trafficType\":\
                     \"Guest\",\"uuid\":\"{}\"}} as its used by {networks} networks. To make the network offering \
                     unavailable, disable it",
                    row.name, row.uuid
                )));
            }
            world.network_offerings.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listDiskOfferings",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let (name, encrypted) = (arguments.filled("name"), arguments.maybe_flag("encrypt"));
            let matches: Vec<Object> = world
                .disk_offerings
                .iter()
                .filter(|(_, row)| row.active && !row.compute_only)
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| is_shown(world, *caller, arguments, &row.reach))
                .filter(|(_, row)| encrypted.is_none_or(|wanted| row.encrypted == wanted))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name, &row.display_text]))
                .map(|(_, row)| view::disk_offering(world, row))
                .collect();
            listing::page(world, arguments, matches, |row| row)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listNetworkOfferings",
        run: |world, _, arguments| {
            let wanted = listing::wanted(arguments)?;
            let (name, state) = (arguments.filled("name"), arguments.filled("state"));
            let guest_type = arguments.filled("guestiptype");
            let for_vpc = arguments.maybe_flag("forvpc");
            let matches: Vec<Object> = world
                .network_offerings
                .iter()
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| {
                    state.is_none_or(|state| state.eq_ignore_ascii_case("Enabled") == row.enabled)
                })
                .filter(|(_, row)| {
                    guest_type.is_none_or(|wanted| row.guest_type.name().eq_ignore_ascii_case(wanted))
                })
                .filter(|(_, row)| for_vpc.is_none_or(|wanted| row.for_vpc == wanted))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name, &row.display_text]))
                .map(|(_, row)| view::network_offering(world, row))
                .collect();
            listing::page(world, arguments, matches, |row| row)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listSupportedNetworkServices",
        run: |world, _, arguments| {
            let (name, provider) = (arguments.filled("service"), arguments.filled("provider"));
            let has_provider = |one: &SupportedService, provider: &str| {
                one.providers.iter().any(|listed| listed.name.eq_ignore_ascii_case(provider))
            };
            let supported = service::supported();
            if let Some(name) =
                name.filter(|name| !supported.iter().any(|one| one.service.eq_ignore_ascii_case(name)))
            {
                return Err(ApiError::invalid(format!("Invalid Network Service name={name}")));
            }
            if let Some(provider) =
                provider.filter(|provider| !supported.iter().any(|one| has_provider(one, provider)))
            {
                return Err(ApiError::invalid(format!("Invalid Network Service Provider={provider}")));
            }
            let matches: Vec<Object> = supported
                .iter()
                .filter(|one| name.is_none_or(|name| one.service.eq_ignore_ascii_case(name)))
                .filter(|one| provider.is_none_or(|provider| has_provider(one, provider)))
                .map(view::supported_service)
                .collect();
            listing::page(world, arguments, matches, |row| row)
        },
        ..Behaviour::PLAIN
    },
];

/// Whether a list shows an offering of this reach. Root administrators see all; others what is for their domain, and
/// domain administrators who ask for it what is for domains below.
fn is_shown(world: &World, caller: Caller, arguments: &Arguments, reach: &Reach) -> bool {
    // A number that stands for no domain finds nothing.
    let domain = arguments.has("domainid").then(|| arguments.id("domainid"));
    let of_domain = domain.is_none_or(|domain| domain.is_some_and(|domain| reach.domains.contains(&domain)));
    let in_zone = arguments.id("zoneid").is_none_or(|zone| reach.covers_zone(zone));
    let below = caller.is_domain_admin() && arguments.flag("isrecursive");
    let seen = caller.is_root_admin()
        || world.is_for_domain(reach, caller.domain)
        || below && world.is_for_domain_below(reach, caller.domain);
    of_domain && in_zone && seen
}

/// The reach that a creation asks for.
fn wanted_reach(world: &World, arguments: &Arguments) -> Reach {
    Reach { domains: world.topmost(&arguments.ids("domainid")), zones: arguments.ids("zoneid") }
}

/// What a change says of the reach; nothing leaves it as it is.
struct ReachChange {
    domains: Option<Vec<Id>>,
    zones: Option<Vec<Id>>,
}

impl ReachChange {
    fn put(self, reach: &mut Reach) {
        if let Some(domains) = self.domains {
            reach.domains = domains;
        }
        if let Some(zones) = self.zones {
            reach.zones = zones;
        }
    }
}

/// The reach that a change asks for: identifiers joined by commas, or `public` and `all` for everybody.
fn changed_reach(world: &World, arguments: &Arguments) -> Result<ReachChange, ApiError> {
    let ids = |name: &str, kind: Kind, everybody: &str| {
        let Some(text) = arguments.filled(name) else { return Ok(None) };
        if text.eq_ignore_ascii_case(everybody) {
            return Ok(Some(Vec::new()));
        }
        let known = |text: &str| {
            let uuid = Uuid::try_parse(text.trim()).ok()?;
            world.find(uuid).filter(|handle| handle.kind == kind && world.uuid_of(*handle).is_some())
        };
        let found: Option<Vec<Id>> =
            text.split(',').map(|text| known(text).map(|handle| handle.id)).collect();
        found.map(Some).ok_or_else(|| ApiError::invalid(format!("Please specify a valid {name}")))
    };
    let domains = ids("domainid", Kind::Domain, "public")?.map(|domains| world.topmost(&domains));
    Ok(ReachChange { domains, zones: ids("zoneid", Kind::Zone, "all")? })
}

/// How long machines are to live; without the feature nobody asks.
fn lease(world: &World, arguments: &Arguments) -> Option<Lease> {
    let days =
        arguments.integer("leaseduration").filter(|_| world.settings.flag("instance.lease.enabled"))?;
    Some(Lease { days, action: arguments.filled("leaseexpiryaction").unwrap_or("STOP").to_uppercase() })
}

/// The parameters of how much and how often disks are read and written, and their names in answers.
const RATES: [(&str, &str); 12] = [
    ("bytesreadrate", "diskBytesReadRate"),
    ("bytesreadratemax", "diskBytesReadRateMax"),
    ("bytesreadratemaxlength", "diskBytesReadRateMaxLength"),
    ("byteswriterate", "diskBytesWriteRate"),
    ("byteswriteratemax", "diskBytesWriteRateMax"),
    ("byteswriteratemaxlength", "diskBytesWriteRateMaxLength"),
    ("iopsreadrate", "diskIopsReadRate"),
    ("iopsreadratemax", "diskIopsReadRateMax"),
    ("iopsreadratemaxlength", "diskIopsReadRateMaxLength"),
    ("iopswriterate", "diskIopsWriteRate"),
    ("iopswriteratemax", "diskIopsWriteRateMax"),
    ("iopswriteratemaxlength", "diskIopsWriteRateMaxLength"),
];

/// Keeps what a creation says of the disks: a disk offering itself, or the one behind a compute offering.
fn describe_disks(world: &mut World, id: Id, arguments: &Arguments) {
    let Some(row) = world.disk_offerings.get_mut(id) else { return };
    row.operations = operations(arguments);
    row.cache_mode = arguments.filled("cachemode").map(str::to_lowercase);
    if let Some(kind) = arguments.filled("provisioningtype") {
        row.provisioning_type = kind.to_lowercase();
    }
    row.rates =
        RATES.iter().filter_map(|(parameter, shown)| Some((*shown, arguments.integer(parameter)?))).collect();
}

/// What a creation says of the operations per second.
fn operations(arguments: &Arguments) -> Option<Operations> {
    let customized = arguments.maybe_flag("customizediops")?;
    let limit = |name: &str| arguments.integer(name).unwrap_or(0);
    Some(Operations { customized, limits: (!customized).then(|| (limit("miniops"), limit("maxiops"))) })
}

fn shown_disk_offering(world: &World, id: Id) -> Reply {
    Reply::Object(world.disk_offerings.get(id).map(|row| view::disk_offering(world, row)).unwrap_or_default())
}

/// A size of a compute offering: none where the buyer chooses.
fn size(arguments: &Arguments, name: &str, offering: &str, shown: &str) -> Result<Option<u32>, ApiError> {
    match arguments.integer(name) {
        None => Ok(None),
        Some(number) => u32::try_from(number).ok().filter(|number| *number > 0).map(Some).ok_or_else(|| {
            ApiError::invalid(format!(
                "Failed to create service offering {offering}: specify the {shown} value between 1 and {}",
                i32::MAX
            ))
        }),
    }
}

fn require_cache_mode(arguments: &Arguments) -> Result<(), ApiError> {
    const MODES: [&str; 4] = ["none", "writeback", "writethrough", "hypervisor_default"];
    match arguments.filled("cachemode") {
        Some(mode) if !MODES.iter().any(|known| known.eq_ignore_ascii_case(mode)) => {
            Err(ApiError::invalid(format!(
                "Invalid cache mode ({mode}). Please specify one of the following valid cache mode parameters: none, \
                 writeback, writethrough or hypervisor_default."
            )))
        }
        _ => Ok(()),
    }
}

/// How many connections at once a load balancer of its own takes unless the offering says it: the default of
/// upstream's setting `network.loadbalancer.haproxy.max.conn`.
const BALANCER_CONNECTIONS: u64 = 4096;

/// The services that a network offering asks for, each with its provider. Without a word the router provides it, but
/// for tiers of a VPC nobody does. The router that leads addresses to machines guards them, too, even unasked.
fn network_services(arguments: &Arguments, for_vpc: bool) -> Vec<(String, String)> {
    let standard = if for_vpc { "" } else { ROUTER };
    let providers = arguments.grouped("serviceproviderlist");
    let provider = |service: &str| {
        providers
            .iter()
            .find(|group| group.get("service").is_some_and(|name| name.eq_ignore_ascii_case(service)))
            .and_then(|group| group.get("provider"))
            .map_or(standard, String::as_str)
    };
    let asked = arguments.texts("supportedservices").iter().filter(|service| !service.is_empty());
    let mut services: Vec<(String, String)> =
        asked.map(|service| (service.clone(), provider(service).to_owned())).collect();
    let is_guarded = services.iter().any(|(service, _)| service == "Firewall");
    let leads_in = |(service, provider): &(String, String)| {
        matches!(service.as_str(), "StaticNat" | "PortForwarding") && provider == ROUTER
    };
    if !for_vpc && !is_guarded && services.iter().any(leads_in) {
        services.push(("Firewall".to_owned(), ROUTER.to_owned()));
    }
    services
}

/// The provider behind the services of an isolated network.
const ROUTER: &str = "VirtualRouter";

/// The network offering that the parameters describe; it starts disabled.
fn network_offering(world: &World, arguments: &Arguments) -> Result<NetworkOffering, ApiError> {
    let guest_type = GuestType::named(arguments.required("guestiptype")).ok_or_else(|| {
        ApiError::invalid(format!(
            "Invalid \"type\" parameter is given; can have {}, {} and {} values",
            GuestType::Shared.name(),
            GuestType::Isolated.name(),
            GuestType::L2.name()
        ))
    })?;
    let ranges = arguments.flag("specifyipranges");
    if guest_type == GuestType::Shared && !ranges {
        return Err(ApiError::invalid("SpecifyIpRanges should always be true for Shared network offerings"));
    }
    let for_vpc = arguments.flag("forvpc");
    let services = network_services(arguments, for_vpc);
    let capabilities = arguments.grouped("servicecapabilitylist");
    let asks_for = |key: &str, word: &str, value: Option<&str>| {
        let says = |group: &BTreeMap<String, String>, key: &str, word: &str| {
            group.get(key).is_some_and(|text| text.eq_ignore_ascii_case(word))
        };
        capabilities.iter().any(|group| {
            says(group, key, word) && value.is_none_or(|value| says(group, "capabilityvalue", value))
        })
    };
    if asks_for("service", "SourceNat", None) && !services.iter().any(|(service, _)| service == "SourceNat") {
        return Err(ApiError::invalid(
            "Capabilities for source NAT service can be specified only when source NAT service is enabled for \
             network offering.",
        ));
    }
    let dedicated_balancer = asks_for("capabilitytype", "SupportedLbIsolation", Some("dedicated"));
    let max_connections = arguments.integer("maxconnections").and_then(|most| u64::try_from(most).ok());
    let name = arguments.required("name");
    Ok(NetworkOffering {
        uuid: Uuid::nil(),
        name: name.to_owned(),
        display_text: arguments.filled("displaytext").unwrap_or(name).to_owned(),
        guest_type,
        availability: arguments.filled("availability").unwrap_or("Optional").to_owned(),
        tags: arguments.filled("tags").map(str::to_owned),
        services,
        redundant: asks_for("capabilitytype", "RedundantRouter", Some("true")),
        dedicated_balancer,
        max_connections: dedicated_balancer.then(|| max_connections.unwrap_or(BALANCER_CONNECTIONS)),
        specify_vlan: arguments.flag("specifyvlan"),
        specify_ranges: ranges,
        conserve_mode: arguments.maybe_flag("conservemode").unwrap_or(true),
        persistent: arguments.flag("ispersistent"),
        egress_allowed: arguments.maybe_flag("egressdefaultpolicy").unwrap_or(true),
        for_vpc,
        internal_lb: false,
        for_nsx: false,
        for_tungsten: false,
        network_mode: None,
        is_default: false,
        created: world.now,
        enabled: arguments.flag("enable"),
    })
}

fn shown_network_offering(world: &World, id: Id) -> Reply {
    let row = world.network_offerings.get(id);
    Reply::Object(row.map(|row| view::network_offering(world, row)).unwrap_or_default())
}
