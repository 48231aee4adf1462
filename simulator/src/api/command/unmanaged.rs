//! Machines that are on a host but not in the cloud. The simulated hypervisor is none of those that let machines
//! come and go that way, so all of it is refused.

use super::virtual_machine::{machine, refuse_expunged};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::reply::Reply;

const NO_IMPORT: &str = "VM import is currently not supported for hypervisor [Simulator].";

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "unmanageVirtualMachine",
        about: Some("id"),
        check: Some(refuse_expunged),
        events: Some(EventTexts {
            scheduled: "unmanaging VM. VM ID: {#}",
            action: "unmanaging VM. VM ID: {#}",
            created: None,
        }),
        run: |world, _, arguments| {
            machine(world, arguments, "id")?;
            Err(ApiError::runtime("Unmanage VM is currently not allowed for hypervisor Simulator"))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listUnmanagedInstances",
        run: |_, _, _| Err::<Reply, _>(ApiError::invalid(NO_IMPORT)),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "importUnmanagedInstance",
        events: Some(EventTexts {
            scheduled: "importing unmanaged VM",
            action: "importing unmanaged VM",
            created: None,
        }),
        run: |_, _, _| Err::<Reply, _>(ApiError::invalid(NO_IMPORT)),
        ..Behaviour::PLAIN
    },
];
