//! Releases of CloudStack, by number.
//!
//! The build script reads the facts of the catalogue with this file too. What a release changes on
//! the wire is told where it happens; what it has is told by [`crate::catalog`].

use std::fmt;
use std::str::FromStr;

/// A release: `4.19.2` is that line's second, and the same as `4.19.2.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release([u8; 4]);

impl Release {
    /// The oldest one that is played. What it has was there before.
    pub const OLDEST: Self = Self::new(11, 0);
    /// The newest one that is played: the one that was recorded.
    pub const NEWEST: Self = Self::new(22, 0);

    /// Release `4.line.patch`.
    #[must_use]
    pub const fn new(line: u8, patch: u8) -> Self {
        Self([4, line, patch, 0])
    }

    /// The release from its four numbers.
    #[must_use]
    pub const fn from_numbers(numbers: [u8; 4]) -> Self {
        Self(numbers)
    }

    /// The four numbers.
    #[must_use]
    pub const fn numbers(self) -> [u8; 4] {
        self.0
    }

    /// Whether the simulator can play it.
    #[must_use]
    pub fn is_played(self) -> bool {
        Self::OLDEST <= self && self <= Self::NEWEST
    }

    /// What a server of this release calls itself. The recorded one was a snapshot.
    #[must_use]
    pub fn claim(self) -> String {
        if self == Self::NEWEST { format!("{self}-SNAPSHOT") } else { self.to_string() }
    }
}

/// Always in four numbers: `4.18.0.0`.
impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, line, patch, fix] = self.0;
        write!(f, "{major}.{line}.{patch}.{fix}")
    }
}

/// A text that names no release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRelease(pub String);

impl fmt::Display for BadRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no release; one is written 4.18 or 4.19.2", self.0)
    }
}

impl std::error::Error for BadRelease {}

/// Two to four numbers parted by dots; what follows a hyphen, as in `4.22.0.0-SNAPSHOT`, counts for nothing.
impl FromStr for Release {
    type Err = BadRelease;

    fn from_str(text: &str) -> Result<Self, BadRelease> {
        let bad = || BadRelease(text.to_owned());
        let mut numbers = [0; 4];
        let mut given = 0;
        for part in text.split('-').next().unwrap_or_default().split('.') {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let slot = numbers.get_mut(given).filter(|_| is_number).ok_or_else(bad)?;
            *slot = part.parse().map_err(|_| bad())?;
            given += 1;
        }
        if given < 2 { Err(bad()) } else { Ok(Self(numbers)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_and_ordered_by_number() {
        let read = |text: &str| text.parse::<Release>().map(Release::numbers);
        assert_eq!(read("4.11"), Ok([4, 11, 0, 0]));
        assert_eq!(read("4.19.2"), Ok([4, 19, 2, 0]));
        assert_eq!(read("4.22.0.0-SNAPSHOT"), Ok([4, 22, 0, 0]));
        let order = ["4.9", "4.11", "4.19.2", "4.19.10", "4.20"].map(|text| text.parse::<Release>().ok());
        assert!(order.is_sorted() && !order.contains(&None));
    }

    #[test]
    fn what_is_no_release_is_refused() {
        for text in ["", "4", "4.", "4.x", ".11", "4.18.0.0.1", "4.+1", "4.256", "v4.18", "4.18 ", "-4.18"] {
            assert_eq!(text.parse::<Release>(), Err(BadRelease(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_server_tells_four_numbers() {
        assert_eq!(Release::new(19, 2).claim(), "4.19.2.0");
        assert_eq!(Release::NEWEST.claim(), "4.22.0.0-SNAPSHOT");
        assert!(!Release::new(10, 0).is_played() && !Release::new(22, 1).is_played());
    }
}
