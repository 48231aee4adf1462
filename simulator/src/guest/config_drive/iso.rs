//! Images of ISO 9660 with two more trees over the same files: Rock Ridge for Unix and Joliet for Windows.
//!
//! ECMA-119 for the volume, its path tables and its records; SUSP 1.10 and RRIP 1.10 (`RRIP_1991A`) for the long names,
//! rights and dates of Unix; Joliet, level 3, for names in UCS-2. As `genisoimage -J -r -l -ldots -allow-lowercase
//! -allow-multidot -V LABEL` writes them (CD-001; `ConfigDriveBuilder.java:186-212`), and without a clock: the same files
//! make the same bytes. What is on the drive is decided in [`config_drive`](super).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::world::clock::Moment;

/// The bytes of a sector; everything starts at one.
const SECTOR: usize = 2048;
/// The first sector after those that belong to whatever boots.
const DESCRIPTORS: usize = 16;
/// The longest name that Joliet and a record with our fields of Rock Ridge have room for, in units of UTF-16.
const LONGEST_NAME: usize = 103;
/// The longest name of the plain tree.
const LONGEST_PLAIN_NAME: usize = 31;

/// A file, which may have several names: they share its bytes, as hard links do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its paths, folders parted by slashes. A name is of ASCII letters, digits and `._-`, and no longer than 103.
    pub paths: Vec<String>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The trees of an image besides the plain one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trees {
    /// Long names for Unix.
    pub rock_ridge: bool,
    /// Long names for Windows.
    pub joliet: bool,
}

/// An image with these files, all written at that moment.
#[must_use]
pub fn image(label: &str, written: Moment, files: &[File], trees: Trees) -> Vec<u8> {
    let mut root = Node::default();
    for (number, file) in files.iter().enumerate() {
        for path in &file.paths {
            root.add(path, number);
        }
    }
    let mut volumes = vec![Volume::new(&root, files, Spelling::Plain { rock_ridge: trees.rock_ridge })];
    if trees.joliet {
        volumes.push(Volume::new(&root, files, Spelling::Joliet));
    }
    // One descriptor for each tree and one that ends their list; then what the trees are made of, then the files.
    let mut next = DESCRIPTORS + volumes.len() + 1;
    for volume in &mut volumes {
        volume.place(&mut next, written);
    }
    let extents: Vec<Extent> = files.iter().map(|file| Extent::take(&mut next, file.bytes.len())).collect();
    let mut image = vec![0; next * SECTOR];
    for (slot, volume) in volumes.iter().enumerate() {
        put(&mut image, DESCRIPTORS + slot, &volume.descriptor(label, written, next));
        volume.write(&mut image, written, &extents);
    }
    put(&mut image, DESCRIPTORS + volumes.len(), b"\xffCD001\x01");
    for (file, extent) in files.iter().zip(&extents) {
        put(&mut image, extent.sector, &file.bytes);
    }
    image
}

/// A folder of the tree that all spellings share.
#[derive(Default)]
struct Node {
    folders: BTreeMap<String, Self>,
    files: BTreeMap<String, usize>,
}

impl Node {
    fn add(&mut self, path: &str, number: usize) {
        match path.split_once('/') {
            Some((folder, rest)) => self.folders.entry(folder.to_owned()).or_default().add(rest, number),
            None => {
                self.files.insert(path.to_owned(), number);
            }
        }
    }
}

/// How the names of a tree are spelt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Plain { rock_ridge: bool },
    Joliet,
}

impl Spelling {
    /// The identifier of a name that no other name of the folder has, without the version that files have.
    fn identifier(self, name: &str, taken: &mut BTreeSet<Vec<u8>>) -> Vec<u8> {
        let identifier = match self {
            Self::Joliet => name.encode_utf16().take(LONGEST_NAME).flat_map(u16::to_be_bytes).collect(),
            Self::Plain { .. } => {
                let whole: Vec<u8> = name.bytes().map(plain_byte).collect();
                let tails =
                    std::iter::once(String::new()).chain((1..).map(|serial: u32| format!("{serial:03}")));
                let mut spellings = tails.map(|tail| {
                    let room = LONGEST_PLAIN_NAME.saturating_sub(tail.len());
                    [&whole[..whole.len().min(room)], tail.as_bytes()].concat()
                });
                spellings.find(|spelling| !taken.contains(spelling)).unwrap_or_default()
            }
        };
        taken.insert(identifier.clone());
        identifier
    }
}

/// The characters that the plain tree may have besides what `-allow-lowercase` and `-allow-multidot` add.
fn plain_byte(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() || byte == b'.' { byte } else { b'_' }
}

/// Where something is.
#[derive(Clone, Copy, Default)]
struct Extent {
    sector: usize,
    bytes: usize,
}

impl Extent {
    /// Takes the next sectors for so many bytes.
    fn take(next: &mut usize, bytes: usize) -> Self {
        let extent = Self { sector: *next, bytes };
        *next += bytes.div_ceil(SECTOR);
        extent
    }
}

/// A folder of one tree.
struct Folder {
    /// Its own identifier; that of the root is a zero.
    identifier: Vec<u8>,
    /// The number of the folder that it is in; the root is in itself.
    parent: usize,
    /// What is in it, by identifier.
    entries: Vec<Entry>,
    extent: Extent,
}

struct Entry {
    identifier: Vec<u8>,
    name: String,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Folder(usize),
    /// The number of the file and how many names it has.
    File(usize, usize),
}

/// One tree.
struct Volume {
    spelling: Spelling,
    /// Level by level, each in the order of its identifiers, as path tables want them.
    folders: Vec<Folder>,
    /// The path table for those who read the small end first, and the other one.
    tables: [Extent; 2],
    /// What is too long for the first record of the root.
    continuation: Extent,
}

impl Volume {
    fn new(root: &Node, files: &[File], spelling: Spelling) -> Self {
        let mut folders =
            vec![Folder { identifier: vec![0], parent: 0, entries: Vec::new(), extent: Extent::default() }];
        let mut open = VecDeque::from([(0, root)]);
        while let Some((number, node)) = open.pop_front() {
            let mut taken = BTreeSet::new();
            let mut found: Vec<(Entry, Option<&Node>)> = Vec::new();
            for (name, folder) in &node.folders {
                let identifier = spelling.identifier(name, &mut taken);
                found.push((Entry { identifier, name: name.clone(), what: What::Folder(0) }, Some(folder)));
            }
            for (name, file) in &node.files {
                let identifier = spelling.identifier(name, &mut taken);
                let names = files.get(*file).map_or(1, |file| file.paths.len());
                found.push((Entry { identifier, name: name.clone(), what: What::File(*file, names) }, None));
            }
            found.sort_by(|(left, _), (right, _)| left.identifier.cmp(&right.identifier));
            for (mut entry, below) in found {
                if let Some(below) = below {
                    let (identifier, extent) = (entry.identifier.clone(), Extent::default());
                    entry.what = What::Folder(folders.len());
                    open.push_back((folders.len(), below));
                    folders.push(Folder { identifier, parent: number, entries: Vec::new(), extent });
                }
                folders[number].entries.push(entry);
            }
        }
        Self { spelling, folders, tables: [Extent::default(); 2], continuation: Extent::default() }
    }

    fn has_rock_ridge(&self) -> bool {
        self.spelling == Spelling::Plain { rock_ridge: true }
    }

    /// Takes the sectors of the tables and folders.
    fn place(&mut self, next: &mut usize, written: Moment) {
        let table = self.path_table(u32::to_le_bytes, u16::to_le_bytes).len();
        self.tables = [Extent::take(next, table), Extent::take(next, table)];
        for number in 0..self.folders.len() {
            // How long a folder is does not depend on where things are.
            let bytes = self.folder(number, written, &[]).len();
            self.folders[number].extent = Extent::take(next, bytes);
        }
        if self.has_rock_ridge() {
            self.continuation = Extent::take(next, extension().len());
        }
    }

    fn write(&self, image: &mut [u8], written: Moment, files: &[Extent]) {
        put(image, self.tables[0].sector, &self.path_table(u32::to_le_bytes, u16::to_le_bytes));
        put(image, self.tables[1].sector, &self.path_table(u32::to_be_bytes, u16::to_be_bytes));
        for (number, folder) in self.folders.iter().enumerate() {
            put(image, folder.extent.sector, &self.folder(number, written, files));
        }
        if self.has_rock_ridge() {
            put(image, self.continuation.sector, &extension());
        }
    }

    /// The volume descriptor (ECMA-119, 8.4 and 8.5).
    fn descriptor(&self, label: &str, written: Moment, sectors: usize) -> Vec<u8> {
        let is_joliet = self.spelling == Spelling::Joliet;
        let text = |text: &str, bytes: usize| -> Vec<u8> {
            let units: Vec<u8> = if is_joliet {
                // An odd last byte stays zero.
                let blanks = std::iter::repeat(u16::from(b' '));
                let units = text.encode_utf16().chain(blanks).take(bytes / 2);
                units.flat_map(u16::to_be_bytes).chain([0]).take(bytes).collect()
            } else {
                text.bytes().chain(std::iter::repeat(b' ')).take(bytes).collect()
            };
            units
        };
        let table = self.tables[0];
        let mut descriptor = vec![if is_joliet { 2 } else { 1 }];
        descriptor.extend(b"CD001\x01\0");
        descriptor.extend(text("LINUX", 32));
        descriptor.extend(text(label, 32));
        descriptor.extend([0; 8]);
        descriptor.extend(both(sectors));
        descriptor.extend(if is_joliet { *b"%/E" } else { [0; 3] });
        descriptor.extend([0; 29]);
        // One disc, the first of its set.
        descriptor.extend([1, 0, 0, 1, 1, 0, 0, 1]);
        // 2048 in both orders.
        descriptor.extend([0, 8, 8, 0]);
        descriptor.extend(both(table.bytes));
        descriptor.extend(number(table.sector).to_le_bytes());
        descriptor.extend([0; 4]);
        descriptor.extend(number(self.tables[1].sector).to_be_bytes());
        descriptor.extend([0; 4]);
        descriptor.extend(record(&[0], self.folders[0].extent, true, written, &[]));
        // Volume set, publisher, preparer, application; then the files that would tell more.
        for bytes in [128, 128, 128, 128, 37, 37, 37] {
            descriptor.extend(text("", bytes));
        }
        let date = long_date(written);
        for date in [&date, &date, b"0000000000000000\0", &date] {
            descriptor.extend(date);
        }
        descriptor.extend([1, 0]);
        descriptor
    }

    fn path_table(&self, long: fn(u32) -> [u8; 4], short: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mut table = Vec::new();
        for folder in &self.folders {
            table.extend([u8::try_from(folder.identifier.len()).unwrap_or(u8::MAX), 0]);
            table.extend(long(number(folder.extent.sector)));
            table.extend(short(u16::try_from(folder.parent + 1).unwrap_or(u16::MAX)));
            table.extend(&folder.identifier);
            if folder.identifier.len() % 2 == 1 {
                table.push(0);
            }
        }
        table
    }

    /// The records of a folder: itself, the one that it is in, what is in it. No record goes over the end of a sector.
    fn folder(&self, number: usize, written: Moment, files: &[Extent]) -> Vec<u8> {
        let own = &self.folders[number];
        let above = &self.folders[own.parent];
        let mut bytes = Vec::new();
        let mut add = |record: Vec<u8>| {
            let room = SECTOR - bytes.len() % SECTOR;
            if room < record.len() {
                bytes.extend(std::iter::repeat_n(0, room));
            }
            bytes.extend(record);
        };
        let mut fields = Vec::new();
        if self.has_rock_ridge() {
            if number == 0 {
                fields.extend(b"SP\x07\x01\xbe\xef\0");
            }
            fields.extend(rights(DIRECTORY, self.links(number)));
            fields.extend(dates(written));
            if number == 0 {
                fields.extend(b"CE\x1c\x01");
                fields.extend(both(self.continuation.sector));
                fields.extend(both(0));
                fields.extend(both(self.continuation.bytes));
            }
        }
        add(record(&[0], own.extent, true, written, &fields));
        fields.clear();
        if self.has_rock_ridge() {
            fields.extend(rights(DIRECTORY, self.links(own.parent)));
            fields.extend(dates(written));
        }
        add(record(&[1], above.extent, true, written, &fields));
        for entry in &own.entries {
            let (extent, mode, links) = match entry.what {
                What::Folder(number) => (self.folders[number].extent, DIRECTORY, self.links(number)),
                What::File(number, links) => (files.get(number).copied().unwrap_or_default(), FILE, links),
            };
            fields.clear();
            if self.has_rock_ridge() {
                fields.extend(rights(mode, links));
                fields.extend(dates(written));
                let name = &entry.name.as_bytes()[..entry.name.len().min(LONGEST_NAME)];
                fields.extend([b'N', b'M', u8::try_from(name.len() + 5).unwrap_or(u8::MAX), 1, 0]);
                fields.extend(name);
            }
            let version: &[u8] = match (self.spelling, entry.what) {
                (Spelling::Plain { .. }, What::File(..)) => b";1",
                _ => b"",
            };
            let identifier = [entry.identifier.as_slice(), version].concat();
            add(record(&identifier, extent, mode == DIRECTORY, written, &fields));
        }
        // A folder is whole sectors.
        let whole = bytes.len().div_ceil(SECTOR) * SECTOR;
        bytes.resize(whole, 0);
        bytes
    }

    /// How many names a folder has: its own, the one inside it, and those inside the folders in it.
    fn links(&self, number: usize) -> usize {
        let is_folder = |entry: &&Entry| matches!(entry.what, What::Folder(_));
        2 + self.folders[number].entries.iter().filter(is_folder).count()
    }
}

/// A directory, which everybody may read and enter.
const DIRECTORY: u32 = 0o040_555;
/// A file, which everybody may read.
const FILE: u32 = 0o100_444;

/// A directory record (ECMA-119, 9.1) with what Rock Ridge adds to it.
fn record(identifier: &[u8], extent: Extent, is_folder: bool, written: Moment, fields: &[u8]) -> Vec<u8> {
    let mut record = vec![0, 0];
    record.extend(both(extent.sector));
    record.extend(both(extent.bytes));
    record.extend(short_date(written));
    record.extend([if is_folder { 2 } else { 0 }, 0, 0]);
    // The first disc of the set.
    record.extend([1, 0, 0, 1]);
    record.push(u8::try_from(identifier.len()).unwrap_or(u8::MAX));
    record.extend(identifier);
    if identifier.len().is_multiple_of(2) {
        record.push(0);
    }
    record.extend(fields);
    if record.len() % 2 == 1 {
        record.push(0);
    }
    record[0] = u8::try_from(record.len()).unwrap_or(u8::MAX);
    record
}

/// `PX`: the mode, the number of names, root's numbers.
fn rights(mode: u32, links: usize) -> Vec<u8> {
    let mut field = b"PX\x24\x01".to_vec();
    for value in [usize::try_from(mode).unwrap_or_default(), links, 0, 0] {
        field.extend(both(value));
    }
    field
}

/// `TF`: when it was changed, read, and given its rights.
fn dates(written: Moment) -> Vec<u8> {
    let mut field = b"TF\x1a\x01\x0e".to_vec();
    field.extend(short_date(written).repeat(3));
    field
}

/// `ER`: which extension the fields belong to.
fn extension() -> Vec<u8> {
    let texts = [
        "RRIP_1991A",
        "THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS",
        "PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME \
         DESCRIPTOR FOR CONTACT INFORMATION.",
    ];
    let lengths = texts.map(|text| u8::try_from(text.len()).unwrap_or(u8::MAX));
    let whole = 8 + texts.iter().map(|text| text.len()).sum::<usize>();
    let mut field = vec![b'E', b'R', u8::try_from(whole).unwrap_or(u8::MAX), 1];
    field.extend(lengths);
    field.push(1);
    field.extend(texts.concat().bytes());
    field
}

/// A number, the small end first and then the great end first (ECMA-119, 7.3.3).
fn both(value: usize) -> Vec<u8> {
    let value = number(value);
    [value.to_le_bytes(), value.to_be_bytes()].concat()
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn date(written: Moment) -> time::OffsetDateTime {
    let date = time::OffsetDateTime::from_unix_timestamp(written.0.div_euclid(1000));
    date.unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

/// Seven bytes: the years since 1900, month, day, hour, minute, second, and no quarters of an hour from UTC.
fn short_date(written: Moment) -> [u8; 7] {
    let date = date(written);
    let years = u8::try_from(date.year() - 1900).unwrap_or(u8::MAX);
    [years, date.month().into(), date.day(), date.hour(), date.minute(), date.second(), 0]
}

/// The same in digits, with hundredths of a second.
fn long_date(written: Moment) -> [u8; 17] {
    let date = date(written);
    let text = format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}00",
        date.year().clamp(1, 9999),
        u8::from(date.month()),
        date.day(),
        date.hour(),
        date.minute(),
        date.second()
    );
    let mut digits = [0; 17];
    for (digit, byte) in digits.iter_mut().zip(text.bytes()) {
        *digit = byte;
    }
    digits
}

/// Writes bytes from the start of a sector on.
fn put(image: &mut [u8], sector: usize, bytes: &[u8]) {
    let start = sector * SECTOR;
    if let Some(room) = image.get_mut(start..start + bytes.len()) {
        room.copy_from_slice(bytes);
    }
}
