//! The system that is judged: where it is, who we are there, what it says about itself.
//!
//! A check sees a [`Target`] and nothing else. Each check gets one of its own, with its own transcript and its own
//! list of things to remove; what is known about the system is shared. Where the facts come from (flags, files,
//! environment) is in [`settings`](crate::settings).

mod clean_up;
mod guest;
mod made;

use std::{
    any::Any,
    collections::HashSet,
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub use guest::Guest;
pub(crate) use guest::stand_in;

use crate::{
    check::{Capability, Mismatch, Stop},
    ledger::{Entry, Ledger},
    release::Release,
    settings::Settings,
    wire::{
        ExchangeError,
        api::{ApiRequest, Session},
        decode::Node,
        dhcp::Server,
        dns::Resolver,
        http::{self, Answer, Request},
        pace::Pace,
        router::Router,
        transcript::{Exchange, Mask, Transcript},
    },
};

/// A directory (LDAP) at which the target tries passwords, and who in it may be used.
///
/// Checks link domains of their own to it, and make accounts for its people in them. Nobody writes to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Its name or address, as the target reaches it.
    pub hostname: String,
    /// Its port.
    pub port: u16,
    /// The distinguished name of an organisational unit that the user below is in.
    pub unit: String,
    /// The distinguished name of any group.
    pub group: String,
    /// Somebody with a mail address, a first name and a last name.
    pub username: String,
    /// The password.
    pub password: String,
    /// Somebody without a mail address; empty if there is nobody.
    pub without_email: String,
    /// Somebody without a first name; empty if there is nobody.
    pub without_firstname: String,
}

/// What the system says about itself, asked once.
#[derive(Clone, Debug)]
pub struct Facts {
    /// `cloudstackversion` of `listCapabilities`; empty if it does not tell.
    pub release: String,
    /// The commands that the caller may call, from `listApis`.
    pub commands: HashSet<String>,
}

/// The limits of a run.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Whether commands that change something may be sent.
    pub may_change: bool,
    /// How long one exchange may take.
    pub deadline: Duration,
    /// How long a job may take.
    pub job_deadline: Duration,
    /// Requests per second; zero for no limit.
    pub rate: f64,
    /// What makes generated values repeat.
    pub seed: u64,
    /// Generated cases per property.
    pub cases: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            may_change: false,
            deadline: Duration::from_secs(30),
            job_deadline: Duration::from_secs(600),
            rate: 0.0,
            seed: 1,
            cases: 32,
        }
    }
}

/// The system that is judged, as one check sees it.
#[derive(Clone)]
pub struct Target {
    shared: Arc<Shared>,
    scope: Arc<Scope>,
}

/// What a check needs of a system that is ours to start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Settings with their values.
    pub settings: Vec<(&'static str, &'static str)>,
    /// A directory at which passwords are tried.
    pub directory: bool,
    /// The config drives of guests, which cost work at each start.
    pub drives: bool,
}

impl Wanted {
    /// What these needs come to.
    fn of(needs: &[Capability]) -> Self {
        let mut wanted = Self::default();
        for need in needs {
            match need {
                Capability::Setting(name, value) => wanted.settings.push((*name, *value)),
                Capability::Directory => wanted.directory = true,
                Capability::ConfigDrive => wanted.drives = true,
                _ => {}
            }
        }
        wanted
    }
}

/// Starts a system with what a check needs, where the system is ours to start; none if it has no such setting.
pub type Arrange = Arc<dyn Fn(&Wanted) -> Result<Option<Arranged>, String> + Send + Sync>;

/// Takes a request to a system and brings its answer back: HTTP, unless the system is in our own process.
pub type Transport = Arc<dyn Fn(&Request) -> Result<Answer, ExchangeError> + Send + Sync>;

/// A system that was started for one check.
pub struct Arranged {
    /// What its owner tells about it.
    pub settings: Settings,
    /// What stops it when it is dropped.
    pub running: Box<dyn Any + Send + Sync>,
}

struct Shared {
    settings: Settings,
    limits: Limits,
    mask: Mask,
    pace: Pace,
    facts: Mutex<Option<Arc<Facts>>>,
    /// What the system says that this one is, but for some settings: it is the same release, and lists these commands
    /// at least.
    inherited: Option<Arc<Facts>>,
    /// Whether changes must come by POST and calls with a time stamp: told, arranged or found out.
    enforces_post: AtomicBool,
    ledger: Option<Ledger>,
    run: String,
    /// How many names were given away.
    names: Mutex<u32>,
    arrange: Option<Arrange>,
    transport: Transport,
    /// The settings that the system was started with for the check at hand.
    arranged: Vec<(&'static str, &'static str)>,
    /// Held for as long as the target is judged.
    _running: Option<Box<dyn Any + Send + Sync>>,
}

/// What makes POST compulsory for changes and time stamps for all calls (API-HTTP-030, API-SIG-023).
const ENFORCED: (&str, &str) = ("enforce.post.requests.and.timestamps", "true");

/// What belongs to one check.
#[derive(Default)]
struct Scope {
    check: String,
    transcript: Mutex<Transcript>,
    filed: Mutex<Vec<(&'static str, Mismatch)>>,
    made: Mutex<Vec<Entry>>,
    /// Jobs that remove something, with its id.
    removing: Mutex<Vec<(String, String)>>,
}

/// Secrets do not belong into debug output.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("endpoint", &self.endpoint())
            .field("check", &self.scope.check)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn new(settings: Settings, limits: Limits, ledger: Option<Ledger>) -> Self {
        let mask = Mask::new(
            [&settings.api_key, &settings.secret_key, &settings.password]
                .into_iter()
                .filter_map(|secret| secret.as_deref())
                .chain(settings.user.iter().flat_map(|keys| [keys.api_key.as_str(), &keys.secret_key]))
                .chain(settings.directory.iter().map(|directory| directory.password.as_str())),
        );
        let pace = Pace::per_second(limits.rate);
        let enforces_post = AtomicBool::new(settings.enforces_post);
        Self {
            settings,
            limits,
            mask,
            pace,
            facts: Mutex::new(None),
            inherited: None,
            enforces_post,
            ledger,
            run: fresh_run_name(),
            names: Mutex::new(0),
            arrange: None,
            transport: Arc::new(http::exchange),
            arranged: Vec::new(),
            _running: None,
        }
    }
}

impl Target {
    /// A target from its settings. Sends nothing.
    pub fn new(settings: Settings, limits: Limits, ledger: Option<Ledger>) -> Self {
        Self { shared: Arc::new(Shared::new(settings, limits, ledger)), scope: Arc::new(Scope::default()) }
    }

    /// A target that is ours to start, again with other settings for checks that need them.
    pub fn startable(settings: Settings, limits: Limits, arrange: Arrange) -> Self {
        let shared = Shared { arrange: Some(arrange), ..Shared::new(settings, limits, None) };
        Self { shared: Arc::new(shared), scope: Arc::new(Scope::default()) }
    }

    /// A target whose answers this transport brings.
    pub fn through(settings: Settings, limits: Limits, transport: Transport) -> Self {
        let shared = Shared { transport, ..Shared::new(settings, limits, None) };
        Self { shared: Arc::new(shared), scope: Arc::new(Scope::default()) }
    }

    /// The system that a check with these needs is to judge: this one, or one of its own where it needs settings and
    /// we may choose them.
    pub fn arranged(&self, needs: &[Capability]) -> Result<Self, String> {
        let wanted = Wanted::of(needs);
        let Some(arrange) = self.shared.arrange.as_ref().filter(|_| wanted != Wanted::default()) else {
            return Ok(self.clone());
        };
        let Some(Arranged { settings, running }) = arrange(&wanted)? else {
            return Ok(self.clone());
        };
        let enforces_post = AtomicBool::new(wanted.settings.contains(&ENFORCED));
        // A list of all commands is the longest answer there is; one is enough for all of our systems. A system that
        // cannot be asked leaves it to this one to say why.
        let can_be_asked = self.offers(Capability::ApiKeys).unwrap_or(false);
        let inherited = can_be_asked.then(|| self.facts().ok()).flatten();
        let shared = Shared {
            enforces_post,
            inherited,
            arranged: wanted.settings,
            _running: Some(running),
            ..Shared::new(settings, self.shared.limits.clone(), None)
        };
        Ok(Self { shared: Arc::new(shared), scope: self.scope.clone() })
    }

    /// The same system for another check: with an empty transcript and nothing to remove.
    pub fn for_check(&self, id: &str) -> Self {
        let scope = Scope { check: id.to_owned(), ..Scope::default() };
        Self { shared: self.shared.clone(), scope: Arc::new(scope) }
    }

    /// A request of the API with this command.
    pub fn api(&self, command: &str) -> ApiRequest<'_> {
        ApiRequest::new(self, Some(command))
    }

    /// A request of the API without any command.
    pub fn api_without_command(&self) -> ApiRequest<'_> {
        ApiRequest::new(self, None)
    }

    /// A request whose job is to be waited for: ends with `finish`.
    pub fn job(&self, command: &str) -> ApiRequest<'_> {
        self.api(command)
    }

    /// A login with the user name and password of the target, before it is sent; a GET unless told otherwise.
    pub fn login_request(&self) -> Result<ApiRequest<'_>, Stop> {
        let settings = &self.shared.settings;
        let (Some(username), Some(password)) = (&settings.username, &settings.password) else {
            return Err(Stop::Unsupported(Capability::Passwords));
        };
        let domain = settings.domain.as_deref().unwrap_or("/");
        let request = self.api("login").unsigned();
        Ok(request.param("username", username).param("password", password).param("domain", domain))
    }

    /// Logs in with the user name and password of the target.
    pub fn login(&self) -> Result<Session, Stop> {
        self.login_request()?.post().send()?.session()
    }

    /// The router of the first guest.
    pub fn router(&self) -> Router<'_> {
        Router::new(self, self.shared.settings.guests.first().cloned())
    }

    /// The router as the guest with this number sees it, counted from 0.
    pub fn router_of(&self, guest: usize) -> Result<Router<'_>, Stop> {
        let guest = self.shared.settings.guests.get(guest).cloned();
        let guest = guest.ok_or(Stop::Unsupported(if self.shared.settings.guests.is_empty() {
            Capability::Router
        } else {
            Capability::TwoGuests
        }))?;
        Ok(Router::new(self, Some(guest)))
    }

    /// A router as seen by a guest that no owner named.
    pub fn router_as(&self, guest: Guest) -> Router<'_> {
        Router::new(self, Some(guest))
    }

    /// The resolver of the router, as the guest with this number asks it, counted from 0.
    pub fn resolver_of(&self, guest: usize) -> Result<Resolver, Stop> {
        let settings = &self.shared.settings;
        let guest = settings.guests.get(guest);
        let named = guest.map(|guest| guest.dns.as_str()).filter(|place| !place.is_empty());
        let place = named.or(settings.dns.as_deref()).ok_or(Stop::Unsupported(Capability::Dns))?;
        let source = guest.map(Guest::source_address).transpose()?.flatten();
        self.shared.pace.wait();
        Ok(Resolver::open(place, source, self.deadline())?)
    }

    /// The routers' DHCP servers.
    pub fn dhcp(&self) -> Result<Server, Stop> {
        let place = self.shared.settings.dhcp.as_deref().ok_or(Stop::Unsupported(Capability::Dhcp))?;
        self.shared.pace.wait();
        Ok(Server::open(place, self.deadline())?)
    }

    /// The guests that we can speak as.
    pub fn guests(&self) -> &[Guest] {
        &self.shared.settings.guests
    }

    /// The lease file of the first guest.
    pub fn lease(&self) -> Option<PathBuf> {
        let settings = &self.shared.settings;
        let guest = settings.guests.first().map(|guest| guest.lease.as_str()).filter(|path| !path.is_empty());
        settings.lease.as_deref().or(guest).map(PathBuf::from)
    }

    /// The config drive of the first guest.
    pub fn drive(&self) -> Option<PathBuf> {
        let settings = &self.shared.settings;
        let guest = settings.guests.first().map(|guest| guest.drive.as_str()).filter(|path| !path.is_empty());
        settings.drive.as_deref().or(guest).map(PathBuf::from)
    }

    /// The config drive of any machine, if drives are named by the ids of their machines.
    pub fn drive_of(&self, machine: &str) -> Option<PathBuf> {
        let guest = self.guests().first().filter(|guest| !guest.id.is_empty() && !machine.is_empty())?;
        let path = PathBuf::from(&guest.drive);
        let is_named_so = path.file_name().is_some_and(|name| *name == *format!("{}.iso", guest.id));
        is_named_so.then(|| path.with_file_name(format!("{machine}.iso")))
    }

    /// The interface whose lease counts, if its owner says so.
    pub fn lease_interface(&self) -> Option<&str> {
        self.shared.settings.interface.as_deref()
    }

    /// The URL of the API.
    pub fn endpoint(&self) -> Option<&str> {
        self.shared.settings.endpoint.as_deref()
    }

    /// The URL of the unauthenticated port.
    pub fn integration_url(&self) -> Option<&str> {
        self.shared.settings.integration.as_deref()
    }

    /// The base URL of the virtual router.
    pub fn router_url(&self) -> Option<&str> {
        self.shared.settings.router.as_deref()
    }

    /// Our API key and its secret.
    pub fn api_keys(&self) -> Option<(&str, &str)> {
        self.shared.settings.api_key.as_deref().zip(self.shared.settings.secret_key.as_deref())
    }

    /// API key and secret of an ordinary user besides us, if the owner named one.
    pub fn second_user(&self) -> Option<(&str, &str)> {
        self.shared.settings.user.as_ref().map(|keys| (keys.api_key.as_str(), keys.secret_key.as_str()))
    }

    /// The directory that the target asks, and somebody in it.
    pub fn directory(&self) -> Option<&Directory> {
        self.shared.settings.directory.as_ref()
    }

    /// Our user name and password.
    pub fn passwords(&self) -> Option<(&str, &str)> {
        self.shared.settings.username.as_deref().zip(self.shared.settings.password.as_deref())
    }

    /// How the caller named this target, as arguments of a command line without secrets.
    pub fn arguments(&self) -> &str {
        &self.shared.settings.arguments
    }

    /// A line for people: which system this is.
    pub fn title(&self) -> String {
        self.shared.settings.title()
    }

    /// The limits of the run.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Whether commands that change something may be sent.
    pub fn may_change(&self) -> bool {
        self.shared.limits.may_change
    }

    /// How long one exchange may take.
    pub fn deadline(&self) -> Duration {
        self.shared.limits.deadline
    }

    /// How long a job may take.
    pub fn job_deadline(&self) -> Duration {
        self.shared.limits.job_deadline
    }

    /// The id of the check at hand.
    pub fn check(&self) -> &str {
        &self.scope.check
    }

    /// A name that nobody else uses, for something that this check creates.
    pub fn fresh_name(&self, what: &str) -> String {
        // Counted through the whole run: the beginnings of two checks' ids may be the same.
        let mut names = lock(&self.shared.names);
        *names += 1;
        let check = self.scope.check.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let end = check.char_indices().nth(24).map_or(check.len(), |(end, _)| end);
        format!("cc-{}-{}-{what}{names}", self.shared.run, &check[..end])
    }

    /// What the system says about itself; asked once per run, for systems of ours that differ in settings too.
    pub fn facts(&self) -> Result<Arc<Facts>, Stop> {
        match &self.shared.inherited {
            Some(facts) => Ok(facts.clone()),
            None => self.own_facts(),
        }
    }

    fn own_facts(&self) -> Result<Arc<Facts>, Stop> {
        let mut facts = lock(&self.shared.facts);
        if let Some(facts) = &*facts {
            return Ok(facts.clone());
        }
        let asking = self.for_check("discovery");
        let mut capabilities = asking.api("listCapabilities").send()?;
        if capabilities.status() == 401 && !self.enforces_post() {
            // Good keys are refused without a time stamp where time stamps are enforced.
            self.shared.enforces_post.store(true, Ordering::Relaxed);
            let dated = asking.api("listCapabilities").send()?;
            if dated.status() == 401 {
                self.shared.enforces_post.store(false, Ordering::Relaxed);
            } else {
                capabilities = dated;
            }
        }
        let release = capabilities.success()?.text_at("capability.cloudstackversion").unwrap_or_default();
        let listing = asking.api("listApis").send()?;
        let commands =
            listing.success()?.items("api").into_iter().filter_map(|api| api.text_at("name")).collect();
        let found = Arc::new(Facts { release, commands });
        *facts = Some(found.clone());
        Ok(found)
    }

    /// The release by which the system is judged: the one that it claims, none if it tells nothing that can be read.
    pub fn release(&self) -> Result<Option<Release>, Stop> {
        if !self.offers(Capability::ApiKeys)? {
            return Ok(None);
        }
        match self.facts() {
            Ok(facts) => Ok(Release::parse(&facts.release)),
            // Whoever may not ask what the system is cannot tell.
            Err(Stop::Mismatch(_) | Stop::Unsupported(_)) => Ok(None),
            Err(broken @ Stop::Broken(_)) => Err(broken),
        }
    }

    /// Whether the system is of this release or a newer one, as far as it tells.
    pub fn is_since(&self, release: &str) -> Result<bool, Stop> {
        let own = self.release()?;
        Ok(own.is_none_or(|own| Release::parse(release).is_none_or(|since| since <= own)))
    }

    /// Whether changes must come by POST and calls with a time stamp, as far as is known.
    pub(crate) fn enforces_post(&self) -> bool {
        self.shared.enforces_post.load(Ordering::Relaxed)
    }

    /// The release that the system claims, once it was asked.
    pub fn known_release(&self) -> Option<String> {
        self.known_facts().map(|facts| facts.release.clone())
    }

    /// Whether `listApis` shows the command, if it was asked already.
    pub(crate) fn is_known_to_list(&self, command: &str) -> bool {
        self.known_facts().is_some_and(|facts| facts.commands.contains(command))
    }

    fn known_facts(&self) -> Option<Arc<Facts>> {
        let own = self.shared.facts.try_lock().ok().and_then(|facts| facts.clone());
        own.or_else(|| self.shared.inherited.clone())
    }

    /// Whether the target offers something. Asks the target before its owner.
    pub fn offers(&self, capability: Capability) -> Result<bool, Stop> {
        let settings = &self.shared.settings;
        let has_router =
            settings.router.is_some() || settings.guests.iter().any(|guest| !guest.router.is_empty());
        Ok(match capability {
            Capability::Api => settings.endpoint.is_some(),
            Capability::ApiKeys => settings.endpoint.is_some() && self.api_keys().is_some(),
            Capability::Passwords => settings.endpoint.is_some() && self.passwords().is_some(),
            Capability::RootAdmin => self.offers(Capability::Command("updateZone"))?,
            Capability::Command(name) => {
                // What another system of ours lacks, a setting may have brought to this one.
                let lists = |facts: Arc<Facts>| facts.commands.contains(name);
                self.offers(Capability::ApiKeys)? && (lists(self.facts()?) || lists(self.own_facts()?))
            }
            Capability::Integration => settings.integration.is_some(),
            Capability::Router => has_router,
            Capability::TwoGuests => has_router && settings.guests.len() >= 2,
            Capability::AnyGuest => {
                has_router && settings.guests.first().is_some_and(Guest::speaks_for_its_network)
            }
            Capability::PasswordServer => self.router().passwords().is_some(),
            Capability::Lease => self.lease().is_some(),
            Capability::ConfigDrive => self.drive().is_some(),
            Capability::Dhcp => settings.dhcp.is_some(),
            Capability::Dns => {
                settings.dns.is_some() || settings.guests.iter().any(|guest| !guest.dns.is_empty())
            }
            Capability::SecondUser => {
                let may_create = ["createDomain", "createAccount", "registerUserKeys", "deleteAccount"];
                let mut allowed = true;
                for name in may_create {
                    allowed = allowed && self.offers(Capability::Command(name))?;
                }
                self.second_user().is_some() || allowed
            }
            // A check that saw no pending job, or that found nothing listed, says so itself.
            Capability::PendingJobs | Capability::Listed(..) => true,
            // The runner sees to it.
            Capability::Alone => true,
            Capability::Since(release) => self.is_since(release)?,
            Capability::Directory => settings.directory.is_some(),
            Capability::Setting(name, value) => {
                self.shared.arranged.contains(&(name, value)) || self.has_setting(name, value)?
            }
        })
    }

    /// Whether the target says that a setting has this value.
    fn has_setting(&self, name: &str, value: &str) -> Result<bool, Stop> {
        if !self.offers(Capability::Command("listConfigurations"))? {
            return Ok(false);
        }
        let reply = self.for_check("discovery").api("listConfigurations").param("name", name).send()?;
        let items = reply.success()?.items("configuration");
        let of_that_name = |item: &&Node| item.text_at("name").as_deref() == Some(name);
        Ok(items.into_iter().find(of_that_name).and_then(|item| item.text_at("value")).as_deref()
            == Some(value))
    }

    /// Sends a request and notes it in the transcript.
    pub(crate) fn exchange(&self, request: &Request) -> Result<(Answer, usize), ExchangeError> {
        self.shared.pace.wait();
        let result = (self.shared.transport)(request);
        let mut transcript = lock(&self.scope.transcript);
        let number = transcript.next();
        transcript.push(self.shared.mask.exchange(request, result.as_ref().ok()));
        drop(transcript);
        result.map(|answer| (answer, number))
    }

    /// An exchange of the check at hand, by its number.
    pub(crate) fn told(&self, number: usize) -> Option<Exchange> {
        lock(&self.scope.transcript).get(number).cloned()
    }

    /// The number that the next exchange will have.
    pub(crate) fn transcript_mark(&self) -> usize {
        lock(&self.scope.transcript).next()
    }

    /// Forgets the exchanges from `mark` on.
    pub(crate) fn forget_since(&self, mark: usize) {
        lock(&self.scope.transcript).forget_since(mark);
    }

    /// The exchanges of the check at hand, which are handed over.
    pub(crate) fn take_exchanges(&self) -> Vec<Exchange> {
        std::mem::take(&mut *lock(&self.scope.transcript)).into_exchanges()
    }

    /// Files broken universal rules under their own checks; the first of each is enough.
    pub(crate) fn file(&self, broken: Vec<(&'static str, Mismatch)>) {
        let mut filed = lock(&self.scope.filed);
        for (check, mismatch) in broken {
            if !filed.iter().any(|(other, _)| *other == check) {
                filed.push((check, mismatch));
            }
        }
    }

    /// The universal rules that replies to the check at hand broke.
    pub fn filed(&self) -> Vec<(&'static str, Mismatch)> {
        lock(&self.scope.filed).clone()
    }

    /// The ledger of the run.
    pub fn ledger(&self) -> Option<&Ledger> {
        self.shared.ledger.as_ref()
    }
}

/// Tells two runs apart, in names that end up on a target.
fn fresh_run_name() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let mixed = now.as_micros() ^ (u128::from(std::process::id()) << 40);
    let mut digits = String::new();
    let mut rest = mixed;
    while rest > 0 && digits.len() < 10 {
        let digit = u32::try_from(rest % 36).unwrap_or_default();
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        rest /= 36;
    }
    digits
}
