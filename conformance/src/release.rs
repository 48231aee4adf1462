//! Releases of the target's software: what it claims to be, and what came with which.
//!
//! The simulator reads releases with code of its own.

use std::{cmp::Ordering, fmt};

/// A release: `4.18`, `4.19.2`, `4.22.0.0-SNAPSHOT`. Zeros at the end do not count, nor does what follows the numbers.
#[derive(Clone, Debug)]
pub struct Release {
    numbers: Vec<u32>,
}

impl Release {
    /// Reads the numbers at the start of a text; none if it does not start with two, parted by a dot.
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let numbers: Vec<u32> =
            text[..end].trim_end_matches('.').split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        (numbers.len() >= 2).then_some(Self { numbers })
    }

    /// The numbers up to the last that is not zero.
    fn significant(&self) -> &[u32] {
        let end = self.numbers.iter().rposition(|number| *number != 0).map_or(0, |last| last + 1);
        &self.numbers[..end]
    }
}

impl PartialEq for Release {
    fn eq(&self, other: &Self) -> bool {
        self.significant() == other.significant()
    }
}

impl Eq for Release {}

impl Ord for Release {
    fn cmp(&self, other: &Self) -> Ordering {
        self.significant().cmp(other.significant())
    }
}

impl PartialOrd for Release {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.numbers.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(text: &str) -> Release {
        Release::parse(text).unwrap_or_else(|| panic!("{text} is no release"))
    }

    #[test]
    fn releases_are_ordered_by_their_numbers() {
        let order =
            ["4.9", "4.11", "4.18.0.1", "4.18.2", "4.19.2-rc1", "4.19.10", "4.22.0.0-SNAPSHOT", "5.0"];
        assert!(order.windows(2).all(|pair| release(pair[0]) < release(pair[1])));
        assert_eq!(release("4.22"), release("4.22.0.0-SNAPSHOT"));
        assert_eq!(release("4.9+"), release("4.9.0"));
        assert_eq!(release("4.20.1.0").to_string(), "4.20.1.0");
    }

    #[test]
    fn what_does_not_start_with_two_numbers_is_no_release() {
        for text in ["", "unknown", "4", "4.", "v4.18", ".4.18", "4..18", "99999999999.1", "-4.18"] {
            assert_eq!(Release::parse(text), None, "{text}");
        }
    }
}
