//! The machines of load balancers inside VPCs. One is made once there is a machine to balance,
//! which cannot be put behind such a balancer here, so there are none.

use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::reply::Reply;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listInternalLoadBalancerVMs",
        run: |_, _, _| Ok(Reply::all(Vec::new())),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "startInternalLoadBalancerVM",
        events: Some(EventTexts {
            scheduled: "starting internal LB VM: {id}",
            action: "starting internal LB Vm",
            created: None,
        }),
        ..REFUSAL
    },
    Behaviour {
        name: "stopInternalLoadBalancerVM",
        events: Some(EventTexts {
            scheduled: "stopping internal LB VM: {id}",
            action: "stopping internal LB Vm",
            created: None,
        }),
        ..REFUSAL
    },
];

/// A virtual router has an identifier of the same class, and is none.
const REFUSAL: Behaviour = Behaviour {
    run: |_, _, _| Err(ApiError::invalid("Can't find internal lb vm by id")),
    ..Behaviour::PLAIN
};
