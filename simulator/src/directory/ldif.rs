//! Entries as text: the part of LDIF (RFC 2849) that describes entries, not changes of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Entry;

/// A text that is no LDIF.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not read LDIF, line {line}: {reason}")]
pub struct BadLdif {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong.
    pub reason: &'static str,
}

/// Reads entries.
///
/// # Errors
///
/// The first line that is none.
pub fn entries(text: &str) -> Result<Vec<Entry>, BadLdif> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut open = false;
    for (line, text) in unfolded(text) {
        let bad = |reason| BadLdif { line, reason };
        if text.is_empty() {
            open = false;
            continue;
        }
        if text.starts_with('#') {
            continue;
        }
        let (name, value) = text.split_once(':').ok_or_else(|| bad("there is no colon"))?;
        let value = match value.strip_prefix(':') {
            Some(encoded) => STANDARD
                .decode(encoded.trim())
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| bad("this is no base64 of a text"))?,
            None => value.trim_start().to_owned(),
        };
        if name.eq_ignore_ascii_case("dn") {
            if open {
                return Err(bad("an entry has one name, and an empty line before it"));
            }
            open = true;
            entries.push(Entry { name: value, attributes: Vec::new() });
            continue;
        }
        let entry =
            entries.last_mut().filter(|_| open).ok_or_else(|| bad("an entry begins with its name"))?;
        match entry.attributes.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, values)) => values.push(value),
            None => entry.attributes.push((name.to_owned(), vec![value])),
        }
    }
    Ok(entries)
}

/// The lines with their numbers; one that begins with a blank goes on with the line before.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix(' '), lines.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ => lines.push((index + 1, line.to_owned())),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_directory_is_read() {
        let golden = entries(super::super::GOLDEN).expect("well formed");
        let alice = golden.iter().find(|entry| entry.value("uid") == Some("alice")).expect("she is there");
        assert_eq!(alice.value("sn"), Some("O'Neil & Søn"));
    }

    #[test]
    fn long_lines_are_folded_and_faults_have_their_line() {
        let folded = entries("# note\ndn: cn=a,\n dc=b\ncn: a\n").expect("well formed");
        assert_eq!(folded[0].name, "cn=a,dc=b");
        assert_eq!(entries("cn: a").map_err(|error| error.line), Err(1));
        assert_eq!(entries("dn: a\nno colon").map_err(|error| error.line), Err(2));
        assert_eq!(entries("dn: a\ncn:: %").map_err(|error| error.line), Err(2));
    }
}
