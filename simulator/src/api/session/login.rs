//! Logging in by name and password, and logging out (API-AUTH-001 to -017, -040, -041).

use std::net::IpAddr;

use super::entrance::Call;
use super::{check, key_cookie, of_request, single_sign_on};
use crate::api::authenticator::{self, Attempt};
use crate::api::caller::Caller;
use crate::api::client_address;
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::release;
use crate::api::request::Parameters;
use crate::api::response::Response;
use crate::catalog;
use crate::quirk::Quirk;
use crate::reply::{Object, Value};
use crate::world::World;
use crate::world::account::{ROOT_DOMAIN, Session, Source, Standing};
use crate::world::kind::Kind;
use crate::world::table::Id;

/// The envelope of `login`.
const LOGIN: &str = "loginresponse";
/// The envelope of `logout`.
const LOGOUT: &str = "logoutresponse";

/// Answers `login`.
pub(super) fn login(world: &mut World, call: &Call<'_>) -> Response {
    match call.request.method.as_str() {
        "HEAD" if world.sins(Quirk::UnexpectedFailuresAreEmpty) => return Response::nothing(),
        "POST" => {}
        _ if world.sins(Quirk::LoginByGet) => {}
        _ => return call.bare(405, "Please use HTTP POST to authenticate using this API"),
    }
    let form =
        world.sins(Quirk::LoginReadsTheFormAlone).then(|| call.request.form_parameters().ok()).flatten();
    let parameters = form.as_ref().unwrap_or(call.parameters);
    match authenticate(world, parameters, call.address) {
        Ok(user) => open(world, call, LOGIN, user),
        // API-AUTH-013.
        Err(_) if world.sins(Quirk::UnexpectedFailuresAreEmpty) && parameters.get("username").is_none() => {
            call.bare(531, "null")
        }
        Err(_) if world.sins(Quirk::LoginRefusalsAreAlike) => call.refused(
            world,
            LOGIN,
            &refusal(531, "Failed to authenticate user; please provide valid credentials"),
        ),
        Err(error) => call.refused(world, LOGIN, &error),
    }
}

/// Makes the session of a call live and says so (API-AUTH-004, API-AUTH-006).
pub(super) fn open(world: &mut World, call: &Call<'_>, envelope: &str, user: Id) -> Response {
    world.drop_unproven_factor(user);
    if world.sins(Quirk::LoginNeedsTheSecondFactor) && world.needs_second_factor(user) {
        return call.refused(
            world,
            envelope,
            &refusal(531, "A code for two factor authentication is required"),
        );
    }
    let mut key = world.ids.session_key();
    if world.sins(Quirk::PaddedSessionKeys) {
        key.push('=');
    }
    let (last_used, verified) = (world.now, !world.needs_second_factor(user));
    world.sessions.insert(call.session.clone(), Session { user, key: key.clone(), last_used, verified });
    let mut fields = welcome(world, user, &key);
    if world.sins(Quirk::LoginIsNested) {
        fields = Object::new().with("login", fields);
    }
    let mut response = call.succeeded(world, envelope, &fields);
    if !world.sins(Quirk::LoginSetsOneCookie) {
        response.set_cookie(key_cookie(world, &key));
    }
    response
}

/// A refusal of a login, which shows neither class nor description (API-AUTH-011).
pub(super) fn refusal(code: u16, text: impl Into<String>) -> ApiError {
    ApiError { shows_class: false, described: false, ..ApiError::api(code, text) }
}

/// Finds the user whose name, domain and password were sent (API-AUTH-003, -011, -012, -015).
fn authenticate(world: &mut World, parameters: &Parameters, address: IpAddr) -> Result<Id, ApiError> {
    let domain = login_domain(world, parameters).map_err(|(code, text)| refusal(code, text))?;
    let username = parameters.get("username").unwrap_or_default();
    let password = parameters.get("password").unwrap_or_default();
    let wrong = refusal(
        531,
        format!(
            "Failed to authenticate user {username} in domain {domain}; please provide valid credentials"
        ),
    );
    let user = world.user_by_name(username, domain);
    let is_signed = password.is_empty() && user.is_some() && single_sign_on::is_proven(world, parameters);
    if !is_signed {
        let outcome = authenticator::try_all(world, &Attempt { username, password, domain, user });
        if !outcome.accepted && !user.is_some_and(|user| tells_locked_out(world, user)) {
            if let Some(user) = user.filter(|_| outcome.counts) {
                count_failure(world, user);
            }
            return Err(told_refusal(world, user, username).unwrap_or(wrong));
        }
    }
    // A directory may have made the user just now.
    let user = world.user_by_name(username, domain).ok_or_else(|| wrong.clone())?;
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
    if !client_address::is_allowed(world, row.account, address) {
        if world.sins(Quirk::LoginHidesTheAddress) {
            return Err(wrong);
        }
        let path = world.domains.get(domain).map_or("/", |domain| domain.path.as_str());
        return Err(refusal(
            531,
            format!(
                "Failed to authenticate user '{username}' in domain '{path}' from ip {address}; please provide valid \
                 credentials"
            ),
        ));
    }
    let forgets = !world.sins(Quirk::FailedLoginsAreNeverForgotten);
    if let Some(row) = world.users.get_mut(user).filter(|_| forgets) {
        row.failed_logins = 0;
    }
    Ok(user)
}

/// The sin of telling why a password was refused.
fn told_refusal(world: &World, user: Option<Id>, username: &str) -> Option<ApiError> {
    let source = user.and_then(|user| world.users.get(user)).map(|row| row.source);
    if source.is_none() && world.sins(Quirk::LoginTellsUnknownUsers) {
        return Some(refusal(531, format!("Unable to find the user {username}")));
    }
    let is_of_directory = source == Some(Source::Directory);
    (is_of_directory && world.sins(Quirk::LoginTellsWhoRefused))
        .then(|| refusal(531, format!("The directory refuses the user {username}")))
}

/// The sin of looking at the state before the password.
fn tells_locked_out(world: &World, user: Id) -> bool {
    world.sins(Quirk::LockedOutUsersAreTold)
        && world.users.get(user).is_some_and(|row| row.standing == Standing::Disabled)
}

/// Counts a wrong password and locks the user out at the limit (API-AUTH-015).
fn count_failure(world: &mut World, user: Id) {
    let mut allowed = world.settings.number("incorrect.login.attempts.allowed");
    allowed += i64::from(world.sins(Quirk::LockOutComesOneLater));
    allowed -= i64::from(world.sins(Quirk::LockOutComesOneEarlier));
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
pub(super) fn login_domain(world: &World, parameters: &Parameters) -> Result<Id, (u16, String)> {
    let by_id =
        parameters.get("domainid").or_else(|| parameters.get("domainId")).filter(|text| !text.is_empty());
    let path_wins = world.sins(Quirk::PathsOfDomainsGoFirst) && parameters.get("domain").is_some();
    if let Some(text) = by_id.filter(|_| !path_wins) {
        let handle = uuid::Uuid::try_parse(text).ok().and_then(|uuid| world.find(uuid));
        if let Some(handle) = handle.filter(|handle| handle.kind == Kind::Domain)
            && world.domains.get(handle.id).is_some()
        {
            return Ok(handle.id);
        }
        return match text.parse::<i64>() {
            Ok(number) if number <= 0 && !world.sins(Quirk::ZeroIsNoDomain) => Ok(ROOT_DOMAIN),
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
            .filter(|_| path == completed(path) || !world.sins(Quirk::PathsOfDomainsAreExact))
            .ok_or_else(|| (531, format!("Unable to find the domain from the path {}", completed(path)))),
    }
}

pub(super) fn completed(path: &str) -> String {
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
    let needs_code = world.needs_second_factor(user);
    let tells = world.sins(Quirk::LoginTellsWhoAccepted) && row.source == Source::Directory;
    let answer = Object::new()
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
        .with("is2faenabled", flag(needs_code))
        .with("is2faverified", flag(!needs_code))
        .with("providerfor2fa", row.two_factor.factor.as_ref().map(|factor| factor.provider.name()))
        .with("issuerfor2fa", world.settings.text("user.2fa.issuer"))
        .with("managementserverid", is_admin.then_some(world.management_server))
        .with("usersource", tells.then(|| row.source.name()));
    match catalog::entity("LoginCmdResponse") {
        Some(class) => release::object_in(world.release, class, answer),
        None => answer,
    }
}

/// Answers `logout` (API-AUTH-040, API-AUTH-041).
pub(super) fn logout(world: &mut World, call: &Call<'_>) -> Response {
    let success = Object::new().with("description", "success");
    let Some(id) = of_request(world, call.request) else {
        if world.sins(Quirk::LogoutAlwaysSucceeds) {
            return call.succeeded(world, LOGOUT, &success);
        }
        let error = ApiError::parameter("Session not found for the logout process.");
        let mut response = call.refused(world, LOGOUT, &error);
        response.headers.push(("X-Description", error.text.unwrap_or_default().into()));
        return response;
    };
    if world.sins(Quirk::LogoutDemandsTheKey)
        && let Err(error) = check(world, &id, call.request, call.parameters)
    {
        return call.refused(world, LOGOUT, &error);
    }
    if world.sins(Quirk::LogoutIsGated) && world.sessions.get(&id).is_some_and(|session| !session.verified) {
        return call.refused(world, LOGOUT, &refusal(511, "Two factor authentication is required"));
    }
    if !world.sins(Quirk::LogoutKeepsTheSession) {
        world.sessions.remove(&id);
    }
    let mut response = call.succeeded(world, LOGOUT, &success);
    if world.sins(Quirk::LogoutKeepsTheCookies) {
        return response;
    }
    let lines = call.request.headers.iter().filter(|(name, _)| name == "cookie");
    let sent: Vec<&str> = lines.flat_map(|(_, line)| line.split(';')).collect();
    for (name, _) in sent.into_iter().rev().filter_map(|cookie| cookie.trim().split_once('=')) {
        response.set_cookie(format!("{name}=; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0"));
    }
    response
}
