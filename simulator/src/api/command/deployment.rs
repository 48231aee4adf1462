//! Deployment: what a new machine is made from, and what is refused before there is a job (JOB-016).
//!
//! What happens to a machine later is in [`virtual_machine`](super::virtual_machine).

use super::user_data::finalised;
use super::{acting_owner, affinity_group};
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::quirk::Quirk;
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::limit::Resource;
use crate::world::network::{NewNetwork, Subnet};
use crate::world::offering::{GuestType, ServiceOffering};
use crate::world::table::Id;
use crate::world::virtual_machine::{NOT_STARTED, NewMachine};

/// Makes the machine while the request waits; everything that is refused here has no job (JOB-016).
pub(super) fn deploy(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Handle, ApiError> {
    acting_owner(world, caller, arguments)?;
    let sources = ["templateid", "volumeid", "snapshotid"];
    if sources.iter().filter(|name| arguments.has(name)).count() != 1 {
        if world.sins(Quirk::DeployNeedsATemplate) {
            return Err(ApiError::invalid(
                "Unable to execute API command deployvirtualmachine due to missing parameter templateid",
            ));
        }
        return Err(ApiError::api(
            530,
            "Please provide only one of the following parameters - template ID, volume ID or snapshot ID",
        ));
    }
    let offering = arguments.id("serviceofferingid").unwrap_or_default();
    deploy_from(world, caller, arguments, offering, arguments.id("templateid").unwrap_or_default())
}

/// The same, of an offering and a template that are known.
pub(super) fn deploy_from(
    world: &mut World,
    caller: &Caller,
    arguments: &Arguments,
    offering: Id,
    template: Id,
) -> Result<Handle, ApiError> {
    let owner = acting_owner(world, caller, arguments)?;
    let zone = arguments.id("zoneid").unwrap_or_default();
    let offering_row = world
        .service_offerings
        .get(offering)
        .filter(|row| row.active)
        .ok_or_else(|| ApiError::invalid(format!("Unable to find service offering: {offering}")))?;
    if !world.is_for_domain(&offering_row.reach, owner.domain) {
        return Err(ApiError::permission(format!(
            "There's no way to confirm {} has access to Service offering {{\"id\":{offering},\"name\":\"{}\",\
             \"uuid\":\"{}\"}}.",
            listing::view_account_dump(world, owner.account),
            offering_row.name,
            offering_row.uuid
        )));
    }
    let custom_size = custom_size(offering_row, arguments);
    let (user_data, user_data_id) = finalised(world, *caller, arguments, template)?;
    let key_pairs = key_pairs(world, owner, arguments)?;
    let networks = networks(world, owner, zone, arguments)?;
    if let Some((default, _)) = networks.first() {
        require_user_data_service(world, *default, user_data.is_some(), !key_pairs.is_empty(), template)?;
    }
    let size = custom_size.or_else(|| {
        let row = world.service_offerings.get(offering)?;
        Some((row.cores?, row.speed?, row.memory?))
    });
    require_room_for(world, owner, arguments, template, size)?;
    let affinity_groups = affinity_group::chosen(world, owner, arguments)?;
    let name = arguments.filled("name").map(str::to_owned);
    if let Some(name) = &name {
        refuse_taken_name(world, &networks, name)?;
    }
    let id = world.add_machine(NewMachine {
        name,
        display_name: arguments.filled("displayname").map(str::to_owned),
        owner,
        user: deploying_user(world, *caller, owner),
        zone,
        template,
        offering,
        custom_size,
        networks,
    });
    let mut details = arguments.merged("details");
    details.push((NOT_STARTED.to_owned(), "true".to_owned()));
    details.extend(key_details(&key_pairs));
    world.record_root_volume(id, caller.user, caller.owner());
    let user_data_details = user_data_details(arguments);
    let group = arguments.filled("group").map(str::to_owned);
    if let Some(group) = &group {
        found_group(world, owner, group);
    }
    let scales = arguments.maybe_flag("dynamicscalingenabled").unwrap_or(true)
        && refusal_to_scale(world, template, offering).is_none();
    if let Some(machine) = world.virtual_machines.get_mut(id) {
        machine.dynamically_scalable = scales;
        machine.details = details;
        machine.user_data = user_data;
        machine.user_data_id = user_data_id;
        machine.user_data_details = user_data_details;
        machine.group = group;
        machine.key_pairs = key_pairs;
        machine.affinity_groups = affinity_groups;
    }
    if let (Some(disk), Some(row)) = (
        arguments.id("diskofferingid"),
        arguments.id("diskofferingid").and_then(|disk| world.disk_offerings.get(disk)),
    ) {
        let gibibytes =
            row.size.or_else(|| arguments.integer("size").and_then(|size| u64::try_from(size).ok()));
        let volume =
            world.add_data_volume(owner, zone, &format!("DATA-{id}"), disk, gibibytes.unwrap_or(1) << 30);
        world.place_volume(volume, id, 1);
    }
    Ok(Handle { kind: Kind::VirtualMachine, id })
}

/// Why a machine of this template and offering may not grow while it runs, if it may not.
pub(super) fn refusal_to_scale(world: &World, template: Id, offering: Id) -> Option<&'static str> {
    if !world.templates.get(template).is_some_and(|row| row.dynamically_scalable) {
        return Some("its template does not have dynamic scaling enabled");
    }
    if !world.service_offerings.get(offering).is_some_and(|row| row.dynamic_scaling) {
        return Some("its service offering does not have dynamic scaling enabled");
    }
    let setting = world.settings.flag("enable.dynamic.scale.vm");
    (!setting).then_some("the global setting enable.dynamic.scale.vm is set to false")
}

/// Whose machine it is among the users: the caller's, or the first of the account that it is made for.
fn deploying_user(world: &World, caller: Caller, owner: crate::world::Owner) -> Id {
    let first = || world.users.iter().find(|(_, row)| row.account == owner.account).map(|(id, _)| id);
    if caller.account == owner.account { caller.user } else { first().unwrap_or(caller.user) }
}

/// Refuses a machine that is more than its owner may have. A network that was made for it stays.
fn require_room_for(
    world: &World,
    owner: crate::world::Owner,
    arguments: &Arguments,
    template: Id,
    size: Option<(u32, u32, u32)>,
) -> Result<(), ApiError> {
    let template = world.templates.get(template);
    let (cores, _, memory) = size.unwrap_or_default();
    let bytes = template.and_then(|row| i64::try_from(row.size).ok()).unwrap_or(0);
    let wanted = [
        ("user_vm", 1),
        ("cpu", i64::from(cores)),
        ("memory", i64::from(memory)),
        ("volume", 1 + i64::from(arguments.has("diskofferingid"))),
        ("primary_storage", bytes),
    ];
    for (name, amount) in wanted {
        let Some(resource) = Resource::named(name) else { continue };
        // Deployments wrap the refusal, so its class is lost.
        world.require_room(owner, resource, amount).map_err(|text| ApiError::api(535, text))?;
    }
    Ok(())
}

/// Refuses what could not reach the machine, because its default network serves no user data (UD-030).
fn require_user_data_service(
    world: &World,
    network: Id,
    has_user_data: bool,
    has_keys: bool,
    template: Id,
) -> Result<(), ApiError> {
    let Some(row) = world.networks.get(network) else { return Ok(()) };
    if world.provider_in(row, "UserData").is_some() || world.sins(Quirk::UserDataNeedsNoService) {
        return Ok(());
    }
    let template = world.templates.get(template).map(|row| (template, row));
    // Only the first text ends with a full stop.
    let (what, stop) = match template.filter(|(_, row)| row.password_enabled) {
        _ if has_user_data => ("UserData is provided while deploying the VM".to_owned(), "."),
        _ if has_keys => ("SSH keypair is provided while deploying the VM".to_owned(), ""),
        Some((id, row)) => {
            let dump = format!(
                "Template {{\"format\":\"{}\",\"id\":{id},\"name\":\"{}\",\"uuid\":\"{}\"}}",
                row.format, row.name, row.uuid
            );
            (format!("template {dump} is password enabled"), "")
        }
        None => return Ok(()),
    };
    Err(ApiError::invalid(format!(
        "Unable to deploy VM as {what}, but there is no support for UserData service in the default network {}/{}{stop}",
        row.name, row.uuid
    )))
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
    if let Some(network) = network_of_basic_zone(world, zone, !chosen.is_empty())? {
        chosen.push((network, None));
    }
    if chosen.is_empty() {
        match world.isolated_networks_of(owner, zone).as_slice() {
            [only] => chosen.push((*only, None)),
            [] if world.sins(Quirk::NetworksMustBeNamed) => {
                return Err(ApiError::invalid("networkIds must be specified"));
            }
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

/// The one network of a zone of type Basic, where nobody may choose (upstream's `UserVmManagerImpl`).
fn network_of_basic_zone(world: &World, zone: Id, chooses: bool) -> Result<Option<Id>, ApiError> {
    if world.zones.get(zone).is_none_or(|row| row.network_type != "Basic") {
        return Ok(None);
    }
    if chooses && !world.sins(Quirk::BasicZonesTakeNetworks) {
        return Err(ApiError::invalid("Can't specify network Ids in Basic zone"));
    }
    let network = world.networks.iter().find(|(_, row)| row.zone == zone);
    let (id, _) = network.ok_or_else(|| ApiError::invalid("Unable to find a default network"))?;
    Ok(Some(id))
}

/// Upstream's text of a network in refusals.
pub(super) fn network_dump(world: &World, id: Id) -> String {
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

/// The values for the parameters of user data that a command gives.
pub(super) fn user_data_details(arguments: &Arguments) -> Vec<(String, String)> {
    arguments.merged("userdatadetails")
}

/// The public keys that a command names, with their names; all must be the owner's (VM-057).
pub(super) fn key_pairs(
    world: &World,
    owner: crate::world::Owner,
    arguments: &Arguments,
) -> Result<Vec<(String, String)>, ApiError> {
    let single = arguments.filled("keypair").into_iter();
    let names = single.chain(arguments.texts("keypairs").iter().map(String::as_str));
    let found = names.map(|name| {
        let id = world.register.by_name(Kind::SshKeyPair, owner, name)?;
        let record = world.register.get(Kind::SshKeyPair, id)?;
        Some((record.name.clone(), record.field("publickey").unwrap_or_default().to_owned()))
    });
    found.collect::<Option<_>>().ok_or_else(|| ApiError::invalid("Not all specified keypairs exist"))
}

/// What public keys leave in the details of a machine.
pub(super) fn key_details(keys: &[(String, String)]) -> Vec<(String, String)> {
    if keys.is_empty() {
        return Vec::new();
    }
    let (names, texts): (Vec<&str>, Vec<&str>) =
        keys.iter().map(|(name, text)| (name.as_str(), text.as_str())).unzip();
    vec![("SSH.PublicKey".to_owned(), texts.join("\n")), ("SSH.KeyPairNames".to_owned(), names.join(","))]
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
