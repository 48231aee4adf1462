//! Lease files as ISC dhclient writes them, read by their structure (LS-001 to LS-015).
//!
//! A value may contain any words, so nothing is searched for: the file is cut into blocks and statements, with
//! quotes and comments understood. Which statement a guest should believe is decided here too: that of the last
//! block.

use std::{fs, io, net::Ipv4Addr, path::Path};

/// Why a lease file tells us nothing.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// It cannot be read.
    #[error("the lease file {path} cannot be read: {source}")]
    Unreadable {
        /// Its path.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// It has no text: some clients write the packet itself.
    #[error("the lease file is binary: byte {at} is no text")]
    Binary {
        /// The first byte that is none.
        at: usize,
    },
    /// A brace or quote that is not closed, or one too many.
    #[error("the lease file ends or breaks off: {0}")]
    Broken(&'static str),
    /// There is no lease in it, as after a first attempt that failed (LS-011).
    #[error("the lease file has no lease")]
    Empty,
    /// The last lease does not name its server.
    #[error("the last lease names no dhcp-server-identifier")]
    NoServer,
    /// The last lease names something that is no IPv4 address (LS-009).
    #[error("the last lease names {0} for its server, which is no IPv4 address")]
    NoAddress(String),
}

/// One block of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    statements: Vec<Vec<String>>,
}

impl Lease {
    /// The value of a statement such as `fixed-address`; the last one if it is repeated.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.find(&[name])
    }

    /// The value of an option such as `dhcp-server-identifier`.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.find(&["option", name])
    }

    fn find(&self, words: &[&str]) -> Option<&str> {
        let found = self.statements.iter().rev().find(|statement| {
            statement.len() > words.len() && statement.iter().zip(words).all(|(left, right)| left == right)
        })?;
        found.get(words.len()).map(String::as_str)
    }

    /// The server that gave the lease.
    pub fn server(&self) -> Result<Ipv4Addr, LeaseError> {
        let text = self.option("dhcp-server-identifier").ok_or(LeaseError::NoServer)?;
        text.parse().map_err(|_| LeaseError::NoAddress(text.to_owned()))
    }
}

/// The lease that counts: the last one of the file (LS-003).
pub fn read(path: &Path) -> Result<Lease, LeaseError> {
    let bytes = fs::read(path)
        .map_err(|source| LeaseError::Unreadable { path: path.display().to_string(), source })?;
    leases(&bytes)?.pop().ok_or(LeaseError::Empty)
}

/// All IPv4 leases of a file, in its order.
pub fn leases(bytes: &[u8]) -> Result<Vec<Lease>, LeaseError> {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || *byte >= 0x80;
    if let Some(at) = bytes.iter().position(|byte| !is_text(byte)) {
        return Err(LeaseError::Binary { at });
    }
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut open: Vec<(bool, Lease)> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for token in tokens(&text)? {
        match token {
            Token::Word(word) => words.push(word),
            Token::Open => {
                let is_lease = open.is_empty() && words.first().is_some_and(|word| word == "lease");
                open.push((is_lease, Lease::default()));
                words.clear();
            }
            Token::End => {
                let statement = std::mem::take(&mut words);
                if let Some((_, lease)) = open.last_mut().filter(|_| !statement.is_empty()) {
                    lease.statements.push(statement);
                }
            }
            Token::Close => {
                let (is_lease, lease) =
                    open.pop().ok_or(LeaseError::Broken("a closing brace without an opening one"))?;
                if is_lease {
                    found.push(lease);
                }
                words.clear();
            }
        }
    }
    if open.is_empty() { Ok(found) } else { Err(LeaseError::Broken("a block is not closed")) }
}

enum Token {
    Word(String),
    Open,
    End,
    Close,
}

fn tokens(text: &str) -> Result<Vec<Token>, LeaseError> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if !matches!(character, '{' | '}' | ';' | '"' | '#') && !character.is_whitespace() {
            word.push(character);
            continue;
        }
        if !word.is_empty() {
            tokens.push(Token::Word(std::mem::take(&mut word)));
        }
        match character {
            '{' => tokens.push(Token::Open),
            '}' => tokens.push(Token::Close),
            ';' => tokens.push(Token::End),
            '#' => while characters.next_if(|next| *next != '\n').is_some() {},
            '"' => {
                let mut quoted = String::new();
                loop {
                    match characters.next() {
                        Some('"') => break,
                        Some('\\') => {
                            let mut octal = String::new();
                            while octal.len() < 3
                                && let Some(digit) = characters.next_if(|next| next.is_digit(8))
                            {
                                octal.push(digit);
                            }
                            match u8::from_str_radix(&octal, 8) {
                                Ok(byte) => quoted.push(char::from(byte)),
                                Err(_) => quoted.extend(characters.next()),
                            }
                        }
                        Some(other) => quoted.push(other),
                        None => return Err(LeaseError::Broken("a quote is not closed")),
                    }
                }
                tokens.push(Token::Word(quoted));
            }
            _ => {}
        }
    }
    if !word.is_empty() {
        tokens.push(Token::Word(word));
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> Result<String, String> {
        let mut found = leases(text.as_bytes()).map_err(|error| error.to_string())?;
        let last = found.pop().ok_or("none")?;
        last.server().map(|address| address.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_last_block_counts_in_any_order_of_options() {
        let text = "lease {\n  interface \"eth0\";\n  option dhcp-server-identifier 10.1.1.1;\n}\n\
                    lease {\n  option routers 10.2.2.9;\n  option dhcp-server-identifier 10.2.2.1;\n  fixed-address \
                    10.2.2.7;\n}\n";
        assert_eq!(server(text).unwrap(), "10.2.2.1");
        assert_eq!(leases(text.as_bytes()).unwrap()[1].value("fixed-address"), Some("10.2.2.7"));
    }

    #[test]
    fn a_value_may_say_anything() {
        let text = "# option dhcp-server-identifier 6.6.6.6;\nlease {\n  option dhcp-server-identifier 10.1.1.1;\n  \
                    option domain-name \"a}b; option dhcp-server-identifier 6.6.6.6; \\\"{\";\n}\n";
        assert_eq!(server(text).unwrap(), "10.1.1.1");
    }

    #[test]
    fn what_is_no_lease_is_told_apart() {
        assert_eq!(server("").unwrap_err(), "none");
        assert_eq!(server("default-duid \"x\";\nlease6 { interface \"eth0\"; }").unwrap_err(), "none");
        assert!(server("lease { option routers 1.1.1.1; }").unwrap_err().contains("names no"));
        assert!(
            server("lease { option dhcp-server-identifier <error>; }")
                .unwrap_err()
                .contains("no IPv4 address")
        );
        assert!(server("lease {").unwrap_err().contains("not closed"));
        assert!(server("lease { filename \"").unwrap_err().contains("quote"));
        assert!(server("}").unwrap_err().contains("without"));
        assert!(server("\u{2}\u{1}\u{6}\0").unwrap_err().contains("binary"));
        let missing = read(Path::new("no/such/file")).unwrap_err().to_string();
        assert!(missing.contains("no/such/file"), "{missing}");
    }
}
