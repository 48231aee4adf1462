//! A conformance suite for the Apache CloudStack query API, its virtual router and its guests.
//!
//! Conformant means: every requirement that the suite states holds, as far as a client can see from outside. A
//! requirement and its proof are one [`Check`](check::Check); the lists of them are in [`checks`], and everything
//! else follows from the lists. Only what a client can observe is judged, in the words of the dossier's rules.
//!
//! # Layers
//!
//! | layer | knows | does not know |
//! |---|---|---|
//! | [`checks`] | what must hold | threads, reports, where the target is |
//! | [`expect`], [`generate`] | the verbs and values of checks | any one check |
//! | [`target`] | where the system is and what it offers | how bytes travel |
//! | [`wire`] | our own client: signing, HTTP, decoding | what a reply should be, beyond the rules for all replies |
//! | [`runner`] | order, threads, clean-up | checks by name, output |
//! | [`report`] | one value, many formats | how it came about |
//! | [`replay`] | recordings of a real server, played to a live one | checks |
//! | [`cli`] | arguments in, exit code out | everything else |
//!
//! The suite knows targets by URL. It depends on the simulator only through the feature `embedded`, which starts one
//! when no target is named; no check, request or report uses it. It shares facts with it (`fixtures/`), never code.
//!
//! # In a program
//!
//! ```no_run
//! use cloudstack_conformance::{run, runner::Selection, settings::Settings, target::{Limits, Target}};
//!
//! let settings = Settings { endpoint: Some("http://127.0.0.1:8080/client/api".into()), ..Settings::default() };
//! let target = Target::new(settings, Limits::default(), None);
//! let report = run(&target, &Selection::default());
//! assert!(report.outcomes.len() > 1);
//! ```

mod catalog;
pub mod check;
pub mod checks;
pub mod cli;
pub mod doctor;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod expect;
pub mod generate;
pub mod known;
pub mod ledger;
pub mod release;
pub mod replay;
pub mod report;
pub mod rules;
pub mod runner;
pub mod settings;
pub mod target;
pub mod wire;

pub use runner::run;
