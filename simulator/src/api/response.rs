//! An answer as it goes to the wire: status, headers in order, body.

use std::borrow::Cow;

use super::request::Port;

/// A header: its name and its value, most of which are constants.
pub type Header = (&'static str, Cow<'static, str>);

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The reason phrase, if it is not the usual one.
    pub reason: Option<String>,
    /// The headers in order, without those of the connection. Their values hold no line ends.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the connection ends with this answer (API-INT-005).
    pub closes: bool,
    /// Whether what is said of the connection stands behind the length of the body, where Apache puts it.
    pub connection_behind_length: bool,
    /// Whether the end of the body is told by the end of the connection, not by a length
    /// (API-INT-005).
    pub ends_with_connection: bool,
    /// The command, if it exists in the field and is not played: somebody must be told.
    pub unplayed: Option<&'static str>,
}

/// The headers that go out with every answer of the servlet (API-HTTP-022).
const SECURITY: [(&str, &str); 8] = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-XSS-Protection", "1;mode=block"),
    ("content-security-policy", "1"),
    ("content-security-policy", "default-src=none"),
    ("content-security-policy", "script-src=self"),
    ("content-security-policy", "connect-src=self"),
    ("content-security-policy", "img-src=self"),
    ("content-security-policy", "style-src=self"),
];

/// `error.html` of the web application, as recorded.
const ERROR_PAGE: &str = include_str!("../../../fixtures/catalog/error.html");

impl Response {
    /// An answer without headers or body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            reason: None,
            headers: Vec::new(),
            body: Vec::new(),
            closes: false,
            connection_behind_length: false,
            ends_with_connection: false,
            unplayed: None,
        }
    }

    /// An answer of the servlet: the content type and the security headers.
    #[must_use]
    pub fn servlet(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        let mut response = Self { body, ..Self::empty(status) };
        response.headers.push(("Content-Type", content_type.into()));
        response.headers.extend(SECURITY.map(|(name, value)| (name, value.into())));
        response
    }

    /// What comes of a command that fails in a way that upstream did not expect: a success without a body
    /// (API-HTTP-027).
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            headers: vec![
                ("Content-Type", "text/xml;charset=utf-8".into()),
                ("Vary", "Accept-Encoding, User-Agent".into()),
            ],
            ..Self::empty(200)
        }
    }

    /// Sets a cookie, ahead of those that are set already. Only an answer that sets one says when it expires
    /// (API-HTTP-028).
    pub fn set_cookie(&mut self, cookie: String) {
        if !self.headers.iter().any(|(name, _)| *name == "Expires") {
            self.headers.insert(0, ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT".into()));
        }
        self.headers.insert(0, ("Set-Cookie", cookie.into()));
    }

    /// An answer of the container to what never reaches the API (API-HTTP-031 to -037).
    #[must_use]
    pub fn bad_message(status: u16, reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            headers: vec![("Content-Type", "text/html;charset=iso-8859-1".into())],
            body: format!("<h1>Bad Message {status}</h1><pre>reason: {reason}</pre>").into_bytes(),
            closes: true,
            ..Self::empty(status)
        }
    }

    /// Puts the values of all headers of a name into the first of them.
    pub fn fold(&mut self, name: &str) {
        let values: Vec<Cow<'static, str>> =
            self.headers.iter().filter(|(other, _)| *other == name).map(|(_, value)| value.clone()).collect();
        let mut is_first = true;
        self.headers.retain(|(other, _)| *other != name || std::mem::replace(&mut is_first, false));
        if let Some((_, value)) = self.headers.iter_mut().find(|(other, _)| *other == name) {
            *value = values.join(", ").into();
        }
    }

    /// The page of the web application that the container shows for requests whose parameters
    /// cannot be read (API-HTTP-036).
    #[must_use]
    pub fn error_page() -> Self {
        Self {
            headers: vec![
                ("Cache-Control", "must-revalidate,no-cache,no-store".into()),
                ("Last-Modified", "Mon, 23 Nov 2026 11:36:42 GMT".into()),
                ("Content-Type", "text/html".into()),
                ("Accept-Ranges", "bytes".into()),
            ],
            body: ERROR_PAGE.as_bytes().to_vec(),
            ..Self::empty(400)
        }
    }

    /// The container's own page for a path that leads nowhere.
    #[must_use]
    pub fn not_found(path: &str) -> Self {
        let path = path.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let rows =
            [("URI", path.as_str()), ("STATUS", "404"), ("MESSAGE", "Not Found"), ("SERVLET", "default")];
        let rows: String =
            rows.iter().map(|(name, value)| format!("<tr><th>{name}:</th><td>{value}</td></tr>\n")).collect();
        let page = format!(
            "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=ISO-8859-1\"/>\n\
             <title>Error 404 Not Found</title>\n</head>\n<body><h2>HTTP ERROR 404 Not Found</h2>\n\
             <table>\n{rows}</table>\n\n</body>\n</html>\n"
        );
        Self {
            headers: vec![
                ("Cache-Control", "must-revalidate,no-cache,no-store".into()),
                ("Content-Type", "text/html;charset=iso-8859-1".into()),
            ],
            body: page.into_bytes(),
            ..Self::empty(404)
        }
    }
}

/// The reason phrase of a status as the container writes it: the registered one, else the number
/// (API-HTTP-025).
#[must_use]
pub fn reason_phrase(status: u16) -> Cow<'static, str> {
    let known = match status {
        200 => "OK",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        412 => "Precondition Failed",
        414 => "URI Too Long",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Server Error",
        501 => "Not Implemented",
        505 => "HTTP Version Not Supported",
        511 => "Network Authentication Required",
        other => return Cow::Owned(other.to_string()),
    };
    Cow::Borrowed(known)
}

/// The content type of an encoding at a port (API-HTTP-020, API-INT-005).
#[must_use]
pub fn content_type(json: bool, port: Port) -> &'static str {
    match (json, port) {
        (true, Port::Main) => "application/json;charset=utf-8",
        (false, Port::Main) => "text/xml;charset=utf-8",
        (true, Port::Integration) => "application/json; charset=UTF-8",
        (false, Port::Integration) => "text/xml",
    }
}
