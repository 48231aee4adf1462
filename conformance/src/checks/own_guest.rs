//! Guests that a check deploys for itself and speaks as, beside the first guest that the target's owner named.
//!
//! Only where this machine stands for every address of the guests' networks ([`AnyGuest`]). They are removed with the
//! check like any other machine.

use super::{cards, prelude::*, setup, setup::id_in};
use crate::{
    check::Capability,
    target::Guest,
    wire::{
        api::ApiRequest,
        job::Job,
        router::{Page, Router as Seen},
    },
};

/// What a check needs that deploys a guest and speaks as it.
pub(super) const OWN_GUEST: &[Capability] = &[AnyGuest, Command("deployVirtualMachine")];

/// A machine of a check that runs in the network of the first named guest.
pub(super) struct OwnGuest<'t> {
    target: &'t Target,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) address: String,
    /// The router as this guest sees it.
    pub(super) router: Seen<'t>,
    /// What the deployment told.
    pub(super) job: Job,
}

/// A guest, before it is deployed.
pub(super) struct Deployment<'t> {
    target: &'t Target,
    params: Vec<(String, String)>,
    name: String,
}

/// A guest with the smallest template and offering.
pub(super) fn guest(target: &Target) -> Result<Deployment<'_>, Stop> {
    let us = setup::us(target);
    let place = Place::of_guests(target)?;
    let name = target.fresh_name("vm");
    let mut params = vec![
        ("zoneid", place.zone),
        ("templateid", us.template()?),
        ("serviceofferingid", us.service_offering()?),
        ("networkids", place.network),
        ("name", name.clone()),
    ];
    if let Some((account, domain)) = place.owner {
        params.extend([("account", account), ("domainid", domain)]);
    }
    let params = params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Deployment { target, params, name })
}

impl<'t> Deployment<'t> {
    /// Sets a parameter of `deployVirtualMachine`, in place of what was there.
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        self.params.retain(|(other, _)| other != name);
        if name == "name" {
            self.name.clone_from(&value);
        }
        self.params.push((name.to_owned(), value));
        self
    }

    /// The same in a network of the caller's own, with a card in the guests' network too if `also` says so.
    pub(super) fn in_own_network(mut self, also: bool) -> Result<Self, Stop> {
        let network = setup::us(self.target).network()?;
        let networks = match (also, self.params.iter().find(|(name, _)| name == "networkids")) {
            (true, Some((_, first))) => format!("{first},{network}"),
            _ => network,
        };
        // It must belong to whoever the network belongs to.
        self.params.retain(|(name, _)| name != "account" && name != "domainid");
        Ok(self.with("networkids", networks))
    }

    /// The same of a template that knows passwords.
    pub(super) fn with_password(self) -> Result<Self, Stop> {
        let executable = [("templatefilter", "executable")];
        let us = setup::us(self.target);
        let template = us.first("listTemplates", &executable, "template", |template| {
            let is = |name: &str| template.text_at(name).as_deref() == Some("true");
            (is("isready") && is("passwordenabled")).then_some(0)
        })?;
        Ok(self.with("templateid", template))
    }

    /// Deploys it; it runs.
    pub(super) fn deploy(self) -> Result<OwnGuest<'t>, Stop> {
        let Self { target, params, name } = self;
        let request = params
            .iter()
            .fold(target.api("deployVirtualMachine"), |request, (name, value)| request.param(name, value));
        let job = request.post().send()?.finish_job()?;
        job.expect_success()?;
        let id = job.reply.expect_present("jobresult.virtualmachine.id")?.text().unwrap_or_default();
        let address = card(target, &id, true)?.address.to_string();
        let router = target.router_as(neighbour(target, &name, &id, &address)?);
        Ok(OwnGuest { target, id, name, address, router, job })
    }
}

impl OwnGuest<'_> {
    /// Runs a job on it, which must end well.
    pub(super) fn act(&self, command: &str, params: &[(&str, &str)]) -> Result<Job, Stop> {
        let request = self.target.job(command).param("id", &self.id);
        let request = params.iter().fold(request, |request, (name, value)| request.param(name, value));
        let job = request.post().finish()?;
        job.expect_success()?;
        Ok(job)
    }

    /// Changes it.
    pub(super) fn update(&self, params: &[(&str, &str)]) -> Result<(), Stop> {
        let request = self.target.api("updateVirtualMachine").param("id", &self.id);
        let request = params.iter().fold(request, |request, (name, value)| request.param(name, value));
        request.post().send()?.expect_success()
    }

    /// A metadata type.
    pub(super) fn value(&self, kind: &str) -> Result<Page, Stop> {
        self.router.get(&format!("/latest/meta-data/{kind}"))
    }

    /// The router of its card that is not the default one, as that card sees it, and the address of the card. Routers
    /// share a port, and the first address of a network is its router's.
    pub(super) fn second_card(&self) -> Result<(Seen<'_>, String), Stop> {
        let card = card(self.target, &self.id, false)?;
        let address = card.address.to_string();
        let guest = neighbour(self.target, &self.name, &self.id, &address)?;
        let guest = guest.behind(&card.gateway.to_string()).ok_or(Stop::Unsupported(AnyGuest))?;
        Ok((self.target.router_as(guest), address))
    }

    /// Takes it away for good, so that its address is free.
    pub(super) fn expunge(&self) -> Result<(), Stop> {
        self.act("destroyVirtualMachine", &[("expunge", "true")]).map(|_| ())
    }
}

/// The default card of a machine, or the first other one.
fn card(target: &Target, machine: &str, is_default: bool) -> Result<cards::Card, Stop> {
    let found = cards::of_machine(target, machine)?.into_iter().find(|card| card.is_default == is_default);
    found.ok_or(Stop::Unsupported(AnyGuest))
}

/// Somebody at an address of the network of the first named guest.
fn neighbour(target: &Target, name: &str, id: &str, address: &str) -> Result<Guest, Stop> {
    let named = target.guests().first();
    named.and_then(|guest| guest.neighbour(name, id, address)).ok_or(Stop::Unsupported(AnyGuest))
}

/// Where the first named guest is.
pub(super) struct Place {
    pub(super) zone: String,
    pub(super) network: String,
    /// Account and domain of the machine, if they are told.
    pub(super) owner: Option<(String, String)>,
}

impl Place {
    /// The place of the first named guest.
    pub(super) fn of_guests(target: &Target) -> Result<Self, Stop> {
        let guest = target.guests().first().filter(|guest| !guest.id.is_empty());
        let guest = guest.ok_or(Stop::Unsupported(Router))?;
        let reply = setup::us(target).listed(&guest.id)?;
        let told = |path: &str| reply.body().text_at(path);
        Ok(Self {
            zone: id_in(&reply, "virtualmachine.zoneid")?,
            network: id_in(&reply, "virtualmachine.nic.networkid")?,
            owner: told("virtualmachine.account").zip(told("virtualmachine.domainid")),
        })
    }

    /// A request on behalf of whoever the guests belong to.
    pub(super) fn of_its_owner<'t>(&self, request: ApiRequest<'t>) -> ApiRequest<'t> {
        match &self.owner {
            Some((account, domain)) => request.param("account", account).param("domainid", domain),
            None => request,
        }
    }
}
