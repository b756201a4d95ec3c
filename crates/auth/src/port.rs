//! The outside world as traits: time and randomness are arguments, so that tests can fix them.

use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::{DbErr, Value};
use uuid::Uuid;

use crate::row::Row;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> DateTime<Utc>;
}

/// Gives unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` from a generator fit for secrets.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The connections of the data path: the shortest way there is to the database, for the statements that run most.
pub trait DataPath: Send + Sync {
    /// Runs a statement that reads few rows, by an index.
    fn read_one(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Vec<Row>>;

    /// Runs a statement and commits it.
    fn write_one(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Vec<Row>>;

    /// Begins a transaction that writes.
    fn begin(&self) -> DataAnswer<'_, Box<dyn DataTransaction>>;

    /// Begins a transaction that writes behind a statement that commits by itself, whatever comes of the transaction.
    fn begin_behind(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Begun>;
}

/// A transaction behind a statement.
pub struct Begun {
    /// What the statement returns. Statements of the transaction are on their way meanwhile, and none is answered
    /// before this is awaited.
    pub before: DataAnswer<'static, Vec<Row>>,
    /// The transaction.
    pub transaction: Box<dyn DataTransaction>,
}

/// A transaction on the data path; dropped before it is committed it leaves no trace.
pub trait DataTransaction: Send + Sync {
    /// Runs a statement and returns its rows. Statements whose answers are awaited together run in the order in which
    /// they were first polled, and may be on their way together.
    fn query(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, Vec<Row>>;

    /// Runs a statement that nothing waits for; that it failed may be told by whatever comes next.
    fn send(&self, sql: Arc<str>, values: Vec<Value>) -> DataAnswer<'_, ()>;

    /// Makes what was written last.
    fn commit(self: Box<Self>) -> DataAnswer<'static, ()>;
}

/// What comes of a call to the data path.
pub type DataAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, DbErr>> + Send + 'a>>;

/// Knows the passwords that were seen in breaches.
pub trait BreachedPasswords: Send + Sync {
    /// The hashes (SHA-1, in hexadecimal) that begin with these five characters, without them: one a line, with
    /// a colon and how often it was seen.
    fn range<'a>(&'a self, prefix: &'a str) -> RangeAnswer<'a>;
}

/// What comes of [`BreachedPasswords::range`].
pub type RangeAnswer<'a> = Pin<Box<dyn Future<Output = Result<String, RangeError>> + Send + 'a>>;

/// Whoever knows breached passwords does not answer, for a reason in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RangeError(pub String);

/// The source of randomness failed; nothing that needs a secret may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source of randomness failed")]
pub struct EntropyError;

/// The present moment in the precision that both databases store.
pub(crate) fn now(clock: &dyn Clock) -> DateTime<Utc> {
    clock.now().trunc_subsecs(6)
}

/// Fixed-size random bytes.
pub(crate) fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// A new id (uuid v7): ordered by time, so that indexes grow at their end.
pub fn new_id(clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Uuid, EntropyError> {
    let bytes: [u8; 10] = random(entropy)?;
    let milliseconds = u64::try_from(clock.now().timestamp_millis()).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(milliseconds, &bytes).into_uuid())
}
