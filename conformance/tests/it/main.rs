//! The suite from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop right there")]

/// The program: exit codes, messages, help, lists.
mod command_line;
/// A small cloud that answers as told, for faults that no simulator should have.
mod fake;
/// Recordings of a real server, played to the simulator.
#[cfg(feature = "embedded")]
mod replay;
/// Each report format, as approved.
mod report;
/// The library against the small cloud: what a run files, masks and repeats.
mod run;

use std::path::Path;

/// Compares with an approved text under the top-level `snapshots/`.
fn assert_approved(area: &str, name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots").join(area);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
