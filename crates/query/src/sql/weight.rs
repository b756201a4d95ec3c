//! Whether a statement may hold up others: known from what it asks, or learned from its runs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// What takes less on average holds nobody up, in microseconds.
const LIGHT: u32 = 10_000;
/// So much is reckoned with before the first run, in microseconds.
const UNKNOWN: u32 = 2 * LIGHT;
/// One run counts for so little beside those before it.
const INERTIA: u32 = 8;

/// What is known of how long a statement takes.
#[derive(Debug)]
pub struct Weight {
    /// Whether it may touch many rows.
    many: bool,
    /// A moving average of its runs, in microseconds. Runs at the same time may overwrite each other: one of
    /// them counts.
    average: AtomicU32,
}

impl Weight {
    /// Of a statement that touches a few rows, or may touch many.
    pub(super) fn of_many(many: bool) -> Self {
        Self {
            many,
            average: AtomicU32::new(UNKNOWN),
        }
    }

    /// Whether it must not be where others have to wait for it.
    pub(super) fn is_heavy(&self) -> bool {
        self.many && self.average.load(Ordering::Relaxed) >= LIGHT
    }

    /// Takes in how long a run took.
    pub(crate) fn ran(&self, took: Duration) {
        if !self.many {
            return;
        }
        let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        let before = self.average.load(Ordering::Relaxed);
        let average = before - before / INERTIA + took / INERTIA;
        self.average.store(average, Ordering::Relaxed);
    }
}

impl Clone for Weight {
    fn clone(&self) -> Self {
        Self {
            many: self.many,
            average: AtomicU32::new(self.average.load(Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_touch_many_rows_is_light_once_its_runs_were() {
        let weight = Weight::of_many(true);
        assert!(weight.is_heavy());
        weight.ran(Duration::from_millis(1));
        assert!(weight.is_heavy(), "one run says little");
        for _ in 0..20 {
            weight.ran(Duration::from_millis(1));
        }
        assert!(!weight.is_heavy());
        weight.ran(Duration::from_millis(100));
        assert!(weight.is_heavy(), "a slow one says much");
    }

    #[test]
    fn what_touches_few_rows_is_light_always() {
        let weight = Weight::of_many(false);
        weight.ran(Duration::from_secs(100));
        assert!(!weight.is_heavy());
    }

    #[test]
    fn the_longest_run_does_not_overflow() {
        let weight = Weight::of_many(true);
        for _ in 0..100 {
            weight.ran(Duration::MAX);
        }
        assert!(weight.is_heavy());
    }
}
