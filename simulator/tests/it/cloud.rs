//! Clouds in one process: isolated, repeatable, gone when dropped.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use cloudstack_simulator::Cloud;
use cloudstack_simulator::api::request::Parameters;
use cloudstack_simulator::api::signature;
use cloudstack_simulator::quirk::Quirks;

fn address(url: &str) -> &str {
    url.trim_start_matches("http://").split('/').next().expect("a host and a port")
}

/// Calls a command as the administrator and answers status line and body.
fn call(cloud: &Cloud, pairs: &[(&str, &str)]) -> (String, String) {
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
    let unknown_quirk = Cloud::builder().quirk("no-such-quirk").expect_err("no such quirk");
    assert!(unknown_quirk.to_string().contains("no-such-quirk"), "{unknown_quirk}");
}

#[test]
fn every_named_world_starts() {
    for (name, _) in cloudstack_simulator::world::preset::NAMED {
        Cloud::builder().world(name).start_blocking().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
