//! Regions: other installations that this one knows, by number.

use serde::{Deserialize, Serialize};

/// A region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// Where its API is.
    pub endpoint: String,
}

/// The number of the installation itself.
pub const LOCAL: i64 = 1;

impl Region {
    /// The installation itself.
    #[must_use]
    pub fn local() -> Self {
        Self { name: "Local".to_owned(), endpoint: "http://localhost:8080/client/".to_owned() }
    }
}
