//! Requests: a command, its declared parameters with values right and wrong, somebody who asks, and damage.

use std::{collections::BTreeMap, net::IpAddr};

use cloudstack_conformance::wire::sign;
use cloudstack_simulator::{
    api::{
        command,
        request::{Port, Request},
    },
    catalog::{self, Command, Param, ParamType},
    world::{World, account::Session},
};

use super::dice::Dice;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// The root administrator, whose keys no generated request may take away.
    SignedByAdmin,
    /// Somebody else, or in a way that may well be refused.
    Other,
}

/// A request and what was meant by it.
pub(super) struct Generated {
    pub(super) request: Request,
    /// The parameters that the signature covers; none if the request was damaged on purpose or is not signed.
    pub(super) intended: Option<Vec<(String, String)>>,
    pub(super) caller: Caller,
}

/// Somebody with keys.
struct Keys {
    api: String,
    secret: String,
}

/// Makes requests to worlds that began as one world.
pub(super) struct Generator {
    commands: Vec<Command>,
    played: Vec<Command>,
    admin: Keys,
    user: Keys,
}

/// The session that generated requests bring.
const SESSION: &str = "node0generated";
const SESSION_KEY: &str = "the-key-of-the-session";

/// Texts that have caused trouble somewhere.
const ODD: &[&str] = &[
    "",
    " ",
    "0",
    "-1",
    "1",
    "true",
    "FALSE",
    "null",
    "%",
    "+",
    "a+b",
    "&=;",
    "\"",
    "\\",
    "\\u0000",
    "<x>&amp;",
    "]]>",
    "\u{0}",
    "\u{7f}",
    "\t",
    "\r\n",
    "\u{e9}",
    "\u{130}",
    "\u{df}",
    "\u{1f600}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{feff}",
    "\u{202e}",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "99999999999999999999999999",
    "2147483648",
    "1e400",
    "NaN",
    "-0",
    "0x10",
    "..",
    "/",
    "//",
    "%25",
    "2026-02-30",
    "2026-01-01T00:00:00+0000",
    "0.0.0.0/0",
    "::/0",
    "10.1.1.1",
    "300.1.1.1",
    "255.255.255.0",
    "a,b,,c",
    ",",
    "all",
    "self",
    "a'; drop table vm; --",
    "{}",
    "[]",
    "x=y",
];

const NAMES: &[&str] = &[
    "admin",
    "alice",
    "web",
    "db",
    "front",
    "demo-zone",
    "tiny",
    "/",
    "/customers",
    "customers",
    "ROOT",
    "User",
    "Debian 12",
    "default.page.size",
    "session.timeout",
    "job.expire.minutes",
    "enforce.post.requests.and.timestamps",
    "UserVm",
    "TCP",
    "udp",
    "icmp",
    "Isolated",
    "featured",
    "KVM",
    "Allow",
    "deny",
    "allow",
    "Running",
    "Stopped",
    "1",
    "2",
    "22",
    "80",
];

/// Parameters that every command takes or looks at.
const COMMON: &[&str] = &[
    "page",
    "pagesize",
    "keyword",
    "listall",
    "isrecursive",
    "account",
    "domainid",
    "projectid",
    "id",
    "ids",
    "name",
    "customjobid",
    "ctxDetails",
    "fordisplay",
    "tags[0].key",
    "tags[0].value",
    "details[0].key",
    "details[x]",
    "signatureversion",
    "expires",
    "_",
];

impl Generator {
    pub(super) fn new(world: &World) -> Self {
        let keys = |name: &str| {
            let (_, user) = world.users.iter().find(|(_, user)| user.username == name).unwrap();
            Keys { api: user.api_key.clone().unwrap(), secret: user.secret_key.clone().unwrap() }
        };
        Self {
            commands: catalog::commands().collect(),
            played: catalog::commands().filter(|command| command::is_played(*command)).collect(),
            admin: keys("admin"),
            user: keys("alice"),
        }
    }

    /// The next request to a world.
    pub(super) fn next(&self, dice: &mut Dice, things: &Things) -> Generated {
        let mut pairs = self.parameters(dice, things);
        if dice.percent(70) {
            let word = *dice.pick(&["json", "json", "json", "JSON", "xml", "x"]);
            put(&mut pairs, "response", word.to_owned());
        }
        match dice.below(10) {
            0..=1 => integration(dice, &pairs),
            2 => session(dice, pairs),
            3 => {
                let whole = self.signed(dice, pairs);
                damaged(dice, whole)
            }
            _ => self.signed(dice, pairs),
        }
    }

    /// A command and parameters for it.
    fn parameters(&self, dice: &mut Dice, things: &Things) -> Vec<(String, String)> {
        let command = *if dice.percent(70) { dice.pick(&self.played) } else { dice.pick(&self.commands) };
        let mut pairs = Vec::new();
        let name = match dice.below(40) {
            0 => command.name().to_lowercase(),
            1 => any_text(dice),
            2 => return any_pairs(dice),
            _ => command.name().to_owned(),
        };
        put(&mut pairs, "command", name);
        let share = *dice.pick(&[0, 5, 20, 60]);
        let wrong = *dice.pick(&[0, 0, 5, 30]);
        for param in command.params() {
            if param.required() && dice.percent(95) || dice.percent(share) {
                value(dice, things, param, wrong, &mut pairs);
            }
        }
        for _ in 0..dice.below(3) {
            let name = (*dice.pick(COMMON)).to_owned();
            let value = if dice.percent(50) { things.any(dice) } else { any_text(dice) };
            put(&mut pairs, &name, value);
        }
        pairs
    }

    /// The request as a client signs and sends it.
    fn signed(&self, dice: &mut Dice, mut pairs: Vec<(String, String)>) -> Generated {
        let by_admin = dice.percent(70);
        let keys = if by_admin { &self.admin } else { &self.user };
        pairs.retain(|(name, _)| {
            !["signature", "apikey", "signatureversion"].iter().any(|own| name.eq_ignore_ascii_case(own))
        });
        let spelling = *dice.pick(&["apiKey", "apikey", "APIKEY"]);
        put(&mut pairs, spelling, keys.api.clone());
        if dice.percent(10) {
            put(&mut pairs, "signatureVersion", "3".to_owned());
            pairs.retain(|(name, _)| !name.eq_ignore_ascii_case("expires"));
            put(&mut pairs, "expires", "2099-01-01T00:00:00+0000".to_owned());
        }
        let signature = sign::signature(&keys.secret, &sign::canonical(&pairs));
        let mut sent = pairs.clone();
        let place = usize::try_from(dice.below(sent.len() as u64 + 1)).unwrap_or_default();
        sent.insert(place, ("signature".to_owned(), signature));
        let mut request = request(Port::Main);
        if dice.percent(30) {
            request.method = "POST".to_owned();
            let kind = *dice.pick(&[
                "application/x-www-form-urlencoded",
                "application/x-www-form-urlencoded; charset=UTF-8",
            ]);
            request.headers.push(("content-type".to_owned(), kind.to_owned()));
            let split = usize::try_from(dice.below(sent.len() as u64 + 1)).unwrap_or_default();
            request.target = format!("/client/api?{}", query(dice, &sent[..split]));
            request.body = query(dice, &sent[split..]).into_bytes();
        } else {
            request.target = format!("/client/api?{}", query(dice, &sent));
        }
        if dice.percent(20) {
            request.headers.push(("accept-encoding".to_owned(), "gzip".to_owned()));
        }
        // Unknown commands, and those that are off, are refused as if nobody had signed them; authenticators have words
        // of their own.
        let command = pairs.iter().find(|(name, _)| name == "command").map(|(_, value)| value.as_str());
        let is_known = command.and_then(catalog::command).is_some_and(|command| {
            !command.is_authenticator() && command.gate().is_none_or(|gate| gate.default)
        });
        let caller = if by_admin && is_known { Caller::SignedByAdmin } else { Caller::Other };
        Generated { request, intended: Some(pairs), caller }
    }
}

/// A request to the port that asks for no credentials.
fn integration(dice: &mut Dice, pairs: &[(String, String)]) -> Generated {
    let mut request = request(Port::Integration);
    request.method = (*dice.pick(&["GET", "POST", "HEAD", "PUT", "OPTIONS"])).to_owned();
    request.target = format!("/client/api?{}", query(dice, pairs));
    Generated { request, intended: None, caller: Caller::Other }
}

/// A request that brings a session, mostly the right one.
fn session(dice: &mut Dice, mut pairs: Vec<(String, String)>) -> Generated {
    let mut key = SESSION_KEY.to_owned();
    if dice.percent(5) {
        key = any_text(dice);
    }
    if dice.percent(95) {
        put(&mut pairs, "sessionkey", key);
    }
    let mut request = request(Port::Main);
    request.target = format!("/client/api?{}", query(dice, &pairs));
    let cookie = format!("JSESSIONID={SESSION}.node0; sessionkey={SESSION_KEY}");
    request.headers.push(("cookie".to_owned(), cookie));
    Generated { request, intended: None, caller: Caller::Other }
}

/// A right request with something broken.
fn damaged(dice: &mut Dice, generated: Generated) -> Generated {
    let Generated { mut request, .. } = generated;
    let byte = char::from(u8::try_from(0x21 + dice.below(0x5e)).unwrap_or(b'x'));
    match dice.below(7) {
        0 => {
            request.method =
                (*dice.pick(&["HEAD", "PUT", "PATCH", "get", "TRACE", "OPTIONS", "POST"])).to_owned();
        }
        1 => request.headers.push(("content-type".to_owned(), any_text(dice).replace(char::is_control, ""))),
        2 => request.headers.retain(|(name, _)| name != "host"),
        3 => {
            let place = usize::try_from(dice.below(request.body.len() as u64 + 1)).unwrap_or_default();
            request.body.insert(place, u8::try_from(dice.below(256)).unwrap_or_default());
        }
        4 => {
            let many = usize::try_from(dice.below(3000)).unwrap_or_default();
            request.target.push_str(&"&a=1".repeat(many));
        }
        _ => {
            let characters: Vec<char> = request.target.chars().collect();
            let place = usize::try_from(dice.below(characters.len() as u64)).unwrap_or_default();
            let (before, after) = characters.split_at(place);
            let rest = if dice.percent(50) { &after[1..] } else { after };
            request.target = before.iter().chain([&byte]).chain(rest).collect();
        }
    }
    Generated { request, intended: None, caller: Caller::Other }
}

fn request(port: Port) -> Request {
    Request {
        port,
        method: "GET".to_owned(),
        target: String::new(),
        headers: vec![("host".to_owned(), "localhost".to_owned())],
        body: Vec::new(),
        needs_host: true,
        peer: IpAddr::from([127, 0, 0, 1]),
    }
}

/// The session that [`session`] brings, which a world must know.
pub(super) fn log_in(world: &mut World) {
    // Nobody is left to log in when a request removed the administrator.
    let Some((user, _)) = world.users.iter().find(|(_, user)| user.username == "admin") else { return };
    let session = Session { user, key: SESSION_KEY.to_owned(), last_used: world.now, verified: true };
    world.sessions.insert(SESSION.to_owned(), session);
}

/// Values for one parameter, as its type writes them or not.
fn value(dice: &mut Dice, things: &Things, param: Param, wrong: u64, pairs: &mut Vec<(String, String)>) {
    let name = if dice.percent(3) { param.name().to_uppercase() } else { param.name().to_owned() };
    if param.field_type() == ParamType::Map && !dice.percent(wrong) {
        for index in 0..=dice.below(2) {
            let field = *dice.pick(&["key", "value", "k", "name", "ip", "networkid", ""]);
            put(pairs, &format!("{name}[{index}].{field}"), things.any(dice));
        }
        return;
    }
    let of = param.list_of().unwrap_or(ParamType::String);
    let value = match param.field_type() {
        _ if dice.percent(wrong) => any_text(dice),
        ParamType::List => {
            let items: Vec<String> = (0..=dice.below(2)).map(|_| scalar(dice, things, param, of)).collect();
            items.join(",")
        }
        own => scalar(dice, things, param, own),
    };
    put(pairs, &name, value);
}

fn scalar(dice: &mut Dice, things: &Things, param: Param, kind: ParamType) -> String {
    let small = *dice.pick(&[-1, 0, 1, 2, 3, 5, 10, 80, 500, 1024, 2048, 65_535]);
    match kind {
        ParamType::Uuid => things.for_param(dice, param),
        ParamType::Boolean => (*dice.pick(&["true", "false", "TRUE", "False"])).to_owned(),
        ParamType::Integer | ParamType::Long | ParamType::Short => small.to_string(),
        ParamType::Float | ParamType::Double => format!("{small}.5"),
        ParamType::Date => (*dice.pick(&[
            "2030-01-01",
            "2030-01-01T00:00:00Z",
            "2029-12-31 23:59:59",
            "2031-02-03T04:05:06+0100",
        ]))
        .to_owned(),
        ParamType::String | ParamType::List | ParamType::Map | ParamType::Object => {
            if dice.percent(70) {
                (*dice.pick(NAMES)).to_owned()
            } else {
                any_text(dice)
            }
        }
    }
}

/// The identifiers of a world, by kind.
pub(super) struct Things {
    by_class: BTreeMap<&'static str, Vec<String>>,
    all: Vec<String>,
}

impl Things {
    pub(super) fn of(world: &World) -> Self {
        let mut by_class: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        let mut all = Vec::new();
        let mut known: Vec<_> = world.index.iter().collect();
        // The index keeps no order of its own.
        known.sort_by_key(|(uuid, _)| **uuid);
        for (uuid, handle) in known {
            all.push(uuid.to_string());
            for class in handle.kind.classes() {
                by_class.entry(class).or_default().push(uuid.to_string());
            }
        }
        Self { by_class, all }
    }

    fn any(&self, dice: &mut Dice) -> String {
        if dice.percent(50) { dice.pick(&self.all).clone() } else { (*dice.pick(NAMES)).to_owned() }
    }

    fn for_param(&self, dice: &mut Dice, param: Param) -> String {
        if dice.percent(5) {
            return (*dice.pick(&["00000000-0000-4000-8000-000000000000", "1", "-1", "x"])).to_owned();
        }
        let fitting: Vec<&String> =
            param.entities().filter_map(|class| self.by_class.get(class)).flatten().collect();
        if fitting.is_empty() { dice.pick(&self.all).clone() } else { (*dice.pick(&fitting)).clone() }
    }
}

/// Any parameters at all, each name once.
pub(super) fn any_pairs(dice: &mut Dice) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for _ in 0..dice.below(8) {
        let name = match dice.below(4) {
            0 => (*dice.pick(COMMON)).to_owned(),
            1 => (*dice.pick(&[
                "command",
                "Command",
                "signature",
                "SIGNATURE",
                "apikey",
                "apiKey",
                "response",
            ]))
            .to_owned(),
            _ => any_text(dice),
        };
        put(&mut pairs, &name, any_text(dice));
    }
    pairs
}

/// Any text at all.
pub(super) fn any_text(dice: &mut Dice) -> String {
    match dice.below(8) {
        0..=3 => (*dice.pick(ODD)).to_owned(),
        4 => (*dice.pick(NAMES)).to_owned(),
        5 => (*dice.pick(ODD)).repeat(usize::try_from(dice.below(300)).unwrap_or_default()),
        _ => (0..dice.below(12))
            .map(|_| {
                let wide = dice.percent(30);
                let code = u32::try_from(dice.below(if wide { 0x11_0000 } else { 0x80 })).unwrap_or_default();
                char::from_u32(code).unwrap_or('\u{fffd}')
            })
            .collect(),
    }
}

fn put(pairs: &mut Vec<(String, String)>, name: &str, value: String) {
    match pairs.iter_mut().find(|(other, _)| other == name) {
        Some((_, old)) => *old = value,
        None => pairs.push((name.to_owned(), value)),
    }
}

/// Pairs as a query: everything escaped that must be, and now and then more than that.
fn query(dice: &mut Dice, pairs: &[(String, String)]) -> String {
    let blank = if dice.percent(50) { "+" } else { "%20" };
    let items: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", sign::escape(name), sign::escape(value).replace("%20", blank)))
        .collect();
    items.join("&")
}
