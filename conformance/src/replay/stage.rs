//! The cloud that a recording is played to, and calls to it in our own words.

use std::{collections::HashMap, io};

use serde_json::{Map, Value};

use super::{
    client::{Answer, Connection},
    learnt::Learnt,
    recording::Keys,
    tree::Tree,
};
use crate::{
    settings::Settings,
    wire::{http::Url, sign},
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

/// How often a job is asked for before we give up.
const POLLS: usize = 100;

/// A running cloud and who can call it.
pub(super) struct Live {
    /// `host:port` of the signed port.
    pub(super) api: String,
    /// `host:port` of the unauthenticated port.
    pub(super) integration: Option<String>,
    path: String,
    callers: HashMap<String, Caller>,
    #[cfg(feature = "embedded")]
    _cloud: Option<crate::embedded::Embedded>,
}

/// Somebody with keys.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) keys: Keys,
    /// The user's identifier, if we know it.
    pub(super) user: Option<String>,
}

impl Stage {
    /// A cloud with these settings, as far as we may choose them.
    pub(super) fn open(&self, settings: &[(String, String)]) -> Result<Live, String> {
        match self {
            #[cfg(feature = "embedded")]
            Self::Embedded => {
                let cloud = crate::embedded::Embedded::for_replay(settings)
                    .map_err(|error| format!("{} ({})", error.message, error.hint))?;
                let mut live = Live::of(&cloud.settings())?;
                live._cloud = Some(cloud);
                live.give_keys_to_admin()?;
                Ok(live)
            }
            Self::Target(target) if settings.is_empty() => Live::of(target),
            Self::Target(_) => Err("settings of a named target are not changed".to_owned()),
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
            path: endpoint.path,
            callers: HashMap::from([("admin".to_owned(), admin.clone()), ("root".to_owned(), admin)]),
            #[cfg(feature = "embedded")]
            _cloud: None,
        })
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

    /// A call in our own words: signed, or on the integration port if the caller is `integration`.
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
        let (authority, path) = if caller == "integration" {
            let port = self.integration.as_deref().ok_or_else(|| refuse("there is no integration port"))?;
            (port, "/")
        } else {
            let keys = &self.caller(caller).ok_or_else(|| refuse("the caller has no keys"))?.keys;
            params.push(("apiKey".to_owned(), keys.apikey.clone()));
            let signature = sign::signature(&keys.secretkey, &sign::canonical(&params));
            params.push(("signature".to_owned(), signature));
            (self.api.as_str(), self.path.as_str())
        };
        let items: Vec<String> = params
            .iter()
            .map(|(name, value)| format!("{}={}", sign::escape(name), sign::escape(value)))
            .collect();
        let query = items.join("&");
        // What is too long for a request line goes into a form.
        let message = if query.len() < 6000 {
            format!("GET {path}?{query} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")
        } else {
            format!(
                "POST {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{query}",
                query.len()
            )
        };
        Connection::open(authority)?.exchange(message.as_bytes(), false)
    }

    /// A call whose result we need: waits for the job, if it is one.
    pub(super) fn result(
        &self,
        caller: &str,
        command: &str,
        params: &[(String, String)],
    ) -> Result<Tree, String> {
        let answer = self.call(caller, command, params, "json").map_err(|error| error.to_string())?;
        let text = answer.text();
        let inner = |text: &str| {
            Tree::from_json(text).and_then(|tree| tree.members().first().map(|(_, inner)| inner.clone()))
        };
        let refused = || format!("{command} was answered {} {text}", answer.status);
        let inner_tree = inner(&text).filter(|_| answer.status == 200).ok_or_else(refused)?;
        let Some(job) = inner_tree.get("jobid").and_then(Tree::text) else { return Ok(inner_tree) };
        for _ in 0..POLLS {
            let job = [("jobid".to_owned(), job.to_owned())];
            let poll =
                self.call(caller, "queryAsyncJobResult", &job, "json").map_err(|error| error.to_string())?;
            let text = poll.text();
            let tree = inner(&text).ok_or_else(|| format!("a poll was answered {} {text}", poll.status))?;
            match tree.get("jobstatus").and_then(Tree::text) {
                Some("0") => {}
                Some("1") => return Ok(tree.get("jobresult").cloned().unwrap_or(tree)),
                _ => return Err(format!("the job of {command} ended with {text}")),
            }
        }
        Err(format!("the job of {command} did not end"))
    }
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
