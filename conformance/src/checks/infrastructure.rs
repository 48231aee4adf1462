//! What clouds are made of: zones, pods, clusters, hosts, storage, routers.
//!
//! What is there already is only looked at; what is changed is a zone of our own that nothing can run in.

use super::{
    prelude::*,
    setup::{self, id_in},
};
use crate::check::Capability;

const ZONES: &[Capability] = &[RootAdmin, Command("createZone"), Command("deleteZone"), Command("createPod")];

/// Words of a host's connection (Status.java).
const CONNECTIONS: &[&str] =
    &["Creating", "Connecting", "Up", "Down", "Disconnected", "Alert", "Removed", "Error", "Rebalancing"];
/// Words of what an administrator wants of a host (ResourceState.java).
const WISHES: &[&str] = &[
    "Creating",
    "Enabled",
    "Disabled",
    "PrepareForMaintenance",
    "ErrorInPrepareForMaintenance",
    "Maintenance",
    "ErrorInMaintenance",
    "Error",
    "Degraded",
];
/// Words of primary storage (StoragePoolStatus.java).
const POOLS: &[&str] = &[
    "Initial",
    "Initialized",
    "Creating",
    "Attaching",
    "Up",
    "PrepareForMaintenance",
    "ErrorInMaintenance",
    "CancelMaintenance",
    "Maintenance",
    "Disabled",
    "Removed",
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "infrastructure/states-of-hosts",
        level: Must,
        profile: ReadOnly,
        needs: &[RootAdmin, Command("listHosts")],
        requirement: "`state` of a host is that of its connection, `resourcestate` is what its administrator wants.",
        source: "Status.java:25-35, ResourceState.java:25-34, HostJoinDaoImpl.java:153",
        rules: &["HST-001"],
        run: |target| {
            let hosts = target.api("listHosts").param("type", "Routing").send()?;
            expect_words(&hosts, "host", "state", CONNECTIONS)?;
            expect_words(&hosts, "host", "resourcestate", WISHES)
        },
    },
    Check {
        id: "infrastructure/states-of-pools",
        level: Must,
        profile: ReadOnly,
        needs: &[RootAdmin, Command("listStoragePools")],
        requirement: "The state of every pool of primary storage is one of the words that clients know.",
        source: "StoragePoolStatus.java:22",
        rules: &["STP-001"],
        run: |target| {
            let pools = target.api("listStoragePools").send()?;
            expect_words(&pools, "storagepool", "state", POOLS)
        },
    },
    Check {
        id: "infrastructure/allocation-states",
        level: Must,
        profile: ReadOnly,
        needs: &[RootAdmin, Command("listZones"), Command("listPods"), Command("listClusters")],
        requirement: "Zones, pods and clusters are `Enabled` or `Disabled`.",
        source: "Grouping.java:20",
        rules: &["ACC-001"],
        run: |target| {
            for (command, name) in [("listZones", "zone"), ("listPods", "pod"), ("listClusters", "cluster")] {
                let list = target.api(command).send()?;
                expect_words(&list, name, "allocationstate", &["Enabled", "Disabled"])?;
            }
            Ok(())
        },
    },
    Check {
        id: "infrastructure/redundancy-of-routers",
        level: Must,
        profile: Core,
        needs: &[
            RootAdmin,
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("listRouters"),
        ],
        requirement: "`redundantstate` of a router is UNKNOWN, PRIMARY, BACKUP or FAULT.",
        source: "VirtualRouter.java:37",
        rules: &["RTR-001"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let routers = target.api("listRouters").param("networkid", machine.network).send()?;
            routers.expect_present("router.redundantstate")?;
            expect_words(&routers, "router", "redundantstate", &["UNKNOWN", "PRIMARY", "BACKUP", "FAULT"])
        },
    },
    Check {
        id: "infrastructure/no-maintenance-to-cancel",
        level: Must,
        profile: Core,
        needs: &[RootAdmin, Command("listHosts"), Command("cancelHostMaintenance")],
        requirement: "Cancelling the maintenance of a host that is Enabled fails in the job with 530.",
        source: "ResourceManagerImpl.java:1436, 1668",
        rules: &["HST-002"],
        run: |target| {
            let enabled = [("type", "Routing"), ("resourcestate", "Enabled")];
            let host = setup::us(target).first("listHosts", &enabled, "host", |host| {
                (host.text_at("resourcestate").as_deref() == Some("Enabled")).then_some(0)
            })?;
            let job = setup::act(target, "cancelHostMaintenance", &host)?;
            job.expect_failure(530)?;
            let text = job.result.text_at("errortext").unwrap_or_default();
            let start = "Cannot perform cancelMaintenance when resource state is Enabled, host: ";
            let found: String = text.chars().take(start.len()).collect();
            job.reply.expect_equal("the start of errortext", start, found)
        },
    },
    Check {
        id: "infrastructure/new-zone-is-disabled",
        level: Must,
        profile: Full,
        needs: ZONES,
        requirement: "A zone that nobody enabled is `Disabled`.",
        source: "ConfigurationManagerImpl.java, Grouping.java:20",
        rules: &["ACC-001"],
        run: |target| {
            let zone = zone(target)?;
            let list = target.api("listZones").param("id", zone).send()?;
            list.expect_field("zone.allocationstate", "Disabled")
        },
    },
    Check {
        id: "infrastructure/zone-with-a-pod-stays",
        level: Should,
        profile: Full,
        needs: ZONES,
        requirement: "Deleting a zone that has a pod is refused with 530.",
        source: "ConfigurationManagerImpl.java, seen on a running server",
        rules: &["REA-009"],
        run: |target| {
            let zone = zone(target)?;
            pod(target, &zone)?;
            let reply = target.api("deleteZone").param("id", &zone).send()?;
            reply.expect_error_text(530, "The zone cannot be deleted because there are pods in this zone.")
        },
    },
    Check {
        id: "infrastructure/physical-network-has-providers",
        level: Must,
        profile: Full,
        needs: &[
            RootAdmin,
            Command("createZone"),
            Command("createPhysicalNetwork"),
            Command("listNetworkServiceProviders"),
        ],
        requirement: "A new physical network has the provider `VirtualRouter`, which is `Disabled`.",
        source: "deployDataCenter.py configureProviders",
        rules: &["GRA-010"],
        run: |target| {
            let request = target.api("createPhysicalNetwork").param("zoneid", zone(target)?);
            let made = request.param("name", target.fresh_name("physical")).send()?;
            made.finish_job()?.expect_success()?;
            let request = target.api("listNetworkServiceProviders").param("name", "VirtualRouter");
            let providers = request.param("physicalnetworkid", id_in(&made, "id")?).send()?;
            providers.expect_field("networkserviceprovider.state", "Disabled")
        },
    },
    Check {
        id: "infrastructure/added-cluster-is-a-list",
        level: Must,
        profile: Full,
        needs: &[
            RootAdmin,
            Command("createZone"),
            Command("createPod"),
            Command("addCluster"),
            Command("deleteCluster"),
        ],
        requirement: "The answer to a cluster that is added is a list with that cluster.",
        source: "AddClusterCmd.java, deployDataCenter.py:191-230",
        rules: &["GRA-011"],
        run: |target| {
            // Hypervisors that are told of hosts, not asked for them.
            let plain = ["Simulator", "KVM", "XenServer"];
            let kinds: Vec<String> = target
                .api("listClusters")
                .send()?
                .success()?
                .items("cluster")
                .iter()
                .filter_map(|cluster| cluster.text_at("hypervisortype"))
                .filter(|kind| plain.contains(&kind.as_str()))
                .collect();
            let hypervisor = kinds.first().ok_or(Stop::Unsupported(Listed("listClusters", "cluster")))?;
            let zone = zone(target)?;
            let request = target.api("addCluster").param("zoneid", &zone).param("podid", pod(target, &zone)?);
            let request = request.param("clustername", target.fresh_name("cluster"));
            let request = request.param("hypervisor", hypervisor).param("clustertype", "CloudManaged");
            let reply = request.send()?;
            reply.expect_success()?;
            reply.expect_field("count", 1)?;
            reply.expect_items("cluster", 1)
        },
    },
    Check {
        id: "infrastructure/no-system-machines-yet",
        level: Should,
        profile: Full,
        needs: &[RootAdmin, Command("createZone"), Command("listSystemVms")],
        requirement: "A zone that nobody enabled has no system machines.",
        source: "smoke/test_ssvm.py, SecondaryStorageManagerImpl.java",
        rules: &["GRA-013"],
        run: |target| {
            let list = target.api("listSystemVms").param("zoneid", zone(target)?).send()?;
            list.expect_success()?;
            list.expect_items("systemvm", 0)
        },
    },
    Check {
        id: "infrastructure/stopped-router-does-not-reboot",
        level: Should,
        profile: Core,
        needs: &[
            RootAdmin,
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("listRouters"),
            Command("stopRouter"),
            Command("rebootRouter"),
        ],
        requirement: "Starting a router that runs succeeds, and rebooting one that is stopped fails with 530.",
        source: "VirtualNetworkApplianceManagerImpl.java:505-531",
        rules: &["RTR-002"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let routers = target.api("listRouters").param("networkid", &machine.network).send()?;
            if routers.success()?.items("router").is_empty() {
                return Err(Stop::Unsupported(Listed("listRouters", "router")));
            }
            let router = id_in(&routers, "router.id")?;
            let started = setup::act(target, "startRouter", &router)?;
            started.expect_success()?;
            started.reply.expect_field("jobresult.router.state", "Running")?;
            setup::done(target, "stopRouter", &router)?;
            let job = setup::act(target, "rebootRouter", &router)?;
            job.expect_failure(530)?;
            let text = job.result.text_at("errortext").unwrap_or_default();
            let end = "is unreachable: Unable to reboot domR, it is not in right state Stopped";
            if text.ends_with(end) { Ok(()) } else { Err(job.reply.mismatch("errortext", end, text)) }
        },
    },
    Check {
        id: "infrastructure/basic-zone-has-its-network",
        level: Should,
        profile: Full,
        needs: &[RootAdmin, Command("createZone"), Command("createNetwork"), Command("deployVirtualMachine")],
        requirement: "A deployment that names networks in a zone of type Basic is refused at once with 431.",
        source: "UserVmManagerImpl.java:6463-6465",
        rules: &["VM-064"],
        run: |target| {
            let us = setup::us(target);
            let request = target.api("createZone").param("name", target.fresh_name("zone"));
            let request = request.param("networktype", "Basic").param("dns1", "192.0.2.53");
            let zone = id_in(&request.param("internaldns1", "192.0.2.53").send()?, "zone.id")?;
            let request = target.api("deployVirtualMachine").param("zoneid", zone);
            let request = request.param("templateid", us.template()?).param("startvm", false);
            let request = request.param("serviceofferingid", us.service_offering()?);
            let reply = request.param("networkids", us.network()?).send()?;
            reply.expect_error_text(431, "Can't specify network Ids in Basic zone")
        },
    },
];

/// A zone of ours, without anything in it.
fn zone(target: &Target) -> Result<String, Stop> {
    let request = target.api("createZone").param("name", target.fresh_name("zone"));
    let request = request.param("networktype", "Advanced").param("guestcidraddress", "10.78.0.0/16");
    id_in(&request.param("dns1", "192.0.2.53").param("internaldns1", "192.0.2.53").send()?, "zone.id")
}

/// A pod in a zone of ours.
fn pod(target: &Target, zone: &str) -> Result<String, Stop> {
    let request = target.api("createPod").param("zoneid", zone).param("name", target.fresh_name("pod"));
    let request = request.param("gateway", "10.79.0.1").param("netmask", "255.255.255.0");
    id_in(&request.param("startip", "10.79.0.2").param("endip", "10.79.0.9").send()?, "pod.id")
}

/// A field of every element of a list is one of these words.
fn expect_words(list: &Reply, name: &str, field: &str, known: &[&str]) -> Result<(), Stop> {
    for item in list.success()?.items(name) {
        let word = item.text_at(field).unwrap_or_default();
        if !known.contains(&word.as_str()) {
            return Err(list.mismatch(format!("{name}.{field}"), known.join(" or "), word));
        }
    }
    Ok(())
}
