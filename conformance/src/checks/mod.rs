//! Every check, by area, in reading order. The lists are the registration.
//!
//! To add a check, copy a literal in its area's file. To add an area, add a `mod` and an entry in [`AREAS`].

mod acceptance;
mod access;
mod accounts;
mod addresses;
mod agents;
mod answers;
mod autoscale;
mod cards;
mod client_address;
mod config_drive;
mod defaults;
mod dhcp;
mod directory;
mod discovery;
mod dns;
mod encoding;
mod enforced;
mod envelope;
mod errors;
mod events;
mod firewall;
mod groups;
mod guest_programs;
mod infrastructure;
mod integration;
mod isolation;
mod jobs;
mod lease;
mod lease_options;
mod limits;
mod listing;
mod login;
mod machine_changes;
mod machines;
mod member;
mod metadata;
mod metadata_values;
mod networks;
mod own_guest;
mod parameters;
mod parity;
mod passwords;
mod registered_user_data;
mod releases;
mod resource_limits;
mod results;
mod router;
mod setup;
pub mod shape;
mod sign_on;
mod signing;
mod snapshots;
mod standing;
pub mod stateful;
mod tags;
mod templates;
mod transport;
mod two_factor;
mod user_data;
mod values;
mod volumes;
mod vpc;

use crate::check::Check;

/// What a check needs to be written.
mod prelude {
    pub(super) use proptest::prelude::*;

    pub(super) use crate::{
        check::{
            Capability::{
                Alone, AnyGuest, Api, ApiKeys, Command, ConfigDrive, Dhcp, Dns, Integration, Lease, Listed,
                PasswordServer, Passwords, PendingJobs, RootAdmin, Router, SecondUser, Setting, Since,
                TwoGuests,
            },
            Check,
            Level::{May, Must, Should},
            Mismatch,
            Profile::{Core, Full, Guest as InGuest, ReadOnly},
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
    Area {
        name: "directory",
        title: "Who knows passwords: authenticators and directories.",
        checks: directory::CHECKS,
    },
    Area {
        name: "two-factor",
        title: "The second factor, between a login and everything else.",
        checks: two_factor::CHECKS,
    },
    Area {
        name: "standing",
        title: "Who may act: states of users and accounts, wrong passwords, key access.",
        checks: standing::CHECKS,
    },
    Area {
        name: "sign-on",
        title: "Other ways in: single sign-on, OAuth, SAML, forgotten passwords.",
        checks: sign_on::CHECKS,
    },
    Area { name: "envelope", title: "What every reply has in common.", checks: envelope::CHECKS },
    Area { name: "errors", title: "Refusals: their codes, texts and fields.", checks: errors::CHECKS },
    Area {
        name: "parameters",
        title: "How a request is read: names, values and where they may stand.",
        checks: parameters::CHECKS,
    },
    Area {
        name: "values",
        title: "What parameters of each type accept, and in which spellings.",
        checks: values::CHECKS,
    },
    Area {
        name: "transport",
        title: "Methods, headers and what never reaches the API.",
        checks: transport::CHECKS,
    },
    Area {
        name: "client-address",
        title: "Where a request comes from, and what depends on it.",
        checks: client_address::CHECKS,
    },
    Area {
        name: "enforced",
        title: "Targets that take changes by POST and calls with a time stamp alone.",
        checks: enforced::CHECKS,
    },
    Area { name: "limits", title: "How many calls an account may start.", checks: limits::CHECKS },
    Area { name: "integration", title: "The unauthenticated port.", checks: integration::CHECKS },
    Area { name: "access", title: "Roles, projects and whose things are whose.", checks: access::CHECKS },
    Area { name: "discovery", title: "What the target says that it can do.", checks: discovery::CHECKS },
    Area {
        name: "releases",
        title: "What a target may have that says of which release it is.",
        checks: releases::CHECKS,
    },
    Area { name: "listing", title: "Lists: counting, paging, filters, scope.", checks: listing::CHECKS },
    Area {
        name: "encoding",
        title: "How answers are written: names, lists, maps, numbers, escapes.",
        checks: encoding::CHECKS,
    },
    Area { name: "parity", title: "XML says what JSON says.", checks: parity::CHECKS },
    Area { name: "shape", title: "The fields of listed things and their types.", checks: shape::CHECKS },
    Area {
        name: "acceptance",
        title: "What accepts a job, and what refuses it before there is one.",
        checks: acceptance::CHECKS,
    },
    Area { name: "jobs", title: "Jobs: accepted, pending, ended.", checks: jobs::CHECKS },
    Area { name: "results", title: "What is left of a job that is over.", checks: results::CHECKS },
    Area {
        name: "answers",
        title: "Bodies that many commands share: success, jobs, refusals of the work.",
        checks: answers::CHECKS,
    },
    Area {
        name: "machines",
        title: "Virtual machines: what moves them and what refuses to.",
        checks: machines::CHECKS,
    },
    Area {
        name: "machine-changes",
        title: "What changes in a machine: size, secrets, root volume, host.",
        checks: machine_changes::CHECKS,
    },
    Area {
        name: "agents",
        title: "Hosts that refuse, and how a simulated cloud is told to.",
        checks: agents::CHECKS,
    },
    Area {
        name: "snapshots",
        title: "Snapshots of volumes and machines: what refuses them and what they are good for.",
        checks: snapshots::CHECKS,
    },
    Area {
        name: "templates",
        title: "Templates and ISOs: registered, shown, attached, removed.",
        checks: templates::CHECKS,
    },
    Area {
        name: "volumes",
        title: "Data volumes: made, attached, resized, destroyed.",
        checks: volumes::CHECKS,
    },
    Area {
        name: "networks",
        title: "Isolated networks: when they come into being, and what holds them.",
        checks: networks::CHECKS,
    },
    Area {
        name: "addresses",
        title: "Public addresses: acquired, held, released.",
        checks: addresses::CHECKS,
    },
    Area {
        name: "firewall",
        title: "Rules on public addresses: firewalls, egress, forwarded ports, load balancers.",
        checks: firewall::CHECKS,
    },
    Area {
        name: "autoscale",
        title: "Groups of machines that grow and shrink by themselves.",
        checks: autoscale::CHECKS,
    },
    Area { name: "groups", title: "Security groups and affinity groups.", checks: groups::CHECKS },
    Area {
        name: "vpc",
        title: "Virtual private clouds: their states, and what holds them.",
        checks: vpc::CHECKS,
    },
    Area { name: "tags", title: "Tags on things.", checks: tags::CHECKS },
    Area {
        name: "events",
        title: "Events: how they are asked for, and what they tell to whom.",
        checks: events::CHECKS,
    },
    Area {
        name: "accounts",
        title: "Accounts, domains and projects: their states, and what holds them.",
        checks: accounts::CHECKS,
    },
    Area { name: "resource-limits", title: "How much accounts may have.", checks: resource_limits::CHECKS },
    Area {
        name: "infrastructure",
        title: "What clouds are made of: zones, pods, clusters, hosts, storage, routers.",
        checks: infrastructure::CHECKS,
    },
    Area { name: "defaults", title: "What every server has from its first start.", checks: defaults::CHECKS },
    Area {
        name: "stateful",
        title: "Any sequence of commands of two accounts: what must hold whatever they do.",
        checks: stateful::CHECKS,
    },
    Area { name: "user-data", title: "User data, from the API to the router.", checks: user_data::CHECKS },
    Area {
        name: "registered-user-data",
        title: "User data that is registered, used by machines and linked to templates.",
        checks: registered_user_data::CHECKS,
    },
    Area { name: "metadata", title: "What a router tells its guests.", checks: metadata::CHECKS },
    Area {
        name: "metadata-values",
        title: "What the metadata types of a guest say.",
        checks: metadata_values::CHECKS,
    },
    Area { name: "router", title: "The manners of a router's web server.", checks: router::CHECKS },
    Area { name: "isolation", title: "Whose data a guest can read.", checks: isolation::CHECKS },
    Area { name: "passwords", title: "The password server beside the router.", checks: passwords::CHECKS },
    Area { name: "lease", title: "The lease file that leads to the router.", checks: lease::CHECKS },
    Area {
        name: "config-drive",
        title: "The disc that tells a guest what a router would.",
        checks: config_drive::CHECKS,
    },
    Area {
        name: "lease-options",
        title: "What the lease of a guest says about its card.",
        checks: lease_options::CHECKS,
    },
    Area { name: "dhcp", title: "What a router gives its guests' cards.", checks: dhcp::CHECKS },
    Area { name: "dns", title: "What a router knows by name.", checks: dns::CHECKS },
    Area {
        name: "guest-programs",
        title: "What programs in guests depend on: cloud-init, cloudbase-init and CloudStack's own scripts.",
        checks: guest_programs::CHECKS,
    },
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
    use crate::{check::Capability, release::Release, wire::envelope::RULES};

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
    fn releases_that_checks_need_can_be_read() {
        for check in all() {
            for need in check.needs {
                if let Capability::Since(release) = need {
                    assert!(Release::parse(release).is_some(), "{}: {release}", check.id);
                }
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
