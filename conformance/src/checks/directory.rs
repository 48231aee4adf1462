//! Who knows passwords: the authenticators of the target, and a directory (LDAP) behind it.
//!
//! Checks with a directory work in domains of their own, which they link to it, and with servers that they add for
//! those domains alone. What is configured for the whole target is left as it is, and nobody writes to the directory.
//! Logging in as such is in [`login`](super::login).

use super::{
    prelude::*,
    setup::{done, id_in},
};
use crate::{
    check::Capability::{self, Directory, Setting},
    target,
    wire::api::ApiRequest,
};

/// What a check needs that makes a user in a domain of its own.
const USERS: [Capability; 3] = [Command("createDomain"), Command("createAccount"), Command("deleteDomain")];
/// What a check needs that makes a user of somebody in the directory.
const PEOPLE: &[Capability] =
    &[Directory, Command("createDomain"), Command("ldapCreateAccount"), Command("deleteDomain")];
/// What a check needs that links a domain to the directory.
const LINKS: &[Capability] = &[
    Directory,
    Command("createDomain"),
    Command("deleteDomain"),
    Command("linkDomainToLdap"),
    Command("createAccount"),
    Command("disableUser"),
    Command("listUsers"),
];
/// What a check needs that adds and removes directory servers.
const SERVERS: &[Capability] = &[
    RootAdmin,
    Command("createDomain"),
    Command("deleteDomain"),
    Command("addLdapConfiguration"),
    Command("deleteLdapConfiguration"),
];
/// The same with a server that answers, where servers are known by an identifier, by which they are removed again.
const NAMED_SERVERS: &[Capability] = &[
    Directory,
    RootAdmin,
    Command("createDomain"),
    Command("deleteDomain"),
    Command("addLdapConfiguration"),
    Command("deleteLdapConfiguration"),
    Since("4.22"),
];

/// How many wrong passwords lock a user out, in the check about that.
const ALLOWED: usize = 5;
/// What nobody listens on.
const CLOSED_PORT: u16 = 1;
/// A password that nobody has.
const WRONG: &str = "not-the-password";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "directory/passwords-are-sent-in-clear",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords],
        requirement: "A login takes the password as it is, not a hash of it.",
        source: "DefaultLoginAPIAuthenticatorCmd.java:57, PBKDF2UserAuthenticator.java:43-102",
        rules: &["API-AUTH-071"],
        run: |target| target.login_request()?.post().send()?.expect_success(),
    },
    Check {
        id: "directory/stored-hashes-are-the-servers",
        level: Must,
        profile: Core,
        needs: &[
            USERS[0],
            USERS[1],
            USERS[2],
            Setting("user.password.encoders.exclude", "PBKDF2,SHA256SALT,LDAP,SAML2,PLAINTEXT"),
        ],
        requirement: "A user whose password is stored as an MD5 sum logs in with the password itself.",
        source: "MD5UserAuthenticator.java:44-65",
        rules: &["API-AUTH-070", "API-AUTH-071"],
        run: |target| {
            let domain = domain(target)?;
            let (name, password) = (target.fresh_name("user"), target.fresh_name("password"));
            local_user(target, &domain, &name, &password)?;
            login(target, &domain, &name, &password)?.expect_success()
        },
    },
    Check {
        id: "directory/excluded-authenticator",
        level: Must,
        profile: Core,
        needs: &[USERS[0], USERS[1], USERS[2], Setting("user.authenticators.exclude", "PBKDF2,PLAINTEXT")],
        requirement: "A password that only an excluded authenticator could prove is refused.",
        source: "spring-core-registry-core-context.xml:32-37, AccountManagerImpl.java:2878-2897",
        rules: &["API-AUTH-070"],
        run: |target| {
            let domain = domain(target)?;
            let (name, password) = (target.fresh_name("user"), target.fresh_name("password"));
            local_user(target, &domain, &name, &password)?;
            login(target, &domain, &name, &password)?.expect_error(531)
        },
    },
    Check {
        id: "directory/password-of-the-directory",
        level: Must,
        profile: Core,
        needs: PEOPLE,
        requirement: "A user from the directory logs in with the password that the directory takes, and with no other.",
        source: "LdapAuthenticator.java:61-326",
        rules: &["API-AUTH-070"],
        run: |target| {
            let directory = directory(target)?;
            let domain = person(target)?;
            login(target, &domain, &directory.username, WRONG)?.expect_error(531)?;
            login(target, &domain, &directory.username, &directory.password)?.expect_success()
        },
    },
    Check {
        id: "directory/only-the-directory-is-asked",
        level: Must,
        profile: Core,
        needs: PEOPLE,
        requirement: "A user from the directory is refused with a password that the target stored.",
        source: "AccountManagerImpl.java:2878-2897",
        rules: &["API-AUTH-070"],
        run: |target| {
            let directory = directory(target)?;
            let domain = domain(target)?;
            let account = account_of(target, &domain, &directory.username)?;
            let user = id_in(&account, "account.user.id")?;
            let password = target.fresh_name("password");
            // Whether such a user may be given a password is not what is judged.
            target.api("updateUser").param("id", user).param("password", &password).post().send()?;
            login(target, &domain, &directory.username, &password)?.expect_error(531)
        },
    },
    Check {
        id: "directory/native-ones-go-first",
        level: Must,
        profile: Core,
        needs: LINKS,
        requirement: "Of two authenticators that would accept, the one that the order names first decides.",
        source: "ConfigurationServerImpl.java:228-231, AccountManagerImpl.java:2878-2897",
        rules: &["API-AUTH-070"],
        run: |target| {
            // The directory would let a disabled user of a linked domain in again; the target's own word does not.
            let directory = directory(target)?;
            let domain = linked_domain(target)?;
            let user = local_user(target, &domain, &directory.username, &directory.password)?;
            done(target, "disableUser", &user)?;
            let reply = login(target, &domain, &directory.username, &directory.password)?;
            reply.expect_error(531)?;
            let text = reply.error_text().unwrap_or_default();
            let end = "is disabled/locked. Please contact the administrator.";
            if text.ends_with(end) {
                Ok(())
            } else {
                Err(reply.mismatch("errortext", format!("…{end}"), text))
            }
        },
    },
    Check {
        id: "directory/empty-password",
        level: Must,
        profile: Core,
        needs: PEOPLE,
        requirement: "A user from the directory is refused with an empty password.",
        source: "LdapAuthenticator.java:61-326, AccountManagerImpl.java:2799-2803",
        rules: &["API-AUTH-070"],
        run: |target| {
            let domain = person(target)?;
            login(target, &domain, &directory(target)?.username, "")?.expect_error(531)
        },
    },
    Check {
        id: "directory/refusals-count",
        level: Must,
        profile: Core,
        needs: &[
            Directory,
            Command("createDomain"),
            Command("ldapCreateAccount"),
            Command("deleteDomain"),
            Command("listUsers"),
            Setting("incorrect.login.attempts.allowed", "5"),
        ],
        requirement: "Wrong passwords of a user from the directory count toward the lock-out.",
        source: "LdapAuthenticator.java:61-326, AccountManagerImpl.java:2899-2940",
        rules: &["API-AUTH-070"],
        run: |target| {
            let directory = directory(target)?;
            let domain = person(target)?;
            for _ in 0..ALLOWED {
                login(target, &domain, &directory.username, WRONG)?.expect_error(531)?;
            }
            listed(target, &domain, &directory.username)?.expect_field("user.state", "disabled")
        },
    },
    Check {
        id: "directory/first-login-makes-the-user",
        level: Must,
        profile: Core,
        needs: LINKS,
        requirement: "The first login of somebody in a linked domain makes the user.",
        source: "LdapAuthenticator.java:61-326",
        rules: &["API-AUTH-070"],
        run: |target| {
            let directory = directory(target)?;
            let domain = linked_domain(target)?;
            login(target, &domain, &directory.username, &directory.password)?.expect_success()?;
            listed(target, &domain, &directory.username)?.expect_field("user.usersource", "ldap")
        },
    },
    Check {
        id: "directory/login-lets-in-again",
        level: Must,
        profile: Core,
        needs: LINKS,
        requirement: "A login of a disabled user from the directory enables the user of a linked domain.",
        source: "LdapAuthenticator.java:61-326",
        rules: &["API-AUTH-070"],
        run: |target| {
            let directory = directory(target)?;
            let domain = linked_domain(target)?;
            login(target, &domain, &directory.username, &directory.password)?.expect_success()?;
            let user = id_in(&listed(target, &domain, &directory.username)?, "user.id")?;
            done(target, "disableUser", &user)?;
            login(target, &domain, &directory.username, &directory.password)?.expect_success()
        },
    },
    Check {
        id: "directory/gone-is-disabled",
        level: Must,
        profile: Core,
        needs: &[
            Directory,
            Command("createDomain"),
            Command("deleteDomain"),
            Command("linkAccountToLdap"),
            Command("createUser"),
            Command("listUsers"),
        ],
        requirement: "A login by a user of a linked account who is not in the directory disables the user.",
        source: "LdapAuthenticator.java:61-326",
        rules: &["API-AUTH-070"],
        run: |target| {
            let domain = domain(target)?;
            let account = target.fresh_name("account");
            link_account(target, &domain, &account)?.expect_success()?;
            let name = target.fresh_name("gone");
            let user = target
                .api("createUser")
                .param("account", &account)
                .param("domainid", &domain)
                .param("username", &name)
                .param("password", target.fresh_name("password"))
                .param("firstname", "Long")
                .param("lastname", "Gone")
                .param("email", "nobody@example.org")
                .post()
                .send()?;
            user.expect_success()?;
            login(target, &domain, &name, WRONG)?.expect_error(531)?;
            listed(target, &domain, &name)?.expect_field("user.state", "disabled")
        },
    },
    Check {
        id: "directory/refusal-tells-nothing",
        level: Must,
        profile: Core,
        needs: PEOPLE,
        requirement: "The refusal of a user from the directory reads like that of any other user.",
        source: "DefaultLoginAPIAuthenticatorCmd.java:156-170",
        rules: &["API-AUTH-071"],
        run: |target| {
            let name = &directory(target)?.username;
            let domain = person(target)?;
            let reply = login(target, &domain, name, WRONG)?;
            reply.expect_error(531)?;
            reply.expect_absent("cserrorcode")?;
            let text = reply.error_text().unwrap_or_default();
            let start = format!("Failed to authenticate user {name} in domain ");
            if text.starts_with(&start) && text.ends_with("; please provide valid credentials") {
                return Ok(());
            }
            Err(reply.mismatch("errortext", format!("{start}…; please provide valid credentials"), text))
        },
    },
    Check {
        id: "directory/success-tells-nothing",
        level: Must,
        profile: Core,
        needs: LINKS,
        requirement: "The answer to a login has the same fields whoever proved the password.",
        source: "ApiServer.java:1148-1214",
        rules: &["API-AUTH-071"],
        run: |target| {
            let directory = directory(target)?;
            let domain = linked_domain(target)?;
            let (name, password) = (target.fresh_name("user"), target.fresh_name("password"));
            local_user(target, &domain, &name, &password)?;
            let fields = |reply: &Reply| -> Result<String, Stop> {
                let names: Vec<&str> =
                    reply.success()?.members().iter().map(|(name, _)| name.as_str()).collect();
                Ok(names.join(" "))
            };
            let local = login(target, &domain, &name, &password)?;
            let remote = login(target, &domain, &directory.username, &directory.password)?;
            remote.expect_equal("fields", fields(&local)?, fields(&remote)?)
        },
    },
    Check {
        id: "directory/names-of-servers",
        level: Should,
        profile: Core,
        needs: NAMED_SERVERS,
        requirement: "The commands for directory servers answer in ldapconfigurationresponse with object names of their own.",
        source: "LdapAddConfigurationCmd.java, LdapDeleteConfigurationCmd.java, LdapListConfigurationCmd.java",
        rules: &["API-AUTH-072"],
        run: |target| {
            let directory = directory(target)?;
            let domain = domain(target)?;
            let added = add_server(target, &domain, directory.port).send()?;
            added.expect_success()?;
            added.expect_envelope("ldapconfigurationresponse")?;
            let id = id_in(&added, "LdapAddConfiguration.id")?;
            added.expect_field("LdapAddConfiguration.hostname", &directory.hostname)?;
            added.expect_field("LdapAddConfiguration.port", directory.port)?;
            added.expect_field("LdapAddConfiguration.domainid", &domain)?;
            let listed = target.api("listLdapConfigurations").param("domainid", &domain).send()?;
            listed.expect_envelope("ldapconfigurationresponse")?;
            listed.expect_items("LdapConfiguration", 1)?;
            listed.expect_field("LdapConfiguration.id", &id)?;
            let deleted = target.api("deleteLdapConfiguration").param("id", &id).send()?;
            deleted.expect_success()?;
            deleted.expect_envelope("ldapconfigurationresponse")?;
            deleted.expect_field("LdapDeleteConfiguration.id", &id)
        },
    },
    Check {
        id: "directory/names-of-people",
        level: Should,
        profile: Core,
        needs: &[
            Directory,
            Command("createDomain"),
            Command("deleteDomain"),
            Command("listLdapUsers"),
            Command("searchLdap"),
            Command("importLdapUsers"),
        ],
        requirement: "The lists of people in the directory stand in ldapuserresponse as LdapUser.",
        source: "LdapListUsersCmd.java, LdapUserSearchCmd.java, LdapImportUsersCmd.java",
        rules: &["API-AUTH-072"],
        run: |target| {
            let name = &directory(target)?.username;
            let domain = domain(target)?;
            let listed = target.api("listLdapUsers").send()?;
            listed.expect_envelope("ldapuserresponse")?;
            expect_person(&listed, name)?;
            let found = target.api("searchLdap").param("query", name).send()?;
            found.expect_success()?;
            found.expect_envelope("ldapuserresponse")?;
            let imported = target
                .api("importLdapUsers")
                .param("domainid", &domain)
                .param("accounttype", 0)
                .post()
                .send()?;
            imported.expect_envelope("ldapuserresponse")?;
            expect_person(&imported, name)
        },
    },
    Check {
        id: "directory/names-of-accounts",
        level: Should,
        profile: Core,
        needs: PEOPLE,
        requirement: "An account for somebody in the directory is answered in createaccountresponse.",
        source: "LdapCreateAccountCmd.java",
        rules: &["API-AUTH-072"],
        run: |target| {
            let domain = domain(target)?;
            let reply = account_of(target, &domain, &directory(target)?.username)?;
            reply.expect_success()?;
            reply.expect_envelope("createaccountresponse")?;
            reply.expect_field("account.user.usersource", "ldap")
        },
    },
    Check {
        id: "directory/names-of-links",
        level: Should,
        profile: Core,
        needs: &[
            Directory,
            Command("createDomain"),
            Command("deleteDomain"),
            Command("linkDomainToLdap"),
            Command("linkAccountToLdap"),
        ],
        requirement: "A link to the directory is answered as LinkDomainToLdap or linkAccountToLdap.",
        source: "LinkDomainToLdapCmd.java, LinkAccountToLdapCmd.java",
        rules: &["API-AUTH-072"],
        run: |target| {
            let first = domain(target)?;
            let linked = link(target, &first)?;
            linked.expect_success()?;
            linked.expect_envelope("linkdomaintoldapresponse")?;
            linked.expect_field("LinkDomainToLdap.domainid", &first)?;
            linked.expect_field("LinkDomainToLdap.type", "OU")?;
            let second = domain(target)?;
            let account = target.fresh_name("account");
            let linked = link_account(target, &second, &account)?;
            linked.expect_success()?;
            linked.expect_envelope("linkaccounttoldapresponse")?;
            linked.expect_field("linkAccountToLdap.account", &account)
        },
    },
    Check {
        id: "directory/older-list-of-servers",
        level: Should,
        profile: Core,
        needs: &[Directory, RootAdmin, Command("ldapConfig")],
        requirement: "The deprecated ldapConfig lists servers as ldapconfig, every value a text.",
        source: "LDAPConfigCmd.java",
        rules: &["API-AUTH-072"],
        run: |target| {
            let reply = target.api("ldapConfig").param("listall", true).post().send()?;
            reply.expect_success()?;
            reply.expect_envelope("ldapconfigresponse")?;
            for field in ["hostname", "port", "ssl"] {
                reply.expect_kind(&format!("ldapconfig[0].{field}"), "string")?;
            }
            Ok(())
        },
    },
    Check {
        id: "directory/older-removal-of-servers",
        level: Should,
        profile: Full,
        needs: &[RootAdmin, Command("ldapRemove"), Command("listLdapConfigurations")],
        requirement: "The deprecated ldapRemove answers an object ldapremove.",
        source: "LDAPRemoveCmd.java",
        rules: &["API-AUTH-072"],
        run: |target| {
            // It removes every server: only where there is none does that change nothing.
            let servers = target.api("listLdapConfigurations").param("listall", true).send()?;
            if !servers.success()?.items("LdapConfiguration").is_empty() {
                return Err(Stop::Unsupported(Command("ldapRemove")));
            }
            let reply = target.api("ldapRemove").post().send()?;
            reply.expect_success()?;
            reply.expect_envelope("ldapremoveresponse")?;
            reply.expect_present("ldapremove").map(drop)
        },
    },
    Check {
        id: "directory/server-out-of-reach",
        level: Should,
        profile: Core,
        needs: SERVERS,
        requirement: "A directory server that cannot be reached is refused with 530 and the name of a Java class.",
        source: "LdapManagerImpl.java, LdapAddConfigurationCmd.java",
        rules: &["API-AUTH-072"],
        run: |target| {
            let domain = domain(target)?;
            let request = target.api("addLdapConfiguration").param("domainid", &domain);
            let reply = request.param("hostname", "127.0.0.1").param("port", CLOSED_PORT).post().send()?;
            reply.expect_error_text(530, &of_class("Unable to bind to the given LDAP server"))?;
            reply.expect_envelope("ldapconfigurationresponse")
        },
    },
    Check {
        id: "directory/server-twice",
        level: Should,
        profile: Core,
        needs: NAMED_SERVERS,
        requirement: "A directory server that is known is refused with 530 and the name of a Java class.",
        source: "LdapManagerImpl.java, LdapAddConfigurationCmd.java",
        rules: &["API-AUTH-072"],
        run: |target| {
            let port = directory(target)?.port;
            let domain = domain(target)?;
            add_server(target, &domain, port).send()?.expect_success()?;
            add_server(target, &domain, port)
                .send()?
                .expect_error_text(530, &of_class("Duplicate configuration"))
        },
    },
    Check {
        id: "directory/unknown-server",
        level: Should,
        profile: Core,
        needs: SERVERS,
        requirement: "The removal of a directory server that is not known is refused with 530 and the name of a Java class.",
        source: "LdapManagerImpl.java, LdapDeleteConfigurationCmd.java",
        rules: &["API-AUTH-072"],
        run: |target| {
            let name = format!("{}.invalid", target.fresh_name("server"));
            let request = target.api("deleteLdapConfiguration").param("hostname", &name);
            let reply = request.param("port", CLOSED_PORT).post().send()?;
            let text = of_class(&format!("Cannot find configuration with hostname {name}"));
            reply.expect_error_text(530, &text)
        },
    },
    Check {
        id: "directory/linked-twice",
        level: Should,
        profile: Core,
        needs: LINKS,
        requirement: "A second link of a domain is refused with 530 and a text that ends in a blank.",
        source: "LinkDomainToLdapCmd.java, LdapManagerImpl.java",
        rules: &["API-AUTH-072"],
        run: |target| {
            let domain = linked_domain(target)?;
            link(target, &domain)?.expect_error_text(530, "Entity already exists ")
        },
    },
    Check {
        id: "directory/known-people-are-marked",
        level: Should,
        profile: Core,
        needs: &[Directory, Command("listLdapUsers")],
        requirement: "The list of people in the directory tells for each the source of a user with that name.",
        source: "LdapListUsersCmd.java",
        rules: &["API-AUTH-072"],
        run: |target| {
            let reply = target.api("listLdapUsers").send()?;
            let people = reply.success()?.items("LdapUser").len();
            for index in 0..people.max(1) {
                reply.expect_kind(&format!("LdapUser[{index}].conflictingusersource"), "string")?;
            }
            Ok(())
        },
    },
    Check {
        id: "directory/accounts-need-a-type",
        level: Should,
        profile: Core,
        needs: PEOPLE,
        requirement: "An account for somebody in the directory without a type or a role is refused with 431.",
        source: "LdapCreateAccountCmd.java:136-191",
        rules: &["API-AUTH-073"],
        run: |target| {
            let domain = domain(target)?;
            let request = target.api("ldapCreateAccount").param("domainid", &domain);
            let reply = request.param("username", &directory(target)?.username).post().send()?;
            reply.expect_error_text(431, "Both account type and role ID are not provided")
        },
    },
    Check {
        id: "directory/unknown-person",
        level: Should,
        profile: Core,
        needs: PEOPLE,
        requirement: "An account for somebody who is not in the directory is refused with 534.",
        source: "LdapCreateAccountCmd.java:136-191",
        rules: &["API-AUTH-073"],
        run: |target| {
            let domain = domain(target)?;
            let name = target.fresh_name("nobody");
            let text = format!("No LDAP user exists with the username of {name}");
            account_of(target, &domain, &name)?.expect_error_text(534, &text)
        },
    },
    Check {
        id: "directory/no-mail-address",
        level: Should,
        profile: Core,
        needs: PEOPLE,
        requirement: "An account for somebody without a mail address in the directory is refused with 534.",
        source: "LdapCreateAccountCmd.java:136-191",
        rules: &["API-AUTH-073"],
        run: |target| {
            let name = named(&directory(target)?.without_email)?;
            let domain = domain(target)?;
            let text = format!("{name} has no email address set within LDAP");
            account_of(target, &domain, name)?.expect_error_text(534, &text)
        },
    },
    Check {
        id: "directory/no-first-name",
        level: Should,
        profile: Core,
        needs: PEOPLE,
        requirement: "An account for somebody without a first name in the directory is refused with 534.",
        source: "LdapCreateAccountCmd.java:136-191",
        rules: &["API-AUTH-073"],
        run: |target| {
            let name = named(&directory(target)?.without_firstname)?;
            let domain = domain(target)?;
            let text = format!("{name} has no firstname set within LDAP");
            account_of(target, &domain, name)?.expect_error_text(534, &text)
        },
    },
];

/// The directory that the target's owner named.
fn directory(target: &Target) -> Result<&target::Directory, Stop> {
    target.directory().ok_or(Stop::Unsupported(Directory))
}

/// Somebody whom the owner named for one check alone.
fn named(name: &str) -> Result<&str, Stop> {
    if name.is_empty() { Err(Stop::Unsupported(Directory)) } else { Ok(name) }
}

/// The text of a refusal as the directory's commands give it.
fn of_class(text: &str) -> String {
    format!("com.cloud.exception.InvalidParameterValueException: {text}")
}

/// A domain of the check's own.
fn domain(target: &Target) -> Result<String, Stop> {
    let reply = target.api("createDomain").param("name", target.fresh_name("domain")).send()?;
    id_in(&reply, "domain.id")
}

/// A domain of the check's own that is linked to the directory.
fn linked_domain(target: &Target) -> Result<String, Stop> {
    let domain = domain(target)?;
    link(target, &domain)?.expect_success()?;
    Ok(domain)
}

fn link(target: &Target, domain: &str) -> Result<Reply, Stop> {
    let request = target.api("linkDomainToLdap").param("domainid", domain).param("type", "OU");
    request.param("ldapdomain", &directory(target)?.unit).param("accounttype", 0).post().send()
}

/// Links an account, which is made if need be, to the group that the owner named.
fn link_account(target: &Target, domain: &str, account: &str) -> Result<Reply, Stop> {
    let request = target.api("linkAccountToLdap").param("domainid", domain).param("type", "GROUP");
    let group = named(&directory(target)?.group)?;
    request.param("ldapdomain", group).param("account", account).param("accounttype", 0).post().send()
}

/// A request that adds the directory for one domain alone.
fn add_server<'t>(target: &'t Target, domain: &str, port: u16) -> ApiRequest<'t> {
    let hostname = target.directory().map_or("", |directory| directory.hostname.as_str());
    let request = target.api("addLdapConfiguration").param("hostname", hostname);
    request.param("port", port).param("domainid", domain).post()
}

/// Asks for an account for somebody in the directory.
fn account_of(target: &Target, domain: &str, name: &str) -> Result<Reply, Stop> {
    let request = target.api("ldapCreateAccount").param("username", name).param("accounttype", 0);
    request.param("domainid", domain).post().send()
}

/// A domain of the check's own with the user whom the owner named in it.
fn person(target: &Target) -> Result<String, Stop> {
    let domain = domain(target)?;
    account_of(target, &domain, &directory(target)?.username)?.expect_success()?;
    Ok(domain)
}

/// A user whose password the target itself stores.
fn local_user(target: &Target, domain: &str, name: &str, password: &str) -> Result<String, Stop> {
    let reply = target
        .api("createAccount")
        .param("accounttype", 0)
        .param("domainid", domain)
        .param("username", name)
        .param("password", password)
        .param("firstname", "Local")
        .param("lastname", "User")
        .param("email", "nobody@example.org")
        .post()
        .send()?;
    id_in(&reply, "account.user.id")
}

fn login(target: &Target, domain: &str, name: &str, password: &str) -> Result<Reply, Stop> {
    let request = target.api("login").unsigned().param("domainid", domain);
    request.param("username", name).param("password", password).post().send()
}

/// The user with this name in a domain.
fn listed(target: &Target, domain: &str, name: &str) -> Result<Reply, Stop> {
    let request = target.api("listUsers").param("domainid", domain).param("listall", true);
    let reply = request.param("username", name).send()?;
    reply.expect_items("user", 1)?;
    Ok(reply)
}

/// The list has somebody with this name.
fn expect_person(reply: &Reply, name: &str) -> Result<(), Stop> {
    let people = reply.success()?.items("LdapUser");
    if people.iter().any(|person| person.text_at("username").as_deref() == Some(name)) {
        return Ok(());
    }
    Err(reply.mismatch("LdapUser", format!("somebody called {name}"), format!("{} others", people.len())))
}
