//! Files of assignments, one a line: systemd-networkd, wicked, the environment of udhcpc's script, and what
//! `dhcpcd --dumplease` prints.

use super::{Dialect, Lease, SERVER};

/// How a client calls things.
struct Names {
    dialect: Dialect,
    server: &'static str,
    address: &'static str,
    routers: &'static str,
    interface: &'static str,
    host_name: &'static str,
    domain: &'static str,
}

const NAMES: [Names; 4] = [
    Names {
        dialect: Dialect::Networkd,
        server: "SERVER_ADDRESS",
        address: "ADDRESS",
        routers: "ROUTER",
        // The name of the file is the number of the interface.
        interface: "IFNAME",
        host_name: "HOSTNAME",
        domain: "DOMAINNAME",
    },
    Names {
        dialect: Dialect::Wicked,
        server: "SERVERID",
        address: "IPADDR",
        routers: "GATEWAYS",
        interface: "INTERFACE",
        host_name: "HOSTNAME",
        domain: "DNSDOMAIN",
    },
    Names {
        dialect: Dialect::Udhcpc,
        server: "serverid",
        address: "ip",
        routers: "router",
        interface: "interface",
        host_name: "hostname",
        domain: "domain",
    },
    Names {
        dialect: Dialect::Dhcpcd,
        server: "dhcp_server_identifier",
        address: "ip_address",
        routers: "routers",
        interface: "interface",
        host_name: "host_name",
        domain: "domain_name",
    },
];

/// The lease of a file, and whose names it uses: those by which it tells a server, or else an address.
pub(super) fn read(text: &str) -> Option<(Dialect, Lease)> {
    let all: Vec<(&str, String)> = text.lines().filter_map(assignment).collect();
    let find =
        |name: &str| all.iter().rev().find(|(other, _)| *other == name).map(|(_, value)| value.as_str());
    let names = NAMES.iter().find(|names| find(names.server).is_some());
    let names = names.or_else(|| NAMES.iter().find(|names| find(names.address).is_some()))?;
    let mut lease = Lease::default();
    // An address may have the length of its prefix behind it.
    let plain = |value: &str| value.split('/').next().unwrap_or_default().to_owned();
    let first = |value: &str| value.split([' ', ',']).next().unwrap_or_default().to_owned();
    for (words, value) in [
        (&["interface"][..], find(names.interface).map(str::to_owned)),
        (&["fixed-address"], find(names.address).map(plain)),
        (&["option", SERVER], find(names.server).map(str::to_owned)),
        (&["option", "routers"], find(names.routers).map(first)),
        (&["option", "host-name"], find(names.host_name).map(str::to_owned)),
        (&["option", "domain-name"], find(names.domain).map(str::to_owned)),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            lease.note(words, &value);
        }
    }
    Some((names.dialect, lease))
}

/// The name and the value of a line such as `SERVERID='10.1.1.1'`.
pub(super) fn assignment(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.trim().split_once('=')?;
    let name = name.strip_prefix("export ").unwrap_or(name);
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then(|| (name, unquoted(value)))
}

/// A value as a shell reads it: quotes belong together and go away, a backslash keeps what follows.
fn unquoted(value: &str) -> String {
    let mut plain = String::new();
    let mut quote = None;
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), closing) if open == closing => quote = None,
            (None | Some('"'), '\\') => plain.extend(characters.next()),
            (_, other) => plain.push(other),
        }
    }
    plain
}
