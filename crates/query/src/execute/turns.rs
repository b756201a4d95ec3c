//! Turns of which so many are given at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Failure;

/// How a number of connections is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCounters {
    /// What they are for.
    pub name: &'static str,
    /// How many there may be.
    pub connections: u64,
    /// Requests that use one now.
    pub in_use: u64,
    /// Requests that wait for one now, where it is known.
    pub waiting: Option<u64>,
    /// Requests that got none in time, since the start, where it is known.
    pub refused: Option<u64>,
}

/// Turns of which so many are given at once, in the order asked for. Whoever gets none in time is refused.
#[derive(Debug)]
pub(super) struct Turns {
    permits: Arc<Semaphore>,
    count: usize,
    patience: Duration,
    waiting: AtomicU64,
    refused: AtomicU64,
}

/// A turn, which ends when it is dropped.
pub(super) type Turn = OwnedSemaphorePermit;

impl Turns {
    pub(super) fn new(count: usize, patience: Duration) -> Self {
        let count = count.max(1);
        Self {
            permits: Arc::new(Semaphore::new(count)),
            count,
            patience,
            waiting: AtomicU64::default(),
            refused: AtomicU64::default(),
        }
    }

    pub(super) async fn take(&self) -> Result<Turn, Failure> {
        if let Ok(turn) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(turn);
        }
        let _counted = Counted::on(&self.waiting);
        let turn = Arc::clone(&self.permits).acquire_owned();
        match tokio::time::timeout(self.patience, turn).await {
            Ok(turn) => turn.map_err(|error| Failure::unexpected(&error)),
            Err(_) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                Err(Failure::unavailable(&"every connection was busy for too long"))
            }
        }
    }

    pub(super) fn counters(&self, name: &'static str) -> ConnectionCounters {
        ConnectionCounters {
            name,
            connections: self.count as u64,
            in_use: self.count.saturating_sub(self.permits.available_permits()) as u64,
            waiting: Some(self.waiting.load(Ordering::Relaxed)),
            refused: Some(self.refused.load(Ordering::Relaxed)),
        }
    }
}

/// Counts one up until it is dropped.
pub(super) struct Counted<'c>(&'c AtomicU64);

impl<'c> Counted<'c> {
    pub(super) fn on(counter: &'c AtomicU64) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[tokio::test]
    async fn whoever_gets_no_turn_in_time_is_refused() {
        let turns = Turns::new(1, Duration::from_millis(20));
        let first = turns.take().await.unwrap();
        assert_eq!(turns.take().await.unwrap_err().code, Code::Unavailable);
        let given_up = tokio::time::timeout(Duration::from_millis(1), turns.take()).await;
        assert!(given_up.is_err());
        let expected = ConnectionCounters {
            name: "heavy",
            connections: 1,
            in_use: 1,
            waiting: Some(0),
            refused: Some(1),
        };
        assert_eq!(turns.counters("heavy"), expected);
        drop(first);
        let _second = turns.take().await.unwrap();
        assert_eq!(turns.counters("heavy"), expected);
    }
}
