//! Logging in through somebody else's account (API-AUTH-080, API-AUTH-082).
//!
//! Nobody can ask a provider whether a code is right here, so no such login succeeds; what can be seen is how it is
//! refused. Providers are not registered either, and their list is empty.

use super::entrance::Call;
use super::login::{login_domain, refusal};
use crate::api::envelope;
use crate::api::response::Response;
use crate::catalog;
use crate::quirk::Quirk;
use crate::reply::Reply;
use crate::world::World;

/// The envelope of `oauthlogin`.
const LOGIN: &str = "oauthloginresponse";

/// Answers `oauthlogin`.
pub(super) fn login(world: &mut World, call: &Call<'_>) -> Response {
    let filled = |name: &str| call.parameters.get(name).filter(|text| !text.is_empty());
    let (Some(_), Some(email), Some(_)) = (filled("provider"), filled("email"), filled("secretcode")) else {
        return unfit(world, call, "OAuth provider, email, secretcode any of these cannot be null");
    };
    if !world.settings.flag("oauth2.enabled") {
        return unfit(world, call, "OAuth is not enabled, users cannot login using OAuth");
    }
    let envelope = if world.sins(Quirk::OauthRefusalsNameTheLogin) { "loginresponse" } else { LOGIN };
    let domain = match login_domain(world, call.parameters) {
        Ok(domain) => domain,
        Err((code, text)) => return call.refused(world, envelope, &refusal(code, text)),
    };
    let mut owners = world.users.iter().filter(|(_, user)| {
        user.email.as_deref().is_some_and(|other| other.eq_ignore_ascii_case(email))
            && world.owner_of(user.account).domain == domain
    });
    let text = match (owners.next(), owners.next()) {
        (None, _) => {
            "User not found in CloudStack to login. If user belongs to any domain, please provide it."
                .to_owned()
        }
        (Some(_), Some(_)) => {
            "Multiple Users found in CloudStack. If user belongs to any specific domain, please \
                               provide it."
                .to_owned()
        }
        (Some((_, user)), None) => format!(
            "Failed to authenticate user {} in domain {domain}; please provide valid credentials",
            user.username
        ),
    };
    call.refused(world, envelope, &refusal(531, text))
}

/// A refusal that the recorded server does not get to tell (API-HTTP-027).
fn unfit(world: &World, call: &Call<'_>, text: &str) -> Response {
    if world.sins(Quirk::UnexpectedFailuresAreEmpty) {
        return Response::nothing();
    }
    call.refused(world, LOGIN, &refusal(531, text))
}

/// Answers `listOauthProvider`, which asks for no credentials.
pub(super) fn list_providers(world: &mut World, call: &Call<'_>) -> Response {
    match catalog::command("listOauthProvider") {
        Some(command) => call.answered(envelope::reply(&call.style(world), command, Reply::all(Vec::new()))),
        None => Response::nothing(),
    }
}
