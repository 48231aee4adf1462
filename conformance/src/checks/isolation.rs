//! Whose data a guest can read: its own, and nothing of neighbours, of earlier machines at its address, or of the
//! router itself.
//!
//! The forms of URL that could lead to a neighbour are in [`metadata`](super::metadata) too. A guest is nothing but a
//! source address; where this machine stands for all of them, checks deploy guests and speak as them.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{own_guest::guest, prelude::*};
use crate::{check::Capability, wire::router::Page};

const NEEDS: &[Capability] = &[Router];

/// What is under an address if anything is.
const PAGES: [&str; 4] =
    ["/latest/meta-data/instance-id", "/latest/instance-id", "/latest/meta-data/", "/latest/user-data"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "isolation/any-path",
        level: Must,
        profile: InGuest,
        needs: &[Router, TwoGuests],
        requirement: "No path leads a guest to the id of another guest.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:949-965",
        rules: &["ISO-001", "MD-031"],
        run: |target| {
            let other =
                target.guests().get(1).filter(|guest| !guest.id.is_empty() && !guest.address.is_empty());
            let other = other.ok_or(Stop::Unsupported(TwoGuests))?;
            for_all(target, &paths_to(&other.address), |path| {
                let page = target.router().get(path)?;
                if page.answer.status == 200 && page.text().contains(&other.id) {
                    return Err(page.mismatch("body", "nothing of the other guest", page.text()));
                }
                Ok(())
            })
        },
    },
    Check {
        id: "isolation/no-listings",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "No folder of the router is listed.",
        source: "systemvm/debian/var/www/html/latest/.htaccess, opt/cloud/bin/setup/common.sh:627",
        rules: &["MD-029", "ISO-010"],
        run: |target| {
            let mut folders: Vec<String> =
                ["/", "/latest/", "/metadata/", "/userdata/"].map(str::to_owned).into();
            if let Some(own) =
                target.guests().first().map(|guest| &guest.address).filter(|own| !own.is_empty())
            {
                folders.extend([format!("/metadata/{own}/"), format!("/userdata/{own}/")]);
            }
            folders.iter().try_for_each(|folder| expect_nothing(&target.router().get(folder)?))
        },
    },
    Check {
        id: "isolation/no-control-files",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The control files of the web server are not served.",
        source: "systemvm/debian/var/www/html/latest/.htaccess",
        rules: &["MD-033", "ISO-010"],
        run: |target| {
            for path in
                ["/.htaccess", "/latest/.htaccess", "/latest/meta-data/.htaccess", "/userdata/.htaccess"]
            {
                expect_nothing(&target.router().get(path)?)?;
            }
            Ok(())
        },
    },
    Check {
        id: "isolation/no-server-version",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The router does not tell the version of its web server.",
        source: "systemvm/debian/etc/apache2/conf-enabled/security.conf:1-3",
        rules: &["ISO-010"],
        run: |target| {
            let page = target.router().get(PAGES[0])?;
            match page
                .answer
                .header("server")
                .filter(|server| server.contains(|one: char| one.is_ascii_digit()))
            {
                Some(server) => Err(page.mismatch("header server", "a name without a version", server)),
                None => Ok(()),
            }
        },
    },
    Check {
        id: "isolation/nobody",
        level: Must,
        profile: Core,
        needs: &[AnyGuest, Command("deployVirtualMachine"), Alone],
        requirement: "An address that no machine has any more gets 404, not the data of some guest.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:843-871",
        rules: &["ISO-004"],
        run: |target| {
            let gone = guest(target)?.deploy()?;
            gone.value("instance-id")?.expect_body(&gone.id)?;
            gone.expunge()?;
            for path in PAGES {
                let page = gone.router.get(path)?;
                // The reference leaves the folder of a machine where it was (MD-009); whose it is decides.
                if page.answer.status == 200
                    && !page.text().contains(&gone.id)
                    && !page.answer.body.is_empty()
                {
                    return Err(page.mismatch("status", 404, page.answer.status));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "isolation/address-used-again",
        level: Must,
        profile: Core,
        needs: &[AnyGuest, Command("deployVirtualMachine"), Alone],
        requirement: "A machine that gets the address of an expunged one reads nothing of it.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:843-871",
        rules: &["ISO-006"],
        run: |target| {
            let secret = target.fresh_name("secret");
            let old = guest(target)?.with("userdata", STANDARD.encode(&secret)).deploy()?;
            old.router.get("/latest/user-data")?.expect_body(&secret)?;
            old.expunge()?;
            let new = guest(target)?.with("ipaddress", &old.address).deploy()?;
            new.router.get("/latest/user-data")?.expect_body("")?;
            let index = new.value("")?;
            for name in index.text().lines() {
                let page = new.value(name)?;
                if page.text().contains(&old.id) || page.text().contains(&old.name) {
                    return Err(page.mismatch("body", "nothing of the machine before", page.text()));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "isolation/router-of-another-network",
        level: Must,
        profile: Core,
        needs: &[AnyGuest, Command("deployVirtualMachine"), Command("createNetwork")],
        requirement: "A router tells nothing to an address that is a guest's in another network.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsApp.py:36-60",
        rules: &["ISO-007", "ISO-008"],
        run: |target| {
            let elsewhere = guest(target)?.in_own_network(false)?.deploy()?;
            // Its address, at the router of the first guest.
            for path in PAGES {
                let page = elsewhere.router.get(path)?;
                expect_nothing(&page)?;
            }
            Ok(())
        },
    },
    Check {
        id: "isolation/no-mixtures",
        level: Must,
        profile: Core,
        needs: &[AnyGuest, Command("deployVirtualMachine"), Command("updateVirtualMachine")],
        requirement: "While user data is replaced, a guest reads the old or the new one, whole.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:873-879",
        rules: &["ISO-012", "MD-050"],
        run: |target| {
            let texts = ["a".repeat(3000), "b".repeat(2000)];
            let encoded = texts.each_ref().map(|text| STANDARD.encode(text));
            let own = guest(target)?.with("userdata", &encoded[0]).deploy()?;
            let over = AtomicBool::new(false);
            thread::scope(|scope| {
                let reader = scope.spawn(|| {
                    loop {
                        let last = over.load(Ordering::Acquire);
                        let page = own.router.get("/latest/user-data")?;
                        page.expect_status(200)?;
                        let text = page.text();
                        if !texts.contains(&text) {
                            return Err(page.mismatch("body", "one of two texts", text));
                        }
                        if last {
                            return Ok(());
                        }
                    }
                });
                let written =
                    (0..10).try_for_each(|round| own.update(&[("userdata", &encoded[(round + 1) % 2])]));
                over.store(true, Ordering::Release);
                let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                written.and(read)
            })
        },
    },
];

/// Nothing is served: any refusal will do, and a 404 is as good as a 403 (ISO-013).
fn expect_nothing(page: &Page) -> Result<(), Stop> {
    match page.answer.status {
        403 | 404 => Ok(()),
        other => Err(page.mismatch("status", "403 or 404", other)),
    }
}

/// Paths that a web server could follow to a guest's folder.
fn paths_to(address: &str) -> impl Strategy<Value = String> + use<> {
    let folder = prop::sample::select(vec!["metadata", "userdata"]);
    let file = prop::sample::select(vec!["instance-id", "vm-id", "meta-data", "user-data", "meta-data/", ""]);
    let step = prop::sample::select(vec![
        "",
        ".",
        "..",
        "%2e%2e",
        "%2E.",
        "..%2f",
        "latest",
        "meta-data",
        "%252e%252e",
        "..;",
        "user-data",
        "\\..",
    ]);
    let steps = prop::collection::vec(step, 0..5).prop_map(|steps| steps.join("/"));
    let host = prop::sample::select(vec!["", "http://elsewhere.example"]);
    let address = address.to_owned();
    (host, steps, folder, file).prop_map(move |(host, steps, folder, file)| {
        let steps = if steps.is_empty() { steps } else { format!("/{steps}") };
        format!("{host}{steps}/{folder}/{address}/{file}")
    })
}
