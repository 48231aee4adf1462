//! Role types, and sets of them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a role, which decides what an account may do where no rule says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[repr(u8)]
pub enum RoleType {
    /// Root administrator: may call everything.
    Admin = 1,
    /// Resource administrator, a kind that the real server keeps for old installations.
    ResourceAdmin = 2,
    /// Administrator of a domain and those below it.
    DomainAdmin = 4,
    /// An ordinary user.
    User = 8,
}

impl RoleType {
    /// All role types, in the order of their bits.
    pub const ALL: [Self; 4] = [Self::Admin, Self::ResourceAdmin, Self::DomainAdmin, Self::User];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::ResourceAdmin => "ResourceAdmin",
            Self::DomainAdmin => "DomainAdmin",
            Self::User => "User",
        }
    }
}

/// A set of role types.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Roles(pub(super) u8);

impl Roles {
    /// Whether the set names this role type.
    #[must_use]
    pub fn contains(self, role: RoleType) -> bool {
        self.0 & role as u8 != 0
    }

    /// Whether the set names no role type, which mostly means "no restriction here".
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in the order of [`RoleType::ALL`].
    pub fn iter(self) -> impl Iterator<Item = RoleType> {
        RoleType::ALL.into_iter().filter(move |&role| self.contains(role))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
