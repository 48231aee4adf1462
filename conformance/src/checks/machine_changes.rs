//! What changes in a machine: its size, its secrets, its root volume, its host, its properties.
//!
//! Most of it wants a machine that is stopped, or one that runs; each check deploys one of its own.

use super::{
    machines::expect_failure_start,
    prelude::*,
    setup::{self, act, done, id_in},
};
use crate::{
    check::Capability,
    wire::{api::ApiRequest, job::Job},
};

const RESIZABLE: &[Capability] = &[
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("changeServiceForVirtualMachine"),
    Command("scaleVirtualMachine"),
];

const PASSWORDS: &[Capability] =
    &[Command("createNetwork"), Command("deployVirtualMachine"), Command("resetPasswordForVirtualMachine")];

const KEYS: &[Capability] =
    &[Command("createNetwork"), Command("deployVirtualMachine"), Command("resetSSHKeyForVirtualMachine")];

const PASSWORD: &str = "jobresult.virtualmachine.password";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "machine-changes/offering-of-a-running-one",
        level: Must,
        profile: Core,
        needs: RESIZABLE,
        requirement: "`changeServiceForVirtualMachine` refuses a machine that is not stopped at once, with 431.",
        source: "UserVmManagerImpl.java:1265-1268, VirtualMachineManagerImpl.java:4396-4400",
        rules: &["VM-040", "VM-042"],
        run: |target| {
            let us = setup::us(target);
            let machine = us.machine()?;
            for state in ["Running", "Destroyed"] {
                if state == "Destroyed" {
                    done(target, "destroyVirtualMachine", &machine.id)?;
                }
                let request = target.api("changeServiceForVirtualMachine").param("id", &machine.id);
                let reply = request.param("serviceofferingid", us.service_offering()?).send()?;
                reply.expect_error_start(431, "Unable to upgrade virtual machine VM instance {")?;
                expect_end(
                    &reply,
                    &format!("}}  in state {state}; make sure the virtual machine is stopped"),
                )?;
            }
            Ok(())
        },
    },
    Check {
        id: "machine-changes/size-of-a-destroyed-one",
        level: Should,
        profile: Core,
        needs: RESIZABLE,
        requirement: "`scaleVirtualMachine` of a machine that neither runs nor is stopped fails in the job with 431.",
        source: "VirtualMachineManagerImpl.java:4396-4400",
        rules: &["VM-042"],
        run: |target| {
            let us = setup::us(target);
            let machine = us.stopped_machine()?;
            done(target, "destroyVirtualMachine", &machine.id)?;
            let request = target.job("scaleVirtualMachine").param("id", &machine.id);
            let job = request.param("serviceofferingid", us.service_offering()?).finish()?;
            expect_failure_start(&job, 431, "Unable to upgrade virtual machine ")
        },
    },
    Check {
        id: "machine-changes/offering-that-it-has",
        level: Should,
        profile: Core,
        needs: RESIZABLE,
        requirement: "Changing the offering of a machine to the one that it has is refused with 431.",
        source: "VirtualMachineManagerImpl.java:4402-4407",
        rules: &["VM-041"],
        run: |target| {
            let us = setup::us(target);
            let machine = us.stopped_machine()?;
            let request = target.api("changeServiceForVirtualMachine").param("id", &machine.id);
            let reply = request.param("serviceofferingid", us.service_offering()?).send()?;
            reply.expect_error_start(431, "Not upgrading vm VM instance {")
        },
    },
    Check {
        id: "machine-changes/no-smaller-while-running",
        level: Should,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("scaleVirtualMachine"),
            Setting("enable.dynamic.scale.vm", "true"),
        ],
        requirement: "A machine that runs is scaled to more than it has or not at all: the job fails with 431.",
        source: "UserVmManagerImpl.java:2086-2133",
        rules: &["VM-043"],
        run: |target| {
            let us = setup::us(target);
            let machine = us.machine()?;
            let request = target.job("scaleVirtualMachine").param("id", &machine.id);
            let job = request.param("serviceofferingid", us.service_offering()?).finish()?;
            // The slip of the pen is upstream's.
            expect_failure_start(&job, 431, "While the VM is running, only scalling up it is supported.")
        },
    },
    Check {
        id: "machine-changes/migration-of-a-stopped-one",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createNetwork"), Command("deployVirtualMachine"), Command("listHosts")],
        requirement: "Migrating a machine that does not run fails in the job with 431.",
        source: "UserVmManagerImpl.java:7142-7149",
        rules: &["VM-045"],
        run: |target| {
            let host = setup::us(target).first("listHosts", &[("type", "Routing")], "host", |_| Some(0))?;
            let machine = setup::us(target).stopped_machine()?;
            let text = "VM is not Running, unable to migrate the vm with specified id";
            migrated(target, &machine.id, &host)?.expect_failure_text(431, text)
        },
    },
    Check {
        id: "machine-changes/migration-to-its-own-host",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("createNetwork"), Command("deployVirtualMachine"), Command("listHosts")],
        requirement: "Migrating a machine to the host that it is on fails in the job with 431.",
        source: "UserVmManagerImpl.java:7263-7271",
        rules: &["VM-045"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let listed = setup::us(target).listed(&machine.id)?;
            let host = id_in(&listed, "virtualmachine.hostid")?;
            let text = "Cannot migrate VM, VM is already present on this host, please specify valid destination host \
                        to migrate the VM";
            migrated(target, &machine.id, &host)?.expect_failure_text(431, text)
        },
    },
    Check {
        id: "machine-changes/refused-update",
        level: Must,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deployVirtualMachine"), Since("4.17")],
        requirement: "Whatever `updateVirtualMachine` finds wrong is refused with 530 and the reason behind a colon.",
        source: "UpdateVMCmd.java execute, InvalidParameterValueException.java:21",
        rules: &["VM-050"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            // No Base64.
            let request = target.api("updateVirtualMachine").param("id", &machine.id).param("userdata", "~");
            request.send()?.expect_error_start(530, "Failed to update VM, due to: ")
        },
    },
    Check {
        id: "machine-changes/password-of-a-plain-one",
        level: Must,
        profile: Core,
        needs: PASSWORDS,
        requirement: "Resetting the password of a machine whose template knows none fails in the job with 431.",
        source: "UserVmManagerImpl.java:877-890",
        rules: &["VM-055"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let text = "Fail to reset password for the virtual machine, the template is not password enabled";
            act(target, "resetPasswordForVirtualMachine", &machine.id)?.expect_failure_text(431, text)
        },
    },
    Check {
        id: "machine-changes/password-of-a-running-one",
        level: Must,
        profile: Core,
        needs: PASSWORDS,
        requirement: "Resetting the password of a machine that runs fails in the job with 431.",
        source: "UserVmManagerImpl.java:877-890",
        rules: &["VM-055"],
        run: |target| {
            let machine = with_password(target)?;
            done(target, "startVirtualMachine", &machine)?;
            let job = act(target, "resetPasswordForVirtualMachine", &machine)?;
            expect_failure_start(&job, 431, "Vm VM instance {")?;
            expect_failure_end(&job, " should be stopped to do password reset")
        },
    },
    Check {
        id: "machine-changes/new-password-is-told",
        level: Must,
        profile: Core,
        needs: PASSWORDS,
        requirement: "Resetting a password tells the new one: that which was sent, else one that was drawn.",
        source: "ResetVMPasswordCmd.java execute",
        rules: &["VM-056"],
        run: |target| {
            let machine = with_password(target)?;
            let reset = || target.job("resetPasswordForVirtualMachine").param("id", &machine);
            let drawn = reset().finish()?;
            drawn.expect_success()?;
            let text = drawn.reply.expect_present(PASSWORD)?.text().unwrap_or_default();
            drawn.reply.expect_equal("whether the password is empty", false, text.is_empty())?;
            // Older releases draw one whatever is sent.
            if !target.is_since("4.19")? {
                return Ok(());
            }
            let chosen = reset().param("password", "Chosen-1234").post().finish()?;
            chosen.expect_success()?;
            chosen.reply.expect_field(PASSWORD, "Chosen-1234")
        },
    },
    Check {
        id: "machine-changes/first-password-is-told",
        level: Should,
        profile: Core,
        needs: PASSWORDS,
        requirement: "The job of a deployment tells the password of a machine whose template knows one.",
        source: "UserVmManagerImpl.java:5305-5311",
        rules: &["VM-012"],
        run: |target| {
            let answer = deployment_with_password(target)?.send()?;
            let job = answer.finish_job()?;
            job.expect_success()?;
            let text = job.reply.expect_present(PASSWORD)?.text().unwrap_or_default();
            job.reply.expect_equal("whether the password is empty", false, text.is_empty())
        },
    },
    Check {
        id: "machine-changes/password-is-told-once",
        level: Should,
        profile: Core,
        needs: PASSWORDS,
        requirement: "A list of machines shows no password.",
        source: "UserVmManagerImpl.java:5305-5311, UserVmJoinDaoImpl.java:288",
        rules: &["VM-012"],
        run: |target| {
            let machine = with_password(target)?;
            done(target, "resetPasswordForVirtualMachine", &machine)?;
            let list = setup::us(target).listed(&machine)?;
            list.expect_field("virtualmachine.id", &machine)?;
            list.expect_absent("virtualmachine.password")
        },
    },
    Check {
        id: "machine-changes/keys-of-a-running-one",
        level: Must,
        profile: Core,
        needs: KEYS,
        requirement: "Resetting the SSH keys of a machine that runs fails in the job with 431.",
        source: "UserVmManagerImpl.java:1040-1069",
        rules: &["VM-057"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let key = target.api("createSSHKeyPair").param("name", target.fresh_name("key")).post().send()?;
            let name = id_in(&key, "keypair.name")?;
            let request = target.job("resetSSHKeyForVirtualMachine").param("id", &machine.id);
            let job = request.param("keypair", name).finish()?;
            expect_failure_start(&job, 431, "Vm VM instance {")?;
            expect_failure_end(&job, " should be stopped to do SSH Key reset")
        },
    },
    Check {
        id: "machine-changes/unknown-keys",
        level: Must,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("resetSSHKeyForVirtualMachine"),
            Since("4.17"),
        ],
        requirement: "Resetting the SSH keys of a machine to unknown ones, or to none, fails in the job with 431.",
        source: "UserVmManagerImpl.java:1040-1069",
        rules: &["VM-057"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let reset = || target.job("resetSSHKeyForVirtualMachine").param("id", &machine.id);
            let unknown = reset().param("keypair", target.fresh_name("key")).finish()?;
            unknown.expect_failure_text(431, "Not all specified keypairs exist")?;
            reset().finish()?.expect_failure_text(431, "'keypair' or 'keypairs' must be specified")
        },
    },
    Check {
        id: "machine-changes/user-data-of-a-running-one",
        level: Must,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("resetUserDataForVirtualMachine"),
        ],
        requirement: "Resetting the user data of a machine that runs is refused at once with 431.",
        source: "UserVmManagerImpl.java:994-997, 6207-6214",
        rules: &["VM-059", "UD-029"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let request = target.api("resetUserDataForVirtualMachine").param("id", &machine.id);
            let reply = request.param("userdata", "Zm9v").send()?;
            reply.expect_error_start(431, "VM VM instance {")?;
            expect_end(&reply, " should be stopped to do UserData reset")
        },
    },
    Check {
        id: "machine-changes/restore-of-a-destroyed-one",
        level: Must,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deployVirtualMachine"), Command("restoreVirtualMachine")],
        requirement: "Restoring a machine that was destroyed fails in the job with 530, in an envelope of its own.",
        source: "UserVmManagerImpl.java:8852-8877",
        rules: &["VM-060"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            done(target, "destroyVirtualMachine", &machine.id)?;
            let answer = target.api("restoreVirtualMachine").param("virtualmachineid", &machine.id).send()?;
            answer.expect_envelope("restorevmresponse")?;
            let text = format!(
                "Vm {} currently in Destroyed state, restore vm can only execute when VM in Running or Stopped",
                machine.id
            );
            answer.finish_job()?.expect_failure_text(530, &text)
        },
    },
    Check {
        id: "machine-changes/restored-one-has-a-new-volume",
        level: Should,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("restoreVirtualMachine"),
            Command("listVolumes"),
            Command("deleteVolume"),
        ],
        requirement: "A running machine that was restored runs again, with a new root volume.",
        source: "UserVmManagerImpl.java:8899-9010",
        rules: &["VM-061"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let root = || {
                let request = target.api("listVolumes").param("virtualmachineid", &machine.id);
                request.param("type", "ROOT").send()
            };
            let before = id_in(&root()?, "volume.id")?;
            let job = target.job("restoreVirtualMachine").param("virtualmachineid", &machine.id).finish()?;
            job.expect_success()?;
            job.reply.expect_field("jobresult.virtualmachine.state", "Running")?;
            let after = root()?;
            after.expect_items("volume", 1)?;
            let is_new = id_in(&after, "volume.id")? != before;
            after.expect_equal("whether the root volume is new", true, is_new)?;
            // The old one waits to be expunged, and nothing else removes it with the check.
            target.api("deleteVolume").param("id", before).send()?.expect_success()
        },
    },
];

/// The job that moves a machine to a host, once it has ended.
fn migrated(target: &Target, machine: &str, host: &str) -> Result<Job, Stop> {
    target.job("migrateVirtualMachine").param("virtualmachineid", machine).param("hostid", host).finish()
}

/// A machine of a template that knows passwords; it was never started.
fn with_password(target: &Target) -> Result<String, Stop> {
    let answer = deployment_with_password(target)?.param("startvm", false).send()?;
    answer.finish_job()?.expect_success()?;
    id_in(&answer, "id")
}

/// The request that deploys a machine of such a template.
fn deployment_with_password(target: &Target) -> Result<ApiRequest<'_>, Stop> {
    let us = setup::us(target);
    let executable = [("templatefilter", "executable")];
    let template = us.first("listTemplates", &executable, "template", |template| {
        let is = |name: &str| template.text_at(name).as_deref() == Some("true");
        (is("isready") && is("passwordenabled")).then_some(0)
    })?;
    let request = target.api("deployVirtualMachine").param("name", target.fresh_name("vm"));
    let request = request.param("zoneid", us.zone()?).param("templateid", template);
    let request = request.param("serviceofferingid", us.service_offering()?);
    Ok(request.param("networkids", us.network()?))
}

/// The text of a refusal ends like this.
fn expect_end(reply: &Reply, end: &str) -> Result<(), Stop> {
    let text = reply.error_text().unwrap_or_default();
    if text.ends_with(end) { Ok(()) } else { Err(reply.mismatch("errortext", format!("…{end}"), text)) }
}

/// The text of a job that failed ends like this.
fn expect_failure_end(job: &Job, end: &str) -> Result<(), Stop> {
    let text = job.result.text_at("errortext").unwrap_or_default();
    if text.ends_with(end) { Ok(()) } else { Err(job.reply.mismatch("errortext", format!("…{end}"), text)) }
}
