//! Starting and stopping the service.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use portico_auth::{Auth, Clock, Entropy, EntropyError, OpenError, TemplateError};
use portico_entity::catalogue::catalogue;
use portico_gateway::App;
use portico_gateway::http::{HttpSettings, RequestIds};
use portico_query::permission::metadata::{Metadata, MetadataError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::adapter::{MailSetupError, Smtp};
use crate::data_folder::DataFolderError;
use crate::database::{DatabaseError, Pool};
use crate::open::{Opened, Prepared, open};
use crate::{Settings, http_server, mailer, worker};

/// So long may what happened be noted once requests have ended, also where they took all the time there was.
const NOTES: Duration = Duration::from_secs(1);

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder or a secret in it cannot be used.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The auth core refuses the database or the settings.
    #[error(transparent)]
    Auth(#[from] OpenError),
    /// There is no randomness to be had.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The data path refuses the database.
    #[error("{0}")]
    Executor(portico_query::error::Failure),
    /// A permission says what cannot be.
    #[error(transparent)]
    Permissions(#[from] MetadataError),
    /// A template of mails is wrong.
    #[error(transparent)]
    MailTemplates(#[from] TemplateError),
    /// Mail cannot be sent as configured.
    #[error(transparent)]
    Mail(#[from] MailSetupError),
    /// Requests to other services cannot be protected.
    #[error("TLS is not available: {0}")]
    Tls(#[from] rustls::Error),
    /// A trusted document cannot be read.
    #[error("query_collections.yaml, {name}: {reason}")]
    Document {
        /// Its collection and its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The address is taken or not ours.
    #[error("cannot listen on {address} (PORTICO_LISTEN): {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
}

/// The service while it runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    app: Arc<App>,
    auth: Arc<Auth>,
    pool: Pool,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    worker: JoinHandle<()>,
    watcher: JoinHandle<()>,
    mailer: JoinHandle<()>,
    shutdown_timeout: Duration,
}

impl fmt::Debug for Running {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Running")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Opens the database, brings it up to date and serves.
pub async fn start(
    settings: Settings,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Running, StartError> {
    let prepared = Prepared::read(&settings, metadata(&settings)?, entropy.as_ref())?;
    let smtp = Smtp::of(&settings)?;
    // Taken before the database is touched: a second service started by mistake changes nothing.
    let listener = listen(&settings).await?;
    let address = listener.local_addr().map_err(|source| StartError::Listen {
        address: settings.listen,
        source,
    })?;
    let Opened { pool, auth, app } =
        open(&settings, prepared, Arc::clone(&clock), Arc::clone(&entropy)).await?;
    let http = HttpSettings {
        request_timeout: settings.request_timeout,
        cors_origins: settings.cors_origins.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        graphiql: settings.graphiql,
        outbox_page: settings.shows_outbox(),
        request_ids: RequestIds::new(clock, entropy.as_ref())?,
    };
    let routes = portico_gateway::router(Arc::clone(&app), http);
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(http_server::serve(
        listener,
        routes,
        settings.idle_timeout,
        stopped.clone(),
    ));
    let watcher = tokio::spawn(worker::watch(Arc::clone(&auth), stopped.clone()));
    let worker = tokio::spawn(worker::run(Arc::clone(&app), stopped.clone()));
    let connections = settings.smtp_connections as usize;
    let mailer = Arc::clone(&auth);
    let mailer = tokio::spawn(async move {
        if let Some(smtp) = smtp {
            mailer::run(mailer, smtp, connections, stopped).await;
        }
    });
    Ok(Running {
        address,
        app,
        auth,
        pool,
        stop,
        server,
        worker,
        watcher,
        mailer,
        shutdown_timeout: settings.shutdown_timeout,
    })
}

/// What the operator says of permissions; nothing where there is no folder.
pub(crate) fn metadata(settings: &Settings) -> Result<Metadata, StartError> {
    let Some(folder) = &settings.metadata else {
        return Ok(Metadata::default());
    };
    Ok(Metadata::read(catalogue(), folder)?)
}

async fn listen(settings: &Settings) -> Result<TcpListener, StartError> {
    let address = settings.listen;
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })
}

impl Running {
    /// What answers requests, with its counters.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Users and sessions.
    pub fn auth(&self) -> &Arc<Auth> {
        &self.auth
    }

    /// Takes no more requests, lets what is under way end within the time set, and ends.
    pub async fn shutdown(self) {
        let begin = Instant::now();
        let requests_end = begin + self.shutdown_timeout;
        // Nobody listens only if everything has ended already.
        let _ = self.stop.send(true);
        end("requests", self.server, requests_end).await;
        let all_ends = requests_end.max(Instant::now() + NOTES);
        end("notes of activity", self.worker, all_ends).await;
        if timeout_at(all_ends, worker::flush(&self.auth)).await.is_err() {
            tracing::warn!("what happened in the last requests was not noted");
        }
        let beside = [
            ("a look at what ended elsewhere", self.watcher),
            ("mail", self.mailer),
        ];
        for (name, work) in beside {
            end(name, work, all_ends).await;
        }
        if timeout_at(all_ends, self.pool.close()).await.is_err() {
            tracing::warn!("connections to the database were left to it");
        }
    }
}

/// Waits for work that was told to stop, and ends it where it takes too long.
async fn end(name: &str, mut work: JoinHandle<()>, deadline: Instant) {
    let Ok(ended) = timeout_at(deadline, &mut work).await else {
        tracing::warn!(work = name, "what was still under way was ended");
        return work.abort();
    };
    if let Err(error) = ended {
        tracing::error!(work = name, %error, "work broke off");
    }
}
