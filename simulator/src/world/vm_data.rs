//! What the management server tells a router of its guests: the metadata types, and when they are told.
//!
//! A type is one entry of [`TYPES`]; the index and every URL form follow from the list. The values of a card are pushed
//! when its machine starts or moves, when its user data, its keys or the address that stands for it change, and for
//! every guest when the router itself starts; what changes otherwise shows at the next push (MD-050). The router keeps a
//! [`Folder`] for each address until another is pushed or the card is gone (ISO-006). How it is served is the business
//! of [`router::metadata`](crate::router::metadata).

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::World;
use super::account::Domain;
use super::clock::Moment;
use super::kind::Kind;
use super::network::Network;
use super::offering::GuestType;
use super::router::Router;
use super::table::Id;
use super::virtual_machine::{MachineState, Nic, VirtualMachine};
use crate::quirk::Quirk;

/// What a router has for the guest at an address: the folders `userdata` and `metadata` of its web server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// When it was pushed.
    pub written: Moment,
    /// The user data in standard base64; none is a file without a byte (MD-014).
    pub user_data: Option<Box<str>>,
    /// The files of metadata by name, in order of their first push. What is empty has no file, null has an empty one
    /// (MD-002, MD-006, MD-070).
    pub files: Vec<(Cow<'static, str>, Box<str>)>,
}

impl Folder {
    /// The contents of a file of metadata.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&str> {
        self.files.iter().find(|(other, _)| other == name).map(|(_, text)| &**text)
    }
}

/// The routers of a network, if it has two.
const BOTH: &[Kind] = &[Kind::Router, Kind::SecondRouter];

impl World {
    /// Tells the routers of its networks what there is to know of a machine.
    pub fn tell_of_machine(&mut self, id: Id) {
        let Some(machine) = self.virtual_machines.get(id) else { return };
        for slot in 0..machine.nics.len() {
            self.tell_of_card(id, slot, BOTH);
        }
    }

    /// Tells the routers of one network of a machine's card there.
    pub(super) fn tell_of_machine_in(&mut self, id: Id, network: Id) {
        let Some(machine) = self.virtual_machines.get(id) else { return };
        let slot = machine.nics.iter().position(|nic| nic.network == network);
        if let Some(slot) = slot {
            self.tell_of_card(id, slot, BOTH);
        }
    }

    /// Tells the routers of a network of every guest that runs there.
    pub fn tell_of_network(&mut self, network: Id) {
        self.tell_of_guests(network, BOTH);
    }

    /// Tells one router of a network of every guest that runs there, as it does when that router starts.
    pub(super) fn tell_router(&mut self, network: Id, router: Kind) {
        self.tell_of_guests(network, &[router]);
    }

    fn tell_of_guests(&mut self, network: Id, routers: &[Kind]) {
        let runs = |row: &VirtualMachine| {
            matches!(row.state, MachineState::Running | MachineState::Migrating | MachineState::Stopping)
        };
        let cards: Vec<(Id, usize)> = self
            .machines_in(network)
            .filter(|(_, row)| runs(row))
            .filter_map(|(id, row)| Some((id, row.nics.iter().position(|nic| nic.network == network)?)))
            .collect();
        for (id, slot) in cards {
            self.tell_of_card(id, slot, routers);
        }
    }

    /// Tells every router of all its guests.
    pub fn tell_everything(&mut self) {
        let networks: Vec<Id> = self.networks.iter().map(|(id, _)| id).collect();
        for network in networks {
            self.tell_of_network(network);
        }
    }

    /// Pushes one card, by its place among those of its machine, to these routers of its network, if they run and serve
    /// user data (MD-068).
    fn tell_of_card(&mut self, id: Id, slot: usize, routers: &[Kind]) {
        let Some(machine) = self.virtual_machines.get(id) else { return };
        let Some(nic) = machine.nics.get(slot) else { return };
        let (Some(address), Some(network)) = (nic.address, self.networks.get(nic.network)) else { return };
        if !network.routers().any(Router::serves) || !self.routers_give(network, "UserData") {
            return;
        }
        let network_id = nic.network;
        let folder = Arc::new(Card { world: self, id, machine, nic, network }.folder());
        let outlives = self.sins(Quirk::FoldersOutliveMachines);
        let Some(network) = self.networks.get_mut(network_id) else { return };
        for kind in routers {
            if let Some(router) = network.seat_mut(*kind).as_mut().filter(|router| router.serves()) {
                router.keep(address, Arc::clone(&folder), outlives);
            }
        }
    }

    /// Turns the files of metadata that a router has for an address by one, so that its index begins with the next.
    pub(crate) fn turn_folder(&mut self, network: Id, address: Ipv4Addr) {
        for router in self.networks.get_mut(network).into_iter().flat_map(Network::routers_mut) {
            if let Some(folder) = router.folders.get_mut(&address) {
                let files = &mut Arc::make_mut(folder).files;
                let step = files.len().min(1);
                files.rotate_left(step);
            }
        }
    }

    /// Lets the router of a network forget what it had for an address, when a card gives that up (ISO-006).
    pub(super) fn forget_folder(&mut self, network: Id, address: Ipv4Addr) {
        if self.sins(Quirk::FoldersOutliveMachines) {
            return;
        }
        for router in self.networks.get_mut(network).into_iter().flat_map(Network::routers_mut) {
            router.folders.remove(&address);
        }
    }

    /// The same for all cards of a machine.
    pub(super) fn forget_folders(&mut self, id: Id) {
        let Some(machine) = self.virtual_machines.get(id) else { return };
        let cards: Vec<(Id, Ipv4Addr)> =
            machine.nics.iter().filter_map(|nic| Some((nic.network, nic.address?))).collect();
        for (network, address) in cards {
            self.forget_folder(network, address);
        }
    }
}

impl Router {
    /// Keeps what was pushed for an address. Under a fault, user data that is not pushed anew is that of the guest before.
    fn keep(&mut self, address: Ipv4Addr, mut folder: Arc<Folder>, outlives: bool) {
        if outlives && folder.user_data.is_none() {
            let before = self.folders.get(&address).and_then(|before| before.user_data.clone());
            Arc::make_mut(&mut folder).user_data = before;
        }
        self.folders.insert(address, folder);
    }
}

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

/// A card, as far as metadata tell of it.
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
    /// A value beyond ASCII as the management server pushes it (MD-013).
    fn escaped(&self, text: &str) -> String {
        if self.world.sins(Quirk::MetadataIsUtf8) { text.to_owned() } else { unicode_escape(text) }
    }

    /// The folder that a push of everything leaves: the last push of a name decides (MD-011, MD-026).
    fn folder(&self) -> Folder {
        let mut files: Vec<(Cow<'static, str>, Option<Box<str>>)> = Vec::with_capacity(TYPES.len());
        for (name, source) in self.pushes() {
            let text: Option<Box<str>> = match source.push(self) {
                Push::Skip => continue,
                Push::Null => Some(Box::default()),
                Push::Text(text) if text.is_empty() => None,
                Push::Text(text) => Some(text.into()),
            };
            match files.iter_mut().find(|(other, _)| other == name) {
                Some((_, last)) => *last = text,
                None => {
                    let name = match source {
                        Source::Type(kind) => Cow::Borrowed(kind.name),
                        Source::Detail(_) => Cow::Owned(name.to_owned()),
                    };
                    files.push((name, text));
                }
            }
        }
        let user_data = self.machine.user_data.as_deref().map(Into::into);
        let files = files.into_iter().filter_map(|(name, text)| Some((name, text?))).collect();
        Folder { written: self.world.now, user_data, files }
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
        let mut standing_for_it = self.world.addresses_for(self.id);
        let here = standing_for_it.find(|(_, row)| row.network == Some(self.nic.network));
        here.map(|(_, row)| row.address).or_else(router).map(|address| address.to_string())
    }

    /// Whether guests of the network are reached without a router: in shared networks and basic
    /// zones.
    fn has_own_public_address(&self) -> bool {
        let is_basic =
            self.world.zones.get(self.machine.zone).is_some_and(|zone| zone.network_type == "Basic");
        is_basic || self.network.guest_type == GuestType::Shared
    }

    /// The domain of the machine's owner, if guests may know it (MD-062).
    fn exposed_domain(&self) -> Option<&'a Domain> {
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
    starts_well && is_plain && name.len() <= 64 && name != "meta-data"
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

#[cfg(test)]
mod tests;
