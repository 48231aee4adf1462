//! What every server has from its first start and nobody can take away: ROOT, its administrator, offerings, roles.
//!
//! What an administrator may remove again (offerings of machines and disks, templates) is not looked for.

use super::prelude::*;

/// The names of network offerings (NetworkOffering.java:55-83).
const NETWORK_OFFERINGS: &[&str] = &[
    "DefaultSharedNetworkOfferingWithSGService",
    "DefaultSharedNetworkOffering",
    "DefaultIsolatedNetworkOfferingWithSourceNatService",
    "DefaultIsolatedNetworkOffering",
    "DefaultSharedNetscalerEIPandELBNetworkOffering",
    "DefaultIsolatedNetworkOfferingForVpcNetworks",
    "DefaultIsolatedNetworkOfferingForVpcNetworksNoLB",
    "DefaultIsolatedNetworkOfferingForVpcNetworksWithInternalLB",
    "QuickCloudNoServices",
    "DefaultL2NetworkOffering",
    "DefaultL2NetworkOfferingVlan",
    "DefaultL2NetworkOfferingConfigDrive",
    "DefaultL2NetworkOfferingConfigDriveVlan",
];

/// The names of VPC offerings (VpcOffering.java:30-32). The third, with a Netscaler, is no default one and may be
/// removed.
const VPC_OFFERINGS: &[&str] = &["Default VPC offering", "Redundant VPC offering"];

/// The names of roles with their types.
const ROLES: &[(&str, &str)] = &[
    ("Root Admin", "Admin"),
    ("Resource Admin", "ResourceAdmin"),
    ("Domain Admin", "DomainAdmin"),
    ("User", "User"),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "defaults/administrator-in-root",
        level: Must,
        profile: ReadOnly,
        needs: &[RootAdmin, Command("listDomains"), Command("listAccounts"), Command("listUsers")],
        requirement: "The domain `ROOT` has a default account `admin` of type 1 with a user `admin`.",
        source: "developer/developer-prefill.sql",
        rules: &["GRA-001"],
        run: |target| {
            let domains = target.api("listDomains").param("listall", true).param("name", "ROOT").send()?;
            domains.expect_success()?;
            domains.expect_field("domain.level", 0)?;
            domains.expect_field("domain.path", "ROOT")?;
            let root = domains.expect_present("domain.id")?.text().unwrap_or_default();
            let named = |command: &str, name: &str| {
                target.api(command).param("domainid", &root).param(name, "admin").param("listall", true)
            };
            let accounts = named("listAccounts", "name").send()?;
            let accounts_of_root: Vec<&Node> = accounts
                .success()?
                .items("account")
                .into_iter()
                .filter(|account| account.text_at("domainid").as_deref() == Some(&root))
                .collect();
            let [admin] = accounts_of_root[..] else {
                return Err(accounts.mismatch(
                    "account",
                    "one account admin of ROOT",
                    accounts_of_root.len(),
                ));
            };
            let kind = admin.text_at("accounttype").unwrap_or_default();
            accounts.expect_equal("accounttype", "1", kind)?;
            let is_default = admin.text_at("isdefault").unwrap_or_default();
            accounts.expect_equal("isdefault", "true", is_default)?;
            named("listUsers", "username").send()?.expect_field("user.account", "admin")
        },
    },
    Check {
        id: "defaults/network-offerings",
        level: Must,
        profile: ReadOnly,
        needs: &[RootAdmin, Command("listNetworkOfferings"), Since("4.16")],
        requirement: "The network offerings that every server has are listed under their names.",
        source: "NetworkOffering.java:55-83, ConfigurationServerImpl.java:967-1240",
        rules: &["GRA-004"],
        run: |target| {
            for name in NETWORK_OFFERINGS {
                let list = target.api("listNetworkOfferings").param("name", name).send()?;
                expect_named(&list, "networkoffering", name)?;
            }
            Ok(())
        },
    },
    Check {
        id: "defaults/vpc-offerings",
        level: Should,
        profile: ReadOnly,
        needs: &[RootAdmin, Command("listVPCOfferings")],
        requirement: "The default VPC offerings of every server are listed under their names.",
        source: "VpcOffering.java:30-32",
        rules: &["GRA-005"],
        run: |target| {
            for name in VPC_OFFERINGS {
                let list = target.api("listVPCOfferings").param("name", name).send()?;
                expect_named(&list, "vpcoffering", name)?;
            }
            Ok(())
        },
    },
    Check {
        id: "defaults/roles",
        level: Should,
        profile: ReadOnly,
        needs: &[RootAdmin, Command("listRoles")],
        requirement: "The four roles that every server has are listed as default ones with their types.",
        source: "RoleType.java, schema files for the roles",
        rules: &["GRA-007"],
        run: |target| {
            for (name, kind) in ROLES {
                let list = target.api("listRoles").param("name", name).send()?;
                let roles = list.success()?.items("role");
                let found = roles.iter().find(|role| role.text_at("name").as_deref() == Some(name));
                let role = found.ok_or_else(|| list.mismatch("role", format!("a role {name}"), "absent"))?;
                list.expect_equal("type", *kind, role.text_at("type").unwrap_or_default())?;
                list.expect_equal("isdefault", "true", role.text_at("isdefault").unwrap_or_default())?;
            }
            Ok(())
        },
    },
];

/// A default element of a list has this name.
fn expect_named(list: &Reply, kind: &str, name: &str) -> Result<(), Stop> {
    let is_it = |item: &&Node| {
        item.text_at("name").as_deref() == Some(name) && item.text_at("isdefault").as_deref() == Some("true")
    };
    match list.success()?.items(kind).iter().find(|item| is_it(item)) {
        Some(_) => Ok(()),
        None => Err(list.mismatch(kind, format!("a default one called {name:?}"), "absent")),
    }
}
