//! A simulator in our own process, for when no target is named.
//!
//! The only module that knows the simulator; it hands over URLs and credentials like any other target's owner.

use cloudstack_simulator::Cloud;

use crate::{
    settings::{Settings, SettingsError},
    target::Guest,
};

/// A running simulator; dropping it stops it.
pub struct Embedded {
    cloud: Cloud,
}

impl Embedded {
    /// Starts the demo world on free ports, with these deliberate faults.
    pub fn start(seed: u64, quirks: &[&str]) -> Result<Self, SettingsError> {
        let fail = |error: &dyn std::fmt::Display| {
            SettingsError::new(
                format!("could not start the embedded simulator: {error}"),
                "name a target with --endpoint",
            )
        };
        let mut builder = Cloud::builder().world("demo").seed(seed);
        for quirk in quirks {
            builder = builder.quirk(quirk).map_err(|error| fail(&error))?;
        }
        Ok(Self { cloud: builder.start_blocking().map_err(|error| fail(&error))? })
    }

    /// Starts the world where the recordings start, with these settings; a job is pending at the first poll and over at
    /// the second.
    pub fn for_replay(settings: &[(String, String)]) -> Result<Self, SettingsError> {
        let fail = |error: &dyn std::fmt::Display| {
            SettingsError::new(
                format!("could not start the embedded simulator: {error}"),
                "name a target with --endpoint",
            )
        };
        let mut builder =
            Cloud::builder().world("advdualzone").jobs("steps:1").map_err(|error| fail(&error))?;
        for (name, value) in settings {
            builder = builder.setting(name, value);
        }
        Ok(Self { cloud: builder.start_blocking().map_err(|error| fail(&error))? })
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
            lease: None,
            guests: ready
                .guests
                .iter()
                .map(|guest| Guest {
                    name: guest.name.clone(),
                    id: guest.id.clone(),
                    address: guest.address.clone(),
                    source: guest.source.clone(),
                    router: guest.router.clone(),
                    lease: guest.lease.clone(),
                })
                .collect(),
            arguments: String::new(),
        }
    }
}
