//! What the door does inside of one world.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{self, Advance, AgentResult, NewFault, Nothing, Switch};
use super::{Done, Refusal, done};
use crate::cloud::Shared;
use crate::quirk::{Quirk, UnknownQuirk};
use crate::world::World;
use crate::world::fault::{Fault, Place};
use crate::world::kind::Kind;
use crate::world::saved;
use crate::world::table::Id;

/// Something that is done inside of a world.
pub(super) struct Deed {
    name: &'static str,
    pub(super) method: &'static str,
    pub(super) act: fn(&Shared, &[u8]) -> Done,
}

const DEEDS: &[Deed] = &[
    Deed { name: "snapshot", method: "POST", act: snapshot },
    Deed { name: "clock", method: "POST", act: clock },
    Deed { name: "quirks", method: "POST", act: quirks },
    Deed { name: "faults", method: "POST", act: order_fault },
    Deed { name: "faults", method: "DELETE", act: forget_faults },
    Deed { name: "settings", method: "POST", act: settings },
    Deed { name: "requests", method: "GET", act: requests },
];

/// The deeds of a name.
pub(super) fn named(name: &str) -> impl Iterator<Item = &'static Deed> {
    DEEDS.iter().filter(move |deed| deed.name == name)
}

fn snapshot(shared: &Shared, body: &[u8]) -> Done {
    body::read::<Nothing>(body)?;
    let world = shared.world().clone();
    Ok((200, saved::save(&world).trim_end().to_owned()))
}

fn clock(shared: &Shared, body: &[u8]) -> Done {
    let Advance { seconds, milliseconds } = body::read(body)?;
    if !shared.has_virtual_clock() {
        let text = "the clock of this world is the machine's: start it with --clock virtual, or make a world with \
                    {\"clock\": \"virtual\"}";
        return Err(Refusal::new(409, text));
    }
    let mut world = shared.world();
    world.now = world.now.plus_seconds(i64::from(seconds)).plus_millis(i64::from(milliseconds));
    done(200, &json!({ "now": world.now.to_string(), "milliseconds": world.now.0 }))
}

fn quirks(shared: &Shared, body: &[u8]) -> Done {
    let Switch { on, off } = body::read(body)?;
    let read = |names: &[String]| names.iter().map(|name| name.parse()).collect::<Result<Vec<Quirk>, _>>();
    let unknown = |error: UnknownQuirk| {
        Refusal::bad(format!("{error}; `cloudstack-simulator --list-quirks` names all of them"))
    };
    let (on, off) = (read(&on).map_err(unknown)?, read(&off).map_err(unknown)?);
    let mut world = shared.world();
    let mut quirks = world.quirks;
    on.into_iter().for_each(|quirk| quirks.add(quirk));
    off.into_iter().for_each(|quirk| quirks.remove(quirk));
    world.set_quirks(quirks);
    done(200, &json!({ "quirks": world.quirks.iter().map(Quirk::name).collect::<Vec<_>>() }))
}

/// Orders a fault of agents (SIM-001).
fn order_fault(shared: &Shared, body: &[u8]) -> Done {
    let new: NewFault = body::read(body)?;
    if new.wait == 0 && new.result.is_none() {
        return Err(Refusal::bad(
            "this fault does nothing: give it \"wait\" in milliseconds, or \"result\", which is fail or fault",
        ));
    }
    let mut world = shared.world();
    let place = Place {
        zone: find(&world, "zone", Kind::Zone, new.zone)?,
        pod: find(&world, "pod", Kind::Pod, new.pod)?,
        cluster: find(&world, "cluster", Kind::Cluster, new.cluster)?,
        host: find(&world, "host", Kind::Host, new.host)?,
    };
    let id = world.order_fault(Fault {
        name: new.command,
        place,
        count: new.count.map(i64::from),
        wait: i64::from(new.wait),
        fails: new.result == Some(AgentResult::Fail),
        breaks: new.result == Some(AgentResult::Fault),
    });
    done(201, &json!({ "id": id }))
}

/// The number of the thing that an identifier stands for.
fn find(world: &World, member: &str, kind: Kind, uuid: Option<Uuid>) -> Result<Option<Id>, Refusal> {
    let Some(uuid) = uuid else { return Ok(None) };
    let handle = world.find(uuid).filter(|handle| handle.kind == kind && world.uuid_of(*handle).is_some());
    let id = handle.map(|handle| handle.id);
    id.map(Some).ok_or_else(|| Refusal::bad(format!("at {member}: this world has no {member} {uuid}")))
}

fn forget_faults(shared: &Shared, body: &[u8]) -> Done {
    body::read::<Nothing>(body)?;
    let mut world = shared.world();
    let all: Vec<Id> = world.faults.iter().map(|(id, _)| id).collect();
    for id in &all {
        world.faults.remove(*id);
    }
    done(200, &json!({ "forgotten": all.len() }))
}

/// Sets settings, all or none, in force at once as those of `--set` are.
fn settings(shared: &Shared, body: &[u8]) -> Done {
    let pairs = body::pairs(body::read::<BTreeMap<String, Value>>(body)?)?;
    let mut world = shared.world();
    let mut settings = world.settings.clone();
    for (name, value) in &pairs {
        settings.set(name, value).map_err(|error| {
            Refusal::bad(format!(
                "{error}, so nothing was set; listConfigurations names those that there are"
            ))
        })?;
    }
    world.settings = settings;
    let set: BTreeMap<&String, &String> = pairs.iter().map(|(name, value)| (name, value)).collect();
    done(200, &json!({ "settings": set }))
}

fn requests(shared: &Shared, body: &[u8]) -> Done {
    body::read::<Nothing>(body)?;
    let (requests, forgotten) = shared.requests();
    done(200, &json!({ "requests": requests, "forgotten": forgotten }))
}
