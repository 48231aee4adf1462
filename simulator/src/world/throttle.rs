//! The rate limiter: how many calls an account may start in a window of time (API-LIM-001).
//!
//! A window begins with an account's first call and has a fixed length; what happens in it does
//! not move its end. Root administrators are never limited, which is decided by who asks here.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::World;
use super::clock::Moment;
use super::saved::form;
use super::table::Id;
use crate::quirk::Quirk;

/// The calls of an account in its present window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// How many calls were started, refused ones too.
    pub issued: i64,
    /// When the window ends.
    pub ends: Moment,
}

/// The windows of all accounts that have called. Accounts that have not have none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    #[serde(with = "form::map")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<Id, Window>"))]
    windows: OrdMap<Id, Window>,
}

/// A call too many; a new window begins after so many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit of calls is reached for {0} ms")]
pub struct LimitReached(pub i64);

impl World {
    /// Whether calls are counted at all.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.settings.flag("api.throttling.enabled")
    }

    /// Counts so many calls of an account, or of whatever else has a window of its own.
    ///
    /// # Errors
    ///
    /// These are more than the account may start in its window.
    pub fn count_calls(&mut self, account: Id, calls: i64) -> Result<(), LimitReached> {
        let length = self.window_millis();
        let now = self.now;
        let fresh = Window { issued: 0, ends: now.plus_millis(length) };
        let mut window =
            self.throttle.windows.get(&account).copied().filter(|window| window.ends > now).unwrap_or(fresh);
        window.issued = window.issued.saturating_add(calls);
        if self.sins(Quirk::WindowsSlide) {
            window.ends = fresh.ends;
        }
        self.throttle.windows.insert(account, window);
        if window.issued > self.calls_allowed() {
            return Err(LimitReached(window.ends.0 - now.0));
        }
        Ok(())
    }

    /// The window of an account: a new one without calls if it has none.
    #[must_use]
    pub fn window_of(&self, account: Id) -> Window {
        let fresh = Window { issued: 0, ends: self.now.plus_millis(self.window_millis()) };
        self.throttle.windows.get(&account).copied().filter(|window| window.ends > self.now).unwrap_or(fresh)
    }

    /// How many calls an account may start in a window.
    #[must_use]
    pub fn calls_allowed(&self) -> i64 {
        self.settings.number("api.throttling.max")
    }

    /// Forgets the calls of an account, of all if none is named.
    pub fn forget_calls(&mut self, account: Option<Id>) {
        match account {
            Some(account) => drop(self.throttle.windows.remove(&account)),
            None => self.throttle.windows.clear(),
        }
    }

    fn window_millis(&self) -> i64 {
        self.settings.number("api.throttling.interval").saturating_mul(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> World {
        let mut world = World::blank(1, Moment(0));
        world.settings.set("api.throttling.max", "2").expect("a known setting");
        world.settings.set("api.throttling.interval", "3").expect("a known setting");
        world
    }

    #[test]
    fn a_window_begins_with_the_first_call_and_does_not_move() {
        let mut world = world();
        assert_eq!(world.count_calls(7, 1), Ok(()));
        world.now = Moment(2000);
        assert_eq!(world.count_calls(7, 1), Ok(()));
        assert_eq!(world.count_calls(7, 1), Err(LimitReached(1000)));
        assert_eq!(world.count_calls(8, 1), Ok(()), "another account has a window of its own");
        world.now = Moment(3000);
        assert_eq!(world.count_calls(7, 1), Ok(()));
        assert_eq!(world.window_of(7), Window { issued: 1, ends: Moment(6000) });
    }

    #[test]
    fn calls_are_forgotten_for_one_or_for_all() {
        let mut world = world();
        for account in [7, 8] {
            world.count_calls(account, 2).expect("two calls are allowed");
        }
        world.forget_calls(Some(7));
        assert_eq!((world.window_of(7).issued, world.window_of(8).issued), (0, 2));
        world.forget_calls(None);
        assert_eq!(world.window_of(8).issued, 0);
    }
}
