//! PostgreSQL connections that go from one statement to the next. A pool tries each connection that it takes back
//! by a round trip, which would nearly double what a statement costs.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{self, Connection as _, PgConnection, PgPool, Postgres};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::PoolCounters;

/// A connection that rested longer is tried before it is used: the server may have started anew meanwhile.
const TRUSTED: Duration = Duration::from_millis(100);

/// Connections kept back from the pool, never more than were allowed: one too many would be closed after a
/// statement and another be made for the next.
#[derive(Clone)]
pub(crate) struct Kept {
    resting: Arc<Mutex<Vec<Resting>>>,
    places: Arc<Semaphore>,
    most: usize,
}

/// A connection outside the pool.
pub(crate) struct Own {
    connection: PgConnection,
    _place: OwnedSemaphorePermit,
}

struct Resting {
    own: Own,
    since: Instant,
}

/// A connection for one statement. It is to be given back after an answer; one that is dropped in the midst of a
/// statement is not used again before it was tried.
pub(crate) enum Taken {
    Own(Own),
    Pooled(PoolConnection<Postgres>),
}

impl Kept {
    /// Room for so many.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            resting: Arc::default(),
            places: Arc::new(Semaphore::new(most)),
            most,
        }
    }

    /// How the connections outside the pool are used.
    pub(crate) fn counters(&self) -> PoolCounters {
        let resting = self.resting().len();
        let out = self.most.saturating_sub(self.places.available_permits());
        PoolCounters {
            connections: self.most as u64,
            in_use: out.saturating_sub(resting) as u64,
        }
    }

    /// A connection at rest, or one of the pool.
    pub(crate) async fn take(&self, pool: &PgPool) -> Result<Taken, DbErr> {
        // The last one rested least.
        let resting = self.resting().pop();
        if let Some(Resting { mut own, since }) = resting
            && (since.elapsed() < TRUSTED || answers(&mut own.connection, pool).await)
        {
            return Ok(Taken::Own(own));
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

    /// Takes a connection back whose statement was answered; without room for it, the pool does.
    pub(crate) fn give_back(&self, taken: Taken) {
        let own = match taken {
            Taken::Own(own) => own,
            Taken::Pooled(connection) => match Arc::clone(&self.places).try_acquire_owned() {
                Ok(place) => Own {
                    connection: connection.detach(),
                    _place: place,
                },
                Err(_) => return,
            },
        };
        let since = Instant::now();
        self.resting().push(Resting { own, since });
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Resting>> {
        // What is held is whole at any time.
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
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
            Self::Own(own) => &own.connection,
            Self::Pooled(connection) => connection,
        }
    }
}

impl DerefMut for Taken {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Own(own) => &mut own.connection,
            Self::Pooled(connection) => connection,
        }
    }
}
