//! The rules that hold for every reply of the API, checked once, here, whatever the reply was asked for.
//!
//! A broken one does not stop the check at hand; it is filed under the rule's own check in
//! [`checks::envelope`](crate::checks).

use super::{
    api::{Format, Reply},
    decode::{DecodeError, Node},
};
use crate::{catalog, check::Mismatch};

/// A rule and the check that it is filed under.
pub struct Rule {
    /// The id of the check.
    pub check: &'static str,
    judge: fn(&Reply) -> Result<(), Mismatch>,
}

/// Every universal rule.
pub const RULES: &[Rule] = &[
    Rule { check: "envelope/content-type", judge: content_type },
    Rule { check: "envelope/well-formed", judge: well_formed },
    Rule { check: "envelope/one-member", judge: one_member },
    Rule { check: "envelope/name", judge: name },
    Rule { check: "envelope/status-equals-errorcode", judge: status },
    Rule { check: "envelope/known-errorcode", judge: known_code },
    Rule { check: "envelope/no-cross-origin-headers", judge: no_cross_origin },
];

/// The rules that a reply breaks.
pub(crate) fn broken(reply: &Reply) -> Vec<(&'static str, Mismatch)> {
    RULES
        .iter()
        .filter_map(|rule| {
            let mismatch = (rule.judge)(reply).err()?;
            Some((rule.check, mismatch.in_exchange(reply.exchange)))
        })
        .collect()
}

/// API-HTTP-020 and -021.
fn content_type(reply: &Reply) -> Result<(), Mismatch> {
    let expected = match reply.format {
        Format::Json => "application/json;charset=utf-8",
        Format::Xml => "text/xml;charset=utf-8",
    };
    let actual = reply.answer.header("content-type").unwrap_or("absent");
    // White space and letter case carry no meaning here.
    let plain = |text: &str| text.replace(' ', "").to_ascii_lowercase();
    if plain(actual) == expected {
        Ok(())
    } else {
        Err(Mismatch::new("header content-type", expected, actual))
    }
}

/// API-RSP-001 and -002.
fn well_formed(reply: &Reply) -> Result<(), Mismatch> {
    match &reply.document {
        Ok(_) => Ok(()),
        Err(DecodeError(_)) if reply.answer.body.is_empty() => {
            Err(Mismatch::new("body", format!("well-formed {}", reply.format), "an empty body"))
        }
        Err(DecodeError(reason)) => {
            Err(Mismatch::new("body", format!("well-formed {}", reply.format), reason))
        }
    }
}

/// API-RSP-001.
fn one_member(reply: &Reply) -> Result<(), Mismatch> {
    match &reply.document {
        Ok(Node::Object(members)) if members.len() == 1 => Ok(()),
        Ok(Node::Object(members)) => {
            let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            Err(Mismatch::new("body", "one member", format!("{} members: {}", names.len(), names.join(", "))))
        }
        Ok(other) => Err(Mismatch::new("body", "one member", format!("a bare {}", other.kind()))),
        Err(_) => Ok(()),
    }
}

/// API-RSP-004 and API-ERR-012.
fn name(reply: &Reply) -> Result<(), Mismatch> {
    let (Some((actual, body)), Some(command)) = (reply.envelope(), reply.command.as_deref()) else {
        return Ok(());
    };
    let known = catalog::find(command);
    let code = body.get("errorcode").and_then(Node::integer);
    let own = known.map(|command| if code.is_some() { command.error_name } else { command.response_name });
    let fits = match (own, code) {
        (_, Some(432)) => actual == "errorresponse",
        (None, Some(_)) => actual == "errorresponse" || actual.ends_with("response"),
        (None, None) => true,
        (Some(own), _) => {
            actual == own
                || code.is_some() && actual == "errorresponse" && !reply.target.is_known_to_list(command)
        }
    };
    let expected = if code == Some(432) { "errorresponse" } else { own.unwrap_or("errorresponse") };
    if fits { Ok(()) } else { Err(Mismatch::new("envelope", expected, actual)) }
}

/// API-HTTP-024.
fn status(reply: &Reply) -> Result<(), Mismatch> {
    let Some((_, body)) = reply.envelope() else { return Ok(()) };
    let status = i64::from(reply.answer.status);
    match body.get("errorcode").map(|code| (code, code.integer())) {
        Some((_, Some(code))) if code == status => Ok(()),
        Some((code, _)) => Err(Mismatch::new("errorcode", format!("{status}, as the status"), code)),
        None if status == 200 => Ok(()),
        None => Err(Mismatch::new("errorcode", format!("{status}, as the status"), "absent")),
    }
}

/// API-ERR-001: the table is closed.
fn known_code(reply: &Reply) -> Result<(), Mismatch> {
    const CODES: &[i64] =
        &[400, 401, 405, 429, 430, 431, 432, 500, 503, 511, 530, 531, 532, 533, 534, 535, 536, 537];
    let code = reply.envelope().and_then(|(_, body)| body.get("errorcode")?.integer());
    match code {
        Some(code) if !CODES.contains(&code) => {
            Err(Mismatch::new("errorcode", "a code of the API's table", code))
        }
        _ => Ok(()),
    }
}

/// API-HTTP-005.
fn no_cross_origin(reply: &Reply) -> Result<(), Mismatch> {
    match reply.answer.headers.iter().find(|(name, _)| name.starts_with("access-control-")) {
        Some((name, value)) => Err(Mismatch::new(format!("header {name}"), "absent", value)),
        None => Ok(()),
    }
}
