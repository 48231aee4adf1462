//! Forgetting what was expunged. Machines that are gone leave their identifiers, and nothing else.

use uuid::Uuid;

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::Kind;

pub(super) const COMMANDS: &[Behaviour] = &[Behaviour {
    name: "purgeExpungedResources",
    events: Some(EventTexts::of("Purging expunged resources")),
    run: |world, _, arguments| {
        if let Some(other) = arguments.filled("resourcetype").filter(|word| *word != "VirtualMachine") {
            return Err(ApiError::invalid(format!("Invalid resource type specified: {other}")));
        }
        let batch = arguments.integer("batchsize");
        if batch.is_some_and(|batch| batch <= 0) {
            return Err(ApiError::invalid("Invalid batchsize specified"));
        }
        if let (Some(start), Some(end)) = (arguments.date("startdate"), arguments.date("enddate"))
            && start > end
        {
            return Err(ApiError::invalid("Invalid date range: startdate is after enddate"));
        }
        let gone = expunged(world);
        for uuid in &gone {
            world.index.remove(uuid);
        }
        Ok(Reply::Object(Object::new().with("resourcecount", i64::try_from(gone.len()).unwrap_or(i64::MAX))))
    },
    ..Behaviour::PLAIN
}];

/// The identifiers of the machines that are gone.
fn expunged(world: &World) -> Vec<Uuid> {
    let machines = world.index.iter().filter(|(_, thing)| thing.kind == Kind::VirtualMachine);
    machines.filter(|(_, thing)| world.uuid_of(**thing).is_none()).map(|(uuid, _)| *uuid).collect()
}
