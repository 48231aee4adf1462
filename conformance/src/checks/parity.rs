//! Both formats say the same: what JSON tells, XML tells too, but for what the formats cannot share
//! ([`wire::parity`](crate::wire::parity)).

use super::{prelude::*, setup};
use crate::catalog;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "parity/zones",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The list of zones says the same in XML as in JSON.",
        source: "ApiResponseSerializer.java:171-351",
        rules: &["API-RSP-010", "API-RSP-011", "API-RSP-022"],
        run: |target| same(target, "listZones", &[]),
    },
    Check {
        id: "parity/templates",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listTemplates")],
        requirement: "The list of templates says the same in XML as in JSON.",
        source: "ApiResponseSerializer.java:171-351",
        rules: &["API-RSP-011", "API-RSP-022", "API-RSP-024"],
        run: |target| same(target, "listTemplates", &[("templatefilter", "executable")]),
    },
    Check {
        id: "parity/service-offerings",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listServiceOfferings")],
        requirement: "The list of service offerings says the same in XML as in JSON.",
        source: "ApiResponseSerializer.java:171-351",
        rules: &["API-RSP-011", "API-RSP-022"],
        run: |target| same(target, "listServiceOfferings", &[]),
    },
    Check {
        id: "parity/networks",
        level: Must,
        profile: Core,
        needs: &[Command("createNetwork"), Command("listNetworks")],
        requirement: "A listed network says the same in XML as in JSON.",
        source: "ApiResponseSerializer.java:171-351",
        rules: &["API-RSP-011", "API-RSP-022", "API-RSP-025"],
        run: |target| {
            let network = setup::us(target).network()?;
            same(target, "listNetworks", &[("id", &network)])
        },
    },
    Check {
        id: "parity/machines",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "A listed machine says the same in XML as in JSON.",
        source: "ApiResponseSerializer.java:171-351",
        rules: &["API-RSP-011", "API-RSP-022", "API-RSP-025"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            same(target, "listVirtualMachines", &[("id", &machine.id)])
        },
    },
    Check {
        id: "parity/events",
        level: Must,
        profile: Core,
        needs: setup::MACHINES_AND_EVENTS,
        requirement: "The events of a machine say the same in XML as in JSON.",
        source: "ApiResponseSerializer.java:171-351",
        rules: &["API-RSP-011", "API-RSP-023"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            same(target, "listEvents", &[("resourcetype", "VirtualMachine"), ("resourceid", &machine.id)])
        },
    },
    Check {
        id: "parity/job-results",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "The result of a job says the same in XML as in JSON.",
        source: "ApiResponseSerializer.java:285-306, ResponseObjectTypeAdapter.java:51-54",
        rules: &["JOB-055", "JOB-056", "API-RSP-054"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            same(target, "queryAsyncJobResult", &[("jobid", &machine.job.id)])
        },
    },
    Check {
        id: "parity/whatever-can-be-read",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys, Alone],
        requirement: "Every query that needs no parameters says the same in XML as in JSON.",
        source: "ApiResponseSerializer.java:171-351",
        rules: &[
            "API-RSP-005",
            "API-RSP-011",
            "API-RSP-020",
            "API-RSP-022",
            "API-RSP-024",
            "API-RSP-025",
            "API-RSP-026",
            "API-RSP-027",
            "API-RSP-028",
        ],
        run: |target| {
            for command in questions(target)? {
                let mark = target.transcript_mark();
                same_at_rest(target, &command)?;
                target.forget_since(mark);
            }
            Ok(())
        },
    },
    Check {
        id: "parity/errors",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An error says the same in XML as in JSON, whatever characters are in its text.",
        source: "ApiResponseSerializer.java:171-351,356-377",
        rules: &["API-RSP-040", "API-RSP-041"],
        run: |target| {
            let request = || target.api("queryAsyncJobResult").param("jobid", "<a> & 'b' \"c\"");
            let json = request().send()?;
            json.expect_error(431)?;
            let xml = request().xml().send()?;
            // The empty list of identifiers is only in JSON.
            xml.expect_facts_of(&json)
        },
    },
];

/// The commands that only ask, as far as the target offers them and they need no parameter.
fn questions(target: &Target) -> Result<Vec<String>, Stop> {
    let listing = target.api("listApis").send()?;
    let mut names = Vec::new();
    for api in listing.success()?.items("api") {
        let needs = |parameter: &Node| parameter.text_at("required").as_deref() == Some("true");
        let name = api.text_at("name").unwrap_or_default();
        if catalog::asks(&name) && !api.items("params").into_iter().any(needs) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Asks the same in both formats, whatever is answered. What changes between two questions in one format cannot be
/// compared between two. A figure may even go and come back; a fault is there each time.
fn same_at_rest(target: &Target, command: &str) -> Result<(), Stop> {
    const ATTEMPTS: usize = 3;
    let mut verdict = Ok(());
    for _ in 0..ATTEMPTS {
        let json = target.api(command).send()?;
        let xml = target.api(command).xml().send()?;
        verdict = xml.expect_status(json.status()).and_then(|()| xml.expect_facts_of(&json));
        if verdict.is_ok() {
            break;
        }
        if target.api(command).send()?.expect_body_of(&json).is_err() {
            verdict = Ok(());
        }
    }
    verdict
}

/// Asks the same in both formats.
fn same(target: &Target, command: &str, params: &[(&str, &str)]) -> Result<(), Stop> {
    let request =
        || params.iter().fold(target.api(command), |request, (name, value)| request.param(name, value));
    let json = request().send()?;
    json.expect_success()?;
    request().xml().send()?.expect_facts_of(&json)
}
