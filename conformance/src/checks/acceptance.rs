//! What accepts a job, and what refuses it before there is one.
//!
//! What an accepted job does is in [`jobs`](super::jobs), what it leaves in [`results`](super::results).

use super::{prelude::*, setup};
use crate::check::Capability;

/// Makes something by a job: a machine that is not started.
const MACHINES: &[Capability] = setup::MACHINES;

/// Commands whose envelope is not their own name, with their envelope (table 1.1 of the dossier). Each lacks a
/// parameter when it is sent bare.
const HISTORIC: &[(&str, &str)] = &[
    ("restoreVirtualMachine", "restorevmresponse"),
    ("addIpToNic", "addiptovmnicresponse"),
    ("activateProject", "activaterojectresponse"),
    ("archiveSnapshot", "createsnapshotresponse"),
    ("updateVMAffinityGroup", "updatevirtualmachineresponse"),
    ("scaleSystemVm", "changeserviceforsystemvmresponse"),
    ("enableStorageMaintenance", "prepareprimarystorageformaintenanceresponse"),
    ("cancelStorageMaintenance", "cancelprimarystoragemaintenanceresponse"),
    ("startInternalLoadBalancerVM", "startinternallbvmresponse"),
    ("stopInternalLoadBalancerVM", "stopinternallbvmresponse"),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "acceptance/id-before-job",
        level: Should,
        profile: Core,
        needs: MACHINES,
        requirement: "The answer to a creation has the id of the thing, then that of the job.",
        source: "ApiResponseSerializer.java:228-243, BaseResponse.java:27-33",
        rules: &["JOB-003"],
        run: |target| {
            for format in [Format::Json, Format::Xml] {
                let us = setup::us(target);
                let (request, _) = us.deployment(&us.network()?)?;
                let reply = request.param("startvm", "false").format(format).send()?;
                reply.expect_success()?;
                reply.expect_equal("the fields", "id jobid", names_in(&reply))?;
                reply.finish_job()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "acceptance/no-wrapper-in-xml",
        level: Must,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deleteNetwork")],
        requirement: "The id of an accepted job stands in the root of an answer in XML.",
        source: "ApiResponseSerializer.java:171-213",
        rules: &["JOB-004"],
        run: |target| {
            let network = setup::us(target).network()?;
            let reply = target.api("deleteNetwork").param("id", network).xml().send()?;
            reply.expect_envelope("deletenetworkresponse")?;
            reply.expect_equal("the elements", "jobid", names_in(&reply))?;
            reply.finish_job()?.expect_success()
        },
    },
    Check {
        id: "acceptance/historic-envelopes",
        level: Must,
        profile: Core,
        needs: &[ApiKeys, Command("restoreVirtualMachine")],
        requirement: "Commands whose envelope was never their name keep it, in refusals too.",
        source: "BaseCmd.java:296-298, ApiServer.java:1603-1632, RestoreVMCmd.java",
        rules: &["JOB-006"],
        run: |target| {
            let facts = target.facts()?;
            let offered = HISTORIC.iter().filter(|(command, _)| facts.commands.contains(*command));
            for (command, envelope) in offered {
                let reply = target.api(command).send()?;
                reply.expect_error(431)?;
                reply.expect_envelope(envelope)?;
            }
            Ok(())
        },
    },
    Check {
        id: "acceptance/no-job-on-a-foreign-thing",
        level: Must,
        profile: Core,
        needs: &[SecondUser, Command("createNetwork"), Command("deployVirtualMachine")],
        requirement: "A user who names the machine of another account is refused with 531 before there is a job.",
        source: "ParamProcessWorker.java:235-296,355-364, DomainChecker.java:221-232",
        rules: &["JOB-013"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let user = setup::ordinary_user(target)?;
            for command in ["rebootVirtualMachine", "stopVirtualMachine"] {
                let reply = user.api(command).param("id", &machine.id).send()?;
                reply.expect_absent("jobid")?;
                reply.expect_error_text(
                    531,
                    "Caller does not have permission to operate with provided resource.",
                )?;
            }
            Ok(())
        },
    },
    Check {
        id: "acceptance/one-image",
        level: Should,
        profile: Core,
        needs: &[RootAdmin, Command("deployVirtualMachine"), Since("4.22")],
        requirement: "A deployment that names neither a template nor a volume nor a snapshot is refused with 530.",
        source: "DeployVMCmd.java:133-136",
        rules: &["JOB-022"],
        run: |target| {
            let us = setup::us(target);
            let request = target.api("deployVirtualMachine").param("name", target.fresh_name("vm"));
            let request = request.param("zoneid", us.zone()?).param("startvm", "false");
            let reply = request.param("serviceofferingid", us.service_offering()?).send()?;
            reply.expect_absent("jobid")?;
            reply.expect_error_text(
                530,
                "Please provide only one of the following parameters - template ID, volume ID or snapshot ID",
            )
        },
    },
    Check {
        id: "acceptance/nothing-cancels",
        level: Must,
        profile: Core,
        needs: &[ApiKeys],
        requirement: "There is no command that cancels a job.",
        source: "no such command among the names of all releases",
        rules: &["JOB-092", "JOB-015"],
        run: |target| {
            let unknown = "00000000-1111-4222-8333-444444444444";
            for command in ["cancelAsyncJob", "cancelJob", "deleteAsyncJob"] {
                let reply = target.api(command).param("jobid", unknown).send()?;
                reply.expect_error_text(401, "unable to verify user credentials and/or request signature")?;
            }
            Ok(())
        },
    },
];

/// The names of the fields of an answer, in their order.
fn names_in(reply: &Reply) -> String {
    let names: Vec<&str> = reply.body().members().iter().map(|(name, _)| name.as_str()).collect();
    names.join(" ")
}
