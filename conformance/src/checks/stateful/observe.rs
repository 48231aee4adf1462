//! What lists show of an account, against what it has and what is counted for it.

use std::collections::BTreeSet;

use super::{Invariant, Judged, model::State, play::Member};
use crate::checks::prelude::*;

/// Lists that show the things of an account: the command, and what it calls them.
const LISTS: [(&str, &str); 4] = [
    ("listVirtualMachines", "virtualmachine"),
    ("listVolumes", "volume"),
    ("listPublicIpAddresses", "publicipaddress"),
    ("listNetworks", "network"),
];

/// What an account sees in one list.
struct Seen {
    reply: Reply,
    name: &'static str,
}

impl Seen {
    fn by(member: &Member<'_>, (command, name): (&'static str, &'static str)) -> Result<Self, Stop> {
        let reply = member.newcomer.caller.api(command).param("listall", true).send()?;
        reply.expect_success()?;
        Ok(Self { reply, name })
    }

    /// What is in it, without the networks that everybody shares.
    fn items(&self) -> Vec<&Node> {
        let is_shared =
            |item: &&Node| self.name == "network" && item.text_at("type").as_deref() == Some("Shared");
        self.reply.body().items(self.name).into_iter().filter(|item| !is_shared(item)).collect()
    }

    /// What it shows, each thing in words, against what it should show.
    fn expect(
        &self,
        expected: &BTreeSet<String>,
        shown: impl Fn(&&Node) -> Option<String>,
    ) -> Result<(), Stop> {
        let actual: BTreeSet<String> = self.items().iter().filter_map(shown).collect();
        if actual == *expected {
            return Ok(());
        }
        let words = |set: &BTreeSet<String>, other: &BTreeSet<String>| {
            let own: Vec<&str> = set.difference(other).map(String::as_str).collect();
            if own.is_empty() { "no other".to_owned() } else { own.join(", ") }
        };
        Err(self.reply.mismatch(self.name, words(expected, &actual), words(&actual, expected)))
    }
}

/// Looks at everything that an account sees, and at what is counted for it.
pub(super) fn account(
    target: &Target,
    judged: Judged,
    member: &Member<'_>,
    other: &Member<'_>,
) -> Result<(), Stop> {
    let [machines, volumes, addresses, networks] = LISTS.map(|list| Seen::by(member, list));
    let (machines, volumes, addresses, networks) = (machines?, volumes?, addresses?, networks?);
    if judged.has(Invariant::Reach) {
        [&machines, &volumes, &addresses, &networks]
            .into_iter()
            .try_for_each(|seen| own(seen, member, other))?;
    }
    if judged.has(Invariant::States) {
        states(member, &machines, &volumes, &addresses)?;
    }
    if judged.has(Invariant::Counts) {
        let reply = target.api("listAccounts").param("id", &member.account).send()?;
        let running = in_state(&machines, State::Running);
        let stopped = in_state(&machines, State::Stopped);
        reply.expect_field("account[0].vmtotal", machines.items().len())?;
        reply.expect_field("account[0].vmrunning", running)?;
        reply.expect_field("account[0].vmstopped", stopped)?;
        reply.expect_field("account[0].iptotal", addresses.items().len())?;
        reply.expect_field("account[0].networktotal", networks.items().len())?;
        // Whether the root of a destroyed machine counts is left open.
        let is_destroyed = |machine: &super::model::Machine| machine.state == State::Destroyed;
        if !member.holding.machines.iter().any(is_destroyed) {
            reply.expect_field("account[0].volumetotal", volumes.items().len())?;
        }
    }
    Ok(())
}

fn in_state(machines: &Seen, state: State) -> usize {
    let items = machines.items();
    items.iter().filter(|item| item.text_at("state").as_deref() == Some(state.word())).count()
}

/// Everything in a list is the account's own.
fn own(seen: &Seen, member: &Member<'_>, other: &Member<'_>) -> Result<(), Stop> {
    for (index, item) in seen.items().into_iter().enumerate() {
        let account = item.text_at("account").unwrap_or_default();
        if account != member.newcomer.name {
            let at = format!("{}[{index}].account", seen.name);
            return Err(seen.reply.mismatch(at, &member.newcomer.name, account));
        }
        let id = item.text_at("id").unwrap_or_default();
        if other.holding.ids().any(|foreign| foreign == id) {
            let at = format!("{}[{index}].id", seen.name);
            return Err(seen.reply.mismatch(at, "something of the account's own", id));
        }
    }
    Ok(())
}

/// The things of the account are there, in the states that its commands have led to.
fn states(member: &Member<'_>, machines: &Seen, volumes: &Seen, addresses: &Seen) -> Result<(), Stop> {
    let holding = &member.holding;
    let alive = holding.machines.iter().filter(|machine| machine.state != State::Destroyed);
    let expected = alive.map(|machine| format!("{} {}", machine.id, machine.state.word()));
    machines.expect(&expected.collect(), |item| {
        let state = item.text_at("state")?;
        // What failed to be deployed, and what an administrator alone may see.
        let is_ours = !matches!(state.as_str(), "Error" | "Destroyed" | "Expunging");
        is_ours.then(|| item.text_at("id").map(|id| format!("{id} {state}")))?
    })?;
    let on = |machine: Option<String>| machine.map_or_else(|| "alone".to_owned(), |id| format!("at {id}"));
    let expected =
        holding.volumes.iter().map(|volume| format!("{} {}", volume.id, on(volume.machine.clone())));
    volumes.expect(&expected.collect(), |item| {
        let is_data = item.text_at("type").as_deref() == Some("DATADISK");
        let id = item.text_at("id").filter(|_| is_data)?;
        Some(format!("{id} {}", on(item.text_at("virtualmachineid"))))
    })?;
    addresses.expect(&holding.addresses.iter().cloned().collect(), |item| {
        item.text_at("id").filter(|_| item.text_at("issourcenat").as_deref() != Some("true"))
    })
}

/// Nothing of a deleted account is left in its domain.
pub(super) fn remains(
    target: &Target,
    judged: Judged,
    domain: &str,
    member: &Member<'_>,
) -> Result<(), Stop> {
    if !judged.has(Invariant::Remains) {
        return Ok(());
    }
    for (command, name) in LISTS {
        let reply = target.api(command).param("domainid", domain).param("listall", true).send()?;
        reply.expect_success()?;
        let left = reply.body().items(name).into_iter().find(|item| {
            let is_of_it = item.text_at("account").as_deref() == Some(&member.newcomer.name);
            is_of_it || item.text_at("id").is_some_and(|id| member.holding.ids().any(|own| own == id))
        });
        if let Some(left) = left {
            let id = left.text_at("id").unwrap_or_default();
            return Err(reply.mismatch(name, "nothing of the deleted account", id));
        }
    }
    Ok(())
}
