//! The seeds of the fuzz targets and everything that fuzzing once found, played without a fuzzer.

#[expect(unreachable_pub, reason = "the library of the fuzz targets, which stands in a workspace of its own")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::{fs, path::PathBuf};

/// Plays every seed of a target; a failure names the file.
fn play(target: &str, act: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        let input = fs::read(&file).unwrap();
        let played = std::panic::catch_unwind(|| act(&input));
        assert!(played.is_ok(), "{} breaks the target {target}", file.display());
    }
}

#[test]
fn every_body_of_the_corpus_is_read_or_refused() {
    play("decode", targets::decode);
}

#[test]
fn every_answer_of_the_corpus_is_read_or_refused() {
    play("http", targets::http);
}

#[test]
fn every_lease_of_the_corpus_is_read_or_refused() {
    play("lease", targets::lease);
}
