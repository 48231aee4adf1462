//! Public addresses: acquired, held, released.
//!
//! Each check acquires an address for a network of its own and gives it back.

use super::{
    prelude::*,
    setup::{self, act, done},
};
use crate::check::Capability;

const ADDRESSES: &[Capability] = &[
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("associateIpAddress"),
    Command("disassociateIpAddress"),
    Command("listPublicIpAddresses"),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "addresses/acquired-keeps-its-id",
        level: Must,
        profile: Core,
        needs: ADDRESSES,
        requirement: "Acquiring an address answers at once the id that the job's `ipaddress` has.",
        source: "AssociateIPAddrCmd.java, IpAddress.java:40-46",
        rules: &["IPA-001", "JOB-002", "JOB-044"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let (id, job) = setup::us(target).address(&machine.network)?;
            job.reply.expect_field("jobresult.ipaddress.id", &id)?;
            job.reply.expect_field("jobinstancetype", "IpAddress")?;
            job.reply.expect_field("jobinstanceid", &id)
        },
    },
    Check {
        id: "addresses/acquired-is-allocated",
        level: Must,
        profile: Core,
        needs: ADDRESSES,
        requirement: "An address is `Allocated` when the job that acquired it has ended.",
        source: "IpAddress.java:40-46",
        rules: &["IPA-001"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let (id, _) = setup::us(target).address(&machine.network)?;
            let list = target.api("listPublicIpAddresses").param("id", id).send()?;
            list.expect_field("publicipaddress.state", "Allocated")
        },
    },
    Check {
        id: "addresses/released-again",
        level: Should,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("associateIpAddress"),
            Command("disassociateIpAddress"),
            Alone,
        ],
        requirement: "Releasing an address that was released is refused at once with 530.",
        source: "DisassociateIPAddrCmd.java, seen on a running server",
        rules: &["IPA-001"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let (id, _) = setup::us(target).address(&machine.network)?;
            done(target, "disassociateIpAddress", &id)?;
            target.api("disassociateIpAddress").param("id", &id).send()?.expect_error(530)
        },
    },
    Check {
        id: "addresses/source-nat-stays",
        level: Should,
        profile: Core,
        needs: ADDRESSES,
        requirement: "Releasing the address that a network's machines go out by fails in the job with 530.",
        source: "NetworkServiceImpl.java:1269-1300, ApiAsyncJobDispatcher.java:108-137",
        rules: &["IPA-002", "JOB-017"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let network = ("associatednetworkid", machine.network.as_str());
            let source_nat = setup::us(target).first(
                "listPublicIpAddresses",
                &[network, ("issourcenat", "true")],
                "publicipaddress",
                |_| Some(0),
            )?;
            act(target, "disassociateIpAddress", &source_nat)?.expect_failure_text(
                530,
                "ip address is used for source nat purposes and can not be disassociated.",
            )
        },
    },
];
