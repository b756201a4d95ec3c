//! Databases that are empty, migrated already, migrated by two nodes at once, or made by another program.

use portico_migrations::{MigrateError, migrate_postgres, migrate_sqlite};

use super::{folder, postgres_pool, sqlite_pool};
use crate::support::postgres;
use crate::support::requirement::Requirement;

const COUNT: &str = "SELECT count(*) FROM users";

#[tokio::test]
async fn a_migrated_sqlite_database_is_left_as_it_is() {
    let folder = folder();
    let (file, lock) = (
        folder.path().join("portico.db"),
        folder.path().join("portico.db.lock"),
    );
    let pool = sqlite_pool(&file).await;
    migrate_sqlite(&pool, &lock).await.unwrap();
    sqlx::query("INSERT INTO users (email) VALUES ('jane@example.org')")
        .execute(&pool)
        .await
        .unwrap();
    migrate_sqlite(&pool, &lock).await.unwrap();
    pool.close().await;

    let reopened = sqlite_pool(&file).await;
    migrate_sqlite(&reopened, &lock).await.unwrap();
    assert_eq!(
        sqlx::query_scalar::<_, i64>(COUNT)
            .fetch_one(&reopened)
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn a_migrated_postgres_database_is_left_as_it_is() {
    let Some(cluster) = postgres::shared().await else {
        return Requirement::Postgres.absent();
    };
    let pool = postgres_pool(&cluster.empty_database().await).await;
    migrate_postgres(&pool).await.unwrap();
    sqlx::query("INSERT INTO users (email) VALUES ('jane@example.org')")
        .execute(&pool)
        .await
        .unwrap();
    migrate_postgres(&pool).await.unwrap();
    assert_eq!(
        sqlx::query_scalar::<_, i64>(COUNT)
            .fetch_one(&pool)
            .await
            .unwrap(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_migrate_one_sqlite_file_at_once() {
    let folder = folder();
    let (file, lock) = (
        folder.path().join("portico.db"),
        folder.path().join("portico.db.lock"),
    );
    let nodes = (0..4).map(|_| {
        let (file, lock) = (file.clone(), lock.clone());
        tokio::spawn(async move {
            let pool = sqlite_pool(&file).await;
            migrate_sqlite(&pool, &lock).await
        })
    });
    for node in nodes.collect::<Vec<_>>() {
        node.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_nodes_migrate_one_postgres_database_at_once() {
    let Some(cluster) = postgres::shared().await else {
        return Requirement::Postgres.absent();
    };
    let url = cluster.empty_database().await;
    let nodes = (0..4).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { migrate_postgres(&postgres_pool(&url).await).await })
    });
    for node in nodes.collect::<Vec<_>>() {
        node.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_lock_file_that_cannot_be_made_is_named() {
    let folder = folder();
    let pool = sqlite_pool(&folder.path().join("portico.db")).await;
    let lock = folder.path().join("missing").join("portico.db.lock");
    let error = migrate_sqlite(&pool, &lock).await.unwrap_err();
    assert!(matches!(error, MigrateError::Lock { .. }));
    assert!(error.to_string().contains(&lock.display().to_string()), "{error}");
}

#[tokio::test]
async fn a_database_with_another_history_is_refused_and_the_lock_given_back() {
    let Some(cluster) = postgres::shared().await else {
        return Requirement::Postgres.absent();
    };
    let pool = postgres_pool(&cluster.migrated_database().await).await;
    let change = "UPDATE portico_migrations SET checksum = '\\x00' WHERE version = 2";
    sqlx::query(change).execute(&pool).await.unwrap();
    let error = migrate_postgres(&pool).await.unwrap_err();
    assert!(matches!(error, MigrateError::Migration(_)), "{error}");
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    // The server ends a session some moments after its client closed it.
    let mut left = 1;
    for _ in 0..100 {
        left = sqlx::query_scalar::<_, i64>(held).fetch_one(&pool).await.unwrap();
        if left == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_tables_of_hasura_auth_are_taken_over_with_their_rows() {
    let Some(cluster) = postgres::shared().await else {
        return Requirement::Postgres.absent();
    };
    let pool = postgres_pool(&cluster.empty_database().await).await;
    sqlx::raw_sql(
        "CREATE SCHEMA auth;
         CREATE EXTENSION citext WITH SCHEMA public;
         CREATE DOMAIN auth.email AS public.citext CONSTRAINT email_check CHECK (VALUE LIKE '%@%');
         CREATE FUNCTION auth.set_current_timestamp_updated_at() RETURNS trigger LANGUAGE plpgsql
             AS 'BEGIN NEW.updated_at = now(); RETURN NEW; END';
         CREATE TABLE auth.roles (role text NOT NULL PRIMARY KEY);
         INSERT INTO auth.roles VALUES ('user'), ('editor');
         CREATE TABLE auth.refresh_token_types (value text NOT NULL PRIMARY KEY, comment text);
         INSERT INTO auth.refresh_token_types VALUES ('regular', 'Regular refresh token');",
    )
    .execute(&pool)
    .await
    .unwrap();
    let others = include_str!("../../migrations/postgres/0002_identity.sql");
    sqlx::raw_sql(others).execute(&pool).await.unwrap();
    let users = "INSERT INTO auth.users (email, locale, metadata) VALUES \
                 ('none@example.org', 'en', NULL), ('null@example.org', 'en', 'null'), ('some@example.org', 'en', '{\"a\": 1}')";
    sqlx::raw_sql(users).execute(&pool).await.unwrap();
    migrate_postgres(&pool).await.unwrap();
    for (sql, expected) in [
        (
            "SELECT metadata::text FROM users ORDER BY email",
            ["{}", "{}", "{\"a\": 1}"].as_slice(),
        ),
        ("SELECT name FROM roles WHERE role = 'editor'", &["editor"]),
        (
            "SELECT comment FROM refresh_token_types WHERE value = 'regular'",
            &["Regular refresh token"],
        ),
    ] {
        let found = sqlx::query_scalar::<_, String>(sql).fetch_all(&pool);
        assert_eq!(found.await.unwrap(), expected, "{sql}");
    }
}
