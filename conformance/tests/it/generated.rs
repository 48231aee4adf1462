//! Generated requests against a world in our own process: right ones, wrong ones and damaged ones.
//!
//! Each request follows from the seed and its number, so a failure repeats: its message names both. A run sends
//! 20,000 requests; `GENERATED_REQUESTS`, `GENERATED_SEED` and `GENERATED_FIRST` (a round) say otherwise.

/// Dice that follow from a seed.
pub(crate) mod dice;
/// What is sent: commands, parameters, values, damage.
mod request;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use cloudstack_conformance::wire::{decode::Node, sign};
use cloudstack_simulator::{
    api::{
        self,
        request::{Parameters, Port},
        response::Response,
        signature,
    },
    quirk::Quirks,
    world::{World, clock::VIRTUAL_EPOCH, job::Pace, preset},
};

use crate::setting;
use dice::Dice;
use request::{Caller, Generated, Generator, Things};

/// Requests to one world before the next round begins with a fresh one.
const ROUND: u64 = 100;

/// Requests until the generator learns of what the world got meanwhile.
const LOOK_AROUND: u64 = 20;

/// The statuses that a server may answer with: what the container refuses (API-HTTP-002 to -037), the closed table of
/// the API's own codes (API-ERR-001), and 500 for an address that cannot be resolved (API-HTTP-042).
const STATUSES: &[u16] = &[
    200, 301, 302, 400, 401, 403, 404, 405, 414, 429, 430, 431, 432, 500, 501, 503, 511, 530, 531, 532, 533,
    534, 535, 536, 537,
];

#[test]
fn suite_and_simulator_agree_on_every_generated_signature() {
    let seed = setting("GENERATED_SEED", 1);
    let count = setting("GENERATED_REQUESTS", 20_000);
    let honest = Quirks::default();
    for number in 0..count {
        let mut dice = Dice::new(seed, number);
        let pairs = request::any_pairs(&mut dice);
        let secret = request::any_text(&mut dice);
        let ours = sign::canonical(&pairs);
        let theirs = signature::canonical(&Parameters::from_pairs(pairs.iter().cloned()), &honest);
        assert_eq!(ours, theirs, "seed {seed}, number {number}: the canonical text of {pairs:?}");
        let signed = sign::signature(&secret, &ours);
        assert_eq!(signed, signature::sign(&theirs, &secret), "seed {seed}, number {number}");
        assert!(signature::verify(&theirs, &secret, &signed, &honest), "seed {seed}, number {number}");
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "how many of what was sent is worth seeing with --nocapture")]
fn no_generated_request_upsets_the_simulator() {
    let seed = setting("GENERATED_SEED", 1);
    let rounds = setting("GENERATED_REQUESTS", 20_000).div_ceil(ROUND);
    let first = setting("GENERATED_FIRST", 0);
    let next = AtomicU64::new(first);
    let seen = Mutex::new(Seen::default());
    let demo = demo();
    let generator = Generator::new(&demo);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut mine = Seen::default();
                loop {
                    let round = next.fetch_add(1, Ordering::Relaxed);
                    if round >= first + rounds {
                        break;
                    }
                    play(seed, round, &demo, &generator, &mut mine);
                }
                seen.lock().unwrap().add(&mine);
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    println!("seed {seed}, rounds {first} to {}: {seen:?}", first + rounds - 1);
    // A generator that reaches nothing proves nothing.
    assert_eq!(seen.sent, rounds * ROUND);
    assert!(seen.succeeded * 10 > seen.sent, "{seen:?}");
    assert!(seen.refused_by_the_command * 10 > seen.sent, "{seen:?}");
}

/// What came of the requests.
#[derive(Clone, Debug, Default)]
struct Seen {
    sent: u64,
    /// 200.
    succeeded: u64,
    /// 401: never reached a command.
    unverified: u64,
    /// 431 and above.
    refused_by_the_command: u64,
}

impl Seen {
    fn count(&mut self, status: u16) {
        self.sent += 1;
        match status {
            200 => self.succeeded += 1,
            401 => self.unverified += 1,
            430.. => self.refused_by_the_command += 1,
            _ => {}
        }
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.succeeded += other.succeeded;
        self.unverified += other.unverified;
        self.refused_by_the_command += other.refused_by_the_command;
    }
}

/// Sends the requests of one round to one world.
fn play(seed: u64, round: u64, demo: &World, generator: &Generator, seen: &mut Seen) {
    let mut world = demo.clone();
    let mut things = Things::of(&world);
    for number in 0..ROUND {
        let mut dice = Dice::new(seed, round * ROUND + number);
        if number % LOOK_AROUND == 0 {
            things = Things::of(&world);
            // A wrong key ends a session, and there would be no more calls with one.
            request::log_in(&mut world);
        }
        let generated = generator.next(&mut dice, &things);
        world.now = world.now.plus_millis(dice.below(5_000).cast_signed());
        // A world that a panic went through is not looked at again.
        let answered = catch_unwind(AssertUnwindSafe(|| api::answer(&mut world, &generated.request)));
        let verdict = match &answered {
            Ok(response) => judge(&generated, response, demo),
            Err(_) => Err("it panics".to_owned()),
        };
        if let Err(reason) = verdict {
            let answer = answered.map(|response| String::from_utf8_lossy(&response.body).into_owned());
            panic!(
                "{reason}\nrequest {number} of: GENERATED_SEED={seed} GENERATED_FIRST={round} GENERATED_REQUESTS={ROUND}\n\
                 {:?}\n{}",
                generated.request,
                answer.unwrap_or_default()
            );
        }
        seen.count(answered.map_or(0, |response| response.status));
    }
}

/// What must hold for every answer.
fn judge(generated: &Generated, response: &Response, demo: &World) -> Result<(), String> {
    let Generated { request, intended, caller } = generated;
    if !STATUSES.contains(&response.status) {
        return Err(format!("the dossier knows no status {}", response.status));
    }
    if let Some(intended) = intended {
        // What was meant is what was read, and both sides sign it alike.
        let read =
            request.parameters().map_err(|error| format!("a right request cannot be read: {error}"))?;
        let theirs = signature::canonical(&read, &Quirks::default());
        let ours = sign::canonical(intended);
        if ours != theirs {
            return Err(format!("the suite signs {ours:?}, the simulator {theirs:?}"));
        }
    }
    // Other control characters stay, as the container writes them (API-HTTP-023).
    let ends_or_is_wide = |character| matches!(character, '\r' | '\n' | '\u{100}'..);
    if let Some((name, value)) = response.headers.iter().find(|(_, value)| value.contains(ends_or_is_wide)) {
        return Err(format!("the header {name} is no line of Latin-1: {value:?}"));
    }
    let header = |wanted: &str| {
        response.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_ref())
    };
    let kind = header("Content-Type").unwrap_or_default();
    let is_json = kind.starts_with("application/json");
    // Compressed ones are read by the suite's client elsewhere; a login by GET is refused with a bare sentence.
    let is_read = (is_json || kind.starts_with("text/xml"))
        && header("Content-Encoding").is_none()
        && response.status != 405
        && !response.body.is_empty()
        && request.method != "HEAD";
    if !is_read {
        return Ok(());
    }
    let body = std::str::from_utf8(&response.body).map_err(|_| "the body is not UTF-8".to_owned())?;
    let read = if is_json { Node::from_json(body) } else { Node::from_xml(body).map(|(node, _)| node) };
    let node = read.map_err(|error| format!("the body cannot be read: {error}"))?;
    let [(_, content)] = node.members() else { return Err("the envelope is not one member".to_owned()) };
    let code = content.get("errorcode").and_then(Node::integer);
    let is_fault_of_the_port = request.port == Port::Integration && content.get("description").is_some();
    match code {
        Some(code) if code != i64::from(response.status) => {
            Err(format!("errorcode {code} and status {}", response.status))
        }
        None if response.status >= 400 && !is_fault_of_the_port => {
            Err("a refusal without errorcode".to_owned())
        }
        // Unless an earlier request took the keys away: a fresh world decides.
        Some(401)
            if *caller == Caller::SignedByAdmin && api::answer(&mut demo.clone(), request).status == 401 =>
        {
            Err("a right signature is refused".to_owned())
        }
        _ => Ok(()),
    }
}

/// The demo world, where a job is pending for one poll.
fn demo() -> World {
    let (name, text) = preset::NAMED.iter().find(|(name, _)| *name == "demo").unwrap();
    let mut world = preset::build(name, text, 1, VIRTUAL_EPOCH).unwrap();
    world.pace = Pace::Steps(1);
    request::log_in(&mut world);
    world
}
