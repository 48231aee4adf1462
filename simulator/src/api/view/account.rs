//! Accounts, users, domains and roles.

use crate::api::caller::Caller;
use crate::catalog::RoleType;
use crate::quirk::Quirk;
use crate::reply::Object;
use crate::world::World;
use crate::world::account::ROOT_DOMAIN;
use crate::world::limit::{Holder, Resource};
use crate::world::role::{Role, RoleRule};
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

/// What is limited, in the order of the response class, with the first part of the fields' names.
pub(super) const LIMITED: [(&str, [&str; 3]); 17] = [
    ("user_vm", ["vmlimit", "vmtotal", "vmavailable"]),
    ("public_ip", ["iplimit", "iptotal", "ipavailable"]),
    ("volume", ["volumelimit", "volumetotal", "volumeavailable"]),
    ("snapshot", ["snapshotlimit", "snapshottotal", "snapshotavailable"]),
    ("backup", ["backuplimit", "backuptotal", "backupavailable"]),
    ("backup_storage", ["backupstoragelimit", "backupstoragetotal", "backupstorageavailable"]),
    ("template", ["templatelimit", "templatetotal", "templateavailable"]),
    ("project", ["projectlimit", "projecttotal", "projectavailable"]),
    ("network", ["networklimit", "networktotal", "networkavailable"]),
    ("vpc", ["vpclimit", "vpctotal", "vpcavailable"]),
    ("cpu", ["cpulimit", "cputotal", "cpuavailable"]),
    ("memory", ["memorylimit", "memorytotal", "memoryavailable"]),
    ("gpu", ["gpulimit", "gputotal", "gpuavailable"]),
    ("primary_storage", ["primarystoragelimit", "primarystoragetotal", "primarystorageavailable"]),
    ("secondary_storage", ["secondarystoragelimit", "secondarystoragetotal", "secondarystorageavailable"]),
    ("bucket", ["bucketlimit", "buckettotal", "bucketavailable"]),
    ("object_storage", ["objectstoragelimit", "objectstoragetotal", "objectstorageavailable"]),
];

/// Adds a limit with what is used of it: `vmlimit`, `vmtotal`, `vmavailable`.
pub(super) fn push_limit(
    world: &World,
    object: &mut Object,
    holder: Holder,
    name: &str,
    names: [&'static str; 3],
) {
    let Some(resource) = Resource::named(name) else { return };
    let (most, used) = (world.shown_limit(holder, resource), world.in_use(holder, resource));
    // Secondary storage is measured with a fraction, all else is counted.
    let fraction = name == "secondary_storage";
    let unlimited = || "Unlimited".to_owned();
    object.push(names[0], if most == -1 { unlimited() } else { most.to_string() });
    if fraction {
        object.push(names[1], 0.0);
    } else {
        object.push(names[1], used);
    }
    let left = match (most, holder) {
        // The one limit that domains get from the setting's default.
        (-1, Holder::Domain(id)) if name == "backup_storage" && id != ROOT_DOMAIN => "800".to_owned(),
        (-1, _) => unlimited(),
        _ if fraction => format!("{most}.0"),
        _ => (most - used).max(0).to_string(),
    };
    object.push(names[2], left);
}

/// An account as lists show it: key access is for root administrators.
#[must_use]
pub fn listed_account(world: &World, id: Id, viewer: Caller) -> Object {
    let mut object = account(world, id);
    if !viewer.is_root_admin() {
        object.fields.retain(|field| field.name != "apikeyaccess");
    }
    object
}

/// An account with its limits and users.
#[must_use]
pub fn account(world: &World, id: Id) -> Object {
    let Some(row) = world.accounts.get(id) else { return Object::new() };
    let domain = world.domains.get(row.domain);
    let role = world.roles.get(row.role);
    // Traffic is counted as soon as a router carries some.
    let carried = world.addresses.iter().any(|(_, held)| held.owner.account == id && held.source_nat);
    let mut object = Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("accounttype", row.account_type.number())
        .with("roleid", role.map(|role| role.uuid))
        .with("roletype", role.map(|role| role.role_type.name()))
        .with("rolename", role.map(|role| role.name.as_str()))
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domain", domain.map(|domain| domain.name.as_str()))
        .with("domainpath", domain.map(|domain| domain.shown_path()))
        .with("defaultzoneid", row.default_zone.and_then(|zone| world.zones.get(zone)).map(|zone| zone.uuid))
        .with("receivedbytes", carried.then_some(0))
        .with("sentbytes", carried.then_some(0));
    for (name, names) in LIMITED {
        // The template line comes before the counts of machines, the rest after them.
        push_limit(world, &mut object, Holder::Account(id), name, names);
        if name == "template" {
            let in_state = |wanted: MachineState| {
                world
                    .virtual_machines
                    .iter()
                    .filter(|(_, machine)| machine.owner.account == id && machine.state == wanted)
                    .count()
            };
            object.push("vmstopped", in_state(MachineState::Stopped));
            object.push("vmrunning", in_state(MachineState::Running));
        }
    }
    let users = users_of(world, id);
    let standing = row.standing.name();
    let capitals = world.sins(Quirk::AccountStatesAreCapitals);
    object
        .with("state", if capitals { standing.to_uppercase() } else { standing.to_owned() })
        .with("created", (!row.is_default).then_some(row.created))
        .with("user", users)
        .with("networkdomain", row.network_domain.as_deref())
        .with("accountdetails", (!row.details.is_empty()).then(|| row.details.clone()))
        .with("isdefault", row.is_default)
        .with("groups", Vec::<String>::new())
        .with("apikeyaccess", row.key_access.name())
}

/// The users of an account.
pub(super) fn users_of(world: &World, account: Id) -> Vec<Object> {
    world.users.iter().filter(|(_, row)| row.account == account).map(|(id, _)| user(world, id)).collect()
}

/// A user as lists show it.
#[must_use]
pub fn listed_user(world: &World, id: Id, viewer: Caller) -> Object {
    let account = world.users.get(id).and_then(|row| world.accounts.get(row.account));
    let below = account.is_some_and(|account| {
        account.domain != viewer.domain && world.is_within(account.domain, viewer.domain)
    });
    let access = world.users.get(id).map(|row| row.key_access.name());
    let mut object = user(world, id);
    if let Some(field) = object.fields.iter_mut().find(|field| field.name == "iscallerchilddomain") {
        field.value = below.into();
    }
    object.with("apikeyaccess", access.filter(|_| viewer.is_root_admin()))
}

/// A user.
#[must_use]
pub fn user(world: &World, id: Id) -> Object {
    let Some(row) = world.users.get(id) else { return Object::new() };
    let account = world.accounts.get(row.account);
    let domain = account.and_then(|account| world.domains.get(account.domain));
    let role = account.and_then(|account| world.roles.get(account.role));
    Object::new()
        .with("id", row.uuid)
        .with("username", &row.username)
        .with("firstname", &row.firstname)
        .with("lastname", &row.lastname)
        .with("email", row.email.as_deref())
        .with("created", row.created)
        .with("state", row.standing.name())
        .with("account", account.map(|account| account.name.as_str()))
        .with("accounttype", account.map(|account| account.account_type.number()))
        .with("usersource", row.source.name())
        .with("roleid", role.map(|role| role.uuid))
        .with("roletype", role.map(|role| role.role_type.name()))
        .with("rolename", role.map(|role| role.name.as_str()))
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domain", domain.map(|domain| domain.name.as_str()))
        .with("timezone", row.timezone.as_deref())
        .with("apikey", row.api_key.as_deref())
        .with("accountid", account.map(|account| account.uuid))
        .with("iscallerchilddomain", false)
        .with("isdefault", row.is_default)
        .with("is2faenabled", row.two_factor.is_enabled())
        .with("is2famandated", world.second_factor_is_mandated(id))
}

/// How much of a domain is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainLook {
    /// What `createDomain` answers.
    New,
    /// What every other command answers that is no list.
    Changed,
    /// What `listDomains` answers, with the limits.
    Listed,
}

/// A domain.
#[must_use]
pub fn domain(world: &World, id: Id, look: DomainLook) -> Object {
    let Some(row) = world.domains.get(id) else { return Object::new() };
    let parent = row.parent.and_then(|parent| world.domains.get(parent));
    let has_child = world.children_of(id).next().is_some();
    let listed = look == DomainLook::Listed;
    let mut object = Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("level", row.level)
        .with("parentdomainid", parent.map(|parent| parent.uuid))
        .with("parentdomainname", parent.map(|parent| parent.name.as_str()))
        .with("haschild", has_child)
        .with("networkdomain", row.network_domain.as_deref())
        .with("path", row.shown_path())
        .with("state", listed.then_some("Active"))
        // The installation brings ROOT along, without a time.
        .with("created", (look != DomainLook::New && id != ROOT_DOMAIN).then_some(row.created));
    if !listed {
        return object.with("secondarystoragetotal", 0.0);
    }
    for (name, names) in LIMITED {
        push_limit(world, &mut object, Holder::Domain(id), name, names);
    }
    object.with("hasannotations", super::has_annotations(world, row.uuid))
}

/// A role; `isdefault` is shown in lists only.
#[must_use]
pub fn role(row: &Role, in_list: bool) -> Object {
    Object::new()
        .with("type", RoleType::name(row.role_type))
        .with("isdefault", in_list.then_some(row.is_default))
        .with("state", if row.enabled { "enabled" } else { "disabled" })
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("description", row.description.as_deref())
        .with("ispublic", row.is_public)
}

/// A rule of a role; `rolename` is shown in lists only.
#[must_use]
pub fn role_permission(world: &World, role: &Role, rule: &RoleRule, in_list: bool) -> Object {
    let permission = if rule.allow { "allow" } else { "deny" };
    let permission = match world.sins(Quirk::PermissionsAreUpperCase) {
        true => permission.to_uppercase(),
        false => permission.to_owned(),
    };
    Object::new()
        .with("id", rule.uuid)
        .with("roleid", role.uuid)
        .with("rolename", in_list.then_some(role.name.as_str()))
        .with("rule", &rule.rule)
        .with("permission", permission)
        .with("description", rule.description.as_deref())
}

/// The limit of somebody.
#[must_use]
pub fn resource_limit(world: &World, holder: Holder, resource: Resource) -> Object {
    let project = match holder {
        Holder::Account(id) => world.project_of(id).map(|(_, project)| project),
        Holder::Domain(_) => None,
    };
    holder_fields(world, holder)
        .with("resourcetype", resource.number().to_string())
        .with("resourcetypename", resource.name())
        .with("max", world.counting_limit(holder, resource))
        .with("projectid", project.map(|project| project.uuid))
        .with("project", project.map(|project| project.name.as_str()))
}

/// How much somebody has.
#[must_use]
pub fn resource_count(world: &World, holder: Holder, resource: Resource) -> Object {
    holder_fields(world, holder)
        .with("resourcetype", resource.number().to_string())
        .with("resourcetypename", resource.name())
        .with("resourcecount", world.in_use(holder, resource))
}

fn holder_fields(world: &World, holder: Holder) -> Object {
    let (account, domain) = match holder {
        Holder::Account(id) => (world.accounts.get(id), world.owner_of(id).domain),
        Holder::Domain(id) => (None, id),
    };
    let domain = world.domains.get(domain);
    Object::new()
        .with("account", account.map(|account| account.name.as_str()))
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domain", domain.map(|domain| domain.name.as_str()))
        .with("domainpath", domain.map(|domain| domain.shown_path()))
}
