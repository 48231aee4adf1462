//! Annotations of GitHub Actions: an error for what decides, a warning for the rest.

use std::fmt::Write as _;

use super::{Report, counted};
use crate::check::Verdict;

pub(super) fn write(report: &Report) -> String {
    let mut text = String::new();
    let mut put = |command: &str, title: &str, message: &str| {
        writeln!(text, "::{command} title={}::{}", property(title), data(message))
            .expect("writing to a string does not fail");
    };
    for outcome in &report.outcomes {
        let command = match &outcome.verdict {
            Verdict::Passed | Verdict::Skipped { .. } => continue,
            Verdict::Known { .. } => "notice",
            Verdict::Broken { .. } => "error",
            Verdict::Failed { .. } if outcome.is_decisive_failure(report.strict) => "error",
            Verdict::Failed { .. } => "warning",
        };
        let facts: Vec<String> =
            outcome.facts().iter().map(|(name, value)| format!("{name:<9} {value}")).collect();
        put(command, &outcome.id, &format!("{}\n{}", outcome.requirement, facts.join("\n")));
    }
    for problem in &report.problems {
        put("error", &problem.check, &format!("known deviation: {}", problem.what));
    }
    for left in &report.remaining {
        put("warning", &left.check, &format!("left on the target: {} by {}", left.id, left.command));
    }
    let title = report.conclusion().to_string();
    put("notice", &title, &format!("{}: {}", report.target, counted(report.counts())));
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
