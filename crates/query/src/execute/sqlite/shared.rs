//! A transaction of SQLite that several share. The way to the disk is what a transaction costs most: one that has
//! finished passes the turn on to the next that waits, and the last of them commits for all.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tokio::runtime::Handle;
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::queue::Queue;
use super::{File, Limited, SqliteExecutor, blocking, command, error, lock};
use crate::error::Failure;

/// So many that have finished wait for the same commit.
const MOST_TOGETHER: usize = 16;
/// So long after it began nobody else takes part: others wait for the turn, too. Tests may be held up.
const LONGEST: Duration = Duration::from_millis(if cfg!(test) { 500 } else { 10 });

/// Those that wait for the turn to begin a transaction, in the order in which they came.
#[derive(Default)]
pub(super) struct Line(Mutex<VecDeque<oneshot::Sender<Turn>>>);

impl std::fmt::Debug for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Line").field(&lock(&self.0).len()).finish()
    }
}

impl Line {
    pub(super) fn join(&self) -> oneshot::Receiver<Turn> {
        let (sender, receiver) = oneshot::channel();
        let mut line = lock(&self.0);
        // Whoever got the turn by itself, or none in time, is still in the line.
        while line.pop_front_if(|first| first.is_closed()).is_some() {}
        line.push_back(sender);
        receiver
    }

    fn next(&self) -> Option<oneshot::Sender<Turn>> {
        lock(&self.0).pop_front()
    }
}

/// The turn to write. Dropped, it passes on to the next that waits, or ends the transaction on the way.
pub(super) struct Turn(Option<Box<Shared>>);

/// The transaction that is open, and those who take part in it.
struct Shared {
    // The transaction is over before those who waited for it know, and before others have their turn: fields are
    // dropped in this order.
    writer: Writer,
    /// Those that wait for the commit. Dropped, they tell that it failed.
    finished: Vec<oneshot::Sender<()>>,
    writing: OwnedMutexGuard<()>,
    /// Whether one has begun that has not finished.
    open: bool,
    began: Instant,
    line: Arc<Line>,
    queue: Arc<Queue>,
}

/// The connection of an open transaction, which is rolled back with it.
struct Writer {
    file: Arc<File>,
    connection: Option<Limited>,
}

impl Turn {
    /// Begins the transaction that others may share; waits so long for other processes.
    pub(super) async fn begin(
        executor: &SqliteExecutor,
        writing: OwnedMutexGuard<()>,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let file = Arc::clone(&executor.file);
        let connection = file.writer().map_err(|error| Failure::unavailable(&error))?;
        let mut shared = Box::new(Shared {
            writer: Writer {
                file,
                connection: Some(connection),
            },
            finished: Vec::new(),
            writing,
            open: true,
            began: Instant::now(),
            line: Arc::clone(&executor.line),
            queue: Arc::clone(&executor.queue),
        });
        match shared.begin(Duration::ZERO) {
            Ok(()) => Ok(Self(Some(shared))),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                // Another process writes: not for this thread to wait.
                blocking(move || match shared.begin(patience) {
                    Ok(()) => Ok(Self(Some(shared))),
                    Err(error) => Err(error::failure(error)),
                })
                .await
            }
            Err(error) => Err(error::failure(error)),
        }
    }

    /// The connection, for one more statement of the one whose turn it is.
    pub(super) fn allowed(&self) -> Result<&Connection, Failure> {
        self.0.as_ref().ok_or_else(lost)?.allowed()
    }

    /// Begins one after others that have finished.
    pub(super) fn join(&mut self) -> Result<(), Failure> {
        let shared = self.0.as_mut().ok_or_else(lost)?;
        shared.command("SAVEPOINT shared")?;
        shared.open = true;
        Ok(())
    }

    /// Passes the turn on. The answer comes with the commit; there is none where it failed.
    pub(super) fn finish(mut self) -> Result<oneshot::Receiver<()>, Failure> {
        let shared = self.0.as_mut().ok_or_else(lost)?;
        match shared.finished.is_empty() {
            // The first has no savepoint.
            true => shared.allowed().map(|_| ())?,
            false => shared.command("RELEASE shared")?,
        }
        shared.open = false;
        let (told, committed) = oneshot::channel();
        shared.finished.push(told);
        Ok(committed)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut shared) = self.0.take() else {
            return;
        };
        if shared.finished.is_empty() || shared.undo().is_err() {
            // There is nothing to keep: all of it is rolled back.
            return;
        }
        let Some(shared) = shared.pass_on() else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn_blocking(move || shared.commit());
            }
            Err(_) => shared.commit(),
        }
    }
}

impl Shared {
    fn begin(&mut self, patience: Duration) -> rusqlite::Result<()> {
        let Some(limited) = &self.writer.connection else {
            return Ok(());
        };
        let settings = &self.writer.file.settings;
        limited.connection.busy_timeout(patience)?;
        limited.allow(settings.statement_timeout);
        let begun = command(&limited.connection, "BEGIN IMMEDIATE");
        limited.connection.busy_timeout(settings.acquire_timeout)?;
        begun?;
        self.began = Instant::now();
        Ok(())
    }

    fn allowed(&self) -> Result<&Connection, Failure> {
        let limited = self.writer.connection.as_ref().ok_or_else(lost)?;
        // A statement that was stopped takes the whole transaction with it: the next would stand by itself.
        if limited.connection.is_autocommit() {
            return Err(Failure::unavailable(&"the transaction was rolled back"));
        }
        limited.allow(self.writer.file.settings.statement_timeout);
        Ok(&limited.connection)
    }

    fn command(&self, sql: &str) -> Result<(), Failure> {
        command(self.allowed()?, sql).map_err(error::failure)
    }

    /// One that ends without having finished leaves no trace.
    fn undo(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.open) {
            for sql in [
                "ROLLBACK TO shared",
                "RELEASE shared",
                "PRAGMA defer_foreign_keys=OFF",
            ] {
                self.command(sql)?;
            }
        }
        Ok(())
    }

    /// To the next that waits. Comes back where there is none, or where it is time to commit.
    fn pass_on(mut self: Box<Self>) -> Option<Box<Self>> {
        while self.finished.len() < MOST_TOGETHER && self.began.elapsed() < LONGEST {
            let Some(next) = self.line.next() else {
                break;
            };
            match next.send(Turn(Some(self))) {
                Ok(()) => return None,
                // It has left.
                Err(mut turn) => self = turn.0.take()?,
            }
        }
        Some(self)
    }

    /// Commits for all, and for the single writes that wait: what is written on request may take long, and comes
    /// to its own turn.
    fn commit(self) {
        let Self {
            mut writer,
            finished,
            writing,
            queue,
            ..
        } = self;
        let Some(limited) = writer.connection.take() else {
            return;
        };
        let committed = writer.file.commit_with(limited, queue.take_single());
        drop(writing);
        if committed {
            for told in finished {
                // Whoever does not wait any more does not want to know.
                let _ = told.send(());
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Some(limited) = self.connection.take() else {
            return;
        };
        if !limited.connection.is_autocommit() {
            // One that cannot be ended is dropped with its connection.
            let _ = limited.connection.execute_batch("ROLLBACK");
        }
        self.file.keep_writer(limited);
    }
}

fn lost() -> Failure {
    Failure::unexpected(&"a transaction has no connection")
}
