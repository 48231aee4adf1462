//! Clouds with a directory beside them: who is let in, where accounts are linked to groups, and what happens to those
//! who are gone. The suite cannot show this, because nobody may take people out of somebody's directory.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use cloudstack_simulator::Cloud;
use cloudstack_simulator::directory::{Directory, GOLDEN, entries};
use cloudstack_simulator::world::account::Standing;

use crate::cloud::{address, call};

const STAFF: &str = "cn=staff,ou=groups,dc=golden,dc=test";

fn start() -> (Directory, Cloud) {
    let directory = Directory::start(entries(GOLDEN).expect("well formed")).expect("a free port");
    let cloud = Cloud::builder()
        .directory("127.0.0.1", directory.port())
        .setting("ldap.basedn", "dc=golden,dc=test")
        .setting("ldap.bind.principal", "cn=root,dc=golden,dc=test")
        .setting("ldap.bind.password", "rootpw")
        // Enough for a machine that is busy with other tests.
        .setting("ldap.read.timeout", "30000")
        .start_blocking()
        .expect("free ports");
    (directory, cloud)
}

/// Makes a domain below ROOT and answers its identifier.
fn domain(cloud: &Cloud, name: &str) -> String {
    call(cloud, &[("command", "createDomain"), ("name", name)]);
    let world = cloud.snapshot();
    let id = world.domain_by_path(name).expect("it was made");
    world.domains.get(id).expect("it was made").uuid.to_string()
}

/// Logs in and answers the status line.
fn login(cloud: &Cloud, domain: &str, username: &str, password: &str) -> String {
    let host = address(&cloud.ready().api);
    let form = format!("command=login&domain={domain}&username={username}&password={password}");
    let mut stream = TcpStream::connect(host).expect("the cloud listens");
    write!(
        stream,
        "POST /client/api HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .expect("a request can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in UTF-8");
    answer.lines().next().unwrap_or_default().to_owned()
}

/// Account and standing of a user.
fn user(cloud: &Cloud, domain: &str, username: &str) -> Option<(String, Standing)> {
    let world = cloud.snapshot();
    let user = world.users.get(world.user_by_name(username, world.domain_by_path(domain)?)?)?;
    let account = world.accounts.get(user.account)?.name.clone();
    Some((account, user.standing))
}

#[test]
fn a_group_leads_to_its_account() {
    let (directory, cloud) = start();
    let id = domain(&cloud, "staff");
    let linked = [
        ("command", "linkAccountToLdap"),
        ("domainid", &id),
        ("type", "GROUP"),
        ("ldapdomain", STAFF),
        ("account", "crew-account"),
        ("accounttype", "0"),
    ];
    let (status, body) = call(&cloud, &linked);
    assert!(status.contains("200"), "{body}");
    assert!(login(&cloud, "staff", "alice", "alicepw").contains("200"));
    assert_eq!(user(&cloud, "staff", "alice"), Some(("crew-account".to_owned(), Standing::Enabled)));
    // Bob is in another group.
    assert!(login(&cloud, "staff", "bob", "bobpw").contains("531"));
    assert_eq!(user(&cloud, "staff", "bob"), None);
    assert!(directory.remove("uid=alice,ou=people,dc=golden,dc=test"));
    assert!(login(&cloud, "staff", "alice", "alicepw").contains("531"));
    assert_eq!(user(&cloud, "staff", "alice"), Some(("crew-account".to_owned(), Standing::Disabled)));
}

#[test]
fn a_user_cannot_log_in_while_the_directory_is_away() {
    let (directory, cloud) = start();
    let id = domain(&cloud, "away");
    let account =
        [("command", "ldapCreateAccount"), ("username", "bob"), ("accounttype", "0"), ("domainid", &id)];
    assert!(call(&cloud, &account).0.contains("200"));
    assert!(login(&cloud, "away", "bob", "bobpw").contains("200"));
    drop(directory);
    assert!(login(&cloud, "away", "bob", "bobpw").contains("531"));
    // Whoever is not from the directory does not notice.
    let admin = &cloud.ready().credentials[0];
    assert!(login(&cloud, "/", &admin.username, &admin.password).contains("200"));
}

#[test]
fn imported_groups_make_a_domain() {
    let (_directory, cloud) = start();
    let import = [("command", "importLdapUsers"), ("group", "crew"), ("accounttype", "0")];
    let (_, body) = call(&cloud, &import);
    assert!(body.contains("\"username\":\"bob\"") && body.contains("\"count\":1"), "{body}");
    assert!(cloud.snapshot().domain_by_path("crew").is_some());
    assert!(login(&cloud, "crew", "bob", "bobpw").contains("200"));
}
