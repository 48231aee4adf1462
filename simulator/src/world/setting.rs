//! Settings: what `listConfigurations` shows and `updateConfiguration` changes.

use std::sync::OnceLock;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::saved::form;
use super::table::Id;
use crate::release::Release;

/// A setting that the simulator knows.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// Its value after an installation.
    pub default: &'static str,
    /// Whether a change takes effect at once, not at the next start only.
    pub dynamic: bool,
}

impl Known {
    /// A setting that is looked at again and again.
    const fn at_once(name: &'static str, default: &'static str) -> Self {
        Self { name, default, dynamic: true }
    }

    /// A setting that is read when the server starts.
    const fn at_start(name: &'static str, default: &'static str) -> Self {
        Self { name, default, dynamic: false }
    }
}

/// The settings that change what the simulator does.
pub const KNOWN: &[Known] = &[
    Known::at_once("account.allow.expose.host.hostname", "false"),
    Known::at_once("allow.user.create.projects", "true"),
    Known::at_once("allow.user.expunge.recover.vm", "false"),
    Known::at_once("allow.user.expunge.recover.volume", "true"),
    Known::at_once("allow.user.force.stop.vm", "true"),
    Known::at_once("allow.user.view.destroyed.vm", "false"),
    Known::at_once("api.allowed.source.cidr.list", "0.0.0.0/0,::/0"),
    Known::at_once("api.key.access", "true"),
    Known::at_once("api.sessionkey.check.locations", "CookieAndParameter"),
    Known::at_once("api.sessionkey.cookie.samesite", "Lax"),
    Known::at_once("api.source.cidr.checks.enabled", "true"),
    Known::at_start("api.throttling.cachesize", "50000"),
    Known::at_start("api.throttling.enabled", "false"),
    Known::at_start("api.throttling.interval", "1"),
    Known::at_start("api.throttling.max", "25"),
    Known::at_start("backup.framework.enabled", "false"),
    Known::at_once("cloud.identifier", "3e0c3c6c-6f5a-4b39-9d3c-5d1a1d1f0a11"),
    Known::at_start("cloud.kubernetes.service.enabled", "true"),
    Known::at_once("cpu.overprovisioning.factor", "1.0"),
    Known::at_start("default.page.size", "500"),
    Known::at_once("dynamic.apichecker.enabled", "true"),
    Known::at_start("enable.secure.session.cookie", "false"),
    Known::at_once("enable.user.2fa", "false"),
    Known::at_start("encode.api.response", "false"),
    Known::at_start("enforce.post.requests.and.timestamps", "false"),
    Known::at_once("expose.cloudstack.version.api.list.capabilities", "true"),
    Known::at_once("expose.cloudstack.version.api.xml.response", "true"),
    Known::at_start("expunge.delay", "86400"),
    Known::at_start("expunge.interval", "86400"),
    Known::at_once("global.allow.expose.host.hostname", "false"),
    Known::at_once("guest.domain.suffix", "cloud.internal"),
    Known::at_once("incorrect.login.attempts.allowed", "5"),
    Known::at_start("instance.name", "VM"),
    Known::at_start("integration.api.port", "0"),
    Known::at_once("job.expire.minutes", "1440"),
    Known::at_start("js.interpretation.enabled", "false"),
    Known::at_start("json.content.type", "application/json; charset=UTF-8"),
    Known::at_once("ldap.basedn", ""),
    Known::at_once("ldap.bind.password", ""),
    Known::at_once("ldap.bind.principal", ""),
    Known::at_once("ldap.email.attribute", "mail"),
    Known::at_once("ldap.firstname.attribute", "givenname"),
    Known::at_once("ldap.group.object", "groupOfUniqueNames"),
    Known::at_once("ldap.group.user.uniquemember", "uniquemember"),
    Known::at_once("ldap.lastname.attribute", "sn"),
    Known::at_once("ldap.nested.groups.enable", "true"),
    Known::at_once("ldap.provider", "openldap"),
    Known::at_once("ldap.read.timeout", "1000"),
    Known::at_once("ldap.request.page.size", "1000"),
    Known::at_once("ldap.search.group.principle", ""),
    Known::at_once("ldap.truststore", ""),
    Known::at_once("ldap.truststore.password", ""),
    Known::at_once("ldap.user.memberof.attribute", "memberof"),
    Known::at_once("ldap.user.object", "inetOrgPerson"),
    Known::at_once("ldap.username.attribute", "uid"),
    Known::at_once("mandate.user.2fa", "false"),
    Known::at_once("mem.overprovisioning.factor", "1.0"),
    Known::at_once("metadata.allow.expose.domain", "false"),
    Known::at_once("metadata.custom.cloud.name", ""),
    Known::at_once("network.gc.interval", "600"),
    Known::at_start("network.gc.wait", "600"),
    Known::at_once("oauth2.enabled", "false"),
    Known::at_once("proxy.cidr", ""),
    Known::at_once("proxy.header.names", "X-Forwarded-For,HTTP_CLIENT_IP,HTTP_X_FORWARDED_FOR"),
    Known::at_once("proxy.header.verify", "false"),
    Known::at_start("quota.enable.service", "false"),
    Known::at_once("saml2.default.idpid", "https://openidp.feide.no"),
    Known::at_start("saml2.enabled", "false"),
    Known::at_start("security.singlesignon.key", ""),
    Known::at_start("security.singlesignon.tolerance.millis", "300000"),
    Known::at_start("session.timeout", "30"),
    Known::at_once("user.2fa.default.provider", "totp"),
    Known::at_once("user.2fa.issuer", "CloudStack"),
    Known::at_start("user.authenticators.exclude", "PLAINTEXT"),
    Known::at_start("user.authenticators.order", "PBKDF2,SHA256SALT,MD5,LDAP,SAML2,PLAINTEXT,OAUTH2"),
    Known::at_start("user.password.encoders.exclude", "MD5,LDAP,PLAINTEXT"),
    Known::at_start("user.password.encoders.order", "PBKDF2,SHA256SALT,MD5,LDAP,SAML2,PLAINTEXT"),
    Known::at_start("user.password.reset.enabled", "false"),
    Known::at_once("user.password.reset.ttl", "30"),
    Known::at_start("vm.stats.interval", "60000"),
    Known::at_once("vm.userdata.max.length", "32768"),
];

/// A setting that came with a release which is played.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    /// Its name.
    name: &'static str,
    /// The release that brought it.
    release: Release,
    /// The value by which servers behaved before they knew it.
    before: &'static str,
}

/// When the settings came that change what the simulator does (section 9 of the protocol).
const ARRIVALS: &[Arrival] = &[
    Arrival { name: "api.key.access", release: Release::new(20, 1), before: "true" },
    Arrival {
        name: "api.sessionkey.check.locations",
        release: Release::new(19, 2),
        before: "CookieOrParameter",
    },
    Arrival { name: "api.sessionkey.cookie.samesite", release: Release::new(19, 2), before: "Null" },
    Arrival { name: "enable.user.2fa", release: Release::new(18, 0), before: "false" },
    Arrival { name: "enforce.post.requests.and.timestamps", release: Release::new(21, 0), before: "false" },
    Arrival {
        name: "expose.cloudstack.version.api.list.capabilities",
        release: Release::new(21, 0),
        before: "true",
    },
    Arrival {
        name: "expose.cloudstack.version.api.xml.response",
        release: Release::new(21, 0),
        before: "true",
    },
    Arrival { name: "mandate.user.2fa", release: Release::new(18, 0), before: "false" },
    Arrival { name: "oauth2.enabled", release: Release::new(19, 0), before: "false" },
    Arrival { name: "user.2fa.default.provider", release: Release::new(18, 0), before: "totp" },
    Arrival { name: "user.2fa.issuer", release: Release::new(18, 0), before: "CloudStack" },
    Arrival { name: "user.password.reset.enabled", release: Release::new(20, 0), before: "false" },
    Arrival { name: "user.password.reset.ttl", release: Release::new(20, 0), before: "30" },
    Arrival { name: "vm.userdata.max.length", release: Release::new(16, 0), before: "32768" },
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(with = "form::text")]
    #[cfg_attr(test, schemars(with = "String"))]
    release: Release,
    #[serde(with = "form::map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, Option<String>>"))]
    values: OrdMap<&'static str, Option<String>>,
    /// What lists show for settings that wait for a restart to take effect.
    #[serde(with = "form::map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, Option<String>>"))]
    waiting: OrdMap<&'static str, Option<String>>,
    #[serde(with = "form::scoped")]
    #[cfg_attr(test, schemars(with = "Vec<(Scope, String, String)>"))]
    scoped: OrdMap<(Scope, &'static str), String>,
}

/// Those of the newest release, as installed.
impl Default for Settings {
    fn default() -> Self {
        Self {
            release: Release::NEWEST,
            values: OrdMap::new(),
            waiting: OrdMap::new(),
            scoped: OrdMap::new(),
        }
    }
}

/// A name that is no setting.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no setting that the simulator knows")]
pub struct UnknownSetting(pub String);

impl Settings {
    /// Settings that came after this release are unknown from now on.
    pub(super) fn of_release(&mut self, release: Release) {
        self.release = release;
    }

    /// The arrival of a setting that is still to come.
    fn to_come(&self, name: &str) -> Option<&'static Arrival> {
        ARRIVALS.iter().find(|arrival| arrival.name == name && self.release < arrival.release)
    }

    /// A name among the values that is no setting of any release.
    pub(super) fn unknown(&self) -> Option<&'static str> {
        let names =
            self.values.keys().chain(self.waiting.keys()).chain(self.scoped.keys().map(|(_, name)| name));
        names.copied().find(|name| known(name).is_none() && fact(name).is_none())
    }

    /// The names of all settings, those that were recorded and those that the simulator obeys.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let recorded = facts().iter().map(|fact| fact.name.as_str());
        let mut names: Vec<&str> = recorded.chain(KNOWN.iter().map(|known| known.name)).collect();
        names.retain(|name| self.to_come(name).is_none());
        names.sort_unstable();
        names.dedup();
        names
    }

    fn key(&self, name: &str) -> Result<&'static str, UnknownSetting> {
        known(name)
            .map(|known| known.name)
            .or_else(|| fact(name).map(|fact| fact.name.as_str()))
            .filter(|name| self.to_come(name).is_none())
            .ok_or_else(|| UnknownSetting(name.to_owned()))
    }

    /// The value of a setting, the default if none was set, empty text if it is unknown. A setting
    /// that is still to come has the value by which servers behaved before.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        if let Some(arrival) = self.to_come(name) {
            return arrival.before;
        }
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

    /// The value in a scope: its own, else the one outside of it.
    #[must_use]
    pub fn text_in(&self, scope: Scope, name: &'static str) -> &str {
        self.scoped.get(&(scope, name)).map_or_else(|| self.text(name), String::as_str)
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

    /// The items of a setting that is a list with commas.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.text(name).split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
    }

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// The simulator does not know the setting.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), UnknownSetting> {
        let key = self.key(name)?;
        self.values.insert(key, Some(value.to_owned()));
        Ok(())
    }

    /// Takes a value back that was set, as if it had never been.
    pub(crate) fn forget(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// Changes a value in a running server: one that is not dynamic is shown at once and in
    /// force after a restart only.
    ///
    /// # Errors
    ///
    /// The simulator does not know the setting.
    pub fn change(&mut self, name: &str, value: Option<&str>) -> Result<(), UnknownSetting> {
        let key = self.key(name)?;
        let value = value.map(str::to_owned);
        if is_dynamic(name) {
            self.values.insert(key, value);
        } else {
            self.waiting.insert(key, value);
        }
        Ok(())
    }

    /// Puts in force what waited for a restart.
    pub fn take_effect(&mut self) {
        for (key, value) in std::mem::take(&mut self.waiting) {
            self.values.insert(key, value);
        }
    }

    /// Sets a value in a scope.
    ///
    /// # Errors
    ///
    /// The simulator does not know the setting.
    pub fn set_in(&mut self, scope: Scope, name: &str, value: &str) -> Result<(), UnknownSetting> {
        let key = self.key(name)?;
        self.scoped.insert((scope, key), value.to_owned());
        Ok(())
    }

    /// Goes back to the default, in a scope to the value outside of it.
    ///
    /// # Errors
    ///
    /// The simulator does not know the setting.
    pub fn reset(&mut self, name: &str, scope: Option<Scope>) -> Result<(), UnknownSetting> {
        let key = self.key(name)?;
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

/// The default of a setting: the one that the simulator starts with before the recorded one.
#[must_use]
pub fn default(name: &str) -> Option<&'static str> {
    match known(name) {
        Some(known) => Some(known.default),
        None => fact(name).and_then(|fact| fact.default.as_deref()),
    }
}

/// Whether a change of a setting takes effect at once.
fn is_dynamic(name: &str) -> bool {
    known(name).map(|known| known.dynamic).or_else(|| fact(name).map(|fact| fact.dynamic)).unwrap_or(true)
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
        for known in KNOWN {
            let recorded = fact(known.name).is_none_or(|fact| fact.dynamic == known.dynamic);
            assert!(recorded, "{} was recorded otherwise", known.name);
        }
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
    fn a_setting_that_is_still_to_come_is_unknown_and_means_what_was_before() {
        let (mut settings, name) = (Settings::default(), "api.sessionkey.check.locations");
        assert_eq!(settings.text(name), "CookieAndParameter");
        settings.of_release(Release::new(19, 1));
        assert_eq!(settings.text(name), "CookieOrParameter");
        assert!(settings.set(name, "ParameterOnly").is_err());
        assert!(!settings.names().contains(&name));
        settings.of_release(Release::new(19, 2));
        assert!(settings.set(name, "ParameterOnly").is_ok());
        for arrival in ARRIVALS {
            assert!(known(arrival.name).is_some(), "{}", arrival.name);
        }
    }

    #[test]
    fn an_emptied_setting_shows_nothing_and_means_its_default() {
        let mut settings = Settings::default();
        settings.change("job.expire.minutes", None).expect("a known setting");
        assert_eq!(settings.shown("job.expire.minutes", None), None);
        assert_eq!(settings.number("job.expire.minutes"), 1440);
    }
}
