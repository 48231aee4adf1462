//! What a call costs: `cargo bench -p cloudstack-simulator --bench calls`.
//!
//! Counts come from valgrind: instructions within the calls alone, and allocations and bytes as the difference between a
//! long run and a short one over the calls between them. Seed and clock are fixed and no hash has a seed of its own, so
//! two runs of one program count the same to the byte, and a count is compared with `counts.toml`. Allocations and bytes
//! that are more than a twentieth above fail. Instructions have room for a fifth: a crate is compiled in parallel units,
//! and how its code falls among them moves a count by up to a tenth either way although nothing of it changed (the list
//! of machines took 245, 265 and 271 thousand as JSON and 242, 223 and 248 thousand as XML in three builds whose changes
//! were elsewhere). What is well below asks for a lower number there.
//! `-- --write` writes the file. Rates are printed and judge nothing, because a machine that is busy would make them lie.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpStream};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cloudstack_simulator::Cloud;
use cloudstack_simulator::api::request::{Parameters, Port, Request};
use cloudstack_simulator::api::{self, signature, verify};
use cloudstack_simulator::quirk::Quirks;
use cloudstack_simulator::router;
use cloudstack_simulator::world::World;
use cloudstack_simulator::world::clock::VIRTUAL_EPOCH;
use cloudstack_simulator::world::job::Pace;
use cloudstack_simulator::world::kind::Kind;
use cloudstack_simulator::world::preset;
use cloudstack_simulator::world::virtual_machine::{MachineState, VirtualMachine};
use cloudstack_simulator::world::volume::Volume;
use serde::{Deserialize, Serialize};

/// Where the counts are written down.
const COUNTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/counts.toml");
/// Calls of the short and of the long run.
const SHORT: u64 = 50;
const LONG: u64 = 250;
/// The machines of a crowded world.
const CROWD: usize = 10_000;
/// How long a rate is measured.
const PATIENCE: Duration = Duration::from_secs(2);
/// Kept-alive connections of the rate over sockets.
const CONNECTIONS: usize = 4;

/// Something to do again and again.
struct Scenario {
    name: &'static str,
    prepare: fn(&World) -> Box<dyn FnMut()>,
}

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "read-and-verify-a-signed-call", prepare: read_and_verify },
    Scenario { name: "signed-list-of-machines-json", prepare: |world| signed_list(world, "json") },
    Scenario { name: "signed-list-of-machines-xml", prepare: |world| signed_list(world, "xml") },
    Scenario { name: "metadata-local-hostname", prepare: metadata },
    Scenario { name: "deploy-and-poll-until-done", prepare: deploy_and_poll },
    Scenario { name: "poll-one-of-a-thousand-jobs", prepare: poll_among_many },
    Scenario { name: "signed-call-among-a-thousand-users", prepare: call_among_many },
    Scenario { name: "fork-a-world-of-10000-machines", prepare: fork_crowded },
    Scenario { name: "list-20-of-10000-machines", prepare: list_crowded },
    Scenario { name: "deploy-among-10000-machines", prepare: |world| deploy_and_poll(&crowded(world)) },
];

/// What one call takes.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
struct Count {
    instructions: u64,
    allocations: u64,
    bytes: u64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, name, calls] = arguments.as_slice()
        && mode == "--play"
    {
        let scenario = SCENARIOS.iter().find(|one| one.name == name).expect("we name our own scenarios");
        repeat(scenario, calls.parse().expect("we count our own calls"));
        return ExitCode::SUCCESS;
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        // `cargo test --benches` only proves that it runs.
        SCENARIOS.iter().for_each(|scenario| repeat(scenario, 1));
        return ExitCode::SUCCESS;
    }
    rates();
    counts(arguments.iter().any(|argument| argument == "--write"))
}

fn repeat(scenario: &Scenario, calls: u64) {
    let mut call = (scenario.prepare)(&demo());
    // Once outside the count: what is made at the first call and kept is no part of the others.
    call();
    for _ in 0..calls {
        measured_call(&mut call);
    }
}

/// One call that counts; valgrind finds it by its name.
#[inline(never)]
fn measured_call(call: &mut dyn FnMut()) {
    call();
}

/// Counts every scenario and compares it with what is written down.
fn counts(writes: bool) -> ExitCode {
    if Command::new("valgrind").arg("--version").output().is_err() {
        say("valgrind is not installed: nothing was counted");
        return ExitCode::FAILURE;
    }
    let text = std::fs::read_to_string(COUNTS).unwrap_or_default();
    let written: BTreeMap<String, Count> = toml::from_str(&text).expect("counts.toml is a table of counts");
    let mut counted = BTreeMap::new();
    let mut is_worse = false;
    say("one call                                  instructions  allocations      bytes");
    for scenario in SCENARIOS {
        let count = count(scenario);
        say(&format!(
            "{:<40} {:>13} {:>12} {:>10}",
            scenario.name, count.instructions, count.allocations, count.bytes
        ));
        let before = written.get(scenario.name).copied();
        for (what, now, then, room) in [
            ("instructions", count.instructions, before.map(|count| count.instructions), 5),
            ("allocations", count.allocations, before.map(|count| count.allocations), 20),
            ("bytes", count.bytes, before.map(|count| count.bytes), 20),
        ] {
            match then {
                _ if writes => {}
                None => {
                    say(&format!("  {what}: not in counts.toml; write it with -- --write"));
                    is_worse = true;
                }
                Some(then) if now * room > then * (room + 1) => {
                    say(&format!("  {what}: more than one part in {room} above {then}"));
                    is_worse = true;
                }
                Some(then) if now * room < then * (room - 1) => {
                    say(&format!("  {what}: well below {then}; write the lower number with -- --write"));
                }
                Some(_) => {}
            }
        }
        counted.insert(scenario.name, count);
    }
    if writes {
        let mut out =
            "# What one call costs; `simulator/benches/calls.rs` says how it is counted.\n".to_owned();
        for (name, count) in &counted {
            let Count { instructions, allocations, bytes } = count;
            let _ = write!(
                out,
                "\n[{name}]\ninstructions = {instructions}\nallocations = {allocations}\nbytes = {bytes}\n"
            );
        }
        std::fs::write(COUNTS, out).expect("counts.toml can be written");
    }
    if is_worse { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn count(scenario: &Scenario) -> Count {
    let within = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*measured_call*"];
    let instructions = valgrind(&within, scenario.name, LONG);
    let memory = [SHORT, LONG]
        .map(|calls| valgrind(&["--tool=dhat", "--dhat-out-file=/dev/null"], scenario.name, calls));
    let per_call = |word| {
        let [short, long] = memory.each_ref().map(|text| number_after(text, word));
        long.saturating_sub(short) / (LONG - SHORT)
    };
    Count {
        instructions: number_after(&instructions, "Collected :") / LONG,
        allocations: per_call("bytes in"),
        bytes: per_call("Total:"),
    }
}

/// What valgrind says of a run of ours.
fn valgrind(tool: &[&str], name: &str, calls: u64) -> String {
    let output = Command::new("valgrind")
        .args(tool)
        .arg(std::env::current_exe().expect("a program knows where it is"))
        .args(["--play", name, &calls.to_string()])
        .output()
        .expect("valgrind was there a moment ago");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "valgrind could not run {name}: {text}");
    text
}

/// The number that follows a word, written with or without commas.
fn number_after(text: &str, word: &str) -> u64 {
    let rest = text.split_once(word).map(|(_, rest)| rest.trim_start()).unwrap_or_default();
    let digits: String = rest
        .chars()
        .take_while(|one| one.is_ascii_digit() || *one == ',')
        .filter(|one| *one != ',')
        .collect();
    digits.parse().unwrap_or_else(|_| panic!("valgrind says nothing about {word:?}: {text}"))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
fn rates() {
    for scenario in SCENARIOS {
        let mut call = (scenario.prepare)(&demo());
        let begun = Instant::now();
        let mut calls = 0_u32;
        while begun.elapsed() < PATIENCE {
            call();
            calls += 1;
        }
        let each = begun.elapsed() / calls.max(1);
        say(&format!("{:<40} {:>10.1} µs in process", scenario.name, each.as_secs_f64() * 1e6));
    }
    let cloud = Cloud::builder().seed(1).start_blocking().expect("a free port");
    let admin = &cloud.ready().credentials[0];
    let target = signed_target(&admin.apikey, &admin.secretkey, "json");
    let host = cloud.ready().api.trim_start_matches("http://").split('/').next().expect("a host").to_owned();
    let answered = AtomicU64::new(0);
    let is_over = AtomicBool::new(false);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(&host).expect("the cloud listens");
                stream.set_nodelay(true).expect("a socket of ours");
                let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
                while !is_over.load(Ordering::Relaxed) {
                    stream.write_all(request.as_bytes()).expect("a request can be sent");
                    read_answer(&mut stream);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(PATIENCE);
        is_over.store(true, Ordering::Relaxed);
    });
    let rate = answered.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
    say(&format!("signed calls over {CONNECTIONS} kept-alive connections: {rate:.0} per second"));
}

/// Reads one answer with a `Content-Length`.
fn read_answer(stream: &mut TcpStream) {
    let mut seen = Vec::with_capacity(16 * 1024);
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = stream.read(&mut buffer).expect("an answer");
        assert!(length > 0, "the cloud hung up");
        seen.extend_from_slice(&buffer[..length]);
        let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&seen[..end]).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let body = usize::try_from(number_after(&head, "content-length:")).expect("a length that fits");
        if seen.len() >= end + 4 + body {
            return;
        }
    }
}

fn demo() -> World {
    let (name, text) = preset::NAMED.iter().find(|(name, _)| *name == "demo").expect("demo has a name");
    let mut world = preset::build(name, text, 1, VIRTUAL_EPOCH).expect("the demo world can be built");
    world.pace = Pace::Steps(2);
    world
}

/// The keys of the administrator.
fn keys(world: &World) -> (String, String) {
    let (_, user) = world.users.iter().find(|(_, user)| user.username == "admin").expect("an administrator");
    (user.api_key.clone().expect("a key"), user.secret_key.clone().expect("a secret"))
}

fn signed_target(key: &str, secret: &str, response: &str) -> String {
    let pairs = [("apikey", key), ("command", "listVirtualMachines"), ("response", response)];
    let parameters = Parameters::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let canonical = signature::canonical(&parameters, &Quirks::default());
    let signature =
        signature::sign(&canonical, secret).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("/client/api?{}&signature={signature}", query.join("&"))
}

fn request(port: Port, target: String) -> Request {
    Request {
        port,
        method: "GET".to_owned(),
        target,
        headers: vec![("host".to_owned(), "localhost".to_owned())],
        body: Vec::new(),
        needs_host: true,
        peer: IpAddr::from([127, 0, 0, 1]),
    }
}

fn read_and_verify(world: &World) -> Box<dyn FnMut()> {
    let mut world = world.clone();
    let (key, secret) = keys(&world);
    let request = request(Port::Main, signed_target(&key, &secret, "json"));
    Box::new(move || {
        let parameters = request.parameters().expect("a right request");
        verify::signed(&mut world, &request, &parameters, request.peer).expect("a right signature");
    })
}

fn signed_list(world: &World, response: &str) -> Box<dyn FnMut()> {
    let mut world = world.clone();
    let (key, secret) = keys(&world);
    let request = request(Port::Main, signed_target(&key, &secret, response));
    Box::new(move || assert_eq!(api::answer(&mut world, &request).status, 200))
}

fn metadata(world: &World) -> Box<dyn FnMut()> {
    let mut world = world.clone();
    let (_, machine) = world.virtual_machines.iter().next().expect("a machine");
    let nic = machine.default_nic().expect("a card");
    let (network, address) = (nic.network, nic.address.expect("an address"));
    Box::new(move || {
        let request = router::Request::get("/latest/meta-data/local-hostname");
        assert_eq!(router::answer(&mut world, network, address, &request).status, 200);
    })
}

/// Asks on the port that needs no signature.
fn ask(world: &mut World, query: &str) -> String {
    let response =
        api::answer(world, &request(Port::Integration, format!("/client/api?response=json&{query}")));
    String::from_utf8(response.body).expect("bodies are text")
}

fn deploy_and_poll(world: &World) -> Box<dyn FnMut()> {
    let world = world.clone();
    let zone = world.zones.iter().next().expect("a zone").1.uuid;
    let template = world.templates.iter().next_back().expect("a template").1.uuid;
    let offering = world.service_offerings.iter().next().expect("an offering").1.uuid;
    let network = world.networks.iter().next().expect("a network").1.uuid;
    let deploy = format!(
        "command=deployVirtualMachine&zoneid={zone}&templateid={template}&serviceofferingid={offering}&networkids={network}"
    );
    Box::new(move || {
        let mut world = world.clone();
        ask(&mut world, &deploy);
        let job = world.jobs.iter().next_back().expect("a job").1.uuid;
        let poll = format!("command=queryAsyncJobResult&jobid={job}");
        let done = (0..5).any(|_| ask(&mut world, &poll).contains("\"jobstatus\":1"));
        assert!(done, "the machine was not deployed");
    })
}

fn poll_among_many(world: &World) -> Box<dyn FnMut()> {
    let mut world = world.clone();
    world.pace = Pace::Instant;
    let machine = world.virtual_machines.iter().next().expect("a machine").1.uuid;
    for _ in 0..500 {
        ask(&mut world, &format!("command=stopVirtualMachine&id={machine}"));
        ask(&mut world, &format!("command=startVirtualMachine&id={machine}"));
    }
    world.pace = Pace::Steps(u32::MAX);
    ask(&mut world, &format!("command=stopVirtualMachine&id={machine}"));
    let job = world.jobs.iter().next_back().expect("a job").1.uuid;
    let poll = format!("command=queryAsyncJobResult&jobid={job}");
    Box::new(move || assert!(ask(&mut world, &poll).contains("\"jobstatus\":0")))
}

fn call_among_many(world: &World) -> Box<dyn FnMut()> {
    let mut world = world.clone();
    for number in 0..1000 {
        ask(
            &mut world,
            &format!(
                "command=createAccount&accounttype=0&username=u{number}&password=p&firstname=f&lastname=l&email=e"
            ),
        );
    }
    let user = world.users.iter().next_back().expect("a user").1.uuid;
    ask(&mut world, &format!("command=registerUserKeys&id={user}"));
    let user = world.users.iter().next_back().expect("a user").1;
    let (key, secret) = (user.api_key.clone().expect("a key"), user.secret_key.clone().expect("a secret"));
    let request = request(Port::Main, signed_target(&key, &secret, "json"));
    Box::new(move || assert_eq!(api::answer(&mut world, &request).status, 200))
}

/// A world with many machines, stopped, each with its root volume.
fn crowded(world: &World) -> World {
    let mut world = world.clone();
    let (pattern, machine) = world.virtual_machines.iter().next().expect("a machine");
    let machine =
        VirtualMachine { state: MachineState::Stopped, host: None, nics: Vec::new(), ..machine.clone() };
    let disk = world
        .volumes
        .iter()
        .find(|(_, row)| row.attached == Some((pattern, 0)))
        .expect("its volume")
        .1
        .clone();
    for number in 0..CROWD {
        let uuid = world.name_row(Kind::VirtualMachine, world.virtual_machines.next_id());
        let id = world.virtual_machines.insert(VirtualMachine {
            uuid,
            name: format!("m{number}"),
            ..machine.clone()
        });
        let uuid = world.name_row(Kind::Volume, world.volumes.next_id());
        let volume = world.volumes.insert(Volume { uuid, attached: None, ..disk.clone() });
        world.place_volume(volume, id, 0);
    }
    world
}

/// A fork, and the first change in it.
fn fork_crowded(world: &World) -> Box<dyn FnMut()> {
    let world = crowded(world);
    let id = world.virtual_machines.iter().next_back().expect("a machine").0;
    Box::new(move || {
        let mut fork = world.clone();
        fork.virtual_machines.get_mut(id).expect("a machine").name.clear();
    })
}

fn list_crowded(world: &World) -> Box<dyn FnMut()> {
    let mut world = crowded(world);
    Box::new(move || {
        let answer = ask(&mut world, "command=listVirtualMachines&listall=true&page=3&pagesize=20");
        assert!(answer.contains("\"count\":100"), "{answer}");
    })
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
fn say(line: &str) {
    println!("{line}");
}
