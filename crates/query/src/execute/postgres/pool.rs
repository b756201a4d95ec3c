//! Connections of which each serves one request at a time.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;

use super::connection::{Connection, lock};
use super::link::Link;
use crate::error::Failure;
use crate::execute::turns::{ConnectionCounters, Turn, Turns};

/// What a request left behind may take so much longer before it is cancelled: most are done by then, and the
/// connection keeps its statements.
const SOON: Duration = Duration::from_millis(100);

/// A pool of connections, made when first needed.
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    link: Arc<Link>,
    turns: Turns,
    idle: Mutex<Vec<Arc<Connection>>>,
    /// What makes a connection fit for the next request, whatever was going on.
    reset: &'static str,
}

/// A connection that one request has to itself. Unless given back it was left in the middle of something, and
/// is freed before another request gets it.
pub(super) struct Held {
    connection: Arc<Connection>,
    pool: Arc<Shared>,
    turn: Option<Turn>,
}

impl Pool {
    /// For reads.
    pub(super) fn for_reads(link: &Arc<Link>, count: usize) -> Self {
        Self::new(link, count, "SELECT 1")
    }

    /// For transactions. One that was not committed is rolled back.
    pub(super) fn for_transactions(link: &Arc<Link>, count: usize) -> Self {
        Self::new(link, count, "ROLLBACK")
    }

    fn new(link: &Arc<Link>, count: usize, reset: &'static str) -> Self {
        Self(Arc::new(Shared {
            link: Arc::clone(link),
            turns: Turns::new(count, link.patience()),
            idle: Mutex::default(),
            reset,
        }))
    }

    /// A connection as soon as one is free; refused where that takes too long.
    pub(super) async fn acquire(&self) -> Result<Held, Failure> {
        let pool = &self.0;
        let turn = pool.turns.take().await?;
        let connection = match pool.idle() {
            Some(connection) => connection,
            None => pool.link.in_time(pool.link.connect()).await?,
        };
        Ok(Held {
            connection,
            pool: Arc::clone(pool),
            turn: Some(turn),
        })
    }

    pub(super) fn counters(&self, name: &'static str) -> ConnectionCounters {
        self.0.turns.counters(name)
    }
}

impl Held {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Everything that was asked of the connection is answered.
    pub(super) fn give_back(mut self) {
        self.pool.keep(&self.connection);
        self.turn = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Without a runtime the connection has ended, too.
        let (Some(turn), Ok(runtime)) = (self.turn.take(), Handle::try_current()) else {
            return;
        };
        let (pool, connection) = (Arc::clone(&self.pool), Arc::clone(&self.connection));
        runtime.spawn(async move {
            if pool.free(&connection).await {
                pool.keep(&connection);
            }
            drop(turn);
        });
    }
}

impl Shared {
    fn idle(&self) -> Option<Arc<Connection>> {
        let idle = std::iter::from_fn(|| lock(&self.idle).pop());
        idle.into_iter().find(|connection| connection.is_open())
    }

    fn keep(&self, connection: &Arc<Connection>) {
        lock(&self.idle).push(Arc::clone(connection));
    }

    /// Waits until nothing runs on a connection any more, and cancels what does not end by itself. Returns
    /// whether the connection may be used again: a cancellation that comes late would hit another's statement.
    async fn free(&self, connection: &Connection) -> bool {
        let mut reset = pin!(connection.batch(self.reset));
        if let Ok(done) = timeout(SOON, &mut reset).await {
            return done.is_ok();
        }
        let token = connection.cancel_token();
        loop {
            // Each hits one statement of those that the request had sent.
            let cancelled = timeout(self.link.patience(), self.link.cancel(&token)).await;
            if let Ok(Err(error)) = cancelled {
                tracing::warn!(%error, "a statement that nobody waits for could not be cancelled");
            }
            if timeout(SOON, &mut reset).await.is_ok() {
                return false;
            }
        }
    }
}
