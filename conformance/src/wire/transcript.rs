//! What a check said and what it was told, with every secret masked before it is kept.
//!
//! Masked: the parameters and fields that carry secrets by their nature, all cookies, and every occurrence of a
//! secret that the target's owner gave us.

use serde::Serialize;

use super::http::{Answer, Request};

/// Names of parameters and fields whose values never appear in a transcript.
const SECRET_NAMES: &[&str] = &[
    "apikey",
    "secretkey",
    "signature",
    "sessionkey",
    "password",
    "currentpassword",
    "privatekey",
    "usersecretkey",
    "userapikey",
    "jsessionid",
    "token",
];

/// Stands for a secret.
pub const MASK: &str = "…";

/// Bodies are kept up to this many bytes.
const KEPT: usize = 4096;

/// One request and what came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exchange {
    /// The request line without the protocol.
    pub sent: String,
    /// Header lines that the check added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sent_headers: Vec<(String, String)>,
    /// The body that was sent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sent_body: String,
    /// The answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<Received>,
}

impl Exchange {
    /// The request as a line for a shell; what is masked has to be filled in.
    pub fn curl(&self, origin: &str) -> String {
        let (method, target) = self.sent.split_once(' ').unwrap_or(("GET", &self.sent));
        let method = if method == "GET" { String::new() } else { format!(" -X {method}") };
        let body = match self.sent_body.as_str() {
            "" => String::new(),
            body => format!(" --data {}", quoted(body)),
        };
        format!("curl{method}{body} {}", quoted(&format!("{origin}{target}")))
    }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// An answer, masked and shortened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// Header lines.
    pub headers: Vec<(String, String)>,
    /// The body, shortened.
    pub body: String,
    /// Milliseconds from sending to the last byte.
    pub milliseconds: u64,
}

/// The exchanges of one check.
#[derive(Debug, Default)]
pub struct Transcript {
    exchanges: Vec<Exchange>,
    dropped: usize,
}

impl Transcript {
    /// The number that the next exchange will have.
    pub fn next(&self) -> usize {
        self.dropped + self.exchanges.len()
    }

    /// An exchange, by its number.
    pub fn get(&self, number: usize) -> Option<&Exchange> {
        self.exchanges.get(number.checked_sub(self.dropped)?)
    }

    /// Keeps an exchange.
    pub fn push(&mut self, exchange: Exchange) {
        self.exchanges.push(exchange);
    }

    /// Forgets the exchanges from `mark` on: what a generated case said that did not fail.
    pub fn forget_since(&mut self, mark: usize) {
        let keep = mark.saturating_sub(self.dropped);
        self.exchanges.truncate(keep);
    }

    /// What was kept.
    pub fn into_exchanges(self) -> Vec<Exchange> {
        self.exchanges
    }
}

/// Knows the secrets of one target.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    secrets: Vec<String>,
}

impl Mask {
    /// Secrets to be hidden wherever they occur; very short ones would hide ordinary text and are left alone.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut secrets: Vec<String> = secrets
            .into_iter()
            .filter(|secret| secret.len() >= 12)
            .flat_map(|secret| [secret.to_owned(), super::sign::escape(secret)])
            .collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self { secrets }
    }

    /// An exchange that may be shown to anybody.
    pub fn exchange(&self, request: &Request, answer: Option<&Answer>) -> Exchange {
        let form = request.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type")
                && value.starts_with("application/x-www-form-urlencoded")
        });
        let body = if form { query(&request.body) } else { fields(&request.body) };
        let target = match request.target.split_once('?') {
            Some((path, text)) => format!("{path}?{}", query(text)),
            None => request.target.clone(),
        };
        Exchange {
            sent: self.hide(&format!("{} {target}", request.method)),
            sent_headers: request.headers.iter().map(|(name, value)| self.header(name, value)).collect(),
            sent_body: self.hide(&shortened(&body)),
            received: answer.map(|answer| Received {
                status: answer.status,
                reason: answer.reason.clone(),
                headers: answer.headers.iter().map(|(name, value)| self.header(name, value)).collect(),
                body: self.hide(&shortened(&fields(&String::from_utf8_lossy(
                    &answer.body[..answer.body.len().min(2 * KEPT)],
                )))),
                milliseconds: u64::try_from(answer.elapsed.as_millis()).unwrap_or(u64::MAX),
            }),
        }
    }

    /// A text without the target's secrets.
    pub fn hide(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for secret in &self.secrets {
            // Most texts are headers, shorter than any key: `contains` sees that at once, `replace` would prepare a search.
            if shown.contains(secret) {
                shown = shown.replace(secret, MASK);
            }
        }
        shown
    }

    fn header(&self, name: &str, value: &str) -> (String, String) {
        let carries_secrets = ["cookie", "set-cookie", "authorization", "proxy-authorization"]
            .iter()
            .any(|secret| secret.eq_ignore_ascii_case(name));
        let value = if carries_secrets { cookies(value) } else { self.hide(value) };
        (name.to_owned(), value)
    }
}

fn is_secret(name: &str) -> bool {
    SECRET_NAMES.iter().any(|secret| secret.eq_ignore_ascii_case(name))
}

fn shortened(text: &str) -> String {
    if text.len() <= KEPT {
        return text.to_owned();
    }
    let end = (0..=KEPT).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// Masks the values of secret parameters in a query or form.
fn query(text: &str) -> String {
    let items: Vec<String> = text
        .split('&')
        .map(|item| match item.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}={MASK}"),
            _ => item.to_owned(),
        })
        .collect();
    items.join("&")
}

/// Masks each cookie's value and keeps its name and attributes.
fn cookies(value: &str) -> String {
    let plain = ["path", "expires", "max-age", "samesite", "domain"];
    let parts: Vec<String> = value
        .split(';')
        .map(|part| match part.split_once('=') {
            Some((name, _)) if !plain.contains(&name.trim().to_ascii_lowercase().as_str()) => {
                format!("{name}={MASK}")
            }
            None if !part.trim().eq_ignore_ascii_case("httponly")
                && !part.trim().eq_ignore_ascii_case("secure") =>
            {
                MASK.to_owned()
            }
            _ => part.to_owned(),
        })
        .collect();
    parts.join(";")
}

/// Masks the values of secret fields in a JSON or XML body, well-formed or not.
fn fields(body: &str) -> String {
    let mut masked = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(start) = rest.find(['"', '<']) {
        let (before, from) = rest.split_at(start);
        masked.push_str(before);
        let json = from.starts_with('"');
        let name_end = from[1..].find(if json { '"' } else { '>' }).map(|end| end + 1);
        let Some(end) = name_end else {
            masked.push_str(from);
            return masked;
        };
        let name = &from[1..end];
        let after = &from[end + 1..];
        let value_end = match (is_secret(name), json) {
            (false, _) => None,
            (true, true) => after.strip_prefix(':').map(|value| 1 + json_value_end(value)),
            (true, false) => Some(after.find('<').unwrap_or(after.len())),
        };
        match value_end {
            Some(value_end) => {
                masked.push_str(&from[..=end]);
                masked.push_str(if json { ":\"…\"" } else { MASK });
                rest = &after[value_end..];
            }
            None => {
                // A JSON text may itself be a value; its closing quote may open the next search wrongly, so step
                // over the whole text.
                masked.push_str(&from[..=end]);
                rest = after;
            }
        }
    }
    masked.push_str(rest);
    masked
}

/// Where a JSON scalar ends.
fn json_value_end(value: &str) -> usize {
    let Some(text) = value.strip_prefix('"') else {
        return value.find([',', '}', ']']).unwrap_or(value.len());
    };
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 2,
            _ => {}
        }
    }
    value.len()
}

/// A text on one line, cut to so many characters. Control characters cannot reach a terminal.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let mut line: String = text.chars().take(longest).flat_map(visible).collect();
    if text.chars().nth(longest).is_some() {
        line.push('…');
    }
    line
}

fn visible(character: char) -> Vec<char> {
    if character.is_control() { character.escape_default().collect() } else { vec![character] }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wire::http::Url;

    #[test]
    fn no_secret_survives() {
        let request = Request {
            method: "POST".to_owned(),
            origin: Url::parse("http://h/client/api").unwrap().origin,
            target: "/client/api?command=login&apiKey=AAAA&SIGNATURE=BBBB&x=the-longest-secret".to_owned(),
            headers: vec![
                ("Cookie".to_owned(), "JSESSIONID=CCCC; sessionkey=DDDD".to_owned()),
                ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ],
            body: "username=admin&password=EEEE".to_owned(),
            source: None,
            deadline: Duration::ZERO,
            may_repeat: false,
        };
        let answer = Answer {
            status: 200,
            reason: "OK".to_owned(),
            headers: vec![("set-cookie".to_owned(), "sessionkey=FFFF;HttpOnly;SameSite=Lax".to_owned())],
            body: br#"{"r":{"name":"a","secretkey":"GG\"GG","sessionkey":"HHHH","count":1}}<apikey>IIII</apikey>"#
                .to_vec(),
            elapsed: Duration::ZERO,
            connection: 0,
        };
        let exchange = Mask::new(["the-longest-secret", "short"]).exchange(&request, Some(&answer));
        let text = serde_json::to_string(&exchange).unwrap();
        for secret in ["AAAA", "BBBB", "CCCC", "DDDD", "EEEE", "FFFF", "GG", "HHHH", "IIII", "longest"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("HttpOnly;SameSite=Lax") && text.contains("username=admin"), "{text}");
        assert!(text.contains(r#"\"count\":1"#), "{text}");
    }

    #[test]
    fn an_exchange_can_be_sent_by_a_shell() {
        let mut exchange = Exchange {
            sent: "GET /client/api?command=listZones&signature=…".to_owned(),
            sent_headers: Vec::new(),
            sent_body: String::new(),
            received: None,
        };
        assert_eq!(exchange.curl("http://h"), "curl 'http://h/client/api?command=listZones&signature=…'");
        exchange.sent = "POST /client/api".to_owned();
        exchange.sent_body = "name=it's".to_owned();
        let line = r"curl -X POST --data 'name=it'\''s' 'http://h/client/api'";
        assert_eq!(exchange.curl("http://h"), line);
    }

    #[test]
    fn long_bodies_are_cut_between_characters() {
        let text = "é".repeat(KEPT);
        assert!(shortened(&text).ends_with("é…"));
    }
}
