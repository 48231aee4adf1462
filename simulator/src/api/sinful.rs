//! The sins of the two writers, which know nothing of worlds: committed on the tree before it is written, or on the
//! text afterwards. What an honest answer looks like is in [`envelope`](super::envelope).

use super::envelope::{Format, Style};
use crate::quirk::{Quirk, Quirks};
use crate::reply::{Field, Object, Reply, Value};

/// A reply with the sins that change what is told.
#[must_use]
pub(super) fn reply(style: &Style<'_>, reply: Reply) -> Reply {
    if style.quirks == Quirks::default() {
        return reply;
    }
    match reply {
        Reply::Object(inner) => Reply::Object(object(style, inner)),
        Reply::Inline(inner) => Reply::Inline(object(style, inner)),
        Reply::List { count, items } => {
            let items = items.into_iter().map(|item| object(style, item)).collect();
            Reply::List { count, items }
        }
        other => other,
    }
}

fn object(style: &Style<'_>, object: Object) -> Object {
    let fields = object.fields.into_iter().filter_map(|field| one(style, field)).collect();
    Object { fields, ..object }
}

/// A field with its sins; nothing if it is left out.
fn one(style: &Style<'_>, field: Field) -> Option<Field> {
    let sins = |quirk| style.quirks.has(quirk);
    let in_xml = style.format == Format::Xml;
    let value = match field.value {
        Value::Text(_) if field.name == "secretkey" && sins(Quirk::SecretsAreBlanked) => Value::from(""),
        Value::Integer(number) if !in_xml && sins(Quirk::NumbersAreText) => Value::from(number.to_string()),
        Value::Float(number) if sins(Quirk::FloatsLoseTheirPoint) => {
            Value::from(number.to_string()).integral()
        }
        Value::Object(_) if in_xml && sins(Quirk::XmlDropsInnerObjects) => return None,
        Value::Object(inner)
            if in_xml && inner.get("errorcode").is_some() && sins(Quirk::FailuresAreTextInXml) =>
        {
            Value::from("it failed")
        }
        Value::Texts(_) if in_xml && sins(Quirk::XmlDropsListsOfTexts) => return None,
        Value::Objects(items) => {
            let items: Vec<Object> = items.into_iter().map(|item| object(style, item)).collect();
            let is_wrapped = in_xml && !items.is_empty() && sins(Quirk::XmlWrapsInnerLists);
            if is_wrapped { wrapped(field.name, items) } else { Value::Objects(items) }
        }
        Value::Object(inner) => Value::Object(Box::new(object(style, *inner))),
        other => other,
    };
    Some(Field { value, ..field })
}

/// A list in one element.
fn wrapped(name: &'static str, items: Vec<Object>) -> Value {
    let mut container = Object::new();
    for item in items {
        container.push(name, Value::Object(Box::new(item)));
    }
    Value::Objects(vec![container])
}

impl Value {
    /// A number without a fraction that was written as a text.
    fn integral(self) -> Self {
        match &self {
            Self::Text(text) => text.parse::<i64>().map_or(self, Self::Integer),
            _ => self,
        }
    }
}

/// JSON as it was written, with its sins.
#[must_use]
pub(super) fn json(style: &Style<'_>, mut text: String) -> String {
    let sins: [(Quirk, &[(&str, &str)]); 7] = [
        (Quirk::JsonDatesEndInZ, &[("+0000\"", "Z\"")]),
        (Quirk::DatesHaveMilliseconds, &[("+0000\"", ".000+0000\"")]),
        (Quirk::FlagsAreText, &[(":true", ":\"true\""), (":false", ":\"false\"")]),
        (Quirk::FieldsInCamelCase, &[("\"zoneid\":", "\"zoneId\":"), ("\"dns1\":", "\"dnsOne\":")]),
        (Quirk::IdIsCalledUuid, &[("\"id\":", "\"uuid\":")]),
        (Quirk::AbsentFieldsAreNull, &[("{\"id\":", "{\"removed\":null,\"id\":")]),
        (
            Quirk::JsonEscapesHtml,
            &[("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027"), ("=", "\\u003d")],
        ),
    ];
    for (quirk, changes) in sins {
        if style.quirks.has(quirk) {
            text = changes.iter().fold(text, |text, (from, to)| text.replace(from, to));
        }
    }
    if style.quirks.has(Quirk::EmptyListsAreDropped) {
        while let Some(end) = text.find("\":[]") {
            let start = text[..end].rfind('"').unwrap_or(end);
            let after = end + "\":[]".len();
            // The comma goes with the member, whichever side it is on.
            if text[after..].starts_with(',') {
                text.replace_range(start..=after, "");
            } else {
                let from = if text[..start].ends_with(',') { start - 1 } else { start };
                text.replace_range(from..after, "");
            }
        }
    }
    if style.quirks.has(Quirk::BodiesAreBare)
        && let Some(colon) = text.find(':')
    {
        text = text[colon + 1..text.len() - 1].to_owned();
    }
    text
}

/// XML as it was written, with its sins.
#[must_use]
pub(super) fn xml(style: &Style<'_>, mut text: String) -> String {
    let sins: [(Quirk, &[(&str, &str)]); 4] = [
        (
            Quirk::XmlIsNotEscaped,
            &[("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")],
        ),
        (Quirk::ApostrophesStayInXml, &[("&apos;", "'")]),
        (Quirk::XmlFlagsInCapitals, &[(">true</", ">True</"), (">false</", ">False</")]),
        (Quirk::XmlIsIndented, &[("><", ">\n<")]),
    ];
    for (quirk, changes) in sins {
        if style.quirks.has(quirk) {
            text = changes.iter().fold(text, |text, (from, to)| text.replace(from, to));
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
    if style.quirks.has(Quirk::XmlMapsAreNested) {
        while let (Some(start), Some(end)) = (text.find(">{"), text.find("}</")) {
            if end < start {
                break;
            }
            let entries = text[start + 2..end].split(", ").filter_map(|entry| entry.split_once('='));
            let nested: String = entries.map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
            text.replace_range(start + 1..=end, &nested);
        }
    }
    if style.quirks.has(Quirk::EmptyElementsCloseThemselves) {
        while let Some(found) = empty_element(&text) {
            text.replace_range(found.0..found.1, &format!("<{}/>", found.2));
        }
    }
    text
}

/// Begin, end and name of the first element with nothing between its tags.
fn empty_element(text: &str) -> Option<(usize, usize, String)> {
    text.match_indices("></").find_map(|(middle, _)| {
        let start = text[..middle].rfind('<')?;
        let name = &text[start + 1..middle];
        let rest = text[middle + 3..].strip_prefix(name)?;
        rest.starts_with('>').then(|| (start, middle + 3 + name.len() + 1, name.to_owned()))
    })
}

/// What upstream makes of JSON that is already written: it takes its library's escapes back, and with them what only
/// looks like one (API-RSP-042).
///
/// # Errors
///
/// The text of the refusal that comes instead of the answer.
pub(super) fn with_escapes_undone(text: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        let digits = rest.get(at + 2..at + 6).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let character = digits.and_then(|digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?));
        out.push_str(&rest[..at]);
        let Some(character) = character else {
            out.push_str("\\u");
            rest = &rest[at + 2..];
            continue;
        };
        match character {
            '$' => return Err("Illegal group reference: group index is missing"),
            '\\' => return Err("character to be escaped is missing"),
            other => out.push(other),
        }
        rest = &rest[at + 6..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_where_they_only_look_like_some() {
        assert_eq!(with_escapes_undone(r#"{"a":"x\\u0041y"}"#).unwrap(), r#"{"a":"x\Ay"}"#);
        assert_eq!(with_escapes_undone(r#"{"a":"\\u00e"}"#).unwrap(), r#"{"a":"\\u00e"}"#);
        assert!(with_escapes_undone(r"\\u0024").unwrap_err().contains("group"));
        assert!(with_escapes_undone(r"\\u005c").unwrap_err().contains("escaped"));
    }

    #[test]
    fn only_elements_without_anything_are_empty() {
        assert_eq!(empty_element("<a><b>1</b><c></c></a>"), Some((11, 18, "c".to_owned())));
        assert_eq!(empty_element("<a x=\"1\"></a>"), None);
    }
}
