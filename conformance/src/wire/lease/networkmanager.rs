//! What `nmcli` prints of devices and connections: NetworkManager keeps the options of its own DHCP client in no file.

use super::{Lease, SERVER};

/// The options that are of use, and the words of dhclient for them.
const OPTIONS: [(&str, &[&str]); 5] = [
    ("dhcp_server_identifier", &["option", SERVER]),
    ("ip_address", &["fixed-address"]),
    ("routers", &["option", "routers"]),
    ("host_name", &["option", "host-name"]),
    ("domain_name", &["option", "domain-name"]),
];

/// Whether a line is one of `nmcli`: `GENERAL.DEVICE: eth0`, `DHCP4.OPTION[1]: ip_address = 10.1.1.10`.
pub(super) fn is_property(line: &str) -> bool {
    property(line).is_some()
}

fn property(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let (group, field) = name.split_once('.')?;
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_[]".contains(&byte))
    };
    let is_group = group.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (is_group && is_word(group) && is_word(field)).then_some((name, value.trim()))
}

/// The leases, one for each device that has options of DHCP.
pub(super) fn read(text: &str) -> Vec<Lease> {
    let mut leases: Vec<Lease> = Vec::new();
    let mut device: Option<&str> = None;
    let mut is_open = false;
    for (name, value) in text.lines().map(str::trim).filter_map(property) {
        if matches!(name, "GENERAL.DEVICE" | "GENERAL.DEVICES") {
            (device, is_open) = (Some(value), false);
            continue;
        }
        let Some(number) = name.strip_prefix("DHCP4.OPTION") else { continue };
        let Some((option, value)) = value.split_once(" = ") else { continue };
        // The options of a device are counted from one.
        if !is_open || number == "[1]" {
            let mut lease = Lease::default();
            if let Some(device) = device {
                lease.note(&["interface"], device);
            }
            leases.push(lease);
            is_open = true;
        }
        let known = OPTIONS.iter().find(|(known, _)| *known == option.trim());
        if let (Some(lease), Some((_, words))) = (leases.last_mut(), known) {
            let first = value.split_ascii_whitespace().next().unwrap_or_default();
            lease.note(words, first);
        }
    }
    leases
}
