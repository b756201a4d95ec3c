//! Writes. The way to the disk is what a write costs most: those that wait for their turn together go together.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::time::{Instant, timeout_at};

use super::queue::{Reply, Waiting, Write, Written};
use super::statement::found;
use super::{File, Limited, SqliteExecutor, blocking, constraint, lock, misfit, row, rows};
use crate::error::Failure;
use crate::execute::answer::{Answer, Output};
use crate::execute::mutation::{self, Channel, Then};
use crate::execute::{Origin, Task};
use crate::scalar::Parameter;
use crate::sql::{Compiled, Rows, Work};

/// What came of each of several writes.
type Answered = Vec<Result<Written, Failure>>;

impl Write {
    /// Runs it in the transaction that is open.
    fn run(&self, connection: &Connection) -> Result<Written, Failure> {
        match self {
            Self::Request {
                compiled,
                tasks,
                origin,
                answer,
            } => mutate(connection, compiled, tasks, origin.as_ref(), answer.clone()).map(Written::Answer),
            Self::Single { sql, values } => found(connection, sql, values)
                .map(Written::Found)
                .map_err(super::error::failure),
        }
    }
}

fn mutate(
    connection: &Connection,
    compiled: &Compiled,
    tasks: &[Task],
    origin: &dyn Origin,
    mut answer: Answer,
) -> Result<Vec<u8>, Failure> {
    for (number, (root, task)) in compiled.roots.iter().zip(tasks).enumerate() {
        let out = answer.member(&root.key);
        let then = Then::after(compiled, number);
        match (&root.work, task) {
            (Work::Known(json), _) => out.extend_from_slice(json.as_bytes()),
            (Work::Mutate(work), Task::Mutate(task)) => {
                let mut channel = Writing(connection);
                // Nothing in it ever waits.
                mutation::run(&mut channel, work, task, origin, then, out)
                    .now_or_never()
                    .unwrap_or_else(|| Err(Failure::unexpected(&"a write to SQLite waits")))?;
            }
            _ => return Err(misfit()),
        }
    }
    answer.finish()
}

impl SqliteExecutor {
    /// Writes as soon as it is this write's turn. Whoever has the turn writes for all who wait.
    pub(super) async fn write(&self, write: Write) -> Result<Written, Failure> {
        let (reply, mut answered) = oneshot::channel();
        let place = self.queue.push(Waiting { write, reply });
        let until = Instant::now() + self.file.settings.acquire_timeout;
        loop {
            let turn = timeout_at(until, Arc::clone(&self.writing).lock_owned());
            tokio::select! {
                biased;
                answered = &mut answered => {
                    return answered.unwrap_or_else(|error| Err(Failure::unexpected(&error)));
                }
                turn = turn => match turn {
                    Ok(turn) => self.write_all(turn).await?,
                    // Unless somebody is about to write it.
                    Err(_) if lock(&place).take().is_some() => {
                        return Err(Failure::unavailable(&"no turn to write in time"));
                    }
                    Err(_) => {
                        return answered.await.unwrap_or_else(|error| Err(Failure::unexpected(&error)));
                    }
                },
            }
        }
    }

    async fn write_all(&self, turn: OwnedMutexGuard<()>) -> Result<(), Failure> {
        let (file, queue) = (Arc::clone(&self.file), Arc::clone(&self.queue));
        blocking(move || {
            file.write(queue.take());
            drop(turn);
            Ok(())
        })
        .await
    }
}

impl File {
    /// Writes and tells each what came of it.
    fn write(&self, waiting: Vec<Waiting>) {
        let (writes, replies) = parts(waiting);
        let answered = match self.writer() {
            Ok(writer) => {
                let answered = match writes.len() {
                    0 | 1 => None,
                    _ => writer.together(&writes, self.settings.statement_timeout),
                };
                self.write_rest(writer, &writes, answered)
            }
            Err(error) => writes.iter().map(|_| Err(Failure::unavailable(&error))).collect(),
        };
        tell(replies, answered);
    }

    /// Commits the transaction that is open, and with it what else waits; tells whether it was committed.
    pub(super) fn commit_with(&self, writer: Limited, waiting: Vec<Waiting>) -> bool {
        let (writes, replies) = parts(waiting);
        let answered = writer.commit_with(&writes, self.settings.statement_timeout);
        let committed = answered.is_some();
        let answered = self.write_rest(writer, &writes, answered);
        tell(replies, answered);
        committed
    }

    pub(super) fn writer(&self) -> rusqlite::Result<Limited> {
        let kept = lock(&self.writer).take();
        kept.map_or_else(|| self.connect(None), Ok)
    }

    /// What could not be written with others is written by itself.
    fn write_rest(&self, writer: Limited, writes: &[Write], answered: Option<Answered>) -> Answered {
        let mut answered = answered.unwrap_or_default();
        for write in writes.iter().skip(answered.len()) {
            writer.allow(self.settings.statement_timeout);
            answered.push(writer.alone(write));
        }
        self.keep_writer(writer);
        answered
    }

    /// Keeps the connection for the next to write. One whose transaction could not be ended is dropped, and the
    /// transaction with it.
    pub(super) fn keep_writer(&self, writer: Limited) {
        if writer.connection.is_autocommit() {
            *lock(&self.writer) = Some(writer);
        }
    }
}

fn parts(waiting: Vec<Waiting>) -> (Vec<Write>, Vec<Reply>) {
    let parts = waiting.into_iter().map(|waiting| (waiting.write, waiting.reply));
    parts.unzip()
}

fn tell(replies: Vec<Reply>, answered: Answered) {
    for (reply, answered) in replies.into_iter().zip(answered) {
        // Whoever does not wait any more does not want to know.
        let _ = reply.send(answered);
    }
}

impl Limited {
    fn alone(&self, write: &Write) -> Result<Written, Failure> {
        self.command("BEGIN IMMEDIATE")?;
        let answered = write
            .run(&self.connection)
            .and_then(|answered| self.command("COMMIT").map(|()| answered));
        if answered.is_err() && !self.connection.is_autocommit() {
            self.command("ROLLBACK")?;
        }
        answered
    }

    /// Several in one transaction. Nothing where it failed as a whole: then none was written.
    fn together(&self, writes: &[Write], allowed: Duration) -> Option<Answered> {
        self.command("BEGIN IMMEDIATE").ok()?;
        self.commit_with(writes, allowed)
    }

    /// Writes several in the transaction that is open, each of which leaves no trace where it fails, and commits it.
    /// Nothing where the transaction failed as a whole: then none was written, and nothing of what was before them.
    fn commit_with(&self, writes: &[Write], allowed: Duration) -> Option<Answered> {
        let written = || {
            if self.connection.is_autocommit() {
                return Err(Failure::unavailable(&"the transaction was rolled back"));
            }
            let mut answered = Vec::with_capacity(writes.len());
            for write in writes {
                self.allow(allowed);
                self.command("SAVEPOINT write")?;
                let written = write.run(&self.connection);
                if written.is_err() {
                    // A statement that was stopped takes the whole transaction with it.
                    self.command("ROLLBACK TO write")?;
                    // References may have been left to the end to find out which one was broken.
                    self.command("PRAGMA defer_foreign_keys=OFF")?;
                }
                self.command("RELEASE write")?;
                answered.push(written);
            }
            self.allow(allowed);
            self.command("COMMIT").map(|()| answered)
        };
        let committed = written();
        if let Err(failure) = &committed {
            tracing::debug!(%failure.message, "writes could not be committed together");
            // There may be no transaction any more.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        committed.ok()
    }
}

/// A connection with an open transaction, which whoever opened it ends.
struct Writing<'c>(&'c Connection);

impl Writing<'_> {
    /// Runs a statement; what it broke is found out while it can be.
    fn run<T>(
        &self,
        sql: &str,
        parameters: Vec<Parameter>,
        run: impl FnOnce(&[Value]) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        let values: Vec<Value> = parameters.into_iter().map(row::value).collect();
        run(&values).map_err(|error| constraint::failure(self.0, sql, &values, error))
    }
}

impl Channel for Writing<'_> {
    async fn texts(
        &mut self,
        sql: Arc<str>,
        parameters: Vec<Parameter>,
    ) -> Result<Vec<Vec<Option<String>>>, Failure> {
        self.run(&sql, parameters, |values| texts(self.0, &sql, values))
    }

    async fn send(&mut self, sql: Arc<str>, parameters: Vec<Parameter>) -> Result<(), Failure> {
        self.run(&sql, parameters, |values| finish(self.0, &sql, values))
    }

    async fn read(
        &mut self,
        asked: Rows<'_>,
        parameters: Vec<Parameter>,
        _: Then,
        out: &mut Output,
    ) -> Result<usize, Failure> {
        self.run(asked.sql, parameters, |values| {
            rows(self.0, asked, params_from_iter(values), out)
        })
    }

    async fn finish(&mut self, _: Then) -> Result<(), Failure> {
        Ok(())
    }

    fn by_column(&self) -> bool {
        false
    }
}

fn texts(connection: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<Vec<Vec<Option<String>>>> {
    let mut statement = connection.prepare_cached(sql)?;
    let width = statement.column_count();
    let found = statement.query_map(params_from_iter(values), |row| {
        (0..width).map(|index| row.get(index)).collect()
    })?;
    found.collect()
}

/// Runs a statement to its end, whatever it returns.
pub(super) fn finish(connection: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(params_from_iter(values))?;
    while found.next()?.is_some() {}
    Ok(())
}
