//! Flags to [`Config`], a cloud, one ready line, and waiting until told to stop.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use cloudstack_simulator::config::{Clock, Config, DhcpPlace, DrivePlace};
use cloudstack_simulator::dns;
use cloudstack_simulator::guest::lease::Dialect;
use cloudstack_simulator::quirk::Quirk;
use cloudstack_simulator::release::Release;
use cloudstack_simulator::router::password_server;
use cloudstack_simulator::world::clock::VIRTUAL_EPOCH;
use cloudstack_simulator::world::job::Pace;
use cloudstack_simulator::{Cloud, Patience, Ready};

/// Plays a CloudStack management server, its virtual routers and its guests.
#[derive(Debug, Parser)]
#[command(name = "cloudstack-simulator", version)]
struct Arguments {
    /// The world to start with: demo, empty, advdualzone, sandbox, a world file (.toml) or a saved world (.json)
    #[arg(long, default_value = "demo")]
    world: String,
    /// Where the signed port listens; port 0 means any free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    api: SocketAddr,
    /// Where the unauthenticated port listens, or off
    #[arg(long, default_value = "127.0.0.1:8096", value_name = "ADDR|off")]
    integration: OrOff<SocketAddr>,
    /// Where the routers listen, or off; each has its own address in 127/8, or, if this one is not there, that of its
    /// network; the port is shared
    #[arg(long, default_value = "127.1.1.1:8081", value_name = "ADDR|off")]
    router: OrOff<SocketAddr>,
    /// Where the routers serve DHCP: on an address (127.0.0.1:6767), on port 67 of an interface (eth0), or off
    #[arg(long, default_value = "off", value_name = "ADDR|INTERFACE|off")]
    dhcp: OrOff<DhcpPlace>,
    /// The port where each router answers questions about names, or off [default: 53 with --router on an address that is
    /// not loopback, any free one otherwise]
    #[arg(long, value_name = "PORT|off")]
    dns: Option<OrOff<u16>>,
    /// The release to play, from 4.11 to 4.22 [default: 4.22, or that of the saved world]
    #[arg(long)]
    release: Option<Release>,
    /// The seed of identifiers and keys [default: 1]; those of a saved world go on where they were
    #[arg(long)]
    seed: Option<u64>,
    /// How long jobs take: instant, steps:N (polls) or reference [default: instant, or as in the saved world]
    #[arg(long, value_name = "PACE")]
    jobs: Option<Pace>,
    /// The clock of the world
    #[arg(long, value_enum, default_value_t = ClockWord::Real)]
    clock: ClockWord,
    /// A deliberate fault; may be repeated
    #[arg(long, value_name = "NAME")]
    quirk: Vec<Quirk>,
    /// A setting; may be repeated
    #[arg(long, value_name = "SETTING=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// Where the guests' lease files are written
    #[arg(long, value_name = "DIR")]
    leases: Option<PathBuf>,
    /// Where the guests' config drives are written, one <id>.iso for each that runs [default: nowhere]
    #[arg(long, value_name = "DIR")]
    drives: Option<PathBuf>,
    /// The DHCP client whose files they are: dhclient, dhcpcd (the packet), udhcpc, networkd, networkmanager (what nmcli
    /// prints) or wicked
    #[arg(long, value_name = "CLIENT", default_value_t)]
    lease_dialect: Dialect,
    /// Where the side door of test authors listens, or off; whoever reaches it may do everything
    #[arg(long, default_value = "off", value_name = "ADDR|off")]
    control: OrOff<SocketAddr>,
    /// How the ready line is printed
    #[arg(long, value_enum, default_value_t = Print::Human)]
    print: Print,
    /// Name every deliberate fault and end
    #[arg(long)]
    list_quirks: bool,
}

#[derive(Debug, Clone)]
enum OrOff<T> {
    On(T),
    Off,
}

impl<T> OrOff<T> {
    fn on(self) -> Option<T> {
        match self {
            Self::On(value) => Some(value),
            Self::Off => None,
        }
    }
}

impl<T: std::str::FromStr> std::str::FromStr for OrOff<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == "off" { Ok(Self::Off) } else { text.parse().map(Self::On) }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ClockWord {
    Real,
    Virtual,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Print {
    Human,
    Json,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a setting is written NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list_quirks {
        let lines: Vec<String> =
            Quirk::ALL.iter().map(|quirk| format!("{quirk:40} {}", quirk.about())).collect();
        print_all(&lines.join("\n"));
        return ExitCode::SUCCESS;
    }
    let print = arguments.print;
    let config = config(arguments);
    warn_of_open_ports(&config);
    let cloud = match Cloud::launch(config) {
        Ok(cloud) => cloud,
        Err(error) => {
            complain(&format!("error: {error}"));
            if let Some(hint) = error.hint() {
                complain(&format!("hint: {hint}"));
            }
            return ExitCode::from(2);
        }
    };
    serve_until_told(|| match print {
        Print::Human => print_all(&human(cloud.ready())),
        Print::Json => {
            print_all(
                &serde_json::to_string(cloud.ready()).expect("a ready line is made of texts and lists"),
            );
        }
    });
    drop(cloud);
    ExitCode::SUCCESS
}

fn config(arguments: Arguments) -> Config {
    let router = arguments.router.on();
    let real_addresses = router.is_some_and(|address| !address.ip().is_loopback());
    Config {
        world: arguments.world,
        api: arguments.api,
        integration: arguments.integration.on(),
        router_port: router.map(|address| address.port()),
        // A guest asks on port 8080, whatever the port of the metadata is.
        password_port: router.map(|address| if address.port() == 0 { 0 } else { password_server::PORT }),
        // The rest of the address says no more: each router listens where its network's gateway is.
        real_addresses,
        dhcp: arguments.dhcp.on(),
        dns_port: match arguments.dns {
            Some(port) => port.on(),
            // A stock resolver asks on port 53; on loopback that port is rarely ours.
            None => router.map(|_| if real_addresses { dns::PORT } else { 0 }),
        },
        release: arguments.release,
        seed: arguments.seed,
        pace: arguments.jobs,
        clock: match arguments.clock {
            ClockWord::Real => Clock::Real,
            ClockWord::Virtual => Clock::Virtual,
        },
        epoch: VIRTUAL_EPOCH,
        quirks: arguments.quirk,
        settings: arguments.set,
        admin_keys: false,
        directories: Vec::new(),
        leases: arguments.leases,
        drives: arguments.drives.map(DrivePlace::In),
        lease_dialect: arguments.lease_dialect,
        control: match arguments.control {
            OrOff::On(address) => Some(address),
            OrOff::Off => None,
        },
        logs_requests: false,
        patience: Patience::default(),
        tells_unplayed: true,
    }
}

fn warn_of_open_ports(config: &Config) {
    for (what, address) in [
        ("the API", Some(config.api)),
        ("the UNAUTHENTICATED integration port", config.integration),
        ("the UNAUTHENTICATED side door", config.control),
    ] {
        if let Some(address) = address.filter(|address| !address.ip().is_loopback()) {
            complain(&format!("WARNING: {what} is open to others on {address}"));
        }
    }
    if config.real_addresses && config.router_port.is_some() {
        complain("WARNING: the routers are open to others on the addresses of their networks");
    }
    match &config.dhcp {
        Some(DhcpPlace::Interface(interface)) => {
            complain(&format!("WARNING: DHCP is served to others on {interface}"));
        }
        Some(DhcpPlace::Address(address)) if !address.ip().is_loopback() => {
            complain(&format!("WARNING: DHCP is served to others on {address}"));
        }
        Some(DhcpPlace::Address(_)) | None => {}
    }
}

fn human(ready: &Ready) -> String {
    let mut lines = vec![format!("api          {}", ready.api)];
    if let Some(url) = &ready.integration {
        lines.push(format!("integration  {url}"));
    }
    if let Some(url) = &ready.router {
        lines.push(format!("router       {url}"));
    }
    if let Some(place) = &ready.dhcp {
        lines.push(format!("dhcp         {place}"));
    }
    if let Some(url) = &ready.control {
        lines.push(format!("control      {url}"));
    }
    for credential in &ready.credentials {
        lines.push(format!(
            "user         {} in {}  password {}  apikey {}  secretkey {}",
            credential.username,
            credential.domain,
            credential.password,
            credential.apikey,
            credential.secretkey
        ));
    }
    for guest in &ready.guests {
        let drive = guest.drive.as_ref().map(|path| format!("  drive {path}")).unwrap_or_default();
        lines.push(format!(
            "guest        {}  {}  connects from {} to {}  lease {}{drive}",
            guest.name, guest.address, guest.source, guest.router, guest.lease
        ));
        if !guest.dns.is_empty() {
            lines.push(format!("             asks {} for names", guest.dns));
        }
    }
    lines.join("\n")
}

/// Says that everything listens, and waits until somebody asks to stop. Whoever has read the ready line may stop us at
/// once, so the handlers stand before it is written.
fn serve_until_told(say_ready: impl FnOnce()) {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).expect("a handler for SIGTERM can be set");
        let mut interrupt = signal(SignalKind::interrupt()).expect("a handler for SIGINT can be set");
        say_ready();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
}

/// Standard output gets this one block and nothing else, ever.
fn print_all(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        complain("error: could not write to standard output");
    }
}

#[expect(clippy::print_stderr, reason = "logs and errors go to standard error by contract")]
fn complain(line: &str) {
    eprintln!("{line}");
}
