//! Who calls, and what that lets them see.

use crate::catalog::RoleType;
use crate::world::account::{self, AccountType};
use crate::world::table::Id;
use crate::world::{Owner, World};

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: Id,
    /// The user's account.
    pub account: Id,
    /// The account's domain.
    pub domain: Id,
    /// What the account may be.
    pub account_type: AccountType,
}

impl Caller {
    /// The system account: the integration port, and everybody before they are known.
    pub const SYSTEM: Self = Self {
        user: account::SYSTEM,
        account: account::SYSTEM,
        domain: account::ROOT_DOMAIN,
        account_type: AccountType::Admin,
    };

    /// A user of the world.
    #[must_use]
    pub fn of_user(world: &World, user: Id) -> Option<Self> {
        let account = world.users.get(user)?.account;
        let row = world.accounts.get(account)?;
        Some(Self { user, account, domain: row.domain, account_type: row.account_type })
    }

    /// Whether this is the system account, to which version and masking do not apply.
    #[must_use]
    pub fn is_system(self) -> bool {
        self.account == account::SYSTEM
    }

    /// Whether the full view is shown.
    #[must_use]
    pub fn is_root_admin(self) -> bool {
        self.account_type == AccountType::Admin
    }

    /// Whether the caller administers a domain.
    #[must_use]
    pub fn is_domain_admin(self) -> bool {
        matches!(self.account_type, AccountType::DomainAdmin | AccountType::ResourceDomainAdmin)
    }

    /// The role type that goes with the account type, by which parameters are restricted.
    #[must_use]
    pub fn role_type(self) -> RoleType {
        match self.account_type {
            AccountType::Admin => RoleType::Admin,
            AccountType::ResourceDomainAdmin => RoleType::ResourceAdmin,
            AccountType::DomainAdmin => RoleType::DomainAdmin,
            _ => RoleType::User,
        }
    }

    /// The owner of what the caller creates without naming another.
    #[must_use]
    pub fn owner(self) -> Owner {
        Owner { account: self.account, domain: self.domain }
    }

    /// Whether the caller may see and operate what an owner has (API-ACL-020).
    #[must_use]
    pub fn reaches(self, world: &World, owner: Owner) -> bool {
        self.is_root_admin()
            || owner.account == self.account
            || (self.is_domain_admin() && world.is_within(owner.domain, self.domain))
            || world
                .project_of(owner.account)
                .is_some_and(|(project, _)| world.member(project, self.account, self.user).is_some())
    }
}
