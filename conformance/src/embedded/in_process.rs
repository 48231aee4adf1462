//! A simulated cloud without a network: requests are answered by a call in our own process.

use std::{
    net::{IpAddr, Ipv4Addr},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cloudstack_simulator::{
    api::{
        self,
        request::{Port, Request},
    },
    quirk::Quirk,
    world::{World, clock::VIRTUAL_EPOCH, job::Pace, preset},
};

use crate::{
    settings::{Settings, SettingsError},
    target::{Limits, Target},
    wire::{
        ExchangeError,
        http::{self, Answer},
    },
};

/// Milliseconds that a world's clock goes on by with each request.
const TICK: i64 = 1;

/// The demo world, from which any number of targets start.
pub struct Beginning {
    world: World,
    settings: Settings,
}

impl Beginning {
    /// The demo world with these deliberate faults, whose jobs take this long: `instant`, `steps:N`.
    pub fn demo(seed: u64, pace: &str, quirks: &[&str]) -> Result<Self, SettingsError> {
        let failed = |reason: String| {
            SettingsError::new(
                format!("could not make the demo world: {reason}"),
                "name known faults and paces",
            )
        };
        let text = preset::NAMED.iter().find(|(name, _)| *name == "demo").map_or("", |(_, text)| *text);
        let mut world =
            preset::build("demo", text, seed, VIRTUAL_EPOCH).map_err(|error| failed(error.to_string()))?;
        world.pace = pace.parse::<Pace>().map_err(|error| failed(error.to_string()))?;
        let quirks = quirks.iter().map(|name| name.parse::<Quirk>()).collect::<Result<_, _>>();
        world.set_quirks(quirks.map_err(|error| failed(error.to_string()))?);
        let admin = world.users.iter().find(|(_, user)| user.username == "admin").map(|(_, user)| user);
        let settings = Settings {
            endpoint: Some("http://localhost:8080/client/api".to_owned()),
            api_key: admin.and_then(|user| user.api_key.clone()),
            secret_key: admin.and_then(|user| user.secret_key.clone()),
            ..Settings::default()
        };
        Ok(Self { world, settings })
    }

    /// A target that begins here and that nobody else changes.
    pub fn target(&self, limits: Limits) -> Target {
        let world = Mutex::new(self.world.clone());
        let transport = move |request: &http::Request| {
            let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
            answer(&mut world, request)
        };
        Target::through(self.settings.clone(), limits, Arc::new(transport))
    }
}

/// Answers a request; a panic is an answer that did not come.
fn answer(world: &mut World, request: &http::Request) -> Result<Answer, ExchangeError> {
    static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
    world.now = world.now.plus_millis(TICK);
    let asked = asked(request);
    let answered = catch_unwind(AssertUnwindSafe(|| api::answer(world, &asked)));
    let response = answered.map_err(|_| ExchangeError::Fault(format!("{} panics", request.target)))?;
    let name = |name: &str| name.to_ascii_lowercase();
    Ok(Answer {
        status: response.status,
        reason: response.reason.unwrap_or_default(),
        headers: response.headers.into_iter().map(|(key, value)| (name(key), value.into_owned())).collect(),
        body: response.body,
        elapsed: Duration::ZERO,
        connection: CONNECTIONS.fetch_add(1, Ordering::Relaxed),
    })
}

/// A request as the simulator reads it.
fn asked(request: &http::Request) -> Request {
    let host = ("host".to_owned(), request.origin.authority());
    let lower = |(name, value): &(String, String)| (name.to_ascii_lowercase(), value.clone());
    Request {
        port: Port::Main,
        method: request.method.clone(),
        target: request.target.clone(),
        headers: std::iter::once(host).chain(request.headers.iter().map(lower)).collect(),
        body: request.body.clone().into_bytes(),
        needs_host: true,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}
