//! The second factor: what a session may do before its code was seen, and the code itself (API-AUTH-060 to -068).
//!
//! Signed calls are never asked for it (API-SIG-045). Setting one up is a command like others, in
//! [`crate::api::command`].

use crate::api::envelope::{self, Format};
use crate::api::error::{ApiError, Fault};
use crate::api::request::Port;
use crate::catalog;
use crate::quirk::Quirk;
use crate::reply::Reply;
use crate::world::World;
use crate::world::two_factor::Tried;

/// The command that shows a code.
pub const VALIDATE: &str = "validateUserTwoFactorAuthenticationCode";

/// What a session may call before its code was seen (API-AUTH-061).
const OPEN: [&str; 5] = [
    VALIDATE,
    "listIdps",
    "listApis",
    "listUserTwoFactorAuthenticatorProviders",
    "setupUserTwoFactorAuthentication",
];

const BEGINNING: &str = "Unable to process the API request due to :";
const UNVERIFIED: &str = "Two factor authentication 2FA is enabled but not verified, please verify 2FA using \
                          validateUserTwoFactorAuthenticationCode API before calling other APIs. Existing session is \
                          invalidated.";
const NOT_SET_UP: &str = "Two factor authentication is mandated by admin, user needs to setup 2FA using \
                          setupUserTwoFactorAuthentication API and then verify 2FA using \
                          validateUserTwoFactorAuthenticationCode API before calling other APIs. Existing session is \
                          invalidated.";

/// Lets a call of a session pass, or not.
///
/// # Errors
///
/// 511, after which the session is gone.
pub fn gate(world: &mut World, id: &str, name: &str) -> Result<(), ApiError> {
    let Some(session) = world.sessions.get(id).filter(|session| !session.verified) else { return Ok(()) };
    let user = session.user;
    let waits = world.sins(Quirk::UnknownCommandsGoBeforeTheGate) && catalog::command(name).is_none();
    if waits || OPEN.contains(&name) && !world.sins(Quirk::NothingIsOpenBeforeTheCode) {
        return Ok(());
    }
    if !world.sins(Quirk::UnverifiedSessionsLiveOn) {
        world.sessions.remove(id);
    }
    if world.sins(Quirk::MissingCodesAre401) {
        return Err(ApiError::unauthorized(super::SESSION));
    }
    let is_set_up = world.users.get(user).is_some_and(|row| row.two_factor.factor.is_some());
    let text =
        if is_set_up || world.sins(Quirk::OneTextForTheSecondFactor) { UNVERIFIED } else { NOT_SET_UP };
    Err(silent(Fault::TwoFactor, format!("{BEGINNING}{text}")))
}

/// What came of a code.
#[derive(Debug)]
pub enum Outcome {
    /// It is right; this is the answer, if the session key is right too (API-AUTH-065).
    Right(String),
    /// It is refused.
    Refused(ApiError),
    /// The user has no factor (API-AUTH-067).
    Nothing,
}

/// Tries the code that a session shows.
pub fn validate(world: &mut World, id: &str, code: Option<&str>, format: Format) -> Outcome {
    let Some(user) = world.sessions.get(id).map(|session| session.user) else { return Outcome::Nothing };
    let Some(command) = catalog::command(VALIDATE) else { return Outcome::Nothing };
    let Some(code) = code.filter(|code| !code.is_empty()) else {
        if world.sins(Quirk::MissingCodesAreWrong) {
            return Outcome::Refused(ApiError::new(Fault::TwoFactor, WRONG));
        }
        return Outcome::Refused(ApiError::api(531, "Code for two factor authentication is required"));
    };
    match world.try_second_factor(user, code) {
        Tried::Nothing => Outcome::Nothing,
        Tried::Right => {
            let all = world.sins(Quirk::CodesVerifyTheUser);
            let forgets = world.sins(Quirk::CodesVerifyNothing);
            let sessions: Vec<String> = world
                .sessions
                .iter()
                .filter(|(other, session)| *other == id || all && session.user == user)
                .map(|(other, _)| other.clone())
                .collect();
            for other in sessions {
                if let Some(session) = world.sessions.get_mut(&other).filter(|_| !forgets) {
                    session.verified = true;
                }
            }
            let style = crate::api::style(world, format, None, Port::Main);
            Outcome::Right(envelope::reply(&style, command, Reply::SUCCESS))
        }
        tried @ (Tried::Wrong | Tried::Cancelled) => {
            if tried == Tried::Wrong && !world.sins(Quirk::WrongCodesKeepTheSession) {
                world.sessions.remove(id);
            }
            // What is refused is told in a document of its own, which then is the text of the refusal (API-AUTH-064).
            let inner = silent(Fault::TwoFactor, WRONG);
            let text = if world.sins(Quirk::WrongCodesAreToldPlainly) {
                WRONG.to_owned()
            } else {
                let style = crate::api::style(world, format, None, Port::Main);
                envelope::error(&style, command.error_name(), &inner)
            };
            Outcome::Refused(ApiError::new(Fault::TwoFactor, text))
        }
    }
}

const WRONG: &str = "two-factor authentication code provided is invalid";

/// A refusal without class or description.
fn silent(fault: Fault, text: impl Into<String>) -> ApiError {
    ApiError { shows_class: false, described: false, ..ApiError::new(fault, text) }
}
