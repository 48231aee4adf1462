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
    if let Some(found) = dump(&text[at..]) {
        return Some(found);
    }
    if let Some(length) = token(text, at) {
        return Some((length, "{token}"));
    }
    let starts_word = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
    if uuid_at(bytes, at) {
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
    // A network's domain begins with its account's number, `cs10sandbox.simulator`.
    if extent == Extent::Lifecycle
        && let Some(rest) = text[at..].strip_prefix("cs")
        && let Some(length) = rest.find("sandbox.simulator").filter(|length| (1..=16).contains(length))
        && rest[..length].bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return Some((length + 2, "cs{number}"));
    }
    let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    // Names of snapshots end with the time, `20261123112435`.
    if digits == 14 && text[..at].ends_with('_') {
        return Some((digits, "{date}"));
    }
    if digits == 0 || bytes.get(at + digits).is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    let before = &text[..at];
    if extent == Extent::Lifecycle && before.ends_with("vlan://") {
        return Some((digits, "{vlan}"));
    }
    follows_an_id_word(before).then_some((digits, "{number}"))
}

/// What opens a console, in the address of one, or a public key.
fn token(text: &str, at: usize) -> Option<usize> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let length = text.as_bytes()[at..].iter().take_while(|byte| is_base64(byte)).count();
    let is_key = text[at..].starts_with("AAAAB3NzaC1yc2E");
    (is_key || length > 0 && text[..at].ends_with("&token=")).then_some(length)
}

/// Java's texts of templates and of lists of machines: what they hold depends on other scenarios.
fn dump(text: &str) -> Option<(usize, &'static str)> {
    const TEMPLATE: &str = "Template {";
    const MACHINES: &str = "[VM instance {";
    if text.starts_with(TEMPLATE) {
        return text.find('}').map(|end| (end + 1, "Template {dump}"));
    }
    let end = text.strip_prefix(MACHINES).and_then(|rest| rest.find("}]"))?;
    Some((MACHINES.len() + end + 2, "[{dumps}]"))
}

/// `id=17`, `"id":18`, `domain 3`, `job id=162`, `vmId: 5`, `i-2-17-QA`, `ROOT-17`.
fn follows_an_id_word(before: &str) -> bool {
    // The rest of a window of the rate limit (API-LIM-002).
    if before.ends_with("retry after [") || before.ends_with("move VM [") {
        return true;
    }
    // XML writes the quotes of a dump as entities.
    if let Some(stem) = before.strip_suffix(':').and_then(|stem| stem.strip_suffix("&quot;")) {
        return follows_an_id_word(&format!("{stem}\":"));
    }
    if let Some(stem) = before.strip_suffix('-') {
        // The account behind a project is named after project and domain.
        if stem.rsplit([' ', '"', '>', ';']).next().is_some_and(|word| word.starts_with("PrjAcct-")) {
            return true;
        }
        let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
        let word = last_word(stem);
        return matches!(word, "i" | "r" | "v" | "s" | "l" | "ROOT" | "DATA" | "VM");
    }
    let signs = [' ', '=', ':', '"', '[', '(', '#', '\\', '\''];
    let mut stem = before.trim_end_matches(signs);
    if stem.len() == before.len() {
        return false;
    }
    // A quotation mark as XML has it.
    while let Some(rest) = stem.strip_suffix("&quot;") {
        stem = rest.trim_end_matches(signs);
    }
    let word = last_word(stem);
    let lower = word.to_ascii_lowercase();
    if stem.ends_with("LB rule") || stem.ends_with("Zone Vlan") {
        return true;
    }
    // Events of networks tell its number: `Restarting network: 215`.
    let told = ["Restarting", "Updating", "Deleting", "Migrating"];
    if word == "network" && told.iter().any(|verb| stem.ends_with(&format!("{verb} network"))) {
        return true;
    }
    const WORDS: [&str; 9] =
        ["id", "ids", "domain", "jobid", "accountid", "domainid", "userid", "vmid", "networkofferingid"];
    WORDS.contains(&lower.as_str()) || word.ends_with("Id") || word.ends_with("ID")
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
            ("&quot;id&quot;:18,&quot;n&quot;:7", "&quot;id&quot;:{number},&quot;n&quot;:7"),
            ("\"networkofferingid\": 13}", "\"networkofferingid\": {number}}"),
            ("PrjAcct-p-3", "PrjAcct-p-{number}"),
            ("{&quot;id&quot;:18,", "{&quot;id&quot;:{number},"),
            ("job id=162.", "job id={number}."),
            ("Template {\"uniqueName\":\"a\"} is", "Template {dump} is"),
            ("instances: [VM instance {\"id\":1},VM instance {\"id\":2}] are", "instances: [{dumps}] are"),
            ("i-2-17-QA", "i-{number}-{number}-QA"),
            ("ROOT-17", "ROOT-{number}"),
            ("2026-11-23T11:52:59+0000", "{date}+0000"),
            ("vm_ROOT-17_20261123112435", "vm_ROOT-{number}_{date}"),
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
