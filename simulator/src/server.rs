//! Sockets: hyper on one side, functions of a world on the other.
//!
//! One thread serves a cloud. A request is read whole, the world is locked, a function answers,
//! the lock is gone before a byte is written.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, oneshot, watch};

use crate::api;
use crate::api::request::{FORM_BYTES, Port, Request};
use crate::api::response::Response;
use crate::cloud::{Guest, LeaseFolder, Ready, Shared, StartError, credentials, off_loopback, on_loopback};
use crate::config::Config;
use crate::guest::lease;
use crate::router;
use crate::world::World;
use crate::world::table::Id;
use crate::world::virtual_machine::MachineState;

/// How long a connection may say nothing (API-HTTP-004).
const IDLE: Duration = Duration::from_secs(30);
/// More than the API takes, so that it can refuse with its own words (API-HTTP-032).
const BODY_BYTES: usize = FORM_BYTES + 1024 * 1024;
/// More than the API takes, so that it can refuse with its own words (API-HTTP-031).
const HEAD_BYTES: usize = 64 * 1024;

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
        leases: leases.path.clone(),
        bound: BTreeMap::new(),
        written: BTreeMap::new(),
    }));
    let site = Site { shared: Arc::clone(shared), routers: Arc::clone(&routers), stop };
    let (api_listener, api_address) = bind("the API", config.api).await?;
    serve_api(api_listener, Port::Main, site.clone());
    let integration = match config.integration {
        Some(address) => {
            let (listener, address) = bind("the integration port", address).await?;
            serve_api(listener, Port::Integration, site.clone());
            Some(address)
        }
        None => None,
    };
    routers.lock().await.follow(&site).await?;
    let ready = {
        let routers = routers.lock().await;
        let world = shared.world();
        Ready {
            api: format!("http://{api_address}/client/api"),
            integration: integration.map(|address| format!("http://{address}/client/api")),
            router: routers.bound.values().next().map(|address| format!("http://{address}")),
            control: None,
            credentials: credentials(&world),
            guests: routers.guests(&world),
        }
    };
    Ok((ready, Serving { stop: stop_sender }))
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
    leases: PathBuf,
    bound: BTreeMap<Id, SocketAddr>,
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
                .filter_map(|(id, network)| Some((id, network.router.as_ref()?.guest_address)))
                .filter(|(id, _)| !self.bound.contains_key(id))
                .collect()
        };
        if self.port.is_some() {
            for (network, address) in wanted {
                let port = self.port.unwrap_or_default();
                let address = SocketAddr::new(IpAddr::V4(on_loopback(address)), port);
                // All routers share the port of the first; an address that is taken gets a free one.
                let (listener, bound) = match bind("a router", address).await {
                    Ok(open) => open,
                    Err(_) if !self.bound.is_empty() => {
                        bind("a router", SocketAddr::new(address.ip(), 0)).await?
                    }
                    Err(error) => return Err(error),
                };
                if port == 0 {
                    self.port = Some(bound.port());
                }
                self.bound.insert(network, bound);
                serve_router(listener, network, site.clone());
            }
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
                source: on_loopback(address).to_string(),
                router: format!("http://{router}"),
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
fn accept(
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
    handle: impl Fn(TcpStream, SocketAddr) + 'static + Send,
) {
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = stop.changed() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => handle(stream, peer),
                    // Out of descriptors: let others end before the next try.
                    Err(_) => tokio::task::yield_now().await,
                },
            }
        }
    });
}

fn serve_api(listener: TcpListener, port: Port, site: Site) {
    let stop = site.stop.clone();
    accept(listener, stop, move |stream, peer| {
        let site = site.clone();
        let connection_stop = site.stop.clone();
        serve_connection(stream, connection_stop, move |request| {
            let site = site.clone();
            async move { api_answer(&site, port, peer, request).await }
        });
    });
}

fn serve_router(listener: TcpListener, network: Id, site: Site) {
    let stop = site.stop.clone();
    accept(listener, stop, move |stream, peer| {
        let site = site.clone();
        let connection_stop = site.stop.clone();
        serve_connection(stream, connection_stop, move |request| {
            let site = site.clone();
            async move { router_answer(&site, network, peer, &request) }
        });
    });
}

fn serve_connection<F, Fut>(stream: TcpStream, mut stop: watch::Receiver<bool>, answer: F)
where
    F: Fn(hyper::Request<Incoming>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = hyper::Response<Full<Bytes>>> + Send + 'static,
{
    tokio::spawn(async move {
        // Answers are small and clients wait for them.
        let _ = stream.set_nodelay(true);
        let service = service_fn(move |request| {
            let answer = answer.clone();
            async move { Ok::<_, Infallible>(answer(request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE)
            .max_buf_size(HEAD_BYTES)
            .auto_date_header(false)
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        tokio::select! {
            // A client that goes away mid-request is its own business.
            _ = connection.as_mut() => {}
            _ = stop.changed() => {}
        }
    });
}

async fn api_answer(
    site: &Site,
    port: Port,
    peer: SocketAddr,
    request: hyper::Request<Incoming>,
) -> hyper::Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), latin1(value.as_bytes())))
        .collect();
    let Ok(body) = Limited::new(body, BODY_BYTES).collect().await else {
        return to_hyper(Response { closes: true, ..Response::error_page() });
    };
    let request = Request {
        port,
        method: head.method.as_str().to_owned(),
        target,
        headers,
        body: body.to_bytes().to_vec(),
        needs_host: head.version == hyper::Version::HTTP_11,
        peer: peer.ip(),
    };
    let (response, routers_changed) = {
        let mut world = site.shared.world();
        let before = world.moves;
        let response = api::answer(&mut world, &request);
        (response, world.moves != before)
    };
    if let Some(name) = response.unplayed {
        log(&format!("{name} is not played: answered as a server without it would"));
    }
    if routers_changed {
        // The router answers before anybody can know that the machine runs.
        if let Err(error) = site.routers.lock().await.follow(site).await {
            log(&error.to_string());
        }
    }
    to_hyper(response)
}

#[expect(clippy::print_stderr, reason = "logs go to standard error by contract")]
fn log(line: &str) {
    eprintln!("cloudstack-simulator: {line}");
}

fn router_answer(
    site: &Site,
    network: Id,
    peer: SocketAddr,
    request: &hyper::Request<Incoming>,
) -> hyper::Response<Full<Bytes>> {
    let target = request.uri().to_string();
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), latin1(value.as_bytes())))
        .collect();
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let request = router::Request {
        method: request.method().as_str(),
        target: &target,
        needs_host: request.version() == hyper::Version::HTTP_11,
        headers: &headers,
    };
    let answer = {
        let world = site.shared.world();
        let subnet = world.networks.get(network).and_then(|row| row.subnet);
        let source = match peer.ip() {
            IpAddr::V4(address) => off_loopback(address, subnet),
            IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        };
        router::answer(&world, network, source, &request)
    };
    to_hyper(Response { headers: answer.headers, body: answer.body, ..Response::empty(answer.status) })
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn to_hyper(response: Response) -> hyper::Response<Full<Bytes>> {
    let mut out = hyper::Response::new(Full::new(Bytes::from(response.body)));
    *out.status_mut() =
        hyper::StatusCode::from_u16(response.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(reason) = response.reason
        && let Ok(reason) = ReasonPhrase::try_from(to_latin1(&reason))
    {
        out.extensions_mut().insert(reason);
    }
    for (name, value) in response.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("header names are literals of ours");
        if let Ok(value) = HeaderValue::from_bytes(&to_latin1(&value)) {
            out.headers_mut().append(name, value);
        }
    }
    if response.closes {
        out.headers_mut().append(hyper::header::CONNECTION, HeaderValue::from_static("close"));
    }
    out
}

fn to_latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}
