//! The commands of the login path: they run before anybody looks at signatures, sessions or roles, and their names are
//! matched in any letter case (API-AUTH-001).
//!
//! To add one, write it in a file of its own and name it in `ENTRANCES`. `validateUserTwoFactorAuthenticationCode`
//! is none of them: it belongs to a session and is in [`two_factor`](super::two_factor).

use std::net::IpAddr;

use super::{
    CONTAINER_COOKIE, NODE_SUFFIX, key_cookie, login, oauth, of_request, password_reset, saml, touch,
};
use crate::api::command;
use crate::api::envelope::{self, Format, Style};
use crate::api::error::ApiError;
use crate::api::request::{Parameters, Request};
use crate::api::response::{Response, content_type};
use crate::quirk::Quirk;
use crate::reply::Object;
use crate::world::World;

/// A command of the login path.
#[derive(Debug)]
pub struct Entrance {
    /// The command, as the catalogue spells it.
    name: &'static str,
    /// Whether it starts a session, so that the one that came with it ends (API-AUTH-010).
    opens: bool,
    /// The setting without which the command does not exist.
    gate: Option<&'static str>,
    /// What it does.
    run: fn(&mut World, &Call<'_>) -> Response,
}

/// Every command of the login path.
const ENTRANCES: &[Entrance] = &[
    Entrance { name: "login", opens: true, gate: None, run: login::login },
    Entrance { name: "logout", opens: false, gate: None, run: login::logout },
    Entrance { name: "oauthlogin", opens: true, gate: None, run: oauth::login },
    Entrance { name: "listOauthProvider", opens: false, gate: None, run: oauth::list_providers },
    Entrance {
        name: "forgotPassword",
        opens: false,
        gate: Some(PASSWORD_RESET),
        run: password_reset::forgot_password,
    },
    Entrance {
        name: "resetPassword",
        opens: false,
        gate: Some(PASSWORD_RESET),
        run: password_reset::reset_password,
    },
    Entrance { name: "listIdps", opens: false, gate: Some(SAML), run: saml::list_providers },
    Entrance { name: "samlSso", opens: true, gate: Some(SAML), run: saml::sign_on },
];

const PASSWORD_RESET: &str = "user.password.reset.enabled";
const SAML: &str = "saml2.enabled";

/// A request to the login path.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) parameters: &'a Parameters,
    pub(super) format: Format,
    /// Where the request comes from.
    pub(super) address: IpAddr,
    /// The session that a success makes live; only of commands that open one.
    pub(super) session: String,
}

impl Call<'_> {
    /// The content type of the requested format.
    pub(super) fn content_type(&self) -> &'static str {
        content_type(self.format == Format::Json, self.request.port)
    }

    /// How bodies are written before anybody is known: without a version since 4.21 (API-AUTH-017).
    pub(super) fn style<'w>(&self, world: &'w World) -> Style<'w> {
        crate::api::style(world, self.format, None, self.request.port)
    }

    /// A success whose fields stand directly in the envelope.
    pub(super) fn succeeded(&self, world: &World, envelope: &str, fields: &Object) -> Response {
        self.answered(envelope::inline(&self.style(world), envelope, fields))
    }

    /// A success with this body.
    pub(super) fn answered(&self, body: String) -> Response {
        let mut response = Response::servlet(200, self.content_type(), body.into_bytes());
        response.headers.push(("Vary", "Accept-Encoding, User-Agent".into()));
        response
    }

    /// A refusal in an envelope.
    pub(super) fn refused(&self, world: &World, envelope: &str, error: &ApiError) -> Response {
        let body = envelope::error(&self.style(world), envelope, error);
        self.bare(error.code(), &body)
    }

    /// A text without an envelope.
    pub(super) fn bare(&self, status: u16, text: &str) -> Response {
        Response::servlet(status, self.content_type(), text.as_bytes().to_vec())
    }
}

/// Whether a command is an entrance, with or without a setting that opens it.
#[must_use]
pub fn is_entrance(name: &str) -> bool {
    ENTRANCES.iter().any(|entrance| entrance.name == name)
}

/// The command of that name, if it exists on this server.
#[must_use]
pub fn find(world: &World, name: &str) -> Option<&'static Entrance> {
    let is_named = |entrance: &&Entrance| {
        if world.sins(Quirk::LoginByExactName) {
            entrance.name == name
        } else {
            entrance.name.eq_ignore_ascii_case(name)
        }
    };
    let is_open = |entrance: &&Entrance| {
        let sins = entrance.gate == Some(PASSWORD_RESET) && world.sins(Quirk::PasswordResetIsAlwaysThere)
            || entrance.gate == Some(SAML) && world.sins(Quirk::SamlIsAlwaysThere);
        entrance.gate.is_none_or(|setting| world.settings.flag(setting)) || sins
    };
    let asks_in_vain = |entrance: &&Entrance| {
        entrance.name == "listOauthProvider" && world.sins(Quirk::OauthProvidersNeedCredentials)
            || entrance.name == "listIdps" && world.sins(Quirk::IdentityProvidersNeedCredentials)
    };
    let is_known = |entrance: &&Entrance| command::known(world, entrance.name).is_some();
    ENTRANCES
        .iter()
        .find(is_named)
        .filter(is_known)
        .filter(is_open)
        .filter(|entrance| !asks_in_vain(entrance))
}

/// Runs a command of the login path.
pub fn answer(
    world: &mut World,
    entrance: &Entrance,
    request: &Request,
    parameters: &Parameters,
    format: Format,
    address: IpAddr,
) -> Response {
    let before = of_request(world, request);
    // A new session replaces the one that came, even if nothing comes of it (API-AUTH-010).
    if let Some(id) =
        before.as_deref().filter(|_| entrance.opens && !world.sins(Quirk::LoginKeepsTheOldSession))
    {
        world.sessions.remove(id);
    }
    let session = if entrance.opens {
        format!("node0{:016x}{:08x}", world.ids.number(), world.ids.number() >> 32)
    } else {
        String::new()
    };
    // Any other command of the path repeats the key of the session that it came with (API-AUTH-042).
    let repeated = before.filter(|_| !entrance.opens).and_then(|id| {
        touch(world, &id);
        Some(key_cookie(world, &world.sessions.get(&id)?.key))
    });
    let call = Call { request, parameters, format, address, session };
    let mut response = (entrance.run)(world, &call);
    if let Some(cookie) = repeated {
        response.set_cookie(cookie);
    }
    if entrance.opens {
        for cookie in container_cookies(world, &call.session) {
            response.set_cookie(cookie);
        }
    }
    response
}

/// The container's cookie of a new session: one for all, or one for encrypted connections alone (API-AUTH-006, -008).
fn container_cookies(world: &World, id: &str) -> Vec<String> {
    let plain = format!("{CONTAINER_COOKIE}={id}{NODE_SUFFIX}; Path=/client");
    if !world.settings.flag("enable.secure.session.cookie") {
        return vec![plain];
    }
    let secure = format!("{CONTAINER_COOKIE}={id};Secure;HttpOnly;Path=/client");
    if world.sins(Quirk::SecureCookieBesideThePlainOne) { vec![secure, plain] } else { vec![secure] }
}
