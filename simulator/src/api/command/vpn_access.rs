//! VPNs for users far away: entrances, and who may come in (VPC-001).

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::vpc::{ends, require_reach};
use super::{Behaviour, EventTexts, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::kind::{Handle, Kind};
use crate::world::network::AddressState;
use crate::world::table::Id;
use crate::world::vpn::RemoteAccessVpn;
use crate::world::{Owner, World};

/// The addresses of those who come in, if the request names none; the first is the server's own.
const CLIENTS: &str = "10.1.2.1-10.1.2.8";
/// How long a secret is.
const SECRET_LENGTH: usize = 24;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createRemoteAccessVpn",
        create: Some(|world, caller, arguments| {
            let vpn = new_vpn(world, caller, arguments)?;
            let secret = preshared_key(world);
            let id = world.add_remote_access_vpn(RemoteAccessVpn { secret, ..vpn });
            Ok(Handle { kind: Kind::RemoteAccessVpn, id })
        }),
        events: Some(EventTexts {
            scheduled: "Create Remote Access VPN for account {@} using public ip id={publicipid}",
            action: "creating remote access vpn",
            created: Some("creating remote access vpn"),
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            if arguments.maybe_flag("openfirewall").unwrap_or(true) {
                world.open_firewall_for(id);
            }
            if let Some(row) = world.remote_access_vpns.get_mut(id) {
                row.running = true;
            }
            Ok(Reply::Object(show_vpn(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listRemoteAccessVpns",
        run: |world, caller, arguments| {
            let address = arguments.id("publicipid");
            if let Some(row) = address.and_then(|id| world.addresses.get(id)) {
                if row.is_free() {
                    return Err(ApiError::invalid(format!(
                        "Unable to list remote access vpns, IP address {} is not associated with an account.",
                        row.uuid
                    )));
                }
                require_reach(world, caller, row.owner)?;
            }
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let (network, display) = (arguments.id("networkid"), arguments.maybe_flag("fordisplay"));
            let matches: Vec<Id> = world
                .remote_access_vpns
                .iter()
                .filter(|(_, row)| row.running && scope.covers(world, row.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| address.is_none_or(|address| row.address == address))
                .filter(|(_, row)| network.is_none_or(|network| row.network == Some(network)))
                .filter(|(_, row)| display.is_none_or(|display| row.display == display))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| show_vpn(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateRemoteAccessVpn",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Updating remote access vpn id={}",
            action: "updating remote access vpn",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.remote_access_vpns.get_mut(id) else {
                return Err(ApiError::invalid(format!("Can't find remote access vpn by id {id}")));
            };
            if let Some(display) = arguments.maybe_flag("fordisplay") {
                row.display = display;
            }
            Ok(Reply::Object(show_vpn(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteRemoteAccessVpn",
        about: Some("publicipid"),
        events: Some(EventTexts {
            scheduled: "Delete Remote Access VPN for account {@} for  ip id={publicipid}",
            action: "removing remote access vpn",
            created: None,
        }),
        run: |world, _, arguments| {
            // Where there is none, there is nothing to remove: that is a success.
            let address = arguments.id("publicipid").unwrap_or_default();
            if let Some(id) = world.remote_access_vpn_at(address) {
                world.remove_remote_access_vpn(id);
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "addVpnUser",
        create: Some(|world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            let name = arguments.required("username");
            require_new_user(world, owner, name, arguments.required("password"))?;
            Ok(Handle { kind: Kind::VpnUser, id: world.add_vpn_user(owner, name) })
        }),
        events: Some(EventTexts {
            scheduled: "Add Remote Access VPN user for account {@} username= {username}",
            action: "",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            let Some(row) = world.vpn_users.get_mut(id) else {
                return Err(ApiError::api(530, "Failed to add vpn user"));
            };
            let owner = row.owner;
            let (name, entrances) = (row.name.clone(), &world.remote_access_vpns);
            if !entrances.iter().any(|(_, vpn)| vpn.owner.account == owner.account) {
                let account = world.accounts.get(owner.account).map(|row| row.uuid).unwrap_or_default();
                return Err(ApiError::api(
                    530,
                    format!("Failed to add VPN user=[{name}]. VPN owner id=[{account}]."),
                ));
            }
            if let Some(row) = world.vpn_users.get_mut(id) {
                row.active = true;
            }
            Ok(Reply::Object(show_user(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listVpnUsers",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let name = arguments.filled("username");
            let mut matches: Vec<(String, Id)> = world
                .vpn_users
                .iter()
                .filter(|(_, row)| scope.covers(world, row.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| name.is_none_or(|name| row.name.eq_ignore_ascii_case(name)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
                .map(|(id, row)| (row.name.to_lowercase(), id))
                .collect();
            matches.sort();
            listing::page(world, arguments, matches, |(_, id)| show_user(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeVpnUser",
        events: Some(EventTexts {
            scheduled: "Remove Remote Access VPN user for account {@} username= {username}",
            action: "",
            created: None,
        }),
        run: |world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            let name = arguments.required("username");
            let Some(id) = world.vpn_user_named(owner.account, name) else {
                return Err(ApiError::invalid(format!(
                    "Could not find VPN user=[{name}]. VPN owner id=[{}]",
                    owner.account
                )));
            };
            world.remove_vpn_user(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// An entrance as its parameters describe it, without its secret.
fn new_vpn(world: &World, caller: &Caller, arguments: &Arguments) -> Result<RemoteAccessVpn, ApiError> {
    let address = arguments.id("publicipid").unwrap_or_default();
    let Some(row) = world.addresses.get(address).filter(|row| !row.is_free()) else {
        return Err(ApiError::invalid(format!(
            "Unable to create remote access vpn, invalid public IP address id{address}"
        )));
    };
    require_reach(world, caller, row.owner)?;
    if row.state != AddressState::Allocated {
        return Err(ApiError::invalid(format!(
            "The Ip address is not ready to be used yet: {}",
            row.address
        )));
    }
    let network = row.network.and_then(|id| world.networks.get(id).map(|row| (id, row)));
    let vpc = row.vpc.and_then(|id| world.vpcs.get(id));
    if network.is_none() && vpc.is_none() {
        return Err(ApiError::invalid(format!(
            "Unable to create remote access vpn for the ipAddress: {} as ip is not associated with any network or VPC",
            row.address
        )));
    }
    if world.remote_access_vpn_at(address).is_some() {
        return Err(ApiError::invalid(format!(
            "A remote Access VPN already exists for the public IP address [{}].",
            row.address
        )));
    }
    let text = arguments.filled("iprange").unwrap_or(CLIENTS);
    let (first, last) = client_range(text)?;
    let behind = match (network, vpc) {
        (Some((id, network)), _) => {
            if world.remote_access_vpns.iter().any(|(_, vpn)| vpn.network == Some(id)) {
                return Err(ApiError::invalid(format!(
                    "A remote access VPN already exists for the account [{}].",
                    row.owner.account
                )));
            }
            if world.provider_in(network, "Vpn").is_none() {
                return Err(ApiError::invalid(format!("Vpn service is not supported in network id={id}")));
            }
            network.subnet.map(|subnet| subnet.cidr())
        }
        (None, Some(vpc)) => Some(vpc.cidr.clone()),
        (None, None) => None,
    };
    // Without the address of the network and that of everybody in it.
    let guests = behind
        .and_then(|cidr| ends(&cidr))
        .map(|(base, last)| (base.saturating_add(1), last.saturating_sub(1)));
    if let Some((low, high)) = guests.filter(|(low, high)| *low <= last.into() && u32::from(first) <= *high) {
        return Err(ApiError::invalid(format!(
            "Invalid ip range: {text} overlaps with guest ip range {}-{}",
            Ipv4Addr::from(low),
            Ipv4Addr::from(high)
        )));
    }
    // The first address is the server's own.
    let second = Ipv4Addr::from(u32::from(first).saturating_add(1));
    Ok(RemoteAccessVpn {
        uuid: Uuid::nil(),
        owner: row.owner,
        address,
        network: network.filter(|_| row.vpc.is_none()).map(|(id, _)| id),
        range: format!("{second}-{last}"),
        secret: String::new(),
        running: false,
        display: arguments.maybe_flag("fordisplay").unwrap_or(true),
    })
}

/// The addresses of those who come in: `10.1.2.1-10.1.2.8`.
fn client_range(text: &str) -> Result<(Ipv4Addr, Ipv4Addr), ApiError> {
    let Some((first, last)) = text.split_once('-').filter(|(_, last)| !last.contains('-')) else {
        return Err(ApiError::invalid(format!("IP range [{text}] is an invalid IP range.")));
    };
    let (Ok(first), Ok(last)) = (first.parse::<Ipv4Addr>(), last.parse::<Ipv4Addr>()) else {
        return Err(ApiError::invalid(format!(
            "One or both IPs sets in the range [{text}] are invalid IPs."
        )));
    };
    if first > last {
        return Err(ApiError::invalid(format!("Range of IPs [{text}] is invalid.")));
    }
    Ok((first, last))
}

/// A secret of letters and digits, none of which are easily mistaken.
fn preshared_key(world: &mut World) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789";
    let letters = u64::try_from(LETTERS.len()).unwrap_or(1);
    (0..SECRET_LENGTH)
        .filter_map(|_| {
            let place = usize::try_from(world.ids.number() % letters).ok()?;
            LETTERS.get(place).copied().map(char::from)
        })
        .collect()
}

/// Refuses somebody with a bad name or password, known already, or one too many.
fn require_new_user(world: &World, owner: Owner, name: &str, password: &str) -> Result<(), ApiError> {
    if !is_word(name, "@._-", 64) {
        return Err(ApiError::invalid(format!(
            "Username [{name}] is invalid. Username has to begin with an alphabet have 3-64 characters including \
             alphabets, numbers and the set '@.-_'."
        )));
    }
    if !is_word(password, "@+=._-", 32) {
        return Err(ApiError::invalid(
            "Password has to be 3-32 characters including alphabets, numbers and the set '@+=.-_'",
        ));
    }
    let account = listing::view_account_dump(world, owner.account);
    if world.vpn_user_named(owner.account, name).is_some() {
        return Err(ApiError::invalid(format!(
            "VPN User with name {name} is already added for account {account}"
        )));
    }
    let most = world.settings.number("remote.access.vpn.user.limit");
    let known = world.vpn_users.iter().filter(|(_, row)| row.owner.account == owner.account).count();
    if i64::try_from(known).unwrap_or(i64::MAX) >= most {
        return Err(ApiError::new(
            Fault::AccountLimit,
            format!("Cannot add more than [{most}] remote access VPN users to {account}."),
        ));
    }
    Ok(())
}

/// Whether a text is 3 to `most` letters and digits, and of these signs after the first.
fn is_word(text: &str, signs: &str, most: usize) -> bool {
    (3..=most).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|one| one.is_ascii_alphanumeric() || signs.contains(one))
}

fn show_vpn(world: &World, id: Id) -> Object {
    world.remote_access_vpns.get(id).map(|row| view::remote_access_vpn(world, row)).unwrap_or_default()
}

fn show_user(world: &World, id: Id) -> Object {
    world.vpn_users.get(id).map(|row| view::vpn_user(world, row)).unwrap_or_default()
}
