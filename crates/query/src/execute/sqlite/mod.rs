//! SQLite: readers of their own, answered inline as long as they are quick; one writer, shared with whoever else writes.

mod aggregates;
mod constraint;
mod error;
mod explain;
mod functions;
mod leash;
mod queue;
mod row;
mod shared;
mod statement;
mod write;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::answer::{self, Answer, Output};
use super::turns::{ConnectionCounters, Turns};
use super::{ExecutorSettings, Origin, Task};
use crate::error::{Code, Failure};
use crate::sql::{Compiled, Rows, Work};
use leash::{Holder, Leash};
use queue::{Queue, Write, Written};
use shared::Line;
pub(super) use statement::OpenTransaction;

/// How many steps of SQLite's machine pass between two looks at the clock.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;
/// So many bytes of the file are mapped where data is read.
const MAPPED: i64 = 256 << 20;
/// How long a read that may take long is tried where it was asked for. Others wait behind it meanwhile.
const ATTEMPT: Duration = Duration::from_millis(1);

/// A SQLite file.
#[derive(Debug)]
pub struct SqliteExecutor {
    file: Arc<File>,
    heavy: Turns,
    writing: Arc<tokio::sync::Mutex<()>>,
    /// Writes that wait for their turn.
    queue: Arc<Queue>,
    /// Transactions that wait for theirs.
    line: Arc<Line>,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    settings: ExecutorSettings,
    /// Connections that read data, and are not used now.
    data: Mutex<Vec<Limited>>,
    /// The same by which accounts and sessions are looked up.
    look_ups: Mutex<Vec<Limited>>,
    writer: Mutex<Option<Limited>>,
}

/// What a connection reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// Data, of which most is at hand in the mapped file.
    Data,
    /// A few rows between writes. After each the file would be mapped anew, which takes longer than to read the pages.
    LookUps,
}

/// A connection whose statements end at a deadline.
#[derive(Debug)]
struct Limited {
    connection: Connection,
    opened: Instant,
    /// Microseconds after `opened`.
    deadline: Arc<AtomicU64>,
}

impl SqliteExecutor {
    pub(super) fn open(
        path: &Path,
        writing: Arc<tokio::sync::Mutex<()>>,
        settings: ExecutorSettings,
    ) -> Result<Self, Failure> {
        let heavy = Turns::new(settings.heavy_connections, settings.acquire_timeout);
        let file = File {
            path: path.to_owned(),
            settings,
            data: Mutex::default(),
            look_ups: Mutex::default(),
            writer: Mutex::default(),
        };
        let first = file.reader(Reads::Data)?;
        file.give_back(Reads::Data, first);
        Ok(Self {
            file: Arc::new(file),
            heavy,
            writing,
            queue: Arc::default(),
            line: Arc::default(),
        })
    }

    pub(super) async fn run(
        &self,
        compiled: &Arc<Compiled>,
        tasks: Vec<Task>,
        origin: Arc<dyn Origin>,
        answer: Answer,
    ) -> Result<Vec<u8>, Failure> {
        if compiled.writes() {
            let compiled = Arc::clone(compiled);
            let write = Write::Request {
                compiled,
                tasks,
                origin,
                answer,
            };
            return match self.write(write).await? {
                Written::Answer(answer) => Ok(answer),
                Written::Found(_) => Err(misfit()),
            };
        }
        let allowed = self.file.settings.statement_timeout;
        if !compiled.heavy() {
            return self.file.read(compiled, &tasks, answer, allowed, None);
        }
        let turn = self.heavy.take().await?;
        // A copy has no room yet, which the first is likely to need and the second is not.
        let again = answer.clone();
        // Most of what might take long is done sooner than a thread has woken up.
        match self.file.read(compiled, &tasks, answer, ATTEMPT, None) {
            Err(failure) if failure.code == Code::Timeout => {}
            answered => return answered,
        }
        let holder = Holder::default();
        let (file, compiled, leash) = (Arc::clone(&self.file), Arc::clone(compiled), holder.leash());
        blocking(move || {
            let answered = file.read(&compiled, &tasks, again, allowed, Some(&leash));
            drop(turn);
            answered
        })
        .await
    }

    pub(super) fn counters(&self) -> Vec<ConnectionCounters> {
        vec![self.heavy.counters("heavy")]
    }

    pub(super) fn ping(&self) -> Result<(), Failure> {
        let reader = self.file.reader(Reads::LookUps)?;
        let answered = reader.connection.query_row("SELECT 1", [], |_| Ok(()));
        self.file.give_back(Reads::LookUps, reader);
        answered.map_err(|error| Failure::unavailable(&error))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Failure::unexpected(&error)))
}

impl File {
    /// A connection that reads, or one that writes.
    fn connect(&self, reads: Option<Reads>) -> rusqlite::Result<Limited> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.settings.acquire_timeout)?;
        connection.execute_batch(
            "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; \
             PRAGMA cache_size=-16384; PRAGMA trusted_schema=OFF;",
        )?;
        if reads == Some(Reads::Data) {
            connection.pragma_update(None, "mmap_size", MAPPED)?;
        }
        if reads.is_some() {
            connection.pragma_update(None, "query_only", true)?;
        }
        connection.set_prepared_statement_cache_capacity(256);
        functions::register(&connection)?;
        aggregates::register(&connection)?;
        let (opened, deadline) = (Instant::now(), Arc::new(AtomicU64::new(u64::MAX)));
        let seen = Arc::clone(&deadline);
        connection.progress_handler(
            STEPS_BETWEEN_LOOKS,
            Some(move || microseconds(opened.elapsed()) > seen.load(Ordering::Relaxed)),
        )?;
        Ok(Limited {
            connection,
            opened,
            deadline,
        })
    }

    fn idle(&self, reads: Reads) -> MutexGuard<'_, Vec<Limited>> {
        lock(match reads {
            Reads::Data => &self.data,
            Reads::LookUps => &self.look_ups,
        })
    }

    fn reader(&self, reads: Reads) -> Result<Limited, Failure> {
        let idle = self.idle(reads).pop();
        idle.map_or_else(|| self.connect(Some(reads)), Ok)
            .map_err(|error| Failure::unavailable(&error))
    }

    fn give_back(&self, reads: Reads, reader: Limited) {
        let mut idle = self.idle(reads);
        if idle.len() < self.settings.read_connections {
            idle.push(reader);
        }
    }

    fn read(
        &self,
        compiled: &Compiled,
        tasks: &[Task],
        answer: Answer,
        allowed: Duration,
        leash: Option<&Leash>,
    ) -> Result<Vec<u8>, Failure> {
        let reader = self.reader(Reads::Data)?;
        reader.allow(allowed);
        let read = || reader.read(compiled, tasks, answer);
        let answered = match leash {
            None => read(),
            Some(leash) => leash.lead(&reader.deadline, read),
        };
        // A connection whose transaction could not be ended is dropped, and the transaction with it.
        if reader.connection.is_autocommit() {
            self.give_back(Reads::Data, reader);
        }
        answered
    }
}

impl Limited {
    fn allow(&self, time: Duration) {
        self.deadline
            .store(microseconds(self.opened.elapsed() + time), Ordering::Relaxed);
    }

    /// Reads of one request see one state of the database.
    fn read(&self, compiled: &Compiled, tasks: &[Task], answer: Answer) -> Result<Vec<u8>, Failure> {
        if tasks.len() < 2 {
            return fill(&self.connection, compiled, tasks, answer);
        }
        self.command("BEGIN")?;
        let answered = fill(&self.connection, compiled, tasks, answer);
        self.command("COMMIT")?;
        answered
    }

    fn command(&self, sql: &str) -> Result<(), Failure> {
        command(&self.connection, sql).map_err(error::failure)
    }
}

/// Runs a statement without values or rows, which is prepared once: most transactions begin and end alike.
fn command(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A poisoned lock only says that another request failed while it held a connection.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fill(
    connection: &Connection,
    compiled: &Compiled,
    tasks: &[Task],
    mut answer: Answer,
) -> Result<Vec<u8>, Failure> {
    for (root, task) in compiled.roots.iter().zip(tasks) {
        let out = answer.member(&root.key);
        match (&root.work, task) {
            (Work::Known(json), _) => out.extend_from_slice(json.as_bytes()),
            (Work::Read(read), Task::Read(parameters)) => {
                let values = params_from_iter(parameters.iter().cloned().map(row::value));
                rows(connection, read.rows(), values, out).map_err(error::failure)?;
                out.check()?;
            }
            _ => return Err(misfit()),
        }
    }
    answer.finish()
}

fn misfit() -> Failure {
    Failure::unexpected(&"work and values of a root field do not fit")
}

/// Runs a statement, writes its rows until the answer is full, and tells how many they are.
fn rows(
    connection: &Connection,
    asked: Rows<'_>,
    values: impl rusqlite::Params,
    out: &mut Output,
) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(asked.sql)?;
    let mut found = statement.query(values)?;
    answer::begin(asked.shape, out);
    let mut count = 0;
    while let Some(found) = found.next()? {
        answer::object(&row::SqliteRow(found), asked.columns, count == 0, out)?;
        count += 1;
        if out.is_full() {
            break;
        }
    }
    answer::end(asked.shape, count, out);
    Ok(count)
}
