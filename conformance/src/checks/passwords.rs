//! The password server beside the router's web server: a guest asks for its password until it says that it has it.
//!
//! Checks deploy guests of a template that knows passwords and speak as them.

use super::{
    own_guest::{OwnGuest, guest},
    prelude::*,
    setup::id_in,
};
use crate::{check::Capability, wire::router::Router as Seen};

/// What asks for the password.
const SEND: Option<&str> = Some("send_my_password");
/// What says that the guest has it, and what there is to tell when it has none.
const SAVED: &str = "saved_password";

const NEEDS: &[Capability] = &[Router, PasswordServer];
const ON_OUR_OWN: &[Capability] =
    &[AnyGuest, PasswordServer, Command("deployVirtualMachine"), Command("resetPasswordForVirtualMachine")];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "passwords/told-until-acknowledged",
        level: Must,
        profile: Core,
        needs: ON_OUR_OWN,
        requirement: "A guest is told its password as often as it asks, until it says that it has it.",
        source: "systemvm/debian/opt/cloud/bin/passwd_server_ip.py:116-135",
        rules: &["PW-001", "PW-002", "PW-008", "GC-007", "GC-012", "GC-033"],
        run: |target| {
            let (own, password) = with_password(target)?;
            expect_told(&own.router, &password)?;
            expect_told(&own.router, &password)?;
            own.router
                .password_request("GET")
                .header("DOMU_REQUEST", "send_my_password")
                .send()?
                .expect_body(&password)?;
            let saved = own.router.password(Some(SAVED))?;
            saved.expect_status(200)?;
            saved.expect_body(SAVED)?;
            expect_told(&own.router, SAVED)
        },
    },
    Check {
        id: "passwords/none",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A guest without a password is told `saved_password`.",
        source: "systemvm/debian/opt/cloud/bin/passwd_server_ip.py:116-130",
        rules: &["PW-001", "GC-007", "GC-012"],
        run: |target| {
            // Whoever has booted has taken its password; nobody's is taken here.
            let page = target.router().password(SEND)?;
            page.expect_status(200)?;
            match page.answer.body.is_empty() {
                true => Err(page.mismatch("body", "a password or saved_password", "nothing")),
                false => Ok(()),
            }
        },
    },
    Check {
        id: "passwords/of-another-guest",
        level: Must,
        profile: Core,
        needs: ON_OUR_OWN,
        requirement: "A guest is not told the password of another one, and cannot take it away.",
        source: "systemvm/debian/opt/cloud/bin/passwd_server_ip.py:116-135",
        rules: &["PW-003", "ISO-001"],
        run: |target| {
            let (own, password) = with_password(target)?;
            let other = guest(target)?.deploy()?;
            expect_told(&other.router, SAVED)?;
            other.router.password(Some(SAVED))?.expect_status(200)?;
            expect_told(&own.router, &password)
        },
    },
    Check {
        id: "passwords/unknown-wishes",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A request without a wish, or with an unknown one, is answered with 200 and `bad_request`.",
        source: "systemvm/debian/opt/cloud/bin/passwd_server_ip.py:136-139",
        rules: &["PW-004"],
        run: |target| {
            for wish in [None, Some("give_me_a_password"), Some("SEND_MY_PASSWORD"), Some("")] {
                let page = target.router().password(wish)?;
                page.expect_status(200)?;
                page.expect_body("bad_request")?;
            }
            Ok(())
        },
    },
    Check {
        id: "passwords/guests-store-nothing",
        level: Must,
        profile: Core,
        needs: ON_OUR_OWN,
        requirement: "A guest cannot store a password, its own or that of a neighbour.",
        source: "systemvm/debian/opt/cloud/bin/passwd_server_ip.py:142-173",
        rules: &["ISO-005", "PW-006"],
        run: |target| {
            let (own, password) = with_password(target)?;
            let other = guest(target)?.deploy()?;
            for token in ["", "&token=", "&token=0123456789abcdef0123456789abcdef"] {
                let form = format!("ip={}&password=stolen{token}", own.address);
                for thief in [&own.router, &other.router] {
                    let request = thief.password_request("POST").header("DomU_Request", "save_password");
                    request.header("Content-Type", "application/x-www-form-urlencoded").body(&form).send()?;
                    expect_told(&own.router, &password)?;
                }
            }
            Ok(())
        },
    },
    Check {
        id: "passwords/after-a-reset",
        level: Should,
        profile: Core,
        needs: ON_OUR_OWN,
        requirement: "After a reset the router tells the new password.",
        source: "CommandSetupHelper.java:674-690",
        rules: &["PW-008"],
        run: |target| {
            let (own, old) = with_password(target)?;
            own.act("stopVirtualMachine", &[])?;
            let reset = own.act("resetPasswordForVirtualMachine", &[])?;
            let new =
                reset.reply.expect_present("jobresult.virtualmachine.password")?.text().unwrap_or_default();
            reset.reply.expect_equal("whether the password changes", true, new != old)?;
            own.act("startVirtualMachine", &[])?;
            expect_told(&own.router, &new)
        },
    },
    Check {
        id: "passwords/after-new-keys",
        level: Should,
        profile: Core,
        needs: &[
            AnyGuest,
            PasswordServer,
            Command("deployVirtualMachine"),
            Command("createSSHKeyPair"),
            Command("resetSSHKeyForVirtualMachine"),
            Since("4.16"),
        ],
        requirement: "New SSH keys leave the password of a machine as it is.",
        source: "UserVmManagerImpl.java:1071-1130, apache/cloudstack pull request 4819",
        rules: &["PW-008"],
        run: |target| {
            let (own, password) = with_password(target)?;
            let key = target.api("createSSHKeyPair").param("name", target.fresh_name("key")).post().send()?;
            let key = id_in(&key, "keypair.name")?;
            own.act("stopVirtualMachine", &[])?;
            own.act("resetSSHKeyForVirtualMachine", &[("keypair", &key)])?;
            own.act("startVirtualMachine", &[])?;
            expect_told(&own.router, &password)
        },
    },
    Check {
        id: "passwords/default-card-alone",
        level: Should,
        profile: Core,
        needs: &[AnyGuest, PasswordServer, Command("deployVirtualMachine"), Command("createNetwork")],
        requirement: "The password is told to the default card of a guest, not to its other cards.",
        source: "CommandSetupHelper.java:674-690",
        rules: &["PW-008", "MD-068"],
        run: |target| {
            let own = guest(target)?.with_password()?.in_own_network(true)?.deploy()?;
            let password = password_of(&own)?;
            expect_told(&own.router, &password)?;
            let (second, _) = own.second_card()?;
            expect_told(&second, SAVED)
        },
    },
    Check {
        id: "passwords/outlive-a-reboot",
        level: Should,
        profile: Full,
        needs: &[
            AnyGuest,
            PasswordServer,
            Command("deployVirtualMachine"),
            Command("listRouters"),
            Command("rebootRouter"),
        ],
        requirement: "A router that was rebooted still knows the passwords that were not taken.",
        source: "systemvm/debian/opt/cloud/bin/passwd_server_ip.py:50-84",
        rules: &["PW-007"],
        run: |target| {
            let (own, password) = with_password(target)?;
            let network = own.job.reply.expect_present("jobresult.virtualmachine.nic.networkid")?;
            let network = network.text().unwrap_or_default();
            let routers =
                target.api("listRouters").param("networkid", network).param("listall", true).send()?;
            let router = id_in(&routers, "router.id")?;
            target.job("rebootRouter").param("id", router).finish()?.expect_success()?;
            expect_told(&own.router, &password)
        },
    },
    Check {
        id: "passwords/no-metadata",
        level: Should,
        profile: Core,
        needs: ON_OUR_OWN,
        requirement: "The password is not among the metadata.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:854-858",
        rules: &["MD-001"],
        run: |target| {
            let (own, password) = with_password(target)?;
            for name in own.value("")?.text().lines().chain(["vm_password", "vm-password", "password"]) {
                let page = own.value(name)?;
                if page.answer.status == 200 && page.text().contains(&password) {
                    return Err(page.mismatch("body", "no password", page.text()));
                }
            }
            Ok(())
        },
    },
];

/// A guest whose password its router keeps, and the password.
fn with_password(target: &Target) -> Result<(OwnGuest<'_>, String), Stop> {
    let own = guest(target)?.with_password()?.deploy()?;
    let password = password_of(&own)?;
    Ok((own, password))
}

/// The password that the deployment told.
fn password_of(own: &OwnGuest<'_>) -> Result<String, Stop> {
    let password = own.job.reply.expect_present("jobresult.virtualmachine.password")?;
    Ok(password.text().unwrap_or_default())
}

fn expect_told(router: &Seen<'_>, expected: &str) -> Result<(), Stop> {
    let page = router.password(SEND)?;
    page.expect_status(200)?;
    page.expect_body(expected)
}
