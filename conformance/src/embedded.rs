//! A simulator in our own process, for when no target is named.
//!
//! The only module that knows the simulator, with those in its folder; it hands over URLs and credentials like any other target's owner.

pub mod in_process;

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    sync::Arc,
    time::Duration,
};

use cloudstack_simulator::{Cloud, StartError, config::DhcpPlace, directory, world::clock::Moment};

use crate::{
    settings::{Keys, Settings, SettingsError},
    target::{Arranged, Directory, Guest, Limits, Target, Wanted},
};

/// The release that is started unless another one is named.
const NEWEST: &str = "4.22";

/// How a cloud binds to the recorded directory.
const DIRECTORY_SETTINGS: [(&str, &str); 4] = [
    ("ldap.basedn", "dc=golden,dc=test"),
    ("ldap.bind.principal", "cn=root,dc=golden,dc=test"),
    ("ldap.bind.password", "rootpw"),
    // A busy machine is no directory that is out of reach.
    ("ldap.read.timeout", "30000"),
];

/// The demo world as a target that we start ourselves, with these deliberate faults: for checks that need settings,
/// one of their own is started with them.
pub fn target(limits: Limits, quirks: &[&'static str]) -> Result<Target, SettingsError> {
    target_of_release(NEWEST, limits, quirks)
}

/// The same as a cloud of this release.
pub fn target_of_release(
    release: &'static str,
    limits: Limits,
    quirks: &[&'static str],
) -> Result<Target, SettingsError> {
    let (seed, quirks) = (limits.seed, quirks.to_vec());
    let main = Embedded::of_release(release, seed, &quirks, &Wanted::default())?;
    let settings = main.settings();
    let arrange = move |wanted: &Wanted| {
        // The first one lives for as long as somebody can ask for others.
        let _ = &main;
        match Embedded::attempt(release, seed, &quirks, wanted) {
            Ok(own) => Ok(Some(Arranged { settings: own.settings(), running: Box::new(own) })),
            // An older release lacks the settings that came later.
            Err(StartError::Setting(_)) => Ok(None),
            Err(error) => Err(failed(&error).message),
        }
    };
    Ok(Target::startable(settings, limits, Arc::new(arrange)))
}

/// A running simulator; dropping it stops it.
pub struct Embedded {
    cloud: Cloud,
    directory: Option<directory::Directory>,
}

impl Embedded {
    /// Starts the demo world on free ports, with these deliberate faults and what a check needs.
    pub fn start(seed: u64, quirks: &[&str], wanted: &Wanted) -> Result<Self, SettingsError> {
        Self::of_release(NEWEST, seed, quirks, wanted)
    }

    /// The same as a cloud of this release.
    pub fn of_release(
        release: &str,
        seed: u64,
        quirks: &[&str],
        wanted: &Wanted,
    ) -> Result<Self, SettingsError> {
        Self::attempt(release, seed, quirks, wanted).map_err(|error| failed(&error))
    }

    fn attempt(release: &str, seed: u64, quirks: &[&str], wanted: &Wanted) -> Result<Self, StartError> {
        // Jobs are pending for two questions, so that a pending job can be judged too.
        let mut builder = Cloud::builder().world("demo").seed(seed).jobs("steps:2")?.release(release)?;
        // The routers' other services too, at their own ports.
        let anywhere = DhcpPlace::Address(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
        builder = builder.dhcp(anywhere).dns();
        // Some checks ask for whatever is offered.
        builder = builder.without_hints();
        if wanted.drives {
            builder = builder.drives();
        }
        for quirk in quirks {
            builder = builder.quirk(quirk)?;
        }
        for (name, value) in &wanted.settings {
            builder = builder.setting(name, value);
        }
        let directory = match wanted.directory {
            true => Some(golden()?),
            false => None,
        };
        if let Some(directory) = &directory {
            builder = builder.directory("127.0.0.1", directory.port());
            for (name, value) in DIRECTORY_SETTINGS {
                builder = builder.setting(name, value);
            }
        }
        Ok(Self { cloud: builder.start_blocking()?, directory })
    }

    /// Starts the world where the recordings start, with these settings and these faults of the recorded server; a job
    /// is pending at the first poll and over at the second. Settings of a directory start the recorded one beside it,
    /// which the cloud does not know yet. With an `epoch`, in milliseconds since 1970, the clock starts there
    /// and only [`advance`](Self::advance) moves it.
    pub fn for_replay(
        settings: &[(String, String)],
        faults: &[String],
        epoch: Option<i64>,
    ) -> Result<Self, SettingsError> {
        let mut builder =
            Cloud::builder().world("advdualzone").jobs("steps:2").map_err(|error| failed(&error))?;
        if let Some(epoch) = epoch {
            builder = builder.virtual_clock_from(Moment(epoch));
        }
        for fault in faults {
            builder = builder.quirk(fault).map_err(|error| failed(&error))?;
        }
        for (name, value) in settings {
            builder = builder.setting(name, value);
        }
        let directory = match settings.iter().any(|(name, _)| name == "ldap.basedn") {
            true => Some(golden().map_err(|error| failed(&error))?),
            false => None,
        };
        Ok(Self { cloud: builder.start_blocking().map_err(|error| failed(&error))?, directory })
    }

    /// Starts a fresh installation whose clock stands still until it is moved; a job is over at the second poll.
    pub fn fresh() -> Result<Self, SettingsError> {
        let builder = Cloud::builder().world("empty").virtual_clock().without_hints().jobs("steps:1");
        let cloud = builder.and_then(cloudstack_simulator::CloudBuilder::start_blocking);
        Ok(Self { cloud: cloud.map_err(|error| failed(&error))?, directory: None })
    }

    /// Starts a world by its name; its administrator has keys, if need be new ones. Jobs are pending for two questions.
    pub fn of_world(world: &str) -> Result<Self, SettingsError> {
        let builder = Cloud::builder().world(world).jobs("steps:2").map_err(|error| failed(&error))?;
        let cloud = builder.without_hints().admin_keys().start_blocking().map_err(|error| failed(&error))?;
        Ok(Self { cloud, directory: None })
    }

    /// Another cloud that begins where this one is.
    pub fn fork(&self) -> Result<Self, SettingsError> {
        Ok(Self { cloud: self.cloud.fork().map_err(|error| failed(&error))?, directory: None })
    }

    /// Lets a clock that stands still go on.
    pub fn advance(&self, by: Duration) {
        self.cloud.advance(by);
    }

    /// Ends the management server and starts it again.
    pub fn restart(&self) {
        self.cloud.restart();
    }

    /// The port of the directory beside it, if there is one.
    pub fn directory_port(&self) -> Option<u16> {
        self.directory.as_ref().map(directory::Directory::port)
    }

    /// What its owner would write into a target file.
    pub fn settings(&self) -> Settings {
        let ready = self.cloud.ready();
        let admin =
            ready.credentials.iter().find(|one| one.roletype == "Admin").or(ready.credentials.first());
        Settings {
            endpoint: Some(ready.api.clone()),
            api_key: admin.map(|one| one.apikey.clone()),
            secret_key: admin.map(|one| one.secretkey.clone()),
            username: admin.map(|one| one.username.clone()),
            password: admin.map(|one| one.password.clone()),
            domain: admin.map(|one| one.domain.clone()),
            router: ready.router.clone(),
            integration: ready.integration.clone(),
            dns: None,
            dhcp: ready.dhcp.clone(),
            lease: None,
            drive: None,
            interface: None,
            guests: ready
                .guests
                .iter()
                .map(|guest| Guest {
                    name: guest.name.clone(),
                    id: guest.id.clone(),
                    address: guest.address.clone(),
                    source: guest.source.clone(),
                    router: guest.router.clone(),
                    passwords: guest.passwords.clone(),
                    dns: guest.dns.clone(),
                    lease: guest.lease.clone(),
                    drive: guest.drive.clone().unwrap_or_default(),
                })
                .collect(),
            user: ready
                .credentials
                .iter()
                .find(|one| one.roletype == "User")
                .map(|one| Keys { api_key: one.apikey.clone(), secret_key: one.secretkey.clone() }),
            directory: self.directory_port().map(|port| Directory {
                hostname: "127.0.0.1".to_owned(),
                port,
                unit: "ou=people,dc=golden,dc=test".to_owned(),
                group: "cn=staff,ou=groups,dc=golden,dc=test".to_owned(),
                username: "alice".to_owned(),
                password: "alicepw".to_owned(),
                without_email: "nomail".to_owned(),
                without_firstname: "nogiven".to_owned(),
            }),
            enforces_post: false,
            arguments: String::new(),
        }
    }
}

/// The recorded directory, on a free port.
fn golden() -> Result<directory::Directory, StartError> {
    let entries = directory::entries(directory::GOLDEN).map_err(std::io::Error::other);
    entries.and_then(directory::Directory::start).map_err(|source| StartError::Listen {
        what: "the directory",
        address: (std::net::Ipv4Addr::LOCALHOST, 0).into(),
        source,
    })
}

fn failed(error: &StartError) -> SettingsError {
    SettingsError::new(
        format!("could not start the embedded simulator: {error}"),
        "name a target with --endpoint",
    )
}
