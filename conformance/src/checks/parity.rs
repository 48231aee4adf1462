//! Both formats say the same: what JSON tells, XML tells too, but for what the formats cannot share
//! ([`wire::decode::difference`](crate::wire::decode::difference)).

use super::{prelude::*, setup};

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
        needs: setup::MACHINES,
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

/// Asks the same in both formats.
fn same(target: &Target, command: &str, params: &[(&str, &str)]) -> Result<(), Stop> {
    let request =
        || params.iter().fold(target.api(command), |request, (name, value)| request.param(name, value));
    let json = request().send()?;
    json.expect_success()?;
    request().xml().send()?.expect_facts_of(&json)
}
