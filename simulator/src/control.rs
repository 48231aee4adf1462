//! The side door of test authors: worlds are made, forked, saved, replaced and ended over HTTP, apart from the API.
//!
//! Functions of a request; sockets are the business of `server.rs`. Whoever reaches the door may do everything, so it
//! is closed unless asked for and listens on loopback unless told otherwise. What is done inside of one world stands
//! in `control/act.rs`.

mod act;
mod body;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::json;

use crate::api::response::Response;
use crate::cloud::{Cloud, Ready, Shared, StartError};
use crate::config::Config;
use crate::world::World;
use body::NewWorld;

/// The largest body that is taken: a saved world of a hundred thousand machines has room in it.
pub(crate) const BODY_BYTES: usize = 512 * 1024 * 1024;
/// The number of the world that the program began with.
const OWN: u64 = 1;
/// What there is.
const DOORS: &str = "GET /worlds, POST /worlds, DELETE /worlds/ID, POST /worlds/ID/fork, /snapshot, /restore, /clock, \
                     /quirks, /faults, /settings, GET /worlds/ID/requests, DELETE /worlds/ID/faults";

/// A request at the door.
pub(crate) struct Call {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why something was not done, and what to do about it.
#[derive(Debug)]
struct Refusal {
    status: u16,
    text: String,
}

impl Refusal {
    fn new(status: u16, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    fn bad(text: impl Into<String>) -> Self {
        Self::new(400, text)
    }
}

/// What cannot be started was asked for wrongly, except where the machine has no more to give.
impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        let status = match error {
            StartError::Listen { .. }
            | StartError::Leases { .. }
            | StartError::Drives { .. }
            | StartError::Thread(_) => 503,
            _ => 400,
        };
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        Self::new(status, format!("{error}{hint}"))
    }
}

/// A JSON answer: its status and its text.
type Done = Result<(u16, String), Refusal>;

fn done(status: u16, body: &impl Serialize) -> Done {
    Ok((status, serde_json::to_string(body).expect("an answer is made of texts, numbers and lists")))
}

/// A world that listens: its number and its ready line.
#[derive(Serialize)]
struct Listening<'a> {
    id: String,
    #[serde(flatten)]
    ready: &'a Ready,
}

/// The worlds behind a door.
pub(crate) struct Control {
    /// Where the door is: `http://127.0.0.1:8090`.
    url: String,
    /// The world that the program began with. It ends with the program.
    own: Arc<Shared>,
    /// How it was started.
    config: Config,
    worlds: Mutex<Worlds>,
}

/// The worlds that came through the door.
struct Worlds {
    running: BTreeMap<u64, Arc<Cloud>>,
    last: u64,
}

/// One world: what it shares with its listeners and how it was started.
struct Site<'a> {
    id: u64,
    shared: &'a Shared,
    config: &'a Config,
}

impl Control {
    pub(crate) fn new(url: String, own: Arc<Shared>, config: Config) -> Self {
        let worlds = Mutex::new(Worlds { running: BTreeMap::new(), last: OWN });
        Self { url, own, config, worlds }
    }

    /// Answers a request. Starting and ending worlds takes a while, so this may wait.
    pub(crate) fn answer(&self, call: &Call) -> Response {
        let (status, text) = self.act(call).unwrap_or_else(|Refusal { status, text }| {
            (status, serde_json::to_string(&json!({ "error": text })).expect("a text is JSON"))
        });
        response(status, text)
    }

    fn act(&self, call: &Call) -> Done {
        if call.headers.iter().any(|(name, _)| name == "origin") {
            return Err(Refusal::new(403, "this door is for programs: leave the header Origin out"));
        }
        if call.body.len() >= BODY_BYTES {
            return Err(Refusal::new(
                413,
                format!("the body is too large: send less than {BODY_BYTES} bytes"),
            ));
        }
        let path = call.target.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match (call.method.as_str(), parts.as_slice()) {
            ("GET", ["worlds"]) => self.list(),
            ("POST", ["worlds"]) => self.make(&call.body),
            ("DELETE", ["worlds", id]) => self.end(id),
            ("POST", ["worlds", id, "fork"]) => self.fork(id, &call.body),
            ("POST", ["worlds", id, "restore"]) => self.with(id, |site| self.restore(site, &call.body)),
            (method, ["worlds", id, deed]) => match act::named(deed).find(|deed| deed.method == method) {
                Some(deed) => self.with(id, |site| (deed.act)(site.shared, &call.body)),
                None => Err(not_there(method, path)),
            },
            (method, _) => Err(not_there(method, path)),
        }
    }

    fn worlds(&self) -> MutexGuard<'_, Worlds> {
        self.worlds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with a world. The list of worlds is free meanwhile.
    fn with<T>(&self, id: &str, act: impl FnOnce(&Site<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let id = self.number(id)?;
        if id == OWN {
            return act(&Site { id, shared: &self.own, config: &self.config });
        }
        let cloud = self.worlds().running.get(&id).cloned().ok_or_else(|| no_world(&id.to_string()))?;
        act(&Site { id, shared: cloud.shared(), config: cloud.config() })
    }

    /// The number of a world that is there.
    fn number(&self, id: &str) -> Result<u64, Refusal> {
        let number = id.parse::<u64>().ok().filter(|number| number.to_string() == id);
        number
            .filter(|number| *number == OWN || self.worlds().running.contains_key(number))
            .ok_or_else(|| no_world(id))
    }

    fn list(&self) -> Done {
        let mut ids = vec![OWN.to_string()];
        ids.extend(self.worlds().running.keys().map(ToString::to_string));
        done(200, &json!({ "worlds": ids }))
    }

    fn make(&self, body: &[u8]) -> Done {
        let wanted: NewWorld = body::read(body)?;
        let config = wanted.config(self.config.beside())?;
        self.add(Cloud::launch(config)?)
    }

    fn fork(&self, id: &str, body: &[u8]) -> Done {
        body::read::<body::Nothing>(body)?;
        let (world, config) =
            self.with(id, |site| Ok((site.shared.world().clone(), site.config.beside())))?;
        self.add(Cloud::of(world, config)?)
    }

    /// Takes a world in that listens.
    fn add(&self, mut cloud: Cloud) -> Done {
        let mut worlds = self.worlds();
        worlds.last += 1;
        let id = worlds.last;
        cloud.name_control(self.url_of(id));
        let answer = done(201, &Listening { id: id.to_string(), ready: cloud.ready() });
        worlds.running.insert(id, Arc::new(cloud));
        answer
    }

    fn url_of(&self, id: u64) -> String {
        if id == OWN { self.url.clone() } else { format!("{}/worlds/{id}", self.url) }
    }

    /// Puts a saved world in the place of one. Its listeners stay where they are; those of routers follow.
    fn restore(&self, site: &Site<'_>, body: &[u8]) -> Done {
        let world: World = body::saved(body)?;
        let ready = Ready { control: Some(self.url_of(site.id)), ..site.shared.restore(world)? };
        done(200, &Listening { id: site.id.to_string(), ready: &ready })
    }

    fn end(&self, id: &str) -> Done {
        let number = self.number(id)?;
        if number == OWN {
            let text = "world 1 is the one that the program began with: end the program instead";
            return Err(Refusal::new(409, text));
        }
        let cloud = self.worlds().running.remove(&number).ok_or_else(|| no_world(id))?;
        // Its ports are free when the last request that is still at it has its answer, mostly now.
        drop(cloud);
        done(200, &json!({ "ended": id }))
    }
}

fn no_world(id: &str) -> Refusal {
    Refusal::new(404, format!("there is no world {id:?}: GET /worlds names those that are there"))
}

fn not_there(method: &str, path: &str) -> Refusal {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_known = match parts.as_slice() {
        ["worlds"] | ["worlds", _] | ["worlds", _, "fork" | "restore"] => true,
        ["worlds", _, deed] => act::named(deed).next().is_some(),
        _ => false,
    };
    let status = if is_known { 405 } else { 404 };
    Refusal::new(status, format!("{method} {path} is nothing that this door does: it does {DOORS}"))
}

fn response(status: u16, text: String) -> Response {
    let reason = match status {
        201 => Some("Created"),
        409 => Some("Conflict"),
        413 => Some("Content Too Large"),
        500 => Some("Internal Server Error"),
        503 => Some("Service Unavailable"),
        _ => None,
    };
    Response {
        reason: reason.map(str::to_owned),
        headers: vec![("Content-Type", "application/json".into()), ("Cache-Control", "no-store".into())],
        body: (text + "\n").into_bytes(),
        ..Response::empty(status)
    }
}

/// The answer where an act broke down.
pub(crate) fn broken(why: &str) -> Response {
    let text = format!("the simulator broke down over this: {why}; the other worlds go on");
    response(500, serde_json::to_string(&json!({ "error": text })).expect("a text is JSON"))
}
