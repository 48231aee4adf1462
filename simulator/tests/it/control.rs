//! The side door: worlds that are made, forked, saved, replaced and ended over HTTP.

use std::collections::HashMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use cloudstack_simulator::Cloud;
use serde_json::{Value, json};

use crate::cloud::{address, call};
use crate::program;

/// A cloud with an open side door.
struct Door(Cloud);

impl Door {
    fn open() -> Self {
        Self(Cloud::builder().virtual_clock().control().start_blocking().expect("a free port"))
    }

    fn url(&self) -> &str {
        self.0.ready().control.as_deref().expect("the side door is open")
    }

    /// Sends a request and answers the status and the body.
    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        exchange(address(self.url()), method, path, headers, body)
    }

    /// Does something that succeeds, and answers what came of it.
    fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = self.send(method, path, "", &body);
        assert!(matches!(status, 200 | 201), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).expect("an answer is JSON")
    }

    #[track_caller]
    fn expect_refusal(&self, (method, path, body): (&str, &str, &str), status: u16, parts: &[&str]) {
        let (found, text) = self.send(method, path, "", body);
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"));
        assert_eq!(found, status, "{method} {path} {body}: {text}");
        let members = answer.as_object().map(serde_json::Map::len);
        assert_eq!(members, Some(1), "an error is one text: {text}");
        let said = answer["error"].as_str().expect("an error is a text");
        for part in parts {
            assert!(said.contains(part), "{method} {path} {body}: {part:?} is missing in {said:?}");
        }
    }

    /// Makes a world and answers its ready line.
    fn make(&self, wanted: &Value) -> Value {
        self.done("POST", "/worlds", wanted)
    }
}

fn exchange(host: &str, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(host).expect("the door listens");
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("a request can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Calls a command through the unauthenticated port of a world.
fn ask(ready: &Value, command: &str, pairs: &[(&str, &str)]) -> Value {
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("&{name}={value}")).collect();
    let path = format!("/client/api?response=json&command={command}{}", query.concat());
    let (_, body) = exchange(address(text(&ready["integration"])), "GET", &path, "", "");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    body.as_object().and_then(|envelope| envelope.values().next()).expect("an envelope").clone()
}

fn group(ready: &Value, name: &str) {
    let made = ask(ready, "createInstanceGroup", &[("name", name)]);
    assert_eq!(made["instancegroup"]["name"], name, "{made}");
}

fn groups(ready: &Value) -> Vec<String> {
    let list = ask(ready, "listInstanceGroups", &[("listall", "true")]);
    let rows = list["instancegroup"].as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| text(&row["name"]).to_owned()).collect()
}

fn listens(url: &Value) -> bool {
    TcpStream::connect(address(text(url))).is_ok()
}

#[test]
fn the_door_is_closed_unless_asked_for() {
    let cloud = Cloud::builder().start_blocking().expect("a free port");
    assert_eq!(cloud.ready().control, None);
    call(&cloud, &[("command", "listUsers")]);
    assert!(cloud.requests().is_empty());
}

#[test]
fn a_new_world_is_apart_and_ends_with_its_ports() {
    let door = Door::open();
    let ready = door.make(&json!({
        "world": "empty", "seed": 9, "quirks": ["json-by-default"], "jobs": "steps:2", "release": "4.20",
        "clock": "real", "settings": {"expunge.delay": 60}
    }));
    assert_eq!(ready["id"], "2");
    assert_eq!(ready["control"], format!("{}/worlds/2", door.url()));
    for member in ["api", "integration", "credentials", "guests"] {
        assert!(!ready[member].is_null(), "{member} is missing in {ready}");
    }
    group(&ready, "only-here");
    assert!(call(&door.0, &[("command", "listInstanceGroups")]).1.ends_with("{}}"));
    assert_eq!(ask(&ready, "listZones", &[]), json!({}));
    assert_eq!(ask(&ready, "listCapabilities", &[])["capability"]["cloudstackversion"], "4.20.0.0");
    let delay = ask(&ready, "listConfigurations", &[("name", "expunge.delay")]);
    assert_eq!(delay["configuration"][0]["value"], "60");
    assert_eq!(door.done("GET", "/worlds", &Value::Null), json!({"worlds": ["1", "2"]}));
    assert_eq!(door.done("DELETE", "/worlds/2", &Value::Null), json!({"ended": "2"}));
    assert!(!listens(&ready["api"]) && !listens(&ready["integration"]), "a port is still open");
    door.expect_refusal(("DELETE", "/worlds/2", ""), 404, &["\"2\"", "GET /worlds"]);
    assert_eq!(door.make(&Value::Null)["id"], "3", "a number is not given twice");
}

#[test]
fn worlds_end_with_the_program() {
    let door = Door::open();
    let ready = door.make(&Value::Null);
    assert!(listens(&ready["api"]));
    drop(door);
    assert!(!listens(&ready["api"]));
}

#[test]
fn a_fork_goes_its_own_way() {
    let door = Door::open();
    let first = door.make(&json!({"seed": 9}));
    group(&first, "before");
    let fork = door.done("POST", "/worlds/2/fork", &Value::Null);
    assert_eq!((text(&fork["id"]), &fork["credentials"]), ("3", &first["credentials"]));
    group(&first, "after");
    assert_eq!(groups(&first), ["before", "after"]);
    assert_eq!(groups(&fork), ["before"]);
    let own = door.done("POST", "/worlds/1/fork", &json!({}));
    assert_ne!(own["credentials"], first["credentials"], "the program's own world has another seed");
    assert_eq!(own["credentials"][0]["apikey"], door.0.ready().credentials[0].apikey);
}

#[test]
fn a_snapshot_takes_the_place_of_any_world() {
    let door = Door::open();
    let first = door.make(&Value::Null);
    group(&first, "kept");
    let snapshot = door.done("POST", "/worlds/2/snapshot", &Value::Null);
    assert_eq!(snapshot["format"], "cloudstack-simulator-world");
    group(&first, "lost");
    let other = door.make(&json!({"world": "empty"}));
    assert_eq!(other["router"], Value::Null, "an empty world has no routers");
    for id in ["2", "3"] {
        let again = door.done("POST", &format!("/worlds/{id}/restore"), &snapshot);
        assert_eq!(groups(&again), ["kept"]);
        assert_eq!((&again["credentials"], text(&again["id"])), (&first["credentials"], id));
        assert!(listens(&again["router"]), "the routers have come");
        for guest in again["guests"].as_array().expect("guests") {
            assert!(Path::new(text(&guest["lease"])).exists(), "{guest}");
        }
        let twice = door.done("POST", &format!("/worlds/{id}/snapshot"), &Value::Null);
        assert_eq!(twice["world"]["users"], snapshot["world"]["users"]);
    }
    let restored = door.done("POST", "/worlds/1/restore", &snapshot);
    assert_eq!(groups(&restored), ["kept"]);
    assert_eq!(restored["control"], door.url());
}

#[test]
fn routers_and_leases_that_a_restored_world_has_not_are_gone() {
    let door = Door::open();
    let empty = door.make(&json!({"world": "empty"}));
    assert_eq!(empty["guests"], json!([]));
    let snapshot = door.done("POST", "/worlds/2/snapshot", &Value::Null);
    let demo = door.make(&Value::Null);
    assert!(listens(&demo["router"]));
    let restored = door.done("POST", "/worlds/3/restore", &snapshot);
    assert_eq!((&restored["router"], &restored["guests"]), (&Value::Null, &json!([])));
    assert!(!listens(&demo["router"]), "the router of a world that is gone still listens");
    assert!(!Path::new(text(&demo["guests"][0]["lease"])).exists());
    assert_eq!(restored["api"], demo["api"], "the API stays where it was");
}

#[test]
fn a_virtual_clock_goes_on_and_a_real_one_is_refused() {
    let door = Door::open();
    let before = door.done("POST", "/worlds/1/clock", &Value::Null);
    let after = door.done("POST", "/worlds/1/clock", &json!({"seconds": 90, "milliseconds": 500}));
    assert_eq!(before["now"], "2030-01-01T00:00:00+0000");
    assert_eq!(after["now"], "2030-01-01T00:01:30+0000");
    assert_eq!(door.0.snapshot().now.0, before["milliseconds"].as_i64().expect("a number") + 90_500);
    door.make(&json!({"clock": "real"}));
    door.expect_refusal(("POST", "/worlds/2/clock", "{\"seconds\": 1}"), 409, &["--clock virtual"]);
}

#[test]
fn quirks_are_switched_on_and_off() {
    let door = Door::open();
    let switched =
        door.done("POST", "/worlds/1/quirks", &json!({"on": ["count-is-text", "json-by-default"]}));
    assert_eq!(switched, json!({"quirks": ["json-by-default", "count-is-text"]}));
    let users = || call(&door.0, &[("command", "listUsers")]).1;
    assert!(users().contains("\"count\":\""), "{}", users());
    let left = door.done("POST", "/worlds/1/quirks", &json!({"off": ["count-is-text"]}));
    assert_eq!(left, json!({"quirks": ["json-by-default"]}));
    assert!(!users().contains("\"count\":\""), "{}", users());
    let unknown = "{\"on\": [\"count-is-text\"], \"off\": [\"ignore-expiration\"]}";
    door.expect_refusal(("POST", "/worlds/1/quirks", unknown), 400, &["ignore-expiry", "--list-quirks"]);
    assert!(!users().contains("\"count\":\""), "a refused request switches nothing");
}

#[test]
fn an_ordered_fault_is_met_and_forgotten() {
    let door = Door::open();
    let ready = door.make(&Value::Null);
    let machine = ask(&ready, "listVirtualMachines", &[("listall", "true"), ("state", "Running")]);
    let machine = &machine["virtualmachine"][0];
    let reboot = || {
        let job = ask(&ready, "rebootVirtualMachine", &[("id", text(&machine["id"]))]);
        ask(&ready, "queryAsyncJobResult", &[("jobid", text(&job["jobid"]))])["jobstatus"].clone()
    };
    assert_eq!(reboot(), 1);
    let fault = json!({"command": "RebootCommand", "zone": machine["zoneid"], "result": "fail"});
    assert_eq!(door.done("POST", "/worlds/2/faults", &fault), json!({"id": 1}));
    assert_eq!(reboot(), 2, "the agent fails");
    assert_eq!(door.done("DELETE", "/worlds/2/faults", &Value::Null), json!({"forgotten": 1}));
    assert_eq!(reboot(), 1);
    let faults = "/worlds/2/faults";
    door.expect_refusal(("POST", faults, "{\"command\": \"StopCommand\"}"), 400, &["does nothing", "wait"]);
    let result = "{\"command\": \"a\", \"result\": \"maybe\"}";
    door.expect_refusal(("POST", faults, result), 400, &["at result", "fail"]);
    let host = json!({"command": "StopCommand", "wait": 1, "host": machine["zoneid"]}).to_string();
    door.expect_refusal(("POST", faults, &host), 400, &["at host", text(&machine["zoneid"])]);
}

#[test]
fn settings_are_set_all_or_none() {
    let door = Door::open();
    let set = door.done("POST", "/worlds/1/settings", &json!({"expunge.delay": 60, "ldap.basedn": "dc=a"}));
    assert_eq!(set, json!({"settings": {"expunge.delay": "60", "ldap.basedn": "dc=a"}}));
    assert_eq!(door.0.snapshot().settings.text("expunge.delay"), "60");
    let wrong = "{\"expunge.delay\": \"7\", \"no.such\": true}";
    door.expect_refusal(("POST", "/worlds/1/settings", wrong), 400, &["no.such", "nothing was set"]);
    assert_eq!(door.0.snapshot().settings.text("expunge.delay"), "60");
    let list = "{\"expunge.delay\": []}";
    door.expect_refusal(("POST", "/worlds/1/settings", list), 400, &["expunge.delay", "text"]);
}

#[test]
fn requests_are_logged_with_what_became_of_them() {
    let door = Door::open();
    let ready = door.make(&Value::Null);
    ask(&ready, "listZones", &[("name", "a")]);
    exchange(address(text(&ready["api"])), "POST", "/client/api?command=listUsers", "", "x=y");
    ask(&ready, "listSwifts", &[]);
    exchange(address(text(&ready["router"])), "GET", "/latest/instance-id", "", "");
    let log = door.done("GET", "/worlds/2/requests", &Value::Null);
    assert_eq!(log["forgotten"], 0);
    let requests = &log["requests"];
    let seen = requests.as_array().expect("requests").iter().map(|one| {
        let command = one["command"].as_str().unwrap_or("-");
        format!(
            "{} {} {} {command} {}",
            one["number"],
            text(&one["door"]),
            text(&one["method"]),
            one["played"]
        )
    });
    let expected = [
        "1 integration GET listZones true",
        "2 api POST listUsers true",
        "3 integration GET listSwifts false",
        "4 router GET - true",
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    assert!(text(&requests[0]["target"]).ends_with("command=listZones&name=a"));
    assert_eq!((&requests[1]["status"], &requests[1]["body"]), (&json!(401), &json!("x=y")));
    assert_eq!(door.done("GET", "/worlds/1/requests", &Value::Null)["requests"], json!([]));
    call(&door.0, &[("command", "listUsers")]);
    assert_eq!(door.0.requests()[0].command.as_deref(), Some("listUsers"));
}

#[test]
fn what_cannot_be_done_is_refused_with_what_to_do() {
    let door = Door::open();
    let refuse = |call, status, parts: &[&str]| door.expect_refusal(call, status, parts);
    refuse(("GET", "/", ""), 404, &["POST /worlds"]);
    refuse(("GET", "/worlds/1/nothing", ""), 404, &["/snapshot"]);
    refuse(("GET", "/worlds/1/fork", ""), 405, &["POST /worlds/ID/fork"]);
    refuse(("POST", "/worlds/1/requests", ""), 405, &["GET /worlds/ID/requests"]);
    refuse(("DELETE", "/worlds", ""), 405, &["DELETE /worlds/ID"]);
    refuse(("DELETE", "/worlds/1", ""), 409, &["end the program"]);
    for id in ["7", "01", "-1", "x", "%31"] {
        door.expect_refusal(("POST", &format!("/worlds/{id}/fork"), ""), 404, &["there is no world", id]);
    }
    refuse(("POST", "/worlds", "{"), 400, &["JSON object"]);
    refuse(("POST", "/worlds", "7"), 400, &["JSON object"]);
    refuse(("POST", "/worlds", "{} {}"), 400, &["goes on"]);
    refuse(("POST", "/worlds", "{\"sead\": 7}"), 400, &["sead", "seed"]);
    refuse(("POST", "/worlds", "{\"seed\": \"7\"}"), 400, &["at seed"]);
    refuse(("POST", "/worlds", "{\"world\": \"/etc/passwd\"}"), 400, &["/etc/passwd", "demo", "/restore"]);
    refuse(("POST", "/worlds", "{\"release\": \"4.10\"}"), 400, &["4.11"]);
    refuse(("POST", "/worlds", "{\"jobs\": \"fast\"}"), 400, &["steps:N"]);
    refuse(("POST", "/worlds", "{\"clock\": \"sundial\"}"), 400, &["at clock", "virtual"]);
    refuse(("POST", "/worlds", "{\"settings\": {\"no.such\": 1}}"), 400, &["no.such"]);
    refuse(("POST", "/worlds/1/fork", "{\"seed\": 7}"), 400, &["seed"]);
    refuse(("POST", "/worlds/1/clock", "{\"seconds\": -1}"), 400, &["at seconds"]);
    refuse(("POST", "/worlds/1/restore", ""), 400, &["no saved world", "/snapshot"]);
    refuse(("POST", "/worlds/1/restore", "{\"format\": \"toml\"}"), 400, &["toml", "/snapshot"]);
    let (status, text) = door.send("POST", "/worlds", "Origin: http://a.example\r\n", "");
    assert_eq!(status, 403, "a web page cannot make worlds: {text}");
    assert_eq!(door.done("GET", "/worlds", &Value::Null), json!({"worlds": ["1"]}), "nothing was made");
}

#[test]
fn a_library_restores_what_it_kept() {
    let mut cloud = Cloud::builder().virtual_clock().start_blocking().expect("a free port");
    let kept = cloud.snapshot();
    let before = cloud.ready().clone();
    call(&cloud, &[("command", "createInstanceGroup"), ("name", "lost")]);
    cloud.restore(kept).expect("the routers are where they were");
    assert_eq!(cloud.ready(), &before);
    assert!(call(&cloud, &[("command", "listInstanceGroups")]).1.ends_with("{}}"));
}

/// The lines of the README that speak to the door, without their prompts and remarks.
fn lines_of_the_readme() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(path).expect("the README");
    let lines = readme.lines().filter_map(|line| line.strip_prefix("$ curl "));
    let lines: Vec<String> =
        lines.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned()).collect();
    assert!(lines.len() > 5, "the README shows how to use the door");
    lines
}

/// The words of a line, as a shell parts them.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (position, part) in line.split('\'').enumerate() {
        if position % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn the_lines_of_the_readme_do_what_they_say() {
    let door = Door::open();
    let mut files: HashMap<String, String> = HashMap::new();
    for line in lines_of_the_readme() {
        let mut words = words(&line).into_iter();
        let (mut method, mut body, mut path, mut file) =
            ("GET".to_owned(), String::new(), String::new(), None);
        while let Some(word) = words.next() {
            let mut next = || words.next().expect("a word follows");
            match word.as_str() {
                "-X" => method = next(),
                "-d" | "--data-binary" => {
                    method = "POST".to_owned();
                    let data = next();
                    body = data.strip_prefix('@').map_or(data.clone(), |name| files[name].clone());
                }
                ">" => file = Some(next()),
                url => url.strip_prefix("$control").expect("a URL of the door").clone_into(&mut path),
            }
        }
        let (status, text) = door.send(&method, &path, "", &body);
        assert!(matches!(status, 200 | 201), "{line}: {status} {text}");
        files.extend(file.map(|file| (file, text)));
    }
    assert_eq!(door.done("GET", "/worlds", &Value::Null), json!({"worlds": ["1", "2"]}));
}

#[test]
fn the_program_says_where_its_door_is() {
    let output = Command::new(env!("CARGO_BIN_EXE_cloudstack-simulator"))
        .args(["--control", "nowhere"])
        .output()
        .expect("the binary was built for this test");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--control"));
    program::while_running(&["--control", "127.0.0.1:0"], |ready| {
        let (status, text) = exchange(address(text(&ready["control"])), "GET", "/worlds", "", "");
        assert_eq!((status, text.as_str()), (200, "{\"worlds\":[\"1\"]}\n"));
    });
}
