//! The README's table of what is played, made from the list of commands and from where upstream keeps each command.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use cloudstack_simulator::api::command;
use cloudstack_simulator::api::session::entrance;
use cloudstack_simulator::catalog;
use serde::Deserialize;

const START: &str =
    "<!-- coverage: made by UPDATE_README=1 cargo test -p cloudstack-simulator --test it coverage -->\n";
const END: &str = "<!-- end of coverage -->\n";

/// Upstream's folders whose names say little, and what is in them.
const IN_WORDS: &[(&str, &str)] = &[
    ("acl", "roles, project roles"),
    ("address", "public addresses"),
    ("autoscale", "autoscaling"),
    ("bgp", "BGP peers, AS numbers"),
    ("bucket", "buckets"),
    ("ca", "certificate authority"),
    ("config", "settings"),
    ("consoleproxy", "consoles"),
    ("database", "quota"),
    ("dedicated-resources", "dedication of zones, pods, clusters, hosts"),
    ("direct", "direct downloads"),
    ("discovery", "listApis"),
    ("event-bus", "webhooks"),
    ("extensions", "extensions"),
    ("firewall", "firewall, port forwarding, egress"),
    ("guest", "guest operating systems"),
    ("gui", "themes of the user interface"),
    ("ha", "high availability"),
    ("integrations", "Kubernetes, Cloudian"),
    ("internallb", "internal load balancers"),
    ("ipv6", "IPv6 firewall"),
    ("maintenance", "maintenance of the server"),
    ("nat", "static NAT"),
    ("network", "networks, offerings, physical networks, providers"),
    ("offering", "service and disk offerings"),
    ("rate-limit", "rate limits"),
    ("region", "regions, global load balancing"),
    ("resource", "limits, capacity, icons, details"),
    ("router", "virtual routers"),
    ("server", "login, logout, two factors"),
    ("solidfire-intg-test", "SolidFire"),
    ("ssh", "SSH key pairs"),
    ("storage", "primary and secondary storage, object stores"),
    ("swift", "Swift"),
    ("systemvm", "system machines"),
    ("tag", "tags"),
    ("template", "templates"),
    ("user-authenticators", "LDAP, OAuth 2, SAML 2"),
    ("userdata", "user data"),
    ("vlan", "ranges of addresses"),
    ("vm", "virtual machines"),
    ("vmgroup", "instance groups"),
    ("vmsnapshot", "snapshots of machines"),
    ("vmware-sioc", "VMware"),
    ("vpc", "VPCs"),
    ("vpn", "VPNs"),
];

/// A row of the catalogue: what it is called and where upstream keeps it.
#[derive(Deserialize)]
struct Row {
    name: String,
    class: String,
}

impl Row {
    /// The folder that says what the command is about.
    fn folder(&self) -> &str {
        let mut parts = self.class.split('/');
        let folder = match parts.next() {
            Some("plugins") => match (parts.next(), parts.next()) {
                (Some("api"), plugin) => plugin,
                (Some("hypervisors"), _) => Some("hypervisors"),
                (plugin, _) => plugin,
            },
            Some("framework") => parts.next(),
            Some("server") => Some("server"),
            _ => parts.skip_while(|part| !matches!(*part, "admin" | "user")).nth(1),
        };
        folder.unwrap_or("others")
    }

    fn family(&self) -> &str {
        let folder = self.folder();
        IN_WORDS.iter().find(|(name, _)| *name == folder).map_or(folder, |(_, words)| words)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The table: families with all, with how many of how many commands, and what is missing.
fn table() -> String {
    let text = fs::read_to_string(root().join("fixtures/catalog/commands.jsonl")).expect("the catalogue");
    let mut families: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    let (mut played, mut all) = (0, 0);
    for line in text.lines() {
        let row: Row = serde_json::from_str(line).expect("a row of the catalogue");
        let (count, missing) = families.entry(row.family().to_owned()).or_default();
        all += 1;
        // What opens and ends sessions is not among the commands that are signed for.
        let is_entrance = entrance::is_entrance(&row.name);
        if is_entrance || catalog::command(&row.name).is_some_and(command::is_played) {
            *count += 1;
            played += 1;
        } else {
            missing.push(row.name);
        }
    }
    let mut table =
        format!("Played: {played} of {all} commands.\n\n| family | played | not played |\n|---|---|---|\n");
    for (family, (count, missing)) in families {
        let total = count + missing.len();
        writeln!(table, "| {family} | {count} of {total} | {} |", missing.join(", "))
            .expect("a String takes every write");
    }
    table
}

#[test]
fn the_readme_says_what_is_played() {
    let path = root().join("README.md");
    let text = fs::read_to_string(&path).expect("the README");
    let (before, rest) = text.split_once(START).expect("the README has the mark where the table starts");
    let (written, after) = rest.split_once(END).expect("the README has the mark where the table ends");
    let table = table();
    if env::var_os("UPDATE_README").is_some() {
        fs::write(&path, format!("{before}{START}{table}{END}{after}")).expect("a writable README");
        return;
    }
    assert_eq!(
        written, table,
        "make the table anew: UPDATE_README=1 cargo test -p cloudstack-simulator --test it coverage"
    );
}
