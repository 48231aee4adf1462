//! A connection: requests are read one after the other, each is answered before the next is looked at.
//!
//! Of our own, because a web server's refusals are part of the protocol (API-HTTP-031 to -037) and
//! because a client that sends slowly, too much or for ever must not be waited for. Nothing here
//! knows what a request means.

use std::borrow::Cow;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, Sleep, sleep_until};

use super::head::{self, Framing, Head, Malformed};
use crate::api::response::{Response, reason_phrase};

/// More than the API takes, so that it can refuse with its own words (API-HTTP-031).
const HEAD_BYTES: usize = 64 * 1024;
/// The longest line that tells the length of a chunk, and the longest trailer.
const CHUNK_LINE_BYTES: usize = 8192;
/// How much of a body that nobody wants is thrown away before a connection is closed on it.
const UNWANTED_BYTES: usize = 16 * 1024 * 1024;
/// More than what an answer's status line, a header of the connection's and one of the length take.
const REST_OF_HEAD: usize = 128;
/// How much is read at once, at least.
const READ_BYTES: usize = 4096;

/// How long clients are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long a connection may say nothing (API-HTTP-004).
    pub idle: Duration,
    /// How long a request may take from its first byte to its last, and an answer to be taken.
    pub exchange: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { idle: Duration::from_secs(30), exchange: Duration::from_secs(120) }
    }
}

/// A request, read whole or up to the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
}

/// Why there is no further request.
enum End {
    /// The client went away, or took too long.
    Gone,
    /// It sent something that is none.
    Refused(Response),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl From<Malformed> for End {
    fn from(malformed: Malformed) -> Self {
        Self::Refused(malformed.response())
    }
}

/// Serves a connection until the client leaves, an answer closes it or patience ends. Bodies are
/// read up to `largest_body` bytes; what is larger is handed over cut off there.
pub(super) async fn converse<S, F, Fut>(stream: S, patience: Patience, largest_body: usize, answer: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Message) -> Fut,
    Fut: Future<Output = Response>,
{
    let mut connection = Connection { stream, received: Vec::new(), patience, alarm: Alarm::new() };
    loop {
        let (response, exchange) = match connection.request(largest_body).await {
            Ok((message, is_whole)) => {
                let exchange = Exchange::of(&message.head, is_whole);
                (answer(message).await, exchange)
            }
            Err(End::Refused(response)) => (response, Exchange::REFUSED),
            Err(End::Gone) => return,
        };
        let closes = response.closes || exchange.closes;
        let bytes = written(&response, exchange);
        // A client that goes away or takes nothing is its own business.
        let until = || Instant::now() + patience.exchange;
        let sent = connection.alarm.within(until, connection.stream.write_all(&bytes)).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
        if closes {
            connection.close(exchange.is_whole).await;
            return;
        }
    }
}

struct Connection<S> {
    stream: S,
    /// What was received and not looked at yet.
    received: Vec<u8>,
    patience: Patience,
    alarm: Alarm,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// The next request, and whether its body is whole.
    async fn request(&mut self, largest_body: usize) -> Result<(Message, bool), End> {
        if head::blank(&self.received) == self.received.len() {
            self.more(None).await?;
        }
        // Most requests are whole by now, and the clock is not asked.
        let exchange = self.patience.exchange;
        let mut deadline = None;
        let mut deadline = || *deadline.get_or_insert_with(|| Instant::now() + exchange);
        let end = loop {
            if let Some(end) = head::end(&self.received) {
                break end;
            }
            if self.received.len() > HEAD_BYTES {
                let (status, reason) = if self.received.contains(&b'\n') {
                    (431, "Request Header Fields Too Large")
                } else {
                    (414, "URI Too Long")
                };
                return Err(End::Refused(Response::bad_message(status, reason)));
            }
            self.more(Some(deadline())).await?;
        };
        let head = head::read(&self.received[..end])?;
        self.received.drain(..end);
        let expects =
            |(name, value): (&str, &str)| name == "expect" && value.eq_ignore_ascii_case("100-continue");
        if head.framing != Framing::Length(0) && head.is_newest && head.headers().any(expects) {
            let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
            self.alarm.within(&mut deadline, self.stream.write_all(go_on)).await??;
        }
        let (body, is_whole) = match head.framing {
            Framing::Length(0) => (Vec::new(), true),
            Framing::Length(length) => self.body(length, largest_body, deadline()).await?,
            Framing::Chunked => self.chunks(largest_body, deadline()).await?,
        };
        Ok((Message { head, body }, is_whole))
    }

    /// Waits for bytes, but not longer than a connection may be silent nor than until a deadline.
    async fn more(&mut self, deadline: Option<Instant>) -> Result<(), End> {
        let idle = self.patience.idle;
        let until = || {
            let silent = Instant::now() + idle;
            deadline.map_or(silent, |deadline| deadline.min(silent))
        };
        self.received.reserve(READ_BYTES);
        match self.alarm.within(until, self.stream.read_buf(&mut self.received)).await?? {
            0 => Err(End::Gone),
            _ => Ok(()),
        }
    }

    async fn body(&mut self, length: u64, largest: usize, deadline: Instant) -> Result<(Vec<u8>, bool), End> {
        let wanted = usize::try_from(length).unwrap_or(usize::MAX).min(largest);
        while self.received.len() < wanted {
            self.more(Some(deadline)).await?;
        }
        let rest = self.received.split_off(wanted);
        let body = std::mem::replace(&mut self.received, rest);
        let is_whole = usize::try_from(length).is_ok_and(|length| length == wanted);
        Ok((body, is_whole))
    }

    async fn chunks(&mut self, largest: usize, deadline: Instant) -> Result<(Vec<u8>, bool), End> {
        let mut body = Vec::new();
        loop {
            let length = head::chunk_length(&self.line(deadline).await?)?;
            if length == 0 {
                break;
            }
            let room = largest - body.len();
            let (chunk, is_whole) = self.body(length, room, deadline).await?;
            body.extend(chunk);
            if !is_whole {
                return Ok((body, false));
            }
            if !self.line(deadline).await?.is_empty() {
                return Err(Malformed::Chunk.into());
            }
        }
        // Trailers say nothing that we want to know.
        let mut trailers = 0;
        loop {
            let line = self.line(deadline).await?;
            trailers += line.len();
            if line.is_empty() {
                return Ok((body, true));
            }
            if trailers > CHUNK_LINE_BYTES {
                return Err(Malformed::Chunk.into());
            }
        }
    }

    /// A line without its end.
    async fn line(&mut self, deadline: Instant) -> Result<Vec<u8>, End> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.received.drain(..=end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            if self.received.len() > CHUNK_LINE_BYTES {
                return Err(Malformed::Chunk.into());
            }
            self.more(Some(deadline)).await?;
        }
    }

    /// Says that nothing more comes. A peer that still sends is listened to for a while, for a
    /// connection that is closed on unread bytes takes the answer with it.
    async fn close(&mut self, is_whole: bool) {
        let until = Instant::now() + self.patience.idle;
        let Ok(Ok(())) = self.alarm.within(|| until, self.stream.shutdown()).await else { return };
        if is_whole {
            return;
        }
        let mut left = UNWANTED_BYTES;
        loop {
            self.received.clear();
            self.received.reserve(READ_BYTES);
            match self.alarm.within(|| until, self.stream.read_buf(&mut self.received)).await {
                Ok(Ok(count)) if count > 0 && count < left => left -= count,
                _ => return,
            }
        }
    }
}

/// Rings when a client was waited for long enough. It is put off when it rings and not before: nearly every wait ends
/// sooner, and to set a timer for each would cost more than what is waited for.
struct Alarm(Pin<Box<Sleep>>);

impl Alarm {
    fn new() -> Self {
        Self(Box::pin(sleep_until(Instant::now())))
    }

    /// What a future yields, unless a point in time comes first. When that is, is asked once there is something to wait
    /// for.
    async fn within<F: Future>(
        &mut self,
        mut until: impl FnMut() -> Instant,
        future: F,
    ) -> Result<F::Output, End> {
        let mut future = pin!(future);
        let mut limit = None;
        std::future::poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            let limit = *limit.get_or_insert_with(&mut until);
            if limit < self.0.deadline() {
                self.0.as_mut().reset(limit);
            }
            loop {
                ready!(self.0.as_mut().poll(context));
                if limit <= self.0.deadline() {
                    return Poll::Ready(Err(End::Gone));
                }
                self.0.as_mut().reset(limit);
            }
        })
        .await
    }
}

/// What of a request decides how its answer is written.
#[derive(Debug, Clone, Copy)]
struct Exchange {
    /// Whether the request was of HTTP/1.1.
    is_newest: bool,
    /// Whether nothing of the request is left unread.
    is_whole: bool,
    /// Whether the connection ends with the answer, whatever the answer says.
    closes: bool,
    /// Whether headers alone are asked for.
    wants_no_body: bool,
}

impl Exchange {
    /// Of what was no request.
    const REFUSED: Self = Self { is_newest: true, is_whole: false, closes: true, wants_no_body: false };

    fn of(head: &Head, is_whole: bool) -> Self {
        let says = |word: &str| {
            head.headers()
                .filter(|(name, _)| *name == "connection")
                .flat_map(|(_, value)| value.split(','))
                .any(|said| said.trim().eq_ignore_ascii_case(word))
        };
        let closes = says("close") || !head.is_newest && !says("keep-alive") || !is_whole;
        Self { is_newest: head.is_newest, is_whole, closes, wants_no_body: head.method() == "HEAD" }
    }
}

/// The bytes of an answer.
fn written(response: &Response, exchange: Exchange) -> Vec<u8> {
    let status = response.status;
    let reason = response.reason.as_deref().map_or_else(|| reason_phrase(status), Cow::Borrowed);
    let length: usize = response.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    let mut bytes = Vec::with_capacity(length + response.body.len() + REST_OF_HEAD);
    bytes.extend_from_slice(b"HTTP/1.1 ");
    bytes.extend_from_slice(status.to_string().as_bytes());
    bytes.push(b' ');
    push_latin1(&mut bytes, &reason);
    bytes.extend_from_slice(b"\r\n");
    let mut add = |name: &str, value: &str| {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        push_latin1(&mut bytes, value);
        bytes.extend_from_slice(b"\r\n");
    };
    // A connection that the client wanted closed is told first, one that we close last. Before
    // HTTP/1.1 a connection ends anyway, unless both sides say otherwise.
    let behind_length = response.connection_behind_length;
    let word = if exchange.is_newest && exchange.closes || behind_length && response.closes {
        Some("close")
    } else if !exchange.is_newest && !exchange.closes && !response.closes {
        Some("keep-alive")
    } else {
        None
    };
    if let Some(word) = word.filter(|_| !behind_length && !response.closes) {
        add("Connection", word);
    }
    for (name, value) in &response.headers {
        add(name, value);
        if let Some(word) = word.filter(|_| behind_length && *name == "Content-Length") {
            add("Connection", word);
        }
    }
    let is_told = response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let has_length = !is_told && !response.ends_with_connection && !matches!(status, 204 | 304);
    if has_length {
        add("Content-Length", &response.body.len().to_string());
    }
    if response.closes && !(behind_length && is_told) {
        add("Connection", if response.ends_with_connection { "Close" } else { "close" });
    }
    bytes.extend_from_slice(b"\r\n");
    if !exchange.wants_no_body {
        bytes.extend_from_slice(&response.body);
    }
    bytes
}

/// Characters as bytes; what is none of Latin-1 becomes a question mark.
fn push_latin1(bytes: &mut Vec<u8>, text: &str) {
    if text.is_ascii() {
        bytes.extend_from_slice(text.as_bytes());
    } else {
        bytes.extend(text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')));
    }
}

#[cfg(test)]
mod tests;
