//! Time and randomness that tests move and fix, and single statements by the one way there is in tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, Value};
use tokio::sync::Mutex;

use crate::port::{Clock, Entropy, EntropyError, SingleWrites, WriteAnswer};

/// A clock that stands still until told otherwise.
pub(crate) struct TestClock(AtomicI64);

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_800_000_000_000_000))
    }
}

impl TestClock {
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_microseconds().unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Different bytes at each call, the same in each run.
#[derive(Default)]
pub(crate) struct TestEntropy(AtomicU64);

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::SeqCst);
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &count.to_be_bytes());
            for (byte, random) in chunk.iter_mut().zip(digest.as_ref()) {
                *byte = *random;
            }
        }
        Ok(())
    }
}

/// Single statements through the pool.
pub(crate) struct SingleByPool {
    connection: DatabaseConnection,
    writer: Arc<Mutex<()>>,
}

impl SingleByPool {
    pub(crate) fn new(connection: &DatabaseConnection, writer: &Arc<Mutex<()>>) -> Self {
        Self {
            connection: connection.clone(),
            writer: Arc::clone(writer),
        }
    }
}

impl SingleWrites for SingleByPool {
    fn write_one(&self, sql: Arc<str>, values: Vec<Value>) -> WriteAnswer<'_> {
        Box::pin(async move {
            let backend = self.connection.get_database_backend();
            let _turn = match backend {
                DbBackend::Sqlite => Some(self.writer.lock().await),
                _ => None,
            };
            let statement = Statement::from_sql_and_values(backend, &*sql, values);
            let row = self.connection.query_one_raw(statement).await?;
            row.map(|row| row.try_get_by_index(0)).transpose()
        })
    }
}
