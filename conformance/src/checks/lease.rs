//! The lease that a guest's DHCP client wrote down: it leads to the router.
//!
//! How a lease file is read is in [`wire::lease`](crate::wire::lease).

use super::prelude::*;
use crate::wire::{
    ExchangeError,
    http::Url,
    lease::{self as file, LeaseError},
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "lease/names-its-server",
        level: Must,
        profile: ReadOnly,
        needs: &[Lease],
        requirement: "The last lease of a guest names the address of its server.",
        source: "dhclient.c:4099-4235",
        rules: &["LS-003", "LS-015"],
        run: |target| read(target)?.server().map(|_| ()).map_err(mismatch),
    },
    Check {
        id: "lease/router-answers",
        level: Must,
        profile: ReadOnly,
        needs: &[Lease, Router],
        requirement: "The server that the last lease names is the router that answers the guest.",
        source: "cloudinit/sources/DataSourceCloudStack.py",
        rules: &["LS-003", "LS-014"],
        run: |target| {
            let server = read(target)?.server().map_err(mismatch)?.to_string();
            let router = target.router();
            let url = router.guest().map(|guest| guest.router.clone()).filter(|url| !url.is_empty());
            let url = url.or(target.router_url().map(str::to_owned)).ok_or(Stop::Unsupported(Router))?;
            let host = Url::parse(&url)?.origin.host().to_owned();
            // On one machine the router `10.a.b.c` answers at `127.a.b.c`.
            let stands_for = host.strip_prefix("127.").map_or(host.clone(), |rest| format!("10.{rest}"));
            if server != stands_for && server != host {
                return Err(Mismatch::new("dhcp-server-identifier", stands_for, server).into());
            }
            router.get("/latest/meta-data/instance-id")?.expect_status(200)
        },
    },
    Check {
        id: "lease/last-one-counts",
        level: Must,
        profile: ReadOnly,
        needs: &[Lease, Router],
        requirement: "The last lease of a guest is that of its address.",
        source: "dhclient.c:4099-4235",
        rules: &["LS-003"],
        run: |target| {
            let guest = target.guests().first().filter(|guest| !guest.address.is_empty());
            let guest = guest.ok_or(Stop::Unsupported(Router))?;
            let lease = read(target)?;
            expect_equal(
                "fixed-address",
                guest.address.as_str(),
                lease.value("fixed-address").unwrap_or("absent"),
            )
        },
    },
];

/// The lease that counts. A file that is not there tells nothing about the target.
fn read(target: &Target) -> Result<file::Lease, Stop> {
    let path = target.lease().ok_or(Stop::Unsupported(Lease))?;
    file::read(&path).map_err(|error| match error {
        LeaseError::Unreadable { .. } => ExchangeError::Fault(error.to_string()).into(),
        other => mismatch(other),
    })
}

fn mismatch(error: LeaseError) -> Stop {
    Mismatch::new("lease file", "a lease that names its server", error).into()
}
