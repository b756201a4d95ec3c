//! Entities, migrations and the two databases: that they agree, and what the databases keep by themselves.

mod agreement;
mod cost;
mod entity_facts;
mod identity_rules;
mod marks;
mod migration;
mod postgres_facts;
mod record_rules;
mod round_trip;
mod sqlite_facts;

use std::path::Path;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{PgPool, SqlitePool};
use tempfile::TempDir;

use crate::support::postgres;
use crate::support::requirement::Requirement;

/// A migrated database of its own, without a service.
struct Migrated {
    connection: DatabaseConnection,
    _folder: TempDir,
}

impl Migrated {
    async fn execute(&self, sql: &str) -> Result<u64, sea_orm::DbErr> {
        self.connection
            .execute_unprepared(sql)
            .await
            .map(|result| result.rows_affected())
    }

    /// The text in the first column of the first row.
    async fn text(&self, sql: &str) -> Option<String> {
        let backend = self.connection.get_database_backend();
        let row = self
            .connection
            .query_one_raw(sea_orm::Statement::from_string(backend, sql))
            .await
            .unwrap();
        row.and_then(|row| row.try_get_by_index::<Option<String>>(0).unwrap())
    }

    fn is_sqlite(&self) -> bool {
        self.connection.get_database_backend() == DbBackend::Sqlite
    }
}

/// A migrated database of each kind that this machine has.
async fn each() -> Vec<Migrated> {
    let folder = folder();
    let pool = sqlite_pool(&folder.path().join("portico.db")).await;
    portico_migrations::migrate_sqlite(&pool, &folder.path().join("portico.db.lock"))
        .await
        .unwrap();
    let mut databases = vec![Migrated {
        connection: pool.into(),
        _folder: folder,
    }];
    match postgres::shared().await {
        Some(cluster) => {
            let pool = postgres_pool(&cluster.migrated_database().await).await;
            databases.push(Migrated {
                connection: pool.into(),
                _folder: self::folder(),
            });
        }
        None => Requirement::Postgres.absent(),
    }
    databases
}

fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("portico-test-")
        .tempdir()
        .unwrap()
}

async fn sqlite_pool(file: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(true);
    SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap()
}

async fn postgres_pool(url: &str) -> PgPool {
    let options = url
        .parse::<PgConnectOptions>()
        .unwrap()
        .options([("search_path", "auth,public")]);
    PgPoolOptions::new()
        .max_connections(2)
        .connect_with(options)
        .await
        .unwrap()
}
