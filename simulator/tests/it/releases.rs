//! Older releases: each has the commands that its sources were seen with, and answers as it did.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use cloudstack_simulator::Cloud;
use cloudstack_simulator::api::request::{Parameters, Port, Request};
use cloudstack_simulator::api::response::Response;
use cloudstack_simulator::api::{answer, command, signature};
use cloudstack_simulator::catalog;
use cloudstack_simulator::quirk::Quirks;
use cloudstack_simulator::world::World;
use serde_json::Value;

/// The sources of `versions.tsv` from the oldest release to the newest.
const SOURCES: [&str; 15] = [
    "4.11", "4.12", "4.15.1", "4.15.2", "4.16.0", "4.16.1", "4.17", "4.18", "4.19.0", "4.19.2", "4.20.0",
    "4.20.1", "4.21", "4.22.0", "src4.22",
];

fn facts(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/catalog").join(file);
    fs::read_to_string(path).expect("a fact file")
}

/// The world of a cloud that was started at a release.
fn world(release: &str) -> World {
    let builder = Cloud::builder().release(release).expect("a release");
    builder.start_blocking().unwrap_or_else(|error| panic!("{release}: {error}")).snapshot()
}

/// Asks on the integration port and answers the body.
fn ask(world: &mut World, query: &str) -> String {
    let request = Request {
        port: Port::Integration,
        method: "GET".to_owned(),
        target: format!("/client/api?{query}"),
        headers: Vec::new(),
        body: Vec::new(),
        needs_host: false,
        peer: IpAddr::from([127, 0, 0, 1]),
    };
    String::from_utf8(answer(world, &request).body).expect("bodies are text")
}

fn ask_json(world: &mut World, query: &str) -> Value {
    let body = ask(world, &format!("response=json&{query}"));
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{query}: {error}: {body}"))
}

/// What `listApis` says of each command.
fn listed(world: &mut World) -> BTreeMap<String, Value> {
    let mut answer = ask_json(world, "command=listApis");
    let Value::Array(commands) = answer["listapisresponse"]["api"].take() else { panic!("{answer}") };
    commands
        .into_iter()
        .map(|command| (command["name"].as_str().unwrap_or_default().to_owned(), command))
        .collect()
}

#[test]
fn each_release_lists_the_commands_that_it_was_seen_with() {
    let table = facts("versions.tsv");
    let mut lines = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let rows: BTreeMap<&str, Vec<&str>> = lines.map(|cells| (cells[0], cells)).collect();
    let mut wrong = Vec::new();
    for source in SOURCES {
        let column = header.iter().position(|name| *name == source).expect("a column of the table");
        let listed: BTreeSet<String> =
            listed(&mut world(source.trim_start_matches("src"))).into_keys().collect();
        for command in catalog::commands().filter(|command| command::is_served(*command)) {
            let name = command.name();
            // What has to be switched on is in a source or not, and never listed while it is off.
            let is_off = command.gate().is_some_and(|gate| !gate.default);
            match rows[name][column] {
                "1" if !listed.contains(name) && !is_off => wrong.push(format!("{source} has {name}")),
                "0" | "1" if listed.contains(name) && is_off => {
                    wrong.push(format!("{source} lists {name}, which is off"));
                }
                "0" if listed.contains(name) && command.served_by_default_build() => {
                    wrong.push(format!("{source} has no {name}"));
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn releases_between_the_sources_go_by_the_annotations() {
    let has = |release: &str, command: &str| listed(&mut world(release)).contains_key(command);
    // Neither 4.13 nor 4.14 was looked at; listAnnotations is older, destroyVolume says 4.14.0.
    assert!(
        has("4.13", "listAnnotations") && !has("4.13.1", "destroyVolume") && has("4.14", "destroyVolume")
    );
}

#[test]
fn a_command_of_a_later_release_is_unknown() {
    let mut older = world("4.17");
    let answer = ask_json(&mut older, "command=listUserData");
    assert_eq!(answer["errorresponse"]["errorcode"], 432, "{answer}");
    assert_eq!(answer["errorresponse"]["errortext"], "Unknown API command: listUserData");
    // The one command that needs no signature is no exception.
    assert_eq!(send(&mut older, "GET", "command=listGuiThemes", &[]).status, 401);
    assert_ne!(send(&mut world("4.21"), "GET", "command=listGuiThemes", &[]).status, 401);
    let answer = ask_json(&mut world("4.18"), "command=listUserData");
    assert!(answer["listuserdataresponse"].is_object(), "{answer}");
}

#[test]
fn parameters_are_those_of_the_release() {
    let param = |release: &str, command: &str, name: &str| {
        let mut listed = listed(&mut world(release));
        let params = listed.remove(command).unwrap_or_default()["params"].take();
        let found = params.as_array().into_iter().flatten().find(|param| param["name"] == name).cloned();
        found.unwrap_or_default()
    };
    // Added.
    assert!(param("4.17", "deployVirtualMachine", "userdataid").is_null());
    assert!(param("4.18", "deployVirtualMachine", "userdataid").is_object());
    // Demanded no longer.
    assert_eq!(param("4.17", "createNetwork", "displaytext")["required"], true);
    assert_eq!(param("4.18", "createNetwork", "displaytext")["required"], false);
    let answer = ask_json(&mut world("4.17"), "command=createNetwork&name=one");
    let text = answer["createnetworkresponse"]["errortext"].as_str().unwrap_or_default();
    assert!(text.ends_with("due to missing parameter displaytext"), "{answer}");
    // Lengthened.
    assert_eq!(param("4.15.2", "deployVirtualMachine", "userdata")["length"], 32_768);
    assert_eq!(param("4.16", "deployVirtualMachine", "userdata")["length"], 1_048_576);
    // Seen in 4.15.2 with another length, so there before 4.16.0, which its annotation names.
    assert_eq!(param("4.15.2", "updateVirtualMachine", "userdata")["length"], 32_768);
    // Of another type.
    assert_eq!(param("4.16.1", "listUsers", "accounttype")["type"], "long");
    assert_eq!(param("4.17", "listUsers", "accounttype")["type"], "integer");
}

#[test]
fn answers_are_those_of_the_release() {
    let capability = |release: &str, name: &str| {
        ask_json(&mut world(release), "command=listCapabilities")["listcapabilitiesresponse"]["capability"]
            [name]
            .take()
    };
    for (release, version) in [("4.11", "4.11.0.0"), ("4.19.2", "4.19.2.0"), ("4.22", "4.22.0.0-SNAPSHOT")] {
        assert_eq!(capability(release, "cloudstackversion"), version);
    }
    assert!(capability("4.20", "instanceleaseenabled").is_null());
    assert_eq!(capability("4.21", "instanceleaseenabled"), false);
    let listed = |release: &str| ask(&mut world(release), "command=listZones");
    assert!(listed("4.20").contains("<listzonesresponse cloud-stack-version=\"4.20.0.0\">"));
    assert!(listed("4.21").contains("<listzonesresponse>"));
}

#[test]
fn settings_are_those_of_the_release() {
    let shown = |release: &str, name: &str| {
        let query = format!("command=listConfigurations&name={name}");
        ask_json(&mut world(release), &query)["listconfigurationsresponse"]["count"].take()
    };
    assert!(shown("4.20", "enforce.post.requests.and.timestamps").is_null());
    assert_eq!(shown("4.21", "enforce.post.requests.and.timestamps"), 1);
}

/// Sends a request to the signed port.
fn send(world: &mut World, method: &str, query: &str, headers: &[(&str, &str)]) -> Response {
    let request = Request {
        port: Port::Main,
        method: method.to_owned(),
        target: format!("/client/api?response=json&{query}"),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: Vec::new(),
        needs_host: false,
        peer: IpAddr::from([127, 0, 0, 1]),
    };
    answer(world, &request)
}

/// Logs in: the cookie of the container, the line of the other one, and the session key.
fn login(world: &mut World) -> (String, String, String) {
    let response = send(world, "POST", "command=login&username=admin&password=password", &[]);
    let cookies: Vec<&str> = response
        .headers
        .iter()
        .filter_map(|(name, value)| (*name == "Set-Cookie").then_some(value.as_ref()))
        .collect();
    let body: Value = serde_json::from_slice(&response.body).expect("a login answers JSON");
    let key = body["loginresponse"]["sessionkey"].as_str().expect("a login tells the key").to_owned();
    let container = cookies[0].split(';').next().expect("a cookie").to_owned();
    (container, cookies[1].to_owned(), key)
}

#[test]
fn the_session_key_is_proven_as_the_release_demands() {
    for (release, statuses, attributes) in [
        ("4.19.1", [200, 200, 200, 401], ";HttpOnly"),
        ("4.19.2", [401, 401, 200, 401], ";HttpOnly;SameSite=Lax"),
    ] {
        let mut world = world(release);
        // Whether the key comes as a cookie, and whether as a parameter.
        let told =
            [(true, false), (false, true), (true, true), (false, false)].map(|(as_cookie, as_parameter)| {
                let (container, line, key) = login(&mut world);
                assert_eq!(line, format!("sessionkey={key}{attributes}"), "{release}");
                let cookie = if as_cookie { format!("{container}; sessionkey={key}") } else { container };
                let parameter = if as_parameter { format!("&sessionkey={key}") } else { String::new() };
                send(&mut world, "GET", &format!("command=listZones{parameter}"), &[("cookie", &cookie)])
                    .status
            });
        assert_eq!(told, statuses, "{release}");
    }
}

#[test]
fn the_forms_of_expires_are_those_of_the_release() {
    for (release, by_letter) in [("4.12", 401), ("4.13", 200)] {
        let mut world = world(release);
        let user = world.users.iter().find(|(_, user)| user.api_key.is_some()).expect("somebody has keys").1;
        let key = user.api_key.clone().unwrap_or_default();
        let secret = user.secret_key.clone().unwrap_or_default();
        let mut status = |expires: &str| {
            let pairs = [
                ("response", "json"),
                ("command", "listZones"),
                ("apikey", &key),
                ("signatureversion", "3"),
                ("expires", expires),
            ];
            let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            let canonical = signature::canonical(&Parameters::from_pairs(pairs), &Quirks::default());
            let escaped = |text: &str| text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
            let signature = escaped(&signature::sign(&canonical, &secret));
            let expires = escaped(expires);
            let query = format!(
                "command=listZones&apikey={key}&signatureversion=3&expires={expires}&signature={signature}"
            );
            send(&mut world, "GET", &query, &[]).status
        };
        assert_eq!(status("2999-01-02T03:04:05+0000"), 200, "{release}");
        assert_eq!(status("2999-01-02T03:04:05Z"), by_letter, "{release}");
        assert_eq!(status("1999-01-02T03:04:05+0000"), 401, "{release}");
    }
}
