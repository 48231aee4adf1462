//! A metadata GET beside nginx: `cargo bench -p cloudstack-simulator --bench metadata`.
//!
//! nginx answers the same bytes with `return`; it is Debian's, found in the search path or in `/usr/sbin`, with one
//! worker. Both are asked in turns, over connections that are kept alive, first with one request at a time and then
//! with several in flight. Everybody shares one CPU: on several, a request alone is mostly the time that the machine
//! takes to wake whoever waits, which depends on where the scheduler has put whom (0.78 to 1.12 in six runs of one
//! build; 0.98 and 0.99 on one CPU). What is printed is the ratio of the medians of the turns; nothing is judged,
//! because a machine that is busy would make it lie. The goal is 0.95.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How many turns each has.
const TURNS: usize = 41;
/// How many requests a turn has.
const REQUESTS: usize = 2000;
/// How many connections ask at once.
const IN_FLIGHT: [usize; 2] = [1, 16];
/// What a guest reads.
const PATH: &str = "/latest/meta-data/instance-id";

fn main() {
    // `cargo test --benches` only proves that it runs.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (turns, requests) = if is_bench { (TURNS, REQUESTS) } else { (1, 20) };
    let place =
        if stay_on_one_cpu() { "on one CPU" } else { "wherever the scheduler puts it, for want of taskset" };
    let simulator = Server::simulator();
    let Some(nginx) = Server::nginx(&simulator.body) else {
        say("metadata GET: skipped, there is no nginx in the search path or in /usr/sbin");
        return;
    };
    for in_flight in IN_FLIGHT {
        let (mut ours, mut theirs) = (simulator.connect(in_flight), nginx.connect(in_flight));
        let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
        for turn in 0..turns {
            // Who goes first changes, so that neither always finds the machine warm.
            if turn % 2 == 0 {
                our_times.push(ours.turn(requests));
                their_times.push(theirs.turn(requests));
            } else {
                their_times.push(theirs.turn(requests));
                our_times.push(ours.turn(requests));
            }
        }
        let (our, their) = (median(our_times), median(their_times));
        let rate = |time: Duration| requests as f64 / time.as_secs_f64();
        say(&format!(
            "metadata GET, {in_flight} in flight, {place}: {:.2} of nginx `return` ({:.0} and {:.0} per second; goal: \
             0.95)",
            rate(our) / rate(their),
            rate(our),
            rate(their)
        ));
    }
}

/// Binds this process, and whatever it starts from now on, to the first CPU that it may use. Says whether it could.
fn stay_on_one_cpu() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let first: Option<String> =
        allowed.map(|list| list.trim().chars().take_while(char::is_ascii_digit).collect());
    let Some(first) = first else { return false };
    let own = std::process::id().to_string();
    let bound = Command::new("taskset").args(["-c", "-p", &first, &own]).stdout(Stdio::null()).status();
    bound.is_ok_and(|status| status.success())
}

/// A server that answers a metadata GET.
struct Server {
    child: Child,
    address: SocketAddr,
    /// Where a guest connects from.
    source: Ipv4Addr,
    body: String,
    folder: Option<PathBuf>,
}

impl Server {
    fn simulator() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cloudstack-simulator"))
            .args([
                "--api",
                "127.0.0.1:0",
                "--integration",
                "off",
                "--router",
                "127.1.1.1:0",
                "--print",
                "json",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary was built for this benchmark");
        let mut line = String::new();
        let out = child.stdout.take().expect("standard output is piped");
        BufReader::new(out).read_line(&mut line).expect("a ready line");
        let ready: Value = serde_json::from_str(&line).expect("the ready line is JSON");
        let guest = &ready["guests"][0];
        let text = |name: &str| guest[name].as_str().expect("a text");
        Self {
            child,
            address: text("router").trim_start_matches("http://").parse().expect("an address"),
            source: text("source").parse().expect("an address"),
            body: text("id").to_owned(),
            folder: None,
        }
    }

    /// nginx with this answer to everything, if it is there.
    fn nginx(body: &str) -> Option<Self> {
        let program = ["nginx", "/usr/sbin/nginx"].into_iter().find(|program| {
            Command::new(program)
                .arg("-v")
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        })?;
        let folder = std::env::temp_dir().join(format!("cloudstack-simulator-nginx-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("it is bound");
        drop(free);
        let mut text = String::new();
        let _ = write!(
            text,
            "worker_processes 1; daemon off; master_process off; pid nginx.pid; error_log stderr;\n\
             events {{ worker_connections 256; }}\n\
             http {{\n  access_log off; keepalive_requests 1000000000; default_type '';\n\
             client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n\
             uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n\
             server {{ listen {address}; location / {{ return 200 '{body}'; }} }}\n}}\n"
        );
        std::fs::write(folder.join("nginx.conf"), text).expect("the folder is ours");
        let child = Command::new(program)
            .args(["-c", "nginx.conf", "-p"])
            .arg(&folder)
            .spawn()
            .expect("it told its version");
        let mut server =
            Self { child, address, source: Ipv4Addr::LOCALHOST, body: body.to_owned(), folder: Some(folder) };
        // It listens before it writes its number down.
        let pid = server.folder.as_deref().map(|folder| folder.join("nginx.pid"));
        while !pid.as_deref().is_some_and(Path::exists) {
            let ended = server.child.try_wait().expect("it is ours");
            assert!(ended.is_none(), "nginx ended before it listened: {ended:?}");
            std::thread::yield_now();
        }
        Some(server)
    }

    fn connect(&self, count: usize) -> Client {
        let request = format!("GET {PATH} HTTP/1.1\r\nHost: data-server\r\n\r\n").into_bytes();
        let mut streams: Vec<TcpStream> = (0..count).map(|_| self.stream()).collect();
        // The first answer tells how long all are.
        let first = &mut streams[0];
        first.write_all(&request).expect("the server reads");
        let mut answer = Vec::new();
        let mut chunk = [0; 4096];
        while !answer.ends_with(self.body.as_bytes()) {
            let length = first.read(&mut chunk).expect("the server answers");
            assert_ne!(length, 0, "the server hung up");
            answer.extend_from_slice(&chunk[..length]);
        }
        Client { streams, request, answer: vec![0; answer.len()], body: self.body.clone() }
    }

    fn stream(&self) -> TcpStream {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        let source = SocketAddr::new(IpAddr::V4(self.source), 0);
        socket.bind(&source.into()).expect("this machine has all of 127/8");
        socket.connect(&self.address.into()).expect("the server listens");
        socket.set_tcp_nodelay(true).expect("a socket of ours");
        socket.into()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("it is ours and runs");
        self.child.wait().expect("it was ended");
        if let Some(folder) = &self.folder {
            std::fs::remove_dir_all(folder).expect("it was made");
        }
    }
}

/// Connections to a server.
struct Client {
    streams: Vec<TcpStream>,
    request: Vec<u8>,
    answer: Vec<u8>,
    body: String,
}

impl Client {
    /// Asks so many times, on all connections at once, and tells how long that took.
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
    fn turn(&mut self, requests: usize) -> Duration {
        let begun = Instant::now();
        for _ in 0..requests / self.streams.len() {
            for stream in &mut self.streams {
                stream.write_all(&self.request).expect("the server reads");
            }
            for stream in &mut self.streams {
                stream.read_exact(&mut self.answer).expect("the server answers");
            }
            assert!(self.answer.ends_with(self.body.as_bytes()), "another answer");
        }
        begun.elapsed()
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
fn say(line: &str) {
    println!("{line}");
}
