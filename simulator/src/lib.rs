//! A simulator of a CloudStack management server, the virtual routers behind it, and what a
//! guest's DHCP client writes down.
//!
//! # Layers
//!
//! ```text
//! main.rs      flags → Config → serve until told to stop
//! cloud.rs     one running cloud: its world behind a lock, its listeners, its ready line
//! control.rs   the side door of test authors: worlds made, forked, saved, replaced, ended
//! server.rs    sockets and HTTP on one side, functions of a world on the other
//! api/         the management server: request in, answer out, no sockets
//! directory/   asks directories on a world's behalf; a small one of our own, for tests
//! router/      the virtual router: metadata and user data, told apart by source address
//! dhcp/, dns/  the virtual router: addresses and names
//! guest/       what a guest sees: lease files and the address in them, config drives
//! reply/       the reply tree and its two writers
//! world/       all state and all rules; no HTTP, no wall clock, no randomness but the seed's
//! catalog.rs   facts about all commands, compiled in from fixtures/catalog
//! quirk.rs     deliberate faults, off by default
//! release.rs   the releases that can be played, by number
//! ```
//!
//! A layer uses only those below it: `world` and `reply` know nothing of `api`, and `api` and
//! `router` know nothing of sockets. `quirk`, `release` and `catalog` are known to all.
//!
//! # A cloud in a test
//!
//! ```
//! use cloudstack_simulator::Cloud;
//!
//! let cloud = Cloud::builder().seed(7).start_blocking().expect("a free port");
//! let admin = &cloud.ready().credentials[0];
//! assert_eq!(admin.username, "admin");
//! assert!(cloud.ready().api.ends_with("/client/api"));
//! ```

pub mod api;
pub mod catalog;
pub mod cloud;
pub mod config;
mod control;
pub mod dhcp;
pub mod directory;
pub mod dns;
pub mod guest;
pub mod quirk;
pub mod release;
pub mod reply;
pub mod router;
mod server;
pub mod world;

pub use cloud::{Cloud, CloudBuilder, Credential, Guest, Ready, StartError};
pub use server::{LoggedRequest, Patience};
