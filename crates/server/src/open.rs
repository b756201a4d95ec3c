//! The service without its listener: what serving and the commands on users have in common.

use std::sync::Arc;

use portico_auth::{Auth, Clock, Database, Entropy, MailTemplates, Parts};
use portico_entity::catalogue::catalogue;
use portico_gateway::{App, AppParts, GraphqlSettings};
use portico_query::execute::Executor;
use portico_query::permission::Permissions;
use portico_query::permission::metadata::Metadata;
use tokio::sync::Mutex;

use crate::adapter::{ByExecutor, Origin, RangeService};
use crate::data_folder::{self, Secrets};
use crate::database::{DatabaseError, Pool};
use crate::start::StartError;
use crate::{Settings, policy};

/// Everything that is read before the database is touched.
pub(crate) struct Prepared {
    permissions: Permissions,
    graphql: GraphqlSettings,
    mail: MailTemplates,
    secrets: Secrets,
}

impl Prepared {
    /// Reads templates and secrets, and makes the data folder where it is missing.
    pub(crate) fn read(
        settings: &Settings,
        metadata: Metadata,
        entropy: &dyn Entropy,
    ) -> Result<Self, StartError> {
        data_folder::make(settings)?;
        Ok(Self {
            permissions: Permissions::with(catalogue(), &metadata)?,
            graphql: policy::graphql(settings, metadata)?,
            mail: MailTemplates::read(settings.mail_templates.as_deref(), policy::mail(settings))?,
            secrets: data_folder::secrets(settings, entropy)?,
        })
    }

    /// The same for whoever has the database at hand: no limits, no lists of documents.
    pub(crate) fn unlimited(self) -> Self {
        Self {
            graphql: GraphqlSettings::default(),
            ..self
        }
    }
}

/// The service on its database, brought up to date.
pub(crate) struct Opened {
    pub(crate) pool: Pool,
    pub(crate) auth: Arc<Auth>,
    pub(crate) app: Arc<App>,
}

/// Opens the database and the service on it.
pub(crate) async fn open(
    settings: &Settings,
    prepared: Prepared,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Opened, StartError> {
    let pool = Pool::open(settings).await?;
    pool.migrate(settings).await?;
    let master_key = match prepared.secrets.master_key {
        Some(key) => key,
        None => {
            let facts = pool.facts().await.map_err(DatabaseError::Connect)?;
            data_folder::make_master_key(settings, facts.master_key_id, entropy.as_ref())?
        }
    };
    let writer = Arc::new(Mutex::new(()));
    let origin = Arc::new(Origin::new(settings, Arc::clone(&clock), Arc::clone(&entropy)));
    let executor = Arc::new(executor(settings, &pool, Arc::clone(&writer), origin)?);
    let data_path = Arc::new(ByExecutor(Arc::clone(&executor)));
    let auth = Auth::open(Parts {
        database: Database::new(pool.connection(), writer, data_path),
        clock,
        entropy,
        policy: policy::policy(settings),
        mail: prepared.mail,
        master_key,
        admin_secret: Some(prepared.secrets.admin_secret),
        breached_passwords: RangeService::of(settings)?,
    });
    let auth = Arc::new(auth.await?);
    let app = Arc::new(App::new(AppParts {
        auth: Arc::clone(&auth),
        executor,
        permissions: prepared.permissions,
        graphql: prepared.graphql,
    }));
    Ok(Opened { pool, auth, app })
}

fn executor(
    settings: &Settings,
    pool: &Pool,
    writer: Arc<Mutex<()>>,
    origin: Arc<Origin>,
) -> Result<Executor, StartError> {
    let settings = policy::executor(settings);
    let opened = match pool {
        Pool::Sqlite(_, path) => Executor::open_sqlite(path, writer, settings, origin),
        Pool::Postgres(_, url) => Executor::open_postgres(url.reveal(), settings, origin),
    };
    opened.map_err(StartError::Executor)
}
