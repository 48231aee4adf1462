use std::collections::BTreeSet;

use super::*;
use crate::world::clock::VIRTUAL_EPOCH;
use crate::world::preset;
use crate::world::vpc::NewVpc;

const WEB: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 2);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 1);

fn first(network: Id) -> Handle {
    Handle { kind: Kind::Router, id: network }
}

fn second(network: Id) -> Handle {
    Handle { kind: Kind::SecondRouter, id: network }
}

/// The demo world, with the network of its first machine.
fn demo() -> (World, Id) {
    let text = include_str!("../../../../fixtures/world/demo.toml");
    let world = preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("the demo world can be built");
    let network = world.machine_at(WEB).map(|(_, _, nic)| nic.network).expect("web has this address");
    (world, network)
}

/// The same after that network was restarted as a redundant one.
fn paired() -> (World, Id) {
    let (mut world, network) = demo();
    world.networks.get_mut(network).expect("its network").redundant = true;
    world.renew_router(network, 1);
    (world, network)
}

fn row(world: &World, network: Id) -> &Network {
    world.networks.get(network).expect("the network is there")
}

fn states(world: &World, network: Id) -> Vec<&'static str> {
    let row = row(world, network);
    row.routers().map(|router| row.redundant_state(router)).collect()
}

/// What the router that serves was told of `web`.
fn told<'a>(world: &'a World, network: Id, name: &str) -> Option<&'a str> {
    row(world, network).serving_router()?.folders.get(&WEB)?.file(name)
}

#[test]
fn a_network_has_one_router_at_the_gateway_unless_it_has_two() {
    let (world, network) = demo();
    assert_eq!(states(&world, network), ["UNKNOWN"]);
    assert_eq!(row(&world, network).service_address(), Some(GATEWAY));
    assert_eq!(world.router(first(network)).map(|router| router.guest_address), Some(GATEWAY));
    assert!(world.router(second(network)).is_none());

    let (world, network) = paired();
    assert_eq!(states(&world, network), ["PRIMARY", "BACKUP"]);
    assert_eq!(row(&world, network).service_address(), Some(GATEWAY));
    let own: BTreeSet<Ipv4Addr> = row(&world, network).routers().map(|router| router.guest_address).collect();
    assert_eq!(own.len(), 2);
    assert!(!own.contains(&GATEWAY) && !own.contains(&WEB), "{own:?}");
    assert!(own.iter().all(|address| world.is_guest_address_taken(network, *address)));
    let public: Vec<_> = row(&world, network).routers().map(|router| router.public_address).collect();
    assert!(public[0].is_some() && public[0] == public[1], "{public:?}");
    let uuids = row(&world, network).routers().map(|router| router.uuid);
    assert_eq!(
        uuids.map(|uuid| world.find(uuid)).collect::<Vec<_>>(),
        [Some(first(network)), Some(second(network))]
    );
}

#[test]
fn a_redundant_network_has_two_from_its_first_machine_on() {
    let (mut world, network) = demo();
    let (id, ..) = world.machine_at(WEB).expect("web");
    world.switch_network_off(network);
    world.networks.get_mut(network).expect("its network").redundant = true;
    assert_eq!(row(&world, network).service_address(), None);
    world.run_machine(id);
    assert_eq!(states(&world, network), ["PRIMARY", "BACKUP"]);
    assert!(row(&world, network).routers().all(|router| router.folders.contains_key(&WEB)));
    world.switch_network_off(network);
    assert_eq!(states(&world, network), [""; 0]);
}

#[test]
fn the_other_router_takes_over_and_stays() {
    let (mut world, network) = paired();
    let before = told(&world, network, "instance-id").map(str::to_owned);
    assert!(before.is_some());
    world.set_router_state(first(network), MachineState::Stopped);
    assert_eq!(states(&world, network), ["UNKNOWN", "PRIMARY"]);
    assert_eq!(told(&world, network, "instance-id").map(str::to_owned), before);
    assert_eq!(row(&world, network).service_address(), Some(GATEWAY));
    world.start_router(first(network));
    assert_eq!(states(&world, network), ["BACKUP", "PRIMARY"]);
    world.set_router_state(second(network), MachineState::Stopped);
    assert_eq!(states(&world, network), ["PRIMARY", "UNKNOWN"]);
    world.set_router_state(first(network), MachineState::Stopped);
    assert_eq!(states(&world, network), ["UNKNOWN", "UNKNOWN"]);
    assert!(row(&world, network).serving_router().is_none());
    world.start_router(second(network));
    assert_eq!(states(&world, network), ["UNKNOWN", "PRIMARY"]);
}

#[test]
fn a_router_that_was_down_heard_nothing_and_one_that_comes_up_hears_all() {
    let (mut world, network) = paired();
    let (id, ..) = world.machine_at(WEB).expect("web");
    let zone = world.virtual_machines.get(id).expect("web").zone;
    world.set_router_state(second(network), MachineState::Stopped);
    "elsewhere".clone_into(&mut world.zones.get_mut(zone).expect("its zone").name);
    world.start_router(second(network));
    // The one that leads was not told.
    assert_eq!(told(&world, network, "availability-zone"), Some("demo-zone"));
    world.set_router_state(first(network), MachineState::Stopped);
    assert_eq!(told(&world, network, "availability-zone"), Some("elsewhere"));
    // A push reaches those that run.
    "again".clone_into(&mut world.zones.get_mut(zone).expect("its zone").name);
    world.tell_of_machine(id);
    assert_eq!(told(&world, network, "availability-zone"), Some("again"));
    let stopped = world.router(first(network)).and_then(|router| router.folders.get(&WEB));
    assert_eq!(stopped.and_then(|folder| folder.file("availability-zone")), Some("demo-zone"));
}

#[test]
fn one_that_was_destroyed_is_replaced_when_a_machine_starts() {
    for lost in [first, second] {
        let (mut world, network) = paired();
        let (id, ..) = world.machine_at(WEB).expect("web");
        let gone = world.router(lost(network)).expect("it is there").uuid;
        world.remove_router(lost(network));
        assert_eq!(states(&world, network), ["PRIMARY"]);
        world.set_machine_state(id, MachineState::Stopped);
        world.run_machine(id);
        let mut found = states(&world, network);
        found.sort_unstable();
        assert_eq!(found, ["BACKUP", "PRIMARY"]);
        assert_ne!(world.router(lost(network)).map(|router| router.uuid), Some(gone));
    }
}

/// A VPC of an offering, with a tier that is in use.
fn with_tier(offering: &str) -> (World, Id, Id) {
    let (mut world, network) = demo();
    let mut tier = row(&world, network).clone();
    let offerings = world.vpc_offerings.iter().find(|(_, row)| row.name == offering);
    let vpc = world.add_vpc(NewVpc {
        name: "vpc".to_owned(),
        display_text: "vpc".to_owned(),
        owner: tier.owner,
        zone: tier.zone,
        offering: offerings.map(|(id, _)| id).expect("a cloud has these offerings"),
        cidr: "10.9.0.0/16".to_owned(),
        domain: None,
        display: true,
    });
    (tier.vpc, tier.router) = (Some(vpc), None);
    let tier = world.networks.insert(tier);
    world.implement_network(tier);
    (world, vpc, tier)
}

#[test]
fn the_router_of_a_vpc_stops_in_all_its_tiers() {
    let (mut world, vpc, tier) = with_tier("Default VPC offering");
    let router = Handle { kind: Kind::VpcRouter, id: vpc };
    let is_it = |row: &&Router| world.router(router).is_some_and(|router| router.uuid == row.uuid);
    assert_eq!(world.routers().filter(is_it).count(), 1, "it is one router in whatever tier");
    assert!(row(&world, tier).serving_router().is_some());
    assert_eq!(states(&world, tier), ["UNKNOWN"]);
    world.set_router_state(router, MachineState::Stopped);
    assert!(row(&world, tier).serving_router().is_none());
    assert_eq!(world.router(router).map(|router| router.state), Some(MachineState::Stopped));
    // The network that has the number of the VPC has nothing to do with it.
    assert!(row(&world, vpc).serving_router().is_some());
    world.start_router(router);
    assert!(row(&world, tier).serving_router().is_some());
    // A tier that is switched off leaves it to the others.
    let uuid = world.router(router).expect("it is there").uuid;
    world.switch_network_off(tier);
    assert_eq!(world.find(uuid), Some(router));
    world.implement_network(tier);
    assert_eq!(row(&world, tier).serving_router().map(|router| router.uuid), Some(uuid));
    world.remove_router(router);
    assert!(row(&world, tier).router.is_none() && world.router(router).is_none());
}

#[test]
fn a_redundant_vpc_has_two_routers_in_each_tier() {
    let (mut world, vpc, tier) = with_tier("Redundant VPC offering");
    let (leader, other) =
        (Handle { kind: Kind::VpcRouter, id: vpc }, Handle { kind: Kind::SecondVpcRouter, id: vpc });
    assert_eq!(states(&world, tier), ["PRIMARY", "BACKUP"]);
    assert_eq!(row(&world, tier).service_address(), Some(GATEWAY));
    assert!(row(&world, tier).routers().all(|router| router.guest_address != GATEWAY));
    world.set_router_state(leader, MachineState::Stopped);
    assert_eq!(states(&world, tier), ["UNKNOWN", "PRIMARY"]);
    world.remove_router(leader);
    assert_eq!(states(&world, tier), ["PRIMARY"]);
    assert_eq!(row(&world, tier).service_address(), Some(GATEWAY));
    world.implement_network(tier);
    assert_eq!(states(&world, tier), ["BACKUP", "PRIMARY"]);
    let uuids = [leader, other].map(|router| world.router(router).map(|router| router.uuid));
    world.renew_vpc_router(vpc);
    assert_eq!(states(&world, tier).len(), 2);
    let renewed = [leader, other].map(|router| world.router(router).map(|router| router.uuid));
    assert!(renewed.iter().all(|uuid| uuid.is_some() && !uuids.contains(uuid)), "{renewed:?}");
    assert!(
        row(&world, tier).routers().map(|router| Some(router.uuid)).eq(renewed),
        "a tier has routers of another VPC"
    );
}
