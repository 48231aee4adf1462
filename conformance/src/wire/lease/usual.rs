//! The places where DHCP clients keep their leases, for whoever is inside of a guest and does not know its client.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{File, LeaseError};

/// A folder, and how the names of lease files in it begin and end.
struct Place {
    folder: &'static str,
    begins: &'static str,
    ends: &'static [&'static str],
}

/// Where cloud-init and CloudStack's own scripts look, each client with its distributions' folders (GC-002, GC-014).
const PLACES: &[Place] = &[
    Place { folder: "run/systemd/netif/leases", begins: "", ends: &[""] },
    Place { folder: "var/lib/dhcp", begins: "", ends: &[".leases", ".lease"] },
    Place { folder: "var/lib/dhclient", begins: "", ends: &[".leases", ".lease"] },
    Place { folder: "var/lib/dhcp3", begins: "", ends: &[".leases", ".lease"] },
    Place { folder: "var/lib/NetworkManager", begins: "", ends: &[".lease"] },
    Place { folder: "var/lib/dhcpcd", begins: "", ends: &[".lease"] },
    Place { folder: "run/wicked", begins: "leaseinfo.", ends: &[""] },
    Place { folder: "run", begins: "dhcp-server-ip.", ends: &[""] },
    Place { folder: "var/db", begins: "dhclient", ends: &[""] },
];

impl Place {
    fn holds(&self, name: &str) -> bool {
        name.starts_with(self.begins) && self.ends.iter().any(|end| name.ends_with(end))
    }
}

/// No lease file in any of the usual places leads to a router.
#[derive(Debug)]
pub struct Nowhere {
    /// The files that are there, newest first, and why each leads nowhere.
    pub found: Vec<LeaseError>,
}

impl fmt::Display for Nowhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.found.is_empty() {
            let folders: Vec<String> = PLACES.iter().map(|place| format!("/{}", place.folder)).collect();
            return write!(f, "there is none in {}", folders.join(", "));
        }
        let told: Vec<String> =
            self.found.iter().map(|one| format!("{} {}", one.path, one.problem)).collect();
        f.write_str(&told.join("; "))
    }
}

/// The newest lease file in the usual places below a root that leads to a router; of an interface, if one is named.
///
/// # Errors
///
/// None does: the error tells what each of them lacks.
pub fn search(root: &Path, interface: Option<&str>) -> Result<PathBuf, Nowhere> {
    let mut files: Vec<(SystemTime, PathBuf)> =
        PLACES.iter().flat_map(|place| files_of(root, place)).collect();
    files.sort();
    let mut found = Vec::new();
    for (_, path) in files.into_iter().rev() {
        let server =
            File::open(&path).and_then(|file| file.server(interface).map_err(|problem| problem.at(&path)));
        match server {
            Ok(_) => return Ok(path),
            Err(error) => found.push(error),
        }
    }
    Err(Nowhere { found })
}

/// The lease files in a place, and when each was written. A folder that is not there, or that nobody may look into, has
/// none.
fn files_of(root: &Path, place: &Place) -> Vec<(SystemTime, PathBuf)> {
    let Ok(entries) = fs::read_dir(root.join(place.folder)) else { return Vec::new() };
    let files = entries.flatten().filter(|entry| place.holds(&entry.file_name().to_string_lossy()));
    files
        .filter_map(|entry| {
            let about = fs::metadata(entry.path()).ok().filter(fs::Metadata::is_file)?;
            Some((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), entry.path()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A root of its own with these files, the first of which is the oldest.
    fn root(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = std::env::temp_dir().join(format!("conformance-leases-{}-{name}", std::process::id()));
        for (age, (path, text)) in files.iter().enumerate() {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000 + age as u64);
            fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
        }
        root
    }

    fn dhclient(interface: &str, server: &str) -> String {
        format!(
            "lease {{\n  interface \"{interface}\";\n  fixed-address 10.1.1.7;\n  option dhcp-server-identifier {server};\n}}\n"
        )
    }

    #[test]
    fn the_newest_file_that_leads_somewhere_counts() {
        let [old, new] = ["10.1.1.1", "10.1.2.1"].map(|server| dhclient("eth0", server));
        let root = root(
            "newest",
            &[
                ("var/lib/dhcp/dhclient.eth0.leases", &old),
                ("var/lib/dhclient/dhclient--eth0.lease", &new),
                // Newer still, and no use: empty, of no client, a folder.
                ("var/lib/NetworkManager/internal-1-eth0.lease", ""),
                ("var/lib/dhcp/notes.txt", &old),
                ("run/wicked/leaseinfo.eth0.leases/x", &old),
            ],
        );
        assert_eq!(search(&root, None).unwrap(), root.join("var/lib/dhclient/dhclient--eth0.lease"));
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_named_interface_decides() {
        let [one, two] = ["eth0", "eth1"].map(|interface| dhclient(interface, "10.1.1.1"));
        let root = root("interface", &[("var/lib/dhcp/a.leases", &one), ("var/lib/dhcp/b.leases", &two)]);
        assert_eq!(search(&root, Some("eth0")).unwrap(), root.join("var/lib/dhcp/a.leases"));
        let nowhere = search(&root, Some("eth7")).unwrap_err().to_string();
        assert!(nowhere.contains("b.leases has no lease of the interface eth7, but of eth1"), "{nowhere}");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_leads_nowhere_is_told() {
        let root = root("nowhere", &[("run/systemd/netif/leases/2", "# private\nADDRESS=10.1.1.7\n")]);
        let nowhere = search(&root, None).unwrap_err().to_string();
        assert!(nowhere.ends_with("netif/leases/2 names no DHCP server"), "{nowhere}");
        fs::remove_dir_all(&root).unwrap();
        let nowhere = search(&root, None).unwrap_err().to_string();
        assert!(
            nowhere.starts_with("there is none in /run/systemd/netif/leases, /var/lib/dhcp, "),
            "{nowhere}"
        );
    }
}
