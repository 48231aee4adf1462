//! Settings: what `listConfigurations` shows and `updateConfiguration` changes.

use std::sync::OnceLock;

use imbl::OrdMap;

use super::table::Id;

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

/// What is known of a setting from recordings: how lists show it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// The tab in the user interface.
    pub category: String,
    /// The group in the user interface.
    pub group: String,
    /// The group within the group.
    pub subgroup: String,
    /// The value after an installation; some have none.
    #[serde(rename = "defaultvalue")]
    pub default: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether a change takes effect at once.
    #[serde(rename = "isdynamic")]
    pub dynamic: bool,
    /// The part of the server that reads it.
    pub component: String,
    /// The setting that must be on for this one to matter.
    pub parent: Option<String>,
    /// Its name for people.
    #[serde(rename = "displaytext")]
    pub display_text: String,
    /// `Boolean`, `Number`, `Decimal`, `String`, `CSV` …
    #[serde(rename = "type")]
    pub value_type: String,
    /// The values to choose from.
    pub options: Option<String>,
    /// The scopes in which it was seen.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// The facts of all settings that were recorded, by name. Read when first asked for.
pub fn facts() -> &'static [Fact] {
    static FACTS: OnceLock<Vec<Fact>> = OnceLock::new();
    FACTS.get_or_init(|| {
        include_str!("../../../fixtures/catalog/settings.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).expect("the fact file holds one setting a line"))
            .collect()
    })
}

/// The fact of one setting.
#[must_use]
pub fn fact(name: &str) -> Option<&'static Fact> {
    let facts = facts();
    facts.binary_search_by(|fact| fact.name.as_str().cmp(name)).ok().map(|position| &facts[position])
}

/// Where a setting has a value of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// In a zone.
    Zone(Id),
    /// In a cluster.
    Cluster(Id),
    /// In primary storage.
    StoragePool(Id),
    /// In a domain.
    Domain(Id),
    /// In an account.
    Account(Id),
    /// In secondary storage.
    ImageStore(Id),
}

impl Scope {
    /// The word of the real server.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zone(_) => "Zone",
            Self::Cluster(_) => "Cluster",
            Self::StoragePool(_) => "StoragePool",
            Self::Domain(_) => "Domain",
            Self::Account(_) => "Account",
            Self::ImageStore(_) => "ImageStore",
        }
    }
}

/// The values that were set; none where a setting was emptied.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    values: OrdMap<&'static str, Option<String>>,
    /// What lists show for settings that wait for a restart to take effect.
    waiting: OrdMap<&'static str, Option<String>>,
    scoped: OrdMap<(Scope, &'static str), String>,
}

/// A name that is no setting.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no setting that the simulator knows")]
pub struct UnknownSetting(pub String);

impl Settings {
    /// The value of a setting, the default if none was set, empty text if it is unknown.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(Some(value)) => value,
            _ => default(name).unwrap_or_default(),
        }
    }

    /// The value as lists show it: nothing where it was emptied.
    #[must_use]
    pub fn shown(&self, name: &str, scope: Option<Scope>) -> Option<&str> {
        let own = scope
            .and_then(|scope| self.scoped.iter().find(|((other, key), _)| *other == scope && *key == name));
        match (own, self.waiting.get(name).or_else(|| self.values.get(name))) {
            (Some((_, value)), _) => Some(value),
            (None, Some(value)) => value.as_deref(),
            (None, None) => default(name),
        }
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
        self.values.insert(key(name)?, Some(value.to_owned()));
        Ok(())
    }

    /// Changes a value in a running server: one that is not dynamic is shown at once and in
    /// force after a restart only.
    ///
    /// # Errors
    ///
    /// The simulator does not know the setting.
    pub fn change(&mut self, name: &str, value: Option<&str>) -> Result<(), UnknownSetting> {
        let key = key(name)?;
        let value = value.map(str::to_owned);
        if fact(name).is_some_and(|fact| !fact.dynamic) {
            self.waiting.insert(key, value);
        } else {
            self.values.insert(key, value);
        }
        Ok(())
    }

    /// Sets a value in a scope.
    ///
    /// # Errors
    ///
    /// The simulator does not know the setting.
    pub fn set_in(&mut self, scope: Scope, name: &str, value: &str) -> Result<(), UnknownSetting> {
        self.scoped.insert((scope, key(name)?), value.to_owned());
        Ok(())
    }

    /// Goes back to the default, in a scope to the value outside of it.
    ///
    /// # Errors
    ///
    /// The simulator does not know the setting.
    pub fn reset(&mut self, name: &str, scope: Option<Scope>) -> Result<(), UnknownSetting> {
        let key = key(name)?;
        match scope {
            Some(scope) => {
                self.scoped.remove(&(scope, key));
            }
            None => {
                let value = fact(name).and_then(|fact| fact.default.clone());
                let value = value.or_else(|| default(name).map(str::to_owned));
                self.change(key, value.as_deref())?;
            }
        }
        Ok(())
    }

    /// The values that a scope has of its own.
    pub fn of_scope(&self, scope: Scope) -> impl Iterator<Item = (&'static str, &str)> {
        self.scoped
            .iter()
            .filter(move |((other, _), _)| *other == scope)
            .map(|((_, name), value)| (*name, value.as_str()))
    }
}

/// The names of all settings, those that were recorded and those that the simulator obeys.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let recorded = facts().iter().map(|fact| fact.name.as_str());
    let mut names: Vec<&str> = recorded.chain(KNOWN.iter().map(|known| known.name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The default of a setting: the one that the simulator starts with before the recorded one.
#[must_use]
pub fn default(name: &str) -> Option<&'static str> {
    match known(name) {
        Some(known) => Some(known.default),
        None => fact(name).and_then(|fact| fact.default.as_deref()),
    }
}

fn key(name: &str) -> Result<&'static str, UnknownSetting> {
    known(name)
        .map(|known| known.name)
        .or_else(|| fact(name).map(|fact| fact.name.as_str()))
        .ok_or_else(|| UnknownSetting(name.to_owned()))
}

fn known(name: &str) -> Option<&'static Known> {
    KNOWN.binary_search_by(|known| known.name.cmp(name)).ok().map(|position| &KNOWN[position])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_for_the_search() {
        assert!(KNOWN.is_sorted_by(|one, two| one.name < two.name));
        assert!(facts().is_sorted_by(|one, two| one.name < two.name));
    }

    #[test]
    fn a_default_holds_until_a_value_is_set() {
        let mut settings = Settings::default();
        assert_eq!(settings.number("default.page.size"), 500);
        settings.set("default.page.size", "3").expect("a known setting");
        assert_eq!(settings.number("default.page.size"), 3);
        settings.change("default.page.size", Some("7")).expect("a known setting");
        assert_eq!(settings.shown("default.page.size", None), Some("7"));
        assert_eq!(settings.number("default.page.size"), 3, "this setting needs a restart");
        settings.reset("default.page.size", None).expect("a known setting");
        assert_eq!(settings.shown("default.page.size", None), Some("500"));
        assert!(settings.set("no.such.setting", "1").is_err());
    }

    #[test]
    fn a_scope_has_its_own_value() {
        let (mut settings, name) = (Settings::default(), "enable.dynamic.scale.vm");
        settings.set_in(Scope::Zone(1), name, "true").expect("a recorded setting");
        assert_eq!(settings.shown(name, Some(Scope::Zone(1))), Some("true"));
        assert_eq!(settings.shown(name, Some(Scope::Zone(2))), Some("false"));
        assert_eq!(settings.of_scope(Scope::Zone(1)).collect::<Vec<_>>(), [(name, "true")]);
        settings.reset(name, Some(Scope::Zone(1))).expect("a recorded setting");
        assert_eq!(settings.shown(name, Some(Scope::Zone(1))), Some("false"));
    }

    #[test]
    fn an_emptied_setting_shows_nothing_and_means_its_default() {
        let mut settings = Settings::default();
        settings.change("job.expire.minutes", None).expect("a known setting");
        assert_eq!(settings.shown("job.expire.minutes", None), None);
        assert_eq!(settings.number("job.expire.minutes"), 1440);
    }
}
