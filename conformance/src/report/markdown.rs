//! For issues and pull requests: a table, then what did not pass.

use std::fmt::Write as _;

use super::{Report, counted};
use crate::check::Verdict;

pub(super) fn write(report: &Report) -> String {
    let mut text = String::new();
    let mut put = |arguments: std::fmt::Arguments<'_>| {
        writeln!(text, "{arguments}").expect("writing to a string does not fail");
    };
    put(format_args!("# {}: {}\n", cell(&report.target), report.conclusion()));
    let release = if report.release.is_empty() { "not told" } else { &report.release };
    put(format_args!(
        "{}. Release {}, profile {}, seed {}.\n",
        counted(report.counts()),
        cell(release),
        report.profile,
        report.seed
    ));
    put(format_args!("| check | level | verdict |\n| --- | --- | --- |"));
    for outcome in &report.outcomes {
        put(format_args!("| `{}` | {} | {} |", outcome.id, outcome.level, outcome.verdict.word()));
    }
    for outcome in &report.outcomes {
        if matches!(outcome.verdict, Verdict::Passed | Verdict::Skipped { .. }) {
            continue;
        }
        put(format_args!("\n## {} `{}`\n", outcome.verdict.word(), outcome.id));
        put(format_args!("{}\n", outcome.requirement));
        for (name, value) in outcome.facts() {
            put(format_args!("- {name}: {}", code(&value)));
        }
    }
    let remarks = report.remarks();
    if !remarks.is_empty() {
        put(format_args!("\n## Remarks\n"));
    }
    for remark in remarks {
        put(format_args!("- {}", cell(&remark)));
    }
    text
}

/// Text that cannot end a table cell or open markup.
fn cell(text: &str) -> String {
    super::one_line(text, 300).replace('|', "\\|").replace('<', "&lt;").replace('`', "'")
}

/// A code span around any text.
fn code(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}
