//! The virtual router as its guests see it: user data and metadata by HTTP, told apart by
//! nothing but the source address (MD-014 onwards, ISO-001).
//!
//! [`answer`] is a function of a world and a request; sockets are the business of the server.
//! What is found where is decided in [`metadata`], spellings of a path in `path.rs`.

pub mod metadata;
pub mod password_server;
mod path;

use std::io::Write as _;
use std::net::Ipv4Addr;

use crate::api::response::Header;
use crate::quirk::Quirk;
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::network::Network;
use crate::world::table::Id;
use metadata::Found;
use path::Refusal;

/// A request, as far as the router looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The target, as sent: a path with or without a query, or an absolute URL.
    pub target: &'a str,
    /// Whether the request is of HTTP/1.1, which asks for a `Host` (MD-047).
    pub needs_host: bool,
    /// The headers in order, names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
}

impl<'a> Request<'a> {
    /// A GET as a guest sends it.
    #[must_use]
    pub fn get(target: &'a str) -> Self {
        Self { method: "GET", target, needs_host: true, headers: &[("host", "data-server")] }
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }

    /// One `Host`, or none before HTTP/1.1. What it says decides nothing (MD-038).
    fn has_host(&self) -> bool {
        match self.headers.iter().filter(|(name, _)| *name == "host").count() {
            0 => !self.needs_host,
            count => count == 1,
        }
    }
}

/// An answer of the router's web server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers in order, without those of the connection.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the connection ends with it.
    pub closes: bool,
}

/// The methods that a web server knows and this one does not do (MD-044). All others are 501.
const KNOWN_METHODS: &[&str] = &[
    "PUT",
    "DELETE",
    "PATCH",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
];

/// The longest tag of a file, in bytes: two numbers, a dash and quotes.
const TAG_BYTES: usize = 16 + 16 + 3;

/// How many headers an answer has at most, but for those of the connection.
const MOST_HEADERS: usize = 7;

const ALLOWED_METHODS: &str = "POST,OPTIONS,HEAD,GET";

/// Answers a request of whoever has `source` in a network. No header has a say in who asks
/// (ISO-002), and nothing that is sent changes anything (ISO-005), but under a fault that remembers what was read.
#[must_use]
pub fn answer(world: &mut World, network: Id, source: Ipv4Addr, request: &Request<'_>) -> Answer {
    let claimed = claimed_source(world, source, request);
    let mut answer = page(world, network, claimed, request);
    if world.sins(Quirk::MetadataIndexTurns) {
        world.turn_folder(network, source);
    }
    if request.method == "HEAD" {
        // The headers speak of the body that a GET would have (MD-042).
        answer.body = Vec::new();
    }
    answer
}

fn page(world: &World, network: Id, source: Ipv4Addr, request: &Request<'_>) -> Answer {
    match request.method {
        "GET" | "POST" => {}
        "HEAD" if !world.sins(Quirk::RouterRefusesHead) => {}
        "PUT" if request.target == "/latest/api/token" && world.sins(Quirk::ImdsTokenIsGiven) => {
            return Answer::new(world, 200, [], b"AQAEAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_vec());
        }
        "OPTIONS" => return Answer::new(world, 200, [allow(ALLOWED_METHODS)], Vec::new()),
        "TRACE" => return Answer::refusal(world, 405, [allow("")], Some("TRACE")),
        known if known == "HEAD" || KNOWN_METHODS.contains(&known) => {
            return Answer::refusal(world, 405, [allow(ALLOWED_METHODS)], Some(known));
        }
        unknown => {
            // Whatever else it is, it is no markup.
            let word: String =
                unknown.chars().filter(|one| one.is_ascii_alphanumeric() || *one == '-').collect();
            return Answer::refusal(world, 501, [allow(ALLOWED_METHODS)], Some(&word));
        }
    }
    if !request.has_host() {
        return Answer::error(world, 400);
    }
    if world.sins(Quirk::HostHeaderIsChecked)
        && request.header("host").is_some_and(|host| host == "data-server")
    {
        return Answer::error(world, 404);
    }
    if world.sins(Quirk::QueryStringIs404) && request.target.contains('?') {
        return Answer::error(world, 404);
    }
    if world.sins(Quirk::ControlFilesAreServed) && request.target.ends_with("/.htaccess") {
        return Answer::new(world, 200, [], b"Options -Indexes\n".to_vec());
    }
    let path = match path::resolve(request.method, request.target) {
        Ok(path) => path,
        Err(refusal) => {
            return Answer::error(
                world,
                match refusal {
                    Refusal::Bad => 400,
                    Refusal::Hidden => 404,
                    Refusal::Forbidden if world.sins(Quirk::RouterFailsOnLongPaths) => 500,
                    Refusal::Forbidden => 403,
                    Refusal::TooLong if world.sins(Quirk::RouterFailsOnLongPaths) => 500,
                    Refusal::TooLong => 414,
                },
            );
        }
    };
    match metadata::look_up(world, network, source, &path) {
        Found::File(bytes, written) => file(world, request, bytes, written),
        Found::Forbidden => Answer::error(world, 403),
        Found::Missing => Answer::error(world, 404),
        Found::Moved => {
            let own = world.networks.get(network).and_then(Network::service_address);
            let address = own.unwrap_or(Ipv4Addr::UNSPECIFIED).to_string();
            let host = request.header("host").filter(|host| is_plain_host(host)).unwrap_or(&address);
            let place = format!("http://{host}{path}/");
            Answer::refusal(world, 301, [("Location", place.clone().into())], Some(&place))
        }
    }
}

fn allow(methods: &'static str) -> Header {
    ("Allow", methods.into())
}

/// A file as the web server sends it: what it is, is not said (MD-039).
fn file(world: &World, request: &Request<'_>, bytes: Vec<u8>, written: Moment) -> Answer {
    // A change of the contents changes the tag, even within one tick of the clock.
    let digest = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let closing = if world.sins(Quirk::EtagWithoutClosingQuote) { "" } else { "\"" };
    let mut tag = String::with_capacity(TAG_BYTES);
    tag.push('"');
    push_hexadecimal(&mut tag, bytes.len() as u64);
    tag.push('-');
    push_hexadecimal(&mut tag, digest >> 12);
    tag.push_str(closing);
    let accepts_gzip = request.header("accept-encoding").is_some_and(|value| value.contains("gzip"));
    let (bytes, coding) = if accepts_gzip && world.sins(Quirk::MetadataIsCompressed) {
        (compressed(&bytes), Some("gzip"))
    } else {
        (bytes, None)
    };
    let about = [
        ("Last-Modified", written.min(world.now).http_date().into()),
        ("ETag", tag.into()),
        ("Accept-Ranges", "bytes".into()),
    ];
    let mut answer = Answer::new(world, 200, about, bytes);
    if let Some(coding) = coding {
        answer = answer.with("Content-Encoding", coding);
    }
    if world.sins(Quirk::MetadataHasAContentType) {
        answer = answer.with("Content-Type", "text/plain");
    }
    answer
}

/// Adds a number without zeros in front. As with dates, `format!` would cost several times as much.
fn push_hexadecimal(text: &mut String, number: u64) {
    let digits = (64 - number.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        let value = (number >> (4 * digit)) & 0xf;
        text.push(char::from(b"0123456789abcdef"[usize::try_from(value).unwrap_or_default()]));
    }
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Who asks: the peer of the connection, whatever the headers say (ISO-002).
fn claimed_source(world: &World, source: Ipv4Addr, request: &Request<'_>) -> Ipv4Addr {
    if !world.sins(Quirk::MetadataTrustsForwardedFor) {
        return source;
    }
    let claimed =
        request.header("x-forwarded-for").and_then(|value| value.split(',').next()?.trim().parse().ok());
    claimed.unwrap_or(source)
}

fn is_plain_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
}

impl Answer {
    /// An answer in the order in which Apache writes its headers: what is about the file stands before the length, what
    /// is about the body behind it.
    fn new(world: &World, status: u16, about_file: impl IntoIterator<Item = Header>, body: Vec<u8>) -> Self {
        let server = if world.sins(Quirk::RouterTellsItsVersion) { "Apache/2.4.71" } else { "Apache" };
        let mut headers = Vec::with_capacity(MOST_HEADERS);
        headers.extend([("Date", world.now.http_date().into()), ("Server", server.into())]);
        headers.extend(about_file);
        headers.push(("Content-Length", body.len().to_string().into()));
        Self { status, headers, body, closes: false }
    }

    /// A text and nothing about it, as the password server sends it (PW-005).
    fn plain(status: u16, body: String) -> Self {
        Self { status, headers: Vec::new(), body: body.into_bytes(), closes: true }
            .with("Server", "CloudStack Password Server 4.x")
            .with("Content-Type", "text/plain")
    }

    /// A refusal with a page for people, as Apache 2.4.71 writes it (MD-048).
    fn error(world: &World, status: u16) -> Self {
        Self::refusal(world, status, [], None)
    }

    /// The same with headers of its own, and with a word that some pages have: the method or the place.
    fn refusal(
        world: &World,
        status: u16,
        about: impl IntoIterator<Item = Header>,
        word: Option<&str>,
    ) -> Self {
        let word = word.unwrap_or_default();
        let (title, text) = match status {
            301 => ("Moved Permanently", format!("The document has moved <a href=\"{word}\">here</a>.")),
            400 => (
                "Bad Request",
                "Your browser sent a request that this server could not understand.<br />\n".to_owned(),
            ),
            403 => ("Forbidden", "You don't have permission to access this resource.".to_owned()),
            404 => ("Not Found", "The requested URL was not found on this server.".to_owned()),
            405 => {
                ("Method Not Allowed", format!("The requested method {word} is not allowed for this URL."))
            }
            414 => (
                "Request-URI Too Long",
                "The requested URL's length exceeds the capacity\nlimit for this server.<br />\n".to_owned(),
            ),
            500 => ("Internal Server Error", "The server encountered an internal error.".to_owned()),
            _ => ("Not Implemented", format!("{word} not supported for current URL.<br />\n")),
        };
        let page = format!(
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\">\n\
             <html><head>\n<title>{status} {title}</title>\n</head><body>\n<h1>{title}</h1>\n<p>{text}</p>\n\
             </body></html>\n"
        );
        let mut answer = Self::new(world, status, about, page.into_bytes());
        answer.closes = matches!(status, 400 | 414 | 500 | 501);
        answer.with("Content-Type", "text/html; charset=iso-8859-1")
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

#[cfg(test)]
mod tests;
