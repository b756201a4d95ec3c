//! What a look at the database tells, for the doctor.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgPool, SqlitePool};

use super::Pool;

/// What a look at the database tells.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The database's clock, where it has one of its own.
    pub(crate) now: Option<DateTime<Utc>>,
    /// Why nothing can be written, if so.
    pub(crate) read_only: Option<String>,
    /// Migrations applied.
    pub(crate) applied: usize,
    /// Migrations this release knows.
    pub(crate) known: usize,
    /// The id of the master key that the database is sealed under.
    pub(crate) master_key_id: Option<String>,
}

const APPLIED: &str = "select count(*) from portico_migrations where success";
const MASTER_KEY: &str = "select value from settings where name = 'master_key_id'";

impl Pool {
    /// Looks, and changes nothing.
    pub(crate) async fn facts(&self) -> Result<Facts, sqlx::Error> {
        match self {
            Self::Sqlite(pool, _) => sqlite_facts(pool).await,
            Self::Postgres(pool, _) => postgres_facts(pool).await,
        }
    }
}

async fn sqlite_facts(pool: &SqlitePool) -> Result<Facts, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let read_only = match connection.begin_with("BEGIN IMMEDIATE").await {
        Ok(transaction) => transaction.rollback().await.err(),
        Err(error) => Some(error),
    };
    let exists = "select exists (select 1 from sqlite_schema where name = 'portico_migrations'), \
                  exists (select 1 from sqlite_schema where name = 'settings')";
    let (migrated, sealed): (bool, bool) = sqlx::query_as(exists).fetch_one(&mut *connection).await?;
    let (mut applied, mut master_key_id) = (0, None);
    if migrated {
        applied = sqlx::query_scalar(APPLIED).fetch_one(&mut *connection).await?;
    }
    // Where the first migration failed, there is the one and not the other.
    if sealed {
        master_key_id = sqlx::query_scalar(MASTER_KEY)
            .fetch_optional(&mut *connection)
            .await?;
    }
    let known = portico_migrations::known_sqlite();
    Ok(facts(
        None,
        read_only.map(|error| error.to_string()),
        applied,
        known,
        master_key_id,
    ))
}

async fn postgres_facts(pool: &PgPool) -> Result<Facts, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    // `now()` would be the beginning of a transaction, and this is one statement anyway.
    let now: DateTime<Utc> = sqlx::query_scalar("select clock_timestamp()")
        .fetch_one(&mut *connection)
        .await?;
    let only: String = sqlx::query_scalar("show transaction_read_only")
        .fetch_one(&mut *connection)
        .await?;
    let read_only = (only == "on").then(|| "transactions are read-only".to_owned());
    let exists = "select to_regclass('auth.portico_migrations') is not null, \
                  to_regclass('auth.settings') is not null";
    let (migrated, sealed): (bool, bool) = sqlx::query_as(exists).fetch_one(&mut *connection).await?;
    let (mut applied, mut master_key_id) = (0, None);
    if migrated {
        applied = sqlx::query_scalar(APPLIED).fetch_one(&mut *connection).await?;
    }
    if sealed {
        let key: Option<serde_json::Value> = sqlx::query_scalar(MASTER_KEY)
            .fetch_optional(&mut *connection)
            .await?;
        master_key_id = key.map(|key| key.to_string());
    }
    let known = portico_migrations::known_postgres();
    Ok(facts(Some(now), read_only, applied, known, master_key_id))
}

fn facts(
    now: Option<DateTime<Utc>>,
    read_only: Option<String>,
    applied: i64,
    known: usize,
    master_key_id: Option<String>,
) -> Facts {
    let applied = usize::try_from(applied).unwrap_or_default();
    // Stored as JSON.
    let master_key_id = master_key_id.map(|id| id.trim_matches('"').to_owned());
    Facts {
        now,
        read_only,
        applied,
        known,
        master_key_id,
    }
}
