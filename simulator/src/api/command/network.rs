//! Guest networks. Their public addresses are in [`address`](super::address), their routers in
//! [`router`](super::router).

use std::net::Ipv4Addr;

use super::deployment::network_dump;
use super::{Behaviour, EventTexts, acting_owner, require_room, tier};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::{Arguments, is_domain_name};
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::account::{ROOT_DOMAIN, SYSTEM};
use crate::world::event::{EventState, NewEvent};
use crate::world::kind::{Handle, Kind};
use crate::world::network::{Network, NetworkState, NewNetwork, Subnet};
use crate::world::offering::{GuestType, NetworkOffering};
use crate::world::table::Id;
use crate::world::{Owner, World};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listNetworks",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let zone = arguments.id("zoneid");
            let (name, kind) = (arguments.filled("name"), arguments.filled("type"));
            if let Some(word) = kind.filter(|word| {
                !["Isolated", "Shared", "L2"].iter().any(|known| known.eq_ignore_ascii_case(word))
            }) {
                return Err(ApiError::invalid(format!("Unexpected Guest type : {word}")));
            }
            let filter = arguments.filled("networkfilter").unwrap_or("all").to_ascii_lowercase();
            if !["all", "account", "domain", "shared", "accountdomain"].contains(&filter.as_str()) {
                return Err(ApiError::invalid(format!("Invalid value of networkfilter: {filter}")));
            }
            let services = arguments.texts("supportedservices");
            let (for_vpc, offering) = (arguments.maybe_flag("forvpc"), arguments.id("networkofferingid"));
            let vpc = arguments.id("vpcid");
            let restart = arguments.maybe_flag("restartrequired");
            let traffic = arguments.filled("traffictype");
            let mut matches: Vec<Id> = world
                .networks
                .iter()
                // The newest first (REA-006).
                .rev()
                .filter(|(_, row)| {
                    let shared = caller.is_root_admin() && row.guest_type == GuestType::Shared
                        || world.may_use_network(row, caller.account);
                    match filter.as_str() {
                        "account" | "domain" => {
                            row.guest_type != GuestType::Shared && scope.covers(world, row.owner)
                        }
                        "shared" => shared,
                        _ => shared || scope.covers(world, row.owner),
                    }
                })
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
                .filter(|(_, row)| match name {
                    Some(part) if world.sins(Quirk::NetworkNamesAreParts) => row.name.contains(part),
                    Some(name) => row.name.eq_ignore_ascii_case(name),
                    None => true,
                })
                .filter(|(_, row)| kind.is_none_or(|kind| row.guest_type.name().eq_ignore_ascii_case(kind)))
                .filter(|_| traffic.is_none_or(|traffic| traffic.eq_ignore_ascii_case("Guest")))
                .filter(|(_, row)| for_vpc.is_none_or(|wanted| row.vpc.is_some() == wanted))
                .filter(|(_, row)| vpc.is_none_or(|vpc| row.vpc == Some(vpc)))
                .filter(|(_, row)| offering.is_none_or(|offering| row.offering == offering))
                .filter(|(_, row)| restart.is_none_or(|restart| row.restart_required == restart))
                .filter(|(_, row)| services.iter().all(|service| world.provider_in(row, service).is_some()))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(id, _)| id)
                .collect();
            if world.sins(Quirk::NetworksRunForward) {
                matches.reverse();
            }
            listing::page(world, arguments, matches, |id| show(world, id, *caller))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createNetwork",
        run: |world, caller, arguments| {
            if arguments.has("vpcid") {
                return tier::create(world, caller, arguments);
            }
            let mut owner = acting_owner(world, caller, arguments)?;
            let offering = arguments.id("networkofferingid").unwrap_or_default();
            let zone = arguments.id("zoneid").unwrap_or_default();
            let Some(row) = world.network_offerings.get(offering) else {
                return Err(ApiError::invalid(format!("unable to find network offering {offering}")));
            };
            if !row.enabled {
                return Err(ApiError::invalid(
                    "Can't use specified network offering id as its state is not Enabled",
                )
                .about(row.uuid, "networkOfferingId"));
            }
            if row.for_vpc {
                return Err(ApiError::invalid("Network offering can be used for VPC networks only"));
            }
            if row.guest_type == GuestType::Shared && row.specify_vlan && !caller.is_root_admin() {
                return Err(ApiError::invalid(
                    "This user can only create an Isolated network, a L2 network or a Shared network with \
                     specifyVlan=false.",
                ));
            }
            let (persistent, shared) = (row.persistent, row.guest_type == GuestType::Shared);
            // A shared network is a whole domain's unless it is asked for in an account's name.
            let subdomain_access = (shared && is_for_a_domain(arguments))
                .then(|| arguments.maybe_flag("subdomainaccess").unwrap_or(true));
            if subdomain_access.is_some() {
                owner = Owner { account: SYSTEM, domain: arguments.id("domainid").unwrap_or(ROOT_DOMAIN) };
            }
            let range = guest_range(arguments)?;
            let subnet = match (arguments.filled("gateway"), arguments.filled("netmask")) {
                (Some(gateway), Some(netmask)) => {
                    let gateway = gateway.parse().map_err(|_| ApiError::invalid("Invalid gateway"))?;
                    let netmask = netmask.parse().map_err(|_| ApiError::invalid("Invalid netmask"))?;
                    let subnet = Subnet::of_gateway(gateway, netmask);
                    Some(subnet.ok_or_else(|| ApiError::invalid("Invalid netmask"))?)
                }
                _ if row.guest_type == GuestType::Isolated => world
                    .zones
                    .get(zone)
                    .and_then(|zone| zone.guest_cidr.as_deref())
                    .and_then(Subnet::of_cidr),
                _ => None,
            };
            require_room(world, owner, "network", 1)?;
            let name = arguments.required("name").to_owned();
            let display_text = arguments.filled("displaytext").map_or_else(|| name.clone(), str::to_owned);
            let vlan = arguments.filled("vlan").and_then(|vlan| vlan.parse().ok());
            require_domain(world, arguments)?;
            let domain = arguments.filled("networkdomain").map(str::to_owned);
            let id = world.add_network(NewNetwork {
                name,
                display_text,
                owner,
                zone,
                offering,
                subnet,
                vlan,
                domain,
            });
            if let Some(row) = world.networks.get_mut(id) {
                row.subdomain_access = subdomain_access;
                row.range = range;
            }
            if persistent || world.sins(Quirk::NetworksStartImplemented) {
                world.implement_network(id);
            }
            record_creation(world, caller, owner, id);
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteNetwork",
        about: Some("id"),
        always_logs_success: true,
        events: Some(EventTexts {
            scheduled: "Deleting network: {#}",
            action: "deleting network. Network Id: {#}",
            created: None,
        }),
        check: Some(|world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.networks.get(id).is_none() && !world.sins(Quirk::DeletedNetworksFailLate) {
                return Err(ApiError::invalid(format!("Network ID={id} doesn't exist")));
            }
            refuse_tenants(world, caller, id)?;
            let may_force = caller.is_root_admin() || world.sins(Quirk::UsersForceDeletions);
            if arguments.flag("forced") && !may_force {
                return Err(ApiError::invalid(
                    "Delete network with 'forced' option can only be called by root admins",
                ));
            }
            Ok(())
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.is_network_in_use(id) || world.networks.get(id).is_none() {
                return Err(match world.sins(Quirk::NetworksTellWhyTheyStay) {
                    true => ApiError::invalid("Unable to delete network: it has machines"),
                    false => ApiError::api(530, "Failed to delete network"),
                });
            }
            world.remove_network(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateNetwork",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Updating network: {#}",
            action: "updating network",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.networks.get(id) else {
                return Err(ApiError::invalid(format!("Unable to find network by id {id}")));
            };
            let offering = arguments.id("networkofferingid").filter(|offering| *offering != row.offering);
            if let Some(offering) = offering {
                require_upgrade(world, row, offering)?;
            }
            require_domain(world, arguments)?;
            // A network that is in use would have to be switched off for this, and it is not.
            let changes_domain = arguments.filled("networkdomain").is_some_and(|domain| domain != row.domain);
            let is_stuck =
                changes_domain && row.state == NetworkState::Implemented && world.is_network_in_use(id);
            let Some(row) = world.networks.get_mut(id) else { return Ok(Reply::Nothing) };
            // The switch is kept as a detail once a change was tried at all.
            row.hides_addresses = Some(arguments.flag("hideipaddressusage"));
            if is_stuck {
                row.state = NetworkState::Shutdown;
                let text = format!(
                    "failed to update network {} due to Failed to shutdown the network elements and resources as a part \
                     of update to network with specified id; network is in wrong state: Shutdown",
                    row.uuid
                );
                return Err(ApiError::runtime(text));
            }
            if let (Some(cidr), Some(subnet)) = (arguments.filled("guestvmcidr"), row.subnet) {
                let inside = Subnet::of_cidr(cidr)
                    .is_some_and(|part| part.prefix >= subnet.prefix && subnet.contains(part.base));
                if !inside {
                    return Err(ApiError::invalid(format!(
                        "Invalid value of Guest VM CIDR. For IP Reservation, Guest VM CIDR  should be a subset of \
                         network CIDR :  {}",
                        subnet.cidr()
                    )));
                }
            }
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut row.name);
            }
            if let Some(text) = arguments.filled("displaytext") {
                text.clone_into(&mut row.display_text);
            }
            if let Some(domain) = arguments.filled("networkdomain") {
                domain.clone_into(&mut row.domain);
            }
            if let Some(offering) = offering {
                row.offering = offering;
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "restartNetwork",
        about: Some("id"),
        check: Some(|world, caller, arguments| {
            refuse_tenants(world, caller, arguments.id("id").unwrap_or_default())
        }),
        events: Some(EventTexts {
            scheduled: "Restarting network: {#}",
            action: "restarting network",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let in_any_state = world.sins(Quirk::UnusedNetworksRestart);
            match world.networks.get_mut(id) {
                Some(row)
                    if in_any_state
                        || matches!(row.state, NetworkState::Implemented | NetworkState::Setup) =>
                {
                    row.restart_required = false;
                    row.redundant |= arguments.flag("makeredundant");
                    if arguments.flag("cleanup") {
                        world.renew_router(id, caller.user);
                    }
                    Ok(Reply::SUCCESS)
                }
                _ => Err(ApiError::invalid(
                    "Network is not in the right state to be restarted. Correct states are: Implemented, Setup",
                )),
            }
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "migrateNetwork",
        about: Some("networkid"),
        events: Some(EventTexts {
            scheduled: "Migrating network: {#}",
            action: "migrating network",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = arguments.id("networkid").unwrap_or_default();
            let offering = arguments.id("networkofferingid").unwrap_or_default();
            let Some(row) = world.networks.get_mut(id) else {
                return Err(ApiError::invalid(format!("Unable to find network by id {id}")));
            };
            if !matches!(row.state, NetworkState::Allocated | NetworkState::Implemented | NetworkState::Setup)
            {
                return Err(ApiError::runtime("Failed to migrate network as it is in invalid state."));
            }
            row.offering = offering;
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
];

/// A network's domain must be one (DHCP-015).
fn require_domain(world: &World, arguments: &Arguments) -> Result<(), ApiError> {
    let is_odd = arguments.filled("networkdomain").is_some_and(|domain| !is_domain_name(domain));
    if !is_odd || world.sins(Quirk::OddDomainsPass) {
        return Ok(());
    }
    Err(ApiError::invalid(
        "Invalid network domain. Total length shouldn't exceed 190 chars. Each domain label must be between 1 and 63 \
         characters long, can contain ASCII letters 'a' through 'z', the digits '0' through '9', and the hyphen \
         ('-'); can't start or end with \"-\"",
    ))
}

/// Whether a new shared network is for a domain, not for one account.
fn is_for_a_domain(arguments: &Arguments) -> bool {
    let named = arguments.has("account") || arguments.has("projectid");
    arguments.filled("acltype").map_or(!named, |word| word.eq_ignore_ascii_case("domain"))
}

/// The first and the last address that guests of a new network may have.
fn guest_range(arguments: &Arguments) -> Result<Option<(Ipv4Addr, Ipv4Addr)>, ApiError> {
    let address = |name: &str| {
        let sent = arguments.filled(name);
        sent.map(|text| text.parse().map_err(|_| ApiError::invalid(format!("Invalid {name}: {text}"))))
            .transpose()
    };
    let Some(first) = address("startip")? else { return Ok(None) };
    Ok(Some((first, address("endip")?.unwrap_or(first))))
}

/// What tenants may not do with a network of a whole domain (NET-005).
fn refuse_tenants(world: &World, caller: &Caller, id: Id) -> Result<(), ApiError> {
    let Some(row) = world.networks.get(id) else { return Ok(()) };
    let names_its_vlan =
        world.network_offerings.get(row.offering).is_some_and(|offering| offering.specify_vlan);
    if row.guest_type == GuestType::Shared && names_its_vlan && !caller.is_root_admin() {
        return Err(ApiError::permission(format!(
            "Shared network {} with specifyvlan=true can only be operated by root admin",
            network_dump(world, id)
        )));
    }
    Ok(())
}

/// Refuses an offering that a network cannot change to.
fn require_upgrade(world: &World, row: &Network, wanted: Id) -> Result<(), ApiError> {
    let (Some(old), Some(new)) =
        (world.network_offerings.get(row.offering), world.network_offerings.get(wanted))
    else {
        return Err(ApiError::invalid("Unable to find network offering by specified id"));
    };
    if !new.enabled {
        return Err(ApiError::invalid("Can't use specified network offering id as its state is not Enabled")
            .about(new.uuid, "networkOfferingId"));
    }
    let guards = |offering: &NetworkOffering| offering.offers("SecurityGroup");
    let fits = old.guest_type == new.guest_type
        && old.specify_vlan == new.specify_vlan
        && old.for_vpc == new.for_vpc
        && guards(old) == guards(new);
    if fits {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Can't upgrade from network offering {} to {}; check logs for more information",
        old.uuid, new.uuid
    )))
}

/// Tells that a network was made.
pub(super) fn record_creation(world: &mut World, caller: &Caller, owner: Owner, id: Id) {
    world.record(NewEvent {
        user: caller.user,
        owner,
        event_type: "NETWORK.CREATE",
        state: EventState::Completed,
        is_error: false,
        description: format!("Successfully completed creating network. Network Id: {id}"),
        parent: None,
        about: Some(Handle { kind: Kind::Network, id }),
    });
}

pub(super) fn show(world: &World, id: Id, viewer: Caller) -> Object {
    world.networks.get(id).map(|row| view::network(world, id, row, viewer)).unwrap_or_default()
}
