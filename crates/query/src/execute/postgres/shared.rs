//! Transactions of PostgreSQL that single writes share. The way to the disk is what a write costs most: those that came
//! while others were on their way go together, and one commit is for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::{Error, Row, Statement};

use super::connection::Connection;
use super::link::Link;
use super::{error, set_off};
use crate::error::Failure;
use crate::execute::ExecutorSettings;
use crate::execute::turns::{ConnectionCounters, Turn, Turns};
use crate::scalar::Parameter;

/// Connections: while one is on its way to the disk, the next writes.
const CONNECTIONS: usize = 2;

/// So many share a transaction.
const MOST_TOGETHER: usize = 16;

/// So many are under way or wait for those that are.
const MOST_WAITING: usize = 2 * CONNECTIONS * MOST_TOGETHER;

/// What takes longer is written alone: so long do the others wait.
const PATIENCE: Duration = Duration::from_millis(250);

/// The same for a lock. Nobody outside is undone because what shares a transaction holds more locks than it would
/// alone: the server looks only after a second whether some wait for each other.
const LOCK_PATIENCE: Duration = Duration::from_millis(20);

/// So long is everything written alone after one that took longer: who does so on purpose holds up others rarely.
const PAUSE: Duration = Duration::from_secs(1);

/// The way to write together with others.
pub(super) struct SharedWrites {
    queue: mpsc::UnboundedSender<Single>,
    turns: Turns,
    pause: Arc<Pause>,
}

/// What became of a write.
pub(super) enum Shared {
    /// It is committed.
    Written(Vec<Row>),
    /// Nothing was done. It is to be written alone, with these parameters.
    Alone(Vec<Parameter>),
}

/// A write that waits for others.
struct Single {
    sql: Arc<str>,
    parameters: Vec<Parameter>,
    told: oneshot::Sender<Result<Shared, Failure>>,
    _turn: Turn,
}

impl SharedWrites {
    pub(super) fn new(link: &Arc<Link>, settings: &ExecutorSettings) -> Self {
        let patience = PATIENCE.min(settings.statement_timeout);
        let lock = LOCK_PATIENCE.min(settings.lock_timeout);
        let limits = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}",
            patience.as_millis(),
            lock.as_millis()
        );
        let (queue, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let pause = Arc::new(Pause::default());
        for _ in 0..CONNECTIONS {
            let writer = Writer {
                link: Arc::clone(link),
                patience,
                limits: limits.clone(),
                waiting: Arc::clone(&waiting),
                pause: Arc::clone(&pause),
                connection: None,
            };
            tokio::spawn(writer.work());
        }
        Self {
            queue,
            turns: Turns::new(MOST_WAITING, link.patience()),
            pause,
        }
    }

    /// Runs a statement that is quick and returns little, and commits it.
    pub(super) async fn write(&self, sql: &Arc<str>, parameters: Vec<Parameter>) -> Result<Shared, Failure> {
        if self.pause.lasts() {
            return Ok(Shared::Alone(parameters));
        }
        let turn = self.turns.take().await?;
        let (told, became) = oneshot::channel();
        let single = Single {
            sql: Arc::clone(sql),
            parameters,
            told,
            _turn: turn,
        };
        let sent = self.queue.send(single);
        sent.map_err(|_| Failure::unexpected(&"nobody takes writes that share"))?;
        became
            .await
            .unwrap_or_else(|_| Err(Failure::unavailable(&"what became of a write is not known")))
    }

    pub(super) fn counters(&self, name: &'static str) -> ConnectionCounters {
        ConnectionCounters {
            connections: CONNECTIONS as u64,
            ..self.turns.counters(name)
        }
    }
}

impl Single {
    fn tell(self, became: Result<Shared, Failure>) {
        // Whoever does not wait any more does not want to know.
        let _ = self.told.send(became);
    }

    fn leave_alone(self) {
        let alone = Ok(Shared::Alone(self.parameters));
        let _ = self.told.send(alone);
    }
}

/// Who writes what waits, by a connection of its own.
struct Writer {
    link: Arc<Link>,
    /// How long a statement may run.
    patience: Duration,
    /// What is set on a new connection.
    limits: String,
    waiting: Arc<Mutex<mpsc::UnboundedReceiver<Single>>>,
    pause: Arc<Pause>,
    connection: Option<Arc<Connection>>,
}

impl Writer {
    /// Writes until nobody is left who could ask for it.
    async fn work(mut self) {
        loop {
            let mut taken = Vec::with_capacity(MOST_TOGETHER);
            if self
                .waiting
                .lock()
                .await
                .recv_many(&mut taken, MOST_TOGETHER)
                .await
                == 0
            {
                return;
            }
            taken.retain(|single| !single.told.is_closed());
            match self.connection().await {
                Ok(connection) => self.write(&connection, taken).await,
                Err(failure) => all_failed(taken, &failure),
            }
        }
    }

    async fn connection(&mut self) -> Result<Arc<Connection>, Failure> {
        if let Some(connection) = self.connection.take().filter(|connection| connection.is_open()) {
            return Ok(connection);
        }
        let connecting = async {
            let connection = self.link.connect_for(self.patience).await?;
            connection.batch(&self.limits).await.map(|()| connection)
        };
        self.link.in_time(connecting).await
    }

    /// Writes, and keeps the connection where it can be used again.
    async fn write(&mut self, connection: &Arc<Connection>, singles: Vec<Single>) {
        let mut prepared = Vec::with_capacity(singles.len());
        for single in singles {
            match connection.statement(&single.sql).await {
                Ok(statement) => prepared.push((single, statement)),
                Err(failure) => single.tell(Err(failure)),
            }
        }
        let (singles, statements): (Vec<_>, Vec<_>) = prepared.into_iter().unzip();
        match send(connection, &singles, &statements).await {
            Ok(found) => {
                for (single, rows) in singles.into_iter().zip(found) {
                    single.tell(Ok(Shared::Written(rows)));
                }
            }
            Err(Undone::Rejected(rejected)) if singles.len() == 1 && !error::is_timeout(&rejected) => {
                all_failed(singles, &error::failure(rejected));
            }
            Err(Undone::Rejected(rejected)) => {
                if error::is_timeout(&rejected) {
                    self.pause.begin();
                }
                singles.into_iter().for_each(Single::leave_alone);
            }
            // The connection is given up.
            Err(Undone::Unknown(error)) => return all_failed(singles, &error::failure(error)),
        }
        self.connection = Some(Arc::clone(connection));
    }
}

/// Why writes that share a transaction are not known to be committed.
enum Undone {
    /// The server refused one of them, and rolled all of them back.
    Rejected(Error),
    /// Nobody can tell what it did.
    Unknown(Error),
}

/// Sends everything at once: the server takes it in order, and refuses what follows a statement that failed.
async fn send(
    connection: &Connection,
    singles: &[Single],
    statements: &[Statement],
) -> Result<Vec<Vec<Row>>, Undone> {
    // A single statement is a transaction of its own.
    let several = singles.len() > 1;
    let mut begun = None;
    if several {
        begun = Some(set_off(connection.command("BEGIN")).await);
    }
    let mut sent = Vec::with_capacity(singles.len());
    for (single, statement) in singles.iter().zip(statements) {
        sent.push(set_off(connection.fetch(statement, &single.parameters)).await);
    }
    let mut committed = None;
    if several {
        committed = Some(set_off(connection.command("COMMIT")).await);
    }
    if let Some(begun) = begun {
        // Without a beginning each may have been committed by itself.
        begun.await.map_err(Undone::Unknown)?;
    }
    let mut found = Vec::with_capacity(sent.len());
    let mut rejected = None;
    for answer in sent {
        match answer.await {
            Ok(rows) => found.push(rows),
            Err(error) if rejected.is_some() || error.as_db_error().is_some() => {
                rejected.get_or_insert(error);
            }
            Err(error) => return Err(Undone::Unknown(error)),
        }
    }
    let committed = match committed {
        Some(committed) => committed.await,
        None => Ok(()),
    };
    match (rejected, committed) {
        (Some(error), _) => Err(Undone::Rejected(error)),
        (None, Err(error)) if error.as_db_error().is_some() => Err(Undone::Rejected(error)),
        (None, Err(error)) => Err(Undone::Unknown(error)),
        (None, Ok(())) => Ok(found),
    }
}

fn all_failed(singles: Vec<Single>, failure: &Failure) {
    for single in singles {
        single.tell(Err(failure.clone()));
    }
}

/// A time in which nobody shares.
struct Pause {
    start: Instant,
    /// When it ends, in milliseconds since the start.
    end: AtomicU64,
}

impl Default for Pause {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            end: AtomicU64::new(0),
        }
    }
}

impl Pause {
    fn begin(&self) {
        self.end
            .store(self.elapsed() + PAUSE.as_millis() as u64, Ordering::Relaxed);
    }

    fn lasts(&self) -> bool {
        self.elapsed() < self.end.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }
}
