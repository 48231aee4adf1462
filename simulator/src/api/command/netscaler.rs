//! NetScaler balancers. Nobody can add one: there is no appliance to speak to.

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::reply::Reply;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listNetscalerLoadBalancers",
        run: |_, _, _| Ok(Reply::all(Vec::new())),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteNetscalerLoadBalancer",
        events: Some(EventTexts::of("Deleting a netscaler load balancer device")),
        run: |_, _, _| Err(ApiError::invalid("Could not find a netscaler device with the given ID")),
        ..Behaviour::PLAIN
    },
];
