//! The language of dhclient's files: statements and blocks of words, to bytes and back. What was recorded is written
//! again as it was, byte for byte; comments are lost, which dhclient writes behind times of one kind alone.

/// A word of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Without quotes.
    Bare(String),
    /// The bytes of a string, its escapes undone.
    Quoted(Vec<u8>),
}

impl Word {
    /// What it says, for people.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Bare(word) => word.clone(),
            Self::Quoted(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    pub(super) fn bare(word: &str) -> Self {
        Self::Bare(word.to_owned())
    }
}

/// Blocks within blocks are kept up to here; dhclient writes two.
const DEEPEST: usize = 16;

/// What a file and each block of it hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Words with a semicolon behind them.
    Statement(Vec<Word>),
    /// Words with items in braces behind them.
    Block(Vec<Word>, Vec<Self>),
}

/// Writes items as dhclient does (LS-001).
#[must_use]
pub fn write(items: &[Item]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_at(0, items, &mut bytes);
    bytes
}

fn write_at(depth: usize, items: &[Item], bytes: &mut Vec<u8>) {
    let indent = "  ".repeat(depth);
    for item in items {
        let (Item::Statement(words) | Item::Block(words, _)) = item;
        bytes.extend(indent.bytes());
        write_words(words, bytes);
        match item {
            Item::Statement(_) => bytes.extend(b";\n"),
            Item::Block(_, inner) => {
                bytes.extend(b" {\n");
                write_at(depth + 1, inner, bytes);
                bytes.extend(indent.bytes());
                bytes.extend(b"}\n");
            }
        }
    }
}

fn write_words(words: &[Word], bytes: &mut Vec<u8>) {
    let is_option = words.first() == Some(&Word::bare("option"));
    for (position, word) in words.iter().enumerate() {
        match word {
            Word::Bare(text) => {
                if position > 0 && text != "," {
                    bytes.push(b' ');
                }
                bytes.extend(text.bytes());
            }
            Word::Quoted(string) => {
                if position > 0 {
                    bytes.push(b' ');
                }
                write_string(string, is_option, bytes);
            }
        }
    }
}

/// A string in quotes. In options also what a shell would make something of is escaped (LS-007; `common/print.c`).
fn write_string(string: &[u8], is_option: bool, bytes: &mut Vec<u8>) {
    bytes.push(b'"');
    for byte in string {
        match byte {
            b'"' | b'\\' => bytes.extend([b'\\', *byte]),
            b'\'' | b'$' | b'`' if is_option => bytes.extend([b'\\', *byte]),
            b' '..=b'~' => bytes.push(*byte),
            other => bytes.extend(format!("\\{other:03o}").bytes()),
        }
    }
    bytes.push(b'"');
}

/// The items of a file up to where it breaks off, and whether it does: within a block or a string. A closing brace that
/// closes nothing is passed over.
#[must_use]
pub fn parse(text: &[u8]) -> (Vec<Item>, bool) {
    let mut tokens = Tokens { rest: text };
    // The items of the file and of each open block, and the words before the brace of each of these.
    let mut levels: Vec<Vec<Item>> = vec![Vec::new()];
    let mut heads: Vec<Vec<Word>> = Vec::new();
    let mut words = Vec::new();
    let mut is_torn = false;
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) => words.push(word),
            Token::Semicolon => {
                if let Some(level) = levels.last_mut() {
                    level.push(Item::Statement(std::mem::take(&mut words)));
                }
            }
            Token::Open => {
                heads.push(std::mem::take(&mut words));
                levels.push(Vec::new());
            }
            Token::Close => {
                words.clear();
                let is_kept = heads.len() <= DEEPEST;
                if let Some(head) = heads.pop()
                    && let Some(inner) = levels.pop()
                    && let Some(level) = levels.last_mut()
                {
                    level.push(Item::Block(head, if is_kept { inner } else { Vec::new() }));
                }
            }
            Token::Unfinished => {
                is_torn = true;
                break;
            }
        }
    }
    is_torn |= !heads.is_empty();
    (levels.into_iter().next().unwrap_or_default(), is_torn)
}

enum Token {
    Word(Word),
    Semicolon,
    Open,
    Close,
    /// A string without an end.
    Unfinished,
}

/// The words and marks of a file, comments left out.
struct Tokens<'a> {
    rest: &'a [u8],
}

impl Tokens<'_> {
    fn next(&mut self) -> Option<Token> {
        loop {
            let (first, tail) = self.rest.split_first()?;
            match first {
                b'#' => {
                    let end = tail.iter().position(|byte| *byte == b'\n').unwrap_or(tail.len());
                    self.rest = &tail[end..];
                }
                byte if byte.is_ascii_whitespace() => self.rest = tail,
                _ => break,
            }
        }
        let (first, tail) = self.rest.split_first()?;
        let mark = match first {
            b';' => Token::Semicolon,
            b'{' => Token::Open,
            b'}' => Token::Close,
            b'"' => {
                self.rest = tail;
                return Some(self.string());
            }
            _ => {
                let is_end = |byte: &u8| byte.is_ascii_whitespace() || b";{}\"#".contains(byte);
                let length = self.rest.iter().position(is_end).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(length);
                self.rest = rest;
                return Some(Token::Word(Word::Bare(String::from_utf8_lossy(word).into_owned())));
            }
        };
        self.rest = tail;
        Some(mark)
    }

    /// The rest of a string whose first quote has been read (LS-007).
    fn string(&mut self) -> Token {
        let mut bytes = Vec::new();
        while let Some((first, tail)) = self.rest.split_first() {
            self.rest = tail;
            match first {
                b'"' => return Token::Word(Word::Quoted(bytes)),
                b'\\' => match tail {
                    [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..] => {
                        bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                        self.rest = tail;
                    }
                    [escaped, tail @ ..] => {
                        bytes.push(*escaped);
                        self.rest = tail;
                    }
                    [] => {}
                },
                other => bytes.push(*other),
            }
        }
        Token::Unfinished
    }
}
