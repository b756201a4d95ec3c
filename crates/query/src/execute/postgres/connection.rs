//! Connections: lanes that many requests share by pipelining, and ones for a transaction each.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Client, Config, NoTls, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::encryption::Encryption;
use super::error;
use super::row::TextParameter;
use crate::error::Failure;
use crate::execute::ExecutorSettings;
use crate::scalar::Parameter;

/// Statements a connection keeps prepared.
const MOST_STATEMENTS: usize = 512;

/// How to reach the database.
pub(super) struct Link {
    config: Config,
    encryption: Option<MakeRustlsConnect>,
    acquire_timeout: Duration,
}

impl Link {
    pub(super) fn parse(url: &str, settings: &ExecutorSettings) -> Result<Self, Failure> {
        let Encryption {
            url,
            connector: encryption,
        } = Encryption::parse(url).map_err(|error| Failure::unavailable(&error))?;
        let mut config: Config = url.parse().map_err(|error| Failure::unavailable(&error))?;
        let timeout = settings.statement_timeout.as_millis();
        let own = format!(
            "-c search_path=auth,public -c TimeZone=UTC -c statement_timeout={timeout} -c lock_timeout={timeout}"
        );
        let options = match config.get_options() {
            Some(given) => format!("{given} {own}"),
            None => own,
        };
        config
            .options(options)
            .application_name("portico")
            .connect_timeout(settings.acquire_timeout);
        Ok(Self {
            encryption,
            config,
            acquire_timeout: settings.acquire_timeout,
        })
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        tokio::time::timeout(self.acquire_timeout, self.client())
            .await
            .map_err(|_| Failure::unavailable(&"no connection in time"))?
            .map(|client| Connection {
                client,
                statements: Mutex::default(),
            })
            .map_err(|error| Failure::unavailable(&error))
    }

    async fn client(&self) -> Result<Client, tokio_postgres::Error> {
        match &self.encryption {
            None => {
                let (client, driver) = self.config.connect(NoTls).await?;
                drive(driver);
                Ok(client)
            }
            Some(connector) => {
                let (client, driver) = self.config.connect(connector.clone()).await?;
                drive(driver);
                Ok(client)
            }
        }
    }
}

/// The driver ends when the client is dropped or the database closes the connection.
fn drive(driver: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = driver.await {
            tracing::warn!(%error, "a connection to the database ended");
        }
    });
}

/// A connection with its prepared statements.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    statements: Mutex<HashMap<Arc<str>, Statement>>,
}

impl Connection {
    pub(super) async fn query(&self, sql: &Arc<str>, parameters: &[Parameter]) -> Result<Vec<Row>, Failure> {
        let statement = self.statement(sql).await?;
        let parameters = parameters.iter().map(TextParameter);
        let rows = self
            .client
            .query_raw(&statement, parameters)
            .await
            .map_err(error::failure)?;
        rows.try_collect().await.map_err(error::failure)
    }

    pub(super) async fn ping(&self) -> Result<(), Failure> {
        self.batch("SELECT 1").await
    }

    async fn batch(&self, sql: &str) -> Result<(), Failure> {
        self.client.batch_execute(sql).await.map_err(error::failure)
    }

    async fn statement(&self, sql: &Arc<str>) -> Result<Statement, Failure> {
        if let Some(statement) = lock(&self.statements).get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await.map_err(error::failure)?;
        let mut statements = lock(&self.statements);
        if statements.len() >= MOST_STATEMENTS {
            statements.clear();
        }
        statements.insert(Arc::clone(sql), statement.clone());
        Ok(statement)
    }
}

/// A few connections that requests share in turn.
pub(super) struct Lanes {
    link: Arc<Link>,
    lanes: Vec<tokio::sync::Mutex<Option<Arc<Connection>>>>,
    next: AtomicUsize,
}

impl Lanes {
    pub(super) fn new(link: &Arc<Link>, count: usize) -> Self {
        let lanes = (0..count.max(1)).map(|_| tokio::sync::Mutex::default()).collect();
        Self {
            link: Arc::clone(link),
            lanes,
            next: AtomicUsize::new(0),
        }
    }

    /// The next lane's connection, made anew where the database closed it.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, Failure> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len();
        let Some(lane) = self.lanes.get(turn) else {
            return Err(Failure::unexpected(&"there is no connection to read by"));
        };
        let mut lane = lane.lock().await;
        if let Some(connection) = lane.as_ref().filter(|connection| !connection.client.is_closed()) {
            return Ok(Arc::clone(connection));
        }
        let connection = Arc::new(self.link.connect().await?);
        *lane = Some(Arc::clone(&connection));
        Ok(connection)
    }
}

/// Connections of which each serves one transaction at a time.
pub(super) struct Transactions {
    link: Arc<Link>,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

/// An open transaction. Dropped before its end it takes its connection with it, and so rolls back.
#[derive(Debug)]
pub(super) struct Transaction {
    connection: Connection,
    idle: Arc<Mutex<Vec<Connection>>>,
    _permit: OwnedSemaphorePermit,
}

impl Transactions {
    pub(super) fn new(link: &Arc<Link>, count: usize) -> Self {
        let permits = Arc::new(Semaphore::new(count.max(1)));
        Self {
            link: Arc::clone(link),
            permits,
            idle: Arc::default(),
        }
    }

    pub(super) async fn begin(&self) -> Result<Transaction, Failure> {
        let waiting = tokio::time::timeout(
            self.link.acquire_timeout,
            Arc::clone(&self.permits).acquire_owned(),
        );
        let permit = match waiting.await {
            Ok(Ok(permit)) => permit,
            Ok(Err(error)) => return Err(Failure::unexpected(&error)),
            Err(_) => return Err(Failure::unavailable(&"no connection to write by in time")),
        };
        let idle = std::iter::from_fn(|| lock(&self.idle).pop());
        let connection = match idle.into_iter().find(|connection| !connection.client.is_closed()) {
            Some(connection) => connection,
            None => self.link.connect().await?,
        };
        connection.batch("BEGIN").await?;
        Ok(Transaction {
            connection,
            idle: Arc::clone(&self.idle),
            _permit: permit,
        })
    }
}

impl Transaction {
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) async fn commit(self) -> Result<(), Failure> {
        self.connection.batch("COMMIT").await?;
        self.give_back();
        Ok(())
    }

    pub(super) async fn roll_back(self) {
        if self.connection.batch("ROLLBACK").await.is_ok() {
            self.give_back();
        }
    }

    fn give_back(self) {
        lock(&self.idle).push(self.connection);
    }
}

/// A poisoned lock only says that another request failed while it held it.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
