//! Isolated networks: when they come into being, what holds them, and how they are listed.
//!
//! Each check makes networks of its own; a network that no machine uses costs a cloud nothing.

use super::{
    prelude::*,
    setup::{self, act, done},
};
use crate::check::Capability;

const NETWORKS: &[Capability] =
    &[Command("createNetwork"), Command("deleteNetwork"), Command("listNetworks")];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "networks/new-one-waits",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "An isolated network that no machine uses yet is `Allocated`.",
        source: "Network.java:326-347",
        rules: &["NET-001"],
        run: |target| {
            let network = setup::us(target).network()?;
            listed(target, &network)?.expect_field("network.state", "Allocated")
        },
    },
    Check {
        id: "networks/first-machine-implements",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "An isolated network is `Implemented` once a machine runs in it.",
        source: "Network.java:326-347",
        rules: &["NET-001"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            listed(target, &machine.network)?.expect_field("network.state", "Implemented")
        },
    },
    Check {
        id: "networks/restart-of-an-unused-one",
        level: Must,
        profile: Core,
        needs: &[Command("createNetwork"), Command("restartNetwork")],
        requirement: "Restarting a network that is neither Implemented nor Setup fails in the job with 431.",
        source: "NetworkServiceImpl.java:2933-2938",
        rules: &["NET-002"],
        run: |target| {
            let network = setup::us(target).network()?;
            act(target, "restartNetwork", &network)?.expect_failure_text(
                431,
                "Network is not in the right state to be restarted. Correct states are: Implemented, Setup",
            )
        },
    },
    Check {
        id: "networks/used-one-stays",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "Deleting a network with a machine fails in the job with 530 and a text without the reason.",
        source: "DeleteNetworkCmd.java",
        rules: &["NET-003"],
        run: |target| {
            let machine = setup::us(target).machine()?;
            let job = act(target, "deleteNetwork", &machine.network)?;
            job.expect_failure_text(530, "Failed to delete network")?;
            listed(target, &machine.network)?.expect_items("network", 1)
        },
    },
    Check {
        id: "networks/deleted-again",
        level: Must,
        profile: Core,
        needs: NETWORKS,
        requirement: "Deleting a network that was deleted is refused at once with 431.",
        source: "DeleteNetworkCmd.java, NetworkServiceImpl.java",
        rules: &["NET-003"],
        run: |target| {
            let network = setup::us(target).network()?;
            done(target, "deleteNetwork", &network)?;
            let reply = target.api("deleteNetwork").param("id", &network).send()?;
            reply.expect_error_start(431, "Network ID=")
        },
    },
    Check {
        id: "networks/force-is-for-root",
        level: Should,
        profile: Core,
        needs: &[SecondUser, Command("createNetwork"), Command("deleteNetwork")],
        requirement: "An ordinary user who deletes a network with `forced` is refused with 431.",
        source: "NetworkServiceImpl.java:2909",
        rules: &["NET-004"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            let network = user.network()?;
            let reply = user.api("deleteNetwork").param("id", &network).param("forced", true).send()?;
            reply.expect_error_text(
                431,
                "Delete network with 'forced' option can only be called by root admins",
            )
        },
    },
    Check {
        id: "networks/newest-first",
        level: Should,
        profile: Core,
        needs: NETWORKS,
        requirement: "Networks are listed newest first.",
        source: "NetworkServiceImpl.java, seen on a running server",
        rules: &["REA-006"],
        run: |target| {
            let us = setup::us(target);
            let (older, newer) = (us.network()?, us.network()?);
            let list = target.api("listNetworks").param("pagesize", 500).param("page", 1).send()?;
            let ids: Vec<String> = list
                .success()?
                .items("network")
                .iter()
                .filter_map(|one| one.text_at("id"))
                .filter(|id| *id == older || *id == newer)
                .collect();
            list.expect_equal("the order of our networks", format!("{newer} {older}"), ids.join(" "))
        },
    },
    Check {
        id: "networks/name-is-whole",
        level: Should,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deleteNetwork"), Since("4.22")],
        requirement: "`name` finds networks of that whole name, and `keyword` those that contain it in any case.",
        source: "QueryManagerImpl.java, seen on a running server",
        rules: &["REA-006"],
        run: |target| {
            let network = setup::us(target).network()?;
            let name = listed(target, &network)?.expect_present("network.name")?.text().unwrap_or_default();
            let (part, _) = name.split_at(name.len() - 1);
            let found = |parameter: &str, text: &str| {
                let request = target.api("listNetworks").param(parameter, text).param("id", &network);
                request.send()
            };
            found("name", &name)?.expect_items("network", 1)?;
            found("keyword", &part.to_uppercase())?.expect_items("network", 1)?;
            found("name", part)?.expect_items("network", 0)
        },
    },
];

/// The network as a list shows it.
fn listed(target: &Target, network: &str) -> Result<Reply, Stop> {
    let reply = target.api("listNetworks").param("id", network).send()?;
    reply.expect_success()?;
    Ok(reply)
}
