//! Values for property checks, and the loop that tries them.
//!
//! The values follow from the seed of the run and the id of the check, so a failure repeats whatever else is
//! selected. A failing case is made as small as it can be before it is reported. Nothing is kept on disk.

use std::{cell::RefCell, fmt};

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use crate::{
    check::{Mismatch, Stop},
    target::Target,
};

/// Simplifications tried on a failing case; each costs an exchange.
const MOST_SHRINKING: u32 = 256;

/// How much a property may cost.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Values that are tried.
    pub cases: u32,
    /// Simplifications that are tried on a value that fails.
    pub simplifications: u32,
}

/// Expects a property of every generated value.
pub fn for_all<S: Strategy>(
    target: &Target,
    values: &S,
    property: impl Fn(&S::Value) -> Result<(), Stop>,
) -> Result<(), Stop>
where
    S::Value: fmt::Debug,
{
    let effort = Effort { cases: target.limits().cases, simplifications: MOST_SHRINKING };
    for_some(target, effort, values, property)
}

/// The same for values each of which costs more than an exchange. A property may tell the case in its own words.
pub fn for_some<S: Strategy>(
    target: &Target,
    effort: Effort,
    values: &S,
    property: impl Fn(&S::Value) -> Result<(), Stop>,
) -> Result<(), Stop>
where
    S::Value: fmt::Debug,
{
    let config = Config {
        cases: effort.cases,
        failure_persistence: None,
        max_shrink_iters: effort.simplifications,
        ..Config::default()
    };
    let seed = seed_of(target.limits().seed, target.check());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));

    // The last failing case that the runner saw is the smallest: it only keeps simplifications that still fail.
    let smallest: RefCell<Option<(Box<Mismatch>, S::Value)>> = RefCell::new(None);
    let stopped: RefCell<Option<Stop>> = RefCell::new(None);
    let mark = target.transcript_mark();
    let kept = RefCell::new(mark);
    let outcome = runner.run(values, |value| {
        if stopped.borrow().is_some() {
            return Ok(());
        }
        let start = *kept.borrow();
        match property(&value) {
            Ok(()) => {
                target.forget_since(start);
                Ok(())
            }
            Err(Stop::Mismatch(mismatch)) => {
                smallest.replace(Some((mismatch, value)));
                kept.replace(target.transcript_mark());
                Err(TestCaseError::fail("mismatch"))
            }
            Err(stop) => {
                stopped.replace(Some(stop));
                Ok(())
            }
        }
    });

    if let Some((mut mismatch, value)) = smallest.into_inner() {
        mismatch.case.get_or_insert_with(|| format!("{value:?}"));
        return Err(Stop::Mismatch(mismatch));
    }
    if let Some(stop) = stopped.into_inner() {
        return Err(stop);
    }
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Abort(reason) | TestError::Fail(reason, _)) => {
            Err(crate::wire::ExchangeError::Fault(format!("no values could be generated: {reason}")).into())
        }
    }
}

/// 32 bytes that follow from the run's seed and the check's id.
fn seed_of(seed: u64, check: &str) -> [u8; 32] {
    // FNV-1a; the values only have to differ.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
    let mut bytes = [0; 32];
    for (round, chunk) in (0_u8..).zip(bytes.chunks_exact_mut(8)) {
        for byte in check.bytes().chain(seed.to_le_bytes()).chain([round]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        chunk.copy_from_slice(&hash.to_le_bytes());
    }
    bytes
}

/// Text of printable characters, ASCII more often than not, of at most this many characters.
pub fn text(longest: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        6 => proptest::char::range(' ', '~'),
        1 => proptest::char::range('\u{a1}', '\u{17f}'),
        1 => proptest::char::range('\u{4e00}', '\u{4eff}'),
    ];
    proptest::collection::vec(character, 0..=longest).prop_map(String::from_iter)
}

/// Like [`text`], but not empty.
pub fn some_text(longest: usize) -> impl Strategy<Value = String> {
    text(longest).prop_map(|text| if text.is_empty() { "x".to_owned() } else { text })
}

/// A parameter name that no command has.
pub fn unknown_name() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::char::range('a', 'z'), 1..12)
        .prop_map(|letters| format!("unknown{}", String::from_iter(letters)))
}

/// The text with the case of each ASCII letter turned over where the mask says so.
pub fn flip_case(text: &str, mask: &[bool]) -> String {
    text.chars()
        .zip(mask.iter().copied().chain(std::iter::repeat(false)))
        .map(|(character, flip)| match (flip, character.is_ascii_uppercase()) {
            (false, _) => character,
            (true, true) => character.to_ascii_lowercase(),
            (true, false) => character.to_ascii_uppercase(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{settings::Settings, target::Limits};

    fn target(check: &str) -> Target {
        Target::new(Settings::default(), Limits { cases: 200, ..Limits::default() }, None).for_check(check)
    }

    #[test]
    fn a_failing_case_is_made_small_and_repeats() {
        let failing = || {
            let result = for_all(&target("a/b"), &text(30), |value| {
                if value.contains('q') { Err(Mismatch::new("value", "no q", value).into()) } else { Ok(()) }
            });
            match result {
                Err(Stop::Mismatch(mismatch)) => *mismatch,
                other => panic!("{other:?}"),
            }
        };
        let mismatch = failing();
        assert_eq!(mismatch.case.as_deref(), Some("\"q\""));
        assert_eq!(mismatch.actual, "q");
        assert_eq!(failing(), mismatch);
    }

    #[test]
    fn what_cannot_be_found_out_is_no_failure() {
        let result = for_all(&target("a/b"), &text(3), |_| {
            Err(crate::wire::ExchangeError::Fault("no".to_owned()).into())
        });
        assert!(matches!(result, Err(Stop::Broken(_))), "{result:?}");
    }

    #[test]
    fn only_ascii_letters_are_turned_over() {
        assert_eq!(flip_case("aBé1", &[true, true, true, true]), "Abé1");
    }
}
