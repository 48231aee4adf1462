//! User data through the API, and its way to the router.
//!
//! The two checks that compare with the router write to one of the target's guests and put back what was there.
//! What else a router serves is in [`metadata`](super::metadata).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    prelude::*,
    setup::{self, Machine},
};
use crate::check::Capability;

const NEEDS: &[Capability] =
    &[Command("createNetwork"), Command("deployVirtualMachine"), Command("getVirtualMachineUserData")];

const ON_A_GUEST: &[Capability] =
    &[Router, Command("updateVirtualMachine"), Command("getVirtualMachineUserData")];

/// UD-009.
const LONGEST_IN_GET: usize = 4096;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "user-data/round-trip",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "The user data of a machine is answered as it was given at deployment.",
        source: "GetVMUserDataCmd.java, UserDataManagerImpl.java:100-172",
        rules: &["UD-015", "UD-017"],
        run: |target| {
            let text = STANDARD.encode("#cloud-config\nhostname: a\n");
            stored(target, &text, false)?.expect_field(ANSWER, text)
        },
    },
    Check {
        id: "user-data/is-re-encoded",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "User data is answered in standard base64 with padding, however it was spelled.",
        source: "UserDataManagerImpl.java:100-172",
        rules: &["UD-006", "UD-004"],
        run: |target| stored(target, "Zm8", false)?.expect_field(ANSWER, "Zm8="),
    },
    Check {
        id: "user-data/url-safe-alphabet",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "User data in the URL-safe alphabet is accepted.",
        source: "UserDataManagerImpl.java:100-172",
        rules: &["UD-003", "UD-006"],
        run: |target| stored(target, "-_-_", false)?.expect_field(ANSWER, "+/+/"),
    },
    Check {
        id: "user-data/no-base64",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "User data with a character outside both alphabets of base64 is refused with 431.",
        source: "UserDataManagerImpl.java:100-172",
        rules: &["UD-003", "UD-014"],
        run: |target| {
            let us = setup::us(target);
            let (request, _) = us.deployment(&us.network()?)?;
            let reply = request.param("userdata", "a*b").param("startvm", "false").send()?;
            reply.expect_error_text(431, "User data is not base64 encoded.")
        },
    },
    Check {
        id: "user-data/longest-by-get",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "User data of 4096 characters is accepted by GET.",
        source: "UserDataManagerImpl.java:158-169",
        rules: &["UD-009"],
        run: |target| {
            let text = "QUJD".repeat(LONGEST_IN_GET / 4);
            stored(target, &text, false)?.expect_field(ANSWER, &text)
        },
    },
    Check {
        id: "user-data/too-long-for-get",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "User data of more than 4096 characters is refused by GET with 431.",
        source: "UserDataManagerImpl.java:158-169",
        rules: &["UD-009", "UD-008"],
        run: |target| {
            let us = setup::us(target);
            let (request, _) = us.deployment(&us.network()?)?;
            let text = "QUJD".repeat(LONGEST_IN_GET / 4 + 1);
            request.param("userdata", text).param("startvm", "false").send()?.expect_error(431)
        },
    },
    Check {
        id: "user-data/longest-by-post",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "User data of 32768 characters is accepted by POST.",
        source: "UserDataManagerImpl.java:158-169, UserVmManager.java",
        rules: &["UD-010", "UD-012"],
        run: |target| {
            let text = "QUJD".repeat(8192);
            stored(target, &text, true)?.expect_field(ANSWER, &text)
        },
    },
    Check {
        id: "user-data/inline-or-registered",
        level: Must,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deployVirtualMachine"), Command("registerUserData")],
        requirement: "A deployment with both `userdata` and `userdataid` is refused with 431.",
        source: "UserVmManagerImpl.java:6212-6213",
        rules: &["UD-023"],
        run: |target| {
            let name = target.fresh_name("data");
            let registered = target.api("registerUserData").param("name", &name);
            // The content too must be nobody else's.
            let registered = registered.param("userdata", STANDARD.encode(&name)).send()?;
            registered.expect_success()?;
            let id = registered.expect_present("userdata.id")?.text().unwrap_or_default();
            let us = setup::us(target);
            let (request, _) = us.deployment(&us.network()?)?;
            let request = request.param("userdata", "Zm9v").param("userdataid", id).param("startvm", "false");
            let text = "Both userdata and userdata ID inputs are not allowed, please provide only one";
            request.send()?.expect_error_text(431, text)
        },
    },
    Check {
        id: "user-data/lists-are-silent",
        level: Should,
        profile: Core,
        needs: NEEDS,
        requirement: "A list of machines does not show user data unless it is asked to.",
        source: "ListVMsCmd.java:159, UserVmJoinDaoImpl.java:427-428",
        rules: &["UD-016", "VM-013"],
        run: |target| {
            let machine = deployed(target, "Zm9v", false)?;
            setup::us(target).listed(&machine.id)?.expect_absent("virtualmachine.userdata")
        },
    },
    Check {
        id: "user-data/update-reaches-the-router",
        level: Must,
        profile: Full,
        needs: ON_A_GUEST,
        requirement: "The router serves changed user data as soon as the change is answered.",
        source: "UserVmManagerImpl.java:3148-3157,3231-3233",
        rules: &["UD-032", "VM-052", "MD-050"],
        run: |target| {
            on_a_guest(target, |update| {
                let text = target.fresh_name("data");
                update(text.as_bytes())?;
                target.router().get("/latest/user-data")?.expect_body(&text)
            })
        },
    },
    Check {
        id: "user-data/any-bytes",
        level: Must,
        profile: Full,
        needs: ON_A_GUEST,
        requirement: "Any bytes given as user data are served by the router byte for byte.",
        source: "UserDataManagerImpl.java:100-172, vmdata.py",
        rules: &["UD-017", "MD-003", "MD-004", "MD-014"],
        run: |target| {
            on_a_guest(target, |update| {
                for_all(target, &proptest::collection::vec(any::<u8>(), 1..200), |bytes| {
                    update(bytes)?;
                    let page = target.router().get("/latest/user-data")?;
                    page.expect_status(200)?;
                    if page.answer.body == *bytes {
                        return Ok(());
                    }
                    Err(page.mismatch("body", STANDARD.encode(bytes), STANDARD.encode(&page.answer.body)))
                })
            })
        },
    },
];

const ANSWER: &str = "virtualmachineuserdata.userdata";

/// A machine that was deployed with user data, and never started.
fn deployed(target: &Target, text: &str, by_post: bool) -> Result<Machine, Stop> {
    let us = setup::us(target);
    let network = us.network()?;
    let (request, name) = us.deployment(&network)?;
    let request = request.param("userdata", text).param("startvm", "false");
    let answer = if by_post { request.post().send()? } else { request.send()? };
    let job = answer.finish_job()?;
    job.expect_success()?;
    let id = job.reply.expect_present("jobresult.virtualmachine.id")?.text().unwrap_or_default();
    Ok(Machine { id, name, network, answer, job })
}

/// The user data of such a machine, as the API answers it.
fn stored(target: &Target, text: &str, by_post: bool) -> Result<Reply, Stop> {
    let machine = deployed(target, text, by_post)?;
    let reply = target.api("getVirtualMachineUserData").param("virtualmachineid", machine.id).send()?;
    reply.expect_success()?;
    Ok(reply)
}

/// Runs with a way to change the user data of the first guest, then puts back what was there.
fn on_a_guest(
    target: &Target,
    body: impl Fn(&dyn Fn(&[u8]) -> Result<(), Stop>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let guest = target.guests().first().map(|guest| guest.id.as_str()).filter(|id| !id.is_empty());
    let guest = guest.ok_or(Stop::Unsupported(Router))?;
    let before = target.api("getVirtualMachineUserData").param("virtualmachineid", guest).send()?;
    before.expect_success()?;
    let before = before.body().text_at(ANSWER).unwrap_or_default();
    let set = |text: &str| {
        target
            .api("updateVirtualMachine")
            .param("id", guest)
            .param("userdata", text)
            .post()
            .send()?
            .expect_success()
    };
    let result = body(&|bytes| set(&STANDARD.encode(bytes)));
    let restored = set(&before);
    result.and(restored)
}
