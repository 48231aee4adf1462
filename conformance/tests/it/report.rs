//! Each report format on one report that has everything.

use cloudstack_conformance::{
    check::{Level, Mismatch, Profile, Verdict},
    known::Problem,
    report::{Kind, Outcome, Remaining, Report},
    wire::transcript::{Exchange, Received},
};

use crate::assert_approved;

fn outcome(id: &'static str, level: Level, requirement: &'static str, verdict: Verdict) -> Outcome {
    let silent = matches!(verdict, Verdict::Passed | Verdict::Skipped { .. });
    let body = "{\"listzonesresponse\":{\"count\":1,\"zone\":[{\"name\":\"<one> & `two` | \u{1b}[31m\"}]}}";
    let exchange = Exchange {
        sent: "GET /client/api?command=listZones&response=json&apiKey=…&signature=…".to_owned(),
        sent_headers: Vec::new(),
        sent_body: String::new(),
        received: Some(Received {
            status: 200,
            reason: "OK".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json;charset=utf-8".to_owned())],
            body: body.to_owned(),
            milliseconds: 4,
        }),
    };
    Outcome {
        id: id.into(),
        level,
        requirement: requirement.into(),
        source: "ApiServlet.java:423".into(),
        rules: vec!["API-SIG-040".into()],
        verdict,
        milliseconds: 12.5,
        again: format!("cloudstack-conformance --target lab.toml --check {id}"),
        exchanges: if silent { Vec::new() } else { vec![exchange] },
    }
}

fn everything() -> Report {
    let status = || Mismatch::new("status", "401", "200").in_exchange(0);
    let generated = Mismatch { case: Some("(\"\", \" \")".to_owned()), ..status() };
    let why = "could not complete the exchange: job j did not end within 600 s".to_owned();
    Report {
        target: "https://lab.example/client/api".to_owned(),
        release: "4.22.0.0".to_owned(),
        profile: Profile::Core,
        seed: 7,
        cases: 32,
        strict: false,
        milliseconds: 1234.5,
        outcomes: vec![
            outcome(
                "signing/known-key-is-accepted",
                Level::Must,
                "A signed request passes.",
                Verdict::Passed,
            ),
            outcome(
                "signing/wrong-secret",
                Level::Must,
                "A request signed with the wrong secret is refused with 401.",
                Verdict::Failed { mismatch: status() },
            ),
            outcome(
                "signing/any-changed-byte-is-refused",
                Level::Should,
                "A changed value is refused with 401.",
                Verdict::Failed { mismatch: generated },
            ),
            outcome(
                "signing/expired",
                Level::Must,
                "A request is refused with 401 after its expiry.",
                Verdict::Known { mismatch: status(), reason: "the clock of the lab stands still".to_owned() },
            ),
            outcome(
                "metadata/instance-id",
                Level::Must,
                "The instance id is the id of the virtual machine.",
                Verdict::Skipped { why: "the target does not offer a virtual router".to_owned() },
            ),
            outcome("jobs/end", Level::May, "A job ends.", Verdict::Broken { why }),
        ],
        problems: vec![Problem {
            check: "signing/no-such".to_owned(),
            what: "there is no such check".to_owned(),
        }],
        remaining: vec![Remaining {
            check: "jobs/end".to_owned(),
            command: "createNetwork".to_owned(),
            id: "n-1".to_owned(),
        }],
        notes: Vec::new(),
    }
}

#[test]
fn every_format_is_as_approved() {
    let report = everything();
    for kind in Kind::ALL {
        assert_approved("report", kind.name(), &kind.write(&report));
    }
}
