//! From exec to the first signed answer: `cargo bench -p cloudstack-simulator --bench startup`.
//!
//! Starts the release binary many times with the demo world, reads its ready line, sends one
//! signed `listVirtualMachines` and stops it. Prints the distribution and the idle memory; it
//! judges nothing, because a machine that is busy would make it lie.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cloudstack_simulator::api::request::Parameters;
use cloudstack_simulator::api::signature;
use cloudstack_simulator::quirk::Quirks;
use serde_json::Value;

const STARTS: usize = 100;

fn main() {
    // `cargo test --benches` only proves that it runs.
    let starts = if std::env::args().any(|argument| argument == "--bench") { STARTS } else { 1 };
    let mut times = Vec::with_capacity(starts);
    let mut memory = 0;
    for _ in 0..starts {
        let (time, resident) = one_start();
        times.push(time);
        memory = memory.max(resident);
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    say(&format!(
        "startup to first signed answer, {starts} starts: p50 {:.2} ms, p95 {:.2} ms, max {:.2} ms (goal: p95 10 ms)",
        at(50),
        at(95),
        at(100)
    ));
    say(&format!("idle memory, demo world: {:.1} MiB resident (goal: 6 MiB)", memory as f64 / 1024.0));
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
fn one_start() -> (Duration, u64) {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_cloudstack-simulator"))
        .args(["--api", "127.0.0.1:0", "--integration", "off", "--router", "off", "--print", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary was built for this benchmark");
    let mut line = String::new();
    let out = child.stdout.take().expect("standard output is piped");
    BufReader::new(out).read_line(&mut line).expect("a ready line");
    let ready: Value = serde_json::from_str(&line).expect("the ready line is JSON");
    let answer = signed_call(&ready);
    let time = begun.elapsed();
    assert!(answer.contains("200 OK") && answer.contains("\"virtualmachine\":["), "{answer}");
    let resident = resident_kibibytes(&child);
    stop(child);
    (time, resident)
}

fn signed_call(ready: &Value) -> String {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let credential = &ready["credentials"][0];
    let pairs = [
        ("apikey", text(&credential["apikey"])),
        ("command", "listVirtualMachines".to_owned()),
        ("response", "json".to_owned()),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value));
    let parameters = Parameters::from_pairs(pairs.clone());
    let canonical = signature::canonical(&parameters, &Quirks::default());
    let signature = signature::sign(&canonical, &text(&credential["secretkey"]));
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let api = text(&ready["api"]);
    let host = api.trim_start_matches("http://").split('/').next().expect("a host");
    let mut stream = TcpStream::connect(host).expect("the simulator listens");
    let target = format!("/client/api?{}&signature={signature}", query.join("&"));
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        .expect("a request can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in UTF-8");
    answer
}

fn resident_kibibytes(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn stop(mut child: Child) {
    child.kill().expect("our own child can be ended");
    child.wait().expect("our own child can be waited for");
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
fn say(line: &str) {
    println!("{line}");
}
