//! Parameters: from the texts of a request to typed values, as the catalogue declares them
//! (API-PAR-001 to -035). By the time a command runs, nothing is left to parse.

mod convert;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use convert::Converter;
pub use convert::{is_domain_name, is_host_name};

use super::caller::Caller;
use super::error::ApiError;
use crate::catalog::{Access, Command, Param};
use crate::quirk::{Quirk, Quirks};
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::kind::Handle;
use crate::world::register::Stored;
use crate::world::table::Id;

/// A typed value.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Flag(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Date(Moment),
    /// A thing, or nothing for a value that silently counts as absent (API-PAR-033).
    Thing(Option<Handle>),
    /// `-1` where an identifier is expected (API-PAR-032).
    MinusOne,
    Things(Vec<Handle>),
    Texts(Vec<String>),
    Integers(Vec<i64>),
    Map(Vec<MapEntry>),
}

/// One member of a map parameter: `name[index].field=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapEntry {
    /// The number in brackets.
    pub index: i32,
    /// The field, in the spelling of the request (API-PAR-002).
    pub field: String,
    /// The value.
    pub value: String,
}

/// The typed parameters of one call.
#[derive(Debug, Clone)]
pub struct Arguments {
    command: Command,
    /// The texts as sent, by lower-cased name, for what events say.
    sent: Vec<(&'static str, String)>,
    values: Vec<(&'static str, Value)>,
    /// Whether the request was a POST; the limits of user data depend on it (UD-009).
    pub by_post: bool,
    /// What the first step of a two-step command made.
    created: Option<Handle>,
}

impl Arguments {
    /// The command that is called.
    #[must_use]
    pub fn command(&self) -> Command {
        self.command
    }

    /// The internal number of what the first step of a two-step command made.
    #[must_use]
    pub fn created(&self) -> Option<Id> {
        self.created.map(|created| created.id)
    }

    /// The same arguments for the second step of a two-step command.
    #[must_use]
    pub fn after(self, created: Option<Handle>) -> Self {
        Self { created, ..self }
    }

    fn find(&self, name: &str) -> Option<&Value> {
        debug_assert!(self.command.param(name).is_some(), "{} declares no {name}", self.command.name());
        self.values.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// A parameter as it was sent.
    #[must_use]
    pub fn sent(&self, name: &str) -> Option<&str> {
        self.sent.iter().find(|(other, _)| *other == name).map(|(_, text)| text.as_str())
    }

    /// Whether a parameter was sent.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.find(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A text that is not empty.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A compulsory text; empty if the command does not demand it after all.
    #[must_use]
    pub fn required(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// A flag, if it was sent.
    #[must_use]
    pub fn maybe_flag(&self, name: &str) -> Option<bool> {
        match self.find(name) {
            Some(Value::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// A flag, false if it was not sent.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.maybe_flag(name).unwrap_or(false)
    }

    /// A number.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.find(name) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// A number with a fraction.
    #[must_use]
    pub fn float(&self, name: &str) -> Option<f64> {
        match self.find(name) {
            Some(Value::Float(number)) => Some(*number),
            _ => None,
        }
    }

    /// A point in time.
    #[must_use]
    pub fn date(&self, name: &str) -> Option<Moment> {
        match self.find(name) {
            Some(Value::Date(moment)) => Some(*moment),
            _ => None,
        }
    }

    /// The internal number of a thing.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<Id> {
        self.handle(name).map(|handle| handle.id)
    }

    /// A thing.
    #[must_use]
    pub fn handle(&self, name: &str) -> Option<Handle> {
        match self.find(name) {
            Some(Value::Thing(handle)) => *handle,
            _ => None,
        }
    }

    /// Whether `-1` stands where an identifier is expected (API-PAR-032).
    #[must_use]
    pub fn is_minus_one(&self, name: &str) -> bool {
        matches!(self.find(name), Some(Value::MinusOne))
    }

    /// The internal numbers of a list of things.
    #[must_use]
    pub fn ids(&self, name: &str) -> Vec<Id> {
        match self.find(name) {
            Some(Value::Things(handles)) => handles.iter().map(|handle| handle.id).collect(),
            _ => Vec::new(),
        }
    }

    /// The things of a list, of whatever kind.
    #[must_use]
    pub fn handles(&self, name: &str) -> &[Handle] {
        match self.find(name) {
            Some(Value::Things(handles)) => handles,
            _ => &[],
        }
    }

    /// A list of texts.
    #[must_use]
    pub fn texts(&self, name: &str) -> &[String] {
        match self.find(name) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// A list of numbers.
    #[must_use]
    pub fn integers(&self, name: &str) -> &[i64] {
        match self.find(name) {
            Some(Value::Integers(numbers)) => numbers,
            _ => &[],
        }
    }

    /// The value of a parameter as the register keeps it; nothing for an empty text.
    #[must_use]
    pub fn stored(&self, name: &str) -> Option<Stored> {
        Some(match self.find(name)? {
            Value::Text(text) if text.is_empty() => return None,
            Value::Text(text) => Stored::Text(text.clone()),
            Value::Integer(number) => Stored::Number(*number),
            Value::Float(number) => Stored::Float(*number),
            Value::Flag(flag) => Stored::Flag(*flag),
            Value::Date(moment) => Stored::Date(*moment),
            Value::Thing(thing) => Stored::Thing((*thing)?),
            Value::Texts(texts) => Stored::Texts(texts.clone()),
            Value::Map(_) => Stored::Map(self.merged(name)),
            Value::Things(things) => Stored::Things(things.clone()),
            Value::MinusOne | Value::Integers(_) => return None,
        })
    }

    /// The members of a map parameter, as sent.
    #[must_use]
    pub fn entries(&self, name: &str) -> &[MapEntry] {
        match self.find(name) {
            Some(Value::Map(entries)) => entries,
            _ => &[],
        }
    }

    /// The members of a map parameter merged into one map: `name[i].key=value` (API-PAR-004).
    #[must_use]
    pub fn merged(&self, name: &str) -> Vec<(String, String)> {
        let map: BTreeMap<String, String> =
            self.entries(name).iter().map(|entry| (entry.field.clone(), entry.value.clone())).collect();
        map.into_iter().collect()
    }

    /// The members of a map parameter grouped by index: `name[i].key=k&name[i].value=v` (API-PAR-004).
    #[must_use]
    pub fn grouped(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let mut groups: BTreeMap<i32, BTreeMap<String, String>> = BTreeMap::new();
        for entry in self.entries(name) {
            groups.entry(entry.index).or_default().insert(entry.field.clone(), entry.value.clone());
        }
        groups.into_values().collect()
    }
}

/// The lower-cased command name in texts: the envelope without `response` (API-ERR-021).
fn text_name(command: Command) -> &'static str {
    let name = command.response_name();
    name.strip_suffix("response").unwrap_or(name)
}

/// Turns the texts of a request into arguments.
///
/// # Errors
///
/// The first refusal, in the order of declaration (API-PAR-015).
pub fn parse(
    world: &World,
    caller: Caller,
    command: Command,
    pairs: &[(String, String)],
    by_post: bool,
) -> Result<Arguments, ApiError> {
    let mut raw = unpack(pairs, &world.quirks)?;
    forget(&mut raw, &world.quirks);
    if world.sins(Quirk::ListsAreRecursive) && command.param("isrecursive").is_some() {
        raw.entry("isrecursive".to_owned()).or_insert_with(|| Sent::Text("true".to_owned()));
    }
    if world.sins(Quirk::UnknownParametersAreRefused) {
        refuse_unknown(command, raw.keys())?;
    }
    let mut values = Vec::new();
    let mut missing = None;
    let mut texts = Vec::new();
    for param in command.params().filter(|param| param.exposed() && param.is_in(world.release)) {
        if param.full_view_only() && !caller.is_root_admin() {
            continue;
        }
        if !param.roles().is_empty() && !param.roles().contains(caller.role_type()) {
            if world.sins(Quirk::RestrictedParametersAreRefused) && raw.contains_key(param.name()) {
                return Err(ApiError::permission(format!(
                    "Parameter {} is for administrators",
                    param.name()
                )));
            }
            continue;
        }
        let Some(sent) = raw.get(param.name()) else {
            if param.required_in(world.release) && !world.sins(Quirk::MissingParametersPass) {
                if world.sins(Quirk::LastMissingIsNamed) {
                    missing = Some(param);
                    continue;
                }
                return Err(is_missing(world, command, param));
            }
            continue;
        };
        let converter = Converter { world, command, param };
        if let Sent::Text(text) = sent {
            texts.push((param.name(), text.clone()));
        }
        if let Some(value) = converter.convert(sent)? {
            values.push((param.name(), value));
        }
    }
    if let Some(param) = missing {
        return Err(is_missing(world, command, param));
    }
    check_access(world, caller, command, &values)?;
    Ok(Arguments { command, sent: texts, values, by_post, created: None })
}

/// Refuses things that the caller may not reach, once every parameter is good (API-ACL-020).
fn check_access(
    world: &World,
    caller: Caller,
    command: Command,
    values: &[(&'static str, Value)],
) -> Result<(), ApiError> {
    if world.sins(Quirk::ForeignThingsAreAccessible) {
        return Ok(());
    }
    for (name, value) in values {
        let Some(access) = command.param(name).and_then(|param| param.acl()) else { continue };
        let handles = match value {
            Value::Thing(handle) => handle.as_slice(),
            Value::Things(_) if world.sins(Quirk::ForeignItemsPass) => &[],
            Value::Things(handles) => handles,
            _ => &[],
        };
        let may = |handle: &Handle| super::access::may(world, caller, *handle, access == Access::UseEntry);
        if !handles.iter().all(may) {
            return Err(out_of_reach(world, name));
        }
    }
    Ok(())
}

/// What a caller reads about a thing of somebody else (API-ERR-028).
fn out_of_reach(world: &World, name: &str) -> ApiError {
    let text = "Caller does not have permission to operate with provided resource.";
    if world.sins(Quirk::ForeignThingsAreUnknown) {
        return ApiError::parameter(format!("Unable to find the entity that {name} names"));
    }
    if world.sins(Quirk::ForeignThingsAre403) {
        return ApiError::api(403, text);
    }
    ApiError::permission(text)
}

/// Refuses a call that lacks a parameter (API-ERR-021).
fn is_missing(world: &World, command: Command, param: Param) -> ApiError {
    let name = if world.sins(Quirk::TextsKeepCamelCase) { command.name() } else { text_name(command) };
    let mut text = format!("Unable to execute API command {name} due to missing parameter {}", param.name());
    if world.sins(Quirk::AllFaultsAreTold) {
        let others = command.params().filter(|other| other.required() && other.name() != param.name());
        others.for_each(|other| text.push_str(&format!(", {}", other.name())));
    }
    ApiError::parameter(text)
}

/// Refuses names that the command does not declare: a sin, as the real server only logs them (API-REQ-009).
fn refuse_unknown<'a>(command: Command, names: impl Iterator<Item = &'a String>) -> Result<(), ApiError> {
    const EVERYWHERE: [&str; 8] =
        ["apikey", "command", "expires", "response", "sessionkey", "signature", "signatureversion", "_"];
    for name in names {
        if command.param(name).is_none() && !EVERYWHERE.contains(&name.as_str()) {
            return Err(ApiError::parameter(format!("Unknown parameter {name}")));
        }
    }
    Ok(())
}

/// A parameter as sent: one text, or the members of a map.
enum Sent {
    Text(String),
    Map(Vec<MapEntry>),
}

/// The sins of forgetting a parameter that was sent.
fn forget(raw: &mut BTreeMap<String, Sent>, quirks: &Quirks) {
    if quirks.has(Quirk::KeywordIsIgnored) {
        raw.remove("keyword");
    }
    if quirks.has(Quirk::IdAndIdsTogetherPass) && raw.contains_key("id") {
        raw.remove("ids");
    }
    if quirks.has(Quirk::RegisteredUserDataWins) && raw.contains_key("userdataid") {
        raw.remove("userdata");
    }
}

/// Lower-cases the names and gathers the members of maps (API-PAR-002, API-PAR-003).
fn unpack(pairs: &[(String, String)], quirks: &Quirks) -> Result<BTreeMap<String, Sent>, ApiError> {
    let spelt =
        |name: &str| if quirks.has(Quirk::NamesAreExact) { name.to_owned() } else { name.to_lowercase() };
    let mut raw: BTreeMap<String, Sent> = BTreeMap::new();
    for (key, value) in pairs {
        let Some(open) = key.find('[').filter(|open| *open > 0) else {
            raw.insert(spelt(key), Sent::Text(value.clone()));
            continue;
        };
        let malformed = || {
            ApiError::api(
                if quirks.has(Quirk::MalformedMapsAre431) { 431 } else { 430 },
                format!(
                    "Unable to decode parameter {key}; if specifying an object array, please use \
                     parameter[index].field=XXX, e.g. userGroupList[0].group=httpGroup"
                ),
            )
        };
        let Some((index, field)) = map_member(key, open) else {
            if quirks.has(Quirk::MalformedMapsAreIgnored) {
                continue;
            }
            return Err(malformed());
        };
        let field =
            if quirks.has(Quirk::MapFieldsAreLowered) { field.to_lowercase() } else { field.to_owned() };
        let entry = MapEntry { index, field, value: value.clone() };
        match raw.entry(spelt(&key[..open])).or_insert_with(|| Sent::Map(Vec::new())) {
            Sent::Map(entries) => entries.push(entry),
            text @ Sent::Text(_) => *text = Sent::Map(vec![entry]),
        }
    }
    if quirks.has(Quirk::IndicesCountFromZero) {
        for sent in raw.values_mut() {
            let Sent::Map(entries) = sent else { continue };
            let indices: Vec<i32> = entries.iter().map(|entry| entry.index).collect();
            let end = (0..).find(|index| !indices.contains(index)).unwrap_or(0);
            entries.retain(|entry| (0..end).contains(&entry.index));
        }
    }
    Ok(raw)
}

/// Index and field of `name[index].field`, whose bracket opens at a position.
fn map_member(key: &str, open: usize) -> Option<(i32, &str)> {
    let (close, dot) = (key.find(']')?, key.find('.')?);
    let doubled = key.matches('[').count() > 1 || key.matches(']').count() > 1;
    if doubled || close < open || dot < close {
        return None;
    }
    Some((key[open + 1..close].parse().ok()?, &key[dot + 1..]))
}

/// Refuses control characters other than line ends (API-PAR-001).
///
/// # Errors
///
/// 431, naming the first parameter that has one.
pub fn refuse_control_characters(quirks: &Quirks, pairs: &[(String, String)]) -> Result<(), ApiError> {
    if quirks.has(Quirk::ControlCharactersPass) {
        return Ok(());
    }
    for (name, value) in pairs {
        let is_line_end = |byte| matches!(byte, b'\n' | b'\r') && !quirks.has(Quirk::LineEndsAreRefused);
        let exempt = name.eq_ignore_ascii_case("activationrule");
        if !exempt && value.bytes().any(|byte| (byte < 0x20 && !is_line_end(byte)) || byte == 0x7f) {
            let code = if quirks.has(Quirk::ControlCharactersAre430) { 430 } else { 431 };
            return Err(ApiError::api(
                code,
                format!(
                    "Received value containing illegal ASCII non-printable characters for parameter {name}"
                ),
            ));
        }
    }
    Ok(())
}
