//! Accounts, users, domains and roles.

use crate::api::caller::Caller;
use crate::catalog::RoleType;
use crate::reply::Object;
use crate::world::World;
use crate::world::account::ROOT_DOMAIN;
use crate::world::role::{Role, RoleRule};
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

/// A limit with what is used of it: `vmlimit`, `vmtotal`, `vmavailable`.
struct Limit {
    names: [&'static str; 3],
    most: Option<i64>,
    used: i64,
    fraction: bool,
}

fn limits(world: &World, most: bool, covers: &dyn Fn(Id) -> bool) -> Vec<Limit> {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let machines = world.virtual_machines.iter().filter(|(_, machine)| {
        covers(machine.owner.account)
            && !matches!(machine.state, MachineState::Destroyed | MachineState::Error)
    });
    let (mut vms, mut cores, mut memory) = (0, 0, 0);
    for (_, machine) in machines {
        let size = world.machine_size(machine);
        vms += 1;
        cores += i64::from(size.0);
        memory += i64::from(size.2);
    }
    let volumes: Vec<u64> = world
        .volumes
        .iter()
        .filter(|(_, volume)| covers(volume.owner.account))
        .map(|(_, volume)| volume.size)
        .collect();
    let stored: u64 = volumes.iter().sum();
    let addresses = world.addresses.iter().filter(|(_, row)| covers(row.owner.account)).count();
    let templates = world
        .templates
        .iter()
        .filter(|(_, row)| covers(row.owner.account) && row.template_type == "USER")
        .count();
    let networks = world.networks.iter().filter(|(_, row)| covers(row.owner.account)).count();
    let limit =
        |names, standard, used| Limit { names, most: most.then_some(standard), used, fraction: false };
    vec![
        limit(["vmlimit", "vmtotal", "vmavailable"], 20, vms),
        limit(["iplimit", "iptotal", "ipavailable"], 20, count(addresses)),
        limit(["volumelimit", "volumetotal", "volumeavailable"], 20, count(volumes.len())),
        limit(["snapshotlimit", "snapshottotal", "snapshotavailable"], 20, 0),
        limit(["backuplimit", "backuptotal", "backupavailable"], 20, 0),
        limit(["backupstoragelimit", "backupstoragetotal", "backupstorageavailable"], 400, 0),
        limit(["templatelimit", "templatetotal", "templateavailable"], 20, count(templates)),
        limit(["projectlimit", "projecttotal", "projectavailable"], 10, 0),
        limit(["networklimit", "networktotal", "networkavailable"], 20, count(networks)),
        limit(["vpclimit", "vpctotal", "vpcavailable"], 20, 0),
        limit(["cpulimit", "cputotal", "cpuavailable"], 40, cores),
        limit(["memorylimit", "memorytotal", "memoryavailable"], 40960, memory),
        limit(["gpulimit", "gputotal", "gpuavailable"], 20, 0),
        limit(
            ["primarystoragelimit", "primarystoragetotal", "primarystorageavailable"],
            200,
            i64::try_from(stored >> 30).unwrap_or(i64::MAX),
        ),
        Limit {
            fraction: true,
            ..limit(["secondarystoragelimit", "secondarystoragetotal", "secondarystorageavailable"], 400, 0)
        },
        limit(["bucketlimit", "buckettotal", "bucketavailable"], 20, 0),
        limit(["objectstoragelimit", "objectstoragetotal", "objectstorageavailable"], 400, 0),
    ]
}

fn push_limit(object: &mut Object, limit: &Limit) {
    let text = |number: i64| if limit.fraction { format!("{number}.0") } else { number.to_string() };
    object.push(limit.names[0], limit.most.map_or_else(|| "Unlimited".to_owned(), |most| most.to_string()));
    if limit.fraction {
        object.push(limit.names[1], 0.0);
    } else {
        object.push(limit.names[1], limit.used);
    }
    object.push(
        limit.names[2],
        limit.most.map_or_else(|| "Unlimited".to_owned(), |most| text(most - limit.used)),
    );
}

/// An account with its limits and users.
#[must_use]
pub fn account(world: &World, id: Id, viewer: Caller) -> Object {
    let Some(row) = world.accounts.get(id) else { return Object::new() };
    let domain = world.domains.get(row.domain);
    let role = world.roles.get(row.role);
    let unlimited = row.role == 1;
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
        .with("receivedbytes", 0)
        .with("sentbytes", 0);
    for limit in limits(world, !unlimited, &|account| account == id) {
        // The template line comes before the counts of machines, the rest after them.
        push_limit(&mut object, &limit);
        if limit.names[0] == "templatelimit" {
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
    let users: Vec<Object> = world
        .users
        .iter()
        .filter(|(_, user)| user.account == id)
        .map(|(user_id, _)| user_fields(world, user_id, viewer, false))
        .collect();
    object
        .with("state", row.standing.name())
        .with("created", row.created)
        .with("networkdomain", row.network_domain.as_deref())
        .with("accountdetails", (!row.details.is_empty()).then(|| row.details.clone()))
        .with("user", users)
        .with("isdefault", row.is_default)
        .with("groups", Vec::<String>::new())
        .with("apikeyaccess", row.key_access.name())
}

/// A user.
#[must_use]
pub fn user(world: &World, id: Id, viewer: Caller) -> Object {
    user_fields(world, id, viewer, true)
}

fn user_fields(world: &World, id: Id, viewer: Caller, alone: bool) -> Object {
    let Some(row) = world.users.get(id) else { return Object::new() };
    let account = world.accounts.get(row.account);
    let domain = account.and_then(|account| world.domains.get(account.domain));
    let role = account.and_then(|account| world.roles.get(account.role));
    let below = account.is_some_and(|account| {
        account.domain != viewer.domain && world.is_within(account.domain, viewer.domain)
    });
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
        .with("usersource", "native")
        .with("roleid", role.map(|role| role.uuid))
        .with("roletype", role.map(|role| role.role_type.name()))
        .with("rolename", role.map(|role| role.name.as_str()))
        .with("domainid", domain.map(|domain| domain.uuid))
        .with("domain", domain.map(|domain| domain.name.as_str()))
        .with("timezone", row.timezone.as_deref())
        .with("apikey", row.api_key.as_deref())
        .with("accountid", account.map(|account| account.uuid))
        .with("iscallerchilddomain", alone && below)
        .with("isdefault", row.is_default)
        .with("is2faenabled", false)
        .with("is2famandated", false)
        .with("apikeyaccess", alone.then(|| row.key_access.name()))
}

/// A domain with its limits.
#[must_use]
pub fn domain(world: &World, id: Id, viewer: Caller) -> Object {
    let Some(row) = world.domains.get(id) else { return Object::new() };
    let parent = row.parent.and_then(|parent| world.domains.get(parent));
    let has_child = world.domains.iter().any(|(_, other)| other.parent == Some(id));
    let mut object = Object::new()
        .with("id", row.uuid)
        .with("name", &row.name)
        .with("level", row.level)
        .with("parentdomainid", parent.map(|parent| parent.uuid))
        .with("parentdomainname", parent.map(|parent| parent.name.as_str()))
        .with("haschild", has_child)
        .with("networkdomain", row.network_domain.as_deref())
        .with("path", row.shown_path())
        .with("state", "Active")
        .with("created", row.created);
    if viewer.is_root_admin() || viewer.is_domain_admin() {
        let covers = |account: Id| {
            world.accounts.get(account).is_some_and(|account| world.is_within(account.domain, id))
        };
        for limit in limits(world, false, &covers) {
            push_limit(&mut object, &limit);
            if limit.names[0] == "backupstoragelimit" && id != ROOT_DOMAIN {
                // The one limit that domains get from the setting's default.
                object.fields.pop();
                object.push("backupstorageavailable", "800");
            }
        }
    }
    object.with("hasannotations", false)
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
pub fn role_permission(role: &Role, rule: &RoleRule, in_list: bool) -> Object {
    Object::new()
        .with("id", rule.uuid)
        .with("roleid", role.uuid)
        .with("rolename", in_list.then_some(role.name.as_str()))
        .with("rule", &rule.rule)
        .with("permission", if rule.allow { "allow" } else { "deny" })
        .with("description", rule.description.as_deref())
}
