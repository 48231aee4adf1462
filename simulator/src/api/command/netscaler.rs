//! NetScaler balancers and other appliances from outside. Nobody can add one: there is none to speak to.

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
        name: "listNetworkDevice",
        run: |_, _, arguments| {
            if !arguments.has("networkdeviceparameterlist") {
                return Err(ApiError::api(530, "Parameter list is null"));
            }
            Ok(Reply::all(Vec::new()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listGlobalLoadBalancerRules",
        run: |_, _, arguments| {
            if !arguments.has("regionid") && !arguments.has("id") {
                return Err(ApiError::invalid(
                    "Invalid arguments. At least one of region id, rule id must be specified",
                ));
            }
            Ok(Reply::all(Vec::new()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteNetscalerLoadBalancer",
        events: Some(EventTexts::of("Deleting a netscaler load balancer device")),
        run: |_, _, _| Err(ApiError::invalid("Could not find a netscaler device with the given ID")),
        ..Behaviour::PLAIN
    },
];
