//! Every check, by area, in reading order. The lists are the registration.
//!
//! To add a check, copy a literal in its area's file. To add an area, add a `mod` and an entry in [`AREAS`].

mod discovery;
mod envelope;
mod errors;
mod jobs;
mod lease;
mod listing;
mod login;
mod machines;
mod metadata;
mod parameters;
mod parity;
mod setup;
pub mod shape;
mod signing;
mod transport;
mod user_data;

use crate::check::Check;

/// What a check needs to be written.
mod prelude {
    pub(super) use proptest::prelude::*;

    pub(super) use crate::{
        check::{
            Capability::{
                Api, ApiKeys, Command, Integration, Lease, Passwords, PendingJobs, RootAdmin, Router,
                SecondUser, TwoGuests,
            },
            Check,
            Level::{May, Must, Should},
            Mismatch,
            Profile::{Core, Full, ReadOnly},
            Stop,
        },
        expect::expect_equal,
        generate::{flip_case, for_all, some_text, text, unknown_name},
        target::Target,
        wire::{
            api::{Format, Reply, expires_in},
            decode::Node,
        },
    };
}

/// A chapter of the requirements.
#[derive(Debug)]
pub struct Area {
    /// The part of the ids before the slash.
    pub name: &'static str,
    /// One line: what it is about.
    pub title: &'static str,
    /// Its checks, in reading order.
    pub checks: &'static [Check],
}

/// The areas, in reading order.
pub const AREAS: &[Area] = &[
    Area {
        name: "signing",
        title: "Who may call the API at all: keys and signatures.",
        checks: signing::CHECKS,
    },
    Area {
        name: "login",
        title: "Sessions: logging in, calling with a session, logging out.",
        checks: login::CHECKS,
    },
    Area { name: "envelope", title: "What every reply has in common.", checks: envelope::CHECKS },
    Area { name: "errors", title: "Refusals: their codes, texts and fields.", checks: errors::CHECKS },
    Area {
        name: "parameters",
        title: "How a request is read: names, values and where they may stand.",
        checks: parameters::CHECKS,
    },
    Area {
        name: "transport",
        title: "Methods, headers and what never reaches the API.",
        checks: transport::CHECKS,
    },
    Area { name: "discovery", title: "What the target says that it can do.", checks: discovery::CHECKS },
    Area { name: "listing", title: "Lists: counting, paging, filters, scope.", checks: listing::CHECKS },
    Area { name: "parity", title: "XML says what JSON says.", checks: parity::CHECKS },
    Area { name: "shape", title: "The fields of listed things and their types.", checks: shape::CHECKS },
    Area { name: "jobs", title: "Jobs: accepted, pending, ended.", checks: jobs::CHECKS },
    Area {
        name: "machines",
        title: "Virtual machines: what moves them and what refuses to.",
        checks: machines::CHECKS,
    },
    Area { name: "user-data", title: "User data, from the API to the router.", checks: user_data::CHECKS },
    Area { name: "metadata", title: "What a router tells its guests.", checks: metadata::CHECKS },
    Area { name: "lease", title: "The lease file that leads to the router.", checks: lease::CHECKS },
];

/// All checks, in reading order.
pub fn all() -> impl Iterator<Item = &'static Check> {
    AREAS.iter().flat_map(|area| area.checks)
}

/// The check with this id.
pub fn find(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::wire::envelope::RULES;

    #[test]
    fn ids_are_unique_and_belong_to_their_area() {
        let mut seen = HashSet::new();
        for area in AREAS {
            for check in area.checks {
                assert!(seen.insert(check.id), "{} occurs twice", check.id);
                let name = check.id.strip_prefix(area.name).and_then(|rest| rest.strip_prefix('/'));
                let name = name.unwrap_or_else(|| panic!("{} is not of area {}", check.id, area.name));
                let well_formed = !name.is_empty()
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
                assert!(well_formed, "{}", check.id);
            }
        }
    }

    #[test]
    fn requirements_are_one_sentence() {
        for check in all() {
            let text = check.requirement;
            assert!(text.ends_with('.') && !text.contains(". "), "{}: {text}", check.id);
            assert!(
                text.starts_with(|first: char| first.is_uppercase() || !first.is_alphabetic()),
                "{}",
                check.id
            );
            assert!(!check.source.is_empty() && !check.rules.is_empty(), "{} has no source", check.id);
        }
    }

    #[test]
    fn rules_are_named_as_in_the_dossier() {
        for check in all() {
            for rule in check.rules {
                let (head, number) = rule.rsplit_once('-').unwrap();
                let well_formed = number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit());
                let of_a_section = head.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
                assert!(well_formed && of_a_section, "{}: {rule}", check.id);
            }
        }
    }

    #[test]
    fn every_universal_rule_has_its_check() {
        for rule in RULES {
            assert!(find(rule.check).is_some(), "{}", rule.check);
        }
    }
}
