//! What a virtual router tells its guests: user data and metadata by HTTP, told apart by nothing but the source
//! address.
//!
//! Every check speaks as a guest that the target's owner named. How user data gets there is in
//! [`user_data`](super::user_data).

use super::prelude::*;
use crate::{
    check::Capability,
    target::Guest,
    wire::router::{Page, PageRequest},
};

/// The types that every release documents.
const TYPES: &[&str] = &[
    "service-offering",
    "availability-zone",
    "local-ipv4",
    "local-hostname",
    "public-ipv4",
    "public-hostname",
    "instance-id",
];

/// The types that the router's own rules name, so that their legacy URLs may end with a slash (MD-024).
const STATIC: &[&str] = &[
    "availability-zone",
    "cloud-identifier",
    "instance-id",
    "local-hostname",
    "local-ipv4",
    "public-hostname",
    "public-ipv4",
    "public-keys",
    "service-offering",
    "vm-id",
];

/// The types whose legacy URLs lead elsewhere in the reference (MD-023).
const MISDIRECTED: &[&str] = &["cloud-domain", "cloud-domain-id"];

/// The first types in the order of a push (MD-011).
const PUSHED: &[&str] = &["service-offering", "availability-zone", "local-ipv4", "local-hostname"];

/// Types that a machine has only where somebody wants it to.
const OPTIONAL: &[&str] = &["cloud-domain", "cloud-domain-id", "cloud-name"];

/// Headers by which proxies name a client (ISO-002).
const FORWARDING: &[&str] = &["X-Forwarded-For", "X-Real-IP", "Client-IP", "True-Client-IP", "X-Client-IP"];

const NEEDS: &[Capability] = &[Router];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "metadata/legacy-form",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The legacy URL of a metadata type returns the same bytes as the new one.",
        source: "systemvm/debian/var/www/html/latest/.htaccess:6-25",
        rules: &["MD-018", "MD-020"],
        run: |target| {
            for kind in TYPES {
                let new = target.router().get(&format!("/latest/meta-data/{kind}"))?;
                target.router().get(&format!("/latest/{kind}"))?.expect_body_of(&new)?;
            }
            Ok(())
        },
    },
    Check {
        id: "metadata/legacy-form-of-every-name",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "Every name of the index has a legacy URL; those of the router's own rules also with a slash.",
        source: "systemvm/debian/var/www/html/latest/.htaccess:6-25, configure.py:926-984",
        rules: &["MD-010", "MD-021", "MD-022"],
        run: |target| {
            for name in index(target)?.text().lines().filter(|name| !MISDIRECTED.contains(name)) {
                let new = target.router().get(&format!("/latest/meta-data/{name}"))?;
                target.router().get(&format!("/latest/{name}"))?.expect_body_of(&new)?;
                let with_slash = target.router().get(&format!("/latest/{name}/"))?;
                if STATIC.contains(&name) {
                    with_slash.expect_body_of(&new)?;
                } else {
                    with_slash.expect_status(404)?;
                }
            }
            Ok(())
        },
    },
    Check {
        id: "metadata/values-are-the-machines",
        level: Must,
        profile: InGuest,
        needs: &[Router, Command("listVirtualMachines"), Command("listServiceOfferings")],
        requirement: "The metadata of a guest is what the API says of its machine.",
        source: "CommandSetupHelper.java:230-256,1278-1316",
        rules: &["MD-051", "MD-052", "MD-053", "MD-054", "MD-057"],
        run: |target| {
            let guest = guest(target, 0)?;
            let reply = target.api("listVirtualMachines").param("id", &guest.id).send()?;
            let text = |path: &str| Ok(reply.expect_present(path)?.text().unwrap_or_default());
            let offering = text("virtualmachine.serviceofferingid")?;
            let offerings = target.api("listServiceOfferings").param("id", offering).send()?;
            let offering =
                offerings.expect_present("serviceoffering.displaytext")?.text().unwrap_or_default();
            let expected: [(&str, Result<String, Stop>); 5] = [
                ("service-offering", Ok(offering)),
                ("availability-zone", text("virtualmachine.zonename")),
                ("local-ipv4", text("virtualmachine.nic.ipaddress")),
                ("local-hostname", text("virtualmachine.name")),
                ("instance-id", text("virtualmachine.id")),
            ];
            for (kind, value) in expected {
                target.router().get(&format!("/latest/meta-data/{kind}"))?.expect_body(&value?)?;
            }
            Ok(())
        },
    },
    Check {
        id: "metadata/index-is-complete",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "Every name in the index of metadata has a value.",
        source: "vmdata.py, cloudinit/sources/helpers/ec2.py",
        rules: &["MD-016", "MD-070"],
        run: |target| {
            let index = target.router().get("/latest/meta-data/")?;
            index.expect_status(200)?;
            let index = index.text();
            for name in index.lines().filter(|line| !line.is_empty()) {
                target.router().get(&format!("/latest/meta-data/{name}"))?.expect_status(200)?;
            }
            Ok(())
        },
    },
    Check {
        id: "metadata/index-is-lines",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The index of metadata has one name a line, each once, in the order of the push, and ends with a \
                      newline.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:900-921, CommandSetupHelper.java:1278-1316",
        rules: &["MD-006", "MD-011"],
        run: |target| {
            let index = index(target)?;
            let text = index.text();
            let lines: Vec<&str> = text.split('\n').collect();
            if lines.last() != Some(&"") {
                return Err(index.mismatch("body", "a newline at the end", format!("{text:?}")));
            }
            let names = &lines[..lines.len() - 1];
            let is_name =
                |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            if let Some(odd) = names.iter().find(|name| name.is_empty() || !is_name(name)) {
                return Err(index.mismatch("body", "one name a line", format!("{odd:?}")));
            }
            if let Some(twice) = (1..names.len()).find(|at| names[..*at].contains(&names[*at])) {
                return Err(index.mismatch("body", "each name once", names[twice]));
            }
            // Only a fresh machine has them in this order; whoever got a type later lists it later.
            let order: Vec<&str> = PUSHED.iter().copied().filter(|name| names.contains(name)).collect();
            let listed: Vec<&str> = names.iter().copied().filter(|name| PUSHED.contains(name)).collect();
            index.expect_equal("order of the first types", order.join(" "), listed.join(" "))
        },
    },
    Check {
        id: "metadata/absent-type",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A type that the guest does not have is not found, in both forms.",
        source: "CommandSetupHelper.java:242-252",
        rules: &["MD-026"],
        run: |target| {
            let index = index(target)?.text();
            for name in OPTIONAL.iter().filter(|name| !index.lines().any(|line| line == **name)) {
                target.router().get(&format!("/latest/meta-data/{name}"))?.expect_status(404)?;
            }
            Ok(())
        },
    },
    Check {
        id: "metadata/index-names-the-types",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "Every documented type that has a value is in the index of metadata.",
        source: "vmdata.py, cloudinit/sources/DataSourceCloudStack.py",
        rules: &["MD-016", "MD-070"],
        run: |target| {
            let index = target.router().get("/latest/meta-data/")?;
            let text = index.text();
            for kind in TYPES {
                let has_value =
                    target.router().get(&format!("/latest/meta-data/{kind}"))?.answer.status == 200;
                if has_value && !text.lines().any(|line| line == *kind) {
                    return Err(index.mismatch("body", format!("a line {kind}"), format!("{text:?}")));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "metadata/trailing-slash",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "User data, the index and each metadata type have the same bytes with a slash at their end.",
        source: "systemvm/debian/var/www/html/latest/.htaccess:6-25",
        rules: &["MD-015", "MD-017", "MD-019"],
        run: |target| {
            for path in ["/latest/user-data", "/latest/meta-data"] {
                let plain = target.router().get(path)?;
                target.router().get(&format!("{path}/"))?.expect_body_of(&plain)?;
            }
            for kind in TYPES {
                let plain = target.router().get(&format!("/latest/meta-data/{kind}"))?;
                target.router().get(&format!("/latest/meta-data/{kind}/"))?.expect_body_of(&plain)?;
            }
            Ok(())
        },
    },
    Check {
        id: "metadata/unknown-type",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "An unknown metadata type is not found.",
        source: "systemvm/debian/var/www/html/latest/.htaccess:6-25",
        rules: &["MD-025"],
        run: |target| {
            target.router().get("/latest/meta-data/no-such-type")?.expect_status(404)?;
            target.router().get("/latest/no-such-type")?.expect_status(404)
        },
    },
    Check {
        id: "metadata/of-another-guest",
        level: Must,
        profile: InGuest,
        needs: &[Router, TwoGuests],
        requirement: "A guest cannot read the data of another guest in any form of URL.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:949-965",
        rules: &["ISO-001", "MD-031"],
        run: |target| {
            let (other, secret) = (guest(target, 1)?, guest(target, 1)?.id.clone());
            for path in foreign_paths(&other.address) {
                let page = target.router().get(&path)?;
                if page.answer.status == 200 && page.text().contains(&secret) {
                    return Err(page.mismatch("body", "nothing of the other guest", page.text()));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "metadata/forwarding-headers",
        level: Must,
        profile: InGuest,
        needs: &[Router, TwoGuests],
        requirement: "A header that names another client does not change whose data a guest reads.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:949-965",
        rules: &["ISO-002"],
        run: |target| {
            let other = guest(target, 1)?.address.clone();
            let request = || target.router().request("GET", "/latest/meta-data/instance-id");
            let own = request().send()?;
            FORWARDING
                .iter()
                .try_for_each(|name| request().header(name, &other).send()?.expect_body_of(&own))?;
            request().header("Forwarded", &format!("for={other}")).send()?.expect_body_of(&own)
        },
    },
    Check {
        id: "metadata/no-content-type",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A value has no content type.",
        source: "systemvm/debian/etc/apache2/vhost.template",
        rules: &["MD-039"],
        run: |target| value(target)?.expect_no_header("content-type"),
    },
    Check {
        id: "metadata/no-compression",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A guest that accepts compression reads the same bytes.",
        source: "systemvm/debian/etc/apache2/vhost.template",
        rules: &["MD-041", "MD-039"],
        run: |target| {
            let plain = value(target)?;
            let page = own(target, "GET").header("Accept-Encoding", "gzip").send()?;
            page.expect_no_header("content-encoding")?;
            page.expect_body_of(&plain)
        },
    },
    Check {
        id: "metadata/no-newline",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "No newline is added to a value.",
        source: "systemvm/debian/opt/cloud/bin/configure.py:926-984",
        rules: &["MD-049"],
        run: |target| {
            let page = value(target)?;
            page.expect_body(page.text().trim_end_matches(['\r', '\n']))
        },
    },
    Check {
        id: "metadata/nothing-writes",
        level: Should,
        profile: Core,
        needs: NEEDS,
        requirement: "PUT, DELETE and PATCH are refused, also where other clouds hand out tokens.",
        source: "systemvm/debian/etc/apache2/conf-enabled/security.conf:1-3",
        rules: &["ISO-005", "MD-044"],
        run: |target| {
            for path in ["/latest/meta-data/instance-id", "/latest/user-data", "/latest/api/token"] {
                for method in ["PUT", "DELETE", "PATCH"] {
                    let page = target.router().request(method, path).body("overwritten").send()?;
                    let status = page.answer.status;
                    if !(400..600).contains(&status) {
                        return Err(page.mismatch(format!("status of {method} {path}"), "405", status));
                    }
                }
            }
            Ok(())
        },
    },
    Check {
        id: "metadata/query-is-ignored",
        level: May,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A query behind the URL changes nothing.",
        source: "systemvm/debian/var/www/html/latest/.htaccess:6-25",
        rules: &["MD-035"],
        run: |target| {
            let plain = value(target)?;
            target.router().get("/latest/meta-data/instance-id?x=1")?.expect_body_of(&plain)
        },
    },
];

/// The index of metadata.
fn index(target: &Target) -> Result<Page, Stop> {
    let page = target.router().get("/latest/meta-data/")?;
    page.expect_status(200)?;
    Ok(page)
}

/// A value that every guest has.
fn value(target: &Target) -> Result<Page, Stop> {
    let page = own(target, "GET").send()?;
    page.expect_status(200)?;
    Ok(page)
}

fn own<'t>(target: &'t Target, method: &str) -> PageRequest<'t> {
    target.router().request(method, "/latest/meta-data/instance-id")
}

/// A guest with its id and address, which not every owner writes down.
fn guest(target: &Target, number: usize) -> Result<&Guest, Stop> {
    let guest = target.guests().get(number).filter(|guest| !guest.id.is_empty() && !guest.address.is_empty());
    guest.ok_or(Stop::Unsupported(if number == 0 { Router } else { TwoGuests }))
}

/// The ways to a guest's folder that a web server could leave open.
fn foreign_paths(address: &str) -> Vec<String> {
    let files = [
        format!("metadata/{address}/instance-id"),
        format!("metadata/{address}/vm-id"),
        format!("metadata/{address}/meta-data"),
        format!("userdata/{address}/user-data"),
    ];
    let ways =
        ["/", "//", "/latest/../", "/latest/meta-data/../../", "/latest/%2e%2e/", "/latest/..%2f", "/./"];
    files.iter().flat_map(|file| ways.map(|way| format!("{way}{file}"))).collect()
}
