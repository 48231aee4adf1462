//! Settings: what `listConfigurations` shows and `updateConfiguration` changes.

use imbl::OrdMap;

/// A setting that the simulator knows.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// Its value after an installation.
    pub default: &'static str,
}

/// The settings that change what the simulator does.
pub const KNOWN: &[Known] = &[
    Known { name: "account.allow.expose.host.hostname", default: "false" },
    Known { name: "allow.user.create.projects", default: "true" },
    Known { name: "allow.user.expunge.recover.vm", default: "false" },
    Known { name: "allow.user.expunge.recover.volume", default: "true" },
    Known { name: "allow.user.view.destroyed.vm", default: "false" },
    Known { name: "api.key.access", default: "true" },
    Known { name: "api.sessionkey.check.locations", default: "CookieAndParameter" },
    Known { name: "api.sessionkey.cookie.samesite", default: "Lax" },
    Known { name: "cloud.identifier", default: "3e0c3c6c-6f5a-4b39-9d3c-5d1a1d1f0a11" },
    Known { name: "default.page.size", default: "500" },
    Known { name: "enforce.post.requests.and.timestamps", default: "false" },
    Known { name: "expose.cloudstack.version.api.list.capabilities", default: "true" },
    Known { name: "expose.cloudstack.version.api.xml.response", default: "true" },
    Known { name: "expunge.delay", default: "86400" },
    Known { name: "expunge.interval", default: "86400" },
    Known { name: "global.allow.expose.host.hostname", default: "false" },
    Known { name: "guest.domain.suffix", default: "cloud.internal" },
    Known { name: "incorrect.login.attempts.allowed", default: "5" },
    Known { name: "instance.name", default: "VM" },
    Known { name: "job.expire.minutes", default: "1440" },
    Known { name: "metadata.allow.expose.domain", default: "false" },
    Known { name: "metadata.custom.cloud.name", default: "" },
    Known { name: "session.timeout", default: "30" },
    Known { name: "vm.userdata.max.length", default: "32768" },
];

/// The values that were set.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    values: OrdMap<&'static str, String>,
}

/// A name that is no setting.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no setting that the simulator knows")]
pub struct UnknownSetting(pub String);

impl Settings {
    /// The value of a setting, the default if none was set, empty text if it is unknown.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.values.get(name).map_or_else(|| known(name).map_or("", |known| known.default), String::as_str)
    }

    /// Whether a setting is `true`.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).eq_ignore_ascii_case("true")
    }

    /// The number in a setting; 0 if it is none.
    #[must_use]
    pub fn number(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or(0)
    }

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// The simulator does not know the setting.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), UnknownSetting> {
        let known = known(name).ok_or_else(|| UnknownSetting(name.to_owned()))?;
        self.values.insert(known.name, value.to_owned());
        Ok(())
    }
}

fn known(name: &str) -> Option<&'static Known> {
    KNOWN.binary_search_by(|known| known.name.cmp(name)).ok().map(|position| &KNOWN[position])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_for_the_search() {
        assert!(KNOWN.is_sorted_by(|one, two| one.name < two.name));
    }

    #[test]
    fn a_default_holds_until_a_value_is_set() {
        let mut settings = Settings::default();
        assert_eq!(settings.number("default.page.size"), 500);
        settings.set("default.page.size", "3").expect("a known setting");
        assert_eq!(settings.number("default.page.size"), 3);
        assert!(settings.set("no.such.setting", "1").is_err());
    }
}
