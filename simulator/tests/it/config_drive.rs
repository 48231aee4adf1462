//! Config drives: any user data goes through the API and the drive unchanged, the files follow the world, and the
//! password of a deployment is where guests look for it.
//!
//! The images are read here by a reader that shares nothing with their writer: it knows the few fields of ECMA-119,
//! Joliet and Rock Ridge that lead from a volume to a file. `DRIVE_CASES` is how many documents are tried.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloudstack_simulator::Cloud;
use cloudstack_simulator::api;
use cloudstack_simulator::api::request::{Parameters, Port, Request};
use cloudstack_simulator::api::signature;
use cloudstack_simulator::guest::config_drive::Drive;
use cloudstack_simulator::quirk::Quirks;
use cloudstack_simulator::router::{self, password_server};
use cloudstack_simulator::world::World;
use cloudstack_simulator::world::account::ADMIN;
use cloudstack_simulator::world::clock::VIRTUAL_EPOCH;
use cloudstack_simulator::world::preset;
use proptest::prelude::*;
use serde_json::Value;

use crate::zone::Site;

/// The longest user data that the API takes: 32768 characters of base64.
const LONGEST: usize = 24576;
const SECTOR: usize = 2048;

/// The files of an image by path, under the names of Joliet or of Rock Ridge. An image that is not as it should be ends
/// the test.
fn files(image: &[u8], joliet: bool) -> BTreeMap<String, Vec<u8>> {
    let descriptor = (16..)
        .map(|sector| &image[sector * SECTOR..][..SECTOR])
        .take_while(|sector| sector[0] != 255)
        .find(|sector| sector[0] == if joliet { 2 } else { 1 })
        .expect("a volume of that kind");
    let mut files = BTreeMap::new();
    let mut open = vec![(String::new(), number(&descriptor[158..]), number(&descriptor[166..]))];
    while let Some((path, sector, length)) = open.pop() {
        for part in image[sector * SECTOR..][..length].chunks(SECTOR) {
            let mut rest = part;
            while rest.first().is_some_and(|length| *length > 0) {
                let (record, behind) = rest.split_at(usize::from(rest[0]));
                rest = behind;
                let named = usize::from(record[32]);
                let identifier = &record[33..33 + named];
                if matches!(identifier, [0] | [1]) {
                    continue;
                }
                let name = if joliet {
                    let units: Vec<u16> =
                        identifier.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
                    String::from_utf16(&units).expect("a name of Joliet")
                } else {
                    long_name(&record[33 + (named | 1)..])
                };
                let path = format!("{path}/{name}");
                let (sector, length) = (number(&record[2..]), number(&record[10..]));
                if record[25] & 2 == 2 {
                    open.push((path, sector, length));
                } else {
                    files.insert(path, image[sector * SECTOR..][..length].to_vec());
                }
            }
        }
    }
    files
}

/// The name in the fields of Rock Ridge.
fn long_name(mut fields: &[u8]) -> String {
    while fields.len() > 4 {
        let (field, rest) = fields.split_at(usize::from(fields[2]));
        if field.starts_with(b"NM") {
            return String::from_utf8(field[5..].to_vec()).expect("a name of Rock Ridge");
        }
        fields = rest;
    }
    panic!("a file without a name of Rock Ridge");
}

fn number(bytes: &[u8]) -> usize {
    let number = u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"));
    usize::try_from(number).expect("a place in a small image")
}

fn demo() -> World {
    let text = include_str!("../../../fixtures/world/demo.toml");
    preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("the demo world can be built")
}

/// Posts a form of the administrator, in process; the command has to succeed. Answers what is in the envelope.
fn call(world: &mut World, pairs: &[(&str, &str)]) -> Value {
    let admin = world.users.get(ADMIN).expect("the administrator");
    let key = admin.api_key.clone().expect("a key");
    let secret = admin.secret_key.clone().expect("a secret key");
    let mut pairs: Vec<(String, String)> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    pairs.extend([("apikey".to_owned(), key), ("response".to_owned(), "json".to_owned())]);
    let text = signature::canonical(&Parameters::from_pairs(pairs.clone()), &Quirks::default());
    pairs.push(("signature".to_owned(), signature::sign(&text, &secret)));
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    let form: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", value.bytes().map(escaped).collect::<String>()))
        .collect();
    let headers = [("host", "localhost"), ("content-type", "application/x-www-form-urlencoded")];
    let request = Request {
        port: Port::Main,
        method: "POST".to_owned(),
        target: "/client/api".to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: form.join("&").into_bytes(),
        needs_host: true,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let response = api::answer(world, &request);
    let body: Value = serde_json::from_slice(&response.body).expect("an answer in JSON");
    assert_eq!(response.status, 200, "{body}");
    body.as_object().and_then(|envelope| envelope.values().next()).expect("an envelope").clone()
}

#[test]
fn any_user_data_is_on_the_drive_byte_for_byte() {
    let cases = std::env::var("DRIVE_CASES").ok().map_or(300, |cases| cases.parse().expect("a number"));
    let documents = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 1..300),
        1 => prop::collection::vec(any::<u8>(), 2000..4200),
        1 => prop::collection::vec(any::<u8>(), LONGEST - 2..=LONGEST),
    ];
    let demo = demo();
    let (id, uuid) =
        demo.virtual_machines.iter().next().map(|(id, row)| (id, row.uuid.to_string())).expect("a machine");
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    proptest!(config, |(document in documents)| {
        let mut world = demo.clone();
        let text = STANDARD.encode(&document);
        call(&mut world, &[("command", "updateVirtualMachine"), ("id", &uuid), ("userdata", &text)]);
        let told =
            call(&mut world, &[("command", "getVirtualMachineUserData"), ("virtualmachineid", &uuid)]);
        let told = &told["virtualmachineuserdata"]["userdata"];
        let told = STANDARD.decode(told.as_str().unwrap_or_default()).expect("base64");
        prop_assert_eq!(&told, &document);
        let image = Drive::of(&world, id).expect("a drive").image();
        let (unix, windows) = (files(&image, false), files(&image, true));
        prop_assert_eq!(&unix, &windows);
        for path in ["/cloudstack/userdata/user_data.txt", "/openstack/latest/user_data"] {
            prop_assert_eq!(unix.get(path), Some(&document), "{}", path);
        }
    });
}

/// The user data on the drive of a machine in a folder.
fn user_data(folder: &Path, id: &str) -> Vec<u8> {
    let image = std::fs::read(folder.join(format!("{id}.iso"))).expect("a drive");
    files(&image, false)["/cloudstack/userdata/user_data.txt"].clone()
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn files_follow_what_happens_to_their_machines() {
    let folder = std::env::temp_dir().join(format!("cloudstack-drives-{}", std::process::id()));
    let builder = Cloud::builder().drives_in(&folder);
    let mut site = Site(builder.start_blocking().expect("a free port"));
    let guests = site.0.ready().guests.clone();
    let id = guests[0].id.as_str();
    let drive = folder.join(format!("{id}.iso")).display().to_string();
    assert_eq!(guests[0].drive.as_deref(), Some(drive.as_str()));
    let mut all: Vec<String> = guests.iter().map(|guest| format!("{}.iso", guest.id)).collect();
    all.sort();
    assert_eq!(names(&folder), all);
    assert_eq!(user_data(&folder, id), b"#cloud-config\nhostname: web\n");
    let before = site.0.snapshot();
    // What does not go through a machine's states is on the drive as soon as it is answered.
    site.call("updateVirtualMachine", &[("id", id), ("userdata", "bmV3")]);
    assert_eq!(user_data(&folder, id), b"new");
    let other = std::fs::read(folder.join(&all[0])).expect("a drive");
    site.call("stopVirtualMachine", &[("id", id)]);
    assert!(!names(&folder).contains(&format!("{id}.iso")), "it does not run");
    site.call("startVirtualMachine", &[("id", id)]);
    assert_eq!(names(&folder), all);
    if all[0] != format!("{id}.iso") {
        assert_eq!(std::fs::read(folder.join(&all[0])).expect("a drive"), other);
    }
    site.0.restore(before).expect("its ports are there");
    assert_eq!(user_data(&folder, id), b"#cloud-config\nhostname: web\n");
    let fork = site.0.fork().expect("free ports");
    let own = fork.ready().guests[0].drive.clone().expect("a fork has drives too");
    assert!(!Path::new(&own).starts_with(&folder), "{own}");
    drop(fork);
    assert!(!Path::new(&own).exists(), "its folder goes with it");
    drop(site);
    assert_eq!(names(&folder), all, "a folder that was named stays");
    std::fs::remove_dir_all(&folder).expect("the folder is there");
}

#[test]
fn there_are_no_drives_unless_they_are_asked_for() {
    let cloud = Cloud::builder().start_blocking().expect("a free port");
    assert_eq!(cloud.ready().guests[0].drive, None);
    let line = serde_json::to_string(cloud.ready()).expect("a ready line");
    assert!(!line.contains("drive"), "{line}");
}

/// The job of a call that succeeds, once it is over.
fn done(site: &Site, command: &str, pairs: &[(&str, &str)]) -> Value {
    let job = site.call(command, pairs)["jobid"].as_str().expect("a job").to_owned();
    let job = site.call("queryAsyncJobResult", &[("jobid", &job)]);
    assert_eq!(job["jobstatus"], 1, "{job}");
    job["jobresult"]["virtualmachine"].clone()
}

#[test]
fn a_deployment_tells_its_password_and_leaves_it_for_the_guest() {
    let builder = Cloud::builder().drives();
    let site = Site(builder.start_blocking().expect("a free port"));
    let first = |command: &str, pairs: &[(&str, &str)], what: &str| {
        site.call(command, pairs)[what][0]["id"].as_str().expect("one of them").to_owned()
    };
    let template = first(
        "listTemplates",
        &[("templatefilter", "all"), ("name", "Debian%2012%20with%20password")],
        "template",
    );
    let offering = first("listServiceOfferings", &[("name", "tiny")], "serviceoffering");
    let network = first("listNetworks", &[("listall", "true"), ("keyword", "front")], "network");
    let zone = first("listZones", &[], "zone");
    let root = first("listDomains", &[("name", "ROOT")], "domain");
    let given = [
        ("account", "admin"),
        ("domainid", root.as_str()),
        ("zoneid", &zone),
        ("templateid", &template),
        ("serviceofferingid", &offering),
        ("networkids", &network),
    ];
    let machine = done(&site, "deployVirtualMachine", &given);
    let (id, password) =
        (machine["id"].as_str().expect("an id"), machine["password"].as_str().expect("a password"));
    assert!(!password.is_empty());
    let listed = site.call("listVirtualMachines", &[("id", id)]);
    assert!(listed["virtualmachine"][0]["password"].is_null(), "{listed}");
    let folder = site.0.ready().guests[0].drive.clone().expect("drives");
    let place = Path::new(&folder).with_file_name(format!("{id}.iso"));
    let on_drive = |file: &str| {
        let image = std::fs::read(&place).expect("a drive");
        files(&image, true).get(file).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    assert_eq!(on_drive("/cloudstack/password/vm_password.txt").as_deref(), Some(password));
    let vendor =
        format!("{{\"cloud-init\":\"#cloud-config\\npassword: {password}\\nchpasswd:\\n  expire: False\"}}");
    assert_eq!(on_drive("/openstack/latest/vendor_data.json"), Some(vendor));

    // The router has it too, until the guest says that it has it.
    let mut world = site.0.snapshot();
    let address = machine["nic"][0]["ipaddress"].as_str().expect("an address").parse().expect("an address");
    let network =
        world.networks.iter().find(|(_, row)| row.uuid.to_string() == network).expect("its network").0;
    let ask = |world: &mut World, wish: &str| {
        let request = router::Request {
            method: "GET",
            target: "/",
            needs_host: false,
            headers: &[("domu_request", wish)],
        };
        String::from_utf8(password_server::answer(world, network, address, &request).body).expect("a text")
    };
    assert_eq!(ask(&mut world, "send_my_password"), password);

    // A later start has none to tell; an installation anew has another one.
    done(&site, "stopVirtualMachine", &[("id", id)]);
    assert!(done(&site, "startVirtualMachine", &[("id", id)])["password"].is_null());
    let restored = done(&site, "restoreVirtualMachine", &[("virtualmachineid", id)]);
    let renewed = restored["password"].as_str().expect("a password");
    assert_ne!(renewed, password);
    assert_eq!(on_drive("/cloudstack/password/vm_password.txt").as_deref(), Some(renewed));

    // A machine that was never started gets its password when it is; a chosen one stays.
    let idle = done(&site, "deployVirtualMachine", &[&given[..], &[("startvm", "false")]].concat());
    assert!(idle["password"].is_null(), "{idle}");
    let idle = idle["id"].as_str().expect("an id");
    let started = done(&site, "startVirtualMachine", &[("id", idle)]);
    assert!(started["password"].as_str().is_some_and(|password| !password.is_empty()), "{started}");
    let chosen = done(&site, "deployVirtualMachine", &[&given[..], &[("startvm", "false")]].concat());
    let chosen = chosen["id"].as_str().expect("an id");
    done(&site, "resetPasswordForVirtualMachine", &[("id", chosen), ("password", "Chosen-1234")]);
    assert!(done(&site, "startVirtualMachine", &[("id", chosen)])["password"].is_null());
    let world = site.0.snapshot();
    let row =
        world.virtual_machines.iter().find(|(_, row)| row.uuid.to_string() == chosen).expect("a machine");
    assert_eq!(row.1.guest_password.as_deref(), Some("Chosen-1234"));
}

#[test]
fn a_machine_of_a_plain_template_has_no_password() {
    let mut world = demo();
    let zone = world.zones.iter().next().expect("a zone").1.uuid.to_string();
    let template = world.templates.iter().find(|(_, row)| row.name == "Debian 12").expect("a template").1;
    let template = template.uuid.to_string();
    let offering = world.service_offerings.iter().find(|(_, row)| row.name == "tiny").expect("an offering").1;
    let offering = offering.uuid.to_string();
    let network = world.networks.iter().next().expect("a network").1.uuid.to_string();
    let job = call(
        &mut world,
        &[
            ("command", "deployVirtualMachine"),
            ("zoneid", &zone),
            ("templateid", &template),
            ("serviceofferingid", &offering),
            ("networkids", &network),
        ],
    );
    let job = job["jobid"].as_str().expect("a job").to_owned();
    let job = call(&mut world, &[("command", "queryAsyncJobResult"), ("jobid", &job)]);
    let machine = &job["jobresult"]["virtualmachine"];
    assert_eq!(machine["state"], "Running", "{job}");
    assert!(machine["password"].is_null(), "{machine}");
}
