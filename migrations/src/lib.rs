//! The frozen history of the database: numbered SQL files for each of the two databases, and their runner.
//!
//! A file that was released is never changed; whatever comes later is a file with the next number. The
//! files are part of the program, and their checksums are held against the database at every start.

mod history;

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use sqlx::migrate::Migrator;
use sqlx::{PgPool, SqlitePool};

/// Why the database could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The file that keeps two processes apart could not be opened or locked.
    #[error("cannot lock {}: {source}", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The thread that waited for the lock ended early.
    #[error("waiting for the lock on {} was interrupted", path.display())]
    Interrupted {
        /// The file.
        path: PathBuf,
    },
    /// The database could not be reached.
    #[error("cannot reach the database: {0}")]
    Connection(#[source] sqlx::Error),
    /// A migration failed, or the database was migrated by another history than this one.
    #[error("cannot migrate the database: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

// Both use `run_direct`: the future of `run` is not `Send` for every lifetime, so it could not be spawned.

/// Brings a SQLite database up to date.
///
/// SQLite has no lock that outlasts a transaction, so a lock on `lock_file` (made where it is missing)
/// lets a second process wait until the first is done.
pub async fn migrate_sqlite(pool: &SqlitePool, lock_file: &Path) -> Result<(), MigrateError> {
    let lock = lock(lock_file).await?;
    let mut migrator = Migrator::with_migrations(history::sqlite());
    migrator.dangerous_set_table_name("portico_migrations");
    let mut connection = pool.acquire().await.map_err(MigrateError::Connection)?;
    let migrated = migrator.run_direct(None, &mut *connection, false).await;
    // Closing the file gives the lock back.
    drop(lock);
    Ok(migrated?)
}

/// Brings a PostgreSQL database up to date; an advisory lock lets a second node wait until the first is done.
pub async fn migrate_postgres(pool: &PgPool) -> Result<(), MigrateError> {
    let mut migrator = Migrator::with_migrations(history::postgres());
    migrator.create_schema("auth");
    migrator.dangerous_set_table_name("auth.portico_migrations");
    let mut connection = pool.acquire().await.map_err(MigrateError::Connection)?;
    let migrated = migrator.run_direct(None, &mut *connection, false).await;
    if migrated.is_err() {
        // The advisory lock belongs to the connection: in the pool it would be held for ever. What went wrong
        // is told by the migration, so an error of closing adds nothing.
        drop(connection.close().await);
    }
    Ok(migrated?)
}

/// How many migrations there are for SQLite.
pub fn known_sqlite() -> usize {
    history::sqlite().len()
}

/// How many migrations there are for PostgreSQL.
pub fn known_postgres() -> usize {
    history::postgres().len()
}

async fn lock(path: &Path) -> Result<File, MigrateError> {
    let owned = path.to_owned();
    let locked = tokio::task::spawn_blocking(move || {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&owned)?;
        file.lock()?;
        Ok(file)
    });
    match locked.await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(source)) => Err(MigrateError::Lock {
            path: path.to_owned(),
            source,
        }),
        Err(_) => Err(MigrateError::Interrupted {
            path: path.to_owned(),
        }),
    }
}
