//! Sockets on one side, functions of a world on the other.
//!
//! One thread serves a cloud. A request is read whole (`http.rs`), the world is locked, a function
//! answers, the lock is gone before a byte is written. Where the answer needs a directory's word,
//! the world is let go, the directory asked, and the request answered from the start.

mod dhcp;
mod head;
mod http;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify, oneshot, watch};

use crate::api::errand;
use crate::api::request::{FORM_BYTES, Port, Request};
use crate::api::response::Response;
use crate::cloud::{Guest, LeaseFolder, Ready, Shared, StartError, credentials, off_loopback, on_loopback};
use crate::config::Config;
use crate::directory;
use crate::guest::lease;
use crate::quirk::Quirk;
use crate::router::{self, password_server};
use crate::world::World;
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

pub use http::Patience;
use http::{Message, converse};

/// More than the API takes, so that it can refuse with its own words (API-HTTP-032).
const BODY_BYTES: usize = FORM_BYTES + 1024 * 1024;
/// How long to wait for a free descriptor before accepting is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// What serves a cloud until it is told to stop.
pub(crate) struct Serving {
    stop: watch::Sender<bool>,
}

impl Serving {
    /// Serves until the sender speaks or goes away.
    pub(crate) async fn until(self, stopped: oneshot::Receiver<()>) {
        // A dropped sender means stop as well.
        let _ = stopped.await;
        let _ = self.stop.send(true);
    }
}

/// What a listener's connections need.
#[derive(Clone)]
struct Site {
    shared: Arc<Shared>,
    routers: Arc<Mutex<Routers>>,
    stop: watch::Receiver<bool>,
    patience: Patience,
    /// Told whenever a connection ends.
    ended: Arc<Notify>,
}

/// What is behind a listener.
#[derive(Debug, Clone, Copy)]
enum Door {
    /// The management server.
    Api(Port),
    /// The router of a network.
    Router(Id),
    /// The password server of that router.
    Passwords(Id),
}

/// Opens every port and says what listens where.
pub(crate) async fn listen(
    config: &Config,
    shared: &Arc<Shared>,
    leases: &LeaseFolder,
) -> Result<(Ready, Serving), StartError> {
    let (stop_sender, stop) = watch::channel(false);
    let routers = Arc::new(Mutex::new(Routers {
        port: config.router_port,
        password_port: config.password_port,
        real_addresses: config.real_addresses,
        leases: leases.path.clone(),
        bound: BTreeMap::new(),
        password_servers: BTreeMap::new(),
        written: BTreeMap::new(),
    }));
    let site = Site {
        shared: Arc::clone(shared),
        routers: Arc::clone(&routers),
        stop,
        patience: config.patience,
        ended: Arc::new(Notify::new()),
    };
    let (api_listener, api_address) = bind("the API", config.api).await?;
    serve(api_listener, Door::Api(Port::Main), site.clone());
    let integration = match config.integration {
        Some(address) => {
            let (listener, address) = bind("the integration port", address).await?;
            serve(listener, Door::Api(Port::Integration), site.clone());
            name_integration_port(&mut shared.world(), address)?;
            Some(address)
        }
        None => None,
    };
    routers.lock().await.follow(&site).await?;
    let dhcp = config.dhcp.as_ref().map(|place| dhcp::serve(place, &site)).transpose()?;
    let ready = {
        let routers = routers.lock().await;
        let world = shared.world();
        Ready {
            api: format!("http://{api_address}/client/api"),
            integration: integration.map(|address| format!("http://{address}/client/api")),
            router: routers.bound.values().next().map(|address| format!("http://{address}")),
            dhcp,
            control: None,
            credentials: credentials(&world),
            guests: routers.guests(&world),
        }
    };
    Ok((ready, Serving { stop: stop_sender }))
}

/// The setting says which port is open (API-INT-001).
fn name_integration_port(world: &mut World, address: SocketAddr) -> Result<(), StartError> {
    if !world.sins(Quirk::IntegrationPortIsUnnamed) {
        world.settings.set("integration.api.port", &address.port().to_string())?;
    }
    Ok(())
}

async fn bind(what: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { what, address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// The routers' listeners: one for each network that has a router. Two networks may have the
/// same addresses, so the listener is what tells them apart (ISO-007).
struct Routers {
    port: Option<u16>,
    /// Whether this machine has the routers' own addresses.
    real_addresses: bool,
    leases: PathBuf,
    bound: BTreeMap<Id, SocketAddr>,
    password_port: Option<u16>,
    password_servers: BTreeMap<Id, SocketAddr>,
    /// The lease files as they were written last, so that a move of one guest costs one file.
    written: BTreeMap<String, String>,
}

impl Routers {
    /// Opens a listener for every router that came up, and writes the leases of its guests down.
    async fn follow(&mut self, site: &Site) -> Result<(), StartError> {
        let wanted: Vec<(Id, Ipv4Addr)> = {
            let world = site.shared.world();
            world
                .networks
                .iter()
                .filter_map(|(id, network)| Some((id, network.router.as_ref()?)))
                .filter(|(_, router)| router.serves())
                .map(|(id, router)| (id, router.guest_address))
                .filter(|(id, _)| !self.bound.contains_key(id))
                .collect()
        };
        let mut elsewhere = None;
        if self.port.is_some() {
            for (network, address) in wanted {
                let port = self.port.unwrap_or_default();
                let address = SocketAddr::new(IpAddr::V4(self.place(address)), port);
                // All routers share the port of the first; an address that is taken gets a free one.
                let (listener, bound) = match bind("a router", address).await {
                    Ok(open) => open,
                    // A namespace may have the addresses of some networks only.
                    Err(error @ StartError::Listen { .. }) if self.real_addresses && error.is_elsewhere() => {
                        elsewhere = elsewhere.or(Some(error));
                        continue;
                    }
                    Err(_) if !self.bound.is_empty() => {
                        bind("a router", SocketAddr::new(address.ip(), 0)).await?
                    }
                    Err(error) => return Err(error),
                };
                if port == 0 {
                    self.port = Some(bound.port());
                }
                self.bound.insert(network, bound);
                serve(listener, Door::Router(network), site.clone());
                if let Some(port) = self.password_port {
                    let place = SocketAddr::new(bound.ip(), port);
                    let (listener, bound) = match bind("a password server", place).await {
                        Ok(open) => open,
                        Err(_) => bind("a password server", SocketAddr::new(bound.ip(), 0)).await?,
                    };
                    self.password_servers.insert(network, bound);
                    serve(listener, Door::Passwords(network), site.clone());
                }
            }
        }
        if let Some(error) = elsewhere.filter(|_| self.bound.is_empty()) {
            return Err(error);
        }
        let files = {
            let world = site.shared.world();
            lease_files(&world)
        };
        for (name, text) in files {
            if self.written.get(&name) != Some(&text) {
                std::fs::write(self.leases.join(&name), &text)
                    .map_err(|source| StartError::Leases { path: self.leases.clone(), source })?;
                self.written.insert(name, text);
            }
        }
        Ok(())
    }

    /// The address on this machine that stands for one of the simulated networks.
    fn place(&self, address: Ipv4Addr) -> Ipv4Addr {
        if self.real_addresses { address } else { on_loopback(address) }
    }

    fn guests(&self, world: &World) -> Vec<Guest> {
        let mut guests = Vec::new();
        for (_, machine) in
            world.virtual_machines.iter().filter(|(_, row)| row.state == MachineState::Running)
        {
            let Some(nic) = machine.default_nic() else { continue };
            let (Some(address), Some(router)) = (nic.address, self.bound.get(&nic.network)) else { continue };
            guests.push(Guest {
                name: machine.name.clone(),
                id: machine.uuid.to_string(),
                address: address.to_string(),
                source: self.place(address).to_string(),
                router: format!("http://{router}"),
                passwords: self
                    .password_servers
                    .get(&nic.network)
                    .map(|address| format!("http://{address}"))
                    .unwrap_or_default(),
                lease: self.leases.join(lease_name(&machine.uuid.to_string())).display().to_string(),
            });
        }
        guests
    }
}

fn lease_name(uuid: &str) -> String {
    format!("{uuid}.leases")
}

/// The lease file of every guest that runs: all its cards, the default one last.
fn lease_files(world: &World) -> Vec<(String, String)> {
    world
        .virtual_machines
        .iter()
        .filter(|(_, machine)| machine.state == MachineState::Running)
        .map(|(_, machine)| {
            let mut nics: Vec<_> = machine.nics.iter().collect();
            nics.sort_by_key(|nic| nic.is_default);
            let text: String =
                nics.into_iter().filter_map(|nic| lease::of_card(world, machine, nic)).collect();
            (lease_name(&machine.uuid.to_string()), text)
        })
        .collect()
}

/// Accepts connections until the cloud stops.
fn serve(listener: TcpListener, door: Door, site: Site) {
    let mut stop = site.stop.clone();
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                _ = stop.changed() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, peer)) = accepted else {
                // Out of descriptors: one that ends makes room for another.
                tokio::select! {
                    _ = stop.changed() => return,
                    () = site.ended.notified() => {}
                    () = tokio::time::sleep(RETRY) => {}
                }
                continue;
            };
            // Answers are small and clients wait for them.
            let _ = stream.set_nodelay(true);
            let (site, mut stop) = (site.clone(), stop.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = converse(stream, site.patience, BODY_BYTES, |message| answer(&site, door, peer, message)) => {}
                    _ = stop.changed() => {}
                }
                site.ended.notify_one();
            });
        }
    });
}

async fn answer(site: &Site, door: Door, peer: SocketAddr, message: Message) -> Response {
    match door {
        Door::Api(port) => api_answer(site, port, peer, message).await,
        Door::Router(network) => router_answer(
            site,
            peer,
            &message,
            |world, source, request| router::answer(world, network, source, request),
            network,
        ),
        Door::Passwords(network) => router_answer(
            site,
            peer,
            &message,
            |world, source, request| password_server::answer(world, network, source, request),
            network,
        ),
    }
}

async fn api_answer(site: &Site, port: Port, peer: SocketAddr, message: Message) -> Response {
    let Message { head, body } = message;
    let request = Request {
        port,
        method: head.method,
        target: origin_form(&head.target).to_owned(),
        headers: head.headers,
        body,
        needs_host: head.is_newest,
        peer: peer.ip(),
    };
    let mut done = Vec::new();
    let (response, routers_changed) = loop {
        let (question, patience) = {
            let mut world = site.shared.world();
            let before = world.moves;
            match errand::answer(&mut world, &request, &done) {
                errand::Progress::Answered(response) => break (response, world.moves != before),
                errand::Progress::Asks(question) => (question, world.settings.number("ldap.read.timeout")),
            }
        };
        // The world is free while a directory takes its time.
        let patience = Duration::from_millis(u64::try_from(patience).unwrap_or_default());
        let finding = directory::ask(question.clone(), patience).await;
        done.push((question, finding));
    };
    if let Some(name) = response.unplayed.filter(|_| site.shared.tells_unplayed) {
        log(&format!("{name} is not played: answered as a server without it would"));
    }
    if routers_changed {
        // The router answers before anybody can know that the machine runs.
        if let Err(error) = site.routers.lock().await.follow(site).await {
            log(&error.to_string());
        }
    }
    response
}

/// Cuts scheme and host off an absolute target: every host means us.
fn origin_form(target: &str) -> &str {
    let Some((scheme, rest)) = target.split_once("://") else { return target };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return target;
    }
    rest.find(['/', '?']).map_or("/", |start| &rest[start..])
}

#[expect(clippy::print_stderr, reason = "logs go to standard error by contract")]
fn log(line: &str) {
    eprintln!("cloudstack-simulator: {line}");
}

/// What a service of a router's answers to whoever the peer stands for.
fn router_answer(
    site: &Site,
    peer: SocketAddr,
    message: &Message,
    service: impl FnOnce(&mut World, Ipv4Addr, &router::Request<'_>) -> router::Answer,
    network: Id,
) -> Response {
    let head = &message.head;
    let headers: Vec<(&str, &str)> =
        head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let request = router::Request {
        method: &head.method,
        target: &head.target,
        needs_host: head.is_newest,
        headers: &headers,
    };
    let mut world = site.shared.world();
    let subnet = world.networks.get(network).and_then(|row| row.subnet);
    let source = match peer.ip() {
        IpAddr::V4(address) => off_loopback(address, subnet),
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    };
    let answer = service(&mut world, source, &request);
    Response { headers: answer.headers, body: answer.body, ..Response::empty(answer.status) }
}
