//! Sockets on one side, functions of a world on the other.
//!
//! One thread serves a cloud. A request is read whole (`http.rs`), the world is locked, a function
//! answers, the lock is gone before a byte is written. Where the answer needs a directory's word,
//! the world is let go, the directory asked, and the request answered from the start.

mod dhcp;
mod dns;
mod drives;
mod head;
mod http;
mod log;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Mutex, Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::api::errand;
use crate::api::request::{FORM_BYTES, Port, Request};
use crate::api::response::Response;
use crate::cloud::{
    Folders, Guest, Ready, Restored, Shared, StartError, credentials, off_loopback, on_loopback,
};
use crate::config::Config;
use crate::control::{self, Control};
use crate::directory;
use crate::guest::lease::{self, Dialect};
use crate::quirk::Quirk;
use crate::router::{self, password_server};
use crate::world::World;
use crate::world::network::Network;
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

use drives::Drives;
pub use http::Patience;
use http::{Message, converse};
pub use log::LoggedRequest;
pub(crate) use log::RequestLog;

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
    /// Whether guests have config drives, which follow whatever happens in the world.
    writes_drives: bool,
    /// Told whenever a connection ends.
    ended: Arc<Notify>,
}

/// What is behind a listener.
#[derive(Clone)]
enum Door {
    /// The management server.
    Api(Port),
    /// The router of a network.
    Router(Id),
    /// The password server of that router.
    Passwords(Id),
    /// The side door.
    Control(Arc<Control>),
}

/// Opens every port and says what listens where.
pub(crate) async fn listen(
    config: &Config,
    shared: &Arc<Shared>,
    folders: &Folders,
    restores: mpsc::UnboundedReceiver<Restored>,
) -> Result<(Ready, Serving), StartError> {
    let (stop_sender, stop) = watch::channel(false);
    let routers = Arc::new(Mutex::new(Routers {
        port: config.router_port,
        password_port: config.password_port,
        dns_port: config.dns_port,
        real_addresses: config.real_addresses,
        leases: folders.leases.clone(),
        drives: folders.drives.clone().map(Drives::new),
        lease_dialect: config.lease_dialect,
        bound: BTreeMap::new(),
        written: BTreeMap::new(),
    }));
    let site = Site {
        shared: Arc::clone(shared),
        routers: Arc::clone(&routers),
        stop,
        patience: config.patience,
        writes_drives: folders.drives.is_some(),
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
    let control = match config.control {
        Some(address) => {
            let (listener, address) = bind("the side door", address).await?;
            let url = format!("http://{address}");
            let door = Control::new(url.clone(), Arc::clone(shared), config.clone());
            serve(listener, Door::Control(Arc::new(door)), site.clone());
            Some(url)
        }
        None => None,
    };
    {
        let mut routers = routers.lock().await;
        routers.follow(&site).await?;
        routers.follow_drives(&site)?;
    }
    let dhcp = config.dhcp.as_ref().map(|place| dhcp::serve(place, &site)).transpose()?;
    let open = Open { api: api_address, integration, dhcp, control };
    let ready = open.ready(&*routers.lock().await, &shared.world());
    tokio::spawn(open.follow(restores, site));
    Ok((ready, Serving { stop: stop_sender }))
}

/// The listeners that stay where they are.
struct Open {
    api: SocketAddr,
    integration: Option<SocketAddr>,
    dhcp: Option<String>,
    control: Option<String>,
}

impl Open {
    /// What listens where, and who can call.
    fn ready(&self, routers: &Routers, world: &World) -> Ready {
        Ready {
            api: format!("http://{}/client/api", self.api),
            integration: self.integration.map(|address| format!("http://{address}/client/api")),
            router: routers.bound.values().next().map(|bound| format!("http://{}", bound.address)),
            dhcp: self.dhcp.clone(),
            control: self.control.clone(),
            credentials: credentials(world),
            guests: routers.guests(world),
        }
    }

    /// Lets the routers follow whenever a world was put in the place of another.
    async fn follow(self, mut restores: mpsc::UnboundedReceiver<Restored>, site: Site) {
        while let Some(tell) = restores.recv().await {
            let ready = self.renewed(&site).await;
            // Who asked may have gone meanwhile; the world is restored all the same.
            let _ = tell.send(ready);
        }
    }

    async fn renewed(&self, site: &Site) -> Result<Ready, StartError> {
        {
            let mut world = site.shared.world();
            // The restored world names the port of the cloud that it is from.
            world.settings.forget("integration.api.port");
            if let Some(address) = self.integration {
                name_integration_port(&mut world, address)?;
            }
        }
        let mut routers = site.routers.lock().await;
        routers.leave(site)?;
        routers.follow(site).await?;
        routers.follow_drives(site)?;
        Ok(self.ready(&routers, &site.shared.world()))
    }
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
    /// The config drives, if they are written.
    drives: Option<Drives>,
    lease_dialect: Dialect,
    password_port: Option<u16>,
    dns_port: Option<u16>,
    bound: BTreeMap<Id, Bound>,
    /// The lease files as they were written last, so that a move of one guest costs one file.
    written: BTreeMap<String, Vec<u8>>,
}

/// A router's listener.
struct Bound {
    /// Where the guests of its network find it.
    guest_address: Ipv4Addr,
    /// Where it listens.
    address: SocketAddr,
    /// Where its password server listens, if it does.
    passwords: Option<SocketAddr>,
    /// Where its resolver listens, if it does.
    dns: Option<SocketAddr>,
    /// What accepts connections there.
    accepting: Vec<JoinHandle<()>>,
}

impl Routers {
    /// Closes the listeners of routers that do not serve any more, because they were stopped or are gone.
    async fn close(&mut self, site: &Site) {
        let gone: Vec<Id> = {
            let world = site.shared.world();
            let serves = |id: Id, bound: &Bound| {
                world.networks.get(id).and_then(Network::serving_address) == Some(bound.guest_address)
            };
            self.bound.iter().filter(|(id, bound)| !serves(**id, bound)).map(|(id, _)| *id).collect()
        };
        for bound in gone.iter().filter_map(|id| self.bound.remove(id)) {
            for accepting in bound.accepting {
                accepting.abort();
                // The port is free when the task is gone; that it was cancelled is what was wanted.
                let _ = accepting.await;
            }
        }
    }

    /// Takes the lease files of guests away that a restored world has not, and has the drives of all made anew.
    fn leave(&mut self, site: &Site) -> Result<(), StartError> {
        if let Some(drives) = &mut self.drives {
            drives.distrust();
        }
        let leases = lease_files(&site.shared.world(), self.lease_dialect);
        let stale: Vec<String> = self
            .written
            .keys()
            .filter(|name| !leases.iter().any(|(other, _)| other == *name))
            .cloned()
            .collect();
        for name in stale {
            self.written.remove(&name);
            std::fs::remove_file(self.leases.join(&name))
                .map_err(|source| StartError::Leases { path: self.leases.clone(), source })?;
        }
        Ok(())
    }

    /// Opens a listener for every router that came up, closes those of routers that went, and writes the leases of the
    /// guests down.
    async fn follow(&mut self, site: &Site) -> Result<(), StartError> {
        self.close(site).await;
        let wanted: Vec<(Id, Ipv4Addr)> = {
            let world = site.shared.world();
            world
                .networks
                .iter()
                .filter_map(|(id, network)| Some((id, network.serving_address()?)))
                .filter(|(id, _)| !self.bound.contains_key(id))
                .collect()
        };
        let mut elsewhere = None;
        if self.port.is_some() {
            for (network, guest_address) in wanted {
                let port = self.port.unwrap_or_default();
                let address = SocketAddr::new(IpAddr::V4(self.place(guest_address)), port);
                // All routers share the port of the first; an address that is taken gets a free one.
                let (listener, bound) = match bind("a router", address).await {
                    Ok(open) => open,
                    // A namespace may have the addresses of some networks only.
                    Err(error) if self.real_addresses && error.is_elsewhere() => {
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
                let mut accepting = vec![serve(listener, Door::Router(network), site.clone())];
                let mut passwords = None;
                if let Some(port) = self.password_port {
                    let place = SocketAddr::new(bound.ip(), port);
                    let (listener, bound) = match bind("a password server", place).await {
                        Ok(open) => open,
                        Err(_) => bind("a password server", SocketAddr::new(bound.ip(), 0)).await?,
                    };
                    if port == 0 {
                        self.password_port = Some(bound.port());
                    }
                    accepting.push(serve(listener, Door::Passwords(network), site.clone()));
                    passwords = Some(bound);
                }
                let mut resolver = None;
                // Also where the router knows no names: its network may be given another offering.
                if let Some(port) = self.dns_port {
                    let (address, tasks) = dns::serve(network, self.place(guest_address), port, site).await?;
                    accepting.extend(tasks);
                    resolver = Some(address);
                }
                let bound = Bound { guest_address, address: bound, passwords, dns: resolver, accepting };
                self.bound.insert(network, bound);
            }
        }
        if let Some(error) = elsewhere.filter(|_| self.bound.is_empty()) {
            return Err(error);
        }
        let files = {
            let world = site.shared.world();
            lease_files(&world, self.lease_dialect)
        };
        for (name, text) in files {
            if self.written.get(&name) != Some(&text) {
                write_whole(&self.leases, &name, &text)
                    .map_err(|source| StartError::Leases { path: self.leases.clone(), source })?;
                self.written.insert(name, text);
            }
        }
        Ok(())
    }

    /// Writes the config drives of machines that were made ready since the last time.
    fn follow_drives(&mut self, site: &Site) -> Result<(), StartError> {
        let Some(drives) = &mut self.drives else { return Ok(()) };
        let changes = {
            let world = site.shared.world();
            if !drives.are_stale(&world) {
                return Ok(());
            }
            drives.changes(&world)
        };
        drives.write(changes)
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
            let resolves = world.networks.get(nic.network).is_some_and(|row| world.routers_give(row, "Dns"));
            guests.push(Guest {
                name: machine.name.clone(),
                id: machine.uuid.to_string(),
                address: address.to_string(),
                source: self.place(address).to_string(),
                router: format!("http://{}", router.address),
                passwords: router.passwords.map(|address| format!("http://{address}")).unwrap_or_default(),
                dns: router.dns.filter(|_| resolves).map(|address| address.to_string()).unwrap_or_default(),
                lease: self.leases.join(lease_name(&machine.uuid.to_string())).display().to_string(),
                drive: self.drives.as_ref().and_then(|drives| drives.place(&machine.uuid.to_string())),
            });
        }
        guests
    }
}

fn lease_name(uuid: &str) -> String {
    format!("{uuid}.leases")
}

/// The lease files of every guest that runs.
fn lease_files(world: &World, dialect: Dialect) -> Vec<(String, Vec<u8>)> {
    let running = world.virtual_machines.iter().filter(|(_, machine)| machine.state == MachineState::Running);
    let files = running.flat_map(|(_, machine)| {
        let of_machine = lease::of_machine(world, machine, dialect).into_iter();
        of_machine.map(|(card, bytes)| (lease_name(&format!("{}{card}", machine.uuid)), bytes))
    });
    files.collect()
}

/// Writes a file whole: whoever reads it meanwhile finds the old one or the new one.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let part = folder.join(format!(".{name}.part"));
    std::fs::write(&part, bytes)?;
    std::fs::rename(&part, folder.join(name))
}

/// Speaks HTTP with whoever connects, until the cloud stops.
fn serve(listener: TcpListener, door: Door, site: Site) -> JoinHandle<()> {
    let largest = if matches!(door, Door::Control(_)) { control::BODY_BYTES } else { BODY_BYTES };
    tokio::spawn(accept(listener, site, move |stream, peer, site| {
        let door = door.clone();
        async move {
            // Answers are small and clients wait for them.
            let _ = stream.set_nodelay(true);
            converse(stream, site.patience, largest, |message| answer(&site, &door, peer, message)).await;
        }
    }))
}

/// Accepts connections until the cloud stops, and lets each have its conversation.
async fn accept<C>(listener: TcpListener, site: Site, converse: impl Fn(TcpStream, SocketAddr, Site) -> C)
where
    C: Future<Output = ()> + Send + 'static,
{
    let mut stop = site.stop.clone();
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
        let (ended, mut stop) = (Arc::clone(&site.ended), stop.clone());
        let conversation = converse(stream, peer, site.clone());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = conversation => {}
                _ = stop.changed() => {}
            }
            ended.notify_one();
        });
    }
}

/// The next packet that comes to a service: its length in the buffer, and from where. Nothing once the cloud stops or
/// the socket is of no use any more, which is told.
async fn receive(
    socket: &UdpSocket,
    buffer: &mut [u8],
    stop: &mut watch::Receiver<bool>,
    what: &str,
) -> Option<(usize, SocketAddr)> {
    loop {
        let received = tokio::select! {
            _ = stop.changed() => return None,
            received = socket.recv_from(buffer) => received,
        };
        match received {
            Ok(received) => return Some(received),
            // What an earlier answer met on its way, such as a closed port.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => {
                complain(&format!("{what} ends: {error}"));
                return None;
            }
        }
    }
}

async fn answer(site: &Site, door: &Door, peer: SocketAddr, message: Message) -> Response {
    let response = answer_of(site, door, peer, message).await;
    if site.writes_drives && !matches!(door, Door::Router(_)) {
        // What a client has done is on the drives before it can know that it is done.
        if let Err(error) = site.routers.lock().await.follow_drives(site) {
            complain(&error.to_string());
        }
    }
    response
}

async fn answer_of(site: &Site, door: &Door, peer: SocketAddr, message: Message) -> Response {
    match door {
        Door::Api(port) => api_answer(site, *port, peer, message).await,
        Door::Router(network) => router_answer(
            site,
            peer,
            &message,
            |world, source, request| router::answer(world, *network, source, request),
            *network,
        ),
        Door::Passwords(network) => router_answer(
            site,
            peer,
            &message,
            |world, source, request| password_server::answer(world, *network, source, request),
            *network,
        ),
        Door::Control(control) => control_answer(control, message).await,
    }
}

/// Answers at the side door. That takes a thread of its own: worlds are started and ended there.
async fn control_answer(control: &Arc<Control>, message: Message) -> Response {
    let Message { head, body } = message;
    let target = origin_form(head.target()).to_owned();
    let call =
        control::Call { method: head.method().to_owned(), target, headers: head.owned_headers(), body };
    let control = Arc::clone(control);
    let answered = tokio::task::spawn_blocking(move || control.answer(&call)).await;
    answered.unwrap_or_else(|error| control::broken(&error.to_string()))
}

async fn api_answer(site: &Site, port: Port, peer: SocketAddr, message: Message) -> Response {
    let Message { head, body } = message;
    let request = Request {
        port,
        method: head.method().to_owned(),
        target: origin_form(head.target()).to_owned(),
        headers: head.owned_headers(),
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
    if let Some(log) = &site.shared.log {
        let now = site.shared.world().now;
        log.lock().unwrap_or_else(PoisonError::into_inner).of_api(now, &request, &response);
    }
    if let Some(name) = response.unplayed.filter(|_| site.shared.tells_unplayed) {
        complain(&format!("{name} is not played: answered as a server without it would"));
    }
    if routers_changed {
        // The router answers before anybody can know that the machine runs.
        if let Err(error) = site.routers.lock().await.follow(site).await {
            complain(&error.to_string());
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
fn complain(line: &str) {
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
    let headers: Vec<(&str, &str)> = head.headers().collect();
    let request = router::Request {
        method: head.method(),
        target: head.target(),
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
    if let Some(log) = &site.shared.log {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.of_router(world.now, peer.ip(), &request, answer.status);
    }
    Response {
        headers: answer.headers,
        body: answer.body,
        closes: answer.closes,
        connection_behind_length: true,
        ..Response::empty(answer.status)
    }
}
