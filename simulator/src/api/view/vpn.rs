//! Virtual private networks: between sites, and for users far away.

use super::Owned as _;
use crate::reply::Object;
use crate::world::World;
use crate::world::vpn::{CustomerGateway, RemoteAccessVpn, VpnConnection, VpnGateway, VpnTerms, VpnUser};

/// The near end of connections between sites.
#[must_use]
pub fn vpn_gateway(world: &World, row: &VpnGateway) -> Object {
    let vpc = world.vpcs.get(row.vpc);
    Object::new()
        .with("id", row.uuid)
        .with("publicip", world.addresses.get(row.address).map(|address| address.address))
        .with("vpcid", vpc.map(|vpc| vpc.uuid))
        .with("vpcname", vpc.map(|vpc| vpc.name.as_str()))
        .with_owner(world, row.owner)
        .with_admin("fordisplay", row.display)
}

/// What is agreed with the far end, as far as both it and its connections show that.
fn with_terms(object: Object, terms: &VpnTerms) -> Object {
    object
        .with("gateway", &terms.gateway)
        .with("cidrlist", &terms.cidrs)
        .with("ipsecpsk", &terms.secret)
        .with("ikepolicy", &terms.ike_policy)
        .with("esppolicy", &terms.esp_policy)
        .with("ikelifetime", terms.ike_lifetime)
        .with("esplifetime", terms.esp_lifetime)
        .with("dpd", terms.detects_dead_peers)
        .with("forceencap", terms.force_encapsulation)
}

/// The far end of connections between sites.
#[must_use]
pub fn customer_gateway(world: &World, row: &CustomerGateway) -> Object {
    with_terms(Object::new().with("id", row.uuid).with("name", &row.terms.name), &row.terms)
        .with_owner(world, row.owner)
        .with("splitconnections", row.terms.split_connections)
        .with("ikeversion", &row.terms.ike_version)
        .with("hasannotations", super::has_annotations(world, row.uuid))
}

/// A connection between sites.
#[must_use]
pub fn vpn_connection(world: &World, row: &VpnConnection) -> Object {
    let gateway = world.vpn_gateways.get(row.gateway);
    let address = gateway.and_then(|gateway| world.addresses.get(gateway.address));
    let customer = world.customer_gateways.get(row.customer);
    let ends = Object::new()
        .with("id", row.uuid)
        .with("s2svpngatewayid", gateway.map(|gateway| gateway.uuid))
        .with("publicip", address.map(|address| address.address))
        .with("s2scustomergatewayid", customer.map(|customer| customer.uuid));
    let object = match customer {
        Some(customer) => with_terms(ends, &customer.terms),
        None => ends,
    };
    object
        .with("state", super::word(world, row.state.name()))
        .with("passive", row.passive)
        .with_owner(world, row.owner)
        .with("created", row.created)
        .with_admin("fordisplay", row.display)
        .with("splitconnections", customer.map(|customer| customer.terms.split_connections))
        .with("ikeversion", customer.map(|customer| customer.terms.ike_version.as_str()))
}

/// An entrance for users far away.
#[must_use]
pub fn remote_access_vpn(world: &World, row: &RemoteAccessVpn) -> Object {
    let address = world.addresses.get(row.address);
    Object::new()
        .with("publicipid", address.map(|address| address.uuid))
        .with("publicip", address.map(|address| address.address))
        .with("iprange", &row.range)
        .with("presharedkey", &row.secret)
        .with_owner(world, row.owner)
        .with("state", if row.running { "Running" } else { "Added" })
        .with("id", row.uuid)
        .with_admin("fordisplay", row.display)
}

/// Who may come in there.
#[must_use]
pub fn vpn_user(world: &World, row: &VpnUser) -> Object {
    let domain = world.domains.get(row.owner.domain);
    let project = world.project_of(row.owner.account).map(|(_, project)| project);
    let account = world.accounts.get(row.owner.account).filter(|_| project.is_none());
    Object::new()
        .with("id", row.uuid)
        .with("username", &row.name)
        .with("account", account.map(|account| account.name.as_str()))
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domain", domain.map(|domain| domain.name.as_str()))
        .with("domainpath", domain.map(|domain| domain.shown_path()))
        .with("projectid", project.map(|project| project.uuid))
        .with("project", project.map(|project| project.name.as_str()))
        .with("state", if row.active { "Active" } else { "Add" })
}
