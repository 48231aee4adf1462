//! What a check makes: noted before it is sent, and struck when it is gone again.

use super::{Target, lock};
use crate::{
    ledger::{Entry, Ledger, inverse},
    wire::{ExchangeError, api::Reply, decode::Node},
};

impl Target {
    /// Notes a creation in the ledger before it is sent.
    pub(crate) fn before_creating(
        &self,
        command: &str,
        params: &[(String, String)],
    ) -> Result<Option<Entry>, ExchangeError> {
        if inverse(command).is_none() {
            return Ok(None);
        }
        let ours = format!("cc-{}-", self.shared.run);
        let name = params.iter().map(|(_, value)| value).find(|value| value.starts_with(&ours)).cloned();
        let entry = Entry {
            number: 0,
            run: self.shared.run.clone(),
            endpoint: self.endpoint().unwrap_or_default().to_owned(),
            check: self.scope.check.clone(),
            command: command.to_owned(),
            name,
            id: None,
        };
        match &self.shared.ledger {
            Some(ledger) => ledger.creating(entry).map(Some).map_err(|source| unwritten(ledger, source)),
            None => Ok(Some(entry)),
        }
    }

    /// Notes the outcome of a creation.
    pub(crate) fn after_creating(&self, entry: Option<Entry>, reply: &Reply) -> Result<(), ExchangeError> {
        let Some(mut entry) = entry else { return Ok(()) };
        let by = inverse(&entry.command).map_or("id", |inverse| inverse.by);
        let id = match reply.body() {
            _ if reply.status() != 200 => None,
            body => body.text_at(by).or_else(|| {
                let objects = body
                    .members()
                    .iter()
                    .filter(|(_, value)| matches!(value, Node::Object(_) | Node::List(_)));
                objects.map(|(name, _)| name).find_map(|name| body.text_at(&format!("{name}.{by}")))
            }),
        };
        if let Some(ledger) = &self.shared.ledger {
            let written = match &id {
                Some(id) => ledger.created(entry.number, id),
                None => ledger.gone(entry.number),
            };
            written.map_err(|source| unwritten(ledger, source))?;
        }
        if id.is_some() {
            entry.id = id;
            lock(&self.scope.made).push(entry);
        }
        Ok(())
    }

    /// Notes that a check has removed what it made.
    pub(crate) fn after_removing(&self, command: &str, params: &[(String, String)], reply: &Reply) {
        if reply.status() != 200 {
            return;
        }
        let is_removed = |entry: &Entry| {
            inverse(&entry.command).is_some_and(|inverse| {
                let named = params.iter().find(|(name, _)| name == inverse.by).map(|(_, value)| value);
                let is_whole = inverse
                    .params
                    .iter()
                    .all(|(name, value)| params.iter().any(|(other, sent)| name == other && value == sent));
                inverse.command == command && is_whole && named.is_some() && named == entry.id.as_ref()
            })
        };
        // A removal by job may still fail: it counts when the job has ended well.
        if let Some(job) = reply.body().text_at("jobid") {
            let made = lock(&self.scope.made);
            let ids = made.iter().filter(|entry| is_removed(entry)).filter_map(|entry| entry.id.clone());
            lock(&self.scope.removing).extend(ids.map(|id| (job.clone(), id)));
            return;
        }
        self.forget_made(is_removed);
    }

    /// Notes that a job has ended well, which may have removed something that the check made.
    pub(crate) fn after_job(&self, job: &str) {
        let removing = lock(&self.scope.removing).clone();
        self.forget_made(|entry| {
            removing.iter().any(|(other, id)| other == job && Some(id) == entry.id.as_ref())
        });
    }

    /// Notes that things are gone with the account that had them. An address of it may be somebody else's by now.
    pub(crate) fn gone_with_owner<'a>(&self, ids: impl Iterator<Item = &'a str>) {
        let ids: Vec<&str> = ids.collect();
        self.forget_made(|entry| entry.id.as_deref().is_some_and(|id| ids.contains(&id)));
    }

    fn forget_made(&self, is_removed: impl Fn(&Entry) -> bool) {
        lock(&self.scope.made).retain(|entry| {
            let removed = is_removed(entry);
            if removed {
                self.strike(entry);
            }
            !removed
        });
    }
}

/// A ledger that cannot be written: nothing may be made that it would not know of.
fn unwritten(ledger: &Ledger, source: std::io::Error) -> ExchangeError {
    ExchangeError::Ledger { path: ledger.path().display().to_string(), source }
}
