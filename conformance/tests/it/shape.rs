//! The approved shape of each listed reply: the fields that the simulator shows, and those that a real server showed
//! when it was recorded.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use cloudstack_conformance::{
    checks::shape::{LISTINGS, shape_of},
    embedded::Embedded,
    target::{Limits, Target, Wanted},
    wire::decode::Node,
};

use crate::assert_approved;

type Shape = BTreeMap<String, BTreeSet<&'static str>>;

#[test]
fn listed_replies_have_the_approved_shape() {
    let simulator = Embedded::start(1, &[], &Wanted::default()).unwrap();
    let limits = Limits { may_change: true, ..Limits::default() };
    let target = Target::new(simulator.settings(), limits, None);
    // Something must have happened for there to be events.
    let machine = target.guests().last().unwrap();
    for command in ["stopVirtualMachine", "startVirtualMachine"] {
        target.job(command).param("id", &machine.id).finish().unwrap();
    }
    let recorded = recorded();
    for listing in LISTINGS {
        let reply = listing.ask(&target).unwrap();
        let mut shape = Shape::new();
        for item in reply.success().unwrap().items(listing.element) {
            add(&mut shape, listing.element, item);
        }
        assert!(!shape.is_empty(), "the simulator lists no {}", listing.element);
        for body in recorded.get(listing.command).into_iter().flatten() {
            let Some((_, envelope)) = body.members().first() else { continue };
            for item in envelope.items(listing.element) {
                add(&mut shape, listing.element, item);
            }
        }
        let lines: Vec<String> = shape
            .into_iter()
            .map(|(path, kinds)| format!("{path}: {}", kinds.into_iter().collect::<Vec<_>>().join(" or ")))
            .collect();
        assert_approved("reply", listing.command, &lines.join("\n"));
    }
}

fn add(shape: &mut Shape, element: &str, item: &Node) {
    for (path, kind) in shape_of(element, item) {
        shape.entry(path).or_default().insert(kind);
    }
}

/// The successful JSON answers that were recorded, by command.
fn recorded() -> BTreeMap<String, Vec<Node>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recorded/lifecycle");
    let mut found: BTreeMap<String, Vec<Node>> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let scenario = Node::from_json(line).unwrap();
            for step in scenario.items("steps") {
                let is_good = step.text_at("status").as_deref() == Some("200");
                let is_json = step.text_at("format").as_deref() == Some("json");
                let (Some(command), Some(body)) = (step.text_at("command"), step.text_at("body")) else {
                    continue;
                };
                if is_good
                    && is_json
                    && let Ok(body) = Node::from_json(&body)
                {
                    found.entry(command).or_default().push(body);
                }
            }
        }
    }
    found
}
