//! Limits that only guard capacity: counted in memory, on each node by itself.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::caller::Caller;
use crate::port::Clock;
use crate::refusal::Refusal;

/// The injected clock in the form the limiter reads. It goes on where the clock is set back: else whoever was counted
/// later would have to wait until then.
#[derive(Clone)]
struct Reading {
    clock: Arc<dyn Clock>,
    told: Arc<Mutex<Told>>,
}

/// The latest time of the clock, and by how much it was set back so far; in nanoseconds.
#[derive(Default)]
struct Told {
    latest: u64,
    behind: u64,
}

impl governor::clock::Clock for Reading {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let nanoseconds = self.clock.now().timestamp_nanos_opt().unwrap_or_default();
        let now = u64::try_from(nanoseconds).unwrap_or_default();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.behind = told.behind.saturating_add(told.latest.saturating_sub(now));
        told.latest = now;
        Nanos::from(now.saturating_add(told.behind))
    }
}

/// So many per minute and caller.
pub(crate) struct Capacity {
    limiter: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, Reading, NoOpMiddleware<Nanos>>,
    clock: Reading,
}

impl Capacity {
    pub(crate) fn per_minute(count: u32, clock: Arc<dyn Clock>) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN));
        let clock = Reading {
            clock,
            told: Arc::default(),
        };
        Self {
            limiter: RateLimiter::hashmap_with_clock(quota, clock.clone()),
            clock,
        }
    }

    /// Takes one of what this caller may have.
    pub(crate) fn take(&self, caller: &Caller) -> Result<(), Refusal> {
        self.limiter.check_key(&caller.network()).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            Refusal::TooManyRequests {
                retry_after: wait.max(Duration::from_secs(1)),
            }
        })
    }

    /// Forgets callers whose share is whole again.
    pub(crate) fn shrink(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::testing::TestClock;

    fn caller(address: &str) -> Caller {
        Caller {
            address: address.parse().unwrap(),
            user_agent: None,
            request_id: "".into(),
            command_line: false,
        }
    }

    #[test]
    fn a_caller_has_a_share_that_grows_back() {
        let clock = Arc::new(TestClock::default());
        let capacity = Capacity::per_minute(3, Arc::clone(&clock) as Arc<dyn Clock>);
        let (one, other) = (caller("192.0.2.1"), caller("192.0.2.2"));
        assert!((0..3).all(|_| capacity.take(&one).is_ok()));
        let refusal = capacity.take(&one).unwrap_err();
        assert_eq!(refusal.retry_after(), Some(Duration::from_secs(20)));
        assert!(capacity.take(&other).is_ok());
        clock.advance(TimeDelta::seconds(20));
        assert!(capacity.take(&one).is_ok());
        clock.advance(TimeDelta::minutes(5));
        capacity.shrink();
        assert!((0..3).all(|_| capacity.take(&one).is_ok()));
    }

    #[test]
    fn a_clock_that_is_set_back_costs_nobody_a_share() {
        let clock = Arc::new(TestClock::default());
        let capacity = Capacity::per_minute(3, Arc::clone(&clock) as Arc<dyn Clock>);
        let one = caller("192.0.2.1");
        for _ in 0..3 {
            assert!((0..3).all(|_| capacity.take(&one).is_ok()));
            let refusal = capacity.take(&one).unwrap_err();
            assert_eq!(refusal.retry_after(), Some(Duration::from_secs(20)));
            clock.advance(TimeDelta::hours(-1));
            assert!(capacity.take(&one).is_err(), "nor does it give one");
            clock.advance(TimeDelta::minutes(1));
        }
    }
}
