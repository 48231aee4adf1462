//! Bodies as trees whose scalars keep the text that was sent.
//!
//! The suite's own decoder ([`decode`](crate::wire::decode)) tells what a reply means. A recording is compared with
//! more: how a character was escaped and how a number was written, so scalars are not interpreted here.

use std::fmt;

/// Deeper bodies are not replies.
const DEEPEST: usize = 128;

/// The kind of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Number,
    Text,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::Text => "string",
        })
    }
}

/// A decoded body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    /// As written, without the quotes of a JSON string.
    Scalar(Kind, String),
    /// A JSON array.
    List(Vec<Self>),
    /// A JSON object or an XML element with children, in order, repetitions kept.
    Object(Vec<(String, Self)>),
}

impl Tree {
    /// Reads JSON; lenient about escapes, which upstream gets wrong in places.
    pub(super) fn from_json(text: &str) -> Option<Self> {
        let mut reader = Json { bytes: text.as_bytes(), text, at: 0 };
        let tree = reader.value(0)?;
        reader.skip_blanks();
        (reader.at == text.len()).then_some(tree)
    }

    /// Reads the XML that the query API writes: elements and text. The attributes of an element are part of its name.
    pub(super) fn from_xml(text: &str) -> Option<Self> {
        let mut rest = text;
        if rest.starts_with("<?") {
            rest = &rest[rest.find("?>")? + 2..];
        }
        let (name, tree, rest) = element(rest.strip_prefix('<')?, 0)?;
        rest.trim().is_empty().then(|| Self::Object(vec![(name, tree)]))
    }

    /// Reads whatever the content type says, if it can be read.
    pub(super) fn read(content_type: &str, body: &str) -> Option<Self> {
        if content_type.contains("json") || content_type.contains("javascript") {
            Self::from_json(body)
        } else if content_type.contains("xml") {
            Self::from_xml(body)
        } else {
            None
        }
    }

    /// The member of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(other, _)| other == name).map(|(_, tree)| tree),
            _ => None,
        }
    }

    /// The members of an object, none of anything else.
    pub(super) fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(_, text) => Some(text),
            _ => None,
        }
    }

    /// A value some members down: `account.user.id`, `capability[name=x].value`, `nic.1.id`. A list is entered at its
    /// first element unless a number or a condition says otherwise.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        let mut tree = self;
        let mut is_in_condition = false;
        let steps = path.split(|character| {
            match character {
                '[' => is_in_condition = true,
                ']' => is_in_condition = false,
                _ => {}
            }
            character == '.' && !is_in_condition
        });
        for step in steps {
            if let (Self::List(items), Ok(index)) = (tree, step.parse::<usize>()) {
                tree = items.get(index)?;
                continue;
            }
            if let Self::List(items) = tree {
                tree = items.first()?;
            }
            tree = match step.strip_suffix(']').and_then(|step| step.split_once('[')) {
                Some((name, condition)) => {
                    let (key, value) = condition.split_once('=')?;
                    let Self::List(items) = tree.get(name)? else { return None };
                    items.iter().find(|item| item.get(key).and_then(Self::text) == Some(value))?
                }
                None => tree.get(step)?,
            };
        }
        match tree {
            Self::List(items) => items.first(),
            other => Some(other),
        }
    }
}

/// Compact, shortened, for messages.
/// The state that an answer about a job tells.
pub(super) fn job_status(body: &str) -> Option<String> {
    let tree = Tree::from_json(body).or_else(|| Tree::from_xml(body))?;
    tree.members().first()?.1.get("jobstatus")?.text().map(str::to_owned)
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(Kind::Text, text) => write!(f, "\"{text}\""),
            Self::Scalar(_, text) => f.write_str(text),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(","))
            }
            Self::Object(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                write!(f, "{{{}}}", members.join(","))
            }
        }
    }
}

struct Json<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
}

impl Json<'_> {
    fn skip_blanks(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Option<Tree> {
        if depth > DEEPEST {
            return None;
        }
        self.skip_blanks();
        match self.bytes.get(self.at)? {
            b'"' => Some(Tree::Scalar(Kind::Text, self.string()?)),
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                if self.eat(b']') {
                    return Some(Tree::List(items));
                }
                loop {
                    items.push(self.value(depth + 1)?);
                    if self.eat(b']') {
                        return Some(Tree::List(items));
                    }
                    self.eat(b',').then_some(())?;
                }
            }
            b'{' => {
                self.at += 1;
                let mut members = Vec::new();
                if self.eat(b'}') {
                    return Some(Tree::Object(members));
                }
                loop {
                    self.skip_blanks();
                    let name = self.string()?;
                    self.eat(b':').then_some(())?;
                    members.push((name, self.value(depth + 1)?));
                    if self.eat(b'}') {
                        return Some(Tree::Object(members));
                    }
                    self.eat(b',').then_some(())?;
                }
            }
            _ => {
                let end = self.bytes[self.at..]
                    .iter()
                    .position(|byte| b",]} \r\n\t".contains(byte))
                    .map_or(self.bytes.len(), |length| self.at + length);
                let word = &self.text[self.at..end];
                self.at = end;
                let kind = match word {
                    "null" => Kind::Null,
                    "true" | "false" => Kind::Bool,
                    _ if word.parse::<f64>().is_ok() => Kind::Number,
                    _ => return None,
                };
                Some(Tree::Scalar(kind, word.to_owned()))
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        (self.bytes.get(self.at) == Some(&b'"')).then_some(())?;
        let start = self.at + 1;
        let mut end = start;
        loop {
            match self.bytes.get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        self.at = end + 1;
        self.text.get(start..end).map(str::to_owned)
    }
}

/// Reads from behind the `<` of a start tag to behind its end tag.
fn element(text: &str, depth: usize) -> Option<(String, Tree, &str)> {
    if depth > DEEPEST {
        return None;
    }
    let end = text.find('>')?;
    let (tag, mut rest) = (&text[..end], &text[end + 1..]);
    if let Some(name) = tag.strip_suffix('/') {
        return Some((format!("{} /", name.trim()), Tree::Scalar(Kind::Text, String::new()), rest));
    }
    let name = tag.split_ascii_whitespace().next()?;
    let mut members = Vec::new();
    let mut own = String::new();
    loop {
        let start = rest.find('<')?;
        own.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        if let Some(after) = rest.strip_prefix('/') {
            let after = after.strip_prefix(name)?.strip_prefix('>')?;
            let tree = if members.is_empty() { Tree::Scalar(Kind::Text, own) } else { Tree::Object(members) };
            return Some((tag.to_owned(), tree, after));
        }
        let (name, tree, after) = element(rest, depth + 1)?;
        members.push((name, tree));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_keep_their_spelling() {
        let tree = Tree::from_json(r#"{"a":1.0,"b":"\u003d","c":[true,null]}"#).unwrap();
        assert_eq!(tree.to_string(), r#"{"a":1.0,"b":"\u003d","c":[true,null]}"#);
        assert!(Tree::from_json(r#"{"a":1"#).is_none());
    }

    #[test]
    fn attributes_belong_to_the_name() {
        let tree = Tree::from_xml("<?xml version=\"1.0\"?><r v=\"1\"><a>&amp;</a><b></b></r>").unwrap();
        assert_eq!(tree.to_string(), r#"{"r v="1"":{"a":"&amp;","b":""}}"#);
    }

    #[test]
    fn paths_lead_into_lists() {
        let tree = Tree::from_json(r#"{"a":[{"n":"x","i":1},{"n":"y.z","i":2}]}"#).unwrap();
        assert_eq!(tree.at("a.i").unwrap().text(), Some("1"));
        assert_eq!(tree.at("a[n=y.z].i").unwrap().text(), Some("2"));
        assert_eq!(tree.at("a.b"), None);
    }
}
