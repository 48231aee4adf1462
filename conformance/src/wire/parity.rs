//! Whether the XML of an answer says what its JSON says, after allowing for what XML cannot say ([`GAPS`]).

use std::fmt;

use super::decode::Node;

/// Where JSON and XML of the same facts part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The path of the value.
    pub at: String,
    /// What JSON says there.
    pub json: String,
    /// What XML says there.
    pub xml: String,
}

/// Something that the two formats cannot say alike.
#[derive(Debug)]
pub struct Gap {
    /// The rule that tells of it.
    pub rule: &'static str,
    /// What XML does instead, in a sentence.
    pub about: &'static str,
    /// The members of the XML element that say it instead, if this is such a case.
    bridges: for<'a> fn(&Member<'a>) -> Option<Vec<&'a str>>,
}

/// A member of a JSON object that XML does not have in the same way.
struct Member<'a> {
    name: &'a str,
    value: &'a Node,
    /// The JSON object.
    object: &'a Node,
    /// The XML element of the object.
    element: &'a Node,
    /// The XML elements of the member's name.
    found: Vec<&'a Node>,
}

/// Every known gap. Scalars are text in XML (API-RSP-022), which is no gap but the rule.
pub const GAPS: &[Gap] = &[
    Gap {
        rule: "API-RSP-020",
        about: "An empty list is absent.",
        bridges: |member| {
            let is_empty = matches!(member.value, Node::List(items) if items.is_empty());
            (is_empty && member.found.is_empty()).then(Vec::new)
        },
    },
    Gap {
        rule: "API-RSP-024",
        about: "A map is one text.",
        bridges: |member| match member.found.as_slice() {
            [Node::Text(text)] if is_text_of_map(text, member.value) => Some(vec![member.name]),
            _ => None,
        },
    },
    Gap {
        rule: "API-RSP-026",
        about: "A single object goes by its own name.",
        bridges: |member| {
            let is_object = matches!(member.value, Node::Object(_));
            if !is_object || !member.found.is_empty() {
                return None;
            }
            let others = member.element.members().iter();
            let mut strangers = others.filter(|(name, _)| member.object.get(name).is_none());
            let same = strangers.find(|(_, other)| compare("", member.value, other).is_none())?;
            Some(vec![same.0.as_str()])
        },
    },
    Gap {
        rule: "API-RSP-027",
        about: "A list of numbers, flags or maps is absent.",
        bridges: |member| {
            let Node::List(items) = member.value else { return None };
            let is_dropped = items.iter().all(|item| !matches!(item, Node::Text(_) | Node::Object(_)))
                || LISTS_OF_MAPS.contains(&member.name);
            (is_dropped && member.found.is_empty()).then(Vec::new)
        },
    },
    Gap {
        rule: "API-RSP-028",
        about: "A field without a declared name is absent.",
        bridges: |member| (UNDECLARED.contains(&member.name) && member.found.is_empty()).then(Vec::new),
    },
    Gap {
        rule: "API-RSP-055",
        about: "The text of a job's success is called displaytext.",
        bridges: |member| {
            let is_text = member.name == "details" && member.object.get("success").is_some();
            let other = member.element.get("displaytext").filter(|_| is_text)?;
            compare("", member.value, other).is_none().then(|| vec!["displaytext"])
        },
    },
    Gap {
        rule: "API-ERR-013",
        about: "The things that a refusal is about stand side by side, and their fields are called uuidProperty.",
        bridges: |member| {
            let (Node::List(items), [element]) = (member.value, member.found.as_slice()) else { return None };
            let told = items.iter().flat_map(|item| {
                ["uuid", "description"].into_iter().filter_map(|name| Some((name, item.text_at(name)?)))
            });
            let shown = element.members().iter().map(|(name, value)| {
                let name = if name == "uuidProperty" { "description" } else { name.as_str() };
                (name, value.text().unwrap_or_default())
            });
            (member.name == "uuidList" && told.eq(shown)).then(|| vec!["uuidList"])
        },
    },
];

/// Fields whose elements are maps, which look like objects: of projects and of templates.
const LISTS_OF_MAPS: &[&str] = &["owner", "downloaddetails"];

/// Fields of profiles of scaling groups.
const UNDECLARED: &[&str] = &["csUrl"];

/// The first place where the XML does not say what the JSON says, but for the known [`GAPS`].
pub fn difference(json: &Node, xml: &Node) -> Option<Difference> {
    compare("", json, xml)
}

fn compare(at: &str, json: &Node, xml: &Node) -> Option<Difference> {
    let Node::Object(members) = json else {
        let same = json.text().is_some_and(|text| xml.text().is_some_and(|other| same_scalar(&text, &other)));
        return if same { None } else { differ(at, json, xml) };
    };
    let mut said: Vec<&str> = Vec::new();
    for (name, value) in members {
        let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        let found = xml.items(name);
        let Some(difference) = plain(&path, value, &found) else {
            said.push(name);
            continue;
        };
        let member = Member { name, value, object: json, element: xml, found };
        match GAPS.iter().find_map(|gap| (gap.bridges)(&member)) {
            Some(names) => said.extend(names),
            None => return Some(difference),
        }
    }
    if members.is_empty() && xml.text().is_some_and(|text| !text.is_empty()) {
        return differ(at, json, xml);
    }
    let (name, value) = xml.members().iter().find(|(name, _)| !said.contains(&name.as_str()))?;
    let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
    differ(&path, &"absent", value)
}

/// Compares a value with the XML elements of its name as if there were no gaps.
fn plain(path: &str, value: &Node, found: &[&Node]) -> Option<Difference> {
    let elements = |count: usize| format!("{count} elements");
    match value {
        Node::List(items) if !items.is_empty() && items.len() == found.len() => {
            let mut pairs = items.iter().zip(found).enumerate();
            pairs.find_map(|(index, (item, other))| compare(&format!("{path}[{index}]"), item, other))
        }
        Node::List(items) => differ(path, &elements(items.len()), &elements(found.len())),
        other => match found {
            [] => differ(path, other, &"absent"),
            [one] => compare(path, other, one),
            more => differ(path, other, &elements(more.len())),
        },
    }
}

fn differ(at: &str, json: &dyn fmt::Display, xml: &dyn fmt::Display) -> Option<Difference> {
    Some(Difference { at: at.to_owned(), json: json.to_string(), xml: xml.to_string() })
}

/// Whether a text is Java's text of a map, `{k=v, l=[a, b]}`, in whatever order.
fn is_text_of_map(text: &str, value: &Node) -> bool {
    let Node::Object(members) = value else { return false };
    let entries: Vec<String> = members
        .iter()
        .map(|(name, value)| match value {
            Node::List(items) => {
                let items: Vec<String> = items.iter().filter_map(Node::text).collect();
                format!("{name}=[{}]", items.join(", "))
            }
            other => format!("{name}={}", other.text().unwrap_or_else(|| other.to_string())),
        })
        .collect();
    let length = entries.iter().map(String::len).sum::<usize>() + 2 * entries.len().saturating_sub(1);
    let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    inside.is_some_and(|inside| inside.len() == length && entries.iter().all(|entry| inside.contains(entry)))
}

/// Numbers may be written in more than one way.
fn same_scalar(json: &str, xml: &str) -> bool {
    json == xml || matches!((json.parse::<f64>(), xml.parse::<f64>()), (Ok(left), Ok(right)) if left == right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parity(json: &str, xml: &str) -> Option<Difference> {
        difference(&Node::from_json(json).unwrap(), &Node::from_xml(xml).unwrap().0)
    }

    #[test]
    fn formats_may_differ_only_as_they_must() {
        let json = r#"{"r":{"count":1,"vm":[{"id":"x","ha":true,"nic":[{"ip":"1"}],"tags":[],"pods":[1],"d":{"k":"v"}}]}}"#;
        let xml = "<r><count>1</count><vm><id>x</id><ha>true</ha><nic><ip>1</ip></nic><d>{k=v}</d></vm></r>";
        assert_eq!(parity(json, xml), None);
        assert_eq!(parity(r#"{"r":{}}"#, "<r></r>"), None);
    }

    #[test]
    fn each_gap_is_bridged_as_far_as_it_goes() {
        for (json, xml) in [
            (r#"{"d":{"k":"v","l":["a","b"]}}"#, "<r><d>{l=[a, b], k=v}</d></r>"),
            (r#"{"d":{}}"#, "<r><d>{}</d></r>"),
            (r#"{"counter":{"id":"1"}}"#, "<r><null><id>1</id></null></r>"),
            (r#"{"owner":[{"account":"a"}],"n":[1,2],"csUrl":"x"}"#, "<r></r>"),
            (
                r#"{"success":true,"details":"t"}"#,
                "<r><success>true</success><displaytext>t</displaytext></r>",
            ),
            (
                r#"{"uuidList":[{"uuid":"1","description":"a"},{"uuid":"2"}]}"#,
                "<r><uuidList><uuid>1</uuid><uuidProperty>a</uuidProperty><uuid>2</uuid></uuidList></r>",
            ),
        ] {
            assert_eq!(parity(&format!("{{\"r\":{json}}}"), xml), None, "{json}");
        }
        for (json, xml) in [
            (r#"{"d":{"k":"v"}}"#, "<r><d>{k=w}</d></r>"),
            (r#"{"d":{"k":"v"}}"#, "<r><d>{k=v, l=w}</d></r>"),
            (r#"{"counter":{"id":"1"}}"#, "<r><null><id>2</id></null></r>"),
            (r#"{"users":[{"account":"a"}]}"#, "<r></r>"),
            (r#"{"details":"t"}"#, "<r><displaytext>t</displaytext></r>"),
            (r#"{"tags":[]}"#, "<r><tags></tags></r>"),
        ] {
            assert!(parity(&format!("{{\"r\":{json}}}"), xml).is_some(), "{json}");
        }
    }

    #[test]
    fn a_lost_or_changed_fact_is_found() {
        let lost = parity(r#"{"r":{"a":"1","b":"2"}}"#, "<r><a>1</a></r>").unwrap();
        assert_eq!((lost.at.as_str(), lost.xml.as_str()), ("r.b", "absent"));
        assert_eq!(parity(r#"{"r":{"a":"1"}}"#, "<r><a>2</a></r>").unwrap().at, "r.a");
        assert_eq!(parity(r#"{"r":{"a":"1"}}"#, "<r><a>1</a><z>3</z></r>").unwrap().at, "r.z");
        assert_eq!(parity(r#"{"r":{"a":"1"}}"#, "<r><a>1</a><a>1</a></r>").unwrap().at, "r.a");
    }

    #[test]
    fn gaps_are_sentences() {
        assert!(GAPS.iter().all(|gap| gap.about.ends_with('.') && gap.rule.starts_with("API-")));
    }
}
