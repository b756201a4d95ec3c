//! A service of its own for each test.

use std::sync::Arc;

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, Statement};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use tempfile::TempDir;

use crate::testing::{ByPool, TestClock, TestEntropy};
use crate::value::{Email, Password, SignUpOptions, SignUpOptionsInput, Username};
use crate::{
    AdminSecret, Auth, Authenticated, Caller, Clock, Ctx, Database, Error, MailFacts, MailTemplates,
    MasterKey, OpenError, Parts, Policy, Session, SignIn, flow,
};

pub(super) const PASSWORD: &str = "correct horse battery";
pub(super) const ADMIN_SECRET: &str = "an admin secret of at least 32 characters";

/// A migrated database, a clock and any number of nodes on them.
pub(super) struct World {
    pub(super) database: Database,
    pub(super) clock: Arc<TestClock>,
    pub(super) entropy: Arc<TestEntropy>,
    _directory: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let connection = match std::env::var("PORTICO_TEST_POSTGRES_URL") {
            Ok(server) => postgres(&server).await,
            Err(_) => sqlite(&directory).await,
        };
        Self {
            database: database(connection),
            clock: Arc::default(),
            entropy: Arc::default(),
            _directory: directory,
        }
    }

    /// Tells of every statement from now on.
    pub(super) fn watch(&mut self, told: impl Fn(&Statement) + Send + Sync + 'static) {
        let mut connection = self.database.connection.clone();
        connection.set_metric_callback(move |info| told(info.statement));
        self.database = database(connection);
    }

    pub(super) async fn open(&self, policy: Policy, master_key: u8) -> Result<Auth, OpenError> {
        Auth::open(Parts {
            database: self.database.clone(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&self.entropy) as Arc<_>,
            mail: MailTemplates::read(None, mail_facts()).unwrap(),
            policy,
            master_key: MasterKey::new([master_key; 32]),
            admin_secret: Some(AdminSecret::new(ADMIN_SECRET)),
            breached_passwords: None,
        })
        .await
    }

    pub(super) async fn node(&self, policy: Policy) -> Auth {
        self.open(policy, 1).await.unwrap()
    }

    pub(super) fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    pub(super) async fn execute(&self, sql: &str) {
        let connection = &self.database.connection;
        let backend = connection.get_database_backend();
        connection
            .execute_raw(Statement::from_string(backend, sql))
            .await
            .unwrap();
    }

    /// An id as it is written in a statement.
    pub(super) fn id(&self, id: uuid::Uuid) -> String {
        match self.database.connection.get_database_backend() {
            sea_orm::DbBackend::Postgres => format!("'{id}'"),
            _ => format!("x'{}'", id.simple()),
        }
    }

    /// `action outcome code` of every audit event, in order.
    pub(super) async fn audit(&self) -> Vec<String> {
        let rows = portico_entity::audit_events::Entity::find()
            .all(&self.database.connection)
            .await
            .unwrap();
        let mut rows: Vec<_> = rows.into_iter().map(|row| (row.id, row)).collect();
        // Ids are ordered by time to the millisecond, and here all were made in one.
        rows.sort_by_key(|(_, row)| row.created_at);
        rows.into_iter()
            .map(|(_, row)| {
                let code = row.code.unwrap_or_default();
                format!("{} {} {code}", row.action, row.outcome).trim().to_owned()
            })
            .collect()
    }
}

fn database(connection: DatabaseConnection) -> Database {
    let writer = Arc::default();
    let data_path = ByPool::new(&connection, &writer);
    Database::new(connection, writer, Arc::new(data_path))
}

async fn sqlite(directory: &TempDir) -> DatabaseConnection {
    let options = SqliteConnectOptions::new()
        .filename(directory.path().join("portico.db"))
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(std::time::Duration::from_secs(5))
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new()
        .max_connections(4)
        .connect_with(options)
        .await
        .unwrap();
    portico_migrations::migrate_sqlite(&pool, &directory.path().join("portico.db.lock"))
        .await
        .unwrap();
    pool.into()
}

async fn postgres(server: &str) -> DatabaseConnection {
    let name = format!("portico_auth_{}", std::process::id() as u64 * 1000 + next());
    let options: PgConnectOptions = server.parse().unwrap();
    let admin = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await
        .unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&admin)
        .await
        .unwrap();
    admin.close().await;
    let options = options
        .database(&name)
        .options([("search_path", "auth,public"), ("TimeZone", "UTC")]);
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect_with(options)
        .await
        .unwrap();
    portico_migrations::migrate_postgres(&pool).await.unwrap();
    pool.into()
}

fn next() -> u64 {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    COUNT.fetch_add(1, std::sync::atomic::Ordering::SeqCst)
}

fn mail_facts() -> MailFacts {
    MailFacts {
        sender: "Portico".to_owned(),
        server_url: "http://127.0.0.1:8080".to_owned(),
        client_url: "http://127.0.0.1:3000".to_owned(),
        default_locale: "en".to_owned(),
    }
}

pub(super) fn caller(address: &str) -> Caller {
    Caller {
        address: address.parse().unwrap(),
        user_agent: Some("test".to_owned()),
        request_id: "request-1".into(),
        command_line: false,
    }
}

pub(super) fn home() -> Caller {
    caller("192.0.2.1")
}

/// What a test does with a node, from one address.
pub(super) struct Client<'a> {
    pub(super) auth: &'a Auth,
    pub(super) caller: Caller,
}

impl<'a> Client<'a> {
    pub(super) fn of(auth: &'a Auth) -> Self {
        Self { auth, caller: home() }
    }

    pub(super) fn at(auth: &'a Auth, address: &str) -> Self {
        Self {
            auth,
            caller: caller(address),
        }
    }

    pub(super) fn ctx<'b>(&'b self, session: Option<&'b Authenticated>) -> Ctx<'b> {
        Ctx {
            auth: self.auth,
            caller: &self.caller,
            session,
            wish: None,
        }
    }

    pub(super) async fn sign_up(&self, email: &str) -> Result<SignIn, Error> {
        self.sign_up_with(email, SignUpOptionsInput::default()).await
    }

    pub(super) async fn sign_up_with(
        &self,
        email: &str,
        options: SignUpOptionsInput,
    ) -> Result<SignIn, Error> {
        let input = flow::SignUpEmailPasswordInput {
            email: Email::parse(email).unwrap(),
            password: Password::parse(PASSWORD).unwrap(),
            options: SignUpOptions::parse(options, self.auth.policy())?,
        };
        flow::sign_up_email_password(&self.ctx(None), input).await
    }

    pub(super) async fn sign_up_username(&self, username: &str) -> Result<SignIn, Error> {
        let input = flow::SignUpUsernamePasswordInput {
            username: Username::parse(username).unwrap(),
            password: Password::parse(PASSWORD).unwrap(),
            options: SignUpOptions::parse(SignUpOptionsInput::default(), self.auth.policy())?,
        };
        flow::sign_up_username_password(&self.ctx(None), input).await
    }

    pub(super) async fn sign_in(&self, email: &str, password: &str) -> Result<SignIn, Error> {
        let input = flow::SignInEmailPasswordInput {
            email: Email::parse(email).unwrap(),
            password: Password::parse_presented(password).unwrap(),
        };
        flow::sign_in_email_password(&self.ctx(None), input).await
    }

    pub(super) async fn sign_in_username(&self, name: &str, password: &str) -> Result<SignIn, Error> {
        let input = flow::SignInUsernamePasswordInput {
            username: Username::parse(name).unwrap(),
            password: Password::parse_presented(password).unwrap(),
        };
        flow::sign_in_username_password(&self.ctx(None), input).await
    }

    pub(super) async fn refresh(&self, token: &str) -> Result<Session, Error> {
        let input = flow::RefreshTokenInput {
            refresh_token: token.to_owned(),
        };
        flow::refresh_token(&self.ctx(None), input).await
    }
}

/// The session, where there is one.
pub(super) fn session(result: Result<SignIn, Error>) -> Session {
    match result {
        Ok(SignIn::Done(session)) => *session,
        Ok(SignIn::NeedsFactor(_)) => panic!("no session before a second factor"),
        Ok(SignIn::NeedsVerification | SignIn::Confirmed) => panic!("no session before verification"),
        Err(error) => panic!("{error}"),
    }
}

/// The wire code of a refusal.
pub(super) fn code<T>(result: Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => panic!("a refusal was expected"),
        Err(error) => error.code().as_str(),
    }
}
