//! Time and randomness that tests move and fix, and the data path by the one way to the database there is in tests.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, Value};
use tokio::sync::Mutex;

use crate::database::{Database, Write};
use crate::port::{Begun, Clock, DataAnswer, DataPath, DataTransaction, Entropy, EntropyError};
use crate::row::Row;

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

/// The data path through the pool.
pub(crate) struct ByPool {
    connection: DatabaseConnection,
    writer: Arc<Mutex<()>>,
}

impl ByPool {
    pub(crate) fn new(connection: &DatabaseConnection, writer: &Arc<Mutex<()>>) -> Self {
        Self {
            connection: connection.clone(),
            writer: Arc::clone(writer),
        }
    }
}

impl DataPath for ByPool {
    fn read_one(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Vec<Row>> {
        Box::pin(rows(&self.connection, sql, values))
    }

    fn write_one(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Vec<Row>> {
        Box::pin(async move {
            let _turn = self.writer.lock().await;
            rows(&self.connection, sql, values).await
        })
    }

    fn begin(&self) -> DataAnswer<'_, Box<dyn DataTransaction>> {
        Box::pin(async move {
            let (connection, writer) = (self.connection.clone(), Arc::clone(&self.writer));
            // Its own data path is never asked.
            let database = Database::new(
                connection.clone(),
                writer,
                Arc::new(Self::new(&connection, &self.writer)),
            );
            let open: Box<dyn DataTransaction> = Box::new(OpenByPool(database.begin().await?));
            Ok(open)
        })
    }

    fn begin_behind(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Begun> {
        Box::pin(async move {
            let found = self.write_one(sql, values).await;
            Ok(Begun {
                before: Box::pin(ready(found)),
                transaction: self.begin().await?,
            })
        })
    }
}

struct OpenByPool(Write);

impl DataTransaction for OpenByPool {
    fn query(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Vec<Row>> {
        Box::pin(rows(&*self.0, sql, values))
    }

    fn send(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, ()> {
        Box::pin(async move { rows(&*self.0, sql, values).await.map(|_| ()) })
    }

    fn commit(self: Box<Self>) -> DataAnswer<'static, ()> {
        Box::pin(self.0.commit())
    }
}

async fn rows<C: ConnectionTrait>(
    connection: &C,
    sql: Arc<str>,
    values: Vec<Value>,
) -> Result<Vec<Row>, DbErr> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, &*sql, values);
    let rows = connection.query_all_raw(statement).await?;
    Ok(rows.into_iter().map(Row::from).collect())
}
