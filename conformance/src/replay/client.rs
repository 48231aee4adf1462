//! Requests byte by byte, as they were recorded: any method, any version, bytes that are no UTF-8.
//!
//! The suite's own client ([`http`](crate::wire::http)) would refuse or repair much of what the recordings send.

use std::{
    io::{self, Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    time::Duration,
};

/// How long an answer may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// An answer as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) reason: String,
    /// In order, spelled as received.
    pub(super) headers: Vec<(String, String)>,
    /// Not decompressed.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The first header of that name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body, decompressed, as text.
    pub(super) fn text(&self) -> String {
        readable(&self.body, self.header("content-encoding"))
    }
}

/// The first header of that name.
pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// A body as text; bytes that are not UTF-8 become U+FFFD.
pub(super) fn readable(body: &[u8], encoding: Option<&str>) -> String {
    let mut plain = Vec::new();
    if encoding == Some("gzip") && flate2::read::MultiGzDecoder::new(body).read_to_end(&mut plain).is_ok() {
        return String::from_utf8_lossy(&plain).into_owned();
    }
    String::from_utf8_lossy(body).into_owned()
}

/// The bytes of a recorded text, one per character.
pub(super) fn bytes_of(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}

/// A connection to one port.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    pending: Vec<u8>,
}

impl Connection {
    /// Connects to `host:port`.
    pub(super) fn open(authority: &str) -> io::Result<Self> {
        let address = authority
            .to_socket_addrs()?
            .next()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))?;
        let stream = TcpStream::connect_timeout(&address, DEADLINE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        Ok(Self { stream, pending: Vec::new() })
    }

    /// Sends and waits for the answer.
    pub(super) fn exchange(&mut self, message: &[u8], is_head: bool) -> io::Result<Answer> {
        // A server may answer and hang up before it has read everything.
        let sent = self.stream.write_all(message);
        match self.receive(is_head) {
            Ok(answer) => Ok(answer),
            Err(error) => Err(sent.err().unwrap_or(error)),
        }
    }

    fn receive(&mut self, is_head: bool) -> io::Result<Answer> {
        let bad = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason.to_owned());
        let end = loop {
            if let Some(end) = self.pending.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if !self.fill()? {
                return Err(bad("the connection was closed before an answer"));
            }
        };
        let head: String = self.pending[..end].iter().map(|byte| char::from(*byte)).collect();
        self.pending.drain(..end + 4);
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let mut parts = first.splitn(3, ' ');
        let status = parts.nth(1).and_then(|text| text.parse().ok()).ok_or_else(|| bad("no status line"))?;
        let reason = parts.next().unwrap_or_default().to_owned();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let body = if is_head || status == 204 || status == 304 {
            Vec::new()
        } else if header(&headers, "transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            self.chunks()?
        } else if let Some(length) = header(&headers, "content-length") {
            self.exactly(length.parse().map_err(|_| bad("no number in Content-Length"))?)?
        } else {
            while self.fill()? {}
            std::mem::take(&mut self.pending)
        };
        Ok(Answer { status, reason, headers, body })
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = self.pending.windows(2).position(|window| window == b"\r\n") {
                    break end;
                }
                if !self.fill()? {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            };
            let size = String::from_utf8_lossy(&self.pending[..end]).into_owned();
            self.pending.drain(..end + 2);
            let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)
                .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no chunk size"))?;
            body.extend(self.exactly(size)?);
            self.exactly(2)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.pending.len() < length {
            if !self.fill()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.pending.drain(..length).collect())
    }

    fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let count = self.stream.read(&mut buffer)?;
        self.pending.extend_from_slice(&buffer[..count]);
        Ok(count > 0)
    }
}
