//! Who sent a request: the decision table of signed calls, in its order (API-SIG-040).

use std::net::IpAddr;

use super::access;
use super::caller::Caller;
use super::client_address;
use super::command;
use super::error::{ApiError, GENERIC};
use super::request::{Parameters, Request};
use super::signature;
use crate::quirk::Quirk;
use crate::release::Release;
use crate::world::World;
use crate::world::account::{KeyAccess, Standing, User};
use crate::world::clock::{Moment, parse_compact_expires, parse_expires};

/// How far ahead `expires` may lie while POST and time stamps are enforced (API-SIG-023).
const ENFORCED_WINDOW_MILLIS: i64 = 15 * 60 * 1000;

/// The command that anybody may call, in any letter case (API-REQ-008), where the release has it.
const THEMES: &str = "listGuiThemes";

/// Decides who sent a signed call.
///
/// # Errors
///
/// The generic 401, or what [`require_access`] refuses with.
pub fn signed(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
    address: IpAddr,
) -> Result<Caller, ApiError> {
    let generic = || ApiError::unauthorized(GENERIC);
    let name = parameters.get("command").ok_or_else(generic)?;
    if name.eq_ignore_ascii_case(THEMES) && command::known(world, THEMES).is_some() {
        return Ok(Caller::SYSTEM);
    }
    let command = command::known(world, name);
    if command.is_none() && !world.sins(Quirk::UnknownCommandsAreTold) {
        return Err(generic());
    }
    if parameters.get_ignoring_case("signature").is_none() && world.sins(Quirk::UnsignedCallsPass) {
        return Ok(Caller::SYSTEM);
    }
    let signature = parameters.get_ignoring_case("signature").ok_or_else(generic)?;
    let api_key = if world.sins(Quirk::KeysHaveOneSpelling) {
        parameters.get("apiKey")
    } else {
        parameters.get_ignoring_case("apikey")
    };
    let api_key = api_key.ok_or_else(generic)?;
    if world.sins(Quirk::TwoSpellingsAreRefused) && parameters.spellings("apikey") > 1 {
        return Err(generic());
    }
    if !is_current(world, parameters) {
        return Err(generic());
    }
    let (id, user) = world.user_by_api_key(api_key).ok_or_else(|| {
        let tells = world.sins(Quirk::RefusalsTellWhy);
        ApiError::unauthorized(if tells { "unable to find the user of this API key" } else { GENERIC })
    })?;
    let caller = Caller::of_user(world, id).ok_or_else(generic)?;
    if !is_enabled(world, caller, user) || !keys_may_be_used(world, caller, user) {
        return Err(generic());
    }
    let secret = user.secret_key.clone();
    let signature_first = world.sins(Quirk::SignatureGoesFirst);
    if !signature_first {
        require_access(world, caller, name, parameters, address)?;
    }
    let secret = secret.ok_or_else(generic)?;
    let query = world.sins(Quirk::FormsAreNotSigned).then(|| request.query_parameters().ok()).flatten();
    if world.sins(Quirk::SecondFactorForKeys) && world.needs_second_factor(id) {
        return Err(generic());
    }
    let canonical = signature::canonical(query.as_ref().unwrap_or(parameters), &world.quirks);
    let honest = signature::verify(&canonical, &secret, signature, &world.quirks);
    if !honest && !world.sins(Quirk::AcceptAnySignature) {
        return Err(generic());
    }
    if signature_first {
        require_access(world, caller, name, parameters, address)?;
    }
    Ok(caller)
}

/// Refuses what a known caller may not do: from this address, this often, this command (rows 11a
/// to 11d), in this order.
///
/// # Errors
///
/// The generic 401 for the address, 429 for the limit (API-LIM-002), 432 for the role.
pub fn require_access(
    world: &mut World,
    caller: Caller,
    name: &str,
    parameters: &Parameters,
    address: IpAddr,
) -> Result<(), ApiError> {
    if !client_address::is_allowed(world, caller.account, address) {
        return Err(ApiError::unauthorized(GENERIC));
    }
    count(world, caller, name)?;
    access::require_allowed(world, caller, name, parameters)
}

/// Counts a call for the rate limit (API-LIM-001). `listApis` is one call like any other (API-LIM-004).
fn count(world: &mut World, caller: Caller, name: &str) -> Result<(), ApiError> {
    let is_exempt = caller.is_root_admin() && !world.sins(Quirk::AdministratorsAreLimited);
    if !world.is_throttled() || is_exempt {
        return Ok(());
    }
    let counted = if world.sins(Quirk::LimitsArePerUser) { caller.user } else { caller.account };
    let each_command = name == "listApis" && world.sins(Quirk::ListApisCountsEachCommand);
    let calls = if each_command { world.calls_allowed().max(1) } else { 1 };
    world.count_calls(counted, calls).map_err(|reached| {
        let code = if world.sins(Quirk::LimitAnswers503) { 503 } else { 429 };
        let text = format!(
            "The given user has reached his/her account api limit, please retry after [{}] ms.",
            reached.0
        );
        ApiError::api(code, text)
    })
}

/// Whether the request is still in time (API-SIG-020 to -023). Only version 3 expires, and it
/// expires strictly before now.
fn is_current(world: &World, parameters: &Parameters) -> bool {
    let enforced = world.settings.flag("enforce.post.requests.and.timestamps");
    let version = parameters.get_ignoring_case("signatureversion");
    if world.sins(Quirk::UnknownVersionsAreRefused) && version.is_some_and(|version| version != "3") {
        return false;
    }
    let is_dated = version == Some("3")
        || world.sins(Quirk::ExpiryWithoutVersion) && parameters.get_ignoring_case("expires").is_some();
    if !is_dated {
        return !enforced || world.sins(Quirk::EnforcedTimeStampsMayLack);
    }
    if world.sins(Quirk::IgnoreExpiry) {
        return true;
    }
    let readable = |text: &&str| !(world.sins(Quirk::ExpiryOnlyByOffset) && text.ends_with(['Z', 'z']));
    let expires = parameters.get_ignoring_case("expires").filter(readable);
    let Some(expires) = expires.and_then(|text| read_expires(world, text)) else {
        return world.sins(Quirk::MissingExpiryPasses);
    };
    let grace = if world.sins(Quirk::GraceOnExpiry) { 300_000 } else { 0 };
    let is_limited =
        enforced && !world.sins(Quirk::EnforcedExpiryIsUnlimited) || world.sins(Quirk::ExpiryIsAlwaysLimited);
    expires.plus_millis(grace) >= world.now
        && !(is_limited && expires > world.now.plus_millis(ENFORCED_WINDOW_MILLIS))
}

fn read_expires(world: &World, text: &str) -> Option<Moment> {
    // Before 4.13 one form was known (section 9 of the protocol).
    if world.release < Release::new(13, 0) {
        return parse_compact_expires(text);
    }
    let honest = parse_expires(text);
    if world.sins(Quirk::BlanksInExpiryBecomePlus) {
        return honest.or_else(|| parse_expires(&text.replace(' ', "+")));
    }
    if world.sins(Quirk::ZonelessExpiryPasses) {
        return honest.or_else(|| parse_expires(&format!("{text}Z")));
    }
    honest
}

/// Whether user and account may act.
#[must_use]
pub fn is_enabled(world: &World, caller: Caller, user: &User) -> bool {
    if world.sins(Quirk::DisabledUsersMayCall) {
        return true;
    }
    user.standing == Standing::Enabled
        && world.accounts.get(caller.account).is_some_and(|account| account.standing == Standing::Enabled)
}

/// Whether the user's keys may be used: the user's word, else the account's, else the setting in the domain.
fn keys_may_be_used(world: &World, caller: Caller, user: &User) -> bool {
    let account = world.accounts.get(caller.account).map_or(KeyAccess::Inherit, |account| account.key_access);
    let words = match world.sins(Quirk::AccountKeyAccessGoesFirst) {
        true => [account, user.key_access],
        false => [user.key_access, account],
    };
    let domain_is_heard = !world.sins(Quirk::DomainKeyAccessIsIgnored);
    match words.into_iter().find(|word| *word != KeyAccess::Inherit) {
        _ if world.sins(Quirk::KeyAccessIsIgnored) => true,
        Some(word) => word == KeyAccess::Enabled,
        None if domain_is_heard => world.domain_flag("api.key.access", caller.domain),
        None => world.settings.flag("api.key.access"),
    }
}
