//! The resolver of a router: it knows itself as `data-server`, and its guests.
//!
//! Questions go out from a guest's address, as the stub resolver in it would send them.

use super::{cards, prelude::*};
use crate::{
    check::Capability,
    target::Guest,
    wire::dns::{RecordType, Resolver, ResponseCode, Told},
};

const NEEDS: &[Capability] = &[Dns, Router, Command("listVirtualMachines"), Command("listNetworks")];

/// The last release line in which some routers had no `data-server` is 4.14 (DHCP-020).
const DATA_SERVER: &[Capability] =
    &[Dns, Router, Command("listVirtualMachines"), Command("listNetworks"), Since("4.14.2")];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "dns/data-server",
        level: Must,
        profile: InGuest,
        needs: DATA_SERVER,
        requirement: "`data-server` is the router's address in the guest's network, in any case of letters.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:148-152",
        rules: &["DHCP-019", "DHCP-020"],
        run: |target| {
            let (guest, card) = cards::first(target)?;
            let router = cards::router_of(target, guest, &card)?;
            let resolver = target.resolver_of(0)?;
            ["data-server", "DATA-SERVER", "Data-Server"]
                .iter()
                .try_for_each(|name| leads_to(&resolver, name, &router.to_string()))
        },
    },
    Check {
        id: "dns/data-server-in-the-domain",
        level: Must,
        profile: InGuest,
        needs: DATA_SERVER,
        requirement: "`data-server` in the domain of the guest's network is the router, too.",
        source: "systemvm/debian/etc/dnsmasq.conf.tmpl",
        rules: &["DHCP-020"],
        run: |target| {
            let (guest, card) = cards::first(target)?;
            let router = cards::router_of(target, guest, &card)?;
            let domain = domain(target, &card.network)?;
            leads_to(&target.resolver_of(0)?, &format!("data-server.{domain}"), &router.to_string())
        },
    },
    Check {
        id: "dns/guests",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The guests of a network are known by name, with and without its domain.",
        source: "systemvm/debian/etc/dnsmasq.conf.tmpl",
        rules: &["DHCP-020"],
        run: |target| {
            for_each_guest(target, |resolver, guest| {
                let card = cards::of_guest(target, guest)?;
                let (domain, address) = (domain(target, &card.network)?, card.address.to_string());
                leads_to(resolver, &card.host, &address)?;
                leads_to(resolver, &format!("{}.{domain}", card.host), &address)
            })
        },
    },
    Check {
        id: "dns/names-of-addresses",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "The address of a guest leads to its name with the domain.",
        source: "systemvm/debian/etc/dnsmasq.conf.tmpl",
        rules: &["DHCP-020"],
        run: |target| {
            for_each_guest(target, |resolver, guest| {
                let card = cards::of_guest(target, guest)?;
                let [a, b, c, d] = card.address.octets();
                let told = resolver.ask(&format!("{d}.{c}.{b}.{a}.in-addr.arpa"), RecordType::PTR)?;
                let (expected, found) =
                    (format!("{}.{}", card.host, domain(target, &card.network)?), told.names().join(" "));
                if found.eq_ignore_ascii_case(&expected) {
                    Ok(())
                } else {
                    Err(told.mismatch(expected, found))
                }
            })
        },
    },
    Check {
        id: "dns/by-own-knowledge",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "Answers about guests are authoritative and nobody may keep them.",
        source: "systemvm/debian/etc/dnsmasq.conf.tmpl",
        rules: &["DHCP-020"],
        run: |target| {
            let (_, card) = cards::first(target)?;
            let told = target.resolver_of(0)?.ask(&card.host, RecordType::A)?;
            if !told.is_authoritative() {
                return Err(told.mismatch("an authoritative answer", "one that is not"));
            }
            match told.records() {
                [] => Err(told.mismatch(card.address, shown(&told))),
                records => match records.iter().find(|record| record.ttl != 0) {
                    Some(record) => Err(told.mismatch("0 seconds to live", record.ttl)),
                    None => Ok(()),
                },
            }
        },
    },
    Check {
        id: "dns/no-address-of-that-kind",
        level: Must,
        profile: InGuest,
        needs: DATA_SERVER,
        requirement: "`data-server` has no IPv6 address, which is no error.",
        source: "systemvm/debian/etc/dnsmasq.conf.tmpl",
        rules: &["DHCP-020"],
        run: |target| {
            let told = target.resolver_of(0)?.ask("data-server", RecordType::AAAA)?;
            match (told.code(), told.records()) {
                (ResponseCode::NoError, []) => Ok(()),
                _ => Err(told.mismatch("No Error without records", shown(&told))),
            }
        },
    },
    Check {
        id: "dns/unknown-name",
        level: Must,
        profile: InGuest,
        needs: &[Dns],
        requirement: "A plain name that nobody has does not exist.",
        source: "systemvm/debian/etc/dnsmasq.conf.tmpl",
        rules: &["DHCP-020"],
        run: |target| {
            let told = target.resolver_of(0)?.ask(&target.fresh_name("nobody"), RecordType::A)?;
            match (told.code(), told.records()) {
                (ResponseCode::NXDomain, []) => Ok(()),
                _ => Err(told.mismatch("Non-Existent Domain", shown(&told))),
            }
        },
    },
];

/// A name must have this address and no other.
fn leads_to(resolver: &Resolver, name: &str, address: &str) -> Result<(), Stop> {
    let told = resolver.ask(name, RecordType::A)?;
    let found: Vec<String> = told.addresses().iter().map(ToString::to_string).collect();
    if told.code() == ResponseCode::NoError && found == [address] {
        Ok(())
    } else {
        Err(told.mismatch(address, shown(&told)))
    }
}

/// An answer for people: its code and its addresses.
fn shown(told: &Told) -> String {
    let addresses: Vec<String> = told.addresses().iter().map(ToString::to_string).collect();
    format!("{} {}", told.code(), addresses.join(" ")).trim_end().to_owned()
}

fn domain(target: &Target, network: &str) -> Result<String, Stop> {
    let missing = Stop::Unsupported(Listed("listNetworks", "network with a domain"));
    cards::domain(target, network)?.ok_or(missing)
}

/// Asks for every guest whose machine is told, each at its own router.
fn for_each_guest(
    target: &Target,
    judge: impl Fn(&Resolver, &Guest) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut guests = target.guests().iter().enumerate().filter(|(_, guest)| !guest.id.is_empty()).peekable();
    guests.peek().ok_or(Stop::Unsupported(Router))?;
    guests.try_for_each(|(number, guest)| judge(&target.resolver_of(number)?, guest))
}
