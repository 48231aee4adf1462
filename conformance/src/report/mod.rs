//! What a run found, as one value. Each format is one pure function of it, in a file of its own.

mod github;
mod html;
mod json;
mod junit;
mod markdown;
mod tap;
mod terminal;

use std::{borrow::Cow, fmt, str::FromStr};

use serde::Serialize;

use crate::{
    check::{Check, Level, Mismatch, Profile, Verdict},
    known::Problem,
    target::Target,
    wire::transcript::{Exchange, one_line},
};

/// What a run found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Which system was judged.
    pub target: String,
    /// The release that it claims; empty if it was not asked.
    pub release: String,
    /// What the run was allowed to do.
    pub profile: Profile,
    /// What makes generated values repeat.
    pub seed: u64,
    /// Generated cases per property.
    pub cases: u32,
    /// Whether a SHOULD decides like a MUST.
    pub strict: bool,
    /// How long it took.
    pub milliseconds: f64,
    /// The verdicts, in list order.
    pub outcomes: Vec<Outcome>,
    /// What is wrong with the declared deviations.
    pub problems: Vec<Problem>,
    /// What we made and could not remove.
    pub remaining: Vec<Remaining>,
    /// What else was seen.
    pub notes: Vec<String>,
}

/// What became of one check.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The id of the check.
    pub id: Cow<'static, str>,
    /// How binding the requirement is.
    pub level: Level,
    /// The requirement.
    pub requirement: Cow<'static, str>,
    /// Where it was learned.
    pub source: Cow<'static, str>,
    /// The rules that it covers.
    pub rules: Vec<Cow<'static, str>>,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How long the check took.
    pub milliseconds: f64,
    /// A command line that runs it again.
    pub again: String,
    /// What was said, for checks that did not pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<Exchange>,
}

/// Something of ours that is still on the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remaining {
    /// The check that made it.
    pub check: String,
    /// The command that made it.
    pub command: String,
    /// Its id.
    pub id: String,
}

impl Outcome {
    pub(crate) fn new(
        check: &Check,
        verdict: Verdict,
        milliseconds: f64,
        exchanges: Vec<Exchange>,
        target: &Target,
    ) -> Self {
        let arguments = [target.arguments(), "--check", check.id].into_iter().filter(|text| !text.is_empty());
        let mut again = format!("cloudstack-conformance {}", arguments.collect::<Vec<_>>().join(" "));
        if let Verdict::Failed { mismatch } | Verdict::Known { mismatch, .. } = &verdict
            && mismatch.case.is_some()
        {
            let limits = target.limits();
            again.push_str(&format!(" --seed {} --cases {}", limits.seed, limits.cases));
        }
        if check.profile > Profile::ReadOnly {
            again.push_str(&format!(" --profile {} --allow-changes", check.profile));
        }
        let silent = matches!(verdict, Verdict::Passed | Verdict::Skipped { .. });
        Self {
            id: check.id.into(),
            level: check.level,
            requirement: check.requirement.into(),
            source: check.source.into(),
            rules: check.rules.iter().map(|&rule| rule.into()).collect(),
            verdict,
            milliseconds,
            again,
            exchanges: if silent { Vec::new() } else { exchanges },
        }
    }

    /// The part of the id before the slash.
    pub fn area(&self) -> &str {
        self.id.split_once('/').map_or(&self.id, |(area, _)| area)
    }

    /// The exchange that shows the mismatch, else the last.
    pub fn telling_exchange(&self) -> Option<&Exchange> {
        let index = match &self.verdict {
            Verdict::Failed { mismatch } | Verdict::Known { mismatch, .. } => mismatch.exchange,
            _ => None,
        };
        index.and_then(|index| self.exchanges.get(index)).or(self.exchanges.last())
    }

    /// Whether it makes the target not conformant.
    pub fn is_decisive_failure(&self, strict: bool) -> bool {
        let binding = self.level == Level::Must || strict && self.level == Level::Should;
        binding && matches!(self.verdict, Verdict::Failed { .. })
    }

    /// What a reader must know of a check that did not pass: name and value, in reading order.
    pub(crate) fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        match &self.verdict {
            Verdict::Passed => return facts,
            Verdict::Failed { mismatch } => facts.extend(of_mismatch(mismatch)),
            Verdict::Known { mismatch, reason } => {
                facts.extend(of_mismatch(mismatch));
                facts.push(("reason", reason.clone()));
            }
            Verdict::Skipped { why } => {
                facts.push(("because", why.clone()));
                return facts;
            }
            Verdict::Broken { why } => facts.push(("because", why.clone())),
        }
        facts.push(("source", self.source.to_string()));
        if let Some(exchange) = self.telling_exchange() {
            let body = if exchange.sent_body.is_empty() { "" } else { " " };
            facts.push(("sent", format!("{}{body}{}", exchange.sent, exchange.sent_body)));
            let received = match &exchange.received {
                Some(received) => format!("{} {}", received.status, one_line(&received.body, 300)),
                None => "nothing".to_owned(),
            };
            facts.push(("received", received.trim_end().to_owned()));
        }
        facts.push(("again", self.again.clone()));
        facts
    }
}

fn of_mismatch(mismatch: &Mismatch) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("at", mismatch.at.clone()),
        ("expected", one_line(&mismatch.expected, 300)),
        ("actual", one_line(&mismatch.actual, 300)),
    ];
    if let Some(case) = &mismatch.case {
        // A sequence of requests has a line for each.
        facts.extend(case.lines().map(|line| ("case", one_line(line, 600))));
    }
    facts
}

/// How many checks ended which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requirements that hold.
    pub passed: usize,
    /// Requirements that are broken.
    pub failed: usize,
    /// Broken ones that are declared.
    pub known: usize,
    /// Requirements that do not apply.
    pub skipped: usize,
    /// Checks that could not find out.
    pub broken: usize,
}

impl Report {
    /// How many checks ended which way.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for outcome in &self.outcomes {
            match outcome.verdict {
                Verdict::Passed => counts.passed += 1,
                Verdict::Failed { .. } => counts.failed += 1,
                Verdict::Known { .. } => counts.known += 1,
                Verdict::Skipped { .. } => counts.skipped += 1,
                Verdict::Broken { .. } => counts.broken += 1,
            }
        }
        counts
    }

    /// What the run comes to.
    pub fn conclusion(&self) -> Conclusion {
        let decisive = self.outcomes.iter().any(|outcome| outcome.is_decisive_failure(self.strict));
        let counts = self.counts();
        if decisive || !self.problems.is_empty() {
            Conclusion::NotConformant
        } else if counts.broken > 0 {
            Conclusion::NotTested
        } else if counts.passed + counts.failed + counts.known == 0 {
            Conclusion::NothingJudged
        } else if !self.remaining.is_empty() {
            Conclusion::Remaining
        } else {
            Conclusion::Conformant
        }
    }

    /// The areas in order, each with its outcomes.
    pub(crate) fn areas(&self) -> Vec<(&str, Vec<&Outcome>)> {
        let mut areas: Vec<(&str, Vec<&Outcome>)> = Vec::new();
        for outcome in &self.outcomes {
            match areas.last_mut() {
                Some((area, outcomes)) if *area == outcome.area() => outcomes.push(outcome),
                _ => areas.push((outcome.area(), vec![outcome])),
            }
        }
        areas
    }

    /// Everything that is said after the verdicts.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let problems = self
            .problems
            .iter()
            .map(|problem| format!("known deviation {}: {}", problem.check, problem.what));
        let remaining = self.remaining.iter().map(|left| {
            format!("left on the target: {} by {} ({}), see cleanup", left.id, left.command, left.check)
        });
        problems.chain(remaining).chain(self.notes.iter().cloned()).collect()
    }
}

/// What a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// At least one check judged, and every binding requirement holds or is a known deviation.
    Conformant,
    /// A binding requirement is broken, or the declared deviations are wrong.
    NotConformant,
    /// Some checks could not find out.
    NotTested,
    /// Nothing applied or nothing was selected.
    NothingJudged,
    /// Conformant, but something of ours is left on the target.
    Remaining,
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conformant => "conformant",
            Self::NotConformant => "not conformant",
            Self::NotTested => "could not be tested completely",
            Self::NothingJudged => "nothing was judged",
            Self::Remaining => "conformant, but something of ours is left on the target",
        })
    }
}

macro_rules! formats {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:literal $write:expr;)*) => {
        /// How a report is written.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[doc = $doc])+ $kind,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// Writes a report.
            pub fn write(self, report: &Report) -> String {
                match self {
                    $(Self::$kind => $write(report),)*
                }
            }
        }
    };
}

// To add a format: its file, its `mod` above, and a line here.
formats! {
    /// For people at a terminal.
    Terminal "terminal" terminal::plain;
    /// For programs.
    Json "json" json::write;
    /// For CI systems that read JUnit.
    Junit "junit" junit::write;
    /// For people in a browser; one file.
    Html "html" html::write;
    /// Test Anything Protocol 14.
    Tap "tap" tap::write;
    /// For issues and pull requests.
    Markdown "markdown" markdown::write;
    /// Annotations of GitHub Actions.
    Github "github" github::write;
}

impl Kind {
    /// Writes a report for a terminal that shows colours.
    pub fn write_coloured(self, report: &Report) -> String {
        match self {
            Self::Terminal => terminal::coloured(report),
            other => other.write(report),
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names: Vec<&str> = Self::ALL.iter().map(|kind| kind.name()).collect();
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| format!("{text} is none of {}", names.join(", ")))
    }
}

/// Text that can stand in XML and HTML. Characters that XML forbids become U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// A line of counts: `12 passed, 1 failed`.
fn counted(counts: Counts) -> String {
    let parts = [
        (counts.passed, "passed"),
        (counts.failed, "failed"),
        (counts.known, "known"),
        (counts.broken, "broken"),
        (counts.skipped, "skipped"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, word)| *count > 0 || *word == "passed")
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    parts.join(", ")
}
