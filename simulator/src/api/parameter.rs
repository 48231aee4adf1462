//! Parameters: from the texts of a request to typed values, as the catalogue declares them
//! (API-PAR-001 to -035). By the time a command runs, nothing is left to parse.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::caller::Caller;
use super::error::{ApiError, Fault};
use crate::catalog::{Access, Command, Param, ParamType, Validation};
use crate::quirk::{Quirk, Quirks};
use crate::world::World;
use crate::world::clock::{Moment, parse_date_parameter};
use crate::world::kind::{Handle, Kind};
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

/// The conversion of one parameter.
struct Converter<'a> {
    world: &'a World,
    command: Command,
    param: Param,
}

impl Converter<'_> {
    fn convert(&self, sent: &Sent) -> Result<Option<Value>, ApiError> {
        let text = match sent {
            Sent::Map(entries) if self.is_map() => return Ok(Some(Value::Map(entries.clone()))),
            Sent::Map(entries) => java_map(entries),
            Sent::Text(_) if self.is_map() && self.world.sins(Quirk::PlainMapsAreEmpty) => {
                return Ok(Some(Value::Map(Vec::new())));
            }
            Sent::Text(text) if self.is_map() => return Err(self.bad_value(text)),
            Sent::Text(text) => text.clone(),
        };
        if text.is_empty() && self.param.required_in(self.world.release) {
            if self.world.sins(Quirk::EmptyValuesAreMissing) {
                return Err(is_missing(self.world, self.command, self.param));
            }
            return Err(ApiError::invalid(format!(
                "Invalid value provided for API arg: {}",
                self.param.name()
            )));
        }
        let value = self.convert_text(&text)?;
        if let Some(value) = &value {
            self.validate(value)?;
        }
        Ok(value)
    }

    fn is_map(&self) -> bool {
        matches!(self.param.field_type(), ParamType::Map | ParamType::Object)
    }

    fn convert_text(&self, text: &str) -> Result<Option<Value>, ApiError> {
        Ok(Some(match self.param.field_type() {
            ParamType::Boolean if self.world.sins(Quirk::YesIsTrue) => {
                Value::Flag(["true", "yes", "1"].iter().any(|word| text.eq_ignore_ascii_case(word)))
            }
            ParamType::Boolean => Value::Flag(text.eq_ignore_ascii_case("true")),
            ParamType::Integer
                if text.trim().is_empty() && !self.world.sins(Quirk::BlankIntegersAreRefused) =>
            {
                return Ok(None);
            }
            ParamType::Integer => {
                Value::Integer(self.integer(text, i64::from(i32::MIN), i64::from(i32::MAX))?)
            }
            ParamType::Short => {
                Value::Integer(self.integer(text, i64::from(i16::MIN), i64::from(i16::MAX))?)
            }
            ParamType::Long if text.is_empty() && self.world.sins(Quirk::EmptyLongsPass) => return Ok(None),
            ParamType::Long => Value::Integer(self.integer(text, i64::MIN, i64::MAX)?),
            ParamType::Float | ParamType::Double if text.trim().is_empty() => return Ok(None),
            ParamType::Float | ParamType::Double => Value::Float(self.float(text)?),
            ParamType::String => Value::Text(self.string(text)?),
            ParamType::Date => Value::Date(self.date(text)?),
            ParamType::Uuid => self.thing(text)?,
            ParamType::List => self.list(text)?,
            ParamType::Map | ParamType::Object => return Err(self.bad_value(text)),
        }))
    }

    fn string(&self, text: &str) -> Result<String, ApiError> {
        let limit = self.param.length_in(self.world.release);
        let is_cut = self.world.sins(Quirk::LongTextsAreCut)
            || self.world.sins(Quirk::LongKeywordsAreCut) && self.param.name() == "keyword";
        if text.encode_utf16().count() > limit && is_cut {
            return Ok(text.chars().take(limit).collect());
        }
        if text.encode_utf16().count() > limit && !self.world.sins(Quirk::LongTextsPass) {
            return Err(self.invalid(&format!(
                "Value greater than max allowed length {limit} for param: {}",
                self.param.name()
            )));
        }
        if self.world.sins(Quirk::TextsAreAscii) {
            return Ok(text.replace(|letter: char| !letter.is_ascii(), "?"));
        }
        Ok(text.to_owned())
    }

    fn integer(&self, text: &str, least: i64, most: i64) -> Result<i64, ApiError> {
        let trimmed = if self.world.sins(Quirk::IntegersAreTrimmed) { text.trim() } else { text };
        // Java takes any decimal digit of Unicode.
        let digits: String = match self.world.sins(Quirk::IntegersAreAscii) {
            true => trimmed.to_owned(),
            false => trimmed.chars().map(decimal_digit).collect(),
        };
        let number = digits.parse().map_err(|_| self.bad_value(text))?;
        if (least..=most).contains(&number) { Ok(number) } else { Err(self.bad_value(text)) }
    }

    fn float(&self, text: &str) -> Result<f64, ApiError> {
        java_number(text).ok_or_else(|| self.bad_value(text))
    }

    fn date(&self, text: &str) -> Result<Moment, ApiError> {
        if self.world.sins(Quirk::DatesNeedATime) && !text.contains([':', 'T']) {
            return Err(self.bad_value(text));
        }
        let ends = self.param.name() == "enddate" && !self.world.sins(Quirk::EndDatesAreMidnight);
        parse_date_parameter(text, ends).ok_or_else(|| {
            if self.world.sins(Quirk::BadDatesAreBadValues) {
                return self.bad_value(text);
            }
            ApiError::parameter(format!(
                "Unable to parse date {text} for command {}, please pass dates in the format mentioned in the api \
                 documentation",
                text_name(self.command)
            ))
        })
    }

    fn thing(&self, text: &str) -> Result<Value, ApiError> {
        if text == "-1" && !self.world.sins(Quirk::MinusOneIsNoId) {
            return Ok(Value::MinusOne);
        }
        if let Some(handle) = self.look_up(text) {
            return Ok(Value::Thing(Some(handle)));
        }
        if self.world.sins(Quirk::UnknownThingsAreAbsent) {
            return Ok(Value::Thing(None));
        }
        if looks_like_uuid(text) {
            return Err(self.no_such_thing(text));
        }
        if self.param.since().is_some() && !self.world.sins(Quirk::NonUuidsAreRefused) {
            return Ok(Value::Thing(None));
        }
        // An internal number passes without a look at what it stands for (API-PAR-033).
        match text.parse::<i64>() {
            Ok(_) if self.world.sins(Quirk::NumbersAreNoIds) => Err(self.no_such_thing(text)),
            Ok(number) if number > 0 || (number == 0 && self.world.sins(Quirk::ZeroIsPositive)) => {
                let kind = self.kinds().next();
                let id = u64::try_from(number).unwrap_or(0);
                Ok(Value::Thing(kind.map(|kind| Handle { kind, id })))
            }
            Ok(_) => Err(self.invalid(&format!("Invalid value provided for API arg: {}", self.param.name()))),
            Err(_) => Err(self.no_such_thing(text)),
        }
    }

    fn list(&self, text: &str) -> Result<Value, ApiError> {
        if self.world.sins(Quirk::EmptyItemsAreRefused) && text.split(',').any(str::is_empty) {
            return Err(self.bad_value(text));
        }
        let trims = self.world.sins(Quirk::ItemsAreTrimmed);
        let items = text.split(',').map(|item| if trims { item.trim() } else { item });
        let items = items.filter(|item| !item.is_empty());
        Ok(match self.param.list_of() {
            Some(ParamType::Uuid) => {
                let mut things = Vec::new();
                for item in items {
                    if let Value::Thing(Some(handle)) = self.thing(item)? {
                        things.push(handle);
                    }
                }
                Value::Things(things)
            }
            Some(ParamType::Integer | ParamType::Long | ParamType::Short) => Value::Integers(
                items.map(|item| self.integer(item, i64::MIN, i64::MAX)).collect::<Result<_, _>>()?,
            ),
            _ => Value::Texts(items.map(str::to_owned).collect()),
        })
    }

    /// The kinds of things that the parameter may name.
    fn kinds(&self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(|kind| self.may_name(*kind))
    }

    /// Whether the parameter may name a thing of this kind.
    fn may_name(&self, kind: Kind) -> bool {
        let param = self.param;
        // Upstream takes all its machines for one kind of thing; these commands are about routers, too.
        let takes_routers =
            matches!(self.command.name(), "listRouters" | "runDiagnostics" | "getDiagnosticsData")
                && matches!(param.name(), "id" | "targetid");
        (kind.is_router() && takes_routers)
            || kind.classes().iter().any(|class| param.entities().any(|entity| entity == *class))
    }

    fn look_up(&self, text: &str) -> Option<Handle> {
        let is_spelt_wrong =
            self.world.sins(Quirk::IdsAreExact) && text.contains(|letter: char| letter.is_ascii_uppercase());
        if text.len() != 36 || is_spelt_wrong {
            return None;
        }
        let handle = self.world.find(Uuid::try_parse(text).ok()?)?;
        let is_gone = || self.world.uuid_of(handle).is_none();
        if self.world.sins(Quirk::RemovedThingsAreUnknown) && is_gone() {
            return None;
        }
        self.may_name(handle.kind).then_some(handle)
    }

    fn validate(&self, value: &Value) -> Result<(), ApiError> {
        let zero = if self.world.sins(Quirk::ZeroIsPositive) { -1 } else { 0 };
        for validation in self.param.validations() {
            let (holds, hint) = match (validation, value) {
                (Validation::PositiveNumber, Value::Integer(number)) => (*number > zero, ""),
                (Validation::NotNullOrEmpty, Value::Text(text)) => (!text.trim().is_empty(), ""),
                (Validation::UuidString, Value::Text(text)) => (Uuid::try_parse(text).is_ok(), ""),
                (Validation::RfcComplianceDomainName, Value::Text(text)) => {
                    let begins_anyhow = self.world.sins(Quirk::HostNamesBeginWithDigits);
                    let judged = if begins_anyhow { text.trim_start_matches(char::is_numeric) } else { text };
                    (is_host_name(judged), HOST_NAME_HINT)
                }
                _ => (true, ""),
            };
            if !holds {
                return Err(
                    self.invalid(&format!("Invalid value provided for API arg: {}{hint}", self.param.name()))
                );
            }
        }
        Ok(())
    }

    fn bad_value(&self, text: &str) -> ApiError {
        let error = ApiError::parameter(format!(
            "Unable to execute API command {} due to invalid value {text} for parameter {}",
            text_name(self.command),
            self.param.name()
        ));
        let fault = if self.world.sins(Quirk::BadValuesAre530) { Fault::Runtime } else { error.fault };
        ApiError { fault, ..error }
    }

    fn invalid(&self, reason: &str) -> ApiError {
        ApiError::parameter(format!(
            "Unable to execute API command {} due to invalid value. {reason}",
            text_name(self.command)
        ))
    }

    fn no_such_thing(&self, text: &str) -> ApiError {
        let error = self.invalid(&format!(
            "Invalid parameter {} value={text} due to incorrect long value format, or entity does not exist or due \
             to incorrect parameter annotation for the field in api cmd class.",
            self.param.name()
        ));
        let fault = if self.world.sins(Quirk::MissingThingsAre404) { Fault::Api(404) } else { error.fault };
        ApiError { fault, ..error }
    }
}

const HOST_NAME_HINT: &str = " - it can contain ASCII letters 'a' through 'z', the digits '0' through '9', and the \
                              hyphen ('-'), must be between 1 and 63 characters long, and can't start or end with \
                              \"-\" and can't start with digit";

/// A label that a host may be called by (API-PAR-014).
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && !text.ends_with('-')
}

/// Labels with dots between them, short enough for a host name in front (DHCP-015; `NetUtils.verifyDomainName`).
#[must_use]
pub fn is_domain_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 190 && text.split('.').all(is_label)
}

/// A floating number as Java reads one: blanks around it, a suffix, three words, hexadecimal digits.
fn java_number(text: &str) -> Option<f64> {
    let trimmed = text.trim();
    let plain = trimmed.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(trimmed);
    let (sign, size) = match plain.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, plain.strip_prefix('+').unwrap_or(plain)),
    };
    match size {
        // Words have no suffix.
        "NaN" if plain == trimmed => Some(f64::NAN),
        "Infinity" if plain == trimmed => Some(sign * f64::INFINITY),
        _ if size.starts_with("0x") || size.starts_with("0X") => Some(sign * hexadecimal(&size[2..])?),
        // Rust reads words and signs that Java does not.
        _ if size.starts_with(|first: char| first.is_ascii_digit() || first == '.') => {
            Some(sign * size.parse::<f64>().ok()?)
        }
        _ => None,
    }
}

/// What follows `0x`: digits, perhaps with a point, and a compulsory power of two.
fn hexadecimal(text: &str) -> Option<f64> {
    let (digits, power) = text.split_once(['p', 'P'])?;
    let power: i32 = power.parse().ok()?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let places = i32::try_from(fraction.len()).ok()?;
    Some(value * 2.0_f64.powi(power.saturating_sub(places.saturating_mul(4))))
}

fn decimal_digit(character: char) -> char {
    // The zeros of the common scripts; their digits follow in order.
    const ZEROS: [u32; 6] = [0x0660, 0x06f0, 0x0966, 0x09e6, 0x0e50, 0xff10];
    let code = u32::from(character);
    ZEROS
        .iter()
        .find(|zero| (**zero..**zero + 10).contains(&code))
        .and_then(|zero| char::from_digit(code - zero, 10))
        .unwrap_or(character)
}

/// Whether a text contains the form of a UUID; upstream searches for it (API-PAR-031).
fn looks_like_uuid(text: &str) -> bool {
    text.as_bytes().windows(36).any(|window| {
        window.iter().enumerate().all(|(position, byte)| match position {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    })
}

/// A map in Java's text form, which a plain parameter gets (API-PAR-005).
fn java_map(entries: &[MapEntry]) -> String {
    let members: Vec<String> =
        entries.iter().map(|entry| format!("{}={{{}={}}}", entry.index, entry.field, entry.value)).collect();
    format!("{{{}}}", members.join(", "))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(key: &str) -> Result<BTreeMap<String, Sent>, ApiError> {
        unpack(&[(key.to_owned(), "v".to_owned())], &Quirks::default())
    }

    #[test]
    fn map_names_are_lowered_and_fields_are_not() {
        let raw = unpacked("Details[-3].Key.Part").expect("well formed");
        let Some(Sent::Map(entries)) = raw.get("details") else { panic!("no map") };
        assert_eq!((entries[0].index, entries[0].field.as_str()), (-3, "Key.Part"));
    }

    #[test]
    fn malformed_maps_are_430() {
        for key in ["a[[0]].b", "a[0.b", "a]0[.b", "a[0]b", "a.b[0]", "a[x].b", "a[].b"] {
            let error = unpacked(key).err().unwrap_or_else(|| panic!("{key} passed"));
            assert_eq!(error.code(), 430, "{key}");
        }
        assert!(unpacked("[0].b").is_ok());
    }

    #[test]
    fn floats_are_read_as_java_does() {
        for (text, expected) in [
            ("1", 1.0),
            ("+1.5", 1.5),
            ("-1e3", -1000.0),
            (" 1f ", 1.0),
            ("2.5D", 2.5),
            (".5", 0.5),
            ("1.", 1.0),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("0x1p3", 8.0),
            ("-0X1.8p1", -3.0),
            ("0xap-1f", 5.0),
        ] {
            assert_eq!(java_number(text), Some(expected), "{text}");
        }
        assert!(java_number("NaN").is_some_and(f64::is_nan));
        for text in [
            "", " ", "-", "nan", "inf", "infinity", "1,5", "1_0", "0x1", "0xp1", "1 0", "+-1", "NaNf", "five",
        ] {
            assert_eq!(java_number(text), None, "{text}");
        }
    }

    #[test]
    fn integers_may_have_digits_of_any_script() {
        for (text, expected) in
            [("\u{665}", "5"), ("\u{6f0}\u{967}", "01"), ("\u{ff19}x", "9x"), ("\u{b2}", "\u{b2}")]
        {
            assert_eq!(text.chars().map(decimal_digit).collect::<String>(), expected);
        }
    }

    #[test]
    fn domains_follow_the_rule() {
        let longest = format!("{0}.{0}.{1}", "a".repeat(63), "b".repeat(62));
        assert_eq!(longest.len(), 190);
        for good in ["cs2cloud.internal", "1.2", "A-1", &longest] {
            assert!(is_domain_name(good), "{good}");
        }
        let long_label = "a".repeat(64);
        let too_long = format!("{longest}b");
        for bad in ["", ".", "a..b", ".a", "a.", "a_b", "-a.b", "a-.b", "a b", "é", &long_label, &too_long] {
            assert!(!is_domain_name(bad), "{bad}");
        }
    }

    #[test]
    fn host_names_follow_the_rule() {
        for (name, expected) in [
            ("a", true),
            ("web-1", true),
            ("1web", false),
            ("-a", false),
            ("a-", false),
            ("", false),
            ("a.b", false),
        ] {
            assert_eq!(is_host_name(name), expected, "{name}");
        }
        assert!(!is_host_name(&"a".repeat(64)));
    }

    #[test]
    fn control_characters_are_refused_but_line_ends_pass() {
        let honest = Quirks::default();
        let refused =
            |value: &str| refuse_control_characters(&honest, &[("k".to_owned(), value.to_owned())]).is_err();
        for value in ["\t", "\u{1}", "a\u{7f}", "\u{b}"] {
            assert!(refused(value), "{value:?}");
        }
        for value in ["a\nb", "a\r\n", "é", ""] {
            assert!(!refused(value), "{value:?}");
        }
    }
}
