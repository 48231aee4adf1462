//! What is linked to directories: whole domains, and accounts in them (API-AUTH-072).

use super::Behaviour;
use super::account::role_and_type;
use super::directory::{illegal, reach, wrapped};
use crate::api::authenticator::new_account;
use crate::api::directory::{self, Person};
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::account::{AccountType, NewAccount};
use crate::world::directory::{DirectoryLink, LinkKind};
use crate::world::table::Id;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "linkDomainToLdap",
        run: |world, _, arguments| {
            let domain = arguments.id("domainid").unwrap_or_default();
            let name = arguments.filled("ldapdomain").or_else(|| arguments.filled("name"));
            if world.directory_setting("ldap.basedn", Some(domain)).is_none() {
                return Err(illegal(format!(
                    "can not link a domain (with id = {domain}) unless a basedn (null) is configured for it."
                )));
            }
            let name =
                name.ok_or_else(|| illegal("ldapDomain cannot be empty, please supply a GROUP or OU name"))?;
            let account_type = arguments
                .integer("accounttype")
                .and_then(AccountType::from_number)
                .filter(|kind| matches!(kind, AccountType::Normal | AccountType::DomainAdmin))
                .ok_or_else(|| illegal("accountype should be either 0(normal user) or 2(domain admin)"))?;
            let kind = link_kind(arguments.required("type"))?;
            if world.domains.get(domain).is_none() {
                return Err(wrapped(world, "Cannot link Domain to LDAP. No domain found".to_owned()));
            }
            let link = DirectoryLink { domain, account: None, kind, name: name.to_owned(), account_type };
            let object = linked(world, &link);
            add_link(world, link.clone())?;
            let admin = link_admin(world, arguments, &link);
            Ok(Reply::Object(object.with("accountid", admin.map(|account| account.to_string()))))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "linkAccountToLdap",
        run: |world, caller, arguments| {
            let domain = arguments.id("domainid").unwrap_or_default();
            reach(world, *caller, Some(domain))?;
            if world.directory_setting("ldap.basedn", Some(domain)).is_none() {
                return Err(illegal(
                    "can not link an account to ldap in a domain for which no basdn is configured",
                ));
            }
            let kind = arguments
                .filled("type")
                .ok_or_else(|| illegal("type cannot be null. It should either be GROUP or OU"))?;
            let kind = link_kind(kind)?;
            if !arguments.has("accounttype") && !arguments.has("roleid") {
                return Err(illegal("Either account type or role ID must be given"));
            }
            let (role, account_type) = role_and_type(world, arguments)?;
            let (account_name, name) = (arguments.required("account"), arguments.required("ldapdomain"));
            let found = world.account_by_name(account_name, domain);
            refuse_mapped(world, domain, found, name)?;
            let account = found.unwrap_or_else(|| {
                world.add_account(NewAccount {
                    name: account_name.to_owned(),
                    role,
                    account_type,
                    domain,
                    network_domain: None,
                    details: Vec::new(),
                })
            });
            let link =
                DirectoryLink { domain, account: Some(account), kind, name: name.to_owned(), account_type };
            let object = linked(world, &link);
            add_link(world, link.clone())?;
            let uuid = world.accounts.get(account).map(|row| row.uuid.to_string());
            let admin = link_admin(world, arguments, &link).map(|account| account.to_string());
            Ok(Reply::Object(
                object.with("accountid", admin.or(uuid)).with("account", account_name.to_owned()),
            ))
        },
        ..Behaviour::PLAIN
    },
];

fn link_kind(word: &str) -> Result<LinkKind, ApiError> {
    LinkKind::from_word(word).ok_or_else(|| {
        let word = word.to_uppercase();
        illegal(format!("No enum constant org.apache.cloudstack.ldap.LdapManager.LinkType.{word}"))
    })
}

/// Refuses a group that another account of the domain has, or the domain itself.
fn refuse_mapped(world: &World, domain: Id, account: Option<Id>, name: &str) -> Result<(), ApiError> {
    let Some(old) = world.directory_links_of(domain).find(|link| link.name == name) else { return Ok(()) };
    match old.account {
        None => Err(ApiError::runtime(format!(
            "group {name} is mapped to the current domain ({domain}) for autoimport and can not be used for autosync"
        ))),
        Some(other) if Some(other) != account => Err(ApiError::runtime(format!(
            "group {name} is mapped to account {other} in the current domain ({domain}), delete the old map before \
             mapping a new account to the same group."
        ))),
        Some(_) => Ok(()),
    }
}

/// Adds a link, of which a domain and an account have one at most.
fn add_link(world: &mut World, link: DirectoryLink) -> Result<(), ApiError> {
    let is_taken = world.directory_links_of(link.domain).any(|other| other.account == link.account);
    if is_taken && !world.sins(Quirk::DomainsAreLinkedTwice) {
        return Err(ApiError::new(Fault::EntityExists, "Entity already exists "));
    }
    world.directory_links.push_back(link);
    Ok(())
}

fn linked(world: &World, link: &DirectoryLink) -> Object {
    let domain = world.domains.get(link.domain).map(|domain| domain.uuid);
    // Only the answer about a domain has the older name of the field as well.
    let old_name = link.account.is_none().then_some(link.name.as_str());
    Object::new()
        .with("domainid", domain)
        .with("name", old_name)
        .with("ldapdomain", &link.name)
        .with("type", link.kind.name())
        .with("accounttype", link.account_type.number())
}

/// Makes an administrator of the domain of somebody in the directory, if one is named who is there. Answers the number
/// of the account.
fn link_admin(world: &mut World, arguments: &Arguments, link: &DirectoryLink) -> Option<Id> {
    let name = arguments.filled("admin")?;
    let person = directory::linked_person(world, name, link.kind, &link.name, link.domain)?;
    let person = Person { username: name.to_owned(), ..person };
    new_account(world, &person, AccountType::DomainAdmin, link.domain)
}
