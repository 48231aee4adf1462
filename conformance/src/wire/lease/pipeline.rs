//! What the documented command finds: `grep dhcp-server-identifier FILE | tail -1`, and the word of it that scripts take
//! for the address (LS-015).
//!
//! It goes by lines and not by statements, so that a hostile value can mislead it (LS-008); the suite believes the
//! statements, and shows this beside them.

use super::SERVER;

/// The last line that has the words.
pub fn line(bytes: &[u8]) -> Option<&[u8]> {
    let has_them = |line: &&[u8]| line.windows(SERVER.len()).any(|words| words == SERVER.as_bytes());
    bytes.split(|byte| *byte == b'\n').rfind(has_them)
}

/// The last word of that line, without semicolons: `| awk '{print $NF}' | tr -d ';'`.
pub fn address(bytes: &[u8]) -> Option<String> {
    let line = line(bytes)?;
    let word = line.rsplit(|byte| matches!(byte, b' ' | b'\t')).find(|word| !word.is_empty())?;
    let word: Vec<u8> = word.iter().copied().filter(|byte| *byte != b';').collect();
    Some(String::from_utf8_lossy(&word).into_owned())
}
