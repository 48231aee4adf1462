//! What a router gave a guest: route, resolvers, names and times in its lease file, compared with what the API says of
//! its card. How a router gives them is in [`dhcp`](super::dhcp).

use super::{cards, lease, prelude::*, setup};
use crate::{check::Capability, target::Guest, wire::lease as file};

const NEEDS: &[Capability] = &[Lease, Command("listVirtualMachines")];

/// A lease without end, as dhclient writes its seconds.
const FOREVER: &str = "4294967295";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "lease-options/route",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The lease of a guest's default card leads out by the gateway of its network.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:106-129",
        rules: &["DHCP-005"],
        run: |target| {
            let (_, card, lease) = first(target)?;
            option(&lease, "routers", &card.gateway.to_string())
        },
    },
    Check {
        id: "lease-options/resolvers",
        level: Should,
        profile: InGuest,
        needs: &[
            Lease,
            Router,
            Command("listVirtualMachines"),
            Command("listNetworks"),
            Command("listZones"),
        ],
        requirement: "The lease of a guest's default card names the router as a resolver before those of its zone.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:106-129, CsConfig.py:120-133, CsGuestNetwork.py:40-57",
        rules: &["DHCP-005", "DHCP-007"],
        run: |target| {
            let (guest, card, lease) = first(target)?;
            let router = cards::router_of(target, guest, &card)?;
            let network = cards::network(target, &card.network)?;
            let network = network.success()?.at("network[0]").cloned().unwrap_or(Node::Null);
            let answers = network.items("service").iter().any(|service| is_of_the_router(service, "Dns"));
            let zone =
                network.text_at("zoneid").ok_or(Stop::Unsupported(Listed("listNetworks", "network")))?;
            let zone = target.api("listZones").param("id", zone).send()?;
            let zone = zone.success()?.at("zone[0]").cloned().unwrap_or(Node::Null);
            // A network may have resolvers of its own instead of its zone's.
            let named = |name: &str| network.text_at(name).or_else(|| zone.text_at(name));
            let others = [named("dns1"), named("dns2")].into_iter().flatten();
            let router = router.to_string();
            let all: Vec<String> = answers.then(|| router.clone()).into_iter().chain(others).collect();
            // A network may be set to the router alone (`userouteripresolver`).
            if answers && lease.option("domain-name-servers") == Some(&router) {
                return Ok(());
            }
            option(&lease, "domain-name-servers", &all.join(","))
        },
    },
    Check {
        id: "lease-options/domain",
        level: Should,
        profile: InGuest,
        needs: &[Lease, Command("listVirtualMachines"), Command("listNetworks")],
        requirement: "The lease of a guest's default card names the domain of its network.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:106-129, NetworkOrchestrator.java:2944",
        rules: &["DHCP-005", "DHCP-010"],
        run: |target| {
            let (_, card, lease) = first(target)?;
            let missing = Stop::Unsupported(Listed("listNetworks", "network with a domain"));
            option(&lease, "domain-name", &cards::domain(target, &card.network)?.ok_or(missing)?)
        },
    },
    Check {
        id: "lease-options/without-end",
        level: Should,
        profile: InGuest,
        needs: &[Lease, Since("4.13.1")],
        requirement: "A lease is for ever and says nothing of renewals.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:202-207",
        rules: &["DHCP-004"],
        run: |target| {
            let lease = lease::that_counts(target)?;
            option(&lease, "dhcp-lease-time", FOREVER)?;
            for name in ["dhcp-renewal-time", "dhcp-rebinding-time"] {
                if let Some(seconds) = lease.option(name) {
                    return Err(Mismatch::new(name, "absent", seconds).into());
                }
            }
            Ok(())
        },
    },
    Check {
        id: "lease-options/mtu",
        level: Should,
        profile: InGuest,
        needs: &[Lease, Command("listVirtualMachines"), Command("listNetworks"), Since("4.18")],
        requirement: "The lease names the MTU of the network.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:131-133, CsHelper.py:113-131",
        rules: &["DHCP-008"],
        run: |target| {
            let (_, card, lease) = first(target)?;
            let network = cards::network(target, &card.network)?;
            match (network.body().text_at("network[0].privatemtu"), lease.option("interface-mtu")) {
                (Some(mtu), _) => option(&lease, "interface-mtu", &mtu),
                // Whoever does not tell his MTU has one all the same.
                (None, Some(told)) if told.parse::<u16>().is_ok_and(|mtu| mtu >= 68) => Ok(()),
                (None, told) => {
                    Err(Mismatch::new("interface-mtu", "a number of bytes", told.unwrap_or("absent")).into())
                }
            }
        },
    },
    Check {
        id: "lease-options/netmask-and-broadcast",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The lease has netmask and broadcast address of the network.",
        source: "systemvm/debian/etc/dnsmasq.conf.tmpl",
        rules: &["DHCP-009"],
        run: |target| {
            let (_, card, lease) = first(target)?;
            option(&lease, "subnet-mask", &card.netmask.to_string())?;
            option(&lease, "broadcast-address", &card.broadcast().to_string())
        },
    },
    Check {
        id: "lease-options/host-name",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The lease calls the guest by its host name, without a domain.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:209-229",
        rules: &["DHCP-009"],
        run: |target| {
            let (_, card, lease) = first(target)?;
            option(&lease, "host-name", &card.host)
        },
    },
    Check {
        id: "lease-options/default-domain",
        level: Should,
        profile: Core,
        needs: &[
            Command("createDomain"),
            Command("createAccount"),
            Command("createNetwork"),
            Command("listConfigurations"),
        ],
        requirement: "A network without a domain of its own gets one for its account.",
        source: "NetworkOrchestrator.java:2944, NetworkOrchestrationService.java:88",
        rules: &["DHCP-010"],
        run: |target| {
            // Nobody has given a new account a domain for its networks; its zone or the domains above may have one.
            let member = setup::member(target)?;
            let zone = setup::us(target).zone()?;
            let listed = target.api("listZones").param("id", &zone).send()?;
            if listed.success()?.text_at("zone.domain").is_some_and(|domain| !domain.is_empty()) {
                return Err(Stop::Unsupported(Listed("listZones", "zone without a domain")));
            }
            let reply = target.api("listConfigurations").param("name", "guest.domain.suffix").send()?;
            let suffixes = reply.success()?.items("configuration").into_iter();
            let suffix = suffixes
                .filter(|row| row.text_at("name").as_deref() == Some("guest.domain.suffix"))
                .find_map(|row| row.text_at("value"));
            let suffix = suffix.ok_or(Stop::Unsupported(Listed("listConfigurations", "suffix of guests")))?;
            let id = member.caller.network()?;
            let domain = cards::domain(target, &id)?.unwrap_or_default();
            let number = domain.strip_prefix("cs").and_then(|rest| rest.strip_suffix(&suffix));
            let is_number = |text: &str| {
                !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            };
            if number.is_some_and(is_number) {
                return Ok(());
            }
            Err(Mismatch::new("networkdomain", format!("cs, a number in hexadecimal, {suffix}"), domain)
                .into())
        },
    },
    Check {
        id: "lease-options/odd-domains",
        level: Must,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deployVirtualMachine")],
        requirement: "What no resolver could ask for is refused as a network's domain or a machine's name.",
        source: "utils/.../NetUtils.java:106-107,1088-1128",
        rules: &["DHCP-015"],
        run: |target| {
            let us = setup::us(target);
            let (zone, offering) = (us.zone()?, us.network_offering()?);
            let label = "a".repeat(63);
            let too_long = format!("{label}.{label}.{label}");
            let long_label = format!("{label}a.internal");
            for domain in [
                "odd_domain.internal",
                "-odd.internal",
                "odd-.internal",
                "odd..internal",
                &long_label,
                &too_long,
            ] {
                let name = target.fresh_name("net");
                let request = us.api("createNetwork").param("name", &name).param("displaytext", &name);
                let request = request.param("zoneid", &zone).param("networkofferingid", &offering);
                request.param("networkdomain", domain).send()?.expect_error(431)?;
            }
            let network = us.network()?;
            for name in ["odd_name", "-odd", "odd-", "odd.name", "0dd"] {
                us.deployment_of(name, &network)?.param("startvm", "false").send()?.expect_error(431)?;
            }
            Ok(())
        },
    },
];

/// The first guest, its card, and the lease that it has written down.
fn first(target: &Target) -> Result<(&Guest, cards::Card, file::Lease), Stop> {
    let lease = lease::that_counts(target)?;
    let (guest, card) = cards::first(target)?;
    Ok((guest, card, lease))
}

/// An option of the lease must have this value.
fn option(lease: &file::Lease, name: &str, expected: &str) -> Result<(), Stop> {
    expect_equal(name, expected, lease.option(name).unwrap_or("absent"))
}

/// Whether a service of a network is of that name and given by its router.
fn is_of_the_router(service: &Node, name: &str) -> bool {
    let is_router = |provider: &&Node| {
        provider
            .text_at("name")
            .is_some_and(|name| matches!(name.as_str(), "VirtualRouter" | "VpcVirtualRouter"))
    };
    let mut providers = service.items("provider").into_iter();
    service.text_at("name").as_deref() == Some(name) && providers.any(|provider| is_router(&provider))
}
