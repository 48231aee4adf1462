//! The reply tree: what a command answers, before anyone chose JSON or XML.
//!
//! Fields keep the order in which they are added, which is the order of the response class
//! (API-RSP-029). An absent value is never a field (API-RSP-020). The two writers are
//! [`json`] and [`xml`]; envelopes are the business of [`crate::api`].

pub mod json;
pub mod xml;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::world::clock::Moment;
use crate::world::saved::form::{self, Word, word};

/// One value of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub enum Value {
    /// Nothing: [`Object::with`] drops it.
    Absent,
    /// `true` or `false`, unquoted in JSON.
    Flag(bool),
    /// A flag that root administrators may see otherwise than others.
    FlagByRank {
        /// What root administrators see.
        admin: bool,
        /// What everybody else sees.
        others: bool,
    },
    /// A whole number, unquoted in JSON whatever its size (API-RSP-021).
    Integer(i64),
    /// A float in Java's text form, always with a decimal point (API-RSP-021).
    Float(
        #[serde(with = "form::float")]
        #[cfg_attr(test, schemars(with = "String"))]
        f64,
    ),
    /// Text.
    Text(Cow<'static, str>),
    /// A point in time, `2025-10-30T19:21:39+0000` in both formats (API-RSP-023).
    Date(Moment),
    /// An object under the name of its field; in XML under its own object name (API-RSP-026).
    Object(Box<Object>),
    /// A list of objects: a JSON array, repeated elements in XML (API-RSP-025).
    Objects(Vec<Object>),
    /// A list of texts, not escaped in XML (API-RSP-027).
    Texts(Vec<String>),
    /// A list of numbers, which XML drops (API-RSP-027).
    Numbers(Vec<i64>),
    /// A map: a JSON object, in XML Java's text of the map (API-RSP-024).
    Map(Vec<(String, String)>),
    /// A map of lists, in both formats like a map.
    Lists(Vec<(String, Vec<String>)>),
}

/// A named value and who may see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name on the wire.
    #[serde(deserialize_with = "word::deserialize")]
    pub name: Word,
    /// The value, never [`Value::Absent`].
    pub value: Value,
    /// Whether only root administrators see it (API-RSP-030).
    pub admin_only: bool,
    /// A member that JSON shows and XML leaves out (API-RSP-028, the empty `uuidList` of errors).
    pub json_only: bool,
}

/// An ordered list of fields.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// The object name where it differs from the one that the catalogue gives.
    #[serde(default, deserialize_with = "word::maybe")]
    pub name: Option<Word>,
    /// The fields in wire order.
    pub fields: Vec<Field>,
}

impl Object {
    /// An object without fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An object with a name of its own.
    #[must_use]
    pub fn named(name: &'static str) -> Self {
        Self { name: Some(name), fields: Vec::new() }
    }

    /// Adds a field, unless the value is absent.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.push(name, value);
        self
    }

    /// Adds a field that only root administrators see, unless the value is absent.
    #[must_use]
    pub fn with_admin(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let before = self.fields.len();
        self.push(name, value);
        if let Some(field) = self.fields.get_mut(before) {
            field.admin_only = true;
        }
        self
    }

    /// Adds a field that JSON shows and XML does not.
    #[must_use]
    pub fn with_json_only(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let before = self.fields.len();
        self.push(name, value);
        if let Some(field) = self.fields.get_mut(before) {
            field.json_only = true;
        }
        self
    }

    /// Adds a field in place, unless the value is absent.
    pub fn push(&mut self, name: &'static str, value: impl Into<Value>) {
        let value = value.into();
        if value != Value::Absent {
            self.fields.push(Field { name, value, admin_only: false, json_only: false });
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|field| field.name == name).map(|field| &field.value)
    }

    /// The text of a field, if it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// What a command answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub enum Reply {
    /// One object, wrapped in the command's object name (API-RSP-005).
    Object(Object),
    /// A page of objects and the number of all matches (API-RSP-010).
    List {
        /// All matches, on this page or not.
        count: usize,
        /// The elements of this page.
        items: Vec<Object>,
    },
    /// `success: true`, perhaps with a text (API-RSP-050).
    Success(Option<String>),
    /// Fields directly in the envelope (API-RSP-006).
    Inline(Object),
    /// A job that ends without a result (JOB-064).
    Nothing,
}

impl Reply {
    /// `success: true` without a text.
    pub const SUCCESS: Self = Self::Success(None);

    /// A list that is one page.
    #[must_use]
    pub fn all(items: Vec<Object>) -> Self {
        Self::List { count: items.len(), items }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

macro_rules! whole_numbers {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Self {
                Self::Integer(i64::from(value))
            }
        }
    )*};
}
whole_numbers!(i64, i32, u32, u16, u8);

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Cow::Owned(value.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(Cow::Owned(value.clone()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }
}

impl From<std::net::Ipv4Addr> for Value {
    fn from(value: std::net::Ipv4Addr) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }
}

impl From<Moment> for Value {
    fn from(value: Moment) -> Self {
        Self::Date(value)
    }
}

impl From<Object> for Value {
    fn from(value: Object) -> Self {
        Self::Object(Box::new(value))
    }
}

impl From<Vec<Object>> for Value {
    fn from(value: Vec<Object>) -> Self {
        Self::Objects(value)
    }
}

impl From<Vec<String>> for Value {
    fn from(value: Vec<String>) -> Self {
        Self::Texts(value)
    }
}

impl From<Vec<(String, String)>> for Value {
    fn from(value: Vec<(String, String)>) -> Self {
        Self::Map(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

/// A float as Java prints it: `1.0`, `1.23456789E7`, `1.0E-5` (API-RSP-021).
#[must_use]
pub fn java_float(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (1e-3..1e7).contains(&magnitude) {
        let text = value.to_string();
        return if text.contains('.') { text } else { format!("{text}.0") };
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_follow_java() {
        for (value, expected) in [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (4.5, "4.5"),
            (12_345_678.9, "1.23456789E7"),
            (0.00001, "1.0E-5"),
            (-2.0, "-2.0"),
        ] {
            assert_eq!(java_float(value), expected);
        }
    }

    #[test]
    fn an_absent_value_is_no_field() {
        let object = Object::new().with("a", None::<&str>).with("b", "");
        assert_eq!(object.get("a"), None);
        assert_eq!(object.text("b"), Some(""));
    }
}
