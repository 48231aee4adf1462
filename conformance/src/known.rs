//! Deviations that a target's owner has declared.
//!
//! They live in the owner's file, one entry per check with a reason. The file must stay true: an entry for no check,
//! past its date, for a check that passes or with another symptom is a problem of its own.
//!
//! ```toml
//! "signing/expired" = { reason = "the load balancer's clock is off", until = "2026-12-31" }
//! "envelope/content-type" = { reason = "proxy strips the charset", actual = "application/json" }
//! ```

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    check::{Mismatch, Verdict},
    settings::{SettingsError, place, read},
};

/// A declared deviation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// Why it is so.
    pub reason: String,
    /// The last day on which it is accepted, `2026-12-31`.
    #[serde(default)]
    pub until: Option<String>,
    /// What the target does instead; any symptom if absent.
    #[serde(default)]
    pub actual: Option<String>,
}

/// The entries of a known-deviation file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    entries: BTreeMap<String, Deviation>,
    today: String,
}

/// An entry that is not true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The check that the entry names.
    pub check: String,
    /// What is wrong with the entry.
    pub what: String,
}

impl Known {
    /// Reads a file.
    pub fn from_file(path: &Path) -> Result<Self, SettingsError> {
        let text = read(path)?;
        Self::parse(&text, &today()).map_err(|(message, hint)| {
            SettingsError::new(format!("could not read {}: {message}", path.display()), hint)
        })
    }

    fn parse(text: &str, today: &str) -> Result<Self, (String, String)> {
        let entries: BTreeMap<String, Deviation> = toml::from_str(text).map_err(|error| {
            let hint = format!(
                "{}an entry looks like: \"area/check\" = {{ reason = \"…\" }}",
                place(text, error.span())
            );
            (error.message().to_owned(), hint)
        })?;
        for (check, entry) in &entries {
            if entry.reason.trim().is_empty() {
                return Err((
                    format!("the entry {check} gives no reason"),
                    "say why the target deviates".to_owned(),
                ));
            }
            if entry.until.as_deref().is_some_and(|date| !is_date(date)) {
                return Err((
                    format!("the entry {check} has no usable date"),
                    "write until = \"2026-12-31\"".to_owned(),
                ));
            }
        }
        Ok(Self { entries, today: today.to_owned() })
    }

    /// Turns a failure that is declared into a known one; reports entries that are not true.
    pub(crate) fn apply(&self, check: &str, verdict: Verdict, problems: &mut Vec<Problem>) -> Verdict {
        let Some(entry) = self.entries.get(check) else { return verdict };
        let mut report = |what: String| problems.push(Problem { check: check.to_owned(), what });
        match verdict {
            Verdict::Passed => {
                report("the check passes, so the entry is to be removed".to_owned());
                Verdict::Passed
            }
            Verdict::Failed { mismatch } => match self.objection(entry, &mismatch) {
                Some(what) => {
                    report(what);
                    Verdict::Failed { mismatch }
                }
                None => Verdict::Known { mismatch, reason: entry.reason.clone() },
            },
            other => other,
        }
    }

    /// Reports entries that name no check.
    pub(crate) fn stale(&self, exists: impl Fn(&str) -> bool) -> Vec<Problem> {
        let stale = self.entries.keys().filter(|check| !exists(check));
        stale
            .map(|check| Problem { check: check.clone(), what: "there is no such check".to_owned() })
            .collect()
    }

    fn objection(&self, entry: &Deviation, mismatch: &Mismatch) -> Option<String> {
        match (&entry.until, &entry.actual) {
            (Some(until), _) if *until < self.today => Some(format!("the entry has expired on {until}")),
            (_, Some(actual)) if *actual != mismatch.actual => {
                Some(format!("the symptom is another one: declared {actual}, actual {}", mismatch.actual))
            }
            _ => None,
        }
    }
}

/// Dates in this form compare as text.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, digits: usize| {
        if text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse::<u32>().ok()
        } else {
            None
        }
    };
    number(year, 4).is_some()
        && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
        && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
}

fn today() -> String {
    let (year, month, day) = OffsetDateTime::now_utc().to_calendar_date();
    format!("{year:04}-{:02}-{day:02}", u8::from(month))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(file: &str, verdict: Verdict) -> (Verdict, Vec<String>) {
        let mut problems = Vec::new();
        let verdict = Known::parse(file, "2026-06-15").unwrap().apply("a/b", verdict, &mut problems);
        (verdict, problems.into_iter().map(|problem| problem.what).collect())
    }

    fn failed() -> Verdict {
        Verdict::Failed { mismatch: Mismatch::new("status", "401", "200") }
    }

    #[test]
    fn a_declared_failure_is_known() {
        for file in [
            "\"a/b\" = { reason = \"r\" }",
            "\"a/b\" = { reason = \"r\", until = \"2026-06-15\" }",
            "[\"a/b\"]\nreason = \"r\"\nactual = \"200\"",
        ] {
            let (verdict, problems) = judged(file, failed());
            assert!(matches!(verdict, Verdict::Known { .. }) && problems.is_empty(), "{file}");
        }
    }

    #[test]
    fn an_entry_that_is_not_true_is_a_problem() {
        let check = |file: &str, verdict: Verdict, word: &str| {
            let (judged, problems) = judged(file, verdict.clone());
            assert_eq!(judged, verdict);
            assert!(problems.len() == 1 && problems[0].contains(word), "{problems:?}");
        };
        check("\"a/b\" = { reason = \"r\" }", Verdict::Passed, "passes");
        check("\"a/b\" = { reason = \"r\", until = \"2026-06-14\" }", failed(), "expired");
        check("\"a/b\" = { reason = \"r\", actual = \"204\" }", failed(), "symptom");
        assert_eq!(Known::parse("\"x/y\" = { reason = \"r\" }", "").unwrap().stale(|_| false).len(), 1);
    }

    #[test]
    fn a_wrong_file_is_refused() {
        for file in [
            "\"a/b\" = { reason = \"\" }",
            "\"a/b\" = { reasons = \"r\" }",
            "\"a/b\" = { reason = \"r\", until = \"soon\" }",
            "x = ",
        ] {
            assert!(Known::parse(file, "2026-06-15").is_err(), "{file}");
        }
    }
}
