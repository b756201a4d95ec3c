//! Statements that come as they are: they run where they are asked for, as each finds its rows by an index. To
//! commit is the way to the disk, and another thread's.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, params_from_iter};
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use super::queue::{Write, Written};
use super::write::finish;
use super::{File, Limited, Reads, SqliteExecutor, blocking, error, misfit, row};
use crate::error::Failure;
use crate::execute::Found;
use crate::scalar::Parameter;

/// A transaction that has the turn to write.
pub(in crate::execute) struct OpenTransaction {
    // The transaction is over before the turn passes on: fields are dropped in this order.
    writer: Writer,
    turn: OwnedMutexGuard<()>,
}

/// The connection of an open transaction, which ends with it.
struct Writer {
    file: Arc<File>,
    connection: Option<Limited>,
}

impl SqliteExecutor {
    pub(in crate::execute) fn read_one(
        &self,
        sql: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Found, Failure> {
        let reader = self.file.reader(Reads::LookUps)?;
        reader.allow(self.file.settings.statement_timeout);
        let found = found(&reader.connection, sql, &values(parameters));
        self.file.give_back(Reads::LookUps, reader);
        found.map_err(error::failure)
    }

    pub(in crate::execute) async fn write_one(
        &self,
        sql: Arc<str>,
        parameters: Vec<Parameter>,
    ) -> Result<Found, Failure> {
        let values = values(parameters);
        match self.write(Write::Single { sql, values }).await? {
            Written::Found(found) => Ok(found),
            Written::Answer(_) => Err(misfit()),
        }
    }

    pub(in crate::execute) async fn begin(&self) -> Result<OpenTransaction, Failure> {
        let patience = self.file.settings.acquire_timeout;
        let turn = timeout(patience, Arc::clone(&self.writing).lock_owned()).await;
        let turn = turn.map_err(|_| Failure::unavailable(&"no turn to write in time"))?;
        let limited = self.file.writer().map_err(|error| Failure::unavailable(&error))?;
        let writer = Writer {
            file: Arc::clone(&self.file),
            connection: Some(limited),
        };
        let begun = writer.begin(Duration::ZERO);
        let writer = match begun {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                // Another process writes: not for this thread to wait.
                blocking(move || match writer.begin(patience) {
                    Ok(()) => Ok(writer),
                    Err(error) => Err(error::failure(error)),
                })
                .await?
            }
            begun => begun.map(|()| writer).map_err(error::failure)?,
        };
        Ok(OpenTransaction { writer, turn })
    }
}

impl OpenTransaction {
    pub(in crate::execute) fn query(
        &mut self,
        sql: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Found, Failure> {
        found(self.writer.allowed()?, sql, &values(parameters)).map_err(error::failure)
    }

    pub(in crate::execute) fn send(&mut self, sql: &str, parameters: Vec<Parameter>) -> Result<(), Failure> {
        finish(self.writer.allowed()?, sql, &values(parameters)).map_err(error::failure)
    }

    pub(in crate::execute) async fn commit(self) -> Result<(), Failure> {
        let Self { writer, turn } = self;
        blocking(move || {
            let committed = writer.allowed()?.execute_batch("COMMIT");
            drop(writer);
            drop(turn);
            committed.map_err(error::failure)
        })
        .await
    }
}

impl Writer {
    /// Begins the transaction; waits so long for other processes.
    fn begin(&self, patience: Duration) -> rusqlite::Result<()> {
        let Some(limited) = &self.connection else {
            return Ok(());
        };
        limited.connection.busy_timeout(patience)?;
        limited.allow(self.file.settings.statement_timeout);
        let begun = limited.connection.execute_batch("BEGIN IMMEDIATE");
        limited
            .connection
            .busy_timeout(self.file.settings.acquire_timeout)?;
        begun
    }

    /// The connection, for one more statement.
    fn allowed(&self) -> Result<&Connection, Failure> {
        let limited = self.connection.as_ref();
        let limited = limited.ok_or_else(|| Failure::unexpected(&"a transaction has no connection"))?;
        limited.allow(self.file.settings.statement_timeout);
        Ok(&limited.connection)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Some(limited) = self.connection.take() else {
            return;
        };
        if !limited.connection.is_autocommit() {
            // One that cannot be ended is dropped with its connection.
            let _ = limited.connection.execute_batch("ROLLBACK");
        }
        self.file.keep_writer(limited);
    }
}

pub(super) fn values(parameters: Vec<Parameter>) -> Vec<Value> {
    parameters.into_iter().map(row::value).collect()
}

/// Runs a statement to its end and keeps its rows.
pub(super) fn found(connection: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<Found> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let rows = statement.query_map(params_from_iter(values), |row| {
        (0..columns.len())
            .map(|index| row.get_ref(index).map(row::parameter))
            .collect()
    })?;
    let rows = rows.collect::<Result<_, _>>()?;
    Ok(Found { columns, rows })
}
