//! What statements of the store go by.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use crate::database::Database;
use crate::error::Error;
use crate::port::{Begun, DataAnswer, DataTransaction};
use crate::row::{FromRow, Row};

/// A way to the database: within a transaction, or each statement by itself.
pub(crate) trait Connection: Sync {
    /// The database.
    fn backend(&self) -> DbBackend;

    /// Runs a statement and returns its rows.
    fn rows(&self, statement: Statement) -> impl Future<Output = Result<Vec<Row>, DbErr>> + Send;

    /// Runs a statement that nothing waits for; in a transaction, that it failed may be told by whatever comes next.
    fn send(&self, statement: Statement) -> impl Future<Output = Result<(), DbErr>> + Send;

    /// Runs a statement and returns its first row.
    fn row(&self, statement: Statement) -> impl Future<Output = Result<Option<Row>, DbErr>> + Send {
        async { Ok(self.rows(statement).await?.into_iter().next()) }
    }

    /// Runs a statement and reads its first row.
    fn one<T: FromRow>(&self, statement: Statement) -> impl Future<Output = Result<Option<T>, DbErr>> + Send {
        async { self.row(statement).await?.as_ref().map(T::from_row).transpose() }
    }

    /// Runs a statement and reads its rows.
    fn all<T: FromRow + Send>(
        &self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<T>, DbErr>> + Send {
        async { self.rows(statement).await?.iter().map(T::from_row).collect() }
    }
}

/// By the pool.
impl<C: ConnectionTrait> Connection for C {
    fn backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        let rows = self.query_all_raw(statement).await?;
        Ok(rows.into_iter().map(Row::from).collect())
    }

    async fn send(&self, statement: Statement) -> Result<(), DbErr> {
        self.execute_raw(statement).await.map(|_| ())
    }
}

/// Reads by the connections of the data path.
pub(crate) struct Reads<'a>(pub(crate) &'a Database);

impl Connection for Reads<'_> {
    fn backend(&self) -> DbBackend {
        self.0.connection.get_database_backend()
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        let (sql, values) = parts(statement);
        self.0.data_path.read_one(sql, values).await
    }

    async fn send(&self, statement: Statement) -> Result<(), DbErr> {
        self.rows(statement).await.map(|_| ())
    }
}

/// Writes by the connections of the data path; each statement commits by itself.
pub(crate) struct Alone<'a>(pub(crate) &'a Database);

impl Connection for Alone<'_> {
    fn backend(&self) -> DbBackend {
        self.0.connection.get_database_backend()
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        let (sql, values) = parts(statement);
        self.0.data_path.write_one(sql, values).await
    }

    async fn send(&self, statement: Statement) -> Result<(), DbErr> {
        self.rows(statement).await.map(|_| ())
    }
}

/// A transaction on a connection of the data path; dropped without [`Self::commit`] it leaves no trace.
///
/// On SQLite it has the turn to write: who asks for another turn meanwhile waits in vain.
pub(crate) struct Transaction {
    backend: DbBackend,
    open: Box<dyn DataTransaction>,
}

impl Transaction {
    /// Begins one.
    pub(crate) async fn begin(database: &Database) -> Result<Self, DbErr> {
        Ok(Self {
            backend: database.connection.get_database_backend(),
            open: database.data_path.begin().await?,
        })
    }

    /// Begins one behind a statement that commits by itself, and whose rows are awaited before anything else is.
    pub(crate) async fn begin_behind(
        database: &Database,
        statement: Statement,
    ) -> Result<(DataAnswer<'static, Vec<Row>>, Self), DbErr> {
        let (sql, values) = parts(statement);
        let Begun { before, transaction } = database.data_path.begin_behind(sql, values).await?;
        let backend = database.connection.get_database_backend();
        let begun = Self {
            backend,
            open: transaction,
        };
        Ok((before, begun))
    }

    /// Makes what was written last.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.open.commit().await
    }

    /// Makes last what came of it, unless that is an error: then it is over, and leaves no trace.
    pub(crate) async fn end_with<T>(self, result: Result<T, Error>) -> Result<T, Error> {
        if result.is_ok() {
            self.commit().await?;
        }
        result
    }
}

impl Connection for Transaction {
    fn backend(&self) -> DbBackend {
        self.backend
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        let (sql, values) = parts(statement);
        self.open.query(sql, values).await
    }

    async fn send(&self, statement: Statement) -> Result<(), DbErr> {
        let (sql, values) = parts(statement);
        self.open.send(sql, values).await
    }
}

fn parts(statement: Statement) -> (Arc<str>, Vec<Value>) {
    let values = statement.values.map(|values| values.0).unwrap_or_default();
    (statement.sql.into(), values)
}
