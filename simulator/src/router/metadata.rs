//! The metadata types, and the URL forms that lead to them and to the user data.
//!
//! A type is one entry of [`TYPES`]; the index and every URL form follow from the list. What a
//! guest reads is computed from the world when it asks, so nothing is ever stale (MD-050) and
//! nothing outlives a machine (ISO-006). Spellings of a path are settled before in
//! `path.rs`, methods and headers after in [`router`](super).

use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::quirk::Quirk;
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::network::Network;
use crate::world::offering::GuestType;
use crate::world::table::Id;
use crate::world::virtual_machine::{Nic, VirtualMachine};

/// What the management server pushes for a type (MD-002).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Push {
    /// A text, served without a newline; the empty one takes the type away.
    Text(String),
    /// A file without a byte.
    Null,
    /// Nothing at all.
    Skip,
}

impl Push {
    /// The text, if one is pushed.
    pub(crate) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Skip => None,
        }
    }
}

impl From<Option<String>> for Push {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Skip, Self::Text)
    }
}

/// A metadata type.
pub struct Type {
    /// Its name in URLs.
    pub name: &'static str,
    /// Whether the router's own rules name it, so that its legacy URL may end with a slash and
    /// be written in any case (MD-022, MD-024, MD-034).
    pub is_static: bool,
    /// What is pushed for a card.
    pub value: fn(&Card<'_>) -> Push,
}

/// The metadata types in the order of a push (MD-011).
pub const TYPES: &[Type] = &[
    Type {
        name: "service-offering",
        is_static: true,
        value: |card| {
            let offering = card.world.service_offerings.get(card.machine.offering);
            let shows_name = card.world.sins(Quirk::ServiceOfferingIsTheName);
            let text = offering.map(|row| if shows_name { &row.name } else { &row.display_text });
            text.filter(|_| !card.world.sins(Quirk::ServiceOfferingIsMissing))
                .map(|text| card.escaped(text))
                .into()
        },
    },
    Type {
        name: "availability-zone",
        is_static: true,
        value: |card| card.world.zones.get(card.machine.zone).map(|zone| card.escaped(&zone.name)).into(),
    },
    Type {
        name: "local-ipv4",
        is_static: true,
        value: |card| {
            let default =
                card.machine.default_nic().filter(|_| card.world.sins(Quirk::CardsShareTheDefaultAddress));
            default.unwrap_or(card.nic).address.map(|address| address.to_string()).into()
        },
    },
    Type {
        name: "local-hostname",
        is_static: true,
        value: |card| {
            let name = card.escaped(&card.machine.name);
            Push::Text(if card.world.sins(Quirk::LocalHostnameIsTheDisplayName) {
                card.escaped(card.machine.shown_name())
            } else if card.world.sins(Quirk::LocalHostnameIsFullyQualified) {
                format!("{name}.{}", card.network.domain)
            } else {
                name
            })
        },
    },
    // The details of the user data are pushed here: DETAILS_FOLLOW.
    Type { name: "public-ipv4", is_static: true, value: |card| card.public_address().into() },
    Type {
        name: "public-hostname",
        is_static: true,
        value: |card| {
            if card.has_own_public_address() || card.world.sins(Quirk::PublicHostnameIsAName) {
                Push::Text(card.escaped(&card.machine.name))
            } else {
                card.public_address().into()
            }
        },
    },
    Type {
        name: "instance-id",
        is_static: true,
        value: |card| {
            if card.world.sins(Quirk::InstanceIdIsEmpty) {
                return Push::Null;
            }
            Push::Text(if card.world.sins(Quirk::InstanceIdIsTheInternalName) {
                card.world.instance_name(card.id, card.machine)
            } else {
                card.machine.uuid.to_string()
            })
        },
    },
    Type {
        name: "vm-id",
        is_static: true,
        value: |card| {
            let is_number = card.world.sins(Quirk::VmIdIsANumber);
            Push::Text(if is_number { card.id.to_string() } else { card.machine.uuid.to_string() })
        },
    },
    Type {
        name: "public-keys",
        is_static: true,
        value: |card| {
            let keys: Vec<&str> = card.machine.key_pairs.iter().map(|(_, key)| key.as_str()).collect();
            let separator = if card.world.sins(Quirk::KeysShareALine) { "," } else { "\n" };
            match keys.is_empty() {
                true if card.world.sins(Quirk::PublicKeys404WhenNone) => Push::Skip,
                true => Push::Null,
                false => Push::Text(keys.join(separator)),
            }
        },
    },
    Type {
        name: "cloud-identifier",
        is_static: true,
        value: |card| match card.world.settings.text("cloud.identifier") {
            "" => Push::Skip,
            identifier => Push::Text(format!("CloudStack-{{{identifier}}}")),
        },
    },
    Type {
        name: "hypervisor-host-name",
        is_static: false,
        value: |card| {
            let settings = &card.world.settings;
            let is_allowed = settings.flag("global.allow.expose.host.hostname")
                && settings.flag("account.allow.expose.host.hostname");
            if is_allowed || card.world.sins(Quirk::HostNameIsExposed) {
                let first = || card.world.hosts.iter().next().map(|(_, host)| host);
                let host = if card.world.sins(Quirk::HostNameIsTheFirst) {
                    first()
                } else {
                    card.machine.host.and_then(|host| card.world.hosts.get(host))
                };
                Push::Text(host.map(|host| host.name.clone()).unwrap_or_default())
            } else {
                Push::Null
            }
        },
    },
    Type {
        name: "cloud-domain",
        is_static: true,
        value: |card| card.exposed_domain().map(|domain| domain.name.clone()).into(),
    },
    Type {
        name: "cloud-domain-id",
        is_static: true,
        value: |card| card.exposed_domain().map(|domain| domain.uuid.to_string()).into(),
    },
    Type {
        name: "cloud-name",
        is_static: false,
        value: |card| match card.world.settings.text("metadata.custom.cloud.name") {
            name if name.trim().is_empty() => Push::Skip,
            name => Push::Text(name.to_owned()),
        },
    },
];

/// The type after which the details of the user data are pushed: a detail wins over the types up
/// to this one and loses to those that follow (MD-011).
const DETAILS_FOLLOW: &str = "local-hostname";

/// The types that upstream's documentation lists.
const DOCUMENTED: &[&str] = &[
    "service-offering",
    "availability-zone",
    "local-ipv4",
    "local-hostname",
    "public-ipv4",
    "public-hostname",
    "instance-id",
];

/// The name of the index among the files of a guest (MD-032).
const INDEX: &str = "meta-data";

/// A card that the router knows: who asks, or whose folder is asked for.
pub struct Card<'a> {
    /// The world.
    pub world: &'a World,
    /// The number of the machine.
    pub id: Id,
    /// The machine.
    pub machine: &'a VirtualMachine,
    /// The card itself.
    pub nic: &'a Nic,
    /// The network of the card.
    pub network: &'a Network,
}

impl<'a> Card<'a> {
    /// The card with an address in a network, if anything was ever pushed for it: its machine
    /// has run (ISO-004). The same address in another network is another card (ISO-007).
    fn at(world: &'a World, network: Id, address: Ipv4Addr) -> Option<Self> {
        let any_network = world.sins(Quirk::NetworksShareMetadata);
        let any_address = world.sins(Quirk::StrangersReadTheFirstGuest);
        let find = |any_address: bool| {
            world.virtual_machines.iter().find_map(|(id, machine)| {
                let has_run = machine.host.is_some() || machine.last_host.is_some();
                let nic = machine.nics.iter().find(|nic| {
                    (nic.network == network || any_network) && (nic.address == Some(address) || any_address)
                })?;
                let network = world.networks.get(nic.network)?;
                has_run.then_some(Self { world, id, machine, nic, network })
            })
        };
        find(false).or_else(|| any_address.then(|| find(true)).flatten())
    }

    /// A value beyond ASCII as the management server pushes it (MD-013).
    fn escaped(&self, text: &str) -> String {
        if self.world.sins(Quirk::MetadataIsUtf8) { text.to_owned() } else { unicode_escape(text) }
    }

    /// The decoded user data; no byte if the machine has none (MD-014).
    fn user_data(&self) -> Option<Vec<u8>> {
        // Of the machine before, only under a fault.
        let left_behind = || {
            let router = self.network.router.as_ref()?;
            let of_address =
                router.left_behind.iter().rev().find(|(address, _)| Some(*address) == self.nic.address);
            of_address.map(|(_, text)| text.as_str())
        };
        let text = self.machine.user_data.as_deref().or_else(left_behind).unwrap_or_default();
        if text.is_empty() && self.world.sins(Quirk::UserData404WhenNone) {
            return None;
        }
        if self.world.sins(Quirk::UserDataStaysBase64) {
            return Some(text.as_bytes().to_vec());
        }
        // The API stores only what decodes (UD-006).
        let mut bytes = STANDARD.decode(text).unwrap_or_default();
        let is_fresh = || self.machine.updated.is_some_and(|then| then.plus_seconds(1) > self.world.now);
        if self.world.sins(Quirk::UserDataIsTorn) && is_fresh() {
            bytes.truncate(bytes.len() / 2);
        }
        if self.world.sins(Quirk::UserDataIsText) {
            return Some(String::from_utf8_lossy(&bytes).into_owned().into_bytes());
        }
        Some(bytes)
    }

    /// The value of a type or a detail: the last push of the name decides (MD-011, MD-026).
    fn value(&self, name: &str) -> Option<Vec<u8>> {
        let mut value = None;
        for (_, source) in self.pushes().filter(|(pushed, _)| *pushed == name) {
            match source.push(self) {
                Push::Skip => {}
                Push::Null => value = Some(Vec::new()),
                Push::Text(text) if text.is_empty() => value = None,
                Push::Text(mut text) => {
                    if self.world.sins(Quirk::MetadataNewline) {
                        text.push('\n');
                    }
                    value = Some(text.into_bytes());
                }
            }
        }
        value
    }

    /// The index: the names that answer, each on a line, in order of their first push (MD-006,
    /// MD-070).
    fn index(&self) -> Vec<u8> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in self.pushes() {
            if !names.contains(&name) && self.value(name).is_some() {
                names.push(name);
            }
        }
        if self.world.sins(Quirk::MetadataIndexSorted) {
            names.sort_unstable();
        }
        if self.world.sins(Quirk::MetadataIndexTurns) && !names.is_empty() {
            let turn = usize::try_from(self.world.now.0).unwrap_or_default() % names.len();
            names.rotate_left(turn);
        }
        if self.world.sins(Quirk::MetadataIndexRepeats) {
            names.extend_from_within(..);
        }
        if self.world.sins(Quirk::MetadataIndexWithCommas) {
            return names.join(",").into_bytes();
        }
        if self.world.sins(Quirk::MetadataIndexNamesMissing) {
            names.push("security-groups");
        }
        if self.world.sins(Quirk::MetadataIndexIsJson) {
            return serde_json::to_vec(&names).unwrap_or_default();
        }
        names.into_iter().flat_map(|name| [name, "\n"]).collect::<String>().into_bytes()
    }

    /// What is pushed for the card, in order (MD-011).
    pub(crate) fn pushes(&self) -> impl Iterator<Item = (&'a str, Source<'a>)> {
        let details = TYPES.iter().position(|kind| kind.name == DETAILS_FOLLOW).map_or(0, |last| last + 1);
        let (before, after) = TYPES.split_at(details);
        let of_type = |kind: &'static Type| (kind.name, Source::Type(kind));
        let of_detail = |(name, value): &'a (String, String)| (name.as_str(), Source::Detail(value));
        let details = self.details().map(of_detail);
        let winning = self.details().filter(|_| self.world.sins(Quirk::DetailsWin)).map(of_detail);
        before.iter().map(of_type).chain(details).chain(after.iter().map(of_type)).chain(winning)
    }

    /// The details of the user data that are pushed.
    fn details(&self) -> impl Iterator<Item = &'a (String, String)> {
        let any_name = self.world.sins(Quirk::DetailsNameAnyFile);
        let none = self.world.sins(Quirk::DetailsAreNotMetadata);
        // What stands before the last equals sign is no name then.
        let last_equals = self.world.sins(Quirk::DetailsSplitAtTheLastEquals);
        self.machine.user_data_details.iter().filter(move |(name, value)| {
            (is_safe(name) || any_name) && !none && !(last_equals && value.contains('='))
        })
    }

    /// The address by which the world reaches the machine (MD-055): its own where guests have
    /// public addresses, else the one that stands for it, else the router's.
    fn public_address(&self) -> Option<String> {
        let router = || self.network.router.as_ref()?.public_address;
        if self.world.sins(Quirk::PublicIpv4IsAlwaysTheRouter) {
            return router().map(|address| address.to_string());
        }
        if self.has_own_public_address() {
            return self.nic.address.map(|address| address.to_string());
        }
        let standing_for_it = self.world.addresses.iter().find(|(_, row)| {
            row.static_nat == Some(self.id) && row.network.is_none_or(|network| network == self.nic.network)
        });
        standing_for_it.map(|(_, row)| row.address).or_else(router).map(|address| address.to_string())
    }

    /// Whether guests of the network are reached without a router: in shared networks and basic
    /// zones.
    fn has_own_public_address(&self) -> bool {
        let is_basic =
            self.world.zones.get(self.machine.zone).is_some_and(|zone| zone.network_type == "Basic");
        is_basic || self.network.guest_type == GuestType::Shared
    }

    /// The domain of the machine's owner, if guests may know it (MD-062).
    fn exposed_domain(&self) -> Option<&'a crate::world::account::Domain> {
        let is_allowed = self.world.settings.flag("metadata.allow.expose.domain");
        self.world.domains.get(self.machine.owner.domain).filter(|_| is_allowed)
    }
}

/// Where a push comes from.
pub(crate) enum Source<'a> {
    /// One of [`TYPES`].
    Type(&'static Type),
    /// A detail of the user data, by its value.
    Detail(&'a str),
}

impl Source<'_> {
    /// What is pushed for a card.
    pub(crate) fn push(&self, card: &Card<'_>) -> Push {
        match self {
            Self::Type(kind) => (kind.value)(card),
            // Blanks around a value are lost, other characters stay as they are (MD-065, MD-013).
            Self::Detail(value) if card.world.sins(Quirk::DetailsAreEscaped) => {
                Push::Text(unicode_escape(value.trim()))
            }
            Self::Detail(value) => Push::Text(value.trim().to_owned()),
        }
    }
}

/// Whether a detail may be a file name: nothing that could mean another folder (MD-012).
fn is_safe(name: &str) -> bool {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    starts_well && is_plain && name.len() <= 64 && name != INDEX
}

/// UTF-16 units beyond ASCII as `\uXXXX`, literally (MD-013; `StringUtils.java:117`).
pub(crate) fn unicode_escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut units = [0; 2];
    for character in text.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04X}"));
            }
        }
    }
    escaped
}

/// What is found at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A file, and when it was written.
    File(Vec<u8>, Moment),
    /// Something that is not for this guest, or for nobody (MD-029, MD-031).
    Forbidden,
    /// Nothing.
    Missing,
    /// A folder, asked for without the slash at its end (MD-028).
    Moved,
}

/// What a file of a guest's folders is.
enum File<'a> {
    UserData,
    Index,
    Value(&'a str),
}

/// Looks a path up for whoever has an address. The path is one of [`path::resolve`](super::path).
pub(super) fn look_up(world: &World, network: Id, source: Ipv4Addr, path: &str) -> Found {
    let mut segments: Vec<&str> = path.split('/').skip(1).collect();
    if let [first @ ("1.0" | "2009-04-04"), ..] = segments.as_mut_slice()
        && world.sins(Quirk::Ec2VersionsAreServed)
    {
        *first = "latest";
    }
    match segments.as_slice() {
        ["latest" | "metadata" | "userdata"] => Found::Moved,
        ["latest" | "metadata" | "userdata", ""] | [""] if world.sins(Quirk::DirectoriesAreListed) => {
            listing(world, network)
        }
        ["latest" | "metadata" | "userdata", ""] | [""] => Found::Forbidden,
        ["latest", rest @ ..] => latest(world, network, source, rest),
        [folder @ ("metadata" | "userdata"), address, rest @ ..] => {
            let Some(owner) = address_of(address) else { return Found::Missing };
            let Some(card) = Card::at(world, network, owner) else { return Found::Missing };
            if owner != source && !world.sins(Quirk::ForeignMetadataReadable) {
                return Found::Forbidden;
            }
            folder_of(&card, folder, rest)
        }
        _ => Found::Missing,
    }
}

/// `/latest/…`: the folders of the address that asks, in all URL forms (MD-014 to MD-024).
fn latest(world: &World, network: Id, source: Ipv4Addr, rest: &[&str]) -> Found {
    let Some(card) = Card::at(world, network, source) else { return Found::Missing };
    let (names, ends_with_slash) = match rest {
        [names @ .., ""] => (names, true),
        names => (names, false),
    };
    // Rules with a fixed target are matched in any case, names from the request are not (MD-034).
    let is_index = |name: &str| name.eq_ignore_ascii_case(INDEX);
    let file = match names {
        [name] if name.eq_ignore_ascii_case("user-data") => File::UserData,
        [name] if is_index(name) => File::Index,
        [first, name] if is_index(first) && *name == INDEX => File::Index,
        [first, name] if is_index(first) => File::Value(name),
        // A name with a path in it, which only a fault lets in.
        [first, name @ ..] if is_index(first) && !name.is_empty() => {
            let name = name.join("/");
            return read(&card, &File::Value(&name));
        }
        [_] if world.sins(Quirk::LegacyUrlMissing) => return Found::Missing,
        [_] if ends_with_slash && world.sins(Quirk::LegacySlash404) => return Found::Missing,
        [name] if world.sins(Quirk::LegacyUrlsOfSevenTypes) && !DOCUMENTED.contains(name) => {
            return Found::Missing;
        }
        [name] => match TYPES.iter().find(|kind| kind.is_static && kind.name.eq_ignore_ascii_case(name)) {
            Some(kind) => File::Value(legacy_name(world, kind.name)),
            // Rules that a push appends know no slash (MD-022).
            None if ends_with_slash => return Found::Missing,
            None => File::Value(name),
        },
        _ => return Found::Missing,
    };
    let has_spare_slash = ends_with_slash && !matches!(file, File::Index);
    if has_spare_slash && world.sins(Quirk::MetadataTrailingSlash404) {
        return Found::Missing;
    }
    read(&card, &file)
}

/// The type that the legacy URL of a type leads to: itself.
fn legacy_name<'a>(world: &World, name: &'a str) -> &'a str {
    match name {
        "cloud-domain" | "cloud-domain-id" if world.sins(Quirk::LegacyCloudDomainIsTheVmId) => "vm-id",
        "public-ipv4" | "public-hostname" if world.sins(Quirk::LegacyUrlStale) => "local-ipv4",
        name => name,
    }
}

/// `/metadata/ADDRESS/…` and `/userdata/ADDRESS/…`, for those who may (MD-029, MD-030).
fn folder_of(card: &Card<'_>, folder: &str, rest: &[&str]) -> Found {
    match (folder, rest) {
        (_, []) => Found::Moved,
        (_, [""]) => Found::Forbidden,
        ("userdata", ["user-data"]) => read(card, &File::UserData),
        ("metadata", [INDEX]) => read(card, &File::Index),
        ("metadata", [name]) => read(card, &File::Value(name)),
        _ => Found::Missing,
    }
}

fn read(card: &Card<'_>, file: &File<'_>) -> Found {
    let bytes = match file {
        File::UserData if card.world.sins(Quirk::UserDataIsForbidden) => return Found::Forbidden,
        File::UserData => card.user_data(),
        File::Index => Some(card.index()),
        File::Value("vm_password") if card.world.sins(Quirk::PasswordIsMetadata) => {
            card.machine.guest_password.clone().map(String::into_bytes)
        }
        File::Value(name) => card.value(name),
    };
    match bytes {
        Some(bytes) => Found::File(bytes, card.machine.updated.unwrap_or(card.machine.created)),
        None if matches!(file, File::Value(_)) && card.world.sins(Quirk::UnknownTypeIsEmpty200) => {
            Found::File(Vec::new(), card.machine.updated.unwrap_or(card.machine.created))
        }
        None => Found::Missing,
    }
}

/// The address of a folder, which has one spelling.
fn address_of(text: &str) -> Option<Ipv4Addr> {
    text.parse().ok().filter(|address: &Ipv4Addr| address.to_string() == text)
}

/// What an automatic index would tell: the addresses of all guests.
fn listing(world: &World, network: Id) -> Found {
    let nics = world.virtual_machines.iter().flat_map(|(_, machine)| &machine.nics);
    let addresses = nics.filter(|nic| nic.network == network).filter_map(|nic| nic.address);
    let lines: Vec<String> =
        addresses.map(|address| format!("<a href=\"{address}/\">{address}/</a>")).collect();
    Found::File(lines.join("\n").into_bytes(), world.now)
}
