//! The cloud that a recording is played to, and calls to it in our own words.

use std::{collections::HashMap, io, thread, time::Duration};

use serde_json::{Map, Value};

use super::{
    client::{Answer, Connection},
    learnt::Learnt,
    recording::Keys,
    tree::Tree,
};
use crate::{
    settings::Settings,
    wire::{api::expires_in, http::Url, sign},
};

/// Where recordings are played.
#[derive(Clone)]
pub enum Stage {
    /// A fresh simulator for each recording.
    #[cfg(feature = "embedded")]
    Embedded,
    /// A cloud of somebody's, the same one for all; it must look like the world where the recordings start.
    Target(Box<Settings>),
}

/// How long our own calls live where they must say so, in seconds.
const LIFETIME: i64 = 600;
/// How often a job is asked for before we give up.
const POLLS: usize = 100;

/// A running cloud and who can call it.
pub(super) struct Live {
    /// `host:port` of the signed port.
    pub(super) api: String,
    /// `host:port` of the unauthenticated port.
    pub(super) integration: Option<String>,
    /// The port of the directory beside the cloud, if we started one.
    pub(super) directory: Option<u16>,
    path: String,
    /// Whether changes need POST and every call a time stamp (API-HTTP-030, API-SIG-023).
    enforces: bool,
    callers: HashMap<String, Caller>,
    /// The session in which the caller `session` calls.
    session: Option<Session>,
    #[cfg(feature = "embedded")]
    cloud: Option<crate::embedded::Embedded>,
}

/// A session that a login opened.
#[derive(Clone, Debug)]
struct Session {
    /// The value of the header `Cookie`.
    cookie: String,
    key: String,
}

/// Somebody with keys.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) keys: Keys,
    /// The user's identifier, if we know it.
    pub(super) user: Option<String>,
}

impl Stage {
    /// A cloud with these settings and faults of the recorded server, as far as we may choose them, whose clock we move
    /// if it is to start at an epoch, in milliseconds since 1970. A named target has the faults and the clock that it has.
    pub(super) fn open(
        &self,
        settings: &[(String, String)],
        faults: &[String],
        epoch: Option<i64>,
    ) -> Result<Live, String> {
        #[cfg(not(feature = "embedded"))]
        let _ = (faults, epoch);
        match self {
            #[cfg(feature = "embedded")]
            Self::Embedded => {
                let cloud = crate::embedded::Embedded::for_replay(settings, faults, epoch)
                    .map_err(|error| told(&error))?;
                let mut live = Live::of(&cloud.settings())?;
                live.directory = cloud.directory_port();
                let enforced = ("enforce.post.requests.and.timestamps".to_owned(), "true".to_owned());
                live.enforces = settings.contains(&enforced);
                live.cloud = Some(cloud);
                live.give_keys_to_admin()?;
                Ok(live)
            }
            Self::Target(target) if settings.is_empty() => Live::of(target),
            Self::Target(_) => Err("settings of a named target are not changed".to_owned()),
        }
    }

    /// A cloud as conversations find it, and whether it is a fresh installation of ours, on which the deployment of a
    /// zone is played first; one of somebody's has been deployed by its owner.
    pub(super) fn installed(&self) -> Result<(Live, bool), String> {
        match self {
            #[cfg(feature = "embedded")]
            Self::Embedded => {
                let cloud = crate::embedded::Embedded::fresh().map_err(|error| told(&error))?;
                let mut live = Live::of(&cloud.settings())?;
                live.cloud = Some(cloud);
                Ok((live, true))
            }
            Self::Target(target) => {
                let mut live = Live::of(target)?;
                if let Some(admin) = live.caller("admin").cloned() {
                    live.admit("key1", admin);
                }
                Ok((live, false))
            }
        }
    }
}

impl Live {
    fn of(settings: &Settings) -> Result<Self, String> {
        let url = |text: &str| Url::parse(text).map_err(|error| error.to_string());
        let missing = |what: &str| format!("the target has no {what}");
        let endpoint = url(settings.endpoint.as_deref().ok_or_else(|| missing("endpoint"))?)?;
        if endpoint.origin.to_string().starts_with("https") {
            return Err("recordings are played over plain http only".to_owned());
        }
        let integration = settings.integration.as_deref().map(url).transpose()?;
        let keys = Keys {
            apikey: settings.api_key.clone().unwrap_or_default(),
            secretkey: settings.secret_key.clone().unwrap_or_default(),
        };
        let admin = Caller { keys, user: None };
        Ok(Self {
            api: authority(&endpoint),
            integration: integration.as_ref().map(authority),
            directory: None,
            path: endpoint.path,
            session: None,
            enforces: settings.enforces_post,
            callers: HashMap::from([("admin".to_owned(), admin.clone()), ("root".to_owned(), admin)]),
            #[cfg(feature = "embedded")]
            cloud: None,
        })
    }

    /// The same cloud, from here on apart from this one, if it is ours; somebody's is the same for all.
    pub(super) fn forked(&self) -> Result<Self, String> {
        #[cfg(feature = "embedded")]
        if let Some(cloud) = &self.cloud {
            let cloud = cloud.fork().map_err(|error| told(&error))?;
            let mut live = Self::of(&cloud.settings())?;
            live.callers.clone_from(&self.callers);
            live.cloud = Some(cloud);
            return Ok(live);
        }
        Ok(Self {
            api: self.api.clone(),
            integration: self.integration.clone(),
            directory: self.directory,
            path: self.path.clone(),
            enforces: self.enforces,
            callers: self.callers.clone(),
            session: self.session.clone(),
            #[cfg(feature = "embedded")]
            cloud: None,
        })
    }

    /// Lets the clock of a cloud of ours go on; that of somebody's goes by itself.
    #[cfg_attr(not(feature = "embedded"), expect(clippy::unused_self, reason = "nothing is ours then"))]
    pub(super) fn advance(&self, by: Duration) {
        #[cfg(feature = "embedded")]
        if let Some(cloud) = &self.cloud {
            cloud.advance(by);
        }
        #[cfg(not(feature = "embedded"))]
        let _ = by;
    }

    /// Ends the management server of a cloud of ours and starts it again; nobody's else is touched.
    pub(super) fn restart(&self) -> Result<(), String> {
        #[cfg(feature = "embedded")]
        if let Some(cloud) = &self.cloud {
            cloud.restart();
            return Ok(());
        }
        Err("a named target is not restarted".to_owned())
    }

    /// Lets time pass between two questions for a job: on the clock of a cloud of ours, which costs nothing; somebody
    /// else's has to be waited for.
    #[cfg_attr(not(feature = "embedded"), expect(clippy::unused_self, reason = "nothing is ours then"))]
    pub(super) fn wait(&self, time: Duration) {
        #[cfg(feature = "embedded")]
        if self.cloud.is_some() {
            return self.advance(time);
        }
        thread::sleep(time);
    }

    /// A fresh installation has no keys; its integration port gives them out.
    #[cfg(feature = "embedded")]
    fn give_keys_to_admin(&mut self) -> Result<(), String> {
        let users = [("username", "admin"), ("listall", "true")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let text = |tree: &Tree, path: &str| {
            let missing = || format!("there is no {path} in {tree}");
            tree.at(path).and_then(Tree::text).map(str::to_owned).ok_or_else(missing)
        };
        let id = text(&self.result("integration", "listUsers", &users)?, "user.id")?;
        let keys = self.result("integration", "registerUserKeys", &[("id".to_owned(), id.clone())])?;
        let (apikey, secretkey) = (text(&keys, "userkeys.apikey")?, text(&keys, "userkeys.secretkey")?);
        let admin = Caller { keys: Keys { apikey, secretkey }, user: Some(id) };
        self.admit("admin", admin.clone());
        self.admit("root", admin);
        Ok(())
    }

    /// Somebody who signs.
    pub(super) fn caller(&self, name: &str) -> Option<&Caller> {
        self.callers.get(name)
    }

    /// Lets somebody sign.
    pub(super) fn admit(&mut self, name: &str, caller: Caller) {
        self.callers.insert(name.to_owned(), caller);
    }

    /// Gives new keys to whoever is that user.
    pub(super) fn renew(&mut self, user: &str, keys: &Keys) {
        for caller in self.callers.values_mut().filter(|caller| caller.user.as_deref() == Some(user)) {
            caller.keys = keys.clone();
        }
    }

    /// A call in our own words: signed, in the session if the caller is `session`, on the integration port if it is
    /// `integration`.
    pub(super) fn call(
        &self,
        caller: &str,
        command: &str,
        params: &[(String, String)],
        format: &str,
    ) -> io::Result<Answer> {
        let mut params = params.to_vec();
        params.push(("command".to_owned(), command.to_owned()));
        if !format.is_empty() {
            params.push(("response".to_owned(), format.to_owned()));
        }
        let refuse = |reason: &str| io::Error::new(io::ErrorKind::NotFound, reason.to_owned());
        let (mut authority, mut path, mut headers) = (self.api.as_str(), self.path.as_str(), String::new());
        match caller {
            "integration" => {
                path = "/";
                authority =
                    self.integration.as_deref().ok_or_else(|| refuse("there is no integration port"))?;
            }
            "session" if command == "login" => {}
            "session" => {
                let session = self.session.as_ref().ok_or_else(|| refuse("nobody has logged in"))?;
                params.push(("sessionkey".to_owned(), session.key.clone()));
                headers = format!("Cookie: {}\r\n", session.cookie);
            }
            _ => {
                let keys = &self.caller(caller).ok_or_else(|| refuse("the caller has no keys"))?.keys;
                params.push(("apiKey".to_owned(), keys.apikey.clone()));
                if self.enforces {
                    params.push(("signatureversion".to_owned(), "3".to_owned()));
                    params.push(("expires".to_owned(), expires_in(LIFETIME)));
                }
                let signature = sign::signature(&keys.secretkey, &sign::canonical(&params));
                params.push(("signature".to_owned(), signature));
            }
        }
        let items: Vec<String> = params
            .iter()
            .map(|(name, value)| format!("{}={}", sign::escape(name), sign::escape(value)))
            .collect();
        let query = items.join("&");
        let by_post = command == "login" || self.enforces && caller != "integration";
        // What is too long for a request line goes into a form, and so does what may be a change.
        let message = if query.len() < 6000 && !by_post {
            format!("GET {path}?{query} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n{headers}\r\n")
        } else {
            format!(
                "POST {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n{headers}\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{query}",
                query.len()
            )
        };
        Connection::open(authority)?.exchange(message.as_bytes(), false)
    }

    /// Logs in, so that the caller `session` can call.
    pub(super) fn log_in(&mut self, params: &[(String, String)]) -> Result<(), String> {
        let answer = self.call("session", "login", params, "json").map_err(|error| error.to_string())?;
        let text = answer.text();
        let key = unwrapped(&text).and_then(|tree| tree.get("sessionkey")?.text().map(str::to_owned));
        let key = key.ok_or_else(|| format!("login was answered {} {text}", answer.status))?;
        let lines = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let cookies: Vec<&str> = lines.filter_map(|(_, line)| line.split(';').next()).collect();
        self.session = Some(Session { cookie: cookies.join("; "), key });
        Ok(())
    }

    /// A call whose result we need: waits for the job, if it is one.
    pub(super) fn result(
        &self,
        caller: &str,
        command: &str,
        params: &[(String, String)],
    ) -> Result<Tree, String> {
        let accepted = self.accepted(caller, command, params)?;
        let Some(job) = accepted.get("jobid").and_then(Tree::text) else { return Ok(accepted) };
        let end = self.end_of(caller, job)?;
        match end.get("jobstatus").and_then(Tree::text) {
            Some("1") => Ok(end.get("jobresult").cloned().unwrap_or(end)),
            _ => Err(format!("the job of {command} ended with {end}")),
        }
    }

    /// A call as it is answered at once, without the envelope.
    pub(super) fn accepted(
        &self,
        caller: &str,
        command: &str,
        params: &[(String, String)],
    ) -> Result<Tree, String> {
        let answer = self.call(caller, command, params, "json").map_err(|error| error.to_string())?;
        let text = answer.text();
        let inner = unwrapped(&text).filter(|_| answer.status == 200);
        inner.ok_or_else(|| format!("{command} was answered {} {text}", answer.status))
    }

    /// A call that is answered with 431.
    pub(super) fn refused(
        &self,
        caller: &str,
        command: &str,
        params: &[(String, String)],
    ) -> Result<(), String> {
        let answer = self.call(caller, command, params, "json").map_err(|error| error.to_string())?;
        match answer.status {
            431 => Ok(()),
            other => Err(format!("{command} was answered {other} {}", answer.text())),
        }
    }

    /// What a job looks like when it is over.
    pub(super) fn end_of(&self, caller: &str, job: &str) -> Result<Tree, String> {
        let params = [("jobid".to_owned(), job.to_owned())];
        for _ in 0..POLLS {
            let tree = self.accepted(caller, "queryAsyncJobResult", &params)?;
            if tree.get("jobstatus").and_then(Tree::text) != Some("0") {
                return Ok(tree);
            }
        }
        Err(format!("the job {job} did not end"))
    }
}

/// A body without its envelope.
fn unwrapped(text: &str) -> Option<Tree> {
    Tree::from_json(text).and_then(|tree| tree.members().first().map(|(_, inner)| inner.clone()))
}

/// What went wrong with a cloud of ours, and what to do.
#[cfg(feature = "embedded")]
fn told(error: &crate::settings::SettingsError) -> String {
    format!("{} ({})", error.message, error.hint)
}

fn authority(url: &Url) -> String {
    let text = url.origin.authority();
    let bare = text.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err());
    if bare { format!("{text}:80") } else { text }
}

/// Recorded parameters in live names.
pub(super) fn translated(params: &Map<String, Value>, learnt: &Learnt) -> Vec<(String, String)> {
    params
        .iter()
        .map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            (name.clone(), learnt.translated(&text))
        })
        .collect()
}
