//! Clouds in one process: isolated, repeatable, gone when dropped.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use cloudstack_simulator::Cloud;
use cloudstack_simulator::api::request::Parameters;
use cloudstack_simulator::api::signature;
use cloudstack_simulator::quirk::Quirks;

pub(crate) fn address(url: &str) -> &str {
    url.trim_start_matches("http://").split('/').next().expect("a host and a port")
}

/// Calls a command as the administrator and answers status line and body.
pub(crate) fn call(cloud: &Cloud, pairs: &[(&str, &str)]) -> (String, String) {
    let admin = &cloud.ready().credentials[0];
    let fixed = [("apikey", admin.apikey.as_str()), ("response", "json")];
    let pairs: Vec<(String, String)> =
        fixed.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let parameters = Parameters::from_pairs(pairs.clone());
    let signature = signature::sign(&signature::canonical(&parameters, &Quirks::default()), &admin.secretkey);
    let query: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .chain([format!(
            "signature={}",
            signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
        )])
        .collect();
    let host = address(&cloud.ready().api);
    let mut stream = TcpStream::connect(host).expect("the cloud listens");
    write!(
        stream,
        "GET /client/api?{} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        query.join("&")
    )
    .expect("a request can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[test]
fn the_seed_decides_keys_and_identifiers() {
    let start = |seed| Cloud::builder().seed(seed).virtual_clock().start_blocking().expect("a free port");
    let (one, two, other) = (start(5), start(5), start(6));
    assert_eq!(one.ready().credentials, two.ready().credentials);
    assert_ne!(one.ready().credentials, other.ready().credentials);
    let zones = |cloud| call(cloud, &[("command", "listZones")]);
    assert_eq!(zones(&one), zones(&two));
}

#[test]
fn clouds_do_not_see_each_other() {
    let (one, two) = (
        Cloud::builder().start_blocking().expect("a free port"),
        Cloud::builder().start_blocking().expect("a free port"),
    );
    let (status, _) = call(&one, &[("command", "createInstanceGroup"), ("name", "only-here")]);
    assert_eq!(status, "HTTP/1.1 200 OK");
    let groups = |cloud| call(cloud, &[("command", "listInstanceGroups")]).1;
    assert!(groups(&one).contains("only-here"));
    assert_eq!(groups(&two), r#"{"listinstancegroupsresponse":{}}"#);
}

#[test]
fn a_fork_begins_where_the_cloud_is_and_goes_its_own_way() {
    let cloud = Cloud::builder().start_blocking().expect("a free port");
    let register = |cloud: &Cloud, name| call(cloud, &[("command", "createInstanceGroup"), ("name", name)]);
    let groups = |cloud: &Cloud| call(cloud, &[("command", "listInstanceGroups")]).1;
    register(&cloud, "before");
    let fork = cloud.fork().expect("a free port");
    register(&cloud, "after");
    register(&fork, "elsewhere");
    assert_eq!(fork.ready().credentials, cloud.ready().credentials);
    assert!(groups(&cloud).contains("before") && groups(&fork).contains("before"));
    assert!(groups(&cloud).contains("after") && !groups(&cloud).contains("elsewhere"));
    assert!(groups(&fork).contains("elsewhere") && !groups(&fork).contains("after"));
    drop(cloud);
    assert!(groups(&fork).contains("elsewhere"), "a fork outlives what it was forked from");
}

#[test]
fn a_virtual_clock_goes_on_when_it_is_told_and_a_real_one_by_itself() {
    let by = Duration::from_secs(90);
    let virtually = Cloud::builder().virtual_clock().start_blocking().expect("a free port");
    let before = virtually.snapshot().now;
    virtually.advance(by);
    assert_eq!(virtually.snapshot().now, before.plus_seconds(90));
    let really = Cloud::builder().start_blocking().expect("a free port");
    let before = really.snapshot().now;
    really.advance(by);
    assert!(really.snapshot().now < before.plus_seconds(90));
}

#[test]
fn dropping_a_cloud_frees_its_ports_and_takes_its_lease_files_away() {
    let cloud = Cloud::builder().start_blocking().expect("a free port");
    let api = address(&cloud.ready().api).to_owned();
    let lease = cloud.ready().guests[0].lease.clone();
    assert!(std::path::Path::new(&lease).exists());
    drop(cloud);
    assert!(TcpStream::connect(&api).is_err(), "{api} still listens");
    assert!(!std::path::Path::new(&lease).exists());
}

#[test]
fn starting_fails_with_a_line_that_says_what_is_wrong() {
    let unknown_world = Cloud::builder().world("no-such-world").start_blocking().expect_err("no such world");
    assert!(unknown_world.to_string().contains("no-such-world"), "{unknown_world}");
    let unknown_setting =
        Cloud::builder().setting("no.such", "1").start_blocking().expect_err("no such setting");
    assert!(unknown_setting.to_string().contains("no.such"), "{unknown_setting}");
    let no_release = Cloud::builder().release("four").expect_err("no release");
    assert!(no_release.to_string().contains("four"), "{no_release}");
    for release in ["4.10", "4.23"] {
        let builder = Cloud::builder().release(release).expect("a number");
        let unplayed = builder.start_blocking().expect_err("a release without facts");
        assert!(unplayed.to_string().contains(release), "{unplayed}");
    }
    let later = Cloud::builder().release("4.18").expect("a release").setting("api.key.access", "false");
    let later = later.start_blocking().expect_err("a setting of 4.20.1");
    assert!(later.to_string().contains("api.key.access"), "{later}");
    let unknown_quirk = Cloud::builder().quirk("no-such-quirk").expect_err("no such quirk");
    assert!(unknown_quirk.to_string().contains("no-such-quirk"), "{unknown_quirk}");
}

#[test]
fn every_named_world_starts() {
    for (name, _) in cloudstack_simulator::world::preset::NAMED {
        Cloud::builder().world(name).start_blocking().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn the_sandbox_has_what_the_tests_of_the_ansible_collection_name() {
    let cloud = Cloud::builder().world("sandbox").start_blocking().expect("a free port");
    let get = |command: &str| call(&cloud, &[("command", command), ("listall", "true")]).1;
    let zones = get("listZones");
    for name in ["Sandbox-simulator-basic", "Sandbox-simulator-advanced"] {
        assert!(zones.contains(&format!(r#""name":"{name}""#)), "{zones}");
    }
    assert!(zones.contains(r#""networktype":"Basic""#) && zones.contains(r#""networktype":"Advanced""#));
    for (command, names) in [
        ("listPods", &["POD0-basic", "POD0-adv"][..]),
        ("listClusters", &["C0-basic", "C0-adv", "C1-adv"]),
        ("listStoragePools", &["PS0-basic", "PS0-adv", "PS1-adv", "PS2-adv"]),
        ("listNetworks", &["guestNetworkForBasicZone"]),
        ("listServiceOfferings", &["Small Instance"]),
        ("listVPCOfferings", &["Default VPC offering", "Redundant VPC offering"]),
    ] {
        let answer = get(command);
        for name in names {
            assert!(answer.contains(&format!(r#""name":"{name}""#)), "{name}: {answer}");
        }
    }
    let templates = call(&cloud, &[("command", "listTemplates"), ("templatefilter", "executable")]).1;
    assert!(templates.contains("CentOS 5.6 (64-bit) no GUI (Simulator)"), "{templates}");
}
