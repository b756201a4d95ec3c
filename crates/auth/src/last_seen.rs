//! When users were last active: remembered at once, written in batches.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A user's row is written at most once in this time.
pub(crate) const INTERVAL: TimeDelta = TimeDelta::minutes(5);

/// Users seen on this node lately.
#[derive(Default)]
pub(crate) struct LastSeen {
    users: Mutex<HashMap<Uuid, Seen>>,
}

#[derive(Clone, Copy)]
struct Seen {
    at: DateTime<Utc>,
    written: bool,
}

impl LastSeen {
    /// Remembers activity, unless that user's was remembered within the interval.
    pub(crate) fn record(&self, user: Uuid, at: DateTime<Utc>) {
        let mut users = self.lock();
        let recent = users.get(&user).is_some_and(|seen| at - seen.at < INTERVAL);
        if !recent {
            users.insert(user, Seen { at, written: false });
        }
    }

    /// What is to be written now; entries that no longer hold anything back are forgotten.
    pub(crate) fn take(&self, now: DateTime<Utc>) -> Vec<(Uuid, DateTime<Utc>)> {
        let mut users = self.lock();
        users.retain(|_, seen| !seen.written || now - seen.at < INTERVAL);
        let waiting = users.iter_mut().filter(|(_, seen)| !seen.written);
        waiting
            .map(|(user, seen)| {
                seen.written = true;
                (*user, seen.at)
            })
            .collect()
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&self, entries: &[(Uuid, DateTime<Utc>)]) {
        let mut users = self.lock();
        for (user, at) in entries {
            users.insert(
                *user,
                Seen {
                    at: *at,
                    written: false,
                },
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Seen>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_write_in_five_minutes() {
        let seen = LastSeen::default();
        let user = Uuid::from_u128(1);
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        seen.record(user, start);
        seen.record(user, start + TimeDelta::seconds(1));
        assert_eq!(seen.take(start), [(user, start)]);
        assert!(seen.take(start).is_empty());
        seen.record(user, start + TimeDelta::seconds(299));
        assert!(seen.take(start + TimeDelta::seconds(299)).is_empty());
        let later = start + TimeDelta::seconds(300);
        seen.record(user, later);
        assert_eq!(seen.take(later), [(user, later)]);
        seen.put_back(&[(user, later)]);
        assert_eq!(seen.take(later), [(user, later)]);
    }
}
