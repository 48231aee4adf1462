//! Puts a question to a directory server.
//!
//! By `ldap://` alone: the real server takes `ldaps://` only where a trust store is configured, and what a client of the
//! API sees is the same.

use std::time::Duration;

use ldap3::{LdapConnAsync, LdapConnSettings, Scope, SearchEntry};

use crate::world::errand::{Entry, Finding, Question};

/// Asks, and gives up after the time.
pub(crate) async fn ask(question: Question, deadline: Duration) -> Finding {
    // In a task of its own: the client library panics where an entry is no LDAP at all, and then nobody has answered.
    let mut task = tokio::spawn(async move { exchange(&question).await });
    match tokio::time::timeout(deadline, &mut task).await {
        Ok(Ok(Ok(finding))) => finding,
        Ok(Ok(Err(_)) | Err(_)) => Finding::Unreachable,
        Err(_) => {
            task.abort();
            Finding::Unreachable
        }
    }
}

async fn exchange(question: &Question) -> Result<Finding, ldap3::LdapError> {
    let mut connected = None;
    let mut failure = None;
    for (host, port) in &question.servers {
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        match LdapConnAsync::with_settings(LdapConnSettings::new(), &format!("ldap://{host}:{port}")).await {
            Ok(connection) => {
                connected = Some(connection);
                break;
            }
            Err(error) => failure = Some(error),
        }
    }
    let (connection, mut directory) = match (connected, failure) {
        (Some(connected), _) => connected,
        (None, Some(error)) => return Err(error),
        (None, None) => return Ok(Finding::Unreachable),
    };
    // It ends with the connection; what went wrong there is told to whoever waits for an answer.
    let driver = tokio::spawn(connection.drive());
    let finding = converse(&mut directory, question).await;
    // The answer is known; a server that is gone by now needs no farewell.
    let _ = directory.unbind().await;
    driver.abort();
    finding
}

async fn converse(directory: &mut ldap3::Ldap, question: &Question) -> Result<Finding, ldap3::LdapError> {
    if directory.simple_bind(&question.name, &question.password).await?.rc != 0 {
        return Ok(Finding::Refused);
    }
    let Some(search) = &question.search else { return Ok(Finding::Entries(Vec::new())) };
    let result =
        directory.search(&search.base, Scope::Subtree, &search.filter, search.attributes.clone()).await?;
    if result.1.rc != 0 {
        return Ok(Finding::Refused);
    }
    let entries = result.0.into_iter().filter(|entry| !entry.is_ref() && !entry.is_intermediate());
    Ok(Finding::Entries(entries.map(|entry| read(SearchEntry::construct(entry))).collect()))
}

fn read(entry: SearchEntry) -> Entry {
    let mut attributes: Vec<(String, Vec<String>)> = entry.attrs.into_iter().collect();
    // The library keeps them in a map whose order differs from run to run.
    attributes.sort();
    Entry { name: entry.dn, attributes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Directory, GOLDEN, entries};
    use crate::world::errand::Search;

    fn asked(question: Question) -> Finding {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(ask(question, Duration::from_secs(5)))
    }

    fn question(port: u16, name: &str, password: &str, filter: Option<&str>) -> Question {
        Question {
            servers: vec![("127.0.0.1".to_owned(), port)],
            name: name.to_owned(),
            password: password.to_owned(),
            search: filter.map(|filter| Search {
                base: "dc=golden,dc=test".to_owned(),
                filter: filter.to_owned(),
                attributes: vec!["uid".to_owned(), "memberof".to_owned()],
            }),
        }
    }

    #[test]
    fn a_directory_binds_and_finds() {
        let directory = Directory::start(entries(GOLDEN).expect("well formed")).expect("a free port");
        let root = "cn=root,dc=golden,dc=test";
        let ask = |name, password, filter| asked(question(directory.port(), name, password, filter));
        assert_eq!(ask(root, "rootpw", None), Finding::Entries(Vec::new()));
        for (name, password) in [(root, "wrong"), (root, ""), ("cn=nobody,dc=golden,dc=test", "rootpw")] {
            assert_eq!(ask(name, password, None), Finding::Refused, "{name} {password}");
        }
        let Finding::Entries(found) = ask(root, "rootpw", Some("(&(objectClass=inetOrgPerson)(uid=B*))"))
        else {
            panic!("the principal may search");
        };
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "uid=bob,ou=people,dc=golden,dc=test");
        assert_eq!(found[0].value("UID"), Some("bob"));
        assert_eq!(found[0].value("memberOf"), Some("cn=crew,ou=groups,dc=golden,dc=test"));
        assert_eq!(found[0].value("userPassword"), None);
        assert_eq!(ask(root, "rootpw", Some("(uid=")), Finding::Unreachable, "this is no filter");
    }

    #[test]
    fn nobody_answers_where_nobody_listens() {
        // Bound but not listening: the port cannot be taken by anybody else meanwhile.
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = taken.local_addr().expect("it is bound").port();
        let silent = question(port, "cn=root", "rootpw", None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        // It accepts and never says a word.
        let finding = runtime.block_on(ask(silent.clone(), Duration::from_millis(50)));
        assert_eq!(finding, Finding::Unreachable);
        drop(taken);
        assert_eq!(asked(silent), Finding::Unreachable);
    }
}
