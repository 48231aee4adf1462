//! Where a target comes from: flags, a file, the environment, the configuration of other clients.
//!
//! A remote target is never a default: somebody has named it. Secrets are read from the environment or from files
//! in preference to flags.

use std::{env, fs, net::SocketAddr, path::Path};

use serde::Deserialize;

use crate::target::{Directory, Guest};

/// Everything that a target's owner tells about it.
#[derive(Clone, Default)]
pub struct Settings {
    /// The URL of the API.
    pub endpoint: Option<String>,
    /// API key.
    pub api_key: Option<String>,
    /// Its secret.
    pub secret_key: Option<String>,
    /// User name, for sessions.
    pub username: Option<String>,
    /// Password.
    pub password: Option<String>,
    /// Path of the user's domain; `/` if absent.
    pub domain: Option<String>,
    /// Base URL of the virtual router.
    pub router: Option<String>,
    /// URL of the unauthenticated port.
    pub integration: Option<String>,
    /// The resolver of the virtual router, `ADDRESS:PORT`.
    pub dns: Option<String>,
    /// Where the routers' DHCP servers answer whoever asks, `ADDRESS:PORT`.
    pub dhcp: Option<String>,
    /// A guest's lease file.
    pub lease: Option<String>,
    /// A guest's config drive.
    pub drive: Option<String>,
    /// The interface whose lease counts, where the file has leases of several.
    pub interface: Option<String>,
    /// Guests that we can speak as.
    pub guests: Vec<Guest>,
    /// An ordinary user besides the caller.
    pub user: Option<Keys>,
    /// A directory at which the target tries passwords.
    pub directory: Option<Directory>,
    /// Whether it takes changes by POST alone and calls with a time stamp alone. Found out if not told here.
    pub enforces_post: bool,
    /// How the caller named it, as arguments without secrets.
    pub arguments: String,
}

/// Who else may call.
#[derive(Clone, Default)]
pub struct Keys {
    /// API key.
    pub api_key: String,
    /// Its secret.
    pub secret_key: String,
}

impl Settings {
    /// Whether there is anything to test.
    pub fn names_a_target(&self) -> bool {
        let files = [&self.lease, &self.drive];
        self.endpoint.is_some()
            || self.router.is_some()
            || files.into_iter().any(Option::is_some)
            || !self.guests.is_empty()
    }

    /// Whether a guest's lease file is all that is known of the target.
    pub(crate) fn leads_to_its_router_by_lease_alone(&self) -> bool {
        self.lease.is_some() && self.endpoint.is_none() && self.router.is_none() && self.guests.is_empty()
    }

    /// A line for people.
    pub fn title(&self) -> String {
        match (&self.endpoint, &self.router) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Some(router)) => router.clone(),
            (None, None) => "the named target".to_owned(),
        }
    }

    /// What is missing here is taken from there.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            endpoint: self.endpoint.or(other.endpoint),
            api_key: self.api_key.or(other.api_key),
            secret_key: self.secret_key.or(other.secret_key),
            username: self.username.or(other.username),
            password: self.password.or(other.password),
            domain: self.domain.or(other.domain),
            router: self.router.or(other.router),
            integration: self.integration.or(other.integration),
            dns: self.dns.or(other.dns),
            dhcp: self.dhcp.or(other.dhcp),
            lease: self.lease.or(other.lease),
            drive: self.drive.or(other.drive),
            interface: self.interface.or(other.interface),
            guests: if self.guests.is_empty() { other.guests } else { self.guests },
            user: self.user.or(other.user),
            directory: self.directory.or(other.directory),
            enforces_post: self.enforces_post || other.enforces_post,
            arguments: [self.arguments, other.arguments]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    /// `CLOUDSTACK_ENDPOINT`, `CLOUDSTACK_KEY`, `CLOUDSTACK_SECRET`; naming the endpoint there is naming the target.
    pub fn from_environment() -> Self {
        let read = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            endpoint: read("CLOUDSTACK_ENDPOINT"),
            api_key: read("CLOUDSTACK_KEY"),
            secret_key: read("CLOUDSTACK_SECRET"),
            ..Self::default()
        }
    }

    /// A target file: TOML, or the line that a simulator prints when it is ready, saved as `.json`.
    pub fn from_file(path: &Path) -> Result<Self, SettingsError> {
        let text = read(path)?;
        if path.extension().is_some_and(|extension| extension == "json") {
            return Self::from_ready_line(path, &text);
        }
        let file: TargetFile = toml::from_str(&text).map_err(|error| {
            SettingsError::new(
                format!("could not read {}: {}", path.display(), error.message()),
                format!("{}see the examples in fixtures/target/", place(&text, error.span())),
            )
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let user = match file.user {
            None => None,
            Some(user) => {
                let key = secret("api_key", user.api_key, user.api_key_env, user.api_key_file, folder)?;
                let secret =
                    secret("secret_key", user.secret_key, user.secret_key_env, user.secret_key_file, folder)?;
                key.zip(secret).map(|(api_key, secret_key)| Keys { api_key, secret_key })
            }
        };
        let directory = file.directory.map(|directory| directory.read(folder)).transpose()?;
        Ok(Self {
            endpoint: file.endpoint,
            api_key: secret("api_key", file.api_key, file.api_key_env, file.api_key_file, folder)?,
            secret_key: secret(
                "secret_key",
                file.secret_key,
                file.secret_key_env,
                file.secret_key_file,
                folder,
            )?,
            username: file.username,
            password: secret("password", file.password, file.password_env, file.password_file, folder)?,
            domain: file.domain,
            router: file.router,
            integration: file.integration,
            dns: file.dns,
            dhcp: file.dhcp,
            lease: file.lease,
            drive: file.drive,
            interface: file.interface,
            guests: file.guest,
            user,
            directory,
            enforces_post: file.enforces_post,
            arguments: format!("--target {}", path.display()),
        })
    }

    fn from_ready_line(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let ready: ReadyLine = serde_json::from_str(text).map_err(|error| {
            SettingsError::new(
                format!("could not read {}: {error}", path.display()),
                "a .json target is the line that `cloudstack-simulator --print json` prints",
            )
        })?;
        let administrators = ready.credentials.iter().position(|one| one.roletype == "Admin").unwrap_or(0);
        let ordinary = ready.credentials.iter().find(|one| one.roletype == "User" && !one.apikey.is_empty());
        let user =
            ordinary.map(|one| Keys { api_key: one.apikey.clone(), secret_key: one.secretkey.clone() });
        let credential = ready.credentials.into_iter().nth(administrators);
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Ok(Self {
            endpoint: Some(ready.api),
            api_key: credential.as_ref().and_then(|one| filled(&one.apikey)),
            secret_key: credential.as_ref().and_then(|one| filled(&one.secretkey)),
            username: credential.as_ref().and_then(|one| filled(&one.username)),
            password: credential.as_ref().and_then(|one| filled(&one.password)),
            domain: credential.as_ref().and_then(|one| filled(&one.domain)),
            router: ready.router,
            integration: ready.integration,
            dns: None,
            // The name of an interface: only who is on its link can ask there.
            dhcp: ready.dhcp.filter(|place| place.parse::<SocketAddr>().is_ok()),
            lease: None,
            drive: None,
            interface: None,
            guests: ready.guests,
            user,
            directory: None,
            enforces_post: false,
            arguments: format!("--target {}", path.display()),
        })
    }

    /// A section of `~/.cloudstack.ini`.
    pub fn from_ini(path: &Path, section: &str) -> Result<Self, SettingsError> {
        let text = read(path)?;
        let values = Ini(&text);
        if !values.has(section) {
            return Err(SettingsError::new(
                format!("could not find the section [{section}] in {}", path.display()),
                "name one that exists: --ini SECTION",
            ));
        }
        Ok(Self {
            endpoint: values.value(section, "endpoint"),
            api_key: values.value(section, "key"),
            secret_key: values.value(section, "secret"),
            arguments: format!("--ini {section}"),
            ..Self::default()
        })
    }

    /// A profile of cmk's configuration; without a name the one that cmk itself would use.
    pub fn from_cmk(path: &Path, profile: Option<&str>) -> Result<Self, SettingsError> {
        let text = read(path)?;
        let values = Ini(&text);
        let profile = profile
            .map(str::to_owned)
            .or_else(|| values.value("", "profile"))
            .or_else(|| values.value("core", "profile"))
            .unwrap_or_else(|| "localcloud".to_owned());
        if !values.has(&profile) {
            return Err(SettingsError::new(
                format!("could not find the profile {profile} in {}", path.display()),
                "name one that exists: --cmk PROFILE",
            ));
        }
        let value = |name: &str| values.value(&profile, name).filter(|value| !value.is_empty());
        Ok(Self {
            endpoint: value("url"),
            api_key: value("apikey"),
            secret_key: value("secretkey"),
            username: value("username"),
            password: value("password"),
            domain: value("domain"),
            arguments: format!("--cmk {profile}"),
            ..Self::default()
        })
    }
}

/// Why a target could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SettingsError {
    /// Starts with "could not".
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl SettingsError {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetFile {
    endpoint: Option<String>,
    api_key: Option<String>,
    api_key_env: Option<String>,
    api_key_file: Option<String>,
    secret_key: Option<String>,
    secret_key_env: Option<String>,
    secret_key_file: Option<String>,
    username: Option<String>,
    password: Option<String>,
    password_env: Option<String>,
    password_file: Option<String>,
    domain: Option<String>,
    router: Option<String>,
    integration: Option<String>,
    dns: Option<String>,
    dhcp: Option<String>,
    lease: Option<String>,
    drive: Option<String>,
    interface: Option<String>,
    #[serde(default)]
    guest: Vec<Guest>,
    user: Option<UserFile>,
    directory: Option<DirectoryFile>,
    #[serde(default)]
    enforces_post: bool,
}

/// The section `[user]`: an ordinary user besides the caller.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserFile {
    api_key: Option<String>,
    api_key_env: Option<String>,
    api_key_file: Option<String>,
    secret_key: Option<String>,
    secret_key_env: Option<String>,
    secret_key_file: Option<String>,
}

/// The section `[directory]`: where passwords are tried, and who may be used.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectoryFile {
    hostname: String,
    port: u16,
    unit: String,
    #[serde(default)]
    group: String,
    username: String,
    password: Option<String>,
    password_env: Option<String>,
    password_file: Option<String>,
    #[serde(default)]
    without_email: String,
    #[serde(default)]
    without_firstname: String,
}

impl DirectoryFile {
    fn read(self, folder: &Path) -> Result<Directory, SettingsError> {
        let password =
            secret("directory.password", self.password, self.password_env, self.password_file, folder)?;
        Ok(Directory {
            hostname: self.hostname,
            port: self.port,
            unit: self.unit,
            group: self.group,
            username: self.username,
            password: password.ok_or_else(|| {
                SettingsError::new(
                    "could not use the section [directory]: it has no password",
                    "add password, password_env or password_file to it",
                )
            })?,
            without_email: self.without_email,
            without_firstname: self.without_firstname,
        })
    }
}

/// What a simulator prints when it is ready.
#[derive(Deserialize)]
struct ReadyLine {
    api: String,
    integration: Option<String>,
    router: Option<String>,
    dhcp: Option<String>,
    #[serde(default)]
    credentials: Vec<ReadyCredential>,
    #[serde(default)]
    guests: Vec<Guest>,
}

#[derive(Deserialize)]
struct ReadyCredential {
    username: String,
    domain: String,
    password: String,
    apikey: String,
    secretkey: String,
    roletype: String,
}

/// A secret given inline, by the name of a variable or by the name of a file.
fn secret(
    name: &str,
    inline: Option<String>,
    variable: Option<String>,
    file: Option<String>,
    folder: &Path,
) -> Result<Option<String>, SettingsError> {
    match (inline, variable, file) {
        (None, None, None) => Ok(None),
        (Some(value), None, None) => Ok(Some(value)),
        (None, Some(variable), None) => env::var(&variable).map(Some).map_err(|_| {
            SettingsError::new(
                format!("could not read {name}: the variable {variable} is not set"),
                format!("export {variable}"),
            )
        }),
        (None, None, Some(file)) => Ok(Some(read(&folder.join(file))?.trim_end().to_owned())),
        _ => Err(SettingsError::new(
            format!("could not read {name}: it is given more than once"),
            format!("keep one of {name}, {name}_env and {name}_file"),
        )),
    }
}

pub(crate) fn read(path: &Path) -> Result<String, SettingsError> {
    fs::read_to_string(path).map_err(|error| {
        SettingsError::new(
            format!("could not read {}: {error}", path.display()),
            "check the path and its permissions",
        )
    })
}

/// The line of a fault in a file.
pub(crate) fn place(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    span.and_then(|span| text.get(..span.start))
        .map_or_else(String::new, |before| format!("look at line {}; ", before.matches('\n').count() + 1))
}

/// A file of `[section]` and `name = value` lines.
struct Ini<'a>(&'a str);

impl Ini<'_> {
    fn has(&self, section: &str) -> bool {
        self.0.lines().any(|line| heading(line) == Some(section))
    }

    fn value(&self, section: &str, name: &str) -> Option<String> {
        let mut current = "";
        for line in self.0.lines() {
            if let Some(heading) = heading(line) {
                current = heading;
                continue;
            }
            let Some((key, value)) = line.split_once('=') else { continue };
            if current == section && key.trim() == name && !key.trim_start().starts_with(['#', ';']) {
                return Some(value.trim().to_owned());
            }
        }
        None
    }
}

fn heading(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> std::path::PathBuf {
        let path = env::temp_dir().join(format!("conformance-settings-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn secrets_may_stand_in_a_file_beside_the_target() {
        let key = file("key", "the-secret\n");
        let name = key.file_name().unwrap().to_str().unwrap();
        let path = file(
            "lab.toml",
            &format!(
                "endpoint = \"http://h/client/api\"\napi_key = \"k\"\nsecret_key_file = \"{name}\"\n[[guest]]\nname = \"a\"\nsource = \"127.1.1.9\"\n"
            ),
        );
        let settings = Settings::from_file(&path).unwrap();
        assert_eq!(settings.secret_key.as_deref(), Some("the-secret"));
        assert_eq!(settings.guests[0].source, "127.1.1.9");
    }

    #[test]
    fn a_ready_line_tells_of_names_and_of_addresses() {
        let line = |dhcp: &str| {
            format!(
                r#"{{"api":"http://127.0.0.1:1/client/api","dhcp":"{dhcp}","guests":[{{"name":"a","dns":"127.1.1.1:5353"}}]}}"#
            )
        };
        let settings = Settings::from_file(&file("ready.json", &line("127.0.0.1:6767"))).unwrap();
        assert_eq!(settings.dhcp.as_deref(), Some("127.0.0.1:6767"));
        assert_eq!(settings.guests[0].dns, "127.1.1.1:5353");
        let on_a_link = Settings::from_file(&file("link.json", &line("eth0"))).unwrap();
        assert_eq!(on_a_link.dhcp, None);
    }

    #[test]
    fn a_directory_needs_a_password() {
        let text = "endpoint = \"http://h\"\n[directory]\nhostname = \"d\"\nport = 389\nunit = \"ou=people\"\n\
                    username = \"alice\"\n";
        let error = Settings::from_file(&file("no-password.toml", text)).err().unwrap();
        assert!(error.message.contains("no password"), "{error:?}");
        let path = file("directory.toml", &format!("{text}password = \"secret\"\n"));
        let directory = Settings::from_file(&path).unwrap().directory.unwrap();
        assert_eq!((directory.port, directory.password.as_str()), (389, "secret"));
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_line() {
        let path = file("bad.toml", "endpoint = \"http://h\"\napikey = \"k\"\n");
        let error = Settings::from_file(&path).err().unwrap();
        assert!(error.message.contains("apikey") && error.hint.contains("line 2"), "{error:?}");
    }

    #[test]
    fn other_clients_files_are_read() {
        let ini = file(
            "ini",
            "[cloudstack]\nendpoint = http://h/client/api\n;key = x\nkey = K\nsecret=S=\n[two]\nkey=2\n",
        );
        let settings = Settings::from_ini(&ini, "cloudstack").unwrap();
        assert_eq!((settings.api_key.as_deref(), settings.secret_key.as_deref()), (Some("K"), Some("S=")));
        assert!(Settings::from_ini(&ini, "three").is_err());
        let cmk = file(
            "cmk",
            "prompt = x\nprofile = lab\n\n[lab]\nurl = http://h/client/api\napikey = K\nsecretkey = S\n",
        );
        assert_eq!(Settings::from_cmk(&cmk, None).unwrap().endpoint.as_deref(), Some("http://h/client/api"));
    }
}
