//! The suite from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop right there")]

/// The program: exit codes, messages, help, lists.
mod command_line;
/// The seeds of the fuzz targets, played without a fuzzer.
mod corpus;
/// Every rule that binds has a check, a fault and a recording, or a reason; the table of them, as approved.
#[cfg(feature = "embedded")]
mod coverage;
/// A small cloud that answers as told, for faults that no simulator should have.
mod fake;
/// Generated requests against a world, and generated signatures against the suite's own.
#[cfg(feature = "embedded")]
mod generated;
/// Servers that mean harm, against the suite's client.
mod hostile;
/// Generated and recorded lease files, read by everybody who has a reader.
#[cfg(feature = "embedded")]
mod leases;
/// Recorded answers in both formats, read by our decoder.
mod parity;
/// Clouds of older releases, judged by what they claim to be.
#[cfg(feature = "embedded")]
mod releases;
/// Recordings of a real server, played to the simulator.
#[cfg(feature = "embedded")]
mod replay;
/// Each report format, as approved.
mod report;
/// The library against the small cloud: what a run files, masks and repeats.
mod run;
/// The shape of each listed reply, as approved.
#[cfg(feature = "embedded")]
mod shape;
/// Random sequences of commands in process.
#[cfg(feature = "embedded")]
mod stateful;
/// Every check on an honest simulator, and on one with the fault that the check exists for.
#[cfg(feature = "embedded")]
mod teeth;
/// Each world that has a name: the suite passes there.
#[cfg(feature = "embedded")]
mod worlds;

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

/// A number from the environment.
#[cfg(feature = "embedded")]
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}
