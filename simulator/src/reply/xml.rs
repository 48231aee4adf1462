//! The XML writer: start and end tag for everything, no white space (API-RSP-002).

use super::{Object, Value, java_float};

/// Writes the fields of an object without an element around them.
pub fn fields(out: &mut String, object: &Object, root_admin: bool) {
    for field in &object.fields {
        if field.json_only || (field.admin_only && !root_admin) {
            continue;
        }
        value(out, field.name, &field.value, root_admin);
    }
}

/// Writes an object inside an element.
pub fn element(out: &mut String, name: &str, object: &Object, root_admin: bool) {
    wrapped(out, name, |out| fields(out, object, root_admin));
}

/// Writes a text with the five characters replaced (API-RSP-040).
pub fn text(out: &mut String, content: &str) {
    let mut rest = content;
    // What needs no escaping goes out in one piece; everything that does is a single byte.
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&apos;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// Writes an element with a text in it.
pub fn leaf(out: &mut String, name: &str, content: &str) {
    wrapped(out, name, |out| text(out, content));
}

fn value(out: &mut String, name: &str, value: &Value, root_admin: bool) {
    match value {
        Value::Absent | Value::Numbers(_) => {}
        Value::Flag(flag) => leaf(out, name, if *flag { "true" } else { "false" }),
        Value::FlagByRank { admin, others } => {
            let flag = if root_admin { *admin } else { *others };
            leaf(out, name, if flag { "true" } else { "false" });
        }
        Value::Integer(number) => leaf(out, name, &number.to_string()),
        Value::Float(number) => leaf(out, name, &java_float(*number)),
        Value::Text(content) => leaf(out, name, content),
        Value::Date(moment) => leaf(out, name, &moment.to_string()),
        Value::Object(inner) => element(out, inner.name.unwrap_or(name), inner, root_admin),
        Value::Objects(items) => {
            for item in items {
                element(out, name, item, root_admin);
            }
        }
        Value::Texts(items) => {
            for item in items {
                wrapped(out, name, |out| out.push_str(item));
            }
        }
        Value::Map(entries) => {
            let pairs: Vec<String> =
                entries.iter().map(|(key, content)| format!("{key}={content}")).collect();
            leaf(out, name, &format!("{{{}}}", pairs.join(", ")));
        }
        Value::Lists(entries) => {
            let pairs: Vec<String> =
                entries.iter().map(|(key, items)| format!("{key}=[{}]", items.join(", "))).collect();
            leaf(out, name, &format!("{{{}}}", pairs.join(", ")));
        }
    }
}

fn wrapped(out: &mut String, name: &str, inside: impl FnOnce(&mut String)) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    inside(out);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_has_its_form() {
        let tree = Object::new()
            .with("name", "a<b>&\"'")
            .with("empty", "")
            .with("on", true)
            .with("nic", vec![Object::new().with("id", 1), Object::new().with("id", 2)])
            .with("none", Vec::<Object>::new())
            .with("details", vec![("k".to_owned(), "v".to_owned()), ("l".to_owned(), "<w>".to_owned())]);
        let mut out = String::new();
        fields(&mut out, &tree, false);
        assert_eq!(
            out,
            "<name>a&lt;b&gt;&amp;&quot;&apos;</name><empty></empty><on>true</on>\
             <nic><id>1</id></nic><nic><id>2</id></nic><details>{k=v, l=&lt;w&gt;}</details>"
        );
    }
}
