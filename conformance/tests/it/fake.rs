//! A small cloud on a free port. It knows a handful of queries, checks signatures, and sins on request.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use cloudstack_conformance::{
    settings::Settings,
    wire::{api::expires_in, sign},
};
use serde_json::Value;

pub(crate) const KEY: &str = "the-key-of-the-fake-cloud";
pub(crate) const SECRET: &str = "the-secret-of-the-fake-cloud";

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sin {
    None,
    AcceptsAnySignature,
    PlainContentType,
    WebPage,
    HangsUp,
}

pub(crate) struct Fake {
    pub(crate) endpoint: String,
    pub(crate) requests: Arc<AtomicUsize>,
}

impl Fake {
    pub(crate) fn start(sin: Sin) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}/client/api", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let count = count.clone();
                thread::spawn(move || serve(stream, sin, &count));
            }
        });
        Self { endpoint, requests }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            endpoint: Some(self.endpoint.clone()),
            api_key: Some(KEY.to_owned()),
            secret_key: Some(SECRET.to_owned()),
            arguments: "--target lab.toml".to_owned(),
            ..Settings::default()
        }
    }
}

fn serve(stream: TcpStream, sin: Sin, count: &AtomicUsize) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(params) = read(&mut reader) {
        count.fetch_add(1, Ordering::Relaxed);
        if sin == Sin::HangsUp || writer.write_all(answer(&params, sin).as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Vec<(String, String)>> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&length| length > 0)?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let text = format!("{query}&{}", String::from_utf8(body).ok()?);
    let items = text.split('&').filter_map(|item| item.split_once('='));
    Some(items.map(|(name, value)| (unescape(name), unescape(value))).collect())
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn answer(params: &[(String, String)], sin: Sin) -> String {
    let value =
        |name: &str| params.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    if sin == Sin::WebPage {
        return http("200 OK", "text/html", "<html>Welcome</html>");
    }
    let command = value("command").unwrap_or_default();
    let json = value("response").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    let name = if is_known(command) {
        format!("{}response", command.to_lowercase())
    } else {
        "errorresponse".into()
    };
    let (status, body) = if is_allowed(params, sin) {
        content(command, value("name").is_some())
    } else {
        let text = "unable to verify user credentials and/or request signature";
        ("401 Unauthorized", format!(r#"{{"uuidList":[],"errorcode":401,"errortext":"{text}"}}"#))
    };
    let kind = match (json, sin) {
        (true, Sin::PlainContentType) => "application/json",
        (true, _) => "application/json;charset=utf-8",
        (false, _) => "text/xml;charset=utf-8",
    };
    let text = if json {
        format!("{{\"{name}\":{body}}}")
    } else {
        let body = xml(&serde_json::from_str(&body).unwrap());
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><{name}>{body}</{name}>")
    };
    http(status, kind, &text)
}

fn http(status: &str, kind: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn is_known(command: &str) -> bool {
    ["listZones", "listUsers", "listCapabilities", "listApis", "queryAsyncJobResult"].contains(&command)
}

fn is_allowed(params: &[(String, String)], sin: Sin) -> bool {
    // Of several spellings of a name the last in order counts.
    let value = |name: &str| {
        let spellings = params.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        spellings.max_by(|(one, _), (two, _)| one.cmp(two)).map(|(_, value)| value.as_str())
    };
    let (Some(signature), Some(key)) = (value("signature"), value("apikey")) else { return false };
    let right = sign::signature(SECRET, &sign::canonical(params));
    let is_fresh = value("signatureversion") != Some("3") || value("expires").is_some_and(is_to_come);
    let is_signed = signature == right || sin == Sin::AcceptsAnySignature;
    is_known(value("command").unwrap_or_default()) && key == KEY && is_fresh && is_signed
}

/// Whether a time with a zone, which must be UTC, lies ahead. It knows one date that does not exist.
fn is_to_come(expires: &str) -> bool {
    let text = expires.to_ascii_uppercase();
    let zones = ["Z+0000", "+00:00", "+0000", "+00", "Z"];
    let Some((bare, zone)) = zones.iter().find_map(|zone| Some((text.strip_suffix(zone)?, *zone))) else {
        return false;
    };
    let (time, fraction) = bare.split_once('.').unwrap_or((bare, ""));
    let shape: String = time.chars().map(|one| if one.is_ascii_digit() { '0' } else { one }).collect();
    let is_time = shape == "0000-00-00T00:00:00" || shape == "0000-00-00T00:00";
    let is_fraction = fraction.bytes().all(|byte| byte.is_ascii_digit())
        && (zone != "+0000" || matches!(fraction.len(), 0 | 6));
    is_time && is_fraction && &time[5..10] != "02-30" && *time > expires_in(0)[..time.len()]
}

fn content(command: &str, named: bool) -> (&'static str, String) {
    let body = match command {
        "listCapabilities" => r#"{"capability":{"cloudstackversion":"4.22.0.0","dynamicrolesenabled":true}}"#,
        "listApis" => r#"{"count":3,"api":[{"name":"listApis"},{"name":"listUsers"},{"name":"listZones"}]}"#,
        "listZones" if named => "{}",
        "listZones" => r#"{"count":1,"zone":[{"id":"z-1","name":"one","tags":[]}]}"#,
        "listUsers" => r#"{"count":1,"user":[{"id":"u-1","username":"admin"}]}"#,
        _ => r#"{"uuidList":[],"errorcode":431,"cserrorcode":9999,"errortext":"missing parameter jobid"}"#,
    };
    (if body.contains("errorcode") { "431 431" } else { "200 OK" }, body.to_owned())
}

fn xml(value: &Value) -> String {
    let member = |(name, value): (&String, &Value)| match value {
        Value::Array(items) => items.iter().map(|item| format!("<{name}>{}</{name}>", xml(item))).collect(),
        other => format!("<{name}>{}</{name}>", xml(other)),
    };
    match value {
        Value::Object(members) => members.iter().map(member).collect(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
