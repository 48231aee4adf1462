use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::world::clock::VIRTUAL_EPOCH;
use crate::world::network::{Address, StaticNat};
use crate::world::preset;
use crate::world::user_data::Encoded;
use crate::world::virtual_machine::{MachineState, VirtualMachine};

/// `web`, the first machine of the demo world.
const WEB: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 2);
/// `db`, its neighbour, without user data.
const DB: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 3);
/// Nobody.
const STRANGER: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 77);

fn demo() -> World {
    let text = include_str!("../../../fixtures/world/demo.toml");
    preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("the demo world can be built")
}

fn with_quirk(quirk: Quirk) -> World {
    let mut world = demo();
    world.quirks.add(quirk);
    world
}

fn network_of(world: &World, source: Ipv4Addr) -> Id {
    let front = world.networks.iter().next().map(|(id, _)| id).expect("the demo world has networks");
    world.machine_at(source).map_or(front, |(_, _, nic)| nic.network)
}

fn machine(world: &mut World, source: Ipv4Addr) -> &mut VirtualMachine {
    let (id, ..) = world.machine_at(source).expect("the address is a machine's");
    world.virtual_machines.get_mut(id).expect("the machine is there")
}

/// What a router answers that was told of its guests a moment ago, as one that was restarted.
fn ask(world: &World, source: Ipv4Addr, request: &Request<'_>) -> Answer {
    let mut world = world.clone();
    let network = network_of(&world, source);
    world.tell_of_network(network);
    answer(&mut world, network, source, request)
}

fn get(world: &World, source: Ipv4Addr, target: &str) -> (u16, Vec<u8>) {
    let answer = ask(world, source, &Request::get(target));
    (answer.status, answer.body)
}

/// The status, and the body of a success as text.
fn check(world: &World, target: &str, expected: Result<&str, u16>) {
    let (status, body) = get(world, WEB, target);
    let body = String::from_utf8(body).expect("this body is a text");
    let found = if status == 200 { Ok(body.as_str()) } else { Err(status) };
    assert_eq!(found, expected, "{target}");
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_ref())
}

#[test]
fn user_data_is_served_decoded() {
    let world = demo();
    for form in
        ["/latest/user-data", "/latest/user-data/", "/latest/USER-DATA", "/userdata/10.1.1.2/user-data"]
    {
        check(&world, form, Ok("#cloud-config\nhostname: web\n"));
    }
    assert_eq!(get(&world, DB, "/latest/user-data"), (200, Vec::new()));
}

#[test]
fn values_of_the_types() {
    let world = demo();
    let (id, web, _) = world.machine_at(WEB).expect("web has this address");
    let uuid = web.uuid.to_string();
    let router = world.networks.get(network_of(&world, WEB)).and_then(|row| row.router.clone());
    let public = router.and_then(|router| router.public_address).expect("it has one").to_string();
    for (name, value) in [
        ("service-offering", Ok("Tiny: one core, 128 MB")),
        ("availability-zone", Ok("demo-zone")),
        ("local-ipv4", Ok("10.1.1.2")),
        ("local-hostname", Ok("web")),
        ("public-ipv4", Ok(public.as_str())),
        ("public-hostname", Ok(public.as_str())),
        ("instance-id", Ok(uuid.as_str())),
        ("vm-id", Ok(uuid.as_str())),
        ("public-keys", Ok("")),
        ("cloud-identifier", Ok("CloudStack-{3e0c3c6c-6f5a-4b39-9d3c-5d1a1d1f0a11}")),
        ("hypervisor-host-name", Ok("")),
        ("cloud-domain", Err(404)),
        ("cloud-domain-id", Err(404)),
        ("cloud-name", Err(404)),
    ] {
        check(&world, &format!("/latest/meta-data/{name}"), value);
        check(&world, &format!("/latest/meta-data/{name}/"), value);
        check(&world, &format!("/latest/{name}"), value);
        check(&world, &format!("/metadata/10.1.1.2/{name}"), value);
    }
    assert_eq!(world.instance_name(id, web), format!("i-2-{id}-VM"));
}

#[test]
fn legacy_urls_end_with_a_slash_only_for_static_names() {
    let mut world = demo();
    world.settings.set("metadata.custom.cloud.name", "demo").expect("a known setting");
    machine(&mut world, WEB).user_data_details = vec![("colour".to_owned(), "red".to_owned())];
    for (name, value) in [("cloud-name", "demo"), ("colour", "red")] {
        check(&world, &format!("/latest/{name}"), Ok(value));
        check(&world, &format!("/latest/meta-data/{name}/"), Ok(value));
        check(&world, &format!("/latest/{name}/"), Err(404));
    }
    check(&world, "/latest/hypervisor-host-name/", Err(404));
    check(&world, "/latest/local-ipv4/", Ok("10.1.1.2"));
}

#[test]
fn the_index_lists_what_answers() {
    let mut world = demo();
    let seven_and_more = "service-offering\navailability-zone\nlocal-ipv4\nlocal-hostname\npublic-ipv4\n\
                          public-hostname\ninstance-id\nvm-id\npublic-keys\ncloud-identifier\nhypervisor-host-name\n";
    for form in
        ["/latest/meta-data/", "/latest/meta-data", "/latest/META-DATA//", "/latest/meta-data/meta-data"]
    {
        check(&world, form, Ok(seven_and_more));
    }
    world.settings.set("metadata.allow.expose.domain", "true").expect("a known setting");
    world.settings.set("metadata.custom.cloud.name", "demo").expect("a known setting");
    let all = format!("{seven_and_more}cloud-domain\ncloud-domain-id\ncloud-name\n");
    assert_eq!(all.len(), 197);
    check(&world, "/latest/meta-data/", Ok(&all));
    for name in all.lines() {
        assert_eq!(get(&world, WEB, &format!("/latest/meta-data/{name}")).0, 200, "{name}");
    }
    check(&world, "/latest/cloud-domain", Ok("ROOT"));
}

#[test]
fn details_take_part_in_the_order_of_pushes() {
    let mut world = demo();
    let detail = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    machine(&mut world, WEB).user_data_details = vec![
        detail("key1", " blank around "),
        detail("local-hostname", "mine"),
        detail("instance-id", "forged"),
        detail("cloud-name", "from a detail"),
        detail("empty", ""),
        detail("../x", "no"),
        detail("meta-data", "no"),
        detail("a/b", "no"),
    ];
    check(&world, "/latest/meta-data/key1", Ok("blank around"));
    check(&world, "/latest/meta-data/local-hostname", Ok("mine"));
    check(&world, "/latest/meta-data/cloud-name", Ok("from a detail"));
    assert_ne!(get(&world, WEB, "/latest/meta-data/instance-id").1, b"forged");
    check(&world, "/latest/meta-data/empty", Err(404));
    check(&world, "/latest/meta-data/a/b", Err(404));
    let index = String::from_utf8(get(&world, WEB, "/latest/meta-data/").1).expect("a text");
    let names: Vec<&str> = index.lines().collect();
    // A name stands where it was pushed first.
    assert_eq!(&names[3..8], ["local-hostname", "key1", "instance-id", "cloud-name", "public-ipv4"]);
    assert!(!names.contains(&"empty") && !names.contains(&"meta-data") && !names.contains(&"../x"));
}

#[test]
fn letters_beyond_ascii_are_escaped_but_not_in_details() {
    let mut world = demo();
    let zone = machine(&mut world, WEB).zone;
    "zürich-𝄞".clone_into(&mut world.zones.get_mut(zone).expect("a zone").name);
    machine(&mut world, WEB).user_data_details = vec![("city".to_owned(), "Zürich".to_owned())];
    check(&world, "/latest/availability-zone", Ok("z\\u00FCrich-\\uD834\\uDD1E"));
    check(&world, "/latest/city", Ok("Zürich"));
}

#[test]
fn an_empty_value_is_missing_and_keys_are_lines() {
    let mut world = demo();
    let offering = machine(&mut world, WEB).offering;
    world.service_offerings.get_mut(offering).expect("an offering").display_text.clear();
    check(&world, "/latest/meta-data/service-offering", Err(404));
    let key = |name: &str| (name.to_owned(), format!("ssh-ed25519 AAAA {name}"));
    machine(&mut world, WEB).key_pairs = vec![key("one"), key("two")];
    check(&world, "/latest/public-keys", Ok("ssh-ed25519 AAAA one\nssh-ed25519 AAAA two"));
}

#[test]
fn the_public_address_is_the_one_that_stands_for_the_machine() {
    let mut world = demo();
    let network = network_of(&world, WEB);
    let (id, owner, zone) = world.machine_at(WEB).map(|(id, row, _)| (id, row.owner, row.zone)).expect("web");
    let address = world.hold_address(owner, zone, Some(network), false).expect("a free address");
    let row: &mut Address = world.addresses.get_mut(address).expect("it is held");
    row.static_nat = Some(StaticNat { machine: id, guest_address: WEB });
    let public = row.address.to_string();
    check(&world, "/latest/public-ipv4", Ok(&public));
    check(&world, "/latest/public-hostname", Ok(&public));
    world.quirks.add(Quirk::PublicIpv4IsAlwaysTheRouter);
    assert_ne!(get(&world, WEB, "/latest/public-ipv4").1, public.as_bytes());

    let mut world = demo();
    world.networks.get_mut(network).expect("a network").router.as_mut().expect("a router").public_address =
        None;
    check(&world, "/latest/public-ipv4", Err(404));
    world.networks.get_mut(network).expect("a network").guest_type =
        crate::world::offering::GuestType::Shared;
    check(&world, "/latest/public-ipv4", Ok("10.1.1.2"));
    check(&world, "/latest/public-hostname", Ok("web"));
}

#[test]
fn the_host_is_told_only_with_both_permissions() {
    let mut world = demo();
    world.settings.set("global.allow.expose.host.hostname", "true").expect("a known setting");
    check(&world, "/latest/hypervisor-host-name", Ok(""));
    world.settings.set("account.allow.expose.host.hostname", "true").expect("a known setting");
    assert!(!get(&world, WEB, "/latest/hypervisor-host-name").1.is_empty());
    machine(&mut world, WEB).host = None;
    check(&world, "/latest/hypervisor-host-name", Err(404));
}

#[test]
fn folders_are_never_listed() {
    let world = demo();
    for path in ["/", "/latest/", "/metadata/", "/userdata/", "/metadata/10.1.1.2/", "/userdata/10.1.1.2/"] {
        check(&world, path, Err(403));
    }
    for path in ["/latest/.htaccess", "/latest/meta-data/.htaccess", "/userdata/10.1.1.2/.htaccess"] {
        check(&world, path, Err(403));
    }
    let moved = ask(&world, WEB, &Request::get("/latest"));
    assert_eq!((moved.status, header(&moved, "Location")), (301, Some("http://data-server/latest/")));
    let hostile = Request { headers: &[("host", "a\" b")], ..Request::get("/latest") };
    assert_eq!(header(&ask(&world, WEB, &hostile), "Location"), Some("http://10.1.1.1/latest/"));
}

#[test]
fn what_is_not_there_is_404() {
    let world = demo();
    for path in [
        "/latest/meta-data/no-such-type",
        "/latest/no-such-type",
        "/latest/userdata",
        "/user-data",
        "/meta-data/",
        "/1.0/meta-data/",
        "/2009-04-04/user-data",
        "/latest/meta-data/INSTANCE-ID",
        "/latest/meta-data/instance-id/extra",
        "/latest/meta-data/public-keys/0/openssh-key",
        "/latest/instance-id/extra",
        "/latest/user-data/extra",
        "/latest/meta-data/instance-id%20",
        "/latest/meta-data/instance-id;x=1",
        "/userdata/10.1.1.2/user-data/",
        "/metadata/010.1.1.2/vm-id",
    ] {
        check(&world, path, Err(404));
    }
}

#[test]
fn spellings_of_a_url_do_not_matter() {
    let world = demo();
    for path in [
        "/latest/LOCAL-IPV4",
        "/latest/META-DATA/local-ipv4",
        "/latest/local%2Dipv4",
        "/latest/meta%2Ddata/local-ipv4",
        "/latest//meta-data//local-ipv4//",
        "/latest/local-ipv4?x=1",
        "/latest/meta-data/../local-ipv4",
        "http://elsewhere.example/latest/local-ipv4",
    ] {
        check(&world, path, Ok("10.1.1.2"));
    }
    check(&world, "/latest/../../etc/passwd", Err(400));
    check(&world, "/latest/..%2flocal-ipv4", Err(404));
}

#[test]
fn a_guest_reads_nothing_of_another() {
    let world = demo();
    for path in [
        "/userdata/10.1.1.3/user-data",
        "/metadata/10.1.1.3/vm-id",
        "/metadata/10.1.1.3/meta-data",
        "/metadata/10.1.1.3/no-such-type",
        "/metadata/10.1.1.3/",
        "/metadata/10.1.1.3",
        "/latest/meta-data/../../metadata/10.1.1.3/vm-id",
        "/latest/%2e%2e/metadata/10.1.1.3/vm-id",
        "//metadata//10.1.1.3//vm-id",
        "http://10.1.1.3/metadata/10.1.1.3/vm-id",
    ] {
        check(&world, path, Err(403));
    }
    check(&world, "/metadata/10.1.1.77/vm-id", Err(404));
    // A guest of another network is nobody here (ISO-007).
    check(&world, "/metadata/10.1.2.2/vm-id", Err(404));
}

#[test]
fn a_stranger_gets_nothing() {
    let mut world = demo();
    for source in [STRANGER, Ipv4Addr::new(10, 1, 1, 1)] {
        for path in ["/latest/user-data", "/latest/meta-data/", "/latest/meta-data/vm-id", "/latest/vm-id"] {
            assert_eq!(get(&world, source, path).0, 404, "{path}");
        }
    }
    // Nothing was pushed for a machine that does not run.
    machine(&mut world, WEB).state = MachineState::Stopped;
    let network = network_of(&world, WEB);
    let router = world.networks.get_mut(network).and_then(|network| network.router.as_mut());
    router.expect("it has a router").folders.clear();
    check(&world, "/latest/meta-data/", Err(404));
}

#[test]
fn headers_do_not_say_who_asks() {
    let mut world = demo();
    let forged = ["x-forwarded-for", "x-real-ip", "forwarded", "client-ip", "true-client-ip", "x-client-ip"];
    for name in forged {
        let headers = [("host", "x"), (name, "10.1.1.3")];
        let request = Request { headers: &headers, ..Request::get("/latest/local-ipv4") };
        assert_eq!(ask(&world, WEB, &request).body, b"10.1.1.2", "{name}");
    }
    world.quirks.add(Quirk::MetadataTrustsForwardedFor);
    let headers = [("host", "x"), ("x-forwarded-for", "10.1.1.3, 10.1.1.9")];
    let request = Request { headers: &headers, ..Request::get("/latest/local-ipv4") };
    assert_eq!(ask(&world, WEB, &request).body, b"10.1.1.3");
}

#[test]
fn headers_of_a_success() {
    let world = demo();
    let answer = ask(&world, WEB, &Request::get("/latest/local-ipv4"));
    let names: Vec<&str> = answer.headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["Date", "Server", "Last-Modified", "ETag", "Accept-Ranges", "Content-Length"]);
    assert_eq!(header(&answer, "Date"), Some("Tue, 01 Jan 2030 00:00:00 GMT"));
    assert_eq!(header(&answer, "Last-Modified"), Some("Tue, 01 Jan 2030 00:00:00 GMT"));
    assert_eq!(header(&answer, "Server"), Some("Apache"));
    assert_eq!(header(&answer, "Content-Length"), Some("8"));
    assert_eq!(header(&answer, "Accept-Ranges"), Some("bytes"));
    let tag = header(&answer, "ETag").expect("a tag");
    assert!(tag.starts_with("\"8-") && tag.ends_with('"'), "{tag}");
    let error = ask(&world, WEB, &Request::get("/latest/nothing"));
    assert_eq!(header(&error, "Content-Type"), Some("text/html; charset=iso-8859-1"));
    assert_eq!(header(&error, "Content-Length"), Some(error.body.len().to_string().as_str()));
}

#[test]
fn methods() {
    let world = demo();
    let with = |method| ask(&world, WEB, &Request { method, ..Request::get("/latest/local-ipv4") });
    let get = with("GET");
    assert_eq!(with("POST"), get);
    let head = with("HEAD");
    assert_eq!((&head.headers, head.body.len()), (&get.headers, 0));
    for method in ["PUT", "DELETE", "PATCH", "PROPFIND"] {
        let refused = with(method);
        assert_eq!(
            (refused.status, header(&refused, "Allow")),
            (405, Some("POST,OPTIONS,HEAD,GET")),
            "{method}"
        );
    }
    assert_eq!((with("TRACE").status, header(&with("TRACE"), "Allow")), (405, Some("")));
    let options = with("OPTIONS");
    assert_eq!((options.status, options.body.len()), (200, 0));
    assert_eq!(header(&options, "Allow"), Some("POST,OPTIONS,HEAD,GET"));
    assert_eq!((with("get").status, with("BREW").status), (501, 501));
}

#[test]
fn the_host_must_be_there_once_and_may_be_anything() {
    let world = demo();
    let status = |needs_host, headers| {
        ask(&world, WEB, &Request { needs_host, headers, ..Request::get("/latest/local-ipv4") }).status
    };
    assert_eq!(status(true, &[]), 400);
    assert_eq!(status(false, &[]), 200);
    assert_eq!(status(true, &[("host", "anything.example:99")]), 200);
    assert_eq!(status(true, &[("host", "a"), ("host", "b")]), 400);
}

#[test]
fn overlong_requests_are_refused() {
    let world = demo();
    check(&world, &format!("/latest/{}", "a/".repeat(4500)), Err(414));
    check(&world, &format!("/latest/{}", "a".repeat(300)), Err(403));
}

#[test]
fn each_fault_shows() {
    let fault = |quirk, target: &str| {
        let world = with_quirk(quirk);
        let (status, body) = get(&world, WEB, target);
        (status, String::from_utf8_lossy(&body).into_owned())
    };
    let shows =
        |quirk, target: &str, expected: &str| assert_eq!(fault(quirk, target), (200, expected.to_owned()));
    let is_404 = |quirk, target: &str| assert_eq!(fault(quirk, target).0, 404, "{quirk}");
    shows(Quirk::MetadataNewline, "/latest/meta-data/local-ipv4", "10.1.1.2\n");
    shows(Quirk::LegacyUrlStale, "/latest/public-ipv4", "10.1.1.2");
    shows(
        Quirk::UserDataStaysBase64,
        "/latest/user-data",
        &STANDARD.encode("#cloud-config\nhostname: web\n"),
    );
    shows(Quirk::UnknownTypeIsEmpty200, "/latest/meta-data/nothing", "");
    shows(Quirk::LocalHostnameIsFullyQualified, "/latest/local-hostname", "web.cs2cloud.internal");
    shows(Quirk::ServiceOfferingIsTheName, "/latest/service-offering", "tiny");
    shows(Quirk::ForeignMetadataReadable, "/metadata/10.1.1.3/local-ipv4", "10.1.1.3");
    assert!(fault(Quirk::InstanceIdIsTheInternalName, "/latest/instance-id").1.starts_with("i-2-"));
    assert!(fault(Quirk::MetadataIndexSorted, "/latest/meta-data/").1.starts_with("availability-zone\n"));
    assert!(fault(Quirk::MetadataIndexNamesMissing, "/latest/meta-data/").1.ends_with("security-groups\n"));
    assert!(fault(Quirk::MetadataIndexIsJson, "/latest/meta-data/").1.starts_with("[\""));
    assert!(fault(Quirk::DirectoriesAreListed, "/latest/").1.contains("10.1.1.3"));
    assert!(!fault(Quirk::HostNameIsExposed, "/latest/hypervisor-host-name").1.is_empty());
    is_404(Quirk::LegacyUrlMissing, "/latest/instance-id");
    is_404(Quirk::MetadataTrailingSlash404, "/latest/user-data/");
    is_404(Quirk::QueryStringIs404, "/latest/user-data?x=1");
    is_404(Quirk::HostHeaderIsChecked, "/latest/user-data");
    assert_eq!(get(&with_quirk(Quirk::UserData404WhenNone), DB, "/latest/user-data").0, 404);
    assert_eq!(
        get(&with_quirk(Quirk::StrangersReadTheFirstGuest), STRANGER, "/latest/local-ipv4").1,
        b"10.1.1.2"
    );

    let mut world = with_quirk(Quirk::LocalHostnameIsTheDisplayName);
    machine(&mut world, WEB).display_name = Some("The Web".to_owned());
    check(&world, "/latest/local-hostname", Ok("The Web"));
    let mut world = with_quirk(Quirk::LegacyCloudDomainIsTheVmId);
    world.settings.set("metadata.allow.expose.domain", "true").expect("a known setting");
    assert_eq!(get(&world, WEB, "/latest/cloud-domain"), get(&world, WEB, "/latest/vm-id"));
    let mut world = with_quirk(Quirk::UserDataIsText);
    machine(&mut world, WEB).user_data = Some(STANDARD.encode([0x1f, 0x8b, 0xff]));
    assert_ne!(get(&world, WEB, "/latest/user-data").1, [0x1f, 0x8b, 0xff]);

    let answer = |quirk, method, target, headers: &[(&str, &str)]| {
        ask(&with_quirk(quirk), WEB, &Request { method, headers, ..Request::get(target) })
    };
    let host = ("host", "x");
    assert_eq!(answer(Quirk::RouterRefusesHead, "HEAD", "/latest/user-data", &[host]).status, 405);
    assert_eq!(answer(Quirk::ImdsTokenIsGiven, "PUT", "/latest/api/token", &[host]).status, 200);
    let typed = answer(Quirk::MetadataHasAContentType, "GET", "/latest/user-data", &[host]);
    assert_eq!(header(&typed, "Content-Type"), Some("text/plain"));
    let packed =
        answer(Quirk::MetadataIsCompressed, "GET", "/latest/user-data", &[host, ("accept-encoding", "gzip")]);
    assert_eq!(header(&packed, "Content-Encoding"), Some("gzip"));
    let torn = answer(Quirk::EtagWithoutClosingQuote, "GET", "/latest/user-data", &[host]);
    assert!(header(&torn, "ETag").is_some_and(|tag| !tag.ends_with('"')));
}

#[test]
fn an_index_that_turns_does_so_with_each_answer() {
    let first_names = |quirks: &[Quirk]| {
        let mut world = demo();
        quirks.iter().for_each(|quirk| world.quirks.add(*quirk));
        let network = network_of(&world, WEB);
        [(); 3].map(|()| {
            let body = answer(&mut world, network, WEB, &Request::get("/latest/meta-data/")).body;
            String::from_utf8(body).expect("a text").lines().next().map(str::to_owned)
        })
    };
    let [service, zone, address] =
        ["service-offering", "availability-zone", "local-ipv4"].map(|name| Some(name.to_owned()));
    assert_eq!(first_names(&[]), [service.clone(), service.clone(), service.clone()]);
    assert_eq!(first_names(&[Quirk::MetadataIndexTurns]), [service, zone, address]);
}

#[test]
fn networks_with_the_same_addresses_are_apart() {
    let ask_in_the_other = |mut world: World| {
        let other = world.networks.iter().nth(1).map(|(id, _)| id).expect("the demo world has two networks");
        answer(&mut world, other, WEB, &Request::get("/latest/local-hostname"))
    };
    assert_eq!(ask_in_the_other(demo()).status, 404);
    assert_eq!(ask_in_the_other(with_quirk(Quirk::NetworksShareMetadata)).body, b"web");
}

proptest! {
    #[test]
    fn user_data_comes_out_as_it_went_in(bytes in proptest::collection::vec(any::<u8>(), 1..2000)) {
        let mut world = demo();
        let stored = Encoded::read(&STANDARD.encode(&bytes), world.user_data_bounds(true)).expect("valid user data");
        machine(&mut world, WEB).user_data = stored.map(|stored| stored.text);
        let answer = ask(&world, WEB, &Request::get("/latest/user-data"));
        let length = bytes.len().to_string();
        prop_assert_eq!(header(&answer, "Content-Length"), Some(length.as_str()));
        prop_assert_eq!(answer.body, bytes);
    }

    #[test]
    fn no_path_yields_a_neighbours_data(
        path in "(/|%2e%2e|\\.\\.|%2F|\\.|latest|meta-data|user-data|metadata|userdata|10\\.1\\.1\\.3|marker|\\?|;){0,14}",
    ) {
        let mut world = demo();
        machine(&mut world, DB).user_data = Some(STANDARD.encode("the neighbour's secret"));
        machine(&mut world, DB).user_data_details = vec![("marker".to_owned(), "the neighbour's secret".to_owned())];
        let (_, body) = get(&world, WEB, &format!("/{path}"));
        prop_assert!(!String::from_utf8_lossy(&body).contains("secret"), "{}", path);
    }
}

#[test]
fn answers_are_laid_out_as_apache_does() {
    // The recorded answers of a router's Apache 2.4.71, without what is said of the connection. The numbers in the tag
    // are times of its files, which a world does not have.
    let mut world = demo();
    world.quirks.add(Quirk::EtagWithoutClosingQuote);
    let told = |answer: &Answer| {
        let lines = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        lines.collect::<String>()
    };
    let success = ask(&world, WEB, &Request::get("/latest/meta-data/instance-id"));
    let tag = header(&success, "ETag").expect("a tag").to_owned();
    assert_eq!(tag.len(), "\"24-660ecd4fc9938".len());
    assert_eq!(
        told(&success).replace(&tag, "\"24-660ecd4fc9938"),
        format!(
            "Date: {now}\nServer: Apache\nLast-Modified: {now}\nETag: \"24-660ecd4fc9938\nAccept-Ranges: bytes\n\
             Content-Length: 36\n",
            now = world.now.http_date()
        )
    );
    let missing = ask(&world, WEB, &Request::get("/latest/meta-data/no-such-type"));
    assert_eq!(
        told(&missing),
        format!(
            "Date: {}\nServer: Apache\nContent-Length: 236\nContent-Type: text/html; charset=iso-8859-1\n",
            world.now.http_date()
        )
    );
    let lengths = [("/latest/", 239), ("/latest/../..", 266)].map(|(path, length)| {
        (
            header(&ask(&world, WEB, &Request::get(path)), "Content-Length").map(str::to_owned),
            length.to_string(),
        )
    });
    for (told, recorded) in lengths {
        assert_eq!(told, Some(recorded));
    }
}
