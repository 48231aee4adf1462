//! Every rule that binds is judged: it has a check, a fault that the check notices, and where a server was recorded,
//! exchanges; or a reason why no client can see it. The table is under `snapshots/rules/`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use cloudstack_conformance::{
    check::Level,
    checks,
    rules::{self, Rule},
};

use crate::{assert_approved, teeth};

/// What the columns of a rule hold.
struct Row {
    rule: &'static Rule,
    checks: Vec<&'static str>,
    quirks: BTreeSet<&'static str>,
    recorded: Vec<String>,
}

impl Row {
    fn of(rule: &'static Rule, recorded: &BTreeMap<String, Vec<String>>) -> Self {
        let checks: Vec<&str> =
            checks::all().filter(|check| check.rules.contains(&rule.id)).map(|check| check.id).collect();
        let quirks = teeth::pairs().filter(|(check, _)| checks.contains(check)).map(|(_, quirk)| quirk);
        Self {
            rule,
            quirks: quirks.collect(),
            checks,
            recorded: recorded.get(rule.id).cloned().unwrap_or_default(),
        }
    }

    fn binds(&self) -> bool {
        self.rule.level != Level::May
    }

    fn unseen(&self) -> Option<&'static str> {
        rules::unseen(self.rule.id)
    }

    /// The cells of the table.
    fn cells(&self) -> [String; 5] {
        let Self { rule, checks, quirks, recorded } = self;
        let listed = |items: Vec<&str>| match (items.is_empty(), self.unseen()) {
            (false, _) => items.join("<br>"),
            (true, Some(reason)) => reason.to_owned(),
            (true, None) => "—".to_owned(),
        };
        // Whoever wants to see them: `replay --list`.
        let recorded = match (recorded.as_slice(), rule.evidence) {
            ([], "recorded") => "watched; the exchanges are kept apart".to_owned(),
            ([], "laboratory") => "not recorded; tried with the same libraries".to_owned(),
            ([], _) => "not recorded; read in the source".to_owned(),
            ([first], _) => first.clone(),
            ([first, rest @ ..], _) => format!("{first} and {} more", rest.len()),
        };
        [
            rule.id.to_owned(),
            rule.level.to_string(),
            listed(checks.clone()),
            listed(quirks.iter().copied().collect()),
            recorded,
        ]
    }
}

fn rows() -> Vec<Row> {
    let recorded = recorded();
    rules::all().iter().map(|rule| Row::of(rule, &recorded)).collect()
}

/// The recorded exchanges and scenarios of each rule.
fn recorded() -> BTreeMap<String, Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Exchange {
        id: String,
        rules: Vec<String>,
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recorded");
    let scenarios = std::fs::read_dir(folder.join("lifecycle")).unwrap().map(|entry| entry.unwrap().path());
    let mut scenarios: Vec<_> =
        scenarios.filter(|path| path.extension().is_some_and(|kind| kind == "jsonl")).collect();
    scenarios.sort();
    let mut recorded = BTreeMap::<String, Vec<String>>::new();
    // The first line of the exchanges holds the credentials.
    for (path, skipped) in
        [(folder.join("wire.jsonl"), 1)].into_iter().chain(scenarios.into_iter().map(|path| (path, 0)))
    {
        let text = std::fs::read_to_string(path).unwrap();
        for line in text.lines().skip(skipped) {
            let exchange: Exchange = serde_json::from_str(line).unwrap();
            for rule in exchange.rules {
                recorded.entry(rule).or_default().push(exchange.id.clone());
            }
        }
    }
    recorded
}

#[test]
fn every_rule_that_binds_is_judged() {
    let rows = rows();
    let gaps: Vec<&str> = rows
        .iter()
        .filter(|row| row.binds() && row.unseen().is_none())
        .filter(|row| row.checks.is_empty() || row.quirks.is_empty())
        .map(|row| row.rule.id)
        .collect();
    assert!(gaps.is_empty(), "nothing judges these rules: {gaps:#?}");
}

#[test]
fn a_rule_with_a_check_needs_no_excuse() {
    let rows = rows();
    for (id, reason) in rules::all_unseen() {
        let row = rows.iter().find(|row| row.rule.id == id);
        let row = row.unwrap_or_else(|| panic!("{id} is no rule"));
        assert!(row.binds(), "{id} binds nobody");
        assert!(row.checks.is_empty(), "{id} has a check: {:?}", row.checks);
        assert!(reason.ends_with('.'), "{id}: {reason}");
    }
}

#[test]
fn every_recorded_rule_exists() {
    for (rule, exchanges) in recorded() {
        assert!(rules::find(&rule).is_some(), "{rule} of {exchanges:?} is no rule");
    }
}

#[test]
fn the_tables_of_rules_are_as_approved() {
    let rows = rows();
    for name in rules::tables() {
        let mut table =
            "| rule | level | check | fault that it notices | recorded |\n|---|---|---|---|---|\n".to_owned();
        for row in rows.iter().filter(|row| row.rule.table == name) {
            table.push_str(&format!("| {} |\n", row.cells().join(" | ")));
        }
        assert_approved("rules", name, &table);
    }
}
