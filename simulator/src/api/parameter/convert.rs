//! From the text of one parameter to its value: how numbers, dates and identifiers are read, and how what is none of them
//! is refused (API-PAR-006 to -035).

use uuid::Uuid;

use super::{MapEntry, Sent, Value, is_missing, text_name};
use crate::api::error::{ApiError, Fault};
use crate::catalog::{Command, Param, ParamType, Validation};
use crate::quirk::Quirk;
use crate::world::World;
use crate::world::clock::{Moment, parse_date_parameter};
use crate::world::kind::{Handle, Kind};

/// The conversion of one parameter.
pub(super) struct Converter<'a> {
    pub(super) world: &'a World,
    pub(super) command: Command,
    pub(super) param: Param,
}

impl Converter<'_> {
    /// The value, or nothing for one that silently counts as absent.
    pub(super) fn convert(&self, sent: &Sent) -> Result<Option<Value>, ApiError> {
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
pub(super) fn java_number(text: &str) -> Option<f64> {
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

pub(super) fn decimal_digit(character: char) -> char {
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
