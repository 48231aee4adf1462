//! Envelopes: what stands around a reply or a refusal in either format (section 4.1 and 5.2 of
//! the protocol). Standard bodies are here too, because upstream treats them as envelopes' own.

use super::error::{ApiError, Fault};
use crate::catalog::Command;
use crate::quirk::{Quirk, Quirks};
use crate::reply::{Object, Reply, json, xml};

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
    /// The sins of the world.
    pub quirks: Quirks,
}

/// Writes what a command answered.
#[must_use]
pub fn reply(style: &Style<'_>, command: Command, reply: &Reply) -> String {
    let name = envelope_name(style, command.response_name());
    let object_name = command.object().unwrap_or("null");
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
            sinful_json(style, out)
        }
        Format::Xml => {
            let mut out = xml_head(style, &name);
            xml_body(&mut out, style, object_name, reply);
            close(&mut out, &name);
            sinful_xml(style, out)
        }
    }
}

/// Writes the answer to an accepted job (API-RSP-051, API-RSP-052) or any other fields that
/// stand directly in the envelope.
#[must_use]
pub fn inline(style: &Style<'_>, name: &str, fields: &Object) -> String {
    let name = envelope_name(style, name);
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
    let class = shows_class.then(class_code);
    match style.format {
        Format::Json => {
            let named: Vec<Object> = error
                .about
                .iter()
                .map(|(uuid, field)| Object::new().with("uuid", *uuid).with("description", *field))
                .collect();
            let is_dropped = named.is_empty() && style.quirks.has(Quirk::ErrorsWithoutUuidList);
            let fields = Object::new()
                .with("uuidList", (!is_dropped).then_some(named))
                .with("errorcode", error.code())
                .with("cserrorcode", class)
                .with("errortext", error.text.as_deref());
            inline(style, name, &fields)
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
                    xml::leaf(&mut out, "uuidProperty", field);
                }
                out.push_str("</uuidList>");
            }
            let fields = Object::new()
                .with("errorcode", error.code())
                .with("cserrorcode", class)
                .with("errortext", error.text.as_deref());
            xml::fields(&mut out, &fields, style.root_admin);
            close(&mut out, name);
            sinful_xml(style, out)
        }
    }
}

fn envelope_name(style: &Style<'_>, name: &str) -> String {
    if style.quirks.has(Quirk::EnvelopeWithoutResponse) {
        return name.strip_suffix("response").unwrap_or(name).to_owned();
    }
    name.to_owned()
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
                json::text(out, items[0].name.unwrap_or(object_name));
                out.push(':');
                json::array(out, items, style.root_admin);
            }
            out.push('}');
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
            xml::leaf(out, "count", &count.to_string());
            for item in items {
                xml::element(out, item.name.unwrap_or(object_name), item, style.root_admin);
            }
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

/// The sins of the JSON writer, likewise.
fn sinful_json(style: &Style<'_>, mut text: String) -> String {
    let sins: [(Quirk, &[(&str, &str)]); 4] = [
        (Quirk::JsonDatesEndInZ, &[("+0000\"", "Z\"")]),
        (Quirk::FlagsAreText, &[(":true", ":\"true\""), (":false", ":\"false\"")]),
        (Quirk::FieldsInCamelCase, &[("\"zoneid\":", "\"zoneId\":"), ("\"dns1\":", "\"dnsOne\":")]),
        (Quirk::IdIsCalledUuid, &[("\"id\":", "\"uuid\":")]),
    ];
    for (quirk, changes) in sins {
        if style.quirks.has(quirk) {
            text = changes.iter().fold(text, |text, (from, to)| text.replace(from, to));
        }
    }
    text
}

/// The sins of the XML writer, which knows nothing of worlds, committed on what it wrote.
fn sinful_xml(style: &Style<'_>, mut text: String) -> String {
    if style.quirks.has(Quirk::XmlIsNotEscaped) {
        for (escaped, plain) in
            [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
        {
            text = text.replace(escaped, plain);
        }
    }
    if style.quirks.has(Quirk::XmlDropsFalse) {
        while let Some(value) = text.find(">false</") {
            let (Some(start), Some(length)) = (text[..value].rfind('<'), text[value + 1..].find('>')) else {
                break;
            };
            text.replace_range(start..value + 1 + length + 1, "");
        }
    }
    text
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
