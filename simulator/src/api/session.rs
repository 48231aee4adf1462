//! Sessions: logging in and out, and calls that bring a session instead of a signature
//! (API-AUTH-001 to -042).

use super::authenticator::{self, Attempt};
use super::caller::Caller;
use super::envelope::{self, Format, Style};
use super::error::{ApiError, SESSION};
use super::listing;
use super::request::{Parameters, Request};
use super::response::{Response, content_type};
use super::verify;
use crate::quirk::Quirk;
use crate::reply::{Object, Value};
use crate::world::World;
use crate::world::account::{ROOT_DOMAIN, Session, Standing};
use crate::world::table::Id;

/// The cookie of the container.
const CONTAINER_COOKIE: &str = "JSESSIONID";

/// The live session that a request brings, by its id without the node suffix. A dead or unknown
/// one is as good as none (API-AUTH-033).
#[must_use]
pub fn of_request(world: &World, request: &Request) -> Option<String> {
    let cookie = request.cookie(CONTAINER_COOKIE)?;
    let id = cookie.split_once('.').map_or(cookie, |(id, _)| id);
    let session = world.sessions.get(id)?;
    let lives_millis = world.settings.number("session.timeout").saturating_mul(60_000);
    (session.last_used.plus_millis(lives_millis) > world.now).then(|| id.to_owned())
}

/// Whether a request brings a session, living or not.
#[must_use]
pub fn is_claimed(request: &Request) -> bool {
    request.cookie(CONTAINER_COOKIE).is_some()
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
    match &verdict {
        Ok(_) => {
            let now = world.now;
            if let Some(session) = world.sessions.get_mut(id) {
                session.last_used = now;
            }
        }
        Err(_) if world.sins(Quirk::SessionsSurviveABadKey) => {}
        Err(_) => {
            world.sessions.remove(id);
        }
    }
    verdict
}

fn check(world: &World, id: &str, request: &Request, parameters: &Parameters) -> Result<Caller, ApiError> {
    let refused = || ApiError::unauthorized(SESSION);
    let session = world.sessions.get(id).ok_or_else(refused)?;
    let by_parameter = parameters.get("sessionkey");
    let by_cookie = request.cookie("sessionkey");
    let matches = |key: Option<&str>| key == Some(session.key.as_str());
    let accepted = match world.settings.text("api.sessionkey.check.locations") {
        "ParameterOnly" => matches(by_parameter) && (by_cookie.is_none() || matches(by_cookie)),
        "CookieOrParameter" => {
            (by_parameter.is_some() || by_cookie.is_some())
                && (by_parameter.is_none() || matches(by_parameter))
                && (by_cookie.is_none() || matches(by_cookie))
        }
        _ if world.sins(Quirk::SessionKeyByCookieAlone) => matches(by_cookie),
        _ if world.sins(Quirk::SessionKeyByParameterAlone) => matches(by_parameter),
        _ => matches(by_parameter) && matches(by_cookie),
    };
    if !accepted {
        return Err(refused());
    }
    let user = world.users.get(session.user).ok_or_else(refused)?;
    let caller = Caller::of_user(world, session.user).ok_or_else(refused)?;
    if verify::is_enabled(world, caller, user) { Ok(caller) } else { Err(refused()) }
}

/// Answers `login`.
pub fn login(world: &mut World, request: &Request, parameters: &Parameters, format: Format) -> Response {
    let json = format == Format::Json;
    let content_type = content_type(json, request.port);
    // A login ends the session that came with it, even if it fails (API-AUTH-010).
    if let Some(id) = of_request(world, request)
        && !world.sins(Quirk::LoginKeepsTheOldSession)
    {
        world.sessions.remove(&id);
    }
    let id = format!("node0{:016x}{:08x}", world.ids.number(), world.ids.number() >> 32);
    let container_cookie = ("Set-Cookie", format!("{CONTAINER_COOKIE}={id}.node0; Path=/client"));
    if request.method != "POST" && !world.sins(Quirk::LoginByGet) {
        let text = "Please use HTTP POST to authenticate using this API";
        return Response::servlet(405, vec![container_cookie], content_type, text.as_bytes().to_vec());
    }
    let style = Style { format, version: None, root_admin: false, quirks: world.quirks };
    let form = world.sins(Quirk::LoginReadsTheFormAlone).then(|| request.form_parameters().ok()).flatten();
    match authenticate(world, form.as_ref().unwrap_or(parameters)) {
        Ok(user) => {
            let mut key = world.ids.session_key();
            if world.sins(Quirk::PaddedSessionKeys) {
                key.push('=');
            }
            let last_used = world.now;
            world.sessions.insert(id, Session { user, key: key.clone(), last_used });
            let same_site = match world.settings.text("api.sessionkey.cookie.samesite") {
                "Strict" => "SameSite=Strict",
                "NoneAndSecure" => "SameSite=None;Secure",
                "Null" => "",
                _ => "SameSite=Lax",
            };
            let http_only = if world.sins(Quirk::SessionCookieForScripts) { "" } else { "HttpOnly;" };
            let key_cookie = ("Set-Cookie", format!("sessionkey={key};{http_only}{same_site}"));
            let mut answer = welcome(world, user, &key);
            if world.sins(Quirk::LoginIsNested) {
                answer = Object::new().with("login", answer);
            }
            let body = envelope::inline(&style, "loginresponse", &answer);
            let mut cookies = vec![container_cookie, key_cookie];
            if world.sins(Quirk::LoginSetsOneCookie) {
                cookies.pop();
            }
            let mut response = Response::servlet(200, cookies, content_type, body.into_bytes());
            response.headers.push(("Vary", "Accept-Encoding, User-Agent".to_owned()));
            response
        }
        Err(error) => {
            let body = envelope::error(&style, "loginresponse", &error);
            Response::servlet(error.code(), vec![container_cookie], content_type, body.into_bytes())
        }
    }
}

/// Finds the user whose name, domain and password were sent (API-AUTH-003, -011, -012, -015).
fn authenticate(world: &mut World, parameters: &Parameters) -> Result<Id, ApiError> {
    let refusal = |code: u16, text: String| ApiError {
        shows_class: false,
        described: false,
        ..ApiError::api(code, text)
    };
    let domain = login_domain(world, parameters).map_err(|(code, text)| refusal(code, text))?;
    let username = parameters.get("username").unwrap_or_default();
    let password = parameters.get("password").unwrap_or_default();
    let wrong = refusal(
        531,
        format!(
            "Failed to authenticate user {username} in domain {domain}; please provide valid credentials"
        ),
    );
    let candidates: Vec<Id> = world
        .users
        .iter()
        .filter(|(id, user)| {
            *id != crate::world::account::SYSTEM
                && user.username.eq_ignore_ascii_case(username)
                && world.accounts.get(user.account).is_some_and(|account| account.domain == domain)
        })
        .map(|(id, _)| id)
        .collect();
    let Some(user) = candidates.first().copied() else {
        if world.sins(Quirk::LoginTellsUnknownUsers) {
            return Err(refusal(531, format!("Unable to find the user {username}")));
        }
        return Err(wrong);
    };
    let attempt = Attempt { world, user, password };
    if password.is_empty() || !authenticator::accepts(&attempt) {
        count_failure(world, user);
        return Err(wrong);
    }
    let row = world.users.get(user).ok_or_else(|| wrong.clone())?;
    let account_enabled =
        world.accounts.get(row.account).is_some_and(|account| account.standing == Standing::Enabled);
    if row.standing != Standing::Enabled || !account_enabled {
        let account =
            world.accounts.get(row.account).map(|account| account.name.as_str()).unwrap_or_default();
        let domain = listing::domain_dump(world, domain);
        return Err(refusal(
            531,
            format!(
                "User UserAccount {{\"accountName\":\"{account}\",\"id\":{user},\"username\":\"{username}\"}}. (or \
                 their account) in domain {domain} is disabled/locked. Please contact the administrator."
            ),
        ));
    }
    if let Some(row) = world.users.get_mut(user) {
        row.failed_logins = 0;
    }
    Ok(user)
}

/// Counts a wrong password and locks the user out at the limit (API-AUTH-015).
fn count_failure(world: &mut World, user: Id) {
    let allowed = world.settings.number("incorrect.login.attempts.allowed");
    if let Some(row) = world.users.get_mut(user)
        && row.standing == Standing::Enabled
    {
        row.failed_logins += 1;
        if allowed > 0 && i64::from(row.failed_logins) >= allowed {
            row.standing = Standing::Disabled;
        }
    }
}

/// The domain that a login names: by identifier or number, by path, or ROOT.
fn login_domain(world: &World, parameters: &Parameters) -> Result<Id, (u16, String)> {
    let by_id =
        parameters.get("domainid").or_else(|| parameters.get("domainId")).filter(|text| !text.is_empty());
    if let Some(text) = by_id {
        if let Some(handle) = uuid::Uuid::try_parse(text).ok().and_then(|uuid| world.find(uuid)) {
            return Ok(handle.id);
        }
        return match text.parse::<i64>() {
            Ok(number) if number <= 0 => Ok(ROOT_DOMAIN),
            Ok(number) => u64::try_from(number)
                .ok()
                .filter(|id| world.domains.get(*id).is_some())
                .ok_or_else(|| (531, "Unable to find the domain from the path null".to_owned())),
            Err(_) => Err((401, "Invalid domain id entered, please enter a valid one".to_owned())),
        };
    }
    match parameters.get("domain") {
        None => Ok(ROOT_DOMAIN),
        Some(path) => world
            .domain_by_path(path)
            .ok_or_else(|| (531, format!("Unable to find the domain from the path {}", completed(path)))),
    }
}

fn completed(path: &str) -> String {
    let front = if path.starts_with('/') { "" } else { "/" };
    let back = if path.ends_with('/') { "" } else { "/" };
    format!("{front}{path}{back}")
}

/// What a successful login answers (API-AUTH-004): texts, but for the time-out.
fn welcome(world: &World, user: Id, key: &str) -> Object {
    let Some(row) = world.users.get(user) else { return Object::new() };
    let account = world.accounts.get(row.account);
    let domain = account.and_then(|account| world.domains.get(account.domain));
    let is_admin = Caller::of_user(world, user).is_some_and(Caller::is_root_admin);
    let typed = world.sins(Quirk::LoginValuesAreTyped);
    let number = |value: i64| if typed { Value::from(value) } else { Value::from(value.to_string()) };
    let flag = |value: bool| if typed { Value::Flag(value) } else { Value::from(value.to_string()) };
    Object::new()
        .with("username", &row.username)
        .with("userid", row.uuid)
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("timeout", world.settings.number("session.timeout").saturating_mul(60))
        .with("account", account.map(|account| account.name.as_str()))
        .with("firstname", &row.firstname)
        .with("lastname", &row.lastname)
        .with("type", account.map(|account| number(account.account_type.number().into())))
        .with("timezone", row.timezone.as_deref().unwrap_or("UTC"))
        .with("timezoneoffset", "0.0")
        .with("registered", flag(false))
        .with("sessionkey", key)
        .with("is2faenabled", flag(false))
        .with("is2faverified", flag(true))
        .with("issuerfor2fa", "CloudStack")
        .with("managementserverid", is_admin.then_some(world.management_server))
}

/// Answers `logout` (API-AUTH-040, API-AUTH-041).
pub fn logout(world: &mut World, request: &Request, parameters: &Parameters, format: Format) -> Response {
    let content_type = content_type(format == Format::Json, request.port);
    let style = Style { format, version: None, root_admin: false, quirks: world.quirks };
    let success = Object::new().with("description", "success");
    let Some(id) = of_request(world, request) else {
        if world.sins(Quirk::LogoutAlwaysSucceeds) {
            let body = envelope::inline(&style, "logoutresponse", &success);
            return Response::servlet(200, Vec::new(), content_type, body.into_bytes());
        }
        let error = ApiError::parameter("Session not found for the logout process.");
        let body = envelope::error(&style, "logoutresponse", &error);
        let mut response = Response::servlet(error.code(), Vec::new(), content_type, body.into_bytes());
        response.headers.push(("X-Description", error.text.unwrap_or_default()));
        return response;
    };
    if world.sins(Quirk::LogoutDemandsTheKey)
        && let Err(error) = check(world, &id, request, parameters)
    {
        let body = envelope::error(&style, "logoutresponse", &error);
        return Response::servlet(error.code(), Vec::new(), content_type, body.into_bytes());
    }
    let key = world.sessions.get(&id).map(|session| session.key.clone()).unwrap_or_default();
    if !world.sins(Quirk::LogoutKeepsTheSession) {
        world.sessions.remove(&id);
    }
    let mut cookies = vec![("Set-Cookie", format!("sessionkey={key};HttpOnly;SameSite=Lax"))];
    for (name, value) in &request.headers {
        if name == "cookie" {
            for cookie in value.split(';').filter_map(|cookie| cookie.trim().split_once('=')) {
                cookies.push((
                    "Set-Cookie",
                    format!("{}=; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0", cookie.0),
                ));
            }
        }
    }
    let body = envelope::inline(&style, "logoutresponse", &success);
    let mut response = Response::servlet(200, cookies, content_type, body.into_bytes());
    response.headers.push(("Vary", "Accept-Encoding, User-Agent".to_owned()));
    response
}
