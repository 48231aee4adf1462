//! The listeners on loopback: odd clients, and ten thousand of them.
//!
//! What depends on time is tested on a pipe with a clock that stands still, beside `server/http.rs`.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use cloudstack_simulator::{Cloud, Patience};

use crate::cloud::{address, call};

/// A cloud that waits for clients as long as a test can wait for it.
fn impatient() -> Cloud {
    let patience = Patience { idle: Duration::from_millis(50), exchange: Duration::from_millis(200) };
    Cloud::builder().patience(patience).start_blocking().expect("a free port")
}

fn cloud() -> Cloud {
    Cloud::builder().start_blocking().expect("a free port")
}

fn connect(url: &str) -> TcpStream {
    TcpStream::connect(address(url)).expect("the cloud listens")
}

/// What comes back until the connection ends.
fn answer(url: &str, sent: &[u8]) -> String {
    let mut stream = connect(url);
    stream.write_all(sent).expect("a request can be sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer until the connection ends");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn answers_calls(cloud: &Cloud) {
    let (status, body) = call(cloud, &[("command", "listZones")]);
    assert_eq!(status, "HTTP/1.1 200 OK", "{body}");
}

#[test]
fn requests_in_a_row_are_all_answered() {
    let cloud = cloud();
    let one = "GET /client/api?command=listZones HTTP/1.1\r\nHost: a\r\n\r\n";
    let last = "GET /client/api?command=listUsers HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let text = answer(&cloud.ready().api, format!("{one}{one}{last}").as_bytes());
    assert_eq!(text.matches("HTTP/1.1 401 Unauthorized\r\n").count(), 3, "{text}");
    assert_eq!(text.matches("<listzonesresponse>").count(), 2, "{text}");
}

#[test]
fn a_form_in_chunks_is_a_form() {
    let cloud = cloud();
    let head = "POST /client/api HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let chunks = "9\r\ncommand=l\r\na\r\nistZones&r\r\nc\r\nesponse=json\r\n0\r\n\r\n";
    let text = answer(&cloud.ready().api, format!("{head}{chunks}").as_bytes());
    assert!(text.contains("{\"listzonesresponse\":"), "{text}");
}

#[test]
fn what_is_no_request_gets_the_containers_page_on_every_port() {
    let cloud = cloud();
    let ready = cloud.ready();
    let router = ready.router.clone().expect("the demo world has a router");
    let integration = ready.integration.clone().expect("the integration port is open");
    for url in [&ready.api, &integration, &router] {
        let text = answer(url, b"GET / HTTP/3.7\r\nHost: a\r\n\r\n");
        assert!(text.starts_with("HTTP/1.1 505 Unknown Version\r\n"), "{url}: {text}");
        let text = answer(url, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n");
        assert!(text.starts_with("HTTP/1.1 400 "), "{url}: {text}");
    }
    answers_calls(&cloud);
}

#[test]
fn a_request_that_does_not_end_is_closed() {
    let cloud = impatient();
    for start in [
        "",
        "GET /client/api HTTP/1.1\r\nHost: a\r\n",
        "POST /client/api HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\ncommand=",
        "POST /client/api HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n",
        "POST /client/api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1",
    ] {
        assert_eq!(answer(&cloud.ready().api, start.as_bytes()), "", "{start}");
    }
    answers_calls(&cloud);
}

#[test]
fn a_client_that_drips_is_not_held_for_ever() {
    let cloud = impatient();
    let mut stream = connect(&cloud.ready().api);
    stream.write_all(b"GET /client/api HTTP/1.1\r\nX: ").expect("a head can begin");
    stream.set_nodelay(true).expect("an option of every socket");
    // Ends when the server has hung up: then a byte cannot be sent any more.
    while stream.write_all(b"x").is_ok() {
        std::thread::yield_now();
    }
    answers_calls(&cloud);
}

#[test]
fn a_body_of_any_size_is_refused_with_a_page_that_arrives() {
    let cloud = cloud();
    let size = 8 * 1024 * 1024;
    let head = format!(
        "POST /client/api HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {size}\r\n\r\n"
    );
    let text = answer(&cloud.ready().api, &[head.into_bytes(), vec![b'2'; size]].concat());
    assert!(text.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{}", text.lines().next().unwrap_or_default());
    assert!(text.contains("Connection: close\r\n"));
}

#[test]
fn a_client_that_only_listens_on_is_answered() {
    let cloud = cloud();
    let mut stream = connect(&cloud.ready().api);
    stream.write_all(b"GET /client/api HTTP/1.1\r\nHost: a\r\n\r\n").expect("a request can be sent");
    stream.shutdown(Shutdown::Write).expect("half of a connection can be closed");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    assert!(text.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{text}");
}

#[test]
fn a_client_that_leaves_in_the_middle_costs_nothing() {
    let cloud = cloud();
    for _ in 0..100 {
        let mut stream = connect(&cloud.ready().api);
        stream
            .write_all(b"POST /client/api HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
            .expect("a head can be sent");
    }
    answers_calls(&cloud);
}

/// How many files this process may have open, as the kernel tells it.
fn descriptors() -> usize {
    let text = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3));
    soft.and_then(|soft| soft.parse().ok()).unwrap_or(1024)
}

#[test]
fn a_call_is_answered_beside_ten_thousand_idle_connections() {
    // However slow the machine is, none of them becomes too old meanwhile.
    let patience = Patience { idle: Duration::from_secs(3600), ..Patience::default() };
    let cloud = Cloud::builder().patience(patience).start_blocking().expect("a free port");
    // Both ends are in this process, and other tests need some too. The limit cannot be raised
    // without unsafe code, so a machine with a lower one is asked for less.
    let wanted = 10_000.min(descriptors().saturating_sub(500) / 2);
    let mut idle = Vec::with_capacity(wanted);
    for number in 0..wanted {
        idle.push(connect(&cloud.ready().api));
        if number % 500 == 0 {
            // Connections are accepted in their order: whoever is answered has nobody waiting before.
            answers_calls(&cloud);
        }
    }
    answers_calls(&cloud);
    // The oldest of them is still good for a request.
    let stream = idle.first_mut().expect("some descriptors are free");
    stream
        .write_all(b"GET /client/api HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .expect("an idle connection is open");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    assert!(text.starts_with("HTTP/1.1 401 "), "{text}");
}
