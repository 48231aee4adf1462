//! Which requests may have to ask a directory before they can be answered; see [`crate::world::errand`].

use super::request::Request;
use super::response::Response;
use crate::world::World;
use crate::world::errand::{Errands, Finding, Question};

/// The commands that ask although no directory is configured yet: they try the one that they are told.
const ALWAYS: [&str; 2] = ["addLdapConfiguration", "ldapConfig"];
/// The commands that ask where there is a directory. Names of logins are matched in any case (API-AUTH-001).
const CONFIGURED: [&str; 7] = [
    "login",
    "listLdapUsers",
    "searchLdap",
    "importLdapUsers",
    "ldapCreateAccount",
    "linkDomainToLdap",
    "linkAccountToLdap",
];

/// How far a request has come.
#[derive(Debug)]
pub enum Progress {
    /// It is answered, and the world has changed accordingly.
    Answered(Response),
    /// A directory must be asked first; the world is as it was.
    Asks(Question),
}

/// Answers a request, given what directories have said so far. One that needs no directory is answered as if there
/// were none; any other runs on a fork of the world, which becomes the world only if no question is left.
pub fn answer(world: &mut World, request: &Request, done: &[(Question, Finding)]) -> Progress {
    if !may_ask(world, request) {
        return Progress::Answered(super::answer(world, request));
    }
    let mut trial = world.clone();
    trial.errands = Errands { done: done.to_vec(), open: None };
    let response = super::answer(&mut trial, request);
    match trial.errands.open.take() {
        Some(question) => Progress::Asks(question),
        None => {
            trial.errands = Errands::default();
            *world = trial;
            Progress::Answered(response)
        }
    }
}

/// Whether the request names a command that may have to ask.
fn may_ask(world: &World, request: &Request) -> bool {
    let names = |names: &[&str]| request.names_command(names);
    names(&ALWAYS) || (!world.directory_servers.is_empty() && names(&CONFIGURED))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::api::request::Port;
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    fn login(method: &str, target: &str, body: &str) -> Request {
        Request {
            port: Port::Main,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
            body: body.as_bytes().to_vec(),
            needs_host: false,
            peer: IpAddr::from([127, 0, 0, 1]),
        }
    }

    #[test]
    fn a_command_is_seen_wherever_and_however_it_stands() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let in_form = login("POST", "/client/api", "username=a&command=log%69n");
        assert!(!may_ask(&world, &in_form), "no directory is configured");
        world.add_directory_server("directory.example", 389, None);
        assert!(may_ask(&world, &in_form));
        assert!(may_ask(&world, &login("POST", "/client/api?command=Login", "")));
        assert!(!may_ask(&world, &login("POST", "/client/api?command=listZones&name=login", "")));
        assert!(!may_ask(&world, &login("POST", "/client/api?command=%zz", "")));
    }

    #[test]
    fn an_open_question_leaves_the_world_as_it_was() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        world.add_directory_server("directory.example", 389, None);
        world.settings.set("ldap.basedn", "dc=golden,dc=test").expect("a known setting");
        let request = login("POST", "/client/api?command=login", "username=admin&password=wrong");
        let before = format!("{world:?}");
        let Progress::Asks(question) = answer(&mut world, &request, &[]) else { panic!("it must ask") };
        assert_eq!(format!("{world:?}"), before);
        let done = [(question, Finding::Unreachable)];
        let Progress::Answered(response) = answer(&mut world, &request, &done) else {
            panic!("nothing is left to ask");
        };
        assert_eq!(response.status, 531);
        assert!(world.errands.done.is_empty() && world.errands.open.is_none());
    }
}
