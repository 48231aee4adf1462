//! What checks create for themselves: networks, machines, an ordinary user. Everything goes through the target's
//! ledger and is removed with the check. Nothing here expects anything of the target.

use std::sync::atomic::{AtomicU8, Ordering};

use super::prelude::*;
use crate::{
    check::Capability,
    wire::{ExchangeError, api::ApiRequest, job::Job},
};

/// What a check needs that deploys machines.
pub(super) const MACHINES: &[Capability] = &[Command("createNetwork"), Command("deployVirtualMachine")];

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

/// An ordinary user of another account: the one that the target's owner named, or one in a domain of its own.
pub(super) fn ordinary_user(target: &Target) -> Result<Caller<'_>, Stop> {
    if let Some((key, secret)) = target.second_user() {
        return Ok(Caller { target, keys: Some((key.to_owned(), secret.to_owned())) });
    }
    let domain = target.api("createDomain").param("name", target.fresh_name("domain")).send()?;
    let domain = id_in(&domain, "domain.id")?;
    let name = target.fresh_name("user");
    let account = target
        .api("createAccount")
        .param("accounttype", 0)
        .param("domainid", domain)
        .param("account", &name)
        .param("username", &name)
        .param("password", target.fresh_name("password"))
        .param("firstname", "Ordinary")
        .param("lastname", "User")
        .param("email", "nobody@example.org")
        .post()
        .send()?;
    let user = id_in(&account, "account.user.id")?;
    let keys = target.api("registerUserKeys").param("id", user).send()?;
    Ok(Caller { target, keys: Some((id_in(&keys, "userkeys.apikey")?, id_in(&keys, "userkeys.secretkey")?)) })
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
        static NEXT: AtomicU8 = AtomicU8::new(0);
        let name = self.target.fresh_name("net");
        let third = NEXT.fetch_add(1, Ordering::Relaxed);
        let reply = self
            .api("createNetwork")
            .param("name", &name)
            .param("displaytext", &name)
            .param("zoneid", self.zone()?)
            .param("networkofferingid", self.network_offering()?)
            .param("gateway", format!("10.77.{third}.1"))
            .param("netmask", "255.255.255.0")
            .send()?;
        id_in(&reply, "network.id")
    }

    /// The request that deploys the smallest machine into a network, and the machine's name.
    pub(super) fn deployment(&self, network: &str) -> Result<(ApiRequest<'t>, String), Stop> {
        let name = self.target.fresh_name("vm");
        Ok((self.deployment_of(&name, network)?, name))
    }

    /// The same for a name that the check chooses.
    pub(super) fn deployment_of(&self, name: &str, network: &str) -> Result<ApiRequest<'t>, Stop> {
        let request = self
            .api("deployVirtualMachine")
            .param("name", name)
            .param("zoneid", self.zone()?)
            .param("templateid", self.template()?)
            .param("serviceofferingid", self.service_offering()?)
            .param("networkids", network);
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

    /// The machine as a list shows it.
    pub(super) fn listed(&self, machine: &str) -> Result<Reply, Stop> {
        let reply = self.api("listVirtualMachines").param("id", machine).send()?;
        reply.expect_success()?;
        Ok(reply)
    }

    fn zone(&self) -> Result<String, Stop> {
        self.first("listZones", &[("available", "true")], "zone", |zone| {
            let is_advanced = zone.text_at("networktype").is_none_or(|kind| kind == "Advanced");
            is_advanced.then_some(0)
        })
    }

    fn template(&self) -> Result<String, Stop> {
        self.first("listTemplates", &[("templatefilter", "executable")], "template", |template| {
            let usable = template.text_at("isready").is_none_or(|ready| ready == "true")
                && template.text_at("passwordenabled").is_none_or(|enabled| enabled == "false");
            usable.then(|| template.get("size").and_then(Node::integer).unwrap_or(i64::MAX))
        })
    }

    fn service_offering(&self) -> Result<String, Stop> {
        self.first("listServiceOfferings", &[], "serviceoffering", |offering| {
            let is_fixed = offering.text_at("iscustomized").is_none_or(|custom| custom == "false");
            offering.get("memory").and_then(Node::integer).filter(|_| is_fixed)
        })
    }

    fn network_offering(&self) -> Result<String, Stop> {
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

    /// The id of the listed element with the smallest rank.
    fn first(
        &self,
        command: &str,
        params: &[(&str, &str)],
        name: &str,
        rank: impl Fn(&Node) -> Option<i64>,
    ) -> Result<String, Stop> {
        let request =
            params.iter().fold(self.api(command), |request, (name, value)| request.param(name, value));
        let reply = request.send()?;
        let items = reply.success()?.items(name);
        let ranked = items.into_iter().filter_map(|item| Some((rank(item)?, item.text_at("id")?)));
        let best = ranked.min_by_key(|(rank, _)| *rank).map(|(_, id)| id);
        best.ok_or_else(|| {
            ExchangeError::Fault(format!("{command} shows no {name} that a machine could be made with"))
                .into()
        })
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
fn id_in(reply: &Reply, path: &str) -> Result<String, Stop> {
    reply.expect_success()?;
    Ok(reply.expect_present(path)?.text().unwrap_or_default())
}
