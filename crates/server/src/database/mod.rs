//! Pools of connections for accounts and sessions, and the migration at start.

mod facts;
mod postgres_options;

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use portico_migrations::{MigrateError, migrate_postgres, migrate_sqlite};
use portico_query::execute::{AddressError, reach_postgres};
use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgPool, SqlitePool};

use crate::configuration::{DatabaseUrl, Secret};
use crate::{Settings, policy};

pub(crate) use facts::Facts;
use postgres_options::base_options;

/// The name of the file in the data folder.
const FILE: &str = "portico.db";

/// A connection not used for this long is tried before it is used: the server may have started anew meanwhile.
/// Under load none waits so long, and none is tried.
const IDLE: Duration = Duration::from_millis(100);

/// Reaching a server takes no longer, else it is down.
const REACH: Duration = Duration::from_secs(5);

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file cannot be written.
    #[error("cannot write the database file {} (PORTICO_DATABASE_URL): {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It cannot be told which server is meant.
    #[error("PORTICO_DATABASE_URL {0}")]
    Address(#[from] AddressError),
    /// One of the two drivers would heed it.
    #[error(
        "{0} is set, which not every connection would heed: say it in PORTICO_DATABASE_URL, and take it from the environment"
    )]
    Variable(&'static str),
    /// The server does not answer, or not to us.
    #[error("cannot connect to the database (PORTICO_DATABASE_URL): {0}")]
    Connect(#[source] sqlx::Error),
    /// The same for connections for data.
    #[error("cannot connect to the database for data (PORTICO_DATABASE_URL): {0}")]
    Data(String),
    /// The server does not answer at all.
    #[error("cannot connect to the database (PORTICO_DATABASE_URL): no answer within 5 seconds")]
    Silent,
    /// The database cannot be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}

/// The database before the auth core has it.
pub(crate) enum Pool {
    /// A file.
    Sqlite(SqlitePool, PathBuf),
    /// A server.
    Postgres(PgPool, Secret),
}

impl Pool {
    /// Reaches the database, without changing it but for making a file.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, DatabaseError> {
        match &settings.database_url {
            DatabaseUrl::Sqlite(path) => {
                let path = path.clone().unwrap_or_else(|| settings.data_dir.join(FILE));
                // The operating system says more about what is wrong than SQLite does.
                let opened = OpenOptions::new()
                    .create(true)
                    .truncate(false)
                    .read(true)
                    .write(true)
                    .mode(0o600)
                    .open(&path);
                opened.map_err(|source| DatabaseError::File {
                    path: path.clone(),
                    source,
                })?;
                let pool = sqlite_pool(settings, &path);
                first_connection(&pool).await.map_err(DatabaseError::Connect)?;
                Ok(Self::Sqlite(pool, path))
            }
            DatabaseUrl::Postgres(url) => {
                let options = postgres_options(settings, url)?;
                // A pool would try again and then tell only that time is up.
                let connection = tokio::time::timeout(REACH, options.connect()).await;
                let connection = connection
                    .map_err(|_| DatabaseError::Silent)?
                    .map_err(DatabaseError::Connect)?;
                connection.close().await.map_err(DatabaseError::Connect)?;
                reach_for_data(settings, url).await?;
                Ok(Self::Postgres(postgres_pool(settings, options), url.clone()))
            }
        }
    }

    /// Brings the database up to date.
    pub(crate) async fn migrate(&self, settings: &Settings) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(pool, path) => {
                let mut lock_file = path.clone().into_os_string();
                lock_file.push(".lock");
                Ok(migrate_sqlite(pool, &PathBuf::from(lock_file)).await?)
            }
            Self::Postgres(_, url) => {
                // A migration may take longer than any request, and waits for the one of another node.
                let options = base_options(url)?.options([("statement_timeout", "0"), ("lock_timeout", "0")]);
                let acquire = settings.database_acquire_timeout.max(REACH);
                let pool = PgPoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(acquire)
                    .connect_lazy_with(options);
                let migrated = migrate_postgres(&pool).await;
                pool.close().await;
                Ok(migrated?)
            }
        }
    }

    /// The pool as the auth core takes it.
    pub(crate) fn connection(&self) -> DatabaseConnection {
        match self {
            Self::Sqlite(pool, _) => SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.clone()),
            Self::Postgres(pool, _) => SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone()),
        }
    }

    /// Ends every connection.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool, _) => pool.close().await,
            Self::Postgres(pool, _) => pool.close().await,
        }
    }
}

fn sqlite_pool(settings: &Settings, path: &std::path::Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    SqlitePoolOptions::new()
        .max_connections(settings.database_connections)
        .acquire_timeout(settings.database_acquire_timeout)
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

/// Another node that opens or closes the file at this moment holds it alone while it turns its log of changes
/// on or off, and SQLite does not wait for that by itself.
async fn first_connection(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    const PAUSE: Duration = Duration::from_millis(20);
    let started = tokio::time::Instant::now();
    loop {
        match pool.acquire().await {
            Ok(_) => return Ok(()),
            Err(sqlx::Error::Database(error)) if is_busy(error.as_ref()) && started.elapsed() < REACH => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The last byte of the code tells what happened, the rest of it where.
fn is_busy(error: &dyn sqlx::error::DatabaseError) -> bool {
    const BUSY: i32 = 5;
    let code = error.code().and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == BUSY)
}

/// Connections for data are made by another driver, and only when first needed: what keeps them from being made is told
/// now.
async fn reach_for_data(settings: &Settings, url: &Secret) -> Result<(), DatabaseError> {
    let settings = policy::executor(settings);
    let reached = tokio::time::timeout(REACH, reach_postgres(url.reveal(), &settings)).await;
    reached
        .map_err(|_| DatabaseError::Silent)?
        .map_err(DatabaseError::Data)
}

fn postgres_options(settings: &Settings, url: &Secret) -> Result<PgConnectOptions, DatabaseError> {
    let milliseconds = |time: Duration| time.as_millis().to_string();
    Ok(base_options(url)?.options([
        (
            "statement_timeout",
            milliseconds(settings.database_statement_timeout),
        ),
        ("lock_timeout", milliseconds(settings.database_lock_timeout)),
    ]))
}

fn postgres_pool(settings: &Settings, options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(settings.database_connections)
        .acquire_timeout(settings.database_acquire_timeout)
        // One that was just used needs no round trip to be believed.
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move { Ok(metadata.idle_for < IDLE || connection.ping().await.is_ok()) })
        })
        .connect_lazy_with(options)
}

/// The file of the database, where it is one.
pub(crate) fn sqlite_file(settings: &Settings) -> Option<PathBuf> {
    match &settings.database_url {
        DatabaseUrl::Sqlite(path) => Some(path.clone().unwrap_or_else(|| settings.data_dir.join(FILE))),
        DatabaseUrl::Postgres(_) => None,
    }
}
