//! Guests of routers over real sockets: a thousand at once, a router that is stopped or out of date, and a pair of them.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use cloudstack_simulator::world::clock::VIRTUAL_EPOCH;
use cloudstack_simulator::world::preset;
use cloudstack_simulator::{Cloud, Guest};
use serde_json::Value;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::sync::Barrier;

use crate::cloud::address;
use crate::zone::Site;

/// How many guests ask at once.
const GUESTS: usize = 1000;
/// How many of them share a network.
const NEIGHBOURS: usize = 250;
/// How long everybody together may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// The demo world with a thousand more machines, each with a text of its own for user data.
fn crowded() -> String {
    let text = include_str!("../../../fixtures/world/demo.toml");
    // Two hosts have no room for so many.
    let hosts: Vec<String> = (11..31).map(|last| format!("\"172.16.0.{last}\"")).collect();
    let mut text = text.replace("\"172.16.0.11\", \"172.16.0.12\"", &hosts.join(", "));
    for network in 0..GUESTS / NEIGHBOURS {
        let _ = write!(
            text,
            "\n[[networks]]\nname = \"crowd-{network}\"\naccount = \"admin\"\nzone = \"demo-zone\"\ncidr = \
             \"10.8.{network}.0/24\"\noffering = \"DefaultIsolatedNetworkOfferingWithSourceNatService\"\n"
        );
    }
    for guest in 0..GUESTS {
        let network = guest / NEIGHBOURS;
        let _ = write!(
            text,
            "\n[[machines]]\nname = \"guest-{guest}\"\naccount = \"admin\"\nzone = \"demo-zone\"\noffering = \
             \"tiny\"\ntemplate = \"Debian 12\"\nnetworks = [\"crowd-{network}\"]\nuser_data = \"of guest-{guest} \
             alone\"\n"
        );
    }
    text
}

/// One guest on a connection of its own, which asks when all are connected.
async fn own_data(guest: Guest, all_are_there: Arc<Barrier>) {
    let socket = TcpSocket::new_v4().expect("a socket");
    let source: IpAddr = guest.source.parse().expect("an address");
    socket.bind(SocketAddr::new(source, 0)).expect("this machine has all of 127/8");
    let router = address(&guest.router).parse().expect("an address and a port");
    let mut stream = socket.connect(router).await.expect("the router listens");
    all_are_there.wait().await;
    for (path, expected) in [
        ("/latest/meta-data/instance-id", guest.id.clone()),
        ("/latest/user-data", format!("of {} alone", guest.name)),
        ("/latest/meta-data/local-ipv4", guest.address.clone()),
        ("/latest/local-hostname", guest.name.clone()),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: data-server\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("the router reads");
        let mut answer = Vec::new();
        let body = loop {
            let mut chunk = [0; 1024];
            let length = stream.read(&mut chunk).await.expect("the router answers");
            assert_ne!(length, 0, "{}: the router hung up", guest.name);
            answer.extend(&chunk[..length]);
            let text = String::from_utf8(answer.clone()).expect("a text");
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let told = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
            if body.len() >= told.parse().expect("a number") {
                break body.to_owned();
            }
        };
        assert_eq!(body, expected, "{} {path}", guest.name);
    }
}

#[test]
fn a_thousand_guests_at_once_get_only_their_own_data() {
    let path = std::env::temp_dir().join(format!("cloudstack-simulator-crowd-{}.toml", std::process::id()));
    std::fs::write(&path, crowded()).expect("the folder for temporary files can be written");
    let world = path.to_str().expect("a path in UTF-8");
    let cloud = Cloud::builder().world(world).start_blocking();
    std::fs::remove_file(&path).expect("it was written");
    let cloud = cloud.expect("free ports");
    let guests: Vec<Guest> =
        cloud.ready().guests.iter().filter(|guest| guest.name.starts_with("guest-")).cloned().collect();
    assert_eq!(guests.len(), GUESTS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let all_are_there = Arc::new(Barrier::new(GUESTS));
        let asking: Vec<_> = guests
            .into_iter()
            .map(|guest| tokio::spawn(own_data(guest, Arc::clone(&all_are_there))))
            .collect();
        let everybody = async {
            for one in asking {
                one.await.expect("no guest fails");
            }
        };
        tokio::time::timeout(PATIENCE, everybody).await.expect("the router answers all of them");
    });
}

#[test]
fn a_world_without_room_for_its_machines_is_refused() {
    let text = crowded();
    let few = text
        .lines()
        .map(|line| if line.starts_with("hosts = ") { "hosts = [\"172.16.0.11\"]" } else { line });
    let text = few.collect::<Vec<_>>().join("\n");
    let refused =
        preset::build("crowd", &text, 1, VIRTUAL_EPOCH).expect_err("one host is not enough").to_string();
    assert!(refused.contains("no host has room for the machine \"guest-"), "{refused}");
}

#[test]
fn a_stopped_router_does_not_listen() {
    let (site, guest, _, router) = site_with_guest();
    let listens = || TcpStream::connect(address(&guest.router)).is_ok();
    assert!(listens());
    site.made("stopRouter", &[("id", &router)]);
    assert!(!listens(), "a stopped router answers");
    site.made("startRouter", &[("id", &router)]);
    assert!(listens(), "a router that was started again is found where it was");
    site.made("rebootRouter", &[("id", &router)]);
    assert!(listens());
}

/// What a guest reads at its router, or nothing if none listens there.
fn read(guest: &Guest, path: &str) -> Option<String> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
    let source: IpAddr = guest.source.parse().expect("an address");
    socket.bind(&SocketAddr::new(source, 0).into()).expect("this machine has all of 127/8");
    let router: SocketAddr = address(&guest.router).parse().expect("an address and a port");
    socket.connect(&router.into()).ok()?;
    let mut stream = TcpStream::from(socket);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: data-server\r\nConnection: close\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
    Some(body.to_owned())
}

/// A site with a guest, the network of that and its router.
fn site_with_guest() -> (Site, Guest, String, String) {
    let site = Site(Cloud::builder().virtual_clock().start_blocking().expect("free ports"));
    let guest = site.0.ready().guests.first().cloned().expect("the demo world has guests");
    let machines = site.call("listVirtualMachines", &[("id", &guest.id), ("listall", "true")]);
    let network =
        machines["virtualmachine"][0]["nic"][0]["networkid"].as_str().expect("a network").to_owned();
    let router = site.first("listRouters", &[("networkid", &network), ("listall", "true")]);
    (site, guest, network, router)
}

#[test]
fn a_router_is_out_of_date_until_it_starts_again() {
    let (site, guest, _, router) = site_with_guest();
    let told = |kind: &str| read(&guest, &format!("/latest/meta-data/{kind}")).expect("the router listens");
    let zone = site.first("listZones", &[]);
    site.made("updateZone", &[("id", &zone), ("name", "renamed")]);
    site.made("updateVirtualMachine", &[("id", &guest.id), ("name", "other")]);
    assert_eq!(
        (told("availability-zone"), told("local-hostname")),
        ("demo-zone".to_owned(), guest.name.clone())
    );
    site.made("rebootRouter", &[("id", &router)]);
    assert_eq!(
        (told("availability-zone"), told("local-hostname")),
        ("renamed".to_owned(), "other".to_owned())
    );
    // A change of user data is pushed at once, and everything else with it (UD-032).
    site.made("updateZone", &[("id", &zone), ("name", "again")]);
    assert_eq!(told("availability-zone"), "renamed");
    site.made("updateVirtualMachine", &[("id", &guest.id), ("userdata", "bmV3")]);
    assert_eq!(told("availability-zone"), "again");
    assert_eq!(read(&guest, "/latest/user-data").as_deref(), Some("new"));
}

#[test]
fn guests_of_a_pair_of_routers_lose_nothing_when_one_stops() {
    let (site, guest, network, _) = site_with_guest();
    let restarted = site.call(
        "restartNetwork",
        &[("id", &network), ("cleanup", "true"), ("makeredundant", "true"), ("response", "json")],
    );
    let job = site.call("queryAsyncJobResult", &[("jobid", restarted["jobid"].as_str().expect("a job"))]);
    assert_eq!(job["jobstatus"], 1, "{job}");
    let listed = || {
        let listed = site.call("listRouters", &[("networkid", &network), ("listall", "true")]);
        listed["router"].as_array().expect("routers").clone()
    };
    let with = |state: &str| -> Vec<String> {
        let routers = listed().into_iter().filter(|router| router["redundantstate"] == state);
        routers.map(|router| router["id"].as_str().expect("an identifier").to_owned()).collect()
    };
    assert!(listed().iter().all(|router| router["isredundantrouter"] == true), "{:?}", listed());
    let gateway = guest.router.trim_start_matches("http://127").split_once(':').expect("a port").0;
    let addresses: Vec<Value> = listed().iter().map(|router| router["guestipaddress"].clone()).collect();
    assert!(addresses.iter().all(|own| *own != format!("10{gateway}")), "{addresses:?}");
    let (leader, other) = (with("PRIMARY").concat(), with("BACKUP").concat());
    let data = || read(&guest, "/latest/meta-data/instance-id");
    assert_eq!(data().as_ref(), Some(&guest.id));
    site.made("stopRouter", &[("id", &leader)]);
    assert_eq!((with("PRIMARY"), with("UNKNOWN")), (vec![other.clone()], vec![leader.clone()]));
    assert_eq!(data().as_ref(), Some(&guest.id));
    site.made("startRouter", &[("id", &leader)]);
    assert_eq!((with("PRIMARY"), with("BACKUP")), (vec![other.clone()], vec![leader.clone()]));
    site.made("stopRouter", &[("id", &leader)]);
    site.made("stopRouter", &[("id", &other)]);
    assert_eq!(data(), None, "two stopped routers answer");
    site.made("startRouter", &[("id", &leader)]);
    assert_eq!(data().as_ref(), Some(&guest.id));
}
