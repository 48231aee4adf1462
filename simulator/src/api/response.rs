//! An answer as it goes to the wire: status, headers in order, body.

use super::request::Port;

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The reason phrase, if it is not the usual one.
    pub reason: Option<String>,
    /// The headers in order, without those of the connection.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the connection ends with this answer (API-INT-005).
    pub closes: bool,
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

impl Response {
    /// An answer without headers or body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, reason: None, headers: Vec::new(), body: Vec::new(), closes: false, unplayed: None }
    }

    /// An answer of the servlet: cookies first, then the content type and the security headers.
    #[must_use]
    pub fn servlet(
        status: u16,
        cookies: Vec<(&'static str, String)>,
        content_type: &str,
        body: Vec<u8>,
    ) -> Self {
        let mut response = Self { body, ..Self::empty(status) };
        // Only an answer that sets a cookie says when it expires (API-HTTP-028).
        for (position, cookie) in cookies.into_iter().enumerate() {
            response.headers.push(cookie);
            if position == 0 {
                response.headers.push(("Expires", "Thu, 01 Jan 1970 00:00:00 GMT".to_owned()));
            }
        }
        response.headers.push(("Content-Type", content_type.to_owned()));
        response.headers.extend(SECURITY.map(|(name, value)| (name, value.to_owned())));
        response
    }

    /// An answer of the container to what never reaches the API (API-HTTP-031 to -037).
    #[must_use]
    pub fn bad_message(status: u16, reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            headers: vec![("Content-Type", "text/html;charset=iso-8859-1".to_owned())],
            body: format!("<h1>Bad Message {status}</h1><pre>reason: {reason}</pre>").into_bytes(),
            closes: true,
            ..Self::empty(status)
        }
    }

    /// The container's error page (API-HTTP-036).
    #[must_use]
    pub fn error_page() -> Self {
        let page = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Bad request</h1>\
                    <p>The parameters of this request could not be read.</p></body></html>";
        Self {
            headers: vec![
                ("Cache-Control", "must-revalidate,no-cache,no-store".to_owned()),
                ("Content-Type", "text/html".to_owned()),
            ],
            body: page.as_bytes().to_vec(),
            ..Self::empty(400)
        }
    }
}

/// The reason phrase of a status as the container writes it (API-HTTP-025).
#[must_use]
pub fn reason_phrase(status: u16) -> Option<String> {
    let known = match status {
        414 => "URI Too Long",
        431 => "Request Header Fields Too Large",
        500 => "Server Error",
        511 => "Network Authentication Required",
        430 | 432 | 530..=537 => return Some(status.to_string()),
        _ => return None,
    };
    Some(known.to_owned())
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
