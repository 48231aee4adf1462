//! Deployment: what a new machine is made from, and what is refused before there is a job (JOB-016).
//!
//! What happens to a machine later is in [`virtual_machine`](super::virtual_machine).

use super::acting_owner;
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::quirk::Quirk;
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::network::{NewNetwork, Subnet};
use crate::world::offering::{GuestType, ServiceOffering};
use crate::world::table::Id;
use crate::world::user_data::Encoded;
use crate::world::virtual_machine::{NOT_STARTED, NewMachine};

/// Makes the machine while the request waits; everything that is refused here has no job (JOB-016).
pub(super) fn deploy(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Handle, ApiError> {
    let owner = acting_owner(world, caller, arguments)?;
    let sources = ["templateid", "volumeid", "snapshotid"];
    if sources.iter().filter(|name| arguments.has(name)).count() != 1 {
        return Err(ApiError::api(
            530,
            "Please provide only one of the following parameters - template ID, volume ID or snapshot ID",
        ));
    }
    let zone = arguments.id("zoneid").unwrap_or_default();
    let offering = arguments.id("serviceofferingid").unwrap_or_default();
    let template = arguments.id("templateid").unwrap_or_default();
    let offering_row = world
        .service_offerings
        .get(offering)
        .filter(|row| row.active)
        .ok_or_else(|| ApiError::invalid(format!("Unable to find service offering: {offering}")))?;
    let custom_size = custom_size(offering_row, arguments);
    let (user_data, user_data_id) = user_data(world, *caller, arguments)?;
    let networks = networks(world, owner, zone, arguments)?;
    let name = arguments.filled("name").map(str::to_owned);
    if let Some(name) = &name {
        refuse_taken_name(world, &networks, name)?;
    }
    let id = world.add_machine(NewMachine {
        name,
        display_name: arguments.filled("displayname").map(str::to_owned),
        owner,
        user: caller.user,
        zone,
        template,
        offering,
        custom_size,
        networks,
    });
    let mut details = arguments.merged("details");
    details.push((NOT_STARTED.to_owned(), "true".to_owned()));
    let user_data_details = arguments.merged("userdatadetails");
    let group = arguments.filled("group").map(str::to_owned);
    if let Some(group) = &group {
        found_group(world, owner, group);
    }
    if let Some(machine) = world.virtual_machines.get_mut(id) {
        machine.details = details;
        machine.user_data = user_data;
        machine.user_data_id = user_data_id;
        machine.user_data_details = user_data_details;
        machine.group = group;
    }
    if let (Some(disk), Some(row)) = (
        arguments.id("diskofferingid"),
        arguments.id("diskofferingid").and_then(|disk| world.disk_offerings.get(disk)),
    ) {
        let gibibytes =
            row.size.or_else(|| arguments.integer("size").and_then(|size| u64::try_from(size).ok()));
        let volume =
            world.add_data_volume(owner, zone, &format!("DATA-{id}"), disk, gibibytes.unwrap_or(1) << 30);
        if let Some(volume) = world.volumes.get_mut(volume) {
            volume.attached = Some((id, 1));
        }
    }
    Ok(Handle { kind: Kind::VirtualMachine, id })
}

/// The networks that a deployment names, or the account's only one, or a new one (VM-063).
pub(super) fn networks(
    world: &mut World,
    owner: crate::world::Owner,
    zone: Id,
    arguments: &Arguments,
) -> Result<Vec<(Id, Option<std::net::Ipv4Addr>)>, ApiError> {
    let address =
        |text: &str| text.parse().map_err(|_| ApiError::invalid(format!("Invalid IP address {text}")));
    // Not every command that places a machine lets the caller choose addresses.
    let chooses = |name: &str| arguments.command().param(name).is_some();
    let wish = chooses("ipaddress").then(|| arguments.filled("ipaddress")).flatten();
    let wish = wish.map(address).transpose()?;
    let listed = if chooses("iptonetworklist") { arguments.grouped("iptonetworklist") } else { Vec::new() };
    let mut chosen: Vec<(Id, Option<std::net::Ipv4Addr>)> = Vec::new();
    for entry in listed {
        let network = entry.get("networkid").and_then(|text| uuid::Uuid::try_parse(text).ok());
        let handle = network.and_then(|uuid| world.find(uuid)).filter(|handle| handle.kind == Kind::Network);
        let Some(handle) = handle else {
            return Err(ApiError::invalid("Unable to translate and find entity with networkId"));
        };
        chosen.push((handle.id, entry.get("ip").map(|text| address(text)).transpose()?));
    }
    if chosen.is_empty() {
        chosen = arguments.ids("networkids").into_iter().map(|id| (id, None)).collect();
    }
    if chosen.is_empty() {
        let own: Vec<Id> = world
            .networks
            .iter()
            .filter(|(_, row)| {
                row.owner == owner && row.zone == zone && row.guest_type == GuestType::Isolated
            })
            .map(|(id, _)| id)
            .collect();
        match own.as_slice() {
            [only] => chosen.push((*only, None)),
            [] => chosen.push((default_network(world, owner, zone)?, None)),
            _ => {
                return Err(ApiError::invalid(format!(
                    "More than 1 default Isolated networks are found for account {}; please specify networkIds",
                    listing::view_account_dump(world, owner.account)
                )));
            }
        }
    }
    if let (Some(wish), Some(first)) = (wish, chosen.first_mut()) {
        first.1 = Some(wish);
    }
    for (network, address) in &chosen {
        let Some(address) = address else { continue };
        let subnet = world.networks.get(*network).and_then(|network| network.subnet);
        let fits = subnet.is_some_and(|subnet| subnet.contains(*address) && subnet.gateway != *address);
        if !fits || world.is_guest_address_taken(*network, *address) {
            return Err(ApiError::new(
                Fault::AddressCapacity,
                format!("Unable to acquire Guest IP address for network {}", network_dump(world, *network)),
            ));
        }
    }
    Ok(chosen)
}

/// Upstream's text of a network in refusals.
fn network_dump(world: &World, id: Id) -> String {
    world.networks.get(id).map_or_else(String::new, |row| {
        format!(
            "Network {{\"id\": {id}, \"name\": \"{}\", \"uuid\": \"{}\", \"networkofferingid\": {}}}",
            row.name, row.uuid, row.offering
        )
    })
}

fn default_network(world: &mut World, owner: crate::world::Owner, zone: Id) -> Result<Id, ApiError> {
    let offering = world
        .network_offerings
        .iter()
        .find(|(_, row)| {
            row.enabled && row.availability == "Required" && row.guest_type == GuestType::Isolated
        })
        .map(|(id, _)| id)
        .ok_or_else(|| ApiError::invalid("Unable to find network offering with availability=Required"))?;
    let name =
        world.accounts.get(owner.account).map_or_else(String::new, |row| format!("{}-network", row.name));
    let subnet = world.zones.get(zone).and_then(|zone| zone.guest_cidr.as_deref()).and_then(Subnet::of_cidr);
    Ok(world.add_network(NewNetwork {
        display_text: name.clone(),
        name,
        owner,
        zone,
        offering,
        subnet,
        vlan: None,
        domain: None,
    }))
}

/// A host name is unique within a network domain (VM-053).
fn refuse_taken_name(
    world: &World,
    networks: &[(Id, Option<std::net::Ipv4Addr>)],
    name: &str,
) -> Result<(), ApiError> {
    for (network, _) in networks {
        let Some(row) = world.networks.get(*network) else { continue };
        let taken = world.virtual_machines.iter().any(|(_, machine)| {
            machine.name.eq_ignore_ascii_case(name) && machine.nics.iter().any(|nic| nic.network == *network)
        });
        if taken && !world.sins(Quirk::DuplicateHostNamesPass) {
            return Err(ApiError::invalid(format!(
                "The vm with hostName {name} already exists in the network domain: {}; network=Network {{\"id\":{network},\
                 \"name\":\"{}\",\"uuid\":\"{}\"}}",
                row.domain, row.name, row.uuid
            )));
        }
    }
    Ok(())
}

/// A group that a machine names exists from then on.
pub(super) fn found_group(world: &mut World, owner: crate::world::Owner, name: &str) {
    if world.register.by_name(Kind::InstanceGroup, owner, name).is_none() {
        world.add_record(Kind::InstanceGroup, owner, name, imbl::OrdMap::new());
    }
}

/// The user data that a command brings: inline or registered, never both (UD-023).
pub(super) fn user_data(
    world: &World,
    caller: Caller,
    arguments: &Arguments,
) -> Result<(Option<String>, Option<Id>), ApiError> {
    let inline = arguments.filled("userdata");
    let linked = arguments.id("userdataid");
    if inline.is_some() && linked.is_some() {
        return Err(ApiError::invalid(
            "Both userdata and userdata ID inputs are not allowed, please provide only one",
        ));
    }
    if let Some(id) = linked {
        let row = world.user_data.get(id).ok_or_else(|| ApiError::invalid("Unable to find UserData"))?;
        if !caller.reaches(world, row.owner) {
            return Err(ApiError::permission(
                "Caller does not have permission to operate with provided resource.",
            ));
        }
        let limit = world.settings.number("vm.userdata.max.length");
        let content = Encoded::read(&row.content, true, limit).map_err(ApiError::invalid)?;
        return Ok((content.map(|content| content.text), Some(id)));
    }
    let limit = world.settings.number("vm.userdata.max.length");
    let Some(sent) = inline else { return Ok((None, None)) };
    let content = read_user_data(world, sent, arguments.by_post, limit).map_err(ApiError::invalid)?;
    Ok((content.map(|content| content.text), None))
}

/// Reads user data that came with a command, with the sins of reading it.
fn read_user_data(world: &World, sent: &str, by_post: bool, limit: i64) -> Result<Option<Encoded>, String> {
    if world.sins(Quirk::UserDataIsStrict) && sent.contains(['-', '_']) {
        return Err("User data is not base64 encoded.".to_owned());
    }
    if world.sins(Quirk::UserDataLimitIs2048) && sent.len() > 2048 {
        return Err("User data is too long for http GET request".to_owned());
    }
    let by_post = by_post || world.sins(Quirk::UserDataByGetIsLong);
    if world.sins(Quirk::UserDataIsNotChecked) {
        let known: String = sent.chars().filter(|one| one.is_ascii_alphanumeric()).collect();
        return Encoded::read(&known, by_post, limit);
    }
    let read = Encoded::read(sent, by_post, limit)?;
    Ok(match read {
        Some(content) if world.sins(Quirk::UserDataIsKeptAsSent) => {
            Some(Encoded { text: sent.to_owned(), ..content })
        }
        other => other,
    })
}

/// The bytes of stored user data.
pub(super) fn decoded(text: &str) -> Vec<u8> {
    Encoded::read(text, true, i64::MAX).ok().flatten().map(|content| content.bytes).unwrap_or_default()
}

/// Cores, MHz and MiB that the buyer chose, where the offering leaves the choice.
pub(super) fn custom_size(offering: &ServiceOffering, arguments: &Arguments) -> Option<(u32, u32, u32)> {
    let (cores, speed, memory) = (offering.cores, offering.speed, offering.memory);
    if cores.is_some() && speed.is_some() && memory.is_some() {
        return None;
    }
    let details = arguments.merged("details");
    let number = |name: &str| {
        details
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value.parse().ok())
    };
    Some((
        cores.or_else(|| number("cpuNumber")).unwrap_or(1),
        speed.or_else(|| number("cpuSpeed")).unwrap_or(500),
        memory.or_else(|| number("memory")).unwrap_or(512),
    ))
}
