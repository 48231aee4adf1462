//! When something is to happen again and again: the five fields of a cron expression.

use time::{Date, OffsetDateTime, UtcOffset};

use super::clock::Moment;

/// A field: its name in Java's refusals and what it may be.
struct Field {
    name: &'static str,
    /// What stands in the refusal as its range.
    range: &'static str,
    least: u8,
    most: u8,
    /// Names for its values, from `least` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "MinuteOfHour", range: "0 - 59", least: 0, most: 59, names: &[] },
    Field { name: "HourOfDay", range: "0 - 23", least: 0, most: 23, names: &[] },
    Field { name: "DayOfMonth", range: "1 - 28/31", least: 1, most: 31, names: &[] },
    Field {
        name: "MonthOfYear",
        range: "1 - 12",
        least: 1,
        most: 12,
        names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    },
    Field {
        name: "DayOfWeek",
        range: "1 - 7",
        least: 0,
        most: 7,
        names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    },
];

/// How far ahead a next time is looked for.
const DAYS: i64 = 366 * 8;

/// A read cron expression: the minutes, hours, days, months and weekdays, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cron {
    fields: [u64; 5],
}

impl Cron {
    /// Reads `minute hour day month weekday`.
    ///
    /// # Errors
    ///
    /// The text of the refusal.
    pub fn read(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.len() != FIELDS.len() {
            // The seconds stand before what was sent.
            return Err(format!(
                "Cron expression must consist of 6 fields (found {} in \"0 {text}\")",
                words.len() + 1
            ));
        }
        let mut fields = [0; 5];
        for ((bits, word), field) in fields.iter_mut().zip(words).zip(&FIELDS) {
            *bits = field.read(word)?;
        }
        // Sunday is 0 and 7.
        if fields[4] & (1 << 7) != 0 {
            fields[4] |= 1;
        }
        Ok(Self { fields })
    }

    fn has(self, field: usize, value: u8) -> bool {
        self.fields[field] & (1 << value) != 0
    }

    fn is_on(self, day: Date) -> bool {
        self.has(2, day.day())
            && self.has(3, u8::from(day.month()))
            && self.has(4, day.weekday().number_days_from_sunday())
    }

    /// The first time after a moment, by clocks that are this many minutes ahead of UTC.
    #[must_use]
    pub fn after(self, moment: Moment, ahead: i32) -> Option<Moment> {
        let offset = UtcOffset::from_whole_seconds(ahead.checked_mul(60)?).ok()?;
        let start = OffsetDateTime::from_unix_timestamp(moment.0.div_euclid(1000)).ok()?.to_offset(offset);
        let now = (start.hour(), start.minute());
        let mut day = start.date();
        for passed in 0..DAYS {
            if self.is_on(day) {
                let minutes = (0..24).flat_map(|hour| (0..60).map(move |minute| (hour, minute)));
                let found = minutes
                    .filter(|(hour, minute)| self.has(1, *hour) && self.has(0, *minute))
                    .find(|at| passed > 0 || *at > now);
                if let Some((hour, minute)) = found {
                    let at = day.with_hms(hour, minute, 0).ok()?.assume_offset(offset);
                    return Some(Moment(at.unix_timestamp().checked_mul(1000)?));
                }
            }
            day = day.next_day()?;
        }
        None
    }
}

impl Field {
    fn read(&self, word: &str) -> Result<u64, String> {
        word.split(',').try_fold(0, |bits, part| Ok(bits | self.part(part)?))
    }

    /// `*`, `5`, `1-5`, any of them with a step.
    fn part(&self, part: &str) -> Result<u64, String> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(self.number(step)?.max(1))),
            None => (part, None),
        };
        let (from, until) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (self.least, self.most),
            Some((from, until)) => (self.value(from)?, self.value(until)?),
            None => (self.value(range)?, if step.is_some() { self.most } else { self.value(range)? }),
        };
        let values = (from..=until).step_by(usize::from(step.unwrap_or(1)));
        Ok(values.fold(0, |bits, value| bits | (1 << value)))
    }

    fn value(&self, word: &str) -> Result<u8, String> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(word));
        if let Some(place) = named.and_then(|place| u8::try_from(place).ok()) {
            return Ok(self.least + place);
        }
        let number = self.number(word)?;
        if (self.least..=self.most).contains(&number) {
            return Ok(number);
        }
        Err(format!("Invalid value for {} (valid values {}): {word} '{word}'", self.name, self.range))
    }

    fn number(&self, word: &str) -> Result<u8, String> {
        let number: i64 = word.parse().map_err(|_| format!("For input string: \"{word}\" '{word}'"))?;
        u8::try_from(number).map_err(|_| {
            format!("Invalid value for {} (valid values {}): {word} '{word}'", self.name, self.range)
        })
    }
}

/// How many minutes the clocks of a zone are ahead of UTC: `GMT+05:30`, `UTC`. Zones that are named by a place
/// count as UTC: the world has no tables of them.
#[must_use]
pub fn minutes_ahead(zone: &str) -> i32 {
    let Some(rest) = zone.strip_prefix("GMT").or_else(|| zone.strip_prefix("UTC")) else { return 0 };
    let (sign, rest) = match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (_, Some(rest)) => (-1, rest),
        _ => return 0,
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    match (hours.parse::<i32>(), minutes.parse::<i32>()) {
        (Ok(hours @ 0..=23), Ok(minutes @ 0..=59)) => sign * (hours * 60 + minutes),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::VIRTUAL_EPOCH;

    fn next(text: &str, ahead: i32) -> String {
        let cron = Cron::read(text).expect("an expression");
        cron.after(VIRTUAL_EPOCH, ahead).expect("it comes").to_string()
    }

    #[test]
    fn the_next_time_is_found() {
        // 2030-01-01 is a Tuesday.
        assert_eq!(next("*/2 * * * *", 0), "2030-01-01T00:02:00+0000");
        assert_eq!(next("0 0 1 * *", 0), "2030-02-01T00:00:00+0000");
        assert_eq!(next("30 5 * * MON-FRI", 0), "2030-01-01T05:30:00+0000");
        assert_eq!(next("0 12 29 2 *", 0), "2032-02-29T12:00:00+0000");
        assert_eq!(next("0 6 * * 7", minutes_ahead("GMT+05:30")), "2030-01-06T00:30:00+0000");
        assert_eq!(Cron::read("0 0 31 2 *").map(|cron| cron.after(VIRTUAL_EPOCH, 0)), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |text: &str| Cron::read(text).expect_err("no expression");
        assert_eq!(wrong("invalid"), "Cron expression must consist of 6 fields (found 2 in \"0 invalid\")");
        assert!(wrong("61 * * * *").contains("MinuteOfHour (valid values 0 - 59): 61"));
        assert!(wrong("* * * * x").contains("For input string: \"x\""));
        assert!(wrong("999999999999999999999 * * * *").contains("For input string"));
    }
}
