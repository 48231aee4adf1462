//! How programs that are not ours look for the server in a file of dhclient: by blocks, statements and lines that they cut
//! out of the text, not by its grammar.

/// cloud-init 26.2 (`net/dhcp.py`, `parse_leases` and `get_key_from_latest_lease`): the pattern `lease {(.*?)}\n` finds
/// blocks, semicolons end statements, quotes and `option ` are thrown away, the name of a pair ends at the first blank; the
/// last block that has the name with a value decides.
pub(super) fn cloud_init(text: &str) -> Option<String> {
    let mut leases: Vec<Vec<(String, String)>> = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("lease {").map(|at| from + at + "lease {".len()) {
        let Some(length) = text[start..].find("}\n") else { break };
        let lines = text[start..start + length].split(';');
        let cleaned = lines.map(|line| line.trim().replace('"', "").replace("option ", ""));
        // A later pair of a name replaces the one before.
        let pairs = cleaned
            .filter_map(|line| line.split_once(' ').map(|(name, value)| (name.to_owned(), value.to_owned())));
        leases.push(pairs.collect());
        from = start + length + "}\n".len();
    }
    leases.iter().rev().find_map(|lease| {
        let found = lease.iter().rev().find(|(name, _)| name == "dhcp-server-identifier");
        found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    })
}

/// `grep dhcp-server-identifier FILE | tail -1 | awk '{print $NF}' | tr -d ';'` (LS-015).
pub(super) fn pipeline(bytes: &[u8]) -> Option<String> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let line = text.split('\n').rfind(|line| line.contains("dhcp-server-identifier"))?;
    let word = line.split([' ', '\t']).rfind(|word| !word.is_empty())?;
    let word: Vec<u8> =
        word.replace(';', "").chars().filter_map(|letter| u8::try_from(letter).ok()).collect();
    Some(String::from_utf8_lossy(&word).into_owned())
}
