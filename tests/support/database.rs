//! A database of its own for each test, and the runner that gives a test one on either kind.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use portico_server::Running;
use sea_orm::DatabaseConnection;
use tempfile::TempDir;

use super::log::{self, Secrets};
use super::postgres::{self, Cluster};
use super::requirement::Requirement;

/// The two databases Portico runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A database and whatever is running on it.
pub(crate) struct TestDatabase {
    pub(crate) kind: Kind,
    /// As `PORTICO_DATABASE_URL` has it.
    pub(crate) url: String,
    pub(crate) secrets: Secrets,
    folder: TempDir,
    log_start: usize,
    running: Mutex<Vec<Running>>,
}

impl TestDatabase {
    /// An SQLite file that does not exist yet, or a migrated PostgreSQL database; nothing where PostgreSQL
    /// is not installed.
    pub(crate) async fn new(kind: Kind) -> Option<Arc<Self>> {
        let folder = tempfile::Builder::new()
            .prefix("portico-test-")
            .tempdir()
            .unwrap();
        let url = match kind {
            Kind::Sqlite => format!("sqlite:{}", folder.path().join("portico.db").display()),
            Kind::Postgres => postgres::shared().await?.migrated_database().await,
        };
        Some(Self::at(kind, url, folder))
    }

    /// An empty database on a PostgreSQL server that a test may stop; nothing where PostgreSQL is not installed.
    pub(crate) async fn with_server() -> Option<(Cluster, Arc<Self>)> {
        let cluster = Cluster::private()?;
        let url = cluster.empty_database().await;
        let database = Self::at(Kind::Postgres, url, tempfile::tempdir().unwrap());
        Some((cluster, database))
    }

    /// A database that a test has made itself.
    pub(crate) fn at(kind: Kind, url: String, folder: TempDir) -> Arc<Self> {
        log::capture();
        let (log_start, running) = (log::position(), Mutex::default());
        Arc::new(Self {
            kind,
            url,
            secrets: Secrets::default(),
            folder,
            log_start,
            running,
        })
    }

    /// The data directory of the services on this database.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// A connection beside the service, to prepare or to look.
    pub(crate) async fn connect(&self) -> DatabaseConnection {
        self.try_connect().await.unwrap()
    }

    /// The same where the database may be gone.
    pub(crate) async fn try_connect(&self) -> Option<DatabaseConnection> {
        let url = match self.kind {
            Kind::Sqlite => self.url.clone(),
            Kind::Postgres => format!("{}?options=-c%20search_path%3Dauth%2Cpublic", self.url),
        };
        let mut options = sea_orm::ConnectOptions::new(url);
        options.sqlx_logging(false).max_connections(1);
        sea_orm::Database::connect(options).await.ok()
    }

    pub(crate) fn keep(&self, running: Running) {
        self.running.lock().unwrap().push(running);
    }

    /// What the service logged since the test began.
    pub(crate) fn log(&self) -> String {
        log::since(self.log_start)
    }

    /// Ends every service on this database and looks for secrets in what they logged.
    pub(crate) async fn finish(&self) {
        let running = std::mem::take(&mut *self.running.lock().unwrap());
        for service in running {
            service.shutdown().await;
        }
        self.secrets.check_absent_since(self.log_start);
    }
}

/// Runs a test on a new database of one kind.
pub(crate) async fn run<Test: Future<Output = ()>>(kind: Kind, test: fn(Arc<TestDatabase>) -> Test) {
    let Some(database) = TestDatabase::new(kind).await else {
        return Requirement::Postgres.absent();
    };
    test(Arc::clone(&database)).await;
    database.finish().await;
}

/// Makes each of the named functions a test on SQLite and a test on PostgreSQL.
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::support::database::run($crate::support::database::Kind::Sqlite, super::$test).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::support::database::run($crate::support::database::Kind::Postgres, super::$test).await;
            })+
        }
    };
}
pub(crate) use on_both_databases;
