//! Servers that mean harm, or are merely broken: the suite's client says what is wrong and where, in time, and takes no
//! more memory than it allows itself.

use std::{
    io::{Read as _, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use cloudstack_conformance::{
    report::Conclusion,
    run,
    runner::Selection,
    settings::Settings,
    target::{Limits, Target},
    wire::{
        ExchangeError,
        decode::Node,
        http::{self, Answer, LARGEST_BODY, Request, Url},
    },
};

/// A server that does the same to whoever asks.
struct Hostile {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Hostile {
    /// Reads the head of each request and lets the closure answer it. A client that hangs up ends the answer.
    fn start(answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                let answer = answer.clone();
                thread::spawn(move || serve(stream, &*answer));
            }
        });
        Self { address, connections }
    }

    /// Answers these bytes and hangs up.
    fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |stream| {
            stream.write_all(&bytes)?;
            stream.shutdown(std::net::Shutdown::Both)
        })
    }

    fn url(&self) -> String {
        format!("http://{}/client/api", self.address)
    }

    fn request(&self) -> Request {
        Request {
            method: "GET".to_owned(),
            origin: Url::parse(&self.url()).unwrap().origin,
            target: "/client/api?command=listZones&signature=a-secret".to_owned(),
            headers: Vec::new(),
            body: String::new(),
            source: None,
            deadline: Duration::from_secs(20),
            may_repeat: true,
        }
    }

    fn ask(&self) -> Result<Answer, ExchangeError> {
        http::exchange(&self.request())
    }

    /// The error, which names the URL without its query, and says this.
    fn refused(&self, reason: &str) -> ExchangeError {
        let error = self.ask().unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&self.url()), "{text}");
        assert!(text.contains(reason), "{text} does not say {reason:?}");
        assert!(!text.contains("a-secret"), "{text}");
        error
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&mut TcpStream) -> std::io::Result<()>) {
    let mut seen = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|length| length > 0) {
        seen.push(byte[0]);
        if seen.ends_with(b"\r\n\r\n") {
            seen.clear();
            // A client that has had enough is what these tests are about.
            if answer(&mut stream).is_err() {
                return;
            }
        }
    }
}

/// Gzip members of zeros: about a thousandth of what they unpack to.
fn bomb(mebibytes: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 1024 * 1024]).unwrap();
    encoder.finish().unwrap().repeat(mebibytes)
}

fn packed(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn plain(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn a_gzip_bomb_is_too_large() {
    let error = Hostile::saying(packed(&bomb(10 * 1024))).refused(&format!("exceeds {LARGEST_BODY} bytes"));
    assert!(matches!(error, ExchangeError::TooLarge { .. }), "{error}");
}

#[test]
fn the_largest_body_is_unpacked_and_one_more_byte_is_not() {
    let largest = bomb(LARGEST_BODY / 1024 / 1024);
    assert_eq!(Hostile::saying(packed(&largest)).ask().unwrap().body.len(), LARGEST_BODY);
    let mut encoder = flate2::write::GzEncoder::new(largest, flate2::Compression::fast());
    encoder.write_all(b"x").unwrap();
    Hostile::saying(packed(&encoder.finish().unwrap())).refused("exceeds");
}

#[test]
fn a_damaged_gzip_body_is_told() {
    let whole = bomb(1);
    Hostile::saying(packed(&whole[..whole.len() / 2])).refused("gzip body is damaged");
    Hostile::saying(packed(b"{\"a\":1}")).refused("gzip body is damaged");
}

#[test]
fn a_body_without_end_is_too_large() {
    let endless = Hostile::start(|stream| {
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        stream.write_all(CHUNKED.as_bytes())?;
        loop {
            stream.write_all(chunk.as_bytes())?;
        }
    });
    assert!(matches!(endless.refused("exceeds"), ExchangeError::TooLarge { .. }));
}

#[test]
fn a_body_that_drips_ends_with_the_deadline() {
    // Half an answer, and then nothing: the server waits for another question.
    let drip = Hostile::start(|stream| {
        stream.write_all(CHUNKED.as_bytes())?;
        stream.write_all(b"1\r\nx\r\n")
    });
    let request = Request { deadline: Duration::from_millis(100), ..drip.request() };
    let error = http::exchange(&request).unwrap_err();
    assert!(error.to_string().contains(&format!("from {} within 100 ms", drip.url())), "{error}");
}

#[test]
fn heads_without_end_are_refused() {
    let headers = Hostile::start(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            stream.write_all(b"X-More: of the same\r\n")?;
        }
    });
    headers.refused("is not complete HTTP");
    let line = Hostile::start(|stream| {
        stream.write_all(b"HTTP/1.1 200 ")?;
        loop {
            stream.write_all(b"very ")?;
        }
    });
    line.refused("is not complete HTTP");
    let trailers = Hostile::start(|stream| {
        stream.write_all(CHUNKED.as_bytes())?;
        stream.write_all(b"0\r\n")?;
        loop {
            stream.write_all(b"X-More: of the same\r\n")?;
        }
    });
    trailers.refused("is not complete HTTP");
}

#[test]
fn promises_without_end_stop_at_the_deadline() {
    let promises = Hostile::start(|stream| {
        loop {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
    });
    let request = Request { deadline: Duration::from_millis(300), ..promises.request() };
    let begun = Instant::now();
    let error = http::exchange(&request).unwrap_err();
    assert!(error.to_string().contains(&promises.url()), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn nonsense_is_no_answer() {
    for nonsense in [
        "",
        "\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 99999 OK\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let server = Hostile::saying(nonsense);
        match server.ask() {
            Err(error) => assert!(error.to_string().contains(&server.url()), "{error}"),
            Ok(answer) => panic!("{nonsense:?} was taken for {answer:?}"),
        }
    }
}

#[test]
fn what_follows_an_answer_is_not_the_next_one() {
    // The second question must not be answered by what was sent with the first answer.
    let smuggler = Hostile::start(|stream| {
        let answers = [plain("{\"a\":1}"), plain("{\"smuggled\":1}")].concat();
        stream.write_all(answers.as_bytes())
    });
    for _ in 0..3 {
        assert_eq!(smuggler.ask().unwrap().text(), "{\"a\":1}");
    }
}

#[test]
fn a_redirect_is_shown_and_not_followed() {
    let elsewhere = Hostile::saying(plain("{}"));
    let redirect = Hostile::saying(format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url()
    ));
    let answer = redirect.ask().unwrap();
    assert_eq!((answer.status, answer.header("location")), (302, Some(elsewhere.url().as_str())));
    assert_eq!(elsewhere.connections.load(Ordering::Relaxed), 0);
}

/// The conclusion of a run against a server that says this to everything, and what the report says of it.
fn judged(server: &Hostile, check: &str) -> (Conclusion, String) {
    let settings = Settings {
        endpoint: Some(server.url()),
        api_key: Some("a-key".to_owned()),
        secret_key: Some("a-secret".to_owned()),
        ..Settings::default()
    };
    let limits = Limits { deadline: Duration::from_secs(20), ..Limits::default() };
    let report = run(
        &Target::new(settings, limits, None),
        &Selection { filters: vec![check.to_owned()], ..Selection::default() },
    );
    (report.conclusion(), cloudstack_conformance::report::Kind::Terminal.write(&report))
}

#[test]
fn a_body_that_is_not_utf8_is_not_well_formed() {
    let body = b"{\"listzonesresponse\":{\"count\":1,\"zone\":[{\"id\":\"\xff\"}]}}";
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (conclusion, report) = judged(
        &Hostile::start(move |stream| stream.write_all(&[head.as_bytes(), body].concat())),
        "envelope/well-formed",
    );
    assert_ne!(conclusion, Conclusion::Conformant, "{report}");
    assert!(report.contains("not UTF-8"), "{report}");
}

#[test]
fn a_run_against_a_bomb_ends_as_not_testable() {
    let (conclusion, report) =
        judged(&Hostile::start(|stream| stream.write_all(&packed(&bomb(100)))), "envelope/well-formed");
    assert_ne!(conclusion, Conclusion::Conformant, "{report}");
    assert!(report.contains("exceeds"), "{report}");
}

#[test]
fn a_deflate_body_that_nobody_asked_for_is_not_unpacked() {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b' '; 1024 * 1024]).unwrap();
    let body = encoder.finish().unwrap();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: {}\r\n\r\n", body.len());
    let answer = Hostile::saying([head.as_bytes(), &body].concat()).ask().unwrap();
    assert_eq!(answer.body, body);
}

#[test]
fn entities_of_a_document_are_never_expanded() {
    let mut document = "<!DOCTYPE r [<!ENTITY a0 \"ha\">".to_owned();
    for level in 1..30 {
        let before = level - 1;
        document.push_str(&format!("<!ENTITY a{level} \"&a{before};&a{before};&a{before};&a{before};\">"));
    }
    document.push_str("]><r>&a29;</r>");
    let outside = "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><r>&x;</r>";
    for document in [document.as_str(), outside] {
        let error = Node::from_xml(document).unwrap_err();
        assert!(error.to_string().contains("is not defined"), "{error}");
    }
}

#[test]
fn depth_is_refused_and_not_descended() {
    const DEEP: usize = 100_000;
    let json = [
        "[".repeat(DEEP) + &"]".repeat(DEEP),
        "{\"a\":".repeat(DEEP) + "1" + &"}".repeat(DEEP),
        "[{\"a\":".repeat(DEEP),
    ];
    for text in &json {
        let error = Node::from_json(text).unwrap_err();
        assert!(error.to_string().contains("recursion limit"), "{error}");
    }
    let xml = ["<a>".repeat(DEEP) + &"</a>".repeat(DEEP), "<a><b>".repeat(DEEP)];
    for text in &xml {
        let error = Node::from_xml(text).unwrap_err();
        assert!(error.to_string().contains("nested more than"), "{error}");
    }
}

#[test]
fn a_doubled_member_is_kept_and_the_first_one_counts() {
    let json = Node::from_json(r#"{"r":{"errorcode":431,"errorcode":200}}"#).unwrap();
    let (xml, _) = Node::from_xml("<r><errorcode>431</errorcode><errorcode>200</errorcode></r>").unwrap();
    for node in [json, xml] {
        let content = node.get("r").unwrap();
        assert_eq!(content.members().len(), 2);
        assert_eq!(content.get("errorcode").and_then(Node::integer), Some(431));
    }
}

#[test]
fn a_huge_number_is_no_integer() {
    for text in ["18446744073709551616", "1e300", "-9223372036854775809", "18446744073709551615"] {
        let node = Node::from_json(&format!("{{\"n\":{text}}}")).unwrap();
        assert_eq!(node.get("n").and_then(Node::integer), None, "{text}");
    }
    let digits = "9".repeat(100_000);
    for text in ["1e400", digits.as_str()] {
        let error = Node::from_json(&format!("{{\"n\":{text}}}")).unwrap_err();
        assert!(error.to_string().contains("out of range"), "{error}");
    }
}

/// The program as its user runs it, allowed half a gibibyte of addresses: a bomb of ten gibibytes does not fit, and
/// need not.
#[test]
fn a_bomb_fits_into_bounded_memory() {
    let packed = packed(&bomb(10 * 1024));
    let server = Hostile::start(move |stream| stream.write_all(&packed));
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 1048576 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_cloudstack-conformance")])
        .args(["--endpoint", &server.url(), "envelope/well-formed"])
        .env("CLOUDSTACK_KEY", "a-key")
        .env("CLOUDSTACK_SECRET", "a-secret")
        .output()
        .unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("exceeds"), "{text}");
    assert!(
        !text.contains("panicked") && output.status.code().is_some_and(|code| code != 0),
        "{:?} {text}",
        output.status
    );
}
