//! The config drive: what a guest without a router reads from a disc of its own (CD-001 to CD-005).
//!
//! Every machine has one, as if the provider `ConfigDrive` stood where its network's offering has another one for user
//! data; its files are those of release 4.22. Values are the router's ([`TYPES`](crate::world::vm_data::TYPES)), of the
//! card with the default route, but for those of CD-005. How files become an image is in [`iso`], where images are
//! written in `server/drives.rs`.

pub mod iso;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::quirk::Quirk;
use crate::router::password_server::SAVED;
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::password;
use crate::world::table::Id;
use crate::world::virtual_machine::{Nic, VirtualMachine};
use crate::world::vm_data::{Card, Source, unicode_escape};
use iso::{File, Trees};

/// The label by which guests find the drive: the default of `vm.configdrive.label`.
pub const LABEL: &str = "config-2";
/// The MTU of a card whose network has none of its own, in bytes.
const MTU: u16 = 1500;
/// The names in `meta_data.json` that differ from the types, or not, as the reference has them (CD-002).
const OPENSTACK_NAMES: &[(&str, &str)] = &[
    ("availability-zone", "availability_zone"),
    ("local-hostname", "hostname"),
    ("vm-id", "uuid"),
    ("public-hostname", "name"),
    ("cloud-domain", "cloud-domain"),
    ("cloud-domain-id", "cloud-domain-id"),
    ("cloud-name", "cloud-name"),
    ("hypervisor-host-name", "hypervisor-host-name"),
];

/// The drive of a machine. Two that are equal have the same image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drive {
    label: &'static str,
    written: Moment,
    trees: Trees,
    files: Vec<File>,
}

impl Drive {
    /// The drive of a machine as the world is now; none without a card that the default route goes out by.
    #[must_use]
    pub fn of(world: &World, id: Id) -> Option<Self> {
        let machine = world.virtual_machines.get(id)?;
        let nic = machine.default_nic()?;
        let network = world.networks.get(nic.network)?;
        let card = Card { world, id, machine, nic, network };
        Some(Self {
            label: if world.sins(Quirk::DriveHasAnotherLabel) { "cidata" } else { LABEL },
            written: machine.updated.unwrap_or(machine.created),
            trees: Trees {
                rock_ridge: !world.sins(Quirk::DriveWithoutRockRidge),
                joliet: !world.sins(Quirk::DriveWithoutJoliet),
            },
            files: files(&card),
        })
    }

    /// What is on it.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Its bytes.
    #[must_use]
    pub fn image(&self) -> Vec<u8> {
        iso::image(self.label, self.written, &self.files, self.trees)
    }
}

/// The tree of CD-001.
fn files(card: &Card<'_>) -> Vec<File> {
    let Card { world, machine, .. } = *card;
    let mut files = vec![
        file("openstack/latest/vendor_data.json", vendor_data(world, machine)),
        file("openstack/latest/network_data.json", network_data(world, machine)),
    ];
    let serves_user_data = |nic: &Nic| provider(world, nic, "UserData").is_some();
    if !machine.nics.iter().any(serves_user_data) {
        return files;
    }
    let values = values(card);
    files.push(file("openstack/latest/meta_data.json", meta_data(world, machine, &values)));
    for (name, value) in &values {
        let end = if world.sins(Quirk::DriveFilesEndWithANewline) { "\n" } else { "" };
        files.push(file(&format!("cloudstack/metadata/{name}.txt"), format!("{value}{end}")));
    }
    if let Some(text) = machine.user_data.as_deref().filter(|text| !text.is_empty()) {
        let mut paths = vec!["cloudstack/userdata/user_data.txt".to_owned()];
        if !world.sins(Quirk::DriveLacksOpenstackUserData) {
            paths.push("openstack/latest/user_data".to_owned());
        }
        // The API stores only what decodes (UD-006).
        let decoded = STANDARD.decode(text).unwrap_or_default();
        let bytes = if world.sins(Quirk::DriveUserDataIsBase64) { text.into() } else { decoded };
        files.push(File { paths, bytes });
    }
    if let Some(password) = given_password(machine) {
        files.push(file("cloudstack/password/vm_password.txt", password.to_owned()));
        if is_windows(world, machine) {
            // A number has no zeros in front.
            let digest = password::md5(password).trim_start_matches('0').to_owned();
            files.push(file("cloudstack/password/vm-password-md5checksum.txt", digest));
        }
    }
    files
}

fn file(path: &str, text: String) -> File {
    File { paths: vec![path.to_owned()], bytes: text.into_bytes() }
}

/// The metadata by type or detail, in the order in which they were first written; what is blank has no file. Of a name
/// that is written twice the last value counts (`NetworkModelImpl.java:2605-2715`).
fn values(card: &Card<'_>) -> Vec<(String, String)> {
    let Card { world, .. } = *card;
    let mut values: Vec<(String, String)> = Vec::new();
    for (name, source) in card.pushes() {
        let value = match (name, &source) {
            ("public-ipv4", Source::Type(_)) => public_address(card).map(|(address, _)| address),
            ("public-hostname", Source::Type(_)) => public_address(card).and_then(|(_, name)| name),
            _ => source.push(card).into_text(),
        };
        let is_escaped = matches!(source, Source::Detail(_)) && !world.sins(Quirk::DriveDetailsAreNotEscaped);
        let value = value.map(|text| if is_escaped { unicode_escape(&text) } else { text });
        let value = value.filter(|text| !text.trim().is_empty());
        let value = value.or_else(|| world.sins(Quirk::DriveHasBlankFiles).then(String::new));
        let Some(value) = value else { continue };
        match values.iter_mut().find(|(other, _)| other == name) {
            Some((_, before)) => *before = value,
            None => values.push((name.to_owned(), value)),
        }
    }
    values
}

/// The address and the name by which the world reaches a machine (CD-005): unlike the router's, the address is its own
/// unless another one stands for it, and then there is no name, but in a basic zone.
fn public_address(card: &Card<'_>) -> Option<(String, Option<String>)> {
    let Card { world, id, machine, nic, network } = *card;
    let router = || network.router.as_ref()?.public_address;
    if world.sins(Quirk::DriveHasTheRoutersAddress) {
        return router().map(|address| (address.to_string(), Some(address.to_string())));
    }
    let own = nic.address?.to_string();
    if world.zones.get(machine.zone).is_some_and(|zone| zone.network_type == "Basic") {
        return Some((own, Some(unicode_escape(&machine.name))));
    }
    Some(match world.addresses_for(id).next() {
        Some((_, row)) => (row.address.to_string(), Some(row.address.to_string())),
        None => (own, None),
    })
}

/// `meta_data.json` (CD-002; `ConfigDriveBuilder.java:466-535`).
fn meta_data(world: &World, machine: &VirtualMachine, values: &[(String, String)]) -> String {
    let mut members = Map::new();
    for (name, value) in values.iter().filter(|(_, value)| !value.is_empty()) {
        let renamed = OPENSTACK_NAMES.iter().find(|(kind, _)| kind == name);
        if name == "public-keys" {
            let data = value.replace("\\n", "");
            let key = key_name(world, &data);
            let listed = if world.sins(Quirk::DriveKeysAreAText) {
                json!(data)
            } else {
                json!([{ "type": "ssh", "data": data, "name": key }])
            };
            members.insert("keys".to_owned(), listed);
            members.insert("public_keys".to_owned(), json!({ key: value }));
        } else if let Some((kind, own)) = renamed {
            let known = if world.sins(Quirk::DriveMetadataHasRouterNames) { kind } else { own };
            members.insert((*known).to_owned(), json!(value));
        }
        let is_variable = machine.user_data_details.iter().any(|(detail, _)| detail == name);
        if is_variable && !world.sins(Quirk::DriveLeavesVariablesOut) {
            members.insert(name.clone(), json!(value));
        }
    }
    Value::Object(members).to_string()
}

/// The name of a key: its third word, if there is a fourth one.
fn key_name(world: &World, text: &str) -> String {
    let words: Vec<&str> = text.trim_end_matches(' ').split(' ').collect();
    let fewest = if world.sins(Quirk::DriveKeysAreNamedByTheirRemark) { 3 } else { 4 };
    let third = words.get(2).filter(|third| words.len() >= fewest && !third.is_empty());
    third.map_or("key", |third| third).to_owned()
}

/// `vendor_data.json` (CD-003). The password stands in the YAML as it is (`ConfigDriveBuilder.java:275-301`).
fn vendor_data(world: &World, machine: &VirtualMachine) -> String {
    match given_password(machine).filter(|_| !world.sins(Quirk::DriveVendorDataLacksThePassword)) {
        Some(password) => {
            let text = format!("#cloud-config\npassword: {password}\nchpasswd:\n  expire: False");
            json!({ "cloud-init": text }).to_string()
        }
        None if world.sins(Quirk::DriveVendorDataIsEmpty) => String::new(),
        None => "{}".to_owned(),
    }
}

/// `network_data.json` (CD-004; `ConfigDriveBuilder.java:303-436`): the cards whose networks have DHCP, and the resolvers
/// of those that have DNS, by the provider that also serves the user data.
fn network_data(world: &World, machine: &VirtualMachine) -> String {
    let (mut links, mut networks, mut services) = (Vec::new(), Vec::new(), Vec::new());
    let cards = machine.nics.iter().filter(|_| !world.sins(Quirk::DriveNetworkDataIsEmpty));
    for nic in cards {
        let Some(network) = world.networks.get(nic.network) else { continue };
        let drive = provider(world, nic, "UserData");
        let has = |service: &str| {
            let own = provider(world, nic, service);
            own.is_some() && (drive.is_none() || own == drive)
        };
        let id = format!("eth{}", nic.device);
        if has("Dhcp") {
            links.push(json!({ "ethernet_mac_address": nic.mac, "id": id, "mtu": MTU, "type": "phy" }));
            if let (Some(address), Some(subnet)) = (nic.address, network.subnet) {
                let sins = world.sins(Quirk::DriveNetworkDataHasOtherAddresses);
                networks.push(json!({
                    "id": id,
                    "ip_address": if sins { subnet.gateway } else { address },
                    "link": id,
                    "netmask": subnet.netmask(),
                    "network_id": nic.uuid,
                    "type": "ipv4",
                    "routes": [{ "gateway": subnet.gateway, "netmask": "0.0.0.0", "network": "0.0.0.0" }],
                }));
            }
        }
        if let Some(zone) = world.zones.get(network.zone).filter(|_| has("Dns")) {
            let resolvers = [Some(zone.dns1.as_str()), zone.dns2.as_deref()];
            let named = resolvers.into_iter().flatten().filter(|address| !address.trim().is_empty());
            let new: Vec<Value> = named
                .map(|address| json!({ "address": address, "type": "dns" }))
                .filter(|service| !services.contains(service))
                .collect();
            services.extend(new);
        }
    }
    let members = [("links", links), ("networks", networks), ("services", services)];
    let members = members.into_iter().filter(|(_, list)| !list.is_empty());
    Value::Object(members.map(|(name, list)| (name.to_owned(), Value::Array(list))).collect()).to_string()
}

/// Who has a service in the network of a card.
fn provider<'a>(world: &'a World, nic: &Nic, service: &str) -> Option<&'a str> {
    world.provider_in(world.networks.get(nic.network)?, service)
}

/// The password that the guest has not taken yet.
fn given_password(machine: &VirtualMachine) -> Option<&str> {
    machine.guest_password.as_deref().filter(|password| !password.is_empty() && *password != SAVED)
}

/// Whether a machine is of the category `Windows`, whose systems all begin so.
fn is_windows(world: &World, machine: &VirtualMachine) -> bool {
    let system = world.templates.get(machine.template).map(|template| template.guest_system);
    let system = system.and_then(|system| world.guest_systems.get(system));
    system.is_some_and(|system| system.description.starts_with("Windows"))
}

#[cfg(test)]
mod tests;
