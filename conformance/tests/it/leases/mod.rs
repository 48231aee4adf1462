//! Generated lease files, read by both readers of ours and scanned as cloud-init and scripts do.
//!
//! A file is made together with what is right to find in it, so that no reader is the judge of another. Each follows from
//! the seed and its number; a failure names both. A run makes 500; `GENERATED_LEASES` and `GENERATED_SEED` say otherwise.

/// How other programs look for the server.
mod elsewhere;
/// Files and what they lead to.
mod file;

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use cloudstack_conformance::wire::lease::{File, Problem, pipeline};
use cloudstack_simulator::{
    Cloud,
    guest::lease::{self, Dialect, LeaseError},
};

use crate::{generated::dice::Dice, setting};
use file::{Expected, Generated};

/// What a reader of ours finds, in words that both have.
fn by_suite(bytes: &[u8], interface: Option<&str>) -> Expected {
    let found = File::read(bytes).and_then(|file| file.server(interface));
    match found {
        Ok(server) => Expected::Server(server),
        Err(Problem::Empty) => Expected::Empty,
        Err(Problem::NoLease) => Expected::NoLease,
        Err(Problem::Torn) => Expected::Torn,
        Err(Problem::NoInterface { .. }) => Expected::NoInterface,
        Err(Problem::NoServer(_)) => Expected::NoServer,
        Err(Problem::Malformed) => Expected::Malformed,
        Err(Problem::NoAddress(_)) => Expected::NoAddress,
        Err(other @ (Problem::Unreadable(_) | Problem::Binary { .. })) => panic!("{other}"),
    }
}

/// The same by the simulator's.
fn by_simulator(bytes: &[u8], interface: Option<&str>) -> Expected {
    let found = match interface {
        Some(interface) => lease::server_identifier_of(bytes, interface),
        None => lease::server_identifier(bytes),
    };
    match found {
        Ok(server) => Expected::Server(server),
        Err(LeaseError::Empty) => Expected::Empty,
        Err(LeaseError::NoLease) => Expected::NoLease,
        Err(LeaseError::Unfinished) => Expected::Torn,
        Err(LeaseError::NoInterface(_)) => Expected::NoInterface,
        Err(LeaseError::NoServerIdentifier) => Expected::NoServer,
        Err(LeaseError::MalformedOption) => Expected::Malformed,
        Err(LeaseError::NotAnAddress(_)) => Expected::NoAddress,
        Err(other @ LeaseError::NotText) => panic!("{other}"),
    }
}

/// The word that a search of lines or blocks finds where all is in order.
fn word(expected: &Expected) -> Option<String> {
    match expected {
        Expected::Server(server) => Some(server.to_string()),
        Expected::Malformed => Some("<error>".to_owned()),
        _ => None,
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "how many of what was made is worth seeing with --nocapture")]
fn all_readers_find_the_server_of_every_generated_file() {
    let seed = setting("GENERATED_SEED", 1);
    let count = setting("GENERATED_LEASES", 500);
    let (mut found, mut hostile, mut misled) = (0_u64, 0_u64, 0_u64);
    for number in 0..count {
        let Generated { bytes, expected, by_interface, is_ordinary } =
            Generated::new(&mut Dice::new(seed, number));
        let told = || format!("GENERATED_SEED={seed}, number {number}:\n{}", String::from_utf8_lossy(&bytes));
        assert_eq!(by_suite(&bytes, None), expected, "the suite, {}", told());
        assert_eq!(by_simulator(&bytes, None), expected, "the simulator, {}", told());
        for (interface, expected) in &by_interface {
            assert_eq!(by_suite(&bytes, Some(interface)), *expected, "the suite on {interface}, {}", told());
            assert_eq!(
                by_simulator(&bytes, Some(interface)),
                *expected,
                "the simulator on {interface}, {}",
                told()
            );
        }
        let cloud_init = elsewhere::cloud_init(&String::from_utf8_lossy(&bytes));
        let pipeline = elsewhere::pipeline(&bytes);
        assert_eq!(pipeline::address(&bytes), pipeline, "the suite's pipeline, {}", told());
        if is_ordinary {
            // Nothing in the file looks like what it is not: whoever searches finds the same.
            assert_eq!(cloud_init, word(&expected), "cloud-init, {}", told());
            assert_eq!(pipeline, word(&expected), "the pipeline, {}", told());
        } else {
            hostile += 1;
            misled += u64::from(cloud_init != word(&expected) || pipeline != word(&expected));
        }
        found += u64::from(matches!(expected, Expected::Server(_)));
    }
    println!(
        "seed {seed}: {count} files, {found} lead to a server; {hostile} hostile, {misled} mislead a search"
    );
    // A generator that reaches nothing proves nothing; a few files say nothing of it.
    if count < 100 {
        return;
    }
    assert!(
        found * 2 > count && hostile * 5 > count && misled * 20 > count,
        "{found} {hostile} {misled} of {count}"
    );
}

/// The recorded files, by name.
fn recorded() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/lease");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "leases"));
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

/// The server of the recorded leases.
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 1);

#[test]
fn all_readers_find_the_server_of_every_recorded_file() {
    let recorded = recorded();
    assert_eq!(recorded.len(), 12);
    for (name, bytes) in recorded {
        let expected = match name.as_str() {
            "no-answer" => Expected::Empty,
            "dhcpv6" => Expected::NoLease,
            "malformed-identifier" => Expected::Malformed,
            _ => Expected::Server(ROUTER),
        };
        assert_eq!(by_suite(&bytes, None), expected, "{name}");
        assert_eq!(by_simulator(&bytes, None), expected, "{name}");
        // One recorded server means harm, and misleads who searches (GC-010): the block ends for cloud-init where the value
        // of the domain name says so, and a script takes the last word of the line.
        let (cloud_init, pipeline) = match name.as_str() {
            "hostile-strings" => (Some("6.6.6.6".to_owned()), Some("{\"".to_owned())),
            _ => (word(&expected), word(&expected)),
        };
        assert_eq!(elsewhere::cloud_init(&String::from_utf8_lossy(&bytes)), cloud_init, "{name}");
        assert_eq!(elsewhere::pipeline(&bytes), pipeline, "{name}");
    }
}

#[test]
fn the_suite_finds_the_router_in_every_dialect_that_the_simulator_writes() {
    for (name, dialect) in Dialect::ALL {
        let cloud = Cloud::builder().lease_dialect(dialect).start_blocking().unwrap();
        let guest = &cloud.ready().guests[0];
        let file = File::open(Path::new(&guest.lease)).unwrap();
        let server = file.server(None).unwrap().to_string();
        let (address, _) = guest.router.strip_prefix("http://127.").unwrap().split_once(':').unwrap();
        assert_eq!(server, format!("10.{address}"), "{name}");
        let lease = file.lease(None).unwrap();
        assert_eq!(lease.value("fixed-address"), Some(guest.address.as_str()), "{name}");
        assert_eq!(lease.option("host-name"), Some(guest.name.as_str()), "{name}");
        assert_eq!(lease.option("routers"), Some(server.as_str()), "{name}");
        assert!(lease.interface().is_none_or(|interface| interface == "eth0"), "{name}");
    }
}
