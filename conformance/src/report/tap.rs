//! Test Anything Protocol, version 14. A known deviation is a TODO, a check that does not apply a SKIP.

use std::fmt::Write as _;

use super::{Report, one_line};
use crate::check::Verdict;

pub(super) fn write(report: &Report) -> String {
    let mut text = String::new();
    let mut put = |arguments: std::fmt::Arguments<'_>| {
        writeln!(text, "{arguments}").expect("writing to a string does not fail");
    };
    put(format_args!("TAP version 14"));
    put(format_args!("1..{}", report.outcomes.len()));
    for (number, outcome) in (1..).zip(&report.outcomes) {
        let id = &outcome.id;
        match &outcome.verdict {
            Verdict::Passed => put(format_args!("ok {number} - {id}")),
            Verdict::Skipped { why } => put(format_args!("ok {number} - {id} # SKIP {}", plain(why))),
            Verdict::Known { reason, .. } => {
                put(format_args!("not ok {number} - {id} # TODO {}", plain(reason)));
            }
            Verdict::Failed { .. } | Verdict::Broken { .. } => put(format_args!("not ok {number} - {id}")),
        }
        if matches!(outcome.verdict, Verdict::Failed { .. } | Verdict::Known { .. } | Verdict::Broken { .. })
        {
            put(format_args!("  ---"));
            put(format_args!("  level: {}", outcome.level));
            put(format_args!("  requirement: {}", quoted(&outcome.requirement)));
            for (name, value) in outcome.facts() {
                put(format_args!("  {name}: {}", quoted(&value)));
            }
            put(format_args!("  ..."));
        }
    }
    for remark in report.remarks() {
        put(format_args!("# {}", one_line(&remark, 1000)));
    }
    text
}

/// A text in YAML: every JSON string is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn plain(text: &str) -> String {
    one_line(text, 300).replace('#', "")
}
