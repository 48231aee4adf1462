//! For people at a terminal: what did not pass in full, the rest in a line per area.

use std::fmt::Write as _;

use super::{Outcome, Report, counted};
use crate::check::Verdict;

/// Whether the terminal shows colours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Coloured,
}

impl Style {
    fn paint(self, colour: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
        }
    }
}

/// Without colours, for files and pipes.
pub(super) fn plain(report: &Report) -> String {
    write(report, Style::Plain)
}

/// With colours.
pub(super) fn coloured(report: &Report) -> String {
    write(report, Style::Coloured)
}

fn write(report: &Report, style: Style) -> String {
    let mut text = String::new();
    for outcome in &report.outcomes {
        if !matches!(outcome.verdict, Verdict::Passed | Verdict::Skipped { .. }) {
            block(&mut text, outcome, style);
        }
    }
    for (area, outcomes) in report.areas() {
        let judged = outcomes.iter().filter(|outcome| outcome.verdict.is_judged()).count();
        let passed = outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Passed).count();
        let skipped =
            outcomes.iter().filter(|outcome| matches!(outcome.verdict, Verdict::Skipped { .. })).count();
        let note = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        line(&mut text, format_args!("{area:<16} {passed}/{judged} passed{note}"));
    }
    for remark in report.remarks() {
        line(&mut text, format_args!("note: {remark}"));
    }

    let release = if report.release.is_empty() { String::new() } else { format!(" ({})", report.release) };
    line(&mut text, format_args!("\n{}{release}: {}", report.target, report.conclusion()));
    line(
        &mut text,
        format_args!(
            "{} in {:.1} s, profile {}, seed {}",
            counted(report.counts()),
            report.milliseconds / 1000.0,
            report.profile,
            report.seed
        ),
    );
    text
}

fn block(text: &mut String, outcome: &Outcome, style: Style) {
    let colour = match outcome.verdict {
        Verdict::Known { .. } => "33",
        _ => "31;1",
    };
    let word = style.paint(colour, &format!("{:<5}", outcome.verdict.word()));
    line(text, format_args!("{word} {}  ({})", outcome.id, outcome.level));
    line(text, format_args!("      {}", outcome.requirement));
    for (name, value) in outcome.facts() {
        line(text, format_args!("      {name:<9} {value}"));
    }
    text.push('\n');
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("writing to a string does not fail");
}
