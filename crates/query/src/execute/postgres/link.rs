//! How connections to the database are made, and how what runs on one is stopped from outside.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::{pending, poll};
use tokio::task::AbortHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{AddressError, PostgresAddress};
use super::connection::Connection;
use super::encryption::{EncryptionError, connector};
use super::silence;
use crate::error::Failure;
use crate::execute::ExecutorSettings;

/// A database that hears nothing for so long is away: its connections end, and whoever waits is told.
const SILENCE: Duration = Duration::from_secs(15);

/// What the end of a statement that ran for too long may take to be told.
const LATE: Duration = Duration::from_secs(5);

/// Why nothing leads to the database.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("the address {0}")]
    Address(#[from] AddressError),
    #[error(transparent)]
    Encryption(#[from] EncryptionError),
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        Self::unavailable(&error)
    }
}

/// How to reach the database.
pub(super) struct Link {
    config: Config,
    encryption: Option<MakeRustlsConnect>,
    patience: Duration,
    /// How long a statement may run.
    statement: Duration,
}

impl Link {
    pub(super) fn parse(url: &str, settings: &ExecutorSettings) -> Result<Self, LinkError> {
        let address = PostgresAddress::read(url)?;
        let mut config = config(&address);
        let own = format!(
            "-c search_path=auth,public -c TimeZone=UTC -c statement_timeout={} -c lock_timeout={}",
            settings.statement_timeout.as_millis(),
            settings.lock_timeout.as_millis(),
        );
        // Machine code for a statement takes longer to make than nearly every statement here takes, and knows no
        // timeout. Whoever wants it says so.
        let options = format!(
            "-c jit=off {} {own}",
            address.options.as_deref().unwrap_or_default()
        );
        config
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE)
            .options(options)
            .application_name("portico")
            .connect_timeout(settings.acquire_timeout);
        Ok(Self {
            config,
            encryption: connector(&address)?,
            patience: settings.acquire_timeout,
            statement: settings.statement_timeout,
        })
    }

    /// How long a request waits for a connection.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// What leads to a connection, which nobody waits for longer than configured.
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::time::timeout(self.patience, work)
            .await
            .unwrap_or_else(|_| Err(Failure::unavailable(&"no connection in time")))
    }

    pub(super) async fn connect(&self) -> Result<Arc<Connection>, Failure> {
        self.connect_for(self.statement).await
    }

    /// The same for statements that are given another time: what was asked of the connection is answered little later.
    pub(super) async fn connect_for(&self, statement: Duration) -> Result<Arc<Connection>, Failure> {
        // Boxed, as everything that only rarely happens on the way of a request: its room would be moved about with
        // every request.
        let client = Box::pin(self.client()).await;
        let (client, driver) = client.map_err(|error| Failure::unavailable(&error))?;
        let connection = Arc::new(Connection::new(client));
        tokio::spawn(silence::watch(
            Arc::downgrade(&connection),
            driver,
            statement + LATE,
        ));
        Ok(connection)
    }

    async fn client(&self) -> Result<(Client, AbortHandle), tokio_postgres::Error> {
        match &self.encryption {
            None => {
                let (client, driver) = self.config.connect(NoTls).await?;
                Ok((client, drive(driver)))
            }
            Some(connector) => {
                let (client, driver) = self.config.connect(connector.clone()).await?;
                Ok((client, drive(driver)))
            }
        }
    }

    /// Asks the database to stop what runs on a connection. Whether, and when, it does is not told.
    pub(super) async fn cancel(&self, token: &CancelToken) -> Result<(), tokio_postgres::Error> {
        match &self.encryption {
            None => token.cancel_query(NoTls).await,
            Some(connector) => token.cancel_query(connector.clone()).await,
        }
    }
}

/// Makes a connection as those for data are made, and ends it; else tells why there is none.
pub async fn reach_postgres(url: &str, settings: &ExecutorSettings) -> Result<(), String> {
    let link = Link::parse(url, settings).map_err(|error| error.to_string())?;
    let connected = Box::pin(link.client()).await;
    connected.map(drop).map_err(|error| error.to_string())
}

/// An address in the words of the driver.
fn config(address: &PostgresAddress) -> Config {
    let mut config = Config::new();
    config
        .host(address.host.as_str())
        .port(address.port)
        .ssl_mode(match address.encrypted {
            true => SslMode::Require,
            false => SslMode::Disable,
        });
    if let Some(user) = &address.user {
        config.user(user);
    }
    if let Some(password) = &address.password {
        config.password(password);
    }
    if let Some(database) = &address.database {
        config.dbname(database);
    }
    config
}

/// The driver ends when the client is dropped or the database closes the connection.
fn drive(driver: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) -> AbortHandle {
    let driver = tokio::spawn(async move {
        if let Err(error) = gathering(driver).await {
            tracing::warn!(%error, "a connection to the database ended");
        }
    });
    driver.abort_handle()
}

/// Lets whatever else is ready go first each time the driver is woken: statements of several requests then
/// leave in one packet, and answers are read together. A packet costs far more than a turn.
async fn gathering<D: Future>(driver: D) -> D::Output {
    let mut driver = pin!(driver);
    loop {
        if let Poll::Ready(ended) = poll!(driver.as_mut()) {
            return ended;
        }
        // The driver has seen to it that this task is woken.
        pending!();
        tokio::task::yield_now().await;
    }
}
