//! What we created on a target and have not removed yet, on disk.
//!
//! A line is written and synchronised *before* a create is sent, so a killed run leaves at most one resource whose
//! id we do not know; it is then found by the name that we gave it. Nothing else is ever removed: no prefix search,
//! no "looks like ours".

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
};

use serde::{Deserialize, Serialize};

use crate::catalog;

/// How something that a command created is removed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inverse {
    /// The command that removes it.
    pub command: String,
    /// The parameter of that command, and the field of a reply, that names the thing.
    pub by: &'static str,
    /// Further parameters of that command.
    pub params: Extra,
    /// The command that lists such things, to find one by name.
    pub list: Option<String>,
}

/// Parameters that a removal needs besides the name of the thing.
pub type Extra = &'static [(&'static str, &'static str)];

const EXPUNGE: Extra = &[("expunge", "true")];
const CLEANUP: Extra = &[("cleanup", "true")];

/// Creators whose counterpart cannot be told from the name: creating, removing, what names the thing, further
/// parameters, listing.
const UNLIKE: &[(&str, &str, &str, Extra, &str)] = &[
    // A domain of ours goes with all that is in it: a login may have made accounts there.
    ("createDomain", "deleteDomain", "id", CLEANUP, "listDomains"),
    ("ldapCreateAccount", "deleteAccount", "id", &[], "listAccounts"),
    ("associateIpAddress", "disassociateIpAddress", "id", &[], "listPublicIpAddresses"),
    ("createProject", "deleteProject", "id", &[("cleanup", "true")], "listProjects"),
    ("createSnapshotFromVMSnapshot", "deleteSnapshot", "id", &[], "listSnapshots"),
    ("createSnapshotPolicy", "deleteSnapshotPolicies", "id", &[], "listSnapshotPolicies"),
    ("createVMFromBackup", "destroyVirtualMachine", "id", EXPUNGE, "listVirtualMachines"),
    ("deployVirtualMachine", "destroyVirtualMachine", "id", EXPUNGE, "listVirtualMachines"),
    ("deployVnfAppliance", "destroyVirtualMachine", "id", EXPUNGE, "listVirtualMachines"),
    ("registerSSHKeyPair", "deleteSSHKeyPair", "name", &[], "listSSHKeyPairs"),
    ("createSSHKeyPair", "deleteSSHKeyPair", "name", &[], "listSSHKeyPairs"),
    ("uploadSslCert", "deleteSslCert", "id", &[], "listSslCerts"),
    ("uploadVolume", "deleteVolume", "id", &[], "listVolumes"),
];

/// Creators of things that go with what carries them, because their id alone does not remove them.
const CARRIED: &[&str] = &["createProjectRole", "createProjectRolePermission"];

/// How the creation of a command is undone; nothing for commands that create nothing of their own.
pub fn inverse(command: &str) -> Option<Inverse> {
    if let Some((_, remove, by, params, list)) = UNLIKE.iter().find(|(create, ..)| *create == command) {
        return Some(Inverse { command: (*remove).to_owned(), by, params, list: Some((*list).to_owned()) });
    }
    if CARRIED.contains(&command) {
        return None;
    }
    let noun = ["create", "register", "add"].iter().find_map(|verb| command.strip_prefix(verb))?;
    let remove = ["delete", "remove"].iter().map(|verb| format!("{verb}{noun}")).find(|name| {
        // What is removed by anything else than its id (tags, members of a project) goes with what carries it.
        catalog::find(name).is_some_and(|command| command.takes_id)
    })?;
    let stem = noun.strip_suffix('y').map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies"));
    let list = [format!("list{stem}"), format!("list{noun}es"), format!("list{noun}")]
        .into_iter()
        .find(|name| catalog::find(name).is_some());
    Some(Inverse { command: remove, by: "id", params: &[], list })
}

/// What a list must be told besides, the widest first: only administrators may see all templates.
pub fn filters(list: &str) -> &'static [Option<(&'static str, &'static str)>] {
    match list {
        "listTemplates" => &[Some(("templatefilter", "all")), Some(("templatefilter", "self"))],
        "listIsos" => &[Some(("isofilter", "all")), Some(("isofilter", "self"))],
        _ => &[None],
    }
}

/// One creation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the creation within its ledger.
    pub number: u64,
    /// The run that made it.
    pub run: String,
    /// The endpoint that it was sent to.
    pub endpoint: String,
    /// The check that made it.
    pub check: String,
    /// The creating command.
    pub command: String,
    /// The name that it was given, if its name is ours alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its id, once the target has told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// About to be sent.
    Creating(Entry),
    /// Sent, and this is its id.
    Created { number: u64, id: String },
    /// Refused, or removed again.
    Gone { number: u64 },
}

/// A ledger file, open for a run or a clean-up.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    next: u64,
}

impl Ledger {
    /// Opens or creates the file and reads what it says is still there.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<Entry>)> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        file.seek(io::SeekFrom::Start(0))?;
        let mut open: Vec<Entry> = Vec::new();
        let mut next = 0;
        let mut complete = true;
        for line in BufReader::new(&file).split(b'\n') {
            let line = line?;
            complete = line.is_empty();
            // A line that was cut off when the run was killed had not been acted upon.
            let Ok(line) = serde_json::from_slice::<Line>(&line) else { continue };
            complete = true;
            match line {
                Line::Creating(entry) => {
                    next = next.max(entry.number + 1);
                    open.push(entry);
                }
                Line::Created { number, id } => {
                    if let Some(entry) = open.iter_mut().find(|entry| entry.number == number) {
                        entry.id = Some(id);
                    }
                }
                Line::Gone { number } => open.retain(|entry| entry.number != number),
            }
        }
        if !complete {
            file.write_all(b"\n")?;
        }
        Ok((Self { path: path.to_owned(), inner: Mutex::new(Inner { file, next }) }, open))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes that something is about to be created. Returns only when the disk has it.
    pub fn creating(&self, mut entry: Entry) -> io::Result<Entry> {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        entry.number = inner.next;
        inner.next += 1;
        inner.write(&Line::Creating(entry.clone()))?;
        inner.file.sync_data()?;
        Ok(entry)
    }

    /// Notes the id of what was created.
    pub fn created(&self, number: u64, id: &str) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.write(&Line::Created { number, id: id.to_owned() })?;
        inner.file.sync_data()
    }

    /// Notes that it is not there (any more).
    pub fn gone(&self, number: u64) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.write(&Line::Gone { number })
    }

    /// Empties a ledger whose resources are all gone.
    pub fn clear(&self) -> io::Result<()> {
        let inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.file.set_len(0)
    }
}

impl Inner {
    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> Entry {
        Entry {
            number: 0,
            run: "r".to_owned(),
            endpoint: "http://h/client/api".to_owned(),
            check: "a/b".to_owned(),
            command: "createNetwork".to_owned(),
            name: Some(name.to_owned()),
            id: None,
        }
    }

    fn file(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("conformance-ledger-{}-{name}", std::process::id()));
        std::fs::remove_file(&path).ok();
        path
    }

    #[test]
    fn what_a_killed_run_left_is_read_back() {
        let path = file("killed");
        let (ledger, left) = Ledger::open(&path).unwrap();
        assert!(left.is_empty());
        let first = ledger.creating(entry("one")).unwrap();
        let second = ledger.creating(entry("two")).unwrap();
        ledger.creating(entry("three")).unwrap();
        ledger.created(first.number, "id-1").unwrap();
        ledger.created(second.number, "id-2").unwrap();
        ledger.gone(second.number).unwrap();
        drop(ledger);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"creating\":{\"num").unwrap();

        let (ledger, left) = Ledger::open(&path).unwrap();
        let left: Vec<_> = left.into_iter().map(|entry| (entry.name.unwrap(), entry.id)).collect();
        assert_eq!(left, [("one".to_owned(), Some("id-1".to_owned())), ("three".to_owned(), None)]);
        assert_eq!(ledger.creating(entry("four")).unwrap().number, 3);
        drop(ledger);
        assert_eq!(Ledger::open(&path).unwrap().1.len(), 3);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn every_named_counterpart_is_a_command() {
        for (create, remove, by, _, list) in UNLIKE {
            assert!([create, remove, list].iter().all(|name| catalog::find(name).is_some()), "{create}");
            assert!(*by == "name" || catalog::find(remove).unwrap().takes_id, "{remove}");
        }
    }

    #[test]
    fn creations_are_undone_by_their_counterpart() {
        let check = |create: &str, remove: &str, list: &str| {
            let inverse = inverse(create).unwrap();
            assert_eq!((inverse.command.as_str(), inverse.list.as_deref()), (remove, Some(list)));
        };
        check("registerSSHKeyPair", "deleteSSHKeyPair", "listSSHKeyPairs");
        check("createNetwork", "deleteNetwork", "listNetworks");
        check("deployVirtualMachine", "destroyVirtualMachine", "listVirtualMachines");
        check("registerTemplate", "deleteTemplate", "listTemplates");
        check("createSnapshotPolicy", "deleteSnapshotPolicies", "listSnapshotPolicies");
        check("createProject", "deleteProject", "listProjects");
        assert!(CARRIED.iter().all(|name| catalog::find(name).is_some() && inverse(name).is_none()));
        assert_eq!(inverse("createTags"), None);
        assert_eq!(inverse("listZones"), None);
        assert_eq!(inverse("stopVirtualMachine"), None);
    }
}
