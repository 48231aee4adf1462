//! One running cloud: its world behind a lock, its listeners, and what it says when it is ready.
//!
//! Nothing here is global: clouds in one process do not see each other, and dropping one frees
//! its ports.

mod start;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc as standard};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use crate::config::{Clock, Config, DhcpPlace, DrivePlace};
use crate::guest::lease::Dialect;
use crate::quirk::{Quirk, UnknownQuirk};
use crate::release::{BadRelease, Release};
use crate::server::{self, LoggedRequest, Patience, RequestLog};
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::job::{BadPace, Pace};
use crate::world::network::Subnet;
use crate::world::preset::WorldError;
use crate::world::saved::{self, SavedError};
use crate::world::setting::UnknownSetting;

/// Why a cloud did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No port, or not this one.
    #[error("could not listen on {address} for {what}: {source}")]
    Listen {
        /// Which listener.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The world could not be made.
    #[error(transparent)]
    World(#[from] WorldError),
    /// A world that is neither a name nor a readable file.
    #[error("could not read the world {path:?}: {reason}")]
    WorldFile {
        /// What was named.
        path: String,
        /// Why.
        reason: String,
    },
    /// A file that holds no saved world.
    #[error("could not load the saved world {path:?}: {source}")]
    Saved {
        /// The file.
        path: String,
        /// Why.
        source: SavedError,
    },
    /// A seed for a world that has its identifiers.
    #[error(
        "could not use the seed {seed} with {path:?}: the identifiers of a saved world go on where they were"
    )]
    Seed {
        /// The seed.
        seed: u64,
        /// The file.
        path: String,
    },
    /// A setting that the simulator does not know.
    #[error("could not set: {0}")]
    Setting(#[from] UnknownSetting),
    /// A quirk that does not exist.
    #[error(transparent)]
    Quirk(#[from] UnknownQuirk),
    /// A text that names no release.
    #[error(transparent)]
    Release(#[from] BadRelease),
    /// A release that the facts do not cover.
    #[error("could not play release {0}: the facts reach from {oldest} to {newest}", oldest = Release::OLDEST, newest = Release::NEWEST)]
    Unplayed(Release),
    /// A pace that does not exist.
    #[error(transparent)]
    Pace(#[from] BadPace),
    /// Lease files could not be written.
    #[error("could not write lease files to {path:?}: {source}")]
    Leases {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Config drives could not be written.
    #[error("could not write config drives to {path:?}: {source}")]
    Drives {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The DHCP server could not have its port.
    #[error("could not serve DHCP on {place}: {source}")]
    Dhcp {
        /// The address or the interface.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// No thread or no runtime.
    #[error("could not start the simulator's thread: {0}")]
    Thread(io::Error),
}

impl StartError {
    /// Whether it is about an address that this machine does not have.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrNotAvailable)
    }

    /// What to do about it, in a line.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Listen { what: "a resolver", .. } => Some(
                "port 53 takes root's rights and no other resolver; choose another one with --dns, or `--dns off`",
            ),
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Some("another program has this port; choose another one, or port 0 for any free one")
            }
            Self::Listen { .. } => {
                Some("check that the address belongs to this machine and the port is allowed")
            }
            Self::Dhcp { .. } => {
                Some("an interface has to exist, and its port 67 takes root's rights and no other server")
            }
            Self::WorldFile { .. } => Some(
                "name demo, empty, advdualzone, sandbox or a file ending in .toml or, of a saved world, in .json",
            ),
            Self::Saved { .. } => Some("compare with the schema in fixtures/schema/world.json"),
            Self::Seed { .. } => Some("leave the seed out"),
            Self::World(_) => Some("compare with the world files in fixtures/world"),
            Self::Setting(_) => Some("an older release lacks the settings that came later"),
            Self::Release(_) | Self::Unplayed(_) => Some("name one from 4.11 to 4.22"),
            Self::Quirk(_) => Some("`cloudstack-simulator --list-quirks` names all of them"),
            _ => None,
        }
    }
}

/// Somebody who can call the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// The name to log in with.
    pub username: String,
    /// The account.
    pub account: String,
    /// The path of the domain, `/` for ROOT.
    pub domain: String,
    /// The password.
    pub password: String,
    /// The public half of the keys; empty if there are none.
    pub apikey: String,
    /// The secret half of the keys; empty if there are none.
    pub secretkey: String,
    /// The type of the role.
    pub roletype: String,
}

/// A guest that a test can speak as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guest {
    /// The host name.
    pub name: String,
    /// The identifier of the machine.
    pub id: String,
    /// The address in its network.
    pub address: String,
    /// The address on this machine to connect from.
    pub source: String,
    /// The base URL of its router.
    pub router: String,
    /// The base URL of the router's password server.
    pub passwords: String,
    /// The resolver of the router, `127.1.1.1:53`, where it answers.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dns: String,
    /// Its lease file.
    pub lease: String,
    /// Its config drive, where drives are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drive: Option<String>,
}

/// What a cloud says when everything listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// The URL of the signed port.
    pub api: String,
    /// The URL of the unauthenticated port.
    pub integration: Option<String>,
    /// The base URL of the first router.
    pub router: Option<String>,
    /// Where DHCP is served, an address or an interface, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dhcp: Option<String>,
    /// The URL of the side door.
    pub control: Option<String>,
    /// Who can call.
    pub credentials: Vec<Credential>,
    /// Who can be spoken as.
    pub guests: Vec<Guest>,
}

/// Who is told what listens where after a world was put in the place of another.
pub(crate) type Restored = standard::Sender<Result<Ready, StartError>>;

/// What the listeners of a cloud share.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    clock: Clock,
    /// The latest requests, where they are kept.
    pub(crate) log: Option<Mutex<RequestLog>>,
    /// Tells the listeners of a world that was put in the place of another.
    restored: mpsc::UnboundedSender<Restored>,
    /// Whether commands that are not played are logged.
    pub(crate) tells_unplayed: bool,
}

impl Shared {
    /// The world, told what time it is. A panic elsewhere does not take the cloud down: every
    /// request leaves the world as consistent as it found it.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        if self.clock == Clock::Real {
            world.now = real_now();
        }
        world
    }

    pub(crate) fn has_virtual_clock(&self) -> bool {
        self.clock == Clock::Virtual
    }

    /// The latest requests, and how many were forgotten.
    pub(crate) fn requests(&self) -> (Vec<LoggedRequest>, u64) {
        self.log.as_ref().map_or_else(Default::default, |log| {
            let log = log.lock().unwrap_or_else(PoisonError::into_inner);
            (log.kept(), log.forgotten())
        })
    }

    /// Puts a world in the place of this one, waits until the routers' listeners have followed, and answers what
    /// listens where now.
    pub(crate) fn restore(&self, world: World) -> Result<Ready, StartError> {
        *self.world.lock().unwrap_or_else(PoisonError::into_inner) = world;
        let gone = || StartError::Thread(io::Error::other("the thread of this cloud has ended"));
        let (tell, told) = standard::channel();
        self.restored.send(tell).map_err(|_| gone())?;
        told.recv().map_err(|_| gone())?
    }
}

/// The machine's time. The only place that asks for it.
#[expect(clippy::disallowed_methods, reason = "the one place where a real clock enters a world")]
fn real_now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Builds a cloud: the demo world on free ports unless told otherwise.
#[derive(Debug, Clone, Default)]
pub struct CloudBuilder {
    config: Config,
}

impl CloudBuilder {
    /// The world: a name, a world file, or a saved world whose name ends in `.json`.
    #[must_use]
    pub fn world(mut self, world: &str) -> Self {
        world.clone_into(&mut self.config.world);
        self
    }

    /// The seed of identifiers and keys.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = Some(seed);
        self
    }

    /// Where DHCP is served.
    #[must_use]
    pub fn dhcp(mut self, place: DhcpPlace) -> Self {
        self.config.dhcp = Some(place);
        self
    }

    /// Lets the routers answer questions about names, each on a free port of its address.
    #[must_use]
    pub fn dns(mut self) -> Self {
        self.config.dns_port = Some(0);
        self
    }

    /// The DHCP client that the guests run: their lease files are its.
    #[must_use]
    pub fn lease_dialect(mut self, dialect: Dialect) -> Self {
        self.config.lease_dialect = dialect;
        self
    }

    /// The release to play: `4.18`, `4.19.2`.
    ///
    /// # Errors
    ///
    /// The text names no release.
    pub fn release(mut self, release: &str) -> Result<Self, StartError> {
        self.config.release = Some(release.parse()?);
        Ok(self)
    }

    /// How long jobs take.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.config.pace = Some(pace);
        self
    }

    /// How long jobs take, by word.
    ///
    /// # Errors
    ///
    /// The word is no pace.
    pub fn jobs(self, pace: &str) -> Result<Self, StartError> {
        Ok(self.pace(pace.parse()?))
    }

    /// Switches a fault on.
    #[must_use]
    pub fn with(mut self, quirk: Quirk) -> Self {
        self.config.quirks.push(quirk);
        self
    }

    /// Switches a fault on, by name.
    ///
    /// # Errors
    ///
    /// There is no such quirk.
    pub fn quirk(self, name: &str) -> Result<Self, StartError> {
        Ok(self.with(name.parse()?))
    }

    /// Sets a setting.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.config.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Tells the cloud of a directory server, as `addLdapConfiguration` does. Its base, and how to bind to it, are
    /// settings: `ldap.basedn`, `ldap.bind.principal`, `ldap.bind.password`.
    #[must_use]
    pub fn directory(mut self, hostname: &str, port: u16) -> Self {
        self.config.directories.push((hostname.to_owned(), port));
        self
    }

    /// Keys for `admin` from the start, also in a world that gives none.
    #[must_use]
    pub fn admin_keys(mut self) -> Self {
        self.config.admin_keys = true;
        self
    }

    /// Logs nothing about commands that are not played, for callers who ask for whatever there is.
    #[must_use]
    pub fn without_hints(mut self) -> Self {
        self.config.tells_unplayed = false;
        self
    }

    /// Lets the world have a clock of its own.
    #[must_use]
    pub fn virtual_clock(mut self) -> Self {
        self.config.clock = Clock::Virtual;
        self
    }

    /// Lets the world have a clock of its own that starts there, not in 2030.
    #[must_use]
    pub fn virtual_clock_from(mut self, epoch: Moment) -> Self {
        self.config.epoch = epoch;
        self.virtual_clock()
    }

    /// Writes the guests' config drives as well, in a directory that goes away with the cloud.
    #[must_use]
    pub fn drives(mut self) -> Self {
        self.config.drives = Some(DrivePlace::Own);
        self
    }

    /// Writes the guests' config drives as well, one `<id>.iso` in this directory for each that runs.
    #[must_use]
    pub fn drives_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.config.drives = Some(DrivePlace::In(folder.into()));
        self
    }

    /// Opens the side door of test authors, on a free port of the loopback interface.
    #[must_use]
    pub fn control(mut self) -> Self {
        self.config.control = Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0));
        self
    }

    /// Keeps the latest requests for [`Cloud::requests`].
    #[must_use]
    pub fn log_requests(mut self) -> Self {
        self.config.logs_requests = true;
        self
    }

    /// Waits for clients as long as this, not as long as the real server does.
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.config.patience = patience;
        self
    }

    /// Starts the cloud on a thread of its own and waits until everything listens.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub fn start_blocking(self) -> Result<Cloud, StartError> {
        Cloud::launch(self.config)
    }

    /// Starts the cloud on a thread of its own.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    #[expect(clippy::unused_async, reason = "callers with a runtime await it; starting takes microseconds")]
    pub async fn start(self) -> Result<Cloud, StartError> {
        Cloud::launch(self.config)
    }
}

/// A running cloud. Dropping it stops it and frees its ports.
#[derive(Debug)]
pub struct Cloud {
    config: Config,
    ready: Ready,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    folders: Folders,
}

/// Where the files of guests are.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    /// The lease files.
    pub(crate) leases: PathBuf,
    /// The config drives, if they are written.
    pub(crate) drives: Option<PathBuf>,
    /// A folder of our own around those that nobody named, which goes away with the cloud.
    own: Option<PathBuf>,
}

impl Cloud {
    /// Builds a cloud.
    #[must_use]
    pub fn builder() -> CloudBuilder {
        CloudBuilder::default()
    }

    /// Starts a cloud as configured, on a thread of its own.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub fn launch(config: Config) -> Result<Self, StartError> {
        let world = start::make(&config)?;
        Self::of(world, config)
    }

    /// Starts another cloud, on free ports, whose world is this one's as it is now. From then on neither sees what
    /// happens in the other. A world is copied on write, so the size of it costs nothing.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub fn fork(&self) -> Result<Self, StartError> {
        let mut config = self.config.beside();
        config.control = self.config.control.map(|address| SocketAddr::new(address.ip(), 0));
        Self::of(self.snapshot(), config)
    }

    /// Serves this world as configured.
    pub(crate) fn of(world: World, config: Config) -> Result<Self, StartError> {
        let (restored, restores) = mpsc::unbounded_channel();
        let logs_requests = config.logs_requests || config.control.is_some();
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            clock: config.clock,
            log: logs_requests.then(Mutex::default),
            restored,
            tells_unplayed: config.tells_unplayed,
        });
        let folders = folders(&config)?;
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let (thread_shared, thread_folders) = (Arc::clone(&shared), folders.clone());
        let own = config.clone();
        let thread = std::thread::Builder::new()
            .name("cloudstack-simulator".to_owned())
            .spawn(move || {
                let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => {
                        let _ = tell.send(Err(StartError::Thread(error)));
                        return;
                    }
                };
                runtime.block_on(async {
                    match server::listen(&own, &thread_shared, &thread_folders, restores).await {
                        Ok((ready, serving)) => {
                            if tell.send(Ok(ready)).is_ok() {
                                serving.until(stopped).await;
                            }
                        }
                        Err(error) => {
                            let _ = tell.send(Err(error));
                        }
                    }
                });
            })
            .map_err(StartError::Thread)?;
        let gone = || StartError::Thread(io::Error::other("the thread ended before it listened"));
        let ready = told.recv().map_err(|_| gone())??;
        Ok(Self { config, ready, stop: Some(stop), thread: Some(thread), shared, folders })
    }

    /// What listened where, and who could call, when the cloud was started or last restored.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Says where the side door leads to this cloud that has none of its own.
    pub(crate) fn name_control(&mut self, url: String) {
        self.ready.control = Some(url);
    }

    /// Puts a world in the place of this one: a [`snapshot`](Self::snapshot) of it or of another. The API listens
    /// where it did; routers are opened and closed as the world has them.
    ///
    /// # Errors
    ///
    /// A router's address cannot be opened, or a lease file not be written.
    pub fn restore(&mut self, world: World) -> Result<(), StartError> {
        let ready = self.shared.restore(world)?;
        self.ready = Ready { control: self.ready.control.take(), ..ready };
        Ok(())
    }

    /// The latest requests of clients, oldest first, if [`CloudBuilder::log_requests`] or
    /// [`CloudBuilder::control`] asked for them.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.requests().0
    }

    /// Lets a virtual clock go on by this much; a real one goes on by itself, and nothing happens.
    pub fn advance(&self, by: Duration) {
        let mut world = self.shared.world();
        if self.shared.clock == Clock::Virtual {
            world.now = world.now.plus_millis(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
        }
    }

    /// Ends the management server and starts it again (JOB-089): its ports stay, open jobs are over and sessions
    /// forgotten.
    pub fn restart(&self) {
        self.shared.world().restart();
    }

    /// The world as it is now, as text: written to a file whose name ends in `.json` it is a world to start with.
    /// The text holds the keys and stored passwords of all users.
    #[must_use]
    pub fn save(&self) -> String {
        saved::save(&self.snapshot())
    }

    /// A copy of the world as it is now.
    #[must_use]
    pub fn snapshot(&self) -> World {
        self.shared.world().clone()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if let Some(own) = &self.folders.own {
            let _ = std::fs::remove_dir_all(own);
        }
    }
}

/// Makes the folders for the files of guests.
fn folders(config: &Config) -> Result<Folders, StartError> {
    use std::sync::atomic::{AtomicU64, Ordering};
    // A number for the name of a folder; it decides nothing about any world.
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let takes_one = config.leases.is_none() || config.drives == Some(DrivePlace::Own);
    let own = takes_one.then(|| {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        std::env::temp_dir().join(format!("cloudstack-simulator-{}-{serial}", std::process::id()))
    });
    let leases = config.leases.clone().or_else(|| own.clone()).unwrap_or_default();
    let drives = match &config.drives {
        Some(DrivePlace::In(path)) => Some(path.clone()),
        Some(DrivePlace::Own) => own.as_ref().map(|own| own.join("drives")),
        None => None,
    };
    std::fs::create_dir_all(&leases).map_err(|source| StartError::Leases { path: leases.clone(), source })?;
    if let Some(path) = &drives {
        std::fs::create_dir_all(path).map_err(|source| StartError::Drives { path: path.clone(), source })?;
    }
    Ok(Folders { leases, drives, own })
}

/// Who can call, the administrator first.
pub(crate) fn credentials(world: &World) -> Vec<Credential> {
    let mut credentials = Vec::new();
    for (_, user) in world.users.iter().filter(|(id, _)| *id != crate::world::account::SYSTEM) {
        let Some(account) = world.accounts.get(user.account) else { continue };
        let domain = world.domains.get(account.domain).map_or("/", |domain| domain.path.as_str());
        credentials.push(Credential {
            username: user.username.clone(),
            account: account.name.clone(),
            domain: if domain == "/" { domain.to_owned() } else { domain.trim_end_matches('/').to_owned() },
            password: user.printed.clone().unwrap_or_default(),
            apikey: user.api_key.clone().unwrap_or_default(),
            secretkey: user.secret_key.clone().unwrap_or_default(),
            roletype: world.roles.get(account.role).map_or("User", |role| role.role_type.name()).to_owned(),
        });
    }
    credentials
}

/// The address on this machine that stands for an address of the simulated networks: `10.a.b.c`
/// is `127.a.b.c`, and so is `192.a.b.c` in a network of its own.
pub(crate) fn on_loopback(address: Ipv4Addr) -> Ipv4Addr {
    let [_, b, c, d] = address.octets();
    Ipv4Addr::new(127, b, c, d)
}

/// The simulated address that an address on this machine stands for in a network: the first
/// part is the network's own.
pub(crate) fn off_loopback(address: Ipv4Addr, subnet: Option<Subnet>) -> Ipv4Addr {
    let [first, b, c, d] = address.octets();
    let network = subnet.map_or(10, |subnet| subnet.base.octets()[0]);
    if first == 127 { Ipv4Addr::new(network, b, c, d) } else { address }
}
