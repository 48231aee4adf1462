//! The verbs of checks: each says one thing about a reply and returns what came instead.
//!
//! They add to [`Reply`] and [`Page`]; getting a reply is [`wire`](crate::wire)'s business.

use std::fmt;

use crate::{
    check::{Mismatch, Stop},
    wire::{
        api::{Format, Reply},
        decode::Node,
        job::Job,
        parity,
        router::Page,
    },
};

impl Reply {
    /// Succeeds with an envelope and without an error.
    pub fn expect_success(&self) -> Result<(), Stop> {
        self.success().map(|_| ())
    }

    /// The status, whatever the body.
    pub fn expect_status(&self, expected: u16) -> Result<(), Stop> {
        self.expect_equal("status", expected, self.status())
    }

    /// Fails with this code, in the status and in the body.
    pub fn expect_error(&self, expected: u16) -> Result<(), Stop> {
        self.expect_status(expected)?;
        match self.body().get("errorcode").and_then(Node::integer) {
            Some(code) if code == i64::from(expected) => Ok(()),
            Some(code) => Err(self.mismatch("errorcode", expected, code)),
            None => Err(self.mismatch("errorcode", expected, "absent")),
        }
    }

    /// Fails with this code and this text.
    pub fn expect_error_text(&self, code: u16, text: &str) -> Result<(), Stop> {
        self.expect_error(code)?;
        self.expect_equal("errortext", text, self.error_text().as_deref().unwrap_or("absent"))
    }

    /// Refused with this code and a text that starts like this.
    pub fn expect_error_start(&self, code: u16, start: &str) -> Result<(), Stop> {
        self.expect_error(code)?;
        let text = self.error_text().unwrap_or_default();
        let found: String = text.chars().take(start.chars().count()).collect();
        self.expect_equal("the start of errortext", start, found)
    }

    /// Refused with 431, because the value names nothing (JOB-011).
    pub fn expect_unknown(&self, command: &str, parameter: &str, value: &str) -> Result<(), Stop> {
        let text = format!(
            "Unable to execute API command {} due to invalid value. Invalid parameter {parameter} value={value} due to \
             incorrect long value format, or entity does not exist or due to incorrect parameter annotation for the \
             field in api cmd class.",
            command.to_lowercase()
        );
        self.expect_error_text(431, &text)
    }

    /// Has a field below the envelope with this value, compared as text.
    pub fn expect_field(&self, path: &str, expected: impl fmt::Display) -> Result<(), Stop> {
        let actual = self.body().at(path);
        let expected = expected.to_string();
        match actual {
            Some(node) if node.text().as_deref() == Some(&expected) => Ok(()),
            Some(node) => Err(self.mismatch(path, expected, node)),
            None => Err(self.mismatch(path, expected, "absent")),
        }
    }

    /// Has a field below the envelope, whatever its value. Returns it.
    pub fn expect_present(&self, path: &str) -> Result<&Node, Stop> {
        self.body().at(path).ok_or_else(|| self.mismatch(path, "present", "absent"))
    }

    /// Has no such field below the envelope.
    pub fn expect_absent(&self, path: &str) -> Result<(), Stop> {
        match self.body().at(path) {
            None => Ok(()),
            Some(node) => Err(self.mismatch(path, "absent", node)),
        }
    }

    /// Has a field of this JSON type below the envelope. XML knows only text, so there presence is enough.
    pub fn expect_kind(&self, path: &str, kind: &str) -> Result<(), Stop> {
        let node = self.expect_present(path)?;
        if self.format == Format::Xml || node.kind() == kind {
            Ok(())
        } else {
            Err(self.mismatch(path, kind, format!("{} {node}", node.kind())))
        }
    }

    /// The envelope has this name.
    pub fn expect_envelope(&self, expected: &str) -> Result<(), Stop> {
        let actual = self.envelope().map_or("no envelope", |(name, _)| name);
        self.expect_equal("envelope", expected, actual)
    }

    /// A header has this value; names of headers ignore case, values do not.
    pub fn expect_header(&self, name: &str, expected: &str) -> Result<(), Stop> {
        let actual = self.answer.header(name).unwrap_or("absent");
        self.expect_equal(&format!("header {name}"), expected, actual)
    }

    /// There is no such header.
    pub fn expect_no_header(&self, name: &str) -> Result<(), Stop> {
        match self.answer.header(name) {
            None => Ok(()),
            Some(value) => Err(self.mismatch(format!("header {name}"), "absent", value)),
        }
    }

    /// The list has this many elements.
    pub fn expect_items(&self, name: &str, expected: usize) -> Result<(), Stop> {
        self.success()?;
        self.expect_equal(
            name,
            format!("{expected} elements"),
            format!("{} elements", self.body().items(name).len()),
        )
    }

    /// The same bytes as another reply.
    pub fn expect_body_of(&self, other: &Self) -> Result<(), Stop> {
        match first_difference(&other.answer.body, &self.answer.body) {
            None => Ok(()),
            Some((at, expected, actual)) => Err(self.mismatch(at, expected, actual)),
        }
    }

    /// The same facts as a reply in the other format.
    pub fn expect_facts_of(&self, json: &Self) -> Result<(), Stop> {
        match parity::difference(json.body(), self.body()) {
            None => Ok(()),
            Some(part) => Err(self.mismatch(part.at, format!("{} as in JSON", part.json), part.xml)),
        }
    }

    /// Two values agree.
    pub fn expect_equal<T: fmt::Display + PartialEq<U>, U: fmt::Display>(
        &self,
        at: &str,
        expected: T,
        actual: U,
    ) -> Result<(), Stop> {
        if expected == actual { Ok(()) } else { Err(self.mismatch(at, expected, actual)) }
    }
}

impl Job {
    /// Ended well.
    pub fn expect_success(&self) -> Result<(), Stop> {
        if self.succeeded {
            return Ok(());
        }
        Err(self.reply.mismatch("jobstatus", "1", format!("2 with {}", self.result)))
    }

    /// Ended badly, with this code.
    pub fn expect_failure(&self, code: u16) -> Result<(), Stop> {
        if self.succeeded {
            return Err(self.reply.mismatch("jobstatus", "2", "1"));
        }
        self.reply.expect_field("jobresult.errorcode", code)
    }

    /// Ended badly, with this code and text.
    pub fn expect_failure_text(&self, code: u16, text: &str) -> Result<(), Stop> {
        self.expect_failure(code)?;
        self.reply.expect_field("jobresult.errortext", text)
    }
}

impl Page {
    /// The status.
    pub fn expect_status(&self, expected: u16) -> Result<(), Stop> {
        if self.answer.status == expected {
            Ok(())
        } else {
            Err(self.mismatch("status", expected, self.answer.status))
        }
    }

    /// Something that is worked out from the page.
    pub fn expect_equal(
        &self,
        at: impl Into<String>,
        expected: impl fmt::Display + PartialEq<String>,
        actual: String,
    ) -> Result<(), Stop> {
        if expected == actual { Ok(()) } else { Err(self.mismatch(at, expected, actual)) }
    }

    /// The body, byte for byte.
    pub fn expect_body(&self, expected: &str) -> Result<(), Stop> {
        match first_difference(expected.as_bytes(), &self.answer.body) {
            None => Ok(()),
            Some((at, expected, actual)) => Err(self.mismatch(at, expected, actual)),
        }
    }

    /// The same status and the same bytes as another page.
    pub fn expect_body_of(&self, other: &Self) -> Result<(), Stop> {
        self.expect_status(other.answer.status)?;
        match first_difference(&other.answer.body, &self.answer.body) {
            None => Ok(()),
            Some((at, expected, actual)) => Err(self.mismatch(at, expected, actual)),
        }
    }

    /// A header has this value.
    pub fn expect_header(&self, name: &str, expected: &str) -> Result<(), Stop> {
        match self.answer.header(name) {
            Some(actual) if actual == expected => Ok(()),
            actual => Err(self.mismatch(format!("header {name}"), expected, actual.unwrap_or("absent"))),
        }
    }

    /// There is no such header.
    pub fn expect_no_header(&self, name: &str) -> Result<(), Stop> {
        match self.answer.header(name) {
            None => Ok(()),
            Some(value) => Err(self.mismatch(format!("header {name}"), "absent", value)),
        }
    }

    /// A mismatch that points at this exchange.
    pub fn mismatch(
        &self,
        at: impl Into<String>,
        expected: impl fmt::Display,
        actual: impl fmt::Display,
    ) -> Stop {
        Mismatch::new(at, expected, actual).in_exchange(self.exchange).into()
    }
}

/// A value that does not come from one reply.
pub fn expect_equal<T: fmt::Display + PartialEq<U>, U: fmt::Display>(
    at: &str,
    expected: T,
    actual: U,
) -> Result<(), Stop> {
    if expected == actual { Ok(()) } else { Err(Mismatch::new(at, expected, actual).into()) }
}

/// Where two bodies part, with a little of what follows.
fn first_difference(expected: &[u8], actual: &[u8]) -> Option<(String, String, String)> {
    if expected == actual {
        return None;
    }
    let same = expected.iter().zip(actual).take_while(|(left, right)| left == right).count();
    let excerpt = |body: &[u8]| match body.get(same..) {
        Some(rest) if !rest.is_empty() => {
            format!("{:?}", String::from_utf8_lossy(&rest[..rest.len().min(40)]))
        }
        _ => "the end".to_owned(),
    };
    Some((format!("body, byte {same}"), excerpt(expected), excerpt(actual)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_part_where_they_part() {
        assert_eq!(first_difference(b"same", b"same"), None);
        let (at, expected, actual) = first_difference(b"abc", b"abd").unwrap();
        assert_eq!((at.as_str(), expected.as_str(), actual.as_str()), ("body, byte 2", "\"c\"", "\"d\""));
        assert_eq!(first_difference(b"ab", b"abc").unwrap().1, "the end");
    }
}
