//! Requests to a virtual router, as one of its guests.
//!
//! A router knows a guest by its source address and nothing else, so speaking as a guest means connecting from its
//! address.

use super::{
    ExchangeError,
    http::{self, Answer, Request, Url},
};
use crate::{
    check::{Capability, Stop},
    target::{Guest, Target},
};

/// Where a real router's password server listens (`passwd_server_ip.py`).
pub const PASSWORD_PORT: u16 = 8080;

/// A router, seen by one guest.
#[derive(Clone, Debug)]
pub struct Router<'t> {
    target: &'t Target,
    guest: Option<Guest>,
}

impl<'t> Router<'t> {
    pub(crate) fn new(target: &'t Target, guest: Option<Guest>) -> Self {
        Self { target, guest }
    }

    /// The guest that we speak as, if one was named.
    pub fn guest(&self) -> Option<&Guest> {
        self.guest.as_ref()
    }

    /// `GET` of a path.
    pub fn get(&self, path: &str) -> Result<Page, Stop> {
        self.request("GET", path).send()
    }

    /// Any request to a path, query included.
    pub fn request(&self, method: &str, path: &str) -> PageRequest<'t> {
        self.request_at(self.base(), method, path)
    }

    /// What the password server answers to a wish such as `send_my_password`, or to none.
    pub fn password(&self, wish: Option<&str>) -> Result<Page, Stop> {
        let request = self.password_request("GET");
        wish.into_iter().fold(request, |request, wish| request.header("DomU_Request", wish)).send()
    }

    /// Any request to the password server.
    pub fn password_request(&self, method: &str) -> PageRequest<'t> {
        self.request_at(self.passwords(), method, "/")
    }

    /// The base URL of the router, if it is known.
    fn base(&self) -> Option<String> {
        let own = self.guest.as_ref().map(|guest| guest.router.as_str()).filter(|url| !url.is_empty());
        own.or(self.target.router_url()).map(str::to_owned)
    }

    /// The base URL of the password server: as its owner told it, or [`PASSWORD_PORT`] of a router that serves on the
    /// port of a real one.
    pub fn passwords(&self) -> Option<String> {
        let told = self.guest.as_ref().map(|guest| guest.passwords.clone()).filter(|url| !url.is_empty());
        told.or_else(|| {
            let origin = Url::parse(&self.base()?).ok()?.origin;
            (origin.authority() == origin.host()).then(|| format!("http://{}:{PASSWORD_PORT}", origin.host()))
        })
    }

    fn request_at(&self, base: Option<String>, method: &str, path: &str) -> PageRequest<'t> {
        PageRequest {
            target: self.target,
            base,
            guest: self.guest.clone(),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: String::new(),
        }
    }
}

/// A request to a router, before it is sent.
#[derive(Clone, Debug)]
pub struct PageRequest<'t> {
    target: &'t Target,
    base: Option<String>,
    guest: Option<Guest>,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl PageRequest<'_> {
    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// Sends it from the guest's address.
    pub fn send(self) -> Result<Page, Stop> {
        let url = Url::parse(&self.base.ok_or(Stop::Unsupported(Capability::Router))?)?;
        let source = self.guest.as_ref().map(Guest::source_address).transpose()?.flatten();
        let request = Request {
            method: self.method,
            target: format!("{}{}", url.path.trim_end_matches('/'), self.path),
            origin: url.origin,
            headers: self.headers,
            body: self.body,
            source,
            deadline: self.target.deadline(),
            may_repeat: true,
        };
        let (answer, exchange) = self.target.exchange(&request)?;
        Ok(Page { answer, exchange })
    }
}

/// What a router answered.
#[derive(Clone, Debug)]
pub struct Page {
    /// The answer as it came.
    pub answer: Answer,
    /// Its number in the transcript.
    pub exchange: usize,
}

impl Page {
    /// The body as text.
    pub fn text(&self) -> String {
        self.answer.text()
    }
}

/// Sends without any target at hand; for the doctor.
pub(crate) fn probe(request: &Request) -> Result<Answer, ExchangeError> {
    http::exchange(request)
}
