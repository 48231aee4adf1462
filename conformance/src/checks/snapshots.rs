//! Snapshots of volumes and of machines: what refuses them, what they become and what they are good for.
//!
//! What a target's hypervisor cannot take a snapshot of is not judged.

use super::{
    prelude::*,
    setup::{self, act, done},
};

/// What a check needs that takes a snapshot of a volume.
const SNAPSHOTS: &[crate::check::Capability] =
    &[Command("createNetwork"), Command("deployVirtualMachine"), Command("createSnapshot")];

const VM_SNAPSHOTS: &[crate::check::Capability] =
    &[Command("createNetwork"), Command("deployVirtualMachine"), Command("createVMSnapshot")];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "snapshots/of-an-unready-volume",
        level: Must,
        profile: Core,
        needs: &[Command("createVolume"), Command("createSnapshot")],
        requirement: "A snapshot of a volume that was never attached is refused with 431 before there is a job.",
        source: "VolumeApiServiceImpl.java:3998-4049",
        rules: &["SNP-001"],
        run: |target| {
            let volume = setup::us(target).data_volume()?;
            target.api("createSnapshot").param("volumeid", volume).send()?.expect_error(431)
        },
    },
    Check {
        id: "snapshots/finished-state",
        level: Must,
        profile: Core,
        needs: SNAPSHOTS,
        requirement: "A finished snapshot is BackedUp, or CreatedOnPrimary where snapshots stay on primary storage.",
        source: "Snapshot.java:50-63",
        rules: &["SNP-002"],
        run: |target| {
            let snapshot = Snapshot::of_a_new_machine(target)?;
            let state = "jobresult.snapshot.state";
            let found = snapshot.job.reply.expect_present(state)?.text().unwrap_or_default();
            if ["BackedUp", "CreatedOnPrimary"].contains(&found.as_str()) {
                return Ok(());
            }
            Err(snapshot.job.reply.mismatch(state, "BackedUp or CreatedOnPrimary", found))
        },
    },
    Check {
        id: "snapshots/busy-volume",
        level: Should,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("createSnapshot"),
            PendingJobs,
        ],
        requirement: "While a snapshot is Creating its volume is Snapshotting.",
        source: "Volume.java:118-120",
        rules: &["SNP-006"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let volume = root_volume(target, &machine.id)?;
            let submitted = target.api("createSnapshot").param("volumeid", &volume).send()?;
            submitted.expect_success()?;
            let mut is_judged = false;
            submitted.watch_job(|_| {
                let reply = target.api("listSnapshots").param("volumeid", &volume).send()?;
                let state = reply.success()?.text_at("snapshot.state");
                if state.as_deref() == Some("Creating") && !is_judged {
                    is_judged = true;
                    return reply.expect_field("snapshot.volumestate", "Snapshotting");
                }
                Ok(())
            })?;
            if is_judged { Ok(()) } else { Err(Stop::Unsupported(PendingJobs)) }
        },
    },
    Check {
        id: "snapshots/names-its-job",
        level: Should,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("createSnapshot"),
            PendingJobs,
        ],
        requirement: "While its job is pending a listed snapshot names that job, with the number 0 as its status.",
        source: "ApiServer.java:856-908",
        rules: &["API-RSP-032", "JOB-078"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let volume = root_volume(target, &machine.id)?;
            let submitted = target.api("createSnapshot").param("volumeid", &volume).send()?;
            submitted.expect_success()?;
            let job = submitted.expect_present("jobid")?.text().unwrap_or_default();
            let mut is_judged = false;
            submitted.watch_job(|_| {
                let reply = target.api("listSnapshots").param("volumeid", &volume).send()?;
                let state = reply.success()?.text_at("snapshot.state").unwrap_or_default();
                // Later states may outlive the job.
                if ["Allocated", "Creating"].contains(&state.as_str()) && !is_judged {
                    is_judged = true;
                    reply.expect_field("snapshot.jobid", &job)?;
                    reply.expect_kind("snapshot.jobstatus", "number")?;
                    return reply.expect_field("snapshot.jobstatus", 0);
                }
                Ok(())
            })?;
            if is_judged { Ok(()) } else { Err(Stop::Unsupported(PendingJobs)) }
        },
    },
    Check {
        id: "snapshots/deleted-once",
        level: Must,
        profile: Core,
        needs: SNAPSHOTS,
        requirement: "Deleting a snapshot that was deleted fails in the job with 431.",
        source: "SnapshotManagerImpl.java:890",
        rules: &["SNP-004"],
        run: |target| {
            let snapshot = Snapshot::of_a_new_machine(target)?;
            done(target, "deleteSnapshot", &snapshot.id)?;
            act(target, "deleteSnapshot", &snapshot.id)?.expect_failure(431)
        },
    },
    Check {
        id: "snapshots/no-volume-from-a-deleted-one",
        level: Must,
        profile: Core,
        needs: SNAPSHOTS,
        requirement: "A volume of a snapshot that is not BackedUp is refused with 431 before there is a job.",
        source: "VolumeApiServiceImpl.java:874",
        rules: &["SNP-003"],
        run: |target| {
            let snapshot = Snapshot::of_a_new_machine(target)?;
            done(target, "deleteSnapshot", &snapshot.id)?;
            let request = target.api("createVolume").param("name", target.fresh_name("volume"));
            request.param("snapshotid", &snapshot.id).send()?.expect_error(431)
        },
    },
    Check {
        id: "snapshots/no-way-back-while-running",
        level: Must,
        profile: Core,
        needs: SNAPSHOTS,
        requirement: "Going back to a snapshot of a machine that runs fails in the job with 431.",
        source: "SnapshotManagerImpl.java:362-385",
        rules: &["SNP-005"],
        run: |target| {
            let snapshot = Snapshot::of_a_new_machine(target)?;
            act(target, "revertSnapshot", &snapshot.id)?.expect_failure(431)
        },
    },
    Check {
        id: "snapshots/no-memory-of-a-stopped-machine",
        level: Must,
        profile: Core,
        needs: VM_SNAPSHOTS,
        requirement: "A snapshot of the memory of a machine that is stopped is refused with 530 before there is a job.",
        source: "VMSnapshotManagerImpl.java:320-366",
        rules: &["VMS-001"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let request = target.api("createVMSnapshot").param("virtualmachineid", &machine.id);
            request.param("snapshotmemory", true).send()?.expect_error(530)
        },
    },
    Check {
        id: "snapshots/disks-of-a-running-machine-stay",
        level: Should,
        profile: Core,
        needs: VM_SNAPSHOTS,
        requirement: "Going back to a snapshot of the disks of a machine fails in the job with 431 while it runs.",
        source: "VMSnapshotManagerImpl.java:723-763",
        rules: &["VMS-002"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            done(target, "stopVirtualMachine", &machine.id)?;
            let snapshot = vm_snapshot(target, &machine.id)?;
            done(target, "startVirtualMachine", &machine.id)?;
            let request = target.job("revertToVMSnapshot").param("vmsnapshotid", snapshot);
            request.finish()?.expect_failure(431)
        },
    },
    Check {
        id: "snapshots/one-of-a-machine-at-a-time",
        level: Should,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("createVMSnapshot"),
            PendingJobs,
        ],
        requirement: "A second snapshot of a machine is refused with 530 while the first is taken.",
        source: "VMSnapshotManagerImpl.java:421",
        rules: &["VMS-003"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let request = || target.api("createVMSnapshot").param("virtualmachineid", &machine.id);
            let first = request().param("name", "first").send()?;
            if first.status() != 200 {
                return Err(Stop::Unsupported(Command("createVMSnapshot")));
            }
            let second = request().param("name", "second").send()?;
            let mut was_pending = false;
            first.watch_job(|_| {
                was_pending = true;
                Ok(())
            })?;
            if second.status() == 200 && !was_pending {
                return Err(Stop::Unsupported(PendingJobs));
            }
            second.expect_error(530)
        },
    },
    Check {
        id: "snapshots/hold-the-machine",
        level: Should,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("createSnapshot"),
            PendingJobs,
        ],
        requirement: "Destroying a machine fails with 530 while a snapshot of its root volume is taken.",
        source: "UserVmManagerImpl.java:3520-3524, 5998-6000",
        rules: &["VM-038"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let volume = root_volume(target, &machine.id)?;
            let submitted = target.api("createSnapshot").param("volumeid", &volume).send()?;
            submitted.expect_success()?;
            let destruction = target.api("destroyVirtualMachine").param("id", &machine.id).send()?;
            destruction.expect_success()?;
            // Whoever asks for a job moves it on, so nothing is asked before both are there.
            let list = target.api("listSnapshots").param("volumeid", &volume).send()?;
            let state = list.success()?.text_at("snapshot.state").unwrap_or_default();
            let destroyed = destruction.finish_job()?;
            submitted.finish_job()?;
            if !["Allocated", "Creating"].contains(&state.as_str()) {
                return Err(Stop::Unsupported(PendingJobs));
            }
            destroyed.expect_failure(530)
        },
    },
    Check {
        id: "snapshots/transitions-are-named",
        level: Should,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("createSnapshot"),
            Command("archiveSnapshot"),
        ],
        requirement: "Archiving a snapshot that is archived fails with 530 and names its state and the event.",
        source: "StateMachine2.java:108, seen on a running server",
        rules: &["FSM-001"],
        run: |target| {
            let snapshot = Snapshot::of_a_new_machine(target)?;
            let job = act(target, "archiveSnapshot", &snapshot.id)?;
            let text = job.result.text_at("errortext").unwrap_or_default();
            // Where snapshots stay on primary storage there is something to archive.
            if job.succeeded || text.starts_with("Can only archive snapshots present on primary storage") {
                return Err(Stop::Unsupported(Command("archiveSnapshot")));
            }
            job.expect_failure(530)?;
            let end = "Unable to transition to a new state from Ready via CreateOnlyRequested";
            if text.ends_with(end) { Ok(()) } else { Err(job.reply.mismatch("errortext", end, text)) }
        },
    },
];

/// A snapshot of the root volume of a machine that runs.
struct Snapshot {
    id: String,
    job: crate::wire::job::Job,
}

impl Snapshot {
    fn of_a_new_machine(target: &Target) -> Result<Self, Stop> {
        let machine = setup::us(target).machine()?;
        let volume = root_volume(target, &machine.id)?;
        let answer = target.api("createSnapshot").param("volumeid", volume).send()?;
        answer.expect_success()?;
        let id = answer.expect_present("id")?.text().unwrap_or_default();
        let job = answer.finish_job()?;
        job.expect_success()?;
        Ok(Self { id, job })
    }
}

fn root_volume(target: &Target, machine: &str) -> Result<String, Stop> {
    let request = target.api("listVolumes").param("virtualmachineid", machine).param("type", "ROOT");
    let reply = request.send()?;
    reply.expect_success()?;
    Ok(reply.expect_present("volume.id")?.text().unwrap_or_default())
}

/// A snapshot of the disks of a machine; what the target's hypervisor cannot do is not offered.
fn vm_snapshot(target: &Target, machine: &str) -> Result<String, Stop> {
    let answer = target.api("createVMSnapshot").param("virtualmachineid", machine).send()?;
    if answer.status() != 200 || !answer.finish_job()?.succeeded {
        return Err(Stop::Unsupported(Command("createVMSnapshot")));
    }
    Ok(answer.expect_present("id")?.text().unwrap_or_default())
}
