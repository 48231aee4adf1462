//! Accounts, domains and projects: their states, and what holds them.

use super::{
    prelude::*,
    setup::{self, act, done, id_in},
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "accounts/states-are-lower-case",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listAccounts"), Command("listUsers")],
        requirement: "The states of accounts and users are written in lower case.",
        source: "Account.java:32-44",
        rules: &["ACC-001"],
        run: |target| {
            for (command, name) in [("listAccounts", "account"), ("listUsers", "user")] {
                let list = target.api(command).send()?;
                for item in list.success()?.items(name) {
                    let word = item.text_at("state").unwrap_or_default();
                    if !["enabled", "disabled", "locked", "removed"].contains(&word.as_str()) {
                        return Err(list.mismatch(format!("{name}.state"), "a lower-case state", word));
                    }
                }
            }
            Ok(())
        },
    },
    Check {
        id: "accounts/locked-by-disabling",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createAccount"), Command("disableAccount"), Command("lockAccount")],
        requirement: "`lockAccount` is refused with 530, and `disableAccount` with `lock` makes an account `locked`.",
        source: "LockAccountCmd.java, Account.java:32-44",
        rules: &["ACC-001"],
        run: |target| {
            let member = setup::member(target)?;
            let named = |command: &str| {
                let request = target.api(command).param("account", &member.name);
                request.param("domainid", &member.domain_id)
            };
            named("lockAccount").send()?.expect_error_text(
                530,
                "LockAccount does not lock accounts. Its implementation is disabled. Use DisableAccount instead",
            )?;
            named("disableAccount").param("lock", true).send()?.finish_job()?.expect_success()?;
            let list = target.api("listAccounts").param("id", &member.account).send()?;
            list.expect_field("account.state", "locked")
        },
    },
    Check {
        id: "accounts/keys-are-replaced",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createAccount"), Command("registerUserKeys"), Command("getUserKeys")],
        requirement: "New keys of a user are told in `userkeys` and take the place of the old ones.",
        source: "RegisterUserKeysCmd.java, cloudstackTestClient.py:141-176",
        rules: &["GRA-012"],
        run: |target| {
            let member = setup::member(target)?;
            let renew = || target.api("registerUserKeys").param("id", &member.user).send();
            let pair = |reply: &Reply| -> Result<(String, String), Stop> {
                Ok((id_in(reply, "userkeys.apikey")?, id_in(reply, "userkeys.secretkey")?))
            };
            let (first, second) = (renew()?, renew()?);
            let (old, new) = (pair(&first)?, pair(&second)?);
            second.expect_equal("whether the key is a new one", true, old.0 != new.0)?;
            second.expect_equal("whether the secret is a new one", true, old.1 != new.1)?;
            let told = target.api("getUserKeys").param("id", &member.user).send()?;
            told.expect_field("userkeys.apikey", &new.0)?;
            told.expect_field("userkeys.secretkey", &new.1)?;
            target.api("listZones").key(&new.0).secret(&new.1).send()?.expect_success()?;
            target.api("listZones").key(&old.0).secret(&old.1).send()?.expect_error(401)
        },
    },
    Check {
        id: "accounts/deleted-again",
        level: Should,
        profile: Core,
        needs: &[RootAdmin, Command("createAccount"), Command("deleteAccount")],
        requirement: "Deleting an account that was deleted succeeds.",
        source: "AccountManagerImpl.java, seen on a running server",
        rules: &["REA-004"],
        run: |target| {
            let member = setup::member(target)?;
            done(target, "deleteAccount", &member.account)?;
            act(target, "deleteAccount", &member.account)?.expect_success()
        },
    },
    Check {
        id: "accounts/used-domain-stays",
        level: Should,
        profile: Core,
        needs: &[RootAdmin, Command("createDomain"), Command("createAccount"), Command("deleteDomain")],
        requirement: "Deleting a domain that has an account, without `cleanup`, fails in the job with 530.",
        source: "DomainManagerImpl.java, seen on a running server",
        rules: &["REA-008"],
        run: |target| {
            let member = setup::member(target)?;
            act(target, "deleteDomain", &member.domain_id)?.expect_failure(530)?;
            let list = target.api("listDomains").param("id", &member.domain_id).send()?;
            list.expect_items("domain", 1)
        },
    },
    Check {
        id: "accounts/used-project-stays",
        level: Should,
        profile: Core,
        needs: &[Command("createProject"), Command("deleteProject"), Command("createNetwork"), Since("4.16")],
        requirement: "Deleting a project that has a network, without `cleanup`, fails in the job with 530.",
        source: "ProjectManagerImpl.java, seen on a running server",
        rules: &["REA-008"],
        run: |target| {
            let project = setup::project(target, None)?;
            setup::us(target).network_of(Some(&project))?;
            act(target, "deleteProject", &project)?.expect_failure(530)
        },
    },
];
