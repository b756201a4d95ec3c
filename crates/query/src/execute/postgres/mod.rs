//! PostgreSQL: quick reads are pipelined over a few connections; reads that may take long and transactions have
//! one each to themselves.

mod connection;
mod encryption;
mod error;
mod explain;
mod lanes;
mod link;
mod pool;
mod row;
mod statement;
mod transaction;

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;

use super::answer::{self, Answer};
use super::mutation::{self, Then};
use super::turns::ConnectionCounters;
use super::{ExecutorSettings, Origin, Task};
use crate::error::{Code, Failure};
use crate::sql::{Compiled, CompiledRoot, Rows, Work};
use connection::Connection;
use lanes::Lanes;
pub use lanes::QUICK_READS;
use link::Link;
use pool::Pool;
pub(super) use statement::OpenTransaction;
use tokio_postgres::Row;
use transaction::Transaction;

/// A PostgreSQL database.
pub struct PostgresExecutor {
    quick: Lanes,
    heavy: Pool,
    transactions: Pool,
    /// For statements that stand by themselves: no transaction is in their way.
    single: Pool,
}

impl PostgresExecutor {
    pub(super) fn open(url: &str, settings: ExecutorSettings) -> Result<Self, Failure> {
        let link = Arc::new(Link::parse(url, &settings)?);
        Ok(Self {
            quick: Lanes::new(&link, &settings),
            heavy: Pool::for_reads(&link, settings.heavy_connections),
            transactions: Pool::for_transactions(&link, settings.write_connections),
            single: Pool::for_transactions(&link, settings.write_connections),
        })
    }

    pub(super) async fn run(
        &self,
        compiled: &Compiled,
        tasks: Vec<Task>,
        origin: &dyn Origin,
        answer: Answer,
    ) -> Result<Vec<u8>, Failure> {
        match compiled.writes() {
            // Boxed: its room would be moved about with every read.
            true => Box::pin(self.write(compiled, &tasks, origin, answer)).await,
            false => self.read(compiled, &tasks, answer).await,
        }
    }

    async fn read(
        &self,
        compiled: &Compiled,
        tasks: &[Task],
        mut answer: Answer,
    ) -> Result<Vec<u8>, Failure> {
        let found = match compiled.heavy() {
            true => self.take_time(compiled, tasks).await?,
            false => match fetch_all(&*self.quick.take().await?, compiled, tasks).await {
                Err(failure) if failure.code == Code::Timeout => self.take_time(compiled, tasks).await?,
                found => found?,
            },
        };
        for (root, found) in compiled.roots.iter().zip(found) {
            let out = answer.member(&root.key);
            match &root.work {
                Work::Known(json) => out.extend_from_slice(json.as_bytes()),
                Work::Read(read) => rows(read.rows(), &found, out)?,
                Work::Mutate(_) => return Err(misfit()),
            }
        }
        Ok(answer.finish())
    }

    /// Reads on a connection where nobody else waits.
    async fn take_time(&self, compiled: &Compiled, tasks: &[Task]) -> Result<Vec<Vec<Row>>, Failure> {
        let held = self.heavy.acquire().await?;
        let found = fetch_all(held.connection(), compiled, tasks).await?;
        held.give_back();
        Ok(found)
    }

    async fn write(
        &self,
        compiled: &Compiled,
        tasks: &[Task],
        origin: &dyn Origin,
        mut answer: Answer,
    ) -> Result<Vec<u8>, Failure> {
        let held = self.transactions.acquire().await?;
        let mut transaction = Transaction::on(held.connection());
        let writes = |root: &CompiledRoot| matches!(root.work, Work::Mutate(_));
        let last = compiled.roots.iter().rposition(writes);
        for (number, (root, task)) in compiled.roots.iter().zip(tasks).enumerate() {
            let out = answer.member(&root.key);
            let then = match last == Some(number) {
                true => Then::Commit,
                false => Then::Others,
            };
            match (&root.work, task) {
                (Work::Known(json), _) => out.extend_from_slice(json.as_bytes()),
                (Work::Mutate(work), Task::Mutate(task)) => {
                    mutation::run(&mut transaction, work, task, origin, then, out).await?;
                }
                _ => return Err(misfit()),
            }
        }
        held.give_back();
        Ok(answer.finish())
    }

    pub(super) fn counters(&self) -> Vec<ConnectionCounters> {
        vec![
            self.quick.counters("quick"),
            self.heavy.counters("heavy"),
            self.transactions.counters("write"),
            self.single.counters("single"),
        ]
    }

    pub(super) async fn ping(&self) -> Result<(), Failure> {
        self.quick.take().await?.batch("SELECT 1").await
    }
}

fn misfit() -> Failure {
    Failure::unexpected(&"work and values of a root field do not fit")
}

/// Sends all statements at once: they cost one round trip together.
async fn fetch_all(
    connection: &Arc<Connection>,
    compiled: &Compiled,
    tasks: &[Task],
) -> Result<Vec<Vec<Row>>, Failure> {
    let fields = compiled.roots.iter().zip(tasks);
    try_join_all(fields.map(|(root, task)| fetch(connection, &root.work, task))).await
}

async fn fetch(connection: &Arc<Connection>, work: &Work, task: &Task) -> Result<Vec<Row>, Failure> {
    match (work, task) {
        (Work::Known(_), _) => Ok(Vec::new()),
        (Work::Read(read), Task::Read(parameters)) => {
            let begin = Instant::now();
            let found = connection.query(&read.text(parameters), parameters).await;
            read.weight.ran(begin.elapsed());
            found
        }
        _ => Err(misfit()),
    }
}

fn rows(asked: Rows<'_>, found: &[Row], out: &mut Vec<u8>) -> Result<(), Failure> {
    answer::begin(asked.shape, out);
    for (count, found) in found.iter().enumerate() {
        answer::object(&row::PostgresRow(found), asked.columns, count == 0, out).map_err(error::failure)?;
    }
    answer::end(asked.shape, found.len(), out);
    Ok(())
}
