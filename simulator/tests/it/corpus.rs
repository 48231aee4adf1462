//! The seeds of the fuzz targets and everything that fuzzing once found, played without a fuzzer.

#[expect(unreachable_pub, reason = "the library of the fuzz targets, which stands in a workspace of its own")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::PathBuf;

/// Plays every seed of a target; a failure names the file.
fn play(target: &str, act: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("every target has a corpus")
        .map(|entry| entry.expect("a folder that can be read").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        let input = fs::read(&file).expect("a seed that can be read");
        let played = std::panic::catch_unwind(|| act(&input));
        assert!(played.is_ok(), "{} breaks the target {target}", file.display());
    }
}

#[test]
fn every_request_of_the_corpus_becomes_parameters() {
    play("parameters", targets::parameters);
}

#[test]
fn every_signature_of_the_corpus_verifies() {
    play("signature", targets::signature);
}

#[test]
fn no_cookie_of_the_corpus_makes_a_session() {
    play("cookie", targets::cookie);
}

#[test]
fn every_conversation_of_the_corpus_is_answered() {
    play("answer", targets::answer);
}
