//! Replies in JSON and XML, read into one small tree.
//!
//! Members keep their order and their repetitions, so that a doubled key is seen and not swallowed. Whether both
//! formats say the same is answered by [`parity`](super::parity).

use std::fmt;

use quick_xml::events::Event;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// A value of a reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// JSON's `null`, which no reply should contain (API-RSP-020).
    Null,
    /// A truth value; XML has only text.
    Bool(bool),
    /// A number; XML has only text.
    Number(serde_json::Number),
    /// A text; an XML element without children.
    Text(String),
    /// A JSON array; XML repeats a member instead.
    List(Vec<Self>),
    /// Members in order, repetitions included.
    Object(Vec<(String, Self)>),
}

impl Node {
    /// Reads JSON.
    pub fn from_json(text: &str) -> Result<Self, DecodeError> {
        serde_json::from_str(text).map_err(|error| DecodeError(error.to_string()))
    }

    /// Reads an XML document: an object with one member, named like the root element, and the root's attributes.
    pub fn from_xml(text: &str) -> Result<(Self, Vec<(String, String)>), DecodeError> {
        read_xml(text)
    }

    /// The first member of that name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// A value some members down: `capability.cloudstackversion`, `zone[1].name`. A list without a number is entered
    /// at its first element.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, step| {
            let (name, index) = match step.strip_suffix(']').and_then(|step| step.split_once('[')) {
                Some((name, index)) => (name, index.parse().ok()?),
                None => (step, 0),
            };
            match node.get(name)? {
                Self::List(items) => items.get(index),
                other => Some(other).filter(|_| index == 0),
            }
        })
    }

    /// All members of an object, none of anything else.
    pub fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The elements of the list of that name, in either format: a JSON array or repeated XML members.
    pub fn items(&self, name: &str) -> Vec<&Self> {
        self.members()
            .iter()
            .filter(|(other, _)| other == name)
            .flat_map(|(_, value)| match value {
                Self::List(items) => items.iter().collect(),
                other => vec![other],
            })
            .collect()
    }

    /// The text of a scalar, as XML would write it.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(value) => Some(value.to_string()),
            Self::Text(value) => Some(value.clone()),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The text of a scalar some members down.
    pub fn text_at(&self, path: &str) -> Option<String> {
        self.at(path)?.text()
    }

    /// A whole number, written as a number or as text.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Number(value) => value.as_i64(),
            Self::Text(value) => value.parse().ok(),
            _ => None,
        }
    }

    /// What kind of value this is, in the words of JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

/// Compact JSON, for messages.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => f.write_str(&quoted(value)),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(","))
            }
            Self::Object(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
                write!(f, "{{{}}}", members.join(","))
            }
        }
    }
}

/// Why a body is not well-formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Number(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Number(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(serde_json::Number::from_f64(value).map_or(Node::Null, Node::Number))
            }

            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Text(value.to_owned()))
            }

            fn visit_string<E>(self, value: String) -> Result<Node, E> {
                Ok(Node::Text(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = access.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = access.next_entry()? {
                    members.push(member);
                }
                Ok(Node::Object(members))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// Elements deeper than this are not a reply but an attack.
const DEEPEST: usize = 128;

/// An XML element that is still open.
struct Open {
    name: String,
    text: String,
    members: Vec<(String, Node)>,
}

impl Open {
    fn close(self) -> (String, Node) {
        let node = if self.members.is_empty() { Node::Text(self.text) } else { Node::Object(self.members) };
        (self.name, node)
    }
}

fn read_xml(text: &str) -> Result<(Node, Vec<(String, String)>), DecodeError> {
    let fail = |error: &dyn fmt::Display| DecodeError(error.to_string());
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<(String, Node)> = None;
    let mut attributes = Vec::new();
    loop {
        match reader.read_event().map_err(|error| fail(&error))? {
            Event::Start(start) => {
                if root.is_some() {
                    return Err(DecodeError("a second root element".to_owned()));
                }
                if open.len() == DEEPEST {
                    return Err(DecodeError(format!("elements are nested more than {DEEPEST} deep")));
                }
                let name = start.name().as_ref().to_owned();
                for attribute in start.attributes() {
                    let attribute = attribute.map_err(|error| fail(&error))?;
                    if open.is_empty() {
                        attributes.push((attribute.key.as_ref().to_owned(), attribute.value.into_owned()));
                    }
                }
                open.push(Open { name, text: String::new(), members: Vec::new() });
            }
            Event::End(_) => {
                let closed =
                    open.pop().ok_or_else(|| DecodeError("an end without a start".to_owned()))?.close();
                match open.last_mut() {
                    Some(parent) => parent.members.push(closed),
                    None => root = Some(closed),
                }
            }
            Event::Text(text) => match open.last_mut() {
                Some(element) => element.text.push_str(&text),
                None if text.trim().is_empty() => {}
                None => return Err(DecodeError("text outside the root element".to_owned())),
            },
            Event::CData(data) => {
                let element =
                    open.last_mut().ok_or_else(|| DecodeError("text outside the root element".to_owned()))?;
                element.text.push_str(&data);
            }
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().map_err(|error| fail(&error))? {
                    Some(character) => character,
                    None => named(&reference)?,
                };
                let element =
                    open.last_mut().ok_or_else(|| DecodeError("text outside the root element".to_owned()))?;
                element.text.push(character);
            }
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) | Event::Empty(_) => {}
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok((Node::Object(vec![root]), attributes)),
        Some(_) | None if open.is_empty() => Err(DecodeError("there is no element".to_owned())),
        _ => Err(DecodeError("the root element is not closed".to_owned())),
    }
}

/// The five entities that XML itself defines (API-RSP-040).
fn named(reference: &str) -> Result<char, DecodeError> {
    match reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        other => Err(DecodeError(format!("the entity &{other}; is not defined"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_through_lists() {
        let node = Node::from_json(r#"{"zone":[{"name":"a"},{"name":"b"}],"count":2}"#).unwrap();
        let text = |path: &str| node.at(path).and_then(Node::text);
        assert_eq!(text("zone.name").as_deref(), Some("a"));
        assert_eq!(text("zone[0].name").as_deref(), Some("a"));
        assert_eq!(text("zone[1].name").as_deref(), Some("b"));
        assert_eq!(text("count").as_deref(), Some("2"));
        for nothing in ["zone[2].name", "zone[x].name", "count[1]", "zone.id"] {
            assert_eq!(text(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_doubled_key_is_kept() {
        let node = Node::from_json(r#"{"a":1,"a":[true,null,"x"],"b":1.5}"#).unwrap();
        assert_eq!(node.members().len(), 3);
        assert_eq!(node.to_string(), r#"{"a":1,"a":[true,null,"x"],"b":1.5}"#);
    }

    #[test]
    fn xml_becomes_the_same_tree() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?><r cloud-stack-version="4.22"><count>2</count><zone><name>a &amp; &#98;</name></zone><zone><name></name></zone></r>"#;
        let (node, attributes) = Node::from_xml(text).unwrap();
        assert_eq!(attributes, [("cloud-stack-version".to_owned(), "4.22".to_owned())]);
        let zones = node.get("r").unwrap().items("zone");
        assert_eq!(zones.len(), 2);
        assert_eq!(zones[0].text_at("name").unwrap(), "a & b");
        assert_eq!(zones[1].text_at("name").unwrap(), "");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in ["", "<a>", "<a></b>", "<a></a><b></b>", "text", "<a>&nbsp;</a>", "<a b></a>"] {
            assert!(Node::from_xml(text).is_err(), "{text}");
        }
        for text in ["", "{", "{}{}", r#"{"a":"#, "{\"a\":\"\n\"}"] {
            assert!(Node::from_json(text).is_err(), "{text}");
        }
        assert!(Node::from_xml(&"<a>".repeat(100_000)).is_err());
        assert!(Node::from_json(&"[".repeat(100_000)).is_err());
    }
}
