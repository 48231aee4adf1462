use super::*;
use crate::world::clock::VIRTUAL_EPOCH;
use crate::world::kind::Handle;
use crate::world::network::StaticNat;
use crate::world::preset;

/// The first machine of the demo world, with its network and its address.
fn demo() -> (World, Id, Id, Ipv4Addr) {
    let text = include_str!("../../../../fixtures/world/demo.toml");
    let world = preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("the demo world can be built");
    let address = Ipv4Addr::new(10, 1, 1, 2);
    let (id, _, nic) = world.machine_at(address).expect("web has this address");
    let network = nic.network;
    (world, id, network, address)
}

fn told(world: &World, network: Id, address: Ipv4Addr) -> Option<&Folder> {
    let router = world.networks.get(network).and_then(|network| network.router.as_ref());
    router.and_then(|router| router.folders.get(&address)).map(AsRef::as_ref)
}

fn value<'a>(world: &'a World, network: Id, address: Ipv4Addr, name: &str) -> Option<&'a str> {
    told(world, network, address).and_then(|folder| folder.file(name))
}

#[test]
fn what_is_not_pushed_shows_when_the_router_starts_again() {
    let (mut world, id, network, address) = demo();
    let zone = world.virtual_machines.get(id).expect("web").zone;
    "elsewhere".clone_into(&mut world.zones.get_mut(zone).expect("its zone").name);
    world.now = world.now.plus_seconds(60);
    assert_eq!(value(&world, network, address, "availability-zone"), Some("demo-zone"));
    assert_eq!(told(&world, network, address).map(|folder| folder.written), Some(VIRTUAL_EPOCH));
    world.start_router(Handle { kind: Kind::Router, id: network });
    assert_eq!(value(&world, network, address, "availability-zone"), Some("elsewhere"));
    assert_eq!(told(&world, network, address).map(|folder| folder.written), Some(world.now));
}

#[test]
fn a_router_that_does_not_run_hears_nothing_until_it_starts() {
    let (mut world, id, network, address) = demo();
    world.set_router_state(Handle { kind: Kind::Router, id: network }, MachineState::Stopped);
    "renamed".clone_into(&mut world.virtual_machines.get_mut(id).expect("web").name);
    world.tell_of_machine(id);
    assert_eq!(value(&world, network, address, "local-hostname"), Some("web"));
    world.start_router(Handle { kind: Kind::Router, id: network });
    assert_eq!(value(&world, network, address, "local-hostname"), Some("renamed"));
    // One that stands in the place of another has nothing of it.
    world.virtual_machines.get_mut(id).expect("web").state = MachineState::Stopped;
    world.remove_router(Handle { kind: Kind::Router, id: network });
    world.implement_network(network);
    assert_eq!(told(&world, network, address), None);
    world.run_machine(id);
    assert_eq!(value(&world, network, address, "local-hostname"), Some("renamed"));
}

#[test]
fn an_address_shows_while_it_stands_for_a_machine_and_after_its_release_until_the_next_push() {
    let (mut world, id, network, address) = demo();
    let machine = world.virtual_machines.get(id).expect("web");
    let (owner, zone) = (machine.owner, machine.zone);
    let before = value(&world, network, address, "public-ipv4").map(str::to_owned);
    let held = world.hold_address(owner, zone, Some(network), false).expect("a free address");
    let public = world.addresses.get(held).expect("it is held").address.to_string();
    let nat = StaticNat { machine: id, guest_address: address };
    world.set_static_nat(held, Some(nat));
    assert_eq!(value(&world, network, address, "public-ipv4"), Some(public.as_str()));
    world.set_static_nat(held, None);
    assert_eq!(value(&world, network, address, "public-ipv4").map(str::to_owned), before);
    world.set_static_nat(held, Some(nat));
    world.release_address(held);
    assert_eq!(value(&world, network, address, "public-ipv4"), Some(public.as_str()));
    world.tell_of_machine(id);
    assert_eq!(value(&world, network, address, "public-ipv4").map(str::to_owned), before);
}

#[test]
fn a_folder_goes_with_its_card() {
    let (world, id, network, address) = demo();
    let nic = world.virtual_machines.get(id).and_then(VirtualMachine::default_nic).expect("web's card").id;
    let gone = |change: &dyn Fn(&mut World)| {
        let mut world = world.clone();
        change(&mut world);
        told(&world, network, address).is_none()
    };
    assert!(!gone(&|world| world.set_machine_state(id, MachineState::Stopped)));
    assert!(!gone(&|world| world.move_nic(nic, Some(address))));
    assert!(gone(&|world| world.move_nic(nic, Some(Ipv4Addr::new(10, 1, 1, 99)))));
    assert!(gone(&|world| world.unplug_nic(nic)));
    assert!(gone(&|world| world.expunge_machine(id)));
    assert!(!gone(&|world| {
        world.quirks.add(Quirk::FoldersOutliveMachines);
        world.expunge_machine(id);
    }));
}

#[test]
fn a_router_serves_no_more_than_its_offering_has_of_it() {
    let (mut world, id, network, address) = demo();
    let offering = world.networks.get(network).expect("front").offering;
    let without = |world: &World, service: &str| {
        let mut world = world.clone();
        let row = world.network_offerings.get_mut(offering).expect("its offering");
        row.services.retain(|(name, _)| name != service);
        world.tell_everything();
        world
    };
    let offer = |world: &World| {
        let machine = world.virtual_machines.get(id).expect("web");
        crate::guest::offer::of_card(world, machine, machine.default_nic().expect("a card"))
    };
    assert!(offer(&world).is_some());
    let silent = without(&world, "Dhcp");
    assert_eq!((offer(&silent), told(&silent, network, address).is_some()), (None, true));
    world.networks.get_mut(network).expect("front").routers_mut().for_each(|router| router.folders.clear());
    let silent = without(&world, "UserData");
    assert_eq!((offer(&silent).is_some(), told(&silent, network, address)), (true, None));
    let row = world.network_offerings.get_mut(offering).expect("its offering");
    row.services.iter_mut().for_each(|(_, provider)| "SomebodyElse".clone_into(provider));
    world.networks.get_mut(network).expect("front").router = None;
    world.implement_network(network);
    assert!(world.networks.get(network).expect("front").router.is_none());
}
