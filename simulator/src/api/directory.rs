//! Asking directories about people, in upstream's words (`OpenLdapUserManagerImpl`, `LdapManagerImpl`).
//!
//! Who asks the directory itself is [`crate::directory`]; the commands are in `command/directory.rs`, passwords in
//! `authenticator/ldap.rs`. Left out: paged searches, and nested groups, which only Active Directory has.

use super::error::{ApiError, Fault};
use crate::world::World;
use crate::world::directory::{DirectoryLink, LinkKind};
use crate::world::errand::{Entry, Finding, Question, Search};
use crate::world::table::Id;

/// Somebody in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name to log in with.
    pub username: String,
    /// Mail address.
    pub email: Option<String>,
    /// First name.
    pub firstname: Option<String>,
    /// Last name.
    pub lastname: Option<String>,
    /// The distinguished name.
    pub principal: String,
    /// The distinguished name without the base and without the words `ou=`.
    pub domain: String,
    /// The groups.
    pub memberships: Vec<String>,
}

/// Whether a directory takes the principal of a domain's settings.
///
/// `servers` are those to ask, perhaps not known to the world yet.
pub fn binds(world: &mut World, servers: Vec<(String, u16)>, domain: Option<Id>) -> bool {
    let question = Question { servers, ..bound(world, domain) };
    matches!(world.ask(question), Finding::Entries(_))
}

/// Whether the directory takes a password of somebody in it.
pub fn proves(world: &mut World, principal: &str, password: &str, domain: Id) -> bool {
    let question =
        Question { name: principal.to_owned(), password: password.to_owned(), ..bound(world, Some(domain)) };
    matches!(world.ask(question), Finding::Entries(_))
}

/// The one person with a name, as far as the settings and links of a domain let that person in.
pub fn person(world: &mut World, username: &str, domain: Option<Id>) -> Option<Person> {
    let base = world.directory_setting("ldap.basedn", domain)?.to_owned();
    let filter = people_filter(world, Some(username), domain);
    only(search(world, base, filter, domain)?)
}

/// The one person with a name who is in what a domain or an account is linked to.
pub fn linked_person(
    world: &mut World,
    username: &str,
    kind: LinkKind,
    name: &str,
    domain: Id,
) -> Option<Person> {
    let mut filter =
        format!("(&{}{}", is_a_person(world, Some(domain)), named(world, username, Some(domain)));
    let base = match kind {
        LinkKind::Unit => name.to_owned(),
        LinkKind::Group => {
            filter.push_str(&is_member_of(world, name, Some(domain)));
            world.directory_setting("ldap.basedn", Some(domain))?.to_owned()
        }
    };
    filter.push(')');
    only(search(world, base, filter, Some(domain))?)
}

/// Everybody whom the settings and links of a domain let in, by user name; nobody if there is no directory.
///
/// # Errors
///
/// 431 where no base is set.
pub fn everybody(
    world: &mut World,
    username: Option<&str>,
    domain: Option<Id>,
) -> Result<Vec<Person>, ApiError> {
    if world.directory_addresses(domain).is_empty() {
        return Ok(Vec::new());
    }
    let Some(base) = world.directory_setting("ldap.basedn", domain).map(str::to_owned) else {
        let domain = domain.map_or_else(|| "null".to_owned(), |domain| domain.to_string());
        return Err(ApiError::new(
            Fault::IllegalArgument,
            format!("ldap basedn is not configured (for domain: {domain})"),
        ));
    };
    let filter = people_filter(world, username, domain);
    Ok(sorted(search(world, base, filter, domain).unwrap_or_default()))
}

/// Everybody in a group, by user name.
pub fn members(world: &mut World, group: &str, domain: Option<Id>) -> Vec<Person> {
    let Some(base) = world.directory_setting("ldap.basedn", domain).map(str::to_owned) else {
        return Vec::new();
    };
    let attribute = setting(world, "ldap.group.user.uniquemember", domain);
    let filter = format!(
        "(&(objectClass={})(cn={}))",
        escaped(&setting(world, "ldap.group.object", domain)),
        escaped(group)
    );
    let Some(groups) = found(world, base, filter, vec![attribute.clone()], domain) else {
        return Vec::new();
    };
    let names: Vec<String> =
        groups.first().map(|group| group.values(&attribute).map(str::to_owned).collect()).unwrap_or_default();
    let filter = is_a_person(world, domain);
    let people = names
        .into_iter()
        .filter_map(|name| search(world, name, filter.clone(), domain)?.into_iter().next())
        .collect();
    sorted(people)
}

/// A question with the principal of a domain's settings.
fn bound(world: &World, domain: Option<Id>) -> Question {
    Question {
        servers: world.directory_addresses(domain),
        name: setting(world, "ldap.bind.principal", domain),
        password: setting(world, "ldap.bind.password", domain),
        search: None,
    }
}

fn search(world: &mut World, base: String, filter: String, domain: Option<Id>) -> Option<Vec<Person>> {
    let mut attributes: Vec<String> = ATTRIBUTES.map(|name| setting(world, name, domain)).to_vec();
    attributes.push("cn".to_owned());
    let entries = found(world, base, filter, attributes, domain)?;
    Some(entries.iter().filter_map(|entry| read(world, entry, domain)).collect())
}

/// What is found; none if the directory cannot be asked.
fn found(
    world: &mut World,
    base: String,
    filter: String,
    attributes: Vec<String>,
    domain: Option<Id>,
) -> Option<Vec<Entry>> {
    let search = Some(Search { base, filter, attributes });
    match world.ask(Question { search, ..bound(world, domain) }) {
        Finding::Entries(entries) => Some(entries),
        Finding::Refused | Finding::Unreachable => None,
    }
}

/// The settings that name the attributes of people.
const ATTRIBUTES: [&str; 5] = [
    "ldap.username.attribute",
    "ldap.email.attribute",
    "ldap.firstname.attribute",
    "ldap.lastname.attribute",
    "ldap.user.memberof.attribute",
];

fn read(world: &World, entry: &Entry, domain: Option<Id>) -> Option<Person> {
    let [username, email, firstname, lastname, memberships] =
        ATTRIBUTES.map(|name| setting(world, name, domain));
    let text = |attribute: &str| entry.value(attribute).map(str::to_owned);
    let base = setting(world, "ldap.basedn", domain);
    let mut rest = entry.name.clone();
    if let Some(name) = entry.value("cn") {
        rest = rest.replace(&format!("cn={name},"), "");
    }
    Some(Person {
        username: text(&username)?,
        email: text(&email),
        firstname: text(&firstname),
        lastname: text(&lastname),
        principal: entry.name.clone(),
        domain: rest.replace(&format!(",{base}"), "").replace("ou=", ""),
        memberships: entry.values(&memberships).map(str::to_owned).collect(),
    })
}

/// People with a name or with any, in the groups of a domain's links and in the group of the settings.
fn people_filter(world: &World, username: Option<&str>, domain: Option<Id>) -> String {
    let mut filter = format!("(&{}", is_a_person(world, domain));
    match username {
        Some(username) => filter.push_str(&named(world, username, domain)),
        None => filter.push_str(&format!("({}=*)", setting(world, "ldap.username.attribute", domain))),
    }
    let links: Vec<&DirectoryLink> =
        domain.map(|domain| world.directory_links_of(domain).collect()).unwrap_or_default();
    if !links.is_empty() {
        filter.push_str("(|");
        for link in links {
            filter.push_str(&is_member_of(world, &link.name, domain));
        }
        filter.push(')');
    }
    if let Some(group) = world.directory_setting("ldap.search.group.principle", domain) {
        filter.push_str(&is_member_of(world, group, domain));
    }
    filter.push(')');
    filter
}

fn is_a_person(world: &World, domain: Option<Id>) -> String {
    format!("(objectClass={})", escaped(&setting(world, "ldap.user.object", domain)))
}

fn named(world: &World, username: &str, domain: Option<Id>) -> String {
    format!("({}={})", setting(world, "ldap.username.attribute", domain), escaped(username))
}

fn is_member_of(world: &World, group: &str, domain: Option<Id>) -> String {
    format!("({}={})", setting(world, "ldap.user.memberof.attribute", domain), escaped(group))
}

fn setting(world: &World, name: &str, domain: Option<Id>) -> String {
    world.directory_setting(name, domain).unwrap_or_default().to_owned()
}

fn only(people: Vec<Person>) -> Option<Person> {
    let mut people = people.into_iter();
    people.next().filter(|_| people.next().is_none())
}

fn sorted(mut people: Vec<Person>) -> Vec<Person> {
    people.sort_by(|one, two| one.username.cmp(&two.username));
    people
}

/// A value in a filter, with what means something there escaped (RFC 4515, section 3).
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '*' => out.push_str("\\2a"),
            '(' => out.push_str("\\28"),
            ')' => out.push_str("\\29"),
            '\\' => out.push_str("\\5c"),
            '\0' => out.push_str("\\00"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::VIRTUAL_EPOCH;

    #[test]
    fn nothing_in_a_name_can_change_the_filter() {
        let world = World::blank(1, VIRTUAL_EPOCH);
        assert_eq!(
            people_filter(&world, Some("a*)(uid=b\\"), None),
            "(&(objectClass=inetOrgPerson)(uid=a\\2a\\29\\28uid=b\\5c))"
        );
        assert_eq!(people_filter(&world, None, None), "(&(objectClass=inetOrgPerson)(uid=*))");
    }

    #[test]
    fn an_entry_becomes_a_person() {
        let mut world = World::blank(1, VIRTUAL_EPOCH);
        world.settings.set("ldap.basedn", "dc=golden,dc=test").expect("a known setting");
        let entry = Entry {
            name: "uid=alice,ou=people,dc=golden,dc=test".to_owned(),
            attributes: vec![
                ("uid".to_owned(), vec!["alice".to_owned()]),
                ("givenName".to_owned(), vec!["Alice".to_owned()]),
            ],
        };
        let person = read(&world, &entry, None).expect("it has a user name");
        assert_eq!((person.domain.as_str(), person.email.as_deref()), ("uid=alice,people", None));
        assert_eq!(person.firstname.as_deref(), Some("Alice"));
    }
}
