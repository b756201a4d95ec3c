//! The database as the auth core sees it: one connection pool, and turns to write on SQLite.

use std::ops::Deref;
use std::sync::Arc;

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::connection::{Alone, Reads, Transaction};
use crate::port::DataPath;

/// A pool, and the lock that all writers of a SQLite file share.
#[derive(Clone)]
pub struct Database {
    /// The pool.
    pub connection: DatabaseConnection,
    /// Held by whoever writes to SQLite, which has one writer at a time; unused on PostgreSQL.
    pub writer: Arc<Mutex<()>>,
    /// For the statements that run most.
    pub(crate) data_path: Arc<dyn DataPath>,
}

/// How the connections of a pool are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolCounters {
    /// How many there may be.
    pub connections: u64,
    /// Those that somebody uses now.
    pub in_use: u64,
}

impl Database {
    /// The database behind a pool; `writer` is the lock of everybody who writes to the same SQLite file, `data_path` a
    /// shorter way to the same database.
    pub fn new(connection: DatabaseConnection, writer: Arc<Mutex<()>>, data_path: Arc<dyn DataPath>) -> Self {
        Self {
            connection,
            writer,
            data_path,
        }
    }

    /// How the pool is used.
    pub(crate) fn counters(&self) -> PoolCounters {
        let (most, open, idle) = match self.connection.get_database_backend() {
            DbBackend::Postgres => {
                let pool = self.connection.get_postgres_connection_pool();
                (pool.options().get_max_connections(), pool.size(), pool.num_idle())
            }
            _ => {
                let pool = self.connection.get_sqlite_connection_pool();
                (pool.options().get_max_connections(), pool.size(), pool.num_idle())
            }
        };
        PoolCounters {
            connections: most.into(),
            in_use: u64::from(open).saturating_sub(idle as u64),
        }
    }

    /// Reads by the shortest way.
    pub(crate) fn reads(&self) -> Reads<'_> {
        Reads(self)
    }

    /// Writes by the shortest way, each statement by itself.
    pub(crate) fn alone(&self) -> Alone<'_> {
        Alone(self)
    }

    /// Begins a transaction that will write, by the shortest way.
    pub(crate) async fn begin_direct(&self) -> Result<Transaction, DbErr> {
        Transaction::begin(self).await
    }

    /// Begins a transaction that will write, by the pool, for whatever the ORM makes.
    pub(crate) async fn begin(&self) -> Result<Write, DbErr> {
        let turn = self.turn().await;
        // Taking the write lock at once: a deferred transaction that read first could not get it any more.
        let options = TransactionOptions {
            sqlite_transaction_mode: turn.is_some().then_some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let transaction = self.connection.begin_with_options(options).await?;
        Ok(Write {
            transaction,
            _turn: turn,
        })
    }

    /// Waits for the turn to write one statement; `None` where writers need not wait for each other.
    pub(crate) async fn turn(&self) -> Option<OwnedMutexGuard<()>> {
        match self.connection.get_database_backend() {
            DbBackend::Sqlite => Some(Arc::clone(&self.writer).lock_owned().await),
            _ => None,
        }
    }
}

/// A transaction that writes; dropped without [`Write::commit`] it leaves no trace.
pub(crate) struct Write {
    // Rolled back before the turn passes on: fields are dropped in this order.
    transaction: DatabaseTransaction,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Write {
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.transaction.commit().await
    }
}

impl Deref for Write {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.transaction
    }
}
