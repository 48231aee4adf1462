//! Recordings of a real server, played to the simulator: what agrees must go on agreeing.

use std::{collections::BTreeSet, path::Path};

use cloudstack_conformance::replay::{Replay, Stage, counts, figures};

/// `fixtures/recorded/open.txt` says exactly what does not agree yet. Whoever makes a recording agree takes its id out
/// of the list; whoever breaks one sees its first difference here.
#[test]
#[expect(clippy::print_stdout, reason = "cargo test -- --nocapture shows how far we are")]
fn what_is_not_open_agrees_and_what_is_open_differs() {
    let replay = Replay::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recorded")).unwrap();
    let outcomes = replay.play(&Stage::Embedded, &[]);
    println!("{}", counts(&outcomes));

    let mut complaints = Vec::new();
    for outcome in &outcomes {
        match (replay.open().contains_key(&outcome.id), &outcome.difference) {
            (false, Some(_)) => complaints.push(outcome.to_string()),
            (true, None) => complaints.push(format!("agrees now: take {} out of open.txt", outcome.id)),
            _ => {}
        }
    }
    let known: BTreeSet<&str> = outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
    for id in replay.open().keys().filter(|id| !known.contains(id.as_str())) {
        complaints.push(format!("no recording is called {id}: take it out of open.txt"));
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// Of the protocol, nothing stays open for want of work alone.
#[test]
fn few_exchanges_of_the_protocol_are_open_and_each_tells_why() {
    let replay = Replay::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recorded")).unwrap();
    let wire: Vec<&str> = replay
        .list(&[])
        .into_iter()
        .filter(|(_, file, _)| *file == "wire.jsonl")
        .map(|(id, ..)| id)
        .collect();
    let open: Vec<(&str, &String)> =
        wire.iter().filter_map(|id| Some((*id, replay.open().get(*id)?))).collect();
    assert!(open.len() * 20 <= wire.len(), "{} of {} exchanges are open", open.len(), wire.len());
    let silent: Vec<&str> = open.iter().filter(|(_, why)| !why.ends_with('.')).map(|(id, _)| *id).collect();
    assert!(silent.is_empty(), "open.txt does not tell why: {silent:#?}");
}

#[test]
fn the_list_of_open_recordings_is_sorted() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recorded/open.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.is_sorted(), "sort it: one id per line");
}

/// How far conversations of upstream's own tests agree. The figures may only grow: look at the difference before you
/// accept one.
#[test]
fn conversations_go_as_far_as_they_went() {
    let replay = Replay::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recorded")).unwrap();
    let outcomes = replay.converse(&Stage::Embedded, &[]).unwrap();
    let mut lines: Vec<String> = outcomes.iter().map(ToString::to_string).collect();
    lines.push(figures(&outcomes));
    crate::assert_approved("replay", "conversations", &lines.join("\n"));
}
