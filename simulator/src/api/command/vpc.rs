//! Virtual private clouds (VPC-001).

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::tier::require_offering;
use super::{Behaviour, EventTexts, acting_owner, require_room};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::event::{EventState, NewEvent};
use crate::world::kind::{Handle, Kind};
use crate::world::network::Subnet;
use crate::world::table::Id;
use crate::world::vpc::{NewVpc, Vpc};
use crate::world::{Owner, World};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createVPC",
        create: Some(|world, caller, arguments| {
            let new = new_vpc(world, caller, arguments)?;
            let id = world.add_vpc(new);
            if let (Some(mtu), Some(row)) = (arguments.integer("publicmtu"), world.vpcs.get_mut(id)) {
                row.public_mtu = mtu;
            }
            Ok(Handle { kind: Kind::Vpc, id })
        }),
        events: Some(EventTexts {
            scheduled: "creating VPC. Id: {#}",
            action: "creating vpc",
            created: Some("creating vpc"),
        }),
        run: |world, caller, arguments| {
            let id = arguments.created().unwrap_or_default();
            if arguments.maybe_flag("start").unwrap_or(true) {
                world.start_vpc(id);
                record_router(world, caller, id);
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour { name: "listVPCs", run: list, ..Behaviour::PLAIN },
    Behaviour {
        name: "updateVPC",
        about: Some("id"),
        events: Some(EventTexts { scheduled: "updating VPC id={#}", action: "", created: None }),
        run: |world, caller, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.vpcs.get_mut(id) else {
                return Err(ApiError::invalid(format!("Unable to find vpc by id {id}")));
            };
            if let Some(name) = arguments.filled("name") {
                name.clone_into(&mut row.name);
            }
            if let Some(text) = arguments.filled("displaytext") {
                text.clone_into(&mut row.display_text);
            }
            if let Some(display) = arguments.maybe_flag("fordisplay") {
                row.display = display;
            }
            if let Some(mtu) = arguments.integer("publicmtu") {
                row.public_mtu = mtu;
            }
            Ok(Reply::Object(show(world, id, *caller)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "restartVPC",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "restarting VPC id={#}",
            action: "restarting vpc",
            created: None,
        }),
        starts_unseen: Some(|_| true),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.vpcs.get_mut(id) else { return Err(is_gone(id)) };
            row.restart_required = false;
            if arguments.flag("cleanup") {
                world.renew_vpc_router(id);
            } else {
                world.start_vpc(id);
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "migrateVPC",
        about: Some("vpcid"),
        events: Some(EventTexts {
            scheduled: "Migrating vpc: {#} to new vpc offering ({vpcofferingid})",
            action: "",
            created: None,
        }),
        run: migrate,
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteVPC",
        about: Some("id"),
        events: Some(EventTexts { scheduled: "Deleting VPC id={#}", action: "deleting VPC", created: None }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.vpcs.get(id).is_none() {
                return Err(is_gone(id));
            }
            let tiers = world.tiers(id).count();
            if tiers > 0 && !world.sins(Quirk::VpcsTakeTheirTiers) {
                return Err(ApiError::invalid(format!(
                    "Can't delete VPC {} as its used by {tiers} networks",
                    dump(world, id)
                )));
            }
            world.remove_vpc(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// Writes down that the router of a new VPC got a disk. The server takes that for the first event of the job, so the
/// end of the job hangs on it.
fn record_router(world: &mut World, caller: &Caller, id: Id) {
    let Some((owner, router)) =
        world.vpcs.get(id).and_then(|row| Some((row.owner, row.router.as_ref()?.uuid)))
    else {
        return;
    };
    let volume = world.ids.uuid();
    let root = world.record(NewEvent {
        user: caller.user,
        owner,
        event_type: "VOLUME.CREATE",
        state: EventState::Created,
        is_error: false,
        description: format!(
            "Successfully created entity for creating ROOT volume. Volume Type: ROOTVolume Id: {volume} Vm Id: {router}"
        ),
        parent: None,
        about: None,
    });
    world.hang_jobs_on(Handle { kind: Kind::Vpc, id }, root);
}

fn is_gone(id: Id) -> ApiError {
    ApiError::invalid(format!("unable to find VPC id={id}"))
}

/// Upstream's text of a VPC in refusals.
pub(super) fn dump(world: &World, id: Id) -> String {
    world.vpcs.get(id).map_or_else(String::new, |row| {
        format!("VPC {{\"id\":{id},\"name\":\"{}\",\"uuid\":\"{}\"}}", row.name, row.uuid)
    })
}

/// The VPC that a parameter names, within the caller's reach.
pub(super) fn named(
    world: &World,
    caller: &Caller,
    arguments: &Arguments,
    name: &str,
) -> Result<(Id, Owner), ApiError> {
    let id = arguments.id(name).unwrap_or_default();
    let Some(row) = world.vpcs.get(id) else {
        return Err(ApiError::invalid("Unable to find Enabled VPC by id specified"));
    };
    require_reach(world, caller, row.owner)?;
    Ok((id, row.owner))
}

/// Refuses what belongs to somebody out of the caller's reach.
pub(super) fn require_reach(world: &World, caller: &Caller, owner: Owner) -> Result<(), ApiError> {
    if caller.reaches(world, owner) {
        return Ok(());
    }
    Err(ApiError::permission("Caller does not have permission to operate with provided resource."))
}

/// Whether two address ranges share an address. What is no range shares nothing.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (ends(one), ends(other)) else { return false };
    one.0 <= other.1 && other.0 <= one.1
}

/// Whether an address range lies in another one.
pub(super) fn is_within(inner: &str, outer: &str) -> bool {
    let (Some(inner), Some(outer)) = (ends(inner), ends(outer)) else { return false };
    outer.0 <= inner.0 && inner.1 <= outer.1
}

/// Whether a text is an address range such as `10.1.0.0/16`; bits of a host are no fault.
pub(super) fn is_cidr(text: &str) -> bool {
    ends(text).is_some()
}

/// The first and the last address of a range.
pub(super) fn ends(cidr: &str) -> Option<(u32, u32)> {
    let (base, prefix) = cidr.split_once('/')?;
    let (base, prefix): (Ipv4Addr, u32) = (base.parse().ok()?, prefix.parse().ok()?);
    if prefix > 32 {
        return None;
    }
    let hosts = u32::MAX.checked_shr(prefix).unwrap_or(0);
    let first = u32::from(base) & !hosts;
    Some((first, first | hosts))
}

/// A VPC as its parameters describe it.
fn new_vpc(world: &World, caller: &Caller, arguments: &Arguments) -> Result<NewVpc, ApiError> {
    let owner = acting_owner(world, caller, arguments)?;
    let cidr = match (arguments.filled("cidr"), arguments.integer("cidrsize")) {
        (Some(cidr), _) => cidr.to_owned(),
        (None, Some(_)) => {
            return Err(ApiError::invalid("Failed to create VPC: IPv4 CIDRs are for routed VPCs only"));
        }
        (None, None) => return Err(ApiError::invalid("VPC cidr or cidr size must be specified")),
    };
    let (zone, offering) =
        (arguments.id("zoneid").unwrap_or_default(), arguments.id("vpcofferingid").unwrap_or_default());
    if world.vpc_offerings.get(offering).is_none_or(|row| !row.enabled) {
        return Err(ApiError::invalid("Unable to find vpc offering in Enabled state by id specified"));
    }
    if world.zones.get(zone).is_none() {
        return Err(ApiError::invalid("Can't find zone by id specified"));
    }
    require_room(world, owner, "vpc", 1)?;
    let domain = arguments.filled("networkdomain");
    if let Some(domain) = domain.filter(|domain| !is_domain(domain)) {
        return Err(ApiError::invalid(format!(
            "Invalid network domain {domain}. Total length shouldn't exceed 190 chars. Each domain label must be \
             between 1 and 63 characters long, can contain ASCII letters 'a' through 'z', the digits '0' through \
             '9', and the hyphen ('-'); can't start or end with \"-\""
        )));
    }
    if !is_cidr(&cidr) {
        return Err(ApiError::invalid(format!("Invalid CIDR specified {cidr}")));
    }
    if !["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].iter().any(|private| is_within(&cidr, private)) {
        return Err(ApiError::invalid(format!("Guest Cidr {cidr} is not RFC1918 compliant")));
    }
    let name = arguments.required("name").to_owned();
    Ok(NewVpc {
        display_text: arguments.filled("displaytext").unwrap_or(&name).to_owned(),
        name,
        owner,
        zone,
        offering,
        cidr,
        domain: domain.map(str::to_owned),
        display: arguments.maybe_flag("fordisplay").unwrap_or(true),
    })
}

/// Gives a VPC another offering, and each of its tiers the one that the request names for it.
fn migrate(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let (id, offering) =
        (arguments.id("vpcid").unwrap_or_default(), arguments.id("vpcofferingid").unwrap_or_default());
    let Some(row) = world.vpcs.get(id) else { return Err(is_gone(id)) };
    if row.offering == offering {
        return Ok(Reply::Object(show(world, id, *caller)));
    }
    if world.vpc_offerings.get(offering).is_none() {
        return Err(ApiError::invalid(format!("unable to find vpc offering {offering}")));
    }
    let migrated = Vpc { offering, ..row.clone() };
    let named = arguments.grouped("tiernetworkofferings");
    let mut moves = Vec::new();
    for tier in world.tiers(id) {
        let Some(network) = world.networks.get(tier) else { continue };
        let uuid = network.uuid.to_string();
        let wanted = named
            .iter()
            .find(|group| group.get("networkid").is_some_and(|text| text.eq_ignore_ascii_case(&uuid)))
            .and_then(|group| group.get("networkofferingid"));
        let Some(wanted) = wanted else {
            return Err(ApiError::invalid(
                "Failed to migrate VPC as the specified tierNetworkOfferings is not complete",
            )
            .about(network.uuid, "networkUuid"));
        };
        let found = Uuid::try_parse(wanted).ok().and_then(|uuid| world.find(uuid));
        let found = found.filter(|found| found.kind == Kind::NetworkOffering).map(|found| found.id);
        let Some((to, offered)) = found.and_then(|to| Some((to, world.network_offerings.get(to)?))) else {
            return Err(ApiError::invalid(
                "Failed to migrate VPC as at least one network offering in tierNetworkOfferings does not exist",
            ));
        };
        if !offered.for_vpc {
            return Err(ApiError::invalid(format!(
                "Network offering {} ({}) can't be used for VPC networks for network {}({uuid})",
                offered.name, offered.uuid, network.name
            )));
        }
        if to != network.offering && !offered.enabled {
            return Err(ApiError::invalid(
                "Failed to migrate network as the specified network offering is not enabled.",
            ));
        }
        require_offering(world, (id, &migrated), offered, network.acl)?;
        moves.push((tier, to));
    }
    for (tier, to) in moves {
        if let Some(network) = world.networks.get_mut(tier) {
            network.offering = to;
        }
    }
    if let Some(row) = world.vpcs.get_mut(id) {
        row.offering = offering;
    }
    world.start_vpc(id);
    Ok(Reply::Object(show(world, id, *caller)))
}

/// Whether a text can be a DNS suffix.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 190 && text.split('.').all(is_label)
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, *caller, arguments)?;
    let tags = listing::tag_filters(world, arguments)?;
    let (zone, offering) = (arguments.id("zoneid"), arguments.id("vpcofferingid"));
    let (name, text) = (arguments.filled("name"), arguments.filled("displaytext"));
    let (cidr, state) = (arguments.filled("cidr"), arguments.filled("state"));
    let (restart, display) = (arguments.maybe_flag("restartrequired"), arguments.maybe_flag("fordisplay"));
    let services = arguments.texts("supportedservices");
    let offers = |offering: Id, service: &String| {
        let row = world.vpc_offerings.get(offering);
        row.is_some_and(|row| row.services.iter().any(|(name, _)| name.eq_ignore_ascii_case(service)))
    };
    let matches: Vec<Id> = world
        .vpcs
        .iter()
        // The newest first (REA-006).
        .rev()
        .filter(|(_, row)| scope.covers(world, row.owner))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| zone.is_none_or(|zone| row.zone == zone))
        .filter(|(_, row)| offering.is_none_or(|offering| row.offering == offering))
        .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
        .filter(|(_, row)| {
            text.is_none_or(|text| row.display_text.to_lowercase().contains(&text.to_lowercase()))
        })
        .filter(|(_, row)| cidr.is_none_or(|cidr| row.cidr == cidr))
        .filter(|(_, row)| state.is_none_or(|state| row.state.name().eq_ignore_ascii_case(state)))
        .filter(|(_, row)| restart.is_none_or(|wanted| row.restart_required == wanted))
        .filter(|(_, row)| display.is_none_or(|display| row.display == display))
        .filter(|(_, row)| services.iter().all(|service| offers(row.offering, service)))
        .filter(|(id, _)| tags.iter().all(|tag| world.has_tag(Handle { kind: Kind::Vpc, id: *id }, tag)))
        .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name, &row.display_text]))
        .map(|(id, _)| id)
        .collect();
    listing::page(world, arguments, matches, |id| show(world, id, *caller))
}

fn show(world: &World, id: Id, viewer: Caller) -> Object {
    world.vpcs.get(id).map(|row| view::vpc(world, id, row, viewer)).unwrap_or_default()
}

/// The range of a tier as texts have it.
pub(super) fn subnet_of(gateway: &str, netmask: &str) -> Option<Subnet> {
    Subnet::of_gateway(gateway.parse().ok()?, netmask.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_overlap_whatever_bits_of_a_host_they_have() {
        assert!(overlap("10.1.1.1/16", "10.1.200.0/24"));
        assert!(!overlap("10.1.1.1/16", "10.2.0.0/16"));
        assert!(is_within("10.1.0.0/24", "10.1.1.1/16"));
        assert!(!is_within("10.0.0.0/8", "10.1.1.1/16"));
        assert!(is_cidr("10.0.0.1/32") && is_cidr("0.0.0.0/0"));
        assert!(!is_cidr("10.0.0.0/33") && !is_cidr("10.0.0.0") && !is_cidr(""));
    }

    #[test]
    fn domains_are_labels_with_dots_between_them() {
        assert!(is_domain("test.netdomain") && is_domain("a"));
        assert!(!is_domain("") && !is_domain("a..b") && !is_domain("-a") && !is_domain("a_b"));
    }
}
