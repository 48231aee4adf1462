//! User data through the API: what is valid, how it is stored, and its way to the router.
//!
//! The checks that compare with the router write to one of the target's guests and put back what was there. What is
//! registered for many machines is in [`registered_user_data`](super::registered_user_data), what else a router serves
//! in [`metadata`](super::metadata).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    prelude::*,
    setup::{self, Machine},
};
use crate::check::Capability;

const NEEDS: &[Capability] =
    &[Command("createNetwork"), Command("deployVirtualMachine"), Command("getVirtualMachineUserData")];

/// What a check needs that looks at how user data is read, without a machine.
const REGISTERED: &[Capability] = &[Command("registerUserData"), Command("deleteUserData")];

const ON_A_GUEST: &[Capability] =
    &[Router, Command("updateVirtualMachine"), Command("getVirtualMachineUserData")];

/// UD-009.
const LONGEST_IN_GET: usize = 4096;

/// The setting that says how long user data may be (UD-010), and the first number that is too much for it (UD-013).
const LONGEST: (&str, u32) = ("vm.userdata.max.length", 1_048_577);

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
        level: Should,
        profile: Core,
        needs: NEEDS,
        requirement: "User data with a character outside both alphabets of base64 is refused with 431.",
        source: "UserDataManagerImpl.java:100-172",
        rules: &["UD-003", "UD-014"],
        run: |target| {
            let us = setup::us(target);
            let (request, _) = us.deployment(&us.network()?)?;
            let reply = request.param("userdata", "a*b").param("startvm", "false").send()?;
            refuses(target, &reply, "User data is not base64 encoded")
        },
    },
    Check {
        id: "user-data/blank-is-none",
        level: Should,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("getVirtualMachineUserData"),
            Command("registerUserData"),
            Since("4.19.1"),
        ],
        requirement: "User data of white space alone is none.",
        source: "UserDataManagerImpl.java:102-105",
        rules: &["UD-001"],
        run: |target| {
            let registered = register(target, "  ")?;
            registered.expect_success()?;
            registered.expect_present("userdata.id")?;
            registered.expect_absent("userdata.userdata")?;
            stored(target, "  ", false)?.expect_absent(ANSWER)
        },
    },
    Check {
        id: "user-data/percent-escapes",
        level: Must,
        profile: Core,
        needs: REGISTERED,
        requirement: "User data that still has percent escapes is decoded once more; a bad escape is refused with 431.",
        source: "UserDataManagerImpl.java:102-115, ui/src/views/compute/DeployVM.vue:2333",
        rules: &["UD-002"],
        run: |target| {
            // Both texts have a plus sign and a slash, and are nobody else's.
            let text = || {
                let bytes =
                    [b"\xfb\xff\xbf".as_slice(), target.fresh_name("data").as_bytes(), b"\xff"].concat();
                STANDARD.encode(bytes)
            };
            let (plain, twice) = (text(), text());
            register(target, &plain)?.expect_field("userdata.userdata", &plain)?;
            let escaped = twice.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
            register(target, &escaped)?.expect_field("userdata.userdata", &twice)?;
            for bad in ["Zm9v%", "Zm9v%ZZ"] {
                register(target, bad)?.expect_error_start(431, "URLDecoder: ")?;
            }
            Ok(())
        },
    },
    Check {
        id: "user-data/unescaped-plus",
        level: Must,
        profile: Core,
        needs: REGISTERED,
        requirement: "A plus sign that a client leaves unescaped is a blank, which user data loses.",
        source: "UserDataManagerImpl.java:100-172",
        rules: &["UD-007"],
        run: |target| {
            let request = target.api("registerUserData").param("name", target.fresh_name("data"));
            // Signed as it is read, with a blank.
            let request = request.param("userdata", "Zm 8/w8=");
            let query = request.query()?.replace("%20", "+");
            request.raw_query(&query).send()?.expect_field("userdata.userdata", "Zm8/ww==")
        },
    },
    Check {
        id: "user-data/too-short",
        level: Should,
        profile: Core,
        needs: REGISTERED,
        requirement: "User data that decodes to no byte is refused with 431.",
        source: "UserDataManagerImpl.java:140-148",
        rules: &["UD-005"],
        run: |target| {
            for text in ["=", "====", "A", "A==="] {
                refuses(target, &register(target, text)?, "User data is too short")?;
            }
            Ok(())
        },
    },
    Check {
        id: "user-data/longest-by-get",
        level: Should,
        profile: Core,
        needs: INCLUSIVE,
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
        level: Should,
        profile: Core,
        needs: NEEDS,
        requirement: "User data of more than 4096 characters is refused by GET with 431.",
        source: "UserDataManagerImpl.java:158-169",
        rules: &["UD-009", "UD-008"],
        run: |target| {
            let us = setup::us(target);
            let (request, _) = us.deployment(&us.network()?)?;
            let text = "QUJD".repeat(LONGEST_IN_GET / 4 + 1);
            let reply = request.param("userdata", text).param("startvm", "false").send()?;
            let words =
                if target.is_since("4.19.1")? { "for http GET request" } else { "for an http GET request" };
            reply.expect_error_text(431, &format!("User data is too long {words}"))
        },
    },
    Check {
        id: "user-data/longest-by-post",
        level: Must,
        profile: Core,
        needs: INCLUSIVE,
        requirement: "User data of 32768 characters is accepted by POST.",
        source: "UserDataManagerImpl.java:158-169, UserVmManager.java",
        rules: &["UD-010", "UD-012"],
        run: |target| {
            let text = "QUJD".repeat(8192);
            stored(target, &text, true)?.expect_field(ANSWER, &text)
        },
    },
    Check {
        id: "user-data/setting-has-an-end",
        level: Should,
        profile: Full,
        needs: &[Command("updateConfiguration"), Command("listConfigurations"), Since("4.19.1")],
        requirement: "The setting `vm.userdata.max.length` cannot be set to more than 1048576.",
        source: "ConfigurationManagerImpl.java:1478-1480",
        rules: &["UD-013"],
        run: |target| {
            let (name, most) = LONGEST;
            let before = target.api("listConfigurations").param("name", name).send()?;
            let before = setup::id_in(&before, "configuration.value")?;
            let set = |value: &str| {
                target.api("updateConfiguration").param("name", name).param("value", value).post().send()
            };
            let reply = set(&most.to_string())?;
            if reply.status() == 200 {
                set(&before)?.expect_success()?;
            }
            let text =
                format!("Please enter a value less than {most} for the configuration parameter: [{name}].");
            reply.expect_error_text(431, &text)
        },
    },
    Check {
        id: "user-data/needs-its-service",
        level: Should,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("listNetworkOfferings"),
            Command("createSSHKeyPair"),
            Since("4.19.1"),
        ],
        requirement: "A machine with user data or keys is not deployed into a network that serves no user data.",
        source: "UserVmManagerImpl.java:4484-4496",
        rules: &["UD-030"],
        run: |target| {
            let us = setup::us(target);
            let network = without_user_data(target)?;
            let start = "Unable to deploy VM as ";
            let (request, _) = us.deployment(&network)?;
            let reply = request.param("userdata", "Zm9v").param("startvm", "false").send()?;
            let what = "UserData is provided while deploying the VM, but there is no support for UserData service in the \
                        default network ";
            reply.expect_error_start(431, &format!("{start}{what}"))?;
            let key = target.api("createSSHKeyPair").param("name", target.fresh_name("key")).post().send()?;
            let (request, _) = us.deployment(&network)?;
            let request = request.param("keypair", setup::id_in(&key, "keypair.name")?);
            request.param("startvm", "false").send()?.expect_error_start(431, start)
        },
    },
    Check {
        id: "user-data/inline-or-registered",
        level: Should,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deployVirtualMachine"), Command("registerUserData")],
        requirement: "A deployment with both `userdata` and `userdataid` is refused with 431.",
        source: "UserVmManagerImpl.java:6212-6213",
        rules: &["UD-023"],
        run: |target| {
            let id = setup::id_in(&register(target, &fresh(target))?, "userdata.id")?;
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
        id: "user-data/base64-within-base64",
        level: Should,
        profile: Full,
        needs: ON_A_GUEST,
        requirement: "Base64 that a client encoded once more reaches the guest as the inner base64.",
        source: "UserDataManagerImpl.java:100-172",
        rules: &["UD-034"],
        run: |target| {
            on_a_guest(target, |update| {
                let inner = fresh(target);
                update(inner.as_bytes())?;
                target.router().get("/latest/user-data")?.expect_body(&inner)
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

/// Where the API answers the user data of a machine.
pub(super) const ANSWER: &str = "virtualmachineuserdata.userdata";

/// What a check needs whose limits were exclusive before 4.19.1.
const INCLUSIVE: &[Capability] = &[
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("getVirtualMachineUserData"),
    Since("4.19.1"),
];

/// Base64 that is nobody else's.
pub(super) fn fresh(target: &Target) -> String {
    STANDARD.encode(target.fresh_name("data"))
}

/// What registering this text under a new name answers.
pub(super) fn register(target: &Target, text: &str) -> Result<Reply, Stop> {
    let request = target.api("registerUserData").param("name", target.fresh_name("data"));
    request.param("userdata", text).send()
}

/// Refused with 431 in these words, which end with a full stop since 4.19.1.
fn refuses(target: &Target, reply: &Reply, words: &str) -> Result<(), Stop> {
    let stop = if target.is_since("4.19.1")? { "." } else { "" };
    reply.expect_error_text(431, &format!("{words}{stop}"))
}

/// A network of ours without routers, if the target has an offering for one.
fn without_user_data(target: &Target) -> Result<String, Stop> {
    let us = setup::us(target);
    let params = [("state", "Enabled"), ("guestiptype", "L2"), ("specifyvlan", "false")];
    let offering = us.first("listNetworkOfferings", &params, "networkoffering", |offering| {
        let serves = |service: &&Node| service.text_at("name").as_deref() == Some("UserData");
        (!offering.items("service").iter().any(serves)).then_some(0)
    })?;
    let name = target.fresh_name("net");
    let request = target.api("createNetwork").param("name", &name).param("displaytext", &name);
    let request = request.param("zoneid", us.zone()?).param("networkofferingid", offering);
    setup::id_in(&request.send()?, "network.id")
}

/// A machine that was deployed with user data, and never started.
fn deployed(target: &Target, text: &str, by_post: bool) -> Result<Machine, Stop> {
    let network = setup::us(target).network()?;
    deployed_with(target, &network, &[("userdata", text)], by_post)
}

/// A machine that was deployed into a network with further parameters, and never started.
pub(super) fn deployed_with(
    target: &Target,
    network: &str,
    params: &[(&str, &str)],
    by_post: bool,
) -> Result<Machine, Stop> {
    let (request, name) = setup::us(target).deployment(network)?;
    let request = params.iter().fold(request, |request, (name, value)| request.param(name, value));
    let request = request.param("startvm", "false");
    let answer = if by_post { request.post().send()? } else { request.send()? };
    let job = answer.finish_job()?;
    job.expect_success()?;
    let id = job.reply.expect_present("jobresult.virtualmachine.id")?.text().unwrap_or_default();
    Ok(Machine { id, name, network: network.to_owned(), answer, job })
}

/// The user data of such a machine, as the API answers it.
fn stored(target: &Target, text: &str, by_post: bool) -> Result<Reply, Stop> {
    let machine = deployed(target, text, by_post)?;
    of_machine(target, &machine.id)
}

/// The user data of a machine, as the API answers it.
pub(super) fn of_machine(target: &Target, machine: &str) -> Result<Reply, Stop> {
    let reply = target.api("getVirtualMachineUserData").param("virtualmachineid", machine).send()?;
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
