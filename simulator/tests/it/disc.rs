//! Reads the images of config drives with nothing of what writes them: it knows the few fields of ECMA-119, Joliet and
//! Rock Ridge that lead from a volume to a file.

use std::collections::BTreeMap;

const SECTOR: usize = 2048;

/// The files of an image by path, under the names of Joliet or of Rock Ridge. An image that is not as it should be ends
/// the test.
pub(crate) fn files(image: &[u8], joliet: bool) -> BTreeMap<String, Vec<u8>> {
    let descriptor = (16..)
        .map(|sector| &image[sector * SECTOR..][..SECTOR])
        .take_while(|sector| sector[0] != 255)
        .find(|sector| sector[0] == if joliet { 2 } else { 1 })
        .expect("a volume of that kind");
    let mut files = BTreeMap::new();
    let mut open = vec![(String::new(), number(&descriptor[158..]), number(&descriptor[166..]))];
    while let Some((path, sector, length)) = open.pop() {
        for part in image[sector * SECTOR..][..length].chunks(SECTOR) {
            let mut rest = part;
            while rest.first().is_some_and(|length| *length > 0) {
                let (record, behind) = rest.split_at(usize::from(rest[0]));
                rest = behind;
                let named = usize::from(record[32]);
                let identifier = &record[33..33 + named];
                if matches!(identifier, [0] | [1]) {
                    continue;
                }
                let name = if joliet {
                    let units: Vec<u16> =
                        identifier.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
                    String::from_utf16(&units).expect("a name of Joliet")
                } else {
                    long_name(&record[33 + (named | 1)..])
                };
                let path = format!("{path}/{name}");
                let (sector, length) = (number(&record[2..]), number(&record[10..]));
                if record[25] & 2 == 2 {
                    open.push((path, sector, length));
                } else {
                    files.insert(path, image[sector * SECTOR..][..length].to_vec());
                }
            }
        }
    }
    files
}

/// The name in the fields of Rock Ridge.
fn long_name(mut fields: &[u8]) -> String {
    while fields.len() > 4 {
        let (field, rest) = fields.split_at(usize::from(fields[2]));
        if field.starts_with(b"NM") {
            return String::from_utf8(field[5..].to_vec()).expect("a name of Rock Ridge");
        }
        fields = rest;
    }
    panic!("a file without a name of Rock Ridge");
}

fn number(bytes: &[u8]) -> usize {
    let number = u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"));
    usize::try_from(number).expect("a place in a small image")
}
