//! The manners of a virtual router's web server: methods, hosts, odd requests.
//!
//! What it serves is in [`metadata`](super::metadata), whom it serves in [`isolation`](super::isolation).

use super::prelude::*;
use crate::{check::Capability, wire::router::Page};

const NEEDS: &[Capability] = &[Router];

/// A path that every guest has a value at.
const VALUE: &str = "/latest/meta-data/instance-id";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "router/head",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "HEAD answers with the status and the length of GET, and without a body.",
        source: "systemvm/debian/etc/apache2/vhost.template",
        rules: &["MD-042"],
        run: |target| {
            for path in [VALUE, "/latest/user-data", "/latest/meta-data/"] {
                let page = target.router().get(path)?;
                let head = target.router().request("HEAD", path).send()?;
                head.expect_status(page.answer.status)?;
                if let Some(length) = page.answer.header("content-length") {
                    head.expect_header("content-length", length)?;
                }
                head.expect_body("")?;
            }
            Ok(())
        },
    },
    Check {
        id: "router/any-host",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "Whatever host a guest names, in the header or in the target, it reads its own data.",
        source: "systemvm/debian/etc/apache2/vhost.template",
        rules: &["MD-038"],
        run: |target| {
            let own = value(target)?;
            for host in
                ["data-server", "data-server.example.internal", "elsewhere.example:81", "10.255.255.1"]
            {
                target.router().request("GET", VALUE).header("Host", host).send()?.expect_body_of(&own)?;
            }
            target.router().get(&format!("http://elsewhere.example{VALUE}"))?.expect_body_of(&own)
        },
    },
    Check {
        id: "router/no-aliases",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The trees of other clouds and shortened paths are not found.",
        source: "systemvm/debian/var/www/html/latest/.htaccess:6-25",
        rules: &["MD-027"],
        run: |target| {
            for path in [
                "/latest/userdata",
                "/user-data",
                "/meta-data/",
                "/1.0/meta-data/",
                "/2009-04-04/meta-data/instance-id",
                "/2009-04-04/user-data",
            ] {
                target.router().get(path)?.expect_status(404)?;
            }
            Ok(())
        },
    },
    Check {
        id: "router/odd-requests",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A path that leaves the tree, one that is too long and a second host are refused, and the next \
                      request is answered.",
        source: "systemvm/debian/etc/apache2/vhost.template",
        rules: &["MD-047"],
        run: |target| {
            let own = value(target)?;
            let long = format!("/latest/{}", "a/".repeat(4500));
            let name = format!("/latest/meta-data/{}", "a".repeat(300));
            for path in ["/latest/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", &long, &name] {
                expect_refusal(&target.router().get(path)?)?;
                value(target)?.expect_body_of(&own)?;
            }
            let twice = target.router().request("GET", VALUE).header("Host", "a").header("Host", "b");
            expect_refusal(&twice.send()?)
        },
    },
    Check {
        id: "router/same-answer-twice",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "Whatever path a guest asks for, it gets the same answer twice.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:843-944",
        rules: &["MD-016", "MD-050"],
        run: |target| {
            for_all(target, &some_path(), |path| {
                let first = target.router().get(path)?;
                let second = target.router().get(path)?;
                // The pages of refusals are nobody's business.
                if first.answer.status == 200 {
                    second.expect_body_of(&first)
                } else {
                    second.expect_status(first.answer.status)
                }
            })
        },
    },
];

/// The value that every guest has.
fn value(target: &Target) -> Result<Page, Stop> {
    let page = target.router().get(VALUE)?;
    page.expect_status(200)?;
    Ok(page)
}

/// A refusal of the request, not a failure of the server.
fn expect_refusal(page: &Page) -> Result<(), Stop> {
    match page.answer.status {
        400..=499 => Ok(()),
        other => Err(page.mismatch("status", "a refusal (400 to 499)", other)),
    }
}

/// Paths near those that mean something.
fn some_path() -> impl Strategy<Value = String> {
    let step = prop::sample::select(vec![
        "latest",
        "meta-data",
        "user-data",
        "instance-id",
        "public-keys",
        "local-ipv4",
        "service-offering",
        "vm-id",
        "no-such-type",
        "",
        ".",
        "..",
        "META-DATA",
        "user%2Ddata",
    ]);
    let steps = prop::collection::vec(step, 0..4).prop_map(|steps| steps.join("/"));
    prop_oneof![
        Just("/latest/meta-data/".to_owned()),
        steps.clone().prop_map(|steps| format!("/latest/{steps}")),
        steps.prop_map(|steps| format!("/{steps}")),
    ]
}
