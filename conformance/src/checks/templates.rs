//! Templates and ISOs: how they are registered, shown and removed.
//!
//! ISOs stand for both: they need no hypervisor. What they are loaded from does not exist, which a target learns only
//! after it has answered.

use super::{
    prelude::*,
    setup::{self, act},
};

const ISOS: &[crate::check::Capability] = &[Command("registerIso"), Command("listIsos")];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "templates/status-of-a-ready-iso",
        level: Must,
        profile: Core,
        needs: ISOS,
        requirement: "A ready ISO of one's own is Successfully Installed.",
        source: "TemplateJoinDaoImpl.java:505-523",
        rules: &["TPL-001"],
        run: |target| {
            let iso = setup::us(target).iso()?;
            let reply = listed(target, &iso)?;
            if reply.success()?.text_at("iso.isready").as_deref() != Some("true") {
                return Err(Stop::Unsupported(Command("registerIso")));
            }
            reply.expect_field("iso.status", "Successfully Installed")
        },
    },
    Check {
        id: "templates/changed-one-has-no-zone",
        level: Should,
        profile: Core,
        needs: &[Command("registerIso"), Command("updateIso")],
        requirement: "The answer to a change of an ISO says that it is not ready, whatever its zones say.",
        source: "TemplateJoinDaoImpl.java:164-186",
        rules: &["TPL-002"],
        run: |target| {
            let iso = setup::us(target).iso()?;
            let request = target.api("updateIso").param("id", iso);
            let reply = request.param("displaytext", target.fresh_name("text")).send()?;
            reply.expect_success()?;
            reply.expect_field("iso.isready", "false")
        },
    },
    Check {
        id: "templates/iso-in-use-stays",
        level: Should,
        profile: Core,
        needs: &[
            Command("registerIso"),
            Command("attachIso"),
            Command("createNetwork"),
            Command("deployVirtualMachine"),
        ],
        requirement: "Deleting an ISO that is in a machine's drive fails in the job with 431.",
        source: "TemplateManagerImpl.java:1368-1395",
        rules: &["TPL-003"],
        run: |target| {
            let iso = setup::us(target).iso()?;
            let machine = setup::us(target).stopped_machine()?;
            let request = target.job("attachIso").param("id", &iso);
            // An ISO that is still being loaded cannot be attached.
            if !request.param("virtualmachineid", &machine.id).finish()?.succeeded {
                return Err(Stop::Unsupported(Command("attachIso")));
            }
            act(target, "deleteIso", &iso)?.expect_failure(431)
        },
    },
    Check {
        id: "templates/empty-drive",
        level: Should,
        profile: Core,
        needs: &[Command("detachIso"), Command("createNetwork"), Command("deployVirtualMachine")],
        requirement: "Detaching an ISO from a machine that has none fails in the job with 431.",
        source: "TemplateManagerImpl.java:1189-1195",
        rules: &["TPL-003"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let request = target.job("detachIso").param("virtualmachineid", &machine.id);
            request.finish()?.expect_failure(431)
        },
    },
];

fn listed(target: &Target, iso: &str) -> Result<Reply, Stop> {
    let reply = target.api("listIsos").param("isofilter", "self").param("id", iso).send()?;
    reply.expect_success()?;
    Ok(reply)
}
