//! The head of a request: bytes in, request line and headers out, or what a web server says to it.
//!
//! A function of bytes. What is too long, and what the host header has to do with it, is decided
//! where the API is (API-HTTP-031, API-HTTP-034); reading the bytes is the business of `http.rs`.

use crate::api::response::Response;

/// Room for the headers of most clients.
const USUAL_HEADERS: usize = 8;

/// A request line and its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Whether the request is of HTTP/1.1.
    pub(super) is_newest: bool,
    /// What follows.
    pub(super) framing: Framing,
    /// Every piece of the head one after the other, bytes as characters.
    text: String,
    /// Where the method ends in the text, and the target behind it.
    method_end: usize,
    target_end: usize,
    /// Where the name of each header ends, and its value behind it.
    headers: Vec<(usize, usize)>,
}

impl Head {
    /// The method, as sent.
    pub(super) fn method(&self) -> &str {
        &self.text[..self.method_end]
    }

    /// The target, as sent.
    pub(super) fn target(&self) -> &str {
        &self.text[self.method_end..self.target_end]
    }

    /// Names in lower case with their values, in order.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = self.target_end;
        self.headers.iter().map(move |(name_end, value_end)| {
            let header = (&self.text[start..*name_end], &self.text[*name_end..*value_end]);
            start = *value_end;
            header
        })
    }

    /// The same as texts of their own.
    pub(super) fn owned_headers(&self) -> Vec<(String, String)> {
        self.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length in bytes, which may be 0.
    Length(u64),
    /// By a chunk without length.
    Chunked,
}

/// Why a request is none. The words are Jetty's; only those of an unknown version were recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    /// Another protocol than HTTP/1 (API-HTTP-037).
    Version,
    /// A request line without a version.
    NoVersion,
    /// A request line without a target.
    NoTarget,
    /// A byte where no such byte may be; of the target, one that is not UTF-8 (API-HTTP-033).
    Byte,
    /// A header without a colon.
    NoColon,
    /// A header that goes on in the next line.
    Folded,
    /// A length that is no number, or lengths that differ.
    Length,
    /// A body with a length and chunks.
    TwoFramings,
    /// A transfer coding besides `chunked`.
    Coding,
    /// A chunk whose length is no number, or that does not end where it should.
    Chunk,
}

impl Malformed {
    /// What the container answers before it hangs up.
    pub(super) fn response(self) -> Response {
        let (status, reason) = match self {
            Self::Version => (505, "Unknown Version"),
            Self::NoVersion => (505, "HTTP/0.9 not supported"),
            Self::NoTarget => (400, "No URI"),
            Self::Byte => (400, "Illegal character"),
            Self::NoColon => (400, "No colon"),
            Self::Folded => (400, "Header Folding"),
            Self::Length => (400, "Invalid Content-Length Value"),
            Self::TwoFramings => (400, "Transfer-Encoding and Content-Length"),
            Self::Coding => (501, "Unsupported Transfer-Encoding"),
            Self::Chunk => (400, "Bad chunk"),
        };
        Response::bad_message(status, reason)
    }
}

/// Where the head ends that begins the bytes: behind its empty line. Line ends before the request
/// line do not count.
pub(super) fn end(bytes: &[u8]) -> Option<usize> {
    let mut at = blank(bytes);
    loop {
        at += bytes[at..].iter().position(|byte| *byte == b'\n')? + 1;
        let returns = bytes[at..].iter().take_while(|byte| **byte == b'\r').count();
        if bytes.get(at + returns) == Some(&b'\n') {
            return Some(at + returns + 1);
        }
    }
}

/// How many bytes before the request line are line ends.
pub(super) fn blank(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// Reads a head, up to and including its empty line.
pub(super) fn read(bytes: &[u8]) -> Result<Head, Malformed> {
    let mut lines = bytes[blank(bytes)..]
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .take_while(|line| !line.is_empty());
    let mut text = String::with_capacity(bytes.len());
    let (method, target, is_newest) = request_line(lines.next().unwrap_or_default())?;
    push_latin1(&mut text, method);
    let method_end = text.len();
    text.push_str(target);
    let target_end = text.len();
    let mut headers = Vec::with_capacity(USUAL_HEADERS);
    for line in lines {
        let (name, value) = header(line)?;
        let start = text.len();
        push_latin1(&mut text, name);
        let name_end = text.len();
        text[start..].make_ascii_lowercase();
        push_latin1(&mut text, value);
        headers.push((name_end, text.len()));
    }
    let mut head = Head { is_newest, framing: Framing::Length(0), text, method_end, target_end, headers };
    head.framing = framing(&head)?;
    Ok(head)
}

fn request_line(line: &[u8]) -> Result<(&[u8], &str, bool), Malformed> {
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let method = parts.next().unwrap_or_default();
    if !is_token(method) {
        return Err(Malformed::Byte);
    }
    let target = parts.next().filter(|target| !target.is_empty()).ok_or(Malformed::NoTarget)?;
    let is_newest = match parts.next().ok_or(Malformed::NoVersion)? {
        b"HTTP/1.1" => true,
        b"HTTP/1.0" => false,
        b"" => return Err(Malformed::NoVersion),
        _ => return Err(Malformed::Version),
    };
    if has_controls(target) {
        return Err(Malformed::Byte);
    }
    let target = std::str::from_utf8(target).map_err(|_| Malformed::Byte)?;
    Ok((method, target, is_newest))
}

/// Name and value of a header, as sent.
fn header(line: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err(Malformed::Folded);
    }
    let colon = line.iter().position(|byte| *byte == b':').ok_or(Malformed::NoColon)?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let is_text = |value: &[u8]| value.split(|byte| *byte == b'\t').all(|part| !has_controls(part));
    if !is_token(name) || has_controls(value) && !is_text(value) {
        return Err(Malformed::Byte);
    }
    Ok((name, value))
}

fn framing(head: &Head) -> Result<Framing, Malformed> {
    let of = |name: &str| -> Vec<&str> {
        head.headers().filter(|(other, _)| *other == name).map(|(_, value)| value).collect()
    };
    let (codings, lengths) = (of("transfer-encoding"), of("content-length"));
    match (codings.as_slice(), lengths.as_slice()) {
        ([], []) => Ok(Framing::Length(0)),
        ([], [first, others @ ..]) => {
            let is_number = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
            if !is_number || others.iter().any(|other| other != first) {
                return Err(Malformed::Length);
            }
            // More digits than a number holds are still a length: one that nobody waits for.
            Ok(Framing::Length(first.parse().unwrap_or(u64::MAX)))
        }
        ([coding], []) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
        (_, []) => Err(Malformed::Coding),
        _ => Err(Malformed::TwoFramings),
    }
}

/// The length of a chunk in bytes, from its line without the line end.
pub(super) fn chunk_length(line: &[u8]) -> Result<u64, Malformed> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let text = std::str::from_utf8(digits).map_err(|_| Malformed::Chunk)?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Malformed::Chunk);
    }
    u64::from_str_radix(text, 16).map_err(|_| Malformed::Chunk)
}

/// Which bytes the names of methods and headers are made of.
const TOKEN: [bool; 256] = {
    let bytes = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut table = [false; 256];
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| TOKEN[usize::from(*byte)])
}

/// Looks at every byte whatever it finds, so that many are looked at in one step.
fn has_controls(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, byte| found | byte.is_ascii_control())
}

/// Adds bytes as characters.
fn push_latin1(text: &mut String, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(plain) if plain.is_ascii() => text.push_str(plain),
        _ => text.extend(bytes.iter().map(|byte| char::from(*byte))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], expected: Malformed) {
        let text = [text, b"\r\n\r\n"].concat();
        assert_eq!(read(&text), Err(expected), "{}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn a_head_ends_with_its_empty_line() {
        assert_eq!(end(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest"), Some(27));
        assert_eq!(end(b"\r\n\r\nGET / HTTP/1.1\n\nrest"), Some(20));
        assert_eq!(end(b"GET / HTTP/1.1\r\nHost: a\r\n"), None);
        assert_eq!(end(b"\r\n\r\n"), None);
    }

    #[test]
    fn a_head_is_taken_apart() {
        let head =
            read(b"\r\nget /x?y=\xc3\xa9 HTTP/1.0\r\nX-One:  a b \r\nX-TWO:\xe9\r\n\r\n").expect("a head");
        assert_eq!((head.method(), head.target(), head.is_newest), ("get", "/x?y=é", false));
        let headers: Vec<(&str, &str)> = head.headers().collect();
        assert_eq!(headers, [("x-one", "a b"), ("x-two", "é")]);
        assert_eq!(head.framing, Framing::Length(0));
    }

    #[test]
    fn what_is_no_head_is_told_apart() {
        check(b"GET /client/api HTTP/3.7", Malformed::Version);
        check(b"PRI * HTTP/2.0", Malformed::Version);
        check(b"GET /a b HTTP/1.1", Malformed::Version);
        check(b"GET /", Malformed::NoVersion);
        check(b"GET", Malformed::NoTarget);
        check(b"G\x01T / HTTP/1.1", Malformed::Byte);
        check(b"GET /\xe9 HTTP/1.1", Malformed::Byte);
        check(b"GET / HTTP/1.1\r\nno colon", Malformed::NoColon);
        check(b"GET / HTTP/1.1\r\nA: b\r\n c", Malformed::Folded);
        check(b"GET / HTTP/1.1\r\nA : b", Malformed::Byte);
        check(b"GET / HTTP/1.1\r\nContent-Length: -1", Malformed::Length);
        check(b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", Malformed::Length);
        check(b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", Malformed::TwoFramings);
        check(b"GET / HTTP/1.1\r\nTransfer-Encoding: br", Malformed::Coding);
    }

    #[test]
    fn lengths_of_bodies_and_chunks() {
        let framing = |line: &str| {
            read(format!("POST / HTTP/1.1\r\n{line}\r\n\r\n").as_bytes()).expect("a head").framing
        };
        assert_eq!(framing("Content-Length: 17"), Framing::Length(17));
        assert_eq!(framing("Content-Length: 99999999999999999999999999"), Framing::Length(u64::MAX));
        assert_eq!(framing("Transfer-Encoding: Chunked"), Framing::Chunked);
        assert_eq!(chunk_length(b"1f ;name=value"), Ok(31));
        for wrong in ["", "-1", "g", "ffffffffffffffffff"] {
            assert_eq!(chunk_length(wrong.as_bytes()), Err(Malformed::Chunk), "{wrong}");
        }
    }
}
