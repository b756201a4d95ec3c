//! A clock that moves only when a test moves it.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

/// Stands still until a test advances it.
#[derive(Debug)]
pub(crate) struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Mutex::new("2026-03-01T09:00:00Z".parse().unwrap()))
    }

    /// Moves the time forward.
    pub(crate) fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }
}

impl portico_auth::Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}
