//! Can this target be tested at all? Asked before a run, and in words by the subcommand `doctor`.

use std::fmt;

use crate::{
    check::{Capability, Stop},
    release::Release,
    target::Target,
    wire::{
        ExchangeError,
        http::{Request, Url},
        lease, router,
    },
};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, and what was seen.
    pub what: String,
    /// What to do about it, if it is in the way of a run.
    pub hint: Option<String>,
    /// Whether it is worth a look although a run can begin.
    pub is_odd: bool,
}

impl Finding {
    fn good(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None, is_odd: false }
    }

    fn odd(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None, is_odd: true }
    }

    fn bad(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: Some(hint.into()), is_odd: false }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hint {
            None => write!(f, "{}: {}", if self.is_odd { "note" } else { "ok" }, self.what),
            Some(hint) => write!(f, "error: {}\nhint: {hint}", self.what),
        }
    }
}

/// Looks at the target from the outside in and stops at the first obstacle. Sends nothing that changes anything.
pub fn examine(target: &Target) -> Vec<Finding> {
    let target = target.for_check("doctor");
    let mut findings = Vec::new();
    if target.endpoint().is_some() {
        examine_api(&target, &mut findings);
    }
    if findings.iter().all(|finding| finding.hint.is_none()) {
        examine_router(&target, &mut findings);
        examine_lease(&target, &mut findings);
    }
    findings
}

/// The obstacle, if there is one.
pub fn obstacle(target: &Target) -> Option<Finding> {
    examine(target).into_iter().find(|finding| finding.hint.is_some())
}

fn examine_api(target: &Target, findings: &mut Vec<Finding>) {
    let endpoint = target.endpoint().unwrap_or_default();
    // The first word that we say is unsigned, so that an address that is not an API learns no key.
    let reply = match target.api("listCapabilities").unsigned().outside_the_envelope().send() {
        Ok(reply) => reply,
        Err(stop) => {
            findings.push(unreachable(endpoint, stop));
            return;
        }
    };
    let is_api = reply
        .envelope()
        .is_some_and(|(name, _)| name == "listcapabilitiesresponse" || name == "errorresponse");
    if !is_api {
        let kind = reply.answer.header("content-type").unwrap_or("no content type");
        findings.push(Finding::bad(
            format!("could not find an API at {endpoint}: it answers {} with {kind}", reply.status()),
            "the URL usually ends in /client/api; if a proxy or a login page is in between, go round it",
        ));
        return;
    }
    findings.push(Finding::good(format!("{endpoint} answers as an API")));

    if target.api_keys().is_none() {
        findings.push(Finding::bad(
            "could not sign requests: no API key and secret are given",
            "set CLOUDSTACK_KEY and CLOUDSTACK_SECRET, or name a file with --target",
        ));
        return;
    }
    match target.facts() {
        Ok(facts) => {
            findings.push(Finding::good(match Release::parse(&facts.release) {
                Some(_) => format!("the key is accepted, the release is {}", facts.release),
                None => {
                    "the key is accepted; the release is not told, so that the newest is expected".to_owned()
                }
            }));
            findings.push(Finding::good(format!("the caller may use {} commands", facts.commands.len())));
        }
        Err(Stop::Mismatch(mismatch)) if mismatch.actual.starts_with("401") => findings.push(Finding::bad(
            format!("could not use the API key at {endpoint}: the target refuses it with 401"),
            "check that key and secret belong together and to this target, and that the user is enabled",
        )),
        Err(Stop::Mismatch(mismatch)) => findings.push(Finding::bad(
            format!("could not ask {endpoint} what it offers: {mismatch}"),
            "the caller must be allowed to use listCapabilities and listApis",
        )),
        Err(stop) => findings.push(unreachable(endpoint, stop)),
    }
    for capability in [
        Capability::Passwords,
        Capability::RootAdmin,
        Capability::Integration,
        Capability::Lease,
        Capability::Dhcp,
        Capability::Dns,
    ] {
        if let Ok(offered) = target.offers(capability) {
            let word = if offered { "there is" } else { "without" };
            findings.push(Finding::good(format!("{word} {capability}")));
        }
    }
}

fn examine_router(target: &Target, findings: &mut Vec<Finding>) {
    for (name, url, source) in router_addresses(target) {
        let attempt = Url::parse(&url).and_then(|url| {
            let source = source.as_deref().and_then(|text| text.parse().ok());
            router::probe(&Request {
                method: "GET".to_owned(),
                target: "/latest/".to_owned(),
                origin: url.origin,
                headers: Vec::new(),
                body: String::new(),
                source,
                deadline: target.deadline(),
                may_repeat: true,
            })
        });
        findings.push(match attempt {
            Ok(answer) => Finding::good(format!("the router {url} answers {name} with {}", answer.status)),
            Err(error) => Finding::bad(
                format!("could not reach the router {url} as {name}: {error}"),
                "the source address must be one of this machine, and the router must be reachable from it",
            ),
        });
    }
}

/// A lease that leads nowhere is a verdict and no obstacle, unless nobody could look at it.
fn examine_lease(target: &Target, findings: &mut Vec<Finding>) {
    let Some(path) = target.lease() else { return };
    let read = lease::File::open(&path).and_then(|file| {
        let server = file.server(target.lease_interface()).map_err(|problem| problem.at(&path))?;
        Ok((file, server))
    });
    match read {
        Ok((file, server)) => {
            let (path, dialect) = (path.display(), file.dialect);
            findings.push(Finding::good(format!("the lease file {path} of {dialect} leads to {server}")));
            if let Some(found) = file.disagreement(server) {
                let command = "grep dhcp-server-identifier | tail -1";
                findings.push(Finding::odd(format!("scripts that read it by `{command}` find {found}")));
            }
            if file.is_torn() {
                findings.push(Finding::odd(format!("{path} breaks off within its last lease")));
            }
        }
        Err(error) if error.problem.is_ours() => findings.push(Finding::bad(
            format!("could not use the lease file {}: it {}", error.path, error.problem),
            error.problem.remedy(),
        )),
        Err(error) => findings.push(Finding::odd(error.to_string())),
    }
}

fn router_addresses(target: &Target) -> Vec<(String, String, Option<String>)> {
    let common = target.router_url().map(str::to_owned);
    if target.guests().is_empty() {
        return common.into_iter().map(|url| ("us".to_owned(), url, None)).collect();
    }
    target
        .guests()
        .iter()
        .filter_map(|guest| {
            let own = Some(guest.router.clone()).filter(|url| !url.is_empty());
            let source = Some(guest.source.clone()).filter(|source| !source.is_empty());
            Some((guest.name.clone(), own.or_else(|| common.clone())?, source))
        })
        .collect()
}

fn unreachable(endpoint: &str, stop: Stop) -> Finding {
    let hint = match &stop {
        Stop::Broken(ExchangeError::Address { .. }) => {
            "a URL looks like http://cloud.example:8080/client/api"
        }
        Stop::Broken(ExchangeError::Connect { .. }) => "is it running, and are host and port right?",
        Stop::Broken(ExchangeError::Secure { .. }) => {
            "is the certificate trusted on this machine (SSL_CERT_FILE), and is it https at all?"
        }
        Stop::Broken(ExchangeError::Protocol { .. }) => {
            "does the port speak http, and not https or something else?"
        }
        Stop::Broken(ExchangeError::Deadline { .. }) => {
            "is there a firewall in between? --deadline allows more time"
        }
        _ => "check the URL",
    };
    let reason = match stop {
        Stop::Broken(error) => error.to_string(),
        other => other.to_string(),
    };
    Finding::bad(format!("could not reach {endpoint}: {reason}"), hint)
}
