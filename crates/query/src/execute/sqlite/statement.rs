//! Statements that come as they are: they run where they are asked for, as each finds its rows by an index. To
//! commit is the way to the disk, another thread's, and shared.

use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tokio::time::timeout;

use super::queue::{Write, Written};
use super::shared::Turn;
use super::write::finish;
use super::{Reads, SqliteExecutor, error, misfit, row};
use crate::error::Failure;
use crate::execute::Found;
use crate::scalar::Parameter;

/// A transaction that has the turn to write.
pub(in crate::execute) struct OpenTransaction(Turn);

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
        let mut handed = self.line.join();
        let turn = tokio::select! {
            biased;
            Ok(mut turn) = &mut handed => {
                turn.join()?;
                turn
            }
            writing = timeout(patience, Arc::clone(&self.writing).lock_owned()) => {
                let writing = writing.map_err(|_| Failure::unavailable(&"no turn to write in time"))?;
                Turn::begin(self, writing, patience).await?
            }
        };
        Ok(OpenTransaction(turn))
    }
}

impl OpenTransaction {
    pub(in crate::execute) fn query(
        &mut self,
        sql: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Found, Failure> {
        found(self.0.allowed()?, sql, &values(parameters)).map_err(error::failure)
    }

    pub(in crate::execute) fn send(&mut self, sql: &str, parameters: Vec<Parameter>) -> Result<(), Failure> {
        finish(self.0.allowed()?, sql, &values(parameters)).map_err(error::failure)
    }

    pub(in crate::execute) async fn commit(self) -> Result<(), Failure> {
        let committed = self.0.finish()?.await;
        committed.map_err(|_| Failure::unavailable(&"what was to be committed was rolled back"))
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
