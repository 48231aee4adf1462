//! What may differ inside a text: identifiers, internal numbers, dates, addresses.
//!
//! [`masked`] replaces what `fixtures/recorded/README.md` calls volatile by placeholders; two texts agree when their
//! masked forms are equal.

/// Length of a UUID.
pub(super) const UUID: usize = 36;

/// What is volatile beyond identifiers and dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// As for `wire.jsonl`.
    Wire,
    /// As for `lifecycle/`: IP and MAC addresses and VLAN numbers as well.
    Lifecycle,
}

/// Whether the whole text is a UUID that stands for something.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == UUID && uuid_at(text.as_bytes(), 0)
}

/// Whether a UUID starts here; the all-zero one is an ordinary text.
pub(super) fn uuid_at(bytes: &[u8], at: usize) -> bool {
    let Some(slice) = bytes.get(at..at + UUID) else { return false };
    let shaped = slice.iter().enumerate().all(|(index, byte)| match index {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    shaped && slice.iter().any(|byte| !matches!(byte, b'0' | b'-'))
}

/// The text with placeholders for what is volatile in it.
pub(super) fn masked(text: &str, extent: Extent) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let found = volatile(text, at, extent);
        if let Some((length, placeholder)) = found {
            out.push_str(placeholder);
            at += length;
            continue;
        }
        let length = text[at..].chars().next().map_or(1, char::len_utf8);
        out.push_str(&text[at..at + length]);
        at += length;
    }
    out
}

fn volatile(text: &str, at: usize, extent: Extent) -> Option<(usize, &'static str)> {
    let bytes = text.as_bytes();
    let starts_word = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
    if uuid_at(bytes, at) && starts_word {
        return Some((UUID, "{uuid}"));
    }
    if !starts_word {
        return None;
    }
    if let Some(length) = date(&bytes[at..]) {
        return Some((length, "{date}"));
    }
    if extent == Extent::Lifecycle {
        if let Some(length) = mac(&bytes[at..]) {
            return Some((length, "{mac}"));
        }
        if let Some(length) = address(&bytes[at..]) {
            return Some((length, "{address}"));
        }
    }
    let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || bytes.get(at + digits).is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    let before = &text[..at];
    if extent == Extent::Lifecycle && before.ends_with("vlan://") {
        return Some((digits, "{vlan}"));
    }
    follows_an_id_word(before).then_some((digits, "{number}"))
}

/// `id=17`, `"id":18`, `domain 3`, `job id=162`, `vmId: 5`, `i-2-17-QA`, `ROOT-17`.
fn follows_an_id_word(before: &str) -> bool {
    if let Some(stem) = before.strip_suffix('-') {
        let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
        let word = last_word(stem);
        return matches!(word, "i" | "r" | "v" | "s" | "l" | "ROOT" | "DATA" | "VM");
    }
    let stem = before.trim_end_matches([' ', '=', ':', '"', '[', '(', '#', '\\', '\'']);
    if stem.len() == before.len() {
        return false;
    }
    let word = last_word(stem);
    let lower = word.to_ascii_lowercase();
    matches!(lower.as_str(), "id" | "ids" | "domain" | "jobid" | "accountid" | "domainid" | "userid" | "vmid")
        || word.ends_with("Id")
        || word.ends_with("ID")
}

fn last_word(text: &str) -> &str {
    let start = text
        .rfind(|c: char| !c.is_ascii_alphabetic())
        .map_or(0, |index| index + text[index..].chars().next().map_or(1, char::len_utf8));
    &text[start..]
}

fn digits(bytes: &[u8], count: usize) -> bool {
    bytes.len() >= count && bytes[..count].iter().all(u8::is_ascii_digit)
}

/// `2026-11-23T11:52:59` with or without a fraction, or `Mon Nov 23 11:52:59 UTC 2026`; the zone stays.
fn date(bytes: &[u8]) -> Option<usize> {
    let pattern = b"0000-00-00T00:00:00";
    let fits = |pattern: &[u8]| {
        bytes.len() >= pattern.len()
            && bytes.iter().zip(pattern).all(|(byte, model)| match model {
                b'0' => byte.is_ascii_digit(),
                b'a' => byte.is_ascii_alphabetic(),
                other => byte == other || (*other == b'T' && *byte == b' '),
            })
    };
    if fits(pattern) {
        let mut end = pattern.len();
        if bytes.get(end) == Some(&b'.') {
            end += 1 + bytes[end + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        }
        return Some(end);
    }
    let java = b"aaa aaa 00 00:00:00 aaa 0000";
    fits(java).then_some(java.len())
}

/// `10.1.2.3`; a prefix length behind it stays.
fn address(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in 0..4 {
        if part > 0 {
            (bytes.get(at) == Some(&b'.')).then_some(())?;
            at += 1;
        }
        let length = bytes[at..].iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
        (length > 0).then_some(())?;
        at += length;
    }
    let ends = bytes.get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (ends && !matches!(bytes.get(at..at + 2), Some([b'.', next]) if next.is_ascii_digit())).then_some(at)
}

/// `02:01:00:cb:00:01`.
fn mac(bytes: &[u8]) -> Option<usize> {
    let slice = bytes.get(..17)?;
    let shaped = slice
        .iter()
        .enumerate()
        .all(|(index, byte)| if index % 3 == 2 { *byte == b':' } else { byte.is_ascii_hexdigit() });
    (shaped && !digits(slice, 3)).then_some(17)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_volatile_is_masked_and_nothing_else() {
        for (text, expected) in [
            ("user alice in domain 3", "user alice in domain {number}"),
            ("invalid value 3", "invalid value 3"),
            ("{\"id\":18,\"n\":7}", "{\"id\":{number},\"n\":7}"),
            ("job id=162.", "job id={number}."),
            ("i-2-17-QA", "i-{number}-{number}-QA"),
            ("ROOT-17", "ROOT-{number}"),
            ("2026-11-23T11:52:59+0000", "{date}+0000"),
            ("of type [Volume] id [30]", "of type [Volume] id [{number}]"),
            ("a fe380496-ac79-4dc4-ac5f-3fe701ad69c9.", "a {uuid}."),
            ("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"),
            ("10.1.1.0/24", "10.1.1.0/24"),
            ("é", "é"),
        ] {
            assert_eq!(masked(text, Extent::Wire), expected);
        }
        assert_eq!(masked("10.1.1.0/24 vlan://12", Extent::Lifecycle), "{address}/24 vlan://{vlan}");
        assert_eq!(masked("4.22.0.0-SNAPSHOT", Extent::Wire), "4.22.0.0-SNAPSHOT");
        assert_eq!(masked("02:01:00:cb:00:01", Extent::Lifecycle), "{mac}");
    }
}
