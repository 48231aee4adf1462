//! Discs as config drives are: ISO 9660 with the names of Joliet and of Rock Ridge (CD-001).
//!
//! Read from any bytes: whatever an image claims, nothing outside it is read, nothing is copied, and no more is looked
//! at than the image has room for. What should be on a drive is decided in the checks.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read as _},
    ops::Range,
    path::Path,
};

/// Larger than any config drive may be (`ConfigDriveBuilder.java:186-212`).
const IMAGE_BYTES: usize = 64 * 1024 * 1024;
/// More than any drive has; an image that has more is not one.
const ENTRIES: usize = 10_000;
const DEPTH: usize = 32;
const NAME_BYTES: usize = 1024;
/// How many further places one record's fields may be in.
const CONTINUATIONS: usize = 16;
const SECTOR: usize = 2048;
const DESCRIPTORS: usize = 16 * SECTOR;

/// Why an image tells us nothing.
#[derive(Debug, thiserror::Error)]
pub enum IsoError {
    /// It cannot be read.
    #[error("the drive {path} cannot be read: {source}")]
    Unreadable {
        /// Its path.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is larger than drives are.
    #[error("the image has more than {IMAGE_BYTES} bytes")]
    TooLarge,
    /// There is no volume descriptor where one has to be.
    #[error("the image is none of ISO 9660: there is no volume descriptor in sector 16")]
    NoVolume,
    /// Something is said to be where nothing is.
    #[error("{what} is beyond the end of the image")]
    Beyond {
        /// What it is.
        what: &'static str,
    },
    /// Something is not as the standards have it.
    #[error("{0}")]
    Broken(&'static str),
}

/// The files of a tree, by path: `openstack/latest/meta_data.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<String, Range<usize>>,
}

/// A disc.
#[derive(Clone, Debug)]
pub struct Disc {
    image: Vec<u8>,
    /// The label that Unix goes by.
    pub label: String,
    /// The files under their names of Rock Ridge, if it has those.
    pub rock_ridge: Option<Tree>,
    /// The files under their names of Joliet, if it has those.
    pub joliet: Option<Tree>,
}

impl Disc {
    /// Reads the image in a file.
    pub fn open(path: &Path) -> Result<Self, IsoError> {
        let unreadable = |source| IsoError::Unreadable { path: path.display().to_string(), source };
        let mut image = Vec::new();
        let limit = u64::try_from(IMAGE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        File::open(path).map_err(unreadable)?.take(limit).read_to_end(&mut image).map_err(unreadable)?;
        Self::read(image)
    }

    /// Reads an image.
    pub fn read(image: Vec<u8>) -> Result<Self, IsoError> {
        if image.len() > IMAGE_BYTES {
            return Err(IsoError::TooLarge);
        }
        let (mut primary, mut joliet) = (None, None);
        for number in 0.. {
            let start = DESCRIPTORS + number * SECTOR;
            let Some(descriptor) = image.get(start..start + SECTOR).filter(|bytes| &bytes[1..6] == b"CD001")
            else {
                break;
            };
            match descriptor[0] {
                1 if primary.is_none() => primary = Some(descriptor),
                2 if is_joliet(descriptor) => joliet = joliet.or(Some(descriptor)),
                255 => break,
                _ => {}
            }
        }
        let primary = primary.ok_or(IsoError::NoVolume)?;
        let label = String::from_utf8_lossy(&primary[40..72]).trim_end().to_owned();
        let skip = skip_of_rock_ridge(&image, primary)?;
        let names = skip.map(|skip| Names::RockRidge { skip });
        let rock_ridge = names.map(|names| Walk::over(&image, primary, names)).transpose()?;
        let joliet = joliet.map(|descriptor| Walk::over(&image, descriptor, Names::Joliet)).transpose()?;
        Ok(Self { image, label, rock_ridge, joliet })
    }

    /// The bytes of a file, by whichever names the disc has; those of Rock Ridge first, as Linux has it.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.tree().and_then(|tree| self.file_in(tree, path))
    }

    /// The bytes of a file in one tree.
    pub fn file_in(&self, tree: &Tree, path: &str) -> Option<&[u8]> {
        self.image.get(tree.files.get(path)?.clone())
    }

    /// The paths of all files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.tree().into_iter().flat_map(Tree::paths)
    }

    fn tree(&self) -> Option<&Tree> {
        self.rock_ridge.as_ref().or(self.joliet.as_ref())
    }
}

impl Tree {
    /// The paths of its files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

/// The levels of Joliet, by their escape sequences.
fn is_joliet(descriptor: &[u8]) -> bool {
    [b"%/@", b"%/C", b"%/E"].iter().any(|escape| descriptor[88..120].starts_with(*escape))
}

/// How many bytes stand before the fields of Rock Ridge in each record, if there are such fields: the first record of the
/// root says so.
fn skip_of_rock_ridge(image: &[u8], descriptor: &[u8]) -> Result<Option<usize>, IsoError> {
    let root =
        Record::read(&descriptor[156..190]).ok_or(IsoError::Broken("the volume has no root folder"))?;
    let Some(first) = Record::read(bytes_of(image, &root.extent(), "the root folder")?) else {
        return Err(IsoError::Broken("the root folder is empty"));
    };
    Ok(match first.fields {
        [b'S', b'P', 7, _, 0xbe, 0xef, skip, ..] => Some(usize::from(*skip)),
        _ => None,
    })
}

/// Which names a tree has.
#[derive(Clone, Copy)]
enum Names {
    RockRidge { skip: usize },
    Joliet,
}

/// A directory record.
struct Record<'a> {
    sector: usize,
    bytes: usize,
    flags: u8,
    identifier: &'a [u8],
    fields: &'a [u8],
    length: usize,
}

impl<'a> Record<'a> {
    /// The record at the start of these bytes; none where they are no whole record.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let length = usize::from(*bytes.first()?);
        let record = bytes.get(..length)?;
        let named = usize::from(*record.get(32)?);
        let identifier = record.get(33..33 + named)?;
        // The name is padded to an even place.
        let fields = record.get(33 + named + (named + 1) % 2..).unwrap_or_default();
        let (sector, bytes) = (little(record.get(2..6)?), little(record.get(10..14)?));
        Some(Self { sector, bytes, flags: record[25], identifier, fields, length })
    }

    fn is_folder(&self) -> bool {
        self.flags & 2 != 0
    }

    /// Where its contents are claimed to be.
    fn extent(&self) -> Range<usize> {
        let start = self.sector.saturating_mul(SECTOR);
        start..start.saturating_add(self.bytes)
    }
}

fn little(bytes: &[u8]) -> usize {
    let number = bytes.iter().rev().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn bytes_of<'a>(image: &'a [u8], extent: &Range<usize>, what: &'static str) -> Result<&'a [u8], IsoError> {
    image.get(extent.clone()).ok_or(IsoError::Beyond { what })
}

/// A way through the folders of one tree.
struct Walk<'a> {
    image: &'a [u8],
    names: Names,
    tree: Tree,
    /// The folders that were looked at: none is in itself.
    seen: BTreeSet<usize>,
    /// How many bytes of folders may still be looked at: all of them have room in the image.
    left: usize,
    entries: usize,
}

impl<'a> Walk<'a> {
    fn over(image: &'a [u8], descriptor: &[u8], names: Names) -> Result<Tree, IsoError> {
        let root =
            Record::read(&descriptor[156..190]).ok_or(IsoError::Broken("the volume has no root folder"))?;
        let mut walk = Self {
            image,
            names,
            tree: Tree::default(),
            seen: BTreeSet::new(),
            left: image.len(),
            entries: 0,
        };
        walk.folder(&root, "", 0)?;
        Ok(walk.tree)
    }

    fn folder(&mut self, folder: &Record<'_>, path: &str, depth: usize) -> Result<(), IsoError> {
        if depth > DEPTH {
            return Err(IsoError::Broken("folders are in each other too deeply"));
        }
        if !self.seen.insert(folder.sector) {
            return Err(IsoError::Broken("a folder is in itself, or in two others"));
        }
        let bytes = bytes_of(self.image, &folder.extent(), "a folder")?;
        self.left = self
            .left
            .checked_sub(bytes.len())
            .ok_or(IsoError::Broken("the folders together are larger than the image"))?;
        for sector in bytes.chunks(SECTOR) {
            let mut rest = sector;
            // A zero instead of a length: the rest of the sector is empty.
            while rest.first().is_some_and(|length| *length != 0) {
                let record = Record::read(rest).ok_or(IsoError::Broken("a record is not whole"))?;
                rest = rest.get(record.length..).unwrap_or_default();
                // The folder itself and the one that it is in.
                if matches!(record.identifier, [0] | [1]) {
                    continue;
                }
                self.entry(&record, path, depth)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, record: &Record<'_>, path: &str, depth: usize) -> Result<(), IsoError> {
        self.entries += 1;
        if self.entries > ENTRIES {
            return Err(IsoError::Broken("there are more files than any config drive has"));
        }
        let name = self.name(record)?;
        if name.is_empty() || name.contains(['/', '\0']) || matches!(name.as_str(), "." | "..") {
            return Err(IsoError::Broken("a file has a name that is none"));
        }
        let path = if path.is_empty() { name } else { format!("{path}/{name}") };
        if record.is_folder() {
            return self.folder(record, &path, depth + 1);
        }
        if record.flags & 0x80 != 0 {
            return Err(IsoError::Broken("a file is in several pieces"));
        }
        let extent = if record.bytes == 0 { 0..0 } else { record.extent() };
        bytes_of(self.image, &extent, "a file")?;
        match self.tree.files.insert(path, extent) {
            None => Ok(()),
            Some(_) => Err(IsoError::Broken("two files have the same name")),
        }
    }

    fn name(&self, record: &Record<'_>) -> Result<String, IsoError> {
        match self.names {
            Names::Joliet => {
                let units: Vec<u16> = record
                    .identifier
                    .chunks(2)
                    .map(|unit| unit.iter().fold(0, |all, byte| all << 8 | u16::from(*byte)))
                    .collect();
                let name = String::from_utf16(&units)
                    .map_err(|_| IsoError::Broken("a name of Joliet is not in UCS-2"))?;
                Ok(name.trim_end_matches(";1").to_owned())
            }
            Names::RockRidge { skip } => {
                let fields = record.fields.get(skip..).unwrap_or_default();
                let name = self.long_name(fields)?;
                // A record may do without: then its plain name counts.
                let plain = || String::from_utf8_lossy(record.identifier).trim_end_matches(";1").to_owned();
                Ok(name.unwrap_or_else(plain))
            }
        }
    }

    /// The name in fields of Rock Ridge: all pieces of it, also those that stand elsewhere.
    fn long_name(&self, fields: &[u8]) -> Result<Option<String>, IsoError> {
        let mut name: Option<Vec<u8>> = None;
        let mut next = Some(fields.to_owned());
        for _ in 0..CONTINUATIONS {
            let Some(fields) = next.take() else { break };
            let mut rest = fields.as_slice();
            while let [first, second, length, _, ..] = rest {
                if *first == 0 {
                    break;
                }
                let field = rest.get(..usize::from(*length)).filter(|field| field.len() >= 4);
                let field = field.ok_or(IsoError::Broken("a field of Rock Ridge is not whole"))?;
                match (first, second, field) {
                    (b'N', b'M', [_, _, _, _, _, piece @ ..]) => {
                        name.get_or_insert_default().extend(piece);
                    }
                    (b'C', b'E', [_, _, _, _, place @ ..]) if place.len() >= 24 => {
                        let (sector, offset) = (little(&place[..4]), little(&place[8..12]));
                        let start = sector.saturating_mul(SECTOR).saturating_add(offset);
                        let extent = start..start.saturating_add(little(&place[16..20]).min(SECTOR));
                        next = Some(bytes_of(self.image, &extent, "what continues a record")?.to_owned());
                    }
                    (b'S', b'T', _) => break,
                    _ => {}
                }
                rest = &rest[field.len()..];
            }
            if name.as_ref().is_some_and(|name| name.len() > NAME_BYTES) {
                return Err(IsoError::Broken("a name is longer than any file's"));
            }
        }
        name.map(String::from_utf8)
            .transpose()
            .map_err(|_| IsoError::Broken("a name of Rock Ridge is not in UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    /// What genisoimage wrote, as `fixtures/drive/README.md` tells.
    fn recorded() -> Vec<u8> {
        let mut image = Vec::new();
        let packed = include_bytes!("../../../fixtures/drive/genisoimage.iso.gz");
        GzDecoder::new(packed.as_slice()).read_to_end(&mut image).unwrap();
        image
    }

    const USER_DATA: &[u8] = b"\x00\xff\r\n#cloud-config\n";

    #[test]
    fn the_disc_of_another_program_is_read() {
        let disc = Disc::read(recorded()).unwrap();
        assert_eq!(disc.label, "config-2");
        let paths = [
            "cloudstack/metadata/a-variable-with-a-name-longer-than-31-characters.txt",
            "cloudstack/metadata/availability-zone.txt",
            "cloudstack/userdata/user_data.txt",
            "openstack/latest/meta_data.json",
            "openstack/latest/user_data",
            "openstack/latest/vendor_data.json",
        ];
        for tree in [disc.rock_ridge.as_ref().unwrap(), disc.joliet.as_ref().unwrap()] {
            assert_eq!(tree.paths().collect::<Vec<_>>(), paths);
            assert_eq!(disc.file_in(tree, "cloudstack/userdata/user_data.txt"), Some(USER_DATA));
            assert_eq!(disc.file_in(tree, "openstack/latest/user_data"), Some(USER_DATA));
            assert_eq!(disc.file_in(tree, paths[1]), Some(b"demo-zone".as_slice()));
            assert_eq!(disc.file_in(tree, "openstack/latest"), None);
        }
        assert_eq!(disc.file("openstack/latest/vendor_data.json"), Some(b"{}".as_slice()));
        assert_eq!(disc.file("no/such/file"), None);
    }

    /// Where a name of the plain tree stands, the `nth` time: its record begins 33 bytes before.
    fn record_of(image: &[u8], name: &[u8], nth: usize) -> usize {
        let places = image.windows(name.len() + 1).enumerate();
        let is_there = |window: &[u8]| usize::from(window[0]) == name.len() && &window[1..] == name;
        places.filter(|(_, window)| is_there(window)).nth(nth).unwrap().0 - 32
    }

    fn error(image: Vec<u8>) -> String {
        Disc::read(image).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_with_an_image_is_said() {
        assert!(error(Vec::new()).contains("no volume descriptor"));
        assert!(error(b"PK\x03\x04".repeat(20_000)).contains("no volume descriptor"));
        let whole = recorded();
        assert!(error(whole[..20 * SECTOR].to_vec()).contains("beyond the end"));
        assert!(error(whole[..whole.len() - SECTOR].to_vec()).contains("a file is beyond the end"));
        // A folder that is the root again.
        let mut image = whole.clone();
        let root = image[DESCRIPTORS + 158..DESCRIPTORS + 162].to_vec();
        let place = record_of(&image, b"openstack", 0);
        image[place + 2..place + 6].copy_from_slice(&root);
        assert!(error(image).contains("a folder is in itself"));
        // A folder that is larger than everything.
        let mut image = whole.clone();
        image[place + 10..place + 14].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(error(image).contains("a folder is beyond the end"));
        // A name that is longer than its record, and a field that is.
        let mut image = whole.clone();
        image[place + 32] = 200;
        assert!(error(image).contains("a record is not whole"));
        let mut image = whole.clone();
        let field = image[place..].windows(2).position(|two| two == b"NM").unwrap() + place;
        image[field + 2] = 250;
        assert!(error(image).contains("a field of Rock Ridge is not whole"));
        let mut image = whole;
        image[field + 5..field + 14].copy_from_slice(b"../../etc");
        assert!(error(image).contains("a name that is none"));
        let path = Path::new("no/such/drive.iso");
        assert!(matches!(Disc::open(path), Err(IsoError::Unreadable { .. })));
        assert!(Disc::open(path).unwrap_err().to_string().contains("no/such/drive.iso"));
    }

    #[test]
    fn an_image_that_is_larger_than_any_drive_is_refused() {
        assert!(matches!(Disc::read(vec![0; IMAGE_BYTES + 1]), Err(IsoError::TooLarge)));
    }

    #[test]
    fn a_disc_without_either_kind_of_names_has_no_files() {
        let mut image = recorded();
        // The second descriptor ends the list, and the root has no sign of Rock Ridge.
        image[DESCRIPTORS + SECTOR] = 255;
        let sign = image.windows(4).position(|four| four == b"SP\x07\x01").unwrap();
        image[sign] = b'X';
        let disc = Disc::read(image).unwrap();
        assert_eq!((&disc.rock_ridge, &disc.joliet), (&None, &None));
        assert_eq!(disc.paths().count(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Disc::read(bytes.clone());
            // With a volume descriptor in front of them.
            let mut image = recorded()[..DESCRIPTORS + 3 * SECTOR].to_vec();
            image.extend(bytes);
            prop_assert!(Disc::read(image).is_err(), "its folders are beyond the end");
        }

        /// Whatever is changed in an image, reading ends, and no file is larger than the image.
        #[test]
        fn a_damaged_image_is_read_or_refused(
            damage in proptest::collection::vec((DESCRIPTORS..40 * SECTOR, any::<u8>()), 1..40),
        ) {
            let mut image = recorded();
            for (place, byte) in damage {
                image[place] = byte;
            }
            let length = image.len();
            if let Ok(disc) = Disc::read(image) {
                for path in disc.paths() {
                    prop_assert!(disc.file(path).is_some_and(|bytes| bytes.len() <= length));
                }
            }
        }
    }
}
