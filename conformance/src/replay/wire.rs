//! Playing raw exchanges: the recorded bytes, with live names, live times and live signatures in them.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{
    client::{Answer, Connection, bytes_of, header, readable},
    compare::{Comparison, Difference, Rows},
    learnt::Learnt,
    recording::{Exchange, Recordings, Request, Response, Wire},
    stage::Live,
    text::Extent,
    tree::Tree,
};
use crate::wire::sign;

/// The port that the recordings call the integration port.
const INTEGRATION: u16 = 8096;
/// The port of the recorded directory.
const DIRECTORY: u16 = 3389;
/// Times further from the capture than this were chosen freely and stay as they are.
const NEAR: i64 = 86_400;

/// Plays the exchanges in order, up to the first that is answered otherwise than recorded. What happened on the
/// recorded server before a step is made to happen by `before_step`, which gets its number, counted from 1.
pub(super) fn play(
    wire: &Wire,
    captured: Option<i64>,
    recordings: &Recordings,
    live: &mut Live,
    learnt: &mut Learnt,
    before_step: impl Fn(usize, &mut Live, &mut Learnt) -> Result<(), Difference>,
) -> Result<(), Difference> {
    let exchanges = wire.exchanges();
    if let Some(port) = live.directory {
        learnt.word(&format!("&port={DIRECTORY}"), &format!("&port={port}"));
    }
    let mut kept: Option<Connection> = None;
    for (index, exchange) in exchanges.iter().enumerate() {
        let step = (exchanges.len() > 1).then_some(index + 1);
        let asked = format!("{} {}", exchange.request.method, exchange.request.target);
        let of = |difference: Difference| difference.of(step, &asked);
        before_step(index + 1, live, learnt)?;
        let authority = if exchange.request.port == Some(INTEGRATION) {
            live.integration
                .as_deref()
                .ok_or_else(|| of(Difference::new("answer", "an integration port", "none")))?
        } else {
            &live.api
        };
        let failed = |error: std::io::Error| of(Difference::new("answer", "an answer", error));
        let message = message(&exchange.request, captured, recordings, learnt);
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Connection::open(authority).map_err(failed)?,
        };
        let mut answer = connection.exchange(&message, exchange.request.method == "HEAD").map_err(failed)?;
        if let Some(port) = live.directory {
            answer.body = with_recorded_port(&answer.body, port);
        }
        if wire.same_connection {
            kept = Some(connection);
        }
        compare(exchange, &answer, learnt).map_err(of)?;
    }
    Ok(())
}

/// A body that names the recorded directory where it named ours.
fn with_recorded_port(body: &[u8], port: u16) -> Vec<u8> {
    let mut text: String = body.iter().map(|byte| char::from(*byte)).collect();
    for (before, after) in [("\"port\":", ""), ("<port>", "</port>")] {
        text = text.replace(&format!("{before}{port}{after}"), &format!("{before}{DIRECTORY}{after}"));
    }
    bytes_of(&text)
}

/// The bytes to send.
fn message(request: &Request, captured: Option<i64>, recordings: &Recordings, learnt: &Learnt) -> Vec<u8> {
    let body = request.body();
    let signer = Signer::of(request, &body, recordings);
    let prepared = |text: &str| {
        let text = learnt.translated(text);
        captured.map_or_else(|| text.clone(), |captured| shifted(&text, captured))
    };
    let (mut target, mut live_body) = (prepared(&request.target), prepared(&body));
    if let Some(signer) = signer {
        let secret = learnt.translated(&signer.secret);
        let params = signer.reading.params(request, &target, &live_body);
        let signature = sign::escape(&sign::signature(&secret, &sign::canonical(&params)));
        target = with_signature(&target, &signer.signature, &signature);
        live_body = with_signature(&live_body, &signer.signature, &signature);
    }
    let version = request.version.as_deref().unwrap_or("HTTP/1.1");
    let mut text = format!("{} {target} {version}\r\n", request.method);
    for (name, value) in &request.headers {
        let told_its_length = name.eq_ignore_ascii_case("content-length") && *value == body.len().to_string();
        // Recorded texts have one character per byte, and so has what we put into them.
        let value = if told_its_length { live_body.len().to_string() } else { learnt.translated(value) };
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let mut message = bytes_of(&text);
    message.extend(bytes_of(&live_body));
    message
}

/// How upstream read the parameters that it signed.
#[derive(Clone, Copy, Debug)]
struct Reading {
    latin1: bool,
    /// Of parameters sent twice: the first or the last.
    first: bool,
    query: bool,
    body: bool,
}

impl Reading {
    fn params(self, request: &Request, target: &str, body: &str) -> Vec<(String, String)> {
        let mut params: Vec<(String, String)> = Vec::new();
        let is_form = header(&request.headers, "content-type")
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let texts = [query, body].into_iter().zip([self.query, self.body && is_form]);
        for (text, _) in texts.filter(|(_, wanted)| *wanted) {
            for item in text.split('&').filter(|item| !item.is_empty()) {
                let (name, value) = item.split_once('=').unwrap_or((item, ""));
                let (name, value) = (decoded(name, self.latin1), decoded(value, self.latin1));
                match params.iter_mut().find(|(known, _)| *known == name) {
                    Some(_) if self.first => {}
                    Some((_, known)) => *known = value,
                    None => params.push((name, value)),
                }
            }
        }
        params
    }
}

/// Whoever signed a recorded request rightly.
struct Signer {
    reading: Reading,
    /// The recorded secret.
    secret: String,
    /// The recorded signature.
    signature: String,
}

impl Signer {
    /// Nobody, if the signature is wrong: then it stays wrong.
    fn of(request: &Request, body: &str, recordings: &Recordings) -> Option<Self> {
        let secrets: Vec<&str> = recordings
            .keys
            .iter()
            .map(|(_, keys)| keys.secretkey.as_str())
            .chain([recordings.sso_key.as_str()])
            .collect();
        for latin1 in [false, true] {
            for (first, query, in_body) in
                [(false, true, true), (true, true, true), (false, true, false), (false, false, true)]
            {
                let reading = Reading { latin1, first, query, body: in_body };
                let params = reading.params(request, &request.target, body);
                let Some((_, signature)) =
                    params.iter().find(|(name, _)| name.eq_ignore_ascii_case("signature"))
                else {
                    continue;
                };
                let canonical = sign::canonical(&params);
                let right = |secret: &&&str| sign::signature(secret, &canonical) == *signature;
                if let Some(secret) = secrets.iter().find(right) {
                    let (secret, signature) = ((*secret).to_owned(), signature.clone());
                    return Some(Self { reading, secret, signature });
                }
            }
        }
        None
    }
}

/// A query or form with another signature in place of the right one; wrong ones beside it stay.
fn with_signature(text: &str, right: &str, signature: &str) -> String {
    with_value(text, &["signature"], |old| (decoded(old, false) == right).then(|| signature.to_owned()))
}

/// A query or form in which values of these parameters are replaced.
fn with_value(text: &str, names: &[&str], value: impl Fn(&str) -> Option<String>) -> String {
    let (path, query) = match text.split_once('?') {
        Some((path, query)) if path.starts_with('/') => (Some(path), query),
        _ => (None, text),
    };
    let items: Vec<String> = query
        .split('&')
        .map(|item| match item.split_once('=') {
            Some((name, old)) if names.iter().any(|known| known.eq_ignore_ascii_case(name)) => {
                value(old).map_or_else(|| item.to_owned(), |new| format!("{name}={new}"))
            }
            _ => item.to_owned(),
        })
        .collect();
    match path {
        Some(path) => format!("{path}?{}", items.join("&")),
        None => items.join("&"),
    }
}

/// The text with times near the capture moved to now.
fn shifted(text: &str, captured: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    with_value(text, &["expires", "timestamp"], |value| {
        let plain = decoded(value, false);
        if let Ok(millis) = plain.parse::<i64>() {
            let is_near = (millis / 1000 - captured).abs() < NEAR;
            return is_near.then(|| (millis + (now - captured) * 1000).to_string());
        }
        let seconds = seconds(&plain)?;
        ((seconds - captured).abs() < NEAR).then(|| sign::escape(&spelled(seconds + now - captured)))
    })
}

/// `2026-11-23T11:52:59Z` in seconds since 1970.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z')?;
    let (date, clock) = text.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i32>().ok());
    let mut clock = clock.splitn(3, ':').map(|part| part.parse::<u8>().ok());
    let month = |number: i32| time::Month::try_from(u8::try_from(number).ok()?).ok();
    let (year, number, day) = (date.next()??, date.next()??, date.next()??);
    let date = time::Date::from_calendar_date(year, month(number)?, u8::try_from(day).ok()?).ok()?;
    let clock = time::Time::from_hms(clock.next()??, clock.next()??, clock.next()??).ok()?;
    Some(time::PrimitiveDateTime::new(date, clock).assume_utc().unix_timestamp())
}

/// Seconds since 1970 as `2026-11-23T11:52:59Z`.
pub(super) fn spelled(seconds: i64) -> String {
    let moment =
        time::OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        moment.year(),
        u8::from(moment.month()),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second()
    )
}

/// A form value without its escapes.
fn decoded(text: &str, latin1: bool) -> String {
    let raw = bytes_of(text);
    let mut bytes = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        let escape = raw.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (raw[at], escape.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                at += 3;
            }
            (b'+', _) => {
                bytes.push(b' ');
                at += 1;
            }
            (byte, _) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    if latin1 {
        bytes.iter().map(|byte| char::from(*byte)).collect()
    } else {
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn compare(exchange: &Exchange, answer: &Answer, learnt: &mut Learnt) -> Result<(), Difference> {
    let Response { status, reason, headers, body } = &exchange.response;
    let encoding = header(headers, "content-encoding");
    let recorded = readable(&bytes_of(body), encoding);
    let live = answer.text();
    if *status != answer.status {
        return Err(Difference::new(
            "status",
            format!("{status} {recorded}"),
            format!("{} {live}", answer.status),
        ));
    }
    if *reason != answer.reason {
        return Err(Difference::new("reason", reason, &answer.reason));
    }
    compare_headers(headers, answer, learnt)?;
    let command = command(exchange);
    let mut comparison =
        Comparison { learnt, extent: Extent::Wire, rows: Rows::Exact, command: &command, momentary: &[] };
    comparison.bodies(header(headers, "content-type").unwrap_or_default(), &recorded, &live)?;
    learn_session(&recorded, &live, learnt);
    Ok(())
}

fn command(exchange: &Exchange) -> String {
    let query = exchange.request.target.split_once('?').map_or("", |(_, query)| query);
    let body = exchange.request.body();
    let named =
        |text: &str| text.split('&').find_map(|item| item.strip_prefix("command=").map(str::to_owned));
    named(query).or_else(|| named(&body)).unwrap_or_default()
}

/// Header by header, each name's values in order. The order of different names has no meaning in HTTP, and neither has
/// how the end of a body is told (by a length, by chunks or by the end of the connection) or a blank at the end of a value.
fn compare_headers(
    recorded: &[(String, String)],
    answer: &Answer,
    learnt: &mut Learnt,
) -> Result<(), Difference> {
    /// Values that change from answer to answer.
    const VOLATILE: &[&str] = &["date", "last-modified", "etag"];
    const FRAMING: &[&str] = &["content-length", "transfer-encoding"];
    let names = |headers: &[(String, String)]| {
        let mut names: Vec<String> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        names.dedup();
        names
    };
    let values = |headers: &[(String, String)], name: &str| -> Vec<String> {
        headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            // Blanks around a value are not part of it (RFC 9110, 5.5).
            .map(|(_, value)| value.trim_matches([' ', '\t']).to_owned())
            .collect()
    };
    let mut all = names(recorded);
    all.extend(names(&answer.headers));
    all.retain(|name| !FRAMING.contains(&name.as_str()));
    all.sort();
    all.dedup();
    for name in all {
        let (old, new) = (values(recorded, &name), values(&answer.headers, &name));
        let is_volatile = VOLATILE.contains(&name.as_str());
        let old_shown: Vec<String> = old.iter().map(|value| shown(&name, value)).collect();
        let new_shown: Vec<String> = new.iter().map(|value| shown(&name, value)).collect();
        if (is_volatile && old.is_empty() == new.is_empty()) || old_shown == new_shown {
            for (old, new) in old.iter().zip(&new).filter(|_| name == "set-cookie") {
                learn_cookie(old, new, learnt);
            }
            continue;
        }
        let text = |values: &[String]| {
            if values.is_empty() { "absent".to_owned() } else { values.join(" | ") }
        };
        return Err(Difference::new(format!("header {name}"), text(&old_shown), text(&new_shown)));
    }
    Ok(())
}

/// A header's value with what is random in it masked.
fn shown(name: &str, value: &str) -> String {
    if name == "connection" {
        return value.to_ascii_lowercase();
    }
    if name != "set-cookie" {
        return super::text::masked(value, Extent::Wire);
    }
    let (cookie, attributes) = value.split_once(';').unwrap_or((value, ""));
    let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
    let value = match name {
        "JSESSIONID" => match value.split_once('.') {
            Some((_, node)) => format!("{{session}}.{node}"),
            None => "{session}".to_owned(),
        },
        "sessionkey" if value.len() > 8 => "{session}".to_owned(),
        _ => super::text::masked(value, Extent::Wire),
    };
    format!("{name}={value};{attributes}")
}

fn learn_cookie(recorded: &str, live: &str, learnt: &mut Learnt) {
    let value = |cookie: &str| {
        let pair = cookie.split(';').next().unwrap_or_default();
        let value = pair.split_once('=').map_or("", |(_, value)| value).to_owned();
        // The part behind the dot names the node.
        value.split('.').next().unwrap_or_default().to_owned()
    };
    let (recorded, live) = (value(recorded), value(live));
    if recorded.len() > 8 && !live.is_empty() {
        learnt.word(&recorded, &live);
    }
}

/// Learns what later requests of a session carry: the key, and the code of a second factor.
fn learn_session(recorded: &str, live: &str, learnt: &mut Learnt) {
    let trees = |text: &str| Tree::from_json(text).or_else(|| Tree::from_xml(text));
    let (Some(recorded), Some(live)) = (trees(recorded), trees(live)) else { return };
    let inner = |tree: &Tree| tree.members().first().map(|(_, inner)| inner.clone());
    let (Some(recorded), Some(live)) = (inner(&recorded), inner(&live)) else { return };
    for path in ["sessionkey", "setup2fa.secretcode"] {
        let text = |tree: &Tree| tree.at(path).and_then(Tree::text).map(str::to_owned);
        if let (Some(recorded), Some(live)) = (text(&recorded), text(&live)) {
            learnt.word(&recorded, &live);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_near_the_capture_move_and_others_stay() {
        let text = "/client/api?a=1&expires=2026-11-23T11%3A52%3A59Z&b=2";
        let captured = seconds("2026-11-23T11:47:59Z").unwrap();
        assert_eq!(spelled(captured), "2026-11-23T11:47:59Z");
        assert_ne!(shifted(text, captured), text);
        let far = "/client/api?a=1&expires=2030-01-02T03%3A04%3A05Z";
        assert_eq!(shifted(far, captured), far);
    }

    #[test]
    fn only_the_signature_is_replaced() {
        let text = "/x?a=signature&Signature=b%2B&c";
        assert_eq!(with_signature(text, "b+", "n"), "/x?a=signature&Signature=n&c");
        assert_eq!(with_signature("a=1&signature=b&SIGNATURE=c", "b", "n"), "a=1&signature=n&SIGNATURE=c");
    }

    #[test]
    fn cookies_are_compared_without_their_values() {
        let one = shown("set-cookie", "JSESSIONID=node01.node0; Path=/client; HttpOnly");
        assert_eq!(one, shown("set-cookie", "JSESSIONID=abc.node0; Path=/client; HttpOnly"));
        assert_ne!(one, shown("set-cookie", "JSESSIONID=abc.node0; Path=/client"));
    }
}
