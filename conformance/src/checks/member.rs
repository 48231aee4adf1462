//! A person of a check's own: an account with one user who can log in. Removed with the check.

use super::prelude::*;
use crate::wire::{
    ExchangeError,
    api::{ApiRequest, Session},
    job::Job,
};

/// An account with one user.
pub(super) struct Member<'t> {
    target: &'t Target,
    /// The id of the account.
    pub(super) account: String,
    /// The id of the user.
    pub(super) user: String,
    /// The name of the user and of the account.
    pub(super) name: String,
    pub(super) password: String,
    pub(super) email: String,
    /// The id of the domain.
    pub(super) domain: String,
    /// `/customers`, without a slash at the end; nothing for the root domain.
    pub(super) path: String,
}

impl<'t> Member<'t> {
    /// An ordinary user in our own domain.
    pub(super) fn new(target: &'t Target) -> Result<Self, Stop> {
        Self::of(target, None, None)
    }

    /// An ordinary user in a domain of its own.
    pub(super) fn in_a_domain(target: &'t Target) -> Result<Self, Stop> {
        let reply = target.api("createDomain").param("name", target.fresh_name("domain")).send()?;
        Self::of(target, Some(text(&reply, "domain.id")?), None)
    }

    /// Another one with the address of this one, in the same domain.
    pub(super) fn namesake(&self) -> Result<Self, Stop> {
        Self::of(self.target, Some(self.domain.clone()), Some(self.email.clone()))
    }

    fn of(target: &'t Target, domain: Option<String>, email: Option<String>) -> Result<Self, Stop> {
        let (name, password) = (target.fresh_name("member"), target.fresh_name("Password"));
        let email = email.unwrap_or_else(|| format!("{name}@example.invalid"));
        let mut request = target
            .api("createAccount")
            .param("accounttype", 0)
            .param("account", &name)
            .param("username", &name)
            .param("password", &password)
            .param("firstname", "Of")
            .param("lastname", "a check")
            .param("email", &email)
            .post();
        if let Some(domain) = domain {
            request = request.param("domainid", domain);
        }
        let reply = request.send()?;
        let path = text(&reply, "account.domainpath").or_else(|_| text(&reply, "account.domain"))?;
        Ok(Self {
            target,
            account: text(&reply, "account.id")?,
            user: text(&reply, "account.user.id")?,
            domain: text(&reply, "account.domainid")?,
            path: path.strip_prefix("ROOT").unwrap_or(&path).trim_end_matches('/').to_owned(),
            name,
            password,
            email,
        })
    }

    /// A login by POST, before it is sent.
    pub(super) fn login_request(&self) -> ApiRequest<'t> {
        let request = self.target.api("login").unsigned().param("username", &self.name);
        request.param("password", &self.password).param("domainid", &self.domain).post()
    }

    /// Logs in.
    pub(super) fn login(&self) -> Result<Session, Stop> {
        self.login_request().send()?.session()
    }

    /// Tries a wrong password.
    pub(super) fn wrong_login(&self) -> Result<Reply, Stop> {
        self.login_request().altered("password", "not-the-password").send()
    }

    /// New keys of the user, and a harmless call with them.
    pub(super) fn signed(&self) -> Result<impl Fn() -> ApiRequest<'t>, Stop> {
        let reply = self.target.api("registerUserKeys").param("id", &self.user).send()?;
        let (key, secret) = (text(&reply, "userkeys.apikey")?, text(&reply, "userkeys.secretkey")?);
        let target = self.target;
        Ok(move || target.api("listZones").key(&key).secret(&secret))
    }

    /// A command about the user, which must succeed.
    pub(super) fn user_command(&self, command: &str, more: &[(&str, &str)]) -> Result<(), Stop> {
        settle(self.target.api(command).param("id", &self.user), more)
    }

    /// A command about the account, which must succeed.
    pub(super) fn account_command(&self, command: &str, more: &[(&str, &str)]) -> Result<(), Stop> {
        settle(self.target.api(command).param("id", &self.account), more)
    }
}

/// Sends it, and waits for its job if it has one.
fn settle(request: ApiRequest<'_>, more: &[(&str, &str)]) -> Result<(), Stop> {
    let reply = more.iter().fold(request, |request, (name, value)| request.param(name, value)).send()?;
    match reply.success()?.get("jobid") {
        Some(_) => reply.finish_job().and_then(|job: Job| job.expect_success()),
        None => Ok(()),
    }
}

/// A harmless call in a session.
pub(super) fn call(target: &Target, session: &Session) -> Result<Reply, Stop> {
    target.api("listZones").session(session).send()
}

/// A text that the reply must have for the check to go on.
pub(super) fn text(reply: &Reply, path: &str) -> Result<String, Stop> {
    let node = reply.success()?.at(path);
    let missing = || ExchangeError::Fault(format!("{:?} answered no {path}", reply.command));
    Ok(node.and_then(Node::text).ok_or_else(missing)?)
}
