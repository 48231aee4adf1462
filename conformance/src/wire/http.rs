//! One synchronous HTTP/1 exchange.
//!
//! Keeps status, reason, headers and body as they came and judges none of them: any three-digit status is an answer
//! (API-HTTP-025). Each thread holds its own runtime and its own kept-alive connections. What a request means is not
//! known here; see [`api`](super::api) and [`router`](super::router).

use std::{
    cell::RefCell,
    collections::HashMap,
    fmt,
    io::{self, Read as _},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{client::conn::http1, ext::ReasonPhrase};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpSocket,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, ClientConfig, RootCertStore, pki_types::ServerName},
};

use super::ExchangeError;

/// The largest answer that we hold, before and after decompression.
pub const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// Scheme, host and port of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// The host without the port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Host and port, as in the `Host` header.
    pub fn authority(&self) -> String {
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }
}

/// A base URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Where to connect.
    pub origin: Origin,
    /// The path, starting with a slash.
    pub path: String,
}

impl Url {
    /// Reads `http://host[:port][/path]` or the same with `https`.
    pub fn parse(text: &str) -> Result<Self, ExchangeError> {
        let refuse =
            |reason: &str| ExchangeError::Address { url: text.to_owned(), reason: reason.to_owned() };
        let uri: hyper::Uri = text.trim().parse().map_err(|_| refuse("it cannot be parsed"))?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) => return Err(refuse("only http and https are spoken")),
            None => return Err(refuse("it must start with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| refuse("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("it must not contain credentials"));
        }
        if authority.host().is_empty() {
            return Err(refuse("it names no host"));
        }
        if uri.query().is_some() {
            return Err(refuse("it must not contain a query"));
        }
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let host = authority.host().to_owned();
        Ok(Self { origin: Origin { secure, host, port }, path: uri.path().to_owned() })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

/// A request, ready to be written.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST` or anything else.
    pub method: String,
    /// Where to connect.
    pub origin: Origin,
    /// Path and query as they appear in the request line.
    pub target: String,
    /// Header lines; `Host` and `Content-Length` are added.
    pub headers: Vec<(String, String)>,
    /// The body, empty for none.
    pub body: String,
    /// The local address to connect from.
    pub source: Option<IpAddr>,
    /// How long the whole exchange may take.
    pub deadline: Duration,
    /// Whether it may be sent again when a kept-alive connection turns out to be closed before any byte of an answer.
    pub may_repeat: bool,
}

impl Request {
    /// Where it goes, for messages: without the query, which may hold secrets.
    fn url(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{}{path}", self.origin)
    }
}

/// An answer, as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Any three-digit number.
    pub status: u16,
    /// The reason phrase, which servers may choose freely.
    pub reason: String,
    /// Header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed if it came compressed.
    pub body: Vec<u8>,
    /// From sending to the last byte.
    pub elapsed: Duration,
    /// The connection that it came by: answers with the same number came by the same one.
    pub connection: u64,
}

impl Answer {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Every header of that name, in order.
    pub fn headers_named(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a request and waits for the whole answer.
pub fn exchange(request: &Request) -> Result<Answer, ExchangeError> {
    with_client(|client| client.exchange(request))
}

/// Sends a request to a peer in memory that answers these bytes, whatever it is asked, and hangs up. The reader of
/// answers without a network, for hostile bytes in great numbers.
pub fn exchange_with_bytes(request: &Request, answer: &[u8]) -> Result<Answer, ExchangeError> {
    with_client(|client| client.runtime.block_on(in_time(request, converse_in_memory(request, answer))))
}

async fn converse_in_memory(request: &Request, answer: &[u8]) -> Result<Answer, ExchangeError> {
    let (ours, mut theirs) = tokio::io::duplex(IN_MEMORY_BUFFER);
    let answer = answer.to_vec();
    let peer = tokio::spawn(async move {
        // No answer before the question. A reader that gave up has nothing to be told.
        if theirs.read_u8().await.is_ok() {
            theirs.write_all(&answer).await.ok();
        }
    });
    let mut connection = handshake(ours, request).await?;
    let answer = attempt(&mut connection, request).await.map_err(|failure| failure.into_error(request));
    peer.abort();
    answer
}

/// Runs with the client of this thread.
fn with_client(
    act: impl FnOnce(&mut Client) -> Result<Answer, ExchangeError>,
) -> Result<Answer, ExchangeError> {
    thread_local! {
        static CLIENT: RefCell<Option<Client>> = const { RefCell::new(None) };
    }
    CLIENT.with_borrow_mut(|client| {
        let client = match client {
            Some(client) => client,
            None => client.insert(Client::new()?),
        };
        act(client)
    })
}

/// The most that lies between us and a peer in memory, in bytes.
const IN_MEMORY_BUFFER: usize = 64 * 1024;

/// The answer, if it is complete before the deadline of the request.
async fn in_time(
    request: &Request,
    answer: impl Future<Output = Result<Answer, ExchangeError>>,
) -> Result<Answer, ExchangeError> {
    tokio::time::timeout(request.deadline, answer)
        .await
        .unwrap_or_else(|_| Err(ExchangeError::Deadline { url: request.url(), after: request.deadline }))
}

struct Client {
    runtime: tokio::runtime::Runtime,
    kept: HashMap<(Origin, Option<IpAddr>), Connection>,
}

struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Bytes that arrived on it so far.
    received: Arc<AtomicU64>,
    /// Tells connections of this process apart.
    number: u64,
}

/// What became of one attempt on one connection.
enum Failure {
    /// The connection was closed before any byte of an answer.
    Unanswered {
        was_sent: bool,
        reason: String,
    },
    Other(ExchangeError),
}

impl Client {
    fn new() -> Result<Self, ExchangeError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| ExchangeError::Connect { url: "the network".to_owned(), source })?;
        Ok(Self { runtime, kept: HashMap::new() })
    }

    fn exchange(&mut self, request: &Request) -> Result<Answer, ExchangeError> {
        let Self { runtime, kept } = self;
        runtime.block_on(in_time(request, Self::converse(kept, request)))
    }

    async fn converse(
        kept: &mut HashMap<(Origin, Option<IpAddr>), Connection>,
        request: &Request,
    ) -> Result<Answer, ExchangeError> {
        let key = (request.origin.clone(), request.source);
        if let Some(mut connection) = kept.remove(&key) {
            // Gives the connection's own task a chance to see that the peer has hung up meanwhile.
            tokio::task::yield_now().await;
            if connection.sender.is_ready() {
                match attempt(&mut connection, request).await {
                    Ok(answer) => {
                        kept.insert(key, connection);
                        return Ok(answer);
                    }
                    Err(Failure::Unanswered { was_sent, .. }) if !was_sent || request.may_repeat => {}
                    Err(failure) => return Err(failure.into_error(request)),
                }
            }
        }
        let mut connection = connect(request).await?;
        let answer =
            attempt(&mut connection, request).await.map_err(|failure| failure.into_error(request))?;
        kept.insert(key, connection);
        Ok(answer)
    }
}

impl Failure {
    fn into_error(self, request: &Request) -> ExchangeError {
        match self {
            Self::Unanswered { reason, .. } => ExchangeError::Protocol { url: request.url(), reason },
            Self::Other(error) => error,
        }
    }
}

async fn attempt(connection: &mut Connection, request: &Request) -> Result<Answer, Failure> {
    let message = written(request).map_err(Failure::Other)?;
    let before = connection.received.load(Ordering::Relaxed);
    let start = Instant::now();
    let protocol =
        |error: &hyper::Error| ExchangeError::Protocol { url: request.url(), reason: chain(error) };

    let answer = match connection.sender.try_send_request(message).await {
        Ok(answer) => answer,
        Err(mut failed) => {
            let was_sent = failed.take_message().is_none();
            let error = failed.into_error();
            let unanswered = connection.received.load(Ordering::Relaxed) == before;
            return Err(if unanswered {
                Failure::Unanswered { was_sent, reason: chain(&error) }
            } else {
                Failure::Other(protocol(&error))
            });
        }
    };

    let status = answer.status();
    let reason = answer.extensions().get::<ReasonPhrase>().map_or_else(
        || status.canonical_reason().unwrap_or_default().to_owned(),
        |reason| latin1(reason.as_bytes()),
    );
    let headers: Vec<(String, String)> =
        answer.headers().iter().map(|(name, value)| (name.to_string(), latin1(value.as_bytes()))).collect();

    let too_large = || ExchangeError::TooLarge { url: request.url(), limit: LARGEST_BODY };
    let mut raw = Vec::new();
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::Other(protocol(&error)))?;
        if let Some(data) = frame.data_ref() {
            if raw.len() + data.len() > LARGEST_BODY {
                return Err(Failure::Other(too_large()));
            }
            raw.extend_from_slice(data);
        }
    }

    let compressed =
        headers.iter().any(|(name, value)| name == "content-encoding" && value.eq_ignore_ascii_case("gzip"));
    let body = if compressed && !raw.is_empty() {
        decompress(&raw)
            .map_err(|error| {
                let reason = format!("the gzip body is damaged: {error}");
                Failure::Other(ExchangeError::Protocol { url: request.url(), reason })
            })?
            .ok_or_else(|| Failure::Other(too_large()))?
    } else {
        raw
    };
    Ok(Answer {
        status: status.as_u16(),
        reason,
        headers,
        body,
        elapsed: start.elapsed(),
        connection: connection.number,
    })
}

fn written(request: &Request) -> Result<hyper::Request<Full<Bytes>>, ExchangeError> {
    let refuse = |error: &dyn fmt::Display| ExchangeError::Request { reason: error.to_string() };
    let mut builder = hyper::Request::builder().method(request.method.as_str()).uri(request.target.as_str());
    if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        builder = builder.header("Host", request.origin.authority());
    }
    for (name, value) in &request.headers {
        let value =
            hyper::header::HeaderValue::from_bytes(value.as_bytes()).map_err(|error| refuse(&error))?;
        builder = builder.header(name.as_str(), value);
    }
    builder.body(Full::new(Bytes::from(request.body.clone()))).map_err(|error| refuse(&error))
}

/// At most [`LARGEST_BODY`] bytes, nothing if there would be more.
fn decompress(raw: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    let limit = u64::try_from(LARGEST_BODY).unwrap_or(u64::MAX).saturating_add(1);
    flate2::read::MultiGzDecoder::new(raw).take(limit).read_to_end(&mut body)?;
    Ok((body.len() <= LARGEST_BODY).then_some(body))
}

async fn connect(request: &Request) -> Result<Connection, ExchangeError> {
    let origin = &request.origin;
    let stream = dial(origin, request.source)
        .await
        .map_err(|source| ExchangeError::Connect { url: request.url(), source })?;
    if !origin.secure {
        return handshake(stream, request).await;
    }

    let refuse = |reason: String| ExchangeError::Secure { url: request.url(), reason };
    let bare = origin.host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare.to_owned()).map_err(|error| refuse(error.to_string()))?;
    let connector = TlsConnector::from(trust().map_err(&refuse)?);
    let secured = connector.connect(name, stream).await.map_err(|error| refuse(error.to_string()))?;
    handshake(secured, request).await
}

async fn dial(origin: &Origin, source: Option<IpAddr>) -> io::Result<tokio::net::TcpStream> {
    let bare = origin.host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> = match bare.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, origin.port)],
        Err(_) => tokio::net::lookup_host((bare, origin.port)).await?.collect(),
    };
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        let attempt = async {
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            if let Some(source) = source {
                socket.bind(SocketAddr::new(source, 0))?;
            }
            let stream = socket.connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        match attempt.await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn handshake<S>(stream: S, request: &Request) -> Result<Connection, ExchangeError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let received = Arc::new(AtomicU64::new(0));
    let stream = Counted { inner: stream, received: received.clone() };
    let (sender, connection) = http1::Builder::new()
        .preserve_header_case(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| ExchangeError::Protocol { url: request.url(), reason: chain(&error) })?;
    // Errors of the connection reach whoever waits for the answer.
    tokio::spawn(async move { connection.await.ok() });
    static NEXT: AtomicU64 = AtomicU64::new(0);
    Ok(Connection { sender, received, number: NEXT.fetch_add(1, Ordering::Relaxed) })
}

/// The trust store of the machine, read once.
fn trust() -> Result<Arc<ClientConfig>, String> {
    static TRUST: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    TRUST
        .get_or_init(|| {
            let found = rustls_native_certs::load_native_certs();
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err("this machine has no trusted certificates (see SSL_CERT_FILE)".to_owned());
            }
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())?
                .with_root_certificates(roots)
                .with_no_client_auth();
            Ok(Arc::new(config))
        })
        .clone()
}

/// The error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Header bytes as text: UTF-8 if they are, else ISO-8859-1 (API-HTTP-023).
fn latin1(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

/// A stream that counts what arrives on it.
struct Counted<S> {
    inner: S,
    received: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let arrived = u64::try_from(buffer.filled().len() - before).unwrap_or(u64::MAX);
        self.received.fetch_add(arrived, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        net::{TcpListener, TcpStream},
        thread,
    };

    use super::*;

    fn get(address: SocketAddr) -> Request {
        Request {
            method: "GET".to_owned(),
            origin: Url::parse(&format!("http://{address}/")).unwrap().origin,
            target: "/".to_owned(),
            headers: Vec::new(),
            body: String::new(),
            source: None,
            deadline: Duration::from_secs(5),
            may_repeat: true,
        }
    }

    /// Serves each connection with the next list of answers, one per request, then closes it.
    fn server(connections: Vec<Vec<&'static [u8]>>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for answers in connections {
                let (mut stream, _) = listener.accept().unwrap();
                for answer in answers {
                    if read_head(&mut stream) {
                        stream.write_all(answer).unwrap();
                    }
                }
            }
        });
        address
    }

    fn read_head(stream: &mut TcpStream) -> bool {
        let mut seen = Vec::new();
        let mut byte = [0];
        while !seen.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => seen.push(byte[0]),
                _ => return false,
            }
        }
        true
    }

    const ONE: &[u8] = b"HTTP/1.1 537 Odd Thing\r\nX-Twice: a\r\nX-Twice: b\r\nContent-Length: 3\r\n\r\none";
    const TWO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo";

    #[test]
    fn any_three_digit_status_is_an_answer() {
        let answer = exchange(&get(server(vec![vec![ONE]]))).unwrap();
        assert_eq!(
            (answer.status, answer.reason.as_str(), answer.text().as_str()),
            (537, "Odd Thing", "one")
        );
        assert_eq!(answer.headers_named("x-twice"), ["a", "b"]);
    }

    #[test]
    fn a_closed_kept_connection_is_replaced_without_notice() {
        let address = server(vec![vec![ONE], vec![TWO]]);
        assert_eq!(exchange(&get(address)).unwrap().text(), "one");
        assert_eq!(exchange(&get(address)).unwrap().text(), "two");
    }

    #[test]
    fn half_an_answer_is_not_asked_for_again() {
        let address = server(vec![vec![ONE, b"HTTP/1.1 200 O"], vec![TWO]]);
        exchange(&get(address)).unwrap();
        let error = exchange(&get(address)).unwrap_err();
        assert!(matches!(error, ExchangeError::Protocol { .. }), "{error}");
    }

    #[test]
    fn silence_ends_with_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut request = get(listener.local_addr().unwrap());
        request.deadline = Duration::from_millis(20);
        assert!(matches!(exchange(&request).unwrap_err(), ExchangeError::Deadline { .. }));
    }

    #[test]
    fn the_source_address_is_ours_to_choose() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut request = get(listener.local_addr().unwrap());
        request.source = Some("127.9.8.7".parse().unwrap());
        let seen = thread::spawn(move || {
            let (mut stream, peer) = listener.accept().unwrap();
            read_head(&mut stream);
            stream.write_all(TWO).unwrap();
            peer.ip()
        });
        exchange(&request).unwrap();
        assert_eq!(seen.join().unwrap().to_string(), "127.9.8.7");
    }

    #[test]
    fn urls_that_cannot_be_meant_are_refused() {
        for text in
            ["", "cloud", "ftp://h/", "http://", "http://u:p@h/", "http://h/client/api?x=1", "/client/api"]
        {
            assert!(Url::parse(text).is_err(), "{text}");
        }
        assert_eq!(Url::parse("https://h/client/api").unwrap().to_string(), "https://h/client/api");
        assert_eq!(Url::parse("http://[::1]:8080/x").unwrap().origin.authority(), "[::1]:8080");
    }
}
