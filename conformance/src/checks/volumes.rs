//! Data volumes: made, attached, resized, destroyed.
//!
//! Each check makes the smallest volume that the target offers.

use super::{
    prelude::*,
    setup::{self, Machine, act, done},
};
use crate::{check::Capability, wire::job::Job};

const VOLUMES: &[Capability] = &[Command("createVolume"), Command("deleteVolume"), Command("listVolumes")];
const ATTACHED: &[Capability] = &[
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("createVolume"),
    Command("attachVolume"),
    Command("detachVolume"),
];

/// What every refusal says of a volume that a machine has.
const IS_ATTACHED: &str = "Please specify a volume that is not attached to any VM.";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "volumes/new-one-is-allocated",
        level: Must,
        profile: Core,
        needs: VOLUMES,
        requirement: "A data volume that was never attached is `Allocated`.",
        source: "VolumeApiServiceImpl.java:737-960, Volume.java",
        rules: &["VOL-001"],
        run: |target| {
            let volume = setup::us(target).data_volume()?;
            listed(target, &volume)?.expect_field("volume.state", "Allocated")
        },
    },
    Check {
        id: "volumes/attached-is-ready",
        level: Must,
        profile: Core,
        needs: ATTACHED,
        requirement: "An attached volume is `Ready`, and names its machine and its place there.",
        source: "VolumeApiServiceImpl.java:2480-2760",
        rules: &["VOL-002"],
        run: |target| {
            let (machine, volume) = attached(target)?;
            let list = listed(target, &volume)?;
            list.expect_field("volume.state", "Ready")?;
            list.expect_field("volume.virtualmachineid", &machine.id)?;
            list.expect_present("volume.deviceid")?;
            list.expect_present("volume.attached").map(|_| ())
        },
    },
    Check {
        id: "volumes/attached-twice",
        level: Must,
        profile: Core,
        needs: ATTACHED,
        requirement: "Attaching a volume that is attached fails in the job with 431.",
        source: "VolumeApiServiceImpl.java:2777-2853",
        rules: &["VOL-003"],
        run: |target| {
            let (machine, volume) = attached(target)?;
            attach(target, &machine, &volume)?.expect_failure_text(431, IS_ATTACHED)
        },
    },
    Check {
        id: "volumes/detached-twice",
        level: Must,
        profile: Core,
        needs: ATTACHED,
        requirement: "Detaching a volume that is not attached fails in the job with 431.",
        source: "VolumeApiServiceImpl.java:3017-3080",
        rules: &["VOL-004"],
        run: |target| {
            let (_, volume) = attached(target)?;
            done(target, "detachVolume", &volume)?;
            let again = act(target, "detachVolume", &volume)?;
            again.expect_failure_text(431, "The specified volume is not attached to a VM.")
        },
    },
    Check {
        id: "volumes/shrinking-needs-consent",
        level: Must,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("createVolume"),
            Command("attachVolume"),
            Command("resizeVolume"),
        ],
        requirement: "A volume that would become smaller without `shrinkok` fails in the job with 432.",
        source: "VolumeApiServiceImpl.java:1114-1256",
        rules: &["VOL-005"],
        run: |target| {
            let (_, volume) = attached(target)?;
            let list = listed(target, &volume)?;
            let bytes = list.expect_present("volume.size")?.integer().unwrap_or_default();
            let smaller = (bytes >> 30) - 1;
            if smaller < 1 {
                return Err(Stop::Unsupported(Command("resizeVolume")));
            }
            let job = target.job("resizeVolume").param("id", &volume).param("size", smaller).finish()?;
            job.expect_failure(432)
        },
    },
    Check {
        id: "volumes/attached-one-stays",
        level: Must,
        profile: Core,
        needs: &[Command("deployVirtualMachine"), Command("attachVolume"), Command("destroyVolume")],
        requirement: "Destroying an attached volume fails in the job with 431, and deleting it is refused at once.",
        source: "VolumeApiServiceImpl.java:1629-1690, 1790-1884",
        rules: &["VOL-006", "VOL-007"],
        run: |target| {
            let (_, volume) = attached(target)?;
            act(target, "destroyVolume", &volume)?.expect_failure_text(431, IS_ATTACHED)?;
            let reply = target.api("deleteVolume").param("id", &volume).send()?;
            reply.expect_error_text(431, IS_ATTACHED)
        },
    },
    Check {
        id: "volumes/allocated-one-is-expunged",
        level: Must,
        profile: Core,
        needs: &[Command("createVolume"), Command("destroyVolume")],
        requirement: "Destroying a volume that was never attached fails in the job with 431 unless it is expunged.",
        source: "VolumeApiServiceImpl.java:1790-1884",
        rules: &["VOL-006"],
        run: |target| {
            let volume = setup::us(target).data_volume()?;
            act(target, "destroyVolume", &volume)?.expect_failure_text(
                431,
                "The volume in Allocated/Uploaded state can only be expunged not destroyed/recovered",
            )?;
            let expunged =
                target.job("destroyVolume").param("id", &volume).param("expunge", true).finish()?;
            expunged.expect_success()?;
            listed(target, &volume)?.expect_items("volume", 0)
        },
    },
    Check {
        id: "volumes/destroyed-one-recovers",
        level: Must,
        profile: Core,
        needs: &[
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("createVolume"),
            Command("attachVolume"),
            Command("destroyVolume"),
            Command("recoverVolume"),
        ],
        requirement: "A destroyed volume is in state `Destroy`, destroying it again succeeds, and recovered it is `Ready`.",
        source: "VolumeApiServiceImpl.java:1790-1884",
        rules: &["VOL-006"],
        run: |target| {
            let (_, volume) = attached(target)?;
            done(target, "detachVolume", &volume)?;
            let destroyed = act(target, "destroyVolume", &volume)?;
            destroyed.expect_success()?;
            destroyed.reply.expect_field("jobresult.volume.state", "Destroy")?;
            act(target, "destroyVolume", &volume)?.expect_success()?;
            let recovered = target.api("recoverVolume").param("id", &volume).send()?;
            recovered.expect_field("volume.state", "Ready")
        },
    },
    Check {
        id: "volumes/recover-needs-destroyed",
        level: Must,
        profile: Core,
        needs: &[Command("createVolume"), Command("recoverVolume")],
        requirement: "Recovering a volume that is not destroyed is refused at once with 431.",
        source: "VolumeApiServiceImpl.java:1790-1884",
        rules: &["VOL-006"],
        run: |target| {
            let volume = setup::us(target).data_volume()?;
            let reply = target.api("recoverVolume").param("id", &volume).send()?;
            reply.expect_error_text(431, "Please specify a volume in Destroy state.")
        },
    },
    Check {
        id: "volumes/deleted-one-is-gone",
        level: Should,
        profile: Core,
        needs: ATTACHED,
        requirement: "A deleted volume is not listed, and is refused at once with 431 where it is named.",
        source: "QueryManagerImpl.java:2811-2815, UUIDManagerImpl.java:116-131",
        rules: &["VOL-008", "JOB-012"],
        run: |target| {
            let volume = setup::us(target).data_volume()?;
            target.api("deleteVolume").param("id", &volume).send()?.expect_success()?;
            listed(target, &volume)?.expect_items("volume", 0)?;
            let reply = target.api("detachVolume").param("id", &volume).send()?;
            reply.expect_error_start(431, "Unable to find UUID for id [")
        },
    },
    Check {
        id: "volumes/protected-one-stays",
        level: Should,
        profile: Core,
        needs: &[Command("createVolume"), Command("updateVolume"), Command("deleteVolume"), Since("4.20")],
        requirement: "Deleting a volume that is protected is refused with 431 and a text that names it.",
        source: "VolumeApiServiceImpl.java:1790-1794",
        rules: &["VOL-009"],
        run: |target| {
            let volume = setup::us(target).data_volume()?;
            let protect = |on: bool| {
                let request = target.job("updateVolume").param("id", &volume);
                request.param("deleteprotection", on).finish()?.expect_success()
            };
            protect(true)?;
            let reply = target.api("deleteVolume").param("id", &volume).send()?;
            // It could not be removed after the check otherwise; a target that deleted it cannot change it any more.
            let judged = reply.expect_error_start(431, &format!("Volume [id = {volume}, name = "));
            judged.and_then(|()| protect(false))
        },
    },
    Check {
        id: "volumes/unready-one-does-not-move",
        level: Should,
        profile: Core,
        needs: &[RootAdmin, Command("createVolume"), Command("migrateVolume"), Command("listStoragePools")],
        requirement: "Migrating a volume that was never attached fails in the job with 431.",
        source: "VolumeApiServiceImpl.java:3335-3420",
        rules: &["VOL-010"],
        run: |target| {
            let us = setup::us(target);
            let pool = us.first("listStoragePools", &[], "storagepool", |pool| {
                (pool.text_at("state").as_deref() == Some("Up")).then_some(0)
            })?;
            let request = target.job("migrateVolume").param("volumeid", us.data_volume()?);
            let job = request.param("storageid", pool).finish()?;
            job.expect_failure_text(431, "Volume must be in ready state")
        },
    },
];

/// A data volume and the machine that it is attached to.
fn attached(target: &Target) -> Result<(Machine, String), Stop> {
    let us = setup::us(target);
    let (machine, volume) = (us.stopped_machine()?, us.data_volume()?);
    attach(target, &machine, &volume)?.expect_success()?;
    Ok((machine, volume))
}

/// The job that attaches a volume, once it has ended.
fn attach(target: &Target, machine: &Machine, volume: &str) -> Result<Job, Stop> {
    target.job("attachVolume").param("id", volume).param("virtualmachineid", &machine.id).finish()
}

/// The volume as a list shows it.
fn listed(target: &Target, volume: &str) -> Result<Reply, Stop> {
    let reply = target.api("listVolumes").param("id", volume).send()?;
    reply.expect_success()?;
    Ok(reply)
}
