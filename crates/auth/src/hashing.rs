//! The threads that hash passwords: few, low in priority, with a bounded queue.
//!
//! Hashing is the one thing here that takes tens of milliseconds. On threads of its own a flood of
//! sign-ins waits for itself and slows nothing else down.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::Block;
use tokio::sync::oneshot;

use crate::error::{Error, InternalError};
use crate::password::{HashError, Matched, PasswordCost, PasswordHash};
use crate::port::{Entropy, EntropyError, random};
use crate::refusal::Refusal;
use crate::value::Password;

/// How much lower than the rest of the process the threads rank.
const NICENESS: i32 = 10;
/// After this long without work a thread gives its memory back.
const IDLE: Duration = Duration::from_secs(10);
/// What a caller is told when the queue is full.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How the threads that hash passwords do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HashingCounters {
    /// Passwords that wait now.
    pub waiting: u64,
    /// Passwords that are hashed now.
    pub running: u64,
    /// Hashes computed since the start.
    pub computed: u64,
    /// Passwords refused since the start, because too many waited.
    pub refused: u64,
}

type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// The pool; dropping it ends the threads.
pub(crate) struct Hashing {
    shared: Arc<Shared>,
    cost: PasswordCost,
    dummy: PasswordHash,
}

struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    capacity: usize,
    calls: AtomicU64,
    running: AtomicU64,
    refused: AtomicU64,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

/// Why the pool did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartHashingError {
    /// No randomness for the dummy hash.
    #[error(transparent)]
    Dummy(#[from] HashError),
    /// The system gave no thread.
    #[error("no thread for hashing passwords: {0}")]
    Thread(#[from] std::io::Error),
}

impl Hashing {
    /// Starts the threads; none of them takes memory before its first job.
    pub(crate) fn start(
        entropy: &dyn Entropy,
        cost: PasswordCost,
        threads: usize,
        capacity: usize,
    ) -> Result<Self, StartHashingError> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            work: Condvar::new(),
            capacity,
            calls: AtomicU64::default(),
            running: AtomicU64::default(),
            refused: AtomicU64::default(),
        });
        let pool = Self {
            shared,
            cost,
            dummy: PasswordHash::dummy(cost, entropy)?,
        };
        for number in 0..threads.max(1) {
            let shared = Arc::clone(&pool.shared);
            std::thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || shared.serve())?;
        }
        Ok(pool)
    }

    /// Hashes a password to the text that goes to the database.
    pub(crate) async fn create(
        &self,
        entropy: &dyn Entropy,
        password: &Arc<Password>,
    ) -> Result<String, Error> {
        let salt = random(entropy).map_err(|error: EntropyError| InternalError::Entropy(error))?;
        let (cost, password) = (self.cost, Arc::clone(password));
        self.run(move |memory| PasswordHash::create(cost, salt, &password, memory))
            .await
    }

    /// Whether a stored hash is made as it would be today; another is made anew once its password is known.
    pub(crate) fn is_current(&self, stored: &str) -> bool {
        PasswordHash::is_current(stored, self.cost)
    }

    /// Compares a password with a stored hash. Without one, or with one that cannot be read, it costs
    /// the same and nothing matches.
    pub(crate) async fn verify(
        &self,
        stored: Option<&str>,
        password: &Arc<Password>,
    ) -> Result<Option<Matched>, Error> {
        let stored = stored.and_then(|text| {
            PasswordHash::parse(text)
                .inspect_err(|error| tracing::warn!(%error, "a stored password hash is not usable"))
                .ok()
        });
        let known = stored.is_some();
        let hash = stored.unwrap_or_else(|| self.dummy.clone());
        let password = Arc::clone(password);
        let matched = self.run(move |memory| hash.matches(&password, memory)).await?;
        Ok(matched.filter(|_| known))
    }

    /// How many hashes were computed so far.
    pub(crate) fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn counters(&self) -> HashingCounters {
        HashingCounters {
            waiting: self.shared.lock().jobs.len() as u64,
            running: self.shared.running.load(Ordering::Relaxed),
            computed: self.calls(),
            refused: self.shared.refused.load(Ordering::Relaxed),
        }
    }

    async fn run<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Vec<Block>) -> Result<T, HashError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        self.shared.submit(Box::new(move |memory| {
            // Nobody waits any more: the client went away.
            if answer.is_closed() {
                return;
            }
            shared.calls.fetch_add(1, Ordering::Relaxed);
            // The receiver may be dropped meanwhile; then nobody wants the answer.
            let _ = answer.send(work(memory));
        }))?;
        let result = answered.await.map_err(|_| InternalError::HashingStopped)?;
        Ok(result.map_err(InternalError::Hash)?)
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(&self, job: Job) -> Result<(), Refusal> {
        let mut queue = self.lock();
        if queue.jobs.len() >= self.capacity {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Refusal::TooManyRequests {
                retry_after: RETRY_AFTER,
            });
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.work.notify_one();
        Ok(())
    }

    fn serve(&self) {
        // On Linux this concerns the calling thread only.
        if let Err(error) = rustix::process::nice(NICENESS) {
            tracing::debug!(%error, "hashing threads run at normal priority");
        }
        let mut memory = Vec::new();
        while let Some(job) = self.next(&mut memory) {
            self.running.fetch_add(1, Ordering::Relaxed);
            job(&mut memory);
            self.running.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The next job; `None` once the pool is dropped.
    fn next(&self, memory: &mut Vec<Block>) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            let idle;
            (queue, idle) = self
                .work
                .wait_timeout(queue, IDLE)
                .map(|(queue, waited)| (queue, waited.timed_out()))
                .unwrap_or_else(|poisoned| (poisoned.into_inner().0, false));
            if idle {
                *memory = Vec::new();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use crate::testing::TestEntropy;

    fn password(text: &str) -> Arc<Password> {
        Arc::new(Password::parse(text).unwrap())
    }

    #[tokio::test]
    async fn a_missing_hash_costs_as_many_calls_as_a_wrong_password() {
        let entropy = TestEntropy::default();
        let pool = Hashing::start(&entropy, PasswordCost::default(), 1, 8).unwrap();
        let phc = pool.create(&entropy, &password("right password")).await.unwrap();
        assert_eq!(pool.calls(), 1);
        assert!(
            pool.verify(Some(&phc), &password("right password"))
                .await
                .unwrap()
                .is_some()
        );
        assert!(
            pool.verify(Some(&phc), &password("wrong password"))
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            pool.verify(None, &password("right password"))
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            pool.verify(Some("not a hash"), &password("right password"))
                .await
                .unwrap()
                .is_none()
        );
        assert_eq!(pool.calls(), 5);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_tells_when_to_come_back() {
        let entropy = TestEntropy::default();
        let pool = Hashing::start(&entropy, PasswordCost::default(), 1, 0).unwrap();
        let error = pool.verify(None, &password("some password")).await.unwrap_err();
        let Error::Refused(refusal) = error else { panic!() };
        assert_eq!(refusal.code(), Code::TooManyRequests);
        assert_eq!(refusal.retry_after(), Some(RETRY_AFTER));
        let expected = HashingCounters {
            refused: 1,
            ..HashingCounters::default()
        };
        assert_eq!(pool.counters(), expected);
    }
}
