//! Single statements through the pool, as all others.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, Value};
use tokio::sync::Mutex;

use crate::port::{SingleWrites, WriteAnswer};

/// A pool and the turn to write.
pub(super) struct ByPool {
    connection: DatabaseConnection,
    writer: Arc<Mutex<()>>,
}

impl ByPool {
    pub(super) fn new(connection: DatabaseConnection, writer: Arc<Mutex<()>>) -> Self {
        Self { connection, writer }
    }
}

impl SingleWrites for ByPool {
    fn write_one(&self, sql: Arc<str>, values: Vec<Value>) -> WriteAnswer<'_> {
        Box::pin(async move {
            let backend = self.connection.get_database_backend();
            let _turn = match backend {
                DbBackend::Sqlite => Some(self.writer.lock().await),
                _ => None,
            };
            let statement = Statement::from_sql_and_values(backend, &*sql, values);
            let row = self.connection.query_one_raw(statement).await?;
            row.map(|row| row.try_get_by_index(0)).transpose()
        })
    }
}
