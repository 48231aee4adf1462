//! Forgotten passwords (API-AUTH-090).
//!
//! A token is made and nobody is told: there is no mail here. Both commands answer as upstream means to. What was
//! recorded is the accident that they meet without a mail server, and is played on request (API-HTTP-027).

use super::entrance::Call;
use super::login::{completed, refusal};
use crate::api::envelope;
use crate::api::response::Response;
use crate::catalog;
use crate::quirk::Quirk;
use crate::reply::Reply;
use crate::world::World;
use crate::world::account::{ROOT_DOMAIN, ResetToken, Standing};
use crate::world::password::Password;
use crate::world::table::Id;

/// The envelope of `forgotPassword`.
const FORGOT: &str = "forgotpasswordresponse";
/// The envelope of `resetPassword`.
const RESET: &str = "resetpasswordresponse";
const NAMELESS: &str = "Password reset needs the name of a user";

/// Answers `forgotPassword`: alike, whether there is such a user or not.
pub(super) fn forgot_password(world: &mut World, call: &Call<'_>) -> Response {
    let accident = world.sins(Quirk::UnexpectedFailuresAreEmpty);
    let Some(username) = call.parameters.get("username") else {
        return if accident {
            call.bare(531, "null")
        } else {
            call.refused(world, FORGOT, &refusal(531, NAMELESS))
        };
    };
    let user = forgetful(world, call, username);
    if let Some(user) = user {
        let token = world.ids.uuid();
        let lives = world.settings.number("user.password.reset.ttl").saturating_mul(60);
        let until = world.now.plus_seconds(lives);
        if let Some(row) = world.users.get_mut(user) {
            row.reset_token = Some(ResetToken { token, until });
        }
    } else if world.sins(Quirk::ForgottenUsersAreTold) {
        return call.refused(world, FORGOT, &refusal(531, format!("Unable to find the user {username}")));
    }
    if accident { Response::nothing() } else { succeeded(world, call, "forgotPassword") }
}

/// Answers `resetPassword`.
pub(super) fn reset_password(world: &mut World, call: &Call<'_>) -> Response {
    let sent = call.parameters.get("token");
    let token = sent.and_then(|token| uuid::Uuid::try_parse(token).ok());
    let username = call.parameters.get("username");
    if world.sins(Quirk::UnexpectedFailuresAreEmpty) {
        return match (sent, token, username) {
            (Some(_), None, _) => call.bare(431, "Invalid token"),
            (Some(_), Some(_), None) => call.bare(531, "null"),
            _ => Response::nothing(),
        };
    }
    let now = world.now;
    let password = call.parameters.get("password").filter(|password| !password.is_empty());
    let user = username.and_then(|username| forgetful(world, call, username));
    let is_good = |known: ResetToken| Some(known.token) == token && known.until > now;
    let holds = |world: &World, id| world.users.get(id).and_then(|row| row.reset_token).is_some_and(is_good);
    if let (Some(user), Some(password)) = (user.filter(|id| holds(world, *id)), password) {
        let stored = world.encoded(&Password::Chosen(password.to_owned()));
        if let Some(row) = world.users.get_mut(user) {
            row.reset_token = None;
            row.stored = stored;
            row.printed = None;
        }
        return succeeded(world, call, "resetPassword");
    }
    call.refused(world, RESET, &refusal(531, "Failed to reset password for user, check your inputs"))
}

/// The user who may have forgotten a password: enabled, and with an address.
fn forgetful(world: &World, call: &Call<'_>, username: &str) -> Option<Id> {
    let domain = match call.parameters.get("domain") {
        Some(path) => world.domain_by_path(&completed(path))?,
        None => ROOT_DOMAIN,
    };
    let found = world.users.iter().find(|(_, user)| {
        user.username.eq_ignore_ascii_case(username) && world.owner_of(user.account).domain == domain
    });
    let (id, user) = found?;
    (user.standing == Standing::Enabled && user.email.is_some()).then_some(id)
}

fn succeeded(world: &World, call: &Call<'_>, name: &str) -> Response {
    match catalog::command(name) {
        Some(command) => call.answered(envelope::reply(&call.style(world), command, Reply::SUCCESS)),
        None => Response::nothing(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::api::envelope::Format;
    use crate::api::request::{Parameters, Port, Request};
    use crate::world::account::ADMIN;
    use crate::world::clock::Moment;
    use crate::world::preset;

    fn ask(
        world: &mut World,
        run: fn(&mut World, &Call<'_>) -> Response,
        pairs: &[(&str, &str)],
    ) -> (u16, String) {
        let request = Request {
            port: Port::Main,
            method: "POST".to_owned(),
            target: "/client/api".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            needs_host: false,
            peer: IpAddr::from([127, 0, 0, 1]),
        };
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let parameters = Parameters::from_pairs(pairs);
        let call = Call {
            request: &request,
            parameters: &parameters,
            format: Format::Json,
            session: String::new(),
            address: IpAddr::from([127, 0, 0, 1]),
        };
        let response = run(world, &call);
        (response.status, String::from_utf8_lossy(&response.body).into_owned())
    }

    #[test]
    fn the_token_sets_a_new_password_once() {
        let mut world = preset::install(1, Moment(0));
        let (status, body) = ask(&mut world, forgot_password, &[("username", "admin")]);
        assert_eq!((status, body.as_str()), (200, r#"{"forgotpasswordresponse":{"success":true}}"#));
        let nobody = ask(&mut world, forgot_password, &[("username", "nobody")]);
        assert_eq!(nobody, (status, body));
        let token =
            world.users.get(ADMIN).and_then(|row| row.reset_token).expect("a token").token.to_string();
        let wrong = uuid::Uuid::nil().to_string();
        for (token, expected) in [(&wrong, 531), (&token, 200), (&token, 531)] {
            let pairs = [("username", "admin"), ("token", token.as_str()), ("password", "new")];
            assert_eq!(ask(&mut world, reset_password, &pairs).0, expected, "{token}");
        }
    }
}
