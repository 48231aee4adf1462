//! The JSON writer. No white space, no escaping beyond what JSON asks for (API-RSP-001, -041).

use super::{Object, Value, java_float};

/// Writes the members of an object with its braces, as `root_admin` sees it or not.
pub fn object(out: &mut String, object: &Object, root_admin: bool) {
    out.push('{');
    let mut first = true;
    for field in &object.fields {
        if field.admin_only && !root_admin {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        text(out, field.name);
        out.push(':');
        value(out, &field.value, root_admin);
    }
    out.push('}');
}

/// Writes a text with its quotes.
pub fn text(out: &mut String, content: &str) {
    use std::fmt::Write as _;

    out.push('"');
    let mut rest = content;
    // What needs no escaping goes out in one piece; everything that does is a single byte.
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            control => write!(out, "\\u{control:04x}").expect("a String takes every write"),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Writes an array of objects.
pub fn array(out: &mut String, items: &[Object], root_admin: bool) {
    list(out, items, |out, item| object(out, item, root_admin));
}

fn value(out: &mut String, value: &Value, root_admin: bool) {
    match value {
        Value::Absent => out.push_str("null"),
        Value::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::FlagByRank { admin, others } => {
            let flag = if root_admin { *admin } else { *others };
            out.push_str(if flag { "true" } else { "false" });
        }
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&java_float(*number)),
        Value::Text(content) => text(out, content),
        Value::Date(moment) => text(out, &moment.to_string()),
        Value::Object(inner) => object(out, inner, root_admin),
        Value::Objects(items) => array(out, items, root_admin),
        Value::Texts(items) => list(out, items, |out, item| text(out, item)),
        Value::Numbers(items) => list(out, items, |out, item| out.push_str(&item.to_string())),
        Value::Map(entries) => {
            map(out, entries, |out, (key, content)| {
                text(out, key);
                out.push(':');
                text(out, content);
            });
        }
        Value::Lists(entries) => map(out, entries, |out, (key, items)| {
            text(out, key);
            out.push(':');
            list(out, items, |out, item| text(out, item));
        }),
    }
}

fn map<T>(out: &mut String, entries: &[T], each: impl FnMut(&mut String, &T)) {
    out.push('{');
    with_commas(out, entries, each);
    out.push('}');
}

fn list<T>(out: &mut String, items: &[T], each: impl FnMut(&mut String, &T)) {
    out.push('[');
    with_commas(out, items, each);
    out.push(']');
}

fn with_commas<T>(out: &mut String, items: &[T], mut each: impl FnMut(&mut String, &T)) {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        each(out, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_the_rule_says() {
        let mut out = String::new();
        text(&mut out, "a\"\\\n\r\t/<é>\u{1}");
        assert_eq!(out, "\"a\\\"\\\\\\n\\r\\t/<é>\\u0001\"");
    }

    #[test]
    fn a_field_for_administrators_is_hidden_from_others() {
        let tree = Object::new().with("a", 1).with_admin("b", true).with("c", Vec::<String>::new());
        let mut user = String::new();
        object(&mut user, &tree, false);
        assert_eq!(user, r#"{"a":1,"c":[]}"#);
        let mut admin = String::new();
        object(&mut admin, &tree, true);
        assert_eq!(admin, r#"{"a":1,"b":true,"c":[]}"#);
    }
}
