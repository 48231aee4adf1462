//! The lease that a guest's DHCP client wrote down: it leads to the router.
//!
//! How a lease file is read is in [`wire::lease`](crate::wire::lease).

use std::path::{Path, PathBuf};

use super::prelude::*;
use crate::wire::{
    ExchangeError,
    http::Url,
    lease::{self as file, Dialect, File, Problem},
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "lease/names-its-server",
        level: Must,
        profile: InGuest,
        needs: &[Lease],
        requirement: "The last lease of a guest names the address of its server.",
        source: "dhclient.c:4099-4235",
        rules: &["LS-003", "LS-015", "LS-009"],
        run: |target| {
            let (path, file) = read(target)?;
            file.server(target.lease_interface()).map(|_| ()).map_err(|problem| stop(problem, &path))
        },
    },
    Check {
        id: "lease/router-answers",
        level: Must,
        profile: InGuest,
        needs: &[Lease, Router],
        requirement: "The server that the last lease names is the router that answers the guest.",
        source: "cloudinit/sources/DataSourceCloudStack.py",
        rules: &["LS-003", "LS-014"],
        run: |target| {
            let (path, file) = read(target)?;
            let server = file.server(target.lease_interface()).map_err(|problem| stop(problem, &path))?;
            expect_router(target, "dhcp-server-identifier", &server.to_string())
        },
    },
    Check {
        id: "lease/last-one-counts",
        level: Must,
        profile: InGuest,
        needs: &[Lease, Router],
        requirement: "The last lease of a guest is that of its address.",
        source: "dhclient.c:4099-4235",
        rules: &["LS-003"],
        run: |target| {
            let guest = target.guests().first().filter(|guest| !guest.address.is_empty());
            let guest = guest.ok_or(Stop::Unsupported(Router))?;
            let (path, file) = read(target)?;
            let lease = file.lease(target.lease_interface()).map_err(|problem| stop(problem, &path))?;
            expect_equal(
                "fixed-address",
                guest.address.as_str(),
                lease.value("fixed-address").unwrap_or("absent"),
            )
        },
    },
    Check {
        id: "lease/form-of-statements",
        level: Should,
        profile: InGuest,
        needs: &[Lease],
        requirement: "Each statement of a lease of dhclient has a line of its own, indented by two blanks and ended by a \
                      semicolon, and the file ends with a brace and a newline.",
        source: "dhclient.c:4099-4235",
        rules: &["LS-001"],
        run: |target| {
            let text = block(target)?;
            let mut is_open = false;
            for line in text.lines() {
                match line {
                    "lease {" => is_open = true,
                    "}" => is_open = false,
                    line if is_open && !is_statement(line) => {
                        return Err(Mismatch::new("lease file", "  name value;", format!("{line:?}")).into());
                    }
                    _ => {}
                }
            }
            if text.ends_with("}\n") {
                return Ok(());
            }
            let end: String = text.chars().rev().take(3).collect::<Vec<char>>().into_iter().rev().collect();
            Err(Mismatch::new("end of the lease file", format!("{:?}", "}\n"), format!("{end:?}")).into())
        },
    },
    Check {
        id: "lease/endless-one-has-dates",
        level: Should,
        profile: InGuest,
        needs: &[Lease],
        requirement: "A lease without end is renewed and over at dates, and names no times of renewal.",
        source: "dhclient.c:4099-4235",
        rules: &["LS-006"],
        run: |target| {
            block(target)?;
            let (path, file) = read(target)?;
            let lease = file.lease(target.lease_interface()).map_err(|problem| stop(problem, &path))?;
            if lease.option("dhcp-lease-time") != Some("4294967295") {
                return Err(Stop::Unsupported(Lease));
            }
            for name in ["dhcp-renewal-time", "dhcp-rebinding-time"] {
                expect_equal(name, "absent", lease.option(name).unwrap_or("absent"))?;
            }
            for name in ["renew", "rebind", "expire"] {
                let words = lease.statement(name);
                if !is_time(&words) {
                    return Err(Mismatch::new(name, "w yyyy/mm/dd hh:mm:ss", words.join(" ")).into());
                }
            }
            Ok(())
        },
    },
    Check {
        id: "lease/strings-are-quoted",
        level: Should,
        profile: InGuest,
        needs: &[Lease],
        requirement: "Names in a lease of dhclient are strings in quotes, so that no value can pass for a statement.",
        source: "dhclient.c:4099-4235, common/print.c:33-110",
        rules: &["LS-007"],
        run: |target| {
            block(target)?;
            let (path, file) = read(target)?;
            let lease = file.lease(target.lease_interface()).map_err(|problem| stop(problem, &path))?;
            for name in ["interface", "filename", "server-name"] {
                if lease.value(name).is_some() && !lease.is_string(&[name]) {
                    return Err(Mismatch::new(name, "a string in quotes", "a bare word").into());
                }
            }
            for name in ["host-name", "domain-name"] {
                if lease.option(name).is_some() && !lease.is_string(&["option", name]) {
                    return Err(Mismatch::new(name, "a string in quotes", "a bare word").into());
                }
            }
            Ok(())
        },
    },
];

/// Expects the address of the router that answers the guest.
pub(super) fn expect_router(target: &Target, at: &str, server: &str) -> Result<(), Stop> {
    let router = target.router();
    let url = router.guest().map(|guest| guest.router.clone()).filter(|url| !url.is_empty());
    let url = url.or(target.router_url().map(str::to_owned)).ok_or(Stop::Unsupported(Router))?;
    let host = Url::parse(&url)?.origin.host().to_owned();
    // On one machine the router `10.a.b.c` answers at `127.a.b.c`.
    let stands_for = host.strip_prefix("127.").map_or(host.clone(), |rest| format!("10.{rest}"));
    if server != stands_for && server != host {
        return Err(Mismatch::new(at, stands_for, server).into());
    }
    router.get("/latest/meta-data/instance-id")?.expect_status(200)
}

/// The lease of dhclient that counts, as it stands in the file: other clients write otherwise.
fn block(target: &Target) -> Result<String, Stop> {
    let (path, file) = read(target)?;
    if file.dialect != Dialect::Dhclient {
        return Err(Stop::Unsupported(Lease));
    }
    file.lease(target.lease_interface()).map_err(|problem| stop(problem, &path))?;
    Ok(String::from_utf8_lossy(file.bytes()).into_owned())
}

/// Whether a line of a file that stands in a block is written as dhclient does it: two blanks, a word, a semicolon at the
/// end, behind which only the comment of a time may stand.
fn is_statement(line: &str) -> bool {
    let Some(text) = line.strip_prefix("  ") else { return false };
    let without_comment = text.split_once("; #").map_or(text, |(statement, _)| statement);
    let is_time = text.starts_with("renew ") || text.starts_with("rebind ") || text.starts_with("expire ");
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && (text.ends_with(';') || (is_time && without_comment != text))
}

/// Whether a time is a date or a number of seconds: `6 2094/12/11 11:08:48`, `epoch 3943638528`.
fn is_time(words: &[&str]) -> bool {
    let is_number =
        |text: &str, width: usize| text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = |text: &str, mark: char, widths: [usize; 3]| {
        let parts: Vec<&str> = text.split(mark).collect();
        parts.len() == 3 && parts.iter().zip(widths).all(|(part, width)| is_number(part, width))
    };
    match words {
        ["epoch", seconds] => seconds.parse::<i64>().is_ok(),
        [day, date, time] => {
            is_number(day, 1) && *day <= "6" && is_date(date, '/', [4, 2, 2]) && is_date(time, ':', [2, 2, 2])
        }
        _ => false,
    }
}

/// The lease that counts. A file that is not there tells nothing about the target.
pub(super) fn that_counts(target: &Target) -> Result<file::Lease, Stop> {
    let (path, file) = read(target)?;
    file.lease(target.lease_interface()).cloned().map_err(|problem| stop(problem, &path))
}

/// The lease file, and where it is.
fn read(target: &Target) -> Result<(PathBuf, File), Stop> {
    let path = target.lease().ok_or(Stop::Unsupported(Lease))?;
    let file = File::open(&path).map_err(|error| stop(error.problem, &path))?;
    Ok((path, file))
}

/// What nobody could look at tells nothing about the target.
fn stop(problem: Problem, path: &Path) -> Stop {
    let is_ours = problem.is_ours();
    let error = problem.at(path);
    if is_ours {
        ExchangeError::Fault(error.to_string()).into()
    } else {
        Mismatch::new("lease file", "a lease that names its server", error).into()
    }
}
