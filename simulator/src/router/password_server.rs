//! The password server of a router: a service of its own beside the web server, which keeps the password of each guest
//! until the guest says that it has it (PW rules; `systemvm/debian/opt/cloud/bin/passwd_server_ip.py`).

use std::net::Ipv4Addr;

use super::{Answer, Request};
use crate::quirk::Quirk;
use crate::world::World;
use crate::world::table::Id;

/// The port of the service on a real router.
pub const PORT: u16 = 8080;
/// The header that says what a guest wants, in lower case.
const WISH: &str = "domu_request";
/// What is answered when there is no password, and what a guest says when it has it.
pub(crate) const SAVED: &str = "saved_password";

/// What is answered to a wish that nobody knows.
const BAD: &str = "bad_request";

/// Answers a request of whoever has `source` in a network. Whatever is wrong with it, the status is 200, because the
/// real server has sent it before it looks (PW-004, PW-006).
pub fn answer(world: &mut World, network: Id, source: Ipv4Addr, request: &Request<'_>) -> Answer {
    let body = match request.method {
        "GET" => match told(world, network, source, request.header(WISH)) {
            refused if refused == BAD && world.sins(Quirk::UnknownWishesAre400) => {
                return Answer::plain(400, refused);
            }
            body => body,
        },
        "POST" if world.sins(Quirk::GuestsStorePasswords) => {
            if let Some(machine) =
                world.guest_at(network, source).and_then(|id| world.virtual_machines.get_mut(id))
            {
                machine.guest_password = Some("stolen".to_owned());
            }
            String::new()
        }
        // Only the router itself may store passwords, and it is no guest (PW-006).
        "POST" => String::new(),
        _ => return Answer::plain(501, String::new()),
    };
    Answer::plain(200, body)
}

fn told(world: &mut World, network: Id, source: Ipv4Addr, wish: Option<&str>) -> String {
    // Passwords come with the service of user data; elsewhere they are on config drives.
    let serves = world.networks.get(network).is_some_and(|row| world.routers_give(row, "UserData"));
    let guest = world.guest_at(network, source).filter(|_| serves);
    match wish {
        // Asking takes nothing away (PW-002).
        Some("send_my_password") => {
            let machine = guest.and_then(|id| world.virtual_machines.get(id));
            let Some(mut password) = machine.and_then(|machine| machine.guest_password.clone()) else {
                let is_silent = world.sins(Quirk::NoPasswordIsEmpty);
                return if is_silent { String::new() } else { SAVED.to_owned() };
            };
            if world.sins(Quirk::PasswordsAreTakenOnce) {
                forget(world, guest);
            }
            if world.sins(Quirk::RoutersGetAnotherPassword) {
                password.insert(0, '0');
            }
            if world.sins(Quirk::PasswordNewline) {
                password.push('\n');
            }
            password
        }
        Some(SAVED) => {
            if world.sins(Quirk::PasswordAckIsGlobal) {
                let all: Vec<Id> = world.virtual_machines.iter().map(|(id, _)| id).collect();
                all.into_iter().for_each(|id| forget(world, Some(id)));
            } else if !world.sins(Quirk::PasswordAckIsIgnored) {
                forget(world, guest);
            }
            SAVED.to_owned()
        }
        _ => BAD.to_owned(),
    }
}

/// Takes the password of a guest away.
fn forget(world: &mut World, guest: Option<Id>) {
    if let Some(machine) = guest.and_then(|id| world.virtual_machines.get_mut(id)) {
        machine.guest_password = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    const WEB: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 2);
    const DB: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 3);

    fn told(world: &mut World, source: Ipv4Addr, method: &str, wish: Option<&str>) -> (u16, String) {
        let network = world.networks.iter().next().expect("a network").0;
        let headers: Vec<(&str, &str)> = wish.map(|wish| ("domu_request", wish)).into_iter().collect();
        let request = Request { method, target: "/", needs_host: false, headers: &headers };
        let answer = answer(world, network, source, &request);
        (answer.status, String::from_utf8(answer.body).expect("a text"))
    }

    #[test]
    fn a_password_is_told_until_its_guest_has_it() {
        let text = include_str!("../../../fixtures/world/demo.toml");
        let mut world = preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("the demo world can be built");
        let (id, _) = world.virtual_machines.iter().next().expect("a machine");
        let ok = |text: &str| (200, text.to_owned());
        let (mine, saved) = (Some("send_my_password"), Some("saved_password"));
        let give = |world: &mut World, password: &str| {
            world.virtual_machines.get_mut(id).expect("a machine").guest_password = Some(password.to_owned());
        };
        assert_eq!(told(&mut world, WEB, "GET", mine), ok("saved_password"));
        give(&mut world, "s3cret=");
        assert_eq!(told(&mut world, WEB, "GET", mine), ok("s3cret="));
        assert_eq!(told(&mut world, DB, "GET", mine), ok("saved_password"));
        assert_eq!(told(&mut world, DB, "GET", saved), ok("saved_password"));
        assert_eq!(told(&mut world, WEB, "GET", mine), ok("s3cret="), "another guest has no say");
        for wish in [None, Some("Send_My_Password"), Some("save_password"), Some("")] {
            assert_eq!(told(&mut world, WEB, "GET", wish), ok("bad_request"), "{wish:?}");
        }
        assert_eq!(told(&mut world, WEB, "POST", Some("save_password")), ok(""));
        assert_eq!(told(&mut world, WEB, "HEAD", mine).0, 501);
        assert_eq!(told(&mut world, WEB, "GET", mine), ok("s3cret="));
        assert_eq!(told(&mut world, WEB, "GET", saved), ok("saved_password"));
        assert_eq!(told(&mut world, WEB, "GET", mine), ok("saved_password"));
        give(&mut world, "again");
        world.expunge_machine(id);
        assert_eq!(told(&mut world, WEB, "GET", mine), ok("saved_password"), "the next guest at the address");
    }
}
