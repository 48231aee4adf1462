//! For programs: the whole report, with counts and conclusion.

use serde::Serialize;

use super::{Counts, Report};

#[derive(Serialize)]
struct Document<'a> {
    /// Raised when a member changes its meaning or goes away.
    format: u32,
    conclusion: String,
    counts: Counts,
    #[serde(flatten)]
    report: &'a Report,
}

pub(super) fn write(report: &Report) -> String {
    let document =
        Document { format: 1, conclusion: report.conclusion().to_string(), counts: report.counts(), report };
    let mut text = serde_json::to_string_pretty(&document).expect("a report has only text keys");
    text.push('\n');
    text
}
