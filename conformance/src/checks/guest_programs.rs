//! What programs in guests depend on: cloud-init, cloudbase-init and CloudStack's own scripts, request for request.
//!
//! The rules of the router itself are in [`metadata`](super::metadata), those of the lease in [`lease`](super::lease), those
//! of the password server have an area of their own.

use std::{fs, path::Path};

use super::prelude::*;
use crate::{
    check::Capability,
    wire::{ExchangeError, router::Page},
};

const NEEDS: &[Capability] = &[Router];

/// How cloud-init of Ubuntu 26.04 asks (GC-008).
const CLOUD_INIT: [(&str, &str); 3] =
    [("User-Agent", "Cloud-Init/26.2"), ("Accept-Encoding", "gzip, deflate"), ("Accept", "*/*")];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "guest-programs/cloud-init-finds-the-router",
        level: Must,
        profile: InGuest,
        needs: &[Lease, Router],
        requirement: "The scan of cloud-init finds in a lease file of dhclient the server that answers the guest.",
        source: "cloudinit/net/dhcp.py:307-333,626-686",
        rules: &["GC-002", "LS-001"],
        run: |target| {
            let path = target.lease().ok_or(Stop::Unsupported(Lease))?;
            let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            let text = String::from_utf8_lossy(&bytes);
            if !text.contains("lease {") {
                // What another client wrote is read otherwise.
                return Err(Stop::Unsupported(Lease));
            }
            let found = scanned(&text).unwrap_or_else(|| "nothing".to_owned());
            super::lease::expect_router(target, "the scan of cloud-init", &found)
        },
    },
    Check {
        id: "guest-programs/instance-id-is-filled",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The probe of cloud-init, a GET of instance-id, has a body.",
        source: "cloudinit/sources/DataSourceCloudStack.py:173-202",
        rules: &["GC-003", "GC-032"],
        run: |target| {
            let page = target.router().get("/latest/meta-data/instance-id")?;
            page.expect_status(200)?;
            if page.answer.body.is_empty() {
                return Err(page.mismatch("body", "the identifier of the machine", "nothing"));
            }
            Ok(())
        },
    },
    Check {
        id: "guest-programs/user-data-is-answered",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "User data is there or is not, at once: any other status makes guests wait for it.",
        source: "cloudinit/sources/helpers/ec2.py:144-181, cloudbaseinit/metadata/services/base.py:57-106",
        rules: &["GC-004", "GC-032"],
        run: |target| there_or_not(&target.router().get("/latest/user-data")?),
    },
    Check {
        id: "guest-programs/crawl-of-cloud-init",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "Whoever follows the index of metadata as cloud-init does gets a value for each name, and one line of text \
                      for those of the machine.",
        source: "cloudinit/sources/helpers/ec2.py:20-136,184-261",
        rules: &["GC-005", "GC-006"],
        run: |target| {
            let index = target.router().get("/latest/meta-data/")?;
            index.expect_status(200)?;
            let text = index.text();
            let names: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
            if !names.contains(&"instance-id") {
                return Err(index.mismatch("body", "a line instance-id", format!("{text:?}")));
            }
            for name in names {
                let page = target.router().get(&format!("/latest/meta-data/{name}"))?;
                page.expect_status(200)?;
                // Elsewhere a line break makes a list of a value, and this is one that programs take for a text.
                if matches!(name, "instance-id" | "local-hostname") && page.text().contains(['\r', '\n']) {
                    return Err(page.mismatch(
                        "body",
                        "one line without its end",
                        format!("{:?}", page.text()),
                    ));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "guest-programs/requests-of-cloud-init",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A request with the headers of cloud-init gets the bytes that any other gets.",
        source: "cloudinit/url_helper.py",
        rules: &["GC-008"],
        run: |target| {
            for path in ["/latest/meta-data/instance-id", "/latest/user-data"] {
                let plain = target.router().get(path)?;
                let request = target.router().request("GET", path);
                let request =
                    CLOUD_INIT.iter().fold(request, |request, (name, value)| request.header(name, value));
                let page = request.send()?;
                page.expect_no_header("content-encoding")?;
                page.expect_body_of(&plain)?;
            }
            Ok(())
        },
    },
    Check {
        id: "guest-programs/host-name-without-domain",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The host name in the metadata has no domain, which programs add from the lease.",
        source: "cloudinit/sources/DataSourceCloudStack.py:89-171",
        rules: &["GC-011", "GC-032"],
        run: |target| {
            let page = target.router().get("/latest/meta-data/local-hostname")?;
            page.expect_status(200)?;
            let name = page.text();
            if name.is_empty() || name.contains('.') {
                return Err(page.mismatch("body", "a name without dots", format!("{name:?}")));
            }
            Ok(())
        },
    },
    Check {
        id: "guest-programs/public-keys-are-keys",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The ssh keys of a guest are an answer with one key a line, and an empty one if it has none.",
        source: "setup/bindir/cloud-set-guest-sshkey.in:34-68, cloudbaseinit/metadata/services/cloudstack.py:105-129",
        rules: &["GC-013", "GC-014", "GC-032"],
        run: |target| {
            for path in ["/latest/public-keys", "/latest/meta-data/public-keys"] {
                let page = target.router().get(path)?;
                // A script that asks with curl takes whatever comes for keys, also the page of a 404.
                page.expect_status(200)?;
                let text = page.text();
                let is_key = |line: &&str| {
                    let mut words = line.split_ascii_whitespace();
                    let kind = words.next().unwrap_or_default();
                    ["ssh-", "ecdsa-", "sk-"].iter().any(|start| kind.starts_with(start))
                        && words.next().is_some_and(|key| key.starts_with("AAAA"))
                };
                if let Some(line) = text.lines().find(|line| !line.is_empty() && !is_key(line)) {
                    return Err(page.mismatch("body", "a key in each line", format!("{line:?}")));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "guest-programs/router-by-any-name",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A guest reads the same from its router by whatever name or address it asks for it.",
        source: "cloudbaseinit/metadata/services/cloudstack.py:84-103, setup/bindir/cloud-set-guest-sshkey.in:34-68",
        rules: &["GC-030", "GC-013"],
        run: |target| {
            let path = "/latest/meta-data/instance-id";
            let plain = target.router().get(path)?;
            plain.expect_status(200)?;
            for name in ["data-server", "10.1.1.1", "router.example:80"] {
                target.router().request("GET", path).header("Host", name).send()?.expect_body_of(&plain)?;
            }
            Ok(())
        },
    },
    Check {
        id: "guest-programs/probe-of-cloudbase-init",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The probe of cloudbase-init, a GET of service-offering, is answered.",
        source: "cloudbaseinit/metadata/services/cloudstack.py:63-82",
        rules: &["GC-031"],
        run: |target| target.router().get("/latest/meta-data/service-offering")?.expect_status(200),
    },
];

fn there_or_not(page: &Page) -> Result<(), Stop> {
    match page.answer.status {
        200 | 404 => Ok(()),
        other => Err(page.mismatch("status", "200 or 404", other)),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> ExchangeError {
    ExchangeError::Fault(format!("the lease file {} cannot be read: {error}", path.display()))
}

/// The server that cloud-init finds: in the last block that has one, blocks being cut at a brace with a line feed behind
/// it, statements at semicolons, quotes thrown away.
fn scanned(text: &str) -> Option<String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("lease {") {
        let Some((block, after)) = behind.split_once("}\n") else { break };
        blocks.push(block);
        rest = after;
    }
    blocks.iter().rev().find_map(|block| {
        let statements = block.split(';').map(|line| line.trim().replace('"', "").replace("option ", ""));
        let pairs: Vec<String> = statements.collect();
        let mut values = pairs.iter().filter_map(|pair| pair.split_once(' '));
        let found = values.rfind(|(name, _)| *name == "dhcp-server-identifier");
        found.map(|(_, value)| value.to_owned()).filter(|value| !value.is_empty())
    })
}
