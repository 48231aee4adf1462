//! How fast we send: the limit of `--rate`, shared by all threads of a run.

use std::{
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

/// A limit on requests per second.
#[derive(Debug)]
pub struct Pace {
    gap: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// At most this many requests per second; zero and nonsense mean no limit.
    pub fn per_second(requests: f64) -> Self {
        let usable = requests.is_finite() && requests > 0.0;
        let gap = if usable { Duration::try_from_secs_f64(requests.recip()).ok() } else { None };
        Self { gap: gap.unwrap_or_default(), next: Mutex::new(None) }
    }

    /// Waits until the next request may go out.
    pub fn wait(&self) {
        if self.gap.is_zero() {
            return;
        }
        let now = Instant::now();
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ours = next.map_or(now, |next| next.max(now));
        *next = Some(ours + self.gap);
        drop(next);
        thread::sleep(ours.saturating_duration_since(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_keep_their_distance() {
        let pace = Pace::per_second(1000.0);
        let start = Instant::now();
        for _ in 0..6 {
            pace.wait();
        }
        assert!(start.elapsed() >= Duration::from_millis(5));
    }

    #[test]
    fn nonsense_is_no_limit() {
        for requests in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300] {
            assert_eq!(Pace::per_second(requests).gap, Duration::ZERO);
        }
    }
}
