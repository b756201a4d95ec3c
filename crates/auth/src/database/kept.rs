//! PostgreSQL connections that go from one statement to the next. A pool tries each connection that it takes back
//! by a round trip, which would nearly double what a statement costs.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, Connection as _, PgConnection, PgPool, Postgres};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};

/// A connection that rested longer is tried before it is used: the server may have started anew meanwhile.
const TRUSTED: Duration = Duration::from_millis(100);

/// Connections at rest, half as many as the pool has besides.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<Resting>>>);

struct Resting {
    connection: PgConnection,
    since: Instant,
}

/// A connection for one statement. It is to be given back after an answer; one that is dropped in the midst of a
/// statement is not used again before it was tried.
pub(crate) enum Taken {
    Kept(PgConnection),
    Pooled(PoolConnection<Postgres>),
}

impl Kept {
    /// A connection at rest, or one of the pool.
    pub(crate) async fn take(&self, pool: &PgPool) -> Result<Taken, DbErr> {
        // The last one rested least.
        let resting = self.resting().pop();
        if let Some(Resting {
            mut connection,
            since,
        }) = resting
            && (since.elapsed() < TRUSTED || answers(&mut connection, pool).await)
        {
            return Ok(Taken::Kept(connection));
        }
        pool.acquire()
            .await
            .map(Taken::Pooled)
            .map_err(|error| match error {
                sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
                sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
                error => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
            })
    }

    /// Takes a connection back whose statement was answered.
    pub(crate) fn give_back(&self, pool: &PgPool, taken: Taken) {
        let most = pool.options().get_max_connections() as usize / 2;
        let mut resting = self.resting();
        if resting.len() < most {
            let connection = match taken {
                Taken::Kept(connection) => connection,
                Taken::Pooled(connection) => connection.detach(),
            };
            resting.push(Resting {
                connection,
                since: Instant::now(),
            });
        }
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Resting>> {
        // What is held is whole at any time.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the server still answers, and in time.
async fn answers(connection: &mut PgConnection, pool: &PgPool) -> bool {
    let patience = pool.options().get_acquire_timeout();
    matches!(
        tokio::time::timeout(patience, connection.ping()).await,
        Ok(Ok(()))
    )
}

impl Deref for Taken {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Kept(connection) => connection,
            Self::Pooled(connection) => connection,
        }
    }
}

impl DerefMut for Taken {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Kept(connection) => connection,
            Self::Pooled(connection) => connection,
        }
    }
}
