//! What the metadata types of a guest say, as a guest that the check deployed reads them.
//!
//! The URL forms are in [`metadata`](super::metadata). A change of the machine is followed by a change of its user data
//! where upstream pushes metadata only then.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    own_guest::{Deployment, OWN_GUEST, OwnGuest, Place, guest},
    prelude::*,
    setup::{self, id_in},
};
use crate::check::Capability;

const DETAILS: &[Capability] =
    &[AnyGuest, Command("deployVirtualMachine"), Command("registerUserData"), Since("4.18")];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "metadata-values/no-user-data",
        level: Should,
        profile: Core,
        needs: OWN_GUEST,
        requirement: "The user data of a guest that has none is a 200 without a byte.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:862-865",
        rules: &["MD-002", "MD-014", "GC-004"],
        run: |target| {
            let page = guest(target)?.deploy()?.router.get("/latest/user-data")?;
            page.expect_status(200)?;
            page.expect_body("")
        },
    },
    Check {
        id: "metadata-values/vm-id",
        level: Should,
        profile: InGuest,
        needs: &[Router],
        requirement: "`vm-id` is the id of the machine, as `instance-id` is.",
        source: "CommandSetupHelper.java:1278-1316",
        rules: &["MD-058"],
        run: |target| {
            let id = target.router().get("/latest/meta-data/instance-id")?;
            target.router().get("/latest/meta-data/vm-id")?.expect_body_of(&id)
        },
    },
    Check {
        id: "metadata-values/public-address",
        level: Must,
        profile: Core,
        needs: &[
            AnyGuest,
            Command("deployVirtualMachine"),
            Command("updateVirtualMachine"),
            Command("associateIpAddress"),
            Command("enableStaticNat"),
            Since("4.14"),
        ],
        requirement: "`public-ipv4` and `public-hostname` are the address that stands for the machine, else that of \
                      its router.",
        source: "CommandSetupHelper.java:230-256",
        rules: &["MD-055", "MD-056"],
        run: |target| {
            let place = Place::of_guests(target)?;
            let own = guest(target)?.deploy()?;
            let list = target.api("listPublicIpAddresses").param("listall", true);
            let list = list.param("associatednetworkid", &place.network).param("issourcenat", true).send()?;
            let Some(of_router) = list.success()?.text_at("publicipaddress.ipaddress") else {
                return Err(Stop::Unsupported(Listed("listPublicIpAddresses", "publicipaddress")));
            };
            expect_public(&own, &of_router)?;
            let request = target.api("associateIpAddress").param("networkid", &place.network);
            let request = place.of_its_owner(request);
            let answer = request.send()?;
            let job = answer.finish_job()?;
            job.expect_success()?;
            let address = id_in(&answer, "id")?;
            let text = job.reply.expect_present("jobresult.ipaddress.ipaddress")?.text().unwrap_or_default();
            let request = target.api("enableStaticNat").param("ipaddressid", &address);
            request.param("virtualmachineid", &own.id).send()?.expect_success()?;
            expect_public(&own, &text)?;
            target.job("disableStaticNat").param("ipaddressid", &address).finish()?.expect_success()?;
            expect_public(&own, &of_router)
        },
    },
    Check {
        id: "metadata-values/keys",
        level: Must,
        profile: Core,
        needs: &[AnyGuest, Command("deployVirtualMachine"), Command("registerSSHKeyPair"), Since("4.17")],
        requirement: "`public-keys` holds the public keys of a guest, one on a line, also under its legacy URL.",
        source: "UserVmManagerImpl.java:4423-4435, cloud-set-guest-sshkey.in:54",
        rules: &["MD-059", "MD-066", "GC-013", "GC-032"],
        run: |target| {
            let place = Place::of_guests(target)?;
            let (mut names, mut keys) = (Vec::new(), Vec::new());
            for _ in 0..2 {
                let name = target.fresh_name("key");
                let key = public_key(&name);
                let request = target.api("registerSSHKeyPair").param("name", &name).param("publickey", &key);
                let request = place.of_its_owner(request);
                request.post().send()?.expect_success()?;
                names.push(name);
                keys.push(key);
            }
            let own = guest(target)?.with("keypairs", names.join(",")).deploy()?;
            let page = own.value("public-keys")?;
            page.expect_status(200)?;
            let text = page.text();
            let mut told: Vec<&str> = text.lines().collect();
            told.sort_unstable();
            keys.sort_unstable();
            if told != keys {
                return Err(page.mismatch("body", keys.join("\n"), text));
            }
            own.router.get("/latest/public-keys")?.expect_body_of(&page)
        },
    },
    Check {
        id: "metadata-values/no-keys",
        level: Should,
        profile: Core,
        needs: OWN_GUEST,
        requirement: "`public-keys` of a guest without keys is a 200 without a byte.",
        source: "UserVmManagerImpl.java:4423-4435",
        rules: &["MD-059", "MD-002"],
        run: |target| {
            let page = guest(target)?.deploy()?.value("public-keys")?;
            page.expect_status(200)?;
            page.expect_body("")
        },
    },
    Check {
        id: "metadata-values/details",
        level: Should,
        profile: Core,
        needs: DETAILS,
        requirement: "Each detail of the user data is a metadata type of its own, without the blanks around its value.",
        source: "CommandSetupHelper.java:1320-1330",
        rules: &["MD-065", "MD-067", "UD-033"],
        run: |target| {
            let own = with_details(target, &[("colour", "red=dark"), ("shape", " round ")])?;
            own.value("colour")?.expect_body("red=dark")?;
            own.value("shape")?.expect_body("round")?;
            own.router.get("/latest/colour")?.expect_body("red=dark")?;
            let index = own.value("")?;
            match index.text().lines().any(|name| name == "colour") {
                true => Ok(()),
                false => Err(index.mismatch("body", "a line colour", index.text())),
            }
        },
    },
    Check {
        id: "metadata-values/order-of-details",
        level: Should,
        profile: Core,
        needs: DETAILS,
        requirement: "A detail wins over the types that are pushed before it and loses to those that follow.",
        source: "CommandSetupHelper.java:1278-1316,1320-1330",
        rules: &["MD-011"],
        run: |target| {
            let own = with_details(target, &[("local-hostname", "mine"), ("instance-id", "forged")])?;
            own.value("instance-id")?.expect_body(&own.id)?;
            own.value("local-hostname")?.expect_body("mine")
        },
    },
    Check {
        id: "metadata-values/names-of-details",
        level: Should,
        profile: Core,
        needs: DETAILS,
        requirement: "A detail whose name could mean another file is no metadata type.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:882,926-939",
        rules: &["MD-012"],
        run: |target| {
            // A path, and the index itself: names that no guest could do harm with.
            let own = with_details(target, &[("colour/dark", "written"), ("meta-data", "written")])?;
            for path in ["/latest/meta-data/colour/dark", "/latest/colour/dark", "/latest/meta-data/"] {
                let page = own.router.get(path)?;
                if page.answer.status == 200 && page.text().contains("written") {
                    return Err(page.mismatch("body", "no value of such a detail", page.text()));
                }
            }
            let index = own.value("")?;
            match index.text().lines().any(|name| name.contains('/')) {
                true => Err(index.mismatch("body", "names without a slash", index.text())),
                false => Ok(()),
            }
        },
    },
    Check {
        id: "metadata-values/beyond-ascii",
        level: Should,
        profile: Core,
        needs: &[AnyGuest, Command("deployVirtualMachine"), Command("createServiceOffering"), RootAdmin],
        requirement: "Characters beyond ASCII are UTF-16 escapes in `service-offering`.",
        source: "StringUtils.java:117-132",
        rules: &["MD-013", "MD-051"],
        run: |target| {
            let name = target.fresh_name("offering");
            let request = target.api("createServiceOffering").param("name", &name);
            let request = request.param("displaytext", "große Wolke €\u{1f600}");
            let request = request.param("cpunumber", 1).param("cpuspeed", 100).param("memory", 128);
            let offering = id_in(&request.post().send()?, "serviceoffering.id")?;
            let page =
                guest(target)?.with("serviceofferingid", offering).deploy()?.value("service-offering")?;
            page.expect_status(200)?;
            let expected = "gro\\u00dfe wolke \\u20ac\\ud83d\\ude00";
            match page.text().to_lowercase() == expected {
                true => Ok(()),
                false => Err(page.mismatch("body", "gro\\u00DFe Wolke \\u20AC\\uD83D\\uDE00", page.text())),
            }
        },
    },
    Check {
        id: "metadata-values/details-beyond-ascii",
        level: Should,
        profile: Core,
        needs: DETAILS,
        requirement: "A detail is served by the router as it was given, also beyond ASCII.",
        source: "CommandSetupHelper.java:1326-1327",
        rules: &["MD-013", "MD-065"],
        run: |target| with_details(target, &[("colour", "grün")])?.value("colour")?.expect_body("grün"),
    },
    Check {
        id: "metadata-values/host-name-is-kept",
        level: May,
        profile: ReadOnly,
        needs: &[
            Router,
            Command("listHosts"),
            Command("listVirtualMachines"),
            Setting("global.allow.expose.host.hostname", "false"),
        ],
        requirement: "The name of a guest's host is not told unless it may be.",
        source: "CommandSetupHelper.java:236-237, VirtualMachineManager.java:80-90",
        rules: &["MD-061"],
        run: |target| {
            let page = target.router().get("/latest/meta-data/hypervisor-host-name")?;
            match page.answer.status == 200 && !page.answer.body.is_empty() {
                true => Err(page.mismatch("body", "nothing", page.text())),
                false => Ok(()),
            }
        },
    },
    Check {
        id: "metadata-values/host-name-follows",
        level: Should,
        profile: Full,
        needs: &[
            AnyGuest,
            Command("deployVirtualMachine"),
            Command("migrateVirtualMachine"),
            Setting("global.allow.expose.host.hostname", "true"),
            Setting("account.allow.expose.host.hostname", "true"),
        ],
        requirement: "Where guests may know it, `hypervisor-host-name` is the host, also after a migration.",
        source: "VirtualRouterElement.java:773-800",
        rules: &["MD-069", "MD-061"],
        run: |target| {
            let own = guest(target)?.deploy()?;
            let host = || {
                let reply = setup::us(target).listed(&own.id)?;
                Ok::<_, Stop>((
                    id_in(&reply, "virtualmachine.hostid")?,
                    id_in(&reply, "virtualmachine.hostname")?,
                ))
            };
            let (before, name) = host()?;
            own.value("hypervisor-host-name")?.expect_body(&name)?;
            let routing = [("type", "Routing"), ("state", "Up")];
            let other = setup::us(target).first("listHosts", &routing, "host", |host| {
                (host.text_at("id").as_deref() != Some(&before)).then_some(0)
            })?;
            let request = target.job("migrateVirtualMachine").param("virtualmachineid", &own.id);
            request.param("hostid", other).finish()?.expect_success()?;
            let (_, name) = host()?;
            own.value("hypervisor-host-name")?.expect_body(&name)
        },
    },
    Check {
        id: "metadata-values/each-card-its-own",
        level: Must,
        profile: Core,
        needs: &[AnyGuest, Command("deployVirtualMachine"), Command("createNetwork")],
        requirement: "`local-ipv4` is the address of the card that asks, in every network of the guest.",
        source: "UserVmManagerImpl.java:3323-3360",
        rules: &["MD-053", "MD-068"],
        run: |target| {
            let own = guest(target)?.in_own_network(true)?.deploy()?;
            own.value("local-ipv4")?.expect_body(&own.address)?;
            let (second, address) = own.second_card()?;
            second.get("/latest/meta-data/local-ipv4")?.expect_body(&address)?;
            second.get("/latest/meta-data/instance-id")?.expect_body(&own.id)
        },
    },
];

/// A guest with registered user data and these details.
fn with_details<'t>(target: &'t Target, details: &[(&str, &str)]) -> Result<OwnGuest<'t>, Stop> {
    let name = target.fresh_name("data");
    let request =
        target.api("registerUserData").param("name", &name).param("userdata", STANDARD.encode(&name));
    let place = Place::of_guests(target)?;
    let request = place.of_its_owner(request);
    let id = id_in(&request.post().send()?, "userdata.id")?;
    let deployment = guest(target)?.with("userdataid", id);
    let with_detail = |deployment: Deployment<'t>, (name, value): &(&str, &str)| {
        deployment.with(&format!("userdatadetails[0].{name}"), *value)
    };
    details.iter().fold(deployment, with_detail).deploy()
}

/// The two public types of a guest, after its metadata were pushed.
fn expect_public(own: &OwnGuest<'_>, expected: &str) -> Result<(), Stop> {
    own.update(&[("userdata", "cHVzaGVk")])?;
    own.value("public-ipv4")?.expect_body(expected)?;
    own.value("public-hostname")?.expect_body(expected)
}

/// A public key for RSA that nobody has the private half of.
fn public_key(name: &str) -> String {
    let mut blob = Vec::new();
    let mut field = |bytes: &[u8]| {
        blob.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        blob.extend(bytes);
    };
    field(b"ssh-rsa");
    field(&[1, 0, 1]);
    // 2048 bits, with the name inside so that no two are the same, and odd.
    let mut modulus = vec![0_u8, 0xc0];
    modulus.extend(name.bytes().cycle().take(254));
    modulus.push(1);
    field(&modulus);
    format!("ssh-rsa {} {name}", STANDARD.encode(blob))
}
