//! The shape of listed things: which fields they may have, and of which type.
//!
//! The approved shapes stand in `snapshots/reply/`, one file for each command, and are shown by a test of this
//! package. Each line is the path of a field and its types in the words of JSON.

use super::prelude::*;

/// A command that lists things, with what must be sent along, and the approved shape of its answer.
#[derive(Debug)]
pub struct Listing {
    /// The command.
    pub command: &'static str,
    /// Its parameters.
    pub params: &'static [(&'static str, &'static str)],
    /// What its elements are called.
    pub element: &'static str,
    approved: &'static str,
}

macro_rules! listing {
    ($command:literal, $element:literal, $params:expr) => {
        Listing {
            command: $command,
            params: $params,
            element: $element,
            approved: include_str!(concat!("../../../snapshots/reply/", $command, ".snap")),
        }
    };
}

/// The lists whose shape is approved.
pub const LISTINGS: &[Listing] = &[
    listing!("listZones", "zone", &[]),
    listing!("listTemplates", "template", &[("templatefilter", "executable")]),
    listing!("listServiceOfferings", "serviceoffering", &[]),
    listing!("listNetworkOfferings", "networkoffering", &[]),
    listing!("listNetworks", "network", &[("listall", "true")]),
    listing!("listVirtualMachines", "virtualmachine", &[("listall", "true")]),
    listing!("listVolumes", "volume", &[("listall", "true")]),
    listing!("listEvents", "event", &[("listall", "true"), ("page", "1"), ("pagesize", "50")]),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "shape/types",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Every field of a listed thing has the JSON type that clients expect.",
        source: "org/apache/cloudstack/api/response, ApiResponseGsonHelper.java:36-41",
        rules: &["API-RSP-020", "API-RSP-021", "ENT-001"],
        run: |target| {
            for listing in LISTINGS {
                let (reply, shape) = shown(target, listing)?;
                for (path, kind) in shape {
                    let known = listing.types(&path);
                    if known.as_ref().is_some_and(|known| !known.contains(&kind)) {
                        return Err(reply.mismatch(path, known.unwrap_or_default().join(" or "), kind));
                    }
                }
            }
            Ok(())
        },
    },
    Check {
        id: "shape/fields",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Every field of a listed thing has a name that clients know.",
        source: "org/apache/cloudstack/api/response, ApiResponseSerializer.java:228-251",
        rules: &["API-RSP-028", "API-RSP-029"],
        run: |target| {
            for listing in LISTINGS {
                let (reply, shape) = shown(target, listing)?;
                for (path, kind) in shape {
                    if listing.types(&path).is_none() {
                        return Err(reply.mismatch(path, "no such field", kind));
                    }
                }
            }
            Ok(())
        },
    },
    Check {
        id: "shape/identity",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Every listed thing has an id of its own.",
        source: "org/apache/cloudstack/api/response",
        rules: &["API-RSP-010", "API-RSP-021"],
        run: |target| {
            for listing in LISTINGS {
                let reply = listing.ask(target)?;
                for (number, item) in reply.success()?.items(listing.element).into_iter().enumerate() {
                    if item.text_at("id").is_none_or(|id| id.is_empty()) {
                        return Err(reply.mismatch(
                            format!("{}[{number}].id", listing.element),
                            "present",
                            "absent",
                        ));
                    }
                }
            }
            Ok(())
        },
    },
];

impl Listing {
    /// Asks the target for the list.
    pub fn ask(&self, target: &Target) -> Result<Reply, Stop> {
        let request = target.api(self.command);
        self.params.iter().fold(request, |request, (name, value)| request.param(name, value)).send()
    }

    /// The approved types of a field, if it is known.
    fn types(&self, path: &str) -> Option<Vec<&'static str>> {
        let text = self.approved.splitn(3, "---\n").nth(2).unwrap_or(self.approved);
        let line = text.lines().find_map(|line| line.strip_prefix(path)?.strip_prefix(": "));
        line.map(|kinds| kinds.split(" or ").collect())
    }
}

/// A field by its path, with its type.
pub type Field = (String, &'static str);

/// The fields below a value, each with its type: lists are entered, free maps are not.
pub fn shape_of(path: &str, node: &Node) -> Vec<Field> {
    let mut found = Vec::new();
    for (name, value) in node.members() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        found.push((path.clone(), value.kind()));
        match value {
            Node::List(items) => found.extend(items.iter().flat_map(|item| shape_of(&path, item))),
            Node::Object(_) if !is_free_map(name) => found.extend(shape_of(&path, value)),
            _ => {}
        }
    }
    found
}

/// Maps whose keys are somebody's own.
fn is_free_map(name: &str) -> bool {
    name.ends_with("details") || name == "resourcedetails"
}

fn shown(target: &Target, listing: &Listing) -> Result<(Reply, Vec<Field>), Stop> {
    let reply = listing.ask(target)?;
    let items = reply.success()?.items(listing.element);
    let shape = items.into_iter().flat_map(|item| shape_of(listing.element, item)).collect();
    Ok((reply, shape))
}
