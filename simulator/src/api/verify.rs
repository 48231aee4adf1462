//! Who sent a request: the decision table of signed calls, in its order (API-SIG-040).

use super::access;
use super::caller::Caller;
use super::error::{ApiError, GENERIC};
use super::request::{Parameters, Request};
use super::signature;
use crate::catalog;
use crate::quirk::Quirk;
use crate::world::World;
use crate::world::account::{KeyAccess, Standing, User};
use crate::world::clock::parse_expires;

/// How far ahead `expires` may lie while POST and time stamps are enforced (API-SIG-023).
const ENFORCED_WINDOW_MILLIS: i64 = 15 * 60 * 1000;

/// Decides who sent a signed call.
///
/// # Errors
///
/// The generic 401, or 432 where the role has no such command.
pub fn signed(world: &World, request: &Request, parameters: &Parameters) -> Result<Caller, ApiError> {
    let generic = || ApiError::unauthorized(GENERIC);
    let name = parameters.get("command").ok_or_else(generic)?;
    if name.eq_ignore_ascii_case("listGuiThemes") {
        return Ok(Caller::SYSTEM);
    }
    let command = catalog::command(name);
    if command.is_none() && !world.sins(Quirk::UnknownCommandsAreTold) {
        return Err(generic());
    }
    if parameters.get_ignoring_case("signature").is_none() && world.sins(Quirk::UnsignedCallsPass) {
        return Ok(Caller::SYSTEM);
    }
    let signature = parameters.get_ignoring_case("signature").ok_or_else(generic)?;
    let api_key = parameters.get_ignoring_case("apikey").ok_or_else(generic)?;
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
    require_allowed(world, caller, name)?;
    let secret = user.secret_key.as_deref().ok_or_else(generic)?;
    let query = world.sins(Quirk::FormsAreNotSigned).then(|| request.query_parameters().ok()).flatten();
    let canonical = signature::canonical(query.as_ref().unwrap_or(parameters), &world.quirks);
    let honest = signature::verify(&canonical, secret, signature, &world.quirks);
    if honest || world.sins(Quirk::AcceptAnySignature) { Ok(caller) } else { Err(generic()) }
}

/// Refuses a command that the caller's role does not allow.
///
/// # Errors
///
/// 432 in `errorresponse` (API-ACL-003).
pub fn require_allowed(world: &World, caller: Caller, name: &str) -> Result<(), ApiError> {
    if access::allows(world, caller, name, catalog::command(name)) || world.sins(Quirk::RolesAreIgnored) {
        return Ok(());
    }
    let uuid = world.users.get(caller.user).map(|user| user.uuid).unwrap_or_default();
    Err(ApiError::api(
        432,
        format!("The API [{name}] does not exist or is not available for the account for user id [{uuid}]."),
    ))
}

/// Whether the request is still in time (API-SIG-020 to -023). Only version 3 expires, and it
/// expires strictly before now.
fn is_current(world: &World, parameters: &Parameters) -> bool {
    let enforced = world.settings.flag("enforce.post.requests.and.timestamps");
    let is_dated = parameters.get_ignoring_case("signatureversion") == Some("3")
        || world.sins(Quirk::ExpiryWithoutVersion) && parameters.get_ignoring_case("expires").is_some();
    if !is_dated {
        return !enforced;
    }
    if world.sins(Quirk::IgnoreExpiry) {
        return true;
    }
    let readable = |text: &&str| !(world.sins(Quirk::ExpiryOnlyByOffset) && text.ends_with(['Z', 'z']));
    let expires = parameters.get_ignoring_case("expires").filter(readable);
    let Some(expires) = expires.and_then(parse_expires) else {
        return world.sins(Quirk::MissingExpiryPasses);
    };
    let grace = if world.sins(Quirk::GraceOnExpiry) { 300_000 } else { 0 };
    expires.plus_millis(grace) >= world.now
        && !(enforced && expires > world.now.plus_millis(ENFORCED_WINDOW_MILLIS))
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

/// Whether the user's keys may be used: the user's word, else the account's, else the setting.
fn keys_may_be_used(world: &World, caller: Caller, user: &User) -> bool {
    let account = world.accounts.get(caller.account).map_or(KeyAccess::Inherit, |account| account.key_access);
    match (user.key_access, account) {
        (KeyAccess::Enabled, _) | (KeyAccess::Inherit, KeyAccess::Enabled) => true,
        (KeyAccess::Disabled, _) | (KeyAccess::Inherit, KeyAccess::Disabled) => false,
        (KeyAccess::Inherit, KeyAccess::Inherit) => world.settings.flag("api.key.access"),
    }
}
