//! Recordings of a real server, played to the simulator: what agrees must go on agreeing.

use std::{collections::BTreeSet, path::Path};

use cloudstack_conformance::replay::{Replay, Stage, counts};

/// `fixtures/recorded/open.txt` says exactly what does not agree yet. Whoever makes a recording agree takes its id out
/// of the list; whoever breaks one sees its first difference here.
#[test]
fn what_is_not_open_agrees_and_what_is_open_differs() {
    let replay = Replay::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recorded")).unwrap();
    let outcomes = replay.play(&Stage::Embedded, &[]);
    println!("{}", counts(&outcomes));

    let mut complaints = Vec::new();
    for outcome in &outcomes {
        match (replay.open().contains(&outcome.id), &outcome.difference) {
            (false, Some(_)) => complaints.push(outcome.to_string()),
            (true, None) => complaints.push(format!("agrees now: take {} out of open.txt", outcome.id)),
            _ => {}
        }
    }
    let known: BTreeSet<&str> = outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
    for id in replay.open().iter().filter(|id| !known.contains(id.as_str())) {
        complaints.push(format!("no recording is called {id}: take it out of open.txt"));
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn the_list_of_open_recordings_is_sorted() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recorded/open.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.is_sorted(), "sort it: one id per line");
}
