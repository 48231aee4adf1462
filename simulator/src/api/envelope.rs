//! Envelopes: what stands around a reply or a refusal in either format (section 4.1 and 5.2 of
//! the protocol). Standard bodies are here too, because upstream treats them as envelopes' own.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::error::{ApiError, Fault};
use super::sinful;
use crate::catalog::Command;
use crate::quirk::{Quirk, Quirks};
use crate::reply::{Field, Object, Reply, Value, json, xml};

/// The encoding of an answer (API-REQ-010).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `response=json`.
    Json,
    /// Everything else.
    Xml,
}

/// How a body is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// The encoding.
    pub format: Format,
    /// The version for the root element, where the caller is known (API-RSP-003).
    pub version: Option<&'a str>,
    /// Whether fields for administrators are shown.
    pub root_admin: bool,
    /// Whether texts are percent-encoded (API-RSP-043).
    pub encodes: bool,
    /// The sins of the world.
    pub quirks: Quirks,
}

/// Writes what a command answered.
#[must_use]
pub fn reply(style: &Style<'_>, command: Command, reply: Reply) -> String {
    let mut name = match style.quirks.has(Quirk::EnvelopesInCamelCase) {
        true => format!("{}response", command.name()).into(),
        false => envelope_name(style, command.response_name()),
    };
    let mut object_name = Cow::from(command.object().unwrap_or("null"));
    if style.quirks.has(Quirk::DirectoryNamesAreRegular) && command.name().to_lowercase().contains("ldap") {
        name = format!("{}response", command.name().to_lowercase()).into();
        object_name = command.name().to_lowercase().into();
    }
    if style.quirks.has(Quirk::OlderDirectoryCommandsAreAliases)
        && matches!(command.name(), "ldapConfig" | "ldapRemove")
    {
        name = "ldapconfigurationresponse".into();
        object_name = "LdapConfiguration".into();
    }
    let object_name = object_name.as_ref();
    let reply = &sinful::reply(style, encoded_reply(style, reply));
    match style.format {
        Format::Json => {
            let mut out = String::from("{");
            json::text(&mut out, &name);
            out.push(':');
            json_body(&mut out, style, object_name, reply);
            if style.quirks.has(Quirk::SecondMember) {
                out.push_str(",\"status\":\"ok\"");
            }
            out.push('}');
            sinful::json(style, out)
        }
        Format::Xml => {
            let mut out = xml_head(style, &name);
            xml_body(&mut out, style, object_name, reply);
            close(&mut out, &name);
            sinful::xml(style, out)
        }
    }
}

/// Writes the answer to an accepted job (API-RSP-051, API-RSP-052) or any other fields that
/// stand directly in the envelope.
#[must_use]
pub fn inline(style: &Style<'_>, name: &str, fields: &Object) -> String {
    let name = envelope_name(style, name);
    let fields = &encoded(style, fields);
    match style.format {
        Format::Json => {
            let mut out = String::from("{");
            json::text(&mut out, &name);
            out.push(':');
            json::object(&mut out, fields, style.root_admin);
            out.push('}');
            out
        }
        Format::Xml => {
            let mut out = xml_head(style, &name);
            xml::fields(&mut out, fields, style.root_admin);
            close(&mut out, &name);
            out
        }
    }
}

/// Writes a refusal.
#[must_use]
pub fn error(style: &Style<'_>, name: &str, error: &ApiError) -> String {
    let shows_class = error.shows_class || style.quirks.has(Quirk::ClassOnEveryRefusal);
    let class_code = || match style.quirks.has(Quirk::EveryClassIs4350) {
        true => Fault::InvalidParameter.class_code(),
        false => error.fault.class_code(),
    };
    let class = shows_class.then(class_code).filter(|_| !style.quirks.has(Quirk::NoClassCodes));
    let code = |code: u16| match style.quirks.has(Quirk::ErrorCodesAreText) {
        true => Value::from(code.to_string()),
        false => Value::from(code),
    };
    match style.format {
        Format::Json => {
            let named: Vec<Object> = error
                .about
                .iter()
                .map(|(uuid, field)| Object::new().with("uuid", *uuid).with("description", *field))
                .collect();
            let is_dropped = named.is_empty() && style.quirks.has(Quirk::ErrorsWithoutUuidList);
            let is_lowered = style.quirks.has(Quirk::UuidListInLowerCase);
            let missing = style.quirks.has(Quirk::MissingTextsAreNull).then_some("null");
            let fields = Object::new()
                .with(if is_lowered { "uuidlist" } else { "uuidList" }, (!is_dropped).then_some(named))
                .with("errorcode", code(error.code()))
                .with("cserrorcode", class.map(code))
                .with("errortext", error.text.as_deref().or(missing));
            sinful::json(style, inline(style, name, &fields))
        }
        Format::Xml => {
            let mut out = xml_head(style, name);
            if error.about.is_empty() && style.quirks.has(Quirk::XmlErrorsHaveAnEmptyList) {
                out.push_str("<uuidList></uuidList>");
            }
            for (uuid, field) in &error.about {
                out.push_str("<uuidList><uuid>");
                out.push_str(&uuid.to_string());
                out.push_str("</uuid>");
                if let Some(field) = field {
                    let is_kept = style.quirks.has(Quirk::UuidListKeepsItsNames);
                    xml::leaf(&mut out, if is_kept { "description" } else { "uuidProperty" }, field);
                }
                out.push_str("</uuidList>");
            }
            let fields = Object::new()
                .with("errorcode", error.code())
                .with("cserrorcode", class)
                .with("errortext", error.text.as_deref());
            xml::fields(&mut out, &fields, style.root_admin);
            close(&mut out, name);
            sinful::xml(style, out)
        }
    }
}

fn envelope_name<'n>(style: &Style<'_>, name: &'n str) -> Cow<'n, str> {
    if style.quirks.has(Quirk::EnvelopeWithoutResponse) {
        return name.strip_suffix("response").unwrap_or(name).into();
    }
    name.into()
}

fn encoded_reply(style: &Style<'_>, reply: Reply) -> Reply {
    if !style.encodes {
        return reply;
    }
    let one = |object: &Object| encoded(style, object).into_owned();
    match reply {
        Reply::Object(object) => Reply::Object(one(&object)),
        Reply::Inline(object) => Reply::Inline(one(&object)),
        Reply::List { count, items } => Reply::List { count, items: items.iter().map(one).collect() },
        Reply::Success(text) => Reply::Success(text.map(|text| percent_encoded(&text))),
        other => other,
    }
}

/// An object with its texts percent-encoded, if that is wanted. XML spares lists of texts and maps (API-RSP-043).
fn encoded<'o>(style: &Style<'_>, object: &'o Object) -> Cow<'o, Object> {
    if !style.encodes {
        return Cow::Borrowed(object);
    }
    let in_json = style.format == Format::Json;
    let one = |object: &Object| encoded(style, object).into_owned();
    let fields = object.fields.iter().map(|field| {
        let value = match &field.value {
            Value::Text(text) => Value::from(percent_encoded(text)),
            Value::Object(inner) => Value::from(one(inner)),
            Value::Objects(items) => Value::Objects(items.iter().map(one).collect()),
            Value::Texts(items) if in_json => {
                Value::Texts(items.iter().map(|item| percent_encoded(item)).collect())
            }
            Value::Map(entries) if in_json => {
                Value::Map(entries.iter().map(|(key, value)| (key.clone(), percent_encoded(value))).collect())
            }
            other => other.clone(),
        };
        Field { value, ..field.clone() }
    });
    Cow::Owned(Object { name: object.name, fields: fields.collect() })
}

/// A text as Java's URL encoder writes it, but for blanks (API-RSP-043).
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-*_".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a String takes every write");
        }
    }
    out
}

fn json_body(out: &mut String, style: &Style<'_>, object_name: &str, reply: &Reply) {
    match reply {
        Reply::List { count: 0, items } if items.is_empty() => {
            out.push_str(if style.quirks.has(Quirk::EmptyListsHaveACount) { "{\"count\":0}" } else { "{}" });
        }
        Reply::List { count, items } => {
            let count = if style.quirks.has(Quirk::CountIsThePage) { items.len() } else { *count };
            if style.quirks.has(Quirk::CountIsText) {
                out.push_str(&format!("{{\"count\":\"{count}\""));
            } else {
                out.push_str(&format!("{{\"count\":{count}"));
            }
            if !items.is_empty() {
                out.push(',');
                let name = items[0].name.unwrap_or(object_name);
                let plural = if style.quirks.has(Quirk::ListsArePlural) { "s" } else { "" };
                json::text(out, &format!("{name}{plural}"));
                out.push(':');
                json::array(out, items, style.root_admin);
            } else if style.quirks.has(Quirk::PagesPastTheEndHaveAList) {
                out.push(',');
                json::text(out, object_name);
                out.push_str(":[]");
            }
            out.push('}');
        }
        Reply::Object(object) if style.quirks.has(Quirk::ObjectsAreNotWrapped) => {
            json::object(out, object, style.root_admin);
        }
        Reply::Object(object) => {
            out.push('{');
            json::text(out, object.name.unwrap_or(object_name));
            out.push(':');
            json::object(out, object, style.root_admin);
            out.push('}');
        }
        other => json::object(out, &standard(style, other), style.root_admin),
    }
}

fn xml_body(out: &mut String, style: &Style<'_>, object_name: &str, reply: &Reply) {
    match reply {
        Reply::List { count: 0, items } if items.is_empty() => {}
        Reply::List { count, items } => {
            let container = style.quirks.has(Quirk::XmlListsHaveAContainer);
            xml::leaf(out, "count", &count.to_string());
            if container {
                out.push_str("<items>");
            }
            for item in items {
                xml::element(out, item.name.unwrap_or(object_name), item, style.root_admin);
            }
            if container {
                close(out, "items");
            }
        }
        Reply::Object(object) if style.quirks.has(Quirk::ObjectsAreNotWrapped) => {
            xml::fields(out, object, style.root_admin);
        }
        Reply::Object(object) => {
            xml::element(out, object.name.unwrap_or(object_name), object, style.root_admin);
        }
        other => xml::fields(out, &standard(style, other), style.root_admin),
    }
}

/// The fields of a reply that is not wrapped in an object name (API-RSP-006).
fn standard(style: &Style<'_>, reply: &Reply) -> Object {
    match reply {
        Reply::Success(text) if style.quirks.has(Quirk::SuccessIsText) => {
            Object::new().with("success", "true").with("displaytext", text.as_deref())
        }
        Reply::Success(text) => Object::new().with("success", true).with("displaytext", text.as_deref()),
        Reply::Inline(object) => object.clone(),
        _ => Object::new(),
    }
}

fn xml_head(style: &Style<'_>, name: &str) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><");
    out.push_str(name);
    if let Some(version) = style.version {
        out.push_str(" cloud-stack-version=\"");
        out.push_str(version);
        out.push('"');
    }
    out.push('>');
    out
}

fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}
