//! Plays steps to a target: two accounts of a domain of their own, who are judged after every few steps and deleted at
//! the end.

use super::{
    Invariant, Judged,
    model::{Effect, Expected, Holding, Machine, State},
    observe,
    step::{Act, Step},
};
use crate::{
    checks::{
        prelude::*,
        setup::{self, Newcomer},
    },
    wire::{ExchangeError, api::ApiRequest, http::Url},
};

/// Steps between two looks at everything.
const LOOK_EVERY: usize = 8;

/// Codes of a target that has no room left, or none for this account (API-ERR-001).
const NO_ROOM: &[u16] = &[533, 534, 535];

/// Codes with which a command may refuse what it is asked for (API-ERR-001).
const REFUSALS: &[u16] = &[430, 431, 432, 530, 531, 532, 533, 534, 535, 536, 537];

/// One of the two accounts.
pub(super) struct Member<'t> {
    pub(super) newcomer: Newcomer<'t>,
    /// The id of the account.
    pub(super) account: String,
    /// The id of its network.
    pub(super) network: String,
    pub(super) holding: Holding,
}

/// What machines and volumes are made of.
struct Ground {
    zone: String,
    template: String,
    service_offering: String,
    disk_offering: String,
}

/// A step as a request, with what it must come to.
struct Planned<'t> {
    who: &'static str,
    request: ApiRequest<'t>,
    expected: Expected,
    effect: Effect,
    /// What is broken if it comes to something else.
    breaks: Invariant,
}

/// What became of a request.
enum Outcome {
    /// Done; the id is that of what was made.
    Done(Option<String>),
    /// Refused, at once or by the job, with this code.
    Refused(u16),
}

/// A sequence that is being played.
struct Player<'t> {
    target: &'t Target,
    judged: Judged,
    domain: String,
    ground: Ground,
    members: [Member<'t>; 2],
    /// What was asked for, and by whom: numbers of exchanges.
    story: Vec<(&'static str, usize)>,
}

/// Plays a sequence to two new accounts and judges the target by the invariants. A mismatch tells the sequence as lines
/// for a shell.
pub fn play(target: &Target, judged: Judged, steps: &[Step]) -> Result<(), Stop> {
    let domain = setup::domain(target, None)?;
    let mut player = Player {
        target,
        judged,
        ground: ground(target)?,
        members: [newcomer(target, &domain)?, newcomer(target, &domain)?],
        domain,
        story: Vec::new(),
    };
    let result = player.play(steps).map_err(|stop| player.told(stop));
    // What a broken sequence left would be in the way of the next one.
    let request = target.job("deleteDomain").param("id", &player.domain).param("cleanup", true);
    let gone = request.finish().and_then(|job| job.expect_success());
    result.and(gone)
}

fn ground(target: &Target) -> Result<Ground, Stop> {
    let us = setup::us(target);
    Ok(Ground {
        zone: us.zone()?,
        template: us.template()?,
        service_offering: us.service_offering()?,
        disk_offering: us.disk_offering()?,
    })
}

fn newcomer<'t>(target: &'t Target, domain: &str) -> Result<Member<'t>, Stop> {
    let newcomer = setup::newcomer(target, Some(domain), ("accounttype", "0"))?;
    let network = newcomer.caller.network()?;
    let account = setup::id_in(&newcomer.answer, "account.id")?;
    Ok(Member { newcomer, account, network, holding: Holding::default() })
}

impl<'t> Player<'t> {
    fn play(&mut self, steps: &[Step]) -> Result<(), Stop> {
        for (number, step) in (1..).zip(steps) {
            self.take(*step)?;
            if number % LOOK_EVERY == 0 {
                self.look()?;
            }
        }
        self.look()?;
        (0..2).try_for_each(|which| self.delete(which))
    }

    /// Looks at everything that the accounts can see.
    fn look(&self) -> Result<(), Stop> {
        let [one, other] = &self.members;
        observe::account(self.target, self.judged, one, other)?;
        observe::account(self.target, self.judged, other, one)
    }

    fn take(&mut self, step: Step) -> Result<(), Stop> {
        if step.act == Act::ReplaceAccount {
            self.delete(step.by)?;
            self.members[step.by] = newcomer(self.target, &self.domain)?;
            return Ok(());
        }
        let Some(planned) = self.plan(step) else { return Ok(()) };
        let command = planned.request.clone();
        let reply = command.send()?;
        self.story.push((planned.who, reply.exchange));
        let outcome = outcome(&reply)?;
        self.judge(&planned, &reply, &outcome)?;
        if let Outcome::Done(made) = outcome {
            let of = if planned.breaks == Invariant::Reach { 1 - step.by } else { step.by };
            self.members[of].holding.apply(&planned.effect, made);
        }
        Ok(())
    }

    fn judge(&self, planned: &Planned<'_>, reply: &Reply, outcome: &Outcome) -> Result<(), Stop> {
        if !self.judged.has(planned.breaks) {
            return Ok(());
        }
        let (expected, actual) = match (planned.expected, outcome) {
            (_, Outcome::Refused(code)) if !REFUSALS.contains(code) => {
                ("a code of refusals", code.to_string())
            }
            (Expected::Done, Outcome::Refused(code)) if !NO_ROOM.contains(code) => {
                ("it is done", format!("it is refused with {code}"))
            }
            (Expected::Refused, Outcome::Done(_)) => ("it is refused", "it is done".to_owned()),
            _ => return Ok(()),
        };
        Err(reply.mismatch("outcome", expected, actual))
    }

    /// The request of a step; nothing if there is no thing for it.
    fn plan(&self, step: Step) -> Option<Planned<'t>> {
        let mine = &self.members[step.by];
        let who = ["the first account", "the second account"][step.by];
        let ours = |command: &str| mine.newcomer.caller.api(command);
        let by_us = |command: &str| self.target.api(command);
        let holding = &mine.holding;
        let own = |request: ApiRequest<'t>, expected, effect| {
            Some(Planned { who, request, expected, effect, breaks: Invariant::States })
        };
        let admins = |request: ApiRequest<'t>, expected, effect| {
            Some(Planned { who: "the administrator", request, expected, effect, breaks: Invariant::States })
        };
        let when = |can| if can { Expected::Done } else { Expected::Refused };
        let name = || self.target.fresh_name("thing");
        match step.act {
            Act::Deploy => {
                let request = ours("deployVirtualMachine")
                    .param("name", name())
                    .param("zoneid", &self.ground.zone)
                    .param("templateid", &self.ground.template)
                    .param("serviceofferingid", &self.ground.service_offering)
                    .param("networkids", &mine.network);
                own(request, Expected::Done, Effect::Deployed)
            }
            Act::CreateVolume => {
                let request = ours("createVolume")
                    .param("name", name())
                    .param("zoneid", &self.ground.zone)
                    .param("diskofferingid", &self.ground.disk_offering);
                own(request, Expected::Done, Effect::VolumeMade)
            }
            Act::Acquire => {
                let request = ours("associateIpAddress").param("networkid", &mine.network);
                own(request, Expected::Done, Effect::AddressTaken)
            }
            Act::Stop | Act::Start | Act::Reboot | Act::Destroy | Act::Recover | Act::Expunge => {
                let machine = holding.machine(step.which)?;
                let (command, from, effect) = transition(step.act, machine)?;
                let can = from.contains(&machine.state);
                // Whether a destroyed one is destroyed well is not for its owner to see.
                if step.act == Act::Destroy && !can {
                    return None;
                }
                if matches!(step.act, Act::Recover | Act::Expunge) {
                    return admins(by_us(command).param("id", &machine.id), when(can), effect);
                }
                own(ours(command).param("id", &machine.id), when(can), effect)
            }
            Act::Attach => {
                let (volume, machine) = (holding.volume(step.which)?, holding.machine(step.which)?);
                let request =
                    ours("attachVolume").param("id", &volume.id).param("virtualmachineid", &machine.id);
                let effect = Effect::Attached(volume.id.clone(), machine.id.clone());
                own(request, holding.attaching(volume, machine), effect)
            }
            Act::Detach => {
                let volume = holding.volume(step.which)?;
                let request = ours("detachVolume").param("id", &volume.id);
                own(request, Holding::detaching(volume), Effect::Detached(volume.id.clone()))
            }
            Act::DeleteVolume => {
                let volume = holding.volume(step.which)?;
                let request = ours("deleteVolume").param("id", &volume.id);
                own(request, when(volume.machine.is_none()), Effect::VolumeGone(volume.id.clone()))
            }
            Act::Release => {
                let address = holding.address(step.which)?;
                let request = ours("disassociateIpAddress").param("id", address);
                own(request, Expected::Done, Effect::AddressGone(address.clone()))
            }
            Act::Meddle => {
                let (command, id, effect) = self.meddling(1 - step.by, step.which);
                let request = ours(command).param("id", id);
                Some(Planned { who, request, expected: Expected::Refused, effect, breaks: Invariant::Reach })
            }
            Act::ReplaceAccount => None,
        }
    }

    /// A command about something that an account has, to be refused to anybody else.
    fn meddling(&self, of: usize, which: usize) -> (&'static str, &str, Effect) {
        let Member { holding, network, .. } = &self.members[of];
        let machine = holding.machine(which);
        match (which, machine, holding.volume(which), holding.address(which)) {
            (1, _, Some(volume), _) => ("deleteVolume", &volume.id, Effect::VolumeGone(volume.id.clone())),
            (2, _, _, Some(id)) => ("disassociateIpAddress", id, Effect::AddressGone(id.clone())),
            (0..=2, Some(machine), ..) => {
                ("stopVirtualMachine", &machine.id, Effect::Moved(machine.id.clone(), State::Stopped))
            }
            _ => ("restartNetwork", network, Effect::None),
        }
    }

    /// Deletes an account: nothing of it may remain.
    fn delete(&mut self, which: usize) -> Result<(), Stop> {
        let member = &self.members[which];
        let reply = self.target.api("deleteAccount").param("id", &member.account).send()?;
        self.story.push(("the administrator", reply.exchange));
        match outcome(&reply)? {
            Outcome::Done(_) => {
                self.target.gone_with_owner(member.holding.ids());
                observe::remains(self.target, self.judged, &self.domain, member)
            }
            Outcome::Refused(code) if self.judged.has(Invariant::Remains) => {
                Err(reply.mismatch("outcome", "the account is deleted", format!("it is refused with {code}")))
            }
            Outcome::Refused(_) => Ok(()),
        }
    }

    /// A mismatch with the sequence that led to it, a line for a shell for each request.
    fn told(&self, stop: Stop) -> Stop {
        let Stop::Mismatch(mut mismatch) = stop else { return stop };
        let origin = self.target.endpoint().and_then(|url| Url::parse(url).ok());
        let origin = origin.map_or_else(String::new, |url| url.origin.to_string());
        let last = mismatch.exchange.filter(|last| self.story.iter().all(|(_, number)| number != last));
        let asked = self.story.iter().copied().chain(last.map(|number| ("judged by", number)));
        let lines = asked.filter_map(|(who, number)| {
            let exchange = self.target.told(number)?;
            Some(format!("{}  # {who}", exchange.curl(&origin)))
        });
        let told = lines.collect::<Vec<_>>().join("\n");
        mismatch.case = Some(told);
        Stop::Mismatch(mismatch)
    }
}

/// The command of a step about a machine, the states that it is good for, and what it comes to.
fn transition(act: Act, machine: &Machine) -> Option<(&'static str, &'static [State], Effect)> {
    use State::{Destroyed, Running, Stopped};
    let moved = |state| Effect::Moved(machine.id.clone(), state);
    Some(match act {
        // Nothing is left to be stopped, which is no fault (VirtualMachineManagerImpl.advanceStop).
        Act::Stop if machine.state == Destroyed => ("stopVirtualMachine", &[Destroyed], Effect::None),
        Act::Stop => ("stopVirtualMachine", &[Running, Stopped], moved(Stopped)),
        Act::Start => ("startVirtualMachine", &[Stopped], moved(Running)),
        Act::Reboot => ("rebootVirtualMachine", &[Running], moved(Running)),
        Act::Destroy => ("destroyVirtualMachine", &[Running, Stopped], moved(Destroyed)),
        Act::Recover => ("recoverVirtualMachine", &[Destroyed], moved(Stopped)),
        Act::Expunge => ("expungeVirtualMachine", &[Destroyed], Effect::Expunged(machine.id.clone())),
        _ => return None,
    })
}

/// What became of a request, once its job has ended: every job ends.
fn outcome(reply: &Reply) -> Result<Outcome, Stop> {
    if reply.status() != 200 {
        return Ok(Outcome::Refused(reply.status()));
    }
    let body = reply.success()?;
    if body.get("jobid").is_none() {
        return Ok(Outcome::Done(body.text_at("id")));
    }
    match reply.finish_job() {
        Ok(job) if job.succeeded => Ok(Outcome::Done(body.text_at("id"))),
        Ok(job) => {
            let code = job.result.get("errorcode").and_then(Node::integer);
            Ok(Outcome::Refused(code.and_then(|code| u16::try_from(code).ok()).unwrap_or_default()))
        }
        Err(Stop::Broken(ExchangeError::Job { after, .. })) => {
            let actual = format!("it is pending after {} ms", after.as_millis());
            Err(reply.mismatch("job", "it ends", actual))
        }
        Err(stop) => Err(stop),
    }
}
