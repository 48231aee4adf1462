//! The core profile on each world that has a name.

use std::collections::{BTreeMap, BTreeSet};

use cloudstack_conformance::{
    check::{Profile, Verdict},
    embedded::Embedded,
    report::{Conclusion, Kind},
    run,
    runner::Selection,
    target::{Limits, Target},
    wire::decode::Node,
};

/// Lists of what happened, which only grow. Of jobs, those that are open are compared.
const HISTORY: &[&str] = &["listAlerts", "listEvents", "listUsageRecords"];

/// Lists that show nothing, or refuse, without one of these.
const FILTERS: &[(&str, &str, &str)] =
    &[("listIsos", "isofilter", "all"), ("listTemplates", "templatefilter", "all")];

/// What time alone changes: clocks, sessions that end by themselves, and the copies of a template on the pools of
/// machines that were made from it.
const PASSING: &[&str] = &["collectiontime", "downloaddetails", "lastpinged", "sessions", "uptime"];

/// What every list shows to the administrator: command, then row by id.
type Shown = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

/// Asks for everything that can be listed without naming something.
fn shown(target: &Target) -> Shown {
    let apis = target.api("listApis").send().unwrap();
    let mut shown = Shown::new();
    for api in apis.success().unwrap().items("api") {
        let name = api.text_at("name").unwrap();
        let filter = FILTERS.iter().find(|(command, _, _)| *command == name);
        let needs =
            api.items("params").into_iter().any(|param| param.text_at("required").as_deref() == Some("true"));
        if !name.starts_with("list") || HISTORY.contains(&name.as_str()) || (needs && filter.is_none()) {
            continue;
        }
        let mut request = target.api(&name).param("listall", "true");
        if let Some((_, parameter, value)) = filter {
            request = request.param(parameter, value);
        }
        let reply = request.send().unwrap();
        let rows = shown.entry(name).or_default();
        for (_, value) in reply.body().members() {
            let items = match value {
                Node::List(items) => items.iter().collect(),
                other => vec![other],
            };
            for item in
                items.into_iter().filter(|item| item.text_at("jobstatus").is_none_or(|state| state == "0"))
            {
                let fields: BTreeMap<String, String> = item
                    .members()
                    .iter()
                    .filter(|(name, _)| !PASSING.contains(&name.as_str()))
                    .map(|(name, value)| (name.clone(), value.to_string()))
                    .collect();
                // The count alone is no row, and says nothing that the rows do not.
                if fields.is_empty() {
                    continue;
                }
                let id = item.text_at("id").unwrap_or_else(|| format!("{fields:?}"));
                rows.insert(id, fields);
            }
        }
    }
    shown
}

/// What is there afterwards that was not before, what is gone, and what shows itself otherwise.
fn differences(before: &Shown, after: &Shown) -> Vec<String> {
    let mut found = Vec::new();
    for (command, rows) in before {
        let now = &after[command];
        let ids: BTreeSet<&String> = rows.keys().chain(now.keys()).collect();
        for id in ids {
            match (rows.get(id), now.get(id)) {
                (Some(row), None) => found.push(format!("{command}: gone: {row:?}")),
                (None, Some(row)) => found.push(format!("{command}: left: {row:?}")),
                (Some(then), Some(now)) => {
                    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
                    for name in names.into_iter().filter(|name| then.get(*name) != now.get(*name)) {
                        let [then, now] =
                            [then, now].map(|row| row.get(name).map_or("nothing", String::as_str));
                        found.push(format!("{command}: {id}: {name} was {then}, is {now}"));
                    }
                }
                (None, None) => {}
            }
        }
    }
    found
}

/// Runs the core profile on a world, which must pass with nothing left in its ledger, leave every list as it was, and
/// say why whatever is skipped is.
fn judge(world: &str) {
    let cloud = Embedded::of_world(world).unwrap();
    let limits = Limits { may_change: true, cases: 2, ..Limits::default() };
    let target = Target::new(cloud.settings(), limits, None);
    let before = shown(&target);
    let report = run(&target, &Selection { profile: Profile::Core, ..Selection::default() });
    let text = Kind::Terminal.write(&report);
    assert_eq!(report.conclusion(), Conclusion::Conformant, "{world}: {text}");
    let found = differences(&before, &shown(&target));
    assert!(found.is_empty(), "{world}: {}", found.join("\n"));
    for outcome in &report.outcomes {
        if let Verdict::Skipped { why } = &outcome.verdict {
            assert!(!why.is_empty(), "{world}: {}", outcome.id);
        }
    }
}

#[test]
fn demo_is_conformant() {
    judge("demo");
}

#[test]
fn empty_is_conformant() {
    judge("empty");
}

#[test]
fn advdualzone_is_conformant() {
    judge("advdualzone");
}

#[test]
fn sandbox_is_conformant() {
    judge("sandbox");
}

#[test]
fn what_stays_is_found() {
    let cloud = Embedded::of_world("demo").unwrap();
    let target = Target::new(cloud.settings(), Limits { may_change: true, ..Limits::default() }, None);
    let before = shown(&target);
    let request = target.api("createDomain").param("name", target.fresh_name("stays"));
    let id = request.send().unwrap().success().unwrap().text_at("domain.id").unwrap();
    let found = differences(&before, &shown(&target));
    assert!(
        found.iter().any(|text| text.starts_with("listDomains: left:") && text.contains(&id)),
        "{found:?}"
    );
    assert_eq!(target.clean_up(), []);
    let found = differences(&before, &shown(&target));
    assert!(found.is_empty(), "{}", found.join("\n"));
}
