use super::*;
use crate::world::clock::VIRTUAL_EPOCH;
use crate::world::network::{Address, StaticNat};
use crate::world::preset;

fn demo(quirks: &[Quirk]) -> World {
    let text = include_str!("../../../../fixtures/world/demo.toml");
    let mut world = preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("the demo world can be built");
    for quirk in quirks {
        world.quirks.add(*quirk);
    }
    world
}

/// The number of a machine of the demo world.
fn numbered(world: &World, name: &str) -> Id {
    world.virtual_machines.iter().find(|(_, row)| row.name == name).map(|(id, _)| id).expect("a machine")
}

fn machine<'a>(world: &'a mut World, name: &str) -> &'a mut VirtualMachine {
    let id = numbered(world, name);
    world.virtual_machines.get_mut(id).expect("a machine")
}

/// The texts on the drive of a machine, by path; one with two paths stands twice.
fn texts(world: &World, name: &str) -> Vec<(String, String)> {
    let drive = Drive::of(world, numbered(world, name)).expect("it has a default card");
    let of_file = |file: &File| {
        let text = String::from_utf8_lossy(&file.bytes).into_owned();
        file.paths.iter().map(|path| (path.clone(), text.clone())).collect::<Vec<_>>()
    };
    drive.files().iter().flat_map(of_file).collect()
}

fn text(world: &World, name: &str, path: &str) -> Option<String> {
    texts(world, name).into_iter().find(|(other, _)| other == path).map(|(_, text)| text)
}

fn value(world: &World, kind: &str) -> Option<String> {
    text(world, "web", &format!("cloudstack/metadata/{kind}.txt"))
}

fn json_in(world: &World, file: &str) -> Value {
    let text = text(world, "web", &format!("openstack/latest/{file}")).expect("the file is there");
    serde_json::from_str(&text).expect("the file is JSON")
}

#[test]
fn a_drive_has_the_tree_of_the_reference() {
    let world = demo(&[]);
    let id = world.virtual_machines.get(numbered(&world, "web")).expect("a machine").uuid.to_string();
    let expected: Vec<(&str, &str)> = vec![
        ("openstack/latest/vendor_data.json", "{}"),
        ("cloudstack/metadata/service-offering.txt", "Tiny: one core, 128 MB"),
        ("cloudstack/metadata/availability-zone.txt", "demo-zone"),
        ("cloudstack/metadata/local-ipv4.txt", "10.1.1.2"),
        ("cloudstack/metadata/local-hostname.txt", "web"),
        ("cloudstack/metadata/public-ipv4.txt", "10.1.1.2"),
        ("cloudstack/metadata/instance-id.txt", &id),
        ("cloudstack/metadata/vm-id.txt", &id),
        ("cloudstack/metadata/cloud-identifier.txt", "CloudStack-{3e0c3c6c-6f5a-4b39-9d3c-5d1a1d1f0a11}"),
        ("cloudstack/userdata/user_data.txt", "#cloud-config\nhostname: web\n"),
        ("openstack/latest/user_data", "#cloud-config\nhostname: web\n"),
    ];
    let mut found = texts(&world, "web");
    found.retain(|(path, _)| !path.ends_with("meta_data.json") && !path.ends_with("network_data.json"));
    let found: Vec<(&str, &str)> = found.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert_eq!(found, expected);
    assert_eq!(
        json_in(&world, "meta_data.json"),
        json!({ "availability_zone": "demo-zone", "hostname": "web", "uuid": id })
    );
    assert!(text(&world, "db", "cloudstack/userdata/user_data.txt").is_none(), "db has no user data");
    assert!(text(&world, "db", "openstack/latest/user_data").is_none(), "db has no user data");
}

#[test]
fn network_data_tells_of_cards_and_resolvers() {
    let mut world = demo(&[]);
    let nic = machine(&mut world, "web").nics[0].clone();
    assert_eq!(
        json_in(&world, "network_data.json"),
        json!({
            "links": [{ "ethernet_mac_address": nic.mac, "id": "eth0", "mtu": 1500, "type": "phy" }],
            "networks": [{
                "id": "eth0", "ip_address": "10.1.1.2", "link": "eth0", "netmask": "255.255.255.0",
                "network_id": nic.uuid.to_string(), "type": "ipv4",
                "routes": [{ "gateway": "10.1.1.1", "netmask": "0.0.0.0", "network": "0.0.0.0" }],
            }],
            "services": [{ "address": "192.0.2.53", "type": "dns" }],
        })
    );
    // A network that has user data from the drive and nothing else.
    let offering = world
        .network_offerings
        .iter()
        .find(|(_, row)| row.name == "DefaultL2NetworkOfferingConfigDrive")
        .map(|(id, _)| id)
        .expect("an offering with a drive");
    world.networks.get_mut(nic.network).expect("its network").offering = offering;
    assert_eq!(json_in(&world, "network_data.json"), json!({}));
    assert_eq!(value(&world, "local-hostname").as_deref(), Some("web"));
    // One without user data has no more than the empty files.
    let offering = world
        .network_offerings
        .iter()
        .find(|(_, row)| row.services.iter().all(|(service, _)| service != "UserData"))
        .map(|(id, _)| id)
        .expect("an offering without user data");
    world.networks.get_mut(nic.network).expect("its network").offering = offering;
    let left: Vec<String> = texts(&world, "web").into_iter().map(|(path, _)| path).collect();
    assert_eq!(left, ["openstack/latest/vendor_data.json", "openstack/latest/network_data.json"]);
}

#[test]
fn the_public_address_is_not_the_routers() {
    let mut world = demo(&[]);
    assert_eq!(
        (value(&world, "public-ipv4").as_deref(), value(&world, "public-hostname")),
        (Some("10.1.1.2"), None)
    );
    let id = numbered(&world, "web");
    let free = world.addresses.iter().next().map(|(id, row)| (id, row.address));
    let (address, shown): (Id, std::net::Ipv4Addr) = free.expect("the router has an address");
    let row: &mut Address = world.addresses.get_mut(address).expect("an address");
    row.static_nat = Some(StaticNat { machine: id, guest_address: std::net::Ipv4Addr::new(10, 1, 1, 2) });
    let shown = Some(shown.to_string());
    assert_eq!(
        (value(&world, "public-ipv4"), value(&world, "public-hostname")),
        (shown.clone(), shown.clone())
    );
    assert_eq!(json_in(&world, "meta_data.json")["name"], json!(shown));
    let zone = machine(&mut world, "web").zone;
    "Basic".clone_into(&mut world.zones.get_mut(zone).expect("its zone").network_type);
    let (own, name) = (Some("10.1.1.2".to_owned()), Some("web".to_owned()));
    assert_eq!((value(&world, "public-ipv4"), value(&world, "public-hostname")), (own, name));
}

#[test]
fn a_key_is_named_by_its_third_word_if_there_is_a_fourth() {
    for (text, name) in [
        ("ssh-rsa AAAA", "key"),
        ("ssh-rsa AAAA somebody", "key"),
        ("ssh-rsa AAAA somebody  ", "key"),
        ("ssh-rsa AAAA somebody at home", "somebody"),
        ("ssh-rsa AAAA  somebody", "key"),
    ] {
        let mut world = demo(&[]);
        machine(&mut world, "web").key_pairs = vec![("mine".to_owned(), text.to_owned())];
        assert_eq!(value(&world, "public-keys").as_deref(), Some(text));
        let data = json_in(&world, "meta_data.json");
        assert_eq!(data["keys"], json!([{ "type": "ssh", "data": text, "name": name }]), "{text}");
        assert_eq!(data["public_keys"], json!({ name: text }), "{text}");
    }
}

#[test]
fn variables_are_escaped_and_trimmed() {
    let mut world = demo(&[]);
    machine(&mut world, "web").user_data_details =
        [("colour", " grün 𝄞 "), ("blank", "  "), ("../up", "x"), ("vm-id", "mine")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
    assert_eq!(value(&world, "colour").as_deref(), Some("gr\\u00FCn \\uD834\\uDD1E"));
    assert_eq!(json_in(&world, "meta_data.json")["colour"], "gr\\u00FCn \\uD834\\uDD1E");
    assert_eq!((value(&world, "blank"), value(&world, "../up")), (None, None));
    let id = machine(&mut world, "web").uuid.to_string();
    assert_eq!(value(&world, "vm-id"), Some(id), "the type is written after the variable");
}

#[test]
fn a_password_is_on_the_drive_until_the_guest_has_it() {
    let mut world = demo(&[]);
    let password = |world: &World, file: &str| text(world, "web", &format!("cloudstack/password/{file}"));
    assert_eq!(password(&world, "vm_password.txt"), None);
    machine(&mut world, "web").guest_password = Some("a \"b\"".to_owned());
    assert_eq!(password(&world, "vm_password.txt").as_deref(), Some("a \"b\""));
    assert_eq!(password(&world, "vm-password-md5checksum.txt"), None);
    let expected = "#cloud-config\npassword: a \"b\"\nchpasswd:\n  expire: False";
    assert_eq!(json_in(&world, "vendor_data.json"), json!({ "cloud-init": expected }));
    // `printf 363 | md5sum` is 00411460f7c92d2124a67ea0f4cb5f85.
    machine(&mut world, "web").guest_password = Some("363".to_owned());
    let template = machine(&mut world, "web").template;
    let system = world.add_guest_system("Windows Server 2022 (64-bit)");
    world.templates.get_mut(template).expect("its template").guest_system = system;
    let digest = password(&world, "vm-password-md5checksum.txt");
    assert_eq!(digest.as_deref(), Some("411460f7c92d2124a67ea0f4cb5f85"));
    machine(&mut world, "web").guest_password = Some("saved_password".to_owned());
    assert_eq!(password(&world, "vm_password.txt"), None);
    assert_eq!(json_in(&world, "vendor_data.json"), json!({}));
}

#[test]
fn an_image_says_what_it_is_where_the_standards_want_it() {
    let world = demo(&[]);
    let drive = Drive::of(&world, numbered(&world, "web")).expect("a drive");
    let image = drive.image();
    assert_eq!(image, drive.image(), "no clock has a say");
    assert_eq!(&image[32768..32775], b"\x01CD001\x01");
    assert_eq!(&image[32808..32840], format!("{:32}", "config-2").as_bytes());
    let sectors = u32::try_from(image.len() / 2048).expect("a small image");
    assert_eq!(image.len() % 2048, 0);
    assert_eq!(image[32848..32852], sectors.to_le_bytes());
    assert_eq!(image[32852..32856], sectors.to_be_bytes());
    // Joliet, level 3, with the label in UCS-2.
    assert_eq!(&image[34816..34823], b"\x02CD001\x01");
    assert_eq!(&image[34904..34907], b"%/E");
    let label: Vec<u8> = "config-2".bytes().flat_map(|byte| [0, byte]).collect();
    assert_eq!(&image[34856..34872], label.as_slice());
    assert_eq!(&image[36864..36871], b"\xffCD001\x01");
    // The epoch of the virtual clock.
    assert_eq!(&image[32768 + 813..32768 + 830], b"2030010100000000\0");
    let plain = Drive { trees: Trees { rock_ridge: false, joliet: false }, ..drive };
    assert_eq!(&plain.image()[34816..34823], b"\xffCD001\x01");
}

#[test]
fn names_of_the_plain_tree_differ_though_they_are_cut() {
    let long = "a-name-that-is-longer-than-the-plain-tree-takes";
    let names = ["a-b", "a_b", "a.b", &format!("{long}-1"), &format!("{long}-2")];
    let files: Vec<File> = names
        .iter()
        .map(|name| File { paths: vec![(*name).to_owned()], bytes: name.as_bytes().to_vec() })
        .collect();
    let image = iso::image("x", VIRTUAL_EPOCH, &files, Trees { rock_ridge: true, joliet: true });
    let text = String::from_utf8_lossy(&image);
    for (expected, count) in [
        ("a_b;1", 1),
        ("a_b001;1", 1),
        ("a.b;1", 1),
        ("a_name_that_is_longer_than_the_;1", 1),
        ("a_name_that_is_longer_than_t001;1", 1),
    ] {
        assert_eq!(text.matches(expected).count(), count, "{expected}");
    }
}
