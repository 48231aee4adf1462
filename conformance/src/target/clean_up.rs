//! Removing what checks made, and only that.

use super::{Target, lock};
use crate::{
    check::Stop,
    ledger::{Entry, Inverse, filters, inverse},
    wire::decode::Node,
};

impl Target {
    /// Notes that something is gone.
    pub(super) fn strike(&self, entry: &Entry) {
        if let Some(ledger) = &self.shared.ledger {
            // A line that is missing here costs the next clean-up one more question, nothing else.
            ledger.gone(entry.number).ok();
        }
    }

    /// Removes what the check at hand made, the last first. Returns what could not be removed.
    pub fn clean_up(&self) -> Vec<Entry> {
        let mut made = std::mem::take(&mut *lock(&self.scope.made));
        made.reverse();
        self.remove(made)
    }

    /// Removes these and only these. What is refused is asked for again once others are gone, because it may have been
    /// in use by them.
    pub fn remove(&self, entries: Vec<Entry>) -> Vec<Entry> {
        let sweeping = self.for_check(&self.scope.check);
        let mut left = entries;
        loop {
            let before = left.len();
            left.retain(|entry| match sweeping.remove_one(entry) {
                Ok(true) => {
                    self.strike(entry);
                    false
                }
                Ok(false) | Err(_) => true,
            });
            if left.is_empty() || left.len() == before {
                return left;
            }
        }
    }

    /// Whether it is gone now.
    fn remove_one(&self, entry: &Entry) -> Result<bool, Stop> {
        let Some(inverse) = inverse(&entry.command) else { return Ok(false) };
        let id = match (&entry.id, &entry.name) {
            (Some(id), _) => id.clone(),
            (None, Some(name)) => {
                let Some(rows) = self.rows(&inverse, "keyword", name)? else { return Ok(false) };
                let is_it =
                    |row: &&Node| row.members().iter().any(|(_, value)| value.text().as_ref() == Some(name));
                let found: Vec<&Node> = rows.iter().filter(is_it).collect();
                match found.as_slice() {
                    [] => return Ok(true),
                    [only] => match only.text_at(inverse.by) {
                        Some(id) => id,
                        None => return Ok(false),
                    },
                    _ => return Ok(false),
                }
            }
            (None, None) => return Ok(false),
        };

        let mut request = self.api(&inverse.command).param(inverse.by, &id);
        for (name, value) in inverse.params {
            request = request.param(name, value);
        }
        let reply = request.send()?;
        match reply.success() {
            Ok(body) => match body.text_at("jobid") {
                Some(_) => Ok(reply.finish_job()?.succeeded),
                None => Ok(true),
            },
            // The check has removed it, or its creation failed later; 431 alone says as little as "in use".
            Err(_) if inverse.list.is_some() => {
                let rows = self.rows(&inverse, inverse.by, &id)?;
                Ok(rows.is_some_and(|rows| {
                    !rows.iter().any(|row| row.text_at(inverse.by).as_ref() == Some(&id))
                }))
            }
            Err(_) => Ok(reply.status() == 431),
        }
    }

    /// What the list of such things shows under a condition; nothing if it cannot be asked. An id that the target does
    /// not know is refused with 431 (API-ERR-023), which shows no row.
    fn rows(&self, inverse: &Inverse, condition: &str, value: &str) -> Result<Option<Vec<Node>>, Stop> {
        let Some(list) = &inverse.list else { return Ok(None) };
        for filter in filters(list) {
            let mut request = self.api(list).param(condition, value).param("listall", "true");
            if let Some((name, value)) = filter {
                request = request.param(name, value);
            }
            let reply = request.send()?;
            match reply.success() {
                Ok(body) => {
                    let rows = body.members().iter().flat_map(|(_, value)| match value {
                        Node::List(items) => items.clone(),
                        Node::Object(_) => vec![value.clone()],
                        _ => Vec::new(),
                    });
                    return Ok(Some(rows.collect()));
                }
                Err(_) if reply.status() == 431 => return Ok(Some(Vec::new())),
                Err(_) => {}
            }
        }
        Ok(None)
    }
}
