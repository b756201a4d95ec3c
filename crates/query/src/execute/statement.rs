//! Statements that come as they are, not compiled from a request: one by itself, or several in a transaction.

use std::future::ready;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Database, Executor, postgres, sqlite};
use crate::error::Failure;
use crate::scalar::Parameter;

/// What a statement returned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The names of the columns; none where there is no row.
    pub columns: Vec<String>,
    /// The values of each row, in the order of the columns, as the database has them: SQLite knows neither booleans
    /// nor times.
    pub rows: Vec<Vec<Parameter>>,
}

/// What a statement will have returned.
pub type Asked = BoxFuture<'static, Result<Found, Failure>>;

/// A transaction that writes. Dropped before [`Self::commit`] it leaves no trace.
pub struct OpenTransaction(Open);

enum Open {
    Postgres(postgres::OpenTransaction),
    Sqlite(sqlite::OpenTransaction),
}

impl Executor {
    /// Runs a statement that stands by itself and writes, and commits it.
    pub async fn write_one(&self, sql: Arc<str>, parameters: Vec<Parameter>) -> Result<Found, Failure> {
        match &self.database {
            Database::Postgres(executor) => executor.write_one(sql, parameters).await,
            Database::Sqlite(executor) => executor.write_one(sql, parameters).await,
        }
    }

    /// Runs a statement that reads few rows, by an index.
    pub async fn read_one(&self, sql: &str, parameters: Vec<Parameter>) -> Result<Found, Failure> {
        match &self.database {
            Database::Postgres(executor) => executor.read_one(sql, &parameters).await,
            Database::Sqlite(executor) => executor.read_one(sql, parameters),
        }
    }

    /// Begins a transaction that writes; refused where others do not get out of the way in time.
    pub async fn begin(&self) -> Result<OpenTransaction, Failure> {
        let open = match &self.database {
            Database::Postgres(executor) => Open::Postgres(executor.begin().await?),
            Database::Sqlite(executor) => Open::Sqlite(executor.begin().await?),
        };
        Ok(OpenTransaction(open))
    }

    /// Begins a transaction as [`Self::begin`] does, behind a statement that commits by itself. On PostgreSQL they are
    /// on their way together: what the statement returns is awaited before anything of the transaction is.
    pub async fn begin_behind(
        &self,
        sql: Arc<str>,
        parameters: Vec<Parameter>,
    ) -> Result<(Asked, OpenTransaction), Failure> {
        let (before, open): (Asked, _) = match &self.database {
            Database::Postgres(executor) => {
                let (before, open) = executor.begin_behind(&sql, parameters).await?;
                (before, Open::Postgres(open))
            }
            Database::Sqlite(executor) => {
                let found = executor.write_one(sql, parameters).await?;
                (Box::pin(ready(Ok(found))), Open::Sqlite(executor.begin().await?))
            }
        };
        Ok((before, OpenTransaction(open)))
    }
}

impl OpenTransaction {
    /// Sends a statement. What it returns is waited for apart: several can be on their way to PostgreSQL together.
    pub async fn ask(&mut self, sql: &str, parameters: Vec<Parameter>) -> Result<Asked, Failure> {
        match &mut self.0 {
            Open::Postgres(open) => open.ask(sql, parameters).await,
            Open::Sqlite(open) => {
                let found = open.query(sql, parameters)?;
                Ok(Box::pin(ready(Ok(found))))
            }
        }
    }

    /// Runs a statement that nothing waits for; that it failed may be told by whatever comes next.
    pub async fn send(&mut self, sql: Arc<str>, parameters: Vec<Parameter>) -> Result<(), Failure> {
        match &mut self.0 {
            Open::Postgres(open) => open.send(sql, parameters).await,
            Open::Sqlite(open) => open.send(&sql, parameters),
        }
    }

    /// Makes what was written last.
    pub async fn commit(self) -> Result<(), Failure> {
        match self.0 {
            Open::Postgres(open) => open.commit().await,
            Open::Sqlite(open) => open.commit().await,
        }
    }
}
