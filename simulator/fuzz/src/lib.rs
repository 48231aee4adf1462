//! What each fuzz target does with its input, without the fuzzer: the targets in `fuzz_targets/` and the plain test
//! `simulator/tests/it/corpus.rs` call the same functions.
//!
//! An input is a conversation in the notation of HTTP, so that a person can read and write it: requests parted by a
//! line `%%`, each a request line, headers, an empty line, a body. `Port: integration` sends a request to the other
//! port. These texts are filled in, so that random changes do not lose what no change would find again:
//!
//! | text | becomes |
//! |---|---|
//! | `@KEY@` | the administrator's API key |
//! | `@ALICE@` | the API key of an ordinary user |
//! | `@SIGN@` | the signature of the rest of the parameters |
//! | `@SESSION@`, `@SESSIONKEY@` | a session of the administrator that lives |
//! | `@MACHINE@`, `@NETWORK@`, `@ZONE@`, `@TEMPLATE@`, `@OFFERING@`, `@VOLUME@` | the first identifier of the kind |
//! | `@JOB@` | the newest job |

use std::cell::OnceCell;
use std::net::IpAddr;

use cloudstack_simulator::api::request::{Parameters, Port, Request};
use cloudstack_simulator::api::response::Response;
use cloudstack_simulator::api::{self, session, signature};
use cloudstack_simulator::quirk::Quirks;
use cloudstack_simulator::world::World;
use cloudstack_simulator::world::account::Session;
use cloudstack_simulator::world::clock::VIRTUAL_EPOCH;
use cloudstack_simulator::world::job::Pace;
use cloudstack_simulator::world::preset;

/// The session that `@SESSION@` names, without the node suffix.
const SESSION: &str = "node0fuzz";
/// Its key.
const SESSION_KEY: &str = "the-key-of-the-session";
/// Requests of one conversation beyond this many are not sent.
const LONGEST: usize = 12;

/// The statuses that a server may answer with: what the container refuses (API-HTTP-002 to -037), the closed table of
/// the API's own codes (API-ERR-001), and 500 for an address that cannot be resolved (API-HTTP-042).
const STATUSES: &[u16] = &[
    200, 301, 302, 400, 401, 403, 404, 405, 414, 429, 430, 431, 432, 500, 501, 503, 511, 530, 531, 532, 533,
    534, 535, 536, 537,
];

/// Query, form and headers become parameters: never a panic, never a name twice, and whatever was read survives
/// being written and read again.
pub fn parameters(input: &[u8]) {
    for request in conversation(input) {
        let _ = request.integration_parameters(&Quirks::default());
        let _ = request.form_parameters();
        let _ = request.query_parameters();
        let Ok(parameters) = request.parameters() else { continue };
        let pairs = parameters.pairs();
        for (position, (name, _)) in pairs.iter().enumerate() {
            assert!(pairs[..position].iter().all(|(other, _)| other != name), "{name:?} is there twice");
            assert!(parameters.get_ignoring_case(name).is_some(), "{name:?} is not found");
        }
        let written: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
        let again = Request {
            method: "GET".to_owned(),
            target: format!("/client/api?{}", written.join("&")),
            body: Vec::new(),
            ..request
        };
        assert_eq!(again.parameters().as_ref(), Ok(&parameters), "written and read again");
    }
}

/// The signature of any parameters verifies, whatever order they came in, and no other one does.
pub fn signature(input: &[u8]) {
    let honest = Quirks::default();
    for request in conversation(input) {
        let Ok(parameters) = request.parameters() else { continue };
        let canonical = signature::canonical(&parameters, &honest);
        let turned = Parameters::from_pairs(parameters.pairs().iter().rev().cloned());
        assert_eq!(signature::canonical(&turned, &honest), canonical, "the order of arrival counts");
        let secret = String::from_utf8_lossy(&request.body);
        let right = signature::sign(&canonical, &secret);
        assert!(signature::verify(&canonical, &secret, &right, &honest));
        assert!(!signature::verify(&canonical, &secret, &right[1..], &honest));
        assert!(!signature::verify(&canonical, &secret, "", &honest));
        if let Some(sent) = parameters.get_ignoring_case("signature") {
            assert_eq!(signature::verify(&canonical, &secret, sent, &honest), sent == right);
        }
    }
}

/// Cookies name a session that exists or none at all, and what a logout answers can be written as headers.
pub fn cookie(input: &[u8]) {
    let mut world = world();
    for request in conversation(input) {
        let found = session::of_request(&world, &request);
        assert!(found.is_none_or(|id| world.sessions.contains_key(&id)), "a session from nowhere");
        for name in ["JSESSIONID", "sessionkey", ""] {
            let value = request.cookie(name);
            assert!(value.is_none_or(|value| !value.contains(';')), "{value:?} is more than one cookie");
        }
        let before = world.sessions.len();
        let target = "/client/api?command=logout&response=json".to_owned();
        judge(&api::answer(&mut world, &Request { method: "GET".to_owned(), target, ..request }));
        assert!(world.sessions.len() <= before, "a logout began a session");
    }
}

/// A conversation with the demo world: never a panic, no status but those of the dossier, bodies that are what their
/// content type says.
pub fn answer(input: &[u8]) {
    let mut world = world();
    let text = String::from_utf8_lossy(input);
    for part in text.split("\n%%\n").take(LONGEST) {
        let Some(request) = request(filled(&world, part).as_bytes()) else { continue };
        let request = signed(&world, request);
        judge(&api::answer(&mut world, &request));
        world.now = world.now.plus_millis(1000);
    }
}

/// What holds for every answer.
fn judge(response: &Response) {
    assert!(STATUSES.contains(&response.status), "status {} is not in the dossier", response.status);
    let mut is_json = false;
    let mut is_packed = false;
    for (name, value) in &response.headers {
        // Other control characters stay, as the container writes them (API-HTTP-023).
        assert!(!value.contains(['\r', '\n']), "the header {name} is more than a line: {value:?}");
        is_json |= *name == "Content-Type" && value.starts_with("application/json");
        is_packed |= *name == "Content-Encoding";
    }
    // Authenticators answer a sentence where they are asked by the wrong method.
    if is_json && !is_packed && response.status != 405 && !response.body.is_empty() {
        let read = serde_json::from_slice::<serde_json::Value>(&response.body);
        assert!(read.is_ok(), "{read:?}: {}", String::from_utf8_lossy(&response.body));
    }
}

/// The demo world, made once for each thread; a fork costs a few pointers.
fn world() -> World {
    thread_local! {
        static DEMO: OnceCell<World> = const { OnceCell::new() };
    }
    DEMO.with(|demo| demo.get_or_init(demo_world).clone())
}

fn demo_world() -> World {
    let (name, text) =
        preset::NAMED.iter().find(|(name, _)| *name == "demo").expect("the demo world has a name");
    let mut world = preset::build(name, text, 1, VIRTUAL_EPOCH).expect("the demo world can be built");
    world.pace = Pace::Steps(1);
    let admin = world.users.iter().find(|(_, user)| user.username == "admin").expect("an administrator").0;
    let session = Session { user: admin, key: SESSION_KEY.to_owned(), last_used: world.now, verified: true };
    world.sessions.insert(SESSION.to_owned(), session);
    world
}

/// The text with what it asks for filled in.
fn filled(world: &World, input: &str) -> String {
    let key = |name: &str| {
        world.users.iter().find(|(_, user)| user.username == name).and_then(|(_, user)| user.api_key.clone())
    };
    let mut out = String::with_capacity(input.len());
    let mut rest = input;
    while let Some((before, after)) = rest.split_once('@') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('@') else {
            out.push('@');
            rest = after;
            continue;
        };
        let value = match name {
            "KEY" => key("admin").unwrap_or_default(),
            "ALICE" => key("alice").unwrap_or_default(),
            "SESSION" => SESSION.to_owned(),
            "SESSIONKEY" => SESSION_KEY.to_owned(),
            "MACHINE" => text(world.virtual_machines.iter().next().map(|(_, row)| row.uuid)),
            "NETWORK" => text(world.networks.iter().next().map(|(_, row)| row.uuid)),
            "ZONE" => text(world.zones.iter().next().map(|(_, row)| row.uuid)),
            "TEMPLATE" => text(world.templates.iter().next().map(|(_, row)| row.uuid)),
            "OFFERING" => text(world.service_offerings.iter().next().map(|(_, row)| row.uuid)),
            "VOLUME" => text(world.volumes.iter().next().map(|(_, row)| row.uuid)),
            "JOB" => text(world.jobs.iter().next_back().map(|(_, row)| row.uuid)),
            _ => {
                out.push('@');
                rest = after;
                continue;
            }
        };
        out.push_str(&value);
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn text(uuid: Option<impl ToString>) -> String {
    uuid.map(|uuid| uuid.to_string()).unwrap_or_default()
}

/// The request with its signature in the place of `@SIGN@`, if it asks for one.
fn signed(world: &World, request: Request) -> Request {
    const PLACE: &[u8] = b"@SIGN@";
    let in_body = request.body.windows(PLACE.len()).position(|window| window == PLACE);
    if in_body.is_none() && !request.target.contains("@SIGN@") {
        return request;
    }
    let Ok(parameters) = request.parameters() else { return request };
    let key = parameters.get_ignoring_case("apikey").unwrap_or_default();
    let secret = world.user_by_api_key(key).and_then(|(_, user)| user.secret_key.clone()).unwrap_or_default();
    let right = escape(&signature::sign(&signature::canonical(&parameters, &Quirks::default()), &secret));
    let target = request.target.replace("@SIGN@", &right);
    let mut body = request.body;
    if let Some(start) = in_body {
        body.splice(start..start + PLACE.len(), right.into_bytes());
    }
    Request { target, body, ..request }
}

/// The requests of a conversation, as they stand.
fn conversation(input: &[u8]) -> Vec<Request> {
    String::from_utf8_lossy(input)
        .split("\n%%\n")
        .take(LONGEST)
        .filter_map(|part| request(part.as_bytes()))
        .collect()
}

/// One request, or nothing where a server's HTTP parser would pass nothing on.
fn request(input: &[u8]) -> Option<Request> {
    let end = input.windows(2).position(|window| window == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&input[..end], &input[end + 2..]),
        None => (input, &input[..0]),
    };
    let characters = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = characters(lines.next()?);
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if !is_token(&method) || target.is_empty() || target.chars().any(char::is_control) {
        return None;
    }
    let mut port = Port::Main;
    let mut headers = Vec::new();
    for line in lines {
        let line = characters(line);
        let (name, value) = line.split_once(':')?;
        let (name, value) = (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned());
        if !is_token(&name)
            || value.chars().any(|character| character.is_ascii_control() && character != '\t')
        {
            return None;
        }
        if name == "port" && value == "integration" {
            port = Port::Integration;
        }
        headers.push((name, value));
    }
    let needs_host = words.next() == Some("HTTP/1.1");
    Some(Request {
        port,
        method,
        target,
        headers,
        body: body.to_vec(),
        needs_host,
        peer: IpAddr::from([127, 0, 0, 1]),
    })
}

/// Percent escapes for everything but letters and digits.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
