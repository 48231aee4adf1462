//! Points in time and their forms on the wire. The world never asks the machine for the time: it is told.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Moment(pub i64);

/// Where a virtual clock starts: 2030-01-01T00:00:00Z.
pub const VIRTUAL_EPOCH: Moment = Moment(1_893_456_000_000);

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Moment {
    /// This point plus some milliseconds.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This point plus some seconds.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// `Mon, 23 Nov 2026 11:50:03 GMT`, as headers have it.
    #[must_use]
    pub fn http_date(self) -> String {
        // Every answer has one or two of them: digits are put where they belong, for `format!` costs several times as much.
        let moment = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000))
            .ok()
            .filter(|moment| moment.year() >= 0)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second) = moment.to_hms();
        let mut text = *b"Mon, 00 Jan 0000 00:00:00 GMT";
        let weekday = WEEKDAYS[usize::from(moment.weekday().number_days_from_monday())];
        text[..3].copy_from_slice(weekday.as_bytes());
        text[8..11].copy_from_slice(MONTHS[usize::from(u8::from(month)) - 1].as_bytes());
        let century = |number: i32| u8::try_from(number).unwrap_or_default();
        for (place, pair) in [
            (5, day),
            (12, century(year / 100)),
            (14, century(year % 100)),
            (17, hour),
            (20, minute),
            (23, second),
        ] {
            text[place] = b'0' + pair / 10 % 10;
            text[place + 1] = b'0' + pair % 10;
        }
        String::from_utf8(text.to_vec()).expect("letters, digits and blanks")
    }

    /// `20261123112432`, as names have it.
    #[must_use]
    pub fn digits(self) -> String {
        let text = self.to_string();
        let (date, _) = text.split_once('+').unwrap_or((&text, ""));
        date.chars().filter(char::is_ascii_digit).collect()
    }

    fn from_date_time(value: OffsetDateTime) -> Self {
        Self(i64::try_from(value.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX))
    }
}

/// `yyyy-MM-dd'T'HH:mm:ssZ` in UTC (API-RSP-023).
impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1000);
        let Ok(moment) = OffsetDateTime::from_unix_timestamp(seconds) else {
            return write!(formatter, "{seconds}");
        };
        write!(
            formatter,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+0000",
            moment.year(),
            u8::from(moment.month()),
            moment.day(),
            moment.hour(),
            moment.minute(),
            moment.second()
        )
    }
}

/// Reads the value of `expires` (API-SIG-024): a date, `T`, a time with or without seconds and
/// fraction, and a zone. No zone, no blank, nothing before or after.
#[must_use]
pub fn parse_expires(text: &str) -> Option<Moment> {
    let mut reader = Reader { rest: text };
    let (year, month, day) = reader.date()?;
    reader.one_of("Tt")?;
    let hour = reader.digits(2, 2)?.0;
    reader.one_of(":")?;
    let minute = reader.digits(2, 2)?.0;
    let mut second = 0;
    let mut fraction = None;
    if reader.one_of(":").is_some() {
        second = reader.digits(2, 2)?.0;
        if reader.one_of(".").is_some() {
            fraction = Some(reader.digits(1, 9)?);
        }
    }
    let zone = reader.zone()?;
    if !reader.rest.is_empty() {
        return None;
    }
    // With the compact offset only six digits of fraction are known.
    if zone.form == ZoneForm::Compact && fraction.is_some_and(|(_, digits)| digits != 6) {
        return None;
    }
    let millis = fraction.map_or(0, |(value, digits)| i64::from(value) * 1000 / 10_i64.pow(digits));
    let time =
        Time::from_hms(u8::try_from(hour).ok()?, u8::try_from(minute).ok()?, u8::try_from(second).ok()?);
    let (date, time) = match (calendar(year, month, day), time) {
        (Some(date), Ok(time)) => (date, time),
        _ if zone.form == ZoneForm::Compact => smart(year, month, day, hour, minute, second)?,
        _ => return None,
    };
    let offset = UtcOffset::from_whole_seconds(zone.seconds).ok()?;
    let moment = PrimitiveDateTime::new(date, time).assume_offset(offset);
    Some(Moment::from_date_time(moment).plus_millis(millis))
}

/// Reads `expires` as releases before 4.13 did, by a pattern of Java: with the compact offset alone, numbers of any
/// length, days and hours that roll over, and whatever follows.
#[must_use]
pub fn parse_compact_expires(text: &str) -> Option<Moment> {
    let mut reader = Reader { rest: text };
    let year = reader.digits(1, 9)?.0;
    reader.one_of("-")?;
    let month = reader.digits(1, 9)?.0;
    reader.one_of("-")?;
    let date = lenient(year, month, reader.digits(1, 9)?.0)?;
    reader.one_of("T")?;
    let hour = reader.digits(1, 9)?.0;
    reader.one_of(":")?;
    let minute = reader.digits(1, 9)?.0;
    reader.one_of(":")?;
    let second = reader.digits(1, 9)?.0;
    let is_before = reader.one_of("+-")? == '-';
    let (hours, minutes) = (reader.digits(2, 2)?.0, reader.digits(2, 2)?.0);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let offset = i64::from(hours * 3600 + minutes * 60);
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let midnight = Moment::from_date_time(date.midnight().assume_utc());
    Some(midnight.plus_seconds(seconds + if is_before { offset } else { -offset }))
}

/// Reads a DATE parameter (API-PAR-020, API-PAR-021). `end_of_day` says what a bare date means.
#[must_use]
pub fn parse_date_parameter(text: &str, end_of_day: bool) -> Option<Moment> {
    if let Some(moment) = parse_expires(text) {
        return Some(moment);
    }
    let mut reader = Reader { rest: text };
    let year = reader.digits(1, 9)?.0;
    reader.one_of("-")?;
    let month = reader.digits(1, 9)?.0;
    reader.one_of("-")?;
    let day = reader.digits(1, 9)?.0;
    let date = lenient(year, month, day)?;
    if let Some((hour, minute, second)) = reader.clock_time() {
        return Some(
            Moment::from_date_time(date.midnight().assume_utc())
                .plus_seconds(i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second)),
        );
    }
    let midnight = Moment::from_date_time(date.midnight().assume_utc());
    Some(if end_of_day { midnight.plus_seconds(86_399) } else { midnight })
}

fn calendar(year: u32, month: u32, day: u32) -> Option<Date> {
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()
}

/// Java's smart resolution: the end of a month is clamped, 24:00 is the next day.
fn smart(year: u32, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> Option<(Date, Time)> {
    if day == 0 || day > 31 {
        return None;
    }
    let date = (1..=day).rev().find_map(|day| calendar(year, month, day))?;
    if hour == 24 && minute == 0 && second == 0 {
        return Some((date.next_day()?, Time::MIDNIGHT));
    }
    let time =
        Time::from_hms(u8::try_from(hour).ok()?, u8::try_from(minute).ok()?, u8::try_from(second).ok()?);
    Some((date, time.ok()?))
}

/// Java's lenient calendar: months and days roll over.
fn lenient(year: u32, month: u32, day: u32) -> Option<Date> {
    if year > 9999 || month > 10_000 || day > 1_000_000 {
        return None;
    }
    let months = i64::from(year) * 12 + i64::from(month) - 1;
    let first = calendar(
        u32::try_from(months.div_euclid(12)).ok()?,
        u32::try_from(months.rem_euclid(12)).ok()? + 1,
        1,
    )?;
    first.checked_add(time::Duration::days(i64::from(day) - 1))
}

#[derive(PartialEq, Eq)]
enum ZoneForm {
    Colon,
    Compact,
}

struct Zone {
    seconds: i32,
    form: ZoneForm,
}

/// A cursor over the text of a date.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn digits(&mut self, least: usize, most: usize) -> Option<(u32, u32)> {
        let length = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if length < least {
            return None;
        }
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some((digits.parse().ok()?, u32::try_from(length).ok()?))
    }

    fn one_of(&mut self, set: &str) -> Option<char> {
        let first = self.rest.chars().next().filter(|first| set.contains(*first))?;
        self.rest = &self.rest[first.len_utf8()..];
        Some(first)
    }

    fn date(&mut self) -> Option<(u32, u32, u32)> {
        let year = self.digits(4, 4)?.0;
        self.one_of("-")?;
        let month = self.digits(2, 2)?.0;
        self.one_of("-")?;
        Some((year, month, self.digits(2, 2)?.0))
    }

    fn clock_time(&mut self) -> Option<(u32, u32, u32)> {
        self.one_of(" ")?;
        let hour = self.digits(1, 6)?.0;
        self.one_of(":")?;
        let minute = self.digits(1, 6)?.0;
        self.one_of(":")?;
        Some((hour, minute, self.digits(1, 6)?.0))
    }

    fn zone(&mut self) -> Option<Zone> {
        if self.one_of("Zz").is_some() {
            // The legacy double zone: `Z+0000`, where the numeric offset counts.
            if self.rest.is_empty() {
                return Some(Zone { seconds: 0, form: ZoneForm::Colon });
            }
            return self.offset().filter(|zone| zone.form == ZoneForm::Compact);
        }
        self.offset()
    }

    fn offset(&mut self) -> Option<Zone> {
        let sign = if self.one_of("+-")? == '-' { -1 } else { 1 };
        let hours = self.digits(2, 2)?.0;
        let (minutes, form) = if self.one_of(":").is_some() {
            (self.digits(2, 2)?.0, ZoneForm::Colon)
        } else if self.rest.is_empty() {
            (0, ZoneForm::Colon)
        } else {
            (self.digits(2, 2)?.0, ZoneForm::Compact)
        };
        if hours > 18 || minutes > 59 {
            return None;
        }
        Some(Zone { seconds: sign * i32::try_from(hours * 3600 + minutes * 60).ok()?, form })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_OF_JANUARY: i64 = 1_893_553_445_000;

    #[test]
    fn moments_are_shown_without_colon_or_fraction() {
        assert_eq!(Moment(SECOND_OF_JANUARY + 999).to_string(), "2030-01-02T03:04:05+0000");
        assert_eq!(Moment(-1000).to_string(), "1969-12-31T23:59:59+0000");
    }

    #[test]
    fn accepted_forms_of_expires() {
        for (text, millis) in [
            ("2030-01-02T03:04:05Z", SECOND_OF_JANUARY),
            ("2030-01-02t03:04:05z", SECOND_OF_JANUARY),
            ("2030-01-02T03:04:05+00:00", SECOND_OF_JANUARY),
            ("2030-01-02T03:04:05+05:30", SECOND_OF_JANUARY - 19_800_000),
            ("2030-01-02T03:04:05+05", SECOND_OF_JANUARY - 18_000_000),
            ("2030-01-02T03:04:05+0000", SECOND_OF_JANUARY),
            ("2030-01-02T03:04:05-0530", SECOND_OF_JANUARY + 19_800_000),
            ("2030-01-02T03:04Z", SECOND_OF_JANUARY - 5000),
            ("2030-01-02T03:04:05.1Z", SECOND_OF_JANUARY + 100),
            ("2030-01-02T03:04:05.123456789Z", SECOND_OF_JANUARY + 123),
            ("2030-01-02T03:04:05.123456+0000", SECOND_OF_JANUARY + 123),
            ("2030-01-02T03:04:05Z+0000", SECOND_OF_JANUARY),
        ] {
            assert_eq!(parse_expires(text), Some(Moment(millis)), "{text}");
        }
    }

    #[test]
    fn before_4_13_there_was_the_compact_offset_alone() {
        let read = |text: &str| parse_compact_expires(text).map(|moment| moment.to_string());
        let expected = Some("2030-01-02T03:04:05+0000".to_owned());
        for text in ["2030-01-02T03:04:05+0000", "2030-01-02T08:34:05+0530", "2030-1-1T27:04:05+0000 or so"] {
            assert_eq!(read(text), expected, "{text}");
        }
        for text in ["2030-01-02T03:04:05Z", "2030-01-02T03:04:05+00:00", "2030-01-02T03:04:05", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn refused_forms_of_expires() {
        for text in [
            "2030-01-02T03:04:05.123+0000",
            "2030-01-02T03:04:05",
            "2030-01-02 03:04:05+0000",
            "2030-01-02",
            "1893553445",
            "20300102T030405Z",
            "2030-01-02T24:00:00Z",
            "2030-02-30T00:00:00Z",
            "2030-01-02T23:59:60Z",
            " 2030-01-02T03:04:05Z",
            "2030-01-02T03:04:05Z ",
            "",
        ] {
            assert_eq!(parse_expires(text), None, "{text}");
        }
    }

    #[test]
    fn the_compact_zone_resolves_smartly() {
        assert_eq!(
            parse_expires("2030-02-30T00:00:00+0000").map(|moment| moment.to_string()).as_deref(),
            Some("2030-02-28T00:00:00+0000")
        );
        assert_eq!(
            parse_expires("2030-01-02T24:00:00+0000").map(|moment| moment.to_string()).as_deref(),
            Some("2030-01-03T00:00:00+0000")
        );
    }

    #[test]
    fn date_parameters_are_lenient() {
        for (text, expected) in [
            ("2030-1-2", "2030-01-02T00:00:00+0000"),
            ("2030-13-45", "2031-02-14T00:00:00+0000"),
            ("2030-01-02 25:61:61", "2030-01-03T02:02:01+0000"),
            ("2030-01-02garbage", "2030-01-02T00:00:00+0000"),
            ("2030-01-02T03:04:05", "2030-01-02T00:00:00+0000"),
        ] {
            assert_eq!(
                parse_date_parameter(text, false).map(|moment| moment.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        assert_eq!(parse_date_parameter("foo", false), None);
        assert_eq!(
            parse_date_parameter("2030-01-02", true).map(|moment| moment.to_string()).as_deref(),
            Some("2030-01-02T23:59:59+0000")
        );
    }
}
