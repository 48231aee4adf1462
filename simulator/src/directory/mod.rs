//! Directories: the client that runs a world's errands, and a small directory server for tests.
//!
//! | module | knows |
//! |---|---|
//! | `client` | how to put a [`Question`](crate::world::errand::Question) to a server, by LDAP over TCP |
//! | `server` | [`Directory`]: a server on a free port of the loopback interface |
//! | `ldif` | the text form of entries, [`entries`] |
//! | `filter` | which entries a search finds |
//!
//! ```
//! use cloudstack_simulator::{Cloud, directory};
//!
//! let entries = directory::entries("dn: cn=root,dc=example\ncn: root\nuserPassword: secret\n").expect("well formed");
//! let directory = directory::Directory::start(entries).expect("a free port");
//! let cloud = Cloud::builder()
//!     .directory("127.0.0.1", directory.port())
//!     .setting("ldap.basedn", "dc=example")
//!     .setting("ldap.bind.principal", "cn=root,dc=example")
//!     .setting("ldap.bind.password", "secret")
//!     .start_blocking()
//!     .expect("free ports");
//! assert!(cloud.snapshot().has_directory());
//! ```

mod client;
mod filter;
mod ldif;
mod server;

pub(crate) use client::ask;
pub use ldif::{BadLdif, entries};
pub use server::Directory;

pub use crate::world::errand::Entry;

/// The entries of the recorded directory `dc=golden,dc=test`, in LDIF (`fixtures/directory/golden.ldif`).
pub const GOLDEN: &str = include_str!("../../../fixtures/directory/golden.ldif");
