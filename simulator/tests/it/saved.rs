//! Saved worlds: what is read goes on as if it had never been away.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use cloudstack_simulator::Cloud;
use cloudstack_simulator::api::request::{Port, Request};
use cloudstack_simulator::api::response::Header;
use cloudstack_simulator::api::{self, command};
use cloudstack_simulator::catalog::{self, Command, Param};
use cloudstack_simulator::world::clock::VIRTUAL_EPOCH;
use cloudstack_simulator::world::id::Ids;
use cloudstack_simulator::world::job::Pace;
use cloudstack_simulator::world::{World, preset, saved};
use serde_json::Value;

use crate::cloud::call;

/// How many calls a random life has.
const CALLS: usize = 400;
/// After how many calls it is saved and read.
const BETWEEN: usize = 80;

fn world(name: &str) -> World {
    let (_, text) = preset::NAMED.iter().find(|(known, _)| *known == name).expect("a named world");
    let mut world = preset::build(name, text, 7, VIRTUAL_EPOCH).expect("a named world is valid");
    // Jobs that are under way are saved too.
    world.pace = Pace::Steps(2);
    world.settings.set("quota.enable.service", "true").expect("a known setting");
    world
}

/// Calls through the port that asks for no credentials, and answers all that a client sees.
fn ask(world: &mut World, command: &str, pairs: &[(&str, String)]) -> (u16, Vec<Header>, String) {
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("&{name}={value}")).collect();
    let request = Request {
        port: Port::Integration,
        method: "GET".to_owned(),
        target: format!("/client/api?response=json&command={command}{}", query.concat()),
        headers: vec![("host".to_owned(), "localhost".to_owned())],
        body: Vec::new(),
        needs_host: true,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let response = api::answer(world, &request);
    let body = String::from_utf8_lossy(&response.body).into_owned();
    (response.status, response.headers, body)
}

/// A random call: any command that is played, with values that may mean something.
struct Dice(Ids);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.number() % end.max(1) as u64).expect("a small number")
    }

    fn any<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }

    fn command(&mut self) -> Command {
        loop {
            let command = catalog::commands().nth(self.below(Command::COUNT)).expect("a number below");
            if command::is_played(command) && !command.is_authenticator() {
                return command;
            }
        }
    }

    /// A value for a parameter: of things, one that the world has.
    fn value(&mut self, world: &World, param: Param) -> String {
        let classes: Vec<&str> = param.entities().collect();
        let mut fitting: Vec<String> = world
            .index
            .iter()
            .filter(|(_, handle)| handle.kind.classes().iter().any(|class| classes.contains(class)))
            .map(|(uuid, _)| uuid.to_string())
            .collect();
        fitting.sort_unstable();
        if !fitting.is_empty() {
            let newest_too = self.below(fitting.len());
            return fitting.swap_remove(newest_too);
        }
        match param.field_type().name() {
            "BOOLEAN" => self.any(&["true", "false"]).to_owned(),
            "INTEGER" | "LONG" | "SHORT" | "FLOAT" | "DOUBLE" => {
                self.any(&["1", "2", "8", "100", "512"]).to_owned()
            }
            _ => match param.name() {
                name if name.contains("cidr") => "10.9.0.0/24".to_owned(),
                name if name.contains("netmask") => "255.255.255.0".to_owned(),
                name if name.contains("gateway") => "10.9.0.1".to_owned(),
                name if name.contains("ip") => self.any(&["10.9.0.5", "10.9.0.9", "10.1.1.77"]).to_owned(),
                "protocol" => self.any(&["tcp", "udp", "icmp"]).to_owned(),
                "resourcetype" | "entitytype" => {
                    self.any(&["UserVm", "Network", "Volume", "VM", "ZONE"]).to_owned()
                }
                "algorithm" => "roundrobin".to_owned(),
                "resourceids" => fitting_anything(world, self.below(1000)),
                "type" | "roletype" => self.any(&["User", "Shared", "Admin"]).to_owned(),
                "hypervisor" => "Simulator".to_owned(),
                "format" => "QCOW2".to_owned(),
                "traffictype" => "Guest".to_owned(),
                name if name.contains("url") => "http://a.example/b.qcow2".to_owned(),
                _ => self.any(&["a", "b", "one-name", "tags%5B0%5D"]).to_owned(),
            },
        }
    }

    fn call(&mut self, world: &World) -> (&'static str, Vec<(&'static str, String)>) {
        let command = self.command();
        let mut pairs = Vec::new();
        for param in command.params() {
            let wanted = param.required() || self.below(4) == 0;
            if wanted && param.field_type().name() == "MAP" {
                let value = self.any(&["a", "b"]).to_owned();
                pairs.extend([("tags[0].key", value.clone()), ("tags[0].value", value)]);
            } else if wanted {
                pairs.push((param.name(), self.value(world, param)));
            }
        }
        (command.name(), pairs)
    }
}

fn fitting_anything(world: &World, number: usize) -> String {
    let mut all: Vec<String> = world.index.keys().map(ToString::to_string).collect();
    all.sort_unstable();
    all[number % all.len()].clone()
}

/// Saves and reads a world, and expects that nothing is lost and that both go on alike.
fn check(world: &World, context: &str) -> World {
    let text = saved::save(world);
    let read = saved::load(&text).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert!(saved::save(&read) == text, "{context}: what was read is saved otherwise");
    assert!(read.index == world.index, "{context}: identifiers differ");
    assert!(read.slots == world.slots, "{context}: volumes hang elsewhere");
    assert!(read.open_jobs == world.open_jobs, "{context}: other jobs are open");
    let (mut left, mut right) = (world.clone(), read.clone());
    for command in catalog::commands().filter(|command| command.is_list() && command::is_played(*command)) {
        let all = [("listall", "true".to_owned())];
        for pairs in [&[][..], &all] {
            let answers = [&mut left, &mut right].map(|world| ask(world, command.name(), pairs));
            assert_eq!(answers[0], answers[1], "{context}: {command:?} answers otherwise");
        }
    }
    assert_eq!(left.ids.clone().uuid(), right.ids.clone().uuid(), "{context}: the next identifier differs");
    assert!(saved::save(&left) == saved::save(&right), "{context}: lists left the two worlds otherwise");
    read
}

fn schema() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/schema/world.json");
    let text = fs::read_to_string(path).expect("the published schema");
    let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
}

fn expect_valid(schema: &jsonschema::Validator, text: &str, context: &str) {
    let file: Value = serde_json::from_str(text).expect("a saved world is JSON");
    if let Err(error) = schema.validate(&file) {
        panic!("{context}: at {}: {error}", error.instance_path());
    }
}

/// A file for a test, gone with it.
struct TestFile(PathBuf);

impl TestFile {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cloudstack-simulator-{}-{name}", std::process::id()));
        fs::write(&path, text).expect("a writable folder");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("the path is a text")
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn every_named_world_is_read_as_it_was_saved() {
    let schema = schema();
    for (name, _) in preset::NAMED {
        let world = world(name);
        expect_valid(&schema, &saved::save(&world), name);
        check(&world, name);
    }
}

#[test]
fn the_schema_refuses_what_is_not_in_it() {
    let mut file: Value = serde_json::from_str(&saved::save(&world("empty"))).expect("JSON");
    let schema = schema();
    file["world"]["users"]["rows"]["2"]["shoesize"] = 44.into();
    assert!(!schema.is_valid(&file), "an unknown member passes");
    file["world"]["users"]["rows"]["2"].as_object_mut().expect("a row").remove("shoesize");
    assert!(schema.is_valid(&file));
    file["version"] = (saved::VERSION + 1).into();
    assert!(!schema.is_valid(&file), "another version passes");
}

/// What was read goes on with the next calls, and so does what was never away: they stay alike.
fn a_random_life(name: &str, seed: u64) {
    let schema = schema();
    let mut dice = Dice(Ids::new(seed));
    let mut original = world(name);
    let mut read = original.clone();
    let mut successes = 0;
    for number in 1..=CALLS {
        let (command, pairs) = dice.call(&original);
        let context = format!("{name}, seed {seed}, call {number}: {command} {pairs:?}");
        original.now = original.now.plus_millis(700);
        read.now = original.now;
        let answers = [&mut original, &mut read].map(|world| ask(world, command, &pairs));
        assert_eq!(answers[0], answers[1], "{context}");
        successes += usize::from(answers[0].0 == 200);
        if number % BETWEEN == 0 {
            expect_valid(&schema, &saved::save(&original), &context);
            read = check(&original, &context);
        }
    }
    assert!(successes > CALLS / 10, "{name}, seed {seed}: only {successes} calls succeed");
}

/// How often the random tests live; `RANDOM_LIVES` says otherwise.
fn lives() -> u64 {
    std::env::var("RANDOM_LIVES").map_or(1, |lives| lives.parse().expect("a number"))
}

#[test]
fn worlds_after_random_calls_are_read_as_they_were_saved() {
    for seed in 0..lives() {
        for (offset, (name, _)) in (1..).zip(preset::NAMED) {
            a_random_life(name, seed * 10 + offset);
        }
    }
}

/// The values at the ends of a JSON tree.
fn ends<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| ends(member, found)),
        Value::Array(items) => items.iter_mut().for_each(|item| ends(item, found)),
        end => found.push(end),
    }
}

/// Whatever somebody writes into a file by hand: it is refused, or the world goes on without breaking down.
#[test]
fn a_world_that_was_changed_by_hand_is_refused_or_answers() {
    let changes = 40 * lives();
    let mut dice = Dice(Ids::new(1));
    let mut original = world("demo");
    for _ in 0..CALLS {
        let (command, pairs) = dice.call(&original);
        ask(&mut original, command, &pairs);
    }
    let file: Value = serde_json::from_str(&saved::save(&original)).expect("JSON");
    let mut read = 0;
    for number in 0..changes {
        let mut changed = file.clone();
        let mut found = Vec::new();
        ends(&mut changed, &mut found);
        let end = found.swap_remove(dice.below(found.len()));
        let texts = ["", "x", "255.255.255.255", "0.0.0.0", "-1", "00000000-0000-0000-0000-000000000000"];
        let numbers = [0, 1, -1, 7, i64::from(u32::MAX), i64::MAX, i64::MIN];
        *end = match end {
            Value::String(_) => dice.any(&texts).into(),
            Value::Number(_) => numbers[dice.below(numbers.len())].into(),
            Value::Bool(flag) => (!*flag).into(),
            _ => numbers[dice.below(numbers.len())].into(),
        };
        let text = changed.to_string();
        let Ok(mut world) = saved::load(&text) else { continue };
        read += 1;
        let calls = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for command in catalog::commands().filter(|command| command.is_list()) {
                ask(&mut world, command.name(), &[("listall", "true".to_owned())]);
            }
            for _ in 0..50 {
                let (command, pairs) = dice.call(&world);
                ask(&mut world, command, &pairs);
            }
        }));
        assert!(calls.is_ok(), "change {number} breaks the world: {}", difference(&file, &changed));
    }
    assert!(read > 0, "no change passes");
}

/// Where two trees of one form differ first.
fn difference(left: &Value, right: &Value) -> String {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let members = left.iter().zip(right).find(|(one, other)| one != other);
            members.map_or_else(String::new, |((name, one), (_, other))| {
                format!("{name}.{}", difference(one, other))
            })
        }
        (Value::Array(left), Value::Array(right)) => {
            let items = left.iter().zip(right).find(|(one, other)| one != other);
            items.map_or_else(String::new, |(one, other)| format!("[].{}", difference(one, other)))
        }
        (one, other) => format!("{one} became {other}"),
    }
}

#[test]
fn a_cloud_is_saved_and_started_again() {
    let first = Cloud::builder().virtual_clock().start_blocking().expect("a free port");
    call(&first, &[("command", "createInstanceGroup"), ("name", "kept")]);
    let file = TestFile::new("again.json", &first.save());
    let second = Cloud::builder().world(file.path()).virtual_clock().start_blocking().expect("a saved world");
    assert_eq!(second.ready().credentials, first.ready().credentials);
    let groups = |cloud: &Cloud| call(cloud, &[("command", "listInstanceGroups")]);
    assert!(groups(&second).1.contains("kept"), "{}", groups(&second).1);
    assert_eq!(groups(&second), groups(&first));
    let make = |cloud: &Cloud| call(cloud, &[("command", "createInstanceGroup"), ("name", "next")]);
    assert_eq!(make(&second), make(&first), "identifiers go on where they were");
    assert_eq!(second.snapshot().now, first.snapshot().now, "a virtual clock goes on where it was");
}

#[test]
fn a_saved_world_names_the_port_that_is_open_now() {
    let cloud = Cloud::builder().start_blocking().expect("a free port");
    let file = TestFile::new("port.json", &cloud.save());
    let again = Cloud::builder().world(file.path()).start_blocking().expect("a saved world");
    let named = |cloud: &Cloud| cloud.snapshot().settings.text("integration.api.port").to_owned();
    for cloud in [&cloud, &again] {
        let url = cloud.ready().integration.as_deref().expect("the port is open");
        assert!(url.contains(&format!(":{}/", named(cloud))), "{url} is not at {}", named(cloud));
    }
    assert_ne!(named(&again), named(&cloud));
}

#[test]
fn what_is_asked_for_on_top_of_a_saved_world_is_done_or_refused() {
    let cloud = Cloud::builder().jobs("steps:3").expect("a pace").release("4.20").expect("a release");
    let cloud = cloud.quirk("ignore-expiry").expect("a quirk").start_blocking().expect("a free port");
    let file = TestFile::new("on-top.json", &cloud.save());
    let saved = || Cloud::builder().world(file.path());
    let same = saved().start_blocking().expect("a saved world").snapshot();
    assert_eq!((same.pace, same.release), (cloud.snapshot().pace, cloud.snapshot().release));
    assert_eq!(same.quirks, cloud.snapshot().quirks);
    let other = saved().jobs("instant").expect("a pace").release("4.22").expect("a release");
    let other = other.start_blocking().expect("a saved world").snapshot();
    assert_eq!((other.pace, other.version.as_str()), (Pace::Instant, "4.22.0.0-SNAPSHOT"));
    let seed = saved().seed(9).start_blocking().expect_err("identifiers go on where they were");
    assert!(seed.to_string().contains("seed"), "{seed}");
}

#[test]
fn a_file_that_is_no_saved_world_ends_the_program_with_2() {
    let file = TestFile::new("wrong.json", "{\"format\": \"toml\"}");
    let output = Process::new(env!("CARGO_BIN_EXE_cloudstack-simulator"))
        .args(["--world", file.path(), "--api", "127.0.0.1:0", "--integration", "off", "--router", "off"])
        .output()
        .expect("the binary was built for this test");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(file.path()) && said.contains("\"format\"") && said.contains("hint:"), "{said}");
}
