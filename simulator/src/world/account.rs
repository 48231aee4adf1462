//! Domains, accounts, users, roles and sessions: who there is and who may do what.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Moment;
use super::kind::Kind;
use super::password::Password;
use super::security_group::DEFAULT;
use super::table::Id;
use super::two_factor::TwoFactor;
use super::{Owner, World};
use crate::catalog::RoleType;

/// The number of the ROOT domain.
pub const ROOT_DOMAIN: Id = 1;
/// The internal number of the server's own account.
pub const SYSTEM_ACCOUNT: Id = 1;
/// The number of the `system` account and of its user.
pub const SYSTEM: Id = 1;
/// The number of the `admin` account and of its user.
pub const ADMIN: Id = 2;
/// The number of a normal account that every installation has for itself and that no list shows.
pub const HIDDEN_ACCOUNT: Id = 3;
/// The number of the first account that somebody makes, and of its user, as recorded on three installations.
pub const FIRST_ACCOUNT: Id = 16;

/// A domain.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// The domain above; none for ROOT.
    pub parent: Option<Id>,
    /// `/` for ROOT, `/gold/sub/` below.
    pub path: String,
    /// Distance from ROOT.
    pub level: u32,
    /// The DNS suffix of its networks.
    pub network_domain: Option<String>,
    /// When it was created.
    pub created: Moment,
}

impl Domain {
    /// `ROOT` or `ROOT/gold/sub`, as answers show it.
    #[must_use]
    pub fn shown_path(&self) -> String {
        match self.path.trim_end_matches('/') {
            "" => "ROOT".to_owned(),
            path => format!("ROOT{path}"),
        }
    }
}

/// What an account may be (API-AUTH-004, upstream's `Account.Type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum AccountType {
    /// A normal user.
    Normal,
    /// A root administrator.
    Admin,
    /// An administrator of a domain.
    DomainAdmin,
    /// An administrator of a resource domain.
    ResourceDomainAdmin,
    /// A read-only administrator.
    ReadOnlyAdmin,
    /// The account behind a project.
    Project,
}

impl AccountType {
    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Normal => 0,
            Self::Admin => 1,
            Self::DomainAdmin => 2,
            Self::ResourceDomainAdmin => 3,
            Self::ReadOnlyAdmin => 4,
            Self::Project => 5,
        }
    }

    /// The type that a number stands for.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Normal,
            1 => Self::Admin,
            2 => Self::DomainAdmin,
            3 => Self::ResourceDomainAdmin,
            4 => Self::ReadOnlyAdmin,
            5 => Self::Project,
            _ => return None,
        })
    }

    /// The account type that goes with a role type (API-ACL-006).
    #[must_use]
    pub fn of_role(role: RoleType) -> Self {
        match role {
            RoleType::Admin => Self::Admin,
            RoleType::ResourceAdmin => Self::ResourceDomainAdmin,
            RoleType::DomainAdmin => Self::DomainAdmin,
            RoleType::User => Self::Normal,
        }
    }
}

/// Whether somebody may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Standing {
    /// May act.
    Enabled,
    /// May not act, and machines are stopped.
    Disabled,
    /// May not act.
    Locked,
}

impl Standing {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Locked => "locked",
        }
    }
}

/// Whether API keys may be used (since 4.20.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum KeyAccess {
    /// As the level above says.
    Inherit,
    /// Yes.
    Enabled,
    /// No.
    Disabled,
}

impl KeyAccess {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inherit => "INHERIT",
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
        }
    }
}

/// Who knows a user's password (upstream's `User.Source`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Source {
    /// Nobody in particular: every authenticator is asked. Upstream says `UNKNOWN` and shows `native`.
    Any,
    /// The directory.
    Directory,
}

impl Source {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "native",
            Self::Directory => "ldap",
        }
    }

    /// The one authenticator that is asked, if only one is (API-AUTH-070).
    #[must_use]
    pub fn authenticator(self) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::Directory => Some("LDAP"),
        }
    }
}

/// An account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name, unique within the domain.
    pub name: String,
    /// What it may be.
    pub account_type: AccountType,
    /// Its role.
    pub role: Id,
    /// Its domain.
    pub domain: Id,
    /// Whether it may act.
    pub standing: Standing,
    /// Whether its keys may be used.
    pub key_access: KeyAccess,
    /// The DNS suffix of its networks.
    pub network_domain: Option<String>,
    /// The zone that its members start in.
    pub default_zone: Option<Id>,
    /// Free details.
    pub details: Vec<(String, String)>,
    /// Whether it came with the installation.
    pub is_default: bool,
    /// When it was created.
    pub created: Moment,
}

/// A user.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The identifier.
    pub uuid: Uuid,
    /// The name to log in with.
    pub username: String,
    /// Who knows the password.
    pub source: Source,
    /// What the native authenticators compare with; empty if there is nothing.
    pub stored: String,
    /// The password in clear, where the starting world brought it and the ready line prints it.
    pub printed: Option<String>,
    /// First name.
    pub firstname: String,
    /// Last name.
    pub lastname: String,
    /// Mail address.
    pub email: Option<String>,
    /// The account.
    pub account: Id,
    /// Whether the user may act.
    pub standing: Standing,
    /// Whether the keys may be used.
    pub key_access: KeyAccess,
    /// The user's time zone.
    pub timezone: Option<String>,
    /// The public half of the keys.
    pub api_key: Option<String>,
    /// The secret half of the keys.
    pub secret_key: Option<String>,
    /// Wrong passwords in a row (API-AUTH-015).
    pub failed_logins: u32,
    /// The second factor.
    pub two_factor: TwoFactor,
    /// What a forgotten password may be replaced with, until then.
    pub reset_token: Option<ResetToken>,
    /// Whether the user came with the installation.
    pub is_default: bool,
    /// When the user was created.
    pub created: Moment,
}

/// A session (API-AUTH-030).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Who logged in.
    pub user: Id,
    /// The key that every call must bring twice.
    pub key: String,
    /// When it was last used.
    pub last_used: Moment,
    /// Whether it needs no code of a second factor, or has seen the right one (API-AUTH-063).
    pub verified: bool,
}

/// What lets whoever has it set a new password (API-AUTH-090).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResetToken {
    /// What the mail would have told.
    pub token: Uuid,
    /// Until when it is good.
    pub until: Moment,
}

/// What [`World::add_account`] needs to know.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Id,
    /// What it may be.
    pub account_type: AccountType,
    /// Its domain.
    pub domain: Id,
    /// The DNS suffix of its networks.
    pub network_domain: Option<String>,
    /// Free details.
    pub details: Vec<(String, String)>,
}

/// What [`World::add_user`] needs to know.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name to log in with.
    pub username: String,
    /// Who knows the password.
    pub source: Source,
    /// The password.
    pub password: Password,
    /// First name.
    pub firstname: String,
    /// Last name.
    pub lastname: String,
    /// Mail address.
    pub email: Option<String>,
    /// The time zone.
    pub timezone: Option<String>,
}

impl World {
    /// Adds a domain.
    pub fn add_domain(&mut self, name: &str, parent: Option<Id>, network_domain: Option<String>) -> Id {
        let (path, level) = match parent.and_then(|parent| self.domains.get(parent)) {
            Some(above) => (format!("{}{name}/", above.path), above.level + 1),
            None => ("/".to_owned(), 0),
        };
        let uuid = self.name_row(Kind::Domain, self.domains.next_id());
        let created = self.now;
        self.domains.insert(Domain {
            uuid,
            name: name.to_owned(),
            parent,
            path,
            level,
            network_domain,
            created,
        })
    }

    /// Adds an account.
    pub fn add_account(&mut self, new: NewAccount) -> Id {
        let uuid = self.name_row(Kind::Account, self.accounts.next_id());
        let created = self.now;
        let domain = new.domain;
        let id = self.accounts.insert(Account {
            uuid,
            name: new.name,
            account_type: new.account_type,
            role: new.role,
            domain: new.domain,
            standing: Standing::Enabled,
            key_access: KeyAccess::Inherit,
            network_domain: new.network_domain,
            default_zone: None,
            details: new.details,
            is_default: false,
            created,
        });
        if id != SYSTEM {
            let owner = Owner { account: id, domain };
            self.add_security_group(owner, DEFAULT, Some("Default Security Group"));
        }
        id
    }

    /// Adds a user to an account.
    pub fn add_user(&mut self, account: Id, new: NewUser) -> Id {
        let uuid = self.name_row(Kind::User, self.users.next_id());
        let created = self.now;
        let stored = self.encoded(&new.password);
        let printed = match new.password {
            Password::Preset(text) => Some(text),
            Password::Chosen(_) | Password::Elsewhere => None,
        };
        self.users.insert(User {
            uuid,
            username: new.username,
            source: new.source,
            stored,
            printed,
            firstname: new.firstname,
            lastname: new.lastname,
            email: new.email,
            account,
            standing: Standing::Enabled,
            key_access: KeyAccess::Inherit,
            timezone: new.timezone,
            api_key: None,
            secret_key: None,
            failed_logins: 0,
            two_factor: TwoFactor::default(),
            reset_token: None,
            is_default: false,
            created,
        })
    }

    /// Gives a user new keys and answers them.
    pub fn renew_keys(&mut self, user: Id) -> Option<(String, String)> {
        let (api_key, secret_key) = (self.ids.key(), self.ids.key());
        self.set_keys(user, &api_key, &secret_key)?;
        Some((api_key, secret_key))
    }

    /// The user of a domain with a name, case ignored as the database does.
    #[must_use]
    pub fn user_by_name(&self, username: &str, domain: Id) -> Option<Id> {
        self.users
            .iter()
            .find(|(id, user)| {
                *id != SYSTEM
                    && user.username.eq_ignore_ascii_case(username)
                    && self.accounts.get(user.account).is_some_and(|account| account.domain == domain)
            })
            .map(|(id, _)| id)
    }

    /// Gives a user these keys; nothing if there is no such user.
    pub fn set_keys(&mut self, user: Id, api_key: &str, secret_key: &str) -> Option<()> {
        let row = self.users.get_mut(user)?;
        row.api_key = Some(api_key.to_owned());
        row.secret_key = Some(secret_key.to_owned());
        // Of two users with one key the older one has it.
        if self.user_by_api_key(api_key).is_none_or(|(holder, _)| user < holder) {
            self.api_keys.insert(api_key.to_owned(), user);
        }
        Some(())
    }

    /// The user to whom an API key belongs.
    #[must_use]
    pub fn user_by_api_key(&self, api_key: &str) -> Option<(Id, &User)> {
        let id = *self.api_keys.get(api_key)?;
        let user = self.users.get(id)?;
        (user.api_key.as_deref() == Some(api_key)).then_some((id, user))
    }

    /// The owner that an account makes.
    #[must_use]
    pub fn owner_of(&self, account: Id) -> Owner {
        let domain = self.accounts.get(account).map_or(ROOT_DOMAIN, |account| account.domain);
        Owner { account, domain }
    }

    /// Whether a domain is another one or lies below it.
    #[must_use]
    pub fn is_within(&self, domain: Id, above: Id) -> bool {
        match (self.domains.get(domain), self.domains.get(above)) {
            (Some(domain), Some(above)) => domain.path.starts_with(&above.path),
            _ => false,
        }
    }

    /// The domain at a path: `/gold/sub/`, completed at both ends (API-AUTH-003), case ignored.
    #[must_use]
    pub fn domain_by_path(&self, path: &str) -> Option<Id> {
        let mut full = format!("/{}/", path.trim_matches('/'));
        if full == "//" {
            "/".clone_into(&mut full);
        }
        self.domains.iter().find(|(_, domain)| domain.path.eq_ignore_ascii_case(&full)).map(|(id, _)| id)
    }

    /// An account by name within a domain, case ignored as the database does.
    #[must_use]
    pub fn account_by_name(&self, name: &str, domain: Id) -> Option<Id> {
        self.accounts
            .iter()
            .find(|(_, account)| account.domain == domain && account.name.eq_ignore_ascii_case(name))
            .map(|(id, _)| id)
    }
}
