//! Files of ISC dhclient: blocks of statements, with quotes, escapes and comments (LS-007).

use super::{Lease, Word};

/// The IPv4 leases of a file, oldest first, and whether the file breaks off within one.
pub(super) fn read(bytes: &[u8]) -> (Vec<Lease>, bool) {
    let mut found = Vec::new();
    // The blocks that are open, outermost first, and whether each is an IPv4 lease of the file's own.
    let mut open: Vec<(bool, Lease)> = Vec::new();
    let mut words = Vec::new();
    for token in Scanner(bytes) {
        match token {
            Token::Word(word) => words.push(word),
            Token::Open => {
                let is_lease = open.is_empty() && matches!(words.as_slice(), [word] if word.is("lease"));
                open.push((is_lease, Lease::default()));
                words.clear();
            }
            Token::End => {
                let statement = std::mem::take(&mut words);
                if let Some((_, lease)) = open.last_mut() {
                    lease.statements.push(statement);
                }
            }
            Token::Close => {
                words.clear();
                if let Some((true, lease)) = open.pop() {
                    found.push(lease);
                }
            }
            Token::Torn => return (found, true),
        }
    }
    (found, !open.is_empty())
}

enum Token {
    Word(Word),
    Open,
    End,
    Close,
    /// A string without its last quote.
    Torn,
}

/// What is left of a file.
struct Scanner<'a>(&'a [u8]);

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let (first, rest) = self.0.split_first()?;
            let token = match first {
                b'{' => Token::Open,
                b'}' => Token::Close,
                b';' => Token::End,
                b'"' => {
                    self.0 = rest;
                    return Some(self.string().map_or(Token::Torn, Token::Word));
                }
                b'#' => {
                    self.skip(|byte| byte != b'\n');
                    continue;
                }
                blank if blank.is_ascii_whitespace() => {
                    self.0 = rest;
                    continue;
                }
                _ => {
                    let word =
                        self.skip(|byte| !byte.is_ascii_whitespace() && !b"{};\"#".contains(&byte)).to_vec();
                    return Some(Token::Word(Word::Bare(String::from_utf8_lossy(&word).into_owned())));
                }
            };
            self.0 = rest;
            return Some(token);
        }
    }
}

impl Scanner<'_> {
    /// Goes on for as long as bytes are such, and hands them back.
    fn skip(&mut self, is_such: impl Fn(u8) -> bool) -> &[u8] {
        let end = self.0.iter().position(|byte| !is_such(*byte)).unwrap_or(self.0.len());
        let (skipped, rest) = self.0.split_at(end);
        self.0 = rest;
        skipped
    }

    /// The rest of a string behind its first quote; nothing if it has no end.
    fn string(&mut self) -> Option<Word> {
        let mut bytes = Vec::new();
        loop {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            match first {
                b'"' => return Some(Word::Quoted(String::from_utf8_lossy(&bytes).into_owned())),
                b'\\' => bytes.push(self.escaped()?),
                plain => bytes.push(*plain),
            }
        }
    }

    /// The byte that an escape stands for: up to three octal digits, or any other byte as it is.
    fn escaped(&mut self) -> Option<u8> {
        let digits = self.0.iter().take(3).take_while(|byte| (b'0'..=b'7').contains(*byte)).count();
        let (octal, rest) = self.0.split_at(digits);
        let number = octal.iter().fold(0_u32, |number, digit| number * 8 + u32::from(digit - b'0'));
        match u8::try_from(number) {
            Ok(byte) if digits > 0 => {
                self.0 = rest;
                Some(byte)
            }
            _ => {
                let (first, rest) = self.0.split_first()?;
                self.0 = rest;
                Some(*first)
            }
        }
    }
}
