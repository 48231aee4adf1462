//! VPNs between sites: near ends, far ends and connections (VPC-001).

use uuid::Uuid;

use super::vpc::{dump, is_cidr, named, overlap, require_reach};
use super::{Behaviour, EventTexts, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::{Arguments, is_host_name};
use crate::api::{listing, view};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::vpn::{ConnectionState, VpnConnection, VpnGateway, VpnTerms};

/// How long a key may live, in seconds.
const LONGEST_LIFE: i64 = 86_400;
/// How many ranges may be behind a far end.
const MOST_RANGES: usize = 10;
/// How many connections a near end may have.
const MOST_CONNECTIONS: usize = 4;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createVpnGateway",
        create: Some(|world, caller, arguments| {
            let (vpc, owner) = named(world, caller, arguments, "vpcid")?;
            if world.vpn_gateways.iter().any(|(_, row)| row.vpc == vpc) {
                return Err(ApiError::invalid(format!(
                    "The VPN gateway of VPC {} already existed!",
                    dump(world, vpc)
                )));
            }
            let address = address_of(world, arguments, vpc)?;
            let display = arguments.maybe_flag("fordisplay").unwrap_or(true);
            let id = world.add_vpn_gateway(VpnGateway { uuid: Uuid::nil(), owner, vpc, address, display });
            Ok(Handle { kind: Kind::VpnGateway, id })
        }),
        events: Some(EventTexts {
            scheduled: "Create site-to-site VPN gateway for account {@}",
            action: "",
            created: Some("creating s2s vpn gateway"),
        }),
        run: |world, _, arguments| {
            Ok(Reply::Object(show_gateway(world, arguments.created().unwrap_or_default())))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listVpnGateways",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let (vpc, display) = (arguments.id("vpcid"), arguments.maybe_flag("fordisplay"));
            let matches: Vec<Id> = world
                .vpn_gateways
                .iter()
                .rev()
                .filter(|(_, row)| scope.covers(world, row.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| vpc.is_none_or(|vpc| row.vpc == vpc))
                .filter(|(_, row)| display.is_none_or(|display| row.display == display))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| show_gateway(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateVpnGateway",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Updating site-to-site VPN gateway id= {}",
            action: "updating s2s vpn gateway",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.vpn_gateways.get_mut(id) else {
                return Err(ApiError::invalid("Can't find vpn gateway by id"));
            };
            if let Some(display) = arguments.maybe_flag("fordisplay") {
                row.display = display;
            }
            // Its answer is never set (JOB-064).
            Ok(Reply::Nothing)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteVpnGateway",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Delete site-to-site VPN gateway for account {@}",
            action: "deleting s2s vpn gateway",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.vpn_gateways.get(id) else {
                return Err(ApiError::invalid(format!("Fail to find vpn gateway with {id} !")));
            };
            if world.vpn_connections.iter().any(|(_, connection)| connection.gateway == id) {
                return Err(ApiError::invalid(format!(
                    "Unable to delete VPN gateway Site2SiteVpnGateway {{\"id\":{id},\"uuid\":\"{}\"}} because there \
                     is still related VPN connections!",
                    row.uuid
                )));
            }
            world.vpn_gateways.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createVpnCustomerGateway",
        create: Some(|world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            let terms = terms(arguments)?;
            require_free_name(world, owner.account, &terms.name, None)?;
            let id = world.add_customer_gateway(owner, terms);
            Ok(Handle { kind: Kind::CustomerGateway, id })
        }),
        events: Some(EventTexts {
            scheduled: "Create site-to-site VPN customer gateway for account {@}",
            action: "",
            created: Some("creating s2s customer gateway"),
        }),
        run: |world, _, arguments| {
            Ok(Reply::Object(show_customer(world, arguments.created().unwrap_or_default())))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listVpnCustomerGateways",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let matches: Vec<Id> = world
                .customer_gateways
                .iter()
                .rev()
                .filter(|(_, row)| scope.covers(world, row.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.terms.name]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| show_customer(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateVpnCustomerGateway",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Update site-to-site VPN customer gateway= {}",
            action: "",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(owner) = world.customer_gateways.get(id).map(|row| row.owner) else {
                return Err(ApiError::invalid(format!("Find to find customer gateway with id {id}")));
            };
            let terms = terms(arguments)?;
            require_free_name(world, owner.account, &terms.name, Some(id))?;
            if let Some(row) = world.customer_gateways.get_mut(id) {
                row.terms = terms;
            }
            let begun: Vec<Id> = world
                .vpn_connections
                .iter()
                .filter(|(_, row)| row.customer == id && row.state != ConnectionState::Pending)
                .map(|(connection, _)| connection)
                .collect();
            for connection in begun {
                world.start_vpn_connection(connection);
            }
            Ok(Reply::Object(show_customer(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteVpnCustomerGateway",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Delete site-to-site VPN customer gateway for account {@}",
            action: "",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.customer_gateways.get(id) else {
                return Err(ApiError::invalid(format!("Fail to find customer gateway with {id} !")));
            };
            if world.vpn_connections.iter().any(|(_, connection)| connection.customer == id) {
                return Err(ApiError::invalid(format!(
                    "Unable to delete VPN customer gateway Site2SiteCustomerGateway {{\"id\":{id},\"name\":\"{}\",\
                     \"uuid\":\"{}\"}} because there is still related VPN connections!",
                    row.terms.name, row.uuid
                )));
            }
            world.customer_gateways.remove(id);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "createVpnConnection",
        create: Some(|world, caller, arguments| {
            let connection = new_connection(world, caller, arguments)?;
            Ok(Handle { kind: Kind::VpnConnection, id: world.add_vpn_connection(connection) })
        }),
        events: Some(EventTexts {
            scheduled: "Create site-to-site VPN connection for account {@}",
            action: "starting s2s vpn connection",
            created: Some("creating s2s vpn connection"),
        }),
        run: |world, _, arguments| {
            let id = arguments.created().unwrap_or_default();
            world.start_vpn_connection(id);
            Ok(Reply::Object(show_connection(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listVpnConnections",
        run: |world, caller, arguments| {
            let wanted = listing::wanted(arguments)?;
            let scope = listing::scope(world, *caller, arguments)?;
            let (vpc, display) = (arguments.id("vpcid"), arguments.maybe_flag("fordisplay"));
            let matches: Vec<Id> = world
                .vpn_connections
                .iter()
                .rev()
                .filter(|(_, row)| scope.covers(world, row.owner))
                .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
                .filter(|(_, row)| {
                    let of = world.vpn_gateways.get(row.gateway).map(|gateway| gateway.vpc);
                    vpc.is_none_or(|vpc| of == Some(vpc))
                })
                .filter(|(_, row)| display.is_none_or(|display| row.display == display))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| show_connection(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateVpnConnection",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Updating site-to-site VPN connection id= {}",
            action: "creating s2s vpn connection",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            let Some(row) = world.vpn_connections.get_mut(id) else {
                return Err(ApiError::invalid("Can't find vpn connection by id"));
            };
            if let Some(display) = arguments.maybe_flag("fordisplay") {
                row.display = display;
            }
            Ok(Reply::Object(show_connection(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "resetVpnConnection",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Reset site-to-site VPN connection for account {@}",
            action: "",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.vpn_connections.get(id).is_none() {
                return Err(ApiError::invalid(format!(
                    "Fail to find site to site VPN connection {id} to reset!"
                )));
            }
            world.start_vpn_connection(id);
            Ok(Reply::Object(show_connection(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteVpnConnection",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "Delete site-to-site VPN connection for account {@}",
            action: "",
            created: None,
        }),
        run: |world, _, arguments| {
            let id = arguments.id("id").unwrap_or_default();
            if world.vpn_connections.remove(id).is_none() {
                return Err(ApiError::invalid(format!(
                    "Fail to find site to site VPN connection {id} to delete!"
                )));
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// The public address of a near end: the one that is named, or that by which the VPC reaches out.
fn address_of(world: &World, arguments: &Arguments, vpc: Id) -> Result<Id, ApiError> {
    if let Some(id) = arguments.id("ipaddressid") {
        let is_of_vpc = world.addresses.get(id).is_some_and(|row| row.vpc == Some(vpc));
        return if is_of_vpc {
            Ok(id)
        } else {
            Err(ApiError::invalid(format!(
                "The IP address {id} is not a part of the VPC {}",
                dump(world, vpc)
            )))
        };
    }
    world
        .source_nat_of_vpc(vpc)
        .ok_or_else(|| ApiError::runtime(format!("Cannot found source nat ip of vpc {}", dump(world, vpc))))
}

/// What a request says of the far end.
fn terms(arguments: &Arguments) -> Result<VpnTerms, ApiError> {
    let gateway = arguments.required("gateway").to_owned();
    let name = arguments.filled("name").map_or_else(|| format!("VPN-{gateway}"), str::to_owned);
    if gateway.parse::<std::net::Ipv4Addr>().is_err() && !is_domain_name(&gateway) {
        return Err(ApiError::invalid(format!("The customer gateway ip/Domain {gateway} is invalid!")));
    }
    let cidrs = arguments.required("cidrlist").to_owned();
    let ranges: Vec<&str> = cidrs.split(',').collect();
    if !ranges.iter().all(|cidr| is_cidr(cidr)) {
        return Err(ApiError::invalid(format!(
            "The customer gateway peer cidr list {cidrs} contains an invalid cidr!"
        )));
    }
    let (ike, esp) = (arguments.required("ikepolicy"), arguments.required("esppolicy"));
    if !is_policy(ike, true) {
        return Err(ApiError::invalid(format!(
            "The customer gateway IKE policy {ike} is invalid!  Verify the required Diffie Hellman (DH) group is \
             specified."
        )));
    }
    if !is_policy(esp, false) {
        return Err(ApiError::invalid(format!("The customer gateway ESP policy {esp} is invalid!")));
    }
    let life = |name: &str, standard: i64, what: &str| match arguments.integer(name).unwrap_or(standard) {
        life if life > LONGEST_LIFE => {
            Err(ApiError::invalid(format!("The {what} lifetime {life} of vpn connection is invalid!")))
        }
        life => Ok(life),
    };
    let (ike_lifetime, esp_lifetime) =
        (life("ikelifetime", LONGEST_LIFE, "IKE")?, life("esplifetime", 3600, "ESP")?);
    if ranges.len() > MOST_RANGES {
        return Err(ApiError::invalid(format!(
            "Too many subnets of customer gateway! The limit is {MOST_RANGES}"
        )));
    }
    for (place, one) in ranges.iter().enumerate() {
        if let Some(other) = ranges[place + 1..].iter().find(|other| overlap(one, other)) {
            return Err(ApiError::invalid(format!(
                "The subnet of customer gateway {one} is overlapped with another subnet {other} of customer gateway!"
            )));
        }
    }
    Ok(VpnTerms {
        name,
        gateway,
        secret: arguments.required("ipsecpsk").to_owned(),
        ike_policy: ike.to_owned(),
        esp_policy: esp.to_owned(),
        ike_lifetime,
        esp_lifetime,
        detects_dead_peers: arguments.flag("dpd"),
        force_encapsulation: arguments.flag("forceencap"),
        split_connections: arguments.flag("splitconnections"),
        ike_version: arguments.filled("ikeversion").unwrap_or("ike").to_owned(),
        cidrs,
    })
}

fn is_domain_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 253 && text.split('.').all(is_host_name)
}

/// Whether a policy is `cipher-hash`, or `cipher-hash;group`, or several of these with commas between them. The exchange
/// of keys needs the group.
fn is_policy(text: &str, needs_group: bool) -> bool {
    const CIPHERS: [&str; 4] = ["3des", "aes128", "aes192", "aes256"];
    const HASHES: [&str; 5] = ["md5", "sha1", "sha256", "sha384", "sha512"];
    const GROUPS: [&str; 7] =
        ["modp1024", "modp1536", "modp2048", "modp3072", "modp4096", "modp6144", "modp8192"];
    text.split(',').all(|policy| {
        let (pair, group) = match policy.split_once(';') {
            Some((pair, group)) => (pair, Some(group)),
            None => (policy, None),
        };
        let is_pair = pair
            .split_once('-')
            .is_some_and(|(cipher, hash)| CIPHERS.contains(&cipher) && HASHES.contains(&hash));
        is_pair && group.map_or(!needs_group, |group| GROUPS.contains(&group))
    })
}

fn require_free_name(world: &World, account: Id, name: &str, own: Option<Id>) -> Result<(), ApiError> {
    let mut others = world.customer_gateways.iter().filter(|(id, _)| Some(*id) != own);
    if others.any(|(_, row)| row.owner.account == account && row.terms.name == name) {
        return Err(ApiError::invalid(format!("The customer gateway with name {name} already existed!")));
    }
    Ok(())
}

/// A connection as its parameters describe it.
fn new_connection(world: &World, caller: &Caller, arguments: &Arguments) -> Result<VpnConnection, ApiError> {
    let (gateway, customer) = (
        arguments.id("s2svpngatewayid").unwrap_or_default(),
        arguments.id("s2scustomergatewayid").unwrap_or_default(),
    );
    let Some(far) = world.customer_gateways.get(customer) else {
        return Err(ApiError::invalid(format!(
            "Unable to found specified Site to Site VPN customer gateway {customer} !"
        )));
    };
    let Some(near) = world.vpn_gateways.get(gateway) else {
        return Err(ApiError::invalid(format!(
            "Unable to found specified Site to Site VPN gateway {gateway} !"
        )));
    };
    require_reach(world, caller, far.owner)?;
    require_reach(world, caller, near.owner)?;
    if far.owner != near.owner {
        return Err(ApiError::invalid(
            "VPN connection can only be esitablished between same account's VPN gateway and customer gateway!",
        ));
    }
    let existing = || world.vpn_connections.iter().filter(|(_, row)| row.gateway == gateway);
    if existing().any(|(_, row)| row.customer == customer) {
        return Err(ApiError::invalid(format!(
            "The vpn connection with customer gateway id {customer} and vpn gateway id {gateway} already existed!"
        )));
    }
    let vpc_cidr = world.vpcs.get(near.vpc).map_or("", |vpc| vpc.cidr.as_str());
    if let Some(cidr) = far.terms.cidrs.split(',').find(|cidr| overlap(cidr, vpc_cidr)) {
        return Err(ApiError::invalid(format!(
            "The subnets of customer gateway {customer}'s subnet {cidr} is overlapped with VPC cidr {vpc_cidr}!"
        )));
    }
    if existing().count() >= MOST_CONNECTIONS {
        return Err(ApiError::invalid(format!(
            "There are too many VPN connections with current VPN gateway! The limit is {MOST_CONNECTIONS}"
        )));
    }
    for (_, row) in existing() {
        let Some(other) = world.customer_gateways.get(row.customer).map(|other| &other.terms) else {
            continue;
        };
        for old in other.cidrs.split(',') {
            if let Some(cidr) = far.terms.cidrs.split(',').find(|cidr| overlap(cidr, old)) {
                return Err(ApiError::invalid(format!(
                    "The new connection's remote subnet {cidr} is overlapped with existed VPN connection to customer \
                     gateway {}'s subnet {old}",
                    other.name
                )));
            }
        }
    }
    Ok(VpnConnection {
        uuid: Uuid::nil(),
        owner: near.owner,
        gateway,
        customer,
        passive: arguments.flag("passive"),
        state: ConnectionState::Pending,
        display: arguments.maybe_flag("fordisplay").unwrap_or(true),
        created: world.now,
    })
}

fn show_gateway(world: &World, id: Id) -> Object {
    world.vpn_gateways.get(id).map(|row| view::vpn_gateway(world, row)).unwrap_or_default()
}

fn show_customer(world: &World, id: Id) -> Object {
    world.customer_gateways.get(id).map(|row| view::customer_gateway(world, row)).unwrap_or_default()
}

fn show_connection(world: &World, id: Id) -> Object {
    world.vpn_connections.get(id).map(|row| view::vpn_connection(world, row)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exchange_of_keys_needs_a_group() {
        assert!(is_policy("aes128-sha1;modp1536", true));
        assert!(!is_policy("aes128-sha1", true));
        assert!(is_policy("aes128-sha1", false));
        assert!(is_policy("3des-md5;modp1024,aes256-sha512;modp8192", true));
        for bad in ["", "nonsense", "aes128", "aes128-sha1;modp7", "aes128-sha1;", ",aes128-sha1"] {
            assert!(!is_policy(bad, false), "{bad}");
        }
    }
}
