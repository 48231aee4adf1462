//! The config drive: a disc with what a router would tell, and where it differs from that.
//!
//! Everything is read from the image itself ([`wire::iso`](crate::wire::iso)) and held against what the API and the
//! router say. Some checks need the drive of a machine of their own; they find it where drives are named by the ids of
//! their machines.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{prelude::*, setup};
use crate::{
    check::Capability,
    target::Guest,
    wire::{
        ExchangeError,
        iso::{Disc, IsoError},
    },
};

/// The label that drives have unless a setting says otherwise.
const LABEL: &str = "config-2";
const USER_DATA: &str = "cloudstack/userdata/user_data.txt";
const OPENSTACK_USER_DATA: &str = "openstack/latest/user_data";
const META_DATA: &str = "openstack/latest/meta_data.json";
const VENDOR_DATA: &str = "openstack/latest/vendor_data.json";
const NETWORK_DATA: &str = "openstack/latest/network_data.json";
const PASSWORD: &str = "cloudstack/password/vm_password.txt";
/// A key as people have them: three words.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINf44BLOloWSd9y11+R0TSyiPThOzCpnDR4AbYbF68sn somebody";

/// The names in `meta_data.json`, and the types that they have the values of.
const MAPPED: &[(&str, &str)] = &[
    ("availability_zone", "availability-zone"),
    ("hostname", "local-hostname"),
    ("uuid", "vm-id"),
    ("name", "public-hostname"),
    ("cloud-domain", "cloud-domain"),
    ("cloud-domain-id", "cloud-domain-id"),
    ("cloud-name", "cloud-name"),
    ("hypervisor-host-name", "hypervisor-host-name"),
];

/// What a check needs that makes a machine with a drive of its own.
const MACHINES: &[Capability] = &[
    ConfigDrive,
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("registerSSHKeyPair"),
    Since("4.18"),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "config-drive/label",
        level: Should,
        profile: InGuest,
        needs: &[ConfigDrive],
        requirement: "The config drive has the label of the setting `vm.configdrive.label`, `config-2` unless it is changed.",
        source: "VirtualMachineManager.java:65",
        rules: &["CD-001"],
        run: |target| expect_equal("label", label(target)?, first(target)?.label),
    },
    Check {
        id: "config-drive/both-trees",
        level: Should,
        profile: InGuest,
        needs: &[ConfigDrive],
        requirement: "The config drive has the same files under the names of Rock Ridge and of Joliet.",
        source: "ConfigDriveBuilder.java:186-212",
        rules: &["CD-001"],
        run: |target| {
            let disc = first(target)?;
            let absent = |what: &str| Mismatch::new("trees", format!("one of {what}"), "none");
            let unix = disc.rock_ridge.as_ref().ok_or_else(|| absent("Rock Ridge"))?;
            let windows = disc.joliet.as_ref().ok_or_else(|| absent("Joliet"))?;
            expect_equal("files in Joliet", listed(unix.paths()), listed(windows.paths()))?;
            for path in unix.paths() {
                let (bytes, other) = (disc.file_in(unix, path), disc.file_in(windows, path));
                expect_bytes(path, bytes.unwrap_or_default(), other)?;
            }
            Ok(())
        },
    },
    Check {
        id: "config-drive/user-data",
        level: Should,
        profile: InGuest,
        needs: &[ConfigDrive, Command("getVirtualMachineUserData")],
        requirement: "The user data on the config drive is that of the API, decoded, for scripts of CloudStack and of OpenStack.",
        source: "ConfigDriveBuilder.java:141-168,438-464",
        rules: &["CD-001"],
        run: |target| {
            let reply = target.api("getVirtualMachineUserData");
            let reply = reply.param("virtualmachineid", &guest(target)?.id).send()?;
            reply.expect_success()?;
            let told = reply.body().text_at("virtualmachineuserdata.userdata").unwrap_or_default();
            let bytes = STANDARD
                .decode(&told)
                .map_err(|error| reply.mismatch("virtualmachineuserdata.userdata", "base64", error))?;
            let disc = first(target)?;
            for path in [USER_DATA, OPENSTACK_USER_DATA] {
                if told.is_empty() {
                    expect_no_file(&disc, path)?;
                } else {
                    expect_bytes(path, &bytes, disc.file(path))?;
                }
            }
            Ok(())
        },
    },
    Check {
        id: "config-drive/metadata-of-the-api",
        level: Should,
        profile: InGuest,
        needs: &[ConfigDrive, Command("listVirtualMachines"), Command("listServiceOfferings")],
        requirement: "The metadata on the config drive is what the API says of the machine, each value in a file without a newline.",
        source: "NetworkModelImpl.java:2605-2644",
        rules: &["CD-001"],
        run: |target| {
            let disc = first(target)?;
            let reply = setup::us(target).listed(&guest(target)?.id)?;
            let text = |path: &str| Ok::<_, Stop>(reply.expect_present(path)?.text().unwrap_or_default());
            let offering = text("virtualmachine.serviceofferingid")?;
            let offerings = target.api("listServiceOfferings").param("id", offering).send()?;
            let offering = setup::id_in(&offerings, "serviceoffering.displaytext")?;
            let expected = [
                ("service-offering", offering),
                ("availability-zone", text("virtualmachine.zonename")?),
                ("local-hostname", text("virtualmachine.name")?),
                ("local-ipv4", default_card(&reply)?.text_at("ipaddress").unwrap_or_default()),
                ("instance-id", text("virtualmachine.id")?),
                ("vm-id", text("virtualmachine.id")?),
            ];
            for (kind, value) in expected {
                expect_value(&disc, kind, &escaped(&value))?;
            }
            Ok(())
        },
    },
    Check {
        id: "config-drive/metadata-of-the-router",
        level: Should,
        profile: InGuest,
        needs: &[ConfigDrive, Router],
        requirement: "The config drive has a file for each value that the router serves and is not empty, but for the public address.",
        source: "ConfigDriveBuilder.java:438-464, NetworkModelImpl.java:2605-2715",
        rules: &["CD-001", "CD-005"],
        run: |target| {
            let disc = first(target)?;
            let index = target.router().get("/latest/meta-data/")?;
            index.expect_status(200)?;
            let text = index.text();
            let differing = |name: &&str| {
                !name.is_empty() && !name.starts_with("public-ipv4") && *name != "public-hostname"
            };
            let mut served = Vec::new();
            for name in text.lines().filter(differing) {
                let page = target.router().get(&format!("/latest/meta-data/{name}"))?;
                page.expect_status(200)?;
                if !page.text().trim().is_empty() {
                    expect_value(&disc, name, &escaped(&page.text()))?;
                    served.push(name);
                }
            }
            let unserved = values(&disc).filter(|(name, _)| differing(name) && !served.contains(name));
            let unserved: Vec<&str> = unserved.map(|(name, _)| name).collect();
            expect_equal("files of values that the router does not serve", "none", listed_or_none(&unserved))
        },
    },
    Check {
        id: "config-drive/public-address",
        level: Should,
        profile: InGuest,
        needs: &[ConfigDrive, Command("listVirtualMachines"), Command("listZones")],
        requirement: "The public address on the config drive is the one that stands for the machine, else its own, without a name in an advanced zone.",
        source: "NetworkModelImpl.java:2632-2644",
        rules: &["CD-005"],
        run: |target| {
            let disc = first(target)?;
            let reply = setup::us(target).listed(&guest(target)?.id)?;
            let zone = reply.expect_present("virtualmachine.zoneid")?.text().unwrap_or_default();
            let zones = target.api("listZones").param("id", zone).send()?;
            let is_basic = setup::id_in(&zones, "zone.networktype")? == "Basic";
            let own = default_card(&reply)?.text_at("ipaddress").unwrap_or_default();
            let standing_for_it = reply.body().text_at("virtualmachine.publicip");
            let (address, name) = match standing_for_it {
                _ if is_basic => {
                    (own, reply.body().text_at("virtualmachine.name").map(|name| escaped(&name)))
                }
                Some(address) => (address.clone(), Some(address)),
                None => (own, None),
            };
            expect_value(&disc, "public-ipv4", &address)?;
            match name {
                Some(name) => expect_value(&disc, "public-hostname", &name),
                None => expect_no_file(&disc, &path_of("public-hostname")),
            }
        },
    },
    Check {
        id: "config-drive/meta-data",
        level: Should,
        profile: InGuest,
        needs: &[ConfigDrive],
        requirement: "`meta_data.json` has the metadata of the config drive under the names that OpenStack has for it.",
        source: "NetworkModel.java:80-89, ConfigDriveBuilder.java:466-535",
        rules: &["CD-002"],
        run: |target| expect_meta_data(&first(target)?, &[]),
    },
    Check {
        id: "config-drive/keys-and-variables",
        level: Should,
        profile: Core,
        needs: MACHINES,
        requirement: "A public key and the variables of user data are on the config drive and in its `meta_data.json`, variables with escapes for what is not ASCII.",
        source: "ConfigDriveBuilder.java:466-535, NetworkModelImpl.java:2705-2714",
        rules: &["CD-002", "CD-005"],
        run: |target| {
            let us = setup::us(target);
            let key = target.fresh_name("key");
            let registered = target.api("registerSSHKeyPair").param("name", &key).param("publickey", KEY);
            registered.send()?.expect_success()?;
            let network = us.network()?;
            let (request, _) = us.deployment(&network)?;
            let request =
                request.param("keypair", &key).param("userdata", STANDARD.encode("#cloud-config\n"));
            let request = request.param("userdatadetails[0].colour", "grün or 𝄞");
            let answer = request.post().send()?;
            let disc = of_machine(target, &answer)?;
            expect_value(&disc, "colour", "gr\\u00FCn or \\uD834\\uDD1E")?;
            expect_value(&disc, "public-keys", KEY)?;
            expect_meta_data(&disc, &["colour"])
        },
    },
    Check {
        id: "config-drive/vendor-data",
        level: Should,
        profile: InGuest,
        needs: &[ConfigDrive, Since("4.22")],
        requirement: "`vendor_data.json` sets the password on the config drive, or is an empty object if there is none.",
        source: "ConfigDriveBuilder.java:275-301",
        rules: &["CD-003"],
        run: |target| expect_vendor_data(&first(target)?),
    },
    Check {
        id: "config-drive/password",
        level: Should,
        profile: Core,
        needs: &[
            ConfigDrive,
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("listTemplates"),
            Since("4.22"),
        ],
        requirement: "The password of a deployment is on the config drive, for scripts of CloudStack and for cloud-init.",
        source: "NetworkModelImpl.java:2666-2691, ConfigDriveBuilder.java:275-301",
        rules: &["CD-001", "CD-003"],
        run: |target| {
            let us = setup::us(target);
            let answer = us
                .api("deployVirtualMachine")
                .param("zoneid", us.zone()?)
                .param("templateid", template_with_password(target)?)
                .param("serviceofferingid", us.service_offering()?)
                .param("networkids", us.network()?)
                .param("name", target.fresh_name("vm"))
                .send()?;
            let job = answer.finish_job()?;
            job.expect_success()?;
            let password = job.reply.expect_present("jobresult.virtualmachine.password")?;
            let password = password.text().unwrap_or_default();
            let disc = of_machine(target, &answer)?;
            expect_bytes(PASSWORD, password.as_bytes(), disc.file(PASSWORD))?;
            expect_vendor_data(&disc)
        },
    },
    Check {
        id: "config-drive/network-data",
        level: Should,
        profile: InGuest,
        needs: &[
            ConfigDrive,
            Command("listVirtualMachines"),
            Command("listNetworks"),
            Command("listNetworkOfferings"),
            Since("4.22"),
        ],
        requirement: "`network_data.json` tells of the cards whose networks have DHCP and of resolvers where there is DNS, and of nothing else.",
        source: "ConfigDriveBuilder.java:250-268,303-436",
        rules: &["CD-004"],
        run: |target| {
            let disc = first(target)?;
            let reply = setup::us(target).listed(&guest(target)?.id)?;
            let (mut with_dhcp, mut has_dns) = (Vec::new(), false);
            let cards = reply.expect_present("virtualmachine")?.items("nic");
            for card in &cards {
                let services = services(target, &card.text_at("networkid").unwrap_or_default())?;
                if services.iter().any(|service| service == "Dhcp") {
                    with_dhcp.push(*card);
                }
                has_dns = has_dns || services.iter().any(|service| service == "Dns");
            }
            let data = json(&disc, NETWORK_DATA)?;
            let known = ["links", "networks", "services"];
            let strange =
                data.members().iter().map(|(name, _)| name.as_str()).filter(|name| !known.contains(name));
            expect_equal(
                "other members of network_data.json",
                "none",
                listed_or_none(&strange.collect::<Vec<_>>()),
            )?;
            expect_cards(&data, "links", "ethernet_mac_address", "macaddress", &with_dhcp)?;
            expect_cards(&data, "networks", "ip_address", "ipaddress", &with_dhcp)?;
            expect_cards(&data, "networks", "netmask", "netmask", &with_dhcp)?;
            expect_cards(&data, "networks", "network_id", "id", &with_dhcp)?;
            let resolvers = data.items("services");
            expect_equal("whether there are services in network_data.json", has_dns, !resolvers.is_empty())?;
            for service in resolvers {
                expect_equal("type of a service", "dns", service.text_at("type").unwrap_or_default())?;
                let address = service.text_at("address").unwrap_or_default();
                if address.parse::<std::net::IpAddr>().is_err() {
                    return Err(Mismatch::new("address of a service", "an address", address).into());
                }
            }
            Ok(())
        },
    },
];

/// The drive of the first guest.
fn first(target: &Target) -> Result<Disc, Stop> {
    open(&target.drive().ok_or(Stop::Unsupported(ConfigDrive))?)
}

/// The drive of a machine whose deployment was answered so, once it runs.
fn of_machine(target: &Target, answer: &Reply) -> Result<Disc, Stop> {
    let job = answer.finish_job()?;
    job.expect_success()?;
    let id = job.reply.expect_present("jobresult.virtualmachine.id")?.text().unwrap_or_default();
    open(&target.drive_of(&id).ok_or(Stop::Unsupported(ConfigDrive))?)
}

/// A drive that is not there tells nothing about the target.
fn open(path: &Path) -> Result<Disc, Stop> {
    Disc::open(path).map_err(|error| match error {
        IsoError::Unreadable { .. } => ExchangeError::Fault(error.to_string()).into(),
        other => Mismatch::new("config drive", "an image of ISO 9660", other).into(),
    })
}

/// The label that drives should have.
fn label(target: &Target) -> Result<String, Stop> {
    let name = "vm.configdrive.label";
    if !target.offers(Command("listConfigurations"))? {
        return Ok(LABEL.to_owned());
    }
    let reply = target.api("listConfigurations").param("name", name).send()?;
    let items = reply.success()?.items("configuration");
    let own = items.into_iter().find(|item| item.text_at("name").as_deref() == Some(name));
    Ok(own.and_then(|item| item.text_at("value")).unwrap_or_else(|| LABEL.to_owned()))
}

/// The first guest with its id, which not every owner writes down.
fn guest(target: &Target) -> Result<&Guest, Stop> {
    target.guests().first().filter(|guest| !guest.id.is_empty()).ok_or(Stop::Unsupported(ConfigDrive))
}

/// The card that the default route of a listed machine goes out by.
fn default_card(reply: &Reply) -> Result<&Node, Stop> {
    let cards = reply.expect_present("virtualmachine")?.items("nic");
    let first = cards.into_iter().find(|card| card.text_at("isdefault").as_deref() == Some("true"));
    first.ok_or_else(|| reply.mismatch("virtualmachine.nic", "a default card", "none"))
}

fn template_with_password(target: &Target) -> Result<String, Stop> {
    setup::us(target).first("listTemplates", &[("templatefilter", "executable")], "template", |template| {
        let has = |name: &str| template.text_at(name).as_deref() == Some("true");
        (has("passwordenabled") && has("isready")).then_some(0)
    })
}

/// The services of a network that the provider of its user data has too: only those does a drive tell of.
fn services(target: &Target, network: &str) -> Result<Vec<String>, Stop> {
    let networks = target.api("listNetworks").param("id", network).param("listall", "true").send()?;
    let offering = setup::id_in(&networks, "network.networkofferingid")?;
    let offerings = target.api("listNetworkOfferings").param("id", offering).send()?;
    let offering = offerings.success()?.at("networkoffering").map(|offering| offering.items("service"));
    let offered = offering.unwrap_or_default();
    let provider = |service: &Node| service.items("provider").first().and_then(|one| one.text_at("name"));
    let is = |service: &&Node, name: &str| service.text_at("name").as_deref() == Some(name);
    let own = offered.iter().copied().find(|service| is(service, "UserData")).and_then(provider);
    let alike = offered.into_iter().filter(|service| own.is_some() && provider(service) == own);
    Ok(alike.filter_map(|service| service.text_at("name")).collect())
}

/// A list of `network_data.json` tells the same of the cards as the API.
fn expect_cards(data: &Node, list: &str, name: &str, in_api: &str, cards: &[&Node]) -> Result<(), Stop> {
    let texts = |nodes: Vec<&Node>, name: &str| {
        let mut texts: Vec<String> = nodes.into_iter().filter_map(|node| node.text_at(name)).collect();
        texts.sort_unstable();
        texts.join(" ")
    };
    let expected = texts(
        cards.iter().copied().filter(|card| list == "links" || card.text_at("ipaddress").is_some()).collect(),
        in_api,
    );
    expect_equal(&format!("{name} in {list} of network_data.json"), expected, texts(data.items(list), name))
}

/// `meta_data.json` has what the files of metadata say, these variables among them, and nothing else.
fn expect_meta_data(disc: &Disc, variables: &[&str]) -> Result<(), Stop> {
    let data = json(disc, META_DATA)?;
    let mut expected: Vec<(String, String)> = Vec::new();
    for (name, value) in values(disc) {
        let mapped = MAPPED.iter().find(|(_, kind)| *kind == name).map(|(name, _)| *name);
        let mapped = mapped.or_else(|| variables.contains(&name).then_some(name));
        expected.extend(mapped.map(|mapped| (mapped.to_owned(), value.clone())));
        if name == "public-keys" {
            let words: Vec<&str> = value.split(' ').collect();
            let third = words.get(2).filter(|third| words.len() > 3 && !third.is_empty());
            let key = third.map_or("key", |third| third);
            expected.extend([
                ("keys[0].type".to_owned(), "ssh".to_owned()),
                ("keys[0].data".to_owned(), value.replace("\\n", "")),
                ("keys[0].name".to_owned(), key.to_owned()),
            ]);
            let named = data.get("public_keys").and_then(|keys| keys.get(key)).and_then(Node::text);
            expect_equal(&format!("public_keys.{key} in meta_data.json"), value, named.unwrap_or_default())?;
        }
    }
    for (name, value) in &expected {
        let actual = match name.strip_prefix("keys[0].") {
            None => data.get(name).and_then(Node::text),
            Some(member) => match data.get("keys") {
                Some(Node::List(keys)) => keys.first().and_then(|key| key.text_at(member)),
                _ => None,
            },
        };
        let actual = actual.unwrap_or_else(|| "absent".to_owned());
        expect_equal(&format!("{name} in meta_data.json"), value.as_str(), actual.as_str())?;
    }
    // A variable that the owner's guest has is known by its file.
    let has_file = |name: &str| disc.file(&path_of(name)).is_some();
    let is_known = |name: &str| MAPPED.iter().any(|(own, kind)| *own == name && has_file(kind));
    let is_variable = |name: &str| {
        has_file(name)
            && MAPPED.iter().all(|(own, kind)| *kind != name || *own == name)
            && !PLAIN.contains(&name)
    };
    let is_key = |name: &str| matches!(name, "keys" | "public_keys") && has_file("public-keys");
    let strange: Vec<&str> = data
        .members()
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !is_known(name) && !is_variable(name) && !is_key(name))
        .collect();
    expect_equal("other members of meta_data.json", "none", listed_or_none(&strange))
}

/// Types that have no place in `meta_data.json`.
const PLAIN: &[&str] =
    &["service-offering", "local-ipv4", "public-ipv4", "instance-id", "public-keys", "cloud-identifier"];

/// `vendor_data.json` sets the password that is beside it.
fn expect_vendor_data(disc: &Disc) -> Result<(), Stop> {
    let data = json(disc, VENDOR_DATA)?;
    let Some(password) = disc.file(PASSWORD) else {
        return expect_equal("members of vendor_data.json", 0, data.members().len());
    };
    let password = String::from_utf8_lossy(password);
    let expected = format!("#cloud-config\npassword: {password}\nchpasswd:\n  expire: False");
    let actual = data.text_at("cloud-init").unwrap_or_else(|| "absent".to_owned());
    expect_equal("cloud-init in vendor_data.json", expected, actual)?;
    expect_equal("members of vendor_data.json", 1, data.members().len())
}

/// A file of JSON, which has to be an object.
fn json(disc: &Disc, path: &str) -> Result<Node, Stop> {
    let bytes = disc.file(path).ok_or_else(|| Mismatch::new(path, "present", "absent"))?;
    let text = String::from_utf8_lossy(bytes);
    match Node::from_json(&text) {
        Ok(node @ Node::Object(_)) => Ok(node),
        Ok(_) | Err(_) => Err(Mismatch::new(path, "an object of JSON", format!("{text:?}")).into()),
    }
}

/// The path of a metadata type.
fn path_of(kind: &str) -> String {
    format!("cloudstack/metadata/{kind}.txt")
}

/// The metadata types that have files, with their values.
fn values(disc: &Disc) -> impl Iterator<Item = (&str, String)> {
    disc.paths().filter_map(|path| {
        let name = path.strip_prefix("cloudstack/metadata/")?.strip_suffix(".txt")?;
        Some((name, String::from_utf8_lossy(disc.file(path)?).into_owned()))
    })
}

fn expect_value(disc: &Disc, kind: &str, expected: &str) -> Result<(), Stop> {
    let path = path_of(kind);
    expect_bytes(&path, expected.as_bytes(), disc.file(&path))
}

fn expect_no_file(disc: &Disc, path: &str) -> Result<(), Stop> {
    match disc.file(path) {
        None => Ok(()),
        Some(bytes) => {
            Err(Mismatch::new(path, "absent", format!("{:?}", String::from_utf8_lossy(bytes))).into())
        }
    }
}

fn expect_bytes(path: &str, expected: &[u8], actual: Option<&[u8]>) -> Result<(), Stop> {
    let shown = |bytes: &[u8]| format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(200)]));
    match actual {
        Some(actual) if actual == expected => Ok(()),
        Some(actual) => Err(Mismatch::new(path, shown(expected), shown(actual)).into()),
        None => Err(Mismatch::new(path, shown(expected), "absent").into()),
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(" ")
}

fn listed_or_none(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}

/// What is not ASCII as `\uXXXX`, as values on drives have it.
fn escaped(text: &str) -> String {
    let escape = |unit: u16| match u8::try_from(unit).ok().filter(u8::is_ascii) {
        Some(byte) => char::from(byte).to_string(),
        None => format!("\\u{unit:04X}"),
    };
    text.encode_utf16().map(escape).collect()
}
