//! Directories: which ones there are and who is in them (API-AUTH-072, API-AUTH-073). What is linked to them is in
//! [`directory_link`](super::directory_link).

use super::Behaviour;
use super::account::role_and_type;
use super::user::refuse_taken_name;
use crate::api::authenticator::new_user;
use crate::api::caller::Caller;
use crate::api::directory::{self, Person};
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::account::{AccountType, NewAccount, ROOT_DOMAIN, Source};
use crate::world::table::Id;

/// The role of ordinary users, as an installation numbers it.
const USER_ROLE: Id = 4;
/// The port of a server for which none is told.
const PORT: u16 = 389;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "addLdapConfiguration",
        run: |world, _, arguments| {
            let hostname = arguments.required("hostname");
            let domain = arguments.id("domainid");
            let id = add_server(world, hostname, arguments.integer("port"), domain)
                .map_err(|text| wrapped(world, text))?;
            Ok(Reply::Object(server(world, id)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteLdapConfiguration",
        run: |world, _, arguments| {
            let id = match (arguments.id("id"), arguments.filled("hostname")) {
                (Some(id), _) if world.directory_servers.get(id).is_some() => id,
                (Some(id), _) => {
                    return Err(wrapped(world, format!("Cannot find configuration with id {id}")));
                }
                (None, None) => {
                    return Err(wrapped(world, "Either id or hostname must be specified".to_owned()));
                }
                (None, Some(hostname)) => {
                    let port = arguments.integer("port").and_then(positive);
                    world.directory_server(hostname, port, arguments.id("domainid")).ok_or_else(|| {
                        wrapped(world, format!("Cannot find configuration with hostname {hostname}"))
                    })?
                }
            };
            let object = server(world, id);
            world.directory_servers.remove(id);
            Ok(Reply::Object(object))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listLdapConfigurations",
        run: |world, _, arguments| {
            let (id, domain) = (arguments.id("id"), arguments.id("domainid"));
            let everything = arguments.flag("listall");
            let hostname = arguments.filled("hostname");
            let port = arguments.integer("port").and_then(positive);
            let matches: Vec<Id> = world
                .directory_servers
                .iter()
                .filter(|(other, row)| match (id, domain) {
                    (Some(id), _) => *other == id,
                    (None, Some(domain)) => row.domain == Some(domain),
                    (None, None) => everything || row.domain.is_none(),
                })
                .filter(|(_, row)| hostname.is_none_or(|hostname| row.hostname == hostname))
                .filter(|(_, row)| port.is_none_or(|port| row.port == port))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| server(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listLdapUsers",
        run: |world, caller, arguments| {
            let domain = arguments.id("domainid");
            let filter = UserFilter::of(arguments)?;
            let people = directory::everybody(world, None, domain)?;
            let home = domain.unwrap_or(caller.domain);
            let shown = people
                .iter()
                .map(|person| (person, filter.known(world, person, home)))
                .filter(|(_, known)| filter.shows(world, *known, home))
                .map(|(person, known)| {
                    let source = known.map_or("", |known| source_of(world, known).name());
                    let hidden = world.sins(Quirk::ConflictingSourceIsMissing);
                    shown_person(person).with("conflictingusersource", (!hidden).then_some(source))
                })
                .collect();
            Ok(Reply::all(shown))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "searchLdap",
        run: |world, _, arguments| {
            // The real server escapes its own asterisks too, so it looks for them literally and finds nobody
            // (recording ldap/search-xml).
            let name = format!("*{}*", arguments.required("query"));
            let people = directory::everybody(world, Some(&name), None)?;
            Ok(Reply::all(people.iter().map(shown_person).collect()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "importLdapUsers",
        run: |world, caller, arguments| {
            require_type(arguments)?;
            let (_, account_type) = role_and_type(world, arguments)?;
            let domain = arguments.id("domainid");
            reach(world, *caller, domain)?;
            let group = arguments.filled("group");
            let people = match group {
                Some(group) => directory::members(world, group, domain),
                None => directory::everybody(world, None, domain)?,
            };
            let mut imported = Vec::new();
            for person in people {
                let home = home(world, domain, group, &person);
                if import(world, arguments, account_type, home, &person)? {
                    imported.push(shown_person(&person));
                }
            }
            Ok(Reply::all(imported))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "ldapCreateAccount",
        run: |world, caller, arguments| {
            let (role, account_type) = match require_type(arguments) {
                Ok(()) => role_and_type(world, arguments)?,
                Err(_) if world.sins(Quirk::PeopleNeedNoType) => (USER_ROLE, AccountType::Normal),
                Err(refusal) => return Err(refusal),
            };
            let username = arguments.required("username");
            let named = arguments.id("domainid");
            reach(world, *caller, named)?;
            let missing = if world.sins(Quirk::MissingPeopleAre431) { 431 } else { 534 };
            let refusal = |text: String| ApiError::api(missing, text);
            let person = directory::person(world, username, named)
                .ok_or_else(|| refusal(format!("No LDAP user exists with the username of {username}")))?;
            for (is_missing, what) in [
                (person.email.is_none(), "email address"),
                (person.firstname.is_none(), "firstname"),
                (person.lastname.is_none(), "lastname"),
            ] {
                if is_missing && !world.sins(Quirk::IncompletePeoplePass) {
                    return Err(refusal(format!("{username} has no {what} set within LDAP")));
                }
            }
            let domain = named.unwrap_or(ROOT_DOMAIN);
            let name = arguments.filled("account").unwrap_or(username);
            let person = Person { username: username.to_owned(), ..person };
            let account = match world.account_by_name(name, domain) {
                Some(_) if world.user_by_name(username, domain).is_some() => {
                    return Err(ApiError::runtime(format!(
                        "The user {username} already exists in domain {domain}"
                    )));
                }
                Some(account) => account,
                None => {
                    refuse_taken_name(world, username, domain)?;
                    world.add_account(NewAccount {
                        name: name.to_owned(),
                        role,
                        account_type,
                        domain,
                        network_domain: arguments.filled("networkdomain").map(str::to_owned),
                        details: arguments.merged("accountdetails"),
                    })
                }
            };
            add_person(world, arguments, account, &person);
            Ok(Reply::Object(view::account(world, account)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "ldapConfig",
        run: |world, _, arguments| {
            if arguments.flag("listall") {
                let rows: Vec<(String, u16)> = world.directory_addresses(None);
                let base = world.directory_setting("ldap.basedn", None);
                let principal = world.directory_setting("ldap.bind.principal", None);
                return Ok(Reply::all(
                    rows.into_iter()
                        .map(|(hostname, port)| old_server(&hostname, port, false, base, None, principal))
                        .collect(),
                ));
            }
            let Some(hostname) = arguments.filled("hostname") else {
                return Err(ApiError::invalid(
                    "You need to provide hostname, port to configure your LDAP server",
                ));
            };
            let id =
                add_server(world, hostname, arguments.integer("port"), None).map_err(ApiError::invalid)?;
            let changes = [
                ("ldap.basedn", "searchbase"),
                ("ldap.bind.principal", "binddn"),
                ("ldap.bind.password", "bindpass"),
                ("ldap.truststore", "truststore"),
                ("ldap.truststore.password", "truststorepass"),
            ];
            for (setting, parameter) in changes {
                world
                    .settings
                    .change(setting, arguments.filled(parameter))
                    .map_err(|error| ApiError::runtime(error.to_string()))?;
            }
            let port = world.directory_servers.get(id).map_or(PORT, |row| row.port);
            let [base, filter, principal] =
                ["searchbase", "queryfilter", "binddn"].map(|name| arguments.filled(name));
            Ok(Reply::Object(old_server(hostname, port, arguments.flag("ssl"), base, filter, principal)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "ldapRemove",
        run: |world, _, _| {
            let all: Vec<Id> = world
                .directory_servers
                .iter()
                .filter(|(_, row)| row.domain.is_none())
                .map(|(id, _)| id)
                .collect();
            for id in all {
                world.directory_servers.remove(id);
            }
            Ok(Reply::Object(Object::new()))
        },
        ..Behaviour::PLAIN
    },
];

/// 530 with the text of a Java exception, its class included.
pub(super) fn wrapped(world: &World, text: String) -> ApiError {
    if world.sins(Quirk::DirectoryTextsLackTheClass) {
        return ApiError::api(530, text);
    }
    ApiError::api(530, format!("com.cloud.exception.InvalidParameterValueException: {text}"))
}

pub(super) fn illegal(text: impl Into<String>) -> ApiError {
    ApiError::new(Fault::IllegalArgument, text)
}

fn positive(port: i64) -> Option<u16> {
    u16::try_from(port).ok().filter(|port| *port > 0)
}

/// Adds a server that lets us bind.
fn add_server(
    world: &mut World,
    hostname: &str,
    port: Option<i64>,
    domain: Option<Id>,
) -> Result<Id, String> {
    let unreachable = || "Unable to bind to the given LDAP server".to_owned();
    let port = match port {
        Some(port) if port > 0 => u16::try_from(port).map_err(|_| unreachable())?,
        _ => PORT,
    };
    if world.directory_server(hostname, Some(port), domain).is_some() {
        return Err("Duplicate configuration".to_owned());
    }
    if !directory::binds(world, vec![(hostname.to_owned(), port)], domain)
        && !world.sins(Quirk::UnreachableDirectoriesPass)
    {
        return Err(unreachable());
    }
    Ok(world.add_directory_server(hostname, port, domain))
}

fn server(world: &World, id: Id) -> Object {
    let Some(row) = world.directory_servers.get(id) else { return Object::new() };
    let domain = row.domain.and_then(|domain| world.domains.get(domain));
    Object::new()
        .with("id", row.uuid)
        .with_admin("hostname", &row.hostname)
        .with_admin("port", row.port)
        .with("domainid", domain.map(|domain| domain.uuid))
}

/// A server in the words of the deprecated command: everything is text.
fn old_server(
    hostname: &str,
    port: u16,
    ssl: bool,
    base: Option<&str>,
    filter: Option<&str>,
    principal: Option<&str>,
) -> Object {
    Object::new()
        .with("hostname", hostname.to_owned())
        .with("port", port.to_string())
        .with("ssl", ssl.to_string())
        .with("searchbase", base)
        .with("queryfilter", filter)
        .with("binddn", principal)
}

fn shown_person(person: &Person) -> Object {
    Object::new()
        .with("email", person.email.as_deref())
        .with("principal", &person.principal)
        .with("firstname", person.firstname.as_deref())
        .with("lastname", person.lastname.as_deref())
        .with("username", &person.username)
        .with("domain", &person.domain)
}

/// Whom `listLdapUsers` leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UserFilter {
    /// Nobody.
    Nothing,
    /// Who is known from the directory in this domain.
    LocalDomain,
    /// The same; the real server looks for them in more domains.
    AnyDomain,
    /// Who is known from the directory.
    PotentialImport,
}

impl UserFilter {
    fn of(arguments: &Arguments) -> Result<Self, ApiError> {
        let old = if arguments.text("listtype").is_none_or(|kind| kind == "all") {
            "NoFilter"
        } else {
            "AnyDomain"
        };
        let word = arguments.text("userfilter").unwrap_or(old);
        [
            ("NoFilter", Self::Nothing),
            ("LocalDomain", Self::LocalDomain),
            ("AnyDomain", Self::AnyDomain),
            ("PotentialImport", Self::PotentialImport),
        ]
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, filter)| filter)
        .ok_or_else(|| illegal(format!("{word} is not a legal 'UserFilter' value")))
    }

    /// The user of ours who has a person's name: the one in this domain before others.
    fn known(self, world: &World, person: &Person, home: Id) -> Option<Id> {
        let below = matches!(self, Self::Nothing | Self::AnyDomain);
        let own = world.user_by_name(&person.username, home);
        own.or_else(|| {
            world
                .users
                .iter()
                .filter(|(_, user)| user.username == person.username && below)
                .filter(|(_, user)| world.is_within(world.owner_of(user.account).domain, home))
                .map(|(id, _)| id)
                .next_back()
        })
    }

    fn shows(self, world: &World, known: Option<Id>, home: Id) -> bool {
        let Some(user) = known else { return true };
        let is_from_here = source_of(world, user) == Source::Directory;
        let domain = world.users.get(user).map(|row| world.owner_of(row.account).domain);
        match self {
            Self::Nothing => true,
            Self::LocalDomain | Self::AnyDomain => !(is_from_here && domain == Some(home)),
            Self::PotentialImport => !is_from_here,
        }
    }
}

fn source_of(world: &World, user: Id) -> Source {
    world.users.get(user).map_or(Source::Any, |row| row.source)
}

/// The look of upstream's check, which is made before the directory is asked.
fn require_type(arguments: &Arguments) -> Result<(), ApiError> {
    if arguments.has("accounttype") || arguments.has("roleid") {
        return Ok(());
    }
    Err(ApiError::parameter("Both account type and role ID are not provided"))
}

pub(super) fn reach(world: &World, caller: Caller, domain: Option<Id>) -> Result<(), ApiError> {
    match domain {
        Some(domain) if !listing::reaches_domain(world, caller, domain) => {
            Err(listing::domain_refusal(world, caller, domain))
        }
        _ => Ok(()),
    }
}

/// The domain into which somebody is imported: the one that is named, or one that is made of the group's name or of
/// the person's place in the directory.
fn home(world: &mut World, named: Option<Id>, group: Option<&str>, person: &Person) -> Id {
    if let Some(domain) = named {
        return domain;
    }
    let plain = |text: &str| -> String {
        text.chars().filter(|one| one.is_ascii_alphanumeric() || *one == '_').take(190).collect()
    };
    let name = group.map(plain).filter(|name| !name.is_empty()).unwrap_or_else(|| plain(&person.domain));
    if name.is_empty() {
        return ROOT_DOMAIN;
    }
    let known = world.children_of(ROOT_DOMAIN).find(|child| {
        world.domains.get(*child).is_some_and(|domain| domain.name.eq_ignore_ascii_case(&name))
    });
    known.unwrap_or_else(|| world.add_domain(&name, Some(ROOT_DOMAIN), Some(name.clone())))
}

/// Makes an account for somebody, or a user in one that is there, or renews what the user is called. Whoever has no
/// full name is left out.
fn import(
    world: &mut World,
    arguments: &Arguments,
    account_type: AccountType,
    domain: Id,
    person: &Person,
) -> Result<bool, ApiError> {
    let name = arguments.filled("account").unwrap_or(&person.username);
    let known = world.user_by_name(&person.username, domain);
    let Some(account) = world.account_by_name(name, domain) else {
        if known.is_some() || !has_a_name(person) {
            return Ok(false);
        }
        let (role, _) = role_and_type(world, arguments)?;
        let account = world.add_account(NewAccount {
            name: name.to_owned(),
            role,
            account_type,
            domain,
            network_domain: None,
            details: arguments.merged("accountdetails"),
        });
        add_person(world, arguments, account, person);
        return Ok(true);
    };
    match known.and_then(|user| world.users.get_mut(user)) {
        Some(user) => {
            if let Some(firstname) = &person.firstname {
                user.firstname.clone_from(firstname);
            }
            if let Some(lastname) = &person.lastname {
                user.lastname.clone_from(lastname);
            }
            if person.email.is_some() {
                user.email.clone_from(&person.email);
            }
        }
        None if !has_a_name(person) => return Ok(false),
        None => add_person(world, arguments, account, person),
    }
    Ok(true)
}

fn has_a_name(person: &Person) -> bool {
    person.firstname.is_some() && person.lastname.is_some()
}

fn add_person(world: &mut World, arguments: &Arguments, account: Id, person: &Person) {
    let user = new_user(world, account, person);
    if let Some(row) = world.users.get_mut(user) {
        row.timezone = arguments.filled("timezone").map(str::to_owned);
    }
}
