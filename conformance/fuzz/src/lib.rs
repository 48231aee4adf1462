//! What each fuzz target does with its input, without the fuzzer: the targets in `fuzz_targets/` and the plain test
//! `conformance/tests/it/corpus.rs` call the same functions.

use std::time::Duration;

use cloudstack_conformance::wire::{
    ExchangeError,
    decode::Node,
    http::{self, Request, Url},
    lease, parity,
};

/// A body as JSON and as XML: a tree or an error, never a panic. What was read from JSON is written as the same JSON.
pub fn decode(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let json = Node::from_json(&text);
    let xml = Node::from_xml(&text);
    if let Ok(node) = &json {
        let written = node.to_string();
        assert_eq!(Node::from_json(&written).as_ref(), Ok(node), "written as {written}");
        walk(node);
    }
    if let Ok((node, _)) = &xml {
        assert_eq!(node.members().len(), 1, "one root element");
        let _ = parity::difference(node, node);
        walk(node);
    }
    if let (Ok(json), Ok((xml, _))) = (json, xml) {
        // Only a text can be both; JSON would have to begin with `<`.
        panic!("{json} is JSON and {xml} is XML");
    }
}

/// Every way to look into a tree.
fn walk(node: &Node) {
    let _ = (node.kind(), node.text(), node.integer());
    for (name, value) in node.members() {
        assert!(!node.items(name).is_empty() || matches!(value, Node::List(items) if items.is_empty()));
        let _ = node.text_at(&format!("{name}[0].{name}"));
        walk(value);
    }
    if let Node::List(items) = node {
        items.iter().for_each(walk);
    }
}

/// An answer that is any bytes at all: it is read or refused with a reason, never with a panic and never by the
/// deadline, since the peer hangs up.
pub fn http(input: &[u8]) {
    let request = Request {
        method: "GET".to_owned(),
        origin: Url::parse("http://peer.example/client/api").expect("a URL").origin,
        target: "/client/api?command=listZones".to_owned(),
        headers: Vec::new(),
        body: String::new(),
        source: None,
        deadline: Duration::from_secs(30),
        may_repeat: false,
    };
    match http::exchange_with_bytes(&request, input) {
        Ok(answer) => {
            assert!((100..1000).contains(&answer.status), "{}", answer.status);
            assert!(answer.body.len() <= http::LARGEST_BODY);
            let _ = answer.text();
        }
        Err(error @ ExchangeError::Deadline { .. }) => panic!("{error}"),
        Err(error) => assert!(error.to_string().contains("http://peer.example/client/api"), "{error}"),
    }
}

/// Any bytes as what a DHCP client noted down: leases or one problem in a line, never a panic, and the same twice.
pub fn lease(input: &[u8]) {
    let file = match lease::File::read(input) {
        Ok(file) => file,
        Err(problem) => return told(&problem),
    };
    assert!(!file.leases().is_empty(), "a file without a lease is a problem");
    assert_eq!(file.bytes(), input);
    let interfaces = file.leases().iter().map(|lease| lease.interface());
    for interface in interfaces.chain([None, Some("eth0")]) {
        match file.server(interface) {
            Ok(server) => {
                assert_eq!(
                    lease::File::read(input).and_then(|file| file.server(interface)).ok(),
                    Some(server)
                );
                let _ = file.disagreement(server);
            }
            Err(problem) => told(&problem),
        }
    }
}

/// A problem says what is wrong and what to do, in a line.
fn told(problem: &lease::Problem) {
    for text in [problem.to_string(), problem.remedy().to_owned()] {
        assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
    }
}
