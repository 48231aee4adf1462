//! The dialects that name one value a line: systemd-networkd, wicked, the environment of udhcpc's script, `nmcli`.

use std::net::Ipv4Addr;

use super::ack::{self, Ack};

/// systemd-networkd's file under `/run/systemd/netif/leases`.
pub(super) fn networkd(ack: &Ack) -> Vec<u8> {
    let mut text = "# This is private data. Do not parse.\n".to_owned();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("{name}={}\n", one_line(&value)));
        }
    };
    line("ADDRESS", ack.address.to_string());
    line("NETMASK", joined(&ack.addresses(ack::SUBNET_MASK)));
    line("ROUTER", joined(&ack.addresses(ack::ROUTERS)));
    line("SERVER_ADDRESS", first(ack, ack::SERVER_IDENTIFIER));
    line("BROADCAST", first(ack, ack::BROADCAST));
    line("MTU", number(ack, ack::MTU));
    line("T1", number(ack, ack::RENEWAL_TIME));
    line("T2", number(ack, ack::REBINDING_TIME));
    line("LIFETIME", number(ack, ack::LEASE_TIME));
    line("DNS", joined(&ack.addresses(ack::RESOLVERS)));
    line("DOMAINNAME", ack.text(ack::DOMAIN_NAME).unwrap_or_default());
    line("HOSTNAME", ack.text(ack::HOST_NAME).unwrap_or_default());
    text.into_bytes()
}

/// wicked's file `/run/wicked/leaseinfo.eth0.dhcp.ipv4`.
pub(super) fn wicked(ack: &Ack) -> Vec<u8> {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("{name}={}\n", quoted(&value)));
        }
    };
    line("INTERFACE", ack.interface.clone());
    line("TYPE", "dhcp".to_owned());
    line("FAMILY", "ipv4".to_owned());
    line("ACQUIRED", ack.taken.0.div_euclid(1000).to_string());
    line("IPADDR", format!("{}/{}", ack.address, prefix(ack)));
    line("PREFIXLEN", prefix(ack).to_string());
    line("NETMASK", joined(&ack.addresses(ack::SUBNET_MASK)));
    line("BROADCAST", first(ack, ack::BROADCAST));
    line("GATEWAYS", joined(&ack.addresses(ack::ROUTERS)));
    line("DNSSERVERS", joined(&ack.addresses(ack::RESOLVERS)));
    line("DNSDOMAIN", ack.text(ack::DOMAIN_NAME).unwrap_or_default());
    line("HOSTNAME", ack.text(ack::HOST_NAME).unwrap_or_default());
    line("SERVERID", first(ack, ack::SERVER_IDENTIFIER));
    line("LEASETIME", number(ack, ack::LEASE_TIME));
    text.into_bytes()
}

/// What a script of udhcpc that ends with `set` or `env` leaves behind.
pub(super) fn udhcpc(ack: &Ack) -> Vec<u8> {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("{name}={}\n", quoted(&value)));
        }
    };
    line("interface", ack.interface.clone());
    line("ip", ack.address.to_string());
    line("subnet", joined(&ack.addresses(ack::SUBNET_MASK)));
    line("mask", prefix(ack).to_string());
    line("broadcast", first(ack, ack::BROADCAST));
    line("router", joined(&ack.addresses(ack::ROUTERS)));
    line("dns", joined(&ack.addresses(ack::RESOLVERS)));
    line("hostname", ack.text(ack::HOST_NAME).unwrap_or_default());
    line("domain", ack.text(ack::DOMAIN_NAME).unwrap_or_default());
    line("mtu", number(ack, ack::MTU));
    line("lease", number(ack, ack::LEASE_TIME));
    line("serverid", first(ack, ack::SERVER_IDENTIFIER));
    line("siaddr", first(ack, ack::SERVER_IDENTIFIER));
    line("boot_file", ack.boot_file.clone());
    text.into_bytes()
}

/// What `nmcli --fields GENERAL.DEVICE,DHCP4 device show` prints of a device, and the blank line behind it.
pub(super) fn nmcli(ack: &Ack) -> Vec<u8> {
    let options = [
        ("broadcast_address", first(ack, ack::BROADCAST)),
        ("dhcp_lease_time", number(ack, ack::LEASE_TIME)),
        ("dhcp_server_identifier", first(ack, ack::SERVER_IDENTIFIER)),
        ("domain_name", ack.text(ack::DOMAIN_NAME).unwrap_or_default()),
        ("domain_name_servers", joined(&ack.addresses(ack::RESOLVERS))),
        ("filename", ack.boot_file.clone()),
        ("host_name", ack.text(ack::HOST_NAME).unwrap_or_default()),
        ("interface_mtu", number(ack, ack::MTU)),
        ("ip_address", ack.address.to_string()),
        ("next_server", first(ack, ack::SERVER_IDENTIFIER)),
        ("routers", joined(&ack.addresses(ack::ROUTERS))),
        ("subnet_mask", joined(&ack.addresses(ack::SUBNET_MASK))),
    ];
    let mut text = format!("{:<40}{}\n", "GENERAL.DEVICE:", ack.interface);
    let told = options.iter().filter(|(_, value)| !value.is_empty());
    for (position, (name, value)) in told.enumerate() {
        let property = format!("DHCP4.OPTION[{}]:", position + 1);
        text.push_str(&format!("{property:<40}{name} = {}\n", one_line(value)));
    }
    text.push('\n');
    text.into_bytes()
}

fn joined(addresses: &[Ipv4Addr]) -> String {
    addresses.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(" ")
}

fn first(ack: &Ack, code: u8) -> String {
    ack.addresses(code).first().map(Ipv4Addr::to_string).unwrap_or_default()
}

fn number(ack: &Ack, code: u8) -> String {
    ack.number(code).map(|number| number.to_string()).unwrap_or_default()
}

/// The length of the network's prefix.
fn prefix(ack: &Ack) -> u32 {
    ack.addresses(ack::SUBNET_MASK).first().map_or(0, |mask| mask.to_bits().leading_ones())
}

/// A value that cannot end its line.
fn one_line(value: &str) -> String {
    value.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

/// A value in the quotes of a shell.
fn quoted(value: &str) -> String {
    format!("'{}'", one_line(value).replace('\'', "'\\''"))
}
