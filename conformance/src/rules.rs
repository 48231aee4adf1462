//! The rules of the protocol that checks judge by, as facts from `fixtures/rules/protocol.tsv`.
//!
//! What a check says it covers is in the check (`rules`); which rules nobody covers is decided by a test
//! (`tests/it/coverage.rs`). Rules of jobs and life cycles and of the router are not here yet.

use std::sync::OnceLock;

use crate::check::Level;

/// One rule.
#[derive(Debug)]
pub struct Rule {
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

/// All rules, in the order of the protocol. Read when first asked for.
pub fn all() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let lines = include_str!("../../fixtures/rules/protocol.tsv").lines().skip(1);
        lines.map(|line| rule(line).expect("the fact file holds one rule of six columns a line")).collect()
    })
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id == id)
}

fn rule(line: &'static str) -> Option<Rule> {
    let mut columns = line.split('\t');
    let mut column = || columns.next();
    let rule = Rule {
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
            for rule in check.rules.iter().filter(|rule| rule.starts_with("API-")) {
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
