//! Where a request comes from, as far as headers are believed (API-HTTP-040 to -042), and whether
//! an account may be used from there (section 2.3, row 11a).
//!
//! Two layers believe headers: the container always, with no look at who sends them, and the API
//! where it is told to, for peers that are its proxies.

use std::net::{IpAddr, Ipv4Addr};

use super::error::ApiError;
use super::request::Request;
use crate::quirk::Quirk;
use crate::release::Release;
use crate::world::World;
use crate::world::setting::Scope;
use crate::world::table::Id;

/// The release since which the container believes headers (section 9 of the protocol).
const FORWARDED: Release = Release::new(22, 0);

/// The address that a request counts as coming from.
///
/// # Errors
///
/// 500: a header names something that has no address (API-HTTP-042).
pub fn of(world: &World, request: &Request) -> Result<IpAddr, ApiError> {
    let remote = match claimed(world, request) {
        Some(text) if !world.sins(Quirk::ForwardedIsIgnored) && world.release >= FORWARDED => {
            match host(&text) {
                Some(address) => address,
                None if world.sins(Quirk::UnresolvedAddressesPass) => request.peer,
                None => return Err(unresolved()),
            }
        }
        _ => request.peer,
    };
    let is_proxy = world.settings.flag("proxy.header.verify")
        && is_in(remote, world.settings.text("proxy.cidr")).unwrap_or(false);
    if !is_proxy {
        return Ok(remote);
    }
    for name in header_names(world) {
        let Some(value) = request.header(&name).filter(|value| !value.eq_ignore_ascii_case("unknown")) else {
            continue;
        };
        let mut tokens = value.split(',').map(str::trim);
        if world.sins(Quirk::FirstTokenIsTheAddress) {
            let first = tokens.next().unwrap_or_default();
            return first.parse().map_err(|_| unresolved());
        }
        if let Some(address) = tokens.find_map(|token| token.parse().ok()) {
            return Ok(address);
        }
    }
    Ok(remote)
}

fn unresolved() -> ApiError {
    let text = "UnknownHostException when trying to lookup remote IP-Address";
    ApiError { shows_class: false, described: false, ..ApiError::api(500, text) }
}

/// What the container takes for the peer: the leftmost entry of `Forwarded`, else of the first of
/// the named headers.
fn claimed(world: &World, request: &Request) -> Option<String> {
    let entry = |value: &str| {
        let mut entries = value.split(',');
        let entry = if world.sins(Quirk::LastForwardedCounts) { entries.next_back() } else { entries.next() };
        entry.unwrap_or_default().trim().to_owned()
    };
    let standard = request.header("forwarded").and_then(|value| {
        let entry = entry(value);
        let pairs = entry.split(';').filter_map(|pair| pair.split_once('='));
        let by_whom = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
        by_whom.map(|(_, value)| value.trim().trim_matches('"').to_owned())
    });
    standard.or_else(|| header_names(world).next().and_then(|name| request.header(&name).map(entry)))
}

fn header_names(world: &World) -> impl Iterator<Item = String> {
    let names = world.settings.text("proxy.header.names");
    names.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty())
}

/// The address of a host with or without a port. Names are not looked up: there is no network
/// to ask in a simulated cloud.
fn host(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if text.eq_ignore_ascii_case("localhost") {
        return Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    if let Some(inner) = text.strip_prefix('[') {
        return inner.split(']').next()?.parse().ok();
    }
    let (address, port) = text.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    address.parse().ok()
}

/// Whether an account may be used from an address.
#[must_use]
pub fn is_allowed(world: &World, account: Id, address: IpAddr) -> bool {
    if !world.settings.flag("api.source.cidr.checks.enabled") || world.sins(Quirk::SourceAddressesAreFree) {
        return true;
    }
    let list = world.settings.text_in(Scope::Account(account), "api.allowed.source.cidr.list");
    is_in(address, list).unwrap_or(false)
}

/// Whether an address is in a list of networks; nothing if the list is malformed.
fn is_in(address: IpAddr, list: &str) -> Option<bool> {
    let mut found = false;
    for network in list.split(',').map(str::trim).filter(|network| !network.is_empty()) {
        found |= contains(network, address)?;
    }
    Some(found)
}

fn contains(network: &str, address: IpAddr) -> Option<bool> {
    let (base, length) = match network.split_once('/') {
        Some((base, length)) => (base.parse::<IpAddr>().ok()?, Some(length.parse::<u32>().ok()?)),
        None => (network.parse::<IpAddr>().ok()?, None),
    };
    let shifted = |bits: u128, width: u32, length: u32| bits.checked_shr(width - length).unwrap_or(0);
    let same = |one: u128, two: u128, width: u32| {
        let length = length.unwrap_or(width);
        (length <= width).then(|| shifted(one, width, length) == shifted(two, width, length))
    };
    match (base, address.to_canonical()) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            same(u32::from(base).into(), u32::from(address).into(), u32::BITS)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => same(base.into(), address.into(), u128::BITS),
        _ => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::Port;
    use crate::world::clock::Moment;

    fn world(settings: &[(&str, &str)]) -> World {
        let mut world = World::blank(1, Moment(0));
        for (name, value) in settings {
            world.settings.set(name, value).expect("a known setting");
        }
        world
    }

    fn seen(world: &World, headers: &[(&str, &str)]) -> Option<String> {
        let request = Request {
            port: Port::Main,
            method: "GET".to_owned(),
            target: "/client/api".to_owned(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: Vec::new(),
            needs_host: true,
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        of(world, &request).ok().map(|address| address.to_string())
    }

    #[test]
    fn the_container_believes_the_leftmost_entry() {
        let world = world(&[]);
        for (name, value, expected) in [
            ("x-forwarded-for", "10.9.9.7, 192.0.2.1", Some("10.9.9.7")),
            ("x-forwarded-for", "10.9.9.7:4711", Some("10.9.9.7")),
            ("x-forwarded-for", "junk", None),
            ("http_client_ip", "10.9.9.7", Some("127.0.0.1")),
            ("forwarded", "for=10.9.9.8;proto=http, for=192.0.2.1", Some("10.9.9.8")),
            ("forwarded", "proto=http;For=\"[2001:db8::1]:80\"", Some("2001:db8::1")),
            ("forwarded", "proto=http", Some("127.0.0.1")),
        ] {
            assert_eq!(seen(&world, &[(name, value)]).as_deref(), expected, "{name}: {value}");
        }
    }

    #[test]
    fn the_api_believes_its_proxies() {
        let world = world(&[("proxy.header.verify", "true"), ("proxy.cidr", "10.0.0.0/8,127.0.0.1/32")]);
        for (value, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("unknown", "127.0.0.1"),
            ("not-an-address, 192.0.2.7, 192.0.2.8", "192.0.2.7"),
            ("not-an-address", "127.0.0.1"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(seen(&world, &[("http_client_ip", value)]).as_deref(), Some(expected), "{value}");
        }
        let through_another = [("x-forwarded-for", "172.16.0.1"), ("http_client_ip", "192.0.2.7")];
        assert_eq!(seen(&world, &through_another).as_deref(), Some("172.16.0.1"), "no proxy of ours");
    }

    #[test]
    fn lists_of_networks() {
        let check = |list: &str, address: &str, expected: Option<bool>| {
            let address = address.parse().expect("an address");
            assert_eq!(is_in(address, list), expected, "{address} in {list}");
        };
        check("0.0.0.0/0,::/0", "203.0.113.9", Some(true));
        check("0.0.0.0/0,::/0", "2001:db8::1", Some(true));
        check("10.9.9.0/24", "10.9.9.255", Some(true));
        check("10.9.9.0/24", "10.9.8.255", Some(false));
        check("10.9.9.1", "10.9.9.1", Some(true));
        check("2001:db8::/32", "10.9.9.1", Some(false));
        check("", "10.9.9.1", Some(false));
        check("10.0.0.0/33", "10.9.9.1", None);
        check("ten", "10.9.9.1", None);
    }
}
