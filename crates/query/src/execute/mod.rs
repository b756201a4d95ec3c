//! Runs compiled statements: one small interface, two databases.

mod answer;
mod array;
pub(crate) mod jsonb;
mod parameter;
mod postgres;
mod sqlite;
mod statistics;
mod turns;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use answer::Answer;

use crate::error::Failure;
use crate::request::Variables;
use crate::sql::{Compiled, CompiledRoot, Dialect};

pub(crate) use parameter::check_constant;
pub use postgres::PostgresExecutor;
pub use sqlite::SqliteExecutor;
pub use turns::ConnectionCounters;

/// How the database is used.
#[derive(Debug, Clone)]
pub struct ExecutorSettings {
    /// Connections for quick reads; on SQLite the number kept open.
    pub read_connections: usize,
    /// Connections for reads that may touch many rows, one read each.
    pub heavy_connections: usize,
    /// Connections for writes; SQLite has one.
    pub write_connections: usize,
    /// How long a statement may run.
    pub statement_timeout: Duration,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
}

impl Default for ExecutorSettings {
    fn default() -> Self {
        Self {
            read_connections: 4,
            heavy_connections: 4,
            write_connections: 4,
            statement_timeout: Duration::from_secs(10),
            acquire_timeout: Duration::from_secs(2),
        }
    }
}

/// What bind parameters are filled from.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// The request's variables, defaults filled in.
    pub variables: &'a Variables,
    /// Session variables by lower-case name.
    pub session: &'a std::collections::BTreeMap<String, String>,
}

/// The parameters of an operation, filled for one request.
pub struct Bound(Filled);

enum Filled {
    Postgres(Vec<Vec<crate::scalar::Parameter>>),
    Sqlite(Vec<sqlite::Task>),
}

/// What a root field asks of the database.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The name of the field in the answer.
    pub key: String,
    /// The statement; nothing where the answer is known without.
    pub sql: Option<String>,
    /// The plan, line by line.
    pub plan: Option<Vec<String>>,
}

impl Explained {
    fn without(root: &CompiledRoot) -> Self {
        Self {
            key: root.key.clone(),
            sql: None,
            plan: None,
        }
    }
}

/// A database that answers with JSON.
pub enum Executor {
    /// PostgreSQL.
    Postgres(PostgresExecutor),
    /// SQLite.
    Sqlite(SqliteExecutor),
}

impl Executor {
    /// Opens a SQLite file; `writer` is the lock that every writer of the file in this process shares.
    pub fn open_sqlite(
        path: &Path,
        writer: Arc<tokio::sync::Mutex<()>>,
        settings: ExecutorSettings,
    ) -> Result<Self, Failure> {
        SqliteExecutor::open(path, writer, settings).map(Self::Sqlite)
    }

    /// Prepares to connect to PostgreSQL; connections are made when first needed.
    pub fn open_postgres(url: &str, settings: ExecutorSettings) -> Result<Self, Failure> {
        PostgresExecutor::open(url, settings).map(Self::Postgres)
    }

    /// The language this database speaks.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Fills the parameters of an operation for one request.
    pub fn bind(&self, compiled: &Compiled, values: Values<'_>) -> Result<Bound, Failure> {
        match self {
            Self::Postgres(_) => postgres::bind(compiled, values).map(Filled::Postgres),
            Self::Sqlite(_) => sqlite::bind(compiled, values).map(Filled::Sqlite),
        }
        .map(Bound)
    }

    /// Answers an operation's root fields as the members of one JSON object, `{"users":[…]}`, written behind
    /// what `before` holds. Writes of one operation run in order in one transaction.
    pub async fn run(
        &self,
        compiled: &Arc<Compiled>,
        bound: Bound,
        before: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        let answer = Answer::after(before);
        match (self, bound.0) {
            (Self::Postgres(executor), Filled::Postgres(values)) => {
                executor.run(compiled, &values, answer).await
            }
            (Self::Sqlite(executor), Filled::Sqlite(values)) => executor.run(compiled, values, answer).await,
            _ => Err(Failure::unexpected(
                &"the parameters were filled for another database",
            )),
        }
    }

    /// How the connections for data are used.
    pub fn counters(&self) -> Vec<ConnectionCounters> {
        match self {
            Self::Postgres(executor) => executor.counters(),
            Self::Sqlite(executor) => executor.counters(),
        }
    }

    /// Tells what each root field of a read asks, and how the database would go about it.
    pub async fn explain(&self, compiled: &Compiled, bound: Bound) -> Result<Vec<Explained>, Failure> {
        match (self, bound.0) {
            (Self::Postgres(executor), Filled::Postgres(values)) => executor.explain(compiled, &values).await,
            (Self::Sqlite(executor), Filled::Sqlite(tasks)) => executor.explain(compiled, &tasks),
            _ => Err(Failure::unexpected(
                &"the parameters were filled for another database",
            )),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Failure> {
        match self {
            Self::Postgres(executor) => executor.ping().await,
            Self::Sqlite(executor) => executor.ping(),
        }
    }
}
