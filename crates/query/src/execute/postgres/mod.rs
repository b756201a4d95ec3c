//! PostgreSQL: quick reads are pipelined over a few connections; reads that may take long and transactions have
//! one each to themselves.

mod address;
mod connection;
mod encryption;
mod error;
mod explain;
mod lanes;
mod link;
mod pool;
mod row;
mod shared;
mod silence;
mod statement;
mod transaction;
mod write;

use std::future::ready;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use futures_util::TryStreamExt;
use futures_util::future::{Either, try_join_all};

use super::answer::{self, Answer, Output};
use super::turns::ConnectionCounters;
use super::{ExecutorSettings, Origin, Task};
use crate::error::{Code, Failure};
use crate::scalar::Parameter;
use crate::sql::{Compiled, Rows, Work};
pub use address::{AddressError, PostgresAddress};
use connection::{Coming, Connection};
use lanes::Lanes;
pub use lanes::QUICK_READS;
use link::Link;
pub use link::reach_postgres;
use pool::Pool;
use shared::SharedWrites;
pub(super) use statement::OpenTransaction;
use tokio_postgres::Statement;
use transaction::first_turn;

/// A PostgreSQL database.
pub struct PostgresExecutor {
    quick: Lanes,
    heavy: Pool,
    transactions: Pool,
    /// For single statements.
    shared: SharedWrites,
    /// For those that are written alone: no transaction is in their way.
    single: Pool,
}

impl PostgresExecutor {
    pub(super) fn open(url: &str, settings: ExecutorSettings) -> Result<Self, Failure> {
        let link = Arc::new(Link::parse(url, &settings)?);
        Ok(Self {
            quick: Lanes::new(&link, &settings),
            heavy: Pool::for_reads(&link, settings.heavy_connections),
            transactions: Pool::for_transactions(&link, settings.write_connections),
            shared: SharedWrites::new(&link, &settings),
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
        if !compiled.heavy() {
            match fill(&*self.quick.take().await?, compiled, tasks, &mut answer).await {
                Err(failure) if failure.code == Code::Timeout => answer.begin_again(),
                filled => {
                    filled?;
                    return answer.finish();
                }
            }
        }
        // Where nobody else waits.
        let held = self.heavy.acquire().await?;
        fill(held.connection(), compiled, tasks, &mut answer).await?;
        let answered = answer.finish()?;
        held.give_back();
        Ok(answered)
    }

    pub(super) fn counters(&self) -> Vec<ConnectionCounters> {
        vec![
            self.quick.counters("quick"),
            self.heavy.counters("heavy"),
            self.transactions.counters("write"),
            self.shared.counters("shared"),
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

/// Sends all statements at once: they cost one round trip together. Their rows are written as they come.
async fn fill(
    connection: &Arc<Connection>,
    compiled: &Compiled,
    tasks: &[Task],
    answer: &mut Answer,
) -> Result<(), Failure> {
    let fields = compiled.roots.iter().zip(tasks);
    // All, before any is sent: rows come in the order of the sending, and are taken in that of the request.
    let statements = fields.map(|(root, task)| prepared(connection, &root.work, task));
    let statements = try_join_all(statements).await?;
    let begin = Instant::now();
    let mut sent = Vec::with_capacity(statements.len());
    for statement in &statements {
        sent.push(match statement {
            Some((statement, parameters)) => Some(set_off(connection.rows(statement, parameters)).await),
            None => None,
        });
    }
    for (root, sent) in compiled.roots.iter().zip(sent) {
        let out = answer.member(&root.key);
        match (&root.work, sent) {
            (Work::Known(json), _) => out.extend_from_slice(json.as_bytes()),
            (Work::Read(read), Some(sent)) => {
                let written = match sent.await {
                    Ok(found) => rows(read.rows(), found, out).await,
                    Err(failure) => Err(failure),
                };
                read.weight.ran(begin.elapsed());
                written?;
                out.check()?;
            }
            _ => return Err(misfit()),
        }
    }
    Ok(())
}

/// The statement of a root field with its parameters; nothing where the answer is known.
async fn prepared<'t>(
    connection: &Arc<Connection>,
    work: &Work,
    task: &'t Task,
) -> Result<Option<(Statement, &'t [Parameter])>, Failure> {
    match (work, task) {
        (Work::Known(_), _) => Ok(None),
        (Work::Read(read), Task::Read(parameters)) => {
            let statement = connection.statement(&read.text(parameters)).await?;
            Ok(Some((statement, parameters)))
        }
        _ => Err(misfit()),
    }
}

/// Gives work its first turn, with which a statement is sent; the rest is for whoever waits for it.
async fn set_off<W: Future>(work: W) -> impl Future<Output = W::Output> {
    let mut work = Box::pin(work);
    match first_turn(&mut work).await {
        Poll::Ready(done) => Either::Left(ready(done)),
        Poll::Pending => Either::Right(work),
    }
}

/// Writes rows until the answer is full, and tells how many they are.
async fn rows(asked: Rows<'_>, found: Coming<'_>, out: &mut Output) -> Result<usize, Failure> {
    let Coming { rows, waiting } = found;
    let mut found = pin!(rows);
    answer::begin(asked.shape, out);
    let mut count = 0;
    let taken = loop {
        match found.try_next().await {
            Ok(Some(row)) => {
                let row = row::PostgresRow(&row);
                if let Err(error) = answer::object(&row, asked.columns, count == 0, out) {
                    break Err(error);
                }
                count += 1;
                if out.is_full() {
                    break Ok(());
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    waiting.answered();
    taken.map_err(error::failure)?;
    answer::end(asked.shape, count, out);
    Ok(count)
}
