//! Sessions: calls that bring a session instead of a signature (API-AUTH-030 to -035).
//!
//! What opens and ends sessions is in [`entrance`]; the second factor, which stands between a login and everything
//! else, in [`two_factor`].

pub mod entrance;
mod login;
mod oauth;
mod password_reset;
mod saml;
mod single_sign_on;
pub mod two_factor;

use super::caller::Caller;
use super::error::{ApiError, SESSION};
use super::request::{Parameters, Request};
use super::response::Response;
use super::verify;
use crate::quirk::Quirk;
use crate::release::Release;
use crate::world::World;
use crate::world::account::Session;

/// The cookie of the container.
const CONTAINER_COOKIE: &str = "JSESSIONID";
/// What the container appends to its cookie to find the node that has the session.
const NODE_SUFFIX: &str = ".node0";
/// The release since which the cookie of the session key says where it may be sent from (API-AUTH-007).
const SAME_SITE: Release = Release::new(19, 2);

/// The live session that a request brings, by its id without the node suffix. A dead or unknown
/// one is as good as none (API-AUTH-033).
#[must_use]
pub fn of_request(world: &World, request: &Request) -> Option<String> {
    let cookie = request.cookie(CONTAINER_COOKIE)?;
    let id = cookie.split_once('.').map_or(cookie, |(id, _)| id);
    let (id, session) = match world.sessions.get(id) {
        Some(session) => (id, session),
        None if world.sins(Quirk::SessionIdsMatchByTheirBeginning) => world
            .sessions
            .iter()
            .find(|(known, _)| id.starts_with(known.as_str()))
            .map(|(known, row)| (known.as_str(), row))?,
        None => return None,
    };
    let lives_millis = world.settings.number("session.timeout").saturating_mul(60_000);
    let is_alive = lives_millis <= 0 || session.last_used.plus_millis(lives_millis) > world.now;
    is_alive.then(|| id.to_owned())
}

/// Whether a request brings a session, living or not.
#[must_use]
pub fn is_claimed(request: &Request) -> bool {
    request.cookie(CONTAINER_COOKIE).is_some()
}

/// Ends a session.
pub fn end(world: &mut World, id: &str) {
    world.sessions.remove(id);
}

/// Notes that a session is in use, which keeps it alive (API-AUTH-034).
pub fn touch(world: &mut World, id: &str) {
    let now = world.now;
    if let Some(session) = world.sessions.get_mut(id) {
        session.last_used = now;
    }
}

/// Sends the container's cookie again to a client that has it without the suffix of this node (API-AUTH-009).
pub fn repeat_cookie(request: &Request, id: &str, response: &mut Response) {
    let whole = format!("{id}{NODE_SUFFIX}");
    if request.cookie(CONTAINER_COOKIE).is_some_and(|cookie| cookie != whole) {
        response.set_cookie(format!("{CONTAINER_COOKIE}={whole}; Path=/client"));
    }
}

/// Who a session's call is from.
///
/// # Errors
///
/// 401 with the short text, after which the session is gone (API-AUTH-031, API-AUTH-035).
pub fn caller(
    world: &mut World,
    id: &str,
    request: &Request,
    parameters: &Parameters,
) -> Result<Caller, ApiError> {
    let verdict = check(world, id, request, parameters);
    if verdict.is_err() && !world.sins(Quirk::SessionsSurviveABadKey) {
        world.sessions.remove(id);
    }
    verdict
}

fn check(world: &World, id: &str, request: &Request, parameters: &Parameters) -> Result<Caller, ApiError> {
    let refused = || ApiError::unauthorized(SESSION);
    let session = world.sessions.get(id).ok_or_else(refused)?;
    if !key_is_proven(world, session, request, parameters) {
        return Err(refused());
    }
    let user = world.users.get(session.user).ok_or_else(refused)?;
    let caller = Caller::of_user(world, session.user).ok_or_else(refused)?;
    let may_call = verify::is_enabled(world, caller, user) || world.sins(Quirk::SessionsOutliveTheirUsers);
    if may_call { Ok(caller) } else { Err(refused()) }
}

/// Whether the session key came where it must come (API-AUTH-030).
fn key_is_proven(world: &World, session: &Session, request: &Request, parameters: &Parameters) -> bool {
    let by_parameter = parameters.get("sessionkey");
    let by_cookie = request.cookie("sessionkey");
    let matches = |key: Option<&str>| key == Some(session.key.as_str());
    match world.settings.text("api.sessionkey.check.locations") {
        "ParameterOnly" => matches(by_parameter) && (by_cookie.is_none() || matches(by_cookie)),
        "CookieOrParameter" => {
            (by_parameter.is_some() || by_cookie.is_some())
                && (by_parameter.is_none() || matches(by_parameter))
                && (by_cookie.is_none() || matches(by_cookie))
        }
        _ if world.sins(Quirk::SessionKeyByCookieAlone) => matches(by_cookie),
        _ if world.sins(Quirk::SessionKeyByParameterAlone) => matches(by_parameter),
        _ => matches(by_parameter) && matches(by_cookie),
    }
}

/// The cookie of a session key (API-AUTH-006, API-AUTH-007).
fn key_cookie(world: &World, key: &str) -> String {
    let same_site = match world.settings.text("api.sessionkey.cookie.samesite") {
        _ if world.release < SAME_SITE => "",
        _ if world.sins(Quirk::SameSiteIsAlwaysLax) => ";SameSite=Lax",
        "Strict" => ";SameSite=Strict",
        "NoneAndSecure" => ";SameSite=None;Secure",
        "Null" => ";",
        _ => ";SameSite=Lax",
    };
    let http_only = if world.sins(Quirk::SessionCookieForScripts) { "" } else { ";HttpOnly" };
    let path = if world.sins(Quirk::SessionKeyForEveryPath) { ";Path=/" } else { "" };
    format!("sessionkey={key}{http_only}{same_site}{path}")
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::api::request::Port;
    use crate::world::account::ADMIN;
    use crate::world::clock::Moment;

    fn request(cookie: &str) -> Request {
        Request {
            port: Port::Main,
            method: "GET".to_owned(),
            target: "/client/api".to_owned(),
            headers: vec![("cookie".to_owned(), cookie.to_owned())],
            body: Vec::new(),
            needs_host: false,
            peer: IpAddr::from([127, 0, 0, 1]),
        }
    }

    fn world() -> World {
        let mut world = World::blank(1, Moment(0));
        let session = Session { user: ADMIN, key: "key".to_owned(), last_used: Moment(0), verified: true };
        world.sessions.insert("node0x".to_owned(), session);
        world
    }

    #[test]
    fn a_session_dies_of_idleness_and_not_of_age() {
        let (mut world, request) = (world(), request("JSESSIONID=node0x.node0"));
        let minute = 60_000;
        world.now = Moment(29 * minute);
        assert_eq!(of_request(&world, &request).as_deref(), Some("node0x"));
        touch(&mut world, "node0x");
        world.now = Moment(58 * minute);
        assert_eq!(of_request(&world, &request).as_deref(), Some("node0x"), "it was used half an hour ago");
        world.now = Moment(59 * minute);
        assert_eq!(of_request(&world, &request), None, "nobody used it for half an hour");
        world.settings.set("session.timeout", "0").expect("a known setting");
        assert_eq!(of_request(&world, &request).as_deref(), Some("node0x"), "zero is for ever");
    }

    #[test]
    fn the_node_in_the_cookie_does_not_matter_and_the_id_does() {
        let world = world();
        for (cookie, found) in
            [("node0x", true), ("node0x.node7", true), ("node0xy", false), ("node0", false)]
        {
            let id = of_request(&world, &request(&format!("JSESSIONID={cookie}")));
            assert_eq!(id.is_some(), found, "{cookie}");
        }
    }
}
