//! For CI systems that read JUnit: a suite per area. A known deviation counts as skipped, a SHOULD as a failure.

use std::fmt::Write as _;

use super::{Outcome, Report, escaped};
use crate::check::Verdict;

pub(super) fn write(report: &Report) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = report.counts();
    let mut put = |arguments: std::fmt::Arguments<'_>| {
        writeln!(text, "{arguments}").expect("writing to a string does not fail");
    };
    put(format_args!(
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\">",
        escaped(&report.target),
        report.outcomes.len(),
        counts.failed,
        counts.broken,
        counts.skipped + counts.known,
        seconds(report.milliseconds)
    ));
    for (area, outcomes) in report.areas() {
        let of =
            |wanted: fn(&Verdict) -> bool| outcomes.iter().filter(|outcome| wanted(&outcome.verdict)).count();
        put(format_args!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\">",
            escaped(area),
            outcomes.len(),
            of(|verdict| matches!(verdict, Verdict::Failed { .. })),
            of(|verdict| matches!(verdict, Verdict::Broken { .. })),
            of(|verdict| matches!(verdict, Verdict::Skipped { .. } | Verdict::Known { .. })),
            seconds(outcomes.iter().map(|outcome| outcome.milliseconds).sum())
        ));
        for outcome in outcomes {
            put(format_args!(
                "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"{}",
                escaped(area),
                escaped(&outcome.id),
                seconds(outcome.milliseconds),
                inner(outcome)
            ));
        }
        put(format_args!("  </testsuite>"));
    }
    put(format_args!("</testsuites>"));
    text
}

fn inner(outcome: &Outcome) -> String {
    let details = || {
        let mut details = format!("{}\n", outcome.requirement);
        for (name, value) in outcome.facts() {
            writeln!(details, "{name:<9} {value}").expect("writing to a string does not fail");
        }
        escaped(&details)
    };
    let (element, message) = match &outcome.verdict {
        Verdict::Passed => return "/>".to_owned(),
        Verdict::Failed { mismatch } => ("failure", mismatch.to_string()),
        Verdict::Broken { why } => ("error", why.clone()),
        Verdict::Skipped { why } => return format!("><skipped message=\"{}\"/></testcase>", escaped(why)),
        Verdict::Known { reason, .. } => {
            return format!("><skipped message=\"known deviation: {}\"/></testcase>", escaped(reason));
        }
    };
    let message = escaped(&message).replace('\n', " ");
    format!(
        "><{element} type=\"{}\" message=\"{message}\">{}</{element}></testcase>",
        outcome.level,
        details()
    )
}

fn seconds(milliseconds: f64) -> String {
    format!("{:.3}", milliseconds / 1000.0)
}
