//! The URL forms that lead to the user data and the metadata of a guest.
//!
//! What is there to be read is what the router was told last (`world::vm_data`, where the metadata types are). Spellings
//! of a path are settled before in `path.rs`, methods and headers after in [`router`](super).

use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::quirk::Quirk;
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::network::Network;
use crate::world::table::Id;
use crate::world::vm_data::{Folder, TYPES};

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

/// Room for the segments of most paths.
const USUAL_SEGMENTS: usize = 4;

/// The name of the index among the files of a guest (MD-032).
const INDEX: &str = "meta-data";

/// A guest that the router was told of: who asks, or whose folder is asked for.
struct Guest<'a> {
    world: &'a World,
    network: Id,
    address: Ipv4Addr,
    folder: &'a Folder,
}

impl<'a> Guest<'a> {
    /// The guest at an address of a network, if the router was ever told of it (ISO-004). The same address in another
    /// network is another guest (ISO-007).
    fn at(world: &'a World, network: Id, address: Ipv4Addr) -> Option<Self> {
        let in_network = |id: Id| {
            let folders = &world.networks.get(id)?.serving_router()?.folders;
            let first = || folders.iter().next().filter(|_| world.sins(Quirk::StrangersReadTheFirstGuest));
            let own = folders.get(&address).map(|folder| (address, folder));
            let found = own.or_else(|| first().map(|(first, folder)| (*first, folder)));
            found.map(|(address, folder)| Self { world, network: id, address, folder })
        };
        in_network(network).or_else(|| {
            let any_network = world.sins(Quirk::NetworksShareMetadata);
            world.networks.iter().filter(|_| any_network).find_map(|(id, _)| in_network(id))
        })
    }

    /// The decoded user data; no byte if the machine has none (MD-014).
    fn user_data(&self) -> Option<Vec<u8>> {
        let text = self.folder.user_data.as_deref().unwrap_or_default();
        if text.is_empty() && self.world.sins(Quirk::UserData404WhenNone) {
            return None;
        }
        if self.world.sins(Quirk::UserDataStaysBase64) {
            return Some(text.as_bytes().to_vec());
        }
        // The API stores only what decodes (UD-006).
        let mut bytes = STANDARD.decode(text).unwrap_or_default();
        let is_fresh = || self.folder.written.plus_seconds(10) > self.world.now;
        if self.world.sins(Quirk::UserDataIsTorn) && is_fresh() {
            bytes.truncate(bytes.len() / 2);
        }
        if self.world.sins(Quirk::UserDataIsText) {
            return Some(String::from_utf8_lossy(&bytes).into_owned().into_bytes());
        }
        Some(bytes)
    }

    /// The value of a type or a detail.
    fn value(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = self.folder.file(name)?.as_bytes().to_vec();
        if !bytes.is_empty() && self.world.sins(Quirk::MetadataNewline) {
            bytes.push(b'\n');
        }
        Some(bytes)
    }

    /// The index: the names that answer, each on a line (MD-006, MD-070).
    fn index(&self) -> Vec<u8> {
        let mut names: Vec<&str> = self.folder.files.iter().map(|(name, _)| &**name).collect();
        if self.world.sins(Quirk::MetadataIndexSorted) {
            names.sort_unstable();
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

    /// The password that waits for the guest.
    fn password(&self) -> Option<Vec<u8>> {
        let machine = self.world.guest_at(self.network, self.address)?;
        self.world.virtual_machines.get(machine)?.guest_password.clone().map(String::into_bytes)
    }
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
    let mut segments = segments(path);
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
            let Some(guest) = Guest::at(world, network, owner) else { return Found::Missing };
            if owner != source && !world.sins(Quirk::ForeignMetadataReadable) {
                return Found::Forbidden;
            }
            folder_of(&guest, folder, rest)
        }
        _ => Found::Missing,
    }
}

/// What stands between the slashes of a path. The search alone of `split`, which is made for long texts, took 420
/// instructions of a GET.
fn segments(path: &str) -> Vec<&str> {
    let mut segments = Vec::with_capacity(USUAL_SEGMENTS);
    let mut rest = path.strip_prefix('/');
    while let Some(path) = rest {
        let end = path.bytes().position(|byte| byte == b'/');
        segments.push(end.map_or(path, |end| &path[..end]));
        rest = end.map(|end| &path[end + 1..]);
    }
    segments
}

/// `/latest/…`: the folders of the address that asks, in all URL forms (MD-014 to MD-024).
fn latest(world: &World, network: Id, source: Ipv4Addr, rest: &[&str]) -> Found {
    let Some(guest) = Guest::at(world, network, source) else { return Found::Missing };
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
            return read(&guest, &File::Value(&name));
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
    read(&guest, &file)
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
fn folder_of(guest: &Guest<'_>, folder: &str, rest: &[&str]) -> Found {
    match (folder, rest) {
        (_, []) => Found::Moved,
        (_, [""]) => Found::Forbidden,
        ("userdata", ["user-data"]) => read(guest, &File::UserData),
        ("metadata", [INDEX]) => read(guest, &File::Index),
        ("metadata", [name]) => read(guest, &File::Value(name)),
        _ => Found::Missing,
    }
}

fn read(guest: &Guest<'_>, file: &File<'_>) -> Found {
    let bytes = match file {
        File::UserData if guest.world.sins(Quirk::UserDataIsForbidden) => return Found::Forbidden,
        File::UserData => guest.user_data(),
        File::Index => Some(guest.index()),
        File::Value("vm_password") if guest.world.sins(Quirk::PasswordIsMetadata) => guest.password(),
        File::Value(name) => guest.value(name),
    };
    let is_forgiven = || matches!(file, File::Value(_)) && guest.world.sins(Quirk::UnknownTypeIsEmpty200);
    match bytes.or_else(|| is_forgiven().then(Vec::new)) {
        Some(bytes) => Found::File(bytes, guest.folder.written),
        None => Found::Missing,
    }
}

/// The address of a folder, which has one spelling.
fn address_of(text: &str) -> Option<Ipv4Addr> {
    text.parse().ok().filter(|address: &Ipv4Addr| address.to_string() == text)
}

/// What an automatic index would tell: the addresses of all guests.
fn listing(world: &World, network: Id) -> Found {
    let router = world.networks.get(network).and_then(Network::serving_router);
    let addresses = router.into_iter().flat_map(|router| router.folders.keys());
    let lines: Vec<String> =
        addresses.map(|address| format!("<a href=\"{address}/\">{address}/</a>")).collect();
    Found::File(lines.join("\n").into_bytes(), world.now)
}
