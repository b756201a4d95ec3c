//! Runs compiled statements: one small interface, two databases.

mod answer;
mod array;
pub(crate) mod jsonb;
mod mutation;
mod parameter;
mod postgres;
mod sqlite;
mod statement;
mod statistics;
mod turns;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use answer::Answer;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::error::Failure;
use crate::request::Variables;
use crate::scalar::Parameter;
use crate::sql::{Compiled, CompiledRoot, Dialect, Work};

pub(crate) use parameter::check_constant;
pub use postgres::{AddressError, PostgresAddress, PostgresExecutor, QUICK_READS, reach_postgres};
pub use sqlite::SqliteExecutor;
pub use statement::{Asked, Found, OpenTransaction};
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
    /// How long a statement waits for a lock on PostgreSQL; on SQLite writers take turns.
    pub lock_timeout: Duration,
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
            lock_timeout: Duration::from_secs(5),
            acquire_timeout: Duration::from_secs(2),
        }
    }
}

/// What bind parameters are filled from.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// The request's variables, defaults filled in.
    pub variables: &'a Variables,
    /// The role of the request, which is a session variable, too.
    pub role: Option<&'a str>,
    /// The other session variables by lower-case name.
    pub session: &'a std::collections::BTreeMap<String, String>,
    /// Who asks, where it is written down.
    pub actor: &'a Actor,
}

/// How long an answer may be, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct AnswerLimit {
    /// With all others of the same request.
    pub allowed: usize,
    /// What the others have left of it.
    pub left: usize,
}

/// Who writes, for the audit.
#[derive(Debug, Clone, Default)]
pub struct Actor {
    /// The user; nothing where the admin secret asks.
    pub user_id: Option<Uuid>,
    /// The role of the request.
    pub role: String,
    /// The session.
    pub session_id: Option<Uuid>,
    /// The request in the log.
    pub request_id: Option<String>,
    /// Address of the client.
    pub ip: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// Where new ids and the time come from, and what the operator wants.
pub trait Origin: Send + Sync {
    /// A new id, later than those before it.
    fn new_id(&self) -> Result<Uuid, Failure>;

    /// The present moment.
    fn now(&self) -> DateTime<Utc>;

    /// Whether sessions end whose user gets or loses a factor.
    fn factor_change_ends_sessions(&self) -> bool;
}

/// The parameters of an operation, filled for one request.
pub struct Bound(Vec<Task>);

/// The work of a root field with the values of its parameters.
enum Task {
    Known,
    Read(Vec<Parameter>),
    Mutate(Box<mutation::Task>),
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
pub struct Executor {
    database: Database,
    origin: Arc<dyn Origin>,
}

enum Database {
    Postgres(PostgresExecutor),
    Sqlite(SqliteExecutor),
}

impl Executor {
    /// Opens a SQLite file; `writer` is the lock that every writer of the file in this process shares.
    pub fn open_sqlite(
        path: &Path,
        writer: Arc<tokio::sync::Mutex<()>>,
        settings: ExecutorSettings,
        origin: Arc<dyn Origin>,
    ) -> Result<Self, Failure> {
        let database = Database::Sqlite(SqliteExecutor::open(path, writer, settings)?);
        Ok(Self { database, origin })
    }

    /// Prepares to connect to PostgreSQL; connections are made when first needed.
    pub fn open_postgres(
        url: &str,
        settings: ExecutorSettings,
        origin: Arc<dyn Origin>,
    ) -> Result<Self, Failure> {
        let database = Database::Postgres(PostgresExecutor::open(url, settings)?);
        Ok(Self { database, origin })
    }

    /// The language this database speaks.
    pub fn dialect(&self) -> Dialect {
        match self.database {
            Database::Postgres(_) => Dialect::Postgres,
            Database::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Fills the parameters of an operation for one request.
    pub fn bind(&self, compiled: &Compiled, values: Values<'_>) -> Result<Bound, Failure> {
        let tasks = compiled.roots.iter().map(|root| match &root.work {
            Work::Known(_) => Ok(Task::Known),
            Work::Read(read) => parameter::parameters(&read.binds, values).map(Task::Read),
            Work::Mutate(work) => {
                mutation::bind(work, values, self.origin.as_ref()).map(|task| Task::Mutate(Box::new(task)))
            }
        });
        tasks.collect::<Result<_, Failure>>().map(Bound)
    }

    /// Answers an operation's root fields as the members of one JSON object, `{"users":[…]}`, written behind
    /// what `before` holds. Writes of one operation run in order in one transaction, which leaves no trace where
    /// the answer is too long.
    pub async fn run(
        &self,
        compiled: &Arc<Compiled>,
        bound: Bound,
        before: &[u8],
        limit: AnswerLimit,
    ) -> Result<Vec<u8>, Failure> {
        let answer = Answer::after(before, compiled.room.bytes(), limit);
        let answered = match &self.database {
            Database::Postgres(executor) => {
                executor
                    .run(compiled, bound.0, self.origin.as_ref(), answer)
                    .await
            }
            Database::Sqlite(executor) => {
                executor
                    .run(compiled, bound.0, Arc::clone(&self.origin), answer)
                    .await
            }
        }?;
        compiled.room.taken(answered.len());
        Ok(answered)
    }

    /// How the connections for data are used.
    pub fn counters(&self) -> Vec<ConnectionCounters> {
        match &self.database {
            Database::Postgres(executor) => executor.counters(),
            Database::Sqlite(executor) => executor.counters(),
        }
    }

    /// Tells what each root field of a read asks, and how the database would go about it.
    pub async fn explain(&self, compiled: &Compiled, bound: Bound) -> Result<Vec<Explained>, Failure> {
        match &self.database {
            Database::Postgres(executor) => executor.explain(compiled, &bound.0).await,
            Database::Sqlite(executor) => executor.explain(compiled, bound.0),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Failure> {
        match &self.database {
            Database::Postgres(executor) => executor.ping().await,
            Database::Sqlite(executor) => executor.ping(),
        }
    }
}
