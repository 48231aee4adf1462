//! What the routers' DHCP servers answer, asked as any card of a machine (RFC 2131). What a guest keeps of it is in
//! [`lease_options`](super::lease_options).
//!
//! Whether a server is silent is told by a second question that it is sure to answer: no time is waited out.

use std::net::Ipv4Addr;

use dhcproto::v4::OptionCode;

use super::{
    cards::{self, Card},
    prelude::*,
    setup,
};
use crate::{
    check::Capability,
    target::Guest,
    wire::dhcp::{Question, Server, Told},
};

const NEEDS: &[Capability] = &[Dhcp, Router, Command("listVirtualMachines")];

/// What a check needs that gives a machine cards of its own.
const OWN_CARDS: &[Capability] = &[
    Dhcp,
    Router,
    Command("listVirtualMachines"),
    Command("createNetwork"),
    Command("deployVirtualMachine"),
];

/// Nobody's card: what machines have begins with another number.
const STRANGER: &str = "02:ff:ff:ff:ff:ff";

/// A lease without end, in seconds.
const FOREVER: u32 = u32::MAX;

/// The longest domain that the API takes, in bytes (DHCP-015).
const LONGEST_DOMAIN: usize = 190;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "dhcp/unknown-card",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A card that no machine has is not answered.",
        source: "systemvm/debian/etc/dnsmasq.conf.tmpl:282",
        rules: &["DHCP-001"],
        run: |target| {
            let (_, card) = cards::first(target)?;
            let server = target.dhcp()?;
            let sure = Question::discover(&card.mac);
            for question in [Question::discover(STRANGER), Question::return_with(STRANGER, card.address)] {
                if let Some(told) = server.ask_before(&question, &sure)? {
                    return Err(Mismatch::new("answer to an unknown card", "none", shown(&told)).into());
                }
            }
            Ok(())
        },
    },
    Check {
        id: "dhcp/fixed-address",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A card gets the address that the API shows whenever it asks: new, back, and to go on.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:209-229",
        rules: &["DHCP-002"],
        run: |target| {
            let server = target.dhcp()?;
            for_each_card(target, |_, card| {
                let (mac, address) = (card.mac.as_str(), card.address);
                expect_kind(&server.ask(&Question::discover(mac))?, Told::OFFER, address)?;
                expect_kind(&server.ask(&Question::return_with(mac, address))?, Told::ACK, address)?;
                expect_kind(&server.ask(&Question::renew(mac, address))?, Told::ACK, address)?;
                expect_kind(&server.ask(&Question::discover(mac))?, Told::OFFER, address)
            })
        },
    },
    Check {
        id: "dhcp/no-other-address",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "A card that wants another address than its own does not get it.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:209-229",
        rules: &["DHCP-002"],
        run: |target| {
            let (_, card) = cards::first(target)?;
            let server = target.dhcp()?;
            // Nobody is given the last one: it is for everybody.
            for wanted in [card.gateway, Ipv4Addr::from(u32::from(card.broadcast()) - 1)] {
                let question = Question::return_with(&card.mac, wanted);
                let told = server.ask_before(&question, &Question::discover(&card.mac))?;
                if let Some(told) = told.filter(|told| told.kind != Told::NAK && wanted != card.address) {
                    return Err(Mismatch::new("answer", "a refusal or none", shown(&told)).into());
                }
            }
            Ok(())
        },
    },
    Check {
        id: "dhcp/server-is-the-router",
        level: Must,
        profile: InGuest,
        needs: NEEDS,
        requirement: "Offers and acknowledgements name the router that serves the guest its metadata.",
        source: "systemvm/debian/etc/dnsmasq.conf.tmpl",
        rules: &["DHCP-003"],
        run: |target| {
            let server = target.dhcp()?;
            for_each_card(target, |guest, card| {
                let router = cards::router_of(target, guest, card)?;
                for told in lease(&server, card, None)? {
                    let named = told.server();
                    if named != Some(router) {
                        return Err(mismatch(OptionCode::ServerIdentifier, router, shown_address(named)));
                    }
                }
                Ok(())
            })
        },
    },
    Check {
        id: "dhcp/no-times",
        level: Should,
        profile: InGuest,
        needs: &[Dhcp, Router, Command("listVirtualMachines"), Since("4.13.1")],
        requirement: "A lease is for ever and has no times of renewal, even for a card that asks for them.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:202-207",
        rules: &["DHCP-004"],
        run: |target| {
            let (_, card) = cards::first(target)?;
            for told in lease(&target.dhcp()?, &card, None)? {
                let seconds = told.option(OptionCode::AddressLeaseTime);
                if seconds != Some(&FOREVER.to_be_bytes()) {
                    return Err(mismatch(OptionCode::AddressLeaseTime, "ff ff ff ff", shown_bytes(seconds)));
                }
                for code in [OptionCode::Renewal, OptionCode::Rebinding] {
                    expect_absent(&told, code)?;
                }
            }
            Ok(())
        },
    },
    Check {
        id: "dhcp/name-is-the-routers",
        level: Should,
        profile: InGuest,
        needs: NEEDS,
        requirement: "Acknowledgements name the guest as the API does, whatever it calls itself, and offers do not name it.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:209-229",
        rules: &["DHCP-009"],
        run: |target| {
            let (_, card) = cards::first(target)?;
            let [offer, ack] = lease(&target.dhcp()?, &card, Some("its-own-idea"))?;
            expect_absent(&offer, OptionCode::Hostname)?;
            expect_equal(
                "option 12",
                card.host.as_str(),
                ack.text_in(OptionCode::Hostname).as_deref().unwrap_or("absent"),
            )
        },
    },
    Check {
        id: "dhcp/other-cards-lead-nowhere",
        level: Should,
        profile: Core,
        needs: OWN_CARDS,
        requirement: "A machine's default card alone is told a route, resolvers and a domain; the others still know their server.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:217-226",
        rules: &["DHCP-006", "DHCP-005"],
        run: |target| {
            let (_, cards) = two_cards(target)?;
            let server = target.dhcp()?;
            for card in &cards {
                for told in lease(&server, card, None)? {
                    for code in [OptionCode::ServerIdentifier, OptionCode::AddressLeaseTime] {
                        expect_present(&told, code)?;
                    }
                    for code in [OptionCode::SubnetMask, OptionCode::BroadcastAddr] {
                        expect_present(&told, code)?;
                    }
                    for code in [OptionCode::Router, OptionCode::DomainNameServer, OptionCode::DomainName] {
                        match card.is_default {
                            true => expect_present(&told, code)?,
                            false => expect_absent(&told, code)?,
                        }
                    }
                }
            }
            Ok(())
        },
    },
    Check {
        id: "dhcp/removed-card",
        level: Should,
        profile: Core,
        needs: &[
            Dhcp,
            Router,
            Command("listVirtualMachines"),
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("removeNicFromVirtualMachine"),
            Command("addNicToVirtualMachine"),
        ],
        requirement: "A card that was removed is not answered, and has the new address alone when it is plugged in again.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsDhcp.py:50-75,160-180, cs_dhcp.py:22-40",
        rules: &["DHCP-014"],
        run: |target| {
            let (machine, cards) = two_cards(target)?;
            let server = target.dhcp()?;
            let first = cards.iter().find(|card| card.is_default).ok_or(NO_CARDS)?;
            let second = cards.iter().find(|card| !card.is_default).ok_or(NO_CARDS)?;
            expect_kind(&server.ask(&Question::discover(&second.mac))?, Told::OFFER, second.address)?;
            let listed = setup::us(target).listed(&machine)?;
            let nics =
                listed.success()?.at("virtualmachine[0]").map(|row| row.items("nic")).unwrap_or_default();
            let is_second = |nic: &&&Node| nic.text_at("macaddress").as_deref() == Some(&second.mac);
            let nic = nics.iter().find(is_second).and_then(|nic| nic.text_at("id")).ok_or(NO_CARDS)?;
            let removal = target.job("removeNicFromVirtualMachine").param("virtualmachineid", &machine);
            removal.param("nicid", nic).finish()?.expect_success()?;
            let sure = Question::discover(&first.mac);
            if let Some(told) = server.ask_before(&Question::discover(&second.mac), &sure)? {
                return Err(Mismatch::new("answer to a removed card", "none", shown(&told)).into());
            }
            let wanted = Ipv4Addr::from(u32::from(second.broadcast()) - 2);
            let addition = target.job("addNicToVirtualMachine").param("virtualmachineid", &machine);
            let addition = addition.param("networkid", &second.network).param("ipaddress", wanted);
            addition.param("macaddress", &second.mac).finish()?.expect_success()?;
            let told = server.ask_before(&Question::discover(&second.mac), &sure)?;
            let told =
                told.ok_or_else(|| Mismatch::new("answer to a card with a new address", wanted, "none"))?;
            expect_kind(&told, Told::OFFER, wanted)
        },
    },
    Check {
        id: "dhcp/resolvers-from-elsewhere",
        level: Should,
        profile: Core,
        needs: &[
            Dhcp,
            Router,
            RootAdmin,
            Command("listVirtualMachines"),
            Command("createNetworkOffering"),
            Command("updateNetworkOffering"),
            Command("createNetwork"),
            Command("deployVirtualMachine"),
        ],
        requirement: "Where the router does not resolve names, it is no resolver of its guests.",
        source: "systemvm/debian/opt/cloud/bin/cs/CsConfig.py:120-133, common.sh:529-539",
        rules: &["DHCP-007"],
        run: |target| {
            let network = network_of(target, 78, &[("networkofferingid", &offering_without_names(target)?)])?;
            let card = only_card(target, &network)?;
            for told in lease(&target.dhcp()?, &card, None)? {
                let server =
                    told.server().ok_or_else(|| Mismatch::new("option 54", "an address", "absent"))?;
                let named = told.option(OptionCode::DomainNameServer).unwrap_or_default();
                if named.chunks_exact(4).any(|address| address == server.octets()) {
                    let code = OptionCode::DomainNameServer;
                    return Err(mismatch(code, format!("not {server}"), shown_bytes(Some(named))));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "dhcp/long-domain",
        level: Should,
        profile: Core,
        needs: OWN_CARDS,
        requirement: "A card in a network with the longest domain is answered, with all of the domain or none of it.",
        source: "systemvm/debian/etc/dnsmasq.conf.tmpl",
        rules: &["DHCP-016"],
        run: |target| {
            let (_, known) = cards::first(target)?;
            let label = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefg";
            let mut domain = [label; 3].join(".");
            domain.push_str(&".internal"[..LONGEST_DOMAIN.saturating_sub(domain.len()).min(9)]);
            let card = only_card(target, &network_of(target, 79, &[("networkdomain", &domain)])?)?;
            let server = target.dhcp()?;
            let sure = Question::discover(&known.mac);
            for question in [Question::discover(&card.mac), Question::return_with(&card.mac, card.address)] {
                let told = server.ask_before(&question, &sure)?;
                let told = told.ok_or_else(|| Mismatch::new("answer to the card", card.address, "none"))?;
                expect_equal("yiaddr", card.address, told.address)?;
                expect_present(&told, OptionCode::ServerIdentifier)?;
                if let Some(named) = told.text_in(OptionCode::DomainName) {
                    expect_equal("option 15", domain.as_str(), named.as_str())?;
                }
            }
            Ok(())
        },
    },
];

/// The target shows too little of a machine's cards.
const NO_CARDS: Stop = Stop::Unsupported(Listed("listVirtualMachines", "card"));

/// Judges the card of every guest whose machine is told.
fn for_each_card(target: &Target, judge: impl Fn(&Guest, &Card) -> Result<(), Stop>) -> Result<(), Stop> {
    let mut guests = target.guests().iter().filter(|guest| !guest.id.is_empty()).peekable();
    guests.peek().ok_or(Stop::Unsupported(Router))?;
    guests.try_for_each(|guest| judge(guest, &cards::of_guest(target, guest)?))
}

/// The way to a lease: the offer, and the acknowledgement of what was offered.
fn lease(server: &Server, card: &Card, name: Option<&str>) -> Result<[Told; 2], Stop> {
    let called = |question: Question| match name {
        Some(name) => question.called(name),
        None => question,
    };
    let offer = server.ask(&called(Question::discover(&card.mac)))?;
    expect_kind(&offer, Told::OFFER, card.address)?;
    let question = match offer.server() {
        Some(named) => Question::select(&card.mac, offer.address, named),
        None => Question::return_with(&card.mac, offer.address),
    };
    let ack = server.ask(&called(question))?;
    expect_kind(&ack, Told::ACK, card.address)?;
    Ok([offer, ack])
}

/// A machine with a card in each of two networks of its own, the first of which is the default one.
fn two_cards(target: &Target) -> Result<(String, Vec<Card>), Stop> {
    let us = setup::us(target);
    let (request, _) = us.deployment(&format!("{},{}", us.network()?, us.network()?))?;
    let machine = deployed(request)?;
    let cards = cards::of_machine(target, &machine)?;
    if cards.len() == 2 { Ok((machine, cards)) } else { Err(NO_CARDS) }
}

/// The card of a new machine in a network.
fn only_card(target: &Target, network: &str) -> Result<Card, Stop> {
    let (request, _) = setup::us(target).deployment(network)?;
    let machine = deployed(request)?;
    cards::of_machine(target, &machine)?.into_iter().next().ok_or(NO_CARDS)
}

/// The id of the machine that a deployment starts.
fn deployed(request: crate::wire::api::ApiRequest<'_>) -> Result<String, Stop> {
    let job = request.finish()?;
    job.expect_success()?;
    Ok(job.reply.expect_present("jobresult.virtualmachine.id")?.text().unwrap_or_default())
}

/// An isolated network `10.second.1.0/24` with what the check wants of it.
fn network_of(target: &Target, second: u8, wanted: &[(&str, &str)]) -> Result<String, Stop> {
    let us = setup::us(target);
    let name = target.fresh_name("net");
    let mut request = us
        .api("createNetwork")
        .param("name", &name)
        .param("displaytext", &name)
        .param("zoneid", us.zone()?)
        .param("gateway", format!("10.{second}.1.1"))
        .param("netmask", "255.255.255.0");
    if !wanted.iter().any(|(name, _)| *name == "networkofferingid") {
        request = request.param("networkofferingid", us.network_offering()?);
    }
    for (name, value) in wanted {
        request = request.param(name, value);
    }
    setup::id_in(&request.send()?, "network.id")
}

/// An offering of isolated networks whose routers give addresses and user data, but know no names.
fn offering_without_names(target: &Target) -> Result<String, Stop> {
    let name = target.fresh_name("offering");
    let services = ["Dhcp", "UserData", "SourceNat"];
    let mut request = target
        .api("createNetworkOffering")
        .param("name", &name)
        .param("displaytext", &name)
        .param("guestiptype", "Isolated")
        .param("traffictype", "GUEST")
        .param("supportedservices", services.join(","));
    for (number, service) in services.iter().enumerate() {
        request = request
            .param(&format!("serviceproviderlist[{number}].service"), service)
            .param(&format!("serviceproviderlist[{number}].provider"), "VirtualRouter");
    }
    let id = setup::id_in(&request.send()?, "networkoffering.id")?;
    let enabling = target.api("updateNetworkOffering").param("id", &id).param("state", "Enabled");
    enabling.send()?.expect_success()?;
    Ok(id)
}

/// An answer must be of a kind and about an address.
fn expect_kind(told: &Told, kind: u8, address: Ipv4Addr) -> Result<(), Stop> {
    if told.kind == kind && told.address == address {
        return Ok(());
    }
    let expected = format!("{} of {address}", word(kind));
    Err(Mismatch::new("DHCP answer", expected, shown(told)).into())
}

fn expect_present(told: &Told, code: OptionCode) -> Result<(), Stop> {
    match told.option(code) {
        Some(_) => Ok(()),
        None => Err(mismatch(code, "present", format!("absent in {}", word(told.kind)))),
    }
}

fn expect_absent(told: &Told, code: OptionCode) -> Result<(), Stop> {
    match told.option(code) {
        Some(bytes) => {
            Err(mismatch(code, "absent", format!("{} in {}", shown_bytes(Some(bytes)), word(told.kind))))
        }
        None => Ok(()),
    }
}

fn mismatch(code: OptionCode, expected: impl std::fmt::Display, actual: impl std::fmt::Display) -> Stop {
    Mismatch::new(format!("option {}", u8::from(code)), expected, actual).into()
}

fn word(kind: u8) -> String {
    match kind {
        Told::OFFER => "an offer".to_owned(),
        Told::ACK => "an acknowledgement".to_owned(),
        Told::NAK => "a refusal".to_owned(),
        other => format!("message {other}"),
    }
}

fn shown(told: &Told) -> String {
    format!("{} of {}", word(told.kind), told.address)
}

fn shown_address(address: Option<Ipv4Addr>) -> String {
    address.map_or_else(|| "absent".to_owned(), |address| address.to_string())
}

fn shown_bytes(bytes: Option<&[u8]>) -> String {
    let hexadecimal =
        |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    bytes.map_or_else(|| "absent".to_owned(), hexadecimal)
}
