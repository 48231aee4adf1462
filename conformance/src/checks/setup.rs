//! What checks create for themselves: networks, machines, users, roles, projects. Everything goes through the target's
//! ledger and is removed with the check. Nothing here expects anything of the target.

use std::sync::atomic::{AtomicU8, Ordering};

use super::prelude::*;
use crate::{
    check::Capability,
    wire::{api::ApiRequest, job::Job},
};

/// What a check needs that deploys machines.
pub(super) const MACHINES: &[Capability] = &[Command("createNetwork"), Command("deployVirtualMachine")];

/// What a check needs that looks at the events of one machine, by which events could not be listed before.
pub(super) const MACHINES_AND_EVENTS: &[Capability] =
    &[Command("createNetwork"), Command("deployVirtualMachine"), Command("listEvents"), Since("4.17")];

/// Somebody who calls: we, or the ordinary user.
pub(super) struct Caller<'t> {
    target: &'t Target,
    keys: Option<(String, String)>,
}

/// A machine of a check.
pub(super) struct Machine {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) network: String,
    /// What the deployment answered.
    pub(super) answer: Reply,
    /// The job of the deployment, which has ended well.
    pub(super) job: Job,
}

/// We ourselves.
pub(super) fn us(target: &Target) -> Caller<'_> {
    Caller { target, keys: None }
}

/// An ordinary user of an account and a domain that were made for the check.
pub(super) struct Member<'t> {
    pub(super) caller: Caller<'t>,
    /// The id of the account.
    pub(super) account: String,
    /// The id of the user.
    pub(super) user: String,
    /// The name to log in with, and of the account.
    pub(super) name: String,
    pub(super) password: String,
    /// The path of the domain, with a slash at both ends.
    pub(super) domain: String,
    /// The id of the domain.
    pub(super) domain_id: String,
}

impl<'t> Member<'t> {
    /// A request of the member.
    pub(super) fn api(&self, command: &str) -> ApiRequest<'t> {
        self.caller.api(command)
    }

    /// A login of the member, before it is sent.
    pub(super) fn login(&self) -> ApiRequest<'t> {
        let request = self.caller.target.api("login").unsigned();
        let request = request.param("username", &self.name).param("password", &self.password);
        request.param("domain", &self.domain).post()
    }
}

/// An ordinary user of another account: the one that the target's owner named, or one in a domain of its own.
pub(super) fn ordinary_user(target: &Target) -> Result<Caller<'_>, Stop> {
    if let Some((key, secret)) = target.second_user() {
        return Ok(Caller { target, keys: Some((key.to_owned(), secret.to_owned())) });
    }
    Ok(newcomer(target, None, ("accounttype", "0"))?.caller)
}

/// Somebody whom a check makes for itself, with whom it may do what it likes.
pub(super) fn member(target: &Target) -> Result<Member<'_>, Stop> {
    let name = target.fresh_name("domain");
    let reply = target.api("createDomain").param("name", &name).send()?;
    let domain_id = id_in(&reply, "domain.id")?;
    // `ROOT/name` where we are at the top.
    let shown = reply.body().text_at("domain.path").unwrap_or_default();
    let below = shown.strip_prefix("ROOT").map_or_else(|| format!("/{name}"), str::to_owned);
    let Newcomer { caller, name, password, answer, .. } =
        newcomer(target, Some(&domain_id), ("accounttype", "0"))?;
    Ok(Member {
        caller,
        account: id_in(&answer, "account.id")?,
        user: id_in(&answer, "account.user.id")?,
        name,
        password,
        domain: format!("{below}/"),
        domain_id,
    })
}

/// A user whom a check made, in an account of its own.
pub(super) struct Newcomer<'t> {
    pub(super) caller: Caller<'t>,
    /// The name of user and account.
    pub(super) name: String,
    pub(super) password: String,
    /// The id of the domain.
    pub(super) domain: String,
    /// What the creation of the account answered.
    pub(super) answer: Reply,
}

/// A new user in a domain, or in a domain of its own; `kind` is the parameter that says what the account may do.
pub(super) fn newcomer<'t>(
    target: &'t Target,
    domain: Option<&str>,
    kind: (&str, &str),
) -> Result<Newcomer<'t>, Stop> {
    let domain = domain.map_or_else(|| self::domain(target, None), |domain| Ok(domain.to_owned()))?;
    let (name, password) = (target.fresh_name("user"), target.fresh_name("password"));
    let answer = target
        .api("createAccount")
        .param(kind.0, kind.1)
        .param("domainid", &domain)
        .param("account", &name)
        .param("username", &name)
        .param("password", &password)
        .param("firstname", "Ordinary")
        .param("lastname", "User")
        .param("email", "nobody@example.org")
        .post()
        .send()?;
    let user = id_in(&answer, "account.user.id")?;
    Ok(Newcomer { caller: caller_of(target, &user)?, name, password, domain, answer })
}

/// A second user of a member's account.
pub(super) fn another_user<'t>(target: &'t Target, member: &Member<'_>) -> Result<Caller<'t>, Stop> {
    let reply = target
        .api("createUser")
        .param("account", &member.name)
        .param("domainid", &member.domain_id)
        .param("username", target.fresh_name("user"))
        .param("password", target.fresh_name("password"))
        .param("firstname", "Another")
        .param("lastname", "User")
        .param("email", "nobody@example.org")
        .post()
        .send()?;
    caller_of(target, &id_in(&reply, "user.id")?)
}

/// A user, with new keys.
fn caller_of<'t>(target: &'t Target, user: &str) -> Result<Caller<'t>, Stop> {
    let keys = target.api("registerUserKeys").param("id", user).send()?;
    let keys = (id_in(&keys, "userkeys.apikey")?, id_in(&keys, "userkeys.secretkey")?);
    Ok(Caller { target, keys: Some(keys) })
}

/// A domain of our own, below ROOT or below another one.
pub(super) fn domain(target: &Target, above: Option<&str>) -> Result<String, Stop> {
    let request = target.api("createDomain").param("name", target.fresh_name("domain"));
    let request = above.into_iter().fold(request, |request, above| request.param("parentdomainid", above));
    id_in(&request.send()?, "domain.id")
}

/// A role of a type with these rules, in their order: a pattern and what it says.
pub(super) fn role(target: &Target, role_type: &str, rules: &[(&str, &str)]) -> Result<String, Stop> {
    let request = target.api("createRole").param("name", target.fresh_name("role")).param("type", role_type);
    let role = id_in(&request.send()?, "role.id")?;
    for (rule, permission) in rules {
        let request = target.api("createRolePermission").param("roleid", &role).param("rule", rule);
        request.param("permission", permission).send()?.expect_success()?;
    }
    Ok(role)
}

/// A user with a role of type `User` that has these rules.
pub(super) fn user_with_rules<'t>(target: &'t Target, rules: &[(&str, &str)]) -> Result<Newcomer<'t>, Stop> {
    let role = role(target, "User", rules)?;
    newcomer(target, None, ("roleid", &role))
}

/// A project of ours, or of an account in a domain.
pub(super) fn project(target: &Target, owner: Option<&Newcomer<'_>>) -> Result<String, Stop> {
    let name = target.fresh_name("project");
    let request = target.api("createProject").param("name", &name).param("displaytext", &name);
    let request = owner.into_iter().fold(request, |request, owner| {
        request.param("account", &owner.name).param("domainid", &owner.domain)
    });
    let answer = request.send()?;
    answer.finish_job()?.expect_success()?;
    id_in(&answer, "id")
}

impl<'t> Caller<'t> {
    /// A request of this caller.
    pub(super) fn api(&self, command: &str) -> ApiRequest<'t> {
        let request = self.target.api(command);
        match &self.keys {
            Some((key, secret)) => request.key(key).secret(secret),
            None => request,
        }
    }

    /// A network of the caller's own, not yet in use.
    pub(super) fn network(&self) -> Result<String, Stop> {
        self.network_of(None)
    }

    /// The same, of a project if one is named.
    pub(super) fn network_of(&self, project: Option<&str>) -> Result<String, Stop> {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        let name = self.target.fresh_name("net");
        let third = NEXT.fetch_add(1, Ordering::Relaxed);
        let request = self
            .api("createNetwork")
            .param("name", &name)
            .param("displaytext", &name)
            .param("zoneid", self.zone()?)
            .param("networkofferingid", self.network_offering()?)
            .param("gateway", format!("10.77.{third}.1"))
            .param("netmask", "255.255.255.0");
        let request = project.into_iter().fold(request, |request, id| request.param("projectid", id));
        id_in(&request.send()?, "network.id")
    }

    /// The request that deploys the smallest machine into a network, and the machine's name.
    pub(super) fn deployment(&self, network: &str) -> Result<(ApiRequest<'t>, String), Stop> {
        let name = self.target.fresh_name("vm");
        Ok((self.deployment_of(&name, network)?, name))
    }

    /// The same for a name that the check chooses.
    pub(super) fn deployment_of(&self, name: &str, network: &str) -> Result<ApiRequest<'t>, Stop> {
        Ok(self.placement()?.param("name", name).param("networkids", network))
    }

    /// The same of a machine without a name and a network.
    pub(super) fn placement(&self) -> Result<ApiRequest<'t>, Stop> {
        let request = self
            .api("deployVirtualMachine")
            .param("zoneid", self.zone()?)
            .param("templateid", self.template()?)
            .param("serviceofferingid", self.service_offering()?);
        Ok(request)
    }

    /// A machine that runs in a network of its own.
    pub(super) fn machine(&self) -> Result<Machine, Stop> {
        self.deployed(true)
    }

    /// A machine that was never started.
    pub(super) fn stopped_machine(&self) -> Result<Machine, Stop> {
        self.deployed(false)
    }

    fn deployed(&self, starts: bool) -> Result<Machine, Stop> {
        let network = self.network()?;
        let (request, name) = self.deployment(&network)?;
        let answer = request.param("startvm", starts).send()?;
        let job = answer.finish_job()?;
        job.expect_success()?;
        let id = job.reply.expect_present("jobresult.virtualmachine.id")?.text().unwrap_or_default();
        Ok(Machine { id, name, network, answer, job })
    }

    /// A public address for a network of the caller's own, and the job that acquired it.
    pub(super) fn address(&self, network: &str) -> Result<(String, Job), Stop> {
        let answer = self.api("associateIpAddress").param("networkid", network).send()?;
        let job = answer.finish_job()?;
        job.expect_success()?;
        Ok((id_in(&answer, "id")?, job))
    }

    /// A data volume that was never attached.
    pub(super) fn data_volume(&self) -> Result<String, Stop> {
        let offering = self.disk_offering()?;
        let answer = self
            .api("createVolume")
            .param("name", self.target.fresh_name("volume"))
            .param("zoneid", self.zone()?)
            .param("diskofferingid", offering)
            .send()?;
        answer.finish_job()?.expect_success()?;
        id_in(&answer, "id")
    }

    /// An ISO that nothing boots from, to be loaded from where nothing is.
    pub(super) fn iso(&self) -> Result<String, Stop> {
        let name = self.target.fresh_name("iso");
        let reply = self
            .api("registerIso")
            .param("name", &name)
            .param("displaytext", &name)
            .param("zoneid", self.zone()?)
            .param("bootable", false)
            .param("url", "http://192.0.2.1/nothing.iso")
            .send()?;
        id_in(&reply, "iso.id")
    }

    /// The machine as a list shows it.
    pub(super) fn listed(&self, machine: &str) -> Result<Reply, Stop> {
        let reply = self.api("listVirtualMachines").param("id", machine).send()?;
        reply.expect_success()?;
        Ok(reply)
    }

    pub(super) fn zone(&self) -> Result<String, Stop> {
        self.first("listZones", &[("available", "true")], "zone", |zone| {
            let is_advanced = zone.text_at("networktype").is_none_or(|kind| kind == "Advanced");
            is_advanced.then_some(0)
        })
    }

    pub(super) fn template(&self) -> Result<String, Stop> {
        self.first("listTemplates", &[("templatefilter", "executable")], "template", |template| {
            let usable = template.text_at("isready").is_none_or(|ready| ready == "true")
                && template.text_at("passwordenabled").is_none_or(|enabled| enabled == "false");
            usable.then(|| template.get("size").and_then(Node::integer).unwrap_or(i64::MAX))
        })
    }

    pub(super) fn disk_offering(&self) -> Result<String, Stop> {
        self.first("listDiskOfferings", &[], "diskoffering", |offering| {
            let is_fixed = offering.text_at("iscustomized").is_none_or(|custom| custom == "false");
            offering.get("disksize").and_then(Node::integer).filter(|_| is_fixed)
        })
    }

    pub(super) fn service_offering(&self) -> Result<String, Stop> {
        self.first("listServiceOfferings", &[], "serviceoffering", |offering| {
            let is_fixed = offering.text_at("iscustomized").is_none_or(|custom| custom == "false");
            offering.get("memory").and_then(Node::integer).filter(|_| is_fixed)
        })
    }

    /// The offering of an isolated network whose router serves user data.
    pub(super) fn network_offering(&self) -> Result<String, Stop> {
        let params = [
            ("state", "Enabled"),
            ("guestiptype", "Isolated"),
            ("forvpc", "false"),
            ("specifyvlan", "false"),
        ];
        self.first("listNetworkOfferings", &params, "networkoffering", |offering| {
            let serves_user_data = offering
                .items("service")
                .iter()
                .any(|one| one.text_at("name").as_deref() == Some("UserData"));
            let is_required = offering.text_at("availability").as_deref() == Some("Required");
            serves_user_data.then_some(i64::from(!is_required))
        })
    }

    /// The id of the listed element with the smallest rank; a target that lists none is not judged.
    pub(super) fn first(
        &self,
        command: &'static str,
        params: &[(&str, &str)],
        name: &'static str,
        rank: impl Fn(&Node) -> Option<i64>,
    ) -> Result<String, Stop> {
        let request =
            params.iter().fold(self.api(command), |request, (name, value)| request.param(name, value));
        let reply = request.send()?;
        let items = reply.success()?.items(name);
        let ranked = items.into_iter().filter_map(|item| Some((rank(item)?, item.text_at("id")?)));
        let best = ranked.min_by_key(|(rank, _)| *rank).map(|(_, id)| id);
        best.ok_or(Stop::Unsupported(Listed(command, name)))
    }
}

/// A job of a command about one thing, once it has ended.
pub(super) fn act(target: &Target, command: &str, id: &str) -> Result<Job, Stop> {
    target.job(command).param("id", id).finish()
}

/// The same, for set-up: the job must have ended well.
pub(super) fn done(target: &Target, command: &str, id: &str) -> Result<(), Stop> {
    act(target, command, id)?.expect_success()
}

/// A text that the reply must have for the check to go on.
pub(super) fn id_in(reply: &Reply, path: &str) -> Result<String, Stop> {
    reply.expect_success()?;
    Ok(reply.expect_present(path)?.text().unwrap_or_default())
}
