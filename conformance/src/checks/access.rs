//! Roles, projects and whose things are whose: what a known caller may do.
//!
//! Who is known at all is in [`signing`](super::signing) and [`login`](super::login), what lists show whom in
//! [`listing`](super::listing).

use super::{prelude::*, setup};

/// What a caller reads who is not allowed to touch something.
const NO_REACH: u16 = 531;

/// An identifier that nothing has.
const NOTHING: &str = "6e6f7468-696e-4720-8973-206e616d6564";

/// Commands that run before anybody is known, and before roles are asked.
const FOR_STRANGERS: &[&str] = &[
    "forgotPassword",
    "getSPMetadata",
    "listAndSwitchSamlAccount",
    "listIdps",
    "listOauthProvider",
    "login",
    "logout",
    "oauthlogin",
    "resetPassword",
    "samlSlo",
    "samlSso",
    "validateUserTwoFactorAuthenticationCode",
    "verifyOAuthCodeAndGetUser",
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "access/forbidden-command",
        level: Must,
        profile: Core,
        needs: &[SecondUser, Setting("dynamic.apichecker.enabled", "true")],
        requirement: "A command that the caller's role lacks is refused with 432 in errorresponse and a text that \
                      names it.",
        source: "DynamicRoleBasedAPIAccessChecker.java:138-160, ApiServer.java:1123-1125",
        rules: &["API-ACL-003", "JOB-014"],
        run: |target| {
            let reply = setup::ordinary_user(target)?.api("listHosts").send()?;
            expect_lacking(&reply, "listHosts")
        },
    },
    Check {
        id: "access/every-command-is-guarded",
        level: Must,
        profile: Core,
        needs: &[SecondUser, RootAdmin, Setting("dynamic.apichecker.enabled", "true")],
        requirement: "Whatever command the caller's role lacks is refused with 432.",
        source: "ApiServer.java:1383-1404",
        rules: &["API-ACL-001", "JOB-014"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            let listed = user.api("listApis").send()?;
            let allowed: Vec<String> =
                listed.success()?.items("api").iter().filter_map(|api| api.text_at("name")).collect();
            let all = target.api("listApis").send()?;
            // One that is refused nowhere must not do anything: it lists, or lacks what it cannot do without.
            let harmless = |api: &&&Node| {
                let name = api.text_at("name").unwrap_or_default();
                let needs_something =
                    api.items("params").iter().any(|one| one.text_at("required").as_deref() == Some("true"));
                name.starts_with("list") || needs_something
            };
            let apis = all.success()?.items("api");
            let names = apis.iter().filter(harmless).filter_map(|api| api.text_at("name"));
            let forbidden: Vec<String> = names
                .filter(|name| !allowed.contains(name) && !FOR_STRANGERS.contains(&name.as_str()))
                .collect();
            let step = forbidden.len().div_ceil(40).max(1);
            for name in forbidden.iter().step_by(step) {
                user.api(name).send()?.expect_error(432)?;
            }
            Ok(())
        },
    },
    Check {
        id: "access/unknown-command-of-a-user",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Setting("dynamic.apichecker.enabled", "true")],
        requirement: "An unknown command in the session of an ordinary user is refused like one that the role lacks.",
        source: "DynamicRoleBasedAPIAccessChecker.java:155-159, ApiServer.java:671-674",
        rules: &["API-ERR-020", "API-ACL-003"],
        run: |target| {
            let user = setup::newcomer(target, None, ("accounttype", "0"))?;
            let login = target
                .api("login")
                .unsigned()
                .param("username", &user.name)
                .param("password", &user.password)
                .param("domainId", &user.domain)
                .post();
            let session = login.send()?.session()?;
            let reply = target.api("fooBarBaz").session(&session).send()?;
            expect_lacking(&reply, "fooBarBaz")
        },
    },
    Check {
        id: "access/first-rule-decides",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createRolePermission")],
        requirement: "Of the rules of a role that speak of a command the first decides.",
        source: "DynamicRoleBasedAPIAccessChecker.java:87-104,138-160",
        rules: &["API-ACL-002"],
        run: |target| {
            let rules = [("listZon*", "deny"), ("list*", "allow"), ("*", "deny")];
            let user = setup::user_with_rules(target, &rules)?;
            user.caller.api("listZones").send()?.expect_error(432)?;
            user.caller.api("listAccounts").send()?.expect_success()?;
            user.caller.api("getUser").param("userapikey", "x").send()?.expect_error(432)
        },
    },
    Check {
        id: "access/no-rule",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createRolePermission")],
        requirement: "A command that no rule of a role speaks of is open to the types of roles that the server gives \
                      it to, and to no others.",
        source: "DynamicRoleBasedAPIAccessChecker.java:87-104,138-160",
        rules: &["API-ACL-002"],
        run: |target| {
            let user = setup::user_with_rules(target, &[("listZones", "deny")])?;
            let known = user.caller.api("listApis").param("name", "listApis").send()?;
            known.expect_success()?;
            user.caller.api("listHosts").send()?.expect_error(432)
        },
    },
    Check {
        id: "access/rules-are-patterns",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createRolePermission")],
        requirement: "A rule is compared with the whole name of a command whatever its case, an asterisk in it \
                      standing for anything.",
        source: "Rule.java:28-53",
        rules: &["API-ACL-005"],
        run: |target| {
            let rules = [("LISTz*s", "allow"), ("istUser", "allow"), ("*", "deny")];
            let user = setup::user_with_rules(target, &rules)?;
            user.caller.api("listZones").send()?.expect_success()?;
            user.caller.api("listUsers").send()?.expect_error(432)
        },
    },
    Check {
        id: "access/bad-rule",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createRolePermission")],
        requirement: "A rule with other characters than letters, digits and asterisks is refused with 431.",
        source: "Rule.java:28-53",
        rules: &["API-ACL-005"],
        run: |target| {
            let role = setup::role(target, "User", &[])?;
            for rule in ["list-x?", "list Zones", "list.*", "listZones,"] {
                let request = target.api("createRolePermission").param("roleid", &role).param("rule", rule);
                let text = format!("Only API names and wildcards are allowed, invalid rule provided: {rule}");
                request.param("permission", "allow").send()?.expect_error_text(431, &text)?;
            }
            Ok(())
        },
    },
    Check {
        id: "access/account-types-of-roles",
        level: Should,
        profile: Core,
        needs: &[RootAdmin, Command("createRole")],
        requirement: "An account has the account type that goes with the type of its role.",
        source: "RoleType.java:33-38",
        rules: &["API-ACL-006"],
        run: |target| {
            for (role_type, account_type) in [("User", 0), ("DomainAdmin", 2), ("ResourceAdmin", 3)] {
                let role = setup::role(target, role_type, &[])?;
                let made = setup::newcomer(target, None, ("roleid", &role))?.answer;
                made.expect_field("account.roletype", role_type)?;
                made.expect_field("account.accounttype", account_type)?;
            }
            Ok(())
        },
    },
    Check {
        id: "access/fields-of-roles",
        level: Should,
        profile: Core,
        needs: &[RootAdmin, Command("createRolePermission")],
        requirement: "Roles are listed with type, state and flags, their rules in order with permissions in lower case.",
        source: "RoleResponse, BaseRoleResponse, RolePermissionResponse, BaseRolePermissionResponse.java:55-59",
        rules: &["API-ACL-007"],
        run: |target| {
            let rules = [("listZon*", "deny"), ("list*", "allow")];
            let role = setup::role(target, "User", &rules)?;
            let listed = target.api("listRoles").param("id", &role).send()?;
            for (field, value) in [("type", "User"), ("isdefault", "false"), ("state", "enabled")] {
                listed.expect_field(&format!("role.{field}"), value)?;
            }
            listed.expect_kind("role.ispublic", "boolean")?;
            listed.expect_kind("role.name", "string")?;
            let listed = target.api("listRolePermissions").param("roleid", &role).send()?;
            listed.expect_items("rolepermission", rules.len())?;
            for (shown, (rule, permission)) in listed.body().items("rolepermission").into_iter().zip(rules) {
                let text = |name: &str| shown.text_at(name).unwrap_or_default();
                listed.expect_equal("rule", rule, text("rule").as_str())?;
                listed.expect_equal("permission", permission, text("permission").as_str())?;
                listed.expect_equal("roleid", role.as_str(), text("roleid").as_str())?;
                listed.expect_equal("rolename", false, text("rolename").is_empty())?;
            }
            Ok(())
        },
    },
    Check {
        id: "access/refusals-of-role-commands",
        level: Should,
        profile: Core,
        needs: &[RootAdmin, Command("createRolePermission"), Since("4.15.1")],
        requirement: "Role commands with missing or contradicting parameters are refused with 431 and texts of their \
                      own.",
        source: "CreateRoleCmd, CreateRolePermissionCmd, UpdateRolePermissionCmd",
        rules: &["API-ACL-007"],
        run: |target| {
            let role = setup::role(target, "User", &[])?;
            let create = || target.api("createRole").param("name", target.fresh_name("role"));
            create().send()?.expect_error_text(431, "Neither role type nor role ID is provided")?;
            let both = create().param("type", "User").param("roleid", &role);
            both.send()?.expect_error_text(431, "Both role type and role ID should not be specified")?;
            let text = "No enum constant org.apache.cloudstack.acl.RolePermissionEntity.Permission.MAYBE";
            let rule = target.api("createRolePermission").param("roleid", &role).param("rule", "listZones");
            rule.param("permission", "maybe").send()?.expect_error_text(431, text)
        },
    },
    Check {
        id: "access/static-roles",
        level: Should,
        profile: Core,
        needs: &[SecondUser, Setting("dynamic.apichecker.enabled", "false")],
        requirement: "A command that static roles do not give to the caller is refused with 401 in its own envelope \
                      and a text that names it.",
        source: "StaticRoleBasedAPIAccessChecker.java:107-122, ApiServer.java:1126-1129",
        rules: &["API-ACL-004"],
        run: |target| {
            let reply = setup::ordinary_user(target)?.api("listHosts").send()?;
            expect_denied(&reply, "listHosts")
        },
    },
    Check {
        id: "access/not-a-member",
        level: Should,
        profile: Core,
        needs: &[SecondUser, Command("createProject")],
        requirement: "Whoever is not a member of the project that a request names is refused with 432 and a text that \
                      names it.",
        source: "ProjectRoleBasedApiAccessChecker.java:108-150, ApiServlet.java:648-681",
        rules: &["API-ACL-004", "API-ACL-030"],
        run: |target| {
            let project = setup::project(target, None)?;
            let user = setup::ordinary_user(target)?;
            for (command, parameter) in [("listVirtualMachines", "projectid"), ("suspendProject", "id")] {
                let text = format!(
                    "The API [{command}] does not exist or is not available for this account/user in project \
                     [{project}]."
                );
                let reply = user.api(command).param(parameter, &project).send()?;
                reply.expect_error_text(432, &text)?;
            }
            Ok(())
        },
    },
    Check {
        id: "access/project-is-spelt-exactly",
        level: Should,
        profile: Core,
        needs: &[SecondUser, Command("createProject")],
        requirement: "A project that is named in another case is a filter alone, refused to strangers with 531.",
        source: "ApiServlet.java:648-681, AccountManagerImpl.java:3319-3366",
        rules: &["API-ACL-004", "API-ACL-030", "API-ERR-048"],
        run: |target| {
            let project = setup::project(target, None)?;
            let user = setup::ordinary_user(target)?;
            let reply = user.api("listVirtualMachines").param("projectId", &project).send()?;
            reply.expect_error(NO_REACH)
        },
    },
    Check {
        id: "access/role-within-a-project",
        level: Should,
        profile: Core,
        needs: &[
            RootAdmin,
            Command("createProjectRolePermission"),
            Setting("project.invite.required", "false"),
            Setting("dynamic.apichecker.enabled", "true"),
            Since("4.15.1"),
        ],
        requirement: "A command that the caller's role within a project denies is refused there with 401 in its own \
                      envelope.",
        source: "ProjectRoleBasedApiAccessChecker.java:108-150, ApiServer.java:1126-1129",
        rules: &["API-ACL-004", "API-ACL-030"],
        run: |target| {
            let owner = setup::newcomer(target, None, ("accounttype", "0"))?;
            let member = setup::newcomer(target, Some(&owner.domain), ("accounttype", "0"))?;
            let project = setup::project(target, Some(&owner))?;
            let in_project = |command: &str| target.api(command).param("projectid", &project);
            let role = in_project("createProjectRole").param("name", target.fresh_name("role")).send()?;
            let role = setup::id_in(&role, "projectrole.id")?;
            let rule = in_project("createProjectRolePermission").param("projectroleid", &role);
            let rule = rule.param("rule", "listVirtual*").param("permission", "deny");
            rule.send()?.expect_success()?;
            let joined = in_project("addAccountToProject").param("account", &member.name);
            joined.param("projectroleid", &role).finish()?.expect_success()?;
            let asks = |command: &str| member.caller.api(command).param("projectid", &project).send();
            asks("listNetworks")?.expect_success()?;
            expect_denied(&asks("listVirtualMachines")?, "listVirtualMachines")
        },
    },
    Check {
        id: "access/parameters-for-administrators",
        level: Must,
        profile: Core,
        needs: &[SecondUser, Command("listVolumes")],
        requirement: "A parameter that is for administrators is ignored when an ordinary user sends it.",
        source: "BaseCmd.java:361-390",
        rules: &["API-ACL-008"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            user.api("listVolumes").param("clusterid", NOTHING).send()?.expect_success()
        },
    },
    Check {
        id: "access/foreign-thing",
        level: Must,
        profile: Core,
        needs: &[SecondUser, Command("createNetwork")],
        requirement: "A thing of another account is refused with 531 and the class code of missing permission.",
        source: "ParamProcessWorker.java:235-364, DomainChecker.java:138-263",
        rules: &["API-ERR-028", "API-ACL-020"],
        run: |target| {
            let network = setup::us(target).network()?;
            let user = setup::ordinary_user(target)?;
            let reply = user.api("updateNetwork").param("id", &network).param("name", "theirs").send()?;
            reply.expect_error(NO_REACH)?;
            reply.expect_field("cserrorcode", 4365)
        },
    },
    Check {
        id: "access/foreign-thing-in-a-list",
        level: Must,
        profile: Core,
        needs: &[SecondUser, Command("createAffinityGroup"), Command("deployVirtualMachine")],
        requirement: "A thing of another account in a list of identifiers is refused with 531.",
        source: "ParamProcessWorker.java:235-364",
        rules: &["API-ACL-020"],
        run: |target| {
            let group = target.api("createAffinityGroup").param("name", target.fresh_name("group"));
            let group = group.param("type", "host anti-affinity").send()?.finish_job()?;
            group.expect_success()?;
            let id = group.reply.expect_present("jobresult.affinitygroup.id")?.text().unwrap_or_default();
            let user = setup::ordinary_user(target)?;
            let network = user.network()?;
            let (deployment, _) = user.deployment(&network)?;
            let reply = deployment.param("startvm", false).param("affinitygroupids", id).send()?;
            reply.expect_error(NO_REACH)
        },
    },
];

/// Refused as a command that the caller's role lacks (API-ACL-003).
fn expect_lacking(reply: &Reply, command: &str) -> Result<(), Stop> {
    reply.expect_error(432)?;
    reply.expect_envelope("errorresponse")?;
    // The identifier is a random one for callers by key.
    let start =
        format!("The API [{command}] does not exist or is not available for the account for user id [");
    let text = reply.error_text().unwrap_or_default();
    if text.starts_with(&start) {
        return Ok(());
    }
    Err(reply.mismatch("errortext", format!("{start}…"), text))
}

/// Refused by static roles or by a role within a project (API-ACL-004).
fn expect_denied(reply: &Reply, command: &str) -> Result<(), Stop> {
    let text = format!("The given command '{command}' either does not exist, is not available for user.");
    reply.expect_error_text(401, &text)?;
    reply.expect_envelope(&format!("{}response", command.to_lowercase()))
}
