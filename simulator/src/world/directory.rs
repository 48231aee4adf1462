//! Directories that the cloud was told of, and what is linked to them (API-AUTH-072).
//!
//! What stands in a directory is not here: it is asked for, see [`errand`](super::errand).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::account::AccountType;
use super::kind::Kind;
use super::setting::Scope;
use super::table::Id;

/// A directory server: upstream's LDAP configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DirectoryServer {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name or address.
    pub hostname: String,
    /// Its port.
    pub port: u16,
    /// The domain that it is for; none for all that have none of their own.
    pub domain: Option<Id>,
}

/// What in a directory a domain or an account is linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum LinkKind {
    /// A group: its members.
    Group,
    /// An organisational unit: everybody below it.
    Unit,
}

impl LinkKind {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Group => "GROUP",
            Self::Unit => "OU",
        }
    }

    /// What a word stands for, in any case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Group, Self::Unit].into_iter().find(|kind| kind.name().eq_ignore_ascii_case(word))
    }
}

/// A link between a domain, or an account in it, and a part of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DirectoryLink {
    /// The domain.
    pub domain: Id,
    /// The account; none if the whole domain is linked and users get accounts of their own.
    pub account: Option<Id>,
    /// What it is linked to.
    pub kind: LinkKind,
    /// The distinguished name of that.
    pub name: String,
    /// What the accounts of new users may be.
    pub account_type: AccountType,
}

impl World {
    /// Adds a directory server.
    pub fn add_directory_server(&mut self, hostname: &str, port: u16, domain: Option<Id>) -> Id {
        let uuid = self.name_row(Kind::DirectoryServer, self.directory_servers.next_id());
        self.directory_servers.insert(DirectoryServer { uuid, hostname: hostname.to_owned(), port, domain })
    }

    /// A directory server by host, port (any, if none is told) and the domain that it is for.
    #[must_use]
    pub fn directory_server(&self, hostname: &str, port: Option<u16>, domain: Option<Id>) -> Option<Id> {
        self.directory_servers
            .iter()
            .find(|(_, row)| {
                row.hostname == hostname && row.domain == domain && port.is_none_or(|port| port == row.port)
            })
            .map(|(id, _)| id)
    }

    /// Where the directory of a domain answers: its own servers, or those for everybody.
    #[must_use]
    pub fn directory_addresses(&self, domain: Option<Id>) -> Vec<(String, u16)> {
        let of = |wanted: Option<Id>| -> Vec<(String, u16)> {
            self.directory_servers
                .iter()
                .filter(|(_, row)| row.domain == wanted)
                .map(|(_, row)| (row.hostname.clone(), row.port))
                .collect()
        };
        let own = if domain.is_some() { of(domain) } else { Vec::new() };
        if own.is_empty() { of(None) } else { own }
    }

    /// Whether passwords are tried at a directory at all: that takes a server for everybody.
    #[must_use]
    pub fn has_directory(&self) -> bool {
        self.directory_servers.iter().any(|(_, row)| row.domain.is_none())
    }

    /// The links of a domain and of the accounts in it.
    pub fn directory_links_of(&self, domain: Id) -> impl Iterator<Item = &DirectoryLink> {
        self.directory_links.iter().filter(move |link| link.domain == domain)
    }

    /// What a setting says about the directory of a domain; nothing if it is empty.
    #[must_use]
    pub fn directory_setting(&self, name: &str, domain: Option<Id>) -> Option<&str> {
        self.settings.shown(name, domain.map(Scope::Domain)).filter(|value| !value.is_empty())
    }

    /// Forgets what only a domain, or an account in it, was linked to.
    pub(super) fn unlink(&mut self, is_gone: impl Fn(&DirectoryLink) -> bool) {
        self.directory_links.retain(|link| !is_gone(link));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::account::ROOT_DOMAIN;
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    #[test]
    fn a_domain_without_a_server_of_its_own_has_that_of_everybody() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let gold = world.add_domain("gold", Some(ROOT_DOMAIN), None);
        world.add_directory_server("own", 1, Some(gold));
        assert!(!world.has_directory() && world.directory_addresses(None).is_empty());
        world.add_directory_server("all", 2, None);
        assert_eq!(world.directory_addresses(Some(gold)), [("own".to_owned(), 1)]);
        assert_eq!(world.directory_addresses(Some(ROOT_DOMAIN)), [("all".to_owned(), 2)]);
        assert!(world.has_directory());
    }

    #[test]
    fn links_go_with_what_they_link() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let gold = world.add_domain("gold", Some(ROOT_DOMAIN), None);
        world.directory_links.push_back(DirectoryLink {
            domain: gold,
            account: None,
            kind: LinkKind::Unit,
            name: "ou=people".to_owned(),
            account_type: AccountType::Normal,
        });
        world.remove_domain(gold);
        assert!(world.directory_links.is_empty());
    }
}
