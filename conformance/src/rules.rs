//! The rules that checks judge by, as facts from the tables of `fixtures/rules`.
//!
//! What a check says it covers is in the check (`rules`); that every rule which binds is covered, or told why no client
//! can see it broken, is decided by a test (`tests/it/coverage.rs`).

use std::sync::OnceLock;

use crate::check::Level;

/// The tables, in the order in which they are told: name and text.
const TABLES: [(&str, &str); 3] = [
    ("protocol", include_str!("../../fixtures/rules/protocol.tsv")),
    ("lifecycles", include_str!("../../fixtures/rules/lifecycles.tsv")),
    ("router", include_str!("../../fixtures/rules/router.tsv")),
];

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// The table that it stands in: `protocol`, `lifecycles` or `router`.
    pub table: &'static str,
    /// `API-SIG-004`, fixed for life.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// Whether it was watched on a running server, tried with the same libraries, or read in the source.
    pub evidence: &'static str,
    /// The rule, with the exact literals.
    pub text: &'static str,
    /// Upstream's files and lines.
    pub source: &'static str,
    /// The defect that a plausible wrong implementation would have; empty if none is worth planting.
    pub mutant: &'static str,
}

/// The names of the tables, in the order of [`all`].
pub fn tables() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|(name, _)| *name)
}

/// All rules: those of the protocol in its order, then those of jobs and life cycles, then those of the
/// router and its guests. Read when first asked for.
pub fn all() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let lines = TABLES.iter().flat_map(|(table, text)| text.lines().skip(1).map(|line| (*table, line)));
        lines
            .map(|(table, line)| rule(table, line).expect("a fact file holds one rule of six columns a line"))
            .collect()
    })
}

/// Why no client can see a rule broken, or why it is no client's concern; nothing for rules that a check can judge.
pub fn unseen(id: &str) -> Option<&'static str> {
    all_unseen().find(|(rule, _)| *rule == id).map(|(_, reason)| reason)
}

/// The rules that no client can see broken, each with the reason.
pub fn all_unseen() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("../../fixtures/rules/unseen.tsv").lines().skip(1);
    lines.map(|line| line.split_once('\t').expect("a rule and a reason stand in each line"))
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id == id)
}

fn rule(table: &'static str, line: &'static str) -> Option<Rule> {
    let mut columns = line.split('\t');
    let mut column = || columns.next();
    let rule = Rule {
        table,
        id: column()?,
        level: match column()? {
            "must" => Level::Must,
            "should" => Level::Should,
            "may" => Level::May,
            _ => return None,
        },
        evidence: column()?,
        text: column()?,
        source: column()?,
        mutant: column()?,
    };
    columns.next().is_none().then_some(rule)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{check::Check, checks};

    #[test]
    fn every_rule_is_told_once_and_whole() {
        let mut seen = HashSet::new();
        for rule in all() {
            assert!(seen.insert(rule.id), "{} stands twice", rule.id);
            assert!(!rule.text.is_empty(), "{}", rule.id);
            assert!(matches!(rule.evidence, "recorded" | "laboratory" | "source"), "{}", rule.id);
        }
    }

    #[test]
    fn checks_name_rules_that_exist() {
        for check in checks::all() {
            for rule in check.rules {
                assert!(find(rule).is_some(), "{} covers {rule}, which is no rule", check.id);
            }
        }
    }

    #[test]
    fn a_check_is_not_more_binding_than_its_rules() {
        let demands_more = |check: &&Check| {
            let levels = check.rules.iter().filter_map(|rule| find(rule)).map(|rule| rule.level);
            // The levels are ordered from the most binding to the least.
            levels.min().is_some_and(|strictest| check.level < strictest)
        };
        let found: Vec<&str> = checks::all().filter(demands_more).map(|check| check.id).collect();
        assert!(found.is_empty(), "these demand more than their rules: {found:#?}");
    }
}
