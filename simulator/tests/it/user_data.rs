//! Generated user data goes in as clients send it and comes out byte for byte, in our own process.
//!
//! Each document follows from the seed and its number, so a failure repeats: its message names both. A run sends 400;
//! `USER_DATA_DOCUMENTS`, `USER_DATA_SEED` and `USER_DATA_FIRST` say otherwise.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use cloudstack_simulator::api::request::{Parameters, Port, Request};
use cloudstack_simulator::api::{self, signature};
use cloudstack_simulator::guest::config_drive::Drive;
use cloudstack_simulator::quirk::{Quirk, Quirks};
use cloudstack_simulator::router;
use cloudstack_simulator::world::clock::VIRTUAL_EPOCH;
use cloudstack_simulator::world::id::Ids;
use cloudstack_simulator::world::{World, preset};

use crate::disc;

/// The most bytes that user data may have: 32768 characters of base64 (UD-010).
const MOST: usize = 24_576;
/// The most characters of base64 that a POST may carry, and a GET (UD-009).
const MOST_BY_POST: usize = 32_768;
const MOST_BY_GET: usize = 4096;

/// Lengths around which something ends: a group of base64, a line of it, a GET, all of it.
const EDGES: [usize; 14] = [1, 2, 3, 4, 56, 57, 58, 114, 3071, 3072, 3073, MOST - 2, MOST - 1, MOST];

/// A place where the user data of a machine comes out.
type Place = (&'static str, fn(&mut World, &Guest) -> Result<Vec<u8>, String>);

/// All of them. Each must have the bytes that went in.
const PLACES: &[Place] =
    &[("the API", at_the_api), ("the router", at_the_router), ("the config drive", on_the_drive)];

#[test]
fn user_data_comes_out_as_it_went_in() {
    let (seed, first) = (setting("USER_DATA_SEED", 1), setting("USER_DATA_FIRST", 0));
    let end = first + setting("USER_DATA_DOCUMENTS", 400);
    let demo = demo(&[]);
    let next = AtomicU64::new(first);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        return;
                    }
                    if let Err(reason) = goes_through(&demo, &Document::new(seed, number)) {
                        found.lock().expect("no thread panics").push((number, reason));
                    }
                }
            });
        }
    });
    let found = found.into_inner().expect("no thread panics");
    if let Some((number, reason)) = found.iter().min() {
        panic!(
            "{} of {} documents fail\nUSER_DATA_SEED={seed} USER_DATA_FIRST={number} USER_DATA_DOCUMENTS=1\n{reason}",
            found.len(),
            end - first
        );
    }
}

#[test]
fn faults_do_not_go_through() {
    for quirk in [
        Quirk::UserDataIsText,
        Quirk::UserDataStaysBase64,
        Quirk::UserDataIsKeptAsSent,
        Quirk::UserDataIsAnsweredDecoded,
        Quirk::UserDataIsStrict,
        Quirk::UserDataIsDecodedOnce,
        Quirk::UserDataIsDecodedTwice,
        Quirk::UserDataIsNotChecked,
        Quirk::UserDataLimitIs2048,
        Quirk::UserDataNeedsRestart,
        Quirk::PlusesOfUserDataAreBlanks,
        Quirk::DriveUserDataIsBase64,
        Quirk::DriveLacksOpenstackUserData,
    ] {
        let demo = demo(&[quirk]);
        let is_noticed = (0..200).any(|number| goes_through(&demo, &Document::new(1, number)).is_err());
        assert!(is_noticed, "no document notices {quirk}");
    }
}

/// Every kind, spelling and method is among the documents that a plain run sends.
#[test]
fn documents_are_of_all_kinds() {
    let documents: Vec<Document> = (0..400).map(|number| Document::new(1, number)).collect();
    let share = |fits: &dyn Fn(&Document) -> bool| documents.iter().filter(|document| fits(document)).count();
    for (what, count) in [
        ("gzip", share(&|one| one.bytes.starts_with(&[0x1f, 0x8b]))),
        ("zeros alone", share(&|one| one.bytes.iter().all(|byte| *byte == 0))),
        ("messages of parts", share(&|one| one.bytes.starts_with(b"Content-Type: multipart/"))),
        ("no UTF-8", share(&|one| std::str::from_utf8(&one.bytes).is_err())),
        ("the longest", share(&|one| one.bytes.len() == MOST)),
        ("the shortest", share(&|one| one.bytes.len() == 1)),
        ("URL-safe", share(&|one| one.text.contains(['-', '_']))),
        ("line breaks", share(&|one| one.text.contains('\n'))),
        ("escaped twice", share(&|one| one.text.contains('%'))),
        ("unpadded", share(&|one| one.bytes.len() % 3 != 0 && !one.text.contains(['=', '%']))),
        ("by GET", share(&|one| !one.by_post)),
        ("by POST", share(&|one| one.by_post)),
        ("registered", share(&|one| one.is_registered)),
    ] {
        assert!(count >= 3, "{count} of {} documents: {what}", documents.len());
    }
}

/// User data, and how a client sends it.
struct Document {
    bytes: Vec<u8>,
    /// The base64 as the client spells it.
    text: String,
    by_post: bool,
    /// Whether it is registered first and named by its id.
    is_registered: bool,
}

impl Document {
    fn new(seed: u64, number: u64) -> Self {
        let mut dice = Dice(Ids::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number));
        let bytes = dice.document();
        let mut text = match dice.below(4) {
            0 => STANDARD.encode(&bytes),
            1 => STANDARD_NO_PAD.encode(&bytes),
            2 => URL_SAFE.encode(&bytes),
            _ => URL_SAFE_NO_PAD.encode(&bytes),
        };
        if dice.below(4) == 0 {
            let broken = in_lines(&text, if dice.below(2) == 0 { "\n" } else { "\r\n" });
            // White space counts (UD-008).
            text = Some(broken).filter(|broken| broken.len() <= MOST_BY_POST).unwrap_or(text);
        }
        let by_post = text.len() > MOST_BY_GET || dice.below(2) == 0;
        if dice.below(4) == 0 {
            text = escaped(&text);
        }
        Self { bytes, text, by_post, is_registered: dice.below(4) == 0 }
    }
}

/// Base64 as `base64` and `openssl` print it.
fn in_lines(text: &str, end: &str) -> String {
    let mut lines = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(76));
        lines.extend([line, end]);
        rest = tail;
    }
    lines
}

/// Dice that follow from a seed.
struct Dice(Ids);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a small number");
        usize::try_from(self.0.number() % end).expect("a small number")
    }

    fn length(&mut self) -> usize {
        match self.below(16) {
            0 | 1 => EDGES[self.below(EDGES.len())],
            2 => 1 + self.below(MOST),
            _ => 1 + self.below(400),
        }
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length.div_ceil(8)).flat_map(|_| self.0.bytes::<8>()).take(length).collect()
    }

    fn lines(&mut self, length: usize) -> String {
        let words =
            ["runcmd:", "#!/bin/sh", "  - echo 'Zürich'", "\u{1f600}", "\r", "a: \"b\"", "\t", "%20+", ""];
        let mut text = String::new();
        while text.len() < length {
            text.push_str(words[self.below(words.len())]);
            text.push('\n');
        }
        text
    }

    /// Bytes of one kind or another, at most as many as may be sent.
    fn document(&mut self) -> Vec<u8> {
        let length = self.length();
        let mut bytes = match self.below(6) {
            0 => vec![0; length],
            1 => {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                let content = self.bytes(length);
                gzip.write_all(&content).and_then(|()| gzip.finish()).expect("a Vec takes every write")
            }
            2 => format!("#cloud-config\n{}", self.lines(length)).into_bytes(),
            3 => {
                let text = self.lines(length);
                format!(
                    "Content-Type: multipart/mixed; boundary=\"=b=\"\r\nMIME-Version: 1.0\r\n\r\n--=b=\r\nContent-Type: \
                     text/cloud-config\r\n\r\n{text}\r\n--=b=--\r\n"
                )
                .into_bytes()
            }
            // What could be taken for what it stands for.
            4 => STANDARD.encode(self.bytes(length)).into_bytes(),
            _ => self.bytes(length),
        };
        bytes.truncate(MOST);
        bytes
    }
}

/// A machine whose user data is looked at.
struct Guest {
    id: String,
    network: cloudstack_simulator::world::table::Id,
    address: Ipv4Addr,
}

/// Sends a document to a world of its own and looks at all places where it comes out.
fn goes_through(demo: &World, document: &Document) -> Result<(), String> {
    let mut world = demo.clone();
    let (_, machine) = world.virtual_machines.iter().next().expect("the demo world has machines");
    let nic = machine.default_nic().expect("a card");
    let address = nic.address.expect("an address");
    let guest = Guest { id: machine.uuid.to_string(), network: nic.network, address };
    let by_post = document.by_post;
    if document.is_registered {
        let params = [("name", "generated"), ("userdata", &document.text)];
        let answer = call(&mut world, "registerUserData", &params, by_post)?;
        let id = answer["registeruserdataresponse"]["userdata"]["id"].as_str().unwrap_or_default().to_owned();
        call(&mut world, "updateVirtualMachine", &[("id", &guest.id), ("userdataid", &id)], true)?;
    } else {
        let params = [("id", guest.id.as_str()), ("userdata", &document.text)];
        call(&mut world, "updateVirtualMachine", &params, by_post)?;
    }
    for (name, place) in PLACES {
        let found = place(&mut world, &guest)?;
        if found != document.bytes {
            return Err(format!(
                "{name} has {} bytes of {}:\nsent {}\nread {}",
                found.len(),
                document.bytes.len(),
                STANDARD.encode(&document.bytes),
                STANDARD.encode(&found)
            ));
        }
    }
    Ok(())
}

fn at_the_api(world: &mut World, guest: &Guest) -> Result<Vec<u8>, String> {
    let answer = call(world, "getVirtualMachineUserData", &[("virtualmachineid", &guest.id)], false)?;
    let text = &answer["getvirtualmachineuserdataresponse"]["virtualmachineuserdata"]["userdata"];
    let text = text.as_str().ok_or_else(|| format!("no user data: {answer}"))?;
    // Nothing but standard base64 with padding (UD-006).
    STANDARD.decode(text).map_err(|error| format!("the API answers {text}: {error}"))
}

fn at_the_router(world: &mut World, guest: &Guest) -> Result<Vec<u8>, String> {
    let request = router::Request::get("/latest/user-data");
    let answer = router::answer(world, guest.network, guest.address, &request);
    let length = answer.headers.iter().find(|(name, _)| *name == "Content-Length").map(|(_, value)| value);
    let is_told = length.is_some_and(|told| *told == answer.body.len().to_string());
    if answer.status != 200 || !is_told {
        return Err(format!("the router answers {} with a length of {length:?}", answer.status));
    }
    Ok(answer.body)
}

/// Both files of user data, under the names of Rock Ridge and of Joliet, which have to be the same.
fn on_the_drive(world: &mut World, guest: &Guest) -> Result<Vec<u8>, String> {
    let mut rows = world.virtual_machines.iter();
    let (id, _) = rows.find(|(_, row)| row.uuid.to_string() == guest.id).ok_or("the machine is gone")?;
    let image = Drive::of(world, id).ok_or("the machine has no drive")?.image();
    let (unix, windows) = (disc::files(&image, false), disc::files(&image, true));
    if unix != windows {
        return Err("Rock Ridge and Joliet tell different files".to_owned());
    }
    let [cloudstack, openstack] =
        ["/cloudstack/userdata/user_data.txt", "/openstack/latest/user_data"].map(|path| unix.get(path));
    if cloudstack != openstack {
        return Err(format!("CloudStack's file has {cloudstack:?}, OpenStack's {openstack:?}"));
    }
    cloudstack.cloned().ok_or_else(|| "the drive has no user data".to_owned())
}

/// Calls a command as the administrator; a refusal is an error.
fn call(
    world: &mut World,
    command: &str,
    params: &[(&str, &str)],
    by_post: bool,
) -> Result<serde_json::Value, String> {
    let admin = world.users.iter().map(|(_, user)| user).find(|user| user.username == "admin");
    let admin = admin.expect("the demo world has an administrator");
    let keys = admin.api_key.clone().zip(admin.secret_key.clone());
    let (key, secret) = keys.expect("the administrator has keys");
    let fixed = [("command", command), ("response", "json"), ("apikey", &key)];
    let mut pairs: Vec<(String, String)> =
        fixed.iter().chain(params).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let canonical = signature::canonical(&Parameters::from_pairs(pairs.iter().cloned()), &Quirks::default());
    pairs.push(("signature".to_owned(), signature::sign(&canonical, &secret)));
    let text: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let text = text.join("&");
    let mut headers = vec![("host".to_owned(), "localhost".to_owned())];
    let (method, target, body) = if by_post {
        headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        ("POST", "/client/api".to_owned(), text.into_bytes())
    } else {
        ("GET", format!("/client/api?{text}"), Vec::new())
    };
    let request = Request {
        port: Port::Main,
        method: method.to_owned(),
        target,
        headers,
        body,
        needs_host: true,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let response = api::answer(world, &request);
    let body = String::from_utf8_lossy(&response.body);
    if response.status != 200 {
        return Err(format!("{command} is answered with {}: {body}", response.status));
    }
    serde_json::from_str(&body).map_err(|error| format!("{command} is answered with {body}: {error}"))
}

/// Percent escapes for all but letters and digits.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// The demo world with faults.
fn demo(quirks: &[Quirk]) -> World {
    let (name, text) = preset::NAMED.iter().find(|(name, _)| *name == "demo").expect("there is a demo world");
    let mut world = preset::build(name, text, 1, VIRTUAL_EPOCH).expect("the demo world can be built");
    world.set_quirks(quirks.iter().copied().collect());
    world
}

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")),
        Err(_) => default,
    }
}
