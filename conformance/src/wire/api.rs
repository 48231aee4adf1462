//! Requests to the query API, and the replies.
//!
//! The builder signs correctly unless a check asks for something else. Before a request leaves, a command that may
//! change anything is held back from a read-only target, and one that creates something is written to the
//! [ledger](crate::ledger). After the reply, the [universal rules](super::envelope) are judged.

use std::{fmt, time::Duration};

use time::OffsetDateTime;

use super::{
    ExchangeError,
    decode::{DecodeError, Node},
    envelope,
    http::{Answer, Request, Url},
    job::{self, Job},
    sign,
};
use crate::{
    catalog,
    check::{Capability, Mismatch, Stop},
    target::Target,
};

/// How a reply is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `response=json`.
    Json,
    /// Anything else (API-REQ-010).
    Xml,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Xml => "XML",
        })
    }
}

/// A session opened by a login.
#[derive(Clone, Debug)]
pub struct Session {
    /// Cookies as the server set them.
    pub cookies: Vec<(String, String)>,
    /// The session key from the body.
    pub key: String,
}

impl Session {
    /// The value of a `Cookie` header.
    pub fn cookie(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}

/// Who a request claims to be from.
#[derive(Clone, Debug)]
enum Proof {
    Signed,
    Fixed(String),
    None,
}

/// A request to the API, before it is sent.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before `send`"]
pub struct ApiRequest<'t> {
    target: &'t Target,
    command: Option<String>,
    params: Vec<(String, String)>,
    form: Vec<(String, String)>,
    altered: Vec<(String, String)>,
    response: Option<String>,
    proof: Proof,
    key: Option<String>,
    secret: Option<String>,
    expires: Option<String>,
    undated: bool,
    method: Option<String>,
    post: bool,
    raw_query: Option<String>,
    raw_body: Option<String>,
    suffix: String,
    path: Option<String>,
    headers: Vec<(String, String)>,
    integration: bool,
    universal: bool,
    deadline: Option<Duration>,
}

impl<'t> ApiRequest<'t> {
    pub(crate) fn new(target: &'t Target, command: Option<&str>) -> Self {
        Self {
            target,
            command: command.map(str::to_owned),
            params: Vec::new(),
            form: Vec::new(),
            altered: Vec::new(),
            response: Some("json".to_owned()),
            proof: Proof::Signed,
            key: None,
            secret: None,
            expires: None,
            undated: false,
            method: None,
            post: false,
            raw_query: None,
            raw_body: None,
            suffix: String::new(),
            path: None,
            headers: Vec::new(),
            integration: false,
            universal: true,
            deadline: None,
        }
    }

    /// Adds a parameter.
    pub fn param(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.params.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a parameter to the form body, whatever the others do.
    pub fn form_param(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.form.push((name.to_owned(), value.to_string()));
        self
    }

    /// Sends another value than the one that was signed, or a parameter that was not signed at all.
    pub fn altered(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.altered.push((name.to_owned(), value.to_string()));
        self
    }

    /// Says no time although the target may insist on one.
    pub fn undated(mut self) -> Self {
        self.undated = true;
        self
    }

    /// Signs with another secret.
    pub fn secret(mut self, secret: &str) -> Self {
        self.secret = Some(secret.to_owned());
        self
    }

    /// Sends another API key.
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Sends this signature instead of the right one.
    pub fn signature(mut self, signature: &str) -> Self {
        self.proof = Proof::Fixed(signature.to_owned());
        self
    }

    /// Sends neither API key nor signature.
    pub fn unsigned(mut self) -> Self {
        self.proof = Proof::None;
        self
    }

    /// Uses a session instead of a signature (API-AUTH-030).
    pub fn session(mut self, session: &Session) -> Self {
        self.proof = Proof::None;
        self.headers.push(("Cookie".to_owned(), session.cookie()));
        self.param("sessionkey", &session.key)
    }

    /// Signature version 3 with this `expires` (API-SIG-020).
    pub fn version3(mut self, expires: impl Into<String>) -> Self {
        self.expires = Some(expires.into());
        self
    }

    /// Asks for JSON, which is what happens anyway.
    pub fn json(self) -> Self {
        self.response(Some("json"))
    }

    /// Asks for XML.
    pub fn xml(self) -> Self {
        self.response(Some("xml"))
    }

    /// Asks in a format.
    pub fn format(self, format: Format) -> Self {
        match format {
            Format::Json => self.json(),
            Format::Xml => self.xml(),
        }
    }

    /// The value of `response`, or no such parameter.
    pub fn response(mut self, value: Option<&str>) -> Self {
        self.response = value.map(str::to_owned);
        self
    }

    /// Sends everything as a form by POST.
    pub fn post(mut self) -> Self {
        self.post = true;
        self
    }

    /// Any method; the parameters stay in the query.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Sends exactly this query and signs nothing.
    pub fn raw_query(mut self, query: &str) -> Self {
        self.raw_query = Some(query.to_owned());
        self
    }

    /// Sends exactly this body. The parameters stay in the query; the content type is the caller's business.
    pub fn raw_body(mut self, body: &str) -> Self {
        self.raw_body = Some(body.to_owned());
        self
    }

    /// Appends to the path of the endpoint.
    pub fn suffix(mut self, suffix: &str) -> Self {
        suffix.clone_into(&mut self.suffix);
        self
    }

    /// Another path than that of the endpoint.
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Adds a header line.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends it to the unauthenticated port, unsigned.
    pub fn integration(mut self) -> Self {
        self.integration = true;
        self.universal = false;
        self.unsigned()
    }

    /// Does not judge the universal rules: for answers that are known to come from outside the API.
    pub fn outside_the_envelope(mut self) -> Self {
        self.universal = false;
        self
    }

    /// Waits at most this long.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The parameters as they will be signed and sent, signature included.
    pub fn parameters(&self) -> Result<Vec<(String, String)>, Stop> {
        let mut all = Vec::new();
        let mut add = |name: &str, value: &str| all.push((name.to_owned(), value.to_owned()));
        if let Some(command) = &self.command {
            add("command", command);
        }
        for (name, value) in self.params.iter().chain(&self.form) {
            add(name, value);
        }
        if let Some(response) = &self.response {
            add("response", response);
        }
        if let Some(expires) = &self.expires {
            add("signatureversion", "3");
            add("expires", expires);
        }
        if matches!(self.proof, Proof::None) {
            return Ok(all);
        }
        let says = |(name, _): &(String, String)| name.eq_ignore_ascii_case("signatureversion");
        let is_versioned = self.expires.is_some() || self.params.iter().chain(&self.form).any(says);
        if self.target.enforces_post() && !self.undated && !is_versioned {
            add("signatureversion", "3");
            add("expires", &expires_in(LIFETIME));
        }

        let ours = self.target.api_keys();
        let key = self.key.as_deref().or(ours.map(|(key, _)| key));
        let secret = self.secret.as_deref().or(ours.map(|(_, secret)| secret));
        let (Some(key), Some(secret)) = (key, secret) else {
            return Err(Stop::Unsupported(Capability::ApiKeys));
        };
        add("apiKey", key);
        let signature = match &self.proof {
            Proof::Fixed(text) => text.clone(),
            _ => sign::signature(secret, &sign::canonical(&all)),
        };
        all.push(("signature".to_owned(), signature));
        Ok(all)
    }

    /// The query that would be sent, for checks that send it with something added.
    pub fn query(&self) -> Result<String, Stop> {
        Ok(encoded(&self.parameters()?))
    }

    /// Sends it and reads the reply, whatever the reply says.
    pub fn send(self) -> Result<Reply, Stop> {
        self.hold_back()?;
        let request = self.request()?;
        let command = self.command.as_deref();
        let entry =
            command.map(|command| self.target.before_creating(command, &self.params)).transpose()?.flatten();

        let (answer, exchange) = self.target.exchange(&request)?;
        let wants_json = self.response.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("json"));
        let format = if wants_json { Format::Json } else { Format::Xml };
        // Both content types promise UTF-8 (API-HTTP-020).
        let text = std::str::from_utf8(&answer.body)
            .map_err(|error| DecodeError(format!("the body is not UTF-8: {error}")));
        let read = text.and_then(|text| match format {
            Format::Json => Ok((Node::from_json(text)?, Vec::new())),
            Format::Xml => Node::from_xml(text),
        });
        let (document, attributes) = match read {
            Ok((node, attributes)) => (Ok(node), attributes),
            Err(error) => (Err(error), Vec::new()),
        };
        let reply = Reply {
            answer,
            command: self.command,
            format,
            document,
            attributes,
            exchange,
            target: self.target.clone(),
        };
        self.target.after_creating(entry, &reply)?;
        if let Some(command) = &reply.command {
            self.target.after_removing(command, &self.params, &reply);
        }
        if self.universal {
            self.target.file(envelope::broken(&reply));
        }
        Ok(reply)
    }

    /// Sends it and waits for its job to end.
    pub fn finish(self) -> Result<Job, Stop> {
        self.send()?.finish_job()
    }

    /// Refuses to send a change to a target that is to be left alone.
    fn hold_back(&self) -> Result<(), ExchangeError> {
        if self.target.may_change() {
            return Ok(());
        }
        let in_parameters = [&self.params, &self.form, &self.altered]
            .into_iter()
            .flatten()
            .filter(|(name, _)| name.eq_ignore_ascii_case("command"))
            .map(|(_, value)| value.clone());
        let in_query = self.raw_query.iter().flat_map(|query| commands_in(query));
        let mut commands = self.command.iter().cloned().chain(in_parameters).chain(in_query);
        match commands.find(|command| catalog::changes(command)) {
            Some(command) => Err(ExchangeError::ReadOnly { command }),
            None => Ok(()),
        }
    }

    /// Whether the target takes the command by POST alone: it insists on that for changes, and what does not say by
    /// its name that it reads counts as one (API-HTTP-030). A check that wants it otherwise names its method.
    fn must_be_posted(&self) -> bool {
        let reads = |command: &str| {
            let lower = command.to_ascii_lowercase();
            ["get", "list", "query", "find"].iter().any(|verb| lower.starts_with(verb))
        };
        let is_free = self.integration || self.method.is_some() || self.raw_query.is_some();
        let command = self.command.as_deref().filter(|command| !matches!(*command, "login" | "logout"));
        self.target.enforces_post() && !is_free && command.is_some_and(|command| !reads(command))
    }

    fn request(&self) -> Result<Request, Stop> {
        let url = if self.integration {
            self.target.integration_url().ok_or(Stop::Unsupported(Capability::Integration))?
        } else {
            self.target.endpoint().ok_or(Stop::Unsupported(Capability::Api))?
        };
        let url = Url::parse(url)?;
        let by_post = self.post || self.must_be_posted();
        let (query, body) = match &self.raw_query {
            Some(query) => (query.clone(), encoded(&self.form)),
            None => {
                let mut all = self.parameters()?;
                for (name, value) in &self.altered {
                    match all.iter_mut().find(|(other, _)| other == name) {
                        Some(parameter) => parameter.1.clone_from(value),
                        None => all.push((name.clone(), value.clone())),
                    }
                }
                let (form, query): (Vec<_>, Vec<_>) = all
                    .into_iter()
                    .partition(|parameter| by_post || self.form.iter().any(|f| f.0 == parameter.0));
                (encoded(&query), encoded(&form))
            }
        };

        let mut headers = self.headers.clone();
        let body = self.raw_body.clone().unwrap_or(body);
        let has_form = by_post || !self.form.is_empty();
        if has_form && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        }
        let method = self.method.clone().unwrap_or_else(|| if has_form { "POST" } else { "GET" }.to_owned());
        let path = format!("{}{}", self.path.as_ref().unwrap_or(&url.path), self.suffix);
        let target = if query.is_empty() { path } else { format!("{path}?{query}") };
        let changes = self.command.as_deref().is_some_and(catalog::changes);
        Ok(Request {
            method,
            origin: url.origin,
            target,
            headers,
            body,
            source: None,
            deadline: self.deadline.unwrap_or(self.target.deadline()),
            may_repeat: !changes,
        })
    }
}

fn encoded(params: &[(String, String)]) -> String {
    let items: Vec<String> = params
        .iter()
        .map(|(name, value)| format!("{}={}", sign::escape(name), sign::escape(value)))
        .collect();
    items.join("&")
}

/// The commands that a server could find in a raw query.
fn commands_in(query: &str) -> Vec<String> {
    query
        .split(['&', ';', '?'])
        .filter_map(|item| {
            let (name, value) = item.split_once('=')?;
            unescape(name).eq_ignore_ascii_case("command").then(|| unescape(value))
        })
        .collect()
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = &tail[2..];
            }
            _ => {
                bytes.push(if first == b'+' { b' ' } else { first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A reply of the API, as it came and decoded.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The answer as it came.
    pub answer: Answer,
    /// The command that was sent.
    pub command: Option<String>,
    /// The format that was asked for.
    pub format: Format,
    /// The body, decoded; or why it could not be.
    pub document: Result<Node, DecodeError>,
    /// The attributes of the XML root.
    pub attributes: Vec<(String, String)>,
    /// Its number in the transcript.
    pub exchange: usize,
    pub(crate) target: Target,
}

impl Reply {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.answer.status
    }

    /// The key of the envelope and what is in it, if the body is an object with one member.
    pub fn envelope(&self) -> Option<(&str, &Node)> {
        match &self.document {
            Ok(Node::Object(members)) => match members.as_slice() {
                [(name, body)] => Some((name, body)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What is in the envelope, or nothing.
    pub fn body(&self) -> &Node {
        const NOTHING: &Node = &Node::Null;
        self.envelope().map_or(NOTHING, |(_, body)| body)
    }

    /// The text of an error.
    pub fn error_text(&self) -> Option<String> {
        self.body().text_at("errortext")
    }

    /// The body of a success; a mismatch for anything else.
    pub fn success(&self) -> Result<&Node, Stop> {
        if self.status() != 200 || self.body().get("errorcode").is_some() {
            let text = self.error_text().map_or(String::new(), |text| format!(" ({text})"));
            return Err(self.mismatch("status", "200", format!("{}{text}", self.status())));
        }
        match self.envelope() {
            Some((_, body)) => Ok(body),
            None => {
                let actual = match &self.document {
                    Err(DecodeError(reason)) => reason.clone(),
                    Ok(node) => format!("{} with {} members", node.kind(), node.members().len()),
                };
                Err(self.mismatch("body", format!("one {} envelope", self.format), actual))
            }
        }
    }

    /// The session that a login opened.
    pub fn session(&self) -> Result<Session, Stop> {
        let key = self.success()?.text_at("sessionkey");
        let key = key.ok_or_else(|| self.mismatch("sessionkey", "a session key", "absent"))?;
        let cookies = self
            .answer
            .headers_named("set-cookie")
            .into_iter()
            .filter_map(|line| line.split(';').next()?.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        Ok(Session { cookies, key })
    }

    /// Waits for the job that this reply announces.
    pub fn finish_job(&self) -> Result<Job, Stop> {
        self.watch_job(|_| Ok(()))
    }

    /// Waits for the job that this reply announces, judging each answer while it is pending.
    pub fn watch_job(&self, judge: impl FnMut(&Self) -> Result<(), Stop>) -> Result<Job, Stop> {
        match self.success()?.text_at("jobid") {
            Some(id) => job::watch(&self.target, &id, judge),
            None => Err(self.mismatch("jobid", "the id of a job", "absent")),
        }
    }

    /// A mismatch that points at this exchange.
    pub fn mismatch(
        &self,
        at: impl Into<String>,
        expected: impl fmt::Display,
        actual: impl fmt::Display,
    ) -> Stop {
        Mismatch::new(at, expected, actual).in_exchange(self.exchange).into()
    }
}

/// How long a request of ours lives where it must say so, in seconds (API-SIG-023).
const LIFETIME: i64 = 600;

/// The time this many seconds from now, in the form `2030-01-02T03:04:05Z` (API-SIG-024).
pub fn expires_in(seconds: i64) -> String {
    let then = OffsetDateTime::now_utc().saturating_add(time::Duration::seconds(seconds));
    let (hour, minute, second) = then.to_hms();
    let (year, month, day) = then.to_calendar_date();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", u8::from(month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_hides_in_no_query() {
        assert_eq!(commands_in("a=b&%63ommand=de%70loyVirtualMachine"), ["deployVirtualMachine"]);
        assert_eq!(commands_in("x;Command=stop+it"), ["stop it"]);
        assert!(commands_in("response=json&%zz").is_empty());
    }
}
